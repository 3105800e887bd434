"""What must hold of every comparison, whatever the reports hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credreport.comparison.closing import CLOSING
from credreport.comparison.comparison import Comparison, compare, compare_all
from credreport.reports.inputs import Stream
from credreport.reports.selection import Population, date_report
from credreport.verdicts.assessment import Assessment, assess
from tests.support.reports import ACCOUNT, read_report, root, to_csv, user

# Several accounts a date: a comparison costs the same for six as for one.
OTHERS = tuple(str(number) * 12 for number in range(2, 7))
TWINS = {account: f"9{account[1:]}" for account in (ACCOUNT, *OTHERS)}
REBORN = "8" * 12
INSTANTS = tuple(datetime(2026, month, 30, 6, 0, tzinfo=UTC) for month in (6, 9, 12))
BIRTHS = ("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2026-05-01T00:00:00Z")
# Around the threshold of 90 days of each instant: 2026-04-01, 2026-07-02, 2026-10-01, 06:00.
USES = (
    "N/A",
    "2025-06-01T00:00:00Z",
    "2026-04-01T06:00:00Z",
    "2026-04-01T06:00:01Z",
    "2026-06-29T00:00:00Z",
)
LATER_USES = ("2026-07-02T06:00:00Z", "2026-07-02T06:00:01Z", "2026-09-29T00:00:00Z", "soon")
Cells = dict[str, str]
Date = dict[str, list[Cells]]

checked = settings(max_examples=3, suppress_health_check=list(HealthCheck))


def to_assessment(date: Date, as_of: datetime) -> Assessment:
    reports = []
    for account, rows in sorted(date.items()):
        text = to_csv(root(account), *rows).encode()
        reports += [
            date_report(each, as_of) for each in read_report(Stream(f"{account}.csv", text))
        ]
    return assess(Population(tuple(reports)))


def people(account: str, uses: tuple[str, ...]) -> st.SearchStrategy[list[Cells]]:
    key = st.tuples(st.sampled_from(["true", "false"]), st.sampled_from(uses))
    keys = st.dictionaries(st.sampled_from(BIRTHS), key, max_size=2)
    password = st.none() | key
    created = st.sampled_from(["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"])
    person = st.tuples(created, password, keys)
    names = st.dictionaries(st.sampled_from(["a", "bo", "cyd"]), person, max_size=3)
    # No two names share a creation time: a user that vanishes is gone, not perhaps renamed.
    return names.map(
        lambda found: [
            to_row(name, account, f"{created[:17]}{len(name):02d}Z", password, keys)
            for name, (created, password, keys) in found.items()
        ]
    )


def to_row(
    name: str,
    account: str,
    created: str,
    password: tuple[str, str] | None,
    keys: dict[str, tuple[str, str]],
) -> Cells:
    cells = {"user_creation_time": created}
    if password:
        cells |= {
            "password_enabled": password[0],
            "password_last_used": password[1],
            "password_last_changed": created,
        }
    for slot, (made, (active, used)) in enumerate(keys.items(), start=1):
        cells |= {
            f"access_key_{slot}_active": active,
            f"access_key_{slot}_last_rotated": made,
            f"access_key_{slot}_last_used_date": used,
        }
    return user(name, account, **cells)


def some_dates(*, determinate: bool = False) -> st.SearchStrategy[Date]:
    """Return a date: the first account always, the others perhaps."""
    uses = USES if determinate else USES + LATER_USES
    optional = {account: people(account, uses) for account in OTHERS}
    return st.fixed_dictionaries({ACCOUNT: people(ACCOUNT, uses)}, optional=optional)


def outcomes(comparison: Comparison, account: str) -> Counter[tuple[str, ...]]:
    """Return what was found in an account, without the slots and spellings that it was found in."""
    table = comparison.changes[comparison.changes["account_id"].eq(account)]
    columns = [
        table["user"].str.lower(), table["kind"], table["change"],
        table["closed"], table["before_status"], table["after_status"],
        table["before_age_days"].astype("str").fillna(""),
        table["after_age_days"].astype("str").fillna(""),
    ]  # fmt: skip
    return Counter(zip(*columns, strict=True))


def statuses(assessment: Assessment) -> Counter[str]:
    table = assessment.credentials
    present = table[table["status"].ne("absent") & table["kind"].ne("cert")]
    return Counter(present["status"])


@checked
@given(some_dates())
def test_nothing_changes_between_a_report_and_itself(date: Date) -> None:
    one = to_assessment(date, INSTANTS[0])
    comparison = compare(one, one)
    assert comparison.changes["change"].str.startswith("still_").all()
    assert not comparison.changes["is_new_finding"].any()
    assert comparison.changes["closed"].ne("yes").all()
    assert comparison.own_notices == ()


# A comparison of many accounts costs what one of a single account does, and no account touches
# another: so one comparison has accounts for each property of two dates.
@checked
@given(some_dates(), some_dates())
def test_what_holds_of_any_two_dates(before: Date, after: Date) -> None:
    reborn = [
        row | {"user_creation_time": "2026-06-30T12:00:00Z"}
        for row in move(after[ACCOUNT], ACCOUNT, REBORN)
    ]
    after = after | in_twin(after, respell) | {REBORN: reborn}
    before = before | in_twin(before) | {REBORN: move(before[ACCOUNT], ACCOUNT, REBORN)}
    old, new = to_assessment(before, INSTANTS[0]), to_assessment(after, INSTANTS[1])
    comparison = compare(old, new)
    every_credential_of_either_side_appears_once(comparison)
    closed_and_open_add_up_to_the_findings_before(comparison)
    both_tables_tell_alike_how_a_finding_was_closed(comparison)
    a_missing_account_is_never_closed(comparison, set(before) - set(after))
    order_slots_case_and_spelling_change_nothing(comparison)
    a_re_created_user_is_never_the_old_one(comparison)


def every_credential_of_either_side_appears_once(comparison: Comparison) -> None:
    table = comparison.changes
    old, new = comparison.assessments
    for assessment, column in ((old, "before_status"), (new, "after_status")):
        there = table.loc[table[column].ne(""), column]
        assert Counter(there) == statuses(assessment)
    assert (table["before_status"].ne("") | table["after_status"].ne("")).all()


def closed_and_open_add_up_to_the_findings_before(comparison: Comparison) -> None:
    table = comparison.changes
    old, new = comparison.assessments
    was_unused = table["before_status"].eq("unused")
    is_unused = table["after_status"].eq("unused")
    assert table["closed"].ne("").eq(was_unused).all()
    assert table["closed"].eq("yes").eq(was_unused & table["change"].isin(CLOSING)).all()
    assert table["is_new_finding"].eq(is_unused & ~was_unused).all()
    assert int(table["closed"].ne("").sum()) == len(old.findings) == comparison.findings_before
    still_unused = int(table["change"].isin(["still_unused", "unused_again"]).sum())
    assert still_unused + int(comparison.changes["is_new_finding"].sum()) == len(new.findings)


def both_tables_tell_alike_how_a_finding_was_closed(comparison: Comparison) -> None:
    changes, lives = comparison.changes, comparison.timeline
    closed = changes[changes["closed"].eq("yes")].set_index("finding_id_before")["closed_by"]
    how = lives[lives["state"].eq("closed")].set_index("finding_id")["how"]
    assert closed.to_dict() == how.to_dict()


def a_missing_account_is_never_closed(comparison: Comparison, accounts: set[str]) -> None:
    missing = comparison.changes[comparison.changes["account_id"].isin(accounts)]
    assert missing["change"].eq("not_covered").all()
    assert missing["closed"].ne("yes").all()


def order_slots_case_and_spelling_change_nothing(comparison: Comparison) -> None:
    for account, twin in TWINS.items():
        assert outcomes(comparison, twin) == outcomes(comparison, account)


def a_re_created_user_is_never_the_old_one(comparison: Comparison) -> None:
    table = comparison.changes
    table = table[table["account_id"].eq(REBORN) & table["user"].ne("<root_account>")]
    assert set(table["change"]) <= {"user_removed", "added", "not_covered"}


def move(rows: list[Cells], account: str, to: str) -> list[Cells]:
    return [row | {"arn": row["arn"].replace(account, to)} for row in rows]


def in_twin(date: Date, spelling: Callable[[Cells], Cells] = dict) -> Date:
    """Return the accounts' twins: the same users in the other order, each spelt so."""
    return {
        TWINS[account]: [spelling(row) for row in move(rows, account, TWINS[account])[::-1]]
        for account, rows in date.items()
    }


