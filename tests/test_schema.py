"""The contracts of tables: each breach is seen, and is told by its name."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from credreport.reports.normalise import INSTANT_DTYPE
from credreport.schema import KEYS, TABLES, ColumnType
from tests.support.contracts import breaches

TIMELINE = {"finding_id": ColumnType.TEXT, "closed_on": ColumnType.INSTANT_OR_NONE}


def timeline(**columns: Any) -> pd.DataFrame:
    table = pd.DataFrame({"finding_id": ["a", "b"], "closed_on": [None, None]})
    return table.astype({"finding_id": "str", "closed_on": INSTANT_DTYPE}).assign(**columns)


def test_a_table_as_declared_breaks_nothing() -> None:
    assert breaches("timeline", timeline(), TIMELINE) == []


@pytest.mark.parametrize(
    ("columns", "breach"),
    [
        ({"finding_id": [1, 2]}, "timeline.finding_id: int64, expected text"),
        ({"closed_on": ["", ""]}, "timeline.closed_on: str, expected instant in UTC, or missing"),
        (
            {"finding_id": pd.Series(["a", None], dtype="str")},
            "timeline.finding_id: a cell is missing",
        ),
        ({"finding_id": ["a", "a"]}, "timeline: two rows have the same finding_id"),
    ],
)
def test_each_breach_is_told(columns: dict[str, Any], breach: str) -> None:
    assert breaches("timeline", timeline(**columns), TIMELINE) == [breach]


def test_a_lost_column_is_told() -> None:
    lost = timeline().drop(columns="closed_on")
    assert breaches("timeline", lost, TIMELINE) == ["timeline: no column closed_on"]


def test_every_key_is_of_a_table_and_of_its_columns() -> None:
    for name, key in KEYS.items():
        assert set(key) <= set(TABLES[name])
