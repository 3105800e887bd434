"""Review -> the sheet, facts and lines about the decisions of an earlier workbook."""

from __future__ import annotations

import pandas as pd

from credreport.decisions.decision import Review
from credreport.decisions.review import count_sentence
from credreport.evidence.account_names import whose_line, with_names
from credreport.evidence.evidence import Code, Line, Section
from credreport.reports.normalise import to_rows
from credreport.rules.accounts import AccountList
from credreport.rules.option_file import OptionFile
from credreport.schema import DECISIONS
from credreport.verdicts.tally import shown_credential

_MOST_LINES = 10


def to_decisions(review: Review, accounts: AccountList) -> pd.DataFrame:
    """Return the table `decisions`: the columns of DECISIONS."""
    return with_names(review.table, accounts)[[*DECISIONS]]


def decision_files(review: Review | None) -> dict[str, OptionFile]:
    """Return the workbook of the decisions, by its role in the manifest.

    It affects no verdict: the names of the evidence leave it out, so that a workbook keeps
    its name when its decisions are carried over into the next one.
    """
    return {} if review is None else {"carry_from": review.file}


def decision_facts(review: Review | None) -> list[tuple[str, str]]:
    """Return which workbook the decisions come from, and how many were carried over."""
    if review is None:
        return []
    return [("Decisions from", str(review.file)), ("Decisions", count_sentence(review))]


def decision_sections(review: Review | None, accounts: AccountList) -> tuple[Section, ...]:
    """Return the counts, and what the report contradicts, for the ticket comment."""
    if review is None:
        return ()
    sections = [Section("Decisions:", ((count_sentence(review),),), 0, "decisions")]
    table = to_decisions(review, accounts)
    wrong = table[table["is_contradicted"]]
    lines = tuple(_line(row) for row in to_rows(wrong.head(_MOST_LINES)))
    if lines:
        heading = "Decisions that the report contradicts:"
        sections.append(Section(heading, lines, len(wrong) - len(lines), "decisions"))
    return tuple(sections)


def _line(row: dict[str, object]) -> Line:
    return (
        f"{row['finding_id']} {row['rule']}: ",
        *whose_line(row),
        f", {shown_credential(row['credential'])} (",
        Code(str(row["check"])),
        ")",
    )


def decision_method(review: Review | None) -> list[tuple[str, str]]:
    """Return what the sheet Method says about decisions."""
    if review is None:
        return []
    text = (
        "The auditor's cells of the sheet Findings are carried over from the workbook that "
        "--carry-from names, by Finding ID; no verdict is read back from it, and no decision changes "
        "a verdict or a count. A decision Removed or Disabled dated before the day of the report is "
        "checked against it: where the finding is still there, or the credential still active, the sheet Decisions, the verdict and the "
        "warnings name it. Exception and False positive stay open: only a waiver changes that. A "
        "decision whose finding is not in this run is kept on the sheet Decisions and carried on "
        "from there. Fill in decisions on the sheet Findings."
    )
    return [("Decisions", text)]
