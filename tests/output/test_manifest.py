"""The files that name the others: manifest, ticket comments, SHA256SUMS."""

from __future__ import annotations

import errno
import hashlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from credreport.errors import OutputError
from credreport.evidence.evidence import Evidence, SignOff
from credreport.evidence.of_analysis import of_analysis
from credreport.files import read_bounded
from credreport.output.disk import write_all
from credreport.output.pictures import Options
from credreport.output.render import Closing, close, make
from credreport.rules.policy import Policy
from tests.support.reports import judge, root, user
from tests.verdicts.test_assessment import OLD, password

STEM = "credreport-111122223333-2026-01-31-90d"


def evidence_of(directory: Path, policy: Policy | None = None) -> Evidence:
    return of_analysis(judge(directory / "in", root(), user(**password(OLD)), policy=policy))


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return evidence_of(tmp_path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def write(directory: Path, evidence: Evidence, *formats: str, force: bool = False) -> Closing:
    files = make(evidence, formats, Options())
    closing = Closing({}, frozenset(), (), ())

    def complete(folder: Path) -> tuple[dict[str, Any], frozenset[str]]:
        nonlocal closing
        closing = close(evidence, formats, Options(), files, folder)
        return closing.files, closing.replaceable

    write_all(directory, files, force=force, inputs=[], complete=complete)
    return closing


def manifest(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / f"{STEM}-manifest.json").read_bytes())
    return found


def listed(directory: Path) -> list[str]:
    return [entry["name"].removeprefix(STEM) for entry in manifest(directory)["outputs"]]


def check_sums(directory: Path) -> None:
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)


def test_the_manifest_lists_what_earlier_runs_of_the_same_question_wrote(
    evidence: Evidence, out: Path
) -> None:
    write(out, evidence, "csv")
    closing = write(out, evidence, "json", "sh")
    assert listed(out) == ["-credentials.csv", "-findings.csv", "-remediate.sh", ".json"]
    assert closing.kept == (f"{STEM}-credentials.csv", f"{STEM}-findings.csv")
    for entry in manifest(out)["outputs"]:
        data = (out / entry["name"]).read_bytes()
        assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    check_sums(out)


def test_what_was_changed_or_removed_since_is_named_and_no_longer_listed(
    evidence: Evidence, out: Path
) -> None:
    write(out, evidence, "csv", "sh")
    (out / f"{STEM}-findings.csv").write_text("edited")
    (out / f"{STEM}-remediate.sh").unlink()
    closing = write(out, evidence, "json")
    assert set(closing.changed) == {f"{STEM}-findings.csv", f"{STEM}-remediate.sh"}
    assert listed(out) == ["-credentials.csv", ".json"]
    check_sums(out)


@pytest.mark.parametrize("form", ["md", "jira"])
def test_a_comment_has_the_hash_of_the_manifest_also_after_another_run(
    evidence: Evidence, out: Path, form: str
) -> None:
    write(out, evidence, "csv", form)
    for formats in ((), ("json",), (form,)):
        write(out, evidence, *formats)
        digest = hashlib.sha256((out / f"{STEM}-manifest.json").read_bytes()).hexdigest()
        comment = (out / f"{STEM}.{form}").read_text(encoding="utf-8")
        assert digest in comment
        assert all(each["sha256"] in comment for each in manifest(out)["outputs"])
        assert manifest(out)["comments"] == [f"{STEM}.{form}"]
        check_sums(out)


def test_a_comment_that_somebody_edited_is_left_alone(evidence: Evidence, out: Path) -> None:
    write(out, evidence, "csv", "md")
    (out / f"{STEM}.md").write_text("edited")
    assert write(out, evidence, "json").changed == (f"{STEM}.md",)
    assert (out / f"{STEM}.md").read_text() == "edited"
    with pytest.raises(OutputError, match="other evidence is already there"):
        write(out, evidence, "md")


