"""Modules planted among the reports, under every name that a run imports: none is ever run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import credreport
from credreport.__main__ import forget_current_directory
from tests.support.faults import LONG_AGO, surroundings
from tests.support.reports import root, save, user

# All commands in one process: with workers, with pictures, as on a terminal, and with a cluster where
# nobody is. It prints what was imported, or tried, while the current directory was on the path.
COMMANDS = """
import credreport.__main__ as program
import os, sys
program.forget_current_directory()
here, tried, exposed = os.getcwd(), set(), set()
def note(event, about):
    if event == "import":
        tried.add(about[0].partition(".")[0])
        if about[2] and {"", here} & set(about[2]):
            exposed.add(about[0])
sys.addaudithook(note)
from credreport.cli import screen
from credreport.reports import selection
from credreport.runs import cluster
selection.BATCH_FILES = 1
cluster._PATIENCE = 0.1
screen._is_terminal = bool
for line in (
    "inspect reports --as-of 2026-01-31 --workers 2",
    "analyze reports --as-of newest --format xlsx,png,svg,csv,json,oscal,ocsf,md,jira,sh",
    "analyze reports/0.csv --as-of 2026-01-31 --format png --workers 1 -o alone",
    "compare --as-of 2026-01-01 --as-of 2026-01-31 reports/0.csv later.csv -o compared",
    "rules",
    "waivers",
    "inspect reports --cluster tcp://127.0.0.1:9",
):
    sys.argv[1:] = line.split()
    try:
        program.main()
    except SystemExit as stop:
        print("EXIT", stop.code)
print("TRIED", *tried)
print("EXPOSED", *exposed)
"""
# What Python itself imports, or tries to, before it looks at the program.
TRIED_BY_PYTHON = ("sitecustomize", "usercustomize", "nt", "_winapi", "winreg")
LOADED = "import runpy, sys; print(*{name.partition('.')[0] for name in sys.modules})"


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    stale = {"password_enabled": "true", "password_last_used": LONG_AGO}
    for number in range(9):
        account = f"{number:012d}"
        rows = [root(account), user("bob", account, **stale)]
        save(tmp_path / "reports", *rows).rename(tmp_path / "reports" / f"{number}.csv")
    save(tmp_path, root("000000000000"), name="later.csv")
    return tmp_path


def plant(directory: Path, names: Iterable[str]) -> None:
    for name in names:
        code = f"open({str(directory / 'run.log')!r}, 'a').write({name + ' '!r})\n"
        (directory / f"{name}.py").write_text(code, encoding="utf-8")


def run(directory: Path, *words: str, **extra: str) -> str:
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=directory, env=surroundings(**extra), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in ended.stderr
    return ended.stdout


def planted_that_ran(directory: Path) -> str:
    log = directory / "run.log"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def test_no_command_runs_a_planted_module(reports: Path) -> None:
    plant(reports, (sys.stdlib_module_names | packages_distributions().keys()) - {"credreport"})
    lines = [line.split() for line in run(reports, "-c", COMMANDS).splitlines() if line.strip()]
    said = {line[0]: set(line[1:]) for line in lines if line[0] in ("TRIED", "EXPOSED")}
    assert [line[1] for line in lines if line[0] == "EXIT"] == ["0", "3", "0", "0", "0", "0", "2"]
    packages = {"pandas", "numpy", "openpyxl", "matplotlib", "distributed", "pyarrow"}
    assert said["TRIED"] >= {"selectors", *packages}
    assert said["EXPOSED"] == set()
    assert planted_that_ran(reports) == ""


@pytest.mark.parametrize(
    ("start", "path"),
    [
        (["-m", "credreport"], ""),
        (["-c", "from credreport.__main__ import main; main()"], ":"),
    ],
    ids=["python -m", "an empty entry of PYTHONPATH"],
)
def test_however_it_is_started_no_planted_module_runs(
    start: list[str], path: str, reports: Path
) -> None:
    loaded = run(reports, "-P", "-c", LOADED).split()
    plant(reports, sys.stdlib_module_names - {*loaded, *TRIED_BY_PYTHON})
    path = f"{path}{surroundings()['PYTHONPATH']}"
    said = run(reports, *start, "inspect", "reports", "--as-of", "newest", PYTHONPATH=path)
    assert "9 of 9" in said
    assert planted_that_ran(reports) == ""


def test_no_planted_program_runs(reports: Path) -> None:
    planted = reports / "fc-list"
    planted.write_text("#!/bin/sh\necho fc-list >> run.log\n", encoding="utf-8")
    planted.chmod(0o755)
    (reports / "bin").mkdir()
    shutil.copy(planted, reports / "bin")
    path = os.pathsep.join(["", ".", "bin", str(reports), os.environ["PATH"]])
    start = ["-c", "from credreport.__main__ import main; main()", "analyze", "reports"]
    fonts = str(reports / "no-fonts-yet")
    run(reports, *start, "--as-of", "newest", "--format", "png", PATH=path, MPLCONFIGDIR=fonts)
    assert list((reports / "evidence").glob("*.png"))
    assert planted_that_ran(reports) == ""


def test_the_current_directory_leaves_the_path_under_all_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, other, link = tmp_path / "here", tmp_path / "other", tmp_path / "link"
    here.mkdir()
    other.mkdir()
    link.symlink_to(here)
    monkeypatch.chdir(here)
    path = ["", ".", str(here), str(other), str(link), "../here", str(tmp_path / "nowhere")]
    monkeypatch.setattr(sys, "path", path)
    forget_current_directory()
    assert sys.path == [str(other), str(tmp_path / "nowhere")]


def test_where_the_libraries_are_in_the_current_directory_it_is_said_in_one_line(
    tmp_path: Path,
) -> None:
    # as `pip install --target .` leaves them
    start = ["-S", "-c", "from credreport.__main__ import main; main()", "inspect", "reports"]
    paths = [str(Path(credreport.__file__).parents[1]), str(tmp_path)]
    (tmp_path / "typer.py").touch()
    environment = surroundings(PYTHONPATH=os.pathsep.join(paths))
    ended = subprocess.run(
        [sys.executable, *start],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "error: No module named 'typer': credreport cannot be loaded. Run it from another directory, "
        "if its libraries are in this one; otherwise install it again\n"
    )


def test_a_current_directory_that_was_deleted_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path)])
    monkeypatch.setattr(os.path, "samefile", _raise)
    forget_current_directory()
    assert sys.path == [str(tmp_path)]


def _raise(*_: object) -> bool:
    raise FileNotFoundError
