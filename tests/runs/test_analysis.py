"""A large run says what a small one says: in batches, by whoever works, with its population aside."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from credreport.cli.main import app
from credreport.errors import InputRefused, Problem
from credreport.evidence.of_analysis import of_analysis
from credreport.reports.inputs import Stream
from credreport.reports.read import CredentialReport
from credreport.rules.policy import Policy, UserClass
from credreport.rules.profiles import PROFILES
from credreport.rules.waivers import Waivers, load_waivers
from credreport.runs import analysis
from credreport.runs.analysis import Asked, Chosen, Piece, assess_inputs, judge_batch
from credreport.runs.cluster import on_cluster
from credreport.runs.pool import Pool
from credreport.runs.processes import in_processes
from credreport.runs.survey import Question, survey_batch
from credreport.verdicts.assessment import Part, judge_part
from tests.support.reports import NAME, rendered, root, to_csv, user
from tests.verdicts.test_assessment import OLD, key, password

FORMATS = ("xlsx", "png", "csv", "json", "md", "jira", "sh")
ALL = Policy(profile="all", rules=PROFILES["all"].rules)
CLASSES = Policy(classes=(UserClass("user-1*", {"unused_after_days": 400}),))


def many(directory: Path, number: int = 9) -> Path:
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
    directory: Path | Sequence[Path], asked: Asked, pool: Pool | None = None, *, aside: bool
) -> dict[str, bytes]:
    """Return all files of a run, and hold that its population was put aside, or was not."""
    inputs = [directory] if isinstance(directory, Path) else directory
    assessment, put_aside = assess_inputs(inputs, asked, pool=pool or Pool(), progress=no_progress)
    assert (put_aside is not None) == aside
    return rendered(of_analysis(assessment, aside=put_aside), FORMATS)


def asked(policy: Policy | None = None, waivers: Waivers | None = None) -> Asked:
    return Asked(policy or Policy(), waivers or Waivers(), csv=True, json=True)


@pytest.fixture
def shrink(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes every run a large one, of small batches."""

    def to_large() -> None:
        monkeypatch.setattr(analysis, "LARGE_BYTES", 0)
        monkeypatch.setattr(analysis, "BATCH_ROWS", 6)

    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 40)
    return to_large


@pytest.mark.parametrize(("number", "batches"), [(0, []), (2, [2]), (3, [2, 1])])
def test_a_batch_is_full_at_so_many_users(
    number: int, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "BATCH_ROWS", 4)
    file = Stream(NAME, to_csv(root(), user()).encode())
    ((answer,),) = survey_batch([file], Question())
    assert not isinstance(answer, Problem)
    chosen = [Chosen(file, answer[0])] * number
    assert [len(batch) for batch in analysis._to_batches(chosen)] == batches


