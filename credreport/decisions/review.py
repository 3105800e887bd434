"""Decisions x what was judged -> Review: which were carried over, and which the report contradicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from credreport.comparison.closing import BY_USE, CORRECTED
from credreport.comparison.comparison import Comparison
from credreport.decisions.decision import (
    OPTION,
    VERIFIABLE,
    Decision,
    Decisions,
    Review,
    without_number,
)
from credreport.errors import Notice, OfJudged
from credreport.reports.normalise import to_rows
from credreport.rules.catalogue import RULES, UNUSED_RULES
from credreport.rules.waivers import OPEN, WAIVED
from credreport.schema import KIND_OF, ROOT_USER, SWITCHED_OFF, Change, Kind, Outcome, Status
from credreport.text import plural
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import Assessment
from credreport.verdicts.credentials import is_active
from credreport.verdicts.tally import newest_as_of, shown_account

NOT_FOUND = "not_found"
NOT_JUDGED = "not_judged"
# What the sheet shows first, below what is contradicted.
_ORDER = (
    OPEN, Outcome.NOT_COVERED.value, Outcome.UNDETERMINED.value, NOT_JUDGED, WAIVED, NOT_FOUND,
    Outcome.CLOSED.value,
)  # fmt: skip
_OPEN_STATES = (Outcome.STILL_OPEN, Outcome.NEW)
_TEXT = (
    "finding_id", "account_id", "user", "credential", "rule", "state", "disposition", "decided_by",
    "decision_date", "notes", "check",
)  # fmt: skip
_NAMED = 5
_IS_OF_TWO = "is_of_two"  # of a change: another key had its Finding ID and slot before
_Row = dict[str, Any]
_Judged = TypeVar("_Judged", Assessment, Comparison)


@dataclass(frozen=True)
class _Standing:
    """What the reports say now about one finding that was decided.

    state: as in the column of that name.
    detail: how that is known.
    way: how it was closed, as in `closed_by` of the changes.
    row: what the finding is about; the old workbook's words where this run does not have it.
    as_of: of the report that was looked at.
    is_found: whether the sheet Findings of this run has the finding.
    is_of_two: whether it may be that of either of two keys.
    """

    state: str
    detail: str
    row: Mapping[str, Any]
    as_of: datetime
    is_found: bool = False
    way: str = ""
    is_of_two: bool = False


@dataclass(frozen=True)
class _Run:
    """What was judged: `findings` of the newest date by ID, and `changes` as `_to_changes` has them.

    `credentials` are those of the newest date, at least of the users whom a decision names.
    """

    newest: Assessment
    credentials: pd.DataFrame
    findings: Mapping[str, _Row]
    changes: Mapping[tuple[str, str], _Row]

    @cached_property
    def active(self) -> frozenset[tuple[str, str, str]]:
        """Account, user and kind of every active credential."""
        table = self.credentials
        active = table.loc[is_active(table), ["account_id", "user", "kind"]].drop_duplicates()
        return frozenset(
            (shown_account(account), str(user), str(kind))
            for account, user, kind in active.itertuples(index=False, name=None)
        )

    @cached_property
    def unsure(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The kinds that could not be judged, by account and user; an empty one is the whole user."""
        table = self.newest.undetermined[["account_id", "user", "credential"]].drop_duplicates()
        kinds: dict[tuple[str, str], frozenset[str]] = {}
        for account, user, credential in table.itertuples(index=False, name=None):
            kind = KIND_OF.get(str(credential), "")
            who = shown_account(account), str(user)
            kinds[who] = kinds.get(who, frozenset()) | {kind}
        return kinds

    @cached_property
    def as_of(self) -> Mapping[str, datetime]:
        """The newest as-of of each account that has a report, by its words."""
        reports = self.newest.reports
        dated = [(each.as_of, shown_account(each.account_id)) for each in reports if each.as_of]
        return {account: as_of for as_of, account in sorted(dated)}


