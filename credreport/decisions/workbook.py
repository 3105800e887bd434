"""The workbook of an earlier run -> the auditor's Decisions. No verdict is read back.

It may have been saved by Excel or LibreOffice, and by anybody: sizes are bounded before anything is
unpacked, entities are refused (openpyxl parses with defusedxml, a dependency for that alone), and every
cell that is not what its column asks for is refused or reported with sheet and cell.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel
from openpyxl.utils.escape import unescape

from credreport.decisions.decision import (
    DISPOSITIONS,
    FILLED_IN,
    OPTION,
    RESULTS,
    SIGN_OFF,
    SIGN_OFF_LINES,
    Decision,
    Decisions,
    without_number,
)
from credreport.decisions.size_limits import reason_not_to_open
from credreport.errors import Notice, Problem, UsageError, problem_lines
from credreport.evidence.columns import HEADERS_OF_ACCOUNTS, KNOWN_HEADERS, TITLES
from credreport.files import read_bounded
from credreport.instants import parse_date
from credreport.rules.option_file import OptionFile
from credreport.schema import SLOT_WORDS
from credreport.text import escape_lines, first_few, plural

MAX_BYTES = 256 * 1024 * 1024
# Workbooks of a run unpack to about 11 times their size, also when other programs saved them again.
_ROOM = 4 * 1024 * 1024
_GROWTH = 30
_MAX_UNPACKED = 1024 * 1024 * 1024
_MAX_ROWS = 1_048_576
_MAX_ROWS_OF_ALL = 10 * _MAX_ROWS  # on all sheets, with those that the file leaves out
_MAX_COLUMNS = 40
_MOST_SHOWN = 60
_NAMED = 5
_HEADER_WITHIN = 20
_YEARS = range(2000, 2100)
_OLE = b"\xd0\xcf\x11\xe0"
_FINDINGS, _DECISIONS, _SUMMARY = "Findings", "Decisions", "Summary"
_SAMPLE, _WAIVERS = "Sample", "Waivers"
# Sheets with a row for what there is to decide on.
_LISTS = (_FINDINGS, _DECISIONS, "Undetermined", "Remediation")
_READ = (*_LISTS, _SUMMARY, _SAMPLE)
_MERGED = re.compile(
    rb"<(?:[^\s<>/:]+:)?mergeCell\s[^>]{0,99}?\bref=[\"'](?P<place>[A-Z]{1,3}(?P<first>\d+):[A-Z]{1,3}(?P<last>\d+))"
)
_ROW = re.compile(rb"<(?:[^\s<>/:]+:)?row(?=[\s/>])(?:[^<>]*?\sr=[\"'](?P<row>-?[0-9]{1,9})[\"'])?")
_RELATION = re.compile(rb"<(?:[^\s<>/:]+:)?Relationship\s[^<>]*>")
_ATTRIBUTE = re.compile(rb"""\b(Type|Target)\s*=\s*["']([^"'<>]*)["']""")
# What else may be on a sheet: an object, a picture behind it, a button.
_OTHERS = ("oleObject", "package", "image", "control", "ctrlProp")
_DRAWN = re.compile(rb"<(?:[^\s<>/:]+:)?(pic|sp|cxnSp|grpSp|graphicFrame|contentPart)[\s>]")
_OF_A_RUN = {"Summary": {b"graphicFrame"}, "Charts": {b"pic", b"graphicFrame"}}
_PIECE, _LONGEST_TAG = 1024 * 1024, 4096
_ID = "Finding ID"
_FINDING_ID = re.compile(r"CR-M?[0-9A-F]{12}(?:-[0-9]+)?")
# What a run writes into these columns.
_FORMS = {
    "Account": re.compile(r"(?:[0-9]{12}|account-[a-z2-7]{14}|unknown)(?:[\n (].*)?", re.DOTALL),
    "Rule": re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+"),
    "State": re.compile("[a-z][a-z_ ]*|waived .*", re.DOTALL),
}
_ABOUT = {
    "account_id": "Account", "user": "User", "credential": "Credential", "rule": "Rule",
    "limit": "Limit",
}  # fmt: skip
_CREDENTIALS = {words: name for name, words in SLOT_WORDS.items()}
_AGAIN = "Save it again in Excel or LibreOffice as .xlsx, or name another workbook"


def read_decisions(path: Path) -> Decisions:
    """Return the decisions of the workbook that --carry-from names.

    Raises UsageError if it cannot be read, is not a workbook of analyze, or has a cell filled in
    that cannot be carried over; all of them, each with sheet and cell.
    """
    try:
        data = read_bounded(path, MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{OPTION} {path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise UsageError(f"{OPTION} {path}: cannot be read ({error})") from None
    return parse_workbook(path.name, data, is_carried=True)


def parse_workbook(name: str, data: bytes, *, is_carried: bool) -> Decisions:
    """Return the decisions and the sign-off in a workbook's bytes.

    `is_carried` asks for a sheet of decisions; otherwise any workbook of the program will do. Raises
    UsageError as read_decisions does.
    """
    reader = _Reader(name)
    try:
        sheets = _read_sheets(reader, data)
    except Exception:  # whatever openpyxl raises for a file that is not one
        reader.refuse("", "cannot be read as a workbook: damaged, or not one", _AGAIN)
        sheets = {}
    needed = (_FINDINGS, _DECISIONS) if is_carried else (_SUMMARY,)
    if not reader.problems and reader.headers.keys().isdisjoint(needed):
        found = f"no sheet {needed[0]}: not a workbook of credreport analyze"
        reader.refuse("", found, "Name the workbook that the decisions were filled in")
    decisions = _to_decisions(reader, sheets)
    _refuse_others(reader, sheets, decisions)
    signed = _to_signed(sheets.get(_SUMMARY, []))
    if reader.problems:
        lines = problem_lines(reader.problems)
        raise UsageError(*(f"{OPTION} {line}" for line in lines))
    tested = _count_tested(sheets)
    added = tuple(_find_added(reader, sheets))
    if is_carried:
        results = (f"{plural(tested, 'result')} of the sample",) if tested else ()
        messages = (f"{words}: not carried over" for words in (*added, *results))
        reader.notices += [Notice(name, 0, "decision-beside", message) for message in messages]
    file = OptionFile(name, hashlib.sha256(data).hexdigest(), len(data))
    return Decisions(
        decisions,
        signed,
        tuple(reader.notices),
        file,
        tested,
        added,
    )


_Row = tuple[int, Sequence[Any]]
_Key = tuple[str, str]


class _Reader:
    """Collects what is wrong with the workbook's cells, and the warnings about them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch: datetime | None = None
        self.headers: dict[str, tuple[str, ...]] = {}
        self.far: dict[str, str] = {}
        self.drawn: set[str] = set()
        self.rows_left = _MAX_ROWS_OF_ALL
        self.letters_left = 0
        self.has_comments = False
        self.problems: list[Problem] = []
        self.notices: list[Notice] = []

    def is_full(self) -> bool:
        """Whether there is more to look at than in any workbook of a run."""
        return self.rows_left < 0 or self.letters_left < 0

    def refuse(self, place: str, found: str, remedy: str) -> None:
        about = f"{place}: {found}" if place else found
        self.problems.append(Problem(self.name, 0, 0, about, remedy))

    def say(self, place: str, message: str) -> None:
        self.notices.append(Notice(self.name, 0, "decision-read", f"{place}: {message}"))

    def text(self, place: str, cell: Any) -> str:
        """Return what a person typed, as text. A formula is refused: its value may be stale."""
        value = cell.value
        if cell.data_type == "f":
            remedy = "Replace it by its value (copy, then paste special: values)"
            self.refuse(place, "a formula", remedy)
            return ""
        if cell.data_type == "e":
            self.refuse(place, f"the error value {value!r}", "Correct the cell")
            return ""
        return _to_text(value)

    def day(self, place: str, cell: Any) -> date | None:
        """Return the decision date. Text and numbers are read where they have one meaning only."""
        text = self.text(place, cell)
        if not text:
            return None
        value = cell.value
        found: date | None = None
        if isinstance(value, datetime):
            found = value.date()
            if value.time() != datetime.min.time():
                self.say(place, f"{text} has a time of day, which is left out")
        elif isinstance(value, str):
            end = parse_date(text)
            found = end.date() if end else None
            if found:
                self.say(place, f"text, read as the date {found}")
        elif isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6:
            made = from_excel(value, self.epoch) if self.epoch else from_excel(value)
            found = made.date() if isinstance(made, datetime) else None
            if found and found.year in _YEARS:
                self.say(place, f"the number {text}, read as the date {found}")
        if found is None or found.year not in _YEARS:
            remedy = (
                f"Write a date of this century, such as 2026-03-31 ({_YEARS[0]} to {_YEARS[-1]})"
            )
            self.refuse(place, f"{_shown(text)} is not a date with one meaning", remedy)
            return None
        return found

    def disposition(self, place: str, cell: Any) -> str:
        """Return one of DISPOSITIONS, in any case; anything else is refused."""
        text = self.text(place, cell)
        known = {each.casefold(): each for each in DISPOSITIONS}
        found = known.get(text.casefold(), "")
        if text and not found:
            self.refuse(
                place, f"{_shown(text)} is not a disposition", f"Use {', '.join(DISPOSITIONS)}"
            )
        elif text != found:
            self.say(place, f"{text!r}, read as {found}")
        return found


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}...")


