"""The script that makes a workbook and a picture of one report: read_csv, to_excel, pyplot."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from benchmarks.peers.pandas_script import find_unused, read


def main() -> None:
    """Write evidence.xlsx and evidence.png into the second argument; print the unused credentials."""
    path, directory = Path(sys.argv[1]), Path(sys.argv[2])
    report = read(path)
    found = find_unused(report)
    naive = report.copy()
    for name in naive.select_dtypes("datetimetz"):
        naive[name] = naive[name].dt.tz_localize(None)
    with pd.ExcelWriter(directory / "evidence.xlsx") as writer:
        found.to_excel(writer, sheet_name="Findings", index=False)
        naive.to_excel(writer, sheet_name="Users", index=False)
    ages = (naive["as_of"] - naive["access_key_1_last_used_date"]).dt.days
    plt.hist(ages.dropna(), bins=30)
    plt.xlabel("days")
    plt.savefig(directory / "evidence.png", dpi=150)
    found.to_csv(sys.stdout, sep="\t", header=False, index=False)


if __name__ == "__main__":
    main()
