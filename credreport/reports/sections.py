"""CSV text -> sections, by the csv module: for quotes, reports appended to one another, lost commas.

Every data row is either in exactly one section or named in the refusal.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from credreport.errors import InputRefused, Notice, Problem, find_too_wide
from credreport.instants import parse_instant
from credreport.reports.grid import SEPARATOR
from credreport.reports.users import account_of, is_root
from credreport.schema import (
    ARN,
    ARN_START,
    DATE_COLUMNS,
    KNOWN_ABSENCES,
    KNOWN_COLUMNS,
    NEEDED_COLUMNS,
    NOT_SUPPORTED,
    ROOT_USER,
    USER,
)
from credreport.text import as_code

_HEADER_MARKS = {USER, "password_enabled", "access_key_1_active"}
_HEADER_CELLS = 3  # this many column names make a row a second header
# Of any three known columns one has a name with such a part: rows without one need no closer look.
_PART_OF_A_NAME = re.compile(
    "_active|_enabled|_last_|_rotation|_creation_time|_credentials_info", re.IGNORECASE
)
CUT = "The file is damaged or cut short: download it again"
# A user's name has up to 64 letters and is repeated in the ARN, after a path of up to 512.
_MOST_COMMAS = 64 + 64 + 512
_MOST_PROBLEMS = 1000
_MOST_GLUED = 500
_STRAY_QUOTE = "Remove the stray quote, or download it again"
ONE_EACH = "Save each report in a file of its own"


@dataclass
class Section:
    """A header and the rows below it, up to the next header.

    columns: the names in the header.
    line: the header's line.
    rows: the cells of each row, joined by SEPARATOR.
    lines: the line of each row.
    notices: warnings about the section.
    """

    columns: tuple[str, ...]
    line: int
    rows: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Find the columns that show where a row ends."""
        self.user = self.columns.index(USER)
        self.arn = self.columns.index(ARN) if ARN in self.columns else None
        self._accounts: set[str] = set()
        self._seen = 0

    def add(self, cells: list[str], line: int) -> None:
        """Add a row."""
        self.rows.append(SEPARATOR.join(cells))
        self.lines.append(line)

    def has_account(self, account_id: str) -> bool:
        """Whether a row is of that account, where the ARN is the second cell; each is examined once."""
        for row in self.rows[self._seen :]:
            self._accounts.add(account_of(row.split(SEPARATOR, 2)[1]))
        self._seen = len(self.rows)
        return account_id in self._accounts


def read_sections(name: str, text: str) -> list[Section]:
    """Return the sections of CSV text. Raises InputRefused with every problem found."""
    return _Reader(name).read(text)


