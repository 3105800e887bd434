"""The evidence of every change as a sentence: what supports it, and which cells changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from credreport.reports.normalise import to_texts
from credreport.rules.catalogue import UNUSED_RULES
from credreport.rules.rule import WHOLE_USER
from credreport.schema import (
    JUDGED_SLOTS,
    NEXT_ROTATION,
    SLOTS,
    USER_CELLS,
    Change,
    Kind,
    Outcome,
    Status,
    Use,
)

_FLAGS = tuple(name for name in USER_CELLS if name.endswith(("_active", "_enabled")))
_KEYS = ("access_key_1_active", "access_key_2_active")
# What each rule reads: columns of the user, or cells of the credential's own slot. A rule that is
# not here is taken to read everything of its subject.
READS: Mapping[str, tuple[str, ...]] = {
    "never-used-password": ("enabled", "last_used"),
    "never-used-access-key": ("enabled", "last_used"),
    "unrotated-access-key": ("enabled", "set"),
    "old-password": ("enabled", "set"),
    "old-single-factor-password": ("enabled", "set", "mfa_active"),
    "expiring-password": ("enabled", "next_rotation"),
    "setup-access-key": ("enabled", "last_used", "password_enabled"),
    "active-signing-certificate": ("enabled", "set"),
    "console-without-mfa": ("password_enabled", "mfa_active"),
    "user-without-mfa": ("mfa_active", "password_enabled", *_KEYS),
    "two-active-access-keys": _KEYS,
    "password-and-access-key": ("password_enabled", *_KEYS),
    "root-access-key": _KEYS,
    "root-without-mfa": ("mfa_active", "password_enabled", *_KEYS),
    "root-recently-used": (
        "password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date",
    ),
    "user-without-credentials": _FLAGS[1:],
}  # fmt: skip
# The cells of a credential's own slot: where they are in the table, and AWS's column by slot.
_OF_SLOT: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "enabled": ("enabled_raw", {slot.credential: slot.enabled for slot in SLOTS}),
    "last_used": ("last_used_raw", {slot.credential: slot.last_used for slot in JUDGED_SLOTS}),
    "set": ("set_raw", {slot.credential: slot.fallback for slot in SLOTS}),
    "next_rotation": ("next_rotation_raw", {"password": NEXT_ROTATION}),
}
_ALL_OF_SLOT = ("enabled", "last_used", "set")
# Changes that say by themselves what became of the finding of a credential, whatever its rule.
_WHOLE_STORY = [
    Change.REMOVED, Change.USER_REMOVED, Change.REPLACED, Change.DEACTIVATED, Change.NOT_COVERED,
]  # fmt: skip
# The columns that the sentence of a change is made of.
_TOLD = [
    "change", "kind", "doubt", "created_at", "is_first_seen", "is_recreated", "has_user_before",
    "new_key", "new_key_set_raw", "age_days_after", "effective_last_used_after", "use_after",
    "last_used_after", "service_after", "region_after", "set_at_before", "set_at_after",
    "set_raw_before", "credential_before", "status_before", "status_after", "reason_before",
    "reason_after", "as_of_after", "is_twin_left",
]  # fmt: skip


def to_evidence(rows: pd.DataFrame, day: str) -> pd.Series:
    """Return the reason to believe each row of `to_rows_of_findings`; nothing where nothing changed."""
    when = _Days.of(rows)
    rows = rows.assign(is_twin_left=_is_twin_left(rows))
    evidence = _of_credentials(rows[_TOLD], when, day)
    is_own = rows["rule"].ne("") & ~rows["rule"].isin(UNUSED_RULES)
    for rule in sorted(set(rows.loc[is_own, "rule"])):
        mine = rows[rows["rule"].eq(rule)]
        evidence.loc[mine.index] = _of_rule(
            mine, rule, when.at(mine.index), evidence.loc[mine.index]
        )
    whole = _to_new_name(rows) + evidence + _to_afterthoughts(rows)
    return whole.str.removeprefix("; ").str.removesuffix("; ").astype("str")


@dataclass(frozen=True)
class _Days:
    """The two dates of each row as words: days, or instants where both are on one day."""

    before: pd.Series
    after: pd.Series

    @classmethod
    def of(cls, rows: pd.DataFrame) -> _Days:
        before, after = (rows[f"as_of_{side}"] for side in ("before", "after"))
        days = _to_day(before), _to_day(after)
        is_one_day = days[0].eq(days[1])
        return cls(
            days[0].mask(is_one_day, to_second(before)), days[1].mask(is_one_day, to_second(after))
        )

    def at(self, index: pd.Index) -> _Days:
        return _Days(self.before[index], self.after[index])


def to_second(instants: pd.Series) -> pd.Series:
    """Return `YYYY-MM-DDTHH:MM:SSZ`, or words where there is no instant."""
    seconds = pd.Series(to_texts(instants), index=instants.index, dtype="str")
    return seconds.mask(seconds.eq(""), "an unknown time")


def _to_day(instants: pd.Series) -> pd.Series:
    seconds = pd.Series(to_texts(instants), index=instants.index, dtype="str")
    return seconds.str[:10].mask(seconds.eq(""), "an unknown day")


def _of_credentials(rows: pd.DataFrame, when: _Days, day: str) -> pd.Series:
    """Return the sentence for the change of each credential (or user), change by change."""
    evidence = pd.Series("", index=rows.index, dtype="str")
    for change in sorted(set(rows["change"]) - {""}):
        mine = rows[rows["change"].eq(change)]
        evidence.loc[mine.index] = _of_change(change, mine, when.at(mine.index), day)
    return evidence


def _of_change(change: str, rows: pd.DataFrame, when: _Days, day: str) -> pd.Series | str:
    """Return the sentence for rows with the same change; nothing for one that needs no words."""
    report = "the report of " + when.after
    words: dict[Change, Callable[[], pd.Series]] = {
        Change.NEWLY_UNUSED: lambda: _to_idle(rows),
        Change.STILL_UNUSED: lambda: "already unused on " + when.before + "; " + _to_idle(rows),
        Change.UNUSED_AGAIN: lambda: (
            "unused on " + when.before + " too, used in between; " + _to_idle(rows)
        ),
        Change.USED_AGAIN: lambda: _to_use(rows),
        Change.OTHER_LIMIT: lambda: (
            "another number of days counts for the user now; " + _to_idle(rows)
        ),
        Change.DEACTIVATED: lambda: "inactive in " + report,
        Change.REACTIVATED: lambda: _to_active(rows, report),
        Change.REMOVED: lambda: _to_gone(rows, report),
        Change.USER_REMOVED: lambda: ("the user is not in " + report).mask(
            rows["is_recreated"],
            "the user of this name in " + report + " was created at another time: not the same one",
        ),
        Change.REPLACED: lambda: _to_rotation(rows, when),
        Change.ADDED: lambda: _to_origin(rows),
        Change.NOT_COVERED: lambda: _to_last_known(rows, day),
        Change.UNDETERMINED: lambda: _to_doubt(rows, when),
        Change.STILL_UNDETERMINED: lambda: rows["reason_after"],
    }
    say = words.get(Change(change))
    return say() if say else ""


def _to_active(rows: pd.DataFrame, report: pd.Series) -> pd.Series:
    active = "active again in " + report
    return active.mask(rows["status_after"].eq(Status.UNUSED), active + "; " + _to_idle(rows))


def _is_twin_left(rows: pd.DataFrame) -> pd.Series:
    """Whether a key that is gone was made in the same second as one of its user that is there."""
    gone = rows[rows["is_gone"] & rows["set_at_before"].notna()]
    left = rows[rows["set_at_after"].notna() & rows["user_key"].isin(gone["user_key"])]
    made_before, made_after = (
        pd.MultiIndex.from_frame(table[["user_key", "kind", f"set_at_{side}"]])
        for table, side in ((gone, "before"), (left, "after"))
    )
    is_left = rows.index.isin(gone.index[made_before.isin(made_after)])
    return pd.Series(is_left, index=rows.index)


def _to_gone(rows: pd.DataFrame, report: pd.Series) -> pd.Series:
    second = to_second(rows["set_at_before"])
    made_at = "no key made at " + second + " in " + report
    twin = "only one of the keys made at " + second + " in " + report
    made_at = made_at.mask(rows["is_twin_left"], twin)
    gone = ("no password in " + report).mask(rows["kind"].eq(Kind.ACCESS_KEY), made_at)
    return gone.mask(rows["kind"].eq(Kind.CERTIFICATE), "no such certificate in " + report)


def _of_rule(rows: pd.DataFrame, rule: str, when: _Days, of_change: pd.Series) -> pd.Series:
    """Return the evidence for a rule other than the unused ones: its cells on both dates."""
    is_whole = bool(rows["kind"].isin(WHOLE_USER).all())
    names = READS.get(rule, USER_CELLS if is_whole else _ALL_OF_SLOT)
    changed = pd.Series("", index=rows.index, dtype="str")
    same = changed
    for name in names:
        (old_name, old), (new_name, new) = (_cell(rows, name, side) for side in ("before", "after"))
        old_text = old_name + ": " + _shown(old) + " on " + when.before
        new_text = _shown(new) + " on " + when.after
        new_text = new_text.mask(old_name.ne(new_name), new_name + ": " + new_text)
        is_changed = old.ne(new)
        changed = changed.mask(is_changed, changed + old_text + ", " + new_text + "; ")
        moved = old_name.where(old_name.eq(new_name), old_name + " (now " + new_name + ")")
        same = same.mask(~is_changed, same + moved + ": " + _shown(new) + "; ")
    on_both = "on " + when.before + " and on " + when.after
    unchanged = same.str.removesuffix("; ") + " (" + on_both + ")"
    is_closed = rows["outcome"].eq(Outcome.CLOSED)
    words = changed.mask(changed.eq("") & ~is_closed, unchanged)
    words = words.mask(
        changed.eq("") & is_closed, "no cell changed, only time passed: " + unchanged
    )
    one_side = _one_side(rows, names, when)
    words = words.mask(rows["is_new"], of_change + "; " + one_side)
    has_whole_story = rows["change"].isin([*_WHOLE_STORY, Change.STILL_UNDETERMINED])
    has_whole_story |= rows["doubt"].ne("") & rows["change"].eq(Change.UNDETERMINED)
    words = words.mask(has_whole_story, of_change)
    is_unsure = rows["outcome"].eq(Outcome.UNDETERMINED) & rows["why_after"].ne("")
    words = words.mask(is_unsure & ~has_whole_story, rows["why_after"] + "; " + changed)
    was_unsure = rows["outcome"].eq(Outcome.NEW) & rows["why_before"].ne("")
    was_unsure &= ~has_whole_story
    words = words.mask(was_unsure, "before: " + rows["why_before"] + "; " + words)
    is_other_unsure = rows["change"].eq(Change.UNDETERMINED)
    is_other_unsure &= ~has_whole_story & ~is_unsure & ~was_unsure
    words = words.str.removesuffix("; ")
    words = words.mask(is_other_unsure, words + "; change undetermined, " + of_change)
    return words.str.removesuffix("; ").astype("str")


def _one_side(rows: pd.DataFrame, names: tuple[str, ...], when: _Days) -> pd.Series:
    words = pd.Series("", index=rows.index, dtype="str")
    for name in names:
        column, cell = _cell(rows, name, "after")
        words = words + column + ": " + _shown(cell) + "; "
    return words.str.removesuffix("; ") + " (on " + when.after + ")"


def _cell(rows: pd.DataFrame, name: str, side: str) -> tuple[pd.Series, pd.Series]:
    """Return, for each row, the name of AWS's column and what it said on one side."""
    if name in USER_CELLS:
        column = pd.Series(name, index=rows.index, dtype="str")
        return column, rows[f"{name}_{side}"].astype("str").fillna("")
    cells, columns = _OF_SLOT[name]
    column = rows[f"credential_{side}"].map(columns).astype("str").fillna("")
    return column, rows[f"{cells}_{side}"].astype("str").fillna("")


