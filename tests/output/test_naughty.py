"""Every naughty name comes out of every format unchanged or visibly escaped, and nothing breaks."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from trestle.oscal.assessment_results import Model
from typer.testing import CliRunner

from credreport.cli.main import app
from credreport.evidence import of_analysis
from credreport.output import comment
from credreport.output.workbook.sheetxml import MAX_TEXT
from tests.support.naughty import NAUGHTY
from tests.support.office import CSV, OFFICE, convert
from tests.support.reports import ACCOUNT, judge, root, save, user

LONG_AGO = "2019-01-02T03:04:05Z"
STEM = f"credreport-{ACCOUNT}-2026-01-31-90d"
STEERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
FORMATS = "xlsx,png,csv,json,oscal,ocsf,md,jira,sh"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The evidence of a report whose users have all the names, each with two findings."""
    place = tmp_path_factory.mktemp("naughty")
    stale = {
        "password_enabled": "true",
        "password_last_used": LONG_AGO,
        "access_key_1_active": "true",
        "access_key_1_last_rotated": LONG_AGO,
    }
    report = save(place, root(), *[user(name, **stale) for name in NAUGHTY])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_analysis, "TOP_FINDINGS", 10_000)
        patch.setattr(comment, "MAX_CHARACTERS", 10_000_000)
        patch.setattr(comment, "_MAX_NAME", 100_000)
        line = ["analyze", str(report), "-o", str(place / "out"), "--format", FORMATS]
        run = CliRunner().invoke(app, line)
    assert run.exit_code == 3, run.stderr  # some names differ in their case only
    assert run.stdout.startswith(f"{2 * len(NAUGHTY)} of {2 * len(NAUGHTY)} active credentials")
    yield place / "out"
    assert not Path("naughty").exists()


@pytest.fixture(scope="module")
def document(evidence: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((evidence / f"{STEM}.json").read_bytes())
    return found


def unescaped(text: str) -> str:
    r"""Return what `\x1b`, `\u202e` stand for."""
    escapes = r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})"
    return re.sub(escapes, lambda match: chr(int(match[match.lastindex or 0], 16)), text)


def is_told(name: str, shown: str) -> bool:
    """Whether a cell or a line shows the name: as it is, escaped, or cut with a word for it."""
    if STEERS.search(shown):
        return False
    if shown.endswith(" [cut]"):
        start = shown.removesuffix(" [cut]")
        return name.startswith(start) or unescaped(name).startswith(unescaped(start)[:1000])
    return shown == name or unescaped(shown) == name or unescaped(shown) == unescaped(name)


def test_there_are_enough_of_them() -> None:
    assert len(NAUGHTY) >= 300


def test_json_holds_every_name_as_it_was(document: dict[str, Any]) -> None:
    assert [row["user"] for row in document["users"]][1:] == NAUGHTY
    assert sorted(row["user"] for row in document["findings"]) == sorted(2 * NAUGHTY)


def test_ocsf_holds_every_name_as_it_was(evidence: Path) -> None:
    lines = (evidence / f"{STEM}.ocsf.jsonl").read_bytes().decode("ascii").splitlines()
    found = [json.loads(line) for line in lines]
    assert sorted(each["resources"][0]["name"] for each in found) == sorted(2 * NAUGHTY)
    assert not [each["message"] for each in found if STEERS.search(each["message"])]
    for each in found:
        ComplianceFinding.model_validate(each)


def test_oscal_shows_every_name_in_one_line(evidence: Path) -> None:
    document = json.loads((evidence / f"{STEM}.oscal.json").read_bytes().decode("ascii"))
    assert Model.model_validate(document)
    (result,) = document["assessment-results"]["results"]
    shown = [
        prop["value"]
        for item in result["local-definitions"]["inventory-items"]
        for prop in item["props"]
        if prop["name"] == "user-name"
    ]
    assert not [cell for cell in shown if STEERS.search(cell)]
    assert sorted(map(unescaped, shown)) == sorted(map(unescaped, NAUGHTY))


