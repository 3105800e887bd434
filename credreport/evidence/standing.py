"""Assessment -> the state at its as-of: findings, undetermined verdicts, and the rules applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from credreport.comparison.comparison import NOT_COVERED, REPEATED, Comparison
from credreport.evidence.account_names import with_names
from credreport.evidence.evidence import Standing
from credreport.evidence.tables import to_inputs
from credreport.reports.normalise import to_texts
from credreport.rules.catalogue import RULES
from credreport.rules.waivers import WAIVED
from credreport.schema import ACCOUNT_NAMES, FINDINGS, KIND_OF, UNDETERMINED, Outcome
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import Assessment
from credreport.verdicts.tally import UNJUDGED, doubts_in_words

CLOSED = (
    "finding_id", "rule", "severity", "account_id", *ACCOUNT_NAMES, "user", "arn", "credential",
    "change", "as_of",
)  # fmt: skip
_RULES = ("rule", "severity", "fires", "control", "findings", "open", "waived", "undetermined")


def to_rules(assessment: Assessment) -> pd.DataFrame:
    """Return one row per rule in force: severity, boundary, control, counts of its findings.

    If none was found and something is undetermined, the number is unknown: missing, not 0.
    """
    policy, findings = assessment.policy, assessment.findings
    rows = []
    for name in policy.rules:
        rule = RULES[name]
        number = policy.number_of(rule)
        mine = findings[findings["rule"].eq(name)]
        waived = int(mine["state"].eq(WAIVED).sum())
        rows.append(
            (
                name,
                rule.severity.value,
                rule.boundary(number),
                "; ".join(policy.controls(rule)),
                len(mine),
                len(mine) - waived,
                waived,
                assessment.undetermined_of(rule),
            )
        )
    table = pd.DataFrame(rows, columns=list(_RULES))
    is_unknown = table["findings"].eq(0) & table["undetermined"].gt(0)
    known = {name: table[name].astype("Int64").mask(is_unknown) for name in ("findings", "open")}
    return table.assign(**known)


@storing_python_text
def to_standing(assessment: Assessment, since: Comparison | None = None) -> Standing:
    """Return the state at the as-of; `since` an older date says what was closed, and what is not known."""
    findings = with_names(assessment.findings, assessment.accounts)
    unsure = with_names(assessment.undetermined, assessment.accounts)
    as_ofs = pd.to_datetime(pd.Series([report.as_of for report in assessment.reports]), utc=True)
    about = zip(unsure["credential"], unsure["reason"], unsure["is_of_rule"], strict=True)
    rules = [
        _rules_of(assessment, str(credential), str(reason), is_of_rule=bool(of_rule))
        for credential, reason, of_rule in about
    ]
    unsure = unsure.assign(
        as_of=unsure["report"].map(as_ofs),
        rules=pd.Series(rules, index=unsure.index, dtype=object),
    )
    doubts = assessment.totals.count_doubts()
    del doubts[UNJUDGED]  # these are in `undetermined`, each with its rules
    if since is not None:
        doubts[NOT_COVERED] = len(since.not_covered)
        doubts[REPEATED] = since.repeated_accounts
        doubts["older findings that could not be determined now"] = int(
            since.timeline["state"].eq(Outcome.UNDETERMINED).sum()
        )
    return Standing(
        policy=assessment.policy,
        doubts=doubts_in_words(doubts),
        rules=to_rules(assessment),
        findings=findings[[*FINDINGS, "as_of"]],
        undetermined=unsure[[*UNDETERMINED, *ACCOUNT_NAMES, "as_of", "rules"]],
        waivers=assessment.waivers,
        inputs=to_inputs(assessment.totals),
        closed=_closed(assessment, since),
    )


def breaks(finding: Mapping[str, Any], asked: int | None) -> bool:
    """Whether a finding, as texts, is one at the number of days that a control asks for, if it names one."""
    return asked is None or RULES[finding["rule"]].is_broken_by(int(finding["days"]), asked)


def to_text_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as texts, a missing cell as an empty one; `rules` stay as they are."""
    columns = {
        str(name): column.tolist() if name == "rules" else to_texts(column)
        for name, column in table.items()
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _rules_of(
    assessment: Assessment, credential: str, reason: str, *, is_of_rule: bool
) -> tuple[str, ...]:
    """Return which rules in force have no verdict: the one named, or all on the credential's use."""
    if is_of_rule:
        return (reason.partition(":")[0],)
    kind = KIND_OF.get(credential)
    return tuple(name for name in assessment.policy.rules if RULES[name].judged is kind)


def _closed(assessment: Assessment, since: Comparison | None) -> pd.DataFrame:
    """Return what was closed since the first date, and then what only a date between had."""
    if since is None:
        return pd.DataFrame(columns=list(CLOSED), dtype="str")
    changes = since.changes[since.changes["state"].eq(Outcome.CLOSED)]
    timeline = since.timeline[since.timeline["state"].eq(Outcome.CLOSED)]
    known = since.changes.set_index(["key", "rule"]).index
    between = timeline[~timeline.set_index(["key", "rule"]).index.isin(known)]
    closed = pd.concat(
        [
            changes.rename(columns={"after_as_of": "as_of"})[[*CLOSED]],
            between.rename(columns={"closed_on": "as_of", "how": "change"})[[*CLOSED]],
        ],
        ignore_index=True,
    )
    return with_names(closed, assessment.accounts)
