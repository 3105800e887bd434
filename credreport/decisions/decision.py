"""Decisions: what the auditor filled in beside the findings. They change no verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import pandas as pd

from credreport.errors import Notice
from credreport.rules.option_file import OptionFile

OPTION = "--carry-from"
DISPOSITIONS = ("Open", "Disabled", "Removed", "Exception", "False positive")
# What the next report can confirm: the credential is not active any more.
VERIFIABLE = ("Disabled", "Removed")
FILLED_IN = {
    "disposition": "Disposition",
    "decided_by": "Decided by",
    "decision_date": "Decision date",
    "notes": "Ticket and notes",
}
# What the auditor fills in beside the rows of a sample.
RESULTS = {
    "tested_by": "Tested by",
    "tested_on": "Tested on",
    "result": "Result",
    "remarks": "Remarks",
}
# The block on the sheet Summary that is signed: its heading, and the label of each line below it.
SIGN_OFF = "Sign-off"
SIGN_OFF_LINES = ("Control", "System", "Prepared by", "Date", "Reviewed by", "Date", "Ticket")


@dataclass(frozen=True)
class Decision:
    """What the auditor filled in beside one finding, and whose finding that was.

    finding_id: the finding it is about.
    disposition: one of DISPOSITIONS; empty where only other cells are filled in.
    decided_by, notes: the auditor's own text.
    day: the decision date; None where there is none.
    account_id, user, credential, rule, limit: what the old workbook says the finding is about.
    place: sheet and cell of the Finding ID.
    has_twin: whether the old workbook also has the key made in the same second: their Finding IDs
        differ in a number only, which goes when one of the two does.
    """

    finding_id: str
    disposition: str = ""
    decided_by: str = ""
    day: date | None = None
    notes: str = ""
    account_id: str = ""
    user: str = ""
    credential: str = ""
    rule: str = ""
    limit: str = ""
    place: str = ""
    has_twin: bool = False

    @property
    def is_masked(self) -> bool:
        """Whether it is about a pseudonym: such a Finding ID is made from a key."""
        return self.finding_id.startswith("CR-M")

    @property
    def content(self) -> tuple[str, str, str, date | None, str]:
        """The finding and the four cells, wherever they are in the workbook."""
        return self.finding_id, self.disposition, self.decided_by, self.day, self.notes

    @property
    def cells(self) -> Mapping[str, str]:
        """The four cells as texts, by the names of FILLED_IN."""
        day = self.day.isoformat() if self.day else ""
        return dict(
            zip(FILLED_IN, (self.disposition, self.decided_by, day, self.notes), strict=True)
        )

    def __str__(self) -> str:
        """Return `decided Removed on 2026-03-01 by Ann`."""
        words = f"decided {self.disposition}" if self.disposition else "no disposition chosen"
        words += f" on {self.day}" if self.day else ", no date"
        return (
            f"{words} by {self.decided_by}" if self.decided_by else f"{words}, with no name given"
        )


@dataclass(frozen=True)
class Decisions:
    """The decisions of one workbook, and the file; nothing where none was given.

    `signed` has the labels and texts of the sign-off that are filled in; `notices` say which cells
    needed interpreting; `tested` counts the rows of the sample with results; `added` says in words
    what is there that no run writes.
    """

    decisions: tuple[Decision, ...] = ()
    signed: tuple[tuple[str, str], ...] = ()
    notices: tuple[Notice, ...] = ()
    file: OptionFile | None = None
    tested: int = 0
    added: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Decision]:
        """Yield the decisions in the order of the workbook."""
        return iter(self.decisions)


@dataclass(frozen=True)
class Review:
    """Decisions, checked against what was judged.

    `table` has the columns of DECISIONS, one row per decision and per open finding without one;
    what contradicts the report comes first. `notices` are warnings for the run.
    """

    decisions: Decisions
    table: pd.DataFrame
    notices: tuple[Notice, ...]

    @property
    def file(self) -> OptionFile:
        """The workbook that the decisions were taken from."""
        assert self.decisions.file, "a review is of a workbook"
        return self.decisions.file

    @cached_property
    def carried(self) -> pd.DataFrame:
        """The cells of FILLED_IN by `finding_id`, for the findings of this run that have some."""
        table = self.table[self.table["is_decided"] & self.table["is_found"]]
        return table.set_index("finding_id")[[*FILLED_IN]]


def without_number(finding_id: str) -> str:
    """Return the Finding ID that the keys of one second share."""
    return "-".join(finding_id.split("-")[:2])
