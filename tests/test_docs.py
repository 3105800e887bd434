"""The documentation holds together with the catalogue and with the command line."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import credreport
from credreport.cli.main import app
from credreport.cli.rule_pages import list_profiles, summarise
from credreport.output.formats import FORMATS
from credreport.reports.selection import read_reports
from credreport.rules.catalogue import RULES
from credreport.rules.policy import Policy, load_policy
from credreport.rules.rule import Rule
from credreport.verdicts.assessment import assess
from tests.support.reports import ACCOUNT, NAME, root, save, user

PAGE = (Path(__file__).parents[1] / "docs" / "rules.md").read_text(encoding="utf-8")
_COMMANDS = re.compile(r"aws iam [a-z-]+")
PARTS = ("What", "Why it matters", "Remedy", "Example", "Limits")


def sections() -> dict[str, str]:
    """Return the text of each rule's section by its heading."""
    catalogue = PAGE.split("\n# The catalogue\n")[1]
    parts = re.split(r"^## (.+)$", catalogue, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def examples(section: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the rows of the two code blocks, before and after."""
    before, after = (_to_row(block) for block in re.findall(r"```\n(.*?)\n```", section, re.DOTALL))
    return before, after


def _to_row(line: str) -> dict[str, str]:
    words = line.split()
    make = root if words[0] == "root" else user
    return make(**dict(word.split("=", 1) for word in words if "=" in word))


def test_every_rule_has_a_section_in_the_order_of_the_catalogue() -> None:
    assert list(sections()) == list(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_section_says_what_the_catalogue_says(rule: Rule) -> None:
    lines = sections()[rule.id].strip().splitlines()
    assert lines[0] == f"*{rule.title}.*"
    assert lines[1] == summarise(rule)


@pytest.mark.parametrize("rule", RULES)
def test_section_has_every_part(rule: str) -> None:
    assert re.findall(r"^\*\*(.+?)\.\*\*", sections()[rule], re.MULTILINE) == list(PARTS)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_section_names_the_action_and_its_commands(rule: Rule) -> None:
    section = sections()[rule.id]
    remedy = section.split("**Remedy.**")[1].split("**Example.**")[0]
    assert rule.action in remedy
    commands = set(_COMMANDS.findall(" ".join(rule.remedy or ())))
    assert commands <= set(_COMMANDS.findall(remedy))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Judge every example, each in an account of its own; return account and rule of each finding."""
    directory = tmp_path_factory.mktemp("examples")
    for rule in RULES:
        for account, row in zip(_accounts_of(rule), examples(sections()[rule]), strict=True):
            moved = row | {"arn": row["arn"].replace(ACCOUNT, account)}
            save(directory, moved, name=f"{account}-{NAME}")
    findings = assess(read_reports(directory), Policy(rules=tuple(RULES))).findings
    return set(zip(findings["account_id"], findings["rule"], strict=True))


def _accounts_of(rule: str) -> tuple[str, str]:
    """Return the accounts that hold the rule's example, before and after."""
    number = list(RULES).index(rule)
    return f"1{number:011d}", f"2{number:011d}"


@pytest.mark.parametrize("rule", RULES)
def test_example_fires_before_and_is_silent_after(broken: set[tuple[str, str]], rule: str) -> None:
    before, after = _accounts_of(rule)
    assert (before, rule) in broken
    assert (after, rule) not in broken


def test_table_of_profiles_is_the_catalogues() -> None:
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    assert rows == [(name, days, title) for name, _, days, title in list_profiles()]


def test_policy_of_the_page_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    policy = load_policy(path)
    assert policy.profile == "cis-5.0"
    assert policy.unused_after_days == 60
    assert "setup-access-key" not in policy.rules
    assert "never-used-access-key" in policy.rules
    assert policy.classes[0].match == "svc-*"


def test_commands_of_the_page_exist() -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines():
        program, command, *words = shlex.split(line, comments=True)
        assert program == "credreport"
        answer = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
        assert answer.exit_code == 0
        assert all(word in answer.output for word in words if word.startswith("--"))


@pytest.mark.parametrize("rule", RULES)
def test_command_line_shows_the_rule(rule: str) -> None:
    answer = CliRunner().invoke(app, ["rules", rule])
    assert answer.exit_code == 0
    assert answer.output.startswith(f"{rule}: {RULES[rule].title}\n")


def test_command_line_lists_the_catalogue() -> None:
    answer = CliRunner().invoke(app, ["rules"])
    assert answer.exit_code == 0
    first = [line.split()[0] for line in answer.output.splitlines() if line]
    assert [word for word in first if word in RULES] == list(RULES)
    assert first[-len(list_profiles()) :] == [profile for profile, *_ in list_profiles()]


def test_command_line_gives_the_catalogue_to_machines() -> None:
    document = json.loads(CliRunner().invoke(app, ["rules", "--json"]).stdout)
    assert [rule["id"] for rule in document["rules"]] == list(RULES)
    assert document["profiles"][0] == {
        "name": "conformity",
        "title": "Check for Unused AWS IAM Credentials",
        "rules": ["unused-password", "unused-access-key"],
    }
    one = json.loads(CliRunner().invoke(app, ["rules", "unused-password", "--json"]).stdout)
    assert (one["id"], one["severity"], one["fires"]) == ("unused-password", "medium", ">= 90 days")


def test_unknown_rule_ends_with_2_and_names_the_nearest() -> None:
    answer = CliRunner().invoke(app, ["rules", "unused-acess-key"])
    assert answer.exit_code == 2
    assert answer.stderr == (
        "error: no rule 'unused-acess-key'. The nearest is `unused-access-key`.\n"
    )


README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[list[str]]:
    """Return the lines of the README's fenced blocks of one language."""
    found = re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    return [block.splitlines() for block in found]


def test_the_table_of_formats_is_the_registry() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    assert rows == [
        (each.name, ", ".join(f"`\u2026{ending}`" for ending in each.endings), each.purpose)
        for each in FORMATS.values()
    ]


@pytest.mark.parametrize("command", ["analyze", "compare"])
def test_both_commands_name_every_format(command: str) -> None:
    answer = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    assert ", ".join([*FORMATS, "or none"]) in " ".join(answer.split())


def test_the_quick_start_is_two_commands() -> None:
    (lines,) = re.findall(r"^## Quick start\n\n```sh\n(.*?)```", README, re.DOTALL | re.MULTILINE)
    first, second = lines.splitlines()
    assert first.endswith(".venv/bin/credreport analyze sample_reports/")
    assert "pytest" in second


def test_the_library_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    (lines,) = blocks("python")
    exec("\n".join(lines), {})


DOCS = Path(__file__).parents[1]
PAGES = {
    name: (DOCS / name).read_text(encoding="utf-8")
    for name in ("README.md", "docs/rules.md", "docs/performance.md", "docs/remediation.md")
}


def to_commands(page: str) -> list[str]:
    """Return the lines of a page's shell blocks that call the program."""
    found = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return [line for block in found for line in block.splitlines() if line.startswith("credreport")]


def help_of(command: str) -> str:
    return CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output


@pytest.mark.parametrize("line", [line for page in PAGES.values() for line in to_commands(page)])
def test_every_option_that_a_page_shows_exists_and_every_file_is_shipped(line: str) -> None:
    words = shlex.split(line, comments=True)
    text = help_of(words[1])
    for word in words:
        if word.startswith("--"):
            assert word in text, word
        elif word.startswith(("sample_reports", "examples", "docs")):
            assert (DOCS / word).exists(), word


def without_format(words: list[str]) -> list[str]:
    """Return the words of a command without --format and its value."""
    at = words.index("--format") if "--format" in words else len(words)
    return words[:at] + words[at + 2 :]


def test_the_commands_of_the_readme_run_from_a_fresh_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sample_reports", "examples"):
        (tmp_path / name).symlink_to(DOCS / name)
    monkeypatch.chdir(tmp_path)
    lines = to_commands(README)
    assert len(lines) >= 20
    for number, line in enumerate(lines):
        later = " ".join(lines[number + 1 :])
        words, target = shlex.split(line, comments=True)[1:], None
        if ">" in words:
            words, target = words[: words.index(">")], words[-1]
        if words[0] in {"analyze", "compare"}:  # what nobody reads later is not written
            directory = words[words.index("-o") + 1] if "-o" in words else "evidence/"
            is_read = f"{directory}/" in later or f" {directory} " in later
            words = [*without_format(words), "--format", "xlsx" if is_read else "none"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code in {0, 1, 3}, (line, done.output)
        if target:
            Path(target).write_text(done.stdout, encoding="utf-8")
        if words[0] == "verify":
            assert done.exit_code == 0, (line, done.output)


def test_the_readme_shows_what_the_terminal_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample_reports").symlink_to(DOCS / "sample_reports")
    monkeypatch.chdir(tmp_path)
    words = ["analyze", "sample_reports/"]
    monkeypatch.setattr("sys.argv", ["credreport", *words])
    done = CliRunner().invoke(app, words)
    (shown,) = re.findall(r"^```text\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert shown == f"{done.stdout}\n{done.stderr}"


def commands() -> list[str]:
    return [
        str(each.name or each.callback.__name__)
        for each in app.registered_commands
        if each.callback
    ]


def test_every_command_and_option_is_explained_in_the_readme_or_in_docs() -> None:
    pages = README + "".join(path.read_text("utf-8") for path in (DOCS / "docs").glob("*.md"))
    for command in commands():
        assert f"credreport {command}" in README, command
        for option in re.findall(r"^  (?:-\w, )?(--[a-z-]+)", help_of(command), re.MULTILINE):
            assert option in {*EXPLAINED_BY_THEMSELVES, *re.findall(r"--[a-z-]+", pages)}, option


EXPLAINED_BY_THEMSELVES = ("--help", "--quiet", "--verbose", "--no-color")


@pytest.mark.parametrize("command", commands())
def test_the_examples_of_the_help_run_on_the_samples(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample_reports").symlink_to(DOCS / "sample_reports")
    monkeypatch.chdir(tmp_path)
    if command == "verify":
        CliRunner().invoke(app, ["analyze", "sample_reports/", "--format", "json"])
    if command == "unmask":
        key = Path("mask.key")
        key.write_text(f"credreport-mask-key-1 {'00' * 32}\n", encoding="ascii")
        key.chmod(0o600)
    lines = help_of(command).split("\nExamples:\n")[1].splitlines()
    assert len(lines) == 2
    for line in lines:
        words, arrow, target = line.partition(" > ")
        arguments = shlex.split(words)[1:]
        if arguments[0] in {"analyze", "compare"}:
            arguments = [*without_format(arguments), "--format", "none"]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code in {0, 3}, (line, done.output)
        if arrow:
            Path(target).write_text(done.stdout, encoding="utf-8")


def test_every_picture_and_page_that_the_readme_names_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (Path(__file__).parents[1] / target).is_file(), target


def page_of(name: str) -> str:
    return (Path(__file__).parents[1] / "docs" / name).read_text(encoding="utf-8")


def named_tests(text: str) -> list[tuple[str, str]]:
    """Return file and name of each test in a text."""
    named = re.findall(r"`(test_[a-z_]+\.py)`: ((?:`test_[a-z0-9_]+`(?:, )?)+)", text)
    return [(file, test) for file, tests in named for test in re.findall(r"`(\w+)`", tests)]


def test_every_hazard_of_the_page_names_its_test() -> None:
    hazards = page_of("reliability.md").partition("## Hazards\n")[2].partition("\n## ")[0]
    rows = [line for line in hazards.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 20
    assert all(map(named_tests, rows))


@pytest.mark.parametrize("page", ["reliability.md", "attacks.md"])
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    named = named_tests(page_of(page))
    assert len(named) > 20
    missing = [
        (file, test)
        for file, test in named
        if not any(
            f"def {test}(" in path.read_text(encoding="utf-8")
            for path in Path(__file__).parent.rglob(file)
        )
    ]
    assert missing == []


def test_the_map_of_the_code_has_every_directory_and_names_modules_that_exist() -> None:
    top = Path(credreport.__file__).parent
    text = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(?:credreport/)?(\w*)/?` \|(.*)$", text, re.MULTILINE))
    assert {*rows} == {"", *(path.parent.name for path in top.glob("*/__init__.py"))}
    for directory, row in rows.items():
        modules = {path.stem for path in (top / directory).rglob("*.py")}
        assert {*re.findall(r"`([a-z_]+)`", row)} <= modules
