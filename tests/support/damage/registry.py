"""The kinds of damage: one small function each, registered once, by what it changes.

No reader of a single file can see two things. A kind that can bring one of them about says so where
it is registered, and a plain reading of the damaged file has to confirm it:

GO    whole rows are gone
LIE   cells have other words or dates that AWS could have written there
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass

GO, LIE = "rows gone", "cells lie"
Chance = random.Random
Table = list[list[str]]
OfText = Callable[[Chance, str], str]
OfBytes = Callable[[Chance, bytearray], "bytes | bytearray | None"]


@dataclass(frozen=True)
class Kind:
    """One kind of damage.

    name       what it is called in the table of counts
    excuses    what it can do that no reader can see
    inner      the damage to a report's text, before it is saved; it may take another report in
    outer      the damage to the file's bytes, whatever it is saved in
    has_other  whether the other report belongs to the damaged file
    is_large   whether it needs a report of some ten thousand bytes
    """

    name: str
    excuses: frozenset[str]
    inner: Callable[[Chance, str, str], str] | None = None
    outer: Callable[[Chance, bytes], bytes] | None = None
    has_other: bool = False
    is_large: bool = False


KINDS: dict[str, Kind] = {}


def _add(kind: Kind) -> None:
    assert kind.name not in KINDS, kind.name
    KINDS[kind.name] = kind


def of_text(name: str, *excuses: str) -> Callable[[OfText], OfText]:
    """Register a function from a report's text to the damaged text."""

    def keep(change: OfText) -> OfText:
        _add(Kind(name, frozenset(excuses), inner=lambda chance, text, _: change(chance, text)))
        return change

    return keep


def of_lines(
    name: str, *excuses: str
) -> Callable[[Callable[[Chance, list[str]], list[str] | None]], object]:
    """Register a function that changes a report's lines, or returns others."""

    def keep(change: Callable[[Chance, list[str]], list[str] | None]) -> object:
        def apply(chance: Chance, text: str) -> str:
            lines = text.split("\n")
            changed = change(chance, lines)
            return "\n".join(lines if changed is None else changed)

        return of_text(name, *excuses)(apply)

    return keep


def of_table(
    name: str, *excuses: str
) -> Callable[[Callable[[Chance, Table], Table | None]], object]:
    """Register a function that changes a report's cells, the header's too, or returns others."""

    def keep(change: Callable[[Chance, Table], Table | None]) -> object:
        def apply(chance: Chance, text: str) -> str:
            table = to_table(text)
            changed = change(chance, table)
            return to_text(table if changed is None else changed)

        return of_text(name, *excuses)(apply)

    return keep


def of_row(
    name: str, *excuses: str
) -> Callable[[Callable[[Chance, list[str]], list[str] | None]], object]:
    """Register a function that changes the cells of one row, or returns others."""

    def keep(change: Callable[[Chance, list[str]], list[str] | None]) -> object:
        def apply(chance: Chance, table: Table) -> None:
            at = chance.randrange(1, len(table))
            changed = change(chance, table[at])
            table[at] = table[at] if changed is None else changed

        return of_table(name, *excuses)(apply)

    return keep


def of_two(
    name: str, *excuses: str, has_other: bool = True
) -> Callable[[Callable[[Chance, str, str], str]], Callable[[Chance, str, str], str]]:
    """Register a function that makes one text of a report and another one."""

    def keep(change: Callable[[Chance, str, str], str]) -> Callable[[Chance, str, str], str]:
        _add(Kind(name, frozenset(excuses), inner=change, has_other=has_other))
        return change

    return keep


def of_bytes(name: str, *excuses: str, is_large: bool = False) -> Callable[[OfBytes], OfBytes]:
    """Register a function that changes the bytes of a file, or returns others."""

    def keep(change: OfBytes) -> OfBytes:
        def apply(chance: Chance, data: bytes) -> bytes:
            letters = bytearray(data)
            changed = change(chance, letters) if len(letters) > 1 else None
            return bytes(letters if changed is None else changed)

        _add(Kind(name, frozenset(excuses), outer=apply, is_large=is_large))
        return change

    return keep


def to_table(text: str) -> Table:
    return list(csv.reader(io.StringIO(text)))


def to_text(table: Table) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(table)
    return buffer.getvalue().removesuffix("\n")
