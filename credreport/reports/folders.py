"""Directories in which a report is missing: called by a date or an account, and none was found there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from credreport.reports.stamp import MOST_FOLDERS, is_called_by_a_time

_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


class Folders:
    """The directories of one search or archive, as paths, and whether something in them is to be judged."""

    def __init__(self) -> None:
        """Begin without any."""
        self._holds: dict[str, bool] = {}

    def add(self, folder: str, *, holds: bool) -> None:
        """Add a directory and those that contain it; `holds`: whether something to be judged is in it."""
        for _ in range(MOST_FOLDERS):
            if not folder or self._holds.get(folder, -1) >= holds:
                return
            self._holds[folder] = holds
            folder = folder.rpartition("/")[0]

    def missing(self) -> Iterator[str]:
        """Yield each directory in which a report may be missing, but none that contains another such."""
        around: set[str] = set()
        for folder in sorted(self._holds, key=lambda path: path.count("/"), reverse=True):
            if self._holds[folder] or folder in around:
                continue
            if _ACCOUNT.search(folder.rpartition("/")[2]) or is_called_by_a_time(folder):
                yield folder
                above = folder
                while above in self._holds and above not in around:
                    around.add(above)
                    above = above.rpartition("/")[0]
