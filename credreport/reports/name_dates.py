"""The dates that a name spells, and what in it looks like a date but is not read as one.

Nothing is guessed: a date whose day and month could be exchanged is named, not read.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import unquote

from credreport.instants import parse_date, parse_instant

_MONTHS = [
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("Sept(?:ember)?", "October", "November", "December"),
]
# A whole word: `Marketing-12-2026` has no day of March.
_MONTH = rf"(?:{'|'.join(f'(?P<m{number}>{word[:3]}(?:{word[3:]})?)' for number, word in enumerate(_MONTHS, 1))})(?![a-z])"
_BETWEEN = "[-_ .,]*"
_DAY = (
    r"(?<![0-9])(?P<year>20[0-9]{2})"
    r"(?:(?P<between>[-_.])(?P<month>[0-9]{2})(?P=between)(?P<day>[0-9]{2})"
    r"|(?P<joint>[-_])(?!0[0-9][-_][0-9](?![0-9]))(?P<short_month>[0-9]{1,2})"
    r"(?:(?P=joint)|[-_](?=[0-9]{2}))(?P<short_day>[0-9]{1,2})"
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
# After a mark, `2026` is rather a year.
HOURS = (
    r"[T _.,-]*(?:at )?(?!20[1-3][0-9](?![0-9]))"
    r"(?:[01]?[0-9]|2[0-4])(?:(?P<tick>[:_.-]?)[0-5][0-9](?:(?P=tick)[0-5][0-9])?)?"
)
_HALF_DAY_IN_OTHER_ZONE = re.compile(f"{HOURS}{_HALF_DAY}{_OTHER_ZONE}")
_HOURS_IN_OTHER_ZONE = re.compile(f"{HOURS}(?:{_HALF_DAY})?{_OTHER_ZONE}")
_STAMP = re.compile(rf"{_DAY}(?:{_JOINT}(?>{_CLOCK})(?!{_HALF_DAY}){_ZONE}?)?(?![0-9]|T[0-9])")
_WORDED = (
    re.compile(rf"(?<![0-9])(?P<day>[0-9]{{1,2}}){_BETWEEN}{_MONTH}{_BETWEEN}(?P<year>20[0-9]{{2}})(?![0-9])", re.IGNORECASE),
    re.compile(rf"(?<![A-Za-z]){_MONTH}{_BETWEEN}(?P<day>[0-9]{{1,2}})[-_ .,]+(?P<year>20[0-9]{{2}})(?![0-9])", re.IGNORECASE),
    re.compile(rf"(?<![0-9])(?P<year>20[0-9]{{2}}){_BETWEEN}{_MONTH}{_BETWEEN}(?P<day>[0-9]{{1,2}})(?![0-9])", re.IGNORECASE),
)  # fmt: skip
STAMPS = (_STAMP, *_WORDED)
_UNREAD_FORMS = (
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
        r"(?P<year>20[0-9]{2})[-_](?P<month>0[1-9]|1[0-2])[-_][0-9]",
        "perhaps a month and the number of a copy",
    ),
    (
        r"(?P<year>20[0-9]{2})(?P<mark>[-_.])(?P<month>[0-9]{1,2})(?P=mark)[0-9]{1,2}"
        r"(?:T[0-9:_.-]*[0-9])?",
        "there is no such day or time",
    ),
    (r"(?P<year>20[0-9]{2})[-_.](?P<month>0[1-9]|1[0-2])", "a month is not a day"),
    (r"1[0-9]{9}(?:[0-9]{3})?", "perhaps seconds since 1970"),
)
UNREAD = tuple(
    (re.compile(rf"(?<![0-9])(?:{pattern})(?![0-9])", re.IGNORECASE), why)
    for pattern, why in _UNREAD_FORMS
)
# How a name is shown with a letter that is not printable.
WRITTEN_OUT = r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})"


def plain_name(name: str) -> str:
    """Return a name as it is read: percent-encoding undone, no letter of it written out."""
    return re.sub(WRITTEN_OUT, "_", unquote(name))


def stamps_in_name(name: str) -> set[datetime]:
    """Return every instant that a file's name spells.

    Reads what the console writes (`2018-03-27T03-01-45+00-00`), its parts joined by any mark or by
    none, with a prefix, a browser's ` (1)` or percent-encoding, and days with the month as a word.
    A time without a zone is UTC, a day means its last second. A day that is next to an instant
    of that day adds nothing. A time in a zone that is not read (`EST`, `GMT-5`) lies somewhere
    between two instants, which are both returned: then the name does not say when.
    """
    text = plain_name(name)
    instants: set[datetime] = set()
    days: set[str] = set()
    days_with_time: set[str] = set()
    for match in _STAMP.finditer(text):
        month = match["month"] or match["short_month"] or match["plain_month"]
        day = match["day"] or match["short_day"] or match["plain_day"]
        date = to_date(match["year"], month, day)
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
            month = next(number for number, _ in enumerate(_MONTHS, 1) if match[f"m{number}"])
            date = to_date(match["year"], str(month), match["day"])
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


def to_date(year: str, month: str, day: str) -> str:
    """Return a day as `parse_date` reads it."""
    return f"{year}-{int(month):02}-{int(day):02}"


def unread_date(name: str) -> str:
    """Return what in a file's name looks like a date but is not read as one, and why; or ""."""
    for pattern, why in UNREAD:
        match = pattern.search(unquote(name))
        if match:
            return f"`{match[0]}` in the file's name is not read as a date ({why})"
    return ""
