"""What was judged -> the same with pseudonyms, before any sentence of the evidence is made of it.

A text column that is not known to be free of names is searched for them; one that is new is, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from credreport.decisions.decision import Decision, Decisions
from credreport.errors import CredreportError, InputRefused, Notice, OfJudged, OutputError, Problem
from credreport.evidence.evidence import SignOff
from credreport.masking.pseudonyms import Masker, mapped
from credreport.reports.inputs import Skipped
from credreport.reports.report import Report
from credreport.reports.selection import Population
from credreport.rules.accounts import Account, AccountList
from credreport.rules.catalogue import RULES
from credreport.rules.option_file import Configuration, OptionFile
from credreport.rules.policy import Policy, UserClass
from credreport.schema import ACCOUNT_ID, KNOWN_COLUMNS, SLOT_WORDS
from credreport.verdicts.assessment import Assessment, Part
from credreport.verdicts.tally import shown_account

_STATUSES = ("", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")
# Options whose values name nobody, and those that are the auditor's text; others are files.
_OPEN_OPTIONS = frozenset({"profile", "as-of", "sample-of", "seed"})
_SIGNED = frozenset({"prepared-by", "control", "ticket", "system"})
# Words of the program's own, and the names of columns.
_SAFE = frozenset(
    {"kind", "status", "cause", "use", "basis", "credential", "severity", "state", "rule", "limit"}
    | {"last_used_column", "set_column", "enabled_column", "last_used_meaning", "set_meaning"}
    | {"approved_on", "expires", "conclusion", "twin"}
)
_CELLS = frozenset(
    {"created_raw", "enabled_raw", "last_used_raw", "set_raw", "next_rotation_raw", "mfa_active"}
    | {"console_password"}
)
# What a run writes into these cells of a decision; anything else is what somebody typed.
_OF_A_DECISION = {
    "rule": re.compile("|".join(["", *RULES])),
    "limit": re.compile(r"(?:[<>]=? ?[0-9]+)?"),
    "credential": re.compile("|".join(["", *SLOT_WORDS, *SLOT_WORDS.values()])),
}
_IDS = frozenset(
    {"finding_id", "closed_by", "findings", "expired_findings", "early_findings", "action"}
)
_UNKNOWN = re.compile(r"unknown(?: \(reported as '(.*)'\))?")  # as tally.shown_account writes it
_TEXTS = frozenset({"approved_by", "ticket", "compensating_control"})


def mask_table(table: pd.DataFrame, masker: Masker, *, is_waivers: bool = False) -> pd.DataFrame:
    """Return the table with pseudonyms in every column that may name somebody."""
    names = list(table.columns)
    ordered = sorted(names, key=lambda name: _is_sentence(str(name)))  # names first, to be known
    changed = {}
    for name in ordered:
        column = table[name]
        if not isinstance(column.dtype, pd.StringDtype) and column.dtype != object:
            continue
        change = _change_of(str(name), masker, is_waivers=is_waivers)
        if change is not None:
            made = mapped(column.tolist(), change)
            changed[name] = pd.Series(made, index=column.index, dtype=column.dtype)
    return table.assign(**changed)


def _is_sentence(name: str) -> bool:
    return name in ("reason", "cells")


def _change_of(name: str, masker: Masker, *, is_waivers: bool) -> Callable[[str], str] | None:
    if is_waivers:
        if name == "user":
            return lambda text: _pattern(text, masker)
        if name == "reason" or name in _TEXTS:
            return lambda text: masker.name("text", text)
    known: dict[str, Callable[[str], str]] = {
        "user": masker.user,
        "arn": masker.arn,
        "account_id": masker.account,
        "account_key": lambda text: _account_key(text, masker),
        "source_file": masker.file,
        "service": masker.service,
        "region": masker.region,
        "waiver": lambda text: masker.name("waiver", text),
        "cells": lambda text: _cells(text, masker),
    }
    if name in _SAFE:
        return None
    if name in _IDS:
        return masker.ids
    if name in _CELLS:
        return masker.cell
    return known.get(name, masker.text)


def _account_key(text: str, masker: Masker) -> str:
    account, sign, twin = text.partition("#")
    return f"{masker.account(account)}{sign}{twin}"


def _cells(text: str, masker: Masker) -> str:
    parts = []
    for part in text.split("; "):
        column, sign, cell = part.partition("=")
        is_cell = bool(sign) and column in KNOWN_COLUMNS
        parts.append(f"{column}={masker.cell(cell)}" if is_cell else masker.name("cell", part))
    return "; ".join(parts)


def _pattern(text: str, masker: Masker) -> str:
    return masker.name("pattern", text) if {*"*?["} & {*text} else masker.user(text)


def mask_assessment(assessment: Assessment, masker: Masker) -> Assessment:
    """Return what was judged with pseudonyms, not yet compared with the list of accounts."""
    know_files([assessment], masker)
    credentials = mask_table(assessment.credentials, masker)  # first: they have most of the names
    users = mask_table(assessment.users, masker)
    findings = mask_table(assessment.findings, masker)
    reports = [mask_report(report, masker) for report in assessment.reports]
    return replace(
        assessment,
        credentials=credentials,
        users=users,
        findings=findings,
        undetermined=mask_table(assessment.undetermined, masker),
        undecided=mask_table(assessment.undecided, masker),
        policy=mask_policy(assessment.policy, masker),
        reports=reports,
        waivers=mask_table(assessment.waivers, masker, is_waivers=True),
        report_notices=[
            [mask_notice(each, masker) for each in notices] for notices in assessment.report_notices
        ],
        notices=tuple(mask_notice(each, masker) for each in assessment.notices),
        refused=[mask_problem(each, masker) for each in assessment.refused],
        superseded=[_mask_skipped(each, masker) for each in assessment.superseded],
        skipped=[_mask_skipped(each, masker) for each in assessment.skipped],
        waivers_file=mask_file(assessment.waivers_file, masker),
        masked=masker.key.identity,
    )


def know_files(dates: Iterable[Population | Assessment], masker: Masker) -> None:
    """Have the masker know all files, judged or not, by name: sentences about others name them."""
    for date in dates:
        sources = [report.source.name for report in date.reports]
        left_out = [each.name for each in (*date.superseded, *date.skipped)]
        for name in (*sources, *(each.source for each in date.refused), *left_out):
            masker.file(name)


def finished(assessment: Assessment, accounts: AccountList, masker: Masker | None) -> Assessment:
    """Return what was judged with pseudonyms if they are asked for, compared with the accounts."""
    masked = mask_assessment(assessment, masker) if masker else assessment
    return masked.check_accounts(accounts)


def mask_population(part: Part, masker: Masker) -> Part:
    """Return a part with pseudonyms in its population and warnings, to be put aside.

    Its findings keep their names: waivers are still to be matched with those.
    """
    credentials = mask_table(part.credentials, masker)
    return replace(
        part,
        credentials=credentials,
        users=mask_table(part.users, masker),
        report_notices=tuple(
            tuple(mask_notice(each, masker) for each in notices) for notices in part.report_notices
        ),
    )


def mask_report(report: Report, masker: Masker) -> Report:
    """Return the facts of a report with pseudonyms."""
    source = replace(report.source, name=masker.file(report.source.name))
    columns = tuple(
        each if each in KNOWN_COLUMNS else masker.name("cell", each) for each in report.columns
    )
    notices = tuple(mask_notice(each, masker) for each in report.notices)
    account = masker.account(report.account_id)
    return replace(report, source=source, account_id=account, columns=columns, notices=notices)


def mask_policy(policy: Policy, masker: Masker) -> Policy:
    """Return the policy with pseudonyms: whom its classes match, and its file."""
    classes = tuple(
        UserClass(_pattern(each.match, masker), each.numbers, is_masked=True)
        for each in policy.classes
    )
    return replace(policy, classes=classes, file=mask_file(policy.file, masker))


def mask_file(file: OptionFile | None, masker: Masker) -> OptionFile | None:
    """Return the user's own file with a pseudonym; its hash stays."""
    return replace(file, name=masker.file(file.name)) if file else None


