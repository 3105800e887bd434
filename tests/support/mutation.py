"""Small mistakes put into the modules that decide: does a test notice?

    python -m tests.support.mutation --seed 1 --count 50 --modules instants,verdicts.tally

Each mutant is one changed operator, comparison, constant or condition, tried in a process of its
own: the tests of its module are run on it, the quick ones first, until one fails. A mutant in the
body of a function is put into a program that is imported already, and all its tests are collected;
one elsewhere (a constant of the module, a default) is imported in the place of the true module.
Mutants that survive are printed, to be looked at; EQUIVALENT has those that change nothing anyone
can see.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import os
import pickle
import pkgutil
import random
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import hypothesis
import pytest

import credreport

ROOT = Path(__file__).parents[2]
# The tests that hold each module by themselves: the end-to-end ones are dear, and hold no more of it.
_COMPARISON = (
    "comparison/test_comparison",
    "comparison/test_identity",
    "comparison/test_outcomes",
    "comparison/test_warnings",
)
TESTS = {
    "comparison.changes": _COMPARISON,
    "comparison.closing": ("comparison/test_closing", *_COMPARISON),
    "comparison.comparison": _COMPARISON,
    "comparison.identity": _COMPARISON,
    "comparison.outcomes": _COMPARISON,
    "comparison.renamed_users": _COMPARISON,
    "comparison.rule_answers": _COMPARISON,
    "comparison.timeline": _COMPARISON,
    "comparison.warnings": ("comparison/test_warnings",),
    "comparison.twin_credentials": ("comparison/test_twin_credentials", *_COMPARISON),
    "errors": ("test_errors",),
    "files": ("test_files", "reports/test_inputs"),
    "globs": ("reports/test_inputs",),
    "instants": ("test_instants", "reports/test_normalise"),
    "reports.by_date": ("reports/test_by_date",),
    "reports.cells": ("reports/test_cells", "reports/test_normalise"),
    "reports.containers.answers": ("reports/containers/test_texts",),
    "reports.containers.archives": ("reports/containers/test_archives",),
    "reports.containers.encodings": ("reports/containers/test_texts",),
    "reports.containers.members": ("reports/containers/test_archives", "reports/test_inputs"),
    "reports.containers.unsupported": ("reports/containers/test_texts", "reports/test_inputs"),
    "reports.containers.tars": ("reports/containers/test_archives",),
    "reports.containers.texts": ("reports/containers/test_texts",),
    "reports.containers.zips": ("reports/containers/test_archives", "reports/test_inputs"),
    "reports.grid": ("reports/test_grid", "reports/test_cells", "reports/test_read"),
    "reports.inputs": ("reports/test_inputs", "reports/containers/test_archives"),
    "reports.users": (
        "reports/test_users",
        "reports/test_cells",
        "reports/test_read",
        "verdicts/test_warnings",
    ),
    "reports.normalise": ("reports/test_normalise",),
    "reports.own_output": (
        "reports/test_own_output",
        "reports/containers/test_texts",
        "reports/test_inputs",
    ),
    "reports.sniffing": ("reports/test_inputs", "reports/containers/test_archives"),
    "reports.read": ("reports/test_report", "reports/test_read"),
    "reports.report": ("reports/test_report", "reports/test_read"),
    "reports.sections": ("reports/test_read",),
    "reports.selection": ("reports/test_selection",),
    "reports.folders": ("reports/test_folders", "reports/test_inputs", "reports/test_selection"),
    "reports.possible_dates": ("reports/test_stamp",),
    "reports.name_dates": ("reports/test_stamp",),
    "reports.stamp": ("reports/test_stamp",),
    "rules.predicates": ("rules/test_catalogue",),
    "text": ("test_text",),
    "verdicts.assessment": (
        "verdicts/test_assessment",
        "rules/test_catalogue",
        "rules/test_policy",
        "rules/test_waivers",
    ),
    "verdicts.findings": (
        "verdicts/test_findings",
        "verdicts/test_assessment",
        "rules/test_catalogue",
        "rules/test_policy",
        "rules/test_waivers",
    ),
    "verdicts.user_table": (
        "verdicts/test_assessment",
        "rules/test_catalogue",
        "rules/test_policy",
        "rules/test_waivers",
    ),
    "verdicts.contradictions": ("verdicts/test_contradictions",),
    "verdicts.credentials": ("verdicts/test_credentials",),
    "verdicts.judged": ("verdicts/test_judged", "verdicts/test_reasons", "verdicts/test_tally"),
    "verdicts.reasons": ("verdicts/test_reasons",),
    "verdicts.tally": ("verdicts/test_tally", "evidence/test_bands"),
    "verdicts.undetermined": ("verdicts/test_undetermined",),
    "verdicts.status": ("verdicts/test_status", "verdicts/test_reasons"),
    "verdicts.warnings": ("verdicts/test_warnings", "verdicts/test_contradictions"),
    "verdicts.remedies": ("verdicts/test_remedies",),
}
# The end of a mutant that loops: so many times what a test takes of the processor, and some seconds.
# A share of what was measured, so that a busy machine kills no mutant that the tests did not notice.
PATIENCE = 4
GRACE = 4
# That of one that waits for what never comes, as a pipe's reader does, in seconds of the clock: more of
# them than a busy machine needs for any test.
LONGEST_WAIT = 60
SURVIVED, TOO_LONG, ELSEWHERE = "survived", "noticed by taking too long", "not in a function"
T = TypeVar("T")
# Mutants that change nothing that anyone can see: module, line of source, change, and why.
EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("reports.inputs", "unread = Unread(_absolute(path), name, 0, self.max_bytes, searched=True, top=top)", "0 + 1"): "its "
    "first bytes alone are read, which need neither its length",
    ("reports.inputs", "unread = Unread(_absolute(path), name, 0, self.max_bytes, searched=True, top=top)", "True turned"): "nor "
    "how it was found",
    ("reports.inputs", "unread = Unread(_absolute(str(path)), name, 0, self.max_bytes, searched=False, top=top)", "0 + 1"): "its "
    "size is set once it is known",
    ("reports.inputs", "return read_at_most(file, self.max_bytes + 1, self.size)", "1 + 1"): "two bytes too many are refused "
    "as well",
    ("reports.inputs", "data = read_at_most(sys.stdin.buffer, self.max_bytes + 1)", "1 + 1"): "two bytes too many are refused "
    "as well",
    ("reports.containers.zips", 'refuse_report_in(take(begin, size - begin), "its directory or a comment")', "Sub to Add"): "nothing "
    "is behind the end of the file",
    ("files", '_DO_NOT_WAIT = getattr(os, "O_NONBLOCK", 0)', "0 + 1"): "it counts on Windows alone, where nothing is measured",
    ("files", "data = read_at_most(file, max_bytes + 1)", "1 + 1"): "two bytes too many are refused as well",
    ("reports.users", "_LONGEST_NAME = 64", "64 + 1"): "a plain name that is one letter longer is compared as well",
    ("reports.users", "_LONGEST_PREFIX = 64", "64 + 1"): "so is what an ARN begins with",
    ("reports.users", 'match[0].encode() if match and len(match[0]) <= _LONGEST_PREFIX else b""', "LtE to Lt"): "what "
    "begins longer is read by itself, to the same account",
    ("reports.users", "count = count_words(int(sizes.max(initial=1)))", "1 + 1"): "two bytes are one word as well",
    ("reports.users", "longest = min(int(sizes.max(initial=1)), _LONGEST_NAME)", "1 + 1"): "two bytes are one word as well",
    ("reports.users", "return words | (from_a & ~after_z & 0x80 * _EVERY_BYTE) >> 2", "128 + 1"): "the lowest bits of the "
    "two sums are never the same",
    ("reports.users", "starts = np.maximum(grid.ends(arn) - sizes, 1)", "1 + 1"): "what a name longer than the ARN is "
    "compared with has a NUL, and is not it",
    ("reports.users", "may = (first <= _SPACE) | (first >= 0x80)", "128 + 1"): "no text begins with such a byte",
    ("reports.users", "may = (first <= _SPACE) | (first >= 0x80)", "GtE to Gt"): "no text begins with such a byte",
    ("reports.by_date", "earlier < later for instants in accounts.values() for earlier, later in pairwise(instants)", "Lt "
    "to LtE"): "two reports of an account at one instant are refused before",
    ("reports.cells", "neither = ~(on | off)", "BitOr to BitAnd"): "true and false are not `not_supported` either",
    ("reports.cells", "if place < 0:", "Lt to LtE"): "what is read of the column is written over it",
    ("reports.cells", "if place < 0:", "0 + 1"): "what is read of the column is written over it",
    ("reports.cells", '_MONTH = _to_spelling(b"0000-00-", {5: 12})', "12 + 1"): "the calendar has no days in such a month",
    ("reports.cells", '_MINUTE = _to_spelling(b"00T00:00", {0: 31, 3: 23, 6: 59})', "31 + 1"): "no month has such a day",
    ("reports.cells", "shape = 1 << 14, 16", "1 + 1"): "no date has a place so far behind",
    ("reports.cells", "shape = 1 << 14, 16", "14 + 1"): "no date has a place so far behind",
    ("reports.report", "if cells < len(self):", "Lt to LtE"): "either way gives the same texts",
    ("reports.report", "if cells < len(self):", "condition turned"): "either way gives the same texts",
    ("reports.containers.members", "data, is_whole = _inflate(packed, self.size + 1)", "1 + 1"): "two "
    "bytes too many are refused as well",
    ("files", '_NO_LINK = getattr(os, "O_NOFOLLOW", 0)', "0 + 1"): "these systems have it",
    ("globs", "if number > len(fixed):", "Gt to GtE"): "the top does not lead out of itself",
    ("reports.containers.tars", "end = 0", "0 + 1"): "no such word begins with the first letter of a tar",
    ("reports.folders", "self._around = [0]", "0 + 1"): "the first one is around all others, and asks for none around it",
    ("reports.folders", "self._holds = [True]", "True turned"): "the same",
    ("reports.folders", "if any(_accounts_in(self._names[number])) or is_called_by_a_time(self._path(number, 3)):", "3 + 1"): "the "
    "last three are looked at",
    ("reports.folders", "while number and len(steps) < most:", "Lt to LtE"): "one more than three is not looked at, and more "
    "than all there are none",
    ("reports.folders", "while number and len(steps) < most:", "and/or"): "the first one is called by nothing",
    ("reports.folders", 'of_century = "" if is_whole or not "24" <= digits < "40" else f"20{digits}"', "LtE to Lt"): "twelve "
    "digits are not two",
    ("reports.inputs", "unread = Unread(str(path), path.name, 0, DEFAULT_MAX_BYTES, searched=True)", "0 + 1"): "only "
    "its name and its first bytes are looked at",
    ("reports.inputs", "unread = Unread(str(path), path.name, 0, DEFAULT_MAX_BYTES, searched=True)", "True turned"): "only "
    "its name and its first bytes are looked at",
    ("reports.inputs", "self.seen_again = 0", "0 + 1"): "only whether it has grown is asked",
    ("reports.inputs", "self.seen_again += 1", "1 + 1"): "only whether it has grown is asked",
    ("reports.containers.tars", "_CHUNK = 1 << 20", "1 + 1"): "how much is read at once shows in time alone",
    ("reports.containers.tars", "_CHUNK = 1 << 20", "20 + 1"): "how much is read at once shows in time alone",
    ("reports.containers.zips", "_FLAGS = 0x40 | _ENCRYPTED | _HAS_DESCRIPTOR | _IS_UTF_8", "64 + 1"): "that bit is _ENCRYPTED",
    ("reports.containers.zips", 'record = take(offset, _LARGE_END.size) if offset < place else b""', "Lt to LtE"): "no "
    "such record is where its locator is",
    ("reports.containers.zips", "while len(data) > _FIELD.size:", "Gt to GtE"): "a field with nothing in it says nothing",
    ("reports.containers.zips", "if next_place < place:", "Lt to LtE"): "it is asked only where the two differ",
    ("reports.grid", "_PADDING = 128", "128 + 1"): "one more byte of it says no more",
    ("reports.grid", "if len(opening) == len(separators) - 1:", "Sub to Add"): "the pairs are found the long way as well",
    ("reports.sections", "self._accounts.add(account_of(row.split(SEPARATOR, 2)[1]))", "2 + 1"): "to "
    "split once more changes no cell before",
    ("reports.sections", "last_mark = -1", "1 + 1"): "whatever is below 0 is before every cell",
    ("reports.sections", "return min(places.get(mark, -1) for mark in _HEADER_MARKS - {USER})", "1 + 1"): "whatever is "
    "below 0 is before every cell",
    ("reports.sections", "if len(cells) > len(self.sections[-1].columns):", "Gt to GtE"): "no name stands behind the last "
    "cell of a row of the header's width",
    ("reports.sections", "if last_mark > place and user == section.columns[0]:", "Gt to GtE"): "no such name ends with "
    "`user`, which is the first column then",
    ("reports.read", "firsts = np.flatnonzero(np.diff(table.report, prepend=-1))", "1 + 1"): "whatever is below 0 comes "
    "before the first report",
    ("reports.read", 'header = text[: max(end, 0)].rstrip(b"\\r").replace(b\'"\', b"")', "0 + 1"): "one letter is no header",
    ("reports.read", 'return None if find_header_problems("", cells, 1) else tuple(cells)', "1 + 1"): "nobody reads in which line",
    ("reports.read", 'is_likely = ((letter <= ord(" ")) & (letter > 0)) | (letter >= 0x80)', "0 + 1"): "no column, and no "
    "blank, begins with that control character",
    ("reports.read", 'is_likely = ((letter <= ord(" ")) & (letter > 0)) | (letter >= 0x80)', "128 + 1"): "no text begins "
    "with such a byte",
    ("reports.read", 'is_likely = ((letter <= ord(" ")) & (letter > 0)) | (letter >= 0x80)', "GtE to Gt"): "no text begins "
    "with such a byte",
    ("reports.read", "is_in_order = bool((order[1:] > order[:-1]).all())", "Gt to GtE"): "no row stands there twice",
    ("reports.read", "is_mixed = account != np.repeat(account[firsts], sizes)", "NotEq to Eq"): "the parts of every text are "
    "looked for then, and those of one account found to be one",
    ("reports.read", "if (typed.last_meaning[:, rows] == absence).any() or (", "and/or"): "the word is found in the text "
    "as well",
    ("reports.read", "is_same = is_plain and part.csv.text == whole", "Eq to NotEq"): "the hash is made of the same bytes then",
    ("reports.possible_dates", "_PAST_TOLERANCE = 2 * _A_DAY", "2 + 1"): "any number of days above the one that is tolerated",
    ("reports.possible_dates", "text: str, near: datetime | None = None, *, is_dated: bool = False", "False turned"): "it counts "
    "only beside `near`",
    ("reports.stamp", 'together = ("-".join(_plain(steps[start : start + 3])) for start in range(len(steps)))', "3 + 1"): "no date "
    "has more than three parts",
    ("reports.selection", "is_short = len(of_that_time) > len(older) or _has_others(of_that_time, older)", "Gt to GtE"): "as "
    "many, of whom none is another, are the same",
    ("reports.selection", "BATCH_BYTES = 2 << 20", "2 + 1"): "how many files are read at once shows in time alone",
    ("reports.selection", "BATCH_BYTES = 2 << 20", "20 + 1"): "how many files are read at once shows in time alone",
    ("reports.selection", "BATCH_FILES = 500", "500 + 1"): "how many files are read at once shows in time alone",
    ("reports.selection", "_KEPT_MEMORY = 16 << 20", "16 + 1"): "how much memory is kept shows in time alone",
    ("reports.selection", "_KEPT_MEMORY = 16 << 20", "20 + 1"): "how much memory is kept shows in time alone",
    ("comparison.changes", "loose = pd.concat([gone, new], ignore_index=True)", "True turned"): "nobody asks for a row by its "
    "label",
    ("comparison.changes", 'by_name = loose.groupby(["account_id", "owner"], sort=False)', "False turned"): "every row has its "
    "group's answer, in whatever order they come",
    ("comparison.changes", 'by_birth = loose.groupby(["account_id", "created"], sort=False)["is_gone"].transform("nunique")', "False turned"): "every "
    "row has its group's answer",
    ("comparison.changes", 'later = users.groupby(who, sort=False)["is_after"]', "False turned"): "every row has its group's answer",
    ("rules.predicates", "if TYPE_CHECKING:", "condition turned"): "the types are for the checker",
    ("rules.predicates", "if apart < timedelta(0):", "Lt to LtE"): "what was made at the same instant was made with its user",
    ("verdicts.findings", "numbers: pd.Series | int = 0", "0 + 1"): "a rule without a number looks at none",
    ("verdicts.contradictions", "_ODD = np.uint64(0x9E3779B97F4A7C15)", "11400714819323198485 + 1"): "other numbers mix as well",
    ("verdicts.contradictions", "mix = (mix ^ word) * _ODD", "Mult to Add"): "sums mix as well",
    ("verdicts.contradictions", "_LONGEST_NAME = 4", "4 + 1"): "more words tell as much",
    ("verdicts.contradictions", "words = cut(grid.runs(starts, _LONGEST_NAME), grid.ends(column)[rows] - starts)", "Sub to Add"): "what follows a cell makes more numbers, and each is looked at",
    ("verdicts.contradictions", """found &= ~is_text(grid, starts + len(f"arn:{partition}:iam::{'1' * 12}"), b":user/")""", "12 + 1"): "then each cell is looked at",
    ("verdicts.contradictions", """found &= ~is_text(grid, starts + len(f"arn:{partition}:iam::{'1' * 12}"), b":user/")""", "Add to Sub"): "then each cell is looked at",
    ("verdicts.contradictions", "mix ^= mix >> np.uint64(29)", "29 + 1"): "other numbers mix as well",
    ("verdicts.credentials", "return pd.DataFrame(columns, copy=False)", "False turned"): "a copy has the same cells",
    ("verdicts.credentials", "slot=-1,", "1 + 1"): "whatever is below 0 sorts before the slots",
}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OPERATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Mult: ast.Add,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change to a module: its place, in words, and in the syntax tree that all of them share."""

    module: str
    line: int
    words: str
    tree: ast.Module
    node: ast.AST
    fields: dict[str, object]

    def compile(self) -> types.CodeType:
        """Make the change and compile the module. There is no way back, so do it in a process aside."""
        for name, value in self.fields.items():
            setattr(self.node, name, value)
        return compile(ast.fix_missing_locations(self.tree), str(_path(self.module)), "exec")


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(source)
    nodes = [node for node in ast.walk(tree) if hasattr(node, "lineno")]
    hints = {id(part) for node in nodes for hint in _hints(node) for part in ast.walk(hint)}
    for node in nodes:
        if id(node) not in hints:
            for words, fields in _changes(node):
                yield Mutant(module, int(getattr(node, "lineno", 0)), words, tree, node, fields)


