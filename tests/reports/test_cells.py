"""What flags, dates and names say: read as numbers where AWS wrote them, else one by one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import pytest

from credreport.arrays import Rows
from credreport.instants import parse_instant
from credreport.reports import cells
from credreport.reports.cells import read_cells, read_texts
from credreport.reports.grid import Grid
from credreport.reports.inputs import Stream
from credreport.reports.report import Report
from credreport.schema import SLOTS, Meaning
from credreport.verdicts.status import MEANINGS, NEITHER, OFF, ON
from tests.support.reports import COLUMNS, NAME, read_report, root, to_csv, user


def report_of(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Report:
    (report,) = read_report(Stream(NAME, to_csv(*rows, columns=columns).encode()))
    return report


def grid_of(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Grid:
    """Return the grid of the rows; any order of columns will do."""
    texts = ["\0".join(row.get(column, "") for column in columns) for row in rows]
    return Grid.join(columns, [(texts, range(len(texts)))])


def assert_dates(texts: Iterable[str]) -> None:
    """Assert that each text is read as `parse_instant` reads it."""
    dates = list(texts)
    found = [
        None if instant is None else instant.replace(tzinfo=UTC)
        for instant in read_texts(dates).tolist()
    ]
    assert found == [parse_instant(date) for date in dates]


@pytest.mark.parametrize("end", ["Z", "+00:00"])
def test_a_date_with_another_sign_anywhere_is_none(end: str) -> None:
    date = f"2024-02-29T23:59:59{end}"
    signs = [chr(code) for code in range(1, 128)]
    assert_dates(
        date[:place] + sign + date[place + 1 :] for place in range(len(date)) for sign in signs
    )
    assert_dates(date[:size] for size in range(len(date)))
    assert_dates(f"{date}{sign}" for sign in signs)


def test_a_date_as_aws_writes_it_needs_no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cells, "_read_exactly")
    dates = [
        "0001-01-01T00:00:00", "9999-12-31T23:59:59", "2024-02-29T19:48:36", "2017-10-09T08:07:56",
        "1985-06-30T20:10:05", "2346-09-19T13:29:47",
    ]  # fmt: skip
    assert_dates(f"{date}{zone}" for date in dates for zone in ("Z", "+00:00"))
    assert_dates(["", "N/A", "no_information", "not_supported"])


@pytest.mark.parametrize("year", ["0000", "0001", "1900", "2000", "2023", "2024", "9999"])
def test_only_a_day_of_the_calendar_is_a_date(year: str) -> None:
    assert_dates(
        f"{year}-{month:02}-{day:02}T00:00:00Z" for month in range(100) for day in range(100)
    )


def test_only_a_time_of_the_clock_is_a_date() -> None:
    assert_dates(f"2024-02-29T{number:02}:59:59+00:00" for number in range(100))
    assert_dates(f"2024-02-29T23:{number:02}:59+00:00" for number in range(100))
    assert_dates(f"2024-02-29T23:59:{number:02}+00:00" for number in range(100))


def test_offsets_and_fractions_are_read_one_by_one() -> None:
    assert read_texts(["2019-01-02T05:04:05.25+02:00"]).tolist() == [
        datetime(2019, 1, 2, 3, 4, 5, 250_000)  # noqa: DTZ001 - UTC throughout
    ]
    assert_dates(["1969-12-31T23:59:59.5Z", "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00Z"])


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        ("2026-01-01T00:00:00Z", "instant"),
        ("2026-01-01T00:00:00.5Z", "instant"),
        ("N/A", "absence"),
        ("no_information", "absence"),
        ("", "blank"),
        ("not_supported", "not_supported"),
        ("n/a", "text"),
        ("N/A ", "text"),
        ("no_information.", "text"),
        (" ", "text"),
        ("4/5/2019", "text"),
    ],
)
def test_a_date_cell_has_one_meaning(cell: str, meaning: str) -> None:
    typed = read_cells(grid_of(user(access_key_1_last_used_date=cell)))
    assert MEANINGS[typed.last_meaning[1, 0]] == meaning
    assert MEANINGS[typed.last_meaning[3, 0]] == "no_column"


@pytest.mark.parametrize(
    ("cell", "enabled"),
    [
        ("true", ON), ("TRUE", ON), ("tRuE", ON), ("false", OFF), ("FALSE", OFF), ("", NEITHER),
        ("true ", NEITHER), ("truer", NEITHER), ("fals", NEITHER), ("\u017false", NEITHER),
        ("TRUE\u00e9", NEITHER), ("yes", NEITHER), ("1", NEITHER), ("not_supported", NEITHER),
    ],
)  # fmt: skip
def test_a_flag_is_on_off_or_neither(cell: str, enabled: int) -> None:
    typed = read_cells(grid_of(user(cert_2_active=cell, password_enabled=cell)))
    assert typed.enabled[:, 0].tolist() == [enabled, OFF, OFF, OFF, enabled]
    assert typed.is_unreported[0, 0] == (cell == "not_supported")


def test_the_order_of_columns_changes_nothing() -> None:
    rows = [
        user("a", access_key_2_active="TRUE", access_key_2_last_rotated="2026-01-01T00:00:00Z"),
        user("b"),
        user("c", cert_1_active="true", cert_1_last_rotated="", user_creation_time="?"),
    ]
    usual, other = (read_cells(grid_of(*rows, columns=each)) for each in (COLUMNS, COLUMNS[::-1]))
    for name in vars(usual):
        np.testing.assert_array_equal(getattr(usual, name), getattr(other, name), name)


def test_columns_that_are_missing_are_none() -> None:
    columns = ("", *(name for name in COLUMNS if not name.startswith(("cert", "access_key_2"))))
    typed = read_cells(grid_of(user(), columns=columns))
    assert [MEANINGS[place] for place in typed.last_meaning[:, 0]] == [
        "absence", "absence", "no_column", "no_column", "no_column",
    ]  # fmt: skip
    assert typed.enabled[2:, 0].tolist() == [NEITHER] * 3


def test_a_report_without_any_date_is_read() -> None:
    typed = read_cells(grid_of(user(password_enabled="true"), columns=("user", "password_enabled")))
    assert typed.enabled[:, 0].tolist() == [ON, NEITHER, NEITHER, NEITHER, NEITHER]
    assert {MEANINGS[place] for place in typed.last_meaning[:, 0]} == {"no_column"}
    assert np.isnat(typed.newest).all()


def test_a_column_may_stand_first_or_be_missing() -> None:
    date = "2026-01-31T12:00:00+01:00"
    rows = [root(**dict.fromkeys(COLUMNS[2:], date)), user(**dict.fromkeys(COLUMNS[2:], "true"))]
    usual = read_cells(grid_of(*rows))
    for column in COLUMNS:
        others = tuple(name for name in COLUMNS if name != column)
        first = read_cells(grid_of(*rows, columns=(column, *others)))
        for name, whole in vars(usual).items():
            assert getattr(first, name).tolist() == whole.tolist(), (column, name)
        fewer = read_cells(grid_of(*rows, columns=others))
        for slot, place in enumerate(SLOTS):
            enabled, used = usual.enabled[slot], usual.last_meaning[slot]
            was_set = usual.set_meaning[slot]
            nothing = [MEANINGS.index(Meaning.NO_COLUMN)] * 2
            assert fewer.enabled[slot].tolist() == (
                [NEITHER] * 2 if column == place.enabled else enabled.tolist()
            )
            assert fewer.last_meaning[slot].tolist() == (
                nothing if column == place.last_used else used.tolist()
            )
            assert fewer.set_meaning[slot].tolist() == (
                nothing if column == place.fallback else was_set.tolist()
            )
        missing = np.isnat(fewer.created_at).tolist()
        assert missing == [column == "user_creation_time", True], column


def test_the_last_slots_are_looked_at_where_something_stands_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at: list[tuple[list[int], list[int]]] = []

    def look(grid: Grid, _: object, slots: Iterable[int], rows: Rows) -> None:
        looked_at.append((list(slots), np.arange(len(grid))[rows].tolist()))

    monkeypatch.setattr(cells, "_read_slots", look)
    key = {"access_key_2_active": "true", "access_key_2_last_rotated": "2026-01-01T00:00:00Z"}
    read_cells(grid_of(root(), user(), user(**key), user(), user(cert_2_last_rotated="")))
    assert looked_at == [([0, 1], [0, 1, 2, 3, 4]), ([2, 3, 4], [2, 4])]


def test_a_last_credential_is_read_whose_columns_stand_among_the_first() -> None:
    moved = {"access_key_1_active": "cert_1_active", "cert_1_active": "access_key_1_active"}
    columns = tuple(moved.get(name, name) for name in COLUMNS)
    found = read_cells(grid_of(user(cert_1_active="true"), columns=columns))
    places = [place for place, slot in enumerate(SLOTS) if slot.enabled == "cert_1_active"]
    assert np.flatnonzero(found.enabled[:, 0] == ON).tolist() == places


@pytest.mark.parametrize(
    ("date", "is_zulu", "is_elsewhere"),
    [
        ("2026-01-31T12:00:00Z", True, False),
        ("2026-01-31T12:00:00.5Z", True, False),
        ("2026-01-31T12:00:00+00:00", False, False),
        ("2026-01-31T12:00:00.5+00:00", False, False),
        ("2026-01-31T12:00:00+01:00", False, True),
        ("2026-01-31T12:00:00-10:00", False, True),
        ("N/A", False, False),
        ("yesterday", False, False),
    ],
)
def test_the_zone_of_a_date_is_told(date: str, is_zulu: bool, is_elsewhere: bool) -> None:
    found = read_cells(grid_of(user(access_key_1_last_used_date=date, user_creation_time="N/A")))
    assert (found.is_zulu.tolist(), found.is_elsewhere.tolist()) == ([is_zulu], [is_elsewhere])


class TestNames:
    @pytest.mark.parametrize("name", ["NA", "null", "nan", "007", "1e5", "true"])
    def test_that_look_like_values_stay_text(self, name: str) -> None:
        report = report_of(root(), user(name))
        assert report.users.texts("user") == ["<root_account>", name]

    def test_a_missing_cell_means_a_missing_column(self) -> None:
        cut = tuple(name for name in COLUMNS if name != "mfa_active")
        table = report_of(root(arn=""), columns=cut).users
        assert (table.texts("mfa_active"), table.text(0, "mfa_active")) == ([None], None)
        assert (table.texts("arn"), table.text(0, "arn")) == ([""], "")

    @pytest.mark.parametrize(
        ("names", "late"),
        [
            (["alice", "Bob", "carol"], []),
            (["Bob", "alice", "adam"], [2]),
            (["a", "aa", "a-a"], [3]),
            (["\u00e4", "b"], [2]),
            (["\u00c4", "\u00e4"], []),
            (["a" * 65, "a" * 64], [2]),
        ],
    )
    def test_the_first_out_of_order_is_found(self, names: list[str], late: list[int]) -> None:
        table = report_of(root(), *map(user, names)).users
        assert np.flatnonzero(table.order.is_late).tolist() == late

    @pytest.mark.parametrize(
        ("names", "ordinals"),
        [
            (["a", "A", "b"], [0, 1, 2, 0]),
            (["a", "b", "a"], [0, 1, 0, 2]),
            (["\u00c4", "b", "\u00e4"], [0, 1, 0, 2]),
        ],
    )
    def test_users_that_stand_there_twice_are_counted(
        self, names: list[str], ordinals: list[int]
    ) -> None:
        table = report_of(root(), *map(user, names)).users
        assert table.order.ordinal.tolist() == ordinals

    def test_a_root_row_may_bear_the_name_of_a_user(self) -> None:
        table = report_of(root(user="root"), user("anna"), user("root")).users
        assert table.order.ordinal.tolist() == [1, 0, 2]
