"""The list of accounts: what is read, what is refused with its line, what it says of the reports."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from credreport.cli.main import app
from credreport.comparison.comparison import compare_all
from credreport.errors import UsageError
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.of_comparison import of_comparison
from credreport.reports.selection import read_reports
from credreport.rules.accounts import Account, AccountList, read_accounts
from credreport.verdicts.assessment import assess
from tests.support.reports import ACCOUNT, judge, root, save, user

OTHER = "444455556666"


def read(directory: Path, text: str | bytes, name: str = "accounts.csv") -> tuple[Account, ...]:
    path = directory / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_accounts(path).accounts


def test_names_and_owners_are_read(tmp_path: Path) -> None:
    text = "\ufeffname,id,owner\nProd,000000000001, Ann \n\nX,111122223333\n"
    assert read(tmp_path, text) == (
        Account("000000000001", "Prod", "Ann", line=2),
        Account("111122223333", "X", line=4),
    )


@pytest.mark.parametrize(
    "header",
    ["id", "ID", "Id", "account_id", "Account ID", "account id", "accountid", "AccountId",
     "AWS Account ID", "Account Number", "account", ' "Account-ID" '.strip()],
)  # fmt: skip
def test_column_of_the_id_may_be_called(tmp_path: Path, header: str) -> None:
    assert read(tmp_path, f"Name,{header}\nProd,{ACCOUNT}\n") == (Account(ACCOUNT, "Prod", line=2),)


@pytest.mark.parametrize("rest", ["\n", "\r\n", "\n ", ",,"])
def test_cells_may_be_left_out_where_the_line_has_an_end(tmp_path: Path, rest: str) -> None:
    (account,) = read(tmp_path, f"id,name,owner\n{ACCOUNT}{rest}")
    assert account == Account(ACCOUNT, line=2)


@pytest.mark.parametrize(
    "statuses", [("ACTIVE", "ACTIVE"), ("PENDING", "PENDING_CLOSURE", "PENDING"), ("ACTIVE", "S")]
)
def test_a_whole_status_needs_no_line_end(tmp_path: Path, statuses: tuple[str, ...]) -> None:
    """Many lists lack the last line end: Google Sheets writes none."""
    lines = [f"{number:012},{status}" for number, status in enumerate(statuses)]
    accounts = read(tmp_path, "\n".join(["id,status", *lines]))
    assert tuple(each.status for each in accounts) == statuses


def test_an_id_in_groups_is_that_of_its_arn(tmp_path: Path) -> None:
    arn = f"arn:aws:organizations::{OTHER}:account/o-a/111122223333"
    text = f'[{{"Id": "1111-2222-3333", "Arn": "{arn}"}}]'
    assert read(tmp_path, text) == (Account("111122223333"),)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_spreadsheets_write_other_delimiters(tmp_path: Path, delimiter: str, end: str) -> None:
    text = end.join(delimiter.join(row) for row in (("Owner", "Account ID"), ("Ann", ACCOUNT)))
    assert read(tmp_path, text) == (Account(ACCOUNT, owner="Ann", line=2),)


@pytest.mark.parametrize(
    "cell",
    ['"=""012345678901"""', '="012345678901"'.replace('"', "'"), "'012345678901",
     " 012345678901 ", "0123-4567-8901"],
)  # fmt: skip
def test_ids_as_spreadsheets_and_consoles_show_them(tmp_path: Path, cell: str) -> None:
    (found,) = read(tmp_path, f"id\n{cell}\n")
    assert found.account_id == "012345678901"


