"""Inputs -> the reports to judge, each with its as-of, and a record of everything left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from math import inf
from operator import attrgetter
from typing import TypeVar

import numpy as np

from credreport.arrays import Instants
from credreport.errors import InputRefused, Notice, Problem, UsageError
from credreport.files import DEFAULT_MAX_BYTES, real_path
from credreport.instants import format_instant, parse_when
from credreport.reports.folders import accounts_beside, accounts_nearest
from credreport.reports.inputs import (
    File,
    Item,
    NoReport,
    Skipped,
    Stream,
    Unread,
    find_inputs,
)
from credreport.reports.read import read_streams
from credreport.reports.report import Report
from credreport.reports.stamp import PLACES, SERVED_FOR, first_second
from credreport.schema import ACCOUNT_ID
from credreport.text import escape_text, plural

A = TypeVar("A")

NEWEST = "newest"
# Large enough that the fixed cost of a batch hardly counts, small enough for the processor's cache.
BATCH_BYTES = 2 << 20
BATCH_FILES = 500
_KEPT_MEMORY = 16 << 20
SUPERSEDED = "superseded"
FROM_NEWEST = "newest timestamp in the report"
GIVEN = "--as-of"
# A stamp may be written to the minute.
_ROUNDED = timedelta(minutes=1)
_LATE = timedelta(days=1)
_place = attrgetter("account_id", "source.name", "first_line")
DATE_IT = (
    "Pass the time of the download with `--as-of`, or put it into the name as in "
    "`report_YYYY-MM-DD.csv`; `--as-of newest` yields lower bounds only"
)
_FORMATS = {"", ".csv", ".tsv", ".txt", ".json", ".yaml", ".yml", ".b64", ".base64"}
_PART = "Take these rows out, download the report again, or leave the older one out"


class Bound(StrEnum):
    """Why the ages of a report are lower bounds: the credentials are as old as that, or older."""

    NEWEST = "newest"
    NEAR_NEWEST = "near-newest"
    BEFORE_NEWEST = "before-newest"
    BEFORE_STAMP = "before-stamp"


@dataclass(frozen=True)
class Population:
    """The reports to judge, in the order of account and name, and what was left out and why.

    `superseded` lists older reports and copies; `refused` is empty unless the caller chose to go on
    without the refused inputs.
    """

    reports: tuple[Report, ...]
    refused: tuple[Problem, ...] = ()
    superseded: tuple[Skipped, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notices: tuple[Notice, ...] = ()


def parse_as_of(as_of: str | datetime) -> datetime | str:
    """Return the instant of an as-of, in UTC, or `newest`. A day means its last second, UTC."""
    if isinstance(as_of, datetime):
        if as_of.tzinfo is None:
            raise UsageError(f"as_of {as_of} has no zone; add tzinfo=UTC if it is UTC")
        return as_of.astimezone(UTC)
    if as_of.strip().lower() == NEWEST:
        return NEWEST
    instant = parse_when(as_of)
    if instant is None:
        message = (
            f"--as-of {as_of!r} is neither an instant such as 2026-01-31T12:00:00Z, "
            "nor a day such as 2026-01-31, nor `newest`"
        )
        raise UsageError(message)
    return instant


def read_reports(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    as_of: datetime | str | None = None,
    keep_going: bool = False,
    max_bytes: int = DEFAULT_MAX_BYTES,
    progress: Callable[[], None] | None = None,
    taken: Iterable[str] = (),
) -> Population:
    """Read every report that the inputs name: files, directories, globs, archives, `-`.

    `as_of` is the instant of judging, `newest` for each report's own newest timestamp, or None
    to take it from GeneratedTime or the file's name. Raises InputRefused with the problems of all
    refused files; with `keep_going` they are returned instead, unless nothing is left to judge.
    `taken` are the names of other inputs of the run, which are not given again.
    """
    if isinstance(inputs, (str, os.PathLike)):
        inputs = [inputs]
    as_of = None if as_of is None else parse_as_of(as_of)
    items = find_inputs([os.fspath(path) for path in inputs], max_bytes, taken)
    return read_items(items, inputs, as_of=as_of, keep_going=keep_going, progress=progress)


def read_items(
    items: Iterable[Item],
    inputs: Iterable[object],
    *,
    as_of: datetime | str | None,
    keep_going: bool,
    progress: Callable[[], None] | None,
) -> Population:
    """Read what find_inputs found in the inputs; see read_reports."""
    reports, refused, skipped = sort_items(items, as_of, progress)
    return to_population(reports, refused, skipped, keep_going=keep_going, inputs=inputs)


def to_population(
    reports: Iterable[Report],
    refused: Iterable[Problem],
    skipped: Iterable[Skipped],
    *,
    keep_going: bool,
    inputs: Iterable[object],
) -> Population:
    """Choose among the reports that were read: one per account, in the order of account and name.

    Each has its as-of, or None; `refused` is what could not be read at all, `inputs` what the user
    named. Raises InputRefused as read_reports does.
    """
    chosen, left_out, conflicts, notices = _choose_newest(reports)
    problems = tuple(sorted({*refused, *conflicts}))
    if problems and (not keep_going or not chosen):
        raise InputRefused(problems, has_others=bool(chosen))
    if not chosen:
        raise InputRefused([no_report(inputs)])
    return Population(
        reports=count_twins(chosen),
        refused=problems,
        superseded=tuple(item for item in left_out if not item.is_doubt),
        skipped=with_doubts(skipped, left_out),
        notices=(*date_notices(chosen), *notices),
    )


def with_doubts(skipped: Iterable[Skipped], left_out: Iterable[Skipped]) -> tuple[Skipped, ...]:
    """Return what was passed over, with those of the other reports left out that are doubts."""
    doubts = (item for item in left_out if item.is_doubt)
    return tuple(sorted([*skipped, *doubts], key=attrgetter("name")))


def no_report(inputs: Iterable[object]) -> Problem:
    """Return the problem of inputs of which none is a report."""
    names = escape_text(", ".join(map(str, inputs)))
    return Problem(names, 0, 0, "no credential report among the inputs")


def count_twins(reports: Iterable[Report]) -> tuple[Report, ...]:
    """Sort reports, and number those that may be of one account: their findings are not confused."""
    counts: Counter[str] = Counter()
    numbered = []
    for report in sorted(reports, key=_place):
        twin = counts[report.account_id]
        numbered.append(replace(report, twin=twin) if twin else report)
        counts[report.account_id] += 1
    return tuple(numbered)


def sort_items(
    items: Iterable[Item], as_of: datetime | str | None, progress: Callable[[], None] | None
) -> tuple[list[Report], list[Problem], list[Skipped]]:
    """Read every file; return the reports, what was refused, and what was passed over."""
    reports: list[Report] = []
    refused: list[Problem] = []
    skipped: list[Skipped] = []
    for batch in to_batches(items, skipped):
        for found in read_batch(batch, as_of):
            reports += set_aside(found, refused, skipped)
            if progress:
                progress()
    return reports, refused, skipped


def set_aside(
    found: Iterable[A | NoReport], refused: list[Problem], skipped: list[Skipped]
) -> Iterator[A]:
    """Yield what was found in a file; add to `refused` and `skipped` what is no report."""
    for each in found:
        if isinstance(each, Problem):
            refused.append(each)
        elif isinstance(each, Skipped):
            skipped.append(each)
        else:
            yield each


def to_batches(
    items: Iterable[Item], skipped: list[Skipped]
) -> Iterator[tuple[File | Problem, ...]]:
    """Yield the files in their order, in batches; add what is skipped to `skipped`."""
    batch: list[File | Problem] = []
    size = 0
    for item in items:
        if isinstance(item, Skipped):
            skipped.append(item)
            continue
        batch.append(item)
        size += _size_of(item)
        if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


def _size_of(item: File | Problem) -> int:
    """Return how many bytes are to be read, as far as is known."""
    match item:
        case Unread():
            return item.size
        case Stream():
            return len(item.data)
        case _:
            return 0


@lru_cache(maxsize=1)
def _keep_memory() -> None:
    """Let the C library keep what a batch frees for the next one.

    Without this, glibc returns it and requests it again page by page: a fifth of the time. It keeps
    twice as much as the largest block that it has seen freed; elsewhere this does nothing.
    """
    bytes(_KEPT_MEMORY)


def read_batch(
    batch: Sequence[File | Problem], as_of: datetime | str | None
) -> list[list[Report | NoReport]]:
    """Return the reports of each file, with their as-of where one is known, or what is wrong with it.

    Runs in any process: it reads the files, and nothing else.
    """
    _keep_memory()
    streams = [item.read() if isinstance(item, Unread) else item for item in batch]
    read = iter(read_streams([each for each in streams if isinstance(each, Stream)]))
    return [
        [date_report(found, as_of) if isinstance(found, Report) else found for found in next(read)]
        if isinstance(each, Stream)
        else [each]
        for each in streams
    ]


def date_report(report: Report, as_of: datetime | str | None) -> Report:
    """Return the report with the instant at which it is judged, where one is known; see read_reports."""
    when, origin = report.stamp, report.stamp_origin
    if isinstance(as_of, datetime):
        when, origin = as_of, GIVEN
    elif as_of == NEWEST:
        when, origin = report.newest, FROM_NEWEST
    return replace(report, as_of=when, as_of_origin=origin if when else "")


def bound_of(report: Report) -> Bound | None:
    """Return why a report's ages are only lower bounds; None where its as-of may be right.

    A report is as old as its newest timestamp or younger. Taking that timestamp as the as-of, or
    one close to it where nothing else dates the report, judges too early; so does an as-of before
    it.
    """
    if report.as_of is None:
        return None
    if report.as_of_origin == FROM_NEWEST:
        return Bound.NEWEST
    if report.newest and report.newest - report.as_of >= _ROUNDED:
        return Bound.BEFORE_NEWEST
    if report.stamp:
        first = first_second(report.stamp, report.stamp_origin)
        return Bound.BEFORE_STAMP if first - report.as_of > _LATE else None
    is_near = report.newest and report.as_of - report.newest <= SERVED_FOR
    return Bound.NEAR_NEWEST if is_near and report.as_of_origin == GIVEN else None


def as_of_sentences(reports: Iterable[Report]) -> list[str]:
    """Return what the verdict says where an as-of makes ages lower bounds, or lies far off."""
    bounds: dict[Bound | None, list[Report]] = {}
    late: list[Report] = []
    for report in reports:
        bounds.setdefault(bound_of(report), []).append(report)
        if is_late(report):
            late.append(report)
    sentences = []
    lead = "Some ages are lower bounds" if None in bounds else "Every age is a lower bound"
    if Bound.NEWEST in bounds:
        sentences.append(f"{lead}: the as-of is each file's newest timestamp.")
    if near := bounds.get(Bound.NEAR_NEWEST):
        sentences.append(
            f"{lead}: the as-of lies within four hours of the newest timestamp "
            f"of {_names_of(near)}, and nothing else says when that was made."
        )
    if before := bounds.get(Bound.BEFORE_NEWEST):
        sentences.append(
            f"{lead}: the as-of lies before timestamps of "
            f"{_names_of(before)}, so the as-of is wrong or the report is."
        )
    if early := bounds.get(Bound.BEFORE_STAMP):
        sentences.append(
            f"{lead}: the as-of lies more than a day before the own stamp of {_names_of(early)}."
        )
    if late:
        sentences.append(
            f"The as-of lies more than a day after the own stamp of {_names_of(late)}: "
            "use since then is not in it."
        )
    return sentences


def _names_of(reports: Sequence[Report], written: Callable[[str], str] = str) -> str:
    others = len(reports) - 1
    more = f" and {plural(others, 'other')}" if others else ""
    return f"{written(reports[0].source.name)}{more}"


def is_late(report: Report) -> bool:
    """Whether a report is judged more than a day after its own stamp."""
    return bool(report.as_of and report.stamp and report.as_of - report.stamp > _LATE)


def _choose_newest(
    read: Iterable[Report],
) -> tuple[list[Report], list[Skipped], list[Problem], list[Notice]]:
    """Keep one report per account: the newest by its own stamp; copies count once.

    Only equal 12-digit accounts supersede one another; other reports are all judged.
    """
    chosen: list[Report] = []
    problems: list[Problem] = []
    notices: list[Notice] = []
    kept, left_out = _drop_copies(read)
    accounts: dict[str, list[Report]] = {}
    for report in kept:
        if report.as_of is None:
            problems.append(no_as_of(report))
        elif ACCOUNT_ID.fullmatch(report.account_id):
            accounts.setdefault(report.account_id, []).append(report)
        else:
            chosen.append(report)
    for account_id, reports in accounts.items():
        newest, *others = reports  # in the order of _drop_copies
        if not all(is_older(report, newest) for report in others):
            names = ", ".join(map(repr, sorted({report.source.name for report in others})))
            found = f"another report of account {account_id} ({names}), and no stamp says which is newer"
            for report in filter(_has_later_timestamps, others):
                found += f"; {report.source.name!r} has timestamps later than its stamp"
            remedy = "Name one, or give the files the names the console gave them"
            problems.append(Problem(newest.source.name, 0, 0, found, remedy))
            continue
        if not newest.has_root and any(report.has_root for report in others):
            whole = next(report.source.name for report in others if report.has_root)
            found = (
                f"no root row, which AWS always writes: perhaps only a part of the report of account "
                f"{account_id}, so it does not replace the older one, {whole!r}"
            )
            problems.append(Problem(newest.source.name, newest.first_line, 0, found, _PART))
            continue
        chosen.append(newest)
        notices += doubts_of(newest, others)
        for report in others:
            why = f"{SUPERSEDED}: account {account_id} has a newer report, {newest.source.name!r}"
            doubt = _may_be_another(report, newest)
            left_out.append(
                Skipped(report.source.name, f"{why}; {doubt}", is_doubt=True)
                if doubt
                else leave_out(report, why, newest)
            )
    return chosen, left_out, problems, notices


def doubts_of(newest: Report, others: Sequence[Report]) -> Iterator[Notice]:
    """Warn where rows may be missing from the newest report of an account.

    The one before it, the first other, has more users, or an older one has later timestamps. It need
    not be: users and keys are deleted.
    """
    fewer = others[0].row_count - newest.row_count if others else 0
    if fewer > 0:
        message = f"{plural(fewer, 'user')} fewer than the report before it: deleted since, or rows have been cut off"
        yield Notice(newest.source.name, 0, "fewer-users", message)
    for other in others:
        if other.newest and other.has_later_timestamps(newest):
            message = (
                f"{other.source.name!r}, which is older, has timestamps until "
                f"{format_instant(other.newest)}, later than all in it: perhaps a copy of a still older "
                "report, in which newer users are missing"
            )
            yield Notice(newest.source.name, 0, "denied-order", message)


def have_two_roots(report: Report, other: Report) -> bool:
    """Whether root was created at two times: an ID was replaced, or the reports are of two accounts."""
    return None not in {report.root_created, other.root_created} and (
        report.root_created != other.root_created
    )


def _may_be_another(report: Report, newest: Report) -> str:
    """Return why a report may be of another account than the newer one of its account; or nothing.

    An ARN that was pasted or changed makes a row, or all of them, one of another account.
    """
    if have_two_roots(report, newest):
        return "but its root was created at another time: one of the two is of another account"
    if report.is_of_several or newest.is_of_several:
        if not report.has_root:
            return "but it is without a root row in a file of several accounts"
        if newest.row_count < report.row_count:
            return "but that has fewer users, and one of the two is in a file of several accounts"
    if _are_parts(report, newest):
        return (
            "but each has users of that time whom the other lacks: perhaps one report in two files"
        )
    return ""


def _are_parts(report: Report, newest: Report) -> bool:
    """Whether two reports of an account may be parts of one, by when their users were created.

    That tells users apart whatever they are called now. Users are deleted after the older report, but
    none is created before it: whom that lacks was taken out.
    """
    assert report.stamp, "is_older is false of reports without a stamp"
    first = first_second(report.stamp, report.stamp_origin) - SERVED_FOR
    created = report.created, newest.created
    # A spreadsheet shows no seconds.
    unit = "M8[s]" if all(_has_seconds(each) for each in created) else "M8[m]"
    older, newer = (each.astype(unit) for each in created)
    of_that_time = newer[newer < np.datetime64(first.replace(tzinfo=None))]
    is_short = len(of_that_time) > len(older) or _has_others(of_that_time, older)
    return is_short and (len(older) < report.row_count or _has_others(older, newer))


def _has_seconds(instants: Instants) -> bool:
    return bool((instants != instants.astype("M8[m]")).any())


def _has_others(created: Instants, known: Instants) -> bool:
    """Whether more users were created at some time than are known of that; `known` ascends."""
    times, counts = np.unique(created, return_counts=True)
    of_time = np.searchsorted(known, times, "right") - np.searchsorted(known, times)
    return bool((counts > of_time).any())


def is_older(report: Report, newest: Report) -> bool:
    """Whether the stamps of two reports say that the first is older, and its timestamps do not deny it."""
    if report.stamp is None or newest.stamp is None:
        return False
    if _has_later_timestamps(report) or (report.newest and report.newest > newest.stamp):
        return False
    return report.stamp < first_second(newest.stamp, newest.stamp_origin)


def _has_later_timestamps(report: Report) -> bool:
    """Whether a report's timestamps deny its own stamp, by more than a day."""
    return bool(report.stamp and report.newest and report.newest - report.stamp > _LATE)


