"""The command: run so many trials, print the tables of counts, and what must not be."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import tests.support.damage as package
from tests.support.damage.registry import KINDS
from tests.support.damage.trials import OUTCOMES, Result, make_trial, run


def table_of(title: str, counts: Mapping[str, Counter[str]]) -> Iterator[str]:
    """Yield a table of how many trials ended how."""
    yield f"{title:46}" + "".join(f"{name:>11}" for name in ("damages", *OUTCOMES))
    for name, ends in counts.items():
        numbers = [ends.total(), *(ends[outcome] for outcome in OUTCOMES)]
        yield f"{name:46}" + "".join(f"{number:>11}" for number in numbers)


def lines_of(result: Result) -> Iterator[str]:
    """Yield the tables by kind and by container."""
    by_kind = {name: result.by_kind[name] for name in KINDS if name in result.by_kind}
    yield from table_of("kind", by_kind)
    yield ""
    containers = dict(sorted(result.by_container.items()))
    yield from table_of("saved as", {**containers, "total": result.total()})


def run_parallel(seed: int, count: int, workers: int) -> Result:
    """Spread the trials over processes: the counts are the same for any number of them."""
    whole = Result()
    size = -(-count // max(workers * 8, 1))
    starts = range(0, count, size)
    sizes = [min(size, count - start) for start in starts]
    with ProcessPoolExecutor(workers) as pool:
        for part in pool.map(partial(run, seed), starts, sizes):
            whole.merge(part)
    return whole


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=(package.__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--show", type=int, metavar="NUMBER", help="print one trial and its end")
    options = parser.parse_args()
    if options.show is not None:
        trial = make_trial(options.seed, options.show)
        result = run(options.seed, options.show, 1)
        say(f"{trial.kind.name}, {trial.container.name}")
        for part in (*trial.texts, repr(trial.data), result.total(), *result.bad):
            say(f"{part}\n")
        return 0
    started = time.process_time()
    result = run_parallel(options.seed, options.count, options.workers)
    say("\n".join(lines_of(result)))
    for number, why in sorted(result.bad)[:40]:
        say(f"--seed {options.seed} --show {number}: {why}")
    children = time.process_time() - started
    say(f"seed {options.seed}, {options.count} damages, {children:.0f} s")
    return 1 if result.bad else 0


if __name__ == "__main__":
    sys.exit(main())
