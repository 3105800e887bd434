"""Paths, globs, directories, zips and standard input -> named byte streams, bounded.

Nothing here opens a URL, follows a name into a decompressor, or waits for a pipe.
"""

from __future__ import annotations

import glob
import os
import stat
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePath
from typing import IO, BinaryIO

from credreport.errors import Problem
from credreport.output.formats import own_output
from credreport.reports.stamp import stamp_of_folder
from credreport.text import escape_text

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
MAX_MEMBERS = 20_000
MAX_ZIP_BYTES = 4 * 1024**3
MAX_RATIO = 200
_RATIO_FREE_BYTES = 1024 * 1024
_CHUNK = 1024 * 1024
_UNPACK = "Unpack it yourself and name the directory"
_SUFFIXES = {"", ".csv", ".json", ".txt", ".tsv", ".b64", ".base64"}
# Pictures, workbooks and texts that this program wrote: no inputs, and not told of, so that
# running twice gives the same evidence where it lies among the reports.
_OWN_OUTPUT = own_output(but=[suffix for suffix in _SUFFIXES if suffix])


@dataclass(frozen=True)
class Stream:
    """The bytes of one named input.

    `searched`: found in a directory or an archive, not named by the user. `folder_stamp`: when its
    reports were made, as the name of its directory says.
    """

    name: str
    data: bytes
    searched: bool = False
    folder_stamp: datetime | None = None


@dataclass(frozen=True)
class Unread:
    """A file that is to be read: where it is, how it is called, how long it is, at most may be."""

    path: str
    name: str
    size: int
    max_bytes: int
    searched: bool

    def read(self) -> Stream | Problem:
        """Return its bytes; what cannot be read is a problem of that name."""
        try:
            with open_regular(self.path) as file:
                data = file.read(min(self.size, self.max_bytes) + 1)
                if len(data) > self.size:  # it has grown since it was found
                    data += _read_at_most(file, self.max_bytes + 1 - len(data))
        except (OSError, ValueError) as error:
            return _unreadable(self.name, error)
        folder_stamp = _stamp_of_directory(os.path.dirname(self.path))  # noqa: PTH120
        return _bounded(
            self.name, data, self.max_bytes, searched=self.searched, folder_stamp=folder_stamp
        )


@dataclass(frozen=True)
class Skipped:
    """Something that lay among the inputs and was not judged, and why."""

    name: str
    why: str


class _Names:
    """Gives each file the shortest name that tells it from the others: no directory of this machine.

    Evidence names its inputs, and must not change with the directory a run was started in.
    """

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def choose(self, name: str, folder: str, below: str = "") -> str:
        """Return the name, after `below`, where its folder is below the searched directory.

        When that is taken, the name after its folder's; when that is too, numbered.
        """
        name, in_folder = _as_text(f"{below}{name}"), f"{folder}/{name}"
        if name in self._taken:
            name = _as_text(in_folder)
        count = self._taken[name] = self._taken.get(name, 0) + 1
        return name if count == 1 else f"{name} ({count})"


def open_inputs(
    inputs: Sequence[str], max_bytes: int = DEFAULT_MAX_BYTES
) -> Iterator[Stream | Skipped | Problem]:
    """Yield a Stream for every file that the inputs name or contain, a Problem for what cannot be read.

    A directory and a zip are searched for CSV, JSON, TSV, text and base64 files and files without
    a suffix; all else in them is yielded as Skipped. A file reached twice is read once.
    """
    return Opener(max_bytes).open_all(inputs)


def find_inputs(
    inputs: Sequence[str], max_bytes: int = DEFAULT_MAX_BYTES
) -> Iterator[Unread | Stream | Skipped | Problem]:
    """Yield the same, with plain files unread: whoever gets one may read it, also elsewhere."""
    return Opener(max_bytes).find_all(inputs)


def count_inputs(inputs: Sequence[str]) -> int:
    """Return about how many files there are to read, for a progress bar: names only, nothing opened."""
    total = 0
    for text in inputs:
        for path in [text] if os.path.lexists(text) else _match(text):
            total += sum(len(files) for _, _, files in os.walk(path)) if Path(path).is_dir() else 1
    return total


def _match(pattern: str) -> list[str]:
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - the pattern may be absolute


Item = Unread | Stream | Skipped | Problem


