"""What inspect says, by both ways to find cells, and wherever it is done."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credreport.errors import InputRefused, OutputError, Problem, UsageError
from credreport.evidence.of_analysis import of_analysis
from credreport.output.json_file import to_json_parts
from credreport.reports.inputs import Stream
from credreport.reports.selection import read_reports
from credreport.rules.accounts import Account, AccountList
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy
from credreport.runs.inspect import (
    inspect,
    inspect_batch,
    json_parts,
    refuse,
    report_lines,
)
from credreport.runs.pool import Pool
from credreport.runs.processes import in_processes
from credreport.verdicts.assessment import assess
from tests.support.reports import ACCOUNT, COLUMNS, NAME, root, save, to_csv, user

PASSWORD = {"password_enabled": "true", "password_last_used": "2020-01-01T00:00:00Z"}
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
Question = tuple[Policy, datetime | str | None]
USUAL: Question = (Policy(), None)
WORDS = ("N/A", "s3", "us-east-1", "user", "arn", "mfa_active", " arn", "not_supported", "x" * 5000)


def answer(path: Path | Sequence[Path], pool: Pool | None = None, as_of: str | None = None) -> str:
    """Return the JSON document about the inputs, or the words of their refusal."""
    inputs = [path] if isinstance(path, Path) else path
    try:
        found = inspect(inputs, Policy(), as_of=as_of, pool=pool)
        return "".join(json_parts(found))
    except InputRefused as refusal:
        return str(refusal)


def same(*texts: str | bytes, question: Question = USUAL) -> bool:
    """Whether both ways to find the borders of cells lead to the same answers about some files."""
    streams = [
        Stream(f"{place}-{NAME}", text if isinstance(text, bytes) else text.encode())
        for place, text in enumerate(texts)
    ]
    found = inspect_batch(streams, *question)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credreport.reports.read.to_body", lambda _: None)
        return found == inspect_batch(streams, *question)


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
        USUAL,
        (Policy(), "newest"),
        (Policy(unused_after_days=1, include_root=True), None),
        (Policy(unused_after_days=45), datetime(2025, 11, 1, tzinfo=UTC)),
    ]
)


def quoted(text: str) -> str:
    """Return the CSV text with quotes around every cell."""
    lines = text.split("\n")
    return "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in lines)


class TestTwoWaysToFindBorders:
    @given(st.lists(st.one_of(rows, plain_rows), max_size=4), st.booleans(), questions)
    @settings(max_examples=60)
    def test_separators_say_what_the_csv_module_says(
        self, found: list[dict[str, str]], has_root: bool, question: Question
    ) -> None:
        rows = [root()] * has_root + found
        assert same(to_csv(*rows, columns=COLUMNS), question=question)

    @given(st.lists(plain_rows, min_size=1, max_size=6), questions)
    @settings(max_examples=20)
    def test_also_where_several_reports_share_a_batch(
        self, found: list[dict[str, str]], question: Question
    ) -> None:
        texts = []
        for number, row in enumerate(found):
            account = f"{number:012d}"
            own = {"arn": row["arn"].replace(ACCOUNT, account)}
            texts.append(to_csv(root(account), {**row, **own}, columns=COLUMNS))
        assert same(*texts, question=question)

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
            quoted,
            lambda text: quoted(text).replace("\n", "\r\n") + "\r\n",
            lambda text: quoted(text).replace('"false"', '"fal,se"', 1),
            lambda text: quoted(text).replace('"false",', '"fal\nse",', 1),
            lambda text: quoted(text).replace('"N/A","N/A"', '"N/A,N/A"', 1),
            lambda text: quoted(text).replace('"alice"', '"al""ice"', 1),
            lambda text: quoted(text).replace('"alice"', 'al"i"ce', 1),
            lambda text: quoted(text).replace('"alice"', '"alice" ', 1),
            lambda text: text.replace("alice", '"alice"').replace("N/A", '"N/A"', 3),
            lambda text: text.replace("alice,", '"alice,"', 1).replace("N/A,", "", 1),
            lambda text: text + "\n" + quoted(text).replace(ACCOUNT, "444455556666"),
            lambda text: text.replace("N/A", '""', 2),
        ],
    )
    def test_damage_ends_alike(self, damage: object) -> None:
        text = to_csv(root(), user("alice"), user("bob"))
        assert callable(damage)
        assert same(damage(text))

    def test_a_damaged_report_does_not_touch_its_neighbours(self, tmp_path: Path) -> None:
        for number in range(5):
            account = f"{number:012d}"
            text = to_csv(root(account), user("alice", account, password_enabled="true"))
            if number == 2:
                text = text.replace("false", "false,", 1)
            (tmp_path / f"{number}-{NAME}").write_text(text, encoding="utf-8")
        found = inspect([tmp_path], Policy(), keep_going=True)
        assert [report.account_id[-1] for report in found.totals.reports] == list("0134")
        assert [problem.source for problem in found.totals.refused] == [f"2-{NAME}"]


def test_an_arn_that_differs_in_capitals_only_is_no_other(tmp_path: Path) -> None:
    people = [user("Bob", arn=f"arn:aws:iam::{ACCOUNT}:user/bob"), user("carl")]
    other = user("dora", arn=f"arn:aws:iam::{ACCOUNT}:user/eve")
    (tmp_path / NAME).write_text(to_csv(root(), *people, other), encoding="utf-8")
    notices = inspect([tmp_path], Policy()).totals.notices
    assert [(notice.line, notice.code) for notice in notices] == [(5, "arn-differs")]


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "x" * 200])
@pytest.mark.parametrize("name", ["<root_ac", "a", "x" * 64])
def test_partitions_and_names_of_any_length_end_alike(partition: str, name: str) -> None:
    assert same(to_csv(user(name, arn=f"arn:{partition}:iam::{ACCOUNT}:root"), user("b")))


def test_inputs_of_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    """Two reports with one name and one first line: each has its own unused credentials."""
    streams = [
        Stream(NAME, to_csv(root(account), user(name, account, **PASSWORD)).encode())
        for account, name in (("111122223333", "alice"), ("444455556666", "bob"))
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credreport.runs.inspect.find_inputs", lambda *_: iter(streams))
        document = json.loads(answer(tmp_path))
    assert [row["user"] for row in document["unused"]] == ["alice", "bob"]


class TestDocument:
    """What inspect says is what analyze says, counted on arrays."""

    @pytest.mark.parametrize("as_of", [None, "newest"])
    def test_is_that_of_analyze(self, as_of: str | None) -> None:
        counted = json.loads(answer(SAMPLES, as_of=as_of))
        evidence = of_analysis(assess(read_reports(SAMPLES, as_of=as_of)))
        told = json.loads("".join(to_json_parts(evidence)))
        assert counted["parameters"].pop("command") == "inspect"
        assert told["parameters"].pop("command") == "analyze"
        for name in (*SHARED, *SHARED_TABLES):
            assert counted[name] == told[name], name
        accounts = ["account_id", "users", "unused", "current", "undetermined"]
        assert counted["accounts"] == [
            {name: row[name] for name in accounts} for row in told["accounts"]
        ]
        found = sorted(tuple(row.values()) for row in counted["unused"])
        columns = ["account_id", "user", "credential", "days", "since"]
        assert found == sorted(tuple(row[name] for name in columns) for row in told["findings"])

    def test_lists_nothing_where_there_is_nothing(self, tmp_path: Path) -> None:
        (tmp_path / NAME).write_text(to_csv(root()), encoding="utf-8")
        assert json.loads(answer(tmp_path / NAME))["unused"] == []


def many(directory: Path, number: int = 40) -> Path:
    """Write so many reports, every fifth of them with a name that is not ASCII."""
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


def test_evidence_is_passed_over_and_every_batch_is_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.reports.selection.BATCH_FILES", 1)
    (tmp_path / NAME).write_text(to_csv(root()), encoding="utf-8")
    (tmp_path / "kept.json").write_text(
        '{"generator": "credreport", "schema_version": 2, "version": "0.2.0", "verdict": "", "parameters": {}, "inputs": [], "left_out": []}',
        encoding="utf-8",
    )
    done: list[str] = []
    inspected = inspect([tmp_path], Policy(), progress=lambda: done.append("file"))
    assert done == ["file", "file"]
    document = json.loads("".join(json_parts(inspected)))
    assert [row["source_file"] for row in document["inputs"]] == [NAME]
    assert document["left_out"] == []


def test_what_killed_the_workers_is_refused_by_name() -> None:
    assert [str(problem) for problem in refuse(Stream("a.csv", b""))] == [
        "a.csv: the workers that read it died, one after the other. "
        "Read it alone, with --workers 1."
    ]
    problem = Problem("b.csv", 0, 0, "no file")
    assert refuse(problem) == [problem]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credreport.reports.selection.BATCH_FILES", 3)


@pytest.mark.usefixtures("small_batches")
class TestWorkers:
    def test_any_number_of_workers_says_the_same(self, tmp_path: Path) -> None:
        alone = answer(many(tmp_path))
        assert answer(tmp_path, in_processes(4)) == alone
        assert answer(tmp_path, Pool(2, lambda: ThreadPoolExecutor(2))) == alone

    def test_refusals_come_in_the_same_order(self, tmp_path: Path) -> None:
        many(tmp_path)
        for name in ("05", "21", "33"):
            (tmp_path / f"{name}-{NAME}").write_text("nonsense", encoding="utf-8")
        alone = answer(tmp_path)
        assert alone.count("not a credential report") == 3
        assert answer(tmp_path, in_processes(2)) == alone

    def test_a_worker_that_dies_loses_no_file(self, tmp_path: Path) -> None:
        alone = answer(many(tmp_path))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("credreport.runs.inspect.inspect_batch", DieOnce(tmp_path / "died"))
            assert answer(sorted(tmp_path.glob("*.csv")), in_processes(2)) == alone
        assert (tmp_path / "died").exists()

    def test_a_file_that_kills_every_worker_is_refused_by_name(self, tmp_path: Path) -> None:
        many(tmp_path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("credreport.runs.inspect.inspect_batch", die_of_seven)
            told = answer(tmp_path, in_processes(2))
        assert told == (
            f"07-{NAME}: the workers that read it died, one after the other. "
            "Read it alone, with --workers 1."
        )


class DieOnce:
    """Judge a batch; the first worker that meets the seventh file dies of it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, batch: Sequence[object], policy: Policy, as_of: None) -> object:
        if any(str(getattr(item, "name", "")).startswith("07-") for item in batch):
            try:
                self.mark.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return inspect_batch(batch, policy, as_of)  # type: ignore[arg-type]


