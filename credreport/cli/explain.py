"""`credreport explain`: why a credential is flagged, cell by cell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from credreport.cli import given
from credreport.cli.ending import end, ending
from credreport.cli.options import (
    Accounts,
    AsJson,
    AsOf,
    IncludeRoot,
    Inputs,
    KeepGoing,
    MaxFileSize,
    NoColor,
    PolicyFile,
    Profile,
    UnusedAfter,
    Verbose,
    WaiversFile,
)
from credreport.cli.screen import Screen
from credreport.errors import problem_lines

if TYPE_CHECKING:
    from credreport.runs.explain import Explanation
    from credreport.verdicts.assessment import Assessment

EXAMPLES = (
    "credreport explain CR-A3791EB9AFA1 sample_reports/\n"
    "credreport explain break-glass sample_reports/ --profile cis-5.0"
)


@ending
def explain(
    finding: Annotated[
        str,
        typer.Argument(
            metavar="FINDING",
            help="Finding ID or its beginning, or the name of a user.",
        ),
    ],
    inputs: Inputs,
    *,
    unused_after: UnusedAfter = None,
    profile: Profile = None,
    policy_file: PolicyFile = None,
    waivers_file: WaiversFile = None,
    as_of: AsOf = None,
    include_root: IncludeRoot = False,
    accounts: Accounts = None,
    keep_going: KeepGoing = False,
    max_file_size: MaxFileSize = 64,
    as_json: AsJson = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> int:
    """Explain one finding: the row, the deciding cell, the arithmetic, the rule. Writes nothing."""
    screen = Screen(verbose=verbose, no_color=no_color)
    policy = given.policy(unused_after, profile, policy_file, include_root=include_root)
    waivers = given.waivers(waivers_file)
    named = given.accounts(accounts)
    from credreport.reports.selection import read_reports
    from credreport.runs.explain import COMMAND, describe_user
    from credreport.runs.explain import explain as explain_finding
    from credreport.verdicts.assessment import assess

    with given.progress(screen, inputs) as progress:
        population = read_reports(
            inputs,
            as_of=given.as_of(as_of),
            keep_going=keep_going,
            max_bytes=given.max_bytes(max_file_size),
            progress=progress,
        )
    assessment = assess(population, policy, waivers).check_accounts(named)
    status = _tell_doubts(screen, assessment)
    is_id = assessment.findings["finding_id"].eq(finding.strip().upper()).any()
    lines = [] if is_id else describe_user(assessment, finding)
    if lines and as_json:
        screen.pour([json.dumps({"user": finding, "credentials": lines}, indent=1), "\n"])
        return status
    if lines:
        screen.say(f"{finding} is a user, not a Finding ID; each of its credentials:")
        for line in lines:
            screen.say(f"  {line}")
        return status
    explanation = explain_finding(population, assessment, finding)
    if as_json:
        screen.pour([json.dumps(_to_document(explanation), indent=1), "\n"])
        return status
    screen.say(explanation.title)
    for section in explanation.sections:
        screen.say()
        screen.say(section.heading)
        for line in section.lines:
            screen.say(f"  {line}", is_whole=line.startswith(COMMAND))
    return status


def _tell_doubts(screen: Screen, assessment: Assessment) -> int:
    """Say what is incomplete or only a bound, as the run does: the finding may be in what is left out."""
    from credreport.reports.selection import as_of_sentences

    for line in problem_lines(assessment.refused):
        screen.note(f"refused: {line}")
    for item in assessment.skipped:
        if item.is_doubt:
            screen.note(f"left out: {item.name}: {item.why}")
    for sentence in as_of_sentences(assessment.reports):
        screen.note(sentence)
    return end(screen, assessment.doubts, has_open_findings=False)


def _to_document(explanation: Explanation) -> dict[str, object]:
    """Return the explanation for machines: its finding, the cells, and what is said in words."""
    return {
        "finding": explanation.finding,
        "cells": dict(explanation.cells),
        "title": explanation.title,
        "sections": {each.heading: list(each.lines) for each in explanation.sections},
    }
