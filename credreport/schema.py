"""The tables between stages: column names, keys and labels. Nothing here computes.

Report      the CSV that AWS writes: one row per user, cells as text
users       one row per user of every report, cells as text, with where the row came from
credentials one row per credential: five per user, typed and judged
findings    one row for each rule that a credential breaks
changes     one row per finding of either of two dates, and per credential that has none: what became of it
timeline    one row per finding of any date: since when, until when
decisions   one row per decision of an earlier workbook, and per open finding without one
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

USER = "user"
ARN = "arn"
CREATED = "user_creation_time"
MFA = "mfa_active"
NEXT_ROTATION = "password_next_rotation"
EXTRA_CREDENTIALS = "additional_credentials_info"
BASE64_HEADER = "dXNlcixhcm4"  # how the base64 of a report begins: `user,arn`

ROOT_USER = "<root_account>"
ARN_PATTERN = r"^arn:[^:]+:iam::([^:]*):"
GOV_ARN = "arn:aws-us-gov:"
ARN_START = re.compile(ARN_PATTERN)
ACCOUNT_ID = re.compile(r"[0-9]{12}")

KNOWN_ABSENCES = ("N/A", "no_information")
NOT_SUPPORTED = "not_supported"


class Kind(StrEnum):
    """What sort of credential."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind
    ACCESS_KEY = "access_key"
    CERTIFICATE = "cert"


class Use(StrEnum):
    """What the report says about use."""

    USED = "used"
    NEVER_USED = "never_used"
    NOT_TRACKED = "not_tracked"


class Status(StrEnum):
    """The one verdict that every credential gets."""

    EXCLUDED = "excluded"
    ABSENT = "absent"
    INACTIVE = "inactive"
    NOT_TRACKED = "not_tracked"
    UNDETERMINED = "undetermined"
    UNUSED = "unused"
    CURRENT = "current"


class SampleOf(StrEnum):
    """What a sample is drawn from."""

    ALL = "all"
    CURRENT = "current"
    UNUSED = "unused"
    USERS = "users"


class SplitBy(StrEnum):
    """What a run is split by: it makes one workbook for each."""

    OWNER = "owner"
    ACCOUNT = "account"


class Change(StrEnum):
    """What became of a credential between two dates."""

    NEWLY_UNUSED = "newly_unused"
    STILL_UNUSED = "still_unused"
    UNUSED_AGAIN = "unused_again"
    USED_AGAIN = "used_again"
    OTHER_LIMIT = "other_limit"
    DEACTIVATED = "deactivated"
    REMOVED = "removed"
    USER_REMOVED = "user_removed"
    REPLACED = "replaced"
    REACTIVATED = "reactivated"
    ADDED = "added"
    STILL_CURRENT = "still_current"
    STILL_INACTIVE = "still_inactive"
    STILL_EXCLUDED = "still_excluded"
    UNDETERMINED = "undetermined"
    STILL_UNDETERMINED = "still_undetermined"
    NOT_COVERED = "not_covered"


# A credential that was switched off or is gone breaks no rule.
SWITCHED_OFF = (Change.DEACTIVATED, Change.REMOVED, Change.USER_REMOVED, Change.REPLACED)


class Outcome(StrEnum):
    """What became of a finding between two dates."""

    CLOSED = "closed"
    STILL_OPEN = "still_open"
    NEW = "new"
    WAIVED = "waived"
    UNDETERMINED = "undetermined"
    NOT_COVERED = "not_covered"


class Meaning(StrEnum):
    """What one cell of a date column says."""

    INSTANT = "instant"
    ABSENCE = "absence"
    BLANK = "blank"
    NOT_SUPPORTED = "not_supported"
    TEXT = "text"
    NO_COLUMN = "no_column"


@dataclass(frozen=True)
class Slot:
    """One credential of a user: its names and its columns in the report, empty if there is none."""

    credential: str
    kind: Kind
    words: str
    enabled: str
    last_used: str
    fallback: str
    service: str = ""
    region: str = ""


def _key(number: int) -> Slot:
    name = f"access_key_{number}"
    return Slot(
        credential=name,
        kind=Kind.ACCESS_KEY,
        words=f"access key {number}",
        enabled=f"{name}_active",
        last_used=f"{name}_last_used_date",
        fallback=f"{name}_last_rotated",
        service=f"{name}_last_used_service",
        region=f"{name}_last_used_region",
    )


def _certificate(number: int) -> Slot:
    name = f"cert_{number}"
    return Slot(
        credential=name,
        kind=Kind.CERTIFICATE,
        words=f"signing certificate {number}",
        enabled=f"{name}_active",
        last_used="",
        fallback=f"{name}_last_rotated",
    )


