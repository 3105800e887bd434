"""The fast road and the slow one say the same, whoever judges: here, workers, a cluster."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credreport.errors import InputRefused, OutputError, Problem, UsageError
from credreport.evidence.of_analysis import of_analysis
from credreport.instants import parse_instant
from credreport.output.json_file import to_document
from credreport.reports.inputs import Skipped, Stream
from credreport.reports.plain import layout_of, read_plain, to_plain
from credreport.reports.selection import read_reports
from credreport.rules.policy import Policy
from credreport.runs.cluster import on_cluster
from credreport.runs.inspection import json_parts, report_lines
from credreport.runs.pool import Pool
from credreport.runs.processes import in_processes
from credreport.runs.survey import Question, _to_batches, refuse, survey, survey_batch
from credreport.verdicts.assessment import assess
from tests.support.reports import ACCOUNT, COLUMNS, NAME, root, to_csv, user

SAMPLES = Path(__file__).parents[2] / "sample_reports"
SHARED = ("verdict", "ties_out", "parameters", "facts", "undetermined", "summary", "bands")
SHARED_TABLES = ("inputs", "tie_out", "warnings", "left_out")
DATES = (
    "2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00", "2025-11-02T12:00:00+00:00",
    "2025-11-02T12:00:01Z", "2025-11-02T11:59:59Z", "2018-05-10T00:00:00+00:00",
    "2024-02-29T00:00:00Z", "2026-02-01T00:00:00Z", "0001-01-01T00:00:00Z",
    "N/A", "N/A", "no_information", "not_supported",
    # What is not plain
    "", "n/a", "2023-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-01T24:00:00Z",
    "0000-01-01T00:00:00Z", "2025-01-01T00:00:60Z", "2025-01-01T00:00:00", "2025-01-01 00:00:00Z",
    "2025-01-01T00:00:00.5Z", "2025-01-01T02:00:00+02:00", "2025-01-01T00:00:0OZ", "TRUE",
    "2025-01-01T00:00:0:Z", "2025-01-01T00:00:00z", "not_reported!", "no-information",
)  # fmt: skip
FLAGS = (
    "true",
    "false",
    "true",
    "false",
    "not_supported",
    "TRUE",
    "False",
    "yes",
    "",
    "tru",
    "falsy",
)
NAMES = (
    "alice", "Bob", "bob", "root", "<root_account>", "user", "a/b", "a:b", "=1+1", "x" * 64,
    "x" * 65, "back\\slash", "\u00fc", "a,b", 'q"q', " ", " a", "NA", "-", "password_enabled",
)  # fmt: skip
WORDS = ("N/A", "s3", "us-east-1", "user", "arn", "mfa_active", " arn", "not_supported", "x" * 5000)


def answer(path: Path | Sequence[Path], question: Question, pool: Pool | None = None) -> str:
    """Return the JSON document about the inputs, or the words of their refusal."""
    inputs = [path] if isinstance(path, Path) else path
    try:
        surveyed = survey(inputs, question, pool=pool)
        return "".join(json_parts(surveyed))
    except InputRefused as refusal:
        return str(refusal)


def slow(path: Path, question: Question) -> str:
    """Return the same, read cell by cell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credreport.runs.survey._look_at", lambda *_: None)
        return answer(path, question)


