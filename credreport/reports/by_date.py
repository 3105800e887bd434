"""Inputs -> one Population per date: every report that was made, not only each account's newest.

A date is a set of reports in which no account appears twice. The user's own grouping is kept where it
makes sense (one date per input, or per directory of a tree); otherwise the reports are told apart by
time, cut where the gap is widest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

from credreport.errors import InputRefused, Notice, Problem, UsageError
from credreport.files import DEFAULT_MAX_BYTES
from credreport.instants import format_instant
from credreport.reports.inputs import (
    Opener,
    Skipped,
    in_order,
    is_only_litter,
    is_used_otherwise,
)
from credreport.reports.report import Report
from credreport.reports.selection import (
    NEWEST,
    Population,
    date_notices,
    have_two_roots,
    leave_out_copy,
    no_as_of,
    no_report,
    parse_as_of,
    sort_items,
    with_doubts,
)
from credreport.reports.stamp import SERVED_FOR, first_second, steps_of
from credreport.schema import ACCOUNT_ID
from credreport.text import plural

_ONE_DATE = timedelta(days=7)


@dataclass(frozen=True)
class _Dated:
    """A report and the number of the input it came from."""

    report: Report
    place: int

    @property
    def account_id(self) -> str:
        return self.report.account_id

    @property
    def as_of(self) -> datetime:
        return as_of_of(self.report)

    @property
    def directory(self) -> tuple[int, tuple[str, ...]]:
        # Not that of its name, which a pattern may leave out.
        return self.place, tuple(steps_of(self.report.path)[:-1])


def as_of_of(report: Report) -> datetime:
    """Return the instant at which a dated report is judged."""
    assert report.as_of is not None, "every report of a population is dated"
    return report.as_of


def read_dates(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    as_of: Sequence[datetime | str] = (),
    keep_going: bool = False,
    max_bytes: int = DEFAULT_MAX_BYTES,
    progress: Callable[[], None] | None = None,
) -> tuple[Population, ...]:
    """Read every report that the inputs name and return one Population per date, oldest first.

    `as_of` has one instant (or `newest`) for each input, in order, or, where the one input is a tree,
    for each of its directories, in the order of their names. If it is empty, each report's own
    stamp counts; a single `newest` applies to all inputs. What was left out is listed in the first
    Population. Raises UsageError if the number of as-ofs does not match; InputRefused for files
    that cannot be read, for reports whose account is unknown, and for two different reports of an
    account at one instant; with `keep_going` these are left out and listed.
    """
    names, instants = _one_each([os.fspath(path) for path in inputs], as_of)
    opener = Opener(max_bytes)
    found: list[_Dated] = []
    undated: list[Report] = []
    refused: list[Problem] = []
    skipped: list[Skipped] = []
    for place in in_order(names):
        if as_of:
            opener.seen.clear()  # the same file at two instants is two dates
        reports, problems, passed_over = sort_items(
            opener.open_all([names[place]]), instants[place], progress
        )
        refused += problems
        skipped += passed_over
        found += [_Dated(report, place) for report in reports if report.as_of]
        undated += [report for report in reports if not report.as_of]
    single, undated, copies = _leave_out_copies(found, undated)
    unusable_reports = _find_unusable([item.report for item in single], undated)
    refused += [problem for _, problem in unusable_reports]
    unusable = {id(report) for report, _ in unusable_reports}
    chosen = [item for item in single if id(item.report) not in unusable]
    if refused and (not keep_going or not chosen):
        raise InputRefused(sorted(refused), has_others=bool(chosen))
    if not chosen:
        raise InputRefused([no_report(names)])
    populations = [
        Population(
            reports=tuple(
                sorted((item.report for item in date), key=attrgetter("account_id", "source.name"))
            ),
            notices=tuple(date_notices([item.report for item in date])),
        )
        for date in _to_dates(chosen)
    ]
    populations[0] = replace(
        populations[0],
        refused=tuple(sorted(refused)),
        superseded=tuple(item for item in copies if not item.is_doubt),
        skipped=with_doubts(skipped, copies),
        notices=(*_order_notices(chosen), *populations[0].notices),
    )
    return tuple(populations)


def _one_each(
    names: Sequence[str], as_of: Sequence[datetime | str]
) -> tuple[Sequence[str], Sequence[datetime | str | None]]:
    """Return the inputs, or the directories if the one input is a tree, each with its as-of."""
    instants = [parse_as_of(when) for when in as_of]
    if not instants:
        return names, [None] * len(names)
    if instants == [NEWEST]:
        return names, instants * len(names)
    if len(names) == 1 and len(instants) > 1:
        names = directories_of_tree(names[0]) or names
    if len(instants) != len(names):
        message = (
            f"--as-of is given {len(instants)} times for {plural(len(names), 'input')}: give it once for each input, or "
            "once for each directory of a tree, in the same order"
        )
        raise UsageError(message)
    return names, instants


def directories_of_tree(name: str) -> list[str]:
    """Return the directories of a tree in the order of their names; none if it also has files."""
    if not Path(name).is_dir():
        return []
    entries = sorted(
        entry
        for entry in Path(name).iterdir()
        if not is_only_litter(entry) and not is_used_otherwise(entry)
    )
    are_directories = all(entry.is_dir() and not entry.is_symlink() for entry in entries)
    return [str(entry) for entry in entries] if are_directories else []


def _leave_out_copies(
    found: list[_Dated], undated: list[Report]
) -> tuple[list[_Dated], list[Report], list[Skipped]]:
    """Count copies once; the same content at another time is another report of a quiet account.

    Returns the dated reports and the undated ones that are left, and the copies.
    """
    kept: dict[tuple[str, str], list[_Dated]] = {}
    copies: list[Skipped] = []
    left: list[Report] = []
    for item in sorted(found, key=attrgetter("as_of", "report.source.name", "place")):
        alike = kept.setdefault((item.account_id, item.report.digest), [])
        if alike and _is_copy(item, alike[-1]):
            copies.append(leave_out_copy(item.report, [alike[-1].report]))
        else:
            alike.append(item)
    for report in undated:
        twins = kept.get((report.account_id, report.digest))
        if twins:
            copies.append(leave_out_copy(report, [twin.report for twin in twins]))
        else:
            left.append(report)
    single = [item for alike in kept.values() for item in alike]
    copies.sort(key=attrgetter("name"))
    return sorted(single, key=lambda item: (item.as_of, item.account_id)), left, copies


def _is_copy(item: _Dated, other: _Dated) -> bool:
    """Whether two reports with the same content are one download: stamps may differ a little."""
    if item.report.as_of_origin == other.report.as_of_origin:
        return item.as_of == other.as_of
    return first_second(item.as_of, item.report.as_of_origin) - other.as_of <= SERVED_FOR


def _find_unusable(
    dated: Sequence[Report], undated: Iterable[Report]
) -> list[tuple[Report, Problem]]:
    """Return the reports that cannot take part in a comparison, each with what to do about it."""
    found = [(report, no_as_of(report)) for report in undated]
    return [*found, *find_incomparable(dated), *_find_reversed(dated)]


def find_incomparable(reports: Sequence[Report]) -> list[tuple[Report, Problem]]:
    """Return the reports that may not be of another date of the account that they name."""
    return [
        *_find_unknown_accounts(reports),
        *_find_same_instant(reports),
        *_find_other_roots(reports),
        *_find_parts(reports),
    ]


def _find_other_roots(reports: Iterable[Report]) -> list[tuple[Report, Problem]]:
    """Return the reports whose root was not created when that of their account's first report was."""
    firsts: dict[str, Report] = {}
    what = "its root was created at another time than that of {!r}: one of the two is of another account"
    remedy = "Leave one out, or download it again"
    return [
        (report, Problem(report.source.name, 0, 0, what.format(first.source.name), remedy))
        for report in sorted(reports, key=as_of_of)
        if (first := firsts.setdefault(report.account_id, report)) is not report
        and have_two_roots(report, first)
    ]


