"""When a report was made: from its container, its file name or the name of its directory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import PurePosixPath
from typing import NamedTuple

from credreport.errors import Notice
from credreport.instants import format_instant, parse_date, parse_instant
from credreport.reports.name_dates import WRITTEN_OUT, stamps_in_name, unread_date
from credreport.reports.possible_dates import has_any_date, is_later

GENERATED_TIME = "GeneratedTime"
_FILE, _FOLDER, _ARCHIVE = _NAMES = ("file name", "directory name", "archive name")
PLACES = (_FOLDER, _ARCHIVE)
_SEVERAL = "the file's name has several times, or one in a zone other than UTC, GMT and ±HH:MM; none was used"
_LATER = "the file's name has a date, and perhaps a later one in other words; none was used"
_LONGEST_TIME = 100  # letters: an answer may be damaged, and say anything there
MOST_FOLDERS = 100
_A_DAY = timedelta(days=1)
# AWS serves one report for up to four hours: only GeneratedTime says when it was made.
SERVED_FOR = timedelta(hours=4)
# Reports are gathered some days after they were made, in a directory called by that day.
_A_WEEK = timedelta(days=7)
_PARTITION = re.compile(r"\A[A-Za-z_]+=")
# What Google Drive, SharePoint, Google Takeout and WeTransfer pack is called by the day of the download.
_DOWNLOAD = re.compile(
    r"(?:drive-download-|OneDrive_|takeout-|wetransfer_)|.*-20[0-9]{6}T[0-9]{6}Z(?:-[0-9]{1,3}){1,2}(?![0-9-])",
    re.IGNORECASE,
)
# Windows separates directories by a backslash, but one may also begin a letter that is written out.
_SEPARATOR = re.compile(rf"/|(?!{WRITTEN_OUT})\\")


class Stamp(NamedTuple):
    """When something was made, and what says so."""

    instant: datetime
    origin: str


def steps_of(path: str) -> list[str]:
    """Return the names of the directories in a path as it is shown, and, last, that of the file."""
    return _SEPARATOR.split(path)


def stamp_of_folder(parts: Sequence[str]) -> Stamp | None:
    """Return when the reports in a directory were made: the nearest one whose whole name is a date.

    `parts` are the names of the directories, the innermost last: `2026-09-30`, `dt=20260930`, or
    three of them as in `2026/09/30` and `year=2026/month=09/day=30`. None, too, where a nearer one
    has a later date among other words, or a later one that is not read, or has it together with
    those beside it (`2026/09`). Only the innermost hundred count: a member of an archive may be in any number.
    """
    parts = parts[-MOST_FOLDERS:]
    for end in range(len(parts), 0, -1):
        stamp = stamp_of_last(parts[:end])
        if stamp:
            return None if is_any_later(parts[end:], stamp.instant) else stamp
    return None


def part_steps(path: str, other: str) -> tuple[list[str], list[str]]:
    """Return the steps with which two paths begin, and those that only the first has."""
    steps, others = steps_of(path), steps_of(other)
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(steps, others, strict=False))
    count = len(list(pairs))
    return steps[:count], steps[count:]


def may_be_later(path: str, other: str, instant: datetime) -> bool:
    """Whether what a path has beside another's names a later day than the other's instant; see is_later.

    A step that both share may be the year of one that they do not (`2026/06`, `2026/12`).
    """
    shared, own = part_steps(path, other)
    is_plain = shared and not is_later(shared[-1], instant)
    return is_any_later([*(shared[-1:] if is_plain else ()), *own], instant)


def is_any_later(steps: Sequence[str], instant: datetime) -> bool:
    """Whether one of the steps of a path, or up to three together, name a later day; see is_later."""
    together = ("-".join(_plain(steps[start : start + 3])) for start in range(len(steps)))
    return len(steps) >= MOST_FOLDERS or any(
        is_later(name, instant) for name in (*steps, *together)
    )


def stamp_of_last(parts: Sequence[str]) -> Stamp | None:
    """Return the date that the last directory's whole name is, alone or with the two above it."""
    for count in (1, 3):
        name = (
            "-".join(each.zfill(2) for each in _plain(parts[-count:]))
            if len(parts) >= count
            else ""
        )
        instant = _only_stamp(name) if re.fullmatch(_WHOLE[count], name) else None
        if instant:
            return Stamp(instant, _FOLDER)
    return None


def _plain(parts: Sequence[str]) -> list[str]:
    return [_PARTITION.sub("", part) for part in parts]


