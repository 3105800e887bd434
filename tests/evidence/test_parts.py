"""Workbooks of owners and accounts: together they are the whole, and each says whose it is."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from credreport.cli.main import app
from credreport.decisions.decision import Decision, Decisions
from credreport.decisions.review import reviewed
from credreport.evidence.evidence import SignOff
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.parts import _endings, only, with_parts
from credreport.reports.selection import read_reports
from credreport.rules.accounts import read_accounts
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy
from credreport.rules.profiles import PROFILES
from credreport.rules.waivers import load_waivers
from credreport.schema import SplitBy
from credreport.verdicts.assessment import Assessment, assess
from tests.support.reports import root, save, user

OLD = "2025-01-01T00:00:00Z"
PASSWORD = {"password_enabled": "true", "password_last_changed": OLD, "password_last_used": OLD}
ACCOUNTS = ("111111111111", "222222222222", "333333333333", "444444444444")
SHEETS = ("Findings", "Undetermined", "Users", "Credentials", "Remediation", "Accounts")
LIST = (
    "id,name,owner\n111111111111,A,Team A\n222222222222,B,team-a\n333333333333,C,Team A\n"
    "555555555555,E,Team A\n"
)
WAIVER = (
    '[[waiver]]\nid = "W"\nuser = "u0"\nreason = "r"\napproved_by = "a"\n'
    "approved_on = 2025-01-01\nexpires = 2026-12-31\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Four accounts, three of them on the list, whose owners' names are alike to a file system."""
    for number, account in enumerate(ACCOUNTS):
        rows = [user(f"u{each}", account, **PASSWORD) for each in range(number + 1)]
        rows.append(user("odd", account, **PASSWORD | {"password_last_used": "?"}))
        save(tmp_path / "in", root(account), *rows, name=f"{number}-2026-01-31T12-00-00Z.csv")
    (tmp_path / "accounts.csv").write_text(LIST)
    (tmp_path / "w.toml").write_text(WAIVER)
    return tmp_path


def judged(place: Path) -> Assessment:
    policy = Policy(profile="all", rules=PROFILES["all"].rules)
    found = assess(read_reports(place / "in"), policy, load_waivers(place / "w.toml"))
    return found.check_accounts(read_accounts(place / "accounts.csv"))


def run(place: Path, *words: str) -> Result:
    line = ["analyze", str(place / "in"), "-o", str(place / "out"), *words]
    return CliRunner().invoke(app, [word.replace("PLACE", str(place)) for word in line])


@pytest.mark.parametrize("by", [*SplitBy])
def test_the_rows_of_the_parts_are_those_of_the_whole(place: Path, by: SplitBy) -> None:
    assessment = judged(place)
    whole = with_parts(of_analysis(assessment), assessment, by, SignOff())
    assert len(whole.parts) == {SplitBy.OWNER: 3, SplitBy.ACCOUNT: 4}[by]
    for name in ("findings", "undetermined", "users", "credentials", "remediation", "inputs"):
        keys = ["source_file", "source_line", "credential", "rule", "finding_id", "sha256"]
        tables = [part.tables[name] for part in whole.parts]
        columns = [key for key in keys if key in whole.tables[name]]
        joined = pd.concat(tables)[columns].astype("str")
        expected = whole.tables[name][columns].astype("str")
        assert sorted(map(tuple, joined.to_numpy())) == sorted(map(tuple, expected.to_numpy()))
    for name in ("summary", "bands"):
        numbers = whole.tables[name].select_dtypes("number").columns
        stacked = pd.concat([part.tables[name][numbers] for part in whole.parts])
        sums = stacked.groupby(level=0).sum()
        assert sums.to_numpy().tolist() == whole.tables[name][numbers].to_numpy().tolist()
    assert all(part.ties_out for part in whole.parts)


def test_a_row_without_an_arn_is_in_the_part_of_its_report(tmp_path: Path) -> None:
    old = {"password_enabled": "true", "password_last_used": "2024-01-01T00:00:00Z"}
    save(tmp_path, root(), user("alice", **old), user("bob", arn="", **old))
    judged = assess(read_reports(tmp_path))
    own = only(judged, {"111122223333"})
    assert sorted(own.findings["user"]) == ["alice", "bob"]
    assert len(own.users) == 3
    assert of_analysis(judged).tables["accounts"]["open"].tolist() == [2]


