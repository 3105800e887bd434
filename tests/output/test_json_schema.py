"""Every JSON document that the program prints is of the form that `docs/evidence.schema.json` states."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from credreport.cli.main import app
from credreport.output.workbook.book import to_xlsx
from credreport.schema import CHANGES, CREDENTIALS, DECISIONS, FINDINGS
from credreport.verdicts.tally import SCHEMA_VERSION
from tests.support.decided import DAY, fill_in, to_evidence
from tests.support.reports import ACCOUNT, root, save, user

PROJECT = Path(__file__).parents[2]
SCHEMA = json.loads((PROJECT / "docs" / "evidence.schema.json").read_bytes())
KEY = {
    "access_key_1_active": "true",
    "access_key_1_last_rotated": "2024-01-01T00:00:00Z",
    "access_key_1_last_used_date": "N/A",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three dates of an account with odd rows, one of them without root, accounts and waivers."""
    tmp_path = tmp_path_factory.mktemp("place")
    odd = [
        user("odd", mfa_active="?", **KEY | {"access_key_1_last_rotated": "?"}),
        user("k", **KEY),
    ]
    for month in (1, 2, 3):
        rows = [*odd, user(f"new{month}", **KEY), user("empty", user_creation_time="N/A")]
        rows += [root()] if month > 1 else []
        save(tmp_path / "in", *rows, name=f"2026-{month:02}-28T12-00-00Z.csv")
    (tmp_path / "accounts.csv").write_text(f"id,name,owner\n{ACCOUNT},a,b\n444455556666,c,\n")
    old = to_evidence(tmp_path / "in" / "2026-01-28T12-00-00Z.csv")
    (tmp_path / "old.xlsx").write_bytes(to_xlsx(old, []))
    fill_in(tmp_path / "old.xlsx", {"k": ("Removed", "Ann", DAY, "T"), "new1": ("Exception",)})
    (tmp_path / "w.toml").write_text(
        '[[waiver]]\nid = "W"\nuser = "k"\nreason = "r"\napproved_by = "a"\n'
        "approved_on = 2025-01-01\nexpires = 2026-12-31\n"
    )
    return tmp_path


def document(place: Path, *arguments: str) -> dict[str, object]:
    line = [argument.replace("PLACE", str(place)) for argument in arguments]
    done = CliRunner().invoke(app, [*line, "--json"])
    assert done.exit_code in (0, 3), done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "line",
    [
        "analyze PLACE/in --format none --profile all --accounts PLACE/accounts.csv "
        "--waivers PLACE/w.toml",
        "analyze PLACE/in --format none --baseline PLACE/in/2026-01-28T12-00-00Z.csv",
        "analyze PLACE/in --format none --sample 3 --seed Q1 --sample-of all",
        "analyze PLACE/in --format none --mask --mask-key PLACE/k.key --carry-from PLACE/old.xlsx",
        "analyze PLACE/in --format none --sample 9 --seed Q1 --sample-of users",
        "compare PLACE/in --format none --profile all --accounts PLACE/accounts.csv "
        "--waivers PLACE/w.toml",
        "inspect PLACE/in",
        "inspect PLACE/in --accounts PLACE/accounts.csv",
        "analyze PLACE/in/2026-03-28T12-00-00Z.csv --format none --carry-from PLACE/old.xlsx",
        "compare PLACE/in/2026-01-28T12-00-00Z.csv PLACE/in/2026-03-28T12-00-00Z.csv --format none "
        "--carry-from PLACE/old.xlsx",
    ],
)
def test_documents_are_of_the_published_form(place: Path, line: str) -> None:
    jsonschema.validate(document(place, *line.split()), SCHEMA)


def test_the_schema_is_one_and_of_this_version() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("credentials", CREDENTIALS),
        ("findings", FINDINGS),
        ("changes", CHANGES),
        ("decisions", DECISIONS),
    ],
)
def test_the_tables_that_machines_read_have_these_columns(
    table: str, columns: tuple[str, ...]
) -> None:
    row = SCHEMA["properties"][table]["items"]
    assert row["required"] == list(columns)
    assert list(row["properties"]) == list(columns)
    assert row["additionalProperties"] is False
