"""Defaults of options from `credreport.toml`, or `[tool.credreport]` of `pyproject.toml`.

Only those of the current directory are read; the command line wins. Each option of a command that
is `Configured` can stand there under its long name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.exceptions import TyperException

from credreport.cli.help import EVIDENCE, INPUT, VERDICT, Command, in_words
from credreport.cli.screen import Screen
from credreport.errors import CredreportError

if TYPE_CHECKING:
    from credreport.rules.option_file import Configuration
    from credreport.rules.toml_file import TomlFile

OWN = Path("credreport.toml")
SHARED = Path("pyproject.toml")
# What editors, browsers and people make of the name.
_ALIKE = ("credreport.toml.txt", ".credreport.toml", "Credreport.toml", "credreport.tml")
_TABLE = "tool.credreport"
_WORD = re.compile(rb"[a-z][a-z_-]{6,14}")
_OUR_LETTERS = ("toolcredreport", "credreport")
_WHAT = "the configuration"
_FROM_FILE = "DEFAULT_MAP"
# Options of these groups affect the result, except those for where and how it is written.
_DECISIVE = (INPUT, VERDICT, EVIDENCE)
_INDECISIVE = ("output", "format", "csv-raw", "force", "mask-key")
# What an option of the command line decides of the rules; it sets these aside.
_SET_ASIDE = {"policy": ("profile", "unused-after"), "profile": ("unused-after",)}
# Only the person who runs this decides whose machines read the reports.
_NOT_FROM_FILE = ("cluster",)


@dataclass(frozen=True)
class Settings:
    """The file, the name of the table in it (empty: the whole file), and the options by name."""

    toml: TomlFile
    table: str
    values: Mapping[str, Any]

    def line_of(self, name: str) -> int:
        """Return the line where an option is set."""
        return self.toml.line_of(name, self.table)


class Configured(Command):
    """A command whose options have their defaults from the configuration of the directory."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments over the defaults of the file; report what was taken from it."""
        if ctx.resilient_parsing or {*ctx.help_option_names} & {*args}:
            return super().parse_args(ctx, args)
        settings = find_settings()
        if settings is None:
            return super().parse_args(ctx, args)
        options = {option_name(each): each for each in self.params if is_option(each)}
        _check(settings, ctx, options)
        aside = _set_aside(settings, self._given(ctx, args))
        ctx.default_map = {
            each.name: _to_given(settings.values[name], is_list=each.multiple)
            for name, each in options.items()
            if name in settings.values and name not in aside
        }
        rest = super().parse_args(ctx, args)
        taken = {
            name: _to_plain(settings.values[name])
            for name, each in options.items()
            if getattr(ctx.get_parameter_source(each.name), "name", "") == _FROM_FILE
        }
        decisive = {name: value for name, value in taken.items() if _decides(options[name])}
        _say(settings, taken, aside, is_masked=bool(ctx.params.get("mask")))
        _say_unused(settings, ctx, options)
        ctx.obj = _to_configuration(settings, decisive)
        return rest

    def _given(self, ctx: Any, args: Sequence[str]) -> set[str]:
        """Return the options of a command line by name; none of one that is refused afterwards."""
        try:
            given, _, _ = self.make_parser(ctx).parse_args(args=[*args])
        except TyperException:
            return set()
        return {option_name(each) for each in self.params if is_option(each) and each.name in given}


def configuration_of(ctx: Any) -> Configuration | None:
    """Return what the file decided for this run; None where it decided nothing."""
    found: Configuration | None = ctx.obj
    return found


