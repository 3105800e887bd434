"""Match the users of different dates, even if they were renamed or moved in between.

IAM keeps a user's creation time when its name or path changes. So where an ARN vanished from an
account and another appeared with the same creation time, it is the same user, if there is one
candidate on each side; where there are several, the dates of their access keys decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from credreport.schema import USER_CELLS

Births = frozenset[str]
_USER = ["account_id", "owner", "created", "ordinal"]


def to_user_keys(users: pd.DataFrame, keys: pd.DataFrame) -> pd.Series:
    """Return the number of each user, the same on every date on which it is the same user.

    `users` has a row per user and date: `date`, `user_row`, `account_id`, `owner` (the ARN in lower
    case; for root the same on any date), `created`, `is_created_known`, `is_root`. `keys` has a row
    per access key of a known date: `date`, `user_row` and `born`. Users that a report lists twice are
    distinguished by what their rows say.
    """
    created = users["created"].mask(users["is_root"], "")
    named = users.assign(created=created)
    named = named.assign(ordinal=_to_ordinal(named, keys))
    base = named.groupby(_USER, sort=False).ngroup()
    renamed = _find_renamed(named.assign(base=base), keys)
    return base.replace(renamed) if renamed else base


def _to_ordinal(users: pd.DataFrame, keys: pd.DataFrame) -> pd.Series:
    alike = ["date", *_USER[:-1]]
    twice = users[users.duplicated(alike, keep=False)]
    rows = zip(*(twice[column] for column in USER_CELLS), _to_births(twice, keys), strict=True)
    content = pd.Series([str(row) for row in rows], index=twice.index, dtype="str")
    ordered = twice.assign(content=content).sort_values("content", kind="stable")
    ordinal = ordered.groupby(alike, sort=False).cumcount()
    return ordinal.reindex(users.index, fill_value=0)


def _find_renamed(users: pd.DataFrame, keys: pd.DataFrame) -> dict[int, int]:
    """Return, by the number of each user under its later ARN, the number under its first one."""
    dates = users.groupby("account_id")["date"].transform("nunique")
    seen = users.groupby("base")["date"].transform("nunique")
    loose = users[seen.lt(dates) & users["is_created_known"] & ~users["is_root"]]
    together = ["account_id", "created"]
    loose = loose[loose.groupby(together)["base"].transform("nunique").gt(1)]
    loose = loose.assign(births=_to_births(loose, keys))
    turns = users.groupby("account_id")["date"].unique().map(sorted).to_dict()
    renamed: dict[int, int] = {}
    for (account, _), group in loose.groupby(together):
        rows = {
            (int(date), int(base)): frozenset(births.split())
            for date, base, births in zip(
                group["date"], group["base"], group["births"], strict=True
            )
        }
        renamed |= _follow(turns[account], rows)
    return renamed


def _to_births(users: pd.DataFrame, keys: pd.DataFrame) -> list[str]:
    """Return for each user when its access keys were made, in order, separated by blanks.

    Only for the few who need it: one group per user would be slow in pandas.
    """
    at = ["date", "user_row"]
    theirs = users[at].merge(keys, on=at).drop_duplicates().sort_values("born")
    births = theirs.groupby(at)["born"].agg(" ".join)
    return births.reindex(pd.MultiIndex.from_frame(users[at])).fillna("").tolist()


def _follow(dates: Iterable[int], rows: Mapping[tuple[int, int], Births]) -> dict[int, int]:
    """Return the first number of every user that has another one later.

    `rows` gives, by date and number, the dates of the keys of all users with one creation time.
    """
    days: dict[int, set[int]] = {}
    on: dict[int, list[int]] = {}
    for date, base in rows:
        days.setdefault(base, set()).add(date)
        on.setdefault(date, []).append(base)
    first: dict[int, int] = {}
    names: dict[int, list[int]] = {}
    before = -1
    for date in dates:
        here = on.get(date, [])
        # A user already gone on the date before is no candidate: IAM restores no deleted user.
        gone = {
            first[base]: rows[before, base] for base in on.get(before, []) if date not in days[base]
        }
        new = {base: rows[date, base] for base in here if base not in first}
        for life, base in _pair(gone, new):
            if not any(days[other] & days[base] for other in names[life]):
                first[base] = life
                names[life].append(base)
        for base in here:
            names.setdefault(first.setdefault(base, base), [base])
        before = date
    return {base: life for base, life in first.items() if base != life}


def _pair(gone: Mapping[int, Births], new: Mapping[int, Births]) -> list[tuple[int, int]]:
    """Return who became whom: by shared keys where that is unique, then the last one of each side."""
    olds, lates = _by_birth(gone), _by_birth(new)
    partners = ((old, _only(births, lates)) for old, births in gone.items())
    pairs = [
        (old, late) for old, late in partners if late is not None and _only(new[late], olds) == old
    ]
    old_left = set(gone) - {old for old, _ in pairs}
    new_left = set(new) - {late for _, late in pairs}
    if len(old_left) == len(new_left) == 1:
        pairs.append((old_left.pop(), new_left.pop()))
    return pairs


def _by_birth(users: Mapping[int, Births]) -> dict[str, list[int]]:
    """Return who has a key of each birth."""
    found: dict[str, list[int]] = {}
    for user, births in users.items():
        for birth in births:
            found.setdefault(birth, []).append(user)
    return found


def _only(births: Births, others: Mapping[str, list[int]]) -> int | None:
    """Return the only one of the others who shares a birth; looks at no more than two of each."""
    found = {other for birth in births for other in others.get(birth, [])[:2]}
    return found.pop() if len(found) == 1 else None
