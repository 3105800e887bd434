"""All of it in one go: the same answers first, then times as ratios, written to docs/performance.md.

    python -m benchmarks.run [--quick]

Every command runs as a process of its own, on the processors it may use, in turn with the others;
what is told is the median of the rounds' ratios and how far they spread. A time by itself means
little: machines differ, and a busy one is slow for all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.processes import Measured, Spread, in_turn
from benchmarks.resave import FORMS

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
_OURS = "credreport"
_PEERS = {
    "DuckDB": "duckdb_sql",
    "DuckDB, format found out": "duckdb_sniffing",
    "polars": "polars_scan",
    "rows with dateutil": "rows_dateutil",
    "pandas script": "pandas_script",
}
_FAST = ("DuckDB", "DuckDB, format found out", "polars")
_USERS = 200


@dataclass(frozen=True)
class Sizes:
    """How much of everything: accounts of 200 users where nothing else is said.

    compared: how many dates, and accounts on each.
    """

    rounds: int
    rounds_of_small: int
    one_report: int
    sheet_rows: int
    small: int
    large: int
    wide: tuple[int, int]
    growth_small: tuple[int, ...]
    growth_large: tuple[int, ...]
    analyzed: tuple[int, int]
    compared: tuple[tuple[int, int], ...]


_FULL = Sizes(
    rounds=3,
    rounds_of_small=7,
    one_report=5000,
    sheet_rows=100_000,
    small=1000,
    large=10_000,
    wide=(400, 5000),
    growth_small=(50, 250, 1000),
    growth_large=(5000, 10_000),
    analyzed=(200, 1000),
    compared=((2, 1000), (12, 50)),
)
_QUICK = Sizes(
    rounds=1,
    rounds_of_small=3,
    one_report=50,
    sheet_rows=1000,
    small=20,
    large=40,
    wide=(4, 50),
    growth_small=(2, 4),
    growth_large=(8,),
    analyzed=(2, 4),
    compared=((2, 2), (3, 2)),
)


class Page:
    """docs/performance.md: the table of targets, then sections; each line is shown as it comes."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.sections: list[str] = []

    def target(
        self, what: str, bound: str, measured: Spread, most: float, least: float = 0
    ) -> None:
        """Add a line to the table of targets: met if the median is from `least` to `most`."""
        line = (
            f"| {what} | {bound} | {measured.median:.3g} | {_range(measured)} "
            f"| {_verdict(measured.median, least, most)} |"
        )
        self.targets.append(line)
        _show(line)

    def add(self, *lines: str) -> None:
        """Add lines to the sections."""
        self.sections += lines
        _show(*lines)

    def text(self) -> str:
        """Return the whole page."""
        head = ["| what | target | measured ratio | spread | |", "| --- | --- | --- | --- | --- |"]
        lines = [*_introduction(), "", "## Targets", "", *head, *self.targets, *self.sections]
        return "\n".join([*lines, "", *_REMARKS]) + "\n"