def test_organizations_export_is_read(tmp_path: Path) -> None:
    accounts = [
        {"Id": ACCOUNT, "Arn": "arn", "Email": "a@example.com", "Name": "Prod", "Status": "ACTIVE"},
        {"Id": OTHER, "Name": "Old", "Status": "SUSPENDED", "JoinedTimestamp": 1.5},
    ]
    expected = (
        Account(ACCOUNT, "Prod", status="ACTIVE"),
        Account(OTHER, "Old", status="SUSPENDED"),
    )
    for document in ({"Accounts": accounts}, accounts):
        assert read(tmp_path, json.dumps(document), "accounts.json") == expected
    header = "Id,Arn,Email,Name,Status\n"
    assert read(tmp_path, header + f"{ACCOUNT},arn,a@example.com,Prod,ACTIVE\n") == (
        Account(ACCOUNT, "Prod", status="ACTIVE", line=2),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "owner,name\nx,y\n",
            "--accounts accounts.csv, line 1: no column with the account ID among 'owner', 'name'. "
            "Expected a header with id, account_id, Account ID or AccountId; name and owner are "
            "optional.",
        ),
        ("", "--accounts accounts.csv: no account in it. Expected a column"),
        ("id,name\n", "--accounts accounts.csv: no account in it"),
        ("id,ID\n1,2\n", "line 1: two columns are called 'id'. Leave one of them."),
        (
            f"id,name {ACCOUNT},Prod\n{OTHER},Dev\n",
            f"line 1: the header has an account ID in 'name {ACCOUNT}'. End the line of the header before it.",
        ),
        (f"id\t{ACCOUNT}\n{OTHER}\n", "line 1: the header has an account ID in"),
        (
            f"id,name\n{OTHER},Prod{ACCOUNT}\n",
            f"line 2: 'Prod{ACCOUNT}' has the account ID {ACCOUNT} in it, which is not listed. If two lines became one there, end the first.",
        ),
        (
            f"id,name\n{ACCOUNT},{OTHER}\n",
            f"line 2: '{OTHER}' has the account ID {OTHER} in it, which is not listed.",
        ),
        (
            f"Account ID,ARN,Name\n{ACCOUNT},arn:aws:organizations::{OTHER}:account/o-a/{OTHER},Dev\n",
            f"line 2: account {ACCOUNT} has an ARN that ends in '{OTHER}'. If one column was sorted or pasted "
            "by itself, export the list again.",
        ),
        (
            f'[{{"Id": "{OTHER}", "Arn": "arn:aws:organiz233{ACCOUNT[-9:]}"}}]',
            f"account {OTHER} has an ARN that ends in '233{ACCOUNT[-9:]}'.",
        ),
        (
            f'[{{"Id": "{OTHER}", "Arn": "arn:aws:organizations::1:account/o-a/{ACCOUNT}"}}]',
            f"accounts.csv: account {OTHER} has an ARN that ends in '{ACCOUNT}'.",
        ),
        (
            f"id\n{ACCOUNT}\n{OTHER}\n{ACCOUNT}\n",
            f"line 4: account {ACCOUNT} a second time (first on line 2). List each account once.",
        ),
        (
            "id\n12345678901\n",
            "line 2: '12345678901' is not an account ID of 12 digits. A spreadsheet may have "
            "dropped leading zeros: export it again with the column as text.",
        ),
        ("id\n1.11122E+11\n", "line 2: '1.11122E+11' is not an account ID of 12 digits. A spread"),
        ("id\nprod\n", "line 2: 'prod' is not an account ID of 12 digits. Write 12 digits."),
        ("id,name\n,Prod\n", "line 2: a row without an account ID."),
        (
            f'id,name\n{ACCOUNT},"Prod\n{OTHER},Dev\n',
            "line 2: a quote is not closed. Close the quote, or write it twice inside quotes.",
        ),
        (
            f'id,name\n{ACCOUNT},"Prod\n{OTHER},Dev"\n',
            "line 2: a quoted cell runs to line 3.",
        ),
        (f"id,name\n{ACCOUNT},a,b\n", "line 2: 3 cells under 2 columns."),
        (
            f"id,name,owner\n{ACCOUNT},Prod,Ann\n{OTHER},De",
            "line 3: the last line ends after 2 of 3 cells. If the list is not cut short there, "
            "end the line.",
        ),
        (
            f"id,status\n{ACCOUNT},ACTIVE\n{OTHER},ACT",
            "line 3: the last line ends with 'ACT', the beginning of 'ACTIVE'. If the list is not cut "
            "short there, end the line.",
        ),
        (b"id\n111122223333\n\xff", "line 3: not UTF-8; save it as UTF-8"),
        (
            f'id,name\n{ACCOUNT},"{OTHER},Dev"\n',
            "line 2: a row within a quoted cell. Close the quote, or write it twice inside quotes.",
        ),
        (
            f"id,name\n{ACCOUNT},Prod\n\0\0\0\0\n{OTHER},Dev\n",
            "accounts.csv, line 3: a NUL byte; the file is damaged",
        ),
        (
            f"id,name\n{ACCOUNT},Prod\n{OTHER},Dev\n{OTHER},Test\n".encode("utf-16").replace(
                b"\n", b"\r\n"
            ),
            "accounts.csv: UTF-16 in which a byte was lost or added; save it as UTF-8",
        ),
        ("{", "line 1, column 2: not JSON. Expected the output of"),
        ("[" * 100_000, "not JSON that can be read."),
        ('{"Accounts": 1}', "JSON without a list of accounts."),
        (
            f'{{"Accounts": [{{"Id": "{OTHER}"}}], "Accounts": [{{"Id": "{ACCOUNT}"}}]}}',
            "accounts.csv: the key 'Accounts' appears twice in one object. Leave one of them.",
        ),
        (f'[{{"Id": "{OTHER}", "Id": "{ACCOUNT}"}}]', "the key 'Id' appears twice in one object"),
        (f'[{{"Id": "{OTHER}", "ID": "{ACCOUNT}"}}]', "account 1: two columns are called 'Id'"),
        (
            f'{{"Accounts": [{{"Id": "{OTHER}"}}], "accounts": [{{"Id": "{ACCOUNT}"}}]}}',
            "JSON without a list of accounts.",
        ),
        (
            f'{{"Accounts": [{{"Id": "{OTHER}"}}], "NextToken": "eyJ"}}',
            "a part of the list: `NextToken` says that there are more accounts. Run `aws",
        ),
        (
            f'{{"Accounts": [{{"Id": "{OTHER}"}}], "IsTruncated": true, "NextToken": null}}',
            "a part of the list: `IsTruncated` says that there are more accounts. Run `aws",
        ),
        (
            f'{{"Accounts": [{{"Id": "{OTHER}"}}], "next_marker": "eyJ"}}',
            "a part of the list: `NextMarker` says that there are more accounts. Run `aws",
        ),
        (
            f'{{"Accounts": [{{"Id": "{OTHER}"}}], "Suspended": [[{{"Id": {ACCOUNT}}}]]}}',
            f"account {ACCOUNT} is in it, but not as the ID of an account of its list. Expected the",
        ),
        (
            f'[{{"Id": "{OTHER}", "Arn": "arn:aws:organizations::{OTHER}:account/o:account/o-a/{ACCOUNT}"}}]',
            f"account {ACCOUNT} is in it, but not as the ID of an account of its list. Expected the",
        ),
        (
            f'{{"Accounts": [{{"Id": "{OTHER}"}}], "Suspended": ["{ACCOUNT}"]}}',
            f"account {ACCOUNT} is in it, but not as the ID of an account of its list. Expected the",
        ),
        (
            f'{{"Accounts": [{{"Id": "{OTHER}"}}], "Suspended": {{"{ACCOUNT}": {{"Name": "x"}}}}}}',
            f"account {ACCOUNT} is in it, but not as the ID of an account of its list. Expected the",
        ),
        (
            f'[{{"Id": "{ACCOUNT}", "Note": {{"a": ["Sandbox{OTHER};Data"]}}}}]',
            f"accounts.csv: 'Sandbox{OTHER};Data' has the account ID {OTHER} in it, which is not listed",
        ),
        (
            f"id,name,owner\r{ACCOUNT},Prod,Ann\r{OTHER},De",
            "line 3: the last line ends after 2 of 3 cells.",
        ),
        (f"id,name\n{ACCOUNT},{OTHER}|Data\n", "line 2: a row within a quoted cell."),
        ('[{"Name": "x"}]', "accounts.csv, account 1: no column with the account ID among 'Name'"),
    ],
)
def test_mistakes_are_refused_with_their_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, text)
    assert message in str(error.value)


