"""One finding -> its explanation: the row as reported, what decided, the arithmetic, the rule, what to do.

Nothing is judged here: the finding is taken from an assessment of the same inputs, and every number
is shown with what it was computed from, so that it can be computed again by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pandas as pd

from credreport.errors import UsageError
from credreport.evidence.account_names import with_names
from credreport.evidence.remediation import to_remediation
from credreport.instants import format_instant
from credreport.output.json_file import to_records
from credreport.reports.normalise import to_rows
from credreport.reports.report import Report
from credreport.reports.selection import Population
from credreport.rules.catalogue import PARAMETERS, RULES, UNUSED_RULES
from credreport.rules.peers import CONFIG, SECURITY_HUB, prowler_on_unused
from credreport.rules.policy import Policy
from credreport.rules.predicates import EXPIRY
from credreport.rules.profiles import PROFILES
from credreport.rules.rule import WHOLE_USER, Rule, Subject
from credreport.rules.thresholds import UNUSED_AFTER
from credreport.rules.waivers import WAIVED
from credreport.schema import (
    ARN,
    CREATED,
    FINDINGS,
    MFA,
    NEXT_ROTATION,
    ROOT_USER,
    SLOT_OF,
    USER,
    USER_CELLS,
    Slot,
    Use,
)
from credreport.text import plural
from credreport.verdicts.assessment import Assessment, assess
from credreport.verdicts.tally import as_of_words, shown_account, shown_credential

COMMAND = "Step "  # how a line begins that is copied whole
_ID_START = "CR-"
_MOST_CANDIDATES = 10
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Section:
    """A heading and the lines below it."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """One finding in words.

    title: the finding and its rule in one line.
    sections: what is said about it, in reading order.
    cells: the cells of the row that bear on it, as reported, by column.
    finding: its row in the table of findings, as JSON values.
    """

    title: str
    sections: tuple[Section, ...]
    cells: Mapping[str, str]
    finding: Mapping[str, object]


def explain(population: Population, assessment: Assessment, name: str) -> Explanation:
    """Explain one finding.

    `name` is its Finding ID, or a beginning that no other ID has. Raises UsageError if several IDs
    begin so, or none does: then with the likely cause.
    """
    finding = _find(population, assessment, name)
    rule = RULES[str(finding["rule"])]
    credential = to_rows(assessment.credentials.iloc[[int(str(finding["row"]))]])[0]
    number = int(str(credential["report"]))
    report = assessment.reports[number]
    place = int(str(finding["user_row"])) - _first_user(assessment, number)
    cells = _cells(report, place, finding, rule)
    user, account = finding["user"], shown_account(str(finding["account_id"]))
    about = shown_credential(finding["credential"])
    decided = _decided(assessment, finding, rule, credential, report)
    sections = (
        Section(
            f"The row as reported ({finding['source_file']}, line {finding['source_line']})",
            tuple(
                f"{column}: {text or '(blank)'}{'   <- decides' * (column == finding['basis'])}"
                for column, text in cells.items()
            ),
        ),
        Section("What decided", decided),
        Section(f"The rule: {rule.id}", _rule_lines(assessment.policy, rule)),
        Section("What other tools say about this row", _peer_lines(finding, rule, credential)),
        Section("State", _state_lines(assessment, finding)),
        Section("What to do", _remedy_lines(assessment, finding)),
    )
    return Explanation(
        title=f"{finding['finding_id']}: {rule.title}: {about} of {user} in account {account}",
        sections=sections,
        cells=cells,
        finding=_to_record(assessment, finding),
    )


def _to_record(assessment: Assessment, finding: Mapping[str, object]) -> Mapping[str, object]:
    findings = assessment.findings
    mine = findings[findings["finding_id"].eq(str(finding["finding_id"]))]
    (record,) = to_records(with_names(mine, assessment.accounts)[[*FINDINGS]])
    return record


def describe_user(assessment: Assessment, name: str) -> list[str]:
    """Return a line for each credential of the users of that name, if there are any.

    Then one for each finding about a user as a whole, and one for each rule that is undetermined.
    """
    rows = assessment.credentials[assessment.credentials["user"].eq(name)]
    lines = []
    for row in to_rows(rows):
        line = _lead(row["credential"], row) + str(row["status"]).replace("_", " ")
        if not pd.isna(row["age_days"]):
            since = format_instant(row["effective_last_used"])
            line += f", {plural(int(row['age_days']), 'day')} since {since} ({row['basis']})"
        line += f"; {row['reason']}" if row["reason"] else ""
        line += f"; {row['finding_id']}" if row["finding_id"] else ""
        lines.append(line)
    found = assessment.findings[assessment.findings["user"].eq(name)]
    lines += [
        f"{_lead(row['credential'], row)}{row['rule']}; {row['finding_id']}"
        for row in to_rows(found[found["credential"].isin(WHOLE_USER)])
    ]
    unsure = assessment.undecided.merge(rows["account_id"], left_on="row", right_index=True)
    lines += [
        f"{_lead(row['credential'], row)}undetermined by {row['reason']}"
        for row in to_rows(unsure[unsure["has_row"].astype(bool)])
    ]
    return lines


def _lead(credential: object, row: Mapping[str, object]) -> str:
    words = shown_credential(credential)
    return f"{words} in account {shown_account(str(row['account_id']))}: "


def _find(population: Population, assessment: Assessment, name: str) -> dict[str, object]:
    wanted = name.strip().upper()
    wanted = wanted if wanted.startswith(_ID_START) else f"{_ID_START}{wanted}"
    findings = assessment.findings
    ids = findings["finding_id"]
    found = findings[ids.eq(wanted)]
    if found.empty:
        found = findings[ids.str.startswith(wanted)]
    if len(found) == 1:
        (row,) = to_rows(found)
        return row
    if len(found):
        shown = [
            f"{row['finding_id']} ({row['user']}, {row['credential']}, {row['rule']})"
            for row in to_rows(found.head(_MOST_CANDIDATES))
        ]
        more = len(found) - len(shown)
        end = f", and {more} more" if more else ""
        message = f"{name}: {len(found)} findings begin like this: {', '.join(shown)}{end}; give more of the ID"
        raise UsageError(message)
    raise UsageError(_why_unknown(population, assessment, name, wanted))


def _why_unknown(population: Population, assessment: Assessment, name: str, wanted: str) -> str:
    """Return that there is no such finding, and the likely cause: a rule that does not fire here."""
    policy = assessment.policy
    judged = (
        f"no finding {name} among the {plural(len(assessment.findings), 'finding')} of these inputs, "
        f"as of {as_of_words(assessment.totals)}, by profile {policy.profile} "
        f"({policy.unused_after_days} days)"
    )
    wide = assess(population, widest()).findings
    found = wide[wide["finding_id"].str.startswith(wanted)]
    if len(found) == 1:
        (row,) = to_rows(found)
        about = shown_credential(row["credential"])
        rule = RULES[str(row["rule"])]
        who = f"It would be {about} of {row['user']!r} under rule {rule.id}, which"
        if rule.id not in policy.rules:
            return f"{judged}. {who} is not in force here: give its --profile or --policy"
        if row["user"] == ROOT_USER and rule.judged and not policy.include_root:
            return f"{judged}. {who} judges root with --include-root only"
        assert rule.parameter is not None, "without a number it fires under every policy"
        (number,) = policy.numbers_for(found["user"], rule.parameter)
        days = f"{row['days']} days, and the rule fires at {rule.boundary(number)}"
        options = "--as-of, --unused-after, --profile and --policy"
        return f"{judged}. {who} does not fire: {days}; give the {options} of the run"
    return (
        f"{judged}. It may be of another account or report, of a key that was rotated or a user that "
        "was created again since (these are new findings), of a masked report, or mistyped"
    )


def widest() -> Policy:
    """Return the policy under which every rule fires for everything it can be about."""
    least = {name: each.least for name, each in PARAMETERS.items() if name != UNUSED_AFTER.name}
    for rule in RULES.values():
        if rule.operator == "<=" and rule.parameter is not None:
            least[rule.parameter.name] = rule.parameter.most
    return Policy(
        profile="all",
        unused_after_days=UNUSED_AFTER.least,
        include_root=True,
        rules=tuple(RULES),
        numbers=least,
    )


def _first_user(assessment: Assessment, number: int) -> int:
    """Return the index of a report's first user among all that were judged."""
    credentials = assessment.credentials
    return int(credentials["user_row"][credentials["report"].eq(number)].min())


