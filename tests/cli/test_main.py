"""The command line, run as a user runs it: what is printed where, what is written, exit status."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from credreport import __version__
from credreport.cli import main as cli
from tests.support.reports import root, save, user
from tests.verdicts.test_assessment import OLD, key, password

STEM = "credreport-111122223333-2026-01-31-90d"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["credreport", "analyze", "in"])
    return tmp_path


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], input=stdin)


def clean(directory: Path) -> Path:
    return save(directory, root(), user("alice", **password("2026-01-30T00:00:00Z")))


def stale(directory: Path) -> Path:
    return save(directory, root(), user("alice", **password(OLD)), user("bob", **key(1, OLD)))


def odd(directory: Path) -> Path:
    return save(directory, root(), user("alice", **password("?")))


COMMANDS = [
    command.name or getattr(command.callback, "__name__", "")
    for command in cli.app.registered_commands
]


def written(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / "evidence").iterdir())


class TestAnalyze:
    def test_says_the_verdict_and_writes_workbook_and_pictures(self, here: Path) -> None:
        done = run("analyze", stale(here))
        assert done.exit_code == 0
        assert done.stdout == (
            "2 of 2 active credentials have been unused for 90 days or more (1 password and 1 access "
            "key), as of 2026-01-31T12:00:00Z.\n\n"
            "Worst open findings (2):\n"
            "  Finding          Account       User   Credential    Days\n"
            "  CR-E132361B43D6  111122223333  alice  password       395\n"
            "  CR-5846DF414D0D  111122223333  bob    access key 1   395\n\n"
            "                passwords  access keys  signing certificates  total\n"
            "  unused                1            1                     0      2\n"
            "  current               0            0                     0      0\n"
            "  undetermined          0            0                     0      0\n"
            "  excluded              1            0                     0      1\n"
            "  inactive              0            0                     0      0\n"
            "  not tracked           0            0                     0      0\n"
        )
        assert written(here) == [
            "SHA256SUMS", f"{STEM}-ageing.png", f"{STEM}-manifest.json",
            f"{STEM}.xlsx",
        ]  # fmt: skip
        assert f"  evidence/{STEM}.xlsx\n" in done.stderr
        assert done.stderr.endswith(
            "Next: add the remediation script\n  credreport analyze in --format xlsx,png,sh\n"
        )

    def test_says_what_to_do_next(self, here: Path) -> None:
        assert (
            f"Next: attach evidence/{STEM}.xlsx to the ticket" in run("analyze", clean(here)).stderr
        )
        done = run("analyze", stale(here), "--format", "sh", "-o", "two words")
        assert done.stderr.endswith(
            "Next: a dry run of the remedies, which changes nothing\n"
            f"  sh 'two words/{STEM}-remediate.sh'\n"
        )

    def test_without_findings_and_workbook_it_names_what_there_is(self, here: Path) -> None:
        done = run("analyze", clean(here), "--format", "json")
        assert f"Next: attach evidence/{STEM}.json to the ticket" in done.stderr

    def test_what_it_says_to_do_next_works_as_it_stands(
        self, here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        arguments = ["analyze", str(stale(here)), "--format=csv", "--json"]
        monkeypatch.setattr(sys, "argv", ["credreport", *arguments])
        first = run(*arguments)
        program, *words = shlex.split(first.stderr.splitlines()[-1])
        assert program == "credreport"
        assert words == ["analyze", arguments[1], "--format", "csv,sh"]
        assert run(*words).exit_code == 0
        assert f"{STEM}-remediate.sh" in written(here)

    def test_evidence_below_the_reports_changes_nothing(self, here: Path) -> None:
        stale(here / "in")
        before = run("analyze", "in", "-o", "in/evidence", "--format", "xlsx,png,csv,json,md,sh")
        after = run("analyze", "in", "-o", "in/evidence", "--format", "xlsx,png,csv,json,md,sh")
        assert (before.exit_code, after.exit_code) == (0, 0)

    def test_files_of_an_earlier_run_are_named(self, here: Path) -> None:
        run("analyze", stale(here), "--format", "csv")
        done = run("analyze", clean(here), "--format", "json", "--force")
        assert (
            f"not in the manifest, perhaps from a run with other options: evidence/{STEM}-findings.csv"
        ) in done.stderr

    def test_prints_json_for_machines_and_still_writes(self, here: Path) -> None:
        done = run("analyze", stale(here), "--json", "--format", "csv")
        assert len(json.loads(done.stdout)["findings"]) == 2
        assert f"{STEM}-findings.csv" in written(here)

    def test_writes_nothing_where_asked(self, here: Path) -> None:
        done = run("analyze", stale(here), "--json", "--format", "none")
        assert len(json.loads(done.stdout)["findings"]) == 2
        assert not (here / "evidence").exists()
        assert "Written" not in done.stderr

    def test_quiet_says_the_verdict_only(self, here: Path) -> None:
        done = run("analyze", stale(here), "-q", "--format", "none")
        assert done.stdout.count("\n") == 1
        assert done.stderr == ""

    def test_quiet_says_why_the_status_is_3(self, here: Path) -> None:
        path = save(here, root(), user(password_enabled="true", password_last_used="soon"))
        done = run("analyze", path, "-q", "--json", "--format", "none")
        assert done.exit_code == 3
        assert done.stderr == "Exit status 3: credentials that could not be judged: 1.\n"

    def test_counts_warnings_or_tells_each(self, here: Path) -> None:
        path = save(here, user("b"), user("a"))
        (here / "notes.pdf").touch()
        done = run("analyze", here, "--format", "none")
        assert "2 warnings (-v shows each with its line):\n" in done.stderr
        assert "  1 x no root row\n" in done.stderr
        done = run("analyze", here, "--format", "none", "-v")
        assert f"warning: {path.name}, line 3: 'a' is out of AWS's order" in done.stderr
        quiet = run("analyze", here, "--format", "none")
        assert quiet.exit_code == 3
        assert "left out: notes.pdf: '.pdf' files are not searched for reports" in quiet.stderr
        assert "left out: notes.pdf: '.pdf' files are not searched for reports" in done.stderr

    def test_fills_in_the_sign_off(self, here: Path) -> None:
        (here / "names.csv").write_text("id,name,owner\n111122223333,Prod,Ann\n")
        done = run(
            "analyze", stale(here), "--json", "--format", "none", "--prepared-by", "A",
            "--control", "C", "--ticket", "T", "--accounts", "names.csv",
        )  # fmt: skip
        document = json.loads(done.stdout)
        assert document["sign_off"] == {
            "control": "C", "system": "", "prepared_by": "A", "ticket": "T",
        }  # fmt: skip
        assert document["accounts"][0]["owner"] == "Ann"

    def test_takes_the_threshold_the_as_of_and_root(self, here: Path) -> None:
        done = run(
            "analyze", stale(here), "--unused-after", "400", "--as-of", "2026-02-28",
            "--include-root", "--format", "csv",
        )  # fmt: skip
        assert "3 of 3 active credentials" in done.stdout
        assert "credreport-111122223333-2026-02-28T235959Z-400d-with-root-findings.csv" in written(
            here
        )

    def test_reads_standard_input(self, here: Path) -> None:
        done = run(
            "analyze",
            "-",
            "--as-of",
            "2026-01-31",
            "--format",
            "none",
            stdin=stale(here).read_bytes(),
        )
        assert done.exit_code == 0
        assert done.stdout.startswith("2 of 2")

    def test_tells_which_reports_were_superseded(self, here: Path) -> None:
        stale(here)
        used = root(password_last_used="2026-02-01T00:00:00Z")
        save(here, used, user("bob"), user("carol"), name="2026-02-28.csv")
        done = run("analyze", here, "--format", "none")
        assert (
            done.stderr
            == "1 older report or copy was not judged: -v lists them, `credreport compare` shows what changed\n"
        )
        done = run("analyze", here, "--format", "none", "-v")
        assert "not judged: status_reports_2026-01-31T12-00-00+00-00.csv: superseded" in done.stderr

    def test_counts_what_is_absent_where_everything_is_asked_for(self, here: Path) -> None:
        done = run("analyze", stale(here), "--format", "none", "-v")
        assert done.stdout.endswith(
            "  absent                1            5                     6     12\n"
            "  total                 3            6                     6     15\n"
        )

    def test_shows_the_five_worst_of_the_open_findings(self, here: Path) -> None:
        days = ("2025-03-01", "2025-01-01", "2025-06-01", "2025-02-01", "2025-05-01", "2025-04-01")
        rows = [
            user(f"u{number}", **password(f"{day}T00:00:00Z")) for number, day in enumerate(days)
        ]
        done = run("analyze", save(here, root(), *rows), "--format", "none")
        lines = done.stdout.splitlines()
        start = lines.index("Worst open findings (5 of 6):") + 2
        assert [line.split()[2:] for line in lines[start : start + 6]] == [
            ["u1", "password", "395"],
            ["u3", "password", "364"],
            ["u0", "password", "336"],
            ["u5", "password", "305"],
            ["u4", "password", "275"],
            [],
        ]

    @pytest.mark.parametrize(
        ("profile", "used", "words"),
        [
            ("cis-5.0", OLD, "  7 other rules found nothing"),
            ("cis-5.0", "2026-01-30T00:00:00Z", "  None of the 9 rules found anything"),
        ],
    )
    def test_rules_that_found_nothing_are_counted(
        self, here: Path, profile: str, used: str, words: str
    ) -> None:
        path = save(here, root(mfa_active="true"), user(**key(1, used)))
        done = run("analyze", path, "--format", "none", "--profile", profile)
        assert words in done.stdout
        done = run("analyze", path, "--format", "none", "--profile", profile, "-v")
        assert words not in done.stdout

    def test_accounts_are_listed_worst_first_and_the_list_shortens_itself(self, here: Path) -> None:
        for number in range(7):
            account = f"{number:012d}"
            rows = [user(f"u{each}", account, **password(OLD)) for each in range(number)]
            save(here / account, root(account), *rows)
        done = run("analyze", here, "--format", "none")
        lines = done.stdout.splitlines()
        start = lines.index("Accounts, most open findings first:") + 2
        assert [line.split()[:3] for line in lines[start : start + 6]] == [
            ["000000000006", "7", "6"],
            ["000000000005", "6", "5"],
            ["000000000004", "5", "4"],
            ["000000000003", "4", "3"],
            ["000000000002", "3", "2"],
            ["2", "more", "accounts;"],
        ]
        assert "more accounts" not in run("analyze", here, "--format", "none", "-v").stdout

    def test_writes_the_raw_csv_where_asked(self, here: Path) -> None:
        path = save(here, root(), user("=1", **password(OLD)))
        run("analyze", path, "--format", "csv", "--csv-raw")
        assert ",=1," in (here / "evidence" / f"{STEM}-findings.csv").read_text()


class TestExpectUsers:
    def test_the_right_number_changes_nothing(self, here: Path) -> None:
        done = run("analyze", stale(here), "--format", "none", "--expect-users", "2")
        assert done.exit_code == 0

    @pytest.mark.parametrize("number", ["1", "3", "0"])
    def test_another_number_is_refused(self, here: Path, number: str) -> None:
        done = run("analyze", stale(here), "--expect-users", number)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "the reports contain 2 IAM users (root not counted)" in done.stderr
        assert not (here / "evidence").exists()


class TestExitStatus:
    def test_findings_count_only_where_asked(self, here: Path) -> None:
        path = stale(here)
        assert run("analyze", path, "--format", "none").exit_code == 0
        assert run("analyze", path, "--format", "none", "--fail-on", "findings").exit_code == 1
        path = clean(here)
        assert run("analyze", path, "--format", "none", "--fail-on", "findings").exit_code == 0

    def test_what_could_not_be_judged_wins(self, here: Path) -> None:
        done = run("analyze", odd(here), "--fail-on", "findings", "--format", "csv")
        assert done.exit_code == 3
        assert done.stderr.startswith(
            "undetermined: status_reports_2026-01-31T12-00-00+00-00.csv, line 3: 'alice', password: "
        )
        assert (
            "\nExit status 3: credentials that could not be judged: 1.\n\nWritten:" in done.stderr
        )
        assert f"{STEM}-findings.csv" in written(here)

    def test_newest_is_only_a_bound(self, here: Path) -> None:
        done = run("analyze", clean(here), "--as-of", "newest", "--format", "none")
        assert done.exit_code == 3
        assert "Every age is a lower bound" in done.stdout

    def test_a_refused_input_writes_nothing(self, here: Path) -> None:
        stale(here)
        (here / "bad.csv").write_text("x")
        done = run("analyze", here / "bad.csv")
        assert done.stderr.endswith(
            "\n1 input refused, nothing written\n"
        )  # leaving it out leaves none
        done = run("analyze", here)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == (
            "error: bad.csv, line 1, column 1: not a credential report: it starts with 'x'. "
            "Name the CSV or JSON that AWS gave.\n"
            "1 input refused, nothing written; --keep-going leaves them out\n"
        )
        assert not (here / "evidence").exists()

    def test_unless_it_may_be_left_out(self, here: Path) -> None:
        stale(here)
        (here / "bad.csv").write_text("x")
        done = run("analyze", here, "--keep-going")
        assert done.exit_code == 3
        assert "1 input refused and left out: see Inputs." in done.stdout
        assert "refused: bad.csv, line 1" in done.stderr
        assert run("analyze", here / "bad.csv", "--keep-going").exit_code == 2

    def test_at_most_twenty_problems_a_file(self, here: Path) -> None:
        lines = save(here, root(), *(user(f"u{n}") for n in range(25))).read_text().split("\n")
        (here / "bad.csv").write_text("\n".join([lines[0], *(line + "," for line in lines[1:])]))
        done = run("analyze", here / "bad.csv", "--as-of", "2026-01-31")
        assert done.stderr.count("23 fields where") == 20
        assert "error: bad.csv: and 6 more\n" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--format", "pdf"], "error: --format 'pdf': choose from"),
            (["--unused-after", "0"], "error: --unused-after 0"),
            (["--as-of", "soon"], "error: --as-of 'soon'"),
            (["--accounts", "no.csv"], "error: --accounts no.csv: cannot be read"),
            (
                ["--unused-after", "x"],
                "error: invalid value for '--unused-after': 'x' is not a whole number. "
                "See `credreport analyze --help`\n",
            ),
            (["--as-of"], "error: --as-of: a value is missing after it. See"),
            (
                ["--accounts", "a.csv", "--accounts", "b.csv"],
                "error: --accounts: given 2 times, and only one of them would count. See",
            ),
            (["-o", "a", "--output=b"], "error: --output: given 2 times, and only one"),
            (["--workers", "0"], "'--workers': 0 is not in the range 1 to 256. See"),
            (["--workers", "257"], "'--workers': 257 is not in the range 1 to 256. See"),
            (["--fail-on", "x"], "'--fail-on': 'x' is not one of 'none', 'findings'. See"),
            (["--nonsense"], "error: no such option: --nonsense"),
            ([""], "error: '': an empty input name. Name a file or a directory"),
        ],
    )
    def test_wrong_usage(self, here: Path, arguments: list[str], message: str) -> None:
        done = run("analyze", stale(here), *arguments)
        assert done.exit_code == 2
        assert message in done.stderr

    @pytest.mark.parametrize("option", ["--accounts", "--policy", "--waivers", "--carry-from"])
    @pytest.mark.parametrize("content", [None, "[", "x"])
    def test_a_line_end_in_a_name_begins_no_line(
        self, here: Path, option: str, content: str | None
    ) -> None:
        path = here / "a\nb.toml"
        if content:
            path.write_text(content)
        done = run("analyze", stale(here), option, path)
        assert done.exit_code == 2
        (line,) = done.stderr.splitlines()
        assert "a\\x0ab.toml" in line

    def test_other_evidence_is_not_replaced_unless_forced(self, here: Path) -> None:
        analyze = ("analyze", "--format", "csv")
        assert run(*analyze, stale(here)).exit_code == 0
        assert run(*analyze, stale(here)).exit_code == 0
        clean(here)
        done = run(*analyze, here / "status_reports_2026-01-31T12-00-00+00-00.csv")
        assert done.exit_code == 2
        assert "Use --force to replace it" in done.stderr
        assert run(*analyze, clean(here), "--force").exit_code == 0

    def test_a_bug_is_one_line(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ValueError("oops")

        monkeypatch.setattr("credreport.runs.inspect.inspect", fail)
        done = run("inspect", here)
        assert done.exit_code == 70
        assert done.stderr == (
            f"error: internal error of credreport {__version__}: ValueError('oops'); please report it with "
            "this line and what `credreport inspect` says about the input\n"
        )
        assert "Traceback" in run("inspect", here, "-v").stderr

    def test_an_interruption(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("credreport.runs.inspect.inspect", interrupt)
        done = run("inspect", here)
        assert (done.exit_code, done.stderr) == (130, "interrupted; nothing half-written\n")


class TestInspect:
    def test_says_what_it_is_and_writes_nothing(self, here: Path) -> None:
        path = stale(here)
        done = run("inspect", path)
        assert done.exit_code == 0
        lines = done.stdout.splitlines()
        assert lines[0].startswith("2 of 2 active credentials have been unused")
        assert lines[1:3] == ["", f"{path.name}: a credential report (CSV)"]
        assert "  account  111122223333" in lines
        assert "  users    3, root included" in lines
        assert "  as of    2026-01-31T12:00:00Z (file name)" in lines
        assert (
            "  verdicts 2 unused, 0 current, 0 undetermined, 1 excluded, 0 inactive, 6 absent; tie-out PASS"
            in lines
        )
        assert sorted(p.name for p in here.iterdir()) == [path.name]

    def test_describes_the_first_of_many_reports(self, here: Path) -> None:
        for number in range(6):
            save(here / f"{number}", root(f"{number:012d}"))
        assert "\n1 more report; -v describes it\n" in run("inspect", here).stdout
        assert "more report" not in run("inspect", here, "-v").stdout

    def test_speaks_json(self, here: Path) -> None:
        done = run("inspect", stale(here), "--json")
        assert json.loads(done.stdout)["inputs"][0]["rows"] == 3

    def test_exits_3_where_not_all_was_judged(self, here: Path) -> None:
        assert run("inspect", odd(here)).exit_code == 3


class TestHelp:
    @pytest.mark.parametrize(
        "arguments", [["-h"], ["--help"], ["analyze", "-h"], ["inspect", "--help"]]
    )
    def test_is_there(self, arguments: list[str]) -> None:
        done = run(*arguments)
        assert done.exit_code == 0
        assert "Usage: " in done.stdout

    def test_has_titled_groups_and_ends_with_two_examples(self) -> None:
        text = run("analyze", "-h").stdout
        titles = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
        assert titles == [
            "Arguments:", "Input:", "Verdict:", "Evidence:", "Sign-off:", "Large runs:", "Output:",
            "Examples:",
        ]  # fmt: skip
        assert text.endswith(
            "\nExamples:\n  credreport analyze sample_reports/\n"
            "  credreport analyze sample_reports/ --profile cis-5.0 --format xlsx,sh -o evidence/cis\n"
        )

    @pytest.mark.parametrize("command", ["", *COMMANDS])
    @pytest.mark.parametrize("width", [40, 60, 80, 120])
    def test_fits_the_terminal(
        self, command: str, width: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(width))
        whole = run(*[command] * bool(command), "--help").stdout
        text, _, examples = whole.partition("\nExamples:\n")
        assert max(map(len, text.splitlines())) <= width
        assert not re.search(r"(?<!INPUT)(?<!NAME)(?<!MORE)(?<!ARGS\])(?<!INPUT\])\.\.\.", text)
        assert bool(examples) is bool(command)

    @pytest.mark.parametrize(
        ("arguments", "usage"),
        [
            ("analyze", "analyze [OPTIONS] INPUT..."),
            ("compare", "compare [OPTIONS] OLD NEW [MORE...]"),
            ("rules", "rules [OPTIONS] [RULE]"),
            ("verify", "verify [OPTIONS] DIR [INPUT]..."),
        ],
    )
    def test_the_usage_is_in_the_words_of_the_specification(
        self, arguments: str, usage: str
    ) -> None:
        assert run(arguments, "-h").stdout.startswith(f"Usage: credreport {usage}\n")

    @pytest.mark.parametrize("command", COMMANDS)
    def test_has_no_words_of_the_language_it_is_written_in(self, command: str) -> None:
        text = run(command, "-h").stdout
        assert not [word for word in ("list[", "<str>", "x>=", "<=x", "None") if word in text]
        assert len(text.split("\nExamples:\n")[1].splitlines()) == 2

    def test_no_command_shows_the_help(self) -> None:
        done = run()
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith("Usage: ")

    @pytest.mark.parametrize("option", ["-V", "--version"])
    def test_version(self, option: str) -> None:
        done = run(option)
        assert (done.exit_code, done.stdout) == (0, f"credreport {__version__}\n")

    @pytest.mark.parametrize("option", ["--help", "--version"])
    def test_imports_nothing_heavy(self, option: str) -> None:
        code = (
            "import sys\n"
            "from credreport.cli.main import main\n"
            f"sys.argv = ['credreport', '{option}']\n"
            "try:\n    main()\nexcept SystemExit:\n    pass\n"
            "heavy = {'pandas', 'numpy', 'matplotlib', 'openpyxl', 'rich'} & set(sys.modules)\n"
            "sys.exit(', '.join(heavy) or 0)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def spawn(*arguments: str | Path, **settings: object) -> subprocess.CompletedProcess[bytes]:
    command = [
        sys.executable,
        "-c",
        "from credreport.cli.main import main; main()",
        *map(str, arguments),
    ]
    return subprocess.run(command, capture_output=True, check=False, **settings)  # type: ignore[call-overload,no-any-return]


class TestProcess:
    def test_a_reader_that_leaves_is_no_error(self, here: Path) -> None:
        rows = [user(f"u{n:04}", **password(OLD)) for n in range(300)]
        path = save(here, root(), *rows)
        program = "from credreport.cli.main import main; main()"
        command = (
            f'"{sys.executable}" -c "{program}" analyze "{path}" --json --format csv | head -c 10'
        )
        done = subprocess.run(command, shell=True, capture_output=True, check=False)
        assert done.stdout == b'{\n "schema'
        assert b"rror" not in done.stderr
        assert f"{STEM}-findings.csv" in written(here)

    def test_a_closed_stdout_is_no_error(self, here: Path) -> None:
        path = stale(here)
        program = "from credreport.cli.main import main; main()"
        command = f'"{sys.executable}" -c "{program}" analyze "{path}" --format csv >&-'
        done = subprocess.run(command, shell=True, capture_output=True, check=False)
        assert done.returncode == 0

    def test_clock_zone_language_and_directory_change_no_byte(self, here: Path) -> None:
        command = ("analyze", stale(here), "--format", "xlsx,png,svg,csv,json,sh,md,jira")
        assert run(*command).exit_code == 0
        directory = here / "elsewhere"
        directory.mkdir()
        language = "tr_TR.UTF-8"
        settings = {"TZ": "Pacific/Auckland", "LANG": language, "LC_ALL": language}
        settings |= {"PYTHONHASHSEED": "12345", "COLUMNS": "20", "MPLBACKEND": "nonsense"}
        settings |= {"HOME": str(here / "nowhere")}
        done = spawn(*command, cwd=directory, env=os.environ | settings)
        assert done.returncode == 0, done.stderr
        here_and_there = [
            {path.name: path.read_bytes() for path in (place / "evidence").iterdir()}
            for place in (here, directory)
        ]
        assert here_and_there[0] == here_and_there[1]
        assert len(here_and_there[0]) == 11


class TestMain:
    """The process around the commands: signals, and a last flush that may fail."""

    @pytest.fixture(autouse=True)
    def signals(self) -> Iterator[None]:
        names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {name: signal.getsignal(name) for name in names}
        yield
        for name, handler in before.items():
            signal.signal(name, handler)

    def main(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["credreport", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0)

    def test_a_completion_that_no_shell_asks_for_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("_CREDREPORT_COMPLETE", "garbage")
        assert self.main(monkeypatch, "inspect", "x") == 2
        assert capsys.readouterr().err == (
            "error: _CREDREPORT_COMPLETE is 'garbage', which no shell asks for: unset it\n"
        )

    @pytest.mark.parametrize("name", ["--unused-after=9999", "-q", "-", "--"])
    def test_an_option_that_the_name_of_a_file_gives_is_refused(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        name: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / name).touch()
        assert self.main(monkeypatch, "inspect", name, "a.csv") == 2
        assert capsys.readouterr().err == (
            f"error: {name!r} is also the name of a file: write ./* for *, or rename the file\n"
        )

    def test_what_follows_two_dashes_is_no_option(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "-q").touch()
        assert self.main(monkeypatch, "inspect", "--", "-q") == 2
        assert capsys.readouterr().err.startswith("error: -q: the file is empty.")

    @pytest.mark.parametrize("words", [{}, {"COMP_WORDS": "credreport ", "COMP_CWORD": "x"}])
    def test_a_completion_without_the_words_of_the_shell_is_refused(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        words: dict[str, str],
    ) -> None:
        monkeypatch.setenv("_CREDREPORT_COMPLETE", "complete_bash")
        for name, value in words.items():
            monkeypatch.setenv(name, value)
        assert self.main(monkeypatch, "inspect", "x") == 2
        assert capsys.readouterr().err == (
            "error: _CREDREPORT_COMPLETE is 'complete_bash', which no shell asks for: unset it\n"
        )

    @pytest.mark.parametrize(
        ("words", "values"),
        [
            ("analyze in --profile cis-5", ["cis-5.0"]),
            ("analyze in --format xl", ["xlsx"]),
            ("compare a b --format xlsx,j", ["xlsx,json", "xlsx,jira"]),
            ("rules root-w", ["root-without-mfa"]),
        ],
    )
    def test_the_shell_completes_values(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        words: str,
        values: list[str],
    ) -> None:
        line = f"credreport {words}"
        monkeypatch.setenv("_CREDREPORT_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
        assert self.main(monkeypatch) == 0
        assert capsys.readouterr().out.split() == values

    def test_runs_the_command(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.main(monkeypatch, "--version") == 0
        assert capsys.readouterr().out == f"credreport {__version__}\n"

    @pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
    def test_ends_tidily_when_asked_to(
        self, monkeypatch: pytest.MonkeyPatch, name: str, here: Path
    ) -> None:
        number = getattr(signal, name)
        signal.signal(number, signal.SIG_DFL)  # who runs the tests may have had it ignored

        def ask(*_: object, **__: object) -> None:
            signal.raise_signal(number)

        monkeypatch.setattr("credreport.runs.analyze.analyze_inputs", ask)
        assert self.main(monkeypatch, "analyze", str(stale(here))) == 128 + number
        assert not (here / "evidence").exists()

    def test_says_so_and_ends_with_the_status_of_the_signal(
        self, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            cli._Stop()(signal.SIGTERM, None)
        assert ended.value.code == 143
        assert capfd.readouterr().err == "interrupted; nothing half-written\n"

    def test_a_stream_that_was_set_not_to_wait_loses_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with os.fdopen(reader), os.fdopen(writer, "w") as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            self.main(monkeypatch, "--version")
            assert os.get_blocking(writer)

    def test_what_is_written_without_a_buffer_is_written_whole(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """With PYTHONUNBUFFERED, what a disk does not take of a line at once would be dropped."""

        class Slow(io.FileIO):
            def write(self, data: Any, /) -> int:
                return super().write(bytes(data)[:5])

        path = tmp_path / "out"
        stream = io.TextIOWrapper(cast("Any", Slow(path, "w")), "utf-8", write_through=True)
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "__stdout__", stream)
        assert self.main(monkeypatch, "--version") == 0
        assert path.read_text() == f"credreport {__version__}\n"

    def test_a_second_signal_does_not_disturb_the_tidying_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seconds = iter([100.0, 104.9, 105.1])
        monkeypatch.setattr("time.monotonic", lambda: next(seconds))
        stop = cli._Stop()
        with pytest.raises(SystemExit, match="143"):
            stop(signal.SIGTERM, None)
        stop(signal.SIGHUP, None)
        with pytest.raises(SystemExit, match="130"):
            stop(signal.SIGINT, None)

    @pytest.mark.parametrize(("error", "status"), [(BrokenPipeError, 0), (ValueError, 1)])
    def test_a_reader_that_left_before_the_help_was_out_is_no_failure(
        self, monkeypatch: pytest.MonkeyPatch, error: type[Exception], status: int
    ) -> None:
        def leave(**_: object) -> None:
            try:
                raise error
            except error:
                raise SystemExit(1)  # noqa: B904 - as the framework does

        monkeypatch.setattr(cli, "app", leave)
        assert self.main(monkeypatch) == status

    def test_a_signal_that_was_ignored_stays_ignored(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.main(monkeypatch, "--version")
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert capsys.readouterr().out

    def test_a_full_disk_below_stdout_is_said(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(**_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(cli, "app", fail)
        with Path(os.devnull).open("w") as nowhere:
            monkeypatch.setattr(sys, "stdout", nowhere)
            assert self.main(monkeypatch) == 2
        assert capsys.readouterr().err == (
            "error: standard output cannot be written: No space left on device\n"
        )
        monkeypatch.setattr(sys, "stdout", None)
        assert self.main(monkeypatch) == 2


def test_python_m_runs_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["credreport", "--version"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "credreport.__main__", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)
    monkeypatch.setattr(gc, "set_threshold", lambda *_: None)
    with pytest.raises(SystemExit) as done:
        runpy.run_module("credreport", run_name="__main__")
    assert done.value.code == 0
    assert capsys.readouterr().out == f"credreport {__version__}\n"
