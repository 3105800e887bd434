"""Pictures, tested by what is drawn: heights, labels, lines and hatches."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from credreport.evidence.bands import to_bands
from credreport.evidence.evidence import Captions, Picture
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
        assert words == ["1", "0", "1", "1", "0", "2", "unused: 90 days or more \u2192"]
        assert [text.get_text() for text in figure.texts] == [CAPTIONS.title, CAPTIONS.caption]
        legend = axes.get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == [
            "Passwords", "Access keys", "of which never used: 2",
        ]  # fmt: skip

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

    def test_nothing_judged_is_an_empty_picture(self, assessment: Assessment) -> None:
        axes = draw_ecdf(picture(assessment.ages.iloc[:0], Captions("", "", 1))).axes[0]
        assert len(axes.lines) == 1
        assert axes.get_legend() is None


def test_nothing_judged_still_draws(tmp_path: Path) -> None:
    bands = to_bands(judge(tmp_path, root()).totals)
    assert to_png(draw_ageing(picture(bands, CAPTIONS))).startswith(b"\x89PNG")


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
