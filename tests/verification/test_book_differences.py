"""A workbook that was edited: what the auditor filled in is told apart from everything else."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart
from openpyxl.drawing.image import Image as Picture
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from PIL import Image

from credreport.evidence.evidence import SignOff
from credreport.evidence.of_analysis import of_analysis
from credreport.output.workbook.book import to_xlsx
from credreport.reports.selection import read_reports
from credreport.verdicts.assessment import assess
from credreport.verification.book_differences import BookDifference, compare_books
from tests.support.decided import save_again
from tests.support.evidence import reports


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    top = tmp_path_factory.mktemp("book")
    assessment = assess(read_reports(reports(top)))
    return to_xlsx(of_analysis(assessment, SignOff(ticket="SEC-1")), [])


def edit(book: bytes, change: Callable[[Workbook], object]) -> bytes:
    opened = load_workbook(io.BytesIO(book))
    change(opened)
    buffer = io.BytesIO()
    opened.save(buffer)
    return buffer.getvalue()


def compare(book: bytes, change: Callable[[Workbook], object]) -> BookDifference:
    return compare_books(book, edit(book, change))


def find(sheet: Worksheet, header: str) -> str:
    """Return the letters of the column below a header."""
    return next(cell.column_letter for cell in sheet[1] if cell.value == header)


def put(
    sheet: str, header: str, value: str | int | date, row: int = 2
) -> Callable[[Workbook], None]:
    def change(book: Workbook) -> None:
        book[sheet][f"{find(book[sheet], header)}{row}"] = value

    return change


def sign(label: str, value: str) -> Callable[[Workbook], None]:
    def change(book: Workbook) -> None:
        sheet = book["Summary"]
        labels = [cell.value for cell in sheet["A"]]
        row = labels.index(label, labels.index("Sign-off")) + 1
        sheet.cell(row, 2).value = value

    return change


def make_a_chart_of_findings(book: Workbook) -> None:
    place = book.sheetnames.index("Findings")
    book.remove(book["Findings"])
    book.create_chartsheet("Findings", place).add_chart(BarChart())


def swap_rows(book: Workbook) -> None:
    sheet = book["Findings"]
    for first, second in zip(sheet[2], sheet[3], strict=True):
        first.value, second.value = second.value, first.value


def swap_rows_and_show_another_number(book: Workbook) -> None:
    swap_rows(book)
    book["Findings"]["G3"].number_format = '"0"'


def clear_a_verdict(book: Workbook) -> None:
    sheet = book["Credentials"]
    cells = sheet[find(sheet, "Status")]
    next(cell for cell in cells if cell.value == "unused").value = "current"


def align(sheet: str, place: str, **how: Any) -> Callable[[Workbook], None]:
    return lambda book: setattr(book[sheet][place], "alignment", Alignment(**how))


TAMPERED: dict[str, tuple[Callable[[Workbook], object], str]] = {
    "a verdict": (clear_a_verdict, " (Status): expected 'unused', found 'current'"),
    "a number": (
        put("Findings", "Days", 12),
        "cell Findings!G2 (Days): expected 122, found 12",
    ),
    "a date": (
        put("Findings", "Since (UTC)", date(2026, 1, 1)),
        "cell Findings!I2 (Since (UTC)): expected '2025-10-01 12:00:00', found '2026-01-01 00:00:00'",
    ),
    "a formula": (
        put("Findings", "Days", "=100+22"),
        "cell Findings!G2 (Days): expected 122, found '=100+22'",
    ),
    "a row deleted": (
        lambda book: book["Findings"].delete_rows(2),
        "Findings: row 2 is missing: 'CR-",
    ),
    "a row added": (
        lambda book: book["Findings"].append(["CR-000000000000"]),
        "Findings: row 4 was added: 'CR-000000000000'",
    ),
    "a sheet removed": (lambda book: book.remove(book["Findings"]), "sheet Findings is missing"),
    "a sheet added": (lambda book: book.create_sheet("Notes"), "sheet Notes was added"),
    "a sheet renamed": (
        lambda book: setattr(book["Findings"], "title", "Old"),
        "sheet Findings was renamed to Old",
    ),
    "a sheet moved": (
        lambda book: book.move_sheet("Findings", 3),
        "the sheets are in another order: Summary, ",
    ),
    "a sheet hidden": (
        lambda book: setattr(book["Findings"], "sheet_state", "veryHidden"),
        "sheet Findings is hidden",
    ),
    "a chart in place of a sheet": (
        make_a_chart_of_findings,
        "sheet Findings no longer has any cells",
    ),
    "a column hidden": (
        lambda book: setattr(book["Findings"].column_dimensions["E"], "hidden", True),
        "Findings: column E is hidden",
    ),
    "a row hidden": (
        lambda book: setattr(book["Findings"].row_dimensions[2], "hidden", True),
        "Findings: row 2 is hidden (by hand or by a filter)",
    ),
    "a row without height": (
        lambda book: setattr(book["Findings"].row_dimensions[2], "height", 0.1),
        "Findings: row 2 is hidden (by hand or by a filter)",
    ),
    "a row of 4 points": (
        lambda book: setattr(book["Findings"].row_dimensions[2], "height", 4),
        "Findings: row 2 is hidden (by hand or by a filter)",
    ),
    "a column of one point": (
        lambda book: setattr(book["Findings"].column_dimensions["E"], "width", 0.9),
        "Findings: column E is hidden",
    ),
    "a date of another calendar": (
        lambda book: setattr(
            book["Findings"]["I2"], "number_format", "[$-1060401]yyyy-mm-dd hh:mm:ss"
        ),
        "cell Findings!I2 is shown in another form: expected 'yyyy-mm-dd hh:mm:ss', found '[$-1060401]",
    ),
    "a chart over the verdict": (
        lambda book: setattr(vars(book["Summary"])["_charts"][0], "anchor", "A1"),
        "Summary: a picture or chart lies over A1",
    ),
    "a number as a text": (
        put("Findings", "Days", "122"),
        "cell Findings!G2 (Days): expected 122, found '122'",
    ),
    "a flag for a number": (
        lambda book: setattr(book["Summary"]["B13"], "value", True),
        "cell Summary!B13: expected ",
    ),
    "a number shown as another": (
        lambda book: setattr(book["Findings"]["G2"], "number_format", '"12"'),
        "cell Findings!G2 is shown in another form: expected '0', found '\"12\"'",
    ),
    "a number shown as its own form": (
        lambda book: setattr(book["Findings"]["G2"], "number_format", '"0"'),
        "cell Findings!G2 is shown in another form: expected '0', found '\"0\"'",
    ),
    "a text shown as another": (
        lambda book: setattr(book["Findings"]["A2"], "number_format", '0;0;0;"current"'),
        "cell Findings!A2 is shown in another form: expected '@', found '0;0;0;\"current\"'",
    ),
    "another form in sorted rows": (
        swap_rows_and_show_another_number,
        "Findings: some cells are shown in another form",
    ),
    "a number shown several times": (
        align("Findings", "G2", horizontal="fill"),
        "cell Findings!G2 is shown several times, as no run does",
    ),
    "a number whose digits stand one above the other": (
        align("Findings", "G2", text_rotation=255),
        "cell Findings!G2 is shown turned, as no run does",
    ),
    "a number turned by a degree": (
        align("Findings", "G2", text_rotation=1),
        "cell Findings!G2 is shown turned, as no run does",
    ),
    "a limit read from the right": (
        align("Findings", "H2", readingOrder=2),
        "cell Findings!H2 is shown from right to left, as no run does",
    ),
    "a number outside its column of 7": (
        align("Findings", "G2", horizontal="right", indent=5),
        "cell Findings!G2 is shown outside its column, as no run does",
    ),
    "a filter that skips the last row": (
        lambda book: setattr(book["Findings"].tables["Findings"], "ref", "A1:R2"),
        "Findings: a filter or sort leaves out some of its rows or columns",
    ),
    "a row not printed": (
        lambda book: setattr(book["Findings"], "print_area", "A1:N2"),
        "Findings: it prints \"'Findings'!$A$1:$N$2\", which leaves out what the run prints",
    ),
    "words above the pages": (
        lambda book: setattr(
            vars(book["Users"])["HeaderFooter"].oddHeader.left, "text", "Withdrawn"
        ),
        "Users: the words above its pages: expected ",
    ),
    "a link to elsewhere": (
        lambda book: setattr(book["Findings"]["A2"], "hyperlink", "http://example.com/x"),
        "Findings: A2 has a link that no run writes: 'http://example.com/x'",
    ),
    "another link with words of its own": (
        lambda book: setattr(book["Summary"]["A16"].hyperlink, "tooltip", "Withdrawn"),
        "Summary: A16 has a link that no run writes: 'Findings!A1' ('Withdrawn')",
    ),
    "a chart removed": (
        lambda book: vars(book["Summary"])["_charts"].clear(),
        "Summary: a chart is missing or different",
    ),
    "a tie-out": (
        lambda book: setattr(book["Summary"]["A1"], "value", "All fine"),
        "cell Summary!A1: expected 'Unused IAM credentials', found 'All fine'",
    ),
    "what the run signed": (
        sign("Ticket", "SEC-2"),
        "expected 'SEC-1', found 'SEC-2'",
    ),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_every_kind_of_tampering_is_named_with_sheet_and_cell(book: bytes, kind: str) -> None:
    change, message = TAMPERED[kind]
    assert message in compare(book, change).first


def test_what_the_auditor_filled_in_is_counted_and_no_difference(book: bytes) -> None:
    def fill(opened: Workbook) -> None:
        put("Findings", "Disposition", "Removed")(opened)
        put("Findings", "Decision date", date(2026, 2, 1))(opened)
        put("Findings", "Decided by", "=HYPERLINK(1)", row=3)(opened)
        sign("Prepared by", "Ann")(opened)

    assert compare(book, fill) == BookDifference("", {"Summary": 1, "Findings": 3})


def test_a_fill_in_hides_no_other_edit(book: bytes) -> None:
    def change(opened: Workbook) -> None:
        put("Findings", "Disposition", "Removed")(opened)
        put("Findings", "Days", 12)(opened)

    found = compare(book, change)
    assert found.first == "cell Findings!G2 (Days): expected 122, found 12"
    assert found.filled == {"Findings": 1}


def test_an_auditors_column_is_none_on_another_sheet(book: bytes) -> None:
    change = put("Users", "Conclusion", "Disposition", row=1)
    assert "expected 'Conclusion', found 'Disposition'" in compare(book, change).first


def test_a_workbook_saved_again_says_the_same(book: bytes) -> None:
    assert edit(book, lambda _: None) != book
    assert compare(book, lambda _: None) == BookDifference("", {})


def format_as_one_may(opened: Workbook) -> None:
    """Do what hides nothing: align, widen, zoom, scroll, protect, print more, filter by nothing."""
    sheet = opened["Findings"]
    align("Findings", "A2", horizontal="centerContinuous", shrink_to_fit=True, wrap_text=False)(
        opened
    )
    align("Findings", "E2", horizontal="distributed", vertical="justify", readingOrder=1)(opened)
    align("Findings", "G2", horizontal="right", indent=4)(opened)
    align("Findings", "K2", horizontal="fill", text_rotation=90)(opened)
    put("Findings", "Disposition", "Removed")(opened)
    sheet[f"{find(sheet, 'Ticket and notes')}2"].hyperlink = "https://example.com/SEC-1"
    sheet.column_dimensions["A"].width = 40
    sheet.print_area = "A1:R9"
    sheet.sheet_view.zoomScale = 40
    sheet.protection.sheet = True
    sheet.page_setup.orientation = "portrait"
    opened["Summary"]["A16"].hyperlink = None


@pytest.mark.parametrize("is_by_office", [False, True])
def test_what_one_may_format_is_no_difference(
    book: bytes, tmp_path: Path, *, is_by_office: bool
) -> None:
    saved = tmp_path / "saved.xlsx"
    saved.write_bytes(edit(book, format_as_one_may))
    if is_by_office:
        saved = save_again(saved, tmp_path / "again")
    assert compare_books(book, saved.read_bytes()) == BookDifference("", {"Findings": 2})


def test_how_a_sheet_opens_is_remarked_on(book: bytes) -> None:
    def change(opened: Workbook) -> None:
        opened["Findings"].sheet_view.zoomScale = 39
        opened["Findings"].sheet_view.pane.topLeftCell = "E4"  # type: ignore[union-attr]
        opened["Users"].sheet_view.pane.topLeftCell = "N2"  # type: ignore[union-attr]
        opened["Inputs"].sheet_view.topLeftCell = "A2"

    assert compare(book, change) == BookDifference(
        "",
        {},
        (
            "Findings opens at 39 percent of its size",
            "Findings opens scrolled beyond its last row or column",
            "Users opens scrolled beyond its last row or column",
        ),
    )


def with_part(book: bytes, name: str, data: bytes) -> bytes:
    """Return the workbook with one part more, or another one in its place."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
        new.writestr(name, data)
    return buffer.getvalue()


