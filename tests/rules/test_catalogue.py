"""Every rule: what makes it fire, what leaves it silent, on both sides of its boundary."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from credreport.evidence.standing import to_rules, to_standing
from credreport.instants import format_instant, parse_instant
from credreport.reports.selection import read_reports
from credreport.rules.catalogue import PARAMETERS, RULES
from credreport.rules.policy import Policy, UserClass
from credreport.rules.rule import Rule, Subject
from credreport.verdicts.assessment import Assessment, assess
from tests.support.reports import ACCOUNT, NAME, judge, root, save, to_csv, user

Row = dict[str, str]

PASSWORD = {
    "password_enabled": "true",
    "password_last_used": "2026-01-30T08:00:00Z",
    "password_last_changed": "2026-01-10T08:00:00Z",
}
KEY_1 = {
    "access_key_1_active": "true",
    "access_key_1_last_rotated": "2026-01-10T08:00:00Z",
    "access_key_1_last_used_date": "2026-01-30T08:00:00Z",
}
KEY_2 = {name.replace("key_1", "key_2"): cell for name, cell in KEY_1.items()}
NEVER_USED_PASSWORD = PASSWORD | {"password_last_used": "no_information"}
NEVER_USED_KEY = KEY_1 | {"access_key_1_last_used_date": "N/A"}

# Judged as of 2026-01-31T12:00:00Z. The first fires, the second is silent: where a rule has a
# number, one second apart.
EXAMPLES: dict[str, tuple[Row, Row]] = {
    "unused-password": (
        user(**PASSWORD | {"password_last_used": "2025-11-02T12:00:00Z"}),
        user(**PASSWORD | {"password_last_used": "2025-11-02T12:00:01Z"}),
    ),
    "unused-access-key": (
        user(**KEY_1 | {"access_key_1_last_used_date": "2025-11-02T12:00:00Z"}),
        user(**KEY_1 | {"access_key_1_last_used_date": "2025-11-02T12:00:01Z"}),
    ),
    "never-used-password": (
        user(**NEVER_USED_PASSWORD | {"password_last_changed": "2026-01-24T12:00:00Z"}),
        user(**NEVER_USED_PASSWORD | {"password_last_changed": "2026-01-24T12:00:01Z"}),
    ),
    "never-used-access-key": (
        user(**NEVER_USED_KEY | {"access_key_1_last_rotated": "2026-01-24T12:00:00Z"}),
        user(**NEVER_USED_KEY | {"access_key_1_last_rotated": "2026-01-24T12:00:01Z"}),
    ),
    "unrotated-access-key": (
        user(**KEY_1 | {"access_key_1_last_rotated": "2025-11-01T12:00:00Z"}),
        user(**KEY_1 | {"access_key_1_last_rotated": "2025-11-01T12:00:01Z"}),
    ),
    "old-password": (
        user(**PASSWORD | {"password_last_changed": "2025-11-01T12:00:00Z"}),
        user(**PASSWORD | {"password_last_changed": "2025-11-01T12:00:01Z"}),
    ),
    "old-single-factor-password": (
        user(**PASSWORD | {"password_last_changed": "2025-11-01T12:00:00Z"}),
        user(**PASSWORD | {"password_last_changed": "2025-11-01T12:00:01Z"}),
    ),
    "expiring-password": (
        user(**PASSWORD | {"password_next_rotation": "2026-02-08T11:59:59Z"}),
        user(**PASSWORD | {"password_next_rotation": "2026-02-08T12:00:00Z"}),
    ),
    "console-without-mfa": (
        user(**PASSWORD | {"mfa_active": "false"}),
        user(**PASSWORD | {"mfa_active": "true"}),
    ),
    "user-without-mfa": (
        user(**KEY_1 | {"mfa_active": "false"}),
        user(**KEY_1 | {"mfa_active": "true"}),
    ),
    "setup-access-key": (
        user(**PASSWORD | NEVER_USED_KEY),
        user(**PASSWORD | KEY_1),
    ),
    "two-active-access-keys": (
        user(**KEY_1 | KEY_2),
        user(**KEY_1 | KEY_2 | {"access_key_1_active": "false"}),
    ),
    "password-and-access-key": (
        user(**PASSWORD | KEY_2),
        user(**PASSWORD | KEY_2 | {"password_enabled": "false"}),
    ),
    "root-access-key": (
        root(**KEY_2),
        root(**KEY_2 | {"access_key_2_active": "false"}),
    ),
    "root-without-mfa": (
        root(mfa_active="false"),
        root(mfa_active="true"),
    ),
    "root-recently-used": (
        root(password_last_used="2026-01-23T12:00:01Z"),
        root(password_last_used="2026-01-23T12:00:00Z"),
    ),
    "active-signing-certificate": (
        user(cert_2_active="true", cert_2_last_rotated="2015-03-01T08:00:00Z"),
        user(cert_2_active="false", cert_2_last_rotated="2015-03-01T08:00:00Z"),
    ),
    "inactive-user": (
        user(**PASSWORD | {"password_last_used": "2025-11-02T12:00:00Z"}),
        user(**PASSWORD | {"password_last_used": "2025-11-02T12:00:00Z"} | KEY_1),
    ),
    "user-without-credentials": (
        user(access_key_1_last_rotated="2024-01-10T08:00:00Z"),
        user(**KEY_1),
    ),
}


_JUDGED: dict[tuple[object, ...], Assessment] = {}


def by_rule(directory: Path, rule: str, *rows: Row) -> Assessment:
    """Return the rows judged by one rule alone: once, however many tests ask for it."""
    key = (rule, *(tuple(row.items()) for row in rows))
    if key not in _JUDGED:
        _JUDGED[key] = judge(directory, *rows, policy=Policy(rules=(rule,)))
    return _JUDGED[key]


def fired(directory: Path, rule: str, *rows: Row, policy: Policy | None = None) -> list[str]:
    """Return the user and credential of each finding of the rule."""
    if policy is None:
        assessment = by_rule(directory, rule, *rows)
    else:
        assessment = judge(directory, *rows, policy=policy)
    mine = assessment.findings[assessment.findings["rule"].eq(rule)]
    return [f"{row.user} {row.credential}" for row in mine.itertuples()]


def undecided(directory: Path, rule: str, *rows: Row) -> list[str]:
    """Return the credential of each row of which the rule could not tell."""
    assessment = by_rule(directory, rule, *rows)
    assert bool(assessment.doubts) is not assessment.undecided.empty
    return list(assessment.undecided["credential"])


def test_every_rule_has_a_firing_and_a_silent_example() -> None:
    assert list(EXAMPLES) == list(RULES)


# What fires is judged rule by rule below; here every example is, in an account of its own, by all.
@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    directory = tmp_path_factory.mktemp("examples")
    for rule, rows in EXAMPLES.items():
        for account, row in zip(accounts_of(rule), rows, strict=True):
            moved = row | {"arn": row["arn"].replace(ACCOUNT, account)}
            save(directory, moved, name=f"{account}-{NAME}")
    return assess(read_reports(directory), Policy(rules=tuple(RULES)))


def accounts_of(rule: str) -> tuple[str, str]:
    """Return the accounts that hold the rule's examples: the one that fires, the silent one."""
    number = list(RULES).index(rule)
    return f"1{number:011d}", f"2{number:011d}"


