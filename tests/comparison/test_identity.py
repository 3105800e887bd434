"""The same user, the same key: through renames, moves, masks, twins and reports that lack root."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pandas as pd
import pytest

from credreport.comparison.comparison import Comparison, compare_all
from credreport.comparison.renamed_users import _follow, to_user_keys
from credreport.reports.selection import read_reports
from credreport.rules.policy import load_policy
from credreport.schema import USER_CELLS
from credreport.verdicts.assessment import assess
from tests.comparison.test_comparison import (
    LATER,
    OLD,
    RECENT,
    Rows,
    changes,
    key,
    password,
    run,
    told,
)
from tests.support.reports import ACCOUNT, root, save, user

BORN, OTHER_BORN = "2023-05-05T05:05:05Z", "2023-05-05T05:05:06Z"
STILL = [("access_key_1", "still_unused", "no")]


def at(name: str, path: str = "/", born: str = BORN, **cells: str) -> dict[str, str]:
    """Return the row of a user with a path, created at an instant."""
    arn = f"arn:aws:iam::{ACCOUNT}:user{path}{name}"
    return user(name, user_creation_time=born, **cells) | {"arn": arn}


def test_a_renamed_user_is_the_same_one(tmp_path: Path) -> None:
    comparison = run(tmp_path, [at("al", **key())], [at("albert", **key())])
    assert told(comparison) == STILL
    (row,) = changes(comparison).to_dict("records")
    before, after = (date.findings.iloc[0]["finding_id"] for date in comparison.assessments)
    assert (row["state"], row["user"], row["finding_id"]) == ("still_open", "albert", after)
    assert row["evidence"] == (
        "user renamed from al; already unused on 2026-06-30; not used since 2025-01-01 (637 days); "
        f"Finding ID before: {before}"
    )
    assert comparison.own_notices == ()


def test_a_moved_user_is_the_same_one(tmp_path: Path) -> None:
    comparison = run(tmp_path, [at("bob", **key())], [at("bob", "/leavers/", **key())])
    assert told(comparison) == STILL
    (evidence,) = changes(comparison)["evidence"]
    assert evidence.startswith(f"user moved from arn:aws:iam::{ACCOUNT}:user/bob; already unused")


def test_renaming_at_every_date_is_followed(tmp_path: Path) -> None:
    dates = [[at(name, **key())] for name in ("a", "b", "c")]
    comparison = run(tmp_path, *dates)
    assert told(comparison) == STILL
    (life,) = comparison.timeline.to_dict("records")
    assert (life["user"], life["state"], life["days_open"]) == ("c", "open", 61)


def test_another_creation_time_is_another_user(tmp_path: Path) -> None:
    comparison = run(tmp_path, [at("al", **key())], [at("albert", born=OTHER_BORN, **key())])
    assert told(comparison) == [
        ("access_key_1", "added", ""),
        ("access_key_1", "user_removed", "yes"),
    ]


def test_a_user_that_took_the_old_name_is_another_one(tmp_path: Path) -> None:
    after = [at("albert", **key()), at("al", born=LATER, **key(made=LATER, used=LATER))]
    comparison = run(tmp_path, [at("al", **key())], after)
    assert told(comparison) == [("access_key_1", "added", ""), *STILL]


MADE = {"a": "2024-01-01T00:00:00Z", "b": "2024-02-02T00:00:00Z"}


def test_of_several_candidates_the_dates_of_the_keys_decide(tmp_path: Path) -> None:
    before = [at(name, **key(made=made)) for name, made in MADE.items()]
    after = [at(name + "2", **key(made=made)) for name, made in reversed(MADE.items())]
    comparison = run(tmp_path, before, after)
    assert told(comparison) == STILL * 2
    evidence = sorted(changes(comparison)["evidence"].str.split(";").str[0])
    assert evidence == ["user renamed from a", "user renamed from b"]
    assert sorted(changes(comparison)["user"]) == ["a2", "b2"]


def test_the_last_candidate_of_each_side_is_the_same_user(tmp_path: Path) -> None:
    before = [at("a", **key(made=MADE["a"])), at("b", **key(made=MADE["b"]))]
    after = [at("a2", **key(made=MADE["a"])), at("b2", **key(made=LATER, used=LATER))]
    assert told(run(tmp_path, before, after)) == [
        ("access_key_1", "added", ""),
        ("access_key_1", "replaced", "yes"),
        *STILL,
    ]


def test_several_candidates_that_nothing_tells_apart_are_undetermined(tmp_path: Path) -> None:
    before = [at(name, **key(made=OLD)) for name in ("a", "b")]
    after = [at(name, **key(made=OLD)) for name in ("c", "d")]
    comparison = run(tmp_path, before, after)
    assert told(comparison) == [
        *[("access_key_1", "undetermined", "")] * 2,
        *[("access_key_1", "undetermined", "no")] * 2,
    ]
    assert set(changes(comparison)["state"]) == {"undetermined"}
    assert set(changes(comparison)["evidence"]) == {
        "the user may be the same or another: several users with one creation time disappeared or "
        "appeared, and the dates of their keys do not show which is which"
    }
    assert comparison.doubts
    assert comparison.open_findings == 2


def test_one_of_two_with_one_creation_time_that_stays_is_no_candidate(tmp_path: Path) -> None:
    before = [at("a", **key()), at("b", **key())]
    assert told(run(tmp_path, before, [at("a", **key())])) == [
        *STILL, ("access_key_1", "user_removed", "yes"),
    ]  # fmt: skip


@pytest.mark.parametrize("after", [("b", "a"), ("b",)])
def test_users_of_one_creation_time_may_have_taken_each_others_names(
    tmp_path: Path, after: tuple[str, ...]
) -> None:
    before = [at(name, **key(made=made)) for name, made in MADE.items()]
    swapped = [at(name, **key(made=made)) for name, made in zip(after, MADE.values(), strict=False)]
    comparison = run(tmp_path, before, swapped)
    assert {change for _, change, _ in told(comparison)} == {"undetermined"}
    assert comparison.doubts
    assert told(run(tmp_path / "as they were", before, before)) == STILL * 2


def test_users_masked_alike_are_told_apart_by_name(tmp_path: Path) -> None:
    masked = f"arn:aws:iam::{ACCOUNT}:user/***"
    before = [user("a", **key()) | {"arn": masked}, user("b", **key(used=RECENT)) | {"arn": masked}]
    after = [
        user("b", **key(used=LATER)) | {"arn": masked},
        user("a", **key(active="false")) | {"arn": masked},
    ]
    table = changes(run(tmp_path, before, after)).set_index("user")
    assert table["change"].to_dict() == {"a": "deactivated", "b": "still_current"}


# Slots of the key that stays: before, after, and the one that must be said to be gone.
TWINS = [
    # Its last use tells it, whatever slot it is in now.
    ((OLD, RECENT), {1: RECENT}, "access_key_1"),
    ((OLD, RECENT), {2: OLD}, "access_key_2"),
    (("N/A", OLD), {1: OLD}, "access_key_1"),
    # A last use does not go back, so the later one cannot be the one used earlier.
    ((RECENT, OLD), {2: "2025-02-02T00:00:00Z"}, "access_key_1"),
    # Alike in use: by slot.
    ((OLD, OLD), {2: OLD}, "access_key_1"),
    (("N/A", "N/A"), {1: "N/A"}, "access_key_2"),
]


def test_two_keys_of_one_second_are_told_apart_by_last_use_then_by_slot(tmp_path: Path) -> None:
    before, after = [], []
    for number, (used, left, _) in enumerate(TWINS):
        before.append(user(f"u{number}", **key(1, used=used[0]), **key(2, used=used[1])))
        ((slot, last),) = left.items()
        after.append(user(f"u{number}", **key(slot, used=last)))
    table = changes(run(tmp_path, before, after))
    removed = table[table["change"].eq("removed")]
    assert sorted(zip(removed["user"], removed["credential"], strict=True)) == [
        (f"u{number}", gone) for number, (*_, gone) in enumerate(TWINS)
    ]


@pytest.mark.parametrize("left", [1, 2])
def test_of_twins_that_were_never_used_the_active_one_is_still_that(
    tmp_path: Path, left: int
) -> None:
    off, on = key(1, used="N/A", active="false"), key(2, used="N/A")
    comparison = run(tmp_path, [user(**off, **on)], [user(**key(left, used="N/A"))])
    table = changes(comparison)
    now = table["finding_id"].iloc[0]
    assert table[["state", "credential_before", "change", "evidence"]].to_numpy().tolist() == [
        [
            "still_open", "access_key_2", "still_unused",
            "already unused on 2026-06-30; never used since it was set on 2025-01-01 (637 days); "
            f"Finding ID before: {now}-2",
        ],
        [
            "", "access_key_1", "removed",
            "only one of the keys made at 2025-01-01T00:00:00Z in the report of 2026-09-30",
        ],
    ]  # fmt: skip
    swapped = user(**key(1, used="N/A"), **key(2, used="N/A", active="false"))
    both = run(tmp_path / "both", [user(**off, **on)], [swapped])
    assert set(changes(both)["change"]) == {"reactivated", "deactivated"}


def test_twins_that_changed_slots_are_followed_over_three_dates(tmp_path: Path) -> None:
    comparison = run(
        tmp_path,
        [user(**key(1, used=OLD), **key(2, used=RECENT))],
        [user(**key(1, used=RECENT))],
        [user(**key(1, used="2026-07-15T00:00:00Z"))],
    )
    table = changes(comparison).set_index("change")
    assert table.loc["removed", "credential"] == "access_key_1"
    assert table.loc["still_current", "credential_before"] == "access_key_2"


def of_root(tmp_path: Path, *rows: list[dict[str, str]]) -> Comparison:
    policy = load_policy(None, profile="cis-5.0", unused_after_days=None, include_root=False)
    whens = (RECENT, LATER, "2026-10-30T00:00:00Z", "2026-12-01T00:00:00Z")[: len(rows)]
    names = [f"2026-{month:02d}-30T06-00-00Z.csv" for month in (6, 9, 11, 12)][: len(rows)]
    return compare_all(
        [
            assess(read_reports(save(tmp_path, *each, user(**key(used=when)), name=name)), policy)
            for each, name, when in zip(rows, names, whens, strict=True)
        ]
    )


def test_root_is_root_whatever_its_creation_time(tmp_path: Path) -> None:
    other = root(user_creation_time="?", mfa_active="false")
    comparison = of_root(tmp_path, [root(mfa_active="false")], [other])
    table = comparison.changes[comparison.changes["kind"].eq("root")]
    assert list(table["state"]) == ["still_open"]


def test_root_that_a_report_lacks_is_undetermined_and_never_removed(tmp_path: Path) -> None:
    comparison = of_root(tmp_path, [root(mfa_active="false", **key())], [])
    table = comparison.changes[comparison.changes["user"].eq("<root_account>")]
    assert set(table["state"]) == {"undetermined", ""}
    assert set(table["change"]) == {"undetermined"}
    assert set(table["evidence"]) == {"the report of 2026-09-30 has no root row"}
    assert comparison.doubts


@pytest.mark.parametrize("rest", [[], [root()]])
def test_a_user_whom_a_report_without_root_lacks_too_is_undetermined(
    tmp_path: Path, rest: list[dict[str, str]]
) -> None:
    lost = user("zoe", password_enabled="true", password_last_used=RECENT)
    comparison = of_root(tmp_path, [root(), lost], rest)
    table = comparison.changes[comparison.changes["user"].eq("zoe")]
    change, state = ("user_removed", "closed") if rest else ("undetermined", "undetermined")
    assert (set(table["change"]), set(table["state"])) == ({change}, {state, ""})
    assert bool(comparison.doubts) is not bool(rest)


@pytest.mark.parametrize(
    ("last", "state"),
    [([root()], "closed"), ([], "undetermined"), ([root(), "zoe"], "open")],
)
def test_what_became_of_a_user_whom_one_without_root_lacked_a_later_report_tells(
    tmp_path: Path, last: list[dict[str, str] | str], state: str
) -> None:
    zoe = user("zoe", password_enabled="true", password_last_used=RECENT)
    rows = [zoe if isinstance(row, str) else row for row in last]
    comparison = of_root(tmp_path, [root(), zoe], [], [], rows)
    lives = comparison.timeline[comparison.timeline["user"].eq("zoe")]
    assert set(lives["state"]) == {state}
    assert set(lives["closed_on"].notna()) == {state == "closed"}


def test_what_a_report_lacks_and_a_later_one_has_again_was_not_removed(tmp_path: Path) -> None:
    ann, other = user("ann", **key(), **password()), user("bo", **password(used=RECENT))
    without_key = user("ann", **password())
    cases: list[tuple[Rows, Rows, list[str], list[int]]] = [
        ([other], [ann, other], ["open", "open"], [0, 0]),
        ([other], [without_key, other], ["closed", "open"], [0, 0]),
        ([without_key, other], [ann, other], ["open", "open"], [0, 0]),
        ([user("ann", **key()), other], [ann, other], ["open", "open"], [0, 1]),
    ]
    for number, (middle, last, states, came_back) in enumerate(cases):
        comparison = run(tmp_path / f"{number}", [ann, other], middle, last)
        lives = comparison.timeline[comparison.timeline["user"].eq("ann")].sort_values("rule")
        assert lives["state"].to_list() == states
        assert lives["came_back"].to_list() == came_back


def test_root_that_the_older_report_lacks_is_new(tmp_path: Path) -> None:
    comparison = of_root(tmp_path, [], [root(mfa_active="false")])
    (row,) = comparison.changes[comparison.changes["kind"].eq("root")].to_dict("records")
    assert (row["state"], row["change"]) == ("new", "undetermined")
    assert row["evidence"] == "the report of 2026-06-30 has no root row"


def test_a_certificate_is_compared_where_a_rule_speaks_of_it(tmp_path: Path) -> None:
    policy = load_policy(None, profile="all", unused_after_days=None, include_root=False)
    two = {"cert_1_active": "true", "cert_1_last_rotated": OLD}
    two |= {"cert_2_active": "true", "cert_2_last_rotated": RECENT}
    left = {"cert_1_active": "true", "cert_1_last_rotated": RECENT}
    comparison = run(tmp_path, [user(**two)], [user(**left)], policy=policy)
    table = comparison.changes[comparison.changes["kind"].eq("cert")]
    found = table[["state", "credential_before", "credential"]].to_numpy().tolist()
    assert found == [["still_open", "cert_2", "cert_1"], ["closed", "cert_1", "cert_1"]]
    assert pd.isna(table["after_age_days"]).all()


@pytest.mark.parametrize("birth", ["the same", "{}"])
def test_many_renamed_at_once_take_time_in_proportion(birth: str) -> None:
    number = 3_000
    rows = pd.Series(range(2 * number))
    users = pd.DataFrame(
        {
            "date": rows // number,
            "user_row": rows % number,
            "account_id": "1",
            "owner": "user " + rows.astype("str"),
            "created": "2020",
            "is_created_known": True,
            "is_root": False,
            **dict.fromkeys(USER_CELLS, ""),
        }
    )
    keys = users[["date", "user_row"]].assign(born=users["user_row"].map(birth.format))
    start = process_time()
    found = to_user_keys(users, keys)
    assert process_time() - start < 20
    assert found.nunique() == (2 * number if birth == "the same" else number)


def test_only_some_of_many_namesakes_are_named(tmp_path: Path) -> None:
    older = [at(f"a{number:02}") for number in range(30)]
    newer = [at(f"b{number:02}") for number in range(30)]
    messages = [each.message for each in run(tmp_path, older, newer).notices]
    named = "perhaps a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 20 more (gone"
    assert sum(named in message for message in messages) == 30


def test_a_user_that_comes_back_beside_another_was_never_renamed_to_it() -> None:
    no_keys: frozenset[str] = frozenset()
    renamed = {(0, 1): no_keys, (1, 2): no_keys}
    assert _follow(range(2), renamed) == {2: 1}
    assert _follow(range(3), {**renamed, (2, 1): no_keys, (2, 2): no_keys}) == {}


OLDER = "2024-06-01T10:00:00Z"


@pytest.mark.parametrize(
    ("gone", "new", "doubtful"),
    [
        ([OLDER], ["N/A"], True),
        (["N/A"], [OLDER], True),
        (["N/A"], ["N/A"], True),
        ([OLDER, RECENT], ["soon"], True),
        ([OLDER], [LATER], False),
        (["N/A"], [], False),
        ([], ["N/A"], False),
    ],
)
def test_a_user_who_may_be_one_of_another_name_is_undetermined(
    tmp_path: Path, gone: list[str], new: list[str], doubtful: bool
) -> None:
    """A user keeps the creation time under a new name: where it is not known, nobody was removed."""
    bob = user("bob", user_creation_time="N/A")
    comparison = run(
        tmp_path,
        [bob, *(user(f"gone{n}", user_creation_time=made, **key()) for n, made in enumerate(gone))],
        [bob, *(user(f"new{n}", user_creation_time=made, **key()) for n, made in enumerate(new))],
    )
    table = changes(comparison)
    loose = table[~table["user"].isin(["bob", "<root_account>"])]
    removed, added = ["user_removed"] * len(gone), ["added"] * len(new)
    assert sorted(loose["change"]) == (
        ["undetermined"] * len(loose) if doubtful else sorted([*removed, *added])
    )
    words = "the user may have been renamed: a creation time is not a date"
    assert (set(loose["evidence"]) == {words}) is doubtful
    assert bool(comparison.doubts) is doubtful


def test_users_whose_creation_times_tell_them_apart_are_in_no_doubt_about_a_third(
    tmp_path: Path,
) -> None:
    comparison = run(
        tmp_path,
        [
            user("old", user_creation_time=OLDER, **key()),
            user("lost", user_creation_time="?", **key()),
        ],
        [user("other", user_creation_time=LATER, **key())],
    )
    found = dict(zip(changes(comparison)["user"], changes(comparison)["change"], strict=True))
    assert found["old"] == "user_removed"
    assert (found["lost"], found["other"]) == ("undetermined", "undetermined")
