"""Office work by several people while everything falls, again and again; then everything is read and counted.

Each write carries its idempotency key and is sent until it is answered, as libloket does. What was answered must be there exactly
once, what was not asked for must not be there, numbers have no gap, the audit chains hold. Ends with 'N passed, N failed'."""
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import loket_pb2 as pb
from document_test import begin, chunk, chunks, pdf
from loket_client import Client, Refused
from wire_test import ADDRESS, CA, PASSWORDS, application

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "100"))
SEED = int(os.environ.get("FAULT_SEED", str(random.randrange(1 << 30))))
ROOT, VAR = os.environ["LOKET_ROOT"], os.environ["LOKET_VAR"]
CODES = ("KTP", "PENGANTAR", "PROPOSAL")
ended = threading.Event()


class Person:
    """One user with a connection that falls and comes back; every call is made until it is answered."""

    def __init__(self, user):
        self.user, self.client, self.token, self.proof_key, self.lost = user, None, None, None, 0

    def connected(self):
        while self.client is None:
            try:
                client = Client(ADDRESS, CA)
                client.wait_at_most(15)
                if self.token:
                    try:
                        client.resume(self.token, client.proof(self.token, self.proof_key))
                        self.client = client
                        break
                    except Refused as refused:
                        if refused.code != "NOT_LOGGED_IN":
                            raise
                self.token = client.login(self.user, PASSWORDS[self.user]).token
                self.proof_key = client.proof_key
                self.client = client
            except (OSError, Refused):
                time.sleep(0.1)
        return self.client

    def drop(self):
        self.lost += 1
        client, self.client = self.client, None
        if client:
            client.close()

    def ask(self, method, request, reply_type, key=b""):
        while True:
            try:
                return self.connected().call(method, request, reply_type, key)
            except Refused as refused:
                if refused.code not in ("UNAVAILABLE", "INTERNAL", "NOT_LOGGED_IN"):
                    raise
                if refused.code == "NOT_LOGGED_IN":
                    self.drop()
                time.sleep(0.1)
            except OSError:
                self.drop()

    def write(self, method, request, reply_type):
        return self.ask(method, request, reply_type, os.urandom(16))


class Desk(threading.Thread):
    """Takes applications from the counter to the head's decision, over and over. Notes what was answered."""

    def __init__(self, people):
        super().__init__(daemon=True)
        self.clerk, self.analyst, self.section_head, self.head = (Person(name) for name in people)
        self.done = []  # (application_id, number, [actions that were answered])
        self.error = None

    def run(self):
        try:
            while not ended.is_set():
                self.one()
        except Exception as error:  # a desk that stops must be seen
            self.error = error

    def step(self, person, method, request, actions, action):
        actions.append(action)
        return person.write(method, request, pb.StepReply).version

    def attach(self, application_id):
        data = pdf(200_000, application_id)
        upload = begin(self.clerk_writer(), application_id, data)
        for number in range(upload.next, chunks(data)):
            chunk(self.clerk_caller(), upload.upload_id, data, number)
        self.clerk.write("document.finish", pb.DocumentUploadRequest(upload_id=upload.upload_id), pb.Empty)

    def clerk_writer(self):
        return type("Writer", (), {"write": lambda _, *arguments: self.clerk.write(*arguments)})()

    def clerk_caller(self):
        return type("Caller", (), {"call": lambda _, *arguments: self.clerk.ask(*arguments)})()

    def one(self):
        reply = self.clerk.write("intake.submit", application(), pb.IntakeSubmitReply)
        actions, number, key = ["submit"], reply.number, reply.application_id
        self.done.append((key, number, actions))
        self.attach(key)
        # the check attaches the document in its own time: the documents are decided when it has
        while not any(row.kind == "requirement" for row in
                      self.clerk.ask("document.list", pb.DocumentListRequest(application_id=key), pb.DocumentListReply).documents):
            time.sleep(0.05)
        version = self.step(self.analyst, "verify.submit", pb.VerifySubmitRequest(application_id=key, version=reply.version, action="draft",
                            decisions=[pb.RequirementDecision(code=code, accepted=True) for code in CODES]), actions, "draft")
        version = self.step(self.analyst, "draft.submit", pb.DraftSubmitRequest(application_id=key, version=version, action="submit",
                            proposal="approve"), actions, "submit")
        version = self.step(self.section_head, "review.decide", pb.StepRequest(application_id=key, version=version, action="initial"),
                            actions, "initial")
        self.step(self.head, "approval.decide", pb.StepRequest(application_id=key, version=version, action="approve"), actions, "approve")


def run(*command):
    return subprocess.run(command, check=False, capture_output=True, text=True)


def sql(query):
    answer = run(f"{ROOT}/server/dev/cluster", "psql", "-At", "-c", query)
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    return answer.stdout.strip()


def children(role):
    """The running processes of that role: the log says who is who."""
    with open(f"{VAR}/log/loketd.log", encoding="utf-8", errors="replace") as log:
        pids = {int(pid) for pid in re.findall(rf"process={role} pid=(\d+)", log.read())}
    alive = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                if b"loketd" in line.read():
                    alive.append(pid)
        except OSError:
            pass
    return alive


