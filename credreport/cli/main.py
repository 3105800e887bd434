"""The command line: parse, call, print, exit. The story on one screen; nothing heavy at the top."""

from __future__ import annotations

import functools
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

import credreport as package
from credreport.cli.help import (
    EVIDENCE,
    INPUT,
    LARGE_RUNS,
    OUTPUT,
    SIGN_OFF,
    VERDICT,
    Command,
    Group,
)
from credreport.cli.screen import Screen, flush, is_closed_pipe, silence
from credreport.errors import (
    PROBLEMS_SHOWN,
    CredreportError,
    InputRefused,
    OutputError,
    UsageError,
    problem_lines,
)
from credreport.output.formats import DEFAULT, FORMATS, HELP, NONE, Files, Options, parse_formats

if TYPE_CHECKING:
    from datetime import datetime

    from credreport.comparison.comparison import Comparison
    from credreport.evidence.evidence import Evidence
    from credreport.output.render import Closing
    from credreport.reports.inputs import Skipped
    from credreport.reports.selection import Population
    from credreport.rules.accounts import AccountList
    from credreport.rules.policy import Policy
    from credreport.rules.waivers import Waivers
    from credreport.runs.pool import Pool
    from credreport.verdicts.assessment import Assessment
    from credreport.verdicts.tally import Totals

FINDINGS_OPEN = 1
INCOMPLETE = 3
BUG = 70
INTERRUPTED = 130
_COMPLETE = "_CREDREPORT_COMPLETE"
_SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
_ISSUES = "please report it with this line and what `credreport inspect` says of the input"

app = typer.Typer(
    name="credreport",
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
P = ParamSpec("P")


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


def _complete_rule() -> list[str]:
    from credreport.rules.catalogue import RULES

    return [*RULES]


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT", help="A report, a directory, a glob, a zip, or - for standard input."
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=VERDICT,
        metavar="WHEN",
        help="Judge at this instant, at the end of this day (UTC), or at each file's `newest` timestamp.",
    ),
]
UnusedAfter = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=VERDICT,
        metavar="DAYS",
        help="Unused means this many days or more.  [default: the profile's; 90]",
    ),
]
IncludeRoot = Annotated[
    bool,
    typer.Option(
        "--include-root", rich_help_panel=VERDICT, help="Judge the root account like any other."
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", rich_help_panel=EVIDENCE, metavar="DIR", help="Where the evidence goes."
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
        help="CSV or JSON: the accounts that ought to have a report.",
    ),
]
SignedOff = Annotated[
    str, typer.Option(rich_help_panel=SIGN_OFF, metavar="TEXT", help="For the sign-off block.")
]
FailOnOption = Annotated[
    FailOn, typer.Option(rich_help_panel=OUTPUT, help="Exit 1 when there are open findings.")
]
CsvRaw = Annotated[
    bool,
    typer.Option("--csv-raw", rich_help_panel=EVIDENCE, help="No guard on text cells of the CSV."),
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
        "--keep-going", rich_help_panel=INPUT, help="Leave refused inputs out, list them, exit 3."
    ),
]
MaxFileSize = Annotated[
    int, typer.Option(rich_help_panel=INPUT, metavar="MIB", min=1, help="Refuse larger files.")
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
        help="TOML: a profile, and what differs from it.",
    ),
]
WaiversFile = Annotated[
    Path | None,
    typer.Option(
        "--waivers", rich_help_panel=VERDICT, metavar="FILE", help="TOML: dated exceptions."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=LARGE_RUNS,
        metavar="N",
        min=1,
        max=256,
        help="Processes for many reports.  [default: one a processor]",
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
    typer.Option("--quiet", "-q", rich_help_panel=OUTPUT, help="Only the verdict, and errors."),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        rich_help_panel=OUTPUT,
        help="Every warning; details of an internal error.",
    ),
]
NoColor = Annotated[
    bool, typer.Option("--no-color", rich_help_panel=OUTPUT, help="Plain lines on a terminal, too.")
]


