"""Grid -> typed arrays: what every flag and every date cell says.

The cells that AWS writes are read as numbers, many at once. What is left over, an offset, a
fraction, any other text, is read cell by cell with `parse_instant`: there is one definition of a date,
and the arrays are its fast path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from credreport.arrays import Codes, Flags, Instants, Numbers, Rows, Words
from credreport.instants import parse_instant
from credreport.reports.grid import ALL, Grid, is_text, to_number
from credreport.schema import (
    CREATED,
    KNOWN_ABSENCES,
    NOT_SUPPORTED,
    SLOTS,
    Meaning,
)
from credreport.verdicts.status import INSTANT_UNIT, NEITHER, OFF, ON, code

_NUL = b"\0"
_NO_INSTANT = np.iinfo("i8").min  # NaT as a number: the smallest of all
_A_SECOND = 1_000_000  # microseconds
_A_DAY = 86_400  # seconds
_NOTHING, _NO_INFORMATION = (word.encode() for word in KNOWN_ABSENCES)
_WORDS = {
    _NO_INFORMATION: code(Meaning.ABSENCE),
    NOT_SUPPORTED.encode(): code(Meaning.NOT_SUPPORTED),
}
_SMALL = 0x20  # set in an upper-case letter, gives the lower-case one, which has it already
_ZULU = ord("Z")
# The columns from the second key on, and what they contain where there is neither key nor certificate.
_FIRST_LATE_SLOT = 2
_LAST_COLUMNS = tuple(
    column
    for slot in SLOTS[_FIRST_LATE_SLOT:]
    for column in (slot.enabled, slot.fallback, slot.last_used, slot.region, slot.service)
    if column
)
_BARE = _NUL.join(
    b"false" if any(column == slot.enabled for slot in SLOTS) else _NOTHING
    for column in _LAST_COLUMNS
)


@dataclass(frozen=True)
class Typed:
    """The flags and dates of users: the first dimension counts SLOTS, the second users.

    enabled: ON, OFF or NEITHER; NEITHER where there is no such column.
    is_unreported: whether the flag says `not_supported`.
    last_meaning, set_meaning: indices in MEANINGS.
    last_used, set_at: UTC instants, NaT unless the meaning is INSTANT.
    created_at: when each user was created, NaT where that cannot be read.
    newest: the latest of all these of each user.
    is_zulu: whether one of the user's dates ends with Z.
    is_elsewhere: whether one of the user's dates has an offset other than that of UTC.
    """

    enabled: Codes
    is_unreported: Flags
    last_meaning: Codes
    last_used: Instants
    set_meaning: Codes
    set_at: Instants
    created_at: Instants
    newest: Instants
    is_zulu: Flags
    is_elsewhere: Flags


def read_cells(grid: Grid) -> Typed:
    """Read the flags and dates of all slots.

    Most users have no second key and no certificate: in AWS's order of columns such rows end
    with the same bytes, and their last slots are not looked at one by one.
    """
    rows, shape = len(grid), (len(SLOTS), len(grid))
    typed = Typed(
        enabled=np.full(shape, OFF, dtype="i1"),
        is_unreported=np.zeros(shape, dtype=bool),
        last_meaning=np.full(shape, code(Meaning.ABSENCE), dtype="i1"),
        last_used=np.full(shape, _NO_INSTANT, dtype="i8").view(INSTANT_UNIT),
        set_meaning=np.full(shape, code(Meaning.ABSENCE), dtype="i1"),
        set_at=np.full(shape, _NO_INSTANT, dtype="i8").view(INSTANT_UNIT),
        created_at=np.full(rows, _NO_INSTANT, dtype="i8").view(INSTANT_UNIT),
        newest=np.full(rows, _NO_INSTANT, dtype="i8").view(INSTANT_UNIT),
        is_zulu=np.zeros(rows, dtype=bool),
        is_elsewhere=np.zeros(rows, dtype=bool),
    )
    if grid.columns[-len(_LAST_COLUMNS) :] == _LAST_COLUMNS:
        starts = grid.starts(grid.place(SLOTS[_FIRST_LATE_SLOT].enabled))
        full = np.flatnonzero(~is_text(grid, starts, _BARE + _NUL))
        for slot, place in enumerate(SLOTS[_FIRST_LATE_SLOT:], start=_FIRST_LATE_SLOT):
            if not place.last_used:
                typed.last_meaning[slot] = code(Meaning.NO_COLUMN)
        _read_slots(grid, typed, range(_FIRST_LATE_SLOT), ALL)
        _read_slots(grid, typed, range(_FIRST_LATE_SLOT, len(SLOTS)), full)
    else:
        _read_slots(grid, typed, range(len(SLOTS)), ALL)
    return typed


def _read_slots(grid: Grid, typed: Typed, slots: Sequence[int], rows: Rows) -> None:
    """Read some slots of some rows into the arrays; with the first slot, also the creation time."""
    columns = [
        (typed.enabled, [grid.place(SLOTS[slot].enabled) for slot in slots]),
        (typed.last_meaning, [grid.place(SLOTS[slot].last_used) for slot in slots]),
        (typed.set_meaning, [grid.place(SLOTS[slot].fallback) for slot in slots]),
    ]
    for codes, places in columns:
        for slot, place in zip(slots, places, strict=True):
            if place < 0:
                missing = NEITHER if codes is typed.enabled else code(Meaning.NO_COLUMN)
                codes[slot, rows] = missing
    flags = [(slot, place) for slot, place in zip(slots, columns[0][1], strict=True) if place >= 0]
    _read_flags(grid, typed, flags, rows)
    dates = [
        (meanings[slot], instants[slot], place)
        for (meanings, places), instants in zip(
            columns[1:], (typed.last_used, typed.set_at), strict=True
        )
        for slot, place in zip(slots, places, strict=True)
        if place >= 0
    ]
    created = grid.place(CREATED)
    if created >= 0 and not slots[0]:
        dates.append((np.zeros(len(grid), dtype="i1"), typed.created_at, created))
    if not dates:
        return
    found = read_dates(grid, [place for _, _, place in dates], rows)
    for (meanings, instants, _), meaning, instant in zip(
        dates, found.meaning, found.instants, strict=True
    ):
        meanings[rows] = meaning
        instants[rows] = instant
    latest = np.maximum.reduce(found.instants.view("i8"), axis=0)
    newest = typed.newest.view("i8")
    newest[rows] = np.maximum(newest[rows], latest)
    typed.is_zulu[rows] |= found.is_zulu
    typed.is_elsewhere[rows] |= found.is_elsewhere


def _read_flags(grid: Grid, typed: Typed, flags: Sequence[tuple[int, int]], rows: Rows) -> None:
    """Read flags: `true` and `false` in any case; every other text is neither."""
    starts = grid.starts([place for _, place in flags], rows)
    words = grid.words(starts)
    on, off = is_word(words, b"true"), is_word(words, b"false")
    enabled = np.where(on, np.int8(ON), np.where(off, np.int8(OFF), np.int8(NEITHER)))
    neither = ~(on | off)
    is_unreported = np.zeros(neither.shape, dtype=bool)
    is_unreported[neither] = is_text(grid, starts[neither], NOT_SUPPORTED.encode() + _NUL)
    for number, (slot, _) in enumerate(flags):
        typed.enabled[slot, rows] = enabled[number]
        typed.is_unreported[slot, rows] = is_unreported[number]


def is_word(words: Words, text: bytes) -> Flags:
    """Whether the words spell the text, in any case, and the cell ends there."""
    size = len(text)
    spare = 8 * (8 - size - 1)
    small = to_number(bytes([_SMALL] * size))
    found: Flags = (words | small) << spare == to_number(text) << spare
    return found


@dataclass(frozen=True)
class Dates:
    """Date cells, one row per column.

    is_zulu, is_elsewhere: for each row of the grid, whether one of its dates ends with Z, or has an
    offset other than that of UTC.
    """

    meaning: Codes
    instants: Instants
    is_zulu: Flags
    is_elsewhere: Flags


def read_dates(grid: Grid, columns: Sequence[int], rows: Rows = ALL) -> Dates:
    """Read the date cells of some columns and rows."""
    places = grid.starts(columns, rows)
    shape = places.shape
    starts = places.ravel()
    meaning = np.full(len(starts), code(Meaning.ABSENCE), dtype="i1")
    instants = np.full(len(starts), _NO_INSTANT, dtype="i8")
    is_zulu = np.zeros(len(starts), dtype=bool)
    is_elsewhere = np.zeros(len(starts), dtype=bool)
    # Most cells say N/A or are blank: only the others are looked at more closely.
    words = grid.words(starts, 4)
    is_blank = words & 0xFF == 0
    meaning[is_blank] = code(Meaning.BLANK)
    left = np.flatnonzero((words != to_number(_NOTHING + _NUL)) & ~is_blank)
    starts = starts[left]
    seconds, zulu, is_read = _read_instants(grid.runs(starts, 4))
    meaning[left] = np.where(is_read, np.int8(code(Meaning.INSTANT)), np.int8(code(Meaning.TEXT)))
    instants[left] = np.where(is_read, seconds * _A_SECOND, _NO_INSTANT)
    is_zulu[left] = zulu
    left, starts = left[~is_read], starts[~is_read]
    for word, value in _WORDS.items():
        meaning[left[is_text(grid, starts, word + _NUL)]] = value
    left = left[meaning[left] == code(Meaning.TEXT)]
    if len(left):
        number = np.arange(len(grid))[rows]
        column, row = np.divmod(left, shape[1])
        for place, at, of in zip(left.tolist(), column.tolist(), number[row].tolist(), strict=True):
            exact = _read_exactly(grid.cell(of, columns[at]))
            if exact is not None:
                meaning[place] = code(Meaning.INSTANT)
                instants[place], is_zulu[place], is_elsewhere[place] = exact
    return Dates(
        meaning.reshape(shape),
        instants.reshape(shape).view(INSTANT_UNIT),
        np.logical_or.reduce(is_zulu.reshape(shape), axis=0),
        np.logical_or.reduce(is_elsewhere.reshape(shape), axis=0),
    )


def read_texts(texts: Sequence[str]) -> Instants:
    """Return the instant that each text spells, NaT where it spells none."""
    # No instant has a NUL, which is what separates the cells of a grid.
    cells = ["" if "\0" in text else text for text in texts]
    grid = Grid.join(("",), [(cells, range(len(cells)))])
    instants: Instants = read_dates(grid, [0]).instants[0]
    return instants


@lru_cache(maxsize=4096)
def _read_exactly(cell: str) -> tuple[int, bool, bool] | None:
    """Return the instant that a cell spells, whether it ends with Z, and whether it is not in UTC.

    The instant is in microseconds since 1970; None where the cell spells none.
    """
    instant = parse_instant(cell)
    if instant is None:
        return None
    elapsed = instant - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = elapsed.days * _A_DAY + elapsed.seconds
    is_elsewhere = not cell.endswith(("Z", "00:00"))
    return seconds * _A_SECOND + elapsed.microseconds, cell.endswith("Z"), is_elsewhere


class _Spelling(NamedTuple):
    """Eight bytes of a date as numbers: what must be there, and how large each pair may be.

    A digit less its `0` is 0 to 9 if its upper half is empty, and still so after 6 is added to it.
    A pair is at most a number if adding 127 less that number leaves its highest bit empty.
    """

    pattern: int
    shape: int
    six: int
    slack: int
    highest: int


def _to_spelling(pattern: bytes, largest: Mapping[int, int]) -> _Spelling:
    """Return the spelling of a pattern; `largest`: index of two digits -> the most they may be."""
    is_digit = [byte == ord("0") for byte in pattern]
    return _Spelling(
        to_number(pattern),
        to_number(bytes(0xF0 if each else 0xFF for each in is_digit)),
        to_number(bytes(6 if each else 0 for each in is_digit)),
        sum((0x7F - most) << 8 * place for place, most in largest.items()),
        sum(0x80 << 8 * place for place in largest),
    )


_MONTH = _to_spelling(b"0000-00-", {5: 12})
_MINUTE = _to_spelling(b"00T00:00", {0: 31, 3: 23, 6: 59})
_SECOND = _to_spelling(b":00", {1: 59})


def _read_pairs(words: Words, spelling: _Spelling) -> tuple[Words, Words]:
    """Return the number that each byte and the next spell, and faults: not 0 for a wrong byte."""
    digits = words ^ spelling.pattern
    pairs = digits * 10 + (digits >> 8)
    faults = ((digits + spelling.six) | digits) & spelling.shape
    faults |= (pairs + spelling.slack) & spelling.highest
    return pairs, faults


def _read_instants(words: Words) -> tuple[Numbers, Flags, Flags]:
    """Return the seconds since 1970 that cells spell in four words, and which of them end with Z.

    The last array says which cells are spelt as AWS spells them and name an instant that exists:
    elsewhere the numbers mean nothing.
    """
    first, second, third, last = words
    months, faults = _read_pairs(first, _MONTH)
    minutes, more = _read_pairs(second, _MINUTE)
    faults |= more
    seconds, more = _read_pairs(third, _SECOND)
    faults |= more
    zone = third >> 24
    is_zulu = zone & 0xFFFF == _ZULU
    is_offset = (zone == to_number(b"+00:0")) & (last & 0xFFFF == ord("0"))
    # Multiplying brings pairs side by side: century, year and month; hour and minute.
    month = (months & 0xFF0000FF00FF) * (1600 << 40 | 16 << 24 | 1) >> 40 & 0x3FFFF
    clock = (minutes >> 24 & 0xFF0000FF) * (3600 << 24 | 60) >> 24 & 0x3FFFF
    day = minutes & 0xFF
    calendar = _calendar()
    is_read = (faults == 0) & (is_zulu | is_offset) & (day - 1 < calendar.days[month])
    clock += day * _A_DAY + (seconds >> 8 & 0xFF)
    return calendar.starts[month] + clock.view("i8"), is_zulu & is_read, is_read


@dataclass(frozen=True)
class _Calendar:
    """The months of the years 1 to 9999, at index 16 x year + month; no days at any other index.

    `starts` are the instants, as numbers, a day before each month.
    """

    starts: Numbers
    days: npt.NDArray[np.uint8]


@lru_cache(maxsize=1)
def _calendar() -> _Calendar:
    months = np.arange("0001-01", "10000-02", dtype="M8[M]").astype("M8[D]").astype("i8")
    shape = 1 << 14, 16
    starts, days = np.zeros(shape, dtype="i8"), np.zeros(shape, dtype="u1")
    starts[1:10_000, 1:13] = (months[:-1].reshape(9_999, 12) - 1) * _A_DAY
    days[1:10_000, 1:13] = np.diff(months).reshape(9_999, 12)
    return _Calendar(starts.ravel(), days.ravel())
