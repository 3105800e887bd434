"""What to do about a finding: the commands, ready to paste, and the script that runs them.

The source rule's two cases: deactivate (later delete) an access key, delete a login profile. The
report holds no key IDs, so a key is found by its owner and the second it was made.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import pandas as pd

from credreport.instants import format_instant
from credreport.reports.normalise import to_rows
from credreport.rules.catalogue import RULES
from credreport.rules.rule import Subject
from credreport.rules.waivers import OPEN, WAIVED
from credreport.schema import SLOT_WORDS, Kind

KEY_PLACE = "ID_FROM_STEP_1"
_ROOT_STEP = "Root has no IAM command: sign in as root"
_ROOT_CONSOLE = "Account menu > Security credentials (signed in as root)"
_SCRIPTED = [rule.id for rule in RULES.values() if rule.is_scripted]


@dataclass(frozen=True)
class Steps:
    """The two commands for one finding, and where to click instead."""

    first: str
    second: str
    console: str


def steps_for(kind: str, user: str, created: str, *, is_root: bool) -> Steps:
    """Return how to remedy one finding. `created` is the key's first 19 characters in UTC, or empty."""
    if is_root:
        second = "Delete the root access keys; keep the password with MFA"
        return Steps(_ROOT_STEP, second, _ROOT_CONSOLE)
    name = shlex.quote(f"--user-name={user}")
    where = f"IAM > Users > {user} > Security credentials"
    if kind == Kind.PASSWORD:
        return Steps(
            f"aws iam delete-login-profile {name}",
            f"aws iam get-login-profile {name}  # must answer NoSuchEntity",
            f"{where} > Console sign-in > Manage console access > Disable",
        )
    return Steps(
        f'aws iam list-access-keys {name} --query "{key_query(created)}.AccessKeyId" --output text',
        f"aws iam update-access-key {name} --access-key-id={KEY_PLACE} --status=Inactive",
        f"{where} > Access keys > Actions > Deactivate",
    )


def _steps_of(finding: dict[str, object]) -> Steps:
    """Return the rule's own steps, or how to switch the credential off; of a waived one, none."""
    rule = RULES[str(finding["rule"])]
    is_root = bool(finding["is_root"])
    user = str(finding["user"])
    if finding["state"] == WAIVED:
        return Steps(f"Nothing to do while waiver {finding['waiver']} counts", "", "")
    if rule.remedy is None:
        created = created_second(finding["set_at"])
        return steps_for(str(finding["kind"]), user, created, is_root=is_root)
    if is_root and rule.subject is not Subject.ROOT:
        return Steps(_ROOT_STEP, rule.action, _ROOT_CONSOLE)
    option = shlex.quote(f"--user-name={user}")
    first, second = (step.format(option=option) for step in rule.remedy)
    console = _ROOT_CONSOLE if is_root else f"IAM > Users > {user} > Security credentials"
    return Steps(first, second, console)


def key_query(created: str) -> str:
    """Return the query that finds a key by the second it was made; all keys where that is unknown."""
    if not created:
        return "AccessKeyMetadata[]"
    return f"AccessKeyMetadata[?starts_with(CreateDate,'{created}')]"


