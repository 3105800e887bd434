"""Two workbooks -> where a verdict differs, apart from what the auditor filled in.

A workbook in which somebody wrote decisions, or that another program saved again, has other bytes.
So the sheets are compared cell by cell: by value, by how it is shown, and by what is hidden; then by
what surrounds the cells. Fonts, colours and the drawing of charts are not compared; nor is the
protection of sheets, which hides nothing.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zipfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate, zip_longest
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from credreport.decisions.decision import SIGN_OFF, SIGN_OFF_LINES
from credreport.decisions.size_limits import reason_not_to_open
from credreport.evidence.columns import AUDITOR_HEADERS
from credreport.verification.book_parts import (
    SEEN_HEIGHT,
    SEEN_WIDTH,
    check_parts,
    count_drawn,
    foreign_parts,
)
from credreport.verification.book_surroundings import (
    Surroundings,
    compare_surroundings,
    odd_views,
    read_surroundings,
)
from credreport.verification.differences import differing_row, expected_found, shown

_ROOM = 16 * 1024 * 1024
_GROWTH = 4
_POINTS = 16 * 1024 * 1024  # that pictures may have together, beside those of the expected one
_GRID = 16  # the bytes that a cell takes in a file, at least
_FORMAT_NOISE = re.compile(r"\[\$-(?!0*(?:401|F[48]00)\])0*[0-9A-Fa-f]{1,4}\]|;@$")
_LITERAL = re.compile(r'"([^"]+)"|\\(.)')
_SHOWN_BARE = " -/:"  # the letters that a format shows as they are, in quotes or not
# Lengths in drawings, in EMU, and how many columns, and rows below the last, one may reach.
_PIXEL, _POINT, _ROUNDED, _ACROSS = 9_525, 12_700, 100_000, 100
_INDENT = 1.5  # units of width
_RIGHT_TO_LEFT = 2
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
        most = _check_size(found, expected)
        book = _load(found)
        _check_cells(book, most)
        model = _load(expected)
        _check_pictures(book, model)
        around = read_surroundings(expected), read_surroundings(found)
    except Exception as error:
        return BookDifference(f"cannot be read as a workbook ({_reason(error)})", {})
    filled: dict[str, int] = {}
    remarks: list[str] = []
    differences = _differences(model, book, around, filled, remarks)
    first = next(foreign_parts(found), "") or next(differences, "") or _unread(found, book)
    return BookDifference(
        first, {name: count for name, count in filled.items() if count}, (*remarks,)
    )


def _unread(data: bytes, book: Workbook) -> str:
    """Return that something is drawn which is not among what is compared; empty if nothing is."""
    read = sum(_drawn(sheet).total() for sheet in book.worksheets)
    return "" if count_drawn(data) == read else "has a picture or chart that cannot be compared"


def _reason(error: Exception) -> str:
    words = str(error).split("\n")[0]
    return words if words and len(words) < 100 else "it is damaged"


def _check_size(data: bytes, expected: bytes) -> int:
    """Return how many bytes a workbook may have, unpacked, beside the expected one.

    Raises ValueError for one that has more, or is in doubt: see `check_parts`. Programs that save a
    workbook again write other XML of about the same size.
    """
    with zipfile.ZipFile(io.BytesIO(expected)) as archive:
        most = _ROOM + _GROWTH * sum(part.file_size for part in archive.infolist())
    if why := reason_not_to_open(data, most):
        raise ValueError(why)
    check_parts(data)
    return most


def _check_cells(book: Workbook, most: int) -> None:
    """Raise ValueError where the cells, read one by one, are far more than the bytes of the file.

    One text may be in many cells, and between two cells may be many without one.
    """
    for sheet in book.worksheets:
        values = (cell.value for cell in sheet._cells.values())  # noqa: SLF001 - makes no new ones
        most -= sum(len(value) for value in values if isinstance(value, str))
        most -= _GRID * sheet.max_row * sheet.max_column
        if most < 0:
            message = f"sheet {sheet.title}: its cells have more letters, or lie farther apart, than in a run"
            raise ValueError(message)


def _check_pictures(book: Workbook, model: Workbook) -> None:
    """Raise ValueError where the pictures have far more points than the model's: in a file they are few bytes."""
    opened: list[list[Any]] = [[*book.worksheets], [*model.worksheets]]
    points, expected = (
        sum(each.width * each.height for sheet in sheets for each in sheet._images)  # noqa: SLF001 - openpyxl has no other way
        for sheets in opened
    )
    if points > _POINTS + _GROWTH * expected:
        message = "its pictures have far more points than those of a run"
        raise ValueError(message)


