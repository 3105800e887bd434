"""No input makes it hang, or take memory without end: what is out of bounds is refused, and soon."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from credreport.errors import InputRefused, Problem
from credreport.files import open_regular, read_at_most, read_bounded
from credreport.reports import inputs as sources
from credreport.reports.containers.members import MAX_MEMBERS
from credreport.reports.containers.texts import unpack
from credreport.reports.folders import Folders
from credreport.reports.grid import Grid
from credreport.reports.inputs import Skipped, Stream
from credreport.reports.possible_dates import is_later
from credreport.reports.read import _columns_of
from credreport.reports.report import join_tables
from credreport.reports.selection import read_reports
from credreport.rules.policy import Policy
from credreport.runs.analyze import Asked, analyze_inputs
from credreport.runs.inspect import inspect_batch
from credreport.runs.pool import Pool
from tests.support.reports import COLUMNS, NAME, open_inputs, read_report, root, to_csv, user

HEADER = ",".join(COLUMNS)
TIME = "2026-01-31T12:00:00+00:00"


def refusal(data: bytes | str) -> str:
    """Return what is said about the bytes of one input, which has to be said within two seconds."""
    raw = data if isinstance(data, bytes) else data.encode()
    started = time.process_time()
    with pytest.raises(InputRefused) as caught:
        read_report(Stream(NAME, raw))
    assert time.process_time() - started < 2
    return str(caught.value)


def test_a_row_of_nothing_but_commas_is_refused_at_once() -> None:
    assert "fields where the header has 22" in refusal(f"{HEADER}\n{',' * 300_000}")
    assert "fields where the header has 22" in refusal(
        f"{HEADER}\na,arn:aws:iam::1:user/b{',' * 300_000}"
    )


def test_a_name_with_as_many_commas_as_it_may_have_is_put_back() -> None:
    name = "," * 64
    row = user(name, arn=f"arn:aws:iam::111122223333:user/{',' * 511}/{name}")
    (report,) = read_report(Stream(NAME, f"{HEADER}\n{','.join(row.values())}".encode()))
    assert report.rows[0][0] == name


def wide_report(columns: int) -> str:
    """Return a report with as many columns, of which most have no name."""
    more = "," * (columns - len(COLUMNS))
    return "\n".join(line + more for line in to_csv(root(), user()).splitlines())


def zip_of(text: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(NAME, text)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        (NAME, str.encode),
        (NAME, lambda text: text.replace("\n", "\r\n").encode()),
        (NAME, lambda text: text.replace("user,arn", '"user",arn').encode()),
        (NAME, lambda text: text.encode("utf-16")),
        (NAME, lambda text: base64.b64encode(text.encode())),
        (
            "a.json",
            lambda text: json.dumps(
                {"Content": base64.b64encode(text.encode()).decode(), "GeneratedTime": TIME}
            ).encode(),
        ),
        (f"{NAME}.zip", lambda text: zip_of(text.encode())),
    ],
)
def test_a_header_of_more_than_a_thousand_columns_is_refused(
    tmp_path: Path, name: str, pack: Callable[[str], bytes]
) -> None:
    path = tmp_path / name
    path.write_bytes(pack(wide_report(1_000)))
    (report,) = read_reports([path]).reports
    assert (len(report.columns), report.row_count) == (1_000, 2)
    path.write_bytes(pack(wide_report(1_001)))
    with pytest.raises(InputRefused) as caught:
        read_reports([path])
    place = f"{name}/{NAME}" if name.endswith(".zip") else name
    assert str(caught.value) == (
        f"{place}, line 1: 1001 columns, more than 1000. A credential report has 22 or 23: download it "
        "again."
    )


def test_nothing_is_done_for_each_column_of_such_a_header() -> None:
    twice = ",".join(f"column{number // 2}" for number in range(200_000))
    for more in (twice, "," * 200_000):
        with pytest.raises(InputRefused) as caught:
            read_report(Stream(NAME, f"{HEADER},{more}\n".encode()))
        assert len(caught.value.problems) == 1
    assert "line 1: the columns are separated by semicolons" in refusal(
        f"{HEADER.replace(',', ';')}{';' * 200_000}"
    )


def test_a_second_header_of_so_many_columns_is_refused_with_its_line() -> None:
    def joined(columns: int) -> str:
        return f"{to_csv(root('444455556666'))}\n{wide_report(columns)}"

    assert len(read_report(Stream(NAME, joined(1_000).encode()))) == 2
    assert f"{NAME}, line 3: 1001 columns, more than 1000." in refusal(joined(1_001))


def test_long_headers_are_read_and_not_kept() -> None:
    kept = _columns_of.cache_info
    for length, count in ((16 << 10, 1), ((16 << 10) + 1, 0)):
        before = kept().currsize
        header = f"{HEADER},".ljust(length, "x")
        rows = "\n".join(f"{line}," for line in to_csv(root(), user()).splitlines()[1:])
        (report,) = read_report(Stream(NAME, f"{header}\n{rows}".encode()))
        assert len(report.columns) == 23
        assert kept().currsize - before == count


def test_very_many_bad_rows_are_not_all_remembered() -> None:
    with pytest.raises(InputRefused) as caught:
        read_report(Stream(NAME, (f"{HEADER}\n" + "a\n" * 200_000).encode()))
    assert len(caught.value.problems) < 2_000
    assert caught.value.problems[-1].found == "too many problems: the rest was not read"


def test_very_many_rows_on_one_line_are_taken_apart_or_refused() -> None:
    def line(accounts: int) -> bytes:
        rows = [user("bob", f"{number:012d}") for number in range(accounts)]
        return f"{HEADER}\n{''.join(','.join(row.values()) for row in rows)}".encode()

    assert len(read_report(Stream(NAME, line(400)))) == 400
    assert "fields where the header has 22" in refusal(line(600))


@pytest.mark.parametrize("size", [10**9, 10**15, 10**30, -1, None, "x", {"a": 1}, [1, 256]])
def test_a_buffer_is_a_list_of_bytes_and_never_a_size(size: object) -> None:
    document = {"Content": {"type": "Buffer", "data": size}}
    assert "damaged buffer" in refusal(json.dumps(document))


@pytest.mark.parametrize("content", ["b'a', 1", "b'\\q'", "b'a'+1", "b''.x()", "b'" + "(" * 999])
def test_a_python_text_is_read_as_bytes_or_refused(content: str) -> None:
    refusal(json.dumps({"Content": content}))


def test_very_many_answers_of_the_cli_are_read_at_once() -> None:
    content = base64.b64encode(b",".join([b"a"] * 300)).decode()
    answer = f"{content}\t2026-01-31T00:00:00+00:00\ttext/csv\n"
    started = time.process_time()
    assert len(unpack(NAME, answer.encode() * 8_000)) == 8_000
    assert time.process_time() - started < 10


def test_yaml_of_very_many_lines_is_read_at_once() -> None:
    letters = base64.b64encode(f"{HEADER}\n".encode() * 1_500).decode()
    lines = "".join(f"  {letter}\n" for letter in letters.rstrip("="))
    started = time.process_time()
    (report,) = unpack(NAME, f"Content: |\n{lines}".encode())
    assert report.text.count("\n") == 1_500
    assert time.process_time() - started < 10


def test_what_many_reports_share_is_looked_at_once() -> None:
    class Counted(tuple[str, ...]):
        __slots__ = ()
        looks = 0

        def __iter__(self) -> Iterator[str]:
            Counted.looks += 1
            return super().__iter__()

    text = "\n".join([HEADER, *(to_csv(root(f"{n:012d}")).split("\n")[1] for n in range(9))])
    reports = read_report(Stream(NAME, text.encode()))
    shared = replace(reports[0].users, accounts=Counted(reports[0].users.accounts))
    some = [replace(report, table=shared) for report in reports[1:]]
    assert len(join_tables(some)) == 8
    assert Counted.looks == 2


@pytest.mark.parametrize("mark", ["[", '{"a":'])
def test_deep_json_is_refused(mark: str) -> None:
    assert "JSON nested too deep" in refusal(mark * 200_000)


def test_a_pipe_is_named_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "report.csv"
    os.mkfifo(pipe)
    (problem,) = open_inputs([str(pipe)])
    assert "not a regular file" in str(problem)
    with pytest.raises(ValueError, match="not a regular file"):
        read_bounded(pipe)


def test_a_device_is_named_and_not_read() -> None:
    (problem,) = open_inputs(["/dev/zero"])
    assert "not a regular file" in str(problem)


def test_a_loop_of_directories_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text(to_csv(root()))
    (tmp_path / "again").symlink_to(tmp_path)
    found = list(open_inputs([str(tmp_path)]))
    assert [item.name for item in found if isinstance(item, Stream)] == ["report.csv"]
    assert [item.name for item in found if isinstance(item, Skipped)] == ["again"]


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    (problem,) = open_inputs([str(loop)])
    assert "Too many levels of symbolic links" in str(problem)


def test_a_file_that_vanishes_while_a_directory_is_searched_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(to_csv(root()))
    (tmp_path / "b.csv").write_text(to_csv(root()))
    items = open_inputs([str(tmp_path)])
    next(items)
    (tmp_path / "b.csv").unlink()
    (problem,) = items
    assert str(problem).startswith("b.csv: cannot be read: No such file or directory")


def test_a_file_over_the_limit_is_refused_and_no_more_of_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with path.open("wb") as file:
        file.truncate(10 * 1024**4)
    (problem,) = open_inputs([str(path)])
    assert "larger than 64 MiB" in str(problem)
    with pytest.raises(ValueError, match="larger than 64 MiB"):
        read_bounded(path)


def test_an_enormous_limit_takes_no_enormous_memory(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(to_csv(root(), user()))
    for limit in (10**13, 10**30):
        (item,) = open_inputs([str(path)], limit)
        assert isinstance(item, Stream)


def zipped(
    directory: Path, fill: Callable[[zipfile.ZipFile], None], name: str = "reports.zip"
) -> list[Problem]:
    """Make a zip and return what is wrong with it."""
    path = directory / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    return [item for item in open_inputs([str(path)]) if isinstance(item, Problem)]


def test_a_zip_that_unpacks_to_much_more_than_its_size_is_refused(tmp_path: Path) -> None:
    (problem,) = zipped(tmp_path, lambda archive: archive.writestr("a.csv", b"," * 9_000_000))
    assert "unpacks to more than 200 times its size" in str(problem)


def test_a_zip_of_too_many_files_is_refused(tmp_path: Path) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(MAX_MEMBERS + 1):
            archive.writestr(f"{number}.csv", b"")

    (problem,) = zipped(tmp_path, fill)
    assert "20001 files in one zip" in str(problem)


def test_a_zip_that_is_too_large_when_unpacked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_UNPACKED_BYTES", 10)
    (problem,) = zipped(tmp_path, lambda archive: archive.writestr("a.csv", b"0123456789A"))
    assert "GiB when all archives are unpacked" in str(problem)


def test_a_zip_in_a_zip_is_not_opened(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", to_csv(root()))
    (problem,) = zipped(tmp_path, lambda outer: outer.writestr("b.zip", inner.getvalue()))
    assert "an archive inside an archive" in str(problem)


def test_a_zip_whose_directory_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reports.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", to_csv(root(), *[user(f"u{n}") for n in range(50)]))
    data = path.read_bytes()
    size = zipfile.ZipFile(io.BytesIO(data)).infolist()[0].file_size
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (99).to_bytes(4, "little")))
    (problem,) = open_inputs([str(path)])
    assert "damaged inside the archive" in str(problem)


def test_the_names_of_deep_directories_are_kept_once() -> None:
    """Four megabytes are ten times the letters; each path from each directory up took forty."""
    paths = [f"{number}/{'/'.join(['x' * 40] * 98)}" for number in range(100)]
    folders = Folders()
    tracemalloc.start()
    try:
        for path in paths:
            folders.add(path, holds=False)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_what_a_directory_is_called_by_is_asked_once(tmp_path: Path) -> None:
    def asked(members: int) -> int:
        def fill(archive: zipfile.ZipFile) -> None:
            for number in range(members):
                archive.writestr(f"a/b/c/{number}.csv", to_csv(root(f"{number:012}")))

        zipped(tmp_path, fill, "2026-01-31.zip")
        return is_later.cache_info().misses

    is_later.cache_clear()
    once = asked(1)
    assert once
    is_later.cache_clear()
    assert asked(9) == once


def test_names_in_a_zip_are_never_paths(tmp_path: Path) -> None:
    path = tmp_path / "reports.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../up.csv", to_csv(root(), user()))
    before = sorted(tmp_path.parent.rglob("*"))
    assert len(read_reports(path, as_of="2026-01-31").reports) == 1
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_a_directory_that_cannot_be_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    (problem,) = open_inputs([str(tmp_path)])
    assert "cannot be read: Permission denied" in str(problem)


def test_a_file_that_has_nothing_to_give_yet_is_not_waited_for(tmp_path: Path) -> None:
    class Waiting(io.RawIOBase):
        """Calls itself a regular file, as the kernel's log does, and blocks or gives None."""

        def read(self, _: int = -1) -> None:
            return None

    assert read_all(Waiting()) == "not a regular file (a pipe, a socket or a device)"
    path = tmp_path / "a.csv"
    path.write_text("x")
    with open_regular(path) as file:
        assert os.get_blocking(file.fileno()) is False


