"""Workbooks in which programs show something else than the cells say."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest

from credreport.runs.book_parts import check_parts, foreign_parts

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PARTS = {
    "[Content_Types].xml": "<Types></Types>",
    "_rels/.rels": '<Relationships><Relationship Id="rId1" Type="s/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" Type="s/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet {MAIN}><dxfs><dxf><numFmt formatCode="General"/></dxf></dxfs></styleSheet>',
    "xl/worksheets/sheet2.xml": f"<worksheet {MAIN}>"
    '<sheetData><row r="3"><c r="B3"><f>1</f><v>1</v></c><c><is/></c></row></sheetData></worksheet>',
    "xl/drawings/drawing1.xml": "<wsDr></wsDr>",
}  # fmt: skip


def reason(parts: Mapping[str, str]) -> str:
    """Return what is wrong with a workbook of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    try:
        check_parts(buffer.getvalue())
    except ValueError as error:
        return str(error)
    return next(foreign_parts(buffer.getvalue()), "")


SHEET, STYLES, RELATIONS = "xl/worksheets/sheet2.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"
DRAWING, TYPES = "xl/drawings/drawing1.xml", "[Content_Types].xml"
ROW = '<row r="1"><c r="A1"><v>0</v></c></row>'
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
# What is put into a part in front of a text in it, and what is said.
IN_PARTS = {
    "all rows hidden": (SHEET, "<sheetData>", '<sheetFormatPr zeroHeight="1"/>', "all rows or col"),
    "rows of no height": (
        SHEET, "<sheetData>", '<sheetFormatPr defaultRowHeight="0"/>', "all rows or columns are hid",
    ),
    "columns of no width": (
        SHEET, "<sheetData>", '<sheetFormatPr defaultColWidth="0"/>', "all rows or columns are hid",
    ),
    "zeros hidden": (
        SHEET, "<sheetData>", '<sheetView showZeros="0" workbookViewId="0"/>', "zeros are hidden",
    ),
    "formulas shown": (
        SHEET, "<sheetData>", '<sheetView showFormulas="1" workbookViewId="0"/>', "or formulas shown",
    ),
    "icons for values": (
        SHEET, "</worksheet>", '<iconSet showValue="0"/>', "a condition shows values in another form",
    ),
    "a condition for a text": (
        STYLES, "</dxfs>", '<dxf><numFmt numFmtId="190" formatCode=\'"0"\'/></dxf>', "has a condition",
    ),
    "a row twice": (SHEET, "</sheetData>", ROW, "row 1 is below row 3"),
    "a cell twice": (
        SHEET, "</sheetData>", '<row r="9"><c r="B9"/><c r="B9"/></row>', "row 9 has a cell twice or",
    ),
    "a cell of another row": (
        SHEET, "</sheetData>", '<row r="9"><c r="B2"/></row>', "row 9 has a cell twice or out of its",
    ),
    "a cell of another name": (
        SHEET, "</sheetData>", '<row r="9"><d r="B9"/></row>', "row 9 has a cell twice or out of its",
    ),
    "a cell with two values": (
        SHEET, "</sheetData>", '<row r="9"><c r="B9"><v>1</v><v>2</v></c></row>', "a cell with two val",
    ),
    "a second table": (SHEET, "<sheetData>", "<sheetData/>", "has not one table of cells"),
    "rows outside": (SHEET, "<sheetData>", ROW, "has not one table of cells"),
    "rows of another table": (
        SHEET, "</worksheet>", '<x><row r="9"/></x>', "has not one table of cells",
    ),
    "alternatives": (
        SHEET, "</sheetData>", '<m:AlternateContent xmlns:m="m"/>', "alternatives, of which programs",
    ),
    "other styles": (
        RELATIONS, "</Relationships>", '<Relationship Id="x" Type="s/styles" Target="s.xml"/>',
        "its styles is xl/s.xml, where no program keeps it",
    ),
    "a name twice": (
        RELATIONS, "</Relationships>", '<Relationship Id="rId1" Type="x" Target="x"/>', "names one thing twice",
    ),
    "another workbook": (
        "_rels/.rels", "</Relationships>", '<Relationship Id="x" Type="s/officeDocument" Target="o.xml"/>',
        "its officeDocument is o.xml, where no program keeps it",
    ),
    "texts elsewhere": (
        TYPES, "</Types>", f'<Override PartName="/t.xml" ContentType="{TYPE}sharedStrings+xml"/>',
        "its sharedStrings is t.xml, where no program keeps it",
    ),
    "the workbook elsewhere": (
        TYPES, "</Types>", f'<Override PartName="/o.xml" ContentType="{TYPE}sheet.main+xml"/>',
        "its officeDocument is o.xml, where no program keeps it",
    ),
    "a shape": (
        DRAWING, "</wsDr>", "<sp/>", "has a shape (xl/drawings/drawing1.xml), which no run writes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", IN_PARTS)
def test_what_programs_show_otherwise_than_the_cells_say_is_named(kind: str) -> None:
    part, before, put_in, words = IN_PARTS[kind]
    assert before in PARTS[part]
    assert words in reason(PARTS | {part: PARTS[part].replace(before, f"{put_in}{before}", 1)})


@pytest.mark.parametrize("twin", ["xl/worksheets/Sheet2.xml", "/xl/styles.xml", "xl\\styles.xml"])
def test_two_parts_of_names_that_are_alike_are_refused(twin: str) -> None:
    assert "two parts have names that programs take for the same" in reason(PARTS | {twin: "<x/>"})


def test_a_workbook_as_it_should_be_has_none() -> None:
    assert reason(PARTS) == ""
