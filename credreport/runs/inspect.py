"""Inputs -> Inspection: verdicts counted by report, in batches, on one machine or many; no pandas.

A batch is judged whole by whoever holds it: this process, a worker, a machine of a cluster. What it
gives back does not depend on who judged it, nor on what else was in it. An Inspection is shown as
lines for a person or as one JSON document for a program.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from itertools import pairwise, starmap
from json.encoder import encode_basestring_ascii
from typing import Any, TypeVar

import numpy as np

from credreport import __version__
from credreport.errors import Notice, Problem
from credreport.files import DEFAULT_MAX_BYTES, Place, Spool
from credreport.instants import format_instant
from credreport.reports.inputs import File, Item, NoReport, Skipped, find_inputs
from credreport.reports.report import Report, join_tables
from credreport.reports.selection import read_batch, set_aside, to_batches, to_population
from credreport.rules.accounts import NO_REPORT, Account, AccountList
from credreport.rules.policy import Policy
from credreport.runs.pool import Pool
from credreport.schema import SLOTS, UNDETERMINED, Status
from credreport.verdicts.judged import Judged, judge
from credreport.verdicts.reasons import undetermined_rows
from credreport.verdicts.status import code
from credreport.verdicts.tally import (
    SCHEMA_VERSION,
    Row,
    Tally,
    Totals,
    account_rows,
    band_rows,
    input_rows,
    left_out_rows,
    shown_account,
    summary_rows,
    tie_out_rows,
    to_facts,
    to_parameters,
    to_tallies,
    to_verdict,
    warning_rows,
)
from credreport.verdicts.warnings import find_warnings

_SEPARATOR = ",\n"
_ACCOUNT = re.compile(rb'\{"account_id": ("(?:[^"\\]|\\.)*"), ')
_REPORTS_SHOWN = 5
_SHOWN = ("unused", "current", "undetermined", "excluded", "inactive", "absent")

A = TypeVar("A")


@dataclass(frozen=True)
class Counted:
    """A report, judged and without its users: what was counted and found.

    report: its facts.
    unused: the unused credentials as JSON objects, one per line: they are put aside at once.
    undetermined: the credentials that could not be judged, in the same form.
    tally: the counts; None where no instant of judging is known.
    warnings: what is irregular in it.
    """

    report: Report
    unused: bytes | bytearray = b""
    undetermined: bytes | bytearray = b""
    tally: Tally | None = None
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """The counts of all chosen reports; unused and undetermined credentials are in a file."""

    totals: Totals
    spool: Spool
    unused_places: Sequence[Place]
    undetermined_places: Sequence[Place]

    def check_accounts(self, accounts: AccountList) -> Inspection:
        """Return the same, compared with the list of accounts that should have a report."""
        totals = self.totals
        reported = [report.account_id for report in totals.reports]
        notices = (*totals.notices, *accounts.notices(reported))
        return replace(self, totals=replace(totals, accounts=accounts, notices=notices))

    def unused(self) -> Iterator[bytes]:
        """Yield the unused credentials of each report, as JSON objects, one per line."""
        return self._with_names(self.unused_places)

    def undetermined(self) -> Iterator[bytes]:
        """Yield the credentials of each report that could not be judged, in the same form."""
        return self._with_names(self.undetermined_places)

    def _with_names(self, places: Sequence[Place]) -> Iterator[bytes]:
        """Yield the objects of each report, which all begin with its account, with name and owner."""
        accounts = self.totals.accounts
        for objects in filter(None, starmap(self.spool.take, places)):
            start = _ACCOUNT.match(objects)
            if accounts.file is None or start is None:
                yield objects
                continue
            account = accounts.by_id.get(json.loads(start[1]), Account(""))
            names = {"account_name": account.name, "account_owner": account.owner}
            added = json.dumps(names)[1:-1].encode("ascii") + b", "
            yield objects.replace(start[0], start[0] + added)

    def undetermined_rows(self) -> Iterator[Row]:
        """Yield the same as rows."""
        for rows in self.undetermined():
            for line in io.BytesIO(rows):
                yield json.loads(line.rstrip(b",\n"))


def inspect(
    inputs: Sequence[str | os.PathLike[str]],
    policy: Policy,
    *,
    as_of: datetime | str | None = None,
    keep_going: bool = False,
    max_bytes: int = DEFAULT_MAX_BYTES,
    pool: Pool | None = None,
    progress: Callable[[], None] | None = None,
) -> Inspection:
    """Judge every report that the inputs name and count; the same reports as read_reports chooses.

    Of the policy, only `unused_after_days` and `include_root` count. Raises InputRefused as it does.
    `pool` says who judges the batches: without one, this process.
    """
    refused: list[Problem] = []
    skipped: list[Skipped] = []
    found: list[Counted] = []
    unused: list[Place] = []
    undetermined: list[Place] = []
    spool = Spool()
    items = find_inputs([os.fspath(path) for path in inputs], max_bytes)
    work = partial(inspect_batch, policy=policy, as_of=as_of)
    for answers in run_batches(items, work, pool or Pool(), skipped):
        for answer in set_aside(answers, refused, skipped):
            unused.append(spool.put(answer.unused))
            undetermined.append(spool.put(answer.undetermined))
            report = replace(answer.report, number=len(found))
            found.append(replace(answer, report=report, unused=b"", undetermined=b""))
        if progress:
            progress()
    population = to_population(
        [each.report for each in found],
        refused,
        skipped,
        keep_going=keep_going,
        inputs=inputs,
    )
    chosen = [found[report.number] for report in population.reports]
    notices = [*population.notices, *(notice for each in chosen for notice in each.report.notices)]
    notices += [notice for each in chosen for notice in each.warnings]
    totals = Totals(
        policy=policy,
        reports=population.reports,
        tallies=[each.tally for each in chosen if each.tally],
        notices=tuple(dict.fromkeys(notices)),
        refused=population.refused,
        superseded=population.superseded,
        skipped=population.skipped,
    )
    numbers = [each.report.number for each in chosen]
    return Inspection(
        totals,
        spool,
        [unused[number] for number in numbers],
        [undetermined[number] for number in numbers],
    )


def run_batches(
    items: Iterable[Item],
    work: Callable[[Sequence[File | Problem]], list[list[A | NoReport]]],
    pool: Pool,
    skipped: list[Skipped],
) -> Iterator[list[A | NoReport]]:
    """Yield what `work` finds in each file, in order; `skipped` is added to."""
    with closing(pool.run(work, to_batches(items, skipped), refuse)) as results:
        for answers in results:
            yield from answers


def refuse(item: File | Problem) -> list[Any]:
    """Return the answer for a file that killed the workers that read it."""
    if isinstance(item, Problem):
        return [item]
    found = "the workers that read it died, one after the other"
    return [Problem(item.name, 0, 0, found, "Read it alone, with --workers 1")]


def inspect_batch(
    batch: Sequence[File | Problem], policy: Policy, as_of: datetime | str | None = None
) -> list[list[Counted | NoReport]]:
    """Judge the files of a batch: return what each of them contains, or what is wrong with it."""
    answers = read_batch(batch, as_of)
    dated = [
        each
        for found in answers
        for each in found
        if isinstance(each, Report) and each.as_of is not None
    ]
    counted = dict(zip(map(id, dated), _count(dated, policy), strict=True) if dated else ())
    return [
        [
            counted.get(id(each)) or Counted(each.without_users())
            if isinstance(each, Report)
            else each
            for each in found
        ]
        for found in answers
    ]


def _count(reports: Sequence[Report], policy: Policy) -> Iterator[Counted]:
    """Judge reports that have their as-of; yield what was counted in each, in order."""
    judged = judge(
        reports,
        join_tables(reports),
        policy.unused_after_days,
        include_root=policy.include_root,
        with_absent=False,
    )
    tallies = to_tallies(judged, unused_after_days=policy.unused_after_days)
    unused, undetermined = _to_unused(judged), _to_undetermined(judged)
    warnings = find_warnings(judged)
    for number, report in enumerate(reports):
        yield Counted(
            report.without_users(),
            unused[number],
            undetermined[number],
            tallies[number],
            tuple(warnings[number]),
        )


def _to_undetermined(judged: Judged) -> list[bytes | bytearray]:
    """Return each report's credentials that could not be judged as JSON objects."""
    objects = [bytearray() for _ in judged.reports]
    encode = lru_cache(encode_basestring_ascii)  # most rows of a report have the same words
    form = "{" + ", ".join(f'"{name}": %s' for name in UNDETERMINED) + "}"
    for number, row in undetermined_rows(judged):
        values = (encode(value) if isinstance(value, str) else value for value in row)
        objects[number] += f"{_SEPARATOR * bool(objects[number])}{form % (*values,)}".encode(
            "ascii"
        )
    return [*objects]


