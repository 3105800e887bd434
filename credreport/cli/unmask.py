"""`credreport unmask`: the names behind pseudonyms, for those who have the key and the reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from credreport.cli import given
from credreport.cli.ending import FINDINGS_OPEN, ending
from credreport.cli.help import INPUT
from credreport.cli.options import (
    Accounts,
    CarryFrom,
    MaxFileSize,
    NoColor,
    PolicyFile,
    WaiversFile,
)
from credreport.cli.screen import Screen
from credreport.errors import InputRefused, problem_lines
from credreport.schema import ACCOUNT_ID

if TYPE_CHECKING:
    from credreport.reports.report import Report
    from credreport.reports.selection import Population

_ANY = datetime(2000, 1, 1, tzinfo=UTC)  # where a report has no dates, none is compared
EXAMPLES = (
    "credreport unmask --mask-key mask.key --reports sample_reports/ user-vy4d7tjrylqlv4\n"
    "credreport unmask --mask-key mask.key --reports sample_reports/ 457288958668"
)


@ending
def unmask(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Pseudonyms as written in the evidence."),
    ],
    *,
    key: Annotated[
        Path,
        typer.Option(
            "--mask-key",
            rich_help_panel=INPUT,
            metavar="FILE",
            help="Key that the pseudonyms were made with.",
            show_default=False,
        ),
    ],
    reports: Annotated[
        list[str],
        typer.Option(
            rich_help_panel=INPUT,
            metavar="INPUT",
            help="The reports of the run; repeat the option for several.",
            show_default=False,
        ),
    ],
    accounts: Accounts = None,
    policy_file: PolicyFile = None,
    waivers_file: WaiversFile = None,
    carry_from: CarryFrom = None,
    max_file_size: MaxFileSize = 64,
    no_color: NoColor = False,
) -> int:
    """Show the name behind each pseudonym. Needs the key and the reports."""
    screen = Screen(no_color=no_color)
    from credreport.masking.judged import mask_assessment, mask_policy
    from credreport.masking.key import read_key
    from credreport.masking.pseudonyms import Masker
    from credreport.reports.inputs import find_inputs
    from credreport.reports.selection import no_report, sort_items
    from credreport.runs.explain import widest
    from credreport.verdicts.assessment import assess

    masker = Masker(read_key(key))
    given.accounts(accounts, masker)
    given.decisions(carry_from, masker)
    mask_policy(given.policy(None, None, policy_file, include_root=True), masker)
    waivers = given.waivers(waivers_file)
    items = find_inputs(reports, given.max_bytes(max_file_size))
    found, refused, skipped = sort_items(items, None, None)
    if not found:
        raise InputRefused(refused or [no_report(reports)])
    for line in problem_lines(refused):
        screen.note(f"refused: {line}")
    for each in _to_populations(found):
        population = replace(each, refused=tuple(refused), skipped=tuple(skipped))
        mask_assessment(assess(population, widest(), waivers), masker)
    unknown = [name for name in names if name not in masker.originals]
    for name in names:
        if name in masker.originals:
            screen.say(f"{name}: {masker.originals[name]}")
    for name in unknown:
        screen.fail(
            f"{name}: no name in these inputs has this pseudonym under this key; give the run's own "
            "reports, with its accounts, policy, waivers and carried workbook"
        )
    return FINDINGS_OPEN if unknown else 0


def _to_populations(reports: Iterable[Report]) -> Iterator[Population]:
    """Yield all of the reports, older ones and copies too, each account once in a population."""
    from credreport.reports.selection import Population, count_twins, date_report

    layers: dict[int, list[Report]] = {}
    for report in count_twins(reports):
        latest = max(filter(None, (report.stamp, report.newest)), default=_ANY)
        is_known = ACCOUNT_ID.fullmatch(report.account_id)
        twin = 0 if is_known else report.twin
        layers.setdefault(report.twin, []).append(replace(date_report(report, latest), twin=twin))
    for layer in layers.values():
        yield Population(tuple(layer))
