"""The pictures of a comparison: asserted on bars and words, not on pixels."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from credreport.evidence.evidence import Captions, Picture
from credreport.evidence.pictures import open_picture, paired_picture, worth_drawing
from credreport.output.charts import (
    COLOURS,
    NOT_COVERED_HATCH,
    PARTS,
    draw_open_counts,
    draw_paired,
    to_png,
)
from tests.output.test_charts import assert_clear

CAPTIONS = Captions("A finding", "a caption", 90)
DAYS = ("2026-06-30", "2026-09-30")
BY_KIND = pd.DataFrame(
    {
        "type": ["Passwords", "Access keys", "Total"],
        "before": [7, 11, 18],
        "closed": [3, 5, 8],
        "not_closed": [4, 6, 10],
        "new": [2, 0, 2],
        "now": [6, 6, 12],
    }
)


def open_counts(*rows: tuple[str, int, int, int, int]) -> pd.DataFrame:
    """Return the table for dates of: day, accounts, passwords, keys, of which not covered."""
    return pd.DataFrame(
        [
            {
                "date": date,
                "as_of": pd.Timestamp(day, tz="UTC"),
                "accounts": accounts,
                "kind": kind,
                "open": count,
                "not_covered": missing if kind == "access_key" else 0,
            }
            for date, (day, accounts, passwords, keys, missing) in enumerate(rows)
            for kind, count in (("password", passwords), ("access_key", keys))
        ]
    )


def opened(table: pd.DataFrame) -> Picture:
    days = table.drop_duplicates("date")["as_of"]
    return Picture("", "", CAPTIONS, table, tuple(f"{day:%Y-%m-%d}" for day in days))


def heights(figure: Figure) -> list[list[int]]:
    axes = figure.axes[0]
    return [[int(bar.get_height()) for bar in bars] for bars in axes.containers]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def ticks(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


def legend(figure: Figure) -> list[str]:
    found = figure.axes[0].get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def test_paired_bars_split_before_and_now() -> None:
    figure = draw_paired(Picture("", "", CAPTIONS, BY_KIND, DAYS))
    assert heights(figure) == [[4, 6], [3, 5], [4, 6], [2, 0]]
    assert ticks(figure) == ["2026-06-30"] * 2 + ["2026-09-30"] * 2
    assert legend(figure) == ["closed since", "not closed", "new"]
    assert words(figure) == [
        "4", "6", "3", "5", "7", "11", "4", "6", "2", "6", "6", "Passwords", "Access keys",
    ]  # fmt: skip
    assert [text.get_text() for text in figure.texts] == ["A finding", "a caption"]
    assert len({(colour, hatch) for _, colour, hatch in PARTS.values()}) == 3


def test_paired_bars_of_nothing_are_drawn() -> None:
    nothing = BY_KIND.assign(before=0, closed=0, not_closed=0, new=0, now=0)
    figure = draw_paired(Picture("", "", CAPTIONS, nothing, DAYS))
    assert words(figure) == ["0", "0", "0", "0", "Passwords", "Access keys"]


def test_open_findings_stand_by_date_and_type() -> None:
    table = open_counts(
        ("2026-06-30", 2, 3, 4, 0), ("2026-07-30", 2, 2, 1, 0), ("2026-08-30", 2, 0, 0, 0)
    )
    figure = draw_open_counts(opened(table))
    assert heights(figure) == [[3, 2, 0], [0, 0, 0], [4, 1, 0], [0, 0, 0]]
    assert words(figure) == ["7", "3", "0"]
    assert ticks(figure) == ["2026-08-30", "2026-07-30", "2026-06-30"]
    assert legend(figure) == ["Passwords", "Access keys"]
    bars = figure.axes[0].containers[0]
    assert bars[0].get_facecolor()[:3] == tuple(
        int(COLOURS["password"][place : place + 2], 16) / 255 for place in (1, 3, 5)
    )
    assert to_png(figure) == to_png(figure)


def test_findings_of_a_missing_account_are_hatched_and_said() -> None:
    table = open_counts(
        ("2026-06-30", 2, 3, 4, 0), ("2026-07-30", 1, 3, 4, 2), ("2026-08-30", 2, 3, 4, 0)
    )
    figure = draw_open_counts(opened(table))
    assert heights(figure)[2:] == [[4, 2, 4], [0, 2, 0]]
    bars = figure.axes[0].containers[3]
    assert bars[1].get_hatch() == NOT_COVERED_HATCH
    assert ticks(figure) == ["2026-08-30\nn = 2", "2026-07-30\nn = 1", "2026-06-30\nn = 2"]
    assert legend(figure)[-1] == "no report: still open"
    assert figure.texts[1].get_text() == "a caption  |  n: accounts with a report"


def test_accounts_with_a_report_are_counted_where_another_one_lacks_it_on_each_date() -> None:
    table = open_counts(
        ("2026-06-30", 2, 3, 4, 0), ("2026-07-30", 2, 3, 4, 2), ("2026-08-30", 2, 3, 4, 2)
    )
    figure = draw_open_counts(opened(table))
    assert ticks(figure) == ["2026-08-30\nn = 2", "2026-07-30\nn = 2", "2026-06-30\nn = 2"]
    assert_clear(figure)


def test_the_legend_of_all_types_has_room() -> None:
    table = pd.concat(
        [
            open_counts(("2026-06-30", 2, 3, 4, 0), ("2026-07-30", 1, 3, 4, 2)),
            *(
                open_counts(("2026-06-30", 2, 3, 4, 0), ("2026-07-30", 1, 3, 4, 2))
                .query("kind == 'password'")
                .assign(kind=kind)
                for kind in ("cert", "user", "root")
            ),
        ]
    )
    figure = draw_open_counts(opened(table))
    assert len(legend(figure)) == 6
    assert_clear(figure)


def test_two_dates_of_one_day_are_told_apart() -> None:
    instants = ("2026-09-30T06:00:09Z", "2026-09-30T18:00:09Z")
    figure = draw_paired(Picture("", "", CAPTIONS, BY_KIND, instants))
    assert ticks(figure) == ["2026-09-30\n06:00:09Z"] * 2 + ["2026-09-30\n18:00:09Z"] * 2
    assert_clear(figure)
    days = tuple(f"2026-09-{day}T06:00:09Z" for day in range(10, 19))
    many = open_counts(*((day, 1 + (day == days[0]), 3, 4, 2) for day in days))
    figure = draw_open_counts(Picture("", "", CAPTIONS, many, days))
    assert ticks(figure)[0] == "2026\n09-18\n06:00:09Z\nn = 1"
    assert_clear(figure)


def test_many_dates_keep_readable_labels() -> None:
    days = pd.date_range("2026-01-05", periods=30, freq="7D").strftime("%Y-%m-%d")
    table = open_counts(*[(day, 1, 1, 1, 0) for day in days])
    figure = draw_open_counts(opened(table))
    assert len(ticks(figure)) == 15
    assert len(words(figure)) == 15
    assert_clear(figure)
    assert ticks(figure)[0] == "2026\n07-27"


def test_no_word_lies_on_a_bar_of_many_types_and_large_numbers() -> None:
    kinds = ["Passwords", "Access keys", "Signing certificates", "Users", "Root", "Total"]
    table = pd.DataFrame(
        {
            "type": kinds,
            "before": 12345,
            "closed": 2345,
            "not_closed": 10000,
            "new": 1,
            "now": 10001,
        }
    )
    figure = draw_paired(Picture("", "", CAPTIONS, table, DAYS))
    assert_clear(figure)
    assert "12,345" in words(figure)


def test_comparisons_are_said_in_words_and_drawn_where_there_is_something() -> None:
    paired = paired_picture(CAPTIONS, BY_KIND, DAYS)
    assert paired.alt_text == (
        "A finding. Passwords: 7 before, of these 3 closed and 4 not closed; 2 new, 6 now. "
        "Access keys: 11 before, of these 5 closed and 6 not closed; 0 new, 6 now. "
        "Total: 18 before, of these 8 closed and 10 not closed; 2 new, 12 now."
    )
    counts = open_picture(
        CAPTIONS,
        open_counts(("2026-06-30", 1, 0, 0, 0), ("2026-07-30", 1, 0, 0, 0)),
        ("2026-06-30", "2026-07-30"),
    )
    assert counts.alt_text == (
        "A finding. Open findings (passwords, access keys) by date: 2026-06-30 0, 2026-07-30 0."
    )
    drawn, left_out = worth_drawing([paired, counts])
    assert drawn == (paired,)
    assert left_out == ('no picture "Open findings over time": there is nothing to draw',)


def test_of_many_dates_the_first_the_highest_and_the_last_are_said() -> None:
    days = [f"2026-01-{day:02d}" for day in range(1, 26)]
    counts = open_counts(*((day, 1, 9 if day == "2026-01-07" else 1, 0, 0) for day in days))
    assert open_picture(CAPTIONS, counts, days).alt_text == (
        "A finding. Open findings (passwords, access keys) by date: "
        "2026-01-01 1, highest 2026-01-07 9, 2026-01-25 1."
    )
