"""Text for people: reported text without anything unprintable, and counts of things."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Line ends and the comma as UTF-16 reads them where a byte before them is lost or added.
_OUT_OF_STEP = re.compile("[\u0a00\u0a0d\u2c00]")
_LINE = re.compile(r"[^\t\n]+")


def escape_text(text: str) -> str:
    r"""Return the text with everything unprintable written out: no ANSI, no bidi, no line break."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _visible(letter) for letter in text)


def escape_lines(text: str) -> str:
    """Return the text with its tabs and line breaks, and all else that is unprintable written out."""
    return text if text.isprintable() else _LINE.sub(lambda line: escape_text(line[0]), text)


def is_out_of_step(text: str) -> bool:
    """Whether in a text of UTF-16 a byte was lost or added, which a later one made good."""
    return bool(_OUT_OF_STEP.search(text))


def plural(number: int, word: str) -> str:
    """Return `1 password`, `2 passwords`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def first_few(names: Sequence[str], most: int) -> str:
    """Return the first names, and how many there are besides: `a, b and 37 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _visible(letter: str) -> str:
    if letter.isascii():
        return f"\\x{ord(letter):02x}"
    return letter.encode("ascii", "backslashreplace").decode()


def as_code(name: str) -> str:
    """Return a name from outside between backticks, or, where it has one in it, in quotes."""
    return repr(name) if "`" in name else f"`{name}`"
