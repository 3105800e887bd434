"""Rows that read well and cannot be so: a warning each, and nothing about what AWS writes."""

from __future__ import annotations

import pytest

from credreport.reports.inputs import Stream
from credreport.reports.report import join_tables
from credreport.rules.policy import Policy
from credreport.runs.inspect import Counted, inspect_batch
from credreport.verdicts.contradictions import find_contradictions
from tests.support.reports import COLUMNS, NAME, read_report, root, to_csv, user

CREATED = "2024-01-01T00:00:00Z"
SET = "2024-02-01T00:00:00Z"
USED = "2026-01-30T10:00:00Z"
KEY = {
    "user_creation_time": CREATED,
    "access_key_1_active": "true",
    "access_key_1_last_rotated": SET,
    "access_key_1_last_used_date": USED,
    "access_key_1_last_used_region": "N/A",
    "access_key_1_last_used_service": "iam",
}
PASSWORD = {
    "user_creation_time": CREATED,
    "password_enabled": "true",
    "password_last_used": USED,
    "password_last_changed": SET,
}
CODES = ("contradiction", "unreadable-cell", "alike", "other-zone", "arn-differs")


def warnings_of(
    *rows: dict[str, str], columns: tuple[str, ...] = COLUMNS
) -> list[tuple[str, int, str]]:
    """Return code, line and message of the warnings of these kinds."""
    text = to_csv(root(), *rows, columns=columns)
    ((answer,),) = inspect_batch([Stream(NAME, text.encode())], Policy())
    assert isinstance(answer, Counted)
    return [(each.code, each.line, each.message) for each in answer.warnings if each.code in CODES]


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"user_creation_time": CREATED},
        KEY,
        PASSWORD,
        KEY | PASSWORD,
        PASSWORD | {"password_last_used": "no_information"},
        KEY | {"access_key_1_active": "false"},
        KEY | {"access_key_1_last_used_service": "sts"},
        # never used
        KEY | {"access_key_1_last_used_date": "N/A", "access_key_1_last_used_service": "N/A"},
        # old AWS for a user without a password
        {"password_last_used": "no_information"},
        PASSWORD | {"password_last_used": CREATED, "password_last_changed": CREATED},
        KEY | {"access_key_1_last_rotated": "2024-02-01T00:00:00+00:00"},
        KEY | {"cert_1_active": "true", "cert_1_last_rotated": SET},
    ],
)
def test_what_aws_writes_is_no_contradiction(cells: dict[str, str]) -> None:
    assert warnings_of(user("bob", **cells)) == []


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            PASSWORD | {"user_creation_time": "2026-01-30T10:00:01Z"},
            "'bob': a last use before the creation of the user; the file may be damaged",
        ),
        (
            KEY | {"access_key_1_last_rotated": "N/A"},
            "'bob': an active credential that was used but never set; the file may be damaged",
        ),
        (
            KEY | {"access_key_1_active": "false", "access_key_1_last_rotated": "N/A"},
            "'bob': a last use of a credential that does not exist; the file may be damaged",
        ),
        (
            PASSWORD | {"password_enabled": "false"},
            "'bob': `password_enabled` is false, but there is a date of the last change; the file may be damaged",
        ),
        (
            KEY | {"access_key_1_last_used_service": "N/A"},
            "'bob': a last use of access_key_1 without a service; the file may be damaged",
        ),
        (
            KEY | {"access_key_1_last_used_service": ""},
            "'bob': a last use of access_key_1 without a service; the file may be damaged",
        ),
        (
            KEY | {"access_key_1_last_used_date": "N/A"},
            "'bob': a service or region that access_key_1 used, but no last use; the file may be damaged",
        ),
        (
            {"password_next_rotation": "2027-02-01T00:00:00Z"},
            "'bob': `password_next_rotation` is a date, but the password was never set; the file may be damaged",
        ),
        (
            PASSWORD | {"password_next_rotation": SET},
            "'bob': `password_next_rotation` is not after the last change; the file may be damaged",
        ),
        (
            {"cert_2_active": "true"},
            "'bob': an active certificate that was never set; the file may be damaged",
        ),
        (
            {"access_key_1_last_used_region": "eu-west-1"},
            "'bob': a service or region that access_key_1 used, but no last use; the file may be damaged",
        ),
    ],
)
def test_cells_of_a_row_that_contradict_one_another(cells: dict[str, str], message: str) -> None:
    assert warnings_of(user("bob", **cells)) == [("contradiction", 3, message)]