class TestTheSameEvidence:
    @pytest.mark.parametrize("policy", [Policy(), ALL, CLASSES, Policy(include_root=True)])
    def test_whatever_is_asked(
        self, policy: Policy, tmp_path: Path, shrink: Callable[[], None]
    ) -> None:
        whole = files(many(tmp_path), asked(policy), aside=False)
        shrink()
        assert files(tmp_path, asked(policy), aside=True) == whole
        stem = "credreport-9-accounts-2026-01-31-90d"
        assert f"{stem}-credentials.csv" in whole
        assert f"{stem}-users.csv" not in whole

    def test_with_more_users_than_a_sheet_is_to_hold(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shrink: Callable[[], None]
    ) -> None:
        monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 10)
        whole = files(many(tmp_path), asked(), aside=False)
        shrink()
        assert files(tmp_path, asked(), aside=True) == whole
        table = whole["credreport-9-accounts-2026-01-31-90d-users.csv"].splitlines()
        assert len(table) == 1 + 9 * 4
        assert table[0].startswith(b"account_id,user,arn,created_at,")

    def test_with_waivers(self, tmp_path: Path, shrink: Callable[[], None]) -> None:
        path = tmp_path / "waivers.toml"
        path.write_text(
            '[[waiver]]\nid = "W-1"\nuser = "*1*"\nreason = "r"\napproved_by = "a"\n'
            "approved_on = 2026-01-01\nexpires = 2026-12-31\n"
        )
        waived = asked(ALL, load_waivers(path))
        whole = files(many(tmp_path), waived, aside=False)
        shrink()
        assert files(tmp_path, waived, aside=True) == whole
        assert b"W-1" in whole["credreport-9-accounts-2026-01-31-90d-findings.csv"]

    def test_by_any_number_of_workers(self, tmp_path: Path, shrink: Callable[[], None]) -> None:
        whole = files(many(tmp_path), asked(), aside=False)
        shrink()
        threads = Pool(2, lambda: ThreadPoolExecutor(2), enough_batches=2)
        assert files(tmp_path, asked(), threads, aside=True) == whole
        assert files(tmp_path, asked(), _eager(4), aside=True) == whole

    @pytest.mark.filterwarnings("ignore")
    def test_by_a_cluster(self, tmp_path: Path, cluster: str, shrink: Callable[[], None]) -> None:
        whole = files(many(tmp_path), asked(), aside=False)
        shrink()
        assert files(tmp_path, asked(), on_cluster(cluster), aside=True) == whole


class TestWhatIsKeptInMemory:
    """Some runs are judged at once, however large: their reports belong together."""

    def test_reports_that_share_a_file(self, tmp_path: Path, shrink: Callable[[], None]) -> None:
        texts = [path.read_text() for path in sorted(many(tmp_path).iterdir())]
        (tmp_path / "all").mkdir()
        (tmp_path / "all" / NAME).write_text("\n".join(texts))
        whole = files(tmp_path / "all", asked(), aside=False)
        shrink()
        assert files(tmp_path / "all", asked(), aside=False) == whole

    def test_reports_whose_account_is_not_known(
        self, tmp_path: Path, shrink: Callable[[], None]
    ) -> None:
        """Two findings may share an ID there, and are told apart by an ordinal."""
        paths = sorted(many(tmp_path).iterdir())
        for path, mfa in zip(paths[:2], ("true", "false"), strict=True):
            people = [user(f"u{number}", "X", **key(1, OLD)) for number in range(5)]
            path.write_text(to_csv(root("X", mfa_active=mfa), *people))
        shrink()
        found, aside = assess_inputs([tmp_path], asked(), pool=Pool(), progress=no_progress)
        assert aside is None
        assert found.findings["finding_id"].str.endswith("-2").sum() == 5

    def test_what_a_baseline_is_compared_with(
        self, tmp_path: Path, shrink: Callable[[], None]
    ) -> None:
        shrink()
        compared = Asked(Policy(), has_baseline=True)
        found, aside = assess_inputs([many(tmp_path)], compared, pool=Pool(), progress=no_progress)
        assert aside is None
        assert len(found.users) == 9 * 4

    def test_few_credentials_in_large_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(analysis, "LARGE_BYTES", 0)
        files(many(tmp_path), asked(), aside=False)


