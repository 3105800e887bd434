"""What other tools say of an unused credential: one source for the sheet Method and for `explain`.

Sources: Prowler 3 to 5 (checks iam_user_console_access_unused and iam_user_accesskey_unused); AWS
Security Hub, IAM controls; AWS Config Developer Guide, iam-user-unused-credentials-check.
"""

from __future__ import annotations

SECURITY_HUB = (
    "IAM.8 (90 days) and IAM.22 (45 days) answer for a user as a whole; they do not say "
    "which credential is unused."
)
CONFIG = (
    "iam-user-unused-credentials-check (maxCredentialUsageAge, 90 days unless it is set) answers for "
    "a user as a whole, too; AWS does not document how it takes a credential that was never used."
)
_DEFAULT = "With its own number of days the answer may differ."


def prowler_on_unused(days: int, number: int, *, is_never_used: bool) -> str:
    """Return Prowler's verdict on a credential that was last used, or set, `days` days ago.

    `number` is the number of days after which it is unused here.
    """
    if is_never_used:
        return "PASS: it always passes a credential that was never used."
    if days == number:
        return f"PASS at {number} days: it fires above the number, not at it. {_DEFAULT}"
    if days > number:
        return f"FAIL at {number} days, as here. {_DEFAULT}"
    return f"PASS at {number} days. {_DEFAULT}"
