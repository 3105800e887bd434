"""Bytes of a supposed workbook -> why it is not opened: its unpacked size is checked first."""

from __future__ import annotations

import io
import re
import zipfile

_MOST_PARTS = 5_000
# What openpyxl, or expat under it, takes the square of the size for.
_REFUSED = {
    "a defined name or a form of numbers of more than 2,000 bytes": re.compile(
        rb"[<:]definedName\b[^<]{2000}|\bformatCode\s*=\s*(?:\"[^\"]{2000}|'[^']{2000})"
    ),
    "a defined name with something else in it": re.compile(rb"[<:]definedName\b[^<]*<[^/]"),
    "a tag or a text of more than 300,000 bytes": re.compile(rb"<[^<]{300000}"),
    # Excel for Mac keeps settings of printers in lists of Apple's.
    "a document type": re.compile(
        rb"<!DOCTYPE(?! plist PUBLIC \"[^\"<>]{0,99}\" \"[^\"<>]{0,99}\">)"
    ),
}
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_UTF_16 = re.compile(rb"\xff\xfe|\xfe\xff|\0[<\s]|[<\s]\0")
_LONGEST_COMMENT = 300_000
_LONG = ((b"<!--", b"-->"), (b"<?", b"?>"))


def reason_not_to_open(data: bytes, most: int) -> str:
    """Return why the workbook is not opened; empty where it may be.

    `most` is how many bytes all its parts may have together. A part that has more than the archive's
    directory says is damaged. Raises zipfile.BadZipFile, or another error, if it is not an archive.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len({part.filename for part in parts}) < len(parts):
            return "two of its parts have the same name"
        if len(parts) > _MOST_PARTS:
            return f"it has {len(parts):,} parts, more than {_MOST_PARTS:,}"
        if sum(part.file_size for part in parts) > most:
            return f"it unpacks to more than {most:,} bytes"
        damaged = archive.testzip()
        if damaged:
            return f"its part {damaged!r} is damaged"
        for part in parts:
            content = archive.read(part)
            if _UTF_16.match(content):
                return f"its part {part.filename!r} is in UTF-16"
            if _XML.match(content) and (what := _too_long(content)):
                return f"it has {what}"
        return ""


def _too_long(content: bytes) -> str:
    """Return what the XML has that takes more time than its size, if anything."""
    if any(_has_long(content, *marks) for marks in _LONG):
        return "a comment of more than 300,000 bytes"
    return next((what for what, form in _REFUSED.items() if form.search(content)), "")


def _has_long(content: bytes, begin: bytes, end: bytes) -> bool:
    """Whether more than 300,000 bytes are between two marks, whatever else is there."""
    place = content.find(begin)
    while place >= 0:
        after = content.find(end, place)
        if after < 0 or after - place > _LONGEST_COMMENT:
            return True
        place = content.find(begin, after)
    return False
