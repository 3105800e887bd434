"""Assessment -> Evidence: the one value that feeds every format, so that no two can disagree."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from credreport import __version__
from credreport.assess import TIED_STATUSES, Assessment
from credreport.bands import to_band, to_bands
from credreport.charts import Captions
from credreport.errors import Notice, Problem, UsageError
from credreport.instants import format_instant
from credreport.method import method_rows
from credreport.oddities import WARNING_TITLES
from credreport.policy import Policy
from credreport.profiles import PROFILES
from credreport.remediation import to_remediation, to_script
from credreport.rules import RULES, UNUSED_AFTER
from credreport.schema import (
    ACCOUNT_ID,
    CREDENTIALS,
    FINDINGS,
    KIND_WORDS,
    SLOT_WORDS,
    SLOTS,
    USERS,
    Kind,
    Status,
)
from credreport.sources import Skipped, read_bounded
from credreport.waivers import WAIVED

SCHEMA_VERSION = 1
_ABOUT_CREDENTIAL = ("kind", "is_root", "set_at")


@dataclass(frozen=True)
class SignOff:
    """What the ticket needs beside the verdict; empty fields are filled in by hand."""

    control: str = ""
    system: str = ""
    prepared_by: str = ""
    ticket: str = ""


@dataclass(frozen=True)
class Account:
    """A name and an owner for an account ID, from the user's own list."""

    account_id: str
    name: str
    owner: str


@dataclass(frozen=True)
class Evidence:
    """Facts and tables, ready for any format. Times in the tables are UTC instants.

    `findings`, `undetermined`, `users`, `credentials`, `remediation`: one row each, as their names
    say. `summary`: counts of status by type. `bands`: the ageing table. `accounts`, `inputs`,
    `tie_out`, `warnings`, `left_out`: where it came from and whether it adds up. `facts` and
    `method`: label and text. `rules`: one row a rule in force, with its findings, where more than
    the default rules are; `waivers`: one row a waiver, None where no file of them was given.
    `changes` since an older date and its `baseline`, the inputs of that date, where one was given.
    """

    stem: str
    title: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    sign_off: SignOff
    parameters: Mapping[str, object]
    unused_after_days: int
    ties_out: bool
    summary: pd.DataFrame
    bands: pd.DataFrame
    accounts: pd.DataFrame
    findings: pd.DataFrame
    undetermined: pd.DataFrame
    users: pd.DataFrame
    credentials: pd.DataFrame
    remediation: pd.DataFrame
    inputs: pd.DataFrame
    tie_out: pd.DataFrame
    warnings: pd.DataFrame
    left_out: pd.DataFrame
    method: pd.DataFrame
    script: str
    captions: Captions
    warning_counts: Mapping[str, int] = field(default_factory=dict)
    rules: pd.DataFrame = field(default_factory=pd.DataFrame)
    waivers: pd.DataFrame | None = None
    changes: pd.DataFrame | None = None
    baseline: pd.DataFrame | None = None


def to_evidence(
    assessment: Assessment,
    sign_off: SignOff | None = None,
    accounts: Sequence[Account] = (),
) -> Evidence:
    """Return everything that the formats write. Pure: the same assessment gives the same evidence."""
    days = assessment.policy.unused_after_days
    verdict = _verdict(assessment)
    codes = Counter(notice.code for notice in assessment.notices)
    title = _title(assessment)
    return Evidence(
        stem=_stem(assessment),
        title=title,
        verdict=verdict,
        facts=tuple(_facts(assessment)),
        sign_off=sign_off or SignOff(),
        parameters=to_parameters(assessment.policy, assessment.waivers_origin),
        unused_after_days=days,
        ties_out=assessment.is_tied_out,
        summary=_summary(assessment),
        bands=to_bands(assessment.credentials, days),
        accounts=_accounts(assessment, accounts),
        findings=assessment.findings[[*FINDINGS, *_ABOUT_CREDENTIAL]],
        undetermined=_undetermined(assessment),
        users=assessment.users[[*USERS]].reset_index(drop=True),
        credentials=assessment.credentials.assign(
            band=to_band(assessment.credentials["age_days"], days)
        )[[*CREDENTIALS, "kind", "set_raw", "band"]],
        remediation=to_remediation(assessment.findings),
        inputs=to_inputs(assessment),
        tie_out=to_tie_out(assessment),
        warnings=to_warnings(assessment.notices),
        left_out=to_left_out(assessment.refused, assessment.superseded, assessment.skipped),
        method=pd.DataFrame(
            method_rows(assessment.policy, RULES), columns=["section", "text"], dtype="str"
        ),
        script=to_script(assessment.findings, assessment.credentials, verdict),
        captions=Captions(title, _caption(assessment), days),
        warning_counts={WARNING_TITLES[code]: count for code, count in codes.items()},
        rules=_rules(assessment) if _tells_rules(assessment) else pd.DataFrame(),
        waivers=assessment.waivers if assessment.waivers_origin else None,
    )


