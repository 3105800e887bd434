"""The finishing of a workbook: rows streamed into openpyxl's skeleton, alt texts, fixed bytes.

openpyxl builds the sheets, styles, headers, tables and charts; what it is slow at (many rows) or
leaves to the clock (times in the zip and in core.xml) is done here. This is also the one place
where a text becomes safe to stand in a cell.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import pandas as pd
from openpyxl.utils import get_column_letter

from credreport.escape import escape_text
from credreport.instants import format_instant
from credreport.normalise import to_naive

MAX_TEXT = 32_767
MAX_ROWS = 1_048_575
NOTHING = "\u2013"
_CUT = " [cut]"
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_EXCEL_EPOCH = pd.Timestamp("1899-12-30")
_EXCEL_OLDEST = pd.Timestamp("1900-03-01")
_SHOWN_AS_ONE = re.compile(r"[^\t\n]+")
_ESCAPE_LOOKALIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_TEMPLATE_ROW = re.compile(rb'<row r="2".*?</row>', re.DOTALL)
_CELL_STYLE = re.compile(rb'<c r="([A-Z]+)2"(?: s="([0-9]+)")?')


def safe_text(text: str) -> str:
    r"""Return the text as a cell can hold it: what cannot be shown is written out, as in `\x1b`.

    Control characters, direction overrides and half characters become visible escapes; `_x0041_`,
    which a reader of the format would decode, has its underscore escaped; more than 32,767
    characters are cut, visibly.
    """
    shown = _SHOWN_AS_ONE.sub(lambda match: escape_text(match[0]), text)
    shown = _ESCAPE_LOOKALIKE.sub("_x005F_", shown)
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - len(_CUT)] + _CUT


@dataclass(frozen=True)
class Stream:
    """The rows of one sheet below its header: values and kind of each column, height of each row.

    A kind is `text`, `number` or `date`; a height is in points; `table` is the name of the Excel
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
    2 and carries one styled cell a column. `alt_texts` go to charts and pictures in their order.
    """
    remaining = iter(alt_texts)
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(skeleton)) as source, zipfile.ZipFile(target, "w") as archive:
        for name in sorted(source.namelist(), key=_part_order):
            data = source.read(name)
            sheet = re.fullmatch(r"xl/worksheets/sheet([0-9]+)\.xml", name)
            if sheet and int(sheet[1]) in streams:
                data = _fill(data, streams[int(sheet[1])])
            elif name.startswith("xl/drawings/drawing"):
                data = _add_alt_texts(data, remaining)
            elif name.startswith("xl/tables/"):
                data = _stretch_table(data, streams.values())
            elif name == "docProps/core.xml":
                data = _fix_times(data, modified)
            part = zipfile.ZipInfo(name, _FIXED_TIME)
            part.compress_type = zipfile.ZIP_DEFLATED
            part.create_system = 0
            archive.writestr(part, data)
    return target.getvalue()


def _part_order(name: str) -> tuple[bool, list[str | int]]:
    """Content types first, as readers expect; drawings by number, as their alt texts come."""
    parts: list[str | int] = [
        f"{int(part):09d}" if part.isdigit() else part for part in re.split(r"([0-9]+)", name)
    ]
    return name != "[Content_Types].xml", parts


def _fill(sheet: bytes, stream: Stream) -> bytes:
    template = _TEMPLATE_ROW.search(sheet)
    assert template, "the skeleton has a template row"
    styles = [
        (letters.decode(), style.decode() or "0")
        for letters, style in _CELL_STYLE.findall(template[0])
    ]
    rows = "".join(_rows(stream, styles)).encode()
    filled = sheet[: template.start()] + rows + sheet[template.end() :]
    dimension = f'<dimension ref="{_reference(stream)}"'.encode()
    return re.sub(rb'<dimension ref="[^"]*"', dimension, filled, count=1)


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


def _rows(stream: Stream, styles: Sequence[tuple[str, str]]) -> Iterator[str]:
    writers = {"text": _text_cells, "number": _number_cells, "date": _date_cells}
    cells = [
        writers[kind](column, letters, style)
        for column, kind, (letters, style) in zip(stream.columns, stream.kinds, styles, strict=True)
    ]
    rows = zip(stream.heights, zip(*cells, strict=True), strict=True)
    for number, (height, row) in enumerate(rows, start=2):
        yield f'<row r="{number}" ht="{height:g}" customHeight="1">{"".join(row)}</row>'


def _text_cells(column: pd.Series, letters: str, style: str) -> Iterator[str]:
    bodies: dict[str, str] = {}
    for number, text in enumerate(column.tolist(), start=2):
        body = bodies.get(text)
        if body is None:
            body = bodies[text] = escape(safe_text(str(text)))
        yield _inline(letters, number, style, body)


def _inline(letters: str, number: int, style: str, body: str) -> str:
    if not body:
        return f'<c r="{letters}{number}" s="{style}"/>'
    return (
        f'<c r="{letters}{number}" s="{style}" t="inlineStr">'
        f'<is><t xml:space="preserve">{body}</t></is></c>'
    )


def _number_cells(column: pd.Series, letters: str, style: str) -> Iterator[str]:
    missing = column.isna().to_numpy()
    for number, (value, is_missing) in enumerate(
        zip(column.tolist(), missing.tolist(), strict=True), start=2
    ):
        if is_missing:
            yield _inline(letters, number, style, NOTHING)
        else:
            yield f'<c r="{letters}{number}" s="{style}"><v>{value}</v></c>'


def _date_cells(column: pd.Series, letters: str, style: str) -> Iterator[str]:
    """Yield Excel's serial days; what lies before its calendar stands as text."""
    naive = to_naive(column).dt.floor("s")
    days = (naive - _EXCEL_EPOCH) / pd.Timedelta(days=1)
    missing = column.isna().to_numpy()
    early = (naive < _EXCEL_OLDEST).to_numpy()
    for number, (day, is_missing, is_early) in enumerate(
        zip(days.tolist(), missing.tolist(), early.tolist(), strict=True), start=2
    ):
        if is_missing:
            yield _inline(letters, number, style, NOTHING)
        elif is_early:
            yield _inline(letters, number, style, format_instant(column.iloc[number - 2]))
        else:
            yield f'<c r="{letters}{number}" s="{style}"><v>{day:.10f}</v></c>'


def _add_alt_texts(drawing: bytes, texts: Iterator[str]) -> bytes:
    def add(match: re.Match[str]) -> str:
        return f"{match[1]} descr={quoteattr(next(texts))}/>"

    return re.sub(
        r'(<(?:xdr:)?cNvPr id="[0-9]+" name="(?:Chart|Image) [0-9]+")[^>]*?/>',
        add,
        drawing.decode(),
    ).encode()


def _fix_times(core: bytes, modified: datetime) -> bytes:
    stamp = format_instant(modified).encode()
    return re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, core)


def count_rows(workbook: bytes) -> dict[int, int]:
    """Read the workbook back: return how many rows each sheet holds, by its number.

    Every sheet is parsed, so XML that a reader would choke on raises here, before anything is put
    in place.
    """
    counts: dict[int, int] = {}
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        damaged = archive.testzip()
        assert damaged is None, f"{damaged} cannot be read back"
        for name in archive.namelist():
            sheet = re.fullmatch(r"xl/worksheets/sheet([0-9]+)\.xml", name)
            if sheet:
                document = archive.read(name)
                expat.ParserCreate().Parse(document, True)
                counts[int(sheet[1])] = document.count(b"<row ")
    return counts
