#!/bin/sh
# Remediation of unused IAM credentials, written by credreport. Review it before you run it: the
# findings stand near the end, one line each. `sh THIS_FILE --help` says how to run it.
#
# 21 of 52 judged active credentials have been unused for 45 days or more (10 passwords and 11 access keys), as of 2026-06-30T06:00:12Z to 2026-06-30T06:04:23Z. 1 could not be judged: see Undetermined. Some ages are lower bounds: the as-of lies before timestamps of status_reports_2026-06-30T06-00-12+00-00.csv, so the as-of is wrong or the report is.
#
# shellcheck disable=SC2317 # what this run has no finding for is never called
set -u

usage() {
    cat <<EOF
usage: sh $script [--apply] [--delete-keys] [--even-if-used] [--log FILE]

Removes unused console passwords and deactivates unused access keys, one finding at a time.

  (no option)     dry run: ask AWS, print what would be done, change nothing
  --apply         set the access keys inactive, remove the passwords (delete the login profiles)
  --delete-keys   a later, separate step: delete those of the keys that are inactive by then
                  (a dry run as well, unless --apply is given)
  --even-if-used  act although a credential was used since the report; nothing else is loosened
  --log FILE      append to this log (default: a new file beside the script)
  --help          print this

Sign in with the AWS CLI first, or run it in AWS CloudShell. Before each act it asks AWS for the
account, the user, and the very password or key of the report. What is not as it was, or cannot be
asked, is left alone, with the reason. Running it again is safe: it does only what is left.

Exit status: 0 all done, 1 something failed, 2 wrong usage, 3 something was left alone.
EOF
}

script=$0
apply=no
delete_keys=no
even_if_used=no
log=
account_in_use=
identity=
interrupted=no
for_people=0
done_count=0
nothing_count=0
left_count=0
failed_count=0
tab=$(printf '\t')
line_end='
'

refuse() {
    printf '%s\n' "$1" "Try: sh $script --help" >&2
    exit 2
}

# Print a line, and keep it in the log. Whoever cannot keep a log must not change anything.
say() {
    keep "# $1"
    show "$1"
}

# Print a line: what is printed is in the log already, should nobody read on.
show() {
    { printf '%s\n' "$1"; } 2>/dev/null || interrupted=yes
}

keep() {
    { printf '%s\n' "$1" >>"$log"; } 2>/dev/null || {
        printf '%s\n' "Stopped: cannot write the log $log (name another with --log FILE)" >&2
        exit 2
    }
}

give_up() {
    printf '%s\n' "Stopped: $1" >&2
    keep "# Stopped: $1"
    exit 1
}

# One line for the finding: result, and the command that undoes it.
record() {
    line="$(date -u +%Y-%m-%dT%H:%M:%SZ)$tab$finding$tab$account$tab$user$tab$credential"
    keep "$line$tab${key:--}$tab$action$tab$1$tab${2:--}"
    show "$finding  $user, $credential${key:+ ($key)}: $action: $1"
    [ "$interrupted" = no ] || finish
}

nothing_to_do() {
    nothing_count=$((nothing_count + 1))
    record "nothing to do: $1"
}

left_alone() {
    left_count=$((left_count + 1))
    record "left alone: $1"
}

# Run `aws`; what it says goes to $answer, without the carriage returns of aws.exe, and with `?` for
# each byte that is no ASCII or would steer a terminal. What the query asked for goes to $rows: the
# lines that it began with 'found', without that word. Warnings of the CLI are no answer.
ask() {
    answer=$(aws "$@" --output text </dev/null 2>&1)
    set -- "$?"
    answer=$(printf '%s\n' "$answer" | LC_ALL=C tr -d '\r' | LC_ALL=C tr -c '\11\12\40-\176' '?')
    rows=
    while read -r word row; do
        [ "$word" != found ] || rows="$rows${rows:+$line_end}$row"
    done <<EOF
$answer
EOF
    return "$1"
}

# Print what AWS said, in one line.
reason() {
    one_line "$answer"
}

