"""WRITERS by format: the evidence as bytes, by the name of each file. Nothing touches the disk."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from credreport import __version__
from credreport.errors import UsageError
from credreport.evidence.evidence import Evidence, is_too_long
from credreport.files import Content, Spool, sha256, whole
from credreport.reports.normalise import to_naive, to_rows
from credreport.rules.catalogue import Severity
from credreport.schema import CHANGES, CREDENTIALS, FINDINGS, SLOT_WORDS, USERS
from credreport.text import escape_text
from credreport.verdicts.tally import SCHEMA_VERSION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_TOP_FINDINGS = 10
_ROWS_AT_ONCE = 20_000
POPULATION = {"users": USERS, "credentials": CREDENTIALS}
_PICTURE_TITLES = {"ageing": "Ageing of active credentials", "ecdf": "Cumulative share by age"}


@dataclass(frozen=True)
class Options:
    """How to write: `csv_raw` leaves text cells of the CSV as they are, for machines."""

    csv_raw: bool = False


Files = dict[str, Content]
Writer = Callable[[Evidence, Options, Files], Files]


def parse_formats(text: str, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the formats of `--format xlsx,png`; `none` is no format. Raises UsageError.

    `known` are the formats to choose from: those of WRITERS unless others are given.
    """
    choices = tuple(known) or tuple(WRITERS)
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if names == ("none",):
        return ()
    unknown = [name for name in names if name not in choices]
    if unknown or not names:
        names_known = ", ".join([*choices, "none"])
        raise UsageError(f"--format {text!r}: choose from {names_known}, separated by commas")
    return names


def render(evidence: Evidence, formats: Sequence[str], options: Options | None = None) -> Files:
    """Return every file of the formats by name, the manifest last. Nothing touches the disk."""
    options = options or Options()
    files: Files = {}
    for name, writer in WRITERS.items():
        if name in formats:
            files |= writer(evidence, options, files)
    files[f"{evidence.stem}-manifest.json"] = to_manifest(
        evidence.verdict, evidence.parameters, _all_inputs(evidence), files
    )
    return files


def draw_figures(evidence: Evidence) -> dict[str, Figure]:
    """Return the pictures by the name they have in a file's name."""
    from credreport.output.charts import draw_ageing, draw_ecdf  # noqa: PLC0415 - matplotlib is slow

    return {
        "ageing": draw_ageing(evidence.bands, evidence.captions),
        "ecdf": draw_ecdf(evidence.ages, evidence.captions),
    }


def _draw(evidence: Evidence, form: str, files: Files) -> dict[str, bytes]:
    """Return the pictures as PNG or SVG, drawn once a run."""
    from credreport.output.charts import to_png, to_svg  # noqa: PLC0415 - matplotlib is slow

    names = [f"{evidence.stem}-{name}.{form}" for name in _PICTURE_TITLES]
    if all(name in files for name in names):
        return {name: whole(files[name]) for name in names}
    save = to_png if form == "png" else to_svg
    figures = draw_figures(evidence)
    return {f"{evidence.stem}-{name}.{form}": save(figure) for name, figure in figures.items()}


def write_png(evidence: Evidence, _: Options, files: Files) -> Files:
    """Return the two pictures as PNG."""
    return {**_draw(evidence, "png", files)}


def write_svg(evidence: Evidence, _: Options, files: Files) -> Files:
    """Return the two pictures as SVG."""
    return {**_draw(evidence, "svg", files)}


def write_xlsx(evidence: Evidence, options: Options, files: Files) -> Files:
    """Return the workbook, and as CSV what of the population is too long for a sheet."""
    from credreport.output.workbook import to_xlsx  # noqa: PLC0415 - openpyxl is slow

    drawn = _draw(evidence, "png", files)
    titles = dict(zip(_PICTURE_TITLES.values(), drawn.values(), strict=True))
    written: Files = {f"{evidence.stem}.xlsx": to_xlsx(evidence, titles)}
    if is_too_long(evidence.user_count):
        written |= _population_csv(evidence, "users", options)
    if is_too_long(evidence.credential_count):
        written |= _population_csv(evidence, "credentials", options)
        written |= _changes_csv(evidence, options)
    return written


