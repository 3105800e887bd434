"""Pictures -> matplotlib Figures, and Figures -> bytes. Nothing here opens a file.

Colours are Okabe and Ito's, told apart by lightness too; never used is hatched. Same tables, same
bytes: the style is set here, whatever matplotlibrc, backend or home the machine has.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir, contextmanager, suppress
from dataclasses import replace
from html import escape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from credreport.schema import FINDING_KIND_WORDS, JUDGED_KINDS, KIND_WORDS, Kind
from credreport.text import escape_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from credreport.evidence.evidence import Captions, Picture

COLOURS = {
    Kind.PASSWORD.value: "#0072B2",
    Kind.ACCESS_KEY.value: "#E69F00",
    Kind.CERTIFICATE.value: "#F0E442",
    "user": "#56B4E9",
    "root": "#D55E00",
}
THRESHOLD_COLOUR = "#B23C00"
NEVER_USED_HATCH = "////"
GREY = "#555555"
_SIZE = (9.0, 5.0)
_DPI = 150
# Okabe and Ito's; each part has a hatch of its own as well.
PARTS = {
    "closed": ("closed since", "#009E73", "...."),
    "not_closed": ("not closed", "#CC79A7", ""),
    "new": ("new", "#D55E00", "////"),
}
NOT_COVERED_HATCH = "xxxx"
_BAR = 0.36
_GAP = 0.02
_LABELS = 16
_TOTAL_SIZE = 9
_TITLE_LETTERS, _CAPTION_LETTERS = 84, 135
_TITLE_LINE, _MOST_LINES = 0.041, 9
_TITLE = {"fontsize": 12}
_CAPTION = {"fontsize": 8, "color": GREY}
_MANY_TYPES = 4
_ONE_LINE = 8
_ROOM = 0.045
_LINES = {Kind.PASSWORD.value: "-", Kind.ACCESS_KEY.value: "--"}


def get_ready() -> None:
    """Import all that drawing needs, so that the first picture does not have to wait for it."""
    with our_style():
        for module in ("pandas", "matplotlib.figure", "matplotlib.backends.backend_agg"):
            import_module(module)


def draw(picture: Picture, form: str) -> bytes:
    """Return a picture as `png` or `svg`."""
    figure = DRAWERS[picture.name](picture)
    if form == "png":
        return to_png(figure)
    description = f"{picture.alt_text} {picture.captions.caption}"
    return to_svg(figure, picture.captions.title, description)


def _import_matplotlib() -> ModuleType:
    """Import it (slow: only where a picture is drawn) where no stray matplotlibrc can be found.

    It reads `matplotlibrc` of the current directory before any other, and fails, or waits, where
    that is broken or a pipe: so it is imported in the directory of its own.
    """
    if "matplotlib" not in sys.modules:
        spec = find_spec("matplotlib")
        own = Path(spec.origin).with_name("mpl-data") if spec and spec.origin else None
        with suppress(OSError), ExitStack() as stack:
            here = Path.cwd()
            if own and own.is_dir() and os.access(here, os.X_OK):
                stack.enter_context(chdir(own))
            import_module("matplotlib")
    return import_module("matplotlib")


@contextmanager
def our_style() -> Iterator[None]:
    """Draw in our style, whatever the machine is set to."""
    os.environ["MPLBACKEND"] = "agg"
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mpl = _import_matplotlib()
        settings = dict(mpl.rcParamsDefault)
        settings.pop("backend", None)
        settings |= {
            "text.parse_math": False,
            "text.usetex": False,
            "font.family": ["DejaVu Sans"],
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "hatch.linewidth": 0.8,
            "svg.hashsalt": "credreport",
            "svg.fonttype": "none",
        }
        with mpl.rc_context(settings):
            yield


def draw_ageing(picture: Picture) -> Figure:
    """Return stacked columns by age band and type of credential, with the threshold between two.

    The table is that of `to_bands`. Credentials that were never used are in the band of the day
    they were set, hatched.
    """
    bands, captions = picture.table, picture.captions
    labels = list(dict.fromkeys(bands["band"]))
    with our_style():
        figure, axes = new_figure(captions)
        tops = _stack_kinds(axes, bands, "count", "never_used", NEVER_USED_HATCH)
        top = max([*tops, 1])
        for place, total in enumerate(tops):
            _add_total(axes, place, total, top)
        first = int(bands["is_unused"].to_numpy().argmax()) // len(JUDGED_KINDS)
        threshold = _mark_threshold(axes, first - 0.5, captions.unused_after_days)
        axes.set_ylim(0, top * 1.18)
        axes.set_xlim(-0.6, len(labels) - 0.4)
        axes.set_xticks(range(len(labels)), labels)
        axes.set_xlabel("Days since effective last use")
        axes.set_ylabel("Active credentials")
        _count_up(axes)
        never = f"of which never used: {bands['never_used'].sum():,}"
        _add_legend(axes, [*_kinds(), (never, "#999999", NEVER_USED_HATCH)], threshold)
    return figure


def _stack_kinds(axes: Axes, table: pd.DataFrame, whole: str, part: str, hatch: str) -> list[int]:
    """Stack a column for each row of every kind, `part` of it hatched; return the tops."""
    tops = [0] * int(table["kind"].eq(table["kind"].iloc[0]).sum())
    for kind, rows in table.groupby("kind", sort=False):
        for heights, pattern in ((rows[whole] - rows[part], ""), (rows[part], hatch)):
            axes.bar(
                range(len(tops)), list(heights), bottom=tops, width=0.72, hatch=pattern,
                color=COLOURS[str(kind)], edgecolor="white",
                label=FINDING_KIND_WORDS[str(kind)] if not pattern else "_",
            )  # fmt: skip
            tops = [low + high for low, high in zip(tops, heights, strict=True)]
    return tops


def draw_ecdf(picture: Picture) -> Figure:
    """Return, for each type, the share of active credentials used within so many days (log axis).

    The table counts the judged active credentials: `kind`, `age_days`, `count`. Day 0 is drawn at
    1, because a log axis has no zero.
    """
    ages, captions = picture.table, picture.captions
    with our_style():
        figure, axes = new_figure(captions)
        curves: list[Artist] = []
        longest = max([captions.unused_after_days, *ages["age_days"].astype(int)]) * 1.3
        for kind in JUDGED_KINDS:
            of_kind = ages[ages["kind"].eq(kind)]
            counts = of_kind["count"].groupby(of_kind["age_days"].clip(lower=1)).sum()
            if counts.empty:
                continue
            days = counts.index.astype(int).tolist()
            shares = (100 * counts.cumsum() / counts.sum()).tolist()
            (curve,) = axes.step(
                [1, *days, longest],
                [0, *shares, 100],
                where="post",
                color=COLOURS[kind],
                linestyle=_LINES[kind],
                linewidth=2,
                label=f"{KIND_WORDS[kind]} ({counts.sum():,})",
            )
            curves.append(curve)
        axes.set_xscale("log")
        axes.set_xlim(1, longest)
        axes.set_ylim(0, 104)
        ticks = [day for day in (1, 7, 30, 90, 180, 365, 1095, 3650) if day < longest]
        axes.set_xticks(ticks, [f"{day:,}" for day in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("Days since effective last use (log scale; day 0 drawn at 1)")
        axes.set_ylabel("Share used within so many days (%)")
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
        axes.set_axisbelow(True)
        limit = captions.unused_after_days
        _show_legend(axes, [*curves, _mark_threshold(axes, limit, limit)])
    return figure


def draw_paired(picture: Picture) -> Figure:
    """Return two bars for each type of credential: the findings before, and those now.

    The table has `type`, `before`, `closed`, `not_closed`, `new`, `now` (its total is not drawn).
    Before is closed and not closed; now is not closed and new.
    """
    by_kind, days, captions = picture.table, picture.days, picture.captions
    rows = by_kind[by_kind["type"].ne("Total")]
    with our_style():
        figure, axes = new_figure(captions)
        top = max([*rows["before"], *rows["now"], 1])
        axes.set_ylim(0, top * 1.18)
        sides = (
            (-(_BAR + _GAP) / 2, days[0], "before", ("not_closed", "closed")),
            ((_BAR + _GAP) / 2, days[-1], "now", ("not_closed", "new")),
        )
        ticks, labels = [], []
        is_crowded = len(rows) >= _MANY_TYPES
        for shift, day, total, parts in sides:
            places = [place + shift for place in range(len(rows))]
            bottoms = [0] * len(rows)
            for part in parts:
                bottoms = _add_part(axes, part, places, bottoms, list(rows[part]))
            for place, count in zip(places, rows[total], strict=True):
                _add_total(axes, place, count, top)
            ticks += places
            labels += [_broken(day, is_crowded=is_crowded)] * len(places)
        axes.set_xlim(-0.6, len(rows) - 0.4)
        axes.set_xticks(ticks, labels)
        axes.tick_params(axis="x", length=0, labelsize=8 if is_crowded else 10)
        for place, words in enumerate(rows["type"]):
            axes.annotate(
                words,
                (place, 0),
                xycoords=("data", "axes fraction"),
                xytext=(0, -36 if "T" in days[-1] else -28),
                textcoords="offset points",
                ha="center",
                va="top",
                fontweight="bold",
                fontsize=9 if is_crowded else 10,
            )
        axes.set_ylabel("Findings")
        _count_up(axes)
        _add_legend(axes, [*PARTS.values()])
    return figure


def _broken(day: str, *, is_crowded: bool) -> str:
    """Return a day, or an instant, in the lines of its label."""
    return day.replace("-", "\n", int(is_crowded)).replace("T", "\n")


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
                place, bottom + height / 2, f"{height:,}", ha="center", va="center", fontsize=9,
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"},
            )  # fmt: skip
    return [low + high for low, high in zip(bottoms, heights, strict=True)]


def draw_open_counts(picture: Picture) -> Figure:
    """Return the open findings of every date, stacked by type; hatched where a report is missing.

    The table is that of `count_open`. The dates are equally spaced, whatever time lies between.
    """
    open_counts, captions = picture.table, picture.captions
    dates = open_counts.drop_duplicates("date")
    kinds = list(dict.fromkeys(open_counts["kind"]))
    days = picture.days
    is_missing = open_counts["not_covered"].any()
    has_gaps = is_missing or dates["accounts"].min() < dates["accounts"].max()
    if has_gaps:
        words = f"{captions.caption}  |  n: accounts with a report"
        captions = replace(captions, caption=words)
    with our_style():
        figure, axes = new_figure(captions)
        tops = _stack_kinds(axes, open_counts, "open", "not_covered", NOT_COVERED_HATCH)
        top = max([*tops, 1])
        axes.set_ylim(0, top * 1.18)
        axes.set_xlim(-0.6, len(days) - 0.4)
        step = -(-len(days) // _LABELS)
        shown = range(len(days) - 1, -1, -step)
        for place in reversed(shown):
            _add_total(axes, place, tops[place], top)
        accounts = list(dates["accounts"])
        is_crowded = len(shown) > _ONE_LINE
        ticks = [
            _broken(days[place], is_crowded=is_crowded)
            + (f"\nn = {accounts[place]}" if has_gaps else "")
            for place in shown
        ]
        axes.set_xticks(list(shown), ticks)
        axes.set_ylabel("Open findings")
        _count_up(axes)
        entries = [(FINDING_KIND_WORDS[kind], COLOURS[kind], "") for kind in kinds]
        if is_missing:
            entries.append(("no report: still open", GREY, NOT_COVERED_HATCH))
        _add_legend(axes, entries)
    return figure


DRAWERS: dict[str, Callable[[Picture], Figure]] = {
    "ageing": draw_ageing,
    "ecdf": draw_ecdf,
    "paired": draw_paired,
    "open": draw_open_counts,
}


def _kinds() -> list[tuple[str, str, str]]:
    return [(KIND_WORDS[kind], COLOURS[kind], "") for kind in JUDGED_KINDS]


def new_figure(captions: Captions) -> tuple[Figure, Axes]:
    """Return a figure with its title and caption, and the axes to draw on."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - see our_style

    figure = Figure(figsize=_SIZE, dpi=_DPI)
    axes = figure.add_subplot()
    lines = _add_lines(
        figure, 0.985, captions.title, _TITLE_LETTERS, va="top", fontweight="bold", **_TITLE
    )
    _add_lines(figure, 0.015, captions.caption, _CAPTION_LETTERS, va="bottom", **_CAPTION)
    lower = _TITLE_LINE * max(lines - 2, 0)
    figure.subplots_adjust(left=0.09, right=0.97, top=0.84 - lower, bottom=0.2)
    return figure, axes


