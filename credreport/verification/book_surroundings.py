"""A workbook's archive -> what surrounds the cells of each sheet: links, what is printed, what is sorted.

It is read from the parts themselves: openpyxl drops words above and below a page whose form it does
not know, and keeps one of two links.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from defusedxml.ElementTree import fromstring, iterparse  # type: ignore[import-untyped]
from openpyxl.utils import range_boundaries

from credreport.verification.differences import expected_found, shown

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_YES = {"1", "true"}
_PRINT_AREA = "_xlnm.print_area"
# The words of some pages only, and the setting without which no program prints them.
_FLAGS = {"first": "differentFirst", "even": "differentOddEven"}
_SIDES = ("&L", "&C", "&R")
_LOOKS = r'&"[^"]*"|&K(?:[0-9A-Fa-f]{6}|\d\d[+-]\d{3})|&\d+|&[BIUESXYHO]'  # fonts and colours
_TOKEN = re.compile(rf"(?P<looks>{_LOOKS})|&&|&.|[^&]+|&", re.DOTALL)
_SMALL = 40  # percent, at which the ten points of the body's text are four
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576
_Range = tuple[int, int, int, int]


@dataclass
class Surroundings:
    """What surrounds the cells of a sheet.

    areas: what is printed, as it is written; without any, everything is.
    words: those above and below the pages: on the left, in the middle and on the right.
    links: the range of each, where it leads, and what is said of it.
    lists: the ranges that a filter or sort goes through.
    zoom, corner: the size in percent at which the sheet opens, and its first cell in view.
    """

    areas: list[str] = field(default_factory=list)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    links: list[tuple[str, str, str]] = field(default_factory=list)
    lists: list[_Range] = field(default_factory=list)
    zoom: int = 100
    corner: tuple[int, int] = (1, 1)


def read_surroundings(data: bytes) -> dict[str, Surroundings]:
    """Return what surrounds the cells, by the title of the sheet. Raises an exception if damaged."""
    found: dict[str, Surroundings] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = fromstring(archive.read("xl/workbook.xml"))
        parts = _related(archive, "xl/workbook.xml")
        for sheet in book.iterfind(f"{_MAIN}sheets/{_MAIN}sheet"):
            found[sheet.get("name")] = _read_sheet(archive, parts[sheet.get(_ID)])
    by_number = [*found.values()]
    for name in book.iterfind(f"{_MAIN}definedNames/{_MAIN}definedName"):
        if name.get("name", "").lower() == _PRINT_AREA and name.get("localSheetId"):
            by_number[int(name.get("localSheetId"))].areas.append(name.text or "")
    return found


def compare_surroundings(
    title: str,
    was: Surroundings,
    now: Surroundings,
    cells: tuple[int, int],
    own: Collection[tuple[int, int]],
) -> Iterator[str]:
    """Yield what surrounds the cells of a sheet otherwise than in the run.

    cells: the last row and column that the run writes. own: the auditor's cells, which may have
    links: programs make one of an address that is typed.
    """
    for place, where, tip in (Counter(now.links) - Counter(was.links)).elements():
        left, top, right, bottom = _bounds(place)
        spanned = ((row, n) for row in range(top, bottom + 1) for n in range(left, right + 1))
        if any(cell not in own for cell in spanned):
            says = f" ({shown(tip)})" if tip else ""
            yield f"{title}: {place} has a link that no run writes: {shown(where)}{says}"
    for name in dict.fromkeys([*was.words, *now.words]):
        before, after = (" | ".join(each.words.get(name, ())) for each in (was, now))
        if before != after:
            side = "above" if name.endswith("Header") else "below"
            yield f"{title}: the words {side} its pages: {expected_found(before, after)}"
    whole = 1, 1, cells[1], cells[0]
    printed = _ranges(was.areas[0], title)[0] if was.areas else whole
    for text in now.areas:
        if not any(_holds(each, printed) for each in _ranges(text, title)):
            yield f"{title}: it prints {shown(text)}, which leaves out what the run prints"
    if was.lists and not all(_holds(each, was.lists[0]) for each in now.lists):
        yield f"{title}: a filter or sort leaves out some of its rows or columns"


def odd_views(title: str, view: Surroundings, cells: tuple[int, int]) -> Iterator[str]:
    """Yield how a sheet opens so that nothing is read before somebody scrolls or enlarges it."""
    if view.zoom < _SMALL:
        yield f"{title} opens at {view.zoom} percent of its size"
    if any(place > last for place, last in zip(view.corner, cells, strict=True)):
        yield f"{title} opens scrolled beyond its last row or column"


def _read_sheet(archive: zipfile.ZipFile, part: str) -> Surroundings:
    found = Surroundings()
    related = _related(archive, part)
    with archive.open(part) as file:
        for _, element in iterparse(file):
            name, get = element.tag.removeprefix(_MAIN), element.get
            if name == "row":
                element.clear()
            elif name == "sheetView":
                found.zoom = int(get("zoomScale", "0")) or 100  # 0 is as it fits
                panes = [element, *element.iterfind(f"{_MAIN}pane")]
                corner = [pane.get("topLeftCell") or "A1" for pane in panes][-1]
                found.corner = _bounds(corner)[1::-1]
            elif name == "headerFooter":
                found.words = _words(element)
            elif name == "hyperlink":
                place = f"#{get('location')}" if get("location") else ""
                where = f"{related.get(get(_ID), '')}{place}".lstrip("#").replace("'", "")
                found.links.append((get("ref", ""), where, get("tooltip", "")))
            elif name == "autoFilter":
                found.lists.append(_bounds(get("ref", "")))
            elif name == "tablePart":
                table = fromstring(archive.read(related[get(_ID)]))
                left, top, right, bottom = _bounds(table.get("ref", ""))
                totals = int(table.get("totalsRowCount", "0"))
                found.lists.append((left, top, right, bottom - totals))
                filters = table.iterfind(f"{_MAIN}autoFilter")
                found.lists += [_bounds(each.get("ref", "")) for each in filters]
    return found


def _related(archive: zipfile.ZipFile, part: str) -> Mapping[str | None, str]:
    """Return what a part refers to, by its ID: the name of another part, or an address."""
    top, name = posixpath.split(part)
    try:
        relations = fromstring(archive.read(f"{top}/_rels/{name}.rels"))
    except KeyError:
        return {}
    return {
        each.get("Id"): each.get("Target", "")
        if each.get("TargetMode") == "External"
        else posixpath.normpath(posixpath.join("/", top, each.get("Target", ""))).lstrip("/")
        for each in relations
    }


def _words(element: Any) -> dict[str, tuple[str, ...]]:
    """Return the words above and below the pages that are printed, without fonts and colours."""
    found: dict[str, tuple[str, ...]] = {}
    for each in element:
        name = each.tag.removeprefix(_MAIN)
        flag = _FLAGS.get(re.sub("Header|Footer", "", name))
        if flag and element.get(flag) not in _YES:
            continue
        sides: dict[str, list[str]] = {side: [] for side in _SIDES}
        side = "&C"
        for token in _TOKEN.finditer(each.text or ""):
            if token[0] in sides:
                side = token[0]
            elif not token["looks"]:
                sides[side].append(token[0])
        texts = tuple("".join(tokens).strip() for tokens in sides.values())
        if any(texts):
            found[name] = texts
    return found


def _ranges(area: str, title: str) -> list[_Range]:
    """Return the ranges of a print area; none for anything else, as a formula or another sheet."""
    places = [each.rpartition("!") for each in area.split(",")]
    try:
        ranges = [_bounds(place) for *_, place in places]
    except ValueError:
        return []
    return ranges if {sheet.strip("'") for sheet, *_ in places} == {title} else []


def _bounds(place: str) -> _Range:
    """Return the columns and rows of a range, which may be of whole ones. Raises ValueError for none."""
    left, top, right, bottom = cast("tuple[int | None, ...]", range_boundaries(place))
    if left is None and top is None:
        message = f"{shown(place)} is not a range of cells"
        raise ValueError(message)
    return left or 1, top or 1, right or _LAST_COLUMN, bottom or _LAST_ROW


def _holds(outer: _Range, inner: _Range) -> bool:
    """Whether one range holds all cells of another."""
    starts = all(one <= other for one, other in zip(outer[:2], inner[:2], strict=True))
    return starts and all(one >= other for one, other in zip(outer[2:], inner[2:], strict=True))
