"""The warnings of a comparison: what one report says against another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from credreport.comparison.changes import find_latecomers
from credreport.comparison.days import list_days, newest_as_of, to_days
from credreport.errors import Notice
from credreport.reports.normalise import to_rows
from credreport.reports.report import Report
from credreport.reports.selection import doubts_of
from credreport.rules.rule import Subject
from credreport.rules.waivers import OPEN, WAIVED
from credreport.schema import Change, Kind, Status, Use
from credreport.text import first_few, plural
from credreport.verdicts.assessment import Assessment

_MOST_NAMED = 10
DATED_CODES = ("class-unmatched", "waiver-unmatched", "account-without-report")


def find_warnings(
    assessments: Sequence[Assessment],
    *,
    identified: pd.DataFrame,
    coverage: pd.DataFrame,
    pairs: pd.DataFrame,
    rows: pd.DataFrame,
    changes: pd.DataFrame,
) -> Iterator[Notice]:
    """Yield the warnings that no date has by itself.

    `assessments` are those of the dates, oldest first; the tables are what `identify`, `to_coverage`,
    `match`, `to_rows_of_findings` and `to_changes` return for them.
    """
    *_, newest = assessments
    day = f"{newest_as_of(newest):%Y-%m-%d}"
    yield from _coverage_notices(changes, coverage, day)
    yield from _pair_notices(pairs)
    yield from _back_notices(identified)
    yield from _return_notices(identified, coverage)
    yield from _order_notices(assessments)
    yield from _moved_notices(rows, newest)
    yield from _dated_notices(assessments)


def _coverage_notices(changes: pd.DataFrame, coverage: pd.DataFrame, day: str) -> list[Notice]:
    """Name the accounts without a report of the newest date, and those seen for the first time."""
    newest = coverage["date"].max()
    by_account = coverage.groupby("account_id")["date"]
    last, first = by_account.max(), by_account.min()
    is_open = changes["is_open"].groupby(changes["account_id"]).sum()
    return [
        Notice(
            "",
            0,
            "not-covered",
            f"account {account_id} has no report on {day}: its findings stay open "
            f"({is_open.get(account_id, 0)})",
        )
        for account_id in last.index[last.lt(newest)]
    ] + [
        Notice("", 0, "first-seen", f"account {account_id} has no older report: all of it is new")
        for account_id in first.index[first.eq(newest)]
    ]


def _pair_notices(pairs: pd.DataFrame) -> Iterator[Notice]:
    """Warn of new users that the older report should list, and of passwords changed and not used."""
    for row in to_rows(find_latecomers(pairs)):
        message = (
            f"account {row['account_id']}: the user {row['user']!r} was created on "
            f"{row['created_at']:%Y-%m-%d}, but the report of {row['as_of']:%Y-%m-%d} does not list it: "
        )
        message += (
            f"perhaps {row['namesakes']} (gone, created at the same time) was renamed or moved"
            if row["namesakes"]
            else "was it renamed, or was that report cut short?"
        )
        yield Notice("", 0, "latecomer", message)
    anew = pairs[pairs["change"].eq(Change.USED_AGAIN) & pairs["use_after"].ne(Use.USED)]
    for row in to_rows(anew.sort_values(["account_id", "owner"])):
        message = (
            f"account {row['account_id']}: the password of {row['user']!r} was changed and not used "
            "since; it counts as used again"
        )
        yield Notice("", 0, "set-anew", message)


def _back_notices(identified: pd.DataFrame) -> Iterator[Notice]:
    """Warn where a last use, or the change of a password, is earlier than an older report says, or lost."""
    rows = identified[~identified["status"].isin(["", Status.ABSENT])]
    rows = rows.sort_values(["key", "date"])
    is_active = rows["status"].isin([Status.UNUSED, Status.CURRENT, Status.UNDETERMINED])
    for code, column, raw, word in (
        ("use-went-back", "last_used", "last_used_raw", "used"),
        ("set-went-back", "set_at", "set_raw", "changed"),
    ):
        known = rows[[column, "as_of"]].where(rows[column].notna())
        before = known.groupby(rows["key"]).ffill().groupby(rows["key"]).shift()
        told = rows.assign(before=before[column], before_as_of=before["as_of"])
        went_back = told[column] < told["before"]
        if column == "last_used":
            lost = told[told["before"].notna() & told[column].isna() & is_active]
            went_back |= told.index.isin(lost.drop_duplicates("key").index)
        else:
            went_back &= told["kind"].eq(Kind.PASSWORD)
        for row in to_rows(told[went_back].sort_values(["account_id", "owner", "slot", "date"])):
            cell = row[raw]
            now = (
                (cell or "blank") if isinstance(cell, str) else "unknown (there is no such column)"
            )
            if isinstance(row[column], pd.Timestamp):
                now = f"{row[column]:%Y-%m-%d}"
            message = (
                f"account {row['account_id']}: {row['user']!r}, {row['credential']}: last {word} {now} in the "
                f"report of {row['as_of']:%Y-%m-%d} and {row['before']:%Y-%m-%d} in that of "
                f"{row['before_as_of']:%Y-%m-%d}: the newer one has less information, or one of the two is wrong"
            )
            yield Notice("", 0, code, message)


def _return_notices(identified: pd.DataFrame, coverage: pd.DataFrame) -> Iterator[Notice]:
    """Warn of reports that lack users or access keys that an older and a newer one have."""
    kind = identified["kind"]
    is_known = kind.eq(Subject.USER.value) & identified["is_created_known"]
    is_known |= kind.eq(Kind.ACCESS_KEY) & identified["is_born_known"]
    rows = identified[is_known].merge(
        coverage[["date", "account_id", "turn"]], on=["date", "account_id"]
    )
    rows = rows.sort_values(["key", "turn"])
    since = rows.groupby("key")["turn"].shift()
    back = rows[rows["turn"].sub(since).gt(1)].assign(lacking=since + 1)
    lacking = coverage.rename(columns={"turn": "lacking", "as_of": "lacking_as_of"})
    named = back.merge(lacking.drop(columns="date"), on=["account_id", "lacking"])
    for (account, as_of), group in named.groupby(["account_id", "lacking_as_of"]):
        users = [repr(user) for user in group["user"].drop_duplicates().sort_values()]
        message = (
            f"account {account}: the report of {as_of:%Y-%m-%d} lacks what an older and a newer one "
            f"have of {first_few(users, _MOST_NAMED)}: IAM restores no user and no key, so one of them is wrong"
        )
        yield Notice("", 0, "returned", message)


def _order_notices(assessments: Sequence[Assessment]) -> Iterator[Notice]:
    """Warn of each report in which rows may be missing: by the one before it, and the latest of all."""
    seen: dict[str, tuple[Report, Report]] = {}
    for report in (report for date in assessments for report in date.reports):
        before, latest = seen.get(report.account_id, (report, report))
        yield from doubts_of(report, [before] if before is latest else [before, latest])
        seen[report.account_id] = report, report if report.has_later_timestamps(latest) else latest


def _moved_notices(rows: pd.DataFrame, newest: Assessment) -> Iterator[Notice]:
    """Warn of waivers that were in force at the first date and did not cover there what they cover now."""
    terms = newest.waivers.set_index("waiver")[["approved_on", "expires"]]
    covered = rows[rows["state_before"].eq(OPEN) & rows["state_after"].eq(WAIVED)]
    covered = covered.join(terms, on="waiver_after")
    day = covered["as_of_before"].dt.strftime("%Y-%m-%d")
    moved = covered[covered["approved_on"].le(day) & covered["expires"].ge(day)]
    for waiver, group in moved.groupby("waiver_after"):
        message = (
            f"waiver {waiver!r} covers {plural(len(group), 'finding')} that it did not cover before, though in force: "
            "of a user who was renamed, or a key in another slot"
        )
        yield Notice("", 0, "waiver-moved", message)


def _dated_notices(assessments: Sequence[Assessment]) -> list[Notice]:
    """Merge the notices that some dates share into one naming them: classes, waivers, missing accounts."""
    days: dict[Notice, list[str]] = {}
    for assessment, day in zip(assessments, to_days(assessments), strict=True):
        for notice in assessment.notices:
            if notice.code in DATED_CODES:
                days.setdefault(notice, []).append(day)
    return [
        replace(notice, message=f"{notice.message} on {list_days(dates)}")
        for notice, dates in sorted(
            days.items(), key=lambda named: (DATED_CODES.index(named[0].code), named[0].line)
        )
    ]
