"""Where one finding says that a credential is to be switched off, no other says to rotate it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from credreport.rules.policy import Policy
from credreport.rules.waivers import Waiver, Waivers
from credreport.verdicts.assessment import Assessment, assess
from credreport.verdicts.remedies import to_targets
from tests.support.reports import judge, read, root, user
from tests.verdicts.test_assessment import OLD, key, password

IN_USE = "2026-01-30T00:00:00Z"
CLOSES = "which closes this finding too"


def actions(assessment: Assessment) -> dict[str, str]:
    """Return the recommended action by rule, finding IDs replaced by their rule."""
    findings = assessment.findings
    names = dict(zip(findings["finding_id"], findings["rule"], strict=True))
    found = {}
    for rule, action in zip(findings["rule"], findings["action"], strict=True):
        told = action
        for name, of_rule in names.items():
            told = told.replace(name, of_rule)
        found[rule] = told
    return found


def judged(directory: Path, *rules: str, **cells: str) -> dict[str, str]:
    return actions(judge(directory, user(**cells), policy=Policy(rules=rules)))


@pytest.mark.parametrize("rule", ["unrotated-access-key", "setup-access-key"])
def test_an_unused_key_is_only_to_be_deactivated(tmp_path: Path, rule: str) -> None:
    cells = key(1, OLD) | password(IN_USE) | {"user_creation_time": OLD}
    found = judged(tmp_path, "unused-access-key", rule, **cells)
    assert found[rule] == f"Deactivate the access key (unused-access-key), {CLOSES}"
    assert found["unused-access-key"] == "Deactivate the access key, later delete it"


@pytest.mark.parametrize("rule", ["old-password", "console-without-mfa"])
def test_an_unused_password_is_only_to_be_removed(tmp_path: Path, rule: str) -> None:
    found = judged(tmp_path, "unused-password", rule, **password(OLD))
    assert found[rule] == f"Remove console access (unused-password), {CLOSES}"


def test_a_key_in_use_is_to_be_rotated(tmp_path: Path) -> None:
    found = judged(tmp_path, "unused-access-key", "unrotated-access-key", **key(1, OLD, IN_USE))
    assert found["unrotated-access-key"].startswith("Make a new access key")


def test_deactivating_one_of_two_keys_closes_two_active_access_keys(tmp_path: Path) -> None:
    cells = key(1, OLD) | key(2, OLD, IN_USE)
    found = judged(tmp_path, "unused-access-key", "two-active-access-keys", **cells)
    assert found["two-active-access-keys"] == (
        f"Deactivate the access key (unused-access-key), {CLOSES}"
    )


def test_all_credentials_switched_off_need_no_mfa(tmp_path: Path) -> None:
    rules = ("unused-access-key", "unused-password", "user-without-mfa")
    closed = judged(tmp_path, *rules, **key(1, OLD), **password(OLD))
    assert closed["user-without-mfa"] == (
        f"Switch off the credentials (unused-password, unused-access-key), {CLOSES}"
    )
    stays = judged(tmp_path, *rules, **key(1, OLD, IN_USE), **password(OLD))
    assert "MFA" in stays["user-without-mfa"]


@pytest.mark.parametrize(
    ("cells", "closing"),
    [
        (password(OLD) | key(1, OLD, IN_USE), "unused-password"),
        (password(IN_USE) | key(1, OLD), "unused-access-key"),
        (password(IN_USE) | key(1, OLD) | key(2, OLD, IN_USE), ""),
    ],
)
def test_password_and_access_key_is_closed_by_the_last_of_either(
    tmp_path: Path, cells: dict[str, str], closing: str
) -> None:
    rules = ("unused-access-key", "unused-password", "password-and-access-key")
    action = judged(tmp_path, *rules, **cells)["password-and-access-key"]
    closed = f"Switch off the credentials ({closing}), {CLOSES}"
    assert action == closed if closing else CLOSES not in action


def test_a_waived_finding_switches_nothing_off(tmp_path: Path) -> None:
    waiver = Waiver(
        id="W-1", reason="r", approved_by="a", approved_on=date(2026, 1, 1),
        expires=date(2026, 12, 31), user="alice", rule="unused-access-key",
    )  # fmt: skip
    policy = Policy(rules=("unused-access-key", "unrotated-access-key"))
    population = read(tmp_path, user(**key(1, OLD)))
    found = actions(assess(population, policy, Waivers((waiver,))))
    assert found["unrotated-access-key"].startswith("Make a new access key")


def test_each_credential_to_switch_off_is_one_row_in_the_order_of_findings(tmp_path: Path) -> None:
    rows = [
        user("ann", **key(1, "2024-01-01T00:00:00Z")),
        user("bob", **password(OLD), **key(1, OLD)),
    ]
    rules = ("unused-access-key", "inactive-user")
    judged = judge(tmp_path, *rows, policy=Policy(rules=rules))
    targets = to_targets(judged.findings, judged.unused)
    names = ["user", "rule", "credential"]
    told = targets[names].itertuples(index=False, name=None)
    assert dict(zip(targets.index, told, strict=True)) == {
        0: ("ann", "inactive-user", "access_key_1"),
        1: ("ann", "unused-access-key", "access_key_1"),
        2: ("bob", "inactive-user", "password"),
        3: ("bob", "inactive-user", "access_key_1"),
        4: ("bob", "unused-access-key", "access_key_1"),
    }


def test_a_root_key_is_to_be_deleted_whatever_the_rule(tmp_path: Path) -> None:
    policy = Policy(rules=("unrotated-access-key", "unused-access-key"), include_root=True)
    found = actions(judge(tmp_path, root(**key(1, OLD)), policy=policy))
    assert set(found.values()) == {"Delete the root access key, signed in as root"}


@pytest.mark.parametrize(
    ("rule", "action"),
    [
        ("old-password", "Sign in as root and change its password"),
        (
            "old-single-factor-password",
            "Sign in as root and register an MFA device, or change its password",
        ),
        ("unused-password", "Root has no login profile to delete"),
        ("never-used-password", "Root has no login profile to delete"),
    ],
)
def test_root_signs_in_itself_and_has_no_login_profile(
    tmp_path: Path, rule: str, action: str
) -> None:
    old = password(OLD)
    policy = Policy(rules=(rule,), include_root=True)
    found = actions(judge(tmp_path, root(**old | {"mfa_active": "false"}), policy=policy))
    assert found[rule].startswith(action)
