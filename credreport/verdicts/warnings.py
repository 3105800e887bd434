"""Warnings about reports that were read and judged: arrays in, notices out, no pandas."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from credreport.arrays import Flags, Instants, Numbers
from credreport.errors import Notice
from credreport.reports.report import Report, Table
from credreport.reports.users import is_root
from credreport.schema import (
    ARN,
    EXTRA_CREDENTIALS,
    JUDGED_SLOTS,
    KNOWN_ABSENCES,
    KNOWN_COLUMNS,
    NOT_SUPPORTED,
    ROOT_USER,
    SLOTS,
    USER,
    Kind,
    Meaning,
    Status,
    Use,
)
from credreport.text import first_few
from credreport.verdicts.contradictions import find_contradictions
from credreport.verdicts.judged import Judged
from credreport.verdicts.status import STATUSES, USES, Cells, Verdicts, code

# AWS's own notice: console sign-ins between these instants were never recorded.
GAP_START = np.datetime64("2018-05-04T05:50:00", "us")
GAP_END = np.datetime64("2018-05-23T21:08:00", "us")

WARNING_TITLES = {
    "no-root": "no root row",
    "order": "rows out of AWS's order",
    "user-twice": "a user twice",
    "no-arn": "no ARN, so the account is unknown",
    "arn-differs": "ARN and name differ",
    "unknown-column": "unknown columns",
    "missing-column": "columns that AWS writes are missing",
    "blank-cells": "blank cells",
    "unreadable-cell": "dates that cannot be read, beside others that were enough",
    "used-before-set": "last use older than the current password or key",
    "set-before-created": "set before the user was created",
    "contradiction": "rows that contradict themselves",
    "alike": "credentials with the same dates",
    "other-zone": "dates that are not in UTC",
    "later-than-as-of": "timestamps later than the as-of",
    "extra-credentials": "credentials that the report does not list",
    "gap-2018": "sign-ins of May 2018 were never recorded",
    "boundary": "within a day of the threshold",
    "late-as-of": "judged long after the report was made",
    "called-by-missing": "reports called by an account that has none so new",
    "denied-order": "older reports with later timestamps than the newer one",
    "dated-by-place": "reports dated only by a directory or an archive",
    "apart": "reports more than a week apart",
    "fewer-users": "reports with fewer users than the one before",
    "unknown-accounts": "reports without a 12-digit account",
    "unread-date": "dates in names that are not read as dates",
    "reversed": "inputs not named from old to new",
    "not-covered": "accounts not covered now",
    "first-seen": "accounts seen for the first time",
    "latecomer": "new users older than the older report",
    "use-went-back": "last use earlier than in an older report, or lost",
    "waiver-moved": "waivers of what took another name or slot",
    "set-went-back": "password changed earlier than an older report says",
    "returned": "users or keys that a report between two others lacks",
    "set-anew": "passwords changed, not used since",
    "several-accounts": "several accounts in one file",
    "glued": "reports joined without a line end, split apart",
    "rejoined": "unquoted commas in names, put back",
    "blank-lines": "blank lines skipped",
    "type-line": "`#TYPE` line skipped",
    "generated-time": "GeneratedTime not readable",
    "two-stamps": "dates of GeneratedTime, file name, directory or archive that differ",
    "several-stamps": "several times in the file's name",
    "class-unmatched": "classes without a user",
    "waiver-expired": "waivers that have expired",
    "waiver-early": "waivers that are not yet in force",
    "waiver-newer": "waivers of keys or users made after the approval",
    "waiver-wide": "waivers of several users or accounts that name none",
    "waiver-unmatched": "waivers that match no finding",
    "account-without-report": "accounts of the list without a report",
    "account-not-listed": "reports of accounts that are not in the list",
    "account-lost": "places where the list of accounts may have lost one",
    "decision-contradicted": "decisions that the report contradicts",
    "decision-twin": "decisions on one of two keys made in the same second",
    "decision-later": "decisions that only a later report can show",
    "decision-read": "cells of decisions that needed interpreting",
    "decision-beside": "what was added to the earlier workbook, not carried over",
    "sign-off": "sign-off of the earlier workbook, not carried over",
}

# Warnings about the user's own classes, waivers, list of accounts and decisions are shown one by one.
WAIVER_CODES = (
    "waiver-expired",
    "waiver-early",
    "waiver-newer",
    "waiver-wide",
    "waiver-unmatched",
)
DECISION_CODES = (
    "decision-contradicted",
    "decision-twin",
    "decision-later",
    "decision-read",
    "decision-beside",
    "sign-off",
)
ACCOUNT_CODES = ("account-without-report", "account-not-listed", "account-lost")
OWN_CODES = ("class-unmatched", *WAIVER_CODES, *ACCOUNT_CODES, *DECISION_CODES)

Say = Callable[[int, str, str], None]


def find_warnings(judged: Judged) -> list[list[Notice]]:
    """Return the warnings about each of the reports, in the order of checks and rows."""
    table = judged.table
    found = [list(_check_columns(report)) for report in judged.reports]

    def say(row: int, code: str, message: str) -> None:
        number = int(table.report[row])
        source = judged.reports[number].source.name
        found[number].append(Notice(source, int(table.line[row]), code, message))

    rooted = np.bincount(table.report[table.is_root], minlength=len(found))
    for number in np.flatnonzero(rooted == 0).tolist():
        report = judged.reports[number]
        message = "no root row: AWS always writes one, so rows may have been cut off"
        # With its line, because a file may have several accounts.
        found[number].append(Notice(report.source.name, report.first_line, "no-root", message))
    _check_names(table, say)
    _check_extra(table, say)
    _check_blanks(judged, say)
    _check_dates(judged, say)
    _check_contradictions(table, say)
    return found


def _check_columns(report: Report) -> Iterator[Notice]:
    name = report.source.name
    unknown = [column or "(no name)" for column in report.columns if column not in KNOWN_COLUMNS]
    if unknown:
        names = first_few([repr(column[:80]) for column in unknown], 10)
        message = f"unknown columns, not used: {names}"
        yield Notice(name, report.header_line, "unknown-column", message)
    if ARN not in report.columns:
        message = "no `arn` column: the account is unknown, and root is recognised by its name only"
        yield Notice(name, 0, "no-arn", message)
    undated = [slot.fallback for slot in JUDGED_SLOTS if slot.fallback not in report.columns]
    if undated:
        columns = ", ".join(f"`{column}`" for column in undated)
        message = f"without {columns}: credentials that were never used have no age there"
        yield Notice(name, 0, "missing-column", message)
    untracked = [slot.last_used for slot in JUDGED_SLOTS if slot.last_used not in report.columns]
    if untracked:
        columns = ", ".join(f"`{column}`" for column in untracked)
        yield Notice(name, 0, "missing-column", f"without {columns}: use is not known there")


def _check_names(table: Table, say: Say) -> None:
    order = table.order
    for row in np.flatnonzero(order.is_late).tolist():
        say(row, "order", f"{table.text(row, USER)!r} is out of AWS's order (root, then by name)")
    for row in np.flatnonzero(order.ordinal).tolist():
        user, ordinal = table.text(row, USER), order.ordinal[row]
        message = (
            f"user {user!r} is listed more than once (here: row {ordinal}); each row is judged"
        )
        say(row, "user-twice", message)
    for row in np.flatnonzero(order.has_other_arn).tolist():
        user, arn = table.text(row, USER), table.text(row, ARN)
        say(row, "arn-differs", f"user {user!r}, but the ARN says {arn!r}")
    for row in np.flatnonzero(table.is_root & table.has_column(ARN)).tolist():
        user, arn = table.text(row, USER), table.text(row, ARN)
        if user not in (ROOT_USER, "root"):
            message = f"user {user!r} counts as root, because the ARN says {arn!r}"
            say(row, "arn-differs", message)
        elif arn and not is_root("", arn):
            message = f"user {user!r} counts as root, but the ARN says {arn!r}"
            say(row, "arn-differs", message)


def _check_extra(table: Table, say: Say) -> None:
    if not table.has_column(EXTRA_CREDENTIALS).any():
        return
    nothing = {*KNOWN_ABSENCES, NOT_SUPPORTED, "", "false"}
    for row, cell in enumerate(table.texts(EXTRA_CREDENTIALS)):
        if cell and cell.strip() not in nothing:
            user = table.text(row, USER)
            message = f"user {user!r} has credentials that the report does not list: {cell!r}"
            say(row, "extra-credentials", message)


def _check_blanks(judged: Judged, say: Say) -> None:
    table = judged.table
    counts = np.bincount(table.report, weights=table.blanks, minlength=len(judged.reports))
    rows = np.flatnonzero(table.blanks)
    _, first = np.unique(table.report[rows], return_index=True)
    for row in rows[first].tolist():
        number = table.report[row]
        count = int(counts[number])
        cells = "1 blank cell here" if count == 1 else f"{count} blank cells, the first here"
        message = f"{cells}, where AWS writes a word; "
        if judged.reports[number].blanks_are_absences:
            message += "the file has no N/A at all (re-saved?), so a blank use counts as never used"
        else:
            message += "beside N/A a blank is a lost cell, so a blank use is undetermined"
        say(row, "blank-cells", message)


def _check_contradictions(table: Table, say: Say) -> None:
    for kind, flags, sentence in find_contradictions(table):
        rows = np.flatnonzero(flags)
        _, first, counts = np.unique(table.report[rows], return_index=True, return_counts=True)
        for row, count in zip(rows[first].tolist(), counts.tolist(), strict=True):
            more = f" ({count} rows, the first here)" if count > 1 else ""
            message = f"{table.text(row, USER)!r}: {sentence}{more}; the file may be damaged"
            say(row, kind, message)


def _check_dates(judged: Judged, say: Say) -> None:
    table, cells, verdicts = judged.table, judged.cells, judged.verdicts
    created_at = table.typed.created_at[judged.row]
    newest = np.fmax(np.fmax(created_at, cells.last_used), cells.set_at)
    for kind, places, sentence in _find_irregular_dates(judged, created_at, newest):
        for place in places.tolist():
            row, slot = int(judged.row[place]), SLOTS[judged.slot[place]]
            message = sentence.format(
                user=table.text(row, USER),
                credential=slot.credential,
                set_column=slot.fallback,
                set_raw=judged.text(place, "fallback"),
                age_days=verdicts.age_days[place],
                status=STATUSES[verdicts.status[place]].value,
                newest=_to_text(newest[place]),
                as_of=_to_text(cells.as_of[place]),
            )
            say(row, kind, message)


def _find_irregular_dates(
    judged: Judged, created_at: Instants, newest: Instants
) -> Iterator[tuple[str, Numbers, str]]:
    """Yield a code, what it is about, and the pattern of its sentence, in the order of checks.

    `newest`: the latest of each credential's three dates. Of the timestamps later than the as-of,
    only the latest of each report is yielded.
    """
    cells, verdicts = judged.cells, judged.verdicts
    is_key = cells.kind == code(Kind.ACCESS_KEY)
    unreadable = verdicts.is_judged & (cells.set_meaning == code(Meaning.TEXT))
    yield (
        "unreadable-cell",
        np.flatnonzero(unreadable),
        (
            "{user!r}, {credential}: `{set_column}` is {set_raw!r}, not a date; the verdict rests on the "
            "last use, but the row may be damaged"
        ),
    )
    used_first = cells.last_used < cells.set_at
    yield (
        "used-before-set",
        np.flatnonzero(used_first & ~is_key),
        (
            "{user!r}: the password was changed after its last use, so the one now set may never have "
            "been used"
        ),
    )
    older = "{user!r}, {credential}: the last use is older than the key"
    yield "used-before-set", np.flatnonzero(used_first & is_key), older
    early = "{user!r}, {credential}: set before the user was created"
    yield "set-before-created", np.flatnonzero(cells.set_at < created_at), early
    late = np.flatnonzero(newest > cells.as_of)
    order = np.lexsort((-newest[late].astype("i8"), judged.report[late]))
    _, first = np.unique(judged.report[late][order], return_index=True)
    yield (
        "later-than-as-of",
        late[order][first],
        (
            "{user!r} has a timestamp of {newest}, later than the as-of {as_of}: either it or the as-of "
            "is wrong"
        ),
    )
    yield (
        "gap-2018",
        np.flatnonzero(_is_in_gap(cells, verdicts)),
        (
            "{user!r}: AWS recorded no sign-in from 2018-05-04 to 2018-05-23, so the password may have "
            "been used later than the report says"
        ),
    )
    is_near = verdicts.is_judged & (np.abs(verdicts.age_days - cells.unused_after_days) <= 1)
    yield (
        "boundary",
        np.flatnonzero(is_near),
        ("{user!r}, {credential}: {age_days} days, within a day of the threshold ({status})"),
    )


def _is_in_gap(cells: Cells, verdicts: Verdicts) -> Flags:
    used = (verdicts.use == USES.index(Use.USED)) & (cells.last_used < GAP_START)
    never = verdicts.use == USES.index(Use.NEVER_USED)  # and unused: so it was set before the end
    threshold = cells.unused_after_days.astype("m8[D]")
    found: Flags = (
        (cells.kind == code(Kind.PASSWORD))
        & (verdicts.status == code(Status.UNUSED))
        & (used | never)
        & (cells.as_of > GAP_START)
        & (cells.as_of - GAP_END < threshold)
    )
    return found


def _to_text(instant: np.datetime64) -> str:
    return str(np.datetime_as_string(instant, unit="s", timezone="UTC"))
