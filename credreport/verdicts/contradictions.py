"""Rows that AWS would not write like this: no verdict depends on it, but the file may be damaged.

A digit changed within a date, a cell from another row or swapped columns leave a row that looks
valid. Its cells may then contradict one another, or be those of another row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from credreport.arrays import Codes, Flags, Instants, Words
from credreport.reports.cells import is_word, read_dates
from credreport.reports.grid import Grid, is_text, to_number
from credreport.reports.report import Table
from credreport.reports.users import cut
from credreport.schema import (
    ARN,
    CREATED,
    JUDGED_SLOTS,
    KNOWN_ABSENCES,
    MFA,
    NEXT_ROTATION,
    NOT_SUPPORTED,
    SLOTS,
    Kind,
    Meaning,
)
from credreport.verdicts.status import INSTANT_UNIT, NEITHER, OFF, ON, code

_INSTANT, _ABSENCE, _TEXT = map(code, (Meaning.INSTANT, Meaning.ABSENCE, Meaning.TEXT))
_NOTHING, *_OTHERS = (f"{word}\0".encode() for word in (*KNOWN_ABSENCES, NOT_SUPPORTED))
_KEYS = [place for place, slot in enumerate(SLOTS) if slot.kind is Kind.ACCESS_KEY]
_ODD = np.uint64(0x9E3779B97F4A7C15)  # any odd number with many bits

_ARN = re.compile(r"arn:[^:]*:iam::[^:]*:(user/|root$|<root_account>$)")
_FORMS = {
    SLOTS[slot].region: re.compile(r"[a-z]+(-[a-z]+)*(-[0-9]+)?", re.IGNORECASE) for slot in _KEYS
} | {SLOTS[slot].service: re.compile(r"[a-z0-9_. -]+", re.IGNORECASE) for slot in _KEYS}
_LONGEST_NAME = 4  # words of eight bytes that tell names of regions and services apart


def find_contradictions(table: Table) -> Iterator[tuple[str, Flags, str]]:
    """Yield a code, which users it is about, and a sentence, for everything found."""
    typed = table.typed
    for flags, sentence in _find_in_rows(table):
        yield "contradiction", flags, sentence
    uncreated = np.isnat(typed.created_at) & table.has_column(CREATED)
    yield "unreadable-cell", uncreated, f"`{CREATED}` is not a date"
    undated = (typed.set_meaning == _TEXT) | (typed.last_meaning == _TEXT)
    unjudged = undated & (typed.enabled == OFF)
    unjudged[len(JUDGED_SLOTS) :] = undated[len(JUDGED_SLOTS) :]
    words = "text where a credential that is off, or a certificate, has its dates"
    yield "unreadable-cell", _any(unjudged), words
    unclear = undated | ((typed.enabled == NEITHER) & ~typed.is_unreported)
    root = _any(unclear[: len(JUDGED_SLOTS)]) & table.is_root
    yield "unreadable-cell", root, "a flag or a date of root that cannot be read"
    unflagged = _read(table, MFA, _is_no_flag)
    yield "unreadable-cell", unflagged, f"`{MFA}` is neither true nor false"
    meaning, rotates_at = _read_rotations(table)
    yield "unreadable-cell", meaning == _TEXT, f"`{NEXT_ROTATION}` is not a date"
    early = rotates_at <= typed.set_at[0]
    yield "contradiction", early, f"`{NEXT_ROTATION}` is not after the last change"
    unset = (meaning == _INSTANT) & (typed.set_meaning[0] == _ABSENCE) & ~table.is_root
    yield "contradiction", unset, f"`{NEXT_ROTATION}` is a date, but the password was never set"
    nobody = _read(table, ARN, _is_no_arn) & ~table.order.has_other_arn
    yield "unreadable-cell", nobody, f"`{ARN}` is that of no user"
    for column, form in _FORMS.items():
        misspelt = _read(table, column, partial(_has_other_form, form=form))
        yield "unreadable-cell", misspelt, f"`{column}` is none that AWS would name"
    yield "alike", _are_alike(table), "the same dates of use and change as another user"
    first, second = (typed.set_at[slot] for slot in _KEYS)
    yield "alike", first == second, "both access keys were set at the same instant"
    yield "other-zone", typed.is_elsewhere, "a date that is not in UTC"


def _find_in_rows(table: Table) -> Iterator[tuple[Flags, str]]:
    typed = table.typed
    is_used = typed.last_meaning == _INSTANT
    is_unset = typed.set_meaning == _ABSENCE
    is_on = typed.enabled == ON
    early = typed.last_used < typed.created_at
    yield _any(early), "a last use before the creation of the user"
    yield _any(is_on & is_used & is_unset), "an active credential that was used but never set"
    is_off = typed.enabled == OFF
    yield _any(is_off & is_used & is_unset), "a last use of a credential that does not exist"
    has_password = is_off[0] & (typed.set_meaning[0] == _INSTANT) & ~table.is_root
    yield has_password, "`password_enabled` is false, but there is a date of the last change"
    certified = _any((is_on & is_unset)[len(JUDGED_SLOTS) :])
    yield certified, "an active certificate that was never set"
    for slot in _KEYS:
        has_service = _read(table, SLOTS[slot].service, _says_something)
        has_region = _read(table, SLOTS[slot].region, _says_something)
        is_known = table.has_column(SLOTS[slot].service)
        name = SLOTS[slot].credential
        yield is_known & is_used[slot] & ~has_service, f"a last use of {name} without a service"
        never = typed.last_meaning[slot] == _ABSENCE
        says = f"a service or region that {name} used, but no last use"
        yield never & (has_service | has_region), says


def _any(flags: Flags) -> Flags:
    found: Flags = np.logical_or.reduce(flags, axis=0)
    return found


def _read(table: Table, column: str, read: Callable[[Grid, int], Flags]) -> Flags:
    """Return what is read of each cell of a column, False where there is no such column."""
    parts = [
        np.zeros(end - begin, dtype=bool) if found is None else found[begin:end]
        for found, begin, end in table.by_grid(column, read)
    ]
    return np.concatenate(parts)


def _is_no_flag(grid: Grid, column: int) -> Flags:
    words = grid.words(grid.starts(column))
    found: Flags = ~(is_word(words, b"true") | is_word(words, b"false") | (words & 0xFF == 0))
    return found


def _read_rotations(table: Table) -> tuple[Codes, Instants]:
    """Return what each user's `password_next_rotation` says, and the instant that it names."""
    meaning = np.full(len(table), code(Meaning.NO_COLUMN), dtype="i1")
    instants = np.full(len(table), "NaT", dtype=INSTANT_UNIT)
    place = 0
    for found, begin, end in table.by_grid(
        NEXT_ROTATION, lambda grid, column: read_dates(grid, [column])
    ):
        rows = slice(place, place := place + end - begin)
        if found is not None:
            meaning[rows] = found.meaning[0, begin:end]
            instants[rows] = found.instants[0, begin:end]
    return meaning, instants


