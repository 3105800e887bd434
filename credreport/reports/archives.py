"""Zips and tar archives -> where the bytes of each member lie, checked so that none can be missing.

A reader that trusts the directory at the end of a zip silently loses half of its members to one
damaged byte there. Here every byte of a zip belongs to one member or to the directory, and
what a zip says twice it must say the same way twice. A tar has to end where its last member does.
"""

from __future__ import annotations

import gzip
import struct
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from credreport.files import Spool

MAX_MEMBERS = 20_000
MAX_RATIO = 200
_RATIO_FREE_BYTES = 1024 * 1024
_MAX_DIRECTORY = MAX_MEMBERS * 1024
_CHUNK = 1024 * 1024

_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_LARGE_END = struct.Struct("<4sQ2H2L4Q")
_LOCAL_MARK, _ENTRY_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCATOR_MARK, _LARGE_END_MARK, _DESCRIPTOR_MARK = b"PK\x06\x07", b"PK\x06\x06", b"PK\x07\x08"
_ENCRYPTED, _HAS_DESCRIPTOR, _IS_UTF_8 = 0x1, 0x8, 0x800
_FLAGS = 0x40 | _ENCRYPTED | _HAS_DESCRIPTOR | _IS_UTF_8  # the others tell how hard it was packed
_STORED, _DEFLATED = 0, 8
_LARGE_EXTRA = 1
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_MAX_HEADER = 64 * 1024

Take = Callable[[int, int], bytes]


class ArchiveRefused(Exception):
    """What is wrong with an archive, or with one member of it."""


@dataclass(frozen=True)
class Member:
    """One file in an archive: where its bytes lie, and how to tell that they are whole.

    `offset` and `packed_size` are places in the archive, `size` is the length when unpacked. `crc`
    is None in a tar, which has none. `wrong` says why it is refused, `left_out` why it is no file.
    """

    name: str
    offset: int = 0
    packed_size: int = 0
    size: int = 0
    is_deflated: bool = False
    crc: int | None = None
    wrong: str = ""
    left_out: str = ""

    def read(self, take: Take) -> bytes:
        """Return its bytes, unpacked. Raises ArchiveRefused where they are damaged."""
        packed = take(self.offset, self.packed_size)
        data = self._inflate(packed) if self.is_deflated else packed
        if len(data) != self.size or (self.crc is not None and zlib.crc32(data) != self.crc):
            raise ArchiveRefused("damaged inside the archive: its size or checksum differs")
        return data

    def _inflate(self, packed: bytes) -> bytes:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = inflate.decompress(packed, self.size + 1)
            data += inflate.decompress(inflate.unconsumed_tail, 1)
        except zlib.error as error:
            raise ArchiveRefused(f"damaged inside the archive ({error})") from None
        if not inflate.eof or inflate.unused_data:
            raise ArchiveRefused("damaged inside the archive: its packed size differs")
        return data


def take_from(file: BinaryIO) -> Take:
    """Return a function that reads so many bytes of the file from an offset on."""

    def take(offset: int, size: int) -> bytes:
        file.seek(offset)
        return file.read(size)

    return take


# Zips


