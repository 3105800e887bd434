"""Two dates -> what became of every credential, with the evidence in words."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from credreport.reports.normalise import INSTANT_DTYPE
from credreport.schema import CHANGES, CLOSING, SLOT_WORDS, Change, Kind, Status, Use

_SIDE = (
    "status", "credential", "last_used", "age_days", "effective_last_used", "use", "set_at",
    "service", "region", "reason", "is_born_known", "source_line",
)  # fmt: skip
# AWS may serve a report that is up to four hours old: a user made meanwhile is not in it.
SERVED_AGAIN = pd.Timedelta(hours=4)
_WHO = ("user_key", "account_id", "owner", "user", "arn", "kind", "slot", "created_at")


def match(before: pd.DataFrame, after: pd.DataFrame, behind: Iterable[str] = ()) -> pd.DataFrame:
    """Return one row a credential of either date: both sides, and the `change` between them.

    `before` and `after` are the rows of `identify` of one date each (or of one turn an account).
    `behind` names the accounts whose newest report stands in `after`, but is older than the newest
    date: what it shows closed is closed, all else of theirs is not covered.
    Columns: `key`; the user's; the credential's of each side with the suffix `_before` or `_after`;
    `as_of_before` and `as_of_after` wherever the account has a report; `change`; `closed` (`yes` or
    `no` where it was unused before, otherwise empty); `is_new_finding`; `doubt` (`user`, `key` or
    empty); `is_recreated`, `is_first_seen`, `replaced_by`.
    """
    pairs = _pair(before, after)
    users = _find_loose_users(before, after)
    doubtful = pairs["user_key"].isin(users.loc[users["is_doubtful"], "user_key"])
    recreated = pairs["user_key"].isin(users.loc[users["is_recreated"], "user_key"])
    pairs = pairs.assign(
        has_user_after=pairs["user_key"].isin(after["user_key"]),
        has_user_before=pairs["user_key"].isin(before["user_key"]),
        is_recreated=recreated,
        is_first_seen=pairs["as_of_before"].isna(),
        is_behind=pairs["account_id"].isin(list(behind)),
        doubt=doubtful.map({True: "user", False: ""}),
    )
    return pairs.pipe(_link_rotations).pipe(_decide)


def find_latecomers(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the new users that were created before the older report, which does not list them.

    One row each: `account_id`, `user`, `created_at`, `as_of` of the older report, and `namesakes`:
    the users gone from the account that had the same creation time, as a renamed one has.
    """
    users = _find_loose_users(before, after)
    gone = users[users["is_gone"] & users["is_created_known"]]
    twins = gone.groupby(["account_id", "created"])["user"].agg(", ".join).rename("namesakes")
    older = before.drop_duplicates("account_id").set_index("account_id")["as_of"]
    new = users[~users["is_gone"]].merge(twins, on=["account_id", "created"], how="left")
    new = new.assign(
        as_of=new["account_id"].map(older), namesakes=new["namesakes"].astype("str").fillna("")
    )
    late = new[new["created_at"] < new["as_of"] - SERVED_AGAIN]
    late = late.sort_values(["account_id", "owner"], ignore_index=True)
    return late[["account_id", "user", "created_at", "as_of", "namesakes"]]


