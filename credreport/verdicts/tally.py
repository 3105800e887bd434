"""Counts by report, and the sentences and small tables made from them.

No pandas: what `inspect` says of a thousand reports needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from credreport import __version__
from credreport.arrays import Numbers
from credreport.errors import Notice, Problem
from credreport.instants import format_instant
from credreport.reports.inputs import Skipped
from credreport.reports.report import Report
from credreport.reports.selection import FROM_NEWEST, GIVEN, as_of_sentences, bound_of
from credreport.rules.accounts import Account, AccountList
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy
from credreport.rules.profiles import DEFAULT_PROFILE
from credreport.rules.thresholds import UNUSED_AFTER
from credreport.schema import (
    ACCOUNT_ID,
    JUDGED_KINDS,
    JUDGED_SLOTS,
    KIND_WORDS,
    LEFT_OUT,
    REPORT,
    SLOT_WORDS,
    Kind,
    Status,
    Use,
)
from credreport.text import first_few, plural
from credreport.verdicts.judged import Judged
from credreport.verdicts.status import KINDS, STATUSES, USES, code
from credreport.verdicts.warnings import WARNING_TITLES

SCHEMA_VERSION = 2  # of every JSON document; docs/evidence.schema.json
TIED_STATUSES = tuple(status for status in Status if status is not Status.NOT_TRACKED)
_USUAL_EDGES = (0, 31, 61, 181, 366)
_TOO_NARROW = 5
_END_OF_DAY = "T235959Z"
_HASH_IN_NAME = 8
_PACKED = np.dtype("<u4")

_NAMED = 5  # accounts in a sentence
_NOTHING_ACTIVE = "No active credentials to check"
_NOTHING_JUDGED = "No active credential could be judged"
UNJUDGED = "credentials that could not be judged"
WITHOUT_REPORT = "accounts of the list without a report"
Row = dict[str, Any]


def band_edges(unused_after_days: int) -> tuple[int, ...]:
    """Return the lower edges, in days; the threshold is always one of them.

    So a bar never mixes unused and current credentials. For 90: 0, 31, 61, 90, 181, 366.
    """
    kept = [
        edge for edge in _USUAL_EDGES if edge == 0 or abs(edge - unused_after_days) >= _TOO_NARROW
    ]
    return tuple(sorted({*kept, unused_after_days}))


def band_labels(edges: tuple[int, ...]) -> tuple[str, ...]:
    """Return one label per band, such as `31-60` (with an en dash) and `over 365`."""
    inner = [
        f"{low}\u2013{high - 1}" if high - 1 > low else str(low) for low, high in pairwise(edges)
    ]
    return (*inner, f"over {edges[-1] - 1}")


@dataclass(frozen=True)
class Tally:
    """The counts of one report, packed as `pack_counts` does: there may be ten thousand reports.

    statuses: by indices in KINDS and STATUSES.
    ages: by age band and index in KINDS, the judged active credentials and those never used.
    """

    statuses: bytes
    ages: bytes


def to_tallies(judged: Judged, *, unused_after_days: int) -> list[Tally]:
    """Count the verdicts of each report."""
    cells, verdicts, report, count = (
        judged.cells, judged.verdicts, judged.report, len(judged.reports),
    )  # fmt: skip
    edges = band_edges(unused_after_days)
    shape = (count, len(KINDS), len(STATUSES))
    place = (report * len(KINDS) + cells.kind) * len(STATUSES) + verdicts.status
    statuses = np.bincount(place, minlength=int(np.prod(shape))).reshape(shape)
    statuses[:, :, code(Status.ABSENT)] += judged.absent
    aged = np.flatnonzero(verdicts.is_judged)
    band = np.searchsorted(edges, verdicts.age_days[aged], side="right") - 1
    never = verdicts.use[aged] == USES.index(Use.NEVER_USED)
    place = ((report[aged] * len(edges) + band) * len(KINDS) + cells.kind[aged]) * 2 + never
    bands = (count, len(edges), len(KINDS), 2)
    ages = np.bincount(place, minlength=int(np.prod(bands))).reshape(bands)
    ages[..., 0] += ages[..., 1]
    return [Tally(*counts) for counts in zip(pack_counts(statuses), pack_counts(ages), strict=True)]


def pack_counts(counts: Numbers) -> list[bytes]:
    """Return the counts of each report, which is the first dimension, as bytes."""
    return [each.tobytes() for each in counts.astype(_PACKED)]


def unpack_counts(packed: Sequence[bytes], *shape: int) -> Numbers:
    """Return packed counts by report and the dimensions that they had."""
    counts = np.frombuffer(b"".join(packed), dtype=_PACKED).astype("i8")
    return counts.reshape(len(packed), *shape)


@dataclass(frozen=True)
class Totals:
    """The reports judged, with one entry of `tallies` each, and what was refused or left out."""

    policy: Policy
    reports: Sequence[Report]
    tallies: Sequence[Tally]
    notices: Sequence[Notice] = ()
    refused: Sequence[Problem] = ()
    superseded: Sequence[Skipped] = ()
    skipped: Sequence[Skipped] = ()
    accounts: AccountList = field(default_factory=AccountList)

    @cached_property
    def by_report(self) -> Numbers:
        """The counts by report and indices in KINDS and STATUSES."""
        packed = [each.statuses for each in self.tallies]
        return unpack_counts(packed, len(KINDS), len(STATUSES))

    @cached_property
    def _statuses(self) -> list[list[int]]:
        """The counts of all reports by indices in KINDS and STATUSES."""
        counts: list[list[int]] = self.by_report.sum(axis=0).tolist()
        return counts

    def count(self, *statuses: Status, kinds: Sequence[Kind] = KINDS) -> int:
        """Return how many credentials have one of the statuses."""
        return sum(
            self._statuses[code(kind)][code(status)] for kind in kinds for status in statuses
        )

    @property
    def user_count(self) -> int:
        """The number of rows read, root's included."""
        return sum(report.row_count for report in self.reports)

    @cached_property
    def is_tied_out(self) -> bool:
        """Whether every row of every report is accounted for."""
        return all(row["result"] == "PASS" for row in tie_out_rows(self))

    @property
    def without_report(self) -> tuple[Account, ...]:
        """The accounts of the user's list that have no report."""
        return self.accounts.without_report(report.account_id for report in self.reports)

    def count_doubts(self, undecided: int = 0) -> dict[str, int]:
        """Return how much could not be judged, was left out, or is only a bound, by what it is.

        `undecided`: the number of verdicts of rules that the reports do not allow.
        """
        return {
            UNJUDGED: self.count(Status.UNDETERMINED),
            "verdicts of rules that could not be determined": undecided,
            WITHOUT_REPORT: len(self.without_report),
            "inputs refused and left out": len({problem.source for problem in self.refused}),
            "other inputs left out that may matter": sum(item.is_doubt for item in self.skipped),
            "rows of users that appear more than once": sum(
                notice.code == "user-twice" for notice in self.notices
            ),
            "reports whose ages are lower bounds": sum(
                bound_of(report) is not None for report in self.reports
            ),
            "reports whose rows do not tie out": sum(
                row["result"] != "PASS" for row in tie_out_rows(self)[:-1]
            ),
        }

    def doubts(self, undecided: int = 0) -> tuple[str, ...]:
        """What could not be judged, was left out, or is only a bound, in words (exit 3)."""
        return doubts_in_words(self.count_doubts(undecided))