def test_a_creation_time_that_is_no_date_is_warned_of() -> None:
    message = "'bob': `user_creation_time` is not a date; the file may be damaged"
    found = warnings_of(user("bob", user_creation_time="2020-02-03TT18:21:09Z"))
    assert found == [("unreadable-cell", 3, message)]
    columns = tuple(name for name in COLUMNS if name != "user_creation_time")
    assert warnings_of(user("bob"), columns=columns) == []


@pytest.mark.parametrize(
    "cells",
    [
        {"password_last_used": "true"},
        {"access_key_1_last_rotated": "true"},
        {"cert_2_last_rotated": "true"},
        {"cert_2_last_rotated": "true", "cert_2_active": "true"},
    ],
)
def test_text_for_a_date_on_which_no_verdict_rests_is_warned_of(cells: dict[str, str]) -> None:
    message = (
        "'bob': text where a credential that is off, or a certificate, has its dates; "
        "the file may be damaged"
    )
    assert warnings_of(user("bob", **cells)) == [("unreadable-cell", 3, message)]


@pytest.mark.parametrize(
    "column", ["password_enabled", "password_last_used", "access_key_2_active"]
)
def test_a_cell_of_root_that_cannot_be_read_is_warned_of(column: str) -> None:
    """Root is not judged: its cells may be the beginning of a row and the end of another."""
    text = to_csv(root(**{column: "2026-true"}))
    ((answer,),) = inspect_batch([Stream(NAME, text.encode())], Policy())
    assert isinstance(answer, Counted)
    message = (
        "'<root_account>': a flag or a date of root that cannot be read; the file may be damaged"
    )
    assert [(each.code, each.message) for each in answer.warnings] == [("unreadable-cell", message)]


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("mfa_active", "tfalse", "neither true nor false"),
        ("mfa_active", "2026-01-30T10:00:00Z", "neither true nor false"),
        ("password_next_rotation", "2026-01-2027-02-01T00:00:00Z", "not a date"),
        ("password_next_rotation", "true", "not a date"),
        ("access_key_1_last_used_region", "us-east-1-west-2", "none that AWS would name"),
        ("access_key_2_last_used_region", "ap-", "none that AWS would name"),
        ("access_key_1_last_used_service", "s3N/A", "none that AWS would name"),
    ],
)
def test_a_cell_on_which_no_verdict_rests_is_warned_of(column: str, cell: str, words: str) -> None:
    """As where a stretch was lost between two rows, and the rest of them is one row now."""
    message = f"'bob': `{column}` is {words}; the file may be damaged"
    both = KEY | {name.replace("_1_", "_2_"): text for name, text in KEY.items()}
    both["access_key_2_last_rotated"] = "2024-02-01T00:00:01Z"
    found = warnings_of(user("ann", **KEY), user("bob", **both | {column: cell}))
    assert ("unreadable-cell", 4, message) in found


@pytest.mark.parametrize(
    "cells",
    [
        {"mfa_active": "TRUE"},
        {"mfa_active": ""},  # has a warning of its own
        {"password_next_rotation": ""},
        {"password_next_rotation": "not_supported"},  # simulators write it
        PASSWORD | {"password_next_rotation": "2027-02-01T00:00:00Z"},
    ],
)
def test_what_such_a_cell_may_say_is_not(cells: dict[str, str]) -> None:
    assert warnings_of(user("bob", **cells)) == []


def test_an_arn_of_no_user_is_warned_of() -> None:
    """As where half of an older download was put behind half of a new one."""
    row = user("bob", arn="arn:aws:iam::111122223333:un:aws:iam::111122223333:user/bob")
    message = "'bob': `arn` is that of no user; the file may be damaged"
    assert warnings_of(row) == [("unreadable-cell", 3, message)]
    for arn in ("arn:aws-cn:iam::111122223333:user/bob", "arn:aws-iso:iam::111122223333:user/bob"):
        assert warnings_of(user("bob", arn=arn)) == []


def test_an_arn_without_the_account_of_the_others_is_warned_of() -> None:
    for arn in ("arn:aws:i111122223333:user/bob", "arn:aws:iam::11112222user/bob"):
        message = f"user 'bob', but the ARN says {arn!r}"
        assert warnings_of(user("ann"), user("bob", arn=arn)) == [("arn-differs", 4, message)]


def test_the_second_key_is_looked_at_too() -> None:
    cells = {name.replace("_1_", "_2_"): cell for name, cell in KEY.items()}
    cells["access_key_2_last_used_service"] = "not_supported"
    message = "'bob': a last use of access_key_2 without a service; the file may be damaged"
    assert warnings_of(user("bob", **cells)) == [("contradiction", 3, message)]


