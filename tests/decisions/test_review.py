"""What became of each decision: carried over, gone, contradicted, or not to be told."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from credreport.decisions.decision import Decision, Decisions
from credreport.decisions.review import (
    contradiction_sentences,
    count_sentence,
    review,
    with_review,
)
from credreport.errors import UsageError
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy, UserClass
from credreport.rules.waivers import Waiver, Waivers
from credreport.verdicts.assessment import Assessment, assess
from tests.comparison.test_comparison import (
    LATER,
    RECENT,
    key,
    password,
    run,
    run_with_two_successors,
)
from tests.support.reports import ACCOUNT, judge, read, root, user

FILE = OptionFile("old.xlsx", "0" * 64, 1)
GONE = Decision(
    "CR-000000000000", "Removed", "Ann", date(2026, 1, 1), account_id=ACCOUNT, user="gone",
    credential="access_key_1", rule="unused-access-key", limit=">= 90",
)  # fmt: skip
CHECKED = ("state", "is_contradicted", "check")


def told(judged: Assessment, *decisions: Decision) -> tuple[object, ...]:
    """Return state, whether it is contradicted, and the check of the first decision."""
    table = review(Decisions(decisions, file=FILE), judged).table
    row = table[table["is_decided"]].iloc[0]
    return tuple(row[name] for name in CHECKED)


def of_user(judged: Assessment, name: str, disposition: str, day: date | None = None) -> Decision:
    """Return a decision on the first finding of a user."""
    row = judged.findings[judged.findings["user"].eq(name)].iloc[0]
    about: dict[str, Any] = {
        name: str(row[name]) for name in ("account_id", "user", "credential", "rule", "limit")
    }
    return Decision(str(row["finding_id"]), disposition, "Ann", day, **about)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return judge(tmp_path_factory.mktemp("in"), root(), user("a", **key()), user("b", **password()))


@pytest.mark.parametrize("disposition", ["Removed", "Disabled"])
@pytest.mark.parametrize(
    ("day", "is_contradicted", "check"),
    [
        (date(2026, 1, 30), True, "on 2026-01-30 by Ann, but still open in this report (as of 2026-01-31)"),
        (None, True, ", no date by Ann, but still open in this report (as of 2026-01-31)"),
        (date(2026, 1, 31), False,
         "on 2026-01-31 by Ann, not before this report (as of 2026-01-31): only a later report can show it"),
        (date(2062, 1, 1), False,
         "on 2062-01-01 by Ann, not before this report (as of 2026-01-31): only a later report can show it"),
    ],
)  # fmt: skip
def test_what_was_decided_before_the_day_of_the_report_is_held_against_it(
    judged: Assessment, disposition: str, day: date | None, is_contradicted: bool, check: str
) -> None:
    decision = of_user(judged, "a", disposition, day)
    said = f"decided {disposition}{check}" if check[0] == "," else f"decided {disposition} {check}"
    assert told(judged, decision) == ("open", is_contradicted, said)
    (notice,) = review(Decisions((decision,), file=FILE), judged).notices
    assert notice.code == ("decision-contradicted" if is_contradicted else "decision-later")
    assert str(notice) == f"old.xlsx: {decision.finding_id}, 'a' in account {ACCOUNT}: {said}"


@pytest.mark.parametrize(
    ("disposition", "check"),
    [
        ("Open", "decided Open, no date by Ann; still open"),
        ("", "no disposition chosen, no date by Ann; still open"),
        (
            "Exception",
            "decided Exception, no date by Ann; still counts as open: only a waiver changes that "
            "(--waivers)",
        ),
    ],
)
def test_other_decisions_contradict_nothing(
    judged: Assessment, disposition: str, check: str
) -> None:
    assert told(judged, of_user(judged, "a", disposition)) == ("open", False, check)


def test_a_waived_finding(tmp_path: Path) -> None:
    waiver = Waiver("W", "r", "a", date(2025, 1, 1), date(2027, 1, 1), user="a")
    judged = assess(read(tmp_path, root(), user("a", **key())), waivers=Waivers((waiver,)))
    assert told(judged, of_user(judged, "a", "Exception")) == (
        "waived", False, "decided Exception, no date by Ann; waived",
    )  # fmt: skip
    state, is_contradicted, check = told(judged, of_user(judged, "a", "Removed"))
    assert (state, is_contradicted) == ("waived", True)
    assert "but still there, though waived, in this report" in str(check)
    found = review(Decisions(file=FILE), judged)
    assert found.table.empty


class TestAFindingThatIsNotThere:
    def test_is_gone_as_far_as_one_report_can_tell(self, judged: Assessment) -> None:
        assert told(judged, GONE) == (
            "not_found",
            False,
            "decided Removed on 2026-01-01 by Ann; the report as of 2026-01-31 has no such finding; "
            "`credreport compare` says why",
        )

    @pytest.mark.parametrize(
        ("change", "state", "why"),
        [
            (
                {"account_id": "999988887777"},
                "not_covered",
                "its account has no report in this run",
            ),
            ({"rule": "no-mfa"}, "not_judged", "no rule 'no-mfa'"),
            (
                {"rule": "unrotated-access-key"},
                "not_judged",
                "the rule unrotated-access-key is not in force in this run",
            ),
            (
                {"limit": ">= 45"},
                "not_judged",
                "the limit was >= 45 days and is >= 90 days in this run",
            ),
            (
                {"user": "<root_account>"},
                "not_judged",
                "root is not judged in this run (--include-root)",
            ),
        ],
    )
    def test_is_not_gone_where_nobody_looked(
        self, judged: Assessment, change: dict[str, str], state: str, why: str
    ) -> None:
        decision = replace(GONE, **change)  # type: ignore[arg-type]
        said = f"decided Removed on 2026-01-01 by Ann; not confirmed: {why}"
        assert told(judged, decision) == (state, False, said)
        words = f"decided Exception on 2026-01-01 by Ann; {state.replace('_', ' ')} ({why})"
        assert told(judged, replace(decision, disposition="Exception"))[2] == words

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"limit": ">= 45"}, "the limit was >= 45 days and is >= 90 days in this run"),
            ({"rule": "old-password"}, "the rule old-password is not in force in this run"),
        ],
    )
    def test_is_contradicted_by_an_active_password_whatever_is_judged(
        self, judged: Assessment, change: dict[str, str], why: str
    ) -> None:
        decision = replace(GONE, user="b", credential="password", rule="unused-password")
        assert told(judged, replace(decision, **change)) == (  # type: ignore[arg-type]
            "not_judged",
            True,
            f"decided Removed on 2026-01-01 by Ann, but still active: {why}, but a user of this name "
            "has an active password",
        )

    def test_was_judged_by_any_limit_that_a_masked_class_may_have_given(
        self, judged: Assessment
    ) -> None:
        classes = (UserClass("pattern-x", {"unused_after_days": 45}, is_masked=True),)
        masked = replace(judged, policy=replace(judged.policy, classes=classes))
        assert told(masked, replace(GONE, limit=">= 45"))[0] == "not_found"
        assert told(masked, replace(GONE, limit=">= 90"))[0] == "not_found"
        state, _, check = told(masked, replace(GONE, limit=">= 60"))
        assert state == "not_judged"
        assert "the limit was >= 60 days and is >= 45 days or >= 90 days in this run" in str(check)

    @pytest.mark.parametrize("credential", ["access_key_1", "access_key_2", "user"])
    def test_is_not_gone_where_the_user_cannot_be_judged(
        self, tmp_path: Path, credential: str
    ) -> None:
        judged = judge(tmp_path, root(), user("gone", **key(made="?", used="?")))
        state, is_contradicted, _ = told(judged, replace(GONE, credential=credential))
        assert (state, is_contradicted) == ("undetermined", False)
        assert told(judged, replace(GONE, credential="password"))[0] == "not_found"

    def test_is_still_active_where_the_password_is(self, tmp_path: Path) -> None:
        now = "2026-01-30T00:00:00Z"
        judged = judge(
            tmp_path, root(), user("gone", **password(used=now), **key(used=now, made=now))
        )
        there = (
            "the report as of 2026-01-31 has no such finding, but a user of this name has an active"
        )
        assert told(judged, GONE) == (
            "not_found", False,
            f"decided Removed on 2026-01-01 by Ann; {there} access key, this one or another",
        )  # fmt: skip
        decision = replace(GONE, credential="password", rule="unused-password")
        assert told(judged, decision) == (
            "not_found", True,
            f"decided Removed on 2026-01-01 by Ann, but still active: {there} password",
        )  # fmt: skip
        later = replace(decision, day=date(2026, 1, 31))
        state, is_contradicted, check = told(judged, later)
        assert (state, is_contradicted) == ("not_found", False)
        assert "on 2026-01-31 by Ann, not before this report (as of 2026-01-31)" in str(check)

    def test_is_not_gone_where_a_user_of_an_unknown_account_cannot_be_judged(
        self, tmp_path: Path
    ) -> None:
        judged = judge(tmp_path, user("gone", "", **key(made="?", used="?")))
        state, is_contradicted, _ = told(judged, replace(GONE, account_id="unknown"))
        assert (state, is_contradicted) == ("undetermined", False)


def test_a_user_renamed_in_capitals_only_is_the_same_one(judged: Assessment) -> None:
    decision = replace(of_user(judged, "a", "Exception"), user="A")
    table = review(Decisions((decision,), file=FILE), judged).table
    assert table[["user", "is_found"]].to_numpy().tolist()[-1] == ["a", True]


class TestRowsThatWereMixedUp:
    @pytest.mark.parametrize(
        ("change", "there", "here"),
        [
            ({"rule": "unused-password"}, "'unused-password'", "'unused-access-key'"),
            ({"account_id": "999988887777"}, "'999988887777'", f"'{ACCOUNT}'"),
            ({"user": "b"}, "'b'", "'a'"),
        ],
    )
    def test_are_refused(
        self, judged: Assessment, change: dict[str, str], there: str, here: str
    ) -> None:
        decision = of_user(judged, "a", "Removed")
        mixed = replace(decision, place="sheet Findings, cell A2", **change)  # type: ignore[arg-type]
        with pytest.raises(UsageError) as caught:
            review(Decisions((mixed,), file=FILE), judged)
        assert str(caught.value) == (
            f"--carry-from old.xlsx: sheet Findings, cell A2: {decision.finding_id} is next to "
            f"{there}, but it is of {here}: rows were mixed up. Sort and paste whole rows only, and "
            "correct this one"
        )

    def test_cannot_be_told_where_the_columns_were_taken_out(self, judged: Assessment) -> None:
        decision = of_user(judged, "a", "Open")
        bare = Decision(decision.finding_id, "Open", account_id="unknown")
        assert told(judged, bare)[0] == "open"


class TestWithAComparison:
    def test_what_closed_it_is_known(self, tmp_path: Path) -> None:
        off, gone = {"access_key_1_active": "false"}, "the user is not in the report of 2026-09-30"
        known = [
            ("a", user("a", **key() | off), "Disabled", "confirmed: inactive in the report"),
            ("b", user("b", **key() | off), "Removed", "deactivated, not yet removed: inac"),
            ("c", user("c"), "Removed", "confirmed: no key made at"),
            ("d", user("e", user_creation_time=RECENT), "Disabled", f"confirmed: {gone}"),
        ]
        before = [user(name, **key()) for name, *_ in known]
        comparison = run(tmp_path, before, [after for _, after, *_ in known])
        for name, _, disposition, check in known:
            decision = of_user(comparison.first, name, disposition)
            (row,) = review(Decisions((decision,), file=FILE), comparison).table.to_dict("records")
            assert (row["state"], row["is_contradicted"]) == ("closed", False)
            assert row["check"].startswith(f"decided {disposition}, no date by Ann; {check}")

    def test_a_rule_that_is_kept_now_closes_it_another_way(self, tmp_path: Path) -> None:
        policy = Policy(rules=("console-without-mfa",))
        signs_in = password(used=RECENT)
        comparison = run(
            tmp_path,
            [user("a", **signs_in)],
            [user("a", mfa_active="true", **signs_in)],
            policy=policy,
        )
        decision = of_user(comparison.first, "a", "Removed")
        table = review(Decisions((decision,), file=FILE), comparison).table
        assert "closed another way: " in table.iloc[0]["check"]

    def test_a_new_name_in_another_class_switched_nothing_off(self, tmp_path: Path) -> None:
        policy = Policy(classes=(UserClass("svc-*", {"unused_after_days": 1000}),))
        other = user("zed")
        comparison = run(
            tmp_path, [user("a", **key()), other], [user("svc-a", **key()), other], policy=policy
        )
        decision = of_user(comparison.first, "a", "Removed")
        (row,) = review(Decisions((decision,), file=FILE), comparison).table.to_dict("records")
        assert (row["state"], row["is_contradicted"]) == ("closed", True)
        assert "but still active: user renamed from a; another number of days" in row["check"]

    def test_the_decision_goes_with_a_user_that_was_renamed(self, tmp_path: Path) -> None:
        comparison = run(tmp_path, [user("a", **key())], [user("ann", **key())])
        before = of_user(comparison.first, "a", "Removed")
        now = of_user(comparison.newest, "ann", "Exception")
        assert before.finding_id != now.finding_id
        found = review(Decisions((before,), file=FILE), comparison)
        (row,) = found.table.to_dict("records")
        assert (row["finding_id"], row["user"], row["is_contradicted"]) == (
            now.finding_id,
            "ann",
            True,
        )
        assert row["check"].endswith(f"(as of 2026-09-30) (as {before.finding_id} before)")
        assert found.carried.loc[now.finding_id, "disposition"] == "Removed"

        both = review(Decisions((before, now), file=FILE), comparison)
        assert both.carried["disposition"].to_dict() == {now.finding_id: "Exception"}
        assert both.table["check"].tolist()[1] == (
            f"decided Removed, no date by Ann; the one under {now.finding_id} counts"
        )

    def test_a_date_between_is_known_from_the_timeline(self, tmp_path: Path) -> None:
        comparison = run(
            tmp_path,
            [user("a", **key(used=RECENT))],
            [user("a", **key(used=RECENT)), user("b", **key())],
            [user("a", **key(used=RECENT))],
        )  # fmt: skip
        decision = of_user(comparison.assessments[1], "b", "Removed")
        table = review(Decisions((decision,), file=FILE), comparison).table
        row = table[table["user"].eq("b")].iloc[0]
        assert row["state"] == "closed"
        assert row["check"].endswith(", closed on 2026-08-30")

    @pytest.mark.parametrize("first", [key(), key(used=RECENT)])
    def test_a_decision_of_a_date_between_goes_with_a_user_renamed_since(
        self, tmp_path: Path, first: dict[str, str]
    ) -> None:
        other = user("zed")
        comparison = run(
            tmp_path,
            [user("a", **first), other],
            [user("b", **key()), other],
            [user("c", **key()), other],
        )
        decision = of_user(comparison.assessments[1], "b", "Removed", date(2026, 7, 30))
        (row,) = review(Decisions((decision,), file=FILE), comparison).table.to_dict("records")
        assert (row["user"], row["is_found"], row["is_contradicted"]) == ("c", True, True)
        assert row["check"].endswith(f"(as of 2026-08-30) (as {decision.finding_id} before)")

    def test_what_a_date_between_had_may_be_undetermined(self, tmp_path: Path) -> None:
        comparison = run_with_two_successors(tmp_path)
        decision = of_user(comparison.assessments[1], "a", "Removed")
        (row,) = review(Decisions((decision,), file=FILE), comparison).table.to_dict("records")
        assert (row["state"], row["check"]) == (
            "undetermined",
            "decided Removed, no date by Ann; not confirmed: last found on 2026-07-30",
        )

    @pytest.mark.parametrize(
        ("first", "ordinal", "is_compared"),
        [(key(active="false"), "-2", False), (key(active="false"), "-2", True), ({}, "", True)],
    )
    def test_of_keys_made_in_one_second_each_keeps_its_own(
        self, tmp_path: Path, first: dict[str, str], ordinal: str, *, is_compared: bool
    ) -> None:
        """The key that is left alone has the Finding ID that the other had before."""
        second = key(2, used="2025-05-01T00:00:00Z")
        comparison = run(tmp_path, [user("a", **key(), **second)], [user("a", **first, **second)])
        found = comparison.first.findings.set_index("credential")["finding_id"]
        decisions = [
            Decision(
                str(found[name]), disposition, "Ann", account_id=ACCOUNT, user="a", credential=name,
                rule="unused-access-key", limit=">= 90",
            )
            for name, disposition in (("access_key_1", "Disabled"), ("access_key_2", "Open"))
        ]  # fmt: skip
        judged = comparison if is_compared else comparison.newest
        reviewed = review(Decisions(tuple(decisions), file=FILE), judged)
        (left,) = comparison.newest.findings["finding_id"]
        assert left == found["access_key_1"] + ordinal
        assert found["access_key_2"] == found["access_key_1"] + "-2"
        assert reviewed.carried["disposition"].to_dict() == {left: "Open"}
        states = reviewed.table.set_index("disposition")["state"].to_dict()
        assert states == {"Open": "open", "Disabled": "closed" if is_compared else "not_found"}
        assert not reviewed.table["is_contradicted"].any()

    @pytest.mark.parametrize(
        ("then", "is_compared", "carried"),
        [
            ({}, False, {}),
            ({}, True, {"access_key_2": "Open"}),
            (key(1, used="2025-05-01T00:00:00Z"), False, {}),
            (key(1, used="2025-05-01T00:00:00Z"), True, {"access_key_1": "Open"}),
        ],
        ids=["first gone", "first gone, compared", "second is first", "second is first, compared"],
    )
    def test_where_one_of_two_keys_made_in_one_second_is_gone_it_is_not_guessed(
        self, tmp_path: Path, then: dict[str, str], is_compared: bool, carried: dict[str, str]
    ) -> None:
        """The Finding ID of the key that is left was that of the other."""
        second = key(2, used="2025-05-01T00:00:00Z")
        comparison = run(tmp_path, [user("a", **key(), **second)], [user("a", **(then or second))])
        found = comparison.first.findings.set_index("credential")["finding_id"]
        decisions = [
            Decision(
                str(found[name]), disposition, "Ann", account_id=ACCOUNT, user="a", credential=name,
                rule="unused-access-key", limit=">= 90", has_twin=True,
            )
            for name, disposition in (("access_key_1", "Removed"), ("access_key_2", "Open"))
        ]  # fmt: skip
        judged = comparison if is_compared else comparison.newest
        reviewed = review(Decisions(tuple(decisions), file=FILE), judged)
        rows = reviewed.table[reviewed.table["is_found"] & reviewed.table["is_decided"]]
        assert dict(zip(rows["credential"], rows["disposition"], strict=True)) == carried
        assert not reviewed.table["is_contradicted"].any()
        assert all(each.code == "decision-twin" for each in reviewed.notices)
        is_open = not is_compared or bool(then)
        assert bool(reviewed.notices) == is_open
        if is_open:
            assert "one of two keys made in the same second is gone" in reviewed.notices[0].message

    @pytest.mark.parametrize(
        ("day", "is_contradicted", "check"),
        [
            (date(2026, 9, 29), True, ", but still active: used on 2026-09-15"),
            (date(2026, 9, 30), False,
             ", not before this report (as of 2026-09-30): only a later report can show it "
             "(used on 2026-09-15)"),
        ],
    )  # fmt: skip
    def test_use_contradicts_only_what_was_decided_before_the_day_of_the_report(
        self, tmp_path: Path, day: date, is_contradicted: bool, check: str
    ) -> None:
        comparison = run(tmp_path, [user("a", **password())], [user("a", **password(used=LATER))])
        decision = of_user(comparison.first, "a", "Removed", day)
        found = review(Decisions((decision,), file=FILE), comparison)
        (row,) = found.table.to_dict("records")
        assert (row["is_contradicted"], row["check"]) == (
            is_contradicted,
            f"decided Removed on {day} by Ann{check}",
        )
        (notice,) = found.notices
        assert notice.code == ("decision-contradicted" if is_contradicted else "decision-later")

    @pytest.mark.parametrize(
        ("third", "fourth", "is_contradicted", "check"),
        [
            (password(used="2026-08-01T00:00:00Z"), {}, False,
             "; closed another way: used again, closed on 2026-08-30"),
            (password(enabled="false"), password(used=LATER), True,
             ", but still active: deactivated, closed on 2026-08-30, active on 2026-09-30"),
            (password(enabled="false"), password(enabled="false"), False,
             "; confirmed: deactivated, closed on 2026-08-30"),
        ],
    )  # fmt: skip
    def test_what_was_closed_between_is_held_against_the_newest_report(
        self,
        tmp_path: Path,
        third: dict[str, str],
        fourth: dict[str, str],
        is_contradicted: bool,
        check: str,
    ) -> None:
        other = user("zed")
        comparison = run(
            tmp_path,
            [user("a", **password(used=RECENT)), other],
            [user("a", **password()), other],
            [user("a", **third), other],
            [user("a", **fourth), other],
        )
        decision = of_user(comparison.assessments[1], "a", "Disabled", date(2026, 9, 10))
        (row,) = review(Decisions((decision,), file=FILE), comparison).table.to_dict("records")
        assert (row["state"], row["is_contradicted"], row["check"]) == (
            "closed",
            is_contradicted,
            f"decided Disabled on 2026-09-10 by Ann{check}",
        )

    def test_the_newest_date_has_the_review(self, tmp_path: Path) -> None:
        comparison = run(tmp_path, [user("a", **key())], [user("a", **key())])
        decision = of_user(comparison.first, "a", "Removed")
        found = review(Decisions((decision,), file=FILE), comparison)
        reviewed = with_review(comparison, found)
        assert reviewed.newest.review is found
        assert set(found.notices) <= set(reviewed.notices)
        assert reviewed.newest.option_files == {}  # no part of the question, nor of a name


def test_the_counts_in_words(judged: Assessment) -> None:
    decisions = (
        of_user(judged, "a", "Removed"),
        GONE,
        replace(GONE, finding_id="CR-000000000001", account_id="999988887777"),
        replace(GONE, finding_id="CR-000000000002", rule="unrotated-access-key"),
    )
    found = review(Decisions(decisions, file=FILE), judged)
    assert count_sentence(found) == (
        "1 of 4 decisions matched a finding; 1 not found in this run; 1 in accounts without a report "
        "now; 1 of what this run does not judge; 1 open finding has no decision"
    )
    assert contradiction_sentences(found) == [
        "1 decision says Removed or Disabled, which the report contradicts: see Decisions."
    ]
    assert contradiction_sentences(None) == []
    assert found.table["user"].tolist() == ["a", "b", "gone", "gone", "gone"]
    assert found.table["check"].tolist()[1] == "no decision yet"


def test_who_signed_the_old_workbook_is_said(judged: Assessment) -> None:
    signed = (("Control", "CIS"), ("Reviewed by", "Carol"))
    (notice,) = review(Decisions(signed=signed, file=FILE), judged).notices
    assert notice.message == (
        "signed off there (Control: CIS; Reviewed by: Carol); sign this evidence again"
    )
    assert review(Decisions(signed=signed[:1], file=FILE), judged).notices == ()


def test_a_decision_without_a_limit_is_gone_where_the_report_has_no_such_finding(
    judged: Assessment,
) -> None:
    assert told(judged, replace(GONE, limit="")) == told(judged, GONE)


def test_many_decisions_about_what_is_gone_take_time_in_proportion(judged: Assessment) -> None:
    """Without looking through all classes and all that is undetermined for each: 100 seconds."""
    classes = tuple(UserClass(f"x{number}*y", {"unused_after_days": 365}) for number in range(100))
    many = replace(judged, policy=Policy(classes=classes))
    gone = [replace(GONE, finding_id=f"CR-{number:012X}") for number in range(2_000)]
    started = time.process_time()
    found = review(Decisions(tuple(gone), file=FILE), many)
    assert time.process_time() - started < 10
    assert found.table["state"].eq("not_found").sum() == 2_000
