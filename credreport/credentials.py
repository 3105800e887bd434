"""One row a user -> one row a credential: typed cells, effective last use, status, reason.

The verdicts follow "Check for Unused AWS IAM Credentials" (2019): a credential that was never used
counts from the day it was set; the age is never taken from the later of two dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from credreport.normalise import (
    INSTANT_DTYPE,
    is_root_row,
    to_account,
    to_flag,
    to_instant,
    to_meaning,
    to_rows,
    whole_days,
)
from credreport.policy import Policy
from credreport.rules import UNUSED_AFTER, Subject
from credreport.schema import (
    ARN,
    CREATED,
    JUDGED_SLOTS,
    MFA,
    NEXT_ROTATION,
    NOT_SUPPORTED,
    SLOTS,
    USER,
    Kind,
    Meaning,
    Slot,
    Status,
    Use,
)

_SAYS_NOTHING = [Meaning.ABSENCE, Meaning.BLANK, Meaning.NOT_SUPPORTED, Meaning.NO_COLUMN]
_UNTRACKED_REASON = "the report does not say when it was used"


def to_credentials(users: pd.DataFrame) -> pd.DataFrame:
    """Return the long table: a row for each user and slot, typed, not yet judged.

    Key: `user_row` (the row in `users`) and `credential`. Certificate rows are left out where the
    report has no such column; the three judged slots are always there.
    """
    who = pd.DataFrame(
        {
            "report": users["report"],
            "user_row": users.index,
            "source_line": users["line"],
            "account_id": to_account(users[ARN]),
            "user": users[USER],
            "arn": users[ARN].fillna(""),
            "is_root": is_root_row(users),
            "created_raw": users[CREATED].fillna(""),
            "created_at": to_instant(users[CREATED]),
            "mfa_active": users[MFA].fillna(""),
        }
    )
    slots = [_take_slot(users, who, slot) for slot in SLOTS]
    stacked = pd.concat(slots, ignore_index=True)
    stacked = stacked.sort_values(["user_row", "slot"], kind="stable", ignore_index=True)
    last_used = to_instant(stacked["last_used_raw"])
    set_at = to_instant(stacked["set_raw"])
    return stacked.assign(
        enabled=to_flag(stacked["enabled_raw"]),
        last_used=last_used,
        last_used_meaning=to_meaning(stacked["last_used_raw"], last_used),
        set_at=set_at,
        set_meaning=to_meaning(stacked["set_raw"], set_at),
    )


def _take_slot(users: pd.DataFrame, who: pd.DataFrame, slot: Slot) -> pd.DataFrame:
    def cells(column: str) -> pd.Series:
        return users[column] if column else pd.Series(pd.NA, index=users.index, dtype="str")

    taken = who.assign(
        slot=SLOTS.index(slot),
        credential=slot.credential,
        kind=slot.kind.value,
        enabled_raw=cells(slot.enabled),
        last_used_raw=cells(slot.last_used),
        last_used_column=slot.last_used,
        set_raw=cells(slot.fallback),
        set_column=slot.fallback,
        enabled_column=slot.enabled,
        service=cells(slot.service).fillna(""),
        region=cells(slot.region).fillna(""),
        next_rotation_raw=cells(NEXT_ROTATION if slot.kind is Kind.PASSWORD else ""),
    )
    if slot.kind is Kind.CERTIFICATE:
        return taken[taken["enabled_raw"].notna()]
    return taken


def judge(
    credentials: pd.DataFrame,
    as_of: Sequence[datetime],
    blanks_are_absences: Sequence[bool],
    policy: Policy,
) -> pd.DataFrame:
    """Return the table with `status`, `use`, `age_days`, `effective_last_used`, `basis`, `reason`.

    `as_of` and `blanks_are_absences` have one value a report. `age_days` is a nullable integer;
    it, `effective_last_used` and `basis` are filled for `unused` and `current` only.
    `unused_after_days` is what the policy asks of that user.
    """
    moments = pd.Series(list(as_of), dtype=INSTANT_DTYPE)
    blanks = pd.Series(list(blanks_are_absences), dtype=bool)
    judged = credentials.assign(
        as_of=moments.take(credentials["report"].to_numpy()).array,
        blank_is_absence=blanks.take(credentials["report"].to_numpy()).to_numpy(),
        unused_after_days=policy.numbers_for(credentials["user"], UNUSED_AFTER),
    )
    return judged.pipe(_find_effective).pipe(_find_age).pipe(_decide, policy)


def _find_effective(table: pd.DataFrame) -> pd.DataFrame:
    """Add `use`, and the effective last use with its basis, wherever the cells name one."""
    meaning = table["last_used_meaning"]
    is_used = meaning.eq(Meaning.INSTANT)
    is_untracked = meaning.eq(Meaning.NO_COLUMN)
    is_never_used = meaning.eq(Meaning.ABSENCE) | (
        meaning.eq(Meaning.BLANK) & table["blank_is_absence"]
    )
    falls_back = is_never_used | (is_untracked & table["kind"].eq(Kind.ACCESS_KEY))
    use = np.select(
        [is_used, is_never_used, is_untracked],
        [Use.USED.value, Use.NEVER_USED.value, Use.NOT_TRACKED.value],
        default="",
    )
    effective = table["last_used"].where(is_used, table["set_at"].where(falls_back))
    basis = np.select(
        [is_used, falls_back & table["set_at"].notna()],
        [table["last_used_column"], table["set_column"]],
        default="",
    )
    return table.assign(
        use=pd.Series(use, index=table.index, dtype="str"),
        effective_last_used=effective,
        basis=pd.Series(basis, index=table.index, dtype="str"),
    )


def _find_age(table: pd.DataFrame) -> pd.DataFrame:
    """Add the elapsed time in whole days, and whether it reaches the threshold to the microsecond."""
    elapsed = table["as_of"] - table["effective_last_used"]
    return table.assign(
        age_days=whole_days(elapsed),
        is_future=elapsed < pd.Timedelta(0),
        is_aged=elapsed >= pd.to_timedelta(table["unused_after_days"], unit="D"),
    )


def _decide(table: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Give every row its one status, the first that matches, and a reason where it needs words."""
    on = table["enabled"].fillna(value=False).astype(bool)
    off = (~table["enabled"]).fillna(value=False).astype(bool)
    unknown = table["enabled"].isna()
    says_nothing = table["last_used_meaning"].isin(_SAYS_NOTHING) & table["set_meaning"].isin(
        _SAYS_NOTHING
    )
    unreadable = table["last_used_meaning"].eq(Meaning.TEXT) | table["set_meaning"].eq(Meaning.TEXT)
    is_certificate = table["kind"].eq(Kind.CERTIFICATE)
    untracked = table["use"].eq(Use.NOT_TRACKED)
    excluded = _is_excluded(table, policy, on)
    no_use = table["use"].eq("")
    no_date = table["effective_last_used"].isna()
    unsettled = untracked & (no_date | table["is_aged"])
    ladder: list[tuple[pd.Series, Status, str]] = [
        (excluded, Status.EXCLUDED, "root"),
        (off & says_nothing, Status.ABSENT, ""),
        (off & unreadable, Status.INACTIVE, "unreadable"),
        (off, Status.INACTIVE, ""),
        (unknown, Status.UNDETERMINED, "enabled"),
        (is_certificate, Status.NOT_TRACKED, "certificate"),
        (no_use, Status.UNDETERMINED, "last_used"),
        (table["is_future"], Status.UNDETERMINED, "future"),
        (unsettled, Status.UNDETERMINED, "untracked"),
        (no_date, Status.UNDETERMINED, "fallback"),
        (table["is_aged"], Status.UNUSED, ""),
    ]
    masks = [mask.to_numpy(dtype=bool) for mask, _, _ in ladder]
    status = np.select(masks, [word.value for _, word, _ in ladder], default=Status.CURRENT.value)
    cause = np.select(masks, [word for _, _, word in ladder], default="")
    judged = table.assign(
        status=pd.Series(status, index=table.index, dtype="str"),
        cause=pd.Series(cause, index=table.index, dtype="str"),
    )
    is_aged_status = judged["status"].isin([Status.UNUSED, Status.CURRENT])
    told = judged["status"].isin([Status.UNUSED, Status.CURRENT, Status.UNDETERMINED]) & on
    return judged.assign(
        use=judged["use"].where(told, ""),
        age_days=judged["age_days"].where(is_aged_status, pd.NA),
        effective_last_used=judged["effective_last_used"].where(is_aged_status),
        basis=judged["basis"].where(is_aged_status, ""),
        reason=_to_reason(judged),
    )


