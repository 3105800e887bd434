"""Worker processes: each answers, or is known to be dead; nothing of them is left."""

from __future__ import annotations

import atexit
import io
import os
import pickle
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from credreport.runs import processes
from credreport.runs.pool import Pool
from credreport.runs.processes import (
    Processes,
    WorkerDied,
    available_processors,
    in_processes,
)
from tests.support.worker_kills import run_disturbed, undisturbed


@pytest.fixture
def two() -> Iterator[Processes]:
    with Processes(2) as executor:
        yield executor


def double(batch: Sequence[int]) -> list[int]:
    return [2 * item for item in batch]


def fail(words: str) -> None:
    raise ValueError(words)


def fail_oddly() -> None:
    class Local(Exception): ...

    raise Local("cannot be sent")


def look_around() -> tuple[int, list[str], str, object]:
    os.write(1, b"what is printed is no answer")
    return os.getpid(), sys.path, str(Path.cwd()), signal.getsignal(signal.SIGINT)


def die_while_answering() -> None:
    """Send the beginning of a long answer, as a worker does that is killed in the middle of it."""
    for link in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # the end for reading
            if link.readlink().name.startswith("pipe:"):
                os.write(int(link.name), (1_000_000).to_bytes(8, "big") + b"x" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)


def set_up(directory: Path) -> None:
    """Make a directory as libraries do that remove it when the process ends."""
    directory.mkdir()
    atexit.register(shutil.rmtree, directory)


def hold(lock: Path) -> None:
    """Work for a long time with a lock file that lies there only as long, whoever else asks to end."""
    lock.touch()
    try:
        time.sleep(1000)
    finally:
        signal.raise_signal(signal.SIGTERM)
        lock.unlink()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_worker_is_this_process() -> None:
    assert in_processes(1) == Pool()


def test_processors_are_those_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert available_processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_processors() == 1


