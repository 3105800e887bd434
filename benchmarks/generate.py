"""Credential reports of any size, by chance but for a seed: as AWS would have written them.

    python -m benchmarks.generate DIRECTORY --accounts 1000 --users 200 --seed 1 [--months-later 1]

About one active credential in five was not used for 90 days, some never; second keys and signing
certificates are rare. Dates are in order (created, set, used), none lies after the as-of.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

AS_OF = np.datetime64("2026-09-30T12:00:00", "s")
HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
_DAY = 86_400
_ON = re.compile("(?<=,)true(?=,)")
_FIRST = (
    "ana",
    "ben",
    "chen",
    "dora",
    "eli",
    "fatma",
    "goran",
    "hana",
    "ivan",
    "jun",
    "kofi",
    "lena",
)
_LAST = ("adler", "brandt", "costa", "diaz", "ek", "fox", "gupta", "horn", "ito", "jansen", "kim")
_TASKS = ("backup", "billing", "ci", "deploy", "export", "logs", "metrics", "scanner", "sync")
_PATHS = ("/", "/", "/", "/people/", "/service/", "/division/finance/")
_REGIONS = ("us-east-1", "eu-central-1", "eu-west-1", "ap-southeast-2", "N/A")
_SERVICES = ("s3", "ec2", "iam", "sts", "dynamodb", "lambda", "ecr", "cloudwatch")
Texts = npt.NDArray[np.str_]


class _Chance:
    """Columns of so many users, drawn from one generator; dates in one of AWS's two spellings."""

    def __init__(self, generator: np.random.Generator, users: int, zone: str) -> None:
        self.generator = generator
        self.users = users
        self.zone = zone

    def happens(self, share: float) -> npt.NDArray[np.bool_]:
        return self.generator.random(self.users) < share

    def choose(self, words: tuple[str, ...]) -> Texts:
        return np.array(words)[self.generator.integers(len(words), size=self.users)]

    def ages(self, least: npt.ArrayLike, most: npt.ArrayLike) -> npt.NDArray[np.int64]:
        return self.generator.integers(np.asarray(least), np.asarray(most) + 1, size=self.users)

    def used_ages(self, since: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return ages of a last use, most of them young, none before the credential was set."""
        days = np.exp(self.generator.normal(np.log(14), 1.6, size=self.users))
        return np.minimum((days * _DAY).astype("i8") + self.ages(60, _DAY), since)

    def dates(self, ages: npt.NDArray[np.int64]) -> Texts:
        texts = np.datetime_as_string(AS_OF - ages.astype("m8[s]"), unit="s")
        return np.char.add(texts, self.zone)


def make_report(account: str, users: int, seed: int) -> str:
    """Return one report of an account with so many users beside root; the same for the same seed."""
    generator = np.random.default_rng([seed, int(account)])
    chance = _Chance(generator, users, "Z" if generator.random() < 0.5 else "+00:00")
    names = _names(chance)
    paths = chance.choose(_PATHS)
    arns = [
        f"arn:aws:iam::{account}:user{path}{name}" for path, name in zip(paths, names, strict=True)
    ]
    created = chance.ages(30 * _DAY, 2_500 * _DAY)
    columns: list[object] = [names, arns, chance.dates(created)]
    columns += _password(chance, created)
    columns += _key(chance, created, 0.55, 0.85) + _key(chance, created, 0.08, 0.6)
    columns += [*_certificate(chance, created, 0.01), ["false"] * users, ["N/A"] * users]
    rows = [",".join(row) for row in zip(*columns, strict=True)]
    return "\n".join([HEADER, _root(account, chance), *rows])


def _names(chance: _Chance) -> list[str]:
    """Return names in AWS's order: people, and programs with a number."""
    people = np.char.add(np.char.add(chance.choose(_FIRST), "."), chance.choose(_LAST))
    programs = np.char.add("svc-", chance.choose(_TASKS))
    names = np.where(chance.happens(0.6), people, programs)
    numbered = np.char.add(np.char.add(names, "-"), np.arange(chance.users).astype(str))
    return sorted(numbered.tolist())


def _root(account: str, chance: _Chance) -> str:
    created, used = (
        str(date) for date in chance.dates(np.full(chance.users, 3_000 * _DAY))[:1].tolist() * 2
    )
    arn = f"arn:aws:iam::{account}:root"
    cells = ["<root_account>", arn, created, "true", used, created, "not_supported", "true"]
    key = ["false", "N/A", "N/A", "N/A", "N/A"]
    return ",".join([*cells, *key, *key, "false", "N/A", "false", "N/A"])


def _password(chance: _Chance, created: npt.NDArray[np.int64]) -> list[Texts]:
    has, never = chance.happens(0.6), chance.happens(0.06)
    changed = chance.ages(20 * _DAY, created)
    used = np.where(never, "no_information", chance.dates(chance.used_ages(changed)))
    return [
        np.where(has, "true", "false"),
        np.where(has, used, "N/A"),
        np.where(has, chance.dates(changed), "N/A"),
        np.full(chance.users, "N/A"),
        np.where(has & chance.happens(0.8), "true", "false"),
    ]


def _key(
    chance: _Chance, created: npt.NDArray[np.int64], share: float, active: float
) -> list[Texts]:
    has = chance.happens(share)
    used = has & ~chance.happens(0.12)
    rotated = chance.ages(20 * _DAY, created)
    return [
        np.where(has & chance.happens(active), "true", "false"),
        np.where(has, chance.dates(rotated), "N/A"),
        np.where(used, chance.dates(chance.used_ages(rotated)), "N/A"),
        np.where(used, chance.choose(_REGIONS), "N/A"),
        np.where(used, chance.choose(_SERVICES), "N/A"),
    ]


def _certificate(chance: _Chance, created: npt.NDArray[np.int64], share: float) -> list[Texts]:
    has = chance.happens(share)
    return [
        np.where(has & chance.happens(0.3), "true", "false"),
        np.where(has, chance.dates(chance.ages(20 * _DAY, created)), "N/A"),
    ]


def make_later(report: str, months: int) -> str:
    """Return the report of so many months later: each month another tenth is switched off."""
    header, root, *rows = report.split("\n")
    for number, row in enumerate(rows):
        if number % 10 < months:
            rows[number] = _ON.sub("false", row)
    return "\n".join([header, root, *rows])


def generate(directory: Path, accounts: int, users: int, seed: int, months_later: int = 0) -> None:
    """Write one report an account into the directory, each named as the console names it."""
    directory.mkdir(parents=True, exist_ok=True)
    day = (AS_OF + np.timedelta64(30 * months_later, "D")).astype("M8[D]")
    for number in range(accounts):
        account = f"{100_000_000_000 + number * 7_919:012d}"
        # The console's names differ by their time only; the account keeps them apart here.
        path = directory / f"{account}_status_reports_{day}T12-00-00+00-00.csv"
        report = make_later(make_report(account, users, seed), months_later)
        path.write_text(report, encoding="ascii")


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--months-later", type=int, default=0)
    options = parser.parse_args()
    generate(options.directory, options.accounts, options.users, options.seed, options.months_later)


if __name__ == "__main__":
    main()
