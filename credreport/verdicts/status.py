"""The verdict on credentials, whole: arrays in, arrays out. Nothing else computes a status.

Source: "Check for Unused AWS IAM Credentials" (2019). A credential that was never used counts from
the day it was set; the age is never taken from the later of two dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from credreport.arrays import Codes, Flags, Instants, Numbers
from credreport.schema import Kind, Meaning, Status, Use

KINDS = tuple(Kind)
MEANINGS = tuple(Meaning)
STATUSES = tuple(Status)
USES = ("", *(use.value for use in Use))
# Why a status needs a reason; see `to_reason` in `reasons`.
CAUSES = (
    "", "root", "unreadable", "enabled", "certificate", "last_used", "future", "untracked",
    "fallback",
)  # fmt: skip
_PLACES = {
    kind: {word: place for place, word in enumerate(kind)} for kind in (Kind, Meaning, Status)
}
LAST_USED, SET = range(1, 3)  # a basis; 0 is none
NEITHER, OFF, ON = range(-1, 2)
INSTANT_UNIT = "M8[us]"
NO_INSTANT = np.datetime64("NaT", "us")
_A_DAY = 86_400_000_000  # microseconds
_SAYS_NOTHING = np.array(
    [
        meaning in (Meaning.ABSENCE, Meaning.BLANK, Meaning.NOT_SUPPORTED, Meaning.NO_COLUMN)
        for meaning in MEANINGS
    ]
)


def code(word: Kind | Meaning | Status) -> int:
    """Return the index of a word among its kind: its code in an array."""
    return _PLACES[type(word)][word]


@dataclass(frozen=True)
class Cells:
    """What a report says about credentials: arrays of one length, one entry per credential.

    `kind`, `last_meaning`, `set_meaning`: indices in KINDS and MEANINGS. `enabled`: ON, OFF or
    NEITHER; `is_unreported`: the cell says `not_supported`. `last_used`, `set_at`: UTC, NaT unless
    the meaning is INSTANT. `blank_is_absence`: a blank cell means a known absence.
    `unused_after_days` is the threshold for that credential's user.
    """

    kind: Codes
    is_root: Flags
    enabled: Codes
    is_unreported: Flags
    last_meaning: Codes
    last_used: Instants
    set_meaning: Codes
    set_at: Instants
    blank_is_absence: Flags
    as_of: Instants
    unused_after_days: Numbers


@dataclass(frozen=True)
class Verdicts:
    """The verdict on each of the cells: arrays of one length.

    `status`, `cause`, `use`: indices in STATUSES, CAUSES and USES. `effective`, `age_days` (whole
    days, rounded down) and `basis` (LAST_USED or SET) wherever the cells name a date.
    """

    status: Codes
    cause: Codes
    use: Codes
    effective: Instants
    age_days: Numbers
    basis: Codes

    @property
    def is_judged(self) -> Flags:
        """Whether each was judged: it is unused or current."""
        judged: Flags = (self.status == code(Status.UNUSED)) | (self.status == code(Status.CURRENT))
        return judged


def is_absent(is_root: Flags, enabled: Codes, last_meaning: Codes, set_meaning: Codes) -> Flags:
    """Whether there is no such credential: off, and neither date says a thing.

    Root's may be excluded instead, which `decide` finds out. All others here get the status ABSENT
    from it: with many of them, they can be counted without it.
    """
    says_nothing = _SAYS_NOTHING[last_meaning] & _SAYS_NOTHING[set_meaning]
    absent: Flags = (enabled == OFF) & says_nothing & ~is_root
    return absent


def decide(cells: Cells, *, include_root: bool) -> Verdicts:
    """Give every credential its one status, the first of the ladder that matches.

    With `include_root` the root account is judged like any other, but for a password that the
    report does not support.
    """
    use, effective, basis = _find_effective(cells)
    elapsed = cells.as_of.astype("i8") - effective.astype("i8")
    no_date = np.isnat(effective)
    is_future = ~no_date & (elapsed < 0)
    is_aged = ~no_date & (elapsed >= cells.unused_after_days * _A_DAY)
    off, unknown = cells.enabled == OFF, cells.enabled == NEITHER
    is_certificate = cells.kind == code(Kind.CERTIFICATE)
    untracked = use == USES.index(Use.NOT_TRACKED)
    text = code(Meaning.TEXT)
    says_nothing = _SAYS_NOTHING[cells.last_meaning] & _SAYS_NOTHING[cells.set_meaning]
    unreadable = (cells.last_meaning == text) | (cells.set_meaning == text)
    ladder: list[tuple[Flags, Status, str]] = [
        (_is_excluded(cells, include_root=include_root), Status.EXCLUDED, "root"),
        (off & says_nothing, Status.ABSENT, ""),
        (off & unreadable, Status.INACTIVE, "unreadable"),
        (off, Status.INACTIVE, ""),
        (unknown, Status.UNDETERMINED, "enabled"),
        (is_certificate, Status.NOT_TRACKED, "certificate"),
        (use == 0, Status.UNDETERMINED, "last_used"),
        (is_future, Status.UNDETERMINED, "future"),
        (untracked & (no_date | is_aged), Status.UNDETERMINED, "untracked"),
        (no_date, Status.UNDETERMINED, "fallback"),
        (is_aged, Status.UNUSED, ""),
    ]
    status = np.full(len(off), code(Status.CURRENT), dtype="i1")
    cause = np.zeros(len(off), dtype="i1")
    for applies, word, why in reversed(ladder):
        status[applies] = code(word)
        cause[applies] = CAUSES.index(why)
    age_days = np.where(no_date, 0, elapsed // _A_DAY)
    return Verdicts(status, cause, use, effective, age_days, basis)


def _find_effective(cells: Cells) -> tuple[Codes, Instants, Codes]:
    """Return what the report says about use, the effective last use, and which date that is."""
    meaning = cells.last_meaning
    is_used = meaning == code(Meaning.INSTANT)
    is_untracked = meaning == code(Meaning.NO_COLUMN)
    is_blank = meaning == code(Meaning.BLANK)
    never = (meaning == code(Meaning.ABSENCE)) | (is_blank & cells.blank_is_absence)
    falls_back = never | (is_untracked & (cells.kind == code(Kind.ACCESS_KEY)))
    use = np.zeros(len(meaning), dtype="i1")
    for applies, word in (
        (is_untracked, Use.NOT_TRACKED),
        (never, Use.NEVER_USED),
        (is_used, Use.USED),
    ):
        use[applies] = USES.index(word)
    effective = np.where(is_used, cells.last_used, np.where(falls_back, cells.set_at, NO_INSTANT))
    basis = np.zeros(len(meaning), dtype="i1")
    basis[falls_back & ~np.isnat(cells.set_at)] = SET
    basis[is_used] = LAST_USED
    return use, effective, basis


def _is_excluded(cells: Cells, *, include_root: bool) -> Flags:
    """Find root's password, and its keys where active; `include_root` judges what AWS reports."""
    is_password = cells.kind == code(Kind.PASSWORD)
    active_key = (cells.kind == code(Kind.ACCESS_KEY)) & (cells.enabled == ON)
    told: Flags = is_password & cells.is_unreported if include_root else is_password | active_key
    return told & cells.is_root


def to_words(choices: tuple[Any, ...], codes: Codes) -> npt.NDArray[Any]:
    """Return the words that the codes stand for."""
    texts = np.array([str(choice) for choice in choices], dtype=object)
    found: npt.NDArray[Any] = texts[codes]
    return found