def _is_excluded(table: pd.DataFrame, policy: Policy, on: pd.Series) -> pd.Series:
    """Tell the root's password, and its keys where active; `--include-root` judges what AWS reports."""
    is_password = table["kind"].eq(Kind.PASSWORD)
    if policy.include_root:
        return table["is_root"] & is_password & table["enabled_raw"].eq(NOT_SUPPORTED)
    return table["is_root"] & (is_password | (table["kind"].eq(Kind.ACCESS_KEY) & on))


def _to_reason(table: pd.DataFrame) -> pd.Series:
    """Return a sentence for each row whose `cause` needs one: for the few, so one by one."""
    reasons = pd.Series("", index=table.index, dtype="str")
    causes = table["cause"]
    reasons = reasons.mask(causes.eq("root"), "root account: shown, not judged as unused")
    reasons = reasons.mask(causes.eq("certificate"), "AWS records no use of signing certificates")
    reasons = reasons.mask(causes.eq("untracked"), _UNTRACKED_REASON)
    special = table[causes.isin(["unreadable", "enabled", "last_used", "future", "fallback"])]
    if special.empty:
        return reasons
    words = [_explain(row) for row in to_rows(special)]
    return reasons.where(~table.index.isin(special.index), pd.Series(words, index=special.index))


def _explain(row: dict[str, object]) -> str:
    def cell(part: str) -> str:
        raw = str(row[f"{part}_raw"])
        return (
            f"`{row[f'{part}_column']}` is {raw!r}"
            if raw
            else f"`{row[f'{part}_column']}` is blank"
        )

    match row["cause"]:
        case "enabled":
            return f"{cell('enabled')}: neither true nor false"
        case "last_used":
            return f"{cell('last_used')}: neither a date nor a known absence"
        case "future":
            return f"`{row['basis']}` lies after the as-of: one of the two is wrong"
        case "fallback":
            return f"never used, and {cell('set')}: not a date"
        case _:
            parts = [
                part for part in ("last_used", "set") if row[f"{part}_meaning"] == Meaning.TEXT
            ]
            return "; ".join(f"{cell(part)}: not a date" for part in parts)


