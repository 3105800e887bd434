"""Which credentials are judged one by one, which are only counted, and where their cells are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from credreport.reports.report import join_tables
from credreport.verdicts.judged import Judged, judge
from tests.support.batch import instant, read_rows
from tests.support.reports import AS_OF, COLUMNS, root, user

OTHER = "444455556666"
WITHOUT_CERTIFICATES = tuple(name for name in COLUMNS if not name.startswith("cert"))
OF_ROOT = [(0, slot) for slot in range(5)]  # perhaps excluded, whatever it says
# Of two accounts: nothing active but root's password, a key, a certificate; made at the as-of, and after.
ROWS = (
    root(),
    user("key", access_key_2_active="true", access_key_2_last_rotated="2025-01-01T00:00:00Z"),
    user("now", user_creation_time=AS_OF),
    user("late", user_creation_time="2026-01-31T12:00:01Z"),
    user("cert", OTHER, cert_1_active="true"),
)


def judged(columns: tuple[str, ...] = COLUMNS, *, with_absent: bool) -> Judged:
    reports = [replace(each, as_of=instant()) for each in read_rows(ROWS, columns)]
    table = join_tables(reports)
    return judge(reports, table, 90, include_root=False, with_absent=with_absent)


def places(found: Judged) -> list[tuple[int, int]]:
    """Return the user and the slot of each credential."""
    return list(zip(found.row.tolist(), found.slot.tolist(), strict=True))


def test_every_slot_is_judged_where_the_absent_are_asked_for() -> None:
    found = judged(with_absent=True)
    assert places(found) == [(row, slot) for row in range(5) for slot in range(5)]
    assert found.report.tolist() == [0] * 20 + [1] * 5
    assert found.absent.tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("columns", "expected", "absent"),
    [
        (
            COLUMNS,
            [*OF_ROOT, (1, 2), *((3, slot) for slot in range(5)), (4, 3)],
            [[2, 3, 4], [1, 2, 1]],
        ),
        (
            WITHOUT_CERTIFICATES,
            [*OF_ROOT[:3], (1, 2), *((3, slot) for slot in range(3))],
            [[2, 3, 0], [1, 2, 0]],
        ),
    ],
    ids=["all columns", "no certificates"],
)
def test_else_the_absent_are_counted_but_those_of_root_and_of_a_user_from_the_future(
    columns: tuple[str, ...], expected: list[tuple[int, int]], absent: list[list[int]]
) -> None:
    found = judged(columns, with_absent=False)
    assert places(found) == expected
    assert found.absent.tolist() == absent  # passwords, access keys, certificates


def test_a_cell_is_that_of_the_credentials_own_column() -> None:
    found = judged(with_absent=True)
    key, certificate = 1 * 5 + 2, 4 * 5 + 3
    assert found.text(key, "fallback") == "2025-01-01T00:00:00Z"
    assert found.text(key, "last_used") == "N/A"
    assert found.text(certificate, "enabled") == "true"
    assert found.text(certificate, "last_used") is None  # AWS records no use of it
