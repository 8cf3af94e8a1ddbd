# The words that a test file is written in; tests/e2e/README.md explains them. Each waits for what it says,
# up to PATIENCE seconds, and ends the file when that does not come. Sourced by tests/e2e/run.
# shellcheck shell=bash

PATIENCE=${PATIENCE:-10}

# ----------------------------------------------------------------------------------------------- judging

# it "what would be wrong in the world": begins one test; the one before has passed.
it() {
    it_passed
    TEST_NAME=$1
}

it_passed() {
    [[ -z ${TEST_NAME:-} ]] || printf 'ok - %s: %s\n' "$TEST_FILE" "$TEST_NAME"
    TEST_NAME=
}

# Says where the test file stands, what was expected, and what is on the screen; ends the file.
fail() {
    local depth=1
    while [[ ${BASH_SOURCE[depth]:-} == */tests/lib/* ]]; do ((depth++)); done
    printf 'not ok - %s: %s\n' "$TEST_FILE" "${TEST_NAME:-before the first test}"
    printf '    %s:%s: %s\n' "${BASH_SOURCE[depth]#"$ROOT/"}" "${BASH_LINENO[depth - 1]}" "$1"
    terminal_show
    [[ -z ${2:-} ]] || printf '%s\n' "$2" | sed 's/^/    /'
    exit 1
}

# soon COMMAND...: asks again and again until it succeeds; 1 when patience is at its end.
soon() {
    local end=$((SECONDS + PATIENCE))
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.04
    done
}

# text_has WANTED: the screen holds it; /.../ is an extended regular expression, else the very words.
text_has() {
    SCREEN=$(terminal_text)
    if [[ $1 == /*/ && ${#1} -gt 2 ]]; then
        local regex=${1#/}
        regex=${regex%/}
        local line
        while IFS= read -r line; do [[ $line =~ $regex ]] && return; done <<<"$SCREEN"
        return 1
    fi
    [[ $SCREEN == *"$1"* ]]
}
text_lacks() { ! text_has "$1"; }

see() {
    local wanted
    for wanted in "$@"; do soon text_has "$wanted" || fail "should see: $wanted"; done
}
notsee() {
    local unwanted
    for unwanted in "$@"; do soon text_lacks "$unwanted" || fail "should not see: $unwanted"; done
}

# field LABEL VALUE: one line holds the label and, after it, the value.
line_pairs() {
    SCREEN=$(terminal_text)
    local line
    while IFS= read -r line; do [[ $line == *"$1"*"$2"* ]] && return; done <<<"$SCREEN"
    return 1
}
field() { soon line_pairs "$1" "$2" || fail "the field '$1' should hold: $2"; }

# cursor TEXT: the cursor is in a line that holds the text.
cursor_in() { [[ $(terminal_text | sed -n "$(($(terminal_get cursor_y) + 1))p") == *"$1"* ]]; }
cursor() { soon cursor_in "$1" || fail "the cursor should be in the line of: $1"; }

# save NAME /regex/: the first match on the screen (its first group, if it has one) becomes $NAME.
screen_match() {
    SCREEN=$(terminal_text)
    local line
    while IFS= read -r line; do
        [[ $line =~ $1 ]] || continue
        FOUND=${BASH_REMATCH[1]:-${BASH_REMATCH[0]}}
        return
    done <<<"$SCREEN"
    return 1
}
save() {
    local regex=${2#/}
    soon screen_match "${regex%/}" || fail "nothing to save that matches $2"
    printf -v "$1" '%s' "$FOUND"
}

# screen <<EOF: the whole screen. {*} stands for anything within a line, a line {...} for any lines.
screen_is() {
    SCREEN=$(terminal_text | sed 's/ *$//')
    printf '%s\n' "$SCREEN" | awk -v wanted="$1" -f "$ROOT/tests/lib/screen.awk"
}
screen() {
    local wanted
    wanted=$(mktemp "$WORK/screen.XXXXXX")
    cat >"$wanted"
    soon screen_is "$wanted" || fail "the screen should be:" "$(diff -u "$wanted" <(printf '%s\n' "$SCREEN"))"
    rm -f "$wanted"
}

# sql QUERY [RESULT]: what the database holds; `t` when no result is given.
sql_is() {
    ANSWER=$(instance_sql -At -c "$1" 2>&1)
    [[ $ANSWER == "$2" ]]
}
sql() { soon sql_is "$1" "${2-t}" || fail "the database should answer '${2-t}' to: $1" "answer: $ANSWER"; }

# shell COMMAND...: succeeds soon.
shell() { soon "$@" || fail "should succeed: $*"; }

# ------------------------------------------------------------------------------------------------- doing

size() { TERMINAL_SIZE=$1; }
term() { TERMINAL_TERM=$1; }
lang() { CLIENT_LANG=$1; }
options() { CLIENT_OPTIONS=("$@"); }
keys() { terminal_keys "$@" || fail "no terminal to press $* in"; }
# shellcheck disable=SC2317,SC2032
type() { terminal_type "$*" || fail "no terminal to type in"; }
paste() { terminal_paste "$*" || fail "no terminal to paste in"; }
resize() { terminal_resize "$1"; }

# fill LABEL VALUE [LABEL VALUE]...: for each, waits for the cursor in that field, types, presses Enter.
fill() {
    while (($#)); do
        cursor "$1"
        [[ -z $2 ]] || terminal_type "$2"
        terminal_keys Enter
        shift 2
    done
}

# client NAME [options]: loket in a new terminal, with a home of its own that outlives it.
client() {
    local name=$1
    shift
    mkdir -p "$WORK/home/$name"
    terminal_open "$name" env -u XDG_CONFIG_HOME -u XDG_STATE_HOME -u XDG_DATA_HOME -u XDG_RUNTIME_DIR \
        HOME="$WORK/home/$name" LOKET_SERVER="127.0.0.1:$(<"$LOKET_VAR/port")" \
        LOKET_CA="$LOKET_VAR/tls/ca.pem" LOKET_KEY="$LOKET_VAR/demo/$name.p12" "${CLIENT_ENV[@]}" "$ROOT/build/$BUILD/loket" --lang "$CLIENT_LANG" \
        "${CLIENT_OPTIONS[@]}" "$@"
}

credential() { awk -v user="$1" -v column="$2" '$1 == user { print $column }' "$LOKET_VAR/demo/credentials"; }

# as USER [ROLE]: that person sits down at their terminal: a new one, logged in, or the one they have.
as() {
    local user=$1 role
    role=$(credential "$user" 2)
    [[ -n $role ]] || fail "nobody is called $user in the demonstration office"
    [[ -z ${2:-} || ,$role, == *,"$2"[,@]* ]] || fail "$user is $role, not $2"
    if terminal_is_open "$user"; then
        TERMINAL=$user
        return
    fi
    client "$user"
    login "$user" "$(credential "$user" 3)"
    notsee "$LOGIN_SCREEN"
}

# login USER PASSWORD: types them into the login screen.
LOGIN_SCREEN='/(Kata sandi|Password)/'
login() {
    see "$LOGIN_SCREEN"
    terminal_type "$1"
    terminal_keys Enter
    terminal_type "$2"
    terminal_keys Enter
}

# task NUMBER: in a queue, the cursor on that application's row, by narrowing the list.
task() {
    terminal_keys /
    terminal_type "$1"
    terminal_keys Enter
    see "/ $1  1"
}

leave() { terminal_close "${1:-$TERMINAL}"; }

pane_dead() { [[ $(terminal_get pane_dead) == 1 ]]; }
ended() { soon pane_dead || fail "the program should have ended"; }

# kill client | server | worker | database: at once and without a word, as a power cut does.
kill() {
    case $1 in
    client)
        builtin kill -KILL "$(terminal_get pane_pid)"
        ended
        terminal_close "$TERMINAL"
        ;;
    server) server_kill ;;
    database)
        builtin kill -QUIT "$(head -n 1 "$LOKET_VAR/pg/postmaster.pid")"
        shell postmaster_gone
        ;;
    *) fail "kill client, server or database, not $1" ;;
    esac
}
postmaster_gone() { ! "$DEV/cluster" psql -c 'select 1' >/dev/null 2>&1; }
server_kill() {
    local pid children
    read -r pid _ <"$LOKET_VAR/loketd.pid"
    children=$(pgrep -P "$pid" || true)
    # shellcheck disable=SC2086
    builtin kill -KILL "$pid" $children
    shell server_gone "$pid"
}
server_gone() { [[ ! -e /proc/$1 || $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) == Z* ]]; }

# start server | database: again, on the same port, with the same data.
start() {
    case $1 in
    server) "$DEV/up" >"$WORK/up.log" 2>&1 || fail "loketd does not start" "$(<"$WORK/up.log")" ;;
    database) "$DEV/cluster" start 9>&- >"$WORK/up.log" 2>&1 || fail "PostgreSQL does not start" "$(<"$WORK/up.log")" ;;
    *) fail "start server or database, not $1" ;;
    esac
}
