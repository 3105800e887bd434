"""The tables below the verdict on the screen: the worst findings, the accounts, the counts."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from credreport.comparison.comparison import Comparison
from credreport.comparison.tally import to_flags
from credreport.evidence.evidence import Block
from credreport.rules.catalogue import UNUSED_RULES
from credreport.rules.rule import SEVERITY_RANKS
from credreport.text import plural
from credreport.verdicts.tally import shown_account, shown_credential

_WORST = 5
_ACCOUNTS = 5
_STATUSES = (
    "unused", "current", "undetermined", "excluded", "inactive", "not_tracked", "absent", "total",
)  # fmt: skip
_DETAILS = 2  # absent, and the total that counts it
_UNKNOWN = "unknown"


def worst_findings(findings: pd.DataFrame) -> tuple[Block, ...]:
    """Return the first of the open findings of an assessment, which come worst first already.

    Where they are of the two rules of unused credentials only, the credential says which rule.
    """
    return _worst(findings.rename(columns={"days": "age"}), {}, "Days")


def worst_changes(comparison: Comparison) -> tuple[Block, ...]:
    """Return the worst of what is open now, by severity and days since use, and whether it is new."""
    changes = comparison.changes
    found = changes[to_flags(changes)["open"]]
    found = found.assign(
        rank=found["severity"].map(SEVERITY_RANKS),
        age=found["after_age_days"].fillna(found["before_age_days"]),
        state=found["state"].str.replace("_", " "),
    ).sort_values(["rank", "age", "finding_id"], ascending=[True, False, True])
    return _worst(found, {"Change": "state"}, "Days since use")


def _worst(findings: pd.DataFrame, further: dict[str, str], age: str) -> tuple[Block, ...]:
    if findings.empty:
        return ()
    is_of_use = set(findings["rule"]) <= set(UNUSED_RULES)
    middle = {**({} if is_of_use else {"Rule": "rule"}), **further}
    worst = findings.head(_WORST)
    table = worst[["finding_id", "account_id", "user", "credential", *middle.values()]].assign(
        account_id=worst["account_id"].map(shown_account),
        credential=worst["credential"].map(shown_credential),
        age=worst["age"].astype("Int64"),
    )
    count = f"{len(worst)} of {len(findings)}" if len(findings) > len(worst) else f"{len(worst)}"
    headers = ("Finding", "Account", "User", "Credential", *middle, age)
    return (Block(f"Worst open findings ({count}):", headers, table, missing="-"),)


def account_counts(accounts: pd.DataFrame, columns: dict[str, str]) -> tuple[Block, ...]:
    """Return the accounts with most open findings, where there are several; -v lists the others.

    `columns` says which counts are shown, by their headers.
    """
    if len(accounts) < 2:
        return ()
    worst_first = accounts.sort_values(
        ["open", "account_id"], ascending=[False, True], na_position="last"
    )
    names = {"Name": "name"} if accounts["name"].ne("").any() else {}
    table = worst_first[["account_id", *names.values(), *columns.values()]].assign(
        account_id=worst_first["account_id"].map(shown_account)
    )
    more = max(len(table) - _ACCOUNTS, 0)
    block = Block(
        "Accounts, most open findings first:",
        ("Account", *names, *columns),
        table,
        missing="-",
        details=more,
        details_words=f"{plural(more, 'more account')}; -v lists them" if more else "",
    )
    return (block,)


def status_counts(summary: pd.DataFrame) -> Block:
    """Return how many credentials of each type have each status."""
    types = summary.set_index("type").T.loc[list(_STATUSES)]
    labels = pd.Series(types.index.str.replace("_", " "), index=types.index)
    counts = types.assign(status=labels)[["status", *types.columns]]
    return Block("", ("", *(name.lower() for name in types.columns)), counts, details=_DETAILS)


def rule_counts(rules: pd.DataFrame) -> Block:
    """Return the findings of each rule; rules with none and nothing undetermined come last."""
    table = rules[["rule", "severity", "findings", "open", "waived", "undetermined"]]
    is_silent = table["findings"].eq(0).fillna(value=False) & table["undetermined"].eq(0)
    return _silent_last(
        Block("", ("Rule", "Severity", *table.columns[2:]), table, missing=_UNKNOWN), is_silent
    )


def kinds_on_screen(kinds: Block) -> Block:
    """Return the table of changes by type of credential, without its heading."""
    return replace(kinds, heading="", headers=("", *(name.lower() for name in kinds.headers[1:])))


def changes_by_rule(by_rule: pd.DataFrame) -> tuple[Block, ...]:
    """Return what became of the findings of each rule, where there are more than the two."""
    if len(by_rule) <= len(UNUSED_RULES):
        return ()
    columns = ["before", "closed", "not_closed", "new", "open"]
    headers = ("Rule", "Before", "Closed", "Not closed", "New", "Open now")
    is_silent = by_rule[[*columns, "undetermined"]].eq(0).all(axis=1)
    return (_silent_last(Block("", headers, by_rule[["rule", *columns]]), is_silent),)


def _silent_last(block: Block, is_silent: pd.Series) -> Block:
    """Return the table by rule with the rules that found nothing at its end, for -v."""
    count = int(is_silent.sum())
    words = f"{plural(count, 'other rule')} found nothing; -v lists them"
    if count == len(block.table):
        words = f"None of the {count} rules found anything; -v lists them"
    table = pd.concat([block.table[~is_silent], block.table[is_silent]])
    return replace(block, table=table, details=count, details_words=words if count else "")
