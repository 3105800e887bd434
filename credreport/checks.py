"""What is odd in a report that was read and judged: warnings, found on whole columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from credreport.errors import Notice
from credreport.instants import format_instant
from credreport.normalise import to_rows
from credreport.read import CredentialReport
from credreport.schema import (
    ARN,
    EXTRA_CREDENTIALS,
    JUDGED_SLOTS,
    KNOWN_ABSENCES,
    KNOWN_COLUMNS,
    NOT_SUPPORTED,
    ROOT_USER,
    USER,
    Kind,
    Meaning,
    Status,
    Use,
)

# AWS's own notice: console sign-ins between these instants were never recorded.
GAP_START = pd.Timestamp("2018-05-04T05:50:00Z")
GAP_END = pd.Timestamp("2018-05-23T21:08:00Z")

WARNING_TITLES = {
    "no-root": "no root row",
    "order": "rows out of AWS's order",
    "user-twice": "a user twice",
    "no-arn": "no ARN, so the account is unknown",
    "arn-differs": "ARN and name differ",
    "unknown-column": "unknown columns",
    "missing-column": "columns that AWS writes are missing",
    "blank-cells": "blank cells",
    "unreadable-cell": "dates that cannot be read, beside others that were enough",
    "used-before-set": "used before it was set",
    "set-before-created": "set before the user was created",
    "later-than-as-of": "timestamps later than the as-of",
    "extra-credentials": "credentials that the report does not list",
    "gap-2018": "sign-ins of May 2018 were never recorded",
    "boundary": "within a day of the threshold",
    "late-as-of": "judged long after the report was made",
    "apart": "reports more than a week apart",
    "unknown-accounts": "reports without a 12-digit account",
    "reversed": "inputs not named from old to new",
    "not-covered": "accounts not covered now",
    "latecomer": "new users older than the older report",
    "use-went-back": "last use earlier than the older report",
    "set-anew": "passwords set anew, not used since",
    "several-accounts": "several accounts in one file",
    "glued": "reports glued to one another, taken apart",
    "rejoined": "unquoted commas in names, put back",
    "blank-lines": "blank lines skipped",
    "type-line": "`#TYPE` line skipped",
    "generated-time": "GeneratedTime not readable",
    "several-stamps": "several times in the file's name",
    "waiver-lapsed": "waivers that lapsed",
    "waiver-unmatched": "waivers that match no finding",
}


def find_notices(
    reports: Sequence[CredentialReport],
    users: pd.DataFrame,
    credentials: pd.DataFrame,
) -> list[Notice]:
    """Return every warning about the reports, in the order of reports, checks and lines."""
    found: list[tuple[int, Notice]] = []
    for number, report in enumerate(reports):
        found += [(number, notice) for notice in _check_columns(report)]
    sources = [report.source.name for report in reports]

    def say(table: pd.DataFrame, code: str, words: Callable[[dict[str, object]], str]) -> None:
        for row in to_rows(table):
            number, line = int(row["report"]), int(row["line"])
            found.append((number, Notice(sources[number], line, code, words(row))))

    _check_rows(reports, users, credentials, say)
    _check_dates(credentials.assign(line=credentials["source_line"]), say)
    return [notice for _, notice in sorted(found, key=lambda pair: pair[0])]


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
        lambda _: "no root row: AWS always writes one, so rows may have been cut off",
    )

    order = (~is_root).astype("str") + users[USER].str.lower()
    before = order.groupby(users["report"]).shift()
    late = users[before.notna() & (order < before)].drop_duplicates("report")
    say(late, "order", lambda row: f"{row[USER]!r} is out of AWS's order (root, then by name)")

    key = pd.DataFrame(
        {"report": users["report"], "account": accounts, "user": users[USER].str.lower()}
    )
    ordinal = key.groupby(["report", "account", "user"]).cumcount() + 1
    twice = users.assign(ordinal=ordinal)[key.duplicated(keep=False)]
    say(
        twice,
        "user-twice",
        lambda row: f"user {row[USER]!r} stands here for time {row['ordinal']}; each row is judged",
    )

    last_part = users[ARN].fillna("").str.replace(r"^.*[/:]", "", regex=True)
    differs = users[ARN].notna() & ~is_root & (last_part.str.lower() != users[USER].str.lower())
    say(
        users[differs],
        "arn-differs",
        lambda row: f"user {row[USER]!r}, but the ARN says {row[ARN]!r}",
    )

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


def _check_dates(credentials: pd.DataFrame, say: Say) -> None:
    active = credentials["enabled"].fillna(value=False).astype(bool)
    is_key = credentials["kind"].eq(Kind.ACCESS_KEY)
    judged = credentials["status"].isin([Status.UNUSED, Status.CURRENT])
    say(
        credentials[judged & credentials["set_meaning"].eq(Meaning.TEXT)],
        "unreadable-cell",
        lambda row: (
            f"{row['user']!r}, {row['credential']}: `{row['set_column']}` is {row['set_raw']!r}, "
            "not a date; the verdict rests on the last use, but the row may be damaged"
        ),
    )
    used_first = credentials[active & (credentials["last_used"] < credentials["set_at"])]
    say(
        used_first[~is_key[used_first.index]],
        "used-before-set",
        lambda row: (
            f"{row['user']!r}: the password was changed after its last use, so the one now "
            "set may never have been used"
        ),
    )
    say(
        used_first[is_key[used_first.index]],
        "used-before-set",
        lambda row: f"{row['user']!r}, {row['credential']}: used before it was made",
    )
    say(
        credentials[active & (credentials["set_at"] < credentials["created_at"])],
        "set-before-created",
        lambda row: f"{row['user']!r}, {row['credential']}: set before the user was created",
    )
    dates = credentials[["created_at", "last_used", "set_at"]].max(axis=1)
    late = credentials.assign(newest=dates)[dates > credentials["as_of"]]
    newest = late.sort_values("newest", ascending=False, kind="stable").drop_duplicates("report")
    say(
        newest.sort_values("report", kind="stable"),
        "later-than-as-of",
        lambda row: (
            f"{row['user']!r} has a timestamp of {_words(row['newest'])}, later than the "
            f"as-of {_words(row['as_of'])}: one of the two is wrong"
        ),
    )
    threshold = pd.to_timedelta(credentials["unused_after_days"], unit="D")
    in_gap = (
        credentials["kind"].eq(Kind.PASSWORD)
        & credentials["status"].eq(Status.UNUSED)
        & (
            (credentials["use"].eq(Use.USED) & (credentials["last_used"] < GAP_START))
            | (credentials["use"].eq(Use.NEVER_USED) & (credentials["set_at"] < GAP_END))
        )
        & (credentials["as_of"] > GAP_START)
        & (credentials["as_of"] - GAP_END < threshold)
    )
    say(
        credentials[in_gap],
        "gap-2018",
        lambda row: (
            f"{row['user']!r}: AWS recorded no sign-in from 2018-05-04 to 2018-05-23, so the "
            "password may have been used later than the report says"
        ),
    )
    age = credentials["age_days"].sub(credentials["unused_after_days"]).abs().le(1)
    say(
        credentials[age.fillna(value=False).astype(bool)],
        "boundary",
        lambda row: (
            f"{row['user']!r}, {row['credential']}: {row['age_days']} days, within a day of "
            f"the threshold ({row['status']})"
        ),
    )


def _words(instant: object) -> str:
    assert isinstance(instant, pd.Timestamp)
    return format_instant(instant)
