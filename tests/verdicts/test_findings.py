"""Which keys of a user the remediation script could take for one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from credreport.verdicts.findings import ALIKE, TWIN, find_twins
from tests.support.reports import credentials_of, judge, root, user

MADE, LATER = "2025-01-01T00:00:09Z", "2025-01-01T00:00:10Z"
USED, SAME_MINUTE, NEXT_MINUTE = (
    "2025-03-01T06:30:00Z",
    "2025-03-01T06:30:59Z",
    "2025-03-01T06:31:00Z",
)


def key(number: int, made: str, used: str, active: str = "true") -> dict[str, str]:
    return {
        f"access_key_{number}_active": active,
        f"access_key_{number}_last_rotated": made,
        f"access_key_{number}_last_used_date": used,
    }


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ((MADE, USED), (LATER, USED), ""),
        ((MADE, USED), (MADE, NEXT_MINUTE), TWIN),
        ((MADE, USED), (MADE, SAME_MINUTE), ALIKE),
        ((MADE, "N/A"), (MADE, USED), TWIN),
        ((MADE, "N/A"), (MADE, "N/A"), ALIKE),
        ((MADE, USED), (MADE, USED, "false"), ALIKE),
        (("N/A", "N/A", "false"), ("N/A", "N/A", "false"), ""),
    ],
)
def test_keys_of_one_second_are_twins_and_alike_where_their_use_is_too(
    tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...], word: str
) -> None:
    credentials = credentials_of(
        tmp_path,
        root(),
        user("ann", **key(1, *first), **key(2, *second), password_last_changed=MADE),
        user("bo", **key(1, *first), password_enabled="true", password_last_changed=first[0]),
    )
    twins = dict(
        zip(
            credentials["user"] + " " + credentials["credential"],
            find_twins(credentials),
            strict=True,
        )
    )
    assert {name for name, found in twins.items() if found == word and "ann access" in name} == {
        "ann access_key_1",
        "ann access_key_2",
    }
    others = {found for name, found in twins.items() if "ann access" not in name}
    assert others == {""}


def test_ids_of_names_that_differ_in_capitals_only_do_not_depend_on_the_order_of_rows(
    tmp_path: Path,
) -> None:
    stale = {"password_enabled": "true", "password_last_used": USED}
    rows = [user("alice", **stale), user("Alice", **stale)]
    first, second = (
        judge(tmp_path, root(), *each).findings.set_index("user")["finding_id"].to_dict()
        for each in (rows, rows[::-1])
    )
    assert first == second
    assert first["alice"] == f"{first['Alice']}-2"
