"""The workbook, opened again: names and columns to the letter, every text a text."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import time
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import get_column_letter

from credreport import analyze, compare, read_reports
from credreport.decisions.decision import DISPOSITIONS
from credreport.errors import OutputError
from credreport.evidence.evidence import Block, Evidence, SignOff
from credreport.evidence.of_analysis import of_analysis
from credreport.output.workbook import layout, sheetxml
from credreport.output.workbook.book import _set_heights, to_xlsx
from credreport.output.workbook.cells import header_lines, lines_of, write_block
from credreport.output.workbook.paper import printed_points
from credreport.rules.policy import Policy
from tests.support.books import column
from tests.support.office import CSV, OFFICE, convert
from tests.support.reports import judge, root, save, user
from tests.verdicts.test_assessment import OLD, key, password

NAMES = [
    "=1+1",
    "@SUM",
    "007",
    "NA",
    "-x",
    "a,b",
    "_x0041_",
    "<b>&amp;",
    "\x1b[31m",
    "#N/A",
    "[/red]",
]
# On paper comes what stands before the empty string.
HEADERS = {
    "Findings": [
        "Finding ID", "Account", "User", "Credential", "Severity", "Rule", "Days", "Limit",
        "Since (UTC)", "State", "Disposition", "Decided by", "Decision date",
        "Ticket and notes", "", "Recommended action", "Basis", "Source file", "Source line",
    ],
    "Undetermined": [
        "Account", "User", "Credential", "Reason", "Cells as reported", "Source file", "Source line",
        "",
    ],
    "Users": [
        "Account", "User", "Active credentials", "Unused credentials", "Most recent use (UTC)",
        "Days since", "MFA", "Console password", "Conclusion", "", "Created (UTC)", "Source file",
        "Source line", "ARN",
    ],
    "Credentials": [
        "Account", "User", "Credential", "Status", "Days", "Effective last use (UTC)", "Basis",
        "Finding ID", "Reason", "Set or rotated (UTC)", "", "Last used (UTC)",
        "Last used as reported", "Last service", "Last region", "Age band", "MFA", "Source file",
        "Source line", "ARN",
    ],
    "Remediation": [
        "Finding ID", "Account", "User", "Credential", "Console path", "", "Check first", "Step 1",
        "Step 2",
    ],
}  # fmt: skip
IN_VIEW = {"Findings": 4, "Undetermined": 3, "Users": 2, "Credentials": 3, "Remediation": 4}


@pytest.fixture(scope="module")
def png() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (4, 3)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    rows = [user(name, **password(OLD), **key(1, OLD, "2026-01-30T10:20:00Z")) for name in NAMES]
    rows.append(user("zoe", **key(2, "?")))
    sign_off = SignOff(control="=CIS", prepared_by="Ann", ticket="SEC-1")
    judged = judge(tmp_path_factory.mktemp("in"), root(), *rows)
    return of_analysis(judged, sign_off)


@pytest.fixture(scope="module")
def data(evidence: Evidence, png: bytes) -> bytes:
    return to_xlsx(evidence, [("One", png)])


@pytest.fixture(scope="module")
def book(data: bytes) -> Any:
    """The workbook of `data`, opened for all who only look at it."""
    return opened(data)


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def texts(sheet: Any) -> list[str]:
    return [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]


def test_the_sheets_and_their_columns(book: Any) -> None:
    assert book.sheetnames == [
        "Summary", "Findings", "Undetermined", "Users", "Credentials", "Remediation", "Charts",
        "Inputs", "Method",
    ]  # fmt: skip
    for title, headers in HEADERS.items():
        assert [cell.value for cell in book[title][1]] == [header for header in headers if header]
        assert book[title].freeze_panes == f"{get_column_letter(IN_VIEW[title] + 1)}2"
        assert book[title].print_title_rows == "$1:$1"
        assert list(book[title].tables) == [title]
        assert book[title].tables[title].ref == book[title].dimensions


def test_every_value_reads_back(evidence: Evidence, book: Any) -> None:
    findings = book["Findings"]
    shown = [name.replace("\x1b", "\\x1b") for name in evidence.tables["findings"]["user"]]
    assert [unescape(name) for name in column(findings, "User")] == shown
    assert column(findings, "Account") == ["111122223333"] * len(NAMES)
    assert column(findings, "Days") == [395] * len(NAMES)
    assert column(findings, "Limit") == [">= 90"] * len(NAMES)
    assert column(findings, "Since (UTC)") == [datetime(2025, 1, 1)] * len(NAMES)  # noqa: DTZ001
    assert column(findings, "Finding ID") == evidence.tables["findings"]["finding_id"].tolist()
    assert set(column(findings, "State")) == {"open"}
    credentials = book["Credentials"]
    status = column(credentials, "Status")
    assert sorted(status) == sorted(evidence.tables["credentials"]["status"])
    assert list(dict.fromkeys(status)) == [
        "unused",
        "undetermined",
        "current",
        "excluded",
        "absent",
    ]
    assert datetime(2026, 1, 30, 10, 20) in column(credentials, "Last used (UTC)")  # noqa: DTZ001
    assert column(credentials, "Days").count("\u2013") == len(
        evidence.tables["credentials"]
    ) - 2 * len(NAMES)


def unescape(text: str) -> str:
    """Decode as Excel does: openpyxl leaves the escapes of inline texts as they stand."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


