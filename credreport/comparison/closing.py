"""How a finding is closed between two dates: the labels, and what decides."""

from __future__ import annotations

import pandas as pd

from credreport.comparison.rule_answers import STATUS_RULES
from credreport.schema import Change, Status, Use

# Its credential did not change, and the rule is no longer broken.
CORRECTED = "corrected"
# In the order in which the verdict names them.
CLOSING_WORDS = {
    Change.DEACTIVATED: "deactivated",
    Change.REMOVED: "removed",
    Change.USER_REMOVED: "removed with the user",
    Change.REPLACED: "replaced",
    Change.USED_AGAIN: "used again",
    Change.OTHER_LIMIT: "under another limit now",
    CORRECTED: "corrected",
}
CLOSING = tuple(way for way in CLOSING_WORDS if way != CORRECTED)
# Of these, those that close only what is about use: nothing was switched off.
BY_USE = (Change.USED_AGAIN, Change.OTHER_LIMIT)


def name_closing(
    rule: pd.Series, change: pd.Series, status: pd.Series, use: pd.Series
) -> pd.Series:
    """Return what closed each finding: a change of CLOSING, or CORRECTED.

    `change` is that of its credential up to the report that closes it, `status` and `use` what that
    report shows. Where the change itself closes nothing (what was before is unknown, or the rule
    looks at something else), what is so now tells it.
    """
    is_of_status = rule.isin(STATUS_RULES)
    is_by_change = change.isin(CLOSING) & (is_of_status | ~change.isin(BY_USE))
    is_off = status.eq(Status.INACTIVE) & change.ne(Change.STILL_INACTIVE)
    is_used = is_of_status & use.eq(Use.USED)
    return pd.Series(CORRECTED, index=rule.index, dtype="str").case_when(
        [
            (is_by_change, change),
            (is_off, Change.DEACTIVATED.value),
            (is_used, Change.USED_AGAIN.value),
        ]
    )
