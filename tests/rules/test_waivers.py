"""Waivers: what they cover, until when, and that they hide nothing."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from credreport.cli.main import app
from credreport.errors import UsageError
from credreport.evidence.of_analysis import of_analysis
from credreport.output.json_file import to_json_parts
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy
from credreport.rules.waivers import TEMPLATE, Waiver, Waivers, load_waivers, waive
from credreport.verdicts.assessment import Assessment, assess
from tests.support.books import column
from tests.support.reports import ACCOUNT, read, rendered, root, save, user

OTHER = "444455556666"
STALE_KEY = {
    "access_key_1_active": "true",
    "access_key_1_last_rotated": "2020-01-02T03:04:05Z",
    "access_key_1_last_used_date": "2021-01-01T00:00:00Z",
    "access_key_1_last_used_service": "s3",
}
STALE_PASSWORD = {
    "password_enabled": "true",
    "password_last_used": "2021-01-01T00:00:00Z",
    "password_last_changed": "2020-01-01T00:00:00Z",
}
ENTRY = {
    "id": '"W-1"',
    "user": '"svc-*"',
    "reason": '"Runs once a year"',
    "approved_by": '"Jane Doe"',
    "approved_on": "2026-01-15",
    "expires": "2026-12-31",
}


def waiver(name: str = "W-1", **fields: Any) -> Waiver:
    """Return a waiver that is in force, and what the test says differs from it."""
    given: dict[str, Any] = {
        "reason": "Runs once a year",
        "approved_by": "Jane Doe",
        "approved_on": date(2026, 1, 15),
        "expires": date(2026, 12, 31),
    } | fields
    return Waiver(id=name, **given)


def judged(
    directory: Path, *rows: dict[str, str], waivers: list[Waiver], policy: Policy | None = None
) -> Assessment:
    population = read(directory, root(), *rows)
    return assess(
        population, policy, Waivers(tuple(waivers), OptionFile("waivers.toml", "0" * 64, 1))
    )


def states(assessment: Assessment) -> list[str]:
    """Return `user credential: state waiver` of each finding."""
    return [
        f"{row.user} {row.credential}: {row.state} {row.waiver}".rstrip()
        for row in assessment.findings.itertuples()
    ]


def entry(**fields: str | None) -> str:
    """Return a table of a waivers file; None leaves a field out."""
    lines = [f"{key} = {value}" for key, value in (ENTRY | fields).items() if value is not None]
    return "\n".join(["[[waiver]]", *lines, ""])


def write(directory: Path, text: str) -> Path:
    path = directory / "waivers.toml"
    path.write_text(text, encoding="utf-8")
    return path


# What a waiver covers.


@pytest.mark.parametrize(
    ("fields", "is_waived"),
    [
        ({"user": "alice"}, True),
        ({"user": "ALICE"}, True),
        ({"user": "al*"}, True),
        ({"user": "bob"}, False),
        ({"account": ACCOUNT}, True),
        ({"account": OTHER}, False),
        ({"account": ACCOUNT, "user": "bob"}, False),
        ({"user": "alice", "credential": "access_key_1"}, True),
        ({"user": "alice", "credential": "access_key"}, True),
        ({"user": "alice", "credential": "access_key_2"}, False),
        ({"user": "alice", "credential": "password"}, False),
        ({"user": "alice", "rule": "unused-access-key"}, True),
        ({"user": "alice", "rule": "unrotated-access-key"}, False),
    ],
)
def test_waiver_covers_what_it_names(
    tmp_path: Path, fields: dict[str, str], *, is_waived: bool
) -> None:
    assessment = judged(tmp_path, user(**STALE_KEY), waivers=[waiver(**fields)])
    assert states(assessment) == [f"alice access_key_1: {'waived W-1' if is_waived else 'open'}"]


def test_waiver_may_be_about_a_whole_user_or_root(tmp_path: Path) -> None:
    policy = Policy(rules=("console-without-mfa", "root-without-mfa"))
    rows = [user(**STALE_PASSWORD)]
    about = [waiver("W-U", account=ACCOUNT, credential="user")]
    assert states(judged(tmp_path, *rows, waivers=about, policy=policy)) == [
        "alice user: waived W-U"
    ]
    population = read(tmp_path, root(mfa_active="false"))
    given = Waivers((waiver("W-R", user="<root_account>", credential="root"),))
    found = assess(population, policy, given)
    assert states(found) == ["<root_account> root: waived W-R"]


# Until when: its last day counts, in UTC, judged at the as-of (2026-01-31T12:00:00Z).


@pytest.mark.parametrize(
    ("expires", "state"),
    [
        (date(2026, 1, 31), "waived W-1"),
        (date(2026, 1, 30), "open"),
        (date.max, "waived W-1"),
    ],
)
def test_waiver_counts_to_the_end_of_its_last_day(
    tmp_path: Path, expires: date, state: str
) -> None:
    row = user(**STALE_KEY)
    assessment = judged(tmp_path, row, waivers=[waiver(user="alice", expires=expires)])
    assert states(assessment) == [f"alice access_key_1: {state}"]


@pytest.mark.parametrize(
    ("as_of", "state"),
    [("2026-01-30T23:59:59Z", "waived W-1"), ("2026-01-31T00:00:00Z", "open")],
)
def test_expiry_is_judged_at_the_as_of(tmp_path: Path, as_of: str, state: str) -> None:
    population = read(tmp_path, user(**STALE_KEY), as_of=as_of)
    given = Waivers((waiver(user="alice", expires=date(2026, 1, 30)),))
    assert states(assess(population, None, given)) == [f"alice access_key_1: {state}"]


def test_expired_waiver_is_named(tmp_path: Path) -> None:
    old = waiver(user="alice", expires=date(2026, 1, 30), line=4)
    assessment = judged(tmp_path, user(**STALE_KEY), waivers=[old])
    assert [str(notice) for notice in assessment.notices] == [
        "waivers.toml, line 4: waiver 'W-1' expired on 2026-01-30; 1 finding is open again"
    ]
    (row,) = assessment.waivers.to_dict("records")
    assert row["state"] == "expired"
    assert row["covers"] == 0
    assert row["expired_findings"] == assessment.findings["finding_id"].iloc[0]
    assert of_analysis(assessment).verdict.endswith(
        "1 finding over the 2 rules of profile conformity: 1 open, 0 waived. Waivers expired: W-1."
    )


def test_expired_waiver_opens_nothing_that_another_covers(tmp_path: Path) -> None:
    rows = [user(**STALE_KEY | STALE_PASSWORD)]
    old = waiver("W-OLD", user="alice", expires=date(2026, 1, 30))
    new = waiver("W-NEW", user="alice")
    assessment = judged(tmp_path, *rows, waivers=[old, new])
    assert states(assessment) == [
        "alice password: waived W-NEW",
        "alice access_key_1: waived W-NEW",
    ]
    assert list(assessment.waivers["state"]) == ["expired", "in force"]
    assert assessment.notices == ()
    only_key = waiver("W-NEW", user="alice", credential="access_key")
    assessment = judged(tmp_path, *rows, waivers=[old, only_key])
    assert [notice.message for notice in assessment.notices] == [
        "waiver 'W-OLD' expired on 2026-01-30; 1 finding is open again"
    ]


# From when: its first day counts, from its first instant.


@pytest.mark.parametrize(
    ("as_of", "state"),
    [("2026-01-14T23:59:59Z", "open"), ("2026-01-15T00:00:00Z", "waived W-1")],
)
def test_waiver_is_in_force_from_the_day_it_was_approved(
    tmp_path: Path, as_of: str, state: str
) -> None:
    population = read(tmp_path, user(**STALE_KEY), as_of=as_of)
    given = Waivers((waiver(user="alice"),))  # approved on 2026-01-15
    assert states(assess(population, None, given)) == [f"alice access_key_1: {state}"]


def test_waiver_not_yet_in_force_is_named(tmp_path: Path) -> None:
    early = waiver(user="alice", approved_on=date(2026, 2, 1), line=4)
    assessment = judged(tmp_path, user(**STALE_KEY), waivers=[early])
    assert [str(notice) for notice in assessment.notices] == [
        "waivers.toml, line 4: waiver 'W-1' is not in force before 2026-02-01; 1 finding is open"
    ]
    (row,) = assessment.waivers.to_dict("records")
    assert row["state"] == "not yet in force"
    assert row["covers"] == 0
    assert row["early_findings"] == assessment.findings["finding_id"].iloc[0]
    assert row["expired_findings"] == ""
    assert of_analysis(assessment).verdict.endswith("Waivers not yet in force: W-1.")


NEW_KEY = STALE_KEY | {"access_key_1_last_rotated": "2026-01-16T00:00:00Z"}
NEW_KEY["access_key_1_last_used_date"] = "N/A"


@pytest.mark.parametrize(
    ("row", "others", "said"),
    [
        ({**NEW_KEY, "user_creation_time": "2020-01-01T00:00:00Z"}, [], "covers 1 finding"),
        ({**NEW_KEY, "access_key_1_last_rotated": "2026-01-15T23:59:59Z"}, [], ""),
        ({**STALE_PASSWORD, "password_last_changed": "2026-01-16T00:00:00Z"}, [], ""),
        ({**STALE_PASSWORD, "user_creation_time": "2026-01-16T00:00:00Z"}, [], "covers 1 finding"),
        (NEW_KEY, [{"approved_on": date(2026, 1, 16)}], ""),
        (NEW_KEY, [{"approved_on": date(2026, 1, 16), "user": "bob"}], "covers 1 finding"),
    ],
)
def test_waiver_of_what_was_made_after_its_approval_is_named(
    tmp_path: Path, row: dict[str, str], others: list[dict[str, Any]], said: str
) -> None:
    more = [waiver(f"W-{n}", **{"user": "alice"} | each) for n, each in enumerate(others, 2)]
    population = read(tmp_path, user("bob"), user("alice", **row), as_of="2026-12-01")
    given = Waivers((waiver(user="alice", line=4), *more), OptionFile("w.toml", "0" * 64, 1))
    assessment = assess(population, None, given)
    assert states(assessment)[0].endswith(": waived W-1")
    found = [str(each) for each in assessment.notices if each.code == "waiver-newer"]
    words = (
        f"w.toml, line 4: waiver 'W-1', approved on 2026-01-15, {said} of a key or user made later"
    )
    assert found == ([words] if said else [])
    unnamed = assess(population, None, Waivers((waiver(user="alice"),)))
    assert not [each for each in unnamed.notices if each.code == "waiver-newer"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"account": ACCOUNT}, ["waiver 'W-1' names no user; it covers findings of 2"]),
        (
            {"user": "*", "account": ACCOUNT},
            ["waiver 'W-1' names no user; it covers findings of 2"],
        ),
        ({"user": "*o*"}, ["waiver 'W-1' names no account; it covers findings of 2"]),
        ({"user": "bob"}, []),
        (
            {"user": "?*", "account": ACCOUNT},
            ["waiver 'W-1' names no user; it covers findings of 2"],
        ),
        (
            {"user": "*?*", "account": ACCOUNT},
            ["waiver 'W-1' names no user; it covers findings of 2"],
        ),
        ({"user": "???", "account": ACCOUNT}, []),
    ],
)
def test_waiver_of_several_users_or_accounts_that_names_none_is_named(
    tmp_path: Path, fields: dict[str, Any], said: list[str]
) -> None:
    other = user("carol", "222233334444", **STALE_KEY)
    rows = [user("alice", **STALE_KEY), user("bob", **STALE_KEY), other]
    given = judged(tmp_path, *rows, root("222233334444"), waivers=[waiver(**fields)])
    assert [each.message for each in given.notices if each.code == "waiver-wide"] == said


def test_unmatched_waiver_is_named(tmp_path: Path) -> None:
    assessment = judged(tmp_path, user(**STALE_KEY), waivers=[waiver(user="nobody")])
    assert list(assessment.waivers["state"]) == ["unmatched"]
    assert [notice.message for notice in assessment.notices] == [
        "waiver 'W-1' matches no finding (expires 2026-12-31)"
    ]


def test_two_findings_of_an_expired_waiver_are_counted(tmp_path: Path) -> None:
    old = waiver(account=ACCOUNT, expires=date(2026, 1, 1))
    rows = user(**STALE_KEY | STALE_PASSWORD)
    assessment = judged(tmp_path, rows, waivers=[old])
    assert "2 findings are open again" in assessment.notices[0].message


# It hides nothing.


def test_first_waiver_marks_the_finding_and_each_lists_it(tmp_path: Path) -> None:
    waivers = [waiver("W-1", user="alice"), waiver("W-2", account=ACCOUNT)]
    assessment = judged(tmp_path, user(**STALE_KEY), waivers=waivers)
    assert states(assessment) == ["alice access_key_1: waived W-1"]
    assert list(assessment.waivers["covers"]) == [1, 1]


def test_waiver_changes_no_verdict(tmp_path: Path) -> None:
    rows = [user(**STALE_KEY), user("bob", **STALE_PASSWORD)]
    plain = judged(tmp_path, *rows, waivers=[])
    waived = judged(tmp_path, *rows, waivers=[waiver(account=ACCOUNT)])
    assert waived.credentials.equals(plain.credentials)
    assert waived.tie_out.equals(plain.tie_out)
    assert list(waived.findings["finding_id"]) == list(plain.findings["finding_id"])
    assert len(plain.open_findings) == 2
    assert waived.open_findings.empty


def test_waived_rule_is_marked_in_the_conclusion(tmp_path: Path) -> None:
    policy = Policy(profile="all", rules=("console-without-mfa",))
    row = user(**STALE_PASSWORD | {"password_last_used": "2026-01-30T00:00:00Z"})
    assessment = judged(tmp_path, row, waivers=[waiver(user="alice")], policy=policy)
    assert "console-without-mfa (waived)" in list(assessment.users["conclusion"])


def test_evidence_shows_waived_findings_and_the_waivers(tmp_path: Path) -> None:
    assessment = judged(
        tmp_path, user(**STALE_KEY), user("bob", **STALE_KEY), waivers=[waiver(user="alice")]
    )
    evidence = of_analysis(assessment)
    assert "2 findings over the 2 rules of profile conformity: 1 open, 1 waived." in (
        evidence.verdict
    )
    document = json.loads("".join(to_json_parts(evidence)))
    assert [row["state"] for row in document["findings"]] == ["waived", "open"]
    assert document["waivers"][0]["findings"] == document["findings"][0]["finding_id"]
    assert [row["open"] for row in document["rules"]] == [0, 1]
    files = rendered(evidence, ("md", "xlsx"))
    (markdown,) = (data.decode() for name, data in files.items() if name.endswith(".md"))
    assert "access key 1, medium, unused-access-key, waived: `W-1`" in markdown
    (workbook,) = (data for name, data in files.items() if name.endswith(".xlsx"))
    book = load_workbook(io.BytesIO(workbook))
    assert column(book["Waivers"], "Waiver") == ["W-1"]
    assert column(book["Waivers"], "State") == ["in force"]
    assert column(book["Findings"], "State") == ["waived W-1", "open"]
    rules = [row[0].value for row in book["Summary"].iter_rows(max_col=1)]
    assert "Findings by rule" in rules


def test_file_without_waivers_gives_a_sheet_that_says_so(tmp_path: Path) -> None:
    evidence = of_analysis(judged(tmp_path, user(), waivers=[]))
    (workbook,) = (
        data for name, data in rendered(evidence, ("xlsx",)).items() if name.endswith(".xlsx")
    )
    book = load_workbook(io.BytesIO(workbook))
    assert book["Waivers"]["A2"].value == "No waiver of the file is about these accounts"
    assert book["Findings"]["A2"].value == ("No findings: none of the 2 rules in force was broken")


# What the remedies make of it.


def script_calls(assessment: Assessment) -> list[str]:
    """Return the lines of the findings: function, finding, credential, and a waiver's ID."""
    lines = of_analysis(assessment).script.partition("\nfindings() {\n    :\n")[2]
    return [line.strip() for line in lines.partition("\n}\n")[0].splitlines()]


