"""Many dates -> the life of every finding: first seen, last seen, closed on, how, days open.

A finding lives from the report that first shows it to the report that shows it closed; where a
report cannot tell, or is missing, what was known before holds. While a waiver covers it, it is not
open.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from credreport.comparison.changes import TELLING, match
from credreport.comparison.closing import name_closing
from credreport.comparison.identity import NO_KEY
from credreport.comparison.rule_answers import FOUND, STATUS_RULES
from credreport.rules.waivers import WAIVED
from credreport.schema import (
    ACCOUNT_NAMES,
    TIMELINE,
    Change,
    Kind,
    Status,
)

_ON = ["key", "rule"]
_ABOUT = ["user", "arn", "credential", "slot", "is_root"]


def follow(
    identified: pd.DataFrame,
    found: pd.DataFrame,
    unknown: pd.DataFrame,
    coverage: pd.DataFrame,
    steps: pd.DataFrame,
) -> pd.DataFrame:
    """Return one row for each finding and each report of its account that tells more about it, in order.

    These are the reports from the first with the finding to the last that has its credential or shows
    it gone, and the newest.

    `identified`, `found`, `unknown`, `coverage` and `steps` are the tables of `identify`,
    `to_found`, `to_unknown`, `to_coverage` and `to_steps` (between two dates, those of `match` with
    `turn` 1). Columns: `key`, `rule`, `account_id`, `kind`, `date`, `turn`, `as_of`; `finding_id`,
    `severity`, `state` and `waiver` where that report has the finding; `why` where it does not
    decide it; `status` of its credential (empty where it is not there; then `seen` is `left_only`)
    and `change` since the report before; `exists`, `is_open` (and no waiver covers it),
    `is_opening`, `is_closing`.
    """
    present = identified[identified["key"].ne(NO_KEY)]
    about = present[["key", "account_id", "kind"]].drop_duplicates("key")
    at = [*_ON, "date"]
    grid = (
        _spread(found[at].merge(about, on="key", validate="many_to_one"), present, coverage, steps)
        .merge(found[[*at, *FOUND]], on=at, how="left", validate="one_to_one")
        .merge(unknown[[*at, "why"]], on=at, how="left", validate="one_to_one")
        .merge(
            present[["key", "date", "status", "use"]],
            on=["key", "date"],
            how="left",
            indicator="seen",
        )
        .merge(steps[["key", "turn", "change"]], on=["key", "turn"], how="left")
        .sort_values([*_ON, "turn"], ignore_index=True)
    )
    texts = (*FOUND, "why", "status", "change")
    grid = grid.assign(**{name: grid[name].astype("str").fillna("") for name in texts})
    is_missing = grid["seen"].eq("left_only")
    is_unsure = (
        grid["why"].ne("")
        | (is_missing & grid["change"].isin([Change.UNDETERMINED, ""]))
        | (
            grid["status"].eq(Status.EXCLUDED)
            & grid["change"].eq(Change.UNDETERMINED)
            & grid["rule"].isin(STATUS_RULES)
        )
    )
    is_found = grid["finding_id"].ne("")
    mark = pd.Series(np.select([is_found, is_unsure], [1.0, np.nan], 0.0), index=grid.index)
    waived = grid["state"].eq(WAIVED).astype(float).where(is_found)
    lives_of = [grid[name] for name in _ON]
    exists = mark.groupby(lives_of).ffill().eq(1.0)
    existed = exists.astype("Int64").groupby(lives_of).shift(fill_value=0).eq(1)
    is_waived = waived.groupby(lives_of).ffill().eq(1.0)
    return grid.assign(
        exists=exists,
        is_open=exists & ~is_waived,
        is_opening=exists & ~existed,
        is_closing=existed & ~exists,
    )


def _spread(
    found: pd.DataFrame, present: pd.DataFrame, coverage: pd.DataFrame, steps: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of `follow`, with the columns of the coverage."""
    turned = found.merge(coverage, on=["account_id", "date"])
    lives = turned.groupby([*_ON, "account_id", "kind"], as_index=False).agg(since=("turn", "min"))
    seen = present[["key", "account_id", "date"]].merge(coverage, on=["account_id", "date"])
    until = pd.concat([seen[["key", "turn"]], steps[["key", "turn"]]]).groupby("key")["turn"].max()
    newest = lives["account_id"].map(coverage.groupby("account_id")["turn"].max())
    lives = lives.assign(until=lives["key"].map(until))
    rows = lives.loc[lives.index.repeat(lives["until"] - lives["since"] + 1)]
    rows = rows.assign(turn=rows["since"] + rows.groupby(level=0).cumcount())
    behind = lives.assign(turn=newest)[lives["until"].lt(newest)]
    both = pd.concat([rows, behind]).drop(columns=["since", "until"])
    return both.merge(coverage, on=["account_id", "turn"], validate="many_to_one")


