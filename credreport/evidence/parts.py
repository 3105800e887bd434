"""One run -> its parts by owner or account: what was judged of some of the accounts, on its own."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import pandas as pd

from credreport.decisions.decision import Decisions, Review
from credreport.errors import Notice
from credreport.evidence.account_names import NO_OWNER
from credreport.evidence.evidence import Evidence, SignOff
from credreport.evidence.of_analysis import of_analysis
from credreport.rules.accounts import AccountList
from credreport.schema import SplitBy, Status
from credreport.text import plural
from credreport.verdicts.assessment import Assessment
from credreport.verdicts.tally import shown_account

# What a waiver is about, and its state if it is: the first that is not empty counts.
_COVERED = ("findings", "early_findings", "expired_findings")
_STATES = ("in force", "not yet in force", "expired")
_MOST_LETTERS = 40
_HASH = 8
_LIKE_ANOTHER = re.compile(rf"none|unknown|(?:.*-)?[0-9a-f]{{{_HASH}}}", re.IGNORECASE)


def with_parts(
    evidence: Evidence, assessment: Assessment, by: SplitBy | None, sign_off: SignOff
) -> Evidence:
    """Return the evidence of the whole with that of each owner or account that has reports.

    Every row of the whole is in one of the parts.
    """
    if by is None:
        return evidence
    groups = _groups(assessment, by)
    endings = _endings(groups, by)

    def make_parts() -> tuple[Evidence, ...]:
        return tuple(
            _part(assessment, groups[group], f"{evidence.stem}-{endings[group]}", whose, sign_off)
            for group, whose in sorted(_names(groups, by).items())
        )

    fact = ("Workbooks", f"one per {by.value} beside this one: {len(groups)}")
    return replace(
        evidence,
        facts=(*evidence.facts, fact),
        footnotes=(*evidence.footnotes, ": ".join(fact)),
        parameters={**evidence.parameters, "split_by": by.value},
        make_parts=make_parts,
    )


def _groups(assessment: Assessment, by: SplitBy) -> dict[str, set[str]]:
    """Return the accounts of each owner, or each account, that has a report."""
    accounts = assessment.accounts
    groups: dict[str, set[str]] = {}
    for report in assessment.reports:
        known = accounts.by_id.get(report.account_id)
        owner = known.owner if known else ""
        group = owner if by is SplitBy.OWNER else report.account_id
        groups.setdefault(group, set()).add(report.account_id)
    if by is SplitBy.OWNER:  # accounts without a report go with the others of their owner
        for account in accounts.accounts:
            if account.owner in groups:
                groups[account.owner].add(account.account_id)
    return groups


def _names(groups: Iterable[str], by: SplitBy) -> dict[str, str]:
    """Return what to call each group."""
    if by is SplitBy.OWNER:
        return {group: f"owner {group}" if group else NO_OWNER for group in groups}
    return {group: f"account {shown_account(group)}" for group in groups}


def _part(
    assessment: Assessment, accounts: Collection[str], stem: str, whose: str, sign_off: SignOff
) -> Evidence:
    evidence = of_analysis(only(assessment, accounts), sign_off, stem=stem)
    number = len(assessment.reports)
    fact = ("Part of a run", f"{whose}; the whole has {plural(number, 'report')}")
    return replace(evidence, facts=(*evidence.facts, fact))


def _endings(groups: Collection[str], by: SplitBy) -> Mapping[str, str]:
    """Return a distinct ending per file: letters, digits, dashes, and a hash if that loses any.

    A group whose own name ends like a hash gets one too: it could be another's name and hash.
    """
    safe = {
        group: re.sub(r"[^A-Za-z0-9]+", "-", group).strip("-")[:_MOST_LETTERS] for group in groups
    }
    counts = Counter(each.lower() for each in safe.values())
    endings: dict[str, str] = {}
    for group, name in safe.items():
        if not group:
            endings[group] = f"by-{by.value}-none" if by is SplitBy.OWNER else "by-account-unknown"
        elif name == group and counts[name.lower()] == 1 and not _LIKE_ANOTHER.fullmatch(name):
            endings[group] = f"by-{by.value}-{name}"
        else:
            digest = hashlib.sha256(group.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
            endings[group] = "-".join(filter(None, (f"by-{by.value}", name, digest)))
    return endings


def only(assessment: Assessment, accounts: Collection[str]) -> Assessment:
    """Return what was judged of some accounts, with their warnings; what was left out stays."""
    places = [
        place for place, report in enumerate(assessment.reports) if report.account_id in accounts
    ]
    reports = [assessment.reports[place] for place in places]
    numbers = {place: number for number, place in enumerate(places)}
    credentials = _of(assessment.credentials, accounts, numbers)
    findings = _of(assessment.findings, accounts)
    judged = credentials[credentials["status"].isin([Status.UNUSED, Status.CURRENT])]
    users = _of(assessment.users, accounts, numbers)
    listed = tuple(each for each in assessment.accounts.accounts if each.account_id in accounts)
    owned = replace(assessment.accounts, accounts=listed)
    is_here = assessment.undecided["row"].isin(credentials.index)
    part = replace(
        assessment,
        reports=reports,
        users=users,
        credentials=credentials,
        findings=findings,
        undecided=assessment.undecided[is_here],
        undetermined=_of(assessment.undetermined, accounts, numbers),
        unused=assessment.unused[assessment.unused["row"].isin(credentials.index)],
        ages=judged[["kind", "age_days"]].value_counts(sort=False).reset_index(name="count"),
        waivers=_waivers_of(assessment.waivers, accounts, {*findings["finding_id"]}),
        tallies=[assessment.tallies[place] for place in places],
        report_notices=[assessment.report_notices[place] for place in places],
        iam_user_count=int((~users["is_root"]).sum()),
        notices=_notices_of(assessment, {*places}),
        accounts=AccountList(),
        review=_review_of(assessment.review, accounts),
    )
    return part.check_accounts(owned)


def _of(
    table: pd.DataFrame, accounts: Collection[str], numbers: Mapping[int, int] | None = None
) -> pd.DataFrame:
    """Return the rows of the accounts; `numbers` gives each of their reports its new one."""
    own = table[table["account_id"].isin(accounts)]
    return own if numbers is None else own.assign(report=own["report"].map(numbers))


def _notices_of(assessment: Assessment, places: Collection[int]) -> tuple[Notice, ...]:
    """Return the warnings about the files of some reports, but not about others in the same file."""
    names = {assessment.reports[place].source.name for place in places}
    own: set[Notice] = set()
    others: set[Notice] = set()
    for place, report in enumerate(assessment.reports):
        if report.source.name in names:
            mine = own if place in places else others
            mine.update(report.notices, assessment.report_notices[place])
    return tuple(
        each for each in assessment.notices if each.source in names and each not in others - own
    )


def _waivers_of(
    waivers: pd.DataFrame, accounts: Collection[str], findings: Collection[str]
) -> pd.DataFrame:
    """Return the waivers that are about these accounts or findings, with these findings alone.

    One for any account has the state that it has for these.
    """
    kept = {
        name: [
            " ".join(each for each in text.split(" ") if each in findings) for text in waivers[name]
        ]
        for name in _COVERED
    }
    own = waivers.assign(**kept).astype(dict.fromkeys(_COVERED, "str"))
    state = own["state"]
    for name, words in zip(reversed(_COVERED), reversed(_STATES), strict=True):
        state = state.mask(own[name].ne(""), words)
    own = own.assign(covers=[len(text.split()) for text in own["findings"]], state=state)
    is_about = own["account_id"].isin(accounts) & own["account_id"].ne("")
    for name in _COVERED:
        is_about |= own[name].ne("")
    return own[is_about].reset_index(drop=True)


def _review_of(review: Review | None, accounts: Collection[str]) -> Review | None:
    if review is None:
        return None
    table = _of(review.table, accounts)
    decided = {*table["finding_id"]}
    decisions = tuple(each for each in review.decisions if each.finding_id in decided)
    own: Decisions = replace(review.decisions, decisions=decisions, notices=())
    return Review(own, table, ())
