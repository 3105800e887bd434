"""A pool that is the user's own Dask cluster. The one module that opens a connection."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from credreport.errors import UsageError
from credreport.runs.pool import Pool

_PATIENCE = 5  # seconds for a scheduler to answer: under ten with Dask's imports and shutdown
_ADDRESS = re.compile(r"(tcp|tls)://[^/]+:[0-9]+")

_ANOTHER = "has another credreport, or none; install the same on all, or use --workers"

R = TypeVar("R")


def on_cluster(address: str) -> Pool:
    """Return a pool that is the Dask cluster of that scheduler (`tcp://HOST:PORT`, `tls://…`).

    Raises UsageError if it is not such an address, the extra `cluster` is not installed, no
    scheduler answers, it has no workers, or one of them has another credreport.
    """
    if not _ADDRESS.fullmatch(address):
        raise UsageError(f"--cluster {address}: not an address such as tcp://HOST:8786")
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
        from distributed.scheduler import KilledWorker  # noqa: PLC0415
    except ImportError:
        message = "--cluster needs dask.distributed: pip install 'credreport[cluster]'"
        raise UsageError(message) from None
    for name in ("distributed", "tornado", "asyncio"):  # what matters is reported below
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    def connect() -> tuple[Any, int]:
        # Dask tries again and again, and does not always say why.
        _knock(address)
        workers = int(asyncio.run(_identify(address))["total_threads"])
        if not workers:
            raise UsageError(f"--cluster {address}: the scheduler has no workers")
        return Client(address, timeout=_PATIENCE, set_as_default=False), workers

    try:
        client, workers = _within(_PATIENCE, connect)
    except UsageError:
        raise
    except Exception as error:  # whatever Dask makes of the bytes of another program
        reason = _to_reason(error, is_tls=address.startswith("tls:"))
        raise UsageError(f"--cluster {address}: no scheduler answers there ({reason})") from None
    _check_workers(client, address)
    return Pool(
        workers,
        partial(_Cluster, client),
        deaths=(KilledWorker,),
        is_alive=lambda: _is_alive(client),
        enough_batches=1,
    )


class _Cluster(Executor):
    """Dask's executor, which shuts down without waiting for a scheduler that does not answer."""

    def __init__(self, client: Any) -> None:
        self._executor = client.get_executor()

    def submit(self, call: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        future: Future[R] = self._executor.submit(_as_here, code_hash(), call, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - Executor's
        self._executor.shutdown(wait=False)


@cache
def code_hash() -> str:
    """Return the hash of this program's modules: a version number may be that of several."""
    package = Path(__file__).parents[1]
    texts = {
        path.relative_to(package).as_posix(): path.read_text(encoding="utf-8")
        for path in package.rglob("*.py")
    }
    return hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()


def _as_here(code: str, call: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
    """Return what the call returns, on a worker. Raises UsageError where its modules are others.

    A worker may also come after the run has begun, so each call looks.
    """
    if code != code_hash():
        raise UsageError(f"--cluster: a worker {_ANOTHER}")
    return call(*args, **kwargs)


def _check_workers(client: Any, address: str) -> None:
    """Raise UsageError where one has other modules than this process, or cannot import them.

    The scheduler unpacks each call too, before it hands it on.
    """
    try:
        found = _within(_PATIENCE / 2, lambda: _ask_all(client))
    except Exception:  # one of many may be busy or gone, and each call looks again
        return
    answers = {name: code for name, code in found.items() if not isinstance(code, OSError)}
    others = [name for name, code in answers.items() if code != code_hash()]
    if others:
        raise UsageError(f"--cluster {address}: the {others[0]} {_ANOTHER}")


def _ask_all(client: Any) -> dict[str, object]:
    """Return the hash of each one's modules, or why it has none."""
    workers = client.run(code_hash, on_error="return")
    try:
        scheduler = client.run_on_scheduler(code_hash)
    except (ImportError, AttributeError) as error:
        scheduler = error
    return {"scheduler": scheduler} | {f"worker {name}": code for name, code in workers.items()}


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at the address, or nobody knows where it is."""
    place = urlsplit(address)
    socket.create_connection((place.hostname or "", place.port or 0), timeout=_PATIENCE).close()


async def _identify(address: str) -> dict[str, Any]:
    """Return what the scheduler says about itself."""
    from distributed import rpc  # noqa: PLC0415 - an extra
    from distributed.security import Security  # noqa: PLC0415

    arguments = Security().get_connection_args("client")
    async with rpc(address, timeout=0.8 * _PATIENCE, connection_args=arguments) as scheduler:
        found: dict[str, Any] = await asyncio.wait_for(scheduler.identity(n_workers=0), _PATIENCE)
        return found


def _is_alive(client: Any) -> bool:
    """Whether the scheduler still answers and has workers; after a no, it is not asked again."""
    is_alive = False
    if client.status == "running":
        try:
            found = _within(_PATIENCE, lambda: client.sync(client.scheduler.identity, n_workers=0))
            is_alive = bool(found["n_workers"])
        except Exception:
            client.status = "closed"  # otherwise Dask signs off and waits for an answer
    return is_alive


def _within(seconds: float, ask: Callable[[], R]) -> R:
    """Return what `ask` returns. Raises TimeoutError if it takes longer, leaving its thread."""
    future: Future[R] = Future()

    def run() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result(seconds)


def _to_reason(error: BaseException, *, is_tls: bool) -> str:
    """Return in a few words why there is no connection."""
    chain = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) and before not in chain:
        chain.append(before)
    text = " ".join(map(str, chain))
    if is_tls and ("ssl_context" in text or "security" in text.lower()):
        return (
            "TLS is not configured: name the certificates in Dask's configuration, "
            "distributed.comm.tls"
        )
    for each in chain:
        if isinstance(each, OSError) and each.strerror:
            return each.strerror
    if any(isinstance(each, TimeoutError) for each in chain):
        return f"no answer within {_PATIENCE} seconds"
    return "what answers is not a Dask scheduler, or one of another version"
