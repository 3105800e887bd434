"""Credentials and findings -> one row per user: what is active, what is unused, the conclusion."""

from __future__ import annotations

import pandas as pd

from credreport.reports.normalise import join_texts, whole_days
from credreport.rules.catalogue import UNUSED_RULES
from credreport.rules.waivers import WAIVED
from credreport.schema import Kind, Status
from credreport.verdicts.credentials import is_active

_CURRENT = "Current"
_ROOT_SHOWN = "Root: shown, not judged"
_COUNTS = (
    *("active_credentials", "unused_credentials", "undetermined_credentials"),
    "active_certificates",
)


def to_user_table(
    credentials: pd.DataFrame, findings: pd.DataFrame, undecided: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per user: what is active, what is unused, when anything was last used.

    Active counts passwords and access keys, as in the verdict; certificates are counted separately.
    """
    is_certificate = credentials["kind"].eq(Kind.CERTIFICATE)
    active, status = is_active(credentials), credentials["status"]
    flags = pd.DataFrame(
        {
            "active_credentials": active & ~is_certificate,
            "active_certificates": active & is_certificate,
            "unused_credentials": status.eq(Status.UNUSED),
            "undetermined_credentials": status.eq(Status.UNDETERMINED),
        }
    )
    counts = flags.groupby(credentials["user_row"]).sum()
    of_user = [
        *("user_row", "report", "account_id", "user", "arn", "is_root", "created_at", "mfa_active"),
        *("as_of", "source_file", "source_line", "enabled_raw"),
    ]
    # The first row of a user is the password's.
    first = credentials[of_user][~credentials["user_row"].duplicated()].set_index("user_row")
    users = first.rename(columns={"enabled_raw": "console_password"}).assign(
        **{str(name): counts[name] for name in flags},
        most_recent_use=credentials.groupby("user_row")["last_used"].max(),
    )
    elapsed = users["as_of"] - users["most_recent_use"]  # a use after the as-of has no age
    users = users.assign(days_since=whole_days(elapsed.mask(elapsed < pd.Timedelta(0))))
    told = undecided[undecided["has_row"].astype(bool) & ~undecided["rule"].isin(UNUSED_RULES)]
    owners = credentials["user_row"].reindex(told["row"]).to_numpy()
    different = told.assign(owner=owners).drop_duplicates(["owner", "rule"])
    unsure = join_texts(different["rule"], different["owner"], ", ")
    return users.assign(conclusion=_to_conclusion(users, findings, unsure))


def _to_conclusion(users: pd.DataFrame, findings: pd.DataFrame, unsure: pd.Series) -> pd.Series:
    """Return the conclusion about each user: on use as a phrase, then the names of other rules.

    `unsure` names the rules that are undetermined, by user: such a user is never `Current`.
    """
    use = _to_use_words(users)
    others = findings[~findings["rule"].isin(UNUSED_RULES)].sort_values("row", kind="stable")
    if others.empty and unsure.empty:
        return use.astype("str")
    waived = others["state"].eq(WAIVED).map({True: " (waived)", False: ""}).astype("str")
    named = others.assign(name=others["rule"] + waived).drop_duplicates(["user_row", "name"])
    names = join_texts(named["name"], named["user_row"], ", ").reindex(users.index).fillna("")
    doubts = ("undetermined: " + unsure.astype("str")).reindex(users.index).fillna("")
    between = (names.ne("") & doubts.ne("")).map({True: "; ", False: ""})
    names = names + between + doubts
    is_named = names.ne("")
    is_quiet = use.isin([_CURRENT, _ROOT_SHOWN])
    conclusion = use.mask(is_named & is_quiet, names)
    return conclusion.mask(is_named & ~is_quiet, use + "; " + names).astype("str")


def _to_use_words(users: pd.DataFrame) -> pd.Series:
    """Return the phrase about each user's use; users with the same counts share it."""
    counts = users[[*_COUNTS]]
    different = counts.drop_duplicates(ignore_index=True)
    words = pd.Series(list(map(_use_words, *(different[name] for name in _COUNTS))), dtype="str")
    places = counts.merge(different.reset_index(names="place"), on=[*_COUNTS], how="left")["place"]
    is_quiet = users["unused_credentials"].eq(0) & users["undetermined_credentials"].eq(0)
    said = words.take(places.to_numpy()).set_axis(users.index)
    return said.mask(users["is_root"] & is_quiet, _ROOT_SHOWN)


def _use_words(active: int, unused: int, undetermined: int, certificates: int) -> str:
    parts = []
    if unused:
        some = f"{unused} of {active} active credentials unused"
        parts.append("All active credentials unused" if unused == active else some)
    if undetermined:
        parts.append(f"{undetermined} could not be judged")
    if parts:
        return ", ".join(parts)
    if active:
        return _CURRENT
    return "Only signing certificates active" if certificates else "Nothing active"
