"""The members of an archive: where the bytes of each lie, and how to tell that they are whole."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

from credreport.reports.stamp import steps_of
from credreport.schema import BASE64_HEADER

MAX_MEMBERS = 20_000
MAX_RATIO = 200
RATIO_FREE_BYTES = 1024 * 1024
EMPTY_FOLDER = "an empty directory"
LONGEST_PATH = 4096  # letters: no path on Linux has more bytes
MAX_PATHS = 8 << 20  # letters of all names in one archive
MAX_FOLDERS = 10 * MAX_MEMBERS  # that these name, each as often as it is named
SHOWN = 80  # letters of a name
_IN_REPORTS = (b",password_enabled,", b'"password_enabled"', BASE64_HEADER.encode())
# A row without its header: an ARN, and a time somewhere behind it.
_ROW = re.compile(
    rb"arn:aws[a-z-]*:iam::[0-9]{12}:(?:user/|root).{0,300}?[0-9]{2}T[0-9]{2}:[0-9]{2}:"
)

Take = Callable[[int, int], bytes]


class ArchiveRefused(Exception):
    """What is wrong with an archive, or with one member of it."""


@dataclass(frozen=True)
class Member:
    """One file in an archive: where its bytes are, and how to check that they are whole.

    `offset` and `packed_size` say where it is in the archive, `size` is its length when unpacked.
    `crc` is None in a tar, which has none. `wrong` says why it is refused, `left_out` why it is
    skipped.
    """

    name: str
    offset: int = 0
    packed_size: int = 0
    size: int = 0
    is_deflated: bool = False
    crc: int | None = None
    wrong: str = ""
    left_out: str = ""

    def __post_init__(self) -> None:
        """Refuse a name that no file has, before many of them are kept."""
        refuse_long_path(self.name)

    def read(self, take: Take) -> bytes:
        """Return its bytes, unpacked. Raises ArchiveRefused where they are damaged."""
        packed = take(self.offset, self.packed_size)
        data = self._inflate(packed) if self.is_deflated else packed
        if len(data) != self.size or (self.crc is not None and zlib.crc32(data) != self.crc):
            raise ArchiveRefused("damaged inside the archive: its size or checksum differs")
        return data

    def head(self, take: Take, size: int) -> bytes:
        """Return its first bytes, unchecked. Raises ArchiveRefused where they cannot be unpacked."""
        packed = take(self.offset, min(self.packed_size, size))
        return _inflate(packed, size)[0] if self.is_deflated else packed

    def _inflate(self, packed: bytes) -> bytes:
        data, is_whole = _inflate(packed, self.size + 1)
        if not is_whole:
            raise ArchiveRefused("damaged inside the archive: its packed size differs")
        return data


def _inflate(packed: bytes, most: int) -> tuple[bytes, bool]:
    """Return the first bytes that were packed, and whether they end where the packed ones do."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflate.decompress(packed, most)
    except zlib.error as error:
        raise ArchiveRefused(f"damaged inside the archive ({error})") from None
    return data, inflate.eof and not inflate.unused_data


def take_from(file: BinaryIO) -> Take:
    """Return a function that reads `size` bytes of the file from `offset` on."""

    def take(offset: int, size: int) -> bytes:
        file.seek(offset)
        return file.read(size)

    return take


def refuse_report_in(headers: bytes, place: str) -> None:
    """Raise ArchiveRefused if headers or comments of an archive hold a report: no member is read there."""
    plain = headers.replace(b"\0", b"")  # that is what UTF-16 has beside its letters
    if any(word in plain for word in _IN_REPORTS) or _ROW.search(plain):
        raise ArchiveRefused(f"a report in {place}")


def without_dots(name: str) -> str:
    """Return a path without its `.` parts: `tar -cf x.tar .` writes `./a.csv`."""
    return "/".join(step for step in name.split("/") if step != ".")


def refuse_long_path(path: str) -> None:
    """Raise ArchiveRefused if a path is longer than any that can be unpacked."""
    if len(path) > LONGEST_PATH:
        raise ArchiveRefused(f"{path[:SHOWN]!r} begins a path of more than {LONGEST_PATH} letters")


def refuse_many_paths(members: Iterable[Member]) -> None:
    """Raise ArchiveRefused if the names of all members are too long, or name too many directories.

    Each of these may be asked which day and which account it is called by.
    """
    names = [member.name for member in members]
    if sum(map(len, names)) > MAX_PATHS:
        raise ArchiveRefused(f"its names are longer than {MAX_PATHS >> 20} MiB together")
    if sum(len(steps_of(name)) - 1 for name in names) > MAX_FOLDERS:
        raise ArchiveRefused(f"its names have more than {MAX_FOLDERS} directories together")


def refuse_duplicates(names: Iterable[str]) -> None:
    """Raise ArchiveRefused if two members have the same name."""
    for name, count in Counter(names).items():
        if count > 1:
            raise ArchiveRefused(f"{count} members are called {name!r}")