def png(colour: str, level: int = 6) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 2), colour).save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()


def test_blank_cells_below_a_table_say_nothing(book: bytes) -> None:
    blank = compare(book, lambda opened: setattr(opened["Findings"]["A9"], "number_format", "0"))
    assert blank == BookDifference("", {})


def test_a_whole_number_written_as_a_fraction_is_the_same_number(book: bytes) -> None:
    part = "xl/worksheets/sheet2.xml"
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        cells = archive.read(part)
    assert b"<v>122</v>" in cells
    other = with_part(book, part, cells.replace(b"<v>122</v>", b"<v>1.22E2</v>"))
    assert compare_books(book, other) == BookDifference("", {})


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("xl/vbaProject.bin", "has a macro (xl/vbaProject.bin), which no run writes"),
        (
            "xl/Styles.xml",
            "cannot be read as a workbook ([Content_Types].xml: two parts have names that programs take "
            "for the same)",
        ),
    ],
)
def test_a_part_that_no_program_writes_is_named(book: bytes, part: str, words: str) -> None:
    assert compare_books(book, with_part(book, part, b"x")).first == words


def with_picture(book: bytes, data: bytes) -> bytes:
    return edit(book, lambda opened: opened["Summary"].add_image(Picture(io.BytesIO(data)), "A40"))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (png("red"), ""),
        (png("red", level=0), ""),
        (png("white"), "Summary: a picture is missing or different"),
    ],
    ids=["the same", "stored anew", "of another colour"],
)
def test_a_picture_is_compared_by_its_pixels(book: bytes, found: bytes, words: str) -> None:
    drawn = with_picture(book, png("red"))
    assert compare_books(drawn, with_picture(book, found)).first == words


