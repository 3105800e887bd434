"""The shape of a report is checked before anything is judged; all problems are told at once."""

from __future__ import annotations

import base64
import csv
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from credreport.errors import InputRefused
from credreport.reports.inputs import Stream
from credreport.reports.report import Report
from credreport.reports.sections import _quote_words, is_like_header
from credreport.reports.users import account_of, is_root
from credreport.schema import NEEDED_COLUMNS
from tests.support.reports import ACCOUNT, COLUMNS, lines_of, read_report, root, to_csv, user

OTHER = "444455556666"
THIRD = "777788889999"
COLUMNS_OF_2014 = tuple(name for name in COLUMNS if "_last_used_" not in name)
KEY_1_USED, KEY_2_USED = "access_key_1_last_used_date", "access_key_2_last_used_date"


def read(text: str, name: str = "report.csv") -> list[Report]:
    return read_report(Stream(name, text.encode()))


def refusal(text: str) -> list[str]:
    with pytest.raises(InputRefused) as refused:
        read(text)
    return [str(problem) for problem in refused.value.problems]


def users(report: Report) -> list[str]:
    return [row[report.columns.index("user")] for row in report.rows]


def test_cells_and_lines_stay_as_they_are() -> None:
    (report,) = read(to_csv(root(), user("NA", mfa_active=" true")))
    assert report.account_id == "111122223333"
    assert users(report) == ["<root_account>", "NA"]
    assert report.rows[1][COLUMNS.index("mfa_active")] == " true"
    assert lines_of(report) == (2, 3)
    assert report.source.size == len(to_csv(root(), user("NA", mfa_active=" true")))
    assert report.source.container == "CSV"
    assert report.notices == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(end: str) -> None:
    (report,) = read(to_csv(root(), user()).replace("\n", end) + end)
    assert users(report) == ["<root_account>", "alice"]


def test_columns_are_bound_by_name_and_others_are_kept_out_of_the_way() -> None:
    columns = ("", "profile", *reversed(COLUMNS))
    (report,) = read(to_csv(root(), user(), columns=columns))
    assert users(report) == ["<root_account>", "alice"]


def test_blank_lines_are_skipped_and_said() -> None:
    (report,) = read(to_csv(root(), user()).replace("\n", "\n\n") + "\n  \n")
    assert users(report) == ["<root_account>", "alice"]
    assert lines_of(report) == (3, 5)
    assert [str(notice) for notice in report.notices] == [
        "report.csv, line 2: 3 blank lines skipped, the first at line 2"
    ]


def test_the_type_line_of_powershell_is_skipped_and_said() -> None:
    (report,) = read("#TYPE System.Object\r\n" + to_csv(root(), user()))
    assert lines_of(report) == (3, 4)
    assert [str(notice) for notice in report.notices] == [
        "report.csv, line 1: the `#TYPE` line of PowerShell was skipped"
    ]


