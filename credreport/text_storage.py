"""How the tables of this program store text: the same way whether or not pyarrow is installed.

pandas stores text in pyarrow's arrays where it finds pyarrow. These match patterns with another
engine, change case by other tables, and refuse operations that other text allows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import pandas as pd

P = ParamSpec("P")
R = TypeVar("R")


def storing_python_text(function: Callable[P, R]) -> Callable[P, R]:
    """Let every table that the function makes store Python's own text; leave the user's as it is."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with pd.option_context("mode.string_storage", "python"):
            return function(*args, **kwargs)

    return run