def mask_notice(notice: Notice, masker: Masker) -> Notice:
    """Return a warning without the names in it; one that has pseudonyms already stays as it is."""
    if notice.is_masked:
        return notice
    source, message = masker.file(notice.source), masker.text(notice.message)
    return replace(notice, source=source, message=message, is_masked=True)


def mask_problem(problem: Problem, masker: Masker) -> Problem:
    """Return a problem without the names in it."""
    return replace(
        problem,
        source=masker.file(problem.source),
        found=masker.text(problem.found),
        remedy=masker.text(problem.remedy),
    )


def _mask_skipped(item: Skipped, masker: Masker) -> Skipped:
    return replace(item, name=masker.file(item.name), why=masker.text(item.why))


def mask_accounts(accounts: AccountList, masker: Masker) -> AccountList:
    """Return the list with pseudonyms of IDs, names and owners."""

    def masked(each: Account) -> Account:
        is_plain = each.status.upper() in _STATUSES
        return replace(
            each,
            account_id=masker.account(each.account_id),
            name=masker.name("name", each.name),
            owner=masker.name("owner", each.owner),
            status=each.status if is_plain else masker.name("text", each.status),
        )

    return AccountList(
        tuple(map(masked, accounts.accounts)),
        mask_file(accounts.file, masker),
        tuple(mask_notice(each, masker) for each in accounts.doubts),
    )


