"""What a report is: one account's, with its users in a table of typed arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np

from credreport.arrays import Flags, Instants, Numbers
from credreport.errors import Notice
from credreport.reports.cells import Typed
from credreport.reports.grid import Grid
from credreport.reports.users import Order
from credreport.schema import KNOWN_COLUMNS, SLOTS, USER, Kind
from credreport.verdicts.status import INSTANT_UNIT

T = TypeVar("T")


def _nobody() -> Instants:
    return np.empty(0, dtype=INSTANT_UNIT)


@dataclass(frozen=True)
class Source:
    """Where a report came from: the input's name, SHA-256 and size of its bytes, its container."""

    name: str
    sha256: str
    size: int
    container: str


@dataclass(frozen=True)
class Table:
    """The users of some reports, typed: one entry per user, in the order of reports and rows.

    report: which of the reports each user is in, from 0.
    line: the line of each user in its file.
    is_root: whether the row is root's.
    typed: the flags and dates.
    order: what is irregular in the names.
    blanks: how many cells of each user are blank where AWS writes a word.
    accounts: the different accounts in the ARNs, "" for none.
    account: the index of each user's among them.
    stretches: where the text of the cells is: grid, first row, row after the last.
    """

    report: Numbers
    line: Numbers
    is_root: Flags
    typed: Typed
    order: Order
    blanks: Numbers
    accounts: tuple[str, ...]
    account: Numbers
    stretches: tuple[tuple[Grid, int, int], ...]

    def __len__(self) -> int:
        """Return the number of users."""
        return len(self.report)

    @cached_property
    def _ends(self) -> Numbers:
        return np.cumsum([end - begin for _, begin, end in self.stretches])

    def text(self, row: int, column: str) -> str | None:
        """Return one cell; None where the report has no such column."""
        number = int(np.searchsorted(self._ends, row, side="right"))
        grid, _, end = self.stretches[number]
        place = grid.place(column)
        return None if place < 0 else grid.cell(end - (int(self._ends[number]) - row), place)

    def reader(self, cells: int) -> Callable[[int, str], str | None]:
        """Return a function that returns one cell; for many `cells`, it fetches whole columns."""
        if cells < len(self):
            return self.text
        columns: dict[str, list[str | None]] = {}

        def text(row: int, column: str) -> str | None:
            if column not in columns:
                columns[column] = self.texts(column)
            return columns[column][row]

        return text

    def users_at(self, rows: Numbers) -> list[str]:
        """Return the names of some users, in ascending order of rows."""
        edges = [0, *np.searchsorted(rows, self._ends).tolist()]
        found: list[str] = []
        for (grid, _, end), last, (first, behind) in zip(
            self.stretches, self._ends.tolist(), pairwise(edges), strict=True
        ):
            found += grid.cells(rows[first:behind] + (end - last), grid.place(USER))
        return found

    def texts(self, column: str) -> list[str | None]:
        """Return a column's cells; None where a report has no such column."""
        found: list[str | None] = []
        for cells, begin, end in self.by_grid(column, Grid.texts):
            found += [None] * (end - begin) if cells is None else cells[begin:end]
        return found

    def by_grid(
        self, column: str, read: Callable[[Grid, int], T]
    ) -> Iterator[tuple[T | None, int, int]]:
        """Yield what is read of a column's grid, its first row and the one after its last, by stretch.

        Each grid is read once, for reports of two may alternate; None where it has no such column.
        """
        grids = {id(grid): grid for grid, _, _ in self.stretches}
        places = {key: grid.place(column) for key, grid in grids.items()}
        values = {key: read(grids[key], place) for key, place in places.items() if place >= 0}
        for grid, begin, end in self.stretches:
            yield values.get(id(grid)), begin, end

    def has_column(self, column: str) -> Flags:
        """Whether each user's report has the column."""
        has = [grid.place(column) >= 0 for grid, _, _ in self.stretches]
        found: Flags = np.repeat(has, [end - begin for _, begin, end in self.stretches])
        return found


