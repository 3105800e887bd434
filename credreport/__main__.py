"""The program: `credreport`, `python -m credreport`.

It runs among files of other people. `python -m` puts the current directory first on the path, so
does an empty entry of PYTHONPATH, and a report's directory may contain a `typing.py`: nothing may be
imported before the path is clean, except what Python has loaded already.
"""

import gc
import os
import sys

_NUMPY_BYTES = 128 << 20  # address space that numpy takes with OpenBLAS and its first buffer

_NO_MEMORY = "not enough memory (see ulimit -v and -d); nothing was written"
_REPAIR = (
    "Run it from another directory, if its libraries are in this one; otherwise install it again"
)


def main() -> None:
    """Run the command line, importing nothing from the current directory."""
    forget_current_directory()
    # Nothing here computes with matrices. OpenBLAS starts a thread for each processor, and where it may
    # not, it sends itself a SIGINT: that would read as an interruption by the user.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # These change how pandas stores texts; or it, or numpy, is not imported at all.
    for name in [name for name in os.environ if name.startswith(("PANDAS_", "NUMPY_", "NPY_"))]:
        del os.environ[name]
    # matplotlib asks `fc-list` for fonts: no program of that name is run from here either.
    paths = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(
        path
        for path in paths
        if os.path.isabs(path) and not _is_here(path)  # noqa: PTH117
    )
    take_memory()
    # A run makes hardly any reference cycles, and each collection scans all objects of pandas and
    # matplotlib: a tenth of the time for a single report.
    gc.set_threshold(50_000, 20, 50)
    try:
        import signal  # noqa: PLC0415 - see above

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            # No traceback of what is imported from here on.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        from credreport.cli.main import main as run  # noqa: PLC0415 - see above
    except (ImportError, OSError) as error:  # Python would end with 1, which would read as findings
        _refuse(f"{error}: credreport cannot be loaded. {_REPAIR}")
    try:
        run()
    except MemoryError:  # there was not even enough to say so
        _refuse(_NO_MEMORY)


def take_memory() -> None:
    """Where memory is limited, let OpenBLAS take its own at once; exit with 2 if there is too little.

    When it gets none later, OpenBLAS ends the process with 1, which would read as findings.
    """
    try:
        import resource  # noqa: PLC0415 - see above
    except ImportError:  # Windows has no such limit
        return
    limits = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    if all(resource.getrlimit(each)[0] == resource.RLIM_INFINITY for each in limits):
        return
    import mmap  # noqa: PLC0415 - see above

    try:
        mmap.mmap(-1, _NUMPY_BYTES, flags=mmap.MAP_PRIVATE).close()
        import numpy as np  # noqa: PLC0415 - see above

        np.dot(np.ones((2, 2)), np.ones((2, 2)))
    except (OSError, ImportError, MemoryError):
        _refuse(_NO_MEMORY)


def _refuse(reason: str) -> None:
    """Say why with what is there from the start; exit with 2."""
    try:
        os.write(2, f"error: {reason}\n".encode())
    finally:  # standard error may be closed
        sys.exit(2)


def forget_current_directory() -> None:
    """Take the current directory off the path of this process, and so of its workers."""
    sys.path[:] = [entry for entry in sys.path if not _is_here(entry)]


def _is_here(entry: str) -> bool:
    """Whether an entry of the path is the current directory, under whatever name."""
    try:
        return not entry or os.path.samefile(entry, os.curdir)  # noqa: PTH121 - pathlib is an import
    except OSError:  # an entry that is not there, or a current directory that was deleted
        return False


if __name__ == "__main__":
    main()