class TestRefusals:
    def test_a_trailing_comma_on_one_row(self) -> None:
        lines = to_csv(root(), user(), user("bob")).split("\n")
        lines[2] += ","
        assert refusal("\n".join(lines)) == [
            "report.csv, line 3, column 23: 23 fields where the header has 22; one comma too many, "
            "or two rows on one line. "
            "The file is damaged or cut short: download it again."
        ]

    def test_a_short_row_names_the_first_column_it_lacks(self) -> None:
        text = to_csv(root(), user())
        cut = text[: text.rindex("N/A,false")]
        assert "line 3, column 21: 20 fields where the header has 22" in refusal(cut + "x")[0]
        assert "nothing from `cert_2_active` on" in refusal(cut + "x")[0]

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ("unexpected end of data", "a quote opened here is never closed"),
            ("',' expected after '\"'", "characters after a closing quote"),
            ("something new", "not readable as CSV from here on (something new)"),
        ],
    )
    def test_what_the_csv_reader_stumbled_over(self, words: str, told: str) -> None:
        assert _quote_words(csv.Error(words)) == told

    @pytest.mark.parametrize(("row", "fields"), [("b", "1 field"), ("b,c", "2 fields")])
    def test_the_number_of_fields_is_told(self, row: str, fields: str) -> None:
        (line,) = refusal(to_csv(root()) + "\n" + row)
        assert f"{fields} where the header has 22; nothing from" in line

    def test_a_short_row_may_lack_a_column_without_a_name(self) -> None:
        text = to_csv(root(), columns=(*COLUMNS, "")) + "\n" + to_csv(user()).split("\n")[1]
        assert (
            "22 fields where the header has 23; nothing from the column without a name on"
            in (refusal(text)[0])
        )

    def test_a_row_of_nothing_but_one_comma_is_no_blank_line(self) -> None:
        (line,) = refusal(to_csv(root()) + "\n,")
        assert "line 3, column 3: 2 fields where the header has 22" in line

    def test_every_bad_row_is_named(self) -> None:
        lines = to_csv(root(), user("a"), user("b"), user("c")).split("\n")
        lines[1] += ",x"
        lines[3] = "b"
        assert [line.split(":")[0] for line in refusal("\n".join(lines))] == [
            "report.csv, line 2, column 23", "report.csv, line 4, column 2",
        ]  # fmt: skip

    def test_a_blank_user(self) -> None:
        assert refusal(to_csv(root(), user(" "))) == [
            "report.csv, line 3, column 1: the user is blank. "
            "Restore the name, or download the report again."
        ]

    def test_an_open_quote_that_closes_later(self) -> None:
        text = to_csv(root(), user("a"), user("b"), user("c"))
        broken = text.replace("\na,", '\n"a,').replace("\nc,", '\nc",')
        assert refusal(broken)[0].startswith(
            "report.csv, line 3: a quote opened here closes only in line 5"
        )

    def test_an_open_quote_that_never_closes(self) -> None:
        text = to_csv(root(), user("a"), user("b"))
        assert (
            "line 3: a quote opened here is never closed"
            in refusal(text.replace("\na,", '\n"a,'))[0]
        )

    @pytest.mark.parametrize("column", NEEDED_COLUMNS)
    def test_a_needed_column_is_missing(self, column: str) -> None:
        columns = tuple(name for name in COLUMNS if name != column)
        assert f"without the column `{column}`" in refusal(to_csv(root(), columns=columns))[0]

    def test_a_column_named_twice(self) -> None:
        text = to_csv(root(), columns=(*COLUMNS, "mfa_active"))
        assert refusal(text)[0].startswith(
            "report.csv, line 1, column 23: column `mfa_active` is named twice"
        )
        text = to_csv(root(), columns=(*COLUMNS, "mfa_active", "x", "y"))
        assert "line 1, column 23: column `mfa_active` is named twice" in refusal(text)[0]

    def test_two_columns_without_a_name_are_not_one_named_twice(self) -> None:
        (report,) = read(to_csv(root(), columns=("", *COLUMNS, "")))
        assert users(report) == ["<root_account>"]

    def test_names_match_exactly(self) -> None:
        text = to_csv(root())
        header, rest = text.split("\n", 1)
        assert refusal(header.upper() + "\n" + rest) == [
            "report.csv, line 1, column 1: the column names are not spelt as AWS spells them "
            "(capitals or blanks). Restore AWS's header line."
        ]

    def test_no_header(self) -> None:
        (line,) = refusal(to_csv(root(), user()).split("\n", 1)[1])
        assert line.startswith("report.csv, line 1, column 1: no header line: the file starts with")

    def test_no_rows(self) -> None:
        assert "a header and no rows" in refusal(to_csv())[0]
        assert "a header and no rows" in refusal(to_csv() + "\n\n")[0]

    def test_another_csv(self) -> None:
        assert refusal("id,name\n1,x")[0].startswith(
            "report.csv, line 1, column 1: not a credential report: it starts with 'id,name'"
        )

    def test_nothing_but_a_type_line(self) -> None:
        assert refusal("#TYPE x\n") == [
            "report.csv: no header and no rows: not a credential report. "
            "The file is damaged or cut short: download it again."
        ]

    def test_a_second_root(self) -> None:
        text = to_csv(root(), user("a"), root(), user("b"))
        assert refusal(text)[0].startswith(
            "report.csv, line 4: a second root row of account 111122223333; the first is line 2"
        )

    def test_a_second_report_of_the_account(self) -> None:
        text = to_csv(root(), user("a"))
        for joined in (text + "\n" + text, text + text):
            assert (
                "a second report of account 111122223333; the first begins at line 2"
                in refusal(joined)[0]
            )

    def test_two_reports_without_arn(self) -> None:
        columns = tuple(name for name in COLUMNS if name != "arn")
        text = to_csv(root(), user("a"), columns=columns)
        assert "a second report of an account without an ARN" in refusal(text + "\n" + text)[0]

    def test_a_bad_header_further_down(self) -> None:
        bad = to_csv(root(OTHER), columns=tuple(c for c in COLUMNS if c != "access_key_2_active"))
        assert "line 3: without the column" in refusal(to_csv(root()) + "\n" + bad)[0]

    def test_the_three_columns_that_mark_a_header_are_one(self) -> None:
        marks = "user,password_enabled,access_key_1_active"
        assert refusal(to_csv(root()) + "\n" + marks)[0].startswith(
            "report.csv, line 3: without the column `access_key_2_active`"
        )

    @pytest.mark.parametrize(
        ("header", "found"),
        [
            ("user,password_enabled,mfa_active", "line 1: without the columns `access_key_1_ac"),
            ("user,password_enabled,x", "line 1, column 1: not a credential report: it starts"),
        ],
    )
    def test_three_names_are_a_header_that_lacks_some(self, header: str, found: str) -> None:
        (line,) = refusal(f"{header}\n1,2,3")
        assert f"report.csv, {found}" in line


