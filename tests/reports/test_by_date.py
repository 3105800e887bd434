"""Which reports make a date: the user's own groups where they can be, the widest gaps otherwise."""

from __future__ import annotations

import base64
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from credreport.errors import InputRefused, UsageError
from credreport.reports.by_date import read_dates
from credreport.reports.selection import Bound, bound_of
from tests.support.reports import ACCOUNT, root, save, to_csv, user

OTHER = "444455556666"
THIRD = "777788889999"


def put(directory: Path, name: str, account: str = ACCOUNT, *, mark: str = "") -> Path:
    """Save a report of the account whose content differs by its name or `mark`."""
    return save(directory, root(account), user(mark or Path(name).stem[-20:], account), name=name)


def days(dates: tuple[object, ...]) -> list[list[str]]:
    return [
        [f"{report.account_id[:3]} {report.as_of:%m-%dT%H}" for report in date.reports]  # type: ignore[attr-defined]
        for date in dates
    ]


def test_files_of_one_account_are_a_date_each(tmp_path: Path) -> None:
    paths = [put(tmp_path, f"2026-0{month}-30T06-00-00Z.csv") for month in (6, 9)]
    read: list[int] = []
    dates = read_dates(paths, progress=lambda: read.append(1))
    assert days(dates) == [["111 06-30T06"], ["111 09-30T06"]]
    assert len(read) == 2


def test_a_directory_each_is_a_date_however_long_the_download_took(tmp_path: Path) -> None:
    for name, stamps in (("june", ("06-01", "06-29")), ("july", ("07-01", "07-29"))):
        for account, stamp in zip((ACCOUNT, OTHER), stamps, strict=True):
            put(tmp_path, f"{name}/{account}_2026-{stamp}T06-00-00Z.csv", account)
    expected = [["111 06-01T06", "444 06-29T06"], ["111 07-01T06", "444 07-29T06"]]
    assert days(read_dates([tmp_path / "june", tmp_path / "july"])) == expected
    assert days(read_dates([tmp_path])) == expected


@pytest.mark.parametrize("name", ["in", "in/*", "in/*/*.csv"])
def test_directories_are_the_same_dates_where_a_pattern_names_their_files(
    tmp_path: Path, name: str
) -> None:
    """A file that a pattern finds is called without its directory, if no other has its name."""
    for account in (ACCOUNT, OTHER):
        put(tmp_path, f"in/prev/{account}_2026-09-24T06-00-00Z.csv", account)
    put(tmp_path, f"in/this/{ACCOUNT}_2026-09-30T06-00-00Z.csv")
    expected = [["111 09-24T06", "444 09-24T06"], ["111 09-30T06"]]
    assert days(read_dates([tmp_path / name])) == expected


def test_a_tree_with_a_directory_per_account_is_cut_by_time(tmp_path: Path) -> None:
    for account in (ACCOUNT, OTHER, THIRD):
        for month in (7, 8) if account == THIRD else (6, 7, 8):
            put(tmp_path, f"{account}/2026-0{month}-01T06-00-00Z.csv", account)
    assert days(read_dates([tmp_path])) == [
        ["111 06-01T06", "444 06-01T06"],
        ["111 07-01T06", "444 07-01T06", "777 07-01T06"],
        ["111 08-01T06", "444 08-01T06", "777 08-01T06"],
    ]


def test_days_in_a_row_are_cut_at_night(tmp_path: Path) -> None:
    # The third account comes first on the second day: it belongs there all the same.
    for name, account in (
        ("2026-06-01T06-00-00Z", ACCOUNT),
        ("2026-06-01T07-00-00Z", OTHER),
        ("2026-06-02T06-00-00Z", THIRD),
        ("2026-06-02T07-00-00Z", ACCOUNT),
    ):
        put(tmp_path, f"{account}_{name}.csv", account)
    assert days(read_dates([tmp_path])) == [
        ["111 06-01T06", "444 06-01T07"],
        ["111 06-02T07", "777 06-02T06"],
    ]


def test_reports_more_than_a_week_apart_are_two_dates(tmp_path: Path) -> None:
    for stamp, account in (("06-01", ACCOUNT), ("07-01", OTHER), ("08-01", ACCOUNT)):
        put(tmp_path, f"2026-{stamp}T06-00-00Z.csv", account)
    expected = [["111 06-01T06"], ["444 07-01T06"], ["111 08-01T06"]]
    assert days(read_dates([tmp_path])) == expected


