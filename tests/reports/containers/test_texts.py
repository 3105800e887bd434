"""What a report may be saved in, and what people save by mistake."""

from __future__ import annotations

import base64
import gzip
import json
import textwrap
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from credreport.errors import InputRefused
from credreport.reports.containers.answers import _from_python_text
from credreport.reports.containers.encodings import Unpacked, is_base64
from credreport.reports.containers.texts import unpack
from credreport.reports.containers.unsupported import opening_of
from credreport.reports.own_output import OwnEvidence
from tests.support.reports import root, to_csv, user

TEXT = to_csv(root(), user("bob", password_enabled="true"))
BYTES = TEXT.encode()
ROWS = TEXT.partition("\n")[2]
BASE64 = base64.b64encode(BYTES).decode()
ARMOURED = f"-----BEGIN CERTIFICATE-----\r\n{BASE64}\r\n-----END CERTIFICATE-----\r\n".encode()
TIME = "2026-01-31T12:00:00+00:00"


def answer(**changes: object) -> bytes:
    document = {"Content": BASE64, "ReportFormat": "text/csv", "GeneratedTime": TIME} | changes
    return json.dumps(
        {name: value for name, value in document.items() if value != "absent"}
    ).encode()


def yaml(content: str, *, mark: str = "", indent: str = "") -> bytes:
    """Return what `--output yaml` or `yaml-stream` writes."""
    lines = (
        f"{mark}Content: {content}",
        f"{indent}GeneratedTime: '{TIME}'",
        f"{indent}ReportFormat: text/csv",
    )
    return ("\n".join(lines) + "\n").encode()


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wrapped(width: int, end: str) -> bytes:
    return (end.join(textwrap.wrap(BASE64, width)) + end).encode()


