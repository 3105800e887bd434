"""Names are compared on bytes where they are ordinary, and one by one where they are not."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from credreport.reports.grid import Grid
from credreport.reports.users import find_root, has_blank_user, read_accounts, read_order

ALICE = "arn:aws:iam::111122223333:user/alice"
# In the order of AWS: the signs around the letters, capitals apart, and lengths around a word's.
ORDINARY = [
    *("!", "*", "-", "0", "9", "=", "@", "[", "_", "`", "a", "A" * 7 + "@", "a" * 7 + "[", "A" * 8),
    *("a" * 8 + "B", "A" * 9, "a" * 15 + "C", "A" * 16, "a" * 17, "a" * 62 + "Y", "A" * 63),
    *(
        "a" * 63 + "X",
        "A" * 64,
        "aA@b",
        "Aa`",
        "aB",
        "Ac",
        "b",
        "Bob",
        "bobby",
        "y",
        "Z",
        "z-",
        "ZZ",
    ),
    *("{", "|", "~"),
]
ORDINARY.sort(key=str.lower)
OTHER = [
    " ",
    "é",
    "É",
    "ß",
    "\u0130",
    "a" * 65,
    "A" * 65,
    "a" * 64 + "b",
    "a:b",
    "A:B",
    "a/b",
    "A/b",
]


def grid_of(rows: list[tuple[str, str]], sizes: list[int], *, is_arn_first: bool = False) -> Grid:
    """Return the grid of the users and ARNs of some texts, so many rows each."""
    columns = ("arn", "user", "x") if is_arn_first else ("user", "arn", "x")
    cells = ["\0".join([*(row[::-1] if is_arn_first else row), "x"]) for row in rows]
    ends = np.cumsum(sizes).tolist()
    texts = [cells[end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return Grid.join(columns, [(text, range(len(text))) for text in texts])


def arn_of(name: str) -> str:
    return f"arn:aws:iam::111122223333:user/{name}"


def nothing_of(rows: int) -> np.ndarray:
    return np.zeros(rows, dtype="i8")


class TestOrder:
    def test_of_every_two_names(self) -> None:
        pairs = list(product(ORDINARY + OTHER, repeat=2))
        rows = [(name, arn_of(name)) for pair in pairs for name in pair]
        report = np.repeat(np.arange(len(pairs)), 2)
        nobody = np.zeros(len(rows), dtype=bool)
        found = read_order(grid_of(rows, [2] * len(pairs)), report, nothing_of(len(rows)), nobody)
        late = [[False, below.lower() < above.lower()] for above, below in pairs]
        assert found.is_late.reshape(-1, 2).tolist() == late
        ordinal = [[1, 2] if a.lower() == b.lower() else [0, 0] for a, b in pairs]
        assert found.ordinal.reshape(-1, 2).tolist() == ordinal

    def test_an_ordinary_report_needs_no_second_look(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [("<root_account>", "arn:aws:iam::111122223333:root")]
        rows += [(name, arn_of(name)) for name in ORDINARY]
        grid = grid_of(rows * 2, [len(rows)] * 2)
        report = np.repeat([0, 1], len(rows))
        looked: list[int] = []
        truly = Grid.cells

        def cells(self: Grid, rows: np.ndarray, column: int) -> list[str]:
            looked.extend(rows.tolist())
            return truly(self, rows, column)

        monkeypatch.setattr(Grid, "cells", cells)
        found = read_order(grid, report, nothing_of(len(grid)), find_root(grid))
        assert looked == []
        assert not found.is_late.any()
        assert not found.ordinal.any()

    @pytest.mark.parametrize(
        ("users", "late"),
        [
            (["<root_account>", "a", "b"], []),
            (["a", "<root_account>", "b"], [1]),
            (["<root_account>", "a", "A", "c", "b"], [4]),
            (["<root_account>", "c", "b", "a"], [2]),
            (["<root_account>", "<root_account>", "a"], []),
            (["a", "\u00e4", "b", "a"], [2]),
        ],
    )
    def test_the_first_that_is_late_is_told_and_no_row_of_the_next_report(
        self, users: list[str], late: list[int]
    ) -> None:
        rows = [(name, "") for name in [*users, "<root_account>", "a"]]
        grid = grid_of(rows, [len(users), 2])
        report = np.repeat([0, 1], [len(users), 2])
        found = read_order(grid, report, nothing_of(len(rows)), find_root(grid))
        assert np.flatnonzero(found.is_late).tolist() == late
        assert found.ordinal[-2:].tolist() == [0, 0]

    def test_a_root_row_under_another_name_shares_it_with_a_user_rows_apart(self) -> None:
        rows = [("bob", "arn:aws:iam::111122223333:root"), ("alice", ALICE), ("bob", arn_of("bob"))]
        grid = grid_of(rows, [3])
        found = read_order(grid, nothing_of(3), nothing_of(3), find_root(grid))
        assert found.ordinal.tolist() == [1, 0, 2]
        assert not found.is_late.any()

    def test_users_of_two_accounts_are_two(self) -> None:
        grid = grid_of([("bob", ""), ("bob", "")], [2])
        found = read_order(grid, nothing_of(2), np.array([0, 1]), np.zeros(2, dtype=bool))
        assert found.ordinal.tolist() == [0, 0]

    def test_no_rows_have_none(self) -> None:
        found = read_order(grid_of([], [0]), nothing_of(0), nothing_of(0), np.zeros(0, dtype=bool))
        assert [len(each) for each in (found.is_late, found.ordinal, found.has_other_arn)] == [
            0
        ] * 3


class TestArns:
    @pytest.mark.parametrize("is_arn_first", [False, True])
    def test_of_every_two_names(self, is_arn_first: bool) -> None:
        names = ORDINARY + OTHER
        paths = ("arn:aws:iam::111122223333:user/", "arn:aws:iam::111122223333:user/path/", "", ":")
        rows = [(name, path + own) for name, own in product(names, names) for path in paths]
        grid = grid_of(rows, [len(rows)], is_arn_first=is_arn_first)
        nobody = np.zeros(len(rows), dtype=bool)
        found = read_order(grid, nothing_of(len(rows)), nothing_of(len(rows)), nobody)
        other = [
            name.lower() != arn.replace(":", "/").rpartition("/")[2].lower() for name, arn in rows
        ]
        assert found.has_other_arn.tolist() == other

    def test_roots_and_missing_ones_are_not_asked(self) -> None:
        rows = [("x", "arn:aws:iam::111122223333:root"), ("alice", ALICE), ("bob", ALICE)]
        grid = grid_of(rows, [3])
        found = read_order(grid, nothing_of(3), nothing_of(3), find_root(grid))
        assert found.has_other_arn.tolist() == [False, False, True]
        without = Grid.join(("user",), [(["alice", "bob"], [2, 3])])
        found = read_order(without, nothing_of(2), nothing_of(2), np.zeros(2, dtype=bool))
        assert found.has_other_arn.tolist() == [False, False]


class TestRoot:
    @pytest.mark.parametrize("is_arn_first", [False, True])
    @pytest.mark.parametrize(
        ("user", "arn", "is_root"),
        [
            ("<root_account>", "", True),
            ("<root_account>", ALICE, True),
            ("<root_account>x", ALICE, False),
            ("x", "arn:aws:iam::111122223333:root", True),
            ("x", "arn:aws:iam::111122223333:<root_account>", True),
            ("root", "arn:aws:iam::111122223333:user/root", False),
            ("alice", ALICE, False),
        ],
    )
    def test_is_told_by_its_name_or_the_end_of_its_arn(
        self, is_arn_first: bool, user: str, arn: str, is_root: bool
    ) -> None:
        rows = [("alice", ALICE), (user, arn)]
        assert find_root(grid_of(rows, [2], is_arn_first=is_arn_first)).tolist() == [False, is_root]


class TestAccounts:
    def test_are_read_at_the_first_row_of_each_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [(name, arn_of(name)) for name in ORDINARY]
        rows += [(name, arn.replace("1", "4")) for name, arn in rows]
        looked: list[int] = []
        truly = Grid.cell

        def cell(self: Grid, row: int, column: int) -> str:
            looked.append(row)
            return truly(self, row, column)

        monkeypatch.setattr(Grid, "cell", cell)
        names, found = read_accounts(grid_of(rows, [len(ORDINARY)] * 2))
        assert (names, looked) == (["111122223333", "444422223333"], [0, len(ORDINARY)])
        assert found.tolist() == [0] * len(ORDINARY) + [1] * len(ORDINARY)

    @pytest.mark.parametrize(
        ("arns", "accounts", "places"),
        [
            (["", ALICE], ["", "111122223333"], [0, 1]),
            ([ALICE, ""], ["111122223333", ""], [0, 1]),
            ([ALICE, ALICE.replace("3:", "4:")], ["111122223333", "111122223334"], [0, 1]),
            ([ALICE, ALICE.replace("aws", "aws-cn")], ["111122223333"], [0, 0]),
            (["x", "y", ALICE, "z"], ["", "111122223333"], [0, 0, 1, 0]),
            ([f"arn:{'a' * 10_000}:iam::111122223333:root", ALICE], ["111122223333"], [0, 0]),
        ],
    )
    def test_that_are_not_that_of_the_first_row(
        self, arns: list[str], accounts: list[str], places: list[int]
    ) -> None:
        rows = [("x", arn) for arn in arns]
        for is_arn_first in (False, True):
            names, found = read_accounts(grid_of(rows, [len(rows)], is_arn_first=is_arn_first))
            assert (names, found.tolist()) == (accounts, places)


def test_a_blank_user_is_empty_or_nothing_but_blanks() -> None:
    blank = ["", " ", "  ", "\t", "\u00a0", "\u3000\u00a0"]
    others = [" a", "\u00a0a", "é", "!", "\x7f", "~"]
    grid = grid_of([(name, "") for name in blank + others], [len(blank + others)])
    assert has_blank_user(grid).tolist() == [True] * len(blank) + [False] * len(others)


def test_an_ordinary_user_needs_no_second_look_to_be_not_blank(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grid = grid_of([(name, "") for name in ORDINARY], [len(ORDINARY)])
    monkeypatch.delattr(Grid, "cell")
    assert not has_blank_user(grid).any()
