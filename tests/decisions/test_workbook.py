"""Workbooks that others saved: each cell is read, reported or refused; no file does harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from time import process_time
from typing import Any

import openpyxl
import PIL.Image
import pytest
from openpyxl.chart import BarChart
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook.defined_name import DefinedName

from credreport.decisions import size_limits, workbook
from credreport.decisions.decision import Decision, Decisions
from credreport.decisions.workbook import parse_workbook, read_decisions
from credreport.errors import UsageError

ID, OTHER = "CR-0123456789AB", "CR-0123456789AB-2"
HEADERS = ("Finding ID", "User", "Disposition", "Decided by", "Decision date", "Ticket and notes")
DAY = date(2026, 3, 1)
Row = Sequence[Any]


def make(*rows: Row, headers: Row = HEADERS, **more: Sequence[Row]) -> bytes:
    """Return a workbook with the rows on the sheet Findings, and further sheets by name."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, lines in {"Findings": [headers, *rows], **more}.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(list(line))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parse(data: bytes) -> Decisions:
    return parse_workbook("old.xlsx", data, is_carried=True)


def decide(*cells: Any) -> Decisions:
    """Return what is read of one finding with these four cells."""
    return parse(make([ID, "ann", *cells]))


def refusal(data: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        parse(data)
    return str(caught.value)


def test_the_cells_of_a_finding() -> None:
    (found,) = decide("Removed", "Ann", DAY, "SEC-1\nsecond line")
    assert found == Decision(
        ID, "Removed", "Ann", DAY, "SEC-1\nsecond line", user="ann", place="sheet Findings, cell A2"
    )
    assert str(found) == "decided Removed on 2026-03-01 by Ann"
    assert str(Decision(ID)) == "no disposition chosen, no date, with no name given"


def test_findings_without_a_decision_are_none() -> None:
    data = make([ID, "ann", None, "", " "], ["No findings"], [None, "x"])
    assert len(parse(data).decisions) == 0


def test_whose_finding_it_was() -> None:
    headers = ("Rule", "Credential", "Account", "Limit", *HEADERS)
    row = (
        "unused-access-key",
        "access key 1",
        "111122223333\nProduction",
        ">= 90",
        ID,
        "ann",
        "Open",
    )
    (found,) = parse(make(row, headers=headers))
    assert (found.rule, found.credential, found.account_id, found.limit) == (
        "unused-access-key", "access_key_1", "111122223333", ">= 90",
    )  # fmt: skip


def test_a_header_below_other_lines_and_in_another_order() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Findings"
    for line in (["our copy"], [], [*HEADERS[::-1]], ["n", DAY, "Ann", "Open", "ann", ID]):
        sheet.append(line)
    (found,) = parse(saved(book))
    assert found.content == (ID, "Open", "Ann", DAY, "n")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("2026-03-01", "sheet Findings, cell E2: text, read as the date 2026-03-01"),
        (46082, "sheet Findings, cell E2: the number 46082, read as the date 2026-03-01"),
        (46082.75, "sheet Findings, cell E2: the number 46082.75, read as the date 2026-03-01"),
        (
            datetime(2026, 3, 1, 14, 30),  # noqa: DTZ001 - as Excel has it
            "sheet Findings, cell E2: 2026-03-01 14:30:00 has a time of day, which is left out",
        ),
        (DAY, ""),
    ],
)
def test_a_date_that_has_one_meaning_is_read_and_reported(cell: Any, message: str) -> None:
    found = decide("Removed", "Ann", cell)
    assert [decision.day for decision in found] == [DAY]
    assert [str(notice) for notice in found.notices] == (
        [f"old.xlsx: {message}"] if message else []
    )


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("1/3/2026", "1/3/2026"),
        ("2026-02-30", "2026-02-30"),
        ("soon", "soon"),
        (7, "7"),
        (-46082, "-46082"),
        (-1e300, f"{int(-1e300)}"[:60] + "..."),
        (20260301, "20260301"),
        (1e300, f"{int(1e300)}"[:60] + "..."),
        (True, "TRUE"),
        (time(12), "12:00:00"),
        (date(1999, 12, 31), "1999-12-31"),
        (date(2100, 1, 1), "2100-01-01"),
    ],
)
def test_a_date_that_could_mean_two_things_is_refused(cell: Any, shown: str) -> None:
    assert refusal(make([ID, "ann", "Removed", "Ann", cell])) == (
        f"--carry-from old.xlsx: sheet Findings, cell E2: {shown!r} is not a date with one meaning. "
        "Write a date of this century, such as 2026-03-31 (2000 to 2099)."
    )


