"""Assessments by date -> Comparison: was it fixed, and what is new?

Not named after its function: a module `credreport.compare` would hide `credreport.compare(...)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pandas as pd

from credreport.comparison.changes import match
from credreport.comparison.days import newest_as_of, to_days
from credreport.comparison.identity import identify, to_coverage
from credreport.comparison.outcomes import to_changes, to_rows_of_findings
from credreport.comparison.rule_answers import to_found, to_unknown
from credreport.comparison.timeline import count_open, follow, to_steps, to_timeline
from credreport.comparison.warnings import DATED_CODES, find_warnings
from credreport.errors import InputRefused, Notice, OfJudged, Problem, UsageError
from credreport.instants import format_instant
from credreport.reports.by_date import (
    as_of_of,
    find_incomparable,
    reversed_notice,
)
from credreport.reports.inputs import Skipped
from credreport.reports.normalise import by_key
from credreport.reports.report import Report
from credreport.reports.stamp import GENERATED_TIME
from credreport.rules.accounts import Account
from credreport.rules.policy import Policy
from credreport.schema import FINDING_KINDS, JUDGED_KINDS, Change, Outcome, Status
from credreport.text import plural
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import Assessment
from credreport.verdicts.tally import WITHOUT_REPORT, doubts_in_words
from credreport.verdicts.warnings import WAIVER_CODES

REPEATED = "accounts whose reports of two dates are the same"
NOT_COVERED = "accounts without a report of the newest date"


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
            if notice.code not in (*WAIVER_CODES, *DATED_CODES)
        ]
        lapses = [
            notice
            for notice in self.newest.notices
            if notice.code in WAIVER_CODES and notice.code not in DATED_CODES
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
        return tuple(to_days(self.assessments))

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
        counts: Counter[str] = Counter({REPEATED: self.repeated_accounts})
        for date in self.assessments:
            counts.update(date.doubt_counts)
        missing = {each for date in self.assessments for each in date.totals.without_report}
        counts[f"{WITHOUT_REPORT} of every date"] = len(missing)
        counts[NOT_COVERED] = len(self.not_covered)
        del counts[WITHOUT_REPORT]
        return (*own, *doubts_in_words(counts))

    @property
    def repeated_accounts(self) -> int:
        """How many accounts have the same report on two dates."""
        return len({each.account_id for each in self.repeated})

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
    assessments = tuple(sorted(given, key=newest_as_of))
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
    day = f"{newest_as_of(assessments[-1]):%Y-%m-%d}"
    changes = to_changes(rows, day)
    steps = to_steps(identified, coverage) if newest > 1 else pairs.assign(turn=1)
    followed = follow(identified, found, unknown, coverage, steps)
    gone = pairs.loc[pairs["change"].isin([Change.REMOVED, Change.REPLACED]), ["key", "change"]]
    is_sorted = all(one is other for one, other in zip(assessments, given, strict=True))
    notices = [] if is_sorted else [reversed_notice()]
    notices += find_warnings(
        assessments,
        identified=identified,
        coverage=coverage,
        pairs=pairs,
        rows=rows,
        changes=changes,
    )
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
            raise OfJudged(message)
        is_paired = is_paired or before is not None
        seen[report.account_id] = instant
    if not is_paired:
        accounts = len(seen)
        message = (
            f"nothing to compare: none of the {plural(accounts, 'account')} has reports "
            "of two dates. Name reports of the same account, an older and a newer"
        )
        raise UsageError(message)


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