@pytest.mark.parametrize(("second", "is_one"), [("00", True), ("01", False)])
def test_a_week_apart_is_one_date(tmp_path: Path, second: str, is_one: bool) -> None:
    put(tmp_path, "2026-06-01T06-00-00Z.csv", OTHER)
    put(tmp_path, f"2026-06-08T06-00-{second}Z.csv", ACCOUNT)
    put(tmp_path, "2026-09-01T06-00-00Z.csv", ACCOUNT)
    first = [["111 06-08T06", "444 06-01T06"]] if is_one else [["444 06-01T06"], ["111 06-08T06"]]
    assert days(read_dates([tmp_path])) == [*first, ["111 09-01T06"]]


def test_directories_whose_dates_overlap_are_cut_by_time(tmp_path: Path) -> None:
    for name, account in (
        ("a/2026-06-01T06-00-00Z", ACCOUNT),
        ("a/2026-07-01T06-00-00Z", OTHER),
        ("b/2026-07-01T07-00-00Z", ACCOUNT),
        ("b/2026-06-01T07-00-00Z", OTHER),
    ):
        put(tmp_path, f"{name}.csv", account)
    assert days(read_dates([tmp_path / "a", tmp_path / "b"])) == [
        ["111 06-01T06", "444 06-01T07"],
        ["111 07-01T07", "444 07-01T06"],
    ]


def test_a_day_and_an_instant_of_it_are_in_no_order(tmp_path: Path) -> None:
    instant, day, later = (
        put(tmp_path, f"2026-06-{name}.csv") for name in ("01T06-00-00Z", "01", "02T00-00-00Z")
    )
    with pytest.raises(InputRefused, match="2 different reports of one day, 2026-06-01, not each"):
        read_dates([instant, day])
    assert days(read_dates([day, later])) == [["111 06-01T23"], ["111 06-02T00"]]
    each_its_own = read_dates([day, instant], as_of=["2026-06-01T05:00:00Z", "2026-06-01"])
    assert days(each_its_own) == [["111 06-01T05"], ["111 06-01T23"]]


def test_which_of_two_copies_counts_does_not_depend_on_their_order(tmp_path: Path) -> None:
    old, new = (put(tmp_path, f"2026-0{month}-01T06-00-00Z.csv") for month in (6, 9))
    copy = Path(shutil.copy(new, tmp_path / "2026-09-01T06-00-00Z (1).csv"))
    for paths in ([old, new, copy], [copy, new, old]):
        _, newest = read_dates(paths)
        assert [report.source.name for report in newest.reports] == [copy.name]


def test_which_of_two_files_keeps_its_name_does_not_depend_on_their_order(tmp_path: Path) -> None:
    name = "report-2026-09-01T06-00-00Z.csv"
    paths = [put(tmp_path / folder, name, folder) for folder in (ACCOUNT, OTHER)]
    for given in (paths, paths[::-1]):
        (date,) = read_dates(given)
        found = {report.account_id: report.source.name for report in date.reports}
        assert found == {ACCOUNT: name, OTHER: f"{OTHER}/{name}"}


def test_copies_count_once(tmp_path: Path) -> None:
    path = put(tmp_path, "2026-06-01T06-00-00Z.csv")
    shutil.copy(path, tmp_path / "2026-06-01T06-00-00Z (1).csv")
    put(tmp_path, "2026-07-01T06-00-00Z.csv")
    dates = read_dates([tmp_path])
    assert days(dates) == [["111 06-01T06"], ["111 07-01T06"]]
    assert [item.why for item in dates[0].superseded] == [
        "a copy of '2026-06-01T06-00-00Z (1).csv'"
    ]


def test_one_download_in_two_forms_is_one_date_where_one_is_named_by_its_day(
    tmp_path: Path,
) -> None:
    for month in (6, 9):
        put(tmp_path, f"2026-0{month}-30/a.csv", mark=f"of{month}")
        put(tmp_path, f"2026-0{month}-30/2026-0{month}-30T06-00-00Z.csv", mark=f"of{month}")
    dates = read_dates([tmp_path])
    assert days(dates) == [["111 06-30T06"], ["111 09-30T06"]]
    assert [item.name for item in dates[0].superseded] == ["2026-06-30/a.csv", "2026-09-30/a.csv"]


