"""Damages to cells, rows and columns; the text stays a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from tests.support.damage.registry import (
    GO,
    LIE,
    Chance,
    Table,
    of_row,
    of_table,
    of_text,
)
from tests.support.reports import AS_OF
from tests.support.second_opinion import FALLBACK, LAST_USED, SLOTS, date_of

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}")
_ABSENT = ("N/A", "no_information")


def _columns(table: Table) -> Table:
    return [list(column) for column in zip(*table[1:], strict=True)]


def _set_columns(table: Table, columns: Table) -> None:
    table[1:] = [list(row) for row in zip(*columns, strict=True)]


# Rows


@of_table("row lost", GO)
def _(chance: Chance, table: Table) -> None:
    del table[chance.randrange(1, len(table))]


@of_table("row doubled")
def _(chance: Chance, table: Table) -> None:
    table.insert(chance.randint(1, len(table)), list(chance.choice(table[1:])))


@of_table("row copied over another", GO, LIE)
def _(chance: Chance, table: Table) -> None:
    table[chance.randrange(1, len(table))] = list(chance.choice(table[1:]))


@of_table("rows swapped")
def _(chance: Chance, table: Table) -> None:
    one, two = chance.randrange(1, len(table)), chance.randrange(len(table))
    table[one], table[two] = table[two], table[one]


@of_table("rows in reverse")
def _(_: Chance, table: Table) -> None:
    table[1:] = table[:0:-1]


@of_table("rows mixed", GO, LIE)
def _(chance: Chance, table: Table) -> None:
    """One row is lost, and one has cells of all the others."""
    mixed = [chance.choice(cells) for cells in zip(*table[1:], strict=True)]
    del table[chance.randrange(1, len(table))]
    table.append(mixed)


@of_table("rows exchange their ends", LIE)
def _(chance: Chance, table: Table) -> None:
    """Two rows are torn at the same column, and each gets the other's end."""
    one, two = chance.sample(range(1, len(table)), 2)
    at = chance.randrange(1, len(table[0]))
    table[one][at:], table[two][at:] = table[two][at:], table[one][at:]


@of_table("a row's end copied to another row", LIE)
def _(chance: Chance, table: Table) -> None:
    one, two = chance.sample(range(1, len(table)), 2)
    at = chance.randrange(1, len(table[0]))
    table[one][at:] = table[two][at:]


@of_table("a row is all others' words", LIE)
def _(chance: Chance, table: Table) -> None:
    """All but user and ARN come from other rows."""
    row = chance.choice(table[1:])
    row[2:] = [chance.choice(cells) for cells in list(zip(*table[1:], strict=True))[2:]]


# Header


@of_table("header lost")
def _(_: Chance, table: Table) -> None:
    del table[0]


@of_table("header doubled")
def _(chance: Chance, table: Table) -> None:
    table.insert(chance.randint(1, len(table)), table[0])


@of_table("header last")
def _(_: Chance, table: Table) -> None:
    table.append(table.pop(0))


@of_table("header renamed")
def _(chance: Chance, table: Table) -> None:
    at = chance.randrange(len(table[0]))
    name = table[0][at]
    table[0][at] = chance.choice(
        [name.upper(), name.title(), f" {name}", f"{name} ", name.replace("_", " "), name[:-1], "",
         f"{name}_2", name.replace("1", "3"), "password_last_used", "mfa_active", "user"]
    )  # fmt: skip


@of_table("header cells swapped", LIE)
def _(chance: Chance, table: Table) -> None:
    one, two = chance.sample(range(len(table[0])), 2)
    table[0][one], table[0][two] = table[0][two], table[0][one]


@of_table("header rotated", LIE)
def _(chance: Chance, table: Table) -> None:
    at = chance.randrange(1, len(table[0]))
    table[0][:] = table[0][at:] + table[0][:at]


@of_table("header in capitals")
def _(_: Chance, table: Table) -> None:
    table[0][:] = [name.upper() for name in table[0]]


# Columns


@of_table("columns in another order")
def _(chance: Chance, table: Table) -> Table:
    columns = list(zip(*table, strict=True))
    chance.shuffle(columns)
    return [list(row) for row in zip(*columns, strict=True)]


@of_table("column lost")
def _(chance: Chance, table: Table) -> None:
    at = chance.randrange(len(table[0]))
    for row in table:
        del row[at]


@of_table("columns lost")
def _(chance: Chance, table: Table) -> Table:
    lost = set(chance.sample(range(len(table[0])), chance.randint(2, 8)))
    return [[cell for at, cell in enumerate(row) if at not in lost] for row in table]


