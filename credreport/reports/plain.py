"""The bytes of many reports as AWS writes them -> typed arrays, at once: the fast road.

A report is plain when nothing in it needs a second look: a header whose columns are all known,
ASCII, no quote, no blank cell, every row as wide as the header, every date, flag and absence
spelt as AWS spells it, one account, names and ARNs in their usual form. Whatever is not plain is
`strange`, and is read by `read.read_report`, cell by cell: what is doubtful is never decided here.

No text is made of a cell: separators are found on the bytes, and a column is a window on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from credreport.schema import (
    ACCOUNT_ID,
    ARN,
    ARN_START,
    CREATED,
    EXTRA_CREDENTIALS,
    JUDGED_SLOTS,
    KNOWN_ABSENCES,
    KNOWN_COLUMNS,
    MFA,
    NEXT_ROTATION,
    NOT_SUPPORTED,
    ROOT_USER,
    SLOTS,
    USER,
    Meaning,
    Slot,
)
from credreport.verdicts.verdict import NEITHER, OFF, ON, Codes, Flags, Instants, Numbers, code

_COMMA, _LINE_END, _SPACE, _COLON, _SLASH, _CLOSING = b",\n :/>"
_NO_INSTANT = np.datetime64("NaT", "s")
_ROOT = ROOT_USER.encode()
_ARN_END_OF_ROOT = b":root"
# A quote may hide a separator; the others would have to be written otherwise in JSON.
_ODD_SIGNS = (b'"', b"\\", b"\x7f")
_HEADER_CELLS = 3  # so many column names make a row a second header
_LONGEST_NAME = 64
_LONGEST_PREFIX = 64
_LONGEST_CELL = 4096
_PADDING = 128
_ARN_ACCOUNT = 12
_A_DAY = 86_400  # seconds
_NOTHING, _NO_INFORMATION = (word.encode() for word in KNOWN_ABSENCES)
_WORDS = {
    _NO_INFORMATION: code(Meaning.ABSENCE),
    NOT_SUPPORTED.encode(): code(Meaning.NOT_SUPPORTED),
}
# What a column's name may begin with, in capitals too, or after a blank.
_HEADER_STARTS = np.zeros(1 << 16, dtype="i1")
_HEADER_STARTS[_SPACE::256] = 1
for _name in KNOWN_COLUMNS:
    for _one, _two in product(*((letter, letter.upper()) for letter in _name[:2])):
        _HEADER_STARTS[ord(_one) + 256 * ord(_two)] = 1
# The columns from the second key on, and what they hold where there is neither key nor certificate.
_FIRST_LATE_SLOT = 2
_LAST_COLUMNS = tuple(
    column
    for slot in SLOTS[_FIRST_LATE_SLOT:]
    for column in (slot.enabled, slot.fallback, slot.last_used, slot.region, slot.service)
    if column
)
_BARE = b",".join(
    b"false" if any(column == slot.enabled for slot in SLOTS) else _NOTHING
    for column in _LAST_COLUMNS
)
Words = npt.NDArray[np.integer[Any]]  # of uint64: the stubs of numpy forget that
Places = npt.NDArray[np.int32] | Numbers
Rows = slice | Numbers
_ALL = slice(None)
_EVERY_BYTE = 0x0101010101010101
# What is left of a word of eight bytes when only the first so many count.
_KEPT = np.array([(1 << 8 * size) - 1 for size in range(9)], dtype="u8")


@dataclass(frozen=True)
class Layout:
    """Where the columns of a header stand. `free` are those whose cells may hold any text.

    Most users have no second key and no certificate: their rows end with the same words. `bare` are
    those words, `bare_slots` tells how many slots they say nothing of; none where the columns stand
    in another order.
    """

    columns: tuple[str, ...]
    user: int
    arn: int
    created: int
    slots: tuple[Slot, ...]
    enabled: tuple[int, ...]
    last_used: tuple[int, ...]
    set_at: tuple[int, ...]
    free: tuple[int, ...]
    extra: int
    bare: bytes
    bare_slots: int


@dataclass(frozen=True)
class PlainText:
    """A report whose bytes may be plain: its header and the rows below it, without the last line end."""

    header: bytes
    body: bytes
    row_count: int


@dataclass(frozen=True)
class PlainUsers:
    """One entry a user of many reports, in their order; a second dimension counts `slots`.

    `report` counts the reports, `line` the lines of each. Meanings are places in MEANINGS, instants
    UTC (NaT where there is none). By report: `accounts`, `newest` (the latest date, NaT where there
    is none), `has_zulu` (a date ends with Z), `strange` (nothing here holds for such a report).
    `out_of_order`, `twice` (with the ordinal) and `arn_differs` are places of users to warn of.
    """

    slots: tuple[Slot, ...]
    report: Numbers
    line: Numbers
    is_root: Flags
    created_at: Instants
    enabled: Codes
    is_unreported: Flags
    last_meaning: Codes
    last_used: Instants
    set_meaning: Codes
    set_at: Instants
    accounts: tuple[str, ...]
    newest: Instants
    has_zulu: Flags
    strange: Flags
    out_of_order: tuple[int, ...]
    twice: tuple[tuple[int, int], ...]
    arn_differs: tuple[int, ...]
    grid: Grid

    def user(self, place: int) -> str:
        """Return a user's name as it stands in the report."""
        return self.grid.text(place, self.grid.layout.user)

    def arn(self, place: int) -> str:
        """Return a user's ARN as it stands in the report."""
        return self.grid.text(place, self.grid.layout.arn)


