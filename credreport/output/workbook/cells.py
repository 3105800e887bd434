"""Cells and their looks: one value, a header row, a small table. Any text stands as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
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
TO_FILL_IN = PatternFill("solid", fgColor="FFF9DB")
_FONT = "Calibri"
BODY = Font(name=_FONT, size=10, color=INK)
_HEADER_FONT = Font(name=_FONT, size=10, bold=True, color="FFFFFF")
BOLD = Font(name=_FONT, size=10, bold=True, color=INK)
HEADING = Font(name=_FONT, size=12, bold=True, color=INK)
TITLE = Font(name=_FONT, size=16, bold=True, color=INK)
UNDERLINE = Border(bottom=Side(style="thin", color="D0D5DD"))
TOP = Alignment(vertical="top")
WRAP = Alignment(vertical="top", wrap_text=True)
ALIGNMENTS = {
    "text": WRAP,
    "date": Alignment(vertical="top", horizontal="center"),
    "day": Alignment(vertical="top", horizontal="center"),
    "number": Alignment(vertical="top", horizontal="right", indent=1),
}
LINE_HEIGHT = 13.5
LINE_SPARE = 1.5
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


def write_header(sheet: Worksheet, row: int, headers: Iterable[tuple[str, str]]) -> None:
    """Write a header row; a header stands to the side where the column's values stand."""
    for place, (header, kind) in enumerate(headers, start=1):
        cell = put(sheet, row, place, header, _HEADER_FONT)
        cell.fill = _HEADER_FILL
        stands = ALIGNMENTS[kind]
        cell.alignment = Alignment(
            vertical="center",
            horizontal=stands.horizontal or "left",
            indent=stands.indent,
            wrap_text=True,
        )
        cell.quotePrefix = False
    sheet.row_dimensions[row].height = 2 * LINE_HEIGHT + LINE_SPARE


def write_block(sheet: Worksheet, row: int, block: Block) -> int:
    """Write a heading and the small table below it; return the next free row."""
    put(sheet, row, 1, block.heading, HEADING)
    if block.table.empty:
        put(sheet, row + 1, 1, block.words)
        return row + 3
    kinds = ["number" if is_numeric_dtype(kind) else "text" for kind in block.table.dtypes]
    write_header(sheet, row + 1, zip(block.headers, kinds, strict=True))
    shown = block.table.head(_MOST_BLOCK_ROWS)
    for offset, values in enumerate(shown.itertuples(index=False, name=None), start=2):
        for place, value in enumerate(values, start=1):
            put(sheet, row + offset, place, value, missing=block.missing).border = UNDERLINE
    if block.is_tall:
        for number in range(row + 2, row + 2 + len(shown)):
            sheet.cell(number, 2).alignment = WRAP
            sheet.row_dimensions[number].height = 2 * LINE_HEIGHT + LINE_SPARE
    row += len(shown) + 2
    more = len(block.table) - len(shown)
    if more:
        put(sheet, row, 1, f"and {more} more: --format json holds them all")
        row += 1
    return row + 1
