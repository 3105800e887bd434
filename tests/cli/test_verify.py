"""`credreport verify` and `credreport explain`, from the command line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from credreport.cli.main import app
from credreport.cli.screen import Screen
from credreport.cli.verify import _show
from credreport.verification.reperform import Reperformed
from tests.support.evidence import MANIFEST, ROWS, STEM, replace_text, reports
from tests.support.reports import ACCOUNT, NAME, save
from tests.verification.test_book_differences import put

JUNE = "status_reports_2025-12-31T12-00-00+00-00.csv"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("verify")
    reports(place / "in")
    result = run("analyze", place / "in", "-o", place / "out", "--format", "csv,json,md")
    assert result.exit_code == 0, result.output
    return place


@pytest.fixture
def out(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


def test_evidence_as_written_ends_with_0(out: Path) -> None:
    result = run("verify", out)
    assert (result.exit_code, result.stdout) == (0, f"All 6 files are as written: {out}\n")
    result = run("verify", out, out.parent / "in")
    assert (result.exit_code, result.stdout) == (0, f"All 6 files are as written: {out}\n")
    assert result.stderr == f"Re-performed {MANIFEST}: 4 files have the same bytes.\n"


@pytest.mark.parametrize("mask", [(), ("--mask",)], ids=["plain", "masked"])
@pytest.mark.parametrize("baseline", ["before", "old"])
def test_copies_in_any_input_are_those_that_the_run_left_out(
    tmp_path: Path, baseline: str, mask: tuple[str, ...]
) -> None:
    """The baseline has a copy of a newer report, too; its name sorts before or after the other's."""
    newer = reports(tmp_path / "newer")
    shutil.copytree(newer, newer / "copies")
    shutil.copy(newer / NAME, newer / f"copy of {NAME}")
    older = save(tmp_path / baseline, *ROWS[:3], name=f"june/{JUNE}").parents[1]
    shutil.copy(newer / NAME, older)
    key = ("--mask-key", tmp_path / "key")
    made = run(
        "analyze", newer, "--baseline", older, "--format", "csv,json", "-o", tmp_path / "out",
        "--profile", "all", *mask, *(key if mask else ()),
    )  # fmt: skip
    assert made.exit_code in (0, 3), made.output
    result = run("verify", tmp_path / "out", older, newer, *(key if mask else ()))
    assert (result.exit_code, result.output.count("is not as it was")) == (0, 0), result.output


def test_files_of_options_may_lie_among_the_reports(tmp_path: Path) -> None:
    place = tmp_path / "in"
    given = {
        "decided.xlsx": "--carry-from", "accounts.csv": "--accounts",
        "policy.toml": "--policy", "waivers.toml": "--waivers",
    }  # fmt: skip
    new, old = reports(place / "new"), save(place / "old", *ROWS[:3], name=JUNE).parent
    made = run("analyze", new, "-o", tmp_path / "first", "--format", "xlsx")
    assert made.exit_code == 0, made.output
    cases: list[tuple[str, Path, list[str | Path]]] = [
        ("compare", place, [place]),
        ("analyze", new, [new]),
        ("analyze", new, [*new.iterdir(), *(new / name for name in given)]),
        ("analyze", new, [new, "--baseline", old]),
    ]
    for command, folder, inputs in cases:
        shutil.copy(tmp_path / f"first/{STEM}.xlsx", folder / "decided.xlsx")
        (folder / "accounts.csv").write_text(f"id,name\n{ACCOUNT},prod\n")
        (folder / "policy.toml").write_text("unused_after_days = 60\n")
        (folder / "waivers.toml").write_text("# none yet\n")
        options = [each for name in given for each in (given[name], folder / name)]
        out = tmp_path / "out"
        made = run(command, *inputs, *options, "-o", out, "--format", "csv,json")
        assert (made.exit_code, "left out" in made.output) == (0, False), made.output
        checked = run("verify", out, *(each for each in inputs if each != "--baseline"))
        assert (checked.exit_code, "as written" in checked.stdout) == (0, True), checked.output
        for name in given:
            (folder / name).unlink()
        shutil.rmtree(out)


