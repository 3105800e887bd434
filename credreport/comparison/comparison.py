"""Assessments by date -> Comparison: was it fixed, and what is new?

Not named after its function: a module `credreport.compare` would hide `credreport.compare(...)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import pandas as pd

from credreport.comparison.changes import find_latecomers, match
from credreport.comparison.identity import NO_KEY, identify, to_coverage
from credreport.comparison.outcomes import to_changes, to_rows_of_findings
from credreport.comparison.rule_answers import to_found, to_unknown
from credreport.comparison.timeline import count_open, follow, to_steps, to_timeline
from credreport.errors import InputRefused, Notice, Problem, UsageError
from credreport.instants import format_instant
from credreport.reports.by_date import (
    as_of_of,
    find_incomparable,
    reversed_notice,
)
from credreport.reports.inputs import Skipped
from credreport.reports.normalise import by_key, to_rows
from credreport.reports.report import Report
from credreport.reports.selection import doubts_of
from credreport.reports.stamp import GENERATED_TIME
from credreport.rules.accounts import Account
from credreport.rules.policy import Policy
from credreport.rules.rule import Subject
from credreport.rules.waivers import OPEN, WAIVED
from credreport.schema import FINDING_KINDS, JUDGED_KINDS, Change, Kind, Outcome, Status, Use
from credreport.text import first_few, plural
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import Assessment
from credreport.verdicts.tally import WITHOUT_REPORT, doubts_in_words
from credreport.verdicts.warnings import WAIVER_CODES

NOT_COVERED = "accounts without a report of the newest date"
_MOST_DAYS = 4
_MOST_NAMED = 10
_DATED_CODES = ("class-unmatched", "waiver-unmatched", "account-without-report")


@dataclass(frozen=True)
class Repeated:
    """An account whose reports of two dates say the same in every cell: perhaps one report twice."""

    account_id: str
    before: datetime
    after: datetime


@dataclass(frozen=True)
class Comparison:
    """What became of every finding and every credential from the first date to the last.

    `changes`: one row per finding of the first date or of its account's newest report, over all
    rules, and one per credential of these that has none. `timeline`: one row per finding of any
    date. `open_counts`: one row per date and kind. `coverage`: one row per report. `repeated`: the
    accounts whose reports of two dates are the same. `names`: the `finding_id` of each finding on
    each date, older ones first, with the `key`, `rule` and `credential` that it is about.
    """

    assessments: tuple[Assessment, ...]
    changes: pd.DataFrame
    timeline: pd.DataFrame
    open_counts: pd.DataFrame
    coverage: pd.DataFrame
    repeated: tuple[Repeated, ...]
    names: pd.DataFrame
    own_notices: tuple[Notice, ...]

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The warnings of every date, and those that only a comparison shows.

        A waiver is named once: one that expired by the newest date, one without a match with all
        dates on which it matched nothing. So are accounts of the list without a report.
        """
        of_dates = [
            notice
            for date in self.assessments
            for notice in date.notices
            if notice.code not in (*WAIVER_CODES, *_DATED_CODES)
        ]
        lapses = [
            notice
            for notice in self.newest.notices
            if notice.code in WAIVER_CODES and notice.code not in _DATED_CODES
        ]
        return tuple(dict.fromkeys((*of_dates, *lapses, *self.own_notices)))

    @property
    def policy(self) -> Policy:
        """The policy that judged every date."""
        return self.assessments[-1].policy

    @property
    def first(self) -> Assessment:
        """The oldest date."""
        return self.assessments[0]

    @property
    def newest(self) -> Assessment:
        """The newest date."""
        return self.assessments[-1]

    @cached_property
    def days(self) -> tuple[str, ...]:
        """The day of every date: that of its newest report; its instant where two have one day."""
        return tuple(_to_days(self.assessments))

    @property
    def gaps(self) -> dict[str, tuple[str, ...]]:
        """By account: the older days without a report of it, if it has one of another day."""
        newest = len(self.assessments) - 1
        by_account = self.coverage.groupby("account_id")["date"].agg(set)
        gaps = {
            str(account_id): tuple(
                day for date, day in enumerate(self.days[:-1]) if date not in dates
            )
            for account_id, dates in by_account.items()
            if dates != {newest}
        }
        return {account_id: days for account_id, days in gaps.items() if days}

    @property
    def never_reported(self) -> tuple[Account, ...]:
        """The accounts of the user's list without a report of any date."""
        return self.newest.accounts.without_report(self.coverage["account_id"])

    @property
    def refused(self) -> tuple[Problem, ...]:
        """What was refused and left out."""
        return tuple(problem for date in self.assessments for problem in date.refused)

    @property
    def superseded(self) -> tuple[Skipped, ...]:
        """Copies, which count once."""
        return tuple(item for date in self.assessments for item in date.superseded)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What else was left out of the inputs, and why."""
        return tuple(item for date in self.assessments for item in date.skipped)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What could not be judged or compared, was left out, or is a bound, in words (exit 3)."""
        own = []
        if self.undetermined:
            own.append(f"changes that could not be determined: {self.undetermined}")
        if self.repeated:
            accounts = len({each.account_id for each in self.repeated})
            own.append(f"accounts whose reports of two dates are the same: {accounts}")
        counts: Counter[str] = Counter()
        for date in self.assessments:
            counts.update(date.doubt_counts)
        missing = {each for date in self.assessments for each in date.totals.without_report}
        counts[f"{WITHOUT_REPORT} of every date"] = len(missing)
        counts[NOT_COVERED] = len(self.not_covered)
        del counts[WITHOUT_REPORT]
        return (*own, *doubts_in_words(counts))

    @property
    def undetermined(self) -> int:
        """How many credentials and users have a change or a finding that is undetermined."""
        return len(self._unsure_changes | self._unsure_findings)

    @property
    def undetermined_between(self) -> int:
        """How many of these are undetermined in the timeline alone: neither end has their finding."""
        return len(self._unsure_findings - self._unsure_changes)

    @cached_property
    def not_covered(self) -> list[str]:
        """The accounts without a report of the newest date."""
        last = self.coverage.groupby("account_id")["date"].max()
        return list(last.index[last.lt(len(self.assessments) - 1)])

    @property
    def _unsure_findings(self) -> set[int]:
        timeline = self.timeline
        return {*timeline.loc[timeline["state"].eq(Outcome.UNDETERMINED), "key"]}

    @property
    def _unsure_changes(self) -> set[int]:
        changes = self.changes
        unsure = changes["state"].eq(Outcome.UNDETERMINED) | changes["change"].isin(
            [Change.UNDETERMINED, Change.STILL_UNDETERMINED]
        )
        is_added = changes["change"].eq(Change.ADDED)
        unsure |= is_added & changes["after_status"].eq(Status.UNDETERMINED)
        return {*changes.loc[unsure, "key"]}

    @property
    def has_open_findings(self) -> bool:
        """Whether any finding is open now: still open, new, or not covered any more."""
        return bool(self.changes["is_open"].any())

    @property
    def open_findings(self) -> int:
        """How many findings are open now, over all rules."""
        return int(self.changes["is_open"].sum())

    @property
    def findings_before(self) -> int:
        """How many findings the first date had, waived ones included."""
        return int(self.changes["closed"].ne("").sum())

    def count_findings(self, *outcomes: Outcome) -> int:
        """Return how many findings have one of the outcomes, over all rules."""
        return int(self.changes["state"].isin(outcomes).sum())


