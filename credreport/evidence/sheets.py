"""The data sheets: which table stands where, in which columns, and what is said where it is empty."""

from __future__ import annotations

import pandas as pd

from credreport.decisions.decision import FILLED_IN, Review
from credreport.evidence.evidence import NOTHING, Column, Sheet, is_too_long
from credreport.rules.rule import Severity
from credreport.schema import ACCOUNT_NAMES, SLOT_WORDS, Change, Outcome
from credreport.verdicts.tally import shown_account

_NAMES = (
    Column("Account name", "account_name", width=14, widest=28),
    Column("Owner", "account_owner", width=14, widest=28),
)
_FINDINGS = (
    Column("Finding ID", "finding_id", width=17),
    Column("Account", "account", width=13, widest=24, has_lines=True),
    Column("User", "user", width=14, widest=28),
    Column("Credential", "credential_words", width=12),
    Column("Severity", "severity", width=8),
    Column("Rule", "rule", width=16),
    Column("Days", "days", "number", 7),
    Column("Limit", "limit", width=7),
    Column("Since (UTC)", "since", "date", 19),
    Column("Basis", "basis", width=22),
    Column("State", "state_words", width=8, widest=18),
    Column("Recommended action", "action", width=21),
    Column("Source file", "source_file", width=20),
    Column("Source line", "source_line", "number", 8),
    Column("Disposition", "disposition", width=12, is_for_auditor=True),
    Column("Decided by", "decided_by", width=12, is_for_auditor=True),
    Column("Decision date", "decision_date", "day", width=11, is_for_auditor=True),
    Column("Ticket and notes", "notes", width=19, is_for_auditor=True, has_lines=True),
)
_DECISIONS = (
    Column("Finding ID", "finding_id", width=17),
    Column("Account", "account_id", width=14),
    Column("User", "user", width=14, widest=28),
    Column("Credential", "credential_words", width=13),
    Column("Rule", "rule", width=18),
    Column("State now", "state_words", width=13),
    Column("Disposition", "disposition", width=13),
    Column("Decided by", "decided_by", width=14, widest=24),
    Column("Decision date", "decision_date", "day", 12),
    Column("Ticket and notes", "notes", width=24, has_lines=True),
    Column("Check against the report", "check", width=60),
)
# The columns that the auditor fills in: no run reads a verdict from them.
AUDITOR_HEADERS = tuple(column.header for column in _FINDINGS if column.is_for_auditor)
_UNDETERMINED = (
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=32),
    Column("Credential", "credential_words", width=20),
    Column("Reason", "reason", width=52),
    Column("Cells as reported", "cells", width=52),
    Column("Source file", "source_file", width=24, widest=46),
    Column("Source line", "source_line", "number", 9),
)
_USERS = (
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=32),
    Column("Created (UTC)", "created_at", "date", 19),
    Column("Active credentials", "active_credentials", "number", 12),
    Column("Unused credentials", "unused_credentials", "number", 12),
    Column("Most recent use (UTC)", "most_recent_use", "date", 19),
    Column("Days since", "days_since", "number", 9),
    Column("MFA", "mfa_active", width=8),
    Column("Console password", "console_password", width=14),
    Column("Conclusion", "conclusion", width=30, widest=52),
    Column("Source file", "source_file", width=24, widest=46),
    Column("Source line", "source_line", "number", 9),
    Column("ARN", "arn", width=40, widest=60),
)
_CREDENTIALS = (
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=32),
    Column("Credential", "credential_words", width=20),
    Column("Status", "status", width=13),
    Column("Days", "age_days", "number", 8),
    Column("Effective last use (UTC)", "effective_last_used", "date", 19),
    Column("Basis", "basis", width=27),
    Column("Last used (UTC)", "last_used", "date", 19),
    Column("Last used as reported", "last_used_raw", width=26),
    Column("Set or rotated (UTC)", "set_at", "date", 19),
    Column("Last service", "service", width=13),
    Column("Last region", "region", width=13),
    Column("Age band", "band", width=10),
    Column("MFA", "mfa_active", width=8),
    Column("Finding ID", "finding_id", width=19),
    Column("Reason", "reason", width=30, widest=52),
    Column("Source file", "source_file", width=24, widest=46),
    Column("Source line", "source_line", "number", 9),
    Column("ARN", "arn", width=40, widest=60),
)
_ACCOUNTS = (
    Column("Account", "account_id", width=14),
    Column("Name", "name", width=22, widest=40),
    Column("Owner", "owner", width=22, widest=40),
    Column("Report", "report", width=17),
    Column("Users", "users", "number", 9),
    *(Column(f"{each.value.capitalize()}, open", each.value, "number", 9) for each in Severity),
    Column("Unused", "unused", "number", 9),
    Column("Undetermined", "undetermined", "number", 14),
)
_ACCOUNTS_COMPARED = (
    Column("Account", "account_id", width=14),
    Column("Name", "name", width=22, widest=40),
    Column("Owner", "owner", width=22, widest=40),
    Column("Reports", "coverage", width=24, widest=40),
    Column("Before", "before", "number", 9),
    Column("Closed", "closed", "number", 9),
    Column("Not closed", "not_closed", "number", 9),
    Column("New", "new", "number", 9),
    Column("Open now", "open", "number", 9),
    Column("Undetermined", "undetermined", "number", 14),
)
_REMEDIATION = (
    Column("Finding ID", "finding_id", width=19),
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=28),
    Column("Credential", "credential", width=14),
    Column("Check first", "check", width=44),
    Column("Step 1", "step_1", width=62),
    Column("Step 2", "step_2", width=50),
    Column("Console path", "console", width=48),
)
_WAIVERS = (
    Column("Waiver", "waiver", width=16, widest=28),
    Column("State", "state", width=11),
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=28),
    Column("Credential", "credential", width=14),
    Column("Rule", "rule", width=22),
    Column("Reason", "reason", width=36),
    Column("Approved by", "approved_by", width=16),
    Column("Approved on", "approved_on", width=12),
    Column("Expires", "expires", width=12),
    Column("Ticket", "ticket", width=12),
    Column("Compensating control", "compensating_control", width=26),
    Column("Covers", "covers", "number", 8),
    Column("Findings covered", "findings", width=19),
    Column("Open, has expired", "expired_findings", width=19),
    Column("Open, not yet in force", "early_findings", width=19),
)
_CHANGES = (
    Column("Finding ID", "finding_id", width=17),
    Column("State", "state_words", width=11, widest=18),
    Column("Severity", "severity", width=8),
    Column("Rule", "rule", width=17),
    Column("Account", "account_id", width=13),
    Column("User", "user", width=14, widest=28),
    Column("Credential", "credential_words", width=14, widest=22),
    Column("Change", "change_words", width=13),
    Column("Status before", "before_status", width=12),
    Column("Status after", "after_status", width=12),
    Column("Last used before (UTC)", "before_last_used", "date", 19),
    Column("Last used after (UTC)", "after_last_used", "date", 19),
    Column("Days before", "before_age_days", "number", 9),
    Column("Days after", "after_age_days", "number", 9),
    Column("Evidence", "evidence", width=46),
    Column("Line before", "line_before", "number", 8),
    Column("Line after", "line_after", "number", 8),
)
_TIMELINE = (
    Column("Finding ID", "finding_id", width=17),
    Column("State", "state_words", width=13, widest=20),
    Column("Severity", "severity", width=8),
    Column("Rule", "rule", width=17),
    Column("Account", "account_id", width=13),
    Column("User", "user", width=16, widest=32),
    Column("Credential", "credential_words", width=14),
    Column("First seen (UTC)", "first_seen", "date", 19),
    Column("Last seen (UTC)", "last_seen", "date", 19),
    Column("Closed on (UTC)", "closed_on", "date", 19),
    Column("How", "how_words", width=14),
    Column("Days open", "days_open", "number", 9),
    Column("Times it came back", "came_back", "number", 10),
)