class TestCutWithinACell:
    """AWS writes no line end after the last row: where the last cell is none, the file is cut."""

    @pytest.mark.parametrize("last", ["N", "N/", "2", "2025-1", "2025-11-02T12:0", "2025-11-02T12:00:00", "2025-11-02T12:00:00+00:"])  # fmt: skip
    def test_a_part_of_what_aws_writes_at_the_end_of_the_file(self, last: str) -> None:
        found = refusal(to_csv(root(), user(cert_2_last_rotated=last)))
        place = f"report.csv, line 3, column 22: the file ends within a cell: '{last}'."
        assert found == [f"{place} The file is damaged or cut short: download it again."]

    def test_it_may_be_any_cell_of_the_last_row(self) -> None:
        whole = to_csv(root(), user(password_last_used="2025-11-02T12:00:00Z"))
        (found,) = refusal(whole[: whole.rindex("02T12")])
        assert found.startswith(
            "report.csv, line 3, column 5: the file ends within a cell: '2025-1"
        )

    @pytest.mark.parametrize("last", ["N/A", "", "2025-11-02T12:00:00Z", "2025-11-02T12:00:00+00:00", "2025-11-02", "NA", "never", "not_supported"])  # fmt: skip
    def test_whole_words_and_those_of_others_are_read(self, last: str) -> None:
        assert len(read(to_csv(root(), user(cert_2_last_rotated=last)))) == 1

    def test_a_line_end_makes_it_whole(self) -> None:
        assert len(read(to_csv(root(), user(cert_2_last_rotated="N/")) + "\n")) == 1

    def test_other_columns_may_end_with_anything(self) -> None:
        columns = (*(name for name in COLUMNS if name != "user"), "user")
        assert len(read(to_csv(root(), user("N"), columns=columns))) == 1

    def test_dates_may_all_be_spelt_so(self) -> None:
        text = to_csv(root(), user(cert_2_last_rotated="2025-11-02T12:00:00Z"))
        assert len(read(text.replace("00Z", "00"))) == 1

    def test_a_report_glued_to_a_cut_one(self) -> None:
        text = to_csv(root(), user(cert_2_last_rotated="N/")) + to_csv(root(OTHER))
        cut = "line 3, column 22: a row ends within its last cell: 'N/'; the next report follows."
        assert refusal(text) == [
            f"report.csv, {cut} The file is damaged or cut short: download it again."
        ]


class TestARowWithinACell:
    """A row that lost its line end and its commas would vanish in a cell of its neighbour."""

    @pytest.mark.parametrize("sign", [";", "\t", " ", "\x1f"])
    @pytest.mark.parametrize("place", ["behind", "in front"])
    def test_a_row_within_a_cell_is_refused(self, sign: str, place: str) -> None:
        first, row, last = to_csv(user("alice"), user("bob"), user("carol")).splitlines()[1:]
        lost = row.replace(",", sign)
        lines = [f"{first}{lost}", last] if place == "behind" else [first, f"{lost}{last}"]
        header, of_root = to_csv(root()).splitlines()
        (found,) = refusal("\n".join([header, of_root, *lines]))
        line, column = (3, 22) if place == "behind" else (4, 1)
        assert found.startswith(
            f"report.csv, line {line}, column {column}: another row within a cell: "
        )

    @pytest.mark.parametrize("flag", ["true", "FALSE"])
    def test_sixty_letters_may_be_a_row(self, flag: str) -> None:
        cell = f"arn:{'x' * (56 - len(flag))}{flag}"
        rows = to_csv(root(), user(access_key_1_last_used_region=cell))
        shorter = to_csv(root(), user(access_key_1_last_used_region=cell.replace("x", "", 1)))
        assert refusal(rows) == [
            f"report.csv, line 3, column 12: another row within a cell: {cell[:40]!r}. "
            "Download the report again."
        ]
        assert len(read(shorter)) == 1

    def test_its_flags_tell_a_row_that_has_lost_the_beginning_of_its_arn(self) -> None:
        row = to_csv(user("bob")).splitlines()[1].replace("arn:", "")
        (found,) = refusal(to_csv(root(), user("alice", mfa_active=f"false;{row}")))
        assert found.startswith("report.csv, line 3, column 8: another row within a cell: ")

    @pytest.mark.parametrize(("word", "flags"), [("true", 3), ("False", 3), ("true", 2)])
    def test_three_flags_tell_a_row(self, word: str, flags: int) -> None:
        cell = f"{word} " * flags + "x" * 60
        rows = to_csv(root(), user(access_key_1_last_used_region=cell))
        assert len(refusal(rows) if flags == 3 else read(rows)) == 1

    @pytest.mark.parametrize(("before", "is_read"), [("", True), ("x", False)])
    def test_another_arn_in_that_of_a_user_tells_a_row_wherever_it_begins(
        self, before: str, is_read: bool
    ) -> None:
        rows = to_csv(root(), user(arn=f"{before}arn:{'x' * 130}true"))
        assert len(read(rows) if is_read else refusal(rows)) == 1

    def test_a_row_from_its_arn_to_the_next_ones_is_refused(self) -> None:
        first, second, last = to_csv(user("alice"), user("bob"), user("carol")).splitlines()[1:]
        name, _, rest = second.partition(",")
        lost = f"{name},{rest.replace(',', ';')};{last.replace(',', ';', 1)}"
        header, of_root = to_csv(root()).splitlines()
        (found,) = refusal(f"{header}\n{of_root}\n{first}\n{lost}")
        assert found.startswith("report.csv, line 4, column 2: another row within a cell: ")

    def test_the_longest_arn_is_none(self) -> None:
        arn = f"arn:aws:iam::111122223333:user/{'true/' * 2}{'x' * 500}/alice"
        assert len(read(to_csv(root(), user("alice", arn=arn)))) == 1

    def test_a_long_cell_is_searched_once(self) -> None:
        rows = to_csv(root(), user(access_key_1_last_used_region="arn:" * 30_000))
        started = time.process_time()
        assert len(read(rows)) == 1
        assert time.process_time() - started < 10

    def test_a_long_cell_is_not_one(self) -> None:
        assert (
            len(read(to_csv(root(), user(password_last_used="see arn:aws:iam::x" + "x" * 60)))) == 1
        )


