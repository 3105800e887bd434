"""Streams -> Reports: one per account, with its rows in a table of typed arrays.

Every data row is either in exactly one report or named in the refusal of its file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise

import numpy as np

from credreport.arrays import Flags, Instants, Numbers
from credreport.errors import InputRefused, Notice, Problem
from credreport.reports.cells import Typed, read_cells
from credreport.reports.containers.texts import unpack
from credreport.reports.grid import SEPARATOR, Body, Grid, to_body
from credreport.reports.inputs import NoReport, Stream, own_evidence
from credreport.reports.own_output import OwnEvidence
from credreport.reports.report import Report, Source, Table, era_of
from credreport.reports.sections import (
    CUT,
    ONE_EACH,
    Section,
    find_header_problems,
    is_like_header,
    read_sections,
)
from credreport.reports.stamp import find_stamp
from credreport.reports.users import find_root, has_blank_user, read_accounts, read_order
from credreport.schema import (
    ACCOUNT_ID,
    ARN,
    BASE64_HEADER,
    CREATED,
    DATE_COLUMNS,
    EXTRA_CREDENTIALS,
    KNOWN_ABSENCES,
    KNOWN_COLUMNS,
    SLOTS,
    USER,
    Meaning,
)
from credreport.verdicts.status import INSTANT_UNIT, NEITHER, NO_INSTANT, code

_MARK = b"\xef\xbb\xbf"
_ABSENCES = tuple(f"{SEPARATOR}{word}{SEPARATOR}".encode() for word in KNOWN_ABSENCES)
# The first four letters of the columns' names, in lower case; see _names_columns.
_NAME_STARTS = tuple(
    dict.fromkeys(
        int.from_bytes(name[:4].encode(), "little") | 0x20202020 for name in KNOWN_COLUMNS
    )
)
_LIKELY_CELLS = 2  # of a header, beside the cell in the ARN's column
# How a cell of a date column may begin if it was cut; a whole date, before a comma.
_CUT_DATE = re.compile(
    rb"N/?|[0-9]{1,4}(?:-[0-9]{0,2}(?:-[0-9]?)?)?"
    rb"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{0,8}(?:\+[0-9:]{0,4})?"
)
_WHOLE_DATE = re.compile(rb"T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|\+00:00),")
# A whole cell followed by more text, or a cell longer than any that AWS writes.
_GOES_ON = re.compile(
    r"(?:N/A|no_information|not_supported|(?i:true|false)"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:Z|\+00:00))\s*[^\s].*|.{100}.*",
    re.DOTALL,
)
_FIXED_COLUMNS = {*KNOWN_COLUMNS} - {USER, ARN, EXTRA_CREDENTIALS}
_LEAST_ROW = 60  # letters; no cell is nearly as long but for names and ARNs
_LEAST_FLAGS = 3  # of the six or more in a row
_LONGEST_HEADER = 16 << 10  # bytes: what is shared by many reports is kept
_MOST_ALIKE = 20  # warnings of one kind about one file


def read_streams(streams: Sequence[Stream]) -> list[list[Report | NoReport]]:
    """Return, for each stream, its reports, or what is wrong with it, or why it is left out.

    Reports of different accounts that were appended to one another are split, also where the last
    row and the next header (or row) share a line. Reports that share a header share a table: many
    small reports are read at once.
    """
    return _Reading(streams).answers()


@dataclass(frozen=True)
class _Csv:
    """The CSV text of a stream: its place among the streams, where it came from, when it was made."""

    place: int
    source: Source
    text: bytes
    path: str
    stamp: datetime | None
    stamp_origin: str
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class _Part:
    """One text of a grid: its CSV, the line of its header, and its bytes if it is the whole CSV."""

    csv: _Csv
    line: int
    body: Body | None = None


class _Reading:
    """Reads some streams together; a stream that is refused does not affect the others."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.streams = streams
        self.problems: dict[int, list[NoReport]] = {}
        self.notices: dict[int, list[Notice]] = {}
        self.reports: dict[int, list[Report]] = {}

    def answers(self) -> list[list[Report | NoReport]]:
        """Read all streams."""
        bodies: dict[tuple[str, ...], list[_Part]] = {}
        others: list[_Csv] = []
        for each in self._open_all():
            cut = _find_cut(each)
            if cut:
                self.problems[each.place] = [cut]
                continue
            found = to_body(each.text)
            columns = columns_of(found[0]) if found else None
            if found is None or columns is None:
                others.append(each)
            else:
                bodies.setdefault(columns, []).append(_Part(each, 1, found[1]))
        for columns, parts in bodies.items():
            others += self._split(columns, parts)
        self._join(others)
        return [self._answer(place, stream.name) for place, stream in enumerate(self.streams)]

    def _open_all(self) -> Iterator[_Csv]:
        for place, stream in enumerate(self.streams):
            try:
                yield from _open(place, stream)
            except InputRefused as refusal:
                self.problems[place] = [*refusal.problems]
            except OwnEvidence:
                found = "evidence that credreport wrote, not a report"
                problem = Problem(stream.name, 0, 0, found, "Name the report that AWS gave")
                self.problems[place] = [own_evidence(stream.name) if stream.searched else problem]

    def _split(self, columns: tuple[str, ...], parts: list[_Part]) -> list[_Csv]:
        """Read texts by their separators; return those for which that is not enough."""
        others: list[_Csv] = []
        while parts:
            grid, is_bad = Grid.split(columns, [part.body for part in parts if part.body])
            others += [part.csv for part, bad in zip(parts, is_bad, strict=True) if bad]
            parts = [part for part, bad in zip(parts, is_bad, strict=True) if not bad]
            if not parts:
                break
            typed = read_cells(grid)
            is_strange = has_blank_user(grid) | _names_columns(grid, typed)
            if not is_strange.any():
                self._add(grid, parts, typed)
                break
            owner = np.repeat(np.arange(len(parts)), grid.sizes)
            strange = set(owner[is_strange].tolist())
            others += [parts[number].csv for number in sorted(strange)]
            parts = [part for number, part in enumerate(parts) if number not in strange]
        return others

    def _join(self, csvs: Sequence[_Csv]) -> None:
        """Read texts by the csv module."""
        sections: dict[tuple[str, ...], list[tuple[_Csv, Section]]] = {}
        for each in csvs:
            try:
                found = read_sections(each.source.name, each.text.decode())
            except InputRefused as refusal:
                self.problems.setdefault(each.place, []).extend(refusal.problems)
                continue
            notices = self.notices.setdefault(each.place, [])
            notices += [notice for one in found for notice in one.notices]
            for one in found:
                sections.setdefault(one.columns, []).append((each, one))
        for columns, pairs in sections.items():
            grid = Grid.join(columns, [(section.rows, section.lines) for _, section in pairs])
            self._add(grid, [_Part(each, section.line) for each, section in pairs], None)

    def _add(self, grid: Grid, parts: Sequence[_Part], typed: Typed | None) -> None:
        """Add the reports of a grid; `typed` are its cells, if they were read before."""
        self._refuse_more(grid, parts)
        self._refuse_rows_within(grid, parts)
        table, owners = _to_table(grid, typed)
        firsts = np.flatnonzero(np.diff(table.report, prepend=-1))
        newest = np.maximum.reduceat(table.typed.newest.view("i8"), firsts).view(INSTANT_UNIT)
        is_zulu = np.logical_or.reduceat(table.typed.is_zulu, firsts).tolist()
        has_root = np.logical_or.reduceat(table.is_root, firsts).tolist()
        created = np.where(table.is_root, table.typed.created_at, NO_INSTANT).view("i8")
        root_created = np.maximum.reduceat(created, firsts).view(INSTANT_UNIT).tolist()
        eras = [era_of(grid.columns, is_zulu=each) for each in (False, True)]
        edges = [*firsts.tolist(), len(grid)]
        count = np.bincount(owners, minlength=len(parts)).tolist()
        for number, (owner, (begin, end), latest) in enumerate(
            zip(owners.tolist(), pairwise(edges), newest.tolist(), strict=True)
        ):
            part = parts[owner]
            self.reports.setdefault(part.csv.place, []).append(
                Report(
                    source=part.csv.source,
                    account_id=table.accounts[table.account[begin]],
                    columns=grid.columns,
                    header_line=part.line,
                    first_line=int(table.line[begin]),
                    row_count=end - begin,
                    era=eras[is_zulu[number]],
                    newest=_in_utc(latest),
                    digest=_digest(grid, begin, end, part if count[owner] == 1 else None),
                    has_root=has_root[number],
                    root_created=_in_utc(root_created[number]),
                    created=_sort_known(table.typed.created_at[begin:end]),
                    path=part.csv.path,
                    stamp=part.csv.stamp,
                    stamp_origin=part.csv.stamp_origin,
                    notices=part.csv.notices,
                    table=table,
                    first=begin,
                )
            )

    def _refuse_more(self, grid: Grid, parts: Sequence[_Part]) -> None:
        """Refuse text after a last row: AWS writes no line end there, so appended text joins it."""
        column = len(grid.columns) - 1
        is_fixed = grid.columns[column] in _FIXED_COLUMNS
        ends = np.cumsum(grid.sizes) - 1
        for part, row, cell in zip(parts, ends.tolist(), grid.cells(ends, column), strict=True):
            if BASE64_HEADER in cell or (is_fixed and _GOES_ON.fullmatch(cell)):
                found = f"something else follows the last row: {cell[:40]!r}"
                remedy = "Take it out, or download the report again"
                self._refuse(part.csv, int(grid.lines[row]), column, found, remedy)

    def _refuse_rows_within(self, grid: Grid, parts: Sequence[_Part]) -> None:
        """Refuse a cell that holds a row: one whose line end and separators were changed."""
        owners = np.cumsum(grid.sizes)
        for column, name in enumerate(grid.columns):
            own = _LEAST_ROW if name == ARN else 0  # letters of the cell itself
            rows = np.flatnonzero(grid.ends(column) - grid.starts(column) >= own + _LEAST_ROW)
            for row, cell in zip(rows.tolist(), grid.cells(rows, column), strict=True):
                small = cell.lower()
                flags = small.count("true") + small.count("false")
                if flags < _LEAST_FLAGS and not (flags and "arn:" in small[1 if own else 0 :]):
                    continue
                csv = parts[int(np.searchsorted(owners, row, side="right"))].csv
                found = f"another row within a cell: {cell[:40]!r}"
                line = int(grid.lines[row])
                self._refuse(csv, line, column, found, "Download the report again")

    def _refuse(self, csv: _Csv, line: int, column: int, found: str, remedy: str) -> None:
        problem = Problem(csv.source.name, line, column + 1, found, remedy)
        self.problems.setdefault(csv.place, []).append(problem)

    def _answer(self, place: int, name: str) -> list[Report | NoReport]:
        # Sections with the same header were read together: back into the order of the file.
        reports = sorted(self.reports.get(place, []), key=_place_in_file)
        problems: Sequence[NoReport] | None = self.problems.get(place)
        if problems is None:
            problems = _find_same_account(reports)
        if problems or not reports:
            return [*problems]
        notices = _shortened(self.notices.get(place, []))
        if len(reports) > 1:
            message = f"contains {len(reports)} reports or accounts, each judged separately"
            notices = [Notice(name, 0, "several-accounts", message), *notices]
            accounts = frozenset(report.account_id for report in reports)
            reports = [replace(report, accounts_of_file=accounts) for report in reports]
        if notices:  # every report of the file has them: its siblings may be superseded
            every = (*reports[0].notices, *notices)
            reports = [replace(report, notices=every) for report in reports]
        if any(report.users.blanks[report.first : report.end].any() for report in reports):
            are_absences = not any(map(_contains_absences, reports))
            reports = [replace(report, blanks_are_absences=are_absences) for report in reports]
        return [*reports]


