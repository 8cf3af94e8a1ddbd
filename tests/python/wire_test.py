"""What others may rely on when they write a client, and what strangers may try. Names say what would be wrong."""
import datetime
import os
import random
import struct
import subprocess
import unittest

from OpenSSL import SSL

import loket_pb2 as pb
from loket_client import Client, Refused

ADDRESS = os.environ["LOKET_SERVER"]
CA = os.environ["LOKET_CA"]
CLUSTER = os.path.join(os.path.dirname(__file__), "../../server/dev/cluster")
PASSWORDS = {}
with open(os.environ["LOKET_CREDENTIALS"], encoding="utf-8") as file:
    for line in file:
        user, _, password = line.split()
        PASSWORDS[user] = password


def connect(**options):
    return Client(ADDRESS, CA, **options)


class database:
    """A transaction of its own in the database, under way until the block ends."""

    def __init__(self, begin):
        self.psql = subprocess.Popen([CLUSTER, "psql", "-At"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask(begin)

    def ask(self, sql):
        """The lines of the answer."""
        self.psql.stdin.write(sql + ";\n\\echo end of the answer\n")
        self.psql.stdin.flush()
        return list(iter(lambda: self.psql.stdout.readline().rstrip("\n"), "end of the answer"))

    def until(self, question):
        while self.ask(question) != ["t"]:
            self.ask("select pg_stat_clear_snapshot()")

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.psql.stdin.close()
        self.psql.wait()
        self.psql.stdout.close()


def logged_in(user):
    client = connect()
    client.login(user, PASSWORDS[user])
    return client


def application():
    applicant = pb.Applicant(kind="person", nik="187201460790%04d" % random.randint(1, 9998), name="Dari Python",
                             address="Jl. Ular 1", phone="081234567890")
    fields = [pb.FieldValue(code=code, value=value) for code, value in
              (("university", "Unila"), ("title", "Perizinan"), ("from_on", "2026-12-01"), ("until_on", "2026-12-31"), ("place", "Metro"))]
    documents = [pb.RequirementEntry(code="KTP", present=True), pb.RequirementEntry(code="PENGANTAR", present=True, document_number="7"),
                 pb.RequirementEntry(code="PROPOSAL", present=True)]
    return pb.IntakeSubmitRequest(permit_type="PENELITIAN", kind="new", applicant=applicant, fields=fields, requirements=documents)


class Work(unittest.TestCase):
    def test_a_step_is_not_done_or_done_twice(self):
        clerk, analyst = logged_in("rina"), logged_in("dewi")
        key, request = os.urandom(16), application()
        first = clerk.write("intake.submit", request, pb.IntakeSubmitReply, key)
        again = clerk.write("intake.submit", request, pb.IntakeSubmitReply, key)
        self.assertEqual(first, again)
        self.assertRegex(first.number, r"^\d{4}-\d{6}$")
        queue = analyst.call("queue.list", pb.QueueListRequest(text=first.number), pb.QueueListReply)
        self.assertEqual([row.number for row in queue.rows], [first.number])
        analyst.write("task.claim", pb.TaskRequest(task_id=queue.rows[0].task_id), pb.StepReply)
        decisions = [pb.RequirementDecision(code=code, accepted=True) for code in ("KTP", "PENGANTAR", "PROPOSAL")]
        step = analyst.write("verify.submit", pb.VerifySubmitRequest(application_id=first.application_id, version=first.version,
                             decisions=decisions, action="draft"), pb.StepReply)
        self.assertEqual(step.stage, "drafting")
        with self.assertRaises(Refused) as stale:
            analyst.write("draft.submit", pb.DraftSubmitRequest(application_id=first.application_id, version=first.version,
                          action="submit", proposal="approve"), pb.StepReply)
        self.assertEqual(stale.exception.code, "STALE")

    def test_what_was_refused_is_not_recorded(self):
        clerk, auditor = logged_in("rina"), logged_in("wahyu")
        with self.assertRaises(Refused) as refused:
            clerk.write("approval.decide", pb.StepRequest(application_id=1, version=1, action="approve"), pb.StepReply)
        self.assertEqual(refused.exception.code, "FORBIDDEN")
        rows = []
        for _ in range(200):  # it is written after the answer
            rows = auditor.call("audit.list", pb.AuditListRequest(username="rina"), pb.AuditListReply).rows
            if any(row.action == "forbidden" and "approval.decide" in row.detail for row in rows):
                return
        self.fail(rows[:3])

    def test_a_client_writes_refusals_itself(self):
        with self.assertRaises(Refused) as refused:
            logged_in("rina").call("session.refused", pb.SessionRefusedRequest(method="x"), pb.SessionRefusedReply)
        self.assertEqual(refused.exception.code, "UNKNOWN_METHOD")

    def test_one_key_serves_two_requests(self):
        clerk, key = logged_in("rina"), os.urandom(16)
        clerk.write("intake.submit", application(), pb.IntakeSubmitReply, key)
        with self.assertRaises(Refused) as refused:
            clerk.write("intake.submit", application(), pb.IntakeSubmitReply, key)
        self.assertEqual(refused.exception.code, "DUPLICATE")

    def test_an_event_does_not_reach_who_waits_for_it(self):
        analyst, clerk = logged_in("agus"), logged_in("budi")
        reply = clerk.write("intake.submit", application(), pb.IntakeSubmitReply)
        while True:  # what was done before may be told now
            envelope = analyst.receive()
            self.assertEqual((envelope.id, envelope.method), (0, "event"))
            if pb.Event.FromString(envelope.body).application_id == reply.application_id:
                break

    def test_some_of_many_events_at_once_are_lost(self):
        analyst, clerk = logged_in("agus"), logged_in("budi")
        for _ in range(40):
            clerk.send("intake.submit", application(), os.urandom(16))
        taken_in, heard = set(), set()
        while len(taken_in) < 40:  # in whatever order
            envelope = clerk.receive()
            if envelope.id:
                taken_in.add(pb.IntakeSubmitReply.FromString(envelope.body).application_id)
        while not taken_in <= heard:  # or the line's time limit
            envelope = analyst.receive()
            self.assertEqual((envelope.id, envelope.method), (0, "event"))
            heard.add(pb.Event.FromString(envelope.body).application_id)

    def test_what_waits_in_the_database_holds_up_everything_else(self):
        new = logged_in("budi").write("intake.submit", application(), pb.IntakeSubmitReply)
        analyst = logged_in("agus")
        queue = analyst.call("queue.list", pb.QueueListRequest(text=new.number), pb.QueueListReply)
        with database("begin; select from application.application where application_id = %d for update" % new.application_id) as lock:
            for _ in range(32):
                analyst.send("task.claim", pb.TaskRequest(task_id=queue.rows[0].task_id), os.urandom(16))
            lock.until("select count(*) filter (where query_start < clock_timestamp() - interval '1 second') > 0 from pg_stat_activity "
                       "where application_name = 'loketd worker' and wait_event_type = 'Lock'")
            self.assertFalse(analyst.answer(analyst.send("session.ping", pb.Empty())).HasField("error"))

    def test_a_session_is_lost_with_its_connection(self):
        client = connect()
        token = client.login("rina", PASSWORDS["rina"]).token
        client.close()
        other = connect()
        session = other.resume(token, other.proof(token, client.proof_key))
        self.assertEqual(session.username, "rina")
        self.assertEqual(session.token, b"")
        other.call("session.ping", pb.Empty(), pb.PingReply)


class Stolen(unittest.TestCase):
    """Somebody has the session's token: from a memory dump, a log, a backup of the client's machine."""

    def setUp(self):
        self.owner = connect()
        self.token = self.owner.login("rina", PASSWORDS["rina"]).token

    def refused(self, thief, proof):
        with self.assertRaises(Refused) as refused:
            thief.resume(self.token, proof)
        self.assertEqual((refused.exception.code, refused.exception.field), ("NOT_LOGGED_IN", "proof"))
        with self.assertRaises(Refused) as refused:
            thief.call("session.ping", pb.Empty(), pb.PingReply)
        self.assertEqual(refused.exception.code, "NOT_LOGGED_IN")
        self.owner.call("session.ping", pb.Empty(), pb.PingReply)  # it is not the owner's fault

    def test_a_token_alone_is_taken(self):
        self.refused(connect(), b"")

    def test_a_token_with_a_key_of_the_thief_s_own_is_taken(self):
        thief = connect()
        self.refused(thief, thief.proof(self.token, thief.proof_key))

    def test_a_proof_that_was_seen_in_another_connection_is_taken(self):
        seen = connect()
        proof = seen.proof(self.token, self.owner.proof_key)
        self.refused(connect(), proof)

    def test_a_session_that_was_begun_without_a_key_is_taken(self):
        plain = connect()
        token = plain.call("auth.login", pb.AuthLoginRequest(username="rina", password=PASSWORDS["rina"]), pb.SessionReply).token
        thief = connect()
        with self.assertRaises(Refused) as refused:
            thief.resume(token, thief.proof(token, thief.proof_key))
        self.assertEqual(refused.exception.code, "NOT_LOGGED_IN")


class Forbidden(unittest.TestCase):
    def refused(self, client, method, request, code, field=None, key=b""):
        with self.assertRaises(Refused) as refused:
            client.call(method, request, pb.Empty, key)
        self.assertEqual(refused.exception.code, code)
        if field is not None:
            self.assertEqual(refused.exception.field, field)

    def test_a_stranger_reads_a_queue(self):
        self.refused(connect(), "queue.list", pb.QueueListRequest(), "NOT_LOGGED_IN")

    def test_a_role_uses_another_role_s_method(self):
        self.refused(logged_in("rina"), "approval.decide", pb.StepRequest(application_id=1), "FORBIDDEN", key=os.urandom(16))
        self.refused(logged_in("arif"), "application.open", pb.ApplicationOpenRequest(application_id=1), "FORBIDDEN")

    def test_a_bad_field_is_not_named(self):
        request = application()
        request.applicant.nik = "123"
        self.refused(logged_in("rina"), "intake.submit", request, "INVALID", "applicant.nik", os.urandom(16))

    def test_a_write_without_a_key_is_done(self):
        self.refused(logged_in("rina"), "intake.submit", application(), "REQUIRED")

    def test_an_unknown_user_and_a_wrong_password_can_be_told_apart(self):
        answers = []
        for user in ("budi", "tidakada"):
            with self.assertRaises(Refused) as refused:
                connect().login(user, "bukan kata sandinya")
            answers.append((refused.exception.code, refused.exception.field, refused.exception.message))
        self.assertEqual(answers[0], answers[1])

    def test_an_unknown_method_is_not_said_to_be_one(self):
        self.refused(connect(), "permit.forge", pb.Empty(), "UNKNOWN_METHOD")


class Delegates(unittest.TestCase):
    def may_sign(self, client):
        try:
            client.call("signature.list", pb.Empty(), pb.SignatureListReply)
            return True
        except Refused as refused:
            self.assertEqual(refused.code, "FORBIDDEN")
            return False

    def test_a_role_that_somebody_leaves_waits_for_the_next_log_in_or_outlives_the_absence(self):
        head, delegate = logged_in("ratna"), logged_in("wati")
        self.assertFalse(self.may_sign(delegate))
        people = head.call("absence.people", pb.AbsencePeopleRequest(), pb.AbsencePeopleReply)
        stands = next(person for person in people.delegates if person.name.startswith("Wati"))
        today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))).date().isoformat()
        away = head.write("absence.save", pb.AbsenceSaveRequest(from_on=today, until_on=today, reason="Ill", delegate_id=stands.user_id,
                          role="head", decree="800/1"), pb.AbsenceSaveReply)
        try:
            pong = delegate.call("session.ping", pb.Empty(), pb.PingReply)
            self.assertTrue(self.may_sign(delegate))
            self.assertIn("head", [row.role for row in pong.roles])
            self.assertIn("head", pong.queues)
        finally:
            head.write("absence.end", pb.AbsenceEndRequest(absence_id=away.absence_id), pb.Empty)
        self.assertFalse(self.may_sign(delegate))
        pong = delegate.call("session.ping", pb.Empty(), pb.PingReply)
        self.assertEqual([row.role for row in pong.roles], ["section_head"])


