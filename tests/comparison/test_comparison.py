"""Was it fixed, and what is new? Two reports in, one change a credential out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pandas as pd
import pytest

import credreport
from credreport.comparison import timeline
from credreport.comparison.changes import _find_swapped_users
from credreport.comparison.comparison import Comparison, compare, compare_all
from credreport.comparison.days import list_days
from credreport.comparison.tally import comparison_verdict
from credreport.errors import InputRefused, UsageError
from credreport.reports.by_date import read_dates
from credreport.reports.selection import read_reports
from credreport.rules.policy import Policy, UserClass
from credreport.schema import CHANGES, TIMELINE
from credreport.verdicts.assessment import assess
from tests.support.reports import ACCOUNT, COLUMNS, lose_a_row, root, save, to_csv, user

OTHER = "444455556666"
JUNE = datetime(2026, 6, 30, 6, 0, tzinfo=UTC)
SEPTEMBER = datetime(2026, 9, 30, 6, 0, tzinfo=UTC)
OLD, RECENT, LATER = "2025-01-01T00:00:00Z", "2026-06-15T00:00:00Z", "2026-09-15T00:00:00Z"
SAMPLES = Path(__file__).parents[2] / "sample_reports"


def key(
    number: int = 1, *, active: str = "true", made: str = OLD, used: str = OLD
) -> dict[str, str]:
    name = f"access_key_{number}"
    return {
        f"{name}_active": active,
        f"{name}_last_rotated": made,
        f"{name}_last_used_date": used,
    }


def password(*, enabled: str = "true", used: str = OLD, changed: str = OLD) -> dict[str, str]:
    return {
        "password_enabled": enabled,
        "password_last_used": used,
        "password_last_changed": changed,
    }


Cells = dict[str, str]
Rows = list[Cells]


def run(directory: Path, *dates: Rows, policy: Policy | None = None) -> Comparison:
    """Judge each list of rows as a date, in June, July, ... or in June and September for two."""
    months = (6, 9) if len(dates) == 2 else range(6, 6 + len(dates))
    judged = []
    for month, rows in zip(months, dates, strict=True):
        for account in dict.fromkeys(row["arn"].split(":")[4] for row in rows):
            mine = [row for row in rows if f":{account}:" in row["arn"]]
            name = f"{account}_2026-{month:02d}-30T06-00-00+00-00.csv"
            save(directory / f"2026-{month:02d}", root(account), *mine, name=name)
        judged.append(assess(read_reports(directory / f"2026-{month:02d}"), policy))
    return compare_all(judged)


def changes(comparison: Comparison) -> pd.DataFrame:
    """Return the changes of everything but root's."""
    table = comparison.changes
    return table[table["user"].ne("<root_account>")].reset_index(drop=True)


def told(comparison: Comparison) -> list[tuple[str, str, str]]:
    return told_of(changes(comparison))


