"""Nothing that a terminal or an editor would hide or obey is shown as it is."""

from __future__ import annotations

import pytest

from credreport.text import escape_lines, escape_text, first_few, plural


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Pr\u00fcfung \u00ff \u0100 \U00010000", "Pr\u00fcfung \u00ff \u0100 \U00010000"),
        ("a\tb\nc\x1b[31m\x7f", "a\\x09b\\x0ac\\x1b[31m\\x7f"),
        ("\u00a0\u00ad", "\\xa0\\xad"),
        ("\u202e\udce9\uffff", "\\u202e\\udce9\\uffff"),
        ("\U000e0001", "\\U000e0001"),
        ("", ""),
    ],
)
def test_what_cannot_be_printed_is_written_out(text: str, shown: str) -> None:
    assert escape_text(text) == shown


def test_lines_and_tabs_stay() -> None:
    assert escape_lines("a\tb\n\x1b\r\n\u202e") == "a\tb\n\\x1b\\x0d\n\\u202e"
    assert escape_lines("plain") == "plain"


def test_one_is_one_and_all_else_are_several() -> None:
    assert [plural(number, "key") for number in (0, 1, 2)] == ["0 keys", "1 key", "2 keys"]


def test_of_many_the_first_few_are_named_and_the_others_counted() -> None:
    assert first_few(["a"], 2) == "a"
    assert first_few(["a", "b"], 2) == "a, b"
    assert first_few(["a", "b", "c"], 2) == "a, b and 1 more"
