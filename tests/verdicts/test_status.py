"""The ladder of statuses on arrays: one credential of every sort, both sides of every boundary."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from credreport.schema import Kind, Meaning, Status
from credreport.verdicts.status import (
    CAUSES,
    KINDS,
    LAST_USED,
    MEANINGS,
    NEITHER,
    OFF,
    ON,
    SET,
    STATUSES,
    USES,
    Cells,
    Verdicts,
    code,
    decide,
    is_absent,
    to_words,
)

AS_OF = "2026-01-31T12:00:00"
LONG_AGO = "2021-05-06T07:08:09"
DAYS_90 = "2025-11-02T12:00:00"
SHORT_OF_90_DAYS = "2025-11-02T12:00:00.000001"
LATER = "2026-01-31T12:00:00.000001"


def says(cell: str) -> Meaning:
    """Return what a cell says: a word for a meaning, or an instant."""
    return Meaning(cell) if cell in set(Meaning) else Meaning.INSTANT


def instant(cell: str) -> np.datetime64:
    return np.datetime64(cell if says(cell) is Meaning.INSTANT else "NaT", "us")


def credential(
    kind: str,
    enabled: int,
    last_used: str,
    set_at: str,
    *,
    root: bool = False,
    unreported: bool = False,
    blank_is_absence: bool = False,
    days: int = 90,
) -> Cells:
    return Cells(
        kind=np.array([code(Kind(kind))], dtype="i1"),
        is_root=np.array([root]),
        enabled=np.array([enabled], dtype="i1"),
        is_unreported=np.array([unreported]),
        last_meaning=np.array([code(says(last_used))], dtype="i1"),
        last_used=np.array([instant(last_used)]),
        set_meaning=np.array([code(says(set_at))], dtype="i1"),
        set_at=np.array([instant(set_at)]),
        blank_is_absence=np.array([blank_is_absence]),
        as_of=np.array([np.datetime64(AS_OF, "us")]),
        unused_after_days=np.array([days]),
    )


def verdict(cells: Cells, *, include_root: bool = False) -> tuple[str, str, str]:
    """Return status, cause and use of the one credential, in words."""
    found = decide(cells, include_root=include_root)
    return (
        str(STATUSES[found.status[0]]),
        CAUSES[found.cause[0]],
        USES[found.use[0]],
    )


def test_a_code_is_the_place_of_a_word_among_its_kind() -> None:
    assert [code(word) for word in Kind] == [0, 1, 2]
    assert [code(word) for word in Meaning] == [0, 1, 2, 3, 4, 5]
    assert [code(word) for word in Status] == [0, 1, 2, 3, 4, 5, 6]
    assert to_words(KINDS, np.array([2, 0, 0], dtype="i1")).tolist() == [
        "cert", "password", "password",
    ]  # fmt: skip
    assert to_words(MEANINGS, np.array([4], dtype="i1")).tolist() == ["text"]


@pytest.mark.parametrize("kind", ["password", "access_key"])
@pytest.mark.parametrize(
    ("enabled", "last_used", "set_at", "expected"),
    [
        (OFF, "absence", "absence", ("absent", "", "never_used")),
        (OFF, "blank", "not_supported", ("absent", "", "")),
        (OFF, "no_column", "absence", ("absent", "", "not_tracked")),
        (OFF, "not_supported", "no_column", ("absent", "", "")),
        (OFF, LONG_AGO, "absence", ("inactive", "", "used")),
        (OFF, "absence", LONG_AGO, ("inactive", "", "never_used")),
        (OFF, LONG_AGO, LATER, ("inactive", "", "used")),
        (OFF, "text", "absence", ("inactive", "unreadable", "")),
        (OFF, "absence", "text", ("inactive", "unreadable", "never_used")),
        (OFF, LONG_AGO, "text", ("inactive", "unreadable", "used")),
        (NEITHER, LONG_AGO, LONG_AGO, ("undetermined", "enabled", "used")),
        (NEITHER, "absence", "absence", ("undetermined", "enabled", "never_used")),
        (ON, "text", LONG_AGO, ("undetermined", "last_used", "")),
        (ON, "not_supported", LONG_AGO, ("undetermined", "last_used", "")),
        (ON, "blank", LONG_AGO, ("undetermined", "last_used", "")),
        (ON, "absence", "absence", ("undetermined", "fallback", "never_used")),
        (ON, "absence", "text", ("undetermined", "fallback", "never_used")),
        (ON, LATER, LONG_AGO, ("undetermined", "future", "used")),
        (ON, "absence", LATER, ("undetermined", "future", "never_used")),
        (ON, AS_OF, LONG_AGO, ("current", "", "used")),
        (ON, "absence", AS_OF, ("current", "", "never_used")),
        (ON, DAYS_90, AS_OF, ("unused", "", "used")),
        (ON, SHORT_OF_90_DAYS, LONG_AGO, ("current", "", "used")),
        (ON, "absence", DAYS_90, ("unused", "", "never_used")),
        (ON, "absence", SHORT_OF_90_DAYS, ("current", "", "never_used")),
        (ON, LONG_AGO, "text", ("unused", "", "used")),
    ],
)
def test_the_first_rung_that_matches_is_the_verdict(
    kind: str, enabled: int, last_used: str, set_at: str, expected: tuple[str, str, str]
) -> None:
    assert verdict(credential(kind, enabled, last_used, set_at)) == expected


@pytest.mark.parametrize(
    ("kind", "set_at", "expected"),
    [
        ("access_key", SHORT_OF_90_DAYS, ("current", "", "not_tracked")),
        ("access_key", DAYS_90, ("undetermined", "untracked", "not_tracked")),
        ("access_key", "absence", ("undetermined", "untracked", "not_tracked")),
        ("access_key", LATER, ("undetermined", "future", "not_tracked")),
        ("password", SHORT_OF_90_DAYS, ("undetermined", "untracked", "not_tracked")),
        ("password", DAYS_90, ("undetermined", "untracked", "not_tracked")),
        ("cert", SHORT_OF_90_DAYS, ("not_tracked", "certificate", "not_tracked")),
        ("cert", LATER, ("not_tracked", "certificate", "not_tracked")),
    ],
)
def test_without_a_column_of_use_only_a_young_key_is_current(
    kind: str, set_at: str, expected: tuple[str, str, str]
) -> None:
    assert verdict(credential(kind, ON, "no_column", set_at)) == expected


@pytest.mark.parametrize(
    ("blank_is_absence", "last_used", "expected"),
    [
        (True, "blank", ("unused", "", "never_used")),
        (False, "blank", ("undetermined", "last_used", "")),
        (True, "text", ("undetermined", "last_used", "")),
        (True, "absence", ("unused", "", "never_used")),
    ],
)
def test_a_blank_is_an_absence_where_the_file_says_so(
    blank_is_absence: bool, last_used: str, expected: tuple[str, str, str]
) -> None:
    cells = credential("password", ON, last_used, LONG_AGO, blank_is_absence=blank_is_absence)
    assert verdict(cells) == expected


ROOT = ("excluded", "root")


@pytest.mark.parametrize(
    ("kind", "enabled", "unreported", "shown", "included"),
    [
        ("password", ON, False, ROOT, ("unused", "")),
        ("password", OFF, False, ROOT, ("inactive", "")),
        ("password", NEITHER, False, ROOT, ("undetermined", "enabled")),
        ("password", NEITHER, True, ROOT, ROOT),
        ("access_key", ON, False, ROOT, ("unused", "")),
        ("access_key", OFF, False, ("inactive", ""), ("inactive", "")),
        ("access_key", NEITHER, True, ("undetermined", "enabled"), ("undetermined", "enabled")),
        ("cert", ON, False, ("not_tracked", "certificate"), ("not_tracked", "certificate")),
    ],
)
def test_root_is_shown_unless_it_is_included(
    kind: str,
    enabled: int,
    unreported: bool,
    shown: tuple[str, str],
    included: tuple[str, str],
) -> None:
    cells = credential(kind, enabled, LONG_AGO, LONG_AGO, root=True, unreported=unreported)
    assert verdict(cells)[:2] == shown
    assert verdict(cells, include_root=True)[:2] == included


def test_a_user_is_never_excluded() -> None:
    cells = credential("password", NEITHER, LONG_AGO, LONG_AGO, unreported=True)
    assert verdict(cells) == ("undetermined", "enabled", "used")
    assert verdict(cells, include_root=True) == ("undetermined", "enabled", "used")


@pytest.mark.parametrize(
    ("kind", "last_used", "set_at", "effective", "basis", "age_days"),
    [
        ("password", DAYS_90, AS_OF, DAYS_90, LAST_USED, 90),
        ("password", SHORT_OF_90_DAYS, LONG_AGO, SHORT_OF_90_DAYS, LAST_USED, 89),
        ("password", "absence", DAYS_90, DAYS_90, SET, 90),
        ("password", "absence", "absence", None, 0, 0),
        ("password", "text", DAYS_90, None, 0, 0),
        ("password", "no_column", DAYS_90, None, 0, 0),
        ("access_key", "no_column", DAYS_90, DAYS_90, SET, 90),
        ("access_key", "absence", AS_OF, AS_OF, SET, 0),
        ("access_key", "absence", LATER, LATER, SET, -1),
    ],
)
def test_the_age_counts_whole_days_from_the_one_date_that_decides(
    kind: str, last_used: str, set_at: str, effective: str | None, basis: int, age_days: int
) -> None:
    found = decide(credential(kind, ON, last_used, set_at), include_root=False)
    expected = datetime.fromisoformat(effective) if effective else None
    assert found.effective.tolist() == [expected]
    assert found.basis.tolist() == [basis]
    assert found.age_days.tolist() == [age_days]


@pytest.mark.parametrize(("days", "status"), [(1, "unused"), (2, "current")])
def test_the_threshold_is_the_credentials_own(days: int, status: str) -> None:
    cells = credential("password", ON, "2026-01-30T12:00:00", LONG_AGO, days=days)
    assert verdict(cells)[0] == status


@pytest.mark.parametrize(
    ("enabled", "last_used", "set_at", "root", "expected"),
    [
        (OFF, "absence", "absence", False, True),
        (OFF, "absence", "absence", True, False),
        (OFF, "blank", "no_column", False, True),
        (OFF, "absence", LONG_AGO, False, False),
        (OFF, LONG_AGO, "absence", False, False),
        (OFF, "text", "absence", False, False),
        (ON, "absence", "absence", False, False),
        (NEITHER, "absence", "absence", False, False),
    ],
)
def test_absent_is_what_is_off_and_says_nothing_and_is_not_roots(
    enabled: int, last_used: str, set_at: str, root: bool, expected: bool
) -> None:
    cells = credential("access_key", enabled, last_used, set_at, root=root)
    found = is_absent(cells.is_root, cells.enabled, cells.last_meaning, cells.set_meaning)
    assert found.tolist() == [expected]


def test_what_is_unused_or_current_was_judged() -> None:
    numbers = np.arange(len(STATUSES), dtype="i1")
    none = np.zeros(len(STATUSES))
    verdicts = Verdicts(
        numbers, numbers, numbers, none.astype("M8[us]"), none.astype("i8"), numbers
    )
    judged = dict(zip(STATUSES, verdicts.is_judged.tolist(), strict=True))
    assert {status for status, is_judged in judged.items() if is_judged} == {"unused", "current"}
