"""The finishing of a workbook: rows streamed into openpyxl's skeleton, alt texts, fixed bytes.

openpyxl builds the sheets, styles, headers, tables and charts; what it is slow at (many rows) or
leaves to the clock (times in the zip and in core.xml) is done here. This is also the one place
that makes text safe for a cell of the workbook.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import IO
from xml.parsers import expat

import pandas as pd
from openpyxl.utils import get_column_letter

from credreport.evidence.evidence import NOTHING
from credreport.instants import format_instant
from credreport.reports.normalise import to_naive
from credreport.text import escape_lines, escape_text

MAX_TEXT = 32_767
MAX_ROWS = 1_048_575
_CUT = " [cut]"
# Rows are so repetitive that a second more saves a tenth of the size.
_COMPRESSION = 2
_ROWS_AT_ONCE = 2_000
_READ_AT_ONCE = 1024 * 1024
_ROW = b"<row "
_EXCEL_EPOCH = pd.Timestamp("1899-12-30")
_EXCEL_OLDEST = pd.Timestamp("1900-03-01")
_ESCAPE_LOOKALIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_TEMPLATE_ROW = re.compile(rb'<row r="2".*?</row>', re.DOTALL)
_CELL_STYLE = re.compile(rb'<c r="([A-Z]+)2"(?: s="([0-9]+)")?')


def safe_text(text: str) -> str:
    r"""Return the text as a cell can hold it: what cannot be shown is written out, as in `\x1b`.

    Control characters, direction overrides and half characters become visible escapes; `_x0041_`,
    which a reader of the format would decode, has its underscore escaped; more than 32,767
    characters are cut, visibly.
    """
    if len(text) <= MAX_TEXT and text.isprintable() and "_x" not in text:
        return text
    shown = _ESCAPE_LOOKALIKE.sub("_x005F_", escape_lines(text))
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - len(_CUT)] + _CUT


@dataclass(frozen=True)
class Stream:
    """The rows of one sheet below its header: values and kind of each column, height of each row.

    A kind is `text`, `number`, `date` or `day`; a height is in points; `table` is the name of the Excel
    table that covers header and rows.
    """

    table: str
    columns: Sequence[pd.Series]
    kinds: Sequence[str]
    heights: pd.Series

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.heights)


def finish(
    skeleton: bytes,
    streams: Mapping[int, Stream],
    alt_texts: Sequence[str],
    modified: datetime,
) -> bytes:
    """Return the finished workbook.

    `streams` maps a sheet's number (from 1) to the rows that replace its template row, which is row
    2 and has one styled cell per column. `alt_texts` go to charts and pictures in their order.
    """
    remaining = iter(alt_texts)
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(skeleton)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION) as archive,
    ):
        for name in sorted(source.namelist(), key=_part_order):
            data = source.read(name)
            parts: Iterable[bytes] = [data]
            sheet = re.fullmatch(r"xl/worksheets/sheet([0-9]+)\.xml", name)
            if sheet and int(sheet[1]) in streams:
                parts = _fill(data, streams[int(sheet[1])])
            elif name.startswith("xl/drawings/drawing"):
                parts = [_add_alt_texts(data, remaining)]
            elif name.startswith("xl/tables/"):
                parts = [_stretch_table(data, streams.values())]
            elif name == "docProps/core.xml":
                parts = [_fix_times(data, modified)]
            # A part that is opened by its name has zip's oldest time, whatever the clock.
            with archive.open(name, "w") as member:
                for part in parts:
                    member.write(part)
            archive.getinfo(name).create_system = 0
    return target.getvalue()


def _part_order(name: str) -> tuple[bool, list[str | int]]:
    """Content types first, as readers expect; drawings by number, as their alt texts come."""
    parts: list[str | int] = [
        f"{int(part):09d}" if part.isdigit() else part for part in re.split(r"([0-9]+)", name)
    ]
    return name != "[Content_Types].xml", parts


def _fill(sheet: bytes, stream: Stream) -> Iterator[bytes]:
    """Yield the sheet with the rows in place of its template row, some at a time."""
    template = _TEMPLATE_ROW.search(sheet)
    assert template, "the skeleton has a template row"
    styles = [
        (letters.decode(), style.decode() or "0")
        for letters, style in _CELL_STYLE.findall(template[0])
    ]
    dimension = f'<dimension ref="{_reference(stream)}"'.encode()
    before = sheet[: template.start()]
    yield re.sub(rb'<dimension ref="[^"]*"', dimension, before, count=1)
    for first in range(0, len(stream), _ROWS_AT_ONCE):
        yield "".join(_rows(stream, styles, first)).encode()
    yield sheet[template.end() :]


def _reference(stream: Stream) -> str:
    """Return the cells of header and rows, such as `A1:O17`."""
    return f"A1:{get_column_letter(len(stream.columns))}{len(stream) + 1}"


def _stretch_table(part: bytes, streams: Iterable[Stream]) -> bytes:
    """Let the skeleton's table, which covers the template row, cover all rows.

    openpyxl would make every cell of a long table only to read its headers.
    """
    for stream in streams:
        if f'displayName="{stream.table}"'.encode() in part:
            return re.sub(rb' ref="[^"]*"', f' ref="{_reference(stream)}"'.encode(), part)
    return part


def _rows(stream: Stream, styles: Sequence[tuple[str, str]], first: int) -> Iterator[str]:
    """Yield the XML of some rows: the cells are made column by column, each distinct text once."""
    writers = {"text": _text_cells, "number": _number_cells, "date": _date_cells, "day": _day_cells}
    rows = slice(first, first + _ROWS_AT_ONCE)
    heights = stream.heights.iloc[rows]
    numbers = range(first + 2, first + 2 + len(heights))
    cells = []
    for column, kind, (letters, style) in zip(stream.columns, stream.kinds, styles, strict=True):
        bodies = writers[kind](column.iloc[rows], style)
        start = f'<c r="{letters}'
        cells.append(
            [f"{start}{number}{body}" for number, body in zip(numbers, bodies, strict=True)]
        )
    opening = {height: f'" ht="{height:g}" customHeight="1">' for height in heights.unique()}
    openings = [opening[height] for height in heights.tolist()]
    for number, height, row in zip(numbers, openings, zip(*cells, strict=True), strict=True):
        yield f'<row r="{number}{height}{"".join(row)}</row>'


def _text_cells(column: pd.Series, style: str) -> Iterator[str]:
    """Yield what follows a cell's reference, for each text; equal texts are made safe once."""
    codes, texts = pd.factorize(column.fillna(""), use_na_sentinel=False)
    bodies = [_inline(style, escape(safe_text(str(text)), quote=False)) for text in texts]
    return (bodies[code] for code in codes.tolist())


