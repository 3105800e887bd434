"""Whether a name without a supported date may still contain a later one, however written.

Nothing is read here: where it may, nothing farther away dates the report either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from credreport.instants import parse_date
from credreport.reports.name_dates import HOURS, STAMPS, UNREAD, plain_name, stamps_in_name, to_date

_LONGEST_NAME = 1_000  # letters: a member of an archive may have any name
_A_DAY = timedelta(days=1)
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
        # Behind another word it would rather be the number of a ticket.
        r"(?:\A|reports? )(?P<year>20[0-9]{2}) (?P<one>[0-9]{2})(?P<other>[0-9]{2})",
        r"(?:\A|reports? )(?P<year>20[0-9]{2}) ?(?P<ordinal>[0-2][0-9]{2}|3[0-6][0-9])",
    )
)
_SHORT_YEAR = re.compile(r"(?<![0-9.])([0-9]{1,2})\.([0-9]{1,2})\.([2-3][0-9])(?![0-9])")
# The end of a period is often written without its year: `2026-07-01 to 09-30`.
_END_OF_PERIOD = re.compile(
    r"(?<![0-9])(20[0-9]{2})[-_.][0-9]{1,2}[-_.][0-9]{1,2}(?: - |[ _]?(?:to|bis|until|till|thru|through|au|al|tot)[ _]?)"
    r"([0-9]{1,2})[-_.]([0-9]{1,2})(?![0-9]|[-_.:][0-9])",
    re.IGNORECASE,
)
_MONTH_WORDS = (
    "jan(?:uar[iy]?|vier|eiro)?|enero?|gennaio", "fe[bv](?:r|ruar[iy]?|rero|rier|braio|ereiro)?", "ma?e?r(?:ch|co|z|zo|ts?|s)?|maart",
    "a[pbv]r(?:ile?)?", "ma[iyj]o?|mei|maggio", "jun[ei]?|jun[ih]o|juin|giu(?:gno)?", "jul[yi]?|jul[ih]o|juil(?:let)?|lug(?:lio)?",
    "aug(?:ust(?:us|i)?)?|aout|agosto?", "sept?(?:ember|embre|iembre)?|sett?embr[eo]", "o[ck]t(?:ober|obre|ubre)?|ott(?:obre)?|outubro",
    "nov(?:ember|embr[eo]|iembre)?", "de[cz](?:ember|embr[eo])?|dic(?:iembre|embre)?",
)  # fmt: skip
_PERIOD = re.compile(
    "(?<![a-z])(?:"
    + "|".join(f"(?P<m{number}>{words})" for number, words in enumerate(_MONTH_WORDS, 1))
    + r")(?![a-z])|(?<![a-z])(?:q ?(?P<q>[1-4])|h ?(?P<h>[12])|(?:[ck]?w|week) ?(?P<w>[0-9]{1,2}))(?![0-9a-z])"
    r"|(?<![0-9])(?:(?P<of_q>[1-4])q|(?P<of_h>[12])h)(?![a-z])"
)
# Without a year, `dec.csv` and `2h.csv` are rather something else, and `30.09` in a longer word is no day.
_WHOLE = re.compile("[a-z]{4}|[a-z]+ ?[0-9]")
_DAY_APART = re.compile(
    r"(?:\A| )[0-9]{1,2}(?:st|nd|rd|th)? ?\|(?: |\Z)|(?:\A| )\| ?[0-9]{1,2}(?:st|nd|rd|th)?(?: |\Z)"
)
_DAY_ALONE = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][-._])([0-3][0-9])[-._]([0-3][0-9])(?![0-9A-Za-z]|[-._][0-9])"
)
# The day of a month that is written as a word, on either side of it.
_DAY_BEHIND = re.compile(r" ?([0-9]{1,2})(?![0-9])")
_DAY_BEFORE = re.compile(r"(?<![0-9])([0-9]{1,2})(?:st|nd|rd|th|er)?(?: de)? ?\Z")
_YEAR = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")
# A fiscal year may begin long before the year that it is called by.
_FISCAL = re.compile(r"(?<![A-Za-z])FY[-_ ']{0,2}(?:20)?[0-9]{2}(?![0-9])", re.IGNORECASE)
_YEAR_BEHIND = re.compile(r" ?(?:[0-9]{1,2} )?(2[4-9]|3[0-9])(?![0-9])")
_YEAR_BEFORE = re.compile(r"(?<![0-9])(2[4-9]|3[0-9]) ?\Z")
_SINCE_1970 = re.compile(r"(?<![0-9])(1[0-9]{9})(?:[0-9]{3}){0,3}(?![0-9])")
_MARKS = re.compile(r"[^0-9a-z]+")
_READ = tuple(
    re.compile(rf"{pattern.pattern}(?:{HOURS}(?![0-9]|[-_ .]20[0-9]{{2}}))?", pattern.flags)
    for pattern in STAMPS
)
# A number may be no date at all: rather not, if it would be so late.
_TWO_YEARS = timedelta(days=731)


def is_later(name: str, instant: datetime) -> bool:
    """Whether a name, though it dates no report, names a day more than a day after the instant.

    It is nearer to the report than what the instant was taken from, which then says nothing.
    """
    text, stamps = _FISCAL.sub("_", plain_name(name)), stamps_in_name(name)
    if any(day - instant > _A_DAY for day in (*stamps, *unread_days(text))):
        return True
    year = "" if stamps or text != plain_name(name) else str(instant.year)
    guesses = _guess_days(text[:_LONGEST_NAME], year)
    return any(_A_DAY < day - instant < _TWO_YEARS for day in guesses)


def has_any_date(name: str) -> bool:
    """Whether a name has a day, a month, a quarter or the like, read or not."""
    text = plain_name(name)[:_LONGEST_NAME]
    return bool(stamps_in_name(name) or unread_days(text) or next(_guess_days(text), None))


def _guess_days(text: str, year_of_none: str = "") -> Iterator[datetime]:
    """Yield the first day of whatever else in a text may be a day, a month, a quarter or a week.

    `year_of_none`: that of a whole word for a month, a quarter or a week in a text without a year.
    """
    for match in _END_OF_PERIOD.finditer(text):
        yield from _days_of(match[1], (match[2], match[3]), (match[3], match[2]))
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
            if "ordinal" in part:
                days = timedelta(days=int(part["ordinal"]) - 1)
                yield from (day + days for day in _days_of(part["year"], ("1", "1")))
                continue
            one, other = part.get("one", "1"), part.get("other", "1")
            if "month" in part:
                dates = [(part["month"], "1")]
            elif match.start("year") == match.start() and int(one) < 13:
                dates = [(one, other)]
            else:
                dates = [(one, other), (other, one)]
            yield from _days_of(f"20{part['year'][-2:]}", *dates)
    years = {*_YEAR.findall(plain)}
    if year_of_none and not years:
        for match in _DAY_ALONE.finditer(text):
            yield from _days_of(year_of_none, (match[1], match[2]), (match[2], match[1]))
    for match in _PERIOD.finditer(plain):
        before = plain[: match.start()]
        near = _YEAR_BEHIND.match(plain, match.end()), _YEAR_BEFORE.search(before)
        beside = _DAY_BEHIND.match(plain, match.end()), _DAY_BEFORE.search(before)
        is_whole = _WHOLE.match(match[0]) or _DAY_APART.search(f"{before}|{plain[match.end() :]}")
        own = years or ({year_of_none} if year_of_none and is_whole else set())
        for year in (*own, *(f"20{each[1]}" for each in near if each)):
            yield from _days_of_period(year, match, [each[1] for each in beside if each])


def _days_of_period(year: str, match: re.Match[str], days: list[str]) -> list[datetime]:
    """Return the first day of a month, a quarter, a half or a week of a year; of a month `days` too."""
    name, value = next((name, value) for name, value in match.groupdict().items() if value)
    kind, number = name.removeprefix("of_")[0], int(value) if value.isdigit() else int(name[1:])
    if kind == "w":  # however weeks are counted, the first begins a week before the year or later
        return [day + timedelta(weeks=number - 2) for day in _days_of(year, ("1", "1"))]
    month = {"m": 1, "q": 3, "h": 6}[kind] * (number - 1) + 1
    return _days_of(year, *((str(month), day) for day in ("1", *(days if kind == "m" else ()))))


def _days_of(year: str, *dates: tuple[str, str]) -> list[datetime]:
    """Return the days of a year, each given as a month and a day, that there are."""
    days = (parse_date(to_date(year, month, day)) for month, day in dates)
    return [day for day in days if day]


def unread_days(text: str) -> list[datetime]:
    """Return the days that each date in a text may mean, of a month or the like the first, if it is not read."""
    found = []
    for pattern, _ in UNREAD:
        for match in pattern.finditer(text):
            part = match.groupdict("")
            year, one, other = (part.get(name, "") for name in ("year", "one", "other"))
            month = part.get("month") or _MONTH_OF_QUARTER[part.get("quarter", "")]
            dates = [(one, other), (other, one)] if one else [(month, "1")]
            found += _days_of(year, *dates) if year else []
    return found
