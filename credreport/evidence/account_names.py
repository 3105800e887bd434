"""Tables of accounts with the names and owners that the user's list gives them, and lines about them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from credreport.evidence.evidence import Code, Line, Section
from credreport.reports.normalise import to_rows
from credreport.rules.accounts import NO_REPORT, AccountList
from credreport.schema import ACCOUNT_NAMES
from credreport.verdicts.tally import shown_account

NO_OWNER = "no owner given"
_SHORT = dict(zip(ACCOUNT_NAMES, ("name", "owner"), strict=True))
_COMMENT_ACCOUNTS = 50


def with_names(table: pd.DataFrame, accounts: AccountList) -> pd.DataFrame:
    """Add `account_name` and `account_owner`, empty where the user's list has none."""
    named = table["account_id"].map(accounts.by_id.get).tolist()
    texts = zip(*((each.name, each.owner) if each else ("", "") for each in named), strict=True)
    columns = texts if named else ([], [])
    return table.assign(
        **{
            name: pd.Series(column, index=table.index, dtype="str")
            for name, column in zip(ACCOUNT_NAMES, columns, strict=True)
        }
    )


def with_whole_list(table: pd.DataFrame, accounts: AccountList) -> pd.DataFrame:
    """Return one row per account of the table or of the user's list, in order, with name and owner.

    `report` says whether there is one; where there is none every number is missing, not 0.
    """
    missing = accounts.without_report(table["account_id"])
    rest = pd.DataFrame({"account_id": [account.account_id for account in missing]}, dtype="str")
    numbers = table.select_dtypes("number").columns
    table = table.astype(dict.fromkeys(numbers, "Int64")).assign(report="given")
    whole = pd.concat([table, rest.assign(report=NO_REPORT)], ignore_index=True)
    ordered = whole.sort_values("account_id", kind="stable", ignore_index=True)
    return with_names(ordered, accounts).rename(columns=_SHORT)


def by_owner(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of `with_whole_list` for each owner: accounts, those without report, counts.

    If no account of an owner has a report, its counts are missing, not 0.
    """
    numbers = accounts.select_dtypes("number").columns
    grouped = accounts.assign(accounts=1, without_report=accounts["report"].eq(NO_REPORT)).groupby(
        accounts["owner"].replace("", NO_OWNER)
    )
    sums = grouped[["accounts", "without_report", *numbers]].sum(min_count=1).astype("Int64")
    return sums.rename_axis("owner").reset_index()


def name_and_owner(accounts: pd.DataFrame) -> pd.Series:
    """Return name and owner of each account in one text, empty where the user's list has neither."""
    comma = (accounts["name"].ne("") & accounts["owner"].ne("")).map({True: ", ", False: ""})
    return accounts["name"] + comma + accounts["owner"]


def whose_line(row: Mapping[str, object]) -> Line:
    """Return user and account for a line of the ticket comment, with name and owner where known."""
    about = ", ".join(str(row[name]) for name in ACCOUNT_NAMES if row[name])
    account = shown_account(str(row["account_id"]))
    line: Line = (Code(str(row["user"])), f" in {account}")
    return (*line, " (", Code(about), ")") if about else line


def accounts_section(accounts: pd.DataFrame, count: str, words: str) -> tuple[Section, ...]:
    """Return the accounts for the ticket comment, those with the highest count first."""
    if len(accounts) < 2:
        return ()
    ordered = accounts.sort_values(
        [count, "account_id"], ascending=[False, True], na_position="first"
    )
    lines = []
    for row in to_rows(ordered.head(_COMMENT_ACCOUNTS)):
        about = [str(row[name]) for name in ("name", "owner") if row[name]]
        who: Line = (shown_account(str(row["account_id"])),)
        if about:
            who += (" (", Code(", ".join(about)), ")")
        number = row[count]
        lines.append((*who, f": {NO_REPORT if pd.isna(number) else f'{number} {words}'}"))
    return (Section("Accounts:", tuple(lines), max(len(accounts) - len(lines), 0), "accounts"),)
