"""Survey -> what `inspect` shows: lines for a person, one JSON document for a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from credreport import __version__
from credreport.instants import format_instant
from credreport.runs.survey import Survey
from credreport.verdicts.tally import (
    SCHEMA_VERSION,
    Row,
    Totals,
    account_rows,
    band_rows,
    input_rows,
    left_out_rows,
    summary_rows,
    tie_out_rows,
    to_facts,
    to_parameters,
    to_verdict,
    warning_rows,
)

_TOLD = ("unused", "current", "undetermined", "excluded", "inactive", "absent")


def report_lines(totals: Totals) -> Iterator[str]:
    """Yield a block of lines for each report: whose, from when, how big, and the counts."""
    for report, counts in zip(input_rows(totals), tie_out_rows(totals), strict=False):
        yield f"{report['source_file']}: a credential report ({report['container']})"
        yield f"  account  {report['account_id'] or 'unknown'}"
        yield f"  users    {report['rows']}, root included"
        yield f"  as of    {format_instant(report['as_of'])} ({report['as_of_origin']})"
        yield f"  era      {report['era']}"
        yield f"  bytes    {report['bytes']}"
        yield f"  sha256   {report['sha256']}"
        words = ", ".join(f"{counts[status]} {status}" for status in _TOLD)
        yield f"  verdicts {words}; tie-out {counts['result']}"


def json_parts(survey: Survey) -> Iterator[str]:
    """Yield the parts of one JSON document in ASCII: a line a row, however many there are.

    Its members are those of the document of `analyze`, without the tables of all users and
    credentials; `unused` has the unused credentials in the order of reports and rows.
    """
    totals = survey.totals
    facts = {
        "schema_version": SCHEMA_VERSION,
        "generator": "credreport",
        "version": __version__,
        "verdict": to_verdict(totals),
        "ties_out": totals.is_tied_out,
        "parameters": to_parameters(totals.policy),
        "facts": dict(to_facts(totals)),
    }
    tables = {
        "undetermined": survey.undetermined,
        "summary": summary_rows(totals),
        "bands": [{**row, "is_unused": int(row["is_unused"])} for row in band_rows(totals)],
        "accounts": account_rows(totals),
        "inputs": input_rows(totals),
        "tie_out": tie_out_rows(totals),
        "warnings": warning_rows(totals.notices),
        "left_out": left_out_rows(totals.refused, totals.superseded, totals.skipped),
    }
    yield "{\n"
    for name, fact in facts.items():
        yield f"{json.dumps(name)}: {json.dumps(fact)},\n"
    for name, rows in tables.items():
        yield from _to_list(name, _to_texts(rows))
        yield ",\n"
    yield from _to_list("unused", (rows.decode("ascii") for rows in survey.unused()))
    yield "\n}\n"


def _to_list(name: str, texts: Iterable[str]) -> Iterator[str]:
    yield f"{json.dumps(name)}: ["
    before = "\n"
    for text in texts:
        yield before
        yield text
        before = ",\n"
    yield "]" if before == "\n" else "\n]"


def _to_texts(rows: Sequence[Row]) -> Iterator[str]:
    return map(json.JSONEncoder(default=_to_text).encode, rows)


def _to_text(value: object) -> str:
    assert isinstance(value, datetime)
    return format_instant(value)