def credential_words(credentials: pd.Series) -> pd.Series:
    """Return `access key 1` for `access_key_1`, and so on."""
    return credentials.map(SLOT_WORDS).fillna(credentials).astype("str")


def findings_sheet(findings: pd.DataFrame, words: str, review: Review | None = None) -> Sheet:
    """Return the sheet Findings, names and owners below the account; `words` say that there are none.

    The cells for the auditor have what was decided before.
    """
    waiver = findings["waiver"]
    state = findings["state"].where(waiver.eq(""), findings["state"] + " " + waiver)
    account = findings["account_id"].map(shown_account).astype("str")
    for name in ACCOUNT_NAMES:
        account += ("\n" + findings[name]).where(findings[name].ne(""), "")
    table = _in_words(findings).assign(state_words=state, account=account)
    carried = pd.DataFrame(columns=[*FILLED_IN]) if review is None else review.carried
    decided = carried.reindex(findings["finding_id"]).fillna("").astype("str")
    table = table.assign(**{name: decided[name].to_numpy() for name in FILLED_IN})
    table = table.astype(dict.fromkeys(FILLED_IN, "str"))
    return Sheet("Findings", table, _FINDINGS, words)


def decisions_sheet(decisions: pd.DataFrame) -> Sheet:
    """Return the sheet Decisions: what was decided, and what the report says of it now."""
    table = decisions.assign(state_words=decisions["state"].str.replace("_", " "))
    return _sheet("Decisions", table, _DECISIONS, "No decisions, and no open findings")


