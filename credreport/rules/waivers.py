"""Waivers: dated exceptions. They change a finding's state and nothing else, and hide nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credreport.arrays import Flags, Instants, Places
from credreport.errors import Notice
from credreport.instants import parse_date
from credreport.rules.catalogue import RULES
from credreport.rules.glob import Names
from credreport.rules.option_file import OptionFile
from credreport.rules.rule import WHOLE_USER
from credreport.rules.toml_file import TomlFile, shown, suggest
from credreport.schema import ACCOUNT_ID, SLOTS, Kind
from credreport.text import plural

OPEN = "open"
WAIVED = "waived"
WAIVERS = (
    "waiver",
    "state",
    "account_id",
    "user",
    "credential",
    "rule",
    "reason",
    "approved_by",
    "approved_on",
    "expires",
    "ticket",
    "compensating_control",
    "covers",
    "findings",
    "expired_findings",
    "early_findings",
)
_TABLE = "waiver"
_REQUIRED = ("id", "reason", "approved_by", "approved_on", "expires")
_DATES = ("approved_on", "expires")
KEYS = (
    "id", "account", "user", "credential", "rule", "reason", "approved_by", "approved_on",
    "expires", "ticket", "compensating_control",
)  # fmt: skip
_CREDENTIALS = (
    *(slot.credential for slot in SLOTS),
    Kind.ACCESS_KEY.value,
    Kind.CERTIFICATE.value,
    *WHOLE_USER,
)

_NO_TEXT = -2  # pandas calls what is missing -1


TEMPLATE = """\
# Waivers for credreport: dated exceptions. Remove the # from the lines you need, then run
#   credreport analyze INPUT --waivers waivers.toml
#
# A waived finding stays in the evidence and in the counts, marked with the waiver's id.
# It is in force from the day in `approved_on` to the end of the day in `expires` (UTC), judged at the
# report's as-of. Before and after, the finding is open.
#
# [[waiver]]
# id = "W-2026-001"                  # required, unique
# account = "111122223333"           # account or user, at least one of the two; in quotes
# user = "svc-*"                     # a name, or a glob with * and ?
# credential = "access_key"          # password, access_key, access_key_1, access_key_2, cert,
#                                    # cert_1, cert_2, user, root; left out: any
# rule = "unused-access-key"         # see `credreport rules`; left out: any
# reason = "Runs once a year, for the closing of the books"     # required
# approved_by = "Jane Doe, CISO"     # required
# approved_on = 2026-01-15           # required, the first day on which it counts
# expires = 2026-12-31               # required, the last day on which it counts
# ticket = "SEC-1234"
# compensating_control = "The key may only write to one bucket"
"""


@dataclass(frozen=True)
class Waiver:
    """One exception: what it covers (an empty field covers anything), why, who, from when to when.

    It is in force from the first instant of `approved_on` to the last of `expires`, UTC. `line` is
    its line in the file.
    """

    id: str
    reason: str
    approved_by: str
    approved_on: date
    expires: date
    account: str = ""
    user: str = ""
    credential: str = ""
    rule: str = ""
    ticket: str = ""
    compensating_control: str = ""
    line: int = 0


@dataclass(frozen=True)
class Waivers:
    """The waivers of one file, and the file; neither where none was given."""

    waivers: tuple[Waiver, ...] = ()
    file: OptionFile | None = None

    @property
    def origin(self) -> str:
        """The file by name and hash; empty where there is none."""
        return str(self.file) if self.file else ""


def load_waivers(path: Path) -> Waivers:
    """Read a TOML file of `[[waiver]]` tables.

    Raises UsageError with file, line and the nearest known name for every mistake in it.
    """
    file = TomlFile(path, "--waivers")
    file.check_keys(file.document, (_TABLE,))
    found: dict[str, Waiver] = {}
    for number, table in enumerate(file.tables(_TABLE)):
        waiver = _read_waiver(file, table, number)
        if waiver and waiver.id in found:
            line = file.line_of("id", _TABLE, number)
            file.report(line, f"a second waiver {shown(waiver.id)}", "Give each an id of its own")
        elif waiver:
            found[waiver.id] = waiver
    file.finish()
    return Waivers(tuple(found.values()), file.file)


def _read_waiver(file: TomlFile, table: Mapping[str, Any], number: int) -> Waiver | None:
    """Return the waiver; None where something is wrong with it, which is then reported."""
    file.check_keys(table, KEYS, _TABLE, number)
    top = file.line_of("id", _TABLE, number)
    is_right = not set(table) - set(KEYS)

    def refuse(key: str, found: str, remedy: str) -> None:
        nonlocal is_right
        is_right = False
        file.report(file.line_of(key, _TABLE, number) if key in table else top, found, remedy)

    missing = [key for key in _REQUIRED if key not in table]
    if missing:
        refuse("", f"a waiver without {', '.join(missing)}", "Add what is missing")
    days: dict[str, date] = {}
    texts: dict[str, str] = {}
    for key in (key for key in KEYS if key in table):
        value = table[key]
        if key in _DATES:
            day = _to_day(value)
            if day is None:
                refuse(key, f"`{key}` is {shown(value)}", "Write a day, such as 2026-12-31")
            else:
                days[key] = day
        elif not isinstance(value, str) or not value.strip():
            refuse(key, f"`{key}` is {shown(value)}", 'Write a string in quotes, such as "W-1"')
        else:
            texts[key] = value
    if "account" not in table and "user" not in table:
        refuse("id", "a waiver without account or user", "Say whose findings it covers")
    if not ACCOUNT_ID.fullmatch(texts.get("account", "0" * 12)):
        refuse("account", f"`account` is {shown(texts['account'])}", "Write 12 digits, in quotes")
    if "[" in texts.get("user", ""):
        refuse("user", f"`user` is {shown(texts['user'])}", "A glob has * and ? only")
    for key, known in (("credential", _CREDENTIALS), ("rule", tuple(RULES))):
        name = texts.get(key)
        if name is not None and name not in known:
            refuse(key, f"no {key} {shown(name)}", suggest(name, known))
    if len(days) == len(_DATES) and days["expires"] < days["approved_on"]:
        refuse("expires", "`expires` lies before `approved_on`", "Correct one of the two")
    if not is_right:
        return None
    return Waiver(line=top, **texts, **days)  # type: ignore[arg-type] # the keys were checked


def _to_day(value: object) -> date | None:
    """Return the day of a TOML date or of a string that spells one; an instant is not a day."""
    if isinstance(value, str):
        end = parse_date(value)
        return end.date() if end else None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


class _Column:
    """A column of texts that knows the rows of each."""

    def __init__(self, column: pd.Series) -> None:
        self._codes, texts = pd.factorize(column.to_numpy(dtype=object))
        self._numbers = {text: number for number, text in enumerate(texts)}
        self._order = np.argsort(self._codes, kind="stable")
        self._starts = np.searchsorted(self._codes[self._order], np.arange(len(texts) + 1))
        self._fitting: dict[str, Places] = {}

    def has(self, text: str, places: Places) -> Flags:
        """Whether each of the places has the text."""
        return np.asarray(self._codes[places] == self._numbers.get(text, _NO_TEXT))

    def places_of(self, texts: Iterable[str]) -> Places:
        """Return the places of the texts, in order."""
        numbers = [self._numbers[text] for text in texts if text in self._numbers]
        parts = [self._order[self._starts[each] : self._starts[each + 1]] for each in numbers]
        return np.sort(np.concatenate([np.array([], dtype="int64"), *parts]))

    def fitting(self, glob: str) -> Places:
        """Return the places of the texts that match a glob, in order."""
        if glob not in self._fitting:
            self._fitting[glob] = self.places_of(self._names.fitting(glob))
        return self._fitting[glob]

    @cached_property
    def _names(self) -> Names:
        return Names(self._numbers)


class _Findings:
    """The findings, indexed so that each waiver is compared only with those it may be about."""

    def __init__(self, findings: pd.DataFrame) -> None:
        self.ids = findings["finding_id"].to_numpy(dtype=object)
        self._days = _days_of(findings["as_of"])
        self._accounts, self._users, self._credentials, self._kinds, self._rules = (
            _Column(findings[name]) for name in ("account_id", "user", "credential", "kind", "rule")
        )

    def about(self, waiver: Waiver) -> Places:
        """Return the places of those that the waiver is about, in force or not, in order."""
        if waiver.user:
            places = self._users.fitting(waiver.user)
            if waiver.account:
                places = places[self._accounts.has(waiver.account, places)]
        else:
            places = self._accounts.places_of([waiver.account])
        if waiver.credential:
            is_named = self._credentials.has(waiver.credential, places)
            places = places[is_named | self._kinds.has(waiver.credential, places)]
        return places[self._rules.has(waiver.rule, places)] if waiver.rule else places

    def split(self, waiver: Waiver, places: Places) -> tuple[Places, Places, Places]:
        """Split the places: the waiver is in force, has expired, or is not yet in force."""
        days = self._days[places]
        is_late = days > np.datetime64(waiver.expires, "D")
        is_early = days < np.datetime64(waiver.approved_on, "D")
        return places[~is_late & ~is_early], places[is_late], places[is_early]


def waive(findings: pd.DataFrame, waivers: Sequence[Waiver]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the findings with their state, and the table of waivers with what each covers.

    `findings` needs `as_of` (UTC) and `kind` beside the columns of FINDINGS. A finding is marked
    with the first waiver in force; each waiver lists all that it covers. `expired_findings` and
    `early_findings` list what it is about and leaves open, because it has expired or is not yet in
    force. Its state is `in force`, `expired` or `not yet in force` (it covers nothing that it is
    about) or `unmatched` (it is about nothing here).
    """
    if not waivers:
        return findings, _to_table([])
    laid_out = _Findings(findings)
    first = np.full(len(findings), len(waivers))
    abouts = []
    for number, waiver in enumerate(waivers):
        covered, late, early = laid_out.split(waiver, laid_out.about(waiver))
        first[covered] = np.minimum(first[covered], number)
        abouts.append((waiver, covered, late, early))
    is_covered = first < len(waivers)
    marks = np.array([*(waiver.id for waiver in waivers), ""], dtype=object)[first]
    marked = findings.assign(
        waiver=pd.Series(marks, index=findings.index, dtype="str"),
        state=findings["state"].mask(is_covered, WAIVED),
    )
    is_open = marked["state"].eq(OPEN).to_numpy()

    def listed(places: Places) -> str:
        return " ".join(laid_out.ids[places])

    rows = []
    for waiver, covered, late, early in abouts:
        state = "unmatched"
        if covered.size:
            state = "in force"
        elif early.size:
            state = "not yet in force"
        elif late.size:
            state = "expired"
        rows.append(
            (
                waiver.id,
                state,
                waiver.account,
                waiver.user,
                waiver.credential,
                waiver.rule,
                waiver.reason,
                waiver.approved_by,
                waiver.approved_on.isoformat(),
                waiver.expires.isoformat(),
                waiver.ticket,
                waiver.compensating_control,
                covered.size,
                listed(covered),
                listed(late[is_open[late]]),
                listed(early[is_open[early]]),
            )
        )
    return marked, _to_table(rows)


