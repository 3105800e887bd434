"""Evidence -> one JSON document: every fact and every table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring_ascii
from typing import Any

import pandas as pd

from credreport import __version__
from credreport.evidence.evidence import Evidence
from credreport.files import Spool
from credreport.output.formats import Files
from credreport.output.pictures import Options
from credreport.reports.normalise import to_texts
from credreport.schema import BOOLEANS
from credreport.verdicts.tally import SCHEMA_VERSION

_FLAGS = {"true": True, "false": False}


def write_json(evidence: Evidence, _: Options, _files: Files) -> Files:
    """Return the one JSON document."""
    name = f"{evidence.stem}.json"
    if evidence.aside is None:
        return {name: "".join(to_json_parts(evidence)).encode()}
    spool = Spool()
    for part in to_json_parts(evidence):
        spool.put(part.encode())
    return {name: spool}


def to_document(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence as one JSON document: every fact and every table."""
    return {
        "schema_version": SCHEMA_VERSION,
        "generator": "credreport",
        "version": __version__,
        "verdict": evidence.verdict,
        "ties_out": evidence.ties_out,
        "parameters": dict(evidence.parameters),
        "facts": dict(evidence.facts),
        "sign_off": vars(evidence.sign_off),
        **{name: to_records(table) for name, table in evidence.tables.items()},
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


def to_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON values: numbers stay numbers, nothing is null."""
    columns = _to_values(table)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _to_values(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns as JSON values."""
    columns: dict[str, list[Any]] = {}
    for name, column in table.items():
        if pd.api.types.is_bool_dtype(column.dtype):
            columns[str(name)] = [bool(value) for value in column]
        elif pd.api.types.is_numeric_dtype(column.dtype):
            columns[str(name)] = [None if pd.isna(value) else int(value) for value in column]
        elif name in BOOLEANS:
            columns[str(name)] = [_FLAGS.get(str(value).lower()) for value in column]
        elif isinstance(column.dtype, pd.DatetimeTZDtype):
            columns[str(name)] = [text or None for text in to_texts(column)]
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


def _to_json_value(value: object) -> str:
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    return str(value) if type(value) is int else json.dumps(value)