@pytest.mark.parametrize("rule", RULES)
def test_rule_fires_in_one_example_and_is_silent_in_the_other(
    examples: Assessment, rule: str
) -> None:
    firing, silent = accounts_of(rule)
    mine = examples.findings[examples.findings["rule"].eq(rule)]
    assert list(mine["account_id"]).count(firing) == 1
    assert silent not in set(mine["account_id"])
    unsure = examples.undetermined[examples.undetermined["account_id"].eq(silent)]
    assert not unsure["reason"].str.contains(f"{rule}: ").any()


# When a rule fires, by the name of its parameter.
BOUNDARIES = {
    "unused_after_days": ">= 90 days",
    "grace_days": ">= 7 days",
    "rotate_after_days": "> 90 days",
    "password_age_days": "> 90 days",
    "expires_within_days": "<= 7 days",
    "root_used_within_days": "<= 7 days",
}


def test_every_parameter_has_its_boundary() -> None:
    assert list(BOUNDARIES) == list(PARAMETERS)


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.values() if rule.parameter], ids=lambda rule: rule.id
)
def test_default_stands_at_the_boundary_of_the_example(rule: Rule) -> None:
    assert rule.parameter is not None
    assert rule.boundary() == BOUNDARIES[rule.parameter.name]


# The number that fired, its limit, the date it is counted from and that date's column; as in
# EXAMPLES, judged as of 2026-01-31T12:00:00Z.
MEASURED = {
    "unused-password": (90, ">= 90", "2025-11-02T12:00:00Z", "password_last_used"),
    "unused-access-key": (90, ">= 90", "2025-11-02T12:00:00Z", "access_key_1_last_used_date"),
    "never-used-password": (7, ">= 7", "2026-01-24T12:00:00Z", "password_last_changed"),
    "never-used-access-key": (7, ">= 7", "2026-01-24T12:00:00Z", "access_key_1_last_rotated"),
    "unrotated-access-key": (91, "> 90", "2025-11-01T12:00:00Z", "access_key_1_last_rotated"),
    "old-password": (91, "> 90", "2025-11-01T12:00:00Z", "password_last_changed"),
    "old-single-factor-password": (91, "> 90", "2025-11-01T12:00:00Z", "password_last_changed"),
    "expiring-password": (7, "<= 7", "2026-02-08T11:59:59Z", "password_next_rotation"),
    "root-recently-used": (7, "<= 7", "2026-01-23T12:00:01Z", "password_last_used"),
    "inactive-user": (90, ">= 90", "2025-11-02T12:00:00Z", "password_last_used"),
}


