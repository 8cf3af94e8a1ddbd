# Shared by `make bench`: an office to measure (durable, TLS to PostgreSQL), the two loads, and the table. Sourced.
# shellcheck shell=bash disable=SC2034,SC2154  # variables of who sources it; the load's answers are set by eval

N=${BENCH_N:-200000} PEOPLE=${BENCH_PEOPLE:-1150} SECONDS_EACH=${BENCH_SECONDS:-2} PAIRS=${BENCH_PAIRS:-5}
LOAD=$BIN/bench/load
VAR=${BENCH_KEEP:-$(mktemp -d "${TMPDIR:-/tmp}/loket-bench.XXXXXX")}
missed=0

port_free() {
    local port=$((20000 + RANDOM % 10000))
    while port_taken "$port"; do port=$((20000 + RANDOM % 10000)); done
    printf '%s\n' "$port"
}

# Where the office in $VAR is, for everything that is started now.
office_environment() {
    export LOKET_VAR=$VAR PGPORT
    PGPORT=$(<"$VAR/pg-port")
    export LOKET_SERVER_CLIENTS_PER_ADDRESS=20000 LOKET_SERVER_CLIENTS=20000 LOKET_LIMITS_CONNECTIONS_PER_MINUTE=1000000
    # as in production, and reachable for pgbench as loketd is for its clients: over TLS
    local options="-c port=$PGPORT -c listen_addresses=127.0.0.1 -c max_connections=450 -c shared_buffers=${BENCH_BUFFERS:-2GB}"
    options+=" -c max_wal_size=8GB -c ssl=on -c ssl_cert_file='$VAR/pg-tls/server.pem' -c ssl_key_file='$VAR/pg-tls/server.key'"
    export LOKET_PG_OPTIONS=$options
    eval "$("$ROOT/server/dev/cluster" env)"
}

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

tls_for_postgres() {
    "$ROOT/server/dev/certificates"
    rm -rf "$VAR/pg-tls" && mkdir -p "$VAR/pg-tls"
    cp "$VAR/tls/server.pem" "$VAR/tls/server.key" "$VAR/pg-tls/"
    chmod 0600 "$VAR/pg-tls/server.key"
    ((EUID != 0)) || chown -R postgres "$VAR/pg-tls"
}

# office_fill N: its data, once: the seeded applications, the sessions' key, one password for all.
office_fill() {
    say "loket: makes $1 applications"
    "$ROOT/server/dev/down" --server-only
    "$LOAD" key "$VAR/bench.key" >"$VAR/bench.pub"
    BENCH_N=$1 BENCH_PEOPLE=$PEOPLE PROOF_KEY=$(<"$VAR/bench.pub") "$ROOT/tests/bench/data"
    head -c 12 /dev/urandom | base64 | tr '+/' 'xy' >"$VAR/bench.password"
    "$BIN/loketd" -c "$VAR/loketd.ini" user add --office "$OFFICE" --username ukur --name Ukur --role archivist --demonstration \
        <"$VAR/bench.password" >/dev/null
    sql -c "insert into identity.credential (office_id, user_id, password_hash)
            select g.office_id, p.user_id, c.password_hash
              from bench.given g, bench.person p, identity.user_account u
              join identity.credential c on c.office_id = u.office_id and c.user_id = u.user_id
             where u.username = 'ukur'"
    touch "$VAR/filled"
}

# office_open N: the office in $VAR, with N applications unless it is there already
office_open() {
    mkdir -p "$VAR/log"
    chmod 0755 "$VAR"
    VAR=$(cd "$VAR" && pwd -P)
    [[ -s $VAR/pg-port ]] || port_free >"$VAR/pg-port"
    office_environment
    tls_for_postgres
    "$ROOT/server/dev/up" >"$VAR/log/up.log" 2>&1 || { cat "$VAR/log/up.log" >&2; die "the office did not start"; }
    [[ -e $VAR/filled ]] || office_fill "$1"
    # sessions end after half a day; a folder may be older
    sql -c "update session.session s set last_seen_at = now(), expires_at = now() + interval '12 hours', ended_at = null
              from bench.person p where s.token_hash = sha256(sha256(convert_to('bench ' || p.place, 'UTF8')))"
    sql -c "select text from bench.needle order by place" >"$VAR/needles"
    sql -c "select password_hash from identity.credential c join bench.person p on p.user_id = c.user_id limit 1" >"$VAR/hash"
    PASSWORD=$(<"$VAR/bench.password")
    "$ROOT/server/dev/up" >"$VAR/log/up.log" 2>&1 || { cat "$VAR/log/up.log" >&2; die "loketd did not start"; }
    read -r FIRST LAST <<<"$(sql -F ' ' -c "select application_base + 1, application_base + n from bench.given")"
}

office_close() {
    [[ -d $VAR ]] || return 0
    LOKET_VAR=$VAR "$ROOT/server/dev/down" >/dev/null 2>&1 || true
    [[ -z ${BENCH_KEEP:-} ]] || return 0
    . "$ROOT/tests/lib/instance.sh"
    instance_delete "$VAR"
}

# load PLAY name=value...: sets per_second, p50, p95, p99, errors (times in microseconds).
load() {
    local answer
    answer=$("$LOAD" "$1" ca="$VAR/tls/ca.pem" "${@:2}") || die "load $1 failed"
    [[ $answer =~ ^[a-z0-9_=.\ ]+$ ]] || die "load $1 said: $answer"
    eval "$answer"
}