def doubts_in_words(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return `credentials that could not be judged: 2` for each count that is not 0."""
    return tuple(f"{what}: {count}" for what, count in counts.items() if count)


def to_title(totals: Totals) -> str:
    """Return the verdict in a few words, for a picture."""
    unused, judged, undetermined = _judged_numbers(totals)
    if not judged:
        return (
            f"{_NOTHING_JUDGED}; {undetermined} undetermined" if undetermined else _NOTHING_ACTIVE
        )
    words = f"{unused} of {_among(judged, undetermined)} unused for {days_words(totals.policy)}"
    return f"{words}; {undetermined} undetermined" if undetermined else words


def to_verdict(totals: Totals) -> str:
    """Return the verdict in whole sentences."""
    return " ".join(verdict_sentences(totals))


def verdict_sentences(totals: Totals, more: Iterable[str] = ()) -> list[str]:
    """Return the sentences of the verdict, with `more` behind those about what was judged."""
    unused, judged, undetermined = _judged_numbers(totals)
    verb = "has" if unused == 1 else "have"
    days = days_words(totals.policy)
    sentence = f"{unused} of {_among(judged, undetermined)} {verb} been unused for {days}"
    if not judged:
        sentence = _NOTHING_JUDGED if undetermined else _NOTHING_ACTIVE
    if unused:
        passwords = plural(totals.count(Status.UNUSED, kinds=[Kind.PASSWORD]), "password")
        keys = plural(totals.count(Status.UNUSED, kinds=[Kind.ACCESS_KEY]), "access key")
        sentence += f" ({passwords} and {keys})"
    sentences = [f"{sentence}, as of {as_of_words(totals)}."]
    if undetermined:
        sentences.append(f"{undetermined} could not be judged: see Undetermined.")
    sentences += more
    sentences += as_of_sentences(totals.reports)
    sentences += accounts_sentences(totals.without_report)
    if totals.refused:
        files = len({problem.source for problem in totals.refused})
        sentences.append(f"{plural(files, 'input')} refused and left out: see Inputs.")
    if not totals.is_tied_out:
        sentences.append("THE ROWS DO NOT TIE OUT: do not rely on this.")
    return sentences


def accounts_sentences(missing: Sequence[Account], day: str = "") -> list[str]:
    """Say which accounts of the list have no report (of a day); if many, name the first few."""
    if not missing:
        return []
    named = first_few(list(map(str, missing)), _NAMED)
    verb = "has" if len(missing) == 1 else "have"
    return [
        f"{plural(len(missing), 'account')} of the list {verb} no report{day and f' of {day}'}: {named}."
    ]


def _judged_numbers(totals: Totals) -> tuple[int, int, int]:
    unused = totals.count(Status.UNUSED)
    current = totals.count(Status.CURRENT)
    return unused, unused + current, totals.count(Status.UNDETERMINED)


def judged_count(totals: Totals) -> int:
    """Return how many credentials were judged: unused and current."""
    return _judged_numbers(totals)[1]


def _among(judged: int, undetermined: int) -> str:
    """Return what the unused are counted among, and say so if not all was judged."""
    return f"{judged}{' judged' * bool(undetermined)} active credentials"


def days_words(policy: Policy) -> str:
    """Return `90 days or more (svc-*: 365)`, with the classes that have their own number."""
    name = UNUSED_AFTER.name
    own = [f"{each.match}: {each.numbers[name]}" for each in policy.classes if name in each.numbers]
    words = f"{policy.unused_after_days} days or more"
    return f"{words} ({', '.join(own)})" if own else words


def _as_ofs(totals: Totals) -> list[datetime]:
    return sorted({report.as_of for report in totals.reports if report.as_of})


def newest_as_of(totals: Totals) -> datetime:
    """Return the newest as-of of the reports."""
    return _as_ofs(totals)[-1]


def as_of_words(totals: Totals) -> str:
    """Return the as-of, or the first and the last of several."""
    instants = _as_ofs(totals)
    first, last = format_instant(instants[0]), format_instant(instants[-1])
    return first if first == last else f"{first} to {last}"


def account_ids(totals: Totals) -> list[str]:
    """Return the accounts, each once, in order."""
    return sorted({report.account_id for report in totals.reports})


def to_stem(totals: Totals, files: Mapping[str, OptionFile] | None = None) -> str:
    """Return what the names of the evidence begin with: accounts, as-of, policy.

    `files` are the user's own files that decided something, by what they are.
    """
    accounts = stem_of_accounts(account_ids(totals))
    asked = stem_of_question(totals.policy, files or {})
    return f"credreport-{accounts}-{stem_of_as_of(totals.reports)}-{asked}"


def stem_of_as_of(reports: Sequence[Report]) -> str:
    """Return the day of the newest as-of; the instant where it is not the reports' own.

    A day in `--as-of`, for reports without a stamp or with a stamp of that day, counts as their
    own.
    """
    instant = max(report.as_of for report in reports if report.as_of)
    written = format_instant(instant).replace(":", "")
    day = written[:10]
    given = [report for report in reports if report.as_of_origin == GIVEN]
    is_own = all(report.stamp in (None, report.as_of) for report in given)
    if given and not (is_own and written.endswith(_END_OF_DAY)):
        return written
    is_bound = any(report.as_of_origin == FROM_NEWEST for report in reports)
    return f"{day}-newest" if is_bound else day


def stem_of_accounts(accounts: Sequence[str]) -> str:
    """Return the accounts for a file name: letters, digits and dashes, whatever the reports say."""
    if len(accounts) > 1:
        return f"{len(accounts)}-accounts"
    return accounts[0] if ACCOUNT_ID.fullmatch(accounts[0]) else "unknown-account"


def stem_of_question(policy: Policy, files: Mapping[str, OptionFile]) -> str:
    """Return the policy for a file name: `90d`, `cis-5.0-30d-with-root-policy-0a1b2c3d`.

    Each file that decided something adds what it is and the first digits of its SHA-256.
    """
    days = f"{policy.unused_after_days}d"
    parts = [policy.profile]
    if policy.profile == DEFAULT_PROFILE:
        parts = [days]
    elif policy.unused_after_days != Policy.of(policy.profile).unused_after_days:
        parts.append(days)
    if policy.include_root:
        parts.append("with-root")
    parts += [f"{what}-{file.sha256[:_HASH_IN_NAME]}" for what, file in files.items()]
    return "-".join(parts)


def shown_credential(credential: object) -> str:
    """Return `access key 1` for `access_key_1`, and so on; user and root stay as they are."""
    return SLOT_WORDS.get(str(credential), str(credential))


def shown_account(account_id: str) -> str:
    """Return an account as people read it: anything but an ID of 12 digits is unknown."""
    if ACCOUNT_ID.fullmatch(account_id):
        return account_id
    return f"unknown (reported as {account_id!r})" if account_id else "unknown"


def to_facts(totals: Totals, waivers_origin: str = "") -> list[tuple[str, str]]:
    """Return the facts of the run, as labels and texts."""
    return [
        ("Accounts", name_accounts(account_ids(totals))),
        ("Reports", str(len(totals.reports))),
        ("Rows (users and root)", str(totals.user_count)),
        ("As of (UTC)", as_of_words(totals)),
        ("As-of taken from", ", ".join(sorted({each.as_of_origin for each in totals.reports}))),
        *policy_facts(totals.policy, waivers_origin, totals.accounts.origin),
        ("Tie-out", "PASS" if totals.is_tied_out else "FAIL"),
        ("Written by", f"credreport {__version__}"),
    ]


def name_accounts(accounts: Sequence[str]) -> str:
    """Return how many accounts there are, and the first five of them."""
    return f"{len(accounts)}: {first_few(list(map(shown_account, accounts)), _NAMED)}"


def accounts_words(accounts: Sequence[str]) -> str:
    """Return the one account, or how many there are."""
    one = len(accounts) == 1
    return f"account {shown_account(accounts[0])}" if one else f"{len(accounts)} accounts"


def policy_facts(
    policy: Policy, waivers_origin: str = "", accounts_origin: str = ""
) -> list[tuple[str, str]]:
    """Return the policy and the files it came from, as labels and texts."""
    facts = [
        ("Rule", f"unused for {days_words(policy)} (profile {policy.profile})"),
        ("Root account", "judged too" if policy.include_root else "shown, not judged as unused"),
        ("Policy", policy.origin),
        ("Waivers", waivers_origin),
        ("List of accounts", accounts_origin),
    ]
    return [(label, text) for label, text in facts if text]


def to_parameters(
    policy: Policy, waivers_origin: str = "", accounts_origin: str = ""
) -> dict[str, object]:
    """Return the parameters of the run; those of profile, policy or waivers if it has them."""
    brought: dict[str, object] = {
        "numbers": dict(policy.numbers),
        "classes": [{"match": each.match, **each.numbers} for each in policy.classes],
        "policy_file": policy.origin,
        "waivers_file": waivers_origin,
        "accounts_file": accounts_origin,
    }
    return {
        "profile": policy.profile,
        "unused_after_days": policy.unused_after_days,
        "include_root": policy.include_root,
        "rules": list(policy.rules),
        **{name: value for name, value in brought.items() if value},
    }


def summary_rows(totals: Totals) -> list[Row]:
    """Return one row per type of credential, with the count of each status, and the total."""
    rows: list[Row] = []
    for kind in KINDS:
        counts = {status.value: totals.count(status, kinds=[kind]) for status in STATUSES}
        rows.append({"type": KIND_WORDS[kind], **counts, "total": sum(counts.values())})
    names = [*(status.value for status in STATUSES), "total"]
    return [*rows, {"type": "Total", **{name: sum(row[name] for row in rows) for name in names}}]


def band_rows(totals: Totals) -> list[Row]:
    """Return one row per band and kind: `band`, `kind`, `count`, `never_used`, `is_unused`.

    The counts add up to the judged active credentials; `never_used` is a part of `count`.
    """
    edges = band_edges(totals.policy.unused_after_days)
    packed = [tally.ages for tally in totals.tallies]
    ages = unpack_counts(packed, len(edges), len(KINDS), 2).sum(axis=0).tolist()
    rows: list[Row] = []
    for by_kind, edge, label in zip(ages, edges, band_labels(edges), strict=True):
        for kind in JUDGED_KINDS:
            count, never = by_kind[code(kind)]
            rows.append(
                {
                    "band": label,
                    "kind": kind.value,
                    "count": count,
                    "never_used": never,
                    "is_unused": edge >= totals.policy.unused_after_days,
                }
            )
    return rows


def account_rows(totals: Totals) -> list[Row]:
    """Return one row per account: users, and counts of what matters."""
    told = (Status.UNUSED, Status.CURRENT, Status.UNDETERMINED)
    names = [status.value for status in told]
    counts = totals.by_report.sum(axis=1)[:, list(map(code, told))].tolist()
    rows: dict[str, Row] = {
        account_id: {"account_id": account_id, **dict.fromkeys(("users", *names), 0)}
        for account_id in account_ids(totals)
    }
    for report, found in zip(totals.reports, counts, strict=True):
        row = rows[report.account_id]
        row["users"] += report.row_count
        for name, count in zip(names, found, strict=True):
            row[name] += count
    return list(rows.values())


def input_rows(totals: Totals) -> list[Row]:
    """Return one row per report: the file, its hash and size, account and as-of."""
    return [
        {
            "source_file": report.source.name,
            "sha256": report.source.sha256,
            "bytes": report.source.size,
            "container": report.source.container,
            "rows": report.row_count,
            "account_id": report.account_id,
            "as_of": report.as_of,
            "as_of_origin": report.as_of_origin,
            "stamp": report.stamp,
            "era": report.era,
        }
        for report in totals.reports
    ]


def tie_out_rows(totals: Totals) -> list[Row]:
    """Return one row per report, and a total: rows x 3 = the six counts, PASS or FAIL."""
    names = [status.value for status in TIED_STATUSES]
    judged, tied = list(map(code, JUDGED_KINDS)), list(map(code, TIED_STATUSES))
    counts = totals.by_report[:, judged].sum(axis=1)[:, tied].tolist()
    rows: list[Row] = [
        {
            "source_file": report.source.name,
            "account_id": report.account_id,
            "rows": report.row_count,
            "expected": report.row_count * len(JUDGED_SLOTS),
            **dict(zip(names, found, strict=True)),
            "counted": sum(found),
        }
        for report, found in zip(totals.reports, counts, strict=True)
    ]
    names = [name for name in rows[0] if name not in ("source_file", "account_id")]
    total = {name: sum(row[name] for row in rows) for name in names}
    rows.append({"source_file": "Total", "account_id": "", **total})
    return [
        {**row, "result": "PASS" if row["expected"] == row["counted"] else "FAIL"} for row in rows
    ]


def warning_rows(notices: Sequence[Notice]) -> list[Row]:
    """Return one row per warning, with where it was found."""
    return [
        {
            "source_file": notice.source,
            "source_line": notice.line,
            "warning": WARNING_TITLES[notice.code],
            "message": notice.message,
        }
        for notice in notices
    ]


def left_out_rows(
    refused: Sequence[Problem],
    superseded: Sequence[Skipped],
    skipped: Sequence[Skipped],
    role: str = REPORT,
) -> list[Row]:
    """Return what was among the inputs of a role but not judged, except evidence of earlier runs."""
    rows = [("refused", problem.source, str(problem)) for problem in refused]
    rows += [("superseded", item.name, item.why) for item in superseded]
    rows += [("left out", item.name, item.why) for item in skipped if not item.is_own]
    return [dict(zip(LEFT_OUT, (role, *row), strict=True)) for row in rows]
