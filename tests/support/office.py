"""LibreOffice, where it is installed: another reader and writer of workbooks."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

OFFICE = shutil.which("soffice")
# The last number is the sheet, -1 for all of them.
CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,"


def convert(workbook: Path, form: str, directory: Path) -> None:
    """Write the workbook into the directory as `pdf`, `xlsx` or CSV + the number of a sheet."""
    assert OFFICE
    subprocess.run(
        [OFFICE, f"-env:UserInstallation=file://{_home().name}", "--headless", "--convert-to", form,
         "--outdir", str(directory), str(workbook)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip


@cache
def _home() -> tempfile.TemporaryDirectory[str]:
    """Return its profile: to make one takes as long as to convert a small workbook."""
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
