"""When a report was made, as its container, its file's name or its directory's name says.

Nothing is guessed: a date whose day and month could be exchanged is named, not read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import unquote

from credreport.errors import Notice
from credreport.instants import format_instant, parse_date, parse_instant

GENERATED_TIME = "GeneratedTime"
_FILE, _FOLDER, _ARCHIVE = _NAMES = ("file name", "directory name", "archive name")
_SEVERAL = "the file's name has several times, or one in a zone other than UTC, GMT and ±HH:MM; none was used"
_LONGEST_TIME = 100  # letters: an answer may be damaged, and say anything there
_LONGEST_NAME = 1_000  # letters: a member of an archive may have any name
_A_DAY = timedelta(days=1)
# Reports are gathered some days after they were made, in a directory called by that day.
_A_WEEK = timedelta(days=7)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = rf"(?P<word>{'|'.join(_MONTHS)})[a-z]*"
_BETWEEN = "[-_ .,]*"
_DAY = (
    r"(?<![0-9])(?P<year>20[0-9]{2})"
    r"(?:(?P<between>[-_.])(?P<month>[0-9]{2})(?P=between)(?P<day>[0-9]{2})"
    r"|[-_](?P<short_month>[0-9]{1,2})[-_](?P<short_day>[0-9]{1,2})"
    r"|(?P<plain_month>[0-9]{2})(?P<plain_day>[0-9]{2}))"
)
# A letter or a mark joins a time to its day; only fourteen digits need none, because twelve are an
# account. After a mark, `2026` and `202609` are rather a year and its month than a time.
_JOINT = r"(?:T|t|[_ -](?!20[1-3][0-9](?:0[1-9]|1[0-2])?(?![0-9]))|(?<=[0-9]{8})(?=[0-9]{6}))"
_CLOCK = (
    r"(?P<hour>[01][0-9]|2[0-3])(?P<mark>[:_.-]?)(?P<minute>[0-5][0-9])"
    r"(?:(?P=mark)(?P<second>[0-5][0-9])(?:[.,][0-9]+)?)?"
)
_ZONE = r"(?:Z|_?(?:UTC|GMT)(?![ _]?[+-][0-9])|(?P<sign>[+-])(?P<east>[01][0-9])[:_.-]?(?P<past>[0-5][0-9])(?![0-9]))"
# A clock of twelve hours is not read: then the day counts, to its end.
_HALF_DAY = r"[ _.-]*[AaPp]\.?[Mm](?![A-Za-z])"
# What says that a clock is in another zone, in a way that is not read: then the time is unknown.
_OTHER_ZONE = (
    r"(?:[ _]?(?:UTC|GMT)[ _]?[+-][0-9]|[ _]?\+[0-9]"
    r"|(?<![Zz])[ _]?-(?:0[0-9]|1[0-2])(?:[:_.-]?[0-5][0-9])?(?![0-9])|[ _.,(\[-]*(?:"
    r"[ECMP][SD]?T|(?:AK|A|N|H)[SD]T|est|edt|cst|cdt|mst|mdt|pst|pdt|BRS?T|ART|CLS?T|COT|PET|VET|BOT"
    r"|UYT|GFT|ECT|BST|CES?T|cest|cet|MES?T|EES?T|WET|IST|IDT|MSK|[JKPS]ST|PKT|SGT|HKT|PHT|WIB"
    r"|A[ECW][SD]T|NZ[SD]T|SAST|WAT|America[:_-][A-Za-z_]+|(?i:local)"
    r"|(?:[A-Za-z.]{1,20}[ _-]){0,4}?(?i:(?:standard|daylight|summer|[a-z]{4,7}ern|central|mountain"
    r"|pacific|local)[ _-]?time))(?![A-Za-z]))"
)
_IN_OTHER_ZONE = re.compile(_OTHER_ZONE)
_HOURS = r"[T _.,-]*(?:at )?[0-9]{1,2}(?:[:_.-]?[0-5][0-9]){0,2}"
_HALF_DAY_IN_OTHER_ZONE = re.compile(f"{_HOURS}{_HALF_DAY}{_OTHER_ZONE}")
_HOURS_IN_OTHER_ZONE = re.compile(f"{_HOURS}(?:{_HALF_DAY})?{_OTHER_ZONE}")
_STAMP = re.compile(rf"{_DAY}(?:{_JOINT}(?>{_CLOCK})(?!{_HALF_DAY}){_ZONE}?)?(?![0-9]|T[0-9])")
_WORDED = (
    re.compile(rf"(?<![0-9])(?P<day>[0-9]{{1,2}}){_BETWEEN}{_MONTH}{_BETWEEN}(?P<year>20[0-9]{{2}})(?![0-9])", re.IGNORECASE),
    re.compile(rf"(?<![A-Za-z]){_MONTH}{_BETWEEN}(?P<day>[0-9]{{1,2}})[-_ .,]+(?P<year>20[0-9]{{2}})(?![0-9])", re.IGNORECASE),
    re.compile(rf"(?<![0-9])(?P<year>20[0-9]{{2}}){_BETWEEN}{_MONTH}{_BETWEEN}(?P<day>[0-9]{{1,2}})(?![0-9])", re.IGNORECASE),
)  # fmt: skip
_UNREAD = (
    (
        r"(?P<one>[0-9]{1,2})[-_.](?P<other>[0-9]{1,2})[-_.](?P<year>20[0-9]{2})",
        "day and month could be exchanged",
    ),
    (
        r"(?P<one>[0-9]{2})(?P<other>[0-9]{2})(?P<year>20[0-9]{2})",
        "day and month could be exchanged",
    ),
    (
        r"(?P<year>20[0-9]{2})[-_.]?(?:Q(?P<quarter>[1-4])|(?:W|Q|KW)[0-9]{1,2})",
        "a week or a quarter is not a day",
    ),
    (
        r"(?:Q(?P<quarter>[1-4])|(?:W|Q|KW)[0-9]{1,2})[-_.]?(?P<year>20[0-9]{2})",
        "a week or a quarter is not a day",
    ),
    (
        r"(?P<year>20[0-9]{2})(?P<mark>[-_.])(?P<month>[0-9]{1,2})(?P=mark)[0-9]{1,2}"
        r"(?:T[0-9:_.-]*[0-9])?",
        "there is no such day or time",
    ),
    (r"(?P<year>20[0-9]{2})[-_.](?P<month>0[1-9]|1[0-2])", "a month is not a day"),
    (r"1[0-9]{9}(?:[0-9]{3})?", "perhaps seconds since 1970"),
)
_UNREAD_PATTERNS = tuple(
    (re.compile(rf"(?<![0-9])(?:{pattern})(?![0-9])", re.IGNORECASE), why)
    for pattern, why in _UNREAD
)
_MONTH_OF_QUARTER = {"": "1", "1": "1", "2": "4", "3": "7", "4": "10"}
# What else may be a date, in a text whose letters are plain and whose marks are single blanks. None is
# read; see is_later. Hours and minutes end before 24, so that a number above begins with a year or a day.
_GUESSES = tuple(
    re.compile(rf"(?<![0-9])(?:{pattern})(?![0-9])")
    for pattern in (
        r"(?P<year>20[0-9]{2}) (?P<one>[0-9]{1,2}) (?P<other>[0-9]{1,2})",
        r"(?P<year>20[0-9]{2})(?P<one>[0-9]{2})(?P<other>[0-9]{2})",
        r"(?P<one>[0-9]{1,2}) (?P<other>[0-9]{1,2}) (?P<year>20[0-9]{2})",
        r"(?P<year>20[0-9]{2})(?P<month>0[1-9]|1[0-2])",
        r"(?<![0-9] )(?P<month>0[1-9]|1[0-2]) ?(?P<year>20[0-9]{2})",
        r"(?P<year>2[4-9]|3[0-9]) ?(?P<one>[0-9]{2}) ?(?P<other>[0-9]{2})",
        r"(?P<one>2[4-9]|3[01]) (?P<other>[0-9]{2}) (?P<year>2[4-9]|3[0-9])",
    )
)
_SHORT_YEAR = re.compile(r"(?<![0-9.])([0-9]{1,2})\.([0-9]{1,2})\.([2-3][0-9])(?![0-9])")
_MONTH_WORDS = (
    "jan(?:uary?|vier)?|enero?", "fe[bv](?:r|ruary?|rero|rier)?", "ma?e?r(?:ch|z|zo|s)?", "a[pbv]r(?:il)?",
    "ma[iy]o?", "jun[ei]?|junio|juin", "jul[yi]?|julio|juil(?:let)?", "aug(?:ust)?|aout|agosto?",
    "sept?(?:ember|embre|iembre)?", "o[ck]t(?:ober|obre|ubre)?", "nov(?:ember|embre|iembre)?",
    "de[cz](?:ember|embre)?|dic(?:iembre)?",
)  # fmt: skip
_PERIOD = re.compile(
    "(?<![a-z])(?:"
    + "|".join(f"(?P<m{number}>{words})" for number, words in enumerate(_MONTH_WORDS, 1))
    + r")(?![a-z])|(?<![a-z])(?:q ?(?P<q>[1-4])|h ?(?P<h>[12])|(?:[ck]?w|week) ?(?P<w>[0-9]{1,2}))(?![0-9a-z])"
    r"|(?<![0-9])(?:(?P<of_q>[1-4])q|(?P<of_h>[12])h)(?![a-z])"
)
_YEAR = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")
# A fiscal year may begin long before the year that it is called by.
_FISCAL = re.compile(r"(?<![A-Za-z])FY[-_ ']{0,2}(?:20)?[0-9]{2}(?![0-9])", re.IGNORECASE)
_YEAR_BEHIND = re.compile(r" ?(?:[0-9]{1,2} )?(2[4-9]|3[0-9])(?![0-9])")
_YEAR_BEFORE = re.compile(r"(?<![0-9])(2[4-9]|3[0-9]) ?\Z")
_SINCE_1970 = re.compile(r"(?<![0-9])(1[0-9]{9})(?:[0-9]{3}){0,3}(?![0-9])")
_MARKS = re.compile(r"[^0-9a-z]+")
_READ = tuple(
    re.compile(rf"{pattern.pattern}(?:{_HOURS}(?![0-9]))?", pattern.flags)
    for pattern in (_STAMP, *_WORDED)
)
# A number may be no date at all: rather not, if it would be so late.
_TWO_YEARS = timedelta(days=731)
_PARTITION = re.compile(r"\A[A-Za-z_]+=")
# How a name is shown with a letter that is not printable.
_WRITTEN_OUT = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
# Windows separates directories by a backslash; one before a number writes out a letter of the name.
_SEPARATOR = re.compile(r"/|\\(?!x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


class Stamp(NamedTuple):
    """When something was made, and what says so."""

    instant: datetime
    origin: str


def steps_of(path: str) -> list[str]:
    """Return the names of the directories in a path as it is shown, and, last, that of the file."""
    return _SEPARATOR.split(path)


def stamps_in_name(name: str) -> set[datetime]:
    """Return every instant that a file's name spells.

    Reads what the console writes (`2018-03-27T03-01-45+00-00`), its parts joined by any mark or by
    none, with a prefix, a browser's ` (1)` or percent-encoding, and days with the month as a word.
    A time without a zone is UTC, a day means its last second. A day that is next to an instant
    of that day adds nothing. A time in a zone that is not read (`EST`, `GMT-5`) lies somewhere
    between two instants, which are both returned: then the name does not say when.
    """
    text = _WRITTEN_OUT.sub("_", unquote(name))
    instants: set[datetime] = set()
    days: set[str] = set()
    days_with_time: set[str] = set()
    for match in _STAMP.finditer(text):
        month = match["month"] or match["short_month"] or match["plain_month"]
        day = match["day"] or match["short_day"] or match["plain_day"]
        date = _to_date(match["year"], month, day)
        elsewhere = _IN_OTHER_ZONE if match["hour"] else _HALF_DAY_IN_OTHER_ZONE
        if not match["sign"] and elsewhere.match(text, match.end()):
            instants |= _ends_of(date)
            continue
        if not match["hour"]:
            days.add(date)
            continue
        zone = f"{match['sign']}{match['east']}:{match['past']}" if match["sign"] else "Z"
        clock = f"{match['hour']}:{match['minute']}:{match['second'] or '00'}"
        instant = parse_instant(f"{date}T{clock}{zone}")
        if instant:
            instants.add(instant)
            days_with_time.add(date)
    for pattern in _WORDED:
        for match in pattern.finditer(text):
            number = _MONTHS.index(match["word"].capitalize()) + 1
            date = _to_date(match["year"], str(number), match["day"])
            if _HOURS_IN_OTHER_ZONE.match(text, match.end()):
                instants |= _ends_of(date)
            else:
                days.add(date)
    ends = map(parse_date, days - days_with_time)
    return instants | {end for end in ends if end}


def _ends_of(date: str) -> set[datetime]:
    """Return two instants between which the whole day lies, wherever on earth it is meant."""
    end = parse_date(date)
    return {end - timedelta(hours=24 + 14), end + timedelta(hours=12)} if end else set()


def _to_date(year: str, month: str, day: str) -> str:
    return f"{year}-{int(month):02}-{int(day):02}"


def unread_date(name: str) -> str:
    """Return what in a file's name looks like a date but is not read as one, and why; or ""."""
    for pattern, why in _UNREAD_PATTERNS:
        match = pattern.search(unquote(name))
        if match:
            return f"`{match[0]}` in the file's name is not read as a date ({why})"
    return ""


