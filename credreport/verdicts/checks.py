"""What is odd in a report that was read and judged: warnings, found on whole columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC

import pandas as pd

from credreport.errors import Notice
from credreport.reports.normalise import to_naive, to_rows
from credreport.reports.read import CredentialReport
from credreport.schema import (
    ARN,
    EXTRA_CREDENTIALS,
    JUDGED_SLOTS,
    KNOWN_ABSENCES,
    KNOWN_COLUMNS,
    NOT_SUPPORTED,
    ROOT_USER,
    USER,
)
from credreport.verdicts.credentials import Judged
from credreport.verdicts.verdict import INSTANT_UNIT
from credreport.verdicts.warnings import (
    arn_words,
    find_odd_dates,
    newest_of,
    no_root_words,
    order_words,
    twice_words,
)


def find_notices(
    reports: Sequence[CredentialReport],
    users: pd.DataFrame,
    judged: Judged,
) -> list[list[Notice]]:
    """Return the warnings about each of the reports, in the order of checks and lines."""
    found = [list(_check_columns(report)) for report in reports]
    sources = [report.source.name for report in reports]

    def say(table: pd.DataFrame, code: str, words: Callable[[dict[str, object]], str]) -> None:
        for row in to_rows(table):
            number, line = int(row["report"]), int(row["line"])
            found[number].append(Notice(sources[number], line, code, words(row)))

    _check_rows(reports, users, judged.table, say)
    _check_dates(judged, say)
    return found


def _check_columns(report: CredentialReport) -> Iterator[Notice]:
    name = report.source.name
    unknown = [column or "(no name)" for column in report.columns if column not in KNOWN_COLUMNS]
    if unknown:
        names = ", ".join(repr(column[:80]) for column in unknown[:10])
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        message = f"unknown columns, not used: {names}{more}"
        yield Notice(name, report.header_line, "unknown-column", message)
    if ARN not in report.columns:
        message = "no `arn` column: the account is unknown, and root is told by its name only"
        yield Notice(name, 0, "no-arn", message)
    untracked = [slot.last_used for slot in JUDGED_SLOTS if slot.last_used not in report.columns]
    if untracked:
        message = (
            f"without {', '.join(f'`{column}`' for column in untracked)}: use is not known there"
        )
        yield Notice(name, 0, "missing-column", message)


Say = Callable[[pd.DataFrame, str, Callable[[dict[str, object]], str]], None]


def _check_rows(
    reports: Sequence[CredentialReport], users: pd.DataFrame, credentials: pd.DataFrame, say: Say
) -> None:
    first = credentials[credentials["credential"].eq("password")].set_index("user_row")
    is_root, accounts = first["is_root"], first["account_id"]
    rootless = ~is_root.groupby(users["report"]).any()
    missing = pd.DataFrame({"report": rootless[rootless].index, "line": 0})
    say(
        missing,
        "no-root",
        lambda _: no_root_words(),
    )

    order = (~is_root).astype("str") + users[USER].str.lower()
    before = order.groupby(users["report"]).shift()
    late = users[before.notna() & (order < before)].drop_duplicates("report")
    say(late, "order", lambda row: order_words(row[USER]))

    key = pd.DataFrame(
        {"report": users["report"], "account": accounts, "user": users[USER].str.lower()}
    )
    ordinal = key.groupby(["report", "account", "user"]).cumcount() + 1
    twice = users.assign(ordinal=ordinal)[key.duplicated(keep=False)]
    say(twice, "user-twice", lambda row: twice_words(row[USER], row["ordinal"]))

    last_part = users[ARN].fillna("").str.replace(r"^.*[/:]", "", regex=True)
    differs = users[ARN].notna() & ~is_root & (last_part.str.lower() != users[USER].str.lower())
    say(users[differs], "arn-differs", lambda row: arn_words(row[USER], row[ARN]))

    say(
        users[is_root & ~users[USER].isin([ROOT_USER, "root"])],
        "arn-differs",
        lambda row: f"user {row[USER]!r} is taken for root, because the ARN says {row[ARN]!r}",
    )

    extra = users[EXTRA_CREDENTIALS].fillna("")
    nothing = extra.str.strip().isin([*KNOWN_ABSENCES, NOT_SUPPORTED, "", "false"])
    say(
        users[~nothing],
        "extra-credentials",
        lambda row: (
            f"user {row[USER]!r} has credentials that the report does not list: "
            f"{row[EXTRA_CREDENTIALS]!r}"
        ),
    )

    blank = users[list(KNOWN_COLUMNS)] == ""
    blank[EXTRA_CREDENTIALS] = False
    counts = blank.sum(axis=1).groupby(users["report"]).sum()
    lines = users["line"].where(blank.any(axis=1)).groupby(users["report"]).min()
    found = pd.DataFrame({"report": counts.index, "count": counts, "line": lines})
    found = found[found["count"].gt(0)]
    say(found, "blank-cells", lambda row: _blank_words(reports[int(str(row["report"]))], row))


def _blank_words(report: CredentialReport, row: dict[str, object]) -> str:
    count = int(str(row["count"]))
    cells = "1 blank cell here" if count == 1 else f"{count} blank cells, the first here"
    words = f"{cells}, where AWS writes a word"
    if report.blanks_are_absences:
        return f"{words}; the file holds no N/A at all (re-saved?), so a blank use counts as never used"
    return f"{words}; beside N/A a blank is a lost cell, so a blank use is undetermined"


def _check_dates(judged: Judged, say: Say) -> None:
    table = judged.table
    created_at = to_naive(table["created_at"]).to_numpy(dtype=INSTANT_UNIT)
    newest = pd.Series(newest_of(judged.cells, created_at), index=table.index)
    told = table.assign(line=table["source_line"], newest=newest.dt.tz_localize(UTC))
    report = table["report"].to_numpy(dtype="i8")
    for oddity in find_odd_dates(judged.cells, judged.verdicts, created_at, report):
        say(told.iloc[oddity.places], oddity.code, oddity.words)
