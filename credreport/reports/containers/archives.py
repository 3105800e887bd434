"""Every kind of archive, by the ending of its name -> its members."""

from __future__ import annotations

from typing import BinaryIO

from credreport.files import Spool
from credreport.reports.containers.members import Member, refuse_many_paths, take_from
from credreport.reports.containers.tars import tar_members, unpack_gzip
from credreport.reports.containers.zips import zip_members

# The members, and what had to be unpacked to find them (at most `max_bytes`), if anything.
Opened = tuple[list[Member], Spool | None]


_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")


def is_archive(name: str) -> bool:
    """Whether a file of this name is opened as an archive."""
    return name.lower().endswith(_ENDINGS)


def open_archive(name: str, file: BinaryIO, max_bytes: int) -> Opened:
    """Return the members of an archive, opened by its name, and the spool, if it was unpacked.

    Unpacks at most `max_bytes` in one piece. Raises ArchiveRefused where a member may be missing.
    """
    members, spool = _open_by_name(name, file, max_bytes)
    refuse_many_paths(members)
    return members, spool


def _open_by_name(name: str, file: BinaryIO, max_bytes: int) -> Opened:
    if name.lower().endswith(".zip"):
        return zip_members(file), None
    if name.lower().endswith(".tar"):
        return tar_members(take_from(file), file.seek(0, 2)), None
    spool = unpack_gzip(file, max_bytes)
    return tar_members(spool.take, len(spool)), spool