@pytest.mark.parametrize(
    ("data", "container", "generated_time"),
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
        (answer(ResponseMetadata={"HTTPHeaders": {"content-type": "text/xml"}}), "CLI JSON", TIME),
        (answer(Older="f" * 937), "CLI JSON", TIME),
        (answer(Content=TEXT), "CLI JSON (text)", TIME),
        (answer(Content=repr(BYTES)), "CLI JSON (Python text)", TIME),
        (answer(Content={"type": "Buffer", "data": list(BYTES)}), "CLI JSON (buffer)", TIME),
        (json.dumps(BASE64).encode(), "JSON text", ""),
        (json.dumps(TEXT).encode(), "JSON text (text)", ""),
        (b"[" + answer() + b"]", "CLI JSON", TIME),
        (yaml(BASE64), "CLI YAML", TIME),
        (b"---\n" + yaml(BASE64), "CLI YAML", TIME),
        (yaml("|\n  " + wrapped(76, "\n  ").decode()), "CLI YAML", TIME),
        (yaml(BASE64).replace(b"text/csv", b"f" * 99), "CLI YAML", TIME),
        (yaml(BASE64, mark="- ", indent="  "), "CLI YAML", TIME),
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
        (f"{BASE64}\ttext/csv\n\n\n".encode(), "CLI --output text", ""),
    ],
)
def test_the_report_comes_out_as_it_went_in(
    data: bytes, container: str, generated_time: str
) -> None:
    (unpacked,) = unpack("report", data)
    assert unpacked == Unpacked(TEXT, container, generated_time, answer=0)


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
        (
            b'{"State": "STARTED", "Description": "No report exists"}',
            "report.csv: the answer of `gen",
        ),
        (b'{"Error": {"Code": "AccessDenied"}}', "an error message from AWS"),
        (b'{"Users": []}', "JSON without `Content`"),
        (b"[{}]", "a JSON list: a report that another tool has converted"),
        (answer(Content=7), "`Content` is not text"),
        (answer(Content=" "), "`Content` is empty"),
        (answer(Content="b'user,arn"), "`Content` is a damaged Python text"),
        (answer(Content={"type": "Buffer", "data": [300]}), "`Content` is a damaged buffer"),
        (answer(Content=BASE64[:-3]), "base64 that is cut short"),
        (answer(Content=f"{BASE64[:80]}?{BASE64[80:]}"), "base64 that is cut short, damaged"),
        (
            answer(Content=base64.b64encode(b" \n" * 99).decode()),
            "an empty report inside the base64",
        ),
        (answer() + b"x", "line 1, column 1"),
        (b"[]", "an empty JSON list"),
        (b'{"Content": "x", "Content": "y"}', "JSON that names a key twice"),
        (b"[" * 100_000, "JSON"),
        (b"{" + b'"a":' + b"9" * 5000 + b"}", "JSON nested too deeply, or with a number too long"),
        (
            BASE64[:160].encode() + b"\n" * 96 + BASE64[256:].encode(),
            "with an empty line or blanks in it",
        ),
        (b"\n".join([*wrapped(76, "\n").split()[:3], BASE64[240:].encode()]), "a part is missing"),
        (wrapped(76, "\n")[:72] + wrapped(76, "\n")[76:], "a part is missing"),
        (yaml("|\n  " + wrapped(76, "\n  ").decode()[4:]), "a part is missing"),
        (
            wrapped(76, "\n").replace(wrapped(76, "\n").split()[2] + b"\n", b"\n"),
            "an empty line or blanks in it",
        ),
        (BASE64.encode()[:-2] + b"?", "base64 with characters in it that do not belong"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (zipped("xl/workbook.xml"), "this is an Excel workbook"),
        (zipped("report.csv"), "this is a zip archive"),
        (zipped("[Content_Types].xml"), "this is an Excel workbook"),
        (b"PK\3\4".ljust(65_533) + b"xl/", "this is an Excel workbook"),
        (b"PK\3\4".ljust(65_534) + b"xl/", "this is a zip archive"),
        (b"report.csv".ljust(257, b"\0") + b"ustar", "this is a tar archive"),
        (b"<!DOCTYPE html><html>", "a web page (perhaps a login page)"),
        (b"<?xml version='1.0'?><a/>", "a web page"),
        (b"<GetCredentialReportResponse xmlns=''>", "the raw XML answer"),
        (b"\nAn error occurred (ReportNotPresent) when calling", "an error message, not a report"),
        (b"Unable to locate credentials. You can configure", "an error message, not a report"),
        (f"Could not connect to the endpoint: {'x' * 99}".encode(), f": {'x' * 85}'. Download"),
        (b"------------------\n| GetCredentialReport |\n", "`--output table`"),
        (b"--------\n", "`--output table`"),
        (b"GetCredentialReport".rjust(400, b"|"), "`--output table`"),
        (b"GeneratedTime: '2026'\nContent: dXNlcg==", "YAML that does not begin with `Content`"),
        (b"sep=,\n" + BYTES, "line 1, column 1: a `sep=` line"),
        (TEXT.replace(",", ";").encode(), "line 1: the columns are separated by semicolons"),
        (b'"user";"arn"; password_enabled', "separated by semicolons"),
        (b'"user"\t"arn"\t"password_enabled"', "separated by tabs"),
        (b'"user" | "arn" | "password_enabled"', "separated by bars"),
        (TEXT.replace(",", "\t").encode(), "separated by tabs"),
        (TEXT.replace(",", "|").encode(), "separated by bars"),
        (b"\t".join([BASE64.encode(), BASE64.encode(), b"text/csv"]), "exactly one base64 text"),
        (BYTES[:50] + b"\xff" + BYTES[50:], "line 1, column 51: byte 0xff is not UTF-8"),
        (TEXT.encode("utf-16")[:-1], "report.csv: byte 0x41 is not UTF-16"),
        (
            TEXT.encode("utf-16").replace(b"\n", b"\r\n"),
            "UTF-16 in which a byte was lost or added, as where line ends were converted",
        ),
        (b"user,arn\nroot,\0", "line 2, column 6: a NUL byte"),
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


@pytest.mark.parametrize("data", [b"GetCredentialReport".rjust(401, b"|"), b"user;arn;x"])
def test_what_nothing_is_known_of_is_taken_for_csv(data: bytes) -> None:
    assert unpack("report.csv", data) == (Unpacked(data.decode(), "CSV"),)


def test_a_report_whose_user_is_called_like_an_error_is_read() -> None:
    text = to_csv(root(), user("ExpiredToken"))
    assert [each.text for each in unpack("report", text.encode())] == [text]


CELLS = [line.split(",") for line in TEXT.strip().split("\n")]
OBJECTS = [dict(zip(CELLS[0], row, strict=True)) for row in CELLS[1:]]


@pytest.mark.parametrize(
    "held",
    [
        TEXT, BASE64, {"a": [BASE64]}, CELLS[1:], TEXT.split("\n"), OBJECTS, {"a": {"b": OBJECTS[-1]}},
        [BASE64[place : place + 50] for place in range(0, len(BASE64), 50)],
    ],
)  # fmt: skip
def test_evidence_of_ours_that_holds_a_report_is_refused(held: object) -> None:
    ours = dict.fromkeys(
        ("schema_version", "version", "verdict", "parameters", "inputs", "left_out"), ""
    )
    ours["generator"] = "credreport"
    with pytest.raises(OwnEvidence):
        unpack("evidence", json.dumps(ours).encode())
    document = {**ours, "odd": "\ud800" * 60, "held": held}
    with pytest.raises(InputRefused, match="JSON without `Content`"):
        unpack("evidence", json.dumps(document).encode())


@pytest.mark.parametrize(
    "held", [CELLS[1:], TEXT.split("\n"), OBJECTS, dict(enumerate(CELLS[1]))]
)  # fmt: skip
def test_rows_beside_the_content_are_refused(held: object) -> None:
    with pytest.raises(InputRefused, match="another report beside"):
        unpack("report", answer(Rows=held))


def test_what_only_says_that_it_is_ours_is_no_evidence() -> None:
    with pytest.raises(InputRefused, match="JSON without `Content`"):
        unpack("report", b'{"generator": "credreport"}')


LATER = "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "beside",
    [
        {"generatedTime": LATER}, {"GeneratedTime ": LATER}, {"generated_time": 1}, {"a": [{"Generated-Time": LATER}]},
        {"Metadata": {"GeneratedTime": LATER}}, {"GeneratedTime": "", "a": LATER}, {"GeneratedTime": "absent", "a": [LATER]},
        {"GeneratedTime": "absent", "GeneratedAt": 1798610409}, {"GeneratedTime": "absent", LATER: 1},
        {"GeneratedTime": "absent", "date": "Wed, 30 Dec 2026 06:00:09 GMT"}, {"GeneratedTime": None, "a": "12/30/2026"},
        {"GeneratedTime": "absent", "generatedTime": LATER}, {"GeneratedTime": "absent", "GeneratedAt": LATER},
        {"GeneratedTime": "absent", "GeneratefTime": LATER}, {"GeneratedTime": "absent", "a": [{"b": LATER}]},
    ],
)  # fmt: skip
def test_a_time_under_another_key_beside_the_content_is_refused(beside: dict[str, object]) -> None:
    with pytest.raises(InputRefused, match="a time beside `Content` that is not its"):
        unpack("report", answer(**beside))


