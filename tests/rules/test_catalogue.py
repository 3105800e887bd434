"""Every rule: what makes it fire, what leaves it silent, on both sides of its boundary."""

from __future__ import annotations

from pathlib import Path

import pytest

from credreport.reports.selection import read_reports
from credreport.rules.catalogue import PARAMETERS, RULES, Subject
from credreport.rules.policy import Policy
from credreport.verdicts.assessment import assess
from tests.support.reports import NAME, judge, root, save, to_csv, user

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
        user(**PASSWORD | KEY_1 | {"user_creation_time": "2026-01-10T07:59:00Z"}),
        user(**PASSWORD | KEY_1 | {"user_creation_time": "2026-01-10T07:58:59Z"}),
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


def fired(directory: Path, rule: str, *rows: Row, policy: Policy | None = None) -> list[str]:
    """Return the user and credential of each finding of the rule."""
    assessment = judge(directory, *rows, policy=policy or Policy(rules=(rule,)))
    mine = assessment.findings[assessment.findings["rule"].eq(rule)]
    return [f"{row.user} {row.credential}" for row in mine.itertuples()]


def undecided(directory: Path, rule: str, *rows: Row) -> list[str]:
    """Return the credential of each row of which the rule could not tell."""
    assessment = judge(directory, *rows, policy=Policy(rules=(rule,)))
    assert assessment.is_incomplete is not assessment.undecided.empty
    return list(assessment.undecided["credential"])


def test_every_rule_has_a_firing_and_a_silent_example() -> None:
    assert list(EXAMPLES) == list(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_rule_fires(tmp_path: Path, rule: str) -> None:
    firing, _ = EXAMPLES[rule]
    assert len(fired(tmp_path, rule, firing)) == 1


@pytest.mark.parametrize("rule", RULES)
def test_rule_is_silent(tmp_path: Path, rule: str) -> None:
    _, silent = EXAMPLES[rule]
    assert fired(tmp_path, rule, silent) == []
    assert undecided(tmp_path, rule, silent) == []


@pytest.mark.parametrize("rule", [rule.id for rule in RULES.values() if rule.parameter])
def test_default_stands_at_the_boundary_of_the_example(rule: str) -> None:
    numbers = {
        "unused_after_days": ">= 90 days",
        "grace_days": ">= 7 days",
        "rotate_after_days": "> 90 days",
        "password_age_days": "> 90 days",
        "expires_within_days": "<= 7 days",
        "setup_within_seconds": "<= 60 seconds",
        "root_used_within_days": "<= 7 days",
    }
    found = RULES[rule]
    assert found.parameter is not None
    assert found.boundary() == numbers[found.parameter.name]
    assert list(PARAMETERS) == list(numbers)


def test_rule_without_a_number_has_no_boundary() -> None:
    assert RULES["root-access-key"].boundary() == ""


@pytest.mark.parametrize(
    ("severity", "rules"),
    [
        ("critical", ["root-access-key", "root-without-mfa"]),
        ("high", ["console-without-mfa"]),
        ("medium", ["unused-password", "unused-access-key"]),
        ("medium", ["never-used-password", "never-used-access-key", "unrotated-access-key"]),
        ("medium", ["inactive-user", "user-without-mfa"]),
        ("medium", ["root-recently-used", "active-signing-certificate"]),
        ("low", ["old-password", "expiring-password", "setup-access-key"]),
        ("low", ["two-active-access-keys", "password-and-access-key"]),
        ("info", ["user-without-credentials"]),
    ],
)
def test_severity_is_that_of_the_specification(severity: str, rules: list[str]) -> None:
    assert {RULES[rule].severity.value for rule in rules} == {severity}


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
    assert finding["age_days"] == 1


def test_peer_fault_root_and_one_user_never_checked(tmp_path: Path) -> None:
    row = user(**KEY_1 | {"access_key_1_last_used_date": "2020-01-02T00:00:00Z"})
    assert fired(tmp_path, "unused-access-key", root(), row) == ["alice access_key_1"]


def test_peer_fault_operator_turned_round_for_keys(tmp_path: Path) -> None:
    old = user("old", **KEY_1 | {"access_key_1_last_rotated": "2020-01-01T00:00:00Z"})
    new = user("young", **KEY_1)
    assert fired(tmp_path, "unrotated-access-key", new, old) == ["old access_key_1"]


def test_peer_fault_initial_key_passes_once_it_is_used(tmp_path: Path) -> None:
    row = user(
        **PASSWORD | KEY_1,
    ) | {
        "user_creation_time": "2023-01-10T08:00:00Z",
        "access_key_1_last_rotated": "2023-01-10T08:00:00Z",
        "access_key_1_last_used_date": "2026-01-31T11:00:00Z",
    }
    assert fired(tmp_path, "setup-access-key", row) == ["alice access_key_1"]


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
    assert finding["age_days"] == 1
    assert finding["action"].endswith("(made 395 days ago)")


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


@pytest.mark.parametrize("seconds", ["07:59:00", "08:01:00"])
def test_setup_key_may_be_made_before_or_after_the_user(tmp_path: Path, seconds: str) -> None:
    row = user(**PASSWORD | KEY_1 | {"user_creation_time": f"2026-01-10T{seconds}Z"})
    assert fired(tmp_path, "setup-access-key", row) == ["alice access_key_1"]


@pytest.mark.parametrize("cells", [{"password_enabled": "false"}, {"access_key_1_active": "false"}])
def test_setup_key_needs_a_console_user_and_an_active_key(
    tmp_path: Path, cells: dict[str, str]
) -> None:
    made_together = {"user_creation_time": "2026-01-10T08:00:00Z"}
    row = user(**PASSWORD | KEY_1 | made_together | cells)
    assert fired(tmp_path, "setup-access-key", row) == []


def test_setup_key_cannot_be_told_without_the_birth_of_the_user(tmp_path: Path) -> None:
    row = user(**PASSWORD | KEY_1 | {"user_creation_time": "yesterday"})
    assert undecided(tmp_path, "setup-access-key", row) == ["access_key_1"]


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
    assert finding["age_days"] == 100
    assert finding["basis"] == "password_last_used"


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
        (root(mfa_active="false"), "root-without-mfa"),
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