@pytest.mark.parametrize("header", ["id,name", "id,environment"])
@pytest.mark.parametrize("row", ["{}\tData", "{};Data", "{}|Data", "{} Data", '{}" "Data', "{}"])
def test_a_row_that_ran_on_to_a_word_is_refused(tmp_path: Path, header: str, row: str) -> None:
    text = f"{header}\n{ACCOUNT},Production\n777788889999,Sandbox{row.format(OTHER)}\n"
    with pytest.raises(UsageError, match=rf"line 3: '.*' has the account ID {OTHER} in it, which"):
        read(tmp_path, text)


def doubts(directory: Path, text: str) -> list[str]:
    read(directory, text)
    found = read_accounts(directory / "accounts.csv").doubts
    assert {notice.code for notice in found} <= {"account-lost"}
    return [str(notice) for notice in found]


@pytest.mark.parametrize(
    "cell",
    [OTHER, "4444-5555-6666", f"'{OTHER}", f"Sandbox2{OTHER}\tData", f"Prod (EU){OTHER};Data", f"{OTHER}{ACCOUNT}",
     f"arn:aws:organizations::{OTHER}:account/o-a/{ACCOUNT}", f"aws{OTHER}@example.com",
     f"https://{OTHER}.signin.aws.amazon.com/console", f"moved from {OTHER} in 2024", f"+{OTHER}"],
)  # fmt: skip
def test_a_number_that_may_be_an_account_is_warned_of(tmp_path: Path, cell: str) -> None:
    said = f"{OTHER} may be an account that is not listed"
    assert doubts(tmp_path, f"id,notes\n{ACCOUNT},{cell}\n") == [f"accounts.csv, line 2: {said}"]
    document = {"Accounts": [{"Id": ACCOUNT, "Notes": [{cell: 1}]}, {"Id": "000000000001"}]}
    if cell != OTHER:  # the IDs of accounts as keys are a list of another form
        assert doubts(tmp_path, json.dumps(document)) == [f"accounts.csv: {said}"]