def _ending(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command returns or raises into its exit status; the one place that shows errors."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        screen = Screen()
        try:
            status = command(*args, **kwargs)
            flush()
        except InputRefused as refusal:
            for line in problem_lines(refusal.problems):
                screen.fail(f"error: {line}")
            files = len({problem.source for problem in refusal.problems})
            hint = "; --keep-going leaves them out" if not kwargs.get("keep_going") else ""
            screen.fail(f"{files} input{'s' * (files != 1)} refused, nothing written{hint}")
            status = refusal.exit_code
        except CredreportError as error:
            for line in str(error).split("\n"):
                screen.fail(f"error: {line}")
            status = error.exit_code
        except KeyboardInterrupt:
            screen.fail("interrupted; nothing half-written")
            status = INTERRUPTED
        except OSError as error:  # one that nobody nearer knew a better word for
            about = f"{error.filename}: " if error.filename else ""
            screen.fail(f"error: {about}{error.strerror or error}; nothing was written")
            status = OutputError.exit_code
        except MemoryError:
            screen.fail(
                "error: not enough memory; nothing was written. "
                "Use fewer --workers, or fewer files at a time"
            )
            status = OutputError.exit_code
        except Exception as error:
            if kwargs.get("verbose"):
                for line in traceback.format_exc().splitlines():
                    screen.fail(line)
            screen.fail(
                f"error: internal error of credreport {package.__version__}: {error!r}; {_ISSUES}"
            )
            status = BUG
        raise typer.Exit(status)

    return run


def _show_version(wanted: bool) -> None:
    if wanted:
        Screen().say(f"credreport {package.__version__}")
        raise typer.Exit


@app.callback()
def credreport(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Find unused AWS IAM credentials in credential reports, offline, with evidence for the ticket."""


@app.command(
    cls=Command,
    epilog=(
        "credreport analyze reports/\n"
        "credreport analyze reports/ --profile cis-5.0 --format xlsx,sh -o evidence/june"
    ),
)
@_ending
def analyze(
    inputs: Inputs,
    *,
    output: Output = Path("evidence"),
    formats: FormatList = DEFAULT,
    unused_after: UnusedAfter = None,
    profile: Profile = None,
    policy_file: PolicyFile = None,
    waivers_file: WaiversFile = None,
    as_of: AsOf = None,
    include_root: IncludeRoot = False,
    accounts: Accounts = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=INPUT,
            metavar="OLD",
            help="An older report or directory: adds the sheet Changes.",
        ),
    ] = None,
    prepared_by: SignedOff = "",
    control: SignedOff = "",
    ticket: SignedOff = "",
    fail_on: FailOnOption = FailOn.NONE,
    keep_going: KeepGoing = False,
    max_file_size: MaxFileSize = 64,
    expect_users: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=INPUT,
            metavar="N",
            min=0,
            help="Refuse other than N IAM users (root apart).",
        ),
    ] = None,
    csv_raw: CsvRaw = False,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: AsJson = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> int:
    """Judge every password and access key; write the workbook and the pictures."""
    screen = Screen(quiet=quiet, verbose=verbose, no_color=no_color)
    wanted = parse_formats(formats)
    options = Options(csv_raw=csv_raw)
    policy = _policy(unused_after, profile, policy_file, include_root=include_root)
    waivers = _waivers(waivers_file)
    named = _accounts(accounts)
    from credreport.evidence.evidence import SignOff
    from credreport.evidence.of_analysis import of_analysis
    from credreport.runs.analyze import Asked, analyze_inputs

    asked = Asked(
        policy,
        waivers,
        as_of=_as_of(as_of),
        has_baseline=baseline is not None,
        csv=bool({"csv", "xlsx"} & set(wanted)),
        json="json" in wanted or as_json,
        options=options,
        accounts=named,
    )
    assessment, aside = analyze_inputs(
        inputs,
        asked,
        keep_going=keep_going,
        max_bytes=max_file_size * 1024 * 1024,
        pool=_pool(workers, cluster),
        progress=screen.progress,
    )
    assessment = assessment.check_accounts(named)
    _expect_users(assessment, expect_users)
    sign_off = SignOff(control=control, prepared_by=prepared_by, ticket=ticket)
    since: Comparison | None = None
    if baseline is not None:
        since = _compare_baseline(
            baseline, assessment, waivers, screen, max_file_size, keep_going=keep_going
        )
    return _deliver(
        screen,
        of_analysis(assessment, sign_off, aside, since),
        assessment if since is None else since,
        wanted,
        options,
        output=output,
        inputs=inputs if baseline is None else [*inputs, str(baseline)],
        force=force,
        as_json=as_json,
        fail_on=fail_on,
    )


@app.command(
    cls=Command,
    epilog=(
        "credreport compare reports/june reports/july\ncredreport compare reports/ -o evidence/tree"
    ),
)
@_ending
def compare(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="OLD NEW [MORE...]",
            help="Reports, directories, globs, zips, in any order; or a tree of dates.",
        ),
    ],
    *,
    output: Output = Path("evidence"),
    formats: FormatList = DEFAULT,
    unused_after: UnusedAfter = None,
    profile: Profile = None,
    policy_file: PolicyFile = None,
    waivers_file: WaiversFile = None,
    as_of: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=VERDICT,
            metavar="WHEN",
            help="Once for each input, in order: judge it at this instant or day (UTC).",
        ),
    ] = None,
    include_root: IncludeRoot = False,
    accounts: Accounts = None,
    prepared_by: SignedOff = "",
    control: SignedOff = "",
    ticket: SignedOff = "",
    fail_on: FailOnOption = FailOn.NONE,
    keep_going: KeepGoing = False,
    max_file_size: MaxFileSize = 64,
    csv_raw: CsvRaw = False,
    as_json: AsJson = False,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> int:
    """Tell what was fixed and what is new between the dates of the reports."""
    screen = Screen(quiet=quiet, verbose=verbose, no_color=no_color)
    wanted = parse_formats(formats)
    policy = _policy(unused_after, profile, policy_file, include_root=include_root)
    waivers = _waivers(waivers_file)
    named = _accounts(accounts)
    dates = _read_dates(inputs, screen, as_of or [], max_file_size, keep_going=keep_going)
    from credreport.comparison.comparison import compare_all
    from credreport.evidence.evidence import SignOff
    from credreport.evidence.of_comparison import of_comparison
    from credreport.verdicts.assessment import assess

    comparison = compare_all(
        [assess(date, policy, waivers).check_accounts(named) for date in dates]
    )
    sign_off = SignOff(control=control, prepared_by=prepared_by, ticket=ticket)
    return _deliver(
        screen,
        of_comparison(comparison, sign_off),
        comparison,
        wanted,
        Options(csv_raw=csv_raw),
        output=output,
        inputs=inputs,
        force=force,
        as_json=as_json,
        fail_on=fail_on,
    )


@app.command(
    cls=Command, epilog=("credreport inspect reports.zip\ncredreport inspect reports/ --json")
)
@_ending
def inspect(
    inputs: Inputs,
    *,
    as_of: AsOf = None,
    unused_after: UnusedAfter = None,
    include_root: IncludeRoot = False,
    as_json: AsJson = False,
    keep_going: KeepGoing = False,
    max_file_size: MaxFileSize = 64,
    workers: Workers = None,
    cluster: Cluster = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> int:
    """Say what the inputs are: whose, from when, how big, anything odd, counts. Writes nothing."""
    screen = Screen(quiet=quiet, verbose=verbose, no_color=no_color)
    policy = _policy(unused_after, include_root=include_root)
    from credreport.reports.inputs import count_inputs
    from credreport.runs.inspect import Question, json_parts, report_lines
    from credreport.runs.inspect import inspect as inspect_inputs
    from credreport.verdicts.tally import to_verdict

    with screen.progress(lambda: count_inputs(inputs)) as progress:
        inspection = inspect_inputs(
            inputs,
            Question(_as_of(as_of), policy.unused_after_days, policy.include_root),
            keep_going=keep_going,
            max_bytes=max_file_size * 1024 * 1024,
            pool=_pool(workers, cluster),
            progress=progress,
        )
    totals = inspection.totals
    if as_json:
        screen.pour(json_parts(inspection))
    else:
        for line in [] if quiet else report_lines(totals):
            screen.say(line)
        screen.say(to_verdict(totals))
    _show_undetermined(screen, inspection.undetermined_rows())
    _show_warnings(screen, totals)
    return _end(screen, totals.doubts(), has_open_findings=False)


@app.command(cls=Command, epilog=("credreport rules\ncredreport rules unused-access-key"))
@_ending
def rules(
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="[RULE]",
            help="One rule, whole.",
            show_default=False,
            autocompletion=_complete_rule,
        ),
    ] = None,
    *,
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """Show the catalogue of rules and profiles, or one rule whole."""
    from credreport.cli.rule_pages import describe, list_profiles, list_rules, to_document

    screen = Screen(no_color=no_color)
    if as_json:
        import json

        screen.pour([json.dumps(to_document(rule), indent=1), "\n"])
        return 0
    if rule is not None:
        for line in describe(rule):
            screen.say(line)
        return 0
    screen.table(["Rule", "Severity", "Fires", "Title"], list_rules(), rights=0)
    screen.say()
    screen.table(["Profile", "Rules", "Unused after", "Title"], list_profiles(), rights=0)
    return 0


@app.command(
    cls=Command,
    epilog=(
        "credreport waivers > waivers.toml\ncredreport analyze reports/ --waivers waivers.toml"
    ),
)
@_ending
def waivers() -> int:
    """Print a commented template of a waivers file."""
    from credreport.rules.waivers import TEMPLATE

    screen = Screen()
    for line in TEMPLATE.splitlines():
        screen.say(line)
    return 0


def _policy(
    unused_after: int | None,
    profile: str | None = None,
    path: Path | None = None,
    *,
    include_root: bool,
) -> Policy:
    from credreport.rules.policy import load_policy

    return load_policy(
        path, profile=profile, unused_after_days=unused_after, include_root=include_root
    )


def _waivers(path: Path | None) -> Waivers:
    from credreport.rules.waivers import Waivers, load_waivers

    return Waivers() if path is None else load_waivers(path)


def _expect_users(assessment: Assessment, expected: int | None) -> None:
    """Refuse reports that lost or gained rows, which nothing in a file can show."""
    found = assessment.iam_user_count
    if expected is not None and found != expected:
        message = (
            f"--expect-users {expected}, but the reports hold {found} IAM users (root apart): rows "
            "were cut off or added, or a report is missing. Download the reports again"
        )
        raise UsageError(message)


def _accounts(path: Path | None) -> AccountList:
    from credreport.rules.accounts import AccountList, read_accounts

    return AccountList() if path is None else read_accounts(path)


def _as_of(text: str | None) -> datetime | str | None:
    from credreport.reports.selection import parse_as_of

    return None if text is None else parse_as_of(text)


def _read_dates(
    inputs: list[str], screen: Screen, as_of: list[str], max_mib: int, *, keep_going: bool
) -> tuple[Population, ...]:
    from credreport.reports.by_date import read_dates
    from credreport.reports.inputs import count_inputs

    with screen.progress(lambda: count_inputs(inputs)) as progress:
        return read_dates(
            inputs,
            as_of=as_of,
            keep_going=keep_going,
            max_bytes=max_mib * 1024 * 1024,
            progress=progress,
        )


def _compare_baseline(
    baseline: Path,
    assessment: Assessment,
    waivers: Waivers,
    screen: Screen,
    max_mib: int,
    *,
    keep_going: bool,
) -> Comparison:
    """Judge the baseline by the same policy and waivers and by its own stamps; compare what is judged with it."""
    from credreport.comparison.comparison import compare
    from credreport.reports.inputs import count_inputs
    from credreport.reports.selection import read_reports
    from credreport.verdicts.assessment import assess

    with screen.progress(lambda: count_inputs([str(baseline)])) as progress:
        older = read_reports(
            [baseline],
            keep_going=keep_going,
            max_bytes=max_mib * 1024 * 1024,
            progress=progress,
        )
    comparison = compare(assess(older, assessment.policy, waivers), assessment)
    if comparison.newest is not assessment:
        message = f"--baseline {baseline}: it is newer than what is judged; name the older one"
        raise UsageError(message)
    return comparison


def _deliver(
    screen: Screen,
    evidence: Evidence,
    judged: Assessment | Comparison,
    formats: Sequence[str],
    options: Options,
    *,
    output: Path,
    inputs: Sequence[str],
    force: bool,
    as_json: bool,
    fail_on: FailOn,
) -> int:
    """Write the files, print the rest, return the exit status: how every command with evidence ends."""
    from credreport.output.disk import write_all
    from credreport.output.render import close, make

    written: list[Path] = []
    closing: Closing | None = None

    def complete(directory: Path) -> tuple[Files, frozenset[str]]:
        nonlocal closing
        closing = close(evidence, formats, options, files, directory)
        return closing.files, closing.replaceable

    if formats:
        files = make(evidence, formats, options)
        written = write_all(output, files, force=force, inputs=inputs, complete=complete)
    try:
        _report(screen, evidence, judged, formats, written, closing=closing, as_json=as_json)
        flush()
    except (OutputError, OSError) as error:
        if not written:
            raise
        count = f"{len(written)} file{'s' * (len(written) != 1)}"
        screen.fail(f"error: {error}; the evidence is complete: {count} in {output}")
        return INCOMPLETE
    is_failing = fail_on is FailOn.FINDINGS and judged.has_open_findings
    return _end(screen, judged.doubts, has_open_findings=is_failing)


def _report(
    screen: Screen,
    evidence: Evidence,
    judged: Assessment | Comparison,
    formats: Sequence[str],
    written: list[Path],
    *,
    closing: Closing | None,
    as_json: bool,
) -> None:
    """Print what was found and what was written."""
    from credreport.output.json_file import to_json_parts
    from credreport.reports.normalise import to_rows

    if as_json:
        screen.pour(to_json_parts(evidence))
    else:
        _show(screen, evidence)
    _show_files(screen, written, lambda: _next_command(written, evidence, formats))
    if closing:
        _show_stale(screen, written, closing, evidence.stem)
    if "undetermined" in evidence.tables:
        _show_undetermined(screen, to_rows(evidence.tables["undetermined"]))
    _show_warnings(screen, judged)


def _show(screen: Screen, evidence: Evidence) -> None:
    """Print the verdict and the small tables."""
    screen.say(evidence.verdict)
    if not screen.quiet:
        for block in evidence.shown:
            screen.say()
            if block.heading:
                screen.say(block.heading)
            cells = block.table.astype("str").where(block.table.notna(), block.missing)
            rows = cells.to_numpy().tolist()
            if block.details and not screen.verbose:
                rows = rows[: -block.details]
            numbers = sum(dtype.kind == "i" for dtype in block.table.dtypes)
            screen.table(block.headers, rows, rights=numbers)
    for line in evidence.footnotes:
        screen.say(line)


def _show_files(screen: Screen, written: list[Path], next_command: Callable[[], str]) -> None:
    if not written:
        return
    screen.note()
    screen.note("Written:")
    for path in written:
        screen.note(f"  {path}")
    screen.note()
    screen.note(f"Next: {next_command()}", is_whole=True)


def _show_stale(screen: Screen, written: list[Path], closing: Closing, stem: str) -> None:
    """Name the files of the same name that are of another question, or not as they were written."""
    (folder,) = {path.parent for path in written}
    for name in closing.changed:
        screen.note(f"changed or removed since it was written: {folder / name}")
    listed = {*(path.name for path in written), *closing.kept, *closing.changed}
    for name in sorted(path.name for path in folder.iterdir()):
        if name.startswith((f"{stem}.", f"{stem}-")) and name not in listed:
            screen.note(f"not in the manifest, perhaps of another question: {folder / name}")


def _next_command(written: list[Path], evidence: Evidence, formats: Sequence[str]) -> str:
    script = next((path for path in written if path.suffix == ".sh"), None)
    if "findings" not in evidence.tables or evidence.tables["findings"].empty:
        return _attach(written)
    if script:
        return f"{shlex.join(['sh', str(script)])}  (a dry run of the remedies)"
    again = [*_without_format(sys.argv[1:]), "--format", ",".join([*formats, "sh"])]
    return f"{shlex.join(['credreport', *again])}  (adds the remedies as a script)"


def _without_format(arguments: list[str]) -> list[str]:
    """Return the arguments without --json and --format, for the same run in another form."""
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--format":
            next(words, None)
        elif word != "--json" and not word.startswith("--format="):
            kept.append(word)
    return kept


def _attach(written: list[Path]) -> str:
    workbook = next((path for path in written if path.suffix == ".xlsx"), written[0])
    return f"attach {workbook} to the ticket"


def _show_undetermined(screen: Screen, rows: Iterable[dict[str, Any]]) -> None:
    """Print each credential that could not be judged, where everything is to be told."""
    from credreport.errors import Notice

    for row in rows if screen.verbose else ():
        place = Notice(row["source_file"], row["source_line"], "", "")
        screen.note(f"undetermined: {place}{row['user']!r}, {row['credential']}: {row['reason']}")


def _show_warnings(screen: Screen, judged: Assessment | Comparison | Totals) -> None:
    from credreport.verdicts.warnings import OWN_CODES, WARNING_TITLES

    notices = judged.notices
    if screen.verbose:
        for notice in notices:
            screen.note(f"warning: {notice}")
        for item in judged.skipped:
            screen.note(f"left out: {item.name}: {item.why}")
    elif notices:
        counts: dict[str, int] = {}
        for notice in notices:
            title = WARNING_TITLES[notice.code]
            counts[title] = counts.get(title, 0) + 1
        count = "1 warning" if len(notices) == 1 else f"{len(notices)} warnings"
        screen.note(f"{count} (-v and the sheet Inputs show each with its line):")
        for title, number in counts.items():
            screen.note(f"  {number} x {title}")
        own = [notice for notice in notices if notice.code in OWN_CODES]
        for notice in own[:PROBLEMS_SHOWN]:
            screen.note(f"  {notice}")
        if len(own) > PROBLEMS_SHOWN:
            screen.note(f"  and {len(own) - PROBLEMS_SHOWN} more")
    if not screen.verbose:
        _show_left_out(screen, judged.skipped)
    if screen.verbose:
        for item in judged.superseded:
            screen.note(f"not judged: {item.name}: {item.why}")
    elif judged.superseded:
        number = len(judged.superseded)
        older = (
            "1 older report or copy was"
            if number == 1
            else f"{number} older reports or copies were"
        )
        screen.note(f"{older} not judged; -v lists them")
    for line in problem_lines(judged.refused):
        screen.note(f"refused: {line}")


def _show_left_out(screen: Screen, skipped: Sequence[Skipped]) -> None:
    """Name what may hold a report and was not read; count what cannot."""
    doubts = [item for item in skipped if item.is_doubt]
    for item in doubts[:PROBLEMS_SHOWN]:
        screen.note(f"left out: {item.name}: {item.why}")
    own = sum(item.is_own for item in skipped)
    others = len(skipped) - len(doubts[:PROBLEMS_SHOWN]) - own
    if others:
        files = "1 other file was" if others == 1 else f"{others} other files were"
        screen.note(f"{files} left out (-v and the sheet Inputs list them)")
    if own:
        files = "1 file" if own == 1 else f"{own} files"
        screen.note(f"{files} that credreport wrote left out (-v lists them)")


def _end(screen: Screen, doubts: Sequence[str], *, has_open_findings: bool) -> int:
    if doubts:
        screen.note(f"Exit status 3: {'; '.join(doubts)}.")
        return INCOMPLETE
    return FINDINGS_OPEN if has_open_findings else 0


def _pool(workers: int | None, cluster: str | None) -> Pool:
    if cluster is not None:
        from credreport.runs.cluster import on_cluster

        if workers is not None:
            raise UsageError("--workers and --cluster: give one of the two")
        return on_cluster(cluster)
    from credreport.runs.processes import available_processors, in_processes

    return in_processes(available_processors() if workers is None else workers)


def _stop(number: int, _: object) -> None:
    """End tidily: what was begun is cleaned up on the way out."""
    with suppress(OSError):
        os.write(2, b"interrupted; nothing half-written\n")
    raise SystemExit(128 + number)


def _check_completion() -> None:
    """Refuse what no shell asks for: the status of it would read as open findings."""
    wanted = os.environ.get(_COMPLETE)
    known = {f"{what}_{shell}" for what in ("complete", "source") for shell in _SHELLS}
    if wanted and wanted not in known:
        Screen().fail(f"error: {_COMPLETE} is {wanted!r}, which no shell asks for: unset it")
        raise SystemExit(UsageError.exit_code)


def main() -> None:
    """Run the command line. ^C, a request to terminate and a closed terminal end it tidily."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        _check_completion()
        try:
            app(prog_name="credreport")
        except SystemExit as stop:
            cause = stop.__context__
            if isinstance(cause, OSError) and is_closed_pipe(
                cause
            ):  # `--help | true` is no failure
                raise SystemExit(0) from None
            raise
        finally:
            flush()
    except (OSError, OutputError) as error:  # --help into a full disk, say
        if sys.stdout is not None:
            silence(sys.stdout)
        reason = getattr(error, "strerror", None)
        words = f"standard output cannot be written: {reason}" if reason else str(error)
        Screen().fail(f"error: {words}")
        raise SystemExit(OutputError.exit_code) from None
