"""Text from a report, as it may be shown to a person: nothing unprintable stays as it is."""

from __future__ import annotations


def escape_text(text: str) -> str:
    r"""Return the text with everything unprintable written out: no ANSI, no bidi, no line break."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _visible(letter) for letter in text)


def _visible(letter: str) -> str:
    code = ord(letter)
    if code < 256:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
