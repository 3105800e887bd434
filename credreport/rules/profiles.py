"""PROFILES: named sets of rules with their numbers and their text, as data with its source.

A profile of a benchmark has the rules that have a control of it: a rule is mapped once, on the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from credreport.rules.catalogue import RULES
from credreport.rules.rule import Rule
from credreport.rules.thresholds import UNUSED_AFTER, Number

OUR_DEFAULT = "credreport's own default: the source names no number"


@dataclass(frozen=True)
class Profile:
    """A set of rules, their numbers, and the benchmark's own words.

    `benchmark` is what the controls of its rules begin with. `chosen` names the rules where no
    benchmark does. `numbers` maps a parameter's name to its number; other parameters keep their
    default. `alternatives` are other numbers that the benchmark has for the same parameter.
    """

    name: str
    title: str
    words: str
    benchmark: str = ""
    chosen: tuple[str, ...] = ()
    numbers: Mapping[str, Number] = field(default_factory=dict)
    alternatives: Mapping[str, tuple[Number, ...]] = field(default_factory=dict)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules, in the order of the catalogue."""
        if self.chosen:
            return self.chosen
        return tuple(rule.id for rule in RULES.values() if self._controls(rule))

    def _controls(self, rule: Rule) -> tuple[str, ...]:
        start = f"{self.benchmark} "
        return tuple(control for control in rule.controls if control.startswith(start))

    def number(self, parameter: str) -> Number | None:
        """Return the profile's number of a parameter; None where it has none of its own."""
        return self.numbers.get(parameter)

    def controls(self, rule: Rule, number: int | None = None) -> tuple[str, ...]:
        """Return the benchmark's controls for a rule; where they differ by number, the one that fits.

        A number that no control names (60 days, say) is shown under the profile's own.
        """
        controls = self._controls(rule)
        if rule.parameter is None or rule.parameter.name not in self.alternatives:
            return controls
        known = (self.numbers[rule.parameter.name], *self.alternatives[rule.parameter.name])
        fitting = next((each for each in known if each.value == number), known[0])
        return tuple(control for control in controls if control == fitting.control)


def _cis(version: str, days: int) -> Profile:
    """Return the profile of one version, with its number of days."""
    benchmark = f"CIS AWS {version}"
    unused, rotation = (
        control.removeprefix(f"{benchmark} ")
        for rule in ("unused-access-key", "unrotated-access-key")
        for control in RULES[rule].controls
        if control.startswith(f"{benchmark} ")
    )
    at_least = "more" if int(version[0]) >= 5 else "greater"
    return Profile(
        name=f"cis-{version.removesuffix('.0')}",
        title=f"CIS AWS Foundations Benchmark v{version}",
        words=f"CIS Amazon Web Services Foundations Benchmark v{version}. Unused: {days} days or more. "
        "Rotation: a key passes at 90 days or less, so the rule fires above 90. Root use: the "
        "benchmark names no number.",
        benchmark=benchmark,
        numbers={
            UNUSED_AFTER.name: Number(days, f"{benchmark}, {unused}: {days} days or {at_least}"),
            "rotate_after_days": Number(90, f"{benchmark}, {rotation}: 90 days or less"),
            "root_used_within_days": Number(7, OUR_DEFAULT),
        },
    )