def test_a_part_has_nothing_of_another(place: Path) -> None:
    assessment = judged(place)
    whole = with_parts(of_analysis(assessment), assessment, SplitBy.ACCOUNT, SignOff())
    for part, account in zip(whole.parts, ACCOUNTS, strict=True):
        assert part.stem == f"{whole.stem}-by-account-{account}"
        for sheet in part.sheets:
            for column in ("account_id", "arn"):
                if column in sheet.table:
                    assert (
                        not sheet.table[column]
                        .str.contains("|".join({*ACCOUNTS} - {account}))
                        .any()
                    )
        waivers = part.tables["waivers"]
        assert waivers["covers"].tolist() == [len(waivers["findings"][0].split())]
    covers = sum(int(part.tables["waivers"]["covers"].sum()) for part in whole.parts)
    assert covers == whole.tables["waivers"]["covers"].sum()


@pytest.mark.parametrize(
    ("groups", "endings"),
    [
        (("team", ""), ["by-owner-team", "by-owner-none"]),
        (("Team A", "team-a", "Team  A"), ["by-owner-Team-A-8a5c3d5c", "by-owner-team-a-", "by-owner-Team-A-"]),
        (("../../etc/passwd",), ["by-owner-etc-passwd-"]),
        (("Ünïts", "\u202e"), ["by-owner-n-ts-", "by-owner-"]),
        (("none", ""), ["by-owner-none-", "by-owner-none"]),
        (("x" * 300,), [f"by-owner-{'x' * 40}-"]),
        (("team!", "team-41f224ff"), ["by-owner-team-41f224ff", "by-owner-team-41f224ff-"]),
        (("!", "BB7208BC"), ["by-owner-bb7208bc", "by-owner-BB7208BC-"]),
    ],
)  # fmt: skip
def test_whose_a_file_is_stands_in_its_name(groups: tuple[str, ...], endings: list[str]) -> None:
    found = list(_endings(groups, SplitBy.OWNER).values())
    assert len({each.lower() for each in found}) == len(groups)
    for ending, expected in zip(found, endings, strict=True):
        assert ending.startswith(expected.removesuffix("8a5c3d5c"))
        assert ending.replace("-", "").isalnum()


def test_one_manifest_lists_them_and_verify_makes_them_again(place: Path) -> None:
    asked = ["--accounts", "PLACE/accounts.csv", "--split-by", "owner", "--format", "xlsx,md"]
    done = run(place, *asked)
    assert done.exit_code == 3, done.output
    names = sorted(path.name for path in (place / "out").glob("*.xlsx"))
    assert len(names) == 4
    (manifest,) = (place / "out").glob("*-manifest.json")
    document = json.loads(manifest.read_bytes())
    assert {*names} == {each["name"] for each in document["outputs"]}
    assert document["parameters"]["split_by"] == "owner"
    (comment,) = (place / "out").glob("*.md")
    assert "-by-owner-" not in comment.read_text()
    books = {name: load_workbook(place / "out" / name) for name in names}
    rows = {
        name: {sheet: book[sheet].max_row - 1 for sheet in SHEETS} for name, book in books.items()
    }
    whole = min(names, key=len)
    for sheet in SHEETS:
        assert rows[whole][sheet] == sum(rows[name][sheet] for name in names if name != whole), (
            sheet
        )
    line = ["verify", str(place / "out"), str(place / "in"), str(place / "accounts.csv")]
    book = books[names[-1]]
    book["Users"]["B2"].value = "somebody else"
    book.save(place / "out" / names[-1])
    verified = CliRunner().invoke(app, line)
    assert verified.exit_code == 1
    assert "is not as it was written: 1 difference." in verified.stdout.replace("\n", " ")
    assert f"{names[-1]}: re-performed: cell Users!B2" in verified.stdout.replace("\n", " ")


def test_masked_the_names_of_the_parts_are_pseudonyms(place: Path) -> None:
    asked = ["--accounts", "PLACE/accounts.csv", "--split-by", "owner", "--format", "xlsx"]
    done = run(place, *asked, "--mask", "--mask-key", "PLACE/k")
    assert done.exit_code == 3, done.output
    names = " ".join(path.name for path in (place / "out").iterdir())
    assert names.count("-masked-by-owner-owner-") == 2
    assert "team" not in names.lower()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--split-by owner", "--split-by owner needs --accounts FILE"),
        ("--split-by owner --accounts PLACE/ids.csv", "no account of --accounts has an owner"),
        ("--split-by account --format csv", "add xlsx to --format"),
        ("--split-by account --baseline PLACE/in", "give only one of the two"),
    ],
)
def test_what_cannot_be_split_is_refused(place: Path, options: str, words: str) -> None:
    (place / "ids.csv").write_text("id,Business owner\n111111111111,Team A\n")
    done = run(place, *options.split())
    assert done.exit_code == 2
    assert words in done.stderr.replace("\n", " ")