def test_numbers_count_from_1904_where_the_workbook_does() -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    sheet.title = "Findings"
    sheet.append(list(HEADERS))
    sheet.append([ID, "ann", "Open", "", 44620])
    sheet.append([OTHER, "ann", "Open", "", DAY])
    assert [decision.day for decision in parse(saved(book))] == [DAY, DAY]


@pytest.mark.parametrize("column", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("value", "found"), [("=TODAY()", "a formula"), ("#N/A", "the error value '#N/A'")]
)
def test_a_formula_or_an_error_is_refused(column: int, value: str, found: str) -> None:
    cells: list[Any] = [ID, "ann", None, None, None, None]
    cells[column] = value
    assert f"sheet Findings, cell {'ABCDEF'[column]}2: {found}." in refusal(make(cells))


@pytest.mark.parametrize("text", ["removed", "FALSE POSITIVE", "Exception"])
def test_a_disposition_in_any_capitals(text: str) -> None:
    found = decide(text)
    assert [decision.disposition for decision in found] == [text.capitalize()]
    assert len(found.notices) == (text != "Exception")


def test_an_unknown_disposition_is_refused() -> None:
    assert refusal(make([ID, "ann", "Done"])) == (
        "--carry-from old.xlsx: sheet Findings, cell C2: 'Done' is not a disposition. Use Open, "
        "Disabled, Removed, Exception, False positive."
    )


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (4711, "4711"), (4711.0, "4711"), (0.5, "0.5"), (True, "TRUE"), (DAY, "2026-03-01"),
        (" a\r\nb ", "a\nb"), ("_x005F_x0041_", "_x0041_"), ("_x001B_[31m", r"\x1b[31m"),
    ],
)  # fmt: skip
def test_notes_of_any_sort_are_text(cell: Any, text: str) -> None:
    assert [decision.notes for decision in decide("", "", None, cell)] == [text]


class TestOneFindingTwice:
    def test_with_the_same_decision_counts_once(self) -> None:
        row = [ID, "ann", "Open", "Ann"]
        found = parse(make(row, [ID, "ann"], row))
        assert len(found.decisions) == 1
        assert [notice.message for notice in found.notices] == [
            f"sheet Findings, cell A4: {ID} a second time (first in sheet Findings, cell A2), with "
            "the same decision: counted once"
        ]

    def test_with_another_decision_is_refused(self) -> None:
        message = refusal(make([ID, "ann", "Open"], [ID, "ann", "Removed"]))
        assert (
            f"cell A3: {ID} a second time (first in sheet Findings, cell A2), with another"
            in message
        )
        assert message.endswith("Keep one of the two decisions.")


