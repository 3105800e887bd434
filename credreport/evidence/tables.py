"""The tables and blocks that every evidence has: inputs, accounts, tie-out, warnings, left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from credreport.errors import Notice, Problem
from credreport.evidence.evidence import Block
from credreport.reports.inputs import Skipped
from credreport.rules.accounts import Account
from credreport.schema import ACCOUNT_NAMES
from credreport.verdicts.tally import Totals, input_rows, left_out_rows, warning_rows
from credreport.verdicts.warnings import WARNING_TITLES

_TIE_OUT = (
    "source_file", "account_id", "rows", "expected", "excluded", "absent", "inactive",
    "undetermined", "unused", "current", "counted", "result",
)  # fmt: skip


def to_inputs(totals: Totals) -> pd.DataFrame:
    """Return one row per report: the file, its hash and size, whose it is and from when."""
    inputs = pd.DataFrame(input_rows(totals))
    dates = {name: pd.to_datetime(inputs[name], utc=True) for name in ("as_of", "stamp")}
    return inputs.assign(**dates)


def to_warnings(notices: Sequence[Notice]) -> pd.DataFrame:
    """Return one row per warning, with where it was found."""
    columns = ["source_file", "source_line", "warning", "message"]
    return pd.DataFrame(warning_rows(notices), columns=columns)


def to_left_out(
    refused: Sequence[Problem], superseded: Sequence[Skipped], skipped: Sequence[Skipped]
) -> pd.DataFrame:
    """Return what lay among the inputs and was not judged: refused, superseded, not searched."""
    rows = left_out_rows(refused, superseded, skipped)
    return pd.DataFrame(rows, columns=["what", "source_file", "why"], dtype="str")


def with_names(table: pd.DataFrame, accounts: Sequence[Account]) -> pd.DataFrame:
    """Add `name` and `owner` of each account, empty where the user's list has none."""
    named = {account.account_id: account for account in accounts}
    return table.assign(
        name=[named[key].name if key in named else "" for key in table["account_id"]],
        owner=[named[key].owner if key in named else "" for key in table["account_id"]],
    )


def with_account_names(table: pd.DataFrame, accounts: Sequence[Account]) -> pd.DataFrame:
    """Add `account_name` and `account_owner`, empty where the user's list has none."""
    named = with_names(table, accounts)
    return named.rename(columns=dict(zip(("name", "owner"), ACCOUNT_NAMES, strict=True)))


def reports_block(heading: str, inputs: pd.DataFrame) -> Block:
    """Return the reports with their hashes."""
    order = [
        "source_file", "sha256", "account_id", "rows", "as_of", "as_of_origin", "stamp",
        "container", "bytes", "era",
    ]  # fmt: skip
    headers = (
        "File", "SHA-256", "Account", "Users", "As of (UTC)", "As-of taken from", "Own stamp (UTC)",
        "Read as", "Bytes", "Era",
    )  # fmt: skip
    return Block(heading, headers, inputs[order], is_tall=True)


def closing_blocks(
    tie_out: pd.DataFrame, left_out: pd.DataFrame, warnings: pd.DataFrame
) -> tuple[Block, ...]:
    """Return what the sheet Inputs ends with: tie-out, left out, warnings."""
    headers = (
        "File", "Account", "Rows", "Rows x 3", "Excluded", "Absent", "Inactive", "Undetermined",
        "Unused", "Current", "Sum", "Result",
    )  # fmt: skip
    return (
        Block("Tie-out: rows x 3 = the sum of the six", headers, tie_out[[*_TIE_OUT]]),
        Block(
            "Left out",
            ("File", "What", "Why"),
            left_out[["source_file", "what", "why"]],
            "Nothing was left out",
        ),
        Block(
            "Warnings",
            ("File", "Warning", "Line", "What was found"),
            warnings[["source_file", "warning", "source_line", "message"]],
            "No warnings",
        ),
    )


def warning_counts_block(notices: Sequence[Notice]) -> Block:
    """Return how many warnings there are of each sort."""
    counts = Counter(WARNING_TITLES[notice.code] for notice in notices)
    table = pd.DataFrame(sorted(counts.items()), columns=["warning", "count"])
    heading = "Warnings (each with its line: Inputs)"
    return Block(heading, ("Warning", "Count"), table, "No warnings")
