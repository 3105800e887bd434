"""Unused AWS IAM credentials, judged offline from credential reports.

    import credreport
    population = credreport.read_reports("sample_reports/")
    assessment = credreport.analyze(population)
    assessment.findings          # pandas, one row for each rule that a credential breaks

    dates = [credreport.analyze(date) for date in credreport.read_dates(["sample_reports/"])]
    credreport.compare(*dates).changes    # one row per credential: what became of it

Nothing is imported until it is asked for: not even from the standard library, because Python may
have put the current directory first on the path (see __main__).
"""

TYPE_CHECKING = False

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
    __version__: str
    from credreport.comparison.comparison import Comparison, compare
    from credreport.reports.by_date import read_dates
    from credreport.reports.selection import Population, read_reports
    from credreport.rules.policy import Policy, load_policy
    from credreport.rules.waivers import load_waivers
    from credreport.verdicts.assessment import Assessment
    from credreport.verdicts.assessment import assess as analyze

_HOMES = {
    "Assessment": ("credreport.verdicts.assessment", "Assessment"),
    "Comparison": ("credreport.comparison.comparison", "Comparison"),
    "Policy": ("credreport.rules.policy", "Policy"),
    "Population": ("credreport.reports.selection", "Population"),
    "analyze": ("credreport.verdicts.assessment", "assess"),
    "load_policy": ("credreport.rules.policy", "load_policy"),
    "load_waivers": ("credreport.rules.waivers", "load_waivers"),
    "compare": ("credreport.comparison.comparison", "compare"),
    "read_dates": ("credreport.reports.by_date", "read_dates"),
    "read_reports": ("credreport.reports.selection", "read_reports"),
}


def __getattr__(name: str) -> object:
    """Import a public name on first use, so that `credreport --help` needs no pandas."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - not needed by every command

        return version("credreport")
    if name not in _HOMES:
        message = f"module 'credreport' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - used once a name

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