def _sort_known(instants: Instants) -> Instants:
    known: Instants = np.sort(instants[~np.isnat(instants)])
    return known


def _in_utc(instant: datetime | None) -> datetime | None:
    return instant and instant.replace(tzinfo=UTC)


def _place_in_file(report: Report) -> tuple[int, str, int]:
    """Return what sorts the reports of one file: by answer, whose names end with a number, and line."""
    return len(report.source.name), report.source.name, report.header_line


def _open(place: int, stream: Stream) -> Iterator[_Csv]:
    """Yield the CSV texts of a stream. Raises InputRefused, and OwnEvidence, as `unpack` does.

    Where a file has several answers of the CLI, each is a source of its own, with its own time.
    """
    text = stream.data.removeprefix(_MARK)
    found = [(stream.name, text, "CSV", "")]
    if not _is_csv(text):
        found = [
            (
                f"{stream.name} (answer {each.answer})" if each.answer else stream.name,
                each.text.encode(),
                each.container,
                each.generated_time,
            )
            for each in unpack(stream.name, stream.data)
        ]
    digest = hashlib.sha256(stream.data).hexdigest()
    for name, each_text, container, generated_time in found:
        stamp, origin, notices = find_stamp(name, generated_time, stream.place_stamp)
        source = Source(name, digest, len(stream.data), container)
        yield _Csv(place, source, each_text, stream.path, stamp, origin, tuple(notices))


