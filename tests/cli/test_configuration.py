"""Options from `credreport.toml` and `pyproject.toml`: which counts, what is refused, where it is said."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from time import process_time
from typing import Any

import openpyxl
import pytest
import typer
from typer.testing import CliRunner, Result

from credreport.cli.configuration import (
    Configured,
    find_settings,
    is_option,
    option_name,
    takes_number,
)
from credreport.cli.main import app
from tests.support.reports import ACCOUNT, root, save, user

STEM = f"credreport-{ACCOUNT}-2026-01-31"
# Used 122 days before the as-of.
STALE = user(
    "amy",
    password_enabled="true",
    password_last_used="2025-10-01T12:00:00Z",
    password_last_changed="2025-01-01T12:00:00Z",
)
GROUP: Any = typer.main.get_command(app)
COMMANDS = {
    name: command for name, command in GROUP.commands.items() if isinstance(command, Configured)
}
OPTIONS = [
    pytest.param(command, option, id=f"{name}-{option_name(option)}")
    for name, command in COMMANDS.items()
    for option in command.params
    if is_option(option) and option_name(option) != "cluster"
]
_WORDS = {
    "split-by": ("owner", "account"),
    "as-of": ("2026-01-15", "newest"),
    "fail-on": ("findings", "none"),
    "format": ("csv", "json"),
    "profile": ("cis-5.0", "all"),
    "sample-of": ("unused", "users"),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a report in `in`, which is the current one."""
    save(tmp_path / "in", root(), STALE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def configure(text: str, name: str = "credreport.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def parsed(command: Any, *arguments: str) -> Any:
    """Return the context of a command line, as far as it goes before the command runs."""
    parent = typer.Context(GROUP, info_name="credreport")
    settings = {"parent": parent}
    names = [
        each.name for each in command.params if each.param_type_name == "argument" and each.required
    ]
    return command.make_context(command.name, [*arguments, *names], **settings)


def samples(option: Any) -> tuple[object, object]:
    """Return two values that an option takes."""
    if option.is_flag:
        return True, True
    if takes_number(option):
        return 3, 4
    return _WORDS.get(option_name(option), ("a", "b"))


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_has_its_default_from_the_file_and_the_command_line_wins(
    place: Path, command: Any, option: Any
) -> None:
    assert place.is_dir()
    first, second = samples(option)
    name = option_name(option)
    configure(f"{name} = {json.dumps(first)}\n")
    values = [
        parsed(command).params[option.name],
        parsed(command, f"--{name}", *([] if option.is_flag else [str(second)])).params[
            option.name
        ],
    ]
    if option.multiple:
        values = [value[0] for value in values]
    assert [str(value) for value in values] == [str(first), str(second)]


def test_the_five_commands_that_judge_or_check_are_configured() -> None:
    assert list(COMMANDS) == ["analyze", "compare", "inspect", "verify", "explain"]


def test_what_was_taken_is_said_and_changes_the_verdict(place: Path) -> None:
    assert run("analyze", "in", "--format", "none").stdout.startswith("1 of 1 active")
    configure('# ours\nunused-after = 200\nformat = "none"\n')
    result = run("analyze", "in", "-q")
    assert result.stdout.startswith("0 of 1 active")
    assert result.stderr == "from credreport.toml: format = 'none', unused-after = 200\n"
    result = run("analyze", "in", "--unused-after", "100")
    assert result.stdout.startswith("1 of 1 active")
    assert result.stderr.startswith("from credreport.toml: format = 'none'\n")
    assert {path.name for path in place.iterdir()} == {"in", "credreport.toml"}


@pytest.mark.parametrize("command", ["inspect", "explain"])
def test_the_other_commands_judge_by_it_too(place: Path, command: str) -> None:
    assert place.is_dir()
    configure("unused-after = 200\ncsv-raw = true\n")
    arguments = ["amy"] if command == "explain" else []
    result = run(command, *arguments, "in")
    assert result.stderr.startswith("from credreport.toml: unused-after = 200\n")
    assert "1 of 1" not in result.stdout


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("inspect in", "profile, mask"),
        ("explain amy in", "mask"),
        ("verify .", ""),
        ("analyze in", ""),
    ],
)
def test_what_another_command_would_judge_by_is_said(place: Path, command: str, names: str) -> None:
    assert place.is_dir()
    configure('profile = "cis-5.0"\nmask = true\nmask-key = "k"\nfail-on = "findings"\n')
    said = f"credreport.toml: not used by {command.split(maxsplit=1)[0]}, which has no such options: {names}\n"
    stderr = run(*command.split()).stderr
    assert said in stderr if names else "not used" not in stderr


