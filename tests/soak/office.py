"""Simulated people of the office: each has a connection of their own and takes whatever work waits for their role, with pauses, so
that applications go through all stages. Measures how long each call takes."""
import random
import threading
import time

import loket_pb2 as pb
from document_test import begin, chunk, chunks, pdf
from loket_client import Client, Refused
from wire_test import ADDRESS, CA, PASSWORDS, application

CODES = ("KTP", "PENGANTAR", "PROPOSAL")
EXPECTED = ("STALE", "NOT_NOW", "FORBIDDEN", "NOT_FOUND", "HELD", "UNAVAILABLE", "TOO_MANY")  # two take the same: one comes too late
ended = threading.Event()


class Measures:
    """Seconds of each call, by minute and method; and what was refused."""

    def __init__(self):
        self.lock = threading.Lock()
        self.begun = time.monotonic()
        self.calls = {}
        self.refusals = {}

    def minute(self):
        return int((time.monotonic() - self.begun) // 60)

    def add(self, method, seconds):
        with self.lock:
            self.calls.setdefault((self.minute(), method), []).append(seconds)

    def refused(self, method, code):
        with self.lock:
            self.refusals[method, code] = self.refusals.get((method, code), 0) + 1


class Person(threading.Thread):
    def __init__(self, user, work, measures, pause):
        super().__init__(daemon=True)
        self.user, self.work, self.measures, self.pause = user, work, measures, pause
        self.client, self.error, self.done = None, None, 0
        self.events = []

    def run(self):
        try:
            self.client = Client(ADDRESS, CA)
            self.user_id = self.log_in().user_id
            while not ended.wait(random.uniform(0.5, 1.5) * self.pause):
                self.once()
            self.client.call("auth.logout", pb.Empty(), pb.Empty, key=random.randbytes(16))
            self.client.close()
        except Exception as error:  # somebody who stops must be seen
            self.error = error

    def log_in(self):
        """All come at once, from one address: whoever is told that too many wait tries again."""
        while True:
            try:
                return self.client.login(self.user, PASSWORDS[self.user])
            except Refused as refused:
                if refused.code != "TOO_MANY" or ended.wait(1):
                    raise

    def once(self):
        try:
            self.done += bool(self.work(self))
        except Refused as refused:
            if refused.code not in EXPECTED:
                raise
        finally:
            self.client.events.clear()

    def timed(self, method, what, *arguments):
        begun = time.monotonic()
        try:
            return what(method, *arguments)
        except Refused as refused:
            self.measures.refused(method, refused.code)
            raise
        finally:
            self.measures.add(method, time.monotonic() - begun)

    # as the client of the other tests, so that their words can be used
    def call(self, method, request, reply_type):
        return self.timed(method, self.client.call, request, reply_type)

    def write(self, method, request, reply_type):
        return self.timed(method, self.client.write, request, reply_type)

    def task(self, stage):
        """One that waits for this person in the stage, taken; its application with what is known of it now."""
        rows = self.call("queue.list", pb.QueueListRequest(limit=50), pb.QueueListReply).rows
        rows = [row for row in rows if row.stage == stage and row.holder_id in (0, self.user_id)]
        if not rows:
            return None
        row = random.choice(rows[:8])
        if row.holder_id != self.user_id:
            self.write("task.claim", pb.TaskRequest(task_id=row.task_id), pb.StepReply)
        self.call("application.open", pb.ApplicationOpenRequest(application_id=row.application_id), pb.ApplicationOpenReply)
        again = self.call("queue.list", pb.QueueListRequest(text=row.number), pb.QueueListReply).rows
        return next((one for one in again if one.task_id == row.task_id), None)


def step(person, stage, verb, request_type, **values):
    row = person.task(stage)
    if not row:
        return False
    person.write(verb, request_type(application_id=row.application_id, version=row.version, **values), pb.StepReply)
    return True


def at_the_counter(person):
    if random.random() < 0.5 and step(person, "handover", "handover.record", pb.HandoverRecordRequest, recipient="Pemohon",
                                      recipient_nik="1872014507900001", relation="self", method="counter"):
        return True
    reply = person.write("intake.submit", application(), pb.IntakeSubmitReply)
    data = pdf(random.randrange(20_000, 200_000), reply.application_id)
    upload = begin(person, reply.application_id, data)
    for number in range(upload.next, chunks(data)):
        chunk(person, upload.upload_id, data, number)
    person.write("document.finish", pb.DocumentUploadRequest(upload_id=upload.upload_id), pb.Empty)
    return True


def at_the_desk(person):
    if random.random() < 0.5:
        return step(person, "drafting", "draft.submit", pb.DraftSubmitRequest, action="submit", proposal="approve", considerations="Lengkap.")
    return step(person, "verification", "verify.submit", pb.VerifySubmitRequest, action="draft",
                decisions=[pb.RequirementDecision(code=code, accepted=True) for code in CODES])


def reviews(person):
    return step(person, "review", "review.decide", pb.StepRequest, action="initial")


def decides(person):
    return step(person, "approval", "approval.decide", pb.StepRequest, action="approve")


def files(person):
    return step(person, "archive", "archive.file", pb.ArchiveFileRequest, classification="503", room="A", shelf="1", box="2", folder="3",
                active_years=2, inactive_years=3)


def looks_on(person):
    """The auditor and the manager: the large lists."""
    person.call("application.search", pb.SearchRequest(text="Python"), pb.QueueListReply)
    person.call("permit.list", pb.PermitListRequest(), pb.PermitListReply)
    return False


# user, what they do, how many terminals they have, seconds between two things
PEOPLE = (("rina", at_the_counter, 3, 2), ("budi", at_the_counter, 3, 2), ("dewi", at_the_desk, 4, 1.5), ("agus", at_the_desk, 4, 1.5),
          ("hendra", reviews, 3, 1.5), ("wati", reviews, 3, 1.5), ("ratna", decides, 3, 1.5), ("bambang", decides, 3, 1.5),
          ("slamet", files, 3, 1.5), ("ningsih", files, 3, 1.5), ("wahyu", looks_on, 1, 3), ("indah", looks_on, 1, 3))


def everybody(measures):
    return [Person(user, work, measures, pause) for user, work, terminals, pause in PEOPLE for _ in range(terminals)]
