"""Population x policy -> Assessment: every credential's status, the findings, the tie-out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Protocol

import numpy as np
import pandas as pd

from credreport.decisions.decision import Review
from credreport.errors import Notice, Problem
from credreport.reports.inputs import Skipped
from credreport.reports.normalise import join_texts, to_texts, whole_days
from credreport.reports.report import Report, join_tables
from credreport.reports.selection import Population
from credreport.rules.accounts import AccountList
from credreport.rules.catalogue import RULES, UNUSED_RULES
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy
from credreport.rules.rule import SEVERITY_RANKS, Rule, Subject
from credreport.rules.thresholds import UNUSED_AFTER
from credreport.rules.waivers import OPEN, WAIVED, Waivers, waive, waiver_notices
from credreport.schema import ACCOUNT_NAMES, FINDINGS, SLOTS, USER, Kind, Status
from credreport.text_storage import storing_python_text
from credreport.verdicts.credentials import is_active, to_credentials, to_user_facts
from credreport.verdicts.judged import Judged, judge
from credreport.verdicts.remedies import settle
from credreport.verdicts.status import Numbers
from credreport.verdicts.tally import Tally, Totals, tie_out_rows, to_tallies
from credreport.verdicts.undetermined import to_undetermined
from credreport.verdicts.warnings import find_warnings

_CURRENT = "Current"
_ROOT_SHOWN = "Root: shown, not judged"
_FINDINGS = tuple(name for name in FINDINGS if name not in ACCOUNT_NAMES)
_ABOUT = (
    *("row", "kind", "is_root", "created_at", "set_at", "last_used", "as_of", "user_row"),
    "active_credentials",
)
_COUNTS = (
    *("active_credentials", "unused_credentials", "undetermined_credentials"),
    "active_certificates",
)
_UNDECIDED = ("row", "has_row", "credential", "rule", "reason")
_SCRIPTED = ("user_row", "kind", "credential", "set_at", "last_used")


@dataclass(frozen=True)
class Part:
    """Some of the reports, judged: what `join` puts together, with rows that count from 0.

    `users` and `credentials` are the population of these reports. `findings` come unordered and all
    open.
    `undecided` has the verdicts of rules that a report does not allow, `undetermined` these and
    those on use, with reasons; `unused` has the few columns of the unused credentials that a script
    needs; `ages` counts the judged active credentials by kind and age; `tallies` and
    `report_notices` have one entry per report. `iam_user_count` leaves root out.
    """

    users: pd.DataFrame
    credentials: pd.DataFrame
    findings: pd.DataFrame
    undecided: pd.DataFrame
    undetermined: pd.DataFrame
    unused: pd.DataFrame
    ages: pd.DataFrame
    tallies: tuple[Tally, ...]
    report_notices: tuple[tuple[Notice, ...], ...]
    user_count: int
    credential_count: int
    iam_user_count: int


@dataclass(frozen=True)
class Assessment:
    """What was found, as tables.

    `users`: one row per user. `credentials`: one row per credential, judged. `findings`: one row for
    each rule that a credential, a user or root breaks, most severe first, then oldest; `row` leads
    to the credential, or to the password of the user, `closed_by` to the finding whose remedy
    closes it too.
    `undecided`: one row for each verdict of a rule that the report does not allow. `undetermined`,
    `unused`, `ages`: see Part. `waivers`: one row per waiver, with what it covers. `tallies` has
    the counts and `report_notices` the warnings of each report;
    `iam_user_count` leaves root out. `accounts` is the list of those that should have reports;
    `review` compares the decisions of an earlier workbook with this. `masked` is the fingerprint of
    the key where pseudonyms stand for all names.
    """

    policy: Policy
    reports: Sequence[Report]
    users: pd.DataFrame
    credentials: pd.DataFrame
    findings: pd.DataFrame
    undecided: pd.DataFrame
    undetermined: pd.DataFrame
    unused: pd.DataFrame
    ages: pd.DataFrame
    waivers: pd.DataFrame
    waivers_file: OptionFile | None
    tallies: Sequence[Tally]
    report_notices: Sequence[Sequence[Notice]]
    iam_user_count: int
    notices: tuple[Notice, ...]
    refused: Sequence[Problem]
    superseded: Sequence[Skipped]
    skipped: Sequence[Skipped]
    accounts: AccountList = field(default_factory=AccountList)
    review: Review | None = None
    masked: str = ""

    @cached_property
    def totals(self) -> Totals:
        """The counts, from which sentences and small tables are made."""
        return Totals(
            policy=self.policy,
            reports=self.reports,
            tallies=self.tallies,
            notices=self.notices,
            refused=self.refused,
            superseded=self.superseded,
            skipped=self.skipped,
            accounts=self.accounts,
        )

    @property
    def waivers_origin(self) -> str:
        """The user's file of waivers by name and hash; empty where there is none."""
        return str(self.waivers_file) if self.waivers_file else ""

    @property
    def option_files(self) -> dict[str, OptionFile]:
        """The user's own files that decided something, by what they are."""
        files = {
            "policy": self.policy.file,
            "waivers": self.waivers_file,
            "accounts": self.accounts.file,
        }
        return {role: file for role, file in files.items() if file}

    def check_accounts(self, accounts: AccountList) -> Assessment:
        """Return the same, compared with the list of accounts that should have a report."""
        reported = [report.account_id for report in self.reports]
        notices = (*self.notices, *accounts.notices(reported))
        return replace(self, accounts=accounts, notices=notices)

    @property
    def tie_out(self) -> pd.DataFrame:
        """One row per report and a total: the counts of every status and whether they add up."""
        return pd.DataFrame(tie_out_rows(self.totals))

    @property
    def is_tied_out(self) -> bool:
        """Whether every row of every report is accounted for."""
        return self.totals.is_tied_out

    @property
    def doubt_counts(self) -> dict[str, int]:
        """How much could not be judged, was left out, or is only a bound, by what it is."""
        return self.totals.count_doubts(len(self.undecided))

    @property
    def doubts(self) -> tuple[str, ...]:
        """What could not be judged, was left out, or is only a bound, in words (exit 3)."""
        return self.totals.doubts(len(self.undecided))

    @property
    def is_incomplete(self) -> bool:
        """Whether there is any doubt (exit 3)."""
        return bool(self.doubts)

    @property
    def open_findings(self) -> pd.DataFrame:
        """The findings that count: those that no waiver covers."""
        return self.findings[self.findings["state"].eq(OPEN)]

    @property
    def has_open_findings(self) -> bool:
        """Whether there is a finding that counts."""
        return not self.open_findings.empty

    def undetermined_of(self, rule: Rule) -> int:
        """Return how many verdicts of a rule could not be determined, those on use included."""
        own = int(self.undecided["rule"].eq(rule.id).sum())
        if rule.judged is None:
            return own
        slots = [slot.credential for slot in SLOTS if slot.kind is rule.judged]
        rows = self.undetermined[~self.undetermined["is_of_rule"].astype(bool)]
        return own + int(rows["credential"].isin(slots).sum())

    def count(self, *statuses: Status) -> int:
        """Return how many credentials have one of the statuses."""
        return self.totals.count(*statuses)