@pytest.mark.parametrize("beside", ["999988887777", "arn:aws:iam::999988887777:root"])
def test_another_account_beside_the_content_is_refused(beside: str) -> None:
    with pytest.raises(InputRefused, match="account 999988887777 stands beside `Content`"):
        unpack("report", answer(AccountId=beside))
    (unpacked,) = unpack("report", answer(Account="111122223333", Caller=beside))
    assert unpacked.text == TEXT


def test_other_times_beside_that_of_the_report_are_no_matter() -> None:
    (unpacked,) = unpack("report", answer(DownloadedAt=LATER))
    assert unpacked.generated_time == TIME


@pytest.mark.parametrize("formats", ["csv", "json", "oscal"])
def test_evidence_of_ours_is_no_report(tmp_path: Path, formats: str) -> None:
    from credreport.evidence.of_analysis import of_analysis
    from tests.support.reports import judge, rendered

    files = rendered(of_analysis(judge(tmp_path, root())), [formats])
    tables = [data for name, data in files.items() if name.endswith((".csv", ".json"))]
    for data in tables:
        with pytest.raises(OwnEvidence):
            unpack("evidence", data)


OTHER = to_csv(root("444455556666"), user("carol", "444455556666"))
OTHER_BASE64 = base64.b64encode(OTHER.encode()).decode()
OTHER_TIME = "2026-02-28T12:00:00+00:00"
LINE = f"{BASE64}\t{TIME}\ttext/csv\n".encode()
OTHER_LINE = f"{OTHER_BASE64}\t{OTHER_TIME}\ttext/csv\n".encode()
OTHER_ANSWER = answer(Content=OTHER_BASE64, GeneratedTime=OTHER_TIME)


