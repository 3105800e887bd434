"""The data sheets: which table each one holds, in which columns, and what it says when it is empty."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from credreport.decisions.decision import FILLED_IN, RESULTS, Review
from credreport.evidence.evidence import NOTHING, Column, Mark, Sheet, is_too_long
from credreport.rules.rule import Severity
from credreport.schema import ACCOUNT_NAMES, SLOT_WORDS, Change, Outcome, Status
from credreport.verdicts.tally import shown_account

# The columns that come first on every sheet, in this order, and stay in view.
_ID = Column("Finding ID", "finding_id", width=14.5)
_ACCOUNT = Column("Account", "account_id", width=12)
# Where rows have several lines anyway, the name is below the account.
_ACCOUNT_IN_LINES = Column("Account", "account", width=12, widest=24, has_lines=True)
_USER = Column("User", "user", width=13, widest=28)
_CREDENTIAL = Column("Credential", "credential_words", width=11, widest=20)
_NAME = Column("Account name", "account_name", width=13, widest=28)
_OWNER = Column("Owner", "account_owner", width=13, widest=28, is_printed=False)
_SEVERITY = Column("Severity", "severity", width=9)
_RULE = Column("Rule", "rule", width=12, widest=28)
_WHAT = (_ID, _ACCOUNT, _USER, _CREDENTIAL, _SEVERITY, _RULE)
_WHOSE = (
    _ACCOUNT,
    Column("Name", "name", width=22, widest=40),
    Column("Owner", "owner", width=22, widest=40),
)
_SOURCE = (
    Column("Source file", "source_file", width=24, widest=70, is_printed=False),
    Column("Source line", "source_line", "number", 9, is_printed=False),
)
_ARN = Column("ARN", "arn", width=40, widest=90, is_printed=False)
_FINDINGS = (
    _ID,
    _ACCOUNT_IN_LINES,
    Column("User", "user", width=12, widest=28),
    _CREDENTIAL,
    _SEVERITY,
    Column("Rule", "rule", width=10.5, widest=28),
    Column("Days", "days", "number", 7),
    Column("Limit", "limit", width=6),
    Column("Since (UTC)", "since", "date", 16.5),
    Column("State", "state_words", width=7, widest=18),
    Column("Disposition", "disposition", width=11.5, is_for_auditor=True),
    Column("Decided by", "decided_by", width=8.5, is_for_auditor=True),
    Column("Decision date", "decision_date", "day", width=10.5, is_for_auditor=True),
    Column("Ticket and notes", "notes", width=10, is_for_auditor=True, has_lines=True),
    Column("Recommended action", "action", width=17.5, widest=90, is_printed=False),
    Column("Basis", "basis", width=26, is_printed=False),
    *_SOURCE,
)
_DECISIONS = (
    _ID,
    _ACCOUNT,
    Column("User", "user", width=12, widest=28),
    _CREDENTIAL,
    Column("Rule", "rule", width=11, widest=28),
    Column("State now", "state_words", width=8, widest=18),
    Column("Disposition", "disposition", width=11.5),
    Column("Decided by", "decided_by", width=8.5, widest=24),
    Column("Decision date", "decision_date", "day", 10.5),
    Column("Ticket and notes", "notes", width=12, widest=24, has_lines=True),
    Column("Check against the report", "check", width=24, widest=60),
)
_SAMPLE = (
    Column("No.", "number", "number", 5),
    _ACCOUNT,
    _USER,
    _CREDENTIAL,
    Column("Status", "status", width=10, widest=24),
    Column("Days", "age_days", "number", 6),
    Column("Effective last use (UTC)", "effective_last_used", "date", 17),
    Column("Basis", "basis", width=14, widest=26),
    Column("Source line", "source_line", "number", 8),
    *(
        Column(
            header,
            source,
            "day" if source == "tested_on" else "text",
            width=12,
            is_for_auditor=True,
            has_lines=source == "remarks",
        )
        for source, header in RESULTS.items()
    ),
    Column("Source file", "source_file", width=24, widest=70, is_printed=False),
    _ARN,
    Column("Ranked text", "ranked_text", width=40, widest=90, is_printed=False),
    Column("SHA-256", "sha256", width=66, is_printed=False),
)
# The columns that the auditor fills in, by sheet: no run reads a verdict from them.
AUDITOR_HEADERS = {
    title: tuple(column.header for column in columns if column.is_for_auditor)
    for title, columns in (("Findings", _FINDINGS), ("Sample", _SAMPLE))
}
# Of a run with --accounts, those that any sheet may have besides.
HEADERS_OF_ACCOUNTS = (_NAME.header, _OWNER.header)
# All sheets that any kind of run writes.
TITLES = (
    "Summary", "Charts", "Findings", "Undetermined", "Users", "Accounts", "Credentials", "Sample", "Remediation",
    "Changes", "Timeline", "Decisions", "Waivers", "Inputs", "Method",
)  # fmt: skip
_UNDETERMINED = (
    _ACCOUNT,
    _USER,
    _CREDENTIAL,
    Column("Reason", "reason", width=30, widest=52),
    Column("Cells as reported", "cells", width=30, widest=52),
    Column("Source file", "source_file", width=18, widest=46),
    Column("Source line", "source_line", "number", 8),
)
_USERS = (
    _ACCOUNT,
    _USER,
    Column("Active credentials", "active_credentials", "number", 12),
    Column("Unused credentials", "unused_credentials", "number", 12),
    Column("Most recent use (UTC)", "most_recent_use", "date", 17),
    Column("Days since", "days_since", "number", 8),
    Column("MFA", "mfa_active", width=6),
    Column("Console password", "console_password", width=10),
    Column("Conclusion", "conclusion", width=24, widest=52),
    Column("Created (UTC)", "created_at", "date", 19, is_printed=False),
    *_SOURCE,
    _ARN,
)
_CREDENTIALS = (
    _ACCOUNT,
    _USER,
    _CREDENTIAL,
    Column("Status", "status", width=13),
    Column("Days", "age_days", "number", 6),
    Column("Effective last use (UTC)", "effective_last_used", "date", 17),
    Column("Basis", "basis", width=26),
    Column("Finding ID", "finding_id", width=15),
    Column("Reason", "reason", width=20, widest=52),
    Column("Set or rotated (UTC)", "set_at", "date", 17),
    Column("Last used (UTC)", "last_used", "date", 19, is_printed=False),
    Column("Last used as reported", "last_used_raw", width=26, is_printed=False),
    Column("Last service", "service", width=13, is_printed=False),
    Column("Last region", "region", width=13, is_printed=False),
    Column("Age band", "band", width=10, is_printed=False),
    Column("MFA", "mfa_active", width=8, is_printed=False),
    *_SOURCE,
    _ARN,
)
_ACCOUNTS = (
    *_WHOSE,
    Column("Report", "report", width=17),
    Column("Users", "users", "number", 9),
    *(Column(f"{each.value.capitalize()}, open", each.value, "number", 9) for each in Severity),
    Column("Unused", "unused", "number", 9),
    Column("Undetermined", "undetermined", "number", 14),
)
_ACCOUNTS_COMPARED = (
    *_WHOSE,
    Column("Reports", "coverage", width=22, widest=40),
    Column("Before", "before", "number", 9),
    Column("Closed", "closed", "number", 9),
    Column("Not closed", "not_closed", "number", 9),
    Column("New", "new", "number", 9),
    Column("Open now", "open", "number", 9),
    Column("Undetermined", "undetermined", "number", 14),
)
# Commands, which can only be pasted, are not printed; the path in the console is.
_REMEDIATION = (
    _ID,
    _ACCOUNT,
    _USER,
    Column("Credential", "credential", width=11, widest=20),
    Column("Console path", "by_hand", width=48, widest=120),
    Column("Check first", "check", width=44, widest=200, is_printed=False),
    Column("Step 1", "step_1", width=40, widest=170, is_printed=False),
    Column("Step 2", "step_2", width=28, widest=140, is_printed=False),
)
_WAIVERS = (
    Column("Waiver", "waiver", width=12, widest=28),
    _ACCOUNT,
    Column("User", "user", width=12, widest=28),
    Column("Credential", "credential", width=11, widest=20),
    _RULE,
    Column("State", "state", width=8),
    Column("Reason", "reason", width=18, widest=36),
    Column("Approved by", "approved_by", width=10, widest=24),
    Column("Approved on", "approved_on", width=11),
    Column("Expires", "expires", width=11),
    Column("Ticket", "ticket", width=10, widest=20),
    Column("Compensating control", "compensating_control", width=13.5, widest=26),
    Column("Covers", "covers", "number", 7.5),
    Column("Findings covered", "findings", width=15),
    Column("Open, has expired", "expired_findings", width=19, is_printed=False),
    Column("Open, not yet in force", "early_findings", width=19, is_printed=False),
)
_CHANGES = (
    *_WHAT,
    Column("State", "state_words", width=9, widest=18),
    Column("Change", "change_words", width=12, widest=18),
    Column("Evidence", "evidence", width=24, widest=60),
    Column("Days since use, before", "before_age_days", "number", 7),
    Column("Days since use, after", "after_age_days", "number", 7),
    Column("Status before", "before_status", width=14, is_printed=False),
    Column("Status after", "after_status", width=14, is_printed=False),
    Column("Last used before (UTC)", "before_last_used", "date", 19, is_printed=False),
    Column("Last used after (UTC)", "after_last_used", "date", 19, is_printed=False),
    Column("Line before", "line_before", "number", 9, is_printed=False),
    Column("Line after", "line_after", "number", 9, is_printed=False),
)
_TIMELINE = (
    *_WHAT,
    Column("State", "state_words", width=10, widest=20),
    Column("First seen (UTC)", "first_seen", "date", 17),
    Column("Closed on (UTC)", "closed_on", "date", 17),
    Column("How", "how_words", width=11, widest=14),
    Column("Days open", "days_open", "number", 7),
    Column("Times it came back", "came_back", "number", 8),
    Column("Last seen (UTC)", "last_seen", "date", 19, is_printed=False),
)
# The headers of each table, of which a sheet has all or some: any others were added by hand.
KNOWN_HEADERS = {
    title: frozenset(column.header for column in columns)
    for title, columns in (
        ("Findings", _FINDINGS),
        ("Undetermined", _UNDETERMINED),
        ("Users", _USERS),
        ("Accounts", (*_ACCOUNTS, *_ACCOUNTS_COMPARED)),
        ("Credentials", _CREDENTIALS),
        ("Sample", _SAMPLE),
        ("Remediation", _REMEDIATION),
        ("Changes", _CHANGES),
        ("Timeline", _TIMELINE),
        ("Decisions", _DECISIONS),
    )
}
# Of a longer population, only the rows that need a decision are printed.
_PRINTED_WHOLE = 500
# What the conclusion about a user says where something could not be judged.
_UNDECIDED = ("undetermined", "could not be judged")
# What needs a decision comes first; what is not there at all comes last.
_STATUS_ORDER = {
    status: place
    for place, status in enumerate(
        (
            Status.UNUSED,
            Status.UNDETERMINED,
            Status.CURRENT,
            Status.NOT_TRACKED,
            Status.INACTIVE,
            Status.EXCLUDED,
            Status.ABSENT,
        )
    )
}


def credential_words(credentials: pd.Series) -> pd.Series:
    """Return `access key 1` for `access_key_1`, and so on."""
    return credentials.map(SLOT_WORDS).fillna(credentials).astype("str")


def findings_sheet(findings: pd.DataFrame, words: str, review: Review | None = None) -> Sheet:
    """Return the sheet Findings; `words` say that there are none.

    The cells for the auditor contain what was decided before.
    """
    waiver = findings["waiver"]
    state = findings["state"].where(waiver.eq(""), findings["state"] + " " + waiver)
    carried = pd.DataFrame(columns=[*FILLED_IN]) if review is None else review.carried
    decided = carried.reindex(findings["finding_id"]).fillna("").astype("str")
    table = findings.assign(
        state_words=state, **{name: decided[name].to_numpy() for name in FILLED_IN}
    ).astype(dict.fromkeys(FILLED_IN, "str"))
    name = table["account_name"]
    account = table["account_id"].map(shown_account) + ("\n" + name).where(name.ne(""), "")
    return _sheet("Findings", table.assign(account=account.astype("str")), _FINDINGS, words)


def decisions_sheet(decisions: pd.DataFrame) -> Sheet:
    """Return the sheet Decisions: what was decided, and what the report says about it now."""
    table = decisions.assign(state_words=decisions["state"].str.replace("_", " "))
    return _sheet("Decisions", table, _DECISIONS, "No decisions, and no open findings")


def undetermined_sheet(undetermined: pd.DataFrame) -> Sheet:
    """Return the sheet Undetermined."""
    return _sheet("Undetermined", undetermined, _UNDETERMINED, "Everything was judged")


def users_sheet(users: pd.DataFrame, count: int, stem: str) -> Sheet:
    """Return the sheet Users, those with unused credentials first; too many rows go to a CSV."""
    is_settled = users["unused_credentials"].eq(0)
    is_undecided = users["conclusion"].str.contains("|".join(_UNDECIDED))
    order = is_settled.astype("int64") + (is_settled & ~is_undecided)
    sheet = _population_sheet("Users", _sorted(users, order), _USERS, count, stem)
    settled = int(order.eq(2).sum())
    return replace(
        sheet,
        marks=(
            Mark("unused_credentials", "{cell}>0"),
            *(
                Mark("conclusion", f'COUNTIF({{cell}},"*{words}*")>0', is_undecided=True)
                for words in _UNDECIDED
            ),
        ),
        not_printed=settled if len(users) > _PRINTED_WHOLE else 0,
        not_printed_words=f"{settled:,} users with nothing unused or undetermined",
    )


def credentials_sheet(credentials: pd.DataFrame, count: int, stem: str) -> Sheet:
    """Return the sheet Credentials, the unused first; too many rows go to a CSV."""
    status = credentials["status"]
    table = _sorted(credentials, status.map(_STATUS_ORDER))
    sheet = _population_sheet("Credentials", table, _CREDENTIALS, count, stem)
    left_out = status.eq(Status.ABSENT)
    words = "rows of status absent (no such credential)"
    if int((~left_out).sum()) > _PRINTED_WHOLE:
        left_out = ~status.isin([Status.UNUSED, Status.UNDETERMINED])
        words = "rows neither unused nor undetermined"
    return replace(
        sheet,
        marks=(
            Mark("status", f'{{cell}}="{Status.UNUSED}"'),
            Mark("status", f'{{cell}}="{Status.UNDETERMINED}"', is_undecided=True),
        ),
        not_printed=int(left_out.sum()),
        not_printed_words=f"{int(left_out.sum()):,} {words}",
    )


def _sorted(table: pd.DataFrame, order: pd.Series) -> pd.DataFrame:
    """Sort the table by the order given; rows of equal rank keep their order."""
    return table.loc[order.sort_values(kind="stable").index]


def _population_sheet(
    title: str, table: pd.DataFrame, columns: tuple[Column, ...], count: int, stem: str
) -> Sheet:
    """Return a sheet of the population; one of too many rows only says which CSV has them."""
    name = title.lower()
    if is_too_long(count):
        words = f"{count:,} rows are too many for a sheet: see {stem}-{name}.csv"
        return _sheet(title, table.iloc[:0], columns, words, in_full=name)
    return _sheet(title, table, columns, f"No {name}")


def sample_sheet(sample: pd.DataFrame) -> Sheet:
    """Return the sheet Sample, with empty cells for the results of the tests."""
    table = sample.assign(**dict.fromkeys(RESULTS, "")).astype(dict.fromkeys(RESULTS, "str"))
    return _sheet("Sample", table, _SAMPLE, "The population has no rows to draw from")


def accounts_sheet(accounts: pd.DataFrame) -> Sheet:
    """Return the sheet Accounts: those of the user's list and those of the reports."""
    columns = _ACCOUNTS_COMPARED if "coverage" in accounts else _ACCOUNTS
    return _sheet("Accounts", accounts, columns, "No accounts")