def test_so_is_a_ticket_of_twelve_digits(tmp_path: Path) -> None:
    said = "accounts.csv, line 2: 000012345678 may be an account that is not listed"
    assert doubts(tmp_path, f"id,notes\n{ACCOUNT},INC000012345678\n") == [said]


@pytest.mark.parametrize(
    "cell", [ACCOUNT, f"x{ACCOUNT} y", "1584738922.123", "", "+49 89 12345678"]
)
def test_but_not_one_that_is_listed_or_none(tmp_path: Path, cell: str) -> None:
    assert doubts(tmp_path, f"id,notes\n{ACCOUNT},{cell}\n") == []


def test_so_is_a_value_of_a_key_that_damage_made(tmp_path: Path) -> None:
    text = f'[{{"Id": "{ACCOUNT}", "Nad": "{OTHER}", "Email": "a@example.com"}}]'
    assert doubts(tmp_path, text) == [f"accounts.csv: {OTHER} may be an account that is not listed"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"id,name\n{ACCOUNT},Pr{' ' * 20}a\n",
            "accounts.csv, line 2: 20 times U+0020: an account may have stood there",
        ),
        (f"id\n{ACCOUNT}{' ' * 13}\n", "accounts.csv, line 2: 13 times U+0020: an account may have"),
        (
            f'[{{"Id": "{ACCOUNT}",\n{" " * 60}"Name": "Data"}}]',
            "accounts.csv, line 2: 60 times U+0020: an account may have stood there",
        ),
        (f"id,name\n{ACCOUNT},x\n \n{OTHER},y\n", "accounts.csv, line 3: a line without anything in it"),
        (f"id,name\n{ACCOUNT},x\n,\n{OTHER},y\n", "accounts.csv, line 3: a line without anything in it"),
        (f"id\n{ACCOUNT}\n\n\n{OTHER}\n", "accounts.csv, line 3: a line without anything in it"),
        (f"id,name\n{ACCOUNT},x\n,\n", "accounts.csv, line 3: a line without anything in it"),
        (f"id,name\n{ACCOUNT},P{'x' * 12}\n", "accounts.csv, line 2: 12 times U+0078: an account may"),
        (f"id\n{ACCOUNT}\n\n", "accounts.csv, line 3: a line without anything in it"),
        (f"id\tname\n{ACCOUNT}\tP{',' * 12}\n", "accounts.csv, line 2: 12 times U+002C: an account may"),
        (f"id;name\n{ACCOUNT};P{chr(9) * 12}\n", "accounts.csv, line 2: 12 times U+0009: an account"),
        (f'[{{"Id": "{ACCOUNT}", "Name": "{"#" * 12}"}}]', "accounts.csv, line 1: 12 times U+0023: an"),
        (
            f"id,name,owner,team\n{ACCOUNT},x,Ann\n{OTHER},y,Eve\n",
            "accounts.csv, line 2: a row of 3 cells under 4 columns",
        ),
        (
            f"id,name,owner\n{ACCOUNT},x,Ann\n{OTHER},Bob\n000000000001,y,Eve\n",
            "accounts.csv, line 3: a row of 2 cells under 3 columns",
        ),
    ],
)  # fmt: skip
def test_a_place_where_a_row_may_have_stood_is_warned_of(
    tmp_path: Path, text: str, said: str
) -> None:
    (found,) = doubts(tmp_path, text)
    assert found.startswith(said)


