"""Many dates -> the life of every finding: first seen, last seen, closed on, how, days open.

A finding is a credential that was unused on at least one date. It is open from the report that first
shows it unused to the report that shows it closed; where a report cannot tell, or is missing, what
was known before holds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from credreport.comparison.changes import match
from credreport.schema import CLOSING, TIMELINE, Change, Kind, Status

_ABOUT = ["finding_id", "account_id", "user", "arn", "credential", "kind", "slot"]


def follow(identified: pd.DataFrame, coverage: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each finding and each report of its account, in order.

    `identified` is the table of `identify`, `coverage` that of `to_coverage`. Columns: `key`,
    `account_id`, `kind`, `date`, `turn`, `as_of`, `status` (empty where the credential is not there),
    `change` since the turn before, `is_open`, `is_opening`, `is_closing`.
    """
    present = identified[identified["key"].ne(-1)]
    found = present[present["status"].eq(Status.UNUSED)]
    keys = found[["key", "account_id", "kind"]].drop_duplicates("key")
    grid = keys.merge(coverage, on="account_id").merge(
        present[["key", "date", "status"]], on=["key", "date"], how="left", validate="one_to_one"
    )
    steps = _to_steps(identified, coverage)
    grid = grid.merge(steps, on=["key", "turn"], how="left", validate="one_to_one")
    grid = grid.sort_values(["key", "turn"], ignore_index=True)
    status, change = (grid[name].astype("str").fillna("") for name in ("status", "change"))
    is_unsure = (
        status.eq(Status.UNDETERMINED)
        | (status.eq("") & change.isin([Change.UNDETERMINED, ""]))
        | (status.eq(Status.EXCLUDED) & change.eq(Change.UNDETERMINED))
    )
    mark = pd.Series(np.select([status.eq(Status.UNUSED), is_unsure], [1.0, np.nan], 0.0))
    is_open = mark.groupby(grid["key"]).ffill().eq(1.0)
    was_open = is_open.astype("Int64").groupby(grid["key"]).shift(fill_value=0).eq(1)
    return grid.assign(
        status=status,
        change=change,
        is_open=is_open,
        is_opening=is_open & ~was_open,
        is_closing=was_open & ~is_open,
    )


def _to_steps(identified: pd.DataFrame, coverage: pd.DataFrame) -> pd.DataFrame:
    """Return `key`, `turn` and the `change` from each report of an account to its next."""
    turns = identified.merge(
        coverage[["date", "account_id", "turn"]], on=["date", "account_id"], validate="many_to_one"
    )
    steps = [
        pd.DataFrame({"key": [], "turn": [], "change": []}).astype(
            {"key": int, "turn": int, "change": "str"}
        )
    ]
    for turn in range(1, int(coverage["turn"].max()) + 1):
        after = turns[turns["turn"].eq(turn)]
        before = turns[turns["turn"].eq(turn - 1) & turns["account_id"].isin(after["account_id"])]
        steps.append(match(before, after)[["key", "change"]].assign(turn=turn))
    return pd.concat(steps, ignore_index=True)


def to_timeline(
    followed: pd.DataFrame, identified: pd.DataFrame, coverage: pd.DataFrame
) -> pd.DataFrame:
    """Return one row a finding: the columns of TIMELINE, and `kind` and `key`.

    `state` is `open`, `closed`, `not covered` (open, and its account has no report of the newest
    date) or `undetermined` (open, and the newest report does not tell). `days_open` counts whole days
    in which it was open, to the newest as-of where it still is. `came_back` counts how often it
    was unused again after it was closed. Open ones first, oldest first.
    """
    newest = int(coverage["date"].max())
    end = coverage.loc[coverage["date"].eq(newest), "as_of"].max()
    grouped = followed.groupby("key")
    last = grouped.tail(1).set_index("key")
    until = grouped["as_of"].shift(-1)
    is_last = until.isna()
    is_behind = is_last & followed["date"].ne(newest)
    until = until.where(~is_last, followed["as_of"]).where(~is_behind, end)
    spans = (until - followed["as_of"]).where(followed["is_open"], pd.Timedelta(0))
    flagged = followed[followed["status"].eq(Status.UNUSED)].groupby("key")["as_of"]
    closings = followed[followed["is_closing"]].groupby("key").tail(1).set_index("key")
    closings = closings[~last["is_open"].reindex(closings.index)]
    how = closings["change"].where(
        closings["change"].isin(CLOSING),
        closings["status"]
        .eq(Status.INACTIVE)
        .map({True: Change.DEACTIVATED.value, False: Change.USED_AGAIN.value}),
    )
    state = pd.Series(
        np.select(
            [~last["is_open"], last["date"].ne(newest), last["status"].ne(Status.UNUSED)],
            ["closed", "not covered", "undetermined"],
            "open",
        ),
        index=last.index,
        dtype="str",
    )
    table = _describe(identified).reindex(last.index)
    table = table.assign(
        state=state,
        first_seen=flagged.min(),
        last_seen=flagged.max(),
        closed_on=closings["as_of"].reindex(last.index),
        how=how.reindex(last.index).astype("str").fillna(""),
        days_open=spans.groupby(followed["key"]).sum().dt.days.astype("Int64"),
        came_back=grouped["is_opening"].sum().astype("int64") - 1,
        is_closed=~last["is_open"],
    )
    ordered = table.reset_index().sort_values(
        ["is_closed", "first_seen", "account_id", "user", "slot", "finding_id"],
        kind="stable",
        ignore_index=True,
    )
    return ordered[[*TIMELINE, "kind", "key"]]


def _describe(identified: pd.DataFrame) -> pd.DataFrame:
    """Return, by `key`, how each finding was called when it was last flagged."""
    flagged = identified[identified["status"].eq(Status.UNUSED) & identified["key"].ne(-1)]
    return flagged.sort_values("date", kind="stable").groupby("key")[_ABOUT].last()


def count_open(followed: pd.DataFrame, coverage: pd.DataFrame) -> pd.DataFrame:
    """Return one row a date and kind: `open`, of which `not_covered`, `opened` and `closed`.

    `as_of` is the newest of the date, `accounts` how many have a report of it. A finding whose
    account has no report of a date stays open; `not_covered` counts such.
    """
    dates = coverage.groupby("date").agg(as_of=("as_of", "max"), accounts=("account_id", "nunique"))
    kinds = [Kind.PASSWORD.value, Kind.ACCESS_KEY.value]
    index = pd.MultiIndex.from_product([dates.index, kinds], names=["date", "kind"])
    keys = followed[["key", "kind"]].drop_duplicates("key")
    grid = keys.merge(dates.reset_index()[["date"]], how="cross").merge(
        followed[["key", "date", "is_open", "is_opening", "is_closing"]],
        on=["key", "date"],
        how="left",
        validate="one_to_one",
    )
    grid = grid.sort_values(["key", "date"], ignore_index=True)
    is_covered = grid["is_open"].notna()
    carried = grid["is_open"].astype("boolean").groupby(grid["key"]).ffill()
    is_open = carried.fillna(value=False).astype(bool)
    counted = grid.assign(
        open=is_open,
        not_covered=is_open & ~is_covered,
        opened=grid["is_opening"].astype("boolean").fillna(value=False),
        closed=grid["is_closing"].astype("boolean").fillna(value=False),
    )
    names = ["open", "not_covered", "opened", "closed"]
    counts = counted.groupby(["date", "kind"])[names].sum().reindex(index, fill_value=0)
    table = counts.astype("int64").reset_index().merge(dates.reset_index(), on="date")
    return table[["date", "as_of", "accounts", "kind", *names]]
