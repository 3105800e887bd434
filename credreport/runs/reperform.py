"""A manifest and its inputs -> the same run again, in memory, and how its files differ from these.

Inputs are known by their hash: a report that lies elsewhere now, or under another name, is the same
report. Files of options (policy, waivers, accounts) are found among the inputs in the same way.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from credreport import __version__
from credreport.comparison.comparison import Comparison, compare, compare_all
from credreport.decisions.decision import Decisions
from credreport.decisions.review import reviewed
from credreport.decisions.workbook import parse_workbook
from credreport.errors import CredreportError, Notice, Problem, UsageError
from credreport.evidence.evidence import Evidence, SignOff
from credreport.evidence.from_configuration import ROLE, with_configuration
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.of_comparison import of_comparison
from credreport.evidence.parts import with_parts
from credreport.evidence.sample import Sampling
from credreport.files import Content, sha256, whole
from credreport.instants import parse_instant
from credreport.masking.judged import finished, mask_accounts, mask_decisions
from credreport.masking.key import MaskKey
from credreport.masking.pseudonyms import Masker
from credreport.output.csv_file import table_files
from credreport.output.formats import FORMATS, Format
from credreport.output.manifest import Earlier, to_manifest
from credreport.output.pictures import Options
from credreport.output.render import is_of_part, make, writer_of
from credreport.reports.by_date import directories_of_tree, read_dates
from credreport.reports.inputs import Opener, Skipped, Stream
from credreport.reports.selection import FROM_NEWEST, GIVEN, NEWEST, Population, read_items
from credreport.rules.accounts import AccountList, read_accounts
from credreport.rules.option_file import Configuration, OptionFile
from credreport.rules.policy import Policy, load_policy
from credreport.rules.waivers import Waivers, load_waivers
from credreport.runs.book_differences import compare_books
from credreport.runs.differences import differing_values, first_difference
from credreport.runs.rehash import Fault, Manifest, hash_plain, read_plain, short
from credreport.schema import SampleOf, SplitBy
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import Assessment, assess

COMPARE = "compare"
REPORT = "report"
BASELINE = "baseline"
_OPTIONS = ("policy", "waivers", "accounts", "carry_from")
_MOST_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True)
class Given:
    """One of the inputs, as it was named, with what was found in it and the hash of each file."""

    name: str
    items: Sequence[Stream | Skipped | Problem]
    hashes: Mapping[str, str]


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


def open_given(names: Sequence[str], max_bytes: int) -> list[Given]:
    """Read the inputs once, for all manifests."""
    opener = Opener(max_bytes)
    given = []
    for name in names:
        items = list(opener.open_all([name]))
        streams = [item for item in items if isinstance(item, Stream)]
        given.append(Given(name, items, {each.name: sha256(each.data) for each in streams}))
    return given


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
    files, faults = _find_option_files(manifest, given)
    reports = [each for each in given if Path(each.name) not in {*files.values()}]
    faults += _check_inputs(manifest, reports)
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
    wanted = _hashes_of(manifest)
    mine = [each for each in reports if not wanted.isdisjoint(each.hashes.values())]
    attempts = [mine, reports] if len(mine) < len(reports) else [mine]
    if manifest.document["parameters"].get("command") == COMPARE and len(mine) > 1:
        attempts.append(mine[::-1])  # the order decides nothing but a warning about it
    results = []
    for attempt in attempts:
        try:
            evidence = _run(manifest, attempt, files, max_bytes, key)
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
    others = [] if key else _other_names(manifest, reports)
    return replace(best, remarks=(*remarks, *others, *best.remarks))


def unused_inputs(manifests: Sequence[Manifest], given: Sequence[Given]) -> list[str]:
    """Return the inputs in which there is nothing that a manifest lists."""
    known = set[str]()
    for manifest in manifests:
        known |= {entry["sha256"] for entry in manifest.document["inputs"]}
    return [
        each.name
        for each in given
        if known.isdisjoint({*each.hashes.values(), hash_plain(Path(each.name))})
    ]


def _versions(manifest: Manifest) -> list[str]:
    version = manifest.document["version"]
    if version == __version__:
        return []
    return [
        f"{manifest.name} was written by credreport {version}, and this is {__version__}: "
        "a difference may come from that"
    ]


def _entries(manifest: Manifest, *roles: str) -> list[Mapping[str, Any]]:
    return [entry for entry in manifest.document["inputs"] if entry["role"] in roles]


def _hashes_of(manifest: Manifest, *roles: str) -> set[str]:
    return {entry["sha256"] for entry in _entries(manifest, *(roles or (REPORT, BASELINE)))}


def _find_option_files(
    manifest: Manifest, given: Sequence[Given]
) -> tuple[dict[str, Path], list[Fault]]:
    """Return where the files of options are by role, and which are not there."""
    found: dict[str, Path] = {}
    faults: list[Fault] = []
    for entry in _entries(manifest, *_OPTIONS):
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


def _files_below(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (each for each in sorted(path.rglob("*")) if each.is_file())
    elif path.is_file():
        yield path


def _check_inputs(manifest: Manifest, given: Sequence[Given]) -> list[Fault]:
    """Return which reports of the manifest are missing or changed."""
    hashes = {digest: name for each in given for name, digest in each.hashes.items()}
    by_name = {name: digest for each in given for name, digest in each.hashes.items()}
    known = {*_hashes_of(manifest)}
    faults = []
    for entry in _entries(manifest, REPORT, BASELINE):
        name, digest = entry["name"], entry["sha256"]
        if digest in hashes:
            continue
        if by_name.get(name, digest) not in known:
            what = f"changed: its SHA-256 is {short(by_name[name])}, {manifest.name} says"
            faults.append(Fault(name, f"{what} {short(digest)}"))
        else:
            what = f"missing: {manifest.name} lists it (SHA-256 {short(digest)})"
            faults.append(Fault(name, f"{what}; add it to the inputs"))
    return list(dict.fromkeys(faults))


def _other_names(manifest: Manifest, given: Sequence[Given]) -> list[str]:
    """Return a sentence for each report that the run knew by another name."""
    known: dict[str, set[str]] = {}
    for entry in _entries(manifest, REPORT, BASELINE):
        known.setdefault(entry["sha256"], set()).add(entry["name"])
    return [
        f"{name} is what the run read as {' and '.join(sorted(known[digest]))}"
        for each in given
        for name, digest in each.hashes.items()
        if _base(name) not in map(_base, known.get(digest, {name}))
    ]


def _named(entries: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {(entry["sha256"], _base(entry["name"])) for entry in entries}


def _files(given: Given) -> set[tuple[str, str]]:
    return {(digest, _base(name)) for name, digest in given.hashes.items()}


def _base(name: str) -> str:
    return name.rsplit("/", maxsplit=1)[-1]


def _run(
    manifest: Manifest,
    given: Sequence[Given],
    files: Mapping[str, Path],
    max_bytes: int,
    key: MaskKey | None,
) -> Evidence:
    """Return the evidence of the same run. Raises CredreportError where it is refused."""
    document = manifest.document
    parameters = document["parameters"]
    known = {entry["role"]: entry for entry in _entries(manifest, *_OPTIONS)}

    def named(role: str, file: OptionFile | None) -> OptionFile | None:
        return replace(file, name=known[role]["name"]) if file else None

    policy = _to_policy(parameters, files.get("policy"))
    policy = replace(policy, file=named("policy", policy.file))
    waivers = load_waivers(files["waivers"]) if "waivers" in files else Waivers()
    waivers = replace(waivers, file=named("waivers", waivers.file))
    accounts = read_accounts(files["accounts"]) if "accounts" in files else AccountList()
    accounts = replace(accounts, file=named("accounts", accounts.file))
    decided: Decisions | None = None
    if "carry_from" in files:
        data = files["carry_from"].read_bytes()
        decided = parse_workbook(known["carry_from"]["name"], data, is_carried=True)
    sign_off = _to_sign_off(document.get("sign_off", {}))
    masker = Masker(key) if key else None
    if masker:
        accounts = mask_accounts(accounts, masker)
        decided = mask_decisions(decided, masker) if decided else None

    finish = partial(finished, accounts=accounts, masker=masker)
    if parameters.get("command") == COMPARE:
        names = [each.name for each in given]
        if len(names) == 1 and _is_judged_by_user(manifest):
            names = directories_of_tree(names[0]) or names
        dates = read_dates(
            names,
            as_of=_as_ofs(manifest, names, max_bytes),
            keep_going=True,
            max_bytes=max_bytes,
        )
        judged = [finish(assess(_as_named(date, manifest), policy, waivers)) for date in dates]
        comparison = reviewed(compare_all(judged), decided)
        return with_configuration(of_comparison(comparison, sign_off), _to_configuration(manifest))
    assessment = finish(_assess(manifest, given, REPORT, policy, waivers))
    since: Comparison | None = None
    if _entries(manifest, BASELINE):
        older = finish(_assess(manifest, given, BASELINE, policy, waivers))
        since = compare(older, assessment)
        since = reviewed(since, decided)
    assessment = reviewed(assessment, decided) if since is None else since.newest
    sampling = _to_sampling(parameters.get("sample"))
    split_by = parameters.get("split_by")
    if split_by not in (None, *SplitBy):
        raise UsageError("its parameters split by neither owner nor account")
    by = SplitBy(split_by) if split_by else None
    evidence = of_analysis(assessment, sign_off, None, since, sampling)
    evidence = with_parts(evidence, assessment, by, sign_off)
    return with_configuration(evidence, _to_configuration(manifest))


def _to_configuration(manifest: Manifest) -> Configuration | None:
    """Return what a configuration file had decided: its values count, whether it is there or not."""
    values = manifest.document["parameters"].get(ROLE)
    if not isinstance(values, Mapping):
        return None
    for entry in _entries(manifest, ROLE):
        return Configuration(OptionFile(entry["name"], entry["sha256"], entry["bytes"]), values)
    return None


def _to_policy(parameters: Mapping[str, Any], path: Path | None) -> Policy:
    profile, days = parameters.get("profile"), parameters.get("unused_after_days")
    if not isinstance(profile, str) or type(days) is not int:
        raise UsageError("its parameters have no profile or no unused_after_days")
    is_with_root = parameters.get("include_root") is True
    return load_policy(path, profile=profile, unused_after_days=days, include_root=is_with_root)


def _to_sampling(values: object) -> Sampling | None:
    if values is None:
        return None
    found = values if isinstance(values, Mapping) else {}
    size, seed, of = (found.get(name) for name in ("size", "seed", "of"))
    if type(size) is not int or size < 1 or not isinstance(seed, str) or of not in [*SampleOf]:
        raise UsageError("its parameters have a sample without size, seed or population")
    return Sampling(size, seed, SampleOf(str(of)))


def _to_sign_off(values: object) -> SignOff:
    texts = values if isinstance(values, Mapping) else {}
    names = SignOff.__dataclass_fields__
    return SignOff(
        **{name: text for name, text in texts.items() if name in names and isinstance(text, str)}
    )


def _is_judged_by_user(manifest: Manifest) -> bool:
    return any(entry.get("as_of_origin") == GIVEN for entry in _entries(manifest, REPORT))


def _as_of(entries: Sequence[Mapping[str, Any]]) -> datetime | str | None:
    """Return what --as-of said about these reports; None where each was judged at its own stamp."""
    for entry in entries:
        if entry.get("as_of_origin") == GIVEN:
            return parse_instant(str(entry.get("as_of")))
        if entry.get("as_of_origin") == FROM_NEWEST:
            return NEWEST
    return None


def _as_ofs(manifest: Manifest, names: Sequence[str], max_bytes: int) -> list[datetime | str]:
    """Return what --as-of said about each input of a comparison, in their order."""
    entries = _entries(manifest, REPORT)
    if _as_of(entries) == NEWEST:
        return [NEWEST]
    waiting = [entry for entry in entries if entry.get("as_of_origin") == GIVEN]
    instants: list[datetime | str] = []
    for each in open_given(names, max_bytes) if waiting else ():
        mine = [entry for entry in waiting if entry["sha256"] in each.hashes.values()]
        when = _as_of(mine[:1])
        if when is not None:
            instants.append(when)
            waiting = [entry for entry in waiting if entry.get("as_of") != mine[0]["as_of"]]
    return instants


def _assess(
    manifest: Manifest, given: Sequence[Given], role: str, policy: Policy, waivers: Waivers
) -> Assessment:
    """Judge the reports of one role, under the names that the run knew them by."""
    entries = _entries(manifest, role)
    names = {entry["sha256"]: entry["name"] for entry in entries}
    others = _hashes_of(manifest) - {*names}
    ours = _named(entries)
    theirs = _named(_entries(manifest, REPORT, BASELINE)) - ours
    # What lies under its own name somewhere may have been left out of this role under another.
    told = {digest for each in given for digest, name in _files(each) if (digest, name) in theirs}
    is_masked = "masked" in manifest.document["parameters"]
    items: list[Stream | Skipped | Problem] = []
    later: dict[str, str] = {}
    for each in given:
        hashes = {*each.hashes.values()}
        files = _files(each)
        if files & theirs and not files & ours:  # both dates may have the same bytes
            continue
        if role == BASELINE and hashes.isdisjoint(names):
            continue
        if role == REPORT and hashes and hashes <= others:
            continue
        for item in each.items:
            if not isinstance(item, Stream):
                items.append(item)
                continue
            digest = each.hashes[item.name]
            is_told = digest in told and (digest, _base(item.name)) not in theirs
            if digest in others and not is_told:
                continue
            if digest not in names:
                items.append(item)
            elif is_masked:  # the pseudonym of a file does not show its date
                items.append(item)
                later[item.name] = names[digest]
            else:
                items.append(replace(item, name=names[digest]))
    as_of = _as_of(entries) if role == REPORT else None
    population = read_items(
        items, [each.name for each in given], as_of=as_of, keep_going=True, progress=None
    )
    return assess(_renamed(population, later), policy, waivers)


def _as_named(population: Population, manifest: Manifest) -> Population:
    """Return the population of a date under the names that the run knew its files by."""
    names: dict[str, str] = {}
    for report in population.reports:
        same = [
            entry for entry in _entries(manifest, REPORT)
            if entry["sha256"] == report.source.sha256
        ]  # fmt: skip
        if len({entry["name"] for entry in same}) == 1:  # others have several names
            names[report.source.name] = same[0]["name"]
    return _renamed(population, names)


def _renamed(population: Population, names: Mapping[str, str]) -> Population:
    """Return the population with its files renamed."""
    if not names:
        return population

    def renamed(notices: Iterable[Notice]) -> tuple[Notice, ...]:
        return tuple(replace(each, source=names.get(each.source, each.source)) for each in notices)

    return replace(
        population,
        reports=tuple(
            replace(
                each,
                source=replace(each.source, name=names.get(each.source.name, each.source.name)),
                notices=renamed(each.notices),
            )
            for each in population.reports
        ),
        notices=renamed(population.notices),
        superseded=tuple(
            replace(each, name=names.get(each.name, each.name)) for each in population.superseded
        ),
    )


def _compare(directory: Path, manifest: Manifest, evidence: Evidence) -> Reperformed:
    """Compare what the run makes with the files in the directory."""
    faults: list[Fault] = []
    if evidence.stem != manifest.stem:
        what = "its parameters and inputs make files that are named"
        faults.append(Fault(manifest.name, f"{what} {evidence.stem}, not {manifest.stem}"))
        evidence = replace(evidence, stem=manifest.stem)
    faults += _extra_inputs(manifest, evidence)
    made = make(evidence, _formats_of(manifest), Options())
    raw = table_files(evidence, [*evidence.csv_tables], Options(csv_raw=True))
    same: list[str] = []
    filled: dict[str, Mapping[str, int]] = {}
    remarks: list[str] = []
    listed = {name: made[name] for name in made if name in manifest.outputs}
    for name in manifest.outputs:
        found = read_plain(directory / name, _MOST_BYTES)
        if isinstance(found, str):
            continue  # said already
        if name not in made:
            faults.append(Fault(name, "the run makes no such file"))
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
    known = _hashes_of(manifest)
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
            continue  # said already
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
