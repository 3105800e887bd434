"""Verdicts: every slot gets one status, unknown never becomes fine, the boundary is to the second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from credreport.reports.selection import read_reports
from credreport.rules.policy import Policy
from credreport.verdicts.assessment import assess, judge_reports
from credreport.verdicts.credentials import is_active, to_credentials, to_user_facts
from tests.support.batch import instant, read_rows
from tests.support.reports import (
    AS_OF,
    COLUMNS,
    NAME,
    credentials_of,
    judge,
    root,
    row_of,
    to_csv,
    user,
    verdict,
)

SLOTS = {
    "password": ("password_enabled", "password_last_used", "password_last_changed"),
    "access_key_1": (
        "access_key_1_active", "access_key_1_last_used_date", "access_key_1_last_rotated",
    ),
    "access_key_2": (
        "access_key_2_active", "access_key_2_last_used_date", "access_key_2_last_rotated",
    ),
}  # fmt: skip
LONG_AGO = "2021-05-06T07:08:09Z"
# As of 2026-01-31T12:00:00Z.
EXACTLY_90_DAYS = "2025-11-02T12:00:00Z"
ONE_SECOND_LESS = "2025-11-02T12:00:01Z"
EXACTLY_45_DAYS = "2025-12-17T12:00:00Z"
YOUNG = "2026-01-30T00:00:00Z"


def slot(credential: str, enabled: str, last_used: str, fallback: str) -> dict[str, str]:
    return dict(zip(SLOTS[credential], (enabled, last_used, fallback), strict=True))


# By the cells and the threshold: a user of whom every slot holds them, judged once for the three.
_JUDGED: dict[tuple[object, ...], pd.DataFrame] = {}


def of(directory: Path, credential: str, *cells: str, days: int = 90) -> pd.Series:
    if (*cells, days) not in _JUDGED:
        everywhere = {name: cell for each in SLOTS for name, cell in slot(each, *cells).items()}
        policy = Policy(unused_after_days=days)
        _JUDGED[*cells, days] = credentials_of(directory, root(), user(**everywhere), policy=policy)
    return row_of(_JUDGED[*cells, days], "alice", credential)


@pytest.mark.parametrize("credential", SLOTS)
@pytest.mark.parametrize(
    ("instant", "days", "status", "age"),
    [
        (EXACTLY_90_DAYS, 90, "unused", 90),
        (ONE_SECOND_LESS, 90, "current", 89),
        ("2025-11-02T13:00:00+01:00", 90, "unused", 90),
        ("2025-11-02T13:00:01+01:00", 90, "current", 89),
        ("2025-11-02T12:00:00.000001Z", 90, "current", 89),
        (EXACTLY_45_DAYS, 45, "unused", 45),
        ("2025-12-17T12:00:01Z", 45, "current", 44),
        (AS_OF, 1, "current", 0),
    ],
)
class TestBoundary:
    def test_from_the_last_use(
        self, tmp_path: Path, credential: str, instant: str, days: int, status: str, age: int
    ) -> None:
        found = of(tmp_path, credential, "true", instant, LONG_AGO, days=days)
        assert (found["status"], found["age_days"]) == (status, age)
        assert (found["use"], found["basis"]) == ("used", SLOTS[credential][1])

    @pytest.mark.parametrize("absence", ["N/A", "no_information"])
    def test_from_the_day_it_was_set_where_it_was_never_used(
        self,
        tmp_path: Path,
        credential: str,
        instant: str,
        days: int,
        status: str,
        age: int,
        absence: str,
    ) -> None:
        found = of(tmp_path, credential, "true", absence, instant, days=days)
        assert (found["status"], found["age_days"]) == (status, age)
        assert (found["use"], found["basis"]) == ("never_used", SLOTS[credential][2])


def test_a_reset_password_does_not_become_younger(tmp_path: Path) -> None:
    found = of(tmp_path, "password", "true", "2025-07-15T00:00:00Z", "2026-01-30T00:00:00Z")
    assert (found["status"], found["age_days"], found["basis"]) == (
        "unused", 200, "password_last_used",
    )  # fmt: skip


@pytest.mark.parametrize("credential", SLOTS)
class TestStatus:
    @pytest.mark.parametrize("nothing", ["N/A", "no_information", "not_supported", ""])
    def test_off_and_silent_is_absent(self, tmp_path: Path, credential: str, nothing: str) -> None:
        assert of(tmp_path, credential, "false", nothing, nothing)["status"] == "absent"

    def test_off_with_a_date_is_inactive(self, tmp_path: Path, credential: str) -> None:
        assert of(tmp_path, credential, "false", "N/A", LONG_AGO)["status"] == "inactive"
        assert of(tmp_path, credential, "false", LONG_AGO, "N/A")["status"] == "inactive"

    def test_off_with_unreadable_text_is_inactive_and_says_why(
        self, tmp_path: Path, credential: str
    ) -> None:
        found = of(tmp_path, credential, "false", "N/A", "4/5/2019")
        assert found["status"] == "inactive"
        assert found["reason"] == f"`{SLOTS[credential][2]}` is '4/5/2019': not a date"

    @pytest.mark.parametrize("word", ["true", "TRUE", "True"])
    def test_true_in_any_case_is_on(self, tmp_path: Path, credential: str, word: str) -> None:
        assert of(tmp_path, credential, word, LONG_AGO, LONG_AGO)["status"] == "unused"

    @pytest.mark.parametrize("word", ["FALSE", "False"])
    def test_false_in_any_case_is_off(self, tmp_path: Path, credential: str, word: str) -> None:
        assert of(tmp_path, credential, word, "N/A", "N/A")["status"] == "absent"

    @pytest.mark.parametrize(
        "word", ["", "1", "0", "yes", "WAHR", "true ", " false", "N/A", "not_supported", "t"]
    )
    def test_any_other_word_is_unknown_never_off(
        self, tmp_path: Path, credential: str, word: str
    ) -> None:
        found = of(tmp_path, credential, word, YOUNG, YOUNG)
        assert (found["status"], found["use"]) == ("undetermined", "")
        shown = repr(word) if word else "blank"
        assert found["reason"] == f"`{SLOTS[credential][0]}` is {shown}: neither true nor false"

    @pytest.mark.parametrize(
        "cell", ["4/5/2019", "2019-03-3", "now", "43559", "not_supported", "n/a", "NEVER"]
    )
    def test_an_unreadable_last_use_is_undetermined_however_young_the_fallback(
        self, tmp_path: Path, credential: str, cell: str
    ) -> None:
        found = of(tmp_path, credential, "true", cell, YOUNG)
        assert (found["status"], found["use"]) == ("undetermined", "")
        assert found["reason"].startswith(f"`{SLOTS[credential][1]}` is '{cell}': neither")

    @pytest.mark.parametrize("cell", ["N/A", "no_information", "not_supported", "", "soon"])
    def test_never_used_without_a_day_it_was_set_is_undetermined(
        self, tmp_path: Path, credential: str, cell: str
    ) -> None:
        found = of(tmp_path, credential, "true", "N/A", cell)
        assert (found["status"], found["use"]) == ("undetermined", "never_used")
        assert found["reason"].startswith(f"never used, and `{SLOTS[credential][2]}` is ")

    def test_a_use_after_the_as_of_is_undetermined(self, tmp_path: Path, credential: str) -> None:
        found = of(tmp_path, credential, "true", "2026-01-31T12:00:01Z", LONG_AGO)
        assert (found["status"], found["use"]) == ("undetermined", "used")
        assert (
            found["reason"]
            == f"`{SLOTS[credential][1]}` is later than the as-of: either it or the as-of is wrong"
        )

    def test_set_after_the_as_of_is_undetermined(self, tmp_path: Path, credential: str) -> None:
        found = of(tmp_path, credential, "true", "N/A", "2026-01-31T12:00:01Z")
        assert (found["status"], found["use"]) == ("undetermined", "never_used")

    def test_age_effective_date_and_basis_stand_with_unused_and_current_only(
        self, tmp_path: Path, credential: str
    ) -> None:
        found = of(tmp_path, credential, "true", "2026-01-31T12:00:01Z", LONG_AGO)
        assert pd.isna(found["age_days"])
        assert pd.isna(found["effective_last_used"])
        assert found["basis"] == ""


class TestBlanks:
    def test_beside_na_a_blank_last_use_is_a_lost_cell(self, tmp_path: Path) -> None:
        found = of(tmp_path, "password", "true", "", YOUNG)
        assert found["status"] == "undetermined"
        assert (
            found["reason"] == "`password_last_used` is blank: neither a date nor a known absence"
        )

    def test_in_a_file_without_either_word_it_means_never_used(self, tmp_path: Path) -> None:
        row = user(**slot("password", "true", "", EXACTLY_90_DAYS))
        blanked = {name: "" if cell == "N/A" else cell for name, cell in row.items()}
        found = row_of(credentials_of(tmp_path, blanked), "alice", "password")
        assert (found["status"], found["use"]) == ("unused", "never_used")

    def test_a_user_called_no_information_does_not_count_as_the_word(self, tmp_path: Path) -> None:
        row = user("no_information", **slot("password", "true", "", EXACTLY_90_DAYS))
        blanked = {name: "" if cell == "N/A" else cell for name, cell in row.items()}
        found = row_of(credentials_of(tmp_path, blanked), "no_information", "password")
        assert found["status"] == "unused"


class TestRoot:
    def test_the_password_is_always_excluded(self, tmp_path: Path) -> None:
        found = row_of(
            credentials_of(tmp_path, root(password_last_used=LONG_AGO)),
            "<root_account>",
            "password",
        )
        assert (found["status"], found["use"]) == ("excluded", "")

    def test_so_is_that_of_the_old_era(self, tmp_path: Path) -> None:
        old = root(password_enabled="not_supported", password_last_changed="not_supported")
        assert (
            row_of(credentials_of(tmp_path, old), "<root_account>", "password")["status"]
            == "excluded"
        )

    def test_active_keys_are_excluded_and_others_told_as_they_are(self, tmp_path: Path) -> None:
        row = root(
            **slot("access_key_1", "true", LONG_AGO, LONG_AGO),
            **slot("access_key_2", "false", "N/A", "N/A"),
        )
        table = credentials_of(tmp_path, row)
        assert row_of(table, "<root_account>", "access_key_1")["status"] == "excluded"
        assert row_of(table, "<root_account>", "access_key_2")["status"] == "absent"

    def test_an_unknown_state_of_a_root_key_is_not_excluded_away(self, tmp_path: Path) -> None:
        row = root(**slot("access_key_1", "yes", LONG_AGO, LONG_AGO))
        found = row_of(credentials_of(tmp_path, row), "<root_account>", "access_key_1")
        assert found["status"] == "undetermined"

    @pytest.mark.parametrize("end", ["root", "<root_account>"])
    def test_a_masked_root_is_known_by_its_arn(self, tmp_path: Path, end: str) -> None:
        row = root() | {"user": "root", "arn": f"arn:aws:iam::111122223333:{end}"}
        assert row_of(credentials_of(tmp_path, row), "root", "password")["status"] == "excluded"

    def test_a_user_with_not_supported_cells_is_not_root(self, tmp_path: Path) -> None:
        row = user(**slot("password", "not_supported", LONG_AGO, "not_supported"))
        assert (
            row_of(credentials_of(tmp_path, row), "alice", "password")["status"] == "undetermined"
        )

    def test_include_root_judges_it_like_any_other(self, tmp_path: Path) -> None:
        row = root(password_last_used=LONG_AGO, **slot("access_key_1", "true", LONG_AGO, LONG_AGO))
        table = credentials_of(tmp_path, row, policy=Policy(include_root=True))
        assert row_of(table, "<root_account>", "password")["status"] == "unused"
        assert row_of(table, "<root_account>", "access_key_1")["status"] == "unused"

    def test_include_root_leaves_a_password_that_the_report_does_not_tell_of(
        self, tmp_path: Path
    ) -> None:
        old = root(password_enabled="not_supported", password_last_changed="not_supported")
        table = credentials_of(tmp_path, old, policy=Policy(include_root=True))
        assert row_of(table, "<root_account>", "password")["status"] == "excluded"


class TestUntracked:
    """The 16 columns of 2014 and cut files: no last-used columns."""

    COLUMNS = tuple(name for name in user() if "last_used" not in name)

    def of(self, directory: Path, credential: str, set_at: str) -> pd.Series:
        row = user(**slot(credential, "true", "", set_at))
        cut = {name: cell for name, cell in row.items() if name in self.COLUMNS}
        path = directory / "status_reports_2026-01-31T12-00-00+00-00.csv"
        path.write_text("\n".join([",".join(cut), ",".join(cut.values())]))
        reports = read_reports(path).reports
        return row_of(to_credentials(judge_reports(reports, Policy())), "alice", credential)

    def test_a_key_younger_than_the_threshold_is_current(self, tmp_path: Path) -> None:
        found = self.of(tmp_path, "access_key_1", ONE_SECOND_LESS)
        assert (found["status"], found["use"], found["age_days"], found["basis"]) == (
            "current", "not_tracked", 89, "access_key_1_last_rotated",
        )  # fmt: skip

    @pytest.mark.parametrize("set_at", [EXACTLY_90_DAYS, LONG_AGO, "N/A"])
    def test_an_older_key_is_undetermined(self, tmp_path: Path, set_at: str) -> None:
        found = self.of(tmp_path, "access_key_2", set_at)
        assert (found["status"], found["use"]) == ("undetermined", "not_tracked")
        assert found["reason"] == "the report does not say when it was used"

    @pytest.mark.parametrize("set_at", [YOUNG, LONG_AGO])
    def test_a_password_always_is_for_a_reset_is_no_birth(
        self, tmp_path: Path, set_at: str
    ) -> None:
        assert self.of(tmp_path, "password", set_at)["status"] == "undetermined"


class TestCertificates:
    def test_an_active_one_is_not_tracked(self, tmp_path: Path) -> None:
        row = user(cert_1_active="true", cert_1_last_rotated=LONG_AGO)
        found = row_of(credentials_of(tmp_path, row), "alice", "cert_1")
        assert found["status"] == "not_tracked"
        assert found["reason"] == "AWS records no use of signing certificates"
        assert found["use"] == "not_tracked" or found["use"] == ""

    def test_others_are_inactive_absent_or_undetermined(self, tmp_path: Path) -> None:
        row = user(cert_1_active="false", cert_1_last_rotated=LONG_AGO, cert_2_active="maybe")
        table = credentials_of(tmp_path, row)
        assert row_of(table, "alice", "cert_1")["status"] == "inactive"
        assert row_of(table, "alice", "cert_2")["status"] == "undetermined"

    def test_where_the_report_has_no_such_column_there_is_no_row(self, tmp_path: Path) -> None:
        columns = tuple(name for name in COLUMNS if not name.startswith("cert"))
        path = tmp_path / NAME
        path.write_text(to_csv(root(), user(), columns=columns))
        credentials = to_credentials(judge_reports(read_reports(path).reports, Policy()))
        assert set(credentials["credential"]) == {"password", "access_key_1", "access_key_2"}


def test_a_slot_never_influences_another(tmp_path: Path) -> None:
    row = user(
        **slot("password", "true", YOUNG, YOUNG),
        **slot("access_key_1", "false", "N/A", "N/A"),
        **slot("access_key_2", "true", LONG_AGO, LONG_AGO),
    )
    table = credentials_of(tmp_path, row)
    assert [row_of(table, "alice", name)["status"] for name in SLOTS] == [
        "current", "absent", "unused",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["NA", "null", "nan", "None", "true", "007", "1e5", "=1+1", "@SUM", "a,b", "-x", "[/red]",
     "$$", "no_information", "N/A", "+1", "a.b@c", "_x0041_"],
)  # fmt: skip
def test_names_are_text_whatever_they_spell(tmp_path: Path, name: str) -> None:
    assessment = judge(tmp_path, root(), user(name, **slot("password", "true", "N/A", LONG_AGO)))
    found = verdict(assessment, name, "password")
    assert (found["user"], found["status"], found["account_id"]) == (name, "unused", "111122223333")
    assert assessment.findings["user"].tolist() == [name]
    assert assessment.users["user"].tolist() == ["<root_account>", name]


def test_active_means_it_can_be_used_or_may_be(tmp_path: Path) -> None:
    row = user(
        **slot("password", "maybe", "N/A", "N/A"),
        **slot("access_key_1", "true", YOUNG, YOUNG),
        **slot("access_key_2", "false", YOUNG, YOUNG),
    )
    table = credentials_of(tmp_path, root(), row)
    active = table.assign(is_active=is_active(table)).set_index(["user", "credential"])["is_active"]
    assert active["alice"].to_dict() == {
        "password": True, "access_key_1": True, "access_key_2": False,
        "cert_1": False, "cert_2": False,
    }  # fmt: skip
    assert bool(active["<root_account>", "password"])


def test_a_root_password_that_the_report_does_not_tell_of_may_be_used(tmp_path: Path) -> None:
    old = root(password_enabled="not_supported", password_last_changed="not_supported")
    table = credentials_of(tmp_path, old)
    assert is_active(table).tolist() == [True, False, False, False, False]


class TestUserFacts:
    """One row a user, for the rules about users and root."""

    def of(self, directory: Path, *rows: dict[str, str]) -> dict[str, Any]:
        """Return the facts of the last of the rows."""
        facts = to_user_facts(judge(directory, *rows).credentials)
        return {str(name): facts[name].iloc[-1] for name in facts.columns}

    @pytest.mark.parametrize(
        ("cells", "any_active", "all_unused"),
        [
            ({}, False, False),
            (slot("password", "true", LONG_AGO, LONG_AGO), True, True),
            (slot("access_key_2", "true", YOUNG, YOUNG), True, False),
            (
                slot("password", "true", LONG_AGO, LONG_AGO)
                | slot("access_key_1", "true", YOUNG, YOUNG),
                True,
                False,
            ),
            (slot("access_key_1", "maybe", LONG_AGO, LONG_AGO), pd.NA, pd.NA),
            ({"cert_2_active": "true", "cert_2_last_rotated": LONG_AGO}, True, False),
        ],
    )
    def test_what_is_active_and_whether_all_of_it_is_unused(
        self, tmp_path: Path, cells: dict[str, str], any_active: object, all_unused: object
    ) -> None:
        found = self.of(tmp_path, root(), user(**cells))
        assert [found["any_active"], found["all_unused"]] == [any_active, all_unused]

    def test_a_root_password_that_the_report_does_not_tell_of_is_there(
        self, tmp_path: Path
    ) -> None:
        found = self.of(tmp_path, root(password_enabled="not_supported"))
        assert (found["password"], found["any_active"]) == (True, True)
        found = self.of(tmp_path, root(), user(password_enabled="not_supported"))
        assert [found["password"], found["any_active"]] == [pd.NA, pd.NA]

    def test_root_has_no_password_in_govcloud_whatever_the_report_says(
        self, tmp_path: Path
    ) -> None:
        gov = "arn:aws-us-gov:iam::111122223333:"
        found = self.of(tmp_path, root(arn=f"{gov}root"))
        assert (found["password"], found["any_active"]) == (False, False)
        assert self.of(tmp_path, root())["password"]
        assert self.of(tmp_path, user(arn=f"{gov}user/alice", password_enabled="true"))["password"]

    @pytest.mark.parametrize(
        ("cells", "latest_use", "is_doubtful"),
        [
            ({"password_last_used": "N/A"}, None, False),
            ({"password_last_used": YOUNG}, YOUNG, False),
            ({"password_last_used": LONG_AGO, "access_key_2_last_used_date": YOUNG}, YOUNG, False),
            ({"password_last_used": YOUNG, "access_key_1_last_used_date": "?"}, YOUNG, True),
            ({"password_last_used": "not_supported"}, None, True),
            ({"password_last_used": ""}, None, True),
            ({"password_last_used": AS_OF}, AS_OF, False),
            ({"password_last_used": "2026-01-31T12:00:01Z"}, "2026-01-31T12:00:01Z", True),
        ],
    )
    def test_the_latest_use_and_whether_it_can_be_relied_on(
        self, tmp_path: Path, cells: dict[str, str], latest_use: str | None, is_doubtful: bool
    ) -> None:
        for row in (root(**cells), user(**cells)):
            found = self.of(tmp_path, row)
            expected = pd.Timestamp(latest_use) if latest_use else pd.NaT
            assert found["latest_use"] is expected or found["latest_use"] == expected
            assert found["is_use_doubtful"] == is_doubtful

    def test_blanks_for_none_leave_no_doubt(self, tmp_path: Path) -> None:
        blanked = {name: "" if cell == "N/A" else cell for name, cell in user().items()}
        assert not self.of(tmp_path, blanked)["is_use_doubtful"]

    @pytest.mark.parametrize(("active", "is_doubtful"), [("true", True), ("false", False)])
    def test_use_that_is_not_tracked_is_in_doubt_where_there_is_a_credential(
        self, tmp_path: Path, active: str, is_doubtful: bool
    ) -> None:
        columns = tuple(name for name in user() if "last_used" not in name)
        path = tmp_path / "2026-01-31.csv"
        path.write_text(to_csv(user(access_key_1_active=active), columns=columns))
        (found,) = to_user_facts(assess(read_reports(path)).credentials)["is_use_doubtful"]
        assert found == is_doubtful

    def test_of_a_user_the_age_is_that_of_the_credential_used_last(self, tmp_path: Path) -> None:
        cells = slot("password", "true", EXACTLY_90_DAYS, LONG_AGO)
        cells |= slot("access_key_1", "true", "N/A", EXACTLY_45_DAYS)
        found = self.of(tmp_path, root(), user(**cells))
        assert (found["age_days"], found["basis"]) == (45, "access_key_1_last_rotated")
        assert found["effective_last_used"] == pd.Timestamp(EXACTLY_45_DAYS)

    def test_of_root_the_latest_use_has_its_column(self, tmp_path: Path) -> None:
        found = self.of(tmp_path, root(**slot("access_key_1", "true", EXACTLY_45_DAYS, LONG_AGO)))
        assert found["latest_use"] == pd.Timestamp(EXACTLY_45_DAYS)
        assert found["latest_use_column"] == "access_key_1_last_used_date"

    @pytest.mark.parametrize("used", ["N/A", "2026-01-31T12:00:01Z"])
    def test_root_without_a_use_to_rely_on_has_no_age(self, tmp_path: Path, used: str) -> None:
        found = self.of(tmp_path, root(password_last_used=used))
        assert pd.isna(found["age_days"])
        assert pd.isna(found["effective_last_used"])
        assert found["basis"] == ""

    def test_a_report_without_certificates_leaves_nothing_unknown(self, tmp_path: Path) -> None:
        columns = tuple(name for name in user() if not name.startswith("cert"))
        path = tmp_path / "2026-01-31.csv"
        path.write_text(to_csv(user(), columns=columns))
        (found,) = to_user_facts(assess(read_reports(path)).credentials)["any_active"]
        assert not found
        assert found is not pd.NA

    def test_says_where_the_user_stands_and_who_it_is(self, tmp_path: Path) -> None:
        facts = to_user_facts(judge(tmp_path, root(), user()).credentials)
        assert facts["row"].tolist() == [0, 5]
        assert facts["credential"].tolist() == ["root", "user"]
        assert facts["kind"].tolist() == ["root", "user"]


class TestTable:
    """The long table, a column at a time: root and a user with one of everything."""

    OLD = "2021-05-06T07:08:09Z"
    ROWS = (
        root(),
        user(
            "bob",
            mfa_active="",
            **slot("password", "true", OLD, "2020-02-02T02:02:02Z"),
            password_next_rotation="2026-02-02T00:00:00Z",
            **slot("access_key_1", "yes", "?", OLD),
            access_key_1_last_used_region="eu-west-1",
            access_key_1_last_used_service="s3",
            **slot("access_key_2", "true", "N/A", "2026-01-01T12:00:00Z"),
            cert_1_active="true",
        ),
    )

    def table(self, *without: str) -> pd.DataFrame:
        columns = [name for name in COLUMNS if name not in without]
        reports = [replace(each, as_of=instant()) for each in read_rows(self.ROWS, columns)]
        return to_credentials(judge_reports(reports, Policy()))

    def test_every_credential_has_its_own_cells(self) -> None:
        table = self.table()
        assert table["user"].tolist() == ["<root_account>"] * 5 + ["bob"] * 5
        assert table["user_row"].tolist() == [0] * 5 + [1] * 5
        assert table["source_line"].tolist() == [2] * 5 + [3] * 5
        bob = table[table["user"].eq("bob")]
        told = {
            "credential": ["password", "access_key_1", "access_key_2", "cert_1", "cert_2"],
            "kind": ["password", "access_key", "access_key", "cert", "cert"],
            "slot": [0, 1, 2, 3, 4],
            "enabled_raw": ["true", "yes", "true", "true", "false"],
            "last_used_raw": [self.OLD, "?", "N/A", None, None],
            "set_raw": ["2020-02-02T02:02:02Z", self.OLD, "2026-01-01T12:00:00Z", "N/A", "N/A"],
            "last_used_column": [
                "password_last_used", "access_key_1_last_used_date",
                "access_key_2_last_used_date", "", "",
            ],
            "set_column": [
                "password_last_changed", "access_key_1_last_rotated",
                "access_key_2_last_rotated", "cert_1_last_rotated", "cert_2_last_rotated",
            ],
            "service": ["", "s3", "N/A", "", ""],
            "region": ["", "eu-west-1", "N/A", "", ""],
            "next_rotation_raw": ["2026-02-02T00:00:00Z", None, None, None, None],
            "enabled": [True, None, True, True, False],
            "last_used_meaning": ["instant", "text", "absence", "no_column", "no_column"],
            "status": ["unused", "undetermined", "current", "not_tracked", "absent"],
            "cause": ["", "enabled", "", "certificate", ""],
            "use": ["used", "", "never_used", "", ""],
            "age_days": [1731, None, 30, None, None],
            "basis": ["password_last_used", "", "access_key_2_last_rotated", "", ""],
        }  # fmt: skip
        for column, cells in told.items():
            found = bob[column].astype(object).where(bob[column].notna(), None)
            assert found.tolist() == cells, column
        effective = bob["effective_last_used"].dt.strftime("%F").fillna("").tolist()
        assert effective == ["2021-05-06", "", "2026-01-01", "", ""]

    def test_what_is_known_of_use_stands_with_what_is_judged_and_on(self) -> None:
        row = user(
            "eve",
            **slot("password", "true", "N/A", "?"),
            **slot("access_key_1", "false", self.OLD, self.OLD),
            **slot("access_key_2", "true", "2027-01-01T00:00:00Z", self.OLD),
        )
        reports = [replace(each, as_of=instant()) for each in read_rows([root(), row])]
        table = to_credentials(judge_reports(reports, Policy()))
        assert table.loc[table["user"].eq("eve"), "status"].tolist()[:3] == [
            "undetermined", "inactive", "undetermined",
        ]  # fmt: skip
        assert table["use"].tolist() == [""] * 5 + ["never_used", "", "used", "", ""]
        assert table["age_days"].isna().all()

    def test_a_column_that_is_not_there_is_missing_and_its_texts_are_empty(self) -> None:
        without = ("mfa_active", "arn", "password_next_rotation", "access_key_1_last_rotated")
        table = self.table(*without)
        assert table["mfa_active"].tolist() == [""] * 10
        assert table["arn"].tolist() == [""] * 10
        assert not table["has_mfa_column"].any()
        assert table["next_rotation_raw"].isna().all()
        assert table["set_raw"].isna().tolist() == [False, True, False, False, False] * 2
        assert self.table()["mfa_active"].tolist() == ["true"] * 5 + [""] * 5
        assert self.table()["has_mfa_column"].all()
