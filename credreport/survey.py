"""Inputs -> Survey: verdicts counted by report, in batches, on one machine or many; no table is kept.

A batch is judged whole by whoever holds it: this process, a worker, a machine of a cluster. Plain
reports take the fast road (plain.py), all others are read cell by cell; both end in verdict.py.
What a batch gives back does not depend on who judged it, nor on what else was in it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from json.encoder import encode_basestring_ascii
from typing import IO

import numpy as np

from credreport.containers import OwnEvidence, unpack
from credreport.errors import InputRefused, Notice, Problem
from credreport.instants import format_instant
from credreport.oddities import (
    arn_words,
    find_odd_dates,
    newest_of,
    no_root_words,
    order_words,
    twice_words,
)
from credreport.plain import PlainText, PlainUsers, read_plain, to_plain
from credreport.policy import Policy
from credreport.pool import Pool
from credreport.population import NEWEST, Population, choose, date_reports, read_stream
from credreport.read import CredentialReport, Source, era_of, find_stamp
from credreport.schema import Status
from credreport.sources import DEFAULT_MAX_BYTES, Skipped, Stream, Unread, find_inputs
from credreport.totals import Row, Tally, Totals, to_tallies
from credreport.verdict import STATUSES, Cells, Flags, Verdicts, code, decide

# Large enough to make little of what a batch costs by itself, small enough for the processor's cache.
BATCH_BYTES = 4 * 1024 * 1024
BATCH_FILES = 500
_SEPARATOR = b",\n"

File = Unread | Stream


@dataclass(frozen=True)
class Question:
    """What is asked of every report: the instant of judging (see read_reports) and the rule."""

    as_of: datetime | str | None = None
    unused_after_days: int = Policy.unused_after_days
    include_root: bool = False

    @property
    def policy(self) -> Policy:
        """The policy that asks the same."""
        return Policy(unused_after_days=self.unused_after_days, include_root=self.include_root)


@dataclass(frozen=True)
class Surveyed:
    """One report, judged, without its rows: what it is, and what was counted and found.

    `tally` is None where no instant of judging is known. `unused` holds the unused credentials as
    JSON objects, one a line; `undetermined` those that could not be judged.
    """

    source: Source
    account_id: str
    first_line: int
    row_count: int
    era: str
    newest: datetime | None
    digest: str
    stamp: datetime | None
    stamp_origin: str
    notices: tuple[Notice, ...]
    as_of: datetime | None = None
    as_of_origin: str = ""
    tally: Tally | None = None
    warnings: tuple[Notice, ...] = ()
    undetermined: tuple[Row, ...] = ()
    unused: bytes = b""
    place: tuple[int, int] = (0, 0)

    def judged_at(self, as_of: datetime, origin: str) -> Surveyed:
        """Return the same report with the instant at which it is judged."""
        return replace(self, as_of=as_of, as_of_origin=origin)


Answer = Surveyed | Problem


@dataclass(frozen=True)
class Survey:
    """What was counted over all chosen reports; the unused credentials wait in a file."""

    totals: Totals
    undetermined: tuple[Row, ...]
    reports: tuple[Surveyed, ...]
    spool: IO[bytes]

    def unused(self) -> Iterator[bytes]:
        """Yield the unused credentials of each report, as JSON objects, one a line."""
        for report in self.reports:
            offset, size = report.place
            if size:
                self.spool.seek(offset)
                yield self.spool.read(size)

    def close(self) -> None:
        """Give back the file."""
        self.spool.close()


def survey(
    inputs: Sequence[str | os.PathLike[str]],
    question: Question,
    *,
    keep_going: bool = False,
    max_bytes: int = DEFAULT_MAX_BYTES,
    pool: Pool | None = None,
    progress: Callable[[], None] | None = None,
) -> Survey:
    """Judge every report that the inputs name and count; the same reports as read_reports chooses.

    Raises InputRefused as it does. `pool` says who judges the batches: without one, this process.
    """
    names = [os.fspath(path) for path in inputs]
    refused: list[Problem] = []
    skipped: list[Skipped] = []
    found: list[Surveyed] = []
    spool = tempfile.TemporaryFile(prefix="credreport-")  # noqa: SIM115 - the survey closes it
    try:
        batches = _to_batches(find_inputs(names, max_bytes), skipped)
        work = partial(survey_batch, question=question)
        with closing((pool or Pool()).run(work, batches, _refuse)) as results:
            for answer in chain.from_iterable(results):
                for report in answer:
                    if isinstance(report, Problem):
                        refused.append(report)
                    else:
                        found.append(_put_aside(report, spool))
                if progress:
                    progress()
        dated = [report for report in found if report.as_of]
        without = [report for report in found if not report.as_of]
        choice = choose(dated, without, refused, keep_going=keep_going, inputs=inputs)
    except BaseException:
        spool.close()
        raise
    reports = choice.reports
    notices = [*choice.notices, *(notice for report in reports for notice in report.notices)]
    notices += [notice for report in reports for notice in report.warnings]
    totals = Totals(
        policy=question.policy,
        reports=reports,
        tallies=[report.tally for report in reports if report.tally],
        notices=tuple(dict.fromkeys(notices)),
        refused=choice.refused,
        superseded=choice.superseded,
        skipped=skipped,
        is_lower_bound=question.as_of == NEWEST,
    )
    undetermined = tuple(row for report in reports for row in report.undetermined)
    return Survey(totals, undetermined, reports, spool)


def _put_aside(report: Surveyed, spool: IO[bytes]) -> Surveyed:
    """Write the unused credentials to the file; memory must not grow with them."""
    place = (spool.tell(), spool.write(report.unused))
    return replace(report, unused=b"", place=place)


def _to_batches(
    items: Iterable[File | Skipped | Problem], skipped: list[Skipped]
) -> Iterator[tuple[File | Problem, ...]]:
    """Yield the files in their order, together as many as are worth it; put the skipped aside."""
    batch: list[File | Problem] = []
    size = 0
    for item in items:
        if isinstance(item, Skipped):
            skipped.append(item)
            continue
        batch.append(item)
        size += _size_of(item)
        if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


def _refuse(item: File | Problem) -> list[Answer]:
    """Answer for a file that killed the workers that read it."""
    if isinstance(item, Problem):
        return [item]
    found = "the workers that read it died, one after the other"
    return [Problem(item.name, 0, 0, found, "Read it alone, with --workers 1")]


def _size_of(item: File | Problem) -> int:
    match item:
        case Unread():
            return item.size
        case Stream():
            return len(item.data)
        case _:
            return 0


@dataclass(frozen=True)
class _Plain:
    """A plain report among the files of a batch: its place there, and what is known of it."""

    place: int
    stream: Stream
    text: PlainText
    facts: Surveyed


def survey_batch(batch: Sequence[File | Problem], question: Question) -> list[list[Answer]]:
    """Judge the files of a batch: return what each of them held, or what is wrong with it.

    Runs wherever its caller runs it: reads the files, and nothing else.
    """
    answers: list[list[Answer]] = [[] for _ in batch]
    plain: dict[bytes, list[_Plain]] = {}
    odd: dict[int, Stream] = {}
    for place, item in enumerate(batch):
        stream = item.read() if isinstance(item, Unread) else item
        if isinstance(stream, Problem):
            answers[place] = [stream]
            continue
        found = _look_at(place, stream)
        if found is None:
            odd[place] = stream
        else:
            plain.setdefault(found.text.header, []).append(found)
    for reports in plain.values():
        judged = _survey_plain(reports, question)
        for report, answer in zip(reports, judged, strict=True):
            if answer is None:
                odd[report.place] = report.stream
            else:
                answers[report.place] = [answer]
    told = _survey_odd([odd[place] for place in sorted(odd)], question)
    for place, each in zip(sorted(odd), told, strict=True):
        answers[place] = each
    return answers


def _look_at(place: int, stream: Stream) -> _Plain | None:
    """Return a report that may be plain, in whatever it was saved; None for one to be read slowly."""
    text, container, time = to_plain(stream.data), "CSV", ""
    if text is None:
        try:
            unpacked = unpack(stream.name, stream.data)
        except (InputRefused, OwnEvidence):
            return None
        container, time = unpacked.container, unpacked.generated_time
        text = to_plain(unpacked.text.encode("utf-8", "surrogatepass"))
        if text is None:
            return None
    sha256 = hashlib.sha256(stream.data).hexdigest()
    whole = b"%b\n%b" % (text.header, text.body)
    digest = sha256 if whole == stream.data else hashlib.sha256(whole).hexdigest()
    stamp, origin, notices = find_stamp(stream.name, time)
    facts = Surveyed(
        source=Source(stream.name, sha256, len(stream.data), container),
        account_id="",
        first_line=2,
        row_count=text.body.count(b"\n") + 1,
        era="",
        newest=None,
        digest=digest,
        stamp=stamp,
        stamp_origin=origin,
        notices=tuple(notices),
    )
    return _Plain(place, stream, text, facts)


def _survey_plain(reports: Sequence[_Plain], question: Question) -> list[Surveyed | None]:
    """Judge reports that share a header; None for each that has to be read cell by cell."""
    users = read_plain([report.text for report in reports])
    columns = tuple(reports[0].text.header.decode().split(","))
    facts = []
    for number, report in enumerate(reports):
        newest = users.newest[number].astype("M8[us]").item()
        known = replace(
            report.facts,
            account_id=users.accounts[number],
            era=era_of(columns, is_zulu=bool(users.has_zulu[number])),
            newest=newest.replace(tzinfo=UTC) if newest else None,
        )
        dated, _ = date_reports([known], question.as_of)
        facts.append(dated[0] if dated else known)
    cells = _to_cells(users, facts, question)
    verdicts = decide(cells, include_root=question.include_root)
    slots = len(users.slots)
    by_credential = np.repeat(users.report, slots)
    strange = users.strange.copy()
    # What could not be judged is told with its cells: read it as text.
    strange[by_credential[verdicts.status == code(Status.UNDETERMINED)]] = True
    days = question.unused_after_days
    tallies = to_tallies(cells, verdicts, by_credential, len(reports), days)
    warnings = _to_warnings(users, cells, verdicts, facts, strange)
    unused = _to_unused(users, verdicts, strange)
    return [
        None
        if strange[number]
        else replace(
            known,
            tally=tallies[number],
            warnings=tuple(warnings[number]),
            unused=_SEPARATOR.join(unused[number]),
        )
        if known.as_of
        else known
        for number, known in enumerate(facts)
    ]


def _to_cells(users: PlainUsers, facts: Sequence[Surveyed], question: Question) -> Cells:
    """Return the users' slots as the arrays that are judged: user by user, slot by slot."""
    slots = len(users.slots)
    rows = len(users.report)
    moments = [known.as_of.replace(tzinfo=None) if known.as_of else None for known in facts]
    as_of = np.array(moments, dtype="M8[us]")
    kinds = np.array([code(slot.kind) for slot in users.slots], dtype="i1")
    return Cells(
        kind=np.tile(kinds, rows),
        is_root=np.repeat(users.is_root, slots),
        enabled=users.enabled.ravel(),
        is_unreported=users.is_unreported.ravel(),
        last_meaning=users.last_meaning.ravel(),
        last_used=users.last_used.ravel(),
        set_meaning=users.set_meaning.ravel(),
        set_at=users.set_at.ravel(),
        blank_is_absence=np.zeros(rows * slots, dtype=bool),  # a report with a blank is not plain
        as_of=np.repeat(as_of[users.report], slots),
        unused_after_days=np.full(rows * slots, question.unused_after_days, dtype="i8"),
    )