def _shown(cells: pd.Series) -> pd.Series:
    return cells.where(cells.ne(""), "(blank)")


def _to_idle(rows: pd.DataFrame) -> pd.Series:
    since = _to_day(rows["effective_last_used_after"])
    days = " (" + rows["age_days_after"].astype("Int64").astype("str").fillna("?") + " days)"
    never = "never used since it was set on " + since + days
    return ("not used since " + since + days).mask(rows["use_after"].eq(Use.NEVER_USED), never)


def _to_use(rows: pd.DataFrame) -> pd.Series:
    """Say when the credential was used; a password may also start again because it was changed."""
    where = (" for " + rows["service_after"]).where(_is_named(rows["service_after"]), "")
    where = where + (" in " + rows["region_after"]).where(_is_named(rows["region_after"]), "")
    used = "used on " + _to_day(rows["last_used_after"]) + where
    anew = "not used, but changed on " + _to_day(rows["set_at_after"]) + ": its age starts there"
    return used.mask(rows["use_after"].ne(Use.USED), anew)


def _is_named(words: pd.Series) -> pd.Series:
    return ~words.isin(["", "N/A", "no_information", "not_supported"])


def _to_rotation(rows: pd.DataFrame, when: _Days) -> pd.Series:
    old = rows["credential_before"] + "_last_rotated: " + _shown(rows["set_raw_before"])
    new = rows["new_key_set_raw"] + " on " + when.after
    is_moved = rows["new_key"].ne(rows["credential_before"])
    new = new.mask(is_moved, rows["new_key"] + "_last_rotated: " + new)
    return "rotated: " + old + " on " + when.before + ", " + new