@dataclass(frozen=True)
class _Entry:
    """What the directory of a zip says of one member."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int

    @property
    def shown(self) -> str:
        """The name; what was written without the mark of UTF-8 is in the alphabet of the PC."""
        return self.name.decode("utf-8" if self.flags & _IS_UTF_8 else "cp437", "backslashreplace")


def zip_members(file: BinaryIO) -> list[Member]:
    """Return the members of a zip in the order of its directory, without directories.

    Raises ArchiveRefused where the end record, the directory and the members' own headers do not
    agree, where bytes belong to none of them or to two, or where two members have one name.
    """
    take = take_from(file)
    begin, end, count = _find_directory(take, file.seek(0, 2))
    entries = list(_read_directory(take(begin, end - begin), count))
    place = 0
    members = {}
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset != place:
            raise ArchiveRefused(_not_next(place, entry.offset))
        members[entry.offset], place = _check_member(take, entry, begin)
    if place != begin:
        raise ArchiveRefused(_not_next(place, begin))
    _refuse_duplicates(entry.shown for entry in entries)
    return [members[entry.offset] for entry in entries if not entry.name.endswith(b"/")]


def _find_directory(take: Take, size: int) -> tuple[int, int, int]:
    """Return where the directory begins and ends, and how many entries it has."""
    start = max(0, size - _END.size - _FULL_16)
    tail = take(start, size - start)
    place = tail.rfind(_END_MARK)
    if place < 0 or len(tail) - place < _END.size:
        raise ArchiveRefused("not a zip, or cut short: there is no end record")
    end = start + place
    _, *disks, here, count, length, begin, comment = _END.unpack_from(tail, place)
    if end + _END.size + comment != size:
        raise ArchiveRefused("bytes after its end record")
    large = _find_large_end(take, end - _LOCATOR.size)
    if large:
        end, *disks, here64, count64, length64, begin64 = large
        told = ((here, here64), (count, count64), (length, length64), (begin, begin64))
        if any(short not in (long, _FULL_16, _FULL_32) for short, long in told):
            raise ArchiveRefused("its two end records do not agree")
        here, count, length, begin = here64, count64, length64, begin64
    if any(disk not in (0, _FULL_16) for disk in disks) or here != count:
        raise ArchiveRefused("one part of a multi-part zip")
    if begin + length != end:
        raise ArchiveRefused(
            "its directory is not where its end record says: it is damaged, or something, perhaps "
            "another zip, lies before it"
        )
    if count > MAX_MEMBERS or length > _MAX_DIRECTORY:
        raise ArchiveRefused(f"{count} files in one zip, more than {MAX_MEMBERS}")
    return begin, end, count


def _find_large_end(take: Take, place: int) -> tuple[int, ...] | None:
    """Return where the end record of a large zip begins, and its numbers; None where there is none."""
    locator = take(place, _LOCATOR.size) if place >= 0 else b""
    if not locator.startswith(_LOCATOR_MARK):
        return None
    _, disk, offset, disks = _LOCATOR.unpack(locator)
    record = take(offset, _LARGE_END.size) if offset < place else b""
    if len(record) < _LARGE_END.size or not record.startswith(_LARGE_END_MARK):
        raise ArchiveRefused("its end record for large zips is missing")
    _, rest, _, _, *numbers = _LARGE_END.unpack(record)
    if (disk, disks) not in ((0, 0), (0, 1)) or offset + 12 + rest != place:
        raise ArchiveRefused("its end record for large zips is damaged")
    return offset, *numbers


def _read_directory(data: bytes, count: int) -> Iterator[_Entry]:
    """Yield the entries; there are as many as the end record says, and nothing else."""
    place = found = 0
    while place < len(data):
        if len(data) - place < _ENTRY.size or not data.startswith(_ENTRY_MARK, place):
            raise ArchiveRefused(f"entry {found + 1} of its directory is damaged")
        (_, _, _, flags, method, _, _, crc, packed_size, size, name_size, extra_size, comment_size,
         disk, _, _, offset) = _ENTRY.unpack_from(data, place)  # fmt: skip
        begin = place + _ENTRY.size
        extra = data[begin + name_size : begin + name_size + extra_size]
        size, packed_size, offset = _enlarge(extra, size, packed_size, offset)
        if disk not in (0, _FULL_16):
            raise ArchiveRefused("one part of a multi-part zip")
        name = data[begin : begin + name_size]
        yield _Entry(name, flags & _FLAGS, method, crc, packed_size, size, offset)
        place = begin + name_size + extra_size + comment_size
        found += 1
    if (found, place) != (count, len(data)):
        raise ArchiveRefused(f"its end record counts {count} members, its directory {found}")


def _enlarge(extra: bytes, *numbers: int) -> Iterator[int]:
    """Yield the numbers; those that are full stand in the extra field for large zips."""
    large = b""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _LARGE_EXTRA:
            large = extra[4 : 4 + length]
        extra = extra[4 + length :]
    for number in numbers:
        if number == _FULL_32 and len(large) >= 8:
            yield int.from_bytes(large[:8], "little")
            large = large[8:]
        else:
            yield number


def _check_member(take: Take, entry: _Entry, limit: int) -> tuple[Member, int]:
    """Hold a member's own header against its entry; return the member and where it ends."""
    header = take(entry.offset, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MARK):
        raise ArchiveRefused(f"{entry.shown} does not begin where its directory says")
    _, _, flags, method, _, _, crc, packed_size, size, name_size, extra_size = _LOCAL.unpack(header)
    rest = take(entry.offset + _LOCAL.size, name_size + extra_size)
    size, packed_size = _enlarge(rest[name_size:], size, packed_size)
    expected = (entry.crc, entry.packed_size, entry.size)
    is_later = bool(flags & _HAS_DESCRIPTOR)  # then 0 stands for what was not known yet
    own = zip((crc, packed_size, size), expected, strict=True)
    if (
        (flags & _FLAGS, method, rest[:name_size]) != (entry.flags, entry.method, entry.name)
        or any(number != wanted and not (is_later and number == 0) for number, wanted in own)
        or b"\0" in entry.name
    ):
        raise ArchiveRefused(f"its directory and the header of {entry.shown} do not agree")
    begin = entry.offset + _LOCAL.size + name_size + extra_size
    end = begin + entry.packed_size
    if is_later:
        end += _descriptor_size(take(end, 24), expected)
    if end > limit or (entry.name.endswith(b"/") and entry.size):
        raise ArchiveRefused(f"{entry.shown} is longer than it can be")
    is_deflated = method == _DEFLATED
    member = Member(
        entry.shown, begin, entry.packed_size, entry.size, is_deflated, entry.crc, _wrong(entry)
    )
    return member, end


