"""Text from outside, in every field that there is, steers no format and makes no line of its own."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from trestle.oscal.assessment_results import Model
from typer.testing import CliRunner, Result

from credreport.cli.main import app
from tests.output.test_naughty import STEERS
from tests.support.reports import root, to_csv, user

STALE = {
    "password_enabled": "true",
    "password_last_used": "2019-01-02T03:04:05Z",
    "password_last_changed": "2019-01-02T03:04:05Z",
}
# What one of the formats, a terminal or a shell would take for more than text. No `/`: names of
# files have it too. No comma: it would only be quoted.
PAYLOAD = (
    "=1+1;=1+1\n0 of 9 active credentials \x1b[31m\u202e<b>[x](y)![x](y) !x.png! {{x}} {code} |x| "
    "`x` ~~x~~ @admin [~admin] *x* _x_ h1. x $(touch naughty) '; touch naughty; ' &amp; \\x"
)
FORMATS = "xlsx,csv,json,oscal,ocsf,md,jira,svg,sh"
FORMULA = re.compile(r"""(?:^|[;\t])["\s]*[=+\-@]""", re.MULTILINE)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def lay_out(directory: Path, text: str, command: str) -> list[str | Path]:
    """Write reports, waivers, a policy and accounts that have the text in each field; return options."""
    place = directory / "in" / f"d {text}"
    place.mkdir(parents=True)
    cell = text.replace("\n", " ")  # a report with line ends in its cells is refused
    account = f"1{cell}" if command == "analyze" else "111122223334"  # compare knows none but IDs
    odd = user(f"u{cell}", account, **STALE, access_key_1_active="true",
        access_key_1_last_rotated="2019-01-02T03:04:05Z",
        access_key_1_last_used_date="2019-01-02T03:04:05Z",
        access_key_1_last_used_region=f"r_{cell}", access_key_1_last_used_service=f"s:{cell}",
    )  # fmt: skip
    plain = user("plain", **STALE)
    for year in (2025, 2026):
        name = f"{year}-01-31T12-00-00Z"
        (place / f"a {text} {name}.csv").write_text(to_csv(root(account), odd))
        with zipfile.ZipFile(place / f"z {text} {name}.zip", "w") as archive:
            archive.writestr(f"m {text} {name}.csv", to_csv(root(), plain))
            archive.writestr(f"n {text}.pdf", "x")
    quoted = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\x1b", "\\u001b")
    waivers = directory / f"w {text}.toml"
    waivers.write_text(
        "[[waiver]]\n"
        f'id = "W{quoted}"\nuser = "plain"\nreason = "{quoted}"\napproved_by = "{quoted}"\n'
        f'approved_on = 2024-01-01\nexpires = 2026-12-31\nticket = "{quoted}"\n'
    )
    policy = directory / f"p {text}.toml"
    policy.write_text('[[class]]\nmatch = "svc-*"\nunused_after_days = 30\n')
    accounts = directory / f"l {text}.csv"
    with accounts.open("w", newline="") as file:
        csv.writer(file).writerows(
            [
                ["id", "name", "owner"],
                *([f"11112222333{n}", cell, cell] for n in (3, 4)),
            ]
        )
    signed = [part for name in ("control", "prepared-by", "ticket") for part in (f"--{name}", text)]
    return [directory / "in", "--waivers", waivers, "--policy", policy, "--accounts", accounts,
            *signed, "--format", FORMATS, "-v"]  # fmt: skip


@pytest.fixture(scope="module", params=["analyze", "compare"])
def outputs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Result, Path, Result]]:
    """The evidence and the screen of a run with the payload, and of one with a harmless text."""
    found: list[Path | Result] = []
    for text in (PAYLOAD, "x"):
        place = tmp_path_factory.mktemp("escapes")
        done = run(request.param, *lay_out(place, text, request.param), "-o", place / "out")
        assert done.exit_code in (0, 3), done.output
        found += [place / "out", done]
    odd, odd_run, plain, plain_run = found
    assert isinstance(odd, Path)
    assert isinstance(plain, Path)
    assert isinstance(odd_run, Result)
    assert isinstance(plain_run, Result)
    yield odd, odd_run, plain, plain_run
    assert not Path("naughty").exists()


def only(directory: Path, ending: str) -> Path:
    (path,) = directory.glob(f"*{ending}")
    return path


def test_the_screen_has_the_same_lines(outputs: tuple[Path, Result, Path, Result]) -> None:
    _, odd, _, plain = outputs
    for found, expected in ((odd.stdout, plain.stdout), (odd.stderr, plain.stderr)):
        assert not STEERS.search(found)
        assert found.isascii()
        assert len(found.splitlines()) == len(expected.splitlines())


@pytest.mark.parametrize("ending", [".md", ".jira"])
def test_the_ticket_comment_has_the_same_lines_and_no_markup_from_outside(
    outputs: tuple[Path, Result, Path, Result], ending: str
) -> None:
    odd, _, plain, _ = outputs
    text = only(odd, ending).read_text(encoding="utf-8")
    assert not STEERS.search(text)
    assert len(text.splitlines()) == len(only(plain, ending).read_text().splitlines())
    spans = r"(`+)(?!`).*?(?<!`)\1(?!`)" if ending == ".md" else r"\{\{.*?\}\}(?!\})"
    inside = [match[0] for match in re.finditer(spans, text)]
    outside = re.sub(spans, "", text)
    special = r"[`<\[\]{}~@*]|!\w" if ending == ".md" else r"[<\[\]{}~@*]|!\w"
    assert not re.search(special, re.sub(r"^\* ", "", outside, flags=re.MULTILINE))
    assert inside
    if ending == ".jira":
        assert not any(set(span[2:-2]) & set("{}[]|*!<>@\\~") for span in inside)


def test_the_pictures_are_well_formed_and_their_text_is_text(
    outputs: tuple[Path, Result, Path, Result],
) -> None:
    for path in outputs[0].glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert not STEERS.search(text.replace("\n", ""))
        tree = ET.fromstring(text)
        names = {element.tag.partition("}")[2] for element in tree.iter()}
        assert {"title", "desc", "text"} <= names
        assert not {"b", "script", "a", "image"} & names


def test_no_part_of_a_csv_cell_is_a_formula_or_steers_a_terminal(
    outputs: tuple[Path, Result, Path, Result],
) -> None:
    paths = list(outputs[0].glob("*.csv"))
    assert paths
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if FORMULA.search(cell) or STEERS.search(cell)]


def test_oscal_and_ocsf_are_valid_and_their_prose_has_no_markup_from_outside(
    outputs: tuple[Path, Result, Path, Result],
) -> None:
    text = only(outputs[0], ".oscal.json").read_bytes().decode("ascii")
    assert Model.model_validate_json(text)
    prose = re.findall(r'"(?:title|description|statement|remarks)": ("(?:[^"\\]|\\.)*")', text)
    words = [re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", json.loads(each)) for each in prose]
    assert words
    assert not [each for each in words if STEERS.search(each) or re.search(r"[`<\[{~@*]", each)]
    for line in only(outputs[0], ".ocsf.jsonl").read_bytes().decode("ascii").splitlines():
        assert ComplianceFinding.model_validate_json(line)
        assert not STEERS.search(json.loads(line)["message"])


def test_the_workbook_has_text_only(outputs: tuple[Path, Result, Path, Result]) -> None:
    book = load_workbook(only(outputs[0], ".xlsx"))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in "snd", (sheet.title, cell.coordinate)
                assert not STEERS.search(str(cell.value).replace("\t", ""))