@storing_python_text
def review(
    decisions: Decisions,
    judged: Assessment | Comparison,
    credentials: pd.DataFrame | None = None,
) -> Review:
    """Look for the finding of every decision, and check what the decision says about it.

    `credentials` are those of the users whom a decision names, if all were put aside.
    Raises OfJudged where a Finding ID is next to another user or rule than this run's: rows of
    the old workbook were mixed up.
    """
    comparison = judged if isinstance(judged, Comparison) else None
    newest = judged.newest if isinstance(judged, Comparison) else judged
    findings = {row["finding_id"]: row for row in to_rows(newest.findings)}
    known = newest.credentials if credentials is None else credentials
    run = _Run(newest, known, findings, _to_changes(comparison))
    rows: list[_Row] = []
    notices = [*decisions.notices, *_sign_off_notices(decisions)]
    problems: list[str] = []
    seen: set[tuple[str, bool]] = set()
    for decision in sorted(decisions, key=lambda each: each.finding_id not in findings):
        standing = _find(decision, run)
        problem = _mixed_up(decision, standing) if standing.is_found else ""
        if problem:
            problems.append(f"{OPTION} {_name(decisions)}: {decision.place}: {problem}")
        is_contradicted, check, code = _check(decision, standing)
        finding_id = str(standing.row["finding_id"])
        about_it = finding_id, standing.is_found
        is_carried = standing.is_found and about_it not in seen
        if about_it in seen:  # the ID from before a user was renamed, besides the one after
            is_contradicted, check, code = (
                False,
                f"{decision}; the one under {finding_id} counts",
                "",
            )
        seen.add(about_it)
        about = {name: str(standing.row[name]) for name in ("account_id", "user", "credential")}
        rows.append(
            {
                "finding_id": finding_id if is_carried else decision.finding_id,
                **about,
                "rule": str(standing.row["rule"]),
                "state": standing.state,
                **decision.cells,
                "is_contradicted": is_contradicted,
                "check": check,
                "is_found": is_carried,
                "is_decided": True,
            }
        )
        if code:
            who = f"{finding_id}, {about['user']!r} in account {about['account_id'] or 'unknown'}"
            notices.append(Notice(_name(decisions), 0, code, f"{who}: {check}"))
    if problems:
        raise OfJudged(*problems[:20])
    rows += [
        {
            **{name: str(row[name]) for name in _TEXT[:6]},
            **dict.fromkeys(_TEXT[6:], ""),
            "check": "no decision yet",
            "is_contradicted": False,
            "is_found": True,
            "is_decided": False,
        }
        for row in findings.values()
        if row["state"] == OPEN and (row["finding_id"], True) not in seen
    ]
    columns = [*_TEXT, "is_contradicted", "is_found", "is_decided"]
    table = pd.DataFrame(rows, columns=columns).astype(
        dict.fromkeys(_TEXT, "str") | dict.fromkeys(columns[len(_TEXT) :], "bool")
    )
    return Review(decisions, _in_order(table), tuple(notices))


def _sign_off_notices(decisions: Decisions) -> list[Notice]:
    """Say who signed the old workbook by hand: this evidence has to be signed anew."""
    if not any(label in ("Date", "Reviewed by") for label, _ in decisions.signed):
        return []
    signed = "; ".join(f"{label}: {text}" for label, text in decisions.signed)
    message = f"signed off there ({signed}); sign this evidence again"
    return [Notice(_name(decisions), 0, "sign-off", message)]


def with_review(judged: _Judged, found: Review) -> _Judged:
    """Return the same, with the review and its warnings at the newest date."""
    if isinstance(judged, Assessment):
        return replace(judged, review=found, notices=(*judged.notices, *found.notices))
    newest = with_review(judged.newest, found)
    return replace(judged, assessments=(*judged.assessments[:-1], newest))