def test_workers_answer_fail_die_and_are_replaced(
    two: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", ["", ".", "relative", *sys.path])
    monkeypatch.setenv("PYTHONPATH", os.pathsep)
    assert two.submit(double, [1, 2]).result() == [2, 4]
    with pytest.raises(ValueError, match="odd") as caught:
        two.submit(fail, "odd").result()
    assert "in fail" in "".join(caught.value.__notes__)
    with pytest.raises(RuntimeError, match="cannot be sent"):
        two.submit(fail_oddly).result()
    pid, path, here, on_interrupt = two.submit(look_around).result()
    assert pid != os.getpid()
    assert path == [entry for entry in sys.path if entry.startswith("/")]
    assert here == str(Path.cwd())
    assert on_interrupt is signal.SIG_IGN
    for deadly in (die_while_answering, os.abort):
        with pytest.raises(WorkerDied):
            two.submit(deadly).result()
    pids = {two.submit(os.getpid).result() for _ in range(4)}
    busy = [two.submit(time.sleep, 1000) for _ in range(2)]
    while not all(future.running() for future in busy):
        time.sleep(0.01)
    two.shutdown()
    assert [type(future.exception()) for future in busy] == [WorkerDied, WorkerDied]
    assert not any(map(is_running, pids))


def test_a_worker_tidies_up_when_it_is_ended(two: Processes, tmp_path: Path) -> None:
    two.submit(set_up, tmp_path / "directory").result()
    busy = two.submit(hold, tmp_path / "lock")
    while not (tmp_path / "lock").exists():
        time.sleep(0.01)
    two.shutdown()
    assert type(busy.exception()) is WorkerDied
    assert list(tmp_path.iterdir()) == []


def test_a_call_to_a_worker_that_is_dead_already_is_a_death() -> None:
    worker = processes._Worker()
    worker.process.kill()
    worker.process.wait()
    with pytest.raises(WorkerDied):
        worker.ask(b"x" * 1_000_000)
    worker.end()


def test_where_no_process_can_be_started_the_calls_run_here(
    two: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[object] = []

    def refuse(*_: object, **__: object) -> None:
        attempts.append(1)
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert [two.submit(os.getpid).result() for _ in range(5)] == [os.getpid()] * 5
    assert len(attempts) == 2


def test_no_semaphore_is_needed(two: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none where /dev/shm is missing or cannot be written."""

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("_multiprocessing.SemLock", refuse)
    assert two.submit(double, [1, 2]).result() == [2, 4]
    assert two.submit(os.getpid).result() != os.getpid()


def test_where_a_worker_ends_before_it_is_ready_the_calls_run_here(
    two: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PROGRAM", "raise SystemExit(1)")
    assert [two.submit(os.getpid).result() for _ in range(3)] == [os.getpid()] * 3
    assert two._running == set()


def test_where_no_thread_can_be_started_the_calls_run_here(
    two: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Future[object]:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    assert two.submit(os.getpid).result() == os.getpid()


def test_calls_that_must_not_run_here_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Future[object]:
        raise RuntimeError("can't start new thread")

    with Processes(1, falls_back=False) as executor, monkeypatch.context() as patch:
        patch.setattr(processes, "_PROGRAM", "raise SystemExit(1)")
        assert isinstance(executor.submit(os.getpid).exception(), WorkerDied)
        patch.setattr(ThreadPoolExecutor, "submit", refuse)
        assert isinstance(executor.submit(os.getpid).exception(), WorkerDied)


def test_nobody_is_started_when_all_is_over(two: Processes) -> None:
    two.shutdown()
    with pytest.raises(WorkerDied):
        two._run(os.getpid)


def test_a_worker_that_is_ended_while_it_starts_is_a_death(
    two: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object) -> None:
        two.shutdown()
        raise WorkerDied

    monkeypatch.setattr(processes._Worker, "ask", end)
    with pytest.raises(WorkerDied):
        two._run(os.getpid)


def test_a_process_that_cannot_be_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck:
        stdin = stdout = None

        def kill(self) -> None: ...

        def wait(self, seconds: float) -> None:
            raise subprocess.TimeoutExpired("python", seconds)

    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: Stuck())
    processes._Worker().end()


# The worker's side, in this process


def message(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (message(b"abc") + b"rest", b"abc"),
        (message(b""), b""),
        (b"", None),
        (b"\0\0\0", None),
        (message(b"abc")[:-1], None),
    ],
)
def test_a_message_is_whole_or_none(sent: bytes, received: bytes | None) -> None:
    assert processes._receive(io.BytesIO(sent)) == received


def test_a_worker_ends_with_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(os, "kill", lambda _, number: ended.append(number))
    monkeypatch.setattr(processes, "_SECONDS_TO_TIDY", 0)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    processes._listen(io.BytesIO(message(b"a") + message(b"b") + b"\0"), inbox)
    assert [inbox.get(), inbox.get(), ended] == [b"a", b"b", [signal.SIGTERM, 1]]


def test_a_worker_ends_where_there_is_no_room_for_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program hears of its end, and sends the call to another one."""
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(os, "kill", lambda _, number: ended.append(number))
    monkeypatch.setattr(processes, "_SECONDS_TO_TIDY", 0)

    class Full(io.BytesIO):
        def read(self, _: int | None = None) -> bytes:
            raise MemoryError

    with pytest.raises(MemoryError):
        processes._listen(Full(), queue.SimpleQueue())
    assert ended == [signal.SIGTERM, 1]


def test_an_exception_that_cannot_be_sent_is_sent_in_words() -> None:
    is_result, error = pickle.loads(processes._answer(pickle.dumps((fail_oddly, (), {}))))
    assert not is_result
    assert "cannot be sent" in str(error)


def test_a_worker_answers_call_by_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """It serves in a thread of this process, over two pipes in the places of its streams."""
    calls: list[object] = [double, (double, ([1, 2],), {}), (fail, ("x",), {})]
    stop: object = (processes._stop, (), {})
    ours, to_worker = os.pipe()
    from_worker, theirs = os.pipe()
    with os.fdopen(to_worker, "wb") as stream:
        stream.write(b"".join(message(pickle.dumps(call)) for call in [*calls, stop]))
    ends = iter([ours, theirs])
    redirected: list[int] = []
    ended: queue.SimpleQueue[object] = queue.SimpleQueue()
    monkeypatch.setattr(atexit, "_run_exitfuncs", lambda: ended.put("tidied up"))
    monkeypatch.setattr(os, "dup", lambda _: next(ends))
    monkeypatch.setattr(os, "dup2", lambda _, number: redirected.append(number))
    monkeypatch.setattr(os, "_exit", ended.put)
    monkeypatch.setattr(os, "kill", lambda *_: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(processes, "_SECONDS_TO_TIDY", 0)
    threading.Thread(target=processes.serve, daemon=True).start()
    with os.fdopen(from_worker, "rb") as stream:
        answers = [pickle.loads(processes._receive(stream) or b"") for _ in calls]
    # The thread that listens and the one that answers each end the process.
    assert Counter(ended.get(timeout=60) for _ in range(3)) == {"tidied up": 1, 1: 2}
    assert redirected == [0, 1]
    assert answers[:2] == [True, (True, [2, 4])]
    assert repr(answers[2]) == "(False, ValueError('x'))"


def test_a_slice_of_the_runs_whose_workers_are_killed_all_end(tmp_path: Path) -> None:
    ends, faults = run_disturbed(undisturbed(tmp_path, 12, 100), seed=2, numbers=range(2))
    assert faults == []
    assert ends.total() == 2
