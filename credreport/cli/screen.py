"""The terminal output: lines for a pipe, tables for a terminal. Nothing from a report is printed raw."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from typing import IO, TextIO, TypeGuard

from credreport.errors import OutputError
from credreport.text import escape_text

_SYSTEM = os.name
LEAST_WIDTH = 40
_LEAST_TITLE = 16
_SHELL_WORD = re.compile(r"(?:'[^']*'|\"[^\"]*\"|\\.|[^\s'\"\\])+")
_LABEL = re.compile(r" {2,4}[A-Z]\w{1,8}: {1,3}(?=\S)")
# Of the 256 colors, a red and an amber that are readable on black and on white (nearly 4:1 or better): the
# yellow of the first eight is not, on white.
_COLORS = (
    (re.compile(r"\bFAIL\b|^error:"), "1;38;5;160"),
    (re.compile(r"\bundetermined\b|^Exit status 3"), "38;5;130"),
)
_SHOW_PROGRESS_AFTER = 1.0


class Screen:
    """Standard output for what was asked, standard error for the rest."""

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, no_color: bool = False
    ) -> None:
        """Remember how much to say. A closed stream swallows what is sent to it."""
        self.quiet = quiet
        self.verbose = verbose
        self.no_color = no_color or bool(os.environ.get("NO_COLOR"))
        self._has_gap = False
        self._is_begun = False

    def say(self, line: str = "", *, is_whole: bool = False) -> None:
        """Print one line of what was asked for; `is_whole` keeps a command one to copy."""
        self._print(sys.stdout, line, is_whole=is_whole)

    def pour(self, parts: Iterable[str]) -> None:
        """Print what was asked for part by part. The caller guarantees printable ASCII."""
        stream = sys.stdout
        if stream is None:
            return
        with _surviving(stream):
            stream.writelines(parts)

    def note(self, line: str = "", *, is_whole: bool = False) -> None:
        """Print one line of everything else, unless quiet; `is_whole` keeps a command one to copy."""
        if self.quiet:
            return
        if self._has_gap and (self._is_begun or has_reader(sys.stderr)):
            self._print(sys.stderr, "")
        self._has_gap, self._is_begun = False, True
        self._print(sys.stderr, line, is_whole=is_whole)

    def gap(self) -> None:
        """Leave a line empty before the next note, if there is one and something above it."""
        self._has_gap = True

    def fail(self, line: str) -> None:
        """Print one line of an error."""
        self._print(sys.stderr, line)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], rights: int) -> None:
        """Print a table; the last `rights` columns hold numbers. A pipe gets aligned ASCII lines."""
        stream = sys.stdout
        cells = [[_to_shown(stream, cell) for cell in row] for row in [headers, *rows]]
        left = len(headers) - rights
        widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
        if has_reader(stream):
            narrower = _fit(cells, widths, left, terminal_width() - 2)
            if narrower is None:
                self._labelled_lines(cells)
                return
            widths = narrower
        lines = [line for row in cells[:1] for line in _to_lines(row, widths, left)]
        if self._is_colored(stream):
            rule = "\u2500" if (stream.encoding or "").lower().startswith("utf") else "-"
            length = sum(widths) + 2 * (len(widths) - 1)
            lines = [*(f"\x1b[1m{line}\x1b[0m" for line in lines), f"  {rule * length}"]
        lines += [
            self._marked(stream, line) for row in cells[1:] for line in _to_lines(row, widths, left)
        ]
        self._write(stream, lines)

    def _labelled_lines(self, cells: Sequence[Sequence[str]]) -> None:
        """Print each row of a table that is too wide as a sentence, labels next to values."""
        headers = [header.lower() for header in cells[0]]
        for row in cells[1:]:
            parts = [
                f"{header} {cell}"
                for header, cell in zip(headers[1:], row[1:], strict=True)
                if cell not in {"", "-"}
            ]
            words = [f"{row[0]}:", *(f"{part}," for part in parts[:-1]), *parts[-1:]]
            lines = _fill(words, terminal_width(), "  ", "    ")
            self._write(sys.stdout, [self._marked(sys.stdout, line) for line in lines])

    def _print(self, stream: TextIO | None, text: str, *, is_whole: bool = False) -> None:
        if stream is None:
            return
        shown = _to_shown(stream, text)
        lines = [shown]
        if stream.isatty():
            lines = wrap_command(shown) if is_whole else _wrap(shown, terminal_width())
        self._write(stream, [self._marked(stream, line) for line in lines])

    def _write(self, stream: TextIO | None, lines: Iterable[str]) -> None:
        if stream is not None:
            with _surviving(stream):
                stream.write("\n".join(lines) + "\n")

    def _is_colored(self, stream: TextIO | None) -> TypeGuard[TextIO]:
        """Whether the stream shows colours. An old console of Windows shows their codes instead."""
        is_console = _SYSTEM == "nt" and not os.environ.get("WT_SESSION")
        return _is_terminal(stream) and not self.no_color and not is_console

    def _marked(self, stream: TextIO | None, line: str) -> str:
        """Return the line with errors and FAIL in red, what is undetermined in amber."""
        if not self._is_colored(stream):
            return line
        for pattern, color in _COLORS:
            line = pattern.sub(f"\x1b[{color}m\\g<0>\x1b[0m", line)
        return line

    @contextmanager
    def progress(self, total: Callable[[], int]) -> Iterator[Callable[[], None] | None]:
        """Yield what to call after each file: on a terminal, a bar appears after a second."""
        if self.quiet or not _is_terminal(sys.stderr):
            yield None
            return
        bar = _Bar(total, no_color=self.no_color)
        try:
            yield bar.advance
        finally:
            bar.close()


class _Bar:
    """A progress bar that is not even imported for a run of less than a second."""

    def __init__(self, total: Callable[[], int], *, no_color: bool) -> None:
        self._total = total
        self._no_color = no_color
        self._started = time.monotonic()
        self._count = 0
        self._close: Callable[[], None] = lambda: None
        self._update: Callable[[int], None] | None = None

    def advance(self) -> None:
        self._count += 1
        if self._update is None and time.monotonic() - self._started > _SHOW_PROGRESS_AFTER:
            self._open()
        if self._update:
            self._update(self._count)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True, no_color=self._no_color)
        progress = Progress(console=console, transient=True)
        task = progress.add_task("Reading", total=self._total())
        progress.start()
        self._close = progress.stop
        self._update = lambda count: progress.update(task, completed=count)

    def close(self) -> None:
        self._close()


def has_reader(stream: IO[str] | None) -> bool:
    """Whether the stream is a terminal, of some width."""
    return stream is not None and stream.isatty()


def _is_terminal(stream: IO[str] | None) -> bool:
    """Whether the stream is a terminal that can show more than plain lines."""
    return stream is not None and has_reader(stream) and os.environ.get("TERM") != "dumb"


def _to_shown(stream: TextIO | None, text: str) -> str:
    """Return one line in letters that the stream can encode; a pipe gets ASCII."""
    is_terminal = stream is not None and stream.isatty()
    encoding = (stream.encoding if stream and is_terminal else "") or "ascii"
    return escape_text(text).encode(encoding, "backslashreplace").decode(encoding)


def terminal_width() -> int:
    """Return the columns of the terminal, or what COLUMNS says, at least 40."""
    return max(shutil.get_terminal_size().columns, LEAST_WIDTH)


def display_width(text: str) -> int:
    """Return how many columns of a terminal the text takes: East Asian letters take two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def _fit(
    cells: Sequence[Sequence[str]], widths: Sequence[int], left: int, room: int
) -> list[int] | None:
    """Return widths of columns that fit the room; None where they cannot without breaking a word.

    Headers of numbers may go on below, between words, and so may a title in the last column.
    """
    if sum(widths) + 2 * (len(widths) - 1) <= room:
        return list(widths)
    numbers = range(left, len(widths))
    found = [
        max(
            max(map(display_width, cells[0][index].split()), default=0),
            max((display_width(row[index]) for row in cells[1:]), default=0),
        )
        if index in numbers
        else width
        for index, width in enumerate(widths)
    ]
    last = len(widths) - 1
    if left > last > 0:
        words = [word for row in cells for word in row[last].split()]
        found[last] = room - sum(found[:last]) - 2 * last
        if found[last] < max(_LEAST_TITLE, *map(display_width, words)):
            return None
    return found if sum(found) + 2 * last <= room else None


