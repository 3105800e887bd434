"""Damages to the bytes of a file, whatever the report is saved in: letters, stretches, sectors."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.damage.registry import GO, LIE, Chance, of_bytes

_SIGNS = b'0123456789,"\n :TZ-+truefalsN/A={}\\%ABab'


# Letters


@of_bytes("bit flipped", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


@of_bytes("bits swapped", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    at, low = chance.randrange(len(data)), chance.randrange(7)
    one, two = data[at] >> low & 1, data[at] >> low + 1 & 1
    if one != two:
        data[at] ^= 3 << low


@of_bytes("byte replaced", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    data[chance.randrange(len(data))] = chance.randrange(256)


@of_bytes("byte is another sign", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    data[chance.randrange(len(data))] = chance.choice(_SIGNS)


@of_bytes("three bytes are other signs", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    for _ in range(3):
        data[chance.randrange(len(data))] = chance.choice(_SIGNS)


@of_bytes("byte lost", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    data.pop(chance.randrange(len(data)))


@of_bytes("byte added", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    data.insert(chance.randrange(len(data)), chance.randrange(256))


@of_bytes("byte doubled", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    at = chance.randrange(len(data))
    data.insert(at, data[at])


@of_bytes("neighbours swapped", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    at = chance.randrange(len(data) - 1)
    data[at], data[at + 1] = data[at + 1], data[at]


@of_bytes("two bytes swapped", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    one, two = chance.randrange(len(data)), chance.randrange(len(data))
    data[one], data[two] = data[two], data[one]


@of_bytes("a byte lost and one added", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    data.pop(chance.randrange(len(data)))
    data.insert(chance.randrange(len(data)), chance.choice(_SIGNS))


@of_bytes("NUL")
def _(chance: Chance, data: bytearray) -> None:
    data.insert(chance.randrange(len(data)), 0)


@of_bytes("quote")
def _(chance: Chance, data: bytearray) -> None:
    data.insert(chance.randrange(len(data)), ord('"'))


@of_bytes("carriage return")
def _(chance: Chance, data: bytearray) -> None:
    data.insert(chance.randrange(len(data)), ord("\r"))


@of_bytes("new line")
def _(chance: Chance, data: bytearray) -> None:
    data.insert(chance.randrange(len(data)), ord("\n"))


@of_bytes("every n-th byte lost", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    size = chance.choice([2, 3, 64, 76, 80, 128, 256, 512])
    del data[chance.randrange(size) :: size]


@of_bytes("a bit of every byte is stuck", GO, LIE)
def _(chance: Chance, data: bytearray) -> bytes:
    bit = 1 << chance.randrange(8)
    start, end = _stretch(chance, data)
    stuck = bytes(byte | bit for byte in data[start:end])
    if chance.random() < 0.5:
        stuck = bytes(byte & ~bit for byte in data[start:end])
    return bytes(data[:start]) + stuck + bytes(data[end:])


# Stretches


def _stretch(chance: Chance, data: bytearray) -> tuple[int, int]:
    """Return where a stretch begins and ends: a few letters, or rows."""
    start = chance.randrange(len(data))
    return start, min(
        start + chance.choice([2, 3, 8, 20, 64, 200, chance.randint(2, 600)]), len(data)
    )


@of_bytes("cut at a byte", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    del data[chance.randrange(1, len(data)) :]


@of_bytes("cut at a byte in front", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    del data[: chance.randrange(1, len(data))]


@of_bytes("stretch lost", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    del data[start:end]


@of_bytes("stretch doubled", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    data[end:end] = data[start:end]


@of_bytes("stretch copied elsewhere", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    at = chance.randrange(len(data))
    data[at:at] = data[start:end]


@of_bytes("stretch copied over another", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    at = chance.randrange(len(data) - (end - start) + 1)
    data[at : at + end - start] = data[start:end]


@of_bytes("stretch moved", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    moved = data[start:end]
    del data[start:end]
    at = chance.randint(0, len(data))
    data[at:at] = moved


@of_bytes("stretches swapped", GO, LIE)
def _(chance: Chance, data: bytearray) -> bytes:
    a, b, c, d = sorted(chance.randint(0, len(data)) for _ in range(4))
    return bytes(data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:])


@of_bytes("stretches of one size swapped", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    size = min(chance.choice([2, 8, 20, 64, 200]), len(data) // 2)
    one = chance.randrange(len(data) - 2 * size + 1)
    two = chance.randint(one + size, len(data) - size)
    data[one : one + size], data[two : two + size] = data[two : two + size], data[one : one + size]


@of_bytes("stretch reversed", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    data[start:end] = data[start:end][::-1]


@of_bytes("stretch rotated", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    at = chance.randint(start, end)
    data[start:end] = data[at:end] + data[start:at]


@of_bytes("stretch shuffled", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    data[start:end] = bytes(chance.sample(list(data[start:end]), end - start))


@of_bytes("pairs of bytes swapped", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    end -= (end - start) % 2
    data[start:end:2], data[start + 1 : end : 2] = data[start + 1 : end : 2], data[start:end:2]


@of_bytes("stretch is one byte", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    data[start:end] = bytes([chance.choice(b"\0 \n,0A\xff\t")]) * (end - start)


@of_bytes("stretch is random", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    data[start:end] = chance.randbytes(end - start)


@of_bytes("stretch in other capitals", GO, LIE)
def _(chance: Chance, data: bytearray) -> None:
    start, end = _stretch(chance, data)
    data[start:end] = chance.choice([bytearray.upper, bytearray.lower, bytearray.swapcase])(
        data[start:end]
    )


@of_bytes("two copies, one cut", GO, LIE)
def _(chance: Chance, data: bytearray) -> bytes:
    at = chance.randrange(1, len(data))
    return bytes(
        chance.choice([data + data[:at], data[:at] + data, data + data[at:], data[at:] + data])
    )


@of_bytes("the same again")
def _(chance: Chance, data: bytearray) -> bytes:
    return bytes(data + chance.choice([b"", b"\n", b"\r\n", b"\n\n", b",", b"\0", b"\t"]) + data)


@of_bytes("bytes in front or behind")
def _(chance: Chance, data: bytearray) -> bytes:
    more = chance.randbytes(chance.randint(1, 20)) + chance.choice(
        [b"", b"\0" * 512, b"\n", b"PK\5\6"]
    )
    return bytes(chance.choice([more + data, data + more]))


# Sectors of a disk


def _of_sectors(
    name: str, change: Callable[[Chance, list[bytes]], list[bytes] | None], *excuses: str
) -> None:
    """Register a change to the sectors of a report that has several of them."""

    @of_bytes(f"sectors {name}", *excuses, is_large=True)
    def _(chance: Chance, data: bytearray) -> bytes:
        size = chance.choice([64, 512, 512, 4096])
        sectors = [bytes(data[at : at + size]) for at in range(0, len(data), size)]
        changed = change(chance, sectors)
        return b"".join(sectors if changed is None else changed)


def _swap(chance: Chance, sectors: list[bytes]) -> None:
    one, two = chance.randrange(len(sectors)), chance.randrange(len(sectors))
    sectors[one], sectors[two] = sectors[two], sectors[one]


def _overwrite(chance: Chance, sectors: list[bytes]) -> None:
    sectors[chance.randrange(len(sectors))] = chance.choice(sectors)


def _double(chance: Chance, sectors: list[bytes]) -> None:
    at = chance.randrange(len(sectors))
    sectors.insert(at, sectors[at])


def _lose(chance: Chance, sectors: list[bytes]) -> None:
    del sectors[chance.randrange(len(sectors))]


def _cut(chance: Chance, sectors: list[bytes]) -> None:
    del sectors[chance.randint(1, len(sectors)) :]


def _fill(chance: Chance, sectors: list[bytes]) -> None:
    at = chance.randrange(len(sectors))
    sectors[at] = chance.choice([b"\0", b"\xff", b"\xf6", b"\n", b" "]) * len(sectors[at])


_of_sectors("swapped", _swap, GO, LIE)
_of_sectors("copied over others", _overwrite, GO, LIE)
_of_sectors("doubled", _double, GO, LIE)
_of_sectors("lost", _lose, GO, LIE)
_of_sectors("lost at the end", _cut, GO, LIE)
_of_sectors("filled", _fill, GO, LIE)
