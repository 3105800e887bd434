"""The policy that credentials are judged by: a profile, the user's own numbers, classes of users."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credreport.errors import Notice, UsageError
from credreport.rules.catalogue import PARAMETERS, RULES
from credreport.rules.glob import Names, to_pattern
from credreport.rules.option_file import OptionFile
from credreport.rules.profiles import DEFAULT_PROFILE, PROFILES, Profile, number_asked
from credreport.rules.rule import Rule
from credreport.rules.thresholds import UNUSED_AFTER, Parameter
from credreport.rules.toml_file import TomlFile, shown, suggest

if TYPE_CHECKING:
    import pandas as pd

MAX_DAYS = UNUSED_AFTER.most
_CLASS = "class"
_MATCH = "match"
_LISTS = ("select", "extend", "ignore")
KEYS = ("profile", *_LISTS, _CLASS, *PARAMETERS)


@dataclass(frozen=True)
class UserClass:
    """The users whose name fits `match`, and their own numbers, by parameter name.

    If `is_masked`, `match` is a pseudonym: whom it fits can no longer be determined. `line` is its
    line in the file.
    """

    match: str
    numbers: Mapping[str, int]
    is_masked: bool = False
    line: int = 0


@dataclass(frozen=True)
class Policy:
    """The rules and numbers of one run. The default is Conformity's: unused for 90 days or more.

    Source: Trend Micro Cloud One Conformity, "Check for Unused AWS IAM Credentials" (2019).
    `numbers` has the values of the other parameters; one that is not named has its default. Of
    `classes`, the first one that fits a user counts. `file` is the user's own policy.
    """

    profile: str = DEFAULT_PROFILE
    unused_after_days: int = UNUSED_AFTER.default
    include_root: bool = False
    rules: tuple[str, ...] = PROFILES[DEFAULT_PROFILE].rules
    numbers: Mapping[str, int] = field(default_factory=dict)
    classes: tuple[UserClass, ...] = ()
    file: OptionFile | None = None

    def __post_init__(self) -> None:
        """Raise UsageError for a number of days out of range, and for unknown names."""
        if not 1 <= self.unused_after_days <= MAX_DAYS:
            message = f"--unused-after {self.unused_after_days}: give a number of days from 1 to {MAX_DAYS}"
            raise UsageError(message)
        find_profile(self.profile)
        for name in self.rules:
            find_rule(name)

    @classmethod
    def of(
        cls, profile: str, *, unused_after_days: int | None = None, include_root: bool = False
    ) -> Policy:
        """Return a profile's rules and numbers; `unused_after_days` overrides the profile's."""
        found = find_profile(profile)
        numbers = _numbers(found)
        days = numbers.pop(UNUSED_AFTER.name, UNUSED_AFTER.default)
        return cls(
            profile=found.name,
            unused_after_days=days if unused_after_days is None else unused_after_days,
            include_root=include_root,
            rules=found.rules,
            numbers=numbers,
        )

    @property
    def origin(self) -> str:
        """The user's own policy, by name and hash; empty where there is none."""
        return str(self.file) if self.file else ""

    @property
    def is_default(self) -> bool:
        """Whether this is Conformity's rule and nothing else, whatever its number of days."""
        return self.profile == DEFAULT_PROFILE and set(self.rules) == set(
            PROFILES[DEFAULT_PROFILE].rules
        )

    def number(self, parameter: Parameter) -> int:
        """Return the number that applies to users of no class."""
        if parameter == UNUSED_AFTER:
            return self.unused_after_days
        return self.numbers.get(parameter.name, parameter.default)

    def number_of(self, rule: Rule) -> int | None:
        """Return the number of a rule for users of no class; None for a rule without one."""
        return None if rule.parameter is None else self.number(rule.parameter)

    def controls(self, rule: Rule) -> tuple[str, ...]:
        """Return the profile's controls of a rule; one that asks for less than this run says so."""
        named = PROFILES[self.profile].controls(rule, self.number_of(rule))
        return tuple(
            each
            if self.too_lax_for(rule, each) is None
            else f"{each} (asks for {number_asked(each, rule)} days)"
            for each in named
        )

    def too_lax_for(self, rule: Rule, control: str) -> int | None:
        """Return the laxest number of a rule, a class's own among them, if the control asks for less."""
        asked = number_asked(control, rule)
        if asked is None or rule.parameter is None:
            return None
        base = self.number(rule.parameter)
        own = [base, *(each.numbers.get(rule.parameter.name, base) for each in self.classes)]
        lax = [number for number in own if rule.is_laxer(number, asked)]
        return max(lax, default=None, key=lambda number: abs(number - asked))

    def numbers_for(self, users: pd.Series, parameter: Parameter) -> pd.Series:
        """Return the number of each user (a column of names): the first class that fits, or the base.

        A class that fits but does not set this parameter leaves the base number.
        """
        base = self.number(parameter)
        own = [each.numbers.get(parameter.name, base) for each in self.classes]
        return self.class_numbers(users).map(dict(enumerate([*own, base])))

    def class_numbers(self, users: pd.Series) -> pd.Series:
        """Return which class counts for each user, from 0; the number of classes where none fits."""
        import pandas as pd  # noqa: PLC0415 - slow to import; `inspect` needs none

        none = len(self.classes)
        if not none:
            return pd.Series(none, index=users.index, dtype="int64")
        names = Names(users.unique())
        first: dict[str, int] = {}
        for number, each in enumerate(self.classes):
            for name in names.fitting(each.match):
                first.setdefault(name, number)
        return users.map(lambda name: first.get(name, none)).astype("int64")

    def class_notices(self, used: Collection[int]) -> list[Notice]:
        """Return a warning for each class of the file that counts for nobody; `used` are the others."""
        if self.file is None:
            return []
        return [
            Notice(
                self.file.name,
                each.line,
                "class-unmatched",
                f"no user is in class {each.match!r} (none fits, or a class above takes them)",
            )
            for number, each in enumerate(self.classes)
            if number not in used
        ]

    def possible_numbers(self, user: str, parameter: Parameter) -> tuple[int, ...]:
        """Return the number of one user; if a class is masked, all that may apply, in order."""
        fitting = (each for each in self.classes if to_pattern(each.match).fullmatch(user))
        own = next((each.numbers for each in fitting), {})
        found = {own.get(parameter.name, self.number(parameter))}
        masked = [each.numbers for each in self.classes if each.is_masked]
        found |= {numbers[parameter.name] for numbers in masked if parameter.name in numbers}
        return tuple(sorted(found))


