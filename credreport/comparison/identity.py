"""Which credential of one date is which of another: Assessments by date -> one table with keys.

A user is account + ARN (in any case) + creation time; a password belongs to its user; an access key
is its user and when it was made, whatever the slot it stands in.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from credreport.reports.normalise import INSTANT_DTYPE
from credreport.rules.catalogue import UNUSED_RULES
from credreport.schema import KNOWN_ABSENCES, NOT_SUPPORTED, Kind, Status
from credreport.verdicts.assessment import Assessment

_SAYS_NOTHING = [*KNOWN_ABSENCES, NOT_SUPPORTED, ""]
_USER = ["account_id", "owner", "created"]
_CREDENTIAL = [*_USER, "kind", "born"]
_KEPT = (
    "date", "report", "source_line", "as_of", *_CREDENTIAL, "user", "arn", "slot", "credential",
    "created_at", "is_created_known", "is_born_known", "status", "use", "age_days",
    "effective_last_used", "last_used", "set_at", "service", "region", "reason", "finding_id",
)  # fmt: skip


def to_coverage(assessments: Sequence[Assessment]) -> pd.DataFrame:
    """Return one row a report: `date` (from 0), `account_id`, `as_of`, and `turn`.

    `turn` counts the reports of an account from 0, in the order of dates.
    """
    rows = [
        (date, report.account_id, report.as_of)
        for date, assessment in enumerate(assessments)
        for report in assessment.reports
    ]
    coverage = pd.DataFrame(rows, columns=["date", "account_id", "as_of"])
    coverage = coverage.astype({"account_id": "str", "as_of": INSTANT_DTYPE})
    return coverage.assign(turn=coverage.groupby("account_id").cumcount())


def identify(assessments: Sequence[Assessment]) -> pd.DataFrame:
    """Return the judged credentials of every date, one row each, with who and which they are.

    Adds to what is kept of the credentials: `date` (from 0), `owner`, `created`, `born`, `user_key`
    and `key`, the same number for the same user and the same credential on any date; a `key` stands
    once a date. `is_created_known` and `is_born_known` tell whether the identity rests on a date.
    Absent slots stay in the table, with the key -1: they are no credentials, but their user is there.
    """
    stacked = pd.concat(
        [_take(date, assessment) for date, assessment in enumerate(assessments)],
        ignore_index=True,
    )
    stacked = stacked.assign(user_key=stacked.groupby(_USER, sort=False).ngroup(), key=-1)
    present = stacked[stacked["status"].ne(Status.ABSENT)]
    return stacked.assign(key=_to_key(present).reindex(stacked.index, fill_value=-1))


def _take(date: int, assessment: Assessment) -> pd.DataFrame:
    credentials = assessment.credentials[assessment.credentials["kind"].ne(Kind.CERTIFICATE)]
    accounts = pd.Series([report.account_id for report in assessment.reports], dtype="str")
    is_key = credentials["kind"].eq(Kind.ACCESS_KEY)
    named = credentials["arn"].where(credentials["arn"].ne(""), credentials["user"])
    unused = assessment.findings[assessment.findings["rule"].isin(UNUSED_RULES)]
    finding_id = unused.set_index("row")["finding_id"].reindex(credentials.index)
    told = credentials.assign(
        date=date,
        account_id=accounts.take(credentials["report"].to_numpy()).array,
        owner=named.str.lower(),
        created=_to_birth(credentials["created_at"], credentials["created_raw"]),
        is_created_known=credentials["created_at"].notna(),
        born=_to_birth(credentials["set_at"], credentials["set_raw"]).where(is_key, ""),
        is_born_known=credentials["set_at"].notna() | ~is_key,
        finding_id=finding_id.astype("str").fillna(""),
    )
    return told[list(_KEPT)]


def _to_birth(instants: pd.Series, raw: pd.Series) -> pd.Series:
    """Return what tells two births apart: the instant, or the cell itself where it is not one."""
    unknown = "? " + raw.fillna("").where(~raw.isin(_SAYS_NOTHING), "")
    birth: pd.Series = instants.astype("int64").astype("str").where(instants.notna(), unknown)
    return birth


def _to_key(present: pd.DataFrame) -> pd.Series:
    """Return each credential's number; where two are alike, the slot and then the order decide.

    Two keys made in the same second pair by slot. A user that a report lists twice is told apart by
    what the rows say, so that the order of rows does not matter.
    """
    ordered = present.sort_values(
        ["date", "slot", "status", "last_used", "set_at", "report", "source_line"], kind="stable"
    )
    together = ordered.groupby(["date", *_CREDENTIAL], sort=False)["slot"].transform("size")
    most = together.groupby([ordered[name] for name in _CREDENTIAL], sort=False).transform("max")
    told = ordered.assign(tie=ordered["slot"].where(most.gt(1), -1))
    told = told.assign(ordinal=told.groupby(["date", *_CREDENTIAL, "tie"], sort=False).cumcount())
    return told.groupby([*_CREDENTIAL, "tie", "ordinal"], sort=False).ngroup()
