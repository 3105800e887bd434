"""COMPARISON_WRITERS by format: the files of a comparison, built whole in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from credreport import __version__
from credreport.evidence.evidence import is_too_long
from credreport.evidence.of_comparison import ComparisonEvidence
from credreport.files import sha256, whole
from credreport.output.formats import (
    Files,
    Options,
    markdown_code,
    to_csv,
    to_json,
    to_manifest,
    to_records,
)
from credreport.reports.normalise import to_rows
from credreport.schema import CHANGES, SLOT_WORDS, TIMELINE
from credreport.verdicts.tally import SCHEMA_VERSION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ComparisonWriter = Callable[[ComparisonEvidence, Options, Files], Files]

_PICTURE_TITLES = {"paired": "Findings before and now", "open": "Open findings over time"}
_TOP_FINDINGS = 10


def render_comparison(
    evidence: ComparisonEvidence, formats: Sequence[str], options: Options | None = None
) -> Files:
    """Return every file of the formats by name, the manifest last. Nothing touches the disk."""
    options = options or Options()
    files: Files = {}
    for name, writer in COMPARISON_WRITERS.items():
        if name in formats:
            files |= writer(evidence, options, files)
    manifest = to_manifest(evidence.verdict, evidence.parameters, evidence.inputs, files)
    files[f"{evidence.stem}-manifest.json"] = manifest
    return files


def draw_comparison(evidence: ComparisonEvidence) -> dict[str, Figure]:
    """Return the pictures by the name they have in a file's name; `open` with three dates or more."""
    from credreport.output.comparison_charts import draw_open_counts, draw_paired  # noqa: PLC0415 - slow

    figures = {"paired": draw_paired(evidence.by_kind, evidence.days, evidence.captions)}
    if evidence.has_timeline:
        captions = replace(evidence.captions, title=_open_title(evidence))
        figures["open"] = draw_open_counts(evidence.open_counts, captions)
    return figures


def _open_title(evidence: ComparisonEvidence) -> str:
    totals = evidence.open_counts.groupby("date")["open"].sum()
    first, last = evidence.days[0], evidence.days[-1]
    return f"Open findings: {totals.iloc[0]} on {first}, {totals.iloc[-1]} on {last}"


def _draw(evidence: ComparisonEvidence, form: str) -> Files:
    from credreport.output.charts import to_png, to_svg  # noqa: PLC0415 - matplotlib is slow

    save = to_png if form == "png" else to_svg
    figures = draw_comparison(evidence)
    return {f"{evidence.stem}-{name}.{form}": save(figure) for name, figure in figures.items()}


def write_png(evidence: ComparisonEvidence, _: Options, _files: Files) -> Files:
    """Return the pictures as PNG."""
    return _draw(evidence, "png")


def write_svg(evidence: ComparisonEvidence, _: Options, _files: Files) -> Files:
    """Return the pictures as SVG."""
    return _draw(evidence, "svg")


def write_xlsx(evidence: ComparisonEvidence, options: Options, files: Files) -> Files:
    """Return the workbook, and the changes as CSV where they are too long for a sheet."""
    from credreport.output.comparison_workbook import to_comparison_xlsx  # noqa: PLC0415 - slow

    names = {name: f"{evidence.stem}-{name}.png" for name in _PICTURE_TITLES}
    drawn = files if names["paired"] in files else _draw(evidence, "png")
    pictures = {
        title: whole(drawn[names[name]])
        for name, title in _PICTURE_TITLES.items()
        if names[name] in drawn
    }
    written: Files = {f"{evidence.stem}.xlsx": to_comparison_xlsx(evidence, pictures)}
    if is_too_long(len(evidence.changes)):
        written |= write_csv(evidence, options, files)
    return written


def write_csv(evidence: ComparisonEvidence, options: Options, _: Files) -> Files:
    """Return the table of changes as CSV."""
    return {f"{evidence.stem}-changes.csv": to_csv(evidence.changes[list(CHANGES)], options)}


def to_comparison_document(evidence: ComparisonEvidence) -> dict[str, Any]:
    """Return the comparison as one JSON document: every fact and every table."""
    tables: dict[str, pd.DataFrame] = {
        "changes": evidence.changes[list(CHANGES)],
        "timeline": evidence.timeline[list(TIMELINE)],
        "open_counts": evidence.open_counts,
        "by_kind": evidence.by_kind,
        "by_change": evidence.by_change,
        "accounts": evidence.accounts,
        "inputs": evidence.inputs,
        "tie_out": evidence.tie_out,
        "warnings": evidence.warnings,
        "left_out": evidence.left_out,
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "generator": "credreport",
        "version": __version__,
        "verdict": evidence.verdict,
        "ties_out": evidence.ties_out,
        "parameters": dict(evidence.parameters),
        "facts": dict(evidence.facts),
        "sign_off": vars(evidence.sign_off),
        **{name: to_records(table) for name, table in tables.items()},
    }


def write_json(evidence: ComparisonEvidence, _: Options, _files: Files) -> Files:
    """Return the one JSON document."""
    return {f"{evidence.stem}.json": to_json(to_comparison_document(evidence)).encode()}


def _top_lines(changes: pd.DataFrame) -> list[str]:
    lines = [
        f"- {markdown_code(row['user'])} in {row['account_id']}: "
        f"{SLOT_WORDS[row['credential']]}, {str(row['change']).replace('_', ' ')} ({markdown_code(row['evidence'])})"
        for row in to_rows(changes.head(_TOP_FINDINGS))
    ]
    more = len(changes) - len(lines)
    return [*lines, f"- and {more} more: see the workbook"] if more else lines


def write_md(evidence: ComparisonEvidence, _: Options, files: Files) -> Files:
    """Return the ticket comment: verdict, counts, what is open and new, file names and hashes."""
    lines = [f"## {evidence.title}", "", evidence.verdict, ""]
    lines += ["| Type | Before | Closed | Still open | New | Now |"]
    lines += ["| --- |" + " ---: |" * 5]
    for row in evidence.by_kind.itertuples(index=False, name=None):
        lines.append("| " + " | ".join(str(cell) for cell in row) + " |")
    changes = evidence.changes
    for heading, chosen in (
        ("New", changes["is_new_finding"]),
        ("Still open", changes["closed"].eq("no")),
        ("Closed", changes["closed"].eq("yes")),
    ):
        if chosen.any():
            lines += ["", f"{heading}:", "", *_top_lines(changes[chosen])]
    lines += ["", f"Tie-out: {'PASS' if evidence.ties_out else 'FAIL'}."]
    lines += ["", "Evidence (SHA-256):", ""]
    lines += [f"- `{name}` `{sha256(data)}`" for name, data in files.items()]
    lines += ["", "Inputs (SHA-256):", ""]
    inputs = dict(zip(evidence.inputs["source_file"], evidence.inputs["sha256"], strict=True))
    lines += [f"- {markdown_code(name)} `{digest}`" for name, digest in inputs.items()]
    return {f"{evidence.stem}.md": ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")}


# In the order of making: the ticket comment names the hashes of what stands before it.
COMPARISON_WRITERS: dict[str, ComparisonWriter] = {
    "png": write_png,
    "svg": write_svg,
    "xlsx": write_xlsx,
    "csv": write_csv,
    "json": write_json,
    "md": write_md,
}
