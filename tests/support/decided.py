"""What an auditor does to a workbook: fills in decisions and the sign-off, saves it again."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl

from credreport import analyze, read_reports
from credreport.evidence.evidence import Evidence, SignOff
from credreport.evidence.of_analysis import of_analysis
from tests.support.office import OFFICE, convert

Cells = Sequence[Any]
DAY = datetime.date(2026, 7, 15)


def to_evidence(*reports: Path, sign_off: SignOff | None = None) -> Evidence:
    """Return the evidence of some reports."""
    return of_analysis(analyze(read_reports(list(reports))), sign_off)


def fill_in(workbook: Path, decisions: Mapping[str, Cells], sheet: str = "Findings") -> None:
    """Fill in the four cells beside the findings of these users."""
    book = openpyxl.load_workbook(workbook)
    page = book[sheet]
    headers = [cell.value for cell in page[1]]
    first, user = headers.index("Disposition") + 1, headers.index("User") + 1
    for row in range(2, page.max_row + 1):
        cells = decisions.get(str(page.cell(row, user).value), ())
        for place, value in enumerate(cells):
            page.cell(row, first + place).value = value
    book.save(workbook)


def sign(workbook: Path, label: str, text: str) -> None:
    """Fill in a line of the sign-off on the sheet Summary; of two Dates, the second."""
    book = openpyxl.load_workbook(workbook)
    (*_, row) = [cell.row for cell in book["Summary"]["A"] if cell.value == label]
    book["Summary"].cell(row, 2).value = text
    book.save(workbook)


def save_again(workbook: Path, directory: Path) -> Path:
    """Save the workbook by LibreOffice, by openpyxl where that is not installed."""
    target = directory / workbook.name
    if OFFICE is None:
        directory.mkdir()
        openpyxl.load_workbook(workbook).save(target)
    else:
        convert(workbook, "xlsx", directory)
    return target
