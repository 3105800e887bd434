"""`credreport unmask`: the names behind pseudonyms, for whoever has the key and the reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from credreport.cli import given
from credreport.cli.ending import FINDINGS_OPEN, ending
from credreport.cli.help import INPUT
from credreport.cli.options import Accounts, CarryFrom, MaxFileSize, NoColor, WaiversFile
from credreport.cli.screen import Screen

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
    waivers_file: WaiversFile = None,
    carry_from: CarryFrom = None,
    max_file_size: MaxFileSize = 64,
    no_color: NoColor = False,
) -> int:
    """Show the name behind each pseudonym. Needs the key and the reports."""
    screen = Screen(no_color=no_color)
    from credreport.masking.judged import mask_assessment
    from credreport.masking.key import read_key
    from credreport.masking.pseudonyms import Masker
    from credreport.reports.selection import NEWEST, read_reports
    from credreport.verdicts.assessment import assess

    masker = Masker(read_key(key))
    given.accounts(accounts, masker)
    given.decisions(carry_from, masker)
    waivers = given.waivers(waivers_file)
    for name in reports:
        population = read_reports(
            [name], as_of=NEWEST, keep_going=True, max_bytes=given.max_bytes(max_file_size)
        )
        policy = given.policy(None, "all", include_root=True)
        mask_assessment(assess(population, policy, waivers), masker)
    unknown = [name for name in names if name not in masker.originals]
    for name in names:
        if name in masker.originals:
            screen.say(f"{name}: {masker.originals[name]}")
    for name in unknown:
        screen.fail(
            f"{name}: no name in these inputs has this pseudonym under this key; give the run's own "
            "reports, with its accounts, waivers and carried workbook"
        )
    return FINDINGS_OPEN if unknown else 0
