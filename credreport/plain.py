"""The bytes of many reports as AWS writes them -> typed arrays, at once: the fast road.

A report is plain when nothing in it needs a second look: a header whose columns are all known,
ASCII, no quote, no blank cell, every row as wide as the header, every date, flag and absence
spelt as AWS spells it, one account, names and ARNs in their usual form. Whatever is not plain is
`strange`, and is read by `read.read_report`, cell by cell: what is doubtful is never decided here.

No text is made of a cell: separators are found on the bytes, and a column is a window on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
from credreport.verdict import NEITHER, OFF, ON, Codes, Flags, Instants, Numbers, code

_COMMA, _LINE_END, _SPACE, _COLON, _SLASH, _CLOSING = b",\n :/>"
_NO_INSTANT = np.datetime64("NaT", "s")
_INSTANT = b"0000-00-00T00:00:00"
_ZULU, _OFFSET = b"Z", b"+00:00"
_ROOT = ROOT_USER.encode()
_ARN_END_OF_ROOT = b":root"
# A quote may hide a separator; the others would have to be written otherwise in JSON.
_ODD_SIGNS = (b'"', b"\\", b"\x7f")
_HEADER_CELLS = 3  # so many column names make a row a second header
_LONGEST_NAME = 64
_LONGEST_CELL = 4096
_PADDING = 128
_ARN_ACCOUNT = 12
_NOTHING, _NO_INFORMATION = (word.encode() for word in KNOWN_ABSENCES)
_WORDS = {
    _NO_INFORMATION: code(Meaning.ABSENCE),
    NOT_SUPPORTED.encode(): code(Meaning.NOT_SUPPORTED),
}
# What a column's name may begin with, in capitals too, or after a blank.
_HEADER_LETTERS = np.zeros(256, dtype="i1")
_HEADER_LETTERS[[*{ord(name[0]) for name in KNOWN_COLUMNS}, _SPACE]] = 1
_HEADER_LETTERS[[ord(name[0].upper()) for name in KNOWN_COLUMNS]] = 1
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
_LOWER = np.arange(256, dtype="u1")
_LOWER[ord("A") : ord("Z") + 1] += ord("a") - ord("A")

Words = npt.NDArray[np.uint64]
Rows = slice | Numbers
_ALL = slice(None)


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
    """The cells of reports that share a header: where each begins and ends in the joined bytes."""

    def __init__(self, layout: Layout, reports: Sequence[PlainText]) -> None:
        """Find the separators. `is_misshapen` tells the reports that have a row of another width.

        Their rows are not in the grid.
        """
        self.layout = layout
        self.is_misshapen = np.zeros(len(reports), dtype=bool)
        width = len(layout.columns)
        while True:
            kept = np.flatnonzero(~self.is_misshapen)
            whole = [reports[number] for number in kept.tolist()]
            self.sizes = np.array([report.row_count for report in whole], dtype="i8")
            self.data = b"\n".join([*(report.body for report in whole), bytes(_PADDING)])
            self.bytes = np.frombuffer(self.data, dtype="u1")
            ends = np.flatnonzero((self.bytes == _COMMA) | (self.bytes == _LINE_END))
            bounds = np.cumsum([0, *(len(report.body) + 1 for report in whole)])
            cells = np.diff(np.searchsorted(ends, bounds))
            wrong = cells != self.sizes * width
            if not wrong.any():
                self.report = np.repeat(kept, self.sizes)
                self.ends = ends.reshape(-1, width)
                wrong = np.isin(kept, self.report[self.bytes[self.ends[:, -1]] != _LINE_END])
            if not wrong.any():
                break
            self.is_misshapen[kept[wrong]] = True
        self.lengths = np.diff(self.ends.ravel(), prepend=-1).reshape(self.ends.shape) - 1

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ends)

    def places(self, columns: Sequence[int], rows: Rows = _ALL) -> tuple[Numbers, Numbers]:
        """Return where the cells of some columns begin, and how long they are."""
        at = (
            (rows, list(columns))
            if isinstance(rows, slice)
            else np.ix_(rows, np.array(columns, dtype="i8"))
        )
        lengths = self.lengths[at]
        return self.ends[at] - lengths, lengths

    def numbers(self, places: Numbers, size: int) -> Words:
        """Return four or eight bytes from each of the places on, as one little-endian number."""
        view = np.ndarray(len(self.data) - size, f"<u{size}", self.data, strides=(1,))
        found: Words = view[places]
        return found

    def texts(self, places: Numbers, width: int) -> npt.NDArray[np.bytes_]:
        """Return so many bytes from each of the places on. (No byte is NUL, so none is lost.)"""
        view = np.ndarray(len(self.data) - width, f"S{width}", self.data, strides=(1,))
        found: npt.NDArray[np.bytes_] = view[places]
        return found

    def text(self, row: int, column: int) -> str:
        """Return one cell as text."""
        end = self.ends[row, column]
        return self.data[end - self.lengths[row, column] : end].decode("ascii")


def read_plain(reports: Sequence[PlainText]) -> PlainUsers:
    """Return the users of reports that share one header. What is not plain is told as strange."""
    layout = layout_of(reports[0].header)
    assert layout is not None, "to_plain has looked at the header"
    grid = Grid(layout, reports)
    rows, count = len(grid), len(reports)
    odd = np.zeros(rows, dtype=bool)
    unusual = np.flatnonzero((grid.lengths == 0) | (grid.lengths > _LONGEST_CELL))
    odd[unusual // len(layout.columns)] = True
    slots = _read_slots(grid, odd)
    _mark_odd_texts(grid, odd)
    accounts = _read_accounts(grid, count, odd)
    names = _read_names(grid, odd)
    is_root = _find_root(grid, names, odd)
    strange = grid.is_misshapen | _any_by_report(grid.report, odd, count)
    strange |= np.bincount(grid.report[is_root], minlength=count) > 1
    newest = np.full(count, _NO_INSTANT, dtype="M8[s]")
    if rows:
        first = np.flatnonzero(np.diff(grid.report, prepend=-1))
        newest[grid.report[first]] = np.fmax.reduceat(slots.newest, first)
    line = np.arange(rows) - np.repeat(np.cumsum(grid.sizes) - grid.sizes, grid.sizes) + 2
    order = _find_disorder(grid.report, names, is_root, strange)
    return PlainUsers(
        slots=layout.slots,
        report=grid.report,
        line=line,
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


def _is_word(grid: Grid, starts: Numbers, sizes: Numbers, word: bytes) -> Flags:
    """Whether each cell is the word, which has eight letters or more.

    Two numbers are compared, of its first and of its last bytes: they overlap in the middle.
    """
    found: Flags = sizes == len(word)
    last = len(word) - 8
    starts = starts[found]
    is_word = grid.numbers(starts, 8) == _number(word[:8])
    found[found] = is_word & (grid.numbers(starts + last, 8) == _number(word[last:]))
    return found


def _is_nothing(grid: Grid, starts: Numbers, sizes: Numbers) -> Flags:
    """Whether each cell is `N/A`."""
    found: Flags = (sizes == len(_NOTHING)) & (
        grid.numbers(starts, 4) & 0xFFFFFF == _number(_NOTHING)
    )
    return found


class _Slots:
    """The typed cells of all slots; a row that says nothing of the last ones is not read there."""

    def __init__(self, layout: Layout, rows: int) -> None:
        shape = (rows, len(layout.slots))
        self.enabled = np.full(shape, OFF, dtype="i1")
        self.is_unreported = np.zeros(shape, dtype=bool)
        self.last_meaning = np.full(shape, code(Meaning.ABSENCE), dtype="i1")
        # Certificates have no column of last use.
        self.last_meaning[:, len(layout.last_used) :] = code(Meaning.NO_COLUMN)
        self.last_used = np.full(shape, _NO_INSTANT, dtype="M8[s]")
        self.set_meaning = np.full(shape, code(Meaning.ABSENCE), dtype="i1")
        self.set_at = np.full(shape, _NO_INSTANT, dtype="M8[s]")
        self.created_at = np.full(rows, _NO_INSTANT, dtype="M8[s]")
        self.newest = np.full(rows, _NO_INSTANT, dtype="M8[s]")
        self.is_zulu = np.zeros(rows, dtype=bool)


def _read_slots(grid: Grid, odd: Flags) -> _Slots:
    """Read flags and dates; marks rows with a cell that is none of what AWS writes."""
    layout = grid.layout
    late = len(layout.slots) - layout.bare_slots
    slots = _Slots(layout, len(grid))
    created = _read_dates(grid, [layout.created], _ALL)
    slots.created_at = created.instants[:, 0]
    slots.newest, slots.is_zulu = slots.created_at.copy(), created.is_zulu
    odd |= created.is_odd
    for first, end, rows in ((0, late, _ALL), (late, len(layout.slots), _find_full(grid))):
        flags = _read_flags(grid, layout.enabled[first:end], rows)
        slots.enabled[rows, first:end] = flags.enabled
        slots.is_unreported[rows, first:end] = flags.is_unreported
        used = layout.last_used[first:end]
        dates = _read_dates(grid, [*used, *layout.set_at[first:end]], rows)
        tracked = first + len(used)
        slots.last_meaning[rows, first:tracked] = dates.meaning[:, : len(used)]
        slots.last_used[rows, first:tracked] = dates.instants[:, : len(used)]
        slots.set_meaning[rows, first:end] = dates.meaning[:, len(used) :]
        slots.set_at[rows, first:end] = dates.instants[:, len(used) :]
        slots.newest[rows] = np.fmax(
            slots.newest[rows], np.fmax.reduce(dates.instants, axis=1, initial=_NO_INSTANT)
        )
        slots.is_zulu[rows] |= dates.is_zulu
        odd[rows] |= dates.is_odd | flags.is_odd
    return slots


def _find_full(grid: Grid) -> Numbers:
    """Return the rows that say something of the last slots: whose end is not the usual one."""
    bare, layout = grid.layout.bare, grid.layout
    if not bare:
        return np.arange(0)
    starts, _ = grid.places([layout.enabled[-layout.bare_slots]])
    starts, ends = starts[:, 0], grid.ends[:, -1]
    is_bare = ends - starts == len(bare)
    for first in (*range(0, len(bare) - 8, 8), len(bare) - 8):
        is_bare &= grid.numbers(starts + first, 8) == _number(bare[first : first + 8])
    return np.flatnonzero(~is_bare)


@dataclass(frozen=True)
class _ReadFlags:
    """The flags of some columns and rows: ON, OFF or NEITHER; which say `not_supported`."""

    enabled: Codes
    is_unreported: Flags
    is_odd: Flags


def _read_flags(grid: Grid, columns: Sequence[int], rows: Rows) -> _ReadFlags:
    starts, sizes = grid.places(columns, rows)
    head = grid.numbers(starts, 4)
    on = (sizes == len(b"true")) & (head == _number(b"true"))
    off = (sizes == len(b"false")) & (head == _number(b"fals"))
    off &= grid.numbers(starts + 1, 4) == _number(b"alse")
    neither = ~(on | off)
    is_unreported = np.zeros(sizes.shape, dtype=bool)
    is_unreported[neither] = _is_word(grid, starts[neither], sizes[neither], NOT_SUPPORTED.encode())
    is_odd = np.logical_or.reduce(neither & ~is_unreported, axis=1)
    enabled = np.where(on, np.int8(ON), np.where(off, np.int8(OFF), np.int8(NEITHER)))
    return _ReadFlags(enabled, is_unreported, is_odd)


@dataclass(frozen=True)
class _ReadDates:
    """The date cells of some columns and rows; which rows have one that ends with Z."""

    meaning: Codes
    instants: Instants
    is_zulu: Flags
    is_odd: Flags


def _read_dates(grid: Grid, columns: Sequence[int], rows: Rows) -> _ReadDates:
    starts, sizes = grid.places(columns, rows)
    shape = starts.shape
    starts, sizes = starts.ravel(), sizes.ravel()
    meaning = np.full(len(sizes), code(Meaning.TEXT), dtype="i1")
    instants = np.full(len(sizes), _NO_INSTANT, dtype="M8[s]")
    ends_with_z = np.zeros(len(sizes), dtype=bool)
    # Many cells say N/A: look at all of them, and at what is left in places.
    absent = _is_nothing(grid, starts, sizes)
    meaning[absent] = code(Meaning.ABSENCE)
    left = np.flatnonzero(~absent)
    starts, sizes = starts[left], sizes[left]
    for zone in (_ZULU, _OFFSET):
        mine = np.flatnonzero(sizes == len(_INSTANT + zone))
        mine = mine[_is_spelt(grid, starts[mine], zone)]
        instants[left[mine]] = _to_instants(grid.texts(starts[mine], len(_INSTANT)))
        if zone == _ZULU:
            ends_with_z[left[mine]] = True
    meaning[~np.isnat(instants)] = code(Meaning.INSTANT)
    for word, value in _WORDS.items():
        meaning[left[_is_word(grid, starts, sizes, word)]] = value
    is_odd = (meaning == code(Meaning.TEXT)).reshape(shape)
    return _ReadDates(
        meaning.reshape(shape),
        instants.reshape(shape),
        np.logical_or.reduce(ends_with_z.reshape(shape), axis=1),
        np.logical_or.reduce(is_odd, axis=1),
    )


def _is_spelt(grid: Grid, starts: Numbers, zone: bytes) -> Flags:
    """Whether digits, separators and zone of an instant stand where they belong.

    Eight bytes are looked at in one go. Their upper halves (of a separator the whole byte) must be
    those of the pattern; so must be those of a digit to which 6 was added, for that tells 0 to 9
    from the six signs that follow.
    """
    pattern = _INSTANT + zone
    digits = [place for place, byte in enumerate(_INSTANT) if byte == ord("0")]
    is_right = np.ones(len(starts), dtype=bool)
    for first in (*range(0, len(pattern) - 8, 8), len(pattern) - 8):
        expected = pattern[first : first + 8]
        here = [first + offset in digits for offset in range(8)]
        shape = bytes(0xF0 if is_digit else 0xFF for is_digit in here)
        upper = bytes(0xF0 if is_digit else 0 for is_digit in here)
        six = bytes(6 if is_digit else 0 for is_digit in here)
        cells = grid.numbers(starts + first, 8)
        is_right &= (cells & _number(shape)) == _number(expected)
        is_right &= ((cells + _number(six)) & _number(upper)) == _number(
            bytes(byte if is_digit else 0 for byte, is_digit in zip(expected, here, strict=True))
        )
    # numpy has a year 0, the calendar has not
    is_right &= grid.numbers(starts, 4) != _number(b"0000")
    return is_right


def _number(text: bytes) -> int:
    return int.from_bytes(text, "little")


def _to_instants(texts: npt.NDArray[np.bytes_]) -> Instants:
    """Return the instants that the texts spell, NaT for one that no calendar or clock has."""
    try:
        return texts.astype("M8[s]")
    except ValueError:
        return np.array([_to_instant(text) for text in texts.tolist()], dtype="M8[s]")


def _to_instant(text: bytes) -> np.datetime64:
    try:
        return np.datetime64(text.decode(), "s")
    except ValueError:
        return _NO_INSTANT


def _mark_odd_texts(grid: Grid, odd: Flags) -> None:
    """Mark rows that could be a second header, and those that say more than usual."""
    layout = grid.layout
    likely = np.zeros(len(grid), dtype="i1")
    for column in layout.free:
        starts, _ = grid.places([column])
        letter = grid.bytes[starts[:, 0]]
        likely += _HEADER_LETTERS[letter]
        if column == layout.user:
            odd |= letter == _SPACE
    for row in np.flatnonzero(likely >= _HEADER_CELLS).tolist():
        cells = {grid.text(row, column).strip().lower() for column in layout.free}
        odd[row] |= len(cells & set(KNOWN_COLUMNS)) >= _HEADER_CELLS
    if layout.extra >= 0:
        starts, sizes = (each[:, 0] for each in grid.places([layout.extra]))
        odd |= ~(_is_nothing(grid, starts, sizes) | _is_word(grid, starts, sizes, _NO_INFORMATION))


def _read_accounts(grid: Grid, count: int, odd: Flags) -> tuple[str, ...]:
    """Return the account of each report's first row; marks rows whose ARN begins otherwise."""
    accounts = [""] * count
    column = grid.layout.arn
    starts, lengths = (each[:, 0] for each in grid.places([column]))
    first = np.flatnonzero(np.diff(grid.report, prepend=-1))
    prefixes = [_to_prefix(grid.text(row, column)) for row in first.tolist()]
    sizes = np.array([len(prefix) for prefix in prefixes])
    for row, prefix in zip(first.tolist(), prefixes, strict=True):
        accounts[grid.report[row]] = prefix[-_ARN_ACCOUNT - 1 : -1].decode()
    in_section = np.repeat(np.arange(len(first)), np.diff(first, append=len(grid)))
    for size in np.unique(sizes).tolist():
        mine = np.flatnonzero(sizes[in_section] == size)
        if not size:
            odd[mine] = True
            continue
        expected = np.array([prefix.ljust(size)[:size] for prefix in prefixes], dtype=f"S{size}")
        same = grid.texts(starts[mine], size) == expected[in_section[mine]]
        odd[mine] |= ~same | (lengths[mine] <= size)
    return tuple(accounts)


