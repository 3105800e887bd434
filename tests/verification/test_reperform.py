"""The run done again from its manifest and inputs: the same bytes, or the first difference by name."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from credreport.comparison.comparison import compare, compare_all
from credreport.decisions.review import review, with_review
from credreport.decisions.workbook import read_decisions
from credreport.evidence.evidence import SignOff
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.of_comparison import of_comparison
from credreport.evidence.parts import with_parts
from credreport.masking.judged import mask_assessment
from credreport.masking.key import MaskKey
from credreport.masking.pseudonyms import Masker
from credreport.output.pictures import Options
from credreport.reports.by_date import read_dates
from credreport.reports.inputs import Skipped
from credreport.reports.selection import Population, read_reports
from credreport.rules.accounts import read_accounts
from credreport.rules.policy import load_policy
from credreport.rules.waivers import load_waivers
from credreport.schema import SplitBy
from credreport.verdicts.assessment import Assessment, assess
from credreport.verification import rerun
from credreport.verification.listed_inputs import Given, LeftOut, open_given, unused_inputs
from credreport.verification.rehash import rehash
from credreport.verification.reperform import Reperformed, reperform
from tests.support.evidence import (
    ROWS,
    USED,
    cover_up,
    edit_json,
    replace_text,
    reports,
    write,
)
from tests.support.evidence import STEM as PLAIN
from tests.support.reports import ACCOUNT, NAME, root, save, to_csv, user
from tests.verification.test_book_differences import put

WAIVERS = """[[waiver]]
id = "W1"
user = "alice"
reason = "sealed"
approved_by = "CISO"
approved_on = 2026-01-01
expires = 2026-12-31
"""
# What the run of `original` was asked is in the names of its files.
ASKED = f"waivers-{hashlib.sha256(WAIVERS.encode()).hexdigest()[:8]}"
STEM = f"{PLAIN}-{ASKED}"
MANIFEST = f"{STEM}-manifest.json"
FORMATS = ("csv", "json", "sh", "md", "jira")
CSV, JSON, SH, MD = (
    f"{STEM}{ending}" for ending in ("-findings.csv", ".json", "-remediate.sh", ".md")
)
OTHER = "222233334444"
JUNE = "status_reports_2025-12-31T12-00-00+00-00.csv"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `in`, `out` and the files of three options."""
    top = tmp_path_factory.mktemp("reperform")
    (top / "waivers.toml").write_text(WAIVERS)
    evidence = of_analysis(
        assess(read_reports(reports(top / "in")), None, load_waivers(top / "waivers.toml")),
        SignOff(ticket="SEC-1"),
    )
    write(top / "out", evidence, *FORMATS)
    return top


@pytest.fixture
def top(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "top"))


def again(top: Path, *inputs: str, out: str = "out") -> Reperformed:
    given = open_given([str(top / name) for name in inputs or ("in", "waivers.toml")], MIB)
    (manifest,) = rehash(top / out).manifests
    return reperform(top / out, manifest, given, MIB)


def faults(result: Reperformed) -> list[str]:
    return [str(fault) for fault in result.faults]


def test_the_same_inputs_give_the_same_bytes(top: Path) -> None:
    result = again(top)
    assert (faults(result), result.remarks) == ([], ())
    assert len(result.same) == 6


def test_a_report_is_known_by_its_hash_wherever_it_lies(top: Path) -> None:
    (top / "in" / NAME).rename(top / "renamed.csv")
    result = again(top, "renamed.csv", "waivers.toml")
    assert faults(result) == []
    assert result.remarks == (f"renamed.csv is what the run read as {NAME}",)


def test_a_file_of_several_answers_is_the_same_file(tmp_path: Path) -> None:
    answers = [
        {"Content": to_csv(root(account), *rows), "GeneratedTime": "2026-01-31T12:00:00Z"}
        for account, rows in ((OTHER, ()), (ACCOUNT, ROWS[1:]))
    ]
    path = tmp_path / "list.json"
    path.write_text(json.dumps(answers))
    write(tmp_path / "out", of_analysis(assess(read_reports(path))), "csv")
    result = again(tmp_path, "list.json")
    assert (faults(result), result.remarks) == ([], ())


def test_a_file_of_an_option_is_found_below_a_directory_and_under_another_name(top: Path) -> None:
    (top / "waivers.toml").rename(top / "exceptions.toml")
    shutil.copytree(top / "in", top / "all" / "in")
    (top / "exceptions.toml").rename(top / "all" / "exceptions.toml")
    assert faults(again(top, "in", "all/exceptions.toml")) == []


