"""The bytes of many reports as AWS writes them -> typed arrays, at once: the fast road.

A report is plain when nothing in it needs a second look: a header whose columns are all known,
ASCII, no quote, no blank cell, every row as wide as the header, every date, flag and absence
spelt as AWS spells it, one account, names and ARNs in their usual form. Whatever is not plain is
`strange`, and is read by `read.read_report`, cell by cell: what is doubtful is never decided here.

No text is made of a cell: separators are found on the bytes, and a column is a window on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from credreport.schema import (
    ARN,
    CREATED,
    EXTRA_CREDENTIALS,
    JUDGED_SLOTS,
    KNOWN_ABSENCES,
    KNOWN_COLUMNS,
    MFA,
    NEXT_ROTATION,
    NOT_SUPPORTED,
    ROOT_USER,
    SLOTS,
    USER,
    Meaning,
    Slot,
)
from credreport.verdict import NEITHER, OFF, ON, Codes, Flags, Instants, Numbers, code

_COMMA, _LINE_END, _SPACE, _COLON, _SLASH, _CLOSING = b",\n :/>"
_INSTANT = b"0000-00-00T00:00:00"
_ZULU, _OFFSET = b"Z", b"+00:00"
_ROOT = ROOT_USER.encode()
_ARN_END_OF_ROOT = b":root"
_HEADER_CELLS = 3  # so many column names make a row a second header
_LONGEST_NAME = 64
_LONGEST_CELL = 4096
_PADDING = 128
_ARN_ACCOUNT = 12
_WORDS = {
    **{word.encode(): code(Meaning.ABSENCE) for word in KNOWN_ABSENCES},
    NOT_SUPPORTED.encode(): code(Meaning.NOT_SUPPORTED),
}
_NOTHING_MORE = {*(word.encode() for word in KNOWN_ABSENCES), b"false"}
_LOWER = np.arange(256, dtype="u1")
_LOWER[ord("A") : ord("Z") + 1] += ord("a") - ord("A")

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Layout:
    """Where the columns of a header stand. `free` are those whose cells may hold any text."""

    columns: tuple[str, ...]
    user: int
    arn: int
    created: int
    slots: tuple[Slot, ...]
    enabled: tuple[int, ...]
    last_used: tuple[int, ...]
    set_at: tuple[int, ...]
    free: tuple[int, ...]
    extra: int


@dataclass(frozen=True)
class PlainText:
    """A report whose bytes may be plain: its header and the rows below it, without the last line end."""

    header: bytes
    body: bytes


@dataclass(frozen=True)
class PlainUsers:
    """One entry a user of many reports, in their order; a second dimension counts `slots`.

    `report` counts the reports, `line` the lines of each. Meanings are places in MEANINGS, instants
    UTC (NaT where there is none). By report: `accounts`, `newest` (the latest date, NaT where there
    is none), `has_zulu` (a date ends with Z), `strange` (nothing here holds for such a report).
    `out_of_order`, `twice` (with the ordinal) and `arn_differs` are places of users to warn of.
    """

    slots: tuple[Slot, ...]
    report: Numbers
    line: Numbers
    is_root: Flags
    created_at: Instants
    enabled: Codes
    is_unreported: Flags
    last_meaning: Codes
    last_used: Instants
    set_meaning: Codes
    set_at: Instants
    accounts: tuple[str, ...]
    newest: Instants
    has_zulu: Flags
    strange: Flags
    out_of_order: tuple[int, ...]
    twice: tuple[tuple[int, int], ...]
    arn_differs: tuple[int, ...]
    grid: Grid

    def user(self, place: int) -> str:
        """Return a user's name as it stands in the report."""
        return self.grid.text(place, self.grid.layout.user)

    def arn(self, place: int) -> str:
        """Return a user's ARN as it stands in the report."""
        return self.grid.text(place, self.grid.layout.arn)


