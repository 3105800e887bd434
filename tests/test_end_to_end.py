"""From the real AWS CLI to the ticket and back: download, judge, remedy, download again."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
HARD_NAMES = ("-x", "=1+1", "@SUM", "+x")
KEY_ID = re.compile(r" \(AKIA[A-Z0-9]+\)$")
FORMS = {
    "json": ("--output", "json"),
    "text": ("--output", "text"),
    "content": ("--query", "Content", "--output", "text"),
}
CHANGE = ("user", "credential", "change", "closed")
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
    """Make a key; return its ID and its secret."""
    key: dict[str, str] = cloud.client("iam").create_access_key(UserName=name)["AccessKey"]
    return key


def use(cloud: Cloud, key: dict[str, str]) -> str:
    """Sign in with the key; return when it is not yet unused and all that was idle before is."""
    as_of = in_days(90)
    time.sleep(1)
    cloud.as_user(key).client("sts").get_caller_identity()
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
    add_user(cloud, "-x", password=True)
    add_user(cloud, "=1+1", keys=1)
    add_user(cloud, "@SUM")
    used = create_key(cloud, "@SUM")
    cloud.as_user(used).client("sts").get_caller_identity()
    (off,) = add_user(cloud, "a,b", keys=1)
    iam = cloud.client("iam")
    iam.update_access_key(UserName="a,b", AccessKeyId=off, Status="Inactive")
    iam.create_access_key(UserName="a,b")
    add_user(cloud, "plain")
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


def results(process: subprocess.CompletedProcess[str], status: int = 0) -> dict[str, str]:
    """Return action and result by user and credential, as the script prints them."""
    assert (process.returncode, process.stderr) == (status, "")
    found = {}
    for line in process.stdout.splitlines():
        if line.startswith("CR-"):
            about, _, result = line.partition("  ")[2].partition(": ")
            found[KEY_ID.sub("", about)] = result
    return found


def test_script_handed_over_does_what_it_says_and_compare_says_that_all_is_closed(
    cloud: Cloud, tmp_path: Path, analyze: Analyze, compare: Compare
) -> None:
    """The key in use stands in slot 2, and in slot 1 once the unused one is deleted."""
    add_user(cloud, "-x", password=True)
    (key,) = add_user(cloud, "a,b", keys=1)
    time.sleep(1)
    in_use = create_key(cloud, "a,b")
    in_90_days = use(cloud, in_use)
    before_report = download(cloud, tmp_path / "before.json")
    before = analyze(before_report, as_of=in_90_days)
    assert before.having("unused") == {("-x", "password"), ("a,b", "access_key_1")}
    assert before.having("current") == {("a,b", "access_key_2")}
    spared = {in_use["AccessKeyId"]: "Active"}

    dry_run = cloud.run("sh", before.script)

    assert dry_run.stdout.startswith("dry run: nothing is changed\n")
    assert results(dry_run) == {
        "-x, password": "remove console access: would be done",
        "a,b, access key 1": "set inactive: would be done",
    }
    assert keys_of(cloud, "a,b") == {key: "Active"} | spared
    assert has_password(cloud, "-x")

    applied = cloud.run("sh", before.script, "--apply")

    assert results(applied) == {
        "-x, password": "remove console access: done",
        "a,b, access key 1": "set inactive: done",
    }
    assert keys_of(cloud, "a,b") == {key: "Inactive"} | spared
    assert not has_password(cloud, "-x")

    again = cloud.run("sh", before.script, "--apply")

    assert results(again) == {
        "-x, password": "remove console access: nothing to do: the user has no console password",
        "a,b, access key 1": "set inactive: nothing to do: the key is inactive already",
    }

    later = use(cloud, in_use)
    switched_off_report = fetch(cloud, tmp_path / "switched-off.csv")
    switched_off = compare((before_report, in_90_days), (switched_off_report, later))

    assert switched_off.status == 0, "no finding is open"
    assert {row[:3] for row in became(switched_off)} >= {
        ("-x", "password", "deactivated"),
        ("a,b", "access_key_1", "deactivated"),
    }
    assert verdict(switched_off).startswith("2 of 2 findings closed: 2 deactivated; 0 still open")

    deleted = cloud.run("sh", before.script, "--apply", "--delete-keys")

    assert results(deleted) == {"a,b, access key 1": "delete: done"}
    assert keys_of(cloud, "a,b") == spared
    at_last = use(cloud, in_use)
    after_report = fetch(cloud, tmp_path / "after.csv")
    compared = compare((before_report, in_90_days), (after_report, at_last), formats="xlsx,csv")

    assert compared.status == 0, "no finding is open"
    assert {row[:3] for row in became(compared)} >= {
        ("-x", "password", "deactivated"),
        ("a,b", "access_key_1", "removed"),
        ("a,b", "access_key_1", "still_current"),
    }
    assert verdict(compared).startswith(
        "2 of 2 findings closed: 1 deactivated, 1 removed; 0 still open"
    )
    table = sheet_rows(compared.file(".xlsx"), "Changes")
    assert {"-x", "a,b"} <= {row["User"] for row in table}
    with compared.file("-changes.csv").open(encoding="utf-8", newline="") as file:
        assert {"'-x", "a,b"} <= {row["user"] for row in csv.DictReader(file)}
    logs = sorted(compared.directory.parent.glob("*/*.log"))
    acts = "".join(log.read_text("utf-8") for log in logs)
    undo = f"aws iam update-access-key '--user-name=a,b' --access-key-id='{key}' --status=Active"
    assert undo in acts, "every act can be told from the logs"
    assert acts.count(f"\t{key}\tdelete\tdone\tcannot be undone") == 1


def test_script_leaves_alone_what_is_not_as_it_was(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    """One run over two accounts; each user is a situation of its own.

    Not here: a login profile made since, for the simulator dates it like its user (test_script.py).
    """
    other = cloud.as_account(OTHER_ACCOUNT)
    iam = cloud.client("iam")
    for name in ("user-again", "gone", "elsewhere", *HARD_NAMES):
        add_user(other if name == "elsewhere" else cloud, name, password=True)
    (idle,) = add_user(cloud, "key-inactive", keys=1)
    (replaced,) = add_user(cloud, "key-replaced", keys=1)
    add_user(cloud, "key-used")
    used = create_key(cloud, "key-used")
    add_user(cloud, "twins")
    twins, made = add_keys(cloud, "twins", same_second=True)
    reports = tmp_path / "reports"
    reports.mkdir()
    fetch(cloud, reports / "ours.csv")
    fetch(other, reports / "theirs.csv")
    outcome = analyze(reports, as_of=in_days(100))
    script = date_back(Path(outcome.script), outcome)
    time.sleep(1)
    for name in ("user-again", "gone"):
        iam.delete_login_profile(UserName=name)
        iam.delete_user(UserName=name)
    add_user(cloud, "user-again", password=True)
    iam.update_access_key(UserName="key-inactive", AccessKeyId=idle, Status="Inactive")
    iam.delete_access_key(UserName="key-replaced", AccessKeyId=replaced)
    iam.create_access_key(UserName="key-replaced")
    cloud.as_user(used).client("sts").get_caller_identity()

    run = cloud.run("sh", str(script), "--apply")

    found = results(run, 3)
    removed = {f"{name}, password": "remove console access: done" for name in HARD_NAMES}
    assert {
        about: result for about, result in found.items() if result.endswith(": done")
    } == removed
    left = {
        "user-again, password": "remove console access: left alone: another user of the same name",
        "gone, password": "remove console access: left alone: there is no user of this name",
        "key-used, access key 1": "set inactive: left alone: it was used at",
        "key-inactive, access key 1": "set inactive: nothing to do: the key is inactive already",
        "key-replaced, access key 1": "set inactive: nothing to do: the user has no key made at",
        "twins, access key 1": f"no action: left alone: two keys were made at {made:%Y-%m-%dT%H:%M:%SZ}",
        "twins, access key 2": f"no action: left alone: two keys were made at {made:%Y-%m-%dT%H:%M:%SZ}",
        "elsewhere, password": "remove console access: left alone: it is in account 222233334444, "
        "you are signed in to 123456789012",
    }
    assert found.keys() == removed.keys() | left.keys()
    for about, start in left.items():
        assert found[about].startswith(start), about
    assert run.stdout.endswith("\n4 done, 2 with nothing to do, 6 left alone, 0 failed.\n")
    assert has_password(cloud, "user-again")
    assert keys_of(cloud, "key-used") == {used["AccessKeyId"]: "Active"}
    assert keys_of(cloud, "twins") == dict.fromkeys(twins, "Active")
    assert set(keys_of(cloud, "key-replaced").values()) == {"Active"}
    assert not any(has_password(cloud, name) for name in HARD_NAMES)


def date_back(script: Path, outcome: Outcome) -> Path:
    """Let the script believe that the report is of this second, for the simulator's clock is real."""
    as_of = {row["as_of"] for row in outcome.document["inputs"]}
    text = script.read_text("utf-8")
    for instant in as_of:
        assert instant[:19] in text
        text = text.replace(instant[:19], f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")
    script.write_text(text, "utf-8")
    return script


def test_script_leaves_alone_what_it_may_not_ask_and_fails_where_it_may_not_act(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    """A finding that could not be looked at must never read as one that is gone."""
    (key,) = add_user(cloud, "alice", keys=1)
    outcome = analyze(fetch(cloud, tmp_path / "report.csv"))
    stranger = add_auditor(cloud, "stranger", "sts:*")
    reader = add_auditor(cloud, "reader", "iam:Get*", "iam:List*")
    cloud.check_permissions()

    by_stranger = results(stranger.run("sh", outcome.script, "--apply"), 3)
    by_reader = results(reader.run("sh", outcome.script, "--apply"), 1)

    (left,) = by_stranger.values()
    (failed,) = by_reader.values()
    assert left.startswith("set inactive: left alone: cannot ask for the user: An error occurred")
    assert failed.startswith("set inactive: FAILED: An error occurred (AccessDenied) when calling")
    assert "(AccessDenied)" in left
    cloud.check_permissions(after=float("inf"))
    assert keys_of(cloud, "alice") == {key: "Active"}


def add_auditor(cloud: Cloud, name: str, *allowed: str) -> Cloud:
    """Make a user who may do only that; return the cloud signed in as that user."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="some", PolicyDocument=policy)
    return cloud.as_user(iam.create_access_key(UserName=name)["AccessKey"])


def test_script_stops_where_nobody_is_signed_in(
    cloud: Cloud, tmp_path: Path, analyze: Analyze
) -> None:
    (key,) = add_user(cloud, "alice", keys=1)
    outcome = analyze(fetch(cloud, tmp_path / "report.csv"))
    signed_out = replace(cloud, identity={})

    applied = signed_out.run("sh", outcome.script, "--apply")

    assert applied.returncode == 1
    assert applied.stderr.startswith("Stopped: cannot tell which account this is: aws sts")
    assert "left alone" not in applied.stdout
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
    before = (fetch(cloud, tmp_path / "before.csv"), in_days(100))
    outcome = analyze(before[0], formats="xlsx", as_of=before[1])
    steps = {
        (row["User"], row["Credential"]): (row["Step 1"], row["Step 2"])
        for row in sheet_rows(outcome.file(".xlsx"), "Remediation")
    }
    assert set(steps) == {("=1+1", "password"), ("=1+1", "access key 1")}

    find, switch_off = steps["=1+1", "access key 1"]
    assert lines(cloud.run("sh", "-c", find)) == [key]
    assert KEY_PLACE in switch_off
    assert lines(cloud.run("sh", "-c", switch_off.replace(KEY_PLACE, key))) == []
    assert keys_of(cloud, "=1+1") == {key: "Inactive"}

    look, remove = steps["=1+1", "password"]
    (looked,) = lines(cloud.run("sh", "-c", look))
    arn, made, used = looked.split("\t")
    assert (arn, used) == (f"arn:aws:iam::{ACCOUNT}:user/=1+1", "None")
    checks = {row["Check first"] for row in sheet_rows(outcome.file(".xlsx"), "Remediation")}
    assert all(f"user created {made[:19]}Z" in check for check in checks)
    assert lines(cloud.run("sh", "-c", remove)) == []
    assert not has_password(cloud, "=1+1")

    compared = compare(before, (fetch(cloud, tmp_path / "after.csv"), in_days(101)))

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
