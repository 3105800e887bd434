"""`credreport verify`: is the evidence unchanged, and does the run give the same again?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from credreport.cli import given
from credreport.cli.ending import FINDINGS_OPEN, ending
from credreport.cli.help import INPUT
from credreport.cli.options import MaxFileSize, NoColor, Quiet, Verbose
from credreport.cli.screen import Screen
from credreport.text import plural

if TYPE_CHECKING:
    from credreport.rules.option_file import OptionFile
    from credreport.verification.listed_inputs import Given
    from credreport.verification.rehash import Fault, Rehashed
    from credreport.verification.reperform import Reperformed

_MOST_SHOWN = 50
EXAMPLES = "credreport verify evidence/\ncredreport verify evidence/ sample_reports/"


@ending
def verify(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="Directory that analyze or compare wrote to.")
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT]...",
            help="The inputs of the run, with its policy, waivers and accounts, to repeat it.",
            show_default=False,
            rich_help_panel=INPUT,
        ),
    ] = None,
    *,
    mask_key: Annotated[
        Path | None,
        typer.Option(
            "--mask-key",
            rich_help_panel=INPUT,
            metavar="FILE",
            help="Key of masked evidence, needed to repeat the run.",
        ),
    ] = None,
    max_file_size: MaxFileSize = 64,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> int:
    """Check that the evidence is unchanged. With the inputs, repeat the run and compare."""
    screen = Screen(quiet=quiet, verbose=verbose, no_color=no_color)
    from credreport.verification.rehash import Fault, rehash

    folder = Path(directory)
    rehashed = rehash(folder)
    if not inputs:
        screen.note(
            "Each file was compared with its SHA-256 in the manifest and in SHA256SUMS. To repeat the "
            "run as well and compare its results, add its inputs (the reports, and its policy, waivers "
            "and accounts) to the command."
        )
        return _end(screen, folder, rehashed, rehashed.faults)
    from credreport.masking.key import read_key
    from credreport.verification.listed_inputs import files_of_options, open_given, unused_inputs
    from credreport.verification.reperform import reperform
    from credreport.verification.rerun import called_with

    key = read_key(mask_key) if mask_key else None
    most = given.max_bytes(max_file_size)
    opened: dict[tuple[OptionFile, ...], list[Given]] = {}
    results: list[Reperformed] = []
    for each in rehashed.manifests:
        files = files_of_options(each)
        with given.used_otherwise(*files):
            if files not in opened:
                opened[files] = open_given(inputs, most)
            results.append(reperform(folder, each, opened[files], most, key))
    used = {name for result in results for name in result.used}
    extra = [
        Fault(name, "extra: no manifest lists anything in it")
        for name in unused_inputs(
            rehashed.manifests, next(iter(opened.values()), []), called_with(key)
        )
        if name not in used
    ]
    filled = {name: cells for result in results for name, cells in result.filled.items()}
    precise = [fault for result in results for fault in result.faults]
    known = {*filled, *(fault.name for fault in precise)}
    faults = [each for each in rehashed.faults if not (each.is_of_bytes and each.name in known)]
    faults += precise
    for result in results:
        _show(screen, result)
    return _end(screen, folder, rehashed, [*faults, *extra], filled)


def _show(screen: Screen, result: Reperformed) -> None:
    """Report the result of repeating a run."""
    count = len(result.same)
    if result.is_done:
        files = {0: "no file has", 1: "1 file has"}.get(count, f"{count} files have")
        screen.note(f"Re-performed {result.manifest}: {files} the same bytes.")
    for remark in result.remarks:
        screen.note(f"  {remark}")


def _end(
    screen: Screen,
    directory: Path,
    rehashed: Rehashed,
    faults: Sequence[Fault],
    filled: Mapping[str, Mapping[str, int]] | None = None,
) -> int:
    """Print the verdict; return 1 where anything is not as it was written."""
    for name, cells in (filled or {}).items():
        parts = " and ".join(f"{count} on {sheet}" for sheet, count in cells.items())
        total = sum(cells.values())
        words = f"{plural(total, 'cell')}: {parts}"
        screen.say(f"{name}: filled in by the auditor ({words}); every other cell is the same")
    distinct = list(dict.fromkeys(faults))
    if not distinct:
        count = plural(rehashed.count, "file")
        files = f"{count} is" if rehashed.count == 1 else f"All {count} are"
        but = ", apart from what the auditor filled in" if filled else ""
        screen.say(f"{files} as written{but}: {directory}")
        return 0
    screen.say(f"{directory} is not as it was written: {plural(len(distinct), 'difference')}.")
    shown = distinct if screen.verbose else distinct[:_MOST_SHOWN]
    for fault in shown:
        screen.say(f"  {fault}")
    if len(shown) < len(distinct):
        screen.say(f"  and {len(distinct) - len(shown)} more; -v lists them")
    hint = any(fault.is_of_bytes and fault.name.endswith(".xlsx") for fault in distinct)
    if hint and filled is None:
        screen.note(
            "A workbook that was filled in has another SHA-256: name the inputs too, and verify separates "
            "the auditor's cells from the others."
        )
    return FINDINGS_OPEN
