"""A run in batches says what the tables of all reports at once say, wherever it is done."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from credreport.cli.main import app
from credreport.errors import InputRefused, Problem
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.sample import Sampling, draw
from credreport.masking.judged import mask_assessment
from credreport.masking.key import MaskKey
from credreport.masking.pseudonyms import Masker
from credreport.output.csv_file import table_files
from credreport.output.formats import FORMATS as ALL_FORMATS
from credreport.output.json_file import to_json_parts
from credreport.output.pictures import Options
from credreport.reports.inputs import Stream
from credreport.reports.report import Report
from credreport.reports.selection import read_reports
from credreport.rules.policy import Policy, UserClass
from credreport.rules.profiles import PROFILES
from credreport.rules.waivers import Waivers, load_waivers
from credreport.runs import analyze
from credreport.runs.analyze import (
    POPULATION,
    Asked,
    Chosen,
    Piece,
    analyze_inputs,
    find_reports,
    judge_batch,
)
from credreport.runs.pool import Pool
from credreport.runs.processes import in_processes
from credreport.schema import SampleOf
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import assess
from tests.support.reports import NAME, rendered, root, to_csv, user
from tests.verdicts.test_assessment import OLD, key, password

FORMATS = tuple(ALL_FORMATS)
# These hold every table; what the others are made of is the same evidence.
TABLES = ("csv", "json", "md", "sh")
ALL = Policy(profile="all", rules=PROFILES["all"].rules)
CLASSES = Policy(classes=(UserClass("user-1*", {"unused_after_days": 400}),))


def many(directory: Path, number: int = 5) -> Path:
    """Write reports of different accounts, in another order than that of their files."""
    for place in range(number):
        account = f"{900_000_000_000 - place:012d}"
        rows = [
            user(
                f"user-{place}", account, **password(OLD if place % 3 else "2026-01-30T00:00:00Z")
            ),
            user("=1+1", account, **key(1, OLD), cert_1_active="true", cert_1_last_rotated=OLD),
            user("torn", account, **password("4/5/2019" if place == 4 else "no_information")),
        ]
        text = to_csv(root(account), *rows)
        (directory / f"{place:02d}-{NAME}").write_text(text, encoding="utf-8")
    return directory


def no_progress(_: Callable[[], int]) -> AbstractContextManager[None]:
    return nullcontext()


def files(
    directory: Path | Sequence[Path],
    asked: Asked,
    pool: Pool | None = None,
    formats: Sequence[str] = TABLES,
) -> dict[str, bytes]:
    """Return all files of a run whose population is put aside."""
    inputs = [directory] if isinstance(directory, Path) else directory
    assessment, aside = analyze_inputs(inputs, asked, pool=pool or Pool(), progress=no_progress)
    assert aside is not None
    return rendered(of_analysis(assessment, aside=aside), formats)


def whole_files(directory: Path, asked: Asked, formats: Sequence[str] = TABLES) -> dict[str, bytes]:
    """Return the same files, made of tables that were never cut into batches."""
    assessment = assess(read_reports(directory), asked.policy, asked.waivers)
    return rendered(of_analysis(assessment), formats)


def ends_with(files: dict[str, bytes], end: str) -> list[bytes]:
    """Return the files whose names end so."""
    return [content for name, content in files.items() if name.endswith(end)]


def asked(policy: Policy | None = None, waivers: Waivers | None = None) -> Asked:
    return Asked(policy or Policy(), waivers or Waivers(), csv=tuple(POPULATION), json=True)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every run one of several batches, with a population that is too long for a sheet."""
    monkeypatch.setattr(analyze, "BATCH_ROWS", 6)
    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 40)


@pytest.mark.parametrize(("number", "batches"), [(0, []), (2, [2]), (3, [2, 1])])
def test_a_batch_is_full_at_so_many_users(
    number: int, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyze, "BATCH_ROWS", 4)
    file = Stream(NAME, to_csv(root(), user()).encode())
    ((report,),) = find_reports([file], None)
    assert isinstance(report, Report)
    chosen = [Chosen(file, 0, report)] * number
    assert [len(batch) for batch in analyze._to_batches(chosen)] == batches


