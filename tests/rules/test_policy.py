"""Profiles, and the user's own policy file: literal in, literal out, every fault with its line."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from credreport.errors import UsageError
from credreport.evidence.of_analysis import of_analysis
from credreport.rules.catalogue import RULES
from credreport.rules.glob import Names
from credreport.rules.policy import Policy, UserClass, load_policy
from credreport.rules.profiles import PROFILES, number_asked
from credreport.rules.thresholds import UNUSED_AFTER
from tests.support.reports import judge, root, user, verdict

PASSWORD = {
    "password_enabled": "true",
    "password_last_used": "2026-01-30T08:00:00Z",
    "password_last_changed": "2026-01-10T08:00:00Z",
}

CIS_RULES = {
    "unused-password",
    "unused-access-key",
    "unrotated-access-key",
    "console-without-mfa",
    "setup-access-key",
    "two-active-access-keys",
    "root-access-key",
    "root-without-mfa",
    "root-recently-used",
}
# The numbers that CIS AWS 1.4.0 to 4.0.1 share.
CIS_3 = {
    "unused-password": "1.12",
    "unused-access-key": "1.12",
    "unrotated-access-key": "1.14",
    "console-without-mfa": "1.10",
    "setup-access-key": "1.11",
    "two-active-access-keys": "1.13",
    "root-access-key": "1.4",
    "root-without-mfa": "1.5",
    "root-recently-used": "1.7",
}
# Profile, unused after, and the control of each rule.
SPECIFIED: dict[str, tuple[int, dict[str, str]]] = {
    "conformity": (90, {"unused-password": "", "unused-access-key": ""}),
    "cis-1.2": (
        90,
        {
            "unused-password": "CIS AWS 1.2.0 1.3",
            "unused-access-key": "CIS AWS 1.2.0 1.3",
            "unrotated-access-key": "CIS AWS 1.2.0 1.4",
            "console-without-mfa": "CIS AWS 1.2.0 1.2",
            "setup-access-key": "CIS AWS 1.2.0 1.21",
            "root-access-key": "CIS AWS 1.2.0 1.12",
            "root-without-mfa": "CIS AWS 1.2.0 1.13",
            "root-recently-used": "CIS AWS 1.2.0 1.1",
        },
    ),
    **{
        f"cis-{version.removesuffix('.0')}": (
            45,
            {rule: f"CIS AWS {version} {number}" for rule, number in CIS_3.items()},
        )
        for version in ("1.4.0", "1.5.0", "2.0.0", "3.0.0", "4.0.0", "4.0.1")
    },
    "cis-5.0": (
        45,
        {
            "unused-password": "CIS AWS 5.0.0 1.11",
            "unused-access-key": "CIS AWS 5.0.0 1.11",
            "unrotated-access-key": "CIS AWS 5.0.0 1.13",
            "console-without-mfa": "CIS AWS 5.0.0 1.9",
            "setup-access-key": "CIS AWS 5.0.0 1.10",
            "two-active-access-keys": "CIS AWS 5.0.0 1.12",
            "root-access-key": "CIS AWS 5.0.0 1.3",
            "root-without-mfa": "CIS AWS 5.0.0 1.4",
            "root-recently-used": "CIS AWS 5.0.0 1.6",
        },
    ),
    "cis-6.0": (
        45,
        {
            "unused-password": "CIS AWS 6.0.0 2.11",
            "unused-access-key": "CIS AWS 6.0.0 2.11",
            "unrotated-access-key": "CIS AWS 6.0.0 2.13",
            "console-without-mfa": "CIS AWS 6.0.0 2.9",
            "setup-access-key": "CIS AWS 6.0.0 2.10",
            "two-active-access-keys": "CIS AWS 6.0.0 2.12",
            "root-access-key": "CIS AWS 6.0.0 2.3",
            "root-without-mfa": "CIS AWS 6.0.0 2.4",
            "root-recently-used": "CIS AWS 6.0.0 2.6",
        },
    ),
    "cis-7.0": (
        45,
        {
            "unused-password": "CIS AWS 7.0.0 2.11",
            "unused-access-key": "CIS AWS 7.0.0 2.11",
            "unrotated-access-key": "CIS AWS 7.0.0 2.12",
            "console-without-mfa": "CIS AWS 7.0.0 2.10",
            "root-access-key": "CIS AWS 7.0.0 2.4",
            "root-without-mfa": "CIS AWS 7.0.0 2.5",
            "root-recently-used": "CIS AWS 7.0.0 2.7",
        },
    ),
    "aws-fsbp": (
        90,
        {
            "unused-password": "AWS Security Hub IAM.8 (FSBP 1.0.0)",
            "unused-access-key": "AWS Security Hub IAM.8 (FSBP 1.0.0)",
            "unrotated-access-key": "AWS Security Hub IAM.3 (FSBP 1.0.0)",
            "console-without-mfa": "AWS Security Hub IAM.5 (FSBP 1.0.0)",
            "user-without-mfa": "AWS Security Hub IAM.19 (PCI DSS 4.0.1)",
            "root-access-key": "AWS Security Hub IAM.4 (FSBP 1.0.0)",
            "root-without-mfa": "AWS Security Hub IAM.9 (CIS AWS 3.0.0)",
        },
    ),
    "pci-4.0.1": (
        90,
        {
            "unused-password": "PCI DSS 4.0.1 8.2.6",
            "unused-access-key": "PCI DSS 4.0.1 8.2.6",
            "unrotated-access-key": "PCI DSS 4.0.1 8.6.3",
            "old-single-factor-password": "PCI DSS 4.0.1 8.3.9",
            "console-without-mfa": "PCI DSS 4.0.1 8.4.2",
            "user-without-mfa": "PCI DSS 4.0.1 8.4.2",
            "root-without-mfa": "PCI DSS 4.0.1 8.4.2",
        },
    ),
    "fedramp-high": (
        35,
        {
            "unused-password": "FedRAMP High r5 AC-2(3)",
            "unused-access-key": "FedRAMP High r5 AC-2(3)",
        },
    ),
    "fedramp-moderate": (
        90,
        {
            "unused-password": "FedRAMP Moderate r5 AC-2(3)",
            "unused-access-key": "FedRAMP Moderate r5 AC-2(3)",
        },
    ),
    "essential-eight": (
        45,
        dict.fromkeys(
            ("unused-password", "unused-access-key"),
            "ASD ISM 2023 ISM-1648 (Essential Eight); ASD ISM 2023 ISM-1404",
        ),
    ),
    "all": (90, dict.fromkeys(RULES, "")),
}


def write(directory: Path, text: str) -> Path:
    path = directory / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(directory: Path, text: str, **options: str) -> str:
    with pytest.raises(UsageError) as refused:
        load_policy(write(directory, text), **options)  # type: ignore[arg-type]
    return str(refused.value)


# Profiles.


def test_profiles_are_those_of_the_specification() -> None:
    assert list(PROFILES) == list(SPECIFIED)


@pytest.mark.parametrize("name", SPECIFIED)
def test_profile_has_its_rules_numbers_and_controls(name: str) -> None:
    days, controls = SPECIFIED[name]
    policy = Policy.of(name)
    assert policy.unused_after_days == days
    found = {
        rule: "; ".join(PROFILES[name].controls(RULES[rule], policy.number_of(RULES[rule])))
        for rule in policy.rules
    }
    assert found == controls


@pytest.mark.parametrize("profile", PROFILES)
def test_number_of_a_profile_has_a_source(profile: str) -> None:
    found = PROFILES[profile]
    assert found.words
    assert all(number.source for number in found.numbers.values())


def test_default_policy_is_the_profile_conformity() -> None:
    assert Policy() == Policy.of("conformity") == load_policy()
    assert Policy().is_default
    assert not Policy.of("fedramp-high").is_default


def test_cis_numbers_stand_beside_each_other() -> None:
    policy = Policy.of("cis-3.0")
    assert policy.number_of(RULES["unused-password"]) == 45
    assert policy.number_of(RULES["unrotated-access-key"]) == 90
    assert policy.number_of(RULES["setup-access-key"]) is None
    assert policy.number_of(RULES["root-recently-used"]) == 7
    assert policy.number_of(RULES["console-without-mfa"]) is None


@pytest.mark.parametrize(
    ("control", "rule", "days"),
    [
        ("CIS AWS 1.2.0 1.3", "unused-password", 90),
        ("CIS AWS 4.0.0 1.12", "unused-access-key", 45),
        ("CIS AWS 4.0.0 1.14", "unrotated-access-key", 90),
        ("AWS Security Hub IAM.8 (FSBP 1.0.0)", "unused-password", 90),
        ("AWS Security Hub IAM.22 (CIS AWS 3.0.0)", "unused-password", 45),
        ("FedRAMP High r5 AC-2(3)", "unused-password", 35),
        # The entity or the organisation chooses.
        ("PCI DSS 4.0.1 8.6.3", "unrotated-access-key", None),
        ("NIST SP 800-53 r5 AC-2(3)", "unused-password", None),
        ("CIS AWS 5.0.0 1.6", "root-recently-used", None),
        ("CIS AWS 5.0.0 1.9", "console-without-mfa", None),
        ("unused-password", "unused-password", None),
    ],
)
def test_number_that_a_control_asks_for(control: str, rule: str, days: int | None) -> None:
    assert number_asked(control, RULES[rule]) == days


@pytest.mark.parametrize(
    ("days", "shown"),
    [(45, "CIS AWS 5.0.0 1.11"), (46, "CIS AWS 5.0.0 1.11 (asks for 45 days)")],
)
def test_a_control_that_asks_for_less_than_the_run_says_so(days: int, shown: str) -> None:
    policy = Policy.of("cis-5.0", unused_after_days=days)
    assert policy.controls(RULES["unused-password"]) == (shown,)


@pytest.mark.parametrize(
    ("base", "own", "lax"),
    [(45, 45, None), (45, 44, None), (45, 46, 46), (60, 46, 60), (60, 400, 400), (60, None, 60)],
)
def test_the_laxest_number_of_any_user_counts(base: int, own: int | None, lax: int | None) -> None:
    numbers = {} if own is None else {"unused_after_days": own}
    classes = (UserClass("svc-*", numbers),)
    policy = replace(Policy.of("cis-5.0", unused_after_days=base), classes=classes)
    assert policy.too_lax_for(RULES["unused-password"], "CIS AWS 5.0.0 1.11") == lax


@pytest.mark.parametrize(
    ("days", "control"),
    [
        (90, "AWS Security Hub IAM.8 (FSBP 1.0.0)"),
        (45, "AWS Security Hub IAM.22 (CIS AWS 3.0.0)"),
        (60, "AWS Security Hub IAM.8 (FSBP 1.0.0)"),
    ],
)
def test_unused_after_chooses_the_control_of_security_hub(days: int, control: str) -> None:
    assert PROFILES["aws-fsbp"].controls(RULES["unused-password"], days) == (control,)


def test_unused_after_overrides_the_profile() -> None:
    assert load_policy(profile="cis-3.0", unused_after_days=30).unused_after_days == 30
    assert load_policy(profile="cis-3.0").unused_after_days == 45


CIS = [name for name in PROFILES if name.startswith("cis-")]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("cis-3", CIS),
        ("CIS 1.4.0", CIS),
        ("cis", CIS),
        ("fedramp-low", ["fedramp-high", "fedramp-moderate"]),
        ("pci-3.2.1", ["pci-4.0.1"]),
        ("iso-27001", list(PROFILES)),
        ("", list(PROFILES)),
        ("5.0", list(PROFILES)),
    ],
)
def test_unknown_profile_names_those_of_its_family_or_all(name: str, known: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        load_policy(profile=name)
    assert str(error.value).endswith(f": no such profile. Known: {', '.join(known)}.")


def test_policy_knows_no_unknown_rule() -> None:
    with pytest.raises(UsageError, match="no rule 'unused-pasword'. The nearest is `unused-pass"):
        Policy(rules=("unused-pasword",))


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_number_of_days_must_be_one_that_can_be_meant(days: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 36500"):
        Policy(unused_after_days=days)


# The policy file.


def test_policy_starts_from_a_profile_and_changes_it(tmp_path: Path) -> None:
    text = """
