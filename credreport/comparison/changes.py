"""Two dates -> what became of every finding and of every credential."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from credreport.comparison.closing import CLOSING, name_closing
from credreport.comparison.findings import STATUS_RULES
from credreport.comparison.identity import NO_KEY
from credreport.comparison.sentences import to_evidence
from credreport.rules.catalogue import RULES
from credreport.rules.rule import SEVERITY_RANKS, Subject
from credreport.rules.waivers import WAIVED
from credreport.schema import (
    ACCOUNT_NAMES,
    CHANGES,
    USER_CELLS,
    Change,
    Kind,
    Outcome,
    Status,
)

# AWS may serve a report that is up to four hours old: a user made meanwhile is not in it.
SERVED_AGAIN = pd.Timedelta(hours=4)
_MOST_NAMESAKES = 10
_WHO = (
    "user_key", "account_id", "owner", "user", "arn", "kind", "slot", "created_at", "is_root",
)  # fmt: skip
_SIDE = (
    "owner", "user", "arn", "status", "credential", "last_used", "age_days", "effective_last_used",
    "use", "set_at", "enabled_raw", "last_used_raw", "set_raw", "next_rotation_raw", "service",
    "region", "reason", "is_born_known", "source_line", *USER_CELLS,
)  # fmt: skip
_TEXT_SIDE = (
    "owner", "user", "arn", "status", "credential", "use", "service", "region", "reason",
)  # fmt: skip
# The columns that decide a change; all others are for the evidence.
TELLING = (
    *_WHO, "key", "as_of", "created", "is_created_known", "is_born_known", "status", "credential",
    "last_used", "effective_last_used", "set_at", "set_raw",
)  # fmt: skip
_FOUND = ("finding_id", "severity", "state", "waiver")
_WHOLE = (Subject.USER.value, Subject.ROOT.value)
_COMPARED = (Kind.PASSWORD.value, Kind.ACCESS_KEY.value)
_RANKS = (
    Outcome.STILL_OPEN, Outcome.NEW, Outcome.NOT_COVERED, Outcome.UNDETERMINED, Outcome.WAIVED,
    Outcome.CLOSED,
)  # fmt: skip


def match(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return one row per credential or whole user of either date: both sides, and the `change`.

    `before` and `after` are the rows of `identify` of one date each (or of one report per account).
    Columns: `key`; the user's; those of each side with the suffix `_before` or `_after`;
    `as_of_before` and `as_of_after` wherever the account has a report; `change`, empty for a whole
    user that has none; `doubt` (`user`, `twins`, `rows`, `key`, `root` or empty); `is_recreated`,
    `is_first_seen`, `has_user_before`, `has_user_after`, `replaced_by`.
    """
    pairs = _pair(before, after)
    users = _find_loose_users(before, after)
    loose = pairs["user_key"]
    doubt = pd.Series("", index=pairs.index, dtype="str")
    for name in ("user", "twins"):
        doubt = doubt.mask(loose.isin(users.loc[users["doubt"].eq(name), "user_key"]), name)
    doubt = doubt.mask(loose.isin(_find_uneven_users(before, after)), "rows")
    pairs = pairs.assign(
        has_user_after=loose.isin(after["user_key"]),
        has_user_before=loose.isin(before["user_key"]),
        is_recreated=loose.isin(users.loc[users["is_recreated"], "user_key"]),
        is_first_seen=pairs["as_of_before"].isna(),
        doubt=doubt,
    )
    return pairs.pipe(_link_rotations).pipe(_doubt_missing_root).pipe(_decide)


