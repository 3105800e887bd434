"""The data sheets: one table each, its rows streamed in afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, takewhile

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.styles.differential import DifferentialStyle
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
    FRAME,
    LINE_HEIGHT,
    LINE_SPARE,
    TO_FILL_IN,
    UNDECIDED_FILL,
    UNDERLINE,
    UNUSED_FILL,
    lines_of,
    put,
    write_header,
)
from credreport.output.workbook.paper import most_units
from credreport.output.workbook.sheetxml import MAX_ROWS, Stream

_IN_VIEW = (
    "Finding ID",
    "Account",
    "Account name",
    "Name",
    "Owner",
    "User",
    "Credential",
    "Waiver",
)
_CHARACTERS_SPARE = 2
_MAX_LINES = 29
_FEW_LINES = 4
# This many of a column's longest texts decide its width.
_LONGEST = 50
# Up to this many columns are named in the head of the page, which holds 255 letters.
_MOST_NAMES = 5


def add_sheet(book: Workbook, described: Sheet) -> Stream | None:
    """Add a data sheet with its header and a template row; return the rows to stream into it."""
    title, table, columns = described.title, described.table, described.columns
    sheet = book.create_sheet(title)
    if len(table) > MAX_ROWS:
        raise OutputError(f"{title}: {len(table)} rows are more than a sheet can hold ({MAX_ROWS})")
    widths = _widths(described)
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    write_header(
        sheet,
        1,
        [(column.header, column.kind) for column in columns],
        to_fill_in=[column.header for column in columns if column.is_for_auditor],
        has_buttons=not table.empty,
    )
    sheet.print_title_rows = "1:1"
    if table.empty:
        sheet.freeze_panes = "A2"
        put(sheet, 2, 1, described.words)
        return None
    sheet.freeze_panes = f"{get_column_letter(_count_frozen(columns) + 1)}2"
    for place, column in enumerate(columns, start=1):
        cell = sheet.cell(2, place)
        cell.font = BODY
        cell.border = FRAME if column.is_for_auditor else UNDERLINE
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
    _add_marks(sheet, described, last)
    _choose_print_area(sheet, described)
    return Stream(
        table=title,
        columns=[table[column.source] for column in columns],
        kinds=[column.kind for column in columns],
        heights=_heights(table, columns, widths),
    )


def _count_frozen(columns: Sequence[Column]) -> int:
    """Return how many of the first columns identify finding and credential: they stay in view."""
    return sum(1 for _ in takewhile(lambda column: column.header in _IN_VIEW, columns))


def _widths(described: Sheet) -> list[float]:
    """Return the width of each column: the least, and more where paper has room.

    First every column gets what its longest texts need for as few lines as there is room for; what
    is left goes to the columns that lack least.
    """
    columns = described.columns
    on_paper = described.table.head(len(described.table) - described.not_printed)
    is_printed = [column.is_printed for column in columns]
    wanted = [
        _fit(column, on_paper if column.is_printed else described.table) for column in columns
    ]
    longest = [
        _longest(on_paper[column.source]) if column.is_printed and wide > column.width else []
        for column, wide in zip(columns, wanted, strict=True)
    ]
    room = most_units()
    widths = [float(column.width) for column in columns]
    for lines in range(1, _FEW_LINES + 1):
        needed = [
            _least_for(column, texts, wide, lines) if column.is_printed else wide
            for column, texts, wide in zip(columns, longest, wanted, strict=True)
        ]
        if sum(compress(needed, is_printed)) <= room:
            widths = needed
            break
    spare = max(0.0, room - sum(compress(widths, is_printed)))
    lacking = [high - low for low, high in zip(widths, wanted, strict=True)]
    for place in sorted(range(len(columns)), key=lacking.__getitem__):
        more = min(lacking[place], spare) if columns[place].is_printed else lacking[place]
        widths[place] += more
        spare -= more * columns[place].is_printed
    return widths


def _longest(column: pd.Series) -> list[str]:
    """Return the longest texts of a column, which decide its width."""
    texts = pd.Series(column.unique())
    return texts.loc[texts.str.len().nlargest(_LONGEST).index].tolist()


def _least_for(column: Column, longest: Sequence[str], widest: float, lines: int) -> float:
    """Return the least width in which the longest texts of a column fit into `lines` lines."""
    width = float(column.width)
    while width < widest and any(lines_of(text, width) > lines for text in longest):
        width += 1
    return min(width, widest)


def _add_marks(sheet: Worksheet, described: Sheet, last: int) -> None:
    """Colour whole rows; the colour follows the row when it is sorted or filtered."""
    sources = [column.source for column in described.columns]
    rows = f"A2:{get_column_letter(len(sources))}{last}"
    for mark in described.marks:
        letters = get_column_letter(sources.index(mark.source) + 1)
        fill = UNDECIDED_FILL if mark.is_undecided else UNUSED_FILL
        rule = Rule(
            type="expression",
            formula=[mark.test.format(cell=f"${letters}2")],
            dxf=DifferentialStyle(fill=fill),
        )
        sheet.conditional_formatting.add(rows, rule)


def _choose_print_area(sheet: Worksheet, described: Sheet) -> None:
    """Print the columns and rows needed to decide; the head of each page names what is left out."""
    printed = [column for column in described.columns if column.is_printed]
    unprinted = described.columns[len(printed) :]
    left_out = [_name_columns(unprinted)] if unprinted else []
    last = len(described.table) + 1
    if 0 < described.not_printed < len(described.table):
        left_out.append(described.not_printed_words)
        last -= described.not_printed
    if left_out:
        sheet.print_area = f"A1:{get_column_letter(len(printed))}{last}"
        head = sheet.oddHeader
        assert head is not None, "every sheet has one"
        head.right.text = f"In the workbook, not on paper: {'; '.join(left_out)}"


def _name_columns(columns: Sequence[Column]) -> str:
    names = [column.header for column in columns]
    if len(names) > _MOST_NAMES:
        return f"columns {names[0]} to {names[-1]}"
    return f"column{'s' * (len(names) > 1)} {', '.join(names)}"


def _heights(table: pd.DataFrame, columns: Sequence[Column], widths: Sequence[float]) -> pd.Series:
    """Return each row's height in points, enough for its longest wrapped text."""
    lines = np.ones(len(table), dtype="i8")
    for column, width in zip(columns, widths, strict=True):
        if column.kind == "text":
            codes, texts = pd.factorize(table[column.source].fillna(""))
            needed = np.array([lines_of(text, width) for text in texts.tolist()], dtype="i8")
            np.maximum(lines, needed[codes], out=lines)
    height = np.minimum(lines, _MAX_LINES) * LINE_HEIGHT + LINE_SPARE
    return pd.Series(height, index=table.index)


def _fit(column: Column, table: pd.DataFrame) -> float:
    if column.widest <= column.width or table.empty:
        return float(column.width)
    texts = table[column.source]
    lines = texts.str.split("\n").explode() if column.has_lines else texts
    longest = int(lines.str.len().max()) + _CHARACTERS_SPARE
    return float(min(max(column.width, longest), column.widest))


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
