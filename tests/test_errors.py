"""What is said of what went wrong: where, what, and what to do, in lines that can be read."""

from __future__ import annotations

import pytest

from credreport.errors import CredreportError, InputRefused, Notice, Problem, UsageError


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (Problem("a.csv", 0, 0, "it is empty"), "a.csv: it is empty."),
        (Problem("a.csv", 1, 0, "it is empty."), "a.csv, line 1: it is empty."),
        (Problem("a.csv", 3, 4, "no.", "Look."), "a.csv, line 3, column 4: no. Look."),
        (Problem("a.csv", 0, 0, "x" * 1000), f"a.csv: {'x' * 1000}."),
        (Problem("a.csv", 0, 0, "x" * 1001), f"a.csv: {'x' * 1000}…."),
    ],
)
def test_a_problem_says_where_it_is_and_what_to_do(problem: Problem, says: str) -> None:
    assert str(problem) == says


@pytest.mark.parametrize(
    ("notice", "says"),
    [
        (Notice("a.csv", 0, "code", "it is old"), "a.csv: it is old"),
        (Notice("a.csv", 1, "code", "it is old"), "a.csv, line 1: it is old"),
        (Notice("", 0, "code", "they are old"), "they are old"),
    ],
)
def test_a_warning_says_where_it_is(notice: Notice, says: str) -> None:
    assert str(notice) == says


@pytest.mark.parametrize(("count", "shown", "last"), [(20, 20, None), (21, 20, 1), (22, 20, 2)])
def test_of_each_file_twenty_problems_are_shown_and_the_others_counted(
    count: int, shown: int, last: int | None
) -> None:
    problems = [Problem("a.csv", line, 0, "x") for line in range(1, count + 1)]
    lines = [f"a.csv, line {line}: x." for line in range(1, shown + 1)]
    more = [] if last is None else [f"a.csv: and {last} more"]
    refused = InputRefused([*problems, Problem("b.csv", 1, 0, "y")])
    assert not refused.has_others
    assert list(refused.lines) == [*lines, *more, "b.csv, line 1: y."]
    assert str(refused) == "\n".join(refused.lines)


def test_a_program_that_calls_it_is_told_of_an_error() -> None:
    assert {error.exit_code for error in (CredreportError, UsageError, InputRefused)} == {2}
