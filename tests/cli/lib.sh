# For the tests of loketd's commands: a database of their own, and how to say what was expected. Sourced.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
export BUILD=${BUILD:-release}
FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/loket-cli.XXXXXX")
chmod 0755 "$FOLDER"
if [[ -n ${LOKET_TEST_VAR:-} ]]; then
    export LOKET_VAR=$LOKET_TEST_VAR
else
    export LOKET_VAR=$FOLDER/var LOKET_THROWAWAY=1
fi
CLI_DATABASE=loket_cli_$$

# cli_open: an empty database, migrated. cli_close: gone, with the cluster if it was made here.
cli_open() {
    "$ROOT/server/dev/cluster" start || return 1
    eval "$("$ROOT/server/dev/cluster" env)"
    psql -X -q -d postgres -c "create database $CLI_DATABASE" || return 1
    export PGDATABASE=$CLI_DATABASE
    loketd migrate >"$FOLDER/migrate.log" 2>&1 || { cat "$FOLDER/migrate.log"; return 1; }
}

cli_close() {
    [[ ${PGDATABASE:-} != "$CLI_DATABASE" ]] || psql -X -q -d postgres -c "drop database $CLI_DATABASE with (force)"
    [[ -n ${LOKET_TEST_VAR:-} ]] || {
        "$ROOT/server/dev/cluster" stop
        # shellcheck source=tests/lib/instance.sh
        . "$ROOT/tests/lib/instance.sh"
        instance_delete "$LOKET_VAR"
    }
    rm -rf "$FOLDER"
}

loketd() {
    "$ROOT/build/$BUILD/loketd" --set "database.owner=host=$PGHOST user=$PGUSER dbname=$PGDATABASE" \
        --set "paths.sql=$ROOT/sql" "$@"
}

query() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }

# is WHAT GOT WANTED
is() {
    if [[ $2 == "$3" ]]; then echo "ok $1"; return; fi
    printf 'not ok %s\n  wanted: %s\n  got:    %s\n' "$1" "$3" "$2"
}

# has WHAT TEXT PART
has() {
    if [[ $2 == *"$3"* ]]; then echo "ok $1"; return; fi
    printf 'not ok %s\n  wanted a part: %s\n  got:           %s\n' "$1" "$3" "$2"
}