def to_plain(text: bytes) -> PlainText | None:
    """Return the report's parts if its bytes may be plain, else None."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    header, _, body = text.partition(b"\n")
    if layout_of(header) is None or not text.isascii() or b'"' in text:
        return None
    controls = int(np.count_nonzero(np.frombuffer(text, dtype="u1") < _SPACE))
    if not body or controls != text.count(b"\n"):
        return None
    return PlainText(header, body.removesuffix(b"\n"))


@lru_cache(maxsize=64)
def layout_of(header: bytes) -> Layout | None:
    """Return where the columns stand, or None for a header that is not plain."""
    columns = tuple(header.decode("ascii", "replace").split(","))
    needed = {USER, ARN, CREATED, MFA, NEXT_ROTATION}
    for slot in JUDGED_SLOTS:
        needed |= {slot.enabled, slot.last_used, slot.fallback}
    known = set(columns)
    if len(known) != len(columns) or not needed <= known <= set(KNOWN_COLUMNS):
        return None
    slots = tuple(slot for slot in SLOTS if {slot.enabled, slot.fallback} <= known)
    if any((slot.enabled in known) != (slot.fallback in known) for slot in SLOTS):
        return None
    place = {column: number for number, column in enumerate(columns)}
    texts = [text for slot in JUDGED_SLOTS for text in (slot.service, slot.region) if text in known]
    return Layout(
        columns=columns,
        user=place[USER],
        arn=place[ARN],
        created=place[CREATED],
        slots=slots,
        enabled=tuple(place[slot.enabled] for slot in slots),
        last_used=tuple(place[slot.last_used] for slot in slots if slot.last_used),
        set_at=tuple(place[slot.fallback] for slot in slots),
        free=tuple(place[text] for text in (USER, MFA, NEXT_ROTATION, *texts)),
        extra=place.get(EXTRA_CREDENTIALS, -1),
    )


class Grid:
    """The cells of reports that share a header: where each begins and ends in the joined bytes."""

    def __init__(self, layout: Layout, bodies: Sequence[bytes]) -> None:
        """Find the separators. `is_misshapen` tells the reports that have a row of another width.

        Their rows are not in the grid.
        """
        self.layout = layout
        self.is_misshapen = np.zeros(len(bodies), dtype=bool)
        width = len(layout.columns)
        while True:
            kept = np.flatnonzero(~self.is_misshapen)
            whole = [bodies[number] for number in kept.tolist()]
            self.sizes = np.array([body.count(b"\n") + 1 for body in whole], dtype="i8")
            joined = b"".join([part for body in whole for part in (body, b"\n")])
            self.data = joined + bytes(_PADDING)
            self.bytes = np.frombuffer(self.data, dtype="u1")
            inner = self.bytes[: len(joined)]
            ends = np.flatnonzero((inner == _COMMA) | (inner == _LINE_END))
            bounds = np.cumsum([0, *(len(body) + 1 for body in whole)])
            cells = np.diff(np.searchsorted(ends, bounds))
            wrong = cells != self.sizes * width
            if not wrong.any():
                self.report = np.repeat(kept, self.sizes)
                self.ends = ends.reshape(-1, width)
                wrong = np.isin(kept, self.report[self.bytes[self.ends[:, -1]] != _LINE_END])
            if not wrong.any():
                break
            self.is_misshapen[kept[wrong]] = True
        first = np.roll(self.ends[:, -1], 1) + 1
        if len(first):
            first[0] = 0
        self.starts = np.column_stack([first, self.ends[:, :-1] + 1])

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ends)

    def windows(self, places: Numbers, width: int) -> Bytes:
        """Return so many bytes from each of the places on, a row each."""
        view = np.lib.stride_tricks.sliding_window_view(self.bytes, width)
        found: Bytes = view[places]
        return found

    def texts(self, places: Numbers, width: int) -> npt.NDArray[np.bytes_]:
        """Return the same as texts of bytes. (No byte is NUL, so none is lost.)"""
        return self.windows(places, width).view(f"S{width}").ravel()

    def text(self, row: int, column: int) -> str:
        """Return one cell as text."""
        return self.data[self.starts[row, column] : self.ends[row, column]].decode("ascii")


def read_plain(reports: Sequence[PlainText]) -> PlainUsers:
    """Return the users of reports that share one header. What is not plain is told as strange."""
    layout = layout_of(reports[0].header)
    assert layout is not None, "to_plain has looked at the header"
    grid = Grid(layout, [report.body for report in reports])
    rows, lengths = len(grid), grid.ends - grid.starts
    odd = np.zeros(rows, dtype=bool)
    odd[np.flatnonzero((lengths == 0) | (lengths > _LONGEST_CELL)) // len(layout.columns)] = True
    enabled, is_unreported = _read_flags(grid, lengths, odd)
    dates = [layout.created, *layout.last_used, *layout.set_at]
    meaning, instants, is_zulu = _read_dates(grid, lengths, dates, odd)
    _mark_odd_texts(grid, lengths, odd)
    count = len(reports)
    accounts = _read_accounts(grid, lengths, count, odd)
    names, widest = _read_names(grid, lengths, odd)
    is_root = _find_root(grid, names, odd)
    strange = grid.is_misshapen | _any_by_report(grid.report, odd, count)
    strange |= np.bincount(grid.report[is_root], minlength=count) > 1
    newest = np.full(count, np.datetime64("NaT"), dtype="M8[s]")
    if rows:
        first = np.flatnonzero(np.diff(grid.report, prepend=-1))
        latest = np.fmax.reduceat(np.fmax.reduce(instants, axis=1), first)
        newest[grid.report[first]] = latest
    used, judged = len(layout.last_used), len(layout.slots)
    # Certificates have no column of last use.
    last_meaning = np.full((rows, judged), code(Meaning.NO_COLUMN), dtype="i1")
    last_used = np.full((rows, judged), np.datetime64("NaT"), dtype="M8[s]")
    last_meaning[:, :used] = meaning[:, 1 : used + 1]
    last_used[:, :used] = instants[:, 1 : used + 1]
    line = np.arange(rows) - np.repeat(np.cumsum(grid.sizes) - grid.sizes, grid.sizes) + 2
    order = _find_disorder(grid.report, names, is_root, strange)
    return PlainUsers(
        slots=layout.slots,
        report=grid.report,
        line=line,
        is_root=is_root,
        created_at=instants[:, 0].astype("M8[us]"),
        enabled=enabled,
        is_unreported=is_unreported,
        last_meaning=last_meaning,
        last_used=last_used.astype("M8[us]"),
        set_meaning=meaning[:, used + 1 :],
        set_at=instants[:, used + 1 :].astype("M8[us]"),
        accounts=accounts,
        newest=newest.astype("M8[us]"),
        has_zulu=_any_by_report(grid.report, is_zulu, count),
        strange=strange,
        out_of_order=tuple(order.first_late),
        twice=tuple(order.twice),
        arn_differs=tuple(_find_other_arns(grid, lengths, names, widest, ~is_root)),
        grid=grid,
    )


def _any_by_report(report: Numbers, rows: Flags, count: int) -> Flags:
    found = np.zeros(count, dtype=bool)
    found[report[rows]] = True
    return found


def _is_word(grid: Grid, starts: Numbers, word: bytes) -> Flags:
    """Whether the word stands at each place; the cell's length was compared before."""
    found: Flags = grid.texts(starts, len(word)) == word
    return found


