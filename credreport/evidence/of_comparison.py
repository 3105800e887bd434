"""Comparison -> evidence: the verdict in a sentence, the tables and the words that every format shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from credreport import __version__
from credreport.output.charts import Captions
from credreport.comparison.comparison import Comparison
from credreport.evidence.evidence import (
    Account,
    Evidence,
    SignOff,
    to_inputs,
    to_left_out,
    to_warnings,
)
from credreport.instants import format_instant
from credreport.evidence.method import method_rows
from credreport.verdicts.warnings import WARNING_TITLES
from credreport.reports.selection import as_of_sentences
from credreport.rules.catalogue import RULES
from credreport.schema import CLOSING, KIND_WORDS, Change, Kind, Status
from credreport.verdicts.tally import plural, to_parameters

_CLOSING_WORDS = {
    Change.DEACTIVATED: "deactivated",
    Change.REMOVED: "removed",
    Change.USER_REMOVED: "removed with the user",
    Change.REPLACED: "replaced",
    Change.USED_AGAIN: "used again",
}
_MEANINGS = {
    Change.STILL_UNUSED: "unused on both dates",
    Change.NOT_COVERED: "its account has no report on the newest date: open, not resolved",
    Change.UNDETERMINED: "cannot be told; the evidence says why",
    Change.STILL_UNDETERMINED: "cannot be told on either date",
    Change.NEWLY_UNUSED: "in use before, unused now",
    Change.ADDED: "new credential, new user or first report of the account",
    Change.REACTIVATED: "inactive before, active now: watch",
    Change.DEACTIVATED: "active before, inactive now",
    Change.REMOVED: "gone, while its user is still there",
    Change.USER_REMOVED: "gone with its user",
    Change.REPLACED: "rotated: the new key starts its own age",
    Change.USED_AGAIN: "unused before, used since",
    Change.STILL_CURRENT: "in use on both dates",
    Change.STILL_INACTIVE: "inactive on both dates",
    Change.STILL_EXCLUDED: "root: shown, not judged",
}
_KINDS = (Kind.PASSWORD.value, Kind.ACCESS_KEY.value)


@dataclass(frozen=True)
class ComparisonEvidence:
    """Facts and tables of a comparison, ready for any format.

    `by_kind`: findings before, closed, still open, new and now, by type of credential. `by_change`:
    how many credentials had each change. `changes`, `timeline`, `open_counts`: as in Comparison.
    `accounts`, `inputs`, `tie_out`, `warnings`, `left_out`: where it came from and whether it adds up.
    """

    stem: str
    title: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    sign_off: SignOff
    parameters: Mapping[str, object]
    days: tuple[str, ...]
    ties_out: bool
    by_kind: pd.DataFrame
    by_change: pd.DataFrame
    changes: pd.DataFrame
    timeline: pd.DataFrame
    open_counts: pd.DataFrame
    accounts: pd.DataFrame
    inputs: pd.DataFrame
    tie_out: pd.DataFrame
    warnings: pd.DataFrame
    left_out: pd.DataFrame
    method: pd.DataFrame
    captions: Captions
    warning_counts: Mapping[str, int]

    @property
    def has_timeline(self) -> bool:
        """Whether there are dates enough to follow findings over: three or more."""
        return len(self.days) > 2


def to_comparison_evidence(
    comparison: Comparison,
    sign_off: SignOff | None = None,
    accounts: Sequence[Account] = (),
) -> ComparisonEvidence:
    """Return everything that the formats write. Pure: the same comparison gives the same evidence."""
    title = _title(comparison)
    inputs = [to_inputs(date.totals) for date in comparison.assessments]
    tie_outs = [
        table.replace({"source_file": {"Total": f"Total of {day}"}})
        for table, day in zip(
            (date.tie_out for date in comparison.assessments), _days(comparison), strict=True
        )
    ]
    codes = Counter(notice.code for notice in comparison.notices)
    method = [*_method_rows(), *method_rows(comparison.policy, RULES)]
    return ComparisonEvidence(
        stem=_stem(comparison),
        title=title,
        verdict=to_verdict(comparison),
        facts=tuple(_facts(comparison)),
        sign_off=sign_off or SignOff(),
        parameters={"command": "compare", **to_parameters(comparison.policy)},
        days=tuple(_days(comparison)),
        ties_out=_is_tied_out(comparison),
        by_kind=_by_kind(comparison),
        by_change=_by_change(comparison),
        changes=comparison.changes,
        timeline=comparison.timeline,
        open_counts=comparison.open_counts,
        accounts=_accounts(comparison, accounts),
        inputs=pd.concat(inputs, ignore_index=True),
        tie_out=pd.concat(tie_outs, ignore_index=True),
        warnings=to_warnings(comparison.notices),
        left_out=to_left_out(comparison.refused, comparison.superseded, comparison.skipped),
        method=pd.DataFrame(method, columns=["section", "text"], dtype="str"),
        captions=Captions(title, _caption(comparison), comparison.policy.unused_after_days),
        warning_counts={WARNING_TITLES[code]: count for code, count in codes.items()},
    )


def add_baseline(evidence: Evidence, comparison: Comparison) -> Evidence:
    """Return the evidence of the newest date with the changes since the oldest: `--baseline`."""
    own = to_warnings(comparison.own_notices)
    codes = Counter(WARNING_TITLES[notice.code] for notice in comparison.own_notices)
    since = _days(comparison)[0]
    first = comparison.first
    left_out = to_left_out(first.refused, first.superseded, first.skipped)
    return replace(
        evidence,
        facts=(*evidence.facts, (f"Since {since}", to_verdict(comparison))),
        changes=comparison.changes,
        baseline=to_inputs(first.totals),
        warnings=pd.concat([evidence.warnings, own], ignore_index=True),
        warning_counts={**evidence.warning_counts, **codes},
        left_out=pd.concat([evidence.left_out, left_out], ignore_index=True),
    )


def to_verdict(comparison: Comparison) -> str:
    """Return the verdict: how many findings were closed and how, what is open, what is new."""
    before = comparison.findings_before
    closed = comparison.count(closed="yes")
    parts = [
        f"{count} {_CLOSING_WORDS[change]}"
        for change in CLOSING
        if (count := comparison.count(change, closed="yes"))
    ]
    sentence = f"{closed} of {plural(before, 'finding')} closed"
    sentence += f": {', '.join(parts)}" if parts else ""
    sentence += f"; {_open_words(comparison)}; {comparison.new_findings} new"
    days = comparison.policy.unused_after_days
    sentence += f" (unused for {days} days or more, {_span_words(comparison)})."
    unsure = comparison.count(Change.UNDETERMINED, Change.STILL_UNDETERMINED)
    unsure += int(
        (
            comparison.changes["change"].eq(Change.ADDED)
            & comparison.changes["after_status"].eq(Status.UNDETERMINED)
        ).sum()
    )
    if unsure:
        words = "credential" if unsure == 1 else "credentials"
        sentence += f" {unsure} {words} could not be judged on one date or both: see Changes."
    if len(comparison.assessments) > 2:
        sentence += f" {_timeline_words(comparison)}"
    reports = [report for date in comparison.assessments for report in date.reports]
    sentence += "".join(f" {each}" for each in as_of_sentences(reports))
    if comparison.refused:
        files = len({problem.source for problem in comparison.refused})
        sentence += f" {plural(files, 'input')} refused and left out: see Inputs."
    if not _is_tied_out(comparison):
        sentence += " THE ROWS DO NOT TIE OUT: do not rely on this."
    return sentence


def _open_words(comparison: Comparison) -> str:
    count = comparison.count(closed="no")
    parts = [
        f"{number} {words}"
        for change, words in (
            (Change.NOT_COVERED, "in accounts without a report now"),
            (Change.UNDETERMINED, "undetermined"),
        )
        if (number := comparison.count(change, closed="no"))
    ]
    return f"{count} still open" + (f", of which {' and '.join(parts)}" if parts else "")


def _timeline_words(comparison: Comparison) -> str:
    timeline = comparison.timeline
    words = f"Over {len(comparison.assessments)} dates: {plural(len(timeline), 'finding')}"
    closed = timeline.loc[timeline["state"].eq("closed"), "days_open"]
    if len(closed):
        words += f", {len(closed)} closed, after {float(closed.median()):g} days at the median"
    return f"{words}; {int(timeline['came_back'].gt(0).sum())} came back after closing."


def _title(comparison: Comparison) -> str:
    return (
        f"{comparison.count(closed='yes')} of {plural(comparison.findings_before, 'finding')} closed, "
        f"{comparison.count(closed='no')} still open, {comparison.new_findings} new"
    )


def _instants(comparison: Comparison, date: int) -> pd.Series:
    coverage = comparison.coverage
    return coverage.loc[coverage["date"].eq(date), "as_of"]


def _days(comparison: Comparison) -> list[str]:
    return [
        f"{_instants(comparison, date).max():%Y-%m-%d}"
        for date in range(len(comparison.assessments))
    ]


def _span_words(comparison: Comparison) -> str:
    """Return `2026-06-30 against 2026-09-30`; instants where the days are the same."""
    days = _days(comparison)
    if days[0] != days[-1]:
        return f"{days[0]} against {days[-1]}"
    first, last = (
        format_instant(_instants(comparison, date).max().to_pydatetime())
        for date in (0, len(days) - 1)
    )
    return f"{first} against {last}"


def _account_ids(comparison: Comparison) -> list[str]:
    return sorted(comparison.coverage["account_id"].unique())


def _stem(comparison: Comparison) -> str:
    accounts, days = _account_ids(comparison), _days(comparison)
    who = accounts[0] if len(accounts) == 1 else f"{len(accounts)}-accounts"
    return f"credreport-compare-{who}-{days[0]}-{days[-1]}"


def _caption(comparison: Comparison) -> str:
    accounts = _account_ids(comparison)
    who = f"account {accounts[0]}" if len(accounts) == 1 else f"{len(accounts)} accounts"
    return (
        f"{who}  |  {_span_words(comparison)}, {len(comparison.assessments)} dates  |  "
        f"threshold {comparison.policy.unused_after_days} days  |  credreport {__version__}"
    )


def _is_tied_out(comparison: Comparison) -> bool:
    return all(date.is_tied_out for date in comparison.assessments)


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    accounts = _account_ids(comparison)
    more = f" and {len(accounts) - 5} more" if len(accounts) > 5 else ""
    days, policy = _days(comparison), comparison.policy
    reports = [report for date in comparison.assessments for report in date.reports]
    shown = days if len(days) < 7 else [*days[:3], "\u2026", *days[-2:]]
    return [
        ("Accounts", f"{len(accounts)}: {', '.join(accounts[:5])}{more}"),
        ("Dates (UTC)", f"{len(days)}: {', '.join(shown)}"),
        ("Reports", str(len(reports))),
        ("As-of taken from", ", ".join(sorted({report.as_of_origin for report in reports}))),
        ("Rule", f"unused for {policy.unused_after_days} days or more (profile {policy.profile})"),
        ("Root account", "judged too" if policy.include_root else "shown, not judged as unused"),
        ("Credentials compared", str(len(comparison.changes))),
        ("Tie-out", "PASS" if _is_tied_out(comparison) else "FAIL"),
        ("Written by", f"credreport {__version__}"),
    ]


def _by_kind(comparison: Comparison) -> pd.DataFrame:
    """Return `type`, `before`, `closed`, `still_open`, `new`, `now` for each kind, and the total."""
    changes = comparison.changes
    flags = pd.DataFrame(
        {
            "before": changes["closed"].ne(""),
            "closed": changes["closed"].eq("yes"),
            "still_open": changes["closed"].eq("no"),
            "new": changes["is_new_finding"],
        }
    )
    counts = flags.groupby(changes["kind"]).sum().reindex(list(_KINDS), fill_value=0)
    counts = counts.astype("int64").assign(now=lambda table: table["still_open"] + table["new"])
    total = counts.sum().to_frame("Total").T
    return pd.concat([counts.rename(KIND_WORDS), total]).rename_axis("type").reset_index()


def _by_change(comparison: Comparison) -> pd.DataFrame:
    """Return `change`, `meaning`, `passwords`, `access_keys`, `credentials`, `findings_before`, `new`."""
    changes = comparison.changes
    counts = pd.crosstab(changes["change"], changes["kind"]).reindex(
        index=[change.value for change in _MEANINGS], columns=list(_KINDS), fill_value=0
    )
    before = changes["closed"].ne("").groupby(changes["change"]).sum()
    new = changes["is_new_finding"].groupby(changes["change"]).sum()
    table = counts.rename(columns={_KINDS[0]: "passwords", _KINDS[1]: "access_keys"}).assign(
        credentials=counts.sum(axis=1),
        findings_before=before.reindex(counts.index, fill_value=0).astype("int64"),
        new=new.reindex(counts.index, fill_value=0).astype("int64"),
        meaning=list(_MEANINGS.values()),
    )
    present = table[table["credentials"].gt(0)].reset_index()
    return present[
        ["change", "passwords", "access_keys", "credentials", "findings_before", "new", "meaning"]
    ]


def _accounts(comparison: Comparison, accounts: Sequence[Account]) -> pd.DataFrame:
    """Return one row an account: its name and owner, on which dates it has a report, its findings."""
    named = {account.account_id: account for account in accounts}
    dates = len(comparison.assessments)
    by_account = comparison.coverage.groupby("account_id")["date"]
    reports = by_account.nunique()
    coverage = (reports.astype("str") + f" of {dates} dates").mask(reports.eq(dates), "every date")
    coverage = coverage.mask(by_account.min().gt(0), coverage + ", first seen later")
    coverage = coverage.mask(by_account.max().lt(dates - 1), coverage + ", not covered now")
    changes = comparison.changes
    flags = pd.DataFrame(
        {
            "before": changes["closed"].ne(""),
            "closed": changes["closed"].eq("yes"),
            "still_open": changes["closed"].eq("no"),
            "new": changes["is_new_finding"],
            "undetermined": changes["change"].isin(
                [Change.UNDETERMINED, Change.STILL_UNDETERMINED]
            ),
        }
    )
    counts = flags.groupby(changes["account_id"]).sum().reindex(reports.index, fill_value=0)
    table = counts.astype("int64").assign(coverage=coverage).reset_index(names="account_id")
    return table.assign(
        name=[named[key].name if key in named else "" for key in table["account_id"]],
        owner=[named[key].owner if key in named else "" for key in table["account_id"]],
    )[
        ["account_id", "name", "owner", "coverage", "before", "closed", "still_open", "new",
         "undetermined"]
    ]  # fmt: skip


def _method_rows() -> list[tuple[str, str]]:
    """Return what the sheet Method says of comparing, before what it says of judging."""
    return [
        (
            "The comparison",
            "Was it fixed, and what is new? Every date is judged by itself, by the rule below; then "
            "each credential of the first date is looked for on the last. A finding is a credential "
            "that is unused. Before = closed + still open; now = still open + new.",
        ),
        (
            "The same account",
            "The same 12-digit ID. An account without a report of a date is not covered: its findings "
            "stay open, for a report that was not downloaded is no remediation. An account seen for "
            "the first time brings its credentials as added.",
        ),
        (
            "The same user",
            "The same account, ARN (in any case) and creation time. The same name created at another "
            "time is another person: the old one was removed, a new one added. A user that was "
            "renamed or moved to another path counts as removed and added; a warning names it.",
        ),
        (
            "The same credential",
            "A password belongs to its user, whenever it was last set. An access key is its user and "
            "its last_rotated, whatever slot it stands in; two made in the same second pair by slot. "
            "Where exactly one key of a user vanished and exactly one is new, the key was rotated: "
            "replaced. Where a date that tells keys or users apart cannot be read: undetermined.",
        ),
        (
            "Closed",
            "By use, by switching it off, by removing it or its user, by rotation. What cannot be "
            "told and what is not covered is not closed. A password that was set anew without being "
            "used counts as used again, for its age starts anew; a warning names it.",
        ),
        *[(f"Change: {change.value.replace('_', ' ')}", f"{words[0].upper()}{words[1:]}.")
          for change, words in _MEANINGS.items()],
        (
            "Timeline",
            "With three dates or more: a finding is first seen in the first of these reports that "
            "shows it unused, and closed on the first that shows it is not. It may have begun before "
            "the first report, and it was closed between two reports: days open are days between "
            "reports. One that came back keeps its row; its days are the days it was open.",
        ),
    ]  # fmt: skip
