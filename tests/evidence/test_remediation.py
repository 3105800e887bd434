"""What to do about a finding, safe to paste whatever the user is called."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from credreport import analyze, read_reports
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.remediation import steps_for, to_script
from credreport.rules.policy import Policy
from tests.support.reports import judge, root, to_csv, user
from tests.verdicts.test_assessment import OLD, key, password

NAMES = ["alice", "-x", "=1+1", "a,b", "$(touch x)", "`id`", "a b;c", "it's", "$$", '"q"', "%s\\n"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_quoted_for_the_shell(name: str) -> None:
    for kind in ("password", "access_key"):
        steps = steps_for(kind, name, "2025-01-01T00:00:00", is_root=False)
        for step in (steps.first, steps.second):
            assert f"--user-name={name}" in shlex.split(step, comments=True)


def test_a_password_is_deleted_and_looked_for() -> None:
    steps = steps_for("password", "alice", "", is_root=False)
    assert steps.first == "aws iam delete-login-profile --user-name=alice"
    assert steps.second == "aws iam get-login-profile --user-name=alice  # must answer NoSuchEntity"
    assert steps.console.startswith("IAM > Users > alice > Security credentials > Console sign-in")


def test_a_key_is_found_by_the_second_it_was_made_then_set_inactive() -> None:
    steps = steps_for("access_key", "alice", "2025-01-01T00:00:00", is_root=False)
    assert steps.first == (
        "aws iam list-access-keys --user-name=alice --query "
        "\"AccessKeyMetadata[?starts_with(CreateDate,'2025-01-01T00:00:00')].AccessKeyId\" --output text"
    )
    assert steps.second == (
        "aws iam update-access-key --user-name=alice --access-key-id=ID_FROM_STEP_1 --status=Inactive"
    )
    assert (
        "AccessKeyMetadata[].AccessKeyId" in steps_for("access_key", "a", "", is_root=False).first
    )


def test_root_has_no_command() -> None:
    steps = steps_for("access_key", "<root_account>", "", is_root=True)
    assert "aws" not in steps.first + steps.second


def test_every_finding_has_its_row(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(), user("a", **password(OLD), **key(2, OLD)))
    evidence = of_analysis(assessment)
    assert (
        evidence.tables["remediation"]["finding_id"].tolist()
        == evidence.tables["findings"]["finding_id"].tolist()
    )
    assert evidence.tables["remediation"]["credential"].tolist() == ["password", "access key 2"]


def run(script: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    path = directory / "script.sh"
    path.write_text(script)
    return subprocess.run(
        ["sh", str(path), *options], capture_output=True, text=True, check=False, cwd=directory
    )


def test_the_script_is_a_dry_run_that_needs_nothing(tmp_path: Path) -> None:
    rows = [user(name, **password(OLD), **key(1, OLD)) for name in NAMES]
    done = run(of_analysis(judge(tmp_path, root(), *rows)).script, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "Nothing was changed: this was a dry run. Add --apply to do it."
    for name in NAMES:
        assert any(f"the key of '{name}' made at 2025-01-01T00:00:00" in line for line in lines)
        assert any(
            line.endswith(f"aws iam delete-login-profile --user-name='{name}'") for line in lines
        )
    assert list(tmp_path.glob("x")) == []


def test_deleting_keys_leaves_passwords_alone(tmp_path: Path) -> None:
    script = of_analysis(judge(tmp_path, root(), user("a", **password(OLD), **key(1, OLD)))).script
    lines = run(script, tmp_path, "--delete-keys").stdout.splitlines()
    assert [line.split(": ", 1)[1].split(" in ")[0] for line in lines[:-1]] == ["would delete"]


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    done = run(of_analysis(judge(tmp_path, root())).script, tmp_path, "--now")
    assert done.returncode == 2
    assert "unknown option: --now" in done.stderr


def test_without_findings_it_says_so(tmp_path: Path) -> None:
    assert run(of_analysis(judge(tmp_path, root())).script, tmp_path).stdout.startswith(
        "No findings."
    )


def test_without_credentials_of_aws_it_changes_nothing(tmp_path: Path) -> None:
    script = of_analysis(judge(tmp_path, root(), user("a", **password(OLD)))).script
    path = tmp_path / "script.sh"
    path.write_text(script)
    done = subprocess.run(
        ["/bin/sh", str(path), "--apply"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "cannot tell whose account this is" in done.stderr


def test_what_the_script_cannot_do_safely_it_leaves_alone(tmp_path: Path) -> None:
    from tests.support.reports import COLUMNS, NAME

    assessment = judge(
        tmp_path,
        root(**key(1, OLD)),
        user("a", **key(1, "soon", OLD)),
        policy=Policy(include_root=True),
    )
    out = run(of_analysis(assessment).script, tmp_path).stdout
    assert "left alone: root account: by hand, in the console" in out
    assert "left alone: the report does not say when the key was made" in out

    columns = tuple(name for name in COLUMNS if name != "arn")
    (tmp_path / NAME).write_text(to_csv(root(), user("a", **password(OLD)), columns=columns))
    evidence = of_analysis(analyze(read_reports(tmp_path / NAME)))
    assert (
        "left alone: the report does not say whose account it is"
        in run(evidence.script, tmp_path).stdout
    )


def test_a_line_break_in_a_name_ends_no_comment(tmp_path: Path) -> None:
    nothing = judge(tmp_path, root())
    script = to_script(nothing.findings, nothing.unused, "1 of 2\nrm -rf x")
    assert "\nrm -rf x" not in script
