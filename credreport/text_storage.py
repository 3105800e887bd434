"""How the tables of this program store text: the same way whether or not pyarrow is installed.

pandas stores text in pyarrow's arrays where it finds pyarrow. These match patterns with another
engine, change case by other tables, and refuse operations that other text allows.
"""

from __future__ import annotations

import pandas as pd

# Decorates a function: every table that it makes stores Python's own text; the user's setting stays.
storing_python_text = pd.option_context("mode.string_storage", "python")
