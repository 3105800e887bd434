"""Population x policy -> Assessment: every credential's status, the findings, the tie-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

import numpy as np
import pandas as pd

from credreport.arrays import Numbers
from credreport.decisions.decision import Review
from credreport.errors import Notice, Problem
from credreport.reports.inputs import Skipped
from credreport.reports.report import Report, join_tables
from credreport.reports.selection import Population
from credreport.rules.accounts import AccountList
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy
from credreport.rules.rule import Rule
from credreport.rules.thresholds import UNUSED_AFTER
from credreport.rules.waivers import (
    OPEN,
    Waivers,
    newer_notices,
    waive,
    waiver_notices,
    wide_notices,
)
from credreport.schema import SLOTS, USER, Status
from credreport.text_storage import storing_python_text
from credreport.verdicts.credentials import to_credentials
from credreport.verdicts.findings import find, find_twins, ids_by_credential, in_order
from credreport.verdicts.judged import Judged, judge
from credreport.verdicts.remedies import settle
from credreport.verdicts.tally import Tally, Totals, tie_out_rows, to_tallies
from credreport.verdicts.undetermined import to_undetermined
from credreport.verdicts.user_table import to_user_table
from credreport.verdicts.warnings import find_warnings

_SCRIPTED = ("user_row", "kind", "credential", "set_at", "last_used", "twin")


@dataclass(frozen=True)
class Part:
    """Some of the reports, judged: what `join` puts together, with rows that count from 0.

    `users` and `credentials` are the population of these reports. `findings` come unordered and all
    open.
    `undecided` has the verdicts of rules that a report does not allow, `undetermined` these and
    those on use, with reasons; `unused` has the few columns of the unused credentials that a script
    needs; `ages` counts the judged active credentials by kind and age; `tallies` and
    `report_notices` have one entry per report. `iam_user_count` leaves root out. `classes` are the
    numbers of the classes that have a user.
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
    classes: frozenset[int] = frozenset()


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


@storing_python_text
def assess(
    population: Population, policy: Policy | None = None, waivers: Waivers | None = None
) -> Assessment:
    """Judge every credential of the population. Reads no clock: each report has its as-of.

    Waivers are judged at the as-of of the report too; they change the state of findings only.
    """
    policy, waivers = policy or Policy(), waivers or Waivers()
    part = judge_part(population.reports, policy, waivers)
    return join([part], population, policy, waivers)


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
        twin=find_twins(credentials),
    )
    findings, undecided = find(credentials, policy)
    marked, _ = waive(findings, waivers.waivers)
    credentials = credentials.assign(finding_id=ids_by_credential(credentials, findings))
    is_unused = credentials["status"].eq(Status.UNUSED)
    ages = credentials.loc[
        is_unused | credentials["status"].eq(Status.CURRENT), ["kind", "age_days"]
    ]
    users = to_user_table(credentials, marked, undecided)
    return Part(
        users=users,
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
        classes=frozenset(policy.class_numbers(users["user"])),
    )


@storing_python_text
def join(
    parts: Sequence[Part], population: Population, policy: Policy, waivers: Waivers
) -> Assessment:
    """Put the parts of the population together in their order.

    Equal Finding IDs in two parts would be confused: reports that could share some belong in one part.
    """
    findings, covered = waive(in_order(_stack(parts, "findings")), waivers.waivers)
    unused = _stack(parts, "unused")
    report_notices = [notices for part in parts for notices in part.report_notices]
    notices = [*population.notices]
    notices += chain.from_iterable(report.notices for report in population.reports)
    notices += chain.from_iterable(report_notices)
    notices += policy.class_notices(frozenset().union(*(part.classes for part in parts)))
    notices += waiver_notices(covered, waivers) + newer_notices(findings, waivers)
    notices += wide_notices(findings, waivers)
    ages = pd.concat([part.ages for part in parts])
    return Assessment(
        policy=policy,
        reports=population.reports,
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
        refused=population.refused,
        superseded=population.superseded,
        skipped=population.skipped,
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