def _drop_copies(reports: Iterable[Report]) -> tuple[list[Report], list[Skipped]]:
    """Keep one of the reports that are alike cell by cell; the newest stamp comes first.

    Without an account and without a single date, two accounts may have written the same.
    """
    kept: dict[tuple[str, str, str], Report] = {}
    copies = []
    for report in sorted(reports, key=_newest_stamp_first):
        is_told = report.newest is not None or ACCOUNT_ID.fullmatch(report.account_id)
        name = "" if is_told else report.source.name
        original = kept.setdefault((report.account_id, report.digest, name), report)
        if original is not report:
            copies.append(leave_out_copy(report, [original]))
    return list(kept.values()), copies


def leave_out_copy(report: Report, originals: Sequence[Report]) -> Skipped:
    """Return the record of a report that is like others, the first of which is judged in its place.

    A quiet account's report of a later day is like the one before, too: a copy that nothing dates may
    be such a one.
    """
    why = f"a copy of {originals[0].source.name!r}"
    is_dated = report.as_of or not originals[0].as_of
    if is_dated or any(_is_made_of(report, original) for original in originals):
        return leave_out(report, why, originals[0])
    why = f"{why}, but does not say when it was made: perhaps later"
    return Skipped(report.source.name, why, is_doubt=True)


