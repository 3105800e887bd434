"""The counts and the verdict of a comparison, from which every format takes them."""

from __future__ import annotations

import pandas as pd

from credreport.comparison.closing import CLOSING_WORDS
from credreport.comparison.comparison import Comparison, Repeated
from credreport.comparison.days import list_days
from credreport.instants import format_instant
from credreport.reports.selection import as_of_sentences
from credreport.rules.catalogue import RULES, UNUSED_RULES
from credreport.rules.policy import Policy
from credreport.schema import (
    FINDING_KIND_WORDS,
    FINDING_KINDS,
    Change,
    Kind,
    Outcome,
)
from credreport.text import first_few, plural
from credreport.verdicts.tally import accounts_sentences, days_words

MEANINGS = {
    Change.STILL_UNUSED: "unused on both dates, not used between them",
    Change.UNUSED_AGAIN: "unused on both dates, used between them",
    Change.NOT_COVERED: "its account has no report on the newest date: what was open stays open",
    Change.UNDETERMINED: "cannot be determined; the evidence says why",
    Change.STILL_UNDETERMINED: "cannot be determined on either date",
    Change.NEWLY_UNUSED: "in use before, unused now",
    Change.ADDED: "new credential, new user, or an account without a report of the first date",
    Change.REACTIVATED: "inactive before, active now: watch",
    Change.DEACTIVATED: "active before, inactive now",
    Change.REMOVED: "gone, while its user is still there",
    Change.USER_REMOVED: "gone with its user",
    Change.REPLACED: "rotated: the new key starts its own age",
    Change.USED_AGAIN: "unused before, used since",
    Change.OTHER_LIMIT: "unused before and not used since: its user, renamed, is in another class",
    Change.STILL_CURRENT: "in use on both dates",
    Change.STILL_INACTIVE: "inactive on both dates",
    Change.STILL_EXCLUDED: "root: shown, not judged",
}
_OTHERS = {
    Outcome.WAIVED: "waived",
    Outcome.UNDETERMINED: "undetermined",
    Outcome.NOT_COVERED: "in accounts without a report now",
}
_MOST_ACCOUNTS = 3


def comparison_verdict(comparison: Comparison) -> str:
    """Return the verdict in whole sentences."""
    return " ".join(comparison_sentences(comparison))


def comparison_sentences(comparison: Comparison) -> list[str]:
    """Return the verdict: findings over all rules, then by rule; what is open; what was not compared."""
    changes = comparison.changes
    closed = changes.loc[changes["state"].eq(Outcome.CLOSED), "closed_by"]
    ways = [
        f"{count} {words}"
        for way, words in CLOSING_WORDS.items()
        if (count := int(closed.eq(way).sum()))
    ]
    parts = [
        f"{len(closed)} of {plural(comparison.findings_before, 'finding')} closed"
        + (f": {', '.join(ways)}" if ways else ""),
        f"{comparison.count_findings(Outcome.STILL_OPEN)} still open",
        f"{comparison.count_findings(Outcome.NEW)} new",
        *(
            f"{count} {words}"
            for outcome, words in _OTHERS.items()
            if (count := comparison.count_findings(outcome))
        ),
    ]
    sentences = [
        f"{'; '.join(parts)} ({_to_question(comparison.policy)}, {to_span(comparison)}).",
        f"Open now: {plural(comparison.open_findings, 'finding')}.",
        *_to_rule_sentence(comparison),
        *_to_gaps(comparison),
    ]
    if len(comparison.assessments) > 2:
        sentences.append(_to_timeline_sentence(comparison))
    reports = [report for date in comparison.assessments for report in date.reports]
    sentences += as_of_sentences(reports)
    sentences += accounts_sentences(comparison.never_reported, "any date")
    if comparison.refused:
        files = len({problem.source for problem in comparison.refused})
        sentences.append(f"{plural(files, 'input')} refused and left out: see Inputs.")
    if not is_tied_out(comparison):
        sentences.append("THE ROWS DO NOT TIE OUT: do not rely on this.")
    return sentences


def _to_question(policy: Policy) -> str:
    """Return the policy: the number of days, and the rules if there are more."""
    unused = f"unused for {days_words(policy)}"
    if set(policy.rules) <= set(UNUSED_RULES):
        return unused
    by_policy = ", changed by a policy" if policy.origin else ""
    rules = plural(len(policy.rules), "rule")
    return f"{rules} of profile {policy.profile}{by_policy}, {unused}"