def test_a_quiet_account_gives_the_same_content_on_two_dates(tmp_path: Path) -> None:
    put(tmp_path, "2026-06-01T06-00-00Z.csv", mark="same")
    put(tmp_path, "2026-07-01T06-00-00Z.csv", mark="same")
    assert days(read_dates([tmp_path])) == [["111 06-01T06"], ["111 07-01T06"]]


def test_one_download_saved_as_csv_and_as_json_is_one_report(tmp_path: Path) -> None:
    text = to_csv(root(), user())
    (tmp_path / "2026-06-01T06-00-00Z.csv").write_text(text, encoding="utf-8")
    generated = '{"GeneratedTime": "2026-06-01T05:59:58+00:00", "Content": "'
    encoded = base64.b64encode(text.encode()).decode()
    (tmp_path / "report.json").write_text(f'{generated}{encoded}"}}', encoding="utf-8")
    (date,) = read_dates([tmp_path])
    assert [report.source.name for report in date.reports] == ["report.json"]
    for name, days_found in (
        ("2026-06-01T09-59-58Z.csv", [["111 06-01T05"]]),
        ("2026-06-01T09-59-59Z.csv", [["111 06-01T05"], ["111 06-01T09"]]),
    ):
        (stamped,) = tmp_path.glob("*.csv")
        stamped.rename(tmp_path / name)
        assert days(read_dates([tmp_path])) == days_found


def test_an_as_of_for_each_input(tmp_path: Path) -> None:
    paths = [put(tmp_path, f"{name}.csv") for name in ("new", "old")]
    instants = [datetime(2026, month, 1, 6, tzinfo=UTC) for month in (7, 6)]
    dates = read_dates(paths, as_of=instants)
    assert [date.reports[0].source.name for date in dates] == ["old.csv", "new.csv"]
    (notice,) = dates[0].notices
    assert notice.code == "reversed"
    assert str(notice).startswith("the inputs were not named from old to new")
    assert read_dates(paths, as_of=instants[::-1])[0].notices == ()
    with pytest.raises(UsageError, match="given 2 times for 1 input"):
        read_dates(paths[:1], as_of=instants)
    twice = read_dates([paths[0], paths[0]], as_of=instants[::-1])
    assert days(twice) == [["111 06-01T06"], ["111 07-01T06"]]
    elsewhere = [each.astimezone(timezone(timedelta(hours=-8))) for each in instants]
    assert days(read_dates(paths, as_of=elsewhere)) == days(twice)
    with pytest.raises(UsageError, match="has no zone"):
        read_dates(paths, as_of=[each.replace(tzinfo=None) for each in instants])


def test_as_ofs_in_another_order_than_the_stamps_are_refused(tmp_path: Path) -> None:
    paths = [put(tmp_path, f"2026-0{month}-30T06-00-00Z.csv") for month in (6, 9)]
    unstamped = put(tmp_path, "r.csv", mark="r")
    swapped = ["2026-09-30", "2026-06-30"]
    with pytest.raises(InputRefused) as refusal:
        read_dates(paths, as_of=swapped)
    assert refusal.value.lines == (
        "2026-06-30T06-00-00Z.csv: its own stamp, 2026-06-30T06:00:00Z, is earlier than that of "
        "'2026-09-30T06-00-00Z.csv', but its as-of is later: 2026-09-30T23:59:59Z. Give each input its "
        "own --as-of, in the order of the inputs.",
    )
    with pytest.raises(InputRefused):
        read_dates([unstamped, *paths], as_of=["2026-05-30", *swapped])
    for path in paths:
        assert len(read_dates([path, unstamped], as_of=swapped)) == 2
    assert days(read_dates(paths, as_of=swapped[::-1])) == [["111 06-30T23"], ["111 09-30T23"]]


def test_reports_of_one_account_with_two_roots_are_refused(tmp_path: Path) -> None:
    names = [f"2026-0{month}-30T06-00-00Z.csv" for month in (6, 7, 9)]
    for name, created in zip(
        names, ("2021-01-01T00:00:00Z", "?", "2023-01-01T00:00:00Z"), strict=True
    ):
        save(tmp_path, root(user_creation_time=created), user(name[5:7]), name=name)
    with pytest.raises(InputRefused) as refusal:
        read_dates([tmp_path])
    assert refusal.value.lines == (
        f"{names[2]}: its root was created at another time than that of {names[0]!r}: one of the two "
        "is of another account. Leave one out, or download it again.",
    )


