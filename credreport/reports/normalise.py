"""Columns of frames: text -> typed, and frames -> rows of text; a Series in and a Series out."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd

from credreport.reports.cells import read_texts

INSTANT_DTYPE = pd.DatetimeTZDtype("us", UTC)


def to_flag(words: pd.Series) -> pd.Series:
    """Return a nullable boolean: `true` and `false` in any case; every other word is unknown (NA)."""
    lowered = words.str.lower()
    flags: pd.Series = lowered.eq("true").astype("boolean")
    known: pd.Series = flags.where(lowered.isin(["true", "false"]), pd.NA)
    return known


def to_instant(cells: pd.Series) -> pd.Series:
    """Return UTC instants (microseconds); NaT where the whole cell is not one."""
    codes, texts = pd.factorize(cells, use_na_sentinel=False)
    instants = read_texts(pd.Series(texts, dtype="str").fillna("").tolist())
    found = pd.Series(instants, dtype="M8[us]").dt.tz_localize(UTC)
    return found.take(codes).set_axis(cells.index)


def to_naive(instants: pd.Series) -> pd.Series:
    """Return the same instants without a zone, for formats that know none (UTC throughout)."""
    naive: pd.Series = instants.dt.tz_convert(UTC).dt.tz_localize(None)
    return naive


def whole_days(elapsed: pd.Series) -> pd.Series:
    """Return elapsed times as whole days, rounded down; a nullable integer."""
    days: pd.Series = elapsed.dt.total_seconds().floordiv(86_400).astype("Int64")
    return days


def to_texts(column: pd.Series) -> list[str]:
    """Return every cell as text: times as `YYYY-MM-DDTHH:MM:SSZ`, a missing one as an empty text.

    Each distinct time, number or flag is formatted once: most occur often.
    """
    if isinstance(column.dtype, pd.StringDtype):
        texts = column.fillna("").to_numpy(dtype=object)
    else:
        codes, different = pd.factorize(column)  # -1 is a missing cell, and the last of the words
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            instants = different.to_numpy(dtype="M8[us]")
            words = np.datetime_as_string(instants, unit="s", timezone="UTC").tolist()
        else:
            words = different.astype("str").tolist()
        texts = np.array([*words, ""], dtype=object)[codes]
    found: list[str] = texts.tolist()
    return found


def by_key(table: pd.DataFrame, key: str, column: str) -> pd.Series:
    """Return the column in the first row of each key; the index has the keys."""
    return table[[key, column]].drop_duplicates(key).set_index(key)[column]


def join_texts(texts: pd.Series, keys: pd.Series, between: str) -> pd.Series:
    """Return the texts of each key joined, in their order; the index has the keys.

    Most keys have one text: one group per key would be slow in pandas.
    """
    is_several = keys.duplicated(keep=False)
    if not is_several.any():
        return texts.set_axis(pd.Index(keys))
    several = texts[is_several].groupby(keys[is_several]).agg(between.join)
    one = pd.Series(texts[~is_several].array, index=keys[~is_several].array, dtype="str")
    joined: pd.Series = pd.concat([one, several.astype("str")])
    return joined


def to_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries: for sentences about the few, never for the population."""
    if table.empty:  # common, and pandas is slow even with no rows
        return []
    columns = {str(name): column.tolist() for name, column in table.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
