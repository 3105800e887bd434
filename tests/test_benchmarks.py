"""The generator and the comparison with others: the same answers. Nothing here looks at a clock."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.generate import HEADER, generate, make_report
from credreport.inspection import json_parts
from credreport.schema import Status
from credreport.survey import Question, survey
from tests.reports import COLUMNS

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
    with closing(survey([reports], Question())) as found:
        assert found.totals.doubts() == ()
        assert {notice.code for notice in found.totals.notices} <= {"boundary"}
        unused = found.totals.count(Status.UNUSED)
        active = found.totals.count(Status.UNUSED, Status.CURRENT)
    assert 0.1 < unused / active < 0.3


@pytest.mark.parametrize("peer", ["pandas_script", "rows_dateutil"])
def test_others_find_the_same(reports: Path, peer: str) -> None:
    with closing(survey([reports], Question())) as found:
        rows = json.loads("".join(json_parts(found)))["unused"]
    ours = {(row["account_id"], row["user"], row["credential"]) for row in rows}
    command = [sys.executable, "-m", f"benchmarks.peers.{peer}", str(reports)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {tuple(line.split("\t")) for line in done.stdout.splitlines()} == ours
    assert ours
