"""What is slow to start, and is shared by the modules that need it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import matplotlib  # noqa: F401 - then pictures are drawn here: see `given.options`
import pytest
from hypothesis import settings

from tests.support.contracts import doors_checked

# Each collection looks at all that the libraries brought along: a tenth of the suite's time.
gc.set_threshold(50_000, 20, 50)

# The same examples in every run: what is sent in passes or fails for what it changes.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("fresh", deadline=None)  # pytest --hypothesis-profile=fresh
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def contracts() -> Iterator[None]:
    """Hold every table that a test makes to its contract."""
    with doors_checked():
        yield
