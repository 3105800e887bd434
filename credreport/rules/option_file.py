"""A file that an option names: read whole, bounded, with its hash for the evidence."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from credreport.errors import UsageError
from credreport.files import read_bounded, why_unreadable
from credreport.text import is_out_of_step

_MAX_BYTES = 16 * 1024 * 1024
# What ends a line for some programs, but not in CSV, JSON or TOML.
_NO_LINE_END = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class OptionFile:
    """A file that decided something, by name, SHA-256 and size in bytes."""

    name: str
    sha256: str
    size: int

    def __str__(self) -> str:
        """Return `policy.toml (SHA-256 …)`."""
        return f"{self.name} (SHA-256 {self.sha256})"


@dataclass(frozen=True)
class Configuration:
    """The options that decided something and came from a file, as written there, by name."""

    file: OptionFile
    options: Mapping[str, object]


def read_option_file(
    path: Path, option: str, max_bytes: int = _MAX_BYTES
) -> tuple[OptionFile, str]:
    """Return the file that `option` named, and its text. Raises UsageError if it cannot be read.

    It is UTF-8, or UTF-16 with its mark: what `credreport waivers > waivers.toml` makes in PowerShell.
    """
    try:
        data = read_bounded(path, max_bytes)
        is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"{option} {path}, line {line}: not UTF-8; save it as UTF-8 (CSV UTF-8 in Excel)"
        raise UsageError(message) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{option} {path}: cannot be read ({why_unreadable(error)})") from None
    if is_wide and is_out_of_step(text):
        raise UsageError(
            f"{option} {path}: UTF-16 in which a byte was lost or added; save it as UTF-8"
        )
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(f"{option} {path}, line {line}: a NUL byte; the file is damaged")
    if odd := _NO_LINE_END.search(text):
        line, column = place_of(text, odd.start())
        found = f"the character U+{ord(odd[0]):04X}, which ends no line here"
        remedy = "put a line end there, or take it out"
        raise UsageError(f"{option} {path}, line {line}, column {column}: {found}; {remedy}")
    return OptionFile(path.name, hashlib.sha256(data).hexdigest(), len(data)), text


def place_of(text: str, at: int) -> tuple[int, int]:
    """Return the line and the column of an index into a text, both from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
