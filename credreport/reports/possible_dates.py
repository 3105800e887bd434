"""Whether a name without a supported date may still contain a later one, however written.

Nothing is read here: where it may, nothing farther away dates the report either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from credreport.instants import parse_date
from credreport.reports.name_dates import HOURS, STAMPS, UNREAD, plain_name, stamps_in_name, to_date

_LONGEST_NAME = 1_000  # letters: a member of an archive may have any name
_KEPT = 1_024  # names: members of an archive share most of their directories
_A_DAY = timedelta(days=1)
_PAST_TOLERANCE = 2 * _A_DAY
# What lasts a month or longer is not over within the day that is tolerated.
_SECOND = "2"
_MONTH_OF_QUARTER = {"": "", "1": "1", "2": "4", "3": "7", "4": "10"}
# What else may be a date, in a text whose letters are plain and whose marks are single blanks. None is
# read; see is_later. Hours and minutes end before 24, so that a number above begins with a year or a day.
_GUESSES = tuple(
    re.compile(rf"(?<![0-9])(?:{pattern})(?![0-9])")
    for pattern in (
        r"(?P<year>20[0-9]{2}) (?P<one>[0-9]{1,2}) (?P<other>[0-9]{1,2})",
        r"(?P<year>20[0-9]{2})(?P<one>[0-9]{2})(?P<other>[0-9]{2})(?:[0-2][0-9][0-5][0-9])?",
        r"(?P<one>[0-9]{1,2}) (?P<other>[0-9]{1,2}) (?P<year>20[0-9]{2})",
        r"(?P<year>20[0-9]{2})m?(?P<month>0[1-9]|1[0-2])",
        r"(?P<year>20[0-9]{2}) m?(?P<month>0[1-9]|1[0-2])(?! [0-9]{1,2}(?![0-9]))",
        r"(?<![0-9] )(?P<month>0[1-9]|1[0-2]) ?(?P<year>20[0-9]{2})",
        r"(?P<year>2[4-9]|3[0-9]) ?(?P<one>[0-9]{2}) ?(?P<other>[0-9]{2})",
        r"(?<![0-9] )(?P<one>[0-9]{1,2}) (?P<other>[0-9]{1,2}) (?P<year>2[4-9]|3[0-9])(?! [0-9])",
        # Behind another word it would rather be the number of a ticket.
        r"(?:\A|reports? )(?P<year>20[0-9]{2}) (?P<month>[1-9])(?! [0-9]{1,2}(?![0-9]))",
        r"(?:\A|reports? )(?P<month>[1-9]) (?P<year>20[0-9]{2})",
        r"(?P<year>20[0-9]{2})[0-9]{2} (?P<month>0[1-9]|1[0-2])",
        r"(?:\A|reports? )(?P<year>20[0-9]{2}) (?P<one>[0-9]{2})(?P<other>[0-9]{2})",
        r"(?:\A|reports? )(?P<year>20[0-9]{2}) ?(?P<ordinal>[0-2][0-9]{2}|3[0-6][0-9])",
    )
)
_SHORT_YEAR = re.compile(r"(?<![0-9.])([0-9]{1,2})\.([0-9]{1,2})\.([2-3][0-9])(?![0-9])")
_TO = "(?:to|bis|until|till|thru|through|au|al|tot)"
# The end of a period is often written without its year: `2026-07-01 to 09-30`, or without its month.
_END_OF_PERIOD = re.compile(
    r"(?<![0-9])(?P<year>20[0-9]{2})(?P<mark>[-_.]?)(?P<month>[0-9]{1,2})(?P=mark)[0-9]{1,2}"
    r"(?:(?: - | ?[\u2013\u2014~] ?|--|\.\.)(?P<one>[0-9]{1,2})[-_.](?P<other>[0-9]{1,2})"
    rf"|[-_ ]?{_TO}[-_ ]?(?P<first>[0-9]{{1,2}})(?:[-_.]?(?P<second>[0-9]{{1,2}}))?)(?![0-9]|[-_.:][0-9])",
    re.IGNORECASE,
)
# A report is made after what its name calls the beginning.
_BEGINNING = re.compile(
    r"(?<![a-z])(?:since|seit|depuis|desde|start(?:s|ed|ing)?|begin(?:s|ning)?|request(?:ed)?|kick[-_ ]?off)"
    r"(?:[-_ .:(]|on|at|of|from|vom|am){0,8}\Z",
    re.IGNORECASE,
)
_AFTERWARDS = re.compile(
    r"(?<![a-z])(?:follow[-_ ]?up|re-?(?:test|check|audit)|after|post)(?![a-z])"
)
# Besides months, seasons and what is called by the end of a year.
_MONTH_WORDS = (
    "jan(?:uar[iy]?|v(?:ier)?|eiro)?|ene(?:ro)?|gen(?:naio)?", "fe[bv](?:r|ruar[iy]?|rero|rier|braio|ereiro)?", "ma?e?r(?:ch|co|z|zo|ts?|s)?|maart|spring|printemps|fruh(?:ling|jahr)|primavera",
    "a[pbv]r(?:ile?)?", "ma[iyj]o?|mei|maggio", "jun[ei]?|jun[ih]o|juin|giu(?:gno)?|summer|sommer|verano", "jul[yi]?|jul[ih]o|juil(?:let)?|lug(?:lio)?",
    "aug(?:ust(?:us|i)?)?|aout|ago(?:sto)?", "sept?(?:ember|embre|iembre)?|sett?embr[eo]|sett|fall|autumn|herbst|automne|otono|autunno|outono", "o[ck]t(?:ober|obre|ubre)?|ott(?:obre)?|outubro",
    "nov(?:ember|embr[eo]|iembre)?", "de[cz](?:ember|embr[eo])?|dic(?:iembre|embre)?|desember|winter|hiver|invi?erno|year ?end|ye|eoy|jahresende",
)  # fmt: skip
_NUMBERS = {
    "first": "1", "second": "2", "third": "3", "fourth": "4",
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12",
}  # fmt: skip
_NUMBER = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(_NUMBERS)})(?![a-z0-9])")
# Where a word begins within another one: `ReportDec2026`, `reportdec2026`, `Q42026`, `Q4CY26`.
_WORD_WITHIN = re.compile(
    "(?<=[a-z])(?=[A-Z][a-z0-9])|(?<=[A-Z0-9])(?=[A-Z][a-z])|(?<=[QHqh][1-4])(?=20[0-9]{2}(?![0-9]))"
    "|(?<![A-Za-z])CY(?=[0-9])|(?<=[a-z])(?=(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
    "|q[1-4]|h[12])[-_. ]?20[0-9]{2}(?![0-9]))"
)
_QUARTER = "q(?:tr|uarter|uartal)|kwartaal|trimest(?:re|er)"
_HALF = "h(?:y|j|alf|albjahr)|semest(?:re|er)"
_WEEK = "[ck]?w|wk|s(?=[0-9]{2})|week|(?:kalender)?woche|semaine|semana|settimana"
_PERIOD = re.compile(
    "(?<![a-z])(?:"
    + "|".join(f"(?P<m{number}>{words})" for number, words in enumerate(_MONTH_WORDS, 1))
    + rf")(?![a-z])|(?<![a-z])(?:(?:[qt]|{_QUARTER}) ?0?(?P<q>[1-4])|(?:[hs]|{_HALF}) ?(?P<h>[12])|(?:{_WEEK}) ?(?P<w>[0-9]{{1,2}}))(?![0-9a-z])"
    rf"|(?<![0-9])(?:(?P<of_q>[1-4])(?:[qt]|(?:[a-z]{{1,3}})? ?(?:{_QUARTER}))"
    rf"|(?P<of_h>[12])(?:[hs]|(?:[a-z]{{1,3}})? ?(?:{_HALF})))(?![a-z])"
)
# Without a year, but for a whole name, `dec.csv`, `2h.csv` and `t3.csv` are rather something else, and `30.09` in a longer word is no day.
_WHOLE = re.compile(r"[a-z]{4}|\A(?![ts])[a-z]+ ?[0-9]")
_END = re.compile(rf" {_TO} \Z")
_DAY_APART = re.compile(
    r"(?:\A| )[0-9]{1,2}(?:st|nd|rd|th)? ?\|(?: |\Z)|(?:\A| )\| ?[0-9]{1,2}(?:st|nd|rd|th)?(?: |\Z)"
)
_DAY_ALONE = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][-._])([0-3][0-9])[-._]([0-3][0-9])(?![0-9A-Za-z]|[-._][0-9])"
)
# The day of a month that is written as a word, on either side of it.
_DAY_BEHIND = re.compile(r" ?([0-9]{1,2})(?![0-9])")
_DAY_BEFORE = re.compile(r"(?<![0-9])([0-9]{1,2})(?:st|nd|rd|th|er)?(?: de)? ?\Z")
# What follows a day: another number and a year, or the year alone.
_REST_OF_DATE = re.compile(
    r"[-_. ]+(?:(?P<number>[0-9]{1,2})[-_. ]+)?(?P<year>(?:20)?[0-9]{2})(?![0-9]|[-_.:][0-9])"
)
_YEAR = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")
_ACCOUNT = re.compile(
    r"(?<![0-9])(?!20[0-9]{2}(?:0[1-9]|1[0-2]))(?:[0-9]{12}|[0-9]{4}-[0-9]{4}-[0-9]{4})(?![0-9])"
)
# A fiscal year may begin long before the year that it is called by.
_FISCAL = re.compile(r"(?<![A-Za-z])FY[-_ ']{0,2}(?:20)?[0-9]{2}(?![0-9])", re.IGNORECASE)
_YEAR_BEHIND = re.compile(r" ?(?:[0-9]{1,2} )?(2[4-9]|3[0-9])(?![0-9])")
_YEAR_BEFORE = re.compile(r"(?<![0-9])(2[4-9]|3[0-9]) ?\Z")
_SINCE_1970 = re.compile(r"(?<![0-9])(1[0-9]{9})(?:[0-9]{3}){0,3}(?![0-9])")
_MARKS = re.compile(r"[^0-9a-z]+")
_READ = tuple(
    re.compile(
        rf"{pattern.pattern}(?:{HOURS}(?![0-9]|[QHqh][-_ .]?[0-9]|(?:[-_ .][0-9]{{1,2}})?[-_ .]20[0-9]{{2}}))?",
        pattern.flags,
    )
    for pattern in STAMPS
)
# A number may be no date at all: rather not, if it would be so late.
_TWO_YEARS = timedelta(days=731)
# A month without its year may be one of the next year, if that is near.
_A_QUARTER = timedelta(days=93)


@lru_cache(maxsize=_KEPT)
def is_later(name: str, instant: datetime) -> bool:
    """Whether a name, though it dates no report, names a day more than a day after the instant.

    It is nearer to the report than what the instant was taken from, which then says nothing.
    """
    if _YEAR.fullmatch(name) and int(name) > instant.year:
        return True
    text, stamps = _FISCAL.sub("_", plain_name(name)), stamps_in_name(name)
    if any(day - instant > _A_DAY for day in (*stamps, *unread_days(text))):
        return True
    text = _ACCOUNT.sub("account", text)
    near = None if _FISCAL.search(plain_name(name)) else max(stamps, default=instant)
    guesses = _guess_days(text[:_LONGEST_NAME], near, is_dated=bool(stamps))
    return any(_A_DAY < day - instant < _TWO_YEARS for day in guesses)


@lru_cache(maxsize=_KEPT)
def has_any_date(name: str) -> bool:
    """Whether a name has a day, a month, a quarter or the like, read or not."""
    text = plain_name(name)[:_LONGEST_NAME]
    return bool(stamps_in_name(name) or unread_days(text) or next(_guess_days(text), None))


def _guess_days(
    text: str, near: datetime | None = None, *, is_dated: bool = False
) -> Iterator[datetime]:
    """Yield the first days of whatever else in a text may be a day, a month, a quarter or a week.

    `near`: when a whole word for a month, a quarter or a week is, in a text without a year. In one
    with a date (`is_dated`), a month is.
    """
    yield from _ends_of_periods(text)
    yield from _after_beginnings(text)
    yield from _days_across(text)
    for pattern in _READ:
        text = _without_dates(pattern, text)
    yield from _days_with_short_years(text)
    letters = unicodedata.normalize("NFKD", text)
    letters = "".join(each for each in letters if not unicodedata.combining(each))
    letters = _WORD_WITHIN.sub(" ", letters).lower()
    if near and not is_dated and _AFTERWARDS.search(letters):
        yield near + _PAST_TOLERANCE
    plain = _NUMBER.sub(lambda match: _NUMBERS[match[0]], _MARKS.sub(" ", letters))
    yield from _days_in_numbers(plain)
    years = {*_YEAR.findall(plain)}
    near = None if years else near
    if near and not is_dated:
        yield from _days_alone(text, near)
    for match in _PERIOD.finditer(plain):
        yield from _days_of_period(plain, match, years, near, is_dated=is_dated)


def _ends_of_periods(text: str) -> Iterator[datetime]:
    for match in _END_OF_PERIOD.finditer(text):
        part = match.groupdict()
        one, other = part["one"] or part["first"], part["other"] or part["second"]
        dates = [(one, other), (other, one)] if other else [(part["month"], one)]
        yield from _days_of(part["year"], *dates)


def _after_beginnings(text: str) -> Iterator[datetime]:
    for pattern in STAMPS:
        for match in pattern.finditer(text):
            if _BEGINNING.search(text[: match.start()]):
                yield from (day + _PAST_TOLERANCE for day in stamps_in_name(match[0]))


def _days_across(text: str) -> Iterator[datetime]:
    """Yield the days that begin within a date that is read, or end in one: `2025-12_01-15-2026`."""
    for pattern in STAMPS:
        for match in pattern.finditer(text):
            part = match.groupdict()
            day = None if part.get("hour") else min(stamps_in_name(match[0]), default=None)
            if day is None:
                continue
            behind = _REST_OF_DATE.match(text, match.end())
            if behind and behind["number"]:
                number, own = behind["number"], str(day.day)
                yield from _days_of(f"20{behind['year'][-2:]}", (own, number), (number, own))
            elif behind and len(behind["year"]) == 4:
                yield from _days_of(behind["year"], (str(day.month), str(day.day)))
            before = _DAY_BEFORE.search(text[: match.start()].rstrip("-_., "))
            if before and text[match.start()].isalpha():
                yield from _days_of(f"20{day.day:02}", (str(day.month), before[1]))


def _days_with_short_years(text: str) -> Iterator[datetime]:
    for match in _SHORT_YEAR.finditer(text):
        yield from _days_of(f"20{match[3]}", (match[1], match[2]), (match[2], match[1]))


def _days_in_numbers(plain: str) -> Iterator[datetime]:
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
                dates = [(part["month"], _SECOND)]
            elif match.start("year") == match.start() and int(one) < 13:
                dates = [(one, other)]
            else:
                dates = [(one, other), (other, one)]
            yield from _days_of(f"20{part['year'][-2:]}", *dates)


def _days_alone(text: str, near: datetime) -> Iterator[datetime]:
    """Yield the days that have no year (`30.09`)."""
    for match in _DAY_ALONE.finditer(text):
        for year in (near.year, near.year + 1):
            found = _days_of(str(year), (match[1], match[2]), (match[2], match[1]))
            yield from (day for day in found if _is_about(day, near))


def _days_of_period(
    plain: str, match: re.Match[str], years: set[str], near: datetime | None, *, is_dated: bool
) -> Iterator[datetime]:
    """Yield the first days of a month, a quarter, a half or a week, and what else it may begin with."""
    before, behind = plain[: match.start()], plain[match.end() :]
    short_years = _YEAR_BEHIND.match(behind), _YEAR_BEFORE.search(before)
    numbers = _DAY_BEHIND.match(behind), _DAY_BEFORE.search(before)
    days_beside = [each[1] for each in numbers if each]
    for year in (*years, *(f"20{each[1]}" for each in short_years if each)):
        yield from _first_days(year, match, days_beside)
    is_month = (match.lastgroup or "").startswith("m")
    is_whole = (
        (is_month and match[0] == plain.strip())
        or _WHOLE.search(match[0])
        or _END.search(before)
        or _DAY_APART.search(f"{before}|{behind}")
    )
    if near and is_whole and (is_month or not is_dated):
        for number in (near.year, near.year + 1):
            found = _first_days(str(number), match, days_beside)
            yield from (day for day in found if _is_about(day, near))


def _without_dates(pattern: re.Pattern[str], text: str) -> str:
    """Return a text without the dates in it that are read."""
    return pattern.sub(lambda match: "_" if stamps_in_name(match[0]) else match[0], text)


def _is_about(day: datetime, near: datetime) -> bool:
    """Whether a day without a year may be of the year of an instant, or soon in the next one."""
    return day.year == near.year or day - near < _A_QUARTER


def _first_days(year: str, match: re.Match[str], days: list[str]) -> list[datetime]:
    """Return the first day of a month, a quarter, a half or a week of a year; of a month `days` too."""
    name, value = next((name, value) for name, value in match.groupdict().items() if value)
    kind, number = name.removeprefix("of_")[0], int(value) if value.isdigit() else int(name[1:])
    if kind == "w":  # however weeks are counted, the first begins a week before the year or later
        return [day + timedelta(weeks=number - 2) for day in _days_of(year, ("1", "1"))]
    month = {"m": 1, "q": 3, "h": 6}[kind] * (number - 1) + 1
    return _days_of(year, *((str(month), day) for day in (_SECOND, *(days if kind == "m" else ()))))


def _days_of(year: str, *dates: tuple[str, str]) -> list[datetime]:
    """Return the days of a year, each given as a month and a day, that there are."""
    days = (parse_date(to_date(year, month, day)) for month, day in dates)
    return [day for day in days if day]


def unread_days(text: str) -> list[datetime]:
    """Return the days that each date in a text may mean, of a month or the like the first, if it is not read."""
    found = []
    for pattern in STAMPS:
        text = _without_dates(pattern, text)
    for pattern, _ in UNREAD:
        for match in pattern.finditer(text):
            part = match.groupdict("")
            year, one, other = (part.get(name, "") for name in ("year", "one", "other"))
            month = part.get("month") or _MONTH_OF_QUARTER[part.get("quarter", "")]
            # Of a week, only the year counts here.
            dates = (
                [(one, other), (other, one)] if one else [(month, _SECOND) if month else ("1", "1")]
            )
            found += _days_of(year, *dates) if year else []
    return found