def _to_prefix(arn: str) -> bytes:
    """Return such as `arn:aws:iam::123456789012:`, or nothing where it is not of that form."""
    match = ARN_START.match(arn)
    return match[0].encode() if match and ACCOUNT_ID.fullmatch(match[1]) else b""


def _read_names(grid: Grid, odd: Flags) -> npt.NDArray[np.bytes_]:
    """Return the names in small letters; marks rows with an unusual one."""
    starts, sizes = (each[:, 0] for each in grid.places([grid.layout.user]))
    odd |= sizes > _LONGEST_NAME
    widest = min(int(sizes.max(initial=1)), _LONGEST_NAME)
    names = _cut(grid.texts(starts, widest), sizes)
    letters = names.view("u1").reshape(-1, widest)
    odd |= ((letters == _SLASH) | (letters == _COLON)).any(axis=1)
    return names


def _cut(texts: npt.NDArray[np.bytes_], sizes: Numbers) -> npt.NDArray[np.bytes_]:
    """Return the texts in small letters, with nothing behind the first so many bytes of each."""
    width = texts.dtype.itemsize
    letters = _LOWER[texts.view("u1").reshape(-1, width)]
    letters *= np.arange(width) < sizes[:, None]
    small: npt.NDArray[np.bytes_] = letters.view(texts.dtype).ravel()
    return small