def write_csv(evidence: Evidence, options: Options, _: Files) -> Files:
    """Return the tables Credentials and Findings as CSV, and Changes where there is a baseline."""
    files = {
        **_population_csv(evidence, "credentials", options),
        f"{evidence.stem}-findings.csv": to_csv(evidence.findings[list(FINDINGS)], options),
    }
    return files | _changes_csv(evidence, options)


def _changes_csv(evidence: Evidence, options: Options) -> Files:
    if evidence.changes is None:
        return {}
    return {f"{evidence.stem}-changes.csv": to_csv(evidence.changes[list(CHANGES)], options)}


def _population_csv(evidence: Evidence, name: str, options: Options) -> Files:
    """Return the table `users` or `credentials` as CSV; it may have been put aside as such."""
    file = f"{evidence.stem}-{name}.csv"
    if evidence.aside and name in evidence.aside.csv:
        return {file: evidence.aside.csv[name]}
    table = evidence.users if name == "users" else evidence.credentials
    return {file: to_csv(table[list(POPULATION[name])], options)}


def to_csv(table: pd.DataFrame, options: Options) -> bytes:
    """Return the table as CSV, its text cells guarded unless `options` says raw."""
    return csv_header(table.columns) + csv_rows(table, options)


def csv_header(columns: Iterable[str]) -> bytes:
    """Return the first line of a CSV."""
    return _to_lines([list(columns)])


def csv_rows(table: pd.DataFrame, options: Options) -> bytes:
    """Return the rows of a CSV; see to_csv."""
    parts = []
    for first in range(0, len(table), _ROWS_AT_ONCE):
        rows = table.iloc[first : first + _ROWS_AT_ONCE]
        columns = [_to_cells(rows[name], is_guarded=not options.csv_raw) for name in rows]
        parts.append(_to_lines(zip(*columns, strict=True)))
    return b"".join(parts)


def _to_cells(column: pd.Series, *, is_guarded: bool) -> list[str]:
    """Return the cells as text; before what a spreadsheet would execute, an apostrophe.

    Each different cell is looked at once: most repeat themselves.
    """
    codes, different = pd.factorize(column, use_na_sentinel=False)
    texts = _to_text(pd.Series(different)).tolist()
    if is_guarded:
        texts = [f"'{text}" if text.startswith(_FORMULA_STARTS) else text for text in texts]
    cells: list[str] = np.array(texts, dtype=object)[codes].tolist()
    return cells