@pytest.mark.parametrize("blip", ['r:link="rId1"', ""])
def test_a_picture_that_is_not_in_the_workbook_is_named(book: bytes, blip: str) -> None:
    drawing = "xl/drawings/drawing1.xml"
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        text = archive.read(drawing).decode()
    start = re.search("<oneCellAnchor>.*?<graphicFrame>", text)
    assert start
    picture = '<pic><nvPicPr><cNvPr id="9" name="P"/><cNvPicPr/></nvPicPr><blipFill><a:blip {}/></blipFill><spPr/></pic>'
    anchor = start[0].replace(
        "<graphicFrame>", f"{picture.format(blip)}<clientData/></oneCellAnchor>"
    )
    found = with_part(book, drawing, text.replace("</wsDr>", f"{anchor}</wsDr>").encode())
    assert compare_books(book, found).first == "has a picture or chart that cannot be compared"


def test_a_chart_that_was_moved_by_a_little_is_no_difference(book: bytes) -> None:
    def nudge(opened: Workbook) -> None:
        start = vars(opened["Summary"])["_charts"][0].anchor._from
        start.rowOff = start.colOff = 90_000

    assert compare(book, nudge) == BookDifference("", {})


def test_a_chart_that_was_drawn_out_over_the_verdict_is_named(book: bytes) -> None:
    def draw_out(opened: Workbook) -> None:
        chart = vars(opened["Summary"])["_charts"][0]
        corners = AnchorMarker(col=0, row=0), AnchorMarker(col=6, row=20)
        chart.anchor = TwoCellAnchor(_from=corners[0], to=corners[1])

    assert compare(book, draw_out).first == "Summary: a picture or chart lies over A1"


