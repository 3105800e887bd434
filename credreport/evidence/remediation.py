"""What to do about a finding: the commands, ready to paste, and the script that runs them.

The source rule's two cases: deactivate (later delete) an access key, delete a login profile. The
report has no key IDs, so a key is found by its owner and the second it was made. The script itself
is `remediate.sh` beside this module; here it gets its findings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING

import pandas as pd

from credreport.reports.normalise import to_rows, to_texts
from credreport.reports.stamp import GENERATED_TIME, SERVED_FOR, first_second
from credreport.rules.accounts import Account
from credreport.rules.catalogue import RULES
from credreport.rules.rule import Subject
from credreport.rules.waivers import OPEN, WAIVED
from credreport.schema import SLOT_WORDS, Kind
from credreport.verdicts.findings import ALIKE, TWIN
from credreport.verdicts.remedies import to_targets
from credreport.verdicts.tally import shown_account, shown_credential

if TYPE_CHECKING:
    from credreport.reports.report import Report
    from credreport.verdicts.assessment import Assessment

KEY_PLACE = "ID_FROM_STEP_1"
NEVER = "never"
_ROOT_STEP = "Root has no IAM command: sign in as root"
_ROOT_CONSOLE = "Account menu > Security credentials (signed in as root)"
_ADDRESS = re.compile(r"[A-Za-z]+://")
_NO_NAME_STEP = "No IAM user can have this name: find out whose it is"
_SCRIPT = resources.files("credreport.evidence") / "remediate.sh"
_VERDICT_LINE = "# VERDICT\n"
_FINDINGS_LINE = "    # FINDINGS\n"
_PLAIN_OPTION = re.compile(r"--user-name=[A-Za-z0-9_.@+-][A-Za-z0-9_.,@+-]*")
_TIMES = ("created_at", "as_of", "set_at", "last_used")
_COLUMNS = (
    *("finding_id", "account_id", "user", "credential"),
    *("check", "step_1", "step_2", "console"),
)


@dataclass(frozen=True)
class Steps:
    """What to check first, the two commands, and where to click instead."""

    check: str
    first: str
    second: str
    console: str


def steps_for(kind: str, user: str, made: str) -> Steps:
    """Return how to switch off one credential of a user.

    `made` is the second in which an access key was made, `YYYY-MM-DDTHH:MM:SS`, or empty.
    """
    option = _user_option(user)
    where = f"IAM > Users > {user} > Security credentials"
    if kind == Kind.PASSWORD:
        return Steps(
            check="",
            first=f"aws iam get-user {option} "
            "--query 'User.[Arn,CreateDate,PasswordLastUsed]' --output text",
            second=f"aws iam delete-login-profile {option}",
            console=f"{where} > Console sign-in > Manage console access > Disable",
        )
    return Steps(
        check="",
        first=f'aws iam list-access-keys {option} --query "{key_query(made)}.AccessKeyId" --output text',
        second=f"aws iam update-access-key {option} --access-key-id={KEY_PLACE} --status=Inactive",
        console=f"{where} > Access keys > Actions > Deactivate",
    )


def key_query(made: str) -> str:
    """Return the query that finds a key by the second it was made; all keys where that is unknown."""
    if not made:
        return "AccessKeyMetadata[]"
    return f"AccessKeyMetadata[?starts_with(CreateDate,'{made}')]"


def _user_option(user: str) -> str:
    """Return `--user-name=…` as one word of a shell; quoted too where only zsh would expand it."""
    option = f"--user-name={user}"
    return option if _PLAIN_OPTION.fullmatch(option) else quoted(option)


def _may_be_name(user: str) -> bool:
    """Whether a command may have it: in the place of an address, the AWS CLI puts what it names."""
    return user.isprintable() and not _ADDRESS.match(user)


def _to_steps(finding: dict[str, object]) -> Steps:
    """Return the rule's own steps, or how to switch the credential off; of a waived one, none."""
    rule = RULES[str(finding["rule"])]
    is_root = bool(finding["is_root"])
    user = str(finding["user"])
    if finding["state"] == WAIVED:
        return Steps("", f"Nothing to do while waiver {finding['waiver']} is in force", "", "")
    if finding["closed_by"]:
        return Steps("", str(finding["action"]), "", "")
    if is_root and rule.subject is not Subject.ROOT:
        return Steps("", _ROOT_STEP, str(finding["action"]), _ROOT_CONSOLE)
    if _ADDRESS.match(user):
        return Steps("", _NO_NAME_STEP, str(finding["action"]), "")
    if rule.remedy is None:
        steps = steps_for(str(finding["kind"]), user, _second(finding["set_at"]))
        return Steps(_to_check(finding), steps.first, steps.second, steps.console)
    first, second = (step.format(option=_user_option(user)) for step in rule.remedy)
    console = _ROOT_CONSOLE if is_root else f"IAM > Users > {user} > Security credentials"
    return Steps("", first, second, console)


def _to_check(finding: dict[str, object]) -> str:
    """Return in words what the script checks before it acts."""
    user_made, made, as_of = (
        finding[name] or "at an unknown time" for name in ("created_at", "set_at", "as_of")
    )
    user = f"Signed in to account {shown_account(str(finding['account_id']))}; user created {user_made}"
    if finding["kind"] == Kind.PASSWORD:
        return (
            f"{user}; neither the login profile created (get-login-profile) nor the password used "
            f"(PasswordLastUsed) after {as_of}"
        )
    return (
        f"{user}; exactly one key made {made}, still active, and not used after {as_of} "
        "(get-access-key-last-used)"
    )


