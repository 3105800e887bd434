"""How a command ends: what it returned or raised as its exit status; the one place that shows errors."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Sequence
from typing import ParamSpec

import typer

import credreport as package
from credreport.cli.screen import Screen, flush
from credreport.errors import CredreportError, InputRefused, OutputError, problem_lines

FINDINGS_OPEN = 1
INCOMPLETE = 3
BUG = 70
INTERRUPTED = 130
_ISSUES = "please report it with this line and what `credreport inspect` says of the input"
P = ParamSpec("P")


def ending(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command returns or raises into its exit status."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        screen = Screen(no_color=bool(kwargs.get("no_color")))
        try:
            status = command(*args, **kwargs)
            flush()
        except InputRefused as refusal:
            for line in problem_lines(refusal.problems):
                screen.fail(f"error: {line}")
            files = len({problem.source for problem in refusal.problems})
            hint = "; --keep-going leaves them out" if not kwargs.get("keep_going") else ""
            screen.fail(f"{files} input{'s' * (files != 1)} refused, nothing written{hint}")
            status = refusal.exit_code
        except CredreportError as error:
            for line in str(error).split("\n"):
                screen.fail(f"error: {line}")
            status = error.exit_code
        except KeyboardInterrupt:
            screen.fail("interrupted; nothing half-written")
            status = INTERRUPTED
        except OSError as error:  # one that nobody nearer knew a better word for
            about = f"{error.filename}: " if error.filename else ""
            screen.fail(f"error: {about}{error.strerror or error}; nothing was written")
            status = OutputError.exit_code
        except MemoryError:
            screen.fail(
                "error: not enough memory; nothing was written. "
                "Use fewer --workers, or fewer files at a time"
            )
            status = OutputError.exit_code
        except Exception as error:
            if kwargs.get("verbose"):
                for line in traceback.format_exc().splitlines():
                    screen.fail(line)
            screen.fail(
                f"error: internal error of credreport {package.__version__}: {error!r}; {_ISSUES}"
            )
            status = BUG
        raise typer.Exit(status)

    return run


def end(screen: Screen, doubts: Sequence[str], *, has_open_findings: bool) -> int:
    """Return the exit status of what was judged; name on the screen what makes it incomplete."""
    if doubts:
        screen.note(f"Exit status 3: {'; '.join(doubts)}.")
        return INCOMPLETE
    return FINDINGS_OPEN if has_open_findings else 0
