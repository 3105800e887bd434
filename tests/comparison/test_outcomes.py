"""Findings of every rule: closed, still open, new, waived, undetermined, not covered."""

from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path

import pytest

from credreport.comparison.comparison import Comparison, compare, compare_all
from credreport.comparison.rule_answers import STATUS_RULES
from credreport.comparison.sentences import READS
from credreport.comparison.tally import comparison_verdict
from credreport.reports.selection import read_reports
from credreport.rules.accounts import Account, AccountList
from credreport.rules.catalogue import RULES, UNUSED_RULES
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy, load_policy
from credreport.rules.waivers import Waiver, Waivers
from credreport.verdicts.assessment import assess
from tests.comparison.test_comparison import (
    LATER,
    OLD,
    OTHER,
    RECENT,
    Rows,
    key,
    password,
    run,
)
from tests.support.reports import ACCOUNT, root, save, to_csv, user


def profile(name: str) -> Policy:
    return load_policy(None, profile=name, unused_after_days=None, include_root=False)


def of_rule(comparison: Comparison, rule: str) -> list[tuple[str, str, str]]:
    table = comparison.changes
    mine = table[table["rule"].eq(rule)].sort_values(["user", "credential_before"])
    return list(zip(mine["user"], mine["state"], mine["evidence"], strict=True))


def dated(tmp_path: Path, *dates: Rows) -> list[Path]:
    """Write each list of rows, root's included, as the report of June, July, ..."""
    return [
        save(tmp_path, *rows, name=f"2026-{month:02d}-30T06-00-00Z.csv")
        for month, rows in enumerate(dates, start=6)
    ]


def judged(paths: list[Path], policy: Policy, *waivers: Waiver) -> Comparison:
    held = Waivers(waivers, OptionFile("waivers.toml", "0" * 64, 1))
    return compare_all([assess(read_reports(path), policy, held) for path in paths])


def test_mfa_rotation_and_root_are_closed_and_what_stays_is_open(tmp_path: Path) -> None:
    signed_in, still = password(used=RECENT), password(used="2026-07-15T00:00:00Z")
    before = [
        root(mfa_active="false"),
        user("ann", **signed_in),
        user("bo", **key(used=RECENT)),
        user("cy", **signed_in),
    ]
    after = [
        root(),
        user("ann", **still, mfa_active="true"),
        user("bo", **key(made=RECENT, used="2026-07-15T00:00:00Z")),
        user("cy", **still),
    ]
    comparison = judged(dated(tmp_path, before, after), profile("cis-5.0"))
    table = comparison.changes
    findings = table[table["state"].ne("")]
    assert sorted(zip(findings["state"], findings["rule"], findings["user"], strict=True)) == [
        ("closed", "console-without-mfa", "ann"),
        ("closed", "root-without-mfa", "<root_account>"),
        ("closed", "unrotated-access-key", "bo"),
        ("still_open", "console-without-mfa", "cy"),
    ]
    assert comparison.findings_before == 4
    assert comparison.open_findings == 1
    words = dict(zip(findings["user"], findings["evidence"], strict=True))
    assert words == {
        "ann": "mfa_active: false on 2026-06-30, true on 2026-07-30",
        "<root_account>": "mfa_active: false on 2026-06-30, true on 2026-07-30",
        "bo": "rotated: access_key_1_last_rotated: 2025-01-01T00:00:00Z on 2026-06-30, "
        "2026-06-15T00:00:00Z on 2026-07-30",
        "cy": "password_enabled: true; mfa_active: false (on 2026-06-30 and on 2026-07-30)",
    }
    assert findings["finding_id"].str.startswith("CR-").all()
    assert comparison_verdict(comparison) == (
        "3 of 4 findings closed: 1 replaced, 2 corrected; 1 still open; 0 new "
        "(9 rules of profile cis-5.0, unused for 45 days or more, 2026-06-30 against 2026-07-30). "
        "Open now: 1 finding. By rule: unrotated-access-key 1 of 1 closed, 0 open; "
        "console-without-mfa 1 of 2 closed, 1 open; root-without-mfa 1 of 1 closed, 0 open."
    )


