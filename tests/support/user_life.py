"""An independent model of user life, to check what `compare` says of every finding.

`python -m tests.support.user_life --seed 1 --count 50`. From a seed, accounts and users are drawn and
live between two or three dates. The model knows what happened, and judges it by the rules as they are
specified, written once more in plain Python: it reads no report and calls no rule of the package.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from credreport.comparison.comparison import compare_all
from credreport.reports.selection import read_reports
from credreport.rules.option_file import OptionFile
from credreport.rules.policy import load_policy
from credreport.rules.waivers import Waiver, Waivers
from credreport.verdicts.assessment import assess
from tests.support.reports import root, save, user

UNUSED_AFTER = {"all": 90, "cis-5.0": 45}
CIS_5 = (
    "unused-password", "unused-access-key", "unrotated-access-key", "console-without-mfa",
    "setup-access-key", "two-active-access-keys", "root-access-key", "root-without-mfa",
    "root-recently-used",
)  # fmt: skip
NAMES = ("amy", "Bo", "cy", "=1+1", "NA", "null", "007", "dee", "Eli", "svc-1", "svc-2", "fay,g")
PATHS = ("/", "/staff/", "/staff/it/")
DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)
_TELLING_AGES = (7, 8, 45, 90, 91)

# What a rule says of something: true, false, or None where the report does not settle it.
Answer = bool | None
# The user as it can be followed, what of the user, and the rule.
About = tuple[object, object, str]
# Account, ARN, credential, rule and state, as the table of changes shows them.
Told = tuple[str, str, str, str, str]


@dataclass
class Key:
    """An access key; `made` is the only thing by which two reports know it."""

    slot: int
    made: datetime
    used: datetime | None = None
    is_active: bool = True


@dataclass
class Person:
    """A user, or root, as it is at a moment; `number` is its true identity, whatever its name."""

    number: int
    name: str
    path: str
    created: datetime
    is_root: bool = False
    has_mfa: bool = False
    password_set: datetime | None = None
    password_used: datetime | None = None
    keys: list[Key] = field(default_factory=list)
    certificate: datetime | None = None
    is_certificate_active: bool = False


@dataclass
class Account:
    """An account, those who live in it, and how its reports look.

    `expiry` is the age at which its passwords expire, if they do; before mid 2024 reports (`is_old`)
    said less of root.
    """

    number: str
    people: list[Person]
    is_old: bool
    expiry: int | None


@dataclass(frozen=True)
class Seen:
    """What a report shows of a person on a date; `lost` names the cells that cannot be read."""

    person: Person
    lost: frozenset[str]

    @property
    def has_mfa(self) -> Answer:
        """Whether MFA is on, as far as the report says."""
        return None if "mfa_active" in self.lost else self.person.has_mfa


@dataclass(frozen=True)
class Report:
    """What an account's report of a date shows."""

    account: Account
    as_of: datetime
    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class World:
    """By date, the report of each account that has one; the waivers; how often each event came."""

    dates: tuple[Mapping[str, Report], ...]
    waivers: tuple[Waiver, ...]
    events: Counter[str]


def draw_world(seed: int) -> World:
    """Draw accounts and users, let them live, and write down what each report shows."""
    chance = Random(seed)
    as_ofs = [datetime(2026, 3, 31, 6, tzinfo=UTC) + timedelta(hours=chance.randrange(200))]
    for _ in range(chance.choice((1, 2))):
        as_ofs.append(as_ofs[-1] + timedelta(days=chance.choice((9, 46, 91)), seconds=17))
    life = _Life(chance, as_ofs)
    accounts = [life.found_account(f"{seed:09d}{number:03d}") for number in (1, 2, 3)]
    dates: list[dict[str, Report]] = []
    for turn, as_of in enumerate(as_ofs):
        if turn:
            for account in accounts:
                life.live(account, as_ofs[turn - 1], as_of)
        reports = {}
        for place, account in enumerate(accounts):
            if place and chance.random() < 0.2:
                life.events["account missing on a date"] += 1
            else:
                reports[account.number] = life.report(account, as_of)
        dates.append(reports)
    waivers = tuple(life.draw_waiver(accounts) for _ in range(3))
    return World(tuple(dates), waivers, life.events)


