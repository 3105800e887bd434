"""Every verdict there is: the whole table of one slot, and the properties that must hold of it.

The expected verdicts come from tests/second_opinion.py, a plain second writing of the rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credreport.instants import format_instant
from credreport.reports.selection import Population, read_reports
from credreport.rules.policy import Policy
from credreport.verdicts.assessment import assess
from tests.support.batch import instant, judged, opinions, read_rows
from tests.support.reports import COLUMNS, root, save, to_csv, user
from tests.support.second_opinion import (
    ENABLED,
    FALLBACK,
    LAST_USED,
    SLOTS,
    Opinion,
    date_of,
    opinion,
)

NOW = instant()
WORDS = ("true", "TRUE", "false", "", "yes", "not_supported")
CELLS = (
    "2019-01-02T03:04:05+00:00",  # long ago
    "2025-11-02T12:00:00Z",  # 90 x 24 hours ago: unused
    "2025-11-02T12:00:01Z",  # a second less: current
    "2026-01-30T00:00:00Z",  # yesterday
    "2026-01-31T12:00:01Z",  # after the as-of
    "N/A",
    "no_information",
    "",
    "not_supported",
    "4/5/2019",
)
GRID = tuple(product(SLOTS, WORDS, CELLS, CELLS))


def holding(slot: str, word: str, used: str, set_cell: str, name: str = "alice") -> dict[str, str]:
    return user(name, **{ENABLED[slot]: word, LAST_USED[slot]: used, FALLBACK[slot]: set_cell})


def expected(rows: Iterable[dict[str, str]], **how: bool | int) -> list[Opinion]:
    return [
        opinion(row, slot, NOW, **how)  # type: ignore[arg-type]
        for row in rows
        for slot in SLOTS
    ]


def test_the_table_has_1800_cells() -> None:
    assert len(GRID) == 6 * 10 * 10 * 3 == 1_800


def test_every_cell_of_the_table_gets_the_verdict_of_the_second_opinion() -> None:
    rows = [holding(*cell, name=f"user{number}") for number, cell in enumerate(GRID)]
    table = judged(read_rows(rows), NOW)
    assert opinions(table) == expected(rows)
    # Pinned, so that the two cannot be wrong together unnoticed.
    of_the_slot = table[table["credential"].to_numpy() == table["user"].map(slot_of).to_numpy()]
    assert Counter(of_the_slot["status"]) == {
        "undetermined": 900 + 3 * 2 * (30 + 2 * 6 + 10),
        "unused": 3 * 2 * (2 * 10 + 2 * 2),
        "current": 3 * 2 * (2 * 10 + 2 * 2),
        "inactive": 3 * (100 - 4 * 4),
        "absent": 3 * 4 * 4,
    }


def slot_of(name: str) -> str:
    return GRID[int(name.removeprefix("user"))][0]


@pytest.mark.parametrize("days", [1, 89, 91, 2_586, 36_500])
def test_every_cell_of_the_table_at_other_thresholds(days: int) -> None:
    rows = [holding(*cell, name=f"user{number}") for number, cell in enumerate(GRID)]
    table = judged(read_rows(rows), NOW, Policy(unused_after_days=days))
    assert opinions(table) == expected(rows, days=days)


def test_every_reason_is_given_where_one_is_needed() -> None:
    rows = [holding(*cell, name=f"user{number}") for number, cell in enumerate(GRID)]
    table = judged(read_rows(rows), NOW)
    undetermined = table["status"].eq("undetermined")
    assert table.loc[undetermined, "reason"].str.len().gt(10).all()
    assert table.loc[table["status"].isin(["unused", "current", "absent"]), "reason"].eq("").all()


@pytest.mark.parametrize(
    ("user", "arn"),
    [
        ("<root_account>", "arn:aws:iam::{:012}:user/alice"),
        ("root", "arn:aws:iam::{:012}:root"),
        ("masked", "arn:aws:iam::{}:<root_account>"),
    ],
    ids=["by its name", "masked", "masked in the ARN too"],
)
def test_every_cell_of_the_table_on_the_root_row(user: str, arn: str) -> None:
    rows = [
        holding(*cell) | {"user": user, "arn": arn.format(number)}
        for number, cell in enumerate(GRID, 1_000)
    ]
    reports = read_rows(rows)
    assert len(reports) == len(rows)  # an account each
    for include_root in (False, True):
        table = judged(reports, NOW, Policy(include_root=include_root))
        assert opinions(table) == expected(rows, include_root=include_root)


def test_every_cell_of_the_table_where_a_blank_is_a_known_absence() -> None:
    """A file in which neither `N/A` nor `no_information` stands was re-saved: it lost both."""
    rows: list[dict[str, str]] = []
    for cell in GRID:
        row = {name: text.replace("N/A", "") for name, text in holding(*cell).items()}
        if "no_information" not in cell:
            rows.append(row | {"user": f"user{len(rows)}"})
    assert opinions(judged(read_rows(rows), NOW)) == expected(rows, blank_is_absence=True)


def test_every_cell_of_the_table_without_the_columns_of_last_use() -> None:
    columns = [name for name in COLUMNS if name not in LAST_USED.values()]
    rows = []
    for number, cell in enumerate(GRID):
        row = holding(*cell, name=f"user{number}")
        rows.append({name: row[name] for name in columns})
    assert opinions(judged(read_rows(rows, columns), NOW)) == expected(rows)


def test_counts_tie_out_for_every_cell_of_the_table() -> None:
    rows = [holding(*cell, name=f"user{number}") for number, cell in enumerate(GRID)]
    reports = [replace(report, as_of=NOW) for report in read_rows(rows)]
    found = assess(Population(tuple(reports)))
    assert found.is_tied_out
    assert int(found.tie_out["counted"].iloc[-1]) == 3 * len(rows)


DATES = (
    "2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00", "2026-01-31T12:00:00-00:00",
    "2026-01-31T23:59:59+14:00", "2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.1234567+05:30",
    "2024-02-29T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
)  # fmt: skip
NO_DATES = (
    "2023-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01", "2026-01-31", "2026-01-31T12:00Z", "2026-01-31T12:00:00",
    "2026-01-31 12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31T24:00:00Z",
    "2026-01-31T12:60:00Z", "2026-01-31T12:00:60Z", "2026-13-01T12:00:00Z",
    "2026-01-32T12:00:00Z", "2026-1-31T12:00:00Z", "2026-01-31T12:00:00+24:00",
    "2026-01-31T12:00:00+00:60", "2026-01-31T12:00:00+0000", "2026-01-31T12:00:00+00",
    "2026-01-31T12:00:00 Z", " 2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z ",
    "2026-01-31T12:00:00Z\x0b", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00,5Z",
    "\u0662026-01-31T12:00:00Z", "２０２６-01-31T12:00:00Z", "2026\u201101\u201131T12:00:00Z",
    "+2026-01-31T12:00:00Z", "-2026-01-31T12:00:00Z", "20260131T120000Z", "2026-W05-6T12:00:00Z",
    "2026-031T12:00:00Z", "1769860800", "1769860800000", "46053.5", "now", "today", "yesterday",
    "NaT", "nan", "None", "null", "never", "N/a", "n/a", "NA", "N / A", "N/A ", "No_Information",
    "No Information", "31/01/2026", "1/31/2026", "31 Jan 2026", "2026-01-31T12:00:00UTC",
    "2026-01-31T12:00:00EST", "2026-01-31T12:00:00ZZ", "2026-01-31T12:00:00+00:00Z", "true",
    "false", "0", "-", "?", "\u00a0", "2026-01-31T12:00:00\u2212" "00:00", "2019-03-3",
)  # fmt: skip


@pytest.mark.parametrize("cell", DATES)
def test_what_is_a_date(cell: str) -> None:
    row = holding("password", "true", cell, "N/A")
    (found, *_) = opinions(judged(read_rows([row]), instant("9999-12-31T23:59:59Z")))
    assert found.status == "unused" or cell.startswith("9999")
    assert found.effective == date_of(cell)


@pytest.mark.parametrize("cell", NO_DATES)
def test_what_is_no_date_is_undetermined_and_never_fine(cell: str) -> None:
    assert date_of(cell) is None
    rows = [
        holding("access_key_1", "true", cell, "2026-01-30T00:00:00Z", "a"),
        holding("access_key_1", "true", "N/A", cell, "b"),
    ]
    found = opinions(judged(read_rows(rows), NOW))
    assert [found[1].status, found[4].status] == ["undetermined", "undetermined"]


# Properties. Ages are drawn around the threshold: dates at random never meet the boundary.

DAYS = 90
EDGE = DAYS * 86_400
ages = st.one_of(
    st.sampled_from([EDGE - 86_400, EDGE - 1, EDGE, EDGE + 1, EDGE + 86_399, EDGE + 86_400]),
    st.sampled_from([-1, 0, 1, 86_399, 86_400, 10 * EDGE]),
    st.integers(0, 3 * EDGE),
)
spellings = st.sampled_from(["Z", "+00:00"])
flags = st.sampled_from(["true", "true", "true", "false", "TRUE", "False", "", "not_supported"])


def spelt(age: int, ending: str, now: datetime = NOW) -> str:
    return format_instant(now - timedelta(seconds=age))[:19] + ending


date_cells = st.one_of(
    st.builds(spelt, ages, spellings),
    st.sampled_from(["N/A", "no_information", "", "not_supported", "2019-03-3"]),
)


@st.composite
def users(draw: st.DrawFn, account: str = "111122223333") -> list[dict[str, str]]:
    """Return some users of one account, and perhaps its root."""
    rows = [root(account)] if draw(st.booleans()) else []
    for number in range(draw(st.integers(1, 10))):
        cells: dict[str, str] = {}
        for slot in SLOTS:
            cells |= {
                ENABLED[slot]: draw(flags),
                LAST_USED[slot]: draw(date_cells),
                FALLBACK[slot]: draw(date_cells),
            }
        rows.append(user(f"user{number}", account, **cells))
    return rows


Verdicts = dict[tuple[str, str, str], Opinion]


def verdicts(
    rows: Sequence[dict[str, str]],
    columns: Sequence[str] | None = None,
    now: datetime = NOW,
    policy: Policy | None = None,
) -> Verdicts:
    table = judged(read_rows(rows, columns), now, policy or Policy())
    keys = zip(table["account_id"], table["user"], table["credential"], strict=True)
    return dict(zip(keys, opinions(table), strict=True))


def mapped(
    rows: Iterable[dict[str, str]], names: Iterable[str], change: object
) -> list[dict[str, str]]:
    wanted = set(names)
    assert callable(change)
    return [
        {name: change(cell) if name in wanted else cell for name, cell in row.items()}
        for row in rows
    ]


DATE_NAMES = {*LAST_USED.values(), *FALLBACK.values()}
holds = settings(max_examples=8)


@holds
@given(users())
def test_the_second_opinion_agrees(rows: list[dict[str, str]]) -> None:
    words = {cell for row in rows for name, cell in row.items() if name != "user"}
    blank = not words & {"N/A", "no_information"}
    assert opinions(judged(read_rows(rows), NOW)) == expected(rows, blank_is_absence=blank)


@holds
@given(users(), st.data())
def test_the_order_of_rows_changes_no_verdict(
    rows: list[dict[str, str]], data: st.DataObject
) -> None:
    assert verdicts(data.draw(st.permutations(rows))) == verdicts(rows)


@holds
@given(users(), st.permutations(COLUMNS))
def test_the_order_of_columns_changes_no_verdict(
    rows: list[dict[str, str]], columns: Sequence[str]
) -> None:
    assert verdicts(rows, columns) == verdicts(rows)


@holds
@given(users(), st.sampled_from([str.upper, str.title, str.swapcase, str.lower]))
def test_the_case_of_true_and_false_changes_no_verdict(
    rows: list[dict[str, str]], change: object
) -> None:
    def recase(cell: str) -> str:
        assert callable(change)
        return str(change(cell)) if cell.lower() in ("true", "false") else cell

    assert verdicts(mapped(rows, ENABLED.values(), recase)) == verdicts(rows)


@holds
@given(users(), st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_the_offset_of_a_date_changes_no_verdict(rows: list[dict[str, str]], minutes: int) -> None:
    def elsewhere(cell: str) -> str:
        at = date_of(cell)
        if at is None:
            return cell
        local = format_instant(at + timedelta(minutes=minutes))[:19]
        sign = "-" if minutes < 0 else "+"
        return f"{local}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"

    assert verdicts(mapped(rows, DATE_NAMES, elsewhere)) == verdicts(rows)


@holds
@given(users())
def test_the_two_words_for_never_used_mean_the_same(rows: list[dict[str, str]]) -> None:
    def other(cell: str) -> str:
        return {"N/A": "no_information", "no_information": "N/A"}.get(cell, cell)

    assert verdicts(mapped(rows, LAST_USED.values(), other)) == verdicts(rows)


@holds
@given(users(), st.integers(1, 400), st.integers(0, 400))
def test_a_higher_threshold_never_adds_a_finding(
    rows: list[dict[str, str]], days: int, more: int
) -> None:
    low = verdicts(rows, policy=Policy(unused_after_days=days))
    high = verdicts(rows, policy=Policy(unused_after_days=days + more))
    assert {key for key, found in high.items() if found.status == "unused"} <= {
        key for key, found in low.items() if found.status == "unused"
    }
    others = {"absent", "inactive", "excluded"}
    assert {key: found for key, found in high.items() if found.status in others} == {
        key: found for key, found in low.items() if found.status in others
    }


@holds
@given(users(), st.integers(0, 2 * EDGE))
def test_time_that_passes_never_turns_unused_into_anything_else(
    rows: list[dict[str, str]], seconds: int
) -> None:
    before = verdicts(rows)
    after = verdicts(rows, now=NOW + timedelta(seconds=seconds))
    for key, found in before.items():
        if found.status == "unused":
            assert after[key].status == "unused"
            assert (after[key].age_days or 0) >= (found.age_days or 0)


@holds
@given(users(), st.integers(-(10**9), 10**9))
def test_to_shift_every_date_and_the_as_of_alike_changes_nothing(
    rows: list[dict[str, str]], seconds: int
) -> None:
    shift = timedelta(seconds=seconds)

    def shifted(cell: str) -> str:
        at = date_of(cell)
        return format_instant(at + shift) if at else cell

    names = {*DATE_NAMES, "user_creation_time"}
    later = verdicts(mapped(rows, names, shifted), now=NOW + shift)
    assert {key: (found.status, found.age_days) for key, found in later.items()} == {
        key: (found.status, found.age_days) for key, found in verdicts(rows).items()
    }


@holds
@given(users(), st.sampled_from(SLOTS), st.data())
def test_a_slot_never_influences_another(
    rows: list[dict[str, str]], slot: str, data: st.DataObject
) -> None:
    changed = [
        row
        | {
            ENABLED[slot]: data.draw(flags),
            LAST_USED[slot]: data.draw(date_cells),
            FALLBACK[slot]: data.draw(date_cells),
            "mfa_active": "N/A",  # whether a blank is an absence is told by the whole file
        }
        for row in rows
    ]
    kept = [row | {"mfa_active": "N/A"} for row in rows]
    before, after = verdicts(kept), verdicts(changed)
    assert {key: found for key, found in before.items() if key[2] != slot} == {
        key: found for key, found in after.items() if key[2] != slot
    }


@holds
@given(users("111122223333"), users("444455556666"))
def test_accounts_in_one_file_or_in_two_get_the_same_verdicts(
    one: list[dict[str, str]], two: list[dict[str, str]]
) -> None:
    both = [row | {"password_next_rotation": "N/A"} for row in [*one, *two]]
    here, there = both[: len(one)], both[len(one) :]
    assert verdicts(both) == verdicts(here) | verdicts(there)


def test_a_blank_is_judged_by_its_file_also_where_an_account_has_one_row() -> None:
    """The other account's rows hold `N/A`: so the blank is a lost cell, and not "never used"."""
    lone = dict.fromkeys(COLUMNS, "x") | holding(
        "access_key_1", "true", "", "2026-01-30T00:00:00Z", "lone"
    )
    lone = {name: cell.replace("N/A", "false") for name, cell in lone.items()}
    lone |= {"arn": "arn:aws:iam::444455556666:user/lone"}
    found = verdicts([root(), lone])
    assert found["444455556666", "lone", "access_key_1"].status == "undetermined"


def test_the_frames_of_the_library_are_those_of_the_table(tmp_path: Path) -> None:
    path = save(tmp_path, root(), holding("password", "true", CELLS[0], CELLS[0]))
    table = assess(read_reports(path)).credentials
    assert table.loc[table["user"].eq("alice"), "status"].tolist() == ["unused"] + 4 * ["absent"]
    assert datetime.fromisoformat(CELLS[0]).astimezone(UTC) == table["effective_last_used"].max()


def test_the_text_of_the_table_is_a_report_as_aws_writes_it() -> None:
    assert to_csv(root()).startswith("user,arn,user_creation_time,password_enabled,")
