"""The parts of a workbook's archive -> why a program may show something else than the cells say.

Which part is the workbook, its styles or its texts stands in several places, and programs do not all
look at the same one; of a cell that is there twice they show either. No program saves a workbook like
that, so it is refused. Shapes that cover cells, and settings that hide all of them, are differences.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any, NoReturn, cast

from defusedxml.ElementTree import fromstring, iterparse  # type: ignore[import-untyped]
from openpyxl.utils import range_boundaries

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# What a relationship points to -> the one place where every program keeps it.
_PLACES = {
    "officeDocument": r"xl/workbook\.xml",
    "styles": r"xl/styles\.xml",
    "sharedStrings": r"xl/sharedStrings\.xml",
    "worksheet": r"xl/worksheets/[^/]+\.xml",
    "drawing": r"xl/drawings/[^/]+\.xml",
}
# The same by the ends of content types, by which openpyxl finds the first and the third.
_TYPES = "[Content_Types].xml"
_KINDS = {"main": "officeDocument", "styles": "styles", "sharedStrings": "sharedStrings"}
_FOREIGN_PARTS = {
    "vbaProject": "a macro",
    "xl/externalLinks/": "a link to another workbook",
    "xl/activeX/": "a control",
    "xl/ctrlProps/": "a control",
    "xl/embeddings/": "an embedded file",
}
_SHAPES = {"sp", "cxnSp", "grpSp", "contentPart", "svgBlip", "AlternateContent"}
_CELL = {f"{_MAIN}{name}" for name in ("f", "v", "is")}
_RANGES = {"mergeCell", "hyperlink"}
_MOST_BEYOND = 10_000
_WIDE = 1_000
_YES, _NO = {"1", "true"}, {"0", "false"}
SEEN = 0.5  # a row or column smaller than that is hidden


def check_parts(data: bytes) -> None:
    """Raise ValueError for a workbook that programs may read in two ways, or never to its end.

    A cell far away, or a range that spans a sheet, is a few bytes and makes openpyxl go through every
    cell up to it.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        if len({name.lower().replace("\\", "/").lstrip("/") for name in names}) < len(names):
            _refuse(_TYPES, "two parts have names that programs take for the same")
        _check_types(fromstring(archive.read(_TYPES)))
        for name in names:
            if name.lower().endswith(".rels"):
                _check_relations(name, fromstring(archive.read(name)))
            elif re.fullmatch(_PLACES["worksheet"], name):
                with archive.open(name) as file:
                    _check_sheet(file, name)


