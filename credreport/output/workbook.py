"""Evidence -> the workbook: which sheet says what, in which columns. Values only, no formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.drawing.image import Image
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet
from pandas.api.types import is_numeric_dtype

from credreport import __version__
from credreport.errors import OutputError
from credreport.evidence.evidence import Evidence, SignOff, credential_words, is_too_long
from credreport.instants import format_instant
from credreport.output.charts import COLOURS
from credreport.output.sheetxml import MAX_ROWS, NOTHING, Stream, count_rows, finish, safe_text
from credreport.schema import Change, Kind

DISPOSITIONS = ("Open", "Disabled", "Removed", "Exception", "False positive")
DATE_FORMAT = "yyyy-mm-dd hh:mm:ss"

_INK = "1F2937"
_HEADER_FILL = PatternFill("solid", fgColor="1F3A5F")
BAD_FILL = PatternFill("solid", fgColor="FBE3D6")
GOOD_FILL = PatternFill("solid", fgColor="E2F0E6")
_TO_FILL_IN = PatternFill("solid", fgColor="FFF9DB")
_FONT = "Calibri"
_BODY = Font(name=_FONT, size=10, color=_INK)
_HEADER_FONT = Font(name=_FONT, size=10, bold=True, color="FFFFFF")
BOLD = Font(name=_FONT, size=10, bold=True, color=_INK)
HEADING = Font(name=_FONT, size=12, bold=True, color=_INK)
TITLE = Font(name=_FONT, size=16, bold=True, color=_INK)
_UNDERLINE = Border(bottom=Side(style="thin", color="D0D5DD"))
TOP = Alignment(vertical="top")
WRAP = Alignment(vertical="top", wrap_text=True)
_ALIGNMENTS = {
    "text": WRAP,
    "date": Alignment(vertical="top", horizontal="center"),
    "number": Alignment(vertical="top", horizontal="right", indent=1),
}
_CHARACTERS_SPARE = 3
_MOST_BLOCK_ROWS = 50_000
LINE_HEIGHT = 13.5
LINE_SPARE = 1.5
_MAX_LINES = 29
_LETTERS_A_WIDTH = 1.08


@dataclass(frozen=True)
class Column:
    """One column of a data sheet: its header, where it comes from, its kind and width in characters."""

    header: str
    source: str
    kind: str = "text"
    width: int = 14
    widest: int = 0
    is_for_auditor: bool = False


_FINDINGS = (
    Column("Finding ID", "finding_id", width=17),
    Column("Account", "account_id", width=13),
    Column("User", "user", width=14, widest=28),
    Column("Credential", "credential_words", width=12),
    Column("Days unused", "age_days", "number", 8),
    Column("Effective last use (UTC)", "effective_last_used", "date", 20),
    Column("Basis", "basis", width=26),
    Column("Rule", "rule", width=18),
    Column("Severity", "severity", width=9),
    Column("State", "state_words", width=8, widest=18),
    Column("Recommended action", "action", width=21),
    Column("Disposition", "blank", width=12, is_for_auditor=True),
    Column("Decided by", "blank", width=12, is_for_auditor=True),
    Column("Decision date", "blank", width=11, is_for_auditor=True),
    Column("Ticket and notes", "blank", width=19, is_for_auditor=True),
)
_UNDETERMINED = (
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=32),
    Column("Credential", "credential_words", width=20),
    Column("Reason", "reason", width=52),
    Column("Cells as reported", "cells", width=52),
    Column("Source file", "source_file", width=24, widest=46),
    Column("Source line", "source_line", "number", 9),
)
_USERS = (
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=32),
    Column("Created (UTC)", "created_at", "date", 19),
    Column("Active credentials", "active_credentials", "number", 12),
    Column("Unused credentials", "unused_credentials", "number", 12),
    Column("Most recent use (UTC)", "most_recent_use", "date", 19),
    Column("Days since", "days_since", "number", 9),
    Column("MFA", "mfa_active", width=8),
    Column("Console password", "console_password", width=14),
    Column("Conclusion", "conclusion", width=30),
    Column("ARN", "arn", width=40, widest=60),
)
_CREDENTIALS = (
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=32),
    Column("Credential", "credential_words", width=20),
    Column("Status", "status", width=13),
    Column("Days", "age_days", "number", 8),
    Column("Effective last use (UTC)", "effective_last_used", "date", 19),
    Column("Basis", "basis", width=27),
    Column("Last used (UTC)", "last_used", "date", 19),
    Column("Last used as reported", "last_used_raw", width=26),
    Column("Set or rotated (UTC)", "set_at", "date", 19),
    Column("Last service", "service", width=13),
    Column("Last region", "region", width=13),
    Column("Age band", "band", width=10),
    Column("MFA", "mfa_active", width=8),
    Column("Finding ID", "finding_id", width=19),
    Column("Reason", "reason", width=30, widest=52),
    Column("Source file", "source_file", width=24, widest=46),
    Column("Source line", "source_line", "number", 9),
    Column("ARN", "arn", width=40, widest=60),
)
_REMEDIATION = (
    Column("Finding ID", "finding_id", width=19),
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=28),
    Column("Credential", "credential", width=14),
    Column("Step 1", "step_1", width=62),
    Column("Step 2", "step_2", width=50),
    Column("Console path", "console", width=48),
)
_WAIVERS = (
    Column("Waiver", "waiver", width=16, widest=28),
    Column("State", "state", width=11),
    Column("Account", "account_id", width=14),
    Column("User", "user", width=16, widest=28),
    Column("Credential", "credential", width=14),
    Column("Rule", "rule", width=22),
    Column("Reason", "reason", width=36),
    Column("Approved by", "approved_by", width=16),
    Column("Approved on", "approved_on", width=12),
    Column("Expires", "expires", width=12),
    Column("Ticket", "ticket", width=12),
    Column("Compensating control", "compensating_control", width=26),
    Column("Covers", "covers", "number", 8),
    Column("Findings covered", "findings", width=19),
    Column("Open again (lapsed)", "lapsed", width=19),
)
CHANGES_COLUMNS = (
    Column("Finding", "finding", width=10),
    Column("Change", "change_words", width=13),
    Column("Account", "account_id", width=13),
    Column("User", "user", width=14, widest=28),
    Column("Credential", "credential_words", width=14, widest=22),
    Column("Status before", "before_status", width=12),
    Column("Status after", "after_status", width=12),
    Column("Last used before (UTC)", "before_last_used", "date", 19),
    Column("Last used after (UTC)", "after_last_used", "date", 19),
    Column("Days before", "before_age_days", "number", 9),
    Column("Days after", "after_age_days", "number", 9),
    Column("Evidence", "evidence", width=46),
    Column("Line before", "line_before", "number", 8),
    Column("Line after", "line_after", "number", 8),
)


def to_xlsx(evidence: Evidence, pictures: Mapping[str, bytes]) -> bytes:
    """Return the workbook's bytes: the same evidence and pictures give the same bytes.

    `pictures` maps a title to a PNG for the sheet Charts. The result was read back and its rows
    counted; raises OutputError where a table is longer than a sheet can be.
    """
    book = Workbook()
    book.properties.creator = f"credreport {__version__}"
    book.properties.title = evidence.title
    book.remove(book.worksheets[0])
    streams: dict[int, Stream] = {}
    alt_texts = _add_summary(book, evidence)

    def add(title: str, table: pd.DataFrame, columns: Sequence[Column], words: str) -> None:
        stream = add_table(book, title, table, columns, words)
        if stream:
            streams[len(book.worksheets)] = stream

    add("Findings", _with_words(evidence.findings), _FINDINGS, _no_findings(evidence))
    add("Undetermined", _with_words(evidence.undetermined), _UNDETERMINED, "Everything was judged")

    def add_population(
        title: str, number: int, table: pd.DataFrame, columns: Sequence[Column]
    ) -> None:
        words = f"No {title.lower()}"
        if is_too_long(number):
            words = (
                f"{number} rows are too many for a sheet: see {evidence.stem}-{title.lower()}.csv"
            )
            table = table.iloc[:0]
        add(title, table, columns, words)

    add_population("Users", evidence.user_count, evidence.users, _USERS)
    credentials = _with_words(evidence.credentials)
    add_population("Credentials", evidence.credential_count, credentials, _CREDENTIALS)
    add("Remediation", evidence.remediation, _REMEDIATION, "No findings, so nothing to remedy")
    if evidence.changes is not None:
        add("Changes", to_changes_sheet(evidence.changes), CHANGES_COLUMNS, "No credentials")
    if evidence.waivers is not None:
        add("Waivers", evidence.waivers, _WAIVERS, "No waivers in the file")
    alt_texts += add_pictures(book, evidence.title, pictures)
    _add_inputs(book, evidence)
    add_method(book, evidence.method)
    return finish_book(book, streams, alt_texts, evidence.inputs)


def finish_book(
    book: Workbook, streams: Mapping[int, Stream], alt_texts: Sequence[str], inputs: pd.DataFrame
) -> bytes:
    """Set up the pages, stream the rows in, read the result back and return its bytes.

    `streams` by sheet number; `inputs` tells the newest as-of, the time the workbook bears.
    """
    for sheet in book.worksheets:
        set_up_page(sheet)
    summary = book.worksheets[0]
    summary.page_setup.orientation = "portrait"
    summary.page_setup.fitToHeight = 1
    skeleton = io.BytesIO()
    book.save(skeleton)
    newest = inputs["as_of"].max().to_pydatetime()
    workbook = finish(skeleton.getvalue(), streams, alt_texts, newest)
    counted = count_rows(workbook)
    for number, stream in streams.items():
        if counted[number] != len(stream) + 1:
            title = book.worksheets[number - 1].title
            message = (
                f"the sheet {title} came back with {counted[number] - 1} of {len(stream)} rows"
            )
            raise OutputError(message)
    return workbook


def _no_findings(evidence: Evidence) -> str:
    if not evidence.rules.empty:
        return f"No findings: none of the {len(evidence.rules)} rules in force was broken"
    return f"No findings: no active credential was unused for {evidence.unused_after_days} days or more"


def _with_words(table: pd.DataFrame) -> pd.DataFrame:
    words = table.assign(credential_words=credential_words(table["credential"]), blank="")
    if "waiver" not in table:
        return words
    state = table["state"].where(table["waiver"].eq(""), table["state"] + " " + table["waiver"])
    return words.assign(state_words=state)


def to_changes_sheet(changes: pd.DataFrame) -> pd.DataFrame:
    """Return the changes in words; a sheet too long for the eye shows only what changed or is open."""
    if is_too_long(len(changes)):
        still = [Change.STILL_CURRENT, Change.STILL_INACTIVE, Change.STILL_EXCLUDED]
        changes = changes[~changes["change"].isin(still)]
    words = credential_words(changes["credential"])
    slot_before = changes["credential_before"].str.slice(-1)
    has_moved = changes["credential_before"].ne("") & changes["credential_before"].ne(
        changes["credential"]
    )
    finding = changes["closed"].map({"yes": "closed", "no": "still open", "": ""})
    return changes.assign(
        finding=finding.mask(changes["is_new_finding"], "new").replace("", NOTHING),
        change_words=changes["change"].str.replace("_", " "),
        credential_words=words.mask(has_moved, words + " (was " + slot_before + ")"),
        before_status=changes["before_status"].replace("", NOTHING),
        after_status=changes["after_status"].replace("", NOTHING),
    )


def add_table(
    book: Workbook, title: str, table: pd.DataFrame, columns: Sequence[Column], words: str
) -> Stream | None:
    """Add a data sheet with its header and a template row; return the rows to stream into it."""
    sheet = book.create_sheet(title)
    if len(table) > MAX_ROWS:
        raise OutputError(f"{title}: {len(table)} rows are more than a sheet can hold ({MAX_ROWS})")
    _write_header(sheet, 1, [(column.header, column.kind) for column in columns])
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = _fit(column, table)
    if table.empty:
        put(sheet, 2, 1, words)
        return None
    for place, column in enumerate(columns, start=1):
        cell = sheet.cell(2, place)
        cell.font = _BODY
        cell.border = _UNDERLINE
        cell.alignment = _ALIGNMENTS[column.kind]
        if column.kind == "date":
            cell.number_format = DATE_FORMAT
        elif column.kind == "number":
            cell.number_format = "0"
        else:
            cell.number_format = "@"
            cell.quotePrefix = not column.is_for_auditor
        if column.is_for_auditor:
            cell.fill = _TO_FILL_IN
            cell.number_format = "yyyy-mm-dd" if "date" in column.header else "General"
    last = len(table) + 1
    skeleton = f"A1:{get_column_letter(len(columns))}2"
    excel_table = Table(displayName=title, ref=skeleton)
    excel_table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    sheet.add_table(excel_table)
    _add_drop_down(sheet, columns, last)
    return Stream(
        table=title,
        columns=[table[column.source] for column in columns],
        kinds=[column.kind for column in columns],
        heights=_heights(table, columns),
    )


def _heights(table: pd.DataFrame, columns: Sequence[Column]) -> pd.Series:
    """Return each row's height in points, enough for its longest wrapped text."""
    lines = pd.Series(1.0, index=table.index)
    for column in columns:
        if column.kind == "text" and not column.is_for_auditor:
            needed = -(-table[column.source].str.len() // (_fit(column, table) * _LETTERS_A_WIDTH))
            lines = lines.where(lines >= needed, needed)
    return lines.clip(upper=_MAX_LINES).astype("int64") * LINE_HEIGHT + LINE_SPARE


def _fit(column: Column, table: pd.DataFrame) -> float:
    if column.widest <= column.width or table.empty:
        return column.width
    longest = int(table[column.source].str.len().max()) + _CHARACTERS_SPARE
    return min(max(column.width, longest), column.widest)


def _add_drop_down(sheet: Worksheet, columns: Sequence[Column], last: int) -> None:
    for place, column in enumerate(columns, start=1):
        if column.header != "Disposition":
            continue
        validation = DataValidation(
            type="list",
            formula1=f'"{",".join(DISPOSITIONS)}"',
            allow_blank=True,
            showErrorMessage=True,
        )
        validation.errorTitle = "Disposition"
        validation.error = f"Choose one of: {', '.join(DISPOSITIONS)}"
        letters = get_column_letter(place)
        validation.add(f"{letters}2:{letters}{last}")
        sheet.add_data_validation(validation)


def put(sheet: Worksheet, row: int, place: int, value: Any, font: Font | None = None) -> Any:
    """Put one value into a cell: any text as text, never as a formula; dates as dates."""
    cell = sheet.cell(row, place)
    if isinstance(value, pd.Timestamp) and value.year < 1901:
        value = format_instant(value)
    if isinstance(value, pd.Timestamp):
        cell.value = value.tz_convert("UTC").tz_localize(None).floor("s").to_pydatetime()
        cell.number_format = DATE_FORMAT
        cell.alignment = Alignment(vertical="top", horizontal="left")
    elif isinstance(value, str):
        if value:
            cell.value = safe_text(value)
            cell.data_type = "s"
            cell.quotePrefix = True
        cell.alignment = TOP
    else:
        cell.value = NOTHING if pd.isna(value) else int(value)
        cell.alignment = _ALIGNMENTS["number"]
    cell.font = font or _BODY
    return cell


def _write_header(sheet: Worksheet, row: int, headers: Iterable[tuple[str, str]]) -> None:
    """Write a header row; a header stands to the side where the column's values stand."""
    for place, (header, kind) in enumerate(headers, start=1):
        cell = put(sheet, row, place, header, _HEADER_FONT)
        cell.fill = _HEADER_FILL
        stands = _ALIGNMENTS[kind]
        cell.alignment = Alignment(
            vertical="center",
            horizontal=stands.horizontal or "left",
            indent=stands.indent,
            wrap_text=True,
        )
        cell.quotePrefix = False
    sheet.row_dimensions[row].height = 2 * LINE_HEIGHT + LINE_SPARE


def write_block(
    sheet: Worksheet,
    row: int,
    heading: str,
    headers: Sequence[str],
    table: pd.DataFrame,
    *,
    words: str = "",
) -> int:
    """Write a heading and a small table below it; return the next free row."""
    put(sheet, row, 1, heading, HEADING)
    if table.empty:
        put(sheet, row + 1, 1, words)
        return row + 3
    kinds = ["number" if is_numeric_dtype(kind) else "text" for kind in table.dtypes]
    _write_header(sheet, row + 1, zip(headers, kinds, strict=True))
    shown = table.head(_MOST_BLOCK_ROWS)
    for offset, values in enumerate(shown.itertuples(index=False, name=None), start=2):
        for place, value in enumerate(values, start=1):
            put(sheet, row + offset, place, value).border = _UNDERLINE
    row += len(shown) + 2
    if len(table) > len(shown):
        put(sheet, row, 1, f"and {len(table) - len(shown)} more: --format json holds them all")
        row += 1
    return row + 1


def write_facts(
    sheet: Worksheet, row: int, facts: Iterable[tuple[str, str]], *, ties_out: bool
) -> int:
    """Write labels and values of the first sheet, the tie-out in its colour; return the next row."""
    for label, value in facts:
        put(sheet, row, 1, label, BOLD)
        cell = put(sheet, row, 2, value)
        if label == "Tie-out":
            cell.fill = GOOD_FILL if ties_out else BAD_FILL
            cell.font = BOLD
        row += 1
    return row + 1


def sentences(verdict: str) -> list[str]:
    """Return the sentences of a verdict, one a line of the summary."""
    return [f"{part.rstrip('.')}." for part in verdict.split(". ")]


def _add_summary(book: Workbook, evidence: Evidence) -> list[str]:
    """Add the first sheet; return the alt text of its chart."""
    sheet = book.create_sheet("Summary")
    for place, width in enumerate([30, 11, 11, 11, 13, 13, 11, 11, 11, 11], start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    put(sheet, 1, 1, "Unused IAM credentials", TITLE)
    sheet.row_dimensions[1].height = 2 * LINE_HEIGHT
    row = 2
    for sentence in sentences(evidence.verdict):
        cell = put(sheet, row, 1, sentence, HEADING)
        cell.alignment = TOP
        row += 1
    row += 1
    row = write_facts(sheet, row, evidence.facts, ties_out=evidence.ties_out)
    words = [name.replace("_", " ") for name in evidence.summary.columns[1:]]
    row = write_block(
        sheet, row, "Credentials by type and status", ["Type", *words], evidence.summary
    )
    if not evidence.rules.empty:
        row = _add_rules(sheet, row, evidence)
    row, alt_text = _add_ageing(sheet, row, evidence)
    top = evidence.accounts.sort_values(["unused", "account_id"], ascending=[False, True]).head(10)
    if len(evidence.accounts) > 1:
        heading = "Accounts" if len(evidence.accounts) <= len(top) else "Accounts with most unused"
        headers = ["Account", "Users", "Unused", "Current", "Undetermined", "Name, owner"]
        row = write_block(sheet, row, heading, headers, _join_owner(_name_unknown(top)))
    counts = pd.DataFrame(sorted(evidence.warning_counts.items()), columns=["warning", "count"])
    row = write_block(
        sheet,
        row,
        "Warnings (each with its line: Inputs)",
        ["Warning", "Count"],
        counts,
        words="No warnings",
    )
    add_sign_off(sheet, row, evidence.sign_off)
    return [alt_text]


def _add_rules(sheet: Worksheet, row: int, evidence: Evidence) -> int:
    """Write what each rule in force found, its control last: a text that may run on."""
    order = ["rule", "findings", "open", "waived", "undecided", "severity", "fires", "control"]
    headers = ["Rule", "Findings", "Open", "Waived", "Not told", "Severity", "Fires", "Control"]
    return write_block(sheet, row, "Findings by rule", headers, evidence.rules[order])


def _name_unknown(accounts: pd.DataFrame) -> pd.DataFrame:
    known = accounts["account_id"].where(accounts["account_id"].ne(""), "unknown")
    return accounts.assign(account_id=known)


def _join_owner(accounts: pd.DataFrame) -> pd.DataFrame:
    """Put name and owner last, in one text that may run over the cells to its right."""
    comma = accounts["owner"].ne("").map({True: ", ", False: ""})
    joined = accounts.assign(who=accounts["name"] + comma + accounts["owner"])
    return joined[["account_id", "users", "unused", "current", "undetermined", "who"]]


def _add_ageing(sheet: Worksheet, row: int, evidence: Evidence) -> tuple[int, str]:
    wide = evidence.bands.pivot_table(index="band", columns="kind", values="count", sort=False)
    never = evidence.bands.groupby("band", sort=False)["never_used"].sum()
    flags = evidence.bands.groupby("band", sort=False)["is_unused"].first()
    table = pd.DataFrame(
        {
            "band": wide.index,
            "passwords": wide[Kind.PASSWORD.value].astype(int).to_numpy(),
            "keys": wide[Kind.ACCESS_KEY.value].astype(int).to_numpy(),
            "never": never.to_numpy(),
            "verdict": flags.map({True: "unused", False: "current"}).to_numpy(),
        }
    )
    headers = [
        "Days since effective last use",
        "Passwords",
        "Access keys",
        "of which never used",
        "Status",
    ]
    end = write_block(sheet, row, "Ageing of active credentials", headers, table)
    chart = BarChart()
    chart.type = "col"
    chart.grouping = "stacked"
    chart.overlap = 100
    chart.gapWidth = 40
    chart.title = None
    chart.height, chart.width = 7, 15
    first, last = row + 2, row + 1 + len(table)
    chart.add_data(
        Reference(sheet, min_col=2, max_col=3, min_row=first - 1, max_row=last),
        titles_from_data=True,
    )
    chart.set_categories(Reference(sheet, min_col=1, min_row=first, max_row=last))
    for series, kind in zip(chart.series, (Kind.PASSWORD, Kind.ACCESS_KEY), strict=True):
        series.graphicalProperties.solidFill = COLOURS[kind].lstrip("#")
        series.invertIfNegative = False
    chart.x_axis.title = "Days since effective last use"
    chart.y_axis.title = "Active credentials"
    chart.y_axis.number_format = "0"
    chart.y_axis.majorGridlines = None
    chart.x_axis.delete = False
    chart.y_axis.delete = False
    chart.legend.position = "t"
    sheet.add_chart(chart, f"F{row}")
    parts = ", ".join(
        f"{band} days: {passwords + keys}"
        for band, passwords, keys in table[["band", "passwords", "keys"]].itertuples(index=False)
    )
    alt_text = f"Columns of active credentials by age. {evidence.title}. {parts}."
    return max(end, row + 17), alt_text


def add_sign_off(sheet: Worksheet, row: int, sign_off: SignOff) -> None:
    """Write the sign-off block below the given row."""
    put(sheet, row, 1, "Sign-off", HEADING)
    lines = (
        ("Control", sign_off.control),
        ("System", sign_off.system),
        ("Prepared by", sign_off.prepared_by),
        ("Date", ""),
        ("Reviewed by", ""),
        ("Date", ""),
        ("Ticket", sign_off.ticket),
    )
    for offset, (label, value) in enumerate(lines, start=1):
        put(sheet, row + offset, 1, label, BOLD)
        sheet.row_dimensions[row + offset].height = 1.5 * LINE_HEIGHT
        for place in range(2, 6):
            sheet.cell(row + offset, place).border = Border(bottom=Side(style="thin", color=_INK))
        if value:
            put(sheet, row + offset, 2, value).border = Border(
                bottom=Side(style="thin", color=_INK)
            )


def add_pictures(book: Workbook, heading: str, pictures: Mapping[str, bytes]) -> list[str]:
    """Add the sheet Charts with the pictures by title; return their alt texts."""
    sheet = book.create_sheet("Charts")
    sheet.column_dimensions["A"].width = 130
    put(sheet, 1, 1, heading, TITLE)
    row = 3
    alt_texts: list[str] = []
    for title, png in pictures.items():
        if alt_texts:
            sheet.row_breaks.append(Break(id=row - 1))
        put(sheet, row, 1, title, HEADING)
        picture = Image(io.BytesIO(png))
        picture.width, picture.height = 810, 450
        sheet.add_image(picture, f"A{row + 1}")
        alt_texts.append(f"{title}. {heading}.")
        row += 26
    return alt_texts


def _add_inputs(book: Workbook, evidence: Evidence) -> None:
    sheet = book.create_sheet("Inputs")
    for place, width in enumerate([46, 38, 15, 13, 20, 20, 20, 20, 14, 34], start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    row = add_reports(sheet, 1, "Reports judged", evidence.inputs)
    if evidence.baseline is not None:
        row = add_reports(sheet, row, "Baseline: the older reports of Changes", evidence.baseline)
    headers = ["Account", "Name", "Owner", "Users", "Unused", "Current", "Undetermined"]
    row = write_block(sheet, row, "Accounts", headers, _name_unknown(evidence.accounts))
    headers = [
        "File", "Account", "Rows", "Rows x 3", "Excluded", "Absent", "Inactive", "Undetermined",
        "Unused", "Current", "Sum", "Result",
    ]  # fmt: skip
    order = ["source_file", "account_id", "rows", "expected", "excluded", "absent", "inactive"]
    order += ["undetermined", "unused", "current", "counted", "result"]
    tie_out = evidence.tie_out[order]
    row = write_block(sheet, row, "Tie-out: rows x 3 = the sum of the six", headers, tie_out)
    left_out = evidence.left_out[["source_file", "what", "why"]]
    headers = ["File", "What", "Why"]
    row = write_block(sheet, row, "Left out", headers, left_out, words="Nothing was left out")
    warnings = evidence.warnings[["source_file", "warning", "source_line", "message"]]
    headers = ["File", "Warning", "Line", "What was found"]
    write_block(sheet, row, "Warnings", headers, warnings, words="No warnings")


def add_reports(sheet: Worksheet, row: int, heading: str, inputs: pd.DataFrame) -> int:
    """Write a block of reports with their hashes; return the next free row."""
    order = [
        "source_file", "sha256", "account_id", "rows", "as_of", "as_of_origin", "stamp",
        "container", "bytes", "era",
    ]  # fmt: skip
    headers = [
        "File", "SHA-256", "Account", "Users", "As of (UTC)", "As-of taken from", "Own stamp (UTC)",
        "Read as", "Bytes", "Era",
    ]  # fmt: skip
    end = write_block(sheet, row, heading, headers, inputs[order])
    for number in range(row + 2, row + 2 + len(inputs)):
        sheet.cell(number, 2).alignment = WRAP
        sheet.row_dimensions[number].height = 2 * LINE_HEIGHT + LINE_SPARE
    return end


def add_method(book: Workbook, method: pd.DataFrame) -> None:
    """Add the sheet Method: section and text."""
    sheet = book.create_sheet("Method")
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 118
    _write_header(sheet, 1, [("Section", "text"), ("Text", "text")])
    sheet.freeze_panes = "A2"
    for number, (section, text) in enumerate(method.itertuples(index=False, name=None), start=2):
        put(sheet, number, 1, section, BOLD)
        put(sheet, number, 2, text).alignment = WRAP
        lines = -(-len(text) // 132)
        sheet.row_dimensions[number].height = lines * LINE_HEIGHT + 4 * LINE_SPARE


def set_up_page(sheet: Worksheet) -> None:
    """Set up how a sheet prints: landscape A4, as wide as the page, with a footer."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom, sheet.page_margins.footer = 0.5, 0.7, 0.3
    footer = {"left": "&F", "center": "&A", "right": "Page &P of &N"}
    for place, text in footer.items():
        getattr(sheet.oddFooter, place).text = text
    sheet.sheet_view.showGridLines = False
