"""The remediation script acts on the very credential of the report, or leaves it alone and says why.

Most runs are against a stand-in for the AWS CLI; tests/test_end_to_end.py runs it with the real one.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from credreport import analyze, read_reports
from credreport.evidence import remediation
from credreport.evidence.of_analysis import of_analysis
from credreport.rules.policy import Policy
from tests.support.reports import ACCOUNT, AS_OF, COLUMNS, NAME, judge, root, to_csv, user
from tests.support.stand_in import AUDITOR, Run, StandIn
from tests.verdicts.test_assessment import OLD, key, password

MADE = "2026-01-31T08:00:00Z"  # downloaded at 12:00, and AWS serves a report for four hours
SINCE = "2026-01-31T12:00:01Z"
OTHER = "444455556666"
SHELLS = {
    "sh": ("sh",),
    "dash": ("dash",),
    "bash": ("bash",),
    "bash as sh": ("bash", "--posix"),
    "busybox": ("busybox", "sh"),
    "zsh": ("zsh",),
}
ALICE_PASSWORD = "alice, password"
ALICE_KEY = "alice, access key 1"
RESTORE = "aws iam update-access-key '--user-name=alice' --access-key-id='AKIA1' --status=Active"
Change = Callable[[StandIn], None]


@pytest.fixture
def cloud(tmp_path: Path) -> StandIn:
    """An account with alice as the report has her: an old password and an old key."""
    cloud = StandIn.start(tmp_path / "aws")
    cloud.add_user("alice")
    cloud.add_password("alice")
    cloud.add_key("alice", "AKIA1", OLD)
    return cloud


def write(directory: Path, *rows: dict[str, str], policy: Policy | None = None) -> Path:
    """Write the script for a report of the rows."""
    path = directory / "client's script" / "remediate.sh"
    path.parent.mkdir()
    evidence = of_analysis(judge(directory, root(), *rows, policy=policy))
    path.write_text(evidence.script, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script for alice, whose password and key are unused."""
    directory = tmp_path_factory.mktemp("alice")
    return write(directory, user("alice", **password(OLD), **key(1, OLD))).read_text("utf-8")


@pytest.fixture
def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "client's script" / "remediate.sh"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


def writes(cloud: StandIn) -> list[str]:
    """Return the calls that change something."""
    return [call for call in cloud.calls if call.split()[1].startswith(("delete", "update"))]


# As the report has it.


def test_dry_run_asks_says_what_it_would_do_and_changes_nothing(
    cloud: StandIn, script: Path
) -> None:
    run = cloud.run(script)
    assert run.status == 0
    assert run.errors == ""
    assert run.said[0] == "dry run: nothing is changed"
    assert run.said[-1] == "2 would be done, 0 with nothing to do, 0 left alone, 0 failed."
    assert run.results == {
        ALICE_PASSWORD: "remove console access: would be done",
        ALICE_KEY: "set inactive: would be done",
    }
    assert run.undo[ALICE_KEY] == RESTORE
    assert writes(cloud) == []


def test_apply_does_what_the_dry_run_said_and_a_second_one_finds_nothing_to_do(
    cloud: StandIn, script: Path
) -> None:
    rehearsed = cloud.run(script)
    applied = cloud.run(script, "--apply")
    assert applied.status == 0
    assert applied.counts == "2 done, 0 with nothing to do, 0 left alone, 0 failed."
    assert not cloud.has_password("alice")
    assert cloud.state_of("alice", "AKIA1") == "Inactive"
    assert applied.said[0] == "apply: set access keys inactive and remove console passwords"
    said, would = (
        [line.replace("would be done", "done") for line in run.log if not line.startswith("# CR-")]
        for run in (applied, rehearsed)
    )
    assert said[3:] == would[3:], "the same lines, with `would`"

    again = cloud.run(script, "--apply")
    assert again.status == 0
    assert again.counts == "0 done, 2 with nothing to do, 0 left alone, 0 failed."
    assert again.results == {
        ALICE_PASSWORD: "remove console access: nothing to do: the user has no console password",
        ALICE_KEY: "set inactive: nothing to do: the key is inactive already",
    }


def test_log_names_time_finding_account_user_credential_key_action_result_and_undo(
    cloud: StandIn, script: Path
) -> None:
    log = cloud.run(script, "--apply").log
    header, *rows = (line.split("\t") for line in log if not line.startswith("#"))
    assert header == [
        *("time", "finding", "account", "user", "credential", "key ID", "action", "result", "undo")
    ]
    ids = [row.pop(1) for row in rows]
    assert all(name.startswith("CR-") for name in ids)
    lost = (
        "cannot be undone; a new one: "
        "aws iam create-login-profile '--user-name=alice' --password=..."
    )
    assert rows == [
        ["TIME", ACCOUNT, "alice", "password", "-", "remove console access", "done", lost],
        ["TIME", ACCOUNT, "alice", "access key 1", "AKIA1", "set inactive", "done", RESTORE],
    ]
    assert [line for line in log if line.startswith("#")][2] == (
        f"# Signed in to account {ACCOUNT} as {AUDITOR}."
    )


