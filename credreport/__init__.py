"""Unused AWS IAM credentials, judged offline from credential reports.

    import credreport
    population = credreport.read_reports("sample_reports/")
    assessment = credreport.analyze(population)
    assessment.findings          # pandas, one row for each rule that a credential breaks

    dates = [credreport.analyze(date) for date in credreport.read_dates(["sample_reports/"])]
    credreport.compare(*dates).changes    # one row a credential: what became of it

Nothing heavy is imported until it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Assessment",
    "Comparison",
    "Policy",
    "Population",
    "__version__",
    "analyze",
    "compare",
    "load_policy",
    "load_waivers",
    "read_dates",
    "read_reports",
]

if TYPE_CHECKING:
    from credreport.assess import Assessment
    from credreport.assess import assess as analyze
    from credreport.comparison import Comparison, compare
    from credreport.dates import read_dates
    from credreport.policy import Policy, load_policy
    from credreport.population import Population, read_reports
    from credreport.waivers import load_waivers

_HOMES = {
    "Assessment": ("credreport.assess", "Assessment"),
    "Comparison": ("credreport.comparison", "Comparison"),
    "Policy": ("credreport.policy", "Policy"),
    "Population": ("credreport.population", "Population"),
    "analyze": ("credreport.assess", "assess"),
    "load_policy": ("credreport.policy", "load_policy"),
    "load_waivers": ("credreport.waivers", "load_waivers"),
    "compare": ("credreport.comparison", "compare"),
    "read_dates": ("credreport.dates", "read_dates"),
    "read_reports": ("credreport.population", "read_reports"),
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `credreport --help` needs no pandas."""
    if name not in _HOMES:
        message = f"module 'credreport' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - used once a name

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
