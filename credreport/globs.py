"""A pattern with wildcards -> the paths that it matches, and what could not be searched for them."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, pairwise, takewhile
from pathlib import Path

from credreport.files import real_path

_SEPARATOR = re.compile(r"[\\/]+" if os.sep == "\\" else "/+")
_ANY_DEPTH = "**"


@dataclass
class Matches:
    """What a pattern matches, as in a shell: what is hidden only where the pattern has the dot.

    top: the directory that is searched: the pattern as far as its first wildcard.
    paths: what is matched, by name.
    links: links that are not followed, and out of which directory they must not lead: those to
      directories below a `**`, and all that lead out of `top`.
    failures: why a directory could not be searched.
    """

    top: str
    paths: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    failures: list[OSError] = field(default_factory=list)

    def add_from(self, folders: Iterable[str], part: str) -> Iterator[str]:
        """Yield what one part of the pattern, between separators, matches in directories."""
        if part == _ANY_DEPTH:
            yield from self._walk(folders)
        else:
            yield from chain.from_iterable(self._find(folder, part) for folder in folders)

    def _find(self, folder: str, part: str) -> Iterator[str]:
        if not part:  # a separator at the end of the pattern
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

    def keep(self, path: str, *, is_last: bool) -> bool:
        """Whether a path, whose directory is, is still below the top; note what leads out.

        But for that in which nothing can be.
        """
        may_lead_out = path.endswith(os.pardir) or os.path.islink(path)  # noqa: PTH114
        if not (may_lead_out and leads_out(path, self.top)):
            return True
        if is_last or not os.path.isfile(path):  # noqa: PTH113
            self.links[path] = self.top
        return False

    def _walk(self, tops: Iterable[str]) -> Iterator[str]:
        """Yield the directories and all below them, each once."""
        walked: set[str] = set()
        for top in tops:
            waiting = [top]
            while waiting:
                folder = waiting.pop()
                if folder in walked:
                    continue
                walked.add(folder)
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


def leads_out(path: str | Path, directory: str | Path) -> bool:
    """Whether links on the way to a path lead out of a directory."""
    target, top = Path(real_path(path)), Path(real_path(directory))
    return top != target and top not in target.parents


def match(pattern: str) -> Matches:
    """Search for what a pattern with `*`, `?`, `[…]` and `**` matches: every directory once."""
    anchor = Path(pattern).anchor
    parts = _SEPARATOR.split(pattern[len(anchor) :])
    if parts[-1] == _ANY_DEPTH:
        parts[-1] = ""  # the directory itself, which is then searched
    fixed = [*takewhile(lambda part: not glob.has_magic(part), parts)]
    found = Matches(os.path.join(anchor or os.curdir, *fixed, ""))  # noqa: PTH118 - with its `..`
    paths = [anchor]
    for number, (before, part) in enumerate(pairwise(["", *parts]), 1):
        if (before, part) != (_ANY_DEPTH, _ANY_DEPTH):
            paths = list(dict.fromkeys(found.add_from(paths, part)))
            if number > len(fixed):
                paths = [each for each in paths if found.keep(each, is_last=number == len(parts))]
    found.paths = sorted(paths)
    return found
