"""Judged arrays -> the table of credentials: one row per credential; and what is known of each user.

From here on everything is a frame.
"""

from __future__ import annotations

from datetime import UTC

import numpy as np
import numpy.typing as npt
import pandas as pd

from credreport.arrays import Instants, Numbers
from credreport.reports.normalise import INSTANT_DTYPE, to_flag
from credreport.reports.report import Table
from credreport.rules.rule import Subject
from credreport.schema import (
    ARN,
    CREATED,
    GOV_ARN,
    JUDGED_KINDS,
    JUDGED_SLOTS,
    MFA,
    NEXT_ROTATION,
    NOT_SUPPORTED,
    SLOTS,
    USER,
    Meaning,
    Status,
)
from credreport.verdicts.judged import Judged
from credreport.verdicts.reasons import to_reasons
from credreport.verdicts.status import (
    CAUSES,
    LAST_USED,
    MEANINGS,
    NEITHER,
    ON,
    SET,
    STATUSES,
    USES,
    code,
    to_words,
)

Strings = npt.NDArray[np.object_]
_OF_LATEST_USE = (
    "user_row", "status", "last_used", "last_used_meaning", "last_used_column", "blank_is_absence", "as_of",
)  # fmt: skip


def to_credentials(judged: Judged) -> pd.DataFrame:
    """Return the long table: one row per credential, user by user, slot by slot, judged.

    Key: `user_row` (the user's index among all) and `credential`. The three judged slots are always
    there, certificates where the report has columns for them. Texts are as reported, missing only
    where the report has no such column. `age_days` (a nullable integer), `effective_last_used` and
    `basis` are filled for `unused` and `current` only.
    """
    table, cells, verdicts, row, slot = (
        judged.table, judged.cells, judged.verdicts, judged.row, judged.slot,
    )  # fmt: skip
    raw = _Texts(table, row, slot)
    status = verdicts.status
    is_judged = verdicts.is_judged
    is_active = cells.enabled == ON
    has_use = is_active & (is_judged | (status == code(Status.UNDETERMINED)))
    accounts = np.array(table.accounts, dtype=object)
    last_used_column, set_column = raw.of_name("last_used"), raw.of_name("fallback")
    basis = np.full(len(row), "", dtype=object)
    for value, names in ((LAST_USED, last_used_column), (SET, set_column)):
        is_basis = is_judged & (verdicts.basis == value)
        basis[is_basis] = names[is_basis]
    is_password = slot == SLOTS.index(JUDGED_SLOTS[0])
    rotation = raw.of_user(NEXT_ROTATION, None)
    rotation[~is_password] = None
    columns: dict[str, object] = {
        "report": judged.report,
        "user_row": row,
        "source_line": table.line[row],
        "account_id": _to_str(accounts[table.account[row]]),
        "user": _to_str(raw.of_user(USER)),
        "arn": _to_str(raw.of_user(ARN)),
        "is_root": cells.is_root,
        "created_raw": _to_str(raw.of_user(CREATED)),
        "created_at": _to_utc(table.typed.created_at[row]),
        "mfa_active": _to_str(raw.of_user(MFA)),
        "has_mfa_column": table.has_column(MFA)[row],
        "slot": slot,
        "credential": _to_str(raw.of_name("credential")),
        "kind": _to_str(raw.of_name("kind")),
        "enabled_raw": _to_str(raw.of_slot("enabled", None)),
        "last_used_raw": _to_str(raw.of_slot("last_used", None)),
        "last_used_column": _to_str(last_used_column),
        "set_raw": _to_str(raw.of_slot("fallback", None)),
        "set_column": _to_str(set_column),
        "enabled_column": _to_str(raw.of_name("enabled")),
        "service": _to_str(raw.of_slot("service", "")),
        "region": _to_str(raw.of_slot("region", "")),
        "next_rotation_raw": _to_str(rotation),
        "enabled": pd.arrays.BooleanArray(is_active, cells.enabled == NEITHER),
        "last_used": _to_utc(cells.last_used),
        "last_used_meaning": _to_str(to_words(MEANINGS, cells.last_meaning)),
        "set_at": _to_utc(cells.set_at),
        "set_meaning": _to_str(to_words(MEANINGS, cells.set_meaning)),
        "as_of": _to_utc(cells.as_of),
        "blank_is_absence": cells.blank_is_absence,
        "unused_after_days": cells.unused_after_days,
        "status": _to_str(to_words(STATUSES, status)),
        "cause": _to_str(to_words(CAUSES, verdicts.cause)),
        "use": _to_str(np.where(has_use, to_words(USES, verdicts.use), "")),
        "age_days": pd.arrays.IntegerArray(verdicts.age_days, ~is_judged),
        "effective_last_used": _to_utc(verdicts.effective).where(is_judged),
        "basis": _to_str(basis),
        "reason": _to_str(np.array(to_reasons(judged), dtype=object)),
    }
    return pd.DataFrame(columns, copy=False)