def read_accounts(path: Path) -> tuple[Account, ...]:
    """Read a CSV with the columns id, name and owner. Raises UsageError with the line at fault."""
    try:
        text = read_bounded(path).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except UnicodeDecodeError:
        raise UsageError(f"--accounts {path}: not UTF-8; save it as `CSV UTF-8`") from None
    except OSError as error:
        raise UsageError(f"--accounts {path}: cannot be read ({error.strerror})") from None
    except (ValueError, csv.Error) as error:
        raise UsageError(f"--accounts {path}: cannot be read ({error})") from None
    if not rows or not {"id", "name", "owner"} <= set(rows[0]):
        raise UsageError(f"--accounts {path}, line 1: the columns must be id, name, owner")
    found = []
    for line, cells in enumerate(rows[1:], start=2):
        if not any(cells):
            continue
        row = dict.fromkeys(rows[0], "") | dict(zip(rows[0], cells, strict=False))
        if not ACCOUNT_ID.fullmatch(row["id"].strip()):
            message = (
                f"--accounts {path}, line {line}: {row['id']!r} is not an account ID of 12 digits "
                "(a spreadsheet may have dropped a leading zero)"
            )
            raise UsageError(message)
        found.append(Account(row["id"].strip(), row["name"].strip(), row["owner"].strip()))
    return tuple(found)


def _judged_words(assessment: Assessment) -> tuple[int, int, int]:
    unused = assessment.count(Status.UNUSED)
    current = assessment.count(Status.CURRENT)
    return unused, unused + current, assessment.count(Status.UNDETERMINED)


def _title(assessment: Assessment) -> str:
    unused, judged, undetermined = _judged_words(assessment)
    days = _days_words(assessment.policy)
    words = f"{unused} of {_among(judged, undetermined)} unused for {days}"
    return f"{words}; {undetermined} undetermined" if undetermined else words


def _among(judged: int, undetermined: int) -> str:
    """Return what the unused are counted among; where not all was judged, it says so."""
    return f"{judged}{' judged' * bool(undetermined)} active credentials"


def _days_words(policy: Policy) -> str:
    """Return such as `90 days or more (svc-*: 365)`, with the classes that have a number of their own."""
    name = UNUSED_AFTER.name
    own = [f"{each.match}: {each.numbers[name]}" for each in policy.classes if name in each.numbers]
    words = f"{policy.unused_after_days} days or more"
    return f"{words} ({', '.join(own)})" if own else words


def _tells_rules(assessment: Assessment) -> bool:
    """Whether the evidence has more to say of rules than the default run's two."""
    return not assessment.policy.is_default or bool(assessment.waivers_origin)


