"""Files -> a directory: all of them or none.

Every file is written beside its place under a temporary name, then moved: a run that fails leaves
what was there before, and no temporary file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from credreport.errors import OutputError
from credreport.files import Content, chunks_of, may_be_there, read_bounded
from credreport.globs import match
from credreport.output.formats import MANIFEST

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_SYSTEM = os.name
_LONGEST_ON_WINDOWS = 260
_LOCK_ATTEMPTS = 300
_LOCK_PAUSE = 0.1


# The path of a workbook, and whether it has the bytes it was written with.
Keep = Callable[[Path, bool], str]
Complete = Callable[[Path], tuple[Mapping[str, Content], Collection[str]]]
_Identity = tuple[int, int]  # a file's device and its number there


def write_all(
    directory: Path,
    files: Mapping[str, Content],
    *,
    force: bool,
    inputs: Iterable[str],
    complete: Complete | None = None,
    keep: Keep | None = None,
) -> list[Path]:
    """Put the files into the directory, all or none of them; return their paths.

    `complete` looks at the directory while no other run writes to it: it returns further files, and
    the names of those that may take the place of others. `keep` returns why a workbook must stay, also
    with `force`. Raises OutputError if a file of that name exists with other bytes (unless
    `force`), is an input, or cannot be written.
    """
    targets = {directory / name: data for name, data in files.items()}
    made: list[Path] = []
    waiting: list[_Move] = []
    try:
        made += _missing(directory)
        directory.mkdir(parents=True, exist_ok=True)
        with _taking_turns(directory):
            before = {path.name: _to_state(path) for path in directory.iterdir()}
            further, replaceable = complete(directory) if complete else ({}, ())
            targets |= {directory / name: data for name, data in further.items()}
            _refuse_clashes(targets, inputs, replaceable, keep, force=force)
            for target, data in targets.items():
                if not _holds(target, data):
                    waiting.append(_Move(target, before.get(target.name)))
                    _write_new(waiting[-1].new, data, is_program=target.suffix == ".sh")
            _put_in_place(waiting)
    except (OSError, MemoryError) as error:
        raise OutputError(f"{_to_reason(directory, error)}; nothing was changed") from error
    finally:
        with _undisturbed():
            for move in waiting:
                _drop(move.new)
            for folder in reversed(made):
                with suppress(OSError):  # not empty, never made, or another run's by now
                    folder.rmdir()
    return list(targets)


def _to_reason(directory: Path, error: OSError | MemoryError) -> str:
    if isinstance(error, MemoryError):
        return f"cannot write to {directory}: not enough memory"
    reason = error.strerror or str(error)
    if isinstance(error, PermissionError):  # Windows, and the file is in use
        named = error.filename2 or (error.filename if _SYSTEM == "nt" else None)
        if named and Path(named).is_file():
            return f"cannot replace {named}: {reason}. Close the program that has it open"
    if _SYSTEM == "nt" and len(str(error.filename or "")) >= _LONGEST_ON_WINDOWS:
        return f"cannot write to {directory}: {reason}. The path is too long; choose a shorter -o"
    return f"cannot write to {directory}: {reason}"


class _Move:
    """A file to put in place: where it waits, where it goes, where the one before it is kept."""

    def __init__(self, target: Path, state: tuple[int, int] | None) -> None:
        """Move to the target, as long as that is in its state."""
        name = f".credreport-{secrets.token_hex(8)}"
        self.target = target
        self.state = state
        self.new = target.with_name(f"{name}.tmp")
        self.old = target.with_name(f"{name}.old")
        self.is_kept = False

    def forward(self) -> None:
        if _to_state(self.target) != self.state:
            message = f"{self.target.name} was changed by another program meanwhile"
            raise OSError(errno.EBUSY, message)
        if self.state:
            try:
                os.link(self.target, self.old)
            except OSError:  # a file system without hard links
                shutil.copy2(self.target, self.old)
            self.is_kept = True
        self.new.replace(self.target)

    def back(self) -> bool:
        """Return whether what was there is there again."""
        try:
            if self.new.exists():  # never moved; a copy for which there was no room is half of one
                return True
            if self.is_kept:
                self.old.replace(self.target)
            else:
                self.target.unlink(missing_ok=True)
        except OSError:
            return False
        return True


def _to_state(path: Path) -> tuple[int, int] | None:
    """Return size and time of a file; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _drop(file: Path) -> None:
    """Remove a file that is not needed any more; where that fails, all else holds as it was said."""
    with suppress(OSError, MemoryError):
        file.unlink(missing_ok=True)