def _inline(style: str, body: str) -> str:
    if not body:
        return f'" s="{style}"/>'
    # A blank would only be lost at the ends; without the attribute there is a third less to read.
    space = ' xml:space="preserve"' if body != body.strip() else ""
    return f'" s="{style}" t="inlineStr"><is><t{space}>{body}</t></is></c>'


def _number_cells(column: pd.Series, style: str) -> Iterator[str]:
    nothing = _inline(style, NOTHING)
    missing = column.isna().to_numpy().tolist()
    for value, is_missing in zip(column.tolist(), missing, strict=True):
        yield nothing if is_missing else f'" s="{style}"><v>{value}</v></c>'


def _date_cells(column: pd.Series, style: str) -> Iterator[str]:
    """Yield Excel's serial days; dates before its calendar are text."""
    naive = to_naive(column).dt.floor("s")
    days = (naive - _EXCEL_EPOCH) / pd.Timedelta(days=1)
    nothing = _inline(style, NOTHING)
    missing = column.isna().to_numpy().tolist()
    early = (naive < _EXCEL_OLDEST).to_numpy().tolist()
    for place, (day, is_missing, is_early) in enumerate(
        zip(days.tolist(), missing, early, strict=True)
    ):
        if is_missing:
            yield nothing
        elif is_early:
            yield _inline(style, format_instant(column.iloc[place]))
        else:
            yield f'" s="{style}"><v>{day:.10f}</v></c>'


def _day_cells(column: pd.Series, style: str) -> Iterator[str]:
    """Yield the serial day of each text such as 2026-03-31; nothing where it is empty."""
    for text in column.tolist():
        serial = (pd.Timestamp(text) - _EXCEL_EPOCH).days if text else None
        yield _inline(style, "") if serial is None else f'" s="{style}"><v>{serial}</v></c>'


def _add_alt_texts(drawing: bytes, texts: Iterator[str]) -> bytes:
    def add(match: re.Match[str]) -> str:
        return f'{match[1]} descr="{escape(escape_text(next(texts)))}"/>'

    return re.sub(
        r'(<(?:xdr:)?cNvPr id="[0-9]+" name="(?:Chart|Image) [0-9]+")[^>]*?/>',
        add,
        drawing.decode(),
    ).encode()


def _fix_times(core: bytes, modified: datetime) -> bytes:
    stamp = format_instant(modified).encode()
    return re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, core)


def count_rows(workbook: bytes) -> dict[int, int]:
    """Read the workbook back: return how many rows each sheet has, by its number.

    Every sheet is parsed, so XML that no reader would accept fails here, before anything is put
    in place.
    """
    counts: dict[int, int] = {}
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        for name in archive.namelist():
            sheet = re.fullmatch(r"xl/worksheets/sheet([0-9]+)\.xml", name)
            with archive.open(name) as part:  # read to its end, its checksum is compared
                rows = _count_rows(part) if sheet else len(part.read())
            if sheet:
                counts[int(sheet[1])] = rows
    return counts


def _count_rows(sheet: IO[bytes]) -> int:
    parser = expat.ParserCreate()
    rows, end = 0, b""
    while chunk := sheet.read(_READ_AT_ONCE):
        parser.Parse(chunk, False)
        # A row that begins in one chunk and ends in the next counts in the next.
        rows += (end + chunk).count(_ROW)
        end = (end + chunk)[1 - len(_ROW) :]
    parser.Parse(b"", True)
    return rows
