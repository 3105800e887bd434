"""A table of users whose cells stand in several texts, in parts: each cell is its own user's."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations

import numpy as np
import pytest

from credreport.errors import Problem
from credreport.reports import read as reading
from credreport.reports.cells import read_cells
from credreport.reports.inputs import Skipped, Stream
from credreport.reports.read import _names_columns, read_streams
from credreport.reports.report import Report, Source, Table, join_tables
from credreport.schema import CREDENTIALS
from tests.reports.test_cells import grid_of
from tests.support.reports import COLUMNS, NAME, lines_of, read_report, root, to_csv, user

ONE, TWO, THREE = "111122223333", "444455556666", "777788889999"
FIRST, SECOND = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))
WITHOUT_MFA = tuple(name for name in COLUMNS if name != "mfa_active")
WITHOUT_REGION = tuple(name for name in COLUMNS if name != "access_key_1_last_used_region")


def reports_of(columns: tuple[str, ...], *accounts: str) -> list[Report]:
    rows = [
        row
        for account in accounts
        for row in (root(account), user(f"of-{account[0]}", account, mfa_active=account[0]))
    ]
    found = read_report(Stream(NAME, to_csv(*rows, columns=columns).encode()))
    return [report for report in found if isinstance(report, Report)]


@pytest.fixture
def table() -> Table:
    """The second account of a text, the only one of another, then the first of the first text."""
    first, second = reports_of(WITHOUT_REGION, ONE, TWO)
    (other,) = reports_of(WITHOUT_MFA, THREE)
    return join_tables([second, other, first])


def test_every_cell_is_its_own_users(table: Table) -> None:
    users = ["<root_account>", "of-4", "<root_account>", "of-7", "<root_account>", "of-1"]
    mfa = ["true", "4", None, None, "true", "1"]
    region = [None, None, "N/A", "N/A", None, None]
    for column, cells in (
        ("user", users), ("mfa_active", mfa), ("access_key_1_last_used_region", region),
    ):  # fmt: skip
        assert table.texts(column) == cells
        assert [table.text(row, column) for row in range(6)] == cells
        for wanted in (5, 6, 7):  # one by one, and a column at a time
            read = table.reader(wanted)
            assert [read(row, column) for row in range(6)] == cells
        assert table.has_column(column).tolist() == [cell is not None for cell in cells]


@pytest.mark.parametrize("rows", [[], [0], [1, 2], [1, 3, 5], [0, 1, 2, 3, 4, 5], [2, 3], [5]])
def test_some_users_are_named(table: Table, rows: list[int]) -> None:
    users = ["<root_account>", "of-4", "<root_account>", "of-7", "<root_account>", "of-1"]
    assert table.users_at(np.array(rows, dtype="i8")) == [users[row] for row in rows]


def test_rows_go_with_their_report_line_and_account(table: Table) -> None:
    assert len(table) == 6
    assert table.report.tolist() == [0, 0, 1, 1, 2, 2]
    assert table.line.tolist() == [4, 5, 2, 3, 2, 3]
    assert table.is_root.tolist() == [True, False] * 3
    accounts = [table.accounts[place] for place in table.account]
    assert accounts == [TWO, TWO, THREE, THREE, ONE, ONE]


def test_neighbours_of_one_text_stay_one_stretch_and_those_of_two_do_not() -> None:
    first, second, third = reports_of(COLUMNS, ONE, TWO, THREE)
    other, last = reports_of(COLUMNS, "999900001111", "888800001111")
    found = join_tables([first, second, last, other, third])
    assert [(begin, end) for _, begin, end in found.stretches] == [(0, 4), (2, 4), (0, 2), (4, 6)]
    names = [name for name in found.texts("user") if name != "<root_account>"]
    assert names == ["of-1", "of-4", "of-8", "of-9", "of-7"]


def test_reports_of_one_text_in_their_order_are_the_table_that_was_read() -> None:
    first, second = reports_of(COLUMNS, ONE, TWO)
    assert join_tables([first, second]) is first.users
    assert first.users.texts("user") == ["<root_account>", "of-1", "<root_account>", "of-4"]
    assert first.users.report.tolist() == [0, 0, 1, 1]
    assert join_tables([second, first]).texts("user") == [
        "<root_account>",
        "of-4",
        "<root_account>",
        "of-1",
    ]
    assert join_tables([second]).texts("user") == ["<root_account>", "of-4"]
    assert join_tables([first, first]).texts("user") == ["<root_account>", "of-1"] * 2


@pytest.mark.parametrize(
    ("missing", "count"),
    [((), 10), (("cert_1_active",), 8), (("cert_1_active", "cert_2_active"), 6)],
)
def test_a_certificate_without_a_column_is_no_credential(
    missing: tuple[str, ...], count: int
) -> None:
    (report,) = reports_of(tuple(name for name in COLUMNS if name not in missing), ONE)
    assert report.credential_count == count


def refuse(*_: object) -> None:
    raise AssertionError("the long way round")


SPELLINGS: tuple[Callable[[str], str], ...] = (
    str, str.upper, str.title, " {}".format, "{} ".format, "\ufeff{}".format, "\u00a0{}".format,
)  # fmt: skip


class TestRowsThatNameColumns:
    """Perhaps a second header: a row that names three columns is told, and few others are looked at."""

    @pytest.mark.parametrize("first", ["user", "password_enabled", "cert_2_active"])
    @pytest.mark.parametrize(("count", "is_told"), [(2, False), (3, True)])
    def test_three_in_any_places_and_spellings(self, count: int, first: str, is_told: bool) -> None:
        rows = [
            user() | {name: SPELLINGS[number % len(SPELLINGS)](name) for name in names}
            for number, names in enumerate(combinations(COLUMNS, count))
        ]
        columns = (first, *(name for name in COLUMNS if name != first))
        grid = grid_of(*rows, columns=columns)
        found = _names_columns(grid, read_cells(grid)).tolist()
        assert found == [is_told] * len(rows)

    @pytest.mark.parametrize(
        "columns", [COLUMNS, tuple(name for name in COLUMNS if not name.startswith("cert"))]
    )
    def test_an_ordinary_row_needs_no_closer_look(
        self, columns: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "is_like_header", refuse)
        active = {name: "true" for name in COLUMNS if name.endswith(("_active", "_enabled"))}
        dates = {
            name: "2026-01-01T00:00:00Z"
            for name in COLUMNS
            if name.endswith(("_date", "_rotated", "_time", "_used", "_changed"))
        }
        used = {f"access_key_{n}_last_used_region": "us-east-1" for n in (1, 2)}
        used |= {f"access_key_{n}_last_used_service": "s3" for n in (1, 2)}
        grid = grid_of(
            root(),
            user("user-1"),
            user("bob", **active, **dates, **used),
            user("eve", **dict.fromkeys(used, "")),
            columns=columns,
        )
        assert _names_columns(grid, read_cells(grid)).tolist() == [False] * 4


class TestTheShortWay:
    """What AWS writes, and what others save of it, is read on its bytes: no cell goes its own way."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: text,
            lambda text: text + "\n",
            lambda text: text.replace("\n", "\r\n"),
            lambda text: "\ufeff" + text,
            lambda text: '"' + text.replace(",", '","').replace("\n", '"\n"') + '"',
            lambda text: text.replace("alice", "\u00e4lice"),
            lambda text: text.replace("true", "TRUE").replace("false", "FALSE"),
        ],
        ids=["as AWS", "a line end", "CRLF", "a mark", "quotes", "other letters", "capitals"],
    )
    def test_needs_neither_the_csv_module_nor_a_search_for_containers(
        self, change: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "read_sections", refuse)
        monkeypatch.setattr(reading, "unpack", refuse)
        (report,) = read_report(Stream(NAME, change(to_csv(root(), user())).encode()))
        assert (report.row_count, report.header_line, lines_of(report)) == (2, 1, (2, 3))

    def test_what_is_no_utf_8_is_refused_by_the_long_one(self) -> None:
        ((problem,),) = read_streams([Stream("r.csv", to_csv(user("\u00e4")).encode("latin-1"))])
        assert "r.csv, line 2, column 1: byte 0xe4 is not UTF-8" in str(problem)


