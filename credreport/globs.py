"""A pattern with wildcards -> the paths that it matches, and what could not be searched for them."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path

_SEPARATOR = re.compile(r"[\\/]+" if os.sep == "\\" else "/+")
_ANY_DEPTH = "**"


@dataclass
class Matches:
    """What a pattern matches, as in a shell: what is hidden only where the pattern has the dot.

    paths: what is matched, by name.
    links: links to directories, which `**` does not follow, and where it began to search.
    failures: why a directory could not be searched.
    """

    paths: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    failures: list[OSError] = field(default_factory=list)

    def add_from(self, folder: str, part: str) -> Iterator[str]:
        """Yield what one part of the pattern, between separators, matches in a directory."""
        if part == _ANY_DEPTH:
            yield from self._walk(folder)
        elif not part:  # a separator at the end of the pattern
            here = folder or os.curdir
            yield from [here] if os.path.isdir(here) else []  # noqa: PTH112 - a text will do
        elif glob.has_magic(part):
            for entry in self._list(folder, is_hidden=part.startswith(".")):
                if fnmatch.fnmatch(entry.name, part):
                    yield os.path.join(folder, entry.name)  # noqa: PTH118
        else:
            path = os.path.join(folder, part)  # noqa: PTH118
            try:
                os.lstat(path)
            except (FileNotFoundError, NotADirectoryError, ValueError):  # a NUL in it
                return
            except OSError as error:
                self.failures.append(error)
                return
            yield path

    def _walk(self, top: str) -> Iterator[str]:
        """Yield the directory and all below it."""
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            yield folder
            for entry in self._list(folder, is_hidden=False):
                path = os.path.join(folder, entry.name)  # noqa: PTH118
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif os.path.isdir(path):  # noqa: PTH112
                    self.links[path] = top

    def _list(self, folder: str, *, is_hidden: bool) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder or ".") as found:
                return [each for each in found if is_hidden or not each.name.startswith(".")]
        except NotADirectoryError:
            return []
        except OSError as error:
            self.failures.append(error)
            return []


def match(pattern: str) -> Matches:
    """Search for what a pattern with `*`, `?`, `[…]` and `**` matches: every directory once."""
    found = Matches()
    anchor = Path(pattern).anchor
    parts = _SEPARATOR.split(pattern[len(anchor) :])
    if parts[-1] == _ANY_DEPTH:
        parts[-1] = ""  # the directory itself, which is then searched
    paths = [anchor]
    for before, part in pairwise(["", *parts]):
        if (before, part) != (_ANY_DEPTH, _ANY_DEPTH):
            found_here = chain.from_iterable(found.add_from(path, part) for path in paths)
            paths = list(dict.fromkeys(found_here))
    found.paths = sorted(paths)
    return found