def _to_lines(row: Sequence[str], widths: Sequence[int], left: int) -> Iterator[str]:
    """Yield the lines of one row, each cell within its column; the first `left` are flush left."""
    parts = [
        [cell] if display_width(cell) <= width else _fill(cell.split(), width)
        for cell, width in zip(row, widths, strict=True)
    ]
    for line in zip_longest(*parts, fillvalue=""):
        padded = [
            f"{cell}{pad}" if index < left else f"{pad}{cell}"
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
            for pad in [" " * (width - display_width(cell))]
        ]
        yield f"  {'  '.join(padded)}".rstrip()


def _wrap(line: str, width: int) -> list[str]:
    """Return the line in parts that fit, broken between words only; what goes on is indented."""
    if display_width(line) <= width:
        return [line]
    label = _LABEL.match(line)
    if label:  # what goes on is below the text, not below its label
        return _fill(line[label.end() :].split(), width, label[0], " " * label.end())
    if line.startswith("#"):  # a comment of a file to save
        return _fill(line.split(), width, "", "#   ")
    indent = " " * (len(line) - len(line.lstrip(" ")))
    return _fill(line.split(), width, indent, f"{indent}  " if indent else "")


def wrap_command(line: str) -> list[str]:
    """Return a command in parts that a shell joins again when they are copied; whole on Windows."""
    width = terminal_width()
    if _SYSTEM == "nt" or display_width(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip(" ")))
    parts = _fill(_SHELL_WORD.findall(line), width - 2, indent, f"{indent}  ")
    return [*(f"{part} \\" for part in parts[:-1]), parts[-1]]


