"""OCSF compliance findings: valid by py-ocsf-models, one object per line, every finding there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from credreport.comparison.comparison import compare_all
from credreport.evidence.evidence import Evidence
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.of_comparison import of_comparison
from credreport.reports.selection import read_reports
from credreport.rules.policy import Policy
from credreport.rules.waivers import Waivers
from credreport.verdicts.assessment import assess
from tests.output.test_oscal import STALE, WAIVER, used
from tests.support.reports import NAME, judge, read, rendered, root, save, user
from tests.verdicts.test_assessment import OLD, key, password

# In OCSF 1.5.0, and not in the models.
_BEYOND = {("compliance", "status")}


def lines(evidence: Evidence) -> list[Any]:
    """Return the objects, each after the models of others have taken all of it."""
    from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
    from py_ocsf_models.objects.cloud import Cloud

    (data,) = (
        data for name, data in rendered(evidence, ["ocsf"]).items() if name.endswith(".ocsf.jsonl")
    )
    found = [json.loads(line) for line in data.decode("ascii").splitlines()]
    for each in found:
        model = ComplianceFinding.model_validate(each)
        kept = {*leaves(model.model_dump(mode="json", exclude_none=True))}
        # The profile `cloud` adds this object to every class; the models have it apart.
        cloud = Cloud.model_validate(each["cloud"])
        kept |= {*leaves(cloud.model_dump(mode="json", exclude_none=True), "cloud")}
        assert {*leaves(each)} - kept == _BEYOND
    return found


def leaves(value: Any, *path: str) -> list[tuple[str, ...]]:
    """Return the path of every member that is no object."""
    if isinstance(value, dict):
        return [leaf for name, each in value.items() for leaf in leaves(each, *path, name)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each, *path)]
    return [path]


def test_an_open_finding(tmp_path: Path) -> None:
    assessment = judge(tmp_path, root(), STALE, policy=Policy.of("cis-5.0"))
    (found,) = lines(of_analysis(assessment))
    uid = assessment.findings["finding_id"][0]
    assert found["class_uid"] == 2003
    assert found["type_uid"] == 200301
    assert (found["status"], found["status_id"], found["status_code"]) == ("New", 1, "FAIL")
    assert (found["severity"], found["severity_id"]) == ("Medium", 3)
    assert found["time"] == 1_769_860_800_000
    assert found["time_dt"] == "2026-01-31T12:00:00Z"
    assert found["finding_info"]["uid"] == uid
    assert found["finding_info"]["title"] == "Console password unused: 395 days, limit >= 45"
    assert found["metadata"]["event_code"] == "unused-password"
    assert found["cloud"]["account"]["uid"] == "111122223333"
    assert found["resources"][0]["uid"] == "arn:aws:iam::111122223333:user/amy"
    assert found["compliance"] == {
        "requirements": ["CIS AWS 5.0.0 1.11"],
        "standards": ["CIS AWS 5.0.0"],
        "status": "Fail",
        "status_id": 3,
    }
    assert "unmapped" not in found


def test_a_profile_without_controls_names_all_of_the_rule(tmp_path: Path) -> None:
    (found,) = lines(of_analysis(judge(tmp_path, root(), STALE)))
    assert "NIST SP 800-53 r5 AC-2(3)" in found["compliance"]["requirements"]
    assert found["compliance"]["standards"][-4:] == [
        "FedRAMP Moderate r5", "ASD ISM 2023", "SOC 2", "ISO/IEC 27001:2022",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("user-without-credentials", (1, "Informational")),
        ("two-active-access-keys", (2, "Low")),
        ("unused-access-key", (3, "Medium")),
        ("console-without-mfa", (4, "High")),
        ("root-access-key", (5, "Critical")),
    ],
)
def test_severities(tmp_path: Path, rule: str, severity: tuple[int, str]) -> None:
    rows = [
        root(**key(1, OLD)),
        user("idle"),
        user("amy", **password(OLD), **key(1, OLD), **key(2, OLD)),
    ]
    found = lines(of_analysis(judge(tmp_path, *rows, policy=Policy(rules=(rule,)))))
    assert {(each["severity_id"], each["severity"]) for each in found} == {severity}


def test_a_waived_finding_is_suppressed_and_still_fails(tmp_path: Path) -> None:
    assessment = assess(read(tmp_path, root(), STALE), None, Waivers((WAIVER,)))
    (found,) = lines(of_analysis(assessment))
    assert (found["status"], found["status_id"], found["status_code"]) == ("Suppressed", 3, "FAIL")
    assert found["status_detail"] == "Waived: W-1"


def test_what_is_undetermined_is_unknown_and_has_an_id_that_stays(tmp_path: Path) -> None:
    rows = [root(), user("zoe", **key(1, "?"), **password(OLD)), user("zoe", **key(1, "?"))]
    evidence = of_analysis(judge(tmp_path, *rows, policy=Policy.of("cis-5.0")))
    found = [each for each in lines(evidence) if each["status"] == "Unknown"]
    assert {each["status_id"] for each in found} == {0}
    assert {each["status_code"] for each in found} == {"MANUAL"}
    assert {each["compliance"]["status"] for each in found} == {"Warning"}
    uids = [each["finding_info"]["uid"] for each in found]
    assert len(set(uids)) == len(uids)
    again = [each["finding_info"]["uid"] for each in lines(evidence)]
    assert {*uids} < {*again}
    assert found[0]["compliance"]["requirements"] == ["CIS AWS 5.0.0 1.11"]


def test_what_only_a_date_between_had_is_resolved_too(tmp_path: Path) -> None:
    other, first, stale = user("zed"), user("bob", **key(1, OLD)), user("eve", **key(1, OLD))
    dates = []
    for month, rows in (
        ("01", [first]),
        ("03", [first, stale]),
        ("05", [user("bob"), user("eve")]),
    ):
        save(tmp_path / month, root(), other, *rows, name=NAME.replace("2026-01", f"2026-{month}"))
        dates.append(assess(read_reports(tmp_path / month)))
    found = lines(of_comparison(compare_all(dates)))
    assert [
        (each["status"], each["resources"][0]["name"], each["status_detail"], each["time_dt"])
        for each in found
    ] == [
        ("Resolved", name, "removed", "2026-05-31T12:00:00Z") for name in ("bob", "eve")
    ]  # fmt: skip


def test_what_was_closed_since_is_resolved(tmp_path: Path) -> None:
    later = NAME.replace("2026-01", "2026-03")
    save(tmp_path / "old", root(), STALE, user("bob", mfa_active="true", **password(OLD)))
    save(tmp_path / "new", root(), STALE, name=later)
    dates = [assess(read_reports(tmp_path / name)) for name in ("old", "new")]
    found = lines(of_comparison(compare_all(dates)))
    assert [
        (each["resources"][0]["name"], each["status"], each["type_uid"], each["time_dt"])
        for each in found
    ] == [
        ("amy", "New", 200301, "2026-03-31T12:00:00Z"),
        ("bob", "Resolved", 200303, "2026-03-31T12:00:00Z"),
    ]
    assert found[1]["status_detail"] == "user removed"


@pytest.mark.parametrize(
    ("days", "broken"),
    [
        (34, []),
        (35, ["FedRAMP High r5"]),
        (44, ["FedRAMP High r5"]),
        (45, ["CIS AWS 5.0.0", "FedRAMP High r5"]),
        (89, ["CIS AWS 5.0.0", "FedRAMP High r5"]),
        (90, ["PCI DSS 4.0.1", "CIS AWS 5.0.0", "FedRAMP High r5"]),
    ],
)
def test_a_finding_names_the_controls_that_it_breaks(
    tmp_path: Path, days: int, broken: list[str]
) -> None:
    stale = user("amy", mfa_active="true", **used(days))
    (found,) = lines(
        of_analysis(judge(tmp_path, root(), stale, policy=Policy(unused_after_days=10)))
    )
    standards = {*found["compliance"]["standards"]}
    assert standards & {"PCI DSS 4.0.1", "CIS AWS 5.0.0", "FedRAMP High r5"} == {*broken}
    assert "SOC 2" in standards  # it names no number


@pytest.mark.parametrize(
    ("now", "change", "met"),
    [
        (used(1), "used again", {"PCI DSS 4.0.1"}),
        (
            {**password(OLD), "password_enabled": "false"},
            "deactivated",
            {"PCI DSS 4.0.1", "CIS AWS 5.0.0", "FedRAMP High r5"},
        ),
    ],
)
def test_what_was_closed_names_the_controls_that_are_met(
    tmp_path: Path, now: dict[str, str], change: str, met: set[str]
) -> None:
    """What is used within 90 days may be unused for 45."""
    earlier = NAME.replace("2026-01", "2025-12")
    save(tmp_path / "old", root(), user("amy", **password(OLD)), name=earlier)
    save(tmp_path / "new", root(), user("amy", **now))
    dates = [assess(read_reports(tmp_path / name)) for name in ("old", "new")]
    (found,) = lines(of_comparison(compare_all(dates)))
    assert (found["status_detail"], found["compliance"]["status"]) == (change, "Pass")
    asked = {"PCI DSS 4.0.1", "CIS AWS 5.0.0", "FedRAMP High r5"}
    assert {*found["compliance"]["standards"]} & asked == met


def test_nothing_found_is_no_line(tmp_path: Path) -> None:
    assert lines(of_analysis(judge(tmp_path, root()))) == []


def test_a_partition_that_no_arn_names_is_left_out(tmp_path: Path) -> None:
    stale = STALE | {"arn": "arn:\x7fb:c"}
    found = lines(of_analysis(judge(tmp_path, stale)))
    assert found
    assert all("cloud_partition" not in each["resources"][0] for each in found)
