"""What this program wrote is told from a report by its content."""

from __future__ import annotations

import base64
import re

import pytest

from credreport.output.formats import FORMATS, STEM, own_output, own_start
from credreport.reports.own_output import (
    is_own_document,
    is_own_file,
    is_own_header,
    is_own_table,
)
from credreport.rules.policy import Policy
from credreport.rules.profiles import PROFILES
from credreport.schema import TABLES
from credreport.verdicts.tally import stem_of_question
from tests.support.reports import root, to_csv, user

FIVE = "finding_id,account_id,user,arn,credential"
ROW = "CR-0123456789AB,111122223333,amy,arn:aws:iam::111122223333:user/amy,password"
REPORT = to_csv(root(), user())
ENCODED = base64.b64encode(REPORT.encode()).decode()
LAST_ROW = REPORT.splitlines()[-1]


@pytest.mark.parametrize(
    ("header", "is_own"),
    [
        (FIVE, True),
        (f'"{FIVE}"\r\n'.replace(",", '","'), True),
        (FIVE.removeprefix("finding_id,"), False),
        (FIVE.replace("finding_id", "region"), False),
        ("finding_id,a,b,c,d", False),
        (f"{FIVE},password_enabled", False),
        (f"{FIVE},access_key_1_active", False),
        (f"{FIVE},access_key_2_active", False),
        ("user,arn,password_enabled", False),
        ("", False),
    ],
)
def test_a_table_of_ours_has_five_of_our_columns_and_none_that_a_report_needs(
    header: str, is_own: bool
) -> None:
    assert is_own_header(header) is is_own


@pytest.mark.parametrize("table", sorted(TABLES))
def test_each_table_is_known_by_its_columns(table: str) -> None:
    assert is_own_table(",".join(TABLES[table]))


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        (f"{FIVE}\n{ROW}\n{ROW}\n", True),
        (f'{FIVE}\n{ROW.removesuffix("password")}"pass"word\n', False),
        (f"{FIVE}\n{ROW}\n".replace(",amy", ',"amy, the\nfirst"'), True),
        (f"{FIVE}\n{ROW}\n{REPORT}", False),
        (f"{FIVE}\n{ROW}{REPORT}", False),
        (f"{FIVE}\n{ROW}\nuser,password_enabled,a,b,c\n", False),
        (f"{FIVE}\n{ROW}\namy,arn:aws:iam::111122223333:user/amy,true,N/A,N/A\n", False),
        (f"{FIVE}\n{ROW},\n", False),
        (f"{FIVE}\n{ROW}\n".replace(",amy", ',"amy'), False),
        (f"{FIVE}\n{ROW}\n{REPORT}".replace(",password\n", ',"password\n'), False),
        (f"{FIVE},comment\n{ROW},x\n", False),
        (f"{FIVE}\n{ROW}{ENCODED}\n", False),
        (f"{FIVE}\n{ROW}\n".replace(",amy", f',"amy\n{LAST_ROW}"'), False),
        (REPORT, False),
        ("", False),
    ],
)
def test_a_table_of_ours_has_nothing_else_in_it(text: str, is_own: bool) -> None:
    assert is_own_table(text) is is_own


@pytest.mark.parametrize(("letters", "is_own"), [(59, True), (60, False)])
def test_a_text_too_short_for_a_row_of_a_report_is_not_searched(letters: int, is_own: bool) -> None:
    text = ";password_enabled;".ljust(letters, "x")
    assert is_own_table(f"{FIVE}\n{ROW.removesuffix('password')}{text}\n") is is_own


DOCUMENT: dict[str, object] = {
    "generator": "credreport", "schema_version": 2, "version": "0.2.0", "verdict": "", "parameters": {},
    "inputs": [], "left_out": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("document", "is_own"),
    [
        (DOCUMENT, True),
        *(({key: DOCUMENT[key] for key in DOCUMENT if key != each}, False) for each in DOCUMENT),
        ({**DOCUMENT, "Content": ""}, False),
        ({**DOCUMENT, "content": ""}, False),
        ({"generator": "another"}, False),
        ({"assessment-results": {"metadata": {"props": [{"value": "credreport"}]}}}, True),
        ({"assessment-results": {"metadata": {"props": [{"value": "another"}, "x"]}}}, False),
        ({"assessment-results": {"metadata": {"props": []}}}, False),
        ({"assessment-results": {}}, False),
    ],
)
def test_a_document_of_another_program_is_not_ours(
    document: dict[str, object], is_own: bool
) -> None:
    assert is_own_document(document) is is_own


