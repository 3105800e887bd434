"""Credentials -> the undetermined ones, with the cells as reported."""

from __future__ import annotations

import pandas as pd

from credreport.reports.normalise import join_texts
from credreport.schema import MFA, ROOT_USER, SLOT_OF, SLOTS, UNDETERMINED, Kind, Status
from credreport.verdicts.reasons import NO_COLUMN, to_cells_text

_COLUMNS = (*UNDETERMINED, "report", "is_of_rule")


def to_undetermined(credentials: pd.DataFrame, undecided: pd.DataFrame) -> pd.DataFrame:
    """Return what could not be judged: credentials without a verdict, then rules without one.

    `undecided` has a row for each rule that the report does not allow; where the report lacks the row
    itself, there are no cells and no line. The columns are those of UNDETERMINED, `report` (the
    index of the report) and `is_of_rule`.
    """
    rows = credentials[credentials["status"].eq(Status.UNDETERMINED)]
    rows = rows.assign(
        cells=_cells(rows, rows["credential"]),
        source_line=rows["source_line"].astype("Int64"),
        is_of_rule=False,
    )[[*_COLUMNS]]
    if undecided.empty:  # common, and pandas is slow even with no rows
        return rows
    about = credentials.loc[undecided["row"]].set_axis(undecided.index)
    is_lost = ~about["has_mfa_column"] & undecided["reason"].str.contains(f"`{MFA}`")
    lost = undecided["rule"] + f": the report has no column `{MFA}`"
    told = about.assign(
        credential=undecided["credential"], reason=undecided["reason"].mask(is_lost, lost)
    )
    further = _further_cells(credentials, about, undecided["credential"])
    told = told.assign(cells=_cells(about, undecided["credential"]) + further)
    is_there = undecided["has_row"].astype(bool)
    told = told.assign(
        user=told["user"].where(is_there, ROOT_USER),
        cells=told["cells"].where(is_there, ""),
        source_line=told["source_line"].astype("Int64").where(is_there, pd.NA),
        is_of_rule=True,
    )
    return pd.concat([rows, told[[*_COLUMNS]]])


def _cells(rows: pd.DataFrame, credential: pd.Series) -> pd.Series:
    """Return the cells of each row's own slot as reported; nothing for a whole user."""
    parts = ("enabled_raw", "last_used_raw", "set_raw")
    columns = [rows[part].astype(object).where(rows[part].notna(), None) for part in parts]
    found = [
        to_cells_text(SLOT_OF[name], *cells) if name in SLOT_OF else ""
        for name, *cells in zip(credential, *columns, strict=True)
    ]
    return pd.Series(found, index=rows.index, dtype="str")


def _further_cells(credentials: pd.DataFrame, about: pd.DataFrame, slots: pd.Series) -> pd.Series:
    """Return the cells that rules read besides the slot's own: for a user, those of every slot."""
    mine = credentials[credentials["user_row"].isin(about["user_row"])]
    joined = join_texts(_cells(mine, mine["credential"]), mine["user_row"], "; ")
    passwords = mine.loc[mine["kind"].eq(Kind.PASSWORD)].set_index("user_row")["enabled_raw"]
    mfa = f"{MFA}=" + about["mfa_active"].where(about["has_mfa_column"], NO_COLUMN)
    of_password = "; password_next_rotation=" + about["next_rotation_raw"].fillna(NO_COLUMN)
    of_key = "; user_creation_time=" + about["created_raw"]
    of_key += "; password_enabled=" + about["user_row"].map(passwords).astype("str")
    return (
        (mfa + "; " + about["user_row"].map(joined).astype("str"))
        .mask(about["kind"].eq(Kind.ACCESS_KEY), of_key)
        .mask(slots.eq(SLOTS[0].credential), of_password + "; " + mfa)
    )
