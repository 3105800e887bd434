"""Open and undetermined findings of the newest date -> NIST OSCAL assessment results (JSON, version 1.2).

One observation per finding and per verdict that could not be determined; one finding per control of
the profile, or per rule where the profile has no controls of its own. A control is satisfied only
where nothing was found, nothing is undetermined, and no input was left out. The same evidence gives
the same UUIDs. Source: NIST, OSCAL 1.2 assessment results, JSON format reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from credreport import __version__
from credreport.evidence.evidence import Evidence, Standing
from credreport.evidence.standing import breaks, to_text_rows
from credreport.output.comment import MARKDOWN, markdown_code
from credreport.output.formats import Files
from credreport.output.manifest import to_question
from credreport.output.pictures import Options
from credreport.reports.normalise import to_rows, to_texts
from credreport.rules.catalogue import RULES
from credreport.rules.profiles import PROFILES, number_asked
from credreport.rules.waivers import WAIVED
from credreport.schema import SLOT_WORDS
from credreport.text import escape_text, plural
from credreport.verdicts.tally import shown_account

VERSION = "1.2.1"
NAMESPACE = "urn:credreport:oscal"
_SPACE = uuid5(NAMESPACE_URL, NAMESPACE)
_NIST = re.compile(r"\b([A-Z]{2}-\d+)\((\d+)\)$")
_NO_TOKEN = re.compile(r"[^A-Za-z0-9.]+")
# This many levels of the document have one line per member.
_LAID_OUT = 5

_IDENTITY = ("finding_id", "user", "credential", "reason", "source_file")

Object = dict[str, Any]


def write_oscal(evidence: Evidence, _: Options, _files: Files) -> Files:
    """Return the assessment results."""
    text = "".join(_lay_out(to_oscal(evidence), _LAID_OUT))
    return {f"{evidence.stem}.oscal.json": f"{text}\n".encode()}


def to_oscal(evidence: Evidence) -> Object:
    """Return the assessment results as one JSON document."""
    question = json.dumps(to_question(evidence))
    own = _Document(uuid5(_SPACE, question), evidence)
    return {"assessment-results": own.to_results()}


class _Control(NamedTuple):
    """A control, or a rule by its own name: what it is called, and which of its rules were judged."""

    title: str
    rules: list[str]
    not_judged: list[str]


class _Document:
    """One document in the making: its UUID is the namespace of all others in it."""

    def __init__(self, uuid: UUID, evidence: Evidence) -> None:
        self._uuid = uuid
        self._evidence = evidence
        self._standing: Standing = evidence.standing
        self._as_of = f"{evidence.as_of:%Y-%m-%dT%H:%M:%SZ}"
        self._sources = {
            str(row["source_file"]): str(row["sha256"]) for row in to_rows(self._standing.inputs)
        }
        self._waivers = {str(row["waiver"]): row for row in to_rows(self._standing.waivers)}
        self._findings = to_text_rows(self._standing.findings)
        self._unsure = to_text_rows(self._standing.undetermined)
        self._tool_id = self._id("tool")
        self._source_ids = {source: self._id("source", source) for source in self._sources}
        for row in (*self._findings, *self._unsure):
            # Several accounts of a file may lack root's row, which has no line then.
            place = row["source_line"] or row["account_id"]
            parts = (*(row.get(part, "") for part in _IDENTITY), place)
            row["observation"] = self._id("observation", *parts)
        self._by_rule: dict[str, list[Object]] = {}
        for row in self._findings:
            self._by_rule.setdefault(row["rule"], []).append(row)

    def _id(self, *parts: object) -> str:
        return str(uuid5(self._uuid, json.dumps([str(part) for part in parts])))

    def to_results(self) -> Object:
        evidence, policy = self._evidence, self._standing.policy
        observations = [*self._to_observations()]
        risks = [self._to_risk(row) for row in self._findings if row["state"] == WAIVED]
        items = self._to_items()
        controls = self._controls()
        local: Object = {
            **({"inventory-items": items} if items else {}),
            "assessment-assets": {
                "components": [self._tool()],
                "assessment-platforms": [
                    {
                        "uuid": self._id("platform"),
                        "title": f"credreport {__version__}",
                        "uses-components": [{"component-uuid": self._tool_id}],
                    }
                ],
            },
        }
        result: Object = {
            "uuid": self._id("result"),
            "title": evidence.heading,
            "description": _prose(evidence.verdict),
            "start": min(to_texts(self._standing.inputs["as_of"])),
            "end": self._as_of,
            "props": _props(
                profile=policy.profile,
                unused_after_days=policy.unused_after_days,
                include_root=str(policy.include_root).lower(),
                tie_out="pass" if evidence.ties_out else "fail",
            ),
            "local-definitions": local,
            "reviewed-controls": {
                "control-selections": [
                    {"include-controls": [{"control-id": name} for name in controls]}
                ]
            },
            **({"observations": observations} if observations else {}),
            **({"risks": risks} if risks else {}),
            "findings": [self._to_finding(*each) for each in controls.items()],
        }
        if self._standing.doubts:
            result["remarks"] = _prose(f"Incomplete: {'; '.join(self._standing.doubts)}.")
        return {
            "uuid": str(self._uuid),
            "metadata": {
                "title": f"{evidence.heading}: assessment results",
                "last-modified": self._as_of,
                "version": self._as_of,
                "oscal-version": VERSION,
                "props": _props(generator="credreport", generator_version=__version__),
            },
            "import-ap": {
                "href": f"#{self._id('plan')}",
                "remarks": "There is no assessment plan: the resource says what was asked.",
            },
            "results": [result],
            "back-matter": {"resources": [*self._to_resources()]},
        }

    def _tool(self) -> Object:
        return {
            "uuid": self._tool_id,
            "type": "software",
            "title": f"credreport {__version__}",
            "description": "Judges AWS IAM credential reports offline.",
            "status": {"state": "operational"},
        }

    def _to_items(self) -> list[Object]:
        """Return the users that the document mentions, each once."""
        arns: dict[tuple[str, str], str] = {}
        for row in (*self._unsure, *self._findings):
            arns[row["account_id"], row["user"]] = str(row.get("arn", ""))
        return [
            {
                "uuid": self._subject(account, user),
                "description": f"{markdown_code(user)} in account {_account(account)}",
                "props": [
                    *([{"name": "asset-id", "value": _line(arn)}] if arn else []),
                    *_props(account_id=account, user_name=user),
                ],
            }
            for (account, user), arn in arns.items()
        ]

    def _subject(self, account: str, user: str) -> str:
        return self._id("user", account, user)

    def _to_observations(self) -> Iterator[Object]:
        about = (
            "finding_id", "rule", "severity", "state", "waiver", "credential", "days", "limit",
            "since", "basis", "account_id", "account_name", "account_owner", "action",
        )  # fmt: skip
        for row in self._findings:
            yield self._to_observation(row, RULES[row["rule"]].title, about)
        unsure = (
            "state",
            "credential",
            "reason",
            "cells",
            "account_id",
            "account_name",
            "account_owner",
        )
        for row in self._unsure:
            yield self._to_observation({**row, "state": "undetermined"}, "Undetermined", unsure)

    def _to_observation(self, row: Mapping[str, Any], title: str, about: Sequence[str]) -> Object:
        source, line = str(row["source_file"]), str(row["source_line"])
        place = f", line {line}" if line else ""
        digest = self._sources.get(source, "")
        of_what = f"{SLOT_WORDS[row['credential']]} of " if row["credential"] in SLOT_WORDS else ""
        return {
            "uuid": row["observation"],
            "title": title,
            "description": f"{title}: {of_what}{markdown_code(row['user'])} "
            f"in account {_account(row['account_id'])}",
            "props": _props(**{name: row[name] for name in about}),
            "methods": ["EXAMINE"],
            "types": ["finding" if row["state"] != "undetermined" else "control-objective"],
            "origins": [{"actors": [{"type": "tool", "actor-uuid": self._tool_id}]}],
            "subjects": [
                {
                    "subject-uuid": self._subject(row["account_id"], row["user"]),
                    "type": "inventory-item",
                }
            ],
            "relevant-evidence": [
                {
                    "href": f"#{self._source_ids[source]}",
                    "description": f"{markdown_code(source)}{place}",
                    "props": _props(sha256=digest, source_line=line),
                }
            ],
            "collected": row["as_of"] or self._as_of,
        }

    def _to_risk(self, row: Mapping[str, Any]) -> Object:
        """Return the accepted risk of a finding that a waiver covers."""
        waiver = self._waivers[row["waiver"]]
        return {
            "uuid": self._id("risk", row["observation"]),
            "title": f"{RULES[row['rule']].title}: waived",
            "description": f"Finding {row['finding_id']} stands, and a waiver covers it.",
            "statement": f"Accepted until {waiver['expires']}: {markdown_code(waiver['reason'])}",
            "props": _props(
                **{
                    name: waiver[name]
                    for name in (
                        "waiver", "approved_by", "approved_on", "expires", "reason", "ticket",
                        "compensating_control",
                    )
                }
            ),
            "status": "deviation-approved",
            "deadline": f"{waiver['expires']}T23:59:59Z",
            "related-observations": [{"observation-uuid": row["observation"]}],
        }  # fmt: skip

    def _controls(self) -> dict[str, _Control]:
        """Return each control of the profile, or each rule where that has none, by its identifier."""
        policy = self._standing.policy
        profile = PROFILES[policy.profile]
        controls: dict[str, _Control] = {}
        for name, rule in RULES.items():
            is_judged = name in policy.rules
            named = profile.controls(rule, policy.number_of(rule))
            for title in named or ([name] if is_judged else []):
                control = controls.setdefault(_token(title), _Control(title, [], []))
                (control.rules if is_judged else control.not_judged).append(name)
        return {name: control for name, control in controls.items() if control.rules}

    def _to_finding(self, name: str, control: _Control) -> Object:
        asked = {rule: number_asked(control.title, RULES[rule]) for rule in control.rules}
        of_rules = (row for rule in control.rules for row in self._by_rule.get(rule, ()))
        mine = [row for row in of_rules if breaks(row, asked[row["rule"]])]
        unsure = [row for row in self._unsure if not {*control.rules}.isdisjoint(row["rules"])]
        waived = [row for row in mine if row["state"] == WAIVED]
        reason, remarks = self._reason(control, len(mine), len(waived), len(unsure))
        status = {"state": "satisfied" if reason == "pass" else "not-satisfied", "reason": reason}
        related = [{"observation-uuid": row["observation"]} for row in (*mine, *unsure)]
        risks = [{"risk-uuid": self._id("risk", row["observation"])} for row in waived]
        return {
            "uuid": self._id("finding", name),
            "title": control.title,
            "description": f"{'; '.join(RULES[rule].title for rule in control.rules)}: {remarks}",
            "props": [prop for rule in control.rules for prop in _props(rule=rule)],
            "target": {
                "type": "objective-id",
                "target-id": name,
                "title": control.title,
                "status": {**status, "remarks": remarks},
            },
            **({"related-observations": related} if related else {}),
            **({"related-risks": risks} if risks else {}),
        }

    def _reason(self, control: _Control, found: int, waived: int, unsure: int) -> tuple[str, str]:
        """Return why a control has its state, as OSCAL's word and as a sentence."""
        if found:
            number = plural(found, "finding")
            return "fail", f"{number}: {found - waived} open, {waived} waived. {_unsure(unsure)}"
        doubts = [
            *self._gaps(control),
            *([f"{plural(unsure, 'verdict')} could not be determined"] if unsure else []),
            *self._standing.doubts,
        ]
        if doubts:
            return "other", f"No findings, but not satisfied: {'; '.join(doubts)}."
        return "pass", "No findings, and everything was judged."

    def _gaps(self, control: _Control) -> Iterator[str]:
        """Yield what the control asks for and this run did not judge."""
        for name in control.rules:
            lax = self._standing.policy.too_lax_for(RULES[name], control.title)
            if lax is not None:
                asked = number_asked(control.title, RULES[name])
                yield f"{name} was judged at {lax} days, and the control asks for {asked}"
        yield from (f"{name} was not judged" for name in control.not_judged)

    def _to_resources(self) -> Iterator[Object]:
        """Yield what was asked, then the reports and the user's files with their hashes."""
        yield {
            "uuid": self._id("plan"),
            "title": "What was asked",
            "props": _props(**{
                name: value if isinstance(value, str) else json.dumps(value)
                for name, value in self._evidence.parameters.items()
            }),
        }  # fmt: skip
        for source, digest in self._sources.items():
            yield _resource(self._source_ids[source], "Credential report", source, digest)
        for role, file in self._evidence.option_files.items():
            title = f"File of --{role.replace('_', '-')}"
            yield _resource(self._id("file", role), title, file.name, file.sha256)


