"""Tables -> CSV. The one place that makes text safe for a CSV that a spreadsheet may open."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from credreport.evidence.evidence import Evidence
from credreport.output.formats import Files
from credreport.output.pictures import Options
from credreport.reports.normalise import to_texts
from credreport.text import escape_lines

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BETWEEN = "\x1f"  # separates cells while a whole column is searched
# A program that splits at semicolons, as many countries' spreadsheets do, begins a cell after each.
# What separates cells and follows a separator is taken at once: one look at each letter.
_FORMULA_WITHIN = re.compile('(?<!["\\s;])["\\s;]++(?=[-=+@\uff1d\uff0b\uff0d\uff20])')
_SEPARATOR = re.compile("[;\t\n]")
_QUOTED = (",", '"', "\r", "\n")
_MAY_BE_FORMULA = (*(_BETWEEN + start for start in _FORMULA_STARTS), ";", "\t", "\n")
_ROWS_AT_ONCE = 20_000


def write_csv(evidence: Evidence, options: Options, _: Files) -> Files:
    """Return the tables that other programs read, one file each."""
    return table_files(evidence, evidence.csv_tables, options)


def table_files(evidence: Evidence, names: Iterable[str], options: Options) -> Files:
    """Return the named tables as CSV; one that is too long for memory was put aside as CSV."""
    aside = evidence.aside
    return {
        f"{evidence.stem}-{name}.csv": aside.csv[name]
        if aside and name in aside.csv
        else to_csv(evidence.tables[name], raw=options.csv_raw)
        for name in names
    }


def to_csv(table: pd.DataFrame, *, raw: bool = False) -> bytes:
    """Return the table as CSV, its text cells guarded against formulas unless `raw`."""
    return csv_header(table.columns) + csv_rows(table, raw=raw)


def csv_header(columns: Iterable[str]) -> bytes:
    """Return the first line of a CSV."""
    return _to_lines([[name] for name in columns])


def csv_rows(table: pd.DataFrame, *, raw: bool = False) -> bytes:
    """Return the rows of a CSV; see to_csv."""
    parts = []
    for first in range(0, len(table), _ROWS_AT_ONCE):
        rows = table.iloc[first : first + _ROWS_AT_ONCE]
        columns = [_to_cells(rows[name], is_guarded=not raw) for name in rows]
        parts.append(_to_lines(columns))
    return b"".join(parts)


def _to_cells(column: pd.Series, *, is_guarded: bool) -> list[str]:
    """Return the cells of a column as they are written.

    All texts are searched at once for anything to escape or quote: most columns have nothing.
    """
    cells = to_texts(column)
    if not isinstance(column.dtype, pd.StringDtype) and column.dtype != object:
        return cells  # times, numbers and flags have no such signs
    different = set(cells)
    whole = _BETWEEN + _BETWEEN.join(different)
    is_unsafe = is_guarded and (
        any(sign in whole for sign in _MAY_BE_FORMULA) or not all(map(str.isprintable, different))
    )
    if not is_unsafe and not any(sign in whole for sign in _QUOTED):
        return cells
    changed = {text: _quote(guard(text) if is_unsafe else text) for text in different}
    return [changed[text] for text in cells]


def guard(text: str) -> str:
    """Return the text with an apostrophe before each part that a spreadsheet would execute.

    Control and direction characters are written out, as in the other formats.
    """
    text = escape_lines(text)
    if text.startswith(_FORMULA_STARTS):
        text = f"'{text}"
    return _FORMULA_WITHIN.sub(_guard_after, text)


def _guard_after(blanks: re.Match[str]) -> str:
    before, mark, rest = blanks[0].rpartition(";")
    return before + _SEPARATOR.sub(r"\g<0>'", mark + rest)


def _quote(text: str) -> str:
    if any(sign in text for sign in _QUOTED):
        return '"' + text.replace('"', '""') + '"'
    return text


def _to_lines(columns: Iterable[list[str]]) -> bytes:
    """Return the rows of these columns as in RFC 4180, except that the line end is a line feed."""
    lines = "\n".join(map(",".join, zip(*columns, strict=True)))
    return f"{lines}\n".encode("utf-8", "backslashreplace")