def is_later(name: str, stamp: Stamp) -> bool:
    """Whether a name, though it dates no report, names a day more than a day after the stamp.

    It is nearer to the report than what the stamp was taken from, which then says nothing.
    """
    text = _FISCAL.sub("_", _WRITTEN_OUT.sub("_", unquote(name)))
    if any(day - stamp.instant > _A_DAY for day in (*stamps_in_name(name), *_unread_days(text))):
        return True
    return any(
        _A_DAY < day - stamp.instant < _TWO_YEARS for day in _guess_days(text[:_LONGEST_NAME])
    )


def _guess_days(text: str) -> Iterator[datetime]:
    """Yield the first day of whatever else in a text may be a day, a month, a quarter or a week."""
    for pattern in _READ:
        text = pattern.sub(lambda match: "_" if stamps_in_name(match[0]) else match[0], text)
    for match in _SHORT_YEAR.finditer(text):
        yield from _days_of(f"20{match[3]}", (match[1], match[2]), (match[2], match[1]))
    letters = unicodedata.normalize("NFKD", text).lower()
    plain = _MARKS.sub(" ", "".join(each for each in letters if not unicodedata.combining(each)))
    for match in _SINCE_1970.finditer(plain):
        yield datetime.fromtimestamp(int(match[1]), UTC)
    for pattern in _GUESSES:
        for match in pattern.finditer(plain):
            part = match.groupdict("1")
            one, other = part.get("one", "1"), part.get("other", "1")
            if "month" in part:
                dates = [(part["month"], "1")]
            elif match.start("year") == match.start() and int(one) < 13:
                dates = [(one, other)]
            else:
                dates = [(one, other), (other, one)]
            yield from _days_of(f"20{part['year'][-2:]}", *dates)
    years = {*_YEAR.findall(plain)}
    for match in _PERIOD.finditer(plain):
        near = _YEAR_BEHIND.match(plain, match.end()), _YEAR_BEFORE.search(plain[: match.start()])
        for year in (*years, *(f"20{each[1]}" for each in near if each)):
            yield from _first_of_period(year, match)


