"""What is asked of the credentials: thresholds and the rules in force."""

from __future__ import annotations

from dataclasses import dataclass

from credreport.errors import UsageError

MAX_DAYS = 36_500


@dataclass(frozen=True)
class Policy:
    """The numbers of one run. The default is Conformity's rule: unused for 90 days or more.

    Source: Trend Micro Cloud One Conformity, "Check for Unused AWS IAM Credentials" (2019).
    """

    profile: str = "conformity"
    unused_after_days: int = 90
    include_root: bool = False
    rules: tuple[str, ...] = ("unused-password", "unused-access-key")

    def __post_init__(self) -> None:
        """Raise UsageError for a number of days that cannot be meant."""
        if not 1 <= self.unused_after_days <= MAX_DAYS:
            message = f"--unused-after {self.unused_after_days}: give a number of days from 1 to {MAX_DAYS}"
            raise UsageError(message)