ALICE = "'111122223333' 'alice'"
STALE = "'2020-01-01T00:00:00' '2026-01-31T08:00:00' '2020-01-02T03:04:05'"


def test_script_leaves_a_waived_finding_alone(tmp_path: Path) -> None:
    rows = [user(**STALE_KEY), user("bob", **STALE_KEY)]
    assessment = judged(tmp_path, *rows, waivers=[waiver(user="alice")])
    of_alice, of_bob = assessment.findings["finding_id"]
    waived, call = script_calls(assessment)
    assert waived == f"waived '{of_alice}' {ALICE} 'access key 1' 'W-1'"
    assert call.startswith(f"access_key '{of_bob}' '111122223333' 'bob' 'access key 1' {STALE}")
    steps = of_analysis(assessment).tables["remediation"]["step_1"]
    assert steps.iloc[0] == "Nothing to do while waiver W-1 is in force"


def test_script_touches_no_credential_of_which_another_finding_is_waived(tmp_path: Path) -> None:
    never = STALE_KEY | {
        "access_key_1_last_used_date": "N/A",
        "access_key_1_last_used_service": "N/A",
    }
    only_unused = waiver(user="alice", rule="unused-access-key")
    assessment = judged(tmp_path, user(**never), waivers=[only_unused], policy=Policy.of("all"))
    assert not [call for call in script_calls(assessment) if call.startswith("access_key")]