class _Life:
    """What can happen, drawn by chance; no two things of one world happen in the same second."""

    def __init__(self, chance: Random, as_ofs: Sequence[datetime]) -> None:
        self.chance, self.as_ofs = chance, as_ofs
        self.events: Counter[str] = Counter()
        self.taken: set[datetime] = set()
        self.count = 0

    def instant(self, start: datetime, end: datetime) -> datetime:
        """Draw a second from `start` to `end`, often one at a threshold of some date."""
        found = start + SECOND * self.chance.randrange(max(1, int((end - start) / SECOND)))
        if self.chance.random() < 0.6:
            age = self.chance.choice(_TELLING_AGES) * DAY - SECOND * self.chance.choice((0, 1, -1))
            telling = self.chance.choice(self.as_ofs) - age
            found = telling if start <= telling < end else found
        while found in self.taken:
            found -= SECOND
        self.taken.add(found)
        return found

    def found_account(self, number: str) -> Account:
        chance = self.chance
        account = Account(number, [], chance.random() < 0.3, chance.choice((None, 60, 90)))
        early = self.as_ofs[0] - 400 * DAY
        self._join(account, "<root_account>", early, is_root=True)
        for name in chance.sample(NAMES, 6):
            self._join(account, name, self.instant(early, self.as_ofs[0] - 200 * DAY))
        twins = account.people[-3:]
        for twin in twins[1:]:
            if chance.random() < 0.6:
                twin.created = twins[0].created
                self.events["users of one second"] += 1
        self.live(account, self.as_ofs[0] - 200 * DAY, self.as_ofs[0], events=50)
        return account

    def _join(
        self, account: Account, name: str, created: datetime, *, is_root: bool = False
    ) -> None:
        self.count += 1
        person = Person(self.count, name, self.chance.choice(PATHS), created, is_root=is_root)
        if is_root:
            person.password_set = created
            person.has_mfa = self.chance.random() < 0.5
        account.people.append(person)

    def live(self, account: Account, start: datetime, end: datetime, events: int = 22) -> None:
        """Let so many things happen in the account, in the order of time."""
        for moment in sorted(self.instant(start, end) for _ in range(events)):
            person = self.chance.choice(account.people)
            deeds = _ROOT_DEEDS if person.is_root else _DEEDS
            deed = self.chance.choices(list(deeds), [weight for weight, _ in deeds.values()])[0]
            if deeds[deed][1](self, account, person, moment):
                self.events[deed] += 1

    def report(self, account: Account, as_of: datetime) -> Report:
        """Show the account as it is; now and then root's row, or a cell, is lost."""
        seen = []
        for person in sorted(account.people, key=lambda one: (not one.is_root, one.name.lower())):
            if person.is_root and self.chance.random() < 0.1:
                self.events["root's row missing"] += 1
                continue
            lost = set()
            if self.chance.random() < 0.08:
                lost.add("mfa_active")
            if not person.is_root and self.chance.random() < 0.06 and person.password_set:
                lost.add("password_last_used")
            if not person.is_root and self.chance.random() < 0.06 and person.keys:
                lost.add(f"access_key_{self.chance.choice(person.keys).slot}_last_used_date")
            self.events["cell that cannot be read"] += len(lost)
            copy = replace(person, keys=[replace(key) for key in person.keys])
            seen.append(Seen(copy, frozenset(lost)))
        return Report(account, as_of, tuple(seen))

    def draw_waiver(self, accounts: Sequence[Account]) -> Waiver:
        chance = self.chance
        starts, ends = (
            chance.choice(self.as_ofs).date() + timedelta(days=chance.randint(-1, 1))
            for _ in range(2)
        )
        self.count += 1
        return Waiver(
            f"W{self.count}", "agreed", "someone", min(starts, ends), max(starts, ends),
            account=chance.choice(accounts).number,
            user=chance.choice(("", "", "*", *NAMES)),
            rule=chance.choice(("", "unused-access-key", "console-without-mfa", "old-password")),
        )  # fmt: skip

    # Each deed answers whether it could be done.

    def toggle_mfa(self, _: Account, person: Person, __: datetime) -> bool:
        person.has_mfa = not person.has_mfa
        return True

    def set_password(self, _: Account, person: Person, moment: datetime) -> bool:
        person.password_set = moment
        return True

    def use_password(self, _: Account, person: Person, moment: datetime) -> bool:
        if person.password_set:
            person.password_used = moment
        return person.password_set is not None

    def remove_console(self, _: Account, person: Person, __: datetime) -> bool:
        had = person.password_set is not None
        person.password_set = person.password_used = None
        return had

    def make_key(self, _: Account, person: Person, moment: datetime) -> bool:
        free = {1, 2} - {key.slot for key in person.keys}
        if free:
            person.keys.append(Key(self.chance.choice(sorted(free)), moment))
        return bool(free)

    def use_key(self, _: Account, person: Person, moment: datetime) -> bool:
        active = [key for key in person.keys if key.is_active]
        if active:
            self.chance.choice(active).used = moment
        return bool(active)

    def toggle_key(self, _: Account, person: Person, __: datetime) -> bool:
        if person.keys:
            key = self.chance.choice(person.keys)
            key.is_active = not key.is_active
        return bool(person.keys)

    def delete_key(self, _: Account, person: Person, __: datetime) -> bool:
        if person.keys:
            person.keys.remove(self.chance.choice(person.keys))
            self._move_slots(person)
        return bool(person.keys)

    def rotate_key(self, _: Account, person: Person, moment: datetime) -> bool:
        if person.keys:
            old = self.chance.choice(person.keys)
            person.keys.remove(old)
            person.keys.append(Key(old.slot, moment))
            self._move_slots(person)
            return True
        return False

    def _move_slots(self, person: Person) -> None:
        if self.chance.random() < 0.5 and person.keys:
            for key in person.keys:
                key.slot = 3 - key.slot
            self.events["key slots moved"] += 1

    def rename(self, account: Account, person: Person, __: datetime) -> bool:
        taken = {other.name.lower() for other in account.people}
        person.name = self.chance.choice(
            [f"new-{self.count}-{n}" for n in range(9) if f"new-{self.count}-{n}" not in taken]
        )
        self.count += 1
        return True

    def move(self, _: Account, person: Person, __: datetime) -> bool:
        person.path = self.chance.choice([path for path in PATHS if path != person.path])
        return True

    def delete(self, account: Account, person: Person, __: datetime) -> bool:
        account.people.remove(person)
        return True

    def recreate(self, account: Account, person: Person, moment: datetime) -> bool:
        account.people.remove(person)
        self._join(account, person.name, moment)
        account.people[-1].path = person.path
        return True

    def create(self, account: Account, _: Person, moment: datetime) -> bool:
        self._join(account, f"late-{self.count}", moment)
        return True

    def change_certificate(self, _: Account, person: Person, moment: datetime) -> bool:
        person.certificate = person.certificate or moment
        person.is_certificate_active = not person.is_certificate_active
        return True


