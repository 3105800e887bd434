"""The tables and blocks that every evidence has: inputs, tie-out, warnings, left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from credreport.errors import Notice, Problem
from credreport.evidence.evidence import Block
from credreport.reports.inputs import Skipped
from credreport.schema import LEFT_OUT, REPORT
from credreport.verdicts.tally import (
    Totals,
    band_edges,
    band_labels,
    band_rows,
    input_rows,
    left_out_rows,
    shown_account,
    warning_rows,
)
from credreport.verdicts.warnings import WARNING_TITLES

MASKED_STEM = "-masked"
_SUM = "Total"
# Of the sheet Inputs: its blocks share the columns, so the order of the tie-out suits these widths.
INPUTS_WIDTHS = (26, 29.5, 12, 8, 17, 12, 17, 8.5, 8, 8.5, 6.5, 9.5)
_TIE_OUT = (
    "source_file", "account_id", "rows", "expected", "excluded", "absent", "undetermined",
    "inactive", "unused", "current", "counted", "result",
)  # fmt: skip


def to_inputs(totals: Totals) -> pd.DataFrame:
    """Return one row per report: the file, its hash and size, account and as-of."""
    inputs = pd.DataFrame(input_rows(totals))
    dates = {name: pd.to_datetime(inputs[name], utc=True) for name in ("as_of", "stamp")}
    return inputs.assign(**dates)


def to_band(age_days: pd.Series, unused_after_days: int) -> pd.Series:
    """Return the label of each age; empty where there is no age."""
    edges = band_edges(unused_after_days)
    labels = np.array(band_labels(edges))
    days = age_days.fillna(0).to_numpy(dtype="int64")
    words = labels[np.searchsorted(edges, days, side="right") - 1]
    return pd.Series(words, index=age_days.index, dtype="str").where(age_days.notna(), "")


def to_bands(totals: Totals) -> pd.DataFrame:
    """Return one row per band and kind: `band`, `kind`, `count`, `never_used`, `is_unused`."""
    return pd.DataFrame(band_rows(totals))


def name_total(tie_out: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the tie-out with another name in its last row, the total; a file may be called so."""
    return tie_out.assign(source_file=[*tie_out["source_file"].iloc[:-1], name])


def accounts_heading(more: int, sheet: str) -> str:
    """Return the heading of the first accounts on Summary; `sheet` has those that are `more`."""
    return f"Accounts with most open findings ({more} more: {sheet})" if more else "Accounts"


def masked_facts(fingerprint: str) -> list[tuple[str, str]]:
    """Return the fact that names are pseudonyms, if so; `fingerprint` is that of their key."""
    if not fingerprint:
        return []
    return [("Masked", f"every name is a pseudonym, by the key with the fingerprint {fingerprint}")]


def to_warnings(notices: Sequence[Notice]) -> pd.DataFrame:
    """Return one row per warning, with where it was found; no line where the whole file is meant."""
    columns = ["source_file", "source_line", "warning", "message"]
    table = pd.DataFrame(warning_rows(notices), columns=columns)
    lines = table["source_line"].astype("Int64")
    return table.assign(source_line=lines.mask(lines.eq(0)))


def to_left_out(
    refused: Sequence[Problem],
    superseded: Sequence[Skipped],
    skipped: Sequence[Skipped],
    role: str = REPORT,
) -> pd.DataFrame:
    """Return what was among the inputs of a role but not judged: refused, superseded, left out."""
    rows = left_out_rows(refused, superseded, skipped, role)
    return pd.DataFrame(rows, columns=[*LEFT_OUT], dtype="str")


def reports_block(heading: str, inputs: pd.DataFrame) -> Block:
    """Return the reports with their hashes."""
    order = [
        "source_file", "sha256", "account_id", "rows", "as_of", "as_of_origin", "stamp",
        "container", "bytes", "era",
    ]  # fmt: skip
    headers = (
        "File", "SHA-256", "Account", "Rows", "As of (UTC)", "As-of taken from", "Own stamp (UTC)",
        "Read as", "Bytes", "Era",
    )  # fmt: skip
    return Block(heading, headers, _with_shown_accounts(inputs)[order])


def _with_shown_accounts(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its accounts as people read them; the account of a sum stays empty."""
    is_sum = table["source_file"].str.startswith(_SUM) & table["account_id"].eq("")
    shown = table["account_id"].map(shown_account).mask(is_sum, "")
    return table.assign(account_id=shown.astype("str"))


def closing_blocks(
    tie_out: pd.DataFrame, left_out: pd.DataFrame, warnings: pd.DataFrame
) -> tuple[Block, ...]:
    """Return what the sheet Inputs ends with: tie-out, left out, warnings."""
    headers = (
        "File", "Account", "Rows", "Rows x 3", "Excluded", "Absent", "Undetermined", "Inactive",
        "Unused", "Current", "Sum", "Result",
    )  # fmt: skip
    return (
        Block(
            "Tie-out: rows x 3 = the sum of the six",
            headers,
            _with_shown_accounts(tie_out)[[*_TIE_OUT]],
        ),
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
    return Block(heading, ("Count", "Warning"), table[["count", "warning"]], "No warnings")
