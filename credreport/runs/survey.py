"""Inputs -> Survey: verdicts counted by report, in batches, on one machine or many; no table is kept.

A batch is judged whole by whoever holds it: this process, a worker, a machine of a cluster. Plain
reports take the fast road (plain.py), all others are read cell by cell; both end in verdict.py.
What a batch gives back does not depend on who judged it, nor on what else was in it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import chain, pairwise
from json.encoder import encode_basestring_ascii

import numpy as np

from credreport.errors import InputRefused, Notice, Problem
from credreport.files import Place, Spool
from credreport.instants import format_instant
from credreport.reports.containers import OwnEvidence, unpack
from credreport.reports.inputs import DEFAULT_MAX_BYTES, Skipped, Stream, Unread, find_inputs
from credreport.reports.plain import PlainText, PlainUsers, read_plain, to_plain
from credreport.reports.read import CredentialReport, Source, era_of
from credreport.reports.selection import (
    Population,
    choose,
    date_reports,
    find_as_of,
    read_stream,
)
from credreport.reports.stamp import find_stamp
from credreport.rules.policy import Policy
from credreport.runs.pool import Pool
from credreport.schema import Status
from credreport.verdicts.tally import Row, Tally, Totals, to_tallies
from credreport.verdicts.verdict import (
    INSTANT_UNIT,
    KINDS,
    LAST_USED,
    STATUSES,
    Cells,
    Flags,
    Numbers,
    Verdicts,
    code,
    decide,
    is_absent,
)
from credreport.verdicts.warnings import (
    arn_words,
    find_odd_dates,
    newest_of,
    no_root_words,
    order_words,
    twice_words,
)

# Large enough to make little of what a batch costs by itself, small enough for the processor's cache.
BATCH_BYTES = 2 * 1024 * 1024
BATCH_FILES = 500
_KEPT_MEMORY = 16 * 1024 * 1024
_SEPARATOR = ",\n"
_INSTANT_SIZE = len("2026-01-31T12:00:00")

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

    `tally` is None where no instant of judging is known. `undetermined` has a row for each credential
    that could not be judged. The unused ones travel beside it: see Found.
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


# A report, and its unused credentials as JSON objects, one a line: they are put aside at once.
Found = tuple[Surveyed, bytes]
Answer = Found | Problem


@dataclass(frozen=True)
class Survey:
    """What was counted over all chosen reports; the unused credentials wait in a file.

    `notices` are the warnings about the reports together; `totals` has these and all others.
    """

    totals: Totals
    notices: tuple[Notice, ...]
    undetermined: tuple[Row, ...]
    spool: Spool
    places: Sequence[Place]

    def unused(self) -> Iterator[bytes]:
        """Yield the unused credentials of each report, as JSON objects, one a line."""
        return filter(None, map(self.spool.take, self.places))


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
    items = find_inputs([os.fspath(path) for path in inputs], max_bytes)
    return survey_items(
        items, inputs, question, keep_going=keep_going, pool=pool, progress=progress
    )


def survey_items(
    items: Iterable[File | Skipped | Problem],
    inputs: Iterable[object],
    question: Question,
    *,
    keep_going: bool,
    pool: Pool | None,
    progress: Callable[[], None] | None,
) -> Survey:
    """Judge and count what find_inputs found in the inputs; see survey."""
    refused: list[Problem] = []
    skipped: list[Skipped] = []
    found: list[Surveyed] = []
    places: dict[tuple[str, int], Place] = {}
    spool = Spool()
    batches = _to_batches(items, skipped)
    work = partial(survey_batch, question=question)
    with closing((pool or Pool()).run(work, batches, refuse)) as results:
        for answers in chain.from_iterable(results):
            for answer in answers:
                if isinstance(answer, Problem):
                    refused.append(answer)
                    continue
                report, unused = answer
                found.append(report)
                places[_key(report)] = spool.put(unused)
            if progress:
                progress()
    dated = [report for report in found if report.as_of]
    without = [report for report in found if not report.as_of]
    choice = choose(dated, without, refused, keep_going=keep_going, inputs=inputs)
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
    )
    undetermined = tuple(row for report in reports for row in report.undetermined)
    return Survey(
        totals, choice.notices, undetermined, spool, [places[_key(report)] for report in reports]
    )


def _key(report: Surveyed) -> tuple[str, int]:
    """Return what no two reports of one run share: the names of the inputs differ."""
    return report.source.name, report.first_line


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
        size += size_of(item)
        if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


def refuse(item: File | Problem) -> list[Answer]:
    """Answer for a file that killed the workers that read it."""
    if isinstance(item, Problem):
        return [item]
    found = "the workers that read it died, one after the other"
    return [Problem(item.name, 0, 0, found, "Read it alone, with --workers 1")]


def size_of(item: File | Skipped | Problem) -> int:
    """Return how many bytes are to be read, as far as is known."""
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
    source: Source
    digest: str
    stamp: datetime | None
    stamp_origin: str
    notices: tuple[Notice, ...]


def survey_batch(batch: Sequence[File | Problem], question: Question) -> list[list[Answer]]:
    """Judge the files of a batch: return what each of them held, or what is wrong with it.

    Runs wherever its caller runs it: reads the files, and nothing else.
    """
    _keep_memory()
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


@lru_cache(maxsize=1)
def _keep_memory() -> None:
    """Let the C library keep what a batch frees for the next one.

    Without this glibc returns it and takes it again page by page, a fifth of the time. It keeps
    twice as much as the largest block that it has seen freed; elsewhere this does nothing.
    """
    bytes(_KEPT_MEMORY)


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
    source = Source(stream.name, sha256, len(stream.data), container)
    stamp, origin, notices = find_stamp(stream.name, time, stream.folder_stamp)
    return _Plain(place, stream, text, source, digest, stamp, origin, tuple(notices))


@dataclass(frozen=True)
class _Present:
    """The credentials of plain users that are there: for each its user's row, its slot, its report."""

    users: PlainUsers
    row: Numbers
    slot: Numbers
    report: Numbers
    cells: Cells
    verdicts: Verdicts


