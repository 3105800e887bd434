"""What is said of the evidence beside the verdict."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from credreport.cli import deliver
from credreport.cli.main import app
from credreport.cli.screen import Screen
from credreport.errors import Notice, OutputError
from tests.support.evidence import STEM, reports


def run(place: Path, *words: str) -> Result:
    line = ["analyze", str(reports(place / "in")), "-o", str(place / "out"), *words]
    return CliRunner().invoke(app, line)


def test_a_screen_that_fails_after_the_evidence_says_that_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OutputError("standard output: no space left")

    monkeypatch.setattr(deliver, "flush", fail)
    done = run(tmp_path, "--format", "csv")
    assert done.exit_code == 3
    assert "error: standard output: no space left; the evidence is complete: " in done.stderr
    assert (tmp_path / "out" / f"{STEM}-findings.csv").is_file()


def test_memory_that_ends_after_the_evidence_says_that_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise MemoryError

    monkeypatch.setattr(deliver, "flush", fail)
    done = run(tmp_path, "--format", "csv")
    assert done.exit_code == 3
    assert "error: not enough memory; the evidence is complete: " in done.stderr


def test_a_screen_that_fails_where_nothing_was_to_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OutputError("standard output: no space left")

    monkeypatch.setattr(deliver, "flush", fail)
    done = run(tmp_path, "--format", "none")
    assert done.exit_code == 2
    assert "error: standard output: no space left\n" in done.stderr


def test_what_was_changed_since_an_earlier_run_is_named(tmp_path: Path) -> None:
    run(tmp_path, "--format", "csv")
    changed = tmp_path / "out" / f"{STEM}-findings.csv"
    changed.write_text("mine\n")
    done = run(tmp_path, "--format", "json")
    assert f"changed or removed since it was written: {changed}\n" in done.stderr


@pytest.mark.parametrize(("number", "more"), [(20, False), (21, True)])
def test_twenty_warnings_about_the_users_own_files_are_shown(
    capsys: pytest.CaptureFixture[str], number: int, more: bool
) -> None:
    notices = [Notice("a.csv", 0, "account-not-listed", f"no. {each}") for each in range(number)]
    judged: Any = SimpleNamespace(notices=notices, skipped=(), refused=(), superseded=())
    deliver.show_warnings(Screen(), judged, where="-v shows")
    said = capsys.readouterr().err
    assert said.count("a.csv: no. ") == 20
    assert ("  and 1 more\n" in said) is more