def respell(row: Cells) -> Cells:
    """Return the row with its keys in the other slots, in other capitals, dates in another zone."""
    swapped = dict(row)
    for name, cell in row.items():
        if name.startswith("access_key_1"):
            twin = name.replace("access_key_1", "access_key_2")
            swapped[name], swapped[twin] = row[twin], cell
    spelt = {name: spell(cell) for name, cell in swapped.items()}
    return spelt | {
        "user": row["user"].upper(),
        "arn": row["arn"].upper().replace("ARN:AWS:IAM", "arn:aws:iam"),
    }


def spell(cell: str) -> str:
    if cell in ("true", "false"):
        return cell.upper()
    if cell == "N/A":
        return "no_information"
    if cell.endswith("Z"):
        moved = pd.Timestamp(cell).tz_convert("Etc/GMT-2")
        return moved.isoformat()
    return cell


@checked
@given(*[some_dates(determinate=True)] * 3)
def test_what_holds_of_any_three_dates(first: Date, second: Date, third: Date) -> None:
    dates = [
        to_assessment(date, at) for date, at in zip((first, second, third), INSTANTS, strict=True)
    ]
    whole = compare_all(dates)
    the_timeline_agrees_with_the_counts(whole)
    # An account that is missing on the way has no steps: the property is about those that are not.
    steady = set(third)
    direct, last_step = (
        {row for row in open_now(compare(dates[at], dates[2])) if row[0] in steady} for at in (0, 1)
    )
    assert direct == last_step == {row for row in open_now(whole) if row[0] in steady}


def open_now(comparison: Comparison) -> list[tuple[str, ...]]:
    table = comparison.changes
    now = table[table["closed"].eq("no") | table["is_new_finding"]]
    columns = [now[name] for name in ("account_id", "user", "kind", "credential")]
    return sorted(zip(*columns, now["after_age_days"].astype("str"), strict=True))


def the_timeline_agrees_with_the_counts(comparison: Comparison) -> None:
    counts = comparison.open_counts.groupby("date")[["open", "opened", "closed"]].sum()
    flow = counts["open"].shift(fill_value=0) + counts["opened"] - counts["closed"]
    assert flow.eq(counts["open"]).all()
    is_closed = comparison.timeline["state"].eq("closed")
    assert int((~is_closed).sum()) == int(counts["open"].iloc[-1])
    assert comparison.timeline["closed_on"].notna().eq(is_closed).all()
    assert comparison.timeline["how"].ne("").eq(is_closed).all()
    now = int(comparison.changes["closed"].eq("no").sum()) + int(
        comparison.changes["is_new_finding"].sum()
    )
    assert now == int(counts["open"].iloc[-1])
