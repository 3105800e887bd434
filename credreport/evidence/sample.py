"""A sample to test by hand, drawn so that anybody can draw it again with sha256sum and sort."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from credreport.errors import UsageError
from credreport.schema import SAMPLE, SampleOf, Status

_USER = "user"


POPULATIONS = {
    SampleOf.ALL: "credentials that exist, of any status",
    SampleOf.CURRENT: "active credentials judged current",
    SampleOf.UNUSED: "active credentials judged unused",
    SampleOf.USERS: "rows of the reports: users, and root",
}


@dataclass(frozen=True)
class Sampling:
    """How many rows to draw, the text that decides which, and from what."""

    size: int
    seed: str
    of: SampleOf = SampleOf.CURRENT


@dataclass(frozen=True)
class Sample:
    """The rows drawn, with the columns of SAMPLE, and how many there were to draw from."""

    sampling: Sampling
    population: int
    rows: pd.DataFrame

    @property
    def sentence(self) -> str:
        """What was drawn from what, and that there was no more to draw where that is so."""
        size, seed = self.sampling.size, self.sampling.seed
        words = f"{len(self.rows):,} of {self.population:,} {POPULATIONS[self.sampling.of]}"
        if self.population < size:
            words += f" (all there are: {size:,} were asked for)"
        return f"{words}, seed {seed!r}"

    @property
    def parameters(self) -> dict[str, object]:
        """What is needed to draw it again, for the manifest."""
        sampling = self.sampling
        return {
            "size": sampling.size,
            "seed": sampling.seed,
            "of": sampling.of.value,
            "population": self.population,
        }


def to_sampling(size: int | None, seed: str | None, of: SampleOf | None) -> Sampling | None:
    """Return what --sample, --seed and --sample-of ask for; None where they do not.

    Raises UsageError where one is given without another that it needs.
    """
    if size is None:
        if seed is not None or of is not None:
            option = "--seed" if seed is not None else "--sample-of"
            raise UsageError(f"{option} without --sample N: say how many rows to draw")
        return None
    if not seed or not seed.isprintable():
        message = (
            "--sample needs --seed TEXT, printable and not empty: the text that decides which rows "
            "are drawn, such as the ticket's number"
        )
        raise UsageError(message)
    return Sampling(size, seed, of or SampleOf.CURRENT)


def draw(sampling: Sampling, users: pd.DataFrame, credentials: pd.DataFrame) -> Sample:
    """Return the sample: the rows whose hash of `seed|arn|credential` is lowest.

    A row without ARN counts as `account/user` instead. Rows with the same hash, such as two rows
    with one ARN, are in the order of file and line.
    """
    rows = _population(sampling.of, users, credentials)
    known = rows["arn"].fillna("")
    owner = known.mask(known.eq(""), rows["account_id"] + "/" + rows["user"])
    texts = (sampling.seed + "|" + owner + "|" + rows["credential"]).tolist()
    hashes = [
        hashlib.sha256(each.encode("utf-8", "backslashreplace")).hexdigest() for each in texts
    ]
    ranked = rows.assign(
        arn=known.astype("str"),
        ranked_text=pd.Series(texts, index=rows.index, dtype="str"),
        sha256=pd.Series(hashes, index=rows.index, dtype="str"),
    )
    return Sample(sampling, len(rows), _first(ranked, sampling.size))


def join_samples(samples: Sequence[Sample]) -> Sample:
    """Return the sample of several parts of a population, from the sample of each part."""
    rows = pd.concat([each.rows for each in samples], ignore_index=True)
    sampling = samples[0].sampling
    population = sum(each.population for each in samples)
    return Sample(sampling, population, _first(rows, sampling.size))


def _population(of: SampleOf, users: pd.DataFrame, credentials: pd.DataFrame) -> pd.DataFrame:
    if of is SampleOf.USERS:
        return users.assign(
            credential=_USER,
            status=users["conclusion"],
            age_days=users["days_since"],
            effective_last_used=users["most_recent_use"],
            basis="",
        ).astype({"credential": "str", "basis": "str"})
    if of is SampleOf.ALL:
        return credentials[credentials["status"].ne(Status.ABSENT)]
    return credentials[credentials["status"].eq(Status(of.value))]


def _first(ranked: pd.DataFrame, size: int) -> pd.DataFrame:
    ordered = ranked.sort_values(
        ["sha256", "source_file", "source_line"], kind="stable", ignore_index=True
    ).head(size)
    return ordered.assign(number=range(1, len(ordered) + 1))[[*SAMPLE]].copy()


def sample_method(sample: Sample | None) -> list[tuple[str, str]]:
    """Return what the sheet Method says about the sample."""
    if sample is None:
        return []
    text = (
        f"Drawn: {sample.sentence}. For each row of the population, take the text seed|ARN|credential "
        "(in place of an ARN that is missing: account/user; of a user as a whole, the credential is "
        f"{_USER}), without a line end, in UTF-8, and its SHA-256; the rows with the lowest are the "
        "sample, in this order. Rows with the same text are in the order of file and line. By hand: "
        "printf %s 'seed|ARN|credential' | sha256sum for each row, then sort. The ranked text and "
        "its hash are at the end of each row of the sheet Sample; the framed yellow cells are for the "
        "results."
    )
    return [("Sample", text)]
