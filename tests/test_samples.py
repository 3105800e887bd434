"""The evidence of `sample_reports/`, as it was agreed on: golden files.

To update them after a wanted change: `make golden`, then read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from credreport import Policy, analyze, read_reports
from credreport.evidence.of_analysis import of_analysis
from tests.support.reports import rendered

PROJECT = Path(__file__).parent.parent
SAMPLES = PROJECT / "sample_reports"
GOLDEN = Path(__file__).parent / "golden"
UPDATE = "CREDREPORT_UPDATE_GOLDEN"


def check(name: str, found: bytes) -> None:
    """Compare with the golden file; on a mismatch leave what was found beside it."""
    golden = GOLDEN / name
    if os.environ.get(UPDATE):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(found)
    actual = golden.with_name(golden.name + ".actual")
    if golden.read_bytes() != found:
        actual.write_bytes(found)
        pytest.fail(f"{name} differs: see {actual}; `make golden` accepts it")
    actual.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("name", "inputs", "policy"),
    [
        ("newest", SAMPLES, Policy()),
        ("june", SAMPLES / "2026-06-30", Policy()),
        (
            "june-45-days-with-root",
            SAMPLES / "2026-06-30",
            Policy(unused_after_days=45, include_root=True),
        ),
    ],
)
def test_the_evidence_is_what_was_agreed_on(name: str, inputs: Path, policy: Policy) -> None:
    evidence = of_analysis(analyze(read_reports(inputs), policy))
    files = rendered(evidence, ["csv", "md", "sh"])
    for file, data in files.items():
        if file.endswith((".csv", ".sh")):
            check(f"{name}{file.removeprefix(evidence.stem)}", data)
    check(f"{name}.md", files[f"{evidence.stem}.md"])


def test_the_samples_show_every_status_and_odd_name() -> None:
    newest = analyze(read_reports(SAMPLES)).credentials
    june = analyze(read_reports(SAMPLES / "2026-06-30")).credentials
    both = pd.concat([newest, june])
    assert set(both["status"]) == {
        "excluded", "absent", "inactive", "not_tracked", "undetermined", "unused", "current",
    }  # fmt: skip
    assert {"NA", "null", "nan", "None", "007", "1e5", "=1+1", "@SUM", "a,b", "-x", "true"} <= set(
        both["user"]
    )
    assert newest["account_id"].nunique() == 3


def test_the_boundary_stands_in_the_samples() -> None:
    newest = analyze(read_reports(SAMPLES)).credentials
    near = newest[
        newest["user"].isin(["svc-ci-deploy", "paul.dubois"]) & newest["age_days"].notna()
    ]
    assert near.set_index("user")[["age_days", "status"]].to_dict("index") == {
        "svc-ci-deploy": {"age_days": 90, "status": "unused"},
        "paul.dubois": {"age_days": 89, "status": "current"},
    }