def _shortened(notices: Sequence[Notice]) -> list[Notice]:
    """Return the first warnings of each kind, and one that counts the others."""
    kept: list[Notice] = []
    counts: Counter[str] = Counter()
    for notice in notices:
        counts[notice.code] += 1
        if counts[notice.code] <= _MOST_ALIKE:
            kept.append(notice)
        elif counts[notice.code] == _MOST_ALIKE + 1:
            more = sum(each.code == notice.code for each in notices) - _MOST_ALIKE
            message = f"{notice.message}; the same in {more - 1} more lines"
            kept.append(replace(notice, message=message))
    return kept


def _find_cut(csv_: _Csv) -> Problem | None:
    """Return what is wrong with a text that ends within a date, or within `N/A`.

    AWS writes no line end after the last row; where there is one the cell is whole.
    """
    text = csv_.text
    last = text[text.rfind(b",") + 1 :]
    column = text[: text.find(b"\n")].rstrip(b"\r").rpartition(b",")[2]
    if not _CUT_DATE.fullmatch(last) or column.decode() not in DATE_COLUMNS:
        return None
    if not last.startswith(b"N") and not _WHOLE_DATE.search(text):
        return None  # dates are spelt differently here
    lines = text.splitlines()
    found = f"the file ends within a cell: {last.decode()!r}"
    return Problem(csv_.source.name, len(lines), lines[-1].count(b",") + 1, found, CUT)


