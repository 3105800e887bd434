"""The verdicts once more: written from the rules in plain Python, a cell at a time.

It shares nothing with the program but the names of columns and statuses, so that the same mistake
would have to be made twice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

DAY = timedelta(hours=24)
SLOTS = ("password", "access_key_1", "access_key_2")
ENABLED = {
    "password": "password_enabled",
    "access_key_1": "access_key_1_active",
    "access_key_2": "access_key_2_active",
}
LAST_USED = {
    "password": "password_last_used",
    "access_key_1": "access_key_1_last_used_date",
    "access_key_2": "access_key_2_last_used_date",
}
FALLBACK = {
    "password": "password_last_changed",
    "access_key_1": "access_key_1_last_rotated",
    "access_key_2": "access_key_2_last_rotated",
}
STALE = ("unused", "undetermined")


@dataclass(frozen=True)
class Opinion:
    """What is thought of one slot; `age_days`, `effective`, `basis` for unused and current only."""

    status: str
    age_days: int | None = None
    effective: datetime | None = None
    basis: str = ""


@lru_cache(maxsize=10_000)
def date_of(cell: str | None) -> datetime | None:
    """Read `2026-01-31T12:00:00Z`, letter by letter."""
    if cell is None or len(cell) < 20:
        return None
    shape = "".join("9" if letter in "0123456789" else letter for letter in cell)
    if not shape.startswith("9999-99-99T99:99:99"):
        return None
    rest, end = cell[19:], shape[19:]
    micros = 0
    if end.startswith("."):
        digits = end[1:]
        count = len(digits) - len(digits.lstrip("9"))
        if not count:
            return None
        micros = int((rest[1 : 1 + count] + "000000")[:6])
        rest, end = rest[1 + count :], end[1 + count :]
    if end == "Z":
        offset = timedelta(0)
    elif end in ("+99:99", "-99:99"):
        hours, minutes = int(rest[1:3]), int(rest[4:6])
        if hours > 23 or minutes > 59:
            return None
        offset = timedelta(hours=hours, minutes=minutes) * (1 if rest[0] == "+" else -1)
    else:
        return None
    numbers = [int(cell[a:b]) for a, b in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))]
    year, month, day, hour, minute, second = numbers
    try:
        local = datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
        return local - offset
    except (ValueError, OverflowError):
        return None


def is_root(row: Mapping[str, str]) -> bool:
    arn = row.get("arn", "")
    return row["user"] == "<root_account>" or arn.endswith((":root", ":<root_account>"))


def opinion(
    row: Mapping[str, str],
    slot: str,
    as_of: datetime,
    *,
    days: int = 90,
    include_root: bool = False,
    blank_is_absence: bool = False,
) -> Opinion:
    """Judge one slot of one row; a key that the row does not have is a column that is missing."""
    enabled = row.get(ENABLED[slot], "")
    used = row.get(LAST_USED[slot])
    set_cell = row.get(FALLBACK[slot])
    used_at, set_at = date_of(used), date_of(set_cell)
    on, off = enabled.lower() == "true", enabled.lower() == "false"

    if is_root(row):
        if include_root:
            if slot == "password" and enabled == "not_supported":
                return Opinion("excluded")
        elif slot == "password" or on:
            return Opinion("excluded")
    if off:
        nothing = (None, "", "N/A", "no_information", "not_supported")
        return Opinion("absent" if used in nothing and set_cell in nothing else "inactive")
    if not on:
        return Opinion("undetermined")
    if used_at is not None:
        return _aged(used_at, LAST_USED[slot], as_of, days)
    if used is None:
        if slot == "password" or set_at is None:
            return Opinion("undetermined")
        young = _aged(set_at, FALLBACK[slot], as_of, days)
        return young if young.status == "current" else Opinion("undetermined")
    never = used in ("N/A", "no_information") or (used == "" and blank_is_absence)
    if not never or set_at is None:
        return Opinion("undetermined")
    return _aged(set_at, FALLBACK[slot], as_of, days)


def _aged(effective: datetime, basis: str, as_of: datetime, days: int) -> Opinion:
    age = as_of - effective
    if age < timedelta(0):
        return Opinion("undetermined")
    status = "unused" if age >= days * DAY else "current"
    return Opinion(status, age // DAY, effective, basis)


def rows_of(text: str) -> list[dict[str, str]]:
    """Read an undamaged report."""
    return list(csv.DictReader(io.StringIO(text)))


def judge_report(text: str, as_of: datetime, days: int = 90) -> list[dict[str, Opinion]]:
    """Judge every row and slot of an undamaged report."""
    rows = rows_of(text)
    words = {cell for row in rows for name, cell in row.items() if name != "user"}
    blank = not words & {"N/A", "no_information"}
    return [
        {slot: opinion(row, slot, as_of, days=days, blank_is_absence=blank) for slot in SLOTS}
        for row in rows
    ]