@pytest.mark.parametrize(
    "data",
    [
        LINE + OTHER_LINE,
        LINE + b"\r\n\n" + OTHER_LINE.rstrip(),
        answer() + OTHER_ANSWER,
        answer() + b"\n" + OTHER_ANSWER + b"\n",
        b"[" + answer() + b"," + OTHER_ANSWER + b"]",
        b"[" + answer() + b"]\n[" + OTHER_ANSWER + b"]",
        yaml(BASE64, mark="- ", indent="  ")
        + yaml(OTHER_BASE64, mark="- ", indent="  ").replace(TIME.encode(), OTHER_TIME.encode()),
        yaml(BASE64) + b"---\n" + yaml(OTHER_BASE64).replace(TIME.encode(), OTHER_TIME.encode()),
        yaml(BASE64) + yaml(OTHER_BASE64).replace(TIME.encode(), OTHER_TIME.encode()) + b"---\n",
    ],
)
def test_every_answer_in_a_file_is_read(data: bytes) -> None:
    assert [(each.text, each.generated_time, each.answer) for each in unpack("report", data)] == [
        (TEXT, TIME, 1), (OTHER, OTHER_TIME, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (LINE + b"d?" + OTHER_LINE[2:], "line 2: looks like `--output text`"),
        (LINE + b"\nAn error occurred (Throttling)\n", "line 3: looks like `--output text`"),
        (LINE + OTHER_LINE[:-12], "line 2: looks like `--output text`"),
        (LINE + b"x\t" + OTHER_LINE, "line 2: looks like `--output text`"),
        (LINE + f"{BASE64}\t{TIME}\t{TIME}\ttext/csv\n".encode(), "one base64 text and one time"),
        (answer() + OTHER_ANSWER[:-9], "JSON that cannot be read"),
        (
            answer() + b'{"State": "COMPLETE"}',
            "answer 2: the answer of `generate-credential-report`",
        ),
        (answer() + b'{"Error": {}}', "answer 2: an error message from AWS"),
        (b"[" + answer() + b", 7]", "a JSON list"),
        (json.dumps(TEXT).encode() + b"\n7", "neither an object nor a string"),
        (yaml(BASE64) + b"Error: Throttling\n", "line 4: YAML that is not as the CLI writes it"),
        (yaml(BASE64) + b"ReportFormat: text/csv\n", "line 4: YAML that names a key twice"),
        (yaml(BASE64) + b"---\n" + yaml(BASE64[:-3] + "?"), "base64"),
        (answer(content=BASE64), "another report beside the one in `Content`"),
        (answer(Older=[{"Content": 1}]), "another report beside the one in `Content`"),
        (answer(Older=f" {BASE64}"), "another report beside the one in `Content`"),
        (answer(Older={"of": [TEXT]}), "another report beside the one in `Content`"),
        (answer(Older=f"\n{TEXT}"), "another report beside the one in `Content`"),
        (answer(Older=list(BYTES)), "another report beside the one in `Content`"),
        (answer(Older=list(TEXT.encode("utf-16"))), "another report beside the one in `Content`"),
        (answer(Older=as_base64(TEXT.encode("utf-16"))), "another report beside"),
        (answer(Older=as_base64(b"user,arn,password_enabled".rjust(900))), "another report beside"),
        (answer(Older=as_base64(b"mfa," + BYTES)), "another report beside the one in `Content`"),
        (answer(Older=as_base64(BYTES)[:-3]), "another report beside the one in `Content`"),
        (answer(Older=ROWS), "another report beside the one in `Content`"),
        (answer(Older=as_base64(ROWS.encode())), "another report beside the one in `Content`"),
        (answer(Older=as_base64(gzip.compress(BYTES))), "another report beside the one in"),
        (answer(Older=answer().decode()), "another report beside the one in `Content`"),
        (answer(Older=f"data:text/csv;base64,{BASE64}"), "another report beside the one in"),
        (
            answer(Older=f"{as_base64(b'nothing!' * 8)}{BASE64[:-2]}"),
            "another report beside the one in",
        ),
        (answer(Older="f" * 938), "more than 1000 letters beside `Content`"),
        (yaml(BASE64) + b"ReportFormat: " + b"f" * 100, "line 4: YAML that is not as the CLI"),
        (yaml(BASE64) + b"ReportFormat: " + b"f" * 101, "line 4: YAML that is not as the CLI"),
        (f"{BASE64}\t2026-{'f' * 101}\ttext/csv\n".encode(), "looks like `--output text`"),
        (
            yaml(BASE64, mark="- ") + b"- GeneratedTime: 2026-09-30T00:00:00Z\n",
            "line 4: YAML that is not as the CLI writes it",
        ),
        (
            yaml(BASE64) + b"---\nGeneratedTime: 2026-09-30T00:00:00Z\n",
            "line 5: YAML that is not as the CLI writes it",
        ),
        (
            answer(Content={"type": "Buffer", "data": list(BYTES), "more": list(BYTES)}),
            "`Content` is a damaged buffer",
        ),
        (ARMOURED[: ARMOURED.index(b"-----END")], "BEGIN and END, of which one is missing"),
        (ARMOURED.replace(b"BEGIN", b"END"), "BEGIN and END, of which one is missing"),
        (ARMOURED.replace(b"END", b"BEGIN"), "BEGIN and END, of which one is missing"),
        (ARMOURED + b"dXNl", "BEGIN and END, of which one is missing"),
        (b"-----BEGIN CERTIFICATE-----", "BEGIN and END, of which one is missing"),
    ],
)
def test_or_the_file_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        unpack("report", data)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    "parts",
    [
        (answer(), OTHER_ANSWER),
        (answer(), b""),
        (b"[", answer() + b"," + OTHER_ANSWER + b"]"),
        (LINE, OTHER_LINE),
        (yaml(BASE64), b"---\n" + yaml(OTHER_BASE64)),
        (b"\n", BASE64.encode()),
        (ARMOURED, b"\n"),
    ],
)
@pytest.mark.parametrize("blank", [b" ", b"\n", b"\r\n", b"\t"])
def test_a_gap_in_which_a_report_may_have_stood_is_refused(
    parts: tuple[bytes, bytes], blank: bytes
) -> None:
    for number, is_refused in ((200, False), (256, True)):
        if is_refused:
            with pytest.raises(InputRefused, match="report may have stood there|YAML that"):
                unpack("report", (blank * number).join(parts))
        elif blank == b"\n":
            assert unpack("report", (blank * number).join(parts))