class TestBehindTheLastRow:
    """What is appended without a comma would vanish in the last cell, whatever it is."""

    WHOLE = to_csv(root(), user())

    @pytest.mark.parametrize(
        "more",
        [
            base64.b64encode(to_csv(root(OTHER)).encode()).decode(),
            f"{base64.b64encode(to_csv(root(OTHER)).encode()).decode()}\t2026-01-31\ttext/csv\n",
            to_csv(root(OTHER)).encode("utf-16-be").decode("utf-16-le"),
            "An error occurred (Throttling)\r\n",
            "x",
        ],
    )
    def test_something_else_is_refused(self, more: str) -> None:
        (found,) = refusal(self.WHOLE + more)
        start = f"N/A{more.rstrip()}"[:40]
        assert found == (
            "report.csv, line 3, column 22: something else follows the last row: "
            f"{start!r}. Take it out, or download the report again."
        )

    def test_before_another_report_too(self) -> None:
        (found,) = refusal(f"{self.WHOLE}dXNl\n{to_csv(root(OTHER))}")
        assert found.startswith("report.csv, line 3, column 22: something else follows")

    @pytest.mark.parametrize(
        ("column", "cell", "is_read"),
        [
            ("mfa_active", "TRUE", True),
            ("mfa_active", "FALSE.", False),
            ("cert_2_last_rotated", "2025-11-02T12:00:00Z", True),
            ("cert_2_last_rotated", "2025-11-02T12:00:00+00:00", True),
            ("cert_2_last_rotated", "2025-11-02T12:00:00+00:00d", False),
            ("cert_2_last_rotated", "N/A ", True),
            ("cert_2_last_rotated", "N/A .", False),
            ("cert_2_last_rotated", "x" * 99, True),
            ("cert_2_last_rotated", "x" * 100, False),
            ("user", "N/Ax" + "x" * 100, True),
            ("remark", "true or false", True),
            ("remark", "dXNlcixhcm4s", False),
        ],
    )
    def test_a_cell_that_is_whole_does_not_go_on(
        self, column: str, cell: str, *, is_read: bool
    ) -> None:
        columns = (*(name for name in COLUMNS if name != column), column)
        text = to_csv(root(), user() | {column: cell}, columns=columns)
        if is_read:
            assert len(read(text)) == 1
        else:
            assert len(refusal(text)) == 1


