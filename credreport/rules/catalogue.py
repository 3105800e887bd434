"""RULES: the catalogue, a value each. A rule looks at its table and at nothing else.

A rule answers true, false or unknown for every row: what the report does not let it tell is listed
as undetermined, never passed. The logic of nullable booleans does that: unknown and false is false,
unknown and true stays unknown.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from credreport.schema import KNOWN_ABSENCES, NOT_SUPPORTED, Kind, Status, Use

if TYPE_CHECKING:
    import pandas as pd

Column = Callable[["pd.DataFrame"], "pd.Series"]
KEY_OF_USER = "aws iam list-access-keys {option}"
_COMPARE: dict[str, Callable[[pd.Series, pd.Series | int], pd.Series]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
}


class Subject(StrEnum):
    """What a finding is about, and so which table the rule looks at."""

    CREDENTIAL = "credential"
    USER = "user"
    ROOT = "root"


class Severity(StrEnum):
    """How bad, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


@dataclass(frozen=True)
class Parameter:
    """A number that policies set, by this name. Rules that share the name share the number."""

    name: str
    default: int
    unit: str = "days"
    least: int = 0
    most: int = 36_500


@dataclass(frozen=True)
class Rule:
    """One check, whole: what it measures, when it fires, what auditors call it, what to do.

    `applies` takes the credentials table (or the table of `to_user_facts`) and returns a nullable
    boolean a row; `measured` the number that `operator` compares with the parameter; `doubtful`
    marks rows where a further cell could not be read, so that silence would prove nothing.
    `told` puts the measured number into words, `unknown` says why a row could not be told.
    `controls` are the numbers auditors quote, each with its benchmark and version: a profile takes
    the rules that have a control of its benchmark. `action` is the recommended action in one line,
    `remedy` its two steps in words and commands (empty: switch the credential off); `is_scripted`
    says that the remediation script may act on it.
    """

    id: str
    title: str
    severity: Severity
    subject: Subject
    measures: str
    applies: Column
    action: str
    controls: tuple[str, ...]
    operator: str = ""
    parameter: Parameter | None = None
    measured: Column | None = None
    doubtful: Column | None = None
    told: str = ""
    unknown: str = ""
    peers: str = ""
    remedy: tuple[str, str] | None = None
    is_scripted: bool = False

    def fires(self, table: pd.DataFrame, numbers: pd.Series | int) -> pd.Series:
        """Return a nullable boolean a row: whether it breaks the rule, NA where that is unknown.

        `numbers` is the parameter of each row, for classes of users may have their own.
        """
        verdict = self.applies(table).astype("boolean")
        if self.measured is not None:
            verdict &= _COMPARE[self.operator](self.measured(table), numbers)
        if self.doubtful is not None:
            verdict = verdict.mask(self.doubtful(table) & ~verdict)
        return verdict

    def boundary(self, number: int | None = None) -> str:
        """Return such as `>= 90 days`, with the default where no number is given; else nothing."""
        if self.parameter is None:
            return ""
        number = self.parameter.default if number is None else number
        return f"{self.operator} {number} {self.parameter.unit}"


def _is_unused(kind: Kind) -> Column:
    """The status says it: `judge` has compared with the same number, credential by credential."""

    def applies(credentials: pd.DataFrame) -> pd.Series:
        return credentials["status"].eq(Status.UNUSED) & credentials["kind"].eq(kind)

    return applies


def _is_never_used(kind: Kind) -> Column:
    """Leave out what is undetermined (told as such) and root's (excluded: meant to lie unused)."""

    def applies(credentials: pd.DataFrame) -> pd.Series:
        judged = credentials["status"].isin([Status.UNUSED, Status.CURRENT])
        never = credentials["use"].eq(Use.NEVER_USED).astype("boolean")
        never = never.mask(credentials["use"].eq(Use.NOT_TRACKED))
        return judged & credentials["kind"].eq(kind) & never

    return applies


def _is_on(kind: Kind) -> Column:
    """Active, unknown where the report says neither true nor false.

    A root password that the report does not support (until mid 2024) has no dates to judge.
    """

    def applies(credentials: pd.DataFrame) -> pd.Series:
        unreported = credentials["is_root"] & credentials["enabled_raw"].eq(NOT_SUPPORTED)
        on = credentials["enabled"].astype("boolean").mask(unreported, other=False)
        return on & credentials["kind"].eq(kind)

    return applies


