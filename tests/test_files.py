"""What is put aside comes back, from one place or from front to end, and leaves no file behind."""

from __future__ import annotations

import gc

import pytest

from credreport.errors import OutputError
from credreport.files import Spool, chunks_of, sha256, whole


def test_comes_back_from_its_place_and_whole() -> None:
    spool = Spool()
    places = [spool.put(data) for data in (b"one", b"", b"three")]
    assert spool.take(places[0]) == b"one"
    assert spool.put(b"!") == (8, 1)
    assert [spool.take(place) for place in places] == [b"one", b"", b"three"]
    assert whole(spool) == b"onethree!"
    assert len(spool) == 9
    assert not Spool()


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
