"""Findings -> one remedy for each credential: a credential to be switched off is not also rotated."""

from __future__ import annotations

import pandas as pd

from credreport.reports.normalise import by_key, join_texts
from credreport.rules.catalogue import RULES
from credreport.rules.rule import Subject
from credreport.rules.waivers import OPEN, WAIVED
from credreport.schema import Kind

_OF_CREDENTIAL = ["kind", "credential", "set_at", "last_used", "twin"]
_SCRIPTED = [rule.id for rule in RULES.values() if rule.is_scripted]
_SWITCH_OFF = {
    Kind.PASSWORD.value: "Remove console access",
    Kind.ACCESS_KEY.value: "Deactivate the access key",
}
_SWITCH_OFF_BY_RULE = {
    "console-without-mfa": _SWITCH_OFF[Kind.PASSWORD],
    "two-active-access-keys": _SWITCH_OFF[Kind.ACCESS_KEY],
}
_ROOT_KEY = "Delete the root access key, signed in as root"
_CHANGE_ROOT = "Sign in as root and change its password"
_KEEP_ROOT = (
    "Root has no login profile to delete: keep its password locked away, with MFA; in a member "
    "account, delete it by centralized root access"
)
_ROOT_PASSWORD = {
    "unused-password": _KEEP_ROOT,
    "never-used-password": _KEEP_ROOT,
    "old-password": _CHANGE_ROOT,
    "old-single-factor-password": "Sign in as root and register an MFA device, or change its password",
    "expiring-password": f"{_CHANGE_ROOT} before it expires",
}


def to_targets(findings: pd.DataFrame, unused: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each finding and credential to switch off, in the order of findings.

    Only findings about use require that; one about a whole user has a row for each unused
    credential of the user. Columns: those of the finding, with `place` (its index among them),
    `row`, `kind`, `credential`,
    `set_at`, `last_used` and `twin` of the credential, and `spared_by`: the waiver of any such finding
    about the credential, or empty.
    """
    scripted = findings[findings["rule"].isin(_SCRIPTED)]
    scripted = scripted.assign(place=range(len(scripted)))
    about_user = scripted["kind"].eq(Subject.USER)
    whole = scripted[about_user].drop(columns=["row", *_OF_CREDENTIAL])
    parts = [scripted[~about_user], whole.merge(unused, on="user_row")]
    targets = pd.concat(parts)[list(scripted.columns)]
    targets = targets.sort_values(["place", "row"], kind="stable", ignore_index=True)
    waived = targets[targets["state"].eq(WAIVED)]
    return targets.assign(spared_by=_look_up(targets["row"], waived, "row", "waiver"))


def _look_up(wanted: pd.Series, table: pd.DataFrame, key: str, column: str) -> pd.Series:
    """Return the column of the first row of the table with that key; empty if there is none."""
    return wanted.map(by_key(table, key, column)).astype("str").fillna("")


def settle(findings: pd.DataFrame, unused: pd.DataFrame) -> pd.DataFrame:
    """Return the findings with `closed_by`, and with an `action` that no other finding contradicts.

    `closed_by` has the IDs of the findings whose remedy closes this one as well, or is empty: a key
    that is to be deactivated is not to be rotated, a password that is to be removed needs no MFA.
    """
    closed_by = pd.Series("", index=findings.index, dtype="str")
    others = findings[findings["state"].eq(OPEN) & ~findings["rule"].isin(_SCRIPTED)]
    if not others.empty:
        targets = to_targets(findings, unused)
        off = targets[targets["spared_by"].eq("") & ~targets["is_root"]].drop_duplicates("row")
        closed_by.loc[others.index] = _find_closing(others, off)
    switch_off = findings["kind"].map(_SWITCH_OFF).astype("str")
    switch_off = switch_off.fillna(findings["rule"].map(_SWITCH_OFF_BY_RULE).astype("str"))
    instead = switch_off.fillna("Switch off the credentials") + " (" + closed_by + ")"
    action = findings["action"].mask(closed_by.ne(""), instead + ", which closes this finding too")
    is_root_key = findings["is_root"] & findings["kind"].eq(Kind.ACCESS_KEY)
    of_root = findings["rule"].map(_ROOT_PASSWORD).where(findings["is_root"])
    action = action.mask(is_root_key, _ROOT_KEY).mask(of_root.notna(), of_root)
    return findings.assign(action=action.astype("str"), closed_by=closed_by)


def _find_closing(findings: pd.DataFrame, off: pd.DataFrame) -> pd.Series:
    """Return for each finding the IDs of those among `off` that close it, or an empty string."""
    owner = findings["user_row"]
    of_password, of_key = (off[off["kind"].eq(kind)] for kind in _SWITCH_OFF)
    password = _look_up(owner, of_password, "user_row", "finding_id")
    key = _look_up(owner, of_key, "user_row", "finding_id")
    different = off.drop_duplicates(["user_row", "finding_id"])
    names = join_texts(different["finding_id"], different["user_row"], ", ")
    every = names.reindex(owner).fillna("").set_axis(owner.index)
    left = findings["active_credentials"] - owner.map(off["user_row"].value_counts())
    closing = {
        "console-without-mfa": password,
        "two-active-access-keys": key,
        "password-and-access-key": password.mask(password.eq("") & left.le(1), key),
        "user-without-mfa": every.where(left.eq(0), ""),
    }
    itself = _look_up(findings["row"], off, "row", "finding_id")
    closed_by = itself.where(findings["kind"].isin(list(_SWITCH_OFF)), "")
    for rule, finding in closing.items():
        closed_by = closed_by.mask(findings["rule"].eq(rule), finding)
    return closed_by
