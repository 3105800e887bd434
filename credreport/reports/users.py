"""Users and ARNs: which row is root, which account it belongs to, the order of rows, duplicates.

Each question is answered once for a single row, in Python, and once for many rows as numbers;
whatever the numbers do not settle is asked of the single row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credreport.arrays import Flags, Numbers, Places, Words
from credreport.reports.grid import SEPARATOR, Grid, count_words, ends_with, is_text, to_words
from credreport.schema import ARN, ARN_START, ROOT_USER, USER

_SPACE, _COLON, _SLASH = b" :/"
_ROOT_ENDS = (":root", f":{ROOT_USER}")
_ROOT_NAME = f"{ROOT_USER}{SEPARATOR}".encode()
_LONGEST_NAME = 64
_LONGEST_PREFIX = 64
_EVERY_BYTE = 0x0101010101010101
# Masks that keep the first 0 to 8 bytes of a word.
_KEPT = np.array([(1 << 8 * size) - 1 for size in range(9)], dtype="u8")


def account_of(arn: str) -> str:
    """Return the account that an ARN names, or an empty string."""
    match = ARN_START.match(arn)
    return match[1] if match else ""


def is_root(user: str, arn: str) -> bool:
    """Whether the row is the root account's: `not_supported` alone does not show that."""
    return user == ROOT_USER or arn.endswith(_ROOT_ENDS)


def find_root(grid: Grid) -> Flags:
    """Return which rows are root's."""
    user, arn = grid.place(USER), grid.place(ARN)
    found = is_text(grid, grid.starts(user), _ROOT_NAME)
    if arn >= 0:
        for end in _ROOT_ENDS:
            found |= ends_with(grid, arn, end.encode())
    return found


def read_accounts(grid: Grid) -> tuple[list[str], Numbers]:
    """Return the different accounts in the ARNs, and the index of each row's among them.

    The first row of each text gives what its ARNs usually begin with; where one begins otherwise,
    its own account is read.
    """
    column = grid.place(ARN)
    places: dict[str, int] = {}
    if column < 0:
        return [""], np.zeros(len(grid), dtype="i8")
    firsts = np.cumsum(grid.sizes) - grid.sizes
    matches = [ARN_START.match(grid.cell(row, column)) for row in firsts.tolist()]
    prefixes = [
        match[0].encode() if match and len(match[0]) <= _LONGEST_PREFIX else b""
        for match in matches
    ]
    usual = [places.setdefault(match[1] if match else "", len(places)) for match in matches]
    sizes = np.array([len(prefix) for prefix in prefixes], dtype="i8")
    is_usual = _begins_with(grid, grid.starts(column), prefixes, sizes)
    found = np.repeat(np.array(usual, dtype="i8"), grid.sizes)
    for row in np.flatnonzero(~is_usual).tolist():
        found[row] = places.setdefault(account_of(grid.cell(row, column)), len(places))
    return list(places), found


def _begins_with(grid: Grid, starts: Places, prefixes: list[bytes], sizes: Numbers) -> Flags:
    """Whether each row begins with the prefix of its text; never where that is empty."""
    count = count_words(int(sizes.max(initial=1)))
    expected = np.repeat(to_words(prefixes, count), grid.sizes, axis=1)
    kept = np.repeat(to_words([b"\xff" * size for size in sizes], count), grid.sizes, axis=1)
    differs = np.logical_or.reduce(grid.runs(starts, count) & kept != expected, axis=0)
    found: Flags = ~differs & np.repeat(sizes.astype(bool), grid.sizes)
    return found


@dataclass(frozen=True)
class Order:
    """What is irregular in the names of users: one entry per user.

    is_late: the first row of its report that AWS would have put before the one above it.
    ordinal: which of several rows of one user it is, from 1; 0 where there is only one.
    has_other_arn: whether the ARN of a user does not end with the name, or has no account where the
        others have one.
    """

    is_late: Flags
    ordinal: Numbers
    has_other_arn: Flags


def read_order(grid: Grid, report: Numbers, account: Numbers, root: Flags) -> Order:
    """Find rows out of AWS's order, users that are in a report twice, and ARNs with another name.

    AWS's order is root first, then by name, ignoring case. `report`, `account`: one number per row;
    the rows of a report follow one another.
    """
    names, is_plain = _read_names(grid)
    user = grid.place(USER)
    is_before, is_same = _compare(names)
    is_late = (root[1:] & ~root[:-1]) | ((root[1:] == root[:-1]) & is_before)
    is_suspect = np.zeros(len(grid), dtype=bool)
    is_suspect[1:] = (is_late | is_same) & (report[1:] == report[:-1])
    # A root row with another name may share it with a user, rows apart.
    is_suspect |= ~is_plain | (root & ~is_text(grid, grid.starts(user), _ROOT_NAME))
    order = Order(
        is_late=np.zeros(len(grid), dtype=bool),
        ordinal=np.zeros(len(grid), dtype="i8"),
        has_other_arn=_has_other_arn(grid, names, is_plain, root),
    )
    for number in np.unique(report[is_suspect]).tolist():
        begin, end = np.searchsorted(report, [number, number + 1]).tolist()
        users = [name.lower() for name in grid.cells(np.arange(begin, end), user)]
        places = list(zip((~root[begin:end]).tolist(), users, strict=True))
        if places != sorted(places):
            late = next(
                place for place in range(1, len(places)) if places[place] < places[place - 1]
            )
            order.is_late[begin + late] = True  # the first that belongs before the one above it
        keys = list(zip(account[begin:end].tolist(), users, strict=True))
        order.ordinal[begin:end] = _to_ordinals(keys)
    return order