FORGED: dict[str, tuple[str, str, str, str]] = {
    "a verdict of the CSV": (
        CSV,
        ",122,",
        ",12,",
        "row 2, column days: expected '122', found '12'",
    ),
    "a number of the JSON": (
        JSON,
        '"days": 122',
        '"days": 12',
        "findings[0].days: expected 122, found 12",
    ),
    "a line of the script": (SH, "apply", "Apply", "line "),
    "a count of the comment": (MD, "2 of 3", "1 of 3", "line "),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_file_whose_hash_was_edited_to_match_is_found_by_re_performing(
    top: Path, kind: str
) -> None:
    name, old, new, message = FORGED[kind]
    replace_text(top / "out" / name, old, new)
    cover_up(top / "out", MANIFEST)
    assert rehash(top / "out").faults == ()
    found = faults(again(top))
    assert any(fault.startswith(f"{name}: re-performed: {message}") for fault in found), found


@pytest.mark.parametrize("ending", [".md", ".jira"])
def test_a_comment_without_one_of_the_files_is_named(top: Path, ending: str) -> None:
    path = top / "out" / f"{STEM}{ending}"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "findings.csv" not in line), encoding="utf-8")
    cover_up(top / "out", MANIFEST)
    assert rehash(top / "out").faults == ()
    found = faults(again(top))
    assert [fault.split(": line ")[0] for fault in found] == [f"{path.name}: re-performed"]


@pytest.mark.parametrize(
    ("form", "gone"), [("csv", "-credentials.csv"), ("xlsx", "-by-account-222233334444.xlsx")]
)
def test_a_file_that_the_manifest_does_not_list_any_more_is_named(
    tmp_path: Path, form: str, gone: str
) -> None:
    reports(tmp_path / "in")
    save(tmp_path / "in", root(OTHER), user("eve", OTHER), name=f"b-{NAME}")
    assessment = assess(read_reports(tmp_path / "in"))
    evidence = with_parts(of_analysis(assessment), assessment, SplitBy.ACCOUNT, SignOff())
    write(tmp_path / "out", evidence, form)
    (path,) = (tmp_path / "out").glob(f"*{gone}")
    (manifest,) = (tmp_path / "out").glob("*-manifest.json")
    path.unlink()

    def drop(document: dict[str, Any]) -> None:
        document["outputs"] = [each for each in document["outputs"] if each["name"] != path.name]

    edit_json(manifest, drop)
    sums = tmp_path / "out" / "SHA256SUMS"
    lines = [line for line in sums.read_text().splitlines(keepends=True) if path.name not in line]
    sums.write_text("".join(lines))
    cover_up(tmp_path / "out", manifest.name)
    assert rehash(tmp_path / "out").faults == ()
    assert faults(again(tmp_path, "in")) == [
        f"{path.name}: the run makes it, and {manifest.name} does not list it"
    ]


def test_a_table_too_long_for_a_sheet_is_not_the_format_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 2)
    evidence = of_analysis(assess(read_reports(reports(tmp_path / "in"))))
    write(tmp_path / "out", evidence, "xlsx")
    assert [*(tmp_path / "out").glob("*-users.csv")]
    assert faults(again(tmp_path, "in")) == []


