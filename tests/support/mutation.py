"""Small mistakes put into the modules that decide: does a test notice?

    python -m tests.support.mutation --seed 1 --count 50 --jobs 2

Each mutant is one changed operator, comparison, constant or condition. It is loaded in a process of
its own, and the tests of its module are run on it, file by file, the quick ones first, until one
fails. Mutants that survive are printed, to be looked at; EQUIVALENT has those that change nothing
anyone can see.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import os
import random
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# The tests that hold each module, the quick ones first.
TESTS = {
    "instants": ("test_instants", "reports/test_normalise"),
    "verdicts.verdict": (
        "verdicts/test_verdict",
        "verdicts/test_credentials",
        "verdicts/test_verdict_table",
    ),
    "verdicts.warnings": ("verdicts/test_warnings",),
    "verdicts.judged": ("verdicts/test_verdict_table", "runs/test_inspect"),
    "verdicts.reasons": ("verdicts/test_credentials", "verdicts/test_assessment"),
    "reports.grid": ("reports/test_cells", "reports/test_read", "runs/test_inspect"),
    "reports.cells": ("reports/test_cells", "verdicts/test_verdict_table"),
    "reports.names": ("reports/test_cells", "reports/test_read", "verdicts/test_warnings"),
    "reports.sections": (
        "reports/test_read",
        "reports/test_bounds",
        "reports/test_hostile",
        "reports/test_damage",
    ),
    "reports.report": ("reports/test_read", "reports/test_selection", "runs/test_inspect"),
    "reports.normalise": ("reports/test_normalise", "verdicts/test_credentials"),
    "verdicts.credentials": (
        "verdicts/test_warnings",
        "verdicts/test_assessment",
        "verdicts/test_credentials",
        "rules/test_catalogue",
        "verdicts/test_verdict_table",
    ),
    "reports.selection": ("reports/test_selection", "reports/test_by_date", "reports/test_hostile"),
    "verdicts.tally": (
        "verdicts/test_tally",
        "verdicts/test_assessment",
        "evidence/test_bands",
        "output/test_formats",
    ),
}
# What the tests of a module take of the processor, times this, is the end of a mutant that loops: a
# share of what was measured, so that a busy machine kills no mutant that the tests did not notice.
PATIENCE = 4
# Mutants that change nothing that anyone can see: module, line of source, change, and why.
EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("verdicts.tally", "return map(tuple, counts.reshape(len(counts), -1).tolist())", "1 + 1"): "whatever is "
    "below 0 stands for the rest",
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
    """One changed module: its place, what was changed, and its syntax tree."""

    module: str
    line: int
    words: str
    tree: ast.Module


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(source)
    nodes = [node for node in ast.walk(tree) if hasattr(node, "lineno")]
    hints = {id(part) for node in nodes for hint in _hints(node) for part in ast.walk(hint)}
    for number, node in enumerate(nodes):
        if id(node) in hints:
            continue
        for words, change in _changes(node):
            twin = copy.deepcopy(tree)
            target = [each for each in ast.walk(twin) if hasattr(each, "lineno")][number]
            change(target)
            ast.fix_missing_locations(twin)
            yield Mutant(module, int(getattr(node, "lineno", 0)), words, twin)


def _hints(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what only a type checker reads."""
    hints = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    hints += getattr(node, "decorator_list", [])  # a frozen dataclass is a promise to the reader
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
        hints += node.keywords  # and so is a strict one
    yield from (hint for hint in hints if hint is not None)


def _changes(node: ast.AST) -> Iterator[tuple[str, types.FunctionType]]:
    """Yield what can be changed in a node, in words, and how."""

    def changed(words: str, **fields: object) -> tuple[str, types.FunctionType]:
        def apply(target: ast.AST) -> None:
            for name, value in fields.items():
                setattr(target, name, value)

        assert isinstance(apply, types.FunctionType)
        return words, apply

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


