"""Files that are not reports but may lie among them -> a refusal that says what each is."""

from __future__ import annotations

import re

from credreport.errors import InputRefused, Problem
from credreport.schema import BASE64_HEADER, KNOWN_COLUMNS

AGAIN = "Download the report again"
AS_JSON = "Save it again with `aws iam get-credential-report --output json`, or take the CSV from the IAM console"
AS_CSV = "Save it again as comma-separated UTF-8, or use the file as AWS gave it"
_EXCEL = "In Excel, save as `CSV UTF-8 (comma delimited)`, or use the CSV as AWS gave it"

_DECRYPT = "Decrypt it first"
_PACKED = (
    (b"\x1f\x8b", "a gzip archive", "Unpack it first; a tar archive may be called .tar.gz instead"),
    (b"BZh", "a bzip2 archive", "Unpack it first (bunzip2)"),
    (b"\xfd7zXZ", "an xz archive", "Unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it first (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive", "Unpack it first"),
    (b"Rar!", "a RAR archive", "Unpack it first"),
    (b"\x5d\x00\x00", "an lzma archive", "Unpack it first (unlzma)"),
    (b"\x04\x22\x4d\x18", "an lz4 archive", "Unpack it first (unlz4)"),
    (b"\x1f\x9d", "a file packed with compress", "Unpack it first (uncompress)"),
    (b"LZIP", "an lzip archive", "Unpack it first (lzip -d)"),
    (b"070701", "a cpio archive", "Unpack it first"),
    (b"070707", "a cpio archive", "Unpack it first"),
    (b"!<arch>\n", "an ar archive", "Unpack it first"),
    (b"begin 6", "a uuencoded file", "Decode it first (uudecode)"),
    (b"begin-base64 6", "a uuencoded file", "Decode it first (uudecode)"),
    (b"-----BEGIN PGP MESSAGE", "a PGP message", f"{_DECRYPT} (gpg -d)"),
    *(
        (mark, "a PGP message", f"{_DECRYPT} (gpg -d)")
        for mark in (
            b"\x84\x5e\x03",
            b"\x85\x01\x0c\x03",
            b"\x85\x01\x8c\x03",
            b"\x85\x02\x0c\x03",
            b"\x8c\x0d\x04",
            b"\xa3\x01",
            b"\xa3\x02",
        )
    ),
    (b"-----BEGIN AGE", "an encrypted file", f"{_DECRYPT} (age -d)"),
    (b"age-encryption.org/", "an encrypted file", f"{_DECRYPT} (age -d)"),
    (b"Salted__", "an encrypted file", f"{_DECRYPT} (openssl enc -d)"),
)
# The first letters of base64 of a gzip and of a zip.
_PACKED_BASE64 = (b"H4sI", b"UEsDB")
_SIGNATURES = (
    *_PACKED,
    (b"%PDF", "a PDF document", AGAIN),
    (b"\x89PNG", "a picture", AGAIN),
    (b"\xff\xd8\xff", "a picture", AGAIN),
    (b"PAR1", "a Parquet file", AS_CSV),
    (b"SQLite format 3", "a database", AS_CSV),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _EXCEL),
)
_ZIP = b"PK\x03\x04"
_WORKBOOK = re.compile(rb"\[Content_Types\]\.xml|xl/")
_HTML = re.compile(r"<(!doctype|html|head|body|\?xml|[a-z]+:?[a-z]*response\b)", re.IGNORECASE)
_AWS_ERROR = re.compile(
    r"An error occurred \(|^aws: error|Unable to locate credentials|Could not connect to the endpoint"
    r"|ExpiredToken|^\s*usage: aws|(Partial|No) credentials|could not be found$",
    re.MULTILINE,
)
_OTHER_TOOLS = (
    ({"user_name", "user_arn", "generated_time"}, "Steampipe"),
    ({"_cq_id"}, "CloudQuery"),
    ({"_cq_sync_time"}, "CloudQuery"),
    ({"user_last_logon", "password_exist"}, "Alibaba Cloud"),
    ({"check_id", "status_extended"}, "Prowler"),
    ({"checkid", "statusextended"}, "Prowler"),
)