@pytest.mark.parametrize("indent", [2, 4])
def test_indented_json_and_empty_lines_everywhere_are_no_such_places(
    tmp_path: Path, indent: int
) -> None:
    document = {"Accounts": [{"Id": ACCOUNT, "Tags": [{"Key": "a"}]}]}
    assert doubts(tmp_path, json.dumps(document, indent=indent)) == []
    assert doubts(tmp_path, f"id,name\n\n{ACCOUNT},x\n\n{OTHER},y\n\n\n") == []


def test_twenty_such_places_are_named(tmp_path: Path) -> None:
    rows = [f"{number:012},{number + 1584738922000}\n" for number in range(30)]
    found = doubts(tmp_path, "".join(["id,joined\n", *rows]))
    assert len(found) == 21
    assert found[20] == "accounts.csv: and 10 more places where an account may be lost"


def test_they_are_in_the_warnings_of_every_run(tmp_path: Path) -> None:
    report = save(tmp_path, root(), user())
    path = tmp_path / "list" / "accounts.csv"
    path.parent.mkdir()
    path.write_text(f"id,payer\n{ACCOUNT},{OTHER}\n", encoding="utf-8")
    said = f"accounts.csv, line 2: {OTHER} may be an account that is not listed"
    for command, *rest in (("analyze", "--format", "none"), ("inspect",)):
        answer = CliRunner().invoke(app, [command, str(report), "--accounts", str(path), *rest])
        assert answer.exit_code == 0
        assert said in answer.stderr
        assert "1 x places where the list of accounts may have lost one" in answer.stderr


@pytest.mark.parametrize("text", ["x" * 9_000, f"id\n{'x' * 9_000}", f"id,{'x' * 9_000},id"])
def test_a_message_quotes_no_whole_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert len(str(caught.value)) < 1_500