def _find_root(grid: Grid, names: npt.NDArray[np.bytes_], odd: Flags) -> Flags:
    """Return which row is root's: name and ARN must both say so, else the row is marked."""
    ends, size = grid.ends[:, grid.layout.arn], len(_ARN_END_OF_ROOT)
    by_name: Flags = names == _ROOT
    starts = np.maximum(ends - size, 0)
    by_arn = grid.texts(starts, size) == _ARN_END_OF_ROOT
    odd |= (by_name != by_arn) | (grid.bytes[ends - 1] == _CLOSING)
    return by_name


def _find_other_arns(grid: Grid, names: npt.NDArray[np.bytes_], is_user: Flags) -> Iterator[int]:
    """Yield the users whose ARN does not end with their name, capitals apart."""
    sizes = grid.lengths[:, grid.layout.user]
    starts = np.maximum(grid.ends[:, grid.layout.arn] - sizes, 1)
    tails = _cut(grid.texts(starts, names.dtype.itemsize), sizes)
    before = grid.bytes[starts - 1]
    same = (tails == names) & ((before == _SLASH) | (before == _COLON))
    yield from np.flatnonzero(is_user & ~same).tolist()


@dataclass(frozen=True)
class _Disorder:
    first_late: list[int]
    twice: list[tuple[int, int]]


