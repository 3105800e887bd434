"""The accounts that paths name, and directories called by one or by a date in which no report was found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from credreport.reports.name_dates import stamps_in_name
from credreport.reports.stamp import MOST_FOLDERS, is_called_by_a_time, part_steps, steps_of

# Twelve digits, or three groups of four, as they are written; not the middle of a UUID, nor its end.
_DIGITS = (
    r"(?:[0-9]{12}"
    r"|[0-9]{4}(?P<mark>[-_. \u2010-\u2015])[0-9]{4}(?P=mark)[0-9]{4}(?!-[0-9a-fA-F]{12}))"
)
_ACCOUNT = re.compile(rf"(?<![0-9]){_DIGITS}(?![0-9])")
# Not within the letters and digits of a hash.
_ACCOUNT_IN_NAME = re.compile(
    r"(?<![0-9])(?<![0-9][a-fA-F])(?<![0-9][a-fA-F]{2})"
    r"(?<![0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-)"
    rf"{_DIGITS}(?![0-9])(?![a-fA-F]{{1,2}}[0-9])"
)
_NO_DIGIT = re.compile(r"[^0-9]")


def accounts_beside(path: str, other: str) -> set[str]:
    """Return the accounts that a path names in the steps that it does not share with another."""
    steps = unicodedata.normalize("NFKC", "/".join(part_steps(path, other)[1]))
    found = (_NO_DIGIT.sub("", match[0]) for match in _ACCOUNT_IN_NAME.finditer(steps))
    return {each for each in found if not stamps_in_name(f"{each}00 {_to_century(each)}")}


def accounts_nearest(path: str) -> set[str]:
    """Return the accounts that the last step of a path that names any names."""
    steps = reversed(steps_of(path))
    return next(filter(None, (accounts_beside(step, "") for step in steps)), set())


def _to_century(number: str) -> str:
    """Return twelve digits as a time of these years, if they begin with one."""
    return f"20{number}" if "24" <= number < "40" else ""


def are_of_two_accounts(path: str, other: str) -> bool:
    """Whether two paths are called by accounts, and by none that is the same."""
    one, two = accounts_beside(path, other), accounts_beside(other, path)
    return bool(one and two) and one.isdisjoint(two)


class Folders:
    """The directories of one search or archive, as paths, and whether something in them is to be judged."""

    def __init__(self) -> None:
        """Begin without any."""
        self._holds: dict[str, bool] = {}

    def add(self, folder: str, *, holds: bool) -> None:
        """Add a directory and those that contain it; `holds`: whether something to be judged is in it."""
        for _ in range(MOST_FOLDERS):
            if not folder or self._holds.get(folder, -1) >= holds:
                return
            self._holds[folder] = holds
            folder = folder.rpartition("/")[0]

    def missing(self) -> Iterator[str]:
        """Yield each directory in which a report may be missing, but none that contains another such."""
        around: set[str] = set()
        for folder in sorted(self._holds, key=lambda path: path.count("/"), reverse=True):
            if self._holds[folder] or folder in around:
                continue
            if _ACCOUNT.search(folder.rpartition("/")[2]) or is_called_by_a_time(folder):
                yield folder
                above = folder
                while above in self._holds and above not in around:
                    around.add(above)
                    above = above.rpartition("/")[0]
