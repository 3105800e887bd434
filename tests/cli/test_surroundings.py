"""Odd surroundings: each run works, or says in one line what is missing. None is an internal error."""

from __future__ import annotations

import errno
import mmap
import os
import resource
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner

import credreport.__main__ as program
from credreport.cli import screen
from credreport.cli.main import app
from tests.support.faults import LONG_AGO, command, surroundings
from tests.support.reports import root, save, user
from tests.support.worker_kills import PROGRAM

STALE = {"password_enabled": "true", "password_last_used": LONG_AGO}
WORKERS = "inspect reports --workers 2 --as-of 2026-01-31"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for number in range(9):
        account = f"{number:012d}"
        path = save(tmp_path / "reports", root(account), user("bob", account, **STALE))
        path.rename(path.with_name(f"{number}-{path.name}"))
    return tmp_path


def shell(place: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which $CR is the program, and $SMALL the same with small batches."""
    (place / "small.py").write_text(PROGRAM, encoding="utf-8")
    small = f"{sys.executable} -P {place}/small.py"
    program = " ".join(f"'{part}'" for part in command())
    return subprocess.run(
        ["bash", "-c", script.replace("$CR", program).replace("$SMALL", small)],
        env=surroundings(), cwd=place, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        (f"ulimit -n 15; $SMALL {WORKERS}", 0, "9 of 9"),
        (f"mkdir {'x' * 150}; TMPDIR=$PWD/{'x' * 150} $SMALL {WORKERS}", 0, "9 of 9"),
        ("HOME=/proc MPLCONFIGDIR=/proc/x TMPDIR=/proc $CR analyze reports -o out", 0, "9 of 9"),
        ("mkdir gone; cd gone; rmdir ../gone; $CR inspect ../../reports/0*", 2, "error: "),
        (
            "R=$PWD/reports; mkdir gone; cd gone; rmdir ../gone; "
            f"$SMALL {WORKERS.replace('reports', '$R')}",
            0,
            "9 of 9",
        ),
        (
            "R=$PWD/reports; mkdir gone; cd gone; rmdir ../gone; $CR analyze $R --format json",
            2,
            "error: cannot write to evidence: No such file or directory; nothing was changed",
        ),
        ("PYTHONIOENCODING=cp1252 $CR inspect reports -q", 0, "9 of 9"),
        *(
            (f"ulimit -v {kib}; $CR analyze reports -o out", 2, "memory")
            for kib in (90_000, 160_000)
        ),
    ],
    ids=[
        "ulimit -n 15",
        "long TMPDIR",
        "no place of its own",
        "deleted",
        "deleted, workers",
        "deleted -o",
        "cp1252",
        "no memory for numpy",
        "little memory",
    ],
)
def test_odd_surroundings(place: Path, script: str, status: int, words: str) -> None:
    run = shell(place, script)
    assert run.returncode == status, run.stderr
    assert words in run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    assert "internal error" not in run.stderr


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        ("cd reports; $CR inspect . --json >a.json; S=$?; cat a.json; exit $S", 3, "9 of 9"),
        ("cd reports; $CR analyze . -o ../out >a.txt 2>&1; S=$?; cat a.txt; exit $S", 3, "9 of 9"),
        (
            "cd reports; $CR inspect . -v >0.csv",
            3,
            "0.csv: empty, because what is printed was directed into it",
        ),
        ("cd reports; $CR inspect . >>a.csv; S=$?; cat a.csv; exit $S", 3, "9 of 9"),
        # What was named, or has something in it, is read.
        ("cd reports; $CR inspect . a.csv >a.csv", 2, "a.csv (2): the file is empty"),
        ("cd reports; echo x >a.csv; $CR inspect . >>a.csv", 2, "a.csv, line 1"),
        ("cd reports; echo -n >a.csv; $CR inspect .", 2, "a.csv: the file is empty"),
    ],
)
def test_a_shell_may_direct_what_is_printed_into_the_searched_directory(
    place: Path, script: str, status: int, words: str
) -> None:
    done = shell(place, script)
    assert words in done.stdout + done.stderr
    assert done.returncode == status


def test_no_library_starts_threads_that_it_may_not_be_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "64")
    monkeypatch.setattr("credreport.cli.main.main", lambda: None)
    monkeypatch.setattr(sys, "path", sys.path[:])
    program.main()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


NO_MEMORY = "error: not enough memory (see ulimit -v and -d); nothing was written\n"


@pytest.mark.parametrize(
    ("limited", "trouble", "ends"),
    [
        ([resource.RLIMIT_AS], None, False),
        ([resource.RLIMIT_AS], OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        ([resource.RLIMIT_DATA], OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        ([], OSError(errno.ENOMEM, "never tried"), False),
    ],
)
def test_memory_that_openblas_would_end_the_run_for_is_taken_first(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    limited: list[int],
    trouble: OSError | None,
    ends: bool,
) -> None:
    real = mmap.mmap

    def take(number: int, size: int, *, flags: int) -> mmap.mmap:
        if trouble:
            raise trouble
        return real(number, size, flags=flags)

    limits = dict.fromkeys(limited, 1 << 40)
    monkeypatch.setattr(
        "resource.getrlimit", lambda each: (limits.get(each, resource.RLIM_INFINITY), 0)
    )
    monkeypatch.setattr("mmap.mmap", take)
    with pytest.raises(SystemExit) if ends else nullcontext() as done:
        program.take_memory()
    assert (done.value.code if done else 0) == (2 if ends else 0)
    assert capfd.readouterr().err == (NO_MEMORY if ends else "")


@pytest.mark.parametrize("is_closed", [False, True])
def test_where_memory_ends_while_an_error_is_said_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *, is_closed: bool
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    def run_out() -> None:
        if is_closed:
            monkeypatch.setattr(os, "write", fail)
        raise MemoryError

    monkeypatch.setattr("credreport.cli.main.main", run_out)
    monkeypatch.setattr(sys, "path", sys.path[:])
    with pytest.raises(SystemExit, match="2"):
        program.main()
    assert capfd.readouterr().err == ("" if is_closed else NO_MEMORY)


def test_a_program_that_cannot_be_loaded_does_not_end_as_with_findings(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "credreport.cli.main", None)
    monkeypatch.setattr(sys, "path", sys.path[:])
    with pytest.raises(SystemExit, match="2"):
        program.main()
    said = capfd.readouterr().err
    assert said.startswith("error: import of credreport.cli.main halted")
    assert said.count("\n") == 1


def test_windows_has_no_limit_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr("mmap.mmap", None)
    program.take_memory()


def test_no_setting_of_pandas_or_numpy_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANDAS_FUTURE_INFER_STRING", "0")
    monkeypatch.setenv("PANDAS_FUTURE", "nonsense")
    monkeypatch.setenv("NUMPY_MADVISE_HUGEPAGE", "nonsense")
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "nonsense")
    monkeypatch.setattr("credreport.cli.main.main", lambda: None)
    monkeypatch.setattr(sys, "path", sys.path[:])
    program.main()
    assert not [name for name in os.environ if name.startswith(("PANDAS_", "NUMPY_", "NPY_"))]


def test_an_interruption_of_the_first_imports_has_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[object] = []
    monkeypatch.setattr(
        "credreport.cli.main.main", lambda: found.append(signal.getsignal(signal.SIGINT))
    )
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = signal.getsignal(signal.SIGINT)
    try:
        for set_before in (signal.default_int_handler, signal.SIG_IGN):
            signal.signal(signal.SIGINT, set_before)
            program.main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert found == [signal.SIG_DFL, signal.SIG_IGN]


def test_a_full_standard_output_after_the_files_were_written_says_that_they_were(
    place: Path,
) -> None:
    run = shell(place, "$CR analyze reports -o out --format json -q > /dev/full")
    assert run.returncode == 3
    assert run.stderr.startswith(
        "error: standard output cannot be written: No space left on device; "
        "the evidence is complete: "
    )
    assert any(path.suffix == ".json" for path in (place / "out").iterdir())
    run = shell(place, "$CR analyze reports --format none -q > /dev/full")
    assert run.returncode == 2
    assert "evidence is complete" not in run.stderr


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "error: not enough memory; nothing was written. Use fewer --workers"),
        (
            SystemError("error return without exception set"),
            "error: not enough memory; nothing was",
        ),
        (OSError(116, "Stale file handle", "x.csv"), "error: x.csv: Stale file handle; nothing"),
        (OSError(24, "Too many open files"), "error: Too many open files; nothing was written"),
        (
            ImportError("no room", name="numpy"),
            "error: a library cannot be loaded (numpy); nothing",
        ),
        (ImportError("see above"), "error: a library cannot be loaded (see above); nothing was"),
    ],
)
def test_what_the_system_refuses_is_said_in_one_line(
    error: Exception, words: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("credreport.output.render.make", fail)
    ended = CliRunner().invoke(app, ["analyze", str(place / "reports"), "--format", "json"])
    assert ended.exit_code == 2
    assert words in ended.stderr


@pytest.mark.parametrize(
    ("number", "system", "is_closed"),
    [
        (errno.EPIPE, "posix", True),
        (errno.EINVAL, "nt", True),  # what Windows says of a pipe that nobody reads any more
        (errno.EINVAL, "posix", False),
        (errno.ENOSPC, "nt", False),
    ],
)
def test_a_pipe_that_nobody_reads_is_no_failure(
    number: int, system: str, is_closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "_SYSTEM", system)
    assert screen.is_closed_pipe(OSError(number, os.strerror(number))) is is_closed


def test_an_answer_that_is_cut_without_a_buffer_is_no_success(tmp_path: Path) -> None:
    python, option, program, version = command("--version")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5, 5))"
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [python, option, f"{limit}; {program}", version],
            check=False,
            env=surroundings(PYTHONUNBUFFERED="1"),
            stdout=out,
            stderr=subprocess.PIPE,
        )
    assert (tmp_path / "out").read_bytes() == b"credr"
    assert done.returncode == 2
    assert b"standard output cannot be written" in done.stderr
