"""Two workbooks -> where a verdict differs, apart from what the auditor filled in.

A workbook in which somebody wrote decisions, or that another program saved again, has other bytes.
So the sheets are compared cell by cell: by value, by how a number is shown, and by what is hidden.
Fonts, colours and the drawing of charts are not compared.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any, cast

from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from credreport.decisions.bounds import reason_not_to_open
from credreport.decisions.decision import SIGN_OFF, SIGN_OFF_LINES
from credreport.evidence.sheets import AUDITOR_HEADERS
from credreport.runs.differences import differing_row, expected_found, shown

_ROOM = 16 * 1024 * 1024
_GROWTH = 4
_MOST_BEYOND = 10_000
_WIDE = 1_000
_RANGES = ("mergeCell", "hyperlink")
_FOREIGN_PARTS = {
    "vbaProject": "a macro",
    "xl/externalLinks/": "a link to another workbook",
    "xl/activeX/": "a control",
    "xl/embeddings/": "an embedded file",
}
_FORMAT_NOISE = re.compile(r'[\\"]|\[\$-[0-9A-Fa-f]+\]|;@$')
_SEEN = 0.5  # a row or column smaller than that is hidden
_SIGNED_PLACES = range(2, 6)
_Place = tuple[int, int]


@dataclass(frozen=True)
class BookDifference:
    """How a workbook differs from the one that the run makes.

    first: the first difference that the auditor cannot have meant; empty where there is none.
    filled: how many of the auditor's cells differ from what the run wrote, by sheet.
    remarks: differences that do not change what it says.
    """

    first: str
    filled: Mapping[str, int]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Cells:
    """A sheet without the auditor's cells, row by row; and these, with the row and column they are in."""

    rows: Sequence[tuple[Any, ...]]
    own: Counter[tuple[tuple[Any, ...], int, Any]]

    def count_filled(self, model: _Cells) -> int:
        """Return how many of the auditor's cells differ from the model, wherever the row is."""
        places = {(row, place) for row, place, _ in self.own}
        emptied = [key for key in model.own - self.own if key[:2] not in places]
        return (self.own - model.own).total() + len(emptied)


def compare_books(expected: bytes, found: bytes) -> BookDifference:
    """Compare a workbook with the one that the run makes; see BookDifference."""
    try:
        _check_size(found, expected)
        book = _load(found)
    except Exception as error:
        return BookDifference(f"cannot be read as a workbook ({_reason(error)})", {})
    model = _load(expected)
    filled: dict[str, int] = {}
    remarks: list[str] = []
    differences = _differences(model, book, filled, remarks)
    first = next(_foreign_parts(found), "") or next(differences, "")
    if not first:
        first = next(_pictures(expected, found), "")
    return BookDifference(
        first, {name: count for name, count in filled.items() if count}, (*remarks,)
    )


def _reason(error: Exception) -> str:
    words = str(error).split("\n")[0]
    return words if words and len(words) < 100 else "it is damaged"


def _check_size(data: bytes, expected: bytes) -> None:
    """Raise ValueError for a workbook that would fill the memory, or never be read to its end.

    Programs that save a workbook again write other XML of about the same size. A cell far away, or a
    range that spans a sheet, is a few bytes and makes openpyxl go through every cell up to it.
    """
    with zipfile.ZipFile(io.BytesIO(expected)) as archive:
        most = _ROOM + _GROWTH * sum(part.file_size for part in archive.infolist())
    if why := reason_not_to_open(data, most):
        raise ValueError(why)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in archive.infolist():
            if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                with archive.open(part) as file:
                    _check_places(file, part.filename)


def _check_places(file: Any, part: str) -> None:
    """Raise ValueError where a sheet has a cell or a range far from all others."""
    rows = cells = 0
    for _, element in iterparse(file):
        name = element.tag.rpartition("}")[2]
        place = element.get("ref") if name in _RANGES else element.get("r")
        cells += name == "c"
        if name == "row" and cells:  # programs write rows without cells at the end of a sheet
            rows, cells = rows + 1, 0
            if int(place or 0) > rows + _MOST_BEYOND:
                message = f"{part}: row {place} is far below the others"
                raise ValueError(message)
        elif place and name in (*_RANGES, "c"):
            left, top, right, bottom = cast("tuple[int, int, int, int]", range_boundaries(place))
            if right > _WIDE or (right - left + 1) * (bottom - top + 1) > _MOST_BEYOND:
                message = f"{part}: {place} is not a cell of a sheet that a run writes"
                raise ValueError(message)
        element.clear()


def _load(data: bytes) -> Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about extensions of other programs
        return load_workbook(io.BytesIO(data))


