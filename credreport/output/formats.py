"""FORMATS: the output formats, each registered once, in the order they are written.

`--help`, both commands, and which files among the inputs are known as the program's own by their
names follow from it. Nothing here is slow to import: a writer is named, not imported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from credreport.errors import UsageError
from credreport.files import Content

NONE = "none"
# The formats that show pictures, and the form in which they need them.
WITH_PICTURES = {"xlsx": "png", "png": "png", "svg": "svg", "html": "svg"}
DEFAULT = "xlsx,png"
MANIFEST = "-manifest.json"
SUMS = "SHA256SUMS"
SUM_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")  # hash and name
# How a run names its evidence: accounts, as-of, profile or days, what else was asked. A comparison
# has two dates; version 0.1.0 put nothing behind them.
_ACCOUNTS = r"(?:[0-9]{12}|[0-9]+-accounts|unknown-account)"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_AS_OF = rf"{_DAY}(?:T[0-9]{{6}}Z)?(?:-newest)?"
_PROFILE = r"(?:all|aws-fsbp|cis-[0-9.]+|essential-eight|fedramp-(?:high|moderate)|pci-[0-9.]+)"
_QUESTION = (
    rf"-(?:[0-9]+d|{_PROFILE}(?:-[0-9]+d)?)(?:-with-root)?(?:-[a-z]+-[0-9a-f]{{8}})*"
    rf"(?:-since-{_DAY})?(?:-masked)?(?:-by-(?:owner|account)-[A-Za-z0-9-]+)?"
)
STEM = (
    rf"credreport-(?:{_ACCOUNTS}-{_AS_OF}{_QUESTION}"
    rf"|compare-{_ACCOUNTS}-{_AS_OF}-{_AS_OF}(?:{_QUESTION})?)"
)
_HOME = "credreport.output."

Files = dict[str, Content]


@dataclass(frozen=True)
class Format:
    """One form of the evidence.

    name: its name in `--format`.
    endings: what the names of its files have after the stem; `*` is the name of a table or picture.
    purpose: what it is for, as in the README.
    writer: `module:function` in this package. The function takes the evidence, the Options and the
        files made before it, and returns its own files.
    is_comment: whether it is the comment on the ticket, which names the others' hashes and is
        written after them and after the manifest.
    start: a regular expression for the first bytes of its files, after a BOM and blanks. By these and
        their names the next run recognises the program's own files among its inputs. Empty for a
        table: those are known by their columns (`reports/own_output`).
    """

    name: str
    endings: tuple[str, ...]
    purpose: str
    writer: str
    start: str
    is_comment: bool = False

    @property
    def home(self) -> tuple[str, str]:
        """The writer's module and name."""
        module, _, function = self.writer.partition(":")
        return f"{_HOME}{module}", function

    @property
    def pattern(self) -> str:
        """The pattern of the endings of its files' names."""
        return "|".join(re.escape(ending).replace(r"\*", ".+") for ending in self.endings)


_ALL = (
    Format(
        "xlsx",
        (".xlsx",),
        "the attachment of the ticket; tables too long for a sheet are written as CSV beside it",
        "workbook.book:write_xlsx",
        start=r"PK\x03\x04",
    ),
    Format("png", ("-*.png",), "the pictures", "pictures:write_png", start=r"\x89PNG"),
    Format(
        "svg", ("-*.svg",), "the pictures, text as text", "pictures:write_svg", start=r"<\?xml "
    ),
    Format(
        "csv", ("-*.csv",), "other programs, one file per table", "csv_file:write_csv", start=""
    ),
    Format(
        "json",
        (".json",),
        "other programs: every table and fact",
        "json_file:write_json",
        start=r'\{\s*"schema_version":\s*[0-9]+,\s*"generator":\s*"credreport"',
    ),
    Format(
        "oscal",
        (".oscal.json",),
        "NIST OSCAL assessment results: one finding per control, one observation per finding",
        "oscal:write_oscal",
        start=r'\{\s*"assessment-results":\s*\{\s*"uuid"',
    ),
    Format(
        "ocsf",
        (".ocsf.jsonl",),
        "a SIEM: OCSF compliance findings, one JSON object per line",
        "ocsf:write_ocsf",
        start=r'\{"activity_id": 1,',
    ),
    Format(
        "sh",
        ("-remediate.sh",),
        "the remediation script, to review before use",
        "script:write_sh",
        start="#!/bin/sh\n",
    ),
    Format(
        "html",
        (".html",),
        "one page to read in a browser, with search, filter and sort by keyboard",
        "page.page:write_html",
        start="<!DOCTYPE html>",
    ),
    Format(
        "md",
        (".md",),
        "the comment on the ticket",
        "comment:write_md",
        is_comment=True,
        start="## ",
    ),
    Format(
        "jira",
        (".jira",),
        "the comment in Jira's wiki markup",
        "comment:write_jira",
        is_comment=True,
        start=r"h2\. ",
    ),
)
FORMATS = {each.name: each for each in _ALL}
HELP = f"Comma-separated list of formats: {', '.join(FORMATS)}, or {NONE}."


def parse_formats(text: str) -> tuple[str, ...]:
    """Return the formats of `--format xlsx,png`; `none` is no format. Raises UsageError."""
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if names == (NONE,):
        return ()
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        known = ", ".join([*FORMATS, NONE])
        raise UsageError(f"--format {text!r}: choose from {known}, separated by commas")
    return names


def own_output(stem: str = "credreport-.+") -> re.Pattern[str]:
    """Return the pattern of the names of files that the program wrote, or that look like them."""
    patterns = "|".join([*(each.pattern for each in FORMATS.values()), re.escape(MANIFEST)])
    return re.compile(f"{stem}(?:{patterns})|{SUMS}")


def own_start(name: str) -> re.Pattern[bytes]:
    """Return the pattern of the first bytes of a file that the program gave that name."""
    own = (each for each in FORMATS.values() if re.fullmatch(f"{STEM}(?:{each.pattern})", name))
    start = next(own, FORMATS["json"]).start  # the manifest is JSON, too
    return re.compile((start or "(?!)").encode("latin-1"))