def compare(old: Assessment, new: Assessment, *more: Assessment) -> Comparison:
    """Compare two or more dates, each judged by `analyze` with the same policy.

    They are sorted by as-of, with a notice if they were not given in that order. Raises UsageError
    where no account has reports of two dates, where the policies differ or the dates overlap;
    InputRefused where an account is unknown, or has different reports of the same as-of.
    """
    return compare_all((old, new, *more))


@storing_python_text
def compare_all(given: Sequence[Assessment]) -> Comparison:
    """Compare the dates; see compare. One date alone is refused: no account has reports of two."""
    assessments = tuple(sorted(given, key=_newest_as_of))
    _refuse_incomparable(assessments)
    coverage = to_coverage(assessments)
    identified = identify(assessments)
    found = to_found(assessments, identified)
    unknown = to_unknown(assessments, identified)
    newest = len(assessments) - 1
    last = coverage.groupby("account_id")["date"].max()
    before, after = _take_ends(identified, last, identified)
    pairs = match(before, after)
    rows = to_rows_of_findings(
        pairs,
        _take_ends(found, last, identified),
        _take_ends(unknown, last, identified),
        behind=last.index[last.between(1, newest - 1)],
    )
    day = f"{_newest_as_of(assessments[-1]):%Y-%m-%d}"
    changes = to_changes(rows, day)
    steps = to_steps(identified, coverage) if newest > 1 else pairs.assign(turn=1)
    followed = follow(identified, found, unknown, coverage, steps)
    gone = pairs.loc[pairs["change"].isin([Change.REMOVED, Change.REPLACED]), ["key", "change"]]
    is_sorted = all(one is other for one, other in zip(assessments, given, strict=True))
    notices = [] if is_sorted else [reversed_notice()]
    notices += _coverage_notices(changes, coverage, day)
    notices += _pair_notices(pairs, find_latecomers(pairs))
    notices += [*_back_notices(identified), *_return_notices(identified, coverage)]
    notices += _order_notices(assessments)
    notices += _moved_notices(rows, assessments[-1])
    notices += _dated_notices(assessments)
    return Comparison(
        assessments=assessments,
        changes=changes,
        timeline=to_timeline(followed, identified, coverage, gone),
        open_counts=count_open(followed, coverage, _to_kinds(changes)),
        coverage=coverage,
        repeated=tuple(_find_repeated(identified, assessments)),
        names=found[["finding_id", "key", "rule", "credential"]],
        own_notices=tuple(notices),
    )