def _is_made_of(report: Report, original: Report) -> bool:
    """Whether a report lies beside another of its name in another format: `report.csv`, `report.json`."""
    (one, own), (other, its) = map(os.path.splitext, (report.path, original.path))
    are_formats = _FORMATS.issuperset((own.lower(), its.lower()))
    return are_formats and one == other and not _said_in_vain(report)


def leave_out(report: Report, why: str, other: Report) -> Skipped:
    """Return the record of a report in whose place another is judged; a doubt if a name has another account.

    What failed to change to an account, and went on, saved the report of the one it was in.
    """
    for one, its in ((report, other), (other, report)):
        accounts = accounts_beside(one.path, its.path)
        is_known = one.account_id in accounts or not accounts.isdisjoint(one.accounts_of_file)
        if accounts and not is_known:
            why = f"{why}; {one.source.name!r} is called by an account that it is not of"
            return Skipped(report.source.name, why, is_doubt=True)
    return Skipped(report.source.name, why)


def _newest_stamp_first(report: Report) -> tuple[float, tuple[str, str, int]]:
    return -report.stamp.timestamp() if report.stamp else inf, _place(report)


def no_as_of(report: Report) -> Problem:
    """Return the refusal of a report that has no as-of."""
    newest = report.newest
    why = (
        _said_in_vain(report)
        or "no GeneratedTime, no date in the name of the file or its directory"
    )
    found = f"does not say when it was made: {why}"
    if newest:
        found += f"; all that it shows is that it was made after {format_instant(newest)}"
    return Problem(report.source.name, 0, 0, found, DATE_IT)


