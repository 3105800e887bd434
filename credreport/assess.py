"""Population x policy -> Assessment: every credential's status, the findings, the tie-out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pandas as pd

from credreport.checks import find_notices
from credreport.credentials import is_active, judge, to_credentials
from credreport.errors import Notice, Problem
from credreport.instants import format_instant
from credreport.normalise import to_rows, to_users, whole_days
from credreport.policy import Policy
from credreport.population import Population
from credreport.read import CredentialReport
from credreport.rules import RULES
from credreport.schema import FINDINGS, JUDGED_SLOTS, Kind, Status
from credreport.sources import Skipped

_JUDGED = [slot.credential for slot in JUDGED_SLOTS]
TIED_STATUSES = tuple(status for status in Status if status is not Status.NOT_TRACKED)


@dataclass(frozen=True)
class Assessment:
    """What was found, as tables.

    `users`: one row a user. `credentials`: one row a credential, judged. `findings`: one row for
    each rule that a credential breaks, oldest first. `tie_out`: one row a report, with the counts
    of every status and whether they add up to the rows that were read.
    """

    policy: Policy
    reports: tuple[CredentialReport, ...]
    users: pd.DataFrame
    credentials: pd.DataFrame
    findings: pd.DataFrame
    tie_out: pd.DataFrame
    notices: tuple[Notice, ...]
    refused: tuple[Problem, ...]
    superseded: tuple[Skipped, ...]
    skipped: tuple[Skipped, ...]
    is_lower_bound: bool

    @property
    def is_tied_out(self) -> bool:
        """Whether every row of every report is accounted for."""
        return bool(self.tie_out["ties_out"].all())

    @property
    def is_incomplete(self) -> bool:
        """Whether something could not be judged, was left out, or is only a bound (exit 3)."""
        return (
            self.count(Status.UNDETERMINED) > 0
            or bool(self.refused)
            or self.is_lower_bound
            or not self.is_tied_out
            or any(notice.code == "user-twice" for notice in self.notices)
        )

    @property
    def open_findings(self) -> pd.DataFrame:
        """The findings that count: those that no waiver covers."""
        return self.findings[self.findings["state"].eq("open")]

    @property
    def has_open_findings(self) -> bool:
        """Whether there is a finding that counts."""
        return not self.open_findings.empty

    def count(self, *statuses: Status) -> int:
        """Return how many credentials have one of the statuses."""
        return int(self.credentials["status"].isin(statuses).sum())


def assess(population: Population, policy: Policy | None = None) -> Assessment:
    """Judge every credential of the population. Reads no clock: each report brings its as-of."""
    policy = policy or Policy()
    reports = population.reports
    wide = to_users(reports)
    credentials = judge(
        to_credentials(wide),
        [_as_of(report) for report in reports],
        [report.blanks_are_absences for report in reports],
        policy,
    )
    names = pd.Series([report.source.name for report in reports], dtype="str")
    credentials = credentials.assign(source_file=names.take(credentials["report"].to_numpy()).array)
    findings = find(credentials, policy)
    credentials = credentials.assign(finding_id=_finding_ids(credentials, findings))
    notices = [*population.notices, *(notice for report in reports for notice in report.notices)]
    notices += find_notices(reports, wide, credentials, policy)
    return Assessment(
        policy=policy,
        reports=reports,
        users=_to_user_table(credentials),
        credentials=credentials,
        findings=findings,
        tie_out=_tie_out(reports, credentials),
        notices=tuple(notices),
        refused=population.refused,
        superseded=population.superseded,
        skipped=population.skipped,
        is_lower_bound=population.is_lower_bound,
    )


def _as_of(report: CredentialReport) -> pd.Timestamp:
    assert report.as_of is not None, "read_reports dates every report"
    return pd.Timestamp(report.as_of)


def find(credentials: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Return the findings of the policy's rules, oldest first, with the columns of FINDINGS.

    `row` leads back to the credential.
    """
    parts = []
    for rule in (RULES[name] for name in policy.rules):
        broken = credentials[rule.fires(credentials)]
        ids = [_finding_id(row, rule.id) for row in to_rows(broken)]
        parts.append(
            broken.assign(
                row=broken.index,
                finding_id=pd.Series(ids, index=broken.index, dtype="str"),
                rule=rule.id,
                severity=rule.severity,
                state="open",
                waiver="",
                action=rule.action,
            )
        )
    findings = pd.concat(parts, ignore_index=True)
    ordinal = findings.groupby("finding_id").cumcount()
    findings = findings.assign(
        finding_id=findings["finding_id"].where(
            ordinal.eq(0), findings["finding_id"] + "-" + (ordinal + 1).astype("str")
        )
    )
    ordered = findings.sort_values(
        ["age_days", "account_id", "user", "slot", "row"],
        ascending=[False, True, True, True, True],
        kind="stable",
        ignore_index=True,
    )
    return ordered[[*FINDINGS, "row"]]