def test_the_manifest_of_another_question_is_other_evidence(
    evidence: Evidence, out: Path, tmp_path: Path
) -> None:
    write(out, evidence, "csv")
    other = evidence_of(tmp_path, Policy(rules=("unused-password",)))
    with pytest.raises(OutputError, match="other evidence is already there"):
        write(out, other, "json")
    write(out, other, "json", force=True)
    assert listed(out) == [".json"]


def test_another_sign_off_is_another_question_for_it_stands_in_the_workbook(
    evidence: Evidence, out: Path
) -> None:
    signed = replace(evidence, sign_off=SignOff(ticket="SEC-1"))
    write(out, signed, "csv")
    assert manifest(out)["sign_off"] == {"ticket": "SEC-1"}
    with pytest.raises(OutputError, match="other evidence is already there"):
        write(out, evidence, "json")


def test_sums_of_other_questions_stay(evidence: Evidence, out: Path, tmp_path: Path) -> None:
    write(out, evidence, "csv")
    write(out, evidence_of(tmp_path, Policy(unused_after_days=30)), "json")
    names = [line.split("  ")[1] for line in (out / "SHA256SUMS").read_text().splitlines()]
    assert names == sorted(path.name for path in out.iterdir() if path.name != "SHA256SUMS")
    check_sums(out)


def test_sums_that_are_not_ours_are_not_replaced(evidence: Evidence, out: Path) -> None:
    out.mkdir()
    (out / "SHA256SUMS").write_text(f"{'0' * 64}  somebody.else\n")
    with pytest.raises(OutputError, match="SHA256SUMS"):
        write(out, evidence, "csv")


@pytest.mark.parametrize(
    "edited",
    [
        {"outputs": [{"name": "../in/status_reports_2026-01-31T12-00-00+00-00.csv", "sha256": ""}]},
        {"outputs": [{"name": "a.csv"}]},
        {"outputs": [{"sha256": ""}]},
        {"outputs": ["a.csv"]},
        {"outputs": {}},
        {"comments": [["a.md"]]},
        {"comments": ["../a.md"]},
    ],
)
def test_an_edited_manifest_is_no_way_out_of_the_directory(
    evidence: Evidence, out: Path, edited: dict[str, Any]
) -> None:
    write(out, evidence, "csv")
    document = manifest(out) | edited
    (out / f"{STEM}-manifest.json").write_text(json.dumps(document))
    with pytest.raises(OutputError, match="other evidence is already there"):
        write(out, evidence, "json")


def test_sums_that_cannot_be_read_are_not_replaced(evidence: Evidence, out: Path) -> None:
    out.mkdir()
    (out / "SHA256SUMS").write_bytes(b"\xff\n")
    with pytest.raises(OutputError, match="SHA256SUMS"):
        write(out, evidence, "csv")


@pytest.mark.parametrize("name", ["SHA256SUMS", f"{STEM}-manifest.json"])
def test_where_the_list_of_earlier_files_cannot_be_read_it_is_not_replaced(
    name: str, evidence: Evidence, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(out, evidence, "csv")
    before = (out / name).read_bytes()
    read = read_bounded

    def fail(path: Path) -> bytes:
        if path.name == name:
            raise OSError(errno.EIO, "Input/output error")
        return read(path)

    monkeypatch.setattr("credreport.output.manifest.read_bounded", fail)
    with pytest.raises(OutputError) as refused:
        write(out, evidence, "json", force=True)
    assert (
        str(refused.value) == f"cannot read {out / name}: Input/output error; nothing was changed"
    )
    assert (out / name).read_bytes() == before


def test_an_earlier_file_that_cannot_be_read_is_named_as_changed(
    evidence: Evidence, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(out, evidence, "csv")
    unreadable = out / f"{STEM}-findings.csv"
    opened = Path.open

    def open_others(path: Path, *given: Any, **more: Any) -> Any:
        if path.name == unreadable.name:
            raise PermissionError
        return opened(path, *given, **more)

    monkeypatch.setattr(Path, "open", open_others)
    assert write(out, evidence, "json").changed == (unreadable.name,)
