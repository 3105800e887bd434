"""ComparisonEvidence -> the workbook: which sheet says what. Values only, no formula."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from credreport.evidence.evidence import credential_words
from credreport.evidence.of_comparison import ComparisonEvidence
from credreport.output.sheetxml import NOTHING, Stream
from credreport.output.workbook import (
    CHANGES_COLUMNS,
    HEADING,
    TITLE,
    TOP,
    Column,
    add_method,
    add_pictures,
    add_reports,
    add_sign_off,
    add_table,
    finish_book,
    put,
    sentences,
    to_changes_sheet,
    write_block,
    write_facts,
)
from credreport.schema import Kind

_TIMELINE_COLUMNS = (
    Column("Finding ID", "finding_id", width=17),
    Column("Account", "account_id", width=13),
    Column("User", "user", width=16, widest=32),
    Column("Credential", "credential_words", width=14),
    Column("State", "state", width=13),
    Column("First seen (UTC)", "first_seen", "date", 19),
    Column("Last seen (UTC)", "last_seen", "date", 19),
    Column("Closed on (UTC)", "closed_on", "date", 19),
    Column("How", "how_words", width=14),
    Column("Days open", "days_open", "number", 9),
    Column("Times it came back", "came_back", "number", 10),
)
_TOP_ACCOUNTS = 10


def to_comparison_xlsx(evidence: ComparisonEvidence, pictures: Mapping[str, bytes]) -> bytes:
    """Return the workbook's bytes: the same evidence and pictures give the same bytes.

    `pictures` maps a title to a PNG for the sheet Charts. Raises OutputError as `to_xlsx` does.
    """
    book = Workbook()
    book.properties.creator = "credreport"
    book.properties.title = evidence.title
    book.remove(book.worksheets[0])
    _add_summary(book, evidence)
    streams: dict[int, Stream] = {}
    changes = to_changes_sheet(evidence.changes)
    stream = add_table(book, "Changes", changes, CHANGES_COLUMNS, "No credentials")
    if stream:
        streams[len(book.worksheets)] = stream
    if evidence.has_timeline:
        timeline = _to_timeline_sheet(evidence.timeline)
        words = "No findings on any date"
        stream = add_table(book, "Timeline", timeline, _TIMELINE_COLUMNS, words)
        if stream:
            streams[len(book.worksheets)] = stream
    alt_texts = add_pictures(book, evidence.title, pictures)
    _add_inputs(book, evidence)
    add_method(book, evidence.method)
    return finish_book(book, streams, alt_texts, evidence.inputs)


def _to_timeline_sheet(timeline: pd.DataFrame) -> pd.DataFrame:
    return timeline.assign(
        credential_words=credential_words(timeline["credential"]),
        how_words=timeline["how"].str.replace("_", " ").replace("", NOTHING),
    )


def _add_summary(book: Workbook, evidence: ComparisonEvidence) -> None:
    sheet = book.create_sheet("Summary")
    for place, width in enumerate([34, 12, 12, 13, 16, 14, 14, 12, 12], start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    put(sheet, 1, 1, "IAM credentials compared", TITLE)
    row = 2
    for sentence in sentences(evidence.verdict):
        for clause in sentence.split("; "):
            put(sheet, row, 1, clause, HEADING).alignment = TOP
            row += 1
    row += 1
    row = write_facts(sheet, row, evidence.facts, ties_out=evidence.ties_out)
    headers = ["Type", "Before", "Closed", "Still open", "New", "Now"]
    row = write_block(sheet, row, "Findings (unused credentials)", headers, evidence.by_kind)
    headers = [
        "Change", "Passwords", "Access keys", "Credentials", "Findings before", "New findings",
        "Meaning",
    ]  # fmt: skip
    changes = evidence.by_change.assign(change=evidence.by_change["change"].str.replace("_", " "))
    row = write_block(sheet, row, "What became of every credential", headers, changes)
    if evidence.has_timeline:
        row = _add_open_counts(sheet, row, evidence)
    if len(evidence.accounts) > 1:
        row = _add_accounts(sheet, row, evidence)
    counts = pd.DataFrame(sorted(evidence.warning_counts.items()), columns=["warning", "count"])
    heading = "Warnings (each with its line: Inputs)"
    row = write_block(sheet, row, heading, ["Warning", "Count"], counts, words="No warnings")
    add_sign_off(sheet, row, evidence.sign_off)


def _add_open_counts(sheet: Worksheet, row: int, evidence: ComparisonEvidence) -> int:
    counts = evidence.open_counts
    by_date = counts.groupby("date")
    of_kind = counts.pivot_table(index="date", columns="kind", values="open").astype("int64")
    table = pd.DataFrame(
        {
            "day": evidence.days,
            "accounts": by_date["accounts"].first().to_numpy(),
            "passwords": of_kind[Kind.PASSWORD.value].to_numpy(),
            "keys": of_kind[Kind.ACCESS_KEY.value].to_numpy(),
            "open": by_date["open"].sum().to_numpy(),
            "opened": by_date["opened"].sum().to_numpy(),
            "closed": by_date["closed"].sum().to_numpy(),
            "not_covered": by_date["not_covered"].sum().to_numpy(),
        }
    )
    headers = [
        "Date (UTC)", "Accounts", "Passwords", "Access keys", "Open findings", "Opened", "Closed",
        "Not covered",
    ]  # fmt: skip
    return write_block(sheet, row, "Open findings over time", headers, table)


def _add_accounts(sheet: Worksheet, row: int, evidence: ComparisonEvidence) -> int:
    by_open = evidence.accounts.assign(now=lambda table: table["still_open"] + table["new"])
    top = by_open.sort_values(["now", "account_id"], ascending=[False, True]).head(_TOP_ACCOUNTS)
    heading = "Accounts" if len(by_open) <= len(top) else "Accounts with most open findings"
    comma = (top["name"].ne("") & top["owner"].ne("")).map({True: ", ", False: ""})
    semicolon = (top["name"] + top["owner"]).ne("").map({True: "; ", False: ""})
    about = top["coverage"] + semicolon + top["name"] + comma + top["owner"]
    shown = top.assign(about=about)[
        ["account_id", "before", "closed", "still_open", "new", "undetermined", "about"]
    ]
    headers = [
        "Account", "Before", "Closed", "Still open", "New", "Undetermined",
        "Reports; name, owner",
    ]  # fmt: skip
    return write_block(sheet, row, heading, headers, shown)


def _add_inputs(book: Workbook, evidence: ComparisonEvidence) -> None:
    sheet = book.create_sheet("Inputs")
    for place, width in enumerate([46, 38, 15, 18, 20, 20, 20, 20, 14, 34], start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    row = add_reports(sheet, 1, "Reports judged, by date", evidence.inputs)
    headers = [
        "Account", "Name", "Owner", "Reports", "Before", "Closed", "Still open", "New",
        "Undetermined",
    ]  # fmt: skip
    row = write_block(sheet, row, "Accounts", headers, evidence.accounts)
    headers = [
        "File", "Account", "Rows", "Rows x 3", "Excluded", "Absent", "Inactive", "Undetermined",
        "Unused", "Current", "Sum", "Result",
    ]  # fmt: skip
    order = ["source_file", "account_id", "rows", "expected", "excluded", "absent", "inactive"]
    order += ["undetermined", "unused", "current", "counted", "result"]
    heading = "Tie-out: rows x 3 = the sum of the six"
    row = write_block(sheet, row, heading, headers, evidence.tie_out[order])
    left_out = evidence.left_out[["source_file", "what", "why"]]
    headers = ["File", "What", "Why"]
    row = write_block(sheet, row, "Left out", headers, left_out, words="Nothing was left out")
    warnings = evidence.warnings[["source_file", "warning", "source_line", "message"]]
    headers = ["File", "Warning", "Line", "What was found"]
    write_block(sheet, row, "Warnings", headers, warnings, words="No warnings")