def _cells(report: Report, place: int, finding: Mapping[str, object], rule: Rule) -> dict[str, str]:
    """Return the cells of the user at a place in the report that bear on the finding, in its order."""
    table, row = report.users, report.first + place  # many reports may share one table
    slot = SLOT_OF.get(str(finding["credential"]))
    columns = [USER, ARN, CREATED]
    columns += _columns_of(slot) if slot else [*USER_CELLS]
    columns += [NEXT_ROTATION] if finding["basis"] == NEXT_ROTATION else []
    columns += [MFA] if MFA not in columns and rule.subject is not Subject.CREDENTIAL else []
    basis = str(finding["basis"])
    columns += [basis] if basis and basis not in columns else []
    texts = {column: table.text(row, column) for column in columns}
    return {column: text for column, text in texts.items() if text is not None}


def _columns_of(slot: Slot) -> list[str]:
    parts = (slot.enabled, slot.last_used, slot.fallback, slot.service, slot.region)
    return [*filter(None, parts), MFA]


def _decided(
    assessment: Assessment,
    finding: Mapping[str, object],
    rule: Rule,
    credential: Mapping[str, object],
    report: Report,
) -> tuple[str, ...]:
    """Return which cell decided and the arithmetic, to the second."""
    if rule.measure is None or rule.parameter is None or pd.isna(finding["days"]):  # type: ignore[call-overload]
        return (
            f"The rule measures {rule.measures}, and that is so in this row; no days are counted.",
        )
    since, as_of = finding["since"], report.as_of
    assert isinstance(since, pd.Timestamp)
    assert as_of is not None, "what is judged has an as-of"
    basis, limit = str(finding["basis"]), str(finding["limit"])
    number = int(limit.rsplit(maxsplit=1)[-1])
    lines = []
    slot = SLOT_OF.get(str(finding["credential"]))
    is_about_use = rule.judged is not None
    if is_about_use and slot and basis == slot.fallback and credential["use"] == Use.NEVER_USED:
        lines.append(
            f"`{slot.last_used}` is {credential['last_used_raw'] or 'blank'!r}: never used, so the "
            f"day on which it was set counts, `{basis}`."
        )
    else:
        lines.append(f"`{basis}` decides: days {rule.measure.label}.")
    judged = pd.Timestamp(as_of)
    is_left = rule.measure is EXPIRY
    apart = since - judged if is_left else judged - since
    difference = f"{basis} - as-of" if is_left else f"as-of - {basis}"
    lines += [
        f"as-of: {format_instant(as_of)} ({report.as_of_origin})",
        f"{basis}: {format_instant(since)}",
        f"{difference} = {elapsed(apart)}; whole days, rounded down: {finding['days']}",
        f"{finding['days']} {limit}: it fires.",
    ]
    if rule.operator != "<=":
        edge = since + (number + (rule.operator == ">")) * _DAY
        lines.append(
            f"The boundary: it fires from {format_instant(edge)} on, and not one second earlier; the "
            f"as-of is {elapsed(judged - edge)} after that."
        )
    else:
        lines.append(
            f"The boundary: it fires up to {number} whole days, and no longer at {number + 1}."
        )
    own = assessment.policy.number_of(rule)
    if own != number:
        lines.append(
            f"The number {number} is that of the class of this user; for others it is {own}."
        )
    return tuple(lines)