# Rule, cells before, cells after, what becomes of it, and the evidence.
CASES: list[tuple[str, dict[str, str], dict[str, str], str, str]] = [
    (
        "console-without-mfa", password(used=RECENT), password(enabled="false", used=RECENT),
        "closed", "password_enabled: true on 2026-06-30, false on 2026-09-30",
    ),
    (
        "console-without-mfa", password(used=RECENT), password(used=RECENT) | {"mfa_active": "?"},
        "undetermined",
        "console-without-mfa: `mfa_active`, or whether a credential is active, is neither true nor "
        "false; mfa_active: false on 2026-06-30, ? on 2026-09-30",
    ),
    (
        "console-without-mfa", {"mfa_active": "false"}, password(used=LATER),
        "new", "password_enabled: false on 2026-06-30, true on 2026-09-30",
    ),
    (
        "unrotated-access-key", key(used=RECENT), key(used=RECENT, active="false"),
        "closed", "inactive in the report of 2026-09-30",
    ),
    (
        "unrotated-access-key", key(made=RECENT, used=RECENT), key(made=RECENT, used=LATER),
        "new",
        "access_key_1_active: true; access_key_1_last_rotated: 2026-06-15T00:00:00Z "
        "(on 2026-06-30 and on 2026-09-30)",
    ),
    (
        "unrotated-access-key", key(2, used=RECENT), key(used=RECENT),
        "still_open",
        "access_key_2_active (now access_key_1_active): true; "
        "access_key_2_last_rotated (now access_key_1_last_rotated): 2025-01-01T00:00:00Z "
        "(on 2026-06-30 and on 2026-09-30)",
    ),
    (
        "active-signing-certificate", {"cert_2_active": "true", "cert_2_last_rotated": OLD},
        {"cert_1_active": "true", "cert_1_last_rotated": RECENT},
        "still_open",
        "cert_2_last_rotated: 2025-01-01T00:00:00Z on 2026-06-30, "
        "cert_1_last_rotated: 2026-06-15T00:00:00Z on 2026-09-30",
    ),
    (
        "never-used-access-key", key(used="N/A"), key(used="soon"),
        "undetermined",
        "`access_key_1_last_used_date` is 'soon': neither a date nor a known absence; "
        "access_key_1_last_used_date: N/A on 2026-06-30, soon on 2026-09-30",
    ),
    (
        "never-used-access-key", key(used="N/A"), key(used=LATER),
        "closed", "access_key_1_last_used_date: N/A on 2026-06-30, 2026-09-15T00:00:00Z on 2026-09-30",
    ),
    (
        "old-password", password(used=RECENT), password(used=RECENT, changed=LATER),
        "closed",
        "password_last_changed: 2025-01-01T00:00:00Z on 2026-06-30, 2026-09-15T00:00:00Z on 2026-09-30",
    ),
    (
        "two-active-access-keys", key(used=RECENT) | key(2, made=RECENT, used=RECENT),
        key(made=RECENT, used=RECENT),
        "closed", "access_key_2_active: true on 2026-06-30, false on 2026-09-30",
    ),
    (
        "inactive-user", key(), key(used="soon"), "undetermined",
        "inactive-user: an active credential could not be judged; "
        "access_key_1_last_used_date: 2025-01-01T00:00:00Z on 2026-06-30, soon on 2026-09-30",
    ),
    ("inactive-user", key(), {}, "closed", "access_key_1_active: true on 2026-06-30, false on 2026-09-30; access_key_1_last_used_date: 2025-01-01T00:00:00Z on 2026-06-30, N/A on 2026-09-30"),
    (
        "setup-access-key", key(used="N/A") | password(used=RECENT),
        key(used="N/A") | password(enabled="false", used=RECENT),
        "closed", "password_enabled: true on 2026-06-30, false on 2026-09-30",
    ),
    (
        "setup-access-key", key(used="N/A") | password(used=RECENT),
        key(used="N/A") | password(used=LATER), "still_open",
        "access_key_1_active: true; access_key_1_last_used_date: N/A; password_enabled: true "
        "(on 2026-06-30 and on 2026-09-30)",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Compare all cases at once, each a user of its own."""
    before = [user(f"case-{number:02d}", **case[1]) for number, case in enumerate(CASES)]
    after = [user(f"case-{number:02d}", **case[2]) for number, case in enumerate(CASES)]
    return run(tmp_path_factory.mktemp("cases"), before, after, policy=profile("all"))


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_finding_of_any_rule_has_its_outcome(cases: Comparison, number: int) -> None:
    rule, _, _, state, evidence = CASES[number]
    name = f"case-{number:02d}"
    mine = [told[1:] for told in of_rule(cases, rule) if told[0] == name]
    assert mine == [(state, evidence)]


def test_a_root_use_of_long_ago_is_closed_by_time(tmp_path: Path) -> None:
    used = root(password_last_used="2026-06-28T00:00:00Z")
    rows = [[used, user(**key(used=when))] for when in (RECENT, "2026-07-15T00:00:00Z")]
    comparison = judged(dated(tmp_path, *rows), profile("cis-5.0"))
    ((_, state, evidence),) = of_rule(comparison, "root-recently-used")
    assert state == "closed"
    assert evidence.startswith("no cell changed, only time passed: password_last_used: 2026-06-28")


def test_a_removed_user_takes_all_its_findings_along(tmp_path: Path) -> None:
    before = [user(**password(), **key())]
    comparison = run(
        tmp_path, before, [user("bo", user_creation_time=RECENT)], policy=profile("cis-5.0")
    )
    table = comparison.changes[comparison.changes["user"].eq("alice")]
    assert set(table["state"]) == {"closed"}
    assert set(table["closed_by"]) == {"user_removed"}
    assert len(table) == 4
    assert set(table["evidence"]) == {"the user is not in the report of 2026-09-30"}


def test_a_missing_account_keeps_the_findings_of_every_rule_open(tmp_path: Path) -> None:
    before = [user(**key(used=RECENT)), user("bo", OTHER, **password(used=RECENT))]
    after = [user(**key(used=LATER))]
    comparison = run(tmp_path, before, after, policy=profile("cis-5.0"))
    assert of_rule(comparison, "console-without-mfa") == [
        ("bo", "not_covered", "no report of the account on 2026-09-30")
    ]
    assert comparison.has_open_findings


def test_open_findings_are_exactly_those_still_open_new_or_not_covered(tmp_path: Path) -> None:
    before = [user(**key()), user("bo", OTHER, **key()), user("cy", **key())]
    after = [user(**key()), user("cy"), user("di", **key())]
    comparison = run(tmp_path, before, after)
    table = comparison.changes
    is_open = table["state"].isin(["still_open", "new", "not_covered"])
    assert table["is_open"].eq(is_open).all()
    assert comparison.open_findings == 3


RECENT_KEY = "2025-02-02T00:00:00Z"


def waiver(name: str, approved: date, expires: date, user_name: str = "alice") -> Waiver:
    return Waiver(
        id=name,
        reason="x",
        approved_by="y",
        approved_on=approved,
        expires=expires,
        user=user_name,
        line=int(name[-1]),
    )


SPAN = (date(2026, 1, 1), date(2026, 12, 31))


def test_a_waived_finding_is_marked_and_does_not_count_as_open(tmp_path: Path) -> None:
    paths = dated(tmp_path, [root(), user(**key())], [root(), user(**key(), mfa_active="true")])
    comparison = judged(paths, Policy(), waiver("W-1", *SPAN))
    (row,) = comparison.changes[comparison.changes["state"].ne("")].to_dict("records")
    assert (row["state"], row["waiver"], row["closed"]) == ("waived", "W-1", "no")
    assert not comparison.has_open_findings
    assert comparison.findings_before == 1
    assert list(comparison.timeline["state"]) == ["waived"]
    assert list(comparison.open_counts.groupby("date")["waived"].sum()) == [1, 1]


def test_a_waiver_that_ended_between_the_dates_leaves_the_finding_open(tmp_path: Path) -> None:
    paths = dated(tmp_path, [root(), user(**key())], [root(), user(**key(), mfa_active="true")])
    comparison = judged(paths, Policy(), waiver("W-1", date(2026, 1, 1), date(2026, 7, 29)))
    (row,) = comparison.changes[comparison.changes["state"].ne("")].to_dict("records")
    assert (row["state"], row["waiver"]) == ("still_open", "")
    assert row["evidence"].endswith("; no longer waived by W-1")
    expired = [notice for notice in comparison.notices if notice.code == "waiver-expired"]
    assert len(expired) == 1


def test_the_same_report_on_two_dates_is_said(tmp_path: Path) -> None:
    rows = [root(), user("a", **key()), user("b")]
    respelt = [
        rows[0],
        rows[2],
        rows[1] | {"access_key_1_last_used_date": "2025-01-01T00:00:00+00:00"},
    ]
    comparison = judged(dated(tmp_path, rows, respelt), Policy())
    (repeated,) = comparison.repeated
    assert (repeated.account_id, repeated.before.month, repeated.after.month) == (ACCOUNT, 6, 7)
    assert comparison.doubts
    assert (
        f"THE SAME REPORT ON TWO DATES: account {ACCOUNT} on 2026-06-30T06:00:00Z and "
        "2026-07-30T06:00:00Z: AWS serves a report for up to four hours"
    ) in comparison_verdict(comparison)
    changed = [*rows[:2], user("b", mfa_active="true")]
    paths = dated(tmp_path, rows, changed)
    assert judged(paths, Policy()).repeated == ()
    one = assess(read_reports(paths[0]))
    itself = compare(one, one)
    assert len(itself.repeated) == 1
    assert "COMPARED WITH ITSELF" in comparison_verdict(itself)


def test_a_quiet_account_whose_reports_aws_dates_itself_is_not_repeated(tmp_path: Path) -> None:
    content = base64.b64encode(to_csv(root(), user(**key())).encode()).decode()
    paths = []
    for month in (6, 7):
        answer = {"Content": content, "GeneratedTime": f"2026-0{month}-30T06:00:00+00:00"}
        paths.append(tmp_path / f"{month}.json")
        paths[-1].write_text(json.dumps(answer), encoding="utf-8")
    assert judged(paths, Policy()).repeated == ()


def test_a_rotation_in_two_steps_is_replaced_in_changes_and_timeline(tmp_path: Path) -> None:
    new = key(2, made="2026-07-10T00:00:00Z", used="2026-07-11T00:00:00Z")
    dates = [[user(**key())], [user(**key(), **new)], [user(**new)]]
    comparison = run(tmp_path, *dates)
    table = comparison.changes
    assert list(table.loc[table["state"].eq("closed"), "change"]) == ["replaced"]
    assert list(comparison.timeline["how"]) == ["replaced"]


def test_used_in_between_and_unused_again(tmp_path: Path) -> None:
    comparison = run(
        tmp_path,
        [user(**key())],
        [user(**key(used="2026-07-01T00:00:00Z"))],
        [user(**key(used="2026-07-01T00:00:00Z"))],
        policy=Policy(unused_after_days=45),
    )
    (row,) = comparison.changes[comparison.changes["state"].ne("")].to_dict("records")
    assert (row["change"], row["state"], row["closed"]) == ("unused_again", "still_open", "no")
    assert row["evidence"] == (
        "unused on 2026-06-30 too, used in between; not used since 2026-07-01 (60 days)"
    )
    assert list(comparison.timeline["came_back"]) == [1]


def test_every_rule_says_what_it_reads() -> None:
    assert set(RULES) - set(READS) == {*UNUSED_RULES, "inactive-user"}
    assert set(READS) | set(STATUS_RULES) <= set(RULES)


def test_two_dates_of_one_day_are_named_to_the_second(tmp_path: Path) -> None:
    paths = [
        save(tmp_path, root(), user(**cells), name=f"2026-06-30T{hour}-00-00Z.csv")
        for hour, cells in (("06", key()), ("18", key() | {"mfa_active": "true"}))
    ]
    comparison = judged(paths, Policy())
    (row,) = comparison.changes[comparison.changes["state"].ne("")].to_dict("records")
    assert row["evidence"].startswith("already unused on 2026-06-30T06:00:00Z; ")
    assert OLD < RECENT < LATER


def test_an_account_that_is_missing_on_older_dates_only_is_said_with_them(tmp_path: Path) -> None:
    other, third, listed = "222222222222", "333333333333", "444444444444"
    covered = [(ACCOUNT, other), (ACCOUNT,), (ACCOUNT, other, third)]
    file = OptionFile("accounts.csv", "0" * 64, 1)
    named = (ACCOUNT, other, third, listed)
    accounts = AccountList(tuple(Account(who, line=n) for n, who in enumerate(named, 2)), file)
    dates = []
    for month, ids in enumerate(covered, start=6):
        rows = [row for who in ids for row in (root(who), user(f"u{month}", who, **key()))]
        path = save(tmp_path, *rows, name=f"2026-{month:02d}-30T06-00-00Z.csv")
        dates.append(assess(read_reports(path)).check_accounts(accounts))
    comparison = compare_all(dates)
    assert comparison.gaps == {other: ("2026-07-30",)}
    verdict = comparison_verdict(comparison)
    assert f"Account without a report of an older date: {other} (of 2026-07-30)." in verdict
    assert f"First seen, so all of it is new: account {third}." in verdict
    assert f"1 account of the list has no report of any date: {listed}." in verdict
    missing = [n.message for n in comparison.notices if n.code == "account-without-report"]
    assert missing == [
        f"no report of account {other} on 2026-07-30",
        f"no report of account {third} on 2026-06-30 and 2026-07-30",
        f"no report of account {listed} on 2026-06-30, 2026-07-30 and 2026-08-30",
    ]
    assert comparison.doubts == ("accounts of the list without a report of every date: 3",)


def test_doubts_of_several_dates_are_added(tmp_path: Path) -> None:
    odd = user("odd", **password(used="?"))
    paths = dated(tmp_path, [root(), odd], [root(), odd, user("new", **password(used="?"))])
    doubts = judged(paths, Policy()).doubts
    assert "credentials that could not be judged: 3" in doubts