def _find_parts(reports: Iterable[Report]) -> list[tuple[Report, Problem]]:
    """Return the reports in files of several accounts that may be a part of an older one.

    The report before is alone in its file, and another.
    """
    found = []
    before: dict[str, list[Report]] = {}
    for report in sorted(reports, key=as_of_of):
        olders = before.setdefault(report.account_id, [])
        last = olders[-1] if olders else report
        is_moved = report.is_of_several and not last.is_of_several
        is_suspect = is_moved and report.digest != last.digest
        suspects = reversed(olders) if is_suspect else ()
        wholes = [older for older in suspects if _may_be_part(report, older)]
        if wholes:
            what = (
                f"account {report.account_id} has {plural(report.row_count, 'user')} in this file of "
                f"several accounts, {wholes[0].row_count} in {wholes[0].source.name!r}, and no later "
                "timestamp: perhaps a part of that older report"
            )
            remedy = "Take these rows out, or save the account's report in a file of its own"
            found.append((report, Problem(report.source.name, report.first_line, 0, what, remedy)))
        else:
            olders.append(report)
    return found


def _may_be_part(report: Report, older: Report) -> bool:
    """Whether a report has fewer users than an older one, and no later timestamp."""
    return not report.has_later_timestamps(older) and report.row_count < older.row_count


