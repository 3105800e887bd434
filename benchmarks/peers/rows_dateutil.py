"""csv.DictReader and dateutil, a row at a time: the way such checks are usually written."""

from __future__ import annotations

import csv
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dateutil import parser

_SLOTS = (
    ("password", "password_enabled", "password_last_used", "password_last_changed"),
    *(
        (key, f"{key}_active", f"{key}_last_used_date", f"{key}_last_rotated")
        for key in ("access_key_1", "access_key_2")
    ),
)
_NOTHING = ("N/A", "no_information", "not_supported")


def main() -> None:
    """Print the unused credentials."""
    for path in sorted(Path(sys.argv[1]).glob("*.csv")):
        stamp = re.search(r"reports_(.{19})", path.name)
        assert stamp
        as_of = datetime.strptime(stamp[1], "%Y-%m-%dT%H-%M-%S").replace(tzinfo=UTC)
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["user"] == "<root_account>":
                    continue
                for name, enabled, used, since in _SLOTS:
                    if row[enabled] != "true":
                        continue
                    cell = row[since] if row[used] in _NOTHING else row[used]
                    if cell in _NOTHING:
                        continue
                    if as_of - parser.parse(cell) >= timedelta(days=90):
                        account = row["arn"].split(":")[4]
                        sys.stdout.write(f"{account}\t{row['user']}\t{name}\n")


if __name__ == "__main__":
    main()
