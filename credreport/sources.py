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
from pathlib import Path
from typing import BinaryIO

from credreport.errors import Problem

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
MAX_MEMBERS = 20_000
MAX_ZIP_BYTES = 4 * 1024**3
MAX_RATIO = 200
_RATIO_FREE_BYTES = 1024 * 1024
_SUFFIXES = {"", ".csv", ".json", ".txt", ".tsv", ".b64", ".base64"}


@dataclass(frozen=True)
class Stream:
    """The bytes of one named input. `searched`: found in a directory or a zip, not named by the user."""

    name: str
    data: bytes
    searched: bool = False


@dataclass(frozen=True)
class Skipped:
    """Something that lay among the inputs and was not judged, and why."""

    name: str
    why: str


def open_inputs(
    inputs: Sequence[str], max_bytes: int = DEFAULT_MAX_BYTES
) -> Iterator[Stream | Skipped | Problem]:
    """Yield a Stream for every file that the inputs name or contain, a Problem for what cannot be read.

    A directory and a zip are searched for CSV, JSON, TSV, text and base64 files and files without
    a suffix; all else in them is yielded as Skipped. A file reached twice is read once.
    """
    seen: set[tuple[int, int]] = set()
    for text in inputs:
        if text == "-":
            yield _read_stdin(max_bytes)
            continue
        path = Path(text)
        if os.path.lexists(text):
            yield from _open_path(path, max_bytes, seen)
        elif glob.has_magic(text):
            matches = sorted(glob.glob(text, recursive=True))
            if not matches:
                yield Problem(text, 0, 0, "no file matches", "Check the pattern and the directory")
            for match in matches:
                yield from _open_path(Path(match), max_bytes, seen)
        elif "://" in text:
            remedy = "Download the report first and name the file"
            yield Problem(text, 0, 0, "this is an address, and credreport works offline", remedy)
        else:
            yield Problem(text, 0, 0, "no such file or directory", "Check the spelling of the path")


def count_inputs(inputs: Sequence[str]) -> int:
    """Return about how many files there are to read, for a progress bar: names only, nothing opened."""
    total = 0
    for text in inputs:
        paths = [text] if os.path.lexists(text) else glob.glob(text, recursive=True)
        for path in paths:
            total += sum(len(files) for _, _, files in os.walk(path)) if Path(path).is_dir() else 1
    return total


def _read_stdin(max_bytes: int) -> Stream | Problem:
    data = sys.stdin.buffer.read(max_bytes + 1)
    name = "standard input"
    return _too_big(name, max_bytes) if len(data) > max_bytes else Stream(name, data)


def _open_path(
    path: Path, max_bytes: int, seen: set[tuple[int, int]]
) -> Iterator[Stream | Skipped | Problem]:
    if path.is_dir():
        yield from _open_directory(path, max_bytes, seen)
    elif path.suffix.lower() == ".zip":
        yield from _open_zip(path, max_bytes, seen)
    else:
        yield from _open_file(path, max_bytes, seen, searched=False)


def _open_directory(
    directory: Path, max_bytes: int, seen: set[tuple[int, int]]
) -> Iterator[Stream | Skipped | Problem]:
    failures: list[OSError] = []
    found_any = False
    for folder, folders, names in os.walk(directory, onerror=failures.append):
        folders.sort()
        for name in list(folders):
            inner = Path(folder, name)
            if inner.is_symlink() or name.startswith(".") or name == "__MACOSX":
                folders.remove(name)
                yield Skipped(str(inner), "a link or a hidden directory is not searched")
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith("."):
                yield Skipped(str(path), "hidden file")
            elif path.suffix.lower() == ".zip":
                found_any = True
                yield from _open_zip(path, max_bytes, seen)
            elif path.suffix.lower() in _SUFFIXES:
                found_any = True
                yield from _open_file(path, max_bytes, seen, searched=True)
            else:
                yield Skipped(str(path), f"{path.suffix} files are not searched for reports")
    for failure in failures:
        yield _unreadable(str(failure.filename), failure)
    if not found_any and not failures:
        remedy = "Name the directory that holds the downloaded reports"
        yield Problem(str(directory), 0, 0, "no CSV, JSON, text, base64 or zip file in it", remedy)