def _fill(words: Iterable[str], width: int, indent: str = "", more: str = "") -> list[str]:
    """Return lines of as many words as fit; what is too long even alone is split at its spaces."""
    whole: list[str] = []
    for word in words:
        is_long = display_width(f"{more}{word}") > width and not word.startswith(("'", '"'))
        whole += word.split() if is_long else [word]
    parts: list[str] = []
    part, start = indent, indent
    for word in whole:
        longer = f"{part}{word}" if part == start else f"{part} {word}"
        if display_width(longer) > width and part != start:
            parts.append(part)
            longer, start = f"{more}{word}", more
        part = longer
    return [*parts, part]


def flush() -> None:
    """Send out what was printed. Raises OutputError where standard output cannot take it."""
    if sys.stdout is not None:
        with _surviving(sys.stdout):
            sys.stdout.flush()


@contextmanager
def _surviving(stream: TextIO) -> Iterator[None]:
    """Go on when the reader of a pipe has left (`| head`): the exit status still has to be set."""
    try:
        yield
    except OSError as error:
        silence(stream)
        if stream is sys.stdout and not is_closed_pipe(error):
            reason = error.strerror or str(error)
            raise OutputError(f"standard output cannot be written: {reason}") from error


def is_closed_pipe(error: OSError) -> bool:
    """Whether the reader of a pipe has left. Windows calls that an invalid argument."""
    return isinstance(error, BrokenPipeError) or (_SYSTEM == "nt" and error.errno == errno.EINVAL)


def silence(stream: TextIO) -> None:
    """Let what is still to come for the stream, Python's own last flush too, go nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