def _to_origin(rows: pd.DataFrame) -> pd.Series:
    born = rows["kind"].eq(Kind.ACCESS_KEY).map({True: "made at ", False: "set at "}) + to_second(
        rows["set_at_after"]
    )
    user = "new user, created on " + _to_day(rows["created_at"])
    same_name = user + "; another of this name was there before"
    origin = born.mask(~rows["has_user_before"], user)
    origin = origin.mask(rows["is_recreated"], same_name)
    origin = origin.mask(rows["is_first_seen"], "no report of the account on the first date")
    return origin.mask(rows["status_after"].eq(Status.UNUSED), origin + "; " + _to_idle(rows)).mask(
        rows["status_after"].eq(Status.UNDETERMINED), origin + "; " + rows["reason_after"]
    )


def _to_last_known(rows: pd.DataFrame, day: str) -> pd.Series:
    known = "; " + rows["status_after"] + " in that of " + _to_day(rows["as_of_after"])
    return f"no report of the account on {day}" + known.where(rows["status_after"].ne(""), "")


def _to_doubt(rows: pd.DataFrame, when: _Days) -> pd.Series:
    before = "before: " + rows["reason_before"]
    after = "after: " + rows["reason_after"]
    either = before.where(rows["status_before"].eq(Status.UNDETERMINED), after)
    excluded = rows["status_before"].eq(Status.EXCLUDED) | rows["status_after"].eq(Status.EXCLUDED)
    either = either.mask(excluded, "root's password is judged on one of the dates only")
    lacking = when.before.where(~rows["has_user_before"], when.after)
    doubts: dict[str, str | pd.Series] = {
        "user": "the user may be the same or another: a creation time is not a date",
        "twins": "the user may be the same or another: several users with one creation time "
        "disappeared or appeared, and the dates of their keys do not show which is which",
        "name": "the user may have been renamed: a creation time is not a date",
        "rows": "the user has more rows in one report than in the other, and which row is which is unknown",
        "key": "the key may be the same or another: the date of a last rotation is not a date",
        "root": "the report of " + lacking + " has no root row",
    }
    for doubt, words in doubts.items():
        either = either.mask(rows["doubt"].eq(doubt), words)
    return either


def _to_new_name(rows: pd.DataFrame) -> pd.Series:
    """Say that the user was renamed or moved to another path, if it was."""
    is_both = ~rows["is_gone"] & ~rows["is_new"] & ~rows["is_root"]
    is_renamed = is_both & rows["user_before"].str.lower().ne(rows["user_after"].str.lower())
    is_moved = is_both & ~is_renamed & rows["owner_before"].ne(rows["owner_after"])
    renamed = "user renamed from " + rows["user_before"] + "; "
    moved = "user moved from " + rows["arn_before"] + "; "
    nothing = pd.Series("", index=rows.index, dtype="str")
    return nothing.mask(is_renamed, renamed).mask(is_moved, moved)


def _to_afterthoughts(rows: pd.DataFrame) -> pd.Series:
    """Name the older Finding ID where it differs, and the waiver that no longer applies."""
    old, new = rows["finding_id_before"], rows["finding_id_after"]
    other = "; Finding ID before: " + old
    words = other.where(old.ne("") & new.ne("") & old.ne(new), "")
    waiver = rows["waiver_before"]
    is_over = waiver.ne("") & rows["waiver_after"].ne(waiver) & new.ne("")
    return words + ("; no longer waived by " + waiver).where(is_over, "")
