"""One row a user -> one row a credential: typed cells, effective last use, status, reason.

The verdicts follow "Check for Unused AWS IAM Credentials" (2019): a credential that was never used
counts from the day it was set; the age is never taken from the later of two dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from credreport.reports.normalise import (
    INSTANT_DTYPE,
    is_root_row,
    to_account,
    to_flag,
    to_instant,
    to_meaning,
    to_naive,
    to_rows,
    whole_days,
)
from credreport.rules.catalogue import UNUSED_AFTER, Subject
from credreport.rules.policy import Policy
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
)
from credreport.verdicts.verdict import (
    CAUSES,
    INSTANT_UNIT,
    KINDS,
    LAST_USED,
    MEANINGS,
    NEITHER,
    SET,
    STATUSES,
    USES,
    Cells,
    Codes,
    Verdicts,
    decide,
    to_words,
)

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
    stacked = pd.concat(slots)
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


@dataclass(frozen=True)
class Judged:
    """The table of credentials with its verdicts, and the arrays they were decided on."""

    table: pd.DataFrame
    cells: Cells
    verdicts: Verdicts


def judge(
    credentials: pd.DataFrame,
    as_of: Sequence[datetime],
    blanks_are_absences: Sequence[bool],
    policy: Policy,
) -> Judged:
    """Return the table with `status`, `use`, `age_days`, `effective_last_used`, `basis`, `reason`.

    `as_of` and `blanks_are_absences` have one value a report. `age_days` is a nullable integer;
    it, `effective_last_used` and `basis` are filled for `unused` and `current` only.
    `unused_after_days` is what the policy asks of that user.
    """
    moments = pd.Series(list(as_of), dtype=INSTANT_DTYPE)
    blanks = pd.Series(list(blanks_are_absences), dtype=bool)
    asked = credentials.assign(
        as_of=moments.take(credentials["report"].to_numpy()).array,
        blank_is_absence=blanks.take(credentials["report"].to_numpy()).to_numpy(),
        unused_after_days=policy.numbers_for(credentials["user"], UNUSED_AFTER),
    )
    cells = to_cells(asked)
    verdicts = decide(cells, include_root=policy.include_root)
    return Judged(asked.pipe(_add_verdicts, verdicts).pipe(_add_reasons), cells, verdicts)


def to_cells(asked: pd.DataFrame) -> Cells:
    """Return the typed columns of a table of credentials as the arrays that are judged."""
    enabled = asked["enabled"].astype("Int8").fillna(NEITHER)
    return Cells(
        kind=_to_codes(asked["kind"], KINDS),
        is_root=asked["is_root"].to_numpy(dtype=bool),
        enabled=np.asarray(enabled, dtype=np.int8),
        is_unreported=asked["enabled_raw"].eq(NOT_SUPPORTED).to_numpy(dtype=bool),
        last_meaning=_to_codes(asked["last_used_meaning"], MEANINGS),
        last_used=to_naive(asked["last_used"]).to_numpy(dtype=INSTANT_UNIT),
        set_meaning=_to_codes(asked["set_meaning"], MEANINGS),
        set_at=to_naive(asked["set_at"]).to_numpy(dtype=INSTANT_UNIT),
        blank_is_absence=asked["blank_is_absence"].to_numpy(dtype=bool),
        as_of=to_naive(asked["as_of"]).to_numpy(dtype=INSTANT_UNIT),
        unused_after_days=asked["unused_after_days"].to_numpy(dtype="i8"),
    )


def _to_codes(words: pd.Series, choices: Sequence[str]) -> Codes:
    return pd.Categorical(words, categories=[str(word) for word in choices]).codes.astype("i1")


def _add_verdicts(asked: pd.DataFrame, verdicts: Verdicts) -> pd.DataFrame:
    """Add what was decided, in words; age, date and basis only where they mean something."""
    index = asked.index
    status = pd.Series(to_words(STATUSES, verdicts.status), index=index, dtype="str")
    use = pd.Series(to_words(USES, verdicts.use), index=index, dtype="str")
    is_judged = status.isin([Status.UNUSED, Status.CURRENT])
    told = (is_judged | status.eq(Status.UNDETERMINED)) & asked["enabled"].fillna(value=False)
    basis = np.select(
        [verdicts.basis == LAST_USED, verdicts.basis == SET],
        [asked["last_used_column"], asked["set_column"]],
        default="",
    )
    effective = pd.Series(verdicts.effective, index=index).dt.tz_localize(UTC)
    return asked.assign(
        status=status,
        cause=pd.Series(to_words(CAUSES, verdicts.cause), index=index, dtype="str"),
        use=use.where(told, ""),
        age_days=pd.Series(verdicts.age_days, index=index, dtype="Int64").where(is_judged, pd.NA),
        effective_last_used=effective.astype(INSTANT_DTYPE).where(is_judged),
        basis=pd.Series(basis, index=index, dtype="str").where(is_judged, ""),
    )


def _add_reasons(table: pd.DataFrame) -> pd.DataFrame:
    """Add a sentence to each row whose `cause` needs one: to the few, so one by one."""
    reasons = pd.Series("", index=table.index, dtype="str")
    causes = table["cause"]
    reasons = reasons.mask(causes.eq("root"), "root account: shown, not judged as unused")
    reasons = reasons.mask(causes.eq("certificate"), "AWS records no use of signing certificates")
    reasons = reasons.mask(causes.eq("untracked"), _UNTRACKED_REASON)
    special = table[causes.isin(["unreadable", "enabled", "last_used", "future", "fallback"])]
    if special.empty:
        return table.assign(reason=reasons)
    words = pd.Series([_explain(row) for row in to_rows(special)], index=special.index)
    return table.assign(reason=reasons.where(~table.index.isin(special.index), words))


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
            is_used = row["last_used_meaning"] == Meaning.INSTANT
            column = row["last_used_column"] if is_used else row["set_column"]
            return f"`{column}` lies after the as-of: one of the two is wrong"
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
    active credentials, and every one is unused; unknown where that hangs on one not judged. `latest_use` is the latest of the three dates of
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
        is_active=is_active(credentials),
        is_unused=credentials["status"].eq(Status.UNUSED),
        is_unsure=credentials["status"].eq(Status.UNDETERMINED),
    )
    counts = flags.groupby("user_row")[["is_active", "is_unused", "is_unsure"]].sum()
    # With one that could not be judged, it depends on that one.
    may_all_be = (counts["is_unused"] + counts["is_unsure"]).eq(counts["is_active"])
    all_unused = (counts["is_active"].gt(0) & may_all_be).astype("boolean")
    all_unused = all_unused.mask(all_unused & counts["is_unsure"].gt(0))
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
        all_unused=all_unused,
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
