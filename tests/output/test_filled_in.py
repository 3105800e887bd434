"""A workbook in which somebody filled something in stays, whatever the options say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment

import credreport
from credreport.decisions.decision import Decisions
from credreport.decisions.workbook import read_decisions
from credreport.evidence.columns import TITLES
from credreport.evidence.evidence import SignOff
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.sample import Sampling
from credreport.output.filled_in import reason_to_keep
from credreport.output.workbook.book import to_xlsx
from credreport.rules.accounts import read_accounts
from credreport.schema import SampleOf
from tests.support.decided import DAY, fill_in, sign, to_evidence
from tests.support.reports import ACCOUNT, judge, root, save, user

KEY = {"access_key_1_active": "true", "access_key_1_last_rotated": "2024-01-01T00:00:00Z"}
SIGN_OFF = SignOff(control="CIS", prepared_by="Ann", ticket="SEC-1")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    report = save(tmp_path_factory.mktemp("in"), root(), user("a", **KEY), user("b", **KEY))
    return to_xlsx(to_evidence(report, sign_off=SIGN_OFF), [])


@pytest.fixture
def workbook(written: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "old.xlsx"
    path.write_bytes(written)
    return path


def reason(
    path: Path,
    carried: Decisions | None = None,
    sign_off: SignOff = SIGN_OFF,
    *,
    written: bool = False,
) -> str:
    return reason_to_keep(
        path, Decisions() if carried is None else carried, sign_off, is_as_written=written
    )


def test_nothing_filled_in(workbook: Path) -> None:
    assert reason(workbook) == ""
    assert reason(workbook, sign_off=SignOff(), written=True) == ""


@pytest.mark.parametrize("cells", [("Open",), ("", "Ann"), ("", "", DAY), ("", "", None, "x")])
def test_one_cell_is_enough(workbook: Path, cells: tuple[object, ...]) -> None:
    fill_in(workbook, {"b": cells})
    assert reason(workbook) == (
        f"{workbook} has 1 decision filled in, which not even --force replaces. Add --carry-from "
        f"{workbook} --force to take the decisions over; or move it elsewhere, or choose another -o"
    )
    assert reason(workbook, written=True).startswith(f"{workbook} has 1 decision")


def test_what_was_carried_over_may_go(workbook: Path, tmp_path: Path) -> None:
    fill_in(workbook, {"a": ("Open",)})
    copy = tmp_path / "copy.xlsx"
    copy.write_bytes(workbook.read_bytes())
    carried = read_decisions(copy)
    assert reason(workbook, carried) == ""
    fill_in(workbook, {"b": ("Removed",)})
    assert reason(workbook, carried).startswith(f"{workbook} has 1 decision filled in")
    assert reason(workbook, read_decisions(workbook)) == ""


@pytest.mark.parametrize("label", ["Reviewed by", "Date", "System"])
def test_a_line_of_the_sign_off(workbook: Path, label: str) -> None:
    sign(workbook, label, "2026-07-01")
    assert reason(workbook).startswith(f"{workbook} has the sign-off ({label}) filled in, which")
    assert reason(workbook, read_decisions(workbook)) == ""


def _comment(book: Workbook) -> None:
    book["Findings"]["K2"].comment = Comment("Asked Bob", "Ann")


def _sheet(book: Workbook) -> None:
    book.create_sheet("Interviews")


def _beside_the_undetermined(book: Workbook) -> None:
    book["Undetermined"]["H1"] = "Decision"


def _beside_the_steps(book: Workbook) -> None:
    book["Remediation"]["L1"] = "Done"


def _below(book: Workbook) -> None:
    book["Findings"]["B5"] = "Bob agrees"


def _column(book: Workbook) -> None:
    book["Findings"]["S1"] = "Screenshot"


@pytest.mark.parametrize(
    ("add", "words"),
    [
        (_comment, "comments"),
        (_sheet, "a sheet 'Interviews'"),
        (_column, "a column 'Screenshot' on the sheet Findings"),
        (_beside_the_undetermined, "a column 'Decision' on the sheet Undetermined"),
        (_beside_the_steps, "a column 'Done' on the sheet Remediation"),
        (_below, "text outside the table of the sheet Findings (B5)"),
    ],
)
def test_what_somebody_added_is_not_taken_over_and_stays(
    workbook: Path, add: Callable[[Workbook], None], words: str
) -> None:
    fill_in(workbook, {"a": ("Open",)})
    book = load_workbook(workbook)
    add(book)
    book.save(workbook)
    assert reason(workbook, read_decisions(workbook)) == (
        f"{workbook} has {words}, which somebody added: not even --force replaces it, and --carry-from "
        "does not take that over; move it elsewhere, or choose another -o"
    )


def test_the_owners_of_accounts_were_not_added_by_anybody(tmp_path: Path) -> None:
    judged = judge(tmp_path, root(), user("a", **KEY))
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(f"id,name,owner\n{ACCOUNT},Production,Team A\n", encoding="utf-8")
    path = tmp_path / "old.xlsx"
    sampling = Sampling(1, "x", SampleOf.ALL)
    evidence = of_analysis(judged.check_accounts(read_accounts(accounts)), sampling=sampling)
    path.write_bytes(to_xlsx(evidence, []))
    fill_in(path, {"a": ("Open",)})
    assert reason(path, read_decisions(path)) == ""


def test_a_sign_off_by_options_that_are_not_given_again(workbook: Path) -> None:
    expected = "has the sign-off (Control, Prepared by, Ticket) filled in"
    assert expected in reason(workbook, sign_off=SignOff())


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no workbook"])
def test_what_cannot_be_read(workbook: Path, data: bytes) -> None:
    workbook.write_bytes(data)
    assert reason(workbook).startswith(
        f"{workbook} may have decisions that cannot be read, so not even --force replaces it (old.xlsx: "
    )


def test_what_is_no_file(tmp_path: Path) -> None:
    assert "so not even --force replaces it (not a regular file " in reason(tmp_path / ".")


def test_a_cell_that_cannot_be_carried_over_is_filled_in(workbook: Path) -> None:
    fill_in(workbook, {"a": ("=1+1",)})
    assert re.search(
        r"\(old.xlsx: sheet Findings, cell [A-Z]+2: a formula. Replace", reason(workbook)
    )


def test_every_sheet_that_a_run_writes_is_known() -> None:
    package = Path(credreport.__file__).parent
    source = "\n".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    titles = re.findall(r'[sS]heet\(\s*"([A-Z]\w*)"', source)
    assert {*titles, "Inputs"} == {*TITLES}