def _first_of_period(year: str, match: re.Match[str]) -> list[datetime]:
    """Return the first day of a month, a quarter, a half or a week of a year."""
    name, value = next((name, value) for name, value in match.groupdict().items() if value)
    kind, number = name.removeprefix("of_")[0], int(value) if value.isdigit() else int(name[1:])
    if kind == "w":  # however weeks are counted, the first begins a week before the year or later
        return [day + timedelta(weeks=number - 2) for day in _days_of(year, ("1", "1"))]
    month = {"m": 1, "q": 3, "h": 6}[kind] * (number - 1) + 1
    return _days_of(year, (str(month), "1"))


def _days_of(year: str, *dates: tuple[str, str]) -> list[datetime]:
    """Return the days of a year, each given as a month and a day, that there are."""
    days = (parse_date(_to_date(year, month, day)) for month, day in dates)
    return [day for day in days if day]


def _unread_days(
    text: str, patterns: Sequence[tuple[re.Pattern[str], str]] = _UNREAD_PATTERNS
) -> list[datetime]:
    """Return the days that each date in a text may mean, of a month or the like the first, if it is not read."""
    found = []
    for pattern, _ in patterns:
        for match in pattern.finditer(text):
            part = match.groupdict("")
            year, one, other = (part.get(name, "") for name in ("year", "one", "other"))
            month = part.get("month") or _MONTH_OF_QUARTER[part.get("quarter", "")]
            dates = [(one, other), (other, one)] if one else [(month, "1")]
            found += _days_of(year, *dates) if year else []
    return found