def _to_table(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(WAIVERS), dtype="str")
    return table.assign(covers=table["covers"].astype("int64"))


def waiver_notices(table: pd.DataFrame, waivers: Waivers) -> list[Notice]:
    """Return the warnings: which waivers have expired, are not yet in force, or match nothing."""
    if waivers.file is None:
        return []
    notices = []
    for waiver, (state, expired, early) in zip(
        waivers.waivers,
        table[["state", "expired_findings", "early_findings"]].itertuples(index=False, name=None),
        strict=True,
    ):
        said = []
        if expired:
            message = (
                f"waiver {waiver.id!r} expired on {waiver.expires}; {_open(expired, ' again')}"
            )
            said.append(("waiver-expired", message))
        if early:
            message = (
                f"waiver {waiver.id!r} is not in force before {waiver.approved_on}; {_open(early)}"
            )
            said.append(("waiver-early", message))
        if state == "unmatched":
            message = f"waiver {waiver.id!r} matches no finding (expires {waiver.expires})"
            said.append(("waiver-unmatched", message))
        notices += [Notice(waivers.file.name, waiver.line, *each) for each in said]
    return notices


def newer_notices(findings: pd.DataFrame, waivers: Waivers) -> list[Notice]:
    """Return a warning for each waiver of keys, certificates or users that were made after its approval.

    `findings` are those that `waive` marked, with `created_at` and `set_at`. What a later waiver in
    force covers too was approved.
    """
    if waivers.file is None:
        return []
    is_own = findings["kind"].isin([Kind.ACCESS_KEY, Kind.CERTIFICATE])
    made = _days_of(findings["set_at"].where(is_own, findings["created_at"]))
    approved = {waiver.id: np.datetime64(waiver.approved_on, "D") for waiver in waivers.waivers}
    never = np.datetime64("NaT", "D")
    latest = np.array([approved.get(name, never) for name in findings["waiver"]], dtype="M8[D]")
    is_newer = made > latest
    newer, made, latest = findings[is_newer], made[is_newer], latest[is_newer]
    laid_out = _Findings(newer)
    for waiver in waivers.waivers if len(newer) else ():
        covered, _, _ = laid_out.split(waiver, laid_out.about(waiver))
        latest[covered] = np.maximum(latest[covered], approved[waiver.id])
    counts = newer.loc[made > latest, "waiver"].value_counts()
    return [
        Notice(
            waivers.file.name,
            waiver.line,
            "waiver-newer",
            f"waiver {waiver.id!r}, approved on {waiver.approved_on}, covers "
            f"{plural(int(counts[waiver.id]), 'finding')} of a key or user made later",
        )
        for waiver in waivers.waivers
        if waiver.id in counts
    ]


