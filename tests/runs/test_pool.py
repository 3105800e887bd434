"""Where the work is done, and what happens when a worker dies there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, Future

import pytest

from credreport.errors import UsageError
from credreport.runs.pool import Pool

BATCHES = [[1, 2], [3], [4, 5], [6]]
EXPECTED = [[2, 4], [6], [8, 10], [12]]


def double(batch: Sequence[int]) -> list[int]:
    return [2 * item for item in batch]


def run(pool: Pool) -> list[list[int]]:
    return list(pool.run(double, BATCHES, lambda item: -item))


class Mortal(Executor):
    """An executor whose worker dies of every call in `deadly`, counted from 0; it goes on itself."""

    def __init__(self, *deadly: int) -> None:
        self.deadly = deadly
        self.calls = 0

    def submit(self, work: object, *items: object, **_: object) -> Future[object]:  # type: ignore[override]
        assert callable(work)
        future: Future[object] = Future()
        if self.calls in self.deadly:
            future.set_exception(BrokenExecutor())
        else:
            future.set_result(work(*items))
        self.calls += 1
        return future


def mortal(*deadly: int) -> Pool:
    return Pool(2, lambda: Mortal(*deadly), enough_batches=1)


def test_a_pool_without_an_executor_works_here() -> None:
    assert run(Pool()) == EXPECTED


def test_few_batches_start_no_executor() -> None:
    def never() -> Executor:
        raise AssertionError

    assert run(Pool(2, never, enough_batches=5)) == EXPECTED


@pytest.mark.parametrize("deadly", [(), (0,), (1,), (3,), (0, 4), (0, 1, 2, 3), (3, 4)])
def test_whenever_a_worker_dies_nothing_is_lost(deadly: tuple[int, ...]) -> None:
    assert run(mortal(*deadly)) == EXPECTED


def test_an_item_that_kills_every_worker_is_refused_alone() -> None:
    class Fatal(Mortal):
        def submit(self, work: object, *items: object, **_: object) -> Future[object]:  # type: ignore[override]
            (batch,) = items
            assert isinstance(batch, Sequence)
            self.deadly = (self.calls,) if 4 in batch else ()
            return super().submit(work, *items)

    assert run(Pool(2, Fatal, enough_batches=1)) == [[2, 4], [6], [-4, 10], [12]]


class Deaf(Executor):
    """An executor that never answers, or cancels what it was given."""

    def __init__(self, *, cancels: bool) -> None:
        self.cancels = cancels
        self.is_shut_down = False

    def submit(self, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
        future: Future[object] = Future()
        if self.cancels:
            future.cancel()
            future.set_running_or_notify_cancel()
        return future

    def shutdown(self, *_: object, **__: object) -> None:
        self.is_shut_down = True


@pytest.mark.parametrize("cancels", [True, False])
def test_an_executor_that_is_gone_for_good_ends_the_run(
    cancels: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.runs.pool._LOOK_UP", 0)
    deaf = Deaf(cancels=cancels)
    pool = Pool(2, lambda: deaf, enough_batches=1, is_alive=lambda: False)
    with pytest.raises(UsageError, match="are gone; nothing was written, run again"):
        run(pool)
    assert not deaf.is_shut_down


def test_what_has_not_begun_is_cancelled_where_the_work_fails() -> None:
    class Slow(Executor):
        """An executor whose first call fails and whose others never begin."""

        def submit(self, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
            futures.append(Future())
            if len(futures) == 1:
                futures[0].set_exception(TimeoutError("a disk"))
            return futures[-1]

    futures: list[Future[object]] = []
    with pytest.raises(TimeoutError, match="a disk"):
        run(Pool(2, Slow, enough_batches=1))
    assert [future.cancelled() for future in futures] == [False, True, True, True]


def test_an_error_of_the_work_is_no_death() -> None:
    def fail(_: Sequence[int]) -> list[int]:
        raise TimeoutError("a disk")

    with pytest.raises(TimeoutError, match="a disk"):
        list(mortal().run(fail, BATCHES, lambda item: -item))
