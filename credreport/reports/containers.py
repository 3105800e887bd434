"""Bytes -> the CSV text of each report in them, whatever it was saved in; or what the file is instead."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from credreport.errors import InputRefused, Problem
from credreport.reports.own import is_own_document, is_own_header
from credreport.schema import KNOWN_COLUMNS

_AGAIN = "Download the report again"
_AS_JSON = "Save it again with `aws iam get-credential-report --output json`, or take the CSV from the IAM console"
_AS_CSV = "Save it again as comma-separated UTF-8, or use the file as AWS gave it"
_EXCEL = "In Excel, save as `CSV UTF-8 (comma delimited)`, or use the CSV as AWS gave it"

_SIGNATURES = (
    (b"\x1f\x8b", "a gzip archive", "Unpack it first; a tar archive may be called .tar.gz instead"),
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
_BASE64_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SHORTEST_BASE64 = 64
_EMPTY_LINE = re.compile(r"\n[ \t\r]*\n")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_ARMOUR = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")
_HTML = re.compile(r"<(!doctype|html|head|body|\?xml|[a-z]+:?[a-z]*response\b)", re.IGNORECASE)
_BLANKS = re.compile(r"\s*")
_END_OF_TEXT_OUTPUT = re.compile(r"\ttext/csv[ \t\r]*(?:\n|\Z)")
_YAML = re.compile(r"(?:---\s*\n)?\s*(?:- )?Content:")
_YAML_PAIR = re.compile(r"(?:- | {0,4})(?P<key>Content|GeneratedTime|ReportFormat):(?P<value>.*)")
_YAML_BLOCK = re.compile(r"(?:!!binary )?[|>][-+]?")
_NO_PYTHON_ESCAPE = re.compile(rb"\n|\\(?!x[0-9a-f]{2}|[nrt'\"])")
_OTHER_TOOLS = (
    ({"user_name", "user_arn", "generated_time"}, "Steampipe"),
    ({"_cq_id"}, "CloudQuery"),
    ({"_cq_sync_time"}, "CloudQuery"),
    ({"user_last_logon", "password_exist"}, "Alibaba Cloud"),
    ({"check_id", "status_extended"}, "Prowler"),
    ({"checkid", "statusextended"}, "Prowler"),
)
_AWS_ERROR = re.compile(
    r"An error occurred \(|^aws: error|Unable to locate credentials|Could not connect to the endpoint"
    r"|ExpiredToken|^\s*usage: aws|(Partial|No) credentials|could not be found$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Unpacked:
    """The CSV text of one report, what it was saved in, and the time that came with it (as text).

    `answer` counts the answers of a file that has several, from 1; it is 0 where there is one.
    """

    text: str
    container: str
    generated_time: str = ""
    answer: int = 0


class OwnEvidence(Exception):
    """The file was written by this program: evidence, not a report."""


def unpack(name: str, data: bytes) -> tuple[Unpacked, ...]:
    """Return the CSV text inside `data`, or several where answers were put into one file.

    Reads CSV, the CLI's JSON in its variants, its YAML, its `--output text`, and base64 wrapped or
    not, in UTF-8 or (with a byte order mark) UTF-16; a stream or a list of answers. Raises
    InputRefused, naming what the file is and how to mend it, and OwnEvidence for what credreport
    itself wrote.
    """
    _refuse_binary(name, data)
    text = _decode(name, data)
    start = text.lstrip()[:4096]
    if not start:
        raise _refused(name, "the file is empty", _AGAIN)
    first_line = start.splitlines()[0]
    if start[0] in "{[" or (start[0] == '"' and _is_json_string(text)):
        found = list(_unpack_json(name, text))
    elif "," not in first_line and _END_OF_TEXT_OUTPUT.search(text):
        found = list(_unpack_output_text(name, text))
    elif _YAML.match(start):
        found = list(_unpack_yaml(name, text))
    else:
        found = [_unpack_single(name, text, first_line)]
    if len(found) == 1:
        return tuple(found)
    return tuple(replace(each, answer=number) for number, each in enumerate(found, 1))


def _unpack_single(name: str, text: str, first_line: str) -> Unpacked:
    start = text.lstrip()[:4096]
    is_base64 = _is_base64(text)
    if "password_enabled" not in first_line and not is_base64:
        _refuse_other_text(name, start)
    if _ARMOUR.match(start):
        body = "\n".join(line for line in text.splitlines() if not _ARMOUR.fullmatch(line.strip()))
        return _unpack_base64(name, body, "base64 (certutil)")
    if is_base64:
        return _unpack_base64(name, text, "base64")
    _refuse_other_delimiter(name, start)
    if is_own_header(first_line):
        raise OwnEvidence
    _refuse_other_tools(name, first_line)
    return Unpacked(text, "CSV")


def _refused(name: str, found: str, remedy: str, line: int = 0, column: int = 0) -> InputRefused:
    return InputRefused([Problem(name, line, column, found, remedy)])


def _refuse_binary(name: str, data: bytes) -> None:
    if data.startswith(b"PK\x03\x04"):
        if b"[Content_Types].xml" in data[:4096] or b"xl/" in data[:65536]:
            raise _refused(name, "this is an Excel workbook, not a CSV", _EXCEL)
        raise _refused(name, "this is a zip archive", "Give it a name that ends in .zip")
    if data.startswith(b"ustar", 257):
        raise _refused(name, "this is a tar archive", "Give it a name that ends in .tar")
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
    if "," in text[:_SHORTEST_BASE64]:
        return False
    joined = "".join(text.split())
    letters = joined.removesuffix("=").removesuffix("=")
    return (
        len(joined) >= _SHORTEST_BASE64
        and letters.isascii()
        and not letters.encode().translate(None, _BASE64_LETTERS)
        and "\t" not in text.strip()
    )


def _unpack_base64(name: str, text: str, container: str) -> Unpacked:
    *lines, last = text.split() or [""]
    widths = {len(line) for line in lines}
    if (
        _EMPTY_LINE.search(text.strip())
        or len(widths) > 1
        or len(last) > min(widths, default=len(last))
    ):
        found = (
            "base64 with an empty line in it, or with lines of different lengths: a part is missing"
        )
        raise _refused(name, found, _AGAIN)
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        found = "base64 that is cut short, damaged, or two texts after one another"
        raise _refused(name, found, f"{_AGAIN}; save one report per file") from None
    _refuse_binary(name, data)
    inner = _decode(name, data)
    if not inner.strip():
        raise _refused(name, "an empty report inside the base64", _AGAIN)
    _refuse_other_delimiter(name, inner.lstrip()[:4096])
    return Unpacked(inner, container)


def _unpack_output_text(name: str, text: str) -> Iterator[Unpacked]:
    """Yield the answers, one a line: base64, the time and the format, between tabs."""
    place = 0
    while place < len(text):
        match = _END_OF_TEXT_OUTPUT.search(text, place)
        end = match.end() if match else len(text)
        record, line = text[place:end], text.count("\n", 0, place) + 1
        place = end
        if not record.strip():
            continue
        fields = record.strip().split("\t")
        contents = [field for field in fields if _is_base64(field)]
        times = [field for field in fields if re.match(r"[0-9]{4}-", field)]
        if len(contents) != 1 or len(times) > 1 or len(fields) != len(times) + 2 or not match:
            found = "looks like `--output text`, but does not have exactly one base64 text"
            raise _refused(name, found, _AS_JSON, line + len(record) - len(record.lstrip("\n")))
        unpacked = _unpack_base64(name, contents[0], "CLI --output text")
        yield replace(unpacked, generated_time=times[0] if times else "")


def _is_json_string(text: str) -> bool:
    """Whether the text begins with a JSON string, not with a quoted cell of a CSV."""
    try:
        value, end = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return _is_base64(text.strip().strip('"'))
    return isinstance(value, str) and not text.lstrip()[end:].lstrip().startswith(",")


def _unpack_json(name: str, text: str) -> Iterator[Unpacked]:
    """Yield the reports of one or more JSON documents; a list holds answers of the CLI."""
    documents = _parse_json(name, text)
    answers: list[object] = []
    for document in documents:
        answers += document if isinstance(document, list) else [document]
        if isinstance(document, list) and not all(map(_is_answer, document)):
            found = "a JSON list: a report that another tool has converted"
            raise _refused(name, found, _AS_JSON)
    if not answers:
        raise _refused(name, "an empty JSON list", _AGAIN)
    for number, answer in enumerate(answers, 1):
        if isinstance(answer, str):
            yield _unpack_content(name, answer, "JSON text")
        elif isinstance(answer, dict):
            if len(answers) == 1 and is_own_document(answer):
                raise OwnEvidence
            yield _unpack_answer(name, answer, f"answer {number}: " if len(answers) > 1 else "")
        else:
            raise _refused(name, "JSON that is neither an object nor a text", _AS_JSON)


def _is_answer(value: object) -> bool:
    return isinstance(value, dict) and bool({"Content", "State", "Error"} & set(value))


def _unpack_answer(name: str, answer: dict[str, object], which: str) -> Unpacked:
    """Return the report in one answer of the CLI; `which` says which it is of several."""
    if "Content" not in answer:
        if "State" in answer:
            found = (
                "the answer of `generate-credential-report`: it says that a report is being made, and "
                "contains none"
            )
            remedy = "Run `aws iam get-credential-report` and save its output"
            raise _refused(name, which + found, remedy)
        if "Error" in answer or "__type" in answer:
            raise _refused(name, f"{which}an error message of AWS, not a report", _AS_JSON)
        found = "JSON without `Content`: not an answer of get-credential-report"
        raise _refused(name, which + found, _AS_JSON)
    time = answer.get("GeneratedTime", "")
    unpacked = _unpack_content(name, answer["Content"], "CLI JSON")
    return replace(unpacked, generated_time=time if isinstance(time, str) else json.dumps(time))


def _unpack_yaml(name: str, text: str) -> Iterator[Unpacked]:
    """Yield the answers in the YAML that the CLI writes: plain keys, one answer after the other.

    It is not YAML in general: whatever else stands there is refused with its line.
    """
    answer: dict[str, str] = {}
    last = ""
    for number, line in enumerate(text.splitlines(), 1):
        match = _YAML_PAIR.fullmatch(line)
        if (
            match is None
            and last == "Content"
            and line.startswith(" ")
            and _BASE64.fullmatch(line.strip())
        ):
            answer[last] += line.strip()
            continue
        if match is None and (not line.strip() or line.rstrip() in ("---", "...")):
            last = ""
            continue
        if match is None or not (match["key"] == "Content" or answer):
            found = "YAML that is not as the CLI writes it"
            raise _refused(name, found, _AS_JSON, number)
        if match["key"] in answer:
            if match["key"] != "Content":
                raise _refused(name, "YAML that names a key twice", _AS_JSON, number)
            yield _unpack_answer_in_yaml(name, answer)
            answer = {}
        last, value = match["key"], match["value"].strip()
        answer[last] = "" if _YAML_BLOCK.fullmatch(value) else value.strip("'\"")
    yield _unpack_answer_in_yaml(name, answer)


def _unpack_answer_in_yaml(name: str, answer: dict[str, str]) -> Unpacked:
    unpacked = _unpack_base64(name, answer["Content"], "CLI YAML")
    return replace(unpacked, generated_time=answer.get("GeneratedTime", ""))


def _parse_json(name: str, text: str) -> Sequence[object]:
    """Return the JSON documents, one after the other."""

    def refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _refused(
                name, "JSON that names a key twice", f"{_AGAIN}; save one report per file"
            )
        return found

    decoder = json.JSONDecoder(object_pairs_hook=refuse_duplicates)
    documents = []
    place = _after_blanks(text, 0)
    try:
        while place < len(text):
            document, end = decoder.raw_decode(text, place)
            documents.append(document)
            place = _after_blanks(text, end)
    except json.JSONDecodeError as error:
        found = f"JSON that cannot be read ({error.msg})"
        remedy = f"{_AGAIN}; it may be cut short"
        raise _refused(name, found, remedy, error.lineno, error.colno) from None
    except (RecursionError, ValueError):
        found = "JSON nested too deeply, or with a number too long, for a credential report"
        raise _refused(name, found, _AS_JSON) from None
    return documents


def _after_blanks(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return found.end() if found else place


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
    if content.startswith(("b'", 'b"')):
        shown = _from_python_text(content)
        if shown is None:
            raise _refused(name, "`Content` is a damaged Python text", _AS_JSON)
        return Unpacked(_decode(name, shown), f"{container} (Python text)")
    if "," in content:
        return Unpacked(
            _decode(name, content.encode("utf-8", "surrogatepass")), f"{container} (text)"
        )
    return _unpack_base64(name, content, container)


def _from_python_text(text: str) -> bytes | None:
    """Return the bytes that Python shows as `b'...'`; None where it would not show them so."""
    quote, body = text[1], text.strip()[2:-1]
    if len(text.strip()) < 3 or text.strip()[-1] != quote or not body.isascii():
        return None
    raw = body.encode()
    rest = raw.replace(b"\\\\", b"  ")
    if _NO_PYTHON_ESCAPE.search(rest) or re.search(rb"(?<!\\)" + quote.encode(), rest):
        return None
    return raw.decode("unicode_escape").encode("latin-1")


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
        raise _refused(name, "saved with `--output table`, which is made for reading", _AS_JSON)
    if re.match(r"(Content|GeneratedTime|ReportFormat|State)\s*:", start):
        raise _refused(name, "saved with `--output yaml`", _AS_JSON)
    if re.match(r"sep=", start, re.IGNORECASE):
        raise _refused(
            name, "a `sep=` line that Excel understands, before the header", _AS_CSV, 1, 1
        )
    if start.startswith("dXNlcixhcm4"):
        found = "base64 with characters in it that do not belong there, or two texts in one file"
        raise _refused(name, found, f"{_AGAIN}; save one report per file")


def _refuse_other_delimiter(name: str, start: str) -> None:
    header = start.splitlines()[0]
    if "," in header:
        return
    for delimiter, words in (("\t", "tabs"), (";", "semicolons"), ("|", "bars")):
        names = {cell.strip(' "') for cell in header.split(delimiter)}
        if len(names & set(KNOWN_COLUMNS)) >= 3:
            found = f"the columns are separated by {words}, not by commas"
            raise _refused(name, found, _AS_CSV, 1)


def _refuse_other_tools(name: str, header: str) -> None:
    """Name the tables of tools that show a credential report in columns of their own."""
    columns = {cell.strip(' "\ufeff').lower() for cell in re.split("[,;]", header)}
    for marks, whose in _OTHER_TOOLS:
        if marks <= columns:
            found = f"a table of {whose}, not AWS's credential report"
            raise _refused(name, found, f"It may lack what AWS reports. {_AS_JSON}", 1)