def _days_since(column: str) -> Column:
    """Whole elapsed days; unknown for a date after the as-of, for one of the two is wrong."""

    def measured(table: pd.DataFrame) -> pd.Series:
        elapsed = table["as_of"] - table[column]
        return _whole_days(elapsed.mask(elapsed < timedelta(0)))

    return measured


def _has_expiry(credentials: pd.DataFrame) -> pd.Series:
    cells = credentials["next_rotation_raw"]
    blank = cells.eq("") & credentials["blank_is_absence"]
    return _is_on(Kind.PASSWORD)(credentials) & ~(
        cells.isin([*KNOWN_ABSENCES, NOT_SUPPORTED]) | blank
    )


def _days_to_expiry(credentials: pd.DataFrame) -> pd.Series:
    from credreport.reports.normalise import to_instant  # noqa: PLC0415 - see _whole_days

    return _whole_days(to_instant(credentials["next_rotation_raw"]) - credentials["as_of"])


def _whole_days(elapsed: pd.Series) -> pd.Series:
    from credreport.reports.normalise import whole_days  # noqa: PLC0415 - pandas, which `inspect` needs not

    return whole_days(elapsed)


def _is_console_users_key(credentials: pd.DataFrame) -> pd.Series:
    passwords = credentials[credentials["kind"].eq(Kind.PASSWORD)].set_index("user_row")
    owned = passwords["enabled"].reindex(credentials["user_row"]).set_axis(credentials.index)
    return _is_on(Kind.ACCESS_KEY)(credentials) & owned & ~credentials["is_root"]


def _seconds_from_creation(credentials: pd.DataFrame) -> pd.Series:
    apart = credentials["set_at"] - credentials["created_at"]
    seconds: pd.Series = apart.dt.total_seconds().abs().astype("Float64")
    return seconds


def _flag(name: str) -> Column:
    return lambda users: users[name]


def _has_key(users: pd.DataFrame) -> pd.Series:
    return users["access_key_1"] | users["access_key_2"]


_BENCHMARKS = ("CIS AWS 1.2.0", "CIS AWS 3.0.0", "CIS AWS 5.0.0", "CIS AWS 6.0.0", "CIS AWS 7.0.0")


def _cis(*numbers: str) -> tuple[str, ...]:
    """Return the controls of the five benchmarks, oldest first; an empty number: not in that one."""
    pairs = zip(_BENCHMARKS, numbers, strict=True)
    return tuple(f"{benchmark} {number}" for benchmark, number in pairs if number)


_UNUSED_CONTROLS = (
    *_cis("1.3", "1.12", "1.11", "2.11", "2.11"),
    "AWS Security Hub IAM.8 (FSBP 1.0.0)",
    "AWS Security Hub IAM.22 (CIS AWS 3.0.0)",
    "PCI DSS 4.0.1 8.2.6",
    "NIST SP 800-53 r5 AC-2(3)",
    "FedRAMP High r5 AC-2(3)",
    "SOC 2 CC6.2",
    "SOC 2 CC6.3",
    "ISO/IEC 27001:2022 A.5.18",
)

UNUSED_AFTER = Parameter("unused_after_days", 90, least=1)
_GRACE = Parameter("grace_days", 7)
_ROTATION = Parameter("rotate_after_days", 90)
_PASSWORD_AGE = Parameter("password_age_days", 90)
_EXPIRY = Parameter("expires_within_days", 7)
_SETUP = Parameter("setup_within_seconds", 60, unit="seconds", most=86_400)
_ROOT_USE = Parameter("root_used_within_days", 7)

