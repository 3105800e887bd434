"""What a comparison says of its reports: one against another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from credreport.comparison.comparison import Comparison
from credreport.rules.policy import Policy, load_policy
from credreport.verdicts.warnings import WARNING_TITLES
from tests.comparison.test_comparison import LATER, OLD, RECENT, key, password, run
from tests.comparison.test_outcomes import RECENT_KEY, SPAN, dated, judged, waiver
from tests.support.reports import ACCOUNT, root, save, user


def own_notices(comparison: Comparison, *codes: str) -> list[str]:
    assert {notice.code for notice in comparison.own_notices} <= {*WARNING_TITLES}
    return [str(notice) for notice in comparison.own_notices if notice.code in codes]


@pytest.mark.parametrize(
    ("created", "notices"), [("2026-06-30T01:59:59Z", 1), ("2026-06-30T02:00:00Z", 0)]
)
def test_a_user_made_while_aws_may_have_served_an_older_report_is_not(
    tmp_path: Path, created: str, notices: int
) -> None:
    """The report of June is from 06:00; AWS makes one every four hours."""
    comparison = run(tmp_path, [user()], [user(), user("zoe", user_creation_time=created)])
    found = [str(each) for each in comparison.own_notices]
    assert sum("was it renamed" in each for each in found) == notices


WENT_BACK = (
    "2025-01-01 in the report of 2026-09-30 and 2026-06-15 in that of 2026-06-30: the newer one has less "
    "information, or one of the two is wrong"
)


def test_a_last_use_that_went_back_is_named_in_a_warning(tmp_path: Path) -> None:
    comparison = run(tmp_path, [user(**key(used=RECENT))], [user(**key())])
    assert own_notices(comparison, "use-went-back", "set-went-back") == [
        f"account {ACCOUNT}: 'alice', access_key_1: last used {WENT_BACK}"
    ]


def test_so_is_a_password_that_was_changed_earlier_than_an_older_report_says(
    tmp_path: Path,
) -> None:
    rows = [user(**password(changed=RECENT))], [user(**password())]
    comparison = run(tmp_path, *rows)
    assert own_notices(comparison, "use-went-back", "set-went-back") == [
        f"account {ACCOUNT}: 'alice', password: last changed {WENT_BACK}"
    ]


@pytest.mark.parametrize("lost", ["", "?"])
def test_a_last_use_that_went_back_since_a_date_between_is_named_once(
    tmp_path: Path, lost: str
) -> None:
    used = (OLD, RECENT, lost, OLD, OLD) if lost else (OLD, RECENT, OLD, OLD)
    comparison = run(tmp_path, *([user(**key(used=each))] for each in used))
    back = [said for said in own_notices(comparison, "use-went-back") if "used 2025" in said]
    assert len(back) == 1
    assert "2026-06-15 in that of 2026-07-30" in back[0]


def test_a_last_use_that_was_lost_is_named_in_a_warning(tmp_path: Path) -> None:
    comparison = run(tmp_path, [user(**key())], [user(**key(used="N/A"))])
    assert [str(notice) for notice in comparison.own_notices] == [
        f"account {ACCOUNT}: 'alice', access_key_1: last used N/A in the report of 2026-09-30 and 2025-01-01 "
        "in that of 2026-06-30: the newer one has less information, or one of the two is wrong"
    ]


def test_what_a_report_lacks_and_a_newer_one_has_again_is_named_in_a_warning(
    tmp_path: Path,
) -> None:
    with_key, without, alone = [user(**key()), user("bob")], [user(), user("bob")], [user("bob")]
    (said,) = own_notices(run(tmp_path / "key", with_key, without, with_key), "returned")
    assert said == (
        f"account {ACCOUNT}: the report of 2026-07-30 lacks what an older and a newer one have of 'alice': "
        "IAM restores no user and no key, so one of them is wrong"
    )
    assert own_notices(run(tmp_path / "user", without, alone, without), "returned") == [said]
    assert not own_notices(run(tmp_path / "gone", with_key, without, without), "returned")


def test_where_rows_may_be_missing_from_a_report_it_is_told(tmp_path: Path) -> None:
    a, b = user("a", **key(used=RECENT)), user("b")
    months = [f"{ACCOUNT}_2026-{month:02d}-30T06-00-00+00-00.csv" for month in (6, 7, 8)]
    codes = ("fewer-users", "denied-order")
    assert own_notices(run(tmp_path / "order", [a, b], [b], [b, user("c")]), *codes) == [
        f"{months[1]}: 1 user fewer than the report before it: deleted since, or rows have been cut off",
        *(
            f"{month}: '{months[0]}', which is older, has timestamps until 2026-06-15T00:00:00Z, later than all "
            "in it: perhaps a copy of a still older report, in which newer users are missing"
            for month in months[1:]
        ),
    ]
    assert not own_notices(run(tmp_path / "more", [b], [a, b]), *codes)


@pytest.mark.parametrize(
    ("approved", "is_told"), [(date(2026, 6, 30), True), (date(2026, 7, 1), False)]
)
def test_a_waiver_of_what_took_the_slot_or_the_name_of_another_is_named(
    tmp_path: Path, approved: date, is_told: bool
) -> None:
    rows = [root(), user(**key(), **key(2, made=RECENT_KEY)), user("bob", **password())]
    moved = [root(), user(**key(made=RECENT_KEY)), user("eve", **password())]
    of_slot = replace(waiver("W-1", approved, SPAN[1]), credential="access_key_1")
    of_name = waiver("W-2", approved, SPAN[1], user_name="eve")
    comparison = judged(dated(tmp_path, rows, moved), Policy(), of_slot, of_name)
    assert set(comparison.changes["waiver"]) >= {"W-1", "W-2"}
    assert [str(notice) for notice in comparison.notices if notice.code == "waiver-moved"] == [
        f"waiver {name!r} covers 1 finding that it did not cover before, though in force: "
        "of a user who was renamed, or a key in another slot"
        for name in ("W-1", "W-2")
        if is_told
    ]
    assert "waiver-moved" in WARNING_TITLES


def test_a_waiver_without_a_match_is_named_once_with_its_dates(tmp_path: Path) -> None:
    used = "2026-07-15T00:00:00Z"
    paths = dated(tmp_path, [root(), user(**key())], [root(), user(**key(used=used))])
    held = (waiver("W-1", *SPAN), waiver("W-2", *SPAN, user_name="nobody"))
    comparison = judged(paths, Policy(), *held)
    unmatched = [n.message for n in comparison.notices if n.code == "waiver-unmatched"]
    assert unmatched == [
        "waiver 'W-1' matches no finding (expires 2026-12-31) on 2026-07-30",
        "waiver 'W-2' matches no finding (expires 2026-12-31) on 2026-06-30 and 2026-07-30",
    ]


def test_a_class_without_a_user_is_named_once_with_its_dates(tmp_path: Path) -> None:
    paths = dated(tmp_path, [root(), user("adm-1")], [root(), user("bob")])
    file = tmp_path / "p.toml"
    file.write_text('[[class]]\nmatch = "adm-*"\nunused_after_days = 30\n')
    comparison = judged(paths, load_policy(file))
    assert [str(each) for each in comparison.notices if each.code == "class-unmatched"] == [
        "p.toml, line 2: no user is in class 'adm-*' (none fits, or a class above takes them) on "
        "2026-07-30"
    ]


def test_of_accounts_the_missing_and_the_new_are_named(tmp_path: Path) -> None:
    last, first, third, fourth = "111111111111", "222222222222", "333333333333", "444444444444"
    seen = user(**key()), user("eve", last, **key()), user("bob", third, **key())
    save(tmp_path / "2026-06", user("rootless", fourth), name=f"{fourth}_2026-06-30T06-00-00Z.csv")
    comparison = run(tmp_path, [*seen], [user(**key(used=LATER)), user("bob", first, **key())])
    assert own_notices(comparison, "not-covered", "first-seen") == [
        f"account {last} has no report on 2026-09-30: its findings stay open (1)",
        f"account {third} has no report on 2026-09-30: its findings stay open (1)",
        f"account {fourth} has no report on 2026-09-30: its findings stay open (0)",
        f"account {first} has no older report: all of it is new",
    ]


def test_a_user_older_than_a_report_without_it_is_named_with_those_it_may_have_been(
    tmp_path: Path,
) -> None:
    born = {"user_creation_time": OLD}
    gone, new = [user("ann", **born), user("amy", **born)], [user("zoe", **born), user("yve")]
    comparison = run(tmp_path, gone, new)
    late = f"account {ACCOUNT}: the user {{}} was created on {{}}, but the report of 2026-06-30 does not list it: "
    assert own_notices(comparison, "latecomer") == [
        late.format("'yve'", "2020-01-01") + "was it renamed, or was that report cut short?",
        late.format("'zoe'", "2025-01-01")
        + "perhaps ann, amy (gone, created at the same time) was renamed or moved",
    ]


def test_a_password_that_was_changed_and_not_used_since_is_named(tmp_path: Path) -> None:
    never = password(used="no_information")
    before = [user(**never), user("bob", **never), user("eve", **never)]
    after = [
        user(**never | {"password_last_changed": LATER}),
        user("bob", **password(used=LATER, changed=LATER)),
        user("eve", **never),
    ]
    assert own_notices(run(tmp_path, before, after), "set-anew") == [
        f"account {ACCOUNT}: the password of 'alice' was changed and not used since; it counts as used again"
    ]


def test_a_last_use_without_its_column_is_named_and_that_of_an_inactive_key_is_not(
    tmp_path: Path,
) -> None:
    before = [user(**key(), **key(2))]
    after = [user(**key(used=""), **key(2, active="false", used="N/A"))]
    comparison = run(tmp_path, before, after)
    assert own_notices(comparison, "use-went-back") == [
        f"account {ACCOUNT}: 'alice', access_key_1: last used blank in the report of 2026-09-30 and "
        "2025-01-01 in that of 2026-06-30: the newer one has less information, or one of the two is wrong"
    ]


@pytest.mark.parametrize(
    ("there", "meanwhile"),
    [
        ([user(**password())], [user()]),  # a user may get a password again
        ([user(**key(made="?"))], [user()]),
        ([user(), user("bob", user_creation_time="?")], [user()]),
    ],
)
def test_what_iam_may_have_made_anew_does_not_return(
    tmp_path: Path, there: list[dict[str, str]], meanwhile: list[dict[str, str]]
) -> None:
    assert not own_notices(run(tmp_path, there, meanwhile, there), "returned")


def test_a_waiver_of_what_it_covered_before_is_not_named(tmp_path: Path) -> None:
    paths = dated(tmp_path, [root(), user(**key())], [root(), user(**key(), mfa_active="true")])
    comparison = judged(paths, Policy(), waiver("W-1", *SPAN))
    assert not own_notices(comparison, "waiver-moved")


def test_of_many_that_return_the_first_ten_are_named(tmp_path: Path) -> None:
    users = [user(f"u{number:02}") for number in range(1, 13)]
    (said,) = own_notices(run(tmp_path, users, users[:1], users), "returned")
    assert (
        "have of 'u02', 'u03', 'u04', 'u05', 'u06', 'u07', 'u08', 'u09', 'u10', 'u11' and 1 more: IAM"
        in said
    )
