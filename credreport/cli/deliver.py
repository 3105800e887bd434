"""Write the evidence, and say on the screen what was found, what was written and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credreport.cli.ending import INCOMPLETE, end
from credreport.cli.next_step import after_evidence, show_next
from credreport.cli.options import FailOn
from credreport.cli.screen import Screen, flush
from credreport.errors import PROBLEMS_SHOWN, OutputError, problem_lines
from credreport.output.formats import WITH_PICTURES, Files
from credreport.text import plural

_UNDETERMINED_SHOWN = 5
_WITH_SHEET = "-v and the sheet Inputs show"

if TYPE_CHECKING:
    from credreport.comparison.comparison import Comparison
    from credreport.evidence.evidence import Evidence
    from credreport.output.pictures import Options
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
    from credreport.output.render import close, make

    written: list[Path] = []
    closing: Closing | None = None

    def complete(directory: Path) -> tuple[Files, frozenset[str]]:
        nonlocal closing
        closing = close(evidence, formats, options, files, directory)
        return closing.files, closing.replaceable

    def keep(workbook: Path, is_as_written: bool) -> str:
        from credreport.output.filled_in import reason_to_keep

        carried = evidence.review.decisions if evidence.review else Decisions()
        return reason_to_keep(workbook, carried, evidence.sign_off, is_as_written=is_as_written)

    if formats:
        files = make(evidence, formats, options)
        written = write_all(output, files, force=force, inputs=inputs, complete=complete, keep=keep)
    is_failing = fail_on is FailOn.FINDINGS and judged.has_open_findings
    try:
        _show(screen, evidence, as_json=as_json)
        flush()
        _show_gaps(screen, evidence, judged, formats)
        status = end(screen, judged.doubts, has_open_findings=is_failing)
        _show_files(screen, evidence, formats, written, closing)
    except (OutputError, OSError, MemoryError, SystemError, ImportError) as error:
        if not written:
            raise
        reason = str(error) or "not enough memory"
        screen.fail(
            f"error: {reason}; the evidence is complete: {plural(len(written), 'file')} in {output}"
        )
        return INCOMPLETE
    return status


def _show(screen: Screen, evidence: Evidence, *, as_json: bool) -> None:
    """Print the verdict and the small tables, or the document."""
    from credreport.output.json_file import to_json_parts

    if as_json:
        screen.pour(to_json_parts(evidence))
        return
    screen.say(evidence.verdict)
    for block in () if screen.quiet else evidence.shown:
        screen.say()
        if block.heading:
            screen.say(block.heading)
        cells = block.table.astype("str").where(block.table.notna(), block.missing)
        rows = cells.to_numpy().tolist()
        numbers = sum(dtype.kind in "iu" for dtype in block.table.dtypes)
        is_short = block.details > 0 and not screen.verbose
        shown = rows[: -block.details] if is_short else rows
        if shown:
            screen.table(block.headers, shown, rights=numbers)
        if is_short and block.details_words:
            screen.say(f"  {block.details_words}")
    for line in evidence.footnotes:
        screen.say(line)


def _show_gaps(
    screen: Screen, evidence: Evidence, judged: Assessment | Comparison, formats: Sequence[str]
) -> None:
    """Say what could not be judged or was left out."""
    from credreport.reports.normalise import to_rows

    screen.gap()
    if "undetermined" in evidence.tables:
        undetermined = evidence.tables["undetermined"]
        lines = undetermined["source_line"].fillna(0)  # a root row that is not there has none
        show_undetermined(screen, to_rows(undetermined.assign(source_line=lines)))
    if "by_change" in evidence.tables:
        changes = evidence.tables["changes"]
        unsure = changes[changes["change"].eq("undetermined")]
        once = unsure.drop_duplicates(["account_id", "user", "credential"])
        _show_undetermined_changes(screen, to_rows(once))
    show_warnings(screen, judged, where=_WITH_SHEET if "xlsx" in formats else "-v shows")


def _show_files(
    screen: Screen,
    evidence: Evidence,
    formats: Sequence[str],
    written: list[Path],
    closing: Closing | None,
) -> None:
    """Name the files, and the next step."""
    if closing is None:
        return
    screen.gap()
    screen.note("Written:")
    for path in written:
        screen.note(f"  {path}")
    for reason in evidence.not_drawn if any(name in WITH_PICTURES for name in formats) else ():
        screen.note(f"  ({reason})")
    _show_stale(screen, written, closing, evidence.stem)
    screen.gap()
    has_findings = "findings" in evidence.tables and not evidence.tables["findings"].empty
    has_findings = has_findings and "masked" not in evidence.parameters  # then there is no script
    show_next(screen, after_evidence(written, formats, has_findings=has_findings))


def _show_stale(screen: Screen, written: list[Path], closing: Closing, stem: str) -> None:
    """Name the files of the same name that are of another question, or not as they were written."""
    (folder,) = {path.parent for path in written}
    for name in closing.changed:
        screen.note(f"changed or removed since it was written: {folder / name}")
    listed = {*(path.name for path in written), *closing.kept, *closing.changed}
    for name in sorted(path.name for path in folder.iterdir()):
        if name.startswith((f"{stem}.", f"{stem}-")) and name not in listed:
            screen.note(
                f"not in the manifest, perhaps from a run with other options: {folder / name}"
            )


def show_undetermined(screen: Screen, rows: Iterable[dict[str, Any]]) -> None:
    """Print the first credentials that could not be judged; with -v each of them."""
    from credreport.errors import Notice

    def to_line(row: dict[str, Any]) -> str:
        place = Notice(row["source_file"], row["source_line"], "", "")
        return f"{place}{_whose(row)}: {row['reason']}"

    _show_first(screen, rows, to_line)


def _show_undetermined_changes(screen: Screen, rows: Iterable[dict[str, Any]]) -> None:
    """Print the first credentials whose change could not be determined."""
    from credreport.verdicts.tally import shown_account

    def to_line(row: dict[str, Any]) -> str:
        return f"{shown_account(row['account_id'])}, {_whose(row)}: {row['evidence']}"

    _show_first(screen, rows, to_line)


def _whose(row: dict[str, Any]) -> str:
    from credreport.verdicts.tally import shown_credential

    return f"{row['user']!r}, {shown_credential(row['credential'])}"


def _show_first(
    screen: Screen, rows: Iterable[dict[str, Any]], to_line: Callable[[dict[str, Any]], str]
) -> None:
    more = 0
    for number, row in enumerate(rows):
        if number < _UNDETERMINED_SHOWN or screen.verbose:
            screen.note(f"undetermined: {to_line(row)}")
        else:
            more += 1
    if more:
        screen.note(f"  and {more} more undetermined; -v lists them")


def show_warnings(screen: Screen, judged: Assessment | Comparison | Totals, *, where: str) -> None:
    """Count the warnings by kind, and name what was left out; with -v each in full.

    `where` says where the others can be seen, such as `-v shows`.
    """
    from credreport.reports.selection import SUPERSEDED
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
        screen.note(f"{plural(len(notices), 'warning')} ({where} each with its line):")
        for title, number in counts.items():
            screen.note(f"  {number} x {title}")
        own = [notice for notice in notices if notice.code in OWN_CODES]
        for notice in own[:PROBLEMS_SHOWN]:
            screen.note(f"  {notice}")
        if len(own) > PROBLEMS_SHOWN:
            screen.note(f"  and {len(own) - PROBLEMS_SHOWN} more")
    if not screen.verbose:
        _show_left_out(screen, judged.skipped, where)
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
        is_older = any(item.why.startswith(SUPERSEDED) for item in judged.superseded)
        hint = ", `credreport compare` shows what changed" if is_older else ""
        screen.note(f"{older} not judged: -v lists them{hint}")
    for line in problem_lines(judged.refused):
        screen.note(f"refused: {line}")


def _show_left_out(screen: Screen, skipped: Sequence[Skipped], where: str) -> None:
    """Name what may hold a report and was not read; count what cannot."""
    doubts = [item for item in skipped if item.is_doubt]
    for item in doubts[:PROBLEMS_SHOWN]:
        screen.note(f"left out: {item.name}: {item.why}")
    own = sum(item.is_own for item in skipped)
    others = len(skipped) - len(doubts[:PROBLEMS_SHOWN]) - own
    if others:
        were = "was" if others == 1 else "were"
        screen.note(f"{plural(others, 'other file')} {were} left out ({where} them)")
    if own:
        screen.note(f"{plural(own, 'file')} that credreport wrote left out (-v lists them)")
