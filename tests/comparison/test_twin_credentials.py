"""Which of several keys of one second is which, from date to date."""

from __future__ import annotations

import pandas as pd
import pytest

from credreport.comparison.twin_credentials import pair_twins

Row = tuple[int, int, int | None, str]  # date, slot, day of the last use, status


@pytest.mark.parametrize(
    ("rows", "ordinals"),
    [
        # No twin.
        ([(0, 1, 5, "unused"), (1, 2, 9, "current")], [0, 0]),
        # The same slots, and use that advanced.
        ([(0, 1, 5, "unused"), (0, 2, 9, "unused"), (1, 1, 6, "unused"), (1, 2, 9, "unused")], [0, 1, 0, 1]),
        # Use tells them apart, whatever their slots: the same, rather than later.
        ([(0, 1, 5, "unused"), (0, 2, 9, "unused"), (1, 1, 9, "unused"), (1, 2, 5, "unused")], [0, 1, 1, 0]),
        ([(0, 1, 5, "unused"), (0, 2, 9, "unused"), (1, 1, 9, "unused"), (1, 2, 12, "current")], [0, 1, 1, 0]),
        # A last use never goes back, nor to never.
        ([(0, 1, 9, "unused"), (0, 2, 5, "unused"), (1, 1, 6, "unused")], [0, 1, 1]),
        ([(0, 1, 9, "unused"), (0, 2, None, "unused"), (1, 1, None, "unused")], [0, 1, 1]),
        ([(0, 1, None, "unused"), (0, 2, 9, "unused"), (1, 1, 6, "unused")], [0, 1, 0]),
        # One is gone: activity counts more than the slot, which the other may have now.
        ([(0, 1, None, "unused"), (0, 2, None, "inactive"), (1, 1, None, "inactive")], [0, 1, 1]),
        ([(0, 1, None, "unused"), (0, 2, None, "inactive"), (1, 1, None, "unused")], [0, 1, 0]),
        # Both are there: the slots count, and one may have been switched off.
        (
            [(0, 1, 5, "unused"), (0, 2, 5, "inactive"), (1, 1, 5, "inactive"), (1, 2, 5, "inactive")],
            [0, 1, 0, 1],
        ),
        # The one that came later has the next number, and what is gone does not come back.
        ([(0, 2, 5, "unused"), (1, 1, 7, "unused"), (1, 2, 5, "unused")], [0, 1, 0]),
        (
            [(0, 1, 5, "unused"), (0, 2, 9, "unused"), (1, 1, 9, "unused"), (2, 1, 9, "unused")],
            [0, 1, 1, 1],
        ),
        (
            [
                (0, 1, 5, "unused"), (0, 2, 9, "unused"), (1, 1, 9, "unused"), (1, 2, 5, "unused"),
                (2, 1, 9, "unused"),
            ],
            [0, 1, 1, 0, 1],
        ),
    ],
)  # fmt: skip
def test_the_one_that_agrees_best_is_the_same(rows: list[Row], ordinals: list[int]) -> None:
    columns = ["date", "slot", "day", "status"]
    table = pd.DataFrame(rows, columns=columns)
    days = pd.to_datetime(table["day"], unit="D", utc=True)
    keys = table.assign(
        user_key="amy", kind="access_key", born="b", set_at=days.min(), last_used=days
    )
    assert pair_twins(keys).tolist() == ordinals
