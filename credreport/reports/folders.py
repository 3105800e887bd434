"""The accounts that paths name, and directories called by one or by a date in which no report was found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from credreport.reports.name_dates import stamps_in_name
from credreport.reports.stamp import is_called_by_a_time, part_steps, steps_of

# Twelve digits, or three groups of four; not part of a UUID, a longer number in groups or a version.
_MARK = r"[-_.,+~ \u2010-\u2015\u2212]{1,3}"
_ACCOUNT = re.compile(
    r"(?<![0-9])(?<![0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-)"
    rf"(?:[0-9]{{12}}|(?<![0-9]\.)[0-9]{{4}}(?P<mark>{_MARK})[0-9]{{4}}(?:(?P=mark)[0-9]{{4}})+)"
    r"(?![0-9]|-[0-9a-fA-F]{12})"
)
_BESIDE_YEAR = re.compile("([0-9]{12})20[0-4][0-9]|20[0-4][0-9]([0-9]{12})")
# What else is written as twelve digits: the number of a ticket (`INC000012345678`), a day and a minute in
# any order, and two years in a row.
_TICKET = re.compile(r"[A-Za-z]{3}000[0-9]{9}")
_TIME_OF_DAY = re.compile(
    r"(?:[0-3][0-9]){2}20[2-3][0-9][0-2][0-9][0-5][0-9]|20[0-4][0-9]20[0-4][0-9].*"
)
# Within as many letters and digits of a hash it is a part of that.
_HASH = re.compile(r"[0-9a-fA-F]{20,}")
_NO_DIGIT = re.compile(r"[^0-9]")


def accounts_beside(path: str, other: str) -> set[str]:
    """Return the accounts that a path names in the steps that it does not share with another."""
    return set(_accounts_in("/".join(part_steps(path, other)[1])))


def _accounts_in(name: str) -> Iterator[str]:
    """Yield the account IDs in a path, as twelve digits.

    What may be a time without its century is one, unless it is the whole name of a step.
    """
    name = unicodedata.normalize("NFKC", unquote(name))
    hashes = [each.span() for each in _HASH.finditer(name)]
    for match in _ACCOUNT.finditer(name):
        start, end = match.span()
        digits = _NO_DIGIT.sub("", match[0])
        if beside := _BESIDE_YEAR.fullmatch(digits):
            digits = beside[1] or beside[2]
        if len(digits) != 12:
            continue
        is_of_hash = any(first <= start and end <= last for first, last in hashes)
        is_ticket = _TICKET.fullmatch(name, start - 3, end) is not None
        is_whole = name[:start].rpartition("/")[2] == "" and name[end : end + 1] in ("", ".", "/")
        of_century = "" if is_whole or not "24" <= digits < "40" else f"20{digits}"
        is_time = _TIME_OF_DAY.fullmatch(digits) or stamps_in_name(f"{digits}00 {of_century}")
        if not (is_of_hash or is_ticket or is_time):
            yield digits


def accounts_nearest(path: str) -> set[str]:
    """Return the accounts that the last step of a path that names any names."""
    steps = reversed(steps_of(path))
    return next(filter(None, (accounts_beside(step, "") for step in steps)), set())


def are_of_two_accounts(path: str, other: str) -> bool:
    """Whether two paths are called by accounts, and by none that is the same."""
    one, two = accounts_beside(path, other), accounts_beside(other, path)
    return bool(one and two) and one.isdisjoint(two)


class Folders:
    """The directories of one search or archive, as paths, and whether something in them is to be judged."""

    def __init__(self) -> None:
        """Begin without any."""
        self._numbers: dict[tuple[int, str], int] = {}  # by that of the directory around, and name
        self._names = [""]
        self._around = [0]
        self._holds = [True]

    def add(self, folder: str, *, holds: bool) -> None:
        """Add a directory and those that contain it; `holds`: whether something to be judged is in it."""
        number = 0
        for step in filter(None, folder.split("/")):
            number = self._number(number, step)
        while holds and not self._holds[number]:
            self._holds[number] = True
            number = self._around[number]

    def _number(self, around: int, step: str) -> int:
        """Return the number of a directory within another: a path of each would be too long."""
        number = self._numbers.setdefault((around, step), len(self._names))
        if number == len(self._names):
            self._names.append(step)
            self._around.append(around)
            self._holds.append(False)
        return number

    def missing(self) -> Iterator[str]:
        """Yield each directory in which a report may be missing, but none that contains another such."""
        around: set[int] = {0}
        for number in reversed(range(len(self._names))):  # what is within has a larger number
            if self._holds[number] or number in around:
                continue
            if any(_accounts_in(self._names[number])) or is_called_by_a_time(self._path(number, 3)):
                yield self._path(number, number)
                above = number
                while above not in around:
                    around.add(above)
                    above = self._around[above]

    def _path(self, number: int, most: int) -> str:
        """Return the last steps of the path of a directory, which has at most `number`."""
        steps: list[str] = []
        while number and len(steps) < most:
            steps.append(self._names[number])
            number = self._around[number]
        return "/".join(reversed(steps))