def _find_reversed(reports: Iterable[Report]) -> list[tuple[Report, Problem]]:
    """Return the reports with a later as-of than another one of their account, and an earlier stamp."""
    newest: dict[str, Report] = {}
    found = []
    for report in sorted((each for each in reports if each.stamp), key=as_of_of):
        other = newest.setdefault(report.account_id, report)
        assert report.stamp, "those without one are left out above"
        assert other.stamp, "so is that of the other"
        if report.stamp < first_second(other.stamp, other.stamp_origin):
            what = (
                f"its own stamp, {format_instant(report.stamp)}, is earlier than that of "
                f"{other.source.name!r}, but its as-of is later: {format_instant(as_of_of(report))}"
            )
            remedy = "Give each input its own --as-of, in the order of the inputs"
            found.append((report, Problem(report.source.name, 0, 0, what, remedy)))
        else:
            newest[report.account_id] = report
    return found


def _find_unknown_accounts(reports: Iterable[Report]) -> list[tuple[Report, Problem]]:
    """Return the reports without an account: two of these may be of one account or of two."""
    what = "its account is unknown or masked, so it cannot be determined which report to compare it with"
    remedy = "Restore the 12 digits in the ARNs, or judge it by itself with `credreport analyze`"
    return [
        (report, Problem(report.source.name, 0, 0, what, remedy))
        for report in reports
        if not ACCOUNT_ID.fullmatch(report.account_id)
    ]


def _find_same_instant(
    reports: Iterable[Report],
) -> list[tuple[Report, Problem]]:
    """Return the reports of an account that differ, and whose as-of does not say which is older.

    That is the same, or one is a day from a name, and the other an instant of that day.
    """
    together: dict[str, list[list[Report]]] = {}
    for report in sorted(reports, key=as_of_of):
        if ACCOUNT_ID.fullmatch(report.account_id):
            groups = together.setdefault(report.account_id, [])
            first = first_second(as_of_of(report), report.as_of_origin)
            if groups and first <= as_of_of(groups[-1][-1]):
                groups[-1].append(report)
            else:
                groups.append([report])
    found = []
    for account_id, groups in together.items():
        for group in groups:
            if len({report.digest for report in group}) < 2:
                continue
            first, last = (as_of_of(group[place]) for place in (0, -1))
            same = f"the same as-of, {format_instant(last)}"
            if first < last:
                same = f"one day, {last:%Y-%m-%d}, not each with its time"
            what = (
                f"account {account_id} has {len(group)} different reports of {same}: "
                "which one is older cannot be determined"
            )
            remedy = "Give each input its own --as-of, or leave one out"
            found += [(each, Problem(each.source.name, 0, 0, what, remedy)) for each in group]
    return found


def _to_dates(found: Sequence[_Dated]) -> list[list[_Dated]]:
    """Group the reports into dates, oldest first. `found` is in the order of as-of."""
    groupings: list[Callable[[_Dated], Hashable]] = [
        lambda item: item.place,
        lambda item: item.directory,
    ]
    for key in groupings:
        groups: dict[Hashable, list[_Dated]] = {}
        for item in found:
            groups.setdefault(key(item), []).append(item)
        ordered = sorted(groups.values(), key=lambda group: group[-1].as_of)
        if _are_dates(ordered):
            return ordered
    return _cut(found)


def _are_dates(groups: Sequence[Sequence[_Dated]]) -> bool:
    """Whether the user's groups are dates: an account is in all, none twice in one, time advances."""
    accounts: dict[str, list[datetime]] = {}
    for group in groups:
        if len({item.account_id for item in group}) < len(group):
            return False
        for item in group:
            accounts.setdefault(item.account_id, []).append(item.as_of)
    is_forward = all(
        earlier < later for instants in accounts.values() for earlier, later in pairwise(instants)
    )
    return is_forward and len(groups) == max(len(instants) for instants in accounts.values())


def _cut(found: Sequence[_Dated]) -> list[list[_Dated]]:
    """Cut the reports, in the order of as-of, where the gap is widest, until each part is a date."""
    dates: list[list[_Dated]] = []
    waiting = [list(found)]
    while waiting:
        part = waiting.pop()
        is_single = len({item.account_id for item in part}) == len(part)
        if is_single and part[-1].as_of - part[0].as_of <= _ONE_DATE:
            dates.append(part)
            continue
        gaps = [later.as_of - earlier.as_of for earlier, later in pairwise(part)]
        place = gaps.index(max(gaps)) + 1
        waiting += [part[place:], part[:place]]
    return dates


def _order_notices(found: Iterable[_Dated]) -> list[Notice]:
    """Warn where the inputs were not named from old to new: they are sorted."""
    newest: dict[str, datetime] = {}
    for item in sorted(found, key=lambda item: item.place):
        if item.as_of < newest.get(item.account_id, item.as_of):
            return [reversed_notice()]
        newest[item.account_id] = item.as_of
    return []


def reversed_notice() -> Notice:
    """Return the warning that an input named earlier is newer."""
    message = "the inputs were not named from old to new: they were sorted by their as-of"
    return Notice("", 0, "reversed", message)
