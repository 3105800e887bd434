"""What blocks, counts and sheets say where a run is not the usual one: classes, many rows, one day."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from credreport.comparison.comparison import Comparison, compare
from credreport.evidence.evidence import Block, Evidence
from credreport.evidence.method import method_rows
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.of_comparison import of_comparison
from credreport.reports.selection import read_reports
from credreport.rules.catalogue import RULES
from credreport.rules.policy import Policy, UserClass
from credreport.rules.profiles import PROFILES
from credreport.verdicts.assessment import assess
from tests.support.reports import COLUMNS, judge, rendered, root, save, to_csv, user

ON = {"password_enabled": "true", "password_last_changed": "2025-09-01T00:00:00Z"}
OLD = ON | {"password_last_used": "2025-09-30T00:00:00Z"}
USED = ON | {"password_last_used": "2025-12-30T00:00:00Z"}
OTHER = "444455556666"
NAME = "2026-01-31T12-00-00Z.csv"


def block_of(evidence: Evidence, heading: str) -> Block:
    blocks = (*evidence.summary.blocks, *evidence.inputs.blocks)
    return next(block for block in blocks if block.heading.startswith(heading))


def compared(directory: Path, first: str, last: str, *rows: dict[str, str]) -> Comparison:
    return compare(
        *(
            assess(read_reports(save(directory, root(), *rows, name=f"report-{when}.csv")))
            for when in (first, last)
        )
    )


def test_an_age_has_a_status_only_where_it_is_that_of_every_class(tmp_path: Path) -> None:
    usual, of_class = (
        block_of(of_analysis(judge(tmp_path, root(), user("svc-a", **OLD), policy=policy)), "Age")
        for policy in (
            Policy(classes=(UserClass("svc-*", {"key_rotation_days": 10}),)),
            Policy(classes=(UserClass("svc-*", {"unused_after_days": 365}),)),
        )
    )
    headers = ("Days since effective last use", "Passwords", "Access keys", "of which never used")
    assert usual.headers == (*headers, "Status")
    assert usual.table["verdict"].tolist() == ["current"] * 3 + ["unused"] * 3
    assert of_class.headers == headers
    assert len(of_class.table.columns) == len(headers)


def test_what_a_rule_does_not_decide_counts_as_undetermined_for_its_account(
    tmp_path: Path,
) -> None:
    without_mfa = tuple(column for column in COLUMNS if column != "mfa_active")
    (tmp_path / f"a-{NAME}").write_text(to_csv(root(), user("a", **USED), columns=without_mfa))
    save(tmp_path, root(OTHER), user("b", OTHER, **USED), name=f"b-{NAME}")
    policy = Policy(profile="all", rules=PROFILES["all"].rules)
    evidence = of_analysis(assess(read_reports(tmp_path), policy))
    counts = evidence.tables["accounts"].set_index("account_id")["undetermined"]
    sheet = evidence.tables["undetermined"]["account_id"]
    assert counts.to_dict() == {"111122223333": len(sheet), OTHER: 0}
    assert len(sheet) == 5
    (data,) = (data for name, data in rendered(evidence, ["html"]).items() if "html" in name)
    assert b"root-without-mfa<td>critical<td>unknown<td>unknown<td>0<td>1" in data


@pytest.mark.parametrize("is_compared", [False, True])
def test_where_the_other_accounts_are_is_said(tmp_path: Path, is_compared: bool) -> None:
    days = ("2025-12-31", "2026-01-31")
    for number, day in enumerate(days[not is_compared :]):
        for account in range(12):
            rows = root(f"{account:012d}"), user("a", f"{account:012d}", **OLD)
            save(tmp_path / str(number), *rows, name=f"{account}-{day}.csv")
    dates = [assess(read_reports(place)) for place in sorted(tmp_path.iterdir())]
    evidence = of_comparison(compare(*dates)) if is_compared else of_analysis(dates[0])
    assert block_of(evidence, "Accounts with").heading == (
        "Accounts with most open findings (2 more: Inputs)"
    )


def test_a_long_comparison_says_how_many_rows_are_only_in_the_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 1)
    both = compared(tmp_path, "2025-12-31", "2026-01-31", user("a", **OLD), user("b", **USED))
    evidence = of_comparison(both)
    (sheet,) = evidence.sheets
    words = f"2 more, of what stayed as it was: {evidence.stem}-changes.csv"
    assert (len(sheet.table), sheet.elsewhere, sheet.in_full) == (1, words, "changes")
    files = rendered(evidence, ["xlsx", "html"])
    assert files[f"{evidence.stem}-changes.csv"].count(b"\n") == 4
    assert f'<p class="more">{words}</p>'.encode() in files[f"{evidence.stem}.html"]
    summary = load_workbook(io.BytesIO(files[f"{evidence.stem}.xlsx"]))["Summary"]
    assert f"1 row; {words}" in {cell.value for row in summary for cell in row}
    (nothing,) = of_comparison(compared(tmp_path / "none", "2025-12-31", "2026-01-31")).sheets
    assert nothing.elsewhere == "", "one row is not too long"
    quiet = of_comparison(
        compared(tmp_path / "quiet", "2025-12-31", "2026-01-31", user("b", **USED))
    )
    assert quiet.sheets[0].table.empty
    assert quiet.sheets[0].words == f"2 more, of what stayed as it was: {quiet.stem}-changes.csv"
    one = compared(tmp_path / "open", "2025-12-31", "2026-01-31", user("a", **OLD))
    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 2)
    assert of_comparison(one).sheets[0].in_full == ""


def test_two_dates_of_one_day_have_their_instants(tmp_path: Path) -> None:
    first, last = "2026-01-31T06-00-00Z", "2026-01-31T18-00-00Z"
    both = compared(tmp_path, first, last, user("a", **OLD))
    assert both.days == ("2026-01-31T06:00:00Z", "2026-01-31T18:00:00Z")
    evidence = of_comparison(both)
    assert dict(evidence.facts)["Dates (UTC)"] == "2: 2026-01-31T06:00:00Z, 2026-01-31T18:00:00Z"
    assert "(unused for 90 days or more, 2026-01-31T06:00:00Z against 2026-01-31T18:00:00Z)" in (
        evidence.verdict
    )
    since = of_analysis(both.newest, since=both)
    assert since.stem == "credreport-111122223333-2026-01-31-90d-since-2026-01-31"
    assert block_of(since, "Changes since").heading == "Changes since 2026-01-31T06:00:00Z"


def test_method_has_the_limits_of_all_classes() -> None:
    usual, of_class = (
        dict(method_rows(policy, RULES))
        for policy in (Policy(), Policy(classes=(UserClass("svc-*", {"unused_after_days": 365}),)))
    )
    assert usual["Status: unused"].startswith("Active, and 90 days or more since ")
    assert usual["Status: current"].startswith("Active, and less than 90 days since ")
    assert of_class["Status: unused"].startswith("Active, and 90 days or more (svc-*: 365) since ")
    assert of_class["Status: current"].startswith(
        "Active, and less than 90 days (svc-*: 365) since "
    )
    own = " A class of users with its own number has its own boundary."
    assert of_class["Boundary"] == usual["Boundary"] + own


def test_days_of_a_comparison_are_those_since_use_whatever_the_rule_measures(
    tmp_path: Path,
) -> None:
    save(tmp_path, root(), user("a", **USED), name="report-2025-12-31.csv")
    save(tmp_path, root(), user("a", **USED), name="report-2026-01-31.csv")
    policy = Policy(rules=("old-password",))
    first, last = (
        assess(read_reports(tmp_path / f"report-{day}.csv"), policy)
        for day in ("2025-12-31", "2026-01-31")
    )
    for evidence, header, days in (
        (of_analysis(last), "Days", 152),
        (of_comparison(compare(first, last)), "Days since use", 32),
    ):
        worst = evidence.shown[0]
        assert worst.headers[-1] == header
        assert worst.table.loc[worst.table["user"].eq("a"), "age"].tolist() == [days]