def _said_in_vain(report: Report) -> str:
    """Return what a report says about when it was made, where that is not read."""
    codes = ("several-stamps", "generated-time", "unread-date")
    return "; ".join(notice.message for notice in report.notices if notice.code in codes)


def _called_by_missing(reports: Sequence[Report]) -> Iterator[Notice]:
    """Warn of reports called by an account that has none so new: perhaps theirs was saved in its place."""
    judged = {report.account_id: report for report in reports}
    for report in reports:
        names = [accounts_nearest(path) for path in (report.path, real_path(report.path))]
        called = next(
            (each for each in names if each and not _is_covered(report, each, judged)), None
        )
        if called and ACCOUNT_ID.fullmatch(report.account_id):
            message = (
                f"called by account {', '.join(sorted(called))}, which has no report so new, but is of "
                f"account {report.account_id}: perhaps that was saved in its place"
            )
            yield Notice(report.source.name, 0, "called-by-missing", message)


def _is_covered(report: Report, called: set[str], judged: Mapping[str, Report]) -> bool:
    """Whether one of the accounts that a report is called by has a report so new."""
    theirs = [judged[account] for account in called & judged.keys()]
    return any(not _is_days_before(other, report) for other in theirs)


def _is_days_before(report: Report, other: Report) -> bool:
    """Whether a report's own stamp is more than a day before another's."""
    return bool(report.stamp and other.stamp and other.stamp - report.stamp > _LATE)


