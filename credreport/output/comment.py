"""The comment on the ticket: verdict, counts, the worst first, file names and hashes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from credreport.evidence.evidence import Code, Evidence, Line
from credreport.files import sha256
from credreport.output.formats import Files, Options
from credreport.text import escape_text

_JIRA_SPECIAL = "{}[]|*_-+^~?!\\"


@dataclass(frozen=True)
class Markup:
    """How one markup language writes what a comment is made of.

    heading, bullet: what such a line begins with.
    code: a name, to the letter.
    header, row: the lines of a table, from its cells.
    """

    heading: str
    bullet: str
    code: Callable[[str], str]
    header: Callable[[Sequence[str]], list[str]]
    row: Callable[[Sequence[str]], str]


def markdown_code(text: str) -> str:
    """Return the text as a code span: fenced by one back-tick more than stand together in it."""
    shown = escape_text(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    blank = " " if shown.startswith("`") or shown.endswith("`") or shown.strip() != shown else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def jira_code(text: str) -> str:
    """Return the text in Jira's monospace, with every letter that would be markup escaped."""
    escaped = "".join(
        f"\\{letter}" if letter in _JIRA_SPECIAL else letter for letter in escape_text(text)
    )
    return f"{{{{{escaped}}}}}"


_MARKDOWN = Markup(
    heading="## ",
    bullet="- ",
    code=markdown_code,
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
    header=lambda cells: ["||" + "||".join(cells) + "||"],
    row=lambda cells: "|" + "|".join(cells) + "|",
)


def write_md(evidence: Evidence, _: Options, files: Files) -> Files:
    """Return the comment in Markdown."""
    return {f"{evidence.stem}.md": _write(evidence, _MARKDOWN, files)}


def write_jira(evidence: Evidence, _: Options, files: Files) -> Files:
    """Return the comment in Jira's wiki markup."""
    return {f"{evidence.stem}.jira": _write(evidence, _JIRA, files)}


def _write(evidence: Evidence, markup: Markup, files: Files) -> bytes:
    counts = evidence.comment.counts
    lines = [f"{markup.heading}{evidence.title}", "", evidence.verdict, ""]
    lines += markup.header(counts.headers)
    lines += [
        markup.row([str(cell) for cell in row])
        for row in counts.table.itertuples(index=False, name=None)
    ]
    for section in evidence.comment.sections:
        lines += ["", section.heading, ""]
        lines += [f"{markup.bullet}{_join(line, markup)}" for line in section.lines]
        if section.more:
            lines.append(f"{markup.bullet}and {section.more} more: see the workbook")
    lines += ["", f"Tie-out: {'PASS' if evidence.ties_out else 'FAIL'}."]
    inputs = evidence.tables["inputs"]
    hashes = {
        "Evidence": {name: sha256(data) for name, data in files.items()},
        "Inputs": dict(zip(inputs["source_file"], inputs["sha256"], strict=True)),
    }
    for heading, digests in hashes.items():
        lines += ["", f"{heading} (SHA-256):", ""]
        lines += [
            f"{markup.bullet}{markup.code(name)} {markup.code(digest)}"
            for name, digest in digests.items()
        ]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _join(line: Line, markup: Markup) -> str:
    return "".join(markup.code(part.text) if isinstance(part, Code) else part for part in line)
