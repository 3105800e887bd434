"""The files written last because they list the others: manifest, ticket comments, SHA256SUMS.

The manifest lists every input and every file of the question; the comments name the manifest's hash,
so the manifest has only their names, and SHA256SUMS has the hashes of all. What an earlier run of
the same question left in the directory stays listed, as long as it has the bytes it had.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from credreport import __version__
from credreport.errors import OutputError
from credreport.evidence.evidence import Evidence
from credreport.files import read_bounded, sha256, why_unreadable
from credreport.output.formats import MANIFEST, SUM_LINE, SUMS, Files
from credreport.output.json_file import to_json, to_records
from credreport.schema import BASELINE, REPORT
from credreport.verdicts.tally import SCHEMA_VERSION

_REPORT = ["role", "source_file", "sha256", "bytes", "account_id", "as_of", "as_of_origin"]
_NAME = {"source_file": "name"}


@dataclass(frozen=True)
class Earlier:
    """What earlier runs left in the directory.

    outputs: what the manifest of the same question lists, as far as the bytes are the same.
    comments: the hashes of that question's ticket comments, as far as nobody changed them.
    changed: what it lists that is gone or has other bytes now.
    sums: the lines of SHA256SUMS, hash by name; None where the file is not one of ours.
    has_manifest: whether there is a manifest of the same question.
    """

    outputs: tuple[Mapping[str, Any], ...] = ()
    comments: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    sums: Mapping[str, str] | None = field(default_factory=dict)
    has_manifest: bool = False


def manifest_name(evidence: Evidence) -> str:
    """Return the name of the manifest's file."""
    return f"{evidence.stem}{MANIFEST}"


def to_manifest(
    evidence: Evidence, files: Files, earlier: Earlier, comments: tuple[str, ...]
) -> bytes:
    """Return the manifest: what was read, what was asked, the verdict, and every file of it."""
    outputs = [
        {"name": name, "sha256": sha256(data), "bytes": len(data)} for name, data in files.items()
    ]
    outputs += [dict(each) for each in earlier.outputs if each["name"] not in files]
    ordered = sorted(outputs, key=lambda each: str(each["name"]))
    question = {**to_question(evidence), "outputs": ordered, "comments": sorted(comments)}
    return to_json(question).encode()


def to_question(evidence: Evidence) -> dict[str, Any]:
    """Return what the manifest says about the question, whatever the formats."""
    roles = {"inputs": REPORT, "baseline": BASELINE}
    read = pd.concat(
        [
            evidence.tables[name].assign(role=role)[_REPORT]
            for name, role in roles.items()
            if name in evidence.tables
        ],
        ignore_index=True,
    ).drop_duplicates()
    inputs = to_records(read.rename(columns=_NAME))
    inputs += [
        {"role": role, "name": file.name, "sha256": file.sha256, "bytes": file.size}
        for role, file in evidence.option_files.items()
    ]
    left_out = evidence.tables["left_out"][["role", "what", "source_file"]]
    left_out = left_out[~(left_out["what"].eq("refused") & left_out.duplicated())]
    return {
        "schema_version": SCHEMA_VERSION,
        "generator": "credreport",
        "version": __version__,
        "verdict": evidence.verdict,
        "parameters": dict(evidence.parameters),
        "sign_off": {name: text for name, text in vars(evidence.sign_off).items() if text},
        "inputs": inputs,
        "left_out": to_records(left_out.rename(columns=_NAME)),
    }


def find_earlier(evidence: Evidence, directory: Path) -> Earlier:
    """Return what earlier runs left in the directory: nothing without a manifest of credreport."""
    sums = _read_sums(directory / SUMS)
    document = _read_manifest(directory / manifest_name(evidence))
    if any(document.get(name) != value for name, value in to_question(evidence).items()):
        return Earlier(sums=sums)
    listed = {str(each["name"]): each for each in document["outputs"]}
    listed |= {str(name): {"sha256": (sums or {}).get(name)} for name in document["comments"]}
    same = {
        name
        for name, each in listed.items()
        if _hash_of(directory / name, each.get("bytes")) == each["sha256"]
    }
    return Earlier(
        outputs=tuple(each for each in document["outputs"] if each["name"] in same),
        comments=tuple(name for name in document["comments"] if name in same),
        changed=tuple(name for name in listed if name not in same),
        sums=None if sums is None else {k: v for k, v in sums.items() if k not in listed},
        has_manifest=True,
    )


def to_sums(files: Files, earlier: Earlier) -> bytes:
    """Return SHA256SUMS: the files of this run, of this question before, and of other questions."""
    hashes = dict(earlier.sums or {})
    hashes |= {each["name"]: each["sha256"] for each in earlier.outputs}
    hashes |= {name: sha256(data) for name, data in files.items()}
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items())).encode()


def _read(path: Path) -> bytes:
    """Return what an earlier run left under the name, if anything: what that lists stays listed."""
    try:
        return read_bounded(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        reason = f"cannot read {path}: {why_unreadable(error)}; nothing was changed"
        raise OutputError(reason) from error


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(_read(path))
    except (ValueError, RecursionError):
        return {}
    is_one = isinstance(document, dict) and all(
        isinstance(document.get(name), list) for name in ("outputs", "comments")
    )
    is_whole = (
        is_one
        and all(map(_is_entry, document["outputs"]))
        and all(map(_is_name, document["comments"]))
    )
    return document if is_whole else {}


def _is_entry(entry: object) -> bool:
    """Whether this is a name and a hash."""
    return (
        isinstance(entry, dict)
        and _is_name(entry.get("name"))
        and isinstance(entry.get("sha256"), str)
    )


def _is_name(name: object) -> bool:
    """Whether this names a file of the directory, and no other."""
    return isinstance(name, str) and Path(name).name == name


def _read_sums(path: Path) -> dict[str, str] | None:
    try:
        lines = _read(path).decode().splitlines()
    except ValueError:
        return None
    found = [SUM_LINE.fullmatch(line) for line in lines]
    if not all(match and match[2].startswith("credreport-") for match in found):
        return None
    return {match[2]: match[1] for match in found if match}


def _hash_of(path: Path, size: int | None) -> str:
    """Return the hash of a file; empty if it has another size, or cannot be read."""
    if not path.is_file() or size not in (None, path.stat().st_size):
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