def _to_unused(judged: Judged) -> list[bytes]:
    """Return each report's unused credentials as JSON objects."""
    table, verdicts = judged.table, judged.verdicts
    unused = np.flatnonzero(verdicts.status == code(Status.UNUSED))
    row = judged.row[unused]
    accounts = [encode_basestring_ascii(account) for account in table.accounts]
    credentials = [f'"credential": "{slot.credential}", "age_days": ' for slot in SLOTS]
    objects = [
        # json.dumps takes many times as long.
        f'{{"account_id": {accounts[account]}, "user": {encode_basestring_ascii(user)}, '
        f'{credentials[slot]}{age_days}, "effective_last_used": "{instant}Z"}}'
        for account, user, slot, age_days, instant in zip(
            table.account[row].tolist(),
            table.users_at(row),
            judged.slot[unused].tolist(),
            verdicts.age_days[unused].tolist(),
            verdicts.effective[unused].astype("M8[s]").astype("U19").tolist(),
            strict=True,
        )
    ]
    report = table.report[row]
    edges = np.searchsorted(report, np.arange(len(judged.reports) + 1)).tolist()
    return [_SEPARATOR.join(objects[begin:end]).encode("ascii") for begin, end in pairwise(edges)]


def report_lines(totals: Totals, *, is_whole: bool = True) -> Iterator[str]:
    """Yield a block of lines for each report: account, as-of, size and counts.

    Unless `is_whole`, for the first ones only.
    """
    roots = [each.has_root for each in totals.reports]
    rows = list(zip(roots, input_rows(totals), tie_out_rows(totals), strict=False))
    shown = rows if is_whole else rows[:_REPORTS_SHOWN]
    for has_root, report, counts in shown:
        yield ""
        root = "root included" if has_root else "no root row"
        yield f"{report['source_file']}: a credential report ({report['container']})"
        account = totals.accounts.by_id.get(report["account_id"])
        yield f"  account  {account or shown_account(report['account_id'])}"
        yield f"  users    {report['rows']}, {root}"
        yield f"  as of    {format_instant(report['as_of'])} ({report['as_of_origin']})"
        yield f"  era      {report['era']}"
        yield f"  bytes    {report['bytes']}"
        yield f"  sha256   {report['sha256']}"
        words = ", ".join(f"{counts[status]} {status}" for status in _SHOWN)
        yield f"  verdicts {words}; tie-out {counts['result']}"
    more = len(rows) - len(shown)
    if more:
        yield ""
        yield (
            "1 more report; -v describes it"
            if more == 1
            else f"{more} more reports; -v describes them"
        )