def _to_rule_sentence(comparison: Comparison) -> list[str]:
    rules = to_by_rule(comparison)
    if set(comparison.policy.rules) <= set(UNUSED_RULES):
        return []
    shown = rules[rules[["before", "open", "new"]].sum(axis=1).gt(0)]
    words = [
        f"{rule} {closed} of {before} closed, {now} open"
        for rule, closed, before, now in zip(
            shown["rule"], shown["closed"], shown["before"], shown["open"], strict=True
        )
    ]
    return [f"By rule: {'; '.join(words)}."] if words else []


def _to_gaps(comparison: Comparison) -> list[str]:
    """Say what could not be compared or determined."""
    sentences = []
    if comparison.undetermined:
        number = comparison.undetermined
        who = "credential or user" if number == 1 else "credentials or users"
        where = "Changes and Timeline" if comparison.undetermined_between else "Changes"
        sentences.append(f"{number} {who} could not be judged on one date or both: see {where}.")
    coverage, days = comparison.coverage, comparison.days
    if missing := comparison.not_covered:
        sentences.append(
            f"Not covered, because there is no report of {days[-1]}: {_to_list(missing)}."
        )
    first = coverage.groupby("account_id")["date"].min().eq(coverage["date"].max())
    if first.any():
        sentences.append(f"First seen, so all of it is new: {_to_list(list(first.index[first]))}.")
    if gaps := comparison.gaps:
        named = [f"{account_id} (of {list_days(missing)})" for account_id, missing in gaps.items()]
        who = "Account" if len(gaps) == 1 else "Accounts"
        sentences.append(
            f"{who} without a report of an older date: {first_few(named, _MOST_ACCOUNTS)}."
        )
    sentences += _to_repeated(comparison.repeated)
    return sentences


def _to_repeated(repeated: tuple[Repeated, ...]) -> list[str]:
    """Say where two dates have one and the same report."""
    itself = [each.account_id for each in repeated if each.before == each.after]
    others = [
        f"account {each.account_id} on {format_instant(each.before)} and {format_instant(each.after)}"
        for each in repeated
        if each.before != each.after
    ]
    sentences = []
    if itself:
        sentences.append(
            f"COMPARED WITH ITSELF: the older and the newer report are one, of {_to_list(itself)}."
        )
    if others:
        more = f", and {len(others) - 1} more such pairs" if len(others) > 2 else ""
        named = others[0] if more else "; ".join(others)
        sentences.append(
            f"THE SAME REPORT ON TWO DATES: {named}{more}: AWS serves "
            "a report for up to four hours, so nothing can be said about the time between."
        )
    return sentences


def _to_list(accounts: list[str]) -> str:
    words = "account" if len(accounts) == 1 else "accounts"
    return f"{words} {first_few(accounts, _MOST_ACCOUNTS)}"


def _to_timeline_sentence(comparison: Comparison) -> str:
    timeline = comparison.timeline
    words = f"Over {len(comparison.assessments)} dates: {plural(len(timeline), 'finding')}"
    closed = timeline.loc[timeline["state"].eq("closed"), "days_open"]
    if len(closed):
        words += f", {len(closed)} closed, after {float(closed.median()):g} days at the median"
    return f"{words}; {int(timeline['came_back'].gt(0).sum())} came back after closing."


def comparison_title(comparison: Comparison) -> str:
    """Return the finding in one line, for titles."""
    closed = comparison.count_findings(Outcome.CLOSED)
    before = plural(comparison.findings_before, "finding")
    new = comparison.count_findings(Outcome.NEW)
    return f"{closed} of {before} closed, {comparison.open_findings} open now, {new} of them new"


def to_span(comparison: Comparison) -> str:
    """Return `2026-06-30 against 2026-09-30`; instants where the days are the same."""
    return f"{comparison.days[0]} against {comparison.days[-1]}"


def is_tied_out(comparison: Comparison) -> bool:
    """Whether every row of every report of every date is accounted for."""
    return all(date.is_tied_out for date in comparison.assessments)


def to_flags(changes: pd.DataFrame) -> pd.DataFrame:
    """Return what each row of `changes` counts for, a boolean each.

    `before` = `closed` + `not_closed`; `now` = `not_closed` + `new`, where `new` is all that the
    first date did not have, waived or not. `open` is what counts as open now; `waived`,
    `undetermined` and `not_covered` say why the others do not, or still do.
    """
    state, was = changes["state"], changes["closed"].ne("")
    closed = state.eq(Outcome.CLOSED)
    return pd.DataFrame(
        {
            "before": was,
            "closed": closed,
            "not_closed": was & ~closed,
            "new": state.ne("") & ~was,
            "now": state.ne("") & ~closed,
            "open": changes["is_open"],
            "waived": state.eq(Outcome.WAIVED),
            "undetermined": state.eq(Outcome.UNDETERMINED),
            "not_covered": state.eq(Outcome.NOT_COVERED),
        }
    )