one_line() {
    printf '%s' "$1" | tr '\n\t' '  ' | sed 's/^ *//; s/ *$//'
}

is_unknown_to_aws() {
    case "$answer" in *"(NoSuchEntity)"*) return 0 ;; esac
    return 1
}

# Set $second to a UTC time as the report has it, without zone; to nothing where it is not one. Some
# versions of the CLI end it with Z, others with +00:00.
to_second() {
    second=
    case "$1" in
        [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*) ;;
        *) return 0 ;;
    esac
    zone=${1#???????????????????}
    case "$zone" in
        Z | +00:00 | .*Z | .*+00:00) second=${1%"$zone"} ;;
    esac
}

# Set $minute to the minute of a last use, or to `never`.
to_minute() {
    minute=never
    case "$1" in None | N/A) return 0 ;; esac
    to_second "$1"
    minute=${second%:??}
}

# Set $day and $clock to the two halves of a time as numbers that every shell can compare.
to_numbers() {
    IFS=-T: read -r year month monthday hour minute second <<EOF
$1
EOF
    day="$year$month$monthday"
    clock="1$hour$minute$second"
}

# Whether the first of two times, both to the second, is not after the second.
is_not_after() {
    to_numbers "$2"
    last_day=$day
    last_clock=$clock
    to_numbers "$1"
    [ "$day" -lt "$last_day" ] || { [ "$day" -eq "$last_day" ] && [ "$clock" -le "$last_clock" ]; }
}

# Whether a credential was not used since the report was made; else leave it alone.
is_unused_since() {
    case "$1" in None | N/A) return 0 ;; esac
    to_second "$1"
    used=$second
    if [ -z "$used" ]; then
        left_alone "AWS's date of its last use cannot be read: '$(one_line "$1")'"
    elif is_not_after "$used" "$2"; then
        return 0
    elif [ "$even_if_used" = yes ]; then
        note=", although it was used at ${used}Z, since the report (--even-if-used)"
        return 0
    else
        left_alone "it was used at ${used}Z, since the report (made at ${2}Z or later)"
    fi
    return 1
}

sign_in() {
    [ -z "$account_in_use" ] || return 0
    command -v aws >/dev/null 2>&1 || give_up "the AWS CLI (aws) is not on the path"
    ask sts get-caller-identity --query "['found',Account,Arn]" ||
        give_up "cannot tell which account this is: aws sts get-caller-identity: $(reason)"
    read -r account_in_use identity <<EOF
$rows
EOF
    case "$account_in_use" in
        '' | *[!0-9]*) give_up "aws sts get-caller-identity names no account: $(reason)" ;;
    esac
    say "Signed in to account $account_in_use as $identity."
}

