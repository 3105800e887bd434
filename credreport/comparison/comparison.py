"""Assessments by date -> Comparison: was it fixed, and what is new?

Not named after its function: a module `credreport.compare` would hide `credreport.compare(...)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from credreport.comparison.changes import find_latecomers, match, to_changes
from credreport.comparison.identity import identify, to_coverage
from credreport.comparison.timeline import count_open, follow, to_timeline
from credreport.errors import InputRefused, Notice, Problem, UsageError
from credreport.instants import format_instant
from credreport.reports.by_date import as_of_of, find_same_instant, reversed_notice
from credreport.reports.inputs import Skipped
from credreport.reports.normalise import to_rows
from credreport.rules.policy import Policy
from credreport.schema import Change, Use
from credreport.verdicts.assessment import Assessment


@dataclass(frozen=True)
class Comparison:
    """What became of every credential from the first date to the last, and of every finding between.

    `changes`: one row a credential of the first date or of its account's newest report. `timeline`: one row a finding of
    any date. `open_counts`: one row a date and type of credential. `coverage`: one row a report.
    """

    assessments: tuple[Assessment, ...]
    changes: pd.DataFrame
    timeline: pd.DataFrame
    open_counts: pd.DataFrame
    coverage: pd.DataFrame
    own_notices: tuple[Notice, ...]

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The warnings of every date, and those that only a comparison shows."""
        of_dates = tuple(notice for date in self.assessments for notice in date.notices)
        return (*of_dates, *self.own_notices)

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
        """Files that were not searched."""
        return tuple(item for date in self.assessments for item in date.skipped)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What could not be judged or compared, was left out, or is a bound, in words (exit 3)."""
        unsure = self.changes["change"].isin([Change.UNDETERMINED, Change.STILL_UNDETERMINED])
        own = (f"changes that could not be told: {int(unsure.sum())}",) if unsure.any() else ()
        return (*own, *dict.fromkeys(doubt for date in self.assessments for doubt in date.doubts))

    @property
    def is_incomplete(self) -> bool:
        """Whether there is any doubt (exit 3)."""
        return bool(self.doubts)

    @property
    def has_open_findings(self) -> bool:
        """Whether the newest date has findings that count, or an account that is missing there has."""
        return (
            not self.newest.open_findings.empty or self.count(Change.NOT_COVERED, closed="no") > 0
        )

    @property
    def findings_before(self) -> int:
        """How many credentials were unused on the first date."""
        return int(self.changes["closed"].ne("").sum())

    @property
    def new_findings(self) -> int:
        """How many credentials are unused on the last date and were not on the first."""
        return int(self.changes["is_new_finding"].sum())

    def count(self, *changes: Change, closed: str | None = None) -> int:
        """Return how many credentials have one of the changes; all changes where none is named."""
        table = self.changes if closed is None else self.changes[self.changes["closed"].eq(closed)]
        return int(table["change"].isin(changes or tuple(Change)).sum())


def compare(old: Assessment, new: Assessment, *more: Assessment) -> Comparison:
    """Compare two or more dates, each judged by `analyze` with the same policy.

    They are sorted by as-of, with a notice where they were not given so. Raises UsageError where no
    account has reports of two dates, where the policies differ or the dates overlap; InputRefused
    where one account has different reports of the same as-of.
    """
    return compare_all((old, new, *more))


def compare_all(given: Sequence[Assessment]) -> Comparison:
    """Compare the dates; see compare. One date alone is refused: no account has reports of two."""
    assessments = tuple(sorted(given, key=_newest_as_of))
    _refuse_incomparable(assessments)
    coverage = to_coverage(assessments)
    identified = identify(assessments)
    before = identified[identified["date"].eq(0)]
    newest = len(assessments) - 1
    last = coverage.groupby("account_id")["date"].max()
    after = identified[
        identified["date"].eq(identified["account_id"].map(last)) & identified["date"].gt(0)
    ]
    followed = follow(identified, coverage)
    timeline = to_timeline(followed, identified, coverage)
    pairs = match(before, after, behind=last.index[last.between(1, newest - 1)])
    day = f"{_newest_as_of(assessments[-1]):%Y-%m-%d}"
    changes = to_changes(pairs, timeline.set_index("key")["first_seen"], day)
    is_sorted = all(one is other for one, other in zip(assessments, given, strict=True))
    notices = [] if is_sorted else [reversed_notice()]
    notices += _coverage_notices(changes, day)
    notices += _pair_notices(pairs, find_latecomers(before, after))
    return Comparison(
        assessments=assessments,
        changes=changes,
        timeline=timeline,
        open_counts=count_open(followed, coverage),
        coverage=coverage,
        own_notices=tuple(notices),
    )


def _newest_as_of(assessment: Assessment) -> datetime:
    return max(as_of_of(report) for report in assessment.reports)


def _refuse_incomparable(assessments: Sequence[Assessment]) -> None:
    reports = [report for date in assessments for report in date.reports]
    problems = [problem for _, problem in find_same_instant(reports)]
    if problems:
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
                f"account {report.account_id}: the dates overlap, {format_instant(before)} stands "
                f"with the older and {format_instant(instant)} with the newer: one date an assessment"
            )
            raise UsageError(message)
        is_paired = is_paired or before is not None
        seen[report.account_id] = instant
    if not is_paired:
        accounts = len(seen)
        message = (
            f"nothing to compare: none of the {accounts} account{'s' * (accounts != 1)} has reports "
            "of two dates. Name reports of the same account, an older and a newer"
        )
        raise UsageError(message)


def _coverage_notices(changes: pd.DataFrame, day: str) -> list[Notice]:
    missing = changes[changes["change"].eq(Change.NOT_COVERED)]
    is_open = missing["closed"].eq("no") | missing["is_new_finding"]
    findings = is_open.groupby(missing["account_id"]).sum()
    return [
        Notice(
            "",
            0,
            "not-covered",
            f"account {account_id} has no report on {day}: its findings stay open ({count})",
        )
        for account_id, count in findings.items()
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
    back = pairs[pairs["last_used_after"] < pairs["last_used_before"]]
    for row in to_rows(back.sort_values(["account_id", "owner", "slot"])):
        message = (
            f"account {row['account_id']}: {row['user']!r}, {row['credential_after']}: last used "
            f"{row['last_used_after']:%Y-%m-%d} in the newer report and "
            f"{row['last_used_before']:%Y-%m-%d} in the older: one of the two is wrong"
        )
        notices.append(Notice("", 0, "use-went-back", message))
    anew = pairs[pairs["change"].eq(Change.USED_AGAIN) & pairs["use_after"].ne(Use.USED)]
    for row in to_rows(anew.sort_values(["account_id", "owner"])):
        message = (
            f"account {row['account_id']}: the password of {row['user']!r} was set anew and not used "
            "since; it counts as used again"
        )
        notices.append(Notice("", 0, "set-anew", message))
    return notices