def _show(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _range(measured: Spread) -> str:
    if measured.rounds == 1:
        return "one run"
    return f"{measured.least:.3g}–{measured.most:.3g}"


def _verdict(value: float, least: float, most: float) -> str:
    if least <= value <= most:
        return "met"
    beyond = value / most - 1 if value > most else 1 - value / least
    return f"missed by {100 * beyond:.1f} %"


def ratio(one: Sequence[float], other: Sequence[float]) -> Spread:
    """Return how the first compares with the second, a ratio a round."""
    return Spread.of([mine / theirs for mine, theirs in zip(one, other, strict=True)])


def less(one: Measured, start: Measured) -> list[float]:
    """Return the seconds of every round less those of the start in the same round."""
    return [whole - part for whole, part in zip(one.seconds, start.seconds, strict=True)]


def once(value: float) -> Spread:
    """Return the spread of what was measured a single time."""
    return Spread.of([value])


def ours(directory: Path, workers: int) -> list[str]:
    """Return our command for the verdicts of a directory."""
    return [_script(), "inspect", "--json", "--workers", str(workers), str(directory)]


def peer(module: str, *arguments: object) -> list[str]:
    """Return the command of another."""
    return [sys.executable, "-m", f"benchmarks.peers.{module}", *map(str, arguments)]


def _script() -> str:
    return str(Path(sys.executable).with_name(_OURS))


def reports(scratch: Path, accounts: int, users: int = _USERS) -> Path:
    """Return a directory of so many reports, made unless it is there."""
    directory = scratch / f"{accounts}x{users}"
    if not directory.exists():
        # As a process of its own: pages of numpy that this one has too would count half in the others.
        size = ["--accounts", str(accounts), "--users", str(users)]
        subprocess.run([sys.executable, "-m", "benchmarks.generate", directory, *size], check=True)
    return directory


def read_answer(name: str, output: Path) -> set[tuple[str, ...]]:
    """Return the unused credentials that a command printed: account, user, credential."""
    if name.startswith(_OURS):
        rows = json.loads(output.read_bytes())["unused"]
        return {(row["account_id"], row["user"], row["credential"]) for row in rows}
    return {tuple(line.split("\t")) for line in output.read_text(encoding="utf-8").splitlines()}


def assert_same_answers(names: Sequence[str], scratch: Path) -> int:
    """Raise unless all commands found the same credentials; return how many."""
    first, *others = (read_answer(name, scratch / f"{name}.out") for name in names)
    for name, other in zip(names[1:], others, strict=True):
        if other != first:
            raise SystemExit(f"{name} found other credentials than {names[0]}")
    return len(first)


def measure(scratch: Path, page: Page, sizes: Sizes) -> None:
    """Measure everything and write it down."""
    _measure_start(scratch, page, sizes)
    _measure_one_report(scratch, page, sizes)
    _measure_sheet(scratch, page, sizes)
    page.add("", "## Verdicts, in turn with others", "")
    page.add("Wall time relative to DuckDB that was told the columns, and memory.")
    _measure_verdicts(scratch, page, (sizes.small, _USERS), sizes.rounds, _Bounds(1, 0.7, _PEERS))
    found = _measure_verdicts(
        scratch, page, (sizes.large, _USERS), sizes.rounds, _Bounds(2, 0.4, _FAST)
    )
    _judge_memory(page, f"{sizes.large * _USERS:,} rows, 2 cores", found[_OURS].memory)
    _measure_verdicts(scratch, page, sizes.wide, sizes.rounds, _Bounds(2, 1.1, _FAST))
    _measure_growth(scratch, page, sizes)
    _measure_forms(scratch, page, sizes)
    _measure_tables(scratch, page, sizes)
    _measure_analyze(scratch, page, sizes)
    _measure_compare(scratch, page, sizes)


def _measure_start(scratch: Path, page: Page, sizes: Sizes) -> None:
    commands = {
        "help": [_script(), "--help"],
        "version": [_script(), "--version"],
        "typer": [sys.executable, "-c", "import typer"],
    }
    found = in_turn(commands, 1, sizes.rounds_of_small, scratch)
    for name in ("help", "version"):
        measured = ratio(found[name].seconds, found["typer"].seconds)
        page.target(f"`--{name}`, one core", "≤ 3 × `import typer`", measured, 3)


def _measure_one_report(scratch: Path, page: Page, sizes: Sizes) -> None:
    (report,) = reports(scratch, 1, sizes.one_report).glob("*.csv")
    evidence = scratch / "evidence"
    evidence.mkdir(exist_ok=True)
    commands = {
        "ours": [_script(), "analyze", str(report), "-o", str(scratch / "ours"), "--force", "-q"],
        "usual": peer("usual_workbook", report, evidence),
    }
    found = in_turn(commands, 2, sizes.rounds, scratch)
    words = f"one report of {sizes.one_report:,} users, workbook and pictures, 2 cores"
    measured = ratio(found["ours"].seconds, found["usual"].seconds)
    page.target(words, "≤ 0.6 × the usual script", measured, 0.6)
    (small,) = reports(scratch, 1, 30).glob("*.csv")
    commands = {
        "ours": [_script(), "analyze", str(small), "-o", str(scratch / "small"), "--force", "-q"],
        "imports": [sys.executable, "-c", "import pandas, openpyxl, matplotlib.figure"],
    }
    found = in_turn(commands, 2, sizes.rounds_of_small, scratch)
    measured = ratio(found["ours"].seconds, found["imports"].seconds)
    words = "one report of 30 users, workbook and pictures, 2 cores"
    page.target(words, "≤ 1.5 × importing pandas, openpyxl, matplotlib", measured, 1.5)


def _measure_sheet(scratch: Path, page: Page, sizes: Sizes) -> None:
    names = ("ours", "pandas", "xlsxwriter")
    commands = {
        f"{name} {rows}": peer("workbook_rows", name, rows, scratch / f"{name}.xlsx")
        for rows in (1, sizes.sheet_rows)
        for name in names
    }
    found = in_turn(commands, 1, sizes.rounds, scratch)
    full = {name: found[f"{name} {sizes.sheet_rows}"] for name in names}
    start = {name: found[f"{name} 1"] for name in names}
    seconds = {name: less(full[name], start[name]) for name in names}
    memory = {name: full[name].memory - start[name].memory for name in names}
    words = f"a sheet of {sizes.sheet_rows:,} flagged rows × 14 columns, less the start"
    beside_pandas = ratio(seconds["ours"], seconds["pandas"])
    page.target(f"{words}: time", "≤ 0.12 × `to_excel`", beside_pandas, 0.12)
    beside_writer = ratio(seconds["ours"], seconds["xlsxwriter"])
    page.target(f"{words}: time", "≤ 1 × XlsxWriter", beside_writer, 1)
    less_memory = once(memory["ours"] / memory["pandas"])
    page.target(f"{words}: memory", "≤ 0.25 × `to_excel`", less_memory, 0.25)


@dataclass(frozen=True)
class _Bounds:
    """On how many processors, at most how much of DuckDB's time, beside whom."""

    cores: int
    most: float
    peers: Collection[str]


def _measure_verdicts(
    scratch: Path, page: Page, size: tuple[int, int], rounds: int, bounds: _Bounds
) -> dict[str, Measured]:
    """Measure the verdicts of so many reports, by us and by the peers; return what was found."""
    directory, cores = reports(scratch, *size), bounds.cores
    commands = {_OURS: ours(directory, cores)}
    commands |= {name: peer(_PEERS[name], directory, cores) for name in bounds.peers}
    found = in_turn(commands, cores, rounds, scratch)
    count = assert_same_answers(list(commands), scratch)
    beside = {name: ratio(found[_OURS].seconds, found[name].seconds) for name in bounds.peers}
    words = f"{size[0]:,} × {size[1]:,} users, {_cores(cores)}"
    for name in ("DuckDB", "DuckDB, format found out"):
        page.target(f"verdicts, {words}", f"≤ {bounds.most} × {name}", beside[name], bounds.most)
    if "rows with dateutil" in beside:
        rows = beside["rows with dateutil"]
        page.target(f"verdicts, {words}", "≤ 1/15 × rows with dateutil", rows, 1 / 15)
    page.add("", f"{words}; the same {count:,} credentials found by all:", "")
    page.add("| | time | spread | memory |", "| --- | --- | --- | --- |")
    for name, measured in found.items():
        time = ratio(measured.seconds, found["DuckDB"].seconds)
        page.add(f"| {name} | {time.median:.2f} | {_range(time)} | {measured.memory:.0f} MiB |")
    return found


def _judge_memory(page: Page, words: str, memory: float) -> None:
    page.target(f"peak memory at {words}", "≤ 400 MiB", once(memory / 400), 1)


def _cores(number: int) -> str:
    return "one core" if number == 1 else f"{number} cores"


def _measure_growth(scratch: Path, page: Page, sizes: Sizes) -> None:
    found = {
        **grow(scratch, lambda each: ours(each, 1), sizes.growth_small, 1, sizes.rounds_of_small),
        **grow(scratch, lambda each: ours(each, 1), sizes.growth_large, 1, sizes.rounds),
    }
    rows = list(found)
    times = relative(found, rows[-1])
    _judge_growth(page, times)
    largest, middle = found[rows[-1]].memory, found[sizes.growth_small[-1] * _USERS].memory
    words = f"{rows[-1]:,} rows, one core"
    _judge_memory(page, words, largest)
    bound = f"≤ 1.3 × at {sizes.growth_small[-1] * _USERS:,} rows"
    page.target(f"peak memory at {words}", bound, once(largest / middle), 1.3)
    page.add("", "## Growth, one core", "")
    page.add("Time per row relative to the largest, less the start: the very same command on one")
    page.add("report of one user, in turn with the others.", "")
    page.add("| rows | time per row | spread | memory | |", "| --- | --- | --- | --- | --- |")
    for each, time in times.items():
        memory = f"{found[each].memory:.0f} MiB"
        page.add(f"| {each:,} | {time.median:.2f} | {_range(time)} | {memory} | {_note(time)} |")


def _judge_growth(page: Page, times: dict[int, Spread]) -> None:
    """Add the target of the size whose time per row is farthest from that of the largest."""
    rows = list(times)
    farthest = max(rows, key=lambda each: abs(times[each].median - 1))
    words = f"time per row from {rows[0]:,} to {rows[-1]:,} rows, one core; farthest: {farthest:,}"
    page.target(words, "within ± 20 % of the largest", times[farthest], most=1.2, least=0.8)


def _note(time: Spread) -> str:
    return "less than the noise" if time.median < time.most - time.least else ""


def _measure_forms(scratch: Path, page: Page, sizes: Sizes) -> None:
    """Measure the verdicts of the same reports in each form that people hold."""
    plain = reports(scratch, sizes.small)
    commands = {"plain": ours(plain, 1)}
    for form in FORMS:
        saved = scratch / f"{sizes.small} {form}"
        if not saved.exists():
            again = [sys.executable, "-m", "benchmarks.resave", plain, saved, form]
            subprocess.run(again, check=True)
        commands[form] = ours(saved, 1)
    found = in_turn(commands, 1, sizes.rounds, scratch)
    for form in FORMS:
        measured = ratio(found[form].seconds, found["plain"].seconds)
        words = f"verdicts, {sizes.small:,} × {_USERS} users, saved {form}, one core"
        page.target(words, "≤ 1.3 × AWS's own bytes", measured, 1.3)


def _measure_tables(scratch: Path, page: Page, sizes: Sizes) -> None:
    """Measure the whole population as CSV beside the verdicts alone."""
    directory = reports(scratch, sizes.small)
    options = ["--format", "csv", "--force", "-q", "-o", str(scratch / "csv")]
    commands = {
        "analyze": [_script(), "analyze", str(directory), *options],
        "inspect": ours(directory, 2),
    }
    found = in_turn(commands, 2, sizes.rounds, scratch)
    measured = ratio(found["analyze"].seconds, found["inspect"].seconds)
    words = f"`analyze --format csv`, {sizes.small:,} × {_USERS} users, 2 cores"
    page.target(words, "≤ 3 × `inspect --json`", measured, 3)


def _measure_compare(scratch: Path, page: Page, sizes: Sizes) -> None:
    """Measure compare: how long beside reading its dates, and how much memory."""
    page.add("", "## `compare`, workbook and pictures", "")
    page.add("Time relative to `inspect --json` of the same files, both on 2 cores.", "")
    page.add("| dates × accounts × users | time | spread | memory |", "| --- | --- | --- | --- |")
    for dates, accounts in sizes.compared:
        tree = scratch / f"{dates} dates of {accounts}"
        for number in range(dates):
            if not (day := tree / f"{number:02d}").exists():
                size = ["--accounts", str(accounts), "--users", str(_USERS)]
                later = ["--months-later", str(number)]
                made = [sys.executable, "-m", "benchmarks.generate", day, *size, *later]
                subprocess.run(made, check=True)
        days = sorted(map(str, tree.iterdir()))
        options = ["--format", "xlsx,png", "--force", "-q", "-o", str(scratch / "compared")]
        commands = {
            "compare": [_script(), "compare", *days, *options],
            "inspect": ours(tree, 2),
        }
        found = in_turn(commands, 2, sizes.rounds, scratch)
        time = ratio(found["compare"].seconds, found["inspect"].seconds)
        page.add(
            f"| {dates} × {accounts:,} × {_USERS} | {time.median:.1f} | {_range(time)} "
            f"| {found['compare'].memory:.0f} MiB |"
        )


def _measure_analyze(scratch: Path, page: Page, sizes: Sizes) -> None:
    page.add("", "## `analyze`, workbook and pictures", "")
    page.add(
        "Time per row, less the start as above, and memory relative to the smaller size with as"
    )
    page.add("many processes on as many cores.", "")
    page.add("| accounts × users | processes | time per row | spread | memory | relative |")
    page.add("| --- | --- | --- | --- | --- | --- |")
    for workers in (1, 2):
        _analyze_with(workers, scratch, page, sizes)


def _analyze_with(workers: int, scratch: Path, page: Page, sizes: Sizes) -> None:
    options = ["--format", "xlsx,png", "--workers", str(workers), "--force", "-q"]
    options += ["-o", str(scratch / "ours")]
    found = grow(
        scratch,
        lambda each: [_script(), "analyze", str(each), *options],
        sizes.analyzed,
        workers,
        sizes.rounds,
    )
    first = next(iter(found))
    for rows, time in relative(found, first).items():
        memory = found[rows].memory
        page.add(
            f"| {rows // _USERS:,} × {_USERS} | {workers} | {time.median:.2f} | {_range(time)} "
            f"| {memory:.0f} MiB | {memory / found[first].memory:.2f} |"
        )


@dataclass(frozen=True)
class Grown:
    """What a row costs, less the start: seconds, one of every round; and the memory of all in MiB."""

    per_row: list[float]
    memory: float


def grow(
    scratch: Path,
    command: Callable[[Path], list[str]],
    accounts: Sequence[int],
    cores: int,
    rounds: int,
) -> dict[int, Grown]:
    """Run a command on so many reports of 200 users, and on one of one user: its start.

    Returns what was found for each number of rows.
    """
    commands = {f"{_OURS} {each}": command(reports(scratch, each)) for each in accounts}
    commands["start"] = command(reports(scratch, 1, users=1))
    found = in_turn(commands, cores, rounds, scratch)
    grown = {}
    for each in accounts:
        measured, rows = found[f"{_OURS} {each}"], each * _USERS
        per_row = [seconds / rows for seconds in less(measured, found["start"])]
        grown[rows] = Grown(per_row, measured.memory)
    return grown


def relative(found: Mapping[int, Grown], unit: int) -> dict[int, Spread]:
    """Return the time per row of each size relative to the median of one of them."""
    one = Spread.of(found[unit].per_row).median
    return {
        rows: Spread.of([seconds / one for seconds in grown.per_row])
        for rows, grown in found.items()
    }


def _introduction() -> list[str]:
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "pandas", "duckdb", "polars", "XlsxWriter")
    )
    return [
        "# Performance",
        "",
        *_LARGE_RUNS,
        "",
        "## What was measured, beside others that do the same",
        "",
        "`make bench` writes this page. Reports are made by `benchmarks/generate.py` (a seed gives the",
        "same ones), the others are in `benchmarks/peers/`. Each command runs as a whole process in turn",
        "with the others; all must find the same credentials before any time is told. Every figure is",
        "the median of the ratios of the rounds, every spread the least and the most of them. Memory is",
        "the largest sum over a command and its children, pages they share divided among them, looked at",
        "every 20 milliseconds in a run whose time does not count. Our time includes what the others",
        "leave out: the shape of every row is checked, every input hashed, every warning told.",
        "",
        f"Measured with credreport {version('credreport')}, {os.cpu_count()} processors, Python {platform.python_version()}, {libraries}.",
    ]