profile = "cis-3.0"
unused_after_days = 60
rotate_after_days = 30
ignore = ["setup-access-key"]
extend = ["never-used-access-key"]
grace_days = 14
"""
    policy = load_policy(write(tmp_path, text))
    assert policy.profile == "cis-3.0"
    assert policy.unused_after_days == 60
    assert set(policy.rules) == CIS_RULES - {"setup-access-key"} | {"never-used-access-key"}
    assert policy.number_of(RULES["unrotated-access-key"]) == 30
    assert policy.number_of(RULES["never-used-access-key"]) == 14
    assert policy.number_of(RULES["root-recently-used"]) == 7
    assert policy.origin.startswith("policy.toml (SHA-256 ")


def test_rules_stand_in_the_order_of_the_catalogue(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, 'select = ["inactive-user", "unused-access-key"]'))
    assert policy.rules == ("unused-access-key", "inactive-user")


@pytest.mark.parametrize("text", ["", "\n", "# unused_after_days = 45\n"])
def test_a_policy_that_sets_nothing_is_refused(tmp_path: Path, text: str) -> None:
    """A download that failed leaves such a file; the defaults would pass for the auditor's numbers."""
    with pytest.raises(UsageError, match=r"line 1: nothing is set in it; it may be cut"):
        load_policy(write(tmp_path, text))


