"""The user's TOML files: read whole, every key checked, every mistake reported with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

from credreport.errors import Problem, UsageError, problem_lines
from credreport.rules.option_file import place_of, read_option_file
from credreport.text import as_code

_MAX_BYTES = 1024 * 1024
_MOST_PROBLEMS = 1_000
_SHOWN = 60
# Possessive throughout: one way to match a line, whatever is repeated in it.
_KEY = re.compile(r"""\s*+(["']?+)([^"'=.]*+)\1\s*+[=.]""")
_HEADER = re.compile(r"\s*\[")
_TABLE = re.compile(r"\s*+\[\[?+([^\]]*+)\]")
_HEADING = re.compile(r"""\s*+\[++\s*+(["']?+)([^"'\].]*+)\1\s*+[\].]""")
# Before what somebody took out; a longer row of signs is an ornament that swallowed the line.
_TAKEN_OUT = re.compile(r"""[ \t]*+#(?:["' \t]*+#){0,3}["' \t]*+""")
_ASSIGNED = r"""["']?[ \t]*=[ \t]*(?:["']|[-+]?[0-9]|true|false|\[[ \t]*(?:["'\]]|$))"""
_ASSIGNMENT = re.compile(rf"[a-z]{_ASSIGNED}")
# Blanks that overwrote the end of a line and the beginning of the next.
_GAP = re.compile(rf"(?<![ \t])[ \t]{{12,}}+([\w-]++){_ASSIGNED}")
_ITEM = re.compile(r"""(["'])([^"'\s,#\[\]]++)\1[ \t]*+(?:[,#\]]|$)""")
_ITEMS_TAKEN_OUT = re.compile(r"""(?:[\s#,]|"[^"'\s,#\[\]]++"|'[^"'\s,#\[\]]++')*+""")
_LONG_KEY = re.compile(
    r"""(?<![\w"'.\\-])(?:(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}"""
)
_CR_ALONE = re.compile(r"\r(?!\n)")
_PLACE = re.compile(r"^(?P<found>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)$")
_END = re.compile(r"^(?P<found>.*) \(at end of document\)$")


def suggest(word: str, known: Iterable[str]) -> str:
    """Return a sentence with the known name nearest to the word, or with all if none is near."""
    names = list(known)
    near = difflib.get_close_matches(word[:_SHOWN], names, n=1, cutoff=0.5)
    return f"The nearest is `{near[0]}`" if near else f"Known: {', '.join(names)}"


def shown(value: object) -> str:
    """Return a TOML value as a person wrote it, as far as it fits into a message."""
    match value:
        case dict():
            return "a table"
        case list():
            return "a list"
        case bool():
            return "true" if value else "false"
        case str():
            return _cut(repr(value))
        case date() | time():
            return value.isoformat()
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def as_written(value: object) -> str:
    """Return the value as the file has it, a list with all that is in it."""
    return f"[{', '.join(map(shown, value))}]" if isinstance(value, list) else shown(value)


class TomlFile:
    """One file of settings: its document, and the line of each key for what is wrong with it.

    Raises UsageError for a file that cannot be read; `finish` raises it for all that was reported.
    """

    def __init__(self, path: Path, option: str) -> None:
        """Read the file that `option` named."""
        self._problems: list[Problem] = []
        self.file, text = read_option_file(path, option, _MAX_BYTES)
        if alone := _CR_ALONE.search(text):
            line, column = place_of(text, alone.start())
            found = "a carriage return without a line feed, which ends no line in TOML"
            remedy = "Save the file with the line ends LF or CRLF"
            raise UsageError(str(Problem(self.file.name, line, column, found, remedy)))
        self._lines = text.splitlines()
        self._keys: dict[str, list[int]] = {}
        self._tables: dict[str, list[int]] = {}
        self._headings: dict[str, int] = {}
        self._headers: list[int] = []
        self._index()
        if _LONG_KEY.search(text):  # the parser's time would grow with the square of its parts
            raise self._too_deep()
        try:
            self.document: dict[str, Any] = tomllib.loads(text)
            str(self.document)  # a hexadecimal number may have more digits than Python writes out
        except RecursionError:
            raise self._too_deep() from None
        except ValueError as error:
            raise UsageError(str(self._not_toml(str(error)))) from None

    def _too_deep(self) -> UsageError:
        found = "lists or tables nested too deeply to be settings"
        return UsageError(str(Problem(self.file.name, 0, 0, found, "Remove the nesting")))

    def _not_toml(self, message: str) -> Problem:
        """Turn the parser's message into ours: file, line, column, what was found."""
        place = _PLACE.match(message)
        line, column = (int(place["line"]), int(place["column"])) if place else (0, 0)
        end = _END.match(message)
        if end:
            line = len(self._lines)
        found = (place or end or {"found": "a value that cannot be read"})["found"]
        remedy = "Write strings in quotes, and a day like 2026-01-31"
        return Problem(self.file.name, line, column, f"not TOML ({found})", remedy)

    def report(self, line: int, found: str, remedy: str) -> None:
        """Keep one problem; `finish` raises them all, and so does the thousandth."""
        self._problems.append(Problem(self.file.name, line, 0, found, remedy))
        if len(self._problems) == _MOST_PROBLEMS:
            self.finish()

    def finish(self) -> None:
        """Raise UsageError with a line for each problem, if there are any."""
        if self._problems:
            raise UsageError(*problem_lines(sorted(self._problems)))

    def line_of(self, key: str, table: str = "", number: int = 0) -> int:
        """Return the line where a key is set: at the top, or in the table of that name and number.

        Tables are numbered from 0. If the key is written in some other way, the line where its
        table begins; 0 if nowhere.
        """
        start, end = self._block(table, number)
        places = self._keys.get(key, [])
        first = bisect_left(places, start)
        if first < len(places) and places[first] < end:
            return places[first] + 1
        return start if table else self._headings.get(key, 0)

    def line_in_comment(self, table: str) -> int:
        """Return the line of which a comment has a table's heading, unless it was taken out; 0 if none."""
        name = r"[ \t]*+[.][ \t]*+".join(table.split("."))
        heading = re.compile(rf"\[[ \t]*+{name}[ \t]*+\]")
        for number, line in enumerate(self._lines, 1):
            comment = line.find("#")
            found = heading.search(line, comment) if comment >= 0 else None
            if found and not _TAKEN_OUT.fullmatch(line, 0, found.start()):
                return number
        return 0

    def line_of_value(self, value: str, key: str) -> int:
        """Return the line, at or below the key's, that has the value in quotes."""
        first = self.line_of(key)
        for place in range(max(first - 1, 0), len(self._lines)):
            if f'"{value}"' in self._lines[place] or f"'{value}'" in self._lines[place]:
                return place + 1
        return first

    def _block(self, table: str, number: int) -> tuple[int, int]:
        """Return the indices of a table's first line and of the line after its last."""
        starts = self._tables.get(table, []) if table else [-1]
        if number >= len(starts):
            return 0, len(self._lines)
        start = starts[number]
        after = bisect_right(self._headers, start)
        end = self._headers[after] if after < len(self._headers) else len(self._lines)
        return start + 1, end

    def _index(self) -> None:
        """Record where keys and tables begin, once: a file may have many of both."""
        for place, line in enumerate(self._lines):
            if key := _KEY.match(line):
                self._keys.setdefault(key[2].strip(), []).append(place)
            if _HEADER.match(line):
                self._headers.append(place)
            if table := _TABLE.match(line):
                self._tables.setdefault(table[1].strip(), []).append(place)
            if heading := _HEADING.match(line):
                self._headings.setdefault(heading[2].strip(), place + 1)

    def check_keys(
        self, values: Mapping[str, Any], known: Sequence[str], table: str = "", number: int = 0
    ) -> None:
        """Report every key that is not known, with the nearest that is, and each that a comment holds."""
        for key, value in values.items():
            if key in known and isinstance(value, list):
                first = max(self.line_of(key, table, number) - 1, 0)
                self._find_swallowed_items(first, self._block(table, number)[1], value)
            if key not in known:
                line = self.line_of(key, table, number)
                self.report(line, f"unknown key {as_code(_cut(key))}", suggest(key, known))
        if not table or number < len(self._tables.get(table, ())):
            self._find_swallowed([key for key in known if key not in values], table, number)
            self._find_gaps(known, table, number)

    def _find_gaps(self, known: Sequence[str], table: str, number: int) -> None:
        """Report the end of a key in a comment, behind blanks that overwrote what was before it."""
        start, end = self._block(table, number)
        for place in range(max(start - 1, 0), end):
            code, _, comment = self._lines[place].partition("#")
            gap = _GAP.search(comment) if code.strip() else None
            if gap and any(key.endswith(gap[1]) for key in known):
                found = "a gap in a comment, and a setting behind it"
                self.report(place + 1, found, "Begin a line with it")

    def _find_swallowed(self, missing: Sequence[str], table: str, number: int) -> None:
        """Report a key in a comment or a text, where a line before it has lost its end."""
        start, end = self._block(table, number)
        assigned = re.compile(rf"({'|'.join(missing)}){_ASSIGNED}")
        for place in range(max(start - 1, 0), end) if missing else ():
            line = self._lines[place]
            for match in assigned.finditer(line):
                if not _TAKEN_OUT.fullmatch(line, 0, match.start()):
                    found = f"`{match[1]} =` is part of a comment or a text"
                    self.report(place + 1, found, "Begin a line with it, or take it out")
                    break

    def _find_swallowed_items(self, first: int, end: int, items: Sequence[object]) -> None:
        """Report an item of a list in a comment, where a line before it has lost its end."""
        for place in range(first, end):
            before, _, comment = self._lines[place].partition("#")
            if "]" in before:
                break
            if place > first:
                item = _ITEM.search(_ITEMS_TAKEN_OUT.sub("", comment, count=1))
            else:  # nobody takes one out behind the bracket
                item = _ITEM.match(comment.lstrip("# \t"))
            if item and item[2] not in items:
                found = f"{as_code(_cut(item[2]))} is part of a comment in a list"
                self.report(place + 1, found, "Begin a line with it, or take it out")

    def tables(self, name: str) -> list[dict[str, Any]]:
        """Return the tables written as `[[name]]`; report anything else of that name."""
        for place, line in enumerate(self._lines, 1):
            behind = line.partition("#")[2].partition(f"[[{name}]]")[2]
            if _ASSIGNMENT.search(behind):
                self.report(place, f"`[[{name}]]` is part of a comment", "Begin a line with it")
        tables = self.document.get(name, [])
        if isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
            return tables
        self.report(self.line_of(name), f"`{name}` is not a table", f"Write [[{name}]]")
        return []
