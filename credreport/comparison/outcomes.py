"""What became of the credentials x findings of two dates -> what became of every finding."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from credreport.comparison.closing import CLOSING, name_closing
from credreport.comparison.rule_answers import FOUND, STATUS_RULES
from credreport.comparison.sentences import to_evidence
from credreport.rules.catalogue import RULES
from credreport.rules.rule import SEVERITY_RANKS
from credreport.rules.waivers import WAIVED
from credreport.schema import ACCOUNT_NAMES, CHANGES, JUDGED_KINDS, Change, Outcome, Status

_RANKS = (
    Outcome.STILL_OPEN, Outcome.NEW, Outcome.NOT_COVERED, Outcome.UNDETERMINED, Outcome.WAIVED,
    Outcome.CLOSED,
)  # fmt: skip


def to_rows_of_findings(
    pairs: pd.DataFrame,
    found: tuple[pd.DataFrame, pd.DataFrame],
    unknown: tuple[pd.DataFrame, pd.DataFrame],
    behind: Iterable[str],
) -> pd.DataFrame:
    """Return one row per finding of either date, and one per credential that has none on either.

    `pairs` are those of `match`; `found` and `unknown` those of `to_found` and `to_unknown` of either
    date. `behind` names the accounts whose newest report is older than the newest date: what it
    shows as closed is closed, all their other findings are not covered. Adds `rule`, `outcome`,
    `why` (what was not decided), `is_open` (now, and no waiver covers it), `closed`, `closed_by`,
    and the columns of findings with the suffix of either side.
    """
    on = ["key", "rule"]
    sides = [
        table[[*on, *FOUND]].rename(columns={name: f"{name}_{side}" for name in FOUND})
        for table, side in zip(found, ("before", "after"), strict=True)
    ]
    both = sides[0].merge(sides[1], on=on, how="outer", validate="one_to_one")
    for table, side in zip(unknown, ("before", "after"), strict=True):
        why = table[[*on, "why"]].rename(columns={"why": f"why_{side}"})
        both = both.merge(why, on=on, how="left", validate="one_to_one")
    rows = pairs.merge(both, on="key", how="left", validate="one_to_many")
    rows = rows[rows["rule"].notna() | rows["kind"].isin(JUDGED_KINDS)].reset_index(drop=True)
    texts = [f"{name}_{side}" for name in (*FOUND, "why") for side in ("before", "after")]
    rows = rows.assign(**{name: rows[name].astype("str").fillna("") for name in ["rule", *texts]})
    return _add_outcome(rows, rows["account_id"].isin(list(behind)))


def _add_outcome(rows: pd.DataFrame, is_behind: pd.Series) -> pd.DataFrame:
    """Decide the outcome of each finding, the first that matches; empty without a finding."""
    was, now = rows["finding_id_before"].ne(""), rows["finding_id_after"].ne("")
    is_waived = rows["state_after"].eq(WAIVED)
    is_of_status = rows["rule"].isin(STATUS_RULES)
    is_excluded = rows["status_after"].eq(Status.EXCLUDED) & rows["status_before"].ne(
        Status.EXCLUDED
    )
    is_unknown = rows["why_after"].ne("") | (is_of_status & is_excluded)
    is_doubtful = rows["doubt"].ne("") & ~(rows["doubt"].eq("root") & now)
    ladder = [
        (~was & ~now, ""),
        (rows["as_of_after"].isna(), Outcome.NOT_COVERED.value),
        (is_behind & (now | is_unknown | is_doubtful), Outcome.NOT_COVERED.value),
        (is_doubtful, Outcome.UNDETERMINED.value),
        (now & is_waived, Outcome.WAIVED.value),
        (now & was, Outcome.STILL_OPEN.value),
        (now, Outcome.NEW.value),
        (is_unknown, Outcome.UNDETERMINED.value),
    ]
    outcome = pd.Series(Outcome.CLOSED.value, index=rows.index, dtype="str").case_when(ladder)
    is_closed = outcome.eq(Outcome.CLOSED)
    is_not_covered = outcome.eq(Outcome.NOT_COVERED)
    # Whatever changed in an account that is not covered now, its change is `not_covered`.
    change = rows["change"]
    is_past = is_behind & ~is_closed & ~change.isin(CLOSING)
    change = change.mask(is_past | is_not_covered, Change.NOT_COVERED.value)
    by = name_closing(rows["rule"], change, rows["status_after"], rows["use_after"])
    return rows.assign(
        outcome=outcome,
        change=change,
        closed=is_closed.map({True: "yes", False: "no"}).where(was, "").astype("str"),
        closed_by=by.where(is_closed, "").astype("str"),
        is_open=is_not_covered | (now & ~is_waived),
        is_new_finding=now & ~was & ~is_waived & ~is_doubtful,
    )


def to_changes(rows: pd.DataFrame, day: str) -> pd.DataFrame:
    """Return the table of changes: the columns of CHANGES, and what else the sheet shows.

    `rows` are those of `to_rows_of_findings`; `day` names the newest date. Besides: `key`, `kind`,
    `is_open`, `is_new_finding`, `closed_by`, `finding_id_before`, `credential_before`,
    `line_before`, `line_after`. Order: what is open first, then the most severe, then the oldest;
    the account's name and owner are left empty.
    """
    finding_id = rows["finding_id_after"].where(
        rows["finding_id_after"].ne(""), rows["finding_id_before"]
    )
    waiver = rows["waiver_after"].where(rows["finding_id_after"].ne(""), rows["waiver_before"])
    severity = rows["severity_after"].where(rows["severity_after"].ne(""), rows["severity_before"])
    table = pd.DataFrame(
        {
            "finding_id": finding_id,
            "rule": rows["rule"],
            "severity": severity,
            "state": rows["outcome"],
            "waiver": waiver,
            "change": rows["change"],
            "closed": rows["closed"],
            "account_id": rows["account_id"].astype("str"),
            **dict.fromkeys(ACCOUNT_NAMES, ""),
            "user": rows["user"].astype("str"),
            "arn": rows["arn"].astype("str"),
            "credential": rows["credential_after"].where(
                ~rows["is_gone"], rows["credential_before"]
            ),
            "before_status": rows["status_before"],
            "after_status": rows["status_after"],
            "before_last_used": rows["last_used_before"],
            "after_last_used": rows["last_used_after"],
            "before_age_days": rows["age_days_before"],
            "after_age_days": rows["age_days_after"],
            "before_as_of": rows["as_of_before"],
            "after_as_of": rows["as_of_after"],
            "evidence": to_evidence(rows, day),
            "replaced_by": rows["replaced_by"],
            "key": rows["key"],
            "kind": rows["kind"].astype("str"),
            "is_open": rows["is_open"],
            "is_new_finding": rows["is_new_finding"],
            "closed_by": rows["closed_by"],
            "finding_id_before": rows["finding_id_before"],
            "credential_before": rows["credential_before"],
            "line_before": rows["source_line_before"].astype("Int64"),
            "line_after": rows["source_line_after"].astype("Int64"),
        }
    )
    return _in_order(table, rows)


def _in_order(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    ranks = {outcome.value: place for place, outcome in enumerate(_RANKS)}
    age = rows["age_days_after"].fillna(rows["age_days_before"]).fillna(-1)
    rules = {rule: place for place, rule in enumerate(RULES)}
    order = {
        "rank": table["state"].map(ranks).fillna(len(ranks)),
        "severity_rank": table["severity"].map(SEVERITY_RANKS).fillna(len(SEVERITY_RANKS)),
        "younger": -age.astype("int64"),
        "slot": rows["slot"],
        "rule_rank": table["rule"].map(rules).fillna(-1),
        "created_at": rows["created_at"],
        "set_at": rows["set_at_after"].combine_first(rows["set_at_before"]),
    }
    names = ["rank", "severity_rank", "younger", "account_id", "user", "slot", "rule_rank"]
    ordered = table.assign(**order).sort_values(
        [*names, "created_at", "set_at", *CHANGES], kind="stable", ignore_index=True
    )
    return ordered.drop(columns=list(order))
