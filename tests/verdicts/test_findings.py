"""Which keys of a user the remediation script could take for one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from credreport.rules.policy import Policy
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


def test_ids_of_keys_of_one_second_do_not_depend_on_which_of_them_are_unused(
    tmp_path: Path,
) -> None:
    second = key(2, MADE, USED)
    both, alone = (
        judge(tmp_path, root(), user("ann", **key(1, MADE, used), **second)).findings
        for used in (USED, "2026-01-30T06:30:00Z")
    )
    ids = both.set_index("credential")["finding_id"].to_dict()
    assert ids["access_key_2"] == f"{ids['access_key_1']}-2"
    assert alone[["credential", "finding_id"]].to_numpy().tolist() == [
        ["access_key_2", ids["access_key_2"]]
    ]


def test_ids_of_certificates_do_not_depend_on_which_of_them_are_active(tmp_path: Path) -> None:
    policy = Policy(rules=("active-signing-certificate",))

    def ids(**cells: str) -> dict[str, str]:
        found = judge(tmp_path, root(), user("ann", **cells), policy=policy).findings
        return dict(zip(found["credential"], found["finding_id"], strict=True))

    second = {"cert_2_active": "true", "cert_2_last_rotated": MADE}
    both = ids(cert_1_active="true", cert_1_last_rotated=MADE, **second)
    assert both["cert_2"] == f"{both['cert_1']}-2"
    assert ids(cert_1_last_rotated=MADE, **second) == {"cert_2": both["cert_2"]}
    assert ids(**second) == {"cert_2": both["cert_1"]}