def _to_warnings(
    users: PlainUsers,
    cells: Cells,
    verdicts: Verdicts,
    facts: Sequence[Surveyed],
    strange: Flags,
) -> list[list[Notice]]:
    """Return the warnings about each report, in the order in which checks.py finds them."""
    found: list[list[Notice]] = [[] for _ in facts]
    sources = [known.source.name for known in facts]

    def say(row: int, name: str, message: str) -> None:
        number = int(users.report[row])
        notice = Notice(sources[number], int(users.line[row]), name, message)
        found[number].append(notice)

    rooted = np.bincount(users.report[users.is_root], minlength=len(facts))
    for number in np.flatnonzero(rooted == 0).tolist():
        found[number].append(Notice(sources[number], 0, "no-root", no_root_words()))
    for row in users.out_of_order:
        say(row, "order", order_words(users.user(row)))
    for row, ordinal in users.twice:
        say(row, "user-twice", twice_words(users.user(row), ordinal))
    for row in users.arn_differs:
        say(row, "arn-differs", arn_words(users.user(row), users.arn(row)))
    slots = len(users.slots)
    created_at = np.repeat(users.created_at, slots)
    newest = newest_of(cells, created_at)
    report = np.repeat(users.report, slots)
    for oddity in find_odd_dates(cells, verdicts, created_at, report):
        for place in oddity.places[~strange[report[oddity.places]]].tolist():
            row, slot = divmod(place, slots)
            about = {
                "user": users.user(row),
                "credential": users.slots[slot].credential,
                "age_days": int(verdicts.age_days[place]),
                "status": STATUSES[verdicts.status[place]].value,
                "newest": newest[place].item().replace(tzinfo=UTC),
                "as_of": facts[report[place]].as_of,
            }
            say(row, oddity.code, oddity.words(about))
    return found


