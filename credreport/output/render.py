"""Evidence -> files, as bytes by their names. Nothing here touches the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

from credreport.evidence.evidence import Evidence
from credreport.output.formats import FORMATS, Files, Format, Options
from credreport.output.manifest import to_manifest

Writer = Callable[[Evidence, Options, Files], Files]


def render(evidence: Evidence, formats: Sequence[str], options: Options | None = None) -> Files:
    """Return every file of the formats by name, the manifest last."""
    options = options or Options()
    files: Files = {}
    for name, each in FORMATS.items():
        if name in formats:
            files |= writer_of(each)(evidence, options, files)
    files[f"{evidence.stem}-manifest.json"] = to_manifest(evidence, files)
    return files


def writer_of(each: Format) -> Writer:
    """Return the writer of a format, imported now: some need much that others do not."""
    module, function = each.home
    return cast("Writer", getattr(import_module(module), function))
