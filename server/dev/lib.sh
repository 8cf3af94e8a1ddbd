# Shared by the development scripts: where an instance keeps its things, and how to find, start and stop
# exactly what it started. Sourced, never run. An instance is one folder: var/, or LOKET_VAR.
# shellcheck shell=bash disable=SC2034  # its variables are for those who source it

set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
die() {
    say "loket: $*"
    exit 1
}

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
VAR=${LOKET_VAR:-$ROOT/var}
[[ $VAR == /* ]] || VAR=$PWD/$VAR
BUILD=${BUILD:-release}
BIN=$ROOT/build/$BUILD
OFFICE=${LOKET_DEMO_OFFICE:-metro}
DATABASE=loket

var_make() {
    (umask 022 && mkdir -p "$VAR")
    VAR=$(cd "$VAR" && pwd -P)
    mkdir -p "$VAR/log" "$VAR/stamp"
}

# One `up` or `down` at a time on an instance. What is started must not inherit the lock: see `9>&-`.
var_lock() {
    exec 9>"$VAR/lock"
    flock -w 120 9 || die "another up or down is at work in $VAR"
}

# wait_for SECONDS COMMAND...: until the command succeeds; 1 when it did not in time.
wait_for() {
    local tries=$(($1 * 20))
    shift
    until "$@"; do
        ((tries-- > 0)) || return 1
        sleep 0.05
    done
}

# A process is known by its number and the moment it started, so that a number used again is not taken
# for it. The fields after the last ')' of /proc/N/stat are 3 and up; the start is the 22nd.
process_start() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -r -a stat <<<"${stat##*) }"
    [[ ${stat[0]} != Z ]] || return 1
    printf '%s\n' "${stat[19]}"
}

# process_alive FILE: whether the process noted in FILE ("number start") still runs; prints its number.
process_alive() {
    local pid start
    { read -r pid start <"$1"; } 2>/dev/null || return 1
    [[ $(process_start "$pid") == "$start" ]] || return 1
    printf '%s\n' "$pid"
}

process_gone() { ! process_alive "$1" >/dev/null; }

process_note() { printf '%s %s\n' "$1" "$(process_start "$1")" >"$2"; }

# Short and the same for the same folder.
var_hash() { printf '%s' "$VAR" | sha256sum | cut -c1-12; }

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# ------------------------------------------------------------------------------------------- PostgreSQL

# PostgreSQL refuses to run as root: root lends it the `postgres` account of the Debian package. A test that moves the clock of
# PostgreSQL and loketd says in LOKET_CLOCK by which variables.
as_postgres() {
    local clock
    read -r -a clock <<<"${LOKET_CLOCK:-}"
    if ((EUID != 0)); then
        env "${clock[@]}" "$@"
        return
    fi
    (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups \
        env -i PATH="$PATH" LC_ALL=C.UTF-8 HOME=/var/lib/postgresql "${clock[@]}" "$@")
}

# pg_bin: the folder of the server's programs, 15 when there are several.
pg_bin() {
    local folder
    for folder in /usr/lib/postgresql/15/bin /usr/lib/postgresql/1[6-9]/bin; do
        [[ -x $folder/initdb ]] && printf '%s\n' "$folder" && return
    done
    folder=$(pg_config --bindir 2>/dev/null) && [[ -x $folder/initdb ]] && printf '%s\n' "$folder" && return
    die "PostgreSQL 15 is not installed"
}

# Sets PG_DATA and PG_RUN, the cluster's data and the folder of its socket. They are var/pg and var/run,
# or links of these names where that can't be: root's `postgres` account may not be able to reach var/
# (a project below a 0700 folder), and the path of a socket may be 107 bytes long at most.
cluster_places() {
    PG_DATA=$VAR/pg
    PG_RUN=$VAR/run
    local shadow
    shadow=/var/lib/loket-dev/$(var_hash)
    if ((EUID == 0)) && ! as_postgres test -x "$VAR" 2>/dev/null; then
        PG_DATA=$shadow/pg
        PG_RUN=$shadow/run
    elif ((${#PG_RUN} > 80)); then
        PG_RUN=${XDG_RUNTIME_DIR:-/tmp}/loket-$EUID-$(var_hash)
        ((EUID != 0)) || PG_RUN=/run/loket-$(var_hash)
    fi
}

# owned_folder LINK FOLDER [MODE]: makes FOLDER, private to who runs PostgreSQL, and LINK to it if they differ. MODE is for root's
# group: loketd's children have no capabilities, and the socket is reached through this folder.
owned_folder() {
    local owner=$EUID mode=0700
    ((EUID != 0)) || { owner=$(id -u postgres) mode=${3:-0700}; }
    if [[ $2 == /var/lib/loket-dev/* ]]; then
        (umask 022 && mkdir -p "${2%/*}")
    fi
    [[ -d $2 ]] || mkdir -m "$mode" "$2"
    [[ ! -L $2 ]] || die "$2 is a link: somebody else made it"
    ((EUID != 0)) || chown "$owner:root" "$2"
    [[ $(stat -c %u "$2") == "$owner" ]] || die "$2 belongs to somebody else"
    chmod "$mode" "$2"
    [[ $1 != "$2" ]] || return 0
    [[ ! -d $1 || -L $1 ]] || rmdir "$1" || die "$1 can't be used here by PostgreSQL; move it away"
    ln -sfn "$2" "$1"
}

# The postmaster of this cluster and no other: its number in postmaster.pid, its data folder in /proc.
cluster_pid() {
    local pid
    { read -r pid <"$PG_DATA/postmaster.pid"; } 2>/dev/null || return 1
    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "$PG_DATA" || return 1
    printf '%s\n' "$pid"
}

cluster_gone() { ! cluster_pid >/dev/null; }

# cluster_sql [psql options]: as the superuser, in the loket database.
cluster_sql() {
    psql -X -q -v ON_ERROR_STOP=1 -h "$PG_RUN" -U postgres -d "$DATABASE" "$@"
}

# The connection string of one database role.
cluster_conninfo() {
    printf 'host=%s dbname=%s user=%s' "$PG_RUN" "$DATABASE" "$1"
}