def told_of(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    return sorted(zip(table["credential"], table["change"], table["closed"], strict=True))


def test_reports_of_unknown_accounts_are_not_taken_for_one_account(tmp_path: Path) -> None:
    """Each of two dates has a report without an account: perhaps of two accounts."""
    with pytest.raises(InputRefused) as caught:
        run(
            tmp_path,
            [user("a"), user("a", "123", **key())],
            [user("a"), user("b", "123", **key())],
        )
    assert [problem.source for problem in caught.value.problems] == [
        f"123_2026-{month:02d}-30T06-00-00+00-00.csv" for month in (6, 9)
    ]
    assert "its account is unknown or masked" in str(caught.value)


# Before, after, the change, and with it: closed, evidence.
CASES: list[tuple[Cells, Cells, str, tuple[str, str]]] = [
    (
        key(used=RECENT),
        key(used=RECENT),
        "newly_unused",
        ("", "not used since 2026-06-15 (107 days)"),
    ),
    (
        key(),
        key(),
        "still_unused",
        ("no", "already unused on 2026-06-30; not used since 2025-01-01 (637 days)"),
    ),
    (
        key(used="N/A"),
        key(used="N/A"),
        "still_unused",
        (
            "no",
            "already unused on 2026-06-30; never used since it was set on 2025-01-01 (637 days)",
        ),
    ),
    (
        key(),
        key(used=LATER)
        | {
            "access_key_1_last_used_service": "s3",
            "access_key_1_last_used_region": "eu-west-1",
        },
        "used_again",
        ("yes", "used on 2026-09-15 for s3 in eu-west-1"),
    ),
    (
        key(),
        key(active="false"),
        "deactivated",
        ("yes", "inactive in the report of 2026-09-30"),
    ),
    (
        key(used=RECENT),
        key(active="false", used=RECENT),
        "deactivated",
        ("", "inactive in the report of 2026-09-30"),
    ),
    (
        key(),
        {},
        "removed",
        ("yes", "no key made at 2025-01-01T00:00:00Z in the report of 2026-09-30"),
    ),
    (password(), {}, "removed", ("yes", "no password in the report of 2026-09-30")),
    (
        key(active="false", used=RECENT),
        key(used=LATER),
        "reactivated",
        ("", "active again in the report of 2026-09-30"),
    ),
    (
        key(active="false"),
        key(),
        "reactivated",
        ("", "active again in the report of 2026-09-30; not used since 2025-01-01 (637 days)"),
    ),
    ({}, key(made=LATER, used=LATER), "added", ("", "made at 2026-09-15T00:00:00Z")),
    (
        {},
        key(made=RECENT, used="N/A"),
        "added",
        ("", "made at 2026-06-15T00:00:00Z; never used since it was set on 2026-06-15 (107 days)"),
    ),
    ({}, password(used=LATER, changed=LATER), "added", ("", "set at 2026-09-15T00:00:00Z")),
    (key(used=RECENT), key(used=LATER), "still_current", ("", "")),
    (key(active="false"), key(active="false"), "still_inactive", ("", "")),
    (
        key(used="soon"),
        key(used=LATER),
        "undetermined",
        (
            "",
            "before: `access_key_1_last_used_date` is 'soon': neither a date nor a known absence",
        ),
    ),
    (
        key(),
        key(used="soon"),
        "undetermined",
        (
            "no",
            "after: `access_key_1_last_used_date` is 'soon': neither a date nor a known absence",
        ),
    ),
    (
        key(used="soon"),
        key(used="soon"),
        "still_undetermined",
        ("", "`access_key_1_last_used_date` is 'soon': neither a date nor a known absence"),
    ),
]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Return the changes of all cases, each a user of its own, by the user's name."""
    before = [user(f"case-{number}", **case[0]) for number, case in enumerate(CASES)]
    after = [user(f"case-{number}", **case[1]) for number, case in enumerate(CASES)]
    comparison = run(tmp_path_factory.mktemp("cases"), before, after)
    assert len(changes(comparison)) == len(CASES)
    return comparison.changes.set_index("user")


@pytest.mark.parametrize("number", range(len(CASES)))
def test_one_credential_has_one_change(cases: pd.DataFrame, number: int) -> None:
    _, _, change, told_as = CASES[number]
    row = cases.loc[f"case-{number}"]
    assert (row["change"], (row["closed"], row["evidence"])) == (change, told_as)


def test_the_table_has_the_documented_columns_and_both_sides(tmp_path: Path) -> None:
    comparison = run(tmp_path, [user(**key())], [user(**key(2, used=LATER))])
    assert tuple(comparison.changes.columns[: len(CHANGES)]) == (*CHANGES,)
    (row,) = changes(comparison).to_dict("records")
    assert {name: row[name] for name in CHANGES} == {
        "finding_id": comparison.first.findings.iloc[0]["finding_id"],
        "rule": "unused-access-key",
        "severity": "medium",
        "state": "closed",
        "waiver": "",
        "account_name": "",
        "account_owner": "",
        "change": "used_again",
        "closed": "yes",
        "account_id": ACCOUNT,
        "user": "alice",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
        "credential": "access_key_2",
        "before_status": "unused",
        "after_status": "current",
        "before_last_used": pd.Timestamp(OLD),
        "after_last_used": pd.Timestamp(LATER),
        "before_age_days": 545,
        "after_age_days": 15,
        "before_as_of": pd.Timestamp(JUNE),
        "after_as_of": pd.Timestamp(SEPTEMBER),
        "evidence": "used on 2026-09-15",
        "replaced_by": "",
    }
    assert row["credential_before"] == "access_key_1"


# Before and after, each in an account of its own: compared once, and each looked at by the test of it.
STORIES: dict[str, tuple[Rows, Rows]] = {
    "a key moved": (
        [user(**key(1, made="2024-01-01T00:00:00Z"), **key(2, made=OLD))],
        [user(**key(1, made=OLD))],
    ),
    "two keys of a second": (
        [user(**key(1), **key(2, used=RECENT))],
        [user(**key(2, used=LATER))],
    ),
    "a rotation": ([user(**key(1))], [user(**key(2, made=LATER, used="N/A"))]),
    "two keys gone": (
        [user(**key(1), **key(2, made="2025-02-02T00:00:00Z"))],
        [user(**key(1, made=LATER, used=LATER))],
    ),
    "created again": (
        [user(**password(), **key())],
        [user(user_creation_time=LATER, **password(used=LATER, changed=LATER), **key())],
    ),
    "another case": ([user("Alice", **key())], [user("ALICE", **key())]),
    "a password set anew": (
        [user(**password(used="no_information"))],
        [user(**password(used="no_information", changed=LATER))],
    ),
    "a key without a date": ([user(**key())], [user(**key(made="4/5/2019", used=LATER))]),
    "a user without a date": ([user(**key())], [user(user_creation_time="N/A", **key())]),
    "an older user": ([user()], [user(), user("zoe", **key())]),
    "listed twice": (
        [user(**key()), user(**key(used=RECENT))],
        [user(**key(used=RECENT)), user(**key())],
    ),
    "once, then a stale row first": ([user(**key())], [user(**key()), user()]),
    "once, then a stale row last": ([user(**key())], [user(), user(**key())]),
    "a stale row first, then once": ([user(**key()), user()], [user(**key())]),
    "a stale row last, then once": ([user(), user(**key())], [user(**key())]),
    "a certificate": ([user(cert_1_active="true", cert_1_last_rotated=OLD)], [user()]),
    "all gone": ([user(**key()), user("bob", **key())], [user()]),
    "root only": ([user()], [user()]),
}


def account_of(story: str) -> str:
    return f"{[*STORIES].index(story) + 1:012d}"


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    def moved(story: str, rows: Rows) -> Rows:
        return [row | {"arn": row["arn"].replace(ACCOUNT, account_of(story))} for row in rows]

    before = [row for story, (rows, _) in STORIES.items() for row in moved(story, rows)]
    after = [row for story, (_, rows) in STORIES.items() for row in moved(story, rows)]
    return run(tmp_path_factory.mktemp("stories"), before, after)


def of_story(stories: Comparison, story: str) -> pd.DataFrame:
    """Return the changes in the account of a story, save those of root."""
    table = changes(stories)
    return table[table["account_id"].eq(account_of(story))]


def notices_of(stories: Comparison, story: str) -> list[tuple[str, str]]:
    """Return code and text of what the comparison says of the account of a story."""
    start = f"account {account_of(story)}:"
    return [(each.code, str(each)) for each in stories.own_notices if str(each).startswith(start)]


def test_root_is_still_excluded(stories: Comparison) -> None:
    table = stories.changes
    of_account = table["account_id"].eq(account_of("root only"))
    assert list(table.loc[of_account, "change"]) == ["still_excluded"]


def test_a_root_key_switched_off_is_deactivated_and_none_of_the_findings(tmp_path: Path) -> None:
    on = save(tmp_path / "a", root(**key()), name="2026-06-30T06-00-00Z.csv")
    off = save(tmp_path / "b", root(**key(active="false")), name="2026-09-30T06-00-00Z.csv")
    forth = compare(assess(read_reports(on)), assess(read_reports(off)))
    assert told_of_root(forth) == [("deactivated", ""), ("still_excluded", "")]
    back = compare(assess(read_reports(on, as_of=SEPTEMBER)), assess(read_reports(off, as_of=JUNE)))
    assert told_of_root(back) == [("reactivated", ""), ("still_excluded", "")]


def told_of_root(comparison: Comparison) -> list[tuple[str, str]]:
    table = comparison.changes
    return sorted(zip(table["change"], table["closed"], strict=True))


def test_root_judged_on_one_date_only_is_undetermined(tmp_path: Path) -> None:
    # Until mid 2024 AWS wrote not_supported for root's password: nothing to judge there.
    older = root(password_enabled="not_supported", password_last_used=OLD)
    rows = [[older], [root(password_last_used=OLD)]]
    judged = [
        assess(
            read_reports(save(tmp_path, *date, name=f"{day}T06-00-00Z.csv")),
            Policy(include_root=True),
        )
        for date, day in zip(rows, ("2026-06-30", "2026-09-30"), strict=True)
    ]
    (row,) = compare_all(judged).changes.to_dict("records")
    assert (row["change"], row["evidence"]) == (
        "undetermined",
        "root's password is judged on one of the dates only",
    )


def test_a_key_that_moved_from_slot_2_to_slot_1_is_not_removed(stories: Comparison) -> None:
    table = of_story(stories, "a key moved")
    assert told_of(table) == [
        ("access_key_1", "removed", "yes"),
        ("access_key_1", "still_unused", "no"),
    ]
    moved = table[table["change"].eq("still_unused")].iloc[0]
    assert (moved["credential_before"], moved["credential"]) == ("access_key_2", "access_key_1")


def test_two_keys_of_the_same_second_pair_by_slot(stories: Comparison) -> None:
    assert told_of(of_story(stories, "two keys of a second")) == [
        ("access_key_1", "removed", "yes"),
        ("access_key_2", "still_current", ""),
    ]


def test_one_key_gone_and_one_new_is_a_rotation(stories: Comparison) -> None:
    table = of_story(stories, "a rotation")
    assert told_of(table) == [
        ("access_key_1", "replaced", "yes"),
        ("access_key_2", "added", ""),
    ]
    table = table.set_index("change")
    assert table.loc["replaced", "replaced_by"] == "access_key_2 2026-09-15T00:00:00Z"
    assert table.loc["replaced", "evidence"] == (
        "rotated: access_key_1_last_rotated: 2025-01-01T00:00:00Z on 2026-06-30, "
        "access_key_2_last_rotated: 2026-09-15T00:00:00Z on 2026-09-30"
    )
    assert table.loc["added", "replaced_by"] == ""


def test_two_keys_gone_and_one_new_is_no_rotation(stories: Comparison) -> None:
    assert told_of(of_story(stories, "two keys gone")) == [
        ("access_key_1", "added", ""),
        ("access_key_1", "removed", "yes"),
        ("access_key_2", "removed", "yes"),
    ]


def test_a_password_gone_and_a_new_key_are_no_rotation(tmp_path: Path) -> None:
    before = [user("alice", **password(), **key(2))]
    after = [user("alice", **key(1, made=LATER, used=LATER), **key(2))]
    assert told(run(tmp_path, before, after)) == [
        ("access_key_1", "added", ""),
        ("access_key_2", "still_unused", "no"),
        ("password", "removed", "yes"),
    ]


def test_a_re_created_user_is_another_person(stories: Comparison) -> None:
    table = of_story(stories, "created again")
    assert told_of(table) == [
        ("access_key_1", "added", ""),
        ("access_key_1", "user_removed", "yes"),
        ("password", "added", ""),
        ("password", "user_removed", "yes"),
    ]
    evidence = table.set_index(["change", "credential"])["evidence"]
    assert evidence["user_removed", "password"] == (
        "the user of this name in the report of 2026-09-30 was created at another time: "
        "not the same one"
    )
    assert evidence["added", "password"] == (
        "new user, created on 2026-09-15; another of this name was there before"
    )


def test_the_case_of_an_arn_does_not_matter(stories: Comparison) -> None:
    assert told_of(of_story(stories, "another case")) == [("access_key_1", "still_unused", "no")]


def test_a_password_set_anew_is_the_same_one_and_a_warning_says_so(stories: Comparison) -> None:
    (row,) = of_story(stories, "a password set anew").to_dict("records")
    assert (row["change"], row["closed"], row["evidence"]) == (
        "used_again",
        "yes",
        "not used, but changed on 2026-09-15: its age starts there",
    )
    assert [code for code, _ in notices_of(stories, "a password set anew")] == ["set-anew"]


def test_a_missing_account_is_never_fixed(tmp_path: Path) -> None:
    before = [user(**key()), user("bob", OTHER, **key()), user("eve", OTHER, **key(used=RECENT))]
    comparison = run(tmp_path, before, [user(**key(used=LATER))])
    table = changes(comparison)
    missing = table[table["account_id"].eq(OTHER)]
    assert list(zip(missing["user"], missing["change"], missing["closed"], strict=True)) == [
        ("bob", "not_covered", "no"),
        ("eve", "not_covered", ""),
    ]
    assert set(missing["evidence"]) == {"no report of the account on 2026-09-30"}
    assert missing["after_as_of"].isna().all()
    assert comparison.has_open_findings
    assert [str(notice) for notice in comparison.own_notices] == [
        f"account {OTHER} has no report on 2026-09-30: its findings stay open (1)"
    ]


def test_an_account_seen_first_brings_added_credentials(tmp_path: Path) -> None:
    after = [user(**key(used=LATER)), user("bob", OTHER, **key())]
    comparison = run(tmp_path, [user(**key(used=RECENT))], after)
    table = changes(comparison)
    (row,) = table[table["account_id"].eq(OTHER)].to_dict("records")
    assert (row["change"], row["closed"], bool(row["is_new_finding"])) == ("added", "", True)
    assert (
        row["evidence"]
        == "no report of the account on the first date; not used since 2025-01-01 (637 days)"
    )


def test_a_new_credential_that_cannot_be_judged_says_why(tmp_path: Path) -> None:
    comparison = run(tmp_path, [user()], [user(**key(made=LATER, used="soon"))])
    (row,) = changes(comparison).to_dict("records")
    assert row["change"] == "added"
    assert row["evidence"].startswith("made at 2026-09-15T00:00:00Z; `access_key_1_last_used_date`")
    assert comparison.doubts
    assert "1 credential or user could not be judged" in comparison_verdict(comparison)


def test_a_key_without_a_readable_date_may_be_the_same_one(stories: Comparison) -> None:
    table = of_story(stories, "a key without a date")
    assert told_of(table) == [
        ("access_key_1", "undetermined", ""),
        ("access_key_1", "undetermined", "no"),
    ]
    assert set(table["evidence"]) == {
        "the key may be the same or another: the date of a last rotation is not a date"
    }


def test_a_user_without_a_readable_creation_time_may_be_the_same_one(stories: Comparison) -> None:
    table = of_story(stories, "a user without a date")
    assert told_of(table) == [
        ("access_key_1", "undetermined", ""),
        ("access_key_1", "undetermined", "no"),
    ]
    assert set(table["evidence"]) == {
        "the user may be the same or another: a creation time is not a date"
    }
    assert stories.doubts


def test_a_user_older_than_a_report_without_it_is_named_in_a_warning(stories: Comparison) -> None:
    ((_, notice),) = notices_of(stories, "an older user")
    assert notice.endswith("was it renamed, or was that report cut short?")


def test_a_user_listed_twice_is_compared_row_by_row(stories: Comparison) -> None:
    assert told_of(of_story(stories, "listed twice")) == [
        ("access_key_1", "newly_unused", ""),
        ("access_key_1", "still_unused", "no"),
    ]


@pytest.mark.parametrize("story", [story for story in STORIES if "stale row" in story])
def test_a_user_with_more_rows_on_one_date_is_undetermined(stories: Comparison, story: str) -> None:
    table = of_story(stories, story)
    assert set(table["change"]) == {"undetermined"}
    assert set(table["closed"]) <= {"no", ""}
    assert "which row is which is unknown" in table["evidence"].iloc[0]
    assert stories.doubts


def test_a_column_that_was_lost_has_no_last_use(tmp_path: Path) -> None:
    cells = tuple(name for name in COLUMNS if name != "access_key_1_last_used_date")
    older = save(tmp_path, root(), user(**key(used=OLD)), name="a-2026-01-01.csv")
    newer = tmp_path / "a-2026-02-01.csv"
    newer.write_text(to_csv(root(), user(**key(used=OLD)), columns=cells))
    comparison = compare_all([assess(read_reports(each)) for each in (older, newer)])
    (said,) = [str(each) for each in comparison.own_notices if each.code == "use-went-back"]
    assert "last used unknown (there is no such column) in the report of 2026-02-01 and " in said


def test_certificates_are_not_compared(stories: Comparison) -> None:
    assert told_of(of_story(stories, "a certificate")) == []


def test_a_lower_threshold_finds_more(tmp_path: Path) -> None:
    rows = [user(**key(used=RECENT))]
    comparison = run(tmp_path, rows, rows, policy=Policy(unused_after_days=10))
    assert told(comparison) == [("access_key_1", "still_unused", "no")]


def test_the_verdict_counts_by_how_it_was_closed(tmp_path: Path) -> None:
    before = [
        user("a", **key()),
        user("b", **key()),
        user("c", **key()),
        user("d", **key()),
        user("e", OTHER, **key()),
        user("f", **key()),
    ]
    after = [
        user("a", **key(active="false")),
        user("b"),
        user("c", **key(2, made=LATER, used=LATER)),
        user("d", **key(used=LATER)),
        user("f", **key(used="soon")),
        user("g", user_creation_time=RECENT, **key(made=RECENT, used="N/A")),
    ]
    assert comparison_verdict(run(tmp_path, before, after)) == (
        "4 of 6 findings closed: 1 deactivated, 1 removed, 1 replaced, 1 used again; "
        "0 still open; 1 new; 1 undetermined; 1 in accounts without a report now "
        "(unused for 90 days or more, 2026-06-30 against 2026-09-30). Open now: 2 findings. "
        "1 credential or user could not be judged on one date or both: see Changes. "
        f"Not covered, because there is no report of 2026-09-30: account {OTHER}."
    )


def test_no_findings_is_a_verdict_too(tmp_path: Path) -> None:
    comparison = run(tmp_path, [user(**key(used=RECENT))], [user(**key(used=LATER))])
    assert comparison_verdict(comparison) == (
        "0 of 0 findings closed; 0 still open; 0 new "
        "(unused for 90 days or more, 2026-06-30 against 2026-09-30). Open now: 0 findings."
    )
    assert not comparison.has_open_findings
    assert not comparison.doubts
    assert comparison.timeline.empty


def test_two_dates_of_one_day_are_told_by_the_second(tmp_path: Path) -> None:
    dates = [
        assess(read_reports(save(tmp_path, root(), user(**key()), name=f"2026-06-30T{hour}.csv")))
        for hour in ("06-00-00Z", "18-00-00Z")
    ]
    assert "2026-06-30T06:00:00Z against 2026-06-30T18:00:00Z" in comparison_verdict(
        compare(*dates)
    )


def test_lower_bounds_and_refusals_are_said(tmp_path: Path) -> None:
    save(tmp_path, root(), user(**key()), name="a/2026-06-30T06-00-00Z.csv")
    save(tmp_path, root(), user(**key(used=LATER)), name="b/2026-09-30T06-00-00Z.csv")
    (tmp_path / "b" / "broken.csv").write_text("user,arn\n", encoding="utf-8")
    dates = read_dates([tmp_path / "a", tmp_path / "b"], as_of=["newest"], keep_going=True)
    comparison = compare_all([assess(date) for date in dates])
    verdict = comparison_verdict(comparison)
    assert "Every age is a lower bound" in verdict
    assert "1 input refused and left out: see Inputs." in verdict
    assert comparison.doubts


def test_compare_is_refused_where_no_account_appears_twice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none of the 2 accounts has reports of two dates"):
        run(tmp_path, [user(**key())], [user("bob", OTHER, **key())])
    one = assess(read_reports(save(tmp_path, root(), name="2026-01-01T00-00-00Z.csv")))
    with pytest.raises(UsageError, match="none of the 1 account has reports"):
        compare_all([one])


def test_compare_is_refused_where_one_instant_has_two_reports(tmp_path: Path) -> None:
    one = assess(read_reports(save(tmp_path / "a", root())))
    other = assess(read_reports(save(tmp_path / "b", root(), user())))
    with pytest.raises(InputRefused, match="2 different reports of the same as-of") as refusal:
        compare(one, other)
    assert len(refusal.value.problems) == 2


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([root(user_creation_time=OLD)], "its root was created at another time"),
        ([root(), root(OTHER)], "perhaps a part of that older report"),
    ],
)
def test_compare_is_refused_where_a_report_may_be_no_date_of_its_account(
    tmp_path: Path, rows: Rows, says: str
) -> None:
    one = assess(read_reports(save(tmp_path, root(), user(), name="2026-06-30.csv")))
    other = assess(read_reports(save(tmp_path, *rows, name="2026-09-30.csv")))
    with pytest.raises(InputRefused, match=says):
        compare(one, other)


