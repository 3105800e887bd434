"""Text cells -> typed columns, exactly: column functions, each a Series in and a Series out.

Text first, types later: whatever is not exactly a date, a known absence or a true/false stays
visible as such, and never turns into a missing value that a comparison would pass over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from credreport.instants import INSTANT_PATTERN, parse_instant
from credreport.reports.read import CredentialReport
from credreport.schema import (
    ARN,
    ARN_PATTERN,
    KNOWN_ABSENCES,
    KNOWN_COLUMNS,
    NOT_SUPPORTED,
    ROOT_USER,
    Meaning,
)

INSTANT_DTYPE = pd.DatetimeTZDtype("us", UTC)
_COMMON = (
    r"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:Z|\+00:00)"
)


def to_users(reports: Sequence[CredentialReport]) -> pd.DataFrame:
    """Return one row a user of every report, in order: `report`, `line`, and AWS's columns as text.

    `report` counts the reports from 0. A cell is missing (NaN) only where its report has no such
    column; every cell that was read is text, `NA`, `null` and blanks too.
    """
    by_columns: dict[tuple[str, ...], list[int]] = {}
    for number, report in enumerate(reports):
        by_columns.setdefault(report.columns, []).append(number)
    frames = []
    for columns, numbers in by_columns.items():
        rows = list(chain.from_iterable(reports[number].rows for number in numbers))
        cells = pd.DataFrame(rows, columns=list(columns), dtype="str")
        known = cells.loc[:, [column for column in columns if column in KNOWN_COLUMNS]]
        sizes = [len(reports[number].rows) for number in numbers]
        frames.append(
            known.assign(
                report=np.repeat(numbers, sizes),
                line=list(chain.from_iterable(reports[number].lines for number in numbers)),
            )
        )
    users = pd.concat(frames)
    ordered = users.reindex(columns=["report", "line", *KNOWN_COLUMNS])
    text = dict.fromkeys(KNOWN_COLUMNS, "str")
    return ordered.astype(text).sort_values(["report", "line"], kind="stable", ignore_index=True)


def to_flag(words: pd.Series) -> pd.Series:
    """Return a nullable boolean: `true` and `false` in any case; every other word is unknown (NA)."""
    lowered = words.str.lower()
    flags: pd.Series = lowered.eq("true").astype("boolean")
    known: pd.Series = flags.where(lowered.isin(["true", "false"]), pd.NA)
    return known


def to_instant(cells: pd.Series) -> pd.Series:
    """Return UTC instants (microseconds); NaT where the whole cell is not one.

    The two spellings that AWS writes are parsed at once, other offsets and fractions one by one.
    """
    codes, texts = pd.factorize(cells, use_na_sentinel=False)
    different = pd.Series(texts, dtype="str")  # most cells say N/A: look at each text once
    common = different.str.fullmatch(_COMMON)  # false where a cell is missing
    seconds = different.where(common).str.slice(0, 19)
    instants = pd.to_datetime(seconds, format="%Y-%m-%dT%H:%M:%S", errors="coerce", utc=True)
    instants = instants.astype(INSTANT_DTYPE)
    unusual = different[~common].str.fullmatch(INSTANT_PATTERN)
    unusual = unusual[unusual]
    if not unusual.empty:
        parsed = [parse_instant(cell) for cell in different[unusual.index]]
        instants.loc[unusual.index] = pd.Series(parsed, index=unusual.index, dtype=INSTANT_DTYPE)
    return instants.take(codes).set_axis(cells.index)


def to_meaning(cells: pd.Series, instants: pd.Series) -> pd.Series:
    """Return what each date cell says, as a `Meaning`: every cell gets exactly one."""
    choices = [
        (cells.isna(), Meaning.NO_COLUMN),
        (instants.notna(), Meaning.INSTANT),
        (cells.isin(KNOWN_ABSENCES), Meaning.ABSENCE),
        (cells.eq(""), Meaning.BLANK),
        (cells.eq(NOT_SUPPORTED), Meaning.NOT_SUPPORTED),
    ]
    words = np.select(
        [mask.to_numpy(dtype=bool) for mask, _ in choices],
        [meaning.value for _, meaning in choices],
        default=Meaning.TEXT.value,
    )
    return pd.Series(words, index=cells.index, dtype="str")


def to_account(arns: pd.Series) -> pd.Series:
    """Return the fifth field of each ARN as text; empty where there is none."""
    accounts: pd.Series = arns.str.extract(ARN_PATTERN, expand=False).fillna("").astype("str")
    return accounts


def is_root_row(users: pd.DataFrame) -> pd.Series:
    """Whether each row is the root account's: by its name, or by the end of its ARN."""
    arns = users[ARN].fillna("")
    root: pd.Series = users["user"].eq(ROOT_USER) | arns.str.endswith((":root", f":{ROOT_USER}"))
    return root


def to_naive(instants: pd.Series) -> pd.Series:
    """Return the same instants without a zone, for formats that know none (UTC throughout)."""
    naive: pd.Series = instants.dt.tz_convert(UTC).dt.tz_localize(None)
    return naive


def whole_days(elapsed: pd.Series) -> pd.Series:
    """Return elapsed times as whole days, rounded down; a nullable integer."""
    days: pd.Series = elapsed.dt.total_seconds().floordiv(86_400).astype("Int64")
    return days


def to_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries: for sentences about the few, never for the population."""
    if table.empty:  # common, and pandas takes its time over nothing
        return []
    names = [str(name) for name in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.itertuples(index=False)]
