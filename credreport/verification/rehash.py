"""A directory of evidence -> what is no longer as it was written, by the manifests and SHA256SUMS in it.

A manifest may have been edited by anybody: its names are never followed out of the directory, a link
is never opened, and every hash is computed from the bytes that are in the file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from credreport.errors import UsageError
from credreport.files import KeyTwiceError, open_regular, parse_json
from credreport.output.formats import MANIFEST, SUM_LINE, SUMS, own_output
from credreport.schema import BASELINE, REPORT

_MOST_TEXT = 64 * 1024 * 1024
_MOST_HASHED = 16 * 1024 * 1024 * 1024
_MOST_MALFORMED = 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHOWN_DIGITS = 12
TOO_LARGE = "larger than"  # so begins why such a file is not read
_REPORT_KEYS = {"role": str, "name": str, "sha256": str, "bytes": int}
_OUTPUT_KEYS = {"name": str, "sha256": str, "bytes": int}
_LEFT_OUT_KEYS: Mapping[str, type] = {"role": str, "what": str, "name": str}
_KEYS = {
    "generator": str, "version": str, "verdict": str, "parameters": dict, "inputs": list,
    "left_out": list, "outputs": list, "comments": list,
}  # fmt: skip
_KINDS = {str: "text", int: "a whole number", dict: "an object", list: "a list"}


@dataclass(frozen=True, order=True)
class Fault:
    """One file that is not as it was written, and what is wrong with it.

    `is_of_bytes`: its bytes have another hash, and that is all that is known.
    """

    name: str
    what: str
    is_of_bytes: bool = False

    def __str__(self) -> str:
        """Return `name: what is wrong`."""
        return f"{self.name}: {self.what}"


@dataclass(frozen=True)
class Manifest:
    """A manifest in the directory, as far as it could be read: its name and content."""

    name: str
    document: Mapping[str, Any]

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return self.name.removesuffix(MANIFEST)

    @property
    def is_masked(self) -> bool:
        """Whether its names are pseudonyms."""
        return "masked" in self.document["parameters"]

    def left_out(self, *roles: str) -> list[str]:
        """Return the names of what was among its inputs of these roles and not judged."""
        return [each["name"] for each in self.document["left_out"] if each["role"] in roles]

    @property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        """What it lists, by name."""
        return {each["name"]: each for each in self.document["outputs"]}


@dataclass(frozen=True)
class Rehashed:
    """What was found in the directory.

    count: how many files are listed anywhere.
    faults: what is not as it was written, in the order of the names.
    manifests: those that could be read.
    """

    count: int
    faults: tuple[Fault, ...]
    manifests: tuple[Manifest, ...]


def rehash(directory: Path) -> Rehashed:
    """Hash every file that the manifests of the directory and its SHA256SUMS name.

    Raises UsageError if there is no evidence in it, or it is not a directory.
    """
    if not directory.is_dir():
        what = "not a directory" if os.path.lexists(directory) else "no such directory"
        raise UsageError(f"{directory}: {what}; name the one that analyze or compare wrote to (-o)")
    names = sorted(path.name for path in directory.iterdir())
    own = [name for name in names if name.endswith(MANIFEST)]
    if not own and SUMS not in names:
        message = f"{directory}: neither a manifest of credreport nor {SUMS} is in it"
        raise UsageError(f"{message}; name the directory that analyze or compare wrote to (-o)")
    faults: list[Fault] = []
    manifests: list[Manifest] = []
    for name in own:
        document = _read_manifest(directory / name, faults)
        if document is not None:
            manifests.append(Manifest(name, document))
    sums = _read_sums(directory / SUMS, faults)
    listed = {name for manifest in manifests for name in _names_of(manifest)}
    listed |= {*own, *sums}
    hashes = {name: hash_plain(directory / name) for name in sorted(listed) if is_plain_name(name)}
    faults += _compare_manifests(manifests, hashes)
    faults += _compare_sums(sums, hashes, manifests)
    faults += _compare_lists(manifests, own, sums)
    known, named = own_output(), {*listed, SUMS}
    faults += [
        Fault(name, "not listed: no manifest and no SHA256SUMS names it")
        for name in names
        if known.fullmatch(name) and name not in named
    ]
    return Rehashed(len(named), tuple(dict.fromkeys(sorted(faults))), tuple(manifests))


def is_plain_name(name: str) -> bool:
    """Whether this names a file of the directory itself, on every system."""
    is_special = name in ("", ".", "..") or "\0" in name or not _is_encodable(name)
    plain = PurePosixPath(name).name == name == PureWindowsPath(name).name
    return plain and not is_special


def _is_encodable(name: str) -> bool:
    """Whether the system accepts a file name: JSON can contain half a surrogate pair."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def hash_plain(path: Path) -> str:
    """Return the hash of a plain file, or in words why there is none; a link is not followed.

    A file that claims more than 16 GiB is not read: it may be sparse, and would take hours.
    """
    try:
        with open_regular(path, follow=False) as file:
            if os.fstat(file.fileno()).st_size > _MOST_HASHED:
                return f"{TOO_LARGE} {_MOST_HASHED >> 30} GiB, which is not read"
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        return _why_not(error)


