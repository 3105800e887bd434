"""Counts by report, and the sentences and small tables that are made of them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from credreport import __version__, analyze, read_reports
from credreport.errors import Notice, Problem
from credreport.reports.inputs import Skipped
from credreport.rules.accounts import Account
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import Policy, UserClass
from credreport.text import plural
from credreport.verdicts.judged import Judged
from credreport.verdicts.status import OFF, ON, Cells, decide
from credreport.verdicts.tally import (
    SCHEMA_VERSION,
    Tally,
    Totals,
    account_rows,
    accounts_sentences,
    accounts_words,
    as_of_words,
    band_edges,
    band_rows,
    input_rows,
    judged_count,
    left_out_rows,
    newest_as_of,
    stem_of_accounts,
    stem_of_question,
    summary_rows,
    tie_out_rows,
    to_facts,
    to_parameters,
    to_stem,
    to_tallies,
    to_title,
    to_verdict,
    unpack_counts,
    verdict_sentences,
    warning_rows,
)
from tests.support.reports import ACCOUNT, NAME, judge, lose_a_row, root, save, user
from tests.verdicts.test_assessment import OLD, YOUNG, key, password
from tests.verdicts.test_status import LONG_AGO, SHORT_OF_90_DAYS, credential

POLICY = OptionFile("p.toml", "0" * 64, 9)
OTHER = "444455556666"


def together(*cells: Cells) -> Cells:
    return Cells(
        **{each.name: np.concatenate([getattr(cell, each.name) for cell in cells])
           for each in fields(Cells)}
    )  # fmt: skip


# Two reports, and between them one of which nothing was counted.
CELLS = together(
    credential("password", ON, LONG_AGO, LONG_AGO),
    credential("password", ON, "absence", SHORT_OF_90_DAYS),
    credential("access_key", ON, "absence", "2025-11-02T12:00:00"),
    credential("cert", ON, "no_column", LONG_AGO),
    credential("password", OFF, "absence", "absence"),
    credential("access_key", ON, "2026-01-31T12:00:00", LONG_AGO),
    credential("access_key", ON, "text", LONG_AGO),
)
REPORT = np.array([0, 0, 0, 0, 2, 2, 2])
NOTHING = [0, 0, 0, 0, 0, 0, 0]
NO_AGE = [[0, 0], [0, 0], [0, 0]]


def tallies(absent: list[list[int]] | None = None) -> list[Tally]:
    table = SimpleNamespace(report=REPORT)
    reports = [None] * 3
    judged = Judged(
        reports,  # type: ignore[arg-type]  # counting needs no more of them, nor of the table
        table,  # type: ignore[arg-type]
        row=np.arange(len(REPORT)),
        slot=REPORT,
        cells=CELLS,
        verdicts=decide(CELLS, include_root=False),
        absent=np.array(absent or np.zeros((3, 3), dtype="i8")),
    )
    return to_tallies(judged, unused_after_days=90)


def nested(counts: bytes, *shape: int) -> Any:
    """Return packed counts as the lists of lists that they stand for."""
    return unpack_counts([counts], -1, *shape)[0].tolist()


class TestTallies:
    """By kind: excluded, absent, inactive, not tracked, undetermined, unused, current."""

    def test_every_status_counts_in_its_report_and_kind(self) -> None:
        first, second, third = tallies()
        assert nested(first.statuses, 7) == [
            [0, 0, 0, 0, 0, 1, 1],
            [0, 0, 0, 0, 0, 1, 0],
            [0, 0, 0, 1, 0, 0, 0],
        ]
        assert nested(second.statuses, 7) == [NOTHING, NOTHING, NOTHING]
        assert nested(third.statuses, 7) == [[0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 1], NOTHING]

    def test_ages_count_by_band_and_kind_all_and_the_never_used(self) -> None:
        first, second, third = tallies()
        assert nested(first.ages, 3, 2) == [
            NO_AGE,
            NO_AGE,
            [[1, 1], [0, 0], [0, 0]],
            [[0, 0], [1, 1], [0, 0]],
            NO_AGE,
            [[1, 0], [0, 0], [0, 0]],
        ]
        assert nested(second.ages, 3, 2) == [NO_AGE] * 6
        assert nested(third.ages, 3, 2) == [[[0, 0], [1, 0], [0, 0]], *([NO_AGE] * 5)]

    def test_what_was_counted_as_absent_beforehand_is_added(self) -> None:
        first, second, third = tallies([[1, 2, 3], [4, 0, 0], [0, 5, 0]])
        assert [by_kind[1] for by_kind in nested(first.statuses, 7)] == [1, 2, 3]
        assert [by_kind[1] for by_kind in nested(second.statuses, 7)] == [4, 0, 0]
        assert [by_kind[1] for by_kind in nested(third.statuses, 7)] == [1, 5, 0]
        assert nested(first.statuses, 7)[0] == [0, 1, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("days", "edges"),
    [
        (90, (0, 31, 61, 90, 181, 366)),
        (35, (0, 35, 61, 181, 366)),
        (36, (0, 31, 36, 61, 181, 366)),
        (27, (0, 27, 61, 181, 366)),
        (26, (0, 26, 31, 61, 181, 366)),
        (4, (0, 4, 31, 61, 181, 366)),
        (361, (0, 31, 61, 181, 361, 366)),
    ],
)
def test_an_edge_nearer_than_five_days_to_the_threshold_gives_way(
    days: int, edges: tuple[int, ...]
) -> None:
    assert band_edges(days) == edges


def of(directory: Path, *rows: dict[str, str], policy: Policy | None = None) -> Totals:
    return judge(directory, root(), *rows, policy=policy).totals


def of_accounts(directory: Path, *accounts: str) -> Totals:
    """Return the totals of reports a day apart, each of a root and a user with an old password."""
    for day, account in enumerate(accounts, start=1):
        rows = root(account), user("a", account, **password(OLD))
        save(directory, *rows, name=f"2026-01-{day:02}T12:00:00Z.csv")
    return analyze(read_reports(directory)).totals


class TestVerdict:
    @pytest.mark.parametrize(
        ("rows", "sentence"),
        [
            ([user()], "No active credentials to check"),
            (
                [user("a", **password(OLD))],
                "1 of 1 active credentials has been unused for 90 days or more "
                "(1 password and 0 access keys)",
            ),
            (
                [user("a", **password(OLD), **key(1, OLD), **key(2, YOUNG))],
                "2 of 3 active credentials have been unused for 90 days or more "
                "(1 password and 1 access key)",
            ),
        ],
    )
    def test_is_one_sentence(
        self, tmp_path: Path, rows: list[dict[str, str]], sentence: str
    ) -> None:
        assert to_verdict(of(tmp_path, *rows)) == f"{sentence}, as of 2026-01-31T12:00:00Z."

    def test_says_what_could_not_be_judged(self, tmp_path: Path) -> None:
        totals = of(tmp_path, user("a", **password(OLD), **key(1, OLD, "?")))
        assert " ".join(verdict_sentences(totals, ["3 findings."])) == (
            "1 of 1 judged active credentials has been unused for 90 days or more (1 password and "
            "0 access keys), as of 2026-01-31T12:00:00Z. 1 could not be judged: see Undetermined. "
            "3 findings."
        )
        assert to_title(totals) == (
            "1 of 1 judged active credentials unused for 90 days or more; 1 undetermined"
        )

    def test_says_what_else_it_does_not_hold_for(self, tmp_path: Path) -> None:
        totals = of(tmp_path, user())
        early = judge(tmp_path, root(), user(), as_of="newest").totals
        refused = (Problem("a", 1, 0, "x"), Problem("a", 2, 0, "x"), Problem("b", 1, 0, "x"))
        told = to_verdict(replace(early, refused=refused))
        assert told.partition("Z. ")[2] == (
            "Every age is a lower bound: the as-of is each file's newest timestamp. "
            "2 inputs refused and left out: see Inputs."
        )
        assert to_verdict(replace(totals, refused=refused[:1])).endswith(
            ". 1 input refused and left out: see Inputs."
        )
        assert to_verdict(lose_a_row(judge(tmp_path, root(), user())).totals).endswith(
            "Z. THE ROWS DO NOT TIE OUT: do not rely on this."
        )

    def test_names_the_numbers_of_classes_of_users(self, tmp_path: Path) -> None:
        classes = (
            UserClass("svc-*", {"unused_after_days": 365}),
            UserClass("x*", {"rotate_after_days": 30}),
            UserClass("y", {"unused_after_days": 7}),
        )
        policy = Policy(unused_after_days=45, classes=classes)
        assert to_title(of(tmp_path, user("a", **password(OLD)), policy=policy)) == (
            "1 of 1 active credentials unused for 45 days or more (svc-*: 365, y: 7)"
        )

    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (1, "1 account of the list has no report: 1."),
            (2, "2 accounts of the list have no report: 1, 2."),
            (5, "5 accounts of the list have no report: 1, 2, 3, 4, 5."),
            (6, "6 accounts of the list have no report: 1, 2, 3, 4, 5 and 1 more."),
            (8, "8 accounts of the list have no report: 1, 2, 3, 4, 5 and 3 more."),
        ],
    )
    def test_accounts_without_a_report_are_counted_and_five_named(
        self, number: int, words: str
    ) -> None:
        missing = [Account(str(place)) for place in range(1, number + 1)]
        assert accounts_sentences(missing) == [words]
        (of_a_day,) = accounts_sentences(missing, "2026-01-31")
        assert of_a_day == words.replace("no report:", "no report of 2026-01-31:")

    def test_counts_nothing_among_nothing(self, tmp_path: Path) -> None:
        assert to_title(of(tmp_path, user())) == "No active credentials to check"
        unread = of(tmp_path, user("a", **password("?")))
        assert to_title(unread) == "No active credential could be judged; 1 undetermined"
        assert to_verdict(unread).startswith("No active credential could be judged, as of ")


class TestDoubts:
    def test_of_a_whole_run_there_are_none(self, tmp_path: Path) -> None:
        totals = of(tmp_path, user("a", **password(OLD)))
        assert totals.doubts() == ()
        assert set(totals.count_doubts().values()) == {0}

    def test_each_is_told_with_its_number(self, tmp_path: Path) -> None:
        totals = of(tmp_path, user("a", **password("?")), user("A", **password("?")))
        refused = (Problem("x", 1, 0, "?"), Problem("x", 2, 0, "?"))
        doubtful = replace(totals, refused=refused)
        assert doubtful.doubts(1) == (
            "credentials that could not be judged: 2",
            "verdicts of rules that could not be determined: 1",
            "inputs refused and left out: 1",
            "rows of users that appear more than once: 2",
        )

    def test_rows_that_do_not_tie_out_are_one(self, tmp_path: Path) -> None:
        assert lose_a_row(judge(tmp_path, root(), user())).totals.doubts() == (
            "reports whose rows do not tie out: 1",
        )

    def test_an_as_of_that_is_too_early_is_one(self, tmp_path: Path) -> None:
        early = judge(tmp_path, root(), user(), as_of="newest").totals
        assert early.doubts() == ("reports whose ages are lower bounds: 1",)


class TestFacts:
    def test_of_one_report(self, tmp_path: Path) -> None:
        assert to_facts(of(tmp_path, user())) == [
            ("Accounts", f"1: {ACCOUNT}"),
            ("Reports", "1"),
            ("Rows (users and root)", "2"),
            ("As of (UTC)", "2026-01-31T12:00:00Z"),
            ("As-of taken from", "file name"),
            ("Rule", "unused for 90 days or more (profile conformity)"),
            ("Root account", "shown, not judged as unused"),
            ("Tie-out", "PASS"),
            ("Written by", f"credreport {__version__}"),
        ]

    def test_root_judged_too_and_rows_lost(self, tmp_path: Path) -> None:
        facts = dict(to_facts(of(tmp_path, user(), policy=Policy(include_root=True))))
        assert facts["Root account"] == "judged too"
        lost = lose_a_row(judge(tmp_path, root(), user())).totals
        assert dict(to_facts(lost))["Tie-out"] == "FAIL"

    @pytest.mark.parametrize(("number", "more"), [(5, ""), (6, " and 1 more"), (7, " and 2 more")])
    def test_five_accounts_are_named(self, tmp_path: Path, number: int, more: str) -> None:
        accounts = [f"{place:012}" for place in range(number)]
        facts = dict(to_facts(of_accounts(tmp_path, *accounts)))
        assert facts["Accounts"] == f"{number}: {', '.join(accounts[:5])}{more}"

    def test_an_account_without_a_name_is_unknown(self, tmp_path: Path) -> None:
        rows = root(arn="N/A"), user(arn="N/A")
        totals = judge(tmp_path, *rows).totals
        assert dict(to_facts(totals))["Accounts"] == "1: unknown"

    def test_first_and_last_of_several_as_ofs(self, tmp_path: Path) -> None:
        totals = of_accounts(tmp_path, "333333333333", OTHER, ACCOUNT)
        assert as_of_words(totals) == "2026-01-01T12:00:00Z to 2026-01-03T12:00:00Z"
        assert newest_as_of(totals) == datetime(2026, 1, 3, 12, tzinfo=UTC)
        assert to_stem(totals) == "credreport-3-accounts-2026-01-03-90d"

    def test_the_files_are_named_after_the_account(self, tmp_path: Path) -> None:
        assert to_stem(of(tmp_path, user())) == f"credreport-{ACCOUNT}-2026-01-31-90d"
        masked = judge(tmp_path, root("x"), user(account="x")).totals
        assert to_stem(masked) == "credreport-unknown-account-2026-01-31-90d"

    @pytest.mark.parametrize(
        ("accounts", "stem"),
        [
            ([ACCOUNT], ACCOUNT),
            ([ACCOUNT, OTHER], "2-accounts"),
            (["a/../b"], "unknown-account"),
            ([""], "unknown-account"),
        ],
    )
    def test_two_accounts_are_not_named_after_one(self, accounts: list[str], stem: str) -> None:
        assert stem_of_accounts(accounts) == stem

    @pytest.mark.parametrize(
        ("policy", "stem"),
        [
            (Policy(), "90d"),
            (Policy(unused_after_days=45), "45d"),
            (Policy.of("cis-5.0"), "cis-5.0"),
            (Policy.of("cis-5.0", unused_after_days=45), "cis-5.0"),
            (Policy.of("cis-5.0", unused_after_days=30), "cis-5.0-30d"),
            (Policy.of("cis-5.0", include_root=True), "cis-5.0-with-root"),
        ],
    )
    def test_a_profile_is_named_and_its_days_where_they_are_others(
        self, policy: Policy, stem: str
    ) -> None:
        assert stem_of_question(policy, {}) == stem
        file = OptionFile("p.toml", f"0123456789{'a' * 54}", 9)
        assert stem_of_question(policy, {"policy": file}) == f"{stem}-policy-01234567"

    def test_two_questions_have_two_names(self, tmp_path: Path) -> None:
        one, two = OptionFile("a.toml", "a1" * 32, 1), OptionFile("b.toml", "b2" * 32, 1)
        plain, with_root = Policy(), Policy(include_root=True)
        policies = plain, with_root, Policy(unused_after_days=45), Policy.of("cis-5.0")
        names = {
            to_stem(totals, files)
            for totals in (of(tmp_path, user(), policy=policy) for policy in policies)
            for files in (
                {}, {"policy": one}, {"policy": two}, {"waivers": one}, {"accounts": one},
                {"policy": one, "waivers": two},
            )
        }  # fmt: skip
        assert len(names) == 24
        assert (
            f"credreport-{ACCOUNT}-2026-01-31-90d-with-root-policy-a1a1a1a1-waivers-b2b2b2b2"
            in names
        )

    @pytest.mark.parametrize(
        ("name", "as_of", "stem"),
        [
            ("2026-01-31T12-00-00Z.csv", None, "2026-01-31"),
            ("2026-01-31T12-00-00Z.csv", "2026-01-31", "2026-01-31T235959Z"),
            ("2026-01-31T12-00-00Z.csv", "2026-01-31T13:00:00Z", "2026-01-31T130000Z"),
            ("2026-01-31T12-00-00Z.csv", "newest", "2026-01-01-newest"),
            ("report.csv", "2026-01-31", "2026-01-31"),
            ("report.csv", "2026-01-31T13:00:00Z", "2026-01-31T130000Z"),
        ],
    )
    def test_an_as_of_that_is_not_the_reports_own_stands_in_the_name(
        self, tmp_path: Path, name: str, as_of: str | None, stem: str
    ) -> None:
        path = save(tmp_path, root(), user(user_creation_time="2026-01-01T00:00:00Z"), name=name)
        totals = analyze(read_reports(path, as_of=as_of)).totals
        assert to_stem(totals) == f"credreport-{ACCOUNT}-{stem}-90d"

    def test_parameters_name_what_was_asked_and_no_more(self) -> None:
        plain = Policy(unused_after_days=45, rules=("unused-password",))
        assert to_parameters(plain) == {
            "profile": "conformity", "unused_after_days": 45, "include_root": False,
            "rules": ["unused-password"],
        }  # fmt: skip
        classes = (UserClass("svc-*", {"unused_after_days": 365}),)
        assert to_parameters(replace(plain, classes=classes, file=POLICY), "w.toml") == {
            "profile": "conformity", "unused_after_days": 45, "include_root": False,
            "rules": ["unused-password"], "policy_file": str(POLICY), "waivers_file": "w.toml",
            "classes": [{"match": "svc-*", "unused_after_days": 365}],
        }  # fmt: skip

    def test_documents_are_of_the_second_version(self) -> None:
        assert SCHEMA_VERSION == 2

    @pytest.mark.parametrize(("number", "words"), [(0, "0 keys"), (1, "1 key"), (2, "2 keys")])
    def test_one_has_no_s(self, number: int, words: str) -> None:
        assert plural(number, "key") == words


class TestTables:
    @pytest.fixture
    def totals(self, tmp_path: Path) -> Totals:
        save(
            tmp_path, root(), user("a", **password(OLD), **key(1, OLD, "?")), name="2026-01-31.csv"
        )
        save(
            tmp_path,
            root(OTHER),
            user("b", OTHER, **key(1, YOUNG), **key(2, "2025-11-02T23:59:59Z")),
            user("c", OTHER, cert_1_active="true"),
            name="2026-01-31-b.csv",
        )
        return analyze(read_reports(tmp_path)).totals

    def test_a_summary_by_type(self, totals: Totals) -> None:
        rows = [list(row.values()) for row in summary_rows(totals)]
        assert rows == [
            ["Passwords", 2, 2, 0, 0, 0, 1, 0, 5],
            ["Access keys", 0, 7, 0, 0, 1, 1, 1, 10],
            ["Signing certificates", 0, 9, 0, 1, 0, 0, 0, 10],
            ["Total", 2, 18, 0, 1, 1, 2, 1, 25],
        ]
        assert list(summary_rows(totals)[0]) == list(summary_rows(totals)[-1])

    def test_judged_are_the_unused_and_the_current(self, totals: Totals) -> None:
        assert judged_count(totals) == 3

    def test_ages_by_band(self, totals: Totals) -> None:
        told = [tuple(row.values()) for row in band_rows(totals) if row["count"]]
        assert told == [
            ("0\u201330", "access_key", 1, 1, False),
            ("90\u2013180", "access_key", 1, 1, True),
            ("over 365", "password", 1, 1, True),
        ]
        unused = {row["band"]: row["is_unused"] for row in band_rows(totals)}
        assert list(unused.values()) == [False, False, False, True, True, True]

    def test_accounts(self, totals: Totals) -> None:
        assert account_rows(totals) == [
            {"account_id": ACCOUNT, "users": 2, "unused": 1, "current": 0, "undetermined": 1},
            {"account_id": OTHER, "users": 3, "unused": 1, "current": 1, "undetermined": 0},
        ]

    def test_two_reports_of_one_account_count_together(self, totals: Totals) -> None:
        first, second = totals.reports
        alike = replace(totals, reports=[first, replace(second, account_id=ACCOUNT)])
        assert account_rows(alike) == [
            {"account_id": ACCOUNT, "users": 5, "unused": 2, "current": 1, "undetermined": 1}
        ]

    def test_the_tie_out(self, totals: Totals) -> None:
        rows = [list(row.values()) for row in tie_out_rows(totals)]
        assert rows == [
            ["2026-01-31.csv", ACCOUNT, 2, 6, 1, 3, 0, 1, 1, 0, 6, "PASS"],
            ["2026-01-31-b.csv", OTHER, 3, 9, 1, 6, 0, 0, 1, 1, 9, "PASS"],
            ["Total", "", 5, 15, 2, 9, 0, 1, 2, 1, 15, "PASS"],
        ]

    def test_the_tie_out_fails_where_a_row_is_lost(self, tmp_path: Path) -> None:
        lost = lose_a_row(judge(tmp_path, root(), user())).totals
        assert [row["result"] for row in tie_out_rows(lost)] == ["FAIL", "FAIL"]
        assert not lost.is_tied_out

    def test_the_inputs(self, totals: Totals) -> None:
        told = [
            {name: str(row[name]) for name in ("source_file", "rows", "account_id", "as_of")}
            for row in input_rows(totals)
        ]
        assert told == [
            {"source_file": "2026-01-31.csv", "rows": "2", "account_id": ACCOUNT,
             "as_of": "2026-01-31 23:59:59+00:00"},
            {"source_file": "2026-01-31-b.csv", "rows": "3", "account_id": OTHER,
             "as_of": "2026-01-31 23:59:59+00:00"},
        ]  # fmt: skip

    def test_warnings_and_what_was_left_out(self) -> None:
        assert warning_rows([Notice(NAME, 3, "no-root", "no root row")]) == [
            {"source_file": NAME, "source_line": 3, "warning": "no root row",
             "message": "no root row"},
        ]  # fmt: skip
        skipped = [Skipped("c.txt", "no report"), Skipped("own.csv", "evidence", is_own=True)]
        older = [Skipped("b.csv", "superseded")]
        found = left_out_rows([Problem("a.csv", 1, 0, "damaged")], older, skipped)
        assert [tuple(row.values()) for row in found] == [
            ("report", "refused", "a.csv", "a.csv, line 1: damaged."),
            ("report", "superseded", "b.csv", "superseded"),
            ("report", "left out", "c.txt", "no report"),
        ]
        assert list(found[0]) == ["role", "what", "source_file", "why"]
        assert left_out_rows([], older, [], "baseline")[0]["role"] == "baseline"


@pytest.mark.parametrize(
    ("accounts", "words"),
    [
        (["111122223333"], "account 111122223333"),
        ([""], "account unknown"),
        (["111122223333", "444455556666"], "2 accounts"),
    ],
)
def test_one_account_is_named_and_several_are_counted(accounts: list[str], words: str) -> None:
    assert accounts_words(accounts) == words
