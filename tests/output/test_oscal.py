"""OSCAL assessment results: valid by the models of compliance-trestle, and true to the findings."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from credreport.comparison.comparison import compare_all
from credreport.evidence.evidence import Evidence
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.of_comparison import of_comparison
from credreport.output.oscal import _line
from credreport.reports.own_output import is_own_file
from credreport.reports.selection import read_reports
from credreport.rules.policy import Policy, UserClass
from credreport.rules.waivers import Waiver, Waivers
from credreport.verdicts.assessment import Assessment, assess
from tests.support.reports import NAME, judge, read, rendered, root, save, to_csv, user
from tests.verdicts.test_assessment import OLD, key, password

CIS = Policy.of("cis-5.0")
STALE = user("amy", mfa_active="true", **password(OLD))
WAIVER = Waiver(
    id="W-1",
    account="",
    user="amy",
    credential="",
    rule="",
    reason="Break-glass [account](x)",
    approved_by="ciso",
    approved_on=date(2025, 6, 1),
    expires=date(2026, 6, 30),
    ticket="",
    compensating_control="",
)


def written(evidence: Evidence) -> Any:
    """Return the result in the document, after the models of others have taken all of it."""
    from trestle.core.validator_factory import validator_factory
    from trestle.oscal.assessment_results import Model

    (data,) = (
        data for name, data in rendered(evidence, ["oscal"]).items() if name.endswith(".oscal.json")
    )
    document = json.loads(data)
    model = Model.model_validate(document)  # extra members are forbidden there
    for validator in validator_factory.get_all():
        assert validator.model_is_valid(model.assessment_results, True, None)
    return document["assessment-results"]


def result(assessment: Assessment) -> Any:
    (found,) = written(of_analysis(assessment))["results"]
    return found


def states(found: Any) -> dict[str, tuple[str, str]]:
    return {
        each["target"]["target-id"]: (
            each["target"]["status"]["state"],
            each["target"]["status"]["reason"],
        )
        for each in found["findings"]
    }


def props(thing: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in thing["props"]}


def test_every_control_of_the_profile_has_a_finding(tmp_path: Path) -> None:
    found = result(judge(tmp_path, root(), STALE, policy=CIS))
    passed, failed = ("satisfied", "pass"), ("not-satisfied", "fail")
    assert states(found) == {
        "cis-aws-5.0.0-1.11": failed,
        "cis-aws-5.0.0-1.13": passed,
        "cis-aws-5.0.0-1.9": passed,
        "cis-aws-5.0.0-1.10": passed,
        "cis-aws-5.0.0-1.12": passed,
        "cis-aws-5.0.0-1.3": passed,
        "cis-aws-5.0.0-1.4": passed,
        "cis-aws-5.0.0-1.6": passed,
    }
    (selection,) = found["reviewed-controls"]["control-selections"]
    assert [each["control-id"] for each in selection["include-controls"]] == list(states(found))


@pytest.mark.parametrize(
    ("profile", "targets"),
    [
        ("conformity", ["unused-password", "unused-access-key"]),
        ("fedramp-high", ["ac-2.3"]),
        ("essential-eight", ["asd-ism-2023-ism-1648-essential-eight", "asd-ism-2023-ism-1404"]),
    ],
)
def test_controls_are_the_profiles_or_else_its_rules(
    tmp_path: Path, profile: str, targets: list[str]
) -> None:
    assert list(states(result(judge(tmp_path, root(), policy=Policy.of(profile))))) == targets


def used(days: int) -> dict[str, str]:
    """Return a password last used so many days before the report."""
    return password(
        f"{datetime(2026, 1, 31, 12, tzinfo=UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
    )


@pytest.mark.parametrize(
    ("policy", "days", "reason", "remarks"),
    [
        # At the control's own 45 days, or fewer: what is found between them breaks no control.
        (CIS, 44, "pass", "No findings, and everything was judged."),
        (CIS, 45, "fail", "1 finding: 1 open, 0 waived. Everything was judged."),
        (replace(CIS, unused_after_days=10), 44, "pass", "No findings, and everything was judged."),
        (replace(CIS, unused_after_days=10), 45, "fail", "1 finding: 1 open, 0 waived. Everything was judged."),
        # At more, what is not found may break it.
        (
            replace(CIS, unused_after_days=46),
            45,
            "other",
            "No findings, but not satisfied: unused-password was judged at 46 days, and the control asks for 45; "
            "unused-access-key was judged at 46 days, and the control asks for 45.",
        ),
        (replace(CIS, unused_after_days=46), 46, "fail", "1 finding: 1 open, 0 waived. Everything was judged."),
        (
            replace(CIS, classes=(UserClass("svc-*", {"unused_after_days": 365}),)),
            1,
            "other",
            "No findings, but not satisfied: unused-password was judged at 365 days, and the control asks for 45; "
            "unused-access-key was judged at 365 days, and the control asks for 45.",
        ),
        (
            replace(CIS, rules=("unused-password",)),
            1,
            "other",
            "No findings, but not satisfied: unused-access-key was not judged.",
        ),
    ],
)  # fmt: skip
def test_a_control_is_judged_at_its_own_number_of_days(
    tmp_path: Path, policy: Policy, days: int, reason: str, remarks: str
) -> None:
    found = result(
        judge(tmp_path, root(), user("amy", mfa_active="true", **used(days)), policy=policy)
    )
    target = found["findings"][0]["target"]
    assert target["title"] == "CIS AWS 5.0.0 1.11"
    state = "satisfied" if reason == "pass" else "not-satisfied"
    assert target["status"] == {"state": state, "reason": reason, "remarks": remarks}
    assert len(found["findings"][0].get("related-observations", ())) == (reason == "fail")


@pytest.mark.parametrize(("days", "reason"), [(90, "pass"), (91, "other")])
def test_so_is_one_that_passes_at_its_number(tmp_path: Path, days: int, reason: str) -> None:
    policy = replace(CIS, numbers={**CIS.numbers, "rotate_after_days": days})
    found = states(result(judge(tmp_path, root(), user(), policy=policy)))
    assert found["cis-aws-5.0.0-1.13"][1] == reason


def test_a_number_that_no_benchmark_names_may_be_any(tmp_path: Path) -> None:
    policy = replace(CIS, numbers={**CIS.numbers, "root_used_within_days": 0})
    found = states(result(judge(tmp_path, root(), user(), policy=policy)))
    assert found["cis-aws-5.0.0-1.6"] == ("satisfied", "pass")


def test_an_observation_has_subject_time_and_evidence_with_its_hash(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(), STALE)
    document = written(of_analysis(assessment))
    (found,) = document["results"]
    (observation,) = found["observations"]
    finding = assessment.findings.iloc[0]
    assert observation["collected"] == "2026-01-31T12:00:00Z"
    assert props(observation) == {
        "finding-id": finding["finding_id"],
        "rule": "unused-password",
        "severity": "medium",
        "state": "open",
        "credential": "password",
        "days": "395",
        "limit": ">= 90",
        "since": "2025-01-01T00:00:00Z",
        "basis": "password_last_changed",
        "account-id": "111122223333",
        "action": "Remove console access (delete the login profile)",
    }
    (subject,) = observation["subjects"]
    (item,) = found["local-definitions"]["inventory-items"]
    assert subject["subject-uuid"] == item["uuid"]
    assert props(item)["asset-id"] == "arn:aws:iam::111122223333:user/amy"
    (shown,) = observation["relevant-evidence"]
    (source,) = (
        each for each in document["back-matter"]["resources"] if f"#{each['uuid']}" == shown["href"]
    )
    (link,) = source["rlinks"]
    digest = assessment.reports[0].source.sha256
    assert link["hashes"] == [{"algorithm": "SHA-256", "value": digest}]
    assert link["href"] == NAME.replace("+", "%2B")
    assert props(shown) == {"sha256": digest, "source-line": "3"}


def test_what_is_undetermined_is_never_satisfied(tmp_path: Path) -> None:
    found = result(judge(tmp_path, root(), user("zoe", **key(1, "?")), policy=CIS))
    assert states(found)["cis-aws-5.0.0-1.11"] == ("not-satisfied", "other")
    assert states(found)["cis-aws-5.0.0-1.13"] == ("not-satisfied", "other")
    assert states(found)["cis-aws-5.0.0-1.12"] == ("satisfied", "pass")
    finding = found["findings"][0]
    assert finding["target"]["status"]["remarks"] == (
        "No findings, but not satisfied: 1 verdict could not be determined."
    )
    names = {each["uuid"]: props(each)["state"] for each in found["observations"]}
    assert [names[each["observation-uuid"]] for each in finding["related-observations"]] == [
        "undetermined"
    ]


def test_nothing_is_satisfied_where_an_input_was_left_out(tmp_path: Path) -> None:
    save(tmp_path, root())
    (tmp_path / "b.csv").write_text("user,arn\n")
    found = result(assess(read_reports(tmp_path, keep_going=True), CIS))
    assert {*states(found).values()} == {("not-satisfied", "other")}
    assert found["remarks"] == "Incomplete: inputs refused and left out: 1."


def test_a_waived_finding_stays_and_its_risk_is_accepted(tmp_path: Path) -> None:
    assessment = assess(read(tmp_path, root(), STALE), None, Waivers((WAIVER,)))
    found = result(assessment)
    assert states(found)["unused-password"] == ("not-satisfied", "fail")
    (risk,) = found["risks"]
    assert risk["status"] == "deviation-approved"
    assert risk["deadline"] == "2026-06-30T23:59:59Z"
    assert risk["statement"] == "Accepted until 2026-06-30: `Break-glass [account](x)`"
    assert props(risk)["approved-by"] == "ciso"
    assert found["findings"][0]["related-risks"] == [{"risk-uuid": risk["uuid"]}]
    assert props(found["observations"][0])["state"] == "waived"


def test_the_same_evidence_gives_the_same_bytes_and_no_uuid_twice(tmp_path: Path) -> None:
    rows = [root(), STALE, user("zoe", **key(1, "?")), user("Zoe", **key(1, OLD))]
    first, second = (
        rendered(of_analysis(judge(tmp_path, *rows, policy=CIS)), ["oscal"]) for _ in range(2)
    )
    assert first == second
    defined: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            defined.extend(each for name, each in value.items() if name == "uuid")
        for each in value.values() if isinstance(value, dict) else value:
            if isinstance(each, dict | list):
                collect(each)

    collect(written(of_analysis(judge(tmp_path, *rows, policy=CIS))))
    assert len(defined) == len(set(defined))
    other = written(of_analysis(judge(tmp_path, *rows, policy=Policy.of("cis-3.0"))))
    assert other["uuid"] not in defined


def test_no_uuid_twice_where_two_accounts_of_a_file_lack_root(tmp_path: Path) -> None:
    path = tmp_path / "both_2026-01-31.csv"
    path.write_text(f"{to_csv(user())}\n{to_csv(user('bob', '444455556666'))}", encoding="utf-8")
    found = result(assess(read_reports(path), Policy.of("all")))
    names = [each["uuid"] for each in found["observations"]]
    assert len({*names}) == len(names)


def test_of_a_comparison_the_newest_date_stands(tmp_path: Path) -> None:
    later = NAME.replace("2026-01", "2026-03")
    save(tmp_path / "old", root(), STALE)
    save(tmp_path / "new", root(), user("bob", mfa_active="true", **password(OLD)), name=later)
    dates = [assess(read_reports(tmp_path / name)) for name in ("old", "new")]
    (found,) = written(of_comparison(compare_all(dates)))["results"]
    assert [props(each)["user-name"] for each in found["local-definitions"]["inventory-items"]] == [
        "bob"
    ]
    assert found["end"] == "2026-03-31T12:00:00Z"


def test_nothing_is_satisfied_where_what_an_older_date_had_is_not_known(tmp_path: Path) -> None:
    """Of one account there is no newer report; a user of the other lost its creation time."""
    later, quiet = NAME.replace("2026-01", "2026-03"), user("zed")
    unclear = user("bob", user_creation_time="?")
    save(tmp_path / "old", root(), quiet, user("bob", **password(OLD)))
    save(tmp_path / "old", root("444455556666"), name=f"b-{NAME}")
    save(tmp_path / "new", root(), quiet, unclear, name=later)
    dates = [assess(read_reports(tmp_path / name)) for name in ("old", "new")]
    found = written(of_comparison(compare_all(dates)))
    remarks = (
        "No findings, but not satisfied: accounts without a report of the newest date: 1; older "
        "findings that could not be determined now: 1."
    )
    statuses = [each["target"]["status"] for each in found["results"][0]["findings"]]
    assert statuses == [{"state": "not-satisfied", "reason": "other", "remarks": remarks}] * 2


def test_nor_where_an_account_has_one_report_twice(tmp_path: Path) -> None:
    for name, day in (("old", NAME), ("new", NAME.replace("2026-01", "2026-03"))):
        save(tmp_path / name, root(), user("zed", **password(f"{NAME[15:25]}T00:00:00Z")), name=day)
    dates = [assess(read_reports(tmp_path / name)) for name in ("old", "new")]
    comparison = compare_all(dates)
    doubts = ("accounts whose reports of two dates are the same: 1",)
    assert comparison.doubts == doubts
    (found,) = written(of_comparison(comparison))["results"]
    assert found["remarks"] == f"Incomplete: {doubts[0]}."
    assert {reason for _, reason in states(found).values()} == {"other"}


def test_is_known_among_the_inputs_of_the_next_run(tmp_path: Path) -> None:
    files = rendered(of_analysis(judge(tmp_path, root(), STALE)), ["oscal", "ocsf"])
    for name, data in files.items():
        if "oscal" in name or "ocsf" in name:
            assert is_own_file(name, data[:200], is_like_report=False)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a", "a"), ("  ", r"\x20\x20"), (" a ", r"\x20a\x20"), ("a\nb", r"a\x0ab"), ("", "")],
)
def test_a_line_begins_and_ends_with_no_blank(text: str, line: str) -> None:
    assert _line(text) == line
