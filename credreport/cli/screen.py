"""What is shown: lines for a pipe, tables for a terminal. Nothing from a report is printed raw."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Literal, TextIO

from credreport.errors import OutputError
from credreport.text import escape_text

_SYSTEM = os.name
_LEAST_WIDTH = 40
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

    def say(self, line: str = "", *, is_whole: bool = False) -> None:
        """Print one line of what was asked for; `is_whole` keeps a command one to copy."""
        _print(sys.stdout, line, is_whole=is_whole)

    def pour(self, parts: Iterable[str]) -> None:
        """Print what was asked for part by part. The caller vouches for ASCII and nothing odd in it."""
        stream = sys.stdout
        if stream is None:
            return
        with _surviving(stream):
            stream.writelines(parts)

    def note(self, line: str = "", *, is_whole: bool = False) -> None:
        """Print one line of everything else, unless quiet; `is_whole` keeps a command one to copy."""
        if not self.quiet:
            _print(sys.stderr, line, is_whole=is_whole)

    def fail(self, line: str) -> None:
        """Print one line of an error."""
        _print(sys.stderr, line)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], rights: int) -> None:
        """Print a table; the last `rights` columns hold numbers. A pipe gets aligned ASCII lines."""
        if _is_terminal(sys.stdout) and not self.no_color:
            self._rich_table(headers, rows, rights)
            return
        cells = [[_to_shown(sys.stdout, cell) for cell in row] for row in [headers, *rows]]
        widths = [max(len(row[place]) for row in cells) for place in range(len(headers))]
        if _has_reader(sys.stdout) and 2 * len(widths) + sum(widths) > _terminal_width():
            self._labelled_lines(headers, rows)
            return
        for row in cells:
            parts = [
                cell.rjust(width) if place >= len(row) - rights else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.say("  " + "  ".join(parts).rstrip())

    def _rich_table(
        self, headers: Sequence[str], rows: Sequence[Sequence[str]], rights: int
    ) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
        table = Table(box=box.SIMPLE_HEAD if is_unicode else box.ASCII, header_style="bold")
        last = len(headers) - 1
        for place, header in enumerate(headers):
            is_right = place > last - rights
            is_long = place == last and not is_right  # a title: it alone may go on below
            justify: Literal["left", "right"] = "right" if is_right else "left"
            table.add_column(header, justify=justify, no_wrap=not is_long, overflow="fold")
        for row in rows:
            table.add_row(*(Text(escape_text(cell)) for cell in row))
        width = _terminal_width()
        console = Console(width=width, highlight=False)
        if console.measure(table, options=console.options.update(width=10_000)).minimum > width:
            self._labelled_lines(headers, rows)
            return
        console.print(table)

    def _labelled_lines(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print each row of a table that is too wide as a sentence."""
        for first, *cells in rows:
            parts = [f"{header} {cell}" for header, cell in zip(headers[1:], cells, strict=True)]
            self.say(f"  {first}: {', '.join(parts)}")

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


def _has_reader(stream: IO[str] | None) -> bool:
    """Whether the stream is a terminal, of some width."""
    return stream is not None and stream.isatty()


def _is_terminal(stream: IO[str] | None) -> bool:
    """Whether the stream is a terminal that can show more than plain lines."""
    return stream is not None and _has_reader(stream) and os.environ.get("TERM") != "dumb"


def _to_shown(stream: TextIO | None, text: str) -> str:
    """Return one line in letters that the stream can encode; a pipe gets ASCII."""
    is_terminal = stream is not None and stream.isatty()
    encoding = (stream.encoding if stream and is_terminal else "") or "ascii"
    return escape_text(text).encode(encoding, "backslashreplace").decode(encoding)


def _print(stream: TextIO | None, text: str, *, is_whole: bool = False) -> None:
    if stream is None:
        return
    shown = _to_shown(stream, text)
    lines = [shown] if is_whole or not stream.isatty() else _wrap(shown, _terminal_width())
    with _surviving(stream):
        stream.write("\n".join(lines) + "\n")


def _terminal_width() -> int:
    return max(shutil.get_terminal_size().columns, _LEAST_WIDTH)


def _wrap(line: str, width: int) -> list[str]:
    """Return the line in parts that fit, broken between words only; what goes on is indented."""
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip(" ")))
    more = indent + "  " if indent else ""
    parts: list[str] = []
    part = indent
    for word in line.split():
        longer = f"{part} {word}" if part.strip() else f"{part}{word}"
        if len(longer) > width and part.strip():
            parts.append(part)
            longer = f"{more}{word}"
        part = longer
    return [*parts, part]


def flush() -> None:
    """Send out what was printed. Raises OutputError where standard output cannot take it."""
    if sys.stdout is not None:
        with _surviving(sys.stdout):
            sys.stdout.flush()


@contextmanager
def _surviving(stream: TextIO) -> Iterator[None]:
    """Go on when the reader of a pipe has left (`| head`): the exit status still has to be told."""
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
