"""Bytes -> the report's CSV text, out of whatever it was saved in; or what the file is instead."""

from __future__ import annotations

import ast
import base64
import binascii
import json
import re
import warnings
from dataclasses import dataclass, replace

from credreport.errors import InputRefused, Problem
from credreport.reports.own import is_own_document, is_own_header
from credreport.schema import KNOWN_COLUMNS

_AGAIN = "Download the report again"
_AS_JSON = "Save it again with `aws iam get-credential-report --output json`, or take the CSV from the IAM console"
_AS_CSV = "Save it again as comma-separated UTF-8, or use the file as AWS gave it"
_EXCEL = "In Excel, save as `CSV UTF-8 (comma delimited)`, or use the CSV as AWS gave it"

_SIGNATURES = (
    (b"\x1f\x8b", "a gzip archive", "Unpack it first (gunzip)"),
    (b"BZh", "a bzip2 archive", "Unpack it first (bunzip2)"),
    (b"\xfd7zXZ", "an xz archive", "Unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it first (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive", "Unpack it first"),
    (b"Rar!", "a RAR archive", "Unpack it first"),
    (b"%PDF", "a PDF document", _AGAIN),
    (b"\x89PNG", "a picture", _AGAIN),
    (b"\xff\xd8\xff", "a picture", _AGAIN),
    (b"PAR1", "a Parquet file", _AS_CSV),
    (b"SQLite format 3", "a database", _AS_CSV),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _EXCEL),
)
_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
    (b"\xef\xbb\xbf", "utf-8", "UTF-8"),
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_ARMOUR = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")
_HTML = re.compile(r"<(!doctype|html|head|body|\?xml|[a-z]+:?[a-z]*response\b)", re.IGNORECASE)
_AWS_ERROR = re.compile(
    r"An error occurred \(|^aws: error|Unable to locate credentials|Could not connect to the endpoint"
    r"|ExpiredToken|^\s*usage: aws|(Partial|No) credentials|could not be found$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Unpacked:
    """The CSV text of one input, what it was saved in, and the time that came with it (as text)."""

    text: str
    container: str
    generated_time: str = ""


class OwnEvidence(Exception):
    """The file was written by this program: evidence, not a report."""


def unpack(name: str, data: bytes) -> Unpacked:
    """Return the CSV text inside `data`.

    Reads CSV, the CLI's JSON in its variants, `--output text`, and base64 wrapped or not, in
    UTF-8 or (with a byte order mark) UTF-16. Raises InputRefused, naming what the file is and how
    to mend it, and OwnEvidence for what credreport itself wrote.
    """
    _refuse_binary(name, data)
    text = _decode(name, data)
    start = text.lstrip()[:4096]
    if not start:
        raise _refused(name, "the file is empty", _AGAIN)
    if start[0] in "{[" or (start[0] == '"' and _is_base64(text.strip().strip('"'))):
        return _unpack_json(name, text)
    if "\t" in text and "text/csv" in text[-200:]:
        return _unpack_output_text(name, text)
    if "password_enabled" not in start.splitlines()[0] and not _is_base64(text):
        _refuse_other_text(name, start)
    if _ARMOUR.match(start):
        body = "".join(line for line in text.splitlines() if not _ARMOUR.fullmatch(line.strip()))
        return _unpack_base64(name, body, "base64 (certutil)")
    if _is_base64(text):
        return _unpack_base64(name, text, "base64")
    _refuse_other_delimiter(name, start)
    if is_own_header(start.split("\n", 1)[0]):
        raise OwnEvidence
    return Unpacked(text, "CSV")


def _refused(name: str, found: str, remedy: str, line: int = 0, column: int = 0) -> InputRefused:
    return InputRefused([Problem(name, line, column, found, remedy)])


def _refuse_binary(name: str, data: bytes) -> None:
    if data.startswith(b"PK\x03\x04"):
        if b"[Content_Types].xml" in data[:4096] or b"xl/" in data[:65536]:
            raise _refused(name, "this is an Excel workbook, not a CSV", _EXCEL)
        raise _refused(name, "this is a zip archive", "Give it a name that ends in .zip")
    for signature, what, remedy in _SIGNATURES:
        if data.startswith(signature):
            raise _refused(name, f"this is {what}, not a credential report", remedy)


def _decode(name: str, data: bytes) -> str:
    encoding, label = "utf-8", "UTF-8"
    for mark, codec, words in _ENCODINGS:
        if data.startswith(mark):
            encoding, label = codec, words
            data = data[3:] if label == "UTF-8" else data  # so that places count without the mark
            break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        byte = data[error.start]
        found = f"byte 0x{byte:02x} is not {label}"
        remedy = (
            "The file is damaged or in another encoding: save it as UTF-8, or, where it was made "
            "with `base64 -d`, decode only the Content"
        )
        place = (line, column) if label == "UTF-8" else (0, 0)
        raise _refused(name, found, remedy, *place) from None
    if "\0" in text:
        before_nul = text[: text.index("\0")]
        line = before_nul.count("\n") + 1
        column = len(before_nul) - before_nul.rfind("\n")
        found = "a NUL byte: the file is binary, damaged, or UTF-16 without its mark"
        raise _refused(name, found, _AS_CSV, line, column)
    if text.startswith("\ufeff"):
        raise _refused(name, "two byte order marks", _AS_CSV, 1, 1)
    return text


def _is_base64(text: str) -> bool:
    joined = "".join(text.split())
    return len(joined) >= 64 and _BASE64.fullmatch(joined) is not None and "\t" not in text.strip()


def _unpack_base64(name: str, text: str, container: str) -> Unpacked:
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        found = "base64 that is cut short, damaged, or two texts after one another"
        raise _refused(name, found, f"{_AGAIN}; one report a file") from None
    _refuse_binary(name, data)
    inner = _decode(name, data)
    if not inner.strip():
        raise _refused(name, "an empty report inside the base64", _AGAIN)
    _refuse_other_delimiter(name, inner.lstrip()[:4096])
    return Unpacked(inner, container)


def _unpack_output_text(name: str, text: str) -> Unpacked:
    fields = text.strip().split("\t")
    contents = [field for field in fields if _is_base64(field)]
    if len(contents) != 1:
        found = "looks like `--output text` but does not hold exactly one base64 text"
        raise _refused(name, found, _AS_JSON)
    times = [field for field in fields if re.match(r"[0-9]{4}-", field)]
    unpacked = _unpack_base64(name, contents[0], "CLI --output text")
    return replace(unpacked, generated_time=times[0] if len(times) == 1 else "")


def _unpack_json(name: str, text: str) -> Unpacked:
    document = _parse_json(name, text)
    if isinstance(document, str):
        return _unpack_content(name, document, "JSON text")
    if isinstance(document, list):
        found = "a JSON list: a report that another tool has converted"
        raise _refused(name, found, _AS_JSON)
    assert isinstance(document, dict), "what begins with a brace is an object"
    if is_own_document(document):
        raise OwnEvidence
    if "Content" not in document:
        if "State" in document:
            found = "the answer of `generate-credential-report`: it says that a report is made, and holds none"
            raise _refused(name, found, "Run `aws iam get-credential-report` and save its output")
        if "Error" in document or "__type" in document:
            raise _refused(name, "an error message of AWS, not a report", _AS_JSON)
        raise _refused(
            name, "JSON without `Content`: not an answer of get-credential-report", _AS_JSON
        )
    time = document.get("GeneratedTime", "")
    unpacked = _unpack_content(name, document["Content"], "CLI JSON")
    return replace(unpacked, generated_time=time if isinstance(time, str) else json.dumps(time))


def _parse_json(name: str, text: str) -> object:
    def refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _refused(name, "JSON that names a key twice", f"{_AGAIN}; one report a file")
        return found

    try:
        return json.loads(text, object_pairs_hook=refuse_duplicates)
    except json.JSONDecodeError as error:
        found = f"JSON that cannot be read ({error.msg})"
        remedy = f"{_AGAIN}; it may be cut short, or two answers in one file"
        raise _refused(name, found, remedy, error.lineno, error.colno) from None
    except (RecursionError, ValueError):
        raise _refused(
            name,
            "JSON nested too deep, or with a number too long, for a credential report",
            _AS_JSON,
        ) from None


def _unpack_content(name: str, content: object, container: str) -> Unpacked:
    if isinstance(content, dict) and content.get("type") == "Buffer":
        try:
            data = bytes(list(content["data"]))
        except (KeyError, TypeError, ValueError):
            raise _refused(name, "`Content` is a damaged buffer", _AS_JSON) from None
        return Unpacked(_decode(name, data), f"{container} (buffer)")
    if not isinstance(content, str):
        raise _refused(name, "`Content` is not text", _AS_JSON)
    if not content.strip():
        raise _refused(name, "`Content` is empty", _AGAIN)
    if re.match(r"""b['"]""", content):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = ast.literal_eval(content)
            if not isinstance(data, bytes):
                raise TypeError
        except (TypeError, ValueError, SyntaxError, MemoryError, RecursionError):
            raise _refused(name, "`Content` is a damaged Python text", _AS_JSON) from None
        return Unpacked(_decode(name, data), f"{container} (Python text)")
    if "," in content:
        return Unpacked(
            _decode(name, content.encode("utf-8", "surrogatepass")), f"{container} (text)"
        )
    return _unpack_base64(name, content, container)


def _refuse_other_text(name: str, start: str) -> None:
    if _HTML.match(start):
        if "GetCredentialReportResponse" in start:
            found = "the raw XML answer of the IAM API"
            remedy = "Save what stands between <Content> and </Content> in a file of its own, or use the CLI's JSON"
            raise _refused(name, found, remedy)
        found = "a web page (perhaps a login page), not a credential report"
        raise _refused(name, found, "Sign in and download the report again")
    if _AWS_ERROR.search(start):
        first = start.splitlines()[0][:120]
        raise _refused(name, f"an error message, not a report: {first}", _AGAIN)
    if re.match(r"[-|+]{8,}\r?\n", start) or "GetCredentialReport" in start[:400]:
        raise _refused(name, "saved with `--output table`, made for the eye", _AS_JSON)
    if re.match(r"(Content|GeneratedTime|ReportFormat|State)\s*:", start):
        raise _refused(name, "saved with `--output yaml`", _AS_JSON)
    if re.match(r"sep=", start, re.IGNORECASE):
        raise _refused(
            name, "a `sep=` line that Excel understands, before the header", _AS_CSV, 1, 1
        )
    if start.startswith("dXNlcixhcm4"):
        found = "base64 with characters in it that do not belong there, or two texts in one file"
        raise _refused(name, found, f"{_AGAIN}; one report a file")


def _refuse_other_delimiter(name: str, start: str) -> None:
    header = start.splitlines()[0]
    if "," in header:
        return
    for delimiter, words in (("\t", "tabs"), (";", "semicolons"), ("|", "bars")):
        names = {cell.strip(' "') for cell in header.split(delimiter)}
        if len(names & set(KNOWN_COLUMNS)) >= 3:
            found = f"the columns are separated by {words}, not by commas"
            raise _refused(name, found, _AS_CSV, 1)
