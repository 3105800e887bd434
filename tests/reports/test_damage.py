"""A slice of the damages of tests/support/damage: the long run is `python -m tests.support.damage`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from credreport.errors import Problem
from credreport.reports.inputs import Stream
from credreport.rules.policy import Policy
from credreport.runs.inspect import inspect_batch
from tests.support.damage.__main__ import lines_of
from tests.support.damage.containers import CONTAINERS, open_plainly, rows_in
from tests.support.damage.registry import GO, KINDS, LIE
from tests.support.damage.reports import NOW, make_report, stale_in
from tests.support.damage.trials import (
    KEPT,
    MISSED,
    REFUSED,
    Judged,
    Result,
    Trial,
    judge_trials,
    make_trial,
    outcome_of,
    run,
)
from tests.support.second_opinion import rows_of

SEED = 20260131
EACH = 3
COUNT = EACH * len(KINDS)


@pytest.fixture(scope="module")
def result() -> Result:
    return run(SEED, 0, COUNT)


def test_there_are_many_kinds_of_damage() -> None:
    assert len(KINDS) >= 150
    assert {excuse for kind in KINDS.values() for excuse in kind.excuses} == {GO, LIE}


def test_no_damage_loses_a_stale_credential_outside_the_declared_classes(result: Result) -> None:
    assert result.total().total() == COUNT
    assert result.bad == []


def test_every_kind_is_met_and_counted(result: Result) -> None:
    assert len(list(lines_of(result))) == len(KINDS) + len(result.by_container) + 4
    assert {counts.total() for counts in result.by_kind.values()} == {EACH}


@pytest.mark.parametrize(
    "kind", ["trailing comma", "field lost", "NUL", "header lost", "two rows on a line"]
)
def test_some_kinds_are_always_refused(kind: str, result: Result) -> None:
    assert result.by_kind[kind][REFUSED] == EACH


@pytest.mark.parametrize("number", [6703, 13579, 13949])
def test_what_version_0_1_0_missed_is_refused(number: int, tmp_path: Path) -> None:
    """The text output of two accounts, the second one damaged: 0.1.0 read only the first."""
    trial = make_trial(401, number, 181)
    assert trial.container.name == "--output text"
    assert [outcome for _, outcome, _ in judge_trials([trial], tmp_path)] == [REFUSED]


def test_the_same_seed_and_number_give_the_same_trial() -> None:
    assert make_trial(7, 11).data == make_trial(7, 11).data
    assert make_trial(7, 11).data != make_trial(8, 11).data


def test_every_report_made_has_an_unused_credential() -> None:
    assert all(stale_in(make_report(random.Random(seed))) for seed in range(20))


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_plain_reading_reads_every_container(name: str) -> None:
    texts = [make_report(random.Random(1)), make_report(random.Random(2), prefix="o.")]
    container = CONTAINERS[name]
    opened = open_plainly(container.save(random.Random(3), texts))
    assert opened is not None
    assert all(time == NOW for time in opened.times)
    read = [rows_in(text) for text in opened.texts]
    assert read == [rows_of(text) for text in texts[: len(texts) if container.takes_several else 1]]


@pytest.mark.parametrize(
    ("blocks", "is_read"), [(0, False), (1, False), (2, True), (3, False), (None, True)]
)
def test_the_plain_reading_knows_the_end_of_a_tar(blocks: int | None, is_read: bool) -> None:
    """Two blocks of zeros, or those of a whole record."""
    whole = CONTAINERS["tar"].save(random.Random(3), [make_report(random.Random(1))])
    end = -(-len(whole.rstrip(b"\0")) // 512) * 512
    data = whole if blocks is None else whole[: end + blocks * 512]
    assert (open_plainly(data) is not None) is is_read


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_report_that_is_not_damaged_is_kept(name: str, tmp_path: Path) -> None:
    texts = [make_report(random.Random(1)), make_report(random.Random(2), prefix="o.")]
    container = CONTAINERS[name]
    texts = texts[: len(texts) if container.takes_several else 1]
    data = container.save(random.Random(3), texts)
    trial = Trial(0, KINDS["bit flipped"], container, tuple(texts), data)
    assert [outcome for _, outcome, _ in judge_trials([trial], tmp_path)] == [KEPT]


class TestWhatCounts:
    """A trial whose report has unused credentials, and a program that calls none of them unused."""

    text = make_report(random.Random(5))

    def outcome(self, kind: str, damaged: str, *, keep: int) -> str:
        trial = Trial(0, KINDS[kind], CONTAINERS["CSV"], (self.text,), damaged.encode())
        rows = range(len(rows_of(self.text)[:keep]))
        return outcome_of(trial, Judged([(0, line, line) for line in rows], []))[0]

    def test_a_credential_that_the_program_calls_current_is_missed(self) -> None:
        assert self.outcome("bit flipped", self.text, keep=99) == MISSED

    def test_rows_that_the_damage_took_are_gone_where_the_kind_can_take_them(self) -> None:
        lines = self.text.split("\n")
        assert self.outcome("row lost", "\n".join(lines[:2]), keep=1) == GO
        assert self.outcome("word of a cell", "\n".join(lines[:2]), keep=1) == MISSED

    def test_rows_that_the_program_dropped_are_missed(self) -> None:
        assert self.outcome("row lost", self.text, keep=1) == MISSED


def test_both_ways_to_find_cells_say_the_same_of_damaged_reports() -> None:
    trials = [make_trial(SEED, number) for number in range(len(KINDS))]
    streams = [
        Stream(trial.container.file, trial.data)
        for trial in trials
        if not trial.container.file.endswith((".zip", ".tar", ".gz"))
    ]
    answers = inspect_batch(streams, Policy(), NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credreport.reports.read.to_body", lambda _: None)
        assert answers == inspect_batch(streams, Policy(), NOW)
    assert any(isinstance(each, Problem) for answer in answers for each in answer)
