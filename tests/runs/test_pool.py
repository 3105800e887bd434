"""Who works: this process, workers, a cluster; and what is said where that cannot be."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor

import pytest

from credreport.errors import UsageError
from credreport.runs.pool import (
    Pool,
    _outlive_nobody,
    _settle_in,
    available_processors,
    in_processes,
    on_cluster,
)

BATCHES = [[1, 2], [3], [4, 5], [6]]


def double(batch: Sequence[int]) -> list[int]:
    return [2 * item for item in batch]


def run(pool: Pool) -> list[list[int]]:
    return list(pool.run(double, BATCHES, lambda item: -item))


class Mortal(Executor):
    """An executor that is dead after so many calls, and takes no more."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def submit(self, work: object, *items: object, **_: object) -> Future[object]:  # type: ignore[override]
        if self.calls < 0:
            raise BrokenExecutor
        self.calls -= 1
        future: Future[object] = Future()
        if self.calls < 0:
            future.set_exception(BrokenExecutor())
        else:
            assert callable(work)
            future.set_result(work(*items))
        return future


def mortal(lives: list[int]) -> Pool:
    """Return a pool whose executors die after so many calls each."""
    return Pool(2, lambda: Mortal(lives.pop(0)), enough_batches=1)


EXPECTED = [[2, 4], [6], [8, 10], [12]]


def test_one_worker_is_this_process() -> None:
    assert in_processes(1) == Pool()
    assert run(Pool()) == EXPECTED


def test_few_batches_start_nobody() -> None:
    def never() -> Executor:
        raise AssertionError

    assert run(Pool(2, never, enough_batches=5)) == EXPECTED


@pytest.mark.parametrize(
    "lives", [[9], [0, 9], [1, 9], [2, 9], [3, 9], [4], [0, 1, 9, 9], [1, 0, 9, 9]]
)
def test_whenever_an_executor_dies_nothing_is_lost(lives: list[int]) -> None:
    assert run(mortal(lives)) == EXPECTED


def test_what_kills_every_executor_is_answered_for() -> None:
    # The first; two for the batch alone, two for each of its items.
    lives = [0, 0, 0, 0, 0, 0, 0, 9]
    assert run(mortal(lives)) == [[-1, -2], [6], [8, 10], [12]]


class Deaf(Executor):
    """An executor that never answers, or calls off what it was given."""

    def __init__(self, *, calls_off: bool) -> None:
        self.calls_off = calls_off

    def submit(self, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
        future: Future[object] = Future()
        if self.calls_off:
            future.cancel()
            future.set_running_or_notify_cancel()
        return future


@pytest.mark.parametrize("calls_off", [True, False])
def test_who_is_gone_for_good_ends_the_run(
    calls_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.runs.pool._LOOK_UP", 0)
    pool = Pool(2, lambda: Deaf(calls_off=calls_off), enough_batches=1, is_alive=lambda: False)
    with pytest.raises(UsageError, match="the scheduler is gone; nothing was written, run again"):
        run(pool)


def test_an_executor_that_survives_a_death_goes_on() -> None:
    class Lasting(Mortal):
        def submit(self, work: object, *items: object, **_: object) -> Future[object]:  # type: ignore[override]
            self.calls = 1 if self.calls < 0 else self.calls
            return super().submit(work, *items)

    started: list[Executor] = []

    def start() -> Executor:
        started.append(Lasting(1))
        return started[-1]

    assert run(Pool(2, start, enough_batches=1, is_lasting=True)) == EXPECTED
    assert len(started) == 1


@pytest.mark.parametrize(
    ("methods", "chosen"),
    [(["fork", "spawn", "forkserver"], "forkserver"), (["spawn"], "spawn")],
)
def test_workers_are_never_forked(
    methods: list[str], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: methods)
    pool = in_processes(2)
    assert pool.start
    with pool.start() as executor:
        assert isinstance(executor, ProcessPoolExecutor)
        assert executor._mp_context
        assert executor._mp_context.get_start_method() == chosen


def test_processors_are_those_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert available_processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_processors() == 1


def test_a_worker_leaves_an_interruption_to_its_parent() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        _settle_in()  # this process has no parent of that sort, so nothing ends with it
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_process_that_nobody_started_outlives_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    _outlive_nobody()
    assert ended == []


def test_a_worker_ends_with_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parent:
        def join(self) -> None: ...

    def end(status: int) -> None:
        raise SystemExit(status)

    monkeypatch.setattr(multiprocessing, "parent_process", Parent)
    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(SystemExit):
        _outlive_nobody()


def test_a_cluster_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'credreport\[cluster\]'"):
        on_cluster("tcp://127.0.0.1:8786")


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_without_workers_is_said() -> None:
    from distributed import LocalCluster

    with (
        LocalCluster(
            n_workers=0, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
        ) as local,
        pytest.raises(UsageError, match="the scheduler has no workers"),
    ):
        on_cluster(local.scheduler_address)


def test_after_a_death_the_workers_that_are_left_are_buried() -> None:
    buried: list[str] = []
    lives = [1, 9]
    pool = Pool(
        2, lambda: Mortal(lives.pop(0)), bury=lambda: buried.append("all"), enough_batches=1
    )
    assert run(pool) == EXPECTED
    assert buried == ["all"]


def test_a_worker_that_nobody_waits_for_is_ended() -> None:
    """An executor that breaks while it starts a worker forgets that one, and Python waits for it."""
    pool = in_processes(2)
    assert pool.start is not None
    executor = pool.start()
    worker = executor.submit(os.getpid).result()
    pool.bury()
    with pytest.raises(BrokenExecutor):
        executor.submit(os.getpid).result()
    executor.shutdown()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_a_process_of_somebody_else_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[str] = []

    class Foreign:
        def kill(self) -> None:
            killed.append("foreign")

    monkeypatch.setattr(multiprocessing, "active_children", lambda: [Foreign()])
    in_processes(2).bury()
    assert killed == []
