"""Any text is safe in a cell; rows are streamed and read back the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credreport.sheetxml import MAX_TEXT, safe_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("alice", "alice"),
        ("=1+1", "=1+1"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\ufeff\u200b", "a\\ufeff\\u200b"),
        ("\ud800", "\\ud800"),
        ("\ufffe\uffff", "\\ufffe\\uffff"),
        ("_x0041_", "_x005F_x0041_"),
        ("_x00g1_", "_x00g1_"),
        ("_x0041__x0042_", "_x005F_x0041__x005F_x0042_"),
        ("a\tb\nc\rd", "a\tb\nc\\x0dd"),
        ("\u00e9\u5bc6\U0001f512", "\u00e9\u5bc6\U0001f512"),
    ],
)
def test_what_cannot_be_shown_is_written_out(text: str, shown: str) -> None:
    assert safe_text(text) == shown


def test_too_long_a_text_is_cut_visibly() -> None:
    assert safe_text("x" * MAX_TEXT) == "x" * MAX_TEXT
    cut = safe_text("x" * (MAX_TEXT + 1))
    assert len(cut) == MAX_TEXT
    assert cut.endswith("x [cut]")


@given(st.text())
def test_every_text_can_stand_in_xml(text: str) -> None:
    from xml.etree import ElementTree
    from xml.sax.saxutils import escape

    element = ElementTree.fromstring(f"<t>{escape(safe_text(text))}</t>")
    assert (element.text or "") == safe_text(text)
