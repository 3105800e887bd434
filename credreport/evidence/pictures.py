"""Numbers -> Pictures: what is drawn, what is said in its place, and what has nothing to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pandas as pd

from credreport.evidence.evidence import Captions, Picture
from credreport.schema import FINDING_KIND_WORDS, JUDGED_KINDS, KIND_WORDS

FEWEST_FOR_SHARES = 10
_MOST_DATES_SAID = 24
HOW_LONG_AGO = "How long ago credentials were last used"


def ageing_picture(captions: Captions, bands: pd.DataFrame) -> Picture:
    """Return the credentials by age band; `bands` is that of `to_bands`."""
    totals = bands.groupby("band", sort=False)["count"].sum()
    said = _listed(f"{band} days {count:,}" for band, count in totals.items())
    never = f"of which never used {bands['never_used'].sum():,}"
    return Picture(
        "ageing",
        "Ageing of active credentials",
        captions,
        bands,
        alt_text=_said(captions, f"Active credentials by days since effective last use: {said}; {never}."),
    )  # fmt: skip


def ecdf_picture(captions: Captions, ages: pd.DataFrame) -> Picture:
    """Return the share of credentials used within so many days; `ages` has kind, age_days, count."""
    captions = replace(captions, title=HOW_LONG_AGO)
    days = captions.unused_after_days
    parts = []
    for kind in JUDGED_KINDS:
        of_kind = ages[ages["kind"].eq(kind)]
        number = int(of_kind["count"].sum())
        recent = int(of_kind.loc[of_kind["age_days"].lt(days), "count"].sum())
        if number:
            parts.append(f"{recent:,} of {number:,} {KIND_WORDS[kind].lower()}")
    said = f"Last used less than {days} days before: {_listed(parts)}."
    return Picture("ecdf", HOW_LONG_AGO, captions, ages, alt_text=_said(captions, said))


def paired_picture(captions: Captions, by_kind: pd.DataFrame, days: Sequence[str]) -> Picture:
    """Return the findings before and now, by what they are about."""
    parts = [
        f"{row.type}: {row.before:,} before, of these {row.closed:,} closed and {row.not_closed:,} "
        f"not closed; {row.new:,} new, {row.now:,} now"
        for row in by_kind.itertuples()
    ]
    return Picture(
        "paired",
        "Findings before and now",
        captions,
        by_kind,
        tuple(days),
        alt_text=_said(captions, f"{'. '.join(parts)}."),
    )


def open_picture(captions: Captions, open_counts: pd.DataFrame, days: Sequence[str]) -> Picture:
    """Return the open findings of every date, by what they are about."""
    totals = open_counts.groupby("date")["open"].sum()
    pairs = [f"{day} {count:,}" for day, count in zip(days, totals, strict=True)]
    if len(pairs) > _MOST_DATES_SAID:
        highest = pairs[int(totals.to_numpy().argmax())]
        pairs = [pairs[0], f"highest {highest}", pairs[-1]]
    kinds = ", ".join(
        FINDING_KIND_WORDS[kind].lower() for kind in dict.fromkeys(open_counts["kind"])
    )
    said = f"Open findings ({kinds}) by date: {_listed(pairs)}."
    return Picture(
        "open",
        "Open findings over time",
        captions,
        open_counts,
        tuple(days),
        alt_text=_said(captions, said),
    )


_NUMBERS: dict[str, Callable[[pd.DataFrame], int]] = {
    "ageing": lambda table: int(table["count"].sum()),
    "ecdf": lambda table: int(table["count"].sum()),
    "paired": lambda table: int(table["before"].sum() + table["now"].sum()),
    "open": lambda table: int(table["open"].sum()),
}
_FEWEST = {"ecdf": FEWEST_FOR_SHARES}


def worth_drawing(pictures: Iterable[Picture]) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Return the pictures that have enough to show, and for each of the others why it is left out."""
    drawn, left_out = [], []
    for picture in pictures:
        number, fewest = _NUMBERS[picture.name](picture.table), _FEWEST.get(picture.name, 1)
        if number >= fewest:
            drawn.append(picture)
        elif not number:
            left_out.append(f'no picture "{picture.title}": there is nothing to draw')
        else:
            words = f"{number} active credentials are too few; it is drawn from {fewest}"
            left_out.append(f'no picture "{picture.title}": {words}')
    return tuple(drawn), tuple(left_out)


def _said(captions: Captions, numbers: str) -> str:
    return f"{captions.title}. {numbers}"


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts) or "none"
