"""Which reports are judged, at which instant, and what becomes of the others."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zipfile import ZipFile

import pytest

from credreport.errors import InputRefused, Notice, Problem, UsageError
from credreport.reports import selection
from credreport.reports.by_date import read_dates
from credreport.reports.inputs import Skipped, Stream
from credreport.reports.selection import (
    Bound,
    Population,
    as_of_sentences,
    bound_of,
    date_report,
    no_as_of,
    parse_as_of,
    read_reports,
)
from credreport.schema import CREDENTIALS
from credreport.verdicts.tally import left_out_rows
from tests.support.reports import COLUMNS, read_report, root, save, to_csv, user

OTHER = "444455556666"
Read = Callable[[list[Path]], Population]
JANUARY = "status_reports_2026-01-31T12-00-00+00-00.csv"
FEBRUARY = "status_reports_2026-02-28T12-00-00+00-00.csv"


def judged(population: Population) -> list[str]:
    return [report.source.name for report in population.reports]


def refusal(*paths: Path, **options: object) -> str:
    with pytest.raises(InputRefused) as refused:
        read_reports(paths, **options)  # type: ignore[arg-type]
    return str(refused.value)


class TestAsOf:
    def test_comes_from_the_report_itself(self, tmp_path: Path) -> None:
        (report,) = read_reports(save(tmp_path, root())).reports
        assert (report.as_of, report.as_of_origin) == (
            datetime(2026, 1, 31, 12, tzinfo=UTC),
            "file name",
        )

    def test_or_from_the_user_for_all(self, tmp_path: Path) -> None:
        (report,) = read_reports(save(tmp_path, root()), as_of="2026-02-01").reports
        assert (report.as_of, report.as_of_origin) == (
            datetime(2026, 2, 1, 23, 59, 59, tzinfo=UTC), "--as-of",
        )  # fmt: skip

    def test_or_is_each_files_newest_timestamp(self, tmp_path: Path) -> None:
        path = save(tmp_path, root(), user(access_key_1_last_rotated="2025-01-01T00:00:00Z"))
        population = read_reports([str(path)], as_of="newest")
        assert population.reports[0].as_of == datetime(2025, 1, 1, tzinfo=UTC)
        assert population.reports[0].as_of_origin == "newest timestamp in the report"
        assert bound_of(population.reports[0]) is Bound.NEWEST

    def test_or_the_file_is_refused_naming_its_newest_timestamp(self, tmp_path: Path) -> None:
        message = refusal(save(tmp_path, root(), name="r.csv"))
        assert "r.csv: does not say when it was made" in message
        assert "all that it shows is that it was made after 2020-01-01T00:00:00Z" in message
        assert "Pass the time of the download with `--as-of`" in message

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("r.csv", "no GeneratedTime, no date in the name of the file or its directory"),
            (
                "2026-01-31_2026-02-28.csv",
                "the file's name has several times, or one in a zone other than UTC, GMT and ±HH:MM; none was used",
            ),
        ],
    )
    def test_or_the_file_is_refused_naming_what_was_looked_for(self, name: str, why: str) -> None:
        text = to_csv(root()) + "\n\n"  # what else is said of it is no reason
        (report,) = (date_report(each, None) for each in read_report(Stream(name, text.encode())))
        assert report.as_of is None
        assert no_as_of(report).found == (
            f"does not say when it was made: {why}; "
            "all that it shows is that it was made after 2020-01-01T00:00:00Z"
        )

    def test_no_value_from_inside_the_file_is_offered(self, tmp_path: Path) -> None:
        message = refusal(save(tmp_path, root(), name="r.csv"))
        assert re.findall(r"--as-of [^ n]|[0-9-]{10}T", message) == ["2020-01-01T"]

    def test_or_from_the_date_in_the_name_of_its_directory(self, tmp_path: Path) -> None:
        path = save(tmp_path / "2026-09-30", root(), name="r.csv")
        for given in (path, path.parent, tmp_path):
            (report,) = read_reports(given).reports
            assert (report.as_of, report.as_of_origin) == (
                datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC),
                "directory name",
            )

    @pytest.mark.parametrize(
        ("name", "as_of", "bound"),
        [
            ("r.csv", "2026-01-31T12:00:00Z", Bound.NEAR_NEWEST),
            ("r.csv", "2026-01-31T16:00:00Z", Bound.NEAR_NEWEST),
            ("r.csv", "2026-01-31T16:00:01Z", None),
            ("r.csv", "2026-01-31T11:59:01Z", Bound.NEAR_NEWEST),
            ("r.csv", "2026-01-31T11:59:00Z", Bound.BEFORE_NEWEST),
            ("2026-01-31T15-00-00.csv", "2026-01-31T12:00:00Z", None),
            ("2026-01-31T12-00-00.csv", None, None),
            ("2026-01-31T11-59-00.csv", None, Bound.BEFORE_NEWEST),
            ("r.csv", "newest", Bound.NEWEST),
            ("2026-09-30T06-00-00.csv", "2026-09-29T06:00:00Z", None),
            ("2026-09-30T06-00-00.csv", "2026-09-29T05:59:59Z", Bound.BEFORE_STAMP),
            ("2026-09-30.csv", "2026-09-29", None),
            ("2026-09-30.csv", "2026-09-28", Bound.BEFORE_STAMP),
            ("2026-09-30.csv", "newest", Bound.NEWEST),
        ],
    )
    def test_may_make_every_age_a_lower_bound(
        self, tmp_path: Path, name: str, as_of: str | None, bound: Bound | None
    ) -> None:
        path = save(tmp_path, root(password_last_used="2026-01-31T12:00:00Z"), name=name)
        (report,) = read_reports(path, as_of=as_of).reports
        assert bound_of(report) is bound

    def test_a_report_without_a_timestamp_has_that_of_its_stamp_alone(self, tmp_path: Path) -> None:
        path = save(tmp_path, user(user_creation_time="N/A"), name="2026-09-30.csv")
        for as_of, bound in ((None, None), ("2026-06-30", Bound.BEFORE_STAMP)):
            assert bound_of(read_reports(path, as_of=as_of).reports[0]) is bound
        undated = save(tmp_path, user(user_creation_time="N/A"), name="r.csv")
        assert bound_of(read_reports(undated, as_of="2026-06-30").reports[0]) is None

    def test_newest_of_a_report_without_timestamps_is_refused(self, tmp_path: Path) -> None:
        path = save(tmp_path, user(user_creation_time="N/A"))
        assert "does not say when it was made" in refusal(path, as_of="newest")

    @pytest.mark.parametrize(
        "text", ["", "soon", "2026-02-30", "2026-01-31T12:00:00", "31.01.2026"]
    )
    def test_is_never_guessed(self, text: str) -> None:
        with pytest.raises(UsageError, match="is neither an instant"):
            parse_as_of(text)

    def test_is_an_instant_a_day_or_newest(self) -> None:
        assert parse_as_of(" NEWEST ") == "newest"
        assert parse_as_of("2026-01-31T12:00:00+02:00") == datetime(2026, 1, 31, 10, tzinfo=UTC)


class TestSuperseded:
    def test_the_newest_report_of_an_account_is_judged(self, tmp_path: Path) -> None:
        (
            save(tmp_path, root(), name=JANUARY),
            save(tmp_path, root(mfa_active="false"), name=FEBRUARY),
        )
        population = read_reports(tmp_path)
        assert judged(population) == [FEBRUARY]
        (left,) = population.superseded
        assert left.name == JANUARY
        assert f"account 111122223333 has a newer report, {FEBRUARY!r}" in left.why

    @pytest.mark.parametrize(
        ("before", "said"),
        [
            (["alice", "bob", "carol"], ["2 users fewer than the report before it"]),
            (["alice", "bob"], ["1 user fewer than the report before it"]),
            (["dora"], []),
            (["alice"], []),
        ],
    )
    def test_fewer_users_than_in_the_one_before_are_warned_of(
        self, tmp_path: Path, before: list[str], said: list[str]
    ) -> None:
        save(tmp_path, root(), *map(user, before), name=JANUARY)
        save(tmp_path, root(mfa_active="false"), user("alice"), name=FEBRUARY)
        notices = read_reports(tmp_path).notices
        expected = [
            f"{FEBRUARY}: {each}: deleted since, or rows have been cut off" for each in said
        ]
        assert list(map(str, notices)) == expected

    def test_by_its_own_stamp_whatever_the_as_of(self, tmp_path: Path) -> None:
        (
            save(tmp_path, root(), name=JANUARY),
            save(tmp_path, root(mfa_active="false"), name=FEBRUARY),
        )
        assert judged(read_reports(tmp_path, as_of="2026-01-31")) == [FEBRUARY]

    def test_accounts_are_kept_apart(self, tmp_path: Path) -> None:
        save(tmp_path, root(), name=JANUARY), save(tmp_path, root(OTHER), name=FEBRUARY)
        assert judged(read_reports(tmp_path)) == [JANUARY, FEBRUARY]

    def test_copies_count_once(self, tmp_path: Path) -> None:
        for name in ("a/" + JANUARY, "b/" + JANUARY):
            save(tmp_path, root(), name=name)
        population = read_reports(tmp_path)
        assert judged(population) == ["a/" + JANUARY]
        assert [(item.name, item.why) for item in population.superseded] == [
            ("b/" + JANUARY, f"a copy of 'a/{JANUARY}'")
        ]

    @pytest.mark.parametrize("read", [read_reports, lambda paths: read_dates(paths)[0]])
    @pytest.mark.parametrize(
        ("names", "doubts"),
        [
            (("111122223333.csv", "444455556666.csv"), ["444455556666.csv"]),
            (("000011112222.csv", "111122223333.csv"), ["111122223333.csv"]),
            (("1111-2222-3333.csv", "4444-5555-6666_a.csv"), ["4444-5555-6666_a.csv"]),
            (
                ("0a1b2c3d-1111-2222-3333.csv", "0a1b2c3d-444455556666.csv"),
                ["0a1b2c3d-444455556666.csv"],
            ),
            (("account111122223333.csv", "acct444455556666.csv"), ["acct444455556666.csv"]),
            (
                ("111122223333prod.csv", "AWSAccount444455556666Report.csv"),
                ["AWSAccount444455556666Report.csv"],
            ),
            (("1111_2222_3333.csv", "4444 5555 6666.csv"), ["4444 5555 6666.csv"]),
            (
                ("1111.2222.3333.csv", "4444\u20135555\u20136666.csv"),
                ["4444\u20135555\u20136666.csv"],
            ),
            (("a111122223333.csv", "a\uff14\uff14\uff14\uff14555566666666.csv"), []),
            (("a1b111122223333.csv", "a1b444455556666.csv"), ["a1b444455556666.csv"]),
            (("277788889999.csv", "281130101530.csv"), ["281130101530.csv"]),
            (("444455556666e2e.csv", "dev2a777788889999.csv"), ["dev2a777788889999.csv"]),
            (("444455556666f5.csv", "777788889999b2b.csv"), ["777788889999b2b.csv"]),
            (("4444%205555%206666.csv", "7777%2D8888%2D9999.csv"), ["7777%2D8888%2D9999.csv"]),
            (("4444--5555--6666.csv", "7777 - 8888 - 9999.csv"), ["7777 - 8888 - 9999.csv"]),
            (
                ("4444,5555,6666.csv", "7777\u22128888\u22129999.csv"),
                ["7777\u22128888\u22129999.csv"],
            ),
            (("2.444455556666.csv", "s3.777788889999.csv"), ["s3.777788889999.csv"]),
            (
                ("4444-5555-6666-2026-09-30.csv", "Q3-2026-7777-8888-9999.csv"),
                ["Q3-2026-7777-8888-9999.csv"],
            ),
            (("4444+5555+6666.csv", "FY2026 7777 8888 9999.csv"), ["FY2026 7777 8888 9999.csv"]),
            (("INC000012345678.csv", "CRQ000087654321.csv"), []),
            (("300920260600.csv", "093020260609.csv"), []),
            (("FY2025-2026-0001.csv", "2024-2025-2026.csv"), []),
            (("4111-1111-1111-1111.csv", "v1.2345.6789.1234.csv"), []),
            (("444455556666deadbeef0.csv", "deadbeef777788889999.csv"), []),
            (("v1111122223333.csv", "v1444455556666.csv"), []),
            (("444455556666/a.csv", "777788889999/a.csv"), ["777788889999/a.csv"]),
            (("111122223333-a.csv", "111122223333-b.csv"), []),
            (("a.csv", "of-111122223333-by-444455556666.csv"), []),
            (("a_202601310900.csv", "b_202601310900.csv"), []),
            (("a_260131090000.csv", "b_260131090000.csv"), []),
            (("a_240131090000.csv", "b_240131090000.csv"), []),
            (("a_390131090000.csv", "b_390131090000.csv"), []),
            (("a_230131090000.csv", "b_400131090000.csv"), ["b_400131090000.csv"]),
            (("00112233-4455-6677-8899-123412341234.csv", "a_2026-0131-0900.csv"), []),
            (("444455556666/111122223333.csv", "444455556666/111122223333 (1).csv"), []),
        ],
    )
    def test_a_copy_called_by_another_account_is_a_doubt(
        self, tmp_path: Path, names: tuple[str, str], doubts: list[str], read: Read
    ) -> None:
        for name in names:
            save(tmp_path, root(), name=f"999900001111/2026-01-31/{name}")
        population = read([tmp_path])
        found = [item.name for item in population.skipped if item.is_doubt]
        assert found == [f"999900001111/2026-01-31/{each}" for each in doubts]
        assert len(population.superseded) == 1 - len(doubts)

    def test_so_is_an_older_report_called_by_another_account(self, tmp_path: Path) -> None:
        save(tmp_path, root(), name=f"444455556666_{JANUARY}")
        save(tmp_path, root(), user(), name=f"111122223333_{FEBRUARY}")
        (item,) = read_reports(tmp_path).skipped
        assert item.why == (
            f"superseded: account 111122223333 has a newer report, '111122223333_{FEBRUARY}'; "
            f"'444455556666_{JANUARY}' is called by an account that it is not of"
        )

    def test_of_a_file_of_several_accounts_the_name_says_nothing(self, tmp_path: Path) -> None:
        both = to_csv(root()) + "\n" + to_csv(root(OTHER))
        (tmp_path / f"{OTHER}_{FEBRUARY}").write_text(both)
        save(tmp_path, root(), name=f"111122223333_{JANUARY}")
        assert read_reports(tmp_path).skipped == ()

    def test_but_it_may_be_of_none_of_its_accounts(self, tmp_path: Path) -> None:
        both = to_csv(root()) + "\n" + to_csv(root(OTHER))
        for account in (OTHER, "777788889999"):
            save(tmp_path, root(), name=f"{account}/{JANUARY}").write_text(both)
        population = read_reports(tmp_path)
        found = [(item.name, item.is_doubt) for item in population.skipped]
        assert found == [(f"777788889999/{JANUARY}", True)] * 2

    @pytest.mark.parametrize("link", [os.link, os.symlink])
    @pytest.mark.parametrize(
        ("account", "is_doubt"), [("444455556666", True), ("111122223333", False)]
    )
    def test_a_link_called_by_an_account_is_of_it_or_a_doubt(
        self, tmp_path: Path, account: str, is_doubt: bool, link: Callable[[Path, Path], None]
    ) -> None:
        first = save(tmp_path, root(), name=f"0prod/{JANUARY}")
        (tmp_path / account).mkdir()
        link(first, tmp_path / account / JANUARY)
        population = read_reports(tmp_path)
        assert judged(population) == [f"0prod/{JANUARY}"]
        (item,) = (*population.superseded, *population.skipped)
        assert (item.name, item.is_doubt) == (f"{account}/{JANUARY}", is_doubt)

    def test_without_an_account_the_dates_tell_a_copy(self, tmp_path: Path) -> None:
        for name in ("a.csv", "b.csv"):
            save(tmp_path, user("bob", ""), name=name)
        population = read_reports(tmp_path, as_of="2026-03-31")
        assert judged(population) == ["a.csv"]
        assert [item.name for item in population.superseded] == ["b.csv"]

    def test_of_copies_with_two_stamps_the_newer_is_judged(self, tmp_path: Path) -> None:
        save(tmp_path, root(), name=JANUARY), save(tmp_path, root(), name=FEBRUARY)
        population = read_reports(tmp_path)
        assert judged(population) == [FEBRUARY]
        assert [item.name for item in population.superseded] == [JANUARY]

    @pytest.mark.parametrize(
        ("name", "used", "refused"),
        [
            (JANUARY, "2026-02-01T12:00:01Z", f"; '{JANUARY}' has timestamps later than its stamp"),
            (JANUARY, "2026-02-01T12:00:00Z", None),
            # Within a day of its stamp, but later than the newer report.
            ("2026-02-28T06-00-00Z.csv", "2026-02-28T12:00:01Z", ""),
            ("2026-02-28T06-00-00Z.csv", "2026-02-28T12:00:00Z", None),
        ],
    )
    def test_one_whose_timestamps_deny_its_stamp_is_not_older(
        self, tmp_path: Path, name: str, used: str, refused: str | None
    ) -> None:
        """A year that was typed wrong in January makes the newest report the oldest."""
        later = user(password_enabled="true", password_last_used=used)
        save(tmp_path, root(), later, name=name)
        save(tmp_path, root(), user(), name=FEBRUARY)
        if refused is None:
            assert judged(read_reports(tmp_path)) == [FEBRUARY]
        else:
            end = re.escape(f"no stamp says which is newer{refused}. Name one")
            with pytest.raises(InputRefused, match=end):
                read_reports(tmp_path)

    @pytest.mark.parametrize("read", [read_reports, lambda paths: read_dates(paths)[0]])
    @pytest.mark.parametrize(
        "name", ["a.csv", "Nachtest/a.csv", "2026/b.csv", "b/c.csv", "b.csv/b.csv"]
    )
    def test_a_copy_that_nothing_dates_may_be_of_a_quiet_account_later(
        self, tmp_path: Path, name: str, read: Read
    ) -> None:
        first = save(tmp_path, root(), name="a/2026-01-31T12-00-00Z.csv")
        other = save(tmp_path, root(), name=name)
        for paths, folder in (([tmp_path], "a/"), ([first, other], "")):
            population = read(paths)
            assert judged(population) == [f"{folder}{first.name}"]
            shown = name if folder else other.name
            why = f"a copy of '{folder}{first.name}', but does not say when it was made: perhaps later"
            assert population.skipped == (Skipped(shown, why, is_doubt=True),)
            assert population.superseded == ()

    @pytest.mark.parametrize("read", [read_reports, lambda paths: read_dates(paths)[0]])
    @pytest.mark.parametrize(
        ("name", "is_doubt"),
        [
            *((name, False) for name in ("b", "b.CSV", "b.txt")),
            *((name, True) for name in ("b.new", "b.2", "c.csv", "c/b.csv")),
        ],
    )
    def test_but_not_one_beside_the_answer_that_it_was_made_of(
        self, tmp_path: Path, name: str, is_doubt: bool, read: Read
    ) -> None:
        answer = {"Content": to_csv(root()), "GeneratedTime": "2026-01-31T06:00:00Z"}
        (tmp_path / "b.json").write_text(json.dumps(answer))
        save(tmp_path, root(), name=name)
        population = read([tmp_path])
        assert judged(population) == ["b.json"]
        found = population.skipped if is_doubt else population.superseded
        assert [(item.name, item.is_doubt) for item in found] == [(name, is_doubt)]

    def test_nor_a_hard_link_whose_content_says_when_it_was_made(self, tmp_path: Path) -> None:
        first, second = tmp_path / "2026-01-31/a.json", tmp_path / "latest/a.json"
        answer = {"Content": to_csv(root()), "GeneratedTime": "2026-01-31T06:00:00Z"}
        for folder in (first.parent, second.parent):
            folder.mkdir()
        first.write_text(json.dumps(answer))
        second.hardlink_to(first)
        population = read_reports(tmp_path)
        assert judged(population) == ["2026-01-31/a.json"]
        assert [item.name for item in population.superseded] == ["latest/a.json"]
        assert population.skipped == ()

    def test_nor_one_whose_own_time_is_not_read(self, tmp_path: Path) -> None:
        for name, time in (("a.json", "2026-01-31T06:00:00Z"), ("a.txt", "3/31/2026 6:00 AM")):
            answer = {"Content": to_csv(root()), "GeneratedTime": time}
            (tmp_path / name).write_text(json.dumps(answer))
        (item,) = read_reports(tmp_path).skipped
        assert (item.name, item.is_doubt) == ("a.txt", True)

    @pytest.mark.parametrize(
        "names",
        [("a.csv", "b.csv"), (JANUARY, "b.csv"), (JANUARY, "2026-01-31.csv")],
    )
    def test_where_no_stamp_orders_them_they_are_refused(
        self, tmp_path: Path, names: tuple[str, str]
    ) -> None:
        first = save(tmp_path, root(), name=names[0])
        second = save(tmp_path, root(mfa_active="false"), name=names[1])
        message = refusal(first, second, as_of="2026-03-01")
        assert "another report of account 111122223333" in message
        assert "no stamp says which is newer" in message

    @pytest.mark.parametrize(
        ("older", "newer"),
        [
            (JANUARY, "2026-02-01.csv"),
            ("2026-01-31.csv", "2026-02-01T00-00-00Z.csv"),
            ("2026-01-31.csv", "2026-02-01.csv"),
        ],
    )
    def test_a_day_orders_what_is_of_another_day(
        self, tmp_path: Path, older: str, newer: str
    ) -> None:
        save(tmp_path, root(), name=newer), save(tmp_path, root(mfa_active="false"), name=older)
        assert judged(read_reports(tmp_path)) == [newer]

    def test_the_last_second_of_a_day_orders_where_the_answer_names_it(
        self, tmp_path: Path
    ) -> None:
        save(tmp_path, root(), name=JANUARY)
        content = to_csv(root(mfa_active="false"))
        answer = {"Content": content, "GeneratedTime": "2026-01-31T23:59:59+00:00"}
        (tmp_path / "a.json").write_text(json.dumps(answer))
        assert judged(read_reports(tmp_path)) == ["a.json"]

    @pytest.mark.parametrize("read", [read_reports, lambda paths: read_dates(paths)[0]])
    @pytest.mark.parametrize(
        ("name", "other", "is_told"),
        [
            (f"{OTHER}_2026-01-31.csv", "", True),
            (f"{OTHER}/2026-01-31.csv", "", True),
            (f"{OTHER}/111122223333_2026-01-31.csv", "", False),
            ("202601311200/2026-01-31.csv", "", False),
            (f"{OTHER}/2026-01-31.csv", "2026-01-31.csv", False),
            (f"{OTHER}/2026-01-31T23-59-59Z.csv", "2026-01-30T23-59-59Z.csv", False),
            (f"{OTHER}/2026-01-31T23-59-59Z.csv", "2026-01-30T23-59-58Z.csv", True),
        ],
    )
    def test_one_called_by_an_account_without_a_report_is_warned_of(
        self, tmp_path: Path, name: str, other: str, is_told: bool, read: Read
    ) -> None:
        """Where a role could not be taken, the report of the account before was saved under its name."""
        save(tmp_path, root(), name=name)
        if other:
            save(tmp_path, root(OTHER), name=other)
        message = (
            f"called by account {OTHER}, which has no report so new, but is of account 111122223333: perhaps "
            "that was saved in its place"
        )
        expected = (Notice(name, 0, "called-by-missing", message),) if is_told else ()
        assert read([tmp_path]).notices == expected
        if not other:
            (notice,) = read([(tmp_path / name).parent]).notices or (None,)
            assert (notice and notice.code) == ("called-by-missing" if is_told else None)

    @pytest.mark.parametrize(
        ("link", "target", "is_told"),
        [
            ("latest.csv", f"{OTHER}.csv", True),
            ("111122223333.csv", f"{OTHER}.csv", True),
            (f"{OTHER}.csv", "111122223333.csv", True),
            ("latest.csv", "111122223333.csv", False),
        ],
    )
    def test_so_is_one_behind_a_link(
        self, tmp_path: Path, link: str, target: str, is_told: bool
    ) -> None:
        file = save(tmp_path / "s", root(), name=target)
        (tmp_path / link).symlink_to(file)
        codes = [each.code for each in read_reports(tmp_path / link, as_of="2026-01-31").notices]
        assert ("called-by-missing" in codes) is is_told

    @pytest.mark.parametrize(
        ("older", "newer", "is_told"),
        [
            ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", True),
            ("2026-01-02T00:00:00Z", "N/A", True),
            ("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", False),
            ("N/A", "2026-01-02T00:00:00Z", False),
        ],
    )
    def test_it_is_told_where_the_older_one_has_later_timestamps(
        self, tmp_path: Path, older: str, newer: str, is_told: bool
    ) -> None:
        """Somebody may have saved a report of December once more in February."""
        for name, used, mfa in ((JANUARY, older, "true"), (FEBRUARY, newer, "false")):
            row = root(user_creation_time="N/A", password_last_used=used, mfa_active=mfa)
            save(tmp_path, row, name=name)
        message = (
            f"'{JANUARY}', which is older, has timestamps until 2026-01-02T00:00:00Z, later than all "
            "in it: perhaps a copy of a still older report, in which newer users are missing"
        )
        expected = (Notice(FEBRUARY, 0, "denied-order", message),) if is_told else ()
        assert read_reports(tmp_path).notices == expected

    def test_a_part_of_a_report_replaces_no_whole_one(self, tmp_path: Path) -> None:
        save(tmp_path, root(OTHER), user("amy", OTHER), user("bob", OTHER), name=JANUARY)
        part = save(tmp_path, root(), user(), user("zoe", OTHER), name=FEBRUARY)
        assert refusal(tmp_path) == (
            f"{FEBRUARY}, line 4: no root row, which AWS always writes: perhaps only a part of the "
            f"report of account {OTHER}, so it does not replace the older one, {JANUARY!r}. Take these "
            "rows out, download the report again, or leave the older one out."
        )
        assert len(judged(read_reports(part))) == 2

    def test_without_account_and_date_two_accounts_may_say_the_same(self, tmp_path: Path) -> None:
        columns = ("user", "password_enabled", "access_key_1_active", "access_key_2_active")
        text = to_csv(root(access_key_1_active="true"), columns=columns)
        for name in (JANUARY, FEBRUARY):
            (tmp_path / name).write_text(text)
        population = read_reports(tmp_path)
        assert judged(population) == [JANUARY, FEBRUARY]
        assert population.superseded == ()
        for name in (JANUARY, FEBRUARY):
            (tmp_path / name).write_text(to_csv(root(), columns=(*columns, "arn")))
        assert judged(read_reports(tmp_path)) == [FEBRUARY]

    def test_where_neither_has_a_root_row_the_newer_counts(self, tmp_path: Path) -> None:
        save(tmp_path, user("amy"), name=JANUARY)
        save(tmp_path, user("amy", mfa_active="true"), name=FEBRUARY)
        assert judged(read_reports(tmp_path)) == [FEBRUARY]

    @pytest.mark.parametrize(
        ("older", "newer", "is_doubt"),
        [
            # Who was created up to four hours before the older one need not be in it.
            (["2020-01-01T00:00:00Z"], ["2026-01-31T07:59:59Z"], True),
            (["2020-01-01T00:00:00Z"], ["2026-01-31T08:00:00Z"], False),
            # The newer one has all users of the older one, or may have them: nobody is lost.
            (["2020-01-01T00:00:00Z"], ["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"], False),
            (["2020-01-01T00:00:00Z"], ["2020-01-01T00:00:59Z", "2021-01-01T00:00:00Z"], False),
            # Who it is of whom that is not known, or may not be.
            (["N/A"], ["2021-01-01T00:00:00Z"], True),
            (["2021-01-01T00:00:00Z"], ["N/A"], False),
            # A script makes users within seconds, which a spreadsheet leaves out.
            (["2020-01-01T00:00:05Z"], ["2020-01-01T00:00:10Z"], True),
            (["2020-01-01T00:00:00Z"], ["2020-01-01T00:00:10Z"], False),
            # Two of the older one were deleted.
            (["2020-01-01T00:00:00Z"] * 3, ["2020-01-01T00:00:00Z"], False),
            # Two made in one minute, of whom each has another.
            (["2020-01-01T00:00:00Z"] * 2, ["2020-01-01T00:00:00Z"] * 3, False),
            (
                ["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"],
                ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"],
                True,
            ),
        ],
    )
    def test_one_report_split_in_two_is_a_doubt(
        self, tmp_path: Path, older: list[str], newer: list[str], is_doubt: bool
    ) -> None:
        for name, times in ((JANUARY, older), (FEBRUARY, newer)):
            users = [
                user(f"{name[:7]}-{number}", user_creation_time=time)
                for number, time in enumerate(times)
            ]
            save(tmp_path, root(), *users, name=name)
        population = read_reports(tmp_path)
        assert judged(population) == [FEBRUARY]
        found = population.skipped if is_doubt else population.superseded
        why = f"superseded: account 111122223333 has a newer report, {FEBRUARY!r}"
        if is_doubt:
            why += "; but each has users of that time whom the other lacks: perhaps one report in two files"
        assert found == (Skipped(JANUARY, why, is_doubt=is_doubt),)

    def test_equal_stamps_and_other_content_are_refused(self, tmp_path: Path) -> None:
        save(tmp_path, root(), name="a/" + JANUARY)
        save(tmp_path, root(mfa_active="false"), name="b/" + JANUARY)
        assert refusal(tmp_path) == (
            f"a/{JANUARY}: another report of account 111122223333 ('b/{JANUARY}'), and no stamp "
            "says which is newer. Name one, or give the files the names the console gave them."
        )

    def test_a_masked_account_supersedes_nothing(self, tmp_path: Path) -> None:
        save(tmp_path, root("1234567890"), name=JANUARY)
        save(tmp_path, root("1234567890", mfa_active="false"), name=FEBRUARY)
        population = read_reports(tmp_path)
        assert judged(population) == [JANUARY, FEBRUARY]
        assert "unknown-accounts" in [notice.code for notice in population.notices]

    def test_neither_does_a_report_without_arn(self, tmp_path: Path) -> None:
        columns = tuple(name for name in COLUMNS if name != "arn")
        for name, mfa in ((JANUARY, "true"), (FEBRUARY, "false")):
            (tmp_path / name).write_text(to_csv(root(mfa_active=mfa), columns=columns))
        assert len(read_reports(tmp_path).reports) == 2


class TestRefused:
    def test_all_refused_files_are_told_at_once(self, tmp_path: Path) -> None:
        save(tmp_path, root(), name=JANUARY)
        (tmp_path / "a.csv").write_text("x")
        (tmp_path / "b.csv").write_text("y")
        message = refusal(tmp_path)
        assert "a.csv, line 1" in message
        assert "b.csv, line 1" in message

    def test_they_are_listed_by_name_in_whatever_order_they_were_given(
        self, tmp_path: Path
    ) -> None:
        good = save(tmp_path, root())
        bad = [tmp_path / name for name in ("a.csv", "b.csv")]
        for path in bad:
            path.write_text("nothing")
        for paths in ([*bad, good], [good, *reversed(bad)]):
            population = read_reports(paths, keep_going=True)
            assert [problem.source for problem in population.refused] == ["a.csv", "b.csv"]

    def test_keep_going_leaves_them_out_and_lists_them(self, tmp_path: Path) -> None:
        save(tmp_path, root(), name=JANUARY)
        (tmp_path / "a.csv").write_text("x")
        population = read_reports(tmp_path, keep_going=True)
        assert judged(population) == [JANUARY]
        assert [problem.source for problem in population.refused] == ["a.csv"]

    def test_with_nothing_left_it_is_refused_all_the_same(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("x")
        assert "a.csv" in refusal(tmp_path, keep_going=True)

    def test_our_own_evidence_in_a_directory_is_passed_over(self, tmp_path: Path) -> None:
        from credreport import analyze
        from credreport.evidence.of_analysis import of_analysis
        from tests.support.reports import rendered

        path = save(tmp_path, root(), name=JANUARY)
        evidence = of_analysis(analyze(read_reports(path)))
        for name, data in rendered(evidence, ["csv", "json"]).items():
            (tmp_path / name).write_bytes(data)
        population = read_reports(tmp_path)
        assert judged(population) == [JANUARY]
        written = {path.name for path in tmp_path.iterdir()} - {JANUARY}
        assert {item.name for item in population.skipped if item.is_own} == written
        assert left_out_rows((), (), population.skipped) == []

    def test_but_not_when_it_is_named(self, tmp_path: Path) -> None:
        self.test_our_own_evidence_in_a_directory_is_passed_over(tmp_path)
        (written,) = tmp_path.glob("*-findings.csv")
        assert refusal(written) == (
            f"{written.name}: evidence that credreport wrote, not a report. "
            "Name the report that AWS gave."
        )

    def test_only_evidence_is_no_population(self, tmp_path: Path) -> None:
        self.test_our_own_evidence_in_a_directory_is_passed_over(tmp_path)
        (tmp_path / JANUARY).unlink()
        assert "no credential report among the inputs" in refusal(tmp_path)


def test_one_path_or_many(tmp_path: Path) -> None:
    path = save(tmp_path, root())
    for inputs in (path, str(path), [path], [str(path)]):
        assert judged(read_reports(inputs)) == [JANUARY]


def test_progress_is_told_after_each_file(tmp_path: Path) -> None:
    save(tmp_path, root(), name=JANUARY), save(tmp_path, root(OTHER), name=FEBRUARY)
    calls: list[None] = []
    read_reports(tmp_path, progress=lambda: calls.append(None))
    assert len(calls) == 2


class TestNotices:
    def codes(self, directory: Path, as_of: str | None = None) -> list[str]:
        return [notice.code for notice in read_reports(directory, as_of=as_of).notices]

    def test_an_as_of_more_than_a_day_after_the_stamp(self, tmp_path: Path) -> None:
        save(tmp_path, root())
        assert self.codes(tmp_path, "2026-02-01T12:00:00Z") == []
        assert self.codes(tmp_path, "2026-02-01T12:00:01Z") == ["late-as-of"]

    def test_reports_more_than_a_week_apart(self, tmp_path: Path) -> None:
        save(tmp_path, root())
        save(tmp_path, root(OTHER), name="2026-02-07T12:00:00Z.csv")
        assert self.codes(tmp_path) == []
        save(tmp_path, root("777788889999"), name="2026-02-07T12:00:01Z.csv")
        assert self.codes(tmp_path) == ["apart"]


def test_it_is_told_where_only_a_directory_or_an_archive_dates_reports(tmp_path: Path) -> None:
    save(tmp_path, root(), name=f"2026-01-31/{JANUARY}")
    assert read_reports(tmp_path).notices == ()
    save(tmp_path, root(OTHER), name="2026-01-31/Nachtest/a.csv")
    (notice,) = read_reports(tmp_path).notices
    assert str(notice) == (
        "when '2026-01-31/Nachtest/a.csv' was made is said only by the name of a directory or an archive, "
        "which is wrong for what was put there later"
    )
    with ZipFile(tmp_path / "2026-01-30.zip", "w") as archive:
        archive.writestr("b.csv", to_csv(root("777788889999")))
    (notice,) = read_reports(tmp_path).notices
    assert "when '2026-01-31/Nachtest/a.csv' and 1 other was made" in notice.message


def test_a_time_in_another_zone_is_the_same_instant(tmp_path: Path) -> None:
    zone = timezone(timedelta(hours=-5))
    as_of = datetime(2026, 1, 31, 7, tzinfo=zone)
    (report,) = read_reports(save(tmp_path, root()), as_of=as_of).reports
    assert report.as_of == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert report.as_of.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no zone"):
        read_reports(save(tmp_path, root()), as_of=datetime(2026, 2, 1))  # noqa: DTZ001


def test_warnings_of_a_file_outlive_its_superseded_account(tmp_path: Path) -> None:
    both = to_csv(root()) + "\n\n" + to_csv(root(OTHER))
    (tmp_path / JANUARY).write_text(both)
    save(tmp_path, root(mfa_active="false"), name=FEBRUARY)
    kept = {report.account_id: report for report in read_reports(tmp_path).reports}
    assert [notice.code for notice in kept[OTHER].notices] == ["several-accounts", "blank-lines"]


def test_what_is_said_of_all_reports_names_no_line(tmp_path: Path) -> None:
    save(tmp_path, root())
    save(tmp_path, root(OTHER), name="2026-02-09T12:00:00Z.csv")
    save(tmp_path, root("x"), name="2026-02-09T12:00:01Z.csv")
    told = [str(notice) for notice in read_reports(tmp_path).notices]
    assert [line.partition(" ")[0] for line in told] == ["the", "1"]
    late = read_reports(tmp_path / "2026-02-09T12:00:00Z.csv", as_of="2026-03-01T00:00:00Z")
    assert str(late.notices[0]).startswith("2026-02-09T12:00:00Z.csv: judged at")


def test_nothing_at_all_is_said_without_a_line(tmp_path: Path) -> None:
    evidence = tmp_path / "a.csv"
    evidence.write_text(",".join(CREDENTIALS) + "\n")
    with pytest.raises(InputRefused) as caught:
        read_reports(tmp_path)
    assert str(caught.value) == f"{tmp_path}: no credential report among the inputs."


def test_the_verdict_says_what_is_wrong_with_an_as_of(tmp_path: Path) -> None:
    used = root(password_last_used="2026-01-31T12:00:00Z")
    for name in ("r.csv", "s.csv", "2026-01-01.csv", "2025-01-01.csv"):
        save(tmp_path, used, user(name[0]), name=name)

    def said(*names: str, as_of: str | None = None) -> list[str]:
        read = [read_reports(tmp_path / name, as_of=as_of).reports[0] for name in names]
        return as_of_sentences(read)

    assert said("2026-01-01.csv", as_of="2026-03-01") == [
        "The as-of lies more than a day after the own stamp of 2026-01-01.csv: "
        "use since then is not in it."
    ]
    assert said("r.csv", "s.csv", as_of="2026-01-31T13:00:00Z") == [
        "Every age is a lower bound: the as-of lies within four hours of the newest timestamp of "
        "r.csv and 1 other, and nothing else says when that was made."
    ]
    assert said("2026-01-01.csv", "2025-01-01.csv", "2026-01-01.csv") == [
        "Every age is a lower bound: the as-of lies before timestamps of 2026-01-01.csv and "
        "2 others, so the as-of is wrong or the report is."
    ]
    (tmp_path / "2026-09-30.csv").write_bytes((tmp_path / "r.csv").read_bytes())
    assert said("2026-09-30.csv", as_of="2026-06-30") == [
        "Every age is a lower bound: the as-of lies more than a day before the own stamp of "
        "2026-09-30.csv."
    ]
    assert said("r.csv", as_of="newest") == [
        "Every age is a lower bound: the as-of is each file's newest timestamp."
    ]
    assert said("r.csv", as_of="2026-03-01") == []


def test_one_report_of_an_unknown_account_needs_no_warning(tmp_path: Path) -> None:
    assert read_reports(save(tmp_path, root("x"))).notices == ()


def test_the_first_and_the_last_of_many_dates_are_named(tmp_path: Path) -> None:
    for number, day in enumerate(("2026-01-01", "2026-01-05", "2026-01-31")):
        save(tmp_path, root(f"{number:012d}"), name=f"{day}T00:00:00Z.csv")
    (notice,) = read_reports(tmp_path).notices
    assert "between 2026-01-01T00:00:00Z and 2026-01-31T00:00:00Z" in notice.message


def test_of_one_file_name_they_are_told_apart_alike_in_whatever_order_they_are_given(
    tmp_path: Path,
) -> None:
    columns = tuple(column for column in COLUMNS if column != "arn")
    paths = [tmp_path / name for name in ("east", "west")]
    for path in paths:
        path.mkdir()
        (path / JANUARY).write_text(to_csv(root(), user(path.name), columns=columns))
    for given in (paths, paths[::-1]):
        found = [
            (report.source.name, report.account_key, report.rows[1][0])
            for report in read_reports(given).reports
        ]
        assert found == [(JANUARY, "", "east"), (f"west/{JANUARY}", "#2", "west")]


def test_reports_of_unknown_accounts_are_told_apart_by_a_number(tmp_path: Path) -> None:
    columns = tuple(name for name in COLUMNS if name != "arn")
    for name in ("c", "a", "b"):
        path = tmp_path / f"{name}_2026-01-31T12-00-00+00-00.csv"
        path.write_text(to_csv(root(), user(name), columns=columns))
    save(tmp_path, root(OTHER), name="known_2026-01-31T12-00-00+00-00.csv")
    found = {each.source.name[:5]: each.account_key for each in read_reports(tmp_path).reports}
    assert found == {"a_202": "", "b_202": "#2", "c_202": "#3", "known": OTHER}


def test_files_are_read_so_many_bytes_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "BATCH_BYTES", 6)
    found: list[Stream | Problem | Skipped] = [
        Stream("a", b"12"), Problem("b", 0, 0, ""), Stream("c", b"123"), Skipped("d", "empty"),
        Stream("e", b"1"), Stream("f", b"12345"), Problem("g", 0, 0, ""), Stream("h", b"12"),
        Stream("i", b"12345"),
    ]  # fmt: skip
    skipped: list[Skipped] = []
    batches = selection.to_batches(found, skipped)
    names = [
        [each.source if isinstance(each, Problem) else each.name for each in batch]
        for batch in batches
    ]
    assert names == [["a", "b", "c", "e"], ["f", "g", "h"], ["i"]]
    assert [each.name for each in skipped] == ["d"]


def test_no_batch_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "BATCH_BYTES", 2)
    assert [*selection.to_batches([], [])] == []
    full = Stream("a", b"12")
    assert [*selection.to_batches([full], [])] == [(full,)]


@pytest.mark.parametrize(
    ("files", "batches"),
    [
        ([], []),
        (["a", "b"], [["a", "b"]]),
        (["a", "b", "c"], [["a", "b", "c"]]),
        (["a", "b", "c", "d"], [["a", "b", "c"], ["d"]]),
    ],
)
def test_a_batch_is_full_at_so_many_files(
    files: list[str], batches: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "BATCH_FILES", 3)
    skipped: list[Skipped] = []
    items: list[Skipped | Stream] = [Skipped("x", "no file")]
    items += [Stream(name, b"") for name in files]
    found = list(selection.to_batches(items, skipped))
    assert [[file.name for file in batch if isinstance(file, Stream)] for batch in found] == batches
    assert [item.name for item in skipped] == ["x"]


_BORN, _LATER_BORN = "2021-01-01T00:00:00Z", "2023-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("newer", "says"),
    [
        # All IDs were replaced by one, or a whole column of ARNs was pasted.
        (
            [root(OTHER, user_creation_time=_LATER_BORN), user("zed", OTHER)],
            "but its root was created at another time: one of the two is of another account",
        ),
        # The first rows of one download lie in front of another's.
        (
            [root(OTHER, user_creation_time=_BORN), user("amy", OTHER), root(), user()],
            "but that has fewer users, and one of the two is in a file of several accounts",
        ),
        ([root(OTHER, user_creation_time=_BORN)], ""),
        ([root(OTHER, user_creation_time="?"), user("zed", OTHER)], ""),
        (
            [root(OTHER), user("amy", OTHER), user("zed", OTHER), root(), user()],
            "but its root was created at another time: one of the two is of another account",
        ),
        (
            [
                *(root(OTHER, user_creation_time=_BORN), user("a", OTHER), user("b", OTHER)),
                *(root(), user()),
            ],
            "",
        ),
    ],
)
def test_what_may_be_of_another_account_than_the_newer_report_is_a_doubt(
    tmp_path: Path, newer: list[dict[str, str]], says: str
) -> None:
    older = [root(OTHER, user_creation_time=_BORN), user("amy", OTHER), user("bob", OTHER)]
    save(tmp_path, *older, name=JANUARY)
    save(tmp_path, *newer, name=FEBRUARY)
    population = read_reports(tmp_path)
    why = f"superseded: account {OTHER} has a newer report, {FEBRUARY!r}"
    left_out = Skipped(JANUARY, f"{why}; {says}" if says else why, is_doubt=bool(says))
    assert (population.skipped, population.superseded) == (
        ((left_out,), ()) if says else ((), (left_out,))
    )


def test_a_row_of_another_account_in_an_older_file_is_a_doubt(tmp_path: Path) -> None:
    """One ARN with a wrong ID: the row is no report that a newer one of that account replaces."""
    save(tmp_path, root(), user(), user("zoe", OTHER), name=JANUARY)
    save(tmp_path, root(OTHER), user("amy", OTHER), name=FEBRUARY)
    (left_out,) = read_reports(tmp_path).skipped
    assert left_out.is_doubt
    assert left_out.why.endswith("; but it is without a root row in a file of several accounts")


def test_without_an_as_of_no_age_is_a_bound(tmp_path: Path) -> None:
    (report,) = read_reports(save(tmp_path, root(), name=JANUARY)).reports
    assert bound_of(replace(report, as_of=None)) is None