def _resource(uuid: str, title: str, name: str, digest: str) -> Object:
    return {
        "uuid": uuid,
        "title": title,
        "description": markdown_code(name),
        "rlinks": [
            {
                "href": quote(name, safe="/", errors="backslashreplace"),
                "hashes": [{"algorithm": "SHA-256", "value": digest}],
            }
        ],
    }


def _unsure(number: int) -> str:
    if not number:
        return "Everything was judged."
    return f"{plural(number, 'verdict')} could not be determined."


def _props(**values: object) -> list[Object]:
    """Return properties in the program's namespace; none for empty values."""
    return [
        {"name": name.replace("_", "-"), "ns": NAMESPACE, "value": text}
        for name, value in values.items()
        if (text := _line(str(value)))
    ]


def _line(text: str) -> str:
    """Return the text as OSCAL's string: one line that neither begins nor ends with a blank."""
    if text.isprintable() and text.strip() == text:
        return text
    line = escape_text(text)
    start, end = len(line) - len(line.lstrip()), len(line) - len(line.rstrip())
    if start == len(line):
        return r"\x20" * start
    return r"\x20" * start + line.strip() + r"\x20" * end


def _prose(text: str) -> str:
    """Return a sentence in which nothing is markup."""
    return MARKDOWN.sentence(text)


def _account(account: str) -> str:
    return MARKDOWN.sentence(shown_account(account))


def _token(title: str) -> str:
    """Return a control's title as an identifier; that of NIST's own catalogue where it has one."""
    if nist := _NIST.search(title):
        return f"{nist[1]}.{nist[2]}".lower()
    return _NO_TOKEN.sub("-", title).strip("-").lower()


def _lay_out(value: object, levels: int) -> Iterator[str]:
    """Yield JSON in ASCII with a line for each member of the upper levels."""
    if not (levels and value and isinstance(value, dict | list)):
        yield json.dumps(value)
        return
    is_object = isinstance(value, dict)
    members = value.items() if isinstance(value, dict) else (("", each) for each in value)
    between = "{\n" if is_object else "[\n"
    for name, member in members:
        yield f"{between}{json.dumps(name)}: " if is_object else between
        yield from _lay_out(member, levels - 1)
        between = ",\n"
    yield "\n}" if is_object else "\n]"
