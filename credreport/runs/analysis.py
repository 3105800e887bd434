"""Inputs -> Assessment: at once where they are few, else in batches, by whoever works.

A large run looks twice. `survey` reads everything, counts it and chooses the reports; then the
chosen ones are read again in the order of the evidence, cell by cell, a batch at a time. What is
flagged is kept; the rows of the population are written as text there and then, and put aside, so
that memory stays as it is however many reports there are. The two looks must agree.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain

from credreport.errors import InputRefused, Problem
from credreport.evidence.evidence import Aside, is_too_long
from credreport.files import Spool
from credreport.output.csv_file import csv_header, csv_rows
from credreport.output.formats import Options
from credreport.output.json_file import json_rows
from credreport.reports.inputs import DEFAULT_MAX_BYTES, Skipped, Stream, Unread, find_inputs
from credreport.reports.read import CredentialReport
from credreport.reports.selection import read_items, read_stream
from credreport.rules.policy import Policy
from credreport.rules.waivers import Waivers
from credreport.runs.pool import Pool
from credreport.runs.survey import File, Question, Survey, Surveyed, refuse, size_of, survey_items
from credreport.schema import ACCOUNT_ID, CREDENTIALS, USERS
from credreport.verdicts.assessment import Assessment, Part, assess, join, judge_part
from credreport.verdicts.tally import Totals

# Fewer bytes are read once, and their tables kept.
LARGE_BYTES = 4 * 1024 * 1024
# Enough for pandas to make little of what a batch costs by itself; it takes a second or two, so
# workers are worth their start for a few.
BATCH_ROWS = 10_000
POPULATION = {"users": USERS, "credentials": CREDENTIALS}
ENOUGH_BATCHES = 3
_BETWEEN_ROWS = b",\n"
_Advance = Callable[[], None] | None
Progress = Callable[[Callable[[], int]], AbstractContextManager[_Advance]]


@dataclass(frozen=True)
class Asked:
    """What is asked of every report, and what the formats need of a population that is not kept.

    With a baseline it is kept all the same: every credential is compared.
    """

    policy: Policy
    waivers: Waivers = field(default_factory=Waivers)
    as_of: datetime | str | None = None
    has_baseline: bool = False
    csv: bool = False
    json: bool = False
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Chosen:
    """A report that was chosen, and the file that holds it and no other."""

    file: File
    report: Surveyed


@dataclass(frozen=True)
class Piece:
    """A batch, judged: its part without the tables that are aside, and their rows as text."""

    part: Part
    csv: dict[str, bytes]
    json: dict[str, bytes]


def assess_inputs(
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
    read_reports does, and where a file changes between the two looks.
    """
    items = list(find_inputs([os.fspath(path) for path in inputs], max_bytes))
    if sum(map(size_of, items)) > LARGE_BYTES and not asked.has_baseline:
        policy = asked.policy
        question = Question(asked.as_of, policy.unused_after_days, policy.include_root)
        with progress(lambda: len(items)) as advance:
            surveyed = survey_items(
                items, inputs, question, keep_going=keep_going, pool=pool, progress=advance
            )
        chosen = _choose(items, surveyed.totals)
        if chosen:
            aside = _too_long(surveyed.totals)
            work = partial(judge_batch, asked=asked, aside=aside)
            pieces = _judge(chosen, work, pool, progress)
            return _put_together(pieces, surveyed, asked, aside)
    with progress(lambda: len(items)) as advance:
        population = read_items(
            items, inputs, as_of=asked.as_of, keep_going=keep_going, progress=advance
        )
    return assess(population, asked.policy, asked.waivers), None


def _choose(items: Iterable[File | Skipped | Problem], totals: Totals) -> list[Chosen]:
    """Return what to judge in batches; nothing where it all fits into memory, or must be together.

    Two reports of one file would be read twice; two whose account is not known may share a
    finding's ID, which only a part tells apart.
    """
    reports = [report for report in totals.reports if isinstance(report, Surveyed)]
    names = {report.source.name for report in reports}
    unknown = [report for report in reports if not ACCOUNT_ID.fullmatch(report.account_id)]
    if not _too_long(totals) or len(names) < len(reports) or len(unknown) > 1:
        return []
    files = {item.name: item for item in items if isinstance(item, (Unread, Stream))}
    return [Chosen(files[report.source.name], report) for report in reports]


