"""What a report may be saved in, and what people save by mistake."""

from __future__ import annotations

import base64
import json
import textwrap
import zipfile
from pathlib import Path

import pytest

from credreport.errors import InputRefused
from credreport.reports.containers import OwnEvidence, unpack
from tests.support.reports import root, to_csv, user

TEXT = to_csv(root(), user("bob", password_enabled="true"))
BYTES = TEXT.encode()
BASE64 = base64.b64encode(BYTES).decode()
TIME = "2026-01-31T12:00:00+00:00"


def answer(**changes: object) -> bytes:
    document = {"Content": BASE64, "ReportFormat": "text/csv", "GeneratedTime": TIME} | changes
    return json.dumps(
        {name: value for name, value in document.items() if value != "absent"}
    ).encode()


def wrapped(width: int, end: str) -> bytes:
    return (end.join(textwrap.wrap(BASE64, width)) + end).encode()


@pytest.mark.parametrize(
    ("data", "container", "time"),
    [
        (BYTES, "CSV", ""),
        (b"\xef\xbb\xbf" + BYTES, "CSV", ""),
        (TEXT.encode("utf-16"), "CSV", ""),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "CSV", ""),
        (TEXT.encode("utf-32"), "CSV", ""),
        (answer(), "CLI JSON", TIME),
        (b"\xef\xbb\xbf" + answer(), "CLI JSON", TIME),
        (answer(GeneratedTime="absent"), "CLI JSON", ""),
        (answer(GeneratedTime={"a": 1}), "CLI JSON", '{"a": 1}'),
        (answer(Content=wrapped(76, "\n").decode()), "CLI JSON", TIME),
        (answer(Content=TEXT), "CLI JSON (text)", TIME),
        (answer(Content=repr(BYTES)), "CLI JSON (Python text)", TIME),
        (answer(Content={"type": "Buffer", "data": list(BYTES)}), "CLI JSON (buffer)", TIME),
        (json.dumps(BASE64).encode(), "JSON text", ""),
        (BASE64.encode(), "base64", ""),
        (wrapped(76, "\n"), "base64", ""),
        (wrapped(64, "\r\n"), "base64", ""),
        (
            b"-----BEGIN CERTIFICATE-----\r\n"
            + wrapped(64, "\r\n")
            + b"-----END CERTIFICATE-----\r\n",
            "base64 (certutil)",
            "",
        ),
        (f"{BASE64}\t{TIME}\ttext/csv\n".encode(), "CLI --output text", TIME),
        (f"{BASE64}\ttext/csv\n".encode(), "CLI --output text", ""),
    ],
)
def test_the_report_comes_out_as_it_went_in(data: bytes, container: str, time: str) -> None:
    unpacked = unpack("report", data)
    assert (unpacked.text, unpacked.container, unpacked.generated_time) == (TEXT, container, time)


def zipped(name: str) -> bytes:
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "the file is empty"),
        (b'{"State": "STARTED", "Description": "No report exists"}', "generate-credential-report"),
        (b'{"Error": {"Code": "AccessDenied"}}', "an error message of AWS"),
        (b'{"Users": []}', "JSON without `Content`"),
        (b"[{}]", "a JSON list: a report that another tool has converted"),
        (answer(Content=7), "`Content` is not text"),
        (answer(Content=" "), "`Content` is empty"),
        (answer(Content="b'user,arn"), "`Content` is a damaged Python text"),
        (answer(Content={"type": "Buffer", "data": [300]}), "`Content` is a damaged buffer"),
        (answer(Content=BASE64[:-3]), "base64 that is cut short"),
        (
            answer(Content=base64.b64encode(b" \n" * 99).decode()),
            "an empty report inside the base64",
        ),
        (answer() + answer(), "JSON that cannot be read"),
        (b'{"Content": "x", "Content": "y"}', "JSON that names a key twice"),
        (b"[" * 100_000, "JSON"),
        (b"{" + b'"a":' + b"9" * 5000 + b"}", "JSON nested too deep, or with a number too long"),
        (BASE64.encode()[:-2] + b"?", "base64 with characters in it that do not belong"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (zipped("xl/workbook.xml"), "this is an Excel workbook"),
        (zipped("report.csv"), "this is a zip archive"),
        (b"<!DOCTYPE html><html>", "a web page (perhaps a login page)"),
        (b"<?xml version='1.0'?><a/>", "a web page"),
        (b"<GetCredentialReportResponse xmlns=''>", "the raw XML answer"),
        (b"\nAn error occurred (ReportNotPresent) when calling", "an error message, not a report"),
        (b"Unable to locate credentials. You can configure", "an error message, not a report"),
        (b"------------------\n| GetCredentialReport |\n", "`--output table`"),
        (b"Content: dXNlcg==\nGeneratedTime: '2026'", "`--output yaml`"),
        (b"sep=,\n" + BYTES, "a `sep=` line"),
        (TEXT.replace(",", ";").encode(), "separated by semicolons"),
        (TEXT.replace(",", "\t").encode(), "separated by tabs"),
        (TEXT.replace(",", "|").encode(), "separated by bars"),
        (b"\t".join([BASE64.encode(), BASE64.encode(), b"text/csv"]), "exactly one base64 text"),
        (BYTES[:50] + b"\xff" + BYTES[50:], "line 1, column 51: byte 0xff is not UTF-8"),
        (TEXT.encode("utf-16")[:-1], "is not UTF-16"),
        (BYTES + b"\n\0", "a NUL byte"),
        (TEXT.encode("utf-16-le"), "a NUL byte"),
        (b"\xef\xbb\xbf\xef\xbb\xbf" + BYTES, "line 1, column 1: two byte order marks"),
    ],
)
def test_what_is_no_report_is_named(data: bytes, message: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        unpack("report.csv", data)
    assert message in str(refusal.value)
    assert str(refusal.value).startswith("report.csv")
    assert str(refusal.value).endswith(".")


def test_a_report_whose_user_is_called_like_an_error_is_read() -> None:
    text = to_csv(root(), user("ExpiredToken"))
    assert unpack("report", text.encode()).text == text


@pytest.mark.parametrize("formats", ["csv", "json"])
def test_evidence_of_ours_is_no_report(tmp_path: Path, formats: str) -> None:
    from credreport.evidence.of_analysis import of_analysis
    from tests.support.reports import judge, rendered

    files = rendered(of_analysis(judge(tmp_path, root())), [formats])
    for data in files.values():
        with pytest.raises(OwnEvidence):
            unpack("evidence", data)
