"""Every kind of archive, by the ending of its name -> its members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO

from credreport.files import Spool
from credreport.reports.containers.members import Member, take_from
from credreport.reports.containers.tars import tar_members, unpack_gzip
from credreport.reports.containers.zips import zip_members

# The members, and what had to be unpacked to find them (at most `max_bytes`), if anything.
Opened = tuple[list[Member], Spool | None]


def _open_zip(file: BinaryIO, max_bytes: int) -> Opened:  # noqa: ARG001 - limited per member
    return zip_members(file), None


def _open_tar(file: BinaryIO, max_bytes: int) -> Opened:  # noqa: ARG001 - nothing is unpacked
    return tar_members(take_from(file), file.seek(0, 2)), None


def _open_tar_gz(file: BinaryIO, max_bytes: int) -> Opened:
    spool = unpack_gzip(file, max_bytes)
    return tar_members(spool.take_at, len(spool)), spool


_ARCHIVES: Mapping[str, Callable[[BinaryIO, int], Opened]] = {
    ".zip": _open_zip,
    ".tar": _open_tar,
    ".tar.gz": _open_tar_gz,
    ".tgz": _open_tar_gz,
}


def is_archive(name: str) -> bool:
    """Whether a file of this name is opened as an archive."""
    return name.lower().endswith(tuple(_ARCHIVES))


def open_archive(name: str, file: BinaryIO, max_bytes: int) -> Opened:
    """Return the members of an archive, opened by its name, and the spool, if it was unpacked.

    Unpacks at most `max_bytes` in one piece. Raises ArchiveRefused where a member may be missing.
    """
    ending = next(ending for ending in _ARCHIVES if name.lower().endswith(ending))
    return _ARCHIVES[ending](file, max_bytes)