def _hints(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what only a type checker reads."""
    hints = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    hints += getattr(node, "decorator_list", [])  # a frozen dataclass is a promise to the reader
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
        hints += node.keywords  # and so is a strict one
    yield from (hint for hint in hints if hint is not None)


def _changes(node: ast.AST) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield what can be changed in a node, in words, and its fields then."""

    def changed(words: str, **fields: object) -> tuple[str, dict[str, object]]:
        return words, fields

    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED:
        other = _COMPARED[type(node.ops[0])]
        yield changed(
            f"{type(node.ops[0]).__name__} to {other.__name__}", ops=[other(), *node.ops[1:]]
        )
    elif isinstance(node, ast.BoolOp):
        yield changed("and/or", op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATED:
        other_operator = _OPERATED[type(node.op)]
        yield changed(f"{type(node.op).__name__} to {other_operator.__name__}", op=other_operator())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
        yield changed("not lost", operand=ast.UnaryOp(node.op, node.operand))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield changed(f"{node.value} turned", value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield changed(f"{node.value} + 1", value=node.value + 1)
    elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
        yield changed("condition turned", test=ast.UnaryOp(ast.Not(), node.test))


@dataclass
class Suite:
    """A plugin of pytest: runs the tests that it collected in another way."""

    # What one test takes of the processor, in seconds, by its name; empty before it is measured.
    seconds: dict[str, float]
    # The mutants to try, each in a process of its own; none: run the tests themselves.
    mutants: Sequence[Mutant] = ()
    is_true: bool = False
    ends: list[str] = field(default_factory=list)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        session.items.sort(key=lambda item: self.seconds.get(item.nodeid, 0))
        if self.is_true:  # a test of two modules is measured once
            session.items[:] = [each for each in session.items if each.nodeid not in self.seconds]
        if not self.mutants:
            self.ends.append(self._run(session))
        else:
            for each in pkgutil.walk_packages(credreport.__path__, "credreport."):
                importlib.import_module(each.name)  # once, not in every process
            gc.freeze()  # the processes share what stands
        for mutant in self.mutants:
            end = _aside(partial(self._try, mutant, session), TOO_LONG)
            _say(f"  {mutant.module}:{mutant.line}: {mutant.words}: {end}")
            self.ends.append(end)
            # What noticed this one is likely to notice the next, which is a neighbour.
            session.items.sort(key=lambda item: f"noticed by {item.nodeid}" != end)
        return True

    def _try(self, mutant: Mutant, session: pytest.Session) -> str:
        return self._run(session) if _put(mutant) else ELSEWHERE

    def _run(self, session: pytest.Session) -> str:
        if session.testsfailed:
            return "noticed as the tests are collected"
        # Where another module has measured them all, there is none to run.
        for item, following in zip(session.items, [*session.items[1:], None], strict=False):
            if not self.is_true:
                limit = PATIENCE * self.seconds.get(item.nodeid, 0) + GRACE
                signal.setitimer(signal.ITIMER_PROF, limit)
                signal.setitimer(signal.ITIMER_REAL, LONGEST_WAIT + PATIENCE * limit)
            started = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self.seconds[item.nodeid] = time.process_time() - started
            if session.testsfailed > 0:
                return f"noticed by {item.nodeid}"
        return SURVIVED


def run(suite: Suite, module: str, mutant: Mutant | None = None) -> Suite:
    """Run the tests of a module in a process of its own; return what became of the suite.

    A mutant is imported in the place of the true module.
    """

    def tests() -> Suite:
        generated = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("quick", phases=generated, database=None)
        hypothesis.settings.load_profile("quick")  # the smallest example is nobody's question
        plain = ["-q", "--tb=native", "--assert=plain", "-p", "no:cacheprovider"]
        try:
            if mutant:
                _load(mutant)
        except Exception:  # however it fails, nobody can start the program
            return Suite({}, ends=["noticed at its import"])
        pytest.main([*plain, *(f"tests/{name}.py" for name in TESTS[module])], [suite])
        return Suite(suite.seconds, ends=suite.ends)

    return _aside(tests, Suite({}, ends=[TOO_LONG]))


def _aside(work: Callable[[], T], otherwise: T) -> T:
    """Do some work in a process of its own; return what stands for it where that was killed."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            done = pickle.dumps(work())
            with os.fdopen(there, "wb") as answer:
                answer.write(done)
        finally:
            os._exit(0)
    os.close(there)
    with os.fdopen(here, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return cast("T", pickle.loads(said)) if said else otherwise  # what this very program wrote


def _put(mutant: Mutant) -> bool:
    """Put a mutant into the functions of its module, imported already; say whether there was one."""
    module = sys.modules[f"credreport.{mutant.module}"]
    codes = dict(_codes(mutant.compile()))
    changed = [
        (function, codes[function.__code__.co_qualname])
        for function in _functions(module)
        if codes.get(function.__code__.co_qualname, function.__code__) != function.__code__
    ]
    for function, code in changed:
        function.__code__ = code
    return bool(changed)


def _codes(code: types.CodeType) -> Iterator[tuple[str, types.CodeType]]:
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each.co_qualname, each
            yield from _codes(each)


def _functions(owner: types.ModuleType | type) -> Iterator[types.FunctionType]:
    """Yield the functions that a module, or a class, defines."""
    name = owner.__module__ if isinstance(owner, type) else owner.__name__
    for value in map(_behind_doors, vars(owner).values()):
        if getattr(value, "__module__", "") != name:
            continue
        if isinstance(value, types.FunctionType):
            yield value
        elif isinstance(value, type):
            yield from _functions(value)


def _behind_doors(value: object) -> object:
    """Return the function that a property, a method or a cache calls."""
    for door in ("fget", "func", "__func__", "__wrapped__"):
        value = getattr(value, door, value)
    return value


def _load(mutant: Mutant) -> None:
    """Import the changed module in the place of the true one, before anything else imports it."""
    name = f"credreport.{mutant.module}"
    parent, _, leaf = name.rpartition(".")
    package = importlib.import_module(parent)
    module = types.ModuleType(name)
    module.__file__ = str(_path(mutant.module))
    sys.modules[name] = module
    exec(mutant.compile(), module.__dict__)
    setattr(package, leaf, module)


def read_sources(modules: Iterable[str]) -> dict[str, str]:
    """Return the source of each module."""
    return {name: _path(name).read_text(encoding="utf-8") for name in modules}


def find_mutants(source_of: dict[str, str]) -> tuple[list[Mutant], Counter[str]]:
    """Return the mutants to try, and how many of each module change nothing.

    Raises SystemExit where the list of those does not fit the source.
    """
    found = [mutant for module, source in source_of.items() for mutant in mutants(module, source)]
    keys = Counter(_key(mutant, source_of) for mutant in found)
    for key in EQUIVALENT:
        if key[0] in source_of and keys[key] != 1:
            raise SystemExit(f"{keys[key]} mutants are {key}")
    equivalent = Counter(module for module, *_ in EQUIVALENT if module in source_of)
    return [mutant for mutant in found if _key(mutant, source_of) not in EQUIVALENT], equivalent


def _key(mutant: Mutant, source_of: dict[str, str]) -> tuple[str, str, str]:
    line = source_of[mutant.module].splitlines()[mutant.line - 1].partition("  # ")[0].strip()
    return mutant.module, line, mutant.words


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--modules", default=",".join(TESTS))
    options = parser.parse_args()
    for heavy in ("pandas", "typer.testing", "openpyxl"):
        importlib.import_module(heavy)
    modules = options.modules.split(",")
    source_of = read_sources(modules)
    found, equivalent = find_mutants(source_of)
    chosen = random.Random(options.seed).sample(found, min(options.count, len(found)))
    seconds: dict[str, float] = {}
    for module in modules:
        own = [each for each in chosen if each.module == module]
        ends = Counter(_examine(sorted(own, key=lambda each: each.line), module, seconds))
        tried, slow = ends.total(), ends[TOO_LONG]
        noticed = tried - ends[SURVIVED]
        _say(
            f"seed {options.seed}, {module}: {tried} of {sum(m.module == module for m in found)} "
            f"mutants tried, {noticed} noticed, {slow} of them by taking too long; "
            f"{equivalent[module]} more change nothing"
        )
    return 0


def _examine(chosen: list[Mutant], module: str, seconds: dict[str, float]) -> Iterator[str]:
    """Yield what became of every mutant of a module; `seconds` get what its tests take."""
    if not chosen:
        return
    true = run(Suite(seconds, is_true=True), module)
    if true.ends != [SURVIVED]:
        raise SystemExit(f"the tests of {module} fail on the program as it is: {true.ends}")
    _say(f"{module}: its new tests take {sum(true.seconds.values()) - sum(seconds.values()):.0f} s")
    seconds.update(true.seconds)
    for mutant, end in zip(chosen, run(Suite(seconds, chosen), module).ends, strict=True):
        if end in (ELSEWHERE, SURVIVED):  # what runs at the import only was not changed there
            (elsewhere,) = run(Suite(seconds), module, mutant).ends
            _say(f"  {mutant.module}:{mutant.line}: {mutant.words}: {elsewhere}")
            yield elsewhere
        else:
            yield end


def _path(module: str) -> Path:
    return ROOT.joinpath("credreport", *module.split(".")).with_suffix(".py")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