def try_one(mutant: Mutant | None, module: str, limit: float = 0) -> tuple[str, float]:
    """Run the tests of a module in a process of its own.

    Returns `killed`, `timed out` or `survived`, and the seconds of processor time that it took. No
    `limit` is none.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            signal.setitimer(signal.ITIMER_PROF, limit)
            if mutant:
                _load(mutant)
            status = int(any(_fails(name) for name in TESTS[module]))
        finally:
            os._exit(status)
    _, ended, used = os.wait4(child, 0)
    seconds = used.ru_utime + used.ru_stime
    if os.WIFSIGNALED(ended):
        return "timed out", seconds
    return "killed" if os.waitstatus_to_exitcode(ended) else "survived", seconds


def _fails(name: str) -> bool:
    plain = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-k", "not Cluster"]
    return bool(importlib.import_module("pytest").main([*plain, f"tests/{name}.py"]))


def _load(mutant: Mutant) -> None:
    """Import the changed module in the place of the true one, before anything else imports it."""
    name = f"credreport.{mutant.module}"
    parent, _, leaf = name.rpartition(".")
    package = importlib.import_module(parent)
    module = types.ModuleType(name)
    module.__file__ = str(Path(str(package.__file__)).with_name(f"{leaf}.py"))
    sys.modules[name] = module
    exec(compile(mutant.tree, module.__file__, "exec"), module.__dict__)
    setattr(package, leaf, module)


def _find(source_of: dict[str, str]) -> tuple[list[Mutant], Counter[str]]:
    """Return the mutants to try, and how many of each module change nothing."""
    found = [mutant for module, source in source_of.items() for mutant in mutants(module, source)]
    keys = Counter(_key(mutant, source_of) for mutant in found)
    for key in EQUIVALENT:
        if key[0] in source_of and keys[key] != 1:
            raise SystemExit(f"{keys[key]} mutants are {key}")
    equivalent = Counter(module for module, *_ in EQUIVALENT if module in source_of)
    return [mutant for mutant in found if _key(mutant, source_of) not in EQUIVALENT], equivalent


def _key(mutant: Mutant, source_of: dict[str, str]) -> tuple[str, str, str]:
    line = source_of[mutant.module].splitlines()[mutant.line - 1].strip()
    return mutant.module, line, mutant.words


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=10**6, help="start none after so long")
    parser.add_argument("--modules", default=",".join(TESTS))
    options = parser.parse_args()
    for heavy in ("pandas", "typer.testing", "hypothesis", "pytest", "openpyxl"):
        importlib.import_module(heavy)
    package = Path(__file__).parents[2] / "credreport"
    modules = options.modules.split(",")
    source_of = {name: _path(package, name).read_text(encoding="utf-8") for name in modules}
    limits: dict[str, float] = {}
    for module in modules:
        end, seconds = try_one(None, module)
        if end != "survived":
            raise SystemExit(f"the tests of {module} fail on the program as it is")
        limits[module] = PATIENCE * seconds
        _say(f"{module}: its tests take {seconds:.0f} s of the processor")
    found, equivalent = _find(source_of)
    chosen = random.Random(options.seed).sample(found, min(options.count, len(found)))
    ends: Counter[tuple[str, str]] = Counter()
    started = time.monotonic()

    def examine(mutant: Mutant) -> tuple[Mutant, str]:
        is_late = time.monotonic() - started > options.seconds
        if is_late:
            return mutant, "not tried"
        return mutant, try_one(mutant, mutant.module, limits[mutant.module])[0]

    # Threads that wait; the work is done in the processes that they fork.
    with ThreadPoolExecutor(options.jobs) as pool:
        for mutant, end in pool.map(examine, chosen):
            ends[mutant.module, end] += 1
            if end == "survived":
                module, line, words = _key(mutant, source_of)
                _say(f"survived: {module}:{mutant.line}: {words}: {line}")
    for module in modules:
        slow = ends[module, "timed out"]
        noticed = ends[module, "killed"] + slow
        tried = noticed + ends[module, "survived"]
        _say(
            f"seed {options.seed}, {module}: {tried} of {sum(m.module == module for m in found)} "
            f"mutants tried, {noticed} noticed ({100 * noticed / max(tried, 1):.1f} %), {slow} of "
            f"them by taking too long; {equivalent[module]} more change nothing"
        )
    return 0


def _path(package: Path, module: str) -> Path:
    return package.joinpath(*module.split(".")).with_suffix(".py")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