def read_all(file: io.RawIOBase) -> str:
    with pytest.raises(ValueError, match="not a regular file") as caught:
        read_at_most(file, 10)  # type: ignore[arg-type]
    return str(caught.value).partition(";")[0]


def glued(size: int) -> str:
    """Return rows of ever new accounts, four hundred on each line."""
    line = to_csv(user("bob", "ACCOUNT")).split("\n")[1]
    rows = [line.replace("ACCOUNT", f"{number:012d}") for number in range(size // len(line))]
    lines = ["".join(rows[first : first + 400]) for first in range(0, len(rows), 400)]
    return "\n".join([HEADER, *lines])


COSTLY: dict[str, Callable[[int], str]] = {
    "blank cells": lambda size: "\n".join([HEADER, *(["u" + "," * 21] * (size // 23))]),
    "blank lines": lambda size: f"{HEADER}\n{chr(10) * size}{to_csv(user()).split(chr(10))[1]}",
    "blank rows": lambda size: "\n".join([HEADER, *(["," * 21] * (size // 22))]),
    "glued rows": glued,
    "Python text": lambda size: json.dumps({"Content": "b'a' " * (size // 5)}),
    "Python text of a list": lambda size: json.dumps({"Content": f"b'',{'[],' * (size // 3)}"}),
}
MOST_BYTES = 150  # of memory for each byte of input: a blank flag takes a line of JSON to report


@pytest.mark.parametrize("kind", COSTLY)
def test_memory_grows_with_the_input_and_no_faster(kind: str) -> None:
    def peak(size: int) -> int:
        stream = Stream(NAME, COSTLY[kind](size).encode())
        tracemalloc.start()
        try:
            inspect_batch([stream], Policy())
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1 << 12)  # what is imported and cached is no cost of the input
    once, twice = peak(1 << 15), peak(1 << 16)
    assert twice <= MOST_BYTES << 16
    assert twice < 2.5 * once


@pytest.mark.parametrize("kind", COSTLY)
def test_work_grows_with_the_input_and_no_faster(kind: str) -> None:
    def work(size: int) -> int:
        """Return how many lines of Python are executed, where loops would show."""
        stream = Stream(NAME, COSTLY[kind](size).encode())
        count = 0

        def trace(*_: object) -> object:
            nonlocal count
            count += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            inspect_batch([stream], Policy())
        finally:
            sys.settrace(before)
        return count

    work(1 << 12)
    assert work(1 << 14) < 2.5 * work(1 << 13) + 10_000


def memory_of_analyze(path: Path) -> int:
    """Return the most memory that `analyze` of the file takes at once, without other processes."""
    tracemalloc.start()
    try:
        analyze_inputs(
            [path], Asked(Policy()), pool=Pool(), progress=lambda _: nullcontext(lambda: None)
        )
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_analyze_holds_no_more_of_a_zip_however_many_files_are_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times the members take at most 1.25 times the memory: rows are few, and long."""
    for module in ("runs.analyze", "reports.selection"):
        monkeypatch.setattr(f"credreport.{module}.BATCH_BYTES", 1 << 20)
    notes = {f"note {number}": "noted" for number in range(900)}
    columns = (*COLUMNS, *notes)

    def peak(members: int) -> int:
        path = tmp_path / f"{members}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(members):
                account = f"{number:012d}"
                rows = [root(account), *[user(f"u{each:02d}", account) for each in range(40)]]
                noted = [row | notes for row in rows]
                archive.writestr(f"{account}/{NAME}", to_csv(*noted, columns=columns))
        return memory_of_analyze(path)

    peak(1)  # what is imported and cached is no cost of the members
    once = peak(6)
    assert once < 40 << 20
    assert peak(24) < 1.25 * once


def test_reports_of_two_files_that_alternate_cost_no_more_than_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The text of a column is taken from a file once, not once for each report in it."""
    texts = [
        "\n".join([HEADER, *(to_csv(user("bob", f"{each:012d}")).split("\n")[1] for each in ids)])
        for ids in (range(0, 40, 2), range(1, 40, 2))
    ]
    first, second = (read_report(Stream(NAME, text.encode())) for text in texts)
    table = join_tables([each for pair in zip(first, second, strict=True) for each in pair])
    assert len(table.stretches) == 40
    taken: list[Grid] = []
    take = Grid.texts

    def count(grid: Grid, place: int) -> list[str]:
        taken.append(grid)
        return take(grid, place)

    monkeypatch.setattr(Grid, "texts", count)
    accounts = [(text or "").split(":")[4] for text in table.texts("arn")]
    assert accounts == [f"{each:012d}" for each in range(40)]
    assert len(taken) == 2
    assert taken[0] is not taken[1]
