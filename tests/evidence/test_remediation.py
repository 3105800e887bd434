"""What to do about a finding, safe to paste whatever the user is called."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd
import pytest

from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.remediation import steps_for
from credreport.rules.policy import Policy
from tests.support.reports import judge, root, user
from tests.verdicts.test_assessment import OLD, key, password

NAMES = ["alice", "-x", "=1+1", "a,b", "$(touch x)", "`id`", "a b;c", "it's", "$$", '"q"', "%s\\n"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_quoted_for_the_shell(name: str) -> None:
    for kind in ("password", "access_key"):
        steps = steps_for(kind, name, "2025-01-01T00:00:00")
        for step in (steps.first, steps.second):
            assert f"--user-name={name}" in shlex.split(step)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("alice", "--user-name=alice"),
        ("a+b,c.d@e_f-g", "--user-name=a+b,c.d@e_f-g"),
        ("=1+1", "'--user-name==1+1'"),
        ("it's", """'--user-name=it'"'"'s'"""),
    ],
)
def test_only_plain_names_go_without_quotes(name: str, option: str) -> None:
    assert steps_for("password", name, "").second == f"aws iam delete-login-profile {option}"


def test_a_password_is_looked_at_then_removed() -> None:
    steps = steps_for("password", "alice", "")
    assert steps.first == (
        "aws iam get-user --user-name=alice "
        "--query 'User.[Arn,CreateDate,PasswordLastUsed]' --output text"
    )
    assert steps.second == "aws iam delete-login-profile --user-name=alice"
    assert steps.console.startswith("IAM > Users > alice > Security credentials > Console sign-in")


def test_a_key_is_found_by_the_second_it_was_made_then_set_inactive() -> None:
    steps = steps_for("access_key", "alice", "2025-01-01T00:00:00")
    assert steps.first == (
        "aws iam list-access-keys --user-name=alice --query "
        "\"AccessKeyMetadata[?starts_with(CreateDate,'2025-01-01T00:00:00')].AccessKeyId\" --output text"
    )
    assert steps.second == (
        "aws iam update-access-key --user-name=alice --access-key-id=ID_FROM_STEP_1 --status=Inactive"
    )
    assert "AccessKeyMetadata[].AccessKeyId" in steps_for("access_key", "a", "").first


def test_what_the_script_asks_stands_in_words(tmp_path: Path) -> None:
    table = remedies(tmp_path, user("a", **password(OLD), **key(1, OLD)))
    assert table["check"].tolist() == [
        "Signed in to account 111122223333; user created 2020-01-01T00:00:00Z; neither the login "
        "profile created (get-login-profile) nor the password used (PasswordLastUsed) after "
        "2026-01-31T08:00:00Z",
        "Signed in to account 111122223333; user created 2020-01-01T00:00:00Z; exactly one key made "
        "2025-01-01T00:00:00Z, still active, and not used after 2026-01-31T08:00:00Z "
        "(get-access-key-last-used)",
    ]


def test_what_the_report_does_not_say_is_unknown_in_words(tmp_path: Path) -> None:
    table = remedies(tmp_path, user("a", **key(1, "soon", OLD), user_creation_time="soon"))
    assert (
        table["check"]
        .iloc[0]
        .startswith(
            "Signed in to account 111122223333; user created at an unknown time; exactly one key made "
            "at an unknown time, still active"
        )
    )


def remedies(directory: Path, *rows: dict[str, str], policy: Policy | None = None) -> pd.DataFrame:
    return of_analysis(judge(directory, root(), *rows, policy=policy)).tables["remediation"]


def test_root_has_no_command(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(**key(1, OLD)), policy=Policy(include_root=True))
    table = of_analysis(assessment).tables["remediation"]
    assert set(table["step_1"]) == {"Root has no IAM command: sign in as root"}
    assert "Delete the root access key, signed in as root" in set(table["step_2"])
    assert not table["step_2"].str.contains("aws").any()


def test_every_finding_has_its_row(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(), user("a", **password(OLD), **key(2, OLD)))
    evidence = of_analysis(assessment)
    assert (
        evidence.tables["remediation"]["finding_id"].tolist()
        == evidence.tables["findings"]["finding_id"].tolist()
    )
    assert evidence.tables["remediation"]["credential"].tolist() == ["password", "access key 2"]


def test_an_account_that_is_no_number_is_shown_alike_everywhere(tmp_path: Path) -> None:
    rows = [root("x"), user("bob", "x", **password(OLD))]
    evidence = of_analysis(judge(tmp_path, *rows))
    shown = "unknown (reported as 'x')"
    assert (
        evidence.tables["remediation"]["check"].iloc[0].startswith(f"Signed in to account {shown};")
    )
    blocks = {block.heading: block.table for block in evidence.inputs.blocks}
    assert list(blocks["Reports judged"]["account_id"]) == [shown]
    assert list(blocks["Tie-out: rows x 3 = the sum of the six"]["account_id"]) == [shown, ""]


def test_an_address_in_the_place_of_a_name_gets_no_command(tmp_path: Path) -> None:
    """The AWS CLI would put the file, or what the address answers, in the place of the name."""
    table = remedies(
        tmp_path,
        user("file:///etc/passwd", **password(OLD)),
        user("https://a.example/", **key(1, OLD)),
    )
    assert set(table["step_1"]) == {"No IAM user can have this name: find out whose it is"}
    assert not table["step_2"].str.contains("aws ").any()
