"""Any text is safe in a cell; rows are streamed and read back the same."""

from __future__ import annotations

import io
import zipfile
import zlib
from datetime import UTC, datetime
from xml.parsers import expat

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.table import Table

from credreport.output.workbook.sheetxml import (
    MAX_TEXT,
    Stream,
    _stretch_table,
    count_rows,
    finish,
    safe_text,
)


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


def written(texts: list[str], heights: list[float]) -> bytes:
    """Return a workbook with one streamed column of texts."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Text"])
    sheet["A2"].number_format = "@"
    column, rows = pd.Series(texts, dtype="str"), pd.Series(heights)
    sheet.add_table(Table(displayName="Texts", ref="A1:A2"))
    skeleton = io.BytesIO()
    book.save(skeleton)
    stream = Stream("Texts", [column], ["text"], rows)
    return finish(skeleton.getvalue(), {1: stream}, [], datetime(2026, 1, 31, tzinfo=UTC))


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7])
def test_every_row_comes_back_wherever_the_rows_are_cut(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.output.workbook.sheetxml._ROWS_AT_ONCE", 3)
    monkeypatch.setattr("credreport.output.workbook.sheetxml._READ_AT_ONCE", 7)
    texts = [f"text {place}" for place in range(number)]
    workbook = written(texts, [15.0 + place % 2 for place in range(number)])
    assert count_rows(workbook) == {1: number + 1}
    (sheet,) = load_workbook(io.BytesIO(workbook)).worksheets
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == texts
    assert [sheet.row_dimensions[place + 2].height for place in range(number)] == [
        15.0 + place % 2 for place in range(number)
    ]
    assert [table.ref for table in sheet.tables.values()] == [f"A1:A{number + 1}"]


def test_blanks_at_either_end_of_a_text_stay() -> None:
    texts = [" a", "a ", "\na", "a\n", "  ", "a b"]
    (sheet,) = load_workbook(io.BytesIO(written(texts, [15.0] * 6))).worksheets
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == texts


def test_a_damaged_workbook_is_not_counted() -> None:
    workbook = bytearray(written(["a"], [15.0]))
    place = workbook.index(b"sheet1.xml") + 20
    workbook[place] ^= 0xFF
    with pytest.raises((zipfile.BadZipFile, zlib.error, expat.ExpatError)):
        count_rows(bytes(workbook))


def test_only_the_table_of_a_stream_is_stretched() -> None:
    stream = Stream("Texts", [pd.Series(["a", "b"])], ["text"], pd.Series([15.0, 15.0]))
    own, other = (f'<table displayName="{name}" ref="A1:A2"/>'.encode() for name in ("Texts", "X"))
    assert _stretch_table(own, [stream]) == b'<table displayName="Texts" ref="A1:A3"/>'
    assert _stretch_table(other, [stream]) == other