def test_csv_holds_every_name_as_it_was_or_escaped(evidence: Path) -> None:
    with (evidence / f"{STEM}-credentials.csv").open(encoding="utf-8", newline="") as file:
        shown = [row["user"] for row in csv.DictReader(file) if row["credential"] == "password"][1:]
    assert len(shown) == len(NAUGHTY)
    for name, cell in zip(NAUGHTY, shown, strict=True):
        bare = cell.removeprefix("'")
        texts = (cell, bare, *(re.sub(r"([;\t])'", r"\1", text) for text in (cell, bare)))
        assert any(is_told(name, text) for text in texts)
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))


def decoded(value: object) -> str:
    """Return what a spreadsheet program shows for a text: it decodes `_x005F_`."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), str(value))


def test_the_workbook_shows_every_name_in_text_cells(evidence: Path) -> None:
    book = load_workbook(evidence / f"{STEM}.xlsx")
    for title, column in (("Users", 2), ("Credentials", 2), ("Findings", 3), ("Remediation", 3)):
        cells = [row[0] for row in book[title].iter_rows(2, min_col=column, max_col=column)]
        assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
        assert all(len(str(cell.value)) <= MAX_TEXT for cell in cells)
        if title == "Users":
            shown = [decoded(cell.value) for cell in cells][:-1]  # root, unused by no rule, is last
            wrong = [n for n, s in zip(NAUGHTY, shown, strict=True) if not is_told(n, s)]
            assert wrong == []
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not STEERS.search(str(cell.value).replace("\t", ""))


def test_libreoffice_opens_the_workbook_and_shows_every_name(
    evidence: Path, tmp_path: Path
) -> None:
    if OFFICE is None:  # then openpyxl, above, is the only reader at hand
        return
    convert(evidence / f"{STEM}.xlsx", f"{CSV}-1", tmp_path)
    with (tmp_path / f"{STEM}-Users.csv").open(encoding="utf-8", newline="") as file:
        shown = [row["User"] for row in csv.DictReader(file)][:-1]
    wrong = [name for name, cell in zip(NAUGHTY, shown, strict=True) if not is_told(name, cell)]
    assert wrong == []


@pytest.mark.parametrize("form", ["md", "jira"])
def test_a_ticket_comment_has_one_line_a_finding_and_no_steering(form: str, evidence: Path) -> None:
    text = (evidence / f"{STEM}.{form}").read_text(encoding="utf-8")
    assert not STEERS.search(text)
    lines = [line for line in text.split("\n") if f" in {ACCOUNT}: password, " in line]
    assert len(lines) == len(NAUGHTY)
    assert len(text.splitlines()) == len(text.split("\n")) - 1


def code_span(line: str) -> str:
    """Return the first code span of a line, as CommonMark reads it."""
    match = re.match(r"- (`+)(?!`)(.*?)(?<!`)\1(?!`)", line)
    assert match, line
    inner = match[2]
    if inner.startswith(" ") and inner.endswith(" ") and inner.strip():
        inner = inner[1:-1]
    return inner


def test_markdown_shows_every_name_in_a_code_span(evidence: Path, document: dict[str, Any]) -> None:
    lines = (evidence / f"{STEM}.md").read_text(encoding="utf-8").split("\n")
    shown = [code_span(line) for line in lines if f" in {ACCOUNT}: " in line]
    names = [row["user"] for row in document["findings"]]
    assert [n for n, s in zip(names, shown, strict=True) if not is_told(n, s)] == []


@pytest.mark.parametrize("arguments", [["-v"], ["--json"], []], ids=["-v", "--json", "plain"])
def test_the_screen_shows_nothing_that_steers_it(arguments: list[str], evidence: Path) -> None:
    (report,) = evidence.parent.glob("*.csv")
    run = CliRunner().invoke(app, ["inspect", *arguments, str(report)])
    assert run.exit_code == 3
    said = run.stdout + run.stderr
    assert said.isascii()
    assert not STEERS.search(said)


AWS = """#!/bin/sh
for word in "$@"; do printf '%s\\000' "$word" >>"$LOG"; done
printf '\\000' >>"$LOG"
case "$2" in
    get-caller-identity) printf 'found\\t{account}\\tarn:aws:iam::{account}:root\\n' ;;
    get-user) printf 'found\\tarn:aws:iam::{account}:user/x\\t2020-01-01T00:00:00Z\\tNone\\n' ;;
    get-login-profile) printf 'found\\t2020-01-01T00:00:00Z\\n' ;;
    list-access-keys) printf 'found\\tall\\nfound\\tAKIAEXAMPLE\\tActive\\t{made}\\n' ;;
    get-access-key-last-used) printf 'found\\tNone\\n' ;;
