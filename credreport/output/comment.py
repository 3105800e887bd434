"""The comment on the ticket: verdict, counts, the worst first, accounts, file names and hashes.

It always fits: Jira takes 32,767 characters. Text from outside is put in code spans, where markup
has no effect; so is every word of a sentence that a markup language could interpret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from credreport.evidence.evidence import Code, Evidence, Line, Section
from credreport.files import sha256
from credreport.output.formats import Files
from credreport.output.pictures import Options
from credreport.text import escape_text

MAX_CHARACTERS = 30_000
_MAX_SENTENCES = 4_000
_MAX_NAME = 200
_MAX_INPUTS = 20
_CUT = " [cut]"
# Enough for `and 12345 more: see the workbook` of every section, and the text around it.
_SPARE = 1_000


@dataclass(frozen=True)
class Markup:
    """How one markup language writes the parts of a comment.

    heading, bullet: the beginning of such a line.
    code: a name, shown exactly as it is.
    special: found in every word that the language could read as markup.
    header, row: the lines of a table, from its cells.
    """

    heading: str
    bullet: str
    code: Callable[[str], str]
    special: re.Pattern[str]
    header: Callable[[Sequence[str]], list[str]]
    row: Callable[[Sequence[str]], str]

    def sentence(self, text: str) -> str:
        """Return prose in which nothing is markup: words that could be are put in code spans."""
        return " ".join(map(self._word, _cut(escape_text(text), _MAX_SENTENCES).split(" ")))

    def _word(self, word: str) -> str:
        if not self.special.search(word):
            return word
        name = word.rstrip(",.;")  # what ends a clause is no part of the name
        return self.code(name) + word[len(name) :]

    def line(self, parts: Line) -> str:
        """Return a line of prose and names."""
        return "".join(
            self.code(part.text) if isinstance(part, Code) else self.sentence(part)
            for part in parts
        )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + _CUT


def markdown_code(text: str) -> str:
    """Return the text as a code span: fenced by one backtick more than its longest run of them."""
    shown = _cut(escape_text(text), _MAX_NAME)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    blank = " " if shown.startswith("`") or shown.endswith("`") or shown.strip() != shown else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def jira_code(text: str) -> str:
    """Return the text in Jira's monospace, with every letter that could be markup as its code."""
    shown = _cut(escape_text(text), _MAX_NAME)
    return "{{" + _JIRA_LETTERS.sub(lambda match: f"&#{ord(match[0])};", shown) + "}}"


# A dash or a point is markup at the border of a word only: dates and file names stay readable.
_JIRA_LETTERS = re.compile(
    r"[{}\[\]|*+^~?!\\&<>@()]|:(?=[DP])|(?<![A-Za-z0-9])[-._]|[-._](?![A-Za-z0-9])"
)
_JIRA_ICONS = r"[:;][()DP]|\((?:[xyni/!?+-]|on|off|flag|flagoff)\)"
MARKDOWN = Markup(
    heading="## ",
    bullet="- ",
    code=markdown_code,
    special=re.compile(r"[`*_\[\]<#|~!\\{}@&$^]|://|www\.|:[a-z+-][\w+-]*:"),
    header=lambda cells: [
        "| " + " | ".join(cells) + " |",
        "| --- |" + " ---: |" * (len(cells) - 1),
    ],
    row=lambda cells: "| " + " | ".join(cells) + " |",
)
_JIRA = Markup(
    heading="h2. ",
    bullet="* ",
    code=jira_code,
    special=re.compile(
        r"[{}\[\]|*_^~!\\@&<#]|://|\?\?|(?:^|[^\w])[-+]+\w|\w[-+]+(?:$|[^\w])|" + _JIRA_ICONS
    ),
    header=lambda cells: ["||" + "||".join(cells) + "||"],
    row=lambda cells: "|" + "|".join(cells) + "|",
)


def write_md(evidence: Evidence, options: Options, files: Files) -> Files:
    """Return the comment in Markdown."""
    return {f"{evidence.stem}.md": _write(evidence, MARKDOWN, files, options.kept)}


def write_jira(evidence: Evidence, options: Options, files: Files) -> Files:
    """Return the comment in Jira's wiki markup."""
    return {f"{evidence.stem}.jira": _write(evidence, _JIRA, files, options.kept)}


def _write(evidence: Evidence, markup: Markup, files: Files, kept: Mapping[str, str]) -> bytes:
    counts = evidence.comment.counts
    digests = dict(kept) | {name: sha256(data) for name, data in files.items()}
    start = [markup.heading + markup.sentence(evidence.title), ""]
    start += [markup.sentence(evidence.verdict), "", *markup.header(counts.headers)]
    start += [
        markup.row([markup.sentence(str(cell)) for cell in row])
        for row in counts.table.itertuples(index=False, name=None)
    ]
    end = ["", f"Tie-out: {'PASS' if evidence.ties_out else 'FAIL'}."]
    end += _hashes("Evidence", list(digests.items()), markup)
    read = {
        file: digest
        for name in ("inputs", "baseline")
        if name in evidence.tables
        for file, digest in evidence.tables[name][["source_file", "sha256"]].itertuples(index=False)
    }
    end += _hashes("Inputs", list(read.items())[:_MAX_INPUTS], markup)
    if len(read) > _MAX_INPUTS:
        end.append(f"{markup.bullet}and {len(read) - _MAX_INPUTS} more: see the manifest")
    room = MAX_CHARACTERS - _SPARE - _size([*start, *end])
    lines = [*start]
    for section in evidence.comment.sections:
        rest = markup.sentence(_place_of_rest(evidence.stem, section.table, digests))
        written = _write_section(section, markup, room, rest)
        room -= _size(written)
        lines += written
    return ("\n".join([*lines, *end]) + "\n").encode("utf-8", "backslashreplace")


def _place_of_rest(stem: str, table: str, files: Collection[str]) -> str:
    """Return which of the files has every row of a table."""
    if f"{stem}.xlsx" in files:
        return "see the workbook"
    documents = (f"{stem}.json", f"{stem}.html")
    of_table = f"{stem}-{table}."
    name = next((name for name in files if name in documents or name.startswith(of_table)), "")
    return f"see {name}" if name else "the format xlsx lists them"


def _write_section(section: Section, markup: Markup, room: int, rest: str) -> list[str]:
    """Return the lines for which there is room, how many more there are, and where."""
    lines = ["", markup.sentence(section.heading), ""]
    more = section.more
    for parts in section.lines:
        line = f"{markup.bullet}{markup.line(parts)}"
        if _size([*lines, line]) > room:
            more += 1
        else:
            lines.append(line)
    return [*lines, f"{markup.bullet}and {more} more: {rest}"] if more else lines


def _hashes(heading: str, digests: Sequence[tuple[str, str]], markup: Markup) -> list[str]:
    lines = [
        f"{markup.bullet}{markup.code(name)} {markup.code(digest)}" for name, digest in digests
    ]
    return ["", f"{heading} (SHA-256):", "", *lines]


def _size(lines: Sequence[str]) -> int:
    """Return the length as Jira counts it: in UTF-16 code units, line ends included."""
    return sum(len(line.encode("utf-16-le", "surrogatepass")) // 2 + 1 for line in lines)