@pytest.mark.parametrize("text", [None, "CR-1", "CR-0123456789AB-", "x"])
def test_a_decision_beside_no_finding_is_refused(text: str | None) -> None:
    assert "is not a Finding ID, and a decision is next to it. Put" in refusal(
        make([text, "ann", "Open"])
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    rows = [[ID, "ann", "Done", "", "soon"]] + [[f"x{number}", "", "Open"] for number in range(30)]
    lines = refusal(make(*rows)).split("\n")
    assert len(lines) == 21
    assert lines[-1] == "--carry-from old.xlsx: and 12 more"


class TestTheSheetDecisions:
    def test_has_what_the_sheet_findings_has_not(self) -> None:
        rows = [
            HEADERS,
            [ID, "ann", "Removed"],
            [OTHER, "bob", "Exception"],
            ["CR-00000000000F", "x"],
        ]
        found = parse(make([ID, "ann", "Open"], Decisions=rows))
        assert [(each.finding_id, each.disposition) for each in found] == [
            (ID, "Open"), (OTHER, "Exception"),
        ]  # fmt: skip
        assert [notice.message for notice in found.notices] == [
            f"sheet Decisions: 1 decision unlike that on the sheet Findings, which counts ({ID})"
        ]

    def test_counts_for_nothing_where_the_finding_stands_on_findings(self) -> None:
        found = parse(make([ID, "ann"], Decisions=[HEADERS, [ID, "ann", "Removed"]]))
        assert len(found.decisions) == 0
        assert [notice.message for notice in found.notices] == [
            f"sheet Decisions, cell A2: {ID} has no decision on the sheet Findings, which counts"
        ]

    def test_has_no_two_decisions_on_a_finding(self) -> None:
        rows = [HEADERS, [OTHER, "bob", "Exception"], [OTHER, "bob", "Removed"]]
        message = refusal(make([ID, "ann", "Open"], Decisions=rows))
        assert "sheet Decisions, cell A3" in message
        assert message.endswith("with another decision. Keep one of the two decisions.")

    def test_may_have_those_of_two_keys_of_which_one_had_the_id_of_the_other(self) -> None:
        header = [*HEADERS, "Credential"]
        blank = [None] * (len(HEADERS) - 3)
        rows: list[Row] = [
            header,
            [OTHER, "bob", "Disabled", *blank, "access key 1"],
            [OTHER, "bob", "Open", *blank, "access key 2"],
        ]
        found = parse(make([ID, "ann", "Open"], Decisions=rows))
        assert [(each.credential, each.disposition) for each in found] == [
            ("", "Open"), ("access_key_1", "Disabled"), ("access_key_2", "Open"),
        ]  # fmt: skip

    def test_is_enough_in_the_workbook_of_a_comparison(self) -> None:
        data = edited_titles(make([ID, "ann", "Removed"]), "Decisions")
        assert [each.disposition for each in parse(data)] == ["Removed"]


def edited_titles(data: bytes, title: str) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(data))
    book.worksheets[0].title = title
    return saved(book)


def test_a_decision_says_whether_the_workbook_has_that_of_a_twin_too() -> None:
    rows: list[Row] = [[ID, "ann", "Open"], [OTHER, "ann"], ["CR-00000000000F", "ann", "Open"]]
    assert [each.has_twin for each in parse(make(*rows))] == [True, False]


class TestACopyOfTheSheet:
    def test_with_the_same_decision_is_no_matter(self) -> None:
        row = [ID, "ann", "Open"]
        (found,) = parse(make(row, **{"Findings (2)": [HEADERS, row, [OTHER, "bob"]]}))
        assert found.place == "sheet Findings, cell A2"

    @pytest.mark.parametrize("row", [[ID, "ann", "Removed"], [OTHER, "bob", "", "Ann"]])
    def test_with_another_decision_is_refused(self, row: Row) -> None:
        data = make([ID, "ann", "Open"], [OTHER, "bob"], **{"Findings (2)": [HEADERS, row]})
        assert refusal(data) == (
            f"--carry-from old.xlsx: sheet 'Findings (2)', cell A2: {row[0]} has a decision that the sheet "
            "Findings lacks. Put it there, or delete the sheet 'Findings (2)'."
        )

    def test_in_which_a_column_is_missing_is_refused(self) -> None:
        data = make([ID, "ann", "Open"], Copy=[HEADERS[:-1], [ID, "ann", "Open"]])
        assert "sheet 'Copy', row 1: no column Ticket and notes" in refusal(data)

    def test_in_which_the_disposition_is_called_otherwise_is_refused(self) -> None:
        header = [each.replace("Disposition", "Decision") for each in HEADERS]
        data = make([ID, "ann"], Bob=[header, [ID, "ann", "Removed"]])
        assert "sheet 'Bob', row 1: no column Disposition" in refusal(data)


class TestRowsThatWerePastedOnAnotherSheet:
    @pytest.mark.parametrize("above", [[], [["Bob's part"], []]])
    def test_with_another_decision_are_refused(self, above: list[Row]) -> None:
        rows = [*above, [OTHER, "bob"], [ID, "ann", "Removed"]]
        assert refusal(make([ID, "ann", "Open"], [OTHER, "bob"], Bob=rows)) == (
            f"--carry-from old.xlsx: sheet 'Bob', row {len(rows)}: a decision without the header of its "
            "columns. Put it on the sheet Findings, or delete the sheet 'Bob'."
        )

    def test_with_the_same_decision_or_none_are_no_matter(self) -> None:
        row = [ID, "ann", "Open"]
        assert len(parse(make(row, Bob=[row, [OTHER, "bob"]])).decisions) == 1

    def test_are_not_the_waivers(self) -> None:
        waivers = [["Waiver", "Reason", "Findings covered"], ["W-1", "Exception", ID]]
        assert len(parse(make([ID, "ann", "Open"], Waivers=waivers)).decisions) == 1