def _numbers(profile: Profile) -> dict[str, int]:
    """Return the profile's numbers for the parameters of its rules."""
    used = {RULES[name].parameter for name in profile.rules}
    return {
        parameter.name: number.value
        for parameter in PARAMETERS.values()
        if parameter in used and (number := profile.number(parameter.name))
    }


def find_profile(name: str) -> Profile:
    """Return the profile of that name. Raises UsageError with those of its family, or with all."""
    if name not in PROFILES:
        raise UsageError(f"--profile {name!r}: no such profile. {_suggest_profiles(name)}.")
    return PROFILES[name]


def _suggest_profiles(name: str) -> str:
    """Return the profiles of the same family, or all: never one alone, whose numbers may differ."""
    family = re.match(r"[a-z]*", name.casefold())
    start = family[0] if family else ""
    alike = [known for known in PROFILES if re.split(r"[^a-z]", known)[0] == start]
    return f"Known: {', '.join(alike or PROFILES)}"


def find_rule(name: str) -> Rule:
    """Return the rule of that id. Raises UsageError with the nearest one."""
    if name not in RULES:
        raise UsageError(f"no rule {name!r}. {suggest(name, RULES)}.")
    return RULES[name]


def load_policy(
    path: Path | None = None,
    *,
    profile: str | None = None,
    unused_after_days: int | None = None,
    include_root: bool = False,
) -> Policy:
    """Return the policy in force: the arguments win over the file, the file over the profile.

    The file is TOML: `profile` to start from; parameters by name; `select` (these rules instead of
    the profile's), `extend` (these too), `ignore` (not these); `[[class]]` tables with `match` and
    numbers. Raises UsageError with file, line and the nearest known name for what is wrong in it.
    """
    if path is None:
        return Policy.of(
            DEFAULT_PROFILE if profile is None else profile,
            unused_after_days=unused_after_days,
            include_root=include_root,
        )
    file = TomlFile(path, "--policy")
    document = file.document
    file.check_keys(document, KEYS)
    if not document:
        remedy = "Write a profile, numbers or rules, or leave the option out"
        file.report(1, "nothing is set in it; it may be cut", remedy)
    base = PROFILES[DEFAULT_PROFILE] if profile is None else find_profile(profile)
    named = document.get("profile", base.name)
    if not isinstance(named, str):
        remedy = 'Write the name of one in quotes, such as profile = "cis-5.0"'
        file.report(file.line_of("profile"), f"`profile` is {shown(named)}", remedy)
    elif named not in PROFILES:
        found = f"no profile {shown(named)}"
        file.report(file.line_of("profile"), found, _suggest_profiles(named))
    elif profile is None:
        base = PROFILES[named]
    numbers = _numbers(base) | _read_numbers(file, document)
    rules = _read_rules(file, base)
    tables = file.tables(_CLASS)
    classes = tuple(_read_class(file, table, number) for number, table in enumerate(tables))
    for number, table in enumerate(tables):
        _report_idle(file, rules, table, _CLASS, number)
    _report_idle(file, rules, document)
    file.finish()
    days = numbers.pop(UNUSED_AFTER.name, UNUSED_AFTER.default)
    return Policy(
        profile=base.name,
        unused_after_days=days if unused_after_days is None else unused_after_days,
        include_root=include_root,
        rules=rules,
        numbers=numbers,
        classes=classes,
        file=file.file,
    )


