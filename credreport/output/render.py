"""Evidence -> files, as bytes by their names. Nothing here writes to the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import cast

from credreport.evidence.evidence import Evidence
from credreport.output.formats import FORMATS, SUMS, Files, Format
from credreport.output.manifest import (
    Earlier,
    find_earlier,
    manifest_name,
    to_manifest,
    to_sums,
)
from credreport.output.pictures import Options
from credreport.text_storage import storing_python_text

Writer = Callable[[Evidence, Options, Files], Files]


@dataclass(frozen=True)
class Closing:
    """The files that name the others.

    files: the manifest, the ticket comments and SHA256SUMS.
    replaceable: the names under which an earlier run of the same question may have left others.
    changed: what that run wrote and somebody has changed or removed since.
    kept: what that run wrote and is still as it was.
    """

    files: Files
    replaceable: frozenset[str]
    changed: tuple[str, ...]
    kept: tuple[str, ...]


@storing_python_text
def make(evidence: Evidence, formats: Sequence[str], options: Options) -> Files:
    """Return the files of the formats, without those that name the others."""
    files: Files = {}
    options.artist.begin(evidence, formats)
    for name, each in FORMATS.items():
        if name in formats and not each.is_comment:
            files |= writer_of(each)(evidence, options, files)
    if "xlsx" in formats:
        for part in evidence.parts:
            files |= writer_of(FORMATS["xlsx"])(part, options, {})
    return files


@storing_python_text
def close(
    evidence: Evidence,
    formats: Sequence[str],
    options: Options,
    files: Files,
    directory: Path | None = None,
) -> Closing:
    """Return the files that name these, and those of earlier runs that the directory has.

    A ticket comment already there is written again, because it has the hashes of the manifest and
    of all that this lists.
    """
    earlier = Earlier() if directory is None else find_earlier(evidence, directory)
    comments = [
        each
        for each in FORMATS.values()
        if each.is_comment
        and (each.name in formats or _file_of(evidence, each) in earlier.comments)
    ]
    names = tuple(_file_of(evidence, each) for each in comments)
    manifest = manifest_name(evidence)
    last: Files = {manifest: to_manifest(evidence, files, earlier, names)}
    # A comment has room for the files of the whole; the manifest lists those of the parts as well.
    own = {name: data for name, data in files.items() if not is_of_part(evidence, name)}
    kept = {
        str(each["name"]): str(each["sha256"])
        for each in earlier.outputs
        if each["name"] not in files and not is_of_part(evidence, str(each["name"]))
    }
    for each in comments:
        last |= writer_of(each)(
            evidence, replace(options, kept=kept), {**own, manifest: last[manifest]}
        )
    last[SUMS] = to_sums({**files, **last}, earlier)
    replaceable = {*earlier.comments}
    replaceable |= {manifest} if earlier.has_manifest else set()
    replaceable |= {SUMS} if earlier.sums is not None else set()
    return Closing(
        files=last,
        replaceable=frozenset(replaceable),
        changed=tuple(name for name in earlier.changed if name not in files | last),
        kept=tuple(str(each["name"]) for each in earlier.outputs),
    )


def is_of_part(evidence: Evidence, name: str) -> bool:
    """Whether a file is of one owner's or account's part of the run."""
    return "split_by" in evidence.parameters and name.startswith(f"{evidence.stem}-by-")


def _file_of(evidence: Evidence, each: Format) -> str:
    return f"{evidence.stem}{each.endings[0]}"


def writer_of(each: Format) -> Writer:
    """Return the writer of a format, imported now: some need large libraries that others do not."""
    module, function = each.home
    return cast("Writer", getattr(import_module(module), function))