class Hostile(unittest.TestCase):
    def tearDown(self):
        logged_in("rina").call("session.ping", pb.Empty(), pb.PingReply)  # it still serves the others

    def closed_after(self, data):
        client = connect()
        client.send_bytes(data)
        envelope = client.receive()
        self.assertEqual(envelope.error.code, pb.BAD_FRAME)
        with self.assertRaises(ConnectionError):
            client.receive()

    def test_a_frame_that_is_too_long_is_waited_for(self):
        self.closed_after(struct.pack(">I", (1 << 20) + 1))

    def test_an_empty_frame_is_taken(self):
        self.closed_after(struct.pack(">I", 0))

    def test_garbage_is_taken(self):
        self.closed_after(struct.pack(">I", 5) + b"\xff\xff\xff\xff\xff")

    def test_a_split_frame_is_lost(self):
        client = connect()
        body = pb.Envelope(id=1, method="catalogue.list", body=pb.CatalogueListRequest().SerializeToString()).SerializeToString()
        for byte in struct.pack(">I", len(body)) + body:
            client.send_bytes(bytes([byte]))
        self.assertGreater(len(pb.CatalogueListReply.FromString(client.receive().body).permit_types), 20)

    def test_a_cut_frame_kills_the_worker(self):
        client = connect()
        client.send_bytes(struct.pack(">I", 100) + b"half")
        client.close()

    def test_an_older_tls_is_spoken(self):
        with self.assertRaises(ConnectionError):
            connect(versions=(SSL.TLS1_2_VERSION, SSL.TLS1_2_VERSION))

    def test_a_client_of_another_protocol_is_served(self):
        for alpn in ((), ("h2",)):
            with self.assertRaises(ConnectionError):
                client = connect(alpn=alpn)
                client.call("catalogue.list", pb.CatalogueListRequest(), pb.CatalogueListReply)


if __name__ == "__main__":
    unittest.main()