def elapsed(apart: timedelta) -> str:
    """Return a time between two instants to the second, such as `98 days 7:05:09`."""
    days, rest = divmod(int(abs(apart).total_seconds()), 86_400)
    sign = "-" if apart < timedelta(0) else ""
    return f"{sign}{plural(days, 'day')} {rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"


def _rule_lines(policy: Policy, rule: Rule) -> tuple[str, ...]:
    number = policy.number_of(rule)
    profile = PROFILES[policy.profile]
    lines = [f"{rule.title}; severity {rule.severity}. Measures {rule.measures}."]
    if rule.parameter is not None:
        known = profile.number(rule.parameter.name)
        usual = known.value if known else rule.parameter.default
        if number != usual:
            whose = f"profile {profile.name} has" if known else "credreport's own default is"
            source = f"asked for by this run; {whose} {usual}"
        else:
            source = (
                f"profile {profile.name}: {known.source}" if known else "credreport's own default"
            )
        lines.append(f"Fires at {rule.boundary(number)} ({source}).")
    lines += [f"Control of this profile: {control}" for control in policy.controls(rule)]
    here = profile.controls(rule, number)
    others = [control for control in rule.controls if control not in here]
    lines += [f"Controls of other benchmarks: {'; '.join(others)}."] if others else []
    return (*lines, f"Why it matters, an example and its limits: docs/rules.md#{rule.id}")