def _to_lines(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _to_text(column: pd.Series) -> pd.Series:
    """Return every cell as text: times as `...Z`, nothing as an empty text."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        seconds = np.datetime_as_string(to_naive(column).to_numpy(), unit="s")
        texts = pd.Series(seconds, index=column.index, dtype="str") + "Z"
        return texts.where(column.notna(), "")
    return column.astype("str").where(column.notna(), "")


def to_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON values: numbers stay numbers, nothing is null."""
    columns = _to_values(table)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _to_values(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns as JSON values."""
    columns: dict[str, list[Any]] = {}
    for name, column in table.items():
        if pd.api.types.is_numeric_dtype(column.dtype):
            columns[str(name)] = [None if pd.isna(value) else int(value) for value in column]
        elif isinstance(column.dtype, pd.DatetimeTZDtype):
            columns[str(name)] = [text or None for text in _to_text(column)]
        else:
            columns[str(name)] = [str(value) for value in column.fillna("")]
    return columns


def json_rows(table: pd.DataFrame) -> bytes:
    """Return the rows as they stand in the document of to_json, below the name of their table.

    For a population, which to_json would take many times as long for.
    """
    columns = _to_values(table)
    members = ",\n".join(f"   {json.dumps(name)}: %s" for name in columns)
    texts = [list(map(_to_json_value, values)) for values in columns.values()]
    rows = [f"  {{\n{members}\n  }}" % row for row in zip(*texts, strict=True)]
    return ",\n".join(rows).encode("ascii")


def _to_json_value(value: str | int | None) -> str:
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    return "null" if value is None else str(value)


def to_document(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence as one JSON document: every fact and every table."""
    tables = {
        "findings": evidence.findings[list(FINDINGS)],
        "undetermined": evidence.undetermined,
        "users": evidence.users[list(USERS)],
        "credentials": evidence.credentials[list(CREDENTIALS)],
        "remediation": evidence.remediation,
        "summary": evidence.summary,
        "bands": evidence.bands.assign(is_unused=evidence.bands["is_unused"].astype(int)),
        "accounts": evidence.accounts,
        "inputs": evidence.inputs,
        "tie_out": evidence.tie_out,
        "warnings": evidence.warnings,
        "left_out": evidence.left_out,
    }
    if not evidence.rules.empty:
        tables["rules"] = evidence.rules
    if evidence.waivers is not None:
        tables["waivers"] = evidence.waivers
    if evidence.changes is not None and evidence.baseline is not None:
        tables |= {"changes": evidence.changes[list(CHANGES)], "baseline": evidence.baseline}
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


def to_json(document: Mapping[str, Any]) -> str:
    """Return a JSON text in ASCII that ends with a newline."""
    return json.dumps(document, indent=1) + "\n"


def to_json_parts(evidence: Evidence) -> Iterator[str]:
    """Yield the one JSON document in parts, with the rows that were put aside in their place."""
    text = to_json(to_document(evidence))
    for name, rows in evidence.aside.json.items() if evidence.aside else ():
        # No text of the document holds a line end, so this is the table and nothing else.
        before, _, text = text.partition(f'\n "{name}": []')
        yield f'{before}\n "{name}": [\n'
        yield from (chunk.decode("ascii") for chunk in rows.chunks())
        yield "\n ]"
    yield text


def write_json(evidence: Evidence, _: Options, _files: Files) -> Files:
    """Return the one JSON document."""
    name = f"{evidence.stem}.json"
    if evidence.aside is None:
        return {name: "".join(to_json_parts(evidence)).encode()}
    spool = Spool()
    for part in to_json_parts(evidence):
        spool.put(part.encode())
    return {name: spool}


def write_sh(evidence: Evidence, _: Options, _files: Files) -> Files:
    """Return the remediation script."""
    return {f"{evidence.stem}-remediate.sh": evidence.script.encode("utf-8", "backslashreplace")}


def _rank(evidence: Evidence) -> pd.DataFrame:
    """Return the findings, the worst first where several rules found them, open before waived."""
    if evidence.rules.empty:
        return evidence.findings
    ranks = {severity.value: rank for rank, severity in enumerate(Severity)}
    ranked = evidence.findings.assign(rank=evidence.findings["severity"].map(ranks))
    return ranked.sort_values(["state", "rank"], kind="stable")


def _top_heading(evidence: Evidence) -> str:
    return "Unused longest:" if evidence.rules.empty else "Worst findings:"


def _top_lines(evidence: Evidence, code: Callable[[str], str]) -> list[str]:
    lines = []
    for finding in to_rows(_rank(evidence).head(_TOP_FINDINGS)):
        account = str(finding["account_id"]) or "unknown account"
        credential = SLOT_WORDS.get(str(finding["credential"]), str(finding["credential"]))
        words = f"{finding['age_days']} days"
        if not evidence.rules.empty:
            words = f"{finding['severity']}, {finding['rule']}"
            if finding["waiver"]:
                words += f", waived: {code(str(finding['waiver']))}"
        lines.append(
            f"{code(str(finding['user']))} in {account}: {credential}, {words} "
            f"({code(str(finding['finding_id']))})"
        )
    more = len(evidence.findings) - len(lines)
    return [*lines, f"and {more} more: see the workbook"] if more else lines


def markdown_code(text: str) -> str:
    """Return the text as a code span: fenced by one back-tick more than stand together in it."""
    shown = escape_text(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    blank = " " if shown.startswith("`") or shown.endswith("`") or shown.strip() != shown else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def write_md(evidence: Evidence, _: Options, files: Files) -> Files:
    """Return the ticket comment in Markdown: verdict, counts, top findings, file names and hashes."""
    lines = [f"## {evidence.title}", "", evidence.verdict, ""]
    lines += ["| Type | " + " | ".join(evidence.summary.columns[1:]).replace("_", " ") + " |"]
    lines += ["| --- |" + " ---: |" * (len(evidence.summary.columns) - 1)]
    for row in evidence.summary.itertuples(index=False, name=None):
        lines.append("| " + " | ".join(str(cell) for cell in row) + " |")
    if not evidence.findings.empty:
        lines += ["", _top_heading(evidence), ""]
        lines += [f"- {line}" for line in _top_lines(evidence, markdown_code)]
    lines += ["", f"Tie-out: {'PASS' if evidence.ties_out else 'FAIL'}."]
    lines += ["", "Evidence (SHA-256):", ""]
    lines += [f"- `{name}` `{sha256(data)}`" for name, data in files.items()]
    lines += ["", "Inputs (SHA-256):", ""]
    lines += [
        f"- {markdown_code(name)} `{digest}`"
        for name, digest in dict(
            zip(evidence.inputs["source_file"], evidence.inputs["sha256"], strict=True)
        ).items()
    ]
    return {f"{evidence.stem}.md": ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")}


def write_jira(evidence: Evidence, _: Options, files: Files) -> Files:
    """Return the same ticket comment in Jira's wiki markup."""
    lines = [f"h2. {evidence.title}", "", evidence.verdict, ""]
    lines += ["||Type||" + "||".join(evidence.summary.columns[1:]).replace("_", " ") + "||"]
    for row in evidence.summary.itertuples(index=False, name=None):
        lines.append("|" + "|".join(str(cell) for cell in row) + "|")
    if not evidence.findings.empty:
        lines += ["", _top_heading(evidence), ""]
        lines += [f"* {line}" for line in _top_lines(evidence, _jira_code)]
    lines += ["", f"Tie-out: {'PASS' if evidence.ties_out else 'FAIL'}."]
    lines += ["", "Evidence (SHA-256):", ""]
    lines += [f"* {{{{{name}}}}} {{{{{sha256(data)}}}}}" for name, data in files.items()]
    lines += ["", "Inputs (SHA-256):", ""]
    digests = dict(zip(evidence.inputs["source_file"], evidence.inputs["sha256"], strict=True))
    lines += [f"* {_jira_code(name)} {{{{{digest}}}}}" for name, digest in digests.items()]
    return {f"{evidence.stem}.jira": ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")}


def _jira_code(text: str) -> str:
    escaped = "".join(
        f"\\{letter}" if letter in "{}[]|*_-+^~?!\\" else letter for letter in escape_text(text)
    )
    return f"{{{{{escaped}}}}}"


def _all_inputs(evidence: Evidence) -> pd.DataFrame:
    return pd.concat([evidence.inputs, evidence.baseline], ignore_index=True)


def to_manifest(
    verdict: str,
    parameters: Mapping[str, object],
    inputs: pd.DataFrame,
    files: Mapping[str, Content],
) -> bytes:
    """Return the manifest: hash and size of every input and output, what was asked, the verdict."""
    columns = ["source_file", "sha256", "bytes", "account_id", "as_of", "as_of_origin"]
    read = inputs[columns].drop_duplicates()
    document = {
        "schema_version": SCHEMA_VERSION,
        "generator": "credreport",
        "version": __version__,
        "verdict": verdict,
        "parameters": dict(parameters),
        "inputs": to_records(read.rename(columns={"source_file": "name"})),
        "outputs": [
            {"name": name, "sha256": sha256(data), "bytes": len(data)}
            for name, data in files.items()
        ],
    }
    return to_json(document).encode()


# In the order of making: the ticket comments name the hashes of what stands before them.
WRITERS: dict[str, Writer] = {
    "png": write_png,
    "svg": write_svg,
    "xlsx": write_xlsx,
    "csv": write_csv,
    "json": write_json,
    "sh": write_sh,
    "md": write_md,
    "jira": write_jira,
}
