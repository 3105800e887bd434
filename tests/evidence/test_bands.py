"""Age bands: the threshold is always a lower edge, and the bands hold every judged credential."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credreport.evidence.tables import to_band, to_bands
from credreport.verdicts.tally import band_edges, band_labels
from tests.support.reports import judge, root, user


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (90, ["0\u201330", "31\u201360", "61\u201389", "90\u2013180", "181\u2013365", "over 365"]),
        (45, ["0\u201330", "31\u201344", "45\u201360", "61\u2013180", "181\u2013365", "over 365"]),
        (35, ["0\u201334", "35\u201360", "61\u2013180", "181\u2013365", "over 365"]),
        (2, ["0\u20131", "2\u201330", "31\u201360", "61\u2013180", "181\u2013365", "over 365"]),
        (1, ["0", "1\u201330", "31\u201360", "61\u2013180", "181\u2013365", "over 365"]),
        (365, ["0\u201330", "31\u201360", "61\u2013180", "181\u2013364", "over 364"]),
    ],
)
def test_bands_come_from_the_threshold(days: int, labels: list[str]) -> None:
    assert list(band_labels(band_edges(days))) == labels


@given(st.integers(min_value=1, max_value=36_500))
def test_the_threshold_is_a_lower_edge_and_edges_rise_from_zero(days: int) -> None:
    edges = band_edges(days)
    assert days in edges
    assert edges[0] == 0
    assert list(edges) == sorted(set(edges))


def test_day_n_is_never_in_the_bar_of_current_credentials() -> None:
    ages = pd.Series([89, 90, None, 0, 366], dtype="Int64")
    assert to_band(ages, 90).tolist() == ["61\u201389", "90\u2013180", "", "0\u201330", "over 365"]


def test_no_age_at_all_is_no_band() -> None:
    assert to_band(pd.Series([None, None], dtype="Int64"), 90).tolist() == ["", ""]


def test_counts_by_band_and_type_with_the_never_used_among_them(tmp_path: Path) -> None:
    assessment = judge(
        tmp_path,
        root(),
        user("a", password_enabled="true", password_last_changed="2026-01-01T00:00:00Z"),
        user(
            "b",
            password_enabled="true",
            password_last_used="2026-01-01T00:00:00Z",
            access_key_2_active="true",
            access_key_2_last_rotated="2025-01-01T00:00:00Z",
        ),
    )
    bands = to_bands(assessment.totals)
    filled = bands[bands["count"].gt(0)]
    assert filled.to_dict("records") == [
        {"band": "0\u201330", "kind": "password", "count": 2, "never_used": 1, "is_unused": False},
        {"band": "over 365", "kind": "access_key", "count": 1, "never_used": 1, "is_unused": True},
    ]
    assert len(bands) == 12