def _survey_plain(reports: Sequence[_Plain], question: Question) -> list[Found | None]:
    """Judge reports that share a header; None for each that has to be read cell by cell."""
    users = read_plain([report.text for report in reports])
    columns = tuple(reports[0].text.header.decode().split(","))
    eras = [era_of(columns, is_zulu=is_zulu) for is_zulu in (False, True)]
    newest = [instant and instant.replace(tzinfo=UTC) for instant in users.newest.tolist()]
    as_ofs = [
        find_as_of(question.as_of, report.stamp, report.stamp_origin, instant)
        for report, instant in zip(reports, newest, strict=True)
    ]
    present, absent = _judge_plain(users, [as_of for as_of, _ in as_ofs], question)
    # What could not be judged is told with its cells, so it is read as text.
    strange = users.strange.copy()
    strange[present.report[present.verdicts.status == code(Status.UNDETERMINED)]] = True
    tallies = to_tallies(
        present.cells,
        present.verdicts,
        present.report,
        len(reports),
        unused_after_days=question.unused_after_days,
        absent=absent,
    )
    undated = np.array([as_of is None for as_of, _ in as_ofs])
    warnings = _to_warnings(present, reports, strange | undated)
    unused = _to_unused(present, strange | undated)
    found: list[Found | None] = []
    for number, (report, (as_of, origin)) in enumerate(zip(reports, as_ofs, strict=True)):
        surveyed = Surveyed(
            source=report.source,
            account_id=users.accounts[number],
            first_line=2,
            row_count=report.text.row_count,
            era=eras[int(users.has_zulu[number])],
            newest=newest[number],
            digest=report.digest,
            stamp=report.stamp,
            stamp_origin=report.stamp_origin,
            notices=report.notices,
            as_of=as_of,
            as_of_origin=origin if as_of else "",
            tally=tallies[number] if as_of else None,
            warnings=tuple(warnings[number]) if as_of else (),
        )
        found.append(None if strange[number] else (surveyed, unused[number]))
    return found