def _take_ends(
    table: pd.DataFrame, last: pd.Series, identified: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of the first date, and those of the newest report of each account after it."""
    accounts = table.get("account_id")
    if accounts is None:
        accounts = table["key"].map(by_key(identified, "key", "account_id"))
    date = table["date"]
    return table[date.eq(0)], table[date.eq(accounts.map(last)) & date.gt(0)]


def _to_kinds(changes: pd.DataFrame) -> list[str]:
    """Return the kinds to count by: passwords and keys always, others where they have findings."""
    found = set(changes.loc[changes["state"].ne(""), "kind"])
    return [kind for kind in FINDING_KINDS if kind in found.union(JUDGED_KINDS)]


def _newest_as_of(assessment: Assessment) -> datetime:
    return max(as_of_of(report) for report in assessment.reports)


def _refuse_incomparable(assessments: Sequence[Assessment]) -> None:
    reports = [report for date in assessments for report in date.reports]
    if problems := [problem for _, problem in find_incomparable(reports)]:
        raise InputRefused(problems)
    if any(date.policy != assessments[0].policy for date in assessments):
        raise UsageError("the dates were judged by different policies: judge them by the same one")
    seen: dict[str, datetime] = {}
    is_paired = False
    for report in reports:
        instant = as_of_of(report)
        before = seen.get(report.account_id)
        if before and before > instant:
            message = (
                f"account {report.account_id}: the dates overlap: its report of "
                f"{format_instant(before)} is in the older assessment, that of "
                f"{format_instant(instant)} in the newer; judge each date by itself"
            )
            raise UsageError(message)
        is_paired = is_paired or before is not None
        seen[report.account_id] = instant
    if not is_paired:
        accounts = len(seen)
        message = (
            f"nothing to compare: none of the {plural(accounts, 'account')} has reports "
            "of two dates. Name reports of the same account, an older and a newer"
        )
        raise UsageError(message)


def _order_notices(assessments: Sequence[Assessment]) -> Iterator[Notice]:
    """Warn of each report in which rows may be missing: by the one before it, and the latest of all."""
    seen: dict[str, tuple[Report, Report]] = {}
    for report in (report for date in assessments for report in date.reports):
        before, latest = seen.get(report.account_id, (report, report))
        yield from doubts_of(report, [before] if before is latest else [before, latest])
        is_latest = report.newest and (latest.newest is None or report.newest > latest.newest)
        seen[report.account_id] = report, report if is_latest else latest


def _find_repeated(
    identified: pd.DataFrame, assessments: Sequence[Assessment]
) -> Iterator[Repeated]:
    """Find accounts whose reports of two dates say the same, in any order of rows.

    Where AWS itself says when it made each of the two, they are two reports of a quiet account.
    """
    signatures = _to_signatures(identified)
    seen: dict[tuple[str, int], Report] = {}
    for date, assessment in enumerate(assessments):
        for report in assessment.reports:
            content = report.account_id, signatures[date, report.account_id]
            if twin := seen.get(content):
                instants = as_of_of(twin), as_of_of(report)
                is_made_twice = instants[0] != instants[1] and all(
                    each.as_of_origin == GENERATED_TIME for each in (twin, report)
                )
                if not is_made_twice:
                    yield Repeated(report.account_id, *instants)
            seen[content] = report


def _to_signatures(identified: pd.DataFrame) -> dict[tuple[int, str], int]:
    """Return, by date and account, a number that is equal where all cells are."""
    rows = identified[identified["status"].ne("")]
    same = ["owner", "user", "created", "credential", "service", "region"]
    words = ("enabled_raw", "next_rotation_raw", "mfa_active")
    cells = rows[[*same, "last_used", "set_at"]].assign(
        **{name: rows[name].fillna("").str.lower() for name in words},
        last_used_raw=rows["last_used_raw"].where(rows["last_used"].isna(), ""),
        set_raw=rows["set_raw"].where(rows["set_at"].isna(), ""),
    )
    hashes = pd.util.hash_pandas_object(cells, index=False)
    sums = hashes.groupby([rows["date"], rows["account_id"]]).sum()
    return dict(zip(sums.index.to_list(), sums.astype("object"), strict=True))


def _dated_notices(assessments: Sequence[Assessment]) -> list[Notice]:
    """Merge the notices that some dates share into one naming them: classes, waivers, missing accounts."""
    days: dict[Notice, list[str]] = {}
    for assessment, day in zip(assessments, _to_days(assessments), strict=True):
        for notice in assessment.notices:
            if notice.code in _DATED_CODES:
                days.setdefault(notice, []).append(day)
    return [
        replace(notice, message=f"{notice.message} on {list_days(dates)}")
        for notice, dates in sorted(
            days.items(), key=lambda named: (_DATED_CODES.index(named[0].code), named[0].line)
        )
    ]


def _to_days(assessments: Sequence[Assessment]) -> list[str]:
    instants = list(map(_newest_as_of, assessments))
    days = [f"{instant:%Y-%m-%d}" for instant in instants]
    return [
        day if days.count(day) == 1 else format_instant(instant)
        for day, instant in zip(days, instants, strict=True)
    ]


def list_days(days: Sequence[str]) -> str:
    """Return the days in words; of many the first and the last."""
    if len(days) > _MOST_DAYS:
        return f"{len(days)} dates, {days[0]} to {days[-1]}"
    return " and ".join(filter(None, [", ".join(days[:-1]), days[-1]]))


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


def _pair_notices(pairs: pd.DataFrame, latecomers: pd.DataFrame) -> list[Notice]:
    notices = []
    for row in to_rows(latecomers):
        message = (
            f"account {row['account_id']}: the user {row['user']!r} was created on "
            f"{row['created_at']:%Y-%m-%d}, but the report of {row['as_of']:%Y-%m-%d} does not list it: "
        )
        message += (
            f"perhaps {row['namesakes']} (gone, created at the same time) was renamed or moved"
            if row["namesakes"]
            else "was it renamed, or was that report cut short?"
        )
        notices.append(Notice("", 0, "latecomer", message))
    anew = pairs[pairs["change"].eq(Change.USED_AGAIN) & pairs["use_after"].ne(Use.USED)]
    for row in to_rows(anew.sort_values(["account_id", "owner"])):
        message = (
            f"account {row['account_id']}: the password of {row['user']!r} was changed and not used "
            "since; it counts as used again"
        )
        notices.append(Notice("", 0, "set-anew", message))
    return notices


def _back_notices(identified: pd.DataFrame) -> Iterator[Notice]:
    """Warn where a last use, or the change of a password, is earlier than an older report says, or lost."""
    rows = identified[identified["key"].ne(NO_KEY) & identified["status"].ne("")]
    rows = rows.sort_values(["key", "date"])
    is_active = rows["status"].isin([Status.UNUSED, Status.CURRENT, Status.UNDETERMINED])
    for column, raw, word in (
        ("last_used", "last_used_raw", "used"),
        ("set_at", "set_raw", "changed"),
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
            yield Notice("", 0, f"{'use' if word == 'used' else 'set'}-went-back", message)


def _moved_notices(rows: pd.DataFrame, newest: Assessment) -> Iterator[Notice]:
    """Warn of waivers that were in force at the first date and did not cover there what they cover now."""
    terms = newest.waivers.set_index("waiver")[["approved_on", "expires"]]
    covered = rows[rows["state_before"].eq(OPEN) & rows["state_after"].eq(WAIVED)]
    covered = covered.join(terms, on="waiver_after")
    day = covered["as_of_before"].dt.strftime("%Y-%m-%d")
    moved = covered[covered["approved_on"].le(day) & covered["expires"].ge(day)]
    for waiver, group in moved.groupby("waiver_after"):
        message = (
            f"waiver {waiver} covers {plural(len(group), 'finding')} that it did not cover before, though in force: "
            "of a user who was renamed, or a key in another slot"
        )
        yield Notice("", 0, "waiver-moved", message)


def _return_notices(identified: pd.DataFrame, coverage: pd.DataFrame) -> Iterator[Notice]:
    """Warn of reports that lack users or access keys that an older and a newer one have."""
    kind = identified["kind"]
    is_known = kind.eq(Subject.USER.value) & identified["is_created_known"]
    is_known |= kind.eq(Kind.ACCESS_KEY) & identified["is_born_known"]
    rows = identified[is_known & identified["key"].ne(NO_KEY)].merge(
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
