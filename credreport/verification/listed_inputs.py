"""The inputs that a manifest lists x those that are given -> which are the same, missing or changed.

Inputs are known by their hash: a report that lies elsewhere now, or under another name, is the same
report. Files of options (policy, waivers, accounts) are found among the inputs in the same way.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from credreport.errors import Problem
from credreport.files import sha256
from credreport.reports.inputs import Opener, Skipped, Stream, in_order
from credreport.rules.option_file import OptionFile
from credreport.schema import BASELINE, REPORT
from credreport.text import first_few, plural
from credreport.verification.rehash import Fault, Manifest, hash_plain, short

OPTIONS = ("policy", "waivers", "accounts", "carry_from")
_MOST_NAMES = 3
_MOST_STEPS = 20  # a member of an archive may be in any number of directories
_ANSWER = re.compile(r" \(answer [0-9]+\)$")
Called = Callable[[str], str]  # how the run called what has this name: with --mask, by a pseudonym


@dataclass(frozen=True)
class Given:
    """One of the inputs, as it was named, with what was found in it and the hash of each file."""

    name: str
    items: Sequence[Stream | Skipped | Problem]
    hashes: Mapping[str, str]


def open_given(names: Sequence[str], max_bytes: int) -> list[Given]:
    """Read the inputs, in the order in which a run reads them, as named."""
    opener = Opener(max_bytes)
    given: dict[int, Given] = {}
    for place in in_order(names):
        name = names[place]
        items = list(opener.open_all([name]))
        streams = [item for item in items if isinstance(item, Stream)]
        given[place] = Given(name, items, {each.name: sha256(each.data) for each in streams})
    return [given[place] for place in range(len(names))]


class LeftOut:
    """What the run left out, by its names: under a longer or shorter path now it may be the same file."""

    def __init__(self, names: Iterable[str], called: Called = str) -> None:
        """Take the names of what was left out; `waiting` counts those that are not found yet."""
        self.waiting = Counter(names)
        self._called = called
        self._found: dict[str, str | None] = {}
        self._backwards = sorted(name[::-1] for name in self.waiting)

    def find(self, name: str) -> str | None:
        """Return how the run called what is called so now; None if it left out nothing of that name.

        A name of which only the pseudonym is another is returned as it is.
        """
        if name not in self._found:
            once = self._called(name)
            known = chain([once], _ends_of(once), self._longer(once))
            found = next((each for each in known if self.waiting[each] > 0), None)
            self.waiting[found or ""] -= 1
            self._found[name] = name if found == once else found
        return self._found[name]

    def _longer(self, name: str) -> Iterator[str]:
        """Yield the names that end with this one, behind a slash."""
        end = f"{name[::-1]}/"
        for place in range(bisect_left(self._backwards, end), len(self._backwards)):
            if not self._backwards[place].startswith(end):
                return
            yield self._backwards[place][::-1]


def _ends_of(name: str) -> list[str]:
    """Return the ends of a path, the longest first: of `a/b/c` they are `b/c` and `c`."""
    parts = name.split("/")
    first = max(1, len(parts) - _MOST_STEPS)
    return ["/".join(parts[start:]) for start in range(first, len(parts))]


def unused_inputs(
    manifests: Sequence[Manifest], given: Sequence[Given], called: Called = str
) -> list[str]:
    """Return the inputs in which there is nothing that a manifest lists; `called` is of those with pseudonyms."""
    known = set[str]()
    left_out: dict[bool, list[str]] = {True: [], False: []}
    for manifest in manifests:
        known |= {entry["sha256"] for entry in manifest.document["inputs"]}
        left_out[manifest.is_masked] += map(file_of, manifest.left_out(REPORT, BASELINE))
    names = LeftOut(left_out[True], called), LeftOut(left_out[False])
    return [
        each.name
        for each in given
        if known.isdisjoint({*each.hashes.values(), hash_plain(Path(each.name))})
        and all(by.find(name_of(item)) is None for item in each.items for by in names)
    ]


def entries_of(manifest: Manifest, *roles: str) -> list[Mapping[str, Any]]:
    """Return what a manifest says about its inputs of these roles."""
    return [entry for entry in manifest.document["inputs"] if entry["role"] in roles]


def names_by_hash(manifest: Manifest, *roles: str) -> dict[str, set[str]]:
    """Return how the run called its inputs of these roles, by their SHA-256."""
    names: dict[str, set[str]] = {}
    for entry in entries_of(manifest, *roles):
        names.setdefault(entry["sha256"], set()).add(entry["name"])
    return names


def hashes_of(manifest: Manifest, *roles: str) -> set[str]:
    """Return the SHA-256 of its inputs of these roles, or of all reports."""
    return {entry["sha256"] for entry in entries_of(manifest, *(roles or (REPORT, BASELINE)))}


def find_option_files(
    manifest: Manifest, given: Sequence[Given]
) -> tuple[dict[str, Path], list[Fault]]:
    """Return where the files of options are by role, and which are not there."""
    found: dict[str, Path] = {}
    faults: list[Fault] = []
    for entry in entries_of(manifest, *OPTIONS):
        role, digest = entry["role"], entry["sha256"]
        option = f"--{role.replace('_', '-')}"
        candidates = [path for each in given for path in _files_below(Path(each.name))]
        path = next(
            (
                path
                for path in candidates
                if path.stat().st_size == entry["bytes"] and hash_plain(path) == digest
            ),
            None,
        )
        if path is not None:
            found[role] = path
            continue
        namesake = next((path for path in candidates if path.name == entry["name"]), None)
        if namesake is not None:
            what = f"changed: its SHA-256 is {short(hash_plain(namesake))}, {manifest.name} says"
            faults.append(Fault(entry["name"], f"{what} {short(digest)} ({option})"))
        else:
            what = f"missing: the run used it for {option} (SHA-256 {short(digest)})"
            remedy = "add it to the inputs"
            if entry["name"] in {each["name"] for each in manifest.document["outputs"]}:
                remedy = "the run replaced it; without a copy of the old one it cannot be repeated"
            faults.append(Fault(entry["name"], f"{what}; {remedy}"))
    return found, faults


def files_of_options(manifest: Manifest) -> tuple[OptionFile, ...]:
    """Return the files of options that a manifest lists, without a name where that is a pseudonym."""
    return tuple(
        OptionFile("" if manifest.is_masked else entry["name"], entry["sha256"], entry["bytes"])
        for entry in entries_of(manifest, *OPTIONS)
    )


def _files_below(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (each for each in sorted(path.rglob("*")) if each.is_file())
    elif path.is_file():
        yield path


def check_inputs(manifest: Manifest, given: Sequence[Given]) -> list[Fault]:
    """Return which reports of the manifest are missing or changed."""
    hashes = {digest: name for each in given for name, digest in each.hashes.items()}
    by_name = {name: digest for each in given for name, digest in each.hashes.items()}
    known = {*hashes_of(manifest)}
    faults = []
    for entry in entries_of(manifest, REPORT, BASELINE):
        name, digest = entry["name"], entry["sha256"]
        if digest in hashes:
            continue
        found = by_name.get(name) or by_name.get(file_of(name), digest)
        if found not in known:
            what = f"changed: its SHA-256 is {short(found)}, {manifest.name} says"
            faults.append(Fault(name, f"{what} {short(digest)}"))
        else:
            what = f"missing: {manifest.name} lists it (SHA-256 {short(digest)})"
            faults.append(Fault(name, f"{what}; add it to the inputs"))
    return list(dict.fromkeys(faults))


def tell_other_names(manifest: Manifest, given: Sequence[Given], called: Called) -> list[str]:
    """Return a sentence for each report that the run knew by another name."""
    known = {
        digest: {*map(file_of, names)}
        for digest, names in names_by_hash(manifest, REPORT, BASELINE).items()
    }
    return [
        f"{name} is what the run read as {' and '.join(sorted(known[digest]))}"
        for each in given
        for name, digest in each.hashes.items()
        if base_of(file_of(called(name)))
        not in map(base_of, known.get(digest, {file_of(called(name))}))
    ]


def compare_left_out(
    manifest: Manifest, given: Sequence[Given], called: Called
) -> tuple[list[str], list[Fault]]:
    """Return which of the inputs the run did not have, and what that it left out is missing."""
    known = hashes_of(manifest)
    left_out = LeftOut(map(file_of, manifest.left_out(REPORT, BASELINE)), called)
    strange = [
        name
        for each in given
        for name in map(name_of, each.items)
        if each.hashes.get(name) not in known and left_out.find(name) is None
    ]
    names = first_few(strange, _MOST_NAMES)
    remarks = [f"the run did not have {plural(len(strange), 'input')}: {names}"] if strange else []
    what = f"missing: {manifest.name} says that it was left out; add it to the inputs"
    return remarks, [Fault(name, what) for name in left_out.waiting.elements()]


def name_of(item: Stream | Skipped | Problem) -> str:
    """Return what an input is called."""
    return item.source if isinstance(item, Problem) else item.name


def base_of(name: str) -> str:
    """Return the last part of an input's name: that of the file itself."""
    return name.rsplit("/", maxsplit=1)[-1]


def file_of(name: str) -> str:
    """Return the name of the file that a report was read from, which may have several answers."""
    return _ANSWER.sub("", name)
