"""The conditions of rules: functions of a table that return a Series.

On the credentials table one entry per credential, on the table of `to_user_facts` one per user.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from credreport.rules.rule import Column, Measure
from credreport.schema import (
    GOV_ARN,
    KNOWN_ABSENCES,
    NEXT_ROTATION,
    NOT_SUPPORTED,
    Kind,
    Meaning,
    Status,
    Use,
)
from credreport.text import plural

if TYPE_CHECKING:
    import pandas as pd

SETUP_SECONDS = 60
_A_DAY = timedelta(days=1)


def take(name: str) -> Column:
    """Return the column of that name."""
    return lambda table: table[name]


def is_unused(kind: Kind) -> Column:
    """Whether the status is unused: `judge` compares each credential with the same number."""

    def applies(credentials: pd.DataFrame) -> pd.Series:
        return credentials["status"].eq(Status.UNUSED) & credentials["kind"].eq(kind)

    return applies


def is_never_used(kind: Kind) -> Column:
    """Whether a judged credential was never used; undetermined ones are listed as such."""

    def applies(credentials: pd.DataFrame) -> pd.Series:
        judged = credentials["status"].isin([Status.UNUSED, Status.CURRENT])
        never = credentials["use"].eq(Use.NEVER_USED).astype("boolean")
        never = never.mask(credentials["use"].eq(Use.NOT_TRACKED))
        return judged & credentials["kind"].eq(kind) & never

    return applies


def is_on(kind: Kind) -> Column:
    """Whether a credential is active, unknown where the report says neither true nor false.

    A root password that the report does not support (until mid 2024) has no dates to judge; in AWS
    GovCloud (US) it opens nothing.
    """

    def applies(credentials: pd.DataFrame) -> pd.Series:
        unreported = credentials["enabled_raw"].eq(NOT_SUPPORTED)
        if kind is Kind.PASSWORD:
            unreported |= credentials["arn"].str.startswith(GOV_ARN)
        idle = credentials["is_root"] & unreported
        on = credentials["enabled"].astype("boolean").mask(idle, other=False)
        return on & credentials["kind"].eq(kind)

    return applies


def is_single_factor_password(credentials: pd.DataFrame) -> pd.Series:
    """Whether an enabled password is the only factor: MFA is off."""
    from credreport.reports.normalise import to_flag  # noqa: PLC0415 - pandas, which `inspect` needs not

    return is_on(Kind.PASSWORD)(credentials) & ~to_flag(credentials["mfa_active"])


def has_expiry(credentials: pd.DataFrame) -> pd.Series:
    """Whether an enabled password has a day on which it expires, readable or not."""
    cells = credentials["next_rotation_raw"]
    blank = cells.eq("") & credentials["blank_is_absence"]
    return is_on(Kind.PASSWORD)(credentials) & ~(
        cells.isin([*KNOWN_ABSENCES, NOT_SUPPORTED]) | blank
    )


def is_unneeded_setup_key(credentials: pd.DataFrame) -> pd.Series:
    """Whether an active key of a console user was never used: the audit procedure of CIS AWS 1.11."""
    enabled = credentials["enabled"].set_axis(credentials["user_row"])
    passwords = enabled[credentials["kind"].eq(Kind.PASSWORD).to_numpy()]
    owned = passwords.reindex(credentials["user_row"]).set_axis(credentials.index)
    meaning = credentials["last_used_meaning"]
    never = meaning.eq(Meaning.ABSENCE) | (
        meaning.eq(Meaning.BLANK) & credentials["blank_is_absence"]
    )
    known = never | meaning.eq(Meaning.INSTANT)
    never = never.astype("boolean").where(known)
    return is_on(Kind.ACCESS_KEY)(credentials) & owned & never & ~credentials["is_root"]


def how_key_was_made(credentials: pd.DataFrame) -> pd.Series:
    """Say whether each key was made together with its user: within a minute."""
    import pandas as pd  # noqa: PLC0415 - slow to import; `inspect` needs none

    apart = credentials["set_at"] - credentials["created_at"]
    words = [_apart(each) for each in apart]
    return pd.Series(words, index=credentials.index, dtype="str")


def _apart(apart: pd.Timedelta) -> str:
    """Put into words how long after its user a key was made."""
    if apart != apart:  # noqa: PLR0124 - NaT
        return "whether the key was made with the user cannot be determined"
    if abs(apart) <= timedelta(seconds=SETUP_SECONDS):
        return "the key was made with the user"
    if apart < timedelta(0):
        return "the key is older than the user"
    days = apart // _A_DAY
    long = "less than a day" if not days else plural(days, "day")
    return f"the key was made {long} after the user"


def has_key(users: pd.DataFrame) -> pd.Series:
    """Whether either access key is active."""
    return users["access_key_1"] | users["access_key_2"]


def _days_since(column: str) -> Column:
    """Return whole elapsed days; unknown for a date after the as-of: one of the two is wrong."""

    def days(table: pd.DataFrame) -> pd.Series:
        elapsed = table["as_of"] - table[column]
        return _whole_days(elapsed.mask(elapsed < timedelta(0)))

    return days


def _expiry(credentials: pd.DataFrame) -> pd.Series:
    from credreport.reports.normalise import to_instant  # noqa: PLC0415 - pandas, which `inspect` needs not

    return to_instant(credentials["next_rotation_raw"])


def _days_to_expiry(credentials: pd.DataFrame) -> pd.Series:
    return _whole_days(_expiry(credentials) - credentials["as_of"])


def _always(column: str) -> Column:
    """Return the same column of the report for every row."""

    def basis(table: pd.DataFrame) -> pd.Series:
        import pandas as pd  # noqa: PLC0415 - slow to import; `inspect` needs none

        return pd.Series(column, index=table.index, dtype="str")

    return basis


def _whole_days(elapsed: pd.Series) -> pd.Series:
    from credreport.reports.normalise import whole_days  # noqa: PLC0415 - pandas, which `inspect` needs not

    return whole_days(elapsed)


_EFFECTIVE = (take("age_days"), take("effective_last_used"), take("basis"))
_SET = (_days_since("set_at"), take("set_at"), take("set_column"))
UNUSED = Measure("unused", *_EFFECTIVE)
SET_UNUSED = Measure("since it was set, never used", *_EFFECTIVE)
MADE_UNUSED = Measure("since it was made, never used", *_EFFECTIVE)
MADE = Measure("since it was made", *_SET)
CHANGED = Measure("since it was changed", *_SET)
LATEST_USE = Measure(
    "since its last use", _days_since("latest_use"), take("latest_use"), take("latest_use_column")
)
EXPIRY = Measure("until it expires", _days_to_expiry, _expiry, _always(NEXT_ROTATION))