class _Reader:
    """Splits CSV text into sections; keeps every problem, so that all are reported at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.sections: list[Section] = []

    def read(self, text: str) -> list[Section]:
        skipped = first_skipped = 0
        for line, record in self._records(text):
            cells = _without_mark(record)
            if len(self.problems) > _MOST_PROBLEMS:
                self._problem(line, 0, "too many problems: the rest was not read")
                break
            if not any(cell.strip() for cell in cells) and len(cells) < 2:
                skipped += 1
                first_skipped = first_skipped or line
            elif not self.sections or _is_header(cells):
                self._start(cells, line)
            else:
                self._add(cells, line)
        if not self.problems:
            self._refuse_empty()
        if self.problems:
            raise InputRefused(self.problems)
        if skipped:
            message = f"{skipped} blank lines skipped, the first at line {first_skipped}"
            self.sections[0].notices.append(
                Notice(self.name, first_skipped, "blank-lines", message)
            )
        return self.sections

    def _problem(self, line: int, column: int, found: str, remedy: str = CUT) -> None:
        self.problems.append(Problem(self.name, line, column, found, remedy))

    def _records(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield line number and cells of each record; a cell that spans lines is an open quote."""
        lines = io.StringIO(text, newline="")
        offset = 0
        notice = None
        if text.startswith("#TYPE "):
            lines.readline()
            offset = 1
            notice = Notice(self.name, 1, "type-line", "the `#TYPE` line of PowerShell was skipped")
        reader = csv.reader(lines, strict=True)
        before = 0
        try:
            for cells in reader:
                line = before + 1 + offset
                before = reader.line_num
                if before + offset > line:
                    found = f"a quote opened here closes only in line {before + offset}"
                    self._problem(line, 0, found, _STRAY_QUOTE)
                    continue
                yield line, cells
                if notice and self.sections:
                    self.sections[0].notices.append(notice)
                    notice = None
        except csv.Error as error:
            self._problem(before + 1 + offset, 0, _quote_words(error), _STRAY_QUOTE)

    def _start(self, cells: list[str], line: int) -> None:
        problems = find_header_problems(self.name, cells, line)
        self.problems += problems
        if problems:
            if not self.sections:
                raise InputRefused(self.problems)
            return
        self.sections.append(Section(tuple(cells), line))

    def _add(self, cells: list[str], line: int) -> None:
        """Add one record to the last section, splitting off what was appended to it."""
        last_mark = -1
        if len(cells) > len(self.sections[-1].columns):
            last_mark = _last_place_of_marks(cells)
        start = 0  # what comes before it was added
        for _ in range(_MOST_GLUED):
            section = self.sections[-1]
            place = start + len(section.columns) - 1
            found = _unglue(section, cells, start, is_header=last_mark > place)
            if found is None:
                break
            cell, user = found
            if section.columns[-1] in DATE_COLUMNS and not _ends_a_row(cell):
                cut = f"a row ends within its last cell: {cell!r}; the next report follows"
                self._problem(line, len(section.columns), cut)
            message = "a row and the next report share this line; split apart"
            section.notices.append(Notice(self.name, line, "glued", message))
            self._add_row([*cells[start:place], cell], line)
            cells[place] = user
            start = place
            if last_mark > place and user == section.columns[0]:
                self._start(cells[start:], line)
                return
            self.sections.append(Section(section.columns, line))
        self._add_row(cells[start:], line)

    def _add_row(self, cells: list[str], line: int) -> None:
        section = self.sections[-1]
        width = len(section.columns)
        if len(cells) > width:
            rejoined = _rejoin(section, cells)
            if rejoined:
                message = (
                    f"an unquoted comma in the name of {rejoined[section.user]!r} was put back"
                )
                section.notices.append(Notice(self.name, line, "rejoined", message))
                cells = rejoined
        if is_like_header(cells):
            found = "a second header line that is not spelt as AWS spells it"
            self._problem(line, 1, found, ONE_EACH)
        elif len(cells) != width:
            self._wrong_width(section, cells, line)
        elif not cells[section.user].strip():
            found = "the user is blank"
            remedy = "Restore the name, or download the report again"
            self._problem(line, section.user + 1, found, remedy)
        else:
            section.add(cells, line)

    def _wrong_width(self, section: Section, cells: list[str], line: int) -> None:
        width = len(section.columns)
        found = (
            f"{len(cells)} {'field' if len(cells) == 1 else 'fields'} where the header has {width}"
        )
        lacking = section.columns[len(cells) :]
        if lacking:
            found += f"; nothing from {_column_words(lacking[0])} on"
        else:
            found += "; one comma too many, or two rows on one line"
        self._problem(line, min(len(cells), width) + 1, found)

    def _refuse_empty(self) -> None:
        if not self.sections:
            self._problem(0, 0, "no header and no rows: not a credential report")
        for section in self.sections:
            if not section.rows:
                found = "a header and no rows below it: AWS lists at least the root account"
                self._problem(section.line, 0, found, "Download the report again")


def _quote_words(error: csv.Error) -> str:
    """Return what the CSV reader stumbled over, in words."""
    words = str(error)
    if "unexpected end" in words:
        return "a quote opened here is never closed"
    if "field limit" in words:
        return f"one cell is longer than {csv.field_size_limit()} characters: perhaps an open quote"
    if "expected after" in words:
        return "characters after a closing quote"
    return f"not readable as CSV from here on ({words})"


def _column_words(column: str) -> str:
    return f"`{column}`" if column else "the column without a name"


def _is_header(cells: Collection[str]) -> bool:
    return len(cells) >= len(_HEADER_MARKS) and set(cells) >= _HEADER_MARKS


def is_like_header(cells: Collection[str]) -> bool:
    """Whether a row names three columns, though not exactly: then it is not a user."""
    if not _PART_OF_A_NAME.search(SEPARATOR.join(cells)):
        return False
    names = {cell.strip().lower() for cell in cells}
    return len(names & set(KNOWN_COLUMNS)) >= _HEADER_CELLS


