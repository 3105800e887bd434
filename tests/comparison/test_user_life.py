"""What `compare` says of every finding is what an independent model of user life says."""

from __future__ import annotations

from pathlib import Path

from tests.comparison.test_outcomes import dated, judged, of_rule, profile
from tests.support.reports import user
from tests.support.user_life import find_differences

BORN = "2025-03-30T19:50:37Z"


def test_compare_and_the_model_agree_on_every_finding() -> None:
    lines, states = find_differences((13, 14, 15), "all")
    assert lines == []
    assert sum(states.values()) > 100


def test_who_was_gone_a_date_before_casts_no_doubt_on_who_is_renamed_later(tmp_path: Path) -> None:
    stays, born = user("cy"), {"user_creation_time": BORN}
    on = {"password_enabled": "true", "password_last_changed": BORN, **born}
    comparison = judged(
        dated(
            tmp_path,
            [stays, user("ann", **on), user("bo", **on)],
            [stays, user("ann", **on)],
            [stays, user("eve", **on)],
        ),
        profile("all"),
    )
    states = [told[:2] for told in of_rule(comparison, "console-without-mfa")]
    assert states == [("bo", "closed"), ("eve", "still_open")]
