"""How a command ends: its return value or exception as exit status. The one place that shows errors."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ParamSpec

import typer

import credreport as package
from credreport.cli.screen import Screen, flush
from credreport.errors import CredreportError, InputRefused, OutputError
from credreport.text import plural

FINDINGS_OPEN = 1
INCOMPLETE = 3
BUG = 70
INTERRUPTED = 130
_ISSUES = "please report it with this line and what `credreport inspect` says about the input"
P = ParamSpec("P")


def ending(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command returns or raises into its exit status."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        screen = Screen(no_color=bool(kwargs.get("no_color")))
        try:
            status = command(*args, **kwargs)
            flush()
        except CredreportError as error:
            status = _show(screen, without_names(error, kwargs), kwargs)
        except KeyboardInterrupt:
            screen.fail("interrupted; nothing half-written")
            status = INTERRUPTED
        except OSError as error:  # one that was not handled nearer to its cause
            is_named = error.filename and not kwargs.get("mask")
            about = f"{error.filename}: " if is_named else ""
            screen.fail(f"error: {about}{error.strerror or error}; nothing was written")
            status = OutputError.exit_code
        except (MemoryError, SystemError):  # what C code raises where it got no memory
            screen.fail(
                "error: not enough memory; nothing was written. "
                "Use fewer --workers, or fewer files at a time"
            )
            status = OutputError.exit_code
        except (
            ImportError
        ) as error:  # of a library; those of this program are imported in every test
            screen.fail(
                f"error: a library cannot be loaded ({error.name or error}); nothing was written. There "
                "may be too little memory; otherwise install credreport again"
            )
            status = OutputError.exit_code
        except Exception as error:
            shown = type(error).__name__ if kwargs.get("mask") else repr(error)
            if kwargs.get("verbose") and not kwargs.get("mask"):
                for line in traceback.format_exc().splitlines():
                    screen.fail(line)
            screen.fail(
                f"error: internal error of credreport {package.__version__}: {shown}; {_ISSUES}"
            )
            status = BUG
        raise typer.Exit(status)

    return run


def _show(screen: Screen, error: CredreportError, kwargs: Mapping[str, object]) -> int:
    """Print what the user can mend; return the exit status."""
    for line in error.lines:
        screen.fail(f"error: {line}")
    if not isinstance(error, InputRefused):
        return error.exit_code
    files = len({problem.source for problem in error.problems})
    may_go_on = error.has_others and kwargs.get("keep_going") is False
    hint = "; --keep-going leaves them out" if may_go_on else ""
    screen.fail(f"{plural(files, 'input')} refused, nothing written{hint}")
    return error.exit_code


def without_names(error: CredreportError, options: Mapping[str, object]) -> CredreportError:
    """Return the error with pseudonyms where the options ask for them and have a key."""
    key = options.get("mask_key")
    if not options.get("mask") or not isinstance(key, Path):
        return error
    from credreport.masking.judged import mask_error
    from credreport.masking.key import read_key
    from credreport.masking.pseudonyms import Masker

    try:
        masker = Masker(read_key(key))
    except CredreportError:
        return error  # it is about the key, or came before there was one
    files = [
        str(name)
        for option, value in options.items()
        for name in (value if isinstance(value, list) else [value])
        if option != "output" and (isinstance(name, Path) or option == "inputs")
    ]
    return mask_error(error, masker, files)


def end(screen: Screen, doubts: Sequence[str], *, has_open_findings: bool) -> int:
    """Return the exit status of what was judged; name on the screen what makes it incomplete."""
    if doubts:
        say = screen.fail if screen.quiet else screen.note
        say(f"Exit status 3: {'; '.join(doubts)}.")
        return INCOMPLETE
    return FINDINGS_OPEN if has_open_findings else 0