def _says_something(grid: Grid, column: int) -> Flags:
    starts = grid.starts(column)
    words = grid.words(starts, 4)
    found: Flags = (words != to_number(_NOTHING)) & (words & 0xFF != 0)
    for word in _OTHERS:
        found[found] = ~is_text(grid, starts[found], word)
    return found


def _is_no_arn(grid: Grid, column: int) -> Flags:
    """Whether a cell is the ARN of no user and not root's; most are told by where `:user/` is."""
    starts = grid.starts(column)
    found = np.ones(len(grid), dtype=bool)
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        found &= ~is_text(grid, starts + len(f"arn:{partition}:iam::{'1' * 12}"), b":user/")
    rows = np.flatnonzero(found)
    found[rows] = [_ARN.match(cell) is None for cell in grid.cells(rows, column)]
    return found


def _has_other_form(grid: Grid, column: int, form: re.Pattern[str]) -> Flags:
    """Whether a cell says something that has another form. There are few different ones."""
    found = _says_something(grid, column)
    rows = np.flatnonzero(found)
    starts = grid.starts(column, rows)
    words = cut(grid.runs(starts, _LONGEST_NAME), grid.ends(column)[rows] - starts)
    _, first, place = np.unique(_mix(words), return_index=True, return_inverse=True)
    cells = grid.cells(rows[first], column)
    found[rows] = np.array([not form.fullmatch(cell) for cell in cells], dtype=bool)[place]
    return found


def _mix(words: Words) -> Words:
    """Return a number for each column of words, another one for others."""
    mix = np.zeros(words.shape[1], dtype="u8")
    for word in words:
        mix = (mix ^ word) * _ODD
        mix ^= mix >> np.uint64(29)
    return mix


def _are_alike(table: Table) -> Flags:
    """Whether the dates of use and change of each user are those of one above in the report."""
    typed = table.typed
    used = np.flatnonzero(_any(typed.last_meaning == _INSTANT))
    instants = [each[used].view("u8") for each in (*typed.last_used, *typed.set_at)]
    mix = _mix(np.array([table.report[used].astype("u8"), *instants]))
    order = np.argsort(mix, kind="stable")
    again = mix[order][1:] == mix[order][:-1]
    found = np.zeros(len(table), dtype=bool)
    found[used[order[1:][again]]] = True
    return found
