"""What is shown: plain ASCII in a pipe, a table on a terminal, nothing raw from a report."""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Callable

import pytest

from credreport.cli import screen as screen_module
from credreport.cli.screen import Screen, _fit
from credreport.errors import OutputError
from credreport.text import escape_text


class Terminal(io.StringIO):
    """A stream that says it is a terminal of some encoding."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Terminal]:
    def install(name: str = "stdout", encoding: str = "utf-8") -> Terminal:
        stream = Terminal(encoding)
        monkeypatch.setattr(sys, name, stream)
        return stream

    for variable in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(variable, raising=False)
    return install


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[/red] $$", "[/red] $$"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb", "a\\x0ab"),
        ("\u202e", "\\u202e"),
        ("\U000e0001", "\\U000e0001"),
        ("\u5bc6", "\u5bc6"),
    ],
)
def test_what_cannot_be_printed_is_written_out(text: str, shown: str) -> None:
    assert escape_text(text) == shown


def test_a_pipe_gets_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().say("caf\u00e9 \u5bc6\x07")
    Screen().table(["", "n"], [["a\u00e9", "1"], ["b", "22"]], rights=1)
    assert capsys.readouterr().out.splitlines() == [
        "caf\\xe9 \\u5bc6\\x07", "          n", "  a\\xe9   1", "  b      22",
    ]  # fmt: skip


def test_no_text_makes_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().say("x.csv\n0 of 9 active credentials")
    Screen().fail("error: a\r\nb")
    said = capsys.readouterr()
    assert said.out == "x.csv\\x0a0 of 9 active credentials\n"
    assert said.err == "error: a\\x0d\\x0ab\n"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii", "utf-8"])
def test_a_terminal_gets_what_it_can_show(terminal: Callable[..., Terminal], encoding: str) -> None:
    stream = terminal(encoding=encoding)
    Screen().say("\u5bc6")
    assert stream.getvalue().encode(encoding)
    Screen().table(["", "n"], [["[/red]\x1b", "1"]], rights=1)
    assert "[/red]\\x1b" in stream.getvalue()
    assert stream.getvalue().encode(encoding)


@pytest.mark.parametrize("columns", ["0", "20", "40"])
def test_a_narrow_terminal_still_gets_the_table(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    stream = terminal()
    Screen().table(["", "unused"], [["Passwords", "12"]], rights=1)
    assert "Passwords" in stream.getvalue()
    assert "12" in stream.getvalue()


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_plain_lines_where_asked_for(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "dumb")
    stream = terminal()
    Screen().table(["", "n"], [["a", "1"]], rights=1)
    assert stream.getvalue() == "     n\n  a  1\n"


def test_a_closed_stream_swallows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    Screen().say("x")
    Screen().note("x")
    Screen().table(["a"], [["b"]], rights=0)


def test_quiet_says_no_notes_but_errors(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(quiet=True)
    screen.note("no")
    screen.say("yes")
    screen.fail("error")
    assert capsys.readouterr() == ("yes\n", "error\n")


class TestProgress:
    def test_a_pipe_has_none(self) -> None:
        with Screen().progress(lambda: 1) as advance:
            assert advance is None

    def test_a_short_run_shows_none(self, terminal: Callable[..., Terminal]) -> None:
        stream = terminal("stderr")
        with Screen().progress(lambda: 2) as advance:
            assert advance
            advance()
        assert stream.getvalue() == ""

    def test_a_long_run_shows_how_far_it_is(
        self, terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(screen_module, "_SHOW_PROGRESS_AFTER", -1.0)
        stream = terminal("stderr")
        with Screen(no_color=True).progress(lambda: 2) as advance:
            assert advance
            advance(), advance()
        assert "Reading" in stream.getvalue()
        assert "100%" in stream.getvalue()


class Broken(Terminal):
    """A stream whose reader has left, or whose disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def write(self, _: str) -> int:
        raise self.error

    def fileno(self) -> int:
        raise OSError(9, "no descriptor")


def test_a_reader_that_has_left_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError()))
    Screen().say("x")


def test_a_full_disk_below_stdout_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="standard output cannot be written: No space left"):
        Screen().say("x")


