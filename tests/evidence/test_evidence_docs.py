"""docs/evidence.md and the program name the same sheets and columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from credreport.evidence import sheets
from credreport.evidence.evidence import Column

TEXT = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
WITH_OWNER = (*sheets._FINDINGS, sheets._OWNER)
SHEETS: dict[str, tuple[Column, ...]] = {
    "Findings": WITH_OWNER,
    "Undetermined": (*sheets._UNDETERMINED, *sheets._NAMES),
    "Users": (*sheets._USERS, *sheets._NAMES),
    "Accounts": (*sheets._ACCOUNTS, *sheets._ACCOUNTS_COMPARED),
    "Credentials": sheets._CREDENTIALS,
    "Sample": (*sheets._SAMPLE, *sheets._NAMES),
    "Remediation": (*sheets._REMEDIATION, sheets._OWNER),
    "Decisions": (*sheets._DECISIONS, *sheets._NAMES),
    "Changes": (*sheets._CHANGES, *sheets._NAMES),
    "Timeline": (*sheets._TIMELINE, *sheets._NAMES),
    "Waivers": sheets._WAIVERS,
}
PAGES = ("Summary", "Charts", "Inputs", "Method")


def test_every_sheet_has_a_section_and_every_section_a_sheet() -> None:
    assert set(SECTIONS) == {"On paper", *SHEETS, *PAGES}


def test_every_table_of_columns_in_the_program_is_held_to_the_page() -> None:
    tables = [
        value
        for value in vars(sheets).values()
        if isinstance(value, tuple) and value and all(isinstance(each, Column) for each in value)
    ]
    known = {column for columns in SHEETS.values() for column in columns}
    assert {column for table in tables for column in table} <= known


@pytest.mark.parametrize("title", SHEETS)
def test_every_column_is_explained_and_every_explained_column_is_there(title: str) -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", SECTIONS[title], re.MULTILINE)
    explained = [header for header, *_ in rows if header not in ("Column", "---")]
    assert len(explained) == len(set(explained))
    assert set(explained) == {column.header for column in SHEETS[title]}
