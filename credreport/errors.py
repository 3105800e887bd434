"""Errors and warnings: where, what was found, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PROBLEMS_SHOWN = 20
_MOST_LETTERS = 1_000  # of what was found in a file, which may be all of it
MAX_COLUMNS = 1_000  # of any table that is read


@dataclass(frozen=True, order=True)
class Problem:
    """One reason to refuse an input. `line` and `column` count from 1; 0 means the whole file."""

    source: str
    line: int
    column: int
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return `file, line 3, column 4: what was found. What to do.`"""
        place = self.source
        if self.line:
            place += f", line {self.line}"
        if self.column:
            place += f", column {self.column}"
        found = self.found
        if len(found) > _MOST_LETTERS:
            found = f"{found[:_MOST_LETTERS]}…"
        sentence = f"{place}: {found.rstrip('.')}."
        return f"{sentence} {self.remedy.rstrip('.')}." if self.remedy else sentence


def find_too_wide(source: str, line: int, columns: int, remedy: str) -> list[Problem]:
    """Return what is wrong with the header of a table if it has more columns than any that is read."""
    if columns <= MAX_COLUMNS:
        return []
    found = f"{columns} columns, more than {MAX_COLUMNS}"
    return [Problem(source, line, 0, found, remedy)]


@dataclass(frozen=True)
class Notice:
    """A warning: shown, written to the evidence, not fatal. `line` 0 means the whole file."""

    source: str
    line: int
    code: str
    message: str
    is_masked: bool = False

    def __str__(self) -> str:
        """Return `file, line 3: message`."""
        place = f"{self.source}, line {self.line}" if self.line else self.source
        return f"{place}: {self.message}" if place else self.message


class CredreportError(Exception):
    """What the user can correct, one text per line: names in it may contain line ends.

    `exit_code` is what the command line ends with.
    """

    exit_code = 2

    @property
    def lines(self) -> tuple[str, ...]:
        """What is said, line by line."""
        return tuple(map(str, self.args))

    def __str__(self) -> str:
        """Return the lines."""
        return "\n".join(self.lines)


class UsageError(CredreportError):
    """An option or an argument makes no sense."""


class OfJudged(UsageError):
    """What was judged does not fit: with --mask, the names in it are pseudonyms already."""


class OutputError(CredreportError):
    """The evidence cannot be written: nothing was."""


class InputRefused(CredreportError):
    """Inputs that cannot be read as credential reports: `problems` holds all of them.

    `has_others`: without them, something would be left to judge.
    """

    def __init__(self, problems: Iterable[Problem], *, has_others: bool = False) -> None:
        """Keep the problems, in the order of files and lines."""
        self.problems = tuple(problems)
        self.has_others = has_others
        super().__init__(*problem_lines(self.problems))


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    """Return one line per problem, at most twenty per file, then `and 37 more`."""
    by_source: dict[str, list[Problem]] = {}
    for problem in problems:
        by_source.setdefault(problem.source, []).append(problem)
    lines: list[str] = []
    for source, found in by_source.items():
        lines += [str(problem) for problem in found[:PROBLEMS_SHOWN]]
        if len(found) > PROBLEMS_SHOWN:
            lines.append(f"{source}: and {len(found) - PROBLEMS_SHOWN} more")
    return lines
