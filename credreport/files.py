"""Bytes that need not be held in memory: a temporary file that nobody else sees."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from credreport.errors import OutputError

_CHUNK = 1024 * 1024

_MOST = 64 * 1024 * 1024

Place = tuple[int, int]


def read_regular(path: Path) -> bytes:
    """Return the content of a file, at most 64 MiB. Raises OSError, also where it is no plain file.

    A pipe or a device under the name is not waited for.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
        return file.read(_MOST)


class Spool:
    """Bytes put aside, one behind the other, for as long as somebody holds the spool.

    Raises OutputError where there is no room for them.
    """

    def __init__(self) -> None:
        """Open the file."""
        self._size = 0
        with _told():
            self._file = tempfile.TemporaryFile(prefix="credreport-")  # noqa: SIM115 - next line
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        """Return how many bytes there are."""
        return self._size

    def put(self, data: bytes | bytearray) -> Place:
        """Write the data behind what is there; return where it is."""
        place = self._size, len(data)
        with _told():
            self._file.seek(self._size)
            self._file.write(data)
        self._size += len(data)
        return place

    def take(self, place: Place) -> bytes:
        """Return what was put there."""
        offset, size = place
        with _told():
            self._file.seek(offset)
            return self._file.read(size)

    def chunks(self) -> Iterator[bytes]:
        """Yield all of it from the beginning on."""
        for offset in range(0, self._size, _CHUNK):
            yield self.take((offset, _CHUNK))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"no room for a temporary file: {reason}") from error


Content = bytes | Spool


def chunks_of(content: Content) -> Iterable[bytes]:
    """Return the bytes in pieces that can be held."""
    return [content] if isinstance(content, bytes) else content.chunks()


def whole(content: Content) -> bytes:
    """Return all of it at once."""
    return b"".join(chunks_of(content))


def sha256(content: Content) -> str:
    """Return the hash as hexadecimal digits."""
    digest = hashlib.sha256()
    for chunk in chunks_of(content):
        digest.update(chunk)
    return digest.hexdigest()
