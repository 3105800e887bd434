"""Runs whose workers are killed at any moment: every run ends, with the right answer or a clear error.

    python -m tests.support.worker_kills --seed 1 --count 300

Each run judges the same reports in small batches with three workers. Three of four runs lose one to
four workers to SIGKILL, at moments drawn by chance; every fourth gets SIGTERM or SIGHUP itself, as
its whole process group does. Afterwards the run must have ended, its output must be that of a run
that nobody disturbed, or its exit status and its one line must say why not, and no worker may be left.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.faults import LONG_AGO, Fault, count_ends, show_ends, surroundings
from tests.support.reports import root, save, user

PATIENCE = 120
PROGRAM = """
import credreport.__main__ as program
from credreport.reports import selection
selection.BATCH_FILES = 1
program.main()
"""


@dataclass(frozen=True)
class Undisturbed:
    """Reports, and how long a run over them takes that nobody disturbs, and what it prints."""

    reports: Path
    output: bytes
    seconds: float


def undisturbed(directory: Path, count: int = 24, users: int = 1500) -> Undisturbed:
    """Write the reports; each batch takes long enough to be killed in."""
    stale = {"password_enabled": "true", "password_last_used": LONG_AGO}
    for number in range(count):
        account = f"{number:012d}"
        rows = [root(account), *(user(f"u{n},{n}", account, **stale) for n in range(users))]
        path = save(directory / "reports", *rows)
        path.rename(path.with_name(f"{number}-{path.name}"))
    started = time.monotonic()
    process = start(directory / "reports")
    output, _ = process.communicate()
    assert process.returncode == 0
    return Undisturbed(directory / "reports", output, time.monotonic() - started)


def start(reports: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "inspect", str(reports), "--json", "--workers", "3"],
        env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def children(pid: int) -> list[int]:
    """Return the processes that this one started."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in found for child in _read(path).split()]


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="ascii")
    return ""


def disturb(whole: Undisturbed, seed: int, number: int) -> tuple[str, list[str]]:
    """Disturb one run; return how it ended, and everything that is wrong."""
    chance = random.Random(f"{seed}/{number}")
    kills = chance.randint(1, 4) if number % 4 else 0
    moments = sorted(chance.random() * whole.seconds for _ in range(max(kills, 1)))
    wanted = chance.choice([signal.SIGTERM, signal.SIGHUP])
    started, seen, hits = time.monotonic(), set(), 0
    process = start(whole.reports)
    for moment in moments:
        time.sleep(max(0.0, moment - (time.monotonic() - started)))
        workers = children(process.pid)
        seen |= set(workers)
        with suppress(ProcessLookupError):
            if kills and workers:
                os.kill(chance.choice(workers), signal.SIGKILL)
                hits += 1
            elif not kills:
                os.killpg(process.pid, wanted)
    seen |= set(children(process.pid))
    try:
        output, errors = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "hung", [f"it did not end in {PATIENCE} s"]
    wrong = [f"worker {pid} is left" for pid in seen if _is_left(pid)]
    asked = None if kills else wanted
    end, wrong = _judge(whole, output, errors.decode(), process.returncode, asked, wrong)
    return f"{end}, {hits} workers killed", wrong


def _is_left(pid: int) -> bool:
    for _ in range(50):
        if "credreport" not in _read(Path(f"/proc/{pid}/cmdline")):
            return False
        time.sleep(0.1)
    return True


def _judge(
    whole: Undisturbed,
    output: bytes,
    errors: str,
    status: int,
    wanted: signal.Signals | None,
    wrong: list[str],
) -> tuple[str, list[str]]:
    if "Traceback" in errors:
        wrong.append(f"a traceback: {errors[-300:]}")
    if status == 0 and output == whole.output:
        return "the right answer", wrong
    if wanted and status in (128 + wanted, -wanted):
        return f"ended by {wanted.name}", wrong
    if status == 2 and "the workers that read it died" in errors:
        return "refused by name", wrong
    return f"exit status {status}", [*wrong, f"exit status {status}: {errors[-300:]}"]


def run_disturbed(
    whole: Undisturbed, seed: int, numbers: Iterable[int]
) -> tuple[Counter[str], list[Fault]]:
    """Disturb a run for each number; return how they ended, and the faults."""
    return count_ends(lambda number: disturb(whole, seed, number), numbers)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        whole = undisturbed(Path(directory))
        ends, faults = run_disturbed(whole, options.seed, range(options.count))
    return show_ends(options.seed, "disturbed", ends, faults)


if __name__ == "__main__":
    sys.exit(main())