def _is_csv(text: bytes) -> bool:
    """Whether these are the bytes of a CSV file with a correct header."""
    end = text.find(b"\n")
    header = text[: max(end, 0)].rstrip(b"\r").replace(b'"', b"")
    if columns_of(header) is None or b"\0" in text or b"\t" in text:
        return False
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


def columns_of(header: bytes) -> tuple[str, ...] | None:
    """Return the names in a header line without quotes; None where something is wrong with it.

    None, too, where it is so long that only the csv module reads it.
    """
    return _columns_of(header) if len(header) <= _LONGEST_HEADER else None


@lru_cache(maxsize=256)
def _columns_of(header: bytes) -> tuple[str, ...] | None:
    try:
        cells = header.decode().split(",")
    except UnicodeDecodeError:
        return None
    return None if find_header_problems("", cells, 1) else tuple(cells)


def _names_columns(grid: Grid, typed: Typed) -> Flags:
    """Return which rows name three columns: no users, but perhaps a second header.

    Of three cells two are not in the ARN's column, and are no flag and no date where there should
    be one; all other rows are ruled out on the arrays.
    """
    rows = np.zeros(len(grid), dtype="i1")
    for slot, place in enumerate(SLOTS):
        if grid.place(place.enabled) >= 0:
            rows += typed.enabled[slot] == NEITHER
        rows += typed.last_meaning[slot] == code(Meaning.TEXT)
        rows += typed.set_meaning[slot] == code(Meaning.TEXT)
    read = {ARN, *DATE_COLUMNS, *(slot.enabled for slot in SLOTS)} - {CREATED}
    free = [place for place, column in enumerate(grid.columns) if column not in read]
    starts = grid.words(grid.starts(free), 4)
    letter = starts & 0xFF
    is_likely = ((letter <= ord(" ")) & (letter > 0)) | (letter >= 0x80)
    small = starts | 0x20202020
    for name in _NAME_STARTS:
        is_likely |= small == name
    rows += np.add.reduce(is_likely, axis=0, dtype="i1")
    found: Flags = rows >= _LIKELY_CELLS
    for row in np.flatnonzero(found).tolist():
        found[row] = is_like_header([cell.removeprefix("\ufeff") for cell in grid.row(row)])
    return found


