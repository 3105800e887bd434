"""Who draws the pictures: each once, elsewhere where there is somebody, else here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from credreport.cli import given
from credreport.evidence.evidence import Evidence, Picture
from credreport.evidence.of_analysis import of_analysis
from credreport.output.charts import draw, get_ready
from credreport.output.pictures import Artist, Options, picture_files, write_png, write_svg
from credreport.runs.processes import Processes, WorkerDied
from tests.support.reports import judge, root, user
from tests.verdicts.test_assessment import password


class Elsewhere(Executor):
    """Keeps the calls; answers with their names, or as one whose process died."""

    def __init__(self, *_: object, **__: object) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.is_dead = False

    def submit(self, call: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        self.calls.append((call, *args))
        future: Future[Any] = Future()
        if self.is_dead:
            future.set_exception(WorkerDied())
        else:
            future.set_result(f"{args[0].name} as {args[1]}".encode() if args else None)
        return future


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    users = [user(name, **password("2021-01-01T00:00:00Z")) for name in "abcdefghij"]
    return of_analysis(judge(tmp_path, root(), *users))


def test_what_the_formats_need_is_drawn_elsewhere_and_once(evidence: Evidence) -> None:
    elsewhere = Elsewhere()
    options = Options(artist=Artist(elsewhere))
    ageing, ecdf = evidence.pictures
    options.artist.begin(evidence, ["xlsx", "png", "json"])
    assert elsewhere.calls == [(draw, ageing, "png"), (draw, ecdf, "png")]
    for _ in range(2):
        assert write_png(evidence, options, {}) == {
            f"{evidence.stem}-ageing.png": b"ageing as png",
            f"{evidence.stem}-ecdf.png": b"ecdf as png",
        }
    options.artist.begin(evidence, ["html"])
    assert elsewhere.calls[2:] == [(draw, ageing, "svg"), (draw, ecdf, "svg")]
    assert [*write_svg(evidence, options, {}).values()] == [b"ageing as svg", b"ecdf as svg"]


def test_what_was_not_begun_or_whose_artist_died_is_drawn_here(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def draw_here(picture: Picture, form: str) -> bytes:
        drawn.append(form)
        return f"{picture.name} here".encode()

    monkeypatch.setattr("credreport.output.pictures.draw", draw_here)
    dead = Elsewhere()
    dead.is_dead = True
    for artist, begun in ((Artist(), ["png"]), (Artist(Elsewhere()), []), (Artist(dead), ["png"])):
        drawn.clear()
        artist.begin(evidence, begun)
        for _ in range(2):
            files = picture_files(evidence, "png", Options(artist=artist))
            assert [*files.values()] == [b"ageing here", b"ecdf here"]
        assert drawn == ["png", "png"]
    assert len(dead.calls) == 2


def test_to_get_ready_is_to_import_what_draws() -> None:
    get_ready()
    assert sys.modules.keys() >= {"pandas", "matplotlib.figure", "matplotlib.backends.backend_agg"}


def test_a_process_of_its_own_draws_the_same(evidence: Evidence) -> None:
    with Processes(1, falls_back=False) as executor:
        executor.submit(get_ready)
        artist = Artist(executor)
        artist.begin(evidence, ["png", "svg"])
        for picture in evidence.pictures:
            for form in ("png", "svg"):
                assert artist.draw(picture, form) == draw(picture, form)


@pytest.mark.parametrize(
    ("formats", "workers", "processors", "is_imported", "is_elsewhere"),
    [
        (["png"], None, 2, False, True),
        (["xlsx"], 4, 2, False, True),
        (["json", "html"], 2, 2, False, True),
        (["csv", "json"], None, 2, False, False),
        ([], None, 2, False, False),
        (["png"], 1, 2, False, False),
        (["png"], None, 1, False, False),
        (["png"], None, 2, True, False),
    ],
)
def test_there_is_somebody_elsewhere_where_that_is_sooner(
    monkeypatch: pytest.MonkeyPatch,
    formats: list[str],
    workers: int | None,
    processors: int,
    is_imported: bool,
    is_elsewhere: bool,
) -> None:
    started: list[Elsewhere] = []

    def start(*_: object, **__: object) -> Elsewhere:
        started.append(Elsewhere())
        return started[-1]

    monkeypatch.setattr("credreport.runs.processes.Processes", start)
    monkeypatch.setattr("credreport.runs.processes.available_processors", lambda: processors)
    if not is_imported:
        monkeypatch.delitem(sys.modules, "matplotlib")
    with given.options(formats, workers, csv_raw=True) as options:
        assert options.csv_raw
        assert [each.calls for each in started] == ([[(get_ready,)]] if is_elsewhere else [])
