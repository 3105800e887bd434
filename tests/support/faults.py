"""Runs that are killed at any moment: yesterday's evidence stays whole, and nothing is left lying.

    python -m tests.support.faults --seed 1 --count 300

Each run replaces evidence (`--force`) and gets SIGTERM, SIGINT, SIGHUP or SIGKILL at a moment drawn
by chance, half of them while files are being written. Afterwards every file must hold all of
yesterday's bytes or all of today's. After a signal that can be caught, the files must also be all
of one day, no temporary file may be left, and the exit status must say what happened.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import credreport
from tests.support.reports import root, save, user

LONG_AGO = "2019-01-02T03:04:05Z"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL)
# Before Python runs a line of ours, and after it ran the last, the signal's own default ends it: a
# negative status; an interruption of Python's own first imports ends it with 1.
ENDS = {
    signal.SIGTERM: (0, 143, -signal.SIGTERM),
    signal.SIGINT: (0, 130, -signal.SIGINT, 1),
    signal.SIGHUP: (0, 129, -signal.SIGHUP),
    signal.SIGKILL: (0, -signal.SIGKILL),
}
FORMATS = "csv,json,md,jira,sh"


def command(*arguments: str | Path) -> list[str]:
    """Return the command line of one run."""
    program = "from credreport.__main__ import main; main()"
    return [sys.executable, "-c", program, *map(str, arguments)]


def surroundings(**extra: str) -> dict[str, str]:
    """Return the environment of a run."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"PYTHONPATH": str(Path(credreport.__file__).parents[1])} | extra


def save_report(directory: Path, stale: int, users: int = 400) -> Path:
    """Write a report of so many users, of whom some have a password that is unused."""
    set_password = {"password_enabled": "true", "password_last_changed": LONG_AGO}
    rows = [
        user(
            f"user{n:04d}", **(set_password | {"password_last_used": LONG_AGO} if n < stale else {})
        )
        for n in range(users)
    ]
    return save(directory, root(), *rows)


def contents(directory: Path) -> dict[str, bytes]:
    """Return every file of a directory, hidden ones too."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@dataclass(frozen=True)
class Days:
    """A report, the evidence of it, and other evidence of the same names that stands there before."""

    report: Path
    yesterday: Mapping[str, bytes]
    today: Mapping[str, bytes]
    formats: str
    seconds: float


def make_days(directory: Path, formats: str = FORMATS) -> Days:
    """Run twice, undisturbed, over two reports whose evidence has the same names."""
    found = []
    started = time.monotonic()
    for number, stale in enumerate((3, 200)):
        report = save_report(directory / f"report{number}", stale)
        place = directory / f"day{number}"
        line = command("analyze", report, "-o", place, "--format", formats)
        subprocess.run(line, check=True, capture_output=True, env=surroundings())
        found.append(contents(place))
    assert found[0].keys() == found[1].keys()
    assert all(found[0][name] != found[1][name] for name in found[0])
    seconds = (time.monotonic() - started) / 2
    return Days(report, found[0], found[1], formats, seconds)


@dataclass(frozen=True)
class Fault:
    """What is wrong after a run was killed, and where it was."""

    number: int
    words: str


def kill_one(days: Days, directory: Path, seed: int, number: int) -> tuple[str, list[str]]:
    """Kill one run; return how it ended, and everything that is wrong."""
    chance = random.Random(f"{seed}/{number}")
    wanted = SIGNALS[number % len(SIGNALS)]
    place = directory / f"out{number}"
    place.mkdir()
    for name, data in days.yesterday.items():
        (place / name).write_bytes(data)
    line = command("analyze", days.report, "-o", place, "--format", days.formats, "--force", "-q")
    process = subprocess.Popen(
        line, env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if chance.random() < 0.5:
        _wait_for_writing(process, place)
        time.sleep(chance.random() * 0.03)
    else:
        time.sleep(chance.random() * 1.1 * days.seconds)
    process.send_signal(wanted)
    status = process.wait(60)
    after = contents(place)
    shutil.rmtree(place)
    moment, wrong = _judge(days, after, wanted, status)
    return f"{wanted.name:8} {moment}", wrong


def _wait_for_writing(process: subprocess.Popen[bytes], place: Path) -> None:
    while process.poll() is None:
        if any(path.name.startswith(".credreport-") for path in place.iterdir()):
            return
        time.sleep(0.0005)


def _judge(
    days: Days, after: Mapping[str, bytes], wanted: signal.Signals, status: int
) -> tuple[str, list[str]]:
    wrong = []
    hidden = [name for name in after if name.startswith(".")]
    lost = days.yesterday.keys() - after.keys()
    is_old = {name for name in days.yesterday if after.get(name) == days.yesterday[name]}
    is_new = {name for name in days.today if after.get(name) == days.today[name]}
    ruined = days.today.keys() - is_old - is_new - lost
    if lost or ruined:
        wrong.append(f"lost {sorted(lost)}, ruined {sorted(ruined)}")
    if after.keys() - days.today.keys() - set(hidden):
        wrong.append("a file that was not asked for")
    if status not in ENDS[wanted]:
        wrong.append(f"exit status {status}")
    if status == 1 and is_new:
        wrong.append("exit status 1, and today's files")
    if wanted is not signal.SIGKILL:
        if hidden:
            wrong.append(f"left behind: {hidden}")
        if is_old and is_new:
            wrong.append("files of two days")
        if status == 0 and is_old:
            wrong.append("exit status 0, and yesterday's files")
    words = "ended before" if status == 0 else "killed"
    if status != 0 and not is_old:
        words = "killed after writing"
    elif status != 0 and is_old and is_new:
        words = "killed between two moves"
    elif status != 0 and hidden:
        words = "killed while writing"
    return words, wrong


def run_kills(
    days: Days, directory: Path, seed: int, numbers: Iterable[int]
) -> tuple[Counter[str], list[Fault]]:
    """Kill a run for each number; return how they ended, and the faults."""
    return count_ends(lambda number: kill_one(days, directory, seed, number), numbers)


def count_ends(
    try_one: Callable[[int], tuple[str, list[str]]], numbers: Iterable[int]
) -> tuple[Counter[str], list[Fault]]:
    """Try each number; return how often each end came, and the faults."""
    ends: Counter[str] = Counter()
    faults: list[Fault] = []
    for number in numbers:
        end, wrong = try_one(number)
        ends[end] += 1
        faults += [Fault(number, f"{end}: {words}") for words in wrong]
    return ends, faults


def show_ends(seed: int, done: str, ends: Counter[str], faults: list[Fault]) -> int:
    """Print the ends and the faults; return the exit status. `done` says what was done to the runs."""
    lines = [f"{number:6}  {end}" for end, number in sorted(ends.items())]
    lines += [f"FAULT --seed {seed}, run {fault.number}: {fault.words}" for fault in faults]
    lines.append(f"seed {seed}, {ends.total()} runs {done}, {len(faults)} faults")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if faults else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        days = make_days(Path(directory))
        ends, faults = run_kills(days, Path(directory), options.seed, range(options.count))
    return show_ends(options.seed, "killed", ends, faults)


if __name__ == "__main__":
    sys.exit(main())