class TestSeveralAccounts:
    @pytest.mark.parametrize("joint", ["\n", "", "\n\n", "\ufeff"])
    def test_appended_reports_are_taken_apart(self, joint: str) -> None:
        text = to_csv(root(), user("a")) + joint + to_csv(root(OTHER), user("b", OTHER))
        first, second = read(text)
        assert (first.account_id, users(first)) == ("111122223333", ["<root_account>", "a"])
        assert (second.account_id, users(second)) == (OTHER, ["<root_account>", "b"])
        assert first.rows[-1][-1] == "N/A"

    def test_of_many_glued_rows_the_first_are_shown(self) -> None:
        lines = [to_csv(root(OTHER)), to_csv(root()).split("\n")[1]]
        for number in range(0, 400, 8):
            glued = [
                to_csv(user("b", f"{each:012d}")).split("\n")[1]
                for each in range(number, number + 8)
            ]
            lines.append("".join(glued))
        reports = read("\n".join(lines))
        assert len(reports) == 402
        found = [each for each in reports[-1].notices if each.code == "glued"]
        assert [each.line for each in found] == [4] * 7 + [5] * 7 + [6] * 7
        assert found[20].message == (
            "a row and the next report share this line; split apart; the same in 329 more lines"
        )

    def test_rows_glued_without_a_header_are_taken_apart(self) -> None:
        first = to_csv(root(), user("a"))
        second = to_csv(root(OTHER), user("b", OTHER)).split("\n", 1)[1]
        third = to_csv(user("c", THIRD, cert_2_last_rotated="2020-01-01T00:00:00Z")).split("\n", 1)[
            1
        ]
        reports = read(first + second + third + third.replace(THIRD, "101010101010"))
        assert [(report.account_id, users(report)) for report in reports] == [
            ("111122223333", ["<root_account>", "a"]),
            (OTHER, ["<root_account>", "b"]),
            (THIRD, ["c"]),
            ("101010101010", ["c"]),
        ]
        for report in reports[1:]:
            assert report.notices == reports[0].notices
        codes = [notice.code for notice in reports[0].notices]
        assert codes == ["several-accounts", "glued", "glued", "glued"]

    @pytest.mark.parametrize(
        "tail",
        [
            to_csv(user("c")).split("\n", 1)[1],
            to_csv(user("c", OTHER)).split("\n", 1)[1].replace("c,", "d,", 1),
            "x" + to_csv(user("c", OTHER)).split("\n", 1)[1],
        ],
    )
    def test_two_rows_on_a_line_are_refused_unless_another_account_begins(self, tail: str) -> None:
        assert "43 fields where the header has 22" in refusal(to_csv(root(), user("a")) + tail)[0]

    @pytest.mark.parametrize(("rows", "is_read"), [(501, True), (502, False)])
    def test_five_hundred_rows_may_be_glued_to_one(self, rows: int, is_read: bool) -> None:
        accounts = [f"{number:012d}" for number in range(rows)]
        header, line = to_csv(user("a", "ACCOUNT")).split("\n")
        text = header + "\n" + "".join(line.replace("ACCOUNT", each) for each in accounts)
        if is_read:
            assert [report.account_id for report in read(text)] == accounts
        else:
            assert "43 fields where the header has 22" in refusal(text)[0]

    def test_a_row_without_its_user_is_not_given_one(self) -> None:
        glued = to_csv(root(), user("a")) + "," + to_csv(user("c", OTHER)).split("\nc,")[1]
        assert "43 fields where the header has 22" in refusal(glued)[0]

    def test_a_row_and_then_a_report_may_be_glued_to_one_row(self) -> None:
        row = to_csv(user("b", OTHER)).split("\n")[1]
        reports = read(to_csv(root(), user("a")) + row + to_csv(root(THIRD), user("c", THIRD)))
        assert [(report.account_id, users(report)) for report in reports] == [
            (ACCOUNT, ["<root_account>", "a"]),
            (OTHER, ["b"]),
            (THIRD, ["<root_account>", "c"]),
        ]

    def test_where_a_name_that_marks_a_header_comes_first_nothing_is_taken_apart(self) -> None:
        columns = ("password_enabled", *(name for name in COLUMNS if name != "password_enabled"))
        first = to_csv(root(), user(cert_2_last_rotated=""), columns=columns)
        (line,) = refusal(first + "password_enabled,x,access_key_1_active")
        assert "line 3, column 23: 24 fields where the header has 22" in line

    def test_a_user_may_be_called_as_a_header_begins(self) -> None:
        row = to_csv(user("user", OTHER)).split("\n")[1]
        reports = read(to_csv(root(), user("a")) + row)
        assert [users(report) for report in reports] == [["<root_account>", "a"], ["user"]]

    @pytest.mark.parametrize(
        "rows",
        [
            (user("b", OTHER),),
            (user("b", OTHER), user("a")),
            (root(), user("b", OTHER), user("a")),
            (user("b", OTHER), root(), user("a")),
        ],
    )
    def test_a_row_of_an_account_that_was_read_begins_no_other_report(
        self, rows: tuple[dict[str, str], ...]
    ) -> None:
        (line,) = refusal(to_csv(*rows) + to_csv(user("c", OTHER)).split("\n")[1])
        assert f"line {len(rows) + 1}, column 23: 43 fields where the header has 22" in line

    def test_a_last_cell_that_ends_like_a_header_begins_stays_whole(self) -> None:
        columns = (*COLUMNS, "team")
        text = to_csv(root(), user(team="power user"), user("b", team="user"), columns=columns)
        (report,) = read(text)
        assert [row[-1] for row in report.rows] == ["", "power user", "user"]

    def test_interleaved_accounts_are_judged_apart(self) -> None:
        text = to_csv(root(), root(OTHER), user("a"), user("b", OTHER))
        first, second = read(text)
        assert (lines_of(first), lines_of(second)) == ((2, 4), (3, 5))

    def test_rows_without_an_arn_go_with_the_only_account(self) -> None:
        (report,) = read(to_csv(root(), user("a", arn="N/A")))
        assert (report.account_id, users(report)) == ("111122223333", ["<root_account>", "a"])

    def test_rows_without_an_arn_stay_apart_among_several_accounts(self) -> None:
        text = to_csv(root(), root(OTHER), user("a", arn="N/A"))
        assert [report.account_id for report in read(text)] == ["111122223333", OTHER, ""]


