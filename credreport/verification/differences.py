"""Two files that should have the same bytes -> a description of the first difference.

Places are those of the form: row and column of a CSV, the path of a JSON value, the line of a text,
the byte and the pixels of a picture. `expected` is what the run makes now, `found` the file there.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import PurePath
from typing import Any

import numpy as np

from credreport.text import plural

_MOST_SHOWN = 80
_ROWS_LOOKED_AHEAD = 1_000
_TEXTS = {".md", ".jira", ".sh", ".html", ".svg"}


def first_difference(name: str, expected: bytes, found: bytes) -> str:
    """Return where the two differ first, and what both say there; empty if they do not differ."""
    if expected == found:
        return ""
    suffix = PurePath(name).suffix
    words = ""
    try:
        if suffix == ".csv":
            words = _in_csv(expected.decode(), found.decode())
        elif suffix == ".json":
            words = next(differing_values(json.loads(expected), json.loads(found)), "")
        elif suffix in _TEXTS:
            words = _in_lines(expected.decode(), found.decode())
        elif suffix == ".png":
            words = _in_pixels(expected, found)
    except (ValueError, RecursionError, csv.Error):
        words = ""  # no longer a file of that format: only the bytes can be compared
    return f"{words} ({_in_bytes(expected, found)})" if words else _in_bytes(expected, found)


def shown(value: object) -> str:
    """Return a value in quotes, cut where it is long; a dash where there is nothing."""
    if value is None or value == "":
        return "nothing"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def expected_found(expected: object, found: object) -> str:
    """Return `expected 'unused', found 'current'`."""
    return f"expected {shown(expected)}, found {shown(found)}"


def differing_row(expected: Sequence[Any], found: Sequence[Any]) -> tuple[int, str] | None:
    """Return the first index at which the rows differ, and `is missing`, `was added` or `changed`."""
    for place, (was, now) in enumerate(zip_longest(expected, found)):
        if was == now:
            continue
        rest = slice(place + 1, place + 1 + _ROWS_LOOKED_AHEAD)
        if len(found) < len(expected) and (place >= len(found) or now in expected[rest]):
            return place, "is missing"
        if len(found) > len(expected) and (place >= len(expected) or was in found[rest]):
            return place, "was added"
        return place, "changed"
    return None


def differing_values(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each value of a JSON document that differs, such as `findings[3].days`."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in dict.fromkeys([*expected, *found]):
            below = f"{path}.{key}" if path else str(key)
            if key not in found:
                yield f"{below} is missing: expected {shown(expected[key])}"
            elif key not in expected:
                yield f"{below} was added: {shown(found[key])}"
            else:
                yield from differing_values(expected[key], found[key], below)
    elif isinstance(expected, list) and isinstance(found, list):
        # As texts, because to Python 1 is True, and a list that ends with null has no more rows.
        place = differing_row(*([*map(_to_text, side)] for side in (expected, found)))
        if place is not None:
            number, what = place
            if what == "changed":
                yield from differing_values(expected[number], found[number], f"{path}[{number}]")
            else:
                entry = (expected if what == "is missing" else found)[number]
                yield f"{path}[{number}] {what}: {shown(entry)}"
    elif expected != found or type(expected) is not type(found):
        yield f"{path or 'the document'}: {expected_found(expected, found)}"


def _to_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _in_csv(expected: str, found: str) -> str:
    was, now = ([*csv.reader(io.StringIO(text, newline=""))] for text in (expected, found))

    def changed(number: int) -> str:
        cells = enumerate(zip_longest(was[number], now[number]))
        column, (cell, other) = next((column, pair) for column, pair in cells if pair[0] != pair[1])
        header = was[0] if number else []
        title = header[column] if column < len(header) else str(column + 1)
        return f"row {number + 1}, column {title}: {expected_found(cell, other)}"

    return _in_rows("row", was, now, changed)


def _in_lines(expected: str, found: str) -> str:
    was, now = expected.split("\n"), found.split("\n")

    def changed(number: int) -> str:
        pairs = enumerate(zip(was[number], now[number], strict=False))
        before = next((place for place, (one, other) in pairs if one != other), 0)
        start = max(before - _MOST_SHOWN // 4, 0)
        return f"line {number + 1}: {expected_found(was[number][start:], now[number][start:])}"

    return _in_rows("line", was, now, changed)


def _in_rows(
    kind: str, was: Sequence[Any], now: Sequence[Any], changed: Callable[[int], str]
) -> str:
    """Return which row or line is missing or was added, or what `changed` says of it."""
    place = differing_row(was, now)
    if place is None:
        return ""
    number, what = place
    if what == "changed":
        return changed(number)
    row = (was if what == "is missing" else now)[number]
    text = row if isinstance(row, str) else ",".join(row)
    return f"{kind} {number + 1} {what}: {shown(text)}"


def _in_pixels(expected: bytes, found: bytes) -> str:
    """Return how many pixels of a picture have another colour."""
    from PIL import Image  # noqa: PLC0415 - slow to import

    try:
        was, now = (
            np.asarray(Image.open(io.BytesIO(data), formats=["PNG"]).convert("RGBA"))
            for data in (expected, found)
        )
    except (OSError, SyntaxError, Image.DecompressionBombError):
        return "no longer a picture"
    if was.shape != now.shape:
        return f"expected {was.shape[1]} x {was.shape[0]} pixels, found {now.shape[1]} x {now.shape[0]}"
    count = int((was != now).any(axis=2).sum())
    have = "has" if count == 1 else "have"
    return f"{plural(count, 'pixel')} {have} another colour" if count else "every pixel is the same"


def _in_bytes(expected: bytes, found: bytes) -> str:
    size = min(len(expected), len(found))
    was, now = (np.frombuffer(data, "u1", size) for data in (expected, found))
    differs = np.append(was != now, True)
    place = int(differs.argmax())
    if place < size:
        return f"first at byte {place + 1} of {len(found)}"
    return f"first at byte {size + 1}: {len(found)} bytes of {len(expected)}"