def test_undo_brings_the_key_back(cloud: StandIn, script: Path) -> None:
    undo = cloud.run(script, "--apply").undo[ALICE_KEY]
    assert cloud.state_of("alice", "AKIA1") == "Inactive"
    subprocess.run(["sh", "-c", undo], env=cloud.environment, check=True)
    assert cloud.state_of("alice", "AKIA1") == "Active"


def test_deleting_keys_is_a_later_step_for_inactive_keys_only(cloud: StandIn, script: Path) -> None:
    early = cloud.run(script, "--apply", "--delete-keys")
    assert early.status == 3
    assert early.results == {ALICE_KEY: "delete: left alone: the key is Active"}
    assert cloud.has_password("alice"), "to delete keys is not to remove passwords"

    cloud.run(script, "--apply")
    rehearsed = cloud.run(script, "--delete-keys")
    assert rehearsed.results == {ALICE_KEY: "delete: would be done"}
    assert cloud.state_of("alice", "AKIA1") == "Inactive"
    late = cloud.run(script, "--apply", "--delete-keys")
    assert (late.status, late.results) == (0, {ALICE_KEY: "delete: done"})
    assert late.undo[ALICE_KEY].startswith("cannot be undone; a new one: aws iam create-access-key")
    assert cloud.state_of("alice", "AKIA1") == "deleted"

    again = cloud.run(script, "--apply", "--delete-keys")
    gone = f"delete: nothing to do: the user has no key made at {OLD}"
    assert (again.status, again.results) == (0, {ALICE_KEY: gone})


# Not as the report has it: each finding that is no longer what it was is left alone.

_GONE = "there is no user of this name: deleted or renamed since the report"
_SECOND_LATER = "2020-01-01T00:00:01Z"
_RECREATED = (
    f"another user of the same name: created at {_SECOND_LATER}, in the report at "
    "2020-01-01T00:00:00Z"
)
_USED = f"it was used at {SINCE}, since the report (made at {MADE} or later)"


def _recreate(cloud: StandIn) -> None:
    cloud.add_user("alice", made=_SECOND_LATER)


def _use_password(cloud: StandIn) -> None:
    cloud.add_user("alice", used=SINCE)


def _use_key(cloud: StandIn) -> None:
    cloud.write("used/AKIA1", SINCE)


def _replace_key(cloud: StandIn) -> None:
    cloud.remove("keys/alice")
    cloud.add_key("alice", "AKIA2", "2025-01-01T00:00:01Z")


def _offset(used: str) -> Change:
    """Return the change to a CLI that prints no Z."""

    def change(cloud: StandIn) -> None:
        cloud.add_user("alice", made="2020-01-01T00:00:00+00:00", used=used)
        cloud.add_key("alice", "AKIA1", "2025-01-01T00:00:00+00:00", used=used)

    return change


