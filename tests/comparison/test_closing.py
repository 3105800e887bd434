"""What closed a finding, in a word."""

from __future__ import annotations

import pandas as pd
import pytest

from credreport.comparison.closing import name_closing


@pytest.mark.parametrize(
    ("rule", "change", "status", "use", "closing"),
    [
        ("unused-password", "deactivated", "inactive", "never_used", "deactivated"),
        ("unused-password", "used_again", "current", "used", "used_again"),
        ("unused-password", "other_limit", "current", "used", "other_limit"),
        ("unused-password", "undetermined", "current", "used", "used_again"),
        ("unused-password", "undetermined", "current", "never_used", "corrected"),
        ("console-without-mfa", "removed", "", "", "removed"),
        # Use switches nothing off, so it closes only what is about use.
        ("console-without-mfa", "used_again", "current", "used", "corrected"),
        ("console-without-mfa", "other_limit", "current", "used", "corrected"),
        ("console-without-mfa", "still_current", "current", "used", "corrected"),
        ("unrotated-access-key", "undetermined", "inactive", "used", "deactivated"),
        ("unrotated-access-key", "still_inactive", "inactive", "used", "corrected"),
    ],
)
def test_a_change_or_what_is_so_now_closes_it(
    rule: str, change: str, status: str, use: str, closing: str
) -> None:
    columns = [pd.Series([cell], dtype="str") for cell in (rule, change, status, use)]
    assert name_closing(*columns).tolist() == [closing]
