"""The list of accounts that should have a report, with their names and owners (`--accounts`).

A CSV with a header, or the JSON of `aws organizations list-accounts`. Only the account ID is needed.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from credreport.errors import Notice, Problem, UsageError, find_too_wide, problem_lines
from credreport.files import KeyTwiceError, parse_json
from credreport.rules.option_file import OptionFile, read_option_file
from credreport.schema import ACCOUNT_ID

_OPTION = "--accounts"
# Headers in lower case without blanks and signs; the first one that a file has counts.
_HEADERS = {
    "account ID": ("accountid", "awsaccountid", "accountnumber", "awsaccount", "account", "id"),
    "name": ("name", "accountname", "awsaccountname", "alias", "accountalias"),
    "owner": ("owner", "accountowner", "team", "contact"),
    "status": ("status", "state"),
    "ARN": ("arn", "accountarn"),
}
_ID, _NAME, _OWNER, _STATUS, _ARN_CELL = _HEADERS
NO_REPORT = "no report given"
# Keys with which AWS says that an answer goes on.
MORE = ("NextToken", "NextMarker", "IsTruncated")
_EXPECTED = "id, account_id, Account ID or AccountId"
_EXCEL_TEXT = re.compile(r"""^=?(["'])(.*)\1$|^'(.*)$""")
_GROUPED = re.compile(r"([0-9]{4})-([0-9]{4})-([0-9]{4})")
_AN_ID = re.compile(r"[0-9]{4}-?[0-9]{4}-?[0-9]{4}")
_ARN = re.compile(r"(?s)arn:.*/([0-9]{12})")
_ROW_WITHIN = re.compile(r'[0-9]{12}"?[,;|\t]')
_AT_END = re.compile(r"(?:^|[^0-9+])([0-9]{12})\s*$")
# An ID that runs on to a letter, then a delimiter of some list; `INC000012345678` is a ticket.
_RUN_ON = re.compile(r"""(?<=[^\W\d_])(?<![A-Z]{3}(?=000))([0-9]{12})(?=["']?(?:[\s,;|]|$))""")
_NUMBER = re.compile(r"[0-9]{12,}|[0-9]{4}-[0-9]{4}-[0-9]{4}")
# As many of one character as at least stand where a row was overwritten; JSON may be indented.
_FILL = r"([^0-9{delimiter}])\1{{11,}}"
_FILL_OF_JSON = r"(?m)([^0-9 ])\1{11,}|(?<=\S) {12,}|^ {41,}"
_MOST_DOUBTS = 20
_LINE_END = re.compile(r"\r\n?|\n")
_ROUNDED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+|[0-9]+[.,]0+")
_END_IT = "If the list is not cut short there, end the line"
_Row = tuple[int, Mapping[str, str]]


@dataclass(frozen=True)
class Account:
    """One account of the list, in the user's own words. `line` is 0 where the file has no lines."""

    account_id: str
    name: str = ""
    owner: str = ""
    status: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Return `111122223333 (Production, owner team-a, SUSPENDED)`."""
        status = "" if self.status.upper() == "ACTIVE" else self.status
        words = [self.name, f"owner {self.owner}" if self.owner else "", status]
        known = ", ".join(word for word in words if word)
        return f"{self.account_id} ({known})" if known else self.account_id


@dataclass(frozen=True)
class AccountList:
    """The accounts of one file, in its order, and the file; neither where none was given.

    `doubts` are warnings of places where the file may have lost an account.
    """

    accounts: tuple[Account, ...] = ()
    file: OptionFile | None = None
    doubts: tuple[Notice, ...] = ()

    @property
    def origin(self) -> str:
        """The file by name and hash; empty where there is none."""
        return str(self.file) if self.file else ""

    @cached_property
    def by_id(self) -> Mapping[str, Account]:
        """The accounts by their ID."""
        return {account.account_id: account for account in self.accounts}

    def without_report(self, reported: Iterable[str]) -> tuple[Account, ...]:
        """Return the accounts of the list that are not among the account IDs of the reports."""
        known = set(reported)
        return tuple(account for account in self.accounts if account.account_id not in known)

    def not_listed(self, reported: Iterable[str]) -> tuple[str, ...]:
        """Return the account IDs of the reports that the list does not have, each once."""
        return tuple(name for name in dict.fromkeys(reported) if name not in self.by_id)

    def notices(self, reported: Sequence[str]) -> list[Notice]:
        """Return the warnings: accounts without a report or lost, reports of other accounts."""
        if self.file is None:
            return []
        name = self.file.name
        missing = [
            Notice(name, account.line, "account-without-report", f"no report of account {account}")
            for account in self.without_report(reported)
        ]
        return [*missing, *self.doubts] + [
            Notice(name, 0, "account-not-listed", f"{_reported(each)} is not in this list")
            for each in self.not_listed(reported)
        ]


def _reported(account_id: str) -> str:
    return (
        f"account {account_id} has a report, and"
        if account_id
        else "a report's account is unknown, and"
    )


def read_accounts(path: Path) -> AccountList:
    """Read the list, a CSV or the JSON of AWS Organizations.

    Raises UsageError with every line at fault: no column with the account ID, an ID that is not 12
    digits or not that of its ARN, an account twice, a quote that is not closed.
    """
    file, text = read_option_file(path, _OPTION)
    problems: list[Problem] = []
    beside: list[tuple[int, str]] = []
    doubts: list[tuple[int, str]] = []
    read = _read_json if text.lstrip().startswith(("{", "[")) else _read_csv
    found: dict[str, Account] = {}
    rows = 0
    for line, cells in read(file.name, text, problems, beside, doubts):
        rows += 1
        account_id = _to_id(cells[_ID])
        if not ACCOUNT_ID.fullmatch(account_id):
            problems.append(_no_id(file.name, line, cells[_ID]))
        elif (arn := cells.get(_ARN_CELL, "").strip())[-1:].isdigit() and arn[-12:] != account_id:
            message = f"account {account_id} has an ARN that ends in {arn[-12:]!r}"
            remedy = "If one column was sorted or pasted by itself, export the list again"
            problems.append(Problem(file.name, line, 0, message, remedy))
        elif account_id in found:
            first = f" (first on line {found[account_id].line})" if line else ""
            remedy = "List each account once"
            problems.append(
                Problem(file.name, line, 0, f"account {account_id} a second time{first}", remedy)
            )
        else:
            name, owner, status = (cells.get(key, "").strip() for key in (_NAME, _OWNER, _STATUS))
            found[account_id] = Account(account_id, name, owner, status, line)
    names = {(each.line, name) for each in found.values() for name in (each.name, each.owner)}
    for line, cell in dict.fromkeys(beside):
        is_name = bool(line) and (line, cell.strip()) in names
        run_on = [*_RUN_ON.findall(cell), *(_AT_END.findall(cell) if is_name else ())]
        if other := next((each for each in run_on if each not in found), ""):
            message = f"{cell.strip()!r} has the account ID {other} in it, which is not listed"
            remedy = "If two lines became one there, end the first"
            problems.append(Problem(file.name, line, 0, message, remedy))
    *others, last = list(found.values()) or [Account("")]
    whole = [each.status for each in others if each.status.startswith(last.status)]
    if last.status and whole and last.status not in whole and text.endswith(last.status):
        message = f"the last line ends with {last.status!r}, the beginning of {whole[0]!r}"
        problems.append(Problem(file.name, last.line, 0, message, _END_IT))
    if not rows and not problems:
        problems.append(
            Problem(file.name, 0, 0, "no account in it", f"Expected a column {_EXPECTED}")
        )
    if problems:
        lines = problem_lines(sorted(problems))
        raise UsageError(*(f"{_OPTION} {line}" for line in lines))
    doubts += _mentioned(beside, found)
    doubts.sort()
    if more := len(doubts[_MOST_DOUBTS:]):
        doubts[_MOST_DOUBTS:] = [(0, f"and {more} more places where an account may be lost")]
    notices = (Notice(file.name, line, "account-lost", message) for line, message in doubts)
    return AccountList(tuple(found.values()), file, tuple(notices))


def _mentioned(
    beside: Iterable[tuple[int, str]], listed: Container[str]
) -> Iterator[tuple[int, str]]:
    """Yield line and message for each number that may be the ID of an account that is not listed."""
    places: dict[str, int] = {}
    for line, cell in beside:
        for number in _NUMBER.findall(cell):
            digits = number.replace("-", "")
            for each in (digits[-12:], digits[:12]):
                if each not in listed:
                    places.setdefault(each, line)
                    break
    for each, line in places.items():
        yield line, f"{each} may be an account that is not listed"


def _overwritten(text: str, fill: str) -> Iterator[tuple[int, str]]:
    """Yield line and message for each place where one character may have overwritten a row."""
    line, counted = 1, 0
    for found in re.finditer(fill, text):
        line, counted = line + text.count("\n", counted, found.start()), found.start()
        times = f"{len(found[0])} times U+{ord(found[0][0]):04X}"
        yield line, f"{times}: an account may have stood there"


def _read_csv(
    name: str,
    text: str,
    problems: list[Problem],
    beside: list[tuple[int, str]],
    doubts: list[tuple[int, str]],
) -> Iterator[_Row]:
    """Yield line and cells of each row that is not blank; report rows that do not fit.

    All cells with their lines go to `beside`, and what may be a lost row to `doubts`.
    """
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    doubts += _overwritten(text, _FILL.format(delimiter=delimiter))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    places: dict[str, int] | None = None
    width = line = 0
    rows = last = 0
    short: list[tuple[int, str]] = []
    empty: dict[int, bool] = {}
    unended = len(_LINE_END.findall(text)) + 1
    try:
        for row in reader:
            start, line = line + 1, reader.line_num
            if not any(cell.strip() for cell in row):
                empty[start] = bool(row)
                continue
            beside += ((start, cell) for cell in row)
            if line > start:
                problems.append(_open_quote(name, start, f"a quoted cell runs to line {line}"))
            elif places is None:
                places, width = _find_columns(name, start, row, problems), len(row)
                if not places:
                    return
            elif len(row) > width:
                found = f"{len(row)} cells under {width} columns"
                remedy = "Put a name that has the delimiter in it between quotes"
                problems.append(Problem(name, start, 0, found, remedy))
            elif len(row) < width and reader.line_num == unended:
                found = f"the last line ends after {len(row)} of {width} cells"
                problems.append(Problem(name, start, 0, found, _END_IT))
            elif any(map(_ROW_WITHIN.match, row)):
                problems.append(_open_quote(name, start, "a row within a quoted cell"))
            else:
                rows, last = rows + 1, start
                if len(row) < width:
                    short.append((start, f"a row of {len(row)} cells under {width} columns"))
                padded = [*row, *[""] * (width - len(row))]
                yield start, {key: padded[place] for key, place in places.items()}
    except csv.Error as error:
        found = "a quote is not closed" if "end of data" in str(error) else f"not CSV ({error})"
        problems.append(_open_quote(name, line + 1, found))
    gaps = [
        (line, "a line without anything in it")
        for line, has_cells in empty.items()
        if (has_cells or line < last or width == 1) and line - 1 not in empty
    ]
    for few in (short, gaps):
        if 2 * len(few) <= rows + 1:  # more are the manner of the file
            doubts += few
        elif few is short and len(short) == rows:
            doubts.append(short[0])


def _open_quote(name: str, line: int, found: str) -> Problem:
    return Problem(name, line, 0, found, "Close the quote, or write it twice inside quotes")


def _find_columns(
    name: str, line: int, header: Sequence[str], problems: list[Problem]
) -> dict[str, int]:
    """Return the index of each known column; none, and a problem, if none has the account ID."""
    remedy = f"Keep the column {_EXPECTED}; name and owner are optional"
    if too_wide := find_too_wide(name, line, len(header), remedy):
        problems += too_wide
        return {}
    plain = [_plain(cell) for cell in header]
    twice = next((cell for cell, count in Counter(plain).items() if cell and count > 1), None)
    if twice:
        found = f"two columns are called {header[plain.index(twice)]!r}"
        problems.append(Problem(name, line, 0, found, "Leave one of them"))
        return {}
    joined = next((cell for cell in header if _AN_ID.search(cell)), None)
    if joined is not None:
        found = f"the header has an account ID in {joined.strip()!r}"
        problems.append(Problem(name, line, 0, found, "End the line of the header before it"))
        return {}
    places = {
        key: plain.index(next(known for known in names if known in plain))
        for key, names in _HEADERS.items()
        if any(known in plain for known in names)
    }
    if _ID in places:
        return places
    columns = ", ".join(repr(cell.strip()) for cell in header)
    remedy = f"Expected a header with {_EXPECTED}; name and owner are optional"
    problems.append(
        Problem(name, line, 0, f"no column with the account ID among {columns}", remedy)
    )
    return {}


def _plain(header: str) -> str:
    return re.sub(r"[^a-z0-9]", "", header.casefold())


def _read_json(
    name: str,
    text: str,
    problems: list[Problem],
    beside: list[tuple[int, str]],
    doubts: list[tuple[int, str]],
) -> Iterator[_Row]:
    """Yield the accounts of a list of objects, or of the list under `Accounts`.

    All keys and values go to `beside`, and what may be a lost account to `doubts`.
    """
    doubts += _overwritten(text, _FILL_OF_JSON)
    remedy = "Expected the output of `aws organizations list-accounts`"
    try:
        document = parse_json(text)
    except KeyTwiceError as error:
        problems.append(Problem(name, 0, 0, str(error), "Leave one of them"))
        return
    except json.JSONDecodeError as error:
        problems.append(Problem(name, error.lineno, error.colno, "not JSON", remedy))
        return
    except (RecursionError, ValueError):
        problems.append(Problem(name, 0, 0, "not JSON that can be read", remedy))
        return
    beside += ((0, text) for text in _texts_in(document))
    elsewhere = dict.fromkeys(_ids_in(document))
    if isinstance(document, dict):
        told = {_plain(key) for key, value in document.items() if value}
        for key in (each for each in MORE if _plain(each) in told):
            found = f"a part of the list: `{key}` says that there are more accounts"
            again = "Run `aws organizations list-accounts` without --max-items and --no-paginate"
            problems.append(Problem(name, 0, 0, found, again))
        lists = [value for key, value in document.items() if _plain(key) == "accounts"]
        document = lists[0] if len(lists) == 1 else None
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        problems.append(Problem(name, 0, 0, "JSON without a list of accounts", remedy))
        return
    for number, each in enumerate(document, 1):
        places = _find_columns(f"{name}, account {number}", 0, list(each), problems)
        if not places:
            return
        cells = [_to_text(value) for value in each.values()]
        elsewhere.pop(_to_id(cells[places[_ID]]), None)
        yield 0, {key: cells[place] for key, place in places.items()}
    for account_id in elsewhere:
        found = f"account {account_id} is in it, but not as the ID of an account of its list"
        problems.append(Problem(name, 0, 0, found, remedy))


def _ids_in(document: object) -> Iterator[str]:
    """Yield the account IDs in a JSON document where one is expected, a key or by itself, at any depth."""
    waiting = [document]
    while waiting:
        match waiting.pop():
            case list(values):
                waiting += values
            case str(text) if ACCOUNT_ID.fullmatch(text):
                yield text
            case dict(pairs):
                waiting += [*pairs, *(each for each in pairs.values() if not isinstance(each, str))]
                for key, value in pairs.items():
                    of_key = ACCOUNT_ID if _plain(key) in _HEADERS[_ID] else _ARN
                    text = str(value) if isinstance(value, str | int) else ""
                    if match := of_key.fullmatch(text):
                        yield match[match.re.groups]


def _texts_in(document: object) -> Iterator[str]:
    """Yield the keys and values of a JSON document, at any depth."""
    waiting = [document]
    while waiting:
        match waiting.pop():
            case list(values):
                waiting += values
            case dict(pairs):
                waiting += [*pairs, *pairs.values()]
            case value:
                yield str(value)


def _to_text(value: object) -> str:
    return "" if value is None else str(value)


def _to_id(cell: str) -> str:
    """Return the ID without what a spreadsheet or the AWS console puts around it."""
    text = cell.strip()
    quoted = _EXCEL_TEXT.match(text)
    if quoted:
        text = (quoted[2] or quoted[3] or "").strip()
    return _GROUPED.sub(r"\1\2\3", text) if _GROUPED.fullmatch(text) else text


def _no_id(name: str, line: int, cell: str) -> Problem:
    """Say why a cell is not an account ID, as precisely as it shows."""
    text = _to_id(cell)
    found = f"{cell!r} is not an account ID of 12 digits"
    if _ROUNDED.fullmatch(text):
        remedy = "A spreadsheet turned it into a number: export it again with the column as text"
    elif re.fullmatch(r"[0-9]{1,11}", text):
        remedy = (
            "A spreadsheet may have dropped leading zeros: export it again with the column as text"
        )
    elif not text:
        found, remedy = "a row without an account ID", "Add the ID, or take the row out"
    else:
        remedy = "Write 12 digits"
    return Problem(name, line, 0, found, remedy)
