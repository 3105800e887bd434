"""Batches -> results, in their order: in this process, or on an executor.

Any `concurrent.futures.Executor` that survives the death of a worker will do. Nothing here knows
what a batch is. A worker that dies loses nothing: its batch is tried again, then item by item, and
an item that kills its workers is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Generic, TypeVar

from credreport.errors import UsageError

# Fewer batches take less time than starting workers.
ENOUGH_BATCHES = 8
_BATCHES_AHEAD = 2
_ATTEMPTS = 2  # a worker may also be killed by chance, or by a lack of memory
_LOOK_UP = 1  # second between two checks that the executor is alive

I = TypeVar("I")  # noqa: E741 - an item
A = TypeVar("A")
Work = Callable[[Sequence[I]], list[A]]


@dataclass(frozen=True)
class Pool:
    """Where the work is done: in this process, unless `start` gives an executor of `workers` workers.

    `deaths` are the exceptions that mean that a worker died.
    `is_alive` is asked while a result is waited for: a cluster may disappear silently.
    """

    workers: int = 1
    start: Callable[[], Executor] | None = None
    deaths: tuple[type[BaseException], ...] = (BrokenExecutor,)
    is_alive: Callable[[], bool] = lambda: True
    enough_batches: int = ENOUGH_BATCHES

    def run(
        self,
        work: Work[I, A],
        batches: Iterable[Sequence[I]],
        refuse: Callable[[I], A],
    ) -> Generator[list[A]]:
        """Yield what `work` makes of each batch, in order: one answer per item.

        `refuse` gives the answer for an item that kills every worker that takes it.
        """
        waiting = iter(batches)
        first = list(islice(waiting, self.enough_batches)) if self.start else []
        if self.start is None or len(first) < self.enough_batches:
            for batch in chain(first, waiting):
                yield work(batch)
            return
        run = _Run(self, self.start(), work, refuse)
        try:
            yield from run.all(chain(first, waiting))
        finally:
            run.stop()


@dataclass
class _Run(Generic[I, A]):
    """One run over an executor: which batches were handed out, and what to do when a worker dies."""

    pool: Pool
    executor: Executor
    work: Work[I, A]
    refuse: Callable[[I], A]
    handed_out: deque[tuple[Sequence[I], Future[list[A]]]] = field(default_factory=deque)
    is_gone: bool = False

    def all(self, batches: Iterable[Sequence[I]]) -> Iterator[list[A]]:
        for batch in batches:
            self.handed_out.append((batch, self.executor.submit(self.work, batch)))
            if len(self.handed_out) >= self.pool.workers * _BATCHES_AHEAD:
                yield self._take_in()
        while self.handed_out:
            yield self._take_in()

    def stop(self) -> None:
        """Cancel what has not begun; an executor that is gone is not asked."""
        if self.is_gone:
            return
        for _, future in self.handed_out:
            future.cancel()
        self.executor.shutdown()

    def _take_in(self) -> list[A]:
        """Return the oldest result."""
        batch, future = self.handed_out.popleft()
        try:
            return self._wait(future)
        except self.pool.deaths:
            return self._try_again(batch)

    def _wait(self, future: Future[list[A]]) -> list[A]:
        """Return the result. Raises UsageError where the executor is gone for good."""
        while not future.done():
            wait([future], timeout=_LOOK_UP)
            if not future.done() and not self.pool.is_alive():
                raise self._gone()
        try:
            return future.result()
        except CancelledError:
            raise self._gone() from None

    def _gone(self) -> UsageError:
        self.is_gone = True
        return UsageError(
            "--cluster: the scheduler or its workers are gone; nothing was written, run again"
        )

    def _try_again(self, batch: Sequence[I]) -> list[A]:
        """Work on a batch once more, and if that kills the workers too, on each of its items."""
        for _ in range(_ATTEMPTS):
            try:
                return self._wait(self.executor.submit(self.work, batch))
            except self.pool.deaths:
                continue
        if len(batch) == 1:
            return [self.refuse(batch[0])]
        return [answer for item in batch for answer in self._try_again([item])]