class _Texts:
    """The cells of credentials as reported, and what their slots are called, as arrays of strings."""

    def __init__(self, table: Table, row: Numbers, slot: Numbers) -> None:
        self.table = table
        self.row = row
        self.slot = slot

    def of_name(self, part: str) -> Strings:
        """Return that part of each credential's slot itself: its name, its kind, its columns."""
        found: Strings = np.array([str(getattr(slot, part)) for slot in SLOTS], dtype=object)
        return found[self.slot]

    def of_user(self, column: str, missing: str | None = "") -> Strings:
        """Return the cell of each credential's user."""
        return self._column(column, missing)[self.row]

    def of_slot(self, part: str, missing: str | None) -> Strings:
        """Return the cell of each credential in that part of its slot."""
        found = np.full(len(self.row), missing, dtype=object)
        for number, slot in enumerate(SLOTS):
            if column := getattr(slot, part):
                mine = self.slot == number
                found[mine] = self._column(column, missing)[self.row[mine]]
        return found

    def _column(self, column: str, missing: str | None) -> Strings:
        cells = np.array([*self.table.texts(column), None], dtype=object)[:-1]
        if missing is not None:
            cells[~self.table.has_column(column)] = missing
        return cells


def _to_str(texts: Strings) -> pd.Series:
    return pd.Series(texts, dtype="str")


def _to_utc(instants: Instants) -> pd.Series:
    found: pd.Series = pd.Series(instants).dt.tz_localize(UTC).astype(INSTANT_DTYPE)
    return found


def is_active(credentials: pd.DataFrame) -> pd.Series:
    """Whether each credential can be used: everything but absent and inactive, unknown included."""
    return ~credentials["status"].isin([Status.ABSENT, Status.INACTIVE]) & ~(
        credentials["status"].eq(Status.EXCLUDED)
        & ~credentials["enabled"].fillna(value=True).astype(bool)
    )


