"""A slice of the damages of tests/damage.py: the long run is `python -m tests.support.damage`."""

from __future__ import annotations

import random

import pytest

from tests.support.damage import (
    CELLS_LIE,
    DAMAGES,
    NOW,
    ROWS_GO,
    Result,
    lines_of,
    make_report,
    make_trial,
    run,
)
from tests.support.second_opinion import judge_report

SEED = 20260131
COUNT = 10 * len(DAMAGES)


@pytest.fixture(scope="module")
def result() -> Result:
    return run(SEED, 0, COUNT)


def test_there_are_many_kinds_of_damage() -> None:
    assert len(DAMAGES) >= 60
    assert set(DAMAGES) >= ROWS_GO | CELLS_LIE


def test_no_damage_loses_a_stale_credential_outside_the_declared_classes(result: Result) -> None:
    assert result.total().total() == COUNT
    assert result.bad == []


def test_both_roads_say_the_same_of_damaged_reports() -> None:
    both = run(SEED, 0, COUNT, "both")
    assert both.total().total() == COUNT
    assert both.bad == []


def test_a_difference_between_the_roads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tests.support.damage.survey_batch", lambda streams, _: [[] for _ in streams]
    )
    assert run(SEED, 0, 3, "both").total() == {"MISSED": 3}


def test_every_kind_is_met_and_told(result: Result) -> None:
    assert len(list(lines_of(result))) == len(DAMAGES) + 2
    assert {counts.total() for counts in result.counts.values()} == {10}


@pytest.mark.parametrize(
    "kind",
    ["trailing comma", "field lost", "NUL", "header lost", "the report again"],
)
def test_some_kinds_are_always_refused(kind: str, result: Result) -> None:
    assert result.counts[kind]["refused"] == 10


@pytest.mark.parametrize(
    "kind", ["columns in another order", "saved by pandas", "another report behind it"]
)
def test_some_kinds_are_no_damage_at_all(kind: str, result: Result) -> None:
    assert result.counts[kind]["kept"] == 10


def test_the_same_seed_and_number_give_the_same_trial() -> None:
    assert make_trial(7, 11) == make_trial(7, 11)
    assert make_trial(7, 11) != make_trial(8, 11)


def test_every_report_made_holds_a_stale_credential() -> None:
    for seed in range(20):
        text = make_report(random.Random(seed))
        found = judge_report(text, NOW)
        assert any(thought.status == "unused" for row in found for thought in row.values())
