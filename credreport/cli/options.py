"""The options, each declared once with its help, for the commands that have it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from credreport.cli.help import EVIDENCE, INPUT, LARGE_RUNS, OUTPUT, SIGN_OFF, VERDICT
from credreport.output.formats import FORMATS, HELP, NONE
from credreport.schema import SampleOf, SplitBy


class FailOn(StrEnum):
    """What makes the exit status 1."""

    NONE = "none"
    FINDINGS = "findings"


def _complete_format(incomplete: str) -> list[str]:
    """Complete the last of the formats of a list."""
    before, comma, _ = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in (*FORMATS, *([] if comma else [NONE]))]


def _complete_profile() -> list[str]:
    from credreport.rules.profiles import PROFILES

    return [*PROFILES]


def complete_rule() -> list[str]:
    """Return the names of the rules, for the shell."""
    from credreport.rules.catalogue import RULES

    return [*RULES]


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...", help="Reports, directories, globs, archives, or - for standard input."
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=VERDICT,
        metavar="WHEN",
        help="Judge as of this instant, the end of this day (UTC), or `newest`: the newest timestamp of each file.",
    ),
]
UnusedAfter = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=VERDICT,
        metavar="DAYS",
        help="Unused means this many days or more.  [default: that of the profile; 90]",
    ),
]
IncludeRoot = Annotated[
    bool,
    typer.Option("--include-root", rich_help_panel=VERDICT, help="Judge the root user too."),
]
Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        rich_help_panel=EVIDENCE,
        metavar="DIR",
        help="Directory for the evidence.",
    ),
]
FormatList = Annotated[
    str,
    typer.Option(
        "--format",
        rich_help_panel=EVIDENCE,
        metavar="LIST",
        help=HELP,
        autocompletion=_complete_format,
    ),
]
Accounts = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=INPUT,
        metavar="FILE",
        help="CSV or JSON list of the accounts that should have a report.",
    ),
]
PreparedBy = Annotated[
    str,
    typer.Option(rich_help_panel=SIGN_OFF, metavar="TEXT", help="Who prepared the evidence."),
]
Control = Annotated[
    str,
    typer.Option(
        rich_help_panel=SIGN_OFF, metavar="TEXT", help="Control that the evidence is for."
    ),
]
Ticket = Annotated[
    str,
    typer.Option(
        rich_help_panel=SIGN_OFF, metavar="TEXT", help="Ticket that the evidence is attached to."
    ),
]
FailOnOption = Annotated[
    FailOn, typer.Option(rich_help_panel=OUTPUT, help="Exit with 1 when there are open findings.")
]
CsvRaw = Annotated[
    bool,
    typer.Option(
        "--csv-raw", rich_help_panel=EVIDENCE, help="Escape nothing in the CSV: for programs."
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", rich_help_panel=EVIDENCE, help="Replace other evidence of the same name."
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", rich_help_panel=OUTPUT, help="Print one JSON document instead of text."),
]
KeepGoing = Annotated[
    bool,
    typer.Option(
        "--keep-going",
        rich_help_panel=INPUT,
        help="Leave out refused inputs, list them and exit with 3.",
    ),
]
MaxFileSize = Annotated[
    int,
    typer.Option(
        rich_help_panel=INPUT, metavar="MIB", min=1, help="Refuse files larger than this."
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=VERDICT,
        metavar="NAME",
        help="A named set of rules: see `credreport rules`.  [default: conformity]",
        autocompletion=_complete_profile,
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        rich_help_panel=VERDICT,
        metavar="FILE",
        help="TOML file with a profile and your changes to it.",
    ),
]
WaiversFile = Annotated[
    Path | None,
    typer.Option(
        "--waivers",
        rich_help_panel=VERDICT,
        metavar="FILE",
        help="TOML file with exceptions that expire.",
    ),
]
SplitFor = Annotated[
    SplitBy | None,
    typer.Option(
        "--split-by",
        rich_help_panel=EVIDENCE,
        help="Add a workbook for each owner (of --accounts) or account.",
    ),
]
SampleSize = Annotated[
    int | None,
    typer.Option(
        "--sample",
        rich_help_panel=EVIDENCE,
        metavar="N",
        min=1,
        help="Add the sheet Sample: N rows to test by hand, drawn by --seed.",
    ),
]
Seed = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=EVIDENCE,
        metavar="TEXT",
        help="Any text; the same text always draws the same sample.",
    ),
]
SampleFrom = Annotated[
    SampleOf | None,
    typer.Option(
        "--sample-of",
        rich_help_panel=EVIDENCE,
        help="What to draw from.  [default: current]",
    ),
]
CarryFrom = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=EVIDENCE,
        metavar="OLD.xlsx",
        help="Carry over your decisions from the workbook of an earlier run, and check them.",
    ),
]
Mask = Annotated[
    bool,
    typer.Option(
        "--mask",
        rich_help_panel=EVIDENCE,
        help="Replace users, accounts, owners, files and texts with pseudonyms, using --mask-key.",
    ),
]
MaskKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--mask-key",
        rich_help_panel=EVIDENCE,
        metavar="FILE",
        help="File with the key of the pseudonyms; created if it is missing. Keep it secret.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=LARGE_RUNS,
        metavar="N",
        min=1,
        max=256,
        help="Number of processes for many reports; with 1 no other process is started.  [default: one per processor]",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=LARGE_RUNS,
        metavar="URL",
        help="Judge on your own Dask cluster, such as tcp://HOST:8786.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        rich_help_panel=OUTPUT,
        help="Print only the verdict, errors and why the exit status is 3.",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        rich_help_panel=OUTPUT,
        help="Print every warning, and details of an internal error.",
    ),
]
NoColor = Annotated[
    bool, typer.Option("--no-color", rich_help_panel=OUTPUT, help="Print plain text without color.")
]
