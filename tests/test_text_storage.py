"""Text is stored the same way, whether or not pyarrow is installed beside the program."""

from __future__ import annotations

import pandas as pd

from credreport.text_storage import storing_python_text


def test_tables_made_inside_store_python_text_and_the_users_setting_is_kept() -> None:
    before = pd.get_option("mode.string_storage")

    @storing_python_text
    def make(*texts: str, raising: bool = False) -> pd.DataFrame:
        if raising:
            raise ValueError
        return pd.DataFrame({"text": texts})

    (dtype,) = make("a", "b").dtypes
    assert isinstance(dtype, pd.StringDtype)
    assert dtype.storage == "python"
    try:
        make(raising=True)
    except ValueError:
        assert pd.get_option("mode.string_storage") == before