def test_or_have_been_refused_by_another_run_into_the_same_directory(tmp_path: Path) -> None:
    new = reports(tmp_path / "new")
    accounts, out = new / "accounts.csv", tmp_path / "out"
    accounts.write_text(f"id,name\n{ACCOUNT},prod\n")
    command = ("analyze", new, "-o", out, "--format", "json")
    assert run(*command, "--keep-going").exit_code == 3
    assert run(*command, "--accounts", accounts).exit_code == 0
    assert run(*command, "--accounts", accounts, "--unused-after", "30").exit_code == 0
    checked = run("verify", out, new)
    assert (checked.exit_code, "as written" in checked.stdout) == (0, True), checked.output


def test_inputs_are_read_in_the_order_of_a_run_however_they_are_named(tmp_path: Path) -> None:
    for place in ("a", "b"):
        save(tmp_path / place, *ROWS, name=NAME)
    inputs = tmp_path / "b", tmp_path / "a"
    run("analyze", *inputs, "--format", "json", "-o", tmp_path / "out")
    assert run("verify", tmp_path / "out", *inputs).exit_code == 0


def test_a_difference_ends_with_1_and_is_named(out: Path) -> None:
    replace_text(out / f"{STEM}-findings.csv", ",122,", ",12,")
    result = run("verify", out)
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first == f"{out} is not as it was written: 1 difference."
    assert second.startswith(f"  {STEM}-findings.csv: changed: its SHA-256 is ")
    result = run("verify", out, out.parent / "in")
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first == f"{out} is not as it was written: 1 difference."
    place = f"  {STEM}-findings.csv: re-performed: row 2, column days: expected '122', found '12' ("
    assert second.startswith(place)


def test_what_is_no_evidence_ends_with_2(out: Path) -> None:
    result = run("verify", out.parent)
    assert result.exit_code == 2
    assert "neither a manifest of credreport nor SHA256SUMS is in it" in result.stderr


def test_an_input_of_nothing_ends_with_1(out: Path) -> None:
    (out.parent / "note.csv").write_text("x")
    result = run("verify", out, out.parent / "in", out.parent / "note.csv")
    assert result.exit_code == 1
    assert f"{out.parent / 'note.csv'}: extra: no manifest lists anything in it" in result.stdout


def test_a_workbook_that_was_filled_in_is_told_apart(out: Path) -> None:
    assert run("analyze", out.parent / "in", "-o", out, "--format", "xlsx").exit_code == 0
    path = out / f"{STEM}.xlsx"
    book = openpyxl.load_workbook(path)
    put("Findings", "Disposition", "Removed")(book)
    book.save(path)
    alone = run("verify", out)
    assert alone.exit_code == 1
    assert "A workbook that was filled in has another SHA-256: name the inputs too" in alone.stderr
    result = run("verify", out, out.parent / "in")
    words = "filled in by the auditor (1 cell: 1 on Findings); every other cell is the same"
    assert result.exit_code == 0, result.output
    assert f"{path.name}: {words}" in result.stdout
    assert "as written, apart from what the auditor filled in" in result.stdout


def test_names_in_a_manifest_are_printed_escaped(out: Path) -> None:
    replace_text(out / "SHA256SUMS", f"{STEM}.json", "x\x1b[31m")
    result = run("verify", out)
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(("option", "count"), [((), 52), (("-v",), 61)])
def test_of_many_differences_the_first_are_printed(
    out: Path, option: tuple[str, ...], count: int
) -> None:
    with (out / "SHA256SUMS").open("a") as file:
        file.writelines(f"{'0' * 64}  x{number}\n" for number in range(60))
    lines = run("verify", out, *option).stdout.splitlines()
    assert len(lines) == count
    assert (lines[-1] == "  and 10 more; -v lists them") is (not option)