def to_by_kind(comparison: Comparison) -> pd.DataFrame:
    """Return `type` and the counts of `to_flags` for each kind that has findings, and the total."""
    kinds = list(dict.fromkeys(comparison.open_counts["kind"]))
    ordered = [kind for kind in FINDING_KINDS if kind in kinds]
    flags = to_flags(comparison.changes)
    counts = flags.groupby(comparison.changes["kind"]).sum().reindex(ordered, fill_value=0)
    total = counts.sum().to_frame("Total").T
    table = pd.concat([counts.rename(FINDING_KIND_WORDS), total]).astype("int64")
    return table.rename_axis("type").reset_index()


def to_by_rule(comparison: Comparison) -> pd.DataFrame:
    """Return `rule`, `severity` and the counts of `to_flags` for each rule compared."""
    rules = list(comparison.policy.rules)
    flags = to_flags(comparison.changes)
    counts = flags.groupby(comparison.changes["rule"]).sum().reindex(rules, fill_value=0)
    severity = [RULES[rule].severity.value for rule in rules]
    table = counts.astype("int64").rename_axis("rule").reset_index()
    table.insert(1, "severity", severity)
    return table


def to_by_change(comparison: Comparison) -> pd.DataFrame:
    """Return how many passwords and access keys had each change: each credential counts once."""
    kinds = {Kind.PASSWORD.value: "passwords", Kind.ACCESS_KEY.value: "access_keys"}
    changes = comparison.changes
    compared = changes[changes["kind"].isin(kinds)].drop_duplicates("key")
    counts = pd.crosstab(compared["change"], compared["kind"]).reindex(
        index=[change.value for change in MEANINGS], columns=list(kinds), fill_value=0
    )
    table = counts.rename(columns=kinds).assign(
        credentials=counts.sum(axis=1), meaning=list(MEANINGS.values())
    )
    present = table[table["credentials"].gt(0)]
    names = ["change", *kinds.values(), "credentials", "meaning"]
    return present.rename_axis("change").reset_index()[names]


def comparing_rows() -> list[tuple[str, str]]:
    """Return what the sheet Method says about comparing, before what it says about judging."""
    return [
        (
            "The comparison",
            "Was it fixed, and what is new? Every date is judged by itself, by the rules below; then "
            "each finding of the first date, of every rule, is looked for on the last. Before = "
            "closed + not closed; now = not closed + new. Open now: still open, new, or in an account "
            "that is not covered any more; not what a waiver covers.",
        ),
        (
            "The same account",
            "The same 12-digit ID. An account without a report of a date is not covered: its findings "
            "stay open, because a missing report is not a remediation. An account seen for "
            "the first time brings its credentials as added.",
        ),
        (
            "The same user",
            "The same account, ARN (in any case) and creation time. The same name created at another "
            "time is another person: the old one was removed, a new one added. IAM keeps the creation "
            "time of a user that is renamed or moved to another path: where one ARN disappeared and one "
            "appeared with the same creation time, it is the same user; of several, the dates of "
            "their access keys decide; what they do not decide is undetermined. Root is always root.",
        ),
        (
            "The same credential",
            "A password belongs to its user, whenever it was last set. An access key is its user and "
            "its last_rotated, whatever slot it stands in; two made in the same second are distinguished "
            "by their last use; if one is gone, by which was active; then by slot. Where exactly one key "
            "of a user disappeared and exactly one is new, the key was rotated: replaced. Where a date "
            "that distinguishes keys or users cannot be read: undetermined.",
        ),
        (
            "Closed",
            "By use, by switching it off, by removing it or its user, by rotation, or corrected: the "
            "credential is still there, and the rule is not broken any more. What is undetermined and "
            "what is not covered is not closed. A password that was changed without being used "
            "counts as used again, because its age starts again; a warning names it.",
        ),
        (
            "Waived",
            "A waiver is judged at the as-of of each report. A finding that one covers now is counted "
            "as waived, not as open; one that a waiver covered before and none covers now is open.",
        ),
        *[
            (f"Change: {change.value.replace('_', ' ')}", f"{words[0].upper()}{words[1:]}.")
            for change, words in MEANINGS.items()
        ],
        (
            "Timeline",
            "With three dates or more: a finding is first seen in the first of these reports that "
            "shows it, and closed on the first that shows it is not there any more. It may have begun "
            "before the first report, and it was closed between two reports: days open are days "
            "between reports in which no waiver covered it. One that came back keeps its row.",
        ),
    ]