def reviewed(
    judged: _Judged, decisions: Decisions | None, credentials: pd.DataFrame | None = None
) -> _Judged:
    """Return what was judged, compared with the decisions as `review` does; unchanged if there are none."""
    if decisions is None:
        return judged
    return with_review(judged, review(decisions, judged, credentials))


def contradiction_sentences(found: Review | None) -> list[str]:
    """Say how many decisions the report contradicts."""
    number = 0 if found is None else int(found.table["is_contradicted"].sum())
    if not number:
        return []
    verb = "says" if number == 1 else "say"
    return [
        f"{plural(number, 'decision')} {verb} Removed or Disabled, which the report contradicts: "
        "see Decisions."
    ]


def count_sentence(found: Review) -> str:
    """Return how many decisions were carried over, what became of the others, and what is undecided."""
    table = found.table[found.table["is_decided"]]
    states = table.loc[~table["is_found"], "state"].value_counts()
    words = {
        Outcome.CLOSED.value: "closed",
        NOT_FOUND: "not found in this run",
        OPEN: "open under another date",
        WAIVED: "waived on another date",
        Outcome.UNDETERMINED.value: "undetermined now",
        Outcome.NOT_COVERED.value: "in accounts without a report now",
        NOT_JUDGED: "of what this run does not judge",
    }
    others = [f"{states[state]} {text}" for state, text in words.items() if state in states.index]
    carried = int(table["is_found"].sum())
    undecided = len(found.table) - len(table)
    verb = "has" if undecided == 1 else "have"
    return "; ".join(
        [
            f"{carried} of {plural(len(table), 'decision')} matched a finding",
            *others,
            f"{plural(undecided, 'open finding')} {verb} no decision",
        ]
    )


def _name(decisions: Decisions) -> str:
    return decisions.file.name if decisions.file else ""


def _to_changes(comparison: Comparison | None) -> dict[tuple[str, str], _Row]:
    """Return what became of each finding, by its ID and its credential of any date; also by the ID alone.

    A renamed user's has several IDs; of two keys made in one second, each may have the other's later.
    """
    if comparison is None:
        return {}
    changes = comparison.changes
    is_judged = changes["after_status"].isin([Status.UNUSED, Status.CURRENT])
    active = changes[is_judged].drop_duplicates("key").set_index("key")["after_as_of"]
    became = {
        (row["key"], row["rule"]): {**row, **_to_between(row, active)}
        for row in to_rows(comparison.timeline)
    }
    found = to_rows(changes[changes["state"].ne("")])
    became |= {(row["key"], row["rule"]): row for row in found}
    by_id: dict[tuple[str, str], _Row] = {}
    for name in to_rows(comparison.names):
        row = became[name["key"], name["rule"]]
        own = name["finding_id"], name["credential"]
        is_of_another = by_id.get(own, row)["key"] != row["key"]
        by_id |= {(own[0], ""): row, own: {**row, _IS_OF_TWO: True} if is_of_another else row}
    return by_id


def _to_between(row: _Row, active: pd.Series) -> _Row:
    """Return what became of a finding that neither end may have.

    `active` has the newest as-of by the key of each credential that is active then: what became of
    it after the finding was closed decides whether anything is switched off.
    """
    if row["state"] != Outcome.CLOSED:
        return {
            "evidence": f"last found on {row['last_seen']:%Y-%m-%d}",
            "closed_by": "",
            "after_as_of": pd.NaT,
        }
    way, as_of = row["how"], row["closed_on"]
    evidence = f"{str(way).replace('_', ' ')}, closed on {as_of:%Y-%m-%d}"
    if way != CORRECTED and row["key"] in active.index:
        way, as_of = Change.USED_AGAIN.value, active[row["key"]]
        evidence += f", active on {as_of:%Y-%m-%d}"
    elif way in BY_USE:
        way = CORRECTED
    return {"evidence": evidence, "closed_by": way, "after_as_of": as_of}