def is_called_by_a_time(folder: str) -> bool:
    """Whether a directory's own name has a date, alone or with the two above it, read or not."""
    *above, last = _plain(PurePosixPath(folder).parts[-3:])
    if has_any_date(last) or stamp_of_last((*above, last)):
        return True
    return has_any_date("-".join([*above, last])) and not has_any_date("-".join(above))


_WHOLE = {
    1: re.compile(r"20[0-9]{2}[-_.]?[0-9]{2}[-_.]?[0-9]{2}(?:[T _-]?[0-9].*)?"),
    3: re.compile(r"20[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}"),
}


def stamp_of_archive(name: str) -> Stamp | None:
    """Return when the reports in an archive were made, where its name has one date, and not of the download."""
    instant = None if _DOWNLOAD.match(name) else _only_stamp(name)
    return Stamp(instant, _ARCHIVE) if instant else None


def _only_stamp(name: str) -> datetime | None:
    """Return the instant that a name spells, where it has one and no later day in another form."""
    found = stamps_in_name(name)
    instant = found.pop() if len(found) == 1 else None
    return None if instant is None or is_later(name, instant) else instant


def first_second(instant: datetime, origin: str) -> datetime:
    """Return the first instant that a stamp may mean: a name with a day alone, any second of it."""
    is_day = origin in _NAMES and instant == parse_date(f"{instant:%Y-%m-%d}")
    return instant.replace(hour=0, minute=0, second=0) if is_day else instant


def find_stamp(
    name: str, generated_time: str, place_stamp: Stamp | None = None
) -> tuple[datetime | None, str, list[Notice]]:
    """Return when a file says it was made, where it says so, and the warnings about that.

    In order: its GeneratedTime, its name, that of its archive or directory. If the name has several
    dates, none is used, nor that of its archive or directory. Nor is any that a later one, which
    comes before it and is not read, contradicts.
    """
    notices = []
    own_name = steps_of(name)[-1]
    stamps = stamps_in_name(own_name)
    if generated_time:
        stamp = parse_instant(generated_time.strip().replace(" ", "T"))
        if stamp:
            if len(stamps) == 1 and abs(stamp - min(stamps)) > _A_DAY:
                message = (
                    f"GeneratedTime {format_instant(stamp)} is more than a day away from the date in "
                    f"the file's name, {format_instant(min(stamps))}; GeneratedTime was used"
                )
                notices.append(Notice(name, 0, "two-stamps", message))
            return stamp, GENERATED_TIME, notices + _far_from_place(name, stamp, place_stamp)
        message = f"GeneratedTime {generated_time[:40]!r} is not a time with its zone; not used"
        notices.append(Notice(name, 0, "generated-time", message))
    unread_time = in_other_marks(generated_time)
    if len(stamps) == 1:
        stamp = stamps.pop()
        if is_later(unread_time, stamp):
            return None, "", notices
        if is_later(own_name, stamp):
            return None, "", [*notices, Notice(name, 0, "several-stamps", _LATER)]
        return stamp, _FILE, notices + _far_from_place(name, stamp, place_stamp)
    if stamps:
        notices.append(Notice(name, 0, "several-stamps", _SEVERAL))
        return None, "", notices
    if place_stamp and not any(
        is_later(each, place_stamp.instant) for each in (unread_time, own_name)
    ):
        return *place_stamp, notices
    unread = unread_date(own_name)
    if unread:
        notices.append(Notice(name, 0, "unread-date", unread))
    elif place_stamp and not generated_time:
        message = f"the file's name may have a later date than the {place_stamp.origin}, which was not used"
        notices.append(Notice(name, 0, "unread-date", message))
    return None, "", notices


def in_other_marks(time: str) -> str:
    """Return a time that is not read with its marks exchanged for those in names."""
    cut = time[:_LONGEST_TIME]
    return f"{cut.replace('/', '-')} x {re.sub('[/-]', '.', cut)}"


def _far_from_place(name: str, stamp: datetime, place_stamp: Stamp | None) -> list[Notice]:
    """Warn where a report's directory or archive is called by a day that is far from its own."""
    if place_stamp is None or abs(stamp - place_stamp.instant) <= _A_WEEK:
        return []
    message = (
        f"{format_instant(stamp)}, when the report was made, is more than a week away from the "
        f"{place_stamp.origin}, {format_instant(place_stamp.instant)}, which was not used"
    )
    return [Notice(name, 0, "two-stamps", message)]