def _to_ordinals(keys: Sequence[tuple[int, str]]) -> list[int]:
    """Return which one of its kind each key is, from 1; 0 for those that occur once."""
    total = Counter(keys)
    seen: Counter[tuple[int, str]] = Counter()
    ordinals = []
    for key in keys:
        seen[key] += 1
        ordinals.append(seen[key] if total[key] > 1 else 0)
    return ordinals


def _read_names(grid: Grid) -> tuple[Words, Flags]:
    """Return the users, eight bytes per word and one row per word, and which of them are plain.

    Plain is a name of at most 64 ASCII letters without `/` and `:`.
    """
    column = grid.place(USER)
    starts, sizes = grid.starts(column), grid.ends(column) - grid.starts(column)
    longest = min(int(sizes.max(initial=1)), _LONGEST_NAME)
    names = cut(grid.runs(starts, count_words(longest)), sizes)
    is_plain = sizes <= _LONGEST_NAME
    is_other = _contains(names, _SLASH) | _contains(names, _COLON)
    is_other |= names & 0x80 * _EVERY_BYTE != 0
    return names, is_plain & ~np.logical_or.reduce(is_other, axis=0)


def cut(words: Words, sizes: Places) -> Words:
    """Return texts of several words, cut after the first `sizes` bytes of each."""
    left = [np.clip(sizes - 8 * number, 0, 8) for number in range(len(words))]
    cut: Words = words & _KEPT[np.array(left)]
    return cut


def _to_small(words: Words) -> Words:
    """Return ASCII in lower case: a byte has its highest bit set from `A` on, but not after `Z`."""
    from_a = words + (0x80 - ord("A")) * _EVERY_BYTE
    after_z = words + (0x7F - ord("Z")) * _EVERY_BYTE
    return words | (from_a & ~after_z & 0x80 * _EVERY_BYTE) >> 2


def _contains(words: Words, letter: int) -> Flags:
    """Whether a byte of ASCII words is the letter: only 0 stays below 128 when 127 is added."""
    found: Flags = ~((words ^ letter * _EVERY_BYTE) + 0x7F * _EVERY_BYTE) & 0x80 * _EVERY_BYTE != 0
    return found


def _compare(names: Words) -> tuple[Flags, Flags]:
    """Return whether each name but the first belongs before the one above, or equals it."""
    count = max(names.shape[1] - 1, 0)
    is_before, is_same = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
    for words in _to_small(names):
        big = words.byteswap()  # the first letter counts most
        is_before |= is_same & (big[1:] < big[:-1])
        is_same &= big[1:] == big[:-1]
    return is_before, is_same


def _has_other_arn(grid: Grid, names: Words, is_plain: Flags, root: Flags) -> Flags:
    """Whether a user's ARN does not end with the name, ignoring case."""
    user, arn = grid.place(USER), grid.place(ARN)
    found = np.zeros(len(grid), dtype=bool)
    if arn < 0:
        return found
    sizes = grid.ends(user) - grid.starts(user)
    starts = np.maximum(grid.ends(arn) - sizes, 1)
    before = grid.words(starts - 1, 2) & 0xFF
    differs = (before != _SLASH) & (before != _COLON)
    tails = cut(grid.runs(starts, len(names)), sizes)
    differs |= np.logical_or.reduce(names != tails, axis=0)
    rows = np.flatnonzero(~root & (differs | ~is_plain))
    pairs = zip(grid.cells(rows, user), grid.cells(rows, arn), strict=True)
    found[rows] = [
        name.lower() != own.replace(":", "/").rpartition("/")[2].lower() for name, own in pairs
    ]
    return found


def has_blank_user(grid: Grid) -> Flags:
    """Whether the cell of a row's user is empty or all blanks."""
    column = grid.place(USER)
    first = grid.words(grid.starts(column), 2) & 0xFF
    may = (first <= _SPACE) | (first >= 0x80)
    for row in np.flatnonzero(may).tolist():
        may[row] = not grid.cell(row, column).strip()
    return may