def to_remediation(assessment: Assessment) -> pd.DataFrame:
    """Return one row per finding: whose, what to check first, two steps, and the console path.

    Columns: `finding_id`, `account_id`, `user`, `credential` in words, `check`, `step_1`, `step_2`,
    `console`.
    """
    rows = []
    # One by one: these are sentences, and findings are few.
    for finding in to_rows(_with_times_as_text(_as_of_reports(assessment))):
        steps = _to_steps(finding)
        rows.append(
            (
                finding["finding_id"],
                finding["account_id"],
                finding["user"],
                shown_credential(finding["credential"]),
                steps.check,
                steps.first,
                steps.second,
                steps.console,
            )
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS), dtype="str")


def _as_of_reports(assessment: Assessment) -> pd.DataFrame:
    """Return the findings with as-ofs no later than their reports were made, as far as is known.

    What was used or made afterwards, a report does not have, whenever it is judged.
    """
    findings = assessment.findings
    known_until: dict[tuple[str, str], datetime] = {}
    for report in assessment.reports:
        if made := _made_at_least_at(report):
            key = report.source.name, report.account_id
            known_until[key] = min(made, known_until.get(key, made))
    known = pd.Series(
        [*map(known_until.get, zip(findings["source_file"], findings["account_id"], strict=True))],
        index=findings.index,
        dtype=findings["as_of"].dtype,
    )
    return findings.assign(as_of=findings["as_of"].mask(known < findings["as_of"], known))


def _made_at_least_at(report: Report) -> datetime | None:
    """Return when a report was made, or the latest time before which it cannot have been.

    A name says when the report was downloaded: AWS may have served an older one. A name by a day
    alone means any second of it. A later time in the report shows that it was made after that, but
    not one after the as-of, which is wrong or makes the as-of so. If nothing stamps a report, the
    as-of is only what somebody said.
    """
    stamp, newest, as_of = report.stamp, report.newest, report.as_of
    first = first_second(stamp, report.stamp_origin) if stamp else None
    if first and report.stamp_origin != GENERATED_TIME:
        first -= SERVED_FOR
    if newest and as_of and newest <= as_of:
        return max(first or newest, newest)
    return first


def _with_times_as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with times as `YYYY-MM-DDTHH:MM:SSZ`, empty where unknown: for sentences."""
    return table.assign(**{name: to_texts(table[name]) for name in _TIMES})


def _second(time: object) -> str:
    """Return `YYYY-MM-DDTHH:MM:SS`, the part of CreateDate that every CLI prints alike."""
    return str(time).removesuffix("Z")


def to_script(assessment: Assessment, verdict: str) -> str:
    """Return the POSIX shell script for the open findings; a dry run unless `--apply` is given.

    It touches no credential twice, and none with a waived finding about its use. Findings are
    sorted by account, then by user, under the name and owner of the account where they are known.
    """
    findings = _as_of_reports(assessment)
    targets = to_targets(findings, assessment.unused)
    ordered = targets.sort_values(["account_id", "user", "place"], kind="stable")
    lines = _to_lines(ordered, assessment.accounts.by_id)
    is_open = findings["state"].eq(OPEN) & findings["closed_by"].eq("")
    others = int((is_open & ~findings["finding_id"].isin(targets["finding_id"])).sum())
    if others:
        lines.append(f"for_people={others}")
    script = _SCRIPT.read_text(encoding="utf-8")
    script = script.replace(_VERDICT_LINE, f"# {_one_line(verdict)}\n")
    return script.replace(_FINDINGS_LINE, "".join(f"    {line}\n" for line in lines))


def _to_lines(targets: pd.DataFrame, accounts: Mapping[str, Account]) -> list[str]:
    """Return a line for each finding and credential: the call, or why there is none."""
    first_of: dict[object, object] = {}
    lines: list[str] = []
    above = ""
    for target in to_rows(_with_times_as_text(targets)):
        account_id = str(target["account_id"])
        if account_id != above and account_id in accounts:
            lines.append(f"# Account {_one_line(str(accounts[account_id]))}")
        above = account_id
        name, row = target["finding_id"], target["row"]
        if row in first_of:
            lines.append(f"# {name}: the same credential as {first_of[row]}.")
            continue
        first_of[row] = name
        lines.append(_to_call(target))
    return lines


def _to_call(target: dict[str, object]) -> str:
    """Return the line of the script for one finding and credential."""
    user, account = str(target["user"]), str(target["account_id"])
    credential = SLOT_WORDS[str(target["credential"])]
    about = [str(target["finding_id"]), _one_line(account) or "-", _one_line(user), credential]
    created, as_of, made, last_used = (_second(target[name]) for name in _TIMES)
    if target["spared_by"]:
        return _to_line("waived", *about, _one_line(str(target["spared_by"])))
    is_key = target["kind"] == Kind.ACCESS_KEY
    why = ""
    if target["is_root"]:
        why = "root has no IAM command: by hand, signed in as root"
    elif not _may_be_name(user):
        why = "no IAM user can have this name: by hand"
    elif not re.fullmatch(r"[0-9]{12}", account):
        why = "the report does not say which account it belongs to"
    elif not created:
        why = "the report does not say when the user was created"
    elif is_key and not made:
        why = "the report does not say when the key was made"
    elif target["twin"] == ALIKE:
        why = f"two keys were made at {made}Z, with the same last use: nothing tells them apart"
    if why:
        return _to_line("leave", *about, why)
    if is_key:
        minute = last_used[:-3] or NEVER
        twin = [TWIN] if target["twin"] else []
        return _to_line("access_key", *about, created, as_of, made, minute, *twin)
    return _to_line("password", *about, created, as_of)


def _to_line(function: str, *words: str) -> str:
    return " ".join([function, *map(quoted, words)])


def quoted(text: str) -> str:
    """Return the text as one word of any POSIX shell and of zsh: in quotes, whatever it is."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "?" for letter in text)
