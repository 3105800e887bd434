"""A manifest and its inputs -> the same run again, and how its files differ from those in a directory."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from credreport import __version__
from credreport.errors import CredreportError
from credreport.evidence.evidence import Evidence
from credreport.files import Content, sha256, whole
from credreport.masking.key import MaskKey
from credreport.output.csv_file import table_files
from credreport.output.formats import FORMATS, Files, Format
from credreport.output.manifest import Earlier, to_manifest
from credreport.output.pictures import Options
from credreport.output.render import is_of_part, make, writer_of
from credreport.text_storage import storing_python_text
from credreport.verification.book_differences import compare_books
from credreport.verification.differences import differing_values, first_difference
from credreport.verification.listed_inputs import (
    Given,
    check_inputs,
    compare_left_out,
    find_option_files,
    hashes_of,
    tell_other_names,
)
from credreport.verification.rehash import TOO_LARGE, Fault, Manifest, hash_plain, read_plain
from credreport.verification.rerun import (
    COMPARE,
    Read,
    as_named,
    called_with,
    read_listed,
    run_again,
)

_MOST_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True)
class Reperformed:
    """The result of repeating a run.

    manifest: the name of its manifest.
    same: the files that came out with the same bytes.
    filled: the workbooks in which only the auditor's cells differ, with how many by sheet.
    faults: what differs, and what kept the run from being repeated.
    remarks: what is worth saying but is not a difference.
    used: the inputs that it was repeated with, as they were named.
    is_done: whether it could be repeated.
    """

    manifest: str
    same: tuple[str, ...] = ()
    filled: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    remarks: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    is_done: bool = True


@storing_python_text
def reperform(
    directory: Path,
    manifest: Manifest,
    given: Sequence[Given],
    max_bytes: int,
    key: MaskKey | None = None,
) -> Reperformed:
    """Repeat the run of a manifest and compare every file that it lists with that in the directory.

    A run with pseudonyms is repeated with `key`.

    Nothing is written. If an input is missing or changed, that is reported and the run is not
    repeated.
    """
    remarks = _versions(manifest)
    files, faults = find_option_files(manifest, given)
    reports = [each for each in given if Path(each.name) not in {*files.values()}]
    faults += check_inputs(manifest, reports)
    fingerprint = manifest.document["parameters"].get("masked")
    if fingerprint is None:
        key = None
    elif key is None or key.identity != fingerprint:
        what = "its names are pseudonyms: name the key that made them with --mask-key"
        faults.append(Fault(manifest.name, f"{what} (fingerprint {fingerprint})"))
    if faults:
        what = "not re-performed: its inputs are not those that were given"
        return Reperformed(
            manifest.name, faults=(Fault(manifest.name, what), *faults), is_done=False
        )
    wanted = hashes_of(manifest)
    mine = [each for each in reports if not wanted.isdisjoint(each.hashes.values())]
    attempts: list[tuple[list[Given], Read]] = [(mine, read_listed)]
    if len(mine) < len(reports):
        attempts.append((reports, read_listed))
    if manifest.document["parameters"].get("command") != COMPARE:
        attempts += [(reports, read) for read in as_named(manifest, reports)]
    elif len(mine) > 1:  # the order decides nothing but a warning about it
        attempts.append((mine[::-1], read_listed))
    results = []
    for attempt, read in attempts:
        try:
            evidence = run_again(manifest, attempt, files, max_bytes, key, read=read)
        except CredreportError as error:
            first = error.lines[0]
            fault = Fault(manifest.name, f"re-performing it was refused: {first}")
            results.append(Reperformed(manifest.name, faults=(fault,), is_done=False))
            continue
        used = tuple(each.name for each in attempt)
        results.append(replace(_compare(directory, manifest, evidence), used=used))
        if not results[-1].faults:
            break
    best = next((result for result in results if not result.faults), results[0])
    called = called_with(key)
    strange, missing = compare_left_out(manifest, reports, called)
    remarks += [*tell_other_names(manifest, reports, called), *strange]
    if best.faults:
        best = replace(best, faults=(*missing, *best.faults))
    return replace(best, remarks=(*remarks, *best.remarks))


def _versions(manifest: Manifest) -> list[str]:
    version = manifest.document["version"]
    if version == __version__:
        return []
    return [
        f"{manifest.name} was written by credreport {version}, and this is {__version__}: "
        "a difference may come from that"
    ]


def _compare(directory: Path, manifest: Manifest, evidence: Evidence) -> Reperformed:
    """Compare what the run makes with the files in the directory."""
    faults: list[Fault] = []
    if evidence.stem != manifest.stem:
        what = "its parameters and inputs make files that are named"
        faults.append(Fault(manifest.name, f"{what} {evidence.stem}, not {manifest.stem}"))
        evidence = replace(evidence, stem=manifest.stem)
    faults += _extra_inputs(manifest, evidence)
    made = _make(evidence, _formats_of(manifest), manifest)
    what = f"the run makes it, and {manifest.name} does not list it"
    faults += [Fault(name, what) for name in made if name not in manifest.outputs]
    raw = table_files(evidence, [*evidence.csv_tables], Options(csv_raw=True))
    same: list[str] = []
    filled: dict[str, Mapping[str, int]] = {}
    remarks: list[str] = []
    listed = {name: made[name] for name in made if name in manifest.outputs}
    for name in manifest.outputs:
        found = read_plain(directory / name, _MOST_BYTES)
        if isinstance(found, str) and not found.startswith(TOO_LARGE):
            continue  # said already
        if name not in made:
            faults.append(Fault(name, "the run makes no such file"))
            continue
        if isinstance(found, str):
            wanted = {sha256(files[name]) for files in (made, raw) if name in files}
            if hash_plain(directory / name) in wanted:
                same.append(name)
            else:
                faults.append(Fault(name, f"re-performed: it has other bytes ({found})"))
            continue
        expected = whole(made[name])
        if found in (expected, whole(raw[name]) if name in raw else expected):
            listed[name] = found
            same.append(name)
        elif name.endswith(".xlsx"):
            difference = compare_books(expected, found)
            remarks += [f"{name}: {remark}" for remark in difference.remarks]
            if difference.first:
                faults.append(Fault(name, f"re-performed: {difference.first}"))
            elif difference.filled:
                filled[name] = difference.filled
            else:
                what = "re-performed: every cell has the same value, and nothing was filled in;"
                faults.append(Fault(name, f"{what} another program saved it"))
        else:
            where = first_difference(name, expected, found)
            faults.append(Fault(name, f"re-performed: {where}"))
    faults += _compare_manifest(manifest, evidence, listed)
    closing, more = _compare_comments(directory, manifest, evidence, listed)
    return Reperformed(manifest.name, (*same, *closing), filled, (*faults, *more), (*remarks,))


def _make(evidence: Evidence, formats: Sequence[str], manifest: Manifest) -> Files:
    """Return the files of the formats. A table too long for a sheet is CSV without that format."""
    made = make(evidence, formats, Options())
    if "csv" not in formats or manifest.outputs.keys() >= made.keys():
        return made
    fewer = make(evidence, [each for each in formats if each != "csv"], Options())
    return fewer if manifest.outputs.keys().isdisjoint(made.keys() - fewer.keys()) else made


def _formats_of(manifest: Manifest) -> list[str]:
    """Return the formats of the listed files, by the endings of their names."""
    endings = [name.removeprefix(manifest.stem) for name in manifest.outputs]
    return [
        each.name
        for each in FORMATS.values()
        if not each.is_comment and any(_is_of(each, ending) for ending in endings)
    ]


def _is_of(each: Format, ending: str) -> bool:
    return re.fullmatch(each.pattern, ending) is not None


def _extra_inputs(manifest: Manifest, evidence: Evidence) -> Iterator[Fault]:
    """Yield the reports that are judged now and were not then."""
    known = hashes_of(manifest)
    for role in ("inputs", "baseline"):
        if role in evidence.tables:
            table = evidence.tables[role]
            for name, digest in zip(table["source_file"], table["sha256"], strict=True):
                if digest not in known:
                    yield Fault(
                        name, f"extra: {manifest.name} does not list it, and it is judged now"
                    )


def _compare_manifest(
    manifest: Manifest, evidence: Evidence, files: Mapping[str, Content]
) -> Iterator[Fault]:
    """Yield the first value of the manifest that the run does not write."""
    document = manifest.document
    names = tuple(document["comments"])
    expected = json.loads(to_manifest(evidence, dict(files), Earlier(), names))
    expected["version"] = document["version"]
    if difference := next(differing_values(expected, document), ""):
        yield Fault(manifest.name, f"re-performed: {difference}")


def _compare_comments(
    directory: Path, manifest: Manifest, evidence: Evidence, files: Mapping[str, Content]
) -> tuple[list[str], list[Fault]]:
    """Return the ticket comments that are the same, and how the others differ.

    A comment has the hashes of all files that the manifest lists, but those of parts of the run; it
    may name them in any order, for several runs may have made them.
    """
    same: list[str] = []
    faults: list[Fault] = []
    own = read_plain(directory / manifest.name)
    for name in manifest.document["comments"]:
        found = read_plain(directory / name)
        each = next(
            (
                each
                for each in FORMATS.values()
                if each.is_comment and _is_of(each, name.removeprefix(manifest.stem))
            ),
            None,
        )
        if isinstance(found, str) or isinstance(own, str):
            if isinstance(found, str) and found.startswith(TOO_LARGE):
                faults.append(Fault(name, f"re-performed: {found}"))
            continue  # anything else was said already
        if each is None:
            faults.append(Fault(name, "the run makes no such file"))
            continue
        text = found.decode("utf-8", "replace")
        order = sorted(files, key=partial(_place_of, text))
        named = {file: files[file] for file in order if not is_of_part(evidence, file)}
        written = writer_of(each)(evidence, Options(), {**named, manifest.name: own})
        if name not in written:
            faults.append(Fault(name, "the run makes no such file"))
            continue
        expected = whole(written[name])
        if expected == found:
            same.append(name)
        else:
            where = first_difference(name, expected, found)
            faults.append(Fault(name, f"re-performed: {where}"))
    return same, faults


def _place_of(text: str, file: str) -> int:
    """Return where the list of a comment names a file; a negative number if it does not.

    Jira's markup writes some letters as their numbers.
    """
    plain = re.sub(r"&#([0-9]{1,7});", lambda match: html.unescape(match[0]), text)
    return max(plain.rfind(f"{file}`"), plain.rfind(f"{file}}}}}"))
