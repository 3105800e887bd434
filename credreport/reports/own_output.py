"""Recognise credreport's own output among the inputs.

By its content, not by its name alone: nothing that a report contains can make it look like that.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Mapping

from credreport.output.formats import STEM, SUMS, own_output, own_start
from credreport.reports.sniffing import contains_rows
from credreport.schema import ARN_START, KNOWN_COLUMNS, NEEDED_COLUMNS, TABLES

_NAME = own_output(STEM)
_COLUMNS = {column for table in TABLES.values() for column in table}
# Each document of ours has them.
_KEYS = {"schema_version", "version", "verdict", "parameters", "inputs", "left_out"}
# What no table of ours has for a column.
_OF_A_REPORT = frozenset(KNOWN_COLUMNS) - _COLUMNS
# Each table has one of them; other programs have tables of accounts, regions and states, too.
_MARKS = {"finding_id", "source_line", "before_status"}
_ENOUGH_COLUMNS = 5
# No header or row of a report is shorter, however it is written.
_LONG = 60


class OwnEvidence(Exception):
    """The file was written by this program: evidence, not a report."""


def is_own_header(line: str) -> bool:
    """Whether the first line of a CSV is that of one of the tables; no report has such columns."""
    columns = set(line.strip().replace('"', "").split(","))
    is_marked = len(columns & _COLUMNS) >= _ENOUGH_COLUMNS and not columns.isdisjoint(_MARKS)
    return is_marked and columns.isdisjoint(NEEDED_COLUMNS[1:])


def is_own_table(text: str) -> bool:
    """Whether a CSV is one of the tables and nothing else: no report stands behind or within it."""
    if not is_own_header(text.partition("\n")[0]):
        return False
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows)
        return _COLUMNS.issuperset(header) and all(
            len(row) == len(header) and not _is_of_a_report(row) and not has_report(row)
            for row in rows
        )
    except csv.Error:
        return False


def _is_of_a_report(row: list[str]) -> bool:
    """Whether a row is a report's header or has an ARN where only a report has it."""
    return NEEDED_COLUMNS[1] in row or ARN_START.match(row[1]) is not None


def has_report(texts: Iterable[str]) -> bool:
    """Whether one of the texts of a file of ours holds rows of a report."""
    return any(len(text) >= _LONG and contains_rows(text.encode(errors="ignore")) for text in texts)


def holds_rows(value: object, *, is_ours: bool) -> bool:
    """Whether a JSON value has rows of a report at any depth, with their cells as keys or items.

    In a document of ours, an ARN and dates are in one object.
    """
    waiting = [value]
    while waiting:
        each = waiting.pop()
        items: Iterable[object] = ()
        if isinstance(each, list):
            items = each
            waiting += each
        elif isinstance(each, dict):
            if not _OF_A_REPORT.isdisjoint(map(str.lower, each)):
                return True
            items = () if is_ours else each.values()
            waiting += each.values()
        cells = [item for item in items if isinstance(item, str)]
        if len(cells) > 1 and has_report([",".join(cells), "".join(cells)]):
            return True
    return False


def is_own_document(document: Mapping[str, object]) -> bool:
    """Whether a JSON object is one of the documents; one with a `Content` is a report."""
    match document:
        case {"Content": _} | {"content": _}:
            return False
        case {"generator": "credreport"}:
            return document.keys() >= _KEYS
        case {"assessment-results": {"metadata": {"props": [*props]}}}:
            return any(
                isinstance(prop, dict) and prop.get("value") == "credreport" for prop in props
            )
    return False


def is_own_file(name: str, head: bytes, *, is_like_report: bool) -> bool:
    """Whether a file is evidence, judged by its name and its first bytes."""
    if is_like_report or not _NAME.fullmatch(name):
        return False
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if name.endswith(".csv"):
        return is_own_header(head.partition(b"\n")[0].decode("utf-8", "replace"))
    return name == SUMS or own_start(name).match(head) is not None
