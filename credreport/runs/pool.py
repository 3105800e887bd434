"""Batches -> results, in their order: judged here, by worker processes, or by the user's own cluster.

Any `concurrent.futures.Executor` will do. Nothing here knows what a batch is; a worker that dies
loses nothing: its batch is tried again, then file by file, and what kills a worker is refused.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Generic, TypeVar

from credreport.errors import UsageError

# Fewer batches are judged sooner than workers are started.
ENOUGH_BATCHES = 8
_BATCHES_AHEAD = 2
_LOOK_UP = 1  # second between two looks at who works
_PATIENCE = 10  # seconds for a cluster to answer
_ADDRESS = re.compile(r"(tcp|tls)://[^/]+:[0-9]+")

I = TypeVar("I")  # noqa: E741 - an item
A = TypeVar("A")
Work = Callable[[Sequence[I]], list[A]]


@dataclass(frozen=True)
class Pool:
    """Who works: this process, unless `start` gives an executor of `workers` workers.

    `deaths` are the exceptions that say that a worker died. `is_lasting`: the executor survives it;
    else `bury` ends those of its workers that are left.
    `is_alive` is asked while a result is waited for: an executor may vanish without a word.
    """

    workers: int = 1
    start: Callable[[], Executor] | None = None
    deaths: tuple[type[BaseException], ...] = (BrokenExecutor,)
    is_lasting: bool = False
    bury: Callable[[], None] = lambda: None
    is_alive: Callable[[], bool] = lambda: True
    enough_batches: int = ENOUGH_BATCHES

    def run(
        self,
        work: Work[I, A],
        batches: Iterable[Sequence[I]],
        refuse: Callable[[I], A],
    ) -> Generator[list[A]]:
        """Yield what `work` makes of each batch, in order: an answer an item.

        `refuse` gives the answer for an item that kills whoever works on it.
        """
        waiting = iter(batches)
        first = list(islice(waiting, self.enough_batches)) if self.start else []
        if self.start is None or len(first) < self.enough_batches:
            for batch in chain(first, waiting):
                yield work(batch)
            return
        run = _Run(self, self.start, work, refuse)
        try:
            yield from run.all(chain(first, waiting))
        finally:
            run.stop()


@dataclass
class _Run(Generic[I, A]):
    """One run over an executor: which batches were handed out, and what to do when a worker dies."""

    pool: Pool
    start: Callable[[], Executor]
    work: Work[I, A]
    refuse: Callable[[I], A]
    handed_out: deque[tuple[Sequence[I], Future[list[A]]]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.executor = self.start()

    def all(self, batches: Iterable[Sequence[I]]) -> Iterator[list[A]]:
        for batch in batches:
            self._hand_out(batch)
            if len(self.handed_out) >= self.pool.workers * _BATCHES_AHEAD:
                yield from self._take_in()
        while self.handed_out:
            yield from self._take_in()

    def stop(self) -> None:
        """Call off what nobody has begun, wait for the rest."""
        for _, future in self.handed_out:
            future.cancel()
        self.executor.shutdown(wait=self.pool.is_alive())

    def _hand_out(self, batch: Sequence[I]) -> None:
        try:
            future = self.executor.submit(self.work, batch)
        except self.pool.deaths as death:
            future = Future()
            future.set_exception(death)
        self.handed_out.append((batch, future))

    def _take_in(self) -> Iterator[list[A]]:
        """Yield the oldest result; after a death, those of all batches that were handed out."""
        batch, future = self.handed_out.popleft()
        try:
            answers = self._wait(future)
        except self.pool.deaths:
            lost = [batch, *(each for each, _ in self.handed_out)]
            self.handed_out.clear()
            self._renew()
            for each in lost:
                yield self._try_again(each)
        else:
            yield answers

    def _wait(self, future: Future[list[A]]) -> list[A]:
        """Return the result; raises UsageError where whoever works on it is gone for good."""
        gone = UsageError("--cluster: the scheduler is gone; nothing was written, run again")
        while not future.done():
            wait([future], timeout=_LOOK_UP)
            if not future.done() and not self.pool.is_alive():
                raise gone
        try:
            return future.result()
        except CancelledError:
            raise gone from None

    def _renew(self) -> None:
        if not self.pool.is_lasting:
            self.pool.bury()
            self.executor.shutdown(wait=False)
            self.executor = self.start()

    def _try_again(self, batch: Sequence[I]) -> list[A]:
        """Work on a batch alone, twice; if that kills the workers too, on each of its items.

        Twice, because the first time the executor may die of what it did before.
        """
        for _ in range(2):
            try:
                return self._wait(self.executor.submit(self.work, batch))
            except self.pool.deaths:
                self._renew()
        if len(batch) == 1:
            return [self.refuse(batch[0])]
        return [answer for item in batch for answer in self._try_again([item])]


def in_processes(workers: int) -> Pool:
    """Return a pool of worker processes on this machine; of one worker, this process."""
    if workers == 1:
        return Pool()
    return Pool(workers, lambda: _start_processes(workers), bury=_end_processes)


def available_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_processes(workers: int) -> Executor:
    return ProcessPoolExecutor(workers, mp_context=_context(), initializer=_settle_in)


def _context() -> Any:
    # Not by fork: a progress bar's thread may run, and a fork copies its locks.
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["credreport.runs.survey"])
    return context


def _end_processes() -> None:
    """End the workers of a broken executor: it forgets one that it started while another died.

    That one would wait for ever for somebody to take its answer, and Python for it.
    """
    for process in multiprocessing.active_children():
        if isinstance(process, _context().Process):
            process.kill()


def _settle_in() -> None:
    """Leave ^C to the process that waits for this one, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_outlive_nobody, daemon=True).start()


def _outlive_nobody() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def on_cluster(address: str) -> Pool:
    """Return a pool that is the Dask cluster of that scheduler (`tcp://HOST:PORT`, `tls://…`).

    Raises UsageError where it is no such address, the extra `cluster` is not installed, or nobody
    answers.
    """
    if not _ADDRESS.fullmatch(address):
        raise UsageError(f"--cluster {address}: not an address such as tcp://HOST:8786")
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
        from distributed.scheduler import KilledWorker  # noqa: PLC0415
    except ImportError:
        message = "--cluster needs dask.distributed: pip install 'credreport[cluster]'"
        raise UsageError(message) from None
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is told below
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
        workers = sum(client.nthreads().values())
    except (OSError, ValueError) as error:
        raise UsageError(f"--cluster {address}: no scheduler answers there ({error})") from None
    if not workers:
        client.close()
        raise UsageError(f"--cluster {address}: the scheduler has no workers")
    return Pool(
        workers,
        client.get_executor,
        deaths=(KilledWorker,),
        is_lasting=True,
        is_alive=lambda: client.status == "running",
        enough_batches=1,
    )
