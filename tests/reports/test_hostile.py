"""Every hostile input of tests/hostile.py ends as it is written there: exit status and words."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from credreport.cli.main import app
from tests.support.hostile import CASES, INCOMPLETE, REFUSED, Case


def arguments_of(case: Case, place: Path) -> list[str]:
    if callable(case.content):
        return case.content(place)
    data = case.content if isinstance(case.content, bytes) else case.content.encode()
    (place / case.name).write_bytes(data)
    return [str(place / case.name)]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_input_ends_as_pinned(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    monkeypatch.chdir(tmp_path)
    inputs = arguments_of(case, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    run = CliRunner().invoke(app, ["inspect", "-v", *case.arguments, "--", *inputs])
    said = run.stdout + run.stderr
    assert case.says in said
    assert run.exit_code == case.exit_code
    assert said.replace("\n", "").isprintable()
    assert sorted(tmp_path.rglob("*")) == before
    if case.exit_code == REFUSED:
        assert run.stdout == ""
        assert len(run.stderr.splitlines()) <= 24
    elif case.exit_code == INCOMPLETE:
        assert "Exit status 3: " in run.stderr


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case.exit_code == REFUSED][::6]
)
def test_analyze_refuses_what_inspect_refuses_and_writes_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    monkeypatch.chdir(tmp_path)
    inputs = arguments_of(case, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    run = CliRunner().invoke(app, ["analyze", *case.arguments, "--", *inputs])
    assert case.says in run.stderr
    assert run.exit_code == REFUSED
    assert sorted(tmp_path.rglob("*")) == before


def test_what_could_not_be_judged_is_shown_with_its_line(tmp_path: Path) -> None:
    case = CASES["an American date"]
    run = CliRunner().invoke(app, ["inspect", "-v", *arguments_of(case, tmp_path)])
    assert (
        f"undetermined: {case.name}, line 4: 'bob', password: `password_last_used` is '4/5/2019': "
        "neither a date nor a known absence"
    ) in run.stderr
