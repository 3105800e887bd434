"""The comment for a ticket names the inputs, up to a number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from credreport.comparison.comparison import compare
from credreport.evidence.of_analysis import of_analysis
from credreport.output.comment import write_jira, write_md
from credreport.output.pictures import Options
from credreport.reports.selection import read_reports
from credreport.verdicts.assessment import assess
from tests.support.reports import judge, root, save


@pytest.mark.parametrize(("number", "more"), [(20, False), (21, True)])
def test_twenty_inputs_are_named(tmp_path: Path, number: int, more: bool) -> None:
    for each in range(number):
        save(tmp_path, root(f"{each:012d}"), name=f"{each:02d}-2026-01-31T12-00-00Z.csv")
    (data,) = write_md(of_analysis(assess(read_reports(tmp_path))), Options(), {}).values()
    assert isinstance(data, bytes)
    assert ("and 1 more: see the manifest" in data.decode()) is more
    assert data.count(b"2026-01-31T12-00-00Z.csv") == 20


def test_the_baseline_is_among_the_inputs(tmp_path: Path) -> None:
    old, new = (
        assess(read_reports(save(tmp_path, root(), name=name)))
        for name in ("old-2025-12-31.csv", "new-2026-01-31.csv")
    )
    evidence = of_analysis(new, since=compare(old, new))
    (data,) = write_md(evidence, Options(), {}).values()
    assert isinstance(data, bytes)
    inputs = data.decode().partition("Inputs (SHA-256):\n\n")[2].splitlines()
    assert [line.split("`")[1] for line in inputs] == ["new-2026-01-31.csv", "old-2025-12-31.csv"]


def test_no_word_of_a_sentence_becomes_an_icon(tmp_path: Path) -> None:
    words = "10:00 (6 keys) (/) svc:D (on) ;) :tick: x"
    evidence = replace(of_analysis(judge(tmp_path, root())), sentences=(words,))
    for write, shown in (
        (write_md, "10:00 (6 keys) (/) svc:D (on) ;) `:tick:` x"),
        (
            write_jira,
            "10:00 (6 keys) {{&#40;/&#41;}} {{svc&#58;D}} {{&#40;on&#41;}} {{;&#41;}} :tick: x",
        ),
    ):
        (data,) = write(evidence, Options(), {}).values()
        assert isinstance(data, bytes)
        assert data.decode().splitlines()[2] == shown
