"""The pictures of the evidence as files; each is drawn once, in a process of its own where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credreport.output.charts import draw
from credreport.output.formats import WITH_PICTURES, Files

if TYPE_CHECKING:
    from credreport.evidence.evidence import Evidence, Picture


class Artist:
    """Draws pictures on an executor in the background, or here, when one is asked for."""

    def __init__(self, executor: Executor | None = None) -> None:
        """Draw on the executor; without one, here."""
        self._executor = executor
        # By the identity of the picture, which is kept with it, and its form.
        self._drawn: dict[tuple[int, str], tuple[Picture, Future[bytes]]] = {}

    def begin(self, evidence: Evidence, formats: Iterable[str]) -> None:
        """Start drawing what the formats will ask for, if there is an executor."""
        if self._executor is None:
            return
        for form in dict.fromkeys(WITH_PICTURES[name] for name in formats if name in WITH_PICTURES):
            for picture in evidence.pictures:
                future = self._executor.submit(draw, picture, form)
                self._drawn[id(picture), form] = picture, future

    def draw(self, picture: Picture, form: str) -> bytes:
        """Return the picture as `png` or `svg`."""
        key = id(picture), form
        if key in self._drawn:
            try:
                return self._drawn[key][1].result()
            except BrokenExecutor:  # no process could be started, or it died
                pass
        future: Future[bytes] = Future()
        future.set_result(draw(picture, form))
        self._drawn[key] = picture, future
        return future.result()


@dataclass(frozen=True)
class Options:
    """How to write.

    csv_raw: leave text cells of the CSV as they are, for machines.
    artist: who draws the pictures.
    kept: what earlier runs of the same question left, its SHA-256 by name.
    """

    csv_raw: bool = False
    artist: Artist = field(default_factory=Artist, compare=False)
    kept: Mapping[str, str] = field(default_factory=dict)


def write_png(evidence: Evidence, options: Options, _: Files) -> Files:
    """Return the pictures as PNG."""
    return picture_files(evidence, "png", options)


def write_svg(evidence: Evidence, options: Options, _: Files) -> Files:
    """Return the pictures as SVG."""
    return picture_files(evidence, "svg", options)


def picture_files(evidence: Evidence, form: str, options: Options) -> Files:
    """Return the pictures as `png` or `svg` by name."""
    return {
        f"{evidence.stem}-{picture.name}.{form}": options.artist.draw(picture, form)
        for picture in evidence.pictures
    }