def test_script_touches_a_credential_once(tmp_path: Path) -> None:
    never = STALE_KEY | {
        "access_key_1_last_used_date": "N/A",
        "access_key_1_last_used_service": "N/A",
    }
    rules = ("unused-access-key", "never-used-access-key", "unrotated-access-key")
    assessment = judged(tmp_path, user(**never), waivers=[], policy=Policy(rules=rules))
    first, second, _ = assessment.findings["finding_id"]
    assert script_calls(assessment) == [
        f"access_key '{first}' {ALICE} 'access key 1' {STALE} 'never'",
        f"# {second}: the same credential as {first}.",
    ]


def test_inactive_user_is_switched_off_credential_by_credential(tmp_path: Path) -> None:
    rows = [user(**STALE_KEY | STALE_PASSWORD)]
    policy = Policy(rules=("inactive-user",))
    assessment = judged(tmp_path, *rows, waivers=[], policy=policy)
    (name,) = assessment.findings["finding_id"]
    of_password, of_key = script_calls(assessment)
    assert of_password.startswith(f"password '{name}' {ALICE} 'password' '2020")
    assert of_key.startswith(f"access_key '{name}' {ALICE} 'access key 1' {STALE}")


def test_script_of_findings_for_people_only_does_nothing(tmp_path: Path) -> None:
    policy = Policy(rules=("console-without-mfa",))
    assessment = judged(tmp_path, user(**STALE_PASSWORD), waivers=[], policy=policy)
    assert script_calls(assessment) == ["for_people=1"]


