"""Assessment -> Evidence: the one value that feeds every format, so that no two can disagree."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from credreport import __version__
from credreport.verdicts.assessment import Assessment
from credreport.evidence.bands import to_band, to_bands
from credreport.output.charts import Captions
from credreport.errors import Notice, Problem, UsageError
from credreport.evidence.method import method_rows
from credreport.verdicts.warnings import WARNING_TITLES
from credreport.rules.profiles import PROFILES
from credreport.evidence.remediation import to_remediation, to_script
from credreport.rules.catalogue import RULES
from credreport.schema import (
    ACCOUNT_ID,
    CREDENTIALS,
    FINDINGS,
    SLOT_WORDS,
    UNDETERMINED,
    USERS,
)
from credreport.reports.inputs import Skipped, read_bounded
from credreport.files import Spool
from credreport.verdicts.tally import (
    Totals,
    account_ids,
    account_rows,
    as_of_words,
    input_rows,
    judged_count,
    left_out_rows,
    plural,
    summary_rows,
    to_facts,
    to_parameters,
    to_stem,
    to_title,
    to_verdict,
    warning_rows,
)
from credreport.rules.waivers import WAIVED

MAX_POPULATION_ROWS = 100_000
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
class Aside:
    """Tables too long for memory, as text: their rows in CSV and in JSON, and how many there are."""

    counts: Mapping[str, int]
    csv: Mapping[str, Spool]
    json: Mapping[str, Spool]


@dataclass(frozen=True)
class Evidence:
    """Facts and tables, ready for any format. Times in the tables are UTC instants.

    `findings`, `undetermined`, `users`, `credentials`, `remediation`: one row each, as their names
    say. `summary`: counts of status by type. `bands`: the ageing table. `accounts`, `inputs`,
    `tie_out`, `warnings`, `left_out`: where it came from and whether it adds up. `facts` and
    `method`: label and text. `rules`: one row a rule in force, with its findings, where more than
    the default rules are; `waivers`: one row a waiver, None where no file of them was given.
    `changes` since an older date and its `baseline`, the inputs of that date, where one was given.
    `aside` has what is missing in `users` and `credentials` where those are too long for memory.
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
    ages: pd.DataFrame
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
    aside: Aside | None = None

    @property
    def user_count(self) -> int:
        """The number of users, wherever their table is."""
        return self._count("users", self.users)

    @property
    def credential_count(self) -> int:
        """The number of credentials, wherever their table is."""
        return self._count("credentials", self.credentials)

    def _count(self, name: str, table: pd.DataFrame) -> int:
        return self.aside.counts[name] if self.aside and name in self.aside.counts else len(table)


def to_evidence(
    assessment: Assessment,
    sign_off: SignOff | None = None,
    accounts: Sequence[Account] = (),
    aside: Aside | None = None,
) -> Evidence:
    """Return everything that the formats write. Pure: the same assessment gives the same evidence."""
    days = assessment.policy.unused_after_days
    verdict = _verdict(assessment)
    codes = Counter(notice.code for notice in assessment.notices)
    totals = assessment.totals
    title = to_title(totals)
    return Evidence(
        stem=to_stem(totals),
        title=title,
        verdict=verdict,
        facts=tuple(_facts(assessment)),
        sign_off=sign_off or SignOff(),
        parameters=to_parameters(assessment.policy, assessment.waivers_origin),
        unused_after_days=days,
        ties_out=assessment.is_tied_out,
        summary=pd.DataFrame(summary_rows(totals)),
        bands=to_bands(totals),
        accounts=_accounts(totals, accounts),
        findings=assessment.findings[[*FINDINGS, *_ABOUT_CREDENTIAL]],
        undetermined=assessment.undetermined[[*UNDETERMINED]],
        users=assessment.users[[*USERS]].reset_index(drop=True),
        credentials=assessment.credentials.assign(
            band=to_band(assessment.credentials["age_days"], days)
        )[[*CREDENTIALS, "kind", "set_raw", "band"]],
        ages=assessment.ages,
        remediation=to_remediation(assessment.findings),
        inputs=to_inputs(totals),
        tie_out=assessment.tie_out,
        warnings=to_warnings(assessment.notices),
        left_out=to_left_out(assessment.refused, assessment.superseded, assessment.skipped),
        method=pd.DataFrame(
            method_rows(assessment.policy, RULES), columns=["section", "text"], dtype="str"
        ),
        script=to_script(assessment.findings, assessment.unused, verdict),
        captions=Captions(title, _caption(totals), days),
        warning_counts={WARNING_TITLES[code]: count for code, count in codes.items()},
        rules=_rules(assessment) if _tells_rules(assessment) else pd.DataFrame(),
        waivers=assessment.waivers if assessment.waivers_origin else None,
        aside=aside,
    )


def is_too_long(rows: int) -> bool:
    """Whether a table of a population is no sheet of the workbook but a CSV beside it."""
    return rows > MAX_POPULATION_ROWS


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


def _tells_rules(assessment: Assessment) -> bool:
    """Whether the evidence has more to say of rules than the default run's two."""
    return not assessment.policy.is_default or bool(assessment.waivers_origin)


def _verdict(assessment: Assessment) -> str:
    told = _findings_sentence(assessment) if _tells_rules(assessment) else ""
    return to_verdict(assessment.totals, told)


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


def _caption(totals: Totals) -> str:
    accounts = account_ids(totals)
    who = (
        f"account {accounts[0] or 'unknown'}" if len(accounts) == 1 else f"{len(accounts)} accounts"
    )
    return (
        f"{who}  |  as of {as_of_words(totals)}  |  n = {judged_count(totals)}  |  "
        f"threshold {totals.policy.unused_after_days} days  |  credreport {__version__}"
    )


def _facts(assessment: Assessment) -> list[tuple[str, str]]:
    own = [("Policy", assessment.policy.origin), ("Waivers", assessment.waivers_origin)]
    return to_facts(assessment.totals) + [(label, origin) for label, origin in own if origin]


def _accounts(totals: Totals, accounts: Sequence[Account]) -> pd.DataFrame:
    """Return one row an account: its name and owner, users, counts of what matters."""
    named = {account.account_id: account for account in accounts}
    table = pd.DataFrame(account_rows(totals))
    return table.assign(
        name=[named[key].name if key in named else "" for key in table["account_id"]],
        owner=[named[key].owner if key in named else "" for key in table["account_id"]],
    )[["account_id", "name", "owner", "users", "unused", "current", "undetermined"]]


def to_inputs(totals: Totals) -> pd.DataFrame:
    """Return one row a report: the file, its hash and size, whose it is and from when."""
    inputs = pd.DataFrame(input_rows(totals))
    dates = {name: pd.to_datetime(inputs[name], utc=True) for name in ("as_of", "stamp")}
    return inputs.assign(**dates)


def to_warnings(notices: Sequence[Notice]) -> pd.DataFrame:
    """Return one row a warning, with where it was found."""
    columns = ["source_file", "source_line", "warning", "message"]
    return pd.DataFrame(warning_rows(notices), columns=columns)


def to_left_out(
    refused: Sequence[Problem], superseded: Sequence[Skipped], skipped: Sequence[Skipped]
) -> pd.DataFrame:
    """Return what lay among the inputs and was not judged: refused, superseded, not searched."""
    rows = left_out_rows(refused, superseded, skipped)
    return pd.DataFrame(rows, columns=["what", "source_file", "why"], dtype="str")


def credential_words(credentials: pd.Series) -> pd.Series:
    """Return `access key 1` for `access_key_1`, and so on."""
    return credentials.map(SLOT_WORDS).fillna(credentials).astype("str")
