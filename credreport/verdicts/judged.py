"""Reports with their table -> a verdict on every credential: arrays in, arrays out, no pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credreport.arrays import Numbers
from credreport.reports.report import Report, Table
from credreport.schema import SLOTS, Kind
from credreport.verdicts.status import INSTANT_UNIT, KINDS, Cells, Verdicts, code, decide, is_absent

_KINDS_OF_SLOTS = np.array([code(slot.kind) for slot in SLOTS], dtype="i1")


@dataclass(frozen=True)
class Judged:
    """Credentials of the users of some reports, and their verdicts: one entry per credential.

    reports: the reports, in order; each has its as-of, or its verdicts mean nothing.
    table: their users.
    row, slot: the index of the user in the table, and in SLOTS.
    cells, verdicts: what was judged, and the verdicts on it.
    absent: how many absent credentials are not among the entries, by report and index in KINDS.
    """

    reports: Sequence[Report]
    table: Table
    row: Numbers
    slot: Numbers
    cells: Cells
    verdicts: Verdicts
    absent: Numbers

    @property
    def report(self) -> Numbers:
        """The report of each credential, from 0."""
        found: Numbers = self.table.report[self.row]
        return found

    def text(self, place: int, part: str) -> str | None:
        """Return a cell of a credential: the one in `part` of its slot, such as `fallback`."""
        slot = SLOTS[self.slot[place]]
        column: str = getattr(slot, part)
        return self.table.text(int(self.row[place]), column) if column else None


def judge(
    reports: Sequence[Report],
    table: Table,
    unused_after_days: int | Numbers,
    *,
    include_root: bool,
    with_absent: bool = True,
) -> Judged:
    """Judge the credentials of every user, user by user, slot by slot.

    `table` has the users of the reports, `unused_after_days` one number for each of them, or for
    all. Signing certificates count where the report has columns for them. Leaving absent ones out
    takes half the time; they are counted instead.
    """
    naive = [report.as_of.replace(tzinfo=None) if report.as_of else None for report in reports]
    moments = np.array(naive, dtype=INSTANT_UNIT)
    typed = table.typed
    has_slot = np.array(
        [
            table.has_column(slot.enabled)
            if slot.kind is Kind.CERTIFICATE
            else np.ones(len(table), dtype=bool)
            for slot in SLOTS
        ]
    )
    is_here = has_slot
    if not with_absent:
        # A user created after the as-of gets a warning, whatever credentials it has.
        is_odd = typed.created_at > moments[table.report]
        is_gone = is_absent(table.is_root, typed.enabled, typed.last_meaning, typed.set_meaning)
        is_here = has_slot & (~is_gone | is_odd)
    row, slot = np.divmod(np.flatnonzero(is_here.T), len(SLOTS))
    place = slot * len(table) + row
    report = table.report[row]
    blanks = np.array([each.blanks_are_absences for each in reports], dtype=bool)
    days = np.broadcast_to(np.asarray(unused_after_days, dtype="i8"), len(table))
    cells = Cells(
        kind=_KINDS_OF_SLOTS[slot],
        is_root=table.is_root[row],
        enabled=typed.enabled.ravel()[place],
        is_unreported=typed.is_unreported.ravel()[place],
        last_meaning=typed.last_meaning.ravel()[place],
        last_used=typed.last_used.ravel()[place],
        set_meaning=typed.set_meaning.ravel()[place],
        set_at=typed.set_at.ravel()[place],
        blank_is_absence=blanks[report],
        as_of=moments[report],
        unused_after_days=days[row],
    )
    count = len(reports) * len(KINDS)
    all_slots = np.zeros((len(reports), len(KINDS)), dtype="i8")
    for has, kind in zip(has_slot, _KINDS_OF_SLOTS.tolist(), strict=True):
        all_slots[:, kind] += np.bincount(table.report[has], minlength=len(reports))
    present = np.bincount(report * len(KINDS) + cells.kind, minlength=count)
    return Judged(
        reports=reports,
        table=table,
        row=row,
        slot=slot,
        cells=cells,
        verdicts=decide(cells, include_root=include_root),
        absent=all_slots - present.reshape(all_slots.shape),
    )