cells = st.fixed_dictionaries(
    {},
    optional={
        **{column: st.sampled_from(DATES) for column in COLUMNS if column.endswith(("d", "e"))},
        **{column: st.sampled_from(FLAGS) for column in COLUMNS if "active" in column},
        "password_enabled": st.sampled_from(FLAGS),
        "access_key_1_last_used_service": st.sampled_from(WORDS),
        "access_key_2_last_used_region": st.sampled_from(WORDS),
        "access_key_1_last_used_region": st.sampled_from(WORDS),
        "arn": st.sampled_from(
            [
                f"arn:aws:iam::{ACCOUNT}:user/alice",
                f"arn:aws:iam::{ACCOUNT}:root",
                f"arn:aws-us-gov:iam::{ACCOUNT}:user/path/Bob",
                "arn:aws:iam::444455556666:user/alice",
                "arn:aws:iam::1234:user/alice",
                "alice",
            ]
        ),
        "user": st.sampled_from(NAMES),
    },
)
# Most cells of a row as they should be: a report with three odd ones takes the slow road anyway.
rows = st.builds(
    lambda name, odd: user(name, **dict(list(odd.items())[:3])), st.sampled_from(NAMES[:4]), cells
)
plain_date = st.sampled_from(DATES[:11])
plain_rows = st.builds(
    lambda name, on, key, used, since, made, rotated: user(
        name,
        password_enabled=on,
        password_last_used=used,
        password_last_changed=since,
        access_key_1_active=key,
        access_key_1_last_used_date=made,
        access_key_1_last_rotated=rotated,
        cert_1_active=on,
        cert_1_last_rotated=made,
    ),
    st.sampled_from(["alice", "Bob", "bob", "carol"]),
    st.sampled_from(["true", "false"]),
    st.sampled_from(["true", "false"]),
    plain_date,
    plain_date,
    plain_date,
    plain_date,
)
questions = st.sampled_from(
    [
        Question(),
        Question(as_of="newest"),
        Question(unused_after_days=1, include_root=True),
        Question(as_of=datetime(2025, 11, 1, tzinfo=UTC), unused_after_days=45),
    ]
)


class TestTwoRoads:
    @given(st.lists(st.one_of(rows, plain_rows), max_size=4), st.booleans(), questions)
    @settings(max_examples=200, deadline=None)
    def test_the_fast_road_says_what_the_slow_one_says(
        self, found: list[dict[str, str]], has_root: bool, question: Question
    ) -> None:
        import tempfile

        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / NAME
            rows = [root()] * has_root + found
            path.write_text(to_csv(*rows, columns=COLUMNS), encoding="utf-8")
            assert answer(path, question) == slow(path, question)

    @given(st.lists(plain_rows, min_size=1, max_size=6), questions)
    @settings(max_examples=60, deadline=None)
    def test_also_where_several_reports_share_a_batch(
        self, found: list[dict[str, str]], question: Question
    ) -> None:
        import tempfile

        with tempfile.TemporaryDirectory() as directory:
            for number, row in enumerate(found):
                account = f"{number:012d}"
                own = {"arn": row["arn"].replace(ACCOUNT, account)}
                text = to_csv(root(account), {**row, **own}, columns=COLUMNS)
                (Path(directory) / f"{number}-{NAME}").write_text(text, encoding="utf-8")
            assert answer(Path(directory), question) == slow(Path(directory), question)

    @pytest.mark.parametrize(
        "damage",
        [
            lambda text: text + "\n",
            lambda text: text + "\n\n",
            lambda text: text.replace("\n", "\r\n"),
            lambda text: text.replace("\n", "\r\n", 1),
            lambda text: text.replace("\n", "\r"),
            lambda text: text.replace(",false", ",false,", 1),
            lambda text: text.replace("N/A,", "", 1),
            lambda text: text.replace("N/A,", "", 1).replace("alice,", "alice,,"),
            lambda text: text.replace("N/A", "", 1),
            lambda text: "\ufeff" + text,
            lambda text: text + "\0",
            lambda text: text + "\x7f",
            lambda text: text + "\t",
            lambda text: text.replace("alice", "\talice"),
            lambda text: text.replace("N/A", "\x0b", 1),
            lambda text: text[: text.rindex("\n")],
            lambda text: text[:-1],
            lambda text: text + ",",
            lambda text: text + "\n" + text,
            lambda text: text + "\n" + text.partition("\n")[2],
            lambda text: text.replace("alice", "alice\t"),
            lambda text: text.partition("\n")[0],
            lambda text: text.replace("user,", "User,", 1),
            lambda text: text.replace("<root_account>", "<root_accoUnt>"),
            lambda text: text.replace("alice,", "<Root_account>,"),
            lambda text: text.replace("alice", "<root_ac"),
            lambda text: text.replace("N/A", "n/a"),
            lambda text: text.replace(",", ";"),
        ],
    )
    def test_damage_ends_alike(self, damage: object, tmp_path: Path) -> None:
        path = tmp_path / NAME
        text = to_csv(root(), user("alice"), user("bob"))
        assert callable(damage)
        path.write_bytes(damage(text).encode())
        assert answer(path, Question()) == slow(path, Question())

    def test_a_damaged_report_does_not_touch_its_neighbours(self, tmp_path: Path) -> None:
        for number in range(5):
            account = f"{number:012d}"
            text = to_csv(root(account), user("alice", account, password_enabled="true"))
            if number == 2:
                text = text.replace("false", "false,", 1)
            (tmp_path / f"{number}-{NAME}").write_text(text, encoding="utf-8")
        found = survey([tmp_path], Question(), keep_going=True)
        assert [report.account_id[-1] for report in found.totals.reports] == list("0134")
        assert [problem.source for problem in found.totals.refused] == [f"2-{NAME}"]


