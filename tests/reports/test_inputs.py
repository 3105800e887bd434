"""Paths, globs, directories, zips and standard input: all bounded, nothing followed out."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import re
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from credreport.errors import InputRefused, Problem
from credreport.files import sha256
from credreport.globs import match
from credreport.reports import inputs as sources
from credreport.reports.containers import zips
from credreport.reports.inputs import (
    Opener,
    Skipped,
    Stream,
    Unread,
    UsedOtherwise,
    count_inputs,
    find_inputs,
    is_only_litter,
    used_otherwise,
)
from credreport.reports.selection import read_reports
from credreport.schema import USERS
from tests.support.reports import open_inputs, root, save, to_csv, user

REPORT = to_csv(root(), user()).encode()


def names(inputs: Sequence[str | Path], max_bytes: int = 1000) -> list[str]:
    """Return `read NAME`, `skip NAME` or `refuse NAME: reason` for each item."""
    shown = []
    for item in open_inputs([str(path) for path in inputs], max_bytes):
        match item:
            case Stream():
                shown.append(f"read {item.name}")
            case Skipped():
                shown.append(f"skip {item.name}")
            case Problem():
                assert (item.line, item.column) == (0, 0)  # it is of the whole file
                shown.append(f"refuse {item.source}: {item.found}")
    return shown


def left_out(path: Path) -> dict[str, str]:
    """Return what was left out by name, and whether that is a doubt."""
    return {
        item.name: "own" if item.is_own else "doubt" if item.is_doubt else "fine"
        for item in open_inputs([str(path)])
        if isinstance(item, Skipped)
    }


@pytest.mark.parametrize(
    ("name", "data", "is_litter"),
    [
        (".DS_Store", b"x", True),
        ("._a.csv", b"x", True),
        ("._a.csv", REPORT, False),
        ("a.csv", b"x", False),
        ("a.dat", b"x", False),
        ("notes.md", b"x", False),
    ],
)
def test_only_litter_without_a_report_is_left_by_a_system(
    tmp_path: Path, name: str, data: bytes, is_litter: bool
) -> None:
    assert is_only_litter(put(tmp_path / name, data)) == is_litter


def test_litter_may_be_a_link(tmp_path: Path) -> None:
    put(tmp_path / "a", REPORT)
    (tmp_path / "._a.csv").symlink_to("a")
    assert not is_only_litter(tmp_path / "._a.csv")


def test_a_directory_without_a_report_is_told_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "2026-06-30").mkdir()
    put(tmp_path / "2026-09-30" / "run.log", b"ran")
    put(tmp_path / "a.csv", REPORT)
    found = {
        item.name: item.why
        for item in open_inputs([str(tmp_path)])
        if isinstance(item, Skipped) and item.is_doubt
    }
    assert found == {"2026-06-30": "an empty directory", "2026-09-30": "no report in it"}


def put(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_csv", ".csv"), data)
    return path


def test_a_file_is_read_under_its_own_name(tmp_path: Path) -> None:
    (stream,) = open_inputs([str(put(tmp_path / "a.csv", b"abc"))])
    assert stream == Stream("a.csv", b"abc", searched=False)
    zipped(tmp_path / "b.zip", c_csv=b"def")
    assert list(open_inputs([str(tmp_path)])) == [
        Stream("a.csv", b"abc", searched=True),
        Stream("b.zip/c.csv", b"def", searched=True),
    ]


def test_a_named_file_is_read_whatever_its_suffix(tmp_path: Path) -> None:
    assert names([put(tmp_path / "report.xyz")]) == ["read report.xyz"]


def test_a_directory_is_searched_in_order_and_tells_what_it_left(tmp_path: Path) -> None:
    for name in ("b.csv", "sub/a.json", "sub/c", "notes.pdf", ".hidden.csv", ".git/x.csv"):
        put(tmp_path / name)
    put(tmp_path / "__MACOSX/x.csv")
    assert names([tmp_path]) == [
        "skip .git", "skip .hidden.csv", "skip __MACOSX", "read b.csv", "skip notes.pdf",
        "read sub/a.json", "read sub/c",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.csv.1", "a.json.bak", "a.csv (1)", "A.CSV"])
def test_a_copy_that_was_renamed_is_still_found(tmp_path: Path, name: str) -> None:
    put(tmp_path / name)
    assert names([tmp_path]) == [f"read {name}"]


def test_what_we_wrote_is_told_and_is_no_doubt(tmp_path: Path) -> None:
    for name, data in (
        ("credreport-111122223333-2026-01-31-90d.xlsx", b"PK\x03\x04"),
        ("credreport-111122223333-2026-01-31-90d-ageing.png", b"\x89PNG"),
        ("x.csv", b"x"),
        ("other.xlsx", b"PK\x03\x04"),
    ):
        put(tmp_path / name, data)
    assert left_out(tmp_path) == {
        "credreport-111122223333-2026-01-31-90d-ageing.png": "own", "credreport-111122223333-2026-01-31-90d.xlsx": "own", "other.xlsx": "doubt",
    }  # fmt: skip


def test_a_report_is_not_taken_for_what_we_wrote_by_its_name(tmp_path: Path) -> None:
    for name in ("credreport-111122223333-2026-01-31-90d.html", "credreport-of-june"):
        put(tmp_path / name, REPORT)
    assert left_out(tmp_path) == {}


def test_what_we_wrote_may_be_larger_than_a_report(tmp_path: Path) -> None:
    rows = b"x" * 2000
    for name, head in (
        (
            "credreport-111122223333-2026-01-31-90d.json",
            b'{\n "schema_version": 1,\n "generator": "credreport",\n',
        ),
        ("credreport-111122223333-2026-01-31-90d-users.csv", ",".join(USERS).encode() + b"\n"),
        (
            "credreport-111122223333-2026-01-31-90d-new.csv",
            b"finding_id,owner,account_id,user,rule,credential,state\n",
        ),
    ):
        put(tmp_path / name, head + rows)
    put(tmp_path / "credreport-1.json", b'{"generator": "credreport", "Content": ""}' + rows)
    put(tmp_path / "credreport-1.csv", REPORT + rows)
    assert sorted(names([tmp_path])) == [
        "refuse credreport-1.csv: larger than 0.000953674 MiB, too large for a credential report",
        "refuse credreport-1.json: larger than 0.000953674 MiB, too large for a credential report",
        "skip credreport-111122223333-2026-01-31-90d-new.csv", "skip credreport-111122223333-2026-01-31-90d-users.csv",
        "skip credreport-111122223333-2026-01-31-90d.json",
    ]  # fmt: skip


ROWS = to_csv(root(), user()).partition("\n")[2].encode()


def packed() -> Iterator[bytes]:
    yield from (gzip.compress(REPORT), bz2.compress(REPORT), lzma.compress(REPORT))
    yield lzma.compress(REPORT, lzma.FORMAT_ALONE)
    yield base64.b64encode(gzip.compress(REPORT))
    yield b"begin 644 a.csv\n" + binascii.b2a_uu(REPORT[:45]) + b"`\nend\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", REPORT)
    yield buffer.getvalue()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a.csv"))
    yield buffer.getvalue()


PACKED = list(packed())
ENCRYPTED = [
    b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n",
    b"\x85\x01\x0c\x03\xff",
    b"\x85\x01\x8c\x03\xff",
    b"-----BEGIN AGE ENCRYPTED FILE-----\n",
    b"age-encryption.org/v1\n",
    b"Salted__\xff",
]
# One line of base64 with a header in it: as short as a part of a report may be.
SHORT = b"user,arn,password_enabled,".rjust(45, b",")
QUOTED = b'"user","arn"\n' + ROWS
CODED = [
    json.dumps(QUOTED.decode().replace('"', "").replace(",", "\t")).encode(),
    base64.b64encode(QUOTED),
    base64.encodebytes(QUOTED),
    base64.urlsafe_b64encode(ROWS.decode().encode("utf-16")),
    base64.b64encode(base64.b64encode(QUOTED)),
    json.dumps({"Content": base64.b64encode(QUOTED).decode()}).encode(),
    json.dumps({"Content": base64.b64encode(gzip.compress(QUOTED)).decode()}).encode(),
    b"$ aws iam get-credential-report\n" + base64.b64encode(QUOTED) + b"\ttext/csv\n",
]


@pytest.mark.parametrize(
    ("name", "data", "outcome"),
    [
        ("acme-report-2024.06.30", REPORT, "read"),
        ("report.xls", REPORT, "read"),
        ("report.dat", "\ufeff".encode("utf-16") + b"", "doubt"),
        ("report.dat", REPORT.decode().encode("utf-16"), "read"),
        ("answer.yaml", b"Content: dXNlcixhcm4s", "read"),
        ("answer.out", b'{"GeneratedTime": "x"', "read"),
        ("compose.yaml", b"services: []", "doubt"),
        ("notes.pdf", b"%PDF", "doubt"),
        ("credreport-111122223333.xlsx", b"PK\3\4", "doubt"),
        ("empty.dat", b"", "doubt"),
        ("README.md", b"A column is called password_enabled", "fine"),
        ("README.md", REPORT, "read"),
        ("a.log", json.dumps({"data": [*REPORT]}, indent=2).encode(), "doubt"),
        ("a.log", json.dumps(dict(enumerate(REPORT))).encode(), "doubt"),
        ("a.log", json.dumps([*b"nothing of a report!" * 4]).encode(), "fine"),
        ("a.log", base64.b64encode(REPORT), "read"),
        ("a.log", base64.b64encode(SHORT), "doubt"),
        ("a.log", base64.b64encode(SHORT[:-3]), "fine"),
        ("a.log", b",password_enabled,".rjust((4 << 20) + 1), "read"),
        ("a.log", b",password_enabled,".rjust((4 << 20) + 2), "doubt"),
        ("readme.txt", b"hello", "fine"),
        ("waivers.toml", b"[[waiver]]", "fine"),
        ("SHA512SUMS", b"0 a.csv", "fine"),
        ("SHA256SUMS", b"0 a.csv", "own"),
        ("SHA256SUMS", ROWS, "doubt"),
        ("session.log", ROWS.replace(b",", b"\x1b[0m,\x1b[1;32m"), "doubt"),
        ("session.log", b"\x1b[32m" + REPORT.replace(b",", b"\x1b[0m,\x1b[32m"), "read"),
        ("notes.md", ROWS.replace(b"111122223333", b"XXXXXXXXXXXX"), "doubt"),
        ("session.log", "PS> aws\r\n".encode("utf-16") + REPORT, "read"),
        ("session.log", "PS> aws\r\n".encode("utf-16") + ROWS, "doubt"),
        (".hidden.csv", b"\xff\xfe" + REPORT, "doubt"),
        ("NOTES.md", re.sub(rb"([0-9])T([0-9])", rb"\1 \2", ROWS.replace(b",", b" | ")), "doubt"),
        (".hidden.csv", REPORT, "doubt"),
        (".hidden.csv", b"x", "fine"),
        (".hidden.csv.icloud", b"bplist00", "doubt"),
        (".hidden.csv", ROWS, "doubt"),
        (".hidden.csv", REPORT.decode().encode("utf-16-le"), "doubt"),
        (".hidden.csv", ROWS.decode().encode("utf-32"), "doubt"),
        ("~$a.csv", ROWS.replace(b",", b"</td><td>"), "doubt"),
        ("download.log", ROWS.replace(b",", b"\n"), "doubt"),
        ("download.log", REPORT.decode().encode("utf-16-le"), "read"),
        ("download.log", b"saved arn:aws:iam::111122223333:user/alice 2026-01-31", "fine"),
        (".DS_Store", b"x", "fine"),
        ("._a.csv", REPORT, "doubt"),
        ("~$a.csv", REPORT, "doubt"),
        (".a.csv.swp", b"b0VIM\0" + REPORT, "fine"),
        ("Thumbs.db", b"x", "fine"),
        ("Icon\r", b"", "fine"),
        ("Icon\r", REPORT, "doubt"),
        ("a.csv:Zone.Identifier", b"[ZoneTransfer]\r\nZoneId=3\r\n", "fine"),
        ("a.csv:Zone.Identifier", REPORT, "doubt"),
        ("._a.csv", b"x", "fine"),
        *(
            (name, data, "doubt")
            for name in ("a.log", ".a.csv.gz", "~$a.csv", "._a.csv")
            for data in PACKED
        ),
        *((name, data, "doubt") for name in ("a.csv.asc", ".a.csv.gpg") for data in ENCRYPTED),
        ("a.csv.asc", b"-----BEGIN PGP SIGNATURE-----\n\niQEzB\n", "fine"),
        *(
            (name, data, "doubt")
            for name in ("a.log", ".a.csv", "~$a.csv", "readme")
            for data in CODED
        ),
        ("a.md", b"# a line\n" * 100_000 + ROWS, "doubt"),
        ("~$a.csv", REPORT.decode().encode("utf-16"), "doubt"),
        ("a.log", base64.b64encode(b"nothing of a report" * 9), "fine"),
        ("a.log", base64.b64encode(b"nothing of a report!" * 4) + b"ab", "fine"),
        ("a.log", base64.b64encode(b"nothing of a report!" * 4) + base64.b64encode(ROWS), "doubt"),
        (".git/a.csv", REPORT, "fine"),
        ("__MACOSX/a.csv", REPORT, "fine"),
        (".archive/a.csv", REPORT, "doubt"),
    ],
)
def test_what_lies_there_is_read_or_left_out_by_name(
    tmp_path: Path, name: str, data: bytes, outcome: str
) -> None:
    put(tmp_path / "in/a-report.csv"), put(tmp_path / "in" / name, data)
    shown = name.replace("\r", r"\x0d")
    expected = {} if outcome == "read" else {shown.split("/", maxsplit=1)[0]: outcome}
    assert left_out(tmp_path / "in") == expected
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(name, data)
    inside = {} if outcome == "read" else {f"all.zip/{shown}": outcome}
    assert left_out(tmp_path / "all.zip") == inside


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        (".a.csv", REPORT, "a hidden file that looks like a report"),
        (".a.csv", b"x", "hidden file"),
        ("a.log", ROWS, "by its name not a report, but it has rows of one"),
        ("a.log", b"x", "not a report, by its name and its content"),
        (
            "a.log",
            b"x\n" * 2_100_000,
            "not a report, by its name and its content, of which only the first 4 MiB were searched",
        ),
    ],
)
def test_why_a_file_is_left_out_is_said(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    put(tmp_path / name, data), put(tmp_path / "b.csv")
    assert Skipped(name, why, is_doubt=data != b"x") in list(open_inputs([str(tmp_path)]))


@pytest.mark.parametrize("name", ["a.log", ".a", "Thumbs.db"])
@pytest.mark.parametrize("size", [1000, 1001])
def test_a_file_that_is_not_searched_to_its_end_is_a_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    monkeypatch.setattr(sources, "_HEAD", 1000)
    put(tmp_path / "in/b.csv"), put(tmp_path / "in" / name, b"x" * size)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "in" / name, name)
    outcome = "doubt" if size > 1000 and name != "Thumbs.db" else "fine"
    assert left_out(tmp_path / "in") == {name: outcome}
    assert left_out(tmp_path / "all.zip") == {f"all.zip/{name}": outcome}


def test_a_line_end_in_a_name_is_written_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert names([put(Path("a\nb.csv"))]) == ["read a\\x0ab.csv"]
    Path("empty\n").mkdir()
    Path("link\n").symlink_to("empty\n")
    for name in ("none\n", "none\n*", "empty\n", "link\n"):
        (line,) = names([name])
        assert line.startswith(f"refuse {name.replace(chr(10), chr(92) + 'x0a')}: no ")


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "notes.pdf")
    assert names([tmp_path])[-1].endswith("no CSV, JSON, text, base64, zip or tar file in it")


def test_an_empty_directory_below_is_told_and_a_doubt_where_it_is_called_by_a_date(
    tmp_path: Path,
) -> None:
    put(tmp_path / "2026-06-30/a.csv", REPORT)
    for name in ("2026-09-30", "eu/2026/12/31", "notes", "2026-06-30/notes", "2026/9/1"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "year=2026/month=09/day=30").mkdir(parents=True)
    assert left_out(tmp_path) == {
        "2026/9/1": "doubt",
        "year=2026/month=09/day=30": "doubt",
        "2026-09-30": "doubt",
        "eu/2026/12/31": "doubt",
        "notes": "fine",
        "2026-06-30/notes": "fine",
    }


@pytest.mark.parametrize("again", [".", "2026-09-30", "2026-09-30/111122223333"])
def test_a_directory_named_twice_is_not_without_a_report(tmp_path: Path, again: str) -> None:
    for account in ("111122223333", "444455556666"):
        put(tmp_path / "2026-09-30" / account / "a.csv")
    (tmp_path / "2026-10-01").mkdir()
    for inputs in ([tmp_path, tmp_path / again], [tmp_path / again, tmp_path]):
        told = [name for name in names(inputs) if name.startswith("skip")]
        assert "skip 2026-10-01" in told
        assert not any("2026-09-30" in name for name in told)


def test_directories_in_the_name_of_a_file_are_nearer_than_those_it_is_in(tmp_path: Path) -> None:
    put(tmp_path / "2026-06-30" / "2026-09-30\\a.csv")
    (item,) = open_inputs([str(tmp_path)])
    assert isinstance(item, Stream)
    assert item.place_stamp
    assert f"{item.place_stamp.instant:%m-%d}" == "09-30"


def test_a_directory_of_a_date_or_an_account_without_a_report_is_a_doubt(tmp_path: Path) -> None:
    put(tmp_path / "2026-06-30/a.csv", REPORT)
    put(tmp_path / "2026-07-31/raw/c.csv", REPORT.replace(b"111122223333", b"444455556666"))
    for name in (
        "2026-09-29/.DS_Store",
        "2026-09-30/run.log",
        "2026-10-01/.x",
        "eu/2026/12/31/raw/README.md",
    ):
        put(tmp_path / name, b"failed")
    for name in (
        "2026-12-30/raw",
        "prod-444455556666",
        "4444-5555-6666 prod",
        "2026-12-28",
        "2026-08/raw",
        "2026-06/raw",
        "Q3 2026",
        "2026/Dec",
        "eu/30.09.2026",
        "2025",
        "notes",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "2026-12-28/previous").symlink_to("../notes")
    (tmp_path / "2026-06-30T06-00-09").mkdir()
    (tmp_path / "2026-06-30T06-00-09/b.csv").symlink_to("../2026-06-30/b_2026-06-30.csv")
    put(tmp_path / "2026-06-30/b_2026-06-30.csv", REPORT)
    doubts = {name for name, what in left_out(tmp_path).items() if what == "doubt"}
    assert doubts == {
        "2026-09-29", "2026-09-30", "2026-10-01", "eu/2026/12/31", "2026-12-30",
        "prod-444455556666", "4444-5555-6666 prod", "2026-12-28", "2026-08", "2026-06", "Q3 2026", "2026/Dec",
        "eu/30.09.2026",
    }  # fmt: skip


def test_an_empty_directory_of_a_date_in_an_archive_is_a_doubt(tmp_path: Path) -> None:
    expected = {"2026-09-30": "doubt", "eu/2026/12/31": "doubt", "444455556666": "doubt"}
    hidden = ["__MACOSX/2026-12-31/", "444455556666/.DS_Store", "__MACOSX/444455556666/._.DS_Store"]
    folders = ["./", "2026-06-30/", "./2026-09-30/", "eu/2026/12/31/", "notes/"]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in folders:
            archive.writestr(name, b"")
        archive.writestr("2026-06-30/a.csv", REPORT)
        for name in hidden:
            archive.writestr(name, b"")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name in [*folders, "2026-06-30/", *hidden]:
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            tar.addfile(info)
        tar.addfile(tarfile.TarInfo("2026-06-30/a.csv"))
    for name in ("a.zip", "a.tar"):
        found = left_out(tmp_path / name)
        told = {f"{name}/{each}": expected[each] for each in expected}
        assert found == told | {f"{name}/{each}": "fine" for each in hidden[1:]}


def test_a_directory_in_a_zip_of_windows_may_end_with_a_backslash(tmp_path: Path) -> None:
    data = {
        "in\\": b"",
        "in\\2026-09-30\\": b"",
        "in\\2026-06-30\\a.csv": REPORT,
        "in\\b\\": REPORT,
    }
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in data.items():
            archive.writestr(name, content)
    assert names([tmp_path / "a.zip"]) == [
        "read a.zip/in\\2026-06-30\\a.csv",
        "read a.zip/in\\b\\",
        "skip a.zip/in/2026-09-30",
    ]


def test_a_directory_is_searched_however_deep_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(1300):
        os.mkdir("d")  # noqa: PTH102 - a whole path may be too long
        os.chdir("d")
    try:
        put(Path("a.csv"))
        assert names([tmp_path]) == [f"read {'d/' * 1300}a.csv"]
    finally:  # pytest removes nothing that is so deep
        Path("a.csv").unlink()
        for _ in range(1300):
            os.chdir("..")
            Path("d").rmdir()


def test_links_to_directories_are_not_followed_into_a_loop(tmp_path: Path) -> None:
    put(tmp_path / "a.csv")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names([tmp_path]) == ["read a.csv", "skip loop"]


def test_a_link_into_a_directory_that_is_not_searched_is_followed(tmp_path: Path) -> None:
    put(tmp_path / ".kept/a.csv")
    (tmp_path / "latest.csv").symlink_to(".kept/a.csv")
    assert names([tmp_path]) == ["skip .kept", "read latest.csv"]


def test_a_link_to_a_directory_that_is_not_searched_is_a_doubt(tmp_path: Path) -> None:
    put(tmp_path / "a.csv"), put(tmp_path / "eu/a.csv"), put(tmp_path / ".cache/r/b.csv")
    (tmp_path / "cached").symlink_to(".cache/r")
    (tmp_path / "europe").symlink_to("eu")
    assert left_out(tmp_path) == {".cache": "fine", "cached": "doubt", "europe": "fine"}


def test_a_link_that_gives_a_directory_another_date_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "2026-06-30/a.csv")
    for name in ("2026-09-30", "2026-06-30T06-00-09", "2026-Dec", "June 2026", "latest"):
        (tmp_path / name).symlink_to("2026-06-30")
    assert names([tmp_path]) == [
        "read 2026-06-30/a.csv", "skip 2026-06-30T06-00-09",
        "refuse 2026-09-30: a link to '2026-06-30', and the two names give its reports two dates",
        "refuse 2026-Dec: a link to '2026-06-30', and the two names give its reports two dates",
        "skip June 2026", "skip latest",
    ]  # fmt: skip


def test_a_directory_within_another_one_that_was_searched_is_not_empty(tmp_path: Path) -> None:
    put(tmp_path / "in/eu/a.csv"), put(tmp_path / "in/notes.pdf")
    assert names([tmp_path / "in", tmp_path / "in/eu"]) == ["skip notes.pdf", "read eu/a.csv"]
    assert "refuse" not in " ".join(names([tmp_path / "in/**"]))
    (tmp_path / "in/latest").symlink_to("eu")
    assert names([tmp_path / "in/eu", tmp_path / "in/latest"]) == [
        "read a.csv",
        "skip latest/a.csv",
    ]


def test_two_dots_behind_a_link_lead_out_of_what_it_points_to(tmp_path: Path) -> None:
    put(tmp_path / "right/a.csv", b"right"), put(tmp_path / "wrong/a.csv", b"wrong")
    put(tmp_path / "right/below/b.csv")
    (tmp_path / "wrong/link").symlink_to("../right/below")
    for path in ("wrong/link/../a.csv", "wrong/link/..", "wrong/link/../*.csv"):
        assert next(open_inputs([f"{tmp_path}/{path}"])) == Stream(
            "a.csv", b"right", searched=path.endswith("..")
        )


def test_a_file_reached_twice_is_read_once(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv")
    (tmp_path / "b.csv").symlink_to(path)
    archive = zipped(tmp_path / "c.zip", r_csv=b"x")
    assert names([path, tmp_path, path, archive, archive]) == [
        "read a.csv", "read c.zip/r.csv", "skip b.csv",
    ]  # fmt: skip


def test_both_names_of_a_file_are_told_and_must_not_give_it_two_dates(tmp_path: Path) -> None:
    june = put(tmp_path / "in/report_2026-06-30.csv")
    os.link(june, tmp_path / "in/report.csv")
    (tmp_path / "in/latest.csv").symlink_to(june)
    (tmp_path / "in/2026-06-30.csv").symlink_to("report.csv")
    assert left_out(tmp_path / "in") == {
        "2026-06-30.csv": "fine", "latest.csv": "fine",
    }  # fmt: skip
    for name in ("report_2026-09-30.csv", "report_30.12.2026.csv", "report_Q4_2026.csv"):
        for kind in ("hard", "symbolic"):
            other = tmp_path / "in" / name
            os.link(june, other) if kind == "hard" else other.symlink_to(june)
            assert names([june, other]) == [
                "read report_2026-06-30.csv",
                f"refuse {name}: the same file as 'report_2026-06-30.csv', and the two "
                "names give it two dates",
            ]
            other.unlink()


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        ("IAM_2026-06-30 to 09-30.csv", True),
        ("IAM_2026-06-30 (Q4 2026).csv", True),
        ("IAM_2026-06-30 follow-up 30.09.2026.csv", True),
        ("IAM_2026-06-30 (Q2 2026).csv", False),
        ("copy of IAM_2026-06-30.csv", False),
    ],
)
def test_another_name_with_a_later_date_beside_the_same_one_is_refused(
    tmp_path: Path, name: str, is_refused: bool
) -> None:
    first = put(tmp_path / "IAM_2026-06-30.csv")
    (tmp_path / name).symlink_to(first)
    why = "the same file as 'IAM_2026-06-30.csv', and the two names give it two dates"
    expected = f"refuse {name}: {why}" if is_refused else f"skip {name}"
    assert names([first, tmp_path / name]) == ["read IAM_2026-06-30.csv", expected]


@pytest.mark.parametrize(("first", "second"), [("2026-06-30", "latest"), ("0", "2026-06-30")])
def test_a_name_without_a_date_may_be_of_a_later_day_where_equal_files_are_stored_once(
    tmp_path: Path, first: str, second: str
) -> None:
    report = put(tmp_path / first / "a.csv")
    (tmp_path / second).mkdir()
    os.link(report, tmp_path / second / "a.csv")
    expected = [f"read {first}/a.csv", f"read {second}/a.csv"]
    assert names([tmp_path]) == expected
    (tmp_path / "2026-09-30").mkdir()
    os.link(report, tmp_path / "2026-09-30/a.csv")
    assert [name for name in names([tmp_path]) if name not in expected] == [
        "refuse 2026-09-30/a.csv: the same file as '2026-06-30/a.csv', and the two names give it two dates"
    ]


@pytest.mark.parametrize("name", ["in/latest.csv", "in/latest/a.csv", "in/0.csv"])
def test_but_not_where_it_is_a_link(tmp_path: Path, name: str) -> None:
    report = put(tmp_path / "in/2026-06-30/a.csv")
    for link in ("latest.csv", "0.csv"):
        (tmp_path / "in" / link).symlink_to("2026-06-30/a.csv")
    (tmp_path / "in/latest").symlink_to("2026-06-30")
    shown = name.removeprefix("in/")
    found = [*open_inputs([str(report), str(tmp_path / name)])]
    assert found[1:] == [Skipped(shown, "another name of the file 'a.csv'")]


@pytest.mark.parametrize(
    ("link", "stamp"),
    [
        ("latest", "2026-06-30"),
        ("2026-09-30", "2026-09-30"),
        ("Q4 2026", ""),
        ("Dezember", ""),
        ("2026-09-30/in", "2026-09-30"),
        ("2026-03-31/in", ""),
    ],
)
@pytest.mark.parametrize("target", ["", "/111122223333"])
def test_a_link_has_the_date_of_its_target_but_not_where_one_of_the_two_may_be_later(
    tmp_path: Path, link: str, stamp: str, target: str
) -> None:
    put(tmp_path / "2026-06-30/111122223333/a.csv")
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(f"{tmp_path}/2026-06-30{target}")
    (stream,) = open_inputs([str(tmp_path / link)])
    assert isinstance(stream, Stream)
    found = stream.place_stamp
    assert (f"{found.instant:%Y-%m-%d}" if found else "") == stamp


@pytest.mark.parametrize(
    ("place", "stamp"),
    [("2026-09-30", "2026-09-30"), ("2026-06-30", "2026-06-30"), ("2026-03-31", "")],
)
def test_a_link_to_a_file_of_a_later_day_is_not_dated_by_its_own_directory(
    tmp_path: Path, place: str, stamp: str
) -> None:
    report = put(tmp_path / "store/2026-06-30/a.csv")
    (tmp_path / place).mkdir()
    (tmp_path / place / "a.csv").symlink_to(report)
    (stream,) = open_inputs([str(tmp_path / place / "a.csv")])
    assert isinstance(stream, Stream)
    found = stream.place_stamp
    assert (f"{found.instant:%Y-%m-%d}" if found else "") == stamp


def test_a_file_with_the_number_of_one_that_was_replaced_meanwhile_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, root(), name="a.csv")
    save(tmp_path, root("444455556666"), user("bob", "444455556666"), name="b.csv")
    stat = os.stat

    def with_one_number(path: str, **options: bool) -> SimpleNamespace:
        found = stat(path, **options)
        names = [name for name in dir(found) if name.startswith("st_")]
        return SimpleNamespace(**{name: getattr(found, name) for name in names} | {"st_ino": 7})

    monkeypatch.setattr(os, "stat", with_one_number)
    paths = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    found = [item.name for item in find_inputs(paths) if isinstance(item, Unread)]
    assert found == ["a.csv", "b.csv"]


def test_files_are_told_apart_on_a_disk_that_numbers_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.csv", "b.csv"):
        put(tmp_path / name, name.encode())
        os.utime(tmp_path / name, (0, 0))
    stat = os.stat

    def without_number(path: str | Path, **options: bool) -> os.stat_result:
        mode, _, *others = found = stat(path, **options)
        return os.stat_result([mode, 0, *others], {"st_mtime_ns": found.st_mtime_ns})

    monkeypatch.setattr(os, "stat", without_number)
    assert names([tmp_path]) == ["read a.csv", "read b.csv"]


@pytest.mark.parametrize(
    ("name", "is_doubt"),
    [("444455556666/a.csv", True), ("444455556666.csv", True), ("x_202606301200.csv", False),
     ("111122223333/b.csv", False), ("latest.csv", False)],
)  # fmt: skip
def test_a_link_called_by_another_account_is_a_doubt(
    tmp_path: Path, name: str, is_doubt: bool
) -> None:
    target = put(tmp_path / "111122223333/a.csv")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    for link in (os.symlink, os.link):
        link(target, tmp_path / name)
        found = open_inputs([str(tmp_path)])
        assert any(isinstance(item, Skipped) and item.is_doubt for item in found) is is_doubt
        (tmp_path / name).unlink()


@pytest.mark.parametrize(
    ("name", "target", "is_doubt"),
    [
        ("444455556666", "111122223333", True),
        ("444455556666/2026-06-30", "111122223333/2026-06-30", True),
        ("444455556666/prod/in", "444455556666/dev/in", False),
        ("latest", "111122223333", False),
        ("2026-09-30/prod", "2026-06-30/prod", True),
        ("2026-09-30/all", "2026-06-30", True),
        ("Q3 2026/prod", "2026-06-30/prod", True),
        ("2026-03-31/next", "2026-06-30", False),
        ("by-account/prod/2026-06-30", "2026-06-30/prod", False),
        ("in/prod", "2026-06-30/prod", False),
    ],
)
def test_a_link_to_the_directory_of_another_account_or_an_earlier_day_is_a_doubt(
    tmp_path: Path, name: str, target: str, is_doubt: bool
) -> None:
    put(tmp_path / target / "a.csv")
    (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
    put((tmp_path / name).parent / "b.csv")
    (tmp_path / name).symlink_to(tmp_path / target)
    (skipped,) = (item for item in open_inputs([str(tmp_path)]) if isinstance(item, Skipped))
    assert skipped.is_doubt is is_doubt


def test_what_becomes_a_link_after_it_was_found_is_refused(tmp_path: Path) -> None:
    report = save(tmp_path / "in", root(), user("alice"))
    elsewhere = save(tmp_path / "elsewhere", root(), user("bob"))
    [found] = find_inputs([str(report.parent)])
    assert isinstance(found, Unread)
    report.unlink()
    report.symlink_to(elsewhere)
    for item in (found, pickle.loads(pickle.dumps(found))):
        assert isinstance(item.read(), Problem)


def test_a_directory_or_an_archive_that_becomes_a_link_out_is_refused(tmp_path: Path) -> None:
    report, elsewhere = put(tmp_path / "in/b/a.csv"), put(tmp_path / "elsewhere/a.csv").parent
    archive = zipped(put(tmp_path / "in/c/c.zip"), a_csv=b"x")
    found_later = find_inputs([str(tmp_path / "in")])
    found = next(found_later)
    assert isinstance(found, Unread)
    archive.rename(elsewhere / archive.name)
    for directory in (report.parent, archive.parent):
        directory.rename(tmp_path / f"{directory.name}-before")
        directory.symlink_to(elsewhere)
    later = [each.read() if isinstance(each, Unread) else each for each in found_later]
    for item in (found.read(), pickle.loads(pickle.dumps(found)).read(), *later):
        assert isinstance(item, Problem)
        assert item.found == "cannot be read: changed since it was found"


def test_a_tar_that_is_written_again_after_its_members_were_found_is_refused(
    tmp_path: Path,
) -> None:
    archive, member = tmp_path / "x.tar", put(tmp_path / "a.csv", b"row")
    outcomes: list[type] = []
    for data in (b"row", b"row and row"):
        with tarfile.open(archive, "w") as tar:
            tar.add(put(member, data), "a.csv")
        if not outcomes:
            [found] = find_inputs([str(archive)])
        assert isinstance(found, Unread)
        outcomes.append(type(found.read()))
    assert outcomes == [Stream, Problem]


def test_a_link_out_of_the_searched_directory_is_left_out(tmp_path: Path) -> None:
    secret = put(tmp_path / "secret.csv", b"password")
    put(tmp_path / "in/a.csv")
    (tmp_path / "in/b.csv").symlink_to(secret)
    (tmp_path / "in/c.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "in/d").symlink_to(tmp_path)
    (tmp_path / "in/e.csv").symlink_to("../in/gone.csv")
    assert names([tmp_path / "in"]) == [
        "read a.csv", "skip b.csv", "skip c.csv", "skip d",
        "refuse e.csv: cannot be read: No such file or directory",
    ]  # fmt: skip
    assert left_out(tmp_path / "in") == {"b.csv": "doubt", "c.csv": "doubt", "d": "doubt"}
    (tmp_path / "link").symlink_to(tmp_path / "in")
    assert names([tmp_path / "link"])[0] == "read a.csv"
    assert names([tmp_path / "in/b.csv"]) == ["read b.csv"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("in/*.csv", ["read a.csv", "read d.csv", "skip b.csv", "skip c.csv"]),
        ("in/[bd].csv", ["read d.csv", "skip b.csv"]),
        ("in/?.csv", ["read a.csv", "read d.csv", "skip b.csv", "skip c.csv"]),
        ("in/**/*.csv", ["read a.csv", "read sub/a.csv", "skip d.csv", "skip b.csv", "skip c.csv", "skip near", "skip out"]),
        ("in/*/*.csv", ["read a.csv", "skip sub/a.csv", "skip c.csv", "skip out"]),
        ("in/*/a.csv", ["read a.csv", "skip sub/a.csv", "skip c.csv", "skip out"]),
        ("in/o*/", ["skip out"]),
        ("in/o*/**", ["skip out"]),
        ("in/o*/**/*.csv", ["skip out"]),
        ("*/out/secret.csv", ["read secret.csv"]),
        ("i[n]/../*/secret.csv", ["read secret.csv"]),
        ("in/s*/../../elsewhere/*.csv", ["skip .."]),
        ("in/out/*.csv", ["read secret.csv"]),
        ("in/b.csv", ["read b.csv"]),
    ],
)  # fmt: skip
def test_what_a_pattern_finds_outside_of_its_fixed_part_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, found: list[str]
) -> None:
    put(tmp_path / "elsewhere/secret.csv", b"password"), put(tmp_path / "in/sub/a.csv", b"sub")
    put(tmp_path / "in/a.csv")
    for name, target in (
        ("b.csv", "../elsewhere/secret.csv"),
        ("c.csv", "../nowhere"),
        ("d.csv", "sub/a.csv"),
        ("near", "sub"),
        ("out", "../elsewhere"),
    ):
        (tmp_path / "in" / name).symlink_to(target)
    monkeypatch.chdir(tmp_path)
    assert [each for each in names([pattern]) if not each.endswith(" matches")] == found


def test_a_link_out_that_a_pattern_finds_is_a_doubt(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv")
    (tmp_path / "in/b.csv").symlink_to(put(tmp_path / "secret.csv", b"password"))
    for inputs in (tmp_path / "in", tmp_path / "in/*"):
        assert list(open_inputs([str(inputs)])) == [
            Stream("a.csv", b"x", searched=inputs.name == "in"),
            Skipped("b.csv", "a link that leads out of the searched directory", is_doubt=True),
        ]
    (tmp_path / "in/[b].csv").symlink_to("a.csv")
    assert names([tmp_path / "in/[b].csv"])[0].endswith("a pattern that matches others")


def test_what_a_pattern_found_and_becomes_a_link_out_is_refused(tmp_path: Path) -> None:
    report = put(tmp_path / "in/b/a.csv")
    [found] = find_inputs([str(tmp_path / "in/*/*.csv")])
    assert isinstance(found, Unread)
    report.parent.rename(tmp_path / "before")
    report.parent.symlink_to(tmp_path / "before")
    assert isinstance(found.read(), Problem)


def test_equal_names_are_told_apart(tmp_path: Path) -> None:
    paths = [put(tmp_path / f"{folder}/r.csv") for folder in ("x", "y", "z/y")]
    assert names(paths) == ["read r.csv", "read y/r.csv", "read y/r.csv (2)"]
    for name in ("jan/eu/r.csv", "feb/eu/r.csv", "feb/eu/us/r.csv", "jan/eu/us/r.csv"):
        put(tmp_path / name)
    assert names([tmp_path / "jan", tmp_path / "feb"]) == [
        "read eu/r.csv", "read eu/us/r.csv", "read jan/eu/r.csv", "read jan/eu/us/r.csv",
    ]  # fmt: skip
    (found,) = find_inputs([str(paths[0])], taken=["r.csv", "x/r.csv"])
    assert isinstance(found, Unread)
    assert found.name == "x/r.csv (2)"


def test_a_file_named_like_an_answer_in_another_file_is_told_apart_from_it(tmp_path: Path) -> None:
    for name in ("r.json", "r.json (answer 1)", "answer 1"):
        put(tmp_path / name)
    assert names([tmp_path]) == ["read answer 1", "read r.json", "read r.json (answer 1) (2)"]


def test_no_two_inputs_have_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where a file is called as the program would call another."""
    paths = [put(tmp_path / name) for name in ("1/r.csv", "2/y/r.csv", "3/y/r.csv")]
    put(tmp_path / "4/y/r.csv (2)")
    assert names([*paths, tmp_path / "4"]) == [
        "read r.csv", "read y/r.csv", "read y/r.csv (2)", "read 4/y/r.csv (2)",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"x")))
    assert names(["-", put(tmp_path / "standard input")]) == [
        "read standard input", f"read {tmp_path.name}/standard input",
    ]  # fmt: skip