def _find(decision: Decision, run: _Run) -> _Standing:
    """Return what became of the finding of a decision."""
    found = run.changes.get((decision.finding_id, decision.credential))
    if decision.has_twin and _may_be_of_either(decision, found, run):
        return _of_one_second(decision, run)
    change = found or run.changes.get((decision.finding_id, ""))
    now = change["finding_id"] if change else decision.finding_id
    is_closed = change is not None and change["state"] == Outcome.CLOSED
    row = None if is_closed else run.findings.get(now)
    if row:
        renamed = "" if now == decision.finding_id else f" (as {decision.finding_id} before)"
        return _Standing(row["state"], renamed, row, row["as_of"], is_found=True)
    if change:
        as_of = change["after_as_of"]
        state = OPEN if change["state"] in _OPEN_STATES else str(change["state"])
        at: datetime = newest_as_of(run.newest.totals) if pd.isna(as_of) else as_of
        way = str(change["closed_by"])
        return _Standing(state, str(change["evidence"]), change, at, way=way)
    return _find_elsewhere(decision, run)


def _may_be_of_either(decision: Decision, found: _Row | None, run: _Run) -> bool:
    """Whether it is open which of two keys made in one second has the Finding ID now.

    `found`: what became of the key of the decision's ID and slot, if dates were compared.
    """
    if run.changes:
        return found is None or _IS_OF_TWO in found
    names = decision.finding_id, without_number(decision.finding_id)
    rows = [run.findings[name] for name in names if name in run.findings]
    return any(not row["twin"] for row in rows)


def _of_one_second(decision: Decision, run: _Run) -> _Standing:
    """Say that the finding may be that of either key made in one second."""
    as_of = run.as_of.get(decision.account_id, newest_as_of(run.newest.totals))
    detail = (
        "one of two keys made in the same second is gone, and this may be of either; decide again"
    )
    return _Standing(Outcome.UNDETERMINED.value, detail, _to_row(decision), as_of, is_of_two=True)


def _to_row(decision: Decision) -> _Row:
    """Return what the old workbook says the finding is about."""
    names = ("finding_id", "account_id", "user", "credential", "rule")
    return {name: getattr(decision, name) for name in names}


def _find_elsewhere(decision: Decision, run: _Run) -> _Standing:
    """Say why there is no finding: only what this run judged can be gone."""
    row = _to_row(decision)
    as_of = run.as_of.get(decision.account_id)
    if as_of is None:
        as_of = newest_as_of(run.newest.totals)
        detail = "its account has no report in this run"
        return _Standing(Outcome.NOT_COVERED.value, detail, row, as_of)
    kind = KIND_OF.get(decision.credential, "")
    state, detail = NOT_JUDGED, _unjudged(decision, run.newest)
    if not detail:
        kinds = run.unsure.get((decision.account_id, decision.user), frozenset())
        if kinds and ("" in kinds or not kind or kind in kinds):
            detail = "this report does not allow a verdict on its user"
            return _Standing(Outcome.UNDETERMINED.value, detail, row, as_of)
        state, detail = NOT_FOUND, f"the report as of {as_of:%Y-%m-%d} has no such finding"
    if (decision.account_id, decision.user, kind) in run.active:
        known = decision.credential == Kind.PASSWORD
        detail += f", but a user of this name has an active {kind.replace('_', ' ')}"
        detail += "" if known else ", this one or another"
        return _Standing(state, detail, row, as_of, way=Change.USED_AGAIN.value if known else "")
    why = "; `credreport compare` says why" if state == NOT_FOUND else ""
    return _Standing(state, f"{detail}{why}", row, as_of)


