"""Imports point backwards only, in the order of LAYERS."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import credreport

PACKAGE = Path(credreport.__file__).parent
LAYERS = [
    "errors", "arrays", "text", "files", "globs", "output.formats", "instants", "schema", "text_storage", "verdicts.status",
    "reports.name_dates", "reports.possible_dates", "reports.stamp", "reports.folders", "reports.containers.members", "reports.containers.zips", "reports.containers.tars",
    "reports.containers.archives", "reports.containers.unsupported", "reports.containers.encodings", "reports.sniffing", "reports.own_output", "reports.inputs",
    "reports.containers.answers", "reports.containers.texts", "reports.grid", "reports.cells",
    "reports.users", "reports.sections", "reports.report", "reports.read", "reports.selection", "reports.by_date",
    "reports.normalise", "verdicts.judged", "verdicts.reasons", "verdicts.contradictions", "verdicts.warnings",
    "rules.option_file", "decisions.size_limits", "decisions.decision", "rules.accounts", "rules.thresholds", "rules.rule", "rules.peers",
    "rules.predicates", "rules.catalogue", "rules.profiles", "rules.toml_file", "rules.glob", "rules.policy", "verdicts.tally",
    "verdicts.credentials", "rules.waivers", "verdicts.undetermined", "verdicts.remedies", "verdicts.findings", "verdicts.user_table", "verdicts.assessment",
    "runs.pool", "runs.processes", "runs.cluster", "runs.inspect", "comparison.renamed_users",
    "comparison.twin_credentials", "comparison.days", "comparison.identity", "comparison.rule_answers", "comparison.closing", "comparison.sentences",
    "comparison.changes", "comparison.outcomes", "comparison.timeline", "comparison.warnings", "comparison.comparison", "comparison.tally", "decisions.review",
    "evidence.sample",
    "evidence.evidence", "evidence.pictures", "evidence.method", "evidence.remediation", "evidence.tables",
    "evidence.account_names", "evidence.columns", "decisions.workbook", "evidence.standing", "evidence.from_configuration", "evidence.decided", "evidence.on_screen", "evidence.of_comparison", "evidence.of_analysis", "evidence.parts",
    "masking.key", "masking.pseudonyms", "masking.judged", "output.charts", "output.pictures",
    "output.csv_file", "output.json_file", "output.comment", "output.script", "output.ocsf",
    "output.workbook.sheetxml", "output.workbook.cells", "output.workbook.paper", "output.workbook.layout",
    "output.workbook.book", "output.page.page", "output.manifest", "output.oscal", "output.render", "output.filled_in", "output.disk", "runs.analyze",
    "verification.rehash", "verification.differences", "verification.book_parts", "verification.book_surroundings", "verification.book_differences", "verification.listed_inputs", "verification.rerun", "verification.reperform", "runs.explain",
    "cli.screen", "cli.next_step", "cli.help", "cli.configuration", "cli.rule_pages", "cli.options", "cli.ending", "cli.given", "cli.deliver",
    "cli.verify", "cli.explain", "cli.unmask",
    "cli.main",
]  # fmt: skip


def path_of(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py")


def imported(module: str) -> set[str]:
    """Return the modules of the package that one imports, in whatever form and wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports are not used here"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name.removeprefix("credreport.") for name in found} & set(LAYERS)


def test_every_module_has_its_place() -> None:
    modules = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if not path.name.startswith("__")
    }
    assert modules == set(LAYERS)


def test_no_module_knows_what_comes_after_it() -> None:
    for place, module in enumerate(LAYERS):
        assert imported(module) <= set(LAYERS[:place]), module


def test_an_import_is_seen_in_every_form(monkeypatch: pytest.MonkeyPatch) -> None:
    forms = (
        "from credreport.cli import main",
        "from credreport.cli.main import app",
        "import credreport.cli.main",
        "def f() -> None:\n    from credreport.cli import main as command",
    )
    for form in forms:
        monkeypatch.setattr(Path, "read_text", lambda *_, text=form, **__: text)
        assert imported("errors") == {"cli.main"}, form


def test_only_the_command_line_prints_and_measures_time_and_only_the_screen_reads_a_clock() -> None:
    for module in LAYERS:
        source = path_of(module).read_text(encoding="utf-8")
        assert "print(" not in source.replace("_print(", "").replace(".print(", ""), module
        if module != "cli.screen":
            assert "time.time" not in source, module
            assert ".now(" not in source, module
            assert ".today(" not in source, module
        if not module.startswith("cli."):
            assert "monotonic" not in source, module
