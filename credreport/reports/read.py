"""One input's bytes -> CredentialReports: the shape is checked here, the cells stay untouched.

Every data row is either in exactly one report or named in the refusal.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from credreport.errors import InputRefused, Notice, Problem
from credreport.instants import parse_instant
from credreport.reports.containers import unpack
from credreport.reports.inputs import Stream
from credreport.reports.stamp import find_stamp
from credreport.schema import (
    ARN,
    ARN_START,
    DATE_COLUMNS,
    KNOWN_ABSENCES,
    KNOWN_COLUMNS,
    NEEDED_COLUMNS,
    ROOT_USER,
    SLOTS,
    USER,
)

_HEADER_MARKS = {USER, "password_enabled", "access_key_1_active"}
_CUT = "The file is damaged or cut short: download it again"
# A user's name has up to 64 letters and stands in the ARN again, below a path of up to 512.
_MOST_COMMAS = 64 + 64 + 512
_MOST_PROBLEMS = 1000
_MOST_GLUED = 500
_STRAY_QUOTE = "Remove the stray quote, or download it again"
_ONE_EACH = "Save each report in a file of its own"


@dataclass(frozen=True)
class Source:
    """Where a report came from: the input's name, its bytes' SHA-256 and size, what it was saved in."""

    name: str
    sha256: str
    size: int
    container: str


@dataclass(frozen=True)
class CredentialReport:
    """One report of one account: AWS's CSV, every cell as it stood.

    `rows` has one list of cells a user, in the order of `columns`; `lines` the line of each.
    `stamp` is when the report says it was made; `as_of` the instant at which it is judged.
    """

    source: Source
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    account_id: str
    header_line: int
    file_holds_absences: bool
    stamp: datetime | None = None
    stamp_origin: str = ""
    as_of: datetime | None = None
    as_of_origin: str = ""
    notices: tuple[Notice, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over header and cells: equal for copies, whatever they were saved in.

        It is that of the CSV that AWS writes: no line end after the last row, no needless quote.
        """
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.columns, *self.rows])
        written = text.getvalue().removesuffix("\n")
        return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def first_line(self) -> int:
        """The line of the first user."""
        return self.lines[0]

    @property
    def row_count(self) -> int:
        """The number of users, root included."""
        return len(self.rows)

    @property
    def blanks_are_absences(self) -> bool:
        """Whether a blank is a known absence: only where the file holds neither word for one."""
        return not self.file_holds_absences

    @property
    def era(self) -> str:
        """When AWS wrote such reports, told by the columns and the spelling of dates."""
        is_zulu = any(cell.endswith("Z") and parse_instant(cell) for cell in self._dates())
        return era_of(self.columns, is_zulu=is_zulu)

    @cached_property
    def newest(self) -> datetime | None:
        """The newest timestamp in the report, `password_next_rotation` apart."""
        instants = [instant for cell in set(self._dates()) if (instant := parse_instant(cell))]
        return max(instants, default=None)

    def _dates(self) -> Iterator[str]:
        places = [self.columns.index(name) for name in DATE_COLUMNS if name in self.columns]
        return (row[place] for row in self.rows for place in places)


def era_of(columns: Sequence[str], *, is_zulu: bool) -> str:
    """Return when AWS wrote reports with such columns; `is_zulu`: a date of it ends with Z."""
    known = [column for column in columns if column in KNOWN_COLUMNS]
    untracked = not any(slot.last_used in columns for slot in SLOTS[1:3])
    if len(known) == 23:
        return "documented (23 columns)"
    if len(known) == 22:
        return "since mid 2024 (22 columns, Z)" if is_zulu else "2015 to 2024 (22 columns, +00:00)"
    if len(known) == 16 and untracked:
        return "2014 to April 2015 (16 columns)"
    return f"cut down ({len(known)} of 22 columns)"


def account_of(arn: str) -> str:
    """Return the account that an ARN names, or an empty text."""
    match = ARN_START.match(arn)
    return match[1] if match else ""


def is_root(user: str, arn: str) -> bool:
    """Whether the row is the root account's: never told by `not_supported`."""
    return user == ROOT_USER or arn.endswith((":root", f":{ROOT_USER}"))


