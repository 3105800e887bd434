"""A manifest and its inputs -> the evidence of the same run, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from credreport.comparison.comparison import compare_all
from credreport.decisions.decision import Decisions
from credreport.decisions.review import reviewed
from credreport.decisions.workbook import parse_workbook
from credreport.errors import Notice, Problem, UsageError
from credreport.evidence.evidence import Evidence, SignOff
from credreport.evidence.from_configuration import ROLE, with_configuration
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.of_comparison import of_comparison
from credreport.evidence.parts import with_parts
from credreport.evidence.sample import Sampling
from credreport.instants import parse_instant
from credreport.masking.judged import finished, know_files, mask_accounts, mask_decisions
from credreport.masking.key import MaskKey
from credreport.masking.pseudonyms import Masker
from credreport.reports.by_date import directories_of_tree, read_dates
from credreport.reports.inputs import Skipped, Stream
from credreport.reports.selection import (
    FROM_NEWEST,
    GIVEN,
    NEWEST,
    Population,
    read_items,
    read_reports,
)
from credreport.rules.accounts import AccountList, read_accounts
from credreport.rules.option_file import Configuration, OptionFile
from credreport.rules.policy import Policy, load_policy
from credreport.rules.waivers import Waivers, load_waivers
from credreport.schema import BASELINE, REPORT, SampleOf, SplitBy
from credreport.verdicts.assessment import assess
from credreport.verification.listed_inputs import (
    OPTIONS,
    Called,
    Given,
    LeftOut,
    base_of,
    entries_of,
    file_of,
    hashes_of,
    name_of,
    names_by_hash,
    open_given,
)
from credreport.verification.rehash import Manifest

COMPARE = "compare"
_MOST_BASELINES = 8
Left = TypeVar("Left", bound=Stream | Skipped | Problem)

Read = Callable[[Manifest, Sequence[Given], int, Called], tuple[Population, Population | None]]


def called_with(key: MaskKey | None) -> Called:
    """Return how a run with this key, or without one, calls a file."""
    return Masker(key).file if key else str


def _to_masker(
    key: MaskKey | None, manifest: Manifest, given: Sequence[Given], files: Mapping[str, Path]
) -> Masker | None:
    """Return what makes the pseudonyms, which knows the files of options and reports as they are called now."""
    if key is None:
        return None
    masker = Masker(key)
    for path in files.values():
        masker.file(path.name)
    known = {entry["sha256"] for entry in entries_of(manifest, REPORT, BASELINE)}
    for name, digest in chain.from_iterable(each.hashes.items() for each in given):
        if digest in known:
            masker.file(name)
    return masker


def run_again(
    manifest: Manifest,
    given: Sequence[Given],
    files: Mapping[str, Path],
    max_bytes: int,
    key: MaskKey | None,
    *,
    read: Read,
) -> Evidence:
    """Return the evidence of the same run. Raises CredreportError where it is refused.

    `read` returns the reports of an analysis, and those of its baseline if it has one.
    """
    document = manifest.document
    parameters = document["parameters"]
    known = {entry["role"]: entry for entry in entries_of(manifest, *OPTIONS)}

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
    called = called_with(key)
    masker = _to_masker(key, manifest, given if read is read_listed else (), files)
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
        left_out = LeftOut(manifest.left_out(REPORT), called)
        names_of = names_by_hash(manifest, REPORT)
        named_dates = [_as_named(date, names_of, left_out) for date in dates]
        if masker:
            know_files(named_dates, masker)
        judged = [finish(assess(date, policy, waivers)) for date in named_dates]
        comparison = reviewed(compare_all(judged), decided)
        return with_configuration(of_comparison(comparison, sign_off), _to_configuration(manifest))
    newer, older = read(manifest, given, max_bytes, called)
    judged = [finish(assess(each, policy, waivers)) for each in (older, newer) if each]
    assessment = judged[-1]
    since = reviewed(compare_all(judged), decided) if older else None
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
    for entry in entries_of(manifest, ROLE):
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
    return any(entry.get("as_of_origin") == GIVEN for entry in entries_of(manifest, REPORT))


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
    entries = entries_of(manifest, REPORT)
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


def read_listed(
    manifest: Manifest, given: Sequence[Given], _: int, called: Called
) -> tuple[Population, Population | None]:
    """Find the reports by their hashes, wherever they lie and whatever they are called.

    What the run neither judged nor left out is not read, unless a report of it would be judged now:
    of a baseline, in an input of its own.
    """

    def find(*, is_listed: bool) -> tuple[Population, Population | None]:
        roles = (REPORT, BASELINE) if entries_of(manifest, BASELINE) else (REPORT,)
        newer, *older = (
            _find(manifest, given, role, LeftOut(map(file_of, manifest.left_out(role)), called))
            if is_listed
            else _find(manifest, given, role)
            for role in roles
        )
        return newer, older[0] if older else None

    newer, older = found = find(is_listed=False)
    judged = {report.source.sha256 for report in newer.reports}
    if older and not any(_has_both_dates(manifest, each) for each in given):
        judged |= {report.source.sha256 for report in older.reports}
    if not judged <= hashes_of(manifest):
        return found
    return find(is_listed=True)


def _has_both_dates(manifest: Manifest, given: Given) -> bool:
    hashes = {*given.hashes.values()}
    return all(hashes & hashes_of(manifest, role) for role in (REPORT, BASELINE))


def as_named(manifest: Manifest, given: Sequence[Given]) -> Iterator[Read]:
    """Yield each way to read the inputs as they are named: any that may be is once the baseline.

    Of many copies only some are, those with its name first: each way reads all inputs.
    """
    wanted = hashes_of(manifest, BASELINE)
    if not wanted:
        yield partial(_read_as_named, None)
        return
    names = {entry["name"] for entry in entries_of(manifest, BASELINE)}
    copies = [each for each in given if wanted <= {*each.hashes.values()}]
    copies.sort(key=lambda each: names.isdisjoint(each.hashes))
    for each in copies[:_MOST_BASELINES]:
        yield partial(_read_as_named, each)


def _read_as_named(
    baseline: Given | None,
    manifest: Manifest,
    given: Sequence[Given],
    max_bytes: int,
    called: Called,
) -> tuple[Population, Population | None]:
    read = partial(read_reports, keep_going=True, max_bytes=max_bytes)
    names = [each.name for each in given if each is not baseline]
    newer = read(names, as_of=_as_of(entries_of(manifest, REPORT)))
    taken = [report.source.name for report in newer.reports]
    older = read(baseline.name, taken=taken) if baseline else None
    return (
        _as_listed(newer, LeftOut(manifest.left_out(REPORT), called)),
        _as_listed(older, LeftOut(manifest.left_out(BASELINE), called)) if older else None,
    )


def _find(
    manifest: Manifest, given: Sequence[Given], role: str, left_out: LeftOut | None = None
) -> Population:
    """Return the reports of one role, and what was left out, by the names that the run knew."""
    entries = entries_of(manifest, role)
    names = {entry["sha256"]: entry["name"] for entry in entries}
    others = hashes_of(manifest) - {*names}
    is_masked = manifest.is_masked
    items: list[Stream | Skipped | Problem] = []
    later: dict[str, str] = {}
    for each in given:
        hashes = {*each.hashes.values()}
        if role == BASELINE and hashes.isdisjoint(names):
            continue
        if role == REPORT and hashes and hashes <= others:
            continue
        for item in each.items:
            digest = each.hashes.get(name_of(item), "")
            if digest in others:
                continue
            now = name_of(item)
            name = names.get(digest) if isinstance(item, Stream) else None
            if name is None:
                name = left_out.find(now) if left_out else now
            elif base_of(now) != base_of(name):
                name = file_of(name)
            if name is None:
                continue
            if is_masked:  # the pseudonym of a file does not show its date
                items.append(item)
                later[now] = name
            else:
                items.append(_called(item, name))
    as_of = _as_of(entries) if role == REPORT else None
    population = read_items(
        items, [each.name for each in given], as_of=as_of, keep_going=True, progress=None
    )
    return _renamed(population, later)


def _as_named(
    population: Population, names_of: Mapping[str, set[str]], left_out: LeftOut
) -> Population:
    """Return the population of a date under the names that the run knew its files by."""
    known = [
        (each.source.name, names_of.get(each.source.sha256, ())) for each in population.reports
    ]
    names = {name: next(iter(each)) for name, each in known if len(each) == 1}  # some have several
    return _as_listed(_renamed(population, names), left_out)


def _as_listed(population: Population, left_out: LeftOut) -> Population:
    """Return the population with only that left out which the run left out, by the names it had."""
    return replace(
        population,
        refused=_listed(population.refused, left_out),
        superseded=_listed(population.superseded, left_out),
        skipped=_listed(population.skipped, left_out),
    )


def _listed(items: Sequence[Left], left_out: LeftOut) -> tuple[Left, ...]:
    """Return what the run left out under the names that it knew it by."""
    found = ((item, left_out.find(name_of(item))) for item in items)
    return tuple(_called(item, name) for item, name in found if name is not None)


def _called(item: Left, name: str) -> Left:
    change: dict[str, Any] = {"source" if isinstance(item, Problem) else "name": name}
    return replace(item, **change)


def _renamed(population: Population, names: Mapping[str, str]) -> Population:
    """Return the population with its files renamed."""
    if not names:
        return population

    def renamed(items: Sequence[Left]) -> tuple[Left, ...]:
        return tuple(_called(item, names.get(name_of(item), name_of(item))) for item in items)

    def told(notices: Iterable[Notice]) -> tuple[Notice, ...]:
        return tuple(replace(each, source=names.get(each.source, each.source)) for each in notices)

    return replace(
        population,
        reports=tuple(
            replace(
                each,
                source=replace(each.source, name=names.get(each.source.name, each.source.name)),
                notices=told(each.notices),
            )
            for each in population.reports
        ),
        notices=told(population.notices),
        refused=renamed(population.refused),
        superseded=renamed(population.superseded),
        skipped=renamed(population.skipped),
    )
