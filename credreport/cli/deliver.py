"""Write the evidence, and say on the screen what was found, what was written and what comes next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credreport.cli.ending import INCOMPLETE, end
from credreport.cli.options import FailOn
from credreport.cli.screen import Screen, flush
from credreport.errors import PROBLEMS_SHOWN, OutputError, problem_lines
from credreport.output.formats import WITH_PICTURES, Files, Options

if TYPE_CHECKING:
    from credreport.comparison.comparison import Comparison
    from credreport.evidence.evidence import Evidence
    from credreport.output.render import Closing
    from credreport.reports.inputs import Skipped
    from credreport.verdicts.assessment import Assessment
    from credreport.verdicts.tally import Totals


def deliver(
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
    from credreport.decisions.decision import Decisions
    from credreport.output.disk import write_all
    from credreport.output.filled_in import reason_to_keep
    from credreport.output.render import close, make

    written: list[Path] = []
    closing: Closing | None = None

    def complete(directory: Path) -> tuple[Files, frozenset[str]]:
        nonlocal closing
        closing = close(evidence, formats, options, files, directory)
        return closing.files, closing.replaceable

    def keep(workbook: Path, is_as_written: bool) -> str:
        carried = evidence.review.decisions if evidence.review else Decisions()
        return reason_to_keep(workbook, carried, evidence.sign_off, is_as_written=is_as_written)

    if formats:
        files = make(evidence, formats, options)
        written = write_all(output, files, force=force, inputs=inputs, complete=complete, keep=keep)
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
    return end(screen, judged.doubts, has_open_findings=is_failing)


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
    not_drawn = evidence.not_drawn if any(name in WITH_PICTURES for name in formats) else ()
    _show_files(screen, written, not_drawn, lambda: _next_command(written, evidence, formats))
    if closing:
        _show_stale(screen, written, closing, evidence.stem)
    if "undetermined" in evidence.tables:
        show_undetermined(screen, to_rows(evidence.tables["undetermined"]))
    show_warnings(screen, judged)


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


def _show_files(
    screen: Screen, written: list[Path], not_drawn: Sequence[str], next_command: Callable[[], str]
) -> None:
    if not written:
        return
    screen.note()
    screen.note("Written:")
    for path in written:
        screen.note(f"  {path}")
    for reason in not_drawn:
        screen.note(f"  ({reason})")
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


def show_undetermined(screen: Screen, rows: Iterable[dict[str, Any]]) -> None:
    """Print each credential that could not be judged, where everything is to be told."""
    from credreport.errors import Notice

    for row in rows if screen.verbose else ():
        place = Notice(row["source_file"], row["source_line"], "", "")
        screen.note(f"undetermined: {place}{row['user']!r}, {row['credential']}: {row['reason']}")


def show_warnings(screen: Screen, judged: Assessment | Comparison | Totals) -> None:
    """Count the warnings by kind, and name what was left out; with -v each in full."""
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