def test_a_list_has_a_thousand_columns_at_most(tmp_path: Path) -> None:
    just = ["id", *(f"c{number}" for number in range(999))]
    wide = [*just, "x"]
    table = [f"{','.join(each)}\n{ACCOUNT},\n" for each in (just, wide)]
    objects = [json.dumps([dict.fromkeys(each) | {"id": ACCOUNT}]) for each in (just, wide)]
    said = ("line 1: ", "account 1: ")
    for (read_text, refused_text), place in zip((table, objects), said, strict=True):
        assert [each.account_id for each in read(tmp_path, read_text)] == [ACCOUNT]
        with pytest.raises(UsageError) as caught:
            read(tmp_path, refused_text)
        assert str(caught.value) == (
            f"--accounts accounts.csv, {place}1001 columns, more than 1000. Keep the column id, "
            "account_id, Account ID or AccountId; name and owner are optional."
        )


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, "id\n1\n2\n")
    assert len(str(error.value).splitlines()) == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_accounts(tmp_path / "no.csv")


def test_listed_account_without_a_report_is_in_the_verdict(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f"id,name,owner\n{ACCOUNT},prod,me\n{OTHER},dev,you\n", encoding="utf-8")
    assessment = judge(tmp_path, root(), user()).check_accounts(read_accounts(path))
    assert "accounts of the list without a report: 1" in assessment.doubts
    assert [str(notice) for notice in assessment.notices] == [
        f"accounts.csv, line 3: no report of account {OTHER} (dev, owner you)"
    ]
    evidence = of_analysis(assessment)
    verdict = evidence.verdict
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert evidence.parameters["accounts_file"] == f"accounts.csv (SHA-256 {digest})"
    assert dict(evidence.facts)["List of accounts"] == f"accounts.csv (SHA-256 {digest})"
    assert f"1 account of the list has no report: {OTHER} (dev, owner you)." in verdict


def test_report_of_an_account_that_is_not_listed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f"id\n{OTHER}\n", encoding="utf-8")
    assessment = judge(tmp_path, root(), user()).check_accounts(read_accounts(path))
    assert f"accounts.csv: account {ACCOUNT} has a report, and is not in this list" in [
        str(notice) for notice in assessment.notices
    ]


def test_without_a_list_nothing_is_missing(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(), user())
    assert assessment.check_accounts(AccountList()) == assessment
    assert assessment.doubts == ()


def test_many_missing_accounts_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("id\n" + "".join(f"{n:012}\n" for n in range(8)), encoding="utf-8")
    assessment = judge(tmp_path, root(), user()).check_accounts(read_accounts(path))
    assert "8 accounts of the list have no report: " in of_analysis(assessment).verdict
    assert "000000000004 and 3 more." in of_analysis(assessment).verdict


def test_command_line_ends_with_3_and_names_the_account(tmp_path: Path) -> None:
    report = save(tmp_path, root(), user())
    path = tmp_path / "list" / "accounts.csv"
    path.parent.mkdir()
    path.write_text(f"Account ID;Name\n{ACCOUNT};prod\n{OTHER};dev\n", encoding="utf-8")
    options = ["--accounts", str(path), "--format", "none"]
    answer = CliRunner().invoke(app, ["analyze", str(report), *options])
    assert answer.exit_code == 3
    assert f"accounts.csv, line 3: no report of account {OTHER} (dev)" in answer.stderr


def test_comparison_names_the_accounts_without_a_report_now(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f"id\n{ACCOUNT}\n{OTHER}\n", encoding="utf-8")
    listed = read_accounts(path)
    dates = [
        assess(read_reports(save(tmp_path, root(), user(), name=name))).check_accounts(listed)
        for name in ("2026-06-30T06-00-00Z.csv", "2026-09-30T06-00-00Z.csv")
    ]
    comparison = compare_all(dates)
    assert (
        f"1 account of the list has no report of any date: {OTHER}."
        in of_comparison(comparison).verdict
    )
    missing = [each for each in comparison.notices if each.code == "account-without-report"]
    assert len(missing) == 1