class LeftOut(Protocol):
    """What is reported besides the reports themselves: a Population has it all."""

    @property
    def notices(self) -> Sequence[Notice]:
        """The warnings about the reports as a group."""
        ...

    @property
    def refused(self) -> Sequence[Problem]:
        """What could not be read, where the caller chose to go on."""
        ...

    @property
    def superseded(self) -> Sequence[Skipped]:
        """Older reports and copies."""
        ...

    @property
    def skipped(self) -> Sequence[Skipped]:
        """What was among the inputs but not searched."""
        ...


@storing_python_text
def assess(
    population: Population, policy: Policy | None = None, waivers: Waivers | None = None
) -> Assessment:
    """Judge every credential of the population. Reads no clock: each report has its as-of.

    Waivers are judged at the as-of of the report too; they change the state of findings only.
    """
    policy, waivers = policy or Policy(), waivers or Waivers()
    part = judge_part(population.reports, policy, waivers)
    return join([part], population.reports, population, policy, waivers)


def judge_part(reports: Sequence[Report], policy: Policy, waivers: Waivers) -> Part:
    """Judge some of the reports. No finding depends on the reports of another part.

    Waivers only affect the conclusion about each user here.
    """
    judged = judge_reports(reports, policy)
    names = np.array([report.source.name for report in reports], dtype=object)
    credentials = to_credentials(judged)
    keys = np.array([report.account_key for report in reports], dtype=object)
    credentials = credentials.assign(
        source_file=pd.Series(names[judged.report], dtype="str"),
        account_key=pd.Series(keys[judged.report], dtype="str"),
    )
    findings, undecided = find(credentials, policy)
    marked, _ = waive(findings, waivers.waivers)
    credentials = credentials.assign(finding_id=_finding_ids(credentials, findings))
    is_unused = credentials["status"].eq(Status.UNUSED)
    ages = credentials.loc[
        is_unused | credentials["status"].eq(Status.CURRENT), ["kind", "age_days"]
    ]
    return Part(
        users=_to_user_table(credentials, marked, undecided),
        credentials=credentials,
        findings=findings,
        undecided=undecided,
        undetermined=to_undetermined(credentials, undecided),
        unused=credentials.loc[is_unused, [*_SCRIPTED]].reset_index(names="row"),
        ages=ages.value_counts().reset_index(name="count"),
        tallies=tuple(to_tallies(judged, unused_after_days=policy.unused_after_days)),
        report_notices=tuple(map(tuple, find_warnings(judged))),
        user_count=len(judged.table),
        credential_count=len(credentials),
        iam_user_count=len(judged.table) - int(judged.table.is_root.sum()),
    )