_LARGE_RUNS = """
## Large runs

`analyze` works in batches. From 100,000 credentials on (some 20,000 users) it keeps only what is flagged in
memory, and tables too long for a sheet are written as CSV beside the workbook. `inspect` only counts.

```sh
credreport inspect --json sample_reports/ > verdicts.json              # every unused credential
credreport analyze sample_reports/ --workers 4                         # the default is one process per processor
credreport analyze sample_reports/ --cluster tcp://127.0.0.1:8786      # on your own Dask cluster
```

A cluster needs the extra `cluster` (`pip install -e '.[cluster]'`) and a file system that all workers share: they
read the same paths, and have the same credreport. The evidence is the same to the byte, however many workers there are.

Small runs use a second process as well: it imports matplotlib and draws the pictures while the reports are read
and judged. With one processor, or `--workers 1`, there is none.
""".strip("\n").splitlines()


_REMARKS = """
## What is missed, and why

- The workbook of one large report: ours has a row for every credential (25,000 rows of 19 columns,
  5,000 users, findings, remedies) and two pictures, the script's a row a user and one. What is written
  is read back and counted before it is put in place. Done: the pictures are drawn in another process
  meanwhile (it was 1.2 times the script before), heights from different texts, texts written once, less
  packing. Not done: the rows of the longest sheet written in the other process too.
- Verdicts beside DuckDB that was told the columns: its peer was made as fast as we could, one scan and
  its own writing; as most people call it, it finds out the format, which takes it half as long again
  or twice as long. Of our time for 1,000 reports a third is the start of the program. A row takes 1.3
  microseconds of numpy in a large report (it was 2.2), a file as much as a hundred rows: it is found,
  opened, hashed, its name read, its verdicts tied out. A fifth of all is what the others leave out:
  hashes, warnings, the order of the rows. Kept: words of eight bytes instead of texts, dates by
  arithmetic, one piece of memory for all batches, counts in arrays, no pydantic at the start. Tried
  without gain: batches of other sizes, other ways to gather. The start of the workers, half a second,
  weighs most where the whole takes less than two. In turn with 0.1.0 the one way of reading, which is
  as fast on re-saved reports and also looks for second headers, blank names and contradictions, takes
  about a third longer than the way for AWS's own bytes that it replaced.
- Fifteen times as fast as rows with dateutil: it is ten to thirteen, for the same start of the program.
- The whole population as CSV: a million rows of text are made, and every file is read twice, once to
  choose the reports and once to judge them, so that memory stays flat. Done: equal cells are put into
  words once, only what a format asks for is written. Not done: rows straight from the typed arrays.
- The first report: most of the time goes into imports of pandas, matplotlib and openpyxl, the first two
  of them at the same time in two processes.
- Base64 and JSON: the text is decoded and made bytes once more before it is read.
- Growth of memory: it is what is known of each report, some two kilobytes of each of ten thousand (names,
  two hashes, counts, warnings, places), on a start that is so small that this shows. No table of users is
  kept.
""".strip("\n").splitlines()


def main() -> None:
    """Measure, and write the page unless it is only a trial."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing written")
    parser.add_argument("--scratch", type=Path, help="keep the generated reports here")
    options = parser.parse_args()
    page = Page()
    with tempfile.TemporaryDirectory() as scratch:
        kept: Path = options.scratch or Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        measure(kept, page, _QUICK if options.quick else _FULL)
    if not options.quick:
        PAGE.write_text(page.text(), encoding="utf-8")


if __name__ == "__main__":
    main()
