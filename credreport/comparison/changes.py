"""Two dates -> what became of every credential."""

from __future__ import annotations

import pandas as pd

from credreport.comparison.identity import NO_KEY
from credreport.reports.normalise import by_key
from credreport.reports.stamp import SERVED_FOR
from credreport.rules.rule import WHOLE_USER, Subject
from credreport.schema import USER_CELLS, Change, Kind, Status
from credreport.text import first_few

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


def match(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return one row per credential or whole user of either date: both sides, and the `change`.

    `before` and `after` are the rows of `identify` of one date each (or of one report per account).
    Columns: `key`; the user's; those of each side with the suffix `_before` or `_after`;
    `as_of_before` and `as_of_after` wherever the account has a report; `change`, empty for a whole
    user that has none; `doubt` (`user`, `twins`, `name`, `rows`, `key`, `root` or empty); `is_recreated`,
    `is_first_seen`, `has_user_before`, `has_user_after`, `replaced_by`.
    """
    pairs = _pair(before, after)
    users = _find_loose_users(before, after)
    loose = pairs["user_key"]
    doubt = pd.Series("", index=pairs.index, dtype="str")
    for name in ("user", "twins", "name"):
        doubt = doubt.mask(loose.isin(users.loc[users["doubt"].eq(name), "user_key"]), name)
    is_swapped = loose.isin(_find_swapped_users(before, after))
    doubt = doubt.mask(is_swapped & doubt.eq(""), "twins")
    doubt = doubt.mask(loose.isin(_find_uneven_users(before, after)), "rows")
    pairs = pairs.assign(
        has_user_after=loose.isin(after["user_key"]),
        has_user_before=loose.isin(before["user_key"]),
        is_recreated=loose.isin(users.loc[users["is_recreated"], "user_key"]),
        is_first_seen=pairs["as_of_before"].isna(),
        doubt=doubt,
    )
    return pairs.pipe(_link_rotations).pipe(_doubt_missing_root).pipe(_decide)


def find_latecomers(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the new users that were created before the older report, which does not list them.

    `pairs` is what `match` returns. One row each: `account_id`, `user`, `created_at`, `as_of` of the
    older report, and `namesakes`: some of the users gone from the account that had the same creation
    time, one of which it may have been.
    """
    users = pairs[pairs["kind"].eq(Subject.USER.value)]
    birth = ["account_id", "created_at"]
    twins = (
        users[users["is_gone"]]
        .groupby(birth)["user"]
        .agg(lambda users: first_few(users.tolist(), _MOST_NAMESAKES))
    )
    twins = twins.rename("namesakes")
    new = users[users["is_new"]].merge(twins, on=birth, how="left")
    new = new.rename(columns={"as_of_before": "as_of"}).astype({"namesakes": "str"})
    # A user made since AWS made the report that it served is not in it.
    late = new[new["created_at"] < new["as_of"] - SERVED_FOR]
    late = late.sort_values(["account_id", "owner"]).fillna({"namesakes": ""})
    return late[["account_id", "user", "created_at", "as_of", "namesakes"]]


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
        f"as_of_{side}": who["account_id"].map(by_key(table, "account_id", "as_of"))
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
    """Return the users of one side only, and what that may mean.

    `is_recreated`: the other side has another user of the same name. `doubt` is `user` where the
    creation time of either is not a date, so that they may be one user; it is `twins` where several
    users of one creation time vanished or appeared, so that one of them may have been renamed; it
    is `name` where one vanished and one appeared, and a creation time of either is not known.
    """
    columns = [
        "user_key", "account_id", "owner", "user", "created", "created_at", "is_created_known",
    ]  # fmt: skip
    gone, new = (
        table.loc[~table["is_root"] & ~table["user_key"].isin(other["user_key"]), columns]
        .drop_duplicates("user_key")
        .assign(is_gone=is_gone)
        for table, other, is_gone in ((before, after, True), (after, before, False))
    )
    loose = pd.concat([gone, new], ignore_index=True)
    by_name = loose.groupby(["account_id", "owner"], sort=False)
    has_namesake = by_name["is_gone"].transform("nunique").gt(1)
    is_known = by_name["is_created_known"].transform("all")
    account, side = loose["account_id"], loose["is_gone"]
    has_both = side.groupby(account).transform("nunique").gt(1)
    is_unknown = ~loose["is_created_known"]
    in_account = is_unknown.groupby(account).transform("sum")
    on_this_side = is_unknown.groupby([account, side]).transform("sum")
    may_be_renamed = has_both & (is_unknown | in_account.gt(on_this_side))
    by_birth = loose.groupby(["account_id", "created"], sort=False)["is_gone"].transform("nunique")
    doubt = pd.Series("", index=loose.index, dtype="str").case_when(
        [
            (has_namesake & ~is_known, "user"),
            (by_birth.gt(1) & loose["is_created_known"], "twins"),
            (may_be_renamed, "name"),
        ]
    )
    return loose.assign(
        doubt=doubt,
        is_recreated=has_namesake & is_known,
    )


def _find_swapped_users(before: pd.DataFrame, after: pd.DataFrame) -> list[int]:
    """Return the users of one creation time of whom one has on one side only keys that the other has there.

    They may have taken each other's names.
    """
    birth = ["account_id", "created", "set_at"]
    keys = [
        table.loc[
            table["kind"].eq(Kind.ACCESS_KEY) & table["is_created_known"] & table["set_at"].notna(),
            [*birth, "user_key"],
        ].drop_duplicates()
        for table in (before, after)
    ]
    births, later = (each[birth].drop_duplicates() for each in keys)
    stays = keys[0].merge(keys[1])[birth].drop_duplicates().assign(stays=True)
    both = births.merge(later).merge(stays, how="left")
    swapped = both.loc[both["stays"].isna(), birth]
    return pd.concat(keys).merge(swapped)["user_key"].tolist()


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
    change = pd.Series(Change.STILL_CURRENT.value, index=pairs.index, dtype="str")
    change = change.case_when([(mask, word.value) for mask, word in ladder])
    is_whole = pairs["kind"].isin(WHOLE_USER)
    return pairs.assign(change=change.mask(is_whole & change.eq(Change.STILL_CURRENT), ""))