def test_it_is_in_every_part_of_the_evidence(place: Path) -> None:
    assert place.is_dir()
    configure('unused-after = 45\nas-of = 2026-01-31\nprepared-by = "Ann"\n')
    assert run("analyze", "in", "--format", "xlsx,json,md").exit_code == 0
    (written,) = Path("evidence").glob("*d.json")
    document = json.loads(written.read_bytes())
    assert document["parameters"]["configuration"] == {"unused-after": 45, "as-of": "2026-01-31"}
    origin = document["parameters"]["configuration_file"]
    assert origin.startswith("credreport.toml (SHA-256 ")
    words = "unused-after = 45, as-of = '2026-01-31'"
    assert document["facts"]["Taken from credreport.toml"] == words
    (manifest,) = Path("evidence").glob("*-manifest.json")
    entry = json.loads(manifest.read_bytes())["inputs"][-1]
    assert entry["role"] == "configuration"
    assert entry["name"] == "credreport.toml"
    assert entry["sha256"] in origin
    (book,) = Path("evidence").glob("*.xlsx")
    cells = [cell.value for sheet in openpyxl.load_workbook(book) for row in sheet for cell in row]
    assert f"Options taken from {origin}" in cells
    assert words in cells


def test_what_decides_nothing_leaves_the_evidence_as_it_is(place: Path) -> None:
    assert run("analyze", "in", "--format", "json").exit_code == 0
    before = {path.name: path.read_bytes() for path in (place / "evidence").iterdir()}
    configure('verbose = true\nformat = "json"\nno-color = true\n')
    assert run("analyze", "in").exit_code == 0
    assert before == {path.name: path.read_bytes() for path in (place / "evidence").iterdir()}


def test_verify_does_the_run_again_by_the_values_that_were_in_force(place: Path) -> None:
    configure("unused-after = 45\nkeep-going = true\n")
    assert run("analyze", "in", "--format", "json,csv,md").exit_code == 0
    for other in ("unused-after = 200\nquiet = false\n", None):
        if other is None:
            Path("credreport.toml").unlink()
        else:
            configure(other)
        result = run("verify", "evidence", "in")
        assert result.exit_code == 0, result.output
        assert "unused-after" not in result.stderr
    assert place.is_dir()


def test_compare_takes_it_and_says_so(place: Path) -> None:
    save(place / "in", root(), STALE, name="status_reports_2026-03-31T12-00-00+00-00.csv")
    configure("unused-after = 100\nas-of = [2026-01-31, 2026-03-31]\n")
    dates = sorted(str(path) for path in Path("in").iterdir())
    result = run("compare", *dates, "--json", "--format", "none")
    document = json.loads(result.stdout)
    assert document["parameters"]["unused_after_days"] == 100
    assert document["parameters"]["configuration"] == {
        "unused-after": 100,
        "as-of": ["2026-01-31", "2026-03-31"],
    }
    words = "unused-after = 100, as-of = ['2026-01-31', '2026-03-31']"
    assert result.stderr.startswith(f"from credreport.toml: {words}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "unused_after = 45\n",
            "credreport.toml, line 1: unknown key `unused_after`. The nearest is `unused-after`.",
        ),
        (
            '\nunused-after = "45"\n',
            "credreport.toml, line 2: `unused-after` is '45'. Write a whole number, without quotes.",
        ),
        ("quiet = 1\n", "line 1: `quiet` is 1. Write true or false, without quotes."),
        ("unused-after = true\n", "`unused-after` is true. Write a whole number, without quotes."),
        ('as-of = ["newest"]\n', "`as-of` is a list. Write a text, in quotes."),
        ("unused-after = 0\n", "credreport.toml, line 1: --unused-after 0"),
        ("max-file-size = 0\n", "credreport.toml, line 1: invalid value for '--max-file-size'"),
        ('fail-on = "x"\n', "line 1: invalid value for '--fail-on'"),
        ('format = "pdf"\n', "line 1: --format 'pdf': choose from xlsx, png, svg"),
        ('profile = "cis-9"\n', "line 1: --profile 'cis-9': no such profile. Known: cis-1.2"),
        ('as-of = "soon"\n', "line 1: "),
        ("unused-after = \n", "credreport.toml, line 1, column 16: not TOML"),
        (
            'cluster = "tcp://192.0.2.1:8786"\n',
            "credreport.toml, line 1: `cluster` cannot be set in a file, which may have come with the "
            "reports. Name it on the command line: --cluster.",
        ),
        ("[analyze]\nforce = true\n", "line 1: unknown key `analyze`"),
        (
            'waivers = "a\\u0000b"\n',
            "credreport.toml, line 1: `waivers` has a NUL in it, which no path may have.",
        ),
    ],
)
def test_mistakes_are_refused_with_their_line(place: Path, text: str, said: str) -> None:
    configure(text)
    result = run("analyze", "in")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert not (place / "evidence").exists()