def test_a_table_too_wide_for_the_terminal_becomes_lines(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = terminal()
    headers = ["", "first", "second", "third", "fourth"]
    Screen().table(headers, [["a" * 20, *(["1234567890"] * 4)]], rights=4)
    assert stream.getvalue() == (
        f"  {'a' * 20}:\n"
        "    first 1234567890, second 1234567890,\n"
        "    third 1234567890, fourth 1234567890\n"
    )


def test_a_title_at_the_end_of_a_row_goes_on_below(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = terminal()
    Screen().table(["Rule", "Title"], [["old-password", "Console password expires soon"]], rights=0)
    assert stream.getvalue().splitlines()[2:] == [
        "  old-password  Console password expires",
        "                soon",
    ]


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        ("80", "2 of 2 active credentials have been unused\n"),
        ("42", "2 of 2 active credentials have been unused\n"),
        ("41", "2 of 2 active credentials have been\nunused\n"),
        ("20", "2 of 2 active credentials have been\nunused\n"),
    ],
)
def test_a_terminal_gets_lines_broken_between_words(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch, columns: str, shown: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    stream = terminal()
    Screen().say("2 of 2 active credentials have been unused")
    assert stream.getvalue() == shown


def test_what_goes_on_is_indented_and_a_long_word_stays_whole(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = terminal("stderr")
    Screen().note(f"  evidence/{'x' * 40}.xlsx is what there is now")
    assert stream.getvalue() == f"  evidence/{'x' * 40}.xlsx\n    is what there is now\n"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "  Control:  AWS Security Hub IAM.8 (FSBP 1.0.0)",
            "  Control:  AWS Security Hub IAM.8 (FSBP\n            1.0.0)\n",
        ),
        (
            "# A waived finding stays in the evidence and counts",
            "# A waived finding stays in the evidence\n#   and counts\n",
        ),
    ],
)
def test_what_goes_on_stands_below_its_text(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch, line: str, shown: str
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = terminal()
    Screen().say(line)
    assert stream.getvalue() == shown


def test_a_command_to_copy_goes_on_as_the_shell_joins_it(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = terminal("stderr")
    command = f"  credreport analyze 'a  b' {'x ' * 20}".rstrip()
    Screen().note(command, is_whole=True)
    assert stream.getvalue().count("\n") == 2
    assert stream.getvalue().splitlines()[0] == "  credreport analyze 'a  b' x x x x x \\"
    assert shlex.split(stream.getvalue().replace("\\\n", "")) == shlex.split(command)
    monkeypatch.setattr(screen_module, "_SYSTEM", "nt")
    stream = terminal("stderr")
    Screen().note(command, is_whole=True)
    assert stream.getvalue() == f"{command}\n"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_word_of_a_table_is_broken(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = terminal()
    headers = ["Finding", "Account", "User", "Credential", "of which never used"]
    rows = [
        ["CR-A3791EB9AFA1", "777788889999", name, "access key 1", "12"]
        for name in ("bob", "\u5bc6\u7801")
    ]
    Screen(no_color=True).table(headers, rows, rights=1)
    lines = stream.getvalue().splitlines()
    assert max(map(screen_module.display_width, lines)) <= width
    words = {word.strip(":,") for line in lines for word in line.split()}
    assert {"CR-A3791EB9AFA1", "777788889999", "\u5bc6\u7801", "access", "never"} <= words


def test_color_only_adds(
    terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["tie-out FAIL", "1 undetermined"]

    def show(*, no_color: bool) -> tuple[str, str]:
        out, err = terminal(), terminal("stderr")
        screen = Screen(no_color=no_color)
        for line in lines:
            screen.say(line)
        screen.table(["Status", "n"], [["undetermined", "1"]], rights=1)
        screen.fail("error: x")
        return out.getvalue(), err.getvalue()

    out, err = show(no_color=False)
    assert "\x1b[1;38;5;160mFAIL\x1b[0m" in out
    assert "\x1b[38;5;130mundetermined\x1b[0m  1" in out
    assert err == "\x1b[1;38;5;160merror:\x1b[0m x\n"
    plain = re.sub(r"\x1b\[[\d;]+m", "", out).replace("  " + "\u2500" * 15 + "\n", "")
    assert (plain, "error: x\n") == show(no_color=True)
    monkeypatch.setattr(screen_module, "_SYSTEM", "nt")
    monkeypatch.delenv("WT_SESSION", raising=False)
    assert show(no_color=False) == show(no_color=True)


def test_a_pipe_gets_long_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    Screen().say("a word " * 20)
    assert capsys.readouterr().out == "a word " * 20 + "\n"


def test_a_document_goes_out_part_by_part(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Screen().pour(iter(["a\n", "b"]))
    assert capsys.readouterr().out == "a\nb"
    monkeypatch.setattr(sys, "stdout", None)
    parts = iter(["c"])
    Screen().pour(parts)
    assert list(parts) == ["c"]


def test_a_title_that_no_longer_fits_whole_words_makes_no_table() -> None:
    cells = [["Finding", "Title"], ["x" * 30, "an extraordinarily long one"]]
    assert _fit(cells, [30, 27], 2, 48) == [30, 16]
    assert _fit(cells, [30, 27], 2, 47) is None