def die_of_seven(batch: Sequence[object], policy: Policy, as_of: None) -> object:
    """Judge a batch, or die of the seventh file."""
    if any(str(getattr(item, "name", "")).startswith("07-") for item in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return inspect_batch(batch, policy, as_of)  # type: ignore[arg-type]


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
        inspect([many(tmp_path)], Policy(), pool=gone)


def test_the_lines_of_a_report() -> None:
    lines = [*report_lines(inspect([SAMPLES], Policy()).totals)]
    assert lines[2:5] == [
        "  account  111122223333",
        "  users    29, root included",
        "  as of    2026-09-30T06:00:09Z (file name)",
    ]


def test_no_room_for_the_temporary_file_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    with pytest.raises(OutputError, match="no room for a temporary file: No space left on device"):
        inspect([SAMPLES], Policy())


def test_needs_no_pandas_whatever_the_reports_are(tmp_path: Path) -> None:
    """Not for what is saved again, quoted, appended, undetermined or refused either."""
    texts = {
        "quoted": quoted(to_csv(root(), user("alice", **PASSWORD))),
        "excel": to_csv(root("222222222222"), user("u", "222222222222")).replace("false", "FALSE"),
        "torn": to_csv(root("333333333333"), user("u", arn="?", password_enabled="yes")),
        "appended": to_csv(root("444444444444")) + to_csv(root("555555555555")),
        "refused": "nonsense",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}_{NAME}").write_text(text, encoding="utf-8")
    code = (
        "import sys\n"
        "from credreport.rules.policy import Policy\n"
        "from credreport.runs.inspect import inspect, json_parts\n"
        f"found = inspect([{str(tmp_path)!r}], Policy(), keep_going=True)\n"
        "assert len(list(json_parts(found))) > 5 and found.totals.notices\n"
        "assert len(found.totals.reports) == 5 and len(list(found.undetermined_rows())) == 1\n"
        "sys.exit(', '.join({'pandas', 'rich', 'openpyxl'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("rows", "said"), [([root(), user()], "2, root included"), ([user()], "1, no root row")]
)
def test_root_is_included_where_it_is_there(
    tmp_path: Path, rows: list[dict[str, str]], said: str
) -> None:
    lines = list(report_lines(inspect([save(tmp_path, *rows)], Policy()).totals))
    assert f"  users    {said}" in lines


def test_each_report_of_a_file_is_told_whether_it_has_root(tmp_path: Path) -> None:
    path = tmp_path / "both_2026-01-31.csv"
    path.write_text(f"{to_csv(root(), user())}\n{to_csv(user('b', '444455556666'))}", "utf-8")
    lines = [*report_lines(inspect([path], Policy()).totals)]
    assert [line for line in lines if line.startswith("  users")] == [
        "  users    2, root included",
        "  users    1, no root row",
    ]


def test_accounts_of_a_list_are_named_in_lines_and_documents(tmp_path: Path) -> None:
    stale = {
        "access_key_1_active": "true", "access_key_1_last_rotated": "2024-01-01T00:00:00Z",
        "access_key_1_last_used_date": "N/A",
    }  # fmt: skip
    rows = [root(), user("a", **stale), user("b", **stale), user("c", access_key_1_active="?")]
    listed = (Account(ACCOUNT, "prod", "Ann"), Account("444455556666", "dev"))
    accounts = AccountList(listed, OptionFile("accounts.csv", "0" * 64, 1))
    found = inspect([save(tmp_path, *rows)], Policy()).check_accounts(accounts)
    assert f"  account  {ACCOUNT} (prod, owner Ann)" in list(report_lines(found.totals))
    document = json.loads("".join(json_parts(found)))
    for table, count in (("unused", 2), ("undetermined", 1)):
        names = [(row["account_name"], row["account_owner"]) for row in document[table]]
        assert names == [("prod", "Ann")] * count
    assert [(row["owner"], row["report"], row["users"]) for row in document["accounts"]] == [
        ("Ann", "given", 4),
        ("", "no report given", None),
    ]
    assert "1 account of the list has no report: 444455556666 (dev)." in document["verdict"]
    assert "accounts of the list without a report: 1" in found.totals.doubts()