_NO_KEY_DATE = "when the key was made is not a readable date before the as-of"
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
        applies=_is_unused(Kind.PASSWORD),
        action="Delete the login profile",
        controls=_UNUSED_CONTROLS,
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
        applies=_is_unused(Kind.ACCESS_KEY),
        action="Deactivate the access key, later delete it",
        controls=_UNUSED_CONTROLS,
        peers="Some tools look at key 2 only where key 1 is active, and so miss a stale key 2; some "
        'take a date that ends in Z for "never"; some skip an account of root and one user.',
        is_scripted=True,
    ),
    Rule(
        id="never-used-password",
        title="Console password never used",
        severity=Severity.MEDIUM,
        subject=Subject.CREDENTIAL,
        measures="days since an enabled password that was never used was set",
        operator=">=",
        parameter=_GRACE,
        applies=_is_never_used(Kind.PASSWORD),
        measured=_flag("age_days"),
        unknown="the report does not say whether it was ever used",
        action="Delete the login profile",
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
        parameter=_GRACE,
        applies=_is_never_used(Kind.ACCESS_KEY),
        measured=_flag("age_days"),
        unknown="the report does not say whether it was ever used",
        action="Deactivate the access key, later delete it",
        controls=("NIST SP 800-53 r5 AC-2(3)",),
        peers="Some tools pass a key that was never used for ever, because it has no date to compare.",
        is_scripted=True,
    ),
    Rule(
        id="unrotated-access-key",
        title="Access key not rotated",
        severity=Severity.MEDIUM,
        subject=Subject.CREDENTIAL,
        measures="days since an active access key was made",
        operator=">",
        parameter=_ROTATION,
        applies=_is_on(Kind.ACCESS_KEY),
        measured=_days_since("set_at"),
        told="made {} days ago",
        unknown=_NO_KEY_DATE,
        action="Make a new access key, move its users, deactivate the old one",
        controls=(
            *_cis("1.4", "1.14", "1.13", "2.13", "2.12"),
            "AWS Security Hub IAM.3 (FSBP 1.0.0)",
            "PCI DSS 4.0.1 8.6.3",
        ),
        peers='"90 days or less" passes: tools that fire at day 90 report a day early; some look at '
        "key 2 only where key 1 is active.",
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
        parameter=_PASSWORD_AGE,
        applies=_is_on(Kind.PASSWORD),
        measured=_days_since("set_at"),
        told="changed {} days ago",
        unknown="when the password was changed is not a readable date before the as-of",
        action="Have the user change the password",
        controls=("PCI DSS 4.0.1 8.3.9",),
        remedy=(
            "Ask the user to change the password",
            "aws iam get-account-password-policy  # MaxPasswordAge would ask for it by itself",
        ),
    ),
    Rule(
        id="expiring-password",
        title="Console password expires soon, or has expired",
        severity=Severity.LOW,
        subject=Subject.CREDENTIAL,
        measures="days until the account's policy asks for a new password",
        operator="<=",
        parameter=_EXPIRY,
        applies=_has_expiry,
        measured=_days_to_expiry,
        told="days left: {}",
        unknown="`password_next_rotation` is not a readable date",
        action="Have the user change the password before it expires",
        controls=("PCI DSS 4.0.1 8.3.9",),
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
        peers="Some tools compare with `false` in small letters, so that FALSE in capitals passes.",
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
        controls=("AWS Security Hub IAM.19 (PCI DSS 4.0.1)",),
        remedy=(
            "Register an MFA device for a person; replace a program's user by a role",
            "aws iam list-mfa-devices {option}  # must list a device",
        ),
    ),
    Rule(
        id="setup-access-key",
        title="Access key made together with the user",
        severity=Severity.LOW,
        subject=Subject.CREDENTIAL,
        measures="seconds between the making of a console user and of an active access key",
        operator="<=",
        parameter=_SETUP,
        applies=_is_console_users_key,
        measured=_seconds_from_creation,
        told="made {} seconds from the user",
        unknown="when the key or the user was made is not a readable date",
        action="Deactivate the access key unless the user asked for it",
        controls=_cis("1.21", "1.11", "1.10", "2.10", ""),
        peers="Some tools pass such a key as soon as it was used once, a key of three years in daily "
        "use included: that it was used does not undo how it came to be.",
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
        applies=lambda users: users["password"] & _has_key(users),
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
        applies=_has_key,
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
        applies=lambda users: ~users["mfa"] & (users["password"] | _has_key(users)),
        unknown=_NO_MFA,
        action="Register an MFA device for root",
        controls=(
            *_cis("1.13", "1.5", "1.4", "2.4", "2.5"),
            "AWS Security Hub IAM.9 (CIS AWS 3.0.0)",
            "PCI DSS 4.0.1 8.4.2",
        ),
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
        parameter=_ROOT_USE,
        applies=lambda users: users["latest_use"].notna(),
        measured=_days_since("latest_use"),
        doubtful=_flag("is_use_doubtful"),
        told="used {} days ago",
        unknown="a date of root's last use cannot be read, or lies after the as-of",
        action="Find out who used root and why; use roles instead",
        controls=_cis("1.1", "1.7", "1.6", "2.6", "2.7"),
        peers="Some tools take root's newest use from the first filled column instead of the latest.",
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
        applies=_flag("all_unused"),
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

# The two that say "unused" as the verdict does; the others say something else of a credential.
UNUSED_RULES = ("unused-password", "unused-access-key")
