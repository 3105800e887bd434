"""The data sheets: one table each, its rows streamed in afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from credreport.decisions.decision import DISPOSITIONS
from credreport.errors import OutputError
from credreport.evidence.evidence import Column, Sheet
from credreport.output.workbook.cells import (
    ALIGNMENTS,
    BODY,
    DATE_FORMAT,
    LINE_HEIGHT,
    LINE_SPARE,
    TO_FILL_IN,
    UNDERLINE,
    put,
    write_header,
)
from credreport.output.workbook.sheetxml import MAX_ROWS, Stream

_CHARACTERS_SPARE = 3
_MAX_LINES = 29
_LETTERS_A_WIDTH = 1.08


def add_sheet(book: Workbook, described: Sheet) -> Stream | None:
    """Add a data sheet with its header and a template row; return the rows to stream into it."""
    title, table, columns = described.title, described.table, described.columns
    sheet = book.create_sheet(title)
    if len(table) > MAX_ROWS:
        raise OutputError(f"{title}: {len(table)} rows are more than a sheet can hold ({MAX_ROWS})")
    write_header(sheet, 1, [(column.header, column.kind) for column in columns])
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = _fit(column, table)
    if table.empty:
        put(sheet, 2, 1, described.words)
        return None
    for place, column in enumerate(columns, start=1):
        cell = sheet.cell(2, place)
        cell.font = BODY
        cell.border = UNDERLINE
        cell.alignment = ALIGNMENTS[column.kind]
        if column.kind == "date":
            cell.number_format = DATE_FORMAT
        elif column.kind == "day":
            cell.number_format = "yyyy-mm-dd"
        elif column.kind == "number":
            cell.number_format = "0"
        else:
            cell.number_format = "@"
            cell.quotePrefix = not column.is_for_auditor
        if column.is_for_auditor:
            cell.fill = TO_FILL_IN
            if column.kind == "text":
                cell.number_format = "General"
    last = len(table) + 1
    skeleton = f"A1:{get_column_letter(len(columns))}2"
    excel_table = Table(displayName=title, ref=skeleton)
    excel_table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    sheet.add_table(excel_table)
    _add_drop_down(sheet, columns, last)
    return Stream(
        table=title,
        columns=[table[column.source] for column in columns],
        kinds=[column.kind for column in columns],
        heights=_heights(table, columns),
    )


def _heights(table: pd.DataFrame, columns: Sequence[Column]) -> pd.Series:
    """Return each row's height in points, enough for its longest wrapped text."""
    lines = pd.Series(1.0, index=table.index)
    for column in columns:
        if column.kind == "text":
            texts = _text_lines(column, table)
            needed = -(-texts.str.len() // (_fit(column, table) * _LETTERS_A_WIDTH))
            if column.has_lines:
                needed = needed.groupby(level=0).sum()
            lines = lines.where(lines >= needed, needed)
    return lines.clip(upper=_MAX_LINES).astype("int64") * LINE_HEIGHT + LINE_SPARE


def _fit(column: Column, table: pd.DataFrame) -> float:
    if column.widest <= column.width or table.empty:
        return column.width
    longest = int(_text_lines(column, table).str.len().max()) + _CHARACTERS_SPARE
    return min(max(column.width, longest), column.widest)


def _text_lines(column: Column, table: pd.DataFrame) -> pd.Series:
    """Return the lines of a column's texts, each with the index of its row."""
    texts = table[column.source]
    return texts.str.split("\n").explode() if column.has_lines else texts


def _add_drop_down(sheet: Worksheet, columns: Sequence[Column], last: int) -> None:
    for place, column in enumerate(columns, start=1):
        if column.header != "Disposition" or not column.is_for_auditor:
            continue
        validation = DataValidation(
            type="list",
            formula1=f'"{",".join(DISPOSITIONS)}"',
            allow_blank=True,
            showErrorMessage=True,
        )
        validation.errorTitle = "Disposition"
        validation.error = f"Choose one of: {', '.join(DISPOSITIONS)}"
        letters = get_column_letter(place)
        validation.add(f"{letters}2:{letters}{last}")
        sheet.add_data_validation(validation)
