"""The generator and the comparison with others: the same answers. Nothing here looks at a clock."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import processes
from benchmarks.generate import HEADER, generate, make_later, make_report
from benchmarks.processes import in_turn, peak_memory, take_time
from benchmarks.resave import FORMS, resave
from credreport.rules.policy import Policy
from credreport.runs.inspect import inspect, json_parts
from credreport.schema import Status
from tests.support.reports import COLUMNS

ROOT = Path(__file__).parents[1]


def test_the_same_seed_makes_the_same_report() -> None:
    first = make_report("123456789012", 20, 1)
    assert first == make_report("123456789012", 20, 1)
    assert first != make_report("123456789012", 20, 2)
    assert first.splitlines()[0] == HEADER == ",".join(COLUMNS)
    assert not first.endswith("\n")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory: Path = tmp_path_factory.mktemp("reports")
    generate(directory, accounts=6, users=60, seed=3)
    return directory


def test_generated_reports_hold_nothing_doubtful(reports: Path) -> None:
    totals = inspect([reports], Policy()).totals
    assert totals.doubts() == ()
    assert {notice.code for notice in totals.notices} <= {"boundary"}
    unused = totals.count(Status.UNUSED)
    active = totals.count(Status.UNUSED, Status.CURRENT)
    assert 0.1 < unused / active < 0.3


@pytest.mark.parametrize(
    ("peer", "library"),
    [
        ("duckdb_sniffing", "duckdb"),
        ("duckdb_sql", "duckdb"),
        ("pandas_script", "pandas"),
        ("polars_scan", "polars"),
        ("rows_dateutil", "dateutil"),
    ],
)
def test_others_find_the_same(reports: Path, peer: str, library: str) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is in the extra `bench`")
    rows = json.loads("".join(json_parts(inspect([reports], Policy()))))["unused"]
    ours = {(row["account_id"], row["user"], row["credential"]) for row in rows}
    command = [sys.executable, "-m", f"benchmarks.peers.{peer}", str(reports), "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {tuple(line.split("\t")) for line in done.stdout.splitlines()} == ours
    assert ours


@pytest.mark.parametrize("form", FORMS)
def test_a_report_saved_again_says_the_same(reports: Path, form: str, tmp_path: Path) -> None:
    resave(reports, tmp_path / "again", form)
    first, again = (inspect([each], Policy()) for each in (reports, tmp_path / "again"))
    assert again.totals.count(Status.UNUSED) == first.totals.count(Status.UNUSED) > 0
    assert again.totals.doubts() == ()


def test_later_a_tenth_is_switched_off() -> None:
    now = make_report("123456789012", 20, 1)
    later = make_later(now, 1)
    changed = [
        (before, after)
        for before, after in zip(now.splitlines(), later.splitlines(), strict=True)
        if before != after
    ]
    assert len(changed) == 2
    assert all(",true," not in after for _, after in changed)


# The grandchild holds its memory for many samples; the child waits for it.
GRANDCHILD = "import time; held = b'x' * (100 << 20); time.sleep(1)"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {GRANDCHILD!r}])"


def test_memory_is_that_of_the_descendants_too(tmp_path: Path) -> None:
    peak = peak_memory([sys.executable, "-c", CHILD], 1, tmp_path / "out")
    assert 100 < peak < 150


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="shares are not told here")
def test_memory_is_not_that_of_the_measuring_process(tmp_path: Path) -> None:
    assert 0 < peak_memory(["sleep", "0.2"], 1, tmp_path / "out") < 5


def test_memory_is_the_largest_process_where_shares_are_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PROC", tmp_path / "none")
    assert peak_memory([sys.executable, "-c", CHILD], 1, tmp_path / "out") > 100


def test_commands_run_in_turn_a_round_for_memory_first(tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = {name: ["sh", "-c", f"echo {name} | tee -a {log}"] for name in ("a", "b")}
    found = in_turn(commands, 1, 2, tmp_path)
    assert log.read_text().split() == ["a", "b"] * 3
    assert (tmp_path / "b.out").read_text() == "b\n"
    assert [len(measured.seconds) for measured in found.values()] == [2, 2]


@pytest.mark.parametrize("run", [peak_memory, take_time])
def test_a_command_that_fails_ends_it_all(
    tmp_path: Path, run: Callable[[list[str], int, Path], float]
) -> None:
    with pytest.raises(SystemExit, match="ended with 1"):
        run(["false"], 1, tmp_path / "out")