def test_compare_is_refused_where_policies_differ(tmp_path: Path) -> None:
    reports = read_reports(save(tmp_path, root()))
    with pytest.raises(UsageError, match="different policies"):
        compare(assess(reports), assess(reports, Policy(unused_after_days=45)))


def test_compare_is_refused_where_dates_overlap(tmp_path: Path) -> None:
    days = {"a": ((ACCOUNT, 1), (OTHER, 5)), "b": ((ACCOUNT, 3), (OTHER, 4))}
    for name, reports in days.items():
        for account, day in reports:
            stamped = f"{name}/{account}_2026-06-0{day}T06-00-00Z.csv"
            save(tmp_path, root(account), user(str(day), account), name=stamped)
    dates = [assess(read_reports(tmp_path / name)) for name in days]
    with pytest.raises(UsageError, match=f"account {ACCOUNT}: the dates overlap"):
        compare(*dates)


def test_dates_given_the_wrong_way_round_are_sorted_with_a_warning(tmp_path: Path) -> None:
    forth = run(tmp_path, [user(**key())], [user(**key(used=LATER))])
    back = compare(forth.newest, forth.first)
    pd.testing.assert_frame_equal(back.changes, forth.changes)
    assert [notice.code for notice in back.own_notices] == ["reversed"]
    assert back.policy == Policy()