@of_table("column doubled")
def _(chance: Chance, table: Table) -> None:
    one, two = chance.randrange(len(table[0])), chance.randint(0, len(table[0]))
    for row in table:
        row.insert(two, row[one])


@of_table("contents of two columns swapped", LIE)
def _(chance: Chance, table: Table) -> None:
    one, two = chance.sample(range(len(table[0])), 2)
    for row in table[1:]:
        row[one], row[two] = row[two], row[one]


@of_table("contents of a column moved down", LIE)
def _(chance: Chance, table: Table) -> None:
    columns = _columns(table)
    cells = chance.choice(columns)
    cells[:] = cells[-1:] + cells[:-1]
    _set_columns(table, columns)


@of_table("contents of a column sorted", LIE)
def _(chance: Chance, table: Table) -> None:
    columns = _columns(table)
    chance.choice(columns).sort(reverse=chance.random() < 0.5)
    _set_columns(table, columns)


@of_table("contents of a column shuffled", LIE)
def _(chance: Chance, table: Table) -> None:
    columns = _columns(table)
    chance.shuffle(chance.choice(columns))
    _set_columns(table, columns)


@of_table("contents of a column alike", LIE)
def _(chance: Chance, table: Table) -> None:
    columns = _columns(table)
    cells = chance.choice(columns)
    cells[:] = [chance.choice(cells)] * len(cells)
    _set_columns(table, columns)


@of_table("cells of a column swapped", LIE)
def _(chance: Chance, table: Table) -> None:
    at = chance.randrange(len(table[0]))
    one, two = chance.choice(table[1:]), chance.choice(table[1:])
    one[at], two[at] = two[at], one[at]


@of_table("cells filled down", LIE)
def _(_: Chance, table: Table) -> None:
    """What says nothing says what stands above it, as a filled spreadsheet does."""
    for above, row in pairwise(table[1:]):
        row[:] = [a if cell in _ABSENT else cell for a, cell in zip(above, row, strict=True)]


@of_table("repeated cells emptied")
def _(_: Chance, table: Table) -> Table:
    """What stands above is not said again, as in a printed table."""
    pairs = pairwise(table)
    rows = [
        ["" if a == cell else cell for a, cell in zip(above, row, strict=True)]
        for above, row in pairs
    ]
    return [table[0], *rows]


# Fields


@of_table("field lost")
def _(chance: Chance, table: Table) -> None:
    row = chance.choice(table)
    del row[chance.randrange(len(row))]


@of_table("field lost in every row")
def _(chance: Chance, table: Table) -> None:
    at = chance.randrange(len(table[0]))
    for row in table[1:]:
        del row[at]


@of_table("field added")
def _(chance: Chance, table: Table) -> None:
    row = chance.choice(table)
    row.insert(chance.randint(0, len(row)), chance.choice(["", "N/A", "x", "false", *row]))


@of_table("field moved")
def _(chance: Chance, table: Table) -> None:
    """One field too few in one row and one too many in the next: the sums still agree."""
    one, two = chance.sample(table[1:], 2)
    two.insert(chance.randint(0, len(two)), one.pop(chance.randrange(len(one))))


@of_row("field moved within its row", LIE)
def _(chance: Chance, row: list[str]) -> None:
    cell = row.pop(chance.randrange(len(row)))
    row.insert(chance.randint(0, len(row)), cell)


@of_row("field lost and one added in a row", LIE)
def _(chance: Chance, row: list[str]) -> None:
    del row[chance.randrange(len(row))]
    row.insert(chance.randint(0, len(row)), chance.choice(["", "N/A", "false"]))


@of_row("cells of a row rotated", LIE)
def _(chance: Chance, row: list[str]) -> list[str]:
    at = chance.randrange(1, len(row))
    return row[at:] + row[:at]


@of_row("cells of a row reversed", LIE)
def _(chance: Chance, row: list[str]) -> None:
    start = chance.randrange(len(row))
    row[start:] = row[start:][::-1]


@of_row("cells of a row swapped", LIE)
def _(chance: Chance, row: list[str]) -> None:
    one, two = chance.sample(range(len(row)), 2)
    row[one], row[two] = row[two], row[one]


@of_row("cells of a row shuffled", LIE)
def _(chance: Chance, row: list[str]) -> None:
    chance.shuffle(row)


@of_row("cell overwritten", LIE)
def _(chance: Chance, row: list[str]) -> None:
    row[chance.randrange(len(row))] = chance.choice(row)


@of_row("a key's cells are the other key's", LIE)
def _(chance: Chance, row: list[str]) -> None:
    one, two = row[8:13], row[13:18]
    row[8:18] = chance.choice([one + one, two + two, two + one])


