"""Random reports, as AWS could have written them, with at least one unused credential."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache

from credreport.instants import format_instant
from tests.support.batch import instant
from tests.support.reports import root, to_csv, user
from tests.support.second_opinion import (
    ENABLED,
    FALLBACK,
    LAST_USED,
    SLOTS,
    Opinion,
    judge_report,
    rows_of,
)

NOW = instant()
EDGE = 90 * 86_400
_NAMES = (
    "alice", "bob", "NA", "null", "ci-deploy", "=1+1", "-x", "007", "true", "x@y.example",
    "nan", "root", "a.b", "no_information", "Zed", "1e5",
)  # fmt: skip
_LARGE = 48

judge_once = lru_cache(maxsize=200)(judge_report)
rows_once = lru_cache(maxsize=200)(rows_of)


@dataclass(frozen=True)
class Material:
    """The reports that are damaged together: small, with other users than `other`, and large."""

    seed: str

    @cached_property
    def text(self) -> str:
        return make_report(random.Random(f"{self.seed}"))

    @cached_property
    def other(self) -> str:
        return make_report(random.Random(f"{self.seed} other"), prefix="o.")

    @cached_property
    def large(self) -> str:
        return make_report(random.Random(f"{self.seed} large"), users=_LARGE)


def make_report(chance: random.Random, *, prefix: str = "", users: int = 0) -> str:
    """Return a report of two to six users, or of so many; ages are drawn around the threshold."""
    ending = chance.choice(["Z", "+00:00"])
    account = f"{chance.randrange(10**12):012d}"
    while True:
        rows = [root(account)] if chance.random() < 0.95 else []
        names = _names(chance, prefix, users or chance.randint(2, 6))
        rows += [_make_user(chance, name, account, ending) for name in names]
        text = to_csv(*rows)
        if stale_in(text):
            return text


@lru_cache(maxsize=200)
def stale_in(text: str) -> tuple[tuple[int, str, str], ...]:
    """Return row number, user and slot of every unused credential of an undamaged report."""
    return tuple(
        (number, row["user"], slot)
        for number, (row, opinions) in enumerate(
            zip(rows_once(text), judge_once(text, NOW), strict=True)
        )
        for slot, thought in opinions.items()
        if _is_unused(thought)
    )


def _is_unused(thought: Opinion) -> bool:
    return thought.status == "unused"


def _names(chance: random.Random, prefix: str, count: int) -> list[str]:
    pool = [*_NAMES, *(f"user-{number:03d}" for number in range(count - len(_NAMES) // 2))]
    return sorted((prefix + name for name in chance.sample(pool, count)), key=str.lower)


def _age(chance: random.Random) -> int:
    near = [EDGE, EDGE + 1, EDGE - 1, EDGE + 86_399, EDGE - 86_400]
    return chance.choice([*near, chance.randrange(2 * EDGE), chance.randrange(EDGE, 20 * EDGE)])


def _make_user(chance: random.Random, name: str, account: str, ending: str) -> dict[str, str]:
    def spelt(age: int) -> str:
        return format_instant(NOW - timedelta(seconds=age)).replace("Z", ending)

    cells = {
        "user_creation_time": spelt(40 * EDGE),
        "mfa_active": chance.choice(["true", "false"]),
    }
    for slot in SLOTS:
        state = chance.choice(["absent", "off", "never", "used", "used"])
        if state == "absent":
            continue
        used = _age(chance)
        made = used + chance.choice([0, 60, chance.randrange(10**7)])
        if slot == "password" and chance.random() < 0.3:
            made = _age(chance)  # a reset after the last use
        cells[ENABLED[slot]] = "false" if state == "off" else "true"
        cells[FALLBACK[slot]] = spelt(made)
        never = "no_information" if slot == "password" else "N/A"
        cells[LAST_USED[slot]] = never if state == "never" else spelt(used)
        if slot != "password" and state != "never":
            cells[f"{slot}_last_used_region"] = chance.choice(["us-east-1", "N/A"])
            cells[f"{slot}_last_used_service"] = chance.choice(["s3", "iam"])
    return user(name, account, **cells)
