"""docs/evidence.md and the program name the same sheets and columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from credreport.evidence import columns
from credreport.evidence.evidence import Column
from credreport.output.workbook.paper import printed_points

TEXT = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
NAMES = (columns._NAME, columns._OWNER)
SHEETS: dict[str, tuple[Column, ...]] = {
    "Findings": (*columns._FINDINGS, columns._OWNER),
    "Undetermined": (*columns._UNDETERMINED, *NAMES),
    "Users": (*columns._USERS, *NAMES),
    "Accounts": (*columns._ACCOUNTS, *columns._ACCOUNTS_COMPARED),
    "Credentials": columns._CREDENTIALS,
    "Sample": (*columns._SAMPLE, *NAMES),
    "Remediation": (*columns._REMEDIATION, *NAMES),
    "Decisions": (*columns._DECISIONS, *NAMES),
    "Changes": (*columns._CHANGES, *NAMES),
    "Timeline": (*columns._TIMELINE, *NAMES),
    "Waivers": columns._WAIVERS,
}
PAGES = ("Summary", "Charts", "Inputs", "Method")


def test_every_sheet_has_a_section_and_every_section_a_sheet() -> None:
    others = {"On paper", "With `--mask`", "With `--split-by`", "OSCAL and OCSF"}
    assert set(SECTIONS) == {*others, *SHEETS, *PAGES}


def tables_of_columns() -> list[tuple[Column, ...]]:
    return [
        value
        for value in vars(columns).values()
        if isinstance(value, tuple) and value and all(isinstance(each, Column) for each in value)
    ]


def test_every_table_of_columns_in_the_program_is_held_to_the_page() -> None:
    known = {column for sheet in SHEETS.values() for column in sheet}
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
    for sheet in described:
        if sheet not in (SHEETS["Accounts"], columns._SOURCE):
            printed = [column.width for column in sheet if column.is_printed]
            if sheet is SHEETS["Remediation"]:
                printed.remove(columns._NAME.width)
            assert printed_points(printed) >= 7, [column.header for column in sheet]
