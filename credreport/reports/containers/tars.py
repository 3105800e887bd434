"""A tar, compressed or not -> its members; it has to end where its last member does."""

from __future__ import annotations

import re
import tarfile
import zlib
from itertools import chain
from typing import BinaryIO

from credreport.files import Spool
from credreport.reports.containers.members import (
    EMPTY_FOLDER,
    MAX_MEMBERS,
    MAX_RATIO,
    RATIO_FREE_BYTES,
    SHOWN,
    ArchiveRefused,
    Member,
    Take,
    refuse_duplicates,
    refuse_long_path,
    refuse_report_in,
    without_dots,
)

_CHUNK = 1 << 20
_PIECE = 1 << 14  # what is left of one is copied behind each stream in it
_MAX_HEADERS = 64 << 10  # bytes of one file's
# Letters of the headers that are those of all files: tarfile reads them for each. git writes some 50.
_MAX_GLOBAL = 1 << 10
# No name has as many digits in a row; the time that tarfile takes grows with the square of them.
_LONG_NUMBER = re.compile(rb"[0-9]{256}")
_GZIP = 16 + zlib.MAX_WBITS


def unpack_gzip(file: BinaryIO, max_bytes: int) -> Spool:
    """Unpack a gzip file, of one stream or several, into a spool.

    Raises ArchiveRefused if it is damaged or too large, and where anything but a stream, if only
    zeros, follows a stream: these may have been one.
    """
    limit = min(max_bytes, max(RATIO_FREE_BYTES, MAX_RATIO * file.seek(0, 2)))
    file.seek(0)
    spool = Spool()
    stream = zlib.decompressobj(_GZIP)
    waiting = b""
    try:
        while packed := waiting or file.read(_PIECE):
            if stream.eof:
                stream = zlib.decompressobj(_GZIP)
            spool.put(stream.decompress(packed, _CHUNK))
            if len(spool) > limit:
                raise ArchiveRefused(f"unpacks to more than {limit >> 20} MiB")
            waiting = stream.unused_data if stream.eof else stream.unconsumed_tail
    except (OSError, zlib.error) as error:
        raise ArchiveRefused(f"damaged, or not a gzip ({error})") from None
    if not stream.eof:
        raise ArchiveRefused("damaged, or cut short")
    return spool


class _Headers:
    """What tarfile reads of an archive: its headers, which are short.

    begin: where those of the next file begin.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._place = self.begin = 0

    def tell(self) -> int:
        return self._place

    def seek(self, place: int) -> int:
        self._place = place
        return place

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.begin + _MAX_HEADERS - self._place:
            raise ArchiveRefused(
                f"a header below zero, or headers of one file longer than {_MAX_HEADERS >> 10} KiB"
            )
        data = self._take(self._place, size)
        if _LONG_NUMBER.search(data):
            raise ArchiveRefused("a header with a number of more than 255 digits")
        self._place += len(data)
        return data


def tar_members(take: Take, size: int) -> list[Member]:
    """Return the members and folders of a tar of `size` bytes.

    Raises ArchiveRefused where it is damaged or cut short, where anything follows its end, or where
    two members have the same name.
    """
    members: list[Member] = []
    end = 0
    try:
        headers = _Headers(take)
        with tarfile.open(fileobj=headers, mode="r:") as archive:  # type: ignore[call-overload]
            while info := archive.next():
                archive.members = []  # it would keep them all
                if sum(map(len, chain(*archive.pax_headers.items()))) > _MAX_GLOBAL:
                    raise ArchiveRefused(
                        f"headers of all its files together longer than {_MAX_GLOBAL >> 10} KiB"
                    )
                if not end < archive.offset <= size:
                    raise ArchiveRefused(f"{info.name[:SHOWN]!r} ends outside the archive")
                _check_headers(take, info, end)
                if len(members) == MAX_MEMBERS:
                    raise ArchiveRefused(f"more than {MAX_MEMBERS} files in one archive")
                if info.isreg():
                    _check_size(take, info, archive.offset)
                members.append(_to_member(info))
                end = headers.begin = archive.offset
    except (tarfile.TarError, ValueError, RecursionError):
        # What they say may quote the content of a file.
        raise ArchiveRefused("not a tar that can be read") from None
    if not _is_end(take, end, size):
        raise ArchiveRefused(
            f"damaged or cut short after {len(members)} members, or several archives were joined, or it was "
            "made in records of another size than 10 KiB (tar -b)"
        )
    refuse_duplicates(member.name for member in members if member.left_out != EMPTY_FOLDER)
    return members


def _is_end(take: Take, end: int, size: int) -> bool:
    """Whether what follows the last member ends a tar: two blocks of zeros, or as many as fill a record.

    Where there are more of them, or fewer, a member may be lost.
    """
    least = end + 2 * tarfile.BLOCKSIZE
    most = -(-least // tarfile.RECORDSIZE) * tarfile.RECORDSIZE
    return size in (least, most) and not any(take(end, size - end))


def _check_headers(take: Take, info: tarfile.TarInfo, begin: int) -> None:
    """Refuse a report in the headers before a file: another type of member makes it one of them."""
    headers = take(begin, info.offset_data - begin)
    refuse_report_in(headers, f"the headers of {info.name[:SHOWN]!r}")


def _check_size(take: Take, info: tarfile.TarInfo, end: int) -> None:
    """Refuse a file that is longer than its header says: the rest of it would be lost silently.

    `end` is where the next header is. A file fills whole blocks, and zeros fill the last one. A
    header's checksum does not detect that two digits of the size are swapped.
    """
    begin = info.offset_data + info.size
    if not info.issparse() and (
        end - begin not in range(tarfile.BLOCKSIZE) or any(take(begin, end - begin))
    ):
        raise ArchiveRefused(f"{info.name!r} does not end where its size says")


def _to_member(info: tarfile.TarInfo) -> Member:
    name = without_dots(info.name)
    if info.isdir():
        return Member(f"{name}/", left_out=EMPTY_FOLDER)
    if info.issym() or info.islnk():
        refuse_long_path(info.linkname)
        return Member(name, left_out=f"a link to {info.linkname!r}, not followed")
    if not info.isreg():
        return Member(name, left_out="neither a file nor a directory")
    wrong = "stored as a sparse file, which is not supported" if info.issparse() else ""
    return Member(name, info.offset_data, info.size, info.size, wrong=wrong)
