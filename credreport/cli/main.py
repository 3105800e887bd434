"""The command line: parse, call, print, exit. The whole flow in one place; no slow imports at the top."""

from __future__ import annotations

import io
import math
import os
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

import credreport as package
from credreport.cli import explain, given, unmask, verify
from credreport.cli.configuration import Configured, configuration_of
from credreport.cli.deliver import deliver, show_undetermined, show_warnings
from credreport.cli.ending import end, ending
from credreport.cli.help import INPUT, VERDICT, Command, Group
from credreport.cli.next_step import after_inspect, show_next
from credreport.cli.options import (
    Accounts,
    AsJson,
    AsOf,
    CarryFrom,
    Cluster,
    Control,
    CsvRaw,
    FailOn,
    FailOnOption,
    Force,
    FormatList,
    IncludeRoot,
    Inputs,
    KeepGoing,
    Mask,
    MaskKeyFile,
    MaxFileSize,
    NoColor,
    Output,
    PolicyFile,
    PreparedBy,
    Profile,
    Quiet,
    SampleFrom,
    SampleSize,
    Seed,
    SplitFor,
    Ticket,
    UnusedAfter,
    Verbose,
    WaiversFile,
    Workers,
    complete_rule,
)
from credreport.cli.screen import Screen, flush, is_closed_pipe, silence
from credreport.errors import OutputError, UsageError
from credreport.output.formats import DEFAULT, parse_formats

if TYPE_CHECKING:
    from credreport.comparison.comparison import Comparison

_SECONDS_TO_TIDY = 5
_COMPLETE = "_CREDREPORT_COMPLETE"
_SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")

app = typer.Typer(
    name="credreport",
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    cls=Configured,
    epilog=(
        "credreport analyze sample_reports/\n"
        "credreport analyze sample_reports/ --profile cis-5.0 --format xlsx,sh -o evidence/cis"
    ),
)
@ending
def analyze(
    context: typer.Context,
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
            help="Compare with an older report or directory: adds the sheet Changes.",
        ),
    ] = None,
    carry_from: CarryFrom = None,
    sample: SampleSize = None,
    seed: Seed = None,
    sample_of: SampleFrom = None,
    split_by: SplitFor = None,
    mask: Mask = False,
    mask_key: MaskKeyFile = None,
    prepared_by: PreparedBy = "",
    control: Control = "",
    ticket: Ticket = "",
    fail_on: FailOnOption = FailOn.NONE,
    keep_going: KeepGoing = False,
    max_file_size: MaxFileSize = 64,
    expect_users: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=INPUT,
            metavar="N",
            min=0,
            help="Fail unless the reports contain exactly N IAM users (root not counted).",
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
    options = context.with_resource(given.options(wanted, workers, csv_raw=csv_raw))
    read = inputs if baseline is None else [*inputs, str(baseline)]
    masker = given.masker(mask=mask, key=mask_key, formats=wanted, output=output, inputs=read)
    policy = given.policy(unused_after, profile, policy_file, include_root=include_root)
    waivers = given.waivers(waivers_file)
    named = given.accounts(accounts, masker)
    decided = given.decisions(carry_from, masker)
    files = (policy.file, waivers.file, named.file, decided.file if decided else None)
    context.with_resource(given.used_otherwise(*files))
    sampling = given.sampling(sample, seed, sample_of)
    given.check_split(split_by, named, formats=wanted, has_baseline=baseline is not None)
    from credreport.decisions.review import reviewed
    from credreport.evidence.from_configuration import with_configuration
    from credreport.evidence.of_analysis import of_analysis
    from credreport.evidence.parts import with_parts
    from credreport.masking.judged import finished
    from credreport.runs.analyze import Asked, analyze_inputs

    most = given.max_bytes(max_file_size)
    asked = Asked(
        policy,
        waivers,
        as_of=given.as_of(as_of),
        has_baseline=baseline is not None or split_by is not None,
        csv=given.tables_as_csv(wanted),
        json="json" in wanted or as_json,
        csv_raw=csv_raw,
        accounts=named,
        sampling=sampling,
        mask=masker.key if masker else None,
        decided=frozenset(each.user for each in decided or ()),
    )
    assessment, aside = analyze_inputs(
        inputs,
        asked,
        keep_going=keep_going,
        max_bytes=most,
        pool=given.pool(workers, cluster),
        progress=screen.progress,
    )
    given.expect_users(assessment, expect_users)
    finish = partial(finished, accounts=named, masker=masker)
    since: Comparison | None = None
    if baseline is None:
        assessment = reviewed(finish(assessment), decided, aside.decided if aside else None)
    else:
        since = given.compare_baseline(
            baseline,
            assessment,
            waivers,
            screen,
            most,
            keep_going=keep_going,
            finish=finish,
        )
        since = reviewed(since, decided)
        assessment = since.newest
    sign_off = given.sign_off(control, prepared_by, ticket, masker)
    return deliver(
        screen,
        with_configuration(
            with_parts(
                of_analysis(assessment, sign_off, aside, since, sampling),
                assessment,
                split_by,
                sign_off,
            ),
            given.configuration(configuration_of(context), masker),
        ),
        assessment if since is None else since,
        wanted,
        options,
        output=output,
        inputs=[*read, *given.names(policy_file, waivers_file, accounts, mask_key)],
        force=force,
        as_json=as_json,
        fail_on=fail_on,
    )


