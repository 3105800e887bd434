"""The results of the rules on every date, by the key of what can have a finding, and rule.

A finding is identified by its rule and the key of what it is about, so it stays the same finding
if its user is renamed or its key changes slots; its Finding ID is that of the date.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from credreport.rules.rule import WHOLE_USER
from credreport.schema import Status
from credreport.verdicts.assessment import Assessment

# Rules about the status of a credential: where that is undetermined, so are they.
STATUS_RULES = (
    "unused-password",
    "unused-access-key",
    "never-used-password",
    "never-used-access-key",
    "active-signing-certificate",
)
# What a finding says on one date.
FOUND = ["finding_id", "severity", "state", "waiver"]


def to_found(assessments: Sequence[Assessment], identified: pd.DataFrame) -> pd.DataFrame:
    """Return one row per finding and date: `date`, `key`, `rule`, `credential` and what it says.

    `state` is open or waived, as the waivers were in force at the as-of of the report.
    """
    parts = [
        date.findings[["row", "credential", "rule", *FOUND]].assign(date=number)
        for number, date in enumerate(assessments)
    ]
    found = _add_key(pd.concat(parts, ignore_index=True), identified)
    return found[["date", "key", "rule", "credential", *FOUND]]


def to_unknown(assessments: Sequence[Assessment], identified: pd.DataFrame) -> pd.DataFrame:
    """Return one row per rule that a date does not decide: `date`, `key`, `rule` and `why`.

    Rules about the root of a report without one are not among them: whatever that lacks is unknown.
    """
    parts = [date.undecided.assign(date=number) for number, date in enumerate(assessments)]
    rows = pd.concat(parts, ignore_index=True)
    undecided = _add_key(rows[rows["has_row"].astype(bool)], identified)
    undecided = undecided.rename(columns={"reason": "why"})[["date", "key", "rule", "why"]]
    unsure = identified[identified["status"].eq(Status.UNDETERMINED)]
    rules = pd.DataFrame({"rule": STATUS_RULES}, dtype="str")
    of_status = unsure[["date", "key", "reason"]].rename(columns={"reason": "why"})
    of_status = of_status.merge(rules, how="cross")[["date", "key", "rule", "why"]]
    both = pd.concat([undecided, of_status], ignore_index=True)
    return both.drop_duplicates(["date", "key", "rule"], ignore_index=True)


def _add_key(rows: pd.DataFrame, identified: pd.DataFrame) -> pd.DataFrame:
    """Add the `key` of what each row is about: a credential, or a user by its password's row."""
    is_whole = identified["kind"].isin(WHOLE_USER)
    keys = identified.assign(is_whole=is_whole)[["date", "row", "is_whole", "key"]]
    about = rows.assign(is_whole=rows["credential"].isin(WHOLE_USER))
    at = ["date", "row", "is_whole"]
    return about.merge(keys, on=at, how="left", validate="many_to_one")