def test_a_quoted_header_is_no_json_string() -> None:
    text = "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in TEXT.split("\n"))
    assert [each.container for each in unpack("report", text.encode())] == ["CSV"]


@pytest.mark.parametrize(
    ("header", "whose"),
    [
        ("user_name,user_arn,generated_time,password_enabled,account_id", "Steampipe"),
        ("_cq_id,_cq_sync_time,account_id,arn,user,password_status", "CloudQuery"),
        ("user,user_creation_time,user_last_logon,password_exist,mfa_active", "Alibaba Cloud"),
        ("check_id;status_extended", "Prowler"),
        ("AUTH_METHOD;TIMESTAMP;CHECK_ID;CHECK_TITLE;STATUS;STATUS_EXTENDED", "Prowler"),
    ],
)
def test_tables_of_other_tools_are_named(header: str, whose: str) -> None:
    with pytest.raises(
        InputRefused, match=f"line 1: a table of {whose}, not AWS's credential report"
    ):
        unpack("report", f"{header}\nx".encode())


def test_an_error_is_looked_for_at_the_beginning_of_a_file() -> None:
    assert opening_of(f" {'x' * 4097}") == "x" * 4096
    error = "." * 4084 + "ExpiredToken"
    with pytest.raises(InputRefused, match="an error message, not a report"):
        unpack("report", error.encode())
    assert [each.container for each in unpack("report", f".{error}".encode())] == ["CSV"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " "])