def _open_file(
    path: Path, max_bytes: int, seen: set[tuple[int, int]], *, searched: bool
) -> Iterator[Stream | Problem]:
    name = str(path)
    try:
        with _open_regular(path) as file:
            if _seen_before(file, seen):
                return
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        yield _unreadable(name, error)
        return
    yield _too_big(name, max_bytes) if len(data) > max_bytes else Stream(name, data, searched)


def _open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; a pipe or a device would hang or never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        message = "not a regular file (a pipe, a socket or a device); send it to `credreport … -`"
        raise ValueError(message)
    return path.open("rb")


def _seen_before(file: BinaryIO, seen: set[tuple[int, int]]) -> bool:
    status = os.fstat(file.fileno())
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return True
    seen.add(identity)
    return False


def _open_zip(
    path: Path, max_bytes: int, seen: set[tuple[int, int]]
) -> Iterator[Stream | Skipped | Problem]:
    name = str(path)
    try:
        with _open_regular(path) as file:
            if _seen_before(file, seen):
                return
            with zipfile.ZipFile(file) as archive:
                yield from _open_members(name, archive, max_bytes)
    except (OSError, ValueError) as error:
        yield _unreadable(name, error)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        yield Problem(name, 0, 0, f"not a zip that can be read ({error})", "Download it again")


def _open_members(
    name: str, archive: zipfile.ZipFile, max_bytes: int
) -> Iterator[Stream | Skipped | Problem]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    unpack = "Unpack it yourself and name the directory"
    if len(members) > MAX_MEMBERS:
        found = f"{len(members)} files in one zip, more than {MAX_MEMBERS}"
        yield Problem(name, 0, 0, found, unpack)
        return
    if sum(member.file_size for member in members) > MAX_ZIP_BYTES:
        yield Problem(name, 0, 0, f"more than {MAX_ZIP_BYTES >> 30} GiB when unpacked", unpack)
        return
    found_any = False
    for member in members:
        member_name = f"{name}/{member.filename}"
        inner = Path(member.filename)
        if inner.name.startswith(".") or "__MACOSX" in inner.parts:
            yield Skipped(member_name, "hidden file")
        elif inner.suffix.lower() == ".zip":
            found_any = True
            yield Problem(member_name, 0, 0, "a zip inside a zip", unpack)
        elif inner.suffix.lower() not in _SUFFIXES:
            yield Skipped(member_name, f"{inner.suffix} files are not searched for reports")
        else:
            found_any = True
            yield _read_member(member_name, archive, member, max_bytes)
    if not found_any:
        yield Problem(name, 0, 0, "no CSV, JSON, text or base64 file in it", "Check the zip")


def _read_member(
    name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int
) -> Stream | Problem:
    unpack = "Unpack it yourself and name the directory"
    if member.flag_bits & 1:
        return Problem(name, 0, 0, "encrypted with a password", unpack)
    if member.file_size > max(_RATIO_FREE_BYTES, MAX_RATIO * member.compress_size):
        return Problem(name, 0, 0, f"unpacks to more than {MAX_RATIO} times its size", unpack)
    try:
        with archive.open(member) as file:
            data = file.read(max_bytes + 1)
    except Exception as error:  # zlib, lzma and zipfile each raise their own
        return Problem(name, 0, 0, f"damaged inside the zip ({error})", "Make the zip again")
    return _too_big(name, max_bytes) if len(data) > max_bytes else Stream(name, data, True)


def _too_big(name: str, max_bytes: int) -> Problem:
    found = f"larger than {max_bytes / 1024 / 1024:g} MiB, too large for a credential report"
    return Problem(name, 0, 0, found, "Raise --max-file-size if it really is one")


def _unreadable(name: str, error: Exception) -> Problem:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem(name, 0, 0, f"cannot be read: {reason}", "Check the file and its permissions")