def test_waiver_id_cannot_end_its_line_in_the_script(tmp_path: Path) -> None:
    evil = waiver("W';touch x\n#", user="alice")
    (call,) = script_calls(judged(tmp_path, user(**STALE_KEY), waivers=[evil]))
    assert call.endswith(""" 'W'"'"';touch x?#'""")


@pytest.mark.parametrize(
    ("rule", "row", "first"),
    [
        (
            "unrotated-access-key",
            user("-x", **STALE_KEY),
            "aws iam create-access-key --user-name=-x  # then move every user of the old key to it",
        ),
        (
            "console-without-mfa",
            user("a;b", **STALE_PASSWORD),
            "Ask the user to register an MFA device, or take the password away",
        ),
        (
            "active-signing-certificate",
            user("a;b", cert_1_active="true"),
            "aws iam list-signing-certificates '--user-name=a;b'",
        ),
        (
            "unrotated-access-key",
            root(**STALE_KEY),
            "Root has no IAM command: sign in as root",
        ),
        (
            "root-without-mfa",
            root(mfa_active="false"),
            "Sign in as root and register an MFA device, better a hardware key",
        ),
    ],
)
def test_other_rules_have_steps_in_words(
    tmp_path: Path, rule: str, row: dict[str, str], first: str
) -> None:
    population = read(tmp_path, row)
    evidence = of_analysis(assess(population, Policy(rules=(rule,))))
    assert list(evidence.tables["remediation"]["step_1"]) == [first]


