# Terminals for tests: tmux sessions on a socket of their own, one per person. Sourced by tests/e2e/run.
# Knows nothing of Loket; what it shows is what a person would read, never escape codes.
# shellcheck shell=bash

TERMINAL=            # the session that is looked at and typed into
TERMINAL_SIZE=80x24  # of the next one opened
TERMINAL_TERM=       # its TERM; empty: tmux's own

tm() { command tmux -u -L "$TERMINAL_SOCKET" -f /dev/null "$@"; }

terminal_init() {
    TERMINAL_SOCKET=loket-e2e-$$-$RANDOM # not the one of the server that is just ending
    export LC_ALL=C.UTF-8
    unset TMUX TMUX_PANE
    # A first session keeps the tmux server alive and takes the settings.
    tm new-session -d -s keeper -x 80 -y 24 'exec cat' \; set -g status off \; set -g remain-on-exit on \; \
        set -g escape-time 0 \; set -g default-terminal screen-256color
}

terminal_end() { [[ -z ${TERMINAL_SOCKET:-} ]] || tm kill-server 2>/dev/null || true; }

terminal_is_open() { tm has-session -t "=$1" 2>/dev/null; }

# terminal_open NAME COMMAND...: a new terminal that runs the command.
terminal_open() {
    local name=$1 command
    shift
    [[ -z $TERMINAL_TERM ]] || set -- env TERM="$TERMINAL_TERM" "$@"
    printf -v command '%q ' "$@"
    ! terminal_is_open "$name" || tm kill-session -t "=$name"
    tm new-session -d -s "$name" -x "${TERMINAL_SIZE%x*}" -y "${TERMINAL_SIZE#*x}" "exec $command"
    TERMINAL=$name
}

terminal_close() {
    tm kill-session -t "=$1" 2>/dev/null || true
    [[ $TERMINAL != "$1" ]] || TERMINAL=
}

terminal_text() { tm capture-pane -p -t "=$TERMINAL:"; }
terminal_get() { tm display-message -p -t "=$TERMINAL:" "#{$1}"; }
terminal_keys() { tm send-keys -t "=$TERMINAL:" "$@"; }
terminal_type() { tm send-keys -t "=$TERMINAL:" -l -- "$1"; }
terminal_resize() { tm resize-window -t "=$TERMINAL:" -x "${1%x*}" -y "${1#*x}"; }

terminal_paste() {
    tm set-buffer -b pasted -- "$1"
    tm paste-buffer -p -d -b pasted -t "=$TERMINAL:"
}

# The screen in a frame, for a person who reads a failure.
terminal_show() {
    [[ -n $TERMINAL ]] || return 0
    printf '    --- screen of %s (%s), cursor at line %s, column %s ---\n' "$TERMINAL" \
        "$(terminal_get window_width)x$(terminal_get window_height)" \
        "$(($(terminal_get cursor_y) + 1))" "$(($(terminal_get cursor_x) + 1))"
    terminal_text | sed 's/^/    |/'
    printf '    ---\n'
}
