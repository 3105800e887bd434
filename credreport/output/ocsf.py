"""Open and undetermined findings of the newest date -> OCSF compliance findings (class 2003), one JSON object per line.

Every finding, open or waived; every verdict that could not be determined, with the status Unknown;
with an older date also what was closed since, as resolved. What passes has no line: the tables of
the other formats have the whole population. Source: OCSF schema 1.5.0, class Compliance Finding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from credreport import __version__
from credreport.evidence.evidence import Evidence, Standing
from credreport.evidence.standing import breaks, to_text_rows
from credreport.files import Spool
from credreport.output.formats import Files
from credreport.output.pictures import Options
from credreport.rules.catalogue import RULES
from credreport.rules.profiles import PROFILES, number_asked
from credreport.rules.rule import Severity
from credreport.rules.waivers import WAIVED
from credreport.schema import SLOT_WORDS, SWITCHED_OFF
from credreport.text import escape_text
from credreport.verdicts.tally import shown_account

VERSION = "1.5.0"
_SEVERITIES = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
_PARTITION = re.compile("arn:(aws[a-z-]*):")
_ACTIVITIES = {1: "Create", 3: "Close"}
_STATUSES = {0: "Unknown", 1: "New", 3: "Suppressed", 4: "Resolved"}
# The compliance status, and the word that Prowler has for it.
_OUTCOMES = {1: ("Pass", "PASS"), 2: ("Warning", "MANUAL"), 3: ("Fail", "FAIL")}

Object = dict[str, Any]


def write_ocsf(evidence: Evidence, _: Options, _files: Files) -> Files:
    """Return the findings."""
    spool = Spool()
    for each in to_ocsf(evidence.standing):
        spool.put(f"{json.dumps(each)}\n".encode())
    return {f"{evidence.stem}.ocsf.jsonl": spool}


def to_ocsf(standing: Standing) -> Iterator[Object]:
    """Yield one object per finding, per verdict that could not be determined, per closed finding."""
    controls = {name: _controls(standing, name) for name in RULES}
    asked = {
        name: {control: number_asked(control, rule) for control in controls[name]}
        for name, rule in RULES.items()
    }
    met = {name: _met(standing, name, controls[name]) for name in RULES}
    for row in to_text_rows(standing.findings):
        rule = RULES[row["rule"]]
        is_waived = row["state"] == WAIVED
        measured = f": {row['days']} days, limit {row['limit']}" if row["days"] else ""
        detail = f"Waived: {escape_text(row['waiver'])}" if is_waived else ""
        yield {
            **_head(row, status=3 if is_waived else 1, outcome=3, severity=rule.severity),
            **_about(row, rule.id, f"{rule.title}{measured}", row["finding_id"]),
            "compliance": _compliance(
                3, [control for control, days in asked[rule.id].items() if breaks(row, days)]
            ),
            "remediation": {"desc": row["action"]},
            **({"status_detail": detail} if detail else {}),
        }
    seen: dict[str, int] = {}
    for row in to_text_rows(standing.undetermined):
        rules = [RULES[name] for name in row["rules"]]
        order = [*Severity]
        severity = min((rule.severity for rule in rules), key=order.index, default=Severity.INFO)
        found = [control for rule in rules for control in controls[rule.id]]
        yield {
            **_head(row, status=0, outcome=2, severity=severity),
            **_about(row, "undetermined", "Could not be determined", _unsure_id(row, seen)),
            "compliance": _compliance(2, list(dict.fromkeys(found))),
            "status_detail": escape_text(row["reason"]),
        }
    for row in to_text_rows(standing.closed):
        rule = RULES[row["rule"]]
        yield {
            **_head(row, activity=3, status=4, outcome=1, severity=rule.severity),
            **_about(row, rule.id, f"{rule.title}: closed", row["finding_id"]),
            "compliance": _compliance(
                1, (controls if row["change"] in SWITCHED_OFF else met)[rule.id]
            ),
            "status_detail": escape_text(row["change"].replace("_", " ")),
        }


def _controls(standing: Standing, name: str) -> list[str]:
    """Return the controls of a rule: the profile's if it has some, otherwise all."""
    rule = RULES[name]
    profile = PROFILES[standing.policy.profile]
    return [*(profile.controls(rule, standing.policy.number_of(rule)) or rule.controls)]