@storing_python_text
def join(
    parts: Sequence[Part],
    reports: Sequence[Report],
    left_out: LeftOut,
    policy: Policy,
    waivers: Waivers,
) -> Assessment:
    """Put the parts together in their order; `reports` are the reports of all parts.

    `left_out` has the warnings about them and the inputs that were not judged. Equal Finding IDs in
    two parts would be confused: reports that could share some belong in one part.
    """
    findings, covered = waive(_in_order(_stack(parts, "findings")), waivers.waivers)
    unused = _stack(parts, "unused")
    report_notices = [notices for part in parts for notices in part.report_notices]
    notices = [*left_out.notices, *(notice for report in reports for notice in report.notices)]
    notices += chain.from_iterable(report_notices)
    notices += waiver_notices(covered, waivers)
    ages = pd.concat([part.ages for part in parts])
    return Assessment(
        policy=policy,
        reports=reports,
        users=_stack(parts, "users"),
        credentials=_stack(parts, "credentials"),
        findings=settle(findings, unused),
        undecided=_stack(parts, "undecided"),
        undetermined=_stack(parts, "undetermined").sort_values(
            "is_of_rule", kind="stable", ignore_index=True
        ),
        unused=unused,
        ages=ages.groupby(["kind", "age_days"])["count"].sum().reset_index(),
        waivers=covered,
        waivers_file=waivers.file,
        tallies=[tally for part in parts for tally in part.tallies],
        report_notices=report_notices,
        iam_user_count=sum(part.iam_user_count for part in parts),
        # A warning about a file is repeated by each report in it.
        notices=tuple(dict.fromkeys(notices)),
        refused=left_out.refused,
        superseded=left_out.superseded,
        skipped=left_out.skipped,
    )


def judge_reports(reports: Sequence[Report], policy: Policy) -> Judged:
    """Judge every credential of the reports, by the numbers that the policy has for its user."""
    table = join_tables(reports)
    days: int | Numbers = policy.unused_after_days
    if policy.classes:
        users = pd.Series(table.texts(USER), dtype="str")
        days = policy.numbers_for(users, UNUSED_AFTER).to_numpy(dtype="i8")
    return judge(reports, table, days, include_root=policy.include_root)


def _stack(parts: Sequence[Part], name: str) -> pd.DataFrame:
    """Return one table of all parts: their rows, users and reports are numbered on."""
    if len(parts) == 1:
        table: pd.DataFrame = getattr(parts[0], name)
        return table
    tables = []
    row = user_row = report = 0
    for part in parts:
        table = getattr(part, name)
        firsts = {"row": row, "user_row": user_row, "report": report}
        tables.append(
            table.assign(
                **{column: table[column] + firsts[column] for column in firsts if column in table}
            )
        )
        row += part.credential_count
        user_row += part.user_count
        report += len(part.tallies)
    return pd.concat(tables, ignore_index=True)