def to_plain(text: bytes) -> PlainText | None:
    """Return the report's parts if its bytes may be plain, else None."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    header, _, body = text.partition(b"\n")
    if layout_of(header) is None or not body or not text.isascii():
        return None
    if any(sign in text for sign in _ODD_SIGNS):
        return None
    # Every control character is taken for a line end here; the grid finds out if one is none.
    controls = int(np.count_nonzero(np.frombuffer(body, dtype="u1") < _SPACE))
    if body.endswith(b"\n"):
        return PlainText(header, body[:-1], controls)
    return PlainText(header, body, controls + 1)


@lru_cache(maxsize=64)
def layout_of(header: bytes) -> Layout | None:
    """Return where the columns stand, or None for a header that is not plain."""
    columns = tuple(header.decode("ascii", "replace").split(","))
    needed = {USER, ARN, CREATED, MFA, NEXT_ROTATION}
    for slot in JUDGED_SLOTS:
        needed |= {slot.enabled, slot.last_used, slot.fallback}
    known = set(columns)
    if len(known) != len(columns) or not needed <= known <= set(KNOWN_COLUMNS):
        return None
    slots = tuple(slot for slot in SLOTS if {slot.enabled, slot.fallback} <= known)
    if any((slot.enabled in known) != (slot.fallback in known) for slot in SLOTS):
        return None
    place = {column: number for number, column in enumerate(columns)}
    texts = [text for slot in JUDGED_SLOTS for text in (slot.service, slot.region) if text in known]
    has_usual_end = columns[-len(_LAST_COLUMNS) :] == _LAST_COLUMNS
    return Layout(
        columns=columns,
        user=place[USER],
        arn=place[ARN],
        created=place[CREATED],
        slots=slots,
        enabled=tuple(place[slot.enabled] for slot in slots),
        last_used=tuple(place[slot.last_used] for slot in slots if slot.last_used),
        set_at=tuple(place[slot.fallback] for slot in slots),
        free=tuple(place[text] for text in (USER, MFA, NEXT_ROTATION, *texts)),
        extra=place.get(EXTRA_CREDENTIALS, -1),
        bare=_BARE if has_usual_end else b"",
        bare_slots=len(slots) - _FIRST_LATE_SLOT if has_usual_end else 0,
    )


class Grid:
    """The cells of reports that share a header: where each begins and ends in the joined bytes.

    `data` has a comma for every line end, so that each cell is followed by one. `bounds` has a row
    more than there are columns: the commas before the first column, after it, after the second...
    """

    def __init__(self, layout: Layout, reports: Sequence[PlainText]) -> None:
        """Find the separators. `is_misshapen` tells the reports that have a row of another width.

        Their rows are not in the grid. `kept` are the others, `firsts` their first rows.
        """
        self.layout = layout
        self.is_misshapen = np.zeros(len(reports), dtype=bool)
        width = len(layout.columns)
        while True:
            self.kept = np.flatnonzero(~self.is_misshapen)
            whole = [reports[number] for number in self.kept.tolist()]
            self.sizes = np.array([report.row_count for report in whole], dtype="i8")
            text = b"\n".join([*(report.body for report in whole), bytes(_PADDING)])
            self.data = text.replace(b"\n", b",")
            ends = np.flatnonzero(np.frombuffer(self.data, dtype="u1") == _COMMA)
            edges = np.cumsum([0, *(len(report.body) + 1 for report in whole)])
            wrong = np.diff(np.searchsorted(ends, edges)) != self.sizes * width
            if not wrong.any():
                self.report = np.repeat(self.kept, self.sizes)
                table = ends.reshape(-1, width)
                last = np.frombuffer(text, dtype="u1")[table[:, -1]]
                wrong = np.isin(self.kept, self.report[last != _LINE_END])
            if not wrong.any():
                break
            self.is_misshapen[self.kept[wrong]] = True
        self.firsts = np.cumsum(self.sizes) - self.sizes
        is_short = len(self.data) < 1 << 31
        self.bounds = np.empty((width + 1, len(table)), dtype="i4" if is_short else "i8")
        self.bounds[1:] = table.T
        self.bounds[0, :1], self.bounds[0, 1:] = -1, table[:-1, -1]

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.bounds.shape[1]

    def starts(self, columns: int | Sequence[int], rows: Rows = _ALL) -> Places:
        """Return where the cells of a column, or of some, begin: a row a column."""
        found: Places = self.bounds[columns, ...][..., rows] + 1
        return found

    def ends(self, column: int) -> Places:
        """Return where the cells of a column end."""
        found: Places = self.bounds[column + 1]
        return found

    def words(self, places: Places, size: int = 8) -> Words:
        """Return two, four or eight bytes from each of the places on, as one little-endian number."""
        view = np.ndarray(len(self.data) - size, f"<u{size}", self.data, strides=(1,))
        found: Words = view[places]
        return found

    def runs(self, places: Places, count: int) -> Words:
        """Return so many words of eight bytes from each of the places on: a row a word.

        To fetch a run takes no longer than to fetch a word.
        """
        size = 8 * count
        view = np.ndarray(len(self.data) - size, f"V{size}", self.data, strides=(1,))
        found: Words = np.ascontiguousarray(view[places].view("<u8").reshape(-1, count).T)
        return found

    def text(self, row: int, column: int) -> str:
        """Return one cell as text."""
        start, end = self.bounds[column : column + 2, row].tolist()
        return self.data[start + 1 : end].decode("ascii")


def read_plain(reports: Sequence[PlainText]) -> PlainUsers:
    """Return the users of reports that share one header. What is not plain is told as strange."""
    layout = layout_of(reports[0].header)
    assert layout is not None, "to_plain has looked at the header"
    grid = Grid(layout, reports)
    rows, count = len(grid), len(reports)
    odd = _find_unusual_sizes(grid)
    full = _find_full(grid)
    slots = _read_slots(grid, full, odd)
    _mark_odd_texts(grid, odd)
    accounts = _read_accounts(grid, count, odd)
    names = _read_names(grid, odd)
    is_root = _find_root(grid, names, odd)
    strange = grid.is_misshapen | _any_by_report(grid.report, odd, count)
    strange |= np.bincount(grid.report[is_root], minlength=count) > 1
    newest = np.full(count, _NO_INSTANT, dtype="M8[s]")
    if rows:
        newest[grid.kept] = _latest(slots.newest, grid.firsts)
    order = _find_disorder(grid, names, is_root, strange)
    return PlainUsers(
        slots=layout.slots,
        report=grid.report,
        line=np.arange(rows) - np.repeat(grid.firsts, grid.sizes) + 2,
        is_root=is_root,
        created_at=slots.created_at,
        enabled=slots.enabled,
        is_unreported=slots.is_unreported,
        last_meaning=slots.last_meaning,
        last_used=slots.last_used,
        set_meaning=slots.set_meaning,
        set_at=slots.set_at,
        accounts=accounts,
        newest=newest,
        has_zulu=_any_by_report(grid.report, slots.is_zulu, count),
        strange=strange,
        out_of_order=tuple(order.first_late),
        twice=tuple(order.twice),
        arn_differs=tuple(_find_other_arns(grid, names, ~is_root)),
        grid=grid,
    )


def _any_by_report(report: Numbers, rows: Flags, count: int) -> Flags:
    found = np.zeros(count, dtype=bool)
    found[report[rows]] = True
    return found


def _latest(instants: Instants, firsts: Numbers) -> Instants:
    """Return the latest of each report's instants; as a number NaT is the smallest of all."""
    return np.maximum.reduceat(instants.view("i8"), firsts).view("M8[s]")


