"""Who wants to keep an office from working, or to take a process over. Each attack is bounded, from addresses of loopback, on a server
with limits so tight that they are soon reached; and meanwhile somebody else works."""
import os
import random
import re
import select
import shutil
import socket
import struct
import tempfile
import time
import unittest

import loket_pb2 as pb
from loket_client import Client, Refused
from own_server import Server, password

CA = os.environ["LOKET_CA"]
PATIENCE = 20  # seconds, for what must come
# what a memory checker keeps of what was freed would pass for the server's own
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=8"]))


def frame(body):
    return struct.pack(">I", len(body)) + body


def envelope(number, method, request=None, body=None):
    body = request.SerializeToString() if body is None else body
    return frame(pb.Envelope(id=number, method=method, body=body).SerializeToString())


class Attack(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = Server(self.folder, self.settings)
        self.addCleanup(self.server.stop)
        self.server.wait_for("database connection ready", 4)
        self.clerk = self.client()
        self.clerk.login("rina", password("rina"))

    def client(self, source="127.0.0.1"):
        client = Client(self.server.address, CA, source=source)
        self.addCleanup(client.close)
        return client

    def clerk_works(self, times=5):
        """Another user is served, and soon: that is what all this is for."""
        for _ in range(times):
            begun = time.monotonic()
            self.clerk.call("session.ping", pb.Empty(), pb.PingReply)
            self.assertLess(time.monotonic() - begun, 2)

    def plain(self, source):
        """A connection without a word of TLS."""
        host, port = self.server.address.split(":")
        wire = socket.create_connection((host, int(port)), timeout=PATIENCE, source_address=(source, 0))
        self.addCleanup(wire.close)
        return wire

    @staticmethod
    def is_shut(wire, wait=0.0):
        """Has the server closed it? Waits at most that long to see."""
        if not select.select([wire], [], [], wait)[0]:
            return False
        try:
            return wire.recv(4096) == b""
        except ConnectionError:
            return True

    def all_shut(self, wires):
        until = time.monotonic() + PATIENCE
        while wires:
            self.assertLess(time.monotonic(), until, f"{len(wires)} are still served")
            wires = [wire for wire in wires if not self.is_shut(wire, 0.01)]
            self.clerk_works(1)


class Slow(Attack):
    settings = {"limits.handshake_seconds": "1", "limits.login_seconds": "2", "limits.frame_seconds": "1", "limits.unread_seconds": "2"}

    def test_a_stranger_who_never_finishes_tls_holds_the_server(self):
        wires = [self.plain("127.0.0.2") for _ in range(50)]
        for wire in wires[:25]:
            wire.sendall(b"\x16\x03\x01\x02")  # a ClientHello that does not go on
        self.all_shut(wires)
        self.assertIn("limit=handshake_seconds", self.server.lines())

    def test_a_stranger_who_never_logs_in_holds_the_server(self):
        self.all_shut([self.client("127.0.0.2").wire for _ in range(10)])
        self.assertIn("limit=login_seconds", self.server.lines())

    def test_a_stranger_who_always_asks_and_never_logs_in_holds_the_server(self):
        stranger, until = self.client("127.0.0.2"), time.monotonic() + PATIENCE
        with self.assertRaises(ConnectionError):
            while time.monotonic() < until:
                stranger.call("catalogue.list", pb.CatalogueListRequest(), pb.CatalogueListReply)

    def test_a_frame_that_drips_in_byte_by_byte_is_waited_for(self):
        slow, until, drips = self.client("127.0.0.2"), time.monotonic() + PATIENCE, 0
        slow.login("budi", password("budi"))
        slow.send_bytes(struct.pack(">I", 1000))
        with self.assertRaises(ConnectionError):
            while time.monotonic() < until:
                slow.send_bytes(b"\x0a")
                drips += 1
                if self.is_shut(slow.wire, 0.1):
                    raise ConnectionError
        self.assertLess(drips, 100)
        self.clerk_works()
        self.assertIn("limit=frame_seconds", self.server.lines())

    def test_a_header_that_never_comes_is_waited_for(self):
        slow = self.client("127.0.0.2")
        slow.login("budi", password("budi"))
        slow.send_bytes(b"\x00\x00")
        self.all_shut([slow.wire])

    def test_a_client_that_never_reads_fills_the_memory(self):
        deaf = self.client("127.0.0.2")
        deaf.login("budi", password("budi"))
        deaf.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.wait_at_most(1)
        ask, until = envelope(1, "catalogue.list", pb.CatalogueListRequest()), time.monotonic() + PATIENCE
        before = self.resident()
        for _ in range(60000):  # the answers would be some 300 MiB
            try:
                deaf.send_bytes(ask)
            except (TimeoutError, ConnectionError):
                break
        while "limit=unread_seconds" not in self.server.lines():
            self.assertLess(time.monotonic(), until)
            self.clerk_works(1)
            self.assertLess(self.resident() - before, 128 * 1024)

    def resident(self):
        """KiB of all children."""
        sizes = []
        for child in self.server.children():
            with open(f"/proc/{child}/status", encoding="ascii", errors="replace") as file:
                sizes.append(int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)))
        return sum(sizes)