def _verdict(assessment: Assessment) -> str:
    unused, judged, undetermined = _judged_words(assessment)
    days = _days_words(assessment.policy)
    is_unused = assessment.credentials["status"].eq(Status.UNUSED)
    kinds = assessment.credentials.loc[is_unused, "kind"]
    parts = [
        plural(int(kinds.eq(Kind.PASSWORD).sum()), "password"),
        plural(int(kinds.eq(Kind.ACCESS_KEY).sum()), "access key"),
    ]
    verb = "has" if unused == 1 else "have"
    sentence = f"{unused} of {_among(judged, undetermined)} {verb} been unused for {days}"
    if unused:
        sentence += f" ({' and '.join(parts)})"
    sentence += f", as of {_as_of_words(assessment)}."
    if undetermined:
        sentence += f" {undetermined} could not be judged: see Undetermined."
    if _tells_rules(assessment):
        sentence += _findings_sentence(assessment)
    if assessment.is_lower_bound:
        sentence += " Every age is a lower bound: the as-of is each file's newest timestamp."
    if assessment.refused:
        files = len({problem.source for problem in assessment.refused})
        sentence += f" {plural(files, 'input')} refused and left out: see Inputs."
    if not assessment.is_tied_out:
        sentence += " THE ROWS DO NOT TIE OUT: do not rely on this."
    return sentence


def _findings_sentence(assessment: Assessment) -> str:
    """Return the number of findings over all rules, what is undecided, and which waivers lapsed."""
    policy = assessment.policy
    number, waived = (
        len(assessment.findings),
        len(assessment.findings) - len(assessment.open_findings),
    )
    sentence = (
        f" {plural(number, 'finding')} over the {plural(len(policy.rules), 'rule')} of profile "
        f"{policy.profile}{', changed by a policy' * bool(policy.origin)}: {number - waived} open, "
        f"{waived} waived."
    )
    if len(assessment.undecided):
        verdicts = plural(len(assessment.undecided), "verdict")
        sentence += f" {verdicts} of rules could not be told: see Undetermined."
    lapsed = assessment.waivers.loc[assessment.waivers["lapsed"].ne(""), "waiver"]
    if len(lapsed):
        sentence += f" Lapsed: waiver {', '.join(lapsed)}."
    return sentence


def _rules(assessment: Assessment) -> pd.DataFrame:
    """Return one row a rule in force: severity, boundary, control, counts of its findings."""
    policy, findings = assessment.policy, assessment.findings
    profile = PROFILES[policy.profile]
    columns = ["rule", "severity", "fires", "control", "findings", "open", "waived", "undecided"]
    rows = []
    for name in policy.rules:
        number = policy.number_of(RULES[name])
        mine = findings[findings["rule"].eq(name)]
        waived = int(mine["state"].eq(WAIVED).sum())
        undecided = int(assessment.undecided["rule"].eq(name).sum())
        controls = "; ".join(profile.controls(RULES[name], number))
        rule = RULES[name]
        rows.append(
            (
                name,
                rule.severity.value,
                rule.boundary(number),
                controls,
                len(mine),
                len(mine) - waived,
                waived,
                undecided,
            )
        )
    return pd.DataFrame(rows, columns=columns)