def _load(data: bytes) -> Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about extensions of other programs
        return load_workbook(io.BytesIO(data))


def _differences(
    model: Workbook,
    book: Workbook,
    around: tuple[Mapping[str, Surroundings], ...],
    filled: dict[str, int],
    remarks: list[str],
) -> Iterator[str]:
    yield from _titles(model.sheetnames, book.sheetnames)
    for title in model.sheetnames:
        was, now = model[title], book[title]
        if now not in book.worksheets:  # but a sheet that is one chart
            yield f"sheet {title} no longer has any cells"
        elif now.sheet_state != "visible":
            yield f"sheet {title} is hidden"
        else:
            own = auditor_places(was)
            yield from _cells(was, now, own, filled, remarks)
            yield from _hidden(was, now)
            yield from _pictures(was, now)
            yield from _misplaced(now, own)
            before, after = (each[title] for each in around)
            last = was.max_row, was.max_column
            yield from compare_surroundings(title, before, after, last, own)
            remarks += odd_views(title, after, last)


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
    was: Worksheet,
    now: Worksheet,
    own: set[_Place],
    filled: dict[str, int],
    remarks: list[str],
) -> Iterator[str]:
    title = was.title
    expected, found = _read(was, own), _read(now, own)
    filled[title] = found.count_filled(expected)
    place = differing_row(expected.rows, found.rows)
    if place is None:
        yield from _formats(was, now, own)
        return
    if own and Counter(expected.rows) == Counter(found.rows) and expected.rows[0] == found.rows[0]:
        remarks.append(f"the rows of {title} are in another order")
        if _forms(was, own) != _forms(now, own):
            yield f"{title}: some cells are shown in another form"
        return
    number, what = place
    if what != "changed":
        row = (expected if what == "is missing" else found).rows[number]
        text = ", ".join("" if value is None else str(value) for value in row)
        yield f"{title}: row {number + 1} {what}: {shown(text)}"
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
            if cell.value is None or (cell.row, cell.column) in own:
                continue
            other = now.cell(cell.row, cell.column)
            if _form(cell) == _form(other):
                continue
            place = f"{was.title}!{cell.coordinate}"
            if other.data_type == "f":
                yield f"cell {place} is a formula: {shown(other.value)}"
            pair = expected_found(cell.number_format, other.number_format)
            yield f"cell {place} is shown in another form: {pair}"


def _forms(sheet: Worksheet, own: set[_Place]) -> Counter[tuple[Any, ...]]:
    """Return how often each value is shown in each form, column by column."""
    return Counter(
        (cell.column, _plain(cell.value), _form(cell))
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None and (cell.row, cell.column) not in own
    )


def _form(cell: Any) -> str:
    """Return how a cell shows its value, the same for the same form whichever program wrote it."""
    if cell.data_type == "f":
        return "a formula"
    code = _FORMAT_NOISE.sub("", str(cell.number_format))
    if isinstance(cell.value, str) and code in ("General", "@"):
        return "as it is"
    return _LITERAL.sub(_spelled_out, code).lower()


def _spelled_out(literal: re.Match[str]) -> str:
    return "".join(
        letter if letter in _SHOWN_BARE else f"\\{letter}" for letter in literal[1] or literal[2]
    )


def _hidden(was: Worksheet, now: Worksheet) -> Iterator[str]:
    for letters, column in now.column_dimensions.items():
        if column.hidden or column.width < SEEN_WIDTH:
            yield f"{was.title}: column {letters} is hidden"
    for number, row in now.row_dimensions.items():
        is_seen = row.height is None or row.height >= SEEN_HEIGHT
        if (row.hidden or not is_seen) and number <= was.max_row:
            yield f"{was.title}: row {number} is hidden (by hand or by a filter)"