esac
"""


def run_script(place: Path, names: Sequence[str], *arguments: str) -> tuple[str, list[list[str]]]:
    """Run a script beside a stand-in for `aws`: a password of every other name, a key of the rest."""
    stand_in = place / "aws"
    stand_in.write_text(AWS.format(account=ACCOUNT, made=LONG_AGO))
    stand_in.chmod(0o755)
    (place / "log").touch()
    stale = (
        {"password_enabled": "true", "password_last_used": LONG_AGO},
        {"access_key_1_active": "true", "access_key_1_last_rotated": LONG_AGO},
    )
    rows = [user(name, **stale[number % 2]) for number, name in enumerate(names)]
    script = of_analysis.of_analysis(judge(place / "reports", root(), *rows)).script
    (place / "script.sh").write_bytes(script.encode("utf-8", "backslashreplace"))
    run = subprocess.run(
        ["sh", "script.sh", "--log=said", *arguments],
        cwd=place, capture_output=True, check=False, timeout=300,
        env={"PATH": f"{place}:{os.environ['PATH']}", "LOG": str(place / "log")},
    )  # fmt: skip
    assert run.returncode == 3, "names that no IAM user can have are left alone"
    calls = (place / "log").read_bytes().decode().split("\0\0")
    files = ["aws", "log", "reports", "said", "script.sh"]
    assert sorted(path.name for path in place.iterdir()) == files
    return run.stdout.decode(), [call.split("\0") for call in calls if call]


def test_the_script_only_asks_unless_it_is_told_to_apply(tmp_path: Path) -> None:
    said, calls = run_script(tmp_path, NAUGHTY[::8])
    assert {call[1].partition("-")[0] for call in calls} == {"get", "list"}
    assert not STEERS.search(said.replace("\t", ""))
    assert said.startswith("dry run: nothing is changed\n")


def test_the_script_hands_every_name_to_aws_as_it_was(tmp_path: Path) -> None:
    said, calls = run_script(tmp_path, NAUGHTY, "--apply")
    acts = {"delete-login-profile", "update-access-key"}
    names = [name for name in NAUGHTY if name.isprintable() and not name.startswith("file://")]
    printable = sorted(f"--user-name={name}" for name in names)
    assert sorted(call[2] for call in calls if call[1] in acts) == printable
    done, left = len(printable), len(NAUGHTY) - len(printable)
    assert said.endswith(f"{done} done, 0 with nothing to do, {left} left alone, 0 failed.\n")


def test_the_steps_of_the_workbook_survive_a_shell(
    document: dict[str, Any], tmp_path: Path
) -> None:
    lines = ["aws() { printf '%s\\000' \"$3\"; }"]
    steps = [
        row
        for row in document["remediation"]
        if "password" in row["credential"] and not row["user"].startswith("file://")
    ]
    lines += [row[step] for row in steps for step in ("step_1", "step_2")]
    script = tmp_path / "steps.sh"
    script.write_text("\n".join(lines), encoding="utf-8")
    run = subprocess.run(["sh", str(script)], capture_output=True, check=True, cwd=tmp_path)
    wanted = [f"--user-name={row['user']}" for row in steps for _ in range(2)]
    assert run.stdout.decode().split("\0")[:-1] == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["steps.sh"]