def to_user_facts(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return one row per user for the rules about users and root; the index is `user_row`.

    `password`, `access_key_1`, `access_key_2`, `any_active` (certificates included) and `mfa` are
    nullable booleans, unknown where the report says neither true nor false. `all_unused`: there are
    active credentials, and every one is unused; unknown where that depends on one that was not
    judged. `latest_use` is the latest of the three dates of use; `is_use_doubtful` says that one of
    them is in doubt. `latest_use_column` names its column. `age_days`, `effective_last_used` and
    `basis` are those of the credential that was used last. `row` is the password's row,
    `credential` and `kind` say user or root.
    """
    is_password = credentials["credential"].eq("password")
    password = credentials[is_password].set_index("user_row")
    users = password[
        [
            "report",
            "account_id",
            "account_key",
            "user",
            "arn",
            "is_root",
            "created_raw",
            "created_at",
            "as_of",
            "source_file",
            "source_line",
        ]
    ]
    enabled = credentials["enabled"].set_axis(credentials["user_row"])
    reported = {
        slot.credential: enabled[credentials["credential"].eq(slot.credential).to_numpy()]
        for slot in SLOTS
    }
    on = {name: cells.reindex(users.index) for name, cells in reported.items()}
    # Old reports do not say whether root has a password: it has, unless somebody proves otherwise.
    unreported = users["is_root"] & password["enabled_raw"].eq(NOT_SUPPORTED)
    on["password"] = on["password"].mask(unreported, other=True)
    # Whatever the report says, root cannot sign in to the console there.
    is_gov = users["is_root"] & users["arn"].str.startswith(GOV_ARN)
    on["password"] = on["password"].mask(is_gov, other=False)
    any_active = on["password"]
    for name, cells in reported.items():
        # A report without columns for certificates has none to judge.
        any_active = any_active | on[name].mask(~users.index.isin(cells.index), other=False)
    flags = credentials.assign(
        is_active=is_active(credentials),
        is_unused=credentials["status"].eq(Status.UNUSED),
        is_unsure=credentials["status"].eq(Status.UNDETERMINED),
    )
    counts = flags.groupby("user_row")[["is_active", "is_unused", "is_unsure"]].sum()
    # If one could not be judged, the answer depends on that one.
    may_all_be = (counts["is_unused"] + counts["is_unsure"]).eq(counts["is_active"])
    all_unused = (counts["is_active"].gt(0) & may_all_be).astype("boolean")
    all_unused = all_unused.mask(all_unused & counts["is_unsure"].gt(0))
    latest = _find_latest_use(credentials).reindex(users.index)
    is_root = users["is_root"]
    subject = is_root.map({True: Subject.ROOT.value, False: Subject.USER.value}).astype("str")
    youngest = _find_youngest(credentials).reindex(users.index)
    return users.assign(
        row=credentials.index[is_password],
        slot=-1,
        credential=subject,
        kind=subject,
        mfa=to_flag(password["mfa_active"]),
        any_active=any_active,
        all_unused=all_unused,
        latest_use=latest["latest_use"],
        latest_use_column=latest["last_used_column"],
        is_use_doubtful=latest["is_use_doubtful"].astype(bool),
        age_days=youngest["age_days"],
        effective_last_used=youngest["effective_last_used"],
        basis=youngest["basis"].fillna("").astype("str"),
        **{slot.credential: on[slot.credential] for slot in JUDGED_SLOTS},
    )


def _find_youngest(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return each user's most recent effective last use: its date, age and basis."""
    columns = ["user_row", "age_days", "effective_last_used", "basis"]
    aged = credentials.loc[credentials["effective_last_used"].notna(), columns]
    newest = aged.sort_values("effective_last_used", ascending=False, kind="stable")
    return newest.drop_duplicates("user_row").set_index("user_row")


def _find_latest_use(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return each user's latest date of use, the column that gave it, and whether one is in doubt.

    A date is in doubt if it is neither a date nor a known absence, if it lies after the as-of, or
    if the report lacks the use of a credential that exists.
    """
    is_judged = credentials["kind"].isin(JUDGED_KINDS)
    judged = credentials.loc[is_judged, [*_OF_LATEST_USE]]
    meaning = judged["last_used_meaning"]
    exists = ~judged["status"].eq(Status.ABSENT)
    is_doubtful = (
        meaning.isin([Meaning.TEXT, Meaning.NOT_SUPPORTED])
        | (meaning.eq(Meaning.BLANK) & ~judged["blank_is_absence"])
        | (meaning.eq(Meaning.NO_COLUMN) & exists)
        | (judged["last_used"] > judged["as_of"])
    )
    doubts = is_doubtful.groupby(judged["user_row"]).any().rename("is_use_doubtful")
    uses = judged[["user_row", "last_used", "last_used_column"]]
    newest = uses.sort_values("last_used", ascending=False, kind="stable", na_position="last")
    latest = newest.drop_duplicates("user_row").set_index("user_row")
    return latest.rename(columns={"last_used": "latest_use"}).join(doubts)