def test_the_timeline_follows_a_finding_over_three_dates(tmp_path: Path) -> None:
    comparison = run(
        tmp_path,
        [user("a", **key()), user("b", **key()), user("c", **key(used=RECENT))],
        [user("a", **key()), user("b", **key(active="false")), user("c", **key(used=RECENT))],
        [user("a", **key(active="false")), user("b", **key()), user("c", **key(used=RECENT))],
        [user("a"), user("b", **key()), user("c", **key(used=RECENT))],
    )
    table = comparison.timeline
    assert tuple(table.columns[: len(TIMELINE)]) == (*TIMELINE,)
    days = table[["first_seen", "last_seen", "closed_on"]].apply(
        lambda column: column.dt.strftime("%m-%d").fillna("")
    )
    told_of = table[["user", "state", "how", "days_open", "came_back"]]
    assert pd.concat([told_of, days], axis=1).to_dict("records") == [
        {
            "user": "b", "state": "open", "how": "", "days_open": 61, "came_back": 1,
            "first_seen": "06-30", "last_seen": "09-30", "closed_on": "",
        },
        {
            "user": "c", "state": "open", "how": "", "days_open": 0, "came_back": 0,
            "first_seen": "09-30", "last_seen": "09-30", "closed_on": "",
        },
        {
            "user": "a", "state": "closed", "how": "deactivated", "days_open": 61, "came_back": 0,
            "first_seen": "06-30", "last_seen": "07-30", "closed_on": "08-30",
        },
    ]  # fmt: skip
    counts = comparison.open_counts.groupby("date")[["open", "opened", "closed"]].sum()
    assert counts.to_numpy().tolist() == [[2, 2, 0], [1, 0, 1], [1, 1, 1], [2, 1, 0]]
    assert comparison_verdict(comparison).endswith(
        "Over 4 dates: 3 findings, 1 closed, after 61 days at the median; 1 came back after closing."
    )