class TestUnquotedCommas:
    def of(self, name: str, arn: str) -> str:
        return to_csv(root(), user("a")).replace(
            "a,arn:aws:iam::111122223333:user/a", f"{name},arn:aws:iam::111122223333:user/{arn}"
        )

    @pytest.mark.parametrize(
        ("name", "arn"),
        [("a,b", "a,b"), ("dept=ops,cn=x", "dept=ops,cn=x"), ("x", "p,q/x"), ("a,b", "p,q/a,b")],
    )
    def test_one_way_to_put_them_back_is_taken_and_said(self, name: str, arn: str) -> None:
        (report,) = read(self.of(name, arn))
        assert users(report)[1] == name
        assert report.rows[1][1].endswith(arn)
        assert [notice.code for notice in report.notices] == ["rejoined"]

    @pytest.mark.parametrize(("commas", "is_read"), [(640, True), (641, False)])
    def test_no_name_and_path_hold_more_than_640(self, commas: int, is_read: bool) -> None:
        text = self.of("x", "," * commas + "/x")
        if is_read:
            assert users(read(text)[0])[1] == "x"
        else:
            assert "663 fields where the header has 22" in refusal(text)[0]

    def test_two_rows_of_one_name_on_a_line_are_no_name_with_commas(self) -> None:
        stale = user("zoe", password_enabled="true", password_last_used="2021-01-01T00:00:00Z")
        fresh = user("zoe", password_enabled="true", password_last_used="2026-01-30T00:00:00Z")
        text = to_csv(root(), stale) + to_csv(fresh).split("\n")[1]
        assert "43 fields where the header has 22" in refusal(text)[0]

    @pytest.mark.parametrize("created", ["2020-01-01T00:00:00Z", "?"])
    def test_the_cells_behind_the_arn_are_no_part_of_it(self, created: str) -> None:
        row = user("A", user_creation_time=created, password_enabled="true")
        assert "25 fields where the header has 22" in refusal(to_csv(root(), row) + ",,,")[0]

    @pytest.mark.parametrize("part", ["2020-01-01T00:00:00Z", "no_information"])
    def test_a_date_or_a_word_for_none_is_no_part_of_a_path(self, part: str) -> None:
        assert "24 fields" in refusal(self.of("x", f"p,{part},q/x"))[0]

    def test_no_way_is_refused(self) -> None:
        assert "23 fields" in refusal(self.of("a,b", "b"))[0]

    def test_where_the_arn_does_not_follow_the_user_it_is_refused(self) -> None:
        columns = ("arn", "user", *COLUMNS[2:])
        text = to_csv(user("a"), columns=columns).replace(",a,", ",a,b,")
        assert "23 fields" in refusal(text)[0]

    def test_a_quoted_name_needs_no_repair(self) -> None:
        (report,) = read(to_csv(root(), user("a,b")))
        assert users(report)[1] == "a,b"
        assert report.notices == ()


class TestStamp:
    def test_from_the_files_name(self) -> None:
        (report,) = read(to_csv(root()), "x/status_reports_2026-01-31T12-00-00+00-00.csv")
        assert (report.stamp, report.stamp_origin) == (
            datetime(2026, 1, 31, 12, tzinfo=UTC), "file name",
        )  # fmt: skip

    def test_a_directory_is_no_file_name(self) -> None:
        (report,) = read(to_csv(root()), "2026-01-31/report.csv")
        assert report.stamp is None

    def test_several_times_in_the_name_are_none(self) -> None:
        (report,) = read(to_csv(root()), "2026-01-31_2026-02-28.csv")
        assert report.stamp is None
        assert [notice.code for notice in report.notices] == ["several-stamps"]

    def test_generated_time_comes_first(self) -> None:
        import base64
        import json

        content = base64.b64encode(to_csv(root()).encode()).decode()

        def of(time: str) -> Report:
            text = json.dumps({"Content": content, "GeneratedTime": time})
            return read(text, "2026-01-31.json")[0]

        assert of("2025-05-05 05:05:05+00:00").stamp == datetime(2025, 5, 5, 5, 5, 5, tzinfo=UTC)
        assert of("2025-05-05 05:05:05+00:00").stamp_origin == "GeneratedTime"
        assert of("yesterday").stamp_origin == "file name"
        assert [notice.code for notice in of("yesterday").notices] == ["generated-time"]


@pytest.mark.parametrize(
    ("columns", "date", "era"),
    [
        (COLUMNS, "2020-01-01T00:00:00Z", "since mid 2024, 22 columns"),
        (COLUMNS, "2020-01-01T00:00:00+00:00", "2015 to 2024, 22 columns"),
        ((*COLUMNS, "additional_credentials_info"), "", "documented, 23 columns"),
        (COLUMNS_OF_2014, "", "to April 2015, 16 columns"),
        (COLUMNS[:18], "", "cut down, 18 of 22 columns"),
        (COLUMNS[:16], "", "cut down, 16 of 22 columns"),
        (("", *COLUMNS_OF_2014), "", "to April 2015, 16 columns"),
        ((*COLUMNS_OF_2014[:15], KEY_1_USED), "", "cut down, 16 of 22 columns"),
        ((*COLUMNS_OF_2014[:15], KEY_2_USED), "", "cut down, 16 of 22 columns"),
    ],
)
def test_the_era_is_told_by_columns_and_dates(
    columns: tuple[str, ...], date: str, era: str
) -> None:
    (report,) = read(to_csv(user(user_creation_time=date), columns=columns))
    assert report.era == era


def test_the_newest_timestamp_leaves_the_next_rotation_out() -> None:
    row = user(
        password_next_rotation="2030-01-01T00:00:00Z",
        access_key_2_last_used_date="2026-01-01T00:00:00+01:00",
    )
    (report,) = read(to_csv(root(), row))
    assert report.newest == datetime(2025, 12, 31, 23, tzinfo=UTC)
    (without,) = read(to_csv(user(user_creation_time="?")))
    assert without.newest is None