def _too_long(totals: Totals) -> tuple[str, ...]:
    """Return the tables that no sheet is to hold."""
    return tuple(name for name, count in _count(totals).items() if is_too_long(count))


def _count(totals: Totals) -> dict[str, int]:
    """Return how many rows each table of the population has."""
    return {"users": totals.user_count, "credentials": totals.credential_count}


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
        raise InputRefused(refused)


def _put_together(
    pieces: Iterable[Piece], surveyed: Survey, asked: Asked, aside: Sequence[str]
) -> tuple[Assessment, Aside]:
    """Join the parts, put the texts aside, and hold what was found against the first look."""
    csv = {name: Spool() for name in aside if asked.csv}
    json = {name: Spool() for name in aside if asked.json}
    for name, spool in csv.items():
        spool.put(csv_header(POPULATION[name]))
    parts: list[Part] = []
    for piece in pieces:
        parts.append(piece.part)
        for name, rows in piece.csv.items():
            csv[name].put(rows)
        for name, rows in piece.json.items():
            json[name].put(_BETWEEN_ROWS * bool(json[name]) + rows)
    totals = surveyed.totals
    told = replace(totals, notices=surveyed.notices)
    assessment = join(parts, totals.reports, told, asked.policy, asked.waivers)
    # The first look knows no classes of users.
    agree = list(assessment.tallies) == list(totals.tallies)
    assert agree or asked.policy.classes, "the two looks at the reports do not agree"
    counts = _count(totals)
    return assessment, Aside({name: counts[name] for name in aside}, csv, json)


def _to_batches(chosen: Iterable[Chosen]) -> Iterator[tuple[Chosen, ...]]:
    batch: list[Chosen] = []
    rows = 0
    for each in chosen:
        batch.append(each)
        rows += each.report.row_count
        if rows >= BATCH_ROWS:
            yield tuple(batch)
            batch, rows = [], 0
    if batch:
        yield tuple(batch)


def _refuse(chosen: Chosen) -> Piece | Problem:
    """Answer for a report that killed the workers that judged it."""
    (problem,) = refuse(chosen.file)
    assert isinstance(problem, Problem)
    return problem


def judge_batch(
    batch: Sequence[Chosen], asked: Asked, aside: Sequence[str]
) -> list[Piece | Problem]:
    """Read and judge some reports: one piece, or what is wrong with them.

    `aside` names the tables whose rows become text. Runs wherever its caller runs it: reads the
    files, and nothing else.
    """
    read = [_read_again(chosen) for chosen in batch]
    reports = [each for each in read if isinstance(each, CredentialReport)]
    if len(reports) < len(read):
        return [each for each in read if isinstance(each, Problem)]
    part = judge_part(reports, asked.policy, asked.waivers)
    tables = {"users": part.users, "credentials": part.credentials}
    rows = {name: tables[name][list(POPULATION[name])] for name in aside}
    csv = {name: csv_rows(table, asked.options) for name, table in rows.items() if asked.csv}
    json = {name: json_rows(table) for name, table in rows.items() if asked.json}
    kept = {
        name: table.iloc[:0].copy() if name in aside else table for name, table in tables.items()
    }  # without the copy all rows would stay in memory behind it
    part = replace(part, users=kept["users"], credentials=kept["credentials"])
    return [Piece(part, csv, json)]


def _read_again(chosen: Chosen) -> CredentialReport | Problem:
    """Return the report with its as-of; a problem where its file is no longer what it was."""
    file, report = chosen.file, chosen.report
    stream = file.read() if isinstance(file, Unread) else file
    if isinstance(stream, Problem):
        return stream
    if hashlib.sha256(stream.data).hexdigest() != report.source.sha256:
        found, remedy = "changed while it was judged", "Run again when nobody writes to it"
        return Problem(stream.name, 0, 0, found, remedy)
    (found_again,) = read_stream(stream)
    assert isinstance(found_again, CredentialReport), "the same bytes were a report before"
    return replace(found_again, as_of=report.as_of, as_of_origin=report.as_of_origin)