@pytest.mark.parametrize("rule", RULES)
def test_finding_shows_what_its_rule_measured(tmp_path: Path, rule: str) -> None:
    firing, _ = EXAMPLES[rule]
    (finding,) = by_rule(tmp_path, rule, firing).findings.to_dict("records")
    found = RULES[rule]
    if found.parameter is None:
        assert pd.isna(finding["days"])
        assert pd.isna(finding["since"])
        assert (finding["limit"], finding["basis"]) == ("", "")
        return
    assert finding["limit"] == f"{found.operator} {found.parameter.default}"
    assert finding["basis"] in firing
    assert finding["since"] == parse_instant(firing[finding["basis"]])


@pytest.mark.parametrize("rule", MEASURED)
def test_number_that_fired_is(tmp_path: Path, rule: str) -> None:
    firing, _ = EXAMPLES[rule]
    (finding,) = by_rule(tmp_path, rule, firing).findings.to_dict("records")
    since = format_instant(finding["since"])
    assert (finding["days"], finding["limit"], since, finding["basis"]) == MEASURED[rule]


def test_every_rule_with_a_number_is_measured_there() -> None:
    assert {*MEASURED} == {rule.id for rule in RULES.values() if rule.parameter}


def test_every_rule_with_a_number_measures_something() -> None:
    assert all(bool(rule.measure) is bool(rule.parameter) for rule in RULES.values())


def test_findings_stand_most_severe_first_then_oldest(tmp_path: Path) -> None:
    old = {"access_key_1_last_rotated": "2020-01-01T00:00:00Z"}
    older = {"access_key_1_last_rotated": "2019-01-01T00:00:00Z"}
    rows = [user("a", **KEY_1 | old), user("b", **KEY_1 | older), user("c", **PASSWORD)]
    rules = ("unrotated-access-key", "console-without-mfa", "old-password", "root-access-key")
    assessment = judge(tmp_path, *rows, root(**KEY_2), policy=Policy(rules=rules))
    found = assessment.findings[["severity", "rule", "user"]].to_numpy().tolist()
    assert found == [
        ["critical", "root-access-key", "<root_account>"],
        ["high", "console-without-mfa", "c"],
        ["medium", "unrotated-access-key", "b"],
        ["medium", "unrotated-access-key", "a"],
        ["low", "old-password", "<root_account>"],
    ]


def test_limit_is_that_of_the_users_class(tmp_path: Path) -> None:
    policy = Policy(classes=(UserClass("svc-*", {"unused_after_days": 200}),))
    used = {"access_key_1_last_used_date": "2025-01-01T00:00:00Z"}
    rows = [user("svc-a", **KEY_1 | used), user("bob", **KEY_1 | used)]
    findings = judge(tmp_path, *rows, policy=policy).findings
    assert dict(zip(findings["user"], findings["limit"], strict=True)) == {
        "bob": ">= 90",
        "svc-a": ">= 200",
    }


def test_rule_without_a_number_has_no_boundary() -> None:
    assert RULES["root-access-key"].boundary() == ""


def test_a_rule_about_one_kind_of_credential_fires_for_no_other(tmp_path: Path) -> None:
    """Each user has one credential in use, and one that was never used."""
    in_use, long_ago = "2026-01-30T00:00:00Z", "2025-01-01T00:00:00Z"
    on = {"password_enabled": "true", "password_last_changed": long_ago}
    key = NEVER_USED_KEY | {"access_key_1_last_rotated": long_ago}
    rows = [
        user("ann", **on | {"password_last_used": in_use}, **key),
        user("bob", **on | {"password_last_used": "no_information"}, **KEY_1),
    ]
    rules = (
        *("unused-password", "unused-access-key", "never-used-password", "never-used-access-key"),
        *("old-password", "unrotated-access-key", "old-single-factor-password", "setup-access-key"),
    )
    found = judge(tmp_path, root(**key), *rows, policy=Policy(rules=rules)).findings
    assert sorted(zip(found["user"], found["credential"], found["rule"], strict=True)) == [
        ("<root_account>", "access_key_1", "unrotated-access-key"),
        ("<root_account>", "password", "old-password"),
        ("ann", "access_key_1", "never-used-access-key"),
        ("ann", "access_key_1", "setup-access-key"),
        ("ann", "access_key_1", "unrotated-access-key"),
        ("ann", "access_key_1", "unused-access-key"),
        ("ann", "password", "old-password"),
        ("ann", "password", "old-single-factor-password"),
        ("bob", "password", "never-used-password"),
        ("bob", "password", "old-password"),
        ("bob", "password", "old-single-factor-password"),
        ("bob", "password", "unused-password"),
    ]


def test_nothing_is_undetermined_about_the_key_of_who_has_no_password(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(), user(**NEVER_USED_KEY), policy=Policy(rules=tuple(RULES)))
    assert assessment.undecided.empty
    assert "setup-access-key" not in set(assessment.findings["rule"])


