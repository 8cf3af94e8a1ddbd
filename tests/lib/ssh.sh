# A real sshd on loopback whose every login is loket (ForceCommand), with keys and configuration of its
# own in the work folder; runs as root and as anybody. Sourced by tests/e2e/run.
# shellcheck shell=bash

SSH_PID=

ssh_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$SSH_PORT") 2>/dev/null; }

ssh_start() {
    local place=$WORK/ssh sshd
    sshd=$(PATH=$PATH:/usr/sbin command -v sshd) || fail "sshd is not installed (openssh-server)"
    mkdir -p -m 0700 "$place" "$place/gateway" "$WORK/home/ssh"
    cp "$LOKET_VAR/gateway/key.pem" "$LOKET_VAR/gateway/ca.pem" "$place/gateway"
    : >"$place/options"
    # The folder that sshd separates its privileges in; Debian makes it when the service starts.
    ((EUID != 0)) || mkdir -p -m 0755 /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f "$place/host"
    ssh-keygen -q -t ed25519 -N '' -f "$place/user"
    cp "$place/user.pub" "$place/authorized"
    SSH_PORT=$((30000 + RANDOM % 2000))
    while ssh_answers; do SSH_PORT=$((30000 + RANDOM % 2000)); done
    printf '[127.0.0.1]:%s %s\n' "$SSH_PORT" "$(<"$place/host.pub")" >"$place/known"
    cat >"$place/loket" <<END
#!/bin/sh
exec env HOME=$WORK/home/ssh LC_ALL=C.UTF-8 LOKET_SERVER=127.0.0.1:$(<"$LOKET_VAR/port") \\
    LOKET_CA=$LOKET_VAR/tls/ca.pem LOKET_TICKET=$ROOT/build/$BUILD/loket-ticket LOKET_GATEWAY_DIR=$place/gateway \\
    $ROOT/build/$BUILD/loket --lang $CLIENT_LANG \$(cat $place/options)
END
    chmod 0755 "$place/loket"
    cat >"$place/config" <<END
ListenAddress 127.0.0.1
Port $SSH_PORT
HostKey $place/host
PidFile none
AuthorizedKeysFile $place/authorized
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
X11Forwarding no
AllowTcpForwarding no
ForceCommand $place/loket
END
    "$sshd" -D -e -f "$place/config" 2>"$place/log" </dev/null &
    SSH_PID=$!
    soon ssh_answers || fail "sshd does not answer" "$(<"$place/log")"
}

ssh_end() {
    [[ -n $SSH_PID ]] || return 0
    ssh_cut
    builtin kill "$SSH_PID" 2>/dev/null || true
    wait "$SSH_PID" 2>/dev/null || true
    SSH_PID=
}

# ssh_open NAME: a terminal with an ssh client in it, at loket's login.
ssh_open() {
    terminal_open "$1" ssh -tt -F /dev/null -i "$WORK/ssh/user" -o IdentitiesOnly=yes -p "$SSH_PORT" \
        -o UserKnownHostsFile="$WORK/ssh/known" -o GlobalKnownHostsFile=/dev/null -o LogLevel=ERROR \
        "$(id -un)@127.0.0.1"
}

# ssh_as USER [ROLE]: logs in over SSH.
ssh_as() {
    [[ -n $(credential "$1" 2) ]] || fail "nobody is called $1 in the demonstration office"
    ssh_open "$1"
    login "$1" "$(credential "$1" 3)"
    notsee "$LOGIN_SCREEN"
}

# ssh_gateway USER: from now on sshd's command is loket --ssh, and the account that comes in by ssh is USER in Loket.
ssh_gateway() {
    printf '%s\n' --ssh >"$WORK/ssh/options"
    printf '# UNIX-ACCOUNT USER-NAME\n%s %s\n' "$(id -un)" "$1" >"$WORK/ssh/gateway/accounts"
}

# ssh_cut: the line falls: the server's end of each SSH connection dies without a word.
ssh_cut() {
    local process
    for process in $(pgrep -P "$SSH_PID" || true); do
        # With separated privileges the end that holds the socket is a child of this one.
        # shellcheck disable=SC2046
        builtin kill -KILL "$process" $(pgrep -P "$process" -x sshd || true) 2>/dev/null || true
    done
}
