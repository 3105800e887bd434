"""A sample is what sha256sum and sort give, by the words of docs/evidence.md."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from credreport.cli.main import app
from credreport.errors import UsageError
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.sample import Sampling, draw, join_samples, to_sampling
from credreport.schema import SampleOf
from credreport.verdicts.assessment import Assessment
from tests.support.reports import judge, root, save, user

RECENT = "2026-01-30T00:00:00Z"
OLD = "2025-01-01T00:00:00Z"


def with_password(name: str, used: str = RECENT, **cells: str) -> dict[str, str]:
    set_at = {"password_last_changed": "2024-01-01T00:00:00Z", "password_last_used": used}
    return user(name, password_enabled="true", **set_at, **cells)


ROWS = [with_password(f"user-{number}", RECENT if number % 3 else OLD) for number in range(12)]


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return judge(tmp_path_factory.mktemp("in"), root(), *ROWS)


def drawn(assessment: Assessment, size: int, of: SampleOf = SampleOf.CURRENT) -> list[str]:
    sample = draw(Sampling(size, "Q1", of), assessment.users, assessment.credentials)
    return sample.rows["user"].tolist()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="coreutils are not here")
def test_anybody_draws_it_again_with_sha256sum(assessment: Assessment) -> None:
    arns = [f"arn:aws:iam::111122223333:user/user-{number}" for number in range(12) if number % 3]
    lines = "\n".join(f"{arn}|password" for arn in arns)
    script = (
        'while read -r rest; do printf "%s %s\\n" '
        '"$(printf %s "Q1|$rest" | sha256sum | cut -d\' \' -f1)" "$rest"; done | sort | head -n 5'
    )
    done = subprocess.run(
        ["sh", "-c", script], input=f"{lines}\n", capture_output=True, text=True, check=True
    )
    by_hand = [line.split()[1] for line in done.stdout.splitlines()]
    sample = draw(Sampling(5, "Q1"), assessment.users, assessment.credentials)
    assert [f"{arn}|password" for arn in sample.rows["arn"]] == by_hand
    assert sample.population == 8
    assert sample.rows["ranked_text"].tolist() == [f"Q1|{each}" for each in by_hand]
    assert sample.rows["sha256"].tolist() == [line.split()[0] for line in done.stdout.splitlines()]


def test_each_population_is_its_own(assessment: Assessment) -> None:
    current = {f"user-{number}" for number in range(12) if number % 3}
    unused = {f"user-{number}" for number in range(12) if not number % 3}
    assert set(drawn(assessment, 99)) == current
    assert set(drawn(assessment, 99, SampleOf.UNUSED)) == unused
    everybody = current | unused | {"<root_account>"}
    assert set(drawn(assessment, 99, SampleOf.USERS)) == everybody
    assert (
        set(drawn(assessment, 99, SampleOf.ALL)) == everybody
    )  # root's password is excluded, not absent


def test_a_sample_larger_than_the_population_says_so(assessment: Assessment) -> None:
    for size, words in ((8, "8 of 8 active"), (9, "(all there are: 9 were asked for)")):
        sample = draw(Sampling(size, "Q1"), assessment.users, assessment.credentials)
        assert len(sample.rows) == 8
        assert words in sample.sentence
        assert ("all there are" in sample.sentence) is (size == 9)


def test_without_an_arn_account_and_user_count(tmp_path: Path) -> None:
    found = judge(tmp_path, with_password("a", arn=""), with_password("b"))
    sample = draw(Sampling(2, "s"), found.users, found.credentials)
    by_user = dict(zip(sample.rows["user"], sample.rows["ranked_text"], strict=True))
    assert by_user["a"].endswith("/a|password")
    assert by_user["b"] == "s|arn:aws:iam::111122223333:user/b|password"


def test_two_rows_with_one_text_stand_in_the_order_of_their_lines(assessment: Assessment) -> None:
    credentials = assessment.credentials.assign(arn="arn:aws:iam::111122223333:user/same")
    sample = draw(Sampling(3, "Q1"), assessment.users, credentials)
    assert sample.rows["sha256"].nunique() == 1
    assert sample.rows["source_line"].tolist() == [4, 5, 7]


@pytest.mark.parametrize("size", [1, 4, 99])
def test_parts_together_give_the_sample_of_the_whole(assessment: Assessment, size: int) -> None:
    users, credentials = assessment.users, assessment.credentials
    sampling = Sampling(size, "Q1")
    whole = draw(sampling, users, credentials)
    parts = [
        draw(sampling, users, credentials.iloc[first : first + 17])
        for first in range(0, len(credentials), 17)
    ]
    joined = join_samples(parts[::-1])
    assert joined.rows.equals(whole.rows)
    assert joined.population == whole.population


@pytest.mark.parametrize("given", [(None, "s", None), (None, None, SampleOf.ALL), (3, None, None),
                                   (3, "", None), (3, "a\nb", None)])  # fmt: skip
def test_an_incomplete_question_is_refused(
    given: tuple[int | None, str | None, SampleOf | None],
) -> None:
    with pytest.raises(UsageError, match="--sample"):
        to_sampling(*given)


def test_of_the_evidence_it_is_one_table_everywhere(assessment: Assessment) -> None:
    evidence = of_analysis(assessment, sampling=Sampling(3, "Q1"))
    (sheet,) = [each for each in evidence.sheets if each.title == "Sample"]
    assert [each.header for each in sheet.columns if each.is_for_auditor] == [
        *("Tested by", "Tested on", "Result", "Remarks")
    ]
    assert len(evidence.tables["sample"]) == len(sheet.table) == 3
    assert evidence.parameters["sample"] == {
        "size": 3,
        "seed": "Q1",
        "of": "current",
        "population": 8,
    }
    assert dict(evidence.facts)["Sample"] in evidence.method["text"].iloc[-1]


def test_verify_draws_it_again_and_results_are_never_lost(tmp_path: Path) -> None:
    report, out = save(tmp_path, root(), *ROWS), tmp_path / "out"
    line = ["analyze", str(report), "--sample", "3", "--seed", "Q1", "-o", str(out)]
    line += ["--format", "xlsx,json"]
    runner = CliRunner()
    assert runner.invoke(app, line).exit_code == 0
    (workbook,) = out.glob("*.xlsx")
    book = load_workbook(workbook)
    headers = [cell.value for cell in book["Sample"][1]]
    book["Sample"].cell(2, headers.index("Result") + 1).value = "no exception"
    book.save(workbook)
    verified = runner.invoke(app, ["verify", str(out), str(report)])
    assert verified.exit_code == 0, verified.output
    assert "1 on Sample" in verified.output
    again = runner.invoke(app, [*line[:5], "Q2", *line[6:], "--force"])
    assert again.exit_code == 2
    assert "1 result of the sample filled in" in again.stderr.replace("\n", " ")
    (document,) = (path for path in out.glob("*.json") if "manifest" not in path.name)
    assert len(json.loads(document.read_bytes())["sample"]) == 3


def test_no_sample_is_drawn_unless_it_is_asked_for() -> None:
    assert to_sampling(None, None, None) is None
