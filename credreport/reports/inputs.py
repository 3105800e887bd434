"""Paths, globs, directories, archives and standard input -> named byte streams, bounded.

Nothing here opens a URL, follows a name into a decompressor, or waits for a pipe. Whatever lies
among the inputs is yielded: to be read, as refused, or by name as left out.
"""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import lru_cache
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from credreport.errors import Problem
from credreport.files import (
    DEFAULT_MAX_BYTES,
    NO_FILE,
    Spool,
    open_regular,
    read_at_most,
    read_bounded,
    real_path,
    sha256,
    why_unreadable,
)
from credreport.globs import Matches, leads_out, match
from credreport.output.formats import SUMS
from credreport.reports.containers.archives import is_archive, open_archive
from credreport.reports.containers.members import EMPTY_FOLDER, ArchiveRefused, Member, take_from
from credreport.reports.containers.unsupported import is_packed
from credreport.reports.folders import Folders, accounts_beside, are_of_two_accounts
from credreport.reports.name_dates import stamps_in_name
from credreport.reports.own_output import is_own_file
from credreport.reports.possible_dates import is_later
from credreport.reports.sniffing import (
    SWAP,
    contains_rows,
    has_report_ending,
    holds_report,
    is_companion,
    is_litter,
    is_placeholder,
    looks_like_report,
)
from credreport.reports.stamp import (
    Stamp,
    is_any_later,
    may_be_later,
    stamp_of_archive,
    stamp_of_folder,
    stamp_of_last,
    steps_of,
)
from credreport.text import escape_text

MAX_UNPACKED_BYTES = 4 * 1024**3
# How much is searched for a report in what has no report's name: a log may have one far down.
_HEAD = 4 * 1024 * 1024
_UNPACK = "Unpack it yourself and name the directory"

NO_REPORT = "no report in it"
_MOST_LINKS = 40  # Linux follows no more
_LITTER_REASON = "left by a system or an editor"
_HIDDEN = "hidden file"
_REST = f", of which only the first {_HEAD >> 20} MiB were searched"
_PRINTED_TO = "empty, because what is printed was directed into it"
_CHANGED = "changed since it was found"
_COMPANION = "not a report, by its name and its content"
_SEARCHED = "a link to a directory, which is searched where it is"
_ANSWER = re.compile(r" \(answer [0-9]+\)$")  # what read.py ends the name of an answer with
_NO_REPORTS = {_LITTER_REASON, _HIDDEN, _COMPANION, _SEARCHED}


class UsedOtherwise(NamedTuple):
    """A file of an option: its name, empty where that is not known, its length and its SHA-256."""

    name: str
    size: int
    sha256: str


_USED_OTHERWISE: ContextVar[Collection[UsedOtherwise]] = ContextVar("used_otherwise", default=())


@dataclass(frozen=True)
class Stream:
    """The bytes of one named input.

    `searched`: found in a directory or an archive, not named by the user. `place_stamp`: when its
    reports were made, as the name of its directory or archive says. `path`: where it was found.
    """

    name: str
    data: bytes
    searched: bool = False
    place_stamp: Stamp | None = None
    path: str = field(default="", compare=False)


@dataclass(frozen=True)
class Skipped:
    """Something among the inputs that was not judged, and why.

    `is_doubt`: a report may be missing because of it (exit 3). `is_own`: evidence of an earlier
    run; the evidence does not list it, or no run would reproduce another.
    """

    name: str
    why: str
    is_doubt: bool = False
    is_own: bool = False


