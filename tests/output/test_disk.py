"""Files are written whole, all of them or none."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
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
        with pytest.raises(OutputError, match="there is other evidence already: .*x. Use --force"):
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

    def test_a_thread_writes_too_and_leaves_signals_to_the_main_one(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(1) as pool:
            wrote = pool.submit(write_all, tmp_path, {"x": b"1"}, force=False, inputs=[])
            assert wrote.result() == [tmp_path / "x"]
        assert (tmp_path / "x").read_bytes() == b"1"

    def test_a_directory_that_is_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "out").touch()
        with pytest.raises(OutputError, match="cannot write to"):
            write_all(tmp_path / "out", {"x": b"1"}, force=False, inputs=[])


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
        with pytest.raises(OutputError, match="there is other evidence already"):
            write_all(tmp_path, {}, force=False, inputs=[], complete=lambda _: ({"last": b"2"}, ()))
        write_all(
            tmp_path, {}, force=False, inputs=[], complete=lambda _: ({"last": b"2"}, {"last"})
        )
        assert (tmp_path / "last").read_bytes() == b"2"