def test_of_a_key_only_the_dates_that_tell_about_it_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def follow(*tables: pd.DataFrame) -> pd.DataFrame:
        held.append(timeline.follow(*tables))
        return held[-1]

    monkeypatch.setattr("credreport.comparison.comparison.follow", follow)
    days = [f"2025-01-{day:02d}T00:00:00Z" for day in range(1, 8)]
    comparison = run(tmp_path, *([user("bob", **key(made=day, used=day))] for day in days))
    # Each key where it is found, where it is gone, and on the newest date.
    turns = held[0].groupby("key")["turn"].agg(list).to_list()
    assert turns == [[0, 1, 6], [1, 2, 6], [2, 3, 6], [3, 4, 6], [4, 5, 6], [5, 6], [6]]
    assert comparison.timeline["state"].to_list() == ["open", *["closed"] * 6]
    of_keys = comparison.open_counts[comparison.open_counts["kind"].eq("access_key")]
    assert of_keys["open"].to_list() == [1] * 7
    assert of_keys["closed"].to_list() == [0, *[1] * 6]


def test_a_timeline_without_a_closed_finding_has_no_median(tmp_path: Path) -> None:
    rows = [user(**key())]
    assert comparison_verdict(run(tmp_path, rows, rows, rows)).endswith(
        "Over 3 dates: 1 finding; 0 came back after closing."
    )