def _judge_plain(
    users: PlainUsers, as_ofs: Sequence[datetime | None], question: Question
) -> tuple[_Present, Numbers]:
    """Judge the credentials that are there, user by user, slot by slot; count the others.

    The counts are by report and place in KINDS.
    """
    naive = [as_of.replace(tzinfo=None) if as_of else None for as_of in as_ofs]
    moments = np.array(naive, dtype=INSTANT_UNIT)
    # A user from the future is odd, whatever it has.
    is_odd = users.created_at > moments[users.report]
    is_gone = is_absent(users.is_root, users.enabled, users.last_meaning, users.set_meaning)
    there = np.flatnonzero((~is_gone | is_odd).T)
    kinds = np.array([code(slot.kind) for slot in users.slots], dtype="i1")
    row, slot = np.divmod(there, len(users.slots))
    place = slot * len(users.report) + row
    report = users.report[row]
    count = len(as_ofs)
    present = np.bincount(report * len(KINDS) + kinds[slot], minlength=count * len(KINDS))
    slots = np.bincount(kinds, minlength=len(KINDS))
    absent = np.bincount(users.report, minlength=count)[:, None] * slots
    absent -= present.reshape(absent.shape)
    cells = Cells(
        kind=kinds[slot],
        is_root=users.is_root[row],
        enabled=users.enabled.ravel()[place],
        is_unreported=users.is_unreported.ravel()[place],
        last_meaning=users.last_meaning.ravel()[place],
        last_used=users.last_used.ravel()[place].astype(INSTANT_UNIT),
        set_meaning=users.set_meaning.ravel()[place],
        set_at=users.set_at.ravel()[place].astype(INSTANT_UNIT),
        blank_is_absence=np.zeros(len(there), dtype=bool),  # a report with a blank is not plain
        as_of=moments[report],
        unused_after_days=np.full(len(there), question.unused_after_days, dtype="i8"),
    )
    verdicts = decide(cells, include_root=question.include_root)
    return _Present(users, row, slot, report, cells, verdicts), absent


def _to_warnings(present: _Present, reports: Sequence[_Plain], skip: Flags) -> list[list[Notice]]:
    """Return the warnings about each report, in the order in which checks.py finds them.

    Nothing is said of the reports to `skip`: they are strange, or nobody knows when to judge them.
    """
    users, cells, verdicts = present.users, present.cells, present.verdicts
    found: list[list[Notice]] = [[] for _ in reports]
    names = [report.source.name for report in reports]

    def say(row: int, name: str, message: str) -> None:
        number = int(users.report[row])
        found[number].append(Notice(names[number], int(users.line[row]), name, message))

    rooted = np.bincount(users.report[users.is_root], minlength=len(reports))
    for number in np.flatnonzero(rooted == 0).tolist():
        found[number].append(Notice(names[number], 0, "no-root", no_root_words()))
    for row in users.out_of_order:
        say(row, "order", order_words(users.user(row)))
    for row, ordinal in users.twice:
        say(row, "user-twice", twice_words(users.user(row), ordinal))
    for row in users.arn_differs:
        say(row, "arn-differs", arn_words(users.user(row), users.arn(row)))
    created_at = users.created_at[present.row].astype(INSTANT_UNIT)
    newest = newest_of(cells, created_at)
    for oddity in find_odd_dates(cells, verdicts, created_at, present.report):
        for place in oddity.places[~skip[present.report[oddity.places]]].tolist():
            row = int(present.row[place])
            about = {
                "user": users.user(row),
                "credential": users.slots[present.slot[place]].credential,
                "age_days": int(verdicts.age_days[place]),
                "status": STATUSES[verdicts.status[place]].value,
                "newest": newest[place].item().replace(tzinfo=UTC),
                "as_of": cells.as_of[place].item().replace(tzinfo=UTC),
            }
            say(row, oddity.code, oddity.words(about))
    return found