def _to_unused(users: PlainUsers, verdicts: Verdicts, strange: Flags) -> list[list[bytes]]:
    """Return each report's unused credentials as JSON objects."""
    found: list[list[bytes]] = [[] for _ in users.accounts]
    slots = len(users.slots)
    places = np.flatnonzero(verdicts.status == code(Status.UNUSED))
    rows, slot = np.divmod(places, slots)
    report = users.report[rows]
    told = ~strange[report]
    instants = np.datetime_as_string(verdicts.effective[places], unit="s")
    names = [each.credential for each in users.slots]
    columns = (report, rows, slot, verdicts.age_days[places], instants)
    for number, row, place, age, instant in zip(
        *(column[told].tolist() for column in columns), strict=True
    ):
        account, user = users.accounts[number], users.user(row)
        found[number].append(_to_object(account, user, names[place], age, f"{instant}Z"))
    return found


def _to_object(account: str, user: str, credential: str, age_days: int, instant: str) -> bytes:
    """Return one unused credential as a JSON object. (json.dumps takes three times as long.)"""
    return (
        f'{{"account_id": {encode_basestring_ascii(account)}, "user": {encode_basestring_ascii(user)}, '
        f'"credential": "{credential}", "age_days": {age_days}, '
        f'"effective_last_used": "{instant}"}}'
    ).encode("ascii")