def _peer_lines(
    finding: Mapping[str, object],
    rule: Rule,
    credential: Mapping[str, object],
) -> tuple[str, ...]:
    if rule.id not in UNUSED_RULES:
        return (rule.peers,) if rule.peers else ("No known differences.",)
    days = int(str(finding["days"]))
    never = credential["use"] == Use.NEVER_USED
    number = int(str(finding["limit"]).rsplit(maxsplit=1)[-1])
    prowler = prowler_on_unused(days, number, is_never_used=never)
    return (
        f"Prowler: {prowler}",
        f"AWS Security Hub: {SECURITY_HUB}",
        f"AWS Config: {CONFIG}",
        f"Why: {rule.peers}",
    )


def _state_lines(assessment: Assessment, finding: Mapping[str, object]) -> tuple[str, ...]:
    if finding["state"] == WAIVED:
        mine = assessment.waivers[assessment.waivers["waiver"].eq(str(finding["waiver"]))]
        return tuple(
            f"Waived by {row['waiver']}: {str(row['reason']).removesuffix('.')}. Approved by {row['approved_by']} on "
            f"{row['approved_on']}; expires {row['expires']}."
            for row in to_rows(mine)
        )
    lines = ["Open."]
    for column, words in (
        ("expired_findings", "has expired"),
        ("early_findings", "is not yet in force"),
    ):
        lines += [
            f"Waiver {row['waiver']} would cover it, but {words}."
            for row in to_rows(assessment.waivers)
            if str(finding["finding_id"]) in str(row[column]).split()
        ]
    if not assessment.waivers_origin:
        lines.append("No waivers were given (--waivers).")
    return tuple(lines)


def _remedy_lines(assessment: Assessment, finding: Mapping[str, object]) -> tuple[str, ...]:
    is_asked = assessment.findings["finding_id"].eq(str(finding["finding_id"]))
    (row,) = to_rows(to_remediation(replace(assessment, findings=assessment.findings[is_asked])))
    steps: Sequence[tuple[str, str]] = (
        ("Check first", "check"), (f"{COMMAND}1", "step_1"), (f"{COMMAND}2", "step_2"), ("Console", "console"),
    )  # fmt: skip
    return (
        f"{finding['action']}.",
        *(f"{label}: {row[name]}" for label, name in steps if row[name]),
    )