@of_row("word of a cell", LIE)
def _(chance: Chance, row: list[str]) -> None:
    words = ["true", "false", "N/A", "no_information", "not_supported", "", AS_OF, "<root_account>"]
    row[chance.randrange(len(row))] = chance.choice(words)


# Dates


@of_text("digit of a date", LIE)
def _(chance: Chance, text: str) -> str:
    match = chance.choice(list(_DATE.finditer(text)))
    at = chance.choice([match.start() + n for n, c in enumerate(match[0]) if c.isdigit()])
    return text[:at] + chance.choice("0123456789") + text[at + 1 :]


@of_text("digits of a date swapped", LIE)
def _(chance: Chance, text: str) -> str:
    match = chance.choice(list(_DATE.finditer(text)))
    one, two = chance.sample([match.start() + n for n, c in enumerate(match[0]) if c.isdigit()], 2)
    letters = list(text)
    letters[one], letters[two] = letters[two], letters[one]
    return "".join(letters)


def _of_dates(name: str, change: Callable[[str], str], *excuses: str) -> None:
    """Register a change to all dates of a report, and one to a single date."""

    @of_table(f"all dates: {name}", *excuses)
    def _(_: Chance, table: Table) -> Table:
        return [[change(cell) if date_of(cell) else cell for cell in row] for row in table]

    @of_row(f"a date: {name}", *excuses)
    def _(chance: Chance, row: list[str]) -> None:
        at = chance.choice([at for at, cell in enumerate(row) if date_of(cell)])
        row[at] = change(row[at])


_of_dates("day and month swapped", lambda c: f"{c[:5]}{c[8:10]}-{c[5:7]}{c[10:]}", LIE)
_of_dates("a century later", lambda c: f"2{int(c[1:4]) + 100:03d}{c[4:]}")
_of_dates("a year later", lambda c: f"{int(c[:4]) + 1}{c[4:]}", LIE)
_of_dates("another zone", lambda c: f"{c[:19]}-11:00", LIE)
_of_dates("midnight", lambda c: f"{c[:11]}00:00:00{c[19:]}")
_of_dates("in twelve hours", lambda c: f"{c[:11]}{int(c[11:13]) % 12:02d}{c[13:]}")
_of_dates("to the minute", lambda c: f"{c[:17]}00{c[19:]}")


def _respelling(chance: Chance) -> Callable[[str], str]:
    return chance.choice(
        [
            lambda c: c.replace("T", " "),
            lambda c: c[:19],
            lambda c: c[:10],
            lambda c: f"{c[5:7]}/{c[8:10]}/{c[:4]}",
            lambda c: f"{c[8:10]}.{c[5:7]}.{c[:4]} {c[11:16]}",
            lambda c: f"{int(c[5:7])}/{int(c[8:10])}/{c[2:4]} {c[11:16]}",
            lambda c: f"{c[:8]}{int(c[8:10])}",
            lambda c: c.replace("-", ""),
            lambda c: c.lower(),
            lambda c: f" {c}",
            lambda c: f"{c} ",
            lambda c: f"{c[:16]}{c[19:]}",
            lambda c: str(int(c[:4]) * 18),
            lambda _: "now",
            lambda _: "today",
            lambda _: "NaT",
            lambda c: f"{c[:19]}.000000{c[19:]}",
            lambda c: f"{c[:19]}+0000",
            lambda c: f"{c[:19]}UTC",
            lambda c: c.replace("-", "\u2011"),
            lambda c: c.translate({48 + n: 0x660 + n for n in range(10)}),
            lambda c: c.replace("0", "O"),
            lambda c: c.replace("1", "l"),
            lambda c: c.replace(":", "."),
            lambda c: c.replace(":", "\u2236"),
            lambda c: f"'{c}",
            lambda c: f'="{c}"',
            lambda c: f"1{c}",
            lambda c: c[1:],
            lambda _: "########",
        ]
    )


@of_row("a date in another spelling")
def _(chance: Chance, row: list[str]) -> None:
    at = chance.choice([at for at, cell in enumerate(row) if date_of(cell)])
    row[at] = _respelling(chance)(row[at])


@of_table("all dates in another spelling")
def _(chance: Chance, table: Table) -> Table:
    change = _respelling(chance)
    return [[change(cell) if date_of(cell) else cell for cell in row] for row in table]


@of_table("all dates alike", LIE)
def _(chance: Chance, table: Table) -> Table:
    dates = [cell for row in table for cell in row if date_of(cell)]
    one = chance.choice(dates)
    return [[one if date_of(cell) else cell for cell in row] for row in table]


