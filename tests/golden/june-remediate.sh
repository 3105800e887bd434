#!/bin/sh
# Remedies for unused IAM credentials, written by credreport. Review before you run it.
#
# 18 of 49 judged active credentials have been unused for 90 days or more (7 passwords and 11 access keys), as of 2026-06-30T06:00:12Z to 2026-06-30T06:04:23Z. 1 could not be judged: see Undetermined. Every age is a lower bound: the as-of lies before timestamps of status_reports_2026-06-30T06-00-12+00-00.csv, so the as-of is wrong or the report is.
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
    caller=$(aws sts get-caller-identity --query Account --output text) || {
        echo "cannot tell whose account this is: aws sts get-caller-identity failed" >&2
        exit 1
    }
fi

leave() {
    left_count=$((left_count + 1))
    printf '%s\n' "$1: left alone: $2"
}

fail() {
    failed_count=$((failed_count + 1))
    printf '%s\n' "$1: FAILED: $2" >&2
}

run() {
    id=$1
    shift
    if "$@"; then
        done_count=$((done_count + 1))
        printf '%s\n' "$id: done"
    else
        fail "$id" "$*"
    fi
}

# finding, what it could not do, what it means where there is no such entity, what aws said
explain() {
    case "$4" in
        *"(NoSuchEntity)"*) leave "$1" "$3" ;;
        *)
            fail "$1" "$2"
            printf '%s\n' "$4" >&2
            ;;
    esac
}

is_mine() {
    [ "$caller" = "$2" ] && return 0
    leave "$1" "account $2, but you are signed in to $caller"
    return 1
}

# finding, account, user
password() {
    if [ "$apply" = no ]; then
        if [ "$delete_keys" = no ]; then
            printf '%s\n' "$1: would run in account $2: aws iam delete-login-profile --user-name='$3'"
        fi
        return
    fi
    [ "$delete_keys" = no ] || return 0
    is_mine "$1" "$2" || return 0
    answer=$(aws iam get-login-profile --user-name="$3" 2>&1 >/dev/null) || {
        explain "$1" "cannot look for the login profile" "no login profile any more" "$answer"
        return
    }
    run "$1" aws iam delete-login-profile --user-name="$3"
}

# finding, account, user, when the key was made
access_key() {
    wanted=Active
    verb="set inactive"
    if [ "$delete_keys" = yes ]; then
        wanted=Inactive
        verb=delete
    fi
    if [ "$apply" = no ]; then
        printf '%s\n' "$1: would $verb in account $2: the key of '$3' made at $4"
        return
    fi
    is_mine "$1" "$2" || return 0
    found=$(aws iam list-access-keys --user-name="$3" --output text 2>/dev/null \
        --query "AccessKeyMetadata[?starts_with(CreateDate,'$4')].[AccessKeyId,Status]") || {
        answer=$(aws iam list-access-keys --user-name="$3" 2>&1 >/dev/null)
        explain "$1" "cannot list the keys" "no such user any more" "$answer"
        return
    }
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
}

password CR-A3791EB9AFA1 777788889999 break-glass
access_key CR-2499B9BF4EA4 444455556666 007 2024-02-03T08:05:00
access_key CR-546ED0C53EE6 111122223333 svc-legacy-ftp 2021-06-15T13:37:00
access_key CR-19416407A3F9 444455556666 @SUM 2024-04-30T08:05:00
access_key CR-F13458C9BA30 444455556666 nan 2024-07-26T08:05:00
access_key CR-489DE58B76F0 444455556666 null 2024-10-21T08:05:00
access_key CR-DD10F48AFDC6 111122223333 mei.tanaka 2024-11-02T09:10:55
password CR-32446F0404DC 111122223333 nils.holm
password CR-D9D6A1000DC8 111122223333 hugo.marin
access_key CR-BA1430C1D46E 777788889999 svc-archive 2023-11-18T03:03:03
password CR-F4E96915B692 444455556666 -x
access_key CR-638FC2AAE600 111122223333 kaya.demir 2025-08-14T12:00:31
access_key CR-D0B1BDBB6619 111122223333 svc-etl 2023-11-20T10:45:09
access_key CR-D34FB25BB766 444455556666 no_information 2024-08-25T08:00:00
password CR-BA36F0CFDF87 111122223333 dmitri.orlov
password CR-18B8D2337836 444455556666 None
password CR-ACD036E61B5C 111122223333 sven.dahl
access_key CR-FD9BDF43E5E0 444455556666 1e5 2024-03-04T08:00:00

if [ "$apply" = no ]; then
    echo "Nothing was changed: this was a dry run. Add --apply to do it."
else
    echo "$done_count done, $left_count left alone, $failed_count failed."
fi
[ "$failed_count" -eq 0 ]
