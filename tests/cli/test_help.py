"""The help and the parser's errors, of a program of one's own."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from credreport.cli.help import Command, Group

app = typer.Typer(cls=Group, rich_markup_mode=None)


@app.callback()
def program() -> None:
    """Do things."""


@app.command(cls=Command)
def act(
    shown: int = typer.Option(0, rich_help_panel="Output"),
    hidden: int = typer.Option(0, hidden=True),
) -> int:
    """Add two numbers."""
    return shown + hidden


def test_a_hidden_option_is_not_in_the_help_and_no_examples_are_none() -> None:
    done = CliRunner().invoke(app, ["act", "--help"])
    assert "--shown" in done.stdout
    assert "--hidden" not in done.stdout
    assert "Examples" not in done.stdout


def test_a_caller_may_have_the_value_or_the_error_and_no_exit() -> None:
    command = typer.main.get_command(app)
    line = ["act", "--shown", "2", "--hidden", "3"]
    assert command.main(line, standalone_mode=False) == 5
    done = CliRunner().invoke(app, ["act", "--unknown"], standalone_mode=False)
    assert "No such option" in str(done.exception)


def test_a_question_in_an_error_ends_with_its_own_mark() -> None:
    done = CliRunner().invoke(app, ["akt"])
    assert done.stderr == ("error: no such command 'akt'. Did you mean 'act'? See `root --help`\n")
    done = CliRunner().invoke(app, ["act", "--unknown"])
    assert (
        done.stderr
        == "error: no such option: --unknown (Possible options: --shown). See `root act --help`\n"
    )