_Deeds = dict[str, tuple[int, Callable[[_Life, Account, Person, datetime], bool]]]
_DEEDS: _Deeds = {
    "MFA set or unset": (4, _Life.toggle_mfa),
    "password set or reset": (6, _Life.set_password),
    "password used": (8, _Life.use_password),
    "console access removed": (2, _Life.remove_console),
    "key made": (8, _Life.make_key),
    "key used": (8, _Life.use_key),
    "key deactivated or reactivated": (3, _Life.toggle_key),
    "key deleted": (2, _Life.delete_key),
    "key rotated": (3, _Life.rotate_key),
    "user renamed": (2, _Life.rename),
    "user moved": (2, _Life.move),
    "user deleted": (1, _Life.delete),
    "user re-created": (1, _Life.recreate),
    "user created": (1, _Life.create),
    "certificate uploaded or switched": (1, _Life.change_certificate),
}
_ROOT_DEEDS: _Deeds = {
    "root MFA set or unset": (3, _Life.toggle_mfa),
    "root password used": (2, _Life.use_password),
    "root password set": (1, _Life.set_password),
    "root key made": (4, _Life.make_key),
    "root key used": (3, _Life.use_key),
    "root key switched": (1, _Life.toggle_key),
    "root key deleted": (2, _Life.delete_key),
}