@pytest.mark.parametrize("blank", [" ", "\t", "\n"])
@pytest.mark.parametrize("count", [1, 3])
def test_base64_of_which_blanks_overwrote_whole_lines_is_refused(
    end: str, blank: str, count: int
) -> None:
    lines = textwrap.wrap(BASE64, 64)
    assert [each.text for each in unpack("report", end.join(lines).encode())] == [TEXT]
    gap = blank * (count * (64 + len(end)) - len(end))
    with pytest.raises(InputRefused):
        unpack("report", end.join([*lines[:4], gap, *lines[4 + count :]]).encode())


def test_base64_that_is_too_short_for_a_report_is_none() -> None:
    assert is_base64("dXNl" * 16)
    assert not is_base64("dXNl" * 15 + "dXN")


def test_one_more_key_makes_no_evidence_of_a_report() -> None:
    for keys in (
        {"generator": "credreport"},
        {"schema_version": 1, "credentials": [], "generator": "credreport"},
    ):
        (unpacked,) = unpack("report", answer(**keys))
        assert unpacked.text == TEXT


@pytest.mark.parametrize(
    "data", [b"", b"plain", b"\x00\xff\n\r\t", b"it's", b"'\"", b"\\n\\\\", b"a\\x41"]
)
def test_what_python_shows_of_bytes_is_read_back(data: bytes) -> None:
    assert _from_python_text(repr(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        "b'",
        "b'a",
        "b'a\"",
        "b'a'b'",
        "b'\\q'",
        "b'\\'",
        "b'\\x4'",
        "b'a\nb'",
        "b'\xe9'",
        "b'\\101'",
        "b''x''",
    ],
)
def test_what_python_would_not_show_is_not_read(text: str) -> None:
    assert _from_python_text(text) is None


def test_a_long_python_text_is_read_in_a_moment() -> None:
    text = "b'" + "a\\x00\\n" * 400_000 + "'"
    started = time.process_time()
    assert len(_from_python_text(text) or b"") == 1_200_000
    assert time.process_time() - started < 2


@pytest.mark.parametrize("key", ["x", "GeneratedTime"])
def test_json_as_deep_as_the_parser_takes_it_is_read_or_refused(key: str) -> None:
    """What writes a value again goes deeper than the parser did."""
    content = json.dumps(to_csv(root(), user()))
    for depth in range(900, 1000, 3):
        text = f'{{"Content": {content}, "{key}": {"[" * depth}{"]" * depth}}}'
        with suppress(InputRefused):
            unpack("a.json", text.encode())
