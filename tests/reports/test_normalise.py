"""Column functions: text in, types out, nothing guessed and nothing lost."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credreport.instants import parse_instant
from credreport.reports.normalise import (
    INSTANT_DTYPE,
    join_texts,
    to_flag,
    to_instant,
    to_rows,
    to_texts,
    whole_days,
)


def texts(*cells: str | None) -> pd.Series:
    return pd.Series(list(cells), dtype="str")


def test_flags_are_true_false_or_unknown() -> None:
    flags = to_flag(texts("true", "TRUE", "False", "yes", "", "true ", None))
    assert flags.dtype == "boolean"
    assert flags.tolist() == [True, True, False, pd.NA, pd.NA, pd.NA, pd.NA]


def test_instants_of_every_spelling_are_the_same_in_utc() -> None:
    instants = to_instant(
        texts(
            "2019-01-02T03:04:05Z",
            "2019-01-02T03:04:05+00:00",
            "2019-01-02T05:04:05+02:00",
            "2019-01-02T03:04:05.5Z",
            "2019-02-30T00:00:00Z",
            "N/A",
            "",
            None,
        )  # fmt: skip
    )
    assert instants.dtype == INSTANT_DTYPE
    expected = pd.Timestamp("2019-01-02T03:04:05Z")
    assert instants.tolist()[:3] == [expected] * 3
    assert instants[3] - expected == pd.Timedelta(milliseconds=500)
    assert instants[4:].isna().all()


def test_a_missing_cell_takes_no_date_from_another() -> None:
    instants = to_instant(texts("N/A", None, "2019-01-02T03:04:05Z"))
    assert instants.isna().tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("text", "is_date"),
    [
        ("0000-01-01T00:00:00Z", False),
        ("0001-01-01T00:00:00Z", True),
        ("9999-12-31T23:59:59Z", True),
        ("2019-01-02T03:04:05.123456Z", True),
        ("2019-01-02T03:04:05", False),
    ],
)
def test_the_years_are_those_of_the_calendar(text: str, is_date: bool) -> None:
    assert to_instant(texts(text, "N/A")).notna().tolist() == [is_date, False]


CELLS = st.one_of(
    st.from_regex(
        r"\A(00|19|20|99)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|\+00:00|-05:30|\.5Z)\Z"
    ),
    st.text(max_size=30),
    st.sampled_from(["now", "today", "2019-03-3", "NaT", "nan", "2019-01-02T03:04:05"]),
)


@settings(max_examples=60)
@given(st.lists(CELLS, min_size=1, max_size=20))
def test_the_fast_way_agrees_with_the_exact_one_cell_by_cell(cells: list[str]) -> None:
    found = to_instant(texts(*cells))
    for cell, instant in zip(cells, found, strict=True):
        exact = parse_instant(cell)
        assert (pd.isna(instant) and exact is None) or instant == exact


def test_days_are_rounded_down() -> None:
    day = pd.Timedelta(days=1)
    elapsed = pd.Series([2 * day, 2 * day - pd.Timedelta(microseconds=1), -0.5 * day, pd.NaT])
    assert whole_days(elapsed).tolist() == [2, 1, -1, pd.NA]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (texts("b", None, "", "b"), ["b", "", "", "b"]),
        (
            pd.Series(
                ["2026-01-31T12:00:00Z", None, "2026-01-31T12:00:00Z", "1969-12-31T23:59:59Z"],
                dtype=INSTANT_DTYPE,
            ),
            ["2026-01-31T12:00:00Z", "", "2026-01-31T12:00:00Z", "1969-12-31T23:59:59Z"],
        ),
        (pd.Series([90, None, 0, 90], dtype="Int64"), ["90", "", "0", "90"]),
        (pd.Series([True, None, False], dtype="boolean"), ["True", "", "False"]),
    ],
    ids=["texts", "times", "numbers", "flags"],
)
def test_every_cell_is_put_into_words_and_nothing_is_empty(
    column: pd.Series, told: list[str]
) -> None:
    assert to_texts(column) == told


@pytest.mark.parametrize(
    ("keys", "joined"),
    [
        ([3, 1, 2], {3: "a", 1: "b", 2: "c"}),
        ([3, 1, 3], {1: "b", 3: "a, c"}),
        ([3, 3, 3], {3: "a, b, c"}),
    ],
)
def test_the_texts_of_a_key_are_joined_in_their_order(
    keys: list[int], joined: dict[int, str]
) -> None:
    of = pd.Series(keys, index=[7, 8, 9])
    found = join_texts(pd.Series(["a", "b", "c"], index=[7, 8, 9], dtype="str"), of, ", ")
    assert found.to_dict() == joined


def test_rows_of_nothing_are_nothing() -> None:
    assert to_rows(pd.DataFrame({"a": []})) == []
    assert to_rows(pd.DataFrame({"a": [1], "b": ["x"]})) == [{"a": 1, "b": "x"}]
