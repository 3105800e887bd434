"""An executor of worker processes that always answers, whenever and however a worker dies.

Each worker is an interpreter of its own with two pipes, and a thread of this process that waits for
it. Nothing is shared between workers: no lock, no queue, no semaphore. A worker that dies closes its
pipe, and its thread reads the end of the file, even in the middle of a result. Where no worker can
be started, the calls run in this process.
"""

from __future__ import annotations

import atexit
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar

from credreport.runs.pool import Pool

_LENGTH_BYTES = 8
_SECONDS_TO_TIDY = 1  # a library may have a temporary directory, or a lock, to remove
_SECONDS_TO_DIE = 5
# Python never puts the current directory on the path of a worker: see `-P` and _path.
_PROGRAM = (
    "import sys; package, *sys.path = sys.argv[1:]; sys.path.append(package); import credreport; "
    "sys.path.pop(); from credreport.runs.processes import serve; serve()"
)

P = ParamSpec("P")
R = TypeVar("R")


class WorkerDied(BrokenExecutor):
    """The worker that ran a call died; the executor goes on without it."""


def in_processes(workers: int) -> Pool:
    """Return a pool of worker processes on this machine; for one worker, this process."""
    if workers == 1:
        return Pool()
    return Pool(workers, lambda: Processes(workers))


def available_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Processes(Executor):
    """Runs calls in up to `count` worker processes, started when needed.

    A future raises WorkerDied if its worker died; the next call gets a new worker.
    """

    def __init__(self, count: int, *, falls_back: bool = True) -> None:
        """Start with no process: each starts with its first call.

        Where none can be started, calls run in this process, or raise WorkerDied unless it `falls_back`.
        """
        self._count = count
        self._falls_back = falls_back
        self._threads = ThreadPoolExecutor(count)
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._running: set[_Worker] = set()
        self._failed_starts = 0
        self._is_over = False
        self._here = threading.Lock()

    def submit(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Run the call in a worker. It, its arguments and its result must be picklable."""
        try:
            return self._threads.submit(self._run, call, *args, **kwargs)
        except RuntimeError:  # no room for another thread, so none for a process
            future: Future[R] = Future()
            if self._falls_back:
                future.set_result(call(*args, **kwargs))
            else:
                future.set_exception(WorkerDied())
            return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's
        """End all workers at once, whatever they do; they have a second to tidy up."""
        with self._lock:
            self._is_over = True
            workers = tuple(self._running)
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(_SECONDS_TO_TIDY)
            worker.process.kill()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for worker in workers:
            worker.end()

    def _run(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the call in this thread's worker."""
        worker: _Worker | None = getattr(self._mine, "worker", None)
        if worker is None:
            worker = self._start(call)
        if worker is None and not self._falls_back:
            raise WorkerDied
        if worker is None:
            with self._here:  # one at a time: memory for more was not planned
                return call(*args, **kwargs)
        self._mine.worker = worker
        try:
            is_result, answer = worker.ask((call, args, kwargs))
        except WorkerDied:
            self._mine.worker = None
            self._forget(worker)
            raise
        if not is_result:
            raise answer
        return answer  # type: ignore[no-any-return]

    def _start(self, call: Callable[..., object]) -> _Worker | None:
        """Return a worker that has imported what the call needs; None where that is impossible."""
        if self._failed_starts >= self._count:
            return None
        worker: _Worker | None = None
        try:
            with self._lock:
                if self._is_over:
                    raise WorkerDied
                worker = _Worker()
                self._running.add(worker)
            worker.ask(call)
        except (OSError, WorkerDied):
            if worker:
                self._forget(worker)
            if self._is_over:
                raise WorkerDied from None
            self._failed_starts += 1
            return None
        return worker

    def _forget(self, worker: _Worker) -> None:
        with self._lock:
            self._running.discard(worker)
        worker.end()


class _Worker:
    """One process, as seen from the thread that waits for it."""

    def __init__(self) -> None:
        """Start it. Raises OSError where that is impossible."""
        self.process = subprocess.Popen(
            _command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,  # a signal to this process's group is for this process to act on
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    def ask(self, message: object) -> Any:
        """Send a message and return the answer. Raises WorkerDied where none comes."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        try:
            _send(stdin, data)
            answer = _receive(stdout)
        except OSError:
            answer = None
        if answer is None:
            raise WorkerDied
        return pickle.loads(answer)  # noqa: S301 - our own process wrote it

    def end(self) -> None:
        """End the process, and leave nothing behind."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(OSError):  # what was to be sent to a dead process
                if stream is not None:
                    stream.close()
        with suppress(subprocess.TimeoutExpired):  # it waits for a disk that does not answer
            self.process.wait(_SECONDS_TO_DIE)


def _command() -> list[str]:
    """Return the command line of a worker, which imports from where this process does."""
    package = str(Path(__file__).parents[2])
    utf8 = f"utf8={sys.flags.utf8_mode}"
    path = [entry for entry in sys.path if Path(entry).is_absolute()]
    return [sys.executable, "-P", "-X", utf8, "-c", _PROGRAM, package, *path]


def _environment() -> dict[str, str]:
    """Return the environment of a worker: an empty entry of PYTHONPATH is the current directory."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def serve() -> None:
    """Answer calls from standard input until it ends: this is a worker, the other end is _Worker.

    The first message is a callable: to unpickle it imports what it needs.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    with os.fdopen(os.dup(0), "rb") as calls, os.fdopen(os.dup(1), "wb") as answers:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1):  # whatever is printed is not an answer
            os.dup2(nowhere, number)
        inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(calls, inbox), daemon=True).start()
        try:
            pickle.loads(inbox.get())  # noqa: S301 - our parent wrote it
            _send(answers, pickle.dumps(True))
            while True:
                _send(answers, _answer(inbox.get()))
        except SystemExit:
            atexit._run_exitfuncs()  # noqa: SLF001 - and none of the slow rest of an ending
            os._exit(1)


def _stop(*_: object) -> None:
    """End what is being done, as for any error, so that nothing is left of it; once is enough."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit


def _listen(calls: IO[bytes], inbox: queue.SimpleQueue[bytes]) -> None:
    """Pass the calls on; end this process with its parent, however that ended."""
    try:
        while (call := _receive(calls)) is not None:
            inbox.put(call)
    finally:  # also where there is no memory for a call
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_SECONDS_TO_TIDY)
        os._exit(1)  # whatever it does, it does not listen


def _answer(message: bytes) -> bytes:
    """Return a pickle of (True, result) or (False, exception)."""
    try:
        call, args, kwargs = pickle.loads(message)  # noqa: S301 - our parent wrote it
        return pickle.dumps((True, call(*args, **kwargs)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        error.add_note(traceback.format_exc())
        try:
            return pickle.dumps((False, error))
        except Exception:
            return pickle.dumps((False, RuntimeError(traceback.format_exc())))


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """Return the next message; None where the other end is gone, even in the middle of it."""
    head = stream.read(_LENGTH_BYTES)
    if len(head) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "big")
    data = stream.read(length)
    return data if len(data) == length else None