def plural(number: int, word: str) -> str:
    """Return `1 password`, `2 passwords`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _as_of_words(assessment: Assessment) -> str:
    instants = sorted({report.as_of for report in assessment.reports if report.as_of})
    first, last = format_instant(instants[0]), format_instant(instants[-1])
    return first if first == last else f"{first} to {last}"


def _account_ids(assessment: Assessment) -> list[str]:
    return sorted({report.account_id for report in assessment.reports})


def _stem(assessment: Assessment) -> str:
    accounts = _account_ids(assessment)
    newest = max(report.as_of for report in assessment.reports if report.as_of)
    who = f"{len(accounts)}-accounts"
    if len(accounts) == 1:
        who = accounts[0] if ACCOUNT_ID.fullmatch(accounts[0]) else "unknown-account"
    day = format_instant(newest)[:10]
    return f"credreport-{who}-{day}-{assessment.policy.unused_after_days}d"


def _caption(assessment: Assessment) -> str:
    accounts = _account_ids(assessment)
    _, judged, _ = _judged_words(assessment)
    who = (
        f"account {accounts[0] or 'unknown'}" if len(accounts) == 1 else f"{len(accounts)} accounts"
    )
    return (
        f"{who}  |  as of {_as_of_words(assessment)}  |  n = {judged}  |  "
        f"threshold {assessment.policy.unused_after_days} days  |  credreport {__version__}"
    )


def _facts(assessment: Assessment) -> list[tuple[str, str]]:
    reports = assessment.reports
    accounts = [account or "unknown" for account in _account_ids(assessment)]
    shown = ", ".join(accounts[:5]) + (
        f" and {len(accounts) - 5} more" if len(accounts) > 5 else ""
    )
    origins = ", ".join(sorted({report.as_of_origin for report in reports}))
    policy = assessment.policy
    facts = [
        ("Accounts", f"{len(accounts)}: {shown}"),
        ("Reports", str(len(reports))),
        ("Users", str(len(assessment.users))),
        ("As of (UTC)", _as_of_words(assessment)),
        ("As-of taken from", origins),
        ("Rule", f"unused for {_days_words(policy)} (profile {policy.profile})"),
        ("Root account", "judged too" if policy.include_root else "shown, not judged as unused"),
        ("Tie-out", "PASS" if assessment.is_tied_out else "FAIL"),
        ("Written by", f"credreport {__version__}"),
    ]
    own = [("Policy", policy.origin), ("Waivers", assessment.waivers_origin)]
    return facts + [(label, origin) for label, origin in own if origin]


def to_parameters(policy: Policy, waivers_origin: str = "") -> dict[str, object]:
    """Return what the run was asked; what only a profile, a policy or waivers bring, where they do."""
    brought: dict[str, object] = {
        "numbers": dict(policy.numbers),
        "classes": [{"match": each.match, **each.numbers} for each in policy.classes],
        "policy_file": policy.origin,
        "waivers_file": waivers_origin,
    }
    return {
        "profile": policy.profile,
        "unused_after_days": policy.unused_after_days,
        "include_root": policy.include_root,
        "rules": list(policy.rules),
        **{name: value for name, value in brought.items() if value},
    }


def _summary(assessment: Assessment) -> pd.DataFrame:
    """Return one row a type of credential, one column a status, and the total."""
    counts = pd.crosstab(assessment.credentials["kind"], assessment.credentials["status"])
    counts = counts.reindex(
        index=[kind.value for kind in Kind],
        columns=[status.value for status in Status],
        fill_value=0,
    )
    counts = counts.assign(total=counts.sum(axis=1))
    named = counts.rename(index=KIND_WORDS)
    return pd.concat([named, named.sum().to_frame("Total").T]).rename_axis("type").reset_index()


def _accounts(assessment: Assessment, accounts: Sequence[Account]) -> pd.DataFrame:
    """Return one row an account: its name and owner, users, counts of what matters."""
    named = {account.account_id: account for account in accounts}
    credentials = assessment.credentials.assign(
        account=pd.Series([report.account_id for report in assessment.reports], dtype="str")
        .take(assessment.credentials["report"].to_numpy())
        .to_numpy()
    )
    users = credentials.groupby("account")["user_row"].nunique()
    counts = pd.crosstab(credentials["account"], credentials["status"]).reindex(
        columns=[status.value for status in Status], fill_value=0
    )
    table = counts[["unused", "current", "undetermined"]].assign(users=users)
    table = table.reset_index(names="account_id")
    return table.assign(
        name=[named[key].name if key in named else "" for key in table["account_id"]],
        owner=[named[key].owner if key in named else "" for key in table["account_id"]],
    )[["account_id", "name", "owner", "users", "unused", "current", "undetermined"]]


def _undetermined(assessment: Assessment) -> pd.DataFrame:
    """Return what could not be judged: credentials without a verdict, then rules without one."""
    rows = assessment.credentials[assessment.credentials["status"].eq(Status.UNDETERMINED)]
    undecided = assessment.undecided
    about = assessment.credentials.loc[undecided["row"]].reset_index(drop=True)
    told = about.assign(credential=undecided["credential"], reason=undecided["reason"])
    further = _further_cells(assessment.credentials, about, undecided["credential"])
    told = told.assign(cells=_cells(about, undecided["credential"]) + further)
    table = pd.concat([rows.assign(cells=_cells(rows, rows["credential"])), told])
    return table[
        ["account_id", "user", "credential", "reason", "cells", "source_file", "source_line"]
    ].reset_index(drop=True)


def _cells(rows: pd.DataFrame, credential: pd.Series) -> pd.Series:
    """Return the cells of each row's own slot as reported; nothing for a whole user."""
    cells = pd.Series("", index=rows.index, dtype="str")
    for slot in SLOTS:
        mine = credential.eq(slot.credential)
        parts = [f"{slot.enabled}=" + rows["enabled_raw"].fillna("(no column)")]
        if slot.last_used:
            parts.append(f"{slot.last_used}=" + rows["last_used_raw"].fillna("(no column)"))
        parts.append(f"{slot.fallback}=" + rows["set_raw"].fillna("(no column)"))
        joined = parts[0]
        for part in parts[1:]:
            joined = joined + "; " + part
        cells = cells.mask(mine, joined)
    return cells


