"""A report without the dates to fall back on: what has a last use is judged by it, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from credreport import analyze, read_reports
from credreport.rules.policy import load_policy
from credreport.verdicts.assessment import Assessment
from tests.support.reports import COLUMNS, NAME, root, to_csv, user, verdict

OLD = "2025-01-01T00:00:00Z"


def judge_without(directory: Path, column: str, **cells: str) -> Assessment:
    columns = tuple(name for name in COLUMNS if name != column)
    path = directory / NAME
    path.write_text(to_csv(root(), user("bob", **cells), columns=columns))
    return analyze(read_reports(path))


@pytest.mark.parametrize(
    ("credential", "flag", "fallback", "last_used"),
    [
        ("password", "password_enabled", "password_last_changed", "password_last_used"),
        (
            "access_key_2",
            "access_key_2_active",
            "access_key_2_last_rotated",
            "access_key_2_last_used_date",
        ),
    ],
)
class TestWithoutTheFallback:
    def test_a_credential_with_a_last_use_is_judged(
        self, tmp_path: Path, credential: str, flag: str, fallback: str, last_used: str
    ) -> None:
        judged = judge_without(tmp_path, fallback, **{flag: "true", last_used: OLD})
        row = verdict(judged, "bob", credential)
        assert (row["status"], row["basis"]) == ("unused", last_used)
        assert f"without `{fallback}`: credentials that were never used have no age there" in [
            notice.message for notice in judged.notices
        ]

    def test_one_without_is_undetermined(
        self, tmp_path: Path, credential: str, flag: str, fallback: str, last_used: str
    ) -> None:
        judged = judge_without(tmp_path, fallback, **{flag: "true", last_used: "N/A"})
        row = verdict(judged, "bob", credential)
        assert row["status"] == "undetermined"
        assert row["reason"] == f"never used, and the report lacks the column `{fallback}`"

    def test_one_that_is_off_and_says_nothing_is_absent(
        self, tmp_path: Path, credential: str, flag: str, fallback: str, last_used: str
    ) -> None:
        judged = judge_without(tmp_path, fallback, **{flag: "false", last_used: "N/A"})
        assert verdict(judged, "bob", credential)["status"] == "absent"


def test_a_column_of_mfa_that_is_not_there_is_called_missing(tmp_path: Path) -> None:
    path = tmp_path / NAME
    columns = tuple(name for name in COLUMNS if name != "mfa_active")
    path.write_text(to_csv(root(), user("bob", password_enabled="true"), columns=columns))
    judged = analyze(read_reports(path), load_policy(None, profile="cis-5.0"))
    table = judged.undetermined
    told = table[table["user"].eq("bob") & table["reason"].str.startswith("console-without-mfa")]
    assert told["reason"].tolist() == ["console-without-mfa: the report has no column `mfa_active`"]
    assert told["cells"].str.startswith("mfa_active=(no column); password_enabled=true").all()