def _sheet(title: str) -> str:
    """Return the title of a sheet, in quotes where it is none of a run's."""
    return title if title in TITLES else repr(title)


def _to_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        value = value.date()
    return escape_lines(unescape(str(value)).replace("\r\n", "\n").strip())


def _read_sheets(reader: _Reader, data: bytes) -> dict[str, list[_Row]]:
    """Return the rows of the sheets that a person fills in; none where the file is refused."""
    if data.startswith(_OLE):
        found = "protected with a password, or an old .xls"
        reader.refuse("", found, "Save it without a password as .xlsx")
        return {}
    most = min(_ROOM + _GROWTH * len(data), _MAX_UNPACKED)
    if why := reason_not_to_open(data, most):
        found = f"{why}: no workbook of credreport with {len(data):,} bytes does that"
        reader.refuse("", found, _AGAIN)
        return {}
    reader.letters_left = most
    with zipfile.ZipFile(io.BytesIO(data)) as archive, warnings.catch_warnings():
        reader.has_comments = any(
            "omments/" in name or "/comments" in name for name in archive.namelist()
        )
        warnings.simplefilter("ignore")  # openpyxl names what it does not read
        with closing(load_workbook(io.BytesIO(data), read_only=True, keep_links=False)) as book:
            reader.epoch = book.epoch
            read: dict[str, list[_Row]] = {}
            for sheet in book.worksheets:  # a sheet may also be a chart only
                sheet.reset_dimensions()  # what the file claims its size to be
                _note_far(reader, sheet)
                if _is_drawn_on(archive, sheet):
                    reader.drawn.add(sheet.title)
                head = [*_rows(reader, sheet, _HEADER_WITHIN)]
                if reader.is_full():
                    break
                headers = _to_header(head)[1]
                reader.headers[sheet.title] = headers
                is_filled_in = _ID in headers and not {*FILLED_IN.values()}.isdisjoint(headers)
                is_pasted = sheet.title != _WAIVERS and _has_only_rows(head, headers)
                if sheet.title in _READ or is_filled_in or is_pasted:
                    read[sheet.title] = [*_rows(reader, sheet)]
                    if sheet.title in (_FINDINGS, _DECISIONS):
                        _refuse_hidden(reader, sheet)
            return read


