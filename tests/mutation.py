"""Small mistakes put into the modules that decide: does a test notice?

    python -m tests.mutation --seed 1 --count 50

Each mutant is one changed operator, comparison, constant or condition. It is loaded in a process of
its own and put to a short examination: the verdict table, the root rows, the hostile inputs and a
slice of the damages. Mutants that survive are printed, to be looked at.
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
import tempfile
import time
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MODULES = ("read", "normalise", "credentials", "population")
SECONDS = 180
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
    for number, node in enumerate(nodes):
        for words, change in _changes(node):
            twin = copy.deepcopy(tree)
            target = [each for each in ast.walk(twin) if hasattr(each, "lineno")][number]
            change(target)
            ast.fix_missing_locations(twin)
            yield Mutant(module, int(getattr(node, "lineno", 0)), words, twin)


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
        yield (
            changed("not lost", op=ast.UAdd())
            if isinstance(node.op, ast.Invert)
            else changed("not lost", op=ast.Not(), operand=ast.UnaryOp(ast.Not(), node.operand))
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield changed(f"{node.value} turned", value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield changed(f"{node.value} + 1", value=node.value + 1)
    elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
        yield changed("condition turned", test=ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Continue | ast.Break):
        pass


def examine() -> str:
    """Return what notices the mutant, or an empty text. Imports the program: call it in a child."""
    from typer.testing import CliRunner

    from tests import damage, hostile, test_verdict_table

    test_verdict_table.test_every_cell_of_the_table_gets_the_verdict_of_the_second_opinion()
    test_verdict_table.test_every_reason_is_given_where_one_is_needed()
    test_verdict_table.test_every_cell_of_the_table_where_a_blank_is_a_known_absence()
    test_verdict_table.test_every_cell_of_the_table_without_the_columns_of_last_use()
    test_verdict_table.test_a_blank_is_judged_by_its_file_also_where_an_account_has_one_row()
    if damage.run(1, 0, 3 * len(damage.DAMAGES)).bad:
        return "damage"
    from credreport.cli import app
    from tests.test_hostile import arguments_of

    for name, case in hostile.CASES.items():
        with tempfile.TemporaryDirectory() as directory:
            os.chdir(directory)
            inputs = arguments_of(case, Path(directory))
            run = CliRunner().invoke(app, ["inspect", "-v", *case.arguments, "--", *inputs])
            os.chdir("/")
        if run.exit_code != case.exit_code or case.says not in run.stdout + run.stderr:
            return f"hostile input: {name}"
    root = test_verdict_table.test_every_cell_of_the_table_on_the_root_row
    for include_root in (False, True):
        root({"user": "root", "arn": "arn:aws:iam::111122223333:root"}, include_root)
    return ""


def try_one(mutant: Mutant) -> str:
    """Examine a mutant in a process of its own: `killed`, `timed out` or `survived`."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            signal.alarm(SECONDS)
            _load(mutant)
            status = 1 if examine() else 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        return "timed out"
    return "killed" if os.waitstatus_to_exitcode(ended) else "survived"


def _load(mutant: Mutant) -> None:
    """Import the changed module in the place of the true one, before anything else imports it."""
    name = f"credreport.{mutant.module}"
    package = importlib.import_module("credreport")
    module = types.ModuleType(name)
    module.__file__ = str(Path(str(package.__file__)).with_name(f"{mutant.module}.py"))
    sys.modules[name] = module
    exec(compile(mutant.tree, module.__file__, "exec"), module.__dict__)
    setattr(package, mutant.module, module)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=10**6, help="start none after so long")
    options = parser.parse_args()
    for heavy in ("pandas", "typer.testing", "hypothesis", "pytest"):
        importlib.import_module(heavy)
    import credreport

    found: list[Mutant] = []
    for module in MODULES:
        source = Path(credreport.__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
        found += mutants(module, source)
    chosen = random.Random(options.seed).sample(found, min(options.count, len(found)))
    ends: Counter[str] = Counter()
    started = time.monotonic()
    for mutant in chosen:
        if time.monotonic() - started > options.seconds:
            break
        end = try_one(mutant)
        ends[end] += 1
        if end == "survived":
            sys.stdout.write(f"survived: {mutant.module}.py line {mutant.line}: {mutant.words}\n")
            sys.stdout.flush()
    total = ends.total()
    caught = total - ends["survived"]
    sys.stdout.write(
        f"seed {options.seed}: {total} of {len(found)} mutants tried, {caught} noticed "
        f"({100 * caught / max(total, 1):.0f} %), {ends['timed out']} of them by taking too long\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