def date_notices(reports: Sequence[Report]) -> list[Notice]:
    """Warn where the dates of the reports do not fit each other or their own stamps, or an account its name."""
    notices = [*_called_by_missing(reports)]
    for report in reports:
        if is_late(report) and report.as_of and report.stamp:
            message = (
                f"judged at {format_instant(report.as_of)}, more than a day after the report's own "
                f"stamp {format_instant(report.stamp)}: what was used since then is not in it"
            )
            notices.append(Notice(report.source.name, 0, "late-as-of", message))
    placed = [report for report in reports if report.as_of_origin in PLACES]
    if placed:
        message = (
            f"when {_names_of(placed, repr)} was made is said only by the name of a directory or an archive, "
            "which is wrong for what was put there later"
        )
        notices.append(Notice("", 0, "dated-by-place", message))
    instants = sorted(report.as_of for report in reports if report.as_of)
    if instants[-1] - instants[0] > timedelta(days=7):
        message = (
            f"the reports were made between {format_instant(instants[0])} and "
            f"{format_instant(instants[-1])}, more than a week apart: each is judged at its own time"
        )
        notices.append(Notice("", 0, "apart", message))
    unknown = [report for report in reports if not ACCOUNT_ID.fullmatch(report.account_id)]
    if len(reports) > 1 and unknown:
        message = (
            f"{len(unknown)} reports without a 12-digit account were all judged: "
            "whether two are of one account cannot be determined"
        )
        notices.append(Notice("", 0, "unknown-accounts", message))
    return notices