def to_rows(report: Report) -> list[dict[str, str]]:
    """Write what is seen as the rows of a credential report."""
    account = report.account

    def when(moment: datetime | None, otherwise: str = "N/A") -> str:
        spelling = "%Y-%m-%dT%H:%M:%S" + ("+00:00" if account.is_old else "Z")
        return moment.strftime(spelling) if moment else otherwise

    rows = []
    for seen in report.seen:
        person = seen.person
        cells = {
            "user_creation_time": when(person.created),
            "mfa_active": str(person.has_mfa).lower(),
        }
        if person.password_set:
            expires = person.password_set + account.expiry * DAY if account.expiry else None
            cells |= {
                "password_enabled": "true",
                "password_last_used": when(person.password_used, "no_information"),
                "password_last_changed": when(person.password_set),
                "password_next_rotation": when(expires),
            }
        if person.is_root:
            hidden = ("password_enabled", "password_last_changed") if account.is_old else ()
            cells |= dict.fromkeys((*hidden, "password_next_rotation"), "not_supported")
        for key in person.keys:
            slot = f"access_key_{key.slot}_"
            cells |= {
                f"{slot}active": str(key.is_active).lower(),
                f"{slot}last_rotated": when(key.made),
                f"{slot}last_used_date": when(key.used),
                f"{slot}last_used_service": "s3" if key.used else "N/A",
            }
        if person.certificate:
            cells["cert_1_active"] = str(person.is_certificate_active).lower()
            cells["cert_1_last_rotated"] = when(person.certificate)
        cells |= dict.fromkeys(seen.lost, "?")
        if person.is_root:
            rows.append(root(account.number, **cells))
        else:
            rows.append(
                user(person.name, account.number, arn=_to_arn(account.number, person), **cells)
            )
    return rows


def _to_arn(account: str, person: Person) -> str:
    if person.is_root:
        return f"arn:aws:iam::{account}:root"
    return f"arn:aws:iam::{account}:user{person.path}{person.name}"


# The rules, of spec "Rules, profiles" and "Verdicts".


def _all_of(*answers: Answer) -> Answer:
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


def judge(seen: Seen, report: Report, unused_after: int) -> Iterator[tuple[object, str, Answer]]:
    """Answer every rule about a person: what of it (a password, a key, the whole), rule, answer."""
    person, as_of = seen.person, report.as_of
    has_password = person.password_set is not None
    active = [key for key in person.keys if key.is_active]

    def days(moment: datetime) -> int:
        return (as_of - moment) // DAY

    stale: list[Answer] = []
    if person.password_set and not person.is_root:
        is_read = "password_last_used" not in seen.lost
        last = person.password_used or person.password_set
        is_unused = as_of - last >= unused_after * DAY if is_read else None
        stale.append(is_unused)
        yield "password", "unused-password", is_unused
        never = person.password_used is None if is_read else None
        is_past = days(person.password_set) >= 7
        yield "password", "never-used-password", None if never is None else never and is_past
    if person.password_set and not (person.is_root and report.account.is_old):
        is_old = days(person.password_set) > 90
        yield "password", "old-password", is_old
        yield "password", "old-single-factor-password", _all_of(_not(seen.has_mfa), is_old)
        if report.account.expiry and not person.is_root:
            left = (person.password_set + report.account.expiry * DAY - as_of) // DAY
            yield "password", "expiring-password", left <= 7
    for key in active:
        yield key.made, "unrotated-access-key", days(key.made) > 90
        if person.is_root:
            continue
        is_read = f"access_key_{key.slot}_last_used_date" not in seen.lost
        is_unused = as_of - (key.used or key.made) >= unused_after * DAY if is_read else None
        stale.append(is_unused)
        yield key.made, "unused-access-key", is_unused
        never = key.used is None if is_read else None
        is_past = days(key.made) >= 7
        yield key.made, "never-used-access-key", None if never is None else never and is_past
        yield key.made, "setup-access-key", _all_of(has_password, never)
    if person.certificate and person.is_certificate_active:
        yield "certificate", "active-signing-certificate", True
        stale.append(False)
    if person.is_root:
        yield "whole", "root-access-key", bool(active)
        has_way_in = has_password or bool(active)
        yield "whole", "root-without-mfa", _all_of(has_way_in, _not(seen.has_mfa))
        uses = [use for use in (person.password_used, *(key.used for key in person.keys)) if use]
        yield "whole", "root-recently-used", bool(uses) and days(max(uses)) <= 7
        return
    has_any = has_password or bool(active) or person.is_certificate_active
    yield "whole", "console-without-mfa", _all_of(has_password, _not(seen.has_mfa))
    yield "whole", "user-without-mfa", _all_of(has_any, _not(seen.has_mfa))
    yield "whole", "two-active-access-keys", len(active) == 2
    yield "whole", "password-and-access-key", has_password and bool(active)
    yield "whole", "inactive-user", bool(stale) and _all_of(*stale)
    yield "whole", "user-without-credentials", not has_any


# Who is who, of spec "Identity".