# load_ask WHAT CLIENTS: the closed loop at loketd
load_ask() {
    local more=()
    case $1 in
    open) more=("first=$FIRST" "last=$LAST") ;;
    search) more=("file=$VAR/needles") ;;
    step)
        sql -F ' ' -c "select (bench.look(place)).* from bench.review order by place" >"$VAR/steps"
        more=("file=$VAR/steps")
        ;;
    esac
    load ask server="127.0.0.1:$(<"$VAR/port")" key="$VAR/bench.key" what="$1" clients="$2" seconds="$SECONDS_EACH" warm="$(warm "$2")" people="$PEOPLE" "${more[@]}"
    ((errors == 0)) || die "$1: $errors requests were refused"
}

# What comes before a measurement and does not count: every connection has had its turn.
warm() { echo $((1 + $1 / 32)); }

# pgbench_ask WHAT CLIENTS: the same functions with the same parameters, at PostgreSQL itself over TLS, by pgbench's own log.
pgbench_ask() {
    local log=$VAR/log/pgbench steps=1
    [[ $1 != step ]] || steps=2
    rm -f "$log".*
    PGHOST=127.0.0.1 PGSSLMODE=require PGUSER=loket_worker \
        PGOPTIONS='-c statement_timeout=15s -c lock_timeout=10s -c plan_cache_mode=force_generic_plan' \
        "$(pg_bin)/pgbench" -n -M prepared -c "$2" -j 1 -T $((SECONDS_EACH + $(warm "$2"))) -D "people=$PEOPLE" -D "first=$FIRST" \
        -D "last=$LAST" -D app=0 -l --log-prefix="$log" -f "$ROOT/tests/bench/$1.pgbench" "$DATABASE" >"$VAR/log/pgbench.out" 2>&1 ||
        { cat "$VAR/log/pgbench.out" >&2; die "pgbench $1 failed"; }
    # what ended in the last seconds in which any began: after those it only finishes what is under way, which would count twice
    eval "$(awk '{at = $5 + $6 / 1e6; if (at - $3 / 1e6 > last) last = at - $3 / 1e6; printf "%.6f %d\n", at, $3}
        END {printf "last %.6f\n", last}' "$log".* | awk -v seconds="$SECONDS_EACH" '
        $1 == "last" {for (i = 1; i <= n; i++) if (at[i] > $2 - seconds && at[i] <= $2) print took[i]; next} {at[++n] = $1; took[n] = $2}' |
        sort -n | awk -v seconds="$SECONDS_EACH" -v steps=$steps '{took[NR] = $1}
        END {printf "per_second=%.1f p50=%d p99=%d\n", NR * steps / seconds, took[int((NR - 1) * 0.5) + 1] / steps, took[int((NR - 1) * 0.99) + 1] / steps}')"
    requests=$(($(cat "$log".* | wc -l) * steps))
}

workers() { pgrep -P "$(cut -d' ' -f1 "$VAR/loketd.pid")"; }

# Memory of all children that is nobody else's, KiB; and what processor they used, in ticks.
workers_kib() {
    local pid
    for pid in $(workers); do cat "/proc/$pid/smaps_rollup"; done | awk '/^Private_(Clean|Dirty):/{n += $2} END {print n}'
}
workers_ticks() {
    local pid
    for pid in $(workers); do sed 's/.*) //' "/proc/$pid/stat"; done | awk '{n += $12 + $13} END {print n}'
}

# Processor time that everything of this office used until now (loketd, PostgreSQL with its ended backends, and whatever this script
# waited for), in ticks. Only the office's own: it tells the cost of a request also on a machine that others use.
office_ticks() {
    local loketd postmaster
    loketd=$(cut -d' ' -f1 "$VAR/loketd.pid") postmaster=$(head -n 1 "$VAR/pg/postmaster.pid")
    for pid in $loketd $(pgrep -P "$loketd") $postmaster $(pgrep -P "$postmaster") $$; do
        sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null || true
    done | awk -v own="$$" '{n += $12 + $13} END {print n}'
    awk '{sub(/.*\) /, ""); print $14 + $15}' "/proc/$postmaster/stat" "/proc/$$/stat"
}

# cost COMMAND...: runs it, and sets ticks to what it cost the office
cost() {
    local before
    before=$(office_ticks | awk '{n += $1} END {print n}')
    "$@"
    ticks=$(($(office_ticks | awk '{n += $1} END {print n}') - before))
}

median() { printf '%s\n' "$@" | sort -g | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f\n", b ? a / b : 0}'; }
milli() { awk -v a="$1" 'BEGIN {printf "%.2f\n", a / 1000}'; }

row_head() { printf '%-42s %12s   %-24s %7s  %-7s\n' '' loketd 'measured against' ratio target; }

# row NAME OURS AGAINST RATIO TARGET: one line of the table; a target is >=N or <=N
row() {
    local verdict=
    if [[ -n $5 ]]; then
        verdict=$(awk -v ratio="$4" -v kind="${5:0:2}" -v target="${5:2}" 'BEGIN {
            if (kind == ">=" ? (ratio >= target) : (ratio <= target)) print "met"
            else if (target == 0) print "MISSED"
            else printf "MISSED by %.0f %%", 100 * (kind == ">=" ? 1 - ratio / target : ratio / target - 1) }')
        [[ $verdict == met ]] || missed=$((missed + 1))
    fi
    printf '%-42s %12s   %-24s %7s  %-7s %s\n' "$1" "$2" "$3" "$4" "$5" "$verdict"
}
