"""Imports point backwards only, as the list of rooms in CONTRIBUTING.md says."""

from __future__ import annotations

import ast
from pathlib import Path

import credreport

PACKAGE = Path(credreport.__file__).parent
LAYERS = [
    "errors", "escape", "spool", "instants", "schema", "verdict", "oddities", "sources", "containers", "read", "plain", "population", "dates",
    "normalise", "rules", "profiles", "toml", "policy", "totals", "credentials", "checks", "waivers",
    "undetermined", "assess", "pool", "survey", "inspection", "identity", "changes", "timeline", "comparison", "bands", "charts",
    "comparison_charts", "method", "remediation", "evidence", "comparison_evidence", "sheetxml",
    "workbook", "comparison_workbook", "writers", "comparison_writers", "analysis", "screen", "catalogue",
    "cli",
]  # fmt: skip


def imported(module: str) -> set[str]:
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    return {
        str(node.module).removeprefix("credreport.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("credreport.")
    }


def test_every_module_has_its_place() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == {*LAYERS, "__init__"}


def test_no_module_knows_what_comes_after_it() -> None:
    for place, module in enumerate(LAYERS):
        assert imported(module) <= set(LAYERS[:place]), module


def test_only_the_command_line_prints_and_only_the_screen_reads_a_clock() -> None:
    for module in LAYERS:
        source = (PACKAGE / f"{module}.py").read_text()
        assert "print(" not in source.replace("_print(", "").replace(".print(", ""), module
        if module not in ("screen",):
            assert "time.time" not in source, module
            assert ".now(" not in source, module
            assert ".today(" not in source, module
            assert "monotonic" not in source, module