def test_a_glob_is_expanded_and_must_match(tmp_path: Path) -> None:
    put(tmp_path / "b/r2.csv"), put(tmp_path / "a/r1.csv")
    assert names([tmp_path / "*" / "r?.csv"]) == ["read r1.csv", "read r2.csv"]
    put(tmp_path / "a/b/c/r3.csv")
    assert names([tmp_path / "**" / "r[13].csv"]) == ["read r3.csv", "read r1.csv"]
    assert names([""]) == ["refuse '': an empty input name"]
    assert names([tmp_path / "*.json"])[0].endswith("no file matches")


def test_a_glob_follows_no_link_to_a_directory_at_any_depth(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere/b.csv"), put(tmp_path / "in/a.csv")
    for name in ("loop", "loop2"):
        (tmp_path / "in" / name).symlink_to(".")
    (tmp_path / "in/out").symlink_to("../elsewhere")
    paths = [f"{tmp_path}/in/**/*.csv", f"{tmp_path}/in/**/**/*.csv"]
    for path in paths:
        assert names([path]) == ["read a.csv", "skip loop", "skip loop2", "skip out"]
    assert count_inputs(paths) == 2


@pytest.mark.parametrize("pattern", ["**/*.csv", "**/*/**/*.csv", "**/a/**/a/*.csv"])
def test_a_glob_looks_at_a_deep_directory_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    path = put(tmp_path / ("a/" * 50) / "r.csv")
    looked_at: Counter[object] = Counter()
    scandir, lstat = os.scandir, os.lstat

    def note(path: str) -> str:
        looked_at[path] += 1
        return path

    monkeypatch.setattr(os, "scandir", lambda path: scandir(note(path)))
    monkeypatch.setattr(os, "lstat", lambda path: lstat(note(path)))
    assert match(f"{tmp_path}/{pattern}").paths == [str(path)]
    assert looked_at.total() < 10 * 50


def test_a_directory_that_a_glob_cannot_search_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in/a.csv"), put(tmp_path / "shut/b.csv")
    scandir, lstat = os.scandir, os.lstat

    def fail(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", lambda p: fail(p) if str(p).endswith("shut") else scandir(p))
    monkeypatch.setattr(os, "lstat", lambda p: fail(p) if "shut/" in str(p) else lstat(p))
    for pattern, place in (("*/*.csv", "shut"), ("**/*.csv", "shut"), ("*/b.csv", "shut/b.csv")):
        found = names([f"{tmp_path}/{pattern}"])
        assert found[-1] == f"refuse {tmp_path}/{place}: cannot be read: Permission denied"


def test_what_cannot_be_looked_at_is_refused_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in/a.csv"), put(tmp_path / "in/shut/b.csv")
    (tmp_path / "in/link.csv").symlink_to("shut/b.csv")
    stat = os.stat

    def look(path: str | Path, **options: bool) -> os.stat_result:
        if str(path).endswith(("b.csv", "link.csv")) and options.get("follow_symlinks", True):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", look)
    why = "cannot be read: Permission denied"
    for named in (
        [tmp_path / "in"],
        [*(tmp_path / "in").glob("**/*.csv")],
        [tmp_path / "in/*.csv"],
    ):
        found = names(named)
        assert found[0] == "read a.csv"
        assert f"refuse link.csv: {why}" in found
    assert count_inputs([str(tmp_path / "in/link.csv")]) == 1


def test_a_glob_matches_what_a_shell_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/b.csv", "a/.c.csv", ".d/e.csv", "f.csv", "g/h/i.csv"):
        put(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert [match(pattern).paths for pattern in ("*", "*/", "*/*", "*/.*", ".*/*", "[fg]*")] == [
        ["a", "f.csv", "g"], ["a", "g"], ["a/b.csv", "g/h"], ["a/.c.csv"], [".d/e.csv"], ["f.csv", "g"],
    ]  # fmt: skip
    assert [match(pattern).paths for pattern in ("**/h", "**/*.csv", "g/**", "f.csv/*", "**", "\0/*")] == [
        ["g/h"], ["a/b.csv", "f.csv", "g/h/i.csv"], ["g"], [], ["."], [],
    ]  # fmt: skip


def test_a_backslash_in_a_pattern_is_a_letter_where_names_may_have_it(tmp_path: Path) -> None:
    path = put(tmp_path / "a\\b.csv")
    put(tmp_path / "a/b.csv")
    assert match(f"{tmp_path}/a\\*.csv").paths == [str(path)]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    assert names([put(tmp_path / "r[1].csv")]) == ["read r[1].csv"]
    assert names([put(tmp_path / "*.csv")]) == [
        f"refuse {tmp_path}/*.csv: the name of a file, and a pattern that matches others"
    ]
    assert names([tmp_path]) == ["read *.csv", "read r[1].csv"]
    assert names([put(tmp_path / "alone" / "*.csv")]) == ["read *.csv"]
    put(tmp_path / "r1.csv")
    assert names([tmp_path / "r[1].csv"]) == [
        f"refuse {tmp_path}/r[1].csv: the name of a file, and a pattern that matches others"
    ]


def test_what_does_not_exist_is_refused_and_no_address_is_opened(tmp_path: Path) -> None:
    assert names([tmp_path / "no.csv"])[0].endswith("no such file or directory")
    assert names(["https://example.com/r.csv"])[0].endswith("credreport works offline")


def test_standard_input_is_read_to_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        buffer = io.BytesIO(b"0123456789")

    monkeypatch.setattr(sys, "stdin", Fake)
    assert list(open_inputs(["-"], 10)) == [Stream("standard input", b"0123456789")]
    Fake.buffer = io.BytesIO(b"0123456789")
    assert "larger than" in names(["-"], 9)[0]


def test_the_size_bound_is_exact(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", b"x" * 10)
    assert names([path], 10) == ["read a.csv"]
    assert "larger than" in names([path], 9)[0]


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    assert "not a regular file" in names([tmp_path / "pipe.csv"])[0]
    assert "not a regular file" in names(["/dev/zero"])[0]
    pipe, link = open_inputs([str(tmp_path / name) for name in ("gone.csv", "pipe.csv")])
    assert str(pipe).endswith(" Pipe it into credreport and name `-`.")
    assert str(link).endswith(" Check the file and its permissions.")


def test_a_dangling_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "gone.zip").symlink_to(tmp_path / "nowhere")
    assert names([tmp_path / "gone.csv"]) == [
        "refuse gone.csv: cannot be read: No such file or directory"
    ]
    assert names([tmp_path / "gone.zip"]) == [
        "refuse gone.zip: cannot be read: No such file or directory"
    ]


def test_a_directory_that_cannot_be_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", fail)
    assert names([tmp_path]) == [f"refuse {tmp_path}: cannot be read: Permission denied"]


class TestZip:
    def test_its_members_are_read_and_searched(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "all.zip", a_csv=b"1", sub__b_csv=b"2", notes=b"3")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("logo.png", b"4")
            archive.writestr("folder/", b"")
            archive.writestr("__MACOSX/._a.csv", b"5")
            archive.writestr("__MACOSX/a.csv", b"6")
            archive.writestr("../../evil.csv", b"7")
        assert names([tmp_path]) == [
            "read all.zip/a.csv", "read all.zip/sub/b.csv", "read all.zip/notes",
            "skip all.zip/logo.png", "skip all.zip/__MACOSX/._a.csv",
            "skip all.zip/__MACOSX/a.csv", "read all.zip/../../evil.csv",
        ]  # fmt: skip

    def test_what_is_in_it_but_cannot_be_read_is_refused(self, tmp_path: Path) -> None:
        inner = zipped(tmp_path / "inner.zip", a_csv=b"1").read_bytes()
        outer = tmp_path / "outer.zip"
        with zipfile.ZipFile(outer, "w") as archive:
            archive.writestr("inner.zip", inner)
        assert names([outer])[0].endswith("an archive inside an archive")

    def test_an_empty_one_is_refused(self, tmp_path: Path) -> None:
        assert names([zipped(tmp_path / "a.zip")])[0].endswith(
            "no CSV, JSON, text or base64 file in it"
        )

    def test_a_bomb_is_refused_by_its_ratio(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "a.zip", a_csv=b"0" * 2_000_000)
        assert "unpacks to more than 200 times" in names([path], 10_000_000)[0]

    def test_a_lying_size_does_not_get_past_the_bound(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "a.zip", a_csv=b"0123456789" * 3)
        assert "larger than" in names([path], 29)[0]

    def test_members_are_bounded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(zips, "MAX_MEMBERS", 1)
        zipped(tmp_path / "a.zip", a_csv=b"12", b_csv=b"34")
        assert "2 files in one zip" in names([tmp_path / "a.zip"])[0]

    def test_the_total_is_bounded_over_all_archives(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sources, "MAX_UNPACKED_BYTES", 6)
        for name in "abc":
            zipped(tmp_path / f"{name}.zip", a_csv=b"123")
        assert names([tmp_path]) == [
            "read a.zip/a.csv", "read b.zip/a.csv",
            "refuse c.zip: more than 0 GiB when all archives are unpacked",
        ]  # fmt: skip

    def test_and_is_four_gigabytes(self, tmp_path: Path) -> None:
        path = str(zipped(tmp_path / "a.zip", a_csv=b"123"))
        opener = Opener(100)
        opener.unpacked_bytes = 4 * 1024**3 - 3
        assert list(opener.open_all([path])) == [Stream("a.zip/a.csv", b"123", searched=True)]
        opener = Opener(100)
        opener.unpacked_bytes = 4 * 1024**3 - 2
        (problem,) = opener.open_all([path])
        assert str(problem).startswith("a.zip: more than 4 GiB when all archives are unpacked.")

    def test_a_tar_is_unpacked_into_the_room_that_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with tarfile.open(tmp_path / "b.tgz", "w:gz") as archive:
            archive.addfile(tarfile.TarInfo("b.csv"))
        zipped(tmp_path / "a.zip", a_csv=b"123")
        monkeypatch.setattr(sources, "MAX_UNPACKED_BYTES", 3 + tarfile.RECORDSIZE)
        assert names([tmp_path]) == ["read a.zip/a.csv", "read b.tgz/b.csv"]
        monkeypatch.setattr(sources, "MAX_UNPACKED_BYTES", 2 + tarfile.RECORDSIZE)
        assert names([tmp_path])[1] == "refuse b.tgz: unpacks to more than 0 MiB"

    def test_a_member_of_another_ending_is_searched_up_to_the_bound(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "a.zip", **{"report.dat": REPORT})
        assert names([path], len(REPORT)) == ["read a.zip/report.dat"]
        assert names([path], len(REPORT) - 1)[0].startswith("refuse a.zip/report.dat: larger than")

    @pytest.mark.parametrize("kind", ["zip", "stored", "tar", "tar.gz"])
    def test_of_a_note_over_the_bound_the_beginning_is_searched(
        self, tmp_path: Path, kind: str
    ) -> None:
        path = tmp_path / ("a.zip" if kind == "stored" else f"a.{kind}")
        data = REPORT + b"x" * 2000
        if kind == "stored":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("session.log", REPORT.partition(b"\n")[2] + data)
                archive.writestr("other.log", b"x" * 2000)
        elif kind == "zip":
            zipped(path, **{"session.log": b"ran\n" + data, "other.log": b"x" * 2000})
        else:
            with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as tar:
                for name, text in (("session.log", data), ("other.log", b"x" * 2000)):
                    info = tarfile.TarInfo(name)
                    info.size = len(text)
                    tar.addfile(info, io.BytesIO(text))
        found = names([path], 1000)
        assert [each.partition(":")[0] for each in found[:2]] == [
            f"refuse {path.name}/session.log", f"skip {path.name}/other.log",
        ]  # fmt: skip
        assert "larger than" in found[0]

    def test_of_a_damaged_note_over_the_bound_that_is_told(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "a.zip", **{"session.log": REPORT})
        data = path.read_bytes()
        begin = 30 + len("session.log")
        path.write_bytes(data[:begin] + b"\xff" + data[begin + 1 :])
        skipped = next(open_inputs([str(path)], len(REPORT) - 1))
        assert isinstance(skipped, Skipped)
        assert skipped.is_doubt
        assert skipped.why == (
            "cannot be read: damaged inside the archive "
            "(Error -3 while decompressing data: invalid block type)"
        )

    def test_what_a_system_left_is_a_doubt_where_it_cannot_be_unpacked(
        self, tmp_path: Path
    ) -> None:
        path = zipped(tmp_path / "a.zip", **{"Thumbs.db": REPORT})
        data = path.read_bytes()
        begin = 30 + len("Thumbs.db")
        path.write_bytes(data[:begin] + b"\xff" + data[begin + 1 :])
        skipped = next(open_inputs([str(path)]))
        assert isinstance(skipped, Skipped)
        assert skipped.is_doubt

    @pytest.mark.parametrize(("bound", "is_doubt"), [(200, True), (199, False)])
    def test_the_checksum_of_a_note_counts_where_the_bound_lets_it_be_read(
        self, tmp_path: Path, bound: int, is_doubt: bool
    ) -> None:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("session.log", b"x" * 200)
        path.write_bytes(path.read_bytes().replace(b"x" * 200, b"y" + b"x" * 199))
        skipped = next(open_inputs([str(path)], bound))
        assert isinstance(skipped, Skipped)
        assert skipped.is_doubt == is_doubt

    def test_damage_is_named(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "a.zip", a_csv=os.urandom(500))
        data = bytearray(path.read_bytes())
        data[100] ^= 0xFF
        path.write_bytes(data)
        assert names([path])[0].startswith("refuse a.zip/a.csv: damaged inside the archive")
        assert names([put(tmp_path / "b.zip", b"PK no")])[0].startswith("refuse b.zip: not a zip")

    def test_encryption_is_named(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "a.zip", a_csv=b"1")
        data = bytearray(path.read_bytes())
        data[data.index(b"PK\x01\x02") + 8] |= 1
        data[6] |= 1
        path.write_bytes(data)
        assert names([path])[0].endswith("encrypted with a password")


def test_inputs_are_counted_without_opening_them(tmp_path: Path) -> None:
    for name in ("a.csv", "sub/b.csv", "sub/c.csv"):
        put(tmp_path / name)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert count_inputs([str(tmp_path), str(tmp_path / "a.csv"), str(tmp_path / "sub/*")]) == 7


def test_standard_input_that_is_closed_or_broken_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken:
        class buffer:  # noqa: N801
            @staticmethod
            def read(_: int) -> bytes:
                raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", Broken)
    assert names(["-"]) == ["refuse standard input: cannot be read: Input/output error"]
    monkeypatch.setattr(sys, "stdin", None)
    assert names(["-"]) == ["refuse standard input: it is closed"]


@pytest.mark.parametrize("size", [0, 3, 5, 9])
def test_a_file_that_grew_or_shrank_since_it_was_found_is_read_whole(
    size: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"12345")
    found = Unread(str(path), "a.csv", size, 100, searched=False).read()
    assert found == Stream("a.csv", b"12345")


def test_a_file_that_grew_beyond_the_bound_since_it_was_found_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", b"123456")
    found = Unread(str(path), "a.csv", 5, 5, searched=False).read()
    assert isinstance(found, Problem)
    assert found.found.startswith("larger than ")


def test_a_file_of_another_ending_that_vanishes_while_it_is_searched_for_is_a_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(_: Unread) -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    put(tmp_path / "notes.docx")
    put(tmp_path / "a.csv", REPORT)
    monkeypatch.setattr(Unread, "head", vanish)
    (found,) = [item for item in open_inputs([str(tmp_path)]) if isinstance(item, Skipped)]
    assert found == Skipped(
        "notes.docx", "cannot be read: No such file or directory", is_doubt=True
    )


@pytest.mark.parametrize(
    ("link", "target", "is_refused"),
    [
        ("2025-12-31.csv", "2026-02-15.csv", True),
        ("2025-12-31.csv", "2026-02-15/a.csv", True),
        ("2025-12-31.csv", "2026-01-02.csv", True),
        ("2025-12-31.csv", "2026-01-01.csv", False),
        ("2026-02-16.csv", "2026-02-15.csv", False),
        ("latest.csv", "2026-02-15.csv", False),
        ("2025-12-31.csv", "a.csv", False),
        # Dates that are not read, but may be later.
        ("2025-12-31.csv", "15.02.2026.csv", True),
        ("2025-12-31.csv", "Q1 2026.csv", True),
        ("2025-12-31.csv", "Feb2026/a.csv", True),
        ("2025-12-31.csv", "Q4 2025.csv", False),
    ],
)
def test_a_link_called_by_an_earlier_day_than_its_file_is_refused(
    tmp_path: Path, link: str, target: str, is_refused: bool
) -> None:
    put(tmp_path / "store" / target), put(tmp_path / "store/c.csv")
    why = "a link called by an earlier day than the file that it leads to"
    expected = f"refuse {link}: {why}" if is_refused else f"read {link}"
    (tmp_path / link).symlink_to(f"store/{target}")
    assert names([tmp_path / link]) == [expected]
    # So is one in the middle, whatever that leads to.
    (tmp_path / "store" / target).unlink()
    (tmp_path / "store" / target).symlink_to(tmp_path / "store/c.csv")
    assert names([tmp_path / link]) == [expected]


@pytest.mark.parametrize("parts", [["latest", "2026-02-15"], ["latest", "15.02.2026", "old"]])
def test_so_is_one_that_leads_through_a_directory_of_a_later_day(
    tmp_path: Path, parts: list[str]
) -> None:
    """Wherever the link stands: `a.csv`, which leads to `latest/a.csv`, which is in `2026-02-15`."""
    put(tmp_path / "store/a.csv")
    for link, target in zip(parts, [*parts[1:], "store"], strict=True):
        (tmp_path / link).symlink_to(target)
    (tmp_path / "2025-12-31.csv").symlink_to("latest/a.csv")
    why = "a link called by an earlier day than the file that it leads to"
    assert names([tmp_path / "2025-12-31.csv"]) == [f"refuse 2025-12-31.csv: {why}"]


@pytest.mark.parametrize("count", [1, 3])
def test_directories_that_are_not_searched_are_named_and_left_out(
    tmp_path: Path, count: int
) -> None:
    put(tmp_path / "a.csv")
    for number in range(count):
        put(tmp_path / f".d{number}/b.csv")
    found = [f"skip .d{number}" for number in range(count)]
    assert sorted(names([tmp_path])) == ["read a.csv", *found]


class TestAFileOfAnotherOption:
    def test_is_no_input_whether_named_or_found(self, tmp_path: Path) -> None:
        for name in ("a.csv", "accounts.csv", "policy.toml"):
            (tmp_path / name).write_bytes(REPORT if name == "a.csv" else b"id,name")
        (tmp_path / "link.csv").symlink_to("accounts.csv")
        files = [tmp_path / "accounts.csv", tmp_path / "policy.toml"]
        digest = sha256(b"id,name")
        others = ["skip policy.toml", "skip link.csv"]
        with used_otherwise(
            [UsedOtherwise(name, 7, digest) for name in ("accounts.csv", "policy.toml")]
        ):
            assert names([tmp_path]) == ["read a.csv", "read link.csv"]
            assert names([*files, tmp_path / "a.csv"]) == ["read a.csv"]
        with used_otherwise([UsedOtherwise("", 7, digest)]):  # whatever it is called
            assert names([tmp_path]) == ["read a.csv"]
        assert names([tmp_path]) == ["read a.csv", "read accounts.csv", *others]

    def test_is_one_under_the_name_of_a_report(self, tmp_path: Path) -> None:
        for name in ("accounts.csv", "2026-09-30.csv"):
            (tmp_path / name).write_bytes(b"id,name")
        with used_otherwise([UsedOtherwise("accounts.csv", 7, sha256(b"id,name"))]):
            assert names([tmp_path]) == ["read 2026-09-30.csv"]

    def test_is_not_what_a_pattern_finds(self, tmp_path: Path) -> None:
        (tmp_path / "accounts.csv").write_bytes(b"id,name")
        pattern = str(tmp_path / "*.csv")
        with used_otherwise([UsedOtherwise("accounts.csv", 7, sha256(b"id,name"))]):
            assert names([pattern]) == [
                f"refuse {pattern}: no file matches, but for those of options"
            ]

    def test_is_one_where_it_is_empty_has_rows_of_a_report_or_cannot_be_read(
        self, tmp_path: Path
    ) -> None:
        data = b"id,name\n" + REPORT.splitlines()[-1]
        (tmp_path / "accounts.csv").write_bytes(data)
        (tmp_path / "gone.csv").symlink_to("nowhere")
        (tmp_path / "empty.csv").write_bytes(b"")
        known = [UsedOtherwise("", len(each), sha256(each)) for each in (data, b"")]
        with used_otherwise(known):
            assert names([tmp_path]) == [
                "read accounts.csv",
                "read empty.csv",
                "refuse gone.csv: cannot be read: No such file or directory",
            ]


def test_a_chain_of_more_links_than_the_system_follows_is_refused(tmp_path: Path) -> None:
    report = save(tmp_path / "in", root(), user())
    before = report
    for number in range(1_200):
        link = tmp_path / "in" / f"x{number}.csv"
        link.symlink_to(before.name)
        before = link
    with pytest.raises(InputRefused, match="Too many levels of symbolic links"):
        read_reports([tmp_path / "in"])
    with pytest.raises(InputRefused, match="Too many levels of symbolic links"):
        read_reports([str(tmp_path / "in" / "*.csv")])
