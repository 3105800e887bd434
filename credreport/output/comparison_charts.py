"""The pictures of a comparison: paired bars of two dates, open findings over many. No files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from credreport.output.charts import COLOURS, GREY, Captions, new_figure, our_style
from credreport.schema import JUDGED_KINDS, KIND_WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's; each part has a hatch of its own as well.
PARTS = {
    "closed": ("closed since", "#009E73", "...."),
    "still_open": ("still open", "#CC79A7", ""),
    "new": ("new", "#D55E00", "////"),
}
NOT_COVERED_HATCH = "xxxx"
_BAR = 0.36
_GAP = 0.02
_LABELS = 24
_ONE_LINE = 8
_ROOM = 0.045


def draw_paired(by_kind: pd.DataFrame, days: tuple[str, ...], captions: Captions) -> Figure:
    """Return two bars for each type of credential: the findings before, and those now.

    `by_kind` has `type`, `before`, `closed`, `still_open`, `new`, `now` (its total is not drawn).
    Before is closed and still open; now is still open and new.
    """
    rows = by_kind[by_kind["type"].ne("Total")]
    with our_style():
        figure, axes = new_figure(captions)
        top = max([*rows["before"], *rows["now"], 1])
        axes.set_ylim(0, top * 1.18)
        sides = (
            (-(_BAR + _GAP) / 2, days[0], "before", ("still_open", "closed")),
            ((_BAR + _GAP) / 2, days[-1], "now", ("still_open", "new")),
        )
        ticks, labels = [], []
        for shift, day, total, parts in sides:
            places = [place + shift for place in range(len(rows))]
            bottoms = [0] * len(rows)
            for part in parts:
                bottoms = _add_part(axes, part, places, bottoms, list(rows[part]))
            for place, count in zip(places, rows[total], strict=True):
                axes.text(place, count + top * 0.015, str(count), ha="center", va="bottom")
            ticks += places
            labels += [day] * len(places)
        axes.set_xlim(-0.6, len(rows) - 0.4)
        axes.set_xticks(ticks, labels)
        axes.tick_params(axis="x", length=0)
        for place, words in enumerate(rows["type"]):
            axes.annotate(
                words,
                (place, 0),
                xycoords=("data", "axes fraction"),
                xytext=(0, -26),
                textcoords="offset points",
                ha="center",
                va="top",
                fontweight="bold",
            )
        axes.set_ylabel("Findings")
        axes.locator_params(axis="y", integer=True)
        _add_legend(axes, [(words, colour, hatch) for words, colour, hatch in PARTS.values()])
    return figure


def _add_part(
    axes: Axes, part: str, places: list[float], bottoms: list[int], heights: list[int]
) -> list[int]:
    """Stack one part on the bars, with its number inside where there is room; return the new tops."""
    words, colour, hatch = PARTS[part]
    axes.bar(
        places, heights, bottom=bottoms, width=_BAR, color=colour, hatch=hatch, edgecolor="white",
        label=words,
    )  # fmt: skip
    for place, bottom, height in zip(places, bottoms, heights, strict=True):
        if height > axes.get_ylim()[1] * _ROOM:
            axes.text(
                place, bottom + height / 2, str(height), ha="center", va="center", fontsize=9,
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"},
            )  # fmt: skip
    return [low + high for low, high in zip(bottoms, heights, strict=True)]


def draw_open_counts(open_counts: pd.DataFrame, captions: Captions) -> Figure:
    """Return the open findings of every date, stacked by type; hatched where a report is missing.

    `open_counts` is the table of `count_open`. The dates stand at equal distances, whatever time
    lies between.
    """
    dates = open_counts.drop_duplicates("date")
    days = [f"{instant:%Y-%m-%d}" for instant in dates["as_of"]]
    has_gaps = dates["accounts"].min() < dates["accounts"].max()
    if has_gaps:
        words = f"{captions.caption}  |  n of {dates['accounts'].max()}: accounts with a report"
        captions = replace(captions, caption=words)
    with our_style():
        figure, axes = new_figure(captions)
        bottoms = [0] * len(days)
        for kind in JUDGED_KINDS:
            rows = open_counts[open_counts["kind"].eq(kind)]
            covered = [
                number - missing
                for number, missing in zip(rows["open"], rows["not_covered"], strict=True)
            ]
            for heights, hatch in ((covered, ""), (list(rows["not_covered"]), NOT_COVERED_HATCH)):
                axes.bar(
                    range(len(days)), heights, bottom=bottoms, width=0.72, hatch=hatch,
                    color=COLOURS[kind], edgecolor="white",
                    label=KIND_WORDS[kind] if not hatch else "_",
                )  # fmt: skip
                bottoms = [low + high for low, high in zip(bottoms, heights, strict=True)]
        top = max([*bottoms, 1])
        for place, total in enumerate(bottoms):
            axes.text(place, total + top * 0.015, str(total), ha="center", va="bottom")
        axes.set_ylim(0, top * 1.18)
        axes.set_xlim(-0.6, len(days) - 0.4)
        step = -(-len(days) // _LABELS)
        shown = range(len(days) - 1, -1, -step)
        accounts = list(dates["accounts"])
        is_crowded = len(shown) > _ONE_LINE
        ticks = [
            (days[place].replace("-", "\n", 1) if is_crowded else days[place])
            + (f"\n{accounts[place]} of {max(accounts)}" if has_gaps else "")
            for place in shown
        ]
        axes.set_xticks(list(shown), ticks)
        axes.set_ylabel("Open findings")
        axes.locator_params(axis="y", integer=True)
        entries = [(KIND_WORDS[kind], COLOURS[kind], "") for kind in JUDGED_KINDS]
        if open_counts["not_covered"].gt(0).any():
            entries.append(("account without a report: still open", GREY, NOT_COVERED_HATCH))
        _add_legend(axes, entries)
    return figure


def _add_legend(axes: Axes, entries: list[tuple[str, str, str]]) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415 - see our_style

    handles = [
        Patch(facecolor=colour, edgecolor="white", hatch=hatch, label=words)
        for words, colour, hatch in entries
    ]
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 0.995),
        ncols=len(handles),
        frameon=False,
        borderaxespad=0,
        fontsize=9,
    )
