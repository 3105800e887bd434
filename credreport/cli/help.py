"""Help in titled groups with examples below, and usage errors in the style of all other errors."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from credreport.cli.screen import Screen, has_reader, terminal_width, wrap_command
from credreport.errors import CredreportError

INPUT = "Input"
VERDICT = "Verdict"
EVIDENCE = "Evidence"
SIGN_OFF = "Sign-off"
LARGE_RUNS = "Large runs"
OUTPUT = "Output"
_WIDEST = 100
_GROUPS = ("", INPUT, VERDICT, EVIDENCE, SIGN_OFF, LARGE_RUNS, OUTPUT)
_WORDS = (
    (re.compile(r"(\d+)<=x<=(\d+)"), r"\1 to \2"),
    (re.compile(r"x>=(\d+)"), r"\1 or more"),
    (re.compile(r"is not a valid int(?: range)?\b"), "is not a whole number"),
    (re.compile(r"is not in the range (\d+ or more)"), r"is not \1"),
    (re.compile(r"^[Oo]ption '(.+)' requires an argument\."), r"\1: a value is missing after it"),
    (
        re.compile(r"^Got unexpected extra argument(?:s|\(s\))? \((.+)\)"),
        r"\1: one argument too many",
    ),
    (re.compile(r"^[Mm]issing argument '(.+)'"), r"missing argument \1"),
)


class Command(TyperCommand):
    """A command whose help has its options under titles (`rich_help_panel` names each one's)."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; refuse an option with two values, of which only the last would count."""
        given = [*args]
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            _, _, parameters = self.make_parser(ctx).parse_args(args=given)
            counts: Counter[Any] = Counter(parameters)
            for each, times in counts.items():
                has_one_value = each.param_type_name == "option" and not each.is_flag
                if times > 1 and has_one_value and not each.multiple:
                    ctx.fail(
                        f"{each.opts[0]}: given {times} times, and only one of them would count"
                    )
        return rest

    def get_help(self, ctx: Any) -> str:
        """Return the help, as wide as the terminal."""
        ctx.terminal_width = _help_width()
        return super().get_help(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line, without the braces around what is required."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then each group with what belongs to it."""
        groups: dict[str, list[tuple[str, str]]] = {name: [] for name in _GROUPS}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                group = "" if is_argument else getattr(parameter, "rich_help_panel", None) or OUTPUT
                name, words = record
                groups[group].append((in_words(name), in_words(words)))
        for title, records in groups.items():
            if records:
                with formatter.section(title or "Arguments"):
                    formatter.write_dl(records, col_max=min(formatter.width // 3, 30))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the examples, each on a line of its own, to be copied."""
        if self.epilog:
            formatter.write("\nExamples:\n")
            for line in self.epilog.splitlines():
                lines = wrap_command(f"  {line}") if has_reader(sys.stdout) else [f"  {line}"]
                formatter.write("\n".join([*lines, ""]))


class Group(TyperGroup):
    """The program: its commands in whole sentences, and wrong usage like every other error."""

    def get_help(self, ctx: Any) -> str:
        """Return the help, as wide as the terminal."""
        ctx.terminal_width = _help_width()
        return super().get_help(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command with the first sentence of its help."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, ((each and each.help) or "").partition(". ")[0].rstrip(".") + ".")
                    for name, each in commands
                ]
            )

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT002 - as the base class has it
        windows_expand_args: bool = True,  # noqa: ARG002, FBT002
        **extra: Any,
    ) -> Any:
        """Run a command and exit with its status."""
        try:
            status = super().main(
                args,
                prog_name,
                complete_var,
                False,
                False,  # credreport resolves patterns itself, and "50%" in a ticket stays as it is
                **extra,
            )
        except TyperException as error:
            if not standalone_mode:
                raise
            words = in_words(error.format_message()).strip()
            context = getattr(error, "ctx", None)
            if words.startswith("Usage: "):  # no command at all: the message is the help
                sys.stderr.write(f"{words}\n")
                sys.exit(error.exit_code)
            path = context.command_path if context else "credreport"
            sentence = words[:1].lower() + words[1:].rstrip(".")
            end = "" if sentence.endswith("?") else "."
            Screen(no_color="--no-color" in sys.argv).fail(
                f"error: {sentence}{end} See `{path} --help`"
            )
            sys.exit(error.exit_code)
        except CredreportError as error:  # a configuration file that cannot be used
            for line in error.lines:
                Screen(no_color="--no-color" in sys.argv).fail(f"error: {line}")
            sys.exit(error.exit_code)
        if standalone_mode:
            sys.exit(status if isinstance(status, int) else 0)
        return status


def _help_width() -> int:
    return min(terminal_width(), _WIDEST)


def in_words(text: str) -> str:
    """Return a message of the parser's without its symbols and the names of Python's types."""
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text
