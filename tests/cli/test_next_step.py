"""The next step works as it is printed, in a shell of Unix and in one of Windows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from credreport.cli import next_step
from credreport.cli.next_step import Step, after_evidence, after_inspect, program, quote

SCRIPT = Path("out/x-remediate.sh")


@pytest.mark.parametrize(
    ("words", "unix", "windows"),
    [
        (["a", "b c"], "a 'b c'", 'a "b c"'),
        (["--format", "xlsx,sh"], "--format xlsx,sh", '--format "xlsx,sh"'),
        (["C:\\x y\\"], "'C:\\x y\\'", '"C:\\x y\\\\"'),
        (["C:\\x\\y"], "'C:\\x\\y'", "C:\\x\\y"),
        (["50%"], "50%", None),
        (["$HOME"], "'$HOME'", None),
        (["it's"], "'it'\"'\"'s'", '"it\'s"'),
    ],
)
def test_words_are_quoted_for_the_shell_in_use(
    monkeypatch: pytest.MonkeyPatch, words: list[str], unix: str, windows: str | None
) -> None:
    assert quote(words) == unix
    monkeypatch.setattr(next_step, "_SYSTEM", "nt")
    assert quote(words) == windows


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["analyze", "in", "--format", "csv", "-q"], ["analyze", "in", "-q", "--format", "csv,sh"]),
        (["analyze", "--format=csv", "--json", "in"], ["analyze", "in", "--format", "csv,sh"]),
        (["analyze", "in", "--format"], ["analyze", "in", "--format", "csv,sh"]),
        (
            ["analyze", "--json", "--", "-x", "--json"],
            ["analyze", "--format", "csv,sh", "--", "-x", "--json"],
        ),
    ],
)
def test_the_same_run_with_the_script(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], kept: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["credreport", *arguments])
    step = after_evidence([Path("out/x.csv")], ["csv"], has_findings=True)
    assert step == Step("add the remediation script", ("credreport", *kept))


@pytest.mark.parametrize("arguments", [["analyze", "-"], ["analyze", *(["reports/x.csv"] * 50)]])
def test_a_command_that_is_long_or_reads_standard_input_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["credreport", *arguments])
    step = after_evidence([Path("out/x.csv")], ["csv"], has_findings=True)
    assert step.command == ()
    assert step.words.startswith("run this command again with --format csv,sh")


def test_the_comment_is_attached_and_not_the_manifest_before_it() -> None:
    written = [Path("out/x-manifest.json"), Path("out/x.md"), Path("out/SHA256SUMS")]
    step = after_evidence(written, ["md"], has_findings=False)
    assert step == Step(f"attach {written[1]} to the ticket")


def test_a_script_is_tried_here_or_in_cloudshell(monkeypatch: pytest.MonkeyPatch) -> None:
    step = after_evidence([SCRIPT], ["sh"], has_findings=True)
    assert step.command == ("sh", str(SCRIPT))
    step = after_evidence([Path("-x/r.sh")], ["sh"], has_findings=True)
    assert step.command == ("sh", f"./{Path('-x/r.sh')}")
    monkeypatch.setattr(next_step, "_SYSTEM", "nt")
    step = after_evidence([SCRIPT], ["sh"], has_findings=True)
    assert step == Step(
        f"run {SCRIPT} in AWS CloudShell, first without --apply: that changes nothing"
    )


def test_what_was_inspected_is_judged_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["credreport", "inspect", "inspect", "--as-of", "newest"])
    assert after_inspect().command == (
        "credreport", "analyze", "inspect", "--as-of", "newest",
    )  # fmt: skip


def test_the_program_is_named_as_the_shell_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    called = tmp_path / "credreport"
    called.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(called)])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == ("credreport",)
    monkeypatch.setenv("PATH", "/nowhere")
    assert program() == (str(called),)
    monkeypatch.setattr(sys, "argv", ["/x/credreport/__main__.py"])
    assert program() == (sys.executable, "-m", "credreport")
