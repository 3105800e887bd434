"""Where cells begin and end: which texts are split on their bytes, and what is then read from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from credreport.reports.grid import (
    Body,
    Grid,
    _to_bounds,
    count_words,
    ends_with,
    is_text,
    to_body,
    to_number,
    to_words,
)

COLUMNS = ("a", "b")


def bodies(*texts: bytes) -> list[Body]:
    return [Body(text, text.count(b"\n") + 1) for text in texts]


def rows_of(grid: Grid) -> list[list[str]]:
    return [grid.row(row) for row in range(len(grid))]


def joined(*texts: Sequence[tuple[str, str]]) -> Grid:
    """Return a grid of some texts of two columns, whose rows stand in lines 2, 3 and so on."""
    return Grid.join(
        COLUMNS, [(["\0".join(row) for row in text], range(2, len(text) + 2)) for text in texts]
    )


class Searched(bytes):
    """Bytes that count how often they are searched."""

    times = 0

    def __contains__(self, text: object) -> bool:
        Searched.times += 1
        return super().__contains__(text)  # type: ignore[operator]


def test_rows_in_another_order_are_searched_once_for_each_text() -> None:
    grid = joined([("a", "b"), ("c", "d")])
    assert [grid.contains(b"a", row, row + 1) for row in (0, 1)] == [True, False]
    grid.reorder(np.array([1, 0]))
    grid.data = Searched(grid.data)
    for row in (0, 1):
        assert grid.contains(b"a", row, row + 1)
        assert not grid.contains(b"e", row, row + 1)
    assert Searched.times == 2


class TestToBody:
    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            (b"a,b\n1,2", b"1,2"),
            (b"a,b\n1,2\n", b"1,2"),
            (b"a,b\r\n1,2\r\n3,4\r\n", b"1,2\n3,4"),
            (b"a,b\n,\n3,", b",\n3,"),
            (b'"a","b"\n"1","2"\n"3","4"', b"1,2\n3,4"),
            (b'"a","b"\r\n"1","2"\r\n', b"1,2"),
            (b'"a","b"\n"1",2\n"3","4"', b"1,2\n3,4"),
            (b'a,b\n"1",2\n3,"4"', b"1,2\n3,4"),
            (b'a,b\n"",2', b",2"),
        ],
    )
    def test_rows_are_found_on_the_bytes_without_quotes_around_whole_cells(
        self, text: bytes, rows: bytes
    ) -> None:
        assert to_body(text) == (b"a,b", Body(rows, rows.count(b"\n") + 1))

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"a,b",
            b"a,b\n",
            b"a,b\n\n1,2",
            b"a,b\n1,2\n\n3,4",
            b"a,b\n1,2\n\n",
            b"a,b\r1,2",
            b"a,b\r\n1,2\r3,4",
            b'a,b\n"1,2',
            b'a,b\n"1,2"',
            b'a,b\n"1\n2",3',
            b'a,b\n"1""2",3',
            b'a,b\n1"2",3',
            b'a,b\n"1"2,3',
            b'"a","b"\n"1","2""3"',
        ],
    )
    def test_what_only_the_csv_module_can_tell_apart_is_left_to_it(self, text: bytes) -> None:
        assert to_body(text) is None


class TestSplit:
    def test_rows_of_every_text_have_their_cells_and_lines(self) -> None:
        grid, is_misshapen = Grid.split(COLUMNS, bodies(b",\n\xc3\xa4,b", b"c,", b",d\ne,f\n,"))
        assert is_misshapen.tolist() == [False, False, False]
        assert rows_of(grid) == [["", ""], ["ä", "b"], ["c", ""], ["", "d"], ["e", "f"], ["", ""]]
        assert grid.lines.tolist() == [2, 3, 2, 2, 3, 4]
        assert grid.sizes.tolist() == [2, 1, 3]

    @pytest.mark.parametrize(
        "bad", [b"1,2,3", b"1", b"1,2\n3", b"1\n2,3,4", b"1,2,3\n4", b"1,2,3\n4,5,6"]
    )
    def test_a_text_with_a_row_of_another_width_is_left_out(self, bad: bytes) -> None:
        grid, is_misshapen = Grid.split(COLUMNS, bodies(b"a,b", bad, b"c,d\ne,f"))
        assert is_misshapen.tolist() == [False, True, False]
        assert rows_of(grid) == [["a", "b"], ["c", "d"], ["e", "f"]]
        assert grid.lines.tolist() == [2, 2, 3]
        assert grid.sizes.tolist() == [1, 2]

    def test_so_are_two_that_would_make_up_for_one_another(self) -> None:
        grid, is_misshapen = Grid.split(COLUMNS, bodies(b"1", b"2,3,4", b"5\n6,7,8", b"a,b"))
        assert is_misshapen.tolist() == [True, True, True, False]
        assert rows_of(grid) == [["a", "b"]]

    def test_all_may_be_left_out(self) -> None:
        grid, is_misshapen = Grid.split(COLUMNS, bodies(b"1", b"2,3,4"))
        assert is_misshapen.tolist() == [True, True]
        assert len(grid) == 0

    @pytest.mark.parametrize(("size", "is_left_out"), [(4095, False), (4096, True)])
    def test_so_is_one_with_a_very_long_cell(self, size: int, is_left_out: bool) -> None:
        _, is_misshapen = Grid.split(COLUMNS, bodies(b"a,b", b"1,2\n3,%b" % (b"x" * size)))
        assert is_misshapen.tolist() == [False, is_left_out]


@pytest.mark.parametrize("last", [2**31 - 1, 2**31, 2**32])
def test_a_place_behind_two_gibibytes_is_the_same_place(last: int) -> None:
    found = _to_bounds(np.array([0, 3, 7, 9, last]), 2)
    assert found.tolist() == [[0, 7], [3, 9], [7, last]]
    assert found.dtype == ("i4" if last < 2**31 else "i8")  # half of the memory


class TestCells:
    @pytest.mark.parametrize(
        "grid",
        [
            Grid.split(COLUMNS, bodies(b"1,\xc3\xa4\n,4", b"55,6"))[0],
            joined([("1", "ä"), ("", "4")], [("55", "6")]),
        ],
        ids=["split", "joined"],
    )
    def test_are_those_of_the_text(self, grid: Grid) -> None:
        assert len(grid) == 3
        assert rows_of(grid) == [["1", "ä"], ["", "4"], ["55", "6"]]
        assert [grid.texts(0), grid.texts(1)] == [["1", "", "55"], ["ä", "4", "6"]]
        assert [grid.cell(row, 1) for row in range(3)] == ["ä", "4", "6"]
        assert grid.cells(np.array([2, 0]), 0) == ["55", "1"]
        assert (grid.lines.tolist(), grid.sizes.tolist()) == ([2, 3, 2], [2, 1])
        assert [grid.place(name) for name in ("a", "b", "c", "")] == [0, 1, -1, -1]
        assert (grid.ends(0) - grid.starts(0)).tolist() == [1, 0, 2]
        assert (grid.ends(1) - grid.starts(1)).tolist() == [2, 1, 1]
        rows = np.array([2, 0])
        assert grid.starts([1, 0], rows).tolist() == [
            grid.starts(1)[rows].tolist(), grid.starts(0)[rows].tolist(),
        ]  # fmt: skip

    def test_stay_with_their_row_in_another_order(self) -> None:
        grid = joined([("1", "2"), ("3", "4"), ("5", "6")])
        grid.reorder(np.array([2, 0, 1]))
        assert rows_of(grid) == [["5", "6"], ["1", "2"], ["3", "4"]]
        assert [grid.texts(0), grid.texts(1)] == [["5", "1", "3"], ["6", "2", "4"]]
        assert grid.cells(np.array([0, 2]), 1) == ["6", "4"]
        assert grid.lines.tolist() == [4, 2, 3]

    def test_of_no_rows_there_are_none(self) -> None:
        assert len(Grid.join(COLUMNS, [([], [])])) == 0

    def test_a_text_is_looked_for_in_some_rows(self) -> None:
        grid = joined([("1", "2"), ("3", "4")], [("5", "6")])
        for cell, row in (("1", 0), ("2", 0), ("3", 1), ("4", 1), ("5", 2), ("6", 2)):
            text = f"\0{cell}\0".encode()
            for begin, end in ((0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)):
                assert grid.contains(text, begin, end) is (begin <= row < end)
        assert not grid.contains(b"\x007\0", 0, 3)
        assert not grid.contains(b"\x003", 0, 1)  # the row ends with the NUL

    def test_in_rows_put_into_another_order_it_may_be_of_others(self) -> None:
        grid = joined([("1", "2"), ("3", "4")])
        grid.reorder(np.array([1, 0]))
        assert grid.contains(b"\x001\0", 0, 1)
        assert not grid.contains(b"\x007\0", 0, 2)


class TestBytes:
    grid = joined([("abcdefghi", "x"), ("", "abcdefgh")])

    def test_words_are_little_endian_numbers(self) -> None:
        places = self.grid.starts(0)
        assert self.grid.words(places).tolist() == [
            to_number(b"abcdefgh"), to_number(b"\0abcdefg"),
        ]  # fmt: skip
        assert self.grid.words(places, 4).tolist() == [to_number(b"abcd"), to_number(b"\0abc")]
        assert self.grid.words(places, 2).tolist() == [to_number(b"ab"), to_number(b"\0a")]
        assert to_number(b"\1\2") == 0x0201

    def test_runs_are_words_behind_one_another(self) -> None:
        first, second, third = self.grid.runs(self.grid.starts(0), 3).tolist()
        assert first == [to_number(b"abcdefgh"), to_number(b"\0abcdefg")]
        assert second == [to_number(b"i\0x\0\0abc"), to_number(b"h\0")]
        assert third == [to_number(b"defgh\0"), 0]

    @pytest.mark.parametrize(("size", "words"), [(0, 0), (1, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
    def test_eight_bytes_are_a_word(self, size: int, words: int) -> None:
        assert count_words(size) == words

    def test_texts_become_words_with_nul_behind_them(self) -> None:
        assert to_words([b"abcdefghi", b"x"], 2).tolist() == [
            [to_number(b"abcdefgh"), to_number(b"x")], [to_number(b"i"), 0],
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            (b"abcdefgh", [True, False]),
            (b"abcdefghi", [True, False]),
            (b"abcdefghi\0", [True, False]),
            (b"abcdefgh\0", [False, False]),
            (b"abcdefgx", [False, False]),
            (b"abcdefghx", [False, False]),
            (b"\0", [False, True]),
            (b"abc", [True, False]),
        ],
    )
    def test_a_text_begins_at_a_place(self, text: bytes, found: list[bool]) -> None:
        assert is_text(self.grid, self.grid.starts(0), text).tolist() == found

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            (b"i", [True, False]),
            (b"h", [False, False]),
            (b"abcdefghi", [True, False]),
            (b"\0abcdefghi", [False, False]),
            (b"bcdefghi", [True, False]),
        ],
    )
    def test_a_cell_ends_with_a_text(self, text: bytes, found: list[bool]) -> None:
        assert ends_with(self.grid, 0, text).tolist() == found
        assert ends_with(self.grid, 1, b"h").tolist() == [False, True]
