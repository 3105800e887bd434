"""Commands as whole processes: how long they take, how much memory they and their children need.

Linux only: memory is read from /proc.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_INTERVAL = 0.02
_PROC = Path("/proc")
_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """Seconds, one of every round, and the peak of memory in MiB of the command with its children."""

    seconds: tuple[float, ...]
    memory: float


@dataclass(frozen=True)
class Spread:
    """What the rounds gave: how many there were, the median, the least and the most."""

    rounds: int
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of one value a round."""
        return cls(len(values), statistics.median(values), min(values), max(values))


def in_turn(
    commands: Mapping[str, Sequence[str]], cores: int, rounds: int, scratch: Path
) -> dict[str, Measured]:
    """Run all commands in turn, so many rounds; what each printed last is in `scratch`/NAME.out.

    A round before them, which does not count for time, is the one that memory is read in.
    """
    outputs = {name: scratch / f"{name}.out" for name in commands}
    memory = {
        name: peak_memory(command, cores, outputs[name]) for name, command in commands.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            seconds[name].append(take_time(command, cores, outputs[name]))
    return {name: Measured(tuple(seconds[name]), memory[name]) for name in commands}


def take_time(command: Sequence[str], cores: int, output: Path) -> float:
    """Return the seconds a command takes on so many processors, its standard output in a file."""
    with output.open("wb") as file:
        started = time.perf_counter()
        process = _start(command, cores, file)
        process.wait()
        seconds = time.perf_counter() - started
    _assert_success(process)
    return seconds


def peak_memory(command: Sequence[str], cores: int, output: Path) -> float:
    """Return the largest sum of the memory of a command and all its descendants, in MiB.

    Shared pages count once: the sum is of proportional shares, looked at every 20 milliseconds.
    Where /proc does not tell them, it is the largest resident set of one process, which is never
    less than that of this one.
    """
    peak = 0
    with output.open("wb") as file:
        process = _start(command, cores, file)
        # `_start` returns after exec: the copy of this process that was there before is never seen.
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            peak = max(peak, _memory_of_session(process.pid))
            time.sleep(_INTERVAL)
    _, status, usage = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    _assert_success(process)
    return (peak or usage.ru_maxrss) / 1024


def _start(command: Sequence[str], cores: int, output: BinaryIO) -> subprocess.Popen[bytes]:
    """Start a command as the leader of a session, which all its descendants belong to."""
    usable = sorted(os.sched_getaffinity(0))[:cores]
    return subprocess.Popen(
        command,
        stdout=output,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: os.sched_setaffinity(0, usable),  # noqa: PLW1509 - no threads here
    )


def _assert_success(process: subprocess.Popen[bytes]) -> None:
    if process.returncode not in (0, 3):  # 3: all was written, and dates may say the same
        raise SystemExit(f"{process.args!r} ended with {process.returncode}")


def _memory_of_session(leader: int) -> int:
    """Return the sum of the proportional shares of a session's processes in KiB."""
    return sum(_memory(path) for path in _PROC.glob("[0-9]*") if _session(path) == leader)


def _session(process: Path) -> int | None:
    """Return the session of a process, None if it has ended."""
    try:
        return os.getsid(int(process.name))
    except ProcessLookupError:
        return None


def _memory(process: Path) -> int:
    """Return the proportional share of a process in KiB, 0 if it has ended or does not tell."""
    try:
        found = _PSS.search((process / "smaps_rollup").read_text(encoding="ascii"))
    except OSError:
        return 0
    return int(found[1]) if found else 0