def read_plain(path: Path, most: int = _MOST_TEXT) -> bytes | str:
    """Return the content of a plain file, or in words why it cannot be had."""
    try:
        with open_regular(path, follow=False) as file:
            # As much as it may be would be allocated, however small the file is.
            data = file.read(min(most, os.fstat(file.fileno()).st_size) + 1)
    except (OSError, ValueError) as error:
        return _why_not(error)
    return data if len(data) <= most else f"{TOO_LARGE} {most >> 20} MiB, which is not read"


def _why_not(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "not a plain file"
    known = {errno.ENOENT: "missing", errno.ELOOP: "a link, which is not followed"}
    return known.get(error.errno or 0, f"cannot be read ({error.strerror})")


def short(digest: str) -> str:
    """Return the first digits of a hash, enough to find it by eye."""
    return f"{digest[:_SHOWN_DIGITS]}..." if len(digest) > _SHOWN_DIGITS else digest


def _read_manifest(path: Path, faults: list[Fault]) -> dict[str, Any] | None:
    data = read_plain(path)
    if isinstance(data, str):
        faults.append(Fault(path.name, data))
        return None
    try:
        document = parse_json(data)
        what = (
            next(_problems(document), "") if isinstance(document, dict) else "it is not an object"
        )
    except json.JSONDecodeError as error:
        what = f"line {error.lineno}, column {error.colno} is not JSON"
    except KeyTwiceError as error:
        what = str(error)
    except (ValueError, RecursionError):
        what = "it is not JSON in UTF-8"
    if what:
        faults.append(Fault(path.name, f"malformed: {what}"))
        return None
    found: dict[str, Any] = document
    return found


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what keeps a document from being a manifest."""
    yield from _wrong_keys("it", document, _KEYS)
    if document["generator"] != "credreport":
        yield f"its generator is {document['generator']!r}, not 'credreport'"
    lists = {"inputs": _REPORT_KEYS, "left_out": _LEFT_OUT_KEYS, "outputs": _OUTPUT_KEYS}
    for key, keys in lists.items():
        for number, entry in enumerate(document[key]):
            if not isinstance(entry, dict):
                yield f"{key}[{number}] is not an object"
            else:
                yield from _wrong_keys(f"{key}[{number}]", entry, keys)
                if "sha256" in keys and not _SHA256.fullmatch(entry["sha256"]):
                    yield f"{key}[{number}].sha256 is not 64 hexadecimal digits"
    roles = Counter(entry["role"] for entry in document["inputs"])
    for role in roles.keys() - {REPORT, BASELINE}:
        if roles[role] > 1:
            yield f"it lists {roles[role]} files of the role {role!r}"
    if not all(isinstance(name, str) for name in document["comments"]):
        yield "comments is not a list of names"
    names = [*(each["name"] for each in document["outputs"]), *document["comments"]]
    for name in names:
        if not is_plain_name(name):
            yield f"it names {name!r}, which is outside the directory and was not read"
    for name, count in Counter(names).items():
        if count > 1:
            yield f"it names {name!r} twice"


def _wrong_keys(about: str, entry: Mapping[str, Any], keys: Mapping[str, type]) -> Iterator[str]:
    for key, kind in keys.items():
        if key not in entry:
            yield f"{about} has no {key!r}"
        elif not isinstance(entry[key], kind) or isinstance(entry[key], bool):
            yield f"{key!r} of {about} is not {_KINDS[kind]}"


def _read_sums(path: Path, faults: list[Fault]) -> dict[str, str]:
    """Return the hashes of SHA256SUMS by name, as far as its lines can be read."""
    data = read_plain(path)
    if isinstance(data, str):
        faults.append(Fault(SUMS, data))
        return {}
    sums: dict[str, str] = {}
    before = len(faults)
    for number, line in enumerate(data.decode("utf-8", "backslashreplace").splitlines(), start=1):
        if len(faults) - before >= _MOST_MALFORMED:
            faults.append(Fault(SUMS, f"malformed: from line {number} on it was not read"))
            break
        match = SUM_LINE.fullmatch(line)
        if not match:
            faults.append(Fault(SUMS, f"malformed: line {number} is not a hash and a name"))
        elif not is_plain_name(match[2]):
            what = f"line {number} names {match[2]!r}, which is outside the directory"
            faults.append(Fault(SUMS, f"malformed: {what} and was not read"))
        elif match[2] in sums:
            faults.append(Fault(SUMS, f"malformed: line {number} names {match[2]} again"))
        else:
            sums[match[2]] = match[1]
    if not sums and len(faults) == before:
        faults.append(Fault(SUMS, "empty: it lists no file"))
    return sums


def _names_of(manifest: Manifest) -> tuple[str, ...]:
    return (*manifest.outputs, *manifest.document["comments"])


def _compare_manifests(manifests: Iterable[Manifest], hashes: Mapping[str, str]) -> Iterator[Fault]:
    for manifest in manifests:
        for name, entry in manifest.outputs.items():
            yield from _compare(name, hashes[name], entry["sha256"], manifest.name)
        for name in manifest.document["comments"]:
            if not _SHA256.fullmatch(hashes[name]):
                yield Fault(name, f"{hashes[name]}; {manifest.name} lists it")


def _compare_sums(
    sums: Mapping[str, str], hashes: Mapping[str, str], manifests: Sequence[Manifest]
) -> Iterator[Fault]:
    """Yield the faults that SHA256SUMS shows and no manifest has shown already."""
    said = {
        (name, entry["sha256"])
        for manifest in manifests
        for name, entry in manifest.outputs.items()
    }
    gone = {name for manifest in manifests for name in manifest.document["comments"]}
    for name, digest in sums.items():
        is_said = (name, digest) in said or (name in gone and not _SHA256.fullmatch(hashes[name]))
        if not is_said:
            yield from _compare(name, hashes[name], digest, SUMS)


def _compare(name: str, found: str, expected: str, by: str) -> Iterator[Fault]:
    if not _SHA256.fullmatch(found):
        yield Fault(name, f"{found}; {by} lists it")
    elif found != expected:
        what = f"changed: its SHA-256 is {short(found)}, {by} says {short(expected)}"
        yield Fault(name, what, is_of_bytes=True)


def _compare_lists(
    manifests: Iterable[Manifest], own: Iterable[str], sums: Mapping[str, str]
) -> Iterator[Fault]:
    """Yield where the manifests and SHA256SUMS do not agree with one another."""
    if not sums:
        return
    covered = set(own)
    for manifest in manifests:
        covered |= {*_names_of(manifest)}
        for name in _names_of(manifest):
            if name not in sums:
                yield Fault(SUMS, f"does not list {name}, which {manifest.name} lists")
        for name, entry in manifest.outputs.items():
            if sums.get(name, entry["sha256"]) != entry["sha256"]:
                what = f"disagrees with {manifest.name}: {name} has {short(sums[name])} here"
                yield Fault(SUMS, f"{what} and {short(entry['sha256'])} there")
    for name in own:
        if name not in sums:
            yield Fault(SUMS, f"does not list {name}")
    known = own_output()
    for name in sums:
        if name not in covered and known.fullmatch(name):
            yield Fault(SUMS, f"lists {name}, which no manifest lists")