def _finding_id(row: dict[str, object], rule: str) -> str:
    """Return a short hash that survives a re-run, a slot swap and a password reset.

    A key is known by its owner and when it was made; a password by its user and when that was made.
    """
    part = "set" if row["kind"] == Kind.ACCESS_KEY else "created"
    instant = row[f"{part}_at"]
    when = str(row[f"{part}_raw"])
    if isinstance(instant, pd.Timestamp):
        when = format_instant(instant)
    owner = str(row["arn"] or row["user"]).lower()
    identity = "\x1f".join([str(row["account_id"]), owner, rule, str(row["kind"]), when])
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return f"CR-{digest[:12].upper()}"


def _finding_ids(credentials: pd.DataFrame, findings: pd.DataFrame) -> pd.Series:
    """Return each credential's finding IDs, several separated by a blank."""
    joined = findings.groupby("row")["finding_id"].agg(" ".join)
    return joined.reindex(credentials.index).fillna("").astype("str")


def _to_user_table(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return one row a user: what is active, what is unused, when anything was last used."""
    flags = credentials.assign(
        is_active=is_active(credentials),
        is_unused=credentials["status"].eq(Status.UNUSED),
        is_undetermined=credentials["status"].eq(Status.UNDETERMINED),
    )
    grouped = flags.groupby("user_row", sort=True)
    users = grouped[
        ["report", "account_id", "user", "arn", "is_root", "created_at", "mfa_active", "as_of"]
    ].first()
    users = users.assign(
        active_credentials=grouped["is_active"].sum(),
        unused_credentials=grouped["is_unused"].sum(),
        undetermined_credentials=grouped["is_undetermined"].sum(),
        most_recent_use=grouped["last_used"].max(),
        console_password=grouped["enabled_raw"].first(),
        source_file=grouped["source_file"].first(),
        source_line=grouped["source_line"].first(),
    )
    users = users.assign(days_since=whole_days(users["as_of"] - users["most_recent_use"]))
    return users.assign(conclusion=_to_conclusion(users))


def _to_conclusion(users: pd.DataFrame) -> pd.Series:
    active, unused = users["active_credentials"], users["unused_credentials"]
    words = "Current"
    conclusion = pd.Series(words, index=users.index, dtype="str")
    some = unused.astype("str") + " of " + active.astype("str") + " active credentials unused"
    conclusion = conclusion.mask(unused.gt(0), some)
    conclusion = conclusion.mask(unused.gt(0) & unused.eq(active), "All active credentials unused")
    conclusion = conclusion.mask(active.eq(0), "Nothing active")
    undetermined = users["undetermined_credentials"]
    not_judged = undetermined.astype("str") + " could not be judged"
    conclusion = conclusion.mask(undetermined.gt(0) & unused.eq(0), not_judged)
    conclusion = conclusion.mask(undetermined.gt(0) & unused.gt(0), conclusion + ", " + not_judged)
    shown = "Root: shown, not judged"
    return conclusion.mask(users["is_root"] & unused.eq(0) & undetermined.eq(0), shown)


def _tie_out(reports: tuple[CredentialReport, ...], credentials: pd.DataFrame) -> pd.DataFrame:
    """Return one row a report: rows read x 3 against the counts of each status."""
    judged = credentials[credentials["credential"].isin(_JUDGED)]
    counts = pd.crosstab(judged["report"], judged["status"])
    counts = counts.reindex(
        index=range(len(reports)), columns=[status.value for status in TIED_STATUSES], fill_value=0
    )
    rows = [len(report.rows) for report in reports]
    return counts.assign(
        source_file=[report.source.name for report in reports],
        account_id=[report.account_id for report in reports],
        rows=rows,
        expected=[number * len(_JUDGED) for number in rows],
        counted=counts.sum(axis=1),
    ).assign(ties_out=lambda table: table["expected"].eq(table["counted"]))