def _add_lines(figure: Figure, height: float, text: str, letters: int, **style: Any) -> int:
    """Write a text in as many lines as it needs, so that none runs over the edge; return how many.

    One that would leave no room for the picture ends with an ellipsis.
    """
    lines = textwrap.wrap(
        escape_text(text), letters, max_lines=_MOST_LINES, placeholder=" \u2026"
    ) or [""]
    figure.text(0.09, height, "\n".join(lines), **style)
    return len(lines)


def _add_total(axes: Axes, place: float, total: int, top: int) -> None:
    axes.text(
        place, total + top * 0.015, f"{total:,}", ha="center", va="bottom", fontsize=_TOTAL_SIZE
    )


def _count_up(axes: Axes) -> None:
    """Let the upright axis count in whole numbers, in thousands with a comma."""
    axes.locator_params(axis="y", integer=True)
    axes.yaxis.set_major_formatter("{x:,.0f}")


def _mark_threshold(axes: Axes, place: float, days: int) -> Artist:
    """Draw the threshold line; return it for the legend, where no bar or curve runs under its words."""
    return axes.axvline(
        place,
        color=THRESHOLD_COLOUR,
        linewidth=1.5,
        linestyle=(0, (4, 2)),
        label=f"to the right: {days:,} days or more",
    )


