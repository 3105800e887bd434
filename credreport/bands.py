"""Ages -> bands, for the table and the chart alike."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from credreport.schema import Kind, Status, Use

_USUAL_EDGES = (0, 31, 61, 181, 366)
_TOO_NARROW = 5
CHARTED_KINDS = (Kind.PASSWORD, Kind.ACCESS_KEY)


def band_edges(unused_after_days: int) -> tuple[int, ...]:
    """Return the lower edges, in days; the threshold is always one of them.

    So day N never stands in a bar of current credentials. For 90: 0, 31, 61, 90, 181, 366.
    """
    kept = [
        edge for edge in _USUAL_EDGES if edge == 0 or abs(edge - unused_after_days) >= _TOO_NARROW
    ]
    return tuple(sorted({*kept, unused_after_days}))


def band_labels(edges: tuple[int, ...]) -> tuple[str, ...]:
    """Return one label a band, such as `31-60` (with an en dash) and `over 365`."""
    inner = [
        f"{low}\u2013{high - 1}" if high - 1 > low else str(low) for low, high in pairwise(edges)
    ]
    return (*inner, f"over {edges[-1] - 1}")


def to_band(age_days: pd.Series, unused_after_days: int) -> pd.Series:
    """Return the label of each age; empty where there is no age."""
    edges = band_edges(unused_after_days)
    labels = np.array(band_labels(edges))
    days = age_days.fillna(0).to_numpy(dtype="int64")
    words = labels[np.searchsorted(edges, days, side="right") - 1]
    return pd.Series(words, index=age_days.index, dtype="str").where(age_days.notna(), "")


def to_bands(credentials: pd.DataFrame, unused_after_days: int) -> pd.DataFrame:
    """Return one row a band and kind: `band`, `kind`, `count`, `never_used`, `is_unused`.

    The counts add up to the judged active credentials; `never_used` is a part of `count`.
    """
    edges = band_edges(unused_after_days)
    labels = band_labels(edges)
    judged = credentials[credentials["status"].isin([Status.UNUSED, Status.CURRENT])]
    judged = judged.assign(
        band=to_band(judged["age_days"], unused_after_days),
        never_used=judged["use"].eq(Use.NEVER_USED),
    )
    index = pd.MultiIndex.from_product(
        [labels, [kind.value for kind in CHARTED_KINDS]], names=["band", "kind"]
    )
    counts = judged.groupby(["band", "kind"])["never_used"].agg(["size", "sum"])
    table = counts.reindex(index, fill_value=0).rename(
        columns={"size": "count", "sum": "never_used"}
    )
    is_unused = dict(zip(labels, [edge >= unused_after_days for edge in edges], strict=True))
    table = table.astype("int64").reset_index()
    return table.assign(is_unused=table["band"].map(is_unused).astype(bool))
