"""The reason of each status to the letter, and the rows of what could not be judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from credreport.rules.policy import Policy
from credreport.schema import SLOTS, UNDETERMINED
from credreport.verdicts.assessment import judge_reports
from credreport.verdicts.judged import Judged
from credreport.verdicts.reasons import to_cells_text, to_reasons, undetermined_rows
from tests.support.batch import instant, read_rows
from tests.support.reports import ACCOUNT, COLUMNS, NAME, root, user

OLD, LATE = "2021-05-06T07:08:09Z", "2026-01-31T12:00:01Z"
OTHER = "444455556666"


def judged(*rows: dict[str, str], without: str = "?") -> Judged:
    """Return the verdicts on the rows, of which the columns with that in their names are taken out."""
    columns = [name for name in COLUMNS if without not in name]
    reports = [replace(each, as_of=instant()) for each in read_rows(rows, columns)]
    return judge_reports(reports, Policy())


def key(active: str, used: str, made: str) -> dict[str, str]:
    return {
        "access_key_1_active": active,
        "access_key_1_last_used_date": used,
        "access_key_1_last_rotated": made,
    }


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (key("true", OLD, OLD), ""),
        (key("false", "N/A", OLD), ""),
        (key("yes", OLD, OLD), "`access_key_1_active` is 'yes': neither true nor false"),
        (key("", OLD, OLD), "`access_key_1_active` is blank: neither true nor false"),
        (
            key("true", "soon", "then"),
            "`access_key_1_last_used_date` is 'soon': neither a date nor a known absence",
        ),
        (
            key("true", LATE, OLD),
            "`access_key_1_last_used_date` is later than the as-of: either it or the as-of is wrong",
        ),
        (
            key("true", "N/A", LATE),
            "`access_key_1_last_rotated` is later than the as-of: either it or the as-of is wrong",
        ),
        (
            key("true", "N/A", "then"),
            "never used, and `access_key_1_last_rotated` is 'then': not a date",
        ),
        (
            key("true", "N/A", ""),
            "never used, and `access_key_1_last_rotated` is blank: not a date",
        ),
        (key("false", "soon", OLD), "`access_key_1_last_used_date` is 'soon': not a date"),
        (key("false", "N/A", "then"), "`access_key_1_last_rotated` is 'then': not a date"),
        (
            key("false", "soon", "then"),
            "`access_key_1_last_used_date` is 'soon': not a date; "
            "`access_key_1_last_rotated` is 'then': not a date",
        ),
    ],
)
def test_the_reason_quotes_the_cells_that_are_at_fault(cells: dict[str, str], reason: str) -> None:
    assert to_reasons(judged(user(**cells))) == ["", reason, "", "", ""]


def test_what_is_said_of_root_of_certificates_and_of_columns_that_are_not_there() -> None:
    row = root(cert_1_active="true", cert_1_last_rotated=OLD)
    untold = "AWS records no use of signing certificates"
    of_root = "root account: shown, not judged as unused"
    assert to_reasons(judged(row)) == [of_root, "", "", untold, ""]
    lacking = to_reasons(judged(user(**key("true", "", "N/A")), without="_last_used_"))
    assert lacking[1] == "the report does not say when it was used"
    lacking = to_reasons(judged(user(**key("true", "N/A", "")), without="_1_last_rotated"))
    assert lacking[1] == "never used, and the report lacks the column `access_key_1_last_rotated`"


def test_cells_are_told_by_their_columns() -> None:
    password, *_, certificate = SLOTS
    assert to_cells_text(password, "true", None, "") == (
        "password_enabled=true; password_last_used=(no column); password_last_changed="
    )
    assert to_cells_text(certificate, "true", None, OLD) == (
        f"cert_2_active=true; cert_2_last_rotated={OLD}"
    )


def test_what_could_not_be_judged_is_told_in_order_with_its_report_and_line() -> None:
    rows = [root(), root(OTHER), user("bob", OTHER, **key("yes", OLD, "N/A")), user("eve")]
    lost = user("eve", **key("true", "", OLD))
    found = undetermined_rows(judged(*rows[:3], rows[3] | lost))
    assert [(number, dict(zip(UNDETERMINED, row, strict=True))) for number, row in found] == [
        (
            0,
            {
                "account_id": ACCOUNT,
                "user": "eve",
                "credential": "access_key_1",
                "reason": "`access_key_1_last_used_date` is blank: neither a date nor a known absence",
                "cells": f"access_key_1_active=true; access_key_1_last_used_date=; "
                f"access_key_1_last_rotated={OLD}",
                "source_file": NAME,
                "source_line": 5,
            },
        ),
        (
            1,
            {
                "account_id": OTHER,
                "user": "bob",
                "credential": "access_key_1",
                "reason": "`access_key_1_active` is 'yes': neither true nor false",
                "cells": f"access_key_1_active=yes; access_key_1_last_used_date={OLD}; "
                "access_key_1_last_rotated=N/A",
                "source_file": NAME,
                "source_line": 4,
            },
        ),
    ]