def read_report(stream: Stream) -> list[CredentialReport]:
    """Return the reports that one input holds: one for each account in it.

    Reports of different accounts that were appended to one another are split, also where the last
    row and the next header (or row) share a line. Raises InputRefused with every problem found,
    and OwnEvidence for a file that credreport wrote.
    """
    unpacked = unpack(stream.name, stream.data)
    source = Source(
        name=stream.name,
        sha256=hashlib.sha256(stream.data).hexdigest(),
        size=len(stream.data),
        container=unpacked.container,
    )
    stamp, origin, notices = find_stamp(stream.name, unpacked.generated_time, stream.folder_stamp)
    sections = _Reader(stream.name).read(unpacked.text)
    holds_absences = any(section.holds_absences for section in sections)
    reports = []
    for section in sections:
        for account_id, numbers in _split_accounts(section).items():
            reports.append(
                CredentialReport(
                    source=source,
                    columns=section.columns,
                    rows=tuple(tuple(section.rows[number]) for number in numbers),
                    lines=tuple(section.lines[number] for number in numbers),
                    account_id=account_id,
                    header_line=section.line,
                    file_holds_absences=holds_absences,
                    stamp=stamp,
                    stamp_origin=origin,
                )
            )
    _refuse_same_account(stream.name, reports)
    if len(reports) > 1:
        message = f"holds {len(reports)} reports or accounts, judged one by one"
        notices.append(Notice(stream.name, 0, "several-accounts", message))
    notices += [notice for section in sections for notice in section.notices]
    # Every report of the file bears them: its siblings may be superseded.
    return [replace(report, notices=tuple(notices)) for report in reports]


@dataclass
class _Section:
    """A header and the rows below it, up to the next header."""

    columns: tuple[str, ...]
    line: int
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.user = self.columns.index(USER)
        self.arn = _place_of_arn(self.columns)

    def add(self, cells: list[str], line: int) -> None:
        self.rows.append(cells)
        self.lines.append(line)

    @property
    def holds_absences(self) -> bool:
        """Whether one of the words for "none" stands anywhere in it; a user may be called so."""
        return any(
            cell in KNOWN_ABSENCES
            for row in self.rows
            for place, cell in enumerate(row)
            if place != self.user
        )

    def arn_of(self, cells: Sequence[str]) -> str:
        return "" if self.arn is None else cells[self.arn]