def find_latecomers(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the new users that were created before the older report, which does not list them.

    One row each: `account_id`, `user`, `created_at`, `as_of` of the older report, and `namesakes`:
    some of the users gone from the account that had the same creation time, one of which it may
    have been.
    """
    users = _find_loose_users(before, after)
    gone = users[users["is_gone"] & users["is_created_known"]]
    twins = gone.groupby(["account_id", "created"])["user"].agg(_name_some).rename("namesakes")
    older = _as_of_by_account(before)
    new = users[~users["is_gone"]].merge(twins, on=["account_id", "created"], how="left")
    new = new.assign(
        as_of=new["account_id"].map(older), namesakes=new["namesakes"].astype("str").fillna("")
    )
    late = new[new["created_at"] < new["as_of"] - SERVED_AGAIN]
    late = late.sort_values(["account_id", "owner"], ignore_index=True)
    return late[["account_id", "user", "created_at", "as_of", "namesakes"]]


def _name_some(users: pd.Series) -> str:
    """Return the first names and the number of the others: all may have the same others."""
    names = ", ".join(users.iloc[:_MOST_NAMESAKES])
    more = len(users) - _MOST_NAMESAKES
    return f"{names} and {more} more" if more > 0 else names


def _as_of_by_account(rows: pd.DataFrame) -> pd.Series:
    return (
        rows[["account_id", "as_of"]].drop_duplicates("account_id").set_index("account_id")["as_of"]
    )


def _pair(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Join what is on both sides, each exactly once."""
    columns = [name for name in dict.fromkeys((*_WHO, *_SIDE)) if name in before]
    sides = [
        table.loc[table["key"].ne(NO_KEY), ["key", *columns]].rename(
            columns={name: f"{name}_{side}" for name in columns}
        )
        for table, side in ((before, "before"), (after, "after"))
    ]
    pairs = sides[0].merge(sides[1], on="key", how="outer", validate="one_to_one", indicator="side")
    who = {name: pairs[f"{name}_after"].fillna(pairs[f"{name}_before"]) for name in _WHO}
    # A cell that one side lacks turns its column into one of another type.
    who |= {name: who[name].astype("int64") for name in ("user_key", "slot")}
    who["is_root"] = who["is_root"].astype(bool)
    known = {
        f"as_of_{side}": who["account_id"].map(_as_of_by_account(table))
        for table, side in ((before, "before"), (after, "after"))
    }
    texts = {
        f"{name}_{side}": pairs[f"{name}_{side}"].astype("str").fillna("")
        for name in _TEXT_SIDE
        if name in columns
        for side in ("before", "after")
    }
    return pairs.assign(
        **who,
        **known,
        **texts,
        is_gone=pairs["side"].eq("left_only"),
        is_new=pairs["side"].eq("right_only"),
    )


def _find_loose_users(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the users of one side only, in accounts that both sides cover, and what that may mean.

    `is_recreated`: the other side has another user of the same name. `doubt` is `user` where the
    creation time of either is not a date, so that they may be one user; it is `twins` where several
    users of one creation time vanished or appeared, so that one of them may have been renamed.
    """
    both = set(before["account_id"].unique()) & set(after["account_id"].unique())
    columns = [
        "user_key", "account_id", "owner", "user", "created", "created_at", "is_created_known",
    ]  # fmt: skip
    gone, new = (
        table.loc[
            table["account_id"].isin(both)
            & ~table["is_root"]
            & ~table["user_key"].isin(other["user_key"]),
            columns,
        ]
        .drop_duplicates("user_key")
        .assign(is_gone=is_gone)
        for table, other, is_gone in ((before, after, True), (after, before, False))
    )
    loose = pd.concat([gone, new], ignore_index=True)
    by_name = loose.groupby(["account_id", "owner"], sort=False)
    has_namesake = by_name["is_gone"].transform("nunique").gt(1)
    is_known = by_name["is_created_known"].transform("all")
    by_birth = loose.groupby(["account_id", "created"], sort=False)["is_gone"].transform("nunique")
    doubt = np.select(
        [has_namesake & ~is_known, by_birth.gt(1) & loose["is_created_known"]],
        ["user", "twins"],
        default="",
    )
    return loose.assign(
        doubt=pd.Series(doubt, index=loose.index, dtype="str"),
        is_recreated=has_namesake & is_known,
    )


def _find_uneven_users(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """Return the keys of users with more rows on one side than on the other: which is which is unknown."""
    who = ["account_id", "owner", "created"]
    users = pd.concat(
        [
            table[["user_key", *who]].drop_duplicates("user_key").assign(is_after=is_after)
            for table, is_after in ((before, False), (after, True))
        ]
    )
    later = users.groupby(who, sort=False)["is_after"]
    rows_after, rows = later.transform("sum"), later.transform("size")
    return users.loc[rows_after.gt(0) & rows_after.lt(rows) & rows.ne(2 * rows_after), "user_key"]


def _link_rotations(pairs: pd.DataFrame) -> pd.DataFrame:
    """Find the users with exactly one key gone and exactly one key new: `replaced_by`.

    Where a loose key has no readable date, it may be the other one: `doubt` says so.
    """
    stays = pairs["has_user_before"] & pairs["has_user_after"] & pairs["kind"].eq(Kind.ACCESS_KEY)
    loose = pairs[stays & (pairs["is_gone"] | pairs["is_new"])]
    is_known = loose["is_born_known_after"].combine_first(loose["is_born_known_before"])
    flags = loose.assign(is_known=is_known.astype(bool))
    counts = flags.groupby("user_key")[["is_gone", "is_new"]].sum()
    counts = counts.assign(is_known=flags.groupby("user_key")["is_known"].all())
    both = counts["is_gone"].gt(0) & counts["is_new"].gt(0)
    doubtful = counts.index[both & ~counts["is_known"]]
    rotated = counts.index[
        both & counts["is_known"] & counts["is_gone"].eq(1) & counts["is_new"].eq(1)
    ]
    made = loose[loose["is_new"] & loose["user_key"].isin(rotated)].set_index("user_key")
    made_at = made["set_at_after"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype("str")
    is_rotated = pairs.index.isin(loose.index[loose["is_gone"]]) & pairs["user_key"].isin(rotated)
    is_doubtful = pairs.index.isin(loose.index) & pairs["user_key"].isin(doubtful)

    def of_new(values: pd.Series) -> pd.Series:
        return pairs["user_key"].map(values).where(is_rotated, "").astype("str")

    return pairs.assign(
        replaced_by=of_new(made["credential_after"] + " " + made_at),
        new_key=of_new(made["credential_after"]),
        new_key_set_raw=of_new(made["set_raw_after"]),
        doubt=pairs["doubt"].mask(is_doubtful, "key"),
    )


def _doubt_missing_root(pairs: pd.DataFrame) -> pd.DataFrame:
    """Root is never removed or added: a report that covers the account and lacks it says nothing.

    It may be a part of one, and then says nothing either of the other users that it lacks.
    """
    is_covered = pairs["as_of_before"].notna() & pairs["as_of_after"].notna()
    is_lost = ~pairs["has_user_after"]
    is_missing = pairs["is_root"] & is_covered & (is_lost | ~pairs["has_user_before"])
    parts = pairs.loc[is_missing & is_lost, "account_id"]
    is_unsure = is_missing | (is_lost & pairs["account_id"].isin(parts) & pairs["doubt"].eq(""))
    return pairs.assign(doubt=pairs["doubt"].mask(is_unsure, "root"))


def _decide(pairs: pd.DataFrame) -> pd.DataFrame:
    """Give every pair its one change, the first that matches."""
    before, after = pairs["status_before"], pairs["status_after"]
    gone, new = pairs["is_gone"], pairs["is_new"]
    was_unsure, is_unsure = before.eq(Status.UNDETERMINED), after.eq(Status.UNDETERMINED)
    was_excluded, is_excluded = before.eq(Status.EXCLUDED), after.eq(Status.EXCLUDED)
    was_off, is_off = before.eq(Status.INACTIVE), after.eq(Status.INACTIVE)
    was_unused, is_unused = before.eq(Status.UNUSED), after.eq(Status.UNUSED)
    was_used = (pairs["last_used_after"] > pairs["last_used_before"]) | (
        pairs["last_used_after"].notna() & pairs["last_used_before"].isna()
    )
    # Time makes nothing used: where no use shows, another number of days counts for the user.
    is_as_old = pairs["effective_last_used_after"] <= pairs["effective_last_used_before"]
    ladder: list[tuple[pd.Series, Change]] = [
        (gone & pairs["as_of_after"].isna(), Change.NOT_COVERED),
        (new & pairs["is_first_seen"], Change.ADDED),
        (pairs["doubt"].ne(""), Change.UNDETERMINED),
        (gone & ~pairs["has_user_after"], Change.USER_REMOVED),
        (pairs["replaced_by"].ne(""), Change.REPLACED),
        (gone, Change.REMOVED),
        (new, Change.ADDED),
        (was_unsure & is_unsure, Change.STILL_UNDETERMINED),
        (was_unsure | is_unsure, Change.UNDETERMINED),
        (was_excluded & is_excluded, Change.STILL_EXCLUDED),
        (was_off & is_off, Change.STILL_INACTIVE),
        (is_off, Change.DEACTIVATED),
        (was_off, Change.REACTIVATED),
        # Root's password, judged on one date and not reported on the other (--include-root).
        (was_excluded | is_excluded, Change.UNDETERMINED),
        (was_unused & is_unused & was_used, Change.UNUSED_AGAIN),
        (was_unused & is_unused, Change.STILL_UNUSED),
        (was_unused & is_as_old, Change.OTHER_LIMIT),
        (was_unused, Change.USED_AGAIN),
        (is_unused, Change.NEWLY_UNUSED),
    ]
    masks = [mask.to_numpy(dtype=bool) for mask, _ in ladder]
    words = np.select(masks, [word.value for _, word in ladder], default=Change.STILL_CURRENT.value)
    change = pd.Series(words, index=pairs.index, dtype="str")
    is_whole = pairs["kind"].isin(_WHOLE)
    return pairs.assign(change=change.mask(is_whole & change.eq(Change.STILL_CURRENT), ""))


def to_rows_of_findings(
    pairs: pd.DataFrame,
    found: tuple[pd.DataFrame, pd.DataFrame],
    unknown: tuple[pd.DataFrame, pd.DataFrame],
    behind: Iterable[str],
) -> pd.DataFrame:
    """Return one row per finding of either date, and one per credential that has none on either.

    `pairs` are those of `match`; `found` and `unknown` those of `to_found` and `to_unknown` of either
    date. `behind` names the accounts whose newest report is older than the newest date: what it
    shows as closed is closed, all their other findings are not covered. Adds `rule`, `outcome`,
    `why` (what was not decided), `is_open` (now, and no waiver covers it), `closed`, `closed_by`,
    and the columns of findings with the suffix of either side.
    """
    on = ["key", "rule"]
    sides = [
        table[[*on, *_FOUND]].rename(columns={name: f"{name}_{side}" for name in _FOUND})
        for table, side in zip(found, ("before", "after"), strict=True)
    ]
    both = sides[0].merge(sides[1], on=on, how="outer", validate="one_to_one")
    for table, side in zip(unknown, ("before", "after"), strict=True):
        why = table[[*on, "why"]].rename(columns={"why": f"why_{side}"})
        both = both.merge(why, on=on, how="left", validate="one_to_one")
    rows = pairs.merge(both, on="key", how="left", validate="one_to_many")
    rows = rows[rows["rule"].notna() | rows["kind"].isin(_COMPARED)].reset_index(drop=True)
    texts = [f"{name}_{side}" for name in (*_FOUND, "why") for side in ("before", "after")]
    rows = rows.assign(**{name: rows[name].astype("str").fillna("") for name in ["rule", *texts]})
    return _add_outcome(rows, rows["account_id"].isin(list(behind)))


def _add_outcome(rows: pd.DataFrame, is_behind: pd.Series) -> pd.DataFrame:
    """Decide the outcome of each finding, the first that matches; empty without a finding."""
    was, now = rows["finding_id_before"].ne(""), rows["finding_id_after"].ne("")
    is_waived = rows["state_after"].eq(WAIVED)
    is_of_status = rows["rule"].isin(STATUS_RULES)
    is_excluded = rows["status_after"].eq(Status.EXCLUDED) & rows["status_before"].ne(
        Status.EXCLUDED
    )
    is_unknown = rows["why_after"].ne("") | (is_of_status & is_excluded)
    is_doubtful = rows["doubt"].ne("") & ~(rows["doubt"].eq("root") & now)
    ladder = [
        (~was & ~now, ""),
        (rows["as_of_after"].isna(), Outcome.NOT_COVERED.value),
        (is_behind & (now | is_unknown | is_doubtful), Outcome.NOT_COVERED.value),
        (is_doubtful, Outcome.UNDETERMINED.value),
        (now & is_waived, Outcome.WAIVED.value),
        (now & was, Outcome.STILL_OPEN.value),
        (now, Outcome.NEW.value),
        (is_unknown, Outcome.UNDETERMINED.value),
    ]
    masks = [mask.to_numpy(dtype=bool) for mask, _ in ladder]
    words = np.select(masks, [word for _, word in ladder], default=Outcome.CLOSED.value)
    outcome = pd.Series(words, index=rows.index, dtype="str")
    is_closed = outcome.eq(Outcome.CLOSED)
    is_not_covered = outcome.eq(Outcome.NOT_COVERED)
    # Whatever changed in an account that is not covered now, its change is `not_covered`.
    change = rows["change"]
    is_past = is_behind & ~is_closed & ~change.isin(CLOSING)
    change = change.mask(is_past | is_not_covered, Change.NOT_COVERED.value)
    by = name_closing(rows["rule"], change, rows["status_after"], rows["use_after"])
    return rows.assign(
        outcome=outcome,
        change=change,
        closed=is_closed.map({True: "yes", False: "no"}).where(was, "").astype("str"),
        closed_by=by.where(is_closed, "").astype("str"),
        is_open=is_not_covered | (now & ~is_waived),
        is_new_finding=now & ~was & ~is_waived & ~is_doubtful,
    )


def to_changes(rows: pd.DataFrame, day: str) -> pd.DataFrame:
    """Return the table of changes: the columns of CHANGES, and what else the sheet shows.

    `rows` are those of `to_rows_of_findings`; `day` names the newest date. Besides: `key`, `kind`,
    `is_open`, `is_new_finding`, `closed_by`, `finding_id_before`, `credential_before`,
    `line_before`, `line_after`. Order: what is open first, then the most severe, then the oldest;
    the account's name and owner are left empty.
    """
    finding_id = rows["finding_id_after"].where(
        rows["finding_id_after"].ne(""), rows["finding_id_before"]
    )
    waiver = rows["waiver_after"].where(rows["finding_id_after"].ne(""), rows["waiver_before"])
    severity = rows["severity_after"].where(rows["severity_after"].ne(""), rows["severity_before"])
    table = pd.DataFrame(
        {
            "finding_id": finding_id,
            "rule": rows["rule"],
            "severity": severity,
            "state": rows["outcome"],
            "waiver": waiver,
            "change": rows["change"],
            "closed": rows["closed"],
            "account_id": rows["account_id"].astype("str"),
            **dict.fromkeys(ACCOUNT_NAMES, ""),
            "user": rows["user"].astype("str"),
            "arn": rows["arn"].astype("str"),
            "credential": rows["credential_after"].where(
                ~rows["is_gone"], rows["credential_before"]
            ),
            "before_status": rows["status_before"],
            "after_status": rows["status_after"],
            "before_last_used": rows["last_used_before"],
            "after_last_used": rows["last_used_after"],
            "before_age_days": rows["age_days_before"],
            "after_age_days": rows["age_days_after"],
            "before_as_of": rows["as_of_before"],
            "after_as_of": rows["as_of_after"],
            "evidence": to_evidence(rows, day),
            "replaced_by": rows["replaced_by"],
            "key": rows["key"],
            "kind": rows["kind"].astype("str"),
            "is_open": rows["is_open"],
            "is_new_finding": rows["is_new_finding"],
            "closed_by": rows["closed_by"],
            "finding_id_before": rows["finding_id_before"],
            "credential_before": rows["credential_before"],
            "line_before": rows["source_line_before"].astype("Int64"),
            "line_after": rows["source_line_after"].astype("Int64"),
        }
    )
    return _in_order(table, rows)


def _in_order(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    ranks = {outcome.value: place for place, outcome in enumerate(_RANKS)}
    age = rows["age_days_after"].fillna(rows["age_days_before"]).fillna(-1)
    rules = {rule: place for place, rule in enumerate(RULES)}
    order = {
        "rank": table["state"].map(ranks).fillna(len(ranks)),
        "severity_rank": table["severity"].map(SEVERITY_RANKS).fillna(len(SEVERITY_RANKS)),
        "younger": -age.astype("int64"),
        "slot": rows["slot"],
        "rule_rank": table["rule"].map(rules).fillna(-1),
        "created_at": rows["created_at"],
        "set_at": rows["set_at_after"].combine_first(rows["set_at_before"]),
    }
    names = ["rank", "severity_rank", "younger", "account_id", "user", "slot", "rule_rank"]
    ordered = table.assign(**order).sort_values(
        [*names, "created_at", "set_at", *CHANGES], kind="stable", ignore_index=True
    )
    return ordered.drop(columns=list(order))