def test_a_picture_of_another_format_is_not_looked_at(book: bytes) -> None:
    drawn = with_picture(book, png("red"))
    part = next(name for name in zipfile.ZipFile(io.BytesIO(drawn)).namelist() if "media" in name)
    gif = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(gif, "GIF")
    found = compare_books(drawn, with_part(drawn, part, gif.getvalue())).first
    assert found == "Summary: a picture is missing or different"


def test_a_picture_over_the_cells_is_named(book: bytes) -> None:
    found = compare_books(book, with_picture(book, png("red"))).first
    assert found == "Summary: a picture is added or different"


def test_ranges_that_span_far_more_cells_than_in_a_run_are_not_compared(book: bytes) -> None:
    part = "xl/worksheets/sheet2.xml"
    ranges = b"</sheetData><mergeCells>%b</mergeCells>" % (b'<mergeCell ref="A2:ALL7"/>' * 2)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        sheet = archive.read(part).replace(b"</sheetData>", ranges)
    assert compare_books(book, with_part(book, part, sheet)).first == (
        f"cannot be read as a workbook ({part}: its ranges span more cells than those of a run)"
    )


def test_pictures_of_far_more_points_than_in_a_run_are_not_looked_at(book: bytes) -> None:
    def found(height: int) -> str:
        buffer = io.BytesIO()
        Image.new("1", (4096, height)).save(buffer, "PNG")
        return compare_books(book, with_picture(book, buffer.getvalue())).first

    assert found(4096) == "Summary: a picture is added or different"
    assert found(4097) == (
        "cannot be read as a workbook (its pictures have far more points than those of a run)"
    )