def _met(standing: Standing, name: str, controls: list[str]) -> list[str]:
    """Return which controls of a rule are met by what the rule does not find."""
    rule = RULES[name]
    return [each for each in controls if standing.policy.too_lax_for(rule, each) is None]


def _compliance(outcome: int, controls: list[str]) -> Object:
    """Return the compliance object; a standard is the text before the number of a control."""
    standards = [each.split(" (")[0].rsplit(" ", 1)[0] for each in controls]
    return {
        **(
            {"requirements": controls, "standards": list(dict.fromkeys(standards))}
            if controls
            else {}
        ),
        "status": _OUTCOMES[outcome][0],
        "status_id": outcome,
    }


def _head(
    row: Mapping[str, Any], *, status: int, outcome: int, severity: Severity, activity: int = 1
) -> Object:
    """Return the class, time, status and severity of an object."""
    number, caption = _SEVERITIES[severity]
    instant = datetime.fromisoformat(row["as_of"])
    return {
        "activity_id": activity,
        "activity_name": _ACTIVITIES[activity],
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": 2003,
        "severity": caption,
        "severity_id": number,
        "status": _STATUSES[status],
        "status_code": _OUTCOMES[outcome][1],
        "status_id": status,
        "time": int(instant.timestamp()) * 1000,
        "time_dt": row["as_of"],
        "type_name": f"Compliance Finding: {_ACTIVITIES[activity]}",
        "type_uid": 200300 + activity,
    }


def _about(row: Mapping[str, Any], code: str, what: str, uid: str) -> Object:
    """Return the title of a finding and whose it is."""
    account = shown_account(row["account_id"])
    arn = str(row.get("arn", ""))
    partition = _PARTITION.match(arn)
    of_what = f"{SLOT_WORDS[row['credential']]} of " if row["credential"] in SLOT_WORDS else ""
    message = f"{what} ({of_what}{escape_text(row['user'])} in account {account})"
    return {
        "cloud": {
            "account": {
                "name": row["account_name"] or account,
                "type": "AWS Account",
                "type_id": 10,
                "uid": row["account_id"],
            },
            "provider": "AWS",
        },
        "finding_info": {
            **_analytic(code),
            "desc": message,
            "title": what,
            "types": [code],
            "uid": uid,
        },
        "message": message,
        "metadata": {
            "event_code": code,
            "product": {"name": "credreport", "vendor_name": "credreport", "version": __version__},
            "profiles": ["cloud", "datetime"],
            "version": VERSION,
        },
        "resources": [
            {
                "group": {"name": "iam"},
                "name": row["user"],
                "type": "AwsAccount" if row["credential"] == "root" else "AwsIamUser",
                **({"uid": arn} if arn else {}),
                **({"cloud_partition": partition[1]} if partition else {}),
                "data": {"credential": row["credential"]},
            }
        ],
    }


def _analytic(code: str) -> Object:
    """Return the rule; nothing if the code is not that of a single rule."""
    if code not in RULES:
        return {}
    return {"analytic": {"name": RULES[code].title, "type": "Rule", "type_id": 1, "uid": code}}


def _unsure_id(row: Mapping[str, Any], seen: dict[str, int]) -> str:
    """Return an ID that survives a re-run, with an ordinal if two are equal."""
    parts = [row[name] for name in ("account_id", "user", "credential", "reason")]
    digest = sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    name = f"CU-{digest[:12].upper()}"
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}-{seen[name]}"
