"""Damages of whole files: encodings, reports run together, and two damages at once."""

from __future__ import annotations

import csv
from itertools import zip_longest

from tests.support.damage.registry import (
    GO,
    KINDS,
    LIE,
    Chance,
    Kind,
    of_bytes,
    of_text,
    of_two,
)

# Encodings


@of_bytes("encoding")
def _(chance: Chance, data: bytearray) -> bytes:
    codec = chance.choice(
        ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7", "cp500", "latin-1"]
    )
    text = data.decode("latin-1").replace("alice", chance.choice(["alice", "\u00e4lice"]))
    return text.encode(codec)


@of_bytes("encoding mark twice")
def _(chance: Chance, data: bytearray) -> bytes:
    return b"\xef\xbb\xbf" * chance.randint(1, 3) + bytes(data)


@of_text("read in the wrong encoding")
def _(chance: Chance, text: str) -> str:
    text = text.replace("alice", "\u00e4l\u00ecce")
    return text.encode().decode(chance.choice(["latin-1", "cp1252", "cp437"]), "replace")


@of_bytes("end of file mark")
def _(chance: Chance, data: bytearray) -> bytes:
    return bytes(data) + chance.choice([b"\x1a", b"\x04", b"\0", b"\n\x1a", b"\x1a" * 128])


# Reports run together


@of_two("another report behind it")
def _(chance: Chance, text: str, other: str) -> str:
    if chance.random() < 0.3:
        other = other.partition("\n")[2]
    return text + chance.choice(["", "\n", "\r\n", "\n\n"]) + other


@of_two("another report before it, cut", GO)
def _(chance: Chance, text: str, other: str) -> str:
    return other[: chance.randrange(1, len(other))] + chance.choice(["", "\n"]) + text


@of_two("another report behind it, cut in front", GO, LIE)
def _(chance: Chance, text: str, other: str) -> str:
    return text + chance.choice(["", "\n"]) + other[chance.randrange(1, len(other)) :]


@of_two("another report inside it")
def _(chance: Chance, text: str, other: str) -> str:
    at = chance.randrange(1, len(text))
    return text[:at] + other + text[at:]


@of_two("lines of two reports interleaved")
def _(chance: Chance, text: str, other: str) -> str:
    start = chance.randint(0, 1)
    pairs = zip_longest(text.split("\n"), other.split("\n")[start:], fillvalue="")
    return "\n".join(line for pair in pairs for line in pair if line)


@of_two("two writers at once", GO, LIE)
def _(chance: Chance, text: str, other: str) -> str:
    size = chance.choice([1, 16, 64, 100, 512])
    parts = zip_longest(
        *([each[at : at + size] for at in range(0, len(each), size)] for each in (text, other)),
        fillvalue="",
    )
    return "".join(part for pair in parts for part in pair)


@of_two("a longer file overwritten from its start", GO, LIE)
def _(_: Chance, text: str, other: str) -> str:
    """A shorter report was written over a longer one that was not cut first."""
    short, long = sorted((text, other), key=len)
    return short + long[len(short) :]


@of_two("lines of another report among its own")
def _(chance: Chance, text: str, other: str) -> str:
    lines = text.split("\n")
    for line in other.split("\n")[1:]:
        lines.insert(chance.randint(1, len(lines)), line)
    return "\n".join(lines)


@of_two("a row of another report over its own", GO, LIE, has_other=False)
def _(chance: Chance, text: str, other: str) -> str:
    lines = text.split("\n")
    lines[chance.randrange(1, len(lines))] = chance.choice(other.split("\n")[1:])
    return "\n".join(lines)


@of_two("a stretch of another report over its own", GO, LIE, has_other=False)
def _(chance: Chance, text: str, other: str) -> str:
    at, size = chance.randrange(len(text)), chance.randint(2, 400)
    start = chance.randrange(len(other))
    piece = other[start : start + size]
    return text[:at] + piece + text[at + len(piece) :]


# Two damages at once


def _pair(chance: Chance, kinds: list[Kind]) -> tuple[Kind, Kind]:
    return chance.choice(kinds), chance.choice(kinds)


def register_pairs() -> None:
    """Register the damages that are two of all that are registered before."""
    inner = [kind for kind in KINDS.values() if kind.inner and not kind.has_other]
    outer = [kind for kind in KINDS.values() if kind.outer and not kind.is_large]

    @of_text("two damages to the text", GO, LIE)
    def _(chance: Chance, text: str) -> str:
        for kind in _pair(chance, inner):
            assert kind.inner
            try:
                text = kind.inner(chance, text, "")
            except (ValueError, IndexError, csv.Error):  # the first left nothing for the second
                break
        return text

    @of_bytes("two damages to the bytes", GO, LIE)
    def _(chance: Chance, data: bytearray) -> bytes:
        whole = bytes(data)
        for kind in _pair(chance, outer):
            assert kind.outer
            whole = kind.outer(chance, whole)
        return whole


register_pairs()
