"""The real AWS CLI, loaded once: each call runs in a fork of it, a few times as fast as a start.

A test that runs a shell script against the simulator calls `aws` dozens of times, and nearly all
of the time of a call is spent loading the CLI. `aws` is here a small client that hands its words,
environment and streams to the server below; the server forks, and the child is the CLI.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLIENT = """\
#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.connect({address!r})
call = json.dumps([sys.argv[1:], dict(os.environ)]).encode()
socket.send_fds(server, [call], [1, 2])
sys.exit(int(server.recv(16) or 1))
"""
_MOST = 200_000


def programs_in(directory: Path) -> Path:
    """Return the directory that has the `aws` of a server started there."""
    return directory / "bin"


@contextmanager
def start(directory: Path) -> Iterator[None]:
    """Run the server until the block ends."""
    address = str(directory / "socket")
    programs = programs_in(directory)
    programs.mkdir()
    client = programs / "aws"
    client.write_text(_CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    client.chmod(0o755)
    command = [sys.executable, "-m", "tests.support.warm_aws", address]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            assert server.stdout.readline() == b"ready\n"
            yield
        finally:
            server.terminate()


def serve(address: str) -> None:
    """Answer calls for ever."""
    from awscli import clidriver  # type: ignore[import-untyped]

    clidriver.create_clidriver()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen()
    print("ready", flush=True)  # noqa: T201
    while True:
        connection, _ = listener.accept()
        call, streams, _, _ = socket.recv_fds(connection, _MOST, 2)
        if os.fork() == 0:
            os._exit(_answer(connection, call, streams, clidriver.main))
        connection.close()
        for stream in streams:
            os.close(stream)


def _answer(connection: socket.socket, call: bytes, streams: list[int], main: object) -> int:
    """Be the CLI for one call, in a process of its own."""
    words, environment = json.loads(call)
    data = os.environ["AWS_DATA_PATH"]  # set when the CLI was loaded
    os.environ.clear()
    os.environ.update(environment, AWS_DATA_PATH=data)
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
    sys.argv = ["aws", *words]
    assert callable(main)
    try:
        code = main()
    except SystemExit as leaving:
        code = leaving.code
    sys.stdout.flush()
    sys.stderr.flush()
    connection.send(str(code).encode())
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