def _note_far(reader: _Reader, sheet: Any) -> None:
    """Have the first cell noted that is right of the columns that are read, and not empty."""
    get_row = sheet._get_row  # noqa: SLF001 - it is given all cells, also those not asked for

    def note(row: Sequence[Mapping[str, Any]], *asked: Any) -> Any:
        for cell in row:
            if cell["column"] > _MAX_COLUMNS and cell["value"] not in (None, ""):
                place = f"{get_column_letter(cell['column'])}{cell['row']}"
                reader.far.setdefault(sheet.title, place)
                break
        return get_row(row, *asked)

    sheet._get_row = note  # noqa: SLF001


def _is_drawn_on(archive: zipfile.ZipFile, sheet: Any) -> bool:
    """Whether a sheet has a picture, a shape or an object that no run puts there."""
    folder, _, name = sheet._worksheet_path.rpartition("/")  # noqa: SLF001 - nothing else tells it
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in archive.namelist():
        return False
    drawn: set[bytes] = set()
    for relation in _RELATION.findall(archive.read(relations)):
        attributes = dict(_ATTRIBUTE.findall(relation))
        kind = attributes.get(b"Type", b"").decode().rpartition("/")[2]
        if kind in _OTHERS:
            return True
        if kind == "drawing":
            target = posixpath.join("/", folder, attributes.get(b"Target", b"").decode())
            part = posixpath.normpath(target).removeprefix("/")
            drawn |= {*_DRAWN.findall(archive.read(part))}
    return not drawn <= _OF_A_RUN.get(sheet.title, set())


