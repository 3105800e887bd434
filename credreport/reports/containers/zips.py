"""A zip -> its members, checked so that none can be missing.

A reader that trusts the directory at the end of a zip silently loses half of its members to one
damaged byte there. Here every byte of a zip belongs to one member or to the directory, and
what a zip says twice it must say the same way twice.
"""

from __future__ import annotations

import re
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from credreport.reports.containers.members import (
    EMPTY_FOLDER,
    LONGEST_PATH,
    MAX_MEMBERS,
    MAX_RATIO,
    RATIO_FREE_BYTES,
    ArchiveRefused,
    Member,
    Take,
    refuse_duplicates,
    refuse_report_in,
    take_from,
    without_dots,
)

_MAX_DIRECTORY = 20 << 20
_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_DESCRIPTOR = struct.Struct("<4sL2Q")  # at its longest
_FIELD = struct.Struct("<2H")
_LOCATOR = struct.Struct("<4sLQL")
_LARGE_END = struct.Struct("<4sQ2H2L4Q")
_LOCAL_MARK, _ENTRY_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCATOR_MARK, _LARGE_END_MARK, _DESCRIPTOR_MARK = b"PK\x06\x07", b"PK\x06\x06", b"PK\x07\x08"
_ENCRYPTED, _HAS_DESCRIPTOR, _IS_UTF_8 = 0x1, 0x8, 0x800
_FLAGS = 0x40 | _ENCRYPTED | _HAS_DESCRIPTOR | _IS_UTF_8  # the others say how well it was packed
_STORED, _DEFLATED = 0, 8
_PACKED_NOTHING = 32  # bytes: no program packs the contents of a folder, which are none, in more
_LARGE_EXTRA, _NAME_EXTRA = 1, 0x7075
# What a header's name has in place of letters that the code page lacks, and those letters.
_NOT_PLAIN = re.compile(rb"(?:#U[0-9A-Fa-f]{4}|#L[0-9A-Fa-f]{6}|[^ -~]|[?_])+")
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True)
class _Entry:
    """One member's entry in the directory of a zip.

    `unicode_name` is the same name once more, with the letters that `name` may have lost; or empty.
    `mode` is that of Unix, or zero.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int
    unicode_name: bytes = b""
    mode: int = 0

    @property
    def shown(self) -> str:
        """The name; without the UTF-8 flag it is in the code page of the first PCs."""
        if self.unicode_name:
            return without_dots(self.unicode_name.decode("utf-8", "backslashreplace"))
        codec = "utf-8" if self.flags & _IS_UTF_8 else "cp437"
        return without_dots(self.name.decode(codec, "backslashreplace"))


def zip_members(file: BinaryIO) -> list[Member]:
    """Return the members and folders of a zip in the order of its directory.

    Raises ArchiveRefused where the end record, the directory and the members' own headers do not
    agree, where bytes belong to none of them or to two, or where two members have the same name.
    """
    take = take_from(file)
    size = file.seek(0, 2)
    begin, end, count = _find_directory(take, size)
    refuse_report_in(take(begin, size - begin), "its directory or a comment")
    entries = list(_read_directory(take(begin, end - begin), count))
    place = 0
    members = {}
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset != place:
            raise ArchiveRefused(_not_next(place, entry.offset))
        members[entry.offset], place = _check_member(take, entry, begin)
    if place != begin:
        raise ArchiveRefused(_not_next(place, begin))
    refuse_duplicates(entry.shown for entry in entries)
    return [members[entry.offset] for entry in entries]


def _find_directory(take: Take, size: int) -> tuple[int, int, int]:
    """Return where the directory begins and ends, and how many entries it has."""
    start = max(0, size - _END.size - _FULL_16)
    tail = take(start, size)
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
    if count > MAX_MEMBERS:
        raise ArchiveRefused(f"{count} files in one zip, more than {MAX_MEMBERS}")
    if length > _MAX_DIRECTORY:
        raise ArchiveRefused(f"its directory is longer than {_MAX_DIRECTORY >> 20} MiB")
    return begin, end, count


def _find_large_end(take: Take, place: int) -> tuple[int, ...] | None:
    """Return where the end record of a large zip begins, and its fields; None if there is none."""
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
         disk, _, attributes, offset) = _ENTRY.unpack_from(data, place)  # fmt: skip
        begin = place + _ENTRY.size
        extra = _extra_fields(data[begin + name_size : begin + name_size + extra_size])
        size, packed_size, offset = _enlarge(extra, size, packed_size, offset)
        if disk not in (0, _FULL_16):
            raise ArchiveRefused("one part of a multi-part zip")
        name = data[begin : begin + name_size]
        unicode_name = _unicode_name(extra, name)
        yield _Entry(
            name, flags & _FLAGS, method, crc, packed_size, size, offset, unicode_name,
            attributes >> 16,
        )  # fmt: skip
        place = begin + name_size + extra_size + comment_size
        found += 1
    if (found, place) != (count, len(data)):
        raise ArchiveRefused(f"its end record counts {count} members, its directory {found}")


def _extra_fields(data: bytes) -> Mapping[int, bytes]:
    """Return the extra fields of a header, each by its number."""
    found = {}
    while len(data) > _FIELD.size:
        kind, length = _FIELD.unpack_from(data)
        rest = data[_FIELD.size :]
        found[kind], data = rest[:length], rest[length:]
    return found


def _unicode_name(extra: Mapping[int, bytes], name: bytes) -> bytes:
    """Return the name in the extra field for it, after a version and a checksum; empty without one.

    Raises ArchiveRefused where it differs in more than letters that the header's name cannot have:
    programs do not agree on which of the two counts, and the name may tell the date.
    """
    found = extra.get(_NAME_EXTRA, b"")[5:]
    if found and _NOT_PLAIN.sub(b"?", found) != _NOT_PLAIN.sub(b"?", name):
        one, other = (each.decode("utf-8", "backslashreplace") for each in (name, found))
        raise ArchiveRefused(f"a member has two names that differ, {one!r} and {other!r}")
    return found


def _enlarge(extra: Mapping[int, bytes], *numbers: int) -> Iterator[int]:
    """Yield the numbers; one with all bits set is found in the extra field for large zips."""
    large = extra.get(_LARGE_EXTRA, b"")
    for number in numbers:
        if number == _FULL_32 and len(large) >= 8:
            yield int.from_bytes(large[:8], "little")
            large = large[8:]
        else:
            yield number


def _check_member(take: Take, entry: _Entry, limit: int) -> tuple[Member, int]:
    """Compare a member's own header with its entry; return the member and where it ends."""
    header = take(entry.offset, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MARK):
        raise ArchiveRefused(f"{entry.shown!r} does not begin where its directory says")
    _, _, flags, method, _, _, crc, packed_size, size, name_size, extra_size = _LOCAL.unpack(header)
    begin = entry.offset + _LOCAL.size
    name, fields = take(begin, name_size), take(begin + name_size, extra_size)
    refuse_report_in(fields, f"the header of {entry.shown!r}")
    extra = _extra_fields(fields)
    size, packed_size = _enlarge(extra, size, packed_size)
    expected = (entry.crc, entry.packed_size, entry.size)
    is_later = bool(flags & _HAS_DESCRIPTOR)  # then 0 means that it was not known yet
    own = zip((crc, packed_size, size), expected, strict=True)
    if (
        (flags & _FLAGS, method, name) != (entry.flags, entry.method, entry.name)
        or _unicode_name(extra, name) not in (b"", entry.unicode_name)
        or any(number != wanted and not (is_later and number == 0) for number, wanted in own)
        or b"\0" in entry.name
    ):
        raise ArchiveRefused(f"its directory and the header of {entry.shown!r} do not agree")
    begin += name_size + extra_size
    end = begin + entry.packed_size
    if is_later:
        end += _descriptor_size(take(end, _DESCRIPTOR.size), expected)
    is_folder = entry.name.endswith(b"/" if entry.size else (b"/", b"\\"))  # Windows, before 2016
    if end > limit or (is_folder and (entry.size or entry.packed_size > _PACKED_NOTHING)):
        raise ArchiveRefused(f"{entry.shown!r} is longer than it can be")
    member = Member(
        entry.shown, begin, entry.packed_size, entry.size, method == _DEFLATED, entry.crc,
        _wrong(entry), EMPTY_FOLDER if is_folder else "",
    )  # fmt: skip
    is_link = stat.S_ISLNK(entry.mode) and not (is_folder or member.wrong)
    if is_link and _may_be_path(member, take):
        member = replace(member, left_out="a link, not followed")
    return member, end