@dataclass(frozen=True)
class Report:
    """One report of one account.

    source: where it came from. account_id: the account; empty where unknown.
    columns: the names in its header.
    header_line, first_line: the lines of its header and of its first user.
    row_count: the number of its users, root included.
    era: when AWS wrote such reports, from the columns and the spelling of dates.
    newest: the newest timestamp in it, `password_next_rotation` apart.
    digest: SHA-256 over header and cells: equal for copies, whatever they were saved in.
    has_root: whether one of its users is root: AWS always writes that row.
    root_created: when root was created, which never changes; None where that is not known.
    created: when its users were created, root included, ascending; without those not known.
    blanks_are_absences: whether a blank is a known absence: only where the file has no word for one.
    path: where it was found.
    accounts_of_file: the accounts of its file, if that has several reports; else none.
    stamp, stamp_origin: when the report says it was made, and where it says so.
    as_of, as_of_origin: the instant at which it is judged, and where that was taken from.
    notices: the warnings that came with reading it.
    number: which of a run's reports it is, in the order in which they were read.
    twin: how many reports before it in the run may be of the same account: their account is unknown.
    table, first: its users and the index of the first one; None once they are judged and no longer
        needed.
    """

    source: Source
    account_id: str
    columns: tuple[str, ...]
    header_line: int
    first_line: int
    row_count: int
    era: str
    newest: datetime | None
    digest: str
    has_root: bool
    root_created: datetime | None = None
    created: Instants = field(default_factory=_nobody, compare=False, repr=False)
    blanks_are_absences: bool = False
    path: str = ""
    accounts_of_file: frozenset[str] = frozenset()
    stamp: datetime | None = None
    stamp_origin: str = ""
    as_of: datetime | None = None
    as_of_origin: str = ""
    notices: tuple[Notice, ...] = ()
    number: int = 0
    twin: int = 0
    table: Table | None = field(default=None, compare=False, repr=False)
    first: int = 0

    @property
    def is_of_several(self) -> bool:
        """Whether its file has reports of other accounts, too."""
        return bool(self.accounts_of_file)

    def has_later_timestamps(self, other: Report) -> bool:
        """Whether its newest timestamp is later than another's, which may have none."""
        return self.newest is not None and (other.newest is None or self.newest > other.newest)

    @property
    def account_key(self) -> str:
        """What distinguishes its users from those of other reports: the account, if known."""
        return f"{self.account_id}#{self.twin + 1}" if self.twin else self.account_id

    @property
    def credential_count(self) -> int:
        """The number of its credentials, whatever becomes of them."""
        slots = sum(
            slot.kind is not Kind.CERTIFICATE or slot.enabled in self.columns for slot in SLOTS
        )
        return self.row_count * slots

    @property
    def users(self) -> Table:
        """The table with its users."""
        assert self.table is not None, "the users were judged and put away"
        return self.table

    def without_users(self) -> Report:
        """Return the report without the table of its users."""
        return replace(self, table=None, first=0)

    @property
    def end(self) -> int:
        """The index after the last of its users in the table."""
        return self.first + self.row_count

    @property
    def rows(self) -> list[list[str]]:
        """The cells of its users, in the order of `columns`."""
        (stretch,) = self.users.stretches
        return [stretch[0].row(row) for row in range(self.first, self.end)]


def era_of(columns: Sequence[str], *, is_zulu: bool) -> str:
    """Return when AWS wrote reports with such columns; `is_zulu`: a date of it ends with Z."""
    known = [column for column in columns if column in KNOWN_COLUMNS]
    untracked = not any(slot.last_used in columns for slot in SLOTS[1:3])
    if len(known) == 23:
        return "documented, 23 columns"
    if len(known) == 22:
        return "since mid 2024, 22 columns" if is_zulu else "2015 to 2024, 22 columns"
    if len(known) == 16 and untracked:
        return "to April 2015, 16 columns"
    return f"cut down, {len(known)} of 22 columns"


def join_tables(reports: Sequence[Report]) -> Table:
    """Return the users of the reports, in their order, as one table."""
    tables = {id(report.users): report.users for report in reports}  # many may share one
    first = reports[0].users
    if len(tables) == 1 and sum(report.row_count for report in reports) == len(first):
        firsts = [report.first for report in reports]
        if firsts == sorted(set(firsts)):
            return first
    names = dict.fromkeys(account for table in tables.values() for account in table.accounts)
    accounts = {account: place for place, account in enumerate(names)}
    codes = {
        key: np.array([accounts[each] for each in table.accounts])[table.account]
        for key, table in tables.items()
    }

    def join(take: Callable[[Table], Any]) -> Any:
        """Concatenate an array of the reports' users; users are its last dimension."""
        parts = [take(report.users)[..., report.first : report.end] for report in reports]
        return np.concatenate(parts, axis=-1)

    def join_all(name: str, kind: type[T]) -> T:
        """Concatenate each of the arrays that a field of the tables has."""
        names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
        return kind(**{each: join(attrgetter(f"{name}.{each}")) for each in names})

    return Table(
        report=np.repeat(np.arange(len(reports)), [report.row_count for report in reports]),
        line=join(attrgetter("line")),
        is_root=join(attrgetter("is_root")),
        typed=join_all("typed", Typed),
        order=join_all("order", Order),
        blanks=join(attrgetter("blanks")),
        accounts=tuple(accounts),
        account=join(lambda table: codes[id(table)]),
        stretches=tuple(_merge_stretches(reports)),
    )


def _merge_stretches(reports: Sequence[Report]) -> list[tuple[Grid, int, int]]:
    """Return where the text of the reports is, adjacent stretches as one."""
    merged: list[tuple[Grid, int, int]] = []
    for report in reports:
        ((grid, _, _),) = report.users.stretches
        first = report.first
        if merged and merged[-1][0] is grid and merged[-1][2] == first:
            _, first, _ = merged.pop()
        merged.append((grid, first, report.end))
    return merged