# Whether AWS knows the very user of the report, by name and creation; else leave it alone. With a
# report of the future nothing tells what was used since it was made.
is_same_user() {
    sign_in
    if [ "$account" != "$account_in_use" ]; then
        left_alone "it is in account $account, you are signed in to $account_in_use"
        return 1
    fi
    if ! is_not_after "$2" "$(date -u +%Y-%m-%dT%H:%M:%S)"; then
        left_alone "its report is of ${2}Z, in the future: this date is wrong, or the clock here"
        return 1
    fi
    if ! ask iam get-user --user-name="$user" \
        --query "['found',User.Arn,User.CreateDate,User.PasswordLastUsed]"; then
        if is_unknown_to_aws; then
            left_alone "there is no user of this name: deleted or renamed since the report"
        else
            left_alone "cannot ask for the user: $(reason)"
        fi
        return 1
    fi
    read -r arn made password_used <<EOF
$rows
EOF
    to_second "$made"
    case "$arn" in
        arn:*:iam::"$account":user/*) ;;
        *) second= ;;
    esac
    if [ -z "$second" ]; then
        left_alone "AWS's answer about the user cannot be read: $(reason)"
    elif [ "$second" != "$1" ]; then
        left_alone "another user of the same name: created at ${second}Z, in the report at ${1}Z"
    elif [ "$arn" = "$identity" ]; then
        left_alone "you are signed in as this user"
    else
        return 0
    fi
    return 1
}

begin() {
    finding=$1
    account=$2
    user=$3
    credential=$4
    key=
    note=
}

# Print a word as one to paste.
quoted() {
    case "$1" in
        *\'*) printf '%s' "$1" | sed "s/'/'\\\\''/g; s/^/'/; s/\$/'/" ;;
        *) printf '%s' "'$1'" ;;
    esac
}

# Change something, or say that it would be changed: the command that undoes it, the command.
act() {
    undo=$1
    shift
    if [ "$apply" = no ]; then
        done_count=$((done_count + 1))
        record "would be done$note" "$undo"
        return 0
    fi
    keep "# $finding: aws $*" # first: afterwards the disk may be full, or the run killed
    if ask "$@"; then
        done_count=$((done_count + 1))
        record "done$note" "$undo"
    else
        failed_count=$((failed_count + 1))
        record "FAILED: $(reason); run the script again to see whether AWS did it"
    fi
}

# Finding, account, user, credential, why.
leave() {
    begin "$1" "$2" "$3" "$4"
    action='no action'
    left_alone "$5"
}

waived() {
    begin "$1" "$2" "$3" "$4"
    action='no action'
    nothing_to_do "waived: $5"
}

# Finding, account, user, credential, when the user was made, when the report was.
password() {
    [ "$delete_keys" = no ] || return 0
    begin "$1" "$2" "$3" "$4"
    action='remove console access'
    is_same_user "$5" "$6" || return 0
    if ! ask iam get-login-profile --user-name="$user" \
        --query "['found',LoginProfile.CreateDate]"; then
        if is_unknown_to_aws; then
            nothing_to_do "the user has no console password"
        else
            left_alone "cannot ask for the login profile: $(reason)"
        fi
        return 0
    fi
    to_second "$rows"
    profile_made=$second
    if [ -z "$profile_made" ]; then
        left_alone "AWS's answer about the login profile cannot be read: $(reason)"
    elif ! is_not_after "$profile_made" "$6"; then
        left_alone "the login profile was created at ${profile_made}Z, since the report (made at ${6}Z or later)"
    elif is_unused_since "$password_used" "$6"; then
        act "cannot be undone; a new one: aws iam create-login-profile $(quoted "--user-name=$user") --password=..." \
            iam delete-login-profile --user-name="$user"
    fi
}

# Set $used to the last use of the key $1, or leave it alone.
ask_last_use() {
    if ! ask iam get-access-key-last-used --access-key-id="$1" \
        --query "['found',AccessKeyLastUsed.LastUsedDate]"; then
        left_alone "cannot ask for the last use of $1: $(reason)"
        return 1
    fi
    used=$rows
}

# Finding, account, user, credential, when the user was made, when the report was, when the key was, the
# minute of its last use, and "twin" if the report has another key of that user and second.
access_key() {
    begin "$1" "$2" "$3" "$4"
    action='set inactive'
    [ "$delete_keys" = no ] || action=delete
    is_same_user "$5" "$6" || return 0
    if ! ask iam list-access-keys --user-name="$user" \
        --query "[[['found','all']],AccessKeyMetadata[].['found',AccessKeyId,Status,CreateDate]][]"; then
        left_alone "cannot list the access keys: $(reason)"
        return 0
    fi
    pick_key "$7" "$8" "$rows" "${9-}" || return 0
    case "$action $activity" in
        "set inactive Active" | "delete Inactive") ;;
        "set inactive Inactive")
            nothing_to_do "the key is inactive already"
            return 0
            ;;
        *)
            left_alone "the key is $activity"
            return 0
            ;;
    esac
    ask_last_use "$key" || return 0
    is_unused_since "$used" "$6" || return 0
    if [ "$action" = delete ]; then
        act "cannot be undone; a new one: aws iam create-access-key $(quoted "--user-name=$user")" \
            iam delete-access-key --user-name="$user" --access-key-id="$key"
    else
        act "aws iam update-access-key $(quoted "--user-name=$user") --access-key-id=$(quoted "$key") --status=Active" \
            iam update-access-key --user-name="$user" --access-key-id="$key" --status=Inactive
    fi
}

# Set $key and $activity to the one key made in that second: when it was made, last use, the list,
# "twin" if the report has two. Two of one second are told apart by their last use, also when one is
# gone since.
pick_key() {
    count=0
    is_list=no
    while read -r id state made; do
        to_second "$made"
        if [ "$id" = all ]; then
            is_list=yes
        elif [ -z "$second" ]; then
            is_list=no
            break
        fi
        [ "$second" = "$1" ] || continue
        count=$((count + 1))
        only=$id
        activity=$state
    done <<EOF
$3
EOF
    if [ "$is_list" = no ]; then
        left_alone "AWS's list of access keys cannot be read: $(reason)"
        return 1
    elif [ "$count" -eq 0 ]; then
        nothing_to_do "the user has no key made at ${1}Z"
        return 1
    fi
    if [ "$count" -eq 1 ] && [ -z "$4" ]; then
        key=$only
        return 0
    fi
    count=0
    while read -r id state made; do
        to_second "$made"
        [ "$second" = "$1" ] || continue
        ask_last_use "$id" || return 1
        to_minute "$used"
        [ "$minute" = "$2" ] || continue
        count=$((count + 1))
        only=$id
        activity=$state
    done <<EOF
$3
EOF
    [ "$count" -eq 1 ] || {
        left_alone "several keys were made at ${1}Z, and their last use does not tell which it is"
        return 1
    }
    key=$only
}

finish() {
    trap - HUP INT TERM
    trap '' PIPE
    verb='done'
    [ "$apply" = yes ] || verb='would be done'
    say "$done_count $verb, $nothing_count with nothing to do, $left_count left alone, $failed_count failed."
    [ "$for_people" -eq 0 ] ||
        say "Open findings that this script leaves to people: $for_people (see the sheet Remediation)."
    [ "$interrupted" = no ] || give_up "interrupted; the findings after the last one above were not looked at"
    [ "$failed_count" -eq 0 ] || exit 1
    [ "$left_count" -eq 0 ] || exit 3
    exit 0
}

findings() {
    :
    leave 'CR-5EC1F8B32375' '111122223333' '<root_account>' 'password' 'root has no IAM command: by hand, signed in as root'
    password 'CR-BA36F0CFDF87' '111122223333' 'dmitri.orlov' 'password' '2022-05-01T17:54:01' '2026-06-30T02:00:12'
    password 'CR-D9D6A1000DC8' '111122223333' 'hugo.marin' 'password' '2022-09-26T14:39:34' '2026-06-30T02:00:12'
    access_key 'CR-638FC2AAE600' '111122223333' 'kaya.demir' 'access key 1' '2023-01-15T10:21:57' '2026-06-30T02:00:12' '2025-08-14T12:00:31' '2026-01-21T05:40'
    access_key 'CR-DD10F48AFDC6' '111122223333' 'mei.tanaka' 'access key 2' '2023-03-30T12:24:19' '2026-06-30T02:00:12' '2024-11-02T09:10:55' 'never'
    password 'CR-32446F0404DC' '111122223333' 'nils.holm' 'password' '2023-05-06T15:37:19' '2026-06-30T02:00:12'
    access_key 'CR-D0B1BDBB6619' '111122223333' 'svc-etl' 'access key 1' '2023-11-20T10:44:29' '2026-06-30T02:00:12' '2023-11-20T10:45:09' '2026-02-03T05:18'
    access_key 'CR-546ED0C53EE6' '111122223333' 'svc-legacy-ftp' 'access key 1' '2021-06-15T13:36:20' '2026-06-30T02:00:12' '2021-06-15T13:37:00' '2024-04-18T05:54'
    password 'CR-ACD036E61B5C' '111122223333' 'sven.dahl' 'password' '2023-10-01T18:12:17' '2026-06-30T02:00:12'
    password 'CR-F4E96915B692' '444455556666' '-x' 'password' '2024-01-05T08:00:00' '2026-06-30T02:01:49'
    access_key 'CR-2499B9BF4EA4' '444455556666' '007' 'access key 1' '2024-02-03T08:00:00' '2026-06-30T02:01:49' '2024-02-03T08:05:00' 'never'
    access_key 'CR-FD9BDF43E5E0' '444455556666' '1e5' 'access key 1' '2024-03-03T08:00:00' '2026-06-30T02:01:49' '2024-03-04T08:00:00' '2026-03-31T05:58'
    leave 'CR-7B13B4E61E21' '444455556666' '<root_account>' 'password' 'root has no IAM command: by hand, signed in as root'
    access_key 'CR-19416407A3F9' '444455556666' '@SUM' 'access key 1' '2024-04-30T08:00:00' '2026-06-30T02:01:49' '2024-04-30T08:05:00' 'never'
    password 'CR-18B8D2337836' '444455556666' 'None' 'password' '2024-09-22T08:00:00' '2026-06-30T02:01:49'
    access_key 'CR-F13458C9BA30' '444455556666' 'nan' 'access key 1' '2024-07-26T08:00:00' '2026-06-30T02:01:49' '2024-07-26T08:05:00' 'never'
    access_key 'CR-D34FB25BB766' '444455556666' 'no_information' 'access key 1' '2024-08-24T08:00:00' '2026-06-30T02:01:49' '2024-08-25T08:00:00' '2026-02-10T05:54'
    access_key 'CR-489DE58B76F0' '444455556666' 'null' 'access key 1' '2024-10-21T08:00:00' '2026-06-30T02:01:49' '2024-10-21T08:05:00' 'never'
    leave 'CR-6468C07BD2DF' '777788889999' '<root_account>' 'password' 'root has no IAM command: by hand, signed in as root'
    password 'CR-A3791EB9AFA1' '777788889999' 'break-glass' 'password' '2024-01-16T03:03:03' '2026-06-30T06:04:23'
    access_key 'CR-BA1430C1D46E' '777788889999' 'svc-archive' 'access key 1' '2023-11-16T03:03:03' '2026-06-30T06:04:23' '2023-11-18T03:03:03' '2025-11-12T05:33'
}

main() {
    while [ $# -gt 0 ]; do
        case "$1" in
            --apply) apply=yes ;;
            --delete-keys) delete_keys=yes ;;
            --even-if-used) even_if_used=yes ;;
            --log=?*) log=${1#--log=} ;;
            --log)
                [ -n "${2-}" ] || refuse "--log needs the name of a file"
                log=$2
                shift
                ;;
            -h | --help)
                usage
                exit 0
                ;;
            *) refuse "unknown option: $1" ;;
        esac
        shift
    done
    if [ -z "$log" ]; then
        log="${script%.sh}-$(date -u +%Y%m%dT%H%M%SZ).log"
    fi
    # The CLI tries again by itself when AWS throttles it, and must not ask anything.
    AWS_RETRY_MODE=${AWS_RETRY_MODE:-standard}
    AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-8}
    AWS_CLI_AUTO_PROMPT=off
    export AWS_RETRY_MODE AWS_MAX_ATTEMPTS AWS_CLI_AUTO_PROMPT
    trap 'interrupted=yes' HUP INT TERM PIPE
    what='set access keys inactive and remove console passwords'
    [ "$delete_keys" = no ] || what='delete the access keys that are inactive'
    if [ "$apply" = yes ]; then
        say "apply: $what"
    else
        say "dry run: nothing is changed"
    fi
    say "Log: $log"
    keep "$(printf 'time\tfinding\taccount\tuser\tcredential\tkey ID\taction\tresult\tundo')"
    [ "$interrupted" = yes ] || findings
    finish
}

# The last line: of a file that was cut short, nothing runs.
main "$@"