def find_settings() -> Settings | None:
    """Return what the current directory's file says; None without one.

    `credreport.toml` counts where both are there. Raises UsageError for a file that is not TOML.
    """
    from credreport.files import may_be_there
    from credreport.rules.toml_file import TomlFile

    has_shared = _mentions_us(SHARED)
    for name in filter(os.path.exists, _ALIKE):
        if not (OWN.exists() and OWN.samefile(name)):
            Screen().note(f"{name} is not read: the file is called {OWN}")
    if may_be_there(OWN):  # a broken link is not a missing file
        toml = TomlFile(OWN, _WHAT)
        if has_shared and _TABLE in _tables(TomlFile(SHARED, _WHAT)):
            Screen().note(f"[{_TABLE}] of {SHARED} is not read: {OWN} counts")
        return Settings(toml, "", toml.document)
    if not has_shared:
        return None
    toml = TomlFile(SHARED, _WHAT)
    for name in _misnamed(toml.document):
        Screen().note(f"[{name}] of {SHARED} is not read: the table is called [{_TABLE}]")
    if _TABLE not in _tables(toml) and (line := toml.line_in_comment(_TABLE)):
        Screen().note(f"[{_TABLE}] of {SHARED} is not read: line {line} has it in a comment")
    found = _tables(toml).get(_TABLE)
    if found is not None and not isinstance(found, dict):
        toml.report(0, f"`{_TABLE}` is {_shown(found)}", f"Write a table: [{_TABLE}]")
        toml.finish()
    return None if found is None else Settings(toml, _TABLE, found)


def _mentions_us(path: Path) -> bool:
    """Whether the file of other tools may have a table for this one: otherwise it is ignored."""
    from credreport.files import read_bounded, why_unreadable

    try:
        data = read_bounded(path)
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        why = why_unreadable(error)
        Screen().note(
            f"{path} cannot be read ({why}): a table [tool.credreport] in it does not count"
        )
        return False
    # An editor may have made it UTF-16, which no tool reads: then that is said.
    data = data.lower()
    return any(
        "credreport".encode(each) in data for each in ("utf-8", "utf-16-le", "utf-16-be")
    ) or any(_is_like_ours(word.decode("ascii")) for word in {*_WORD.findall(data)})


def _is_like_ours(table: str) -> bool:
    """Whether a table's name may be this program's, with a mistake in it."""
    import difflib

    letters = "".join(filter(str.isalpha, table.casefold()))
    is_near = any(abs(len(letters) - len(ours)) < 3 for ours in _OUR_LETTERS)  # quick to say
    return is_near and bool(difflib.get_close_matches(letters, _OUR_LETTERS, cutoff=0.88))


def _tables(toml: TomlFile) -> dict[str, Any]:
    tool = toml.document.get("tool")
    if isinstance(tool, dict) and "credreport" in tool:
        return {_TABLE: tool["credreport"]}
    return {}


def _misnamed(document: Mapping[str, Any]) -> list[str]:
    """Return the names of tables that were meant for this program and have another name."""
    return [
        name
        for name in _tables_within(document, 3)
        if name != _TABLE and (_is_like_ours(name) or _is_like_ours(name.rpartition(".")[2]))
    ]