def _further_cells(credentials: pd.DataFrame, about: pd.DataFrame, slots: pd.Series) -> pd.Series:
    """Return what rules read beside the slot's own cells: of a whole user, those of every slot."""
    mine = credentials[credentials["user_row"].isin(about["user_row"])]
    joined = _cells(mine, mine["credential"]).groupby(mine["user_row"]).agg("; ".join)
    whole = "mfa_active=" + about["mfa_active"] + "; " + about["user_row"].map(joined)
    beside = "; user_creation_time=" + about["created_raw"]
    is_password = slots.eq("password")
    expiry = "; password_next_rotation=" + about["next_rotation_raw"].fillna("(no column)")
    return beside.mask(is_password, expiry).where(slots.isin(SLOT_WORDS), whole)


def to_inputs(assessment: Assessment) -> pd.DataFrame:
    """Return one row a report: the file, its hash and size, whose it is and from when."""
    columns = [
        "source_file", "sha256", "bytes", "container", "rows", "account_id", "as_of",
        "as_of_origin", "stamp", "era",
    ]  # fmt: skip
    rows = [
        (
            report.source.name,
            report.source.sha256,
            report.source.size,
            report.source.container,
            len(report.rows),
            report.account_id,
            report.as_of,
            report.as_of_origin,
            report.stamp,
            report.era,
        )
        for report in assessment.reports
    ]
    inputs = pd.DataFrame(rows, columns=columns)
    dates = {name: pd.to_datetime(inputs[name], utc=True) for name in ("as_of", "stamp")}
    return inputs.assign(**dates)


def to_tie_out(assessment: Assessment) -> pd.DataFrame:
    """Return one row a report and a total: rows x 3 = the six counts, PASS or FAIL."""
    statuses = [status.value for status in TIED_STATUSES]
    numbers = ["rows", "expected", *statuses, "counted"]
    table = assessment.tie_out[["source_file", "account_id", *numbers]].reset_index(drop=True)
    total = table[numbers].sum().to_frame().T.assign(source_file="Total", account_id="")
    whole = pd.concat([table, total], ignore_index=True)
    return whole.assign(
        result=whole["expected"].eq(whole["counted"]).map({True: "PASS", False: "FAIL"})
    )


def to_warnings(notices: Iterable[Notice]) -> pd.DataFrame:
    """Return one row a warning, with where it was found."""
    rows = [
        (notice.source, notice.line, WARNING_TITLES[notice.code], notice.message)
        for notice in notices
    ]
    return pd.DataFrame(rows, columns=["source_file", "source_line", "warning", "message"])


def to_left_out(
    refused: Iterable[Problem], superseded: Iterable[Skipped], skipped: Iterable[Skipped]
) -> pd.DataFrame:
    """Return what lay among the inputs and was not judged: refused, superseded, not searched."""
    rows = [("refused", problem.source, str(problem)) for problem in refused]
    rows += [("superseded", item.name, item.why) for item in superseded]
    rows += [("not searched", item.name, item.why) for item in skipped]
    return pd.DataFrame(rows, columns=["what", "source_file", "why"], dtype="str")


def credential_words(credentials: pd.Series) -> pd.Series:
    """Return `access key 1` for `access_key_1`, and so on."""
    return credentials.map(SLOT_WORDS).fillna(credentials).astype("str")
