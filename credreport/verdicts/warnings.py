"""What is odd in the dates of credentials that were judged, and the words for every warning.

Arrays in, places in them out: both roads to a verdict look for the same oddities here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from credreport.instants import format_instant
from credreport.schema import Kind, Meaning, Status, Use
from credreport.verdicts.verdict import ON, USES, Cells, Flags, Instants, Numbers, Verdicts, code

# AWS's own notice: console sign-ins between these instants were never recorded.
GAP_START = np.datetime64("2018-05-04T05:50:00", "us")
GAP_END = np.datetime64("2018-05-23T21:08:00", "us")

WARNING_TITLES = {
    "no-root": "no root row",
    "order": "rows out of AWS's order",
    "user-twice": "a user twice",
    "no-arn": "no ARN, so the account is unknown",
    "arn-differs": "ARN and name differ",
    "unknown-column": "unknown columns",
    "missing-column": "columns that AWS writes are missing",
    "blank-cells": "blank cells",
    "unreadable-cell": "dates that cannot be read, beside others that were enough",
    "used-before-set": "used before it was set",
    "set-before-created": "set before the user was created",
    "later-than-as-of": "timestamps later than the as-of",
    "extra-credentials": "credentials that the report does not list",
    "gap-2018": "sign-ins of May 2018 were never recorded",
    "boundary": "within a day of the threshold",
    "late-as-of": "judged long after the report was made",
    "apart": "reports more than a week apart",
    "unknown-accounts": "reports without a 12-digit account",
    "unread-date": "dates in names that are not read as dates",
    "reversed": "inputs not named from old to new",
    "not-covered": "accounts not covered now",
    "first-seen": "accounts seen for the first time",
    "latecomer": "new users older than the older report",
    "use-went-back": "last use earlier than in the older report, or lost",
    "set-anew": "passwords set anew, not used since",
    "several-accounts": "several accounts in one file",
    "glued": "reports glued to one another, taken apart",
    "rejoined": "unquoted commas in names, put back",
    "blank-lines": "blank lines skipped",
    "type-line": "`#TYPE` line skipped",
    "generated-time": "GeneratedTime not readable",
    "several-stamps": "several times in the file's name",
    "waiver-lapsed": "waivers that lapsed",
    "waiver-unmatched": "waivers that match no finding",
}

# What the user's own waivers did not do is shown one by one.
WAIVER_CODES = ("waiver-lapsed", "waiver-unmatched")

Row = Mapping[str, object]


@dataclass(frozen=True)
class Oddity:
    """One kind of warning: its code, the places it was found at, and what is said of each row.

    `words` takes a mapping with `user`, `credential`, `set_column`, `set_raw`, `age_days`,
    `status`, `newest` and `as_of` (both datetimes) of a row.
    """

    code: str
    places: Numbers
    words: Callable[[Row], str]


def find_odd_dates(
    cells: Cells, verdicts: Verdicts, created_at: Instants, report: Numbers
) -> Iterator[Oddity]:
    """Yield the oddities in their order. `report` counts reports: of some only the worst is told."""
    for name, found, words in _find_by_row(cells, verdicts, created_at):
        yield Oddity(name, np.flatnonzero(found), words)
    newest = newest_of(cells, created_at)
    late = np.flatnonzero(newest > cells.as_of)
    order = np.lexsort((-newest[late].astype("i8"), report[late]))
    _, first = np.unique(report[late][order], return_index=True)
    yield Oddity("later-than-as-of", late[order][first], _later_words)
    yield Oddity("gap-2018", np.flatnonzero(_is_in_gap(cells, verdicts)), _gap_words)
    is_near = np.abs(verdicts.age_days - cells.unused_after_days) <= 1
    near = np.flatnonzero(is_near & _is_judged(verdicts))
    yield Oddity("boundary", near, _boundary_words)


def newest_of(cells: Cells, created_at: Instants) -> Instants:
    """Return the latest of each credential's three dates."""
    return np.fmax(np.fmax(created_at, cells.last_used), cells.set_at)


def _find_by_row(
    cells: Cells, verdicts: Verdicts, created_at: Instants
) -> Iterator[tuple[str, Flags, Callable[[Row], str]]]:
    on = cells.enabled == ON
    is_key = cells.kind == code(Kind.ACCESS_KEY)
    unreadable = cells.set_meaning == code(Meaning.TEXT)
    yield "unreadable-cell", _is_judged(verdicts) & unreadable, _unreadable_words
    used_first = on & (cells.last_used < cells.set_at)
    yield "used-before-set", used_first & ~is_key, _changed_words
    yield "used-before-set", used_first & is_key, _used_words
    yield "set-before-created", on & (cells.set_at < created_at), _set_words


def _is_judged(verdicts: Verdicts) -> Flags:
    status = verdicts.status
    judged: Flags = (status == code(Status.UNUSED)) | (status == code(Status.CURRENT))
    return judged


def _is_in_gap(cells: Cells, verdicts: Verdicts) -> Flags:
    used = (verdicts.use == USES.index(Use.USED)) & (cells.last_used < GAP_START)
    never = verdicts.use == USES.index(Use.NEVER_USED)  # and unused: so it was set before the end
    threshold = cells.unused_after_days.astype("m8[D]")
    found: Flags = (
        (cells.kind == code(Kind.PASSWORD))
        & (verdicts.status == code(Status.UNUSED))
        & (used | never)
        & (cells.as_of > GAP_START)
        & (cells.as_of - GAP_END < threshold)
    )
    return found


def _unreadable_words(row: Row) -> str:
    return (
        f"{row['user']!r}, {row['credential']}: `{row['set_column']}` is {row['set_raw']!r}, "
        "not a date; the verdict rests on the last use, but the row may be damaged"
    )


def _changed_words(row: Row) -> str:
    return (
        f"{row['user']!r}: the password was changed after its last use, so the one now "
        "set may never have been used"
    )


def _used_words(row: Row) -> str:
    return f"{row['user']!r}, {row['credential']}: used before it was made"


def _set_words(row: Row) -> str:
    return f"{row['user']!r}, {row['credential']}: set before the user was created"


def _later_words(row: Row) -> str:
    return (
        f"{row['user']!r} has a timestamp of {_to_words(row['newest'])}, later than the "
        f"as-of {_to_words(row['as_of'])}: one of the two is wrong"
    )


def _gap_words(row: Row) -> str:
    return (
        f"{row['user']!r}: AWS recorded no sign-in from 2018-05-04 to 2018-05-23, so the "
        "password may have been used later than the report says"
    )


def _boundary_words(row: Row) -> str:
    return (
        f"{row['user']!r}, {row['credential']}: {row['age_days']} days, within a day of "
        f"the threshold ({row['status']})"
    )


def _to_words(instant: object) -> str:
    assert isinstance(instant, datetime)
    return format_instant(instant)


def no_root_words() -> str:
    """Say that the root row is missing."""
    return "no root row: AWS always writes one, so rows may have been cut off"


def order_words(user: object) -> str:
    """Say that a row is out of order."""
    return f"{user!r} is out of AWS's order (root, then by name)"


def twice_words(user: object, ordinal: object) -> str:
    """Say that a user stands in the report more than once."""
    return f"user {user!r} stands here for time {ordinal}; each row is judged"


def arn_words(user: object, arn: object) -> str:
    """Say that name and ARN differ."""
    return f"user {user!r}, but the ARN says {arn!r}"