def test_no_cell_is_a_formula_an_error_or_a_number_by_accident(book: Any, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in archive.read(name)
                assert b't="e"' not in archive.read(name)
        assert not any("vba" in name or "externalLink" in name for name in archive.namelist())
    assert all(book["Findings"].cell(row, 3).quotePrefix for row in range(2, len(NAMES) + 2))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in "snd", (sheet.title, cell.coordinate)


def test_nothing_is_merged_or_hidden_and_every_page_is_set_up(book: Any) -> None:
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges
        assert sheet.sheet_state == "visible"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToWidth == 1
        assert (sheet.oddFooter.left.text, sheet.oddFooter.right.text) == (
            "&F", "&A, page &P of &N",
        )  # fmt: skip


def test_the_auditors_columns_are_empty_and_the_disposition_is_chosen(book: Any) -> None:
    sheet = book["Findings"]
    assert set(column(sheet, "Disposition") + column(sheet, "Ticket and notes")) <= {None, ""}
    (validation,) = sheet.data_validations.dataValidation
    assert validation.formula1 == f'"{",".join(DISPOSITIONS)}"'
    assert validation.showErrorMessage
    assert str(validation.sqref) == f"K2:K{len(NAMES) + 1}"


def test_the_summary_says_it(book: Any) -> None:
    words = texts(book["Summary"])
    assert " ".join(words[1:3]) == (
        "11 of 22 judged active credentials have been unused for 90 days or more (11 passwords and "
        "0 access keys), as of 2026-01-31T12:00:00Z."
    )
    assert words[3] == "1 could not be judged: see Undetermined."
    for word in ("PASS", "=CIS", "Ann", "SEC-1", "Reviewed by", "Passwords", "181\u2013365"):
        assert word in words
    assert len(book["Summary"]._charts) == 1
    assert len(book["Charts"]._images) == 1


def test_what_could_not_be_judged_is_listed_with_its_cells(book: Any) -> None:
    sheet = book["Undetermined"]
    assert [cell.value for cell in sheet[2]] == [
        "111122223333", "zoe", "access key 2",
        "never used, and `access_key_2_last_rotated` is '?': not a date",
        "access_key_2_active=true; access_key_2_last_used_date=N/A; access_key_2_last_rotated=?",
        "status_reports_2026-01-31T12-00-00+00-00.csv", 14,
    ]  # fmt: skip


@pytest.mark.parametrize("seconds", [0, 4_354_819_200])
def test_a_clock_that_no_zip_can_say_changes_no_byte(
    evidence: Evidence, data: bytes, png: bytes, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """It is 1970 where the battery of the clock is empty, and 2108 is the first year after a zip's last."""
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(seconds))
    assert to_xlsx(evidence, [("One", png)]) == data


def test_an_empty_table_is_words(tmp_path: Path, png: bytes) -> None:
    book = opened(to_xlsx(of_analysis(judge(tmp_path, root())), [("One", png)]))
    assert book["Findings"]["A2"].value == (
        "No findings: no active credential was unused for 90 days or more"
    )
    assert book["Undetermined"]["A2"].value == "Everything was judged"
    assert book["Remediation"]["A2"].value == "No findings, so nothing to remedy"
    assert not book["Findings"].tables


def test_inputs_name_what_was_read_and_what_was_not(tmp_path: Path, png: bytes) -> None:
    save(tmp_path, root(), user("b"), user("a"))
    save(tmp_path, root(), name="2026-01-01.csv")
    save(tmp_path, root("444455556666"), name="2026-01-31.csv")
    (tmp_path / "bad.csv").write_text("x")
    (tmp_path / "x.pdf").write_text("x")
    evidence = of_analysis(analyze(read_reports(tmp_path, keep_going=True)))
    book = opened(to_xlsx(evidence, [("One", png)]))
    words = texts(book["Inputs"])
    digest = evidence.tables["inputs"]["sha256"][0]
    for word in (
        digest,
        "file name",
        "superseded",
        "refused",
        "left out",
        "rows out of AWS's order",
    ):
        assert word in words
    assert words.count("PASS") == 3
    assert "Accounts" in texts(book["Summary"])


def test_the_method_can_be_followed_by_hand(book: Any) -> None:
    words = " ".join(texts(book["Method"]))
    for word in (
        "90 x 24 hours",
        "Prowler",
        "Security Hub",
        "Steampipe",
        "CIS AWS 3.0.0 1.12",
        "SSH keys",
    ):
        assert word in words


def test_include_root_is_said_in_the_method(tmp_path: Path, png: bytes) -> None:
    evidence = of_analysis(judge(tmp_path, root(), policy=Policy(include_root=True)))
    assert "this run judges root too" in " ".join(
        texts(opened(to_xlsx(evidence, [("One", png)]))["Method"])
    )


def test_charts_and_pictures_carry_their_words(evidence: Evidence, png: bytes) -> None:
    data = to_xlsx(evidence, [("One", png), ("Two", png)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        drawings = "".join(
            archive.read(name).decode()
            for name in sorted(archive.namelist())
            if re.match(r"xl/drawings/drawing\d", name)
        )
    found = re.findall('descr="([^"]*)"', drawings)
    assert found[0].startswith("Columns of active credentials by age. 11 of 22")
    assert [text.split(".")[0] for text in found[1:]] == ["One", "Two"]


def test_the_same_evidence_gives_the_same_bytes(
    evidence: Evidence, png: bytes, data: bytes
) -> None:
    assert data == to_xlsx(evidence, [("One", png)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2026-01-31T12:00:00Z</dcterms:modified>" in archive.read("docProps/core.xml")


def test_dates_before_excels_calendar_stand_as_text(tmp_path: Path, png: bytes) -> None:
    row = user("a", **password("1899-12-31T00:00:00Z"), user_creation_time="1900-03-01T00:00:00Z")
    book = opened(to_xlsx(of_analysis(judge(tmp_path, root(), row)), [("One", png)]))
    assert book["Findings"]["I2"].value == "1899-12-31T00:00:00Z"
    assert column(book["Users"], "Created (UTC)")[0] == datetime(1900, 3, 1)  # noqa: DTZ001


def test_a_population_too_long_for_a_sheet_goes_to_a_file(
    tmp_path: Path, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 3)
    evidence = of_analysis(judge(tmp_path, root()))
    book = opened(to_xlsx(evidence, [("One", png)]))
    count = len(evidence.tables["credentials"])
    assert book["Credentials"]["A2"].value == (
        f"{count} rows are too many for a sheet: see {evidence.stem}-credentials.csv"
    )


def test_a_table_longer_than_a_sheet_is_refused(
    evidence: Evidence, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MAX_ROWS", 3)
    with pytest.raises(OutputError, match="Findings: 11 rows are more than a sheet can hold"):
        to_xlsx(evidence, [("One", png)])


def test_rows_lost_on_the_way_are_noticed(
    evidence: Evidence, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sheetxml._rows
    monkeypatch.setattr(sheetxml, "_rows", lambda *args: list(real(*args))[:-1])
    with pytest.raises(OutputError, match="the sheet Findings came back with 10 of 11 rows"):
        to_xlsx(evidence, [("One", png)])


def widths_of(sheet: Any) -> dict[str, float]:
    return {cell.value: sheet.column_dimensions[cell.column_letter].width for cell in sheet[1]}


def test_paper_shows_the_columns_that_decide_at_7_points(evidence: Evidence, book: Any) -> None:
    for title, headers in HEADERS.items():
        sheet, printed = book[title], headers[: headers.index("")]
        widths = widths_of(sheet)
        assert printed_points([widths[header] for header in printed]) >= 7
        if headers[-1]:
            last = get_column_letter(len(printed))
            assert sheet.print_area.startswith(f"'{title}'!$A$1:${last}$")
            assert headers[-1] in sheet.oddHeader.right.text
    assert book["Credentials"].print_area == "'Credentials'!$A$1:$J$25"
    assert "rows of status absent (no such credential)" in book["Credentials"].oddHeader.right.text
    assert printed_points(evidence.summary.widths, is_portrait=True) >= 7
    assert printed_points(evidence.inputs.widths) >= 7


@pytest.mark.parametrize(("widths", "points"), [([163.0], 7.06), ([165.0], 6.98), ([50.0], 10.0)])
def test_the_size_on_paper_is_computed(widths: list[float], points: float) -> None:
    assert printed_points(widths) == pytest.approx(points, abs=0.01)


def test_no_filter_button_covers_a_header(book: Any) -> None:
    """The button is 17 pixels (12.75 points) high, in the lower right: the last line is left to it."""
    for title in HEADERS:
        sheet = book[title]
        for header, width in widths_of(sheet).items():
            assert max(len(word) for word in header.split()) <= width, header
            needed = (header_lines(header, width) + 1) * 12.75
            assert sheet.row_dimensions[1].height >= needed, header
            assert sheet.cell(1, 1).alignment.vertical == "top"


def test_who_it_is_stays_in_view_with_room_for_the_decisions(book: Any) -> None:
    """A screen of 1440 x 900 has room for some 195 units of width beside the row numbers."""
    sheet = book["Findings"]
    widths = widths_of(sheet)
    headers = list(widths)
    assert sum(widths[header] for header in headers[: headers.index("Ticket and notes") + 1]) < 195
    for title in HEADERS:
        shown = list(widths_of(book[title]).items())
        assert sum(width for _, width in shown[: IN_VIEW[title]]) < 100


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 has it."""

    def light(colour: str) -> float:
        parts = [int(colour[-6:][place : place + 2], 16) / 255 for place in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lights = sorted((light(one), light(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def test_cells_to_fill_in_have_a_frame_and_a_fill_that_shows(book: Any) -> None:
    sheet = book["Findings"]
    place = list(widths_of(sheet)).index("Disposition") + 1
    cell, beside = sheet.cell(2, place), sheet.cell(2, place - 1)
    assert contrast(cell.fill.fgColor.rgb, "FFFFFF") > 1.2
    assert contrast(cell.border.left.color.rgb, cell.fill.fgColor.rgb) > 3
    assert contrast(cell.font.color.rgb, cell.fill.fgColor.rgb) > 4.5
    assert contrast(sheet.cell(1, place).fill.fgColor.rgb, "FFFFFF") > 4.5
    assert beside.fill.fill_type is None


def test_unused_rows_come_first_and_are_coloured(book: Any) -> None:
    expected = {
        "Users": [
            "$D2>0",
            'COUNTIF($I2,"*undetermined*")>0',
            'COUNTIF($I2,"*could not be judged*")>0',
        ],
        "Credentials": ['$D2="unused"', '$D2="undetermined"'],
    }
    for title, formulas in expected.items():
        (rows,) = book[title].conditional_formatting
        assert [rule.formula for rule in rows.rules] == [[formula] for formula in formulas]
        assert str(rows.sqref) == book[title].dimensions.replace("A1", "A2")
        for rule in rows.rules:
            assert contrast(rule.dxf.fill.bgColor.rgb, "1F2937") > 4.5
    unused = column(book["Users"], "Unused credentials")
    assert unused == sorted(unused, reverse=True)
    assert column(book["Users"], "Conclusion")[len(NAMES) :] == [
        "1 could not be judged", "Root: shown, not judged",
    ]  # fmt: skip


def test_the_summary_leads_to_every_sheet(book: Any) -> None:
    links = {
        cell.value: cell.hyperlink
        for row in book["Summary"].iter_rows()
        for cell in row
        if cell.hyperlink
    }
    assert list(links) == book.sheetnames[1:]
    assert all(link.location == f"'{title}'!A1" for title, link in links.items())
    assert all(link.target is None for link in links.values())


def test_the_summary_with_a_baseline_is_one_page_and_a_longer_one_never_cuts_its_chart(
    png: bytes,
) -> None:
    samples = Path(__file__).parents[3] / "sample_reports"
    for profile, pages in (("conformity", 1), ("all", 0)):
        policy = Policy.of(profile)
        older, newer = (
            analyze(read_reports(samples / day), policy) for day in ("2026-06-30", "2026-09-30")
        )
        evidence = of_analysis(newer, since=compare(older, newer))
        sheet = opened(to_xlsx(evidence, [(each.title, png) for each in evidence.pictures]))[
            "Summary"
        ]
        assert sheet.page_setup.fitToHeight == pages
        row = [cell.value for cell in sheet["A"]].index("Ageing of active credentials")
        assert [each.id for each in sheet.row_breaks.brk] == ([] if pages else [row])
        # Exactly on the break, its upper edge would be drawn on the page before.
        (chart,) = sheet._charts
        assert (chart.anchor._from.row, chart.anchor._from.rowOff > 0) == (row, True)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, 1),
        ("unused", 10, 1),
        ("access key 1", 8, 2),
        ("unused-access-key", 12, 2),
        ("one\ntwo", 10, 2),
        ("x" * 35, 10, 4),
    ],
)
def test_the_lines_of_a_text_are_counted(text: str, width: float, lines: int) -> None:
    assert lines_of(text, width) == lines


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_the_same_texts(evidence: Evidence, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(data)
    convert(path, f"{CSV}2", tmp_path)
    import csv

    (written,) = tmp_path.glob("book*.csv")
    with written.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["User"] for row in rows] == [
        name.replace("\x1b", "\\x1b") for name in evidence.tables["findings"]["user"]
    ]
    assert {row["Account"] for row in rows} == {"111122223333"}
    assert {row["Since (UTC)"] for row in rows} == {"2025-01-01 00:00:00"}


@pytest.mark.skipif(
    OFFICE is None or shutil.which("pdfinfo") is None,
    reason="LibreOffice or poppler is not installed",
)
def test_ten_accounts_print_in_tens_of_pages(tmp_path: Path, png: bytes) -> None:
    """310 users, 100 findings, 1,550 credentials: what needs a decision is printed, at 7 points."""
    for number in range(10):
        account = f"1111222233{number:02d}"
        stale = [user(f"stale-{i}", account, **password(OLD)) for i in range(10)]
        used = [user(f"used-{i}", account, **password("2026-01-30T00:00:00Z")) for i in range(20)]
        save(tmp_path / "in", root(account), *stale, *used, name=f"{account}_2026-01-31.csv")
    evidence = of_analysis(analyze(read_reports(tmp_path / "in")))
    path = tmp_path / "book.xlsx"
    path.write_bytes(to_xlsx(evidence, [("One", png)]))
    convert(path, "pdf", tmp_path)
    info = subprocess.run(
        ["pdfinfo", str(path.with_suffix(".pdf"))], check=True, capture_output=True, text=True
    ).stdout
    pages = int(re.findall(r"Pages:\s+(\d+)", info)[0])
    assert len(evidence.tables["findings"]) == 100
    assert 20 <= pages <= 50


def test_a_last_text_beside_numbers_extends_to_the_edge_and_into_the_rows_below() -> None:
    sheet = openpyxl.Workbook().active
    assert sheet is not None
    sheet.column_dimensions["A"].width = sheet.column_dimensions["B"].width = 10
    table = pd.DataFrame({"count": [1], "meaning": ["in use before, unused now, " * 3]})
    next_row = write_block(sheet, 1, Block("Changes", ("Count", "Meaning"), table), [6, 10, 40])
    shown = [sheet.cell(row, 2) for row in range(3, next_row - 1)]
    assert " ".join(str(cell.value) for cell in shown) == "in use before, unused now, " * 2 + (
        "in use before, unused now,"
    )
    assert len(shown) > 1
    assert {(cell.alignment.wrap_text, cell.alignment.indent) for cell in shown} == {(None, 1)}


def test_a_text_beside_numbers_stands_apart_from_them_also_where_it_is_wrapped() -> None:
    sheet = openpyxl.Workbook().active
    assert sheet is not None
    table = pd.DataFrame({"count": [1, 2], "fires": ["> 90 days", "<= 7 days"], "control": "CIS"})
    headers = ("Count", "Fires", "Control")
    for width, is_wrapped in ((12, None), (9, True)):
        sheet.column_dimensions["B"].width = width
        write_block(sheet, 1, Block("Rules", headers, table), [6, width, 40])
        cell = sheet.cell(3, 2)
        assert (cell.alignment.wrap_text, cell.alignment.indent) == (is_wrapped, 1), width


def test_heights_of_a_long_summary_are_set_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = openpyxl.Workbook().active
    assert sheet is not None
    for _ in range(30):
        sheet.append(["a"])
    looks: list[Any] = []
    kind: Any = type(sheet)
    widest = kind.max_column.fget

    def look(self: Any) -> Any:
        looks.append(self)
        return widest(self)

    monkeypatch.setattr(kind, "max_column", property(look))
    _set_heights(sheet)
    assert len(looks) <= 2