def test_a_policy_may_name_the_default_alone(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, 'profile = "conformity"\n'))
    assert policy.is_default
    assert policy.rules == Policy().rules
    assert policy.unused_after_days == 90


def test_command_line_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'profile = "cis-3.0"\nunused_after_days = 60\n')
    policy = load_policy(path, profile="cis-1.2", unused_after_days=10, include_root=True)
    assert policy.profile == "cis-1.2"
    assert policy.unused_after_days == 10
    assert policy.include_root
    assert load_policy(path, profile="cis-1.2").unused_after_days == 60


def test_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b'\xef\xbb\xbfprofile = "all"\n')
    assert load_policy(path).profile == "all"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'profile = "cis-3.0"\nunsed_after_days = 60\n',
            "policy.toml, line 2: unknown key `unsed_after_days`. "
            "The nearest is `unused_after_days`.",
        ),
        (
            '\nprofile = "cis-3"\n',
            "policy.toml, line 2: no profile 'cis-3'. Known: cis-1.2, cis-1.4,",
        ),
        (
            "profile = 3\n",
            "policy.toml, line 1: `profile` is 3. Write the name of one in quotes, such as",
        ),
        (
            'select = [\n  "unused-password",\n  "unused-acess-key",\n]\n',
            "policy.toml, line 3: no rule 'unused-acess-key' (in `select`). "
            "The nearest is `unused-access-key`.",
        ),
        (
            'ignore = [\n"unused\\u002dkey"]',
            "policy.toml, line 1: no rule 'unused-key' (in `ignore`).",
        ),
        (
            "extend = ['root-mfa']",
            "policy.toml, line 1: no rule 'root-mfa' (in `extend`). "
            "The nearest is `root-without-mfa`.",
        ),
        (
            'ignore = "root-access-key"\n',
            'policy.toml, line 1: `ignore` is not a list of rules. Write ignore = ["RULE"].',
        ),
        ("ignore = [1]\n", "policy.toml, line 1: `ignore` is not a list of rules."),
        (
            "select = []\n",
            "policy.toml, line 1: no rule is left. Select at least one, or ignore fewer.",
        ),
        (
            'extend = ["root-access-key"]\nignore = ["root-access-key"]\n',
            "policy.toml, line 2: 'root-access-key' is in `ignore` and in `extend`. Take it out of one.",
        ),
        (
            'ignore = ["unused-password", "unused-access-key"]\n',
            "policy.toml, line 1: no rule is left.",
        ),
        (
            "unused_after_days = 0\n",
            "policy.toml, line 1: `unused_after_days` is 0. "
            "Give a whole number of days from 1 to 36500.",
        ),
        ("unused_after_days = 36_501\n", "`unused_after_days` is 36501."),
        ("unused_after_days = true\n", "`unused_after_days` is true."),
        ("grace_days = 7.5\n", "`grace_days` is 7.5. Give a whole number of days from 0"),
        (
            '[[class]]\nmatch = "a*"\nunused_after_days = 5\n'
            '[[class]]\nmatch = "b*"\nunused_aftr_days = 5\n',
            "policy.toml, line 6: unknown key `unused_aftr_days`. "
            "The nearest is `unused_after_days`.",
        ),
        (
            "[[class]]\nunused_after_days = 5\n",
            'policy.toml, line 1: a class without `match`. Write match = "svc-*".',
        ),
        ('[[class]]\nmatch = ""\ngrace_days = 1\n', "policy.toml, line 2: a class without `match`"),
        (
            '[[class]]\nmatch = "[ab]*"\ngrace_days = 1\n',
            "policy.toml, line 2: `match` is '[ab]*'. A glob has * and ? only.",
        ),
        (
            'profile = "conformity"\nrotate_after_days = 60\n',
            "policy.toml, line 2: `rotate_after_days` is the number of unrotated-access-key, which is "
            'not in force. Write extend = ["unrotated-access-key"], or take the number out.',
        ),
        (
            '[[class]]\nmatch = "a*"\ngrace_days = 1\n',
            "policy.toml, line 3: `grace_days` is the number of never-used-password, which is not in "
            "force.",
        ),
        (
            '[[class]]\nmatch = "a*"\n',
            "policy.toml, line 2: a class without a number of its own. "
            "Write unused_after_days = 365.",
        ),
        (
            '[class]\nmatch = "a*"\n',
            "policy.toml, line 1: `class` is not a table. Write [[class]].",
        ),
        ("class = 1\n", "policy.toml, line 1: `class` is not a table."),
        (
            f"unused_after_days = 0x{'f' * 5000}\n",
            "policy.toml: not TOML (a value that cannot be read).",
        ),
        (
            "[[clas]]\n",
            "policy.toml, line 1: unknown key `clas`. The nearest is `class`.",
        ),
        (
            'class = [{match = "a*", grace_day = 1}]\n',
            "policy.toml: unknown key `grace_day`. The nearest is `grace_days`.",
        ),
        (
            "profile = conformity\n",
            "policy.toml, line 1, column 11: not TOML (Invalid value).",
        ),
        ('profile = "all\n', "policy.toml, line 1, column 15: not TOML ("),
        ("[[class]]\nmatch = [", "policy.toml, line 2: not TOML ("),
        (
            'profile = "all"\n# ours\u2028grace_days = 9\n',
            "policy.toml, line 2, column 7: the character U+2028, which ends no line here; put a "
            "line end there, or take it out",
        ),
        (
            'extend = [ # ours\n  "unused-access-key", # see \'x\' = 7 "root-without-mfa",\n]\n',
            "policy.toml, line 2: `root-without-mfa` is part of a comment in a list. Begin a line with it,",
        ),
        (
            'extend = [#  "never-used-access-key", # Jane\n  "old-password"\n]\n',
            "policy.toml, line 1: `never-used-access-key` is part of a comment in a list. Begin a line",
        ),
        (
            f"grace_days = 9 # was 60{chr(9) * 12}d_after_days = 30 # SEC-12\n",
            "policy.toml, line 1: a gap in a comment, and a setting behind it. Begin a line with it.",
        ),
        (
            'grace_days = 9\n# admins [[class]] match = "adm-*" unused_after_days = 30\n',
            "policy.toml, line 2: `[[class]]` is part of a comment. Begin a line with it.",
        ),
        ("# ours\x85grace_days = 9\n", "policy.toml, line 1, column 7: the character U+0085, "),
        ("# ours\x0bgrace_days = 9\n", "policy.toml, line 1, column 7: the character U+000B, "),
        (
            "# ours\r\n#\rgrace_days = 9\r\n",
            "policy.toml, line 2, column 2: a carriage return without a line feed, which ends no line "
            "in TOML. Save the file with the line ends LF or CRLF.",
        ),
    ],
)
def test_fault_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        'ignore = [\n  # "mfa", "root-without-mfa",\n"root-without-mfa", # not "x" yet\n] # like "y"\n',
        'ignore = ["root-without-mfa"] # instead of "unused-password"\n',
        'ignore = [ # the "root-without-mfa",\n\'root-without-mfa\', # "x"\n]\n',
    ],
)
def test_but_not_what_was_taken_out_or_is_no_item(tmp_path: Path, text: str) -> None:
    profile = 'profile = "all"\n'
    assert "root-without-mfa" not in load_policy(write(tmp_path, profile + text)).rules


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    lines = refusal(tmp_path, "grace_day = 1\nunused_after_days = 0\n").splitlines()
    assert [line.split(":")[0] for line in lines] == ["policy.toml, line 1", "policy.toml, line 2"]


