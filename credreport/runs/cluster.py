"""A pool that is the user's own Dask cluster. The one module that opens a connection."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from credreport.errors import UsageError
from credreport.runs.pool import Pool

_PATIENCE = 8  # seconds for a scheduler to answer; with all around it, ten
_ADDRESS = re.compile(r"(tcp|tls)://[^/]+:[0-9]+")

R = TypeVar("R")


def on_cluster(address: str) -> Pool:
    """Return a pool that is the Dask cluster of that scheduler (`tcp://HOST:PORT`, `tls://…`).

    Raises UsageError where it is no such address, the extra `cluster` is not installed, or no
    scheduler answers.
    """
    if not _ADDRESS.fullmatch(address):
        raise UsageError(f"--cluster {address}: not an address such as tcp://HOST:8786")
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
        from distributed.scheduler import KilledWorker  # noqa: PLC0415
    except ImportError:
        message = "--cluster needs dask.distributed: pip install 'credreport[cluster]'"
        raise UsageError(message) from None
    for name in ("distributed", "distributed.client", "distributed.comm", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters is reported below
    try:
        client = _within(
            _PATIENCE, lambda: Client(address, timeout=_PATIENCE, set_as_default=False)
        )
        workers = sum(client.nthreads().values())
    except Exception as error:  # whatever a listener that is no scheduler makes of the protocol
        reason = _reason(error, is_tls=address.startswith("tls:"))
        raise UsageError(f"--cluster {address}: no scheduler answers there ({reason})") from None
    if not workers:
        client.close()
        raise UsageError(f"--cluster {address}: the scheduler has no workers")
    return Pool(
        workers,
        client.get_executor,
        deaths=(KilledWorker,),
        is_alive=lambda: _has_workers(client),
        enough_batches=1,
    )


def _has_workers(client: Any) -> bool:
    """Whether the scheduler still answers, and has somebody to work."""
    if client.status != "running":
        return False
    try:
        found = _within(_PATIENCE, lambda: client.sync(client.scheduler.identity, n_workers=0))
    except Exception:
        return False
    return bool(found["n_workers"])


def _within(seconds: float, ask: Callable[[], R]) -> R:
    """Return what `ask` returns. Raises TimeoutError where it takes longer; its thread is left."""
    future: Future[R] = Future()

    def run() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result(seconds)


def _reason(error: Exception, *, is_tls: bool) -> str:
    """Return one line for a person about why there is no connection."""
    if isinstance(error, TimeoutError) or "timed out" in str(error).lower():
        return f"nothing heard for {_PATIENCE} seconds"
    if is_tls and isinstance(error, (TypeError, RuntimeError)):
        return (
            "TLS is not configured: set distributed.comm.tls in Dask's configuration, "
            "such as DASK_DISTRIBUTED__COMM__TLS__CA_FILE"
        )
    return " ".join(str(error).split()) or "what answers there is no Dask scheduler"
