"""People of the office at work, over lines that fall: each call is made until it is answered, as libloket does. What was answered
is noted, so that it can be looked for afterwards."""
import os
import threading
import time

import loket_pb2 as pb
from document_test import begin, chunk, chunks, pdf
from loket_client import Client, Refused
from wire_test import CA, PASSWORDS, application

CODES = ("KTP", "PENGANTAR", "PROPOSAL")
AGAIN = ("UNAVAILABLE", "INTERNAL", "NOT_LOGGED_IN", "TOO_MANY")
ended = threading.Event()


class Died(Exception):
    """The client was killed: what it asked for last is not known to it any more."""


class Person:
    """One user with a connection that falls and comes back."""

    def __init__(self, user, address):
        self.user, self.address = user, address
        self.client, self.token, self.proof_key = None, None, None
        self.lost = self.repeated = 0
        self.refusals = {}
        self.killed = threading.Event()

    def connected(self):
        while self.client is None:
            self.die_if_killed()
            try:
                client = Client(self.address, CA)
                client.wait_at_most(15)
                self.begin_session(client)
                self.client = client
            except Refused as refused:
                self.note(refused)
                time.sleep(0.1)
            except OSError:
                time.sleep(0.1)
        return self.client

    def begin_session(self, client):
        if self.token:
            try:
                client.resume(self.token, client.proof(self.token, self.proof_key))
                return
            except Refused as refused:
                if refused.code != "NOT_LOGGED_IN":
                    raise
        self.token = client.login(self.user, PASSWORDS[self.user]).token
        self.proof_key = client.proof_key

    def note(self, refused):
        self.refusals[refused.code] = self.refusals.get(refused.code, 0) + 1

    def drop(self):
        self.lost += 1
        client, self.client = self.client, None
        if client:
            client.close()

    def die_if_killed(self):
        if self.killed.is_set():
            self.killed.clear()
            self.drop()
            self.token = None  # it was in that client's memory
            raise Died()

    def ask(self, method, request, reply_type, key=b""):
        tries = 0
        while True:
            self.die_if_killed()
            self.repeated += bool(key and tries)
            tries += 1
            try:
                return self.connected().call(method, request, reply_type, key)
            except Refused as refused:
                if refused.code not in AGAIN:
                    raise
                self.note(refused)
                if refused.code == "NOT_LOGGED_IN":
                    self.drop()
                time.sleep(0.1)
            except OSError:
                self.drop()

    # as the client of the other tests, so that their words can be used
    def write(self, method, request, reply_type):
        return self.ask(method, request, reply_type, os.urandom(16))

    def call(self, method, request, reply_type):
        return self.ask(method, request, reply_type)

    def cut(self):
        client = self.client
        if client:
            try:
                client.cut()
            except OSError:
                pass  # it fell already

    def kill(self):
        """As kill -9 does: in the middle of whatever it does."""
        self.killed.set()
        self.cut()


class Desk(threading.Thread):
    """Takes applications from the counter to the head's decision, over and over."""

    def __init__(self, people, address):
        super().__init__(daemon=True)
        self.people = [Person(name, address) for name in people]
        self.clerk, self.analyst, self.section_head, self.head = self.people
        self.done = []       # (application_id, number, [actions that were answered])
        self.unknown = []    # (application_id or None, action): asked for by a client that was killed
        self.error = None
        self.doing = None

    def steps(self):
        return sum(len(actions) for _, _, actions in self.done)

    def run(self):
        try:
            while not ended.is_set():
                try:
                    self.one()
                except Died:
                    if self.doing:
                        self.unknown.append(self.doing)
                    self.doing = None
        except Exception as error:  # a desk that stops must be seen
            self.error = error

    def write(self, person, method, request, reply_type, doing):
        self.doing = doing
        reply = person.write(method, request, reply_type)
        self.doing = None
        return reply

    def step(self, person, method, request, actions, action):
        reply = self.write(person, method, request, pb.StepReply, (request.application_id, action))
        actions.append(action)
        return reply.version

    def attach(self, application_id):
        data = pdf(100_000, application_id)
        upload = begin(self.clerk, application_id, data)
        for number in range(upload.next, chunks(data)):
            chunk(self.clerk, upload.upload_id, data, number)
        self.clerk.write("document.finish", pb.DocumentUploadRequest(upload_id=upload.upload_id), pb.Empty)
        # the check attaches the document in its own time: the documents are decided when it has
        while not any(row.kind == "requirement" for row in self.clerk.call(
                "document.list", pb.DocumentListRequest(application_id=application_id), pb.DocumentListReply).documents):
            time.sleep(0.05)

    def one(self):
        reply = self.write(self.clerk, "intake.submit", application(), pb.IntakeSubmitReply, (None, "submit"))
        actions, key = ["submit"], reply.application_id
        self.done.append((key, reply.number, actions))
        self.attach(key)
        version = self.step(self.analyst, "verify.submit", pb.VerifySubmitRequest(application_id=key, version=reply.version, action="draft",
                            decisions=[pb.RequirementDecision(code=code, accepted=True) for code in CODES]), actions, "draft")
        version = self.step(self.analyst, "draft.submit", pb.DraftSubmitRequest(application_id=key, version=version, action="submit",
                            proposal="approve"), actions, "submit")
        version = self.step(self.section_head, "review.decide", pb.StepRequest(application_id=key, version=version, action="initial"),
                            actions, "initial")
        self.step(self.head, "approval.decide", pb.StepRequest(application_id=key, version=version, action="approve"), actions, "approve")