def stamp_of_folder(parts: Sequence[str]) -> Stamp | None:
    """Return when the reports in a directory were made: the nearest one whose whole name is a date.

    `parts` are the names of the directories, the innermost last: `2026-09-30`, `dt=20260930`, or
    three of them as in `2026/09/30` and `year=2026/month=09/day=30`. None, too, where a nearer one
    has a later date among other words, or a later one that is not read.
    """
    plain = [_PARTITION.sub("", part) for part in parts]
    for end in range(len(plain), 0, -1):
        for count in (1, 3):
            name = "-".join(plain[end - count : end]) if end >= count else ""
            if re.fullmatch(_WHOLE[count], name):
                found = stamps_in_name(name)
                if len(found) == 1:
                    stamp = Stamp(found.pop(), _FOLDER)
                    return None if any(is_later(part, stamp) for part in parts[end:]) else stamp
    return None


_WHOLE = {
    1: re.compile(r"20[0-9]{2}[-_.]?[0-9]{2}[-_.]?[0-9]{2}(?:[T _-]?[0-9].*)?"),
    3: re.compile(r"20[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}"),
}


def stamp_of_archive(name: str) -> Stamp | None:
    """Return when the reports in an archive were made, where its name has one date."""
    found = stamps_in_name(name)
    return Stamp(found.pop(), _ARCHIVE) if len(found) == 1 else None


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
    unread_time = generated_time[:_LONGEST_TIME].replace("/", "-")
    if len(stamps) == 1:
        stamp = stamps.pop()
        if is_later(unread_time, Stamp(stamp, _FILE)):
            return None, "", notices
        if any(day - stamp > _A_DAY for day in _unread_days(own_name, _UNREAD_PATTERNS[:2])):
            return None, "", [*notices, Notice(name, 0, "several-stamps", _SEVERAL)]
        return stamp, _FILE, notices + _far_from_place(name, stamp, place_stamp)
    if stamps:
        notices.append(Notice(name, 0, "several-stamps", _SEVERAL))
        return None, "", notices
    if place_stamp and not any(is_later(each, place_stamp) for each in (unread_time, own_name)):
        return *place_stamp, notices
    unread = unread_date(own_name)
    if unread:
        notices.append(Notice(name, 0, "unread-date", unread))
    elif place_stamp and not generated_time:
        message = f"the file's name may have a later date than the {place_stamp.origin}, which was not used"
        notices.append(Notice(name, 0, "unread-date", message))
    return None, "", notices


def _far_from_place(name: str, stamp: datetime, place_stamp: Stamp | None) -> list[Notice]:
    """Warn where a report's directory or archive is called by a day that is far from its own."""
    if place_stamp is None or abs(stamp - place_stamp.instant) <= _A_WEEK:
        return []
    message = (
        f"{format_instant(stamp)}, when the report was made, is more than a week away from the "
        f"{place_stamp.origin}, {format_instant(place_stamp.instant)}, which was not used"
    )
    return [Notice(name, 0, "two-stamps", message)]
