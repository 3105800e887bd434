"""How the numbers of a rule compare."""

from __future__ import annotations

import pytest

from credreport.rules.catalogue import RULES


@pytest.mark.parametrize(
    ("rule", "days", "is_broken"),
    [
        ("unused-password", 44, False),
        ("unused-password", 45, True),
        ("unrotated-access-key", 45, False),
        ("unrotated-access-key", 46, True),
        ("root-recently-used", 45, True),
        ("root-recently-used", 46, False),
    ],
)
def test_days_that_break_a_rule_at_45(rule: str, days: int, is_broken: bool) -> None:
    assert RULES[rule].is_broken_by(days, 45) is is_broken


@pytest.mark.parametrize(
    ("rule", "number", "is_laxer"),
    [
        ("unused-password", 45, False),
        ("unused-password", 46, True),
        ("unrotated-access-key", 45, False),
        ("unrotated-access-key", 46, True),
        ("root-recently-used", 45, False),
        ("root-recently-used", 44, True),
    ],
)
def test_number_that_passes_what_45_does_not(rule: str, number: int, is_laxer: bool) -> None:
    assert RULES[rule].is_laxer(number, 45) is is_laxer