def test_an_arn_without_the_account_of_the_others_is_another_one() -> None:
    lost = user("bob", arn="arn:aws:i111122223333:user/bob")
    for last, is_other in ((lost, True), (user("bob"), False)):
        (report,) = read(to_csv(root(), user("alice"), last))
        assert report.table is not None
        assert report.table.order.has_other_arn.tolist() == [False, False, is_other]


def test_the_digest_is_of_the_cells_not_of_the_container() -> None:
    text = to_csv(root(), user())
    assert read(text)[0].digest == read(text.replace("\n", "\r\n") + "\r\n")[0].digest
    assert read(text)[0].digest != read(to_csv(root(), user("bob")))[0].digest


@pytest.mark.parametrize(
    ("arn", "account"),
    [
        ("arn:aws:iam::111122223333:root", "111122223333"),
        ("arn:aws-cn:iam::111122223333:user/a/b", "111122223333"),
        ("arn:aws-us-gov:iam::111122223333:user/a", "111122223333"),
        ("arn:aws:iam::test:user/a", "test"),
        ("arn:aws:s3:::bucket", ""),
        ("N/A", ""),
        ("", ""),
    ],
)
def test_the_account_is_the_fifth_field_of_the_arn(arn: str, account: str) -> None:
    assert account_of(arn) == account


def test_root_is_told_by_its_name_or_the_end_of_its_arn() -> None:
    assert is_root("<root_account>", "")
    assert is_root("root", "arn:aws:iam::1:root")
    assert is_root("x", "arn:aws:iam::1:<root_account>")
    assert not is_root("root", "arn:aws:iam::1:user/root")


@pytest.mark.parametrize("columns", [COLUMNS, (*COLUMNS[1:], "user")])
def test_where_the_user_stands_does_not_change_what_a_blank_means(columns: tuple[str, ...]) -> None:
    row = user(password_enabled="true", password_last_used="")
    (report,) = read(to_csv(root(), row, columns=columns))
    assert not report.blanks_are_absences


def test_a_mark_in_front_of_a_name_is_a_part_of_it() -> None:
    (report,) = read(to_csv(root(), user("\ufeffalice")))
    assert users(report) == ["<root_account>", "\ufeffalice"]


@pytest.mark.parametrize(
    "columns", [COLUMNS, ("user", "password_enabled", "arn", *COLUMNS[2:3], *COLUMNS[4:])]
)
def test_joined_files_with_marks_are_taken_apart(columns: tuple[str, ...]) -> None:
    first = to_csv(root(), user("a"), columns=columns)
    second = to_csv(root(OTHER), user("b", OTHER), columns=columns)
    text = f"{first}\n\ufeff{second}"
    assert [users(report) for report in read(text)] == [
        ["<root_account>", "a"],
        ["<root_account>", "b"],
    ]


@pytest.mark.parametrize(
    "spelling", [str.upper, str.title, lambda header: header.replace(",", ", ")]
)
def test_a_second_header_in_another_spelling_is_no_user(spelling: Callable[[str], str]) -> None:
    header, rest = to_csv(root(OTHER)).split("\n")
    text = to_csv(root(), user("a")) + "\n" + spelling(header) + "\n" + rest
    assert "line 4, column 1: a second header line that is not spelt" in refusal(text)[0]


def test_what_is_said_of_a_file_stands_with_each_of_its_reports() -> None:
    first, second = read(to_csv(root()) + "\n\n" + to_csv(root(OTHER)))
    assert first.notices == second.notices
    assert {notice.code for notice in first.notices} == {"several-accounts", "blank-lines"}