def _foreign_parts(data: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            for part, words in _FOREIGN_PARTS.items():
                if part in name:
                    yield f"has {words} ({name}), which no run writes"


def _differences(
    model: Workbook, book: Workbook, filled: dict[str, int], remarks: list[str]
) -> Iterator[str]:
    yield from _titles(model.sheetnames, book.sheetnames)
    for title in model.sheetnames:
        was, now = model[title], book[title]
        if now not in book.worksheets:  # but a sheet that is one chart
            yield f"sheet {title} no longer has any cells"
        elif now.sheet_state != "visible":
            yield f"sheet {title} is hidden"
        else:
            yield from _cells(was, now, filled, remarks)
            yield from _hidden(was, now)


def _titles(expected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    missing = [title for title in expected if title not in found]
    added = [title for title in found if title not in expected]
    for title in missing:
        if len(missing) == len(added) and found.index(added[0]) == expected.index(title):
            yield f"sheet {title} was renamed to {added[0]}"
        yield f"sheet {title} is missing"
    for title in added:
        yield f"sheet {title} was added"
    if [*expected] != [*found]:
        yield f"the sheets are in another order: {', '.join(found)}"


def auditor_places(sheet: Worksheet) -> set[_Place]:
    """Return the cells of a workbook as the run makes it that are the auditor's: row and column.

    They are the auditor's columns of Findings and Sample below the header, whatever was carried
    over into them, and the empty lines of the sign-off block. What the run itself wrote into that
    block is not among them.
    """
    first = next(sheet.iter_rows(min_row=1, max_row=1, values_only=True), ())
    own = AUDITOR_HEADERS.get(sheet.title, ())
    columns = [place for place, value in enumerate(first, start=1) if value in own]
    places = {(row, place) for row in range(2, sheet.max_row + 1) for place in columns}
    labels = [row[0].value for row in sheet.iter_rows(max_col=1)]
    if SIGN_OFF in labels:
        start = labels.index(SIGN_OFF) + 2
        places |= {
            (row, place)
            for row in range(start, start + len(SIGN_OFF_LINES))
            for place in _SIGNED_PLACES
            if _plain(sheet.cell(row, place).value) is None
        }
    return places


def _read(sheet: Worksheet, own: set[_Place]) -> _Cells:
    rows: list[tuple[Any, ...]] = []
    filled: Counter[tuple[tuple[Any, ...], int, Any]] = Counter()
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        values = [_plain(value) for value in row]
        mine = {place: values[place] for place in range(len(values)) if (number, place + 1) in own}
        for place in mine:
            values[place] = None
        while values and values[-1] is None:
            values.pop()
        rows.append(tuple(values))
        filled.update(
            (rows[-1], place, value) for place, value in mine.items() if value is not None
        )
    while rows and not rows[-1]:
        rows.pop()
    return _Cells(rows, filled)


def _plain(value: Any) -> Any:
    """Return a value in the one form that it has whichever program saved it."""
    if isinstance(value, datetime):
        return (value + timedelta(milliseconds=500)).replace(microsecond=0)
    if isinstance(value, bool):  # 1 and TRUE are not shown alike
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.replace("_x005F_", "_").replace("\r\n", "\n") or None
    return value


def _cells(
    was: Worksheet, now: Worksheet, filled: dict[str, int], remarks: list[str]
) -> Iterator[str]:
    title = was.title
    own = auditor_places(was)
    expected, found = _read(was, own), _read(now, own)
    filled[title] = found.count_filled(expected)
    place = differing_row(expected.rows, found.rows)
    if place is None:
        yield from _formats(was, now, own)
        return
    if own and Counter(expected.rows) == Counter(found.rows) and expected.rows[0] == found.rows[0]:
        remarks.append(f"the rows of {title} are in another order")
        return
    number, what = place
    if what != "changed":
        row = (expected if what == "missing" else found).rows[number]
        word = "is missing" if what == "missing" else "was added"
        yield f"{title}: row {number + 1} {word}: {shown(', '.join('' if value is None else str(value) for value in row))}"
    else:
        pairs = enumerate(zip_longest(expected.rows[number], found.rows[number]))
        column, (old, new) = next((column, pair) for column, pair in pairs if pair[0] != pair[1])
        cell = f"{title}!{get_column_letter(column + 1)}{number + 1}"
        header = expected.rows[0][column] if number and column < len(expected.rows[0]) else ""
        about = f" ({header})" if isinstance(header, str) and header and was.freeze_panes else ""
        yield f"cell {cell}{about}: {expected_found(_word(old), _word(new))}"


def _word(value: Any) -> Any:
    """Return a value as it is shown in a sentence: numbers bare, texts in quotes."""
    return str(value) if isinstance(value, datetime | date | time) else value


def _formats(was: Worksheet, now: Worksheet, own: set[_Place]) -> Iterator[str]:
    """Yield the cells whose value is the same but is shown differently."""
    for row in was.iter_rows():
        for cell in row:
            if cell.value is None or (cell.row, cell.column) in own or isinstance(cell.value, str):
                continue
            other = now.cell(cell.row, cell.column)
            old, new = (_FORMAT_NOISE.sub("", str(each.number_format)) for each in (cell, other))
            if old.lower() != new.lower():
                place = f"{was.title}!{cell.coordinate}"
                yield f"cell {place} is shown in another form: {expected_found(old, new)}"


def _hidden(was: Worksheet, now: Worksheet) -> Iterator[str]:
    for letters, column in now.column_dimensions.items():
        if column.hidden or column.width < _SEEN:
            yield f"{was.title}: column {letters} is hidden"
    for number, row in now.row_dimensions.items():
        is_seen = row.height is None or row.height >= _SEEN
        if (row.hidden or not is_seen) and number <= was.max_row:
            yield f"{was.title}: row {number} is hidden (by hand or by a filter)"


def _pictures(expected: bytes, found: bytes) -> Iterator[str]:
    """Yield the pictures that are missing or different; a program may store them anew."""
    was, now = _media(expected), _media(found)
    if Counter(was.values()) == Counter(now.values()):
        return
    points = [_points(data) for data in now.values()]
    for name, data in was.items():
        if _points(data) not in points:
            yield f"the picture {name} is missing or different"


def _media(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/media/")]
        return {name: archive.read(name) for name in sorted(names)}


def _points(data: bytes) -> str:
    from PIL import Image  # noqa: PLC0415 - slow to import

    try:
        # Readers of other formats may start other programs, as that of EPS does.
        picture = Image.open(io.BytesIO(data), formats=["PNG"]).convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return ""
    return hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
