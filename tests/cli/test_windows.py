"""What differs on Windows, as far as it can be simulated elsewhere."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from credreport.cli import screen as screen_module
from credreport.cli.main import app
from credreport.cli.screen import Screen, flush
from credreport.output import disk
from credreport.rules.policy import Policy
from credreport.rules.waivers import TEMPLATE, load_waivers
from credreport.verdicts.tally import stem_of_accounts, stem_of_question
from tests.support.reports import root, save, user


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "utf-16"])
def test_a_pipe_of_any_encoding_takes_every_name(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    pipe = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\r\n")
    monkeypatch.setattr(sys, "stdout", pipe)
    Screen().say("caf\u00e9 \u5bc6")
    Screen().table(["User", "n"], [["\u5bc6", "1"]], rights=1)
    flush()
    said = pipe.buffer.getvalue().decode(encoding)
    assert said == "caf\\xe9 \\u5bc6\r\n  User    n\r\n  \\u5bc6  1\r\n"


class Left(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    def fileno(self) -> int:
        raise OSError(errno.EBADF, "no descriptor")


def test_a_reader_that_left_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen_module, "_SYSTEM", "nt")
    monkeypatch.setattr(sys, "stdout", Left())
    Screen().say("x")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(13, "Permission denied", "new", None, "{file}"),
            "cannot replace {file}: Permission denied. Close the program that has it open",
        ),
        (
            PermissionError(13, "Permission denied", "{file}"),
            "cannot replace {file}: Permission denied. Close the program that has it open",
        ),
        (
            PermissionError(13, "Permission denied", "{folder}"),
            "cannot write to out: Permission denied",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "x" * 260),
            "cannot write to out: No such file or directory. The path is too long; choose a shorter -o",
        ),
    ],
)
def test_a_file_in_use_or_a_long_path_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: OSError, said: str
) -> None:
    monkeypatch.setattr(disk, "_SYSTEM", "nt")
    file = tmp_path / "x.xlsx"
    file.touch()

    def filled(text: Any) -> Any:
        return text and str(text).format(file=file, folder=tmp_path)

    error.filename, error.filename2 = filled(error.filename), filled(error.filename2)
    assert disk._to_reason(Path("out"), error) == filled(said)


def test_files_are_written_where_there_are_no_locks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(disk, "import_module", missing)
    monkeypatch.delattr(os, "O_NONBLOCK", raising=False)
    disk.write_all(tmp_path / "out", {"a.csv": b"1"}, force=False, inputs=[])
    assert (tmp_path / "out" / "a.csv").read_bytes() == b"1"


def test_arguments_are_not_expanded_by_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(TyperGroup, "main", lambda _, *rest, **__: given.extend(rest))
    CliRunner().invoke(app, ["rules"])
    assert given[-1] is False


def test_a_template_that_powershell_redirected_is_read(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    text = "\n".join(
        line.removeprefix("# ") for line in TEMPLATE.splitlines()[6:] if "=" in line or "[[" in line
    )
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-16"))
    assert [waiver.id for waiver in load_waivers(path).waivers] == ["W-2026-001"]


@pytest.mark.parametrize("account", ["CON", "NUL", "..\\x", "aux.csv", "111122223333"])
def test_no_file_has_a_reserved_name(account: str) -> None:
    stem = f"credreport-{stem_of_accounts([account])}-{stem_of_question(Policy(), {})}"
    assert stem in {"credreport-unknown-account-90d", "credreport-111122223333-90d"}


def test_a_pattern_with_its_directory_in_another_case_of_slashes_is_matched(tmp_path: Path) -> None:
    save(tmp_path / "reports", root(), user("bob"))
    done = CliRunner().invoke(app, ["inspect", str(tmp_path / "reports" / "*.csv"), "-q"])
    assert done.exit_code == 0, done.output
