"""What goes wrong around a run: kills, full disks, closed pipes, odd terminals, other runs.

Yesterday's files stay as they were, no temporary file is left, the exit status tells the truth.
The long run is `python -m tests.support.faults`.
"""

from __future__ import annotations

import json
import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from credreport.cli.main import app
from credreport.errors import OutputError
from credreport.output import disk
from credreport.output.charts import to_png
from credreport.output.disk import write_all
from tests.support.faults import (
    LONG_AGO,
    Days,
    command,
    contents,
    make_days,
    run_kills,
    save_report,
    surroundings,
)
from tests.support.reports import ACCOUNT, NAME, root, save, to_csv, user

STEM = f"credreport-{ACCOUNT}-2026-01-31-90d"
STALE = {"password_enabled": "true", "password_last_used": LONG_AGO}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return save(tmp_path, root(), user("bob", **STALE))


def analyze(*arguments: str | Path) -> tuple[int, str]:
    """Run in this process; return the exit status and what was said."""
    run = CliRunner().invoke(app, ["analyze", *map(str, arguments)])
    return run.exit_code, run.stdout + run.stderr


def start(*arguments: str | Path, **how: object) -> subprocess.Popen[bytes]:
    how.setdefault("env", surroundings())
    how.setdefault("stdout", subprocess.PIPE)
    how.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen(command(*arguments), **how)  # type: ignore[call-overload, no-any-return]


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=100)
    return process.returncode, (out or b"").decode(), (err or b"").decode()


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    return make_days(tmp_path_factory.mktemp("days"), "json,csv")


# Killed


def test_a_slice_of_the_kills_leaves_no_fault(days: Days, tmp_path: Path) -> None:
    ends, faults = run_kills(days, tmp_path, seed=3, numbers=range(2))
    assert faults == []
    assert ends.total() == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_files_are_written_takes_all_back(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Path, __: bytes, *, is_program: bool) -> None:
        assert not is_program
        raise SystemExit(128 + number)

    yesterday = {"a.json": b"old a", "b.json": b"old b"}
    for name, data in yesterday.items():
        (tmp_path / name).write_bytes(data)
    whole = disk._write_new
    calls = iter([whole, interrupted])

    def next_call(path: Path, data: bytes, *, is_program: bool) -> None:
        next(calls)(path, data, is_program=is_program)

    monkeypatch.setattr(disk, "_write_new", next_call)
    with pytest.raises(SystemExit):
        write_all(tmp_path, {"a.json": b"new", "b.json": b"new"}, force=True, inputs=[])
    assert contents(tmp_path) == yesterday


def test_a_signal_while_files_change_names_waits_until_all_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come to any thread: here it comes between the first move and the second."""

    def disturbed(self: Path, target: Path) -> Path:
        signal.raise_signal(signal.SIGTERM)
        return replace(self, target)

    def stop(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", disturbed)
    before = signal.signal(signal.SIGTERM, stop)
    (tmp_path / "a").write_bytes(b"old")
    try:
        with pytest.raises(SystemExit, match="143"):
            write_all(tmp_path, {"a": b"new a", "b": b"new b"}, force=True, inputs=[])
        assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGTERM, before)
    assert contents(tmp_path) == {"a": b"new a", "b": b"new b"}


# No room, no permission


# Python would cut its compiled modules short at the limit, and every later run would fail on them.
NOTHING_COMPILED = {"PYTHONDONTWRITEBYTECODE": "1"}


@pytest.mark.parametrize("limit", [0, 40_000])
def test_a_file_size_limit_leaves_yesterday_as_it_was(
    limit: int, days: Days, tmp_path: Path
) -> None:
    place = tmp_path / "evidence"
    place.mkdir()
    for name, data in days.yesterday.items():
        (place / name).write_bytes(data)
    process = start(
        "analyze", days.report, "-o", place, "--format", days.formats, "--force",
        env=surroundings(**NOTHING_COMPILED),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    status, _, err = finish(process)
    assert status == 2
    assert err == f"error: cannot write to {place}: File too large; nothing was changed\n"
    assert contents(place) == days.yesterday


def test_a_library_that_fails_again_while_it_is_cleaned_up_adds_nothing(
    days: Days, tmp_path: Path
) -> None:
    process = start(
        "analyze", days.report, "-o", tmp_path / "new", "--format", "xlsx", "--workers", "1",
        env=surroundings(**NOTHING_COMPILED),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000)),
    )  # fmt: skip
    status, _, err = finish(process)
    assert (status, err) == (2, "error: File too large; nothing was written\n")
    assert not (tmp_path / "new").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory with room for 64 KiB where one can be mounted; elsewhere one that says so."""
    place = tmp_path / "disk"
    place.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    is_mounted = subprocess.run(line, capture_output=True, check=False).returncode == 0
    yield place
    if is_mounted:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_what_was_there(
    small_disk: Path, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_disk / f"{STEM}.json").write_bytes(b"yesterday")
    if not os.path.ismount(small_disk):
        monkeypatch.setattr(os, "fsync", _no_space)
    status, said = analyze(report, "-o", small_disk, "--format", "json,png", "--force")
    assert status == 2
    assert "No space left on device; nothing was changed" in said
    assert contents(small_disk) == {f"{STEM}.json": b"yesterday"}


