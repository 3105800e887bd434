"""Tables -> matplotlib Figures, and Figures -> bytes. Nothing here opens a file.

Colours are Okabe and Ito's, told apart by lightness too; never used is hatched. Same tables, same
bytes: the style is set here, whatever matplotlibrc, backend or home the machine has.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pandas as pd

from credreport.schema import JUDGED_KINDS, KIND_WORDS, Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {Kind.PASSWORD.value: "#0072B2", Kind.ACCESS_KEY.value: "#E69F00"}
THRESHOLD_COLOUR = "#B23C00"
NEVER_USED_HATCH = "////"
GREY = "#555555"
_SIZE = (9.0, 5.0)
_DPI = 150
_LINES = {Kind.PASSWORD.value: "-", Kind.ACCESS_KEY.value: "--"}


@dataclass(frozen=True)
class Captions:
    """The words on a picture: the finding above it, the facts below it."""

    title: str
    caption: str
    unused_after_days: int


def _import_matplotlib() -> ModuleType:
    """Import it (slow: only where a picture is drawn) where no stray matplotlibrc can be found.

    It reads `matplotlibrc` of the current directory before any other, and fails, or waits, where
    that is broken or a pipe: so it is imported beside its own.
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
            "svg.fonttype": "path",
        }
        with mpl.rc_context(settings):
            yield


def draw_ageing(bands: pd.DataFrame, captions: Captions) -> Figure:
    """Return stacked columns by age band and type of credential, with the threshold between two.

    `bands` is the table of `to_bands`. Credentials that were never used stand in the band of the
    day they were set, hatched.
    """
    labels = list(dict.fromkeys(bands["band"]))
    by_kind = {kind.value: bands[bands["kind"].eq(kind)] for kind in JUDGED_KINDS}
    with our_style():
        figure, axes = new_figure(captions)
        bottoms = [0] * len(labels)
        for kind, rows in by_kind.items():
            parts = (
                ([c - n for c, n in zip(rows["count"], rows["never_used"], strict=True)], ""),
                (list(rows["never_used"]), NEVER_USED_HATCH),
            )
            for heights, hatch in parts:
                axes.bar(
                    range(len(labels)),
                    heights,
                    bottom=bottoms,
                    width=0.72,
                    color=COLOURS[kind],
                    edgecolor="white",
                    hatch=hatch,
                    label=KIND_WORDS[kind] if not hatch else "_",
                )
                bottoms = [low + high for low, high in zip(bottoms, heights, strict=True)]
        top = max([*bottoms, 1])
        for place, total in enumerate(bottoms):
            axes.text(place, total + top * 0.015, str(total), ha="center", va="bottom")
        first = int(bands["is_unused"].to_numpy().argmax()) // len(JUDGED_KINDS)
        _mark_threshold(axes, first - 0.5, captions.unused_after_days)
        axes.set_ylim(0, top * 1.18)
        axes.set_xlim(-0.6, len(labels) - 0.4)
        axes.set_xticks(range(len(labels)), labels)
        axes.set_xlabel("Days since effective last use")
        axes.set_ylabel("Active credentials")
        axes.locator_params(axis="y", integer=True)
        _add_legend(axes, int(bands["never_used"].sum()))
    return figure


def draw_ecdf(ages: pd.DataFrame, captions: Captions) -> Figure:
    """Return, for each type, the share of active credentials used within so many days (log axis).

    `ages` counts the judged active credentials: `kind`, `age_days`, `count`. Day 0 is drawn at 1,
    for a log axis has no zero.
    """
    with our_style():
        figure, axes = new_figure(captions)
        longest = max([captions.unused_after_days, *ages["age_days"].astype(int)]) * 1.3
        for kind in JUDGED_KINDS:
            of_kind = ages[ages["kind"].eq(kind)]
            counts = of_kind["count"].groupby(of_kind["age_days"].clip(lower=1)).sum()
            if counts.empty:
                continue
            days = counts.index.astype(int).tolist()
            shares = (100 * counts.cumsum() / counts.sum()).tolist()
            axes.step(
                [1, *days, longest],
                [0, *shares, 100],
                where="post",
                color=COLOURS[kind],
                linestyle=_LINES[kind],
                linewidth=2,
                label=f"{KIND_WORDS[kind]} ({counts.sum()})",
            )
        axes.set_xscale("log")
        axes.set_xlim(1, longest)
        axes.set_ylim(0, 104)
        ticks = [day for day in (1, 7, 30, 90, 180, 365, 1095, 3650) if day < longest]
        axes.set_xticks(ticks, [str(day) for day in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("Days since effective last use (log scale; day 0 drawn at 1)")
        axes.set_ylabel("Share used within so many days (%)")
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
        axes.set_axisbelow(True)
        _mark_threshold(axes, captions.unused_after_days, captions.unused_after_days, is_low=True)
        if not ages.empty:
            axes.legend(loc="upper left", frameon=False)
    return figure


def new_figure(captions: Captions) -> tuple[Figure, Axes]:
    """Return a figure with its title and caption, and the axes to draw on."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - see our_style

    figure = Figure(figsize=_SIZE, dpi=_DPI)
    figure.subplots_adjust(left=0.09, right=0.97, top=0.86, bottom=0.2)
    axes = figure.add_subplot()
    figure.text(0.09, 0.93, captions.title, fontsize=13, fontweight="bold")
    figure.text(0.09, 0.03, captions.caption, fontsize=8, color=GREY)
    return figure, axes


def _mark_threshold(axes: Axes, place: float, days: int, *, is_low: bool = False) -> None:
    """Draw the threshold line; its words stand where no bar or curve runs."""
    axes.axvline(place, color=THRESHOLD_COLOUR, linewidth=1.5, linestyle=(0, (4, 2)))
    is_far_right = is_low and days > 10
    axes.annotate(
        f"unused: {days} days or more \u2192",
        (place, 0.07 if is_low else 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if is_far_right else 5, -3),
        textcoords="offset points",
        color=THRESHOLD_COLOUR,
        fontsize=9,
        ha="right" if is_far_right else "left",
        va="top",
    )


def _add_legend(axes: Axes, never_used: int) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415 - see our_style

    handles = [Patch(facecolor=COLOURS[kind], label=KIND_WORDS[kind]) for kind in JUDGED_KINDS]
    never = Patch(
        facecolor="#999999",
        edgecolor="white",
        hatch=NEVER_USED_HATCH,
        label=f"of which never used: {never_used}",
    )
    axes.legend(
        handles=[*handles, never],
        loc="lower left",
        bbox_to_anchor=(0, 0.995),
        ncols=3,
        frameon=False,
        borderaxespad=0,
        fontsize=9,
    )


def to_png(figure: Figure) -> bytes:
    """Return the picture as PNG: the same figure gives the same bytes."""
    return _save(figure, "png", {"Software": None})


def to_svg(figure: Figure) -> bytes:
    """Return the picture as SVG: the same figure gives the same bytes."""
    return _save(figure, "svg", {"Date": None, "Creator": None})


def _save(figure: Figure, form: str, metadata: dict[str, None]) -> bytes:
    buffer = io.BytesIO()
    with our_style():
        figure.savefig(buffer, format=form, metadata=metadata)
    return buffer.getvalue()
