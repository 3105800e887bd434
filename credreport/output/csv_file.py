"""Tables -> CSV. The one place where a text becomes safe to stand in a cell of a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from credreport.evidence.evidence import Evidence
from credreport.output.formats import Files, Options
from credreport.reports.normalise import to_naive

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# A program that splits at semicolons, as many countries' spreadsheets do, begins a cell behind each.
_FORMULA_WITHIN = re.compile('([;\t\r\n])(?=["\\s]*[-=+@\uff1d\uff0b\uff0d\uff20])')
_ROWS_AT_ONCE = 20_000


def write_csv(evidence: Evidence, options: Options, _: Files) -> Files:
    """Return the tables that other programs read, a file each."""
    return table_files(evidence, evidence.csv_tables, options)


def table_files(evidence: Evidence, names: Iterable[str], options: Options) -> Files:
    """Return the named tables as CSV; one that is too long for memory was put aside as such."""
    aside = evidence.aside.csv if evidence.aside else {}
    return {
        f"{evidence.stem}-{name}.csv": aside[name]
        if name in aside
        else to_csv(evidence.tables[name], options)
        for name in names
    }


def to_csv(table: pd.DataFrame, options: Options) -> bytes:
    """Return the table as CSV, its text cells guarded unless `options` says raw."""
    return csv_header(table.columns) + csv_rows(table, options)


def csv_header(columns: Iterable[str]) -> bytes:
    """Return the first line of a CSV."""
    return _to_lines([list(columns)])


def csv_rows(table: pd.DataFrame, options: Options) -> bytes:
    """Return the rows of a CSV; see to_csv."""
    parts = []
    for first in range(0, len(table), _ROWS_AT_ONCE):
        rows = table.iloc[first : first + _ROWS_AT_ONCE]
        columns = [_to_cells(rows[name], is_guarded=not options.csv_raw) for name in rows]
        parts.append(_to_lines(zip(*columns, strict=True)))
    return b"".join(parts)


def _to_cells(column: pd.Series, *, is_guarded: bool) -> list[str]:
    """Return the cells as text; before what a spreadsheet would execute, an apostrophe.

    Each different cell is looked at once: most repeat themselves.
    """
    codes, different = pd.factorize(column, use_na_sentinel=False)
    texts = to_texts(pd.Series(different)).tolist()
    if is_guarded:
        texts = [_guard(text) for text in texts]
    cells: list[str] = np.array(texts, dtype=object)[codes].tolist()
    return cells


def _guard(text: str) -> str:
    """Return the text with an apostrophe before each part that a spreadsheet would execute."""
    if text.startswith(_FORMULA_STARTS):
        text = f"'{text}"
    return _FORMULA_WITHIN.sub(r"\1'", text)


def _to_lines(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def to_texts(column: pd.Series) -> pd.Series:
    """Return every cell as text: times as `...Z`, nothing as an empty text."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        seconds = np.datetime_as_string(to_naive(column).to_numpy(), unit="s")
        texts = pd.Series(seconds, index=column.index, dtype="str") + "Z"
        return texts.where(column.notna(), "")
    return column.astype("str").where(column.notna(), "")