def _survey_odd(streams: Sequence[Stream], question: Question) -> Iterator[list[Answer]]:
    """Read the streams cell by cell, judge their reports together, and answer for each stream."""
    read = [read_stream(stream) for stream in streams]
    reports = [each for found in read for each in found if isinstance(each, CredentialReport)]
    surveyed = iter(_survey_tables(reports, question))
    for found in read:
        yield [each if isinstance(each, Problem) else next(surveyed) for each in found]


def _survey_tables(reports: Sequence[CredentialReport], question: Question) -> list[Surveyed]:
    """Judge reports in pandas, which is imported only here: slow to import, and often not needed."""
    dated, without = date_reports(reports, question.as_of)
    if not dated:
        return [_to_facts(report) for report in without]
    from credreport.assess import assess  # noqa: PLC0415
    from credreport.undetermined import to_undetermined  # noqa: PLC0415

    assessment = assess(Population(tuple(dated)), question.policy)
    unused = assessment.credentials.query("status == 'unused'")
    objects: list[list[bytes]] = [[] for _ in dated]
    told = ["report", "account_id", "user", "credential", "age_days", "effective_last_used"]
    for number, account, user, credential, age, when in unused[told].itertuples(index=False):
        objects[number].append(_to_object(account, user, credential, age, format_instant(when)))
    undetermined: list[list[Row]] = [[] for _ in dated]
    for row in to_undetermined(assessment).to_dict("records"):
        undetermined[row.pop("report")].append({str(name): cell for name, cell in row.items()})
    judged = iter(
        replace(
            _to_facts(report),
            tally=assessment.tallies[number],
            warnings=assessment.report_notices[number],
            undetermined=tuple(undetermined[number]),
            unused=_SEPARATOR.join(objects[number]),
        )
        for number, report in enumerate(dated)
    )
    known = {id(report): _to_facts(report) for report in without}
    return [known.get(id(report)) or next(judged) for report in reports]


def _to_facts(report: CredentialReport) -> Surveyed:
    return Surveyed(
        source=report.source,
        account_id=report.account_id,
        first_line=report.first_line,
        row_count=report.row_count,
        era=report.era,
        newest=report.newest,
        digest=report.digest,
        stamp=report.stamp,
        stamp_origin=report.stamp_origin,
        notices=report.notices,
        as_of=report.as_of,
        as_of_origin=report.as_of_origin,
    )