def _has_only_rows(head: Iterable[_Row], headers: Sequence[str]) -> bool:
    """Whether a sheet has rows of findings without their header, as where somebody pasted them."""
    texts = (_to_text(cell.value) for _, cells in head for cell in cells)
    return _ID not in headers and any(map(_FINDING_ID.fullmatch, texts))


def _refuse_hidden(reader: _Reader, sheet: Any) -> None:
    """Refuse what openpyxl passes over: cells merged over rows, and rows that are out of order.

    Merged cells look filled in, and only the first has a value; of rows out of order it reads some.
    """
    found: dict[str, None] = {}
    last, is_out_of_order = 0, False
    for tags in _whole_tags(sheet):
        for match in _MERGED.finditer(tags):
            if match["first"] != match["last"]:
                found[match["place"].decode()] = None
        for match in _ROW.finditer(tags):
            number = int(match["row"] or last + 1)
            is_out_of_order |= number <= last
            last = number
    for place in found:
        remedy = "Unmerge them, and fill in each row"
        reader.refuse(f"sheet {_sheet(sheet.title)}, cells {place}", "merged", remedy)
    if is_out_of_order:
        reader.refuse(f"sheet {_sheet(sheet.title)}", "rows out of order", _AGAIN)


def _whole_tags(sheet: Any) -> Iterator[bytes]:
    """Yield the sheet as it is in the file, in pieces that split no tag."""
    rest = b""
    with sheet._get_source() as file:  # noqa: SLF001 - openpyxl gives the cells only
        while piece := file.read(_PIECE):
            whole, end, cut = piece.rpartition(b">")
            if end:
                yield rest + whole + end
                rest = b""
            rest = (rest + cut)[-_LONGEST_TAG:]


def _rows(reader: _Reader, sheet: Any, most: int | None = None) -> Iterator[_Row]:
    """Yield number and cells of each row that has any, as far as row `most`."""
    last: Sequence[Any] = ()
    if reader.is_full():
        return
    for number, cells in enumerate(sheet.iter_rows(max_row=most, max_col=_MAX_COLUMNS), 1):
        if number > _MAX_ROWS:
            reader.refuse(f"sheet {_sheet(sheet.title)}", f"more than {_MAX_ROWS} rows", _AGAIN)
            return
        reader.rows_left -= 1
        if cells is not last:
            # One text of the file may be in many cells, and is read in each of them.
            texts = (cell.value for cell in cells if isinstance(cell.value, str))
            reader.letters_left -= sum(map(len, texts))
        if reader.is_full():
            what = "letters" if reader.letters_left < 0 else "rows"
            found = f"the sheets have more {what} as far as here than those of a run in such a file"
            reader.refuse(f"sheet {_sheet(sheet.title)}, row {number}", found, _AGAIN)
            return
        # All rows that the file leaves out are the same object.
        if cells is not last and any(cell.value is not None for cell in cells):
            yield number, cells
        last = cells


def _to_decisions(reader: _Reader, sheets: Mapping[str, Sequence[_Row]]) -> tuple[Decision, ...]:
    """Return the decisions of Findings, and those of Decisions whose finding is not there."""
    found: dict[_Key, Decision] = {}
    listed: set[str] = set()
    others: list[str] = []
    for decision in _of_sheet(reader, _FINDINGS, sheets.get(_FINDINGS)):
        listed.add(decision.finding_id)
        if any(decision.cells.values()):
            _add_once(reader, found, decision)
    for decision in _of_sheet(reader, _DECISIONS, sheets.get(_DECISIONS)):
        if not any(decision.cells.values()):
            continue
        if decision.finding_id not in listed:
            # Of keys made in one second, each may have had the ID of the other.
            _add_once(reader, found, decision, decision.credential)
        elif (decision.finding_id, "") not in found:
            message = f"{decision.finding_id} has no decision on the sheet Findings, which counts"
            reader.say(decision.place, message)
        elif found[decision.finding_id, ""].content != decision.content:
            others.append(decision.finding_id)
    if others:
        words = f"{plural(len(others), 'decision')} unlike that on the sheet Findings, which counts"
        reader.say(f"sheet {_DECISIONS}", f"{words} ({first_few(others, _NAMED)})")
    twins = Counter(map(without_number, {*listed, *(each for each, _ in found)}))
    return tuple(
        replace(each, has_twin=twins[without_number(each.finding_id)] > 1)
        for each in found.values()
    )


