"""`credreport compare` and `analyze --baseline`, from the command line to the files."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from credreport.cli.main import app
from tests.comparison.test_comparison import OTHER, RECENT, key, password
from tests.support.books import rows_of_sheet
from tests.support.reports import ACCOUNT, root, save, user

FIRST, SECOND = "2026-06-30T06-00-00+00-00.csv", "2026-09-30T06-00-00+00-00.csv"
STEM = f"credreport-compare-{ACCOUNT}-2026-06-30-2026-09-30-90d"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def dates(tmp_path: Path) -> tuple[Path, Path]:
    old = save(tmp_path, root(), user(**password()), user("bob", **key()), name=f"old/{FIRST}")
    new = save(
        tmp_path,
        root(),
        user(**password(enabled="false")),
        user("bob", **key()),
        name=f"new/{SECOND}",
    )
    return old, new


def moved(month: int, account: str = ACCOUNT) -> dict[str, str]:
    """Return a user that differs from month to month, so that no two reports are the same."""
    return user("moved", account, password_last_changed=f"2026-{month:02d}-01T00:00:00Z")


def test_two_files_give_the_verdict_and_the_files(dates: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "evidence"
    result = run("compare", *dates, "-o", out, "--format", "xlsx,png,svg,csv,json,md")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "1 of 2 findings closed: 1 deactivated; 1 still open; 0 new "
        "(unused for 90 days or more, 2026-06-30 against 2026-09-30). "
        "Open now: 1 finding.\n"
    )
    assert result.stdout.splitlines()[-1].split() == ["Total", "2", "1", "1", "0", "1", "1"]
    assert f"Next: attach {out}/{STEM}.xlsx to the ticket" in result.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        "SHA256SUMS",
        f"{STEM}-changes.csv",
        f"{STEM}-manifest.json",
        f"{STEM}-paired.png",
        f"{STEM}-paired.svg",
        f"{STEM}.json",
        f"{STEM}.md",
        f"{STEM}.xlsx",
    ]
    verified = run("verify", out, *dates)  # which runs it again
    assert verified.stdout == f"All 8 files are as written: {out}\n"


def test_the_workbook_says_what_changed(dates: tuple[Path, Path], tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(f"id,name,owner\n{ACCOUNT},prod,Platform\n", encoding="utf-8")
    signed = ("--control", "AC-2", "--ticket", "SEC-1", "--prepared-by", "R. Auditor")
    run("compare", *dates, "-o", tmp_path / "out", "--accounts", accounts, *signed, "--force")
    digest = hashlib.sha256(accounts.read_bytes()).hexdigest()
    path = tmp_path / "out" / f"{STEM}-accounts-{digest[:8]}.xlsx"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Summary", "Changes", "Accounts", "Charts", "Inputs", "Method"]
    rows = rows_of_sheet(path, "Changes")
    columns = (
        "State",
        "Change",
        "User",
        "Credential",
        "Status before",
        "Status after",
        "Evidence",
    )
    assert [tuple(row[name] for name in columns) for row in rows] == [
        (
            "still open", "still unused", "bob", "access key 1", "unused", "unused",
            "already unused on 2026-06-30; not used since 2025-01-01 (637 days)",
        ),
        (
            "closed", "deactivated", "alice", "password", "unused", "inactive",
            "inactive in the report of 2026-09-30",
        ),
        ("\u2013", "still excluded", "<root_account>", "password", "excluded", "excluded", None),
    ]  # fmt: skip
    words = [cell.value for row in book["Summary"].iter_rows() for cell in row if cell.value]
    assert words[:3] == [
        "IAM credentials compared",
        "1 of 2 findings closed: 1 deactivated; 1 still open; 0 new (unused for 90 days or more,",
        "2026-06-30 against 2026-09-30).",
    ]
    assert {"AC-2", "SEC-1", "R. Auditor"} <= set(words)
    inputs = [cell.value for row in book["Inputs"].iter_rows() for cell in row if cell.value]
    assert {FIRST, SECOND} <= set(inputs)
    (account,) = rows_of_sheet(path, "Accounts")
    assert [account[name] for name in ("Account", "Name", "Owner", "Reports", "Open now")] == [
        ACCOUNT, "prod", "Platform", "every date", 1,
    ]  # fmt: skip


def test_the_csv_has_the_stable_columns(dates: tuple[Path, Path], tmp_path: Path) -> None:
    run("compare", *dates, "-o", tmp_path, "--format", "csv")
    text = (tmp_path / f"{STEM}-changes.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[1] == {
        "finding_id": rows[1]["finding_id"],
        "rule": "unused-password",
        "severity": "medium",
        "state": "closed",
        "waiver": "",
        "account_name": "",
        "account_owner": "",
        "change": "deactivated",
        "closed": "yes",
        "account_id": ACCOUNT,
        "user": "alice",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
        "credential": "password",
        "before_status": "unused",
        "after_status": "inactive",
        "before_last_used": "2025-01-01T00:00:00Z",
        "after_last_used": "2025-01-01T00:00:00Z",
        "before_age_days": "545",
        "after_age_days": "",
        "before_as_of": "2026-06-30T06:00:00Z",
        "after_as_of": "2026-09-30T06:00:00Z",
        "evidence": "inactive in the report of 2026-09-30",
        "replaced_by": "",
    }


def test_json_is_printed_and_agrees_with_the_verdict(dates: tuple[Path, Path]) -> None:
    result = run("compare", *dates, "--format", "none", "--json")
    document = json.loads(result.stdout)
    assert document["verdict"].startswith("1 of 2 findings closed")
    assert [row["change"] for row in document["changes"]] == [
        "still_unused", "deactivated", "still_excluded",
    ]  # fmt: skip
    assert document["parameters"]["command"] == "compare"
    assert [row["state"] for row in document["timeline"]] == ["open", "closed"]
    assert document["by_kind"][2] == {
        "type": "Total", "before": 2, "closed": 1, "not_closed": 1, "new": 0, "now": 1, "open": 1,
        "waived": 0, "undetermined": 0, "not_covered": 0,
    }  # fmt: skip
    assert document["changes"][1]["after_age_days"] is None


def test_markdown_lists_what_is_new_open_and_closed(tmp_path: Path) -> None:
    old = save(tmp_path, root(), *(user(f"u{n:02d}", **key()) for n in range(12)), name=FIRST)
    used = "2026-09-29T00:00:00Z"
    after = [user("u00", **key(used=used)), *(user(f"u{n:02d}", **key()) for n in range(1, 12))]
    new = save(tmp_path, root(), *after, user("z`", **key(made=RECENT, used="N/A")), name=SECOND)
    run("compare", old, new, "-o", tmp_path, "--format", "md,csv")
    lines = (tmp_path / f"{STEM}.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "## 1 of 12 findings closed, 12 open now, 1 of them new"
    told = [line.partition(" medium ")[2] for line in lines if line.startswith("- CR-")]
    assert (
        "unused-access-key: `` z` `` in 111122223333, access key 1 "
        "(`new user, created on 2020-01-01; never used since it was set on 2026-06-15 (107 days)`)"
    ) in told
    assert f"- and 1 more: see {STEM}-changes.csv" in lines
    assert "unused-access-key: `u00` in 111122223333, access key 1 (`used on 2026-09-29`)" in told
    assert any(line.startswith(f"- `{STEM}-changes.csv` `") for line in lines)


def test_a_tree_with_a_directory_per_date_gives_a_timeline(tmp_path: Path) -> None:
    for month in range(1, 10):
        rows = [user(**key(active="true" if month < 7 else "false")), user("bob", **key())]
        stamp = f"2026-{month:02d}/report_2026-{month:02d}-15T06-00-00Z.csv"
        save(tmp_path / "tree", root(), *rows, moved(month), name=stamp)
        if month != 5:
            theirs = user(
                "eve", OTHER, **key(used=RECENT if month == 9 else "2025-01-01T00:00:00Z")
            )
            name = stamp.replace("report", "other")
            save(tmp_path / "tree", root(OTHER), theirs, moved(month, OTHER), name=name)
    result = run("compare", tmp_path / "tree", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    stem = "credreport-compare-2-accounts-2026-01-15-2026-09-15-90d"
    assert (tmp_path / "out" / f"{stem}-open.png").exists()
    path = tmp_path / "out" / f"{stem}.xlsx"
    assert openpyxl.load_workbook(path).sheetnames[1:4] == ["Changes", "Timeline", "Charts"]
    timeline = [(row["User"], row["State"], row["How"]) for row in rows_of_sheet(path, "Timeline")]
    assert timeline == [
        ("bob", "open", "\u2013"),
        ("eve", "open", "\u2013"),
        ("alice", "closed", "deactivated"),
    ]
    assert "Over 9 dates: 3 findings, 1 closed, after 181 days at the median" in result.stdout


def test_no_findings_on_any_date_is_said_in_words(tmp_path: Path) -> None:
    for month in (7, 8, 9):
        name = f"2026-{month:02d}-15T06-00-00Z.csv"
        save(tmp_path / "in", root(), moved(month), name=name)
    result = run("compare", tmp_path / "in", "-o", tmp_path)
    assert result.exit_code == 0, result.output
    stem = f"credreport-compare-{ACCOUNT}-2026-07-15-2026-09-15-90d"
    assert (
        "No findings on any date"
        in rows_of_sheet(tmp_path / f"{stem}.xlsx", "Timeline")[0].values()
    )


def test_an_as_of_for_each_input_in_order(tmp_path: Path) -> None:
    old = save(tmp_path, root(), user(**key(used=RECENT)), name="old_2015-01-01T00-00-00Z.csv")
    new = save(tmp_path, root(), user(), name="new_2015-01-01T00-00-00Z.csv")
    instants = ("--as-of", "2026-09-20", "--as-of", "2026-09-30T06:00:00Z")
    result = run("compare", old, new, *instants, "--format", "none", "-q")
    assert result.stdout.startswith("1 of 1 finding closed: 1 removed; 0 still open; 0 new")
    assert "2026-09-20 against 2026-09-30" in result.stdout
    once = run("compare", old, new, *instants[:2], "--format", "none")
    assert once.exit_code == 2
    assert "--as-of is given 1 times for 2 inputs" in once.stderr


def test_what_is_refused_writes_nothing(tmp_path: Path) -> None:
    one = save(tmp_path, root(), user(), name=FIRST)
    other = save(tmp_path, root(), user(**key()), name=f"again/{FIRST}")
    strange = save(tmp_path, root(OTHER), user("eve", OTHER), name=f"strange/{SECOND}")
    masked = save(tmp_path, root("XXXX"), user("eve", "XXXX"), name=f"masked/{SECOND}")
    out = tmp_path / "out"
    for inputs, words in (
        ((one, other), "2 different reports of the same as-of"),
        ((one, strange), "none of the 2 accounts has reports of two dates"),
        ((one, masked), "its account is unknown or masked"),
        ((one,), "none of the 1 account has reports of two dates"),
        ((one, tmp_path / "nowhere"), "no such file or directory"),
    ):
        result = run("compare", *inputs, "-o", out)
        assert result.exit_code == 2, result.output
        assert words in result.stderr
    assert not out.exists()
    assert run("compare", one, strange, "--format", "jira").exit_code == 2


def test_inputs_in_the_wrong_order_are_sorted_with_a_warning(dates: tuple[Path, Path]) -> None:
    result = run("compare", *dates[::-1], "--format", "none")
    assert result.exit_code == 0
    assert result.stdout.startswith("1 of 2 findings closed")
    assert "1 x inputs not named from old to new" in result.stderr


def test_exit_status_tells_open_findings_and_doubt(tmp_path: Path) -> None:
    old = save(tmp_path, root(), user(**key()), moved(6), name=FIRST)
    new = save(tmp_path, root(), user(**key()), moved(9), name=SECOND)
    unsure = save(tmp_path, root(), user(**key(used="soon")), name="2026-10-30T06-00-00Z.csv")
    fixed = save(tmp_path, root(), user(), name="2026-11-30T06-00-00Z.csv")
    nothing = ("--format", "none")
    assert run("compare", old, new, *nothing, "--fail-on", "findings").exit_code == 1
    assert run("compare", old, fixed, *nothing, "--fail-on", "findings").exit_code == 0
    doubtful = run("compare", old, unsure, *nothing, "--fail-on", "findings")
    assert doubtful.exit_code == 3
    assert "Exit status 3" in doubtful.stderr


def test_an_account_without_a_newer_report_makes_the_comparison_incomplete(tmp_path: Path) -> None:
    save(tmp_path, root(), moved(6), name=f"old/a_{FIRST}")
    save(tmp_path, root(OTHER), user("eve", OTHER, **key()), name=f"old/b_{FIRST}")
    save(tmp_path, root(), moved(9), name=f"new/a_{SECOND}")
    inputs = (tmp_path / "old", tmp_path / "new")
    result = run("compare", *inputs, "--format", "none", "--fail-on", "findings")
    assert result.exit_code == 3
    assert "0 still open; 0 new; 1 in accounts without a report now" in result.stdout
    assert "1 x accounts not covered now" in result.stderr
    assert "Exit status 3: accounts without a report of the newest date: 1." in result.stderr


def test_the_summary_names_accounts_and_their_coverage(tmp_path: Path) -> None:
    save(tmp_path, root(), user(**key()), name=f"old/a_{FIRST}")
    save(tmp_path, root(OTHER), user("eve", OTHER, **key()), name=f"old/b_{FIRST}")
    save(tmp_path, root(), user(**key()), name=f"new/a_{SECOND}")
    inputs = (tmp_path / "old", tmp_path / "new")
    run("compare", *inputs, "-o", tmp_path / "out", "--format", "xlsx")
    (path,) = (tmp_path / "out").glob("*.xlsx")
    summary = openpyxl.load_workbook(path)["Summary"]
    cells = [str(cell.value) for row in summary.iter_rows() for cell in row if cell.value]
    assert {"every date", "not covered"} <= {*cells}
    assert "1 of 2 dates, not covered now" in " ".join(cells)  # on two lines, perhaps


def test_analyze_with_a_baseline_adds_the_changes(dates: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = dates
    out = tmp_path / "out"
    result = run("analyze", new, "--baseline", old, "-o", out, "--format", "xlsx,csv,json")
    assert result.exit_code == 0, result.output
    assert "Since 2026-06-30: 1 of 2 findings closed: 1 deactivated; 1 still open" in result.stdout
    stem = f"credreport-{ACCOUNT}-2026-09-30-90d-since-2026-06-30"
    rows = rows_of_sheet(out / f"{stem}.xlsx", "Changes")
    assert [row["Change"] for row in rows] == ["still unused", "deactivated", "still excluded"]
    assert (out / f"{stem}-changes.csv").exists()
    document = json.loads((out / f"{stem}.json").read_text(encoding="utf-8"))
    assert [row["closed"] for row in document["changes"]] == ["no", "yes", ""]
    assert [row["source_file"] for row in document["baseline"]] == [FIRST]
    manifest = json.loads((out / f"{stem}-manifest.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in manifest["inputs"]] == [SECOND, FIRST]
    inputs = openpyxl.load_workbook(out / f"{stem}.xlsx")["Inputs"]
    assert "Baseline: the older reports of Changes" in {row[0].value for row in inputs.iter_rows()}


@pytest.mark.parametrize("as_of", [[], ["--as-of", "2026-12-31"]])
def test_a_baseline_that_is_newer_is_refused_whenever_it_is_judged(
    dates: tuple[Path, Path], tmp_path: Path, as_of: list[str]
) -> None:
    old, new = dates
    result = run("analyze", old, "--baseline", new, "-o", tmp_path / "out", *as_of)
    assert result.exit_code == 2
    assert "it is newer than the reports to judge; name an older one" in result.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("r_2026-09-30T12-00.csv", "r_2026-09-30.csv"),
        ("r_2026-09-30.csv", "r_2026-09-30T12-00.csv"),
        ("r_2026-09-30.csv", "s_2026-09-30.csv"),
        ("r_2026-09-30T12-00.csv", "s_2026-09-30T12-00.csv"),
    ],
)
def test_a_baseline_that_no_stamp_says_is_older_is_refused_whenever_it_is_judged(
    tmp_path: Path, old: str, new: str
) -> None:
    older = save(tmp_path, root(), user("alice"), user("bob"), name=old)
    newer = save(tmp_path, root(), user("alice"), name=new)
    given = ("analyze", newer, "--baseline", older, "--as-of", "2026-12-31")
    result = run(*given, "-o", tmp_path / "out", "--format", "none")
    assert result.exit_code == 2
    assert f"no stamp says whether {old!r} is older than {new!r}" in " ".join(result.stderr.split())


def test_of_copies_nothing_is_suggested(dates: tuple[Path, Path]) -> None:
    old, new = dates
    (old.parent / f"copy_{FIRST}").write_bytes(old.read_bytes())
    result = run("compare", old.parent, new, "--format", "none")
    assert result.stderr.endswith("1 older report or copy was not judged: -v lists them\n")


def test_a_baseline_without_a_date_is_not_told_to_use_as_of(
    dates: tuple[Path, Path], tmp_path: Path
) -> None:
    undated = save(tmp_path, root(), user("bob"), name="june.csv")
    result = run(
        "analyze", dates[1], "--baseline", undated, "--as-of", "2026-12-31", "--format", "none"
    )
    assert result.exit_code == 2
    assert " ".join(result.stderr.split()).endswith(
        "Put the time of the download into the name as in `report_YYYY-MM-DD.csv`: `--as-of` does not "
        "date a baseline. 1 input refused, nothing written"
    )


def test_without_a_baseline_there_is_no_changes_sheet(
    dates: tuple[Path, Path], tmp_path: Path
) -> None:
    run("analyze", dates[1], "-o", tmp_path / "out", "--format", "xlsx,json")
    (path,) = (tmp_path / "out").glob("*.xlsx")
    assert "Changes" not in openpyxl.load_workbook(path).sheetnames
    document = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert "changes" not in document


def test_changes_too_many_for_a_sheet_show_what_changed_and_go_to_csv_whole(
    dates: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 2)
    run("compare", *dates, "-o", tmp_path / "out", "--format", "xlsx")
    rows = rows_of_sheet(tmp_path / "out" / f"{STEM}.xlsx", "Changes")
    assert [row["Change"] for row in rows] == ["still unused", "deactivated"]
    text = (tmp_path / "out" / f"{STEM}-changes.csv").read_text(encoding="utf-8")
    assert len(text.splitlines()) == 4


def test_a_comparison_without_credentials_says_so(tmp_path: Path) -> None:
    for day, mfa in ((FIRST, "true"), (SECOND, "false")):
        save(tmp_path / "in", user(mfa_active=mfa), name=day)
    assert run("compare", tmp_path / "in", "-o", tmp_path / "out").exit_code == 0
    (path,) = (tmp_path / "out").glob("*.xlsx")
    assert "No credentials" in rows_of_sheet(path, "Changes")[0].values()


def test_one_file_at_two_instants_is_two_dates(tmp_path: Path) -> None:
    row = user("a", password_enabled="true", password_last_changed="2025-12-01T00:00:00Z")
    path = str(save(tmp_path, root(), row, name="report.csv"))
    arguments = ["compare", path, path, "--as-of", "2026-01-31", "--as-of", "2026-06-30"]
    done = CliRunner().invoke(app, [*arguments, "--format", "none"])
    assert done.exit_code == 3
    assert done.stdout.startswith("0 of 0 findings closed")
    assert "1 new" in done.stdout


def test_a_baseline_is_judged_with_the_same_waivers_and_accounts(
    dates: tuple[Path, Path], tmp_path: Path
) -> None:
    old, new = dates
    (tmp_path / "accounts.csv").write_text(f"id,name,owner\n{ACCOUNT},prod,Ann\n{OTHER},dev,Bo\n")
    spans = {"W-1": ("bob", "2026-08-31"), "W-2": ("nobody", "2026-12-31")}
    (tmp_path / "waivers.toml").write_text(
        "".join(
            f'[[waiver]]\nid = "{name}"\nuser = "{who}"\nreason = "r"\napproved_by = "b"\n'
            f"approved_on = 2026-01-01\nexpires = {last}\n"
            for name, (who, last) in spans.items()
        )
    )
    out = tmp_path / "out"
    result = run(
        "analyze", new, "--baseline", old, "-o", out, "--waivers", tmp_path / "waivers.toml",
        "--accounts", tmp_path / "accounts.csv", "--format", "json,sh,md", "--unused-after", "91",
    )  # fmt: skip
    assert result.exit_code == 3, result.output
    (path,) = out.glob("*-since-2026-06-30.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    row = next(row for row in document["changes"] if row["user"] == "bob")
    assert (row["state"], row["waiver"]) == ("still_open", "")
    assert (row["account_name"], row["account_owner"]) == ("prod", "Ann")
    assert row["evidence"].endswith("; no longer waived by W-1")
    said = [row["message"] for row in document["warnings"] if "W-2" in row["message"]]
    both = "on 2026-06-30 and 2026-09-30"
    assert said == [f"waiver 'W-2' matches no finding (expires 2026-12-31) {both}"]
    assert f"no report of account {OTHER} (dev, owner Bo) {both}" in result.stderr
    assert [row["source_file"] for row in document["tie_out"]] == [
        SECOND, "Total", FIRST, "Total of the baseline, 2026-06-30",
    ]  # fmt: skip
    (owner,) = [row for row in document["owners"] if row["owner"] == "Bo"]
    assert (owner["without_report"], owner["users"], owner["open"]) == (1, None, None)
    comment = next(out.glob("*.md")).read_text(encoding="utf-8")
    assert "Since 2026-06-30:\n\n- 1 of 2 findings closed: 1 deactivated; 1 still open" in comment
    script = next(out.glob("*.sh")).read_text(encoding="utf-8")
    assert f"    # Account {ACCOUNT} (prod, owner Ann)\n    access_key 'CR-" in script


def test_the_timeline_names_accounts_and_owners(tmp_path: Path) -> None:
    for month in (6, 7, 8):
        rows = [root(), user("bob", **key()), moved(month)]
        save(tmp_path / "in", *rows, name=f"2026-{month:02d}-30T06-00-00Z.csv")
    (tmp_path / "accounts.csv").write_text(f"id,name,owner\n{ACCOUNT},prod,Ann\n")
    listed = ("--accounts", tmp_path / "accounts.csv")
    run("compare", tmp_path / "in", *listed, "-o", tmp_path / "out", "--format", "xlsx,json")
    (path,) = (tmp_path / "out").glob("*-90d-accounts-????????.json")
    (found,) = json.loads(path.read_text(encoding="utf-8"))["timeline"]
    assert (found["account_name"], found["account_owner"]) == ("prod", "Ann")
    (shown,) = rows_of_sheet(path.with_suffix(".xlsx"), "Timeline")
    assert (shown["Account name"], shown["Owner"]) == ("prod", "Ann")


def test_a_baseline_of_the_same_name_is_told_apart_and_verified(
    dates: tuple[Path, Path], tmp_path: Path
) -> None:
    for path, name in zip(dates, ("june", "september"), strict=True):
        content = base64.b64encode(path.read_bytes()).decode()
        stamp = path.name[:10] + "T06:00:00Z"
        answer = {"Content": content, "GeneratedTime": stamp}
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(json.dumps(answer))
    (tmp_path / "accounts.csv").write_text(f"id,owner\n{ACCOUNT},Ann\n{OTHER},Bo\n")
    old, new, out = tmp_path / "june", tmp_path / "september", tmp_path / "out"
    listed = ("--accounts", tmp_path / "accounts.csv")
    run("analyze", new, "--baseline", old, *listed, "-o", out, "--format", "json,md")
    (path,) = out.glob("*-since-2026-06-30.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    assert [row["source_file"] for row in document["inputs"]] == ["report.json"]
    assert [row["source_file"] for row in document["baseline"]] == ["june/report.json"]
    verified = run("verify", out, new, old, tmp_path / "accounts.csv")
    assert verified.exit_code == 0, verified.output


def test_a_report_called_total_keeps_its_name_and_its_account(tmp_path: Path) -> None:
    old = save(tmp_path, root(), user(**key()), name="2026-06-30/Total")
    new = save(tmp_path, root(), name="Total_2026-09-30.csv")
    first, second, out = "Total", new.name, tmp_path / "out"
    expected = {
        "compare": [first, "Total of 2026-06-30", second, "Total of 2026-09-30"],
        "analyze": [second, "Total", first, "Total of the baseline, 2026-06-30"],
    }
    for command, sources in expected.items():
        inputs = (old, new) if command == "compare" else (new, "--baseline", old)
        run(command, *inputs, "-o", out / command, "--format", "xlsx,json")
        (path,) = (out / command).glob("*d*.xlsx")
        document = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert [row["source_file"] for row in document["tie_out"]] == sources
        rows = openpyxl.load_workbook(path)["Inputs"].iter_rows(values_only=True)
        tied = [(row[0], row[1]) for row in rows if "PASS" in row]
        assert tied == list(zip(sources, [ACCOUNT, None] * 2, strict=True))


def test_the_reason_of_an_undetermined_change_is_told_once_whatever_the_rules(
    tmp_path: Path,
) -> None:
    later = key(used="2026-08-01T00:00:00Z") | {"mfa_active": "false"}
    old = save(tmp_path, root(), user(**later), name=FIRST)
    new = save(tmp_path, root(), user(**later), name=SECOND)
    for asked in ([], ["--profile", "all"]):
        result = run("compare", old, new, "--format", "none", *asked)
        (told,) = [line for line in result.stderr.split("\n") if line.startswith("undetermined: ")]
        assert "before: `access_key_1_last_used_date` is later than the as-of" in told