def refused(name: str, found: str, remedy: str, line: int = 0, column: int = 0) -> InputRefused:
    """Return the refusal of a file: what was found, and what to do."""
    return InputRefused([Problem(name, line, column, found, remedy)])


def opening_of(text: str) -> str:
    """Return as much of a text as shows what it is."""
    return text.lstrip()[:4096]


def is_packed(data: bytes) -> bool:
    """Whether a file's first bytes are those of an archive or of a compressed file."""
    signatures = (_ZIP, *_PACKED_BASE64, *(signature for signature, _, _ in _PACKED))
    return data.startswith(signatures) or _is_tar(data)


def _is_tar(data: bytes) -> bool:
    return data.startswith(b"ustar", 257)


def refuse_binary(name: str, data: bytes) -> None:
    """Refuse what its first bytes show to be no text: archives, workbooks, pictures, databases."""
    if data.startswith(_ZIP):
        if _WORKBOOK.search(data[:65536]):
            raise refused(name, "this is an Excel workbook, not a CSV", _EXCEL)
        raise refused(name, "this is a zip archive", "Give it a name that ends in .zip")
    if _is_tar(data):
        raise refused(name, "this is a tar archive", "Give it a name that ends in .tar")
    for signature, what, remedy in _SIGNATURES:
        if data.startswith(signature):
            raise refused(name, f"this is {what}, not a credential report", remedy)


def refuse_other_text(name: str, start: str) -> None:
    """Refuse web pages, error messages, and answers of AWS in forms that are made for reading."""
    if _HTML.match(start):
        if "GetCredentialReportResponse" in start:
            found = "the raw XML answer of the IAM API"
            remedy = (
                "Save the text between <Content> and </Content> as a file, or use the CLI's JSON"
            )
            raise refused(name, found, remedy)
        found = "a web page (perhaps a login page), not a credential report"
        raise refused(name, found, "Sign in and download the report again")
    if _AWS_ERROR.search(start):
        first = start.splitlines()[0][:120]
        raise refused(name, f"an error message, not a report: {first!r}", AGAIN)
    if re.match(r"[-|+]{8,}\r?\n", start) or "GetCredentialReport" in start[:400]:
        raise refused(name, "saved with `--output table`, which is made for reading", AS_JSON)
    if re.match(r"(Content|GeneratedTime|ReportFormat|State)\s*:", start):
        raise refused(name, "YAML that does not begin with `Content`, as the CLI's does", AS_JSON)
    if re.match(r"sep=", start, re.IGNORECASE):
        raise refused(name, "a `sep=` line that Excel understands, before the header", AS_CSV, 1, 1)
    if start.startswith(BASE64_HEADER):
        found = "base64 with characters in it that do not belong there, or two texts in one file"
        raise refused(name, found, f"{AGAIN}; save one report per file")


def refuse_other_delimiter(name: str, start: str) -> None:
    """Refuse a report whose columns are separated by anything but commas."""
    header = start.splitlines()[0]
    if "," in header:
        return
    for delimiter, words in (("\t", "tabs"), (";", "semicolons"), ("|", "bars")):
        names = {cell.strip(' "') for cell in header.split(delimiter)}
        if len(names & set(KNOWN_COLUMNS)) >= 3:
            found = f"the columns are separated by {words}, not by commas"
            raise refused(name, found, AS_CSV, 1)


def refuse_other_tools(name: str, header: str) -> None:
    """Refuse the tables of tools that show a credential report in columns of their own."""
    columns = {cell.strip(' "\ufeff').lower() for cell in re.split("[,;]", header)}
    for marks, whose in _OTHER_TOOLS:
        if marks <= columns:
            found = f"a table of {whose}, not AWS's credential report"
            raise refused(name, found, f"It may lack what AWS reports. {AS_JSON}", 1)
