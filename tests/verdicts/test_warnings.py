"""Warnings: shown and written to the evidence, never fatal, never silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from credreport.rules.policy import Policy
from credreport.verdicts.assessment import Assessment
from tests.support.reports import COLUMNS, NAME, judge, root, to_csv, user


def shown(assessment: Assessment) -> list[str]:
    return [str(notice).removeprefix(NAME) for notice in assessment.notices]


def of(directory: Path, text: str, policy: Policy | None = None) -> list[str]:
    from credreport import analyze, read_reports

    (directory / NAME).write_text(text)
    return shown(analyze(read_reports(directory / NAME), policy))


def test_a_report_as_aws_writes_it_gives_none(tmp_path: Path) -> None:
    assert shown(judge(tmp_path, root(), user("a"), user("B"))) == []


def test_no_root_once_for_each_account(tmp_path: Path) -> None:
    message = "no root row: AWS always writes one, so rows may have been cut off"
    assert shown(judge(tmp_path, user())) == [f", line 2: {message}"]
    rows = [root(), user(), user("b", "444455556666"), user("c", "777788889999")]
    assert shown(judge(tmp_path, *rows)) == [
        ": contains 3 reports or accounts, each judged separately",
        f", line 4: {message}",
        f", line 5: {message}",
    ]


def test_out_of_order_once_a_report(tmp_path: Path) -> None:
    assert shown(judge(tmp_path, root(), user("b"), user("a"), user("A1"), user("0"))) == [
        ", line 4: 'a' is out of AWS's order (root, then by name)"
    ]
    assert shown(judge(tmp_path, user("a"), root())) == [
        ", line 3: '<root_account>' is out of AWS's order (root, then by name)"
    ]


def test_a_user_twice_is_judged_row_by_row(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(), user("a"), user("A"))
    assert shown(assessment) == [
        ", line 3: user 'a' is listed more than once (here: row 1); each row is judged",
        ", line 4: user 'A' is listed more than once (here: row 2); each row is judged",
    ]
    assert assessment.doubts
    assert len(assessment.users) == 3


def test_no_arn_column(tmp_path: Path) -> None:
    text = to_csv(root(), columns=tuple(name for name in COLUMNS if name != "arn"))
    assert of(tmp_path, text) == [
        ": no `arn` column: the account is unknown, and root is recognised by its name only"
    ]


def test_no_last_used_column(tmp_path: Path) -> None:
    columns = tuple(name for name in COLUMNS if name != "access_key_2_last_used_date")
    assert of(tmp_path, to_csv(root(), columns=columns)) == [
        ": without `access_key_2_last_used_date`: use is not known there"
    ]


def test_no_last_rotated_column(tmp_path: Path) -> None:
    columns = tuple(name for name in COLUMNS if name != "access_key_2_last_rotated")
    assert of(tmp_path, to_csv(root(), columns=columns)) == [
        ": without `access_key_2_last_rotated`: credentials that were never used have no age there"
    ]


def test_unknown_columns(tmp_path: Path) -> None:
    assert of(tmp_path, to_csv(root(), columns=("", *COLUMNS, "team"))) == [
        ", line 1: unknown columns, not used: '(no name)', 'team'"
    ]


@pytest.mark.parametrize(("number", "more"), [(10, ""), (11, " and 1 more"), (12, " and 2 more")])
def test_ten_unknown_columns_are_named(tmp_path: Path, number: int, more: str) -> None:
    names = [f"x{place:02}" for place in range(number)]
    (line,) = of(tmp_path, to_csv(root(), columns=(*COLUMNS, *names)))
    assert line == f", line 1: unknown columns, not used: {str(names[:10])[1:-1]}{more}"


def test_a_long_name_of_a_column_is_shown_by_its_first_80_letters(tmp_path: Path) -> None:
    assert of(tmp_path, to_csv(root(), columns=(*COLUMNS, "x" * 81))) == [
        f", line 1: unknown columns, not used: '{'x' * 80}'"
    ]


def test_arn_and_name_differ(tmp_path: Path) -> None:
    row = user("alice", arn="arn:aws:iam::111122223333:user/x/bob")
    assert shown(judge(tmp_path, root(), row)) == [
        ", line 3: user 'alice', but the ARN says 'arn:aws:iam::111122223333:user/x/bob'"
    ]


def test_credentials_that_the_report_does_not_list(tmp_path: Path) -> None:
    columns = (*COLUMNS, "additional_credentials_info")
    rows = [
        user(name, additional_credentials_info=cell)
        for name, cell in zip("abcd", ("", "N/A", "2 keys", "false"), strict=True)
    ]
    assert of(tmp_path, to_csv(root(), *rows, columns=columns)) == [
        ", line 5: user 'c' has credentials that the report does not list: '2 keys'"
    ]


def test_blanks_beside_na(tmp_path: Path) -> None:
    (line,) = shown(judge(tmp_path, root(), user(mfa_active="", cert_1_active="")))
    assert line.startswith(
        ", line 3: 2 blank cells, the first here, where AWS writes a word; beside N/A"
    )


def test_one_blank_beside_na(tmp_path: Path) -> None:
    (line,) = shown(judge(tmp_path, root(), user(mfa_active="")))
    assert line.startswith(", line 3: 1 blank cell here, where AWS writes a word; beside N/A")


def test_blanks_in_a_file_without_the_words(tmp_path: Path) -> None:
    blanked = {name: "" if cell == "N/A" else cell for name, cell in user().items()}
    assert any("the file has no N/A at all" in line for line in shown(judge(tmp_path, blanked)))


@pytest.mark.parametrize("active", ["true", "false"])
def test_a_key_used_before_it_was_made(tmp_path: Path, active: str) -> None:
    row = user(
        access_key_1_active=active,
        access_key_1_last_rotated="2025-12-02T00:00:00Z",
        access_key_1_last_used_date="2025-12-01T00:00:00Z",
        access_key_1_last_used_service="s3",
    )
    assert shown(judge(tmp_path, root(), row)) == [
        ", line 3: 'alice', access_key_1: the last use is older than the key"
    ]


def test_used_or_set_in_the_very_second_is_not_odd(tmp_path: Path) -> None:
    second = "2025-12-01T00:00:00Z"
    row = user(
        user_creation_time=second,
        password_enabled="true",
        password_last_changed=second,
        password_last_used=second,
        access_key_1_active="true",
        access_key_1_last_rotated=second,
        access_key_1_last_used_date=second,
        access_key_1_last_used_service="s3",
    )
    assert shown(judge(tmp_path, root(), row)) == []


def test_a_password_changed_after_its_last_use(tmp_path: Path) -> None:
    row = user(
        password_enabled="true",
        password_last_changed="2025-12-02T00:00:00Z",
        password_last_used="2025-12-01T00:00:00Z",
    )
    (line,) = shown(judge(tmp_path, root(), row))
    assert "the one now set may never have been used" in line


@pytest.mark.parametrize("active", ["true", "false"])
def test_set_before_the_user_was_created(tmp_path: Path, active: str) -> None:
    row = user(
        user_creation_time="2025-12-03T00:00:00Z",
        access_key_2_active=active,
        access_key_2_last_rotated="2025-12-02T23:59:59Z",
    )
    assert shown(judge(tmp_path, root(), row)) == [
        ", line 3: 'alice', access_key_2: set before the user was created"
    ]


def test_a_timestamp_of_the_very_as_of_is_not_later(tmp_path: Path) -> None:
    assert shown(judge(tmp_path, root(), user(user_creation_time="2026-01-31T12:00:00Z"))) == []


def test_the_newest_of_the_timestamps_later_than_the_as_of(tmp_path: Path) -> None:
    rows = [user(n, user_creation_time=f"2026-0{m}-01T00:00:00Z") for n, m in (("a", 2), ("b", 3))]
    assert shown(judge(tmp_path, root(), *rows)) == [
        ", line 4: 'b' has a timestamp of 2026-03-01T00:00:00Z, later than the as-of "
        "2026-01-31T12:00:00Z: either it or the as-of is wrong"
    ]


@pytest.mark.parametrize(
    ("last_used", "as_of", "is_warned"),
    [
        ("2018-05-01T00:00:00Z", "2018-08-10T00:00:00Z", True),
        ("no_information", "2018-08-10T00:00:00Z", True),
        ("no_information", "2018-08-21T21:08:00Z", False),
        ("2018-05-01T00:00:00Z", "2018-08-21T21:07:59Z", True),
        ("2018-05-01T00:00:00Z", "2018-08-21T21:08:00Z", False),
        ("2018-05-04T05:50:00Z", "2018-08-10T00:00:00Z", False),
        ("2018-01-01T00:00:00Z", "2018-05-04T05:50:00Z", False),
    ],
)
def test_the_gap_of_2018_where_it_touches_a_verdict(
    tmp_path: Path, last_used: str, as_of: str, is_warned: bool
) -> None:
    old = "2015-01-01T00:00:00Z"
    row = user(
        user_creation_time=old,
        password_enabled="true",
        password_last_changed=old,
        password_last_used=last_used,
    )
    text = to_csv(root(user_creation_time=old, password_last_changed=old), row)
    from credreport import analyze, read_reports

    (tmp_path / NAME).write_text(text)
    found = analyze(read_reports(tmp_path / NAME, as_of=as_of)).notices
    assert ("gap-2018" in [notice.code for notice in found]) == is_warned


@pytest.mark.parametrize(
    ("last_used", "is_near"),
    [
        ("2025-11-04T12:00:00Z", False),
        ("2025-11-03T12:00:00Z", True),
        ("2025-11-02T12:00:00Z", True),
        ("2025-11-01T12:00:00Z", True),
        ("2025-10-31T12:00:00Z", False),
    ],
)
def test_a_day_within_one_of_the_threshold(tmp_path: Path, last_used: str, is_near: bool) -> None:
    row = user(
        password_enabled="true",
        password_last_changed="2021-01-01T00:00:00Z",
        password_last_used=last_used,
    )
    codes = [notice.code for notice in judge(tmp_path, root(), row).notices]
    assert (codes == ["boundary"]) == is_near