def kill_role(role):
    for pid in children(role)[:1]:
        os.kill(pid, signal.SIGKILL)


def kill_server():
    for role in ("master", "worker", "auth", "job"):
        for pid in children(role):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    run(f"{ROOT}/server/dev/up")


def kill_database():
    with open(f"{VAR}/pg/postmaster.pid", encoding="utf-8") as file:
        os.kill(int(file.readline()), signal.SIGQUIT)  # an immediate stop: what a power cut leaves behind
    for _ in range(200):
        if run(f"{ROOT}/server/dev/cluster", "start").returncode == 0:
            return
        time.sleep(0.1)


def end_backends():
    sql("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename like 'loket_%'")


def freeze_worker():
    for pid in children("worker")[:1]:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1)
        os.kill(pid, signal.SIGCONT)


def fill_disk():
    sql("create or replace function public.full_disk() returns trigger language plpgsql as $$ begin raise disk_full; end $$;"
        "create trigger full_disk before insert on audit.event for each row execute function public.full_disk()")
    time.sleep(0.5)
    sql("drop trigger full_disk on audit.event")


def cut_lines(desks):
    for desk in desks:
        for person in (desk.clerk, desk.analyst, desk.section_head, desk.head):
            if person.client:
                try:
                    person.client.cut()
                except OSError:
                    pass


def check(desks):
    """Pairs of what must hold and whether it does."""
    done = [row for desk in desks for row in desk.done]
    expected = {(key, action): actions.count(action) for key, _, actions in done for action in actions}
    found = {}
    for line in sql("select application_id || ' ' || action || ' ' || count(*) from audit.event where hash is not null and "
                    "action in ('submit', 'draft', 'initial', 'approve') group by application_id, action").splitlines():
        key, action, count = line.split()
        found[int(key), action] = int(count)
    yield "no desk stopped", not any(desk.error for desk in desks)
    yield "each acknowledged step is there exactly once", all(found.get(key) == count for key, count in expected.items())
    yield "nothing is there that was not acknowledged", set(found) == set(expected)
    yield "each application that was acknowledged is one", sql("select count(*) from application.application") == str(len(done))
    yield "application numbers have no gap", sql(
        "select coalesce(max(right(number, 6)::int), 0) = count(*) from application.application") == "t"
    yield "permit numbers have no gap and no double", sql(
        "select coalesce(max(substring(number from '/([0-9]+)/')::int), 0) = count(*) from application.permit") == "t"
    yield "every audit chain holds", sql(
        "select count(*) from (select e.hash, e.previous_hash, lag(e.hash) over (partition by e.office_id, e.application_id order by e.event_id) as before,"
        " sha256(coalesce(e.previous_hash, ''::bytea) || rule.event_bytes(e)) as own from audit.event e where e.hash is not null) x"
        " where x.own <> x.hash or x.previous_hash is distinct from x.before") == "0"
    yield "each document is made or waits, none failed, none twice", sql(
        "select count(*) filter (where state = 'failed') = 0 and count(*) = count(distinct (application_id, kind, code)) from document.document") == "t"
    yield "each scan is whole", run(f"{ROOT}/build/release/loketd", "-c", f"{VAR}/loketd.ini", "documents", "check").returncode == 0


def main():
    random.seed(SEED)
    desks = [Desk(people) for people in (("rina", "dewi", "hendra", "ratna"), ("budi", "agus", "wati", "bambang"))]
    faults = {"kill a worker": lambda: kill_role("worker"), "kill the auth process": lambda: kill_role("auth"),
              "kill the job process": lambda: kill_role("job"), "kill the server": kill_server, "stop the database at once": kill_database,
              "end every database connection": end_backends, "freeze a worker": freeze_worker, "fill the disk": fill_disk,
              "cut every line": lambda: cut_lines(desks)}
    counts = dict.fromkeys(faults, 0)
    for desk in desks:
        desk.start()
    for _ in range(ROUNDS):
        before = sum(len(actions) for desk in desks for _, _, actions in desk.done)
        name = random.choice(list(faults))
        faults[name]()
        counts[name] += 1
        # the next fault comes when work goes on again
        limit = time.monotonic() + 60
        while sum(len(actions) for desk in desks for _, _, actions in desk.done) < before + 2 and time.monotonic() < limit:
            time.sleep(0.02)
    ended.set()
    for desk in desks:
        desk.join(120)
    limit = time.monotonic() + 60
    while sql("select count(*) from document.document where state = 'to_render'") != "0" and time.monotonic() < limit:
        time.sleep(0.2)
    for name, count in counts.items():
        print(f"{count:5} times: {name}")
    acknowledged = sum(len(actions) for desk in desks for _, _, actions in desk.done)
    lost = sum(person.lost for desk in desks for person in (desk.clerk, desk.analyst, desk.section_head, desk.head))
    print(f"seed {SEED}: {ROUNDS} rounds, {acknowledged} steps acknowledged, {lost} lines lost")
    passed = failed = 0
    for what, holds in check(desks):
        print(("ok " if holds else "not ok ") + what)
        passed, failed = passed + holds, failed + (not holds)
    for desk in desks:
        if desk.error:
            print(repr(desk.error))
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
