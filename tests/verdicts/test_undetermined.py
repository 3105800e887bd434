"""What could not be judged: whose it is, why, and the cells that a reader has to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from credreport.reports.selection import read_reports
from credreport.rules.policy import Policy
from credreport.schema import UNDETERMINED
from credreport.verdicts.assessment import Assessment, assess
from tests.support.reports import COLUMNS, NAME, judge, to_csv, user

USED = "2026-01-30T00:00:00Z"
ANN = user("ann", password_enabled="true", password_last_used="soon")
KEY = {
    "access_key_1_active": "true",
    "access_key_1_last_rotated": "4/5/2019",
    "access_key_1_last_used_date": USED,
}
PASSWORD = {"password_enabled": "true", "password_last_used": USED}
KEY_CELLS = (
    "access_key_1_active=true; access_key_1_last_used_date=2026-01-30T00:00:00Z; "
    "access_key_1_last_rotated=4/5/2019"
)
REST = (
    "access_key_2_active=false; access_key_2_last_used_date=N/A; access_key_2_last_rotated=N/A; "
    "cert_1_active=false; cert_1_last_rotated=N/A; cert_2_active=false; cert_2_last_rotated=N/A"
)


def told(assessment: Assessment) -> list[tuple[str, str, str, int | None]]:
    """Return credential, reason, cells and line of each row."""
    table = assessment.undetermined
    assert table.columns.tolist() == [*UNDETERMINED, "report", "is_of_rule"]
    assert table.index.tolist() == list(range(len(table)))
    lines = table["source_line"].astype(object).where(table["source_line"].notna(), None)
    columns = (table["credential"], table["reason"], table["cells"], lines)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def about(rule: str) -> Policy:
    return Policy(rules=(rule,))


UNREAD = (
    "password",
    "`password_last_used` is 'soon': neither a date nor a known absence",
    "password_enabled=true; password_last_used=soon; password_last_changed=N/A",
    2,
)


def test_a_credential_has_its_own_cells(tmp_path: Path) -> None:
    judged = judge(tmp_path, ANN)
    assert told(judged) == [UNREAD]
    assert judged.undetermined["is_of_rule"].tolist() == [False]


@pytest.mark.parametrize(
    ("rule", "cells", "row"),
    [
        (
            "unrotated-access-key",
            KEY,
            (
                "access_key_1",
                "unrotated-access-key: whether the key is active is neither true nor false, or when "
                "it was made is not a readable date before the as-of",
                f"{KEY_CELLS}; user_creation_time=2020-01-01T00:00:00Z; password_enabled=false",
                3,
            ),
        ),
        (
            "expiring-password",
            PASSWORD | {"password_next_rotation": "later"},
            (
                "password",
                "expiring-password: whether the password is enabled is neither true nor false, or "
                "`password_next_rotation` is not a readable date",
                "password_enabled=true; password_last_used=2026-01-30T00:00:00Z; "
                "password_last_changed=N/A; password_next_rotation=later; mfa_active=false",
                3,
            ),
        ),
        (
            "user-without-mfa",
            PASSWORD | KEY | {"mfa_active": "yes"},
            (
                "user",
                "user-without-mfa: `mfa_active`, or whether a credential is active, is neither true "
                "nor false",
                "mfa_active=yes; password_enabled=true; password_last_used=2026-01-30T00:00:00Z; "
                f"password_last_changed=N/A; {KEY_CELLS}; {REST}",
                3,
            ),
        ),
    ],
)
def test_a_rule_has_what_it_looks_at_besides(
    rule: str, cells: dict[str, str], row: tuple[str, str, str, int], tmp_path: Path
) -> None:
    """The rows of credentials come first; in a rule's, the cells are those of its own user."""
    judged = judge(tmp_path, ANN, user("bob", **cells), policy=about(rule))
    assert told(judged) == [UNREAD, row]
    assert judged.undetermined["is_of_rule"].tolist() == [False, True]
    assert judged.undetermined["user"].tolist() == ["ann", "bob"]


@pytest.mark.parametrize(
    ("rule", "cells", "credential", "read"),
    [
        (
            "setup-access-key",
            KEY | {"access_key_1_last_used_date": "N/A", "password_enabled": "yes"},
            "access_key_1",
            "user_creation_time=2020-01-01T00:00:00Z; password_enabled=yes",
        ),
        (
            "old-single-factor-password",
            PASSWORD | {"password_last_changed": "2020-01-01T00:00:00Z", "mfa_active": "yes"},
            "password",
            "password_next_rotation=N/A; mfa_active=yes",
        ),
    ],
)
def test_a_rule_about_a_credential_shows_the_cell_of_its_user_that_it_reads(
    rule: str, cells: dict[str, str], credential: str, read: str, tmp_path: Path
) -> None:
    found = judge(tmp_path, user("bob", **cells), policy=about(rule)).undetermined
    (row,) = found[found["is_of_rule"]].to_dict("records")
    assert row["credential"] == credential
    assert row["cells"].endswith(f"; {read}")


def test_a_row_that_is_not_there_has_no_cells_and_no_line(tmp_path: Path) -> None:
    judged = judge(tmp_path, user("ann"), policy=about("root-access-key"))
    assert told(judged) == [("root", "root-access-key: the report has no root row", "", None)]
    assert judged.undetermined["user"].tolist() == ["<root_account>"]


def test_a_column_that_is_not_there_is_the_reason(tmp_path: Path) -> None:
    """Only where the rule needs it: one of keys has its own reason."""
    columns = tuple(name for name in COLUMNS if name != "mfa_active")
    text = to_csv(user("bob", **PASSWORD | KEY), columns=columns)
    (tmp_path / NAME).write_text(text)
    policy = Policy(rules=("unrotated-access-key", "user-without-mfa"))
    reasons = [reason for _, reason, _, _ in told(assess(read_reports(tmp_path / NAME), policy))]
    assert reasons == [
        "user-without-mfa: the report has no column `mfa_active`",
        "unrotated-access-key: whether the key is active is neither true nor false, or when it was "
        "made is not a readable date before the as-of",
    ]
