"""The next step: a command that works as printed, in the current shell."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from credreport.cli.screen import Screen
from credreport.output.formats import MANIFEST

_SYSTEM = os.name
_LONGEST = 200
_PLAIN_ON_WINDOWS = re.compile(r"[A-Za-z0-9_./\\:=-]+")
_NOT_ON_WINDOWS = re.compile(r'["%$`!\u201c-\u201e]')


@dataclass(frozen=True)
class Step:
    """What to do next, in words, and the command that does it where there is one."""

    words: str
    command: tuple[str, ...] = ()


def show_next(screen: Screen, step: Step) -> None:
    """Print the step, its command on a line of its own, to be copied as it is."""
    screen.note(f"Next: {step.words}")
    command = quote(step.command)
    if command:
        screen.note(f"  {command}", is_whole=True)


def after_evidence(written: Sequence[Path], formats: Sequence[str], *, has_findings: bool) -> Step:
    """Return what to do with the files: attach them, make the script, or try it."""
    if not has_findings:
        evidence = [path for path in written if not path.name.endswith(MANIFEST)]
        workbook = next((path for path in evidence if path.suffix == ".xlsx"), evidence[0])
        return Step(f"attach {workbook} to the ticket")
    script = next((path for path in written if path.suffix == ".sh"), None)
    if script is not None and _SYSTEM == "nt":
        return Step(f"run {script} in AWS CloudShell, first without --apply: that changes nothing")
    if script is not None:
        name = f"./{script}" if str(script).startswith("-") else str(script)  # no option of sh
        return Step("a dry run of the remedies, which changes nothing", ("sh", name))
    wanted = ",".join([*formats, "sh"])
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)  # behind it, everything is an input
    arguments = [*_without_format(given[:end]), "--format", wanted, *given[end:]]
    return _again(
        arguments,
        "add the remediation script",
        f"run this command again with --format {wanted}, which adds the remediation script",
    )


def after_inspect() -> Step:
    """Return how to judge what was inspected."""
    words = "write the evidence"
    arguments = ["analyze" if word == "inspect" else word for word in sys.argv[1:2]]
    return _again(
        [*arguments, *sys.argv[2:]], words, "run analyze on the same inputs to write the evidence"
    )


def _again(arguments: list[str], words: str, otherwise: str) -> Step:
    """Return the step as a command, or in words where that is too long or reads standard input."""
    command = (*program(), *arguments)
    is_short = len(quote(command) or " " * _LONGEST) < _LONGEST
    return Step(words, command) if is_short and "-" not in arguments else Step(otherwise)


def program() -> tuple[str, ...]:
    """Return how the program was called: its name where the shell finds it by that."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return (sys.executable, "-m", "credreport")
    on_path = shutil.which("credreport")
    is_found = on_path is not None and called.exists() and Path(on_path).samefile(called)
    return ("credreport",) if is_found or called.stem != "credreport" else (sys.argv[0],)


def quote(words: Sequence[str]) -> str | None:
    """Return the words as one line of the shell; None if they cannot be quoted on Windows.

    There cmd and PowerShell both take double quotes, and PowerShell splits a list at its commas.
    """
    if _SYSTEM != "nt":
        return shlex.join(words)
    if any(_NOT_ON_WINDOWS.search(word) for word in words):
        return None
    return " ".join(
        word if _PLAIN_ON_WINDOWS.fullmatch(word) else f'"{word}{_backslashes(word)}"'
        for word in words
    )


def _backslashes(word: str) -> str:
    """Return the backslashes to add before a closing quote, so that it closes."""
    return word[len(word.rstrip("\\")) :]


def _without_format(arguments: Sequence[str]) -> list[str]:
    """Return the arguments without --json and --format, for the same run in another form."""

    def kept(words: Iterator[str]) -> Iterator[str]:
        for word in words:
            if word == "--format":
                next(words, None)
            elif word != "--json" and not word.startswith("--format="):
                yield word

    return [*kept(iter(arguments))]
