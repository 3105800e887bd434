"""The one value that feeds every format, so that no two can disagree, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pandas as pd

from credreport.decisions.decision import Review
from credreport.evidence.sample import Sample
from credreport.files import Spool
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy

MAX_POPULATION_ROWS = 100_000
NOTHING = "\u2013"


@dataclass(frozen=True)
class SignOff:
    """What the ticket needs besides the verdict; empty fields are filled in by hand."""

    control: str = ""
    system: str = ""
    prepared_by: str = ""
    ticket: str = ""


@dataclass(frozen=True)
class Aside:
    """Tables too long for memory, as text: their rows in CSV and in JSON, and how many there are.

    `sample` was drawn before they were put aside; `decided` are the credentials, as judged, of the
    users whom a decision names.
    """

    counts: Mapping[str, int]
    csv: Mapping[str, Spool]
    json: Mapping[str, Spool]
    sample: Sample | None = None
    decided: pd.DataFrame | None = None


@dataclass(frozen=True)
class Column:
    """One column of a data sheet.

    header: the text above it.
    source: the column of the sheet's table that it shows.
    kind: `text`, `number`, `date` (an instant) or `day` (a text such as 2026-03-31).
    width: in characters; it grows to `widest` where the longest text needs it.
    is_for_auditor: for the auditor to fill in.
    has_lines: whether its texts may have several lines.
    is_printed: whether it is printed too; columns that are not come last.
    """

    header: str
    source: str
    kind: str = "text"
    width: float = 14
    widest: float = 0
    is_for_auditor: bool = False
    has_lines: bool = False
    is_printed: bool = True


@dataclass(frozen=True)
class Mark:
    """Which rows of a sheet are coloured: those whose cell in the column `source` passes `test`.

    `test` is a formula about `{cell}`, such as `{cell}>0`; the row also says it in words.
    """

    source: str
    test: str
    is_undecided: bool = False


@dataclass(frozen=True)
class Sheet:
    """A data sheet: one table with a header.

    title: its name.
    table: its rows.
    columns: what it shows of them.
    words: the text shown if it has no rows.
    in_full: the table of the evidence that comes as CSV beside the workbook, where the sheet cannot
        show all of it.
    elsewhere: how many rows are only there, and what they are.
    marks: which rows are coloured.
    not_printed: how many of the last rows are left out on paper.
    not_printed_words: what those are, for the head of the page.
    """

    title: str
    table: pd.DataFrame
    columns: tuple[Column, ...]
    words: str
    in_full: str = ""
    elsewhere: str = ""
    marks: tuple[Mark, ...] = ()
    not_printed: int = 0
    not_printed_words: str = ""


@dataclass(frozen=True)
class Chart:
    """A native chart of stacked columns, made from the second and third column of its block."""

    alt_text: str
    x_title: str
    y_title: str


@dataclass(frozen=True)
class Block:
    """A small table below a heading; `words` are shown if it has no rows.

    heading: the line above the table.
    headers: one for each column of the table.
    table: texts, whole numbers and instants, in the order of the headers.
    words: the text in place of an empty table.
    chart: is next to the table.
    missing: the text in place of a missing number.
    details: how many of the last rows the screen leaves out unless everything is asked for.
    details_words: what the screen says in their place.
    """

    heading: str
    headers: tuple[str, ...]
    table: pd.DataFrame
    words: str = ""
    chart: Chart | None = None
    missing: str = NOTHING
    details: int = 0
    details_words: str = ""


@dataclass(frozen=True)
class Page:
    """A sheet of blocks, one below the other; `widths` of its columns in characters."""

    widths: tuple[float, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Captions:
    """The text of a picture: the finding above it, the facts below it."""

    title: str
    caption: str
    unused_after_days: int


@dataclass(frozen=True)
class Picture:
    """What a picture shows: `name` says how it is drawn and ends the name of its file.

    name: one of DRAWERS in `output.charts`.
    title: its heading in the workbook.
    captions: the text on the picture itself.
    table: the numbers.
    days: the dates compared, where there are some.
    alt_text: what it shows in words, with its numbers.
    """

    name: str
    title: str
    captions: Captions
    table: pd.DataFrame
    days: tuple[str, ...] = ()
    alt_text: str = ""


@dataclass(frozen=True)
class Code:
    """A name within a line of the ticket comment, shown exactly as it is."""

    text: str


Line = tuple[str | Code, ...]


@dataclass(frozen=True)
class Section:
    """The first lines of a list in the ticket comment, and how many more `table` has."""

    heading: str
    lines: tuple[Line, ...]
    more: int
    table: str


@dataclass(frozen=True)
class Comment:
    """What the ticket comment says besides title, verdict and hashes: counts and lists."""

    counts: Block
    sections: tuple[Section, ...]


Table = pd.DataFrame | Callable[[], pd.DataFrame]


class Tables(Mapping[str, pd.DataFrame]):
    """Tables by name; one that is slow to make is given as a function, called when it is read."""

    def __init__(self, tables: Mapping[str, Table], aside: Collection[str] = ()) -> None:
        """Take the tables in the order of the JSON document, and the names of those put aside."""
        self._tables: dict[str, Table] = dict(tables)
        self._aside = aside

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return the table of that name. Raises KeyError, also where its rows are in an Aside."""
        if name in self._aside:
            raise KeyError(f"{name}: its rows were put aside as text")
        table = self._tables[name]
        if not isinstance(table, pd.DataFrame):
            table = self._tables[name] = table()
        return table

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._tables)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._tables)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a table, put aside or not."""
        return name in self._tables


@dataclass(frozen=True)
class Standing:
    """The state at the newest date, for formats that report rules and controls.

    policy: the rules in force and their numbers.
    doubts: why no rule is sure to have seen everything, in words; empty where each is.
    rules: one row per rule in force, as `evidence.standing.to_rules` makes it.
    findings: the columns of FINDINGS and `as_of`.
    undetermined: the columns of UNDETERMINED, the account's name and owner, `as_of`, and `rules`: the
        IDs of the rules that have no verdict.
    waivers: the user's waivers with their state.
    inputs: the reports judged, with their hashes.
    closed: what was found at an older date and is closed, where there is one.
    """

    policy: Policy
    doubts: tuple[str, ...]
    rules: pd.DataFrame
    findings: pd.DataFrame
    undetermined: pd.DataFrame
    waivers: pd.DataFrame
    inputs: pd.DataFrame
    closed: pd.DataFrame


@dataclass(frozen=True)
class Evidence:
    """Facts and tables of an analysis or a comparison, ready for any format.

    stem: what the names of its files begin with.
    heading: what the evidence is about.
    title: the verdict in a few words.
    sentences: the verdict, one sentence each: names from outside may hold what ends a sentence.
    facts: labels and texts.
    sign_off: the block for the ticket.
    parameters: what the run was asked.
    ties_out: whether every row is accounted for.
    as_of: the newest as-of of its reports.
    option_files: the user's own files that decided something, by what they are.
    tables: what machines read, by the names of the JSON document; times are UTC instants.
    csv_tables: which of the tables the format `csv` writes.
    summary, inputs, method: the first and the last sheets of the workbook.
    make_sheets: makes those between, for the formats that have them.
    pictures: what is drawn.
    comment: the ticket comment.
    make_script: makes the remediation script, given the verdict.
    make_standing: makes the state at the newest date, rule by rule.
    shown: the tables on the screen.
    footnotes: the lines below them.
    review: the decisions carried over, where there are some.
    not_drawn: for each picture that is left out, why.
    make_parts: makes the evidence of each owner or account, where that is asked for.
    aside: what is missing in `tables` where a population is too long for memory.
    """

    stem: str
    heading: str
    title: str
    sentences: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    sign_off: SignOff
    parameters: Mapping[str, object]
    ties_out: bool
    as_of: datetime
    option_files: Mapping[str, OptionFile]
    tables: Tables
    csv_tables: tuple[str, ...]
    summary: Page
    make_sheets: Callable[[], tuple[Sheet, ...]]
    inputs: Page
    method: pd.DataFrame
    pictures: tuple[Picture, ...]
    comment: Comment
    make_script: Callable[[str], str]
    make_standing: Callable[[], Standing]
    shown: tuple[Block, ...]
    footnotes: tuple[str, ...] = ()
    review: Review | None = None
    not_drawn: tuple[str, ...] = ()
    aside: Aside | None = None
    make_parts: Callable[[], tuple[Evidence, ...]] = tuple

    @property
    def verdict(self) -> str:
        """The verdict in whole sentences."""
        return " ".join(self.sentences)

    @cached_property
    def parts(self) -> tuple[Evidence, ...]:
        """The evidence of each owner or account, which the format xlsx writes beside the whole."""
        return self.make_parts()

    @cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        """The sheets of the workbook with a table each, in their order."""
        return self.make_sheets()

    @cached_property
    def script(self) -> str:
        """The remediation script."""
        return self.make_script(self.verdict)

    @cached_property
    def standing(self) -> Standing:
        """The state at the newest date, rule by rule."""
        return self.make_standing()


def is_too_long(rows: int) -> bool:
    """Whether a population has too many rows for a sheet: it is in a CSV beside the workbook."""
    return rows > MAX_POPULATION_ROWS
