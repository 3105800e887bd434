"""A directory of evidence of a small report, as the command line writes it, for tests to tamper with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from credreport.evidence.evidence import Evidence
from credreport.output.disk import write_all
from credreport.output.formats import SUMS
from credreport.output.pictures import Options
from credreport.output.render import close, make
from tests.support.reports import ACCOUNT, NAME, root, save, user

STEM = f"credreport-{ACCOUNT}-2026-01-31-90d"
MANIFEST = f"{STEM}-manifest.json"
USED = "2025-10-01T12:00:00Z"
ROWS = (
    root(),
    user("alice", password_enabled="true", password_last_used=USED, password_last_changed=USED),
    user("bob", access_key_1_active="true", access_key_1_last_rotated=USED),
    user("carol", password_enabled="true", password_last_used="2026-01-30T12:00:00Z"),
)


def reports(directory: Path) -> Path:
    """Write the report and return its directory."""
    save(directory, *ROWS, name=NAME)
    return directory


def write(
    directory: Path, evidence: Evidence, *formats: str, options: Options | None = None
) -> None:
    """Write the evidence into the directory, with its manifest and SHA256SUMS."""
    options = options or Options()
    files = make(evidence, formats, options)

    def complete(folder: Path) -> tuple[dict[str, Any], frozenset[str]]:
        closing = close(evidence, formats, options, files, folder)
        return closing.files, closing.replaceable

    write_all(directory, files, force=False, inputs=[], complete=complete)


def edit_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a JSON document in place, laid out as before."""
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def cover_up(directory: Path, manifest: str) -> None:
    """Give every file the hash that it has now, in the manifest and in SHA256SUMS, as a forger would."""

    def forge(document: dict[str, Any]) -> None:
        for entry in document["outputs"]:
            data = (directory / entry["name"]).read_bytes()
            entry.update(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))

    edit_json(directory / manifest, forge)
    lines = []
    for line in (directory / SUMS).read_text(encoding="utf-8").splitlines():
        name = line.split("  ")[1]
        digest = hashlib.sha256((directory / name).read_bytes()).hexdigest()
        lines.append(f"{digest}  {name}\n")
    (directory / SUMS).write_text("".join(lines), encoding="utf-8")


def replace_text(path: Path, old: str, new: str) -> None:
    """Replace a text that stands in the file."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
