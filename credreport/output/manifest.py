"""The manifest: what was read and what was written, with hash and size."""

from __future__ import annotations

import pandas as pd

from credreport import __version__
from credreport.evidence.evidence import Evidence
from credreport.files import sha256
from credreport.output.formats import Files
from credreport.output.json_file import to_json, to_records
from credreport.verdicts.tally import SCHEMA_VERSION

_ABOUT_INPUT = ["source_file", "sha256", "bytes", "account_id", "as_of", "as_of_origin"]


def to_manifest(evidence: Evidence, files: Files) -> bytes:
    """Return the manifest: every input and every file of the run, what was asked, the verdict."""
    names = [name for name in ("inputs", "baseline") if name in evidence.tables]
    read = pd.concat([evidence.tables[name] for name in names], ignore_index=True)
    read = read[_ABOUT_INPUT].drop_duplicates().rename(columns={"source_file": "name"})
    document = {
        "schema_version": SCHEMA_VERSION,
        "generator": "credreport",
        "version": __version__,
        "verdict": evidence.verdict,
        "parameters": dict(evidence.parameters),
        "inputs": to_records(read),
        "outputs": [
            {"name": name, "sha256": sha256(data), "bytes": len(data)}
            for name, data in files.items()
        ],
    }
    return to_json(document).encode()
