"""Ages -> bands, for the table and the chart alike."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credreport.verdicts.tally import Totals, band_edges, band_labels, band_rows


def to_band(age_days: pd.Series, unused_after_days: int) -> pd.Series:
    """Return the label of each age; empty where there is no age."""
    edges = band_edges(unused_after_days)
    labels = np.array(band_labels(edges))
    days = age_days.fillna(0).to_numpy(dtype="int64")
    words = labels[np.searchsorted(edges, days, side="right") - 1]
    return pd.Series(words, index=age_days.index, dtype="str").where(age_days.notna(), "")


def to_bands(totals: Totals) -> pd.DataFrame:
    """Return one row per band and kind: `band`, `kind`, `count`, `never_used`, `is_unused`."""
    return pd.DataFrame(band_rows(totals))
