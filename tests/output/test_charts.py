"""Pictures, tested by what is drawn: heights, labels, lines and hatches."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from credreport.evidence.evidence import Captions, Picture
from credreport.evidence.of_analysis import of_analysis
from credreport.evidence.pictures import ageing_picture, ecdf_picture, worth_drawing
from credreport.evidence.tables import to_bands
from credreport.output import charts
from credreport.output.charts import (
    COLOURS,
    NEVER_USED_HATCH,
    draw_ageing,
    draw_ecdf,
    to_png,
    to_svg,
)
from credreport.reports.report import Report
from credreport.reports.selection import Population
from credreport.rules.policy import Policy
from credreport.verdicts.assessment import Assessment, assess
from tests.support.reports import judge, root, user
from tests.verdicts.test_assessment import key, password

CAPTIONS = Captions("$$ 3 of 5 [/red]", "account 111122223333  |  $x_1^2$", 90)


def picture(table: pd.DataFrame, captions: Captions = CAPTIONS) -> Picture:
    return Picture("", "", captions, table)


@pytest.fixture
def assessment(tmp_path: Path) -> Assessment:
    return judge(
        tmp_path,
        root(),
        user("a", **password("2026-01-30T00:00:00Z"), **key(1, "2021-01-01T00:00:00Z")),
        user("b", **password("2021-01-01T00:00:00Z", "2025-11-02T12:00:00Z")),
        user("c", **key(1, "2021-01-01T00:00:00Z", "2025-11-02T12:01:00Z")),
        user("d", **key(1, "2021-01-01T00:00:00Z", "2024-01-01T00:00:00Z")),
    )


class TestAgeing:
    def test_the_bars_hold_every_judged_credential_by_type(self, assessment: Assessment) -> None:
        axes = draw_ageing(picture(to_bands(assessment.totals), CAPTIONS)).axes[0]
        heights = {
            (to_hex(bars[0].get_facecolor()).upper(), bars[0].get_hatch() or ""): [
                int(bar.get_height()) for bar in bars
            ]
            for bars in axes.containers
        }
        blue, orange = COLOURS["password"], COLOURS["access_key"]
        assert heights == {
            (blue, ""): [0, 0, 0, 1, 0, 0],
            (blue, NEVER_USED_HATCH): [1, 0, 0, 0, 0, 0],
            (orange, ""): [0, 0, 1, 0, 0, 1],
            (orange, NEVER_USED_HATCH): [0, 0, 0, 0, 0, 1],
        }

    def test_bands_totals_and_threshold_are_written_out(self, assessment: Assessment) -> None:
        figure = draw_ageing(picture(to_bands(assessment.totals), CAPTIONS))
        axes = figure.axes[0]
        assert [label.get_text() for label in axes.get_xticklabels()] == [
            "0\u201330", "31\u201360", "61\u201389", "90\u2013180", "181\u2013365", "over 365",
        ]  # fmt: skip
        words = [text.get_text() for text in axes.texts]
        assert words == ["1", "0", "1", "1", "0", "2"]
        assert [text.get_text() for text in figure.texts] == [CAPTIONS.title, CAPTIONS.caption]
        legend = axes.get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == [
            "Passwords", "Access keys", "of which never used: 2",
            "to the right: 90 days or more",
        ]  # fmt: skip

    def test_a_title_of_many_classes_has_room(self, assessment: Assessment) -> None:
        bands = to_bands(assessment.totals)
        for number, lines in ((13, 4), (40, 9)):
            title = f"unused ({', '.join(f'team-{n}-svc-*: 300' for n in range(number))})"
            figure = draw_ageing(picture(bands, replace(CAPTIONS, title=title)))
            assert_clear(figure)
            shown = figure.texts[0].get_text()
            assert (shown.count("\n") + 1, shown[-1]) == (lines, ")" if lines < 9 else "\u2026")

    @pytest.mark.parametrize(("days", "place"), [(90, 2.5), (45, 1.5), (1, 0.5)])
    def test_the_threshold_stands_between_two_bars(
        self, assessment: Assessment, days: int, place: float
    ) -> None:
        reports = [each for each in assessment.reports if isinstance(each, Report)]
        other = assess(Population(tuple(reports)), Policy(unused_after_days=days))
        bands = to_bands(other.totals)
        axes = draw_ageing(picture(bands, Captions("", "", days))).axes[0]
        assert np.asarray(axes.lines[0].get_xdata()).tolist() == [place, place]


def numbers(values: object) -> list[int]:
    return [round(float(value)) for value in np.asarray(values, dtype=float)]


class TestEcdf:
    def test_the_share_rises_to_all_on_a_log_axis(self, assessment: Assessment) -> None:
        axes = draw_ecdf(picture(assessment.ages, CAPTIONS)).axes[0]
        passwords, keys, threshold = axes.lines
        assert axes.get_xscale() == "log"
        assert numbers(passwords.get_xdata())[1:-1] == [1, 90]
        assert numbers(passwords.get_ydata()) == [0, 50, 100, 100]
        assert numbers(keys.get_ydata()) == [0, 33, 67, 100, 100]
        assert numbers(threshold.get_xdata()) == [90, 90]


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Return every text of a picture with the place that it takes, in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    axes = figure.axes[0]
    legend = axes.get_legend()
    low, high = axes.get_ylim()
    marks = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    upright = [label for place, label in marks if low <= place <= high]
    texts = [*figure.texts, *axes.texts, *axes.get_xticklabels(), *upright]
    texts += [axes.xaxis.label, axes.yaxis.label, *(legend.get_texts() if legend else [])]
    found = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    return [(words, box) for words, box in found if words]


def assert_clear(figure: Figure) -> None:
    """No text over another, over the edge, over a line, or (but for counts within bars) over a bar."""
    placed = boxes(figure)
    for place, (words, box) in enumerate(placed):
        assert box.x0 >= 0, words
        assert box.y0 >= 0, words
        assert box.x1 <= figure.bbox.x1, words
        assert box.y1 <= figure.bbox.y1, words
        for other, its_box in placed[place + 1 :]:
            assert not box.overlaps(its_box), (words, other)
    axes = figure.axes[0]
    legend = axes.get_legend()
    words_within = [*axes.texts, *(legend.get_texts() if legend else [])]
    for text in words_within:
        box = text.get_window_extent()
        for line in axes.lines:
            path = line.get_path().transformed(line.get_transform())
            assert not path.intersects_bbox(box, filled=False), text.get_text()
        if text.get_bbox_patch() is None:
            bars = [bar for bars in axes.containers for bar in bars if bar.get_height()]
            for bar in bars:
                assert not bar.get_window_extent().overlaps(box), text.get_text()


def ages_of(*rows: tuple[str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["kind", "age_days", "count"])


def bands_of(passwords: list[int], keys: list[int], first_unused: int = 3) -> pd.DataFrame:
    labels = ["0\u201330", "31\u201360", "61\u201389", "90\u2013180", "181\u2013365", "over 365"]
    return pd.DataFrame(
        [
            {
                "band": label,
                "kind": kind,
                "count": counts[place],
                "never_used": counts[place] // 2,
                "is_unused": place >= first_unused,
            }
            for place, label in enumerate(labels)
            for kind, counts in (("password", passwords), ("access_key", keys))
        ]
    )


LONG = Captions(
    "9,999 of 99,999 active credentials unused for 90 days or more " * 2, "x y " * 60, 90
)


@pytest.mark.parametrize("captions", [Captions("A finding", "a caption", 90), LONG])
@pytest.mark.parametrize("days", [1, 90, 4000])
def test_no_word_lies_on_a_curve_or_another_word(captions: Captions, days: int) -> None:
    captions = replace(captions, unused_after_days=days)
    for ages in (
        ages_of(("password", 0, 9), ("access_key", 0, 9)),
        ages_of(("password", 2000, 12345), ("access_key", 89, 3), ("access_key", 90, 10000)),
        ages_of(("access_key", 3, 3), ("access_key", 90, 1), ("access_key", 3650, 10)),
    ):
        assert_clear(draw_ecdf(picture(ages, captions)))


@pytest.mark.parametrize(
    "bands",
    [
        bands_of([0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1]),
        bands_of([12345, 1, 0, 12345, 9, 0], [0, 0, 0, 99, 0, 60000], 5),
    ],
)
def test_no_word_lies_on_a_bar_or_another_word(bands: pd.DataFrame) -> None:
    assert_clear(draw_ageing(picture(bands, LONG)))


def test_thousands_have_a_comma() -> None:
    figure = draw_ageing(picture(bands_of([12000, 0, 0, 0, 0, 0], [345, 0, 0, 0, 0, 1000]), LONG))
    assert [text.get_text() for text in figure.axes[0].texts] == [
        "12,345", "0", "0", "0", "0", "1,000",
    ]  # fmt: skip
    boxes(figure)
    assert "10,000" in [label.get_text() for label in figure.axes[0].get_yticklabels()]


class TestWorthDrawing:
    """What has nothing to show is not drawn, and says so."""

    def test_few_credentials_have_no_shares(self) -> None:
        nine, ten = (ecdf_picture(CAPTIONS, ages_of(("password", 5, n))) for n in (9, 10))
        drawn, left_out = worth_drawing([nine, ten])
        assert drawn == (ten,)
        assert left_out == (
            'no picture "How long ago credentials were last used": 9 active credentials are too few; '
            "it is drawn from 10",
        )
        assert ten.captions.title == ten.title == "How long ago credentials were last used"

    def test_nothing_judged_is_no_picture(self, tmp_path: Path) -> None:
        evidence = of_analysis(judge(tmp_path, root()))
        assert evidence.pictures == ()
        assert [reason.rpartition(": ")[2] for reason in evidence.not_drawn] == [
            "there is nothing to draw"
        ] * 2

    def test_words_for_who_cannot_see_it_have_the_numbers(self) -> None:
        ageing = ageing_picture(CAPTIONS, bands_of([1200, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 4]))
        assert ageing.alt_text == (
            "$$ 3 of 5 [/red]. Active credentials by days since effective last use: 0\u201330 days "
            "1,200, 31\u201360 days 0, 61\u201389 days 0, 90\u2013180 days 1, 181\u2013365 days 0, over 365 "
            "days 4; of which never used 602."
        )
        ages = ages_of(("password", 89, 1100), ("password", 90, 1), ("access_key", 400, 2))
        assert ecdf_picture(CAPTIONS, ages).alt_text == (
            "How long ago credentials were last used. Last used less than 90 days before: "
            "1,100 of 1,101 passwords, 0 of 2 access keys."
        )
        svg = to_svg(draw_ageing(ageing), ageing.title, ageing.alt_text).decode()
        assert "<title>Ageing of active credentials</title>" in svg
        assert "90\u2013180 days 1, " in svg
        assert "1,200</text>" in svg


@pytest.mark.parametrize("save", [to_png, to_svg])
def test_the_same_table_gives_the_same_bytes(assessment: Assessment, save: object) -> None:
    assert callable(save)
    bands = to_bands(assessment.totals)
    assert save(draw_ageing(picture(bands, CAPTIONS))) == save(
        draw_ageing(picture(bands, CAPTIONS))
    )


def test_a_missing_glyph_stops_nothing(assessment: Assessment) -> None:
    captions = Captions("\U0001f512 \u5bc6\u7801", "\ufffe", 90)
    assert to_png(draw_ecdf(picture(assessment.ages, captions))).startswith(b"\x89PNG")


def test_traps_of_the_machine_change_nothing(tmp_path: Path) -> None:
    """A matplotlibrc in the current directory, a nonsense backend, no home."""
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: red\nfont.size: 40\n")
    code = (
        "import sys, hashlib, pandas as pd\n"
        "from credreport.output.charts import *\n"
        "from credreport.evidence.evidence import Captions, Picture\n"
        "table = pd.DataFrame({'kind': ['password'], 'age_days': [100], 'count': [1]})\n"
        "png = to_png(draw_ecdf(Picture('', '', Captions('t', 'c', 90), table)))\n"
        "print(hashlib.sha256(png).hexdigest())\n"
    )
    import os

    clean = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}

    def of(directory: Path, **traps: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=directory,
            env=clean | traps,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout

    (tmp_path / "empty").mkdir()
    expected = of(tmp_path / "empty", HOME=str(tmp_path))
    assert of(tmp_path, MPLBACKEND="nonsense", HOME="/nonexistent") == expected


@pytest.mark.parametrize("is_known", [True, False])
def test_matplotlib_is_imported_beside_its_own_settings_and_all_is_put_back(
    is_known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "matplotlib" / "mpl-data"
    data.mkdir(parents=True)
    spec = ModuleSpec("matplotlib", None, origin=str(tmp_path / "matplotlib" / "__init__.py"))
    monkeypatch.setattr(charts, "find_spec", lambda _: spec if is_known else None)
    monkeypatch.chdir(tmp_path)
    places: list[Path] = []
    matplotlib = sys.modules["matplotlib"]

    def note_where(_: str) -> ModuleType:
        places.append(Path.cwd())
        return matplotlib

    monkeypatch.setattr(charts, "import_module", note_where)
    monkeypatch.delitem(sys.modules, "matplotlib")
    assert charts._import_matplotlib() is matplotlib
    assert places == [data if is_known else tmp_path, tmp_path]
