"""Comparison -> Evidence. Pure: the same comparison gives the same evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from credreport import __version__
from credreport.comparison.comparison import Comparison
from credreport.evidence.evidence import (
    Block,
    Captions,
    Code,
    Comment,
    Evidence,
    Line,
    Page,
    Picture,
    Section,
    SignOff,
)
from credreport.evidence.method import method_rows
from credreport.evidence.remediation import to_script
from credreport.evidence.sheets import changes_sheet, timeline_sheet, waivers_sheet
from credreport.evidence.tables import (
    closing_blocks,
    reports_block,
    to_inputs,
    to_left_out,
    to_warnings,
    warning_counts_block,
    with_names,
)
from credreport.instants import format_instant
from credreport.reports.normalise import to_rows
from credreport.reports.selection import as_of_sentences
from credreport.rules.accounts import Account
from credreport.rules.catalogue import RULES
from credreport.schema import (
    CHANGES,
    CLOSING,
    KIND_WORDS,
    SLOT_WORDS,
    TIMELINE,
    Change,
    Kind,
    Status,
)
from credreport.tables import storing_python_text
from credreport.verdicts.tally import (
    days_words,
    name_accounts,
    newest_as_of,
    plural,
    policy_facts,
    shown_account,
    stem_of_accounts,
    stem_of_policy,
    to_parameters,
)

TOP_FINDINGS = 10
_TOP_ACCOUNTS = 10
_SUMMARY_WIDTHS = (34, 12, 12, 13, 16, 14, 14, 12, 12)
_INPUTS_WIDTHS = (46, 38, 15, 18, 20, 20, 20, 20, 14, 34)
_ACCOUNT_HEADERS = (
    "Account", "Name", "Owner", "Reports", "Before", "Closed", "Still open", "New", "Undetermined",
)  # fmt: skip
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


@storing_python_text
def of_comparison(
    comparison: Comparison,
    sign_off: SignOff | None = None,
    accounts: Sequence[Account] = (),
) -> Evidence:
    """Return everything that the formats write of a comparison."""
    dates, days = comparison.assessments, _days(comparison)
    newest = comparison.newest
    title, verdict = _title(comparison), comparison_verdict(comparison)
    captions = Captions(title, _caption(comparison), comparison.policy.unused_after_days)
    by_kind, by_change = _by_kind(comparison), _by_change(comparison)
    has_timeline = len(days) > 2
    tie_outs = [
        date.tie_out.replace({"source_file": {"Total": f"Total of {day}"}})
        for date, day in zip(dates, days, strict=True)
    ]
    tables = {
        "changes": comparison.changes[[*CHANGES]],
        "timeline": comparison.timeline[[*TIMELINE]],
        "open_counts": comparison.open_counts,
        "by_kind": by_kind,
        "by_change": by_change,
        "accounts": _accounts(comparison, accounts),
        "inputs": pd.concat([to_inputs(date.totals) for date in dates], ignore_index=True),
        "tie_out": pd.concat(tie_outs, ignore_index=True),
        "warnings": to_warnings(comparison.notices),
        "left_out": to_left_out(comparison.refused, comparison.superseded, comparison.skipped),
    }
    if newest.waivers_origin:
        tables["waivers"] = newest.waivers
    method = [*_method_rows(), *method_rows(comparison.policy, RULES)]
    pictures = [Picture("paired", "Findings before and now", captions, by_kind, tuple(days))]
    if has_timeline:
        own = replace(captions, title=_open_title(comparison))
        pictures.append(Picture("open", "Open findings over time", own, comparison.open_counts))
    kinds = ("Type", "Before", "Closed", "Still open", "New", "Now")
    return Evidence(
        stem=_stem(comparison),
        heading="IAM credentials compared",
        title=title,
        verdict=verdict,
        verdict_lines=tuple(
            clause
            for sentence in verdict.split(". ")
            for clause in f"{sentence.rstrip('.')}.".split("; ")
        ),
        facts=tuple(_facts(comparison)),
        sign_off=sign_off or SignOff(),
        parameters={
            "command": "compare",
            **to_parameters(comparison.policy, newest.waivers_origin, newest.accounts.origin),
        },
        ties_out=_is_tied_out(comparison),
        as_of=max(newest_as_of(date.totals) for date in dates),
        tables=tables,
        csv_tables=("changes",),
        summary=Page(
            _SUMMARY_WIDTHS,
            (
                Block("Findings (unused credentials)", kinds, by_kind),
                _by_change_block(by_change),
                *([_open_counts_block(comparison)] if has_timeline else []),
                *_top_accounts(tables["accounts"]),
                warning_counts_block(comparison.notices),
            ),
        ),
        sheets=(
            changes_sheet(comparison.changes),
            *([timeline_sheet(comparison.timeline)] if has_timeline else []),
            *([waivers_sheet(newest.waivers)] if newest.waivers_origin else []),
        ),
        inputs=Page(
            _INPUTS_WIDTHS,
            (
                reports_block("Reports judged, by date", tables["inputs"]),
                Block("Accounts", _ACCOUNT_HEADERS, tables["accounts"]),
                *closing_blocks(tables["tie_out"], tables["left_out"], tables["warnings"]),
            ),
        ),
        method=pd.DataFrame(method, columns=["section", "text"], dtype="str"),
        pictures=tuple(pictures),
        comment=Comment(Block("", kinds, by_kind), _top_changes(comparison.changes)),
        script=to_script(newest.findings, newest.unused, verdict),
        shown=(Block("", ("", *(header.lower() for header in kinds[1:])), by_kind),),
    )


def first_day(comparison: Comparison) -> str:
    """Return the first day compared."""
    return _days(comparison)[0]


def comparison_verdict(comparison: Comparison) -> str:
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
    sentence += f" (unused for {days_words(comparison.policy)}, {_span_words(comparison)})."
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
    asked = stem_of_policy(comparison.policy)
    return f"credreport-compare-{stem_of_accounts(accounts)}-{days[0]}-{days[-1]}-{asked}"


def _caption(comparison: Comparison) -> str:
    accounts = _account_ids(comparison)
    who = (
        f"account {shown_account(accounts[0])}"
        if len(accounts) == 1
        else f"{len(accounts)} accounts"
    )
    return (
        f"{who}  |  {_span_words(comparison)}, {len(comparison.assessments)} dates  |  "
        f"threshold {comparison.policy.unused_after_days} days  |  credreport {__version__}"
    )


def _is_tied_out(comparison: Comparison) -> bool:
    return all(date.is_tied_out for date in comparison.assessments)


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    days = _days(comparison)
    reports = [report for date in comparison.assessments for report in date.reports]
    shown = days if len(days) < 7 else [*days[:3], "\u2026", *days[-2:]]
    return [
        ("Accounts", name_accounts(_account_ids(comparison))),
        ("Dates (UTC)", f"{len(days)}: {', '.join(shown)}"),
        ("Reports", str(len(reports))),
        ("As-of taken from", ", ".join(sorted({report.as_of_origin for report in reports}))),
        *policy_facts(
            comparison.policy,
            comparison.newest.waivers_origin,
            comparison.newest.accounts.origin,
        ),
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
    return with_names(table, accounts)[
        ["account_id", "name", "owner", "coverage", "before", "closed", "still_open", "new",
         "undetermined"]
    ]  # fmt: skip


def _open_title(comparison: Comparison) -> str:
    totals = comparison.open_counts.groupby("date")["open"].sum()
    days = _days(comparison)
    return f"Open findings: {totals.iloc[0]} on {days[0]}, {totals.iloc[-1]} on {days[-1]}"


def _by_change_block(by_change: pd.DataFrame) -> Block:
    headers = (
        "Change", "Passwords", "Access keys", "Credentials", "Findings before", "New findings",
        "Meaning",
    )  # fmt: skip
    table = by_change.assign(change=by_change["change"].str.replace("_", " "))
    return Block("What became of every credential", headers, table)


def _open_counts_block(comparison: Comparison) -> Block:
    counts = comparison.open_counts
    by_date = counts.groupby("date")
    of_kind = counts.pivot_table(index="date", columns="kind", values="open").astype("int64")
    table = pd.DataFrame(
        {
            "day": _days(comparison),
            "accounts": by_date["accounts"].first().to_numpy(),
            "passwords": of_kind[Kind.PASSWORD.value].to_numpy(),
            "keys": of_kind[Kind.ACCESS_KEY.value].to_numpy(),
            "open": by_date["open"].sum().to_numpy(),
            "opened": by_date["opened"].sum().to_numpy(),
            "closed": by_date["closed"].sum().to_numpy(),
            "not_covered": by_date["not_covered"].sum().to_numpy(),
        }
    )
    headers = (
        "Date (UTC)", "Accounts", "Passwords", "Access keys", "Open findings", "Opened", "Closed",
        "Not covered",
    )  # fmt: skip
    return Block("Open findings over time", headers, table)


def _top_accounts(accounts: pd.DataFrame) -> list[Block]:
    """Return the accounts with most open findings; reports, name and owner in one text at the end."""
    if len(accounts) < 2:
        return []
    by_open = accounts.assign(now=accounts["still_open"] + accounts["new"])
    top = by_open.sort_values(["now", "account_id"], ascending=[False, True]).head(_TOP_ACCOUNTS)
    heading = "Accounts" if len(by_open) <= len(top) else "Accounts with most open findings"
    comma = (top["name"].ne("") & top["owner"].ne("")).map({True: ", ", False: ""})
    semicolon = (top["name"] + top["owner"]).ne("").map({True: "; ", False: ""})
    about = top["coverage"] + semicolon + top["name"] + comma + top["owner"]
    order = ["account_id", "before", "closed", "still_open", "new", "undetermined", "about"]
    headers = (
        "Account", "Before", "Closed", "Still open", "New", "Undetermined", "Reports; name, owner",
    )  # fmt: skip
    return [Block(heading, headers, top.assign(about=about)[order])]


def _top_changes(changes: pd.DataFrame) -> tuple[Section, ...]:
    """Return the first of what is new, still open and closed, for the ticket comment."""
    chosen = {
        "New:": changes["is_new_finding"],
        "Still open:": changes["closed"].eq("no"),
        "Closed:": changes["closed"].eq("yes"),
    }
    return tuple(
        Section(
            heading,
            tuple(_change_line(row) for row in to_rows(changes[mask].head(TOP_FINDINGS))),
            max(int(mask.sum()) - TOP_FINDINGS, 0),
        )
        for heading, mask in chosen.items()
        if mask.any()
    )


def _change_line(row: dict[str, object]) -> Line:
    words = f"{SLOT_WORDS[str(row['credential'])]}, {str(row['change']).replace('_', ' ')}"
    return (
        Code(str(row["user"])), f" in {row['account_id']}: {words} (", Code(str(row["evidence"])), ")",
    )  # fmt: skip


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
