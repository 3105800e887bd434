"""RULES: the catalogue, a value each. A rule looks at the table and at nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from credreport.schema import Kind, Status


@dataclass(frozen=True)
class Rule:
    """One check. `fires` takes the credentials table and returns a mask over its rows.

    `action` is the recommended action in one line, `controls` the numbers that auditors quote,
    each with its benchmark and version.
    """

    id: str
    title: str
    severity: str
    measures: str
    operator: str
    fires: Callable[[pd.DataFrame], pd.Series]
    action: str
    controls: tuple[str, ...]


def _is_unused(kind: Kind) -> Callable[[pd.DataFrame], pd.Series]:
    def fires(credentials: pd.DataFrame) -> pd.Series:
        return credentials["status"].eq(Status.UNUSED) & credentials["kind"].eq(kind)

    return fires


_UNUSED_CONTROLS = (
    "CIS AWS 1.2.0 1.3",
    "CIS AWS 3.0.0 1.12",
    "CIS AWS 5.0.0 1.11",
    "PCI DSS 4.0.1 8.2.6",
    "NIST SP 800-53 r5 AC-2(3)",
    "SOC 2 CC6.2",
    "SOC 2 CC6.3",
    "ISO/IEC 27001:2022 A.5.18",
)

_CATALOGUE = (
    Rule(
        id="unused-password",
        title="Console password unused",
        severity="medium",
        measures="days since the effective last use of an enabled password",
        operator=">=",
        fires=_is_unused(Kind.PASSWORD),
        action="Delete the login profile",
        controls=_UNUSED_CONTROLS,
    ),
    Rule(
        id="unused-access-key",
        title="Access key unused",
        severity="medium",
        measures="days since the effective last use of an active access key",
        operator=">=",
        fires=_is_unused(Kind.ACCESS_KEY),
        action="Deactivate the access key, later delete it",
        controls=_UNUSED_CONTROLS,
    ),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _CATALOGUE}
