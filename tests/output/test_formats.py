"""Every format from the one evidence; written whole, or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from credreport.errors import OutputError, UsageError
from credreport.evidence.evidence import Account, Evidence, SignOff, read_accounts, to_evidence
from credreport.output import formats as writers
from credreport.output.formats import Options, parse_formats, to_document, write_all
from credreport.schema import CREDENTIALS, FINDINGS
from tests.support.reports import judge, lose_a_row, rendered, root, user
from tests.verdicts.test_assessment import OLD, key, password

STEM = "credreport-111122223333-2026-01-31-90d"


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    rows = [
        user("=1+1", **password(OLD)),
        user("a`b|c", **key(1, OLD, "2025-02-01T00:00:00Z")),
        user("zoe", **key(2, "?")),
    ]
    return to_evidence(judge(tmp_path, root(), *rows))


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


class TestFormats:
    def test_are_named_with_commas(self) -> None:
        assert parse_formats("xlsx, PNG,xlsx") == ("xlsx", "png")
        assert parse_formats("none") == ()

    @pytest.mark.parametrize("text", ["", "pdf", "xlsx,pdf", "none,xlsx"])
    def test_others_are_refused_naming_the_known(self, text: str) -> None:
        with pytest.raises(
            UsageError, match="choose from png, svg, xlsx, csv, json, sh, md, jira, none"
        ):
            parse_formats(text)

    def test_give_these_files(self, evidence: Evidence) -> None:
        files = rendered(evidence, ["xlsx", "png", "csv", "json", "md", "jira", "svg", "sh"])
        assert list(files) == [
            f"{STEM}-ageing.png", f"{STEM}-ecdf.png", f"{STEM}-ageing.svg", f"{STEM}-ecdf.svg",
            f"{STEM}.xlsx", f"{STEM}-credentials.csv", f"{STEM}-findings.csv", f"{STEM}.json",
            f"{STEM}-remediate.sh", f"{STEM}.md", f"{STEM}.jira", f"{STEM}-manifest.json",
        ]  # fmt: skip

    def test_the_workbook_alone_still_holds_its_pictures(self, evidence: Evidence) -> None:
        assert list(rendered(evidence, ["xlsx"])) == [f"{STEM}.xlsx", f"{STEM}-manifest.json"]

    def test_a_population_too_long_for_the_sheet_comes_as_csv(
        self, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 3)
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
            "finding_id": "", "account_id": "111122223333", "user": "'=1+1",
            "arn": "arn:aws:iam::111122223333:user/=1+1", "credential": "password",
            "rule": "unused-password", "severity": "medium", "state": "open", "age_days": "395",
            "effective_last_used": "2025-01-01T00:00:00Z", "basis": "password_last_changed",
            "waiver": "", "action": "Delete the login profile",
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

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
    def test_guards_every_dangerous_start(self, start: str) -> None:
        import pandas as pd

        cells = pd.Series([f"{start}x", "x"], dtype="str")
        assert writers._to_cells(cells, is_guarded=True) == [f"'{start}x", "x"]
        assert writers._to_cells(cells, is_guarded=False) == [f"{start}x", "x"]


class TestJson:
    def test_holds_every_table_under_its_name(self, evidence: Evidence) -> None:
        document = json.loads(rendered(evidence, ["json"])[f"{STEM}.json"])
        assert document["schema_version"] == 1
        assert list(document["credentials"][0]) == list(CREDENTIALS)
        assert list(document["findings"][0]) == list(FINDINGS)
        assert document["findings"][0]["age_days"] == 395
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
        assert document["warnings"] == []
        assert document["left_out"] == []
        assert document == to_document(evidence)


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
        assert "* {{=1\\+1}} in 111122223333: password, 395 days" in text

    @pytest.mark.parametrize("form", ["md", "jira"])
    def test_more_than_ten_are_counted(self, tmp_path: Path, form: str) -> None:
        rows = [user(f"u{n}", **password(OLD)) for n in range(12)]
        evidence = to_evidence(judge(tmp_path, root(), *rows))
        assert (
            "and 2 more: see the workbook" in rendered(evidence, [form])[f"{STEM}.{form}"].decode()
        )

    @pytest.mark.parametrize("form", ["md", "jira"])
    def test_nothing_found_lists_nothing(self, tmp_path: Path, form: str) -> None:
        evidence = to_evidence(judge(tmp_path, root()))
        assert "Unused longest" not in rendered(evidence, [form])[f"{STEM}.{form}"].decode()


def test_the_manifest_names_every_input_and_output(evidence: Evidence) -> None:
    files = rendered(evidence, ["csv"])
    manifest = json.loads(files[f"{STEM}-manifest.json"])
    assert [entry["name"] for entry in manifest["outputs"]] == list(files)[:-1]
    for entry in manifest["outputs"]:
        data = files[entry["name"]]
        assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert manifest["inputs"][0]["sha256"] == evidence.inputs["sha256"][0]
    assert manifest["parameters"]["unused_after_days"] == 90


class TestWriting:
    def test_makes_the_directory_and_leaves_nothing_else(self, tmp_path: Path) -> None:
        target = tmp_path / "a" / "b"
        paths = write_all(target, {"x.txt": b"1", "y.sh": b"2"}, force=False, inputs=[])
        assert paths == [target / "x.txt", target / "y.sh"]
        assert sorted(path.name for path in target.iterdir()) == ["x.txt", "y.sh"]
        assert os.access(target / "y.sh", os.X_OK)
        assert not os.access(target / "x.txt", os.X_OK)

    def test_the_same_bytes_again_are_no_overwrite(self, tmp_path: Path) -> None:
        for _ in range(2):
            write_all(tmp_path, {"x": b"1"}, force=False, inputs=[])

    def test_other_bytes_need_force(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"old")
        with pytest.raises(OutputError, match="there is other evidence already: .*x. Use --force"):
            write_all(tmp_path, {"w": b"0", "x": b"new"}, force=False, inputs=[])
        assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]
        assert (tmp_path / "x").read_bytes() == b"old"
        write_all(tmp_path, {"x": b"new"}, force=True, inputs=[])
        assert (tmp_path / "x").read_bytes() == b"new"

    def test_an_input_is_never_overwritten(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"report")
        with pytest.raises(OutputError, match="is an input of this run"):
            write_all(
                tmp_path,
                {"x": b"new"},
                force=True,
                inputs=["-", str(tmp_path / "x"), str(tmp_path)],
            )

    @pytest.mark.parametrize("lock", ["~$x.xlsx", ".~lock.x.xlsx#"])
    def test_a_workbook_that_is_open_is_left_alone(self, tmp_path: Path, lock: str) -> None:
        (tmp_path / "x.xlsx").write_bytes(b"old")
        (tmp_path / lock).touch()
        with pytest.raises(OutputError, match="is open in a spreadsheet program; close it"):
            write_all(tmp_path, {"x.xlsx": b"new"}, force=True, inputs=[])

    def test_a_failure_half_way_leaves_all_as_it_was(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[int] = []

        def fail(handle: int) -> None:
            calls.append(handle)
            if len(calls) == 2:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OutputError, match="No space left on device; nothing was changed"):
            write_all(tmp_path / "new", {"x": b"1", "y": b"2"}, force=False, inputs=[])
        assert list(tmp_path.iterdir()) == []

    def test_a_move_that_fails_takes_back_those_before_it_and_leaves_those_after_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "x").write_bytes(b"old")
        (tmp_path / "z").write_bytes(b"old")
        replace = Path.replace

        def fail(path: Path, target: Path) -> Path:
            if target.name == "y" and path.suffix == ".tmp":
                raise OSError(5, "Input/output error")
            return replace(path, target)

        monkeypatch.setattr(Path, "replace", fail)
        files = dict.fromkeys("wxyz", b"new")
        with pytest.raises(OutputError, match="Input/output error; nothing was changed"):
            write_all(tmp_path, files, force=True, inputs=[])
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
            "x": b"old", "z": b"old",
        }  # fmt: skip

    def test_a_thread_writes_too_and_leaves_signals_to_the_main_one(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(1) as pool:
            wrote = pool.submit(write_all, tmp_path, {"x": b"1"}, force=False, inputs=[])
            assert wrote.result() == [tmp_path / "x"]
        assert (tmp_path / "x").read_bytes() == b"1"

    def test_a_directory_that_is_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "out").touch()
        with pytest.raises(OutputError, match="cannot write to"):
            write_all(tmp_path / "out", {"x": b"1"}, force=False, inputs=[])


class TestAccounts:
    def read(self, directory: Path, data: bytes) -> tuple[Account, ...]:
        (directory / "accounts.csv").write_bytes(data)
        return read_accounts(directory / "accounts.csv")

    def test_have_names_and_owners(self, tmp_path: Path) -> None:
        found = self.read(
            tmp_path, b"\xef\xbb\xbfname,id,owner\nProd,000000000001, Ann \nX,111122223333\n"
        )
        assert found == (Account("000000000001", "Prod", "Ann"), Account("111122223333", "X", ""))
        assessment = judge(tmp_path, root())
        accounts = to_evidence(assessment, SignOff(), found).accounts
        assert accounts[["name", "owner", "users"]].to_numpy().tolist() == [["X", "", 1]]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "line 1: the columns must be id, name, owner"),
            (b"id,name\n", "line 1: the columns must be id, name, owner"),
            (
                b"id,name,owner\n111122223333,a,b\n1,a,b\n",
                "line 3: '1' is not an account ID of 12 digits",
            ),
            (b"\xff", "not UTF-8; save it as"),
        ],
    )
    def test_are_refused_with_their_line(self, tmp_path: Path, data: bytes, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            self.read(tmp_path, data)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="cannot be read"):
            read_accounts(tmp_path / "no.csv")


class TestManifestOfTheSameRun:
    NAME = "credreport-1-manifest.json"

    def write(self, directory: Path, document: object) -> None:
        data = json.dumps(document).encode()
        write_all(directory, {self.NAME: data}, force=False, inputs=[])

    def test_may_list_other_files(self, tmp_path: Path) -> None:
        self.write(tmp_path, {"verdict": "a", "outputs": [1]})
        self.write(tmp_path, {"verdict": "a", "outputs": [1, 2]})
        assert json.loads((tmp_path / self.NAME).read_bytes())["outputs"] == [1, 2]

    @pytest.mark.parametrize("before", [b'{"verdict": "b", "outputs": []}', b"not json", b"[1]"])
    def test_another_one_is_other_evidence(self, tmp_path: Path, before: bytes) -> None:
        (tmp_path / self.NAME).write_bytes(before)
        with pytest.raises(OutputError, match="there is other evidence already"):
            self.write(tmp_path, {"verdict": "a", "outputs": []})


def test_rows_that_do_not_tie_out_are_shouted(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root())
    broken = lose_a_row(assessment)
    assert "THE ROWS DO NOT TIE OUT" in to_evidence(broken).verdict
    assert broken.doubts == ("the rows do not tie out",)