def _to_table(grid: Grid, typed: Typed | None) -> tuple[Table, Numbers]:
    """Return the table of a grid whose rows are put together by report, and the text of each report."""
    accounts, own_account = read_accounts(grid)
    text = np.repeat(np.arange(len(grid.sizes)), grid.sizes)
    part, account = _parts_of_texts(accounts, own_account, text, grid.sizes)
    has_no_account = account != own_account
    order = np.lexsort((part, text))
    is_in_order = bool((order[1:] > order[:-1]).all())
    if not is_in_order:
        grid.reorder(order)
        account, text, part, typed = account[order], text[order], part[order], None
        has_no_account = has_no_account[order]
    is_first = np.append(True, (text[1:] != text[:-1]) | (part[1:] != part[:-1]))
    report = np.cumsum(is_first) - 1
    root = find_root(grid)
    names = read_order(grid, report, account, root)
    known = [
        place
        for place, column in enumerate(grid.columns)
        if column in KNOWN_COLUMNS and column != EXTRA_CREDENTIALS
    ]
    sizes = np.diff(grid.bounds, axis=0)
    table = Table(
        report=report,
        line=grid.lines,
        is_root=root,
        typed=typed or read_cells(grid),
        order=replace(names, has_other_arn=names.has_other_arn | has_no_account),
        blanks=np.add.reduce(sizes[known] == 1, axis=0, dtype="i8"),
        accounts=tuple(accounts),
        account=account,
        stretches=((grid, 0, len(grid)),),
    )
    return table, text[is_first]


def _parts_of_texts(
    accounts: Sequence[str], account: Numbers, text: Numbers, sizes: Numbers
) -> tuple[Numbers, Numbers]:
    """Return the number of each row's account in its text, from 0, in the order of appearance.

    Rows without an ARN belong to the account of the others, if there is only one: also returned are
    the accounts with that filled in.
    """
    part, account = np.zeros(len(account), dtype="i8"), account.copy()
    ends = np.cumsum(sizes)
    firsts = ends - sizes
    is_mixed = account != np.repeat(account[firsts], sizes)
    for number in np.unique(text[is_mixed]).tolist():
        begin, end = firsts[number], ends[number]
        found, first, place = np.unique(account[begin:end], return_index=True, return_inverse=True)
        if len(found) == 2 and "" in (accounts[found[0]], accounts[found[1]]):
            account[begin:end] = max(found, key=accounts.__getitem__)
            continue
        rank = np.empty(len(found), dtype="i8")
        rank[np.argsort(first)] = np.arange(len(found))
        part[begin:end] = rank[place]
    return part, account


def _digest(grid: Grid, begin: int, end: int, part: _Part | None) -> str:
    """Return the hash of the CSV that AWS writes: no line end after the last row, no needless quote.

    `part` is the text that consists of these rows, if there is one.
    """
    if part and part.body:
        whole = b"%b\n%b" % (",".join(grid.columns).encode(), part.body.text)
        is_plain = part.csv.source.size == len(whole)
        is_same = is_plain and part.csv.text == whole
        return part.csv.source.sha256 if is_same else hashlib.sha256(whole).hexdigest()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(grid.columns)
    writer.writerows(grid.row(row) for row in range(begin, end))
    return hashlib.sha256(text.getvalue().removesuffix("\n").encode()).hexdigest()


def _contains_absences(report: Report) -> bool:
    """Whether a cell other than a user's name is one of the words for an absence."""
    ((grid, _, _),) = report.users.stretches
    typed, rows = report.users.typed, slice(report.first, report.end)
    absence = code(Meaning.ABSENCE)
    if (typed.last_meaning[:, rows] == absence).any() or (
        typed.set_meaning[:, rows] == absence
    ).any():
        return True
    if not any(grid.contains(word, report.first, report.end) for word in _ABSENCES):
        return False
    user = grid.place(USER)
    return any(
        cell in KNOWN_ABSENCES
        for row in report.rows
        for place, cell in enumerate(row)
        if place != user
    )


def _find_same_account(reports: Sequence[Report]) -> list[Problem]:
    """Return what is wrong with reports of one file: an account twice, or two roots of one."""
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for report in reports:
        is_id = ACCOUNT_ID.fullmatch(report.account_id)
        known = report.account_id if is_id else repr(report.account_id)
        words = f"account {known}" if report.account_id else "an account without an ARN"
        roots = np.flatnonzero(report.users.is_root[report.first : report.end])
        if report.account_id in seen:
            line = seen[report.account_id]
            found = f"a second report of {words}; the first begins at line {line}"
            problems.append(Problem(report.source.name, report.first_line, 0, found, ONE_EACH))
        elif len(roots) > 1:
            first, second = (int(report.users.line[report.first + row]) for row in roots[:2])
            found = f"a second root row of {words}; the first is line {first}"
            problems.append(Problem(report.source.name, second, 0, found, ONE_EACH))
        seen.setdefault(report.account_id, report.first_line)
    return problems