@app.command(
    cls=Configured,
    epilog=(
        "credreport compare sample_reports/2026-06-30 sample_reports/2026-09-30\n"
        "credreport compare sample_reports/ -o evidence/tree"
    ),
)
@ending
def compare(
    context: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="OLD NEW [MORE...]",
            help="Reports, directories, globs or archives, in any order, or one directory with a subdirectory per date.",
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
            help="Judge as of this instant or day (UTC). Give it once per input, in their order.",
        ),
    ] = None,
    include_root: IncludeRoot = False,
    accounts: Accounts = None,
    carry_from: CarryFrom = None,
    mask: Mask = False,
    mask_key: MaskKeyFile = None,
    prepared_by: PreparedBy = "",
    control: Control = "",
    ticket: Ticket = "",
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
    """Show what was fixed and what is new between reports of different dates."""
    screen = Screen(quiet=quiet, verbose=verbose, no_color=no_color)
    wanted = parse_formats(formats)
    options = context.with_resource(given.options(wanted, csv_raw=csv_raw))
    masker = given.masker(mask=mask, key=mask_key, formats=wanted, output=output, inputs=inputs)
    policy = given.policy(unused_after, profile, policy_file, include_root=include_root)
    waivers = given.waivers(waivers_file)
    named = given.accounts(accounts, masker)
    decided = given.decisions(carry_from, masker)
    files = (policy.file, waivers.file, named.file, decided.file if decided else None)
    context.with_resource(given.used_otherwise(*files))
    from credreport.comparison.comparison import compare_all
    from credreport.decisions.review import reviewed
    from credreport.evidence.from_configuration import with_configuration
    from credreport.evidence.of_comparison import of_comparison
    from credreport.masking.judged import finished, know_files
    from credreport.reports.by_date import read_dates
    from credreport.verdicts.assessment import assess

    with given.progress(screen, inputs) as progress:
        dates = read_dates(
            inputs,
            as_of=as_of or [],
            keep_going=keep_going,
            max_bytes=given.max_bytes(max_file_size),
            progress=progress,
        )
    if masker:
        know_files(dates, masker)
    comparison = compare_all(
        [finished(assess(date, policy, waivers), named, masker) for date in dates]
    )
    comparison = reviewed(comparison, decided)
    sign_off = given.sign_off(control, prepared_by, ticket, masker)
    return deliver(
        screen,
        with_configuration(
            of_comparison(comparison, sign_off),
            given.configuration(configuration_of(context), masker),
        ),
        comparison,
        wanted,
        options,
        output=output,
        inputs=[*inputs, *given.names(policy_file, waivers_file, accounts, mask_key)],
        force=force,
        as_json=as_json,
        fail_on=fail_on,
    )


@app.command(
    cls=Configured,
    epilog=("credreport inspect sample_reports/\ncredreport inspect sample_reports/ --json"),
)
@ending
def inspect(
    inputs: Inputs,
    *,
    as_of: AsOf = None,
    unused_after: UnusedAfter = None,
    include_root: IncludeRoot = False,
    accounts: Accounts = None,
    as_json: AsJson = False,
    keep_going: KeepGoing = False,
    max_file_size: MaxFileSize = 64,
    workers: Workers = None,
    cluster: Cluster = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> int:
    """Describe the inputs: account, date, size, counts and warnings. Writes nothing."""
    screen = Screen(quiet=quiet, verbose=verbose, no_color=no_color)
    policy = given.policy(unused_after, include_root=include_root)
    named = given.accounts(accounts)
    from credreport.runs.inspect import inspect as inspect_inputs
    from credreport.runs.inspect import json_parts, report_lines
    from credreport.verdicts.tally import to_verdict

    with given.used_otherwise(named.file), given.progress(screen, inputs) as progress:
        inspection = inspect_inputs(
            inputs,
            policy,
            as_of=given.as_of(as_of),
            keep_going=keep_going,
            max_bytes=given.max_bytes(max_file_size),
            pool=given.pool(workers, cluster),
            progress=progress,
        ).check_accounts(named)
    totals = inspection.totals
    if as_json:
        screen.pour(json_parts(inspection))
    else:
        screen.say(to_verdict(totals))
        for line in [] if quiet else report_lines(totals, is_whole=verbose):
            screen.say(line)
    flush()
    screen.gap()
    show_undetermined(screen, inspection.undetermined_rows())
    show_warnings(screen, totals, where="-v shows")
    status = end(screen, totals.doubts(), has_open_findings=False)
    if not as_json:
        screen.gap()
        show_next(screen, after_inspect())
    return status


@app.command(cls=Command, epilog=("credreport rules\ncredreport rules unused-access-key"))
@ending
def rules(
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="[RULE]",
            help="Show one rule in full.",
            show_default=False,
            autocompletion=complete_rule,
        ),
    ] = None,
    *,
    as_json: AsJson = False,
    no_color: NoColor = False,
) -> int:
    """Show the rules and profiles, or one rule in full."""
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


