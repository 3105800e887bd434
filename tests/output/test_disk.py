"""Files are written whole, all of them or none."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path

import pytest

from credreport.errors import OutputError
from credreport.output.disk import write_all


class TestWriting:
    def test_makes_the_directory_and_leaves_nothing_else(self, tmp_path: Path) -> None:
        target = tmp_path / "a" / "b"
        paths = write_all(target, {"x.txt": b"1", "y.sh": b"2"}, force=False, inputs=[])
        assert paths == [target / "x.txt", target / "y.sh"]
        assert sorted(path.name for path in target.iterdir()) == ["x.txt", "y.sh"]
        assert os.access(target / "y.sh", os.X_OK)
        assert not os.access(target / "x.txt", os.X_OK)

    def test_the_same_bytes_again_are_no_overwrite(self, tmp_path: Path) -> None:
        for _ in range(2):
            write_all(tmp_path, {"x": b"1"}, force=False, inputs=[])

    def test_other_bytes_need_force(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"old")
        with pytest.raises(OutputError, match="other evidence is already there: .*x. Use --force"):
            write_all(tmp_path, {"w": b"0", "x": b"new"}, force=False, inputs=[])
        assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]
        assert (tmp_path / "x").read_bytes() == b"old"
        write_all(tmp_path, {"x": b"new"}, force=True, inputs=[])
        assert (tmp_path / "x").read_bytes() == b"new"

    def test_an_input_is_never_overwritten(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"report")
        with pytest.raises(OutputError, match="is an input of this run"):
            write_all(
                tmp_path,
                {"x": b"new"},
                force=True,
                inputs=["-", str(tmp_path / "x"), str(tmp_path)],
            )

    @pytest.mark.parametrize("lock", ["~$x.xlsx", ".~lock.x.xlsx#"])
    def test_a_workbook_that_is_open_is_left_alone(self, tmp_path: Path, lock: str) -> None:
        (tmp_path / "x.xlsx").write_bytes(b"old")
        (tmp_path / lock).touch()
        with pytest.raises(OutputError, match="is open in a spreadsheet program; close it"):
            write_all(tmp_path, {"x.xlsx": b"new"}, force=True, inputs=[])

    def test_a_failure_half_way_leaves_all_as_it_was(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[int] = []

        def fail(handle: int) -> None:
            calls.append(handle)
            if len(calls) == 2:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OutputError, match="No space left on device; nothing was changed"):
            write_all(tmp_path / "new", {"x": b"1", "y": b"2"}, force=False, inputs=[])
        assert list(tmp_path.iterdir()) == []

    def test_a_move_that_fails_takes_back_those_before_it_and_leaves_those_after_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "x").write_bytes(b"old")
        (tmp_path / "z").write_bytes(b"old")
        replace = Path.replace

        def fail(path: Path, target: Path) -> Path:
            if target.name == "y" and path.suffix == ".tmp":
                raise OSError(5, "Input/output error")
            return replace(path, target)

        monkeypatch.setattr(Path, "replace", fail)
        files = dict.fromkeys("wxyz", b"new")
        with pytest.raises(OutputError, match="Input/output error; nothing was changed"):
            write_all(tmp_path, files, force=True, inputs=[])
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
            "x": b"old", "z": b"old",
        }  # fmt: skip

    def test_memory_that_ends_among_the_moves_takes_back_those_before_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "x").write_bytes(b"old")
        replace = Path.replace

        def fail(path: Path, target: Path) -> Path:
            if target.name == "y" and path.suffix == ".tmp":
                raise MemoryError
            return replace(path, target)

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OutputError, match="not enough memory; nothing was changed"):
            write_all(tmp_path, dict.fromkeys("xyz", b"new"), force=True, inputs=[])
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"x": b"old"}

    def test_what_cannot_be_put_back_either_is_kept_and_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "x").write_bytes(b"old")
        replace = Path.replace

        def fail(path: Path, target: Path) -> Path:
            if target.name == "x" and path.suffix == ".tmp":
                return replace(path, target)
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OutputError) as refused:
            write_all(tmp_path, dict.fromkeys("xy", b"new"), force=True, inputs=[])
        (kept,) = tmp_path.glob(".credreport-*.old")
        assert kept.read_bytes() == b"old"
        assert str(refused.value) == (
            f"cannot write to {tmp_path}: Read-only file system, and could not be undone; "
            f"x is now {kept}"
        )

    @pytest.mark.parametrize("there", [b"old", None])
    def test_what_another_program_writes_meanwhile_is_not_replaced(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bytes | None
    ) -> None:
        """An auditor saves the workbook while the files are written."""
        if there:
            (tmp_path / "y").write_bytes(there)
        fsync = os.fsync

        def save(handle: int) -> None:
            fsync(handle)
            (tmp_path / "y").write_bytes(b"decided")

        monkeypatch.setattr(os, "fsync", save)
        with pytest.raises(OutputError) as refused:
            write_all(tmp_path, dict.fromkeys("xy", b"new"), force=True, inputs=[])
        assert str(refused.value) == (
            f"cannot write to {tmp_path}: y was changed by another program meanwhile; "
            "nothing was changed"
        )
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"y": b"decided"}

    def test_a_thread_writes_too_and_leaves_signals_to_the_main_one(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(1) as pool:
            wrote = pool.submit(write_all, tmp_path, {"x": b"1"}, force=False, inputs=[])
            assert wrote.result() == [tmp_path / "x"]
        assert (tmp_path / "x").read_bytes() == b"1"

    def test_a_directory_that_is_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "out").touch()
        with pytest.raises(OutputError, match="cannot write to"):
            write_all(tmp_path / "out", {"x": b"1"}, force=False, inputs=[])

    def test_a_directory_that_becomes_a_file_meanwhile_is_named(self, tmp_path: Path) -> None:
        def replace(directory: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
            directory.rmdir()
            directory.touch()
            return {}, ()

        out = tmp_path / "out"
        with pytest.raises(OutputError) as refused:
            write_all(out, {"x": b"1"}, force=False, inputs=[], complete=replace)
        assert str(refused.value) == (
            f"cannot write to {out}: Not a directory; nothing was changed"
        )

    def test_what_the_disk_does_not_answer_for_is_not_replaced(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "x").write_bytes(b"old")

        def fail(_: Path) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(Path, "lstat", fail)
        with pytest.raises(OutputError, match="other evidence is already there"):
            write_all(tmp_path, {"x": b"new"}, force=False, inputs=[])
        assert (tmp_path / "x").read_bytes() == b"old"

    def test_an_error_in_letting_another_run_begin_makes_no_written_file_a_failure(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        close = os.close

        def fail(handle: int) -> None:
            close(handle)
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "close", fail)
        write_all(tmp_path, {"x": b"1"}, force=False, inputs=[])
        assert (tmp_path / "x").read_bytes() == b"1"

    def test_what_cannot_be_tidied_up_makes_no_written_file_a_failure(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "x").write_bytes(b"old")

        def fail(path: Path, missing_ok: bool = False) -> None:  # noqa: ARG001, FBT002 - pathlib's
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(Path, "unlink", fail)
        write_all(tmp_path, {"x": b"new"}, force=True, inputs=[])
        assert (tmp_path / "x").read_bytes() == b"new"


def occupy(target: Path, what: str) -> None:
    """Put something that is no file under the name."""
    match what:
        case "a directory":
            target.mkdir()
        case "a pipe":
            os.mkfifo(target)
        case "a socket":
            with socket.socket(socket.AF_UNIX) as server, chdir(target.parent):
                server.bind(target.name)
        case "a device":
            target.symlink_to("/dev/zero")
        case _:
            target.symlink_to("nowhere")


class TestWhatStandsUnderAName:
    @pytest.mark.parametrize(
        "what",
        ["a directory", "a pipe", "a socket", "a device", "a link to something that is not a file"],
    )
    @pytest.mark.parametrize("name", ["x.json", "x-manifest.json"])
    def test_and_is_no_file_is_named_and_left(self, tmp_path: Path, what: str, name: str) -> None:
        occupy(tmp_path / name, what)
        kind = "a link to something that is not a file" if what == "a device" else what
        with pytest.raises(OutputError, match=f"{name} is {kind}; remove it, or choose another -o"):
            write_all(tmp_path, {"x.json": b"1", name: b"{}"}, force=True, inputs=[])
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_and_is_a_device_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "x").touch()
        monkeypatch.setattr(Path, "is_file", lambda _: False)
        with pytest.raises(OutputError, match="x is a device; remove it"):
            write_all(tmp_path, {"x": b"1"}, force=True, inputs=[])

    def test_and_is_endless_is_replaced_without_reading_it(self, tmp_path: Path) -> None:
        names = ["x.json", "x-manifest.json"]
        for name in names:
            with (tmp_path / name).open("wb") as file:
                file.truncate(1 << 40)
        with pytest.raises(OutputError, match="x.json is among the inputs"):
            write_all(tmp_path, dict.fromkeys(names, b"{}"), force=True, inputs=[str(tmp_path)])
        write_all(tmp_path, dict.fromkeys(names, b"{}"), force=True, inputs=[])
        assert [(tmp_path / name).read_bytes() for name in names] == [b"{}", b"{}"]

    def test_and_is_in_use_on_windows_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: Path, target: Path) -> Path:
            words = "The process cannot access the file because it is being used by another process"
            raise PermissionError(13, words, str(path), None, str(target))

        (tmp_path / "x").write_bytes(b"old")
        monkeypatch.setattr(Path, "replace", refuse)
        words = r"cannot replace .*x: The process cannot .* Close the program that has it open;"
        with pytest.raises(OutputError, match=words):
            write_all(tmp_path, {"x": b"new"}, force=True, inputs=[])
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"x": b"old"}


class TestOutputAmongTheInputs:
    def test_what_no_run_wrote_is_left_also_under_force(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        below = tmp_path / "a" / "b"
        below.mkdir(parents=True)
        (below / "x.csv").write_bytes(b"a report")
        monkeypatch.chdir(tmp_path)
        for inputs in ([str(tmp_path)], ["."], ["a"], ["a/*"], ["**/b"]):
            with pytest.raises(OutputError, match="x.csv is among the inputs, and no earlier run"):
                write_all(below, {"x.csv": b"new"}, force=True, inputs=inputs)
        with pytest.raises(OutputError, match="x.csv is an input of this run"):
            write_all(below, {"x.csv": b"new"}, force=True, inputs=["a/b/*.csv"])
        assert (below / "x.csv").read_bytes() == b"a report"

    def test_what_an_earlier_run_wrote_is_replaced_if_nobody_changed_it(
        self, tmp_path: Path
    ) -> None:
        first = {"x.csv": b"old", "x-manifest.json": manifest({"x.csv": b"old"})}
        second = {"x.csv": b"new", "x-manifest.json": manifest({"x.csv": b"new"})}
        for files in (first, second):
            write_all(tmp_path, files, force=True, inputs=[str(tmp_path)])
        assert (tmp_path / "x.csv").read_bytes() == b"new"
        (tmp_path / "x.csv").write_bytes(b"own")
        with pytest.raises(OutputError, match="is among the inputs"):
            write_all(tmp_path, first, force=True, inputs=[str(tmp_path)])
        assert (tmp_path / "x.csv").read_bytes() == b"own"

    @pytest.mark.parametrize(
        "text", [b"", b"[]", b"{}", b'{"generator": "credreport"}', b"[" * 99_999]
    )
    def test_a_manifest_that_is_none_proves_nothing(self, tmp_path: Path, text: bytes) -> None:
        (tmp_path / "x-manifest.json").write_bytes(text)
        (tmp_path / "x.csv").write_bytes(b"own")
        with pytest.raises(OutputError, match="is among the inputs"):
            write_all(
                tmp_path, {"x.csv": b"1", "x-manifest.json": b"{}"}, force=True,
                inputs=[str(tmp_path)],
            )  # fmt: skip


def manifest(files: dict[str, bytes]) -> bytes:
    outputs = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    ]
    return json.dumps({"generator": "credreport", "outputs": outputs}).encode()


class TestCompleted:
    """Files that are made while no other run writes to the directory."""

    def test_are_written_with_the_others(self, tmp_path: Path) -> None:
        paths = write_all(
            tmp_path, {"x": b"1"}, force=False, inputs=[], complete=lambda _: ({"last": b"2"}, ())
        )
        assert [path.name for path in paths] == ["x", "last"]
        assert (tmp_path / "last").read_bytes() == b"2"

    def test_may_take_the_place_of_those_they_name(self, tmp_path: Path) -> None:
        (tmp_path / "last").write_bytes(b"1")
        with pytest.raises(OutputError, match="other evidence is already there"):
            write_all(tmp_path, {}, force=False, inputs=[], complete=lambda _: ({"last": b"2"}, ()))
        write_all(
            tmp_path, {}, force=False, inputs=[], complete=lambda _: ({"last": b"2"}, {"last"})
        )
        assert (tmp_path / "last").read_bytes() == b"2"


def test_an_input_that_leads_nowhere_hinders_no_evidence(tmp_path: Path) -> None:
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    write_all(tmp_path / "out", {"x": b"1"}, force=False, inputs=[str(tmp_path / "gone.csv")])
    assert (tmp_path / "out" / "x").read_bytes() == b"1"


def test_half_a_copy_never_takes_the_place_of_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No hard links, as on a memory stick, and no room for a copy of the second file."""
    old = {"a.xlsx": b"decided by hand", "b.xlsx": b"decided too", "c.xlsx": b"and this"}
    write_all(tmp_path, old, force=False, inputs=[])

    def no_link(*_: object) -> None:
        raise PermissionError

    def copy(source: Path, target: Path) -> None:
        is_second = source.name.startswith("b")
        target.write_bytes(source.read_bytes()[: 3 if is_second else None])
        if is_second:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", no_link)
    monkeypatch.setattr(shutil, "copy2", copy)
    with pytest.raises(OutputError, match="No space left on device; nothing was changed"):
        write_all(tmp_path, dict.fromkeys(old, b"new"), force=True, inputs=[])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == old