def remediation_sheet(remediation: pd.DataFrame) -> Sheet:
    """Return the sheet Remediation."""
    console = remediation["console"]
    table = remediation.assign(by_hand=console.mask(console.eq(""), remediation["step_1"]))
    words = "No findings, so nothing to remedy"
    return _sheet("Remediation", table, _REMEDIATION, words, is_name_on_paper=False)


def waivers_sheet(waivers: pd.DataFrame, *, is_compared: bool = False) -> Sheet:
    """Return the sheet Waivers; for several dates, it is about the last one, and says so."""
    columns = tuple(
        replace(column, header=f"{column.header}, last date")
        if is_compared and column.source in ("state", "covers")
        else column
        for column in _WAIVERS
    )
    return Sheet("Waivers", waivers, columns, "No waiver of the file is about these accounts")


def changes_sheet(changes: pd.DataFrame, stem: str) -> Sheet:
    """Return the sheet Changes; one too long to read shows only what changed or is open."""
    whole = len(changes)
    if is_too_long(whole):
        still = [Change.STILL_CURRENT, Change.STILL_INACTIVE, Change.STILL_EXCLUDED]
        changes = changes[~changes["change"].isin(still) | changes["state"].ne("")]
    more = whole - len(changes)
    elsewhere = f"{more:,} more, of what stayed as it was: {stem}-changes.csv" if more else ""
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
    sheet = _sheet("Changes", table, _CHANGES, elsewhere or "No credentials")
    return replace(sheet, in_full="changes" if more else "", elsewhere=elsewhere)


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
    title: str,
    table: pd.DataFrame,
    columns: tuple[Column, ...],
    words: str,
    in_full: str = "",
    *,
    is_name_on_paper: bool = True,
) -> Sheet:
    """Return a sheet, with the names of accounts where there are some; their owners not on paper.

    The name is next to its account, or below it where the column shows both.
    """
    if any(name in table and table[name].ne("").any() for name in ACCOUNT_NAMES):
        printed = sum(column.is_printed for column in columns)
        columns = (*columns[:printed], _OWNER, *columns[printed:])
        if not is_name_on_paper:
            columns = (*columns[:printed], replace(_NAME, is_printed=False), *columns[printed:])
        elif _ACCOUNT in columns:
            place = columns.index(_ACCOUNT) + 1
            columns = (*columns[:place], _NAME, *columns[place:])
    return Sheet(title, _in_words(table), columns, words, in_full)


def _in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as people read it, with `credential_words`."""
    shown = table.assign(account_id=table["account_id"].map(shown_account).astype("str"))
    if "credential" in shown and "credential_words" not in shown:
        shown = shown.assign(credential_words=credential_words(shown["credential"]))
    return shown