def _put_in_place(moves: Sequence[_Move]) -> None:
    """Move all files to their places, or none of them: a failure half-way undoes the others.

    Where it cannot be undone either, the files that were there stay under the names of their copies.
    """
    stuck: list[_Move] = []
    with _undisturbed():
        try:
            for move in moves:
                move.forward()
        except (OSError, MemoryError) as error:
            stuck += [move for move in moves if not move.back()]
            if stuck:
                kept = [f"{move.target.name} is now {move.old}" for move in stuck if move.is_kept]
                reason = f"{_to_reason(stuck[0].target.parent, error)}, and could not be undone"
                raise OutputError("; ".join([reason, *kept])) from error
            raise
        finally:
            for move in moves:
                if move not in stuck:
                    _drop(move.old)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Delay signals for the few moments in which files change their names.

    Blocking them is not enough: another thread would receive them, and this one act on them.
    """
    came: list[int] = []
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                before[number] = signal.getsignal(number)
                signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for number in came:
            signal.raise_signal(number)


@contextmanager
def _taking_turns(directory: Path) -> Iterator[None]:
    """Let one run at a time check and write a directory: the lock dies with the run that holds it."""
    try:
        fcntl = import_module("fcntl")
        handle = os.open(directory, os.O_RDONLY)
    except (ImportError, OSError):  # no such lock here: every file is still whole
        yield
        return
    try:
        _lock(fcntl, handle, directory)
        yield
    finally:
        with suppress(OSError):  # all is in its place by now
            os.close(handle)


def _lock(fcntl: Any, handle: int, directory: Path) -> None:
    for attempt in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE * (attempt > 0))
        except OSError:
            return
        else:
            return
    raise OutputError(
        f"another run has been writing to {directory} for a long time; try again later"
    )


def _refuse_clashes(
    targets: Mapping[Path, Content],
    inputs: Iterable[str],
    replaceable: Collection[str],
    keep: Keep | None,
    *,
    force: bool,
) -> None:
    """Raise OutputError if something that must stay has the name of a target."""
    existing = [target for target in targets if may_be_there(target)]
    files, folders = _find_inputs(inputs)
    for target in existing:
        if not target.is_file():
            message = f"{target} is {_to_kind(target)}; remove it, or choose another -o"
            raise OutputError(message)
        if _identity(target) in files:
            raise OutputError(f"{target} is an input of this run; choose another -o")
    other = [
        target
        for target in existing
        if target.name not in replaceable and not _holds(target, targets[target])
    ]
    ours = _earlier_outputs(targets)
    for target in other:
        if not folders.isdisjoint(target.resolve().parents) and not _is_listed(target, ours):
            message = f"{target} is among the inputs, and no earlier run wrote it"
            raise OutputError(f"{message}; choose another -o")
        locks = [target.with_name(f"~${target.name}"), target.with_name(f".~lock.{target.name}#")]
        if any(lock.exists() for lock in locks):
            raise OutputError(f"{target} is open in a spreadsheet program; close it and run again")
        reason = keep(target, _is_listed(target, ours)) if keep and _is_workbook(target) else ""
        if reason:
            raise OutputError(reason)
    if other and not force:
        names = ", ".join(str(target) for target in other)
        message = (
            f"other evidence is already there: {names}. Use --force to replace it, or another -o"
        )
        raise OutputError(message)


def _find_inputs(inputs: Iterable[str]) -> tuple[set[_Identity], set[Path]]:
    """Return the files, by what distinguishes them, and the directories that the inputs name."""
    files: set[_Identity] = set()
    folders: set[Path] = set()
    for name in inputs:
        found = [name] if os.path.lexists(name) else match(name).paths
        for path in map(Path, found):
            if path.is_dir():
                folders.add(path.resolve())
            elif path.is_file():
                files.add(_identity(path))
    return files, folders


def _identity(path: Path) -> _Identity:
    """Return what all names of a file have in common, and no other file has."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _to_kind(path: Path) -> str:
    """Return what the path is, if not a file: opening it could hang."""
    for is_kind, words in (
        (Path.is_dir, "a directory"),
        (Path.is_fifo, "a pipe"),
        (Path.is_socket, "a socket"),
        (Path.is_symlink, "a link to something that is not a file"),
    ):
        if is_kind(path):
            return words
    return "a device"


def _earlier_outputs(targets: Iterable[Path]) -> dict[str, tuple[int, str]]:
    """Return size and hash, by name, of the files that a manifest already there lists."""
    found: dict[str, tuple[int, str]] = {}
    for target in targets:
        if target.name.endswith(MANIFEST):
            with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
                data = read_bounded(target)
                manifest = json.loads(data)
                if manifest["generator"] == "credreport":
                    found[target.name] = len(data), hashlib.sha256(data).hexdigest()
                    for each in manifest["outputs"]:
                        found[each["name"]] = each["bytes"], each["sha256"]
    return found


def _is_workbook(target: Path) -> bool:
    return target.suffix == ".xlsx"


def _is_listed(target: Path, outputs: Mapping[str, tuple[int, str]]) -> bool:
    """Whether these very bytes were written by an earlier run."""
    size, sha256 = outputs.get(target.name, (-1, ""))
    if target.stat().st_size != size:
        return False
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _holds(target: Path, data: Content) -> bool:
    if not target.is_file() or target.stat().st_size != len(data):
        return False
    with target.open("rb") as file:
        return all(file.read(len(chunk)) == chunk for chunk in chunks_of(data))


def _missing(directory: Path) -> list[Path]:
    """Return the directories that have to be made, the outermost first."""
    return [folder for folder in (directory, *directory.parents) if not folder.exists()][::-1]


def _write_new(path: Path, data: Content, *, is_program: bool) -> None:
    """Write the data through to the disk, into a file that does not exist yet."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o777 if is_program else 0o666), "wb") as file:
        for chunk in chunks_of(data):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
