"""The catalogue as text: what `credreport rules` shows. One place puts a rule into words."""

from __future__ import annotations

from credreport.rules.catalogue import RULES
from credreport.rules.policy import find_rule
from credreport.rules.profiles import PROFILES, Profile
from credreport.rules.rule import Rule, Subject
from credreport.rules.thresholds import UNUSED_AFTER

_ABOUT = {
    Subject.CREDENTIAL: "about one credential",
    Subject.USER: "about a user",
    Subject.ROOT: "about root",
}


def list_rules() -> list[list[str]]:
    """Return one row per rule: id, severity, when it fires by default, title."""
    return [
        [rule.id, rule.severity.value, rule.boundary() or "-", rule.title]
        for rule in RULES.values()
    ]


def to_document(name: str | None) -> dict[str, object]:
    """Return the catalogue, or one rule of it, as a JSON document. Raises UsageError."""
    if name is not None:
        return _to_fields(find_rule(name))
    return {
        "rules": [_to_fields(rule) for rule in RULES.values()],
        "profiles": [
            {"name": profile.name, "title": profile.title, "rules": [*profile.rules]}
            for profile in PROFILES.values()
        ],
    }


def _to_fields(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "severity": rule.severity.value,
        "fires": rule.boundary(),
        "title": rule.title,
        "measures": rule.measures,
        "action": rule.action,
        "controls": [*rule.controls],
    }


def list_profiles() -> list[list[str]]:
    """Return one row per profile: name, number of rules, days after which unused, title."""
    rows = []
    for profile in PROFILES.values():
        known = profile.number(UNUSED_AFTER.name)
        days = known.value if known else UNUSED_AFTER.default
        rows.append([profile.name, str(len(profile.rules)), f"{days} days", profile.title])
    return rows


def summarise(rule: Rule) -> str:
    """Return the line that sums a rule up, the same here and in the documentation."""
    parts = [f"Severity {rule.severity}", _ABOUT[rule.subject]]
    if rule.parameter:
        parts += [f"fires at {rule.boundary()}", f"parameter {rule.parameter.name}"]
    return ", ".join(parts)


def describe(name: str) -> list[str]:
    """Return everything about one rule, line by line. Raises UsageError with the nearest id."""
    rule = find_rule(name)
    lines = [f"{rule.id}: {rule.title}", f"  {summarise(rule)}", f"  Measures: {rule.measures}"]
    lines.append(f"  Action:   {rule.action}")
    lines += [f"  Step:     {step.format(option='--user-name=USER')}" for step in rule.remedy or ()]
    lines += [f"  Control:  {control}" for control in rule.controls]
    lines += [_in_profile(profile, rule) for profile in PROFILES.values() if name in profile.rules]
    if rule.peers:
        lines.append(f"  Elsewhere: {rule.peers}")
    return lines


def _in_profile(profile: Profile, rule: Rule) -> str:
    words = f"  Profile:  {profile.name}"
    if rule.parameter is None:
        return words
    number = profile.number(rule.parameter.name)
    if number is None:
        return f"{words}: {rule.boundary()}"
    return f"{words}: {rule.boundary(number.value)} ({number.source})"
