"""A stand-in for the AWS CLI that answers in milliseconds: a few users in files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.reports import ACCOUNT

_SOURCE = Path(__file__).with_name("aws.sh")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
AUDITOR = "arn:aws:sts::111122223333:assumed-role/auditor/session"
MADE = "2020-01-01T00:00:00Z"


@dataclass(frozen=True)
class Run:
    """What one run of the script printed, and the log that it left."""

    status: int
    said: list[str]
    errors: str
    log: list[str]

    @property
    def results(self) -> dict[str, str]:
        """Return action and result by user and credential."""
        rows = [line.split("\t") for line in self.log if not line.startswith("#")]
        return {f"{row[3]}, {row[4]}": f"{row[6]}: {row[7]}" for row in rows[1:]}

    @property
    def undo(self) -> dict[str, str]:
        """Return the command that undoes it, by user and credential."""
        rows = [line.split("\t") for line in self.log if not line.startswith("#")]
        return {f"{row[3]}, {row[4]}": row[8] for row in rows[1:]}

    @property
    def counts(self) -> str:
        """Return the line with the counts."""
        (line,) = (line for line in self.said if line.endswith(" failed."))
        return line


@dataclass(frozen=True)
class StandIn:
    """The stand-in, and the directory where it keeps its users."""

    directory: Path

    @classmethod
    def start(cls, directory: Path) -> StandIn:
        """Make an empty account with the stand-in as its `aws`."""
        for name in ("users", "profiles", "keys", "used", "fail", "odd", "interrupt", "bin"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(_SOURCE, directory / "bin" / "aws")
        (directory / "bin" / "aws").chmod(0o755)
        cloud = cls(directory)
        cloud.sign_in(ACCOUNT, AUDITOR)
        return cloud

    def sign_in(self, account: str, arn: str) -> None:
        self.write("caller", f"{account}\t{arn}")

    def write(self, name: str, text: str = "") -> None:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        path = self.directory / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    def add_user(
        self, name: str, *, made: str = MADE, used: str = "None", account: str = ACCOUNT
    ) -> None:
        self.write(f"users/{name}", f"arn:aws:iam::{account}:user/{name}\t{made}\t{used}")

    def add_password(self, name: str, *, made: str = MADE) -> None:
        self.write(f"profiles/{name}", made)

    def add_key(
        self, name: str, key: str, made: str, *, used: str = "None", state: str = "Active"
    ) -> None:
        self.write(f"keys/{name}/{key}", f"{key}\t{state}\t{made}")
        self.write(f"used/{key}", used)

    def state_of(self, name: str, key: str) -> str:
        """Return Active, Inactive, or `deleted`."""
        path = self.directory / "keys" / name / key
        return path.read_text("utf-8").split("\t")[1] if path.exists() else "deleted"

    def has_password(self, name: str) -> bool:
        return (self.directory / "profiles" / name).exists()

    @property
    def calls(self) -> list[str]:
        """Return every call since the last time this was asked."""
        path = self.directory / "calls"
        found = path.read_text("utf-8").splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "STAND_IN": str(self.directory)}

    def run(self, script: Path, *options: str, shell: tuple[str, ...] = ("sh",)) -> Run:
        """Run the script; times in what it prints are written TIME."""
        log = script.with_name(f"{len(list(script.parent.glob('*.log')))}.log")
        done = subprocess.run(
            [*shell, str(script), f"--log={log}", *options],
            env=self.environment, capture_output=True, text=True, check=False, timeout=60,
            cwd=script.parent, start_new_session=True, encoding="utf-8",
        )  # fmt: skip
        kept = log.read_text("utf-8").splitlines() if log.exists() else []
        kept = [_TIME.sub("TIME", line, count=1) if "\t" in line else line for line in kept]
        return Run(done.returncode, done.stdout.splitlines(), done.stderr, kept)