@dataclass(frozen=True)
class Unread:
    """A file, or a member of an archive, still to be read.

    path: where the file is, or the archive.
    name: what it is called in every output; no two inputs of a run share one.
    size: its length in bytes, as far as is known.
    max_bytes: the largest length allowed.
    searched: found in a directory or an archive, not named by the user.
    member: which member of the archive it is.
    spool: the archive, where it had to be unpacked first.
    is_link: whether it was a link, as far as is known; what becomes one later is not followed.
    top: the directory that was searched, out of which no link is followed.
    state: the size of the archive and when it was written, when its members were found.
    """

    path: str
    name: str
    size: int
    max_bytes: int
    searched: bool
    member: Member | None = None
    spool: Spool | None = None
    is_link: bool = True
    top: str = ""
    state: tuple[int, int] | None = None

    def open(self) -> BinaryIO:
        """Open it, or its archive. Raises OSError, or ValueError if it is not what was found."""
        file = open_regular(self.path, follow=self.is_link)
        is_out = self.top and leads_out(self.path, self.top)
        if is_out or self.state not in (None, _state_of(file)):
            file.close()
            raise ValueError(_CHANGED)
        return file

    def read(self) -> Stream | Problem | Skipped:
        """Return its bytes, or the problem if they cannot be read."""
        if self.size > self.max_bytes:
            return self._too_large()
        try:
            data = self._read()
        except (OSError, ValueError) as error:
            return _unreadable(self.name, error)
        except ArchiveRefused as error:
            return Problem(self.name, 0, 0, str(error), "Make the archive again")
        if len(data) > self.max_bytes:
            return self._too_large()
        path = f"{self.path}/{self.member.name}" if self.member else self.path
        return Stream(self.name, data, self.searched, self._find_place_stamp(), path)

    def _find_place_stamp(self) -> Stamp | None:
        folder, base = os.path.split(self.path)
        # What was packed on Windows may have its directories in its name.
        stamp = _stamp_of_directory(os.path.join(folder, *steps_of(base)[:-1]))  # noqa: PTH118
        if self.is_link and stamp:
            behind = _names_behind(self.path)
            is_later_behind = any(may_be_later(each, self.path, stamp.instant) for each in behind)
            stamp = None if is_later_behind else stamp
        if self.member is None:
            return stamp
        *folders, _ = steps_of(self.member.name)
        archive = base
        for found, below in (
            (stamp_of_folder(folders), []),
            (stamp_of_archive(archive), folders),
            (stamp, [archive, *folders]),
        ):
            if found and not is_any_later(below, found.instant):
                return found
        return None

    def head(self) -> bytes:
        """Return the bytes that are searched, and one more. Raises OSError, ValueError or ArchiveRefused."""
        if self.member and self.size <= self.max_bytes:
            return self._read()[: _HEAD + 1]
        if self.member and self.spool:
            return self.member.head(self.spool.take, _HEAD + 1)
        with self.open() as file:
            if self.member:
                return self.member.head(take_from(file), _HEAD + 1)
            return read_at_most(file, _HEAD + 1)

    def _read(self) -> bytes:
        if self.member and self.spool:
            return self.member.read(self.spool.take)
        with self.open() as file:
            if self.member:
                return self.member.read(take_from(file))
            return read_at_most(file, self.max_bytes + 1, self.size)

    def _too_large(self) -> Problem | Skipped:
        with suppress(OSError, ValueError, ArchiveRefused):
            head = self.head()
            base = PurePosixPath(self.member.name if self.member else self.path).name
            if is_own_file(base, head, is_like_report=holds_report(head)):
                return own_evidence(self.name)
        return _too_large(self.name, self.max_bytes)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle for another process: only this one has the spool, so its members go as bytes."""
        values = tuple(getattr(self, each.name) for each in fields(self))
        return (_itself, (self.read(),)) if self.spool else (Unread, values)


def _itself(item: Item) -> Item:
    return item


File = Unread | Stream
Item = File | Skipped | Problem
# Why no report was read from an input.
NoReport = Problem | Skipped


def own_evidence(name: str) -> Skipped:
    """Return the record of a file that credreport wrote: not a report, and no report is missing."""
    return Skipped(name, "evidence that credreport wrote", is_own=True)


@contextmanager
def used_otherwise(files: Collection[UsedOtherwise]) -> Iterator[None]:
    """Have files of options taken for no inputs: the evidence lists them as what they are."""
    token = _USED_OTHERWISE.set(files)
    try:
        yield
    finally:
        _USED_OTHERWISE.reset(token)


def is_used_otherwise(path: str | Path) -> bool:
    """Whether a file is one that an option names, or a copy of its name, and may be no report.

    It may be one if it is empty or has rows of a report.
    """
    files = [each for each in _USED_OTHERWISE.get() if each.name in ("", Path(path).name)]
    try:
        if not files or os.stat(path).st_size not in {each.size for each in files}:  # noqa: PTH116 - a text will do
            return False
        data = read_bounded(Path(path), max(each.size for each in files))
    except (OSError, ValueError):
        return False
    is_known = bool(data.strip()) and sha256(data) in {each.sha256 for each in files}
    return is_known and not (holds_report(data) or contains_rows(data))


class _Names:
    """Gives each input the shortest name that no other has: no directory of this machine.

    Evidence names its inputs, and must not change with the directory a run was started in.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = dict.fromkeys(taken, 1)

    def choose(self, name: str, folder: str = "", below: str = "") -> str:
        """Return the name; `below` is the way to it from the searched directory.

        If that name is taken, put `folder` before it; if that is taken too, number it. One like
        that of an answer in another file, `r.json (answer 1)`, is numbered as if it were taken.
        """
        shown = _as_text(f"{below}{name}")
        if shown in self._taken and folder:
            shown = _as_text(f"{folder}/{below}{name}")
        chosen = shown
        while chosen in self._taken or _ANSWER.search(chosen):
            self._taken[shown] = self._taken.get(shown, 1) + 1
            chosen = f"{shown} ({self._taken[shown]})"
        self._taken[chosen] = 1
        return chosen