def _read_flags(grid: Grid, lengths: Numbers, odd: Flags) -> tuple[Codes, Flags]:
    """Return ON, OFF or NEITHER a slot, and whether it is `not_supported`; marks rows with else."""
    columns = list(grid.layout.enabled)
    starts, sizes = grid.starts[:, columns], lengths[:, columns]
    enabled = np.full(sizes.shape, NEITHER, dtype="i1")
    is_read = np.zeros(sizes.shape, dtype=bool)
    for word, value in ((b"true", ON), (b"false", OFF), (NOT_SUPPORTED.encode(), NEITHER)):
        mine = sizes == len(word)
        mine[mine] = _is_word(grid, starts[mine], word)
        enabled[mine] = value
        is_read |= mine
    odd |= ~is_read.all(axis=1)
    return enabled, is_read & (enabled == NEITHER)


def _read_dates(
    grid: Grid, lengths: Numbers, columns: list[int], odd: Flags
) -> tuple[Codes, Instants, Flags]:
    """Return meaning and instant of each cell, and whether a row has one that ends with Z.

    Marks rows with a cell that is none of what AWS writes.
    """
    starts, sizes = grid.starts[:, columns], lengths[:, columns]
    meaning = np.full(sizes.shape, code(Meaning.TEXT), dtype="i1")
    instants = np.full(sizes.shape, np.datetime64("NaT"), dtype="M8[s]")
    for word, value in _WORDS.items():
        mine = sizes == len(word)
        mine[mine] = _is_word(grid, starts[mine], word)
        meaning[mine] = value
    ends_with_z = np.zeros(len(odd), dtype=bool)
    for zone in (_ZULU, _OFFSET):
        mine = sizes == len(_INSTANT + zone)
        mine[mine] = _is_spelt(grid, starts[mine], zone)
        instants[mine] = _to_instants(grid.texts(starts[mine], len(_INSTANT)))
        if zone == _ZULU:
            ends_with_z = mine.any(axis=1)
    meaning[~np.isnat(instants)] = code(Meaning.INSTANT)
    odd |= (meaning == code(Meaning.TEXT)).any(axis=1)
    return meaning, instants, ends_with_z