def _add_once(
    reader: _Reader, found: dict[_Key, Decision], decision: Decision, credential: str = ""
) -> None:
    """Add a decision, unless there is one on its finding: another one is refused."""
    other = found.setdefault((decision.finding_id, credential), decision)
    if other is decision:
        return
    twice = f"{decision.finding_id} a second time (first in {other.place})"
    if other.content != decision.content:
        remedy = "Keep one of the two decisions"
        reader.refuse(decision.place, f"{twice}, with another decision", remedy)
    else:
        reader.say(decision.place, f"{twice}, with the same decision: counted once")


def _of_sheet(reader: _Reader, title: str, rows: Sequence[_Row] | None) -> Iterator[Decision]:
    """Yield what is filled in beside each Finding ID of a sheet, also where that is nothing."""
    if rows is None:
        return
    place, headers = _to_header(rows)
    number = rows[place][0] if rows else 1
    missing = [header for header in (_ID, *FILLED_IN.values()) if header not in headers]
    if missing:
        remedy = "Restore the names in the header row, or name another workbook"
        reader.refuse(
            f"sheet {_sheet(title)}, row {number}", f"no column {', '.join(missing)}", remedy
        )
        return
    twice = [header for header in (_ID, *FILLED_IN.values()) if headers.count(header) > 1]
    if twice:
        remedy = "Keep one column of that name, with all decisions in it"
        reader.refuse(
            f"sheet {_sheet(title)}, row {number}", f"two columns {', '.join(twice)}", remedy
        )
        return
    places = {header: headers.index(header) for header in headers if header}
    for number, cells in rows[place + 1 :]:
        decision = _of_row(reader, title, number, cells, places)
        if decision:
            yield decision


def _to_header(rows: Sequence[_Row]) -> tuple[int, tuple[str, ...]]:
    """Return which of the rows is the header, and its cells: the first with Finding ID, or the first."""
    texts = [
        tuple(_to_text(cell.value) for cell in cells)
        for number, cells in rows[:_HEADER_WITHIN]
        if number <= _HEADER_WITHIN
    ]
    place = next((place for place, each in enumerate(texts) if _ID in each), 0)
    return place, texts[place] if texts else ()


def _refuse_others(
    reader: _Reader, sheets: Mapping[str, Sequence[_Row]], decisions: Iterable[Decision]
) -> None:
    """Refuse decisions on further sheets, such as a copy of Findings, that would be lost."""
    known = {each.content for each in decisions}
    decided = {(each.finding_id, each.disposition) for each in decisions}
    for title in sheets.keys() - {*_READ}:
        if _ID not in reader.headers[title]:
            for number, cells in sheets[title]:
                texts = {_to_text(cell.value) for cell in cells}
                pairs = {*product(filter(_FINDING_ID.fullmatch, texts), texts & {*DISPOSITIONS})}
                if pairs - decided:
                    remedy = f"Put it on the sheet {_FINDINGS}, or delete the sheet {_sheet(title)}"
                    place = f"sheet {_sheet(title)}, row {number}"
                    reader.refuse(place, "a decision without the header of its columns", remedy)
            continue
        for decision in _of_sheet(reader, title, sheets[title]):
            if any(decision.cells.values()) and decision.content not in known:
                found = f"{decision.finding_id} has a decision that the sheet {_FINDINGS} lacks"
                remedy = f"Put it there, or delete the sheet {_sheet(title)}"
                reader.refuse(decision.place, found, remedy)