def test_profile_of_the_command_line_is_checked_beside_a_file(tmp_path: Path) -> None:
    assert "no such profile" in refusal(tmp_path, "", profile="cis")


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--policy .*: cannot be read"):
        load_policy(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('profile = ["all"]\n', "`profile` is a list"),
        ("profile = {a = 1}\n", "`profile` is a table"),
        ("profile = true\n", "`profile` is true"),
        ("unused_after_days = 2026-01-31\n", "`unused_after_days` is 2026-01-31"),
        ("unused_after_days = 07:30:00\n", "`unused_after_days` is 07:30:00"),
        (f"x = {'[' * 5_000}{']' * 5_000}\n", "lists or tables nested too deeply"),
        (f"x = {'{a=' * 5_000}1{'}' * 5_000}\n", "lists or tables nested too deeply"),
        (f"{'a.' * 200_000}a = 1\n", "lists or tables nested too deeply"),
        (f"[{'a.' * 100}a]\n", "lists or tables nested too deeply"),
        (f"x = {{ {'a.' * 200_000}a = 1 }}\n", "lists or tables nested too deeply"),
        (f"x = [{{{'a-b . ' * 100_000}a = 1}}]\n", "lists or tables nested too deeply"),
        ('"a b".' * 100_000 + "'c d'.a = 1\n", "lists or tables nested too deeply"),
        ('"a]\\\\".' * 50_000 + "'c\\'." * 50_000 + "a = 1\n", "lists or tables nested too deeply"),
        (f"unused_after_days = {'9' * 5_000}\n", "not TOML (a value that cannot be read)"),
        (f"profile = '{'x' * 5_000}'\n", "xxx…. Known: "),
    ],
)
def test_value_of_another_kind_is_named_as_the_file_writes_it(
    tmp_path: Path, text: str, found: str
) -> None:
    message = refusal(tmp_path, text)
    assert found in message
    assert len(message) < 500


