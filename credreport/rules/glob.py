"""A glob of a policy or a waiver -> the names it matches: `*` is any text, `?` any one character."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache

_PLAIN_START = re.compile(r"[^*?\x80-\U0010ffff]*")
_LAST = "\x80"  # after all of ASCII


@lru_cache(maxsize=1024)
def to_pattern(glob: str) -> re.Pattern[str]:
    """Return the regular expression of a glob: no star of it makes the matching backtrack.

    The text between two stars matches where it is found first, once and for all. Case does not count:
    IAM does not distinguish user names by case alone.
    """
    first, *others = (re.escape(part).replace(r"\?", ".") for part in re.split(r"\*+", glob))
    *middle, last = others or [""]
    rest = "".join(f"(?>.*?{part})" for part in middle) + f".*{last}"
    return re.compile(first + rest if others else first, re.DOTALL | re.IGNORECASE)


class Names:
    """Names in order, so that a glob is compared only with those that begin like it."""

    def __init__(self, names: Iterable[str]) -> None:
        """Sort the ASCII names; other letters may have more than two cases, and some match ASCII ones."""
        distinct = list(dict.fromkeys(names))
        self._plain = sorted(filter(str.isascii, distinct), key=str.lower)
        self._keys = [name.lower() for name in self._plain]
        self._odd = [name for name in distinct if not name.isascii()]

    def fitting(self, glob: str) -> Iterator[str]:
        """Return the names that fit a glob."""
        start = _PLAIN_START.match(glob)[0].lower()  # type: ignore[index] # it may be empty
        first, end = bisect_left(self._keys, start), bisect_left(self._keys, start + _LAST)
        return filter(to_pattern(glob).fullmatch, [*self._plain[first:end], *self._odd])
