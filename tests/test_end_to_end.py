"""From the real AWS CLI to the ticket and back: download, judge, remedy, download again."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from credreport.evidence.remediation import KEY_PLACE
from tests.support import simulator
from tests.support.simulator import ACCOUNT, PROGRAMS, Cloud

OTHER_ACCOUNT = "222233334444"
PASSWORD = "Correct-Horse-1"
DRY_RUN = "Nothing was changed: this was a dry run. Add --apply to do it."
FORMS = {
    "json": ("--output", "json"),
    "text": ("--output", "text"),
    "content": ("--query", "Content", "--output", "text"),
}
CHANGE = ("user", "credential", "change", "closed")
LOOKS = ("list-access-keys", "get-login-profile")
Verdicts = set[tuple[str, str]]
Keys = list[str]


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with simulator.start(tmp_path_factory.mktemp("home")) as cloud:
        yield cloud


@pytest.fixture
def cloud(simulated: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An empty AWS; nothing of the developer's own AWS configuration is seen."""
    for name in filter(simulator.is_foreign, tuple(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    simulated.reset()
    return simulated


@dataclass(frozen=True)
class Outcome:
    """What one run of `credreport analyze` left behind."""

    process: subprocess.CompletedProcess[str]
    directory: Path

    @property
    def status(self) -> int:
        return self.process.returncode

    @property
    def document(self) -> dict[str, list[dict[str, Any]]]:
        document: dict[str, list[dict[str, Any]]] = json.loads(self.process.stdout)
        return document

    @property
    def script(self) -> str:
        return str(self.file("-remediate.sh"))

    def file(self, ending: str) -> Path:
        (path,) = self.directory.glob(f"*{ending}")
        return path

    def having(self, *statuses: str) -> Verdicts:
        """Return the owner and the slot of every credential of those statuses."""
        return {
            (row["user"], row["credential"])
            for row in self.document["credentials"]
            if row["status"] in statuses
        }

    def row(self, user: str, credential: str) -> dict[str, Any]:
        """Return the one row of the credentials table for that owner and slot."""
        (found,) = (
            row
            for row in self.document["credentials"]
            if (row["user"], row["credential"]) == (user, credential)
        )
        return found

    def finding_id(self, user: str, credential: str) -> str:
        return str(self.row(user, credential)["finding_id"])


Analyze = Callable[..., Outcome]
Compare = Callable[..., Outcome]


@pytest.fixture
def analyze(tmp_path: Path) -> Analyze:
    """Run the installed `credreport analyze`, on stdout the JSON, each time into a new directory.

    Judged as in 100 days, unless `as_of` says otherwise; an empty one gives no --as-of.
    """

    def run(*words: str | Path, formats: str = "sh", as_of: str | None = None) -> Outcome:
        directory = tmp_path / f"evidence-{len(list(tmp_path.glob('evidence-*')))}"
        when = in_days(100) if as_of is None else as_of
        options = ["--json", "--format", formats, "-o", str(directory)]
        options += ["--as-of", when] if when else []
        return credreport("analyze", *map(str, words), *options, directory=directory)

    return run


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Run the installed `credreport compare`, on stdout the JSON, each time into a new directory.

    Each report comes with the instant to judge it at. Status 1 where findings are open.
    """

    def run(*dates: tuple[Path, str], formats: str = "none") -> Outcome:
        directory = tmp_path / f"compared-{len(list(tmp_path.glob('compared-*')))}"
        reports = [str(report) for report, _ in dates]
        options = ["--json", "--fail-on", "findings", "--format", formats, "-o", str(directory)]
        options += [f"--as-of={when}" for _, when in dates]
        return credreport("compare", *reports, *options, directory=directory)

    return run


def credreport(*words: str, directory: Path) -> Outcome:
    """Run the installed program as a person does, whatever it returns."""
    command = [str(PROGRAMS / "credreport"), *words]
    process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return Outcome(process, directory)


def in_days(days: float) -> str:
    """Return the instant so many days from now; the simulator makes users at the real clock."""
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def download(cloud: Cloud, path: Path, form: str = "json") -> Path:
    """Save a fresh credential report as a person does: with the CLI, into a file."""
    cloud.client("iam").generate_credential_report()
    path.write_text(cloud.aws("iam", "get-credential-report", *FORMS[form]), encoding="utf-8")
    return path


def fetch(cloud: Cloud, path: Path) -> Path:
    """Save a fresh credential report quicker than a person does: the CSV itself."""
    iam = cloud.client("iam")
    iam.generate_credential_report()
    path.write_bytes(iam.get_credential_report()["Content"])
    return path


def add_user(cloud: Cloud, name: str, *, password: bool = False, keys: int = 0) -> Keys:
    """Make a user with a login profile and with keys; return the keys' IDs."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    if password:
        iam.create_login_profile(UserName=name, Password=PASSWORD)
    made = [iam.create_access_key(UserName=name) for _ in range(keys)]
    return [answer["AccessKey"]["AccessKeyId"] for answer in made]


def add_keys(cloud: Cloud, name: str, *, same_second: bool) -> tuple[Keys, datetime]:
    """Make two keys in one second, or not; return their IDs and when the first was made."""
    iam = cloud.client("iam")
    while True:
        first = iam.create_access_key(UserName=name)["AccessKey"]
        made = first["CreateDate"].replace(microsecond=0)
        if not same_second:
            time.sleep(1)
        second = iam.create_access_key(UserName=name)["AccessKey"]
        ids = [first["AccessKeyId"], second["AccessKeyId"]]
        if (second["CreateDate"].replace(microsecond=0) == made) is same_second:
            return ids, made
        for key in ids:
            iam.delete_access_key(UserName=name, AccessKeyId=key)


def keys_of(cloud: Cloud, name: str) -> dict[str, str]:
    """Return the status by key ID."""
    listed = cloud.client("iam").list_access_keys(UserName=name)["AccessKeyMetadata"]
    return {key["AccessKeyId"]: key["Status"] for key in listed}


def has_password(cloud: Cloud, name: str) -> bool:
    """Tell whether there is a login profile."""
    iam = cloud.client("iam")
    try:
        iam.get_login_profile(UserName=name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def create_key(cloud: Cloud, name: str) -> dict[str, str]:
    """Make a key as a person does: with the CLI."""
    answer = cloud.aws("iam", "create-access-key", f"--user-name={name}", "--output", "json")
    key: dict[str, str] = json.loads(answer)["AccessKey"]
    return key


def use(cloud: Cloud, key: dict[str, str]) -> str:
    """Sign in with the key; return when it is not yet unused and all that was idle before is."""
    as_of = in_days(90)
    time.sleep(1)
    cloud.as_user(key).aws("sts", "get-caller-identity")
    return as_of


def lines(process: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what a script that went well says."""
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout.splitlines()


def became(compared: Outcome) -> set[tuple[str, str, str, str]]:
    """Return of every credential whose it is, its slot, its change, and whether it is closed."""
    changes = compared.document["changes"]
    found = {tuple(row[name] for name in CHANGE) for row in changes}
    assert len(found) == len(changes), "each credential stands once"
    return found


def verdict(compared: Outcome) -> str:
    """Return the verdict sentence up to the days that it compares."""
    return str(compared.document["verdict"]).partition(" (")[0]


# Download and judge


def test_evidence_names_exactly_the_unused_credentials_of_what_the_cli_made(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    for name in ("-x", "=1+1", "@SUM", "a,b", "plain"):
        cloud.aws("iam", "create-user", f"--user-name={name}")
    cloud.aws("iam", "create-login-profile", "--user-name=-x", f"--password={PASSWORD}")
    cloud.aws("iam", "create-access-key", "--user-name==1+1")
    used = json.loads(cloud.aws("iam", "create-access-key", "--user-name=@SUM", "--output", "json"))
    cloud.as_user(used["AccessKey"]).aws("sts", "get-caller-identity")
    off = cloud.aws(
        *("iam", "create-access-key", "--user-name=a,b"),
        *("--query", "AccessKey.AccessKeyId", "--output", "text"),
    ).strip()
    cloud.aws(
        *("iam", "update-access-key", "--user-name=a,b"),
        *(f"--access-key-id={off}", "--status=Inactive"),
    )
    cloud.aws("iam", "create-access-key", "--user-name=a,b")
    cloud.aws("iam", "generate-credential-report")
    report = tmp_path / "report.json"
    report.write_text(cloud.aws("iam", "get-credential-report", "--output", "json"), "utf-8")

    outcome = analyze(report, "--fail-on", "findings", formats="csv")

    assert outcome.status == 1, "there are open findings"
    by_slot = {(row["user"], row["credential"]): row for row in outcome.document["credentials"]}
    assert {
        slot: (row["basis"], row["use"], row["age_days"])
        for slot, row in by_slot.items()
        if row["status"] == "unused"
    } == {
        ("-x", "password"): ("password_last_changed", "never_used", 100),
        ("=1+1", "access_key_1"): ("access_key_1_last_rotated", "never_used", 100),
        ("@SUM", "access_key_1"): ("access_key_1_last_used_date", "used", 100),
        ("a,b", "access_key_2"): ("access_key_2_last_rotated", "never_used", 100),
    }
    assert by_slot["a,b", "access_key_1"]["status"] == "inactive"
    assert not outcome.having("undetermined", "current")
    assert {row["account_id"] for row in by_slot.values()} == {ACCOUNT}
    with outcome.file("-findings.csv").open(encoding="utf-8", newline="") as file:
        in_csv = {(row["user"], row["credential"]) for row in csv.DictReader(file)}
    assert in_csv == {
        ("'-x", "password"),
        ("'=1+1", "access_key_1"),
        ("'@SUM", "access_key_1"),
        ("a,b", "access_key_2"),
    }, "a spreadsheet executes none of these names"


def test_every_form_of_the_answer_gives_the_same_verdicts(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    add_user(cloud, "alice", password=True)
    add_user(cloud, "bob", keys=2)
    as_of = in_days(100)
    files = [download(cloud, tmp_path / f"report.{form}", form) for form in FORMS]

    outcomes = [analyze(file, formats="none", as_of=as_of) for file in files]

    assert [outcome.status for outcome in outcomes] == [0, 0, 0]
    first, *others = (
        [without_source(row) for row in each.document["credentials"]] for each in outcomes
    )
    assert outcomes[0].having("unused") == {
        ("alice", "password"),
        ("bob", "access_key_1"),
        ("bob", "access_key_2"),
    }
    assert others == [first, first]


def without_source(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "source_file"}


def test_a_report_stamped_before_its_users_were_made_judges_none_of_them(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    """The simulator stamps every report 2015-02-02: one of the two dates is wrong."""
    add_user(cloud, "alice", password=True, keys=1)
    report = download(cloud, tmp_path / "report.json")

    outcome = analyze(report, formats="none", as_of="")

    assert outcome.status == 3
    assert outcome.having("undetermined") == {("alice", "password"), ("alice", "access_key_1")}
    assert not outcome.having("unused", "current")


def test_the_answer_of_generate_credential_report_is_refused_by_its_name(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    report = tmp_path / "report.json"
    report.write_text(cloud.aws("iam", "generate-credential-report"), encoding="utf-8")

    outcome = analyze(report)

    assert outcome.status == 2
    assert "the answer of `generate-credential-report`" in outcome.process.stderr
    assert "aws iam get-credential-report" in outcome.process.stderr, "what to do instead"
    assert outcome.process.stdout == ""
    assert not outcome.directory.exists(), "nothing is written"


# The remediation script


def test_script_as_it_is_says_what_it_would_do_and_does_nothing(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    add_user(cloud, "-x", password=True, keys=1)
    outcome = analyze(fetch(cloud, tmp_path / "report.csv"))
    before = [cloud.aws("iam", look, "--user-name=-x") for look in LOOKS]
    made = outcome.row("-x", "access_key_1")["set_at"].removesuffix("Z")

    as_it_is = cloud.run("sh", outcome.script)
    delete_only = cloud.run("sh", outcome.script, "--delete-keys")
    mistyped = cloud.run("sh", outcome.script, "--aply")

    of_password = outcome.finding_id("-x", "password")
    of_key = outcome.finding_id("-x", "access_key_1")
    assert set(lines(as_it_is)) == {
        f"{of_password}: would run in account {ACCOUNT}: aws iam delete-login-profile --user-name='-x'",
        f"{of_key}: would set inactive in account {ACCOUNT}: the key of '-x' made at {made}",
        DRY_RUN,
    }
    assert lines(delete_only) == [
        f"{of_key}: would delete in account {ACCOUNT}: the key of '-x' made at {made}",
        DRY_RUN,
    ]
    assert mistyped.returncode == 2
    assert mistyped.stderr.startswith("unknown option: --aply")
    assert [cloud.aws("iam", look, "--user-name=-x") for look in LOOKS] == before


def test_script_remedies_every_finding_once_and_compare_says_that_all_are_closed(
    cloud: Cloud, tmp_path: Path, analyze: Analyze, compare: Compare
) -> None:
    """The key in use stands in slot 2, and in slot 1 once the unused one is deleted."""
    for name in ("-x", "a,b"):
        cloud.aws("iam", "create-user", f"--user-name={name}")
    cloud.aws("iam", "create-login-profile", "--user-name=-x", f"--password={PASSWORD}")
    key = create_key(cloud, "a,b")["AccessKeyId"]
    time.sleep(1)
    in_use = create_key(cloud, "a,b")
    in_90_days = use(cloud, in_use)
    before_report = download(cloud, tmp_path / "before.json")
    before = analyze(before_report, as_of=in_90_days)
    assert before.having("unused") == {("-x", "password"), ("a,b", "access_key_1")}
    assert before.having("current") == {("a,b", "access_key_2")}
    spared = {in_use["AccessKeyId"]: "Active"}
    of_password = before.finding_id("-x", "password")
    of_key = before.finding_id("a,b", "access_key_1")

    too_early = cloud.run("sh", before.script, "--apply", "--delete-keys")

    assert lines(too_early) == [
        f"{of_key}: left alone: the key is Active, not Inactive",
        "0 done, 1 left alone, 0 failed.",
    ]
    assert keys_of(cloud, "a,b") == {key: "Active"} | spared
    assert has_password(cloud, "-x"), "to delete keys is not to delete passwords"

    applied = cloud.run("sh", before.script, "--apply")

    *done, count = lines(applied)
    assert set(done) == {f"{of_password}: done", f"{of_key}: done"}
    assert count == "2 done, 0 left alone, 0 failed."
    assert keys_of(cloud, "a,b") == {key: "Inactive"} | spared
    assert not has_password(cloud, "-x")

    again = cloud.run("sh", before.script, "--apply")

    *left, count = lines(again)
    assert set(left) == {
        f"{of_password}: left alone: no login profile any more",
        f"{of_key}: left alone: the key is Inactive, not Active",
    }
    assert count == "0 done, 2 left alone, 0 failed."

    later = use(cloud, in_use)
    switched_off_report = download(cloud, tmp_path / "switched-off.json")
    switched_off = compare((before_report, in_90_days), (switched_off_report, later))

    assert switched_off.status == 0, "no finding is open"
    assert became(switched_off) == {
        ("-x", "password", "deactivated", "yes"),
        ("a,b", "access_key_1", "deactivated", "yes"),
        ("a,b", "access_key_2", "still_current", ""),
        ("a,b", "password", "still_inactive", ""),
    }
    assert verdict(switched_off) == "2 of 2 findings closed: 2 deactivated; 0 still open; 0 new"

    keys_deleted = cloud.run("sh", before.script, "--apply", "--delete-keys")

    assert lines(keys_deleted) == [f"{of_key}: done", "1 done, 0 left alone, 0 failed."]
    assert keys_of(cloud, "a,b") == spared

    gone = cloud.run("sh", before.script, "--apply", "--delete-keys")
    at_last = use(cloud, in_use)
    after_report = download(cloud, tmp_path / "after.json")
    after = analyze(after_report, "--fail-on", "findings", as_of=at_last)

    assert lines(gone)[0].startswith(f"{of_key}: left alone: 0 keys were made at ")
    assert after.status == 0
    assert not after.having("unused", "undetermined")
    assert after.having("current") == {("a,b", "access_key_1")}
    assert ("a,b", "access_key_2") in after.having("absent")
    assert lines(cloud.run("sh", after.script)) == ["No findings.", DRY_RUN]

    deleted = compare((before_report, in_90_days), (after_report, at_last), formats="xlsx,csv")

    assert deleted.status == 0, "no finding is open"
    assert became(deleted) == {
        ("-x", "password", "deactivated", "yes"),
        ("a,b", "access_key_1", "removed", "yes"),
        ("a,b", "access_key_1", "still_current", ""),
        ("a,b", "password", "still_inactive", ""),
    }
    assert (
        verdict(deleted) == "2 of 2 findings closed: 1 deactivated, 1 removed; 0 still open; 0 new"
    )
    day = at_last[:10]
    made = before.row("a,b", "access_key_1")["set_at"]
    names = ("Finding", "Change", "User", "Credential", "Evidence")
    table = sheet_rows(deleted.file(".xlsx"), "Changes")
    in_workbook = {tuple(row[name] for name in names) for row in table}
    assert in_workbook == {
        ("closed", "deactivated", "-x", "password", f"inactive in the report of {day}"),
        (
            "closed",
            "removed",
            "a,b",
            "access key 1",
            f"no key made at {made} in the report of {day}",
        ),
        ("\u2013", "still current", "a,b", "access key 1 (was 2)", ""),
        ("\u2013", "still inactive", "a,b", "password", ""),
    }
    with deleted.file("-changes.csv").open(encoding="utf-8", newline="") as file:
        in_csv = {tuple(row[name] for name in CHANGE) for row in csv.DictReader(file)}
    assert in_csv == {(guarded(user), *rest) for user, *rest in became(deleted)}


def guarded(name: str) -> str:
    """Return the name as it stands in a CSV that a spreadsheet may open."""
    return f"'{name}" if name.startswith(("-", "=", "@")) else name


def test_script_acts_only_on_the_account_one_is_signed_in_to(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    """One run over two accounts, and one user name in both."""
    other = cloud.as_account(OTHER_ACCOUNT)
    (ours,) = add_user(cloud, "alice", password=True, keys=1)
    (theirs,) = add_user(other, "alice", keys=1)
    reports = tmp_path / "reports"
    reports.mkdir()
    fetch(cloud, reports / "ours.csv")
    fetch(other, reports / "theirs.csv")
    outcome = analyze(reports)
    owners = {row["finding_id"]: row["account_id"] for row in outcome.document["findings"]}
    assert sorted(owners.values()) == [ACCOUNT, ACCOUNT, OTHER_ACCOUNT]

    applied = lines(other.run("sh", outcome.script, "--apply"))

    said = dict(line.split(": ", 1) for line in applied[:-1])
    foreign = f"left alone: account {ACCOUNT}, but you are signed in to {OTHER_ACCOUNT}"
    assert said == {
        finding: "done" if owner == OTHER_ACCOUNT else foreign for finding, owner in owners.items()
    }
    assert applied[-1] == "1 done, 2 left alone, 0 failed."
    assert keys_of(other, "alice") == {theirs: "Inactive"}
    assert keys_of(cloud, "alice") == {ours: "Active"}
    assert has_password(cloud, "alice")


def test_script_leaves_keys_made_in_the_same_second_alone(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    add_user(cloud, "twins")
    keys, made = add_keys(cloud, "twins", same_second=True)
    outcome = analyze(fetch(cloud, tmp_path / "report.csv"))
    assert outcome.having("unused") == {("twins", "access_key_1"), ("twins", "access_key_2")}

    *left, count = lines(cloud.run("sh", outcome.script, "--apply"))

    why = f"left alone: 2 keys were made at {made:%Y-%m-%dT%H:%M:%S}, not exactly one"
    assert set(left) == {
        f"{outcome.finding_id('twins', slot)}: {why}" for slot in ("access_key_1", "access_key_2")
    }
    assert count == "0 done, 2 left alone, 0 failed."
    assert keys_of(cloud, "twins") == dict.fromkeys(keys, "Active")


def test_script_touches_the_key_that_reached_the_threshold_and_not_one_a_second_younger(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    add_user(cloud, "rotating")
    (older, younger), made = add_keys(cloud, "rotating", same_second=False)
    ninety_days = f"{made + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}"
    outcome = analyze(fetch(cloud, tmp_path / "report.csv"), as_of=ninety_days)
    assert outcome.having("unused") == {("rotating", "access_key_1")}
    assert outcome.having("current") == {("rotating", "access_key_2")}

    applied = lines(cloud.run("sh", outcome.script, "--apply"))

    assert applied[-1] == "1 done, 0 left alone, 0 failed."
    assert keys_of(cloud, "rotating") == {older: "Inactive", younger: "Active"}


def test_script_leaves_alone_whose_user_is_gone(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    (key,) = add_user(cloud, "leaver", password=True, keys=1)
    outcome = analyze(fetch(cloud, tmp_path / "report.csv"))
    iam = cloud.client("iam")
    iam.delete_access_key(UserName="leaver", AccessKeyId=key)
    iam.delete_login_profile(UserName="leaver")
    iam.delete_user(UserName="leaver")

    *left, count = lines(cloud.run("sh", outcome.script, "--apply"))

    assert set(left) == {
        f"{outcome.finding_id('leaver', 'password')}: left alone: no login profile any more",
        f"{outcome.finding_id('leaver', 'access_key_1')}: left alone: no such user any more",
    }
    assert count == "0 done, 2 left alone, 0 failed."


def test_script_calls_it_a_failure_where_it_is_not_allowed_to_look_or_to_act(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    """A finding that could not be looked at must never read as one that is gone."""
    (key,) = add_user(cloud, "alice", password=True, keys=1)
    outcome = analyze(fetch(cloud, tmp_path / "report.csv"))
    stranger = add_auditor(cloud, "stranger", "sts:*")
    reader = add_auditor(cloud, "reader", "iam:Get*", "iam:List*")
    cloud.check_permissions()

    by_stranger = stranger.run("sh", outcome.script, "--apply")
    by_reader = reader.run("sh", outcome.script, "--apply")

    of_password = f"{outcome.finding_id('alice', 'password')}: FAILED"
    of_key = f"{outcome.finding_id('alice', 'access_key_1')}: FAILED"
    for applied in (by_stranger, by_reader):
        assert (applied.returncode, applied.stdout) == (1, "0 done, 0 left alone, 2 failed.\n")
        assert applied.stderr.count("(AccessDenied)") == 2, "and why"
    assert f"{of_password}: cannot look for the login profile\n" in by_stranger.stderr
    assert f"{of_key}: cannot list the keys\n" in by_stranger.stderr
    assert f"{of_password}: aws iam delete-login-profile --user-name=alice\n" in by_reader.stderr
    assert f"{of_key}: aws iam update-access-key --user-name=alice" in by_reader.stderr
    cloud.check_permissions(after=float("inf"))
    assert keys_of(cloud, "alice") == {key: "Active"}
    assert has_password(cloud, "alice")


def add_auditor(cloud: Cloud, name: str, *allowed: str) -> Cloud:
    """Make a user who may do only that; return the cloud signed in as that user."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="some", PolicyDocument=policy)
    return cloud.as_user(iam.create_access_key(UserName=name)["AccessKey"])


def test_script_stops_where_it_cannot_tell_whose_account_it_is(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    (key,) = add_user(cloud, "alice", keys=1)
    outcome = analyze(fetch(cloud, tmp_path / "report.csv"))
    signed_out = Cloud(cloud.port, cloud.home, identity={})

    applied = signed_out.run("sh", outcome.script, "--apply")

    assert applied.returncode == 1
    assert "cannot tell whose account this is" in applied.stderr
    assert applied.stdout == ""
    assert keys_of(cloud, "alice") == {key: "Active"}


# The workbook's sheet Remediation


def test_commands_of_the_remediation_sheet_work_when_pasted_and_compare_says_closed(
    cloud: Cloud, tmp_path: Path, analyze: Analyze, compare: Compare
) -> None:
    (key,) = add_user(cloud, "=1+1", password=True, keys=1)
    (spared,) = add_user(cloud, "bystander", keys=1)
    cloud.client("iam").update_access_key(
        UserName="bystander", AccessKeyId=spared, Status="Inactive"
    )
    before = (download(cloud, tmp_path / "before.json"), in_days(100))
    outcome = analyze(before[0], formats="xlsx", as_of=before[1])
    steps = {
        (row["User"], row["Credential"]): (row["Step 1"], row["Step 2"])
        for row in sheet_rows(outcome.file(".xlsx"), "Remediation")
    }
    assert set(steps) == {("=1+1", "password"), ("=1+1", "access key 1")}

    find, switch_off = steps["=1+1", "access key 1"]
    found = cloud.run("sh", "-c", find)
    assert lines(found) == [key]
    assert KEY_PLACE in switch_off
    assert lines(cloud.run("sh", "-c", switch_off.replace(KEY_PLACE, key))) == []
    assert keys_of(cloud, "=1+1") == {key: "Inactive"}

    delete, check = steps["=1+1", "password"]
    assert lines(cloud.run("sh", "-c", delete)) == []
    checked = cloud.run("sh", "-c", check)
    assert checked.returncode != 0
    assert "NoSuchEntity" in checked.stderr

    compared = compare(before, (download(cloud, tmp_path / "after.json"), in_days(101)))

    assert compared.status == 0, "no finding is open"
    assert became(compared) == {
        ("=1+1", "password", "deactivated", "yes"),
        ("=1+1", "access_key_1", "deactivated", "yes"),
        ("bystander", "access_key_1", "still_inactive", ""),
        ("bystander", "password", "still_inactive", ""),
    }
    assert verdict(compared) == "2 of 2 findings closed: 2 deactivated; 0 still open; 0 new"


def sheet_rows(path: Path, sheet: str) -> list[dict[str, str]]:
    """Return the rows below the header, which is the first row with Credential."""
    book = openpyxl.load_workbook(path)
    rows = [[str(cell or "") for cell in row] for row in book[sheet].iter_rows(values_only=True)]
    book.close()
    top = next(place for place, row in enumerate(rows) if "Credential" in row)
    return [dict(zip(rows[top], row, strict=True)) for row in rows[top + 1 :]]