def test_the_timeline_of_two_dates_knows_what_is_gone(stories: Comparison) -> None:
    lives = stories.timeline[stories.timeline["account_id"].eq(account_of("all gone"))]
    lives = lives.sort_values("user")[["user", "state", "how"]]
    assert lives.to_numpy().tolist() == [
        ["alice", "closed", "removed"],
        ["bob", "closed", "user_removed"],
    ]


def test_what_cannot_be_told_meanwhile_stays_open(tmp_path: Path) -> None:
    ends = {"deactivated": key(active="false"), "used_again": key(used=LATER), "removed": {}}
    unsure = [user(how, **key(used="soon")) for how in ends]
    comparison = run(
        tmp_path,
        [user(how, **key()) for how in ends],
        unsure,
        unsure,
        [user(how, **last) for how, last in ends.items()],
    )
    lives = comparison.timeline.set_index("user")[["state", "how", "days_open"]]
    for how in ends:
        assert tuple(lives.loc[how]) == ("closed", how, 92)
    assert list(comparison.open_counts.groupby("date")["open"].sum()) == [3, 3, 3, 0]


def test_a_new_name_in_another_class_is_no_use(tmp_path: Path) -> None:
    """The key is as old as before: a year counts for its user, now that it is called svc-bob."""
    policy = Policy(classes=(UserClass("svc-*", {"unused_after_days": 1000}),))
    bob, renamed, other = user("bob", **key()), user("svc-bob", **key()), user("zed")
    comparison = run(tmp_path, [bob, other], [renamed, other], policy=policy)
    row = comparison.changes[comparison.changes["state"].eq("closed")].iloc[0]
    assert (row["change"], row["closed_by"]) == ("other_limit", "other_limit")
    assert row["evidence"] == (
        "user renamed from bob; another number of days counts for the user now; not used since "
        "2025-01-01 (637 days)"
    )
    assert list(comparison.timeline["how"]) == ["other_limit"]
    assert comparison_verdict(comparison).startswith(
        "1 of 1 finding closed: 1 under another limit now; 0 still open;"
    )


