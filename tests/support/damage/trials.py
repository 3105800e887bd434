"""Trials: a report is damaged, read and judged by the program; what became of what was unused?

refused    the file was refused, or named as left out
kept       every credential that was unused is unused or undetermined
rows gone  a whole row is missing from the damaged file itself
cells lie  its cells, or the time it was made, say something else that AWS could have written
MISSED     anything else
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from random import Random

import numpy as np

from credreport.reports.inputs import Skipped, Stream
from credreport.reports.read import read_streams
from credreport.reports.report import Report, join_tables
from credreport.schema import JUDGED_SLOTS, SLOTS
from credreport.verdicts.judged import judge
from credreport.verdicts.status import STATUSES
from tests.support.damage import blocks, cells, lines, whole, zones
from tests.support.damage.containers import CONTAINERS, Container, open_plainly, rows_in
from tests.support.damage.registry import GO, KINDS, LIE, Kind
from tests.support.damage.reports import NOW, Material, rows_once, stale_in
from tests.support.reports import open_inputs
from tests.support.second_opinion import (
    ENABLED,
    FALLBACK,
    LAST_USED,
    STALE,
    date_of,
    is_root,
    opinion,
)

REFUSED, KEPT, MISSED, CRASHED = "refused", "kept", "MISSED", "CRASHED"
OUTCOMES = (REFUSED, KEPT, GO, LIE, MISSED, CRASHED)
BATCH = 2000
_MODULES = (cells, lines, blocks, whole, zones)  # importing them registers their kinds
_SHARES = [container for container in CONTAINERS.values() for _ in range(container.share)]
_ARCHIVES = (".zip", ".tar", ".gz")
_STALE = [place for place, status in enumerate(STATUSES) if status.value in STALE]
_MEMORY = "/dev/shm"  # a file that is written again and again costs a disk much
Place = tuple[int, int, int]


@dataclass(frozen=True)
class Trial:
    """One damaged file: the kind of damage, what it is saved in, the reports that were damaged."""

    number: int
    kind: Kind
    container: Container
    texts: tuple[str, ...]
    data: bytes


@dataclass
class Judged:
    """What the program says of a file. A place is a text in it, a line of that, and a row.

    places  the place of every row
    stale   place, user and slot of every credential that is unused or undetermined
    """

    places: list[Place] = field(default_factory=list)
    stale: list[tuple[Place, str, str]] = field(default_factory=list)


def make_trial(seed: int, number: int, kinds: int = 0) -> Trial:
    """Return the trial of that number: the same seed and number give the same trial.

    Every report is damaged in every way before the next is made; in the first `kinds` of them only,
    if that is given, as when there were no more.
    """
    group, way = divmod(number, kinds or len(KINDS))
    kind = list(KINDS.values())[way]
    material = make_material(seed, group)
    chance = Random(f"{seed}/{number}")
    container = chance.choice(_SHARES)
    text = material.large if kind.is_large else material.text
    others = [material.other] if container.takes_several and chance.random() < 0.7 else []
    if kind.outer:
        data = kind.outer(chance, container.save(chance, [text, *others]))
    else:
        assert kind.inner
        damaged = kind.inner(chance, text, material.other)
        if kind.has_other:
            others = [material.other]
            data = container.save(chance, [damaged])
        else:
            data = container.save(chance, [damaged, *others])
    return Trial(number, kind, container, (text, *others), data)


@lru_cache(maxsize=1)
def make_material(seed: int, number: int) -> Material:
    return Material(f"{seed}/report {number}")


@dataclass
class Result:
    """How many trials ended how, by kind and by container, and those that must not be."""

    by_kind: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_container: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    bad: list[tuple[int, str]] = field(default_factory=list)

    def add(self, trial: Trial, outcome: str, why: str = "") -> None:
        self.by_kind[trial.kind.name][outcome] += 1
        self.by_container[trial.container.name][outcome] += 1
        if outcome in (MISSED, CRASHED):
            self.bad.append((trial.number, f"{trial.kind.name}, {trial.container.name}: {why}"))

    def merge(self, other: Result) -> None:
        for mine, others in (
            (self.by_kind, other.by_kind),
            (self.by_container, other.by_container),
        ):
            for name, counts in others.items():
                mine[name].update(counts)
        self.bad += other.bad

    def total(self) -> Counter[str]:
        return sum(self.by_kind.values(), Counter())


def run(seed: int, start: int, count: int) -> Result:
    """Make, damage, read and judge so many reports."""
    result = Result()
    with tempfile.TemporaryDirectory(dir=_MEMORY if Path(_MEMORY).is_dir() else None) as directory:
        for first in range(start, start + count, BATCH):
            numbers = range(first, min(first + BATCH, start + count))
            trials = [make_trial(seed, number) for number in numbers]
            for trial, outcome, why in judge_trials(trials, Path(directory)):
                result.add(trial, outcome, why)
    return result


def judge_trials(trials: Sequence[Trial], directory: Path) -> Iterator[tuple[Trial, str, str]]:
    """Yield what became of each trial, and why, where it must not be."""
    files = [_files_in(trial, directory) for trial in trials]
    try:
        answers = iter(read_streams([stream for streams in files for stream in streams]))
    except Exception as error:
        if len(trials) == 1:
            yield trials[0], CRASHED, repr(error)
            return
        half = len(trials) // 2
        yield from judge_trials(trials[:half], directory)
        yield from judge_trials(trials[half:], directory)
        return
    reports: list[Report] = []
    owners: list[tuple[int, int]] = []  # the trial, and the text in its file
    for number, (trial, streams) in enumerate(zip(trials, files, strict=True)):
        found = [next(answers) for _ in streams]
        whole = [each for answer in found for each in answer if isinstance(each, Report)]
        if any(isinstance(each, Skipped) and each.is_own for answer in found for each in answer):
            yield trial, MISSED, "taken for evidence"
            continue
        if not whole or len(whole) < sum(map(len, found)) or not all(each.stamp for each in whole):
            yield trial, REFUSED, ""
            continue
        reports += [replace(each, as_of=each.stamp) for each in whole]
        names = list(dict.fromkeys(each.source.name for each in whole))
        owners += [(number, names.index(each.source.name)) for each in whole]
    for number, judged in _judge(reports, owners).items():
        yield trials[number], *outcome_of(trials[number], judged)


def _files_in(trial: Trial, directory: Path) -> list[Stream]:
    """Return the files in a damaged archive, or the damaged file; nothing where any is left out."""
    if not trial.container.file.endswith(_ARCHIVES):
        return [Stream(trial.container.file, trial.data)]
    path = directory / trial.container.file
    path.write_bytes(trial.data)
    items = list(open_inputs([str(path)]))
    streams = [item for item in items if isinstance(item, Stream)]
    return streams if len(streams) == len(items) else []


def _judge(reports: Sequence[Report], owners: Sequence[tuple[int, int]]) -> dict[int, Judged]:
    """Return what is said of each trial. `owners` has the trial and the text of each report."""
    found: dict[int, Judged] = {number: Judged() for number, _ in owners}
    if not reports:
        return found
    table = join_tables(reports)
    judged = judge(reports, table, 90, include_root=False)
    places = [
        (*owners[report], line, row)
        for row, (report, line) in enumerate(
            zip(table.report.tolist(), table.line.tolist(), strict=True)
        )
    ]
    for number, *place in places:
        found[number].places.append((place[0], place[1], place[2]))
    is_stale = np.isin(judged.verdicts.status, _STALE) & (judged.slot < len(JUDGED_SLOTS))
    row = judged.row[is_stale]
    for each, user, slot in zip(
        row.tolist(), table.users_at(row), judged.slot[is_stale].tolist(), strict=True
    ):
        number, file, line, _ = places[each]
        found[number].stale.append(((file, line, each), user, SLOTS[slot].credential))
    return found


def outcome_of(trial: Trial, judged: Judged) -> tuple[str, str]:
    """Return what became of the credentials that were unused before the damage."""
    flagged = {(user, slot) for _, user, slot in judged.stale}
    truth = [
        (number, *stale) for number, text in enumerate(trial.texts) for stale in stale_in(text)
    ]
    missing = [stale for stale in truth if (stale[2], stale[3]) not in flagged]
    if not missing:
        return KEPT, ""
    places = {place: number for number, place in enumerate(sorted(judged.places))}
    flagged_at = {(places[place], slot) for place, _, slot in judged.stale}
    sizes = [len(rows_once(text)) for text in trial.texts]
    has_all = len(places) == sum(sizes)
    outcome = KEPT
    plain = _read_plainly(trial.data)
    for text, number, user, slot in missing:
        place = sum(sizes[:text]) + number
        if has_all and (place, slot) in flagged_at:
            continue
        excuse = _excuse(
            plain, place if len(plain.rows) == sum(sizes) else -1, user, slot, len(places)
        )
        if excuse not in trial.kind.excuses:
            return MISSED, f"{user} {slot}: {excuse or 'no excuse'}"
        outcome = excuse
    return outcome, ""


@dataclass(frozen=True)
class _Plain:
    """All rows that a plain reading finds; whether it finds another time than that of the report."""

    rows: list[dict[str, str]]
    is_time_other: bool = False
    is_blank_absence: bool = False


def _read_plainly(data: bytes) -> _Plain:
    opened = open_plainly(data)
    if opened is None:
        return _Plain([])
    rows: list[dict[str, str]] = []
    for text in opened.texts:
        found = rows_in(text)
        if found is None:
            return _Plain([])
        rows += found
    words = {cell for row in rows for name, cell in row.items() if name != "user"}
    is_time_other = any(time != NOW for time in opened.times)
    return _Plain(rows, is_time_other, not words & {"N/A", "no_information"})


def _excuse(plain: _Plain, place: int, user: str, slot: str, rows_found: int) -> str:
    """Tell from a plain reading whether the row is gone, or its cells tell something else."""
    if not plain.rows or rows_found < len(plain.rows):
        return ""  # not read plainly, or the program itself dropped a row
    mine = [row for row in plain.rows if row["user"] == user]
    if not mine and place >= 0:
        mine = [plain.rows[place]]
    if not mine:
        return GO
    if plain.is_time_other or all(_is_plausible(row, slot, plain) for row in mine):
        return LIE
    return ""


def _is_plausible(row: dict[str, str], slot: str, plain: _Plain) -> bool:
    """Whether AWS could have written it so, and it is then no stale credential."""
    used, set_cell = row.get(LAST_USED[slot]), row.get(FALLBACK[slot])
    words = ("N/A", "no_information", *([""] if plain.is_blank_absence else []))
    known = row.get(ENABLED[slot], "").lower() in ("true", "false")
    legal = used is None or used in words or date_of(used) is not None
    # Beside a last use that is a date the other cell decides nothing; unreadable, it is warned of.
    legal_set = set_cell in words or date_of(set_cell) is not None or date_of(used) is not None
    thought = opinion(row, slot, NOW, blank_is_absence=plain.is_blank_absence)
    if thought.status in STALE:
        return False
    return (
        is_root(row)
        or (known and thought.status in ("inactive", "absent"))
        or (known and legal and legal_set)
    )