def wide_notices(findings: pd.DataFrame, waivers: Waivers) -> list[Notice]:
    """Return a warning for each waiver without a user that covers several, and so for accounts.

    A waiver that has lost a line is such a one. `findings` are those that `waive` marked.
    """
    if waivers.file is None:
        return []
    counts = findings.groupby("waiver")[["user", "account_id"]].nunique().to_dict("index")
    notices = []
    for waiver in waivers.waivers:
        users, accounts = counts.get(waiver.id, {"user": 0, "account_id": 0}).values()
        for name, given, count in (
            ("user", waiver.user.strip("*?" if "*" in waiver.user else ""), users),
            ("account", waiver.account, accounts),
        ):
            if not given and count > 1:
                message = f"waiver {waiver.id!r} names no {name}; it covers findings of {count}"
                notices.append(Notice(waivers.file.name, waiver.line, "waiver-wide", message))
    return notices


def _days_of(instants: pd.Series) -> Instants:
    """Return the days, UTC; those of a waiver may be out of the range of nanoseconds."""
    return np.asarray(instants.dt.tz_localize(None).to_numpy().astype("datetime64[D]"))


def _open(findings: str, again: str = "") -> str:
    """Return `1 finding is open` for the IDs of one."""
    number = len(findings.split(" "))
    return f"{plural(number, 'finding')} {'is' if number == 1 else 'are'} open{again}"