def _number(text: bytes) -> int:
    return int.from_bytes(text, "little")


def _starts_with(words: Words, text: bytes) -> Flags:
    """Whether the words, which may have more bytes, start with so many."""
    spare = 8 * (words.dtype.itemsize - len(text))
    found: Flags = words << spare == _number(text) << spare
    return found


def _to_words(texts: Iterable[bytes], count: int) -> Words:
    """Return the texts as so many words of eight bytes, NUL behind each text: a row a word."""
    joined = b"".join(text.ljust(8 * count, b"\0") for text in texts)
    return np.frombuffer(joined, dtype="<u8").reshape(-1, count).T


def _is_text(grid: Grid, starts: Places, text: bytes) -> Flags:
    """Whether the text begins at each place; with a comma behind it, it is the whole cell."""
    count = _count_words(len(text))
    expected, kept = _to_words([text, b"\xff" * len(text)], count).T
    differs = grid.runs(starts, count) & kept[:, None] != expected[:, None]
    found: Flags = ~np.logical_or.reduce(differs, axis=0)
    return found


def _count_words(size: int) -> int:
    return -(-size // 8)


def _find_unusual_sizes(grid: Grid) -> Flags:
    """Return the rows with a blank cell, or a very long one."""
    sizes = np.diff(grid.bounds, axis=0)
    found: Flags = np.logical_or.reduce((sizes <= 1) | (sizes > _LONGEST_CELL + 1), axis=0)
    return found


class _Slots:
    """The typed cells of all slots; a row that says nothing of the last ones is not read there."""

    def __init__(self, layout: Layout, rows: int) -> None:
        shape = (len(layout.slots), rows)
        self.enabled = np.full(shape, OFF, dtype="i1")
        self.is_unreported = np.zeros(shape, dtype=bool)
        self.last_meaning = np.full(shape, code(Meaning.ABSENCE), dtype="i1")
        # Certificates have no column of last use.
        self.last_meaning[len(layout.last_used) :] = code(Meaning.NO_COLUMN)
        self.last_used = np.full(shape, _NO_INSTANT, dtype="M8[s]")
        self.set_meaning = np.full(shape, code(Meaning.ABSENCE), dtype="i1")
        self.set_at = np.full(shape, _NO_INSTANT, dtype="M8[s]")
        self.created_at = np.full(rows, _NO_INSTANT, dtype="M8[s]")
        self.newest = np.full(rows, _NO_INSTANT, dtype="M8[s]")
        self.is_zulu = np.zeros(rows, dtype=bool)


def _read_slots(grid: Grid, full: Numbers, odd: Flags) -> _Slots:
    """Read flags and dates; marks rows with a cell that is none of what AWS writes.

    The last slots are read in the `full` rows only.
    """
    layout = grid.layout
    late = len(layout.slots) - layout.bare_slots
    slots = _Slots(layout, len(grid))
    for first, end, rows in ((0, late, _ALL), (late, len(layout.slots), full)):
        flags = _read_flags(grid, layout.enabled[first:end], rows)
        slots.enabled[first:end, rows] = flags.enabled
        slots.is_unreported[first:end, rows] = flags.is_unreported
        used, since = layout.last_used[first:end], layout.set_at[first:end]
        dates = _read_dates(grid, [*used, *since, layout.created], rows)
        tracked = first + len(used)
        slots.last_meaning[first:tracked, rows] = dates.meaning[: len(used)]
        slots.last_used[first:tracked, rows] = dates.instants[: len(used)]
        slots.set_meaning[first:end, rows] = dates.meaning[len(used) : -1]
        slots.set_at[first:end, rows] = dates.instants[len(used) : -1]
        slots.created_at[rows] = dates.instants[-1]
        latest = np.maximum.reduce(dates.instants.view("i8"), axis=0).view("M8[s]")
        slots.newest[rows] = np.fmax(slots.newest[rows], latest)
        slots.is_zulu[rows] |= dates.is_zulu
        odd[rows] |= dates.is_odd | flags.is_odd
    return slots


def _find_full(grid: Grid) -> Numbers:
    """Return the rows that say something of the last slots: whose end is not the usual one."""
    layout = grid.layout
    if not layout.bare:
        return np.arange(0)
    starts = grid.starts(layout.enabled[-layout.bare_slots])
    return np.flatnonzero(~_is_text(grid, starts, layout.bare + b","))


@dataclass(frozen=True)
class _ReadFlags:
    """The flags of some columns and rows: ON, OFF or NEITHER; which say `not_supported`."""

    enabled: Codes
    is_unreported: Flags
    is_odd: Flags


def _read_flags(grid: Grid, columns: Sequence[int], rows: Rows) -> _ReadFlags:
    starts = grid.starts(columns, rows)
    words = grid.words(starts)
    on, off = _starts_with(words, b"true,"), _starts_with(words, b"false,")
    enabled = np.where(on, np.int8(ON), np.where(off, np.int8(OFF), np.int8(NEITHER)))
    neither = ~(on | off)
    is_unreported = np.zeros(neither.shape, dtype=bool)
    is_unreported[neither] = _is_text(grid, starts[neither], NOT_SUPPORTED.encode() + b",")
    is_odd = np.logical_or.reduce(neither & ~is_unreported, axis=0)
    return _ReadFlags(enabled, is_unreported, is_odd)


@dataclass(frozen=True)
class _ReadDates:
    """The date cells of some columns and rows; which rows have one that ends with Z."""

    meaning: Codes
    instants: Instants
    is_zulu: Flags
    is_odd: Flags


def _read_dates(grid: Grid, columns: Sequence[int], rows: Rows) -> _ReadDates:
    starts = grid.starts(columns, rows)
    shape = starts.shape
    starts = starts.ravel()
    meaning = np.full(len(starts), code(Meaning.ABSENCE), dtype="i1")
    instants = np.full(len(starts), _NO_INSTANT, dtype="M8[s]")
    is_zulu = np.zeros(len(starts), dtype=bool)
    # Many cells say N/A: look at all of them, and at what is left in places.
    left = np.flatnonzero(grid.words(starts, 4) != _number(_NOTHING + b","))
    starts = starts[left]
    instants[left], is_zulu[left] = _read_instants(grid.runs(starts, 4))
    no_date = np.isnat(instants[left])
    meaning[left] = np.where(no_date, np.int8(code(Meaning.TEXT)), np.int8(code(Meaning.INSTANT)))
    left, starts = left[no_date], starts[no_date]
    for word, value in _WORDS.items():
        meaning[left[_is_text(grid, starts, word + b",")]] = value
    is_odd = (meaning == code(Meaning.TEXT)).reshape(shape)
    return _ReadDates(
        meaning.reshape(shape),
        instants.reshape(shape),
        np.logical_or.reduce(is_zulu.reshape(shape), axis=0),
        np.logical_or.reduce(is_odd, axis=0),
    )


class _Spelling(NamedTuple):
    """Eight bytes of a date as numbers: what must stand there, and how large each pair may be.

    A digit less its `0` is 0 to 9 if its upper half is empty, and still so after 6 is added to it.
    A pair is at most a number if adding 127 less that number leaves its highest bit empty.
    """

    pattern: int
    shape: int
    six: int
    slack: int
    highest: int


def _to_spelling(pattern: bytes, largest: Mapping[int, int]) -> _Spelling:
    """Return the spelling of a pattern; `largest` gives by place what two digits may be at most."""
    is_digit = [byte == ord("0") for byte in pattern]
    return _Spelling(
        _number(pattern),
        _number(bytes(0xF0 if each else 0xFF for each in is_digit)),
        _number(bytes(6 if each else 0 for each in is_digit)),
        sum((0x7F - most) << 8 * place for place, most in largest.items()),
        sum(0x80 << 8 * place for place in largest),
    )


_MONTH = _to_spelling(b"0000-00-", {5: 12})
_MINUTE = _to_spelling(b"00T00:00", {0: 31, 3: 23, 6: 59})
_SECOND = _to_spelling(b":00", {1: 59})


def _read_pairs(words: Words, spelling: _Spelling) -> tuple[Words, Words]:
    """Return what each byte and the next spell as two digits; not 0 where a byte is a wrong one."""
    digits = words ^ spelling.pattern
    pairs = digits * 10 + (digits >> 8)
    faults = ((digits + spelling.six) | digits) & spelling.shape
    faults |= (pairs + spelling.slack) & spelling.highest
    return pairs, faults


def _read_instants(words: Words) -> tuple[Instants, Flags]:
    """Return the instants that cells spell in four words, and which of them end with Z.

    NaT where a cell is not spelt as AWS does, or no calendar or clock has that instant.
    """
    first, second, third, last = words
    months, faults = _read_pairs(first, _MONTH)
    minutes, more = _read_pairs(second, _MINUTE)
    faults |= more
    seconds, more = _read_pairs(third, _SECOND)
    faults |= more
    zone = third >> 24
    is_zulu = zone & 0xFFFF == _number(b"Z,")
    is_offset = (zone == _number(b"+00:0")) & (last & 0xFFFF == _number(b"0,"))
    # Pairs are brought side by side by multiplying: century, year and month; hour and minute.
    month = (months & 0xFF0000FF00FF) * (1600 << 40 | 16 << 24 | 1) >> 40 & 0x3FFFF
    clock = (minutes >> 24 & 0xFF0000FF) * (3600 << 24 | 60) >> 24 & 0x3FFFF
    day = minutes & 0xFF
    calendar = _calendar()
    is_right = (faults == 0) & (is_zulu | is_offset) & (day - 1 < calendar.days[month])
    clock += day * _A_DAY + (seconds >> 8 & 0xFF)
    instants = (calendar.starts[month] + clock.view("i8")).view("M8[s]")
    instants[~is_right] = _NO_INSTANT
    return instants, is_zulu


@dataclass(frozen=True)
class _Calendar:
    """The months of the years 1 to 9999, at place 16 x year + month; no days at any other place.

    `starts` are the instants, as numbers, a day before each month.
    """

    starts: Numbers
    days: npt.NDArray[np.uint8]


@lru_cache(maxsize=1)
def _calendar() -> _Calendar:
    months = np.arange("0001-01", "10000-02", dtype="M8[M]").astype("M8[D]").astype("i8")
    starts, days = np.zeros((1 << 14, 16), dtype="i8"), np.zeros((1 << 14, 16), dtype="u1")
    starts[1:10_000, 1:13] = (months[:-1].reshape(-1, 12) - 1) * _A_DAY
    days[1:10_000, 1:13] = np.diff(months).reshape(-1, 12)
    return _Calendar(starts.ravel(), days.ravel())


def _mark_odd_texts(grid: Grid, odd: Flags) -> None:
    """Mark rows that could be a second header, and those that say more than usual."""
    layout = grid.layout
    starts = grid.starts(layout.free)
    likely = np.add.reduce(_HEADER_STARTS[grid.words(starts, 2)], axis=0, dtype="i1")
    for row in np.flatnonzero(likely >= _HEADER_CELLS).tolist():
        cells = {grid.text(row, column).strip().lower() for column in layout.free}
        odd[row] |= len(cells & set(KNOWN_COLUMNS)) >= _HEADER_CELLS
    if layout.extra >= 0:
        starts = grid.starts(layout.extra)
        nothing = grid.words(starts, 4) == _number(_NOTHING + b",")
        odd |= ~(nothing | _is_text(grid, starts, _NO_INFORMATION + b","))


def _read_accounts(grid: Grid, count: int, odd: Flags) -> tuple[str, ...]:
    """Return the account of each report's first row; marks rows whose ARN begins otherwise."""
    accounts = [""] * count
    column = grid.layout.arn
    prefixes = [_to_prefix(grid.text(row, column)) for row in grid.firsts.tolist()]
    for number, prefix in zip(grid.kept.tolist(), prefixes, strict=True):
        accounts[number] = prefix[-_ARN_ACCOUNT - 1 : -1].decode()
    starts = grid.starts(column)
    sizes = np.array([len(prefix) for prefix in prefixes], dtype="i8")
    odd |= np.repeat(sizes == 0, grid.sizes)
    odd |= grid.ends(column) - starts <= np.repeat(sizes, grid.sizes)
    count = _count_words(int(sizes.max(initial=1)))
    expected = np.repeat(_to_words(prefixes, count), grid.sizes, axis=1)
    kept = np.repeat(_to_words([b"\xff" * size for size in sizes], count), grid.sizes, axis=1)
    odd |= np.logical_or.reduce(grid.runs(starts, count) & kept != expected, axis=0)
    return tuple(accounts)


def _to_prefix(arn: str) -> bytes:
    """Return such as `arn:aws:iam::123456789012:`, or nothing where it is not of that form."""
    match = ARN_START.match(arn[:_LONGEST_PREFIX])
    return match[0].encode() if match and ACCOUNT_ID.fullmatch(match[1]) else b""


def _cut(words: Words, sizes: Places) -> Words:
    """Return texts of several words with nothing behind the first so many bytes of each."""
    left = [np.clip(sizes - 8 * number, 0, 8) for number in range(len(words))]
    cut: Words = words & _KEPT[np.array(left)]
    return cut


def _to_small(words: Words) -> Words:
    """Return ASCII in small letters: a byte has its highest bit set from `A` on, but not after `Z`."""
    from_a = words + (0x80 - ord("A")) * _EVERY_BYTE
    after_z = words + (0x7F - ord("Z")) * _EVERY_BYTE
    return words | (from_a & ~after_z & 0x80 * _EVERY_BYTE) >> 2


def _holds(words: Words, sign: int) -> Flags:
    """Whether a byte of ASCII words is the sign: only 0 stays below 128 when 127 is added."""
    found: Flags = ~((words ^ sign * _EVERY_BYTE) + 0x7F * _EVERY_BYTE) & 0x80 * _EVERY_BYTE != 0
    return found


def _read_names(grid: Grid, odd: Flags) -> Words:
    """Return the names, eight bytes a word and a row a word; marks rows with an unusual one."""
    starts, ends = grid.starts(grid.layout.user), grid.ends(grid.layout.user)
    sizes = ends - starts
    odd |= sizes > _LONGEST_NAME
    longest = min(int(sizes.max(initial=len(_ROOT))), _LONGEST_NAME)
    names = _cut(grid.runs(starts, _count_words(longest)), sizes)
    odd |= np.logical_or.reduce(_holds(names, _SLASH) | _holds(names, _COLON), axis=0)
    odd |= names[0] & 0xFF == _SPACE
    return names


def _find_root(grid: Grid, names: Words, odd: Flags) -> Flags:
    """Return which row is root's: name and ARN must both say so, exactly, else the row is marked."""
    root = _to_words([_ROOT], len(names))
    by_name: Flags = np.logical_and.reduce(_to_small(names) == root, axis=0)
    is_spelt_otherwise = by_name & np.logical_or.reduce(names != root, axis=0)
    tails = grid.words(np.maximum(grid.ends(grid.layout.arn) - 7, 0))  # the comma behind it too
    by_arn = tails >> 16 == _number(_ARN_END_OF_ROOT + b",")
    odd |= (by_name != by_arn) | is_spelt_otherwise | (tails >> 48 & 0xFF == _CLOSING)
    return by_name


def _find_other_arns(grid: Grid, names: Words, is_user: Flags) -> Iterator[int]:
    """Yield the users whose ARN does not end with their name, capitals apart."""
    user, arn = grid.layout.user, grid.layout.arn
    sizes = grid.ends(user) - grid.starts(user)
    starts = np.maximum(grid.ends(arn) - sizes, 1)
    before = grid.words(starts - 1, 2) & 0xFF
    differs = (before != _SLASH) & (before != _COLON)
    tails = _cut(grid.runs(starts, len(names)), sizes)
    differs |= np.logical_or.reduce(names != tails, axis=0)
    for row in np.flatnonzero(is_user & differs).tolist():
        name = grid.text(row, user).lower()
        if not grid.text(row, arn).lower().endswith((f"/{name}", f":{name}")):
            yield row


@dataclass(frozen=True)
class _Disorder:
    first_late: list[int]
    twice: list[tuple[int, int]]


def _find_disorder(grid: Grid, names: Words, is_root: Flags, strange: Flags) -> _Disorder:
    """Find each report's first row out of AWS's order, and the users that stand in one twice."""
    report = grid.report
    twice: list[tuple[int, int]] = []
    is_before, is_same = _compare(names)
    follows = report[1:] == report[:-1]
    both = ~is_root[1:] & ~is_root[:-1]
    is_late = follows & ((is_root[1:] & ~is_root[:-1]) | (both & is_before))
    is_suspect = is_late | (follows & both & is_same)
    places = np.flatnonzero(is_late) + 1
    _, first = np.unique(report[places], return_index=True)
    late = places[first].tolist()
    for number in np.unique(report[1:][is_suspect]).tolist():
        if strange[number]:
            continue
        begin, end = np.searchsorted(report, [number, number + 1]).tolist()
        texts = [grid.text(row, grid.layout.user).lower() for row in range(begin, end)]
        twice += _count_twice(texts, begin)
    return _Disorder(late, twice)


def _compare(names: Words) -> tuple[Flags, Flags]:
    """Tell of each name but the first whether it belongs before the one above it, and is the same."""
    count = max(names.shape[1] - 1, 0)
    is_before, is_same = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
    for words in _to_small(names):
        big = words.byteswap()  # the first letter counts most
        is_before |= is_same & (big[1:] < big[:-1])
        is_same &= big[1:] == big[:-1]
    return is_before, is_same


def _count_twice(names: list[str], begin: int) -> Iterator[tuple[int, int]]:
    """Yield the place and the ordinal of every name that stands there more than once."""
    total = Counter(names)
    seen: Counter[str] = Counter()
    for place, name in enumerate(names, start=begin):
        if total[name] > 1:
            seen[name] += 1
            yield place, seen[name]