@pytest.mark.parametrize(
    "text",
    ["[" * 300_000, f"[{' ' * 300_000}", f"{' ' * 300_000}x", f"a{' ' * 300_000}", "[[ " * 99_999],
)
def test_what_is_repeated_in_a_line_is_read_once(tmp_path: Path, text: str) -> None:
    start = time.process_time()
    assert "not TOML" in refusal(tmp_path, text)
    assert time.process_time() - start < 10


def test_a_long_key_is_cut_in_the_message(tmp_path: Path) -> None:
    assert "unknown key `aaa" in (message := refusal(tmp_path, f"{'a' * 9_000} = 1\n"))
    assert len(message) < 500


def test_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b'profile = "\xff"')
    with pytest.raises(UsageError, match="line 1: not UTF-8; save it as UTF-8"):
        load_policy(path)


# Classes of users.


@pytest.mark.parametrize(
    ("glob", "name", "fits"),
    [
        ("svc-*", "svc-backup", True),
        ("svc-*", "SVC-backup", True),
        ("svc-*", "my-svc-backup", False),
        ("svc-?", "svc-1", True),
        ("svc-?", "svc-10", False),
        ("a.b", "aXb", False),
        ("*", "", True),
        ("svc+1@example.com", "svc+1@example.com", True),
        ("*", "two\nlines", True),
        ("a*b*c", "a-b-b-c", True),
        ("a**?b", "axb", True),
        ("a*?b", "ab", False),
        ("*b*", "abc", True),
        ("a\\?", "a\\x", True),
        ("", "", True),
    ],
)
def test_glob(glob: str, name: str, *, fits: bool) -> None:
    assert list(Names([name]).fitting(glob)) == [name] * fits


