"""Small reports for tests: a user with nothing, and what the test says differs from that."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from credreport.errors import InputRefused, Problem
from credreport.evidence.evidence import Evidence
from credreport.files import DEFAULT_MAX_BYTES, whole
from credreport.output.pictures import Options
from credreport.output.render import close, make
from credreport.reports.inputs import Opener, Skipped, Stream
from credreport.reports.read import read_streams
from credreport.reports.report import Report
from credreport.reports.selection import Population, read_reports
from credreport.rules.policy import Policy
from credreport.verdicts.assessment import Assessment, assess, judge_reports
from credreport.verdicts.credentials import to_credentials
from credreport.verdicts.status import KINDS, STATUSES
from credreport.verdicts.tally import pack_counts, unpack_counts

ACCOUNT = "111122223333"
AS_OF = "2026-01-31T12:00:00Z"
NAME = "status_reports_2026-01-31T12-00-00+00-00.csv"
COLUMNS = (
    "user", "arn", "user_creation_time", "password_enabled", "password_last_used",
    "password_last_changed", "password_next_rotation", "mfa_active",
    "access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date",
    "access_key_1_last_used_region", "access_key_1_last_used_service",
    "access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date",
    "access_key_2_last_used_region", "access_key_2_last_used_service",
    "cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
)  # fmt: skip
_FLAGS = (
    "password_enabled", "mfa_active", "access_key_1_active", "access_key_2_active",
    "cert_1_active", "cert_2_active",
)  # fmt: skip


def open_inputs(
    inputs: Sequence[str], max_bytes: int = DEFAULT_MAX_BYTES
) -> Iterator[Stream | Skipped | Problem]:
    """Yield what the inputs contain, read."""
    return Opener(max_bytes).open_all(inputs)


def read_report(stream: Stream) -> list[Report]:
    """Return the reports in one input, one for each account. Raises InputRefused with every problem."""
    (found,) = read_streams([stream])
    problems = [each for each in found if isinstance(each, Problem)]
    if problems:
        raise InputRefused(problems)
    return [each for each in found if isinstance(each, Report)]


def lines_of(report: Report) -> tuple[int, ...]:
    """Return the line of each user."""
    return tuple(report.users.line[report.first : report.end].tolist())


def user(name: str = "alice", account: str = ACCOUNT, **cells: str) -> dict[str, str]:
    """Return a row: a user without credentials, and the cells that differ."""
    row = dict.fromkeys(COLUMNS, "N/A") | dict.fromkeys(_FLAGS, "false")
    row |= {
        "user": name,
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "user_creation_time": "2020-01-01T00:00:00Z",
    }
    return row | cells


def root(account: str = ACCOUNT, **cells: str) -> dict[str, str]:
    """Return the root row as AWS has written it since mid 2024."""
    row = user("<root_account>", account) | {
        "arn": f"arn:aws:iam::{account}:root",
        "password_enabled": "true",
        "password_last_used": "no_information",
        "password_last_changed": "2020-01-01T00:00:00Z",
        "password_next_rotation": "not_supported",
        "mfa_active": "true",
    }
    return row | cells


def to_csv(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    """Return the report as AWS writes it: LF, and none after the last row."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return buffer.getvalue().removesuffix("\n")


def save(directory: Path, *rows: dict[str, str], name: str = NAME) -> Path:
    """Write a report of the rows into the directory."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_csv(*rows), encoding="utf-8")
    return path


def read(directory: Path, *rows: dict[str, str], as_of: str | None = None) -> Population:
    """Write the rows as a report and read it back."""
    return read_reports(save(directory, *rows), as_of=as_of)


def judge(
    directory: Path, *rows: dict[str, str], as_of: str | None = None, policy: Policy | None = None
) -> Assessment:
    """Write the rows as a report, read it and judge it."""
    return assess(read(directory, *rows, as_of=as_of), policy)


def credentials_of(
    directory: Path, *rows: dict[str, str], policy: Policy | None = None
) -> pd.DataFrame:
    """Write the rows as a report, read it and judge every credential; no rule is asked."""
    reports = read(directory, *rows).reports
    return to_credentials(judge_reports(reports, policy or Policy()))


def row_of(credentials: pd.DataFrame, name: str, credential: str) -> pd.Series:
    """Return the one row of a user's credential."""
    found = credentials[credentials["user"].eq(name) & credentials["credential"].eq(credential)]
    assert len(found) == 1, f"{len(found)} rows for {name} {credential}"
    return found.iloc[0]


def verdict(assessment: Assessment, name: str, credential: str) -> pd.Series:
    """Return the one row of the credentials table for a user's credential."""
    return row_of(assessment.credentials, name, credential)


def lose_a_row(assessment: Assessment) -> Assessment:
    """Return the assessment as it would be had a row of its first report not been counted."""
    first, *others = assessment.tallies
    (counts,) = unpack_counts([first.statuses], len(KINDS), len(STATUSES))
    counts[0] = 0
    (lost,) = pack_counts(counts[None])
    return replace(assessment, tallies=(replace(first, statuses=lost), *others))


def rendered(
    evidence: Evidence, formats: Sequence[str], options: Options | None = None
) -> dict[str, bytes]:
    """Return the files of the formats, each whole."""
    options = options or Options()
    files = make(evidence, formats, options)
    files |= close(evidence, formats, options, files).files
    return {name: whole(content) for name, content in files.items()}
