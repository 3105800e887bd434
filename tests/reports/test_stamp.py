"""When a report was made, as its container, its name or its directory's name says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from credreport.reports.name_dates import stamps_in_name, unread_date
from credreport.reports.stamp import (
    SERVED_FOR,
    Stamp,
    find_stamp,
    first_second,
    is_any_later,
    is_called_by_a_time,
    may_be_later,
    part_steps,
    stamp_of_archive,
    stamp_of_folder,
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


END_OF_SEPTEMBER = utc(2026, 9, 30, 23, 59, 59)


def test_aws_serves_a_report_for_four_hours() -> None:
    assert timedelta(hours=4) == SERVED_FOR


@pytest.mark.parametrize(
    ("path", "other", "shared", "own"),
    [
        ("/a/b/x.csv", "/a/c/x.csv", ["", "a"], ["b", "x.csv"]),
        ("/a/b/c.csv", "/a/x/c.csv", ["", "a"], ["b", "c.csv"]),
        ("/a/b", "/a/b", ["", "a", "b"], []),
        ("a", "b", [], ["a"]),
    ],
)
def test_paths_are_parted_where_they_first_differ(
    path: str, other: str, shared: list[str], own: list[str]
) -> None:
    assert part_steps(path, other) == (shared, own)


@pytest.mark.parametrize(
    ("path", "other", "is_later"),
    [
        ("x/2026/12/r.csv", "x/2026/06/r.csv", True),
        ("x/2026/05/r.csv", "x/2026/06/r.csv", False),
        ("2026/12/r.csv", "2026/06/r.csv", True),
        ("x/2026/9/eu/r.csv", "x/2026-06-30/r.csv", True),
        ("x/y/2026/9/r.csv", "x/2026-06-30/r.csv", True),
        ("x/2026/5/r.csv", "x/2026-06-30/r.csv", False),
        ("x/December 2026/r.csv", "x/June/r.csv", True),
        ("December 2026/r.csv", "r.csv", True),
        ("x/r.csv", "x/s.csv", False),
        # What both share says nothing of one of them.
        ("December 2026/r.csv", "December 2026/s.csv", False),
        ("December 2026/12/r.csv", "December 2026/06/r.csv", False),
        ("December 2026/x/r.csv", "December 2026/x/s.csv", False),
    ],
)
def test_what_a_path_has_beside_another_may_name_a_later_day(
    path: str, other: str, is_later: bool
) -> None:
    assert may_be_later(path, other, utc(2026, 6, 30, 23, 59, 59)) == is_later


@pytest.mark.parametrize(
    ("folder", "is_called"),
    [
        ("2026-09-30", True),
        ("quarterly 2026-09-30", True),
        ("September 2026", True),
        ("2026-09-31", True),
        ("2026/09/30", True),
        ("2026/9/30", True),
        ("2026/09", True),
        ("x/2026/09", True),
        ("December 2025/eu/2026/09", True),
        ("year=2026/month=06/day=30", True),
        ("2026-09-30/raw", False),
        ("2026/09/30/raw", False),
        ("a/2026/09/raw", False),
        ("raw", False),
        ("a/b/c/d", False),
    ],
)
def test_a_directory_is_called_by_a_time(folder: str, is_called: bool) -> None:
    assert is_called_by_a_time(folder) == is_called


@pytest.mark.parametrize(
    ("name", "instant"),
    [
        ("status_reports_2018-03-27T03-01-45+00-00.csv", utc(2018, 3, 27, 3, 1, 45)),
        ("status_reports_2018-03-27T03-01-45+00-00 (1).csv", utc(2018, 3, 27, 3, 1, 45)),
        ("status_reports_2018-03-27T03%3A01%3A45%2B00%3A00.csv", utc(2018, 3, 27, 3, 1, 45)),
        ("acme_111122223333_2018-03-27T03:01:45Z.csv", utc(2018, 3, 27, 3, 1, 45)),
        ("report_2018-03-27_03_01_45-05_00.csv", utc(2018, 3, 27, 8, 1, 45)),
        ("report-2018-03-27T03-01.csv", utc(2018, 3, 27, 3, 1)),
        ("report-2018-03-27T03-01-45.123Z.json", utc(2018, 3, 27, 3, 1, 45)),
        ("report-2018-03-27 03.01.45.csv", utc(2018, 3, 27, 3, 1, 45)),
        ("20260930_060009.csv", utc(2026, 9, 30, 6, 0, 9)),
        ("report_20260930T060009Z.csv", utc(2026, 9, 30, 6, 0, 9)),
        ("report_20260930t060009z.csv", utc(2026, 9, 30, 6, 0, 9)),
        ("2026-09-30T060009Z.csv", utc(2026, 9, 30, 6, 0, 9)),
        ("20260930T060009+0200.csv", utc(2026, 9, 30, 4, 0, 9)),
        ("20260930060009.csv", utc(2026, 9, 30, 6, 0, 9)),
        ("20260930-0600.csv", utc(2026, 9, 30, 6)),
        ("2026-09-30_report_2026-09-30T06-00-09Z.csv", utc(2026, 9, 30, 6, 0, 9)),
        ("20260930.csv", END_OF_SEPTEMBER),
        ("111122223333-20260930.csv", END_OF_SEPTEMBER),
        ("2026-09-30.csv", END_OF_SEPTEMBER),
        ("2026_09_30-prod.csv", END_OF_SEPTEMBER),
        ("acme-report-2026.09.30", END_OF_SEPTEMBER),
        ("2026-9-30.csv", END_OF_SEPTEMBER),
        ("2026-9_30.csv", END_OF_SEPTEMBER),
        ("2026-9-3.csv", utc(2026, 9, 3, 23, 59, 59)),
        ("2026_10_3.csv", utc(2026, 10, 3, 23, 59, 59)),
        ("report-2026-09-30-001.csv", END_OF_SEPTEMBER),
        ("report-2026-09-30-9999.csv", END_OF_SEPTEMBER),
        ("2026-09-30 at 6.00.09 PM.csv", END_OF_SEPTEMBER),
        ("2026-09-30 06.00.09 PM.csv", END_OF_SEPTEMBER),
        ("2026-09-30_0600pm.csv", END_OF_SEPTEMBER),
        ("20260930_060009 p.m..csv", END_OF_SEPTEMBER),
        ("2026-09-30_0600_pmo.csv", utc(2026, 9, 30, 6)),
        ("2026-09-30T06-00-09 UTC.csv", utc(2026, 9, 30, 6, 0, 9)),
        ("2026-09-30T06-00-09_GMT_prod.csv", utc(2026, 9, 30, 6, 0, 9)),
        ("2026-09-30T06-00-09Z-02.csv", utc(2026, 9, 30, 6, 0, 9)),
        ("2026-09-30_0600_AUDIT.csv", utc(2026, 9, 30, 6)),
        ("report-2026-09-30-001-01.csv", END_OF_SEPTEMBER),
        ("20260930_2026.csv", END_OF_SEPTEMBER),
        ("30-Sep-2026.csv", END_OF_SEPTEMBER),
        ("report_30sep2026.csv", END_OF_SEPTEMBER),
        ("Sep-30-2026.csv", END_OF_SEPTEMBER),
        ("September 30, 2026.csv", END_OF_SEPTEMBER),
        ("2026-Sep-30.csv", END_OF_SEPTEMBER),
    ],
)
def test_a_file_name_may_spell_when_the_report_was_made(name: str, instant: datetime) -> None:
    assert stamps_in_name(name) == {instant}


@pytest.mark.parametrize(
    "name",
    [
        "report.csv", "2018-13-27.csv", "2018-03-27T25-00-00.csv", "12018-03-27.csv",
        "20261330.csv", "202609300600.csv", "20260930111122223333.csv", "2026-09.csv",
        "summary 1 2026.csv", "99-Sep-2026.csv", "2026-09-31_06-00-00.csv",
    ],
)  # fmt: skip
def test_what_is_no_date_dates_nothing(name: str) -> None:
    assert stamps_in_name(name) == set()


@pytest.mark.parametrize(
    "name", ["2018-03-27_to_2018-04-27.csv", "2018-03-27_2018-04-27.csv", "20180327_20180427.csv"]
)
def test_a_name_with_two_dates_dates_nothing_nor_does_its_directory(name: str) -> None:
    assert stamps_in_name(name) == {utc(2018, 3, 27, 23, 59, 59), utc(2018, 4, 27, 23, 59, 59)}
    stamp, origin, (notice,) = find_stamp(name, "", Stamp(END_OF_SEPTEMBER, "directory name"))
    assert (stamp, origin, notice.code) == (None, "", "several-stamps")


def test_only_the_innermost_hundred_directories_count() -> None:
    for count, day in ((99, utc(2026, 9, 30, 23, 59, 59)), (100, None)):
        found = stamp_of_folder(["2026-09-30", *["a"] * count])
        assert (found and found.instant) == day
        assert is_any_later(["a"] * count, utc(2026, 9, 30)) == (day is None)


@pytest.mark.parametrize("letter", ["\\xe9", "\\udce9", "\\u202e", "\\U000e0001"])
def test_a_letter_that_is_written_out_separates_no_directories(letter: str) -> None:
    stamp, origin, (notice,) = find_stamp(f"2026-09-30_{letter}_2026-03-31.csv", "")
    assert (stamp, origin, notice.code) == (None, "", "several-stamps")
    stamp, origin, _ = find_stamp(f"of 2018-03-27/2026-09-30_{letter}.csv", "")
    assert (stamp, origin) == (END_OF_SEPTEMBER, "file name")


@pytest.mark.parametrize("path", ["2018-03-27/2026-09-30.csv", "2018-03-27\\2026-09-30.csv"])
def test_the_directories_of_either_system_are_no_part_of_a_file_name(path: str) -> None:
    assert find_stamp(path, "") == (END_OF_SEPTEMBER, "file name", [])


@pytest.mark.parametrize(
    "written",
    [
        "2026-09-30T20-00-00 EST", "2026-09-30_2000_pst", "2026-09-30 20.00.00 (CET)",
        "2026-09-30 08.00 PM EST", "2026-09-30T20-00-00-05", "2026-09-30T20-00-00+02",
        "2026-09-30 20.00.00 -0500", "2026-09-30T20-00-00UTC-05-00", "2026-09-30T20-00-00 GMT-5",
        "2026-09-30 20.00 Eastern Standard Time", "2026-09-30T20-00-00_local",
        "Wed Sep 30 2026 20:00:00 GMT-0500", "30-Sep-2026 20.00 EDT", "2026-Sep-30 8.00 PM CST",
    ],
)  # fmt: skip
def test_a_time_in_another_zone_dates_nothing_nor_does_its_directory(written: str) -> None:
    name, folder = f"{written}.csv", Stamp(END_OF_SEPTEMBER, "directory name")
    early, late = sorted(stamps_in_name(name))
    assert (early, late) == (utc(2026, 9, 29, 9, 59, 59), utc(2026, 10, 1, 11, 59, 59))
    stamp, origin, (notice,) = find_stamp(name, "", folder)
    assert (stamp, origin, notice.code) == (None, "", "several-stamps")
    assert "in a zone other than UTC, GMT and ±HH:MM" in notice.message


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("report_30-09-2026.csv", "`30-09-2026` in the file's name is not read as a date (day and"),
        ("30092026.csv", "day and month could be exchanged"),
        ("2026-W39.csv", "a week or a quarter is not a day"),
        ("Q3-2026.csv", "a week or a quarter is not a day"),
        ("2026-09.csv", "a month is not a day"),
        (
            "2026-09-30T24-00-00.csv",
            "`2026-09-30T24-00-00` in the file's name is not read as a date (there is no such day or time)",
        ),
        ("2026-13-30.csv", "there is no such day or time"),
        (
            "report-2026-09-2.csv",
            "`2026-09-2` in the file's name is not read as a date (perhaps a month and the number of a copy)",
        ),
        ("2026_09_2.csv", "perhaps a month and the number of a copy"),
        ("2026-10_2.csv", "perhaps a month and the number of a copy"),
        ("report_1790748000.csv", "perhaps seconds since 1970"),
    ],
)
def test_what_looks_like_a_date_and_is_not_read_is_named(name: str, says: str) -> None:
    assert says in unread_date(name)
    stamp, origin, (notice,) = find_stamp(name, "")
    assert (stamp, origin, notice.code) == (None, "", "unread-date")


def test_a_plain_name_has_nothing_that_looks_like_a_date() -> None:
    assert unread_date("credentialReport_111122223333.csv") == ""


@pytest.mark.parametrize(
    ("folders", "instant"),
    [
        ("reports/2026-09-30", END_OF_SEPTEMBER),
        ("reports/20260930/prod", END_OF_SEPTEMBER),
        ("reports/2026/09/30", END_OF_SEPTEMBER),
        ("reports/2026/9/30", END_OF_SEPTEMBER),
        ("dt=2026-09-30", END_OF_SEPTEMBER),
        ("year=2026/month=09/day=30/eu", END_OF_SEPTEMBER),
        ("2026-06-30/2026-09-30", END_OF_SEPTEMBER),
        ("2026-09-30/2026-10-01 monthly", END_OF_SEPTEMBER),
        ("2026-09-30/2026-10-02 monthly", None),
        ("2026-09-30/2026-06-30-prod", END_OF_SEPTEMBER),
        ("2026-09-30/2026-12-31 20.00 EST", None),
        ("2026-09-30/01.10.2026", END_OF_SEPTEMBER),
        ("2026-09-30/02.10.2026", None),
        ("2026-09-30/08.12.2026", None),
        ("2026-09-30/31.12.2026/prod", None),
        ("2026-09-30/2026-10", None),
        ("2026-09-30/2026-11", None),
        ("2026-09-30/2026-Q4", None),
        ("2026-09-30/Q1-2027", None),
        ("2026-09-30/2026-Q3", END_OF_SEPTEMBER),
        ("2026-06-30/Q3-2026", None),
        ("2026-06-30/2026-Q4", None),
        ("2026-03-31/2026-Q2", None),
        ("2026-09-30/2027", None),
        ("2026-09-30/2026", END_OF_SEPTEMBER),
        ("2026-09-30/since 2026-09-29", END_OF_SEPTEMBER),
        ("2026-09-30/since 2026-09-30", None),
        ("2026-02-28/2026-Q2", None),
        ("2026-09-30/2026-W41", END_OF_SEPTEMBER),
        ("2026-09-30/2026-W42", None),
        ("2026-09-30/KW42-2026", None),
        ("2026-12-31/2027-W02", utc(2026, 12, 31, 23, 59, 59)),
        ("2026-12-31/2027-W03", None),
        ("2026-09-30/2026-11-31", None),
        ("2026-09-30/1790748000", END_OF_SEPTEMBER),
        ("2026-09-30/2026/09", END_OF_SEPTEMBER),
        ("2026-09-30/2026/11", None),
        ("2026-09-30/year=2026/month=11/eu", None),
        ("2026-09-30/2026/Dec/23", None),
        ("2026-09-30/2026/1223", None),
        ("2026-09-30/eu/2026", END_OF_SEPTEMBER),
        ("2026-09-30T06-00-09Z", utc(2026, 9, 30, 6, 0, 9)),
        ("project-20260930", None),
        ("2026-09-30 monthly", None),
        ("2026/09", None),
        ("2026/09/2", utc(2026, 9, 2, 23, 59, 59)),
        ("2026-09-31", None),
        ("", None),
    ],
)
def test_the_nearest_directory_whose_whole_name_is_a_date_dates_a_file(
    folders: str, instant: datetime | None
) -> None:
    found = stamp_of_folder(folders.split("/"))
    assert found == (Stamp(instant, "directory name") if instant else None)


def test_the_answer_comes_before_the_name_and_the_name_before_the_directory() -> None:
    name, folder = "2026-09-28.csv", Stamp(END_OF_SEPTEMBER, "directory name")
    made = find_stamp(name, "2026-09-28T06:00:00+00:00", folder)
    assert made == (utc(2026, 9, 28, 6), "GeneratedTime", [])
    assert find_stamp(name, "", folder) == (utc(2026, 9, 28, 23, 59, 59), "file name", [])
    assert find_stamp("r.csv", "", folder) == (END_OF_SEPTEMBER, "directory name", [])
    assert find_stamp("r.csv", "") == (None, "", [])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("report_31.12.2026.csv", "day and month could be exchanged"),
        ("report_2026-12.csv", "a month is not a day"),
        ("2026-11-31.csv", "there is no such day or time"),
    ],
)
def test_a_directory_dates_no_report_whose_name_has_a_later_date(name: str, says: str) -> None:
    stamp, origin, (notice,) = find_stamp(name, "", Stamp(END_OF_SEPTEMBER, "directory name"))
    assert (stamp, origin, notice.code) == (None, "", "unread-date")
    assert says in notice.message


@pytest.mark.parametrize(
    "time",
    [
        "2026-12-31T06:00:09",
        "12/31/2026 6:00:09 AM",
        "31.12.2026",
        "12/31/26 6:00",
        "31/12/26 6:00",
        "12-31-26",
    ],
)
@pytest.mark.parametrize("name", ["r.json", "2026-09-30.json"])
def test_nor_does_a_name_where_a_later_generated_time_is_not_read(name: str, time: str) -> None:
    stamp, origin, (notice,) = find_stamp(name, time, Stamp(END_OF_SEPTEMBER, "directory name"))
    assert (stamp, origin, notice.code) == (None, "", "generated-time")
    stamp, _, (notice,) = find_stamp("2027-01-01.json", time)
    assert (stamp, notice.code) == (utc(2027, 1, 1, 23, 59, 59), "generated-time")


def test_no_more_of_a_generated_time_is_searched_than_may_be_a_time() -> None:
    for before, expected in ((92, None), (93, END_OF_SEPTEMBER)):
        time = f"{'x' * before} 2026-12"
        stamp, _, (notice,) = find_stamp("2026-09-30.json", time)
        assert (stamp, notice.code) == (expected, "generated-time")


@pytest.mark.parametrize("name", ["report_30.09.2026.csv", "2026-09.csv", "r_30.06.2026.csv"])
def test_it_does_where_that_date_is_not_later(name: str) -> None:
    folder = Stamp(END_OF_SEPTEMBER, "directory name")
    assert find_stamp(name, "", folder) == (END_OF_SEPTEMBER, "directory name", [])


@pytest.mark.parametrize(
    "date",
    [
        "1797660000", "1797660000123", "/Date(1797660000000)/", "2026 12 23", "2026–12–23", "2026年12月23日",
        "2026-23-12", "20262312", "2026 11 02", "02.11.2026", "11-02-2026", "02112026", "2.11.26", "23 12 2026", "12/23/2026", "2026%E2%80%9312%E2%80%9323", "２０２６-１２-２３",
        "23.12.26", "26-12-23", "261223", "23-SEP-27", "Dec 2026", "2026-Dec", "Dec. 23rd, 2026", "23 of Dec 2026",
        "Dez 2026", "23. Dezember 26", "décembre 2026", "23 de diciembre de 2026", "Wed Dec 23 06:00:09 2026",
        "März 2027", "fév 27", "12-2026", "122026", "202612", "Q4 2027", "2027 H1", "1Q27", "27h1", "CW50 2026", "h2 27",
        "2026-1223", "2026-275", "2026366",
        "Q4 2026", "Oct 2026", "2026 12", "2026–12", "2026年12月", "2026M12", "2027-9", "9.2027", "202610-12",
        "T4 2026", "4T26", "4e trimestre 2026", "Qtr4 2026", "Q04 2026", "4th quarter 2026", "fourth quarter 2026", "4. Quartal 2026", "IV. Quartal 2026",
        "S1 2027", "2S27", "HJ1 2027", "2. Halbjahr 2027", "second half 2027", "wk48 2026", "Woche 48 2026",
        "12-11-26", "12_23_26", "audit.23.12.26", "30.XII.2026", "VIII 2027", "202612 (1)", "2026-12 (1)", "2026 12 (1)",
        "CredReportDec2026", "IAMDezember26", "ReportQ4-2026", "2026DecFinal", "iamreportdec2026", "credreportq4-2026", "H12027", "Q4CY26", "Q4 CY2026",
        "Winter 2026", "Herbst 2027", "primavera 2027", "YE26", "year-end 2026", "desember 2026",
        "dicembre 2026", "23 ott 2027", "settembre 2027", "23 de dezembro de 2026", "outubro 2027", "março 2027", "23 maart 2027", "mei 2027", "giu 27",
        "15-ago-2027", "AGO 2027", "ene 2027", "janv. 2027", "gen 2027", "sett 2027", "2026-S48", "S48 2026",
        "111122223333-12-2026", "111122223333_122026", "1111-2222-3333-12-2026", "111122223333-30-12-26",
    ],
)  # fmt: skip
def test_nor_where_it_may_have_a_later_one_in_other_words(date: str) -> None:
    folder = Stamp(END_OF_SEPTEMBER, "directory name")
    name = f"report {date.replace('/', '%2F')}.csv"
    stamp, origin, (notice,) = find_stamp(name, "", folder)
    assert (stamp, origin, notice.code) == (None, "", "unread-date")
    assert find_stamp("r.json", date, folder)[:2] == (None, "")
    assert stamp_of_folder(["2026-09-30", name]) is None


@pytest.mark.parametrize(
    "name",
    [
        "Dezember", "12 - December", "31 décembre", "noviembre.csv", "KW 48", "Dezember 25",
        "Bericht 31.12.csv", "report_12-31", "r_01_11.csv", "31-Dec.csv", "report dec 31st", "30nov",
        "Dec", "IamOctober", "4. Quartal", "Quarter 4", "Woche 48", "Winter audit", "follow-up", "Retest.csv", "after the fix",
    ],
)  # fmt: skip
def test_nor_where_it_has_a_later_month_without_a_year(name: str) -> None:
    folder = Stamp(END_OF_SEPTEMBER, "directory name")
    assert find_stamp(name, "", folder)[:2] == (None, "")
    assert stamp_of_folder(["2026-09-30", name]) is None


@pytest.mark.parametrize(
    "name",
    [
        "sep 2026.csv", "2026 02 11.csv", "01-10-2026.csv", "30.09.26.csv", "marketing 2027.csv",
        "FY27-Q1.csv", "FY2027 Q2.csv", "FY27 Q4.csv", "t4.csv", "s2.csv", "Dec x.csv", "SOC 2 2027.csv", "AUDIT-2027-9.csv", "postgres.csv", "RE_ audit.csv", "dec.csv", "2h.csv", "September.csv", "Januar.csv", "Q3.csv",
        "30.09.csv", "02-31.csv", "10.12.0.1.csv", "v5.11.12.csv", "a12-30b.csv", "06-00-09.csv", "x3dec4f.csv", "FY27 31.12.csv",
        "101126.csv", "10-12-26-1.csv", "t4", "2h", "marketing2027.csv", "1-10-12-26.csv", "12-11-22.csv", "SEC-1234.csv", "AUDIT-2026-1123.csv", "CVE-2026-12345.csv", "AUDIT-2026-300.csv", "2026-274.csv", "2026-370.csv", "q4 2029.csv",
        "1111-2222-3333.csv", "1790748000.csv", "1997660000.csv", "PCI DSS 4.0.1.csv", "2026-2027.csv", "2027.csv",
        "99999999.csv", "report (12).csv", "31.11.26.csv",
    ],
)  # fmt: skip
def test_what_may_be_no_date_or_no_later_one_refuses_nothing(name: str) -> None:
    folder = Stamp(END_OF_SEPTEMBER, "directory name")
    assert find_stamp(name, "", folder) == (END_OF_SEPTEMBER, "directory name", [])


@pytest.mark.parametrize(
    ("folder", "name", "is_used"),
    [
        (utc(2026, 9, 12), "2026 09 13", True),
        (utc(2026, 9, 11), "2026 09 13", False),
        (utc(2026, 9, 30), "2026 13 12", False),
        (utc(2024, 9, 13), "2026 09 13", False),
        (utc(2024, 9, 13), "2026 09 14", True),
        (utc(2026, 12, 10), "12.11.26", True),
        (utc(2026, 12, 10), "11.12.26", True),
        (utc(2026, 12, 9), "12.11.26", False),
        (utc(2026, 12, 9), "11.12.26", False),
        (utc(2026, 9, 30), "CW41 2026", True),
        (utc(2026, 9, 30), "CW42 2026", False),
        (utc(2026, 7, 1), "2026 H2", True),
        (utc(2026, 6, 30), "2026 H2", False),
        (utc(2026, 9, 30), f"{'x' * 992} Q1 2027", False),
        (utc(2026, 9, 30), f"{'x' * 993} Q1 2027", True),
        # Without a year, what begins within a quarter may be of the next one.
        (utc(2026, 12, 31), "January", False),
        (utc(2026, 12, 31), "Q1", False),
        (utc(2026, 12, 31), "15.01", False),
        (utc(2026, 12, 31), "April", False),
        (utc(2026, 12, 31), "June", True),
        (utc(2026, 10, 2), "January", False),
        (utc(2026, 10, 1), "January", True),
        (utc(2026, 12, 31), "December", True),
    ],
)
def test_later_is_more_than_a_day_and_less_than_two_years(
    folder: datetime, name: str, is_used: bool
) -> None:
    place = Stamp(folder.replace(hour=23, minute=59, second=59), "directory name")
    stamp, _, notices = find_stamp(f"{name}.csv", "", place)
    assert stamp == (place.instant if is_used else None)
    if not is_used:
        assert str(notices[0]).startswith(f"{name}.csv: the file's name may have a later date than")


def test_a_date_that_is_read_is_no_part_of_another() -> None:
    parts = ["2026-09-30", "no 12 2026-09-30"]
    assert stamp_of_folder(parts) == Stamp(END_OF_SEPTEMBER, "directory name")


@pytest.mark.parametrize(
    "name",
    [
        "Marketing-12-2026", "03_Marketing_2026", "2026-Marketing-12", "Novartis 12 2026", "Jana.12.2026",
        "Augsburg-09-2026", "mayo_12_2026",
    ],
)  # fmt: skip
def test_a_word_that_begins_like_a_month_is_none(name: str) -> None:
    assert find_stamp(f"{name}.csv", "")[0] is None
    assert stamp_of_archive(f"{name}.zip") is None


@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_may_be_a_word(month: int) -> None:
    for form in ("30 %b 2026", "%B 30, 2026") if month != 2 else ("2026-%b-28", "28%B2026"):
        day = utc(2026, month, 28 if month == 2 else 30, 23, 59, 59)
        assert stamps_in_name(f"{day:{form}}.csv") == {day}


@pytest.mark.parametrize("month", ["Sep", "Sept", "September", "sep", "SEPTEMBER"])
def test_a_month_is_a_word_or_its_beginning(month: str) -> None:
    for name in (f"30{month}2026", f"{month} 30, 2026", f"2026-{month}-30"):
        assert find_stamp(f"{name}.csv", "")[0] == END_OF_SEPTEMBER


@pytest.mark.parametrize(
    "later",
    [
        "December", "Dec 31", "31. Dez. 2026", "31 décembre 2026", "Dec-2026", "Q4 2026", "12-2026", "31.12.26", "W52 2026",
        "261231", "1798675200", "2026-12",
    ],
)  # fmt: skip
def test_the_later_of_two_dates_in_a_name_counts_in_whatever_form_it_is(later: str) -> None:
    """The name of a file, an archive or a directory may be the period that is audited."""
    assert find_stamp(f"2026-01-01 - {later}.csv", "")[0] is None
    assert find_stamp(f"{later} 2026-01-01.csv", "")[0] is None
    assert stamp_of_archive(f"2026-01-01_to_{later}.zip") is None
    assert stamp_of_folder([f"2026-01-01-{later}"]) is None


@pytest.mark.parametrize(
    ("folder", "name", "month"),
    [
        ("2026-05-01", "rapport 30 mai 2026", "rapport mai 2026"),
        ("2026-12-01", "Bericht 31. Dezember 2026", "Bericht Dezember 2026"),
        ("2026-12-02", "2026-Dez-31", "2026-Dez"),
        ("2026-03-01", "März 31 2026", "März 2026"),
        ("2026-05-01", "30 de mayo de 2026", "mayo de 2026"),
        ("2026-05-01", "30th mai 2026", "th mai 2026"),
    ],
)
def test_a_later_day_of_the_month_of_its_directory_is_seen(
    folder: str, name: str, month: str
) -> None:
    assert find_stamp(f"{name}.csv", "", stamp_of_folder([folder]))[0] is None
    stamp, origin, _ = find_stamp(f"{month}.csv", "", stamp_of_folder([folder]))
    assert (f"{stamp:%Y-%m-%d}", origin) == (folder, "directory name")


@pytest.mark.parametrize(
    "end",
    [
        " to 09-30",
        " - 09-30",
        "_to_30.09.",
        " bis 30.9.",
        " thru 9-30",
        "–09-30",
        " – 09-30",
        "--09-30",
        "..09-30",
        "_to_0930",
        " to 31",
        " to Sep",
    ],
)
def test_the_end_of_a_period_counts_without_its_year(end: str) -> None:
    name = f"IAM 2026-07-01{end}.csv"
    (notice,) = find_stamp(name, "")[2]
    assert notice.code == "several-stamps"


@pytest.mark.parametrize(
    "end", [" to 07-02", " - 06-30", "_to_2", " to prod", " - 13-40", " - 31", " Sep", " Q4"]
)
def test_what_is_no_later_end_of_a_period_refuses_nothing(end: str) -> None:
    assert find_stamp(f"IAM 2026-07-01{end}.csv", "")[0] == utc(2026, 7, 1, 23, 59, 59)


@pytest.mark.parametrize(
    "word", ["since ", "IAM-seit-", "PBC request ", "requested_on_", "kick-off ", "Start: ", "starting from "]
)  # fmt: skip
def test_a_report_is_made_after_what_its_name_calls_the_beginning(word: str) -> None:
    assert find_stamp(f"{word}2026-07-01.csv", "")[0] is None
    assert stamp_of_archive(f"{word}2026-07-01.zip") is None
    assert find_stamp("restart 2026-07-01.csv", "")[0] == utc(2026, 7, 1, 23, 59, 59)


def test_two_days_in_a_name_are_two_though_one_is_not_read() -> None:
    for name, expected in (
        ("2026-09-30 saved 23.12.2026.csv", None),
        ("2026-09-30 saved 01.10.2026.csv", END_OF_SEPTEMBER),
        ("2026-09-28 saved 30.09.2026.csv", None),
        ("2026-09-30 2027-Q1.csv", None),
        ("2026-09-30 2026-Q4.csv", None),
        ("2026-09-30 2026-Q3.csv", END_OF_SEPTEMBER),
        ("2026-09-30 follow-up.csv", END_OF_SEPTEMBER),
        ("2026-09-30 at 11.12.26 PM.csv", END_OF_SEPTEMBER),
        ("2026-09-30 FY27 Q2.csv", END_OF_SEPTEMBER),
    ):
        stamp, _, notices = find_stamp(name, "")
        assert (stamp, [each.code for each in notices]) == (
            expected,
            [] if expected else ["several-stamps"],
        )
        assert expected or "perhaps a later one in other words" in notices[0].message
        assert {each.line for each in notices} <= {0}


@pytest.mark.parametrize(
    "name",
    [
        "2025-12_01-15-2026", "Q4_2025_01-15-2026", "Dec 2025_01-15-2026", "SOX_2025_01-15-2026", "2025-11_12-15-2025",
        "2025 Dec 01-15-2026", "2025-Dec_01-15-2026", "15-Jan-26_2025", "17Feb26_2025-12", "2025_02_17_2026",
        "2025.02.17.2026", "2025-12_02.17.26", "2025-12-01-15-2026", "12-2025_02-17-2026", "IAM_20251231_202602151030",
        "2025-12-31 2026-W07", "2025-12-31 W07-2026", "2025-12-31 1Q2026", "2025-12-31_2026 Q1", "2025-12-31 2026 02 17",
        "2025-12-31 17 2 2026", "2025-12-31_2026年2月17日",
    ],
)  # fmt: skip
def test_a_later_date_that_begins_within_one_that_is_read_or_right_behind_it_is_not_lost(
    name: str,
) -> None:
    assert find_stamp(f"{name}.csv", "")[0] is None


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2026-09-30", "2026-09-30"), ("27Sep2026", "2026-09-27"), ("Sep 27 2026", "2026-09-27"),
        ("2026-Sep-27", "2026-09-27"), ("2026-12-26_06-10-09", "2026-12-26"), ("2026-12-26 06.10.09", "2026-12-26"),
        ("2026-12-26 at 06.10.26 PM", "2026-12-26"), ("2026-09-30_2", "2026-09-30"), ("2026-09-30 (2)", "2026-09-30"),
        ("2026-09-30_111122223333", "2026-09-30"), ("2026-09-30_202655556666", "2026-09-30"),
        ("20260930_prod-2", "2026-09-30"), ("2026-09-30-v1.10", "2026-09-30"), ("111122223333_Sep-27-2026", "2026-09-27"),
        ("2026-09-30T2026", "2026-09-30"), ("report_2026-09-30_12_prod", "2026-09-30"),
    ],
)  # fmt: skip
def test_nor_does_what_is_no_date_take_one_away(name: str, day: str) -> None:
    assert f"{find_stamp(f'{name}.csv', '')[0]:%Y-%m-%d}" == day


@pytest.mark.parametrize("letter", [r"\xb0", r"\u2029", r"\U000e0001"])
def test_a_letter_that_is_written_out_is_no_part_of_a_date(letter: str) -> None:
    folder = Stamp(END_OF_SEPTEMBER, "directory name")
    made = find_stamp(f"n{letter}2026-12-23.csv", "", folder)
    assert made[:2] == (utc(2026, 12, 23, 23, 59, 59), "file name")


def test_a_generated_time_far_from_the_date_in_the_name_is_warned_of() -> None:
    name = "report-2026-09-30T06-00-09Z.json"
    for generated, codes in (
        ("2026-10-01T06:00:09Z", []),
        ("2026-10-01T06:00:10Z", ["two-stamps"]),
        ("2026-09-29T06:00:08Z", ["two-stamps"]),
    ):
        _, origin, notices = find_stamp(name, generated)
        assert (origin, [notice.code for notice in notices]) == ("GeneratedTime", codes)


@pytest.mark.parametrize("origin", ["directory name", "archive name"])
@pytest.mark.parametrize(
    ("name", "generated", "codes"),
    [
        ("r.json", "2026-09-23T23:59:59Z", []),
        ("r.json", "2026-09-23T23:59:58Z", ["two-stamps"]),
        ("2026-10-07.csv", "", []),
        ("2026-10-08.csv", "", ["two-stamps"]),
        ("2026-09-30T06-00-09Z.json", "2026-06-30T06:00:09Z", ["two-stamps", "two-stamps"]),
    ],
)
def test_a_directory_or_an_archive_of_another_week_is_warned_of(
    name: str, generated: str, codes: Sequence[str], origin: str
) -> None:
    _, _, notices = find_stamp(name, generated, Stamp(END_OF_SEPTEMBER, origin))
    assert [notice.code for notice in notices] == codes


def test_a_warning_is_of_the_whole_file_and_says_what_was_found() -> None:
    folder = Stamp(END_OF_SEPTEMBER, "directory name")
    for name, time, says in (
        ("r.json", "x" * 41, f"r.json: GeneratedTime '{'x' * 40}' is not a time with its zone"),
        ("2026-09-30.json", "2026-09-28T06:00:00Z", "2026-09-30.json: GeneratedTime 2026-09-28T"),
        ("2026-01-31_2026-02-28.csv", "", "2026-01-31_2026-02-28.csv: the file's name has several"),
        ("2026-12.csv", "", "2026-12.csv: `2026-12` in the file's name is not read as a date"),
        ("2026-06-30.csv", "", "2026-06-30.csv: 2026-06-30T23:59:59Z, when the report was made"),
    ):
        _, _, (notice, *_) = find_stamp(name, time, folder)
        assert str(notice).startswith(says)


@pytest.mark.parametrize(
    ("name", "instant"),
    [
        ("reports-2026-09-30.zip", END_OF_SEPTEMBER),
        ("reports-2026-06-30_2026-09-30.zip", None),
        ("reports.zip", None),
        ("drive-download-20260930T060009Z-001.zip", None),
        ("OneDrive_2026-09-30.zip", None),
        ("takeout-20260930T060009Z-001.zip", None),
        ("IAM reports-20260930T060009Z-001.zip", None),
        ("IAM-20260930T060009Z-3-001 (1).zip", None),
        ("IAM-20260930T060009Z.zip", utc(2026, 9, 30, 6, 0, 9)),
        ("wetransfer_iam_2026-09-30_0600.zip", None),
    ],
)
def test_an_archive_whose_name_has_one_date_dates_its_reports(
    name: str, instant: datetime | None
) -> None:
    assert stamp_of_archive(name) == (Stamp(instant, "archive name") if instant else None)


@pytest.mark.parametrize(
    ("instant", "origin", "first"),
    [
        (END_OF_SEPTEMBER, "file name", utc(2026, 9, 30)),
        (END_OF_SEPTEMBER, "directory name", utc(2026, 9, 30)),
        (END_OF_SEPTEMBER, "archive name", utc(2026, 9, 30)),
        (END_OF_SEPTEMBER, "GeneratedTime", END_OF_SEPTEMBER),
        (utc(2026, 9, 30, 6, 0, 9), "file name", utc(2026, 9, 30, 6, 0, 9)),
    ],
)
def test_a_day_in_a_name_may_mean_any_second_of_it(
    instant: datetime, origin: str, first: datetime
) -> None:
    assert first_second(instant, origin) == first