_USED = {"password_last_used": "2026-05-01T00:00:00Z"}
_AMY, _BOB = user("amy", **_USED), user("bob")
_ZOE = user("zoe", password_last_used="2026-07-01T00:00:00Z")
_WITHOUT = user(user_creation_time="N/A")
_AMONG = [root(OTHER), user("zed", OTHER)]


@pytest.mark.parametrize(
    ("older", "newer", "is_refused"),
    [
        ([root(), _AMY, _BOB], [root(), _AMY, *_AMONG], True),
        ([root(), _AMY, _BOB], [root(), _BOB, *_AMONG], True),
        ([_AMY, _WITHOUT], [_WITHOUT, *_AMONG], True),
        # One user less: alone in its file, among the same accounts, with use since.
        ([root(), _AMY, _BOB], [root(), _AMY], False),
        ([root(), _AMY, _BOB, *_AMONG], [root(), _AMY, *_AMONG], False),
        (
            [root(), _AMY, _BOB],
            [root(), _AMY | {"password_last_used": "2026-05-01T00:00:01Z"}, *_AMONG],
            False,
        ),
        ([_WITHOUT, _WITHOUT], [_BOB, *_AMONG], False),
        # No user less.
        ([root(), _AMY], [root(), _BOB, *_AMONG], False),
    ],
)
def test_a_part_of_an_older_report_in_a_file_of_others_is_no_date(
    tmp_path: Path, older: list[dict[str, str]], newer: list[dict[str, str]], is_refused: bool
) -> None:
    """Otherwise all that it lacks would be fixed."""
    for name, rows in (("2026-06-30", older), ("2026-09-30", newer)):
        save(tmp_path / name, *rows, name=f"{name}.csv")
    if not is_refused:
        assert len(read_dates([tmp_path])) == 2
        return
    with pytest.raises(InputRefused) as refusal:
        read_dates([tmp_path])
    users = "1 user" if newer[0] is _WITHOUT else "2 users"
    assert refusal.value.lines == (
        f"2026-09-30/2026-09-30.csv, line 2: account {ACCOUNT} has {users} in this file of several "
        f"accounts, {len(older)} in '2026-06-30/2026-06-30.csv', and no later timestamp: perhaps a part of "
        "that older report. Take these rows out, or save the account's report in a file of its own.",
    )


@pytest.mark.parametrize(
    ("part", "is_refused"),
    [([root(), _BOB], True), ([root(), _AMY], False), ([root(), _ZOE], False)],
)
def test_nor_is_one_of_a_report_before_the_last(
    tmp_path: Path, part: list[dict[str, str]], is_refused: bool
) -> None:
    """Unless it is the last one again, or has a later timestamp."""
    dates = {
        "2026-06-30": [root(), _AMY, _BOB],
        "2026-07-31": [root(), _AMY],
        "2026-09-30": [*part, *_AMONG],
    }
    for name, rows in dates.items():
        save(tmp_path / name, *rows, name=f"{name}.csv")
    if not is_refused:
        assert len(read_dates([tmp_path])) == 3
        return
    with pytest.raises(InputRefused, match=r"3 in '2026-06-30/2026-06-30\.csv'"):
        read_dates([tmp_path])


def test_newest_holds_for_all_inputs(tmp_path: Path) -> None:
    paths = [
        save(
            tmp_path,
            root(),
            user(password_last_used=f"2026-0{month}-01T00:00:00Z"),
            name=f"{month}.csv",
        )
        for month in (6, 7)
    ]
    dates = read_dates(paths, as_of=["newest"])
    assert days(dates) == [["111 06-01T00"], ["111 07-01T00"]]
    assert [bound_of(date.reports[0]) for date in dates] == [Bound.NEWEST, Bound.NEWEST]


def test_what_cannot_be_compared_is_refused_or_left_out(tmp_path: Path) -> None:
    put(tmp_path, "2026-06-01T06-00-00Z.csv")
    put(tmp_path, "2026-07-01T06-00-00Z.csv")
    put(tmp_path, "undated.csv")
    put(tmp_path, "masked_2026-07-01T06-00-00Z.csv", "XXXXXXXXXXXX")
    put(tmp_path, "a/2026-08-01T06-00-00Z.csv", mark="a")
    put(tmp_path, "b/2026-08-01T06-00-00Z.csv", mark="b")
    (tmp_path / "note.pdf").write_bytes(b"%PDF")
    with pytest.raises(InputRefused) as refusal:
        read_dates([tmp_path])
    same = "account 111122223333 has 2 different reports of the same as-of, 2026-08-01T06:00:00Z: which"
    begins = (
        f"a/2026-08-01T06-00-00Z.csv: {same}",
        f"b/2026-08-01T06-00-00Z.csv: {same}",
        "masked_2026-07-01T06-00-00Z.csv: its account is unknown or masked, so it cannot be",
        "undated.csv: ",
    )
    for line, begin in zip(refusal.value.lines, begins, strict=True):
        assert line.startswith(begin)
    dates = read_dates([tmp_path], keep_going=True)
    assert days(dates) == [["111 06-01T06"], ["111 07-01T06"]]
    assert len(dates[0].refused) == 4
    assert [item.name for item in dates[0].skipped] == ["note.pdf"]


