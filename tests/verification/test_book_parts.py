"""Workbooks in which programs show something else than the cells say."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest

from credreport.verification import book_parts
from credreport.verification.book_parts import check_parts, foreign_parts

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PARTS = {
    "[Content_Types].xml": "<Types></Types>",
    "_rels/.rels": '<Relationships><Relationship Id="rId1" Type="s/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" Type="s/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet {MAIN}><dxfs><dxf><numFmt formatCode="General"/></dxf></dxfs></styleSheet>',
    "xl/worksheets/sheet2.xml": f"<worksheet {MAIN}>"
    '<sheetData><row r="3"><c r="B3"><f>1</f><v>1</v></c><c><is/></c></row></sheetData></worksheet>',
    "xl/drawings/drawing1.xml": "<wsDr></wsDr>",
    "xl/drawings/vmlDrawing1.vml": '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="x">'
    '<v:shapetype><v:stroke/></v:shapetype><v:shape><x:ClientData ObjectType="Note"/></v:shape></xml>',
    "xl/workbook.xml": f"<workbook {MAIN}><sheets></sheets></workbook>",
    "xl/sharedStrings.xml": f"<sst {MAIN}><si><t>a</t></si></sst>",
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
WORKBOOK, TEXTS = "xl/workbook.xml", "xl/sharedStrings.xml"
NOTES = "xl/drawings/vmlDrawing1.vml"
DRAWING, TYPES = "xl/drawings/drawing1.xml", "[Content_Types].xml"
ROW = '<row r="1"><c r="A1"><v>0</v></c></row>'
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
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
        SHEET, "<sheetData>", '<sheetViews><sheetView showZeros="0" workbookViewId="0"/></sheetViews>', "zeros are hidden",
    ),
    "formulas shown": (
        SHEET, "<sheetData>", '<sheetViews><sheetView showFormulas="1" workbookViewId="0"/></sheetViews>', "or formulas shown",
    ),
    "icons for values": (
        SHEET, "</worksheet>", '<conditionalFormatting><iconSet showValue="0"/></conditionalFormatting>', "a condition shows values in another form",
    ),
    "a condition for a text": (
        STYLES, "</dxfs>", '<dxf><numFmt numFmtId="190" formatCode=\'"0"\'/></dxf>', "has a condition",
    ),
    "words beside a chosen cell": (
        SHEET, "</worksheet>", '<dataValidations><dataValidation showInputMessage="1" prompt="Withdrawn" sqref="A1"/></dataValidations>',
        "cells show a message when they are chosen",
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
    "a value and a text": (
        SHEET, "</sheetData>", '<row r="9"><c r="B9"><v>1</v><is/></c></row>', "a cell with two val",
    ),
    "a value shown as a picture": (
        SHEET, "</sheetData>", '<row r="9"><c r="B9" vm="1"><v>1</v></c></row>', "a cell with two val",
    ),
    "a value within a value": (SHEET, "</v>", "<v>2</v>", "a text or value has another within it"),
    "a text within a text": (TEXTS, "</t>", "<x>2</x>", "a text or value has another within it"),
    "two texts": (TEXTS, "</si>", "<t>b</t>", "a cell has two texts"),
    "a text and a run": (TEXTS, "</si>", "<r><t>b</t></r>", "a cell has two texts"),
    "a table in the other form": (
        SHEET, "</worksheet>", f'<sheetData xmlns="{STRICT}"/>', "in two forms of the format at once",
    ),
    "sheets in the other form": (
        WORKBOOK, "</workbook>", f'<sheets xmlns="{STRICT}"/>', "in two forms of the format at once",
    ),
    "two lists of sheets": (WORKBOOK, "</workbook>", "<sheets/>", "it says one thing twice"),
    "two lists of styles": (STYLES, "</styleSheet>", "<dxfs/>", "it says one thing twice"),
    "two forms of one number": (
        STYLES, "<dxfs>", '<numFmts><numFmt numFmtId="164"/><numFmt numFmtId="164"/></numFmts>',
        "it says one thing twice",
    ),
    "two widths": (
        SHEET, "<sheetData>", '<cols><col min="1" max="9"/><col min="9" max="9"/></cols>',
        "it has two widths for column 9",
    ),
    "two lists of widths": (SHEET, "<sheetData>", "<cols/><cols/>", "it has cols, as no sheet with"),
    "a picture behind the cells": (SHEET, "</worksheet>", "<picture/>", "it has picture, as no sheet"),
    "rows above what is fixed": (
        SHEET, "<sheetData>", '<sheetViews><sheetView topLeftCell="A5"><pane state="frozen"/></sheetView></sheetViews>',
        "rows or columns are hidden behind those that do not scroll",
    ),
    "rows that never scroll": (
        SHEET, "<sheetData>", '<sheetViews><sheetView><pane ySplit="21" state="frozen"/></sheetView></sheetViews>',
        "rows or columns are hidden behind those that do not scroll",
    ),
    "rows of 4 points": (
        SHEET, "<sheetData>", '<sheetFormatPr defaultRowHeight="4"/>', "all rows or columns are hid",
    ),
    "no names of sheets": (
        WORKBOOK, "</workbook>", '<workbookView showSheetTabs="0"/>', "or the names of its sheets",
    ),
    "a hidden window": (
        WORKBOOK, "</workbook>", '<workbookView visibility="hidden"/>', "hides its window",
    ),
    "a note over the cells": (NOTES, "<x:ClientData ", "<x:ClientData/>", "has a shape (xl/drawings/v"),
    "a label over the cells": (
        NOTES, "</xml>", '<v:rect><x:ClientData ObjectType="Label"/></v:rect>', "has a shape (xl/draw",
    ),
    "a diagram": (
        DRAWING, "</wsDr>", '<graphicData uri="s/diagram"/>', "has a shape (xl/drawings/drawing1.xml)",
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


def test_a_note_that_is_always_shown_is_named() -> None:
    shown = {NOTES: PARTS[NOTES].replace('"Note"/>', '"Note"><x:Visible/></x:ClientData>')}
    assert reason(PARTS | shown).startswith("has a shape (xl/drawings/vmlDrawing1.vml)")


@pytest.mark.parametrize(
    ("part", "before", "put_in"),
    [
        (
            SHEET,
            "<sheetData>",
            '<sheetViews><sheetView topLeftCell="A5"><pane state="split"/></sheetView></sheetViews>',
        ),
        (
            SHEET,
            "<sheetData>",
            '<sheetViews><sheetView><pane ySplit="20" state="frozen"/></sheetView></sheetViews>',
        ),
        (SHEET, "<sheetData>", '<sheetFormatPr defaultRowHeight="5" defaultColWidth="1"/>'),
        (SHEET, "<sheetData>", '<cols><col min="1" max="8"/><col min="9" max="9"/></cols>'),
        (SHEET, "</worksheet>", "<conditionalFormatting/><conditionalFormatting/>"),
        (
            SHEET,
            "</worksheet>",
            '<dataValidations><dataValidation showInputMessage="1" sqref="A1"/></dataValidations>',
        ),
        (DRAWING, "</wsDr>", '<pic/><graphicData uri="s/chart"/>'),
    ],
)
def test_what_hides_nothing_is_not_named(part: str, before: str, put_in: str) -> None:
    assert reason(PARTS | {part: PARTS[part].replace(before, f"{put_in}{before}", 1)}) == ""


@pytest.mark.parametrize(("letters", "words"), [(99, ""), (100, "its formulas are longer than")])
def test_the_letters_of_shared_formulas_are_bounded(
    monkeypatch: pytest.MonkeyPatch, letters: int, words: str
) -> None:
    monkeypatch.setattr(book_parts, "_FORMULAS", 100 + 99)
    cells = [
        '<f t="shared" si="0"/>',
        f'<f t="shared" si="0">{"1" * letters}</f>',
        *['<f t="shared" si="0"/>'] * 2,
    ]
    rows = [f'<row r="{n}"><c r="B{n}">{cell}</c></row>' for n, cell in enumerate(cells, 7)]
    more = f"{''.join(rows)}</sheetData>"
    found = reason(PARTS | {SHEET: PARTS[SHEET].replace("</sheetData>", more)})
    assert words in found if words else found == ""


def test_a_workbook_as_it_should_be_has_none() -> None:
    assert reason(PARTS) == ""