def test_every_mistake_is_said_at_once(place: Path) -> None:
    assert place.is_dir()
    configure('quiet = 1\nforce = "yes"\n')
    lines = run("analyze", "in").stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "error"]


@pytest.mark.parametrize(
    ("text", "given", "aside"),
    [
        ('profile = "conformity"\n', "--policy=strict.toml", ["profile"]),
        ("unused-after = 200\n", "--policy strict.toml", ["unused-after"]),
        ("unused-after = 200\n", "--profile cis-5.0", ["unused-after"]),
        ('profile = "conformity"\n', "--policy strict.toml --profile cis-5.0", []),
    ],
)
def test_what_the_command_line_decides_sets_that_of_the_file_aside(
    place: Path, text: str, given: str, aside: list[str]
) -> None:
    assert place.is_dir()
    configure('profile = "cis-5.0"\n', "strict.toml")
    configure(text)
    done = run("analyze", "in", "--format", "none", *given.split())
    assert "unused for 45 days or more" in done.stdout
    option = "policy" if "policy" in given else "profile"
    assert [line for line in done.stderr.splitlines() if "set aside" in line] == [
        f"{name} of credreport.toml is set aside: --{option} decides" for name in aside
    ]


def test_an_option_in_the_place_of_a_value_sets_nothing_aside(place: Path) -> None:
    assert place.is_dir()
    configure('profile = "cis-5.0"\n')
    done = run("analyze", "in", "--format", "none", "--ticket", "--policy")
    assert "unused for 45 days or more" in done.stdout
    assert "set aside" not in done.stderr
    assert "--polcy" in run("analyze", "in", "--polcy", "x").stderr


@pytest.mark.parametrize("text", ["", '# profile = "cis-5.0"\n'])
def test_a_file_that_sets_nothing_is_told(place: Path, text: str) -> None:
    assert place.is_dir()
    configure(text)
    assert (
        "credreport.toml sets nothing; if it should, it may be cut short"
        in run("inspect", "in").stderr
    )


def test_a_table_of_pyproject_does_the_same(place: Path) -> None:
    assert place.is_dir()
    configure("[project]\nname = 'x'\n[tool.credreport]\nunused-after = 200\n", "pyproject.toml")
    result = run("inspect", "in")
    assert result.stderr.startswith("from pyproject.toml: unused-after = 200\n")
    assert "0 of 1 active" in result.stdout
    configure("[project]\nname = 'x'\n[tool.credreport]\n\nquiet = 0\n", "pyproject.toml")
    assert "pyproject.toml, line 5: `quiet` is 0" in run("inspect", "in").stderr
    configure("[tool]\ncredreport = 1\n", "pyproject.toml")
    assert "`tool.credreport` is 1. Write a table" in run("inspect", "in").stderr


def test_where_both_are_there_the_programs_own_counts(place: Path) -> None:
    assert place.is_dir()
    configure("[tool.credreport]\nunused-after = 300\n", "pyproject.toml")
    configure("unused-after = 200\n")
    lines = run("inspect", "in").stderr.splitlines()
    assert lines[:2] == [
        "[tool.credreport] of pyproject.toml is not read: credreport.toml counts",
        "from credreport.toml: unused-after = 200",
    ]


def test_a_pyproject_in_utf_16_is_not_passed_over(place: Path) -> None:
    (place / "pyproject.toml").write_bytes(
        "[tool.credreport]\nunused-after = 200\n".encode("utf-16")
    )
    result = run("inspect", "in")
    assert result.stderr.startswith("from pyproject.toml: unused-after = 200\n")


@pytest.mark.parametrize("text", ["[project]\nname = 'x'\n", "not TOML\n", "[tool.other]\nx = 1\n"])
def test_a_pyproject_of_others_is_none_of_our_business(place: Path, text: str) -> None:
    assert place.is_dir()
    configure(text, "pyproject.toml")
    result = run("inspect", "in")
    assert result.exit_code == 0
    assert "pyproject" not in result.stderr


