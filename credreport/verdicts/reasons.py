"""Why a credential has the status it has, and its cells as reported: sentences for the few."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from credreport.schema import SLOTS, USER, Meaning, Slot, Status
from credreport.verdicts.judged import Judged
from credreport.verdicts.status import CAUSES, code

Text = Callable[[int, str], str | None]
NO_COLUMN = "(no column)"
# The reason for each of these causes; all other causes quote cells.
_SAME_REASONS = {
    "": "",
    "root": "root account: shown, not judged as unused",
    "certificate": "AWS records no use of signing certificates",
    "untracked": "the report does not say when it was used",
}


def to_reasons(judged: Judged) -> list[str]:
    """Return the reason of each credential's status; empty where the status needs none."""
    same = [_SAME_REASONS.get(cause, "") for cause in CAUSES]
    cause = judged.verdicts.cause
    reasons = np.array(same, dtype=object)[cause]
    quotes = np.array([name not in _SAME_REASONS for name in CAUSES])
    places = np.flatnonzero(quotes[cause])
    text = judged.table.reader(len(places))
    for place in places.tolist():
        reasons[place] = to_reason(judged, place, text)
    found: list[str] = reasons.tolist()
    return found


def to_reason(judged: Judged, place: int, text: Text) -> str:
    """Return the reason of one credential's status. `text` gives the cells, see `Table.reader`."""
    row = int(judged.row[place])
    slot = SLOTS[judged.slot[place]]
    cause = CAUSES[judged.verdicts.cause[place]]

    def cell(part: str) -> str:
        column = getattr(slot, part)
        raw = text(row, column)
        return f"`{column}` is {raw!r}" if raw else f"`{column}` is blank"

    match cause:
        case "enabled":
            return f"{cell('enabled')}: neither true nor false"
        case "last_used":
            return f"{cell('last_used')}: neither a date nor a known absence"
        case "future":
            is_used = judged.cells.last_meaning[place] == code(Meaning.INSTANT)
            column = slot.last_used if is_used else slot.fallback
            return f"`{column}` is later than the as-of: either it or the as-of is wrong"
        case "fallback" if judged.cells.set_meaning[place] == code(Meaning.NO_COLUMN):
            return f"never used, and the report lacks the column `{slot.fallback}`"
        case "fallback":
            return f"never used, and {cell('fallback')}: not a date"
        case "unreadable":
            meanings = (judged.cells.last_meaning[place], judged.cells.set_meaning[place])
            parts = zip(("last_used", "fallback"), meanings, strict=True)
            found = [cell(part) for part, meaning in parts if meaning == code(Meaning.TEXT)]
            return "; ".join(f"{each}: not a date" for each in found)
        case _:
            return _SAME_REASONS[cause]


def to_cells_text(slot: Slot, enabled: str | None, last_used: str | None, since: str | None) -> str:
    """Return the cells of a slot as reported; None means that the report has no such column."""
    cells = [(slot.enabled, enabled), (slot.last_used, last_used), (slot.fallback, since)]
    return "; ".join(
        f"{column}={NO_COLUMN if cell is None else cell}" for column, cell in cells if column
    )


def undetermined_rows(judged: Judged) -> Iterator[tuple[int, tuple[str | int, ...]]]:
    """Yield the report and a row with the columns of UNDETERMINED for each credential without a verdict."""
    table = judged.table
    found = np.flatnonzero(judged.verdicts.status == code(Status.UNDETERMINED))
    text = table.reader(len(found))
    accounts, report, line = table.account.tolist(), table.report.tolist(), table.line.tolist()
    for place, row, number in zip(
        found.tolist(), judged.row[found].tolist(), judged.slot[found].tolist(), strict=True
    ):
        slot = SLOTS[number]
        raw = [text(row, column) for column in (slot.enabled, slot.last_used, slot.fallback)]
        yield (
            report[row],
            (
                table.accounts[accounts[row]],
                text(row, USER) or "",
                slot.credential,
                to_reason(judged, place, text),
                to_cells_text(slot, *raw),
                judged.reports[report[row]].source.name,
                line[row],
            ),
        )