def undetermined_sheet(undetermined: pd.DataFrame) -> Sheet:
    """Return the sheet Undetermined."""
    return _sheet("Undetermined", undetermined, _UNDETERMINED, "Everything was judged")


def users_sheet(users: pd.DataFrame, count: int, stem: str) -> Sheet:
    """Return the sheet Users; too many rows are left to a CSV."""
    return _population_sheet("Users", users, _USERS, count, stem)


def credentials_sheet(credentials: pd.DataFrame, count: int, stem: str) -> Sheet:
    """Return the sheet Credentials; too many rows are left to a CSV."""
    return _population_sheet("Credentials", credentials, _CREDENTIALS, count, stem)


def _population_sheet(
    title: str, table: pd.DataFrame, columns: tuple[Column, ...], count: int, stem: str
) -> Sheet:
    """Return a sheet of the population; one of too many rows only says which CSV has them."""
    name = title.lower()
    if is_too_long(count):
        words = f"{count} rows are too many for a sheet: see {stem}-{name}.csv"
        return _sheet(title, table.iloc[:0], columns, words, in_full=name)
    return _sheet(title, table, columns, f"No {name}")


def accounts_sheet(accounts: pd.DataFrame) -> Sheet:
    """Return the sheet Accounts: those of the user's list and those of the reports."""
    columns = _ACCOUNTS_COMPARED if "coverage" in accounts else _ACCOUNTS
    return _sheet("Accounts", accounts, columns, "No accounts")


def remediation_sheet(remediation: pd.DataFrame) -> Sheet:
    """Return the sheet Remediation."""
    return _sheet("Remediation", remediation, _REMEDIATION, "No findings, so nothing to remedy")


def waivers_sheet(waivers: pd.DataFrame) -> Sheet:
    """Return the sheet Waivers."""
    return Sheet("Waivers", waivers, _WAIVERS, "No waivers in the file")


def changes_sheet(changes: pd.DataFrame) -> Sheet:
    """Return the sheet Changes; one too long for the eye shows only what changed or is open."""
    is_cut = is_too_long(len(changes))
    if is_cut:
        still = [Change.STILL_CURRENT, Change.STILL_INACTIVE, Change.STILL_EXCLUDED]
        changes = changes[~changes["change"].isin(still) | changes["state"].ne("")]
    words = credential_words(changes["credential"])
    slot_before = changes["credential_before"].str.slice(-1)
    has_moved = changes["credential_before"].ne("") & changes["credential_before"].ne(
        changes["credential"]
    )
    shown = ["finding_id", "severity", "rule", "before_status", "after_status"]
    table = changes.assign(
        **{name: changes[name].replace("", NOTHING) for name in shown},
        state_words=_state_words(changes),
        change_words=changes["change"].str.replace("_", " ").replace("", NOTHING),
        credential_words=words.mask(has_moved, words + " (was " + slot_before + ")"),
    )
    return _sheet("Changes", table, _CHANGES, "No credentials", "changes" if is_cut else "")


def _state_words(table: pd.DataFrame) -> pd.Series:
    """Return the state of each finding, and the waiver that covers it."""
    waiver = (" by " + table["waiver"]).where(table["state"].eq(Outcome.WAIVED), "")
    words = table["state"].str.replace("_", " ") + waiver
    return words.replace("", NOTHING)


def timeline_sheet(timeline: pd.DataFrame) -> Sheet:
    """Return the sheet Timeline."""
    table = timeline.assign(
        state_words=_state_words(timeline),
        credential_words=credential_words(timeline["credential"]),
        how_words=timeline["how"].str.replace("_", " ").replace("", NOTHING),
    )
    return _sheet("Timeline", table, _TIMELINE, "No findings on any date")


def _sheet(
    title: str, table: pd.DataFrame, columns: tuple[Column, ...], words: str, in_full: str = ""
) -> Sheet:
    """Return a sheet, with the names and owners of accounts beside them where there are some."""
    if any(name in table and table[name].ne("").any() for name in ACCOUNT_NAMES):
        place = [column.source for column in columns].index("account_id") + 1
        columns = (*columns[:place], *_NAMES, *columns[place:])
    return Sheet(title, _in_words(table), columns, words, in_full)


def _in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as people read it, with `credential_words`."""
    shown = table.assign(account_id=table["account_id"].map(shown_account).astype("str"))
    if "credential" in shown and "credential_words" not in shown:
        shown = shown.assign(credential_words=credential_words(shown["credential"]))
    return shown