# The file.


def test_waivers_are_read_whole(tmp_path: Path) -> None:
    text = "# ours\n" + entry(
        account='"111122223333"',
        credential='"access_key"',
        rule='"unused-access-key"',
        expires='"2026-12-31"',
        ticket='"SEC-1"',
        compensating_control='"One bucket"',
    )
    loaded = load_waivers(write(tmp_path, text))
    assert loaded.file is not None
    assert loaded.file.name == "waivers.toml"
    assert loaded.origin.startswith("waivers.toml (SHA-256 ")
    assert loaded.waivers == (
        Waiver(
            id="W-1",
            account="111122223333",
            user="svc-*",
            credential="access_key",
            rule="unused-access-key",
            reason="Runs once a year",
            approved_by="Jane Doe",
            approved_on=date(2026, 1, 15),
            expires=date(2026, 12, 31),
            ticket="SEC-1",
            compensating_control="One bucket",
            line=3,
        ),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry(id=None), "line 1: a waiver without id. Add what is missing."),
        (
            entry(reason=None, expires=None),
            "waivers.toml, line 2: a waiver without reason, expires. Add what is missing.",
        ),
        (entry(user=None), "line 2: a waiver without account or user. Say whose findings"),
        (entry(expires='"31.12.2026"'), "line 7: `expires` is '31.12.2026'. Write a day, such as"),
        (entry(expires='"2026-02-30"'), "line 7: `expires` is '2026-02-30'."),
        (entry(expires="2026-12-31T00:00:00Z"), "line 7: `expires` is 2026-12-31T00:00:00+00:00."),
        (entry(expires="20261231"), "line 7: `expires` is 20261231. Write a day"),
        (entry(expires="2026-02-30"), "waivers.toml, line 7, column 11: not TOML ("),
        (entry(expires="31.12.2026"), "waivers.toml, line 7, column "),
        (entry(expires="2026-01-14"), "line 7: `expires` lies before `approved_on`."),
        (
            entry(account="111122223333"),
            "line 8: `account` is 111122223333. Write a string in quotes",
        ),
        (entry(account='"1111"'), "line 8: `account` is '1111'. Write 12 digits, in quotes."),
        (entry(reason='" "'), "line 4: `reason` is ' '. Write a string in quotes"),
        (entry(user='"[ab]"'), "line 3: `user` is '[ab]'. A glob has * and ? only."),
        (
            entry(rule='"unused-acess-key"'),
            "line 8: no rule 'unused-acess-key'. The nearest is `unused-access-key`.",
        ),
        (
            entry(credential='"acess_key"'),
            "line 8: no credential 'acess_key'. The nearest is `access_key`.",
        ),
        (entry(expire="2026-12-31"), "line 8: unknown key `expire`. The nearest is `expires`."),
        (entry() + entry(), "line 9: a second waiver 'W-1'. Give each an id of its own."),
        (
            entry(user=None, account=f'"{ACCOUNT}"', ticket='"S"  # user = "bob" only'),
            "line 8: `user =` is part of a comment or a text. Begin a line with it, or take it out.",
        ),
        (
            f"# ours {' '.join(entry().splitlines())}",
            "line 1: `[[waiver]]` is part of a comment. Begin a line with it.",
        ),
        ("[[waver]]\n", "line 1: unknown key `waver`. The nearest is `waiver`."),
        ("waiver = 1\n", "line 1: `waiver` is not a table. Write [[waiver]]."),
    ],
)
def test_fault_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_waivers(write(tmp_path, text))
    (line,) = str(refused.value).splitlines()
    assert message in line


