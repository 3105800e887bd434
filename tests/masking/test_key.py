"""The key of pseudonyms: the user's own file, read or made, and never anything else."""

from __future__ import annotations

import os
import resource
import secrets
from pathlib import Path

import pytest

from credreport.errors import UsageError
from credreport.masking.key import read_or_make_key


def test_a_key_that_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    loop, pipe = tmp_path / "loop", tmp_path / "pipe"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    for key, words in ((loop, "Too many levels"), (pipe, "not a regular file")):
        with pytest.raises(UsageError, match=words):
            read_or_make_key(key, tmp_path / "out", [])


def test_a_key_for_which_there_is_no_room_leaves_no_file(tmp_path: Path) -> None:
    key = tmp_path / "k.key"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(UsageError, match=r"k\.key: cannot be made \(File too large\)"):
            read_or_make_key(key, tmp_path / "out", [])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not key.exists()


def test_a_signal_while_a_key_is_made_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: int) -> str:
        raise SystemExit(143)

    monkeypatch.setattr(secrets, "token_hex", stop)
    with pytest.raises(SystemExit):
        read_or_make_key(tmp_path / "k.key", tmp_path / "out", [])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_key_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("a password\n")
    with pytest.raises(
        UsageError, match="not a key of credreport; name a file that does not exist"
    ):
        read_or_make_key(tmp_path / "k", tmp_path / "out", [])
    assert (tmp_path / "k").read_text() == "a password\n"


def test_a_key_in_a_directory_that_is_not_there_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be made \\(No such file or directory\\)"):
        read_or_make_key(tmp_path / "none" / "k", tmp_path / "out", [])
