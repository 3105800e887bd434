"""The file with the key of --mask: made where it is missing, readable by its owner only."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from credreport.errors import UsageError
from credreport.files import open_regular, read_at_most, real_path, why_unreadable

OPTION = "--mask-key"
_FIRST_WORD = "credreport-mask-key-1"
_CONTENT = re.compile(rf"{_FIRST_WORD} ([0-9a-f]{{64}})\s*")
_MOST_BYTES = 1024
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class MaskKey:
    """The key of the pseudonyms. With it a guess can be tested; without it, none can."""

    secret: bytes = field(repr=False)

    def digest(self, kind: str, text: str) -> bytes:
        """Return HMAC-SHA256 of a text as a name of some kind."""
        message = f"{kind}\x1f{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret, message, hashlib.sha256)

    @property
    def identity(self) -> str:
        """What distinguishes keys, and reveals nothing of any."""
        return self.digest("fingerprint", "").hex()[:16]


def read_key(path: Path) -> MaskKey:
    """Return the key in the file. Raises UsageError if it is not one, or if others may read it."""
    try:
        with open_regular(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            text = read_at_most(file, _MOST_BYTES).decode("ascii", "replace")
    except (OSError, ValueError) as error:
        raise UsageError(f"{OPTION} {path}: cannot be read ({why_unreadable(error)})") from None
    found = _CONTENT.fullmatch(text)
    if not found:
        message = f"{OPTION} {path}: not a key of credreport; name a file that does not exist yet"
        raise UsageError(f"{message}, and it is created")
    if os.name == "posix" and mode & _OF_OTHERS:
        message = f"{OPTION} {path}: others may read it (mode {stat.S_IMODE(mode):03o})"
        raise UsageError(f"{message}; run chmod 600, or make a new one")
    return MaskKey(bytes.fromhex(found[1]))


def read_or_make_key(path: Path, output: Path, inputs: Iterable[str]) -> MaskKey:
    """Return the key in the file, which is created if it is missing.

    Raises UsageError where it would lie among the evidence or the inputs, which are shared.
    """
    place = _real(path)
    for folder, words in (
        (str(output), "the evidence"),
        *((each, "the inputs") for each in inputs),
    ):
        if _real(folder) in (place, *place.parents):
            message = f"{OPTION} {path}: lies among {words}; keep it where it is not shared"
            raise UsageError(message)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(path)
    except OSError as error:
        raise UsageError(f"{OPTION} {path}: cannot be made ({error.strerror})") from None
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{_FIRST_WORD} {secrets.token_hex(32)}\n")
    except BaseException as error:  # an empty file would be no key, and in the way of one
        path.unlink()
        if not isinstance(error, OSError):
            raise
        raise UsageError(f"{OPTION} {path}: cannot be made ({error.strerror})") from None
    return read_key(path)


def _real(path: str | Path) -> Path:
    """Return where the path leads, as far as it does: a link to itself leads nowhere."""
    return Path(real_path(path))
