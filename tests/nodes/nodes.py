"""People work through two loketd over a primary and its synchronous standby, the primary is killed and the standby promoted; then
everything is read and counted. Each write carries its idempotency key and is sent until it is answered, as libloket does."""
import http.client
import os
import pwd
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import loket_pb2 as pb
from loket_client import Client, Refused
from wire_test import CA, PASSWORDS, application

STEPS = int(os.environ.get("NODES_STEPS", "200"))
ROOT, VAR, STANDBY = os.environ["LOKET_ROOT"], os.environ["LOKET_VAR"], os.environ["LOKET_STANDBY_VAR"]
ADDRESSES = [os.environ["LOKET_SERVER"], os.environ["LOKET_SECOND"]]
CODES = ("KTP", "PENGANTAR", "PROPOSAL")
PATIENCE = 60
ended = threading.Event()


def run(*command, **environment):
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **environment})


def sql(query, var=VAR):
    answer = run(f"{ROOT}/server/dev/cluster", "psql", "-At", "-c", query, LOKET_VAR=var)
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    return answer.stdout.strip()


def soon(condition):
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Person:
    """One user with a session, at whichever node answers."""

    def __init__(self, user, turn):
        self.user, self.turn, self.client, self.token, self.proof_key = user, turn, None, None, None

    def connected(self):
        while self.client is None:
            try:
                client = Client(ADDRESSES[self.turn % len(ADDRESSES)], CA)
                client.wait_at_most(15)
                if self.token:
                    client.resume(self.token, client.proof(self.token, self.proof_key))
                else:
                    self.token, self.proof_key = client.login(self.user, PASSWORDS[self.user]).token, client.proof_key
                self.client = client
            except (OSError, Refused):
                self.turn += 1
                time.sleep(0.1)
        return self.client

    def move(self):
        """To the other node, with the same session."""
        client, self.client = self.client, None
        self.turn += 1
        if client:
            client.close()

    def ask(self, method, request, reply_type, key=b""):
        while True:
            try:
                return self.connected().call(method, request, reply_type, key)
            except Refused as refused:
                if refused.code not in ("UNAVAILABLE", "INTERNAL"):
                    raise
                time.sleep(0.1)
            except OSError:
                self.move()

    def write(self, method, request, reply_type):
        return self.ask(method, request, reply_type, os.urandom(16))


class Desk(threading.Thread):
    """Takes in and checks applications, over and over, and changes the node now and then. Notes what was answered."""

    def __init__(self, clerk, analyst, turn):
        super().__init__(daemon=True)
        self.clerk, self.analyst = Person(clerk, turn), Person(analyst, turn + 1)
        self.done, self.error = [], None  # (application_id, number, pin, [actions that were answered])

    def run(self):
        try:
            while not ended.is_set():
                self.one()
                random.choice((self.clerk, self.analyst)).move()
        except Exception as error:  # a desk that stops must be seen
            self.error = error

    def one(self):
        reply = self.clerk.write("intake.submit", application(), pb.IntakeSubmitReply)
        key, actions = reply.application_id, ["submit"]
        self.done.append((key, reply.number, reply.pin, actions))
        actions.append("draft")
        version = self.analyst.write("verify.submit", pb.VerifySubmitRequest(application_id=key, version=reply.version, action="draft",
                                     decisions=[pb.RequirementDecision(code=code, accepted=True) for code in CODES]), pb.StepReply).version
        actions.append("submit")
        self.analyst.write("draft.submit", pb.DraftSubmitRequest(application_id=key, version=version, action="submit", proposal="approve"),
                           pb.StepReply)


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("loket")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def metric(name):
    """The sum over both nodes."""
    total = 0.0
    for folder in os.environ["LOKET_RUN_DIRS"].split(":"):
        line = Unix(f"{folder}/metrics.sock")
        line.request("GET", "/metrics")
        for row in line.getresponse().read().decode().splitlines():
            if row.startswith(name + " "):
                total += float(row.split()[1])
    return total


def steps(desks):
    return sum(len(actions) for desk in desks for *_, actions in desk.done)


def work_goes_on(desks):
    wanted = steps(desks) + STEPS
    return soon(lambda: steps(desks) >= wanted or any(desk.error for desk in desks)) and not any(desk.error for desk in desks)


class Citizen:
    """Follows an application without an account, from an address of its own (127.0.0.0/8 is all ours)."""

    def __init__(self, address):
        self.address = address

    def track(self, number, pin):
        host, port = ADDRESSES[0].rsplit(":", 1)
        plain = socket.create_connection

        def from_here(place, *arguments, **options):
            options["source_address"] = (self.address, 0)
            return plain(place, *arguments, **options)

        socket.create_connection = from_here
        try:
            client = Client(f"{host}:{port}", CA)
        finally:
            socket.create_connection = plain
        try:
            return client.call("public.track", pb.PublicTrackRequest(number=number, pin=pin), pb.PublicTrackReply)
        finally:
            client.close()


def tracked(citizen, number, pin):
    try:
        return citizen.track(number, pin).number == number
    except (OSError, Refused):
        return False