def assert_dates(texts: Iterable[str]) -> None:
    """Assert that each text is read as `parse_instant` reads it, unless it is left to the slow road."""
    dates = list(texts)
    reports = [to_plain(to_csv(user(user_creation_time=date)).encode()) for date in dates]
    users = read_plain([report for report in reports if report])
    assert len(users.report) == len(dates)
    expected = [parse_instant(date) for date in dates]
    is_plain = [
        instant is not None and date[19:] in ("Z", "+00:00")
        for date, instant in zip(dates, expected, strict=True)
    ]
    assert users.strange.tolist() == [not each for each in is_plain]
    found = [instant and instant.replace(tzinfo=UTC) for instant in users.created_at.tolist()]
    assert [each for each in found if each] == [
        instant for instant, is_read in zip(expected, is_plain, strict=True) if is_read
    ]


def test_an_arn_that_differs_in_capitals_only_is_not_told_of(tmp_path: Path) -> None:
    people = [user("Bob", arn=f"arn:aws:iam::{ACCOUNT}:user/bob"), user("carl")]
    other = user("dora", arn=f"arn:aws:iam::{ACCOUNT}:user/eve")
    (tmp_path / NAME).write_text(to_csv(root(), *people, other), encoding="utf-8")
    notices = survey([tmp_path], Question()).totals.notices
    assert [(notice.line, notice.code) for notice in notices] == [(5, "arn-differs")]
    assert answer(tmp_path / NAME, Question()) == slow(tmp_path / NAME, Question())


class TestPlain:
    TEXT = to_csv(root(), user("alice")).encode()

    def test_a_report_as_aws_writes_it_is_plain(self) -> None:
        plain = to_plain(self.TEXT)
        assert plain is not None
        assert plain.row_count == 2

    @pytest.mark.parametrize(
        "text",
        [
            TEXT + b'"',
            TEXT + b"\\",
            TEXT + b"\x7f",
            "ü".encode() + TEXT,
        ],
    )
    def test_what_needs_a_second_look_is_not(self, text: bytes) -> None:
        assert to_plain(text) is None

    def test_the_usual_end_of_a_row_is_known(self) -> None:
        layout = layout_of(",".join(COLUMNS).encode())
        assert layout is not None
        assert layout.bare == b"false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
        assert layout.bare_slots == 3
        other = layout_of(",".join(COLUMNS[::-1]).encode())
        assert other is not None
        assert (other.bare, other.bare_slots) == (b"", 0)

    @pytest.mark.parametrize("end", ["Z", "+00:00"])
    def test_a_date_with_another_sign_anywhere_is_none(self, end: str) -> None:
        date = f"2024-02-29T23:59:59{end}"
        signs = [chr(code) for code in range(32, 127) if chr(code) not in ',"\\']
        assert_dates(
            date[:place] + sign + date[place + 1 :] for place in range(len(date)) for sign in signs
        )

    @pytest.mark.parametrize("year", ["0000", "0001", "1900", "2000", "2023", "2024", "9999"])
    def test_only_a_day_of_the_calendar_is_a_date(self, year: str) -> None:
        assert_dates(
            f"{year}-{month:02}-{day:02}T00:00:00Z" for month in range(100) for day in range(100)
        )

    def test_only_a_time_of_the_clock_is_a_date(self) -> None:
        assert_dates(f"2024-02-29T{number:02}:59:59+00:00" for number in range(100))
        assert_dates(f"2024-02-29T23:{number:02}:59+00:00" for number in range(100))
        assert_dates(f"2024-02-29T23:59:{number:02}+00:00" for number in range(100))

    @pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "x" * 200])
    @pytest.mark.parametrize("name", ["<root_ac", "a", "x" * 64])
    def test_partitions_and_names_of_any_length_end_alike(
        self, partition: str, name: str, tmp_path: Path
    ) -> None:
        path = tmp_path / NAME
        arn = f"arn:{partition}:iam::{ACCOUNT}:root"
        path.write_text(to_csv(user(name, arn=arn), user("b")), encoding="utf-8")
        assert answer(path, Question()) == slow(path, Question())

    def test_a_header_with_an_unknown_or_a_missing_or_a_double_column_is_not(self) -> None:
        header = ",".join(COLUMNS).encode()
        assert layout_of(header) is not None
        assert layout_of(header + b",more") is None
        assert layout_of(header + b",user") is None
        assert layout_of(header.replace(b",cert_1_active", b"")) is None
        assert layout_of(header.replace(b",mfa_active", b"")) is None
        assert layout_of(header.replace(b",access_key_2_last_used_date", b"")) is None