def test_waiver_of_one_day_is_one(tmp_path: Path) -> None:
    loaded = load_waivers(write(tmp_path, entry(expires="2026-01-15")))
    assert len(loaded.waivers) == 1


# The command line.


def run(*words: object) -> tuple[int, str, str]:
    answer = CliRunner().invoke(app, [str(word) for word in words])
    return answer.exit_code, answer.stdout, answer.stderr


def test_template_is_a_waivers_file_once_its_comments_are_taken_away(tmp_path: Path) -> None:
    status, printed, _ = run("waivers")
    assert status == 0
    assert printed == TEMPLATE
    assert load_waivers(write(tmp_path, printed)).waivers == ()
    lines = printed.splitlines()
    entry = lines[lines.index("# [[waiver]]") :]
    text = "\n".join(line.removeprefix("# ") for line in entry)
    assert [each.id for each in load_waivers(write(tmp_path, text)).waivers] == ["W-2026-001"]


@pytest.mark.parametrize(("expires", "status"), [("2026-01-31", 0), ("2026-01-30", 1)])
def test_fail_on_counts_open_findings_only(tmp_path: Path, expires: str, status: int) -> None:
    report = save(tmp_path, root(), user(**STALE_KEY))
    waivers = write(tmp_path, entry(user='"alice"', expires=expires))
    found, printed, said = run(
        "analyze", report, "--format", "none", "--fail-on", "findings", "--waivers", waivers
    )
    assert found == status
    assert f"{status} open, {1 - status} waived" in printed
    assert ("waiver 'W-1' expired on 2026-01-30" in said) is bool(status)


