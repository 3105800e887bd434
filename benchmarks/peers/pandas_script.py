"""The pandas script that an auditor writes: a file at a time, whole columns."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd

_SLOTS = (
    ("password", "password_enabled", "password_last_used", "password_last_changed"),
    *(
        (key, f"{key}_active", f"{key}_last_used_date", f"{key}_last_rotated")
        for key in ("access_key_1", "access_key_2")
    ),
)
NOTHING = ["N/A", "no_information", "not_supported"]


def read(path: Path) -> pd.DataFrame:
    """Return one report with its dates as dates and its as-of."""
    report = pd.read_csv(path, na_values=NOTHING, dtype={"user": "str"})
    dates = [name for name in report if name.endswith(("used", "changed", "rotated", "date"))]
    report[dates] = report[dates].apply(pd.to_datetime, utc=True, errors="coerce")
    stamp = re.search(r"reports_(.{19})", path.name)
    assert stamp
    as_of = pd.to_datetime(stamp[1], format="%Y-%m-%dT%H-%M-%S", utc=True)
    return report.assign(account=report["arn"].str.split(":").str[4], as_of=as_of)


def find_unused(reports: pd.DataFrame) -> pd.DataFrame:
    """Return account, user and credential of what was not used for 90 days."""
    users = reports[reports["user"] != "<root_account>"]
    found = []
    for name, enabled, used, since in _SLOTS:
        effective = users[used].fillna(users[since])
        is_on = users[enabled].astype("str").str.lower() == "true"
        unused = users[is_on & (users["as_of"] - effective >= pd.Timedelta(days=90))]
        found.append(unused[["account", "user"]].assign(credential=name))
    return pd.concat(found)


def main() -> None:
    """Print the unused credentials."""
    reports = pd.concat([read(path) for path in sorted(Path(sys.argv[1]).glob("*.csv"))])
    find_unused(reports).to_csv(sys.stdout, sep="\t", header=False, index=False)


if __name__ == "__main__":
    main()