def _no_space(_: int) -> None:
    raise OSError(28, os.strerror(28))


def powerless(*arguments: str | Path) -> list[str]:
    """Return the command line of a run that file permissions bind, also where root runs the tests."""
    if os.geteuid():
        return command(*arguments)
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command(*arguments)]


def test_a_directory_that_cannot_be_written_is_named(report: Path, tmp_path: Path) -> None:
    place = tmp_path / "locked"
    place.mkdir(mode=0o555)
    for out in (place, place / "below"):
        line = powerless("analyze", report, "-o", out, "--format", "json")
        run = subprocess.run(line, env=surroundings(), capture_output=True, text=True, check=False)
        assert run.returncode == 2
        assert (
            run.stderr == f"error: cannot write to {out}: Permission denied; nothing was changed\n"
        )
    assert contents(place) == {}


def test_a_file_that_cannot_be_read_is_named(report: Path) -> None:
    report.chmod(0)
    line = powerless("inspect", report)
    run = subprocess.run(line, env=surroundings(), capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "cannot be read: Permission denied" in run.stderr


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("x" * 300, "File name too long"),
        ("a/b/" + "x" * 300, "File name too long"),
        (NAME, "File exists"),
        (f"{NAME}/below", "Not a directory"),
    ],
)
def test_an_output_that_is_no_directory_is_named_and_none_is_left(
    out: str, words: str, report: Path
) -> None:
    status, said = analyze(report, "-o", report.parent / out, "--format", "json")
    assert status == 2
    assert f"{words}; nothing was changed" in said
    assert [path.name for path in report.parent.iterdir()] == [NAME]


def test_a_directory_in_the_place_of_a_file_is_named_before_anything_is_moved(report: Path) -> None:
    place = report.parent / "out"
    (place / f"{STEM}-manifest.json").mkdir(parents=True)
    (place / f"{STEM}.json").write_bytes(b"yesterday")
    status, said = analyze(report, "-o", place, "--format", "json", "--force")
    assert status == 2
    assert "is a directory; remove it" in said
    assert (place / f"{STEM}.json").read_bytes() == b"yesterday"