@pytest.mark.parametrize(
    ("name", "is_own"),
    [
        ("credreport-111122223333-2026-06-30-90d.xlsx", True),
        ("credreport-3-accounts-2026-06-30-newest-cis-5.0-45d-with-root.xlsx", True),
        ("credreport-unknown-account-2026-07-15T000000Z-90d-by-owner-ann.xlsx", True),
        ("credreport-compare-3-accounts-2026-06-30-2026-09-30.xlsx", True),
        ("credreport-compare-111122223333-2026-06-30T120000Z-2026-09-30-90d.xlsx", True),
        ("credreport-compare-111122223333-2026-06-30T120000Z-2026-09-30T120000Z-90d.xlsx", True),
        (
            "credreport-111122223333-2026-06-30-90d-policy-0a1b2c3d-since-2026-03-31-masked.xlsx",
            True,
        ),
        ("credreport-111122223333.xlsx", False),
        ("credreport-111122223333-2026-04-01-2026-06-30.xlsx", False),
        ("credreport-111122223333-2026-06-30-aws-export.xlsx", False),
        ("credreport-111122223333-2026-06-30-all users.html", False),
        ("credreport-111122223333-2026-06-30-90d-old.xlsx", False),
        ("credreport-111122223333-2026-06-30.xlsx", False),
        ("credreport-prod-2026-06-30-90d.xlsx", False),
        ("credreport-111122223333-2026-06-30-prod.xlsx", False),
        ("credreport-111122223333-2026-06-30-allied.xlsx", False),
    ],
)
def test_a_workbook_of_ours_is_called_as_a_run_calls_it(name: str, is_own: bool) -> None:
    assert bool(own_output(STEM).fullmatch(name)) is is_own


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_names_of_every_profile_are_known(profile: str) -> None:
    name = f"credreport-111122223333-2026-06-30-{stem_of_question(Policy.of(profile), {})}.md"
    assert own_output(STEM).fullmatch(name)


OURS = "credreport-111122223333-2026-06-30-90d"


STARTS = (
    (".xlsx", b"PK\x03\x04\x14"),
    ("-ageing.png", b"\x89PNG\r\n"),
    ("-ageing.svg", b'<?xml version="1.0"?>'),
    ("-findings.csv", b"\xef\xbb\xbf" + FIVE.encode()),
    (".json", b'{\n "schema_version": 2,\n "generator": "credreport",'),
    ("-manifest.json", b'{\n "schema_version": 2,\n "generator": "credreport",'),
    (".oscal.json", b'{\n"assessment-results": {\n"uuid": "5b0aa452"'),
    (".ocsf.jsonl", b'{"activity_id": 1, "activity_name": "Create"'),
    ("-remediate.sh", b"#!/bin/sh\n# Remediation"),
    (".html", b'<!DOCTYPE html>\n<html lang="en">'),
    (".md", b"## 1 of 2 findings"),
    (".jira", b"\xef\xbb\xbfh2. 1 of 2 findings"),
)


@pytest.mark.parametrize(("ending", "start"), STARTS)
def test_a_file_of_ours_is_known_by_its_name_and_how_it_begins(ending: str, start: bytes) -> None:
    name = f"{OURS}{ending}"
    assert is_own_file(name, start, is_like_report=False)
    assert not is_own_file(name, start, is_like_report=True)
    assert not is_own_file(f"my-{name}", start, is_like_report=False)
    for other in (b"[117, 115, 101, 114]", b"dQBzAGUAcgAsAGEAcgBuAA==", b""):
        assert not is_own_file(name, other, is_like_report=False)


def test_every_format_has_its_start_but_for_tables() -> None:
    endings = [ending for ending, _ in STARTS]
    tried = [
        name
        for name, each in FORMATS.items()
        if any(re.fullmatch(each.pattern, ending) for ending in endings)
    ]
    assert tried == [*FORMATS]
    assert [name for name, each in FORMATS.items() if not each.start] == ["csv"]
    assert not own_start(f"{OURS}-findings.csv").match(b"a")


def test_sums_are_known_by_their_name_alone() -> None:
    assert is_own_file("SHA256SUMS", b"12a8ebbf  x", is_like_report=False)