def foreign_parts(data: bytes) -> Iterator[str]:
    """Yield what no run writes and no comparison of cells shows: macros, shapes, hidden values."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            for part, words in _FOREIGN_PARTS.items():
                if part in name:
                    yield f"has {words} ({name}), which no run writes"
            if re.fullmatch(_PLACES["drawing"], name):
                shapes = (
                    each.tag.rpartition("}")[2] for each in fromstring(archive.read(name)).iter()
                )
                if not _SHAPES.isdisjoint(shapes):
                    yield f"has a shape ({name}), which no run writes"
            elif re.fullmatch(_PLACES["styles"], name):
                if any(map(_has_form, fromstring(archive.read(name)).iter(f"{_MAIN}dxf"))):
                    yield "has a condition for the form of a number, which no run writes"
            elif re.fullmatch(_PLACES["worksheet"], name):
                with archive.open(name) as file:
                    yield from _hidden_values(file, name)


def _check_types(types: Any) -> None:
    """Raise ValueError where a part that there is once is somewhere else, for some may take that."""
    for each in types:
        kind = _KINDS.get(re.split(r"[.+]", each.get("ContentType", ""))[-2:][0], "")
        place = each.get("PartName", "").lstrip("/")
        if kind and not re.fullmatch(_PLACES[kind], place):
            _refuse(_TYPES, f"its {kind} is {place}, where no program keeps it")


def _check_relations(name: str, relations: Any) -> None:
    """Raise ValueError where a part is not where programs keep it, for some may take another one."""
    top = posixpath.dirname(posixpath.dirname(name))
    if len({each.get("Id") for each in relations}) < len(relations):
        _refuse(name, "it names one thing twice")
    for each in relations:
        kind = each.get("Type", "").rpartition("/")[2]
        place = posixpath.normpath(posixpath.join("/", top, each.get("Target", ""))).lstrip("/")
        if kind in _PLACES and not re.fullmatch(_PLACES[kind], place):
            _refuse(name, f"its {kind} is {place}, where no program keeps it")


def _check_sheet(file: Any, part: str) -> None:
    """Raise ValueError where a sheet has a cell twice, out of its place, or far from all others."""
    rows = filled = last = in_table = 0
    for _, element in iterparse(file):
        name = element.tag.removeprefix(_MAIN)
        if name == "row":
            number = int(element.get("r", last + 1))
            rows, filled = rows + 1, filled + (len(element) > 0)
            if number <= last:
                _refuse(part, f"row {number} is below row {last}")
            if (
                len(element) and number > filled + _MOST_BEYOND
            ):  # programs end with rows without cells
                _refuse(part, f"row {number} is far below the others")
            last = number
            _check_row(element, number, part)
            element.clear()
        elif name in _RANGES:
            _bounds(element.get("ref", ""), part)
        elif name == "sheetData":
            in_table = len(element)
        elif name == "worksheet":
            tables = [child.tag for child in element].count(f"{_MAIN}sheetData")
            if tables != 1 or in_table != rows:
                _refuse(part, "it has not one table of cells")
        elif name.endswith("}AlternateContent"):
            _refuse(part, "it has alternatives, of which programs show one or the other")


def _check_row(row: Any, number: int, part: str) -> None:
    """Raise ValueError where a row has a cell twice or another row's, or a cell two values."""
    column = 0
    for cell in row:
        place = cell.get("r")
        left, top, *_ = _bounds(place, part) if place else (column + 1, number)
        kinds = [child.tag for child in cell]
        if cell.tag != f"{_MAIN}c" or left <= column or top != number:
            _refuse(part, f"row {number} has a cell twice or out of its place")
        if not _CELL.issuperset(kinds) or len({*kinds}) < len(kinds):
            _refuse(part, f"row {number} has a cell with two values")
        column = left


def _bounds(place: str, part: str) -> tuple[int, int, int, int]:
    """Return the columns and rows of a range. Raises ValueError for a large one."""
    left, top, right, bottom = cast("tuple[int, int, int, int]", range_boundaries(place))
    if right > _WIDE or (right - left + 1) * (bottom - top + 1) > _MOST_BEYOND:
        _refuse(part, f"{place} is not a cell of a sheet that a run writes")
    return left, top, right, bottom


def _refuse(part: str, what: str) -> NoReturn:
    message = f"{part}: {what}"
    raise ValueError(message)


def _hidden_values(file: Any, part: str) -> Iterator[str]:
    """Yield the settings of a sheet by which cells are not shown, or not as they are."""
    for _, element in iterparse(file):
        name, get = element.tag.rpartition("}")[2], element.get
        if name == "sheetFormatPr":
            sizes = (float(get(size, "15")) for size in ("defaultRowHeight", "defaultColWidth"))
            if get("zeroHeight") in _YES or min(sizes) < SEEN:
                yield f"{part}: all rows or columns are hidden"
        elif name == "sheetView" and (get("showZeros") in _NO or get("showFormulas") in _YES):
            yield f"{part}: zeros are hidden, or formulas shown"
        elif get("showValue") in _NO or (name == "dxf" and _has_form(element)):
            yield f"{part}: a condition shows values in another form"
        if name == "row":
            element.clear()


def _has_form(style: Any) -> bool:
    """Whether a conditional style shows a number, or a text, in another form."""
    forms = (each for each in style.iter() if each.tag.rpartition("}")[2] == "numFmt")
    return any(each.get("formatCode") != "General" for each in forms)
