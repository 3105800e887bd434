"""Bytes and base64 -> the text in them; whatever is not whole is refused."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from credreport.reports.containers.unsupported import (
    AGAIN,
    AS_CSV,
    opening_of,
    refuse_binary,
    refuse_other_delimiter,
    refused,
)
from credreport.text import is_out_of_step

# How a text begins -> its encoding: the longest mark first.
_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_UTF_8_MARK = b"\xef\xbb\xbf"
_BASE64_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SHORTEST_BASE64 = 64
_BLANKS = re.compile(r"\s+")
# Between the lines of one text it is always the same; a shell may have made the line ends blanks.
_SEPARATORS = ("\n", "\r\n", "\r", " ")


@dataclass(frozen=True)
class Unpacked:
    """The CSV text of one report, what it was saved in, and the time that came with it (as text).

    `answer` counts the answers of a file that has several, from 1; it is 0 where there is one.
    """

    text: str
    container: str
    generated_time: str = ""
    answer: int = 0


def decode(name: str, data: bytes) -> str:
    """Decode UTF-8, or what the byte order mark names. Raises InputRefused with line and column."""
    encoding = next((_MARKS[mark] for mark in _MARKS if data.startswith(mark)), "UTF-8")
    data = data.removeprefix(_UTF_8_MARK)  # positions do not count the mark
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        byte = data[error.start]
        found = f"byte 0x{byte:02x} is not {encoding}"
        remedy = (
            "The file is damaged or in another encoding: save it as UTF-8, or, where it was made "
            "with `base64 -d`, decode only the Content"
        )
        place = (line, column) if encoding == "UTF-8" else (0, 0)
        raise refused(name, found, remedy, *place) from None
    if "\0" in text:
        before_nul = text[: text.index("\0")]
        line = before_nul.count("\n") + 1
        column = len(before_nul) - before_nul.rfind("\n")
        found = "a NUL byte: the file is binary, damaged, or UTF-16 without its mark"
        raise refused(name, found, AS_CSV, line, column)
    if encoding == "UTF-16" and is_out_of_step(text):
        found = "UTF-16 in which a byte was lost or added, as where line ends were converted"
        raise refused(name, found, AGAIN)
    if text.startswith("\ufeff"):
        raise refused(name, "two byte order marks", AS_CSV, 1, 1)
    return text


def decode_pieces(letters: str) -> bytes:
    """Return what letters of base64 say, as far as they go: each text of several after one another."""
    pieces = letters.split("=")
    return b"".join(base64.b64decode(piece[: len(piece) // 4 * 4]) for piece in pieces)


def is_base64(text: str) -> bool:
    """Whether a text is base64 and nothing else, wrapped or not, and long enough for a report."""
    if "," in text[:_SHORTEST_BASE64]:
        return False
    joined = "".join(text.split())
    letters = joined.removesuffix("=").removesuffix("=")
    return (
        len(joined) >= _SHORTEST_BASE64
        and letters.isascii()
        and not letters.encode().translate(None, _BASE64_LETTERS)
        and "\t" not in text.strip()
    )


def unpack_base64(name: str, text: str, container: str) -> Unpacked:
    """Return the CSV text in the base64; `container` names what it came in. Raises InputRefused."""
    *lines, last = text.split() or [""]
    widths = {len(line) for line in lines}
    separators = {*_BLANKS.findall(text.strip())}
    if (
        len(separators) > 1
        or not separators.issubset(_SEPARATORS)
        or len(widths) > 1
        or len(last) > min(widths, default=len(last))
    ):
        found = (
            "base64 with an empty line or blanks in it, or with lines of different lengths: "
            "a part is missing"
        )
        raise refused(name, found, AGAIN)
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        found = "base64 that is cut short, damaged, or two texts after one another"
        raise refused(name, found, f"{AGAIN}; save one report per file") from None
    refuse_binary(name, data)
    inner = decode(name, data)
    if not inner.strip():
        raise refused(name, "an empty report inside the base64", AGAIN)
    refuse_other_delimiter(name, opening_of(inner))
    return Unpacked(inner, container)