def test_a_key_that_was_used_is_no_unneeded_one_where_blanks_are_absences(tmp_path: Path) -> None:
    absences = ("N/A", "no_information", "not_supported")
    rows = [
        {column: "" if cell in absences else cell for column, cell in row.items()}
        for row in (
            root(),
            user("ann", **PASSWORD, **KEY_1),
            user("bo", **PASSWORD, **NEVER_USED_KEY),
        )
    ]
    assert fired(tmp_path, "setup-access-key", *rows) == ["bo access_key_1"]


def test_a_use_at_the_as_of_is_a_use_of_that_day(tmp_path: Path) -> None:
    row = root(password_last_used="2026-01-31T12:00:00Z", password_enabled="true")
    assert fired(tmp_path, "root-recently-used", row) == ["<root_account> root"]


SEVERITIES = [
    ("critical", ["root-access-key", "root-without-mfa"]),
    ("high", ["console-without-mfa"]),
    ("medium", ["unused-password", "unused-access-key"]),
    ("medium", ["never-used-password", "never-used-access-key", "unrotated-access-key"]),
    ("medium", ["inactive-user", "user-without-mfa"]),
    ("medium", ["root-recently-used", "active-signing-certificate"]),
    ("low", ["old-password", "expiring-password", "setup-access-key"]),
    ("low", ["old-single-factor-password"]),
    ("low", ["two-active-access-keys", "password-and-access-key"]),
    ("info", ["user-without-credentials"]),
]


@pytest.mark.parametrize(("severity", "rules"), SEVERITIES)
def test_severity_is_that_of_the_specification(severity: str, rules: list[str]) -> None:
    assert {RULES[rule].severity.value for rule in rules} == {severity}


