"""Findings, their identity, the users' conclusions, and the tie-out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from credreport import analyze, read_reports
from credreport.errors import UsageError
from credreport.reports.selection import Population
from credreport.rules.policy import Policy
from credreport.rules.waivers import Waivers
from credreport.schema import ACCOUNT_NAMES, FINDINGS, Status
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import Assessment, assess, join, judge_part
from tests.support.reports import ACCOUNT, AS_OF, NAME, judge, lose_a_row, root, save, user

OLD, OLDER, YOUNG = "2025-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2026-01-30T00:00:00Z"


def key(number: int, made: str, used: str = "N/A", active: str = "true") -> dict[str, str]:
    return {
        f"access_key_{number}_active": active,
        f"access_key_{number}_last_rotated": made,
        f"access_key_{number}_last_used_date": used,
    }


def password(changed: str, used: str = "no_information") -> dict[str, str]:
    return {
        "password_enabled": "true", "password_last_changed": changed, "password_last_used": used,
    }  # fmt: skip


def ids(assessment: Assessment) -> set[str]:
    return set(assessment.findings["finding_id"])


def test_findings_stand_oldest_first_with_the_columns_of_the_schema(tmp_path: Path) -> None:
    assessment = judge(
        tmp_path, root(), user("a", **password(OLD)), user("b", **key(1, OLDER), **key(2, YOUNG))
    )
    columns = list(assessment.findings.columns)[: len(FINDINGS) - 1]
    assert columns == [name for name in (*FINDINGS, "row") if name not in ACCOUNT_NAMES]
    shown = assessment.findings[["user", "credential", "rule", "days", "state", "action"]]
    assert shown.to_numpy().tolist() == [
        ["b", "access_key_1", "unused-access-key", 761, "open", "Deactivate the access key, later delete it"],
        ["a", "password", "unused-password", 395, "open", "Remove console access (delete the login profile)"],
    ]  # fmt: skip
    assert assessment.findings["severity"].tolist() == ["medium", "medium"]
    assert len(assessment.open_findings) == 2


def test_findings_of_one_age_stand_by_account_user_and_slot(tmp_path: Path) -> None:
    both = key(1, OLD) | key(2, OLD)
    theirs = [user(name, "222233334444", **both) for name in ("bo", "ann")]
    save(tmp_path, user("bo", **both), user("ann", **both))
    save(tmp_path, *theirs, name=f"theirs/{NAME}")
    found = analyze(read_reports(tmp_path)).findings
    assert list(zip(found["account_id"], found["user"], found["credential"], strict=True)) == [
        (account, name, slot)
        for account in (ACCOUNT, "222233334444")
        for name in ("ann", "bo")
        for slot in ("access_key_1", "access_key_2")
    ]


def test_findings_of_two_rows_of_one_user_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [user("ann", **key(1, OLD)), user("ann", **key(1, OLD), mfa_active="true")]
    found = judge(tmp_path, *rows).findings
    assert found["source_line"].tolist() == [2, 3]


def test_a_credential_knows_its_finding(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(), user("a", **password(OLD)))
    named = assessment.credentials[assessment.credentials["finding_id"].ne("")]
    assert named["credential"].tolist() == ["password"]
    assert set(named["finding_id"]) == ids(assessment)


class TestFindingId:
    def test_looks_like_this(self, tmp_path: Path) -> None:
        (found,) = ids(judge(tmp_path, root(), user("a", **password(OLD))))
        assert found == "CR-F9188387E554"

    def test_survives_a_slot_swap_a_later_report_and_another_spelling(self, tmp_path: Path) -> None:
        before = judge(tmp_path, root(), user("Alice", **key(1, OLD), **key(2, OLDER)))
        row = user("alice", **key(2, OLD.replace("Z", "+00:00")), **key(1, OLDER))
        after = judge(tmp_path, root(), row, as_of="2026-05-01")
        assert ids(before) == ids(after)

    def test_survives_a_password_reset(self, tmp_path: Path) -> None:
        before = judge(tmp_path, root(), user("a", **password(OLDER, OLDER)))
        assert ids(before) == ids(judge(tmp_path, root(), user("a", **password(OLD, OLD))))

    def test_changes_with_a_rotated_key_and_a_recreated_user(self, tmp_path: Path) -> None:
        first = judge(tmp_path, root(), user("a", **key(1, OLD), **password(OLD)))
        second = judge(
            tmp_path,
            root(),
            user("a", **key(1, OLDER), **password(OLD), user_creation_time="2021-01-01T00:00:00Z"),
        )
        assert not ids(first) & ids(second)

    def test_has_an_ordinal_where_two_are_alike(self, tmp_path: Path) -> None:
        found = judge(tmp_path, root(), user("a", **key(1, OLD), **key(2, OLD))).findings
        first, second = found["finding_id"]
        assert found["credential"].tolist() == ["access_key_1", "access_key_2"]
        assert second == f"{first}-2"

    def test_tells_accounts_rules_and_users_apart(self, tmp_path: Path) -> None:
        assessment = judge(
            tmp_path,
            root(),
            user("a", **key(1, OLD), **password(OLD)),
            user("b", **key(1, OLD), **password(OLD)),
        )
        other = judge(tmp_path, root("444455556666"), user("a", "444455556666", **key(1, OLD)))
        assert len(ids(assessment) | ids(other)) == 5

    def test_is_made_of_what_stands_there_where_the_date_is_unreadable(
        self, tmp_path: Path
    ) -> None:
        row = user("a", **key(1, "soon", OLD), **password(OLD), user_creation_time="then")
        other = user("a", **key(1, "later", OLD), **password(OLD), user_creation_time="now")
        assert not ids(judge(tmp_path, root(), row)) & ids(judge(tmp_path, root(), other))


@pytest.mark.parametrize(
    ("cells", "conclusion"),
    [
        ({}, "Nothing active"),
        (password(YOUNG), "Current"),
        (password(OLD), "All active credentials unused"),
        (password(OLD) | key(1, YOUNG), "1 of 2 active credentials unused"),
        (password("?"), "1 could not be judged"),
        (password("?") | key(1, OLD), "1 of 2 active credentials unused, 1 could not be judged"),
    ],
)
def test_what_is_concluded_about_a_user(
    tmp_path: Path, cells: dict[str, str], conclusion: str
) -> None:
    users = judge(tmp_path, root(), user("a", **cells)).users
    assert users["conclusion"].tolist() == ["Root: shown, not judged", conclusion]


def test_other_rules_are_named_in_the_conclusion_of_their_user_only(tmp_path: Path) -> None:
    unread = key(1, "4/5/2019", YOUNG)
    rows = [
        root(**password("?")),
        user("ann", **password(YOUNG), mfa_active="true"),
        user("bo", **password(YOUNG)),
        user("cy", **password(YOUNG), **unread),
        user("di", **password(OLD), **unread),
        user("ed", **unread, mfa_active="true"),
    ]
    rules = ("unused-password", "user-without-mfa", "unrotated-access-key")
    users = judge(tmp_path, *rows, policy=Policy(rules=rules, include_root=True)).users
    unsure = "undetermined: unrotated-access-key"
    assert dict(zip(users["user"], users["conclusion"], strict=True)) == {
        "<root_account>": "1 could not be judged",
        "ann": "Current",
        "bo": "user-without-mfa",
        "cy": f"user-without-mfa; {unsure}",
        "di": f"1 of 2 active credentials unused; user-without-mfa; {unsure}",
        "ed": unsure,
    }


def test_a_users_row(tmp_path: Path) -> None:
    row = user(
        "a",
        mfa_active="true",
        **password(OLD, "2026-01-01T00:00:00Z"),
        **key(2, OLD, "2026-01-21T12:00:00Z"),
    )
    found = judge(tmp_path, root(), row).users.iloc[1]
    assert found["created_at"] == pd.Timestamp("2020-01-01T00:00:00Z")
    assert found["most_recent_use"] == pd.Timestamp("2026-01-21T12:00:00Z")
    assert found[["active_credentials", "unused_credentials", "days_since"]].tolist() == [2, 0, 10]
    assert found[["mfa_active", "console_password", "source_line"]].tolist() == ["true", "true", 3]


def test_a_use_at_the_as_of_was_today(tmp_path: Path) -> None:
    users = judge(tmp_path, user("ann", **password(OLD, AS_OF))).users
    assert users["days_since"].tolist() == [0]


def test_the_rows_that_were_read_are_the_rows_that_were_judged(tmp_path: Path) -> None:
    save(tmp_path, root(), user("a", **password(OLD)), name="2026-01-31-a.csv")
    save(
        tmp_path,
        root("444455556666"),
        user("NA", "444455556666", **key(1, YOUNG), **key(2, OLD, active="false")),
        user("b", "444455556666", **password("?")),
        name="2026-01-31-b.csv",
    )
    assessment = analyze(read_reports(tmp_path))
    assert assessment.is_tied_out
    columns = [
        "account_id",
        "rows",
        "expected",
        *[s.value for s in Status if s != "not_tracked"],
        "counted",
    ]
    assert assessment.tie_out[columns].to_numpy().tolist() == [
        [ACCOUNT, 2, 6, 1, 4, 0, 0, 1, 0, 6],
        ["444455556666", 3, 9, 1, 5, 1, 1, 0, 1, 9],
        ["", 5, 15, 2, 9, 1, 1, 1, 1, 15],
    ]


def test_a_lost_row_is_seen(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(), user("a"))
    broken = lose_a_row(assessment)
    assert not broken.is_tied_out
    assert broken.doubts
    assert not assessment.doubts


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_a_threshold_that_cannot_be_meant_is_refused(days: int) -> None:
    with pytest.raises(UsageError, match="give a number of days from 1 to 36500"):
        Policy(unused_after_days=days)


def test_the_library_is_a_notebook_users_way_in(tmp_path: Path) -> None:
    import credreport

    path = save(tmp_path, root(), user("a", **password(OLD)))
    assessment = credreport.analyze(
        credreport.read_reports(path), credreport.Policy(unused_after_days=400)
    )
    assert assessment.findings.empty
    assert assessment.count(Status.CURRENT) == 1
    assert assessment.count(Status.ABSENT, Status.EXCLUDED) == 9
    assert isinstance(assessment, credreport.Assessment)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        credreport.nonsense  # noqa: B018


def test_a_use_after_the_as_of_has_no_age(tmp_path: Path) -> None:
    users = judge(tmp_path, root(), user("late", **password(OLD, "2026-05-01T00:00:00Z"))).users
    assert users["days_since"].isna().all()


OTHER = "222233334444"


@pytest.fixture
def population(tmp_path: Path) -> Population:
    """Two reports, each with something to find, to leave undetermined and to count."""
    unread = password("soon", "soon")
    save(tmp_path, root(), user("ann", **password(OLD), **key(1, OLD)), user("bo", **unread))
    theirs = (user("cy", OTHER, **key(2, OLD)), user("di", OTHER, **key(1, YOUNG)))
    save(tmp_path, root(OTHER), *theirs, user("ed", OTHER, **unread), name=f"theirs/{NAME}")
    return read_reports(tmp_path)


def test_judged_part_by_part_all_tables_are_the_same(population: Population) -> None:
    policy = Policy(rules=("unused-access-key", "unused-password", "old-password", "inactive-user"))
    whole = assess(population, policy)
    judge_alone = storing_python_text(judge_part)
    parts = [judge_alone([report], policy, Waivers()) for report in population.reports]
    joined = join(parts, population, policy, Waivers())
    names = ["users", "credentials", "findings", "undecided", "undetermined", "unused", "ages"]
    for name in names:
        assert not getattr(whole, name).empty
        pd.testing.assert_frame_equal(
            getattr(joined, name), getattr(whole, name), check_names=False
        )
    assert joined.tallies == whole.tallies
    assert (joined.iam_user_count, whole.iam_user_count) == (5, 5)


def test_what_is_judged_is_counted_by_kind_and_age(population: Population) -> None:
    """Root, what is undetermined and what is off is not in the charts."""
    counted = assess(population).ages
    assert counted.to_numpy().tolist() == [
        ["access_key", 1, 1], ["access_key", 395, 2], ["password", 395, 1],
    ]  # fmt: skip
