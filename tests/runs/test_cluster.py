"""A cluster: ten seconds at most until it is said that nobody answers there."""

from __future__ import annotations

import sys

import pytest

from credreport.errors import UsageError
from credreport.runs.cluster import on_cluster


def test_a_cluster_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'credreport\[cluster\]'"):
        on_cluster("tcp://127.0.0.1:8786")


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_without_workers_is_said() -> None:
    from distributed import LocalCluster

    with (
        LocalCluster(
            n_workers=0, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
        ) as local,
        pytest.raises(UsageError, match="the scheduler has no workers"),
    ):
        on_cluster(local.scheduler_address)