SLOTS = (
    Slot(
        credential="password",
        kind=Kind.PASSWORD,
        words="password",
        enabled="password_enabled",
        last_used="password_last_used",
        fallback="password_last_changed",
    ),
    _key(1),
    _key(2),
    _certificate(1),
    _certificate(2),
)
JUDGED_SLOTS = tuple(slot for slot in SLOTS if slot.last_used)
JUDGED_KINDS = tuple(dict.fromkeys(slot.kind for slot in JUDGED_SLOTS))
SLOT_OF = {slot.credential: slot for slot in SLOTS}
SLOT_WORDS = {slot.credential: slot.words for slot in SLOTS}
KIND_OF = {slot.credential: slot.kind for slot in SLOTS}
KIND_WORDS = {
    Kind.PASSWORD.value: "Passwords",
    Kind.ACCESS_KEY.value: "Access keys",
    Kind.CERTIFICATE.value: "Signing certificates",
}

# What a finding can be about: one credential, or a user as a whole.
FINDING_KINDS = (*(kind.value for kind in Kind), "user", "root")
FINDING_KIND_WORDS = {**KIND_WORDS, "user": "Users", "root": "Root"}

NEEDED_COLUMNS = (USER, *(slot.enabled for slot in JUDGED_SLOTS))
_SLOT_COLUMNS = tuple(
    column
    for slot in SLOTS
    for column in (slot.enabled, slot.last_used, slot.fallback, slot.service, slot.region)
    if column
)
# The cells of a user as a whole that rules read.
USER_CELLS = (
    MFA,
    *(column for slot in SLOTS for column in (slot.enabled, slot.last_used) if column),
)
KNOWN_COLUMNS = (USER, ARN, CREATED, NEXT_ROTATION, MFA, EXTRA_CREDENTIALS, *_SLOT_COLUMNS)
DATE_COLUMNS = (
    CREATED,
    *(column for slot in SLOTS for column in (slot.last_used, slot.fallback) if column),
)


class ColumnType(StrEnum):
    """How a column is stored, and whether a cell may be missing. Text is never missing but empty."""

    TEXT = "text"
    TEXT_OR_NONE = "text, missing where the report has no such column"
    NUMBER = "whole number"
    NUMBER_OR_NONE = "whole number, or missing"
    INSTANT = "instant in UTC"
    INSTANT_OR_NONE = "instant in UTC, or missing"
    FLAG = "true or false"


ACCOUNT_NAMES = ("account_name", "account_owner")
# The part of an input in a run.
REPORT = "report"
BASELINE = "baseline"
LEFT_OUT = ("role", "what", "source_file", "why")