def follow(reports: Sequence[Report]) -> list[dict[int, object]]:
    """Return, by report of an account, the name under which each person can be followed.

    A person keeps it while its ARN stays; where it changed, as far as creation time and keys tell.
    """
    labels: list[dict[int, object]] = []
    for turn, report in enumerate(reports):
        here = {seen.person.number: seen.person for seen in report.seen}
        if not turn:
            labels.append({number: number for number in here})
            continue
        there = {seen.person.number: seen.person for seen in reports[turn - 1].seen}
        told: dict[int, object] = {}
        gone, new = dict(there), dict(here)
        for number in set(there) & set(here):
            if _is_same_name(there[number], here[number]):
                told[number] = labels[-1][number]
                del gone[number], new[number]
        for number, person in new.items():
            rivals = [other for other in gone.values() if other.created == person.created]
            equals = [other for other in new.values() if other.created == person.created]
            if _is_known_again(person, rivals, equals):
                told[number] = labels[-1][number]
            else:
                told[number] = (number, turn) if rivals else number
        labels.append(told)
    return labels


def _is_same_name(one: Person, other: Person) -> bool:
    return one.is_root or (one.path + one.name).lower() == (other.path + other.name).lower()


def _is_known_again(person: Person, gone: Sequence[Person], new: Sequence[Person]) -> bool:
    """Whether `person` is one of the gone for sure: by its keys, or as the last one of each side."""
    by_keys = {
        late.number
        for late in new
        for old in gone
        if old.number == late.number
        and {key.made for key in old.keys} & {key.made for key in late.keys}
    }
    left_gone = [old for old in gone if old.number not in by_keys]
    left_new = [late for late in new if late.number not in by_keys]
    return person.number in by_keys or len(left_gone) == len(left_new) == 1


def _find_doubtful(
    ends: tuple[Report, Report], labels: tuple[dict[int, object], dict[int, object]]
) -> set[object]:
    """Return who may be somebody else of the other side: users of one creation time, not told apart."""
    loose: list[dict[object, datetime]] = []
    sides = ((ends[0], labels[0], labels[1]), (ends[1], labels[1], labels[0]))
    for report, mine, others in sides:
        loose.append(
            {
                mine[seen.person.number]: seen.person.created
                for seen in report.seen
                if not seen.person.is_root and mine[seen.person.number] not in others.values()
            }
        )
    both = set(loose[0].values()) & set(loose[1].values())
    return {who for side in loose for who, created in side.items() if created in both}


def expect(world: World, profile: str) -> Counter[Told]:
    """Say what becomes of every finding of the first date and of each account's newest report."""
    expected: Counter[Told] = Counter()
    newest = len(world.dates) - 1
    for account in sorted({number for reports in world.dates for number in reports}):
        days = [day for day, reports in enumerate(world.dates) if account in reports]
        reports = [world.dates[day][account] for day in days]
        labels = follow(reports)
        first = (reports[0], labels[0]) if days[0] == 0 else None
        last = (reports[-1], labels[-1]) if days[-1] > 0 else None
        before, after = (_judge_all(side, profile) for side in (first, last))
        doubtful: set[object] = set()
        lacks_root = lost_root = False
        if first and last:
            doubtful = _find_doubtful((first[0], last[0]), (first[1], last[1]))
            had_root, has_root = (
                any(seen.person.is_root for seen in report.seen) for report, _ in (first, last)
            )
            lacks_root, lost_root = not has_root, had_root and not has_root
        for about in sorted({*before, *after}, key=str):
            was, was_shown = before.get(about, (False, None))
            now, shown = after.get(about, (False, None))
            if not (was or now):
                continue
            is_root = bool((shown or was_shown or ("", "", ""))[0].endswith(":root"))
            is_unsure = about[0] in doubtful or (is_root and lacks_root)
            # A report that lost its root row may be a part: it says nothing of whom else it lacks.
            is_unsure |= lost_root and last is not None and about[0] not in last[1].values()
            is_past = days[-1] < newest and (now is not False or is_unsure)
            if last is None or is_past:
                state = "not_covered"
            elif is_unsure:
                state = "undetermined"
            elif now and _is_waived(world.waivers, last[0], shown, about[2]):
                state = "waived"
            elif now:
                state = "still_open" if was else "new"
            else:
                state = "undetermined" if now is None else "closed"
            arn, credential, _ = _to_shown(about, last) or shown or was_shown or ("", "", "")
            expected[account, arn, credential, about[2], state] += 1
    return expected


_Side = tuple[Report, dict[int, object]] | None
_Shown = tuple[str, str, str]