def find_inputs(
    inputs: Sequence[str], max_bytes: int = DEFAULT_MAX_BYTES, taken: Iterable[str] = ()
) -> Iterator[Item]:
    """Yield every file that the inputs name or contain, unread, and a Problem for what cannot be read.

    A directory and an archive are searched: files with the endings of CSV, JSON, TSV, text and
    base64, without an ending, or with another one that look like a report inside are found. All
    else in them is yielded as Skipped. A file reached twice is found once. `taken` are the names of
    other inputs of the run, which are not given again.
    """
    return Opener(max_bytes, taken).find_all(inputs)


def count_inputs(inputs: Sequence[str]) -> int:
    """Return about how many files there are to read, for a progress bar: names only, nothing opened."""
    total = 0
    for text in inputs:
        for path in [text] if os.path.lexists(text) else match(text).paths:
            if _is_directory(path):
                found = (entry for _, entries in _walk(path, []) for entry in entries)
                total += sum(not entry.is_dir(follow_symlinks=False) for entry in found)
            else:
                total += 1
    return total


def _walk(top: str | Path, failures: list[OSError]) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Yield every directory below `top` that is searched, as a path from there, with what is in it."""
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            with os.scandir(Path(top, below)) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            failures.append(error)
            continue
        yield below, entries
        waiting += [
            f"{below}{e.name}/"
            for e in reversed(entries)
            if e.is_dir(follow_symlinks=False) and not _why_not_searched(e.name)
        ]


def in_order(paths: Sequence[str]) -> list[int]:
    """Return the places of the paths in their order, links last: other names of what is found before."""
    keys = [(os.path.islink(path), path) for path in paths]  # noqa: PTH114 - a text will do
    return sorted(range(len(paths)), key=keys.__getitem__)


class Opener:
    """One search: remembers which files were seen, which names were given, how much was unpacked."""

    def __init__(self, max_bytes: int, taken: Iterable[str] = ()) -> None:
        """Refuse whatever is longer than `max_bytes`; give no input one of the names in `taken`."""
        self.max_bytes = max_bytes
        self.names = _Names(taken)
        self.seen: dict[tuple[int, ...] | str, tuple[str, str]] = {}
        self.seen_again = 0
        self.unpacked_bytes = 0

    def open_all(self, inputs: Sequence[str]) -> Iterator[Stream | Skipped | Problem]:
        """Yield what the inputs contain, read. May be called again for more inputs."""
        for item in self.find_all(inputs):
            yield item.read() if isinstance(item, Unread) else item

    def find_all(self, inputs: Sequence[str]) -> Iterator[Item]:
        """Yield the same, with files unread; see find_inputs.

        See in_order: which of two files of one name keeps it must not depend on the order in which
        they were given.
        """
        for text in (inputs[place] for place in in_order(inputs)):
            if text == "-":
                yield self._open_stdin()
            elif os.path.lexists(text):
                yield from self._find_named(text)
            elif glob.has_magic(text):
                yield from self._find_matches(text)
            elif not text:
                remedy = "Name a file or a directory; a shell variable may be empty"
                yield Problem("''", 0, 0, "an empty input name", remedy)
            elif "://" in text:
                found = "this is an address, and credreport works offline"
                remedy = "Download the report first and name the file"
                yield Problem(_as_text(text), 0, 0, found, remedy)
            else:
                remedy = "Check the spelling of the path"
                yield Problem(_as_text(text), 0, 0, "no such file or directory", remedy)

    def _open_stdin(self) -> Stream | Problem:
        name = self.names.choose("standard input")
        if sys.stdin is None:
            remedy = "Pipe a report into it, or name the file"
            return Problem(name, 0, 0, "it is closed", remedy)
        try:
            data = read_at_most(sys.stdin.buffer, self.max_bytes + 1)
        except (OSError, ValueError) as error:
            return _unreadable(name, error)
        return (
            Stream(name, data) if len(data) <= self.max_bytes else _too_large(name, self.max_bytes)
        )

    def _find_named(self, text: str) -> Iterator[Item]:
        """Find what is called so; refuse it where it hides what the same text matches as a pattern."""
        found_there = match(text) if glob.has_magic(text) else Matches("")
        if all(Path(each) == Path(text) for each in (*found_there.paths, *found_there.links)):
            yield from self._find_path(Path(text))
            return
        found = "the name of a file, and a pattern that matches others"
        yield Problem(_as_text(text), 0, 0, found, "Rename it, or name its directory")

    def _find_path(self, path: Path, top: str = "") -> Iterator[Item]:
        if _is_directory(path):
            yield from self._find_directory(path)
        else:
            name = self.names.choose(path.name, path.parent.name)
            unread = Unread(_absolute(str(path)), name, 0, self.max_bytes, searched=False, top=top)
            yield from self._find_file(str(path), unread)

    def _find_matches(self, pattern: str) -> Iterator[Item]:
        found = match(pattern)
        for place in in_order(found.paths):
            yield from self._find_path(Path(found.paths[place]), _absolute(found.top))
        for link, top in sorted(found.links.items()):
            name = self.names.choose(Path(link).name, Path(link).parent.name)
            yield from self._find_link(link, name, Path(top))
        for failure in found.failures:
            yield _unreadable(_as_text(str(failure.filename)), failure)
        if not found.failures and all(map(is_used_otherwise, found.paths)):
            remedy = "Check the pattern and the directory"
            what = "no file matches, but for those of options" if found.paths else "no file matches"
            yield Problem(_as_text(pattern), 0, 0, what, remedy)

    def _find_directory(self, directory: Path) -> Iterator[Item]:
        failures: list[OSError] = []
        links: list[tuple[str, str, str]] = []
        found_any, seen_again = False, self.seen_again
        folders, empty = Folders(), set()
        for below, entries in _walk(directory, failures):
            folder = below.rstrip("/")
            folders.add(folder, holds=False)
            if below and not entries:
                empty.add(folder)
            for entry in entries:
                is_directory = entry.is_dir(follow_symlinks=False)
                why = _why_not_searched(entry.name) if is_directory else ""
                if is_directory and not why:
                    continue
                shown = self.names.choose(entry.name, directory.name, below)
                if is_directory:
                    yield Skipped(shown, why, is_doubt=why != _LITTER_REASON)
                elif entry.is_symlink():
                    links.append((folder, entry.path, shown))
                else:
                    seen = self.seen_again
                    for item in self._find_searched(entry.path, entry.name, shown, directory):
                        found_any |= not isinstance(item, Skipped)
                        folders.add(folder, holds=not _is_no_report(item))
                        yield item
                    folders.add(folder, holds=self.seen_again > seen)
        # After the files: a link is reported as another name of its file, whichever sorts first.
        for folder, path, shown in links:
            for item in self._find_link(path, shown, directory):
                found_any |= not isinstance(item, Skipped)
                folders.add(folder, holds=not _is_no_report(item))
                yield item
        missing = set(folders.missing())
        for folder in sorted(missing | empty):
            why = EMPTY_FOLDER if folder in empty else NO_REPORT
            yield Skipped(self.names.choose(folder), why, is_doubt=folder in missing)
        for failure in failures:
            yield _unreadable(_as_text(str(failure.filename)), failure)
        if not found_any and not failures and self.seen_again == seen_again:
            found = "no CSV, JSON, text, base64, zip or tar file in it"
            remedy = "Name the directory that holds the downloaded reports"
            yield Problem(_as_text(str(directory)), 0, 0, found, remedy)

    def _find_link(self, path: str, name: str, directory: Path) -> Iterator[Item]:
        """Follow a link to a file of the searched directory; leave out the others by name."""
        target, top = Path(real_path(path)), Path(real_path(directory))
        if leads_out(path, directory):
            yield Skipped(name, "a link that leads out of the searched directory", is_doubt=True)
        elif (is_directory := _is_directory(target)) and _are_of_two_days(Path(path), target):
            found = f"a link to {target.name!r}, and the two names give its reports two dates"
            yield Problem(name, 0, 0, found, "Remove the one whose date is wrong")
        elif is_directory:
            is_left_out = any(map(_why_not_searched, target.relative_to(top).parts))
            why = "a link to a directory that is not searched" if is_left_out else _SEARCHED
            place = str(Path(path).parent.resolve() / Path(path).name)
            stamp = _stamp_of_directory(str(target))
            if are_of_two_accounts(place, str(target)):
                is_left_out, why = True, "a link to a directory called by another account"
            elif stamp and may_be_later(place, str(target), stamp.instant):
                is_left_out, why = True, "a link to a directory called by an earlier day"
            yield Skipped(name, why, is_left_out)
        else:
            yield from self._find_searched(path, Path(path).name, name, directory)

    def _find_searched(self, path: str, base: str, name: str, directory: Path) -> Iterator[Item]:
        top = _absolute(f"{directory}/")
        unread = Unread(_absolute(path), name, 0, self.max_bytes, searched=True, top=top)
        skipped = None if is_used_otherwise(path) else _why_skipped(base, unread)
        if skipped:
            yield skipped
        else:
            yield from self._find_file(path, unread)

    def _find_file(self, path: str, unread: Unread) -> Iterator[Item]:
        absolute, name = unread.path, unread.name
        if is_used_otherwise(path):
            return
        try:
            status = os.stat(path)  # noqa: PTH116 - a text will do
        except (OSError, ValueError) as error:
            yield _unreadable(name, error)
            return
        if unread.searched and _is_printed_to(status):
            yield Skipped(name, _PRINTED_TO, is_doubt=True)
            return
        # A file put in the place of one that was seen may get its number, and a disk may have no numbers.
        file: tuple[int, ...] | str = real_path(path)
        if status.st_nlink > 1:
            file = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
        first = self.seen.setdefault(file, (name, absolute))
        if first != (name, absolute):
            self.seen_again += 1
            if first[1] == absolute:  # named twice by the user
                return
            known = _another_name(name, absolute, *first)
            if known:
                yield known
                return
            if _dates_of(absolute):
                self.seen[file] = name, absolute
        is_link = os.path.islink(path)  # noqa: PTH114 - a text will do
        if is_link and _leads_to_a_later_day(absolute):
            found_there = "a link called by an earlier day than the file that it leads to"
            yield Problem(name, 0, 0, found_there, "Name the file itself")
            return
        found = replace(unread, size=status.st_size, is_link=is_link)
        yield from self._find_members(found) if is_archive(absolute) else [found]

    def _find_members(self, archive: Unread) -> Iterator[Item]:
        name = archive.name
        try:
            with archive.open() as file:
                room = MAX_UNPACKED_BYTES - self.unpacked_bytes
                state = _state_of(file)
                members, spool = open_archive(archive.path, file, room)
        except ArchiveRefused as error:
            yield Problem(name, 0, 0, str(error), "Download or make it again")
            return
        except (OSError, ValueError) as error:
            yield _unreadable(name, error)
            return
        self.unpacked_bytes += sum(member.size for member in members)
        if self.unpacked_bytes > MAX_UNPACKED_BYTES:
            found = f"more than {MAX_UNPACKED_BYTES >> 30} GiB when all archives are unpacked"
            yield Problem(name, 0, 0, found, "Unpack them yourself and name the directory")
            return
        found_any, folders = False, Folders()
        for member in members:
            *steps, _ = steps_of(member.name)
            folder = "/".join(takewhile(lambda step: not _why_not_searched(step), steps))
            if member.left_out == EMPTY_FOLDER:
                folders.add(folder, holds=False)
                continue
            shown = self.names.choose(f"{name}/{_as_text(member.name)}")
            unread = replace(archive, name=shown, size=member.size, searched=True, state=state)
            item = _judge_member(replace(unread, member=member, spool=spool), member)
            found_any |= not isinstance(item, Skipped)
            folders.add(folder, holds=not _is_no_report(item))
            yield item
        for folder in folders.missing():
            shown = self.names.choose(f"{name}/{_as_text(folder)}")
            yield Skipped(shown, NO_REPORT, is_doubt=True)
        if not found_any:
            yield Problem(
                name, 0, 0, "no CSV, JSON, text or base64 file in it", "Check the archive"
            )


def _is_no_report(item: Item) -> bool:
    return isinstance(item, Skipped) and item.why in _NO_REPORTS


def _judge_member(unread: Unread, member: Member) -> Item:
    """Return the member to be read, or why it is not."""
    *folders, base = steps_of(member.name)
    why = next(filter(None, map(_why_not_searched, folders)), "")
    if why or member.left_out:
        is_doubt = why != _LITTER_REASON
        return Skipped(unread.name, escape_text(why or member.left_out), is_doubt)
    if is_archive(base):
        return Problem(unread.name, 0, 0, "an archive inside an archive", _UNPACK)
    skipped = None if member.wrong else _why_skipped(base, unread)
    if skipped or not member.wrong:
        return skipped or unread
    return Problem(unread.name, 0, 0, member.wrong, _UNPACK)


def _is_directory(path: str | Path) -> bool:
    """Whether it is one; what cannot be looked at is told when it is read."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where a permission is lacking


