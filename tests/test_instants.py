"""Points in time: read exactly, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from credreport.instants import (
    format_instant,
    parse_date,
    parse_instant,
    parse_when,
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2019-01-02T03:04:05Z", utc(2019, 1, 2, 3, 4, 5)),
        ("2019-01-02T03:04:05+00:00", utc(2019, 1, 2, 3, 4, 5)),
        ("2019-01-02T03:04:05+05:30", utc(2019, 1, 1, 21, 34, 5)),
        ("2019-01-02T03:04:05-08:00", utc(2019, 1, 2, 11, 4, 5)),
        ("2019-01-02T03:04:05.250Z", utc(2019, 1, 2, 3, 4, 5, 250_000)),
        ("2020-02-29T23:59:59Z", utc(2020, 2, 29, 23, 59, 59)),
    ],
)
def test_an_instant_is_the_whole_cell_with_its_zone(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "", "N/A", "no_information", "now", "today", "2019", "20190102T030405Z", "2019-01-02",
        "2019-01-02T03:04:05", "2019-01-02 03:04:05Z", " 2019-01-02T03:04:05Z",
        "2019-01-02T03:04:05Z ", "2019-1-2T03:04:05Z", "2019-02-29T00:00:00Z",
        "2019-13-01T00:00:00Z", "2019-01-02T24:00:00Z", "2019-01-02T03:60:00Z",
        "2019-01-02T03:04:60Z", "2019-01-02T03:04:05z", "2019-01-02T03:04:05+0000",
        "2019-01-02T03:04:05+00", "2019-01-02T03:04:05+24:00", "4/5/2019", "43559",
        "\u0662\u0660\u0661\u0669-01-02T03:04:05Z", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00", "2019-01-02T03:04:05.Z",
    ],
)  # fmt: skip
def test_nothing_is_guessed(text: str) -> None:
    assert parse_instant(text) is None


def test_a_day_means_its_last_second() -> None:
    assert parse_date("2024-02-29") == utc(2024, 2, 29, 23, 59, 59)
    assert parse_date("2023-02-29") is None
    assert parse_date("29.02.2024") is None


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31", utc(2026, 1, 31, 23, 59, 59)),
        ("2026-01-31T10:00:00Z", utc(2026, 1, 31, 10)),
        (" 2026-01-31 10:00:00+02:00 ", utc(2026, 1, 31, 8)),
        ("yesterday", None),
    ],
)
def test_a_user_writes_an_instant_or_a_day(text: str, instant: datetime | None) -> None:
    assert parse_when(text) == instant


def test_instants_are_written_in_utc_to_the_second() -> None:
    assert (
        format_instant(datetime.fromisoformat("2026-01-31T10:00:00.9+02:00"))
        == "2026-01-31T08:00:00Z"
    )
