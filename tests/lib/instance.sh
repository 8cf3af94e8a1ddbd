# An instance of Loket for tests: its own folder, cluster, port and users, made by the same scripts that
# `make up` uses. Sourced. Set LOKET_TEST_VAR to use one that is up already (tests/check does).
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
DEV=$ROOT/server/dev
export BUILD=${BUILD:-release}

# instance_open: makes one and exports LOKET_VAR; instance_close ends it and deletes what it left.
instance_open() {
    INSTANCE_OWN=
    if [[ -n ${LOKET_TEST_VAR:-} ]]; then
        export LOKET_VAR=$LOKET_TEST_VAR
        return
    fi
    LOKET_VAR=$(mktemp -d "${TMPDIR:-/tmp}/loket-test.XXXXXX")
    chmod 0755 "$LOKET_VAR"
    export LOKET_VAR LOKET_THROWAWAY=1
    INSTANCE_OWN=$LOKET_VAR
    "$DEV/up" >"$LOKET_VAR/up.log" 2>&1 || {
        cat "$LOKET_VAR/up.log" >&2
        return 1
    }
}

instance_close() {
    [[ -n ${INSTANCE_OWN:-} && -d $INSTANCE_OWN ]] || return 0
    LOKET_VAR=$INSTANCE_OWN "$DEV/down" || true
    instance_delete "$INSTANCE_OWN"
    INSTANCE_OWN=
}

# The folder, and what its links point to where the cluster had to live elsewhere.
instance_delete() {
    local link place
    for link in "$1/pg" "$1/run"; do
        [[ -L $link ]] || continue
        place=$(readlink "$link")
        rm -rf "$place"
        rmdir "${place%/*}" 2>/dev/null || true
    done
    rm -rf "$1"
}

instance_sql() { "$DEV/cluster" psql "$@"; }