@of_row("a row's dates exchanged", LIE)
def _(chance: Chance, row: list[str]) -> None:
    places = [at for at, cell in enumerate(row) if date_of(cell)]
    for at, cell in zip(
        places, chance.sample([row[at] for at in places], len(places)), strict=True
    ):
        row[at] = cell


@of_table("last use and last change exchanged", LIE)
def _(chance: Chance, table: Table) -> None:
    slot = chance.choice(SLOTS)
    one, two = table[0].index(LAST_USED[slot]), table[0].index(FALLBACK[slot])
    for row in table[1:]:
        row[one], row[two] = row[two], row[one]


# Words


def _rewording(chance: Chance) -> Callable[[str], str]:
    words = [
        ("TRUE", "FALSE"), ("True", "False"), ("1", "0"), ("yes", "no"), ("WAHR", "FALSCH"),
        ("true ", "false "), ("t", "f"), ("on", "off"), ("", ""), ("1.0", "0.0"), ("N/A", "N/A"),
        ("not_supported", "not_supported"), ("x", ""), ("true;", "false;"), ("fal\u017fe", "fal\u017fe"),
        ("'true'", "'false'"), ("\u2713", "\u2717"), ("enabled", "disabled"), ("true.", "false."),
    ]  # fmt: skip
    yes, no = chance.choice(words)
    return lambda cell: {"true": yes, "false": no}.get(cell, cell)


@of_row("a boolean in other words")
def _(chance: Chance, row: list[str]) -> None:
    at = chance.choice([at for at, cell in enumerate(row) if cell in ("true", "false")])
    row[at] = _rewording(chance)(row[at])


@of_table("all booleans in other words")
def _(chance: Chance, table: Table) -> Table:
    change = _rewording(chance)
    return [[change(cell) for cell in row] for row in table]


@of_row("a boolean negated", LIE)
def _(chance: Chance, row: list[str]) -> None:
    at = chance.choice([at for at, cell in enumerate(row) if cell in ("true", "false")])
    row[at] = {"true": "false", "false": "true"}[row[at]]


def _unsay(chance: Chance) -> str:
    return chance.choice(
        ["", "nan", "None", "n/a", "-", "NULL", "N/A ", "#N/A", "NA", "never", "0"]
    )


@of_table("all N/A in other words")
def _(chance: Chance, table: Table) -> Table:
    word = _unsay(chance)
    return [row[:1] + [word if c in _ABSENT else c for c in row[1:]] for row in table]


@of_row("an N/A in other words")
def _(chance: Chance, row: list[str]) -> None:
    places = [at for at, cell in enumerate(row) if at and cell in _ABSENT]
    if places:
        row[chance.choice(places)] = _unsay(chance)


@of_table("cells emptied")
def _(chance: Chance, table: Table) -> Table:
    share = chance.random()
    return [
        table[0],
        *([cell if chance.random() > share else "" for cell in row] for row in table[1:]),
    ]


@of_table("cells cut to a width", LIE)
def _(chance: Chance, table: Table) -> Table:
    width = chance.randint(1, 30)
    return [table[0], *([cell[:width] for cell in row] for row in table[1:])]


@of_table("cells shortened with dots")
def _(chance: Chance, table: Table) -> Table:
    width, dots = chance.randint(1, 30), chance.choice(["...", "\u2026", "~"])
    return [[c if len(c) <= width else c[:width] + dots for c in row] for row in table]


@of_table("blanks around cells")
def _(chance: Chance, table: Table) -> Table:
    blank = chance.choice([" ", "\t", "\u00a0", "\u200b", "\ufeff", "\x1f"])
    start = chance.randint(0, 1)
    return table[:start] + [[blank + cell + blank for cell in row] for row in table[start:]]


@of_table("cells filled up to a width")
def _(chance: Chance, table: Table) -> Table:
    width, start = chance.randint(2, 30), chance.randint(0, 1)
    return table[:start] + [[cell.ljust(width) for cell in row] for row in table[start:]]


@of_table("saved by pandas")
def _(chance: Chance, table: Table) -> Table:
    swap = {"true": "True", "false": "False", "N/A": "", "no_information": ""}
    if chance.random() < 0.5:
        del swap["no_information"]
    rows = [[str(n), row[0], *(swap.get(c, c) for c in row[1:])] for n, row in enumerate(table[1:])]
    return [["", *table[0]], *rows]


@of_table("turned on its side")
def _(_: Chance, table: Table) -> Table:
    return [list(row) for row in zip(*table, strict=True)]
