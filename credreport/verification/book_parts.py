"""The parts of a workbook's archive -> why a program may display other values than the cells have.

Which part is the workbook, its styles or its texts stands in several places, and programs do not all
look at the same one; of a cell that is there twice they show either. No program saves a workbook like
that, so it is refused. Shapes that cover cells, and settings that hide all of them, are differences.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter
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
    "xl/richData/": "values that are shown as others",
}
_VML = "{urn:schemas-microsoft-com:vml"
# What the drawing of a note consists of, beside the shape itself.
_OF_NOTES = {"shapetype", "stroke", "path", "fill", "shadow", "textbox", "formulas", "f", "handles"}
_SHAPES = {"sp", "cxnSp", "grpSp", "contentPart", "svgBlip", "AlternateContent"}
_CELL = {f"{_MAIN}{name}" for name in ("f", "v", "is")}
_RANGES = {"mergeCell", "hyperlink"}
# The children of a sheet that say where cells are, which are shown, and how.
_OF_SHEET = {
    "autoFilter", "cellWatches", "colBreaks", "cols", "conditionalFormatting", "customProperties",
    "dataValidations", "dimension", "drawing", "extLst", "headerFooter", "hyperlinks",
    "ignoredErrors", "legacyDrawing", "mergeCells", "pageMargins", "pageSetup", "phoneticPr",
    "printOptions", "protectedRanges", "rowBreaks", "sheetCalcPr", "sheetData", "sheetFormatPr",
    "sheetPr", "sheetProtection", "sheetViews", "smartTags", "sortState", "tableParts",
}  # fmt: skip
_REPEATED = "conditionalFormatting"
_T = f"{_MAIN}t"
_LEAVES = {f"{_MAIN}{name}" for name in ("f", "v", "t")}
_OTHER_MAIN = "{http://purl.oclc.org/"  # the same names once more, which openpyxl passes over
_MOST_BEYOND = 10_000
_WIDE = 1_000
_FORMULAS = 4_000_000  # the letters that cells take over from the formulas of others
_WHOLE = {"xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"}
_YES, _NO = {"1", "true"}, {"0", "false"}
SEEN_HEIGHT, SEEN_WIDTH = 5.0, 1.0  # less than that of a row, or a column, shows no letter
_MOST_FIXED = 20  # rows or columns that do not scroll; of more, a screen shows no others


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
            elif name in _WHOLE:
                _check_whole(fromstring(archive.read(name)), name)
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
                if _has_shape(fromstring(archive.read(name))):
                    yield f"has a shape ({name}), which no run writes"
            elif name.lower().endswith(".vml"):
                if _has_shown_note(fromstring(archive.read(name))):
                    yield f"has a shape ({name}), which no run writes"
            elif re.fullmatch(_PLACES["styles"], name):
                if any(map(_has_form, fromstring(archive.read(name)).iter(f"{_MAIN}dxf"))):
                    yield "has a condition for the form of a number, which no run writes"
            elif re.fullmatch(_PLACES["worksheet"], name):
                with archive.open(name) as file:
                    yield from _hidden_values(file, name)
            elif re.fullmatch(_PLACES["officeDocument"], name):
                for view in fromstring(archive.read(name)).iter(f"{_MAIN}workbookView"):
                    is_seen = view.get("visibility", "visible") == "visible"
                    if not is_seen or view.get("showSheetTabs") in _NO:
                        yield "hides its window, or the names of its sheets"


def count_drawn(data: bytes) -> int:
    """Return how many pictures and charts are drawn on the sheets, whoever can read them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [name for name in archive.namelist() if re.fullmatch(_PLACES["drawing"], name)]
        tags = [each.tag for name in parts for each in fromstring(archive.read(name)).iter()]
    return sum(tag.rpartition("}")[2] in ("pic", "graphicFrame") for tag in tags)


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


def _check_whole(part: Any, name: str) -> None:
    """Raise ValueError where the workbook, its styles or its texts say something twice."""
    for element in part.iter():
        _check_text(element, name)
    lists = [
        each.tag for each in part.iter() if each.tag in (f"{_MAIN}sheets", f"{_MAIN}bookViews")
    ]
    if part.tag == f"{_MAIN}styleSheet":
        lists += [each.tag for each in part]
        lists += [each.get("numFmtId", "") for each in part.iterfind(f"{_MAIN}numFmts/*")]
    if len({*lists}) < len(lists):
        _refuse(name, "it says one thing twice")


