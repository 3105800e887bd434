"""Recognise credreport's own output among the inputs.

By its content, not by its name alone: nothing that a report contains can make it look like that.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from credreport.output.formats import own_json, own_output
from credreport.schema import CHANGES, CREDENTIALS, FINDINGS, NEEDED_COLUMNS, TIMELINE, USERS

_NAME = own_output()
_TABLES = {".csv", ".json"}
_COLUMNS = {*CHANGES, *CREDENTIALS, *FINDINGS, *TIMELINE, *USERS}
_ENOUGH_COLUMNS = 5
_JSON = own_json()


class OwnEvidence(Exception):
    """The file was written by this program: evidence, not a report."""


def is_own_header(line: str) -> bool:
    """Whether the first line of a CSV is that of one of the tables; no report has such columns."""
    columns = set(line.strip().replace('"', "").split(","))
    return len(columns & _COLUMNS) >= _ENOUGH_COLUMNS and not columns & set(NEEDED_COLUMNS[1:])


def is_own_document(document: Mapping[str, object]) -> bool:
    """Whether a JSON object is one of the documents; one with a `Content` is a report."""
    if {*document} == {"assessment-results"}:
        return True
    return document.get("generator") == "credreport" and not {"Content", "content"} & set(document)


def is_own_file(name: str, head: bytes, *, is_like_report: bool) -> bool:
    """Whether a file is evidence, judged by its name and its first bytes.

    Pictures, workbooks and scripts are known by name alone, unless they look like a report.
    """
    if is_like_report or not _NAME.fullmatch(name):
        return False
    if PurePath(name).suffix not in _TABLES:
        return True
    if _JSON.match(head):
        return True
    return is_own_header(head.partition(b"\n")[0].decode("utf-8-sig", "replace"))
