"""Evidence -> one JSON document: every fact and every table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring_ascii
from typing import Any

import pandas as pd

from credreport import __version__
from credreport.evidence.evidence import Evidence
from credreport.files import Spool, chunks_of
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


def _to_document(evidence: Evidence) -> dict[str, Any]:
    """Return the document with every fact, and every table without its rows."""
    return {
        "schema_version": SCHEMA_VERSION,
        "generator": "credreport",
        "version": __version__,
        "verdict": evidence.verdict,
        "ties_out": evidence.ties_out,
        "parameters": dict(evidence.parameters),
        "facts": dict(evidence.facts),
        "sign_off": vars(evidence.sign_off),
        **{name: [] for name in evidence.tables},
    }


def to_json(document: Mapping[str, Any]) -> str:
    """Return a JSON text in ASCII that ends with a newline."""
    return json.dumps(document, indent=1) + "\n"


def to_json_parts(evidence: Evidence) -> Iterator[str]:
    """Yield the one JSON document in parts: each table's rows in its place, put aside or written now."""
    text = to_json(_to_document(evidence))
    aside = evidence.aside.json if evidence.aside else {}
    for name in evidence.tables:
        rows = aside[name] if name in aside else json_rows(evidence.tables[name])
        if rows:
            # No text of the document contains a line end, so this is the table and nothing else.
            before, _, text = text.partition(f'\n "{name}": []')
            yield f'{before}\n "{name}": [\n'
            yield from (chunk.decode("ascii") for chunk in chunks_of(rows))
            yield "\n ]"
    yield text


def to_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON values: numbers stay numbers, a missing cell is null."""
    columns = _to_values(table)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _to_values(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns as JSON values."""
    columns: dict[str, list[Any]] = {}
    for name, column in table.items():
        if pd.api.types.is_bool_dtype(column.dtype):
            columns[str(name)] = [bool(value) for value in column.tolist()]
        elif pd.api.types.is_numeric_dtype(column.dtype):
            columns[str(name)] = [
                None if is_missing else int(value)
                for value, is_missing in zip(column.tolist(), column.isna().tolist(), strict=True)
            ]
        elif name in BOOLEANS:
            columns[str(name)] = [_FLAGS.get(str(value).lower()) for value in column.tolist()]
        elif isinstance(column.dtype, pd.DatetimeTZDtype):
            columns[str(name)] = [text or None for text in to_texts(column)]
        else:
            columns[str(name)] = [str(value) for value in column.fillna("").tolist()]
    return columns


def json_rows(table: pd.DataFrame) -> bytes:
    """Return the rows as they are in the document, below the name of their table.

    They are laid out as to_json does, which would take many times as long.
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
