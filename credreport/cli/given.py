"""What the options ask for, as the objects of the other packages: nothing is decided here."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from credreport.cli.screen import Screen
from credreport.errors import InputRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from credreport.comparison.comparison import Comparison
    from credreport.decisions.decision import Decisions
    from credreport.evidence.evidence import SignOff
    from credreport.evidence.sample import Sampling
    from credreport.masking.pseudonyms import Masker
    from credreport.output.pictures import Options
    from credreport.rules.accounts import AccountList
    from credreport.rules.option_file import Configuration, OptionFile
    from credreport.rules.policy import Policy
    from credreport.rules.waivers import Waivers
    from credreport.runs.pool import Pool
    from credreport.schema import SampleOf, SplitBy
    from credreport.verdicts.assessment import Assessment


def policy(
    unused_after: int | None,
    profile: str | None = None,
    path: Path | None = None,
    *,
    include_root: bool,
) -> Policy:
    """Return the policy of --policy, --profile, --unused-after and --include-root."""
    from credreport.rules.policy import load_policy

    return load_policy(
        path, profile=profile, unused_after_days=unused_after, include_root=include_root
    )


def waivers(path: Path | None) -> Waivers:
    """Return the waivers of the file; none without one."""
    from credreport.rules.waivers import Waivers, load_waivers

    return Waivers() if path is None else load_waivers(path)


def names(*paths: Path | None) -> list[str]:
    """Return the names of the files that options name, those that are given."""
    return [str(path) for path in paths if path is not None]


def used_otherwise(*files: OptionFile | None) -> AbstractContextManager[None]:
    """Return what has the files of options taken for no inputs."""
    from credreport.reports.inputs import UsedOtherwise, used_otherwise

    return used_otherwise(
        [UsedOtherwise(file.name, file.size, file.sha256) for file in files if file]
    )


def expect_users(assessment: Assessment, expected: int | None) -> None:
    """Refuse reports that lost or gained rows, which nothing in a file can show."""
    found = assessment.iam_user_count
    if expected is not None and found != expected:
        message = (
            f"--expect-users {expected}, but the reports contain {found} IAM users (root not counted): rows "
            "were cut off or added, or a report is missing. Download the reports again"
        )
        raise UsageError(message)


def accounts(path: Path | None, masker: Masker | None = None) -> AccountList:
    """Return the accounts that should have a report; none without a list."""
    from credreport.rules.accounts import AccountList, read_accounts

    found = AccountList() if path is None else read_accounts(path)
    if masker is None:
        return found
    from credreport.masking.judged import mask_accounts

    return mask_accounts(found, masker)


def decisions(path: Path | None, masker: Masker | None = None) -> Decisions | None:
    """Return the decisions in the workbook of --carry-from; None without one."""
    if path is None:
        return None
    from credreport.decisions.decision import OPTION
    from credreport.decisions.workbook import read_decisions

    found = read_decisions(path)
    if masker is None:
        if any(each.is_masked for each in found):
            message = f"{OPTION} {path}: masked, so its decisions are about nobody in these inputs"
            raise UsageError(f"{message}; add --mask and the --mask-key that it was made with")
        return found
    from credreport.masking.judged import mask_decisions

    if any(each.is_masked and masker.is_of_another_key(each.user) for each in found):
        message = f"{OPTION} {path}: masked with another key"
        raise UsageError(f"{message}; give the --mask-key that it was made with")
    return mask_decisions(found, masker)


def tables_as_csv(formats: Sequence[str]) -> tuple[str, ...]:
    """Return the tables of the population that become CSV where they are too long for a sheet."""
    if "xlsx" in formats:
        return ("users", "credentials")
    return ("credentials",) if "csv" in formats else ()


def check_split(
    split_by: SplitBy | None, accounts: AccountList, *, formats: Sequence[str], has_baseline: bool
) -> None:
    """Refuse --split-by where there is nothing to split by, or no workbook to split."""
    if split_by is None:
        return
    if "xlsx" not in formats:
        raise UsageError("--split-by makes workbooks: add xlsx to --format")
    if has_baseline:
        raise UsageError("--split-by and --baseline: give only one of the two")
    if split_by.value == "owner" and accounts.file is None:
        message = (
            "--split-by owner needs --accounts FILE, the list that says who owns which account"
        )
        raise UsageError(message)
    if split_by.value == "owner" and not any(each.owner for each in accounts.accounts):
        message = "--split-by owner: no account of --accounts has an owner; expected a column owner"
        raise UsageError(message)


def sampling(size: int | None, seed: str | None, of: SampleOf | None) -> Sampling | None:
    """Return what --sample, --seed and --sample-of ask for; None without them."""
    if size is None and seed is None and of is None:
        return None
    from credreport.evidence.sample import to_sampling

    return to_sampling(size, seed, of)


def masker(
    *, mask: bool, key: Path | None, formats: Sequence[str], output: Path, inputs: Iterable[str]
) -> Masker | None:
    """Return what makes the pseudonyms of --mask, None without; creates a missing key."""
    if not mask:
        if key is not None:
            raise UsageError("--mask-key without --mask: add --mask")
        return None
    if key is None:
        message = (
            "--mask needs --mask-key FILE: the key of the pseudonyms, created if it is missing"
        )
        raise UsageError(message)
    if "sh" in formats:
        raise UsageError(
            "--mask: a script with pseudonyms could act on nobody; leave sh out of --format"
        )
    from credreport.masking.key import read_or_make_key
    from credreport.masking.pseudonyms import Masker

    return Masker(read_or_make_key(key, output, inputs))


def configuration(found: Configuration | None, masker: Masker | None) -> Configuration | None:
    """Return what the configuration file decided, with pseudonyms where they are asked for."""
    if masker is None:
        return found
    from credreport.masking.judged import mask_configuration

    return mask_configuration(found, masker)


def sign_off(control: str, prepared_by: str, ticket: str, masker: Masker | None) -> SignOff:
    """Return the block for the ticket, with pseudonyms where they are asked for."""
    from credreport.evidence.evidence import SignOff

    given = SignOff(control=control, prepared_by=prepared_by, ticket=ticket)
    if masker is None:
        return given
    from credreport.masking.judged import mask_sign_off

    return mask_sign_off(given, masker)


def as_of(text: str | None) -> datetime | str | None:
    """Return the instant, or the word, that --as-of gives."""
    from credreport.reports.selection import parse_as_of

    return None if text is None else parse_as_of(text)


def max_bytes(mebibytes: int) -> int:
    """Return the size of --max-file-size."""
    return mebibytes * 1024 * 1024


def progress(
    screen: Screen, inputs: Sequence[str]
) -> AbstractContextManager[Callable[[], None] | None]:
    """Return a progress bar over the files of the inputs."""
    from credreport.reports.inputs import count_inputs

    return screen.progress(lambda: count_inputs(inputs))


def compare_baseline(
    baseline: Path,
    assessment: Assessment,
    waivers: Waivers,
    screen: Screen,
    most: int,
    *,
    keep_going: bool,
    finish: Callable[[Assessment], Assessment],
) -> Comparison:
    """Judge the baseline by the same policy and waivers, at its own stamps, and compare.

    `finish` is done with both before they are compared; files of more than `most` bytes are refused.
    """
    from credreport.comparison.comparison import compare
    from credreport.reports.selection import is_older, read_reports
    from credreport.verdicts.assessment import assess

    with progress(screen, [str(baseline)]) as advance, _dated_by_itself():
        older = read_reports(
            [baseline],
            keep_going=keep_going,
            max_bytes=most,
            progress=advance,
            taken=[report.source.name for report in assessment.reports],
        )
    judged = finish(assess(older, assessment.policy, waivers))
    assessment = finish(assessment)
    comparison = compare(judged, assessment)
    # An --as-of, the instant of judging, would hide which report is older.
    before = {each.account_key: each for each in judged.reports}
    pairs = [(before.get(each.account_key, each), each) for each in assessment.reports]
    if comparison.newest is not assessment or any(is_older(new, old) for old, new in pairs):
        message = f"--baseline {baseline}: it is newer than the reports to judge; name an older one"
        raise UsageError(message)
    for old, new in pairs:
        if old.stamp and new.stamp and old.digest != new.digest and not is_older(old, new):
            message = (
                f"--baseline {baseline}: no stamp says whether {old.source.name!r} is older than "
                f"{new.source.name!r}; give both the names the console gave them, or name an older one"
            )
            raise UsageError(message)
    return comparison


@contextmanager
def _dated_by_itself() -> Iterator[None]:
    """Refuse reports without a date in other words: --as-of is not for the baseline."""
    from credreport.reports.selection import DATE_IT

    try:
        yield
    except InputRefused as error:
        own = "Put the time of the download into the name as in `report_YYYY-MM-DD.csv`: `--as-of` does not date a baseline"
        problems = [
            replace(each, remedy=own) if each.remedy == DATE_IT else each for each in error.problems
        ]
        raise InputRefused(problems, has_others=error.has_others) from None


@contextmanager
def options(
    formats: Collection[str], workers: int | None = None, *, csv_raw: bool
) -> Iterator[Options]:
    """Yield how to write, with an artist that gets ready while this process reads and judges.

    Importing matplotlib takes as long as judging a small report, so that is done in a process of
    its own, unless it is imported already, there is one processor, or one worker was asked for.
    """
    from credreport.output.charts import get_ready
    from credreport.output.formats import WITH_PICTURES
    from credreport.output.pictures import Artist, Options
    from credreport.runs.processes import Processes, available_processors

    is_alone = workers == 1 or available_processors() == 1 or "matplotlib" in sys.modules
    if is_alone or not WITH_PICTURES.keys() & set(formats):
        yield Options(csv_raw)
        return
    with Processes(1, falls_back=False) as executor:
        executor.submit(get_ready)
        yield Options(csv_raw, Artist(executor))


def pool(workers: int | None, cluster: str | None) -> Pool:
    """Return what judges the batches: a cluster, or the processes of this machine."""
    if cluster is not None:
        from credreport.runs.cluster import on_cluster

        if workers is not None:
            raise UsageError("--workers and --cluster: give only one of the two")
        return on_cluster(cluster)
    from credreport.runs.processes import available_processors, in_processes

    return in_processes(available_processors() if workers is None else workers)