class TestDigest:
    """Equal for copies, whatever they were saved in, and with whatever."""

    def test_of_a_container_is_that_of_its_text(self) -> None:
        text = to_csv(root(), user()).encode()
        saved = json.dumps({"Content": base64.b64encode(text).decode()}).encode()
        plain, packed = (read_report(Stream(NAME, data))[0].digest for data in (text, saved))
        assert plain == packed

    def test_of_one_account_of_a_text_is_that_of_its_rows(self) -> None:
        first, second = reports_of(COLUMNS, ONE, TWO)
        (alone,) = reports_of(COLUMNS, TWO)
        assert (second.digest, first.digest == alone.digest) == (alone.digest, False)


def test_the_account_is_that_of_the_rows_that_have_one() -> None:
    rows = root(ONE, arn="N/A"), user("a", ONE)
    (report,) = read_report(Stream(NAME, to_csv(*rows).encode()))
    assert report.account_id == ONE


BLANKED = {name: "" for name, cell in user().items() if cell == "N/A"}


@pytest.mark.parametrize(
    ("cells", "blanks", "are_absences"),
    [
        ({"password_last_used": ""}, 1, False),
        (BLANKED, 13, True),
        (BLANKED | {"cert_1_last_rotated": "no_information"}, 12, False),
        ({}, 0, False),
        (BLANKED | {"access_key_1_last_used_region": "N/A"}, 12, False),
        (BLANKED | {"user": "N/A", "access_key_1_last_used_region": "us-east-1"}, 12, True),
    ],
)
def test_blanks_are_absences_where_no_word_says_so(
    cells: dict[str, str], blanks: int, are_absences: bool
) -> None:
    columns = (*COLUMNS, "additional_credentials_info", "team", "")
    (report,) = read_report(Stream(NAME, to_csv(user() | cells, columns=columns).encode()))
    assert report.users.blanks.tolist() == [blanks]  # of the columns that AWS always fills
    assert report.blanks_are_absences is are_absences


