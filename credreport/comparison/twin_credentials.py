"""Match credentials that only their use and slot tell apart.

Two keys of a user may have been made in the same second; the certificates of a user all belong
together. Such twins are followed from date to date: those that agree best are the same. While both
are there, slots say more than which one is active; when one is gone, the other may have its slot.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import permutations

import pandas as pd

from credreport.schema import Status

_GROUP = ["user_key", "kind", "born"]


@dataclass(frozen=True)
class _Twin:
    """A twin as of the last date that had it; an unknown instant is None."""

    date: int
    set_at: pd.Timestamp | None
    last_used: pd.Timestamp | None
    slot: int
    is_active: bool


def pair_twins(credentials: pd.DataFrame) -> pd.Series:
    """Return an ordinal for each credential: the same on every date for the same one of several.

    `credentials` has `date`, `user_key`, `kind`, `born`, `slot`, `set_at`, `last_used` and `status`.
    Nearly all have no twin on any date: theirs is 0.
    """
    counts = credentials.groupby([*_GROUP, "date"], sort=False)["slot"].transform("size")
    is_twin = counts.groupby([credentials[name] for name in _GROUP], sort=False).transform("max")
    twins = credentials[is_twin.gt(1)]
    found_places: dict[Hashable, int] = {}
    for _, group in twins.groupby(_GROUP, sort=False):
        lives: list[_Twin] = []
        for date, rows in group.groupby("date", sort=True):
            ordered = rows.sort_values(["slot", "last_used", "set_at"], kind="stable")
            found = [
                _Twin(int(str(date)), _known(set_at), _known(used), slot, status != Status.INACTIVE)
                for set_at, used, slot, status in zip(
                    *(ordered[name] for name in ("set_at", "last_used", "slot", "status")),
                    strict=True,
                )
            ]
            places = _match(lives, found)
            for place, twin in zip(places, found, strict=True):
                lives[place : place + 1] = [twin]
            found_places |= zip(ordered.index, places, strict=True)
    others = dict.fromkeys(credentials.index, 0)
    return pd.Series(others | found_places, index=credentials.index, name="ordinal")


def _known(instant: object) -> pd.Timestamp | None:
    return instant if isinstance(instant, pd.Timestamp) else None


def _match(lives: list[_Twin], found: list[_Twin]) -> list[int]:
    """Return the index in `lives` of each twin that was found; new ones get the next indices."""
    places = range(max(len(lives), len(found)))
    is_one_gone = len(found) < len(lives)

    def cost(order: Iterable[int]) -> tuple[int, ...]:
        pairs = [(lives[p], twin) for p, twin in zip(order, found, strict=True) if p < len(lives)]
        return (
            -sum(old.date for old, _ in pairs),  # what is gone does not come back
            sum(old.set_at != new.set_at for old, new in pairs),
            sum(_contradiction(old, new) for old, new in pairs),
            is_one_gone and sum(old.is_active != new.is_active for old, new in pairs),
            sum(old.slot != new.slot for old, new in pairs),
            *order,
        )

    return list(min(permutations(places, len(found)), key=cost))


def _contradiction(old: _Twin, new: _Twin) -> int:
    """Return 0 where the last use is the same, 1 where it advanced, 3 where it went back."""
    if old.last_used == new.last_used:
        return 0
    if new.last_used is None or (old.last_used is not None and new.last_used < old.last_used):
        return 3
    return 1