def test_rules_in_force_are_counted_on_screen(tmp_path: Path) -> None:
    report = save(tmp_path, root(), user(**STALE_KEY))
    status, printed, _ = run("analyze", report, "--format", "none", "--profile", "cis-3.0")
    assert status == 0
    assert "2 findings over the 9 rules of profile cis-3.0: 2 open, 0 waived." in printed
    lines = [line.split() for line in printed.splitlines()]
    assert ["unrotated-access-key", "medium", "1", "1", "0", "0"] in lines


def test_rule_that_cannot_tell_makes_the_status_3(tmp_path: Path) -> None:
    row = user(**STALE_PASSWORD | {"mfa_active": "perhaps"})
    report = save(tmp_path, root(), row)
    status, _, _ = run("analyze", report, "--format", "none", "--profile", "cis-3.0")
    assert status == 3
    status, _, _ = run("analyze", report, "--format", "none")
    assert status == 0


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        (
            "--policy",
            "unused_afer_days = 3\n",
            "error: policy.toml, line 1: unknown key `unused_afer_days`. "
            "The nearest is `unused_after_days`.\n",
        ),
        (
            "--waivers",
            entry(expires='"soon"'),
            "error: waivers.toml, line 7: `expires` is 'soon'. Write a day, such as 2026-12-31.\n",
        ),
    ],
)
def test_fault_in_a_file_ends_with_2_and_one_line(
    tmp_path: Path, option: str, text: str, message: str
) -> None:
    report = save(tmp_path, root())
    path = tmp_path / f"{option.removeprefix('--')}.toml"
    path.write_text(text)
    output = tmp_path / "evidence"
    assert run("analyze", report, "-o", output, option, path) == (2, "", message)
    assert not output.exists()


def test_each_fault_gets_a_line_of_its_own(tmp_path: Path) -> None:
    report = save(tmp_path, root())
    path = write(tmp_path, "a = 1\nb = 2\n")
    _, _, said = run("analyze", report, "--waivers", path)
    assert [line.split(":")[0] for line in said.splitlines()] == ["error", "error"]


def test_unused_after_wins_over_the_policy(tmp_path: Path) -> None:
    report = save(tmp_path, root(), user(**STALE_KEY))
    path = tmp_path / "policy.toml"
    path.write_text('profile = "cis-3.0"\nunused_after_days = 60\n')
    _, printed, _ = run(
        "analyze", report, "--format", "none", "--policy", path, "--unused-after", "30"
    )
    assert "unused for 30 days or more" in printed
    assert "cis-3.0, changed by a policy: 2 open" in " ".join(printed.split())


@pytest.mark.parametrize("name", ["u{}", "U{}*", "*{}", "?{}", "K{}"])
def test_a_thousand_waivers_take_a_moment(tmp_path: Path, name: str) -> None:
    many = [waiver(f"W-{number}", user=name.format(number)) for number in range(1_000)]
    assessment = judged(tmp_path, user("u7", **STALE_KEY), user("\u212a8", **STALE_KEY), waivers=[])
    before = process_time()
    marked, table = waive(assessment.findings.assign(kind="access_key"), many)
    assert process_time() - before < 0.8
    expected = {"K{}": ["", "W-8"], "u{}": ["W-7", ""], "U{}*": ["W-7", ""]}
    assert list(marked["waiver"]) == expected.get(name, ["W-7", "W-8"])
    assert set(table["state"]) == {"in force", "unmatched"}


def test_many_tables_take_time_in_proportion(tmp_path: Path) -> None:
    text = "".join(f"{entry(id=chr(34) + str(n) + chr(34))}\n" for n in range(4_000))
    before = process_time()
    assert len(load_waivers(write(tmp_path, text)).waivers) == 4_000
    with pytest.raises(UsageError, match="and 980 more"):
        load_waivers(write(tmp_path, "[[waiver]]\n" * 8_000))
    with pytest.raises(UsageError, match=r"line 1: unknown key `a0`[\s\S]*and 980 more"):
        load_waivers(write(tmp_path, "".join(f"a{number} = 1\n" for number in range(60_000))))
    assert process_time() - before < 20
