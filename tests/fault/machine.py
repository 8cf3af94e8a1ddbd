"""The machine under the office, and what can happen to it. Each fault is a function; it ends when the fault is over."""
import ctypes
import os
import random
import re
import signal
import subprocess
import time

ROOT, VAR, BUILD = os.environ["LOKET_ROOT"], os.environ["LOKET_VAR"], os.environ["BUILD"]
ROLES = ("master", "worker", "auth", "job")


class NotHere(Exception):
    """This machine does not permit the fault; says why."""


def run(*command):
    return subprocess.run(command, check=False, capture_output=True, text=True)


def sql(query):
    answer = run(f"{ROOT}/server/dev/cluster", "psql", "-At", "-c", query)
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    return answer.stdout.strip()


def activity():
    """For whoever has to find out why nothing goes on."""
    answer = run(f"{ROOT}/server/dev/cluster", "psql", "-c", "select pid, usename, state, wait_event_type || ' ' || wait_event as waits,"
                 " pg_blocking_pids(pid) as blocked_by, left(query, 70) as query from pg_stat_activity where backend_type = 'client backend'")
    return answer.stdout + answer.stderr


def loketd(*words):
    return run(f"{ROOT}/build/{BUILD}/loketd", "-c", f"{VAR}/loketd.ini", *words)


def children(role):
    """The running processes of that role: the log says who is who."""
    with open(f"{VAR}/log/loketd.log", encoding="utf-8", errors="replace") as log:
        pids = {int(pid) for pid in re.findall(rf"process={role} pid=(\d+)", log.read())}
    return sorted(pid for pid in pids if is_loketd(pid))