class TestDocument:
    """What inspect tells is what analyze tells, counted on another road."""

    @pytest.mark.parametrize("as_of", [None, "newest"])
    def test_is_that_of_analyze(self, as_of: str | None) -> None:
        counted = json.loads(answer(SAMPLES, Question(as_of)))
        told = to_document(of_analysis(assess(read_reports(SAMPLES, as_of=as_of))))
        for name in (*SHARED, *SHARED_TABLES):
            assert counted[name] == told[name], name
        accounts = ["account_id", "users", "unused", "current", "undetermined"]
        assert counted["accounts"] == [
            {name: row[name] for name in accounts} for row in told["accounts"]
        ]
        columns = ["account_id", "user", "credential", "age_days", "effective_last_used"]
        found = sorted(json.dumps(row) for row in counted["unused"])
        assert found == sorted(
            json.dumps({name: row[name] for name in columns}) for row in told["findings"]
        )

    def test_lists_nothing_where_there_is_nothing(self, tmp_path: Path) -> None:
        (tmp_path / NAME).write_text(to_csv(root()), encoding="utf-8")
        assert json.loads(answer(tmp_path / NAME, Question()))["unused"] == []


def many(directory: Path, number: int = 40) -> Path:
    """Write so many reports, every fifth of them read cell by cell, one of them damaged."""
    for place in range(number):
        account = f"{place:012d}"
        names = ["alice", "b\u00f6b" if place % 5 == 0 else "bob"]
        people = [
            user(name, account, password_enabled="true", password_last_changed=DATES[place % 7])
            for name in names
        ]
        text = to_csv(root(account), *people)
        (directory / f"{place:02d}-{NAME}").write_text(text, encoding="utf-8")
    return directory