class Opener:
    """One search: remembers which files were seen and which names were given."""

    def __init__(self, max_bytes: int) -> None:
        """Refuse whatever is longer than `max_bytes`."""
        self.max_bytes = max_bytes
        self.names = _Names()
        self.seen: set[tuple[int, int]] = set()

    def open_all(self, inputs: Sequence[str]) -> Iterator[Stream | Skipped | Problem]:
        """Yield what the inputs hold; see open_inputs. May be called again for more inputs."""
        for item in self.find_all(inputs):
            yield item.read() if isinstance(item, Unread) else item

    def find_all(self, inputs: Sequence[str]) -> Iterator[Item]:
        """Yield the same, with plain files unread."""
        for text in inputs:
            if text == "-":
                yield self._open_stdin()
            elif os.path.lexists(text):
                yield from self._find_path(Path(text))
            elif glob.has_magic(text):
                matches = _match(text)
                if not matches:
                    remedy = "Check the pattern and the directory"
                    yield Problem(text, 0, 0, "no file matches", remedy)
                for match in matches:
                    yield from self._find_path(Path(match))
            elif "://" in text:
                found = "this is an address, and credreport works offline"
                yield Problem(text, 0, 0, found, "Download the report first and name the file")
            else:
                remedy = "Check the spelling of the path"
                yield Problem(text, 0, 0, "no such file or directory", remedy)

    def _open_stdin(self) -> Stream | Problem:
        name = "standard input"
        if sys.stdin is None:
            remedy = "Pipe a report into it, or name the file"
            return Problem(name, 0, 0, "it is closed", remedy)
        try:
            return _bounded(
                name, _read_at_most(sys.stdin.buffer, self.max_bytes + 1), self.max_bytes
            )
        except OSError as error:
            return _unreadable(name, error)

    def _find_path(self, path: Path) -> Iterator[Item]:
        if path.is_dir():
            yield from self._find_directory(path)
        elif path.suffix.lower() == ".zip":
            yield from self._open_zip(path, self.names.choose(path.name, path.parent.name))
        else:
            name = self.names.choose(path.name, path.parent.name)
            yield from self._find_file(path, name, searched=False)

    def _find_directory(self, directory: Path) -> Iterator[Item]:
        failures: list[OSError] = []
        found_any = False
        for folder, folders, names in os.walk(directory, onerror=failures.append):
            folders.sort()
            here = Path(folder)
            place = here.relative_to(directory).as_posix()
            below = "" if place == "." else f"{place}/"
            for name in list(folders):
                is_link = (here / name).is_symlink()
                if is_link or name.startswith(".") or name == "__MACOSX":
                    folders.remove(name)
                    shown = self.names.choose(name, here.name, below)
                    yield Skipped(shown, "a link or a hidden directory is not searched")
            for name in sorted(names):
                if _OWN_OUTPUT.fullmatch(name):
                    continue
                # Texts, not a Path for each of perhaps ten thousand files.
                path = os.path.join(folder, name)  # noqa: PTH118
                shown = self.names.choose(name, here.name, below)
                suffix = PurePath(name).suffix
                why = _why_skipped(name, suffix)
                if why and suffix.lower() != ".zip":
                    yield Skipped(shown, why)
                    continue
                found_any = True
                if suffix.lower() == ".zip":
                    yield from self._open_zip(path, shown)
                else:
                    yield from self._find_file(path, shown, searched=True)
        for failure in failures:
            yield _unreadable(str(failure.filename), failure)
        if not found_any and not failures:
            found = "no CSV, JSON, text, base64 or zip file in it"
            remedy = "Name the directory that holds the downloaded reports"
            yield Problem(str(directory), 0, 0, found, remedy)

    def _find_file(self, path: str | Path, name: str, *, searched: bool) -> Iterator[Item]:
        try:
            status = os.stat(path)  # noqa: PTH116 - a text will do
        except (OSError, ValueError) as error:
            yield _unreadable(name, error)
            return
        if not self._seen_before(status):
            absolute = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
            yield Unread(absolute, name, status.st_size, self.max_bytes, searched)

    def _seen_before(self, status: os.stat_result) -> bool:
        identity = (status.st_dev, status.st_ino)
        if identity in self.seen:
            return True
        self.seen.add(identity)
        return False

    def _open_zip(self, path: str | Path, name: str) -> Iterator[Item]:
        try:
            with open_regular(path) as file:
                if self._seen_before(os.fstat(file.fileno())):
                    return
                with zipfile.ZipFile(file) as archive:
                    yield from self._open_members(name, archive)
        except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
            yield Problem(name, 0, 0, f"not a zip that can be read ({error})", "Download it again")
        except (OSError, ValueError) as error:
            yield _unreadable(name, error)

    def _open_members(self, name: str, archive: zipfile.ZipFile) -> Iterator[Item]:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MAX_MEMBERS:
            found = f"{len(members)} files in one zip, more than {MAX_MEMBERS}"
            yield Problem(name, 0, 0, found, _UNPACK)
            return
        if sum(member.file_size for member in members) > MAX_ZIP_BYTES:
            found = f"more than {MAX_ZIP_BYTES >> 30} GiB when unpacked"
            yield Problem(name, 0, 0, found, _UNPACK)
            return
        found_any = False
        for member in members:
            shown = f"{name}/{member.filename}"
            inner = Path(member.filename)
            why = _why_skipped(inner.name, inner.suffix)
            if inner.suffix.lower() == ".zip":
                found_any = True
                yield Problem(shown, 0, 0, "a zip inside a zip", _UNPACK)
            elif why or "__MACOSX" in inner.parts:
                yield Skipped(shown, why or "hidden file")
            else:
                found_any = True
                yield self._read_member(shown, archive, member)
        if not found_any:
            yield Problem(name, 0, 0, "no CSV, JSON, text or base64 file in it", "Check the zip")

    def _read_member(
        self, name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo
    ) -> Stream | Problem:
        if member.flag_bits & 1:
            return Problem(name, 0, 0, "encrypted with a password", _UNPACK)
        if member.file_size > max(_RATIO_FREE_BYTES, MAX_RATIO * member.compress_size):
            return Problem(name, 0, 0, f"unpacks to more than {MAX_RATIO} times its size", _UNPACK)
        try:
            with archive.open(member) as file:
                data = _read_at_most(file, self.max_bytes + 1)
        except Exception as error:  # zlib, lzma and zipfile each raise their own
            return Problem(name, 0, 0, f"damaged inside the zip ({error})", "Make the zip again")
        return _bounded(name, data, self.max_bytes, searched=True)


