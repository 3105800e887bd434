"""Give every user and credential of every date one number that identifies it on all dates.

A user is account + ARN (in any case) + creation time, also after it was renamed or moved; root is
always root. A password belongs to its user; an access key is its user and when it was made,
whatever its slot. Signing certificates pair by the date of their upload, then by slot.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from credreport.comparison.renamed_users import to_user_keys
from credreport.comparison.twin_credentials import pair_twins
from credreport.reports.normalise import INSTANT_DTYPE, to_texts
from credreport.rules.rule import Subject
from credreport.schema import KNOWN_ABSENCES, MFA, NOT_SUPPORTED, SLOTS, Kind, Status
from credreport.verdicts.assessment import Assessment

NO_KEY = -1
_SAYS_NOTHING = [*KNOWN_ABSENCES, NOT_SUPPORTED, ""]
_USER, _ROOT = Subject.USER.value, Subject.ROOT.value
# The columns of a single credential: empty for the user as a whole.
_OF_CREDENTIAL = ("age_days", "effective_last_used", "last_used", "set_at")
_CREDENTIAL = ["user_key", "kind", "born"]
_KEPT = (
    "date", "row", "user_row", "is_root", "source_line", "as_of", "account_id", "owner", "created",
    "born", "kind", "user", "arn", "slot", "credential", "created_at", "is_created_known",
    "is_born_known", "status", "use", "age_days", "effective_last_used", "last_used", "set_at",
    "enabled_raw", "last_used_raw", "set_raw", "next_rotation_raw", "service", "region", "reason",
)  # fmt: skip


def to_coverage(assessments: Sequence[Assessment]) -> pd.DataFrame:
    """Return one row per report: `date` (from 0), `account_id`, `as_of`, and `turn`.

    `turn` counts the reports of an account from 0, in the order of dates.
    """
    rows = [
        (date, report.account_id, report.as_of)
        for date, assessment in enumerate(assessments)
        for report in assessment.reports
    ]
    coverage = pd.DataFrame(rows, columns=["date", "account_id", "as_of"])
    coverage = coverage.astype({"account_id": "str", "as_of": INSTANT_DTYPE})
    return coverage.assign(turn=coverage.groupby("account_id").cumcount())


def identify(assessments: Sequence[Assessment]) -> pd.DataFrame:
    """Return what findings can be about, on every date: each credential, and each user as a whole.

    A user as a whole is a row of the kind `user` or `root` without status, with the user's cells
    under the names of USER_CELLS; credentials have two of these, `mfa_active` and
    `password_enabled`, which rules about them read. `date` counts from 0; `row` is the credential's row in the
    assessment of that date (of a user, its password's). `user_key` and `key` are the same number for
    the same user, and the same credential or user, on any date; a key occurs once per date.
    `is_created_known` and `is_born_known` say whether the identity rests on a date. Empty slots stay
    in the table with NO_KEY: they are not credentials.
    """
    credentials = pd.concat(
        [_take(date, assessment) for date, assessment in enumerate(assessments)],
        ignore_index=True,
    )
    users = _to_users(credentials)
    at = ["date", "user_row"]
    is_dated_key = credentials["kind"].eq(Kind.ACCESS_KEY) & credentials["set_at"].notna()
    keys = credentials.loc[is_dated_key, [*at, "born"]]
    users = users.assign(user_key=to_user_keys(users, keys))
    told = users[[*at, "user_key", SLOTS[0].enabled]]
    keyed = credentials.merge(told, on=at, how="left", validate="many_to_one")
    present = keyed[keyed["status"].ne(Status.ABSENT)]
    key = present.groupby([*_CREDENTIAL, pair_twins(present)], sort=False).ngroup()
    keyed = keyed.assign(key=key.reindex(keyed.index, fill_value=NO_KEY))
    users = users.assign(key=users["user_key"] + int(keyed["key"].max()) + 1)
    return pd.concat([keyed, users], ignore_index=True)


def _take(date: int, assessment: Assessment) -> pd.DataFrame:
    credentials = assessment.credentials
    accounts = pd.Series([report.account_id for report in assessment.reports], dtype="str")
    is_key = credentials["kind"].eq(Kind.ACCESS_KEY)
    taken = credentials.assign(
        date=date,
        row=credentials.index,
        account_id=accounts.take(credentials["report"].to_numpy()).array,
        owner=_to_owner(credentials),
        created=_to_birth(credentials["created_at"], credentials["created_raw"]),
        is_created_known=credentials["created_at"].notna(),
        born=_to_birth(credentials["set_at"], credentials["set_raw"]).where(is_key, ""),
        is_born_known=credentials["set_at"].notna() | ~is_key,
    )
    return taken[[*_KEPT, MFA]]


def _to_owner(credentials: pd.DataFrame) -> pd.Series:
    """Return what names a user: its ARN in lower case; root is root.

    Where the ARN does not end in the name, as masked ones do not, the name distinguishes users.
    """
    users = credentials[["user_row", "arn", "user", "is_root"]].drop_duplicates("user_row")
    arn, name = users["arn"].str.lower(), users["user"].str.lower()
    is_named = arn.str.rpartition("/")[2].eq(name)
    owner = arn.where(is_named, arn + "\x1f" + name).mask(users["is_root"], _ROOT)
    of_user = owner.set_axis(users["user_row"])
    return of_user.reindex(credentials["user_row"]).set_axis(credentials.index)


def _to_birth(instants: pd.Series, raw: pd.Series) -> pd.Series:
    """Return what distinguishes two births: the second, or the cell itself if it is not a date."""
    unknown = "? " + raw.fillna("").where(~raw.isin(_SAYS_NOTHING), "")
    second = pd.Series(to_texts(instants), index=instants.index, dtype="str")
    birth: pd.Series = second.where(instants.notna(), unknown)
    return birth


def _to_users(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return one row per user and date, about the user as a whole."""
    number = credentials.groupby(["date", "user_row"], sort=False).ngroup()
    passwords = credentials[credentials["credential"].eq("password")]
    subject = passwords["is_root"].map({True: _ROOT, False: _USER}).astype("str")
    users = passwords.assign(
        credential=subject,
        kind=subject,
        slot=-1,
        **dict.fromkeys(("status", "use", "born", "reason", "service", "region"), ""),
        **{name: passwords[name].iloc[:0].reindex(passwords.index) for name in _OF_CREDENTIAL},
    )
    for slot in SLOTS:
        is_its = credentials["credential"].eq(slot.credential)
        for column, name in ((slot.enabled, "enabled_raw"), (slot.last_used, "last_used_raw")):
            if column:
                cells = credentials.loc[is_its, name].set_axis(number[is_its])
                users[column] = cells.reindex(number[passwords.index]).fillna("").array
    return users