@pytest.mark.parametrize("glob", ["*a" * 200 + "b", "*" * 5000 + "b", "?*" * 500 + "b"])
def test_many_stars_take_no_time(glob: str) -> None:
    start = time.process_time()
    assert not list(Names(["a" * 64, "a" * 600]).fitting(glob))
    assert time.process_time() - start < 10


def test_first_class_that_fits_counts() -> None:
    policy = Policy(
        classes=(
            UserClass("svc-legacy*", {"unused_after_days": 30}),
            UserClass("svc-b*", {"grace_days": 1}),
            UserClass("svc-*", {"unused_after_days": 365}),
        )
    )
    names = pd.Series(["svc-legacy-1", "svc-backup", "svc-x", "alice"], dtype="str")
    assert list(policy.numbers_for(names, UNUSED_AFTER)) == [30, 90, 365, 90]


def test_many_classes_of_many_users_take_a_moment() -> None:
    names = pd.Series([f"u{number:04}" for number in range(8_000)], dtype="str")
    classes = [UserClass(f"U{number:04}*", {"unused_after_days": 30}) for number in range(2_000)]
    start = time.process_time()
    found = Policy(classes=tuple(classes)).class_numbers(names)
    assert time.process_time() - start < 2
    assert list(found) == [*range(2_000), *[2_000] * 6_000]


def test_a_class_without_a_user_is_warned_of(tmp_path: Path) -> None:
    globs = ("adm-*", "SVC-*", "svc-b*")
    tables = (f'[[class]]\nmatch = "{glob}"\nunused_after_days = 30\n' for glob in globs)
    policy = load_policy(write(tmp_path, "".join(tables)))
    assessment = judge(tmp_path, root(), user("svc-backup"), policy=policy)
    assert [str(each) for each in assessment.notices if each.code == "class-unmatched"] == [
        "policy.toml, line 2: no user is in class 'adm-*' (none fits, or a class above takes them)",
        "policy.toml, line 8: no user is in class 'svc-b*' (none fits, or a class above takes them)",
    ]