def _add_legend(axes: Axes, entries: list[tuple[str, str, str]], *more: Artist) -> None:
    """Add the legend above the axes: label, colour and hatch of each entry, then `more`."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - see our_style

    patches = [
        Patch(facecolor=colour, edgecolor="white", hatch=hatch, label=label)
        for label, colour, hatch in entries
    ]
    _show_legend(axes, [*patches, *more])


def _show_legend(axes: Axes, handles: list[Artist]) -> None:
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 0.995),
        ncols=len(handles),
        frameon=False,
        borderaxespad=0,
        fontsize=9,
        columnspacing=1.4,
    )


def to_png(figure: Figure) -> bytes:
    """Return the picture as PNG: the same figure gives the same bytes."""
    return _save(figure, "png", {"Software": None})


def to_svg(figure: Figure, title: str = "", description: str = "") -> bytes:
    """Return the picture as SVG, its text as text: the same figure gives the same bytes.

    `title` and `description` are read out in place of the picture.
    """
    drawn = _save(figure, "svg", {"Date": None, "Creator": None}).decode()
    start, tag, rest = drawn.partition("<svg ")
    attributes, _, body = rest.partition(">")
    spoken = "".join(
        f"\n <{name}>{escape(escape_text(text), quote=False)}</{name}>"
        for name, text in (("title", title), ("desc", description))
        if text
    )
    body = body.replace("'DejaVu Sans'", "'DejaVu Sans', sans-serif")
    return f'{start}{tag}{attributes} role="img">{spoken}{body}'.encode()


def _save(figure: Figure, form: str, metadata: dict[str, None]) -> bytes:
    buffer = io.BytesIO()
    with our_style():
        figure.savefig(buffer, format=form, metadata=metadata)
    return buffer.getvalue()