def to_steps(identified: pd.DataFrame, coverage: pd.DataFrame) -> pd.DataFrame:
    """Return `key`, `turn` and the `change` from each report of an account to its next.

    What a report without root lacks is compared with the last report before it that had it. So is
    a user or an access key that a later report has again: IAM restores neither once it is deleted,
    so the report that lacks it is only a part of one, and the change is undetermined. That user may
    have been one of unknown creation time in between, who is gone now: undetermined, too.
    """
    turns = identified[["date", *TELLING]].merge(
        coverage[["date", "account_id", "turn"]], on=["date", "account_id"], validate="many_to_one"
    )
    steps = [
        pd.DataFrame({"key": [], "turn": [], "change": []}).astype(
            {"key": int, "turn": int, "change": "str"}
        )
    ]
    users = turns[turns["is_created_known"]].groupby("user_key")["turn"].max()
    is_key = turns["kind"].eq(Kind.ACCESS_KEY) & turns["is_born_known"] & turns["key"].ne(NO_KEY)
    keys = turns[is_key].groupby("key")["turn"].max()
    lost = turns.iloc[:0]
    rows_of = turns.groupby("turn").indices  # a search at each turn costs their square
    for turn in range(1, len(rows_of)):
        after = turns.iloc[rows_of[turn]]
        before = pd.concat([turns.iloc[rows_of[turn - 1]], lost])
        before = before[before["account_id"].isin(after["account_id"])]
        pairs = match(before, after)
        is_back = pairs["key"].map(keys).gt(turn)
        is_back |= pairs["user_key"].map(users).gt(turn) & ~pairs["has_user_after"]
        is_back &= pairs["is_gone"]
        returned = lost.loc[lost["user_key"].isin(after["user_key"]), "account_id"]
        nameless = before.loc[~before["is_created_known"], "user_key"]
        may_be_back = pairs["is_gone"] & pairs["account_id"].isin(returned)
        may_be_back &= pairs["user_key"].isin(nameless) & ~pairs["has_user_after"]
        change = pairs["change"].mask(is_back | may_be_back, Change.UNDETERMINED.value)
        steps.append(pd.DataFrame({"key": pairs["key"], "change": change, "turn": turn}))
        is_lost = is_back | (pairs["is_gone"] & pairs["doubt"].eq("root"))
        lost = before[before["key"].isin(pairs.loc[is_lost, "key"])]
    return pd.concat(steps, ignore_index=True)


def to_timeline(
    followed: pd.DataFrame,
    identified: pd.DataFrame,
    coverage: pd.DataFrame,
    rotated: pd.DataFrame,
) -> pd.DataFrame:
    """Return one row per finding: the columns of TIMELINE, and `kind` and `key`.

    `state` is `open`, `waived`, `closed`, `not_covered` (not closed, and its account has no report of
    the newest date) or `undetermined` (not closed, and the newest report does not decide it).
    `days_open` counts whole days in which it was open, to the newest as-of where it still is.
    `came_back` counts how often it was found again after it was closed. `rotated` has the `key` and
    `change` of the credentials that are gone between the first date and the last, where that span
    distinguishes a rotation from a removal. Open ones first, oldest first.
    """
    newest = int(coverage["date"].max())
    end = coverage.loc[coverage["date"].eq(newest), "as_of"].max()
    grouped = followed.groupby(_ON)
    last = grouped.tail(1).set_index(_ON)
    until = grouped["as_of"].shift(-1)
    is_last = until.isna()
    is_behind = is_last & followed["date"].ne(newest)
    until = until.where(~is_last, followed["as_of"]).where(~is_behind, end)
    spans = (until - followed["as_of"]).where(followed["is_open"], pd.Timedelta(0))
    is_found = followed["finding_id"].ne("")
    flagged = followed[is_found].groupby(_ON)["as_of"]
    state = pd.Series("open", index=last.index, dtype="str").case_when(
        [
            (~last["exists"], "closed"),
            (last["date"].ne(newest), "not_covered"),
            (last["finding_id"].eq(""), "undetermined"),
            (~last["is_open"], "waived"),
        ]
    )
    closings = followed[followed["is_closing"]].groupby(_ON).tail(1).set_index(_ON)
    closings = closings[~last["exists"].reindex(closings.index)]
    named = followed[is_found].groupby(_ON)[["finding_id", "severity", "waiver"]].last()
    waived = named["waiver"].where(state.reindex(named.index).ne("closed"), "")
    table = last[["account_id", "kind"]].join(named.assign(waiver=waived)).assign(
        state=state,
        first_seen=flagged.min(),
        last_seen=flagged.max(),
        closed_on=closings["as_of"].reindex(last.index),
        how=_to_how(closings, rotated).reindex(last.index).astype("str").fillna(""),
        days_open=spans.groupby([followed[name] for name in _ON]).sum().dt.days.astype("Int64"),
        came_back=grouped["is_opening"].sum().astype("int64") - 1,
        is_closed=~last["exists"],
        **dict.fromkeys(ACCOUNT_NAMES, ""),
    )  # fmt: skip
    table = table.reset_index().merge(_describe(followed, identified), on=_ON, how="left")
    ordered = table.sort_values(
        ["is_closed", "first_seen", "account_id", "user", "slot", "rule", "finding_id"],
        kind="stable",
        ignore_index=True,
    )
    return ordered[[*TIMELINE, "kind", "key"]]


