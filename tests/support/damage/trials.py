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
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random

from credreport.errors import InputRefused
from credreport.reports.containers import OwnEvidence
from credreport.reports.inputs import Stream, open_inputs
from credreport.reports.report import Report, read_report
from tests.support.batch import judged
from tests.support.damage import blocks, cells, lines, whole
from tests.support.damage.containers import CONTAINERS, Container, open_plainly, rows_in
from tests.support.damage.registry import GO, KINDS, LIE, Kind
from tests.support.damage.reports import NOW, Material, rows_once, stale_in
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
_MODULES = (cells, lines, blocks, whole)  # importing them registers their kinds
_SHARES = [container for container in CONTAINERS.values() for _ in range(container.share)]
_ARCHIVES = (".zip", ".tar", ".gz")


@dataclass(frozen=True)
class Trial:
    """One damaged file: the kind of damage, what it is saved in, the reports that were damaged."""

    number: int
    kind: Kind
    container: Container
    texts: tuple[str, ...]
    data: bytes


@dataclass(frozen=True)
class Row:
    """What the program says of one slot of one row. `place` is its file and line."""

    place: tuple[int, int]
    user: str
    slot: str
    status: str


def make_trial(seed: int, number: int) -> Trial:
    """Return the trial of that number: the same seed and number give the same trial.

    Every report is damaged in every way before the next is made.
    """
    group, way = divmod(number, len(KINDS))
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
    with tempfile.TemporaryDirectory() as directory:
        for first in range(start, start + count, BATCH):
            numbers = range(first, min(first + BATCH, start + count))
            trials = [make_trial(seed, number) for number in numbers]
            for trial, outcome, why in judge_trials(trials, Path(directory)):
                result.add(trial, outcome, why)
    return result


def judge_trials(trials: Sequence[Trial], directory: Path) -> Iterator[tuple[Trial, str, str]]:
    """Yield what became of each trial, and why, where it must not be."""
    reports: list[Report] = []
    owners: list[tuple[int, int]] = []  # the trial, and the file in its archive
    for number, trial in enumerate(trials):
        try:
            found = _read(trial, directory)
        except InputRefused:
            yield trial, REFUSED, ""
        except OwnEvidence:
            yield trial, MISSED, "taken for evidence"
        except Exception as error:
            yield trial, CRASHED, repr(error)
        else:
            for file, each in enumerate(found):
                reports += each
                owners += [(number, file)] * len(each)
    rows: dict[int, list[Row]] = {number: [] for number, _ in owners}
    if reports:
        table = judged(reports, [report.stamp or NOW for report in reports])
        names = ("report", "source_line", "user", "credential", "status")
        columns = (table[name].tolist() for name in names)
        for report, line, user, slot, status in zip(*columns, strict=True):
            number, file = owners[report]
            rows[number].append(Row((file, line), user, slot, status))
    for number, found_rows in rows.items():
        yield trials[number], *outcome_of(trials[number], found_rows)


def _read(trial: Trial, directory: Path) -> list[list[Report]]:
    """Return the reports in a damaged file, or in each file of an archive.

    Raises InputRefused where any of them is refused, left out or without a time.
    """
    stream = Stream(trial.container.file, trial.data)
    if not trial.container.file.endswith(_ARCHIVES):
        streams = [stream]
    else:
        path = directory / trial.container.file
        path.write_bytes(trial.data)
        items = list(open_inputs([str(path)]))
        streams = [item for item in items if isinstance(item, Stream)]
        if len(streams) < len(items):
            raise InputRefused([])
    reports = [read_report(stream) for stream in streams]
    if any(report.stamp is None for each in reports for report in each):
        raise InputRefused([])
    return reports


def outcome_of(trial: Trial, found: Sequence[Row]) -> tuple[str, str]:
    """Return what became of the credentials that were unused before the damage."""
    flagged = {(row.user, row.slot) for row in found if row.status in STALE}
    truth = [
        (number, *stale) for number, text in enumerate(trial.texts) for stale in stale_in(text)
    ]
    missing = [stale for stale in truth if (stale[2], stale[3]) not in flagged]
    if not missing:
        return KEPT, ""
    places = {place: number for number, place in enumerate(sorted({row.place for row in found}))}
    flagged_at = {(places[row.place], row.slot) for row in found if row.status in STALE}
    sizes = [len(rows_once(text)) for text in trial.texts]
    has_all = len(places) == sum(sizes) and len(found) == 3 * len(places)
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