def test_a_picture_that_is_damaged_or_of_another_form_is_none(book: bytes) -> None:
    drawn = with_picture(book, png("red"))
    part = next(name for name in zipfile.ZipFile(io.BytesIO(drawn)).namelist() if "media" in name)
    found = compare_books(drawn, with_part(drawn, part, b"%!PS-Adobe-3.0 EPSF-3.0")).first
    assert found == "Summary: a picture is missing or different"


def test_a_text_that_became_a_formula_is_named(book: bytes) -> None:
    text = edit(book, put("Findings", "User", "=1+1"))
    part = "xl/worksheets/sheet2.xml"
    with zipfile.ZipFile(io.BytesIO(text)) as archive:
        formula = archive.read(part)
    assert b"<f>1+1</f><v" in formula
    shared = formula.replace(b"<f>1+1</f><v />", b"<is><t>=1+1</t></is>").replace(
        b"<f>1+1</f><v></v>", b"<is><t>=1+1</t></is>"
    )
    plain = re.sub(rb'(<c r="C2"[^>]*?)( t="[^"]*")?><is>', rb'\1 t="inlineStr"><is>', shared)
    model = with_part(text, part, plain)
    assert compare_books(model, model) == BookDifference("", {})
    assert compare_books(model, text).first == "cell Findings!C2 is a formula: '=1+1'"


def test_sorted_findings_are_the_same_findings(book: bytes) -> None:
    remark = "the rows of Findings are in another order"
    assert compare(book, swap_rows) == BookDifference("", {}, (remark,))


@pytest.mark.parametrize("size", [0, 10, 5_000])
def test_what_is_no_workbook_any_more_is_said(book: bytes, size: int) -> None:
    assert compare_books(book, book[:size]).first.startswith("cannot be read as a workbook (")


def test_a_damaged_part_is_named(book: bytes) -> None:
    data = bytearray(book)
    data[len(data) // 3] ^= 0xFF
    assert compare_books(book, bytes(data)).first.startswith("cannot be read as a workbook (")


@pytest.mark.parametrize(
    ("rows", "tail", "words"),
    [
        ('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', "", "row 1048576 is far below"),
        ('<row r="900"><c r="XFD900"><v>1</v></c></row>', "", "XFD900 is not a cell"),
        ("", '<mergeCells><mergeCell ref="A500:XFD1048576"/></mergeCells>', "A500:XFD1048576 is"),
        ("", '<hyperlinks><hyperlink ref="A500:A1048576"/></hyperlinks>', "A500:A1048576 is"),
        ("<row/>" * 4_000_000, "", "it unpacks to more than 17,"),
    ],
)
def test_what_would_take_without_end_is_not_opened(
    book: bytes, rows: str, tail: str, words: str
) -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = data.replace(b"</sheetData>", f"{rows}</sheetData>{tail}".encode())
            new.writestr(name, data)
    assert words in compare_books(book, buffer.getvalue()).first


_TEXTS = f'PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}"'.encode()
_INLINE = b't="inlineStr"><is><t>x</t></is>'


@pytest.mark.parametrize(
    ("cells", "letters"),
    [([(10_000, 1), (1, 900)], 1), ([(row, 30) for row in range(2, 102)], 290_000)],
)
def test_cells_that_are_far_more_than_their_bytes_are_not_compared(
    book: bytes, cells: list[tuple[int, int]], letters: int
) -> None:
    def change(opened: Workbook) -> None:
        for row, column in cells:
            opened["Findings"].cell(row, column).value = "x"

    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(edit(book, change))) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name).replace(_INLINE, b't="s"><v>0</v>')
            data = data.replace(b"</Types>", b"<Override %b/></Types>" % _TEXTS)
            new.writestr(name, data)
        texts = f'<sst xmlns="{SHEET_MAIN_NS}"><si><t>{"x" * letters}</t></si></sst>'
        new.writestr("xl/sharedStrings.xml", texts)
    assert compare_books(book, buffer.getvalue()).first == (
        "cannot be read as a workbook (sheet Findings: its cells have more letters, or lie farther apart, "
        "than in a run)"
    )