def _read_numbers(
    file: TomlFile, values: Mapping[str, Any], table: str = "", number: int = 0
) -> dict[str, int]:
    """Return the parameters that are set, in the catalogue's order; report invalid ones."""
    found = {}
    for parameter in PARAMETERS.values():
        value = values.get(parameter.name)
        if value is None:
            continue
        # A TOML true is an int to Python, but no number of days.
        if type(value) is int and parameter.least <= value <= parameter.most:
            found[parameter.name] = value
            continue
        line = file.line_of(parameter.name, table, number)
        limits = f"from {parameter.least} to {parameter.most}"
        remedy = f"Give a whole number of days {limits}"
        file.report(line, f"`{parameter.name}` is {shown(value)}", remedy)
    return found


def _read_rules(file: TomlFile, base: Profile) -> tuple[str, ...]:
    """Return the rules in force, in the order of the catalogue."""
    lists = {key: _read_names(file, key) for key in _LISTS}
    chosen = set(lists["select"] if "select" in file.document else base.rules)
    chosen |= set(lists["extend"])
    chosen -= set(lists["ignore"])
    for name in dict.fromkeys(lists["ignore"]):
        taken = next((key for key in ("select", "extend") if name in lists[key]), None)
        if taken:
            line = file.line_of_value(name, "ignore")
            file.report(
                line, f"{shown(name)} is in `ignore` and in `{taken}`", "Take it out of one"
            )
    if not chosen:
        line = file.line_of("ignore") or file.line_of("select")
        file.report(line, "no rule is left", "Select at least one, or ignore fewer")
    return tuple(name for name in RULES if name in chosen)


def _report_idle(
    file: TomlFile,
    rules: Sequence[str],
    values: Mapping[str, Any],
    table: str = "",
    number: int = 0,
) -> None:
    """Report numbers that no rule in force uses: who sets one believes that it is checked."""
    used = {UNUSED_AFTER, *(RULES[name].parameter for name in rules)}
    for parameter in PARAMETERS.values():
        if parameter.name in values and parameter not in used:
            rule = next(each.id for each in RULES.values() if each.parameter == parameter)
            line = file.line_of(parameter.name, table, number)
            found = f"`{parameter.name}` is the number of {rule}, which is not in force"
            file.report(line, found, f'Write extend = ["{rule}"], or take the number out')


def _read_names(file: TomlFile, key: str) -> Sequence[str]:
    names = file.document.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        file.report(file.line_of(key), f"`{key}` is not a list of rules", f'Write {key} = ["RULE"]')
        return ()
    for name in names:
        if name not in RULES:
            line = file.line_of_value(name, key)
            file.report(line, f"no rule {shown(name)} (in `{key}`)", suggest(name, RULES))
    return names


def _read_class(file: TomlFile, table: Mapping[str, Any], number: int) -> UserClass:
    file.check_keys(table, (_MATCH, *PARAMETERS), _CLASS, number)
    glob = table.get(_MATCH)
    line = file.line_of(_MATCH, _CLASS, number)
    if not isinstance(glob, str) or not glob:
        file.report(line, "a class without `match`", 'Write match = "svc-*"')
        glob = ""
    elif "[" in glob:
        file.report(line, f"`match` is {shown(glob)}", "A glob has * and ? only")
    numbers = _read_numbers(file, table, _CLASS, number)
    if not set(table) - {_MATCH}:
        file.report(line, "a class without a number of its own", "Write unused_after_days = 365")
    return UserClass(glob, numbers, line=line)