@pytest.mark.parametrize(
    "name",
    ["credreport", "tool.poetry.credreport", "project.credreport", "tool.Credreport", "tool.credrepot", "tol.credreport", "tool.cred-report", "toolcredreport"],
)  # fmt: skip
def test_a_table_of_pyproject_with_another_name_is_told(place: Path, name: str) -> None:
    assert place.is_dir()
    for text in (f"[{name}]\nunused-after = 200\n", f"{name}.unused-after = 200\n"):
        configure(text, "pyproject.toml")
        lines = run("inspect", "in").stderr.splitlines()
        assert lines[0] == (
            f"[{name}] of pyproject.toml is not read: the table is called [tool.credreport]"
        )


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("[tool.ruff]\n# Our audit [tool.credreport]\nunused-after = 30\n", True),
        ("[tool.ruff]\n################[tool.credreport]\nunused-after = 30\n", True),
        ("[tool.ruff]\nline = 100 #[ tool . credreport ]\nunused-after = 30\n", True),
        ("[tool.ruff]\n# [tool.credreport]\n# unused-after = 30\n", False),
        ("[tool.ruff]\n### [tool.credreport]\n# unused-after = 30\n", False),
        ("[tool.credreport]\n# as for [tool.credreport]\nunused-after = 30\n", False),
        ("[tool.credence]\nunused-after = 30\n", False),
        ("[tool.report]\nunused-after = 30\n", False),
    ],
)
def test_a_table_of_pyproject_that_a_comment_swallowed_is_told(
    place: Path, text: str, *, is_said: bool
) -> None:
    assert place.is_dir()
    configure(text, "pyproject.toml")
    said = "[tool.credreport] of pyproject.toml is not read: line 2 has it in a comment"
    assert (said in run("inspect", "in").stderr) == is_said


def test_a_pyproject_full_of_signs_is_read_at_once(place: Path) -> None:
    assert place.is_dir()
    configure(f"# credreport\n{'#' * 200_000}\n# {'[ tool .' * 20_000}\n", "pyproject.toml")
    started = process_time()
    assert find_settings() is None
    assert process_time() - started < 2


@pytest.mark.parametrize("name", ["credreport.toml.txt", ".credreport.toml"])
def test_a_file_with_another_name_is_told(place: Path, name: str) -> None:
    configure("unused-after = 200\n", name)
    said = f"{name} is not read: the file is called credreport.toml\n"
    result = run("analyze", "in", "--format", "none", "-q")
    assert (result.stdout[:6], result.stderr) == ("1 of 1", said)
    (place / "credreport.toml").hardlink_to(place / name)  # as where capitals do not count
    result = run("analyze", "in", "--format", "none", "-q")
    assert result.stderr == "from credreport.toml: unused-after = 200\n"


def test_a_pyproject_that_cannot_be_read_is_named(place: Path) -> None:
    (place / "pyproject.toml").mkdir()
    result = run("inspect", "in")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        0,
        "pyproject.toml cannot be read (not a regular file (a pipe, a socket or a device)): "
        "a table [tool.credreport] in it does not count",
    )


def test_a_file_among_the_reports_changes_nothing(place: Path) -> None:
    before = run("inspect", "in")
    configure("unused-after = 200\n", "in/credreport.toml")
    after = run("inspect", "in")
    assert after.stdout == before.stdout
    assert after.exit_code == 0
    assert "from credreport.toml" not in after.stderr
    assert place.is_dir()


def test_one_that_the_disk_does_not_answer_for_is_not_passed_over(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    configure("unused-after = 30")
    monkeypatch.setattr(Path, "lstat", fail)
    result = run("inspect", "in")
    assert result.stderr.startswith("from credreport.toml: unused-after = 30\n")
    assert place.is_dir()


def test_one_that_cannot_be_read_is_refused(place: Path) -> None:
    (place / "credreport.toml").symlink_to("nowhere")
    result = run("inspect", "in")
    assert result.exit_code == 2
    assert "the configuration credreport.toml: cannot be read" in result.stderr
    (place / "credreport.toml").unlink()
    (place / "credreport.toml").mkdir()
    assert run("inspect", "in").exit_code == 2


@pytest.mark.parametrize("line", [["analyze", "--help"], ["inspect", "-h"], ["rules"], ["waivers"]])
def test_help_and_the_catalogue_do_not_need_it(place: Path, line: list[str]) -> None:
    assert place.is_dir()
    configure("nonsense\n")
    assert run(*line).exit_code == 0


def test_the_example_of_the_readme_is_one(place: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (text,) = (
        block.partition("```")[0]
        for block in readme.split("```toml\n")[1:]
        if "credreport.toml" in block.partition("```")[0]
    )
    configure(text)
    for name in ("waivers.toml", "accounts.csv"):
        assert f'"{name}"' in text
    (place / "waivers.toml").write_text("")
    (place / "accounts.csv").write_text(f"id,name,owner\n{ACCOUNT},a,b\n")
    result = run("analyze", "in", "--format", "none")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith("from credreport.toml: ")


def test_an_instant_of_toml_is_one_of_the_command_line(place: Path) -> None:
    assert place.is_dir()
    configure("as-of = 2026-01-31T13:00:00+00:00\n")
    done = run("analyze", "in", "--format", "none", "--json")
    parameters = json.loads(done.stdout)["parameters"]
    assert parameters["configuration"] == {"as-of": "2026-01-31T13:00:00Z"}
