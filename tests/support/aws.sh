#!/bin/sh
# A stand-in for the AWS CLI: a few users in files below $STAND_IN, in milliseconds. It answers with
# the fields that the remediation script queries, whatever the query; that the queries are right is
# for the real CLI to show (tests/test_end_to_end.py).
cd "$STAND_IN" || exit 1
printf '%s\n' "$*" >>calls
operation=$2
user=
key=
new=
for word in "$@"; do
    case "$word" in
        --user-name=*) user=${word#*=} ;;
        --access-key-id=*) key=${word#*=} ;;
        --status=*) new=${word#*=} ;;
    esac
done

answer() {
    end='\n'
    [ ! -e crlf ] || end='\r\n'
    printf "%s$end" "$1"
}

fail() {
    printf "\nAn error occurred (%s) when calling the %s operation: %s\n" "$1" "$operation" "$2" >&2
    exit 254
}

missing() {
    fail NoSuchEntity "The $1 cannot be found."
}

[ ! -e noise ] || echo "DeprecationWarning: found something old" >&2
if [ -e calls-left ]; then
    left=$(cat calls-left)
    [ "$left" -gt 0 ] || fail ExpiredToken "The security token included in the request is expired"
    echo $((left - 1)) >calls-left
fi
[ ! -e "fail/$operation" ] || fail "$(cat "fail/$operation")" "refused"
[ ! -e "odd/$operation" ] || {
    cat "odd/$operation"
    exit 0
}

case "$operation" in
    get-caller-identity) answer "found	$(cat caller)" ;;
    get-user)
        [ -e "users/$user" ] || missing "user with name $user"
        answer "found	$(cat "users/$user")"
        ;;
    get-login-profile)
        [ -e "profiles/$user" ] || missing "Login Profile for User $user"
        answer "found	$(cat "profiles/$user")"
        ;;
    list-access-keys)
        [ -e "users/$user" ] || missing "user with name $user"
        answer "found	all"
        for file in "keys/$user/"*; do
            [ ! -e "$file" ] || answer "found	$(cat "$file")"
        done
        ;;
    get-access-key-last-used) answer "found	$(cat "used/$key" 2>/dev/null || echo None)" ;;
    delete-login-profile) rm "profiles/$user" ;;
    delete-access-key) rm "keys/$user/$key" ;;
    update-access-key)
        read -r id _ made <"keys/$user/$key"
        printf '%s\t%s\t%s\n' "$id" "$new" "$made" >"keys/$user/$key"
        ;;
    *)
        echo "aws: error: argument operation: invalid choice: $operation" >&2
        exit 252
        ;;
esac
# Ctrl-C at the terminal reaches every process of the run.
[ ! -e "interrupt/$operation" ] || {
    trap '' TERM
    kill -TERM 0
}
