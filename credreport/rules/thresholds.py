"""The numbers of days that rules compare with, each with its default.

Where a benchmark states another, `profiles` has it with its source; the user's own comes from a
policy file or `--unused-after` (`policy`), and a class of users may have its own there.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """A number of days that policies set, by this name. Rules may share a parameter."""

    name: str
    default: int
    least: int = 0
    most: int = 36_500


@dataclass(frozen=True)
class Number:
    """A number and its source. `control` names the control that states the number, if any."""

    value: int
    source: str
    control: str = ""


UNUSED_AFTER = Parameter("unused_after_days", 90, least=1)
GRACE_DAYS = Parameter("grace_days", 7)
ROTATE_AFTER = Parameter("rotate_after_days", 90)
PASSWORD_AGE = Parameter("password_age_days", 90)
EXPIRES_WITHIN = Parameter("expires_within_days", 7)
ROOT_USED_WITHIN = Parameter("root_used_within_days", 7)
