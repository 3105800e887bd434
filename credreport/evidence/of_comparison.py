"""Comparison -> Evidence. Pure: the same comparison gives the same evidence."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd

from credreport import __version__
from credreport.comparison.comparison import Comparison
from credreport.comparison.tally import (
    comparing_rows,
    comparison_sentences,
    comparison_title,
    is_tied_out,
    to_by_change,
    to_by_kind,
    to_by_rule,
    to_flags,
    to_span,
)
from credreport.decisions.review import contradiction_sentences
from credreport.evidence.account_names import (
    accounts_section,
    by_owner,
    name_and_owner,
    whose_line,
    with_names,
    with_whole_list,
)
from credreport.evidence.columns import (
    accounts_sheet,
    changes_sheet,
    decisions_sheet,
    timeline_sheet,
    waivers_sheet,
)
from credreport.evidence.decided import (
    decision_facts,
    decision_files,
    decision_method,
    decision_sections,
    to_decisions,
)
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
    Sheet,
    SignOff,
    Tables,
)
from credreport.evidence.method import method_rows
from credreport.evidence.on_screen import (
    account_counts,
    changes_by_rule,
    kinds_on_screen,
    worst_changes,
)
from credreport.evidence.pictures import open_picture, paired_picture, worth_drawing
from credreport.evidence.remediation import to_script
from credreport.evidence.standing import to_standing
from credreport.evidence.tables import (
    INPUTS_WIDTHS,
    MASKED_STEM,
    accounts_heading,
    closing_blocks,
    masked_facts,
    name_total,
    reports_block,
    to_inputs,
    to_left_out,
    to_warnings,
    warning_counts_block,
)
from credreport.reports.normalise import to_rows
from credreport.rules.accounts import NO_REPORT
from credreport.rules.catalogue import RULES
from credreport.schema import CHANGES, FINDING_KIND_WORDS, TIMELINE, Kind, Outcome
from credreport.text_storage import storing_python_text
from credreport.verdicts.tally import (
    accounts_words,
    name_accounts,
    newest_as_of,
    policy_facts,
    shown_account,
    shown_credential,
    stem_of_accounts,
    stem_of_as_of,
    stem_of_question,
    to_parameters,
)

TOP_FINDINGS = 10
_TOP_ACCOUNTS = 10
_SUMMARY_WIDTHS = (23, 9.5, 10, 12, 10.5, 10.5, 13.5, 10, 13.5)
_ACCOUNT_HEADERS = (
    "Account", "Name", "Owner", "Reports", "Before", "Closed", "Not closed", "New", "Open now",
    "Undetermined",
)  # fmt: skip
_COUNTS_ON_SCREEN = {
    "Before": "before", "Closed": "closed", "Not closed": "not_closed", "New": "new",
    "Open now": "open", "Undetermined": "undetermined",
}  # fmt: skip
_KIND_HEADERS = ("Type", "Before", "Closed", "Not closed", "New", "Now", "Open now")
_KIND_COLUMNS = ("type", "before", "closed", "not_closed", "new", "now", "open")
_RULE_HEADERS = (
    "Rule", "Before", "Closed", "Not closed", "New", "Open now", "Undetermined", "Waived",
    "Not covered",
)  # fmt: skip
_RULE_COLUMNS = (
    "rule", "before", "closed", "not_closed", "new", "open", "undetermined", "waived", "not_covered",
)  # fmt: skip
_OUTCOMES = {
    Outcome.NEW: "New:",
    Outcome.STILL_OPEN: "Still open:",
    Outcome.NOT_COVERED: "Not covered, so open:",
    Outcome.UNDETERMINED: "Undetermined:",
    Outcome.WAIVED: "Waived:",
    Outcome.CLOSED: "Closed:",
}


@storing_python_text
def of_comparison(
    comparison: Comparison,
    sign_off: SignOff | None = None,
) -> Evidence:
    """Return everything that the formats write of a comparison."""
    dates, days = comparison.assessments, comparison.days
    newest = comparison.newest
    title, review = comparison_title(comparison), newest.review
    sentences = (*comparison_sentences(comparison), *contradiction_sentences(review))
    captions = Captions(title, _caption(comparison), comparison.policy.unused_after_days)
    by_kind, by_change = to_by_kind(comparison), to_by_change(comparison)
    by_rule = to_by_rule(comparison)
    changes = with_names(comparison.changes, newest.accounts)
    timeline = with_names(comparison.timeline, newest.accounts)
    has_timeline = len(days) > 2
    tie_outs = [
        name_total(date.tie_out, f"Total of {day}") for date, day in zip(dates, days, strict=True)
    ]
    tables = {
        "changes": changes[[*CHANGES]],
        "timeline": timeline[[*TIMELINE]],
        "open_counts": comparison.open_counts,
        "by_kind": by_kind,
        "by_rule": by_rule,
        "by_change": by_change,
        "accounts": _accounts(comparison),
        "inputs": pd.concat([to_inputs(date.totals) for date in dates], ignore_index=True),
        "tie_out": pd.concat(tie_outs, ignore_index=True),
        "warnings": to_warnings(comparison.notices),
        "left_out": to_left_out(comparison.refused, comparison.superseded, comparison.skipped),
    }
    has_list = newest.accounts.file is not None
    if has_list:
        tables["owners"] = by_owner(tables["accounts"].rename(columns={"coverage": "report"}))
    if newest.waivers_origin:
        tables["waivers"] = newest.waivers
    if review is not None:
        tables["decisions"] = to_decisions(review, newest.accounts)
    made = Tables(tables)
    method = [*comparing_rows(), *method_rows(comparison.policy, RULES), *decision_method(review)]
    pictures = [findings_picture(comparison)]
    if has_timeline:
        own = replace(captions, title=_open_title(comparison))
        pictures.append(open_picture(own, comparison.open_counts, days))
    drawn, not_drawn = worth_drawing(pictures)
    kinds = by_kind[[*_KIND_COLUMNS]]
    stem = _stem(comparison) + MASKED_STEM * bool(newest.masked)
    return Evidence(
        stem=stem,
        heading="IAM credentials compared",
        title=title,
        sentences=sentences,
        facts=(*_facts(comparison), *decision_facts(review), *masked_facts(newest.masked)),
        sign_off=sign_off or SignOff(),
        parameters={
            "command": "compare",
            **to_parameters(comparison.policy, newest.waivers_origin, newest.accounts.origin),
            **({"carry_from_file": str(review.file)} if review else {}),
            **({"masked": newest.masked} if newest.masked else {}),
        },
        ties_out=is_tied_out(comparison),
        as_of=max(newest_as_of(date.totals) for date in dates),
        option_files={**newest.option_files, **decision_files(review)},
        tables=made,
        csv_tables=("changes",),
        summary=Page(
            _SUMMARY_WIDTHS,
            (
                kinds_block("Findings by what they are about", comparison),
                Block("Findings by rule", _RULE_HEADERS, by_rule[[*_RULE_COLUMNS]]),
                _by_change_block(by_change),
                *([_open_counts_block(comparison)] if has_timeline else []),
                *_top_accounts(made["accounts"], "Accounts" if has_list else "Inputs"),
                *([_owners_block(made["owners"])] if has_list else []),
                warning_counts_block(comparison.notices),
            ),
        ),
        make_sheets=partial(_sheets, comparison, made, changes, timeline, stem),
        inputs=Page(
            INPUTS_WIDTHS,
            (
                reports_block("Reports judged, by date", made["inputs"]),
                *([] if has_list else [Block("Accounts", _ACCOUNT_HEADERS, made["accounts"])]),
                *closing_blocks(made["tie_out"], made["left_out"], made["warnings"]),
            ),
        ),
        method=pd.DataFrame(method, columns=["section", "text"], dtype="str"),
        pictures=drawn,
        not_drawn=not_drawn,
        comment=Comment(
            Block("", _KIND_HEADERS, kinds),
            (
                *_top_changes(changes),
                *decision_sections(review, newest.accounts),
                *accounts_section(made["accounts"], "open", "open findings"),
            ),
        ),
        make_script=partial(to_script, newest),
        make_standing=partial(to_standing, newest, comparison),
        shown=(
            *worst_changes(comparison),
            *account_counts(made["accounts"], _COUNTS_ON_SCREEN),
            kinds_on_screen(Block("", _KIND_HEADERS, kinds)),
            *changes_by_rule(by_rule),
        ),
        footnotes=tuple(f"{label}: {text}" for label, text in decision_facts(review)[1:]),
        review=review,
    )


def _sheets(
    comparison: Comparison, tables: Tables, changes: pd.DataFrame, timeline: pd.DataFrame, stem: str
) -> tuple[Sheet, ...]:
    """Return the sheets of the workbook with a table each, in their order."""
    newest = comparison.newest
    sheets = [changes_sheet(changes, stem)]
    if len(comparison.assessments) > 2:
        sheets.append(timeline_sheet(timeline))
    if "owners" in tables:
        sheets.append(accounts_sheet(tables["accounts"]))
    if "decisions" in tables:
        sheets.append(decisions_sheet(tables["decisions"]))
    if "waivers" in tables:
        sheets.append(waivers_sheet(newest.waivers, is_compared=True))
    return tuple(sheets)


def kinds_block(heading: str, comparison: Comparison) -> Block:
    """Return what became of the findings, by what they are about."""
    return Block(heading, _KIND_HEADERS, to_by_kind(comparison)[[*_KIND_COLUMNS]])


def findings_picture(comparison: Comparison) -> Picture:
    """Return the picture of the findings before and now."""
    captions = Captions(
        comparison_title(comparison), _caption(comparison), comparison.policy.unused_after_days
    )
    return paired_picture(captions, to_by_kind(comparison), comparison.days)


def _account_ids(comparison: Comparison) -> list[str]:
    return sorted(comparison.coverage["account_id"].unique())


def _stem(comparison: Comparison) -> str:
    accounts = stem_of_accounts(_account_ids(comparison))
    first, last = (stem_of_as_of(date.reports) for date in (comparison.first, comparison.newest))
    asked = stem_of_question(comparison.policy, comparison.newest.option_files)
    return f"credreport-compare-{accounts}-{first}-{last}-{asked}"


def _caption(comparison: Comparison) -> str:
    return (
        f"{accounts_words(_account_ids(comparison))}  |  {to_span(comparison)}, {len(comparison.assessments)} dates  |  "
        f"threshold {comparison.policy.unused_after_days} days  |  credreport {__version__}"
    )


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    days = comparison.days
    reports = [report for date in comparison.assessments for report in date.reports]
    changes = comparison.changes
    is_credential = changes["kind"].isin(list(Kind)) & changes["kind"].ne(Kind.CERTIFICATE)
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
        ("Findings compared", str(int(changes["state"].ne("").sum()))),
        ("Credentials compared", str(int(changes.loc[is_credential, "key"].nunique()))),
        ("Tie-out", "PASS" if is_tied_out(comparison) else "FAIL"),
        ("Written by", f"credreport {__version__}"),
    ]


def _accounts(comparison: Comparison) -> pd.DataFrame:
    """Return one row per account: name and owner, the dates it has reports of, findings."""
    dates = len(comparison.assessments)
    by_account = comparison.coverage.groupby("account_id")["date"]
    reports = by_account.nunique()
    coverage = (reports.astype("str") + f" of {dates} dates").mask(reports.eq(dates), "every date")
    coverage = coverage.mask(by_account.min().gt(0), coverage + ", first seen later")
    coverage = coverage.mask(by_account.max().lt(dates - 1), coverage + ", not covered now")
    changes = comparison.changes
    flags = to_flags(changes)[["before", "closed", "not_closed", "new", "open", "undetermined"]]
    counts = flags.groupby(changes["account_id"]).sum().reindex(reports.index, fill_value=0)
    table = counts.astype("int64").assign(coverage=coverage).reset_index(names="account_id")
    whole = with_whole_list(table, comparison.newest.accounts)
    return whole.assign(coverage=whole["coverage"].fillna(NO_REPORT))[
        ["account_id", "name", "owner", "coverage", "before", "closed", "not_closed", "new", "open",
         "undetermined"]
    ]  # fmt: skip


def _open_title(comparison: Comparison) -> str:
    totals = comparison.open_counts.groupby("date")[["open", "undetermined"]].sum()
    days = comparison.days
    first, last = (
        f"{count} on {day}" + (f" ({unsure} of them undetermined)" if unsure else "")
        for day, (count, unsure) in (
            (days[place], totals.iloc[place].to_list()) for place in (0, -1)
        )
    )
    return f"Open findings: {first}, {last}"


def _by_change_block(by_change: pd.DataFrame) -> Block:
    headers = ("Change", "Passwords", "Access keys", "Credentials", "Meaning")
    table = by_change.assign(change=by_change["change"].str.replace("_", " "))
    return Block("What became of every credential", headers, table)


def _open_counts_block(comparison: Comparison) -> Block:
    counts = comparison.open_counts
    by_date = counts.groupby("date")
    of_kind = counts.pivot_table(index="date", columns="kind", values="open").astype("int64")
    kinds = list(dict.fromkeys(counts["kind"]))
    names = ["open", "waived", "not_covered", "undetermined", "opened", "closed"]
    sums = by_date[names].sum()
    table = pd.concat([by_date["accounts"].first(), of_kind[kinds], sums], axis=1)
    table.insert(0, "day", comparison.days)
    headers = (
        "Date (UTC)", "Accounts", *(FINDING_KIND_WORDS[kind] for kind in kinds), "Open", "Waived",
        "Of open: not covered", "Of open: undetermined", "Opened", "Closed",
    )  # fmt: skip
    return Block("Open findings over time", headers, table)


def _top_accounts(accounts: pd.DataFrame, sheet: str) -> list[Block]:
    """Return the accounts with most open findings; reports, name and owner in one text at the end.

    `sheet` has all of them.
    """
    if len(accounts) < 2:
        return []
    top = accounts.sort_values(
        ["open", "account_id"], ascending=[False, True], na_position="first"
    ).head(_TOP_ACCOUNTS)
    top = top.assign(account_id=top["account_id"].map(shown_account))
    heading = accounts_heading(len(accounts) - len(top), sheet)
    names = name_and_owner(top)
    about = top["coverage"] + names.ne("").map({True: "; ", False: ""}) + names
    order = ["account_id", "before", "closed", "not_closed", "new", "open", "undetermined", "about"]
    headers = (
        "Account", "Before", "Closed", "Not closed", "New", "Open now", "Undetermined",
        "Reports; name, owner",
    )  # fmt: skip
    return [Block(heading, headers, top.assign(about=about)[order])]


def _owners_block(owners: pd.DataFrame) -> Block:
    headers = (
        "Owner", "Accounts", "Without report", "Before", "Closed", "Not closed", "New", "Open now",
        "Undetermined",
    )  # fmt: skip
    order = ["before", "closed", "not_closed", "new", "open", "undetermined"]
    return Block("By owner", headers, owners[["owner", "accounts", "without_report", *order]])


def _top_changes(changes: pd.DataFrame) -> tuple[Section, ...]:
    """Return the first findings of every outcome, for the ticket comment."""
    chosen = {heading: changes["state"].eq(outcome) for outcome, heading in _OUTCOMES.items()}
    return tuple(
        Section(
            heading,
            tuple(_change_line(row) for row in to_rows(changes[mask].head(TOP_FINDINGS))),
            max(int(mask.sum()) - TOP_FINDINGS, 0),
            "changes",
        )
        for heading, mask in chosen.items()
        if mask.any()
    )


def _change_line(row: dict[str, object]) -> Line:
    """Return Finding ID, severity, rule, whose it is, waiver and evidence of one finding."""
    waiver: Line = ()
    if row["state"] == Outcome.WAIVED:
        waiver = (", waived by ", Code(str(row["waiver"])))
    return (
        f"{row['finding_id']} {row['severity']} {row['rule']}: ",
        *whose_line(row),
        f", {shown_credential(row['credential'])}",
        *waiver,
        " (",
        Code(str(row["evidence"])),
        ")",
    )