def test_no_report_among_the_inputs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "credreport.json").write_text(
        '{"generator": "credreport", "schema_version": 2, "version": "0.2.0", "verdict": "", "parameters": {}, "inputs": [], "left_out": []}',
        encoding="utf-8",
    )
    with pytest.raises(InputRefused) as refusal:
        read_dates([tmp_path])
    assert str(refusal.value) == f"{tmp_path}: no credential report among the inputs."


class TestAsOfForEachDirectory:
    """`--as-of` once for each directory of a tree, in the order of their names."""

    @staticmethod
    def tree(directory: Path) -> Path:
        for month in ("june", "september"):
            name = f"tree/{month}/credentialReport.csv"
            save(directory, root(), user(month), name=name)
        (directory / "tree/.DS_Store").touch()
        return directory / "tree"

    def test_each_directory_is_a_date(self, tmp_path: Path) -> None:
        dates = read_dates([self.tree(tmp_path)], as_of=["2026-06-30", "2026-09-30"])
        assert [f"{date.reports[0].as_of:%Y-%m-%d}" for date in dates] == [
            "2026-06-30",
            "2026-09-30",
        ]

    def test_a_report_called_like_an_editors_litter_beside_them_is_not_passed_over(
        self, tmp_path: Path
    ) -> None:
        save(self.tree(tmp_path), root(), user(), name="._a.csv")
        with pytest.raises(UsageError, match="--as-of is given 2 times for 1 input"):
            read_dates([tmp_path / "tree"], as_of=["2026-06-30", "2026-09-30"])

    def test_one_holds_for_the_whole_tree(self, tmp_path: Path) -> None:
        for account in (ACCOUNT, OTHER):
            save(tmp_path, root(account), name=f"{account}/credentialReport.csv")
        dates = read_dates([tmp_path], as_of=["2026-06-30"])
        assert days(dates) == [["111 06-30T23", "444 06-30T23"]]

    def test_of_several_trees_each_has_its_own(self, tmp_path: Path) -> None:
        for tree in ("a", "b"):
            for account in (ACCOUNT, OTHER):
                save(tmp_path, root(account), user(tree, account), name=f"{tree}/{account}/r.csv")
        dates = read_dates([tmp_path / "a", tmp_path / "b"], as_of=["2026-06-30", "2026-09-30"])
        assert days(dates) == [["111 06-30T23", "444 06-30T23"], ["111 09-30T23", "444 09-30T23"]]

    @pytest.mark.parametrize("count", [3, 4])
    def test_another_number_is_refused(self, tmp_path: Path, count: int) -> None:
        days = ["2026-06-30", "2026-09-30", "2026-10-30", "2026-11-30"]
        with pytest.raises(UsageError, match="once for each directory of a tree"):
            read_dates([self.tree(tmp_path)], as_of=days[:count])

    def test_no_file_beside_the_directories_is_lost(self, tmp_path: Path) -> None:
        tree = self.tree(tmp_path)
        save(tree, root(), name="another.csv")
        with pytest.raises(UsageError, match="given 2 times for 1 input"):
            read_dates([tree], as_of=["2026-06-30", "2026-09-30"])
        with pytest.raises(UsageError, match="given 2 times for 1 input"):
            read_dates([tree / "another.csv"], as_of=["2026-06-30", "2026-09-30"])

    def test_a_tree_of_dates_needs_none(self, tmp_path: Path) -> None:
        for day in ("2026-06-30", "2026-09-30"):
            save(tmp_path / day, root(), user(f"u{day[5:7]}"), name="credentialReport.csv")
        dates = read_dates([tmp_path])
        assert [date.reports[0].as_of_origin for date in dates] == ["directory name"] * 2