def _last_place_of_marks(cells: list[str]) -> int:
    """Return the last index from which all names follow that mark a header, except `user`."""
    places = {cell: place for place, cell in enumerate(cells) if cell in _HEADER_MARKS}
    return min(places.get(mark, -1) for mark in _HEADER_MARKS - {USER})


def _without_mark(cells: list[str]) -> list[str]:
    """Return the record without the byte order mark that a joined file leaves before its header."""
    return (
        [cells[0].removeprefix("\ufeff"), *cells[1:]] if _is_header([USER, *cells[1:]]) else cells
    )


def find_header_problems(name: str, cells: list[str], line: int) -> list[Problem]:
    """Return what is wrong with a header: no names of columns, one twice, a needed one missing.

    One with too many columns is not looked at any further.
    """
    remedy = "A credential report has 22 or 23: download it again"
    if too_wide := find_too_wide(name, line, len(cells), remedy):
        return too_wide
    known = set(cells) & set(KNOWN_COLUMNS)
    start = ",".join(cells)[:80]
    if any(ARN_START.match(cell) for cell in cells):
        found = f"no header line: the file starts with a row of data, {start!r}"
        return [Problem(name, line, 1, found, "Put AWS's header line back")]
    if len(known) < 3:
        near = {cell.strip(" \ufeff").lower() for cell in cells} & set(KNOWN_COLUMNS)
        if len(near) >= 3:
            found = "the column names are not spelt as AWS spells them (capitals or blanks)"
            return [Problem(name, line, 1, found, "Restore AWS's header line")]
        found = f"not a credential report: it starts with {start!r}"
        return [Problem(name, line, 1, found, "Name the CSV or JSON that AWS gave")]
    problems = []
    twice = sorted(cell for cell, count in Counter(cells).items() if cell and count > 1)
    places = {cell: place for place, cell in enumerate(cells, 1)}
    for column in twice:
        found = f"column {as_code(column)} is named twice"
        problems.append(
            Problem(name, line, places[column], found, "Keep one, or download the report again")
        )
    missing = [column for column in NEEDED_COLUMNS if column not in cells]
    if missing:
        *most, last = [f"`{column}`" for column in missing]
        found = (
            f"without the columns {', '.join(most)} and {last}"
            if most
            else f"without the column {last}"
        )
        remedy = "A verdict needs it: download the whole report, with all columns"
        problems.append(Problem(name, line, 0, found, remedy))
    return problems


def _unglue(
    section: Section, cells: list[str], start: int, *, is_header: bool
) -> tuple[str, str] | None:
    """Return the end of the row that begins at `start`, and the first cell of what was appended to it.

    That is another header (`is_header`: all names of one follow), or the row of another account.
    """
    width = len(section.columns)
    place = start + width - 1
    if place >= len(cells):
        return None
    glued = cells[place]
    if is_header and glued.endswith(section.columns[0]):
        name = section.columns[0]
        return glued.removesuffix(name).removesuffix("\ufeff"), name
    if (section.user, section.arn) != (0, 1) or len(cells) - place < width:
        return None
    arn = cells[place + 1]
    user = ROOT_USER if is_root("", arn) else arn.rpartition("/")[2]
    cell = glued.removesuffix(user)
    other = account_of(arn)
    if not other or cell == glued or not _ends_a_row(cell):
        return None
    if other == account_of(cells[start + 1]) or section.has_account(other):
        return None
    return cell, user


def _ends_a_row(cell: str) -> bool:
    return (
        cell in (*KNOWN_ABSENCES, NOT_SUPPORTED, "true", "false", "")
        or parse_instant(cell) is not None
    )


def _rejoin(section: Section, cells: list[str]) -> list[str] | None:
    """Return the row with the unquoted commas of its name put back, if only one way does it.

    Its one ARN tells where the name ends. A second ARN is a second row on the line, and a date or
    a word for an absence is a cell of its own: neither may disappear into a name.
    """
    extra = len(cells) - len(section.columns)
    if section.arn != section.user + 1 or extra > _MOST_COMMAS:
        return None
    start = section.user
    end = start + extra + 2
    parts = cells[start:end]
    arns = [place for place, part in enumerate(parts) if account_of(part)]
    if len(arns) != 1 or any(part in KNOWN_ABSENCES or parse_instant(part) for part in parts):
        return None
    (size,) = arns
    user, arn = ",".join(parts[:size]), ",".join(parts[size:])
    return [*cells[:start], user, arn, *cells[end:]] if arn.rpartition("/")[2] == user else None