def _tables_within(table: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Yield the names of the tables in a table, down to a depth."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield name
            if depth > 1 and name != _TABLE.rpartition(".")[2]:
                yield from (f"{name}.{each}" for each in _tables_within(value, depth - 1))


def is_option(parameter: Any) -> bool:
    """Whether a parameter is an option that a file can set."""
    return parameter.param_type_name == "option" and not parameter.is_eager


def option_name(parameter: Any) -> str:
    """Return an option's long name, without dashes."""
    long = next(each for each in parameter.opts if each.startswith("--"))
    return str(long.removeprefix("--"))


def takes_number(parameter: Any) -> bool:
    """Whether an option takes a whole number, within bounds or not."""
    return str(parameter.type.name).startswith("int")


def _check(settings: Settings, ctx: Any, options: Mapping[str, Any]) -> None:
    """Refuse unknown keys, and values that the command's options do not take, each with its line."""
    toml, table = settings.toml, settings.table
    toml.check_keys(settings.values, sorted(_known(ctx)), table)
    for name, value in settings.values.items():
        if name not in options:
            continue
        if name in _NOT_FROM_FILE:
            found = f"`{name}` cannot be set in a file, which may have come with the reports"
            toml.report(settings.line_of(name), found, f"Name it on the command line: --{name}")
            continue
        wanted = _expected(options[name], value)
        if wanted:
            toml.report(settings.line_of(name), f"`{name}` is {_shown(value)}", f"Write {wanted}")
        elif problem := _objection(ctx, options[name], name, value):
            toml.report(settings.line_of(name), problem, "")
    toml.finish()


def _known(ctx: Any) -> dict[str, Any]:
    """Return the options that a file can set, of whatever command, by name."""
    return {
        option_name(each): each
        for command in ctx.parent.command.commands.values()
        if isinstance(command, Configured)
        for each in command.params
        if is_option(each)
    }


def _expected(option: Any, value: object) -> str:
    """Return what should be there instead; empty if the value has the right type."""
    if option.is_flag:
        return "" if isinstance(value, bool) else "true or false, without quotes"
    if takes_number(option):
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return "" if is_number else "a whole number, without quotes"
    texts = value if isinstance(value, list) and option.multiple else [value]
    if all(isinstance(each, str | date) for each in texts):
        return ""
    return 'a list of texts, such as ["newest"]' if option.multiple else "a text, in quotes"


def _objection(ctx: Any, option: Any, name: str, value: object) -> str:
    """Return the command line's objection to the value; empty if it accepts it."""
    given = _to_given(value, is_list=option.multiple)
    try:
        option.process_value(ctx, given)
        if check := _CHECKS.get(name):
            for each in given if isinstance(given, list) else [given]:
                check(each)
    except TyperException as error:
        words = in_words(error.format_message()).strip()
        return words[:1].lower() + words[1:]
    except CredreportError as error:
        return str(error)
    except ValueError:
        return f"`{name}` has a NUL in it, which no path may have"
    return ""


def _check_format(value: Any) -> None:
    from credreport.output.formats import parse_formats

    parse_formats(value)


def _check_profile(value: Any) -> None:
    from credreport.rules.policy import find_profile

    find_profile(value)


def _check_days(value: Any) -> None:
    from credreport.rules.policy import load_policy

    load_policy(unused_after_days=value)


def _check_as_of(value: Any) -> None:
    from credreport.reports.selection import parse_as_of

    parse_as_of(value)


# What the commands find out only later, and without the line.
_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "format": _check_format,
    "profile": _check_profile,
    "unused-after": _check_days,
    "as-of": _check_as_of,
}


def _to_given(value: object, *, is_list: bool) -> Any:
    """Return the value as the command line would give it."""
    plain = _to_plain(value)
    return [plain] if is_list and not isinstance(plain, list) else plain


def _to_plain(value: object) -> Any:
    """Return a day or an instant as text."""
    if isinstance(value, list):
        return [_to_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _decides(option: Any) -> bool:
    return option.rich_help_panel in _DECISIVE and option_name(option) not in _INDECISIVE


def _set_aside(settings: Settings, given: Container[str]) -> dict[str, str]:
    """Return the options of the file that do not count beside one that is given, and that one."""
    return {
        name: option
        for option, names in _SET_ASIDE.items()
        for name in names
        if option in given and name in settings.values and name not in given
    }


def _say(
    settings: Settings, taken: Mapping[str, object], aside: Mapping[str, str], *, is_masked: bool
) -> None:
    """Report what came from the file, even if quiet: its author may not be who runs this."""
    name = settings.toml.file.name
    if not settings.values:
        Screen().note(f"{name} sets nothing; if it should, it may be cut short")
    for each, option in aside.items():
        Screen().note(f"{each} of {name} is set aside: --{option} decides")
    if taken:
        from credreport.rules.toml_file import as_written

        words = ", ".join(
            each if is_masked else f"{each} = {as_written(value)}" for each, value in taken.items()
        )
        Screen().note(f"from {name}: {words}")


def _say_unused(settings: Settings, ctx: Any, options: Mapping[str, Any]) -> None:
    """Name what another command would judge by: who set it believes that this one does too."""
    known = _known(ctx)
    unused = [name for name in settings.values if name not in options and _decides(known[name])]
    judges = any(each.rich_help_panel == VERDICT for each in options.values())
    if unused and judges:
        words = f"not used by {ctx.info_name}, which has no such options: {', '.join(unused)}"
        Screen().note(f"{settings.toml.file.name}: {words}")


def _to_configuration(settings: Settings, values: Mapping[str, object]) -> Configuration | None:
    if not values:
        return None
    from credreport.rules.option_file import Configuration

    return Configuration(settings.toml.file, values)


def _shown(value: object) -> str:
    from credreport.rules.toml_file import shown

    return shown(value)