def test_a_file_too_large_to_be_read_is_compared_by_its_hash(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.verification.reperform._MOST_BYTES", 10)
    result = again(top)
    assert (faults(result), len(result.same)) == ([], 6)
    replace_text(top / "out" / JSON, '"days": 122', '"days": 12')
    cover_up(top / "out", MANIFEST)
    said = f"{JSON}: re-performed: it has other bytes (larger than 0 MiB, which is not read)"
    assert said in faults(again(top))


def test_a_comment_too_large_to_be_read_is_named(top: Path) -> None:
    with (top / "out" / MD).open("ab") as file:
        file.truncate(65 * MIB)
    cover_up(top / "out", MANIFEST)
    assert rehash(top / "out").faults == ()
    said = f"{MD}: re-performed: larger than 64 MiB, which is not read"
    assert faults(again(top)) == [said]


def test_comments_of_several_runs_are_as_written(tmp_path: Path) -> None:
    evidence = of_analysis(assess(read_reports(reports(tmp_path / "in"))))
    for formats in (("json", "md"), ("csv",), ("sh", "jira")):
        write(tmp_path / "out", evidence, *formats)
    assert faults(again(tmp_path, "in")) == []


def test_the_manifest_with_the_hash_edited_to_match_is_named_too(top: Path) -> None:
    replace_text(top / "out" / CSV, ",122,", ",12,")
    cover_up(top / "out", MANIFEST)
    assert any(f"{MANIFEST}: re-performed: outputs[" in fault for fault in faults(again(top)))


PARAMETERS: dict[str, tuple[str, object, str]] = {
    "days": (
        "unused_after_days",
        900,
        f"make files that are named {PLAIN[:-3]}900d-{ASKED}, not {STEM}",
    ),
    "profile": (
        "profile",
        "cis-5.0",
        f"make files that are named {PLAIN[:-3]}cis-5.0-90d-{ASKED}, not {STEM}",
    ),
    "root": ("include_root", True, f"{JSON}: re-performed: "),
    "rules": ("rules", ["unused-password"], "parameters.rules[1] is missing: 'unused-access-key'"),
    "no days": (
        "unused_after_days",
        "90",
        "its parameters have no profile or no unused_after_days",
    ),
    "no such split": (
        "split_by",
        "team",
        "re-performing it was refused: its parameters split by neither owner nor account",
    ),
    "a sample of nothing": (
        "sample",
        {"size": 0, "seed": "1", "of": "findings"},
        "refused: its parameters have a sample without size, seed or population",
    ),
    "a configuration that no input is": (
        "configuration",
        {"unused_after_days": 90},
        "parameters.configuration was added: {'unused_after_days': 90}",
    ),
    "no such profile": ("profile", "cis", "re-performing it was refused: --profile 'cis'"),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_an_edited_parameter_is_named(top: Path, name: str) -> None:
    key, value, message = PARAMETERS[name]
    edit_json(top / "out" / MANIFEST, lambda each: each["parameters"].update({key: value}))
    found = faults(again(top))
    assert any(message in fault for fault in found), found


def test_an_edited_sign_off_and_verdict_are_named(top: Path) -> None:
    edit_json(top / "out" / MANIFEST, lambda each: each.update(verdict="All fine."))
    assert any("re-performed: verdict: expected '2 of 3 " in fault for fault in faults(again(top)))


CHANGED_INPUTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "input changed": (
        lambda top: save(top / "in", *ROWS[:2]),
        f"{NAME}: changed: its SHA-256 is ",
    ),
    "input missing": (
        lambda top: save(top / "in", *ROWS[:2], name=NAME).rename(top / "in" / JUNE),
        f"{NAME}: missing: {MANIFEST} lists it (SHA-256 ",
    ),
    "waivers changed": (
        lambda top: replace_text(top / "waivers.toml", "sealed", "opened"),
        "waivers.toml: changed: its SHA-256 is ",
    ),
    "waivers missing": (
        lambda top: (top / "waivers.toml").unlink(),
        "waivers.toml: missing: the run used it for --waivers (SHA-256 ",
    ),
}


@pytest.mark.parametrize("kind", CHANGED_INPUTS)
def test_an_input_that_is_another_is_named_and_nothing_is_re_performed(
    top: Path, kind: str
) -> None:
    change, message = CHANGED_INPUTS[kind]
    change(top)
    result = again(top, "in", *(["waivers.toml"] if (top / "waivers.toml").exists() else []))
    assert not result.is_done
    assert any(fault.startswith(message) for fault in faults(result)), faults(result)


def test_an_extra_report_that_is_judged_now_is_named(top: Path) -> None:
    other = root("444455556666"), user("dora", "444455556666")
    save(top / "in", *other, name="status_reports_2026-01-30T12-00-00+00-00.csv")
    message = f"extra: {MANIFEST} does not list it, and it is judged now"
    assert f"status_reports_2026-01-30T12-00-00+00-00.csv: {message}" in faults(again(top))


def test_an_extra_report_of_a_comparison_is_named_too(tmp_path: Path) -> None:
    save(tmp_path / "in", *ROWS)
    save(tmp_path / "old", *ROWS[:3], name=JUNE)
    judged = [assess(date) for date in read_dates([tmp_path / "old", tmp_path / "in"])]
    write(tmp_path / "out", of_comparison(compare_all(judged)), "json")
    (manifest,) = (tmp_path / "out").glob("*-manifest.json")
    other = root("444455556666"), user("dora", "444455556666")
    save(tmp_path / "in", *other, name="status_reports_2026-01-30T12-00-00+00-00.csv")
    found = faults(again(tmp_path, "in", "old"))
    message = f"extra: {manifest.name} does not list it, and it is judged now"
    assert any(fault.endswith(message) for fault in found), found


def quarters(directory: Path) -> Path:
    """Write a directory for each of two quarters, with a note and an older report of each account."""
    for quarter, name, day in (("old", JUNE, "2025-11-30"), ("recent", NAME, "2026-01-02")):
        save(directory / quarter, *ROWS[:3], user(quarter), name=name)
        older = f"status_reports_{day}T12-00-00Z.csv"
        save(directory / quarter, *ROWS[:2], user(quarter), name=older)
        (directory / quarter / "readme.md").write_text("Got by mail")
    return directory


WIDER = [("in/recent",), ("in",), ("in/old", "in/recent"), ("in/recent", "in/old")]


@pytest.mark.parametrize("inputs", WIDER)
def test_what_the_run_did_not_have_is_said_and_is_no_difference(
    tmp_path: Path, inputs: tuple[str, ...]
) -> None:
    evidence = of_analysis(assess(read_reports(quarters(tmp_path / "in") / "recent")))
    assert [*evidence.tables["left_out"]["source_file"]] == [
        "status_reports_2026-01-02T12-00-00Z.csv",
        "readme.md",
    ]
    write(tmp_path / "out", evidence, *FORMATS)
    result = again(tmp_path, *inputs)
    assert faults(result) == []
    extra = [each for each in result.remarks if each.startswith("the run did not have")]
    assert len(extra) == (inputs != ("in/recent",))


def test_a_key_that_plain_evidence_does_not_need_changes_none_of_its_names(tmp_path: Path) -> None:
    top = quarters(tmp_path / "in") / "recent"
    key = MaskKey(b"k" * 32)
    plain = assess(read_reports(top))
    write(tmp_path / "plain", of_analysis(plain), "json")
    write(tmp_path / "masked", of_analysis(mask_assessment(plain, Masker(key))), "json")
    for name in ("plain", "masked"):
        given = [Given("x", [Skipped("readme.md", "a note")], {})]
        assert unused_inputs(rehash(tmp_path / name).manifests, given, Masker(key).file) == []


def test_nor_with_pseudonyms(tmp_path: Path) -> None:
    top = quarters(tmp_path / "in")
    key = MaskKey(b"k" * 32)

    def masked(*dates: Population) -> list[Assessment]:
        return [mask_assessment(assess(date), Masker(key)) for date in dates]

    (alone,) = masked(read_reports(top / "recent"))
    write(tmp_path / "analyzed", of_analysis(alone), "csv", "json", "md", "html")
    older, newer = masked(read_reports(top / "old"), read_reports(top / "recent"))
    write(tmp_path / "since", of_analysis(newer, since=compare(older, newer)), "json", "html")
    compared = compare_all(masked(*read_dates([top / "old", top / "recent"])))
    write(tmp_path / "compared", of_comparison(compared), "json", "html")
    for name, inputs in (
        ("analyzed", ("recent",)),
        ("analyzed", ("recent", "old")),
        ("analyzed", ("old", "recent")),
        ("since", ("old", "recent")),
        ("since", ("recent", "old")),
        ("compared", ("old", "recent")),
        ("compared", ("recent", "old")),
    ):
        (manifest,) = rehash(tmp_path / name).manifests
        given = open_given([str(top / each) for each in inputs], MIB)
        result = reperform(tmp_path / name, manifest, given, MIB, key)
        assert faults(result) == [], (name, inputs)
        extra = [each for each in result.remarks if each.startswith("the run did not have")]
        assert bool(extra) == (name == "analyzed" and inputs != ("recent",))


def test_a_note_beside_copies_is_no_difference(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c/a.csv"):
        save(tmp_path / "in" / "2026-01-31" / Path(name).parent, *ROWS, name=Path(name).name)
    write(tmp_path / "out", of_analysis(assess(read_reports(tmp_path / "in"))), "html")
    (tmp_path / "in" / "readme.md").write_text("Got by mail")
    assert faults(again(tmp_path, "in")) == []


@pytest.mark.parametrize("inputs", WIDER[1:])
def test_nor_in_what_has_a_baseline(tmp_path: Path, inputs: tuple[str, ...]) -> None:
    top = quarters(tmp_path / "in")
    older = assess(read_reports(top / "old"))
    newer = assess(read_reports(top / "recent"))
    write(tmp_path / "out", of_analysis(newer, since=compare(older, newer)), "json", "html")
    result = again(tmp_path, *inputs)
    assert (faults(result), result.remarks) == ([], ())


def test_a_report_that_would_be_of_the_baseline_now_is_named(tmp_path: Path) -> None:
    top = quarters(tmp_path / "in")
    older, newer = assess(read_reports(top / "old")), assess(read_reports(top / "recent"))
    write(tmp_path / "out", of_analysis(newer, since=compare(older, newer)), "json")
    save(top / "old", root(OTHER), name="status_reports_2025-12-30T12-00-00Z.csv")
    found = faults(again(tmp_path, "in/old", "in/recent"))
    assert any(each.endswith("does not list it, and it is judged now") for each in found), found


@pytest.mark.parametrize("inputs", WIDER[1:])
def test_nor_in_a_comparison(tmp_path: Path, inputs: tuple[str, ...]) -> None:
    top = quarters(tmp_path / "in")
    judged = [assess(date) for date in read_dates([top / "old", top / "recent"])]
    write(tmp_path / "out", of_comparison(compare_all(judged)), "json", "html")
    (tmp_path / "in" / "plan.txt").write_text("Ask for the rest")
    result = again(tmp_path, *inputs)
    assert faults(result) == []
    said = ("the run did not have 1 input: plan.txt",) if inputs == ("in",) else ()
    assert result.remarks == said


def test_what_was_left_out_and_is_missing_is_said(tmp_path: Path) -> None:
    top = quarters(tmp_path / "in")
    write(tmp_path / "out", of_analysis(assess(read_reports(top / "recent"))), "html")
    (top / "recent" / "readme.md").unlink()
    first, *others = faults(again(tmp_path, "in/recent"))
    message = f"{PLAIN}-manifest.json says that it was left out; add it to the inputs"
    assert first == f"readme.md: missing: {message}"
    assert len(others) == 2


def test_an_input_of_which_all_was_left_out_is_none_of_nothing(tmp_path: Path) -> None:
    top = quarters(tmp_path / "in")
    write(tmp_path / "out", of_analysis(assess(read_reports(top))), "html")
    given = open_given([str(top / name) for name in ("old", "recent")], MIB)
    assert unused_inputs(rehash(tmp_path / "out").manifests, given) == []
    result = again(tmp_path, "in/old", "in/recent")
    assert (faults(result), result.remarks) == ([], ())


def test_a_name_is_found_by_its_end_and_once() -> None:
    left_out = LeftOut(["a/b/c", "b/c", "d", "x/e", "y/e", "y/e"])
    names = ("b/c", "z/b/c", "a/b/c", "q/d", "e", "f/e", "e", "g")
    assert [left_out.find(name) for name in names] == [
        "b/c", None, "a/b/c", "d", "x/e", None, "x/e", None
    ]  # fmt: skip
    assert [*left_out.waiting.elements()] == ["y/e", "y/e"]


def test_an_input_that_is_not_there_is_no_file_of_an_option(top: Path) -> None:
    found = faults(again(top, "in", "nowhere"))
    assert any(fault.startswith("waivers.toml: missing: ") for fault in found), found


def test_an_output_that_is_gone_is_told_by_its_hash_alone(top: Path) -> None:
    (top / "out" / CSV).unlink()
    (top / "out" / MD).unlink()
    assert [str(each) for each in rehash(top / "out").faults if each.name in (CSV, MD)] == [
        f"{name}: missing; {MANIFEST} lists it" for name in (CSV, MD)
    ]
    assert not [each for each in again(top).faults if each.name in (CSV, MD)]


def test_an_output_that_no_run_makes_is_named(top: Path) -> None:
    strange = f"{STEM}-notes.csv"
    (top / "out" / strange).write_text("x")
    edit_json(
        top / "out" / MANIFEST,
        lambda each: each["outputs"].append({**each["outputs"][0], "name": strange}),
    )
    assert f"{strange}: the run makes no such file" in faults(again(top))


def test_a_comment_in_no_form_is_named(top: Path) -> None:
    strange = f"{STEM}.txt"
    (top / "out" / strange).write_text("x")
    edit_json(top / "out" / MANIFEST, lambda each: each["comments"].append(strange))
    assert f"{strange}: the run makes no such file" in faults(again(top))


def test_an_input_of_nothing_is_named(top: Path) -> None:
    save(top / "other", *ROWS[:2], name=JUNE)
    given = open_given([str(top / name) for name in ("in", "waivers.toml", "other")], MIB)
    manifests = rehash(top / "out").manifests
    assert unused_inputs(manifests, given) == [str(top / "other")]


def test_another_date_under_the_same_name_is_no_changed_input(tmp_path: Path) -> None:
    save(tmp_path / "in", *ROWS)
    save(tmp_path / "old", *ROWS[:3], name=NAME)
    since = compare(
        assess(read_reports(tmp_path / "old", as_of="2025-12-31")),
        assess(read_reports(tmp_path / "in")),
    )
    write(tmp_path / "out", of_analysis(since.newest, None, None, since), "csv")
    found = faults(again(tmp_path, "in"))
    assert any(fault.startswith(f"{NAME}: missing: ") for fault in found), found


def test_both_dates_may_lie_in_one_directory(tmp_path: Path) -> None:
    save(tmp_path / "all" / "in", *ROWS)
    save(tmp_path / "all" / "old", *ROWS[:3], name=JUNE)
    since = compare(
        assess(read_reports(tmp_path / "all" / "old")),
        assess(read_reports(tmp_path / "all" / "in", as_of="newest")),
    )
    write(tmp_path / "out", of_analysis(since.newest, None, None, since), "csv")
    assert faults(again(tmp_path, "all")) == []


def test_a_refused_report_of_the_baseline_is_none_of_the_others(tmp_path: Path) -> None:
    """The bytes of both dates are the same; of one account the older date has two reports."""
    theirs = root(OTHER), user("eve", OTHER)
    for place, name in (("in", NAME), ("old", JUNE)):
        save(tmp_path / place, *ROWS, name=f"ours/{name}")
        save(tmp_path / place, *theirs, name=f"theirs/{name}")
    save(tmp_path / "old", *theirs, user("ann", OTHER), name=f"again/{JUNE}")
    (tmp_path / "in" / "README").write_text("asked for again")
    older = assess(read_reports(tmp_path / "old", keep_going=True))
    since = compare(older, assess(read_reports(tmp_path / "in")))
    assert len(older.reports) == 1
    write(tmp_path / "out", of_analysis(since.newest, None, None, since), "csv")
    assert faults(again(tmp_path, "in", "old")) == []


def test_of_many_copies_of_the_baseline_some_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changed evidence is repeated once for each; those called as the run called them come first."""
    save(tmp_path / "in", *ROWS)
    save(tmp_path / "old", *ROWS, name=JUNE)
    copies = [f"copy{number}" for number in range(20)]
    for copy in copies:
        save(tmp_path / copy, *ROWS, name=f"copy_{JUNE}")
    older, newer = (assess(read_reports(tmp_path / place)) for place in ("old", "in"))
    since = compare(older, newer)
    write(tmp_path / "out", of_analysis(since.newest, None, None, since), "csv")
    (manifest,) = rehash(tmp_path / "out").manifests
    given = open_given([str(tmp_path / each) for each in ("in", *copies, "old")], 10**6)
    tried: list[str] = []

    def read_as_named(baseline: Given, *_: object) -> None:
        tried.append(Path(baseline.name).name)

    monkeypatch.setattr(rerun, "_read_as_named", read_as_named)
    for read in rerun.as_named(manifest, given):
        read(manifest, given, 10**6, str)
    assert tried == ["old", "in", *copies[:6]]


def test_another_version_is_said_and_is_no_difference(top: Path) -> None:
    edit_json(top / "out" / MANIFEST, lambda each: each.update(version="0.0.1"))
    result = again(top)
    assert result.remarks[0].startswith(f"{MANIFEST} was written by credreport 0.0.1, and this is ")
    assert not any("version" in fault for fault in faults(result))


def test_raw_cells_of_the_csv_are_no_difference(tmp_path: Path) -> None:
    save(
        tmp_path / "in",
        root(),
        user("=1+1", access_key_1_active="true", access_key_1_last_rotated=USED),
    )
    evidence = of_analysis(assess(read_reports(tmp_path / "in")))
    write(tmp_path / "out", evidence, "csv", "md", options=Options(csv_raw=True))
    assert faults(again(tmp_path, "in")) == []


def test_every_option_that_decides_is_taken_from_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(
        'profile = "cis-5.0"\n[[class]]\nmatch = "b*"\nunused_after_days = 400\n'
    )
    (tmp_path / "waivers.toml").write_text(WAIVERS)
    (tmp_path / "accounts.csv").write_text(
        "id,name,owner\n111122223333,Prod,Ann\n444455556666,Dev,Bob\n"
    )
    policy = load_policy(tmp_path / "policy.toml", unused_after_days=30, include_root=True)
    waivers = load_waivers(tmp_path / "waivers.toml")
    save(tmp_path / "in", *ROWS)
    save(tmp_path / "old", *ROWS[:3], name=JUNE)
    judged = assess(read_reports(tmp_path / "in", as_of="2026-02-01"), policy, waivers)
    named = read_accounts(tmp_path / "accounts.csv")
    older = assess(read_reports(tmp_path / "old"), policy, waivers).check_accounts(named)
    since = compare(older, judged.check_accounts(named))
    write(
        tmp_path / "out",
        of_analysis(since.newest, SignOff(control="AC-2"), None, since),
        "csv",
        "json",
    )
    given = ("in", "old", "policy.toml", "waivers.toml", "accounts.csv")
    result = again(tmp_path, *given)
    assert (faults(result), len(result.same)) == ([], 4)


def test_a_comparison_knows_its_reports_by_their_hash_wherever_they_lie(tmp_path: Path) -> None:
    # Two files of one name: each is told by its directory, which is another one later.
    save(tmp_path / "in" / "new", *ROWS, name="a.csv")
    save(tmp_path / "in" / "old", *ROWS[:3], name="a.csv")
    names = [tmp_path / "in" / "old", tmp_path / "in" / "new"]
    as_of = ("2026-01-01", "2026-02-01T00:00:00Z")
    evidence = of_comparison(compare_all([assess(date) for date in read_dates(names, as_of=as_of)]))
    write(tmp_path / "out", evidence, "csv", "json")
    (tmp_path / "in" / "old").rename(tmp_path / "first")
    (tmp_path / "in" / "new").rename(tmp_path / "second")
    assert faults(again(tmp_path, "first", "second")) == []


@pytest.mark.parametrize("as_of", [(), ("newest",), ("2026-01-01", "2026-02-01T00:00:00Z")])
def test_a_comparison_is_re_performed_too(tmp_path: Path, as_of: tuple[str, ...]) -> None:
    save(tmp_path / "in", *ROWS)
    save(tmp_path / "old", *ROWS[:3], name=JUNE)
    names = [tmp_path / "old", tmp_path / "in"]
    evidence = of_comparison(compare_all([assess(date) for date in read_dates(names, as_of=as_of)]))
    write(tmp_path / "out", evidence, "csv", "json", "md")
    assert faults(again(tmp_path, "in", "old")) == []


def test_a_comparison_of_the_directories_of_one_is_re_performed(tmp_path: Path) -> None:
    save(tmp_path / "all" / "1", *ROWS[:3], name=JUNE)
    save(tmp_path / "all" / "2", *ROWS)
    names = [tmp_path / "all" / "1", tmp_path / "all" / "2"]
    as_of = ("2026-01-01", "2026-02-01T00:00:00Z")
    evidence = of_comparison(compare_all([assess(date) for date in read_dates(names, as_of=as_of)]))
    write(tmp_path / "out", evidence, "csv")
    assert faults(again(tmp_path, "all")) == []


def test_an_input_of_nothing_moves_no_as_of_of_a_comparison(tmp_path: Path) -> None:
    save(tmp_path / "in", *ROWS)
    save(tmp_path / "old", *ROWS[:3], name=JUNE)
    save(tmp_path / "other", root(), name=NAME)
    names = [tmp_path / "old", tmp_path / "in"]
    as_of = ("2026-01-01", "2026-02-01T00:00:00Z")
    evidence = of_comparison(compare_all([assess(date) for date in read_dates(names, as_of=as_of)]))
    write(tmp_path / "out", evidence, "json")
    assert faults(again(tmp_path, "other", "old", "in")) == []
    edit_json(
        tmp_path / "out" / f"{evidence.stem}.json",
        lambda each: each["changes"][0].update(state="closed"),
    )
    (fault,) = faults(again(tmp_path, "other", "old", "in"))
    assert "changes[0].state: expected " in fault


def test_what_differs_in_a_comparison_is_all_that_is_named(tmp_path: Path) -> None:
    save(tmp_path / "in", *ROWS)
    save(tmp_path / "old", *ROWS[:3], name=JUNE)
    judged = [assess(date) for date in read_dates([tmp_path / "old", tmp_path / "in"])]
    evidence = of_comparison(compare_all(judged))
    write(tmp_path / "out", evidence, "csv", "json")
    edit_json(
        tmp_path / "out" / f"{evidence.stem}.json",
        lambda each: each["changes"][0].update(state="closed"),
    )
    (fault,) = faults(again(tmp_path, "old", "in"))
    assert "changes[0].state: expected " in fault


def test_a_workbook_and_pictures_are_compared_by_what_they_say(tmp_path: Path) -> None:
    reports(tmp_path / "in")
    write(
        tmp_path / "out", of_analysis(assess(read_reports(tmp_path / "in"))), "xlsx", "png", "svg"
    )
    path = tmp_path / "out" / f"{PLAIN}.xlsx"
    book = load_workbook(path)
    put("Findings", "Disposition", "Removed")(book)
    book.save(path)
    result = again(tmp_path, "in")
    assert (faults(result), result.filled) == ([], {path.name: {"Findings": 1}})
    book = load_workbook(path)
    put("Findings", "Disposition", "")(book)
    book.save(path)
    message = "every cell has the same value, and nothing was filled in; another program saved it"
    assert faults(again(tmp_path, "in")) == [f"{path.name}: re-performed: {message}"]
    svg = tmp_path / "out" / f"{PLAIN}-ageing.svg"
    replace_text(svg, "unused for 90 days", "unused for 91 days")
    book = load_workbook(path)
    book["Findings"]["G2"] = 12
    book.save(path)
    found = faults(again(tmp_path, "in"))
    assert f"{path.name}: re-performed: cell Findings!G2 (Days): expected 122, found 12" in found
    assert any(fault.startswith(f"{svg.name}: re-performed: line ") for fault in found)


def test_carried_decisions_are_carried_again(tmp_path: Path) -> None:
    reports(tmp_path / "in")
    judged = assess(read_reports(tmp_path / "in"))
    write(tmp_path / "q1", of_analysis(judged), "xlsx")
    old = tmp_path / "q1" / f"{PLAIN}.xlsx"
    book = load_workbook(old)
    put("Findings", "Disposition", "Open")(book)
    put("Findings", "Decided by", "Ann")(book)
    book.save(old)
    carried = with_review(judged, review(read_decisions(old), judged))
    write(tmp_path / "out", of_analysis(carried), "xlsx", "json")
    (path,) = (tmp_path / "out").glob("*.xlsx")
    book = load_workbook(path)
    put("Findings", "Disposition", "Removed")(book)
    put("Findings", "Decided by", "")(book)
    put("Findings", "Disposition", "Open", row=3)(book)
    book.save(path)
    result = again(tmp_path, "in", f"q1/{PLAIN}.xlsx")
    assert (faults(result), result.filled) == ([], {path.name: {"Findings": 3}})
    book = load_workbook(path)
    put("Decisions", "Disposition", "Exception")(book)
    book.save(path)
    (fault,) = faults(again(tmp_path, "in", f"q1/{PLAIN}.xlsx"))
    assert fault.startswith(f"{path.name}: re-performed: cell Decisions!")
    assert " (Disposition): expected " in fault


def test_a_workbook_that_the_run_replaced_is_not_asked_for(tmp_path: Path) -> None:
    reports(tmp_path / "in")
    judged = assess(read_reports(tmp_path / "in"))
    write(tmp_path / "q1", of_analysis(judged), "xlsx")
    old = tmp_path / "q1" / f"{PLAIN}.xlsx"
    carried = with_review(judged, review(read_decisions(old), judged))
    old.unlink()
    write(tmp_path / "out", of_analysis(carried), "xlsx")
    (fault,) = [each for each in faults(again(tmp_path, "in")) if "--carry-from" in each]
    assert fault.startswith(f"{PLAIN}.xlsx: missing: the run used it for --carry-from")
    assert fault.endswith(
        "the run replaced it; without a copy of the old one it cannot be repeated"
    )


def test_nothing_is_written(top: Path) -> None:
    before = {path: path.read_bytes() for path in top.rglob("*") if path.is_file()}
    again(top)
    assert {path: path.read_bytes() for path in top.rglob("*") if path.is_file()} == before


def test_the_manifest_keeps_the_sign_off(top: Path) -> None:
    document = json.loads((top / "out" / MANIFEST).read_bytes())
    assert document["sign_off"] == {"ticket": "SEC-1"}


def test_a_comment_without_the_stem_is_no_file_of_the_run(top: Path) -> None:
    (top / "out" / ".md").write_text("x")
    edit_json(top / "out" / MANIFEST, lambda document: document["comments"].append(".md"))
    assert ".md: the run makes no such file" in faults(again(top))


def test_a_sign_off_that_is_no_text_is_another(top: Path) -> None:
    nested: list[object] = []
    for _ in range(300):
        nested = [nested]
    edit_json(top / "out" / MANIFEST, lambda document: document["sign_off"].update(ticket=nested))
    assert any("sign_off.ticket: expected nothing" in each for each in faults(again(top)))
