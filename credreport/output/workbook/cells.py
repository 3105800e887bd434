"""Cells and their looks: one value, a header row, a small table. Any text is stored as text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from pandas.api.types import is_numeric_dtype

from credreport.evidence.evidence import NOTHING, Block
from credreport.instants import format_instant
from credreport.output.workbook.sheetxml import safe_text

DATE_FORMAT = "yyyy-mm-dd hh:mm:ss"

INK = "1F2937"
_HEADER_FILL = PatternFill("solid", fgColor="1F3A5F")
BAD_FILL = PatternFill("solid", fgColor="FBE3D6")
GOOD_FILL = PatternFill("solid", fgColor="E2F0E6")
TO_FILL_IN = PatternFill("solid", fgColor="FFE699")
_FRAME = Side(style="thin", color="7F6000")
FRAME = Border(left=_FRAME, right=_FRAME, top=_FRAME, bottom=_FRAME)
_TO_FILL_IN_HEADER = PatternFill("solid", fgColor="7F6000")
UNDECIDED_FILL = PatternFill("solid", bgColor="E8E0F3")
UNUSED_FILL = PatternFill("solid", bgColor="FBD9C6")
_FONT = "Calibri"
BODY = Font(name=_FONT, size=10, color=INK)
_HEADER_FONT = Font(name=_FONT, size=10, bold=True, color="FFFFFF")
BOLD = Font(name=_FONT, size=10, bold=True, color=INK)
HEADING = Font(name=_FONT, size=12, bold=True, color=INK)
TITLE = Font(name=_FONT, size=16, bold=True, color=INK)
UNDERLINE = Border(bottom=Side(style="thin", color="D0D5DD"))
TOP = Alignment(vertical="top")
WRAP = Alignment(vertical="top", wrap_text=True)
_APART = Alignment(vertical="top", horizontal="left", indent=1)  # unwrapped: a last text extends
_APART_WRAPPED = Alignment(vertical="top", horizontal="left", indent=1, wrap_text=True)
_APART_HEADER = Alignment(vertical="center", horizontal="left", indent=1, wrap_text=True)
ALIGNMENTS = {
    "text": WRAP,
    "date": Alignment(vertical="top", horizontal="center"),
    "day": Alignment(vertical="top", horizontal="center"),
    "number": Alignment(vertical="top", horizontal="right", indent=1),
}
LINK = Font(name=_FONT, size=10, color="0B5394", underline="single")
LINE_HEIGHT = 12.75
LINE_SPARE = 1.5
# The letters of body text that fit into a unit of width; those of a header are bold.
_LETTERS_A_UNIT = 1.12
_PADDING = 0.7
_INDENT = 1.5
_WORD = re.compile(r"[^\s-]*(?:-|\s+|$)")
_BOLD = 1.12
_MOST_BLOCK_ROWS = 50_000


def put(
    sheet: Worksheet,
    row: int,
    place: int,
    value: Any,
    font: Font | None = None,
    *,
    missing: str = NOTHING,
) -> Any:
    """Put one value into a cell: any text as text, never as a formula; dates as dates."""
    cell = sheet.cell(row, place)
    if isinstance(value, pd.Timestamp) and value.year < 1901:
        value = format_instant(value)
    if isinstance(value, pd.Timestamp):
        cell.value = value.tz_convert("UTC").tz_localize(None).floor("s").to_pydatetime()
        cell.number_format = DATE_FORMAT
        cell.alignment = Alignment(vertical="top", horizontal="left")
    elif isinstance(value, str):
        if value:
            cell.value = safe_text(value)
            cell.data_type = "s"
            cell.quotePrefix = True
        cell.alignment = TOP
    else:
        cell.value = missing if pd.isna(value) else int(value)
        cell.alignment = ALIGNMENTS["number"]
    cell.font = font or BODY
    return cell


def letters_in(width: float) -> int:
    """Return how many letters of body text a column of this width has room for in a line."""
    return max(int((width - _PADDING) * _LETTERS_A_UNIT), 1)


def lines_of(text: str, width: float) -> int:
    """Return how many lines a text needs in a column of this width, broken at blanks and hyphens."""
    room = letters_in(width)
    return sum(_lines(part, room) if len(part) > room else 1 for part in text.split("\n"))


def _lines(text: str, room: int) -> int:
    lines, used = 1, 0
    for word in _WORD.findall(text):
        letters = len(word)
        if used + len(word.rstrip()) > room:
            lines += bool(used) + (len(word.rstrip()) - 1) // room
            used = 0
            letters = (letters - 1) % room + 1
        used += letters
    return lines


def header_lines(header: str, width: float) -> int:
    """Return how many lines a header needs: it is bold, so its letters are wider."""
    lines, used = 1, 0.0
    for word in header.split():
        letters = len(word) * _BOLD
        if used and used + 1 + letters > width:
            lines, used = lines + 1, 0.0
        used += letters + bool(used)
    return lines


def _has_spare(header: str, width: float) -> bool:
    """Whether a header still fits, with no more lines, next to the indent of its numbers."""
    less = width - _INDENT
    longest = max(map(len, header.split()), default=0) * _BOLD
    return longest + _PADDING <= less and header_lines(header, less) == header_lines(header, width)


def write_header(
    sheet: Worksheet,
    row: int,
    headers: Sequence[tuple[str, str]],
    *,
    to_fill_in: Collection[str] = (),
    has_buttons: bool = False,
) -> None:
    """Write a header row; a header is aligned like the values of its column.

    Excel draws a filter button into the lower right of each header: with `has_buttons` the row has
    one more line, so that no button covers a word.
    """
    tallest = 1
    for place, (header, kind) in enumerate(headers, start=1):
        cell = put(sheet, row, place, header, _HEADER_FONT)
        width = sheet.column_dimensions[get_column_letter(place)].width
        cell.fill = _TO_FILL_IN_HEADER if header in to_fill_in else _HEADER_FILL
        stands = ALIGNMENTS[kind]
        cell.alignment = Alignment(
            vertical="top" if has_buttons else "center",
            horizontal=stands.horizontal or "left",
            indent=stands.indent * _has_spare(header, width),
            wrap_text=True,
        )
        cell.quotePrefix = False
        tallest = max(tallest, header_lines(header, width))
    sheet.row_dimensions[row].height = (tallest + has_buttons) * LINE_HEIGHT + 2 * LINE_SPARE


def _touching(
    headers: Sequence[str], kinds: Sequence[str], widths: Sequence[float]
) -> frozenset[int]:
    """Return the indices of text columns whose header would touch that of the numbers before it."""
    pairs = enumerate(zip(headers, pairwise(kinds), widths, strict=False), start=2)
    return frozenset(
        place
        for place, (header, kinds_here, width) in pairs
        if kinds_here == ("number", "text") and not _has_spare(header, width)
    )


def write_block(sheet: Worksheet, row: int, block: Block, widths: Sequence[float]) -> int:
    """Write a heading and the small table below it; return the next free row.

    `widths` are those of the page's columns. A text too long for its column is wrapped; in the last
    column it extends to the edge of the page, and continues in the rows below.
    """
    put(sheet, row, 1, block.heading, HEADING)
    if block.table.empty:
        put(sheet, row + 1, 1, block.words)
        return row + 3
    kinds = ["number" if is_numeric_dtype(kind) else "text" for kind in block.table.dtypes]
    write_header(sheet, row + 1, list(zip(block.headers, kinds, strict=True)))
    touching = _touching(block.headers, kinds, widths)
    for place in touching:
        sheet.cell(row + 1, place).alignment = _APART_HEADER
    shown = block.table.head(_MOST_BLOCK_ROWS)
    last = len(block.headers)
    to_edge = sum(widths[last - 1 :])
    row += 2
    for values in shown.itertuples(index=False, name=None):
        tallest, rest = 1, []
        for place, value in enumerate(values, start=1):
            part = value
            if place == last and isinstance(value, str):
                part, *rest = broken(value, to_edge)
            cell = put(sheet, row, place, part, missing=block.missing)
            cell.border = UNDERLINE
            is_apart = place in touching
            if is_apart:
                cell.alignment = _APART
            if isinstance(value, str) and place < last:
                lines = lines_of(value, widths[place - 1] - _INDENT * is_apart)
                if lines > 1:
                    cell.alignment = _APART_WRAPPED if is_apart else WRAP
                tallest = max(tallest, lines)
        if tallest > 1:
            sheet.row_dimensions[row].height = tallest * LINE_HEIGHT + LINE_SPARE
        for part in rest:
            row += 1
            cell = put(sheet, row, last, part)
            if last in touching:
                cell.alignment = _APART
        row += 1
    more = len(block.table) - len(shown)
    if more:
        put(sheet, row, 1, f"and {more:,} more: --format json has them all")
        row += 1
    return row + 1


def broken(text: str, width: float, letters_a_unit: float = _LETTERS_A_UNIT) -> list[str]:
    """Return a text in lines, one per row: no cell wraps a text that extends across columns."""
    letters = max(int((width - _PADDING) * letters_a_unit), 1)
    if len(text) <= letters:
        return [text]
    return textwrap.wrap(text, letters, break_on_hyphens=False) or [text]