def is_loketd(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return b"loketd" in line.read()
    except OSError:
        return False


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it ended by itself just now


def start_server():
    answer = run(f"{ROOT}/server/dev/up")
    if answer.returncode:
        raise RuntimeError(answer.stderr)


def start_database():
    """It may be at its own recovery, or need a moment until the one before is gone."""
    end = time.monotonic() + 60
    while run(f"{ROOT}/server/dev/cluster", "start").returncode or not database_answers():
        if time.monotonic() > end:
            raise RuntimeError("PostgreSQL does not start")
        time.sleep(0.2)


def database_answers():
    return run(f"{ROOT}/server/dev/cluster", "psql", "-At", "-c", "select 1").returncode == 0


# ------------------------------------------------------------------------------------------------ processes

def kill_one(role):
    for pid in children(role)[:1]:
        send_signal(pid, signal.SIGKILL)


def kill_master():
    kill_one("master")
    start_server()


def kill_server():
    for role in ROLES:
        for pid in children(role):
            send_signal(pid, signal.SIGKILL)
    start_server()


def freeze_one():
    pids = children(random.choice(("worker", "auth", "job")))
    for pid in pids[:1]:
        send_signal(pid, signal.SIGSTOP)
        time.sleep(random.uniform(1, 4))
        send_signal(pid, signal.SIGCONT)


def reload_server():
    for pid in children("master")[:1]:
        send_signal(pid, signal.SIGHUP)


# ------------------------------------------------------------------------------------------------ the database

def stop_database():
    """An immediate stop: what a power cut leaves behind."""
    with open(f"{VAR}/pg/postmaster.pid", encoding="utf-8") as file:
        pid = int(file.readline())
    os.kill(pid, signal.SIGQUIT)
    end = time.monotonic() + 60
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
        time.sleep(0.02)
    start_database()


def kill_backend():
    """PostgreSQL then ends all of its processes and recovers."""
    pids = sql("select pid from pg_stat_activity where usename = 'loket_worker'").split()
    for pid in pids[:1]:
        send_signal(int(pid), signal.SIGKILL)
    end = time.monotonic() + 60
    while not database_answers() and time.monotonic() < end:
        time.sleep(0.1)


def end_backends():
    sql("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename like 'loket_%'")


def forbid_connections():
    try:
        sql("alter role loket_worker connection limit 0; alter role loket_auth connection limit 0; alter role loket_job connection limit 0")
        end_backends()
        time.sleep(random.uniform(0.5, 2))
    finally:
        sql("alter role loket_worker connection limit -1; alter role loket_auth connection limit -1; alter role loket_job connection limit -1")


def fill_connections():
    """Somebody's idle connections take every place; the superuser keeps theirs."""
    libpq = ctypes.CDLL("libpq.so.5")
    libpq.PQconnectdb.restype = ctypes.c_void_p
    where = f"host={VAR}/run dbname=loket user=loket_auth".encode()
    held = []
    try:
        for _ in range(2):
            while True:
                connection = ctypes.c_void_p(libpq.PQconnectdb(where))
                held.append(connection)
                if libpq.PQstatus(connection) != 0:
                    break
            sql("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename in ('loket_worker', 'loket_job')")
        time.sleep(random.uniform(0.5, 2))
    finally:
        for connection in held:
            libpq.PQfinish(connection)


def deadlock():
    """Somebody else locks the open tasks first and the applications then: a step does it the other way round."""
    for _ in range(3):
        run(f"{ROOT}/server/dev/cluster", "psql", "-At", "-c",
            "begin; select count(*) from (select from application.task where closed_at is null for update) x; select pg_sleep(0.3);"
            "select count(*) from (select from application.application where closed_at is null for update) x; commit")


# ------------------------------------------------------------------------------------------------ the disk

def refuse_writes():
    """The database is told that its disk is full in the middle of a step."""
    sql("create or replace function public.full_disk() returns trigger language plpgsql as $$ begin raise disk_full; end $$;"
        "create trigger full_disk before insert on audit.event for each row execute function public.full_disk()")
    time.sleep(0.5)
    sql("drop trigger full_disk on audit.event")


def fill_disk():
    """The file system of the database, its WAL, the log and the checkpoints is full, to the last byte."""
    if not os.environ["FAULT_DISK"]:
        raise NotHere("no file system could be mounted")
    ballast = os.environ["FAULT_DISK"] + "/ballast"
    try:
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
            except OSError:
                pass  # full
        end = time.monotonic() + random.uniform(1, 3)
        while time.monotonic() < end:  # uses up the segments that lie ready
            run(f"{ROOT}/server/dev/cluster", "psql", "-At", "-c", "select pg_switch_wal()")
    finally:
        os.unlink(ballast)
    start_database()
    start_server()


# ------------------------------------------------------------------------------------------------ the clock

def set_clock(text):
    """The clock of loketd and of PostgreSQL, which look at this file once a second."""
    path = os.environ["FAULT_CLOCK"]
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text + "\n")
    os.chmod(path + ".new", 0o644)
    os.rename(path + ".new", path)


def jump_clock():
    """Across the promise, and back again: somebody set the wrong day."""
    if not os.environ.get("LOKET_CLOCK"):
        raise NotHere("libfaketime is not there")
    set_clock(random.choice(("+5d", "+2d", "-3h", "-2m", "+30m")))
    time.sleep(random.uniform(2, 5))
    set_clock("+0")
    time.sleep(1.1)


# ------------------------------------------------------------------------------------------------ the network

def emulate(*what):
    """tc netem on the loopback of this network namespace, which is nobody else's."""
    if not os.environ.get("FAULT_NAMESPACE"):
        raise NotHere("no network namespace could be made")
    if run("tc", "qdisc", "add", "dev", "lo", "root", "netem", *what).returncode:
        raise NotHere("the kernel has no netem")
    try:
        time.sleep(random.uniform(2, 5))
    finally:
        run("tc", "qdisc", "del", "dev", "lo", "root")


def link_down():
    if not os.environ.get("FAULT_NAMESPACE"):
        raise NotHere("no network namespace could be made")
    run("ip", "link", "set", "lo", "down")
    time.sleep(random.uniform(0.5, 4))
    run("ip", "link", "set", "lo", "up")


def with_line(line, seconds, **what):
    """The line between the people and the server is so for a while."""
    before = {name: getattr(line, name) for name in what}
    for name, value in what.items():
        setattr(line, name, value)
    time.sleep(random.uniform(*seconds))
    for name, value in before.items():
        setattr(line, name, value)