def _may_be_path(member: Member, take: Take) -> bool:
    """Whether a member may hold what a link leads to; if not, its mode is damaged."""
    is_short = member.size <= LONGEST_PATH
    return is_short and not re.search(rb"[\r\n]", member.head(take, member.size))


def _descriptor_size(data: bytes, expected: tuple[int, int, int]) -> int:
    """Return the length of the data descriptor after a member whose header has no sizes yet."""
    for form in ("<3L", "<L2Q"):
        for mark in (_DESCRIPTOR_MARK, b""):
            size = len(mark) + struct.calcsize(form)
            found = data[len(mark) : size]
            is_whole = data.startswith(mark) and len(data) >= size
            if is_whole and struct.unpack(form, found) == expected:
                return size
    raise ArchiveRefused("the sizes after a member and in its directory do not agree")


def _wrong(entry: _Entry) -> str:
    if entry.flags & _ENCRYPTED:
        return "encrypted with a password"
    if entry.method not in (_STORED, _DEFLATED):
        return "compressed in a way that is not supported"
    if entry.size > max(RATIO_FREE_BYTES, MAX_RATIO * entry.packed_size):
        return f"unpacks to more than {MAX_RATIO} times its size"
    return ""


def _not_next(place: int, next_place: int) -> str:
    if next_place < place:
        return f"two members share the bytes from {next_place} on"
    return (
        f"the bytes {place} to {next_place} belong to no member of its directory: it is damaged, "
        "or several zips were joined"
    )
