"""One finding in words: literal rows in, literal sentences out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from credreport.errors import UsageError
from credreport.reports.selection import Population, read_reports
from credreport.rules.catalogue import RULES
from credreport.rules.peers import prowler_on_unused
from credreport.rules.policy import Policy, UserClass
from credreport.rules.waivers import load_waivers
from credreport.runs.explain import Explanation, describe_user, elapsed, explain
from credreport.verdicts.assessment import Assessment, assess
from tests.rules.test_catalogue import EXAMPLES
from tests.support.reports import read, root, to_csv, user

EDGE = "2025-11-02T12:00:00Z"  # 90 days before the as-of, to the second
ALICE = user("alice", password_enabled="true", password_last_used=EDGE, password_last_changed=EDGE)
KEY = {"access_key_1_active": "true", "access_key_1_last_rotated": "2025-11-02T11:59:59Z"}


def of(
    directory: Path, *rows: dict[str, str], policy: Policy | None = None
) -> tuple[Population, Assessment]:
    population = read(directory, root(), *rows)
    return population, assess(population, policy)


def only(population: Population, assessment: Assessment) -> Explanation:
    (name,) = assessment.findings["finding_id"]
    return explain(population, assessment, name)


def lines(explanation: Explanation, heading: str) -> tuple[str, ...]:
    return next(each.lines for each in explanation.sections if each.heading.startswith(heading))


def test_a_password_at_the_boundary(tmp_path: Path) -> None:
    explanation = only(*of(tmp_path, ALICE))
    assert explanation.title.endswith(
        ": Console password unused: password of alice in account 111122223333"
    )
    assert lines(
        explanation, "The row as reported (status_reports_2026-01-31T12-00-00+00-00.csv, line 3)"
    ) == (
        "user: alice",
        "arn: arn:aws:iam::111122223333:user/alice",
        "user_creation_time: 2020-01-01T00:00:00Z",
        "password_enabled: true",
        f"password_last_used: {EDGE}   <- decides",
        f"password_last_changed: {EDGE}",
        "mfa_active: false",
    )
    assert lines(explanation, "What decided") == (
        "`password_last_used` decides: days unused.",
        "as-of: 2026-01-31T12:00:00Z (file name)",
        f"password_last_used: {EDGE}",
        "as-of - password_last_used = 90 days 0:00:00; whole days, rounded down: 90",
        "90 >= 90: it fires.",
        "The boundary: it fires from 2026-01-31T12:00:00Z on, and not one second earlier; the as-of is "
        "0 days 0:00:00 after that.",
    )
    assert lines(explanation, "What other tools")[0].startswith(
        "Prowler: PASS at 90 days: it fires above the number, not at it."
    )
    assert lines(explanation, "State") == ("Open.", "No waivers were given (--waivers).")
    assert "Step 2: aws iam delete-login-profile --user-name=alice" in lines(
        explanation, "What to do"
    )


def test_a_key_that_was_never_used_counts_from_the_day_it_was_made(tmp_path: Path) -> None:
    explanation = only(*of(tmp_path, user("bob", **KEY)))
    decided = lines(explanation, "What decided")
    assert decided[0] == (
        "`access_key_1_last_used_date` is 'N/A': never used, so the day on which it was set counts, "
        "`access_key_1_last_rotated`."
    )
    assert (
        "as-of - access_key_1_last_rotated = 90 days 0:00:01; whole days, rounded down: 90"
        in decided
    )
    assert lines(explanation, "What other tools")[0] == (
        "Prowler: PASS: it always passes a credential that was never used."
    )


@pytest.mark.parametrize(
    ("expires", "arithmetic", "fires"),
    [
        ("2026-02-02T18:00:00Z", "2 days 6:00:00; whole days, rounded down: 2", "2 <= 7"),
        ("2026-01-31T12:00:00Z", "0 days 0:00:00; whole days, rounded down: 0", "0 <= 7"),
        ("2025-12-05T06:00:00Z", "-57 days 6:00:00; whole days, rounded down: -58", "-58 <= 7"),
    ],
)
def test_days_that_are_left_may_be_negative(
    tmp_path: Path, expires: str, arithmetic: str, fires: str
) -> None:
    recent = "2026-01-31T00:00:00Z"
    dates = {"password_last_changed": recent, "password_next_rotation": expires}
    row = user("alice", password_enabled="true", password_last_used=recent, **dates)
    decided = lines(
        only(*of(tmp_path, row, policy=Policy(rules=("expiring-password",)))), "What decided"
    )
    assert decided[3:5] == (
        f"password_next_rotation - as-of = {arithmetic}",
        f"{fires}: it fires.",
    )


def test_a_number_of_a_class_is_said(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('[[class]]\nmatch = "a*"\nunused_after_days = 30\n')
    from credreport.rules.policy import load_policy

    explanation = only(*of(tmp_path, ALICE, policy=load_policy(tmp_path / "policy.toml")))
    assert lines(explanation, "What decided")[-1] == (
        "The number 30 is that of the class of this user; for others it is 90."
    )


def test_a_number_other_than_that_of_the_profile_is_said(tmp_path: Path) -> None:
    explanation = only(*of(tmp_path, ALICE, policy=Policy(unused_after_days=60)))
    assert (
        "(asked for by this run; profile conformity has 90)." in lines(explanation, "The rule")[1]
    )


@pytest.mark.parametrize(
    ("days", "source"),
    [
        (90, "credreport's own default"),
        (30, "asked for by this run; credreport's own default is 90"),
    ],
)
def test_a_number_that_the_profile_does_not_have_is_none_of_its(
    tmp_path: Path, days: int, source: str
) -> None:
    policy = Policy(rules=("unrotated-access-key",), numbers={"rotate_after_days": days})
    row = user("bob", **KEY | {"access_key_1_last_rotated": "2025-01-01T00:00:00Z"})
    explanation = only(*of(tmp_path, row, policy=policy))
    assert lines(explanation, "The rule")[1] == f"Fires at > {days} days ({source})."


def test_a_rule_that_does_not_ask_for_use_is_not_explained_by_it(tmp_path: Path) -> None:
    policy = Policy(rules=("unrotated-access-key",), numbers={"rotate_after_days": 30})
    explanation = only(*of(tmp_path, user("bob", **KEY), policy=policy))
    assert lines(explanation, "What decided")[0] == (
        "`access_key_1_last_rotated` decides: days since it was made."
    )


@pytest.mark.parametrize("reason", ["Sealed", "Sealed."])
def test_a_waiver_is_named(tmp_path: Path, reason: str) -> None:
    text = (
        f'[[waiver]]\nid = "W1"\nuser = "alice"\nreason = "{reason}"\napproved_by = "CISO"\n'
        "approved_on = 2026-01-01\nexpires = {}\n"
    )
    path = tmp_path / "waivers.toml"
    population = read(tmp_path, root(), ALICE)
    path.write_text(text.format("2026-12-31"))
    explanation = only(population, assess(population, None, load_waivers(path)))
    assert lines(explanation, "State") == (
        "Waived by W1: Sealed. Approved by CISO on 2026-01-01; expires 2026-12-31.",
    )
    path.write_text(text.format("2026-01-02"))
    explanation = only(population, assess(population, None, load_waivers(path)))
    assert lines(explanation, "State") == ("Open.", "Waiver W1 would cover it, but has expired.")


@pytest.mark.parametrize("name", RULES)
def test_every_rule_can_be_explained(tmp_path: Path, name: str) -> None:
    population = read(tmp_path, EXAMPLES[name][0])
    assessment = assess(population, Policy(rules=(name,)))
    for finding in assessment.findings["finding_id"]:
        explanation = explain(population, assessment, finding)
        assert all(section.lines for section in explanation.sections)
        assert explanation.cells["user"]


def test_a_beginning_that_several_share_is_refused_with_the_candidates(tmp_path: Path) -> None:
    population, assessment = of(tmp_path, ALICE, user("bob", **KEY))
    with pytest.raises(
        UsageError, match=r"CR-: 2 findings begin like this: CR-.* \(.*\), CR-.*; give more"
    ):
        explain(population, assessment, "CR-")
    first = assessment.findings["finding_id"][0]
    assert explain(population, assessment, first[3:8].lower()).title.startswith(first)


def test_a_finding_that_does_not_fire_here_is_told_why(tmp_path: Path) -> None:
    population, assessment = of(tmp_path, ALICE)
    (name,) = assessment.findings["finding_id"]
    later = assess(population, Policy(unused_after_days=91))
    with pytest.raises(
        UsageError, match="under rule unused-password, which does not fire: 90 days, and"
    ):
        explain(population, later, name)
    of_class = Policy(classes=(UserClass("a*", {"unused_after_days": 365}),))
    with pytest.raises(UsageError, match=r"90 days, and the rule fires at >= 365 days; give the"):
        explain(population, assess(population, of_class), name)
    of_root = assess(population, Policy(include_root=True)).findings.set_index("user")["finding_id"]
    with pytest.raises(UsageError, match="which judges root with --include-root only"):
        explain(population, assessment, of_root["<root_account>"])
    other = assess(population, Policy(rules=("unused-access-key",)))
    with pytest.raises(
        UsageError, match="which is not in force here: give its --profile or --policy"
    ):
        explain(population, other, name)
    with pytest.raises(
        UsageError, match="of a key that was rotated or a user that was created again"
    ):
        explain(population, assessment, "CR-000000000000")


def test_a_user_is_described_credential_by_credential(tmp_path: Path) -> None:
    _, assessment = of(tmp_path, ALICE)
    (finding,) = assessment.findings["finding_id"]
    found = describe_user(assessment, "alice")
    assert found[0] == (
        f"password in account 111122223333: unused, 90 days since {EDGE} (password_last_used); {finding}"
    )
    assert found[1] == "access key 1 in account 111122223333: absent"
    assert describe_user(assessment, "nobody") == []


def test_of_a_user_whole_findings_and_what_is_undetermined_are_told_too(tmp_path: Path) -> None:
    rules = ("user-without-mfa", "unrotated-access-key", "active-signing-certificate")
    cells = {"access_key_1_active": "true", "access_key_1_last_rotated": "4/5/2019"}
    row = user("eve", password_enabled="true", cert_1_active="true", **cells)
    _, assessment = of(tmp_path, row, policy=Policy(rules=rules))
    ids = assessment.findings.set_index("rule")["finding_id"]
    here = "in account 111122223333:"
    assert describe_user(assessment, "eve")[3:] == [
        f"signing certificate 1 {here} not tracked; AWS records no use of signing certificates; "
        f"{ids['active-signing-certificate']}",
        f"signing certificate 2 {here} absent",
        f"user {here} user-without-mfa; {ids['user-without-mfa']}",
        f"access key 1 {here} undetermined by unrotated-access-key: whether the key is active is "
        "neither true nor false, or when it was made is not a readable date before the as-of",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 days 0:00:00"),
        (86_399, "0 days 23:59:59"),
        (86_400, "1 day 0:00:00"),
        (8_467_509, "98 days 0:05:09"),
    ],
)
def test_time_is_said_to_the_second(seconds: int, words: str) -> None:
    assert elapsed(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("days", "is_never_used", "start"),
    [
        (89, False, "PASS at 90"),
        (90, False, "PASS at 90 days: it fires above"),
        (91, False, "FAIL"),
        (999, True, "PASS: "),
    ],
)
def test_prowler_fires_above_the_number(days: int, start: str, *, is_never_used: bool) -> None:
    assert prowler_on_unused(days, 90, is_never_used=is_never_used).startswith(start)


def test_the_samples_can_be_explained() -> None:
    population = read_reports("sample_reports/2026-09-30")
    assessment = assess(population, Policy.of("all"))
    arns = assessment.findings.set_index("finding_id")["arn"]
    for finding in [*arns.index[:20], *arns.index[-20:]]:
        explanation = explain(population, assessment, finding)
        assert explanation.title.startswith(finding)
        assert explanation.cells["arn"] == arns[finding]


def test_the_row_is_that_of_the_own_report_among_several(tmp_path: Path) -> None:
    for second, account, row in (
        ("00", "111122223333", user("bob", "111122223333")),
        ("01", "444455556666", ALICE | {"arn": "arn:aws:iam::444455556666:user/alice"}),
    ):
        path = tmp_path / f"status_reports_2026-01-31T12-00-{second}+00-00.csv"
        path.write_text(to_csv(root(account), row), encoding="utf-8")
    population = read_reports(tmp_path)
    explanation = only(population, assess(population))
    assert explanation.cells["arn"] == "arn:aws:iam::444455556666:user/alice"
    assert explanation.cells["password_last_used"] == EDGE
