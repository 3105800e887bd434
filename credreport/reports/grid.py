"""CSV text -> Grid: where each cell begins and ends, in one run of bytes for many reports.

There are two ways to find the borders of cells: separators on the bytes (`Grid.split`), where no
quote hides one and every row is as wide as the header; and the csv module (`Grid.join` of what
`sections` reads) for all else. Everything after that is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

import numpy as np

from credreport.arrays import Flags, Numbers, Places, Rows, Words

SEPARATOR = "\0"  # before the first cell and after each: no text that is read contains one
_NUL = SEPARATOR.encode()
_QUOTE, _COMMA, _LINE_END = b'",\n'
_PADDING = 128  # bytes after the last cell, so that fixed widths can be read from any offset
_LONGEST_CELL = 4096  # bytes: for longer ones the csv module has a limit and a message

ALL = slice(None)


@dataclass(frozen=True)
class Body:
    """The rows of one CSV text below its header, as bytes, without the last line end."""

    text: bytes
    row_count: int


def to_body(text: bytes) -> tuple[bytes, Body] | None:
    """Return the header line and the rows of CSV text whose separators can be found on its bytes.

    None where they cannot: a quote around a separator or within a cell, a carriage return on its
    own, a blank line. Quotes around whole cells are taken off. That rows are as wide as the header
    is checked by `Grid.split`.
    """
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
        if b"\r" in text:
            return None
    text = text.removesuffix(b"\n")
    if b'"' in text:
        unquoted = _unquote(text)
        if unquoted is None:
            return None
        text = unquoted
    header, _, body = text.partition(b"\n")
    if not body or body.startswith(b"\n") or body.endswith(b"\n") or b"\n\n" in body:
        return None
    return header, Body(body, body.count(b"\n") + 1)


def _unquote(text: bytes) -> bytes | None:
    """Return the text without its quotes if each pair of them is around one cell, else None."""
    array = np.frombuffer(b"\n%b\n" % text, dtype="u1")
    quotes = np.flatnonzero(array == _QUOTE)
    if len(quotes) % 2:
        return None
    opening, closing = quotes[::2], quotes[1::2]
    separators = np.flatnonzero((array == _COMMA) | (array == _LINE_END))
    if len(opening) == len(separators) - 1:  # each cell is quoted
        before, after = separators[:-1], separators[1:]
    else:
        place = np.searchsorted(separators, opening)
        before, after = separators[place - 1], separators[place]
    is_whole = (opening == before + 1) & (closing == after - 1)
    return text.replace(b'"', b"") if is_whole.all() else None


class Grid:
    """The cells of some texts that share a header: NUL before the first cell and after every cell.

    columns: the names in the header.
    data: the bytes (UTF-8), with padding after them.
    bounds: for each row, the offsets of the NUL before its first cell, after the first, second…
    lines: the line of each row in its text.
    sizes: the number of rows of each text.
    """

    def __init__(
        self, columns: tuple[str, ...], data: bytes, bounds: Places, lines: Numbers, sizes: Numbers
    ) -> None:
        """Keep the parts; see split and join."""
        self.columns = columns
        self.data = data
        self.bounds = bounds
        self.lines = lines
        self.sizes = sizes
        self._order: Numbers | None = None
        self._found: dict[bytes, bool] = {}

    @classmethod
    def split(cls, columns: tuple[str, ...], bodies: Sequence[Body]) -> tuple[Grid, Flags]:
        """Find the separators; also return which bodies are left out of the grid.

        Those have a row of another width, or a very long cell.
        """
        width = len(columns)
        is_misshapen = np.zeros(len(bodies), dtype=bool)
        while True:
            kept = np.flatnonzero(~is_misshapen)
            whole = [bodies[number] for number in kept.tolist()]
            sizes = np.array([body.row_count for body in whole], dtype="i8")
            text = b"\n".join([b"", *(body.text for body in whole), bytes(_PADDING)])
            same = text.replace(b"\n", b",")
            array = np.frombuffer(same, dtype="u1")
            separators = np.flatnonzero(array == _COMMA)
            edges = np.fromiter(accumulate((len(body.text) + 1 for body in whole), initial=1), "i8")
            wrong = np.diff(np.searchsorted(separators, edges)) != sizes * width
            if not wrong.any():
                bounds = _to_bounds(separators, width)
                last = np.frombuffer(text, dtype="u1")[bounds[-1]]
                longest = np.maximum.reduce(np.diff(bounds, axis=0), axis=0)
                is_wrong = (last != _LINE_END) | (longest > _LONGEST_CELL)
                owner = np.repeat(np.arange(len(whole)), sizes)
                wrong[owner[is_wrong]] = True
            if not wrong.any():
                break
            is_misshapen[kept[wrong]] = True
        data = array.copy()
        data[separators] = 0
        lines = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 2
        return cls(columns, data.tobytes(), bounds, lines, sizes), is_misshapen

    @classmethod
    def join(
        cls, columns: tuple[str, ...], texts: Sequence[tuple[Sequence[str], Sequence[int]]]
    ) -> Grid:
        """Make a grid of rows whose cells are joined by SEPARATOR, and the lines of the rows."""
        joined = SEPARATOR.join(chain([""], chain.from_iterable(rows for rows, _ in texts), [""]))
        data = joined.encode()
        separators = np.flatnonzero(np.frombuffer(data, dtype="u1") == 0)
        lines = np.fromiter(chain.from_iterable(lines for _, lines in texts), "i8")
        sizes = np.array([len(rows) for rows, _ in texts], dtype="i8")
        bounds = _to_bounds(separators, len(columns))
        return cls(columns, data + bytes(_PADDING), bounds, lines, sizes)

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.bounds.shape[1])

    def reorder(self, order: Numbers) -> None:
        """Put the rows into another order; `sizes` is no longer valid then."""
        self.bounds = self.bounds[:, order]
        self.lines = self.lines[order]
        self._order = order

    def place(self, column: str) -> int:
        """Return the index of the column, -1 if there is none; the empty name means none."""
        return self._places.get(column, -1) if column else -1

    @cached_property
    def _places(self) -> dict[str, int]:
        return {column: place for place, column in enumerate(self.columns)}

    def starts(self, columns: int | Sequence[int], rows: Rows = ALL) -> Places:
        """Return where the cells of a column, or of some, begin: a row per column."""
        found: Places = self.bounds[columns, ...][..., rows] + 1
        return found

    def ends(self, column: int) -> Places:
        """Return where the cells of a column end."""
        found: Places = self.bounds[column + 1]
        return found

    def words(self, places: Places, size: int = 8) -> Words:
        """Return two, four or eight bytes from each offset on, as one little-endian number."""
        view = np.ndarray(len(self.data) - size, f"<u{size}", self.data, strides=(1,))
        found: Words = view[places]
        return found

    def runs(self, places: Places, count: int) -> Words:
        """Return `count` words of eight bytes from each offset on: one row per word.

        Fetching a run takes no longer than fetching a word.
        """
        size = 8 * count
        view = np.ndarray(len(self.data) - size, f"V{size}", self.data, strides=(1,))
        found: Words = np.ascontiguousarray(view[places].view("<u8").reshape(len(places), count).T)
        return found

    def cell(self, row: int, column: int) -> str:
        """Return one cell."""
        start, end = self.bounds[column : column + 2, row].tolist()
        return self.data[start + 1 : end].decode()

    def cells(self, rows: Numbers, column: int) -> list[str]:
        """Return some cells of a column."""
        bounds = zip(*self.bounds[column : column + 2, rows].tolist(), strict=True)
        return [self.data[start + 1 : end].decode() for start, end in bounds]

    def row(self, row: int) -> list[str]:
        """Return the cells of a row."""
        start, end = self.bounds[0, row], self.bounds[-1, row]
        return self.data[start + 1 : end].decode().split(SEPARATOR)

    def contains(self, text: bytes, begin: int, end: int) -> bool:
        """Whether the bytes are in some rows; if rows were reordered, in any, which is searched once."""
        if self._order is not None:
            if text not in self._found:
                self._found[text] = text in self.data
            return self._found[text]
        return self.data.find(text, self.bounds[0, begin], self.bounds[-1, end - 1] + 1) >= 0

    def texts(self, column: int) -> list[str]:
        """Return all cells of a column."""
        found = self._cells[column :: len(self.columns)]
        return found if self._order is None else [found[row] for row in self._order.tolist()]

    @cached_property
    def _cells(self) -> list[str]:
        return self.data[1 : -_PADDING - 1].decode().split(SEPARATOR)


def _to_bounds(separators: Numbers, width: int) -> Places:
    """Return the separators around the cells of each row; the first one is before all of them."""
    is_short = int(separators[-1]) < 1 << 31
    first = separators[:-1:width]
    bounds = np.empty((width + 1, len(first)), dtype="i4" if is_short else "i8")
    bounds[0] = first
    bounds[1:] = separators[1:].reshape(len(first), width).T
    return bounds


def to_number(text: bytes) -> int:
    """Return bytes as the number that `Grid.words` gives for them."""
    return int.from_bytes(text, "little")


def to_words(texts: Sequence[bytes], count: int) -> Words:
    """Return the texts as `count` words of eight bytes, padded with NUL: one row per word."""
    joined = b"".join(text.ljust(8 * count, _NUL) for text in texts)
    return np.frombuffer(joined, dtype="<u8").reshape(len(texts), count).T


def count_words(size: int) -> int:
    """Return how many words of eight bytes `size` bytes take."""
    return -(-size // 8)


def is_text(grid: Grid, starts: Places, text: bytes) -> Flags:
    """Whether the text begins at each offset; with a NUL at its end, it is the rest of the cell."""
    count = count_words(len(text))
    expected, kept = to_words([text, b"\xff" * len(text)], count).T
    differs = grid.runs(starts, count) & kept[:, None] != expected[:, None]
    found: Flags = ~np.logical_or.reduce(differs, axis=0)
    return found


def ends_with(grid: Grid, column: int, text: bytes) -> Flags:
    """Whether each cell of a column ends with the text."""
    starts, ends = grid.starts(column), grid.ends(column)
    places = ends - len(text)
    found = np.zeros(len(grid), dtype=bool)
    may = np.flatnonzero(places >= starts)
    found[may] = is_text(grid, places[may], text + _NUL)
    return found
