"""A cluster says the same as this process; ten seconds at most until it is said that nobody answers there."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from credreport.errors import UsageError
from credreport.runs import cluster
from credreport.runs.cluster import on_cluster
from tests.runs import test_analyze, test_inspect
from tests.support.faults import surroundings


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


@pytest.fixture(autouse=True)
def _close_clients() -> Iterator[None]:
    """Leave no client, which tries to connect for ever and draws from `random` in later tests."""
    yield
    from distributed import Client

    for client in list(Client._instances):
        client.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Start a cluster of two processes on the loopback, for as long as this module runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from distributed import LocalCluster

        with LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as local:
            yield local.scheduler_address


@pytest.mark.filterwarnings("ignore")
def test_inspect_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr("credreport.reports.selection.BATCH_FILES", 3)
    alone = test_inspect.answer(test_inspect.many(tmp_path))
    assert test_inspect.answer(tmp_path, on_cluster(address)) == alone


@pytest.mark.filterwarnings("ignore")
def test_analyze_writes_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr("credreport.runs.analyze.BATCH_ROWS", 6)
    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 20)
    monkeypatch.chdir(test_analyze.many(tmp_path))
    alone = test_analyze.run()
    assert alone[0] == 3
    assert len(alone[3]) == 7
    assert test_analyze.run("--cluster", address) == alone


@pytest.mark.parametrize("address", ["gopher://127.0.0.1:9", "nonsense", "tcp://localhost", ""])
def test_what_is_no_address_is_said(address: str) -> None:
    with pytest.raises(UsageError, match="not an address such as tcp://HOST:8786"):
        on_cluster(address)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_name_that_nobody_resolves_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    waiting = threading.Event()
    monkeypatch.setattr("credreport.runs.cluster._PATIENCE", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: waiting.wait(60))
    with pytest.raises(UsageError, match="no answer within 0.2 seconds"):
        on_cluster(f"{scheme}://sched:8786")
    waiting.set()


@contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept every connection, and answer it; return the address."""
    kept: list[socket.socket] = []

    def listen() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                kept.append(connection)
                answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in kept:
        connection.close()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: None, "no answer within 0.5 seconds"),
        (lambda peer: peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "is not a Dask scheduler"),
        (lambda peer: peer.sendall(bytes(1000)), "is not a Dask scheduler"),
    ],
    ids=["silence", "HTTP", "zeros"],
)
def test_what_is_no_scheduler_is_said_at_once(
    answer: Callable[[socket.socket], None], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    started = time.monotonic()
    with (
        listener(answer) as address,
        pytest.raises(UsageError, match=f"no scheduler answers there .*{reason}"),
    ):
        on_cluster(address)
    assert time.monotonic() - started < 10


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_answers_each_question_late_is_not_waited_for_each_time(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    host, _, port = address.removeprefix("tcp://").rpartition(":")

    def pass_on(peer: socket.socket, other: socket.socket, delay: float) -> None:
        with suppress(OSError):
            while data := peer.recv(1 << 20):
                time.sleep(delay)
                other.sendall(data)
        other.close()

    def answer_late(peer: socket.socket) -> None:
        scheduler = socket.create_connection((host, int(port)))
        for each in ((peer, scheduler, 0), (scheduler, peer, 0.5)):
            threading.Thread(target=pass_on, args=each, daemon=True).start()

    monkeypatch.setattr(cluster, "_PATIENCE", 2)
    with (
        listener(answer_late) as late,
        pytest.raises(UsageError, match="no scheduler answers there .*no answer within 2 seconds"),
    ):
        on_cluster(late)


@pytest.mark.filterwarnings("ignore")
def test_tls_without_certificates_is_said() -> None:
    message = r"TLS is not configured: .* distributed\.comm\.tls"
    with listener(lambda _: None) as place, pytest.raises(UsageError, match=message):
        on_cluster(place.replace("tcp:", "tls:"))


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_nobody_there_is_said(scheme: str) -> None:
    with pytest.raises(UsageError, match="no scheduler answers there .*Connection refused"):
        on_cluster(f"{scheme}://127.0.0.1:9")


def test_the_reason_is_found_below_the_error_that_hides_it() -> None:
    hidden = OSError("in the way")
    hidden.__cause__ = OSError(111, "Connection refused")
    assert cluster._to_reason(hidden, is_tls=False) == "Connection refused"


def client(answer: Callable[[], dict[str, int]], status: str = "running") -> SimpleNamespace:
    scheduler = SimpleNamespace(identity=None)
    return SimpleNamespace(status=status, scheduler=scheduler, sync=lambda *_, **__: answer())


def test_a_scheduler_that_stops_answering_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.05)
    stopped = threading.Event()
    silent = client(lambda: {"n_workers": stopped.wait(60)})
    assert not cluster._is_alive(silent)
    assert silent.status == "closed"  # Dask waits for no farewell
    stopped.set()


def test_a_cluster_is_alive_while_it_has_workers() -> None:
    assert cluster._is_alive(client(lambda: {"n_workers": 1}))
    assert not cluster._is_alive(client(lambda: {"n_workers": 0}))
    assert not cluster._is_alive(client(lambda: {"n_workers": 1}, status="closed"))


def asked(answers: Mapping[str, object]) -> SimpleNamespace:
    """Return a client whose workers answer so, and whose scheduler has this credreport."""
    return SimpleNamespace(
        run=lambda *_, **__: answers, run_on_scheduler=lambda _: cluster.code_hash()
    )


class TestAWorkerWithAnotherCredreport:
    """Its modules have the same names and may judge otherwise: nothing would tell."""

    @pytest.mark.parametrize(
        "answer", ["0" * 64, ModuleNotFoundError("No module named 'credreport'")]
    )
    def test_is_refused_before_the_run(self, answer: object) -> None:
        found = {"tcp://a:1": cluster.code_hash(), "tcp://b:2": answer}
        with pytest.raises(
            UsageError, match="tcp://c:3: the worker tcp://b:2 has another credreport"
        ):
            cluster._check_workers(asked(found), "tcp://c:3")

    def test_is_refused_where_the_scheduler_has_it(self) -> None:
        def absent(*_: object) -> None:
            raise ModuleNotFoundError("No module named 'credreport'")

        found = asked({"tcp://b:2": cluster.code_hash()})
        found.run_on_scheduler = absent
        with pytest.raises(UsageError, match="tcp://c:3: the scheduler has another credreport"):
            cluster._check_workers(found, "tcp://c:3")

    def test_is_refused_when_it_comes_later(self) -> None:
        with pytest.raises(UsageError, match="a worker has another credreport, or none"):
            cluster._as_here("0" * 64, int, "1")
        assert cluster._as_here(cluster.code_hash(), int, "11", base=2) == 3

    def test_is_not_one_whose_machine_has_another_encoding(self) -> None:
        call = "from credreport.runs.cluster import code_hash; print(code_hash())"
        words = [sys.executable, "-X", "warn_default_encoding", "-W", "error", "-c", call]
        there = subprocess.run(
            words, env=surroundings(), capture_output=True, text=True, check=True
        )
        assert there.stdout.strip() == cluster.code_hash()

    def test_is_not_one_that_is_busy_or_gone(self) -> None:
        def silent(*_: object, **__: object) -> None:
            raise TimeoutError

        cluster._check_workers(SimpleNamespace(run=silent), "tcp://c:3")
        gone = {"tcp://b:2": OSError("Timed out")}
        cluster._check_workers(asked(gone), "tcp://c:3")
