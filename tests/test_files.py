"""What is put aside comes back, from one place or from front to end, and leaves no file behind."""

from __future__ import annotations

import errno
import gc
import io
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from credreport.errors import OutputError
from credreport.files import (
    DEFAULT_MAX_BYTES,
    KeyTwiceError,
    Spool,
    chunks_of,
    may_be_there,
    open_regular,
    parse_json,
    read_at_most,
    read_bounded,
    sha256,
    whole,
    why_unreadable,
)


class Asked(io.BytesIO):
    """A file that remembers how many bytes were asked for at once."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.sizes: list[int] = []

    def read(self, size: int | None = -1) -> bytes:
        self.sizes.append(size or 0)
        return super().read(size)


def test_a_file_of_known_length_is_read_at_once_and_no_memory_is_asked_for_more() -> None:
    for expected, sizes in ((5, [6, 1_048_576]), (3, [4, 1_048_576, 1_048_576])):
        file = Asked(b"12345")
        assert read_at_most(file, 10**9, expected) == b"12345"
        assert file.sizes == sizes
    file = Asked(b"12345")
    assert read_at_most(file, 10**9) == b"12345"
    assert file.sizes == [1_048_576] * 2
    assert [read_at_most(io.BytesIO(b"12345"), size, 1) for size in (0, 4, 5, 6)] == [
        b"", b"1234", b"12345", b"12345",
    ]  # fmt: skip


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(1 << 20))
    assert read_bounded(path, 1 << 20) == bytes(1 << 20)
    path.write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(ValueError, match="larger than 1 MiB"):
        read_bounded(path, 1 << 20)
    assert DEFAULT_MAX_BYTES == 67_108_864


def test_why_a_file_cannot_be_read_is_said_in_words() -> None:
    assert why_unreadable(OSError(13, "Permission denied", "a.csv")) == "Permission denied"
    assert why_unreadable(OSError("no such thing")) == "no such thing"
    assert why_unreadable(ValueError("no such thing")) == "no such thing"


def test_a_key_that_stands_twice_is_named() -> None:
    assert parse_json('{"a": {"a": 1}, "b": 2}') == {"a": {"a": 1}, "b": 2}
    with pytest.raises(KeyTwiceError, match="the key 'b' appears twice in one object"):
        parse_json('{"a": 1, "b": 2, "b": 3}')


def test_comes_back_from_its_place_and_whole() -> None:
    spool = Spool()
    places = [spool.put(data) for data in (b"one", b"", b"three")]
    assert spool.take(*places[0]) == b"one"
    assert spool.put(b"!") == (8, 1)
    assert [spool.take(*place) for place in places] == [b"one", b"", b"three"]
    assert whole(spool) == b"onethree!"
    assert len(spool) == 9
    assert not Spool()


def test_threads_get_what_they_asked_for() -> None:
    """Each worker is sent its members of an archive by a thread of its own."""
    spool = Spool()
    places = {data: spool.put(data) for data in (b"a" * 9, b"b" * 9, b"c" * 9, b"d" * 9)}

    class Slow:
        """A file in which another thread may move the place before it is read."""

        file = vars(spool)["_file"]

        def seek(self, place: int) -> None:
            self.file.seek(place)
            time.sleep(0.01)

        def read(self, size: int) -> bytes:
            return bytes(self.file.read(size))

    vars(spool)["_file"] = Slow()
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda place: spool.take(*place), [*places.values()] * 3)
    assert list(found) == [*places] * 3


def test_is_read_in_pieces_that_can_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credreport.files._CHUNK", 4)
    spool = Spool()
    spool.put(b"123456789")
    assert list(spool.chunks()) == [b"1234", b"5678", b"9"]
    assert list(chunks_of(b"12345")) == [b"12345"]


def test_has_the_hash_of_its_bytes() -> None:
    spool = Spool()
    spool.put(b"ab")
    spool.put(b"c")
    assert sha256(spool) == sha256(b"abc")
    assert sha256(b"abc").startswith("ba7816bf8f01cfea")


def test_nothing_is_left_open_when_nobody_holds_it() -> None:
    spool = Spool()
    file = vars(spool)["_file"]
    assert not file.closed
    del spool
    gc.collect()
    assert file.closed


def test_no_room_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool()

    class Full:
        def seek(self, _: int) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool, "_file", Full())
    with pytest.raises(OutputError, match="no room for a temporary file: No space left on device"):
        spool.put(b"1")


def test_a_link_is_followed_unless_it_must_not_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "link").symlink_to("a")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"x"
    with pytest.raises(OSError, match="Too many levels"):
        open_regular(tmp_path / "link", follow=False)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FileNotFoundError(), False),
        (NotADirectoryError(), False),
        (PermissionError(), False),
        (OSError(errno.EIO, ""), True),
    ],
)
def test_what_the_disk_does_not_answer_for_may_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, expected: bool
) -> None:
    def refuse(_: Path) -> None:
        raise error

    monkeypatch.setattr(Path, "lstat", refuse)
    assert may_be_there(tmp_path) is expected


def test_a_broken_link_is_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    assert may_be_there(tmp_path / "link")