def _in_order(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings with the most severe first, then those that have lasted longest."""
    ranked = findings.assign(
        rank=findings["severity"].map(SEVERITY_RANKS),
        age=whole_days(findings["as_of"] - findings["since"]),
    )
    ordered = ranked.sort_values(
        ["rank", "age", "account_id", "user", "slot", "row"],
        ascending=[True, False, True, True, True, True],
        kind="stable",
        ignore_index=True,
    )
    return ordered[[*_FINDINGS, *_ABOUT]]


def find(credentials: pd.DataFrame, policy: Policy) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the findings of the policy's rules, rule by rule, and what no rule could determine.

    The findings have the columns of FINDINGS except the names of accounts, and `row` (the
    credential, or the password of the user), `slot`, `kind`, `is_root`, `created_at`, `set_at`,
    `last_used`, `as_of` and `user_row` of what they are about (of a user, the latest use), and the
    number of the user's `active_credentials`; all are open. The second table has a row, a rule and
    a reason for each verdict that the report does not allow;
    `has_row` is false where the report lacks the row that the rule is about, and `row` is another of
    its rows.
    """
    rules = [RULES[name] for name in policy.rules]
    tables = {Subject.CREDENTIAL: credentials.assign(row=credentials.index)}
    if any(rule.subject is not Subject.CREDENTIAL for rule in rules):
        facts = to_user_facts(credentials).reset_index()
        facts = facts.assign(set_at=facts["created_at"], last_used=facts["latest_use"])
        tables[Subject.USER] = facts[~facts["is_root"]]
        tables[Subject.ROOT] = facts[facts["is_root"]]
    rootless = _without_root(credentials)
    broken: list[pd.DataFrame] = []
    unknown: list[pd.DataFrame] = []
    for rule in rules:
        table = tables[rule.subject]
        numbers: pd.Series | int = 0
        if rule.parameter is not None:
            numbers = policy.numbers_for(table["user"], rule.parameter)
        verdict = rule.fires(table, numbers)
        fires, cannot_tell = verdict.fillna(value=False).astype(bool), verdict.isna()
        # One table of each, at least, gives the columns where there is nothing to tell.
        if fires.any() or not broken:
            own = numbers if isinstance(numbers, int) else numbers[fires]
            broken.append(_to_findings(table[fires], rule, own))
        if cannot_tell.any() or not unknown:
            reason = f"{rule.id}: {rule.unknown}"
            told = table.loc[cannot_tell, ["row", "credential"]]
            unknown.append(told.assign(rule=rule.id, reason=reason, has_row=True))
        if rule.subject is Subject.ROOT:
            reason = f"{rule.id}: the report has no root row"
            unknown.append(rootless.assign(rule=rule.id, reason=reason, has_row=False))
    findings = pd.concat([each for each in broken if not each.empty] or broken)
    ordinal = findings.groupby("finding_id").cumcount()
    findings = findings.assign(
        finding_id=findings["finding_id"].where(
            ordinal.eq(0), findings["finding_id"] + "-" + (ordinal + 1).astype("str")
        )
    )
    counts = is_active(credentials).groupby(credentials["user_row"]).sum()
    findings = findings.assign(active_credentials=findings["user_row"].map(counts))
    undecided = pd.concat(unknown).sort_values("row", kind="stable", ignore_index=True)
    return findings[[*_FINDINGS, *_ABOUT, "slot"]], undecided[[*_UNDECIDED]]


def _without_root(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return the first row of each report that has no root row, as one that is about root."""
    has_root = credentials.groupby("report")["is_root"].transform("any")
    first = credentials.loc[~has_root, "report"].drop_duplicates()
    return pd.DataFrame({"row": first.index, "credential": Subject.ROOT.value})


def _to_findings(broken: pd.DataFrame, rule: Rule, numbers: pd.Series | int) -> pd.DataFrame:
    """Return the rows that break a rule as open findings, with the number that fired."""
    action = pd.Series(rule.action, index=broken.index, dtype="str")
    if rule.note is not None:
        action = action + " (" + rule.note(broken) + ")"
    kept = broken[[name for name in (*_FINDINGS, *_ABOUT, "slot") if name in broken]]
    measured = rule.measurements(broken, numbers)
    return kept.assign(
        finding_id=pd.Series(_name_findings(broken, rule), index=broken.index, dtype="str"),
        rule=rule.id,
        severity=rule.severity.value,
        state=OPEN,
        waiver="",
        action=action,
        **{str(name): column for name, column in measured.items()},
    )


def _name_findings(broken: pd.DataFrame, rule: Rule) -> list[str]:
    """Return a Finding ID for each row, which survives a re-run, a slot swap and a password reset.

    A key is known by its owner and when it was made; a password by its user and when that was made.
    """
    is_key = broken["kind"].eq(Kind.ACCESS_KEY)
    made = to_texts(broken["set_at"].where(is_key, broken["created_at"]))
    raw = broken["created_raw"]
    if "set_raw" in broken:
        raw = broken["set_raw"].where(is_key, raw)
    owner = broken["arn"].mask(broken["arn"].fillna("").eq(""), broken["user"]).str.lower()
    columns = (broken["account_key"], owner, broken["kind"], raw)
    identities = zip(*(column.tolist() for column in columns), made, strict=True)
    return [
        _to_id("\x1f".join([account, who, rule.id, kind, when or str(reported)]))
        for account, who, kind, reported, when in identities
    ]


def _to_id(identity: str) -> str:
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return f"CR-{digest[:12].upper()}"


def _finding_ids(credentials: pd.DataFrame, findings: pd.DataFrame) -> pd.Series:
    """Return each credential's finding IDs, separated by blanks, without those of its user."""
    own = findings[~findings["credential"].isin([Subject.USER, Subject.ROOT])]
    joined = join_texts(own["finding_id"], own["row"], " ")
    return joined.reindex(credentials.index).fillna("").astype("str")


def _to_user_table(
    credentials: pd.DataFrame, findings: pd.DataFrame, undecided: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per user: what is active, what is unused, when anything was last used.

    Active counts passwords and access keys, as in the verdict; certificates are counted separately.
    """
    is_certificate = credentials["kind"].eq(Kind.CERTIFICATE)
    active, status = is_active(credentials), credentials["status"]
    flags = pd.DataFrame(
        {
            "active_credentials": active & ~is_certificate,
            "active_certificates": active & is_certificate,
            "unused_credentials": status.eq(Status.UNUSED),
            "undetermined_credentials": status.eq(Status.UNDETERMINED),
        }
    )
    counts = flags.groupby(credentials["user_row"]).sum()
    of_user = [
        *("user_row", "report", "account_id", "user", "arn", "is_root", "created_at", "mfa_active"),
        *("as_of", "source_file", "source_line", "enabled_raw"),
    ]
    # The first row of a user is the password's.
    first = credentials[of_user][~credentials["user_row"].duplicated()].set_index("user_row")
    users = first.rename(columns={"enabled_raw": "console_password"}).assign(
        **{str(name): counts[name] for name in flags},
        most_recent_use=credentials.groupby("user_row")["last_used"].max(),
    )
    elapsed = users["as_of"] - users["most_recent_use"]  # a use after the as-of has no age
    users = users.assign(days_since=whole_days(elapsed.mask(elapsed < pd.Timedelta(0))))
    told = undecided[undecided["has_row"].astype(bool) & ~undecided["rule"].isin(UNUSED_RULES)]
    owners = credentials["user_row"].reindex(told["row"]).to_numpy()
    different = told.assign(owner=owners).drop_duplicates(["owner", "rule"])
    unsure = join_texts(different["rule"], different["owner"], ", ")
    return users.assign(conclusion=_to_conclusion(users, findings, unsure))


def _to_conclusion(users: pd.DataFrame, findings: pd.DataFrame, unsure: pd.Series) -> pd.Series:
    """Return the conclusion about each user: on use as a phrase, then the names of other rules.

    `unsure` names the rules that are undetermined, by user: such a user is never `Current`.
    """
    use = _to_use_words(users)
    others = findings[~findings["rule"].isin(UNUSED_RULES)].sort_values("row", kind="stable")
    if others.empty and unsure.empty:
        return use.astype("str")
    waived = others["state"].eq(WAIVED).map({True: " (waived)", False: ""}).astype("str")
    named = others.assign(name=others["rule"] + waived).drop_duplicates(["user_row", "name"])
    names = join_texts(named["name"], named["user_row"], ", ").reindex(users.index).fillna("")
    doubts = ("undetermined: " + unsure.astype("str")).reindex(users.index).fillna("")
    between = (names.ne("") & doubts.ne("")).map({True: "; ", False: ""})
    names = names + between + doubts
    is_named = names.ne("")
    is_quiet = use.isin([_CURRENT, _ROOT_SHOWN])
    conclusion = use.mask(is_named & is_quiet, names)
    return conclusion.mask(is_named & ~is_quiet, use + "; " + names).astype("str")


def _to_use_words(users: pd.DataFrame) -> pd.Series:
    """Return the phrase about each user's use; users with the same counts share it."""
    counts = users[[*_COUNTS]]
    different = counts.drop_duplicates(ignore_index=True)
    words = pd.Series(list(map(_use_words, *(different[name] for name in _COUNTS))), dtype="str")
    places = counts.merge(different.reset_index(names="place"), on=[*_COUNTS], how="left")["place"]
    is_quiet = users["unused_credentials"].eq(0) & users["undetermined_credentials"].eq(0)
    said = words.take(places.to_numpy()).set_axis(users.index)
    return said.mask(users["is_root"] & is_quiet, _ROOT_SHOWN)


def _use_words(active: int, unused: int, undetermined: int, certificates: int) -> str:
    parts = []
    if unused:
        some = f"{unused} of {active} active credentials unused"
        parts.append("All active credentials unused" if unused == active else some)
    if undetermined:
        parts.append(f"{undetermined} could not be judged")
    if parts:
        return ", ".join(parts)
    if active:
        return _CURRENT
    return "Only signing certificates active" if certificates else "Nothing active"