def test_whom_a_masked_class_fits_nobody_can_tell() -> None:
    numbers = {"unused_after_days": 30}
    plain = (UserClass("user-a", {"unused_after_days": 60}),)
    masked = (UserClass("pattern-x", numbers, is_masked=True), UserClass("b", {}, is_masked=True))
    assert Policy(classes=plain).possible_numbers("user-a", UNUSED_AFTER) == (60,)
    assert Policy(classes=plain).possible_numbers("USER-A", UNUSED_AFTER) == (60,)
    assert Policy(classes=plain).possible_numbers("other", UNUSED_AFTER) == (90,)
    first = (UserClass("user-*", {"grace_days": 1}), *plain)
    assert Policy(classes=first).possible_numbers("user-a", UNUSED_AFTER) == (90,)
    assert Policy(classes=plain + masked).possible_numbers("other", UNUSED_AFTER) == (30, 90)


@pytest.mark.parametrize(
    ("name", "last_used", "status"),
    [
        ("alice", "2025-11-02T12:00:00Z", "unused"),
        ("alice", "2025-11-02T12:00:01Z", "current"),
        ("svc-backup", "2025-11-02T12:00:00Z", "current"),
        ("svc-backup", "2025-01-31T12:00:01Z", "current"),
        ("svc-backup", "2025-01-31T12:00:00Z", "unused"),
    ],
)
def test_class_moves_the_boundary_of_its_users_only(
    tmp_path: Path, name: str, last_used: str, status: str
) -> None:
    policy = load_policy(write(tmp_path, '[[class]]\nmatch = "svc-*"\nunused_after_days = 365\n'))
    row = user(name, **PASSWORD | {"password_last_used": last_used})
    assessment = judge(tmp_path, row, policy=policy)
    assert verdict(assessment, name, "password")["status"] == status
    assert len(assessment.findings) == (status == "unused")


def test_boundary_list_follows_the_class(tmp_path: Path) -> None:
    policy = Policy(classes=(UserClass("svc-*", {"unused_after_days": 365}),))
    old = user("svc-a", **PASSWORD | {"password_last_used": "2025-11-02T12:00:00Z"})
    older = user("svc-b", **PASSWORD | {"password_last_used": "2025-01-31T12:00:00Z"})
    assessment = judge(tmp_path, root(), old, older, policy=policy)
    near = [notice.message for notice in assessment.notices if notice.code == "boundary"]
    assert near == ["'svc-b', password: 365 days, within a day of the threshold (unused)"]


def test_class_has_its_own_number_in_every_rule(tmp_path: Path) -> None:
    key = {"access_key_1_active": "true", "access_key_1_last_rotated": "2026-01-01T12:00:00Z"}
    policy = Policy(
        rules=("unrotated-access-key",),
        classes=(UserClass("temp-*", {"rotate_after_days": 7}),),
    )
    assessment = judge(tmp_path, user("temp-1", **key), user("zoe", **key), policy=policy)
    assert list(assessment.findings["user"]) == ["temp-1"]


# What the evidence says of the policy.


def test_default_run_says_what_it_said(tmp_path: Path) -> None:
    evidence = of_analysis(judge(tmp_path, root(), user(**PASSWORD)))
    assert evidence.verdict == (
        "0 of 1 active credentials have been unused for 90 days or more, "
        "as of 2026-01-31T12:00:00Z."
    )
    assert list(evidence.parameters) == [
        "command", "profile", "unused_after_days", "include_root", "rules",
    ]  # fmt: skip
    assert not {"rules", "waivers"} & set(evidence.tables)


def test_profile_is_named_with_its_findings(tmp_path: Path) -> None:
    evidence = of_analysis(judge(tmp_path, root(), user(**PASSWORD), policy=Policy.of("cis-3.0")))
    assert evidence.verdict == (
        "0 of 1 active credentials have been unused for 45 days or more, "
        "as of 2026-01-31T12:00:00Z. "
        "1 finding over the 9 rules of profile cis-3.0: 1 open, 0 waived."
    )
    counts = dict(
        zip(evidence.tables["rules"]["rule"], evidence.tables["rules"]["findings"], strict=True)
    )
    assert counts == dict.fromkeys(Policy.of("cis-3.0").rules, 0) | {"console-without-mfa": 1}
    boundaries = dict(
        zip(evidence.tables["rules"]["rule"], evidence.tables["rules"]["fires"], strict=True)
    )
    assert boundaries["unused-password"] == ">= 45 days"
    assert boundaries["unrotated-access-key"] == "> 90 days"
    assert evidence.parameters["numbers"] == {
        "rotate_after_days": 90,
        "root_used_within_days": 7,
    }