def _is_printed_to(status: os.stat_result) -> bool:
    """Whether it is the file, still empty, to which a shell directs what this process prints."""
    if status.st_size:
        return False
    for number in (1, 2):
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), status):
                return True
    return False


def _state_of(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _absolute(path: str) -> str:
    """Return the path from the root on, with its links: except before `..`, which is behind them."""
    folder, name = os.path.split(path)
    if os.pardir in Path(folder).parts:
        folder = real_path(folder)
    return os.path.abspath(os.path.join(folder, name))  # noqa: PTH100, PTH118 - no link is followed


def _another_name(
    name: str, path: str, first_name: str, first_path: str
) -> Skipped | Problem | None:
    """Return the record of a file that was seen before under another name; None if it is to be read.

    What is the same day after day is often stored once: where only one of the names has a date, the
    other is of that day if its content says so, or if it is a symbolic link. Where only this
    name is called by an account, the content says whether that is right.
    """
    dates, first_dates = _dates_of(path), _dates_of(first_path)
    is_later_one = any(may_be_later(path, first_path, each) for each in first_dates)
    if is_later_one or (dates and first_dates and dates != first_dates):
        found = f"the same file as {first_name!r}, and the two names give it two dates"
        return Problem(name, 0, 0, found, "Name only the one whose date is right")
    found = f"another name of the file {first_name!r}"
    if bool(dates) != bool(first_dates) and real_path(path) != real_path(first_path):
        return None
    if accounts_beside(path, first_path) and not accounts_beside(first_path, path):
        return None
    if are_of_two_accounts(path, first_path):
        return Skipped(name, f"{found}, and the two are called by two accounts", is_doubt=True)
    return Skipped(name, found)


def _leads_to_a_later_day(link: str) -> bool:
    dates = stamps_in_name(os.path.basename(link))  # noqa: PTH119
    return any(may_be_later(each, link, max(dates)) for each in _names_behind(link) if dates)


def _names_behind(link: str) -> Iterator[str]:
    """Yield what a path is called after each of the links in it was followed, and the real path."""
    path = link
    for _ in range(_MOST_LINKS):
        parts = [path, *map(str, Path(path).parents)]
        linked = next((each for each in parts if os.path.islink(each)), None)  # noqa: PTH114
        if linked is None:
            break
        with suppress(OSError):
            target = os.path.join(os.path.dirname(linked), os.readlink(linked))  # noqa: PTH115, PTH118, PTH120
            path = os.path.normpath(f"{target}{path.removeprefix(linked)}")
            yield path
    yield real_path(link)


def _are_of_two_days(link: Path, target: Path) -> bool:
    one, other = stamp_of_last(link.parts), _stamp_of_directory(str(target))
    if one and other:
        return one.instant.date() != other.instant.date()
    return other is not None and is_later(link.name, other.instant)


def _dates_of(path: str) -> set[datetime]:
    folder = _stamp_of_directory(os.path.dirname(path))  # noqa: PTH120
    return stamps_in_name(os.path.basename(path)) or ({folder.instant} if folder else set())  # noqa: PTH119


@lru_cache(maxsize=1)
def _stamp_of_directory(directory: str) -> Stamp | None:
    """Return when the reports in a directory were made; where a link (`latest`) leads to it, also by its own name.

    None where one of the two names is of a later day than the other, which may be of no date.
    """
    real = real_path(directory)
    found, behind = (stamp_of_folder(Path(each).parts) for each in (directory, real))
    if found and behind:
        return found if behind.instant <= found.instant else None
    for stamp, other, own in ((found, real, directory), (behind, directory, real)):
        if stamp:
            return None if may_be_later(other, own, stamp.instant) else stamp
    return None


def _why_not_searched(folder: str) -> str:
    """Return why a directory is not searched, or nothing."""
    if is_litter(folder):
        return _LITTER_REASON
    return "a hidden directory is not searched" if folder.startswith(".") and folder != ".." else ""


def _why_skipped(name: str, unread: Unread) -> Skipped | None:
    """Return why a file that nobody named is not read, or None, by its name or its first bytes."""
    companion, litter = is_companion(name), is_litter(name)
    is_hidden = name.startswith(".")
    if has_report_ending(name) and not companion and not is_hidden and not litter:
        return None
    if is_placeholder(name):
        return Skipped(unread.name, "not downloaded from iCloud", is_doubt=True)
    try:
        head = unread.head()
    except (OSError, ValueError, ArchiveRefused) as error:
        is_doubt = not litter or isinstance(error, ArchiveRefused)
        return Skipped(unread.name, f"cannot be read: {why_unreadable(error)}", is_doubt)
    is_report = holds_report(head)
    has_rows = is_report or contains_rows(head)
    if (companion or is_hidden or litter) and is_packed(head):
        return Skipped(
            unread.name, "by its name not a report, but packed or encrypted", is_doubt=True
        )
    if litter and (not has_rows or head.startswith(SWAP)):
        return Skipped(unread.name, _LITTER_REASON)
    if is_own_file(name, head, is_like_report=has_rows if name == SUMS else is_report):
        return own_evidence(unread.name)
    rest = _REST if len(head) > _HEAD and not litter else ""
    if is_hidden or litter:
        why = "a hidden file that looks like a report" if has_rows else _HIDDEN
        return Skipped(unread.name, f"{why}{rest}", is_doubt=has_rows or bool(rest))
    if companion and not is_report:
        why = "by its name not a report, but it has rows of one" if has_rows else _COMPANION
        return Skipped(unread.name, f"{why}{rest}", is_doubt=has_rows or bool(rest))
    if is_report or looks_like_report(head):
        return None
    ending = PurePosixPath(name).suffix
    return Skipped(unread.name, f"{ending!r} files are not searched for reports", is_doubt=True)


def is_only_litter(path: Path) -> bool:
    """Whether a system or an editor left something there, and no report is in it."""
    unread = Unread(str(path), path.name, 0, DEFAULT_MAX_BYTES, searched=True)
    skipped = _why_skipped(path.name, unread) if is_litter(path.name) else None
    return skipped is not None and not skipped.is_doubt


def _too_large(name: str, max_bytes: int) -> Problem:
    size = f"{max_bytes / 1024 / 1024:g} MiB"
    found = f"larger than {size}, too large for a credential report"
    return Problem(name, 0, 0, found, "Raise --max-file-size if it really is one")


def _as_text(name: str) -> str:
    """Return a file's name as printable text: escapes bytes that are not text, and line ends."""
    return escape_text(name.encode("utf-8", "backslashreplace").decode())


def _unreadable(name: str, error: Exception) -> Problem:
    found, remedy = f"cannot be read: {why_unreadable(error)}", "Check the file and its permissions"
    if found.endswith(NO_FILE):
        remedy = "Pipe it into credreport and name `-`"
    return Problem(name, 0, 0, found, remedy)
