"""`--carry-from`, quarter after quarter: decided, saved again, carried over, checked."""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from credreport.cli.main import app
from tests.support.books import rows_of_sheet
from tests.support.decided import DAY, fill_in, save_again
from tests.support.reports import ACCOUNT, root, save, user

ACCOUNTS = (ACCOUNT, "444455556666", "777788889999")
JUNE, SEPTEMBER = "2026-06-30T12-00-00Z", "2026-09-30T12-00-00Z"
OLD = "2025-01-01T00:00:00Z"
KEY = {"access_key_1_active": "true", "access_key_1_last_rotated": OLD}
PASSWORD = {"password_enabled": "true", "password_last_changed": OLD, "password_last_used": OLD}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def quarter(place: Path, stamp: str, *rows: list[dict[str, str]]) -> Path:
    """Write the reports of a date, one per account."""
    for account, users in zip(ACCOUNTS, rows, strict=False):
        save(place / stamp, root(account), *users, name=f"{account}_{stamp}.csv")
    return place / stamp


@pytest.fixture
def june(tmp_path: Path) -> Path:
    """The first audit's reports: seven findings in three accounts."""
    first, second, third = ACCOUNTS
    return quarter(
        tmp_path / "in",
        JUNE,
        [user("kept", first, **KEY), user("gone", first, **KEY), user("used", first, **PASSWORD)],
        [user("robot", second, **KEY), user("wrong", second, **PASSWORD)],
        [user("away", third, **KEY), user("odd", third, **KEY)],
    )


@pytest.fixture
def september(tmp_path: Path) -> Path:
    """The second audit's: one key removed, one password used, one account without a report."""
    first, second, _ = ACCOUNTS
    used = PASSWORD | {"password_last_used": "2026-09-01T00:00:00Z"}
    return quarter(
        tmp_path / "in",
        SEPTEMBER,
        [user("kept", first, **KEY), user("gone", first), user("used", first, **used)],
        [
            user("robot", second, **KEY),
            user("wrong", second, **PASSWORD),
            user("new", second, **KEY),
        ],
    )


DECIDED = {
    "kept": ("Removed", "Ann", DAY, "SEC-1"),
    "gone": ("Removed", "Ann", DAY, "SEC-2\nsecond line"),
    "used": ("Disabled", "Ann", DAY, "@SUM is text"),
    "robot": ("Exception", "Bob", DAY, 4711),
    "away": ("False positive", "Bob", DAY, None),
}


def first_audit(june: Path, out: Path, *more: str) -> Path:
    assert run("analyze", june, "-o", out, "--format", "xlsx", *more).exit_code == 0
    (workbook,) = out.glob("*.xlsx")
    fill_in(workbook, DECIDED)
    return workbook


def decisions(result: Result) -> dict[str, dict[str, Any]]:
    return {row["user"]: row for row in json.loads(result.stdout)["decisions"]}


def test_a_quarter_is_decided_saved_again_carried_over_and_checked(
    june: Path, september: Path, tmp_path: Path
) -> None:
    workbook = save_again(first_audit(june, tmp_path / "june"), tmp_path / "saved")
    out = tmp_path / "september"
    result = run(
        "analyze", september, "--carry-from", workbook, "-o", out, "--format", "xlsx,md,html"
    )
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[0]
    assert first.endswith(
        "2 decisions say Removed or Disabled, which the report contradicts: see Decisions."
    )
    assert result.stdout.splitlines()[-1] == (
        "Decisions: 2 of 5 decisions matched a finding; 2 not found in this run; 1 in accounts "
        "without a report now; 2 open findings have no decision"
    )
    assert (
        f"'kept' in account {ACCOUNT}: decided Removed on 2026-07-15 by Ann, but still open in this "
        "report (as of 2026-09-30)"
    ) in result.stderr
    made = next(out.glob("*.xlsx"))
    filled = {
        row["User"]: (
            row["Disposition"],
            row["Decided by"],
            row["Decision date"],
            row["Ticket and notes"],
        )
        for row in rows_of_sheet(made, "Findings")
    }
    midnight = datetime.datetime.combine(DAY, datetime.time())
    assert filled == {
        "kept": ("Removed", "Ann", midnight, "SEC-1"),
        "robot": ("Exception", "Bob", midnight, "4711"),
        "wrong": (None, None, None, None),
        "new": (None, None, None, None),
    }
    listed = {
        row["User"]: (row["State now"], row["Check against the report"])
        for row in rows_of_sheet(made, "Decisions")
    }
    assert list(listed) == ["kept", "used", "new", "wrong", "robot", "away", "gone"]
    assert listed["used"] == (
        "not found",
        "decided Disabled on 2026-07-15 by Ann, but still active: the report as of 2026-09-30 has no "
        "such finding, but a user of this name has an active password",
    )
    assert listed["robot"] == (
        "open",
        "decided Exception on 2026-07-15 by Bob; still counts as open: only a waiver changes that "
        "(--waivers)",
    )
    assert listed["away"] == (
        "not covered",
        "decided False positive on 2026-07-15 by Bob; not covered (its account has no report in this "
        "run)",
    )
    assert listed["gone"] == (
        "not found",
        "decided Removed on 2026-07-15 by Ann; the report as of 2026-09-30 has no such finding; "
        "`credreport compare` says why",
    )
    assert "Decisions that the report contradicts:" in next(out.glob("*.md")).read_text()
    assert "decided Exception on 2026-07-15" in next(out.glob("*.html")).read_text()
    manifest = json.loads(next(out.glob("*-manifest.json")).read_bytes())
    assert manifest["inputs"][-1] == {
        "role": "carry_from",
        "name": workbook.name,
        "sha256": hashlib.sha256(workbook.read_bytes()).hexdigest(),
        "bytes": workbook.stat().st_size,
    }

    # The third quarter starts where the second ended: what was decided of an account that was
    # missing is still known, and so is what was decided of findings that are gone.
    third = run("analyze", june, "--carry-from", made, "--format", "none", "--json")
    assert {
        name: row["disposition"] for name, row in decisions(third).items() if row["disposition"]
    } == {name: cells[0] for name, cells in DECIDED.items()}


