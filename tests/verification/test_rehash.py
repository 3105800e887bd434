"""What is not as it was written: named by its file, whatever was done to it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from credreport.errors import UsageError
from credreport.evidence.of_analysis import of_analysis
from credreport.output.formats import SUMS
from credreport.reports.selection import read_reports
from credreport.verdicts.assessment import assess
from credreport.verification.rehash import is_plain_name, rehash
from tests.support.evidence import MANIFEST, STEM, edit_json, replace_text, reports, write

CSV, JSON, SH, MD = (
    f"{STEM}{ending}" for ending in ("-findings.csv", ".json", "-remediate.sh", ".md")
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("rehash")
    evidence = of_analysis(assess(read_reports(reports(top / "in"))))
    write(top / "out", evidence, "csv", "json", "sh", "md")
    return top / "out"


@pytest.fixture
def out(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "out"))


def faults(directory: Path) -> list[str]:
    return [str(fault) for fault in rehash(directory).faults]


def flip_a_byte(name: str) -> Callable[[Path], None]:
    def flip(out: Path) -> None:
        data = bytearray((out / name).read_bytes())
        data[len(data) // 2] ^= 1
        (out / name).write_bytes(data)

    return flip


def put_a_link(out: Path) -> None:
    (out / CSV).rename(out.parent / "kept.csv")
    (out / CSV).symlink_to(out.parent / "kept.csv")


def put_a_directory(out: Path) -> None:
    (out / CSV).unlink()
    (out / CSV).mkdir()


def put_a_pipe(out: Path) -> None:
    (out / CSV).unlink()
    os.mkfifo(out / CSV)


def rename_output(name: str) -> Callable[[Path], None]:
    return lambda out: edit_json(
        out / MANIFEST, lambda document: document["outputs"][0].update(name=name)
    )


def forget_in_sums(name: str) -> Callable[[Path], None]:
    def forget(out: Path) -> None:
        lines = (out / SUMS).read_text().splitlines(keepends=True)
        (out / SUMS).write_text("".join(line for line in lines if not line.endswith(f"{name}\n")))

    return forget


def edit_the_hash_in_sums(out: Path) -> None:
    lines = (out / SUMS).read_text().splitlines()
    (out / SUMS).write_text(
        "\n".join("0" * 64 + line[64:] if CSV in line else line for line in lines)
    )


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of the CSV": (flip_a_byte(CSV), f"{CSV}: changed: its SHA-256 is "),
    "a byte of the JSON": (flip_a_byte(JSON), f"{JSON}: changed: its SHA-256 is "),
    "a byte of the script": (flip_a_byte(SH), f"{SH}: changed: its SHA-256 is "),
    "a byte of the comment": (flip_a_byte(MD), f"{MD}: changed: its SHA-256 is "),
    "a file deleted": (lambda out: (out / CSV).unlink(), f"{CSV}: missing; {MANIFEST} lists it"),
    "a comment deleted": (lambda out: (out / MD).unlink(), f"{MD}: missing; {MANIFEST} lists it"),
    "the manifest deleted": (
        lambda out: (out / MANIFEST).unlink(),
        f"{MANIFEST}: missing; {SUMS} lists it",
    ),
    "SHA256SUMS emptied": (
        lambda out: (out / SUMS).write_bytes(b""),
        f"{SUMS}: empty: it lists no file",
    ),
    "SHA256SUMS deleted": (lambda out: (out / SUMS).unlink(), f"{SUMS}: missing"),
    "evidence added": (
        lambda out: (out / f"{STEM}-users.csv").write_text("x"),
        f"{STEM}-users.csv: not listed: no manifest and no SHA256SUMS names it",
    ),
    "a link in place of a file": (put_a_link, f"{CSV}: a link, which is not followed; {MANIFEST}"),
    "a directory in place of a file": (put_a_directory, f"{CSV}: not a plain file; {MANIFEST}"),
    "a pipe in place of a file": (put_a_pipe, f"{CSV}: not a plain file; {MANIFEST} lists it"),
    "a parameter of the manifest": (
        lambda out: replace_text(
            out / MANIFEST, '"unused_after_days": 90', '"unused_after_days": 900'
        ),
        f"{MANIFEST}: changed: its SHA-256 is ",
    ),
    "the manifest cut": (
        lambda out: (out / MANIFEST).write_bytes((out / MANIFEST).read_bytes()[:100]),
        f"{MANIFEST}: malformed: line ",
    ),
    "the manifest no object": (
        lambda out: (out / MANIFEST).write_text("[]"),
        f"{MANIFEST}: malformed: it is not an object",
    ),
    "the manifest of another program": (
        lambda out: edit_json(out / MANIFEST, lambda each: each.update(generator="prowler")),
        f"{MANIFEST}: malformed: its generator is 'prowler', not 'credreport'",
    ),
    "an input that is a text": (
        lambda out: edit_json(out / MANIFEST, lambda each: each.update(inputs=["a.csv"])),
        f"{MANIFEST}: malformed: inputs[0] is not an object",
    ),
    "a hash cut short": (
        lambda out: edit_json(out / MANIFEST, lambda each: each["outputs"][0].update(sha256="0")),
        f"{MANIFEST}: malformed: outputs[0].sha256 is not 64 hexadecimal digits",
    ),
    "a comment that is a number": (
        lambda out: edit_json(out / MANIFEST, lambda each: each.update(comments=[1])),
        f"{MANIFEST}: malformed: comments is not a list of names",
    ),
    "two policies": (
        lambda out: edit_json(
            out / MANIFEST,
            lambda each: each["inputs"].extend([{**each["inputs"][0], "role": "policy"}] * 2),
        ),
        f"{MANIFEST}: malformed: it lists 2 files of the role 'policy'",
    ),
    "a key of the manifest twice": (
        lambda out: replace_text(out / MANIFEST, '"version"', '"verdict": "fine",\n "version"'),
        f"{MANIFEST}: malformed: the key 'verdict' appears twice in one object",
    ),
    "letters of another encoding": (
        lambda out: (out / MANIFEST).write_bytes(b"\xff{}"),
        f"{MANIFEST}: malformed: it is not JSON in UTF-8",
    ),
    "no parameters": (
        lambda out: edit_json(out / MANIFEST, lambda document: document.pop("parameters")),
        f"{MANIFEST}: malformed: it has no 'parameters'",
    ),
    "a size that is a text": (
        lambda out: edit_json(out / MANIFEST, lambda each: each["outputs"][0].update(bytes="9")),
        f"{MANIFEST}: malformed: 'bytes' of outputs[0] is not a whole number",
    ),
    "a way out of the directory": (
        rename_output("../secret.csv"),
        f"{MANIFEST}: malformed: it names '../secret.csv', which is outside the directory and",
    ),
    "an absolute path": (rename_output("/etc/passwd"), f"{MANIFEST}: malformed: it names '/etc/p"),
    "a file named twice": (rename_output(JSON), f"{MANIFEST}: malformed: it names '{JSON}' twice"),
    "a hash in SHA256SUMS": (
        edit_the_hash_in_sums,
        f"{SUMS}: disagrees with {MANIFEST}: {CSV} has 000000000000... here and ",
    ),
    "a line of SHA256SUMS removed": (
        forget_in_sums(CSV),
        f"{SUMS}: does not list {CSV}, which {MANIFEST} lists",
    ),
    "the manifest's line removed": (forget_in_sums(MANIFEST), f"{SUMS}: does not list {MANIFEST}"),
    "a line that is no sum": (
        lambda out: (out / SUMS).write_text(f"trust me\n{(out / SUMS).read_text()}"),
        f"{SUMS}: malformed: line 1 is not a hash and a name",
    ),
    "a way out in SHA256SUMS": (
        lambda out: (out / SUMS).write_text(f"{'0' * 64}  ../x\n{(out / SUMS).read_text()}"),
        f"{SUMS}: malformed: line 1 names '../x', which is outside the directory and was not read",
    ),
    "a name twice in SHA256SUMS": (
        lambda out: (out / SUMS).write_text((out / SUMS).read_text() * 2),
        f"names {MD} again",
    ),
    "evidence that only SHA256SUMS lists": (
        lambda out: edit_json(out / MANIFEST, lambda each: each["outputs"].pop(0)),
        f"{SUMS}: lists {STEM}-credentials.csv, which no manifest lists",
    ),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_every_kind_of_tampering_is_named(out: Path, kind: str) -> None:
    tamper, message = TAMPERED[kind]
    tamper(out)
    found = faults(out)
    assert [fault for fault in found if message in fault], found


def test_evidence_as_it_was_written_has_no_fault(out: Path) -> None:
    found = rehash(out)
    assert (found.count, found.faults) == (7, ())
    assert [manifest.stem for manifest in found.manifests] == [STEM]


def test_a_changed_file_is_named_by_its_hash_then_and_now(out: Path) -> None:
    (out / CSV).write_bytes(b"")
    expected = json.loads((out / MANIFEST).read_bytes())["outputs"][1]["sha256"][:12]
    message = f"{CSV}: changed: its SHA-256 is e3b0c44298fc..., {MANIFEST} says {expected}..."
    assert message in faults(out)


def test_files_of_others_in_the_directory_are_no_matter(out: Path) -> None:
    (out / "notes.txt").write_text("mine")
    assert faults(out) == []


def test_nothing_outside_of_the_directory_is_read(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_a_link(out)
    rename_output("../kept.csv")(out)
    opened: list[Path] = []
    really = os.open

    def watch(path: Path, flags: int) -> int:
        opened.append(path)
        return really(path, flags)

    monkeypatch.setattr(os, "open", watch)
    rehash(out)
    assert {path.parent for path in opened} == {out}


def test_a_directory_without_evidence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match="neither a manifest of credreport nor SHA256SUMS is in it"
    ):
        rehash(tmp_path)
    with pytest.raises(UsageError, match="no such directory"):
        rehash(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "is_plain"),
    [
        ("a.csv", True), ("..", False), (".", False), ("", False), ("a/b", False), ("/a", False),
        ("a\\b", False), ("C:a", False), ("a\0b", False), ("...", True), ("\ud800", False), ("\udcff", True),
    ],
)  # fmt: skip
def test_a_plain_name_is_one_on_every_system(name: str, *, is_plain: bool) -> None:
    assert is_plain_name(name) is is_plain


def test_a_file_that_claims_to_be_a_giant_is_not_read(out: Path) -> None:
    for name in (CSV, MANIFEST):
        os.truncate(out / name, 1 << 40)
    found = faults(out)
    assert f"{CSV}: larger than 16 GiB, which is not read; {SUMS} lists it" in found
    assert any(each.startswith(f"{MANIFEST}: larger than") for each in found)


def test_of_countless_malformed_lines_the_first_are_named(out: Path) -> None:
    lines = (out / SUMS).read_text().count("\n")
    with (out / SUMS).open("a") as file:
        file.write("\n" * 100_000)
    found = [each for each in faults(out) if each.startswith(f"{SUMS}: malformed")]
    assert len(found) == 21
    assert f"{SUMS}: malformed: from line {lines + 21} on it was not read" in found