def test_evidence_is_passed_over_where_it_was_searched_and_refused_where_it_was_named() -> None:
    own = ",".join(CREDENTIALS).encode()
    found = read_streams([Stream("a.csv", own), Stream("b.csv", own, searched=True)])
    what, remedy = "evidence that credreport wrote, not a report", "Name the report that AWS gave"
    assert found == [
        [Problem("a.csv", 0, 0, what, remedy)],
        [Skipped("b.csv", "evidence that credreport wrote", is_own=True)],
    ]


def test_users_of_reports_of_one_account_are_told_apart() -> None:
    (report,) = reports_of(COLUMNS, ONE)
    keys = [replace(report, twin=twin).account_key for twin in range(3)]
    assert keys == [ONE, f"{ONE}#2", f"{ONE}#3"]


def test_each_report_of_a_file_of_several_accounts_knows_that_it_is_one_of_several() -> None:
    other = "444455556666"
    one = read_report(Stream(NAME, to_csv(root(), user()).encode()))
    two = read_report(Stream(NAME, to_csv(root(), root(other)).encode()))
    assert [report.is_of_several for report in (*one, *two)] == [False, True, True]


def test_nothing_is_said_of_a_report_before_it_is_found() -> None:
    report = Report(Source(NAME, "", 0, "CSV"), ONE, COLUMNS, 1, 2, 3, "", None, "", has_root=True)
    assert (report.number, report.twin, report.first, report.end) == (0, 0, 0, 3)
    assert (report.stamp, report.as_of, report.notices) == (None, None, ())
    assert not report.blanks_are_absences


def test_a_report_is_what_is_said_of_it_not_where_its_users_are() -> None:
    (once,), (again,) = (reports_of(COLUMNS, ONE) for _ in range(2))
    assert once == again == once.without_users()
    assert repr(once) == repr(once.without_users())


def test_of_three_roots_of_an_account_the_first_two_are_told() -> None:
    rows = root(), user("a"), user("z", TWO), root(TWO), root(TWO), root(TWO)
    ((problem,),) = read_streams([Stream("r.csv", to_csv(*rows).encode())])
    assert str(problem).startswith(
        f"r.csv, line 6: a second root row of account {TWO}; the first is line 5."
    )


def test_without_its_users_a_report_is_the_same_wherever_they_stood() -> None:
    first, second = reports_of(COLUMNS, ONE, TWO)
    assert (first.first, second.first) == (0, 2)
    assert (first.without_users().first, second.without_users().first) == (0, 0)


@pytest.mark.parametrize(
    ("newest", "of_other", "is_later"),
    [
        (SECOND, FIRST, True),
        (FIRST, FIRST, False),
        (FIRST, SECOND, False),
        (FIRST, None, True),
        (None, FIRST, False),
        (None, None, False),
    ],
)
def test_a_timestamp_is_later_than_an_earlier_one_and_than_none(
    newest: datetime | None, of_other: datetime | None, is_later: bool
) -> None:
    (report,) = reports_of(COLUMNS, ONE)
    one, other = replace(report, newest=newest), replace(report, newest=of_other)
    assert one.has_later_timestamps(other) is is_later