def test_an_owner_without_any_report_has_no_part(place: Path) -> None:
    (place / "accounts.csv").write_text(f"{LIST}666666666666,F,Team Z\n")
    assessment = judged(place)
    whole = with_parts(of_analysis(assessment), assessment, SplitBy.OWNER, SignOff())
    assert not any("Team-Z" in part.stem for part in whole.parts)


def test_a_part_has_the_decisions_on_its_own_findings(place: Path) -> None:
    assessment = judged(place)
    firsts = assessment.findings.drop_duplicates("account_id")
    decisions = tuple(
        Decision(
            str(row["finding_id"]), "Removed", "Ann", account_id=str(row["account_id"]), user=str(row["user"]),
            credential=str(row["credential"]), rule=str(row["rule"]), limit=str(row["limit"]),
        )
        for row in firsts.to_dict("records")
    )  # fmt: skip
    assert [each.account_id for each in decisions] == [*ACCOUNTS]
    file = OptionFile("old.xlsx", "0" * 64, 1)
    part = only(reviewed(assessment, Decisions(decisions, file=file)), {ACCOUNTS[1]})
    assert part.review is not None
    assert part.review.decisions.decisions == (decisions[1],)
    assert {*part.review.table["account_id"]} == {ACCOUNTS[1]}


def test_reports_of_a_part_are_numbered_anew(tmp_path: Path) -> None:
    odd = PASSWORD | {"password_last_used": "?"}
    for day, account in enumerate(ACCOUNTS[:2], start=30):
        save(
            tmp_path, root(account), user("a", account, **odd), name=f"{account}-2026-01-{day}.csv"
        )
    own = only(assess(read_reports(tmp_path)), {ACCOUNTS[1]})
    for table in (own.credentials, own.users, own.undetermined):
        assert {*table["report"]} == {0}
        assert table["report"].dtype == "int64"
    as_of = of_analysis(own).standing.undetermined["as_of"]
    assert [f"{each:%Y-%m-%d}" for each in as_of] == ["2026-01-31"]


def test_a_waiver_for_any_account_has_the_state_of_the_part(tmp_path: Path) -> None:
    days = ("2025-01-31", "2025-06-30", "2026-01-31")
    for day, account in zip(days, ACCOUNTS, strict=False):
        used = PASSWORD | {"password_last_changed": "2024-01-01T00:00:00Z"}
        used |= {"password_last_used": "2024-01-01T00:00:00Z"}
        save(
            tmp_path / "in", root(account), user("u0", account, **used), name=f"{account}-{day}.csv"
        )
    dates = WAIVER.replace("2025-01-01", "2025-06-01").replace("2026-12-31", "2025-12-31")
    (tmp_path / "w.toml").write_text(dates)
    found = assess(read_reports(tmp_path / "in"), waivers=load_waivers(tmp_path / "w.toml"))
    states = {
        account: only(found, {account}).waivers[["state", "covers"]].to_numpy().tolist()
        for account in ACCOUNTS[:3]
    }
    assert states == {
        ACCOUNTS[0]: [["not yet in force", 0]],
        ACCOUNTS[1]: [["in force", 1]],
        ACCOUNTS[2]: [["expired", 0]],
    }
    assert found.waivers["state"].tolist() == ["in force"]
    (tmp_path / "w.toml").write_text(dates.replace("u0", "u1"))
    found = assess(read_reports(tmp_path / "in"), waivers=load_waivers(tmp_path / "w.toml"))
    sheets = of_analysis(only(found, {ACCOUNTS[0]})).sheets
    assert sheets[-1].words == "No waiver of the file is about these accounts"


def test_a_warning_about_another_account_in_the_same_file_is_not_in_the_part(
    tmp_path: Path,
) -> None:
    early = PASSWORD | {"user_creation_time": "2025-06-01T00:00:00Z"}
    rows = [
        row
        for account in ACCOUNTS[:2]
        for row in (root(account), user(f"of-{account[0]}", account, **early))
    ]
    save(tmp_path, *rows, name="2026-01-31.csv")
    found = assess(read_reports(tmp_path))
    named = {
        account: "\n".join(each.message for each in only(found, {account}).notices)
        for account in ACCOUNTS[:2]
    }
    assert "of-1" in named[ACCOUNTS[0]]
    assert "of-2" not in named[ACCOUNTS[0]]
    assert "of-2" in named[ACCOUNTS[1]]
    assert "of-1" not in named[ACCOUNTS[1]]
    about_the_file = [each for each in found.notices if "of-" not in each.message]
    assert about_the_file
    for account in ACCOUNTS[:2]:
        assert {*about_the_file} <= {*only(found, {account}).notices}