def _is_spelt(grid: Grid, starts: Numbers, zone: bytes) -> Flags:
    """Whether digits, separators and zone of an instant stand where they belong.

    A digit differs from `0` by 0 to 9 in its last four bits; every other byte must be the very one.
    Eight bytes are looked at in one go, so what follows the cell must be let through.
    """
    expected = _INSTANT + zone
    width = -(-len(expected) // 8) * 8
    span = [9 if byte == ord("0") else 0 for byte in _INSTANT] + [0] * len(zone)
    most = np.array(span + [255] * (width - len(span)), dtype="u1")
    windows = grid.windows(starts, width)
    wrong = (windows ^ np.frombuffer(expected.ljust(width), dtype="u1")) > most
    is_year_0 = windows[:, :4].copy().view("<u4").ravel() == int.from_bytes(b"0000", "little")
    # numpy has a year 0, the calendar has not
    is_right: Flags = ~wrong.view("<u8").any(axis=1) & ~is_year_0
    return is_right


def _to_instants(texts: npt.NDArray[np.bytes_]) -> Instants:
    """Return the instants that the texts spell, NaT for one that no calendar or clock has."""
    try:
        return texts.astype("M8[s]")
    except ValueError:
        return np.array([_to_instant(text) for text in texts.tolist()], dtype="M8[s]")


def _to_instant(text: bytes) -> np.datetime64:
    try:
        return np.datetime64(text.decode(), "s")
    except ValueError:
        return np.datetime64("NaT", "s")


def _mark_odd_texts(grid: Grid, lengths: Numbers, odd: Flags) -> None:
    """Mark rows that could be a second header, and those that say more than usual."""
    spelt = [*KNOWN_COLUMNS, f"{ARN},", f"{ARN}\n"]
    names = np.array([name[:4].encode() for name in spelt], dtype="S4")
    heads = np.unique(names).view("<u4")
    likely = np.zeros(len(grid), dtype="i1")
    for column in grid.layout.free:
        head = _LOWER[grid.windows(grid.starts[:, column], 4)].view("<u4").ravel()
        is_indented = (head & 0xFF) == _SPACE
        likely += is_indented
        for known in heads:
            likely += head == known
        if column == grid.layout.user:
            odd |= is_indented
    odd |= likely >= _HEADER_CELLS
    if grid.layout.extra >= 0:
        column = grid.layout.extra
        nothing = np.zeros(len(grid), dtype=bool)
        for word in _NOTHING_MORE:
            mine = lengths[:, column] == len(word)
            mine[mine] = _is_word(grid, grid.starts[mine, column], word)
            nothing |= mine
        odd |= ~nothing


def _read_accounts(grid: Grid, lengths: Numbers, count: int, odd: Flags) -> tuple[str, ...]:
    """Return the account of each report's first row; marks rows whose ARN begins otherwise."""
    accounts = [""] * count
    column = grid.layout.arn
    first = np.flatnonzero(np.diff(grid.report, prepend=-1))
    prefixes = [_to_prefix(grid.text(row, column)) for row in first.tolist()]
    sizes = np.array([len(prefix) for prefix in prefixes])
    for row, prefix in zip(first.tolist(), prefixes, strict=True):
        accounts[grid.report[row]] = prefix[-_ARN_ACCOUNT - 1 : -1].decode()
    in_section = np.cumsum(np.diff(grid.report, prepend=-1) != 0) - 1
    for size in np.unique(sizes).tolist():
        mine = np.flatnonzero(sizes[in_section] == size)
        if not size:
            odd[mine] = True
            continue
        expected = np.array([prefix.ljust(size)[:size] for prefix in prefixes], dtype=f"S{size}")
        same = grid.texts(grid.starts[mine, column], size) == expected[in_section[mine]]
        odd[mine] |= ~same | (lengths[mine, column] <= size)
    return tuple(accounts)


def _to_prefix(arn: str) -> bytes:
    """Return such as `arn:aws:iam::123456789012:`, or nothing where it is not of that form."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn" or not parts[1] or parts[2:4] != ["iam", ""]:
        return b""
    account = parts[4]
    is_account = len(account) == _ARN_ACCOUNT and account.isdigit()
    return f"{':'.join(parts[:5])}:".encode() if is_account else b""


def _read_names(grid: Grid, lengths: Numbers, odd: Flags) -> tuple[npt.NDArray[np.bytes_], int]:
    """Return the names in small letters, and the width they have; marks rows with an unusual one."""
    column = grid.layout.user
    sizes = lengths[:, column]
    odd |= sizes > _LONGEST_NAME
    widest = min(int(sizes.max(initial=1)), _LONGEST_NAME)
    windows = _cut(grid.windows(grid.starts[:, column], widest), sizes)
    odd |= ((windows == _SLASH) | (windows == _COLON)).any(axis=1)
    return windows.view(f"S{widest}").ravel(), widest


def _cut(windows: Bytes, sizes: Numbers) -> Bytes:
    """Return the windows in small letters, with nothing behind the first so many bytes of each."""
    width = windows.shape[1]
    inside = np.arange(width) < sizes[:, None]
    return np.ascontiguousarray(np.where(inside, _LOWER[windows], 0).astype("u1"))


def _find_root(grid: Grid, names: npt.NDArray[np.bytes_], odd: Flags) -> Flags:
    """Return which row is root's: name and ARN must both say so, else the row is marked."""
    ends, size = grid.ends[:, grid.layout.arn], len(_ARN_END_OF_ROOT)
    by_name: Flags = names == _ROOT
    starts = np.maximum(ends - size, 0)
    by_arn = _is_word(grid, starts, _ARN_END_OF_ROOT)
    odd |= (by_name != by_arn) | (grid.bytes[ends - 1] == _CLOSING)
    return by_name


def _find_other_arns(
    grid: Grid, lengths: Numbers, names: npt.NDArray[np.bytes_], widest: int, is_user: Flags
) -> Iterator[int]:
    """Yield the users whose ARN does not end with their name, capitals apart."""
    sizes = lengths[:, grid.layout.user]
    starts = np.maximum(grid.ends[:, grid.layout.arn] - sizes, 1)
    tails = _cut(grid.windows(starts, widest), sizes).view(f"S{widest}").ravel()
    before = grid.bytes[starts - 1]
    same = (tails == names) & ((before == _SLASH) | (before == _COLON))
    yield from np.flatnonzero(is_user & ~same).tolist()


@dataclass(frozen=True)
class _Disorder:
    first_late: list[int]
    twice: list[tuple[int, int]]


def _find_disorder(
    report: Numbers, names: npt.NDArray[np.bytes_], is_root: Flags, strange: Flags
) -> _Disorder:
    """Find each report's first row out of AWS's order, and the users that stand in one twice."""
    late: list[int] = []
    twice: list[tuple[int, int]] = []
    follows = report[1:] == report[:-1]
    both = ~is_root[1:] & ~is_root[:-1]
    is_late = follows & ((is_root[1:] & ~is_root[:-1]) | (both & (names[1:] < names[:-1])))
    is_suspect = is_late | (follows & both & (names[1:] == names[:-1]))
    places = np.flatnonzero(is_late) + 1
    _, first = np.unique(report[places], return_index=True)
    late = places[first].tolist()
    for number in np.unique(report[1:][is_suspect]).tolist():
        if strange[number]:
            continue
        begin, end = np.searchsorted(report, [number, number + 1]).tolist()
        twice += _count_twice(names[begin:end].tolist(), begin)
    return _Disorder(late, twice)


def _count_twice(names: list[bytes], begin: int) -> Iterator[tuple[int, int]]:
    """Yield the place and the ordinal of every name that stands there more than once."""
    total = Counter(names)
    seen: Counter[bytes] = Counter()
    for place, name in enumerate(names, start=begin):
        if total[name] > 1:
            seen[name] += 1
            yield place, seen[name]