app.command(cls=Configured, epilog=verify.EXAMPLES)(verify.verify)
app.command(cls=Configured, epilog=explain.EXAMPLES)(explain.explain)
app.command(cls=Command, epilog=unmask.EXAMPLES)(unmask.unmask)


@app.command(
    cls=Command,
    epilog=(
        "credreport waivers > waivers.toml\n"
        "credreport analyze sample_reports/ --waivers waivers.toml"
    ),
)
@ending
def waivers() -> int:
    """Print a template for a waivers file, with comments."""
    from credreport.rules.waivers import TEMPLATE

    screen = Screen()
    for line in TEMPLATE.splitlines():
        screen.say(line)
    return 0


class _Stop:
    """Ends tidily: what was begun is cleaned up on the way out, and no second signal disturbs that."""

    _asked = -math.inf

    def __call__(self, number: int, _: object) -> None:
        now = time.monotonic()
        if now - self._asked < _SECONDS_TO_TIDY:
            return
        self._asked = now
        with suppress(OSError):
            os.write(2, b"interrupted; nothing half-written\n")
        raise SystemExit(128 + number)


def _let_streams_wait() -> None:
    """Wait for whoever writes and reads the standard streams, though they were set not to wait.

    Python would drop, without a word, what such a stream cannot take at once.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, none, or Windows
            os.set_blocking(stream.fileno(), True)


def _buffer_output() -> None:
    """Write to standard output through a buffer, though `PYTHONUNBUFFERED` asks for none.

    Python would drop, without a word, what a full disk cannot take of the last line.
    """
    stream = sys.__stdout__
    if stream is not None and stream is sys.stdout and isinstance(stream.buffer, io.RawIOBase):
        encoding, errors, line_by_line = stream.encoding, stream.errors, stream.isatty()
        buffer = io.BufferedWriter(cast("io.RawIOBase", stream.detach()))
        sys.stdout = io.TextIOWrapper(buffer, encoding, errors, line_buffering=line_by_line)


def _check_completion() -> None:
    """Refuse a completion that no shell asks for: its status would read as open findings."""
    wanted = os.environ.get(_COMPLETE)
    known = {f"{what}_{shell}" for what in ("complete", "source") for shell in _SHELLS}
    has_words = "COMP_WORDS" in os.environ and os.environ.get("COMP_CWORD", "").isdecimal()
    if wanted and (wanted not in known or (wanted == "complete_bash" and not has_words)):
        Screen().fail(f"error: {_COMPLETE} is {wanted!r}, which no shell asks for: unset it")
        raise SystemExit(UsageError.exit_code)


def _check_options() -> None:
    """Refuse an option that a file of that name gave, where the shell put names in the place of `*`."""
    for word in sys.argv[1:]:
        if word.startswith("-") and os.path.lexists(word):
            message = f"{word!r} is also the name of a file: write ./* for *, or rename the file"
            Screen().fail(f"error: {message}")
            raise SystemExit(UsageError.exit_code)
        if word == "--":
            break


def main() -> None:
    """Run the command line. ^C, a request to terminate and a closed terminal end it tidily."""
    stop = _Stop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    _let_streams_wait()
    _buffer_output()
    # A library that is cleaned up after an error fails again, and would say so after our message.
    sys.unraisablehook = lambda _: None
    try:
        _check_completion()
        _check_options()
        try:
            app(prog_name="credreport")
        except SystemExit as stop:
            cause = stop.__context__
            if isinstance(cause, OSError) and is_closed_pipe(
                cause
            ):  # `--help | true` is not a failure
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