class TestWhatSomebodyAdded:
    def test_is_named_as_not_carried_over(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(make([ID, "ann", "Open"])))
        sheet = book["Findings"]
        sheet["G1"], sheet["G2"] = "Decision by Bob", "Removed"
        sheet["I2"], sheet["A5"], sheet["B7"] = "ask", "Bob agrees", "x"
        sheet["C2"].comment = Comment("Asked Bob", "Ann")
        book.create_sheet("Interviews")
        assert [each.message for each in parse(saved(book)).notices] == [
            "a column 'Decision by Bob' on the sheet Findings: not carried over",
            "text outside the table of the sheet Findings (I2, A5, B7): not carried over",
            "a sheet 'Interviews': not carried over",
            "comments: not carried over",
        ]

    def test_is_named_beside_what_was_not_judged_and_the_steps_too(self) -> None:
        data = make(
            [ID, "ann"],
            Undetermined=[["Account", "User"], ["1", "ann", None, "asked Bob"]],
            Remediation=[["Finding ID", "User"], [ID, "ann", "done"]],
            Sample=[["No.", "Result"], [1, "fails"], [2, None]],
        )
        assert [each.message for each in parse(data).notices] == [
            "text outside the table of the sheet Undetermined (D2): not carried over",
            "text outside the table of the sheet Remediation (C2): not carried over",
            "1 result of the sample: not carried over",
        ]

    def test_is_named_where_it_is_far_to_the_right_too(self) -> None:
        row = [ID, "ann", *[None] * 37]
        data = make(
            [*row, "near"],
            [*row, "", "ask Bob"],
            [*row, None, 7],
            Users=[["User", *[None] * 39, 0]],
        )
        assert parse(data).added == (
            "text outside the table of the sheet Findings (AN2)",
            "text far right of the table of the sheet Findings (from AO3 on)",
            "text far right of the table of the sheet Users (from AO1 on)",
        )

    def test_is_named_where_it_is_a_row_with_the_id_of_a_finding(self) -> None:
        headers, row = [*HEADERS, "Rule"], [ID, "ann", "Open", *[None] * 3, "unused-access-key"]
        pasted: list[Row] = [[ID, "Removed", None, "Bob"], ["Bob", ID, "Removed"]]
        data = make(
            row,
            *pasted,
            headers=headers,
            Undetermined=[["Account", "User"], ["1", "ann"], ["CR-00000000000F", "Removed"]],
        )
        message = refusal(data)
        assert "cell A3: CR-0123456789AB a second time" in message
        data = make(row, [OTHER, "Removed"], ["Bob", OTHER], headers=headers)
        assert parse(data).added == (
            "text outside the table of the sheet Findings (A3, B3, A4, B4)",
        )
        data = make(row, headers=headers, Undetermined=[["Account", "User"], [ID, "Removed"]])
        assert parse(data).added == ("text outside the table of the sheet Undetermined (A2, B2)",)

    @pytest.mark.parametrize(("title", "is_named"), [("Findings", True), ("Charts", False)])
    def test_is_named_where_it_is_a_picture(self, title: str, is_named: bool) -> None:
        data = make([ID, "ann", "Open"], **({} if title == "Findings" else {title: [["x"]]}))
        book = openpyxl.load_workbook(io.BytesIO(data))
        picture = io.BytesIO()
        PIL.Image.new("RGB", (9, 9)).save(picture, "png")
        book[title].add_image(Image(picture), "T2")
        said = (f"a picture or shape on the sheet {title}",) if is_named else ()
        assert parse(saved(book)).added == said

    @pytest.mark.parametrize("state", ["open", "waived W-1", "waived Ausnahme 7"])
    def test_is_not_the_state_of_a_finding(self, state: str) -> None:
        headers = [*HEADERS, "State"]
        data = make([ID, "ann", "Open", None, None, None, state], headers=headers)
        assert "text outside the table" not in " ".join(parse(data).added)

    @pytest.mark.parametrize(
        "cells",
        [
            {"Account": "Removed"},
            {"Rule": "SEC-1234"},
            {"State": "Removed"},
            {"Finding ID": "x", "Account": ID},
        ],
    )
    def test_is_named_where_a_row_has_the_cells_of_another(self, cells: dict[str, str]) -> None:
        headers = ("Finding ID", "Account", "Rule", "State")
        good = [OTHER, "111122223333", "unused-access-key", "open"]
        bad = [cells.get(name, cell) for name, cell in zip(headers, good, strict=True)]
        data = make([ID, "ann", "Open"], Remediation=[headers, good, bad])
        said = "text outside the table of the sheet Remediation (A3, B3, C3, D3)"
        assert said in parse(data).added

    @pytest.mark.parametrize(
        ("kind", "is_named"), [("oleObject", True), ("image", True), ("table", False)]
    )
    def test_is_named_where_it_is_an_object(self, kind: str, is_named: bool) -> None:
        data, space = io.BytesIO(make([ID, "ann", "Open"])), "http://schemas.openxmlformats.org"
        with zipfile.ZipFile(data, "a") as archive:
            archive.writestr(
                "xl/worksheets/_rels/sheet1.xml.rels",
                f"<Relationships><Relationship Target='../x.bin' Type='{space}/x/{kind}'/></Relationships>",
            )
        said = ("a picture or shape on the sheet Findings",) if is_named else ()
        assert parse(data.getvalue()).added == said

    def test_is_named_where_it_is_a_chart_on_another_sheet(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(make([ID, "ann", "Open"], Summary=[["x"]])))
        for sheet in book.worksheets:
            sheet.add_chart(BarChart(), "T2")
        assert parse(saved(book)).added == ("a picture or shape on the sheet Findings",)

    def test_is_not_what_the_run_says_of_an_empty_table(self) -> None:
        assert parse(make(["No findings: none"], Decisions=[HEADERS, ["No decisions"]])).added == ()
        assert parse(make(["No findings: none"], ["No"])).added == (
            "text outside the table of the sheet Findings (A2, A3)",
        )