def test_the_column_of_a_service_may_be_the_first() -> None:
    first = "access_key_1_last_used_service"
    columns = (first, *(name for name in COLUMNS if name != first))
    assert warnings_of(user("bob", **KEY), columns=columns) == []
    message = "'bob': a last use of access_key_1 without a service; the file may be damaged"
    found = warnings_of(user("bob", **KEY | {first: "N/A"}), columns=columns)
    assert found == [("contradiction", 3, message)]


def test_a_report_that_begins_below_another_may_lack_the_column() -> None:
    columns = tuple(name for name in COLUMNS if not name.endswith("service"))
    others = [user(name, "222233334444", **KEY) for name in ("bob", "cleo")]
    rows = [user("ann", **KEY), others[0], others[1] | {"access_key_1_last_used_date": "N/A"}]
    _, second = read_report(Stream(NAME, to_csv(*rows, columns=columns).encode()))
    found = {code: any(flags) for code, flags, _ in find_contradictions(join_tables([second]))}
    assert list(found) == ["contradiction", "unreadable-cell", "alike", "other-zone"]
    assert not any(found.values())


def test_reports_of_a_file_may_be_joined_in_another_order() -> None:
    accounts = ("111122223333", "222233334444", "333344445555")
    rows = [user("bob", account) for account in accounts]
    rows[1]["password_next_rotation"] = "2027"
    _, second, third = read_report(Stream(NAME, to_csv(*rows).encode()))
    found = [
        (flags.tolist(), words)
        for _, flags, words in find_contradictions(join_tables([third, second]))
        if any(flags)
    ]
    assert found == [([False, True], "`password_next_rotation` is not a date")]


def test_where_a_column_is_missing_nothing_is_expected_in_it() -> None:
    columns = tuple(name for name in COLUMNS if not name.endswith("service"))
    assert warnings_of(user("bob", **KEY), columns=columns) == []


@pytest.mark.parametrize(
    ("names", "more"),
    [
        (("ann",), ""),
        (("ann", "bob"), " (2 rows, the first here)"),
        (("ann", "bob", "cleo"), " (3 rows, the first here)"),
    ],
)
def test_rows_are_counted_and_the_first_is_shown(names: tuple[str, ...], more: str) -> None:
    cells = PASSWORD | {"password_enabled": "false", "password_last_used": "N/A"}
    rows = [user(name, **cells) for name in names]
    message = f"'ann': `password_enabled` is false, but there is a date of the last change{more}; the file may be damaged"
    assert warnings_of(*rows) == [("contradiction", 3, message)]


def test_two_users_with_the_same_dates_of_use() -> None:
    other = "2026-01-30T10:00:01Z"
    assert warnings_of(user("ann", **PASSWORD), user("bob", **PASSWORD)) == [
        (
            "alike",
            4,
            "'bob': the same dates of use and change as another user; the file may be damaged",
        )
    ]
    late = PASSWORD | {"password_last_used": other}
    assert warnings_of(user("ann", **PASSWORD), user("bob", **late)) == []
    # made at once by a script, and never used
    never = PASSWORD | {"password_last_used": "no_information"}
    assert warnings_of(user("ann", **never), user("bob", **never)) == []


def test_two_keys_made_at_the_same_instant() -> None:
    both = KEY | {name.replace("_1_", "_2_"): cell for name, cell in KEY.items()}
    message = "'bob': both access keys were set at the same instant; the file may be damaged"
    assert warnings_of(user("bob", **both)) == [("alike", 3, message)]
    both["access_key_2_last_rotated"] = "2024-02-01T00:00:01Z"
    assert warnings_of(user("bob", **both)) == []


@pytest.mark.parametrize(
    ("used", "is_warned_of"),
    [
        ("2026-01-30T10:00:00Z", False),
        ("2026-01-30T10:00:00+00:00", False),
        ("2026-01-30T10:00:00.123+00:00", False),
        ("2026-01-30T10:00:00-00:00", False),
        ("2026-01-30T10:00:00+01:00", True),
        ("2026-01-30T10:00:00-11:30", True),
        ("30.1.2026", False),  # undetermined, which says more
    ],
)
def test_dates_that_are_not_in_utc(used: str, is_warned_of: bool) -> None:
    found = warnings_of(user("bob", **PASSWORD | {"password_last_used": used}))
    message = "'bob': a date that is not in UTC; the file may be damaged"
    assert found == ([("other-zone", 3, message)] if is_warned_of else [])