class TestTrouble:
    def test_a_report_that_changes_between_the_two_looks_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shrink: Callable[[], None]
    ) -> None:
        shrink()
        changed = many(tmp_path) / f"03-{NAME}"
        other = changed.read_text().replace("user-3", "user-x")
        between_looks(monkeypatch, lambda: changed.write_text(other))
        with pytest.raises(InputRefused) as refusal:
            files(tmp_path, asked(), aside=True)
        assert refusal.value.problems == (
            Problem(
                changed.name, 0, 0, "changed while it was judged",
                "Run again when nobody writes to it",
            ),
        )  # fmt: skip

    def test_a_report_that_is_gone_by_the_second_look_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shrink: Callable[[], None]
    ) -> None:
        shrink()
        gone = many(tmp_path) / f"03-{NAME}"
        between_looks(monkeypatch, gone.unlink)
        with pytest.raises(InputRefused, match="03-status_reports_.*: cannot be read"):
            files(tmp_path, asked(), aside=True)

    def test_a_worker_that_dies_loses_no_report(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shrink: Callable[[], None]
    ) -> None:
        whole = files(many(tmp_path), asked(), aside=False)
        shrink()
        monkeypatch.setattr(analysis, "judge_batch", die_of_three)
        with pytest.raises(InputRefused) as refusal:
            files(tmp_path, asked(), _eager(2), aside=True)
        assert [problem.found for problem in refusal.value.problems] == [
            "the workers that read it died, one after the other"
        ]
        monkeypatch.setattr(analysis, "judge_batch", DieOnce(tmp_path / "died"))
        inputs = sorted(tmp_path.glob("*.csv"))
        assert files(inputs, asked(), _eager(2), aside=True) == whole
        assert (tmp_path / "died").exists()

    def test_two_looks_that_disagree_are_a_bug(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shrink: Callable[[], None]
    ) -> None:
        shrink()
        monkeypatch.setattr(analysis, "judge_part", lambda reports, *_: _lose_one(reports))
        with pytest.raises(AssertionError, match="the two looks at the reports do not agree"):
            files(many(tmp_path), asked(), aside=True)

    def test_progress_is_told_for_both_looks(
        self, tmp_path: Path, shrink: Callable[[], None]
    ) -> None:
        shrink()
        told: list[str] = []

        @contextmanager
        def progress(total: Callable[[], int]) -> Iterator[Callable[[], None]]:
            told.append(f"{total()} to come")
            yield lambda: told.append("one")

        assess_inputs([many(tmp_path)], asked(), pool=Pool(), progress=progress)
        assert told == [*["9 to come", *["one"] * 9] * 2]


def between_looks(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen when the first look is over."""
    to_batches = analysis._to_batches

    def act_first(chosen: Iterable[Chosen]) -> Iterator[tuple[Chosen, ...]]:
        act()
        return to_batches(chosen)

    monkeypatch.setattr(analysis, "_to_batches", act_first)


def _eager(workers: int) -> Pool:
    processes = in_processes(workers)
    assert processes.start is not None
    return Pool(workers, processes.start, enough_batches=2)


def _lose_one(reports: Sequence[CredentialReport]) -> Part:
    """Judge the reports, and count the first of them wrongly."""
    part = judge_part(reports, Policy(), Waivers())
    first, *others = part.tallies
    return replace(part, tallies=(replace(first, statuses=first.statuses[::-1]), *others))


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

    @pytest.mark.filterwarnings("ignore")
    def test_whoever_judges(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        cluster: str,
        shrink: Callable[[], None],
    ) -> None:
        monkeypatch.chdir(many(tmp_path, 20))

        def run(*options: str) -> tuple[int, str, str, dict[str, bytes]]:
            words = ["analyze", ".", "-o", "out", "--force", "--json", *options]
            words += ["--format", ",".join(FORMATS)]
            monkeypatch.setattr("sys.argv", ["credreport"])
            ended = CliRunner().invoke(app, words)
            written = {path.name: path.read_bytes() for path in Path("out").iterdir()}
            shutil.rmtree("out")
            return ended.exit_code, ended.stdout, ended.stderr, written

        whole = run()
        assert whole[0] == 3
        assert len(whole[3]) == 11
        shrink()
        for options in (["--workers", "1"], ["--workers", "4"], ["--cluster", cluster]):
            assert run(*options) == whole

    def test_workers_and_a_cluster_are_one_too_many(self, tmp_path: Path) -> None:
        words = ["analyze", str(many(tmp_path)), "--workers", "2", "--cluster", "tcp://x:1"]
        ended = CliRunner().invoke(app, words)
        assert ended.exit_code == 2
        assert "--workers and --cluster: give one of the two" in ended.stderr