def _to_unused(present: _Present, skip: Flags) -> list[bytes]:
    """Return each report's unused credentials as JSON objects; no plain name has to be escaped."""
    users, verdicts = present.users, present.verdicts
    is_told = (verdicts.status == code(Status.UNUSED)) & ~skip[present.report]
    told = np.flatnonzero(is_told)
    report, row, slot = present.report[told], present.row[told], present.slot[told]
    layout, bounds = users.grid.layout, users.grid.bounds
    # The date that decides is copied as it stands there: spelt out, in UTC.
    since, used = np.array(layout.set_at), np.array(layout.last_used)
    by_use = verdicts.basis[told] == LAST_USED
    column = since[slot]
    column[by_use] = used[slot[by_use]]
    text, names = users.grid.data.decode("ascii"), [slot.credential for slot in users.slots]
    objects = [
        _to_object(
            users.accounts[number],
            text[start:end],
            names[slot],
            age_days,
            text[at : at + _INSTANT_SIZE],
        )
        for number, start, end, slot, age_days, at in zip(
            report.tolist(),
            (bounds[layout.user, row] + 1).tolist(),
            bounds[layout.user + 1, row].tolist(),
            slot.tolist(),
            verdicts.age_days[told].tolist(),
            (bounds[column, row] + 1).tolist(),
            strict=True,
        )
    ]
    edges = np.searchsorted(report, np.arange(len(users.accounts) + 1)).tolist()
    return [_joined(objects[begin:end]) for begin, end in pairwise(edges)]


def _to_object(account: str, user: str, credential: str, age_days: int, instant: str) -> str:
    """Return one unused credential as a JSON object; json.dumps takes many times as long.

    All texts are as JSON has them between its quotes; the instant lacks its Z.
    """
    return (
        f'{{"account_id": "{account}", "user": "{user}", "credential": "{credential}", '
        f'"age_days": {age_days}, "effective_last_used": "{instant}Z"}}'
    )


def _joined(objects: Sequence[str]) -> bytes:
    return _SEPARATOR.join(objects).encode("ascii")


def _survey_odd(streams: Sequence[Stream], question: Question) -> Iterator[list[Answer]]:
    """Read the streams cell by cell, judge their reports together, and answer for each stream."""
    read = [read_stream(stream) for stream in streams]
    reports = [each for found in read for each in found if isinstance(each, CredentialReport)]
    surveyed = iter(_survey_tables(reports, question))
    for found in read:
        yield [each if isinstance(each, Problem) else next(surveyed) for each in found]


def _survey_tables(reports: Sequence[CredentialReport], question: Question) -> list[Found]:
    """Judge reports in pandas, which is imported only here: slow to import, and often not needed."""
    dated, without = date_reports(reports, question.as_of)
    if not dated:
        return [(_to_facts(report), b"") for report in without]
    from credreport.verdicts.assessment import assess  # noqa: PLC0415

    assessment = assess(Population(tuple(dated)), question.policy)
    credentials = assessment.credentials
    unused = credentials[credentials["status"] == "unused"]
    objects: list[list[str]] = [[] for _ in dated]
    told = ["report", "account_id", "user", "credential", "age_days", "effective_last_used"]
    for number, account, user, credential, age, when in unused[told].itertuples(index=False):
        account, user = (encode_basestring_ascii(text)[1:-1] for text in (account, user))  # noqa: PLW2901
        instant = format_instant(when).removesuffix("Z")
        objects[number].append(_to_object(account, user, credential, age, instant))
    undetermined: list[list[Row]] = [[] for _ in dated]
    for row in assessment.undetermined.drop(columns="is_of_rule").to_dict("records"):
        undetermined[row.pop("report")].append({str(name): cell for name, cell in row.items()})
    judged = [
        replace(
            _to_facts(report),
            tally=assessment.tallies[number],
            warnings=tuple(assessment.report_notices[number]),
            undetermined=tuple(undetermined[number]),
        )
        for number, report in enumerate(dated)
    ]
    answers = iter(zip(judged, map(_joined, objects), strict=True))
    undated = {id(report) for report in without}
    return [
        (_to_facts(report), b"") if id(report) in undated else next(answers) for report in reports
    ]


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
