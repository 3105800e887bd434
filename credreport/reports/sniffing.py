"""Whether a file may be a report, by its name and its first bytes, so that none is silently skipped."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from credreport.reports.containers.archives import is_archive
from credreport.reports.containers.encodings import decode_pieces
from credreport.reports.containers.unsupported import is_packed
from credreport.schema import BASE64_HEADER

_REPORT_ENDINGS = {"", ".csv", ".json", ".txt", ".tsv", ".b64", ".base64"}
# What people keep beside reports: requests, notes on how they were made, checksums.
_COMPANION = re.compile(
    r".+\.(toml|ini|cfg|md|rst|sh|ps1|py|log|asc|sig|md5|sha1|sha256|sha512)"
    r"|(readme|license|copying|notice|changelog|(md5|sha1|sha256|sha512)sums?)(\.txt)?",
    re.IGNORECASE,
)
# What systems and editors leave behind.
_LITTER = re.compile(
    r"\.ds_store|thumbs\.db|desktop\.ini|icon\r|.*:zone\.identifier|\.localized|\._.*|\.~lock\..*#|~\$.*|\..*\.sw[op]"
    r"|\.git(ignore|attributes|keep|modules)?|\.svn|\.hg|\.idea|\.vscode|\.venv|\.env|\.cache"
    r"|\.ipynb_checkpoints|\.trash.*|\.fseventsd|\.spotlight-v100|__macosx|__pycache__",
    re.IGNORECASE,
)
# What iCloud keeps in the place of a file until it is downloaded.
_PLACEHOLDER = re.compile(r"\..+\.icloud", re.IGNORECASE)
_PART_OF_A_HEADER = "password_enabled"
_REPORT_WORDS = (_PART_OF_A_HEADER, BASE64_HEADER, "GeneratedTime", "ReportFormat")
# A text may mention a report's columns; a header has them between separators.
_HEADER = re.compile(rf"[,;\t\"]{_PART_OF_A_HEADER}[,;\t\"\r\n]|{BASE64_HEADER}")
# A row without its header, however its cells are separated: the ARN, a date, a word of the next cell.
_ROW = re.compile(
    r"arn:aws[a-z-]*:iam::[^:\s]{0,20}:(?:user/|root)(?:(?!arn:)[\s\S]){0,700}?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}"
    r"[\s\S]{0,60}?\b(?:true|false|not_supported)\b",
    re.IGNORECASE,
)
# Lines of base64; where they are wrapped, the last one may be shorter, which does not matter here.
_SHORTEST_BASE64 = 60
_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{{{_SHORTEST_BASE64},}}+=*+\s*+)++")
_STANDARD_LETTERS = str.maketrans("-_", "+/")
# The bytes of a buffer as JavaScript writes them: `[117, 115, …]`, `{"0":117,"1":115,…}`.
_NUMBER = r'(?:"[0-9]+":\s*+)?+([0-9]{1,3})[\s,]++'
_BUFFER = re.compile(rf"(?<![0-9\s,])[\s,]*+(?:{_NUMBER}){{{_SHORTEST_BASE64},}}+")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # what a terminal was told between the letters
# How the file begins that vim or nano keeps beside one that is being edited.
SWAP = b"b0"


def is_companion(name: str) -> bool:
    """Whether people keep such files beside reports."""
    return _COMPANION.fullmatch(name) is not None


def is_litter(name: str) -> bool:
    """Whether systems and editors leave such files and directories behind."""
    return _LITTER.fullmatch(name) is not None


def is_placeholder(name: str) -> bool:
    """Whether such a file stands for one that is not on this disk."""
    return _PLACEHOLDER.fullmatch(name) is not None


def has_report_ending(name: str) -> bool:
    """Whether reports have such names: also copies such as `a.csv.1` and `a.csv (1)`."""
    lower = name.lower()
    endings = {each.split(" ")[0] for each in PurePosixPath(lower).suffixes} or {""}
    return bool(endings & _REPORT_ENDINGS) or is_archive(name)


def looks_like_report(head: bytes) -> bool:
    """Whether the first bytes mention what reports contain: then read it, even to refuse it."""
    text = _to_text(head)
    return any(word in text for word in _REPORT_WORDS)


def holds_report(head: bytes) -> bool:
    """Whether a report's header is among the first bytes."""
    return _has_header(_to_text(head))


def _has_header(text: str) -> bool:
    is_mentioned = _PART_OF_A_HEADER in text or BASE64_HEADER in text  # quicker than the pattern
    return is_mentioned and _HEADER.search(text) is not None


def contains_rows(data: bytes) -> bool:
    """Whether rows of a report are among the bytes: as they are, in base64 or a buffer, however often."""
    text = _to_text(data)
    if _has_header(text) or ("arn:aws" in text.lower() and _ROW.search(text)):
        return True
    for found in _BUFFER.finditer(text):
        if contains_rows(bytes(int(each) & 0xFF for each in re.findall(_NUMBER, found[0]))):
            return True
    if max(map(len, ["", *text.split()])) < _SHORTEST_BASE64:  # quicker than to search for it
        return False
    for found in _BASE64.finditer(text):
        inner = decode_pieces("".join(found[0].split()).translate(_STANDARD_LETTERS))
        if is_packed(inner) or contains_rows(inner):
            return True
    return False


def _to_text(head: bytes) -> str:
    """Return the letters without NUL: also those of UTF-16 and UTF-32, with other texts behind them.

    The tabs of a table in a JSON string are tabs again: their `t` would be the next cell's letter.
    """
    letters = head.replace(b"\0", b"").decode("utf-8", "ignore")
    return _COLOUR.sub("", letters).replace(r"\t", "\t")