def _find_added(reader: _Reader, sheets: Mapping[str, Sequence[_Row]]) -> Iterator[str]:
    """Yield what somebody added that no run writes, nor takes over."""
    more = HEADERS_OF_ACCOUNTS if "Accounts" in reader.headers else ()
    for title, headers in reader.headers.items():
        if title not in TITLES:
            yield f"a sheet {title!r}"
        known = {*KNOWN_HEADERS.get(title, headers), *more, ""}
        for header in headers:
            if header not in known:
                yield f"a column {header!r} on the sheet {_sheet(title)}"
        if title in _LISTS and (cells := _outside(sheets.get(title, []))):
            yield f"text outside the table of the sheet {_sheet(title)} ({first_few(cells, _NAMED)})"
        if title in reader.drawn:
            yield f"a picture or shape on the sheet {_sheet(title)}"
        if title in reader.far:
            yield f"text far right of the table of the sheet {_sheet(title)} (from {reader.far[title]} on)"
    if reader.has_comments:
        yield "comments"


def _outside(rows: Sequence[_Row]) -> list[str]:
    """Return the cells with text in rows without a finding, or in columns without a header."""
    place, headers = _to_header(rows)
    width, found = len(headers), []
    for at, (number, cells) in enumerate(rows):
        texts = [_to_text(cell.value) for cell in cells]
        is_of_table = at == place or _is_of_table(texts, headers)
        is_empty_table = at == place + 1 == len(rows) - 1 and texts[0].startswith("No ")
        found += [
            f"{get_column_letter(column)}{number}"
            for column, text in enumerate(texts, 1)
            if text and not (column == 1 and is_empty_table)
            if not (is_of_table and column <= width and headers[column - 1])
        ]
    return found


def _is_of_table(texts: Sequence[str], headers: Sequence[str]) -> bool:
    """Whether a row is one of the table, with its cells where the run wrote them."""
    if _ID not in headers:
        return not any(map(_FINDING_ID.fullmatch, texts))
    cells = dict(zip(headers, texts, strict=False))
    return bool(_FINDING_ID.fullmatch(cells[_ID])) and all(
        form.fullmatch(cells[header]) for header, form in _FORMS.items() if header in cells
    )


def _of_row(
    reader: _Reader, title: str, number: int, cells: Sequence[Any], places: Mapping[str, int]
) -> Decision | None:
    """Return the decision of a row; None where the row has no Finding ID."""

    def cell(header: str) -> tuple[str, Any]:
        column = places[header]
        return f"sheet {_sheet(title)}, cell {get_column_letter(column + 1)}{number}", cells[column]

    at, identity = cell(_ID)
    filled = {name: cell(header) for name, header in FILLED_IN.items()}
    is_blank = not any(_to_text(each.value) for _, each in filled.values())
    finding_id = _to_text(identity.value)
    if not _FINDING_ID.fullmatch(finding_id):
        if not is_blank:
            found = f"{_shown(finding_id)} is not a Finding ID, and a decision is next to it"
            reader.refuse(at, found, "Put the decision beside the finding that it is about")
        return None
    if is_blank:
        return Decision(finding_id, place=at)
    about: dict[str, Any] = {
        name: _to_text(cell(header)[1].value).split("\n")[0]
        for name, header in _ABOUT.items()
        if header in places
    }
    about["credential"] = _CREDENTIALS.get(about.get("credential", ""), about.get("credential", ""))
    return Decision(
        finding_id,
        disposition=reader.disposition(*filled["disposition"]),
        decided_by=reader.text(*filled["decided_by"]),
        day=reader.day(*filled["decision_date"]),
        notes=reader.text(*filled["notes"]),
        place=at,
        **about,
    )


def _count_tested(sheets: Mapping[str, Sequence[_Row]]) -> int:
    """Return how many rows of the sample have a result filled in."""
    rows = sheets.get(_SAMPLE, [])
    headers = next((cells for _, cells in rows), ())
    places = [place for place, cell in enumerate(headers) if cell.value in RESULTS.values()]
    return sum(
        any(_to_text(cells[place].value) for place in places if place < len(cells))
        for _, cells in rows[1:]
    )


def _to_signed(rows: Sequence[_Row]) -> tuple[tuple[str, str], ...]:
    """Return label and text of each line of the sign-off that is filled in."""
    labels = [_to_text(cells[0].value) for _, cells in rows]
    if SIGN_OFF not in labels:
        return ()
    start = len(labels) - labels[::-1].index(SIGN_OFF)
    signed = []
    for label, (_, cells) in zip(labels[start:], rows[start:], strict=True):
        text = " ".join(filter(None, (_to_text(cell.value) for cell in cells[1:])))
        if label in SIGN_OFF_LINES and text:
            signed.append((label, text))
    return tuple(signed)
