"""The bytes of a file -> the CSV text of each report in it, whatever it was saved in; or what it is instead."""

from __future__ import annotations

import re
from dataclasses import replace

from credreport.reports.containers.answers import (
    END_OF_TEXT_OUTPUT,
    YAML,
    is_json_string,
    unpack_json,
    unpack_output_text,
    unpack_yaml,
)
from credreport.reports.containers.encodings import Unpacked, decode, is_base64, unpack_base64
from credreport.reports.containers.unsupported import (
    AGAIN,
    opening_of,
    refuse_binary,
    refuse_other_delimiter,
    refuse_other_text,
    refuse_other_tools,
    refused,
)
from credreport.reports.own_output import OwnEvidence, is_own_table

_CSV = "CSV"
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]+-----")
# More than any writer indents by, and fewer than the letters of the shortest report.
_GAP = re.compile(r"(?<!\s)\s{256,}")
_ARMOUR = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")


def unpack(name: str, data: bytes) -> tuple[Unpacked, ...]:
    """Return the CSV text inside `data`, or several if answers were joined in one file.

    Reads CSV, the CLI's JSON in its variants, its YAML, its `--output text`, and base64 wrapped or
    not, in UTF-8 or (with a byte order mark) UTF-16; a stream or a list of answers. Raises
    InputRefused, naming what the file is and how to mend it, and OwnEvidence for what credreport
    itself wrote.
    """
    refuse_binary(name, data)
    text = decode(name, data)
    start = opening_of(text)
    if not start:
        raise refused(name, "the file is empty", AGAIN)
    first_line = start.splitlines()[0]
    if start[0] in "{[" or (start[0] == '"' and is_json_string(text)):
        found = list(unpack_json(name, text))
    elif "," not in first_line and END_OF_TEXT_OUTPUT.search(text):
        found = list(unpack_output_text(name, text))
    elif YAML.match(start):
        found = list(unpack_yaml(name, text))
    else:
        found = [_unpack_single(name, text, start)]
    if found[0].container != _CSV:
        _refuse_gap(name, text)
    if len(found) == 1:
        return tuple(found)
    return tuple(replace(each, answer=number) for number, each in enumerate(found, 1))


def _refuse_gap(name: str, text: str) -> None:
    """Refuse an answer with a long row of blanks or empty lines, which may have replaced another one.

    In a CSV these are lines, which are warned of.
    """
    if gap := _GAP.search(text):
        found = f"{len(gap[0])} blanks and line ends in a row: a report may have stood there"
        raise refused(name, found, AGAIN, 1 + text.count("\n", 0, gap.start()))


def _unpack_single(name: str, text: str, start: str) -> Unpacked:
    first_line = start.splitlines()[0]
    is_all_base64 = is_base64(text)
    if "password_enabled" not in first_line and not is_all_base64:
        refuse_other_text(name, start)
    if _ARMOUR.match(start):
        return unpack_base64(name, _unwrap(name, text), "base64 (certutil)")
    if is_all_base64:
        return unpack_base64(name, text, "base64")
    if is_own_table(text):
        raise OwnEvidence
    refuse_other_delimiter(name, start)
    refuse_other_tools(name, first_line)
    return Unpacked(text, _CSV)


def _unwrap(name: str, text: str) -> str:
    """Return the text between the lines BEGIN and END, which are the first and the last."""
    first, *lines = map(str.strip, text.strip().splitlines())
    last = lines.pop() if lines else ""
    if not _BEGIN.fullmatch(first) or last != f"-----END{first.removeprefix('-----BEGIN')}":
        found = "base64 between BEGIN and END, of which one is missing"
        raise refused(name, found, f"{AGAIN}; it may be cut short")
    return "\n".join(lines)
