"""What this program wrote is told from a report by its content."""

from __future__ import annotations

import pytest

from credreport.reports.own_output import is_own_header

FIVE = "finding_id,account_id,user,arn,credential"


@pytest.mark.parametrize(
    ("header", "is_own"),
    [
        (FIVE, True),
        (f'"{FIVE}"\r\n'.replace(",", '","'), True),
        (FIVE.removeprefix("finding_id,"), False),
        (f"{FIVE},password_enabled", False),
        (f"{FIVE},access_key_1_active", False),
        (f"{FIVE},access_key_2_active", False),
        ("user,arn,password_enabled", False),
        ("", False),
    ],
)
def test_a_table_of_ours_has_five_of_our_columns_and_none_that_a_report_needs(
    header: str, is_own: bool
) -> None:
    assert is_own_header(header) is is_own
