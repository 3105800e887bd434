"""Every format from the one evidence; written whole, or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from credreport.cli.main import app
from credreport.errors import UsageError
from credreport.evidence.evidence import Evidence
from credreport.evidence.of_analysis import of_analysis
from credreport.output.comment import MAX_CHARACTERS
from credreport.output.csv_file import to_csv
from credreport.output.formats import FORMATS, parse_formats
from credreport.output.json_file import to_json, to_records
from credreport.output.pictures import Options
from credreport.reports.selection import read_reports
from credreport.rules.accounts import Account, AccountList
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy
from credreport.schema import CREDENTIALS, FINDINGS
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import assess
from tests.support.reports import judge, lose_a_row, rendered, root, save, user
from tests.verdicts.test_assessment import OLD, key, password

STEM = "credreport-111122223333-2026-01-31-90d"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    rows = [
        user("=1+1", **password(OLD)),
        user("a`b|c", **key(1, OLD, "2025-02-01T00:00:00Z")),
        user("zoe", **key(2, "?")),
    ]
    return of_analysis(judge(tmp_path_factory.mktemp("in"), root(), *rows))


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_the_csv_quotes_and_guards_texts_however_pandas_stores_them() -> None:
    texts = pd.DataFrame({"user": pd.Series(["=1+1", 'a,"b', None], dtype=object), "n": [1, 2, 3]})
    assert to_csv(texts).decode() == 'user,n\n\'=1+1,1\n"a,""b",2\n,3\n'


class TestFormats:
    def test_are_named_with_commas(self) -> None:
        assert parse_formats("xlsx, PNG,xlsx") == ("xlsx", "png")
        assert parse_formats("none") == ()

    @pytest.mark.parametrize("text", ["", "pdf", "xlsx,pdf", "none,xlsx"])
    def test_others_are_refused_naming_the_known(self, text: str) -> None:
        with pytest.raises(
            UsageError,
            match="choose from xlsx, png, svg, csv, json, oscal, ocsf, sh, html, md, jira, none",
        ):
            parse_formats(text)

    def test_give_these_files(self, evidence: Evidence) -> None:
        files = rendered(evidence, ["xlsx", "png", "csv", "json", "md", "jira", "svg", "sh"])
        assert list(files) == [
            f"{STEM}.xlsx", f"{STEM}-ageing.png", f"{STEM}-ageing.svg",
            f"{STEM}-credentials.csv", f"{STEM}-findings.csv", f"{STEM}.json",
            f"{STEM}-remediate.sh", f"{STEM}-manifest.json", f"{STEM}.md", f"{STEM}.jira",
            "SHA256SUMS",
        ]  # fmt: skip

    @pytest.mark.parametrize("command", ["analyze", "compare"])
    def test_of_any_format_are_left_out_as_our_own_by_the_next_run(
        self, command: str, tmp_path: Path
    ) -> None:
        june = save(tmp_path / "june", root(), user(), name="2025-12-31.csv")
        new = save(tmp_path, root(), user(**key(1, OLD)))
        line = [command, *([] if command == "analyze" else [str(june)]), str(new)]
        asked = ["--format", ",".join(FORMATS), "-o", str(tmp_path / "out"), "--csv-raw"]
        assert CliRunner().invoke(app, [*line, *asked]).exit_code == 0
        count = len(list((tmp_path / "out").iterdir()))
        again = CliRunner().invoke(app, ["analyze", str(tmp_path), "--format", "none"])
        assert again.exit_code == 0, again.stderr
        assert f"{count} files that credreport wrote left out" in again.stderr

    def test_the_workbook_alone_still_holds_its_pictures(self, evidence: Evidence) -> None:
        assert list(rendered(evidence, ["xlsx"])) == [
            f"{STEM}.xlsx", f"{STEM}-manifest.json", "SHA256SUMS",
        ]  # fmt: skip

    def test_a_population_too_long_for_the_sheet_comes_as_csv(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 3)
        evidence = of_analysis(judge(tmp_path, root()))
        assert f"{STEM}-credentials.csv" in rendered(evidence, ["xlsx"])


class TestCsv:
    def test_has_the_columns_that_machines_read(self, evidence: Evidence) -> None:
        files = rendered(evidence, ["csv"])
        credentials = table(files[f"{STEM}-credentials.csv"])
        assert list(credentials[0]) == list(CREDENTIALS)
        assert len(credentials) == 4 * 5
        findings = table(files[f"{STEM}-findings.csv"])
        assert list(findings[0]) == list(FINDINGS)
        assert findings[0] | {"finding_id": ""} == {
            "finding_id": "", "account_id": "111122223333", "account_name": "",
            "account_owner": "", "user": "'=1+1",
            "arn": "arn:aws:iam::111122223333:user/=1+1", "credential": "password",
            "rule": "unused-password", "severity": "medium", "state": "open", "days": "395",
            "limit": ">= 90", "since": "2025-01-01T00:00:00Z", "basis": "password_last_changed",
            "waiver": "", "action": "Remove console access (delete the login profile)",
            "source_file": "status_reports_2026-01-31T12-00-00+00-00.csv", "source_line": "3",
        }  # fmt: skip

    def test_is_empty_where_there_is_nothing(self, evidence: Evidence) -> None:
        rows = table(rendered(evidence, ["csv"])[f"{STEM}-credentials.csv"])
        (absent,) = [r for r in rows if r["user"] == "zoe" and r["credential"] == "password"]
        assert [
            absent[name] for name in ("age_days", "effective_last_used", "basis", "set_at")
        ] == [""] * 4

    def test_guards_what_a_spreadsheet_would_execute_unless_raw(self, evidence: Evidence) -> None:
        raw = rendered(evidence, ["csv"], Options(csv_raw=True))
        assert table(raw[f"{STEM}-findings.csv"])[0]["user"] == "=1+1"

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\n"])
    def test_guards_every_dangerous_start(self, start: str) -> None:
        import pandas as pd

        table = pd.DataFrame({"a": [f"{start}x", "x"], "b": ["", "y"]}, dtype="str")
        for raw, first in ((False, f"'{start}x"), (True, f"{start}x")):
            written = io.StringIO(to_csv(table, raw=raw).decode(), newline="")
            assert list(csv.reader(written)) == [["a", "b"], [first, ""], ["x", "y"]]

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("a;=1", "a;'=1"),
            ('a; "=1', "a;' \"=1"),
            ('a\t;\t"\t+1', "a\t;'\t'\"\t'+1"),
            ("a;;-1;b", "a;;'-1;b"),
            ("a\t\t b", "a\t\t b"),
        ],
    )
    def test_guards_what_begins_a_cell_where_a_program_splits(self, text: str, shown: str) -> None:
        import pandas as pd

        table = pd.DataFrame({"a": [text]}, dtype="str")
        written = io.StringIO(to_csv(table).decode(), newline="")
        assert list(csv.reader(written)) == [["a"], [shown]]

    def test_guards_a_long_cell_in_a_moment(self) -> None:
        import pandas as pd

        table = pd.DataFrame({"a": ["x" + "\t" * 100_000]}, dtype="str")
        started = time.process_time()
        assert len(to_csv(table)) == 100_004
        assert time.process_time() - started < 10

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("\x1b[31mred", "\\x1b[31mred"),
            ("a\u202eb", "a\\u202eb"),
            ("a\r=1", "a\\x0d=1"),
            ("a\x85b\u2028c", "a\\x85b\\u2028c"),
            ("\ud800", "\\ud800"),
            ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ],
    )
    def test_writes_out_what_would_steer_a_terminal_unless_raw(self, text: str, shown: str) -> None:
        import pandas as pd

        table = storing_python_text(pd.DataFrame)({"a": [text, "x"]}, dtype="str")
        written = io.StringIO(to_csv(table).decode(), newline="")
        assert [*csv.reader(written)][1] == [shown]
        raw = to_csv(table, raw=True)
        assert text.encode("utf-8", "backslashreplace") in raw

    @given(
        rows=st.lists(
            st.tuples(st.text(alphabet="ab;=,\"\n\t\x1f '"), st.sampled_from(["", "-1", "x"])),
            min_size=1,
        )
    )
    def test_the_library_of_python_would_write_the_same(self, rows: list[tuple[str, str]]) -> None:
        import pandas as pd

        # But for a lone carriage return, which Python before 3.13 leaves without quotes.
        table = pd.DataFrame(rows, columns=["a", "b"], dtype="str")
        expected = io.StringIO(newline="")
        csv.writer(expected, lineterminator="\n").writerows([("a", "b"), *rows])
        assert to_csv(table, raw=True).decode() == expected.getvalue()


class TestJson:
    def test_holds_every_table_under_its_name(self, evidence: Evidence) -> None:
        document = json.loads(rendered(evidence, ["json"])[f"{STEM}.json"])
        assert document["schema_version"] == 2
        assert list(document["credentials"][0]) == list(CREDENTIALS)
        assert list(document["findings"][0]) == list(FINDINGS)
        assert document["findings"][0]["days"] == 395
        assert document["credentials"][0]["age_days"] is None
        assert document["credentials"][0]["effective_last_used"] is None
        assert document["tie_out"][-1]["result"] == "PASS"
        for name in (
            "users",
            "undetermined",
            "remediation",
            "summary",
            "bands",
            "accounts",
            "inputs",
        ):
            assert document[name]
        assert document["left_out"] == []
        for name, records in evidence.tables.items():
            assert document[name] == to_records(records)

    def test_is_laid_out_as_the_library_of_python_does(self, evidence: Evidence) -> None:
        text = rendered(evidence, ["json"])[f"{STEM}.json"].decode()
        assert text == to_json(json.loads(text))


class TestTicket:
    def test_markdown_says_verdict_counts_oldest_and_hashes(self, evidence: Evidence) -> None:
        files = rendered(evidence, ["csv", "md"])
        text = files[f"{STEM}.md"].decode()
        assert text.startswith(
            "## 2 of 2 judged active credentials unused for 90 days or more; 1 undetermined\n"
        )
        assert "| Access keys | 0 | 6 | 0 | 0 | 1 | 1 | 0 | 8 |" in text
        assert "- `=1+1` in 111122223333: password, 395 days (`CR-" in text
        assert "- ``a`b|c`` in 111122223333: access key 1, 364 days" in text
        digest = hashlib.sha256(files[f"{STEM}-findings.csv"]).hexdigest()
        assert f"- `{STEM}-findings.csv` `{digest}`" in text

    def test_jira_says_the_same(self, evidence: Evidence) -> None:
        text = rendered(evidence, ["jira"])[f"{STEM}.jira"].decode()
        assert text.startswith("h2. 2 of 2 judged active")
        assert "* {{=1&#43;1}} in 111122223333: password, 395 days" in text

    @pytest.mark.parametrize("form", ["md", "jira"])
    @pytest.mark.parametrize(
        ("others", "rest"),
        [
            (["xlsx", "csv", "json"], "see the workbook"),
            (["json", "csv"], f"see {STEM}-findings.csv"),
            (["json", "html"], f"see {STEM}.json"),
            (["html"], f"see {STEM}.html"),
            (["sh", "svg"], "the format xlsx lists them"),
        ],
    )
    def test_more_than_ten_are_counted_and_said_where_they_are(
        self, tmp_path: Path, form: str, others: list[str], rest: str
    ) -> None:
        rows = [user(f"u{n}", **password(OLD)) for n in range(12)]
        evidence = of_analysis(judge(tmp_path, root(), *rows))
        text = rendered(evidence, [*others, form])[f"{STEM}.{form}"].decode()
        assert f"and 2 more: {rest}" in text.replace("{{", "").replace("}}", "")

    @pytest.mark.parametrize("form", ["md", "jira"])
    def test_a_thousand_accounts_fit_a_ticket(self, tmp_path: Path, form: str) -> None:
        ids = [f"{number:012}" for number in range(1000)]
        stale = {**password(OLD), **key(1, OLD)}
        rows = [row for who in ids for row in (root(who), user("u", who, **stale))]
        path = save(tmp_path, *rows)
        listed = tuple(Account(who, f"~{who}~" * 9, "[owner|{x}]" * 9) for who in ids)
        file = OptionFile("accounts.csv", "0" * 64, 1)
        judged = assess(read_reports(path), Policy.of("all"))
        judged = judged.check_accounts(AccountList(listed, file))
        evidence = of_analysis(judged)
        assert len(judged.findings) >= 3000
        text = rendered(evidence, [form])[f"{evidence.stem}.{form}"].decode()
        assert len(text.encode("utf-16-le")) // 2 <= MAX_CHARACTERS
        assert "more: the format xlsx lists them" in text

    @pytest.mark.parametrize("form", ["md", "jira"])
    def test_nothing_found_lists_nothing(self, tmp_path: Path, form: str) -> None:
        evidence = of_analysis(judge(tmp_path, root()))
        assert "Unused longest" not in rendered(evidence, [form])[f"{STEM}.{form}"].decode()


def test_the_manifest_names_every_input_and_output(evidence: Evidence) -> None:
    files = rendered(evidence, ["csv"])
    manifest = json.loads(files[f"{STEM}-manifest.json"])
    assert [entry["name"] for entry in manifest["outputs"]] == sorted(list(files)[:-2])
    for entry in manifest["outputs"]:
        data = files[entry["name"]]
        assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert manifest["inputs"][0]["sha256"] == evidence.tables["inputs"]["sha256"][0]
    assert manifest["parameters"]["unused_after_days"] == 90


def test_rows_that_do_not_tie_out_are_shouted(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root())
    broken = lose_a_row(assessment)
    assert "THE ROWS DO NOT TIE OUT" in of_analysis(broken).verdict
    assert broken.doubts == ("reports whose rows do not tie out: 1",)
