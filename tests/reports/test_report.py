"""A table of users whose cells stand in several texts, in parts: each cell is its own user's."""

from __future__ import annotations

import numpy as np
import pytest

from credreport.reports.inputs import Stream
from credreport.reports.report import Report, Table, join_tables, read_report
from tests.support.reports import COLUMNS, NAME, root, to_csv, user

ONE, TWO, THREE = "111122223333", "444455556666", "777788889999"
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


def test_reports_of_one_text_in_their_order_are_the_table_that_was_read() -> None:
    first, second = reports_of(COLUMNS, ONE, TWO)
    assert join_tables([first, second]) is first.users
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