@pytest.mark.parametrize(("files", "accounts"), [(8, 30), (30, 8), (1, 240)])
def test_files_whose_accounts_alternate_are_read_a_few_times(
    files: int, accounts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first account is in the first file, the second in the second, and so on."""
    monkeypatch.setattr(analyze, "BATCH_ROWS", 2)
    streams = [Stream(f"{number}.csv", b"") for number in range(files)]
    chosen = []
    for place in range(accounts):
        for number, stream in enumerate(streams):
            ((report,),) = find_reports([Stream(NAME, to_csv(root(), user()).encode())], None)
            assert isinstance(report, Report)
            chosen.append(Chosen(stream, place, report))
            assert number < files
    batches = list(analyze._to_batches(chosen))
    assert [each for batch in batches for each in batch] == chosen
    assert sum(len({each.file for each in batch}) for batch in batches) <= 5 * files


class TestTheSameEvidence:
    def test_a_sample_is_the_same_however_the_run_is_cut(self, tmp_path: Path) -> None:
        whole = assess(read_reports(many(tmp_path)))
        for size, of in (*product((1, 99), [SampleOf.ALL]), *product([4], SampleOf)):
            sampling = Sampling(size, "Q1", of)
            _, aside = analyze_inputs(
                [tmp_path], replace(asked(), sampling=sampling), pool=Pool(), progress=no_progress
            )
            assert aside is not None
            assert aside.sample is not None
            expected = storing_python_text(draw)(sampling, whole.users, whole.credentials)
            assert aside.sample.rows.equals(expected.rows)
            assert aside.sample.population == expected.population

    def test_a_table_whose_rows_were_not_kept_is_never_written_empty(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 4)
        question = replace(asked(), csv=("credentials",), json=False)
        assessment, aside = analyze_inputs(
            [many(tmp_path)], question, pool=Pool(), progress=no_progress
        )
        evidence = of_analysis(assessment, aside=aside)
        assert [*table_files(evidence, ["credentials"], Options())] != []
        with pytest.raises(KeyError, match="users: its rows were put aside"):
            table_files(evidence, ["users"], Options())
        with pytest.raises(KeyError, match="users: its rows were put aside"):
            "".join(to_json_parts(evidence))
        assert "users" in evidence.tables

    def test_masked_it_is_that_of_masked_tables(self, tmp_path: Path) -> None:
        key = MaskKey(b"k" * 32)
        question = replace(asked(), mask=key, sampling=Sampling(4, "Q1"))
        assessment, aside = analyze_inputs(
            [many(tmp_path)], question, pool=Pool(), progress=no_progress
        )
        assert aside is not None
        found = rendered(
            of_analysis(mask_assessment(assessment, Masker(key)), aside=aside), TABLES[:-1]
        )
        whole = mask_assessment(assess(read_reports(tmp_path)), Masker(key))
        expected = rendered(of_analysis(whole, sampling=Sampling(4, "Q1")), TABLES[:-1])
        for ending in ("-credentials.csv", ".json"):
            assert ends_with(found, ending) == ends_with(expected, ending)
        assert not any(b'user-1"' in data or b"=1+1" in data for data in found.values())

    @pytest.mark.parametrize(
        ("policy", "formats"),
        [
            (Policy(), FORMATS),
            (ALL, FORMATS),
            (CLASSES, TABLES),
            (Policy(include_root=True), TABLES),
        ],
    )
    def test_whatever_is_asked(
        self, policy: Policy, formats: tuple[str, ...], tmp_path: Path
    ) -> None:
        whole = whole_files(many(tmp_path), asked(policy), formats)
        assert files(tmp_path, asked(policy), formats=formats) == whole
        assert ends_with(whole, "-credentials.csv")
        assert not ends_with(whole, "-users.csv")

    def test_with_more_users_than_a_sheet_is_to_hold(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 10)
        whole = whole_files(many(tmp_path), asked(), FORMATS)
        assert files(tmp_path, asked(), formats=FORMATS) == whole
        table = ends_with(whole, "-users.csv")[0].splitlines()
        assert len(table) == 1 + 5 * 4
        assert table[0].startswith(b"account_id,user,arn,created_at,")

    def test_with_waivers(self, tmp_path: Path) -> None:
        path = tmp_path / "waivers.toml"
        path.write_text(
            '[[waiver]]\nid = "W-1"\nuser = "*1*"\nreason = "r"\napproved_by = "a"\n'
            "approved_on = 2026-01-01\nexpires = 2026-12-31\n"
        )
        waived = asked(ALL, load_waivers(path))
        whole = whole_files(many(tmp_path), waived)
        assert files(tmp_path, waived) == whole
        assert b"W-1" in ends_with(whole, "-findings.csv")[0]

    def test_by_any_number_of_workers(self, tmp_path: Path) -> None:
        whole = whole_files(many(tmp_path), asked())
        threads = Pool(2, lambda: ThreadPoolExecutor(2), enough_batches=2)
        assert files(tmp_path, asked(), threads) == whole
        assert files(tmp_path, asked(), _eager(2)) == whole


class TestNoSpecialCases:
    """What belongs together is told apart by what it is, not by being judged in one batch."""

    def test_reports_that_share_a_file(self, tmp_path: Path) -> None:
        texts = [path.read_text() for path in sorted(many(tmp_path).iterdir())]
        (tmp_path / "all").mkdir()
        (tmp_path / "all" / NAME).write_text("\n".join(texts))
        assert files(tmp_path / "all", asked()) == whole_files(tmp_path / "all", asked())

    def test_reports_whose_account_is_not_known(self, tmp_path: Path) -> None:
        paths = sorted(many(tmp_path).iterdir())
        for path, mfa in zip(paths[:2], ("true", "false"), strict=True):
            people = [user(f"u{number}", "X", **key(1, OLD)) for number in range(5)]
            path.write_text(to_csv(root("X", mfa_active=mfa), *people))
        assert files(tmp_path, asked()) == whole_files(tmp_path, asked())
        found, _ = analyze_inputs([tmp_path], asked(), pool=Pool(), progress=no_progress)
        assert found.findings["account_id"].eq("X").sum() == 10
        assert found.findings["finding_id"].is_unique

    def test_damaged_arns_of_two_accounts(self, tmp_path: Path) -> None:
        for account in ("111122223333", "444455556666"):
            people = [user("u", account, **key(1, OLD)), user("v", arn="v", **key(1, OLD))]
            (tmp_path / f"{account}-{NAME}").write_text(to_csv(root(account), *people))
        found, _ = analyze_inputs([tmp_path], asked(), pool=Pool(), progress=no_progress)
        assert found.findings["user"].tolist().count("v") == 2
        assert found.findings["finding_id"].is_unique

    def test_what_a_baseline_is_compared_with(self, tmp_path: Path) -> None:
        compared = Asked(Policy(), has_baseline=True)
        found, aside = analyze_inputs([many(tmp_path)], compared, pool=Pool(), progress=no_progress)
        assert aside is None
        assert len(found.users) == 5 * 4

    def test_a_population_that_fits_a_sheet_is_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 400)
        found, aside = analyze_inputs([many(tmp_path)], asked(), pool=Pool(), progress=no_progress)
        assert aside is None
        expected = assess(read_reports(tmp_path))
        pd.testing.assert_frame_equal(found.credentials, expected.credentials)
        users = expected.users.reset_index(drop=True)
        pd.testing.assert_frame_equal(found.users, users)


class TestTrouble:
    def test_a_report_that_changes_between_the_two_passes_is_refused(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        changed = many(tmp_path) / f"03-{NAME}"
        other = changed.read_text().replace("user-3", "user-x")
        between_passes(monkeypatch, lambda: changed.write_text(other))
        with pytest.raises(InputRefused) as refusal:
            files(tmp_path, asked())
        assert refusal.value.problems == (
            Problem(
                changed.name, 0, 0, "changed while it was judged",
                "Run again when no other program is writing to it",
            ),
        )  # fmt: skip

    def test_a_report_that_is_gone_by_the_second_pass_is_refused(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        gone = many(tmp_path) / f"03-{NAME}"
        between_passes(monkeypatch, gone.unlink)
        with pytest.raises(InputRefused, match="03-status_reports_.*: cannot be read"):
            files(tmp_path, asked())

    def test_a_worker_that_dies_loses_no_report(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        whole = whole_files(many(tmp_path), asked())
        monkeypatch.setattr(analyze, "judge_batch", die_of_three)
        with pytest.raises(InputRefused) as refusal:
            files(tmp_path, asked(), _eager(2))
        assert [problem.found for problem in refusal.value.problems] == [
            "the workers that read it died, one after the other"
        ]
        monkeypatch.setattr(analyze, "judge_batch", DieOnce(tmp_path / "died"))
        inputs = sorted(tmp_path.glob("*.csv"))
        assert files(inputs, asked(), _eager(2)) == whole
        assert (tmp_path / "died").exists()

    def test_progress_is_told_for_both_passes(
        self,
        tmp_path: Path,
    ) -> None:
        told: list[str] = []

        @contextmanager
        def progress(total: Callable[[], int]) -> Iterator[Callable[[], None]]:
            told.append(f"{total()} to come")
            yield lambda: told.append("one")

        analyze_inputs([many(tmp_path)], asked(), pool=Pool(), progress=progress)
        assert told == [*["5 to come", *["one"] * 5] * 2]


def between_passes(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen when the first pass is over."""
    to_batches = analyze._to_batches

    def act_first(chosen: Sequence[Chosen]) -> Iterator[tuple[Chosen, ...]]:
        act()
        return to_batches(chosen)

    monkeypatch.setattr(analyze, "_to_batches", act_first)


def _eager(workers: int) -> Pool:
    processes = in_processes(workers)
    assert processes.start is not None
    return Pool(workers, processes.start, enough_batches=2)


def die_of_three(
    batch: Sequence[Chosen], asked: Asked, aside: Sequence[str]
) -> list[Piece | Problem]:
    """Judge a batch, or die of the fourth file."""
    if any(chosen.report.source.name.startswith("03-") for chosen in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return judge_batch(batch, asked, aside)


class DieOnce:
    """Judge a batch; the first worker that meets the fourth file dies of it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(
        self, batch: Sequence[Chosen], asked: Asked, aside: Sequence[str]
    ) -> list[Piece | Problem]:
        if any(chosen.report.source.name.startswith("03-") for chosen in batch):
            try:
                self.mark.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return judge_batch(batch, asked, aside)


class TestCommand:
    """`credreport analyze` writes the same bytes and says the same words, whoever judges."""

    def test_whoever_judges(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(many(tmp_path, 7))
        whole = run()
        assert whole[0] == 3
        assert len(whole[3]) == 7
        for workers in ("1", "2"):
            assert run("--workers", workers) == whole

    def test_workers_and_a_cluster_are_one_too_many(self, tmp_path: Path) -> None:
        words = ["analyze", str(tmp_path), "--workers", "2", "--cluster", "tcp://x:1"]
        ended = CliRunner().invoke(app, words)
        assert ended.exit_code == 2
        assert "--workers and --cluster: give only one of the two" in ended.stderr


def run(*options: str) -> tuple[int, str, str, dict[str, bytes]]:
    """Run the command over the current directory: exit status, both outputs, and the files."""
    words = ["analyze", ".", "-o", "out", "--json", "--format", ",".join(TABLES), *options]
    ended = CliRunner().invoke(app, words)
    written = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    shutil.rmtree("out")
    return ended.exit_code, ended.stdout, ended.stderr, written