@pytest.mark.parametrize(
    ("files", "batches"),
    [
        ([], []),
        (["a", "b"], [["a", "b"]]),
        (["a", "b", "c"], [["a", "b", "c"]]),
        (["a", "b", "c", "d"], [["a", "b", "c"], ["d"]]),
    ],
)
def test_a_batch_is_full_at_so_many_files(
    files: list[str], batches: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.runs.survey.BATCH_FILES", 3)
    skipped: list[Skipped] = []
    items: list[Skipped | Stream] = [Skipped("x", "no file")]
    items += [Stream(name, b"") for name in files]
    found = list(_to_batches(items, skipped))
    assert [[file.name for file in batch if isinstance(file, Stream)] for batch in found] == batches
    assert [item.name for item in skipped] == ["x"]


def test_what_killed_the_workers_is_refused_by_name() -> None:
    assert [str(problem) for problem in refuse(Stream("a.csv", b""))] == [
        "a.csv: the workers that read it died, one after the other. "
        "Read it alone, with --workers 1."
    ]
    problem = Problem("b.csv", 0, 0, "no file")
    assert refuse(problem) == [problem]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credreport.runs.survey.BATCH_FILES", 3)


@pytest.mark.usefixtures("small_batches")
class TestWorkers:
    def test_any_number_of_workers_says_the_same(self, tmp_path: Path) -> None:
        alone = answer(many(tmp_path), Question())
        assert answer(tmp_path, Question(), in_processes(4)) == alone
        assert answer(tmp_path, Question(), Pool(2, lambda: ThreadPoolExecutor(2))) == alone

    def test_refusals_come_in_the_same_order(self, tmp_path: Path) -> None:
        many(tmp_path)
        for name in ("05", "21", "33"):
            (tmp_path / f"{name}-{NAME}").write_text("nonsense", encoding="utf-8")
        alone = answer(tmp_path, Question())
        assert alone.count("not a credential report") == 3
        assert answer(tmp_path, Question(), in_processes(2)) == alone

    def test_a_worker_that_dies_loses_no_file(self, tmp_path: Path) -> None:
        alone = answer(many(tmp_path), Question())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("credreport.runs.survey.survey_batch", DieOnce(tmp_path / "died"))
            assert answer(sorted(tmp_path.glob("*.csv")), Question(), in_processes(2)) == alone
        assert (tmp_path / "died").exists()

    def test_a_file_that_kills_every_worker_is_refused_by_name(self, tmp_path: Path) -> None:
        many(tmp_path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("credreport.runs.survey.survey_batch", die_of_seven)
            told = answer(tmp_path, Question(), in_processes(2))
        assert told == (
            f"07-{NAME}: the workers that read it died, one after the other. "
            "Read it alone, with --workers 1."
        )


class DieOnce:
    """Judge a batch; the first worker that meets the seventh file dies of it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, batch: Sequence[object], question: Question) -> object:
        if any(str(getattr(item, "name", "")).startswith("07-") for item in batch):
            try:
                self.mark.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return survey_batch(batch, question)  # type: ignore[arg-type]


def die_of_seven(batch: Sequence[object], question: Question) -> object:
    """Judge a batch, or die of the seventh file."""
    if any(str(getattr(item, "name", "")).startswith("07-") for item in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return survey_batch(batch, question)  # type: ignore[arg-type]


@pytest.mark.usefixtures("small_batches")
@pytest.mark.filterwarnings("ignore")
class TestCluster:
    def test_says_the_same(self, tmp_path: Path, cluster: str) -> None:
        alone = answer(many(tmp_path), Question())
        assert answer(tmp_path, Question(), on_cluster(cluster)) == alone

    @pytest.mark.parametrize("address", ["gopher://127.0.0.1:9", "nonsense", "tcp://localhost", ""])
    def test_what_is_no_address_is_said(self, address: str) -> None:
        with pytest.raises(UsageError, match="not an address such as tcp://HOST:8786"):
            on_cluster(address)


@pytest.mark.usefixtures("small_batches")
def test_an_executor_that_vanishes_without_a_word_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nobody(Executor):
        def submit(self, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
            return Future()

    monkeypatch.setattr("credreport.runs.pool._LOOK_UP", 0.01)
    gone = Pool(2, Nobody, is_alive=lambda: False)
    with pytest.raises(UsageError, match="the scheduler or its workers are gone"):
        survey([many(tmp_path)], Question(), pool=gone)


def test_the_lines_of_a_report() -> None:
    lines = list(report_lines(survey([SAMPLES], Question()).totals))
    assert lines[1:4] == [
        "  account  111122223333",
        "  users    29, root included",
        "  as of    2026-09-30T06:00:09Z (file name)",
    ]


def test_the_policy_is_that_of_the_question() -> None:
    assert Question(None, 45, include_root=True).policy == Policy(
        unused_after_days=45, include_root=True
    )


def test_no_room_for_the_temporary_file_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    with pytest.raises(OutputError, match="no room for a temporary file: No space left on device"):
        survey([SAMPLES], Question())
