"""Where two files differ first: in the words of their form."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from credreport.verification.differences import differing_row, differing_values, first_difference

TABLE = b"user,status\nann,unused\nbob,current\n"


def picture(colour: str, width: int = 4) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", (width, 2), "white")
    image.putpixel((0, 0), {"red": (255, 0, 0), "white": (255, 255, 255)}[colour])
    image.save(buffer, "PNG", compress_level=9 if colour == "red" else 0)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "expected", "found", "words"),
    [
        ("a.csv", TABLE, TABLE, ""),
        (
            "a.csv",
            TABLE,
            TABLE.replace(b"unused", b"current"),
            "row 2, column status: expected 'unused', found 'current' (first at byte 17 of 36)",
        ),
        (
            "a.csv",
            TABLE,
            b"user,status\nbob,current\n",
            "row 2 is missing: 'ann,unused' (first at byte 13 of 24)",
        ),
        (
            "a.csv",
            TABLE,
            TABLE + b"eve,current\n",
            "row 4 was added: 'eve,current' (first at byte 36: 47 bytes of 35)",
        ),
        (
            "a.csv",
            b"user\nann\n",
            b"user\nann,unused\n",
            "row 2, column 2: expected nothing, found 'unused' (first at byte 9 of 16)",
        ),
        (
            "a.csv",
            b'user,status\n"ann,unused"\n',
            b"user,status\nann,unused\n",
            "row 2, column user: expected 'ann,unused', found 'ann' (first at byte 13 of 23)",
        ),
        ("a.csv", TABLE, TABLE.replace(b"\n", b"\r\n"), "first at byte 12 of 38"),
        (
            "a.json",
            b'{"a": [{"days": 90}]}',
            b'{"a": [{"days": 91}]}',
            "a[0].days: expected 90, found 91 (first at byte 18 of 21)",
        ),
        ("a.json", b'{"a": 1}', b'{"a":  1}', "first at byte 7 of 9"),
        ("a.json", b'{"a": 1}', b'{"a": 1', "first at byte 8: 7 bytes of 8"),
        (
            "a.sh",
            b"one\ntwo\nthree\n",
            b"one\ntwo!\nthree\n",
            "line 2: expected 'two', found 'two!' (first at byte 8 of 15)",
        ),
        (
            "a.md",
            b"one\ntwo\nthree\n",
            b"one\nthree\n",
            "line 2 is missing: 'two' (first at byte 6 of 10)",
        ),
        ("a.html", b"a\n", b"a\nb\n", "line 2 was added: 'b' (first at byte 3: 4 bytes of 2)"),
        ("a.bin", b"abc", b"abd", "first at byte 3 of 3"),
        ("a.bin", b"a" * 5000 + b"b", b"a" * 5000 + b"c", "first at byte 5001 of 5001"),
        ("a.csv", TABLE, b"\xff\xfe", "first at byte 1 of 2"),
    ],
)
def test_the_first_difference(name: str, expected: bytes, found: bytes, words: str) -> None:
    assert first_difference(name, expected, found) == words


def test_a_picture_says_how_many_pixels_differ() -> None:
    words = first_difference("a.png", picture("white"), picture("red"))
    assert words.startswith("1 pixel has another colour (first at byte ")
    assert "no longer a picture" in first_difference("a.png", picture("white"), b"x")
    words = first_difference("a.png", picture("white"), picture("white", width=5))
    assert words.startswith("expected 4 x 2 pixels, found 5 x 2 (first at byte ")


@pytest.mark.parametrize(
    ("expected", "found", "place"),
    [
        ("abc", "abc", None),
        ("abc", "axc", (1, "changed")),
        ("abc", "ac", (1, "is missing")),
        ("abc", "ab", (2, "is missing")),
        ("abc", "a", (1, "is missing")),
        ("abcd", "ad", (1, "is missing")),
        ("abc", "abbc", (2, "was added")),
        ("abc", "xabc", (0, "was added")),
    ],
)
def test_a_row_is_missing_added_or_changed(
    expected: str, found: str, place: tuple[int, str] | None
) -> None:
    assert differing_row([*expected], [*found]) == place


def test_a_value_of_another_kind_is_another_value() -> None:
    assert [*differing_values({"a": 1}, {"a": True})] == ["a: expected 1, found True"]
    assert [*differing_values({"a": 1}, {"b": 1})] == ["a is missing: expected 1", "b was added: 1"]
    assert [*differing_values([1, 2], [1, 2])] == []
    assert [*differing_values([1, 2], [2])] == ["[0] is missing: 1"]
    assert [*differing_values([1], [1, None])] == ["[1] was added: nothing"]
    assert [*differing_values([None], [])] == ["[0] is missing: nothing"]
    assert [*differing_values([{"a": 1}], [{"a": True}])] == ["[0].a: expected 1, found True"]


def test_only_a_png_is_opened_as_a_picture() -> None:
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    assert "no longer a picture" in first_difference("a.png", picture("white"), eps)
