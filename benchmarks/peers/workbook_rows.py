"""A sheet of so many flagged rows, 14 columns: by us, pandas, openpyxl, XlsxWriter.

python -m benchmarks.peers.workbook_rows ours|pandas|openpyxl|xlsxwriter ROWS FILE
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

TEXTS = ("finding_id", "account_id", "user", "credential_words", "basis", "rule", "severity")
MORE_TEXTS = ("state_words", "action", "ticket", "decided_by", "arn")


def make_rows(number: int) -> pd.DataFrame:
    """Return so many findings: names, IDs and ARNs are all different, words repeat."""
    counted = np.arange(number)
    names = pd.Series(counted).map("user-{:06d}".format)
    return pd.DataFrame(
        {
            "finding_id": pd.Series(counted).map("CR-{:012X}".format),
            "account_id": (100_000_000_000 + counted % 1000).astype("str"),
            "user": names,
            "credential_words": np.where(counted % 3, "access key 1", "password"),
            "age_days": 90 + counted % 2000,
            "effective_last_used": pd.Timestamp("2026-06-01")
            - pd.to_timedelta(counted, unit="min"),
            "basis": np.where(counted % 3, "access_key_1_last_used_date", "password_last_used"),
            "rule": np.where(counted % 3, "unused-access-key", "unused-password"),
            "severity": "medium",
            "state_words": "open",
            "action": np.where(
                counted % 3, "Deactivate the access key", "Delete the login profile"
            ),
            "ticket": "",
            "decided_by": "",
            "arn": "arn:aws:iam::123456789012:user/" + names,
        }
    )


def ours(rows: pd.DataFrame, path: Path) -> None:
    """As credreport writes a data sheet."""
    from openpyxl import Workbook  # noqa: PLC0415 - each loads what it needs

    from credreport.evidence.evidence import Column, Sheet  # noqa: PLC0415
    from credreport.output.workbook.book import finish_book  # noqa: PLC0415
    from credreport.output.workbook.layout import add_sheet  # noqa: PLC0415

    columns = (
        *(Column(name, name, width=20) for name in (*TEXTS, *MORE_TEXTS)),
        Column("age_days", "age_days", "number"),
        Column("effective_last_used", "effective_last_used", "date"),
    )
    utc = rows["effective_last_used"].dt.tz_localize("UTC")
    table = rows.astype(dict.fromkeys((*TEXTS, *MORE_TEXTS), "str")).assign(effective_last_used=utc)
    book = Workbook()
    book.remove(book.worksheets[0])
    stream = add_sheet(book, Sheet("Findings", table, columns, ""))
    assert stream
    as_of = pd.Timestamp("2026-09-30", tz="UTC")
    path.write_bytes(finish_book(book, {1: stream}, [], as_of))


def pandas(rows: pd.DataFrame, path: Path) -> None:
    """DataFrame.to_excel, as it comes."""
    rows.to_excel(path, index=False, engine="openpyxl")


def openpyxl(rows: pd.DataFrame, path: Path) -> None:
    """openpyxl, write-only, a row at a time."""
    from openpyxl import Workbook  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Findings")
    sheet.append(list(rows.columns))
    for row in rows.itertuples(index=False, name=None):
        sheet.append(row)
    book.save(path)


def xlsxwriter(rows: pd.DataFrame, path: Path) -> None:
    """XlsxWriter with constant memory, a row at a time."""
    import xlsxwriter as library  # noqa: PLC0415

    book = library.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("Findings")
    date = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write_row(0, 0, list(rows.columns))
    kinds = list(rows.columns)
    for number, row in enumerate(rows.itertuples(index=False, name=None), start=1):
        for place, value in enumerate(row):
            if kinds[place] == "effective_last_used":
                sheet.write_datetime(number, place, value.to_pydatetime(), date)
            elif kinds[place] == "age_days":
                sheet.write_number(number, place, value)
            else:
                sheet.write_string(number, place, value)
    book.close()


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "ours": ours, "pandas": pandas, "openpyxl": openpyxl, "xlsxwriter": xlsxwriter,
}  # fmt: skip


def main() -> None:
    """Write the sheet."""
    WRITERS[sys.argv[1]](make_rows(int(sys.argv[2])), Path(sys.argv[3]))


if __name__ == "__main__":
    main()