class TestMergedCells:
    @pytest.mark.parametrize("title", ["Findings", "Decisions"])
    def test_over_rows_are_refused(self, title: str) -> None:
        lines = [HEADERS, [ID, "ann", "Open"], [OTHER, "bob"]]
        book = openpyxl.load_workbook(io.BytesIO(make(Decisions=lines)))
        book[title].merge_cells("C2:C3")
        assert refusal(saved(book)) == (
            f"--carry-from old.xlsx: sheet {title}, cells C2:C3: merged. Unmerge them, and fill in "
            "each row."
        )

    def test_that_are_noted_across_two_pieces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbook, "_PIECE", 50)
        self.test_over_rows_are_refused("Findings")

    def test_within_a_row_are_no_matter(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(make([ID, "ann", "Open"])))
        book["Findings"].merge_cells("F2:G2")
        assert len(parse(saved(book)).decisions) == 1


class TestRowsOutOfOrder:
    @staticmethod
    def mixed(change: Callable[[str], str]) -> bytes:
        """Return a workbook whose sheet Findings is changed as text."""
        old, buffer = (
            zipfile.ZipFile(io.BytesIO(make([ID, "a", "Open"], [OTHER, "b", "Open"]))),
            io.BytesIO(),
        )
        with zipfile.ZipFile(buffer, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                is_sheet = name == "xl/worksheets/sheet1.xml"
                new.writestr(name, change(data.decode()) if is_sheet else data)
        return buffer.getvalue()

    @pytest.mark.parametrize(
        ("place", "other"),
        [('<row r="3"', '<row r="2"'), ('<row r="3"', '<row r="-1"'), ('<row r="2"', '<row r="9"')],
    )
    def test_are_refused(self, place: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
        for piece in (1024, 40):
            monkeypatch.setattr(workbook, "_PIECE", piece)
            assert "sheet Findings: rows out of order. Save it again" in refusal(
                self.mixed(lambda text: text.replace(place, other))
            )

    def test_rows_need_no_number(self) -> None:
        found = parse(self.mixed(lambda text: text.replace('<row r="3"', "<row")))
        assert len(found.decisions) == 2

    def test_a_comment_full_of_rows_takes_a_moment(self) -> None:
        comment = f"<!--{'<row ' * 30_000}-->"
        started = process_time()
        found = parse(
            self.mixed(lambda text: text.replace("</worksheet>", f"{comment}</worksheet>"))
        )
        assert len(found.decisions) == 2
        assert process_time() - started < 10

    def test_a_long_text_is_no_tag(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbook, "_PIECE", 40)
        (found,) = parse(make([ID, "a", "Open", "x" * 9000])).decisions
        assert found.decided_by == "x" * 9000


class TestAnotherWorkbook:
    def test_without_the_sheet_is_refused(self) -> None:
        book = openpyxl.Workbook()
        for title in ("Sheet", "Summary"):
            book.worksheets[0].title = title
            assert "no sheet Findings: not a workbook of credreport analyze" in refusal(saved(book))

    def test_a_sheet_that_is_a_chart_has_no_findings(self) -> None:
        book = openpyxl.Workbook()
        book.create_chartsheet("Findings")
        assert "cannot be read as a workbook: damaged, or not one" in refusal(saved(book))

    @pytest.mark.parametrize("rows", [[], [["a", "b"]], [["x"]] * 30])
    def test_without_the_header_is_refused(self, rows: list[Row]) -> None:
        book = openpyxl.Workbook()
        book.worksheets[0].title = "Findings"
        for row in rows:
            book.worksheets[0].append(list(row))
        message = refusal(saved(book))
        assert ": no column Finding ID, Disposition, Decided by, Decision date" in message

    def test_a_column_twice_is_refused(self) -> None:
        data = make([ID, "ann"], headers=[*HEADERS, "Disposition"])
        assert "sheet Findings, row 1: two columns Disposition. Keep one" in refusal(data)

    def test_without_a_column_is_refused(self) -> None:
        data = make([ID, "ann"], headers=HEADERS[:-1])
        assert "sheet Findings, row 1: no column Ticket and notes. Restore" in refusal(data)

    def test_may_lack_findings_where_only_what_is_filled_in_counts(self) -> None:
        book = openpyxl.Workbook()
        sheet = book.worksheets[0]
        sheet.title = "Summary"
        for line in (["Sign-off", "x"], ["Date", "no"], ["Sign-off"], ["Control"], ["Date", DAY],
                     ["Reviewed by", None, "Carol"], ["Ticket", 5], ["Other", "x"]):  # fmt: skip
            sheet.append(line)
        found = parse_workbook("old.xlsx", saved(book), is_carried=False)
        assert found.signed == (("Date", "2026-03-01"), ("Reviewed by", "Carol"), ("Ticket", "5"))
        assert len(found.decisions) == 0
        assert "no sheet Summary" in _refused_as_any(make([ID, "ann"]))


def _refused_as_any(data: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        parse_workbook("old.xlsx", data, is_carried=False)
    return str(caught.value)


def edited(change: Callable[[str, bytes], bytes], good: bytes = b"") -> bytes:
    """Return a good workbook with its parts changed."""
    good = good or make([ID, "ann", "Open"])
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(good)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in source.namelist():
            archive.writestr(name, change(name, source.read(name)))
    return target.getvalue()


class TestHostile:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"PK\x05\x06" + bytes(18),
            b"name,disposition\n",
            make([ID, "ann", "Open"])[:-30],
            edited(lambda name, data: data[:-40] if name.endswith("sheet1.xml") else data),
            edited(lambda name, data: b"<x/>" if name == "[Content_Types].xml" else data),
        ],
        ids=["empty", "empty zip", "csv", "cut", "cut part", "no book"],
    )
    def test_what_is_damaged_is_refused(self, data: bytes) -> None:
        message = refusal(data)
        assert message.startswith("--carry-from old.xlsx: cannot be read as a workbook: damaged")
        assert message.endswith(
            "Save it again in Excel or LibreOffice as .xlsx, or name another workbook."
        )

    def test_a_password_is_named(self) -> None:
        message = refusal(b"\xd0\xcf\x11\xe0 encrypted")
        assert "protected with a password, or an old .xls. Save it without" in message

    def test_what_unpacks_to_far_more_than_a_run_writes_is_not_opened(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = make([ID, "ann", "Open"])
        monkeypatch.setattr(workbook, "load_workbook", None)
        monkeypatch.setattr(workbook, "_ROOM", 0)
        monkeypatch.setattr(workbook, "_GROWTH", 1)
        assert refusal(data) == (
            f"--carry-from old.xlsx: it unpacks to more than {len(data):,} bytes: no workbook of "
            f"credreport with {len(data):,} bytes does that. Save it again in Excel or "
            "LibreOffice as .xlsx, or name another workbook."
        )

    def test_a_workbook_of_any_size_unpacks_to_at_most_a_gibibyte(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workbook, "_MAX_UNPACKED", 3_000)
        assert "it unpacks to more than 3,000 bytes" in refusal(make([ID, "ann", "Open"]))

    def test_with_a_long_defined_name_is_not_opened(self) -> None:
        def titled(columns: int) -> bytes:
            book = openpyxl.load_workbook(io.BytesIO(make([ID, "ann", "Open"])))
            name = DefinedName("_xlnm.Foo", attr_text="$A:$A," * columns + "$A:$A")
            book.defined_names["_xlnm.Foo"] = name
            return saved(book)

        assert len(parse(titled(300)).decisions) == 1
        long = "it has a defined name or a form of numbers of more than 2,000 bytes"
        assert long in refusal(titled(400))

    def test_with_a_long_form_of_numbers_is_not_opened(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(make([ID, "ann", "Open"])))
        book["Findings"]["A1"].number_format = "[h" * 1_000
        assert "or a form of numbers of more than 2,000 bytes" in refusal(saved(book))

    @pytest.mark.parametrize(
        ("name", "old", "new", "reason"),
        [
            (
                "xl/workbook",
                "<definedNames />",
                "<definedNames><x-y:definedName>{:a<2000}",
                "2,000 bytes",
            ),
            (
                "xl/workbook",
                "<definedNames />",
                "<definedNames><definedName name='a'><!--</--></definedName></definedNames>",
                "it has a defined name with something else in it",
            ),
            ("styles", "<fonts", '<a formatCode="\'{:a<2000}"/><fonts', "2,000 bytes"),
            (
                "styles",
                "<fonts",
                "<a b='>{:a<300000}'/><fonts",
                "a tag or a text of more than 300,000",
            ),
            ("styles", "<fonts", "<!--{:<<299996}--><fonts", ""),
            ("styles", "<fonts", "<!--{:<<299997}--><fonts", "a comment of more than 300,000"),
            ("styles", "<fonts", "<!--a--><?a{:<<299998}?><fonts", "a comment of more than"),
            ("styles", "<fonts", "<fonts><?a", "a comment of more than"),
            ("styles", "<style", "<!DOCTYPE a [<!ENTITY b 'c'>]><style", "a document type"),
            (
                "styles",
                "<style",
                "<!DOCTYPE styleSheet [<!ATTLIST xf a CDATA 'b'>]><style",
                "a document type",
            ),
        ],
    )
    def test_what_takes_the_square_of_its_size_is_not_opened(
        self, name: str, old: str, new: str, reason: str
    ) -> None:
        more = new.format("") if "{" in new else new

        def change(part: str, data: bytes) -> bytes:
            return data.replace(old.encode(), more.encode(), 1) if name in part else data

        data = edited(change)
        assert reason in refusal(data) if reason else parse(data).decisions

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
    def test_in_utf_16_is_not_opened(self, encoding: str) -> None:
        def change(name: str, data: bytes) -> bytes:
            return data.decode().encode(encoding) if name.endswith("sheet1.xml") else data

        assert "its part 'xl/worksheets/sheet1.xml' is in UTF-16: no workbook" in refusal(
            edited(change)
        )

    def test_settings_of_a_printer_are_no_part_that_matters(self) -> None:
        kept = (
            b'<?xml?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/">'
        )
        buffer = io.BytesIO(make([ID, "ann", "Open"]))
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr("xl/printerSettings/printerSettings1.bin", kept)
            archive.writestr("xl/media/image1.png", b"\x89PNG<?<!--<!DOCTYPE")
        assert len(parse(buffer.getvalue()).decisions) == 1

    def test_many_parts_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(size_limits, "_MOST_PARTS", 3)
        assert " parts, more than 3: " in refusal(make([ID, "ann", "Open"]))

    def test_two_parts_of_one_name_are_refused(self) -> None:
        buffer = io.BytesIO(make([ID, "ann", "Open"]))
        with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("xl/workbook.xml", "<x/>")
        assert "two of its parts have the same name" in refusal(buffer.getvalue())

    def test_a_damaged_part_is_named(self) -> None:
        damaged = bytearray(make([ID, "ann", "Open"]))
        crc = damaged.rindex(b"xl/worksheets/sheet1.xml") - 46 + 16
        damaged[crc] ^= 1
        assert "its part 'xl/worksheets/sheet1.xml' is damaged" in refusal(bytes(damaged))

    def test_rows_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbook, "_MAX_ROWS", 2)
        assert "sheet Findings: more than 2 rows" in refusal(make([ID, "ann"], [OTHER, "ann"]))

    def test_a_row_far_below_is_refused_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def far(_: str, data: bytes) -> bytes:
            return data.replace(b'<row r="2"', b'<row r="999999999"')

        monkeypatch.setattr(workbook, "_MAX_ROWS", 1000)
        assert "sheet Findings: more than 1000 rows" in refusal(edited(far))

    def test_one_text_counts_in_each_cell(self, monkeypatch: pytest.MonkeyPatch) -> None:
        letters = len("".join(HEADERS)) + 2 * len(ID + "ann" + "Open") + 2_000
        data = make(*([[ID, "ann", "Open", None, None, "x" * 1_000]] * 2), Copy=[HEADERS, [OTHER]])
        monkeypatch.setattr(workbook, "_GROWTH", 0)
        # The first rows of a sheet are looked at twice.
        monkeypatch.setattr(workbook, "_ROOM", 2 * letters - 1)
        monkeypatch.setattr(workbook, "reason_not_to_open", lambda *_: "")
        assert refusal(data) == (
            "--carry-from old.xlsx: sheet Findings, row 3: the sheets have more letters as far as here than "
            "those of a run in such a file. Save it again in Excel or LibreOffice as .xlsx, or name another "
            "workbook."
        )
        monkeypatch.setattr(workbook, "_ROOM", letters - 1)
        assert refusal(data).count("sheet ") == 1
        more = 2 * len("".join(HEADERS) + OTHER)
        monkeypatch.setattr(workbook, "_ROOM", 2 * letters + more)
        assert len(parse(data).decisions) == 1

    def test_rows_of_all_sheets_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def far(name: str, data: bytes) -> bytes:
            return data.replace(b'<row r="2"', b'<row r="900"') if "sheet" in name else data

        lines = [HEADERS, [OTHER, "ann"]]
        data = edited(far, make([ID, "ann", "Open"], One=lines, Two=lines))
        monkeypatch.setattr(workbook, "_MAX_ROWS_OF_ALL", 3 * 900 + 3 * 20)
        assert len(parse(data).decisions) == 1
        monkeypatch.setattr(workbook, "_MAX_ROWS_OF_ALL", 3 * 900 + 3 * 20 - 1)
        assert "sheet 'Two', row 900: the sheets have more rows as far as here" in refusal(data)


class TestTheFile:
    def test_is_named_with_its_hash(self, tmp_path: Path) -> None:
        path = tmp_path / "old.xlsx"
        path.write_bytes(make([ID, "ann", "Open"]))
        found = read_decisions(path)
        assert found.file
        assert (found.file.name, found.file.size) == ("old.xlsx", path.stat().st_size)

    def test_that_is_not_there_or_too_large_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "old.xlsx"
        with pytest.raises(UsageError, match=r"--carry-from .*old.xlsx: cannot be read \(No such"):
            read_decisions(path)
        path.write_bytes(bytes(11))
        monkeypatch.setattr(workbook, "MAX_BYTES", 10)
        with pytest.raises(UsageError, match="cannot be read .larger than"):
            read_decisions(path)
