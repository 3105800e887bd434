"""The program: `credreport`, `python -m credreport`.

It runs among files of other people. `python -m` puts the current directory first on the path, so
does an empty entry of PYTHONPATH, and a report's directory may contain a `typing.py`: nothing may be
imported before the path is clean, except what Python has loaded already.
"""

import gc
import os
import sys


def main() -> None:
    """Run the command line, importing nothing from the current directory."""
    forget_current_directory()
    # Nothing here computes with matrices. OpenBLAS starts a thread for each processor, and where it may
    # not, it sends itself a SIGINT: that would read as an interruption by the user.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # These change how pandas stores texts; or it, or numpy, is not imported at all.
    for name in [name for name in os.environ if name.startswith(("PANDAS_", "NUMPY_", "NPY_"))]:
        del os.environ[name]
    # A run makes hardly any reference cycles, and each collection scans all objects of pandas and
    # matplotlib: a tenth of the time for a single report.
    gc.set_threshold(50_000, 20, 50)
    import signal  # noqa: PLC0415 - see above

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # No traceback of what is imported from here on.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from credreport.cli.main import main as run  # noqa: PLC0415 - see above

    run()


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
