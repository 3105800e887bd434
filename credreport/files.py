"""Files: read within bounds and without waiting, put aside where they are long, hashed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from threading import Lock
from typing import IO, Any

from credreport.errors import OutputError

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
NO_FILE = "not a regular file (a pipe, a socket or a device)"
_CHUNK = 1 << 20
_DO_NOT_WAIT = getattr(os, "O_NONBLOCK", 0)
_AS_BYTES = getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)

Place = tuple[int, int]


def open_regular(path: str | Path, *, follow: bool = True) -> BufferedReader:
    """Open a regular file for reading. Raises OSError, or ValueError if it is not one.

    A pipe or a device would hang or never end. Some files of the kernel claim to be regular and
    still block: reading them here does not. Without `follow`, a link is not a regular file.
    """
    if not follow and os.path.islink(path):  # noqa: PTH114 - where the system cannot refuse it
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    no_link = 0 if follow else _NO_LINK
    handle = os.open(path, os.O_RDONLY | _DO_NOT_WAIT | _AS_BYTES | no_link)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError(NO_FILE)
        return open(handle, "rb")  # noqa: PTH123
    except BaseException:
        os.close(handle)
        raise


def real_path(path: str | Path) -> str:
    """Return where a path leads; itself, made absolute, where it is a chain of more links than the system follows."""
    try:
        os.stat(path)  # noqa: PTH116 - any path
    except OSError as error:
        if error.errno == errno.ELOOP:  # Python would follow each, and run out of stack
            return os.path.abspath(path)  # noqa: PTH100 - a link stays
    return os.path.realpath(path)


def may_be_there(path: Path) -> bool:
    """Whether something has this name, also a broken link, or the disk does not answer for it."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    except OSError:
        pass
    return True


def read_at_most(file: IO[bytes], size: int, expected: int = 0) -> bytes:
    """Read up to `size` bytes, without allocating memory for bytes that may never come.

    Where about `expected` bytes are there, they are read at once. Raises ValueError if a file
    without an end has nothing to read at the moment.
    """
    parts: list[bytes] = []
    chunk = expected + 1 if expected else _CHUNK
    while (part := file.read(min(size, chunk))) != b"":
        if part is None:
            raise ValueError(NO_FILE)
        parts.append(part)
        size -= len(part)
        chunk = _CHUNK
    return b"".join(parts)


def read_bounded(path: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> bytes:
    """Return a regular file's bytes. Raises OSError or ValueError where it cannot, or is larger."""
    with open_regular(path) as file:
        data = read_at_most(file, max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"larger than {max_bytes / 1024 / 1024:g} MiB")
    return data


def why_unreadable(error: Exception) -> str:
    """Return why a file could not be read, in words."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


class Spool:
    """Bytes put aside in a temporary file, for as long as there is a reference to the spool.

    Threads may share it. Raises OutputError if there is no room for them.
    """

    def __init__(self) -> None:
        """Open the file."""
        self._size = 0
        self._lock = Lock()  # its file has one position
        with _no_room_reported():
            self._file = tempfile.TemporaryFile(prefix="credreport-")  # noqa: SIM115 - next line
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        """Return how many bytes there are."""
        return self._size

    def put(self, data: bytes | bytearray) -> Place:
        """Append the data; return where it is."""
        with self._lock:
            place = self._size, len(data)
            with _no_room_reported():
                self._file.seek(self._size)
                self._file.write(data)
            self._size += len(data)
        return place

    def take(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset` on."""
        with self._lock, _no_room_reported():
            self._file.seek(offset)
            return self._file.read(size)

    def chunks(self) -> Iterator[bytes]:
        """Yield all of it from the beginning on."""
        for offset in range(0, self._size, _CHUNK):
            yield self.take(offset, _CHUNK)


@contextmanager
def _no_room_reported() -> Iterator[None]:
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


class KeyTwiceError(ValueError):
    """A key that an object has twice: one of its values would be lost."""


def parse_json(text: str | bytes) -> Any:
    """Return the content of a JSON document. Raises KeyTwiceError, ValueError or RecursionError."""
    return json.loads(text, object_pairs_hook=no_key_twice)


def no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of the pairs, for a JSON decoder. Raises KeyTwiceError."""
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        key = next(key for key, count in counts.items() if count > 1)
        raise KeyTwiceError(f"the key {key!r} appears twice in one object")
    return found