def reads(desks):
    """What comes from the standby, and what does not."""
    line = http.client.HTTPConnection("127.0.0.1", int(os.environ["LOKET_PORT_OF_METRICS"]))
    line.request("GET", "/status")
    answer = line.getresponse()
    yield "the second node's port tells that all is well", answer.status == 200 and b"database  " in answer.read()
    yield "a standby is found", soon(lambda: metric("loket_standby_connections_ready") >= 4)
    _, number, pin, _ = desks[0].done[0]
    before = metric("loket_standby_reads_total")
    citizen = Citizen("127.0.0.21")
    yield "tracking answers from a standby", tracked(citizen, number, pin) and metric("loket_standby_reads_total") == before + 1
    auditor = Person("wahyu", 0)
    for _ in range(3):
        auditor.ask("fairness.report", pb.FairnessReportRequest(), pb.FairnessReportReply)
    yield "a report answers from a standby", metric("loket_standby_reads_total") == before + 4
    yield "and who reads it is recorded, once each time", sql("select count(*) from audit.event where action = 'view_fairness'") == "3"
    yield "the standby gives it to nobody whose reading isn't recorded", "LK015" in run(
        f"{ROOT}/server/dev/cluster", "psql", "-v", "VERBOSITY=verbose", "-c",
        f"select api.fairness_report('\\x{auditor.token.hex()}', '2026-01-05', '2026-02-05')", LOKET_VAR=STANDBY).stderr
    guesser, codes = Citizen("127.0.0.22"), []
    for guess in range(7):
        try:
            codes.append(guesser.track(number, f"{(int(pin) + 1 + guess) % 1000000:06d}").number)
        except Refused as refused:
            codes.append(refused.code)
    yield "guesses of a PIN are counted, and end after five", codes == [""] * 5 + ["TOO_MANY"] * 2 and sql(
        "select count(*) from application.track_attempt where host(address::inet) = '127.0.0.22'") == "5"
    sql("select pg_wal_replay_pause()", STANDBY)
    yield "a standby that falls behind is not read", soon(lambda: metric("loket_standby_connections_ready") == 0)
    _, number, pin, _ = desks[0].done[-1]
    yield "what it does not have yet is answered by the primary", tracked(Citizen("127.0.0.23"), number, pin)
    sql("select pg_wal_replay_resume()", STANDBY)
    yield "when it has caught up it is read again", soon(lambda: metric("loket_standby_connections_ready") >= 4)


def kill_primary():
    with open(f"{VAR}/pg/postmaster.pid", encoding="utf-8") as file:
        postmaster = int(file.readline())
    children = run("pgrep", "-P", str(postmaster)).stdout.split()
    for pid in (postmaster, *map(int, children)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def promote():
    """pg_ctl is not for root: the account that the cluster's data belong to."""
    data = os.path.realpath(f"{STANDBY}/pg")
    owner = os.stat(data).st_uid
    command = [os.environ["LOKET_PG_CTL"], "-D", data, "-s", "-w", "promote"]
    if owner != os.geteuid():
        command = ["setpriv", f"--reuid={owner}", f"--regid={pwd.getpwuid(owner).pw_gid}", "--clear-groups", *command]
    return subprocess.run(command, check=False, cwd="/").returncode == 0


def counted(desks):
    done = [row for desk in desks for row in desk.done]
    expected = {(key, action): actions.count(action) for key, *_, actions in done for action in actions}
    found = {}
    for line in sql("select application_id || ' ' || action || ' ' || count(*) from audit.event where hash is not null and "
                    "action in ('submit', 'draft') group by application_id, action", STANDBY).splitlines():
        key, action, count = line.split()
        found[int(key), action] = int(count)
    yield "no desk stopped", not any(desk.error for desk in desks)
    yield "each acknowledged step is there exactly once", all(found.get(key) == count for key, count in expected.items())
    yield "nothing is there that was not acknowledged", set(found) == set(expected)
    yield "each application that was acknowledged is one", sql("select count(*) from application.application", STANDBY) == str(len(done))
    yield "application numbers have no gap", sql(
        "select coalesce(max(right(number, 6)::int), 0) = count(*) from application.application", STANDBY) == "t"
    yield "every audit chain holds", sql(
        "select count(*) from (select e.hash, e.previous_hash, lag(e.hash) over (partition by e.office_id, e.application_id order by e.event_id) as before,"
        " sha256(coalesce(e.previous_hash, ''::bytea) || rule.event_bytes(e)) as own from audit.event e where e.hash is not null) x"
        " where x.own <> x.hash or x.previous_hash is distinct from x.before", STANDBY) == "0"
    yield "nobody had to log in again", sql(
        "select count(*) from session.session s join identity.user_account u using (office_id, user_id)"
        " where u.username in ('rina', 'dewi', 'budi', 'agus')", STANDBY) == "4"
    with open(os.environ["LOKET_THIRD_LOG"], encoding="utf-8") as log:
        yield "a host that says nothing does not keep a node away from the others", "database connection ready" in log.read()

    said = ""
    for path in os.environ["LOKET_LOGS"].split(":"):
        with open(path, encoding="utf-8", errors="replace") as log:
            said += log.read()
    yield "no process broke", "AddressSanitizer" not in said and "runtime error" not in said


def main():
    desks = [Desk("rina", "dewi", 0), Desk("budi", "agus", 1)]
    results = []

    def judge(pairs):
        for what, holds in pairs:
            print(("ok " if holds else "not ok ") + what, flush=True)
            results.append(holds)

    for desk in desks:
        desk.start()
    judge([("people work", work_goes_on(desks))])
    judge(reads(desks))
    before = steps(desks)
    kill_primary()
    died_at = time.monotonic()
    judge([("the standby is promoted", promote())])
    judge([("work goes on with the new primary", soon(lambda: steps(desks) > before + 4))])
    print(f"# after {time.monotonic() - died_at:.1f} s")
    judge([("and goes on", work_goes_on(desks))])
    ended.set()
    for desk in desks:
        desk.join(PATIENCE)
    judge(counted(desks))
    print(f"# {steps(desks)} steps acknowledged")
    for desk in desks:
        if desk.error:
            print(repr(desk.error))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return not all(results)


sys.exit(main())
