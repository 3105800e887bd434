"""RULES: the catalogue, one value per rule."""

from __future__ import annotations

from credreport.rules.predicates import (
    CHANGED,
    EXPIRY,
    LATEST_USE,
    MADE,
    MADE_UNUSED,
    SET_UNUSED,
    UNUSED,
    has_expiry,
    has_key,
    how_key_was_made,
    is_never_used,
    is_on,
    is_single_factor_password,
    is_unneeded_setup_key,
    is_unused,
    take,
)
from credreport.rules.rule import Rule, Severity, Subject
from credreport.rules.thresholds import (
    EXPIRES_WITHIN,
    GRACE_DAYS,
    PASSWORD_AGE,
    ROOT_USED_WITHIN,
    ROTATE_AFTER,
    UNUSED_AFTER,
    Parameter,
)
from credreport.schema import Kind, Status

KEY_OF_USER = "aws iam list-access-keys {option}"

# Benchmarks whose controls have the same numbers are in one entry.
_BENCHMARKS = (
    ("1.2.0",),
    ("1.4.0", "1.5.0", "2.0.0", "3.0.0", "4.0.0", "4.0.1"),
    ("5.0.0",),
    ("6.0.0",),
    ("7.0.0",),
)


def _cis(*numbers: str) -> tuple[str, ...]:
    """Return the controls of the benchmarks, oldest first; those without a number lack it."""
    pairs = zip(_BENCHMARKS, numbers, strict=True)
    return tuple(
        f"CIS AWS {version} {number}"
        for versions, number in pairs
        if number
        for version in versions
    )


_UNUSED_CONTROLS = (
    *_cis("1.3", "1.12", "1.11", "2.11", "2.11"),
    "AWS Security Hub IAM.8 (FSBP 1.0.0)",
    "AWS Security Hub IAM.22 (CIS AWS 3.0.0)",
    "PCI DSS 4.0.1 8.2.6",
    "NIST SP 800-53 r5 AC-2(3)",
    "FedRAMP High r5 AC-2(3)",
    "FedRAMP Moderate r5 AC-2(3)",
    "ASD ISM 2023 ISM-1648 (Essential Eight)",
    "ASD ISM 2023 ISM-1404",
    "SOC 2 CC6.2",
    "SOC 2 CC6.3",
    "ISO/IEC 27001:2022 A.5.18",
)

_NO_KEY_DATE = (
    "whether the key is active is neither true nor false, or when it was made is not a readable date "
    "before the as-of"
)
_NO_CHANGE_DATE = (
    "whether the password is enabled is neither true nor false, or when it was changed is not a "
    "readable date before the as-of"
)
_NO_ENABLED = "whether a credential is active is neither true nor false"
_NO_MFA = "`mfa_active`, or whether a credential is active, is neither true nor false"