class TestWordsAndBounds:
    """What is said to the letter, and both sides of each bound."""

    @pytest.mark.parametrize(
        ("header", "near"),
        [
            ("User,Arn,MFA_active,x", True),
            (" user,arn ,MFA_active", True),
            ("User,Arn,x,y", False),
        ],
    )
    def test_three_names_in_another_spelling_are_a_header(self, header: str, near: bool) -> None:
        # The whole name of a column that is needed stands in a row, so that this is no other text.
        (line,) = refusal(f"{header},password_enabledx\na,b,c,d")
        assert ("not spelt as AWS spells them" in line) is near

    def test_another_csv_shows_its_first_80_letters(self) -> None:
        (line,) = refusal("x" * 100 + ",password_enabled_\n1")
        assert f"starts with {'x' * 80!r}." in line

    def test_a_second_report_is_told_without_a_column(self) -> None:
        text = to_csv(root(), user()) + "\n" + to_csv(root(mfa_active="false"))
        assert refusal(text) == [
            f"report.csv, line 5: a second report of account {ACCOUNT}; the first begins at line 2. "
            "Save each report in a file of its own."
        ]

    def test_a_second_header_may_name_two_columns_but_not_three(self) -> None:
        two = user(arn="user", access_key_1_last_used_region="mfa_active", mfa_active="x")
        assert len(read(to_csv(root(), two))) > 0
        three = user("USER", arn="arn", access_key_1_last_used_region=" mfa_active")
        assert "a second header line" in refusal(to_csv(root(), three))[0]

    @pytest.mark.parametrize(
        ("cells", "is_header"),
        [
            (["user", "arn", "mfa_active"], True),
            (["x", "USER", " arn ", "Mfa_Active"], True),
            (["user", "mfa_active", "x"], False),
            (["mfa_active", "mfa_active", "mfa_active"], False),
            (["user", "mfa_active"], False),
        ],
    )
    def test_a_row_that_names_three_columns_is_no_user(
        self, cells: list[str], is_header: bool
    ) -> None:
        assert is_like_header(cells) is is_header

    def test_a_short_row_that_names_three_columns_is_called_a_header(self) -> None:
        (line,) = refusal(to_csv(root()) + "\nUser,Arn,MFA_active")
        assert "line 3, column 1: a second header line that is not spelt" in line

    def test_the_account_is_found_where_the_arn_comes_first(self) -> None:
        columns = ("arn", *(name for name in COLUMNS if name != "arn"))
        (report,) = read(to_csv(root(), user(), columns=columns))
        assert report.account_id == ACCOUNT

    def test_lines_count_from_the_type_line_on_where_a_quote_stays_open(self) -> None:
        text = "#TYPE x\n" + to_csv(root(), user())
        never = "#TYPE x\n" + to_csv(root(), user("a")).replace("a,arn", '"a,arn')
        assert "line 4: a quote opened here is never closed" in refusal(never)[0]
        broken = text.replace("alice,", '"alice,', 1) + '\n"'
        assert [line.partition(".")[0] for line in refusal(broken)] == ["report"]
        assert "line 4: a quote opened here closes only in line 5" in refusal(broken)[0]

    def test_a_file_without_rows_is_told_by_its_header(self) -> None:
        assert refusal(",".join(COLUMNS)) == [
            "report.csv, line 1: a header and no rows below it: AWS lists at least the root account. "
            "Download the report again."
        ]

    def test_notices_of_a_whole_file_name_no_line(self) -> None:
        text = to_csv(root()) + "\n" + to_csv(root("444455556666"))
        reports = read(text, "2026-01-01T00:00:00Z 2026-01-02T00:00:00Z.csv")
        assert [str(notice).partition(": ")[0] for notice in reports[0].notices] == [
            "2026-01-01T00:00:00Z 2026-01-02T00:00:00Z.csv"
        ] * 2

    def test_a_time_that_is_none_is_shown_by_its_first_40_letters(self) -> None:
        content = base64.b64encode(to_csv(root(), user()).encode()).decode()
        text = json.dumps({"Content": content, "GeneratedTime": "x" * 50})
        (notice,) = read(text, "a.json")[0].notices
        assert str(notice) == (
            f"a.json: GeneratedTime {'x' * 40!r} is not a time with its zone; not used"
        )

    @pytest.mark.parametrize(("rows", "told"), [(1001, 1001), (1002, 1002), (1003, 1002)])
    def test_after_a_thousand_problems_no_more_is_read(self, rows: int, told: int) -> None:
        lines = refusal(to_csv(root()) + "\nx" * rows)
        assert len(lines) == told
        too_much = "report.csv, line 1004: too many problems: the rest was not read"
        assert lines[-1].startswith(too_much) is (rows > 1001)


class TestSeveralAnswers:
    """A file with several answers of the CLI: each is a source of its own, with its own time."""

    @staticmethod
    def line(account: str, time: str, name: str = "bob") -> str:
        text = to_csv(root(account), user(name, account))
        return f"{base64.b64encode(text.encode()).decode()}\t{time}\ttext/csv\n"

    def test_each_has_its_own_name_and_time(self) -> None:
        data = self.line(ACCOUNT, "2026-01-31T12:00:00Z") + self.line(OTHER, "2026-02-28T12:00:00Z")
        reports = read_report(Stream("r.txt", data.encode()))
        assert [(each.source.name, each.account_id, f"{each.stamp:%m-%d}") for each in reports] == [
            ("r.txt (answer 1)", ACCOUNT, "01-31"),
            ("r.txt (answer 2)", OTHER, "02-28"),
        ]

    def test_ten_stay_in_order(self) -> None:
        accounts = [f"{number:012}" for number in range(1, 13)]
        data = "".join(self.line(account, "2026-01-31T12:00:00Z") for account in accounts)
        reports = read_report(Stream("r.txt", data.encode()))
        assert [each.account_id for each in reports] == accounts

    def test_what_is_wrong_in_each_is_reported(self) -> None:
        bad = base64.b64encode(f"{','.join(COLUMNS)}\nx,y\n".encode()).decode()
        data = f"{bad}\t2026-01-31T12:00:00Z\ttext/csv\n" * 2
        first, second = refusal_of(data)
        assert first.startswith("r.txt (answer 1), line 2, column 3: 2 fields")
        assert second.startswith("r.txt (answer 2), line 2, column 3: 2 fields")

    def test_one_account_twice_is_refused(self) -> None:
        data = self.line(ACCOUNT, "2026-01-31T12:00:00Z") + self.line(
            ACCOUNT, "2026-02-28T12:00:00Z", "eve"
        )
        (line,) = refusal_of(data)
        assert line.startswith(f"r.txt (answer 2), line 2: a second report of account {ACCOUNT}")


def refusal_of(data: str) -> list[str]:
    with pytest.raises(InputRefused) as refused:
        read_report(Stream("r.txt", data.encode()))
    return [str(problem) for problem in refused.value.problems]