def test_every_rule_has_its_severity_there() -> None:
    assert sorted(rule for _, rules in SEVERITIES for rule in rules) == sorted(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_rule_is_whole(rule: str) -> None:
    found = RULES[rule]
    assert found.title
    assert found.measures
    assert found.action
    assert bool(found.operator) is bool(found.parameter)
    assert all(any(letter.isdigit() for letter in control) for control in found.controls)
    assert (found.remedy is None) <= found.is_scripted


# What other tools get wrong, a test a row.


def test_peer_fault_never_used_key_passes_for_ever(tmp_path: Path) -> None:
    row = user(**NEVER_USED_KEY | {"access_key_1_last_rotated": "2019-01-01T00:00:00Z"})
    assert fired(tmp_path, "unused-access-key", row) == ["alice access_key_1"]
    assert fired(tmp_path, "never-used-access-key", row) == ["alice access_key_1"]


def test_peer_fault_dates_in_z_read_as_never(tmp_path: Path) -> None:
    row = user(**KEY_1 | {"access_key_1_last_used_date": "2026-01-30T08:00:00Z"})
    assert fired(tmp_path, "never-used-access-key", row) == []
    assert fired(tmp_path, "unused-access-key", row) == []


def test_peer_fault_inactive_key_1_hides_a_stale_key_2(tmp_path: Path) -> None:
    stale = KEY_2 | {
        "access_key_2_last_rotated": "2020-01-01T00:00:00Z",
        "access_key_2_last_used_date": "2021-01-01T00:00:00Z",
    }
    row = user(**KEY_1 | stale | {"access_key_1_active": "false"})
    assert fired(tmp_path, "unused-access-key", row) == ["alice access_key_2"]
    assert fired(tmp_path, "unrotated-access-key", row) == ["alice access_key_2"]


@pytest.mark.parametrize("newest", ["password", "access_key_1", "access_key_2"])
def test_peer_fault_newest_use_of_root_from_the_first_filled_column(
    tmp_path: Path, newest: str
) -> None:
    columns = {
        "password": "password_last_used",
        "access_key_1": "access_key_1_last_used_date",
        "access_key_2": "access_key_2_last_used_date",
    }
    old = dict.fromkeys(columns.values(), "2024-01-01T00:00:00Z")
    row = root(**old | {columns[newest]: "2026-01-30T00:00:00Z"})
    assessment = judge(tmp_path, row, policy=Policy(rules=("root-recently-used",)))
    (finding,) = assessment.findings.to_dict("records")
    assert finding["basis"] == columns[newest]
    assert finding["days"] == 1
    assert finding["limit"] == "<= 7"


def test_peer_fault_root_and_one_user_never_checked(tmp_path: Path) -> None:
    row = user(**KEY_1 | {"access_key_1_last_used_date": "2020-01-02T00:00:00Z"})
    assert fired(tmp_path, "unused-access-key", root(), row) == ["alice access_key_1"]


def test_peer_fault_operator_turned_round_for_keys(tmp_path: Path) -> None:
    old = user("old", **KEY_1 | {"access_key_1_last_rotated": "2020-01-01T00:00:00Z"})
    new = user("young", **KEY_1)
    assert fired(tmp_path, "unrotated-access-key", new, old) == ["old access_key_1"]


@pytest.mark.parametrize("off", ["FALSE", "False", "false"])
def test_peer_fault_false_in_capitals_passes_mfa(tmp_path: Path, off: str) -> None:
    row = user(**PASSWORD | {"password_enabled": "TRUE", "mfa_active": off})
    assert fired(tmp_path, "console-without-mfa", row) == ["alice user"]


# Rotation is >, unused is >=, in one and the same profile.


def test_cis_fires_unused_at_45_and_rotation_above_90(tmp_path: Path) -> None:
    at_45 = {"access_key_1_last_used_date": "2025-12-17T12:00:00Z"}
    at_90 = {"access_key_1_last_rotated": "2025-11-02T12:00:00Z"}
    row = user(**KEY_1 | at_45 | at_90)
    assessment = judge(tmp_path, row, policy=Policy.of("cis-3.0"))
    assert list(assessment.findings["rule"]) == ["unused-access-key"]


# The finer points of single rules.


def test_rotation_looks_at_the_key_not_at_its_use(tmp_path: Path) -> None:
    row = user(**KEY_1 | {"access_key_1_last_rotated": "2025-01-01T00:00:00Z"})
    assessment = judge(tmp_path, row, policy=Policy(rules=("unrotated-access-key",)))
    (finding,) = assessment.findings.to_dict("records")
    assert finding["days"] == 395
    assert finding["basis"] == "access_key_1_last_rotated"


def test_rotation_looks_at_the_keys_of_root_too(tmp_path: Path) -> None:
    row = root(**KEY_1 | {"access_key_1_last_rotated": "2025-01-01T00:00:00Z"})
    assert fired(tmp_path, "unrotated-access-key", row) == ["<root_account> access_key_1"]


@pytest.mark.parametrize("cell", ["4/5/2019", "2026-02-01T00:00:00Z", "N/A"])
def test_rotation_cannot_tell_without_a_date_before_the_as_of(tmp_path: Path, cell: str) -> None:
    row = user(**KEY_1 | {"access_key_1_last_rotated": cell})
    assert fired(tmp_path, "unrotated-access-key", row) == []
    assert undecided(tmp_path, "unrotated-access-key", row) == ["access_key_1"]


def test_inactive_key_without_a_date_is_no_matter(tmp_path: Path) -> None:
    row = user(access_key_1_last_rotated="4/5/2019")
    assert undecided(tmp_path, "unrotated-access-key", row) == []


def test_root_password_that_the_report_does_not_support_has_no_age(tmp_path: Path) -> None:
    row = root(password_enabled="not_supported", password_last_changed="not_supported")
    assert undecided(tmp_path, "old-password", row) == []
    assert fired(tmp_path, "old-password", row) == []


@pytest.mark.parametrize("cell", ["2026-01-01T00:00:00Z", "2020-01-01T00:00:00Z"])
def test_password_past_its_rotation_has_expired(tmp_path: Path, cell: str) -> None:
    row = user(**PASSWORD | {"password_next_rotation": cell})
    assert fired(tmp_path, "expiring-password", row) == ["alice password"]


@pytest.mark.parametrize("cell", ["N/A", "no_information", "not_supported"])
def test_password_without_rotation_does_not_expire(tmp_path: Path, cell: str) -> None:
    row = user(**PASSWORD | {"password_next_rotation": cell})
    assert fired(tmp_path, "expiring-password", row) == []
    assert undecided(tmp_path, "expiring-password", row) == []


@pytest.mark.parametrize("cell", ["soon", ""])
def test_unreadable_expiry_cannot_be_told(tmp_path: Path, cell: str) -> None:
    row = user(**PASSWORD | {"password_next_rotation": cell})
    assert undecided(tmp_path, "expiring-password", row) == ["password"]


@pytest.mark.parametrize(
    ("created", "words"),
    [
        ("2026-01-10T07:59:00Z", "the key was made with the user"),
        ("2026-01-10T08:01:00Z", "the key was made with the user"),
        ("2026-01-10T07:58:59Z", "the key was made less than a day after the user"),
        ("2026-01-09T08:00:00Z", "the key was made 1 day after the user"),
        ("2026-01-08T08:00:00Z", "the key was made 2 days after the user"),
        ("2026-01-10T08:01:01Z", "the key is older than the user"),
        ("yesterday", "whether the key was made with the user cannot be determined"),
    ],
)
def test_setup_key_says_whether_it_was_made_with_the_user(
    tmp_path: Path, created: str, words: str
) -> None:
    row = user(**PASSWORD | NEVER_USED_KEY | {"user_creation_time": created})
    assessment = judge(tmp_path, row, policy=Policy(rules=("setup-access-key",)))
    action = "Deactivate the access key unless the user asked for it"
    assert list(assessment.findings["action"]) == [f"{action} ({words})"]


@pytest.mark.parametrize("cells", [{"password_enabled": "false"}, {"access_key_1_active": "false"}])
def test_setup_key_needs_a_console_user_and_an_active_key(
    tmp_path: Path, cells: dict[str, str]
) -> None:
    row = user(**PASSWORD | NEVER_USED_KEY | cells)
    assert fired(tmp_path, "setup-access-key", row) == []
    assert undecided(tmp_path, "setup-access-key", row) == []


@pytest.mark.parametrize(
    "cells", [{"password_enabled": "yes"}, {"access_key_1_last_used_date": "?"}]
)
def test_setup_key_needs_to_know_of_the_password_and_the_use(
    tmp_path: Path, cells: dict[str, str]
) -> None:
    row = user(**PASSWORD | NEVER_USED_KEY | cells)
    assert undecided(tmp_path, "setup-access-key", row) == ["access_key_1"]


def test_setup_key_of_root_is_left_to_the_rules_about_root(tmp_path: Path) -> None:
    assert fired(tmp_path, "setup-access-key", root(**NEVER_USED_KEY)) == []


def test_never_used_cannot_be_told_where_use_is_not_tracked(tmp_path: Path) -> None:
    columns = [name for name in user() if "last_used" not in name or name == "password_last_used"]
    path = tmp_path / "status_reports_2026-01-31T12-00-00+00-00.csv"
    path.write_text(to_csv(user(**KEY_1), columns=tuple(columns)))
    assessment = assess(read_reports(path), Policy(rules=("never-used-access-key",)))
    assert list(assessment.undecided["credential"]) == ["access_key_1"]
    assert assessment.findings.empty


def test_never_used_leaves_root_to_the_rules_about_root(tmp_path: Path) -> None:
    assert fired(tmp_path, "never-used-password", root()) == []
    include_root = Policy(rules=("never-used-password",), include_root=True)
    found = fired(tmp_path, "never-used-password", root(), policy=include_root)
    assert found == ["<root_account> password"]


@pytest.mark.parametrize("rule", ["console-without-mfa", "user-without-mfa"])
@pytest.mark.parametrize("word", ["", "yes", "not_supported"])
def test_mfa_that_is_neither_on_nor_off_cannot_be_told(
    tmp_path: Path, rule: str, word: str
) -> None:
    row = user(**PASSWORD | {"mfa_active": word})
    assert undecided(tmp_path, rule, row) == ["user"]


def test_mfa_is_not_asked_of_a_user_without_credentials(tmp_path: Path) -> None:
    assert fired(tmp_path, "user-without-mfa", user(mfa_active="false")) == []
    assert undecided(tmp_path, "user-without-mfa", user(mfa_active="?")) == []


def test_root_is_no_user_of_the_rules_about_users(tmp_path: Path) -> None:
    row = root(**PASSWORD | KEY_1 | KEY_2 | {"mfa_active": "false"})
    about_users = [rule.id for rule in RULES.values() if rule.subject is Subject.USER]
    assessment = judge(tmp_path, row, policy=Policy(rules=tuple(about_users)))
    assert assessment.findings.empty


@pytest.mark.parametrize(
    ("cells", "is_broken"),
    [
        ({"password_enabled": "not_supported"}, True),
        ({"password_enabled": "true"}, True),
        ({"password_enabled": "false"}, False),
        ({"password_enabled": "false"} | KEY_2, True),
    ],
)
def test_root_without_mfa_needs_a_way_in(
    tmp_path: Path, cells: dict[str, str], *, is_broken: bool
) -> None:
    row = root(**{"mfa_active": "false"} | cells)
    assert bool(fired(tmp_path, "root-without-mfa", row)) is is_broken


@pytest.mark.parametrize(
    ("cells", "is_broken"),
    [
        ({"password_enabled": "not_supported"}, False),
        ({"password_enabled": "true"}, False),
        ({"password_enabled": "false"} | KEY_2, True),
    ],
)
def test_govcloud_root_cannot_sign_in_so_that_only_a_key_counts(
    tmp_path: Path, cells: dict[str, str], *, is_broken: bool
) -> None:
    arn = {"arn": "arn:aws-us-gov:iam::111122223333:root"}
    row = root(**{"mfa_active": "false"} | cells) | arn
    assert bool(fired(tmp_path, "root-without-mfa", row)) is is_broken
    assert undecided(tmp_path, "root-without-mfa", row) == []


ABOUT_ROOT = [rule.id for rule in RULES.values() if rule.subject is Subject.ROOT]


@pytest.mark.parametrize("rule", ABOUT_ROOT)
def test_rules_about_root_are_undetermined_without_a_root_row(tmp_path: Path, rule: str) -> None:
    assessment = judge(tmp_path, user(**PASSWORD), policy=Policy(rules=(rule,)))
    assert assessment.findings.empty
    (row,) = assessment.undetermined.to_dict("records")
    assert (row["account_id"], row["user"]) == ("111122223333", "<root_account>")
    assert (row["credential"], row["cells"]) == ("root", "")
    assert row["reason"] == f"{rule}: the report has no root row"
    assert row["source_file"] == NAME
    assert pd.isna(row["source_line"])
    assert assessment.doubts == ("verdicts of rules that could not be determined: 1",)


def test_one_report_without_a_root_row_says_nothing_of_another(tmp_path: Path) -> None:
    save(tmp_path, root(), user())
    save(tmp_path, user(account="444455556666"), name="2026-01-31.csv")
    assessment = assess(read_reports(tmp_path), Policy(rules=tuple(ABOUT_ROOT)))
    assert set(assessment.undetermined["account_id"]) == {"444455556666"}
    assert len(assessment.undetermined) == len(ABOUT_ROOT)


def test_single_factor_password_needs_mfa_off(tmp_path: Path) -> None:
    old = PASSWORD | {"password_last_changed": "2025-01-01T00:00:00Z"}
    with_mfa, unknown = old | {"mfa_active": "true"}, old | {"mfa_active": "yes"}
    assert fired(tmp_path, "old-single-factor-password", user(**with_mfa)) == []
    assert undecided(tmp_path, "old-single-factor-password", user(**with_mfa)) == []
    assert undecided(tmp_path, "old-single-factor-password", user(**unknown)) == ["password"]


def test_recent_use_of_root_is_found_beside_an_unreadable_cell(tmp_path: Path) -> None:
    cells = {"password_last_used": "2026-01-30T00:00:00Z"}
    row = root(**cells | {"access_key_1_last_used_date": "?"})
    assert fired(tmp_path, "root-recently-used", row) == ["<root_account> root"]


@pytest.mark.parametrize(
    "cells",
    [
        {"password_last_used": "2024-01-01T00:00:00Z", "access_key_1_last_used_date": "?"},
        {"password_last_used": "not_supported"},
        {"password_last_used": ""},
        {"password_last_used": "2026-02-01T00:00:00Z"},
    ],
)
def test_use_of_root_that_cannot_be_read_cannot_be_told(
    tmp_path: Path, cells: dict[str, str]
) -> None:
    assert undecided(tmp_path, "root-recently-used", root(**cells)) == ["root"]


@pytest.mark.parametrize(("rotated", "told"), [("N/A", []), ("2013-01-01T00:00:00Z", ["root"])])
def test_use_of_a_root_key_is_asked_for_only_where_there_is_one(
    tmp_path: Path, rotated: str, told: list[str]
) -> None:
    """Reports of 2014 do not say when a key was used: that matters where a key exists."""
    row = root(password_last_used="2024-01-01T00:00:00Z", access_key_1_last_rotated=rotated)
    columns = tuple(name for name in row if "_1_last_used" not in name)
    path = tmp_path / NAME
    cells = {name: row[name] for name in columns}
    path.write_text(to_csv(cells, columns=columns), encoding="utf-8")
    assessment = assess(read_reports(path), Policy(rules=("root-recently-used",)))
    assert list(assessment.undecided["credential"]) == told


def test_inactive_user_shows_the_most_recent_use(tmp_path: Path) -> None:
    password = PASSWORD | {"password_last_used": "2025-10-23T12:00:00Z"}
    key = KEY_1 | {"access_key_1_last_used_date": "2025-06-01T00:00:00Z"}
    assessment = judge(tmp_path, user(**password | key), policy=Policy(rules=("inactive-user",)))
    (finding,) = assessment.findings.to_dict("records")
    assert finding["credential"] == "user"
    assert finding["days"] == 100
    assert finding["basis"] == "password_last_used"


def test_inactive_user_is_undetermined_where_a_credential_is(tmp_path: Path) -> None:
    unused = PASSWORD | {"password_last_used": "2025-06-01T00:00:00Z"}
    unclear = KEY_1 | {"access_key_1_last_used_date": "?"}
    assert undecided(tmp_path, "inactive-user", user(**unused | unclear)) == ["user"]
    policy = Policy(rules=("inactive-user",))
    assert judge(tmp_path, user(**PASSWORD | unclear), policy=policy).undecided.empty


def test_rules_about_use_count_the_credentials_without_a_verdict(tmp_path: Path) -> None:
    row = user(**KEY_1 | {"access_key_1_last_used_date": "?"})
    assessment = judge(tmp_path, root(), row)
    counts = {rule: assessment.undetermined_of(RULES[rule]) for rule in assessment.policy.rules}
    assert counts == {"unused-password": 0, "unused-access-key": 1}


def test_the_rule_about_certificates_counts_those_without_a_verdict(tmp_path: Path) -> None:
    policy = Policy(rules=("active-signing-certificate",))
    assessment = judge(tmp_path, root(), user(cert_1_active="maybe"), policy=policy)
    (rule,) = to_rules(assessment).to_dict("records")
    assert rule["undetermined"] == 1
    assert pd.isna(rule["findings"])
    assert list(to_standing(assessment).undetermined["rules"]) == [policy.rules]


def test_inactive_user_is_not_told_of_a_user_with_an_active_certificate(tmp_path: Path) -> None:
    cells = {"password_last_used": "2025-06-01T00:00:00Z", "cert_1_active": "true"}
    assert fired(tmp_path, "inactive-user", user(**PASSWORD | cells)) == []


def test_user_with_a_certificate_has_a_credential(tmp_path: Path) -> None:
    assert fired(tmp_path, "user-without-credentials", user(cert_1_active="true")) == []


def test_root_without_credentials_is_as_it_should_be(tmp_path: Path) -> None:
    assert fired(tmp_path, "user-without-credentials", root(password_enabled="false")) == []


def test_report_without_certificate_columns_is_judged_without_them(tmp_path: Path) -> None:
    columns = tuple(name for name in user() if not name.startswith("cert_"))
    path = tmp_path / "status_reports_2026-01-31T12-00-00+00-00.csv"
    path.write_text(to_csv(user(), columns=columns))
    assessment = assess(read_reports(path), Policy(rules=("user-without-credentials",)))
    assert list(assessment.findings["user"]) == ["alice"]
    assert assessment.undecided.empty


# Several findings.


def test_several_findings_of_one_credential_stay_apart(tmp_path: Path) -> None:
    row = user(**NEVER_USED_KEY | {"access_key_1_last_rotated": "2025-01-01T00:00:00Z"})
    assessment = judge(tmp_path, row, policy=Policy.of("all"))
    mine = assessment.findings[assessment.findings["credential"].eq("access_key_1")]
    assert list(mine["rule"]) == [
        "unused-access-key",
        "never-used-access-key",
        "unrotated-access-key",
    ]
    assert mine["finding_id"].is_unique
    key = assessment.credentials[assessment.credentials["credential"].eq("access_key_1")]
    assert key["finding_id"].iloc[0].split(" ") == list(mine["finding_id"])


def test_finding_about_a_user_is_not_put_to_the_password(tmp_path: Path) -> None:
    assessment = judge(tmp_path, user(**PASSWORD), policy=Policy(rules=("console-without-mfa",)))
    assert len(assessment.findings) == 1
    assert not assessment.credentials["finding_id"].any()


def test_finding_ids_of_the_default_rules_are_what_they_were(tmp_path: Path) -> None:
    key = KEY_1 | {"access_key_1_last_used_date": "2025-01-01T00:00:00Z"}
    password = PASSWORD | {"password_last_used": "2025-01-01T00:00:00Z"}
    assessment = judge(tmp_path, user(**key | password))
    found = dict(zip(assessment.findings["rule"], assessment.findings["finding_id"], strict=True))
    assert found == {
        "unused-password": "CR-E132361B43D6",
        "unused-access-key": "CR-D66AAE60321C",
    }


def test_findings_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = [
        row | {"user": f"user{n}"}
        for n, (row, _) in enumerate(EXAMPLES.values())
        if "root" not in row["arn"]
    ]
    rows = [row | {"arn": row["arn"].replace("alice", row["user"])} for row in rows]
    first = judge(tmp_path, *rows, policy=Policy.of("all")).findings
    save(tmp_path, *rows[::-1])
    second = judge(tmp_path, *rows[::-1], policy=Policy.of("all")).findings
    assert set(first["finding_id"]) == set(second["finding_id"])


# What the users are told.


@pytest.mark.parametrize(
    ("row", "conclusion"),
    [
        (user(**PASSWORD | {"mfa_active": "true"}), "Current"),
        (user(**PASSWORD), "console-without-mfa, user-without-mfa"),
        (
            user(access_key_1_last_rotated="2020-01-01T00:00:00Z"),
            "Nothing active; user-without-credentials",
        ),
        (root(), "Root: shown, not judged"),
        (root(mfa_active="false"), "old-single-factor-password, root-without-mfa"),
    ],
)
def test_users_get_their_conclusion_from_the_rules(
    tmp_path: Path, row: Row, conclusion: str
) -> None:
    rules = tuple(name for name in RULES if name != "old-password")
    assessment = judge(tmp_path, row, policy=Policy(profile="all", rules=rules))
    assert list(assessment.users["conclusion"]) == [conclusion]


def test_conclusion_of_the_default_run_speaks_of_use_only(tmp_path: Path) -> None:
    row = user(**PASSWORD | {"password_last_used": "2025-01-01T00:00:00Z"})
    assert list(judge(tmp_path, row).users["conclusion"]) == ["All active credentials unused"]


def test_root_of_govcloud_has_no_console_so_its_password_breaks_no_rule(tmp_path: Path) -> None:
    old = {
        "password_enabled": "true", "password_last_changed": "2020-01-01T00:00:00Z",
        "password_next_rotation": "2020-04-01T00:00:00Z", "mfa_active": "false",
    }  # fmt: skip
    rules = ("old-password", "old-single-factor-password", "expiring-password")
    arn = "arn:aws-us-gov:iam::111122223333:root"
    gov = judge(tmp_path, root(arn=arn, **old), policy=Policy(rules=rules))
    assert gov.findings.empty
    assert set(judge(tmp_path, root(**old), policy=Policy(rules=rules)).findings["rule"]) == set(
        rules
    )