# Stable names: machines read them in the CSV and JSON evidence.
CREDENTIALS = {
    "account_id": ColumnType.TEXT,
    "user": ColumnType.TEXT,
    "arn": ColumnType.TEXT,
    "credential": ColumnType.TEXT,
    "status": ColumnType.TEXT,
    "use": ColumnType.TEXT,
    "age_days": ColumnType.NUMBER_OR_NONE,
    "effective_last_used": ColumnType.INSTANT_OR_NONE,
    "basis": ColumnType.TEXT,
    "last_used": ColumnType.INSTANT_OR_NONE,
    "last_used_raw": ColumnType.TEXT_OR_NONE,
    "set_at": ColumnType.INSTANT_OR_NONE,
    "service": ColumnType.TEXT,
    "region": ColumnType.TEXT,
    "mfa_active": ColumnType.TEXT,
    "finding_id": ColumnType.TEXT,
    "reason": ColumnType.TEXT,
    "source_file": ColumnType.TEXT,
    "source_line": ColumnType.NUMBER,
}
# Cells as reported in CSV and in the workbook; true, false or null in JSON.
BOOLEANS = ("mfa_active",)
FINDINGS = {
    "finding_id": ColumnType.TEXT,
    "account_id": ColumnType.TEXT,
    **dict.fromkeys(ACCOUNT_NAMES, ColumnType.TEXT),
    "user": ColumnType.TEXT,
    "arn": ColumnType.TEXT,
    "credential": ColumnType.TEXT,
    "rule": ColumnType.TEXT,
    "severity": ColumnType.TEXT,
    "state": ColumnType.TEXT,
    "days": ColumnType.NUMBER_OR_NONE,
    "limit": ColumnType.TEXT,
    "since": ColumnType.INSTANT_OR_NONE,
    "basis": ColumnType.TEXT,
    "waiver": ColumnType.TEXT,
    "action": ColumnType.TEXT,
    "source_file": ColumnType.TEXT,
    "source_line": ColumnType.NUMBER,
}
DECISIONS = {
    "finding_id": ColumnType.TEXT,
    "account_id": ColumnType.TEXT,
    **dict.fromkeys(ACCOUNT_NAMES, ColumnType.TEXT),
    "user": ColumnType.TEXT,
    "credential": ColumnType.TEXT,
    "rule": ColumnType.TEXT,
    "state": ColumnType.TEXT,
    "disposition": ColumnType.TEXT,
    "decided_by": ColumnType.TEXT,
    "decision_date": ColumnType.TEXT,
    "notes": ColumnType.TEXT,
    "is_contradicted": ColumnType.FLAG,
    "check": ColumnType.TEXT,
}
UNDETERMINED = {
    "account_id": ColumnType.TEXT,
    "user": ColumnType.TEXT,
    "credential": ColumnType.TEXT,
    "reason": ColumnType.TEXT,
    "cells": ColumnType.TEXT,
    "source_file": ColumnType.TEXT,
    "source_line": ColumnType.NUMBER_OR_NONE,
}
# Ranked by `sha256`, which is that of `ranked_text`.
SAMPLE = {
    "number": ColumnType.NUMBER,
    "account_id": ColumnType.TEXT,
    "user": ColumnType.TEXT,
    "arn": ColumnType.TEXT,
    "credential": ColumnType.TEXT,
    "status": ColumnType.TEXT,
    "age_days": ColumnType.NUMBER_OR_NONE,
    "effective_last_used": ColumnType.INSTANT_OR_NONE,
    "basis": ColumnType.TEXT,
    "source_file": ColumnType.TEXT,
    "source_line": ColumnType.NUMBER,
    "ranked_text": ColumnType.TEXT,
    "sha256": ColumnType.TEXT,
}
USERS = {
    "account_id": ColumnType.TEXT,
    "user": ColumnType.TEXT,
    "arn": ColumnType.TEXT,
    "created_at": ColumnType.INSTANT_OR_NONE,
    "active_credentials": ColumnType.NUMBER,
    "unused_credentials": ColumnType.NUMBER,
    "most_recent_use": ColumnType.INSTANT_OR_NONE,
    "days_since": ColumnType.NUMBER_OR_NONE,
    "mfa_active": ColumnType.TEXT,
    "console_password": ColumnType.TEXT,
    "conclusion": ColumnType.TEXT,
    "source_file": ColumnType.TEXT,
    "source_line": ColumnType.NUMBER,
}
CHANGES = {
    "finding_id": ColumnType.TEXT,
    "rule": ColumnType.TEXT,
    "severity": ColumnType.TEXT,
    "state": ColumnType.TEXT,
    "waiver": ColumnType.TEXT,
    "change": ColumnType.TEXT,
    "closed": ColumnType.TEXT,
    "account_id": ColumnType.TEXT,
    **dict.fromkeys(ACCOUNT_NAMES, ColumnType.TEXT),
    "user": ColumnType.TEXT,
    "arn": ColumnType.TEXT,
    "credential": ColumnType.TEXT,
    "before_status": ColumnType.TEXT,
    "after_status": ColumnType.TEXT,
    "before_last_used": ColumnType.INSTANT_OR_NONE,
    "after_last_used": ColumnType.INSTANT_OR_NONE,
    "before_age_days": ColumnType.NUMBER_OR_NONE,
    "after_age_days": ColumnType.NUMBER_OR_NONE,
    "before_as_of": ColumnType.INSTANT_OR_NONE,
    "after_as_of": ColumnType.INSTANT_OR_NONE,
    "evidence": ColumnType.TEXT,
    "replaced_by": ColumnType.TEXT,
}
TIMELINE = {
    "finding_id": ColumnType.TEXT,
    "rule": ColumnType.TEXT,
    "severity": ColumnType.TEXT,
    "state": ColumnType.TEXT,
    "waiver": ColumnType.TEXT,
    "account_id": ColumnType.TEXT,
    **dict.fromkeys(ACCOUNT_NAMES, ColumnType.TEXT),
    "user": ColumnType.TEXT,
    "arn": ColumnType.TEXT,
    "credential": ColumnType.TEXT,
    "first_seen": ColumnType.INSTANT,
    "last_seen": ColumnType.INSTANT,
    "closed_on": ColumnType.INSTANT_OR_NONE,
    "how": ColumnType.TEXT,
    "days_open": ColumnType.NUMBER_OR_NONE,
    "came_back": ColumnType.NUMBER,
}

# The columns that identify a row of each table.
KEYS = {
    "credentials": ("source_file", "source_line", "credential"),
    "findings": ("finding_id",),
    "users": ("source_file", "source_line"),
    "timeline": ("finding_id",),
}
TABLES = {
    "credentials": CREDENTIALS,
    "findings": FINDINGS,
    "decisions": DECISIONS,
    "undetermined": UNDETERMINED,
    "users": USERS,
    "sample": SAMPLE,
    "changes": CHANGES,
    "timeline": TIMELINE,
}