def mask_decisions(decisions: Decisions, masker: Masker) -> Decisions:
    """Return the decisions with pseudonyms, whether their workbook has names or pseudonyms."""

    def masked(each: Decision) -> Decision:
        texts: dict[str, Any] = {
            name: masker.name("text", getattr(each, name)) for name in ("decided_by", "notes")
        }
        for name, known in _OF_A_DECISION.items():
            text = getattr(each, name)
            texts[name] = text if known.fullmatch(text) else masker.name("text", text)
        each = replace(each, **texts)
        if each.is_masked and masker.user(each.user) == each.user:
            is_id = ACCOUNT_ID.fullmatch(each.account_id)
            account = each.account_id if is_id else _mask_shown_account(each.account_id, masker)
            return replace(each, account_id=account)
        return replace(
            each,
            finding_id=masker.ids(each.finding_id),
            account_id=_mask_shown_account(each.account_id, masker),
            user=masker.user(each.user),
        )

    return replace(
        decisions,
        decisions=tuple(map(masked, decisions)),
        signed=tuple((label, masker.name("text", text)) for label, text in decisions.signed),
        notices=tuple(mask_notice(each, masker) for each in decisions.notices),
        file=mask_file(decisions.file, masker),
    )


def _mask_shown_account(text: str, masker: Masker) -> str:
    """Return the account that a sheet shows with its pseudonym; an unknown one stays unknown."""
    reported = _UNKNOWN.fullmatch(text)
    return shown_account(masker.account(reported[1] or "")) if reported else masker.account(text)


def mask_configuration(configuration: Configuration | None, masker: Masker) -> Configuration | None:
    """Return what a configuration file decided, with pseudonyms in place of files and texts."""
    if configuration is None:
        return None

    def masked(name: str, value: object) -> object:
        if name in _OPEN_OPTIONS or not isinstance(value, str):
            return value
        return masker.name("text", value) if name in _SIGNED else masker.file(value)

    options = {name: masked(name, value) for name, value in configuration.options.items()}
    return Configuration(configuration.file, options)


def mask_sign_off(sign_off: SignOff, masker: Masker) -> SignOff:
    """Return the sign-off with pseudonyms of the auditor's texts."""
    return SignOff(**{name: masker.name("text", text) for name, text in vars(sign_off).items()})


def mask_error(
    error: CredreportError, masker: Masker, files: Iterable[str] = ()
) -> CredreportError:
    """Return the error without the names in it; the paths of the output keep theirs.

    `files` are those that were named: a line about one begins with its name, or with its option.
    """
    if isinstance(error, OutputError | OfJudged):
        return error
    if isinstance(error, InputRefused):
        masked = [mask_problem(each, masker) for each in error.problems]
        return InputRefused(masked, has_others=error.has_others)
    names = sorted({form for name in files for form in (name, Path(name).name)}, key=len)
    longest = "|".join(re.escape(name) for name in reversed(names) if name)
    begin = re.compile(rf"((?:--[a-z-]+ )?)({longest})(?=[:, ]|\Z)" if longest else r"(?!)")

    def without_names(line: str) -> str:
        found = begin.match(line)
        if not found:
            return masker.text(line)
        return found[1] + masker.file(found[2]) + masker.text(line[found.end() :])

    return type(error)(*map(without_names, error.lines))