def test_one_never_used_is_closed_by_use_in_both_tables(tmp_path: Path) -> None:
    fresh = "2026-06-01T00:00:00Z"
    comparison = run(
        tmp_path,
        [user(**key(made=fresh, used="N/A"))],
        [user(**key(made=fresh, used=LATER))],
        policy=Policy(rules=("never-used-access-key",)),
    )
    row = comparison.changes[comparison.changes["state"].eq("closed")].iloc[0]
    assert row["closed_by"] == "used_again"
    assert comparison.timeline["how"].to_list() == ["used_again"]


def test_one_not_decided_before_and_off_now_was_deactivated(tmp_path: Path) -> None:
    comparison = run(
        tmp_path,
        [user(**key(used="soon"))],
        [user(**key(active="false"))],
        policy=Policy(rules=("unrotated-access-key",)),
    )
    row = comparison.changes[comparison.changes["state"].eq("closed")].iloc[0]
    assert (row["change"], row["closed_by"]) == ("undetermined", "deactivated")
    assert comparison.timeline["how"].to_list() == ["deactivated"]


def test_a_finding_that_cannot_be_told_now_is_undetermined(tmp_path: Path) -> None:
    comparison = run(tmp_path, [user(**key())], [user(**key())], [user(**key(used="soon"))])
    assert list(comparison.timeline["state"]) == ["undetermined"]


def test_a_key_of_doubtful_identity_is_not_closed_in_the_timeline(tmp_path: Path) -> None:
    doubtful = user(**key(made="4/5/2019", used=LATER))
    comparison = run(tmp_path, [user(**key())], [doubtful], [doubtful])
    assert list(comparison.timeline["state"]) == ["undetermined"]
    counts = comparison.open_counts.groupby("date")[["open", "undetermined"]].sum()
    assert counts.to_numpy().tolist() == [[1, 0], [1, 1], [1, 1]]
    assert comparison.open_findings == 0


def run_with_two_successors(directory: Path) -> Comparison:
    """Of two users made in the second in which the gone one, `a`, was, either may have been it."""
    born, other = {"user_creation_time": "2026-02-01T00:00:00Z"}, user("zed")
    return run(
        directory,
        [other],
        [user("a", **key(), **born), other],
        [user("b", **born), user("c", **born), other],
    )


@pytest.mark.parametrize(
    ("made", "state"), [("?", "undetermined"), ("2026-07-15T00:00:00Z", "closed")]
)
def test_whoever_is_back_may_have_had_another_name_in_between(
    tmp_path: Path, made: str, state: str
) -> None:
    alice = user("alice", user_creation_time="2024-01-01T00:00:00Z")
    meanwhile = user("alice.meyer", user_creation_time=made, **key())
    comparison = run(tmp_path, [alice], [meanwhile], [alice])
    table = comparison.timeline.set_index("user")["state"]
    assert table["alice.meyer"] == state


def test_what_only_the_timeline_has_may_be_undetermined_too(tmp_path: Path) -> None:
    comparison = run_with_two_successors(tmp_path)
    assert list(comparison.timeline["state"]) == ["undetermined"]
    assert (comparison.undetermined, comparison.undetermined_between) == (1, 1)
    assert comparison.doubts == ("changes that could not be determined: 1",)
    said = "1 credential or user could not be judged on one date or both: see Changes and Timeline."
    assert said in comparison_verdict(comparison)


def test_an_account_missing_in_the_middle_keeps_its_findings_open(tmp_path: Path) -> None:
    mine, theirs = user(**key()), user("bob", OTHER, **key())
    gone = user("bob", OTHER)
    comparison = run(tmp_path, [mine, theirs], [mine], [mine, gone])
    bob = comparison.timeline[comparison.timeline["user"].eq("bob")].iloc[0]
    assert (bob["state"], bob["how"], bob["days_open"]) == ("closed", "removed", 61)
    counts = comparison.open_counts.groupby("date")[["open", "not_covered", "accounts"]].sum()
    assert counts["open"].to_list() == [2, 2, 1]
    assert counts["not_covered"].to_list() == [0, 1, 0]