@pytest.mark.parametrize("is_masked", [False, True])
def test_a_population_too_long_for_a_sheet_contradicts_the_same(
    june: Path, september: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_masked: bool
) -> None:
    workbook = str(first_audit(june, tmp_path / "june"))
    mask = ["--mask", "--mask-key", str(tmp_path / "key")] if is_masked else []
    asked = ["analyze", str(september), "--carry-from", workbook, "--format", "none", *mask]
    expected = run(*asked, "--json")
    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 2)
    found = run(*asked, "--json")
    assert found.stdout.count('"is_contradicted": true') == 2
    assert decisions(found) == decisions(expected)


def test_compare_says_what_happened_to_each(june: Path, september: Path, tmp_path: Path) -> None:
    workbook = first_audit(june, tmp_path / "june")
    formats = ("--format", "xlsx,json")
    done = run("compare", june, september, "--carry-from", workbook, "-o", tmp_path / "c", *formats)
    assert "Decisions: 2 of 5 decisions matched a finding; 2 closed; " in done.stdout
    (path,) = (each for each in (tmp_path / "c").glob("*.json") if "manifest" not in each.name)
    document = json.loads(path.read_bytes())
    found = {row["user"]: row for row in document["decisions"]}
    assert {name: (row["state"], row["is_contradicted"]) for name, row in found.items()} == {
        "kept": ("open", True),
        "used": ("closed", True),
        "gone": ("closed", False),
        "robot": ("open", False),
        "away": ("not_covered", False),
        "wrong": ("open", False),
        "new": ("open", False),
    }
    assert found["used"]["check"] == (
        "decided Disabled on 2026-07-15 by Ann, but still active: used on 2026-09-01"
    )
    assert found["gone"]["check"].startswith("decided Removed on 2026-07-15 by Ann; confirmed: ")
    assert document["verdict"].endswith("which the report contradicts: see Decisions.")
    assert document["parameters"]["carry_from_file"].startswith(f"{workbook.name} (SHA-256 ")
    assert len(rows_of_sheet(next((tmp_path / "c").glob("*.xlsx")), "Decisions")) == len(found)
    since = run(
        "analyze",
        september,
        "--baseline",
        june,
        "--carry-from",
        workbook,
        "--format",
        "none",
        "--json",
    )
    assert decisions(since) == found


def test_force_never_replaces_decisions_unless_they_are_carried_over(
    june: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    workbook = first_audit(june, out)
    filled = workbook.read_bytes()
    again: list[str | Path] = ["analyze", june, "-o", out, "--format", "xlsx", "--force"]
    refused = run(*again)
    assert refused.exit_code == 2
    assert (
        f"{workbook} has 5 decisions filled in, which not even --force replaces. Add "
        f"--carry-from {workbook} --force to take the decisions over; or move it elsewhere, "
        "or choose another -o"
    ) in refused.stderr
    assert workbook.read_bytes() == filled
    assert run(*again, "--carry-from", workbook).exit_code == 0
    assert list(out.glob("*.xlsx")) == [workbook]
    assert workbook.read_bytes() != filled
    assert {row["User"]: row["Disposition"] for row in rows_of_sheet(workbook, "Findings")} == {
        "wrong": None, "odd": None, **{name: cells[0] for name, cells in DECIDED.items()},
    }  # fmt: skip