def _to_how(closings: pd.DataFrame, rotated: pd.DataFrame) -> pd.Series:
    """Return how each was closed; between removal and rotation the whole span decides."""
    change, rule = closings["change"], closings.index.get_level_values("rule")
    key = closings.index.get_level_values("key").to_series(index=closings.index)
    over_all = key.map(rotated.set_index("key")["change"]).astype("str").fillna("")
    is_gone = change.isin([Change.REMOVED, Change.REPLACED])
    change = change.mask(is_gone & over_all.ne(""), over_all)
    rules = rule.to_series(index=closings.index)
    return name_closing(rules, change, closings["status"], closings["use"])


def _describe(followed: pd.DataFrame, identified: pd.DataFrame) -> pd.DataFrame:
    """Return, by `key` and `rule`, whose each finding was when it was last found."""
    found = followed.loc[followed["finding_id"].ne(""), [*_ON, "date"]]
    latest = found.sort_values("date").drop_duplicates(_ON, keep="last")
    about = identified.loc[identified["key"].ne(NO_KEY), ["key", "date", *_ABOUT]]
    return latest.merge(about, on=["key", "date"], validate="many_to_one")[[*_ON, *_ABOUT]]


def count_open(followed: pd.DataFrame, coverage: pd.DataFrame, kinds: list[str]) -> pd.DataFrame:
    """Return one row per date and kind: the counts of findings.

    `open`, of which `not_covered` and `undetermined`; `waived`, `opened`, `closed`. `as_of` is the
    newest of the date, `accounts` how many have a report of it. A finding whose account has no report
    of a date stays open; `not_covered` counts these. So does one that the report of a date does not
    settle, though it is not among what is open now; `undetermined` counts these.
    """
    of_date = coverage.groupby("date")
    dates = pd.DataFrame(
        {"as_of": of_date["as_of"].max(), "accounts": of_date["account_id"].nunique()}
    )
    lives = followed[[*_ON, "account_id", "kind"]].drop_duplicates(_ON, ignore_index=True)
    rows = followed.assign(
        life=followed.groupby(_ON, sort=False).ngroup(), is_found=followed["finding_id"].ne("")
    )
    flags = ["is_found", "is_opening", "is_closing"]
    held = pd.DataFrame(data=False, index=lives.index, columns=["exists", "is_open"])
    told = dict(iter(rows.set_index("life").groupby("date")))
    names = ["open", "not_covered", "undetermined", "waived", "opened", "closed"]
    tables = []
    for date, reports in of_date:
        here = told.get(date, rows.iloc[:0])
        held.loc[here.index] = here[["exists", "is_open"]]
        new = here[flags].reindex(lives.index, fill_value=False)
        is_covered = lives["account_id"].isin(reports["account_id"])
        # What is not covered counts as open whether a waiver covered it before or not.
        is_not_covered = held["exists"] & ~is_covered
        counted = pd.DataFrame(
            {
                "open": held["is_open"] | is_not_covered,
                "not_covered": is_not_covered,
                "undetermined": held["is_open"] & is_covered & ~new["is_found"],
                "waived": held["exists"] & ~held["is_open"] & ~is_not_covered,
                "opened": new["is_opening"],
                "closed": new["is_closing"],
            }
        )
        counts = counted.groupby(lives["kind"]).sum().reindex(kinds, fill_value=0)
        tables.append(counts.rename_axis("kind").reset_index().assign(date=date))
    table = pd.concat(tables, ignore_index=True).astype(dict.fromkeys(names, "int64"))
    table = table.merge(dates.reset_index(), on="date")
    return table[["date", "as_of", "accounts", "kind", *names]]