def test_an_account_missing_now_counts_as_its_newest_report_left_it(tmp_path: Path) -> None:
    first = [user(**key()), user("bob", OTHER, **key()), user("eve", OTHER, **key())]
    middle = [
        user(**key()),
        user("bob", OTHER, **key(active="false")),
        user("eve", OTHER, **key()),
        user("kim", OTHER, **key()),
    ]
    comparison = run(tmp_path, first, middle, [user(**key())])
    table = changes(comparison)
    theirs = table[table["account_id"].eq(OTHER)].sort_values("user")
    columns = ["user", "change", "closed", "is_new_finding", "evidence"]
    assert theirs[columns].to_numpy().tolist() == [
        ["bob", "deactivated", "yes", False, "inactive in the report of 2026-07-30"],
        [
            "eve", "not_covered", "no", False,
            "no report of the account on 2026-08-30; unused in that of 2026-07-30",
        ],
        [
            "kim", "not_covered", "", True,
            "no report of the account on 2026-08-30; unused in that of 2026-07-30",
        ],
    ]  # fmt: skip
    states = comparison.timeline.set_index("user")["state"]
    assert states.to_dict() == {
        "alice": "open", "bob": "closed", "eve": "not_covered", "kim": "not_covered",
    }  # fmt: skip
    assert list(comparison.open_counts.groupby("date")["open"].sum()) == [3, 3, 3]


def test_the_samples_by_hand() -> None:
    """Counted by reading the two directories of sample_reports side by side."""
    dates = [credreport.analyze(date) for date in credreport.read_dates([SAMPLES])]
    comparison = credreport.compare(*dates)
    table = comparison.changes
    quiet = ["still_current", "still_inactive", "still_excluded", "added"]
    told_of = table[~table["change"].isin(quiet) | table["is_new_finding"]]
    found = sorted(zip(told_of["change"], told_of["user"], told_of["credential"], strict=True))
    assert found == [
        ("added", "svc-data-lake", "access_key_1"),
        ("deactivated", "kaya.demir", "access_key_1"),
        ("deactivated", "svc-archive", "access_key_1"),
        ("newly_unused", "auditor", "password"),
        ("newly_unused", "ines.costa", "password"),
        ("newly_unused", "svc-ci-deploy", "access_key_1"),
        ("newly_unused", "svc-terraform", "access_key_1"),
        ("removed", "dmitri.orlov", "password"),
        ("removed", "svc-etl", "access_key_1"),
        ("replaced", "mei.tanaka", "access_key_2"),
        ("still_unused", "-x", "password"),
        ("still_unused", "007", "access_key_1"),
        ("still_unused", "1e5", "access_key_1"),
        ("still_unused", "@SUM", "access_key_1"),
        ("still_unused", "None", "password"),
        ("still_unused", "break-glass", "password"),
        ("still_unused", "hugo.marin", "password"),
        ("still_unused", "nan", "access_key_1"),
        ("still_unused", "no_information", "access_key_1"),
        ("still_unused", "svc-legacy-ftp", "access_key_1"),
        ("undetermined", "svc-reporting", "access_key_1"),
        ("used_again", "sven.dahl", "password"),
        ("user_removed", "nils.holm", "password"),
        ("user_removed", "null", "access_key_1"),
    ]
    assert comparison_verdict(comparison).startswith(
        "8 of 18 findings closed: 2 deactivated, 2 removed, 2 removed with the user, 1 replaced, "
        "1 used again; 10 still open; 5 new "
    )


def test_columns_without_creation_time_cannot_tell_users_apart(tmp_path: Path) -> None:
    columns = tuple(name for name in COLUMNS if name != "user_creation_time")
    rows = [root(), user(**key())]
    paths = []
    for day in ("2026-06-30", "2026-09-30"):
        path = tmp_path / f"{day}T06-00-00Z.csv"
        path.write_text(to_csv(*rows, columns=columns), encoding="utf-8")
        paths.append(path)
    comparison = compare(*[assess(read_reports(path)) for path in paths])
    assert told(comparison) == [("access_key_1", "still_unused", "no")]


def test_rows_that_do_not_tie_out_are_shouted(tmp_path: Path) -> None:
    forth = run(tmp_path, [user(**key())], [user(**key())])
    broken = lose_a_row(forth.newest)
    assert "THE ROWS DO NOT TIE OUT" in comparison_verdict(compare(forth.first, broken))


def test_an_older_report_saved_as_the_newest_is_a_doubt_whatever_lies_between(
    tmp_path: Path,
) -> None:
    first, between = [user()], [user(), user("new", **key())]
    comparison = run(tmp_path, first, between, first)
    (repeated,) = comparison.repeated
    assert (repeated.before.month, repeated.after.month) == (6, 8)
    assert comparison.doubts


def test_of_many_days_the_first_and_the_last_are_named() -> None:
    days = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert list_days(days[:1]) == "2026-01-31"
    assert list_days(days[:4]) == "2026-01-31, 2026-02-28, 2026-03-31 and 2026-04-30"
    assert list_days(days) == "5 dates, 2026-01-31 to 2026-05-31"


def test_users_made_in_one_second_are_compared_in_line_with_their_number() -> None:
    born = pd.Timestamp("2026-01-01", tz="UTC")
    keys = pd.DataFrame({"user_key": [f"u{number}" for number in range(5_000)]}).assign(
        account_id=ACCOUNT, created=born, set_at=born, kind="access_key", is_created_known=True
    )
    started = process_time()
    assert _find_swapped_users(keys, keys) == []
    assert len(_find_swapped_users(keys[:1], keys[1:])) == 5_000
    assert process_time() - started < 1