class Flood(Attack):
    settings = {"server.clients_per_address": "20", "limits.connections_per_minute": "60", "limits.requests_per_second": "50",
                "limits.logins_per_address": "3"}

    def test_one_address_takes_all_the_connections(self):
        wires = [self.plain("127.0.0.2") for _ in range(200)]
        left = set(wires)
        until = time.monotonic() + PATIENCE
        while len(left) > 20:
            self.assertLess(time.monotonic(), until)
            left = {wire for wire in left if not self.is_shut(wire, 0.001)}
        self.assertEqual(len(left), 20)
        other = self.client("127.0.0.3")
        other.login("budi", password("budi"))
        self.clerk_works()
        self.assertEqual(self.server.lines().count("too many connections"), 1)  # one line, not one for each

    def test_handshakes_one_after_the_other_keep_the_server_busy(self):
        begun, done = time.monotonic(), 0
        for _ in range(100):
            try:
                Client(self.server.address, CA, source="127.0.0.2").close()
                done += 1
            except ConnectionError:
                continue
        allowed = 20 + (time.monotonic() - begun) + 1
        self.assertLessEqual(done, allowed)
        self.client("127.0.0.3").login("budi", password("budi"))
        self.clerk_works()

    def test_a_million_tiny_frames_keep_everybody_else_waiting(self):
        pest = self.client("127.0.0.2")
        pest.login("budi", password("budi"))
        pest.wait_at_most(1)
        many = b"".join(envelope(number, "session.ping", pb.Empty()) for number in range(1, 50001))
        begun, answered = time.monotonic(), 0
        for at in range(0, len(many), 16384):
            try:
                pest.send_bytes(many[at : at + 16384])
            except TimeoutError:
                break  # no more is taken
        else:
            at = len(many)
        pest.wait_at_most(5)
        while time.monotonic() - begun < 4:
            pest.receive()
            answered += 1
            if answered % 50 == 0:
                self.clerk_works(1)
        self.assertGreater(answered, 0)
        self.assertLessEqual(answered, 50 * (time.monotonic() - begun + 2))

    def test_wrong_passwords_from_one_place_keep_everybody_else_from_logging_in(self):
        thief = self.client("127.%d.%d.9" % (random.randint(1, 254), random.randint(0, 254)))
        numbers = [thief.send("auth.login", pb.AuthLoginRequest(username=f"tidakada{i}", password="bukan kata sandinya"))
                   for i in range(30)]
        begun = time.monotonic()
        self.client("127.0.0.3").login("budi", password("budi"))
        waited = time.monotonic() - begun
        answers = [thief.receive().error for _ in numbers]
        self.assertEqual({pb.ErrorCode.Name(answer.code) for answer in answers if "waiting" in answer.message}, {"TOO_MANY"})
        self.assertLess(waited, 5)


class Large(Attack):
    def test_a_stranger_sends_a_large_frame(self):
        stranger = self.client("127.0.0.2")
        stranger.send_bytes(struct.pack(">I", 16 * 1024 + 1))
        self.assertEqual(stranger.receive().error.code, pb.BAD_FRAME)
        with self.assertRaises(ConnectionError):
            stranger.receive()

    def test_who_logged_in_may_not_send_one(self):
        self.clerk.send_bytes(envelope(77, "catalogue.list", body=b"\x7a\xc0\x9a\x0c" + bytes(200 * 1024)))
        self.assertEqual(self.clerk.receive().id, 77)

    def test_a_large_frame_that_follows_the_log_in_at_once_is_refused(self):
        client = self.client("127.0.0.2")
        login = pb.AuthLoginRequest(username="budi", password=password("budi"))
        client.send_bytes(envelope(1, "auth.login", login) + envelope(2, "catalogue.list", body=b"\x7a\xc0\x9a\x0c" + bytes(200 * 1024)))
        self.assertEqual((client.receive().id, client.receive().id), (1, 2))

    def test_half_a_million_fields_in_a_message_or_messages_in_messages_stop_a_worker(self):
        pest = self.client("127.0.0.2")
        pest.login("budi", password("budi"))
        fields = b"\x78\x00" * 500000  # field 15, which no message knows
        nested = b""
        for _ in range(5000):
            size, length = len(nested), b""
            while size >= 0x80:
                length += bytes([size & 0x7F | 0x80])
                size >>= 7
            nested = b"\x0a" + length + bytes([size]) + nested
        pest.send_bytes(frame(pb.Envelope(id=1, method="session.ping").SerializeToString() + fields))
        pest.send_bytes(envelope(2, "session.ping", body=fields))
        pest.send_bytes(envelope(3, "intake.submit", body=nested))
        self.clerk_works()
        for _ in range(3):
            self.assertGreater(pest.receive().id, 0)
        self.clerk_works()


class Confined(Attack):
    def test_a_child_keeps_privileges_that_it_does_not_need(self):
        self.server.wait_for("shut in", 4)
        children = self.server.children()
        self.assertEqual(len(children), 4)  # worker, auth, job, metrics
        for child in children:
            with open(f"/proc/{child}/status", encoding="ascii", errors="replace") as file:
                status = dict(re.findall(r"^(\w+):\s*(\S+)", file.read(), re.M))
            self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
            self.assertEqual([int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")], [0] * 4)
        self.assertEqual(self.server.lines().count("seccomp=enforce landlock"), 4)


class Misspelt(unittest.TestCase):
    def test_a_misspelt_mode_serves_without_a_filter(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        server = Server(folder, {"server.seccomp": "enforced"})
        self.addCleanup(server.stop)
        server.wait_for("Write enforce, log or off")
        with self.assertRaises(OSError):
            client = Client(server.address, CA)
            client.call("catalogue.list", pb.CatalogueListRequest(), pb.CatalogueListReply)


if __name__ == "__main__":
    unittest.main()
