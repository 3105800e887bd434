"""What a rule is. A rule looks at its table and at nothing else: it cannot write, or read a clock.

A rule answers true, false or unknown for every row: what the report does not settle is listed as
undetermined, never passed. The logic of nullable booleans does that: unknown and false is false,
unknown and true stays unknown.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from credreport.rules.thresholds import Parameter
from credreport.schema import Kind

if TYPE_CHECKING:
    import pandas as pd

_NOTHING_MEASURED = {
    "days": "Int64",
    "limit": "str",
    "since": "datetime64[us, UTC]",
    "basis": "str",
}
Column = Callable[["pd.DataFrame"], "pd.Series"]
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
}


class Subject(StrEnum):
    """What a finding is about, and so which table the rule looks at."""

    CREDENTIAL = "credential"
    USER = "user"
    ROOT = "root"


# What is about a user as a whole, not about one credential.
WHOLE_USER = (Subject.USER.value, Subject.ROOT.value)


class Severity(StrEnum):
    """How severe, the most severe first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


SEVERITY_RANKS = {severity.value: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Measure:
    """The days that a rule counts, each part a function of the rule's table.

    `days` is a nullable integer of whole days; `since` the instant they are counted from (or to, for
    days that are left); `basis` the column of the report that the instant comes from. `label`
    follows the number in a sentence: 120 days `unused`.
    """

    label: str
    days: Column
    since: Column
    basis: Column


@dataclass(frozen=True)
class Rule:
    """One check: when it fires, what auditors call it, what to do.

    A rule about credentials gets the credentials table, any other the table of `to_user_facts`.
    """

    id: str
    """Kebab case; the same on the command line, in policies, the evidence, the docs and the tests."""
    title: str
    severity: Severity
    subject: Subject
    measures: str
    """What it looks at, in words."""
    applies: Column
    """Whether each row is one the rule is about: a nullable boolean."""
    action: str
    """The recommended action, in one line."""
    controls: tuple[str, ...]
    """The numbers auditors quote, each with its benchmark and version. A profile of a benchmark takes
    the rules that have a control of it."""
    measure: Measure | None = None
    """The days that are compared with the parameter; none where there is nothing to count."""
    operator: str = ""
    parameter: Parameter | None = None
    doubtful: Column | None = None
    """Rows where another cell could not be read, so that not firing would prove nothing."""
    unknown: str = ""
    """Why a row could not be determined."""
    note: Column | None = None
    """What is added to the action of each row that fires."""
    peers: str = ""
    """How other tools and benchmarks differ."""
    remedy: tuple[str, str] | None = None
    """The two steps, in words and commands; none: switch the credential off."""
    is_scripted: bool = False
    """Whether the remediation script may act on a finding."""
    judged: Kind | None = None
    """The kind of credential whose status it takes: where that is undetermined, so is the rule."""

    def fires(self, table: pd.DataFrame, numbers: pd.Series | int) -> pd.Series:
        """Return a nullable boolean for each row: whether it breaks the rule, NA where unknown.

        `numbers` is the parameter of each row: classes of users may have their own.
        """
        verdict = self.applies(table).astype("boolean")
        if self.measure is not None:
            verdict &= _COMPARE[self.operator](self.measure.days(table), numbers)
        if self.doubtful is not None:
            verdict = verdict.mask(self.doubtful(table) & ~verdict)
        return verdict

    def is_broken_by(self, days: int, number: int) -> bool:
        """Whether so many days break the rule where its parameter is `number`."""
        return bool(_COMPARE[self.operator](days, number))

    def is_laxer(self, number: int, other: int) -> bool:
        """Whether some days break the rule at the other number, but not at this one."""
        first = other + (self.operator == ">")
        return not self.is_broken_by(first, number)

    def measurements(self, broken: pd.DataFrame, numbers: pd.Series | int) -> pd.DataFrame:
        """Return `days`, `limit` (such as `>= 90`), `since` and `basis` of rows that fire.

        All four are empty where the rule measures nothing.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import; `inspect` needs none

        if self.measure is None:
            nothing = pd.DataFrame(index=broken.index, columns=list(_NOTHING_MEASURED))
            return nothing.astype(_NOTHING_MEASURED).assign(limit="", basis="")
        limits = pd.Series(numbers, index=broken.index).astype("str")
        return pd.DataFrame(
            {
                "days": self.measure.days(broken).astype("Int64"),
                "limit": f"{self.operator} " + limits,
                "since": self.measure.since(broken),
                "basis": self.measure.basis(broken).astype("str"),
            }
        )

    def boundary(self, number: int | None = None) -> str:
        """Return such as `>= 90 days`, with the default where no number is given; else nothing."""
        if self.parameter is None:
            return ""
        number = self.parameter.default if number is None else number
        return f"{self.operator} {number} days"
