"""Tables by name, of which some are made when they are read."""

from __future__ import annotations

import pandas as pd
import pytest

from credreport.evidence.evidence import Tables


def test_a_table_put_aside_counts_and_cannot_be_read() -> None:
    tables = Tables({"a": pd.DataFrame(), "b": pd.DataFrame}, aside=["a"])
    assert len(tables) == 2
    assert tables["b"].empty
    with pytest.raises(KeyError, match="put aside"):
        tables["a"]