def json_parts(inspection: Inspection) -> Iterator[str]:
    """Yield the parts of one JSON document in ASCII: one line per row, however many there are.

    Its members are those of the document of `analyze`, without the tables of all users and
    credentials; `unused` has the unused credentials in the order of reports and rows.
    """
    totals = inspection.totals
    facts = {
        "schema_version": SCHEMA_VERSION,
        "generator": "credreport",
        "version": __version__,
        "verdict": to_verdict(totals),
        "ties_out": totals.is_tied_out,
        "parameters": {"command": "inspect"}
        | to_parameters(totals.policy, accounts_origin=totals.accounts.origin),
        "facts": dict(to_facts(totals)),
    }
    # Each is made when it is written: ten thousand reports have as many rows in four of them.
    tables: dict[str, Callable[[], Sequence[Row]]] = {
        "summary": lambda: summary_rows(totals),
        "bands": lambda: band_rows(totals),
        "accounts": lambda: _to_accounts(totals),
        "inputs": lambda: input_rows(totals),
        "tie_out": lambda: tie_out_rows(totals),
        "warnings": lambda: warning_rows(totals.notices),
        "left_out": lambda: left_out_rows(totals.refused, totals.superseded, totals.skipped),
    }
    encode = json.JSONEncoder(default=_to_text).encode
    yield "{\n"
    for name, fact in facts.items():
        yield f"{json.dumps(name)}: {json.dumps(fact)},\n"
    yield from _to_list("undetermined", map(bytes.decode, inspection.undetermined()))
    yield ",\n"
    for name, rows in tables.items():
        yield from _to_list(name, map(encode, rows()))
        yield ",\n"
    yield from _to_list("unused", map(bytes.decode, inspection.unused()))
    yield "\n}\n"


def _to_accounts(totals: Totals) -> list[Row]:
    """Return one row per account of the reports, and of the user's list where there is one."""
    rows = account_rows(totals)
    if totals.accounts.file is None:
        return rows
    unknown = dict.fromkeys(rows[0])
    whole = [{**row, "report": "given"} for row in rows] + [
        {**unknown, "account_id": account.account_id, "report": NO_REPORT}
        for account in totals.without_report
    ]
    for row in whole:
        account = totals.accounts.by_id.get(row["account_id"], Account(""))
        row |= {"name": account.name, "owner": account.owner}
    return sorted(whole, key=lambda row: str(row["account_id"]))


def _to_list(name: str, texts: Iterable[str]) -> Iterator[str]:
    yield f"{json.dumps(name)}: ["
    before = "\n"
    for text in texts:
        yield before
        yield text
        before = ",\n"
    yield "]" if before == "\n" else "\n]"


def _to_text(value: object) -> str:
    assert isinstance(value, datetime)
    return format_instant(value)