def _unjudged(decision: Decision, newest: Assessment) -> str:
    """Say why this run could not have the finding, whatever the report says."""
    policy = newest.policy
    if decision.rule not in RULES:
        return f"no rule {decision.rule!r}"
    if decision.rule not in policy.rules:
        return f"the rule {decision.rule} is not in force in this run"
    rule = RULES[decision.rule]
    if decision.limit and rule.parameter:
        numbers = policy.possible_numbers(decision.user, rule.parameter)
        limits = [f"{rule.operator} {number}" for number in numbers]
        if decision.limit not in limits:
            now = " or ".join(f"{limit} days" for limit in limits)
            return f"the limit was {decision.limit} days and is {now} in this run"
    is_root = decision.user == ROOT_USER and decision.rule in UNUSED_RULES
    if is_root and not policy.include_root:
        return "root is not judged in this run (--include-root)"
    return ""


def _mixed_up(decision: Decision, standing: _Standing) -> str:
    """Say if the row of the old workbook is about something other than its Finding ID."""
    for name in ("rule", "account_id"):
        there, here = getattr(decision, name), str(standing.row[name])
        is_id = name == "rule" or (there.isdigit() and here.isdigit())
        if there and is_id and there != here:
            return (
                f"{decision.finding_id} is next to {there!r}, but it is of {here!r}: rows were mixed "
                "up. Sort and paste whole rows only, and correct this one"
            )
    user = str(standing.row["user"])
    is_other = decision.user.lower() not in ("", user.lower())  # IAM's names ignore case
    if "(as " not in standing.detail and user.isprintable() and is_other:
        return (
            f"{decision.finding_id} is next to {decision.user!r}, but it is of {user!r}: rows "
            "were mixed up. Sort and paste whole rows only, and correct this one"
        )
    return ""


def _check(decision: Decision, standing: _Standing) -> tuple[bool, str, str]:
    """Return whether the report contradicts the decision, the words for it, and the notice's code."""
    state, as_of = standing.state, standing.as_of
    of_report = f"this report (as of {as_of:%Y-%m-%d})"
    tail = f" ({standing.detail})" if standing.detail and not standing.is_found else standing.detail
    if standing.is_of_two:
        return False, f"{decision}; not carried over: {standing.detail}", "decision-twin"
    is_there = state in (OPEN, WAIVED)
    is_used = standing.way in BY_USE  # nothing was switched off
    if decision.disposition in VERIFIABLE:
        if (is_there or is_used) and decision.day and decision.day >= as_of.date():
            said = f"{decision}, not before {of_report}: only a later report can show it"
            return False, f"{said}{tail}", "decision-later"
        if is_there:
            still = "still open" if state == OPEN else "still there, though waived,"
            return True, f"{decision}, but {still} in {of_report}{tail}", "decision-contradicted"
        if is_used:
            return True, f"{decision}, but still active: {standing.detail}", "decision-contradicted"
        return False, f"{decision}; {_confirmation(decision, standing)}{standing.detail}", ""
    if state == OPEN and decision.disposition in ("Exception", "False positive"):
        said = f"{decision}; still counts as open: only a waiver changes that (--waivers)"
        return False, f"{said}{tail}", ""
    words = {OPEN: "still open", WAIVED: "waived", NOT_FOUND: "not found"}
    return False, f"{decision}; {words.get(state, state.replace('_', ' '))}{tail}", ""


def _confirmation(decision: Decision, standing: _Standing) -> str:
    """Return whether the reports show what was decided, before how that is known."""
    if standing.state == NOT_FOUND:
        return ""
    if standing.state != Outcome.CLOSED:
        return "not confirmed: "
    if standing.way == Change.DEACTIVATED and decision.disposition == "Removed":
        return "deactivated, not yet removed: "
    return "confirmed: " if standing.way in SWITCHED_OFF else "closed another way: "


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Return what is contradicted first, then what is undecided, then the rest by state."""
    ranks = {state: place for place, state in enumerate(_ORDER)}
    ordered = table.assign(
        agrees=~table["is_contradicted"], rank=table["state"].map(ranks).fillna(len(ranks))
    ).sort_values(["agrees", "is_decided", "rank"], kind="stable", ignore_index=True)
    return ordered.drop(columns=["agrees", "rank"])
