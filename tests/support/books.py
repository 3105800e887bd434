"""Workbooks opened again: their sheets by the names of the header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl


def rows_of_sheet(workbook: Path, title: str) -> list[dict[str, Any]]:
    """Return the rows of a sheet by the names of its header."""
    rows = list(openpyxl.load_workbook(workbook)[title].iter_rows(values_only=True))
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


def column(sheet: Any, header: str) -> list[Any]:
    """Return the cells below a header."""
    place = [cell.value for cell in sheet[1]].index(header) + 1
    return [sheet.cell(row, place).value for row in range(2, sheet.max_row + 1)]
