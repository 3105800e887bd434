"""Bytes of a supposed workbook -> why it is not opened: its unpacked size is checked first."""

from __future__ import annotations

import io
import re
import zipfile

_MOST_PARTS = 5_000
# Print titles and areas, forms of numbers: openpyxl's time grows with the square of their length.
_LONG_NAME = re.compile(
    rb"<(?:\w+:)?definedName\b(?:(?!</)[\s\S]){2000}|\bformatCode\s*=\s*[\"'][^\"']{2000}"
)


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
            return f"its part {damaged} is damaged"
        if any(_LONG_NAME.search(archive.read(part)) for part in parts):
            return "it has a defined name or a form of numbers of more than 2,000 bytes"
        return ""