def is_active(credentials: pd.DataFrame) -> pd.Series:
    """Whether each credential can be used: everything but absent and inactive, unknown included."""
    return ~credentials["status"].isin([Status.ABSENT, Status.INACTIVE]) & ~(
        credentials["status"].eq(Status.EXCLUDED)
        & ~credentials["enabled"].fillna(value=True).astype(bool)
    )


def to_user_facts(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return one row a user for the rules about users and root; the index is `user_row`.

    `password`, `access_key_1`, `access_key_2`, `any_active` (certificates included) and `mfa` are
    nullable booleans, unknown where the report says neither true nor false. `all_unused`: there are
    active credentials, and every one is unused. `latest_use` is the latest of the three dates of
    use; `is_use_doubtful` says that one of them cannot be read or lies after the as-of.
    `age_days`, `effective_last_used` and `basis` are those of the credential that was used last, of
    root the latest use. `row` is the password's row, `credential` and `kind` say user or root.
    """
    by_slot = {
        slot.credential: credentials[credentials["credential"].eq(slot.credential)].set_index(
            "user_row"
        )
        for slot in SLOTS
    }
    password = by_slot["password"]
    users = password[
        ["report", "account_id", "user", "arn", "is_root", "created_raw", "created_at", "as_of"]
    ]
    on = {name: rows["enabled"].reindex(users.index) for name, rows in by_slot.items()}
    # Old reports do not say whether root has a password: it has, unless somebody proves otherwise.
    unreported = users["is_root"] & password["enabled_raw"].eq(NOT_SUPPORTED)
    on["password"] = on["password"].mask(unreported, other=True)
    any_active = on["password"]
    for name, rows in by_slot.items():
        # A report without columns for certificates has none to judge.
        any_active = any_active | on[name].mask(~users.index.isin(rows.index), other=False)
    flags = credentials.assign(
        is_active=is_active(credentials), is_unused=credentials["status"].eq(Status.UNUSED)
    )
    counts = flags.groupby("user_row")[["is_active", "is_unused"]].sum()
    latest = _find_latest_use(credentials).reindex(users.index)
    is_root = users["is_root"]
    subject = is_root.map({True: Subject.ROOT.value, False: Subject.USER.value}).astype("str")
    youngest = _find_youngest(credentials).reindex(users.index)
    is_shown = is_root & latest["latest_use"].notna() & ~latest["is_use_doubtful"].astype(bool)
    return users.assign(
        row=credentials.index[credentials["credential"].eq("password")],
        slot=-1,
        credential=subject,
        kind=subject,
        mfa=to_flag(password["mfa_active"]),
        any_active=any_active,
        all_unused=counts["is_unused"].gt(0) & counts["is_unused"].eq(counts["is_active"]),
        latest_use=latest["latest_use"],
        is_use_doubtful=latest["is_use_doubtful"].astype(bool),
        age_days=youngest["age_days"].mask(
            is_shown, whole_days(users["as_of"] - latest["latest_use"])
        ),
        effective_last_used=youngest["effective_last_used"].mask(is_shown, latest["latest_use"]),
        basis=youngest["basis"].mask(is_shown, latest["last_used_column"]).fillna("").astype("str"),
        **{slot.credential: on[slot.credential] for slot in JUDGED_SLOTS},
    )


def _find_youngest(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return each user's most recent effective last use: its date, age and basis."""
    aged = credentials[credentials["effective_last_used"].notna()]
    newest = aged.sort_values("effective_last_used", ascending=False, kind="stable")
    first = newest.drop_duplicates("user_row").set_index("user_row")
    return first[["age_days", "effective_last_used", "basis"]]


def _find_latest_use(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return each user's latest date of use, the column that gave it, and whether one is in doubt.

    In doubt is a cell that is no date and no known absence, a date after the as-of, and a use that
    is not in the report for a credential that exists.
    """
    judged = credentials[credentials["kind"].isin([Kind.PASSWORD, Kind.ACCESS_KEY])]
    meaning = judged["last_used_meaning"]
    exists = ~judged["status"].eq(Status.ABSENT)
    is_doubtful = (
        meaning.isin([Meaning.TEXT, Meaning.NOT_SUPPORTED])
        | (meaning.eq(Meaning.BLANK) & ~judged["blank_is_absence"])
        | (meaning.eq(Meaning.NO_COLUMN) & exists)
        | (judged["last_used"] > judged["as_of"])
    )
    doubts = is_doubtful.groupby(judged["user_row"]).any().rename("is_use_doubtful")
    newest = judged.sort_values("last_used", ascending=False, kind="stable", na_position="last")
    latest = newest.drop_duplicates("user_row").set_index("user_row")
    latest = latest[["last_used", "last_used_column"]].rename(columns={"last_used": "latest_use"})
    return latest.join(doubts)