def _misplaced(now: Worksheet, own: set[_Place]) -> Iterator[str]:
    """Yield the cells that show their value otherwise than once, upright and within their column."""
    alignments = enumerate(now.parent._alignments)  # type: ignore[union-attr]  # noqa: SLF001
    odd = {number: each for number, each in alignments if each.indent > 1 or _turn(each)}
    if not odd:
        return
    widths = {
        place: column.width
        for column in now.column_dimensions.values()
        for place in range(column.min or 1, min(column.max or 1, now.max_column) + 1)
    }
    cells: Iterable[Any] = now._cells.values()  # noqa: SLF001 - makes no new ones
    for cell in cells:
        if cell.value is None or (cell.row, cell.column) in own:
            continue
        alignment = odd.get(cell._style.alignmentId)  # noqa: SLF001 - a proxy for each takes long
        if alignment is None:
            continue
        room = widths.get(cell.column, now.sheet_format.baseColWidth) - _INDENT * alignment.indent
        how = _turn(alignment) or ("outside its column" if room < SEEN_WIDTH else "")
        if how:
            yield f"cell {now.title}!{cell.coordinate} is shown {how}, as no run does"


def _turn(alignment: Any) -> str:
    """Return how a value is shown so that it reads as another, or not at all; empty for as it is."""
    if alignment.horizontal == "fill":
        return "several times"
    if alignment.textRotation:
        return "turned"
    return "from right to left" if alignment.readingOrder == _RIGHT_TO_LEFT else ""


def _pictures(was: Worksheet, now: Worksheet) -> Iterator[str]:
    """Yield how the pictures and charts of a sheet differ; a program may store a picture anew."""
    before, after = _drawn(was), _drawn(now)
    for words, count in (("missing", before - after), ("added", after - before)):
        for what in count:
            yield f"{was.title}: a {what[0]} is {words} or different"
    hidden = sorted(_covered(was, now) - _covered(was, was))
    if hidden:
        row, column = hidden[0]
        yield f"{was.title}: a picture or chart lies over {get_column_letter(column)}{row}"


def _covered(model: Worksheet, sheet: Any) -> set[_Place]:
    """Return the cells with a value in the model that something drawn on the sheet lies over.

    A millimetre or two is none: programs round.
    """
    columns = [model.column_dimensions[get_column_letter(1 + n)].width for n in range(_ACROSS)]
    lefts = [*accumulate((round(width * 7 + 5) * _PIXEL for width in columns), initial=0)]
    heights = [model.row_dimensions[1 + n].height or 15 for n in range(model.max_row + _ACROSS)]
    tops = [*accumulate((round(height * _POINT) for height in heights), initial=0)]
    covered: set[_Place] = set()
    for each in (*sheet._charts, *sheet._images):  # noqa: SLF001 - openpyxl has no other way
        (left, right), (top, bottom) = _span(each.anchor, lefts, tops)
        rows = range(bisect_right(tops, top + _ROUNDED), bisect_right(tops, bottom - _ROUNDED) + 1)
        across = range(
            bisect_right(lefts, left + _ROUNDED), bisect_right(lefts, right - _ROUNDED) + 1
        )
        covered |= {
            (row, column)
            for row in rows
            for column in across
            if row <= model.max_row and model.cell(row, column).value is not None
        }
    return covered


def _span(
    anchor: Any, lefts: Sequence[int], tops: Sequence[int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return from where to where something is drawn, across and down, in EMU."""

    def at(edges: Sequence[int], number: int, more: int) -> int:
        return edges[min(number, len(edges) - 1)] + more

    start, end = getattr(anchor, "_from", None), getattr(anchor, "to", None)
    left = at(lefts, start.col, start.colOff) if start else anchor.pos.x
    top = at(tops, start.row, start.rowOff) if start else anchor.pos.y
    if end:
        return (left, at(lefts, end.col, end.colOff)), (top, at(tops, end.row, end.rowOff))
    return (left, left + anchor.ext.width), (top, top + anchor.ext.height)


def _drawn(sheet: Any) -> Counter[tuple[str, str]]:
    """Return how often a sheet shows each picture, by its pixels, and how many charts it has."""
    charts, pictures = sheet._charts, sheet._images  # noqa: SLF001 - openpyxl has no other way
    shown_there = Counter(("picture", _points(each.ref.getvalue())) for each in pictures)
    return shown_there + Counter({("chart", ""): len(charts)})


def _points(data: bytes) -> str:
    from PIL import Image  # noqa: PLC0415 - slow to import

    try:
        # Readers of other formats may start other programs, as that of EPS does.
        picture = Image.open(io.BytesIO(data), formats=["PNG"]).convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return ""
    return hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