def _descriptor_size(data: bytes, expected: tuple[int, int, int]) -> int:
    """Return the length of the record behind a member that tells what its header could not yet."""
    for form in ("<3L", "<L2Q"):
        for mark in (_DESCRIPTOR_MARK, b""):
            size = len(mark) + struct.calcsize(form)
            found = data[len(mark) : size]
            is_whole = data.startswith(mark) and len(data) >= size
            if is_whole and struct.unpack(form, found) == expected:
                return size
    raise ArchiveRefused("the sizes behind a member and in its directory do not agree")


def _wrong(entry: _Entry) -> str:
    if entry.flags & _ENCRYPTED:
        return "encrypted with a password"
    if entry.method not in (_STORED, _DEFLATED):
        return "compressed in a way that is not supported"
    if entry.size > max(_RATIO_FREE_BYTES, MAX_RATIO * entry.packed_size):
        return f"unpacks to more than {MAX_RATIO} times its size"
    return ""


def _not_next(place: int, next_place: int) -> str:
    if next_place < place:
        return f"two members share the bytes from {next_place} on"
    return (
        f"the bytes {place} to {next_place} belong to no member of its directory: it is damaged, "
        "or several zips were joined"
    )


def _refuse_duplicates(names: Iterator[str]) -> None:
    name, count = next(iter(Counter(names).most_common(1)), ("", 0))
    if count > 1:
        raise ArchiveRefused(f"{count} members are called {name}")


# Tar archives


def unpack_gzip(file: BinaryIO, max_bytes: int) -> Spool:
    """Return what was compressed, put aside. Raises ArchiveRefused where damaged, or too large."""
    limit = min(max_bytes, max(_RATIO_FREE_BYTES, MAX_RATIO * file.seek(0, 2)))
    file.seek(0)
    spool = Spool()
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            while data := unpacked.read(_CHUNK):
                spool.put(data)
                if len(spool) > limit:
                    raise ArchiveRefused(f"unpacks to more than {limit >> 20} MiB")
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveRefused(f"damaged, or not a gzip ({error})") from None
    return spool


class _Headers:
    """What tarfile reads of an archive: its headers, which are short."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._place = 0

    def tell(self) -> int:
        return self._place

    def seek(self, place: int) -> int:
        self._place = place
        return place

    def read(self, size: int) -> bytes:
        if size > _MAX_HEADER:
            raise tarfile.ReadError(f"a header longer than {_MAX_HEADER >> 10} KiB")
        data = self._take(self._place, size)
        self._place += len(data)
        return data


def tar_members(take: Take, size: int) -> list[Member]:
    """Return the members of a tar of `size` bytes, without directories.

    Raises ArchiveRefused where it is damaged or cut short, where anything lies behind its end, or
    where two members have one name.
    """
    members: list[Member] = []
    try:
        with tarfile.open(fileobj=_Headers(take), mode="r:") as archive:  # type: ignore[call-overload]
            while info := archive.next():
                archive.members = []  # it would keep them all
                if len(members) == MAX_MEMBERS:
                    raise ArchiveRefused(f"more than {MAX_MEMBERS} files in one archive")
                if not info.isdir():
                    members.append(_to_member(info))
            end = archive.offset
    except (tarfile.TarError, ValueError, RecursionError) as error:
        raise ArchiveRefused(f"not a tar that can be read ({error})") from None
    if size - end < 2 * tarfile.BLOCKSIZE or any(_chunks_with_data(take, end, size)):
        raise ArchiveRefused(
            f"damaged or cut short after {len(members)} members, or several archives were joined"
        )
    _refuse_duplicates(member.name for member in members)
    return members


def _to_member(info: tarfile.TarInfo) -> Member:
    if info.issym() or info.islnk():
        return Member(info.name, left_out=f"a link to {info.linkname}, not followed")
    if not info.isreg():
        return Member(info.name, left_out="neither a file nor a directory")
    wrong = "stored as a sparse file, which is not supported" if info.issparse() else ""
    return Member(info.name, info.offset_data, info.size, info.size, wrong=wrong)


def _chunks_with_data(take: Take, begin: int, end: int) -> Iterator[bool]:
    for place in range(begin, end, _CHUNK):
        yield any(take(place, min(_CHUNK, end - place)))