@lru_cache(maxsize=1)
def _stamp_of_directory(directory: str) -> datetime | None:
    return stamp_of_folder(Path(directory).parts)


def _bounded(
    name: str,
    data: bytes,
    max_bytes: int,
    *,
    searched: bool = False,
    folder_stamp: datetime | None = None,
) -> Stream | Problem:
    if len(data) <= max_bytes:
        return Stream(name, data, searched, folder_stamp)
    size = f"{max_bytes / 1024 / 1024:g} MiB"
    found = f"larger than {size}, too large for a credential report"
    return Problem(name, 0, 0, found, "Raise --max-file-size if it really is one")


def _as_text(name: str) -> str:
    """Return a file's name with what cannot be shown written out: bytes that are no text, line ends."""
    return escape_text(name.encode("utf-8", "backslashreplace").decode())


def _why_skipped(name: str, suffix: str) -> str:
    if name.startswith("."):
        return "hidden file"
    if suffix == ".csv":
        return ""
    inner = {each.lower().split(" ")[0] for each in Path(name).suffixes} or {""}
    if not inner & _SUFFIXES:
        return f"{suffix} files are not searched for reports"
    return ""


def _read_at_most(file: IO[bytes], size: int) -> bytes:
    """Read up to `size` bytes, without setting aside memory for a size that may never come."""
    parts: list[bytes] = []
    while size > 0 and (part := file.read(min(size, _CHUNK))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_bounded(path: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> bytes:
    """Return a regular file's bytes. Raises OSError or ValueError where it cannot, or is larger."""
    with open_regular(path) as file:
        data = _read_at_most(file, max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"larger than {max_bytes / 1024 / 1024:g} MiB")
    return data


def open_regular(path: str | Path) -> BinaryIO:
    """Open a regular file for reading; a pipe or a device would hang or never end."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - a text will do
        message = "not a regular file (a pipe, a socket or a device); pipe it into credreport and name `-`"
        raise ValueError(message)
    return open(path, "rb")  # noqa: PTH123


def _unreadable(name: str, error: Exception) -> Problem:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem(name, 0, 0, f"cannot be read: {reason}", "Check the file and its permissions")