@pytest.mark.parametrize("can_link", [True, False])
def test_a_move_that_fails_half_way_takes_the_others_back(
    can_link: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        if target.name == "c":
            raise PermissionError(1, "Operation not permitted")
        return replace(self, target)

    def no_link(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", refuse)
    if not can_link:
        monkeypatch.setattr(os, "link", no_link)
    before = {"a": b"old a", "c": b"old c"}
    for name, data in before.items():
        (tmp_path / name).write_bytes(data)
    files = {"a": b"new", "b": b"new", "c": b"new"}
    with pytest.raises(OutputError, match="Operation not permitted; nothing was changed"):
        write_all(tmp_path, files, force=True, inputs=[])
    assert contents(tmp_path) == before


# Others at work


def test_runs_at_once_over_the_same_report_all_succeed(report: Path) -> None:
    place = report.parent / "out"
    runs = [start("analyze", report, "-o", place, "--format", "json,csv") for _ in range(2)]
    assert [finish(run)[0] for run in runs] == [0, 0]
    assert set(contents(place)) == {
        f"{STEM}.json", f"{STEM}-manifest.json", f"{STEM}-credentials.csv", f"{STEM}-findings.csv",
        "SHA256SUMS",
    }  # fmt: skip


def test_runs_at_once_over_different_reports_leave_the_files_of_one(tmp_path: Path) -> None:
    reports = [save_report(tmp_path / f"report{stale}", stale, users=300) for stale in (1, 2, 3)]
    place = tmp_path / "out"
    runs = [start("analyze", each, "-o", place, "--format", "json,csv") for each in reports]
    ends = sorted(finish(run)[0] for run in runs)
    assert ends == [0, 2, 2]
    manifest = json.loads((place / f"{STEM}-manifest.json").read_bytes())
    found = {name: len(data) for name, data in contents(place).items()}
    del found[f"{STEM}-manifest.json"], found["SHA256SUMS"]
    assert {each["name"]: each["bytes"] for each in manifest["outputs"]} == found


def test_a_directory_that_another_run_keeps_to_itself_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "_LOCK_ATTEMPTS", 3)
    monkeypatch.setattr(disk, "_LOCK_PAUSE", 0.001)
    with (
        disk._taking_turns(tmp_path),
        pytest.raises(OutputError, match="another run has been writing to"),
    ):
        write_all(tmp_path, {"a": b"a"}, force=False, inputs=[])
    assert contents(tmp_path) == {}


def test_where_no_lock_is_to_be_had_files_are_still_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    write_all(tmp_path, {"a": b"a"}, force=False, inputs=[])
    monkeypatch.setitem(sys.modules, "fcntl", None)
    write_all(tmp_path, {"b": b"b"}, force=False, inputs=[])
    assert contents(tmp_path) == {"a": b"a", "b": b"b"}


def test_the_output_may_not_be_an_input(tmp_path: Path) -> None:
    source = tmp_path / f"{STEM}.json"
    source.write_text(json.dumps({"Content": to_csv(root(), user())}))
    before = contents(tmp_path)
    for name in (source, tmp_path / "link.json"):
        if name != source:
            name.symlink_to(source)
            before["link.json"] = before[source.name]
        status, said = analyze(
            name, "-o", tmp_path, "--format", "json", "--force", "--as-of", "2026-01-31"
        )
        assert status == 2
        assert "is an input of this run; choose another -o" in said
        assert contents(tmp_path) == before


@pytest.mark.parametrize("option", ["--policy", "--waivers", "--accounts"])
def test_the_output_may_not_be_a_file_that_an_option_names(option: str, report: Path) -> None:
    named = report.parent / "out" / "SHA256SUMS"
    named.parent.mkdir()
    texts = {"--policy": 'profile = "all"', "--waivers": "", "--accounts": "id\n111122223333\n"}
    named.write_text(texts[option])
    before = contents(named.parent)
    status, said = analyze(report, "-o", named.parent, "--format", "json", "--force", option, named)
    assert status == 2
    assert f"{named} is an input of this run; choose another -o" in said
    assert contents(named.parent) == before


@pytest.mark.parametrize("lock", [f"~${STEM}.xlsx", f".~lock.{STEM}.xlsx#"])
def test_a_workbook_that_is_open_in_a_spreadsheet_is_left_alone(lock: str, report: Path) -> None:
    place = report.parent / "out"
    place.mkdir()
    (place / f"{STEM}.xlsx").write_bytes(b"being edited")
    (place / lock).write_bytes(b"")
    before = contents(place)
    status, said = analyze(report, "-o", place, "--format", "xlsx", "--force")
    assert status == 2
    assert "is open in a spreadsheet program; close it and run again" in said
    assert contents(place) == before


# Where the output goes


def shell(script: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which $CR is the program."""
    program = " ".join(f"'{part}'" for part in command())
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {script.replace('$CR', program)}"],
        env=surroundings(**extra), capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("$CR inspect {0} --json | head -1", 0),
        ("$CR analyze {0} --format none --fail-on findings --json | head -1", 1),
        ("$CR inspect {0} --as-of newest --json | head -1", 3),
        ("$CR --help | true", 0),
        ("$CR inspect {0} >&-", 0),
        ("$CR analyze {0} --format none --fail-on findings >&- 2>&-", 1),
        ("$CR inspect {0} >/dev/full", 2),
        ("$CR --help >/dev/full", 2),
        ("$CR inspect nowhere 2>/dev/full", 2),
        ("$CR inspect nowhere 2>&-", 2),
        ("$CR inspect - <&-", 2),
        ("$CR inspect - --as-of 2026-01-31 <{0}", 0),
        ("cat {0} | $CR inspect - --as-of 2026-01-31", 0),
        ("exec 3<>{0}.fifo; $CR inspect {0}.fifo", 2),
    ],
)
def test_the_exit_status_survives_where_the_output_does_not(
    script: str, status: int, report: Path
) -> None:
    os.mkfifo(f"{report}.fifo")
    run = shell(script.format(report))
    assert "Traceback" not in run.stderr
    assert "Exception ignored" not in run.stderr
    assert run.returncode == status


def on_a_terminal(*arguments: str | Path, **extra: str) -> tuple[int, bytes]:
    """Run with a terminal for standard output; return the exit status and the bytes it got."""
    leader, follower = pty.openpty()
    process = start(
        *arguments, stdout=follower, stderr=subprocess.DEVNULL, env=surroundings(**extra)
    )
    os.close(follower)
    got = b""
    while True:
        try:
            part = os.read(leader, 65_536)
        except OSError:
            break
        if not part:
            break
        got += part
    os.close(leader)
    return process.wait(60), got


@pytest.mark.parametrize(
    "extra",
    [
        {"PYTHONIOENCODING": "latin-1", "COLUMNS": "20", "TERM": "xterm"},
        {"PYTHONIOENCODING": "cp1252", "TERM": "xterm-256color", "COLUMNS": "0"},
        {"PYTHONIOENCODING": "ascii", "COLUMNS": "40", "NO_COLOR": "1"},
        {"TERM": "dumb", "COLUMNS": "nonsense"},
    ],
    ids=lambda extra: " ".join(f"{name}={value}" for name, value in extra.items()),
)
def test_every_terminal_gets_the_verdict_and_nothing_of_a_name(
    extra: dict[str, str], tmp_path: Path
) -> None:
    name = "\u0142\u00f3\u20ac\x1b[31m\u202e[red]"
    report = save(tmp_path, root(), user(name, **STALE))
    status, got = on_a_terminal("analyze", report, "--format", "none", **extra)
    assert status == 0
    assert b"1 of 1 active credentials has been unused for 90 days or more" in b" ".join(
        got.split()
    )
    assert b"passwords" in got
    assert b"\x1b[31m" not in got
    if "NO_COLOR" in extra or extra.get("TERM") == "dumb":
        assert b"\x1b" not in got


def test_a_document_on_a_terminal_holds_every_name_as_it_was(tmp_path: Path) -> None:
    name = "\u0142\u00f3\u20ac\x1b[31m\u202e[red]"
    report = save(tmp_path, root(), user(name, **STALE))
    status, got = on_a_terminal("inspect", report, "--json", PYTHONIOENCODING="cp1252")
    assert status == 0
    assert [row["user"] for row in json.loads(got)["unused"]] == [name]


# The surroundings of matplotlib


def test_a_trap_in_the_current_directory_is_not_met(report: Path) -> None:
    """A broken `matplotlibrc`, then one that is a pipe which nobody writes to."""
    trap = report.parent / "matplotlibrc"
    for number in range(2):
        if number:
            trap.unlink()
            os.mkfifo(trap)
        else:
            trap.write_bytes(b"text.color: \xff\xfe red\nbackend: nonsense\n")
        environment = surroundings(MPLBACKEND="nonsense")
        environment.pop("HOME", None)
        process = start(
            "analyze", report, "-o", f"out{number}", "--format", "png",
            cwd=report.parent, env=environment,
        )  # fmt: skip
        status, _, err = finish(process)
        assert (status, "error" in err) == (0, False)
    assert contents(report.parent / "out0") == contents(report.parent / "out1")


def test_the_current_directory_is_the_same_after_a_picture_was_drawn(tmp_path: Path) -> None:
    before = Path.cwd()
    assert to_png.__module__ == "credreport.output.charts"
    save(tmp_path, root(), user("bob", **STALE))
    assert analyze(tmp_path, "-o", tmp_path / "out", "--format", "png")[0] == 0
    assert Path.cwd() == before


# Bugs found here before


def test_evidence_is_written_where_no_credential_has_an_age(tmp_path: Path) -> None:
    report = save(tmp_path, root(), user())
    status, said = analyze(report, "-o", tmp_path, "--format", "xlsx,png,svg,csv,json,sh,md,jira")
    assert status == 0
    assert said.startswith("No active credentials to check")
    assert load_workbook(tmp_path / f"{STEM}.xlsx")["Findings"]["A2"].value.startswith(
        "No findings"
    )


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-30", "1900-02-28", "9999-12-31"])
def test_every_as_of_gives_a_workbook_that_opens(day: str, report: Path) -> None:
    place = report.parent / "out"
    status, _ = analyze(report, "-o", place, "--as-of", day, "--format", "xlsx,json,csv,sh,md")
    assert status in (0, 3)
    stem = f"credreport-{ACCOUNT}-{day}T235959Z-90d"
    shown = load_workbook(place / f"{stem}.xlsx")["Inputs"]["E3"].value
    assert str(shown).replace(" ", "T").startswith(f"{day}T23:59:59")
    (inputs,) = json.loads((place / f"{stem}.json").read_bytes())["inputs"]
    assert inputs["as_of"] == f"{day}T23:59:59Z"


def test_a_file_name_that_is_no_text_is_written_out(tmp_path: Path) -> None:
    place = tmp_path / "reports"
    save(place, root(), user("bob", **STALE)).rename(place / "r\udcff-2026-01-31.csv")
    status, said = analyze(place, "-o", tmp_path, "--format", "json,csv,md,sh")
    assert status == 0
    (inputs,) = json.loads((tmp_path / f"{STEM}.json").read_bytes())["inputs"]
    assert inputs["source_file"] == "r\\udcff-2026-01-31.csv"
    assert said.isascii()


def test_a_broken_account_list_is_named(report: Path, tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.csv"
    cases: list[tuple[bytes, str]] = [
        (b"", "no account in it. Expected a column id, account_id, Account ID or AccountId."),
        (b"id,name,owner\n" + b"x" * 200_000, "line 2: not CSV (field larger"),
        (b"id,name,owner\n\xff", "not UTF-8"),
        (b"id,name,owner\n\n1,a,b\n", "line 3: '1' is not an account ID of 12 digits"),
    ]
    for data, words in cases:
        accounts.write_bytes(data)
        status, said = analyze(report, "--format", "none", "--accounts", accounts)
        assert (status, words in said) == (2, True)
    for path in (tmp_path, Path("/dev/zero"), tmp_path / "nowhere"):
        status, said = analyze(report, "--format", "none", "--accounts", path)
        assert (status, "cannot be read" in said) == (2, True)


def test_very_many_warnings_are_cut_in_the_workbook_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.output.workbook.cells._MOST_BLOCK_ROWS", 5)
    rows = [user("same") for _ in range(8)]
    report = save(tmp_path, root(), *rows)
    assert analyze(report, "-o", tmp_path, "--format", "xlsx")[0] == 3
    sheet = load_workbook(tmp_path / f"{STEM}.xlsx")["Inputs"]
    column = [row[0] for row in sheet.iter_rows(values_only=True)]
    assert "and 3 more: --format json has them all" in column


def timed(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


def test_names_of_many_commas_and_letters_are_no_slower_than_others(tmp_path: Path) -> None:
    report = save(tmp_path, root(), *[user("," * 64 + str(n)) for n in range(300)])
    assert timed(lambda: analyze(report, "--format", "none")) < 20
