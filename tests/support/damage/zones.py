"""Damages to the parts of a file between borders of lines, answers or blocks, whatever it is saved in."""

from __future__ import annotations

import re

from tests.support.damage.registry import GO, LIE, Chance, of_bytes

_SECTOR = 512


def _part(chance: Chance, data: bytearray) -> tuple[int, int]:
    borders = [match.end() for match in re.finditer(rb'\n|(?=\{ *")', data)]
    if data[257:262] == b"ustar":
        borders = [*range(0, len(data), _SECTOR)]
    start, end = sorted(chance.sample([*{0, *borders, len(data)}], 2))
    return start, end


@of_bytes("part lost", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _part(chance, data)
    del data[start:end]


@of_bytes("part is one sign", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _part(chance, data)
    data[start:end] = bytes([chance.choice(b"\0 \n\r\t,")]) * (end - start)


@of_bytes("all behind a border is one sign", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, _ = _part(chance, data)
    data[start:] = bytes([chance.choice(b"\0 \n\r\t,")]) * (len(data) - start)


@of_bytes("part copied over the next", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _part(chance, data)
    size = len(data)
    data[end : 2 * end - start] = data[start:end]
    del data[size:]


@of_bytes("parts swapped", GO, LIE)
def _(chance: Chance, data: bytearray) -> bytes:
    start, end = _part(chance, data)
    return bytes(data[start:end] + data[:start] + data[end:])