def _check_text(element: Any, part: str) -> None:
    """Raise ValueError for an element of which programs show one text or another."""
    kinds = [child.tag for child in element]
    texts = kinds.count(_T)
    if element.tag.startswith(_OTHER_MAIN):
        _refuse(part, "it is in two forms of the format at once")
    if element.tag in _LEAVES and kinds:
        _refuse(part, "a text or value has another within it")
    if texts > 1 or (texts and f"{_MAIN}r" in kinds):
        _refuse(part, "a cell has two texts")


def _check_sheet(file: Any, part: str) -> None:
    """Raise ValueError where a sheet has a cell twice, out of its place, or far from all others."""
    rows = filled = last = in_table = column = spanned = shared = 0
    formulas: dict[str | None, int] = {}
    for _, element in iterparse(file):
        name = element.tag.removeprefix(_MAIN)
        _check_text(element, part)
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
        elif name == "f" and element.get("t") == "shared":  # openpyxl writes it out in each cell
            shared += formulas.get(element.get("si"), 0)
            if element.text:
                formulas.setdefault(element.get("si"), len(element.text))
            if shared > _FORMULAS:
                _refuse(part, "its formulas are longer than those of a run")
        elif name in _RANGES:
            left, top, right, bottom = _bounds(element.get("ref", ""), part)
            spanned += (right - left + 1) * (bottom - top + 1) - 1
            if spanned > _MOST_BEYOND:
                _refuse(part, "its ranges span more cells than those of a run")
        elif name == "col":
            if int(element.get("min", "0")) <= column:
                _refuse(part, f"it has two widths for column {column}")
            column = int(element.get("max", "0"))
        elif name == "sheetData":
            in_table = len(element)
        elif name == "worksheet":
            children = [child.tag.removeprefix(_MAIN) for child in element]
            if children.count("sheetData") != 1 or in_table != rows:
                _refuse(part, "it has not one table of cells")
            for child, count in Counter(children).items():
                if child not in _OF_SHEET or (count > 1 and child != _REPEATED):
                    _refuse(part, f"it has {child}, as no sheet with only cells and charts does")
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
        texts = {f"{_MAIN}v", f"{_MAIN}is"}
        is_twice = len({*kinds}) < len(kinds) or texts.issubset(kinds)
        if not _CELL.issuperset(kinds) or is_twice or cell.get("vm"):
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
            height, width = (
                float(get(size, "15")) for size in ("defaultRowHeight", "defaultColWidth")
            )
            if get("zeroHeight") in _YES or height < SEEN_HEIGHT or width < SEEN_WIDTH:
                yield f"{part}: all rows or columns are hidden"
        elif name == "sheetView" and (get("showZeros") in _NO or get("showFormulas") in _YES):
            yield f"{part}: zeros are hidden, or formulas shown"
        elif name == "sheetView" and _hides_above(element):
            yield f"{part}: rows or columns are hidden behind those that do not scroll"
        elif name == "dataValidation" and get("showInputMessage") in _YES and get("prompt"):
            yield f"{part}: cells show a message when they are chosen"
        elif get("showValue") in _NO or (name == "dxf" and _has_form(element)):
            yield f"{part}: a condition shows values in another form"
        if name == "row":
            element.clear()


def _has_form(style: Any) -> bool:
    """Whether a conditional style shows a number, or a text, in another form."""
    forms = (each for each in style.iter() if each.tag.rpartition("}")[2] == "numFmt")
    return any(each.get("formatCode") != "General" for each in forms)


def _hides_above(view: Any) -> bool:
    """Whether cells are beyond all scrolling: above what is fixed, or fixed below the screen."""
    for pane in view.iter(f"{_MAIN}pane"):
        if pane.get("state", "split") != "split":
            fixed = max(float(pane.get(split, "0")) for split in ("xSplit", "ySplit"))
            return view.get("topLeftCell", "A1") != "A1" or fixed > _MOST_FIXED
    return False


def _has_shape(drawing: Any) -> bool:
    """Whether anything is drawn but charts, and pictures that are kept in the workbook."""
    for each in drawing.iter():
        name = each.tag.rpartition("}")[2]
        is_other = name == "graphicData" and not each.get("uri", "").endswith("/chart")
        if name in _SHAPES or is_other:
            return True
    return False


def _has_shown_note(drawing: Any) -> bool:
    """Whether anything is drawn but notes that are shown where the pointer is."""
    for shape in drawing.iter():
        space, _, name = shape.tag.rpartition("}")
        if space != _VML or name in _OF_NOTES:
            continue
        data = [each for each in shape if each.tag.endswith("}ClientData")]
        is_note = [each.get("ObjectType") for each in data] == ["Note"]
        if not is_note or any(each.tag.endswith("}Visible") for each in data[0]):
            return True
    return False