def _find_disorder(
    report: Numbers, names: npt.NDArray[np.bytes_], is_root: Flags, strange: Flags
) -> _Disorder:
    """Find each report's first row out of AWS's order, and the users that stand in one twice."""
    twice: list[tuple[int, int]] = []
    follows = report[1:] == report[:-1]
    both = ~is_root[1:] & ~is_root[:-1]
    is_late = follows & ((is_root[1:] & ~is_root[:-1]) | (both & (names[1:] < names[:-1])))
    is_suspect = is_late | (follows & both & (names[1:] == names[:-1]))
    places = np.flatnonzero(is_late) + 1
    _, first = np.unique(report[places], return_index=True)
    late = places[first].tolist()
    for number in np.unique(report[1:][is_suspect]).tolist():
        if strange[number]:
            continue
        begin, end = np.searchsorted(report, [number, number + 1]).tolist()
        twice += _count_twice(names[begin:end].tolist(), begin)
    return _Disorder(late, twice)


def _count_twice(names: list[bytes], begin: int) -> Iterator[tuple[int, int]]:
    """Yield the place and the ordinal of every name that stands there more than once."""
    total = Counter(names)
    seen: Counter[bytes] = Counter()
    for place, name in enumerate(names, start=begin):
        if total[name] > 1:
            seen[name] += 1
            yield place, seen[name]
