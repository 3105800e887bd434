"""The dates of a comparison, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from credreport.instants import format_instant
from credreport.reports.by_date import as_of_of
from credreport.verdicts.assessment import Assessment

_MOST_DAYS = 4


def newest_as_of(assessment: Assessment) -> datetime:
    """Return when the newest report of a date was made."""
    return max(as_of_of(report) for report in assessment.reports)


def to_days(assessments: Sequence[Assessment]) -> list[str]:
    """Return the day of each date, oldest first; of two on one day, each with its time."""
    instants = list(map(newest_as_of, assessments))
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