class _Reader:
    """Splits CSV text into sections; keeps every problem, so that all are told at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.sections: list[_Section] = []

    def read(self, text: str) -> list[_Section]:
        skipped: list[int] = []
        for line, record in self._records(text):
            cells = _without_mark(record)
            if len(self.problems) > _MOST_PROBLEMS:
                self._problem(line, 0, "too much is wrong: not read any further")
                break
            if not any(cell.strip() for cell in cells) and len(cells) < 2:
                skipped.append(line)
            elif not self.sections or _is_header(cells):
                self._start(cells, line)
            else:
                self._add(cells, line)
        if not self.problems:
            self._refuse_empty()
        if self.problems:
            raise InputRefused(self.problems)
        if skipped:
            message = f"{len(skipped)} blank lines skipped, the first at line {skipped[0]}"
            self.sections[0].notices.append(Notice(self.name, skipped[0], "blank-lines", message))
        return self.sections

    def _problem(self, line: int, column: int, found: str, remedy: str = _CUT) -> None:
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
        problems = _header_problems(self.name, cells, line)
        self.problems += problems
        if problems:
            if not self.sections:
                raise InputRefused(self.problems)
            return
        self.sections.append(_Section(tuple(cells), line))

    def _add(self, cells: list[str], line: int) -> None:
        """Add one record to the last section, taking apart what was glued to it."""
        for _ in range(_MOST_GLUED):
            parts = _unglue(self.sections[-1], cells)
            if not parts:
                break
            section = self.sections[-1]
            first, cells = parts
            message = "a row and the next report share this line; taken apart"
            section.notices.append(Notice(self.name, line, "glued", message))
            self._add_row(first, line)
            if _is_header(cells):
                self._start(cells, line)
                return
            self.sections.append(_Section(section.columns, line))
        self._add_row(cells, line)

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
        if _is_like_header(cells):
            found = "a second header line that is not spelt as AWS spells it"
            self._problem(line, 1, found, _ONE_EACH)
        elif len(cells) != width:
            self._wrong_width(section, cells, line)
        elif not cells[section.user].strip():
            found = "the user is blank"
            remedy = "Restore the name, or download the report again"
            self._problem(line, section.user + 1, found, remedy)
        else:
            section.add(cells, line)

    def _wrong_width(self, section: _Section, cells: list[str], line: int) -> None:
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
        return f"one cell is longer than {csv.field_size_limit()} letters: perhaps an open quote"
    if "expected after" in words:
        return "letters after a closing quote"
    return f"not readable as CSV from here on ({words})"


def _column_words(column: str) -> str:
    return f"`{column}`" if column else "the column without a name"


def _place_of_arn(columns: tuple[str, ...]) -> int | None:
    return columns.index(ARN) if ARN in columns else None


def _is_header(cells: Iterable[str]) -> bool:
    return set(cells) >= _HEADER_MARKS


def _is_like_header(cells: Iterable[str]) -> bool:
    """Whether a record names columns, though not exactly: then it is no user."""
    return len({cell.strip().lower() for cell in cells} & set(KNOWN_COLUMNS)) >= 3


def _without_mark(cells: list[str]) -> list[str]:
    """Return the record without the byte order mark that a joined file leaves before its header."""
    return (
        [cells[0].removeprefix("\ufeff"), *cells[1:]] if _is_header([USER, *cells[1:]]) else cells
    )


def _header_problems(name: str, cells: list[str], line: int) -> list[Problem]:
    known = set(cells) & set(KNOWN_COLUMNS)
    start = ",".join(cells)[:80]
    if any(ARN_START.match(cell) for cell in cells):
        found = f"no header line: the file starts with a row of data ({start} …)"
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
    for column in twice:
        place = len(cells) - cells[::-1].index(column)
        found = f"column `{column}` is named twice"
        problems.append(Problem(name, line, place, found, "Keep one, or download the report again"))
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


def _unglue(section: _Section, cells: list[str]) -> tuple[list[str], list[str]] | None:
    """Return the row and what was appended to its last cell: another header, or another account's row."""
    last = len(section.columns) - 1
    tail = cells[last:]
    if not tail:
        return None
    if tail[0].endswith(section.columns[0]) and _is_header([USER, *tail]):
        name = section.columns[0]
        cell = tail[0].removesuffix(name).removesuffix("\ufeff")
        return [*cells[:last], cell], [name, *tail[1:]]
    if (section.user, section.arn) != (0, 1) or len(tail) < len(section.columns):
        return None
    arn = tail[1]
    user = ROOT_USER if is_root("", arn) else arn.rpartition("/")[2]
    cell = tail[0].removesuffix(user)
    other = account_of(arn)
    if not other or cell == tail[0] or not _ends_a_row(cell):
        return None
    if any(account_of(section.arn_of(row)) == other for row in [*section.rows, cells]):
        return None
    return [*cells[:last], cell], [user, *tail[1:]]


def _ends_a_row(cell: str) -> bool:
    return cell in (*KNOWN_ABSENCES, "true", "false", "") or parse_instant(cell) is not None


def _rejoin(section: _Section, cells: list[str]) -> list[str] | None:
    """Return the row with the unquoted commas of its name put back, if only one way does it.

    Its one ARN tells where the name ends. A second ARN is a second row on the line, and a date or
    a word for "none" is a cell of its own: neither may vanish in a name.
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


def _split_accounts(section: _Section) -> dict[str, list[int]]:
    """Return the row numbers of each account; rows without an ARN go with the only account there is."""
    accounts: dict[str, list[int]] = {}
    for number, cells in enumerate(section.rows):
        accounts.setdefault(account_of(section.arn_of(cells)), []).append(number)
    if "" in accounts and len(accounts) == 2:
        (only,) = set(accounts) - {""}
        return {only: sorted(accounts[only] + accounts[""])}
    return accounts


def _refuse_same_account(name: str, reports: list[CredentialReport]) -> None:
    problems = []
    seen: dict[str, int] = {}
    for report in reports:
        user = report.columns.index(USER)
        arn = _place_of_arn(report.columns)
        roots = [
            line
            for line, cells in zip(report.lines, report.rows, strict=True)
            if is_root(cells[user], "" if arn is None else cells[arn])
        ]
        words = f"account {report.account_id}" if report.account_id else "an account without ARN"
        if report.account_id in seen:
            found = (
                f"a second report of {words}; the first begins at line {seen[report.account_id]}"
            )
            problems.append(Problem(name, report.lines[0], 0, found, _ONE_EACH))
        elif len(roots) > 1:
            found = f"a second root row of {words}; the first is line {roots[0]}"
            problems.append(Problem(name, roots[1], 0, found, _ONE_EACH))
        seen.setdefault(report.account_id, report.lines[0])
    if problems:
        raise InputRefused(problems)
