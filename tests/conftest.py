"""What is slow to start, and is shared by the modules that need it."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import matplotlib  # noqa: F401 - then pictures are drawn here: see `given.options`
import pytest

from tests.support.contracts import doors_checked

# Each collection looks at all that the libraries brought along: a tenth of the suite's time.
gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Start a Dask cluster of two processes on the loopback; return its address.

    It takes processor time while it waits: it is stopped where the module ends.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from distributed import LocalCluster

        with LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as local:
            yield local.scheduler_address


@pytest.fixture(scope="session", autouse=True)
def contracts() -> Iterator[None]:
    """Hold every table that a test makes to its contract."""
    with doors_checked():
        yield
