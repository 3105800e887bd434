"""docs/evidence.md and the program name the same sheets and columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from credreport.evidence import sheets
from credreport.evidence.evidence import Column
from credreport.output.workbook.paper import printed_points

TEXT = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
NAMES = (sheets._NAME, sheets._OWNER)
SHEETS: dict[str, tuple[Column, ...]] = {
    "Findings": (*sheets._FINDINGS, sheets._OWNER),
    "Undetermined": (*sheets._UNDETERMINED, *NAMES),
    "Users": (*sheets._USERS, *NAMES),
    "Accounts": (*sheets._ACCOUNTS, *sheets._ACCOUNTS_COMPARED),
    "Credentials": sheets._CREDENTIALS,
    "Sample": (*sheets._SAMPLE, *NAMES),
    "Remediation": (*sheets._REMEDIATION, *NAMES),
    "Decisions": (*sheets._DECISIONS, *NAMES),
    "Changes": (*sheets._CHANGES, *NAMES),
    "Timeline": (*sheets._TIMELINE, *NAMES),
    "Waivers": sheets._WAIVERS,
}
PAGES = ("Summary", "Charts", "Inputs", "Method")


def test_every_sheet_has_a_section_and_every_section_a_sheet() -> None:
    others = {"On paper", "With `--mask`", "With `--split-by`", "OSCAL and OCSF"}
    assert set(SECTIONS) == {*others, *SHEETS, *PAGES}


def tables_of_columns() -> list[tuple[Column, ...]]:
    return [
        value
        for value in vars(sheets).values()
        if isinstance(value, tuple) and value and all(isinstance(each, Column) for each in value)
    ]


def test_every_table_of_columns_in_the_program_is_held_to_the_page() -> None:
    known = {column for columns in SHEETS.values() for column in columns}
    assert {column for table in tables_of_columns() for column in table} <= known


@pytest.mark.parametrize("title", SHEETS)
def test_every_column_is_explained_and_every_explained_column_is_there(title: str) -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", SECTIONS[title], re.MULTILINE)
    explained = [header for header, *_ in rows if header not in ("Column", "---")]
    assert len(explained) == len(set(explained))
    assert set(explained) == {column.header for column in SHEETS[title]}


def test_every_sheet_prints_at_7_points_with_the_names_of_accounts_too() -> None:
    described = [*SHEETS.values(), *tables_of_columns()]
    assert len(described) > len(SHEETS) + 10
    for columns in described:
        if columns not in (SHEETS["Accounts"], sheets._SOURCE):
            printed = [column.width for column in columns if column.is_printed]
            if columns is SHEETS["Remediation"]:
                printed.remove(sheets._NAME.width)
            assert printed_points(printed) >= 7, [column.header for column in columns]