def test_class_is_named_where_the_number_is(tmp_path: Path) -> None:
    text = '[[class]]\nmatch = "svc-*"\nunused_after_days = 365\n'
    policy = load_policy(write(tmp_path, text))
    evidence = of_analysis(judge(tmp_path, user(**PASSWORD), policy=policy))
    assert evidence.title == ("0 of 1 active credentials unused for 90 days or more (svc-*: 365)")
    assert evidence.parameters["classes"] == [{"match": "svc-*", "unused_after_days": 365}]
    assert ("Policy", policy.origin) in evidence.facts
    method = dict(evidence.method.itertuples(index=False, name=None))
    assert method["Class of users: svc-*"].startswith("unused_after_days 365.")
    assert f"Changed by {policy.origin}." in method["Profile: conformity"]


def test_method_names_the_words_of_the_profile_and_how_peers_differ(tmp_path: Path) -> None:
    policy = Policy.of("cis-3.0", unused_after_days=50)
    method = dict(
        of_analysis(judge(tmp_path, user(), policy=policy)).method.itertuples(
            index=False, name=None
        )
    )
    profile = method["Profile: cis-3.0"]
    assert "unused_after_days 45: CIS AWS 3.0.0, 1.12: 45 days or greater." in profile
    assert profile.endswith("This run asks for 50 days instead.")
    rotation = method["Rule: unrotated-access-key"]
    assert "fires at > 90 days. Severity medium." in rotation
    assert "Control of this profile: CIS AWS 3.0.0 1.14." in rotation
    assert "How other tools differ: " in rotation
    assert "fires where that is so." in method["Rule: console-without-mfa"]


def test_what_a_rule_cannot_tell_is_listed_and_said(tmp_path: Path) -> None:
    password = user(**PASSWORD | {"mfa_active": "yes", "password_next_rotation": "soon"})
    key = user(
        "bob",
        mfa_active="true",
        access_key_1_active="true",
        access_key_1_last_rotated="then",
        access_key_1_last_used_date="2026-01-30T00:00:00Z",
    )
    rules = ("expiring-password", "console-without-mfa", "unrotated-access-key")
    assessment = judge(tmp_path, root(), password, key, policy=Policy(rules=rules))
    evidence = of_analysis(assessment)
    assert assessment.doubts
    assert "3 verdicts of rules could not be determined: see Undetermined." in evidence.verdict
    rows = evidence.tables["undetermined"][["user", "credential", "reason", "cells"]]
    assert rows.to_numpy().tolist() == [
        [
            "alice",
            "password",
            "expiring-password: whether the password is enabled is neither true nor false, or "
            "`password_next_rotation` is not a readable date",
            "password_enabled=true; password_last_used=2026-01-30T08:00:00Z; "
            "password_last_changed=2026-01-10T08:00:00Z; password_next_rotation=soon; "
            "mfa_active=yes",
        ],
        [
            "alice",
            "user",
            "console-without-mfa: `mfa_active`, or whether a credential is active, is neither "
            "true nor false",
            rows["cells"].iloc[1],
        ],
        [
            "bob",
            "access_key_1",
            "unrotated-access-key: whether the key is active is neither true nor false, or when it was "
            "made is not a readable date before the as-of",
            "access_key_1_active=true; access_key_1_last_used_date=2026-01-30T00:00:00Z; "
            "access_key_1_last_rotated=then; user_creation_time=2020-01-01T00:00:00Z; "
            "password_enabled=false",
        ],
    ]
    assert rows["cells"].iloc[1].startswith("mfa_active=yes; password_enabled=true; ")


@pytest.mark.parametrize(
    "text",
    [
        "unused_after_days = 9\n# old_password_days              = 30\n",
        "unused_after_days = 9 # as agreed              = annex 3\n",
        "unused_after_days = 9 # our limit of days              = 30 as in annex 3\n",
        f"{'#' * 200_000}{' ' * 200_000}\nunused_after_days = 9\n",
    ],
)
def test_a_remark_with_a_gap_is_read_at_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    started = time.process_time()
    load_policy(path)
    assert time.process_time() - started < 2