CHANGES: dict[str, tuple[Change, str, str]] = {
    "user re-created": (_recreate, f"left alone: {_RECREATED}", f"left alone: {_RECREATED}"),
    "user gone": (
        lambda cloud: cloud.remove("users/alice"),
        f"left alone: {_GONE}",
        f"left alone: {_GONE}",
    ),
    "user of another account": (
        lambda cloud: cloud.add_user("alice", account=OTHER),
        "left alone: AWS's answer about the user cannot be read: found "
        f"arn:aws:iam::{OTHER}:user/alice 2020-01-01T00:00:00Z None",
        "left alone: AWS's answer about the user cannot be read: found "
        f"arn:aws:iam::{OTHER}:user/alice 2020-01-01T00:00:00Z None",
    ),
    "signed in as the user": (
        lambda cloud: cloud.sign_in(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/alice"),
        "left alone: you are signed in as this user",
        "left alone: you are signed in as this user",
    ),
    "wrong account": (
        lambda cloud: cloud.sign_in(OTHER, AUDITOR),
        f"left alone: it is in account {ACCOUNT}, you are signed in to {OTHER}",
        f"left alone: it is in account {ACCOUNT}, you are signed in to {OTHER}",
    ),
    "login profile re-created": (
        lambda cloud: cloud.add_password("alice", made=SINCE),
        f"left alone: the login profile was created at {SINCE}, since the report (made at {MADE} or later)",
        "done",
    ),
    "login profile of the second of the report": (
        lambda cloud: cloud.add_password("alice", made=MADE),
        "done",
        "done",
    ),
    "password used since": (_use_password, f"left alone: {_USED}", "done"),
    "password used when the report was made": (
        lambda cloud: cloud.add_user("alice", used=MADE),
        "done",
        "done",
    ),
    "password gone": (
        lambda cloud: cloud.remove("profiles/alice"),
        "nothing to do: the user has no console password",
        "done",
    ),
    "key used since": (_use_key, "done", f"left alone: {_USED}"),
    "key used when the report was made": (lambda cloud: cloud.write("used/AKIA1", MADE), "done", "done"),
    "key inactive already": (
        lambda cloud: cloud.add_key("alice", "AKIA1", OLD, state="Inactive"),
        "done",
        "nothing to do: the key is inactive already",
    ),
    "key expired": (
        lambda cloud: cloud.add_key("alice", "AKIA1", OLD, state="Expired"),
        "done",
        "left alone: the key is Expired",
    ),
    "key replaced": (_replace_key, "done", f"nothing to do: the user has no key made at {OLD}"),
    "another key beside it": (
        lambda cloud: cloud.add_key("alice", "AKIA0", "2025-01-01T00:00:01Z"),
        "done",
        "done",
    ),
    "times with an offset": (_offset("2026-01-31T07:59:00+00:00"), "done", "done"),
    "times of another zone": (
        _offset("2026-01-31T12:30:00+01:00"),
        "left alone: AWS's date of its last use cannot be read: '2026-01-31T12:30:00+01:00'",
        "left alone: AWS's date of its last use cannot be read: '2026-01-31T12:30:00+01:00'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_not_as_it_was_is_left_alone(name: str, cloud: StandIn, script: Path) -> None:
    change, of_password, of_key = CHANGES[name]
    change(cloud)
    rehearsed = cloud.run(script)
    assert writes(cloud) == []
    run = cloud.run(script, "--apply")
    assert run.results == {
        ALICE_PASSWORD: f"remove console access: {of_password}",
        ALICE_KEY: f"set inactive: {of_key}",
    }
    assert run.status == (3 if "left alone" in of_password + of_key else 0)
    assert len(writes(cloud)) == [of_password, of_key].count("done")
    would = {
        about: result.replace("done", "would be done") for about, result in run.results.items()
    }
    assert rehearsed.results == would
    assert rehearsed.status == run.status


def test_even_if_used_loosens_that_one_check_and_says_so(cloud: StandIn, script: Path) -> None:
    _use_password(cloud)
    _use_key(cloud)
    run = cloud.run(script, "--apply", "--even-if-used")
    although = f"done, although it was used at {SINCE}, since the report (--even-if-used)"
    assert run.results == {
        ALICE_PASSWORD: f"remove console access: {although}",
        ALICE_KEY: f"set inactive: {although}",
    }
    assert run.status == 0


@pytest.mark.parametrize(
    "name",
    [name for name, (_, first, _) in CHANGES.items() if "used" not in name and first != "done"],
)
def test_even_if_used_loosens_no_other_check(name: str, cloud: StandIn, script: Path) -> None:
    change, of_password, _ = CHANGES[name]
    change(cloud)
    run = cloud.run(script, "--apply", "--even-if-used")
    assert run.results[ALICE_PASSWORD] == f"remove console access: {of_password}"


# Judged long after it was made.


@pytest.mark.parametrize("as_of", ["2026-03-31", "2026-01-31"])
def test_what_was_made_or_used_between_the_report_and_a_later_as_of_is_left_alone(
    cloud: StandIn, tmp_path: Path, as_of: str
) -> None:
    rows = (root(), user("alice", **password(OLD), **key(1, OLD)))
    assessment = judge(tmp_path, *rows, as_of=as_of)
    script = tmp_path / "remediate.sh"
    script.write_text(of_analysis(assessment).script, encoding="utf-8")
    _use_key(cloud)
    cloud.add_password("alice", made=SINCE)
    made = f"the login profile was created at {SINCE}, since the report (made at {MADE} or later)"
    assert cloud.run(script, "--apply").results == {
        ALICE_PASSWORD: f"remove console access: left alone: {made}",
        ALICE_KEY: f"set inactive: left alone: {_USED}",
    }
    checks = remediation.to_remediation(assessment)["check"]
    assert all(MADE in check for check in checks)


@pytest.mark.parametrize(
    ("name", "as_of"),
    [
        ("report_2026-01-31.csv", None),
        ("report_2026-01-31.csv", "2026-03-31"),
        ("report.csv", "2026-01-31"),
        ("report.csv", "2026-03-31"),
        ("report_2026-01-31T16-00-00Z.csv", None),  # downloaded then, made up to four hours earlier
    ],
)
def test_what_was_made_or_used_later_on_the_day_of_a_report_is_left_alone(
    cloud: StandIn, tmp_path: Path, name: str, as_of: str | None
) -> None:
    rows = (root(), user("alice", **password(OLD), **key(1, OLD)))
    path = tmp_path / name
    path.write_text(to_csv(*rows), encoding="utf-8")
    script = tmp_path / "remediate.sh"
    script.write_text(
        of_analysis(analyze(read_reports(path, as_of=as_of))).script, encoding="utf-8"
    )
    _use_key(cloud)
    cloud.add_password("alice", made=SINCE)
    assert cloud.run(script, "--apply").counts.startswith(
        "0 done, 0 with nothing to do, 2 left alone"
    )


def test_a_report_knows_its_own_time_whatever_else_is_in_its_file(tmp_path: Path) -> None:
    other = "444455556666"
    path = tmp_path / "both.csv"
    used = "2025-06-01T00:00:00Z"
    bob = user("bob", other, **key(1, "2023-06-01T00:00:00Z", used))
    path.write_text(f"{to_csv(root())}\n{to_csv(root(other), bob)}", encoding="utf-8")
    made = of_analysis(analyze(read_reports(path, as_of="2026-01-31"))).script
    (call,) = [line for line in made.splitlines() if line.startswith("    access_key 'CR-")]
    assert f"'{used.removesuffix('Z')}'" in call  # its newest time, not that of the report above


def test_an_as_of_before_the_times_of_a_report_without_a_stamp_counts(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    bob = user("bob", **key(1, "2023-06-01T00:00:00Z"), mfa_active="true")
    path.write_text(to_csv(root(password_last_used=SINCE), bob), encoding="utf-8")
    script = of_analysis(analyze(read_reports(path, as_of="2025-01-31"))).script
    (call,) = [line for line in script.splitlines() if line.startswith("    access_key 'CR-")]
    assert "'2025-01-31T23:59:59'" in call


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("report.json", "2026-01-31T12:00:00"),  # its GeneratedTime
        ("report_2026-01-31T12-00-00Z.csv", "2026-01-31T08:00:00"),
        ("report_2026-01-31.csv", "2026-01-30T20:00:00"),
    ],
)
def test_only_the_answer_of_aws_says_when_a_report_was_made(
    tmp_path: Path, name: str, made: str
) -> None:
    text = to_csv(root(), user("alice", **key(1, OLD)))
    path = tmp_path / name
    answer = {"Content": base64.b64encode(text.encode()).decode(), "GeneratedTime": AS_OF}
    path.write_text(json.dumps(answer) if path.suffix == ".json" else text, encoding="utf-8")
    script = of_analysis(analyze(read_reports(path))).script
    (call,) = [line for line in script.splitlines() if line.startswith("    access_key 'CR-")]
    assert f" '{made}' '{OLD.removesuffix('Z')}' " in call


def test_of_a_report_with_a_wrong_year_in_its_name_nothing_is_changed(
    cloud: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "report_2099-01-31.csv"
    path.write_text(to_csv(root(), user("alice", **password(OLD), **key(1, OLD))), encoding="utf-8")
    script = tmp_path / "remediate.sh"
    script.write_text(of_analysis(analyze(read_reports(path))).script, encoding="utf-8")
    cloud.write("used/AKIA1", SINCE)
    run = cloud.run(script, "--apply", "--even-if-used")
    why = "left alone: its report is of 2099-01-30T20:00:00Z, in the future: this date is wrong, or the clock here"
    assert run.results == {
        ALICE_PASSWORD: f"remove console access: {why}", ALICE_KEY: f"set inactive: {why}",
    }  # fmt: skip
    assert (run.status, writes(cloud)) == (3, [])


# Two keys of one second.

ONE = "2025-06-01T10:20:00Z"


def twins(tmp_path: Path, first: str, second: str) -> tuple[StandIn, Path]:
    """Return an account and a script where alice got two keys in one second."""
    cloud = StandIn.start(tmp_path / "aws")
    cloud.add_user("alice")
    cloud.add_key("alice", "AKIA1", OLD, used=first.replace("N/A", "None"))
    cloud.add_key("alice", "AKIA2", OLD, used=second.replace("N/A", "None"))
    return cloud, write(tmp_path, user("alice", **key(1, OLD, first), **key(2, OLD, second)))


def states(cloud: StandIn) -> tuple[str, str]:
    return cloud.state_of("alice", "AKIA1"), cloud.state_of("alice", "AKIA2")


def test_keys_of_one_second_are_told_apart_by_the_minute_of_their_last_use(tmp_path: Path) -> None:
    cloud, script = twins(tmp_path, "N/A", "2026-01-30T10:20:00Z")
    cloud.write("used/AKIA2", SINCE)
    run = cloud.run(script, "--apply")
    assert run.results == {ALICE_KEY: "set inactive: done"}
    assert "\tAKIA1\t" in run.log[-2]
    assert states(cloud) == ("Inactive", "Active")
    deleted = cloud.run(script, "--apply", "--delete-keys")
    assert deleted.results == {ALICE_KEY: "delete: done"}
    assert states(cloud) == ("deleted", "Active")


def test_both_keys_of_one_second_are_found_where_their_last_use_differs(tmp_path: Path) -> None:
    cloud, script = twins(tmp_path, ONE, "2025-06-01T10:21:00Z")
    assert cloud.run(script, "--apply").counts.startswith("2 done")
    assert states(cloud) == ("Inactive", "Inactive")


@pytest.mark.parametrize(("first", "second"), [("N/A", "N/A"), (ONE, "2025-06-01T10:20:59Z")])
def test_keys_of_one_second_that_nothing_tells_apart_are_left_alone(
    tmp_path: Path, first: str, second: str
) -> None:
    cloud, script = twins(tmp_path, first, second)
    run = cloud.run(script, "--apply")
    why = f"two keys were made at {OLD}, with the same last use: nothing tells them apart"
    assert run.status == 3
    assert set(run.results.values()) == {f"no action: left alone: {why}"}
    assert states(cloud) == ("Active", "Active")


def test_key_of_one_second_used_since_is_not_taken_for_the_other(tmp_path: Path) -> None:
    cloud, script = twins(tmp_path, "N/A", "2026-01-30T10:20:00Z")
    cloud.write("used/AKIA1", SINCE)
    why = f"several keys were made at {OLD}, and their last use does not tell which it is"
    assert cloud.run(script, "--apply", "--even-if-used").results == {
        ALICE_KEY: f"set inactive: left alone: {why}"
    }
    assert states(cloud) == ("Active", "Active")


@pytest.mark.parametrize("is_active", [True, False])
def test_key_of_one_second_is_not_taken_for_the_other_that_is_gone(
    tmp_path: Path, *, is_active: bool
) -> None:
    cloud = StandIn.start(tmp_path / "aws")
    cloud.add_user("alice")
    used = "2026-01-30T10:20:00Z"  # current, so nothing was found about it
    state = "Active" if is_active else "Inactive"
    cloud.add_key("alice", "AKIA2", OLD, state=state, used=used)
    twin = key(2, OLD, used) | {"access_key_2_active": str(is_active).lower()}
    script = write(tmp_path, user("alice", **key(1, OLD, "N/A"), **twin))
    why = f"several keys were made at {OLD}, and their last use does not tell which it is"
    options = [] if is_active else ["--delete-keys"]
    run = cloud.run(script, "--apply", "--even-if-used", *options)
    assert [*run.results.values()] == [
        f"{'set inactive' if is_active else 'delete'}: left alone: {why}"
    ]
    assert cloud.state_of("alice", "AKIA2") == state


def test_inactive_key_of_one_second_is_not_deleted_for_the_other_that_is_gone(
    tmp_path: Path,
) -> None:
    cloud = StandIn.start(tmp_path / "aws")
    cloud.add_user("alice")
    cloud.add_key("alice", "AKIA2", OLD, state="Inactive", used="None")
    twin = key(2, OLD, "N/A") | {"access_key_2_active": "false"}
    script = write(tmp_path, user("alice", **key(1, OLD, "N/A"), **twin))
    why = f"two keys were made at {OLD}, with the same last use: nothing tells them apart"
    run = cloud.run(script, "--apply", "--delete-keys")
    assert run.results == {ALICE_KEY: f"no action: left alone: {why}"}
    assert cloud.state_of("alice", "AKIA2") == "Inactive"


def test_last_use_of_a_twin_that_cannot_be_asked_is_a_reason_to_leave_alone(tmp_path: Path) -> None:
    cloud, script = twins(tmp_path, "N/A", "2026-01-30T10:20:00Z")
    cloud.write("fail/get-access-key-last-used", "AccessDenied")
    run = cloud.run(script, "--apply")
    assert "left alone: cannot ask for the last use of AKIA1: An error" in run.results[ALICE_KEY]
    assert states(cloud) == ("Active", "Active")


# What AWS does not answer.

READS = {
    "get-user": (ALICE_PASSWORD, "cannot ask for the user"),
    "get-login-profile": (ALICE_PASSWORD, "cannot ask for the login profile"),
    "list-access-keys": (ALICE_KEY, "cannot list the access keys"),
    "get-access-key-last-used": (ALICE_KEY, "cannot ask for the last use of AKIA1"),
}


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
@pytest.mark.parametrize("operation", READS)
def test_what_cannot_be_asked_is_left_alone(
    operation: str, code: str, cloud: StandIn, script: Path
) -> None:
    cloud.write(f"fail/{operation}", code)
    run = cloud.run(script, "--apply", "--even-if-used")
    about, why = READS[operation]
    error = f"An error occurred ({code}) when calling the {operation} operation: refused"
    assert run.status == 3
    assert run.results[about].partition(": ")[2] == f"left alone: {why}: {error}"
    assert not [call for call in writes(cloud) if about == ALICE_KEY and "access-key" in call]


@pytest.mark.parametrize("odd", ["", "None\n", "found\n", "found\tsoon\tsoon\tsoon\n", "<html>\n"])
@pytest.mark.parametrize("operation", READS)
def test_an_answer_that_cannot_be_read_is_a_reason_to_leave_alone(
    operation: str, odd: str, cloud: StandIn, script: Path
) -> None:
    cloud.write(f"odd/{operation}", odd)
    run = cloud.run(script, "--apply")
    about, _ = READS[operation]
    assert "left alone: AWS" in run.results[about]
    assert not [call for call in writes(cloud) if about == ALICE_KEY and "access-key" in call]


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
def test_what_could_not_be_done_is_a_failure(code: str, cloud: StandIn, script: Path) -> None:
    for operation in ("delete-login-profile", "update-access-key"):
        cloud.write(f"fail/{operation}", code)
    run = cloud.run(script, "--apply")
    assert run.status == 1
    assert run.counts == "0 done, 0 with nothing to do, 0 left alone, 2 failed."
    assert run.results[ALICE_KEY] == (
        f"set inactive: FAILED: An error occurred ({code}) when calling the update-access-key "
        "operation: refused; run the script again to see whether AWS did it"
    )


def test_a_session_that_ends_in_the_middle_ends_nothing_silently(
    cloud: StandIn, script: Path
) -> None:
    cloud.write("calls-left", "4")
    run = cloud.run(script, "--apply")
    assert run.results[ALICE_PASSWORD] == "remove console access: done"
    assert (
        "left alone: cannot ask for the user: An error occurred (ExpiredToken)"
        in (run.results[ALICE_KEY])
    )
    assert run.status == 3
    cloud.remove("calls-left")
    again = cloud.run(script, "--apply")
    assert (again.status, again.results[ALICE_KEY]) == (0, "set inactive: done")


def test_a_session_that_ends_before_the_act_is_a_failure(cloud: StandIn, script: Path) -> None:
    cloud.write("calls-left", "3")
    run = cloud.run(script, "--apply")
    assert run.status == 1
    assert "FAILED: An error occurred (ExpiredToken)" in run.results[ALICE_PASSWORD]
    assert cloud.has_password("alice")


def test_who_is_not_signed_in_changes_nothing(cloud: StandIn, script: Path) -> None:
    cloud.write("fail/get-caller-identity", "ExpiredToken")
    run = cloud.run(script, "--apply")
    assert run.status == 1
    assert run.errors.startswith("Stopped: cannot tell which account this is: aws sts")
    assert "(ExpiredToken)" in run.errors
    assert len(cloud.calls) == 1
    assert run.log[-1].startswith("# Stopped: cannot tell which account this is")


def test_who_has_no_aws_cli_is_told(cloud: StandIn, script: Path) -> None:
    for program in ("date", "sed", "tr"):
        found = shutil.which(program)
        assert found
        (cloud.directory / "few").mkdir(exist_ok=True)
        (cloud.directory / "few" / program).symlink_to(found)
    done = subprocess.run(
        ["/bin/sh", str(script)], env={"PATH": str(cloud.directory / "few")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "Stopped: the AWS CLI (aws) is not on the path\n"


def test_ctrl_c_ends_with_every_act_in_the_log(cloud: StandIn, script: Path) -> None:
    cloud.write("interrupt/delete-login-profile")
    run = cloud.run(script, "--apply")
    assert run.status == 1
    assert list(run.results) == [ALICE_PASSWORD]
    assert run.log[-1].startswith("# Stopped: interrupted;")
    assert run.counts
    assert cloud.state_of("alice", "AKIA1") == "Active"


@pytest.mark.parametrize("shell", SHELLS)
def test_every_act_is_in_the_log_though_nobody_reads_on(shell: str, tmp_path: Path) -> None:
    if not shutil.which(SHELLS[shell][0]):
        pytest.skip(f"{shell} is not installed")
    cloud, names = StandIn.start(tmp_path / "aws"), ("a", "b", "c")
    for name in names:
        cloud.add_user(name)
        cloud.add_key(name, f"AKIA{name}", OLD)
    script = write(tmp_path, *(user(name, **key(1, OLD)) for name in names))
    log = tmp_path / "log"
    command = [*SHELLS[shell], str(script), "--apply", "--log", str(log)]
    reader, writer = os.pipe()
    with subprocess.Popen(
        command, stdout=writer, stderr=subprocess.PIPE, env=cloud.environment
    ) as run:
        os.close(writer)
        while b"set inactive: done" not in (said := os.read(reader, 4096)):
            assert said
        os.close(reader)
    acts = [call for call in writes(cloud) if "update-access-key" in call]
    assert log.read_text().count(": done") + log.read_text().count("\tdone\t") == len(acts) < 3
    assert run.returncode == 1
    assert f"\n# {len(acts)} done, 0 with nothing to do, 0 left alone, 0 failed." in log.read_text()


def test_what_aws_says_begins_no_line_and_steers_nothing(cloud: StandIn, script: Path) -> None:
    cloud.write("odd/get-access-key-last-used", "found\tso\x1b[31m\nfound\ton\x07\n")
    run = cloud.run(script, "--apply")
    assert run.results[ALICE_KEY] == (
        "set inactive: left alone: AWS's date of its last use cannot be read: 'so?[31m on?'"
    )
    assert not {"\x1b", "\x07"} & set("".join([*run.log, *run.said]))


def test_what_aws_says_is_shown_in_ascii(cloud: StandIn, script: Path) -> None:
    cloud.write("odd/get-access-key-last-used", "found\tso\x9b31m \u202eon\n")
    run = cloud.run(script, "--apply")
    assert run.results[ALICE_KEY] == (
        "set inactive: left alone: AWS's date of its last use cannot be read: 'so??31m ???on'"
    )


def test_the_command_that_undoes_is_quoted_whatever_aws_calls_the_key(
    cloud: StandIn, script: Path
) -> None:
    cloud.write("odd/list-access-keys", f"found\tall\nfound\tA';id;'\tActive\t{OLD}\n")
    log = cloud.run(script).log
    assert any(r"--access-key-id='A'\'';id;'\''' --status=Active" in line for line in log)


# Everywhere.


def test_carriage_returns_and_warnings_of_the_cli_do_no_harm(cloud: StandIn, script: Path) -> None:
    cloud.write("crlf")
    cloud.write("noise")
    run = cloud.run(script, "--apply")
    assert (run.status, set(run.results.values())) == (
        0,
        {"remove console access: done", "set inactive: done"},
    )
    assert "\r" not in "".join([*run.log, *run.said])


HARD_NAMES = ("-x", "=1+1", "a,b", "@SUM", "+x")


def everything(tmp_path: Path) -> tuple[StandIn, Path]:
    """Return a script with every kind of line, and its account."""
    cloud = StandIn.start(tmp_path / "aws")
    rows = []
    for number, name in enumerate(HARD_NAMES):
        cloud.add_user(name)
        cloud.add_password(name)
        cloud.add_key(name, f"AKIA{number}", OLD)
        rows.append(user(name, **password(OLD), **key(1, OLD)))
    for name, used in (("used", SINCE), ("plain", "None")):
        cloud.add_user(name, used=used)
        cloud.add_password(name)
        rows.append(user(name, **password(OLD)))
    rows += [user("gone", **key(2, OLD)), user("elsewhere", OTHER, **password(OLD))]
    twins = key(1, OLD, "N/A") | key(2, OLD, "N/A")
    rows += [user("twins", **twins), user("rotate", **key(1, OLD, "2026-01-30T00:00:00Z"))]
    return cloud, write(tmp_path, *rows, policy=Policy.of("all"))


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_prints_the_same_lines(shell: str, tmp_path: Path) -> None:
    if not shutil.which(SHELLS[shell][0]):
        pytest.skip(f"{shell} is not installed")
    cloud, script = everything(tmp_path)
    run = cloud.run(script, "--apply", shell=SHELLS[shell])
    assert run.errors == ""
    assert run.status == 3
    done = [about for about, result in run.results.items() if result.endswith(": done")]
    assert done == [
        f"{name}, {credential}"
        for name in ("+x", "-x", "=1+1", "@SUM", "a,b")
        for credential in ("password", "access key 1")
    ] + ["plain, password"]
    assert run.counts == "11 done, 0 with nothing to do, 5 left alone, 0 failed."
    again = cloud.run(script, "--apply", shell=SHELLS[shell])
    assert again.counts == "0 done, 11 with nothing to do, 5 left alone, 0 failed."
    assert cloud.run(script, shell=SHELLS[shell]).said[0] == "dry run: nothing is changed"
    assert cloud.run(script, "--help", shell=SHELLS[shell]).said[0].startswith("usage: sh ")


def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    _, script = everything(tmp_path)
    shipped = Path(remediation.__file__).with_name("remediate.sh")
    stand_in = Path(__file__).parents[1] / "support" / "aws.sh"
    checked = subprocess.run(
        ["shellcheck", shipped, script, stand_in], capture_output=True, text=True, check=False
    )
    assert checked.stdout == ""


def test_a_script_that_was_cut_short_does_nothing(cloud: StandIn, script: Path) -> None:
    whole = script.read_text("utf-8")
    places = range(0, len(whole) - 12, 997)
    assert len(places) > 10
    cut = script.with_name("cut.sh")
    for place in [*places, whole.rindex("main"), whole.rindex("finish")]:
        cut.write_text(whole[:place], "utf-8")
        cloud.run(cut, "--apply")
    assert cloud.calls == []


# Options and the log.


@pytest.mark.parametrize(
    ("option", "said"),
    [("--now", "unknown option: --now"), ("--log", "--log needs the name of a file")],
)
def test_a_wrong_option_is_refused(option: str, said: str, cloud: StandIn, script: Path) -> None:
    run = cloud.run(script, "--apply", option)
    assert run.status == 2
    assert run.errors == f"{said}\nTry: sh {script} --help\n"
    assert cloud.calls == []
    assert run.log == []


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_needs_nothing(option: str, cloud: StandIn, script: Path) -> None:
    run = cloud.run(script, option)
    assert (run.status, run.errors, run.log) == (0, "", [])
    for word in ("--apply", "--delete-keys", "--even-if-used", "--log FILE", "Exit status"):
        assert word in "\n".join(run.said)
    assert cloud.calls == []


def test_log_stands_beside_the_script_named_with_the_time(cloud: StandIn, script: Path) -> None:
    done = subprocess.run(
        ["sh", str(script)], env=cloud.environment, capture_output=True, text=True, check=True
    )
    (log,) = script.parent.glob("*.log")
    assert log.match("remediate-2???????T??????Z.log")
    assert done.stdout.splitlines()[1] == f"Log: {log}"


def test_log_is_appended_to(cloud: StandIn, script: Path, tmp_path: Path) -> None:
    log = tmp_path / "our log"
    for options in ([], ["--apply"]):
        subprocess.run(
            ["sh", str(script), "--log", str(log), *options], env=cloud.environment, check=True,
            capture_output=True,
        )  # fmt: skip
    starts = [line for line in log.read_text("utf-8").splitlines() if line.startswith("# ")]
    assert starts[0] == "# dry run: nothing is changed"
    assert "# apply: set access keys inactive and remove console passwords" in starts[1:]


def test_without_a_log_nothing_is_done(cloud: StandIn, script: Path) -> None:
    done = subprocess.run(
        ["sh", str(script), "--apply", "--log", "/no/such/place"],
        env=cloud.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        "Stopped: cannot write the log /no/such/place (name another with --log FILE)\n"
    )
    assert cloud.calls == []


def test_an_act_is_in_the_log_though_its_result_cannot_be_written(
    cloud: StandIn, script: Path, tmp_path: Path
) -> None:
    (place := tmp_path / "log").mkdir()
    aws = cloud.directory / "bin" / "aws"
    full = f'case "$*" in *delete-login-profile*) mv {place} {tmp_path}/full ;; esac'
    aws.write_text(f"{aws.read_text('utf-8')}{full}\n", "utf-8")
    done = subprocess.run(
        ["sh", str(script), "--apply", "--log", str(place / "log")],
        env=cloud.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert not cloud.has_password("alice")
    last = (tmp_path / "full" / "log").read_text("utf-8").splitlines()[-1]
    assert last.startswith("# CR-")
    assert last.endswith(": aws iam delete-login-profile --user-name=alice")


# What the script is made of.


def lines_of(script: str) -> list[str]:
    """Return the lines of the findings."""
    return [
        line.strip()
        for line in script.partition("\nfindings() {\n    :\n")[2]
        .partition("\n}\n")[0]
        .splitlines()
    ]


def test_findings_stand_by_account_then_user(tmp_path: Path) -> None:
    rows = [
        user("zoe", **password("2024-01-01T00:00:00Z")),
        user("bob", OTHER, **password("2023-01-01T00:00:00Z")),
        user("bob", **key(1, "2025-02-01T00:00:00Z"), **password("2025-01-01T00:00:00Z")),
    ]
    (tmp_path / NAME).write_text(to_csv(root(), *rows[::2]))
    other = tmp_path / "status_reports_2026-01-31T12-00-01+00-00.csv"
    other.write_text(to_csv(root(OTHER), rows[1]))
    evidence = of_analysis(analyze(read_reports(tmp_path)))
    found = [
        line.replace("'", "").split()[:1] + line.split("'")[3:8:2]
        for line in lines_of(evidence.script)
    ]
    assert found == [
        ["password", ACCOUNT, "bob", "password"],
        ["access_key", ACCOUNT, "bob", "access key 1"],
        ["password", ACCOUNT, "zoe", "password"],
        ["password", OTHER, "bob", "password"],
    ]


def left_alone(run: Run) -> dict[str, str]:
    return {about: result.partition("left alone: ")[2] for about, result in run.results.items()}


def test_what_the_report_does_not_say_is_a_reason_to_leave_alone(
    tmp_path: Path, cloud: StandIn
) -> None:
    script = write(
        tmp_path,
        user("a", **key(1, "soon", OLD)),
        user("b", **password(OLD), user_creation_time="soon"),
        user("c\u202e", **password(OLD)),
        user("file:///root/.aws/credentials", **password(OLD)),
        user("https://example.org/x", **password(OLD)),
    )
    assert left_alone(cloud.run(script)) == {
        "a, access key 1": "the report does not say when the key was made",
        "b, password": "the report does not say when the user was created",
        "c?, password": "no IAM user can have this name: by hand",
        # The AWS CLI would put what is there in the place of the name, and say it in its error.
        "file:///root/.aws/credentials, password": "no IAM user can have this name: by hand",
        "https://example.org/x, password": "no IAM user can have this name: by hand",
    }
    assert cloud.calls == []


def test_root_is_left_to_people(tmp_path: Path, cloud: StandIn) -> None:
    assessment = judge(tmp_path, root(**key(1, OLD)), policy=Policy(include_root=True))
    path = tmp_path / "remediate.sh"
    path.write_text(of_analysis(assessment).script)
    found = left_alone(cloud.run(path))
    assert found["<root_account>, access key 1"] == (
        "root has no IAM command: by hand, signed in as root"
    )


def test_an_unknown_account_is_left_alone(tmp_path: Path, cloud: StandIn) -> None:
    columns = tuple(name for name in COLUMNS if name != "arn")
    (tmp_path / NAME).write_text(to_csv(root(), user("a", **password(OLD)), columns=columns))
    path = tmp_path / "remediate.sh"
    path.write_text(of_analysis(analyze(read_reports(tmp_path / NAME))).script)
    assert left_alone(cloud.run(path)) == {
        "a, password": "the report does not say which account it belongs to"
    }


def test_an_account_that_is_none_steers_neither_the_script_nor_its_log(
    tmp_path: Path, cloud: StandIn
) -> None:
    script = write(tmp_path, user("a", "1\x1b[2J\t\x85\u202e2", **password(OLD)))
    run = cloud.run(script)
    assert left_alone(run) == {"a, password": "the report does not say which account it belongs to"}
    assert [line.split("'")[3] for line in lines_of(script.read_text())] == ["1?[2J???2"]
    (row,) = [line.split("\t") for line in run.log if not line.startswith(("#", "time"))]
    assert row[2:5] == ["1?[2J???2", "a", "password"]


def test_without_findings_it_asks_nothing(tmp_path: Path, cloud: StandIn) -> None:
    run = cloud.run(write(tmp_path), "--apply")
    assert (run.status, cloud.calls) == (0, [])
    assert run.counts == "0 done, 0 with nothing to do, 0 left alone, 0 failed."


def test_it_says_how_many_findings_it_leaves_to_people(tmp_path: Path, cloud: StandIn) -> None:
    """The old key in use is to be rotated; the password without MFA is to be removed anyway."""
    script = write(
        tmp_path,
        user("alice", **password(OLD)),
        user("bob", **key(1, OLD, "2026-01-30T00:00:00Z")),
        policy=Policy(rules=("unused-password", "console-without-mfa", "unrotated-access-key")),
    )
    assert cloud.run(script).said[-1] == (
        "Open findings that this script leaves to people: 1 (see the sheet Remediation)."
    )


def test_a_line_break_in_the_verdict_ends_no_comment(tmp_path: Path) -> None:
    nothing = judge(tmp_path, root())
    script = remediation.to_script(nothing, "1 of 2\nrm -rf x")
    assert "\nrm -rf x" not in script
    assert "# 1 of 2?rm -rf x\n" in script


def test_markers_are_in_the_shipped_file_once() -> None:
    shipped = Path(remediation.__file__).with_name("remediate.sh").read_text("utf-8")
    assert shipped.count("# VERDICT\n") == shipped.count("    # FINDINGS\n") == 1