def _judge_all(side: _Side, profile: str) -> dict[About, tuple[Answer, _Shown | None]]:
    """Return the answer to each rule about each thing, and where it is shown: ARN, credential, name."""
    answers: dict[About, tuple[Answer, _Shown | None]] = {}
    if side is None:
        return answers
    report, labels = side
    for seen in report.seen:
        who = labels[seen.person.number]
        for what, rule, answer in judge(seen, report, UNUSED_AFTER[profile]):
            if profile == "all" or rule in CIS_5:
                about = (who, what, rule)
                answers[about] = answer, _to_shown(about, side)
    return answers


def _to_shown(about: About, side: _Side) -> _Shown | None:
    """Return ARN, credential and name that the report has for it; None where it has none."""
    if side is None:
        return None
    report, labels = side
    for seen in report.seen:
        person = seen.person
        if labels[person.number] != about[0]:
            continue
        slots = {key.made: f"access_key_{key.slot}" for key in person.keys}
        words = {
            "password": "password" if person.password_set else "",
            "certificate": "cert_1" if person.certificate else "",
            "whole": "root" if person.is_root else "user",
        }
        what = about[1]
        credential = words.get(what, "") if isinstance(what, str) else slots.get(what, "")  # type: ignore[call-overload]
        if credential:
            return _to_arn(report.account.number, person), credential, person.name
    return None


def _is_waived(waivers: Sequence[Waiver], report: Report, shown: _Shown | None, rule: str) -> bool:
    day: date = report.as_of.date()
    return shown is not None and any(
        waiver.account == report.account.number
        and waiver.user in ("", "*", shown[2])
        and waiver.rule in ("", rule)
        and waiver.approved_on <= day <= waiver.expires
        for waiver in waivers
    )


def ask_compare(worlds: Sequence[World], directory: Path, profile: str) -> Counter[Told]:
    """Write the reports, compare them with the package, and return what its table says.

    Worlds of equally many dates share one comparison: their accounts are different ones.
    """
    policy = load_policy(None, profile=profile, unused_after_days=None, include_root=False)
    agreed = tuple(waiver for world in worlds for waiver in world.waivers)
    waivers = Waivers(agreed, OptionFile("waivers.toml", "0" * 64, 1))
    dates = []
    for day in range(len(worlds[0].dates)):
        for world in worlds:
            for number, report in world.dates[day].items():
                name = f"{day}/a-{number}/{report.as_of:%Y-%m-%dT%H-%M-%SZ}.csv"
                save(directory, *to_rows(report), name=name)
        dates.append(assess(read_reports(directory / str(day)), policy, waivers))
    table = compare_all(dates).changes
    found = table[table["state"].ne("")]
    columns = [found[name] for name in ("account_id", "arn", "credential", "rule", "state")]
    return Counter(zip(*columns, strict=True))


def find_differences(seeds: Sequence[int], profile: str) -> tuple[list[str], Counter[str]]:
    """Return every finding of which model and package say different things, and the states.

    An account's number begins with the seed of its world.
    """
    worlds = [draw_world(seed) for seed in seeds]
    expected: Counter[Told] = Counter()
    told: Counter[Told] = Counter()
    for count in (2, 3):
        alike = [world for world in worlds if len(world.dates) == count]
        for world in alike:
            expected += expect(world, profile)
        if alike:
            with tempfile.TemporaryDirectory() as directory:
                told += ask_compare(alike, Path(directory), profile)
    lines = [f"only the model: {', '.join(one)}" for one in sorted((expected - told).elements())]
    lines += [f"only compare: {', '.join(one)}" for one in sorted((told - expected).elements())]
    states: Counter[str] = Counter()
    for (_, _, _, rule, state), number in expected.items():
        states[f"{rule} {state}"] += number
    return lines, states


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.count)
    events: Counter[str] = Counter()
    for seed in seeds:
        events += draw_world(seed).events
    states: Counter[str] = Counter()
    differences = 0
    for profile in UNUSED_AFTER:
        lines, found = find_differences(seeds, profile)
        states += found
        differences += len(lines)
        sys.stdout.writelines(f"{profile}: {line}\n" for line in lines)
    for counts in (events, states):
        for word, number in sorted(counts.items()):
            sys.stdout.write(f"{number:7}  {word}\n")
    sys.stdout.write(
        f"seeds {seeds[0]} to {seeds[-1]}: "
        f"{sum(states.values())} findings, {differences} differences\n"
    )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