_CATALOGUE = (
    Rule(
        id="unused-password",
        title="Console password unused",
        severity=Severity.MEDIUM,
        subject=Subject.CREDENTIAL,
        measures="days since the effective last use of an enabled password",
        operator=">=",
        parameter=UNUSED_AFTER,
        measure=UNUSED,
        applies=is_unused(Kind.PASSWORD),
        judged=Kind.PASSWORD,
        action="Remove console access (delete the login profile)",
        controls=_UNUSED_CONTROLS,
        peers="Prowler (iam_user_console_access_unused, versions 3 to 5) always passes a password "
        "that was never used, and fires above the number of days, not at it.",
        is_scripted=True,
    ),
    Rule(
        id="unused-access-key",
        title="Access key unused",
        severity=Severity.MEDIUM,
        subject=Subject.CREDENTIAL,
        measures="days since the effective last use of an active access key",
        operator=">=",
        parameter=UNUSED_AFTER,
        measure=UNUSED,
        applies=is_unused(Kind.ACCESS_KEY),
        judged=Kind.ACCESS_KEY,
        action="Deactivate the access key, later delete it",
        controls=_UNUSED_CONTROLS,
        peers="Prowler (iam_user_accesskey_unused, versions 3 to 5) always passes a key that was "
        "never used, fires above the number of days, not at it, and judges the keys of root like any "
        "others. Some tools look at key 2 only where key 1 is active, and so miss an unused key 2; "
        'some take a date that ends in Z for "never"; some skip an account of root and one user.',
        is_scripted=True,
    ),
    Rule(
        id="never-used-password",
        title="Console password never used",
        severity=Severity.MEDIUM,
        subject=Subject.CREDENTIAL,
        measures="days since an enabled password that was never used was set",
        operator=">=",
        parameter=GRACE_DAYS,
        applies=is_never_used(Kind.PASSWORD),
        judged=Kind.PASSWORD,
        measure=SET_UNUSED,
        unknown="the report does not say whether it was ever used",
        action="Remove console access (delete the login profile)",
        controls=("NIST SP 800-53 r5 AC-2(3)",),
        is_scripted=True,
    ),
    Rule(
        id="never-used-access-key",
        title="Access key never used",
        severity=Severity.MEDIUM,
        subject=Subject.CREDENTIAL,
        measures="days since an active access key that was never used was made",
        operator=">=",
        parameter=GRACE_DAYS,
        applies=is_never_used(Kind.ACCESS_KEY),
        judged=Kind.ACCESS_KEY,
        measure=MADE_UNUSED,
        unknown="the report does not say whether it was ever used",
        action="Deactivate the access key, later delete it",
        controls=("NIST SP 800-53 r5 AC-2(3)",),
        peers="Prowler has no grace: iam_user_accesskey_unused passes a key that was never used for "
        "ever, because it has no date to compare, and iam_user_no_setup_initial_access_key fails it "
        "from the first minute where its user has a console password.",
        is_scripted=True,
    ),
    Rule(
        id="unrotated-access-key",
        title="Access key not rotated",
        severity=Severity.MEDIUM,
        subject=Subject.CREDENTIAL,
        measures="days since an active access key was made",
        operator=">",
        parameter=ROTATE_AFTER,
        applies=is_on(Kind.ACCESS_KEY),
        measure=MADE,
        unknown=_NO_KEY_DATE,
        action="Make a new access key, move its users, deactivate the old one",
        controls=(
            *_cis("1.4", "1.14", "1.13", "2.13", "2.12"),
            "AWS Security Hub IAM.3 (FSBP 1.0.0)",
            "PCI DSS 4.0.1 8.6.3",
        ),
        peers='"90 days or less" passes, here as with Prowler (iam_rotate_access_key_90_days) and AWS '
        "Security Hub IAM.3: tools that fire at day 90 report a day early. Some look at key 2 only "
        "where key 1 is active.",
        remedy=(
            "aws iam create-access-key {option}  # then move every user of the old key to it",
            KEY_OF_USER
            + "  # find the old key by its CreateDate, set it Inactive, later delete it",
        ),
    ),
    Rule(
        id="old-password",
        title="Console password old",
        severity=Severity.LOW,
        subject=Subject.CREDENTIAL,
        measures="days since an enabled password was changed",
        operator=">",
        parameter=PASSWORD_AGE,
        applies=is_on(Kind.PASSWORD),
        measure=CHANGED,
        unknown=_NO_CHANGE_DATE,
        action="Have the user change the password",
        controls=(),
        remedy=(
            "Ask the user to change the password",
            "aws iam get-account-password-policy  # MaxPasswordAge would ask for it by itself",
        ),
    ),
    Rule(
        id="old-single-factor-password",
        title="Console password old, and no MFA",
        severity=Severity.LOW,
        subject=Subject.CREDENTIAL,
        measures="days since an enabled password was changed, where MFA is off",
        operator=">",
        parameter=PASSWORD_AGE,
        measure=CHANGED,
        applies=is_single_factor_password,
        unknown=f"{_NO_CHANGE_DATE}, or `mfa_active` is neither true nor false",
        action="Have the user register an MFA device, or change the password",
        controls=("PCI DSS 4.0.1 8.3.9",),
        peers="The requirement is also met where the security posture of accounts is analyzed "
        "dynamically, which a credential report cannot show.",
        remedy=(
            "Ask the user to register an MFA device, or else to change the password",
            "aws iam list-mfa-devices {option}  # must list a device",
        ),
    ),
    Rule(
        id="expiring-password",
        title="Console password expires soon, or has expired",
        severity=Severity.LOW,
        subject=Subject.CREDENTIAL,
        measures="days until the account's policy asks for a new password",
        operator="<=",
        parameter=EXPIRES_WITHIN,
        applies=has_expiry,
        measure=EXPIRY,
        unknown="whether the password is enabled is neither true nor false, or `password_next_rotation` "
        "is not a readable date",
        action="Have the user change the password before it expires",
        controls=(),
        remedy=(
            "Ask the user to change the password while it still opens the console",
            "aws iam get-account-password-policy  # MaxPasswordAge and HardExpiry say what comes",
        ),
    ),
    Rule(
        id="console-without-mfa",
        title="Console password without MFA",
        severity=Severity.HIGH,
        subject=Subject.USER,
        measures="an enabled password of a user whose MFA is off",
        applies=lambda users: users["password"] & ~users["mfa"],
        unknown=_NO_MFA,
        action="Have the user register an MFA device",
        controls=(
            *_cis("1.2", "1.10", "1.9", "2.9", "2.10"),
            "AWS Security Hub IAM.5 (FSBP 1.0.0)",
            "PCI DSS 4.0.1 8.4.2",
        ),
        peers="Some tools compare with `false` in lower case, so that FALSE in capitals passes. Users "
        "who only have access keys do not count here: see `user-without-mfa`.",
        remedy=(
            "Ask the user to register an MFA device, or take the password away",
            "aws iam list-mfa-devices {option}  # must list a device",
        ),
    ),
    Rule(
        id="user-without-mfa",
        title="User without MFA",
        severity=Severity.MEDIUM,
        subject=Subject.USER,
        measures="any active credential of a user whose MFA is off",
        applies=lambda users: users["any_active"] & ~users["mfa"],
        unknown=_NO_MFA,
        action="Register an MFA device, or replace the user by a role",
        controls=("AWS Security Hub IAM.19 (PCI DSS 4.0.1)", "PCI DSS 4.0.1 8.4.2"),
        peers="AWS Security Hub IAM.19 and the AWS Config rule iam-user-mfa-enabled fail every user "
        "without a device, even one with nothing active; here such a user is silent.",
        remedy=(
            "Register an MFA device for a person; replace a program's user by a role",
            "aws iam list-mfa-devices {option}  # must list a device",
        ),
    ),
    Rule(
        id="setup-access-key",
        title="Access key of a console user never used",
        severity=Severity.LOW,
        subject=Subject.CREDENTIAL,
        measures="an active access key that was never used, of a user with a console password",
        applies=is_unneeded_setup_key,
        note=how_key_was_made,
        unknown="the report does not say whether the key was ever used, or whether the user has a "
        "console password",
        action="Deactivate the access key unless the user asked for it",
        controls=_cis("1.21", "1.11", "1.10", "2.10", ""),
        peers="The benchmark's title speaks of keys made at the initial setup, its audit of keys that "
        "were never used. The rule follows the audit, as Prowler's "
        "iam_user_no_setup_initial_access_key does: a key that was used once passes, even one that "
        "was made with the user.",
        remedy=(
            KEY_OF_USER + "  # find the key by its CreateDate",
            "Ask the user whether it is needed; deactivate it if not, make a new one if it is",
        ),
    ),
    Rule(
        id="two-active-access-keys",
        title="Two active access keys",
        severity=Severity.LOW,
        subject=Subject.USER,
        measures="both access keys of a user active",
        applies=lambda users: users["access_key_1"] & users["access_key_2"],
        unknown=_NO_ENABLED,
        action="Finish the rotation: deactivate one of the two access keys",
        controls=_cis("", "1.13", "1.12", "2.12", ""),
        remedy=(
            KEY_OF_USER + "  # two keys are Active",
            "Move everything to the newer key, set the older one Inactive, later delete it",
        ),
    ),
    Rule(
        id="password-and-access-key",
        title="Console password and access key on one user",
        severity=Severity.LOW,
        subject=Subject.USER,
        measures="an enabled password and an active access key on one user",
        applies=lambda users: users["password"] & has_key(users),
        unknown=_NO_ENABLED,
        action="Give people and programs a user (better: a role) each",
        controls=(),
        remedy=(
            "Decide whether the user is a person or a program",
            "Take the password from a program, the access keys from a person",
        ),
    ),
    Rule(
        id="root-access-key",
        title="Root has an active access key",
        severity=Severity.CRITICAL,
        subject=Subject.ROOT,
        measures="an active access key of the root account",
        applies=has_key,
        unknown=_NO_ENABLED,
        action="Delete the root access keys",
        controls=(
            *_cis("1.12", "1.4", "1.3", "2.3", "2.4"),
            "AWS Security Hub IAM.4 (FSBP 1.0.0)",
        ),
        remedy=(
            "Give the programs that use the key a role, then sign in as root",
            "Delete the root access keys under Security credentials",
        ),
    ),
    Rule(
        id="root-without-mfa",
        title="Root without MFA",
        severity=Severity.CRITICAL,
        subject=Subject.ROOT,
        measures="a password or an active access key of the root account while its MFA is off",
        applies=lambda users: ~users["mfa"] & (users["password"] | has_key(users)),
        unknown=_NO_MFA,
        action="Register an MFA device for root",
        controls=(
            *_cis("1.13", "1.5", "1.4", "2.4", "2.5"),
            "AWS Security Hub IAM.9 (CIS AWS 3.0.0)",
            "PCI DSS 4.0.1 8.4.2",
        ),
        peers="CIS AWS 5.0.0 and later pass where root has no password, which this rule does too unless "
        "root has an active key; the older ones, AWS Security Hub IAM.9 and Prowler's "
        "iam_root_mfa_enabled look at the device alone. In AWS GovCloud (US) root cannot sign in to "
        "the console, so that only a key counts.",
        remedy=(
            "Sign in as root and register an MFA device, better a hardware key",
            "aws iam get-account-summary --query SummaryMap.AccountMFAEnabled  # must answer 1",
        ),
    ),
    Rule(
        id="root-recently-used",
        title="Root used recently",
        severity=Severity.MEDIUM,
        subject=Subject.ROOT,
        measures="days since the latest of root's three dates of use",
        operator="<=",
        parameter=ROOT_USED_WITHIN,
        applies=lambda users: users["latest_use"].notna(),
        measure=LATEST_USE,
        doubtful=take("is_use_doubtful"),
        unknown="a date of root's last use cannot be read, or is later than the as-of",
        action="Find out who used root and why; use roles instead",
        controls=_cis("1.1", "1.7", "1.6", "2.6", "2.7"),
        peers="Prowler (iam_avoid_root_usage, versions 3 to 5) fires up to one day after the last use "
        "and takes the password's date wherever it has one, so that a later use of a root key is "
        "missed. The benchmarks name no number of days.",
        remedy=(
            "Find root's events of those days in CloudTrail (userIdentity.type Root)",
            "Give what was done a role; keep root for what only root can do",
        ),
    ),
    Rule(
        id="active-signing-certificate",
        title="Active signing certificate",
        severity=Severity.MEDIUM,
        subject=Subject.CREDENTIAL,
        measures="an active X.509 signing certificate, whose use AWS does not record",
        applies=lambda credentials: credentials["status"].eq(Status.NOT_TRACKED),
        judged=Kind.CERTIFICATE,
        action="Deactivate the signing certificate, later delete it",
        controls=(),
        remedy=(
            "aws iam list-signing-certificates {option}",
            "aws iam update-signing-certificate {option} --certificate-id=ID_FROM_STEP_1 "
            "--status=Inactive",
        ),
    ),
    Rule(
        id="inactive-user",
        title="User with nothing but unused credentials",
        severity=Severity.MEDIUM,
        subject=Subject.USER,
        measures="days since the effective last use of every active credential of a user",
        operator=">=",
        parameter=UNUSED_AFTER,
        measure=UNUSED,
        applies=take("all_unused"),
        unknown="an active credential could not be judged",
        action="Switch off every credential of the user, later delete the user",
        controls=("NIST SP 800-53 r5 AC-2(3)",),
        remedy=(
            "Switch off the user's password and access keys (format sh scripts it)",
            "aws iam delete-user {option}  # later, when nothing misses it",
        ),
        is_scripted=True,
    ),
    Rule(
        id="user-without-credentials",
        title="User without any active credential",
        severity=Severity.INFO,
        subject=Subject.USER,
        measures="no active password, access key or signing certificate on a user",
        applies=lambda users: ~users["any_active"],
        unknown=_NO_ENABLED,
        action="Delete the user if nobody needs it",
        controls=("NIST SP 800-53 r5 AC-2",),
        remedy=(
            "aws iam get-user {option}  # SSH keys and service credentials are not in the report",
            "aws iam delete-user {option}  # after its groups and policies are detached",
        ),
    ),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _CATALOGUE}
PARAMETERS: dict[str, Parameter] = {
    rule.parameter.name: rule.parameter for rule in _CATALOGUE if rule.parameter
}

# The two that say "unused" as the verdict does; the others say something else about a credential.
UNUSED_RULES = ("unused-password", "unused-access-key")