def test_explain_prints_the_finding_and_its_json(out: Path) -> None:
    finding = json.loads((out / f"{STEM}.json").read_bytes())["findings"][0]
    result = run("explain", finding["finding_id"], out.parent / "in")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        f"{finding['finding_id']}: Console password unused: password of "
    )
    result = run("explain", finding["finding_id"][:9], out.parent / "in", "--json")
    document = json.loads(result.stdout)
    assert document["finding"] == finding
    assert document["cells"]["password_enabled"] == "true"


def test_explain_of_a_user_lists_the_credentials(out: Path) -> None:
    result = run("explain", "carol", out.parent / "in")
    assert result.exit_code == 0
    words = "password in account 111122223333: current, 1 day since 2026-01-30T12:00:00Z"
    assert f"  {words} (password_last_used)\n" in result.stdout
    document = json.loads(run("explain", "carol", out.parent / "in", "--json").stdout)
    assert document["user"] == "carol"
    assert f"{words} (password_last_used)" in document["credentials"]


def test_explain_of_what_is_not_there_ends_with_2(out: Path) -> None:
    result = run("explain", "CR-000000000000", out.parent / "in")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: no finding CR-000000000000 among the 2 findings of ")


def test_explain_keeps_commands_whole_and_wraps_the_rest(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[tuple[str, bool]] = []

    def remember(_: object, line: str = "", *, is_whole: bool = False) -> None:
        printed.append((line, is_whole))

    monkeypatch.setattr("credreport.cli.screen.Screen.say", remember)
    finding = json.loads((out / f"{STEM}.json").read_bytes())["findings"][0]["finding_id"]
    assert run("explain", finding, out.parent / "in").exit_code == 0
    whole = [line for line, is_whole in printed if is_whole]
    assert [line.split()[:3] for line in whole] == [["Step", "1:", "aws"], ["Step", "2:", "aws"]]


def test_what_is_no_difference_is_remarked(capsys: pytest.CaptureFixture[str]) -> None:
    _show(Screen(), Reperformed("a-manifest.json", same=("a.csv",), remarks=("other fonts",)))
    assert capsys.readouterr().err == (
        "Re-performed a-manifest.json: 1 file has the same bytes.\n  other fonts\n"
    )


def test_explain_names_what_was_refused_for_the_finding_may_be_in_it(out: Path) -> None:
    place = out.parent / "in"
    (place / "broken.csv").write_text("user,arn\n")
    result = run("explain", "carol", place, "--keep-going")
    assert result.exit_code == 3
    assert "refused: " in result.stderr
    assert "broken.csv" in result.stderr


def test_explain_names_what_was_left_out_for_the_finding_may_be_in_it(out: Path) -> None:
    place = out.parent / "in"
    (report,) = place.iterdir()
    (place / f".{report.name}").write_bytes(report.read_bytes().replace(b"carol", b"dora"))
    (place / "empty").mkdir()  # no report can be missing because of it
    result = run("explain", "carol", place)
    assert result.exit_code == 3
    assert re.findall("left out: ([^:]*): ", result.stderr) == [f".{report.name}"]


def test_explain_of_ages_that_are_lower_bounds_says_so(out: Path) -> None:
    result = run("explain", "carol", out.parent / "in", "--as-of", "2026-01-29")
    assert result.exit_code == 3
    assert "Every age is a lower bound: the as-of lies before timestamps of " in result.stderr
    assert "reports whose ages are lower bounds: 1." in result.stderr


def test_explain_of_accounts_without_a_report_ends_with_3(out: Path) -> None:
    accounts = out.parent / "accounts.csv"
    accounts.write_text("id\n111122223333\n999999999999\n")
    result = run("explain", "carol", out.parent / "in", "--accounts", accounts)
    assert result.exit_code == 3
    assert "accounts of the list without a report: 1" in result.stderr


def test_explain_of_a_finding_whose_id_is_a_users_name(out: Path) -> None:
    place = out.parent / "in"
    (report,) = place.iterdir()
    name = json.loads((out / f"{STEM}.json").read_bytes())["findings"][0]["finding_id"]
    report.write_bytes(report.read_bytes().replace(b"carol", name.encode()))
    result = run("explain", name, place)
    assert result.stdout.startswith(f"{name}: Console password unused: password of ")