_CATALOGUE = (
    Profile(
        name="conformity",
        title="Check for Unused AWS IAM Credentials",
        words="Trend Micro Cloud One Conformity (2019): a credential is unused when it was not used "
        "for 90 days or more; one that was never used counts from the day it was set.",
        chosen=("unused-password", "unused-access-key"),
        numbers={
            UNUSED_AFTER.name: Number(90, "Conformity (2019): 90 days or more"),
        },
    ),
    _cis("1.2.0", 90),
    *(_cis(version, 45) for version in ("1.4.0", "1.5.0", "2.0.0", "3.0.0", "4.0.0", "4.0.1")),
    *(_cis(version, 45) for version in ("5.0.0", "6.0.0", "7.0.0")),
    Profile(
        name="aws-fsbp",
        title="AWS Security Hub",
        words="AWS Security Hub. IAM.8 asks for 90 days, IAM.22 for 45: --unused-after 45 chooses "
        "IAM.22. IAM.3 passes a key of 90 days or less, so the rule fires above 90. IAM.9, IAM.19 "
        "and IAM.22 belong to other standards than FSBP; each control names its own.",
        benchmark="AWS Security Hub",
        numbers={
            UNUSED_AFTER.name: Number(
                90, "AWS Security Hub, IAM.8: 90 days", "AWS Security Hub IAM.8 (FSBP 1.0.0)"
            ),
            "rotate_after_days": Number(90, "AWS Security Hub, IAM.3: every 90 days or less"),
        },
        alternatives={
            UNUSED_AFTER.name: (
                Number(
                    45,
                    "AWS Security Hub, IAM.22: 45 days",
                    "AWS Security Hub IAM.22 (CIS AWS 3.0.0)",
                ),
            )
        },
    ),
    Profile(
        name="pci-4.0.1",
        title="PCI DSS v4.0.1",
        words="PCI DSS v4.0.1. 8.2.6: inactive accounts are removed or disabled within 90 days of "
        "inactivity. 8.4.2: MFA for all access, asked of every user who has an active credential, and "
        "of root. 8.3.9: a password that is the only factor is changed every 90 days. 8.6.3: the "
        "secrets of programs are changed at an interval of the entity's own choice, here 90 days.",
        benchmark="PCI DSS 4.0.1",
        numbers={
            UNUSED_AFTER.name: Number(90, "PCI DSS 4.0.1, 8.2.6: within 90 days of inactivity"),
            "rotate_after_days": Number(90, OUR_DEFAULT),
            "password_age_days": Number(90, "PCI DSS 4.0.1, 8.3.9: at least once every 90 days"),
        },
    ),
    *(
        Profile(
            name=f"fedramp-{level.lower()}",
            title=f"FedRAMP {level} baseline",
            words=f"FedRAMP {level} baseline (NIST SP 800-53 r5), AC-2(3): accounts that were inactive "
            f"for {days} days are disabled.",
            benchmark=f"FedRAMP {level} r5",
            numbers={
                UNUSED_AFTER.name: Number(days, f"AC-2(3), FedRAMP {level} baseline: {days} days")
            },
        )
        for level, days in (("High", 35), ("Moderate", 90))
    ),
    Profile(
        name="essential-eight",
        title="Essential Eight (ASD)",
        words="Australian Signals Directorate, Essential Eight Maturity Model (November 2023) and "
        "Information Security Manual (December 2023). ISM-1648: privileged access is disabled after 45 "
        "days of inactivity, from maturity level two on; ISM-1404 asks the same of unprivileged access, "
        "in the manual alone. A credential report does not say which users are privileged, so every "
        "user is judged alike.",
        benchmark="ASD ISM 2023",
        numbers={
            UNUSED_AFTER.name: Number(45, "ISM-1648 and ISM-1404: after 45 days of inactivity"),
        },
    ),
    Profile(
        name="all",
        title="Every rule",
        words="Every rule of the catalogue, each with its default number.",
        chosen=tuple(RULES),
    ),
)

DEFAULT_PROFILE = "conformity"
PROFILES: dict[str, Profile] = {profile.name: profile for profile in _CATALOGUE}


def number_asked(control: str, rule: Rule) -> int | None:
    """Return the number of days that a control of a rule asks for; None where its benchmark names none."""
    if rule.parameter is None:
        return None
    for profile in PROFILES.values():
        if not control.startswith(f"{profile.benchmark} "):
            continue
        own = profile.number(rule.parameter.name)
        for number in (own, *profile.alternatives.get(rule.parameter.name, ())):
            if number and number.source != OUR_DEFAULT and number.control in ("", control):
                return number.value
    return None
