"""A simulated AWS on the loopback, and the real AWS CLI that talks to it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]

from tests.support import warm_aws

HOST = "127.0.0.1"
ACCOUNT = "123456789012"
PROGRAMS = Path(sys.executable).parent
_REGION = "eu-central-1"
_PATIENCE = 60
_NOBODY = {
    "AWS_ACCESS_KEY_ID": "AKIATESTING",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
}


def is_foreign(variable: str) -> bool:
    """Tell whether an environment variable would lead an AWS client out of the simulator."""
    return variable.startswith(("AWS_", "MOTO_", "BOTO_")) or variable.lower().endswith("_proxy")


@dataclass(frozen=True)
class Cloud:
    """The simulated AWS as one identity sees it; whose keys nobody knows is in ACCOUNT.

    `programs` is the directory of its `aws`.
    """

    port: int
    home: Path
    programs: Path
    identity: dict[str, str] = field(default_factory=_NOBODY.copy)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which `aws` is the one of the registry and sees only this."""
        inherited = {name: value for name, value in os.environ.items() if not is_foreign(name)}
        return (
            inherited
            | self.identity
            | {
                "AWS_ENDPOINT_URL": f"http://{HOST}:{self.port}",
                "AWS_DEFAULT_REGION": _REGION,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_PAGER": "",
                "HOME": str(self.home),
                "PATH": os.pathsep.join([str(self.programs), str(PROGRAMS), os.environ["PATH"]]),
            }
        )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program in that environment, whatever it returns."""
        return subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )

    def aws(self, *words: str) -> str:
        """Run the real AWS CLI, which must succeed; return what it prints."""
        done = self.run(str(self.programs / "aws"), *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def client(self, service: str) -> Any:
        """Return a client for setting the scene, quicker than a program a call."""
        return boto3.client(
            service,
            endpoint_url=f"http://{HOST}:{self.port}",
            region_name=_REGION,
            aws_access_key_id=self.identity["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.identity["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.identity.get("AWS_SESSION_TOKEN"),
        )

    def as_user(self, key: dict[str, str]) -> Cloud:
        """Return the same cloud signed in with an access key or with what a role answers."""
        identity = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        if "SessionToken" in key:
            identity["AWS_SESSION_TOKEN"] = key["SessionToken"]
        return replace(self, identity=identity)

    def as_account(self, account: str) -> Cloud:
        """Return the same cloud signed in to another account, through a role there."""
        role = f"arn:aws:iam::{account}:role/auditor"
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")
        return self.as_user(answer["Credentials"])

    def reset(self) -> None:
        """Forget every account, and let everybody do everything again."""
        self.check_permissions(after=float("inf"))
        self._post("/moto-api/reset")

    def check_permissions(self, *, after: float = 0) -> None:
        """Let the policies decide on each call, but the first so many."""
        self._post("/moto-api/reset-auth", str(after))

    def _post(self, path: str, body: str = "") -> None:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_PATIENCE)
        try:
            connection.request("POST", path, body)
            answer = connection.getresponse()
            assert answer.status == http.HTTPStatus.OK, answer.read()
        finally:
            connection.close()


@contextmanager
def start(home: Path) -> Iterator[Cloud]:
    """Run the simulator on a free port, and the CLI, until the block ends."""
    cloud = Cloud(_free_port(), home, warm_aws.programs_in(home))
    log = home / "simulator.log"
    command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(cloud.port)]
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            command, env=cloud.environment, stdout=output, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            _wait(cloud, server, log)
            with warm_aws.start(home):
                yield cloud
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
    return port


def _wait(cloud: Cloud, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            cloud.reset()
        except OSError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                message = f"the simulator did not start:\n{log.read_text(encoding='utf-8')}"
                raise RuntimeError(message) from error
            time.sleep(0.1)
        else:
            return
