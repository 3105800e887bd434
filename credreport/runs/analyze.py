"""Inputs -> Assessment, in batches, by this process or on an executor.

A run makes two passes. The first reads everything and chooses the reports; the second reads the
chosen ones again, in the order of the evidence, and makes their tables, a batch at a time. What is
flagged is kept. A population that is too long for a sheet is written as text at once and put
aside, so that memory use does not grow with the number of reports.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain

import pandas as pd

from credreport.errors import InputRefused, Problem
from credreport.evidence.account_names import with_names
from credreport.evidence.evidence import Aside, is_too_long
from credreport.evidence.sample import Sample, Sampling, draw, join_samples
from credreport.files import DEFAULT_MAX_BYTES, Spool
from credreport.masking.judged import mask_population
from credreport.masking.key import MaskKey
from credreport.masking.pseudonyms import Masker
from credreport.output.csv_file import csv_header, csv_rows
from credreport.output.json_file import json_rows
from credreport.reports.inputs import File, Item, NoReport, Skipped, Stream, Unread, find_inputs
from credreport.reports.read import read_streams
from credreport.reports.report import Report
from credreport.reports.selection import Population, read_batch, set_aside, to_population
from credreport.rules.accounts import AccountList
from credreport.rules.policy import Policy
from credreport.rules.waivers import Waivers
from credreport.runs.inspect import refuse, run_batches
from credreport.runs.pool import Pool
from credreport.schema import ACCOUNT_NAMES, CREDENTIALS, USERS
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import Assessment, Part, join, judge_part

# Enough that the fixed cost of a batch in pandas hardly counts; it takes a second or two, so it is
# worth starting workers for a few. Rows may be long: then a batch has as many as fit into so much.
BATCH_ROWS = 10_000
BATCH_BYTES = 4 * 1024 * 1024
MOST_READS = 4  # of all the files in the second pass, on the average
POPULATION = {"users": (*USERS, *ACCOUNT_NAMES), "credentials": CREDENTIALS}
ENOUGH_BATCHES = 3
_BETWEEN_ROWS = b",\n"
_Advance = Callable[[], None] | None
Progress = Callable[[Callable[[], int]], AbstractContextManager[_Advance]]


@dataclass(frozen=True)
class Asked:
    """The question to every report, and what the formats need of a population that is not kept.

    policy, waivers: the rules and the exceptions to them.
    as_of: the instant of judging; see read_reports.
    has_baseline: whether every credential is compared, or goes to a part: then the population is kept.
    csv, csv_raw, json: the tables written as CSV, whether raw, and whether as JSON.
    accounts: the names and owners to add to their rows.
    sampling: the sample to draw from the population before its tables are cut.
    mask: makes pseudonyms of names where rows are put aside; `accounts` has some already.
    decided: the users, by pseudonym if there is a mask, whom a decision names.
    """

    policy: Policy
    waivers: Waivers = field(default_factory=Waivers)
    as_of: datetime | str | None = None
    has_baseline: bool = False
    csv: tuple[str, ...] = ()
    csv_raw: bool = False
    json: bool = False
    accounts: AccountList = field(default_factory=AccountList)
    sampling: Sampling | None = None
    mask: MaskKey | None = None
    decided: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Chosen:
    """A report that was chosen: the file that contains it, its index there, and its facts."""

    file: File
    place: int
    report: Report


@dataclass(frozen=True)
class Piece:
    """A batch, judged: its part without the tables that are aside, and their rows as text.

    `decided` has the credentials of the users whom a decision names.
    """

    part: Part
    csv: dict[str, bytes]
    json: dict[str, bytes]
    decided: pd.DataFrame
    sample: Sample | None = None


def analyze_inputs(
    inputs: Sequence[str | os.PathLike[str]],
    asked: Asked,
    *,
    keep_going: bool = False,
    max_bytes: int = DEFAULT_MAX_BYTES,
    pool: Pool,
    progress: Progress,
) -> tuple[Assessment, Aside | None]:
    """Judge every report that the inputs name; the same as `assess` of read_reports.

    Returns the assessment, and what of its tables was put aside. Raises InputRefused as
    read_reports does, and where a file changes between the two passes.
    """
    items = list(find_inputs([os.fspath(path) for path in inputs], max_bytes))
    with progress(lambda: len(items)) as advance:
        population, chosen = _choose(items, inputs, asked, pool, advance, keep_going=keep_going)
    aside = () if asked.has_baseline else _too_long(population.reports)
    work = partial(judge_batch, asked=asked, aside=aside)
    pieces = _judge(chosen, work, pool, progress)
    return _put_together(pieces, population, asked, aside)


def _choose(
    items: Iterable[Item],
    inputs: Iterable[object],
    asked: Asked,
    pool: Pool,
    advance: _Advance,
    *,
    keep_going: bool,
) -> tuple[Population, list[Chosen]]:
    """Read all files and choose the reports to judge."""
    files = [item for item in items if not isinstance(item, Skipped)]
    skipped: list[Skipped] = []
    refused: list[Problem] = []
    found: list[tuple[File, int, Report]] = []
    work = partial(find_reports, as_of=asked.as_of)
    for file, answers in zip(files, run_batches(items, work, pool, skipped), strict=True):
        for place, answer in enumerate(set_aside(answers, refused, skipped)):
            assert not isinstance(file, Problem), "a problem has no reports"
            found.append((file, place, replace(answer, number=len(found))))
        if advance:
            advance()
    population = to_population(
        [report for _, _, report in found],
        refused,
        skipped,
        keep_going=keep_going,
        inputs=inputs,
    )
    chosen = [Chosen(*found[report.number][:2], report) for report in population.reports]
    return population, chosen


def find_reports(
    batch: Sequence[File | Problem], as_of: datetime | str | None
) -> list[list[Report | NoReport]]:
    """Return the facts of the reports in each file, without their users, or what is wrong with it."""
    return [
        [each.without_users() if isinstance(each, Report) else each for each in found]
        for found in read_batch(batch, as_of)
    ]


def _too_long(reports: Sequence[Report]) -> tuple[str, ...]:
    """Return the tables that are too long for a sheet."""
    return tuple(name for name, count in _count(reports).items() if is_too_long(count))


def _count(reports: Sequence[Report]) -> dict[str, int]:
    """Return how many rows each table of the population has."""
    return {
        "users": sum(report.row_count for report in reports),
        "credentials": sum(report.credential_count for report in reports),
    }


def _judge(
    chosen: Sequence[Chosen],
    work: Callable[[Sequence[Chosen]], list[Piece | Problem]],
    pool: Pool,
    progress: Progress,
) -> Iterator[Piece]:
    """Yield the pieces in the order of the chosen reports. Raises InputRefused at the end."""
    refused: list[Problem] = []
    eager = replace(pool, enough_batches=min(pool.enough_batches, ENOUGH_BATCHES))
    with (
        progress(lambda: len(chosen)) as advance,
        closing(eager.run(work, _to_batches(chosen), _refuse)) as results,
    ):
        for answer in chain.from_iterable(results):
            if isinstance(answer, Problem):
                refused.append(answer)
                continue
            yield answer
            if advance:
                for _ in answer.part.tallies:
                    advance()
    if refused:
        raise InputRefused(dict.fromkeys(refused))


def _put_together(
    pieces: Iterable[Piece], population: Population, asked: Asked, aside: Sequence[str]
) -> tuple[Assessment, Aside | None]:
    """Join the parts, and put the texts aside."""
    csv = {name: Spool() for name in aside if name in asked.csv}
    json = {name: Spool() for name in aside if asked.json}
    for name, spool in csv.items():
        spool.put(csv_header(POPULATION[name]))
    parts: list[Part] = []
    samples: list[Sample] = []
    decided: list[pd.DataFrame] = []
    for piece in pieces:
        parts.append(piece.part)
        decided.append(piece.decided)
        samples += [piece.sample] if piece.sample else []
        for name, rows in piece.csv.items():
            csv[name].put(rows)
        for name, rows in piece.json.items():
            json[name].put(_BETWEEN_ROWS * bool(json[name]) + rows)
    assessment = join(parts, population, asked.policy, asked.waivers)
    if not aside:
        return assessment, None
    counts = _count(population.reports)
    sample = join_samples(samples) if samples else None
    return assessment, Aside(
        {name: counts[name] for name in aside}, csv, json, sample, pd.concat(decided)
    )


def _to_batches(chosen: Sequence[Chosen]) -> Iterator[tuple[Chosen, ...]]:
    """Yield the reports in their order, in batches; a report weighs its share of its file.

    A batch reads all of its files. Where accounts alternate between files, it goes on until it has
    judged enough of them, so that the time does not grow faster than the input.
    """
    rows_of = Counter[File]()
    for each in chosen:
        rows_of[each.file] += each.report.row_count
    batch: list[Chosen] = []
    sizes: dict[File, int] = {}
    rows, size = 0, 0.0
    for each in chosen:
        batch.append(each)
        rows += each.report.row_count
        sizes[each.file] = each.report.source.size
        size += each.report.source.size * each.report.row_count / rows_of[each.file]
        is_full = rows >= BATCH_ROWS or size >= BATCH_BYTES
        if is_full and size * MOST_READS >= sum(sizes.values()):
            yield tuple(batch)
            batch, sizes, rows, size = [], {}, 0, 0.0
    if batch:
        yield tuple(batch)


def _refuse(chosen: Chosen) -> Piece | Problem:
    """Return the answer for a report that killed the workers that judged it."""
    (problem,) = refuse(chosen.file)
    assert isinstance(problem, Problem)
    return problem


@storing_python_text
def judge_batch(
    batch: Sequence[Chosen], asked: Asked, aside: Sequence[str]
) -> list[Piece | Problem]:
    """Read and judge some reports: one piece, or what is wrong with them.

    `aside` names the tables whose rows become text. Runs in any process: it reads the files, and
    nothing else.
    """
    read = _read_again(batch)
    reports = [each for each in read if isinstance(each, Report)]
    if len(reports) < len(read):
        return list(dict.fromkeys(each for each in read if isinstance(each, Problem)))
    part = judge_part(reports, asked.policy, asked.waivers)
    tables = {"users": part.users, "credentials": part.credentials}
    if aside and asked.mask:
        part = mask_population(part, Masker(asked.mask))
    named = {
        "users": with_names(part.users, asked.accounts),
        "credentials": part.credentials,
    }
    rows = {name: named[name][list(POPULATION[name])] for name in aside}
    csv = {
        name: csv_rows(table, raw=asked.csv_raw)
        for name, table in rows.items()
        if name in asked.csv
    }
    json = {name: json_rows(table) for name, table in rows.items() if asked.json}
    sample = None
    if aside and asked.sampling:
        sample = draw(asked.sampling, part.users, part.credentials)
    decided = part.credentials[part.credentials["user"].isin(asked.decided)]
    kept = {
        name: table.iloc[:0].copy() if name in aside else table for name, table in tables.items()
    }  # without the copy it would keep all rows in memory
    part = replace(part, users=kept["users"], credentials=kept["credentials"])
    return [Piece(part, csv, json, decided, sample)]


def _read_again(batch: Sequence[Chosen]) -> list[Report | Problem]:
    """Return the reports with their users; a problem where a file is no longer what it was."""
    hashes = {chosen.file: chosen.report.source.sha256 for chosen in batch}
    items = {file: file.read() if isinstance(file, Unread) else file for file in hashes}
    for file, item in items.items():
        if isinstance(item, Stream) and hashlib.sha256(item.data).hexdigest() != hashes[file]:
            found, remedy = (
                "changed while it was judged",
                "Run again when no other program is writing to it",
            )
            items[file] = Problem(file.name, 0, 0, found, remedy)
    streams = {file: item for file, item in items.items() if isinstance(item, Stream)}
    again = dict(zip(streams, read_streams(list(streams.values())), strict=True))
    reports: list[Report | Problem] = []
    for chosen in batch:
        item = items[chosen.file]
        if isinstance(item, Problem):
            reports.append(item)
            continue
        report = again[chosen.file][chosen.place]
        assert isinstance(report, Report), "the same bytes were a report before"
        reports.append(replace(chosen.report, table=report.table, first=report.first))
    return reports