def to_remediation(findings: pd.DataFrame) -> pd.DataFrame:
    """Return one row a finding: ID, account, user, credential in words, two steps, console path.

    `findings` needs the columns kind, is_root and set_at of what it is about. A row at a time: these
    are sentences, and findings are few.
    """
    rows = []
    for finding in to_rows(findings):
        steps = _steps_of(finding)
        rows.append(
            (
                finding["finding_id"],
                finding["account_id"],
                finding["user"],
                SLOT_WORDS.get(str(finding["credential"]), finding["credential"]),
                steps.first,
                steps.second,
                steps.console,
            )
        )
    columns = ["finding_id", "account_id", "user", "credential", "step_1", "step_2", "console"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def created_second(instant: object) -> str:
    """Return `YYYY-MM-DDTHH:MM:SS`, the part of CreateDate that every CLI prints alike."""
    return format_instant(instant)[:-1] if isinstance(instant, pd.Timestamp) else ""


_SCRIPT = """\
#!/bin/sh
# Remedies for unused IAM credentials, written by credreport. Review before you run it.
#
# {verdict}
#
#   sh THIS_FILE                        prints what it would do, and changes nothing
#   sh THIS_FILE --apply                sets the keys inactive, deletes the login profiles
#   sh THIS_FILE --apply --delete-keys  later: deletes those of the keys that are inactive by now
#
# It acts only on findings of the account that `aws sts get-caller-identity` names, and on a key
# only where exactly one key of the user was made in that second. The rest it leaves alone, and says so.
set -uf

apply=no
delete_keys=no
for option in "$@"; do
    case "$option" in
        --apply) apply=yes ;;
        --delete-keys) delete_keys=yes ;;
        *) echo "unknown option: $option (known: --apply, --delete-keys)" >&2; exit 2 ;;
    esac
done

done_count=0
left_count=0
failed_count=0

caller=
if [ "$apply" = yes ]; then
    caller=$(aws sts get-caller-identity --query Account --output text) || {{
        echo "cannot tell whose account this is: aws sts get-caller-identity failed" >&2
        exit 1
    }}
fi

leave() {{
    left_count=$((left_count + 1))
    printf '%s\\n' "$1: left alone: $2"
}}

fail() {{
    failed_count=$((failed_count + 1))
    printf '%s\\n' "$1: FAILED: $2" >&2
}}

run() {{
    id=$1
    shift
    if "$@"; then
        done_count=$((done_count + 1))
        printf '%s\\n' "$id: done"
    else
        fail "$id" "$*"
    fi
}}

# finding, what it could not do, what it means where there is no such entity, what aws said
explain() {{
    case "$4" in
        *"(NoSuchEntity)"*) leave "$1" "$3" ;;
        *)
            fail "$1" "$2"
            printf '%s\\n' "$4" >&2
            ;;
    esac
}}

is_mine() {{
    [ "$caller" = "$2" ] && return 0
    leave "$1" "account $2, but you are signed in to $caller"
    return 1
}}

# finding, account, user
password() {{
    if [ "$apply" = no ]; then
        if [ "$delete_keys" = no ]; then
            printf '%s\\n' "$1: would run in account $2: aws iam delete-login-profile --user-name='$3'"
        fi
        return
    fi
    [ "$delete_keys" = no ] || return 0
    is_mine "$1" "$2" || return 0
    answer=$(aws iam get-login-profile --user-name="$3" 2>&1 >/dev/null) || {{
        explain "$1" "cannot look for the login profile" "no login profile any more" "$answer"
        return
    }}
    run "$1" aws iam delete-login-profile --user-name="$3"
}}

# finding, account, user, when the key was made
access_key() {{
    wanted=Active
    verb="set inactive"
    if [ "$delete_keys" = yes ]; then
        wanted=Inactive
        verb=delete
    fi
    if [ "$apply" = no ]; then
        printf '%s\\n' "$1: would $verb in account $2: the key of '$3' made at $4"
        return
    fi
    is_mine "$1" "$2" || return 0
    found=$(aws iam list-access-keys --user-name="$3" --output text 2>/dev/null \\
        --query "AccessKeyMetadata[?starts_with(CreateDate,'$4')].[AccessKeyId,Status]") || {{
        answer=$(aws iam list-access-keys --user-name="$3" 2>&1 >/dev/null)
        explain "$1" "cannot list the keys" "no such user any more" "$answer"
        return
    }}
    # shellcheck disable=SC2086 # split into ID and status on purpose
    set -- "$1" "$2" "$3" "$4" $found
    if [ $# -ne 6 ]; then
        leave "$1" "$((($# - 4) / 2)) keys were made at $4, not exactly one"
    elif [ "$6" != "$wanted" ]; then
        leave "$1" "the key is $6, not $wanted"
    elif [ "$delete_keys" = yes ]; then
        run "$1" aws iam delete-access-key --user-name="$3" --access-key-id="$5"
    else
        run "$1" aws iam update-access-key --user-name="$3" --access-key-id="$5" --status=Inactive
    fi
}}

{calls}

if [ "$apply" = no ]; then
    echo "Nothing was changed: this was a dry run. Add --apply to do it."
else
    echo "$done_count done, $left_count left alone, $failed_count failed."
fi
[ "$failed_count" -eq 0 ]
"""


def to_targets(findings: pd.DataFrame, unused: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each credential that the script may switch off, in the order of findings.

    Only findings about use are scripted; one about a whole user stands for each of the user's unused
    credentials. Columns: those of the finding, with kind, set_at and row of the credential.
    """
    scripted = findings[findings["rule"].isin(_SCRIPTED)]
    scripted = scripted.assign(place=range(len(scripted)))
    about_user = scripted["kind"].eq(Subject.USER)
    whole = scripted[about_user].drop(columns=["kind", "set_at", "row"])
    parts = [scripted[~about_user], whole.merge(unused, on="user_row")]
    targets = pd.concat(parts)[list(scripted.columns)]
    return targets.sort_values(["place", "row"], kind="stable", ignore_index=True)


def to_script(findings: pd.DataFrame, unused: pd.DataFrame, verdict: str) -> str:
    """Return the POSIX shell script for the open findings; a dry run unless `--apply` is given.

    It touches no credential twice, and none of which a finding about its use is waived.
    """
    lines = _script_lines(to_targets(findings, unused))
    others = int((findings["state"].eq(OPEN) & ~findings["rule"].isin(_SCRIPTED)).sum())
    if others:
        lines.append(f"# Open findings that need a person: {others} (see the sheet Remediation).")
    if all(line.startswith("#") for line in lines):
        lines.append("echo 'No findings.'" if findings.empty else "echo 'Nothing to script.'")
    return _SCRIPT.format(verdict=_one_line(verdict), calls="\n".join(lines))


def _script_lines(targets: pd.DataFrame) -> list[str]:
    """Return a line for each finding and credential: the call, or why there is none."""
    is_waived = targets["state"].eq(WAIVED)
    waived = dict(zip(targets.loc[is_waived, "row"], targets.loc[is_waived, "waiver"], strict=True))
    met: dict[object, object] = {}
    lines: list[str] = []
    for target in to_rows(targets):
        name, row = target["finding_id"], target["row"]
        if row in waived:
            why = _one_line(f"waived: {waived[row]}")
            lines.append(f"leave {shlex.quote(str(name))} {shlex.quote(why)}")
        elif row in met:
            lines.append(f"# {name}: the same credential as {met[row]}.")
        else:
            met[row] = name
            lines.append(_call(target))
    return list(dict.fromkeys(lines))


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _call(finding: dict[str, object]) -> str:
    words = [str(finding[name]) for name in ("finding_id", "account_id", "user")]
    created = created_second(finding["set_at"])
    if finding["is_root"]:
        return f"leave {shlex.quote(words[0])} 'root account: by hand, in the console'"
    if not words[2].isprintable():
        return f"leave {shlex.quote(words[0])} 'no user of IAM can have this name: by hand'"
    if not re.fullmatch(r"[0-9]{12}", words[1]):
        return f"leave {shlex.quote(words[0])} 'the report does not say whose account it is'"
    if finding["kind"] == Kind.PASSWORD:
        return " ".join(["password", *map(shlex.quote, words)])
    if not created:
        return f"leave {shlex.quote(words[0])} 'the report does not say when the key was made'"
    return " ".join(["access_key", *map(shlex.quote, words), created])