def _pair(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Join the credentials of both sides, each exactly once."""
    sides = [
        table.loc[table["key"].ne(-1), ["key", *_WHO, *_SIDE]].rename(
            columns={name: f"{name}_{side}" for name in (*_WHO, *_SIDE)}
        )
        for table, side in ((before, "before"), (after, "after"))
    ]
    pairs = sides[0].merge(sides[1], on="key", how="outer", validate="one_to_one", indicator="side")
    who = {name: pairs[f"{name}_after"].combine_first(pairs[f"{name}_before"]) for name in _WHO}
    known = {
        f"as_of_{side}": who["account_id"].map(
            table.drop_duplicates("account_id").set_index("account_id")["as_of"]
        )
        for table, side in ((before, "before"), (after, "after"))
    }
    texts = {
        f"{name}_{side}": pairs[f"{name}_{side}"].astype("str").fillna("")
        for name in ("status", "credential", "use", "service", "region", "reason")
        for side in ("before", "after")
    }
    return pairs.assign(
        **who,
        **known,
        **texts,
        is_gone=pairs["side"].eq("left_only"),
        is_new=pairs["side"].eq("right_only"),
    ).astype({"user_key": "int64", "slot": "int64"})


def _find_loose_users(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the users of one side only, in accounts that both sides cover, and what that may mean.

    `is_recreated`: the other side has another user of the same name. `is_doubtful`: the same, but a
    creation time is not a date, so it may be the same user.
    """
    both = set(before["account_id"]) & set(after["account_id"])
    columns = [
        "user_key",
        "account_id",
        "owner",
        "user",
        "created",
        "created_at",
        "is_created_known",
    ]
    gone, new = (
        table.loc[
            table["account_id"].isin(both) & ~table["user_key"].isin(other["user_key"]), columns
        ]
        .drop_duplicates("user_key")
        .assign(is_gone=is_gone)
        for table, other, is_gone in ((before, after, True), (after, before, False))
    )
    loose = pd.concat([gone, new], ignore_index=True)
    by_name = loose.groupby(["account_id", "owner"], sort=False)
    has_namesake = by_name["is_gone"].transform("nunique").gt(1)
    is_known = by_name["is_created_known"].transform("all")
    return loose.assign(
        is_doubtful=has_namesake & ~is_known,
        is_recreated=has_namesake & is_known,
    )


def _link_rotations(pairs: pd.DataFrame) -> pd.DataFrame:
    """Find the users of whose keys exactly one vanished and exactly one is new: `replaced_by`.

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
    names = made["credential_after"] + " " + _to_second(made["set_at_after"])
    is_rotated = pairs.index.isin(loose.index[loose["is_gone"]]) & pairs["user_key"].isin(rotated)
    is_doubtful = pairs.index.isin(loose.index) & pairs["user_key"].isin(doubtful)
    return pairs.assign(
        replaced_by=pairs["user_key"].map(names).where(is_rotated, "").astype("str"),
        doubt=pairs["doubt"].mask(is_doubtful, "key"),
    )


def _decide(pairs: pd.DataFrame) -> pd.DataFrame:
    """Give every pair its one change, the first that matches."""
    before, after = pairs["status_before"], pairs["status_after"]
    gone, new = pairs["is_gone"], pairs["is_new"]
    was_unsure, is_unsure = before.eq(Status.UNDETERMINED), after.eq(Status.UNDETERMINED)
    was_excluded, is_excluded = before.eq(Status.EXCLUDED), after.eq(Status.EXCLUDED)
    was_off, is_off = before.eq(Status.INACTIVE), after.eq(Status.INACTIVE)
    was_unused, is_unused = before.eq(Status.UNUSED), after.eq(Status.UNUSED)
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
        (was_unused & is_unused, Change.STILL_UNUSED),
        (was_unused, Change.USED_AGAIN),
        (is_unused, Change.NEWLY_UNUSED),
    ]
    masks = [mask.to_numpy(dtype=bool) for mask, _ in ladder]
    words = np.select(masks, [word.value for _, word in ladder], default=Change.STILL_CURRENT.value)
    change = pd.Series(words, index=pairs.index, dtype="str")
    unknown_now = pairs["is_behind"] & ~change.isin(CLOSING)
    change = change.mask(unknown_now, Change.NOT_COVERED.value)
    answer = change.isin(CLOSING).map({True: "yes", False: "no"})
    return pairs.assign(
        change=change,
        closed=answer.where(was_unused, "").astype("str"),
        is_new_finding=is_unused & ~was_unused,
    )


def to_changes(pairs: pd.DataFrame, first_flagged: pd.Series, day: str) -> pd.DataFrame:
    """Return the table of changes: the columns of CHANGES, and what the sheet shows besides.

    `first_flagged` gives, by `key`, the report that first showed it unused; `day` names the newer date.
    Besides: `kind`, `is_new_finding`, `credential_before`, `line_before`, `line_after`. Order:
    findings closed, still open and new first, then all else, each by account and user.
    """
    flagged = first_flagged.reindex(pairs["key"]).astype(INSTANT_DTYPE)
    told = pairs.assign(flagged=flagged.array)
    slot = told["credential_after"].where(~told["is_gone"], told["credential_before"])
    table = pd.DataFrame(
        {
            "change": told["change"],
            "closed": told["closed"],
            "account_id": told["account_id"].astype("str"),
            "user": told["user"].astype("str"),
            "arn": told["arn"].astype("str"),
            "credential": slot,
            "before_status": told["status_before"],
            "after_status": told["status_after"],
            "before_last_used": told["last_used_before"],
            "after_last_used": told["last_used_after"],
            "before_age_days": told["age_days_before"],
            "after_age_days": told["age_days_after"],
            "before_as_of": told["as_of_before"],
            "after_as_of": told["as_of_after"],
            "evidence": _to_evidence(told, day),
            "replaced_by": told["replaced_by"],
            "kind": told["kind"].astype("str"),
            "is_new_finding": told["is_new_finding"],
            "credential_before": told["credential_before"],
            "line_before": told["source_line_before"].astype("Int64"),
            "line_after": told["source_line_after"].astype("Int64"),
        }
    )
    rank = np.select(
        [table["closed"].eq("no"), table["is_new_finding"], table["closed"].eq("yes")], [0, 1, 2], 3
    )
    ordered = table.assign(
        rank=rank,
        slot=told["slot"],
        created_at=told["created_at"],
        set_at=told["set_at_after"].combine_first(told["set_at_before"]),
    ).sort_values(
        ["rank", "account_id", "user", "slot", "created_at", "set_at", *CHANGES],
        kind="stable",
        ignore_index=True,
    )
    return ordered.drop(columns=["rank", "slot", "created_at", "set_at"])


def _to_second(instants: pd.Series) -> pd.Series:
    seconds: pd.Series = instants.dt.strftime("%Y-%m-%dT%H:%M:%SZ").fillna("an unknown time")
    return seconds.astype("str")


def _to_day(instants: pd.Series) -> pd.Series:
    days: pd.Series = instants.dt.strftime("%Y-%m-%d").fillna("an unknown day")
    return days.astype("str")


def _to_evidence(told: pd.DataFrame, day: str) -> pd.Series:
    """Return the reason to believe each change, in words; nothing where nothing changed."""
    report = "the report of " + _to_day(told["as_of_after"])
    is_key = told["kind"].eq(Kind.ACCESS_KEY)
    idle = _to_idle(told)
    lasted = (told["as_of_after"] - told["flagged"]).dt.days.astype("Int64").astype("str")
    flagged = "first flagged on " + _to_day(told["flagged"]) + ", " + lasted + " days ago; "
    new_key = told["replaced_by"].str.extract(r"^(\S+) (.+)$").astype("str").fillna("")
    words: dict[Change, pd.Series] = {
        Change.NEWLY_UNUSED: idle,
        Change.STILL_UNUSED: flagged + idle,
        Change.USED_AGAIN: _to_use(told),
        Change.DEACTIVATED: "inactive in " + report,
        Change.REACTIVATED: ("active again in " + report).where(
            ~told["is_new_finding"], "active again in " + report + "; " + idle
        ),
        Change.REMOVED: ("no password in " + report).mask(
            is_key, "no key made at " + _to_second(told["set_at_before"]) + " in " + report
        ),
        Change.USER_REMOVED: ("the user is not in " + report).mask(
            told["is_recreated"],
            "the user of this name in " + report + " was created at another time: not the same one",
        ),
        Change.REPLACED: "rotated: "
        + new_key[0].replace(SLOT_WORDS)
        + " was made at "
        + new_key[1],
        Change.ADDED: _to_origin(told),
        Change.NOT_COVERED: _to_last_known(told, day),
        Change.UNDETERMINED: _to_doubt(told),
        Change.STILL_UNDETERMINED: told["reason_after"],
    }
    evidence = pd.Series("", index=told.index, dtype="str")
    for change, sentence in words.items():
        evidence = evidence.mask(told["change"].eq(change), sentence)
    return evidence.astype("str")


def _to_idle(told: pd.DataFrame) -> pd.Series:
    since = _to_day(told["effective_last_used_after"])
    never = "never used since it was set on " + since
    return ("not used since " + since).mask(told["use_after"].eq(Use.NEVER_USED), never)


def _to_use(told: pd.DataFrame) -> pd.Series:
    """Tell when it was used; a password may also count anew because it was set anew."""
    where = (" for " + told["service_after"]).where(_is_named(told["service_after"]), "")
    where = where + (" in " + told["region_after"]).where(_is_named(told["region_after"]), "")
    used = "used on " + _to_day(told["last_used_after"]) + where
    anew = "not used, but set anew on " + _to_day(told["set_at_after"]) + ": its age starts there"
    return used.mask(told["use_after"].ne(Use.USED), anew)


def _is_named(words: pd.Series) -> pd.Series:
    return ~words.isin(["", "N/A", "no_information", "not_supported"])


def _to_origin(told: pd.DataFrame) -> pd.Series:
    born = told["kind"].eq(Kind.ACCESS_KEY).map({True: "made at ", False: "set at "}) + _to_second(
        told["set_at_after"]
    )
    user = "new user, created on " + _to_day(told["created_at"])
    same_name = user + "; another of this name was there before"
    origin = born.mask(~told["has_user_before"], user)
    origin = origin.mask(told["is_recreated"], same_name)
    origin = origin.mask(told["is_first_seen"], "first report of the account")
    return origin.mask(told["is_new_finding"], origin + "; " + _to_idle(told)).mask(
        told["status_after"].eq(Status.UNDETERMINED), origin + "; " + told["reason_after"]
    )


def _to_last_known(told: pd.DataFrame, day: str) -> pd.Series:
    known = "; " + told["status_after"] + " in that of " + _to_day(told["as_of_after"])
    return f"no report of the account on {day}" + known.where(told["status_after"].ne(""), "")


def _to_doubt(told: pd.DataFrame) -> pd.Series:
    before = "before: " + told["reason_before"]
    after = "after: " + told["reason_after"]
    either = before.where(told["status_before"].eq(Status.UNDETERMINED), after)
    excluded = told["status_before"].eq(Status.EXCLUDED) | told["status_after"].eq(Status.EXCLUDED)
    either = either.mask(excluded, "root's password is judged on one of the dates only")
    user = "the user may be the same or another: a creation time is not a date"
    key = "the key may be the same or another: the date of a last rotation is not a date"
    return either.mask(told["doubt"].eq("user"), user).mask(told["doubt"].eq("key"), key)
