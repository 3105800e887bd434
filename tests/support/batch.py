"""Many small reports judged at once: what the long tests need, without a file or a warning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import pandas as pd

from credreport.instants import parse_instant
from credreport.reports.inputs import Stream
from credreport.reports.normalise import to_rows
from credreport.reports.report import Report
from credreport.rules.policy import Policy
from credreport.verdicts.assessment import judge_reports
from credreport.verdicts.credentials import to_credentials
from tests.support.reports import AS_OF, NAME, read_report, to_csv
from tests.support.second_opinion import SLOTS, Opinion

POLICY = Policy()


def instant(text: str = AS_OF) -> datetime:
    found = parse_instant(text)
    assert found is not None
    return found


def read_text(text: str) -> list[Report]:
    return read_report(Stream(NAME, text.encode()))


def read_rows(rows: Iterable[dict[str, str]], columns: Sequence[str] | None = None) -> list[Report]:
    """Write the rows as one file, and read the reports in it."""
    listed = list(rows)
    return read_text(to_csv(*listed, columns=tuple(columns or listed[0])))


def judged(
    reports: Sequence[Report],
    as_of: datetime | Sequence[datetime],
    policy: Policy = POLICY,
) -> pd.DataFrame:
    """Return the judged password and key slots of all the reports, in the order of reports and rows."""
    as_ofs = [as_of] * len(reports) if isinstance(as_of, datetime) else list(as_of)
    dated = [replace(report, as_of=when) for report, when in zip(reports, as_ofs, strict=True)]
    table = to_credentials(judge_reports(dated, policy))
    return table[table["credential"].isin(SLOTS)].reset_index(drop=True)


def opinions(table: pd.DataFrame) -> list[Opinion]:
    """Return the program's verdicts in the words of the second opinion."""
    return [
        Opinion(
            str(row["status"]),
            None if pd.isna(row["age_days"]) else int(row["age_days"]),
            None
            if pd.isna(row["effective_last_used"])
            else row["effective_last_used"].to_pydatetime(),
            str(row["basis"]),
        )
        for row in to_rows(table)
    ]
