"""What the server tells of itself: real scrapes before and after known requests, and strangers at the metrics' socket."""
import configparser
import http.client
import os
import re
import socket
import struct
import subprocess
import time
import unittest

import loket_pb2 as pb
from loket_client import Refused
from wire_test import ADDRESS, connect, logged_in

CONFIG = os.environ["LOKET_CONFIG"]


def metrics_socket():
    config = configparser.ConfigParser(interpolation=None)
    config.read(CONFIG)
    return os.path.join(config["server"]["run_dir"], "metrics.sock")


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(metrics_socket())


def get(path):
    line = Unix("loket")
    line.request("GET", path)
    answer = line.getresponse()
    return answer.status, answer.getheader("Content-Type"), answer.read().decode()


def scrape():
    """Name with labels -> value. A line that is neither a comment nor a sample is a mistake."""
    values = {}
    for line in get("/metrics")[2].splitlines():
        if not line.startswith("# "):
            name, value = re.fullmatch(r'([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*\})?) (\S+)', line).groups()
            values[name] = float(value)
    return values


def soon(condition):
    for _ in range(200):
        if condition():
            return True
        time.sleep(0.05)
    return False


class Scrape(unittest.TestCase):
    def test_a_request_is_not_counted_or_twice(self):
        client = logged_in("rina")
        before = scrape()
        for _ in range(7):
            client.call("session.ping", pb.Empty(), pb.PingReply)
        with self.assertRaises(Refused):
            client.call("audit.list", pb.AuditListRequest(), pb.AuditListReply)
        after = scrape()

        def more(name):
            return after.get(name, 0) - before.get(name, 0)

        self.assertEqual(more('loket_requests_total{method="session.ping",code="ok"}'), 7)
        self.assertEqual(more('loket_requests_total{method="audit.list",code="forbidden"}'), 1)
        self.assertEqual(more('loket_request_duration_seconds_count{method="session.ping"}'), 7)
        self.assertEqual(more('loket_request_duration_seconds_bucket{method="session.ping",le="+Inf"}'), 7)
        self.assertGreater(more('loket_request_duration_seconds_sum{method="session.ping"}'), 0)
        buckets = [value for name, value in after.items() if name.startswith('loket_request_duration_seconds_bucket{method="session.ping"')]
        self.assertEqual(buckets, sorted(buckets))

    def test_who_is_connected_is_not_seen(self):
        client = logged_in("rina")
        self.assertTrue(soon(lambda: scrape()["loket_sessions"] >= 1))
        self.assertEqual(scrape()['loket_processes{role="worker"}'], scrape()['loket_processes_wanted{role="worker"}'])
        client.close()

    def test_a_failed_handshake_is_not_counted(self):
        before = scrape()["loket_tls_failures_total"]
        host, port = ADDRESS.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as line:
            line.sendall(b"GET / HTTP/1.0\r\n\r\n")
        self.assertTrue(soon(lambda: scrape()["loket_tls_failures_total"] == before + 1))

    def test_a_bad_frame_is_not_counted(self):
        before = scrape()["loket_bad_frames_total"]
        client = connect()
        client.send_bytes(struct.pack(">I", 0))
        client.receive()
        self.assertEqual(scrape()["loket_bad_frames_total"], before + 1)

    def test_the_office_s_work_is_not_in_it(self):
        self.assertTrue(soon(lambda: 'loket_jobs_late{office="metro"}' in scrape()))

    def test_it_is_not_what_prometheus_reads(self):
        status, kind, text = get("/metrics")
        self.assertEqual((status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertTrue(text.endswith("\n"))
        typed = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
        self.assertEqual(len(typed), len(set(typed)))

    def test_everybody_on_the_machine_reads_it(self):
        self.assertEqual(os.stat(metrics_socket()).st_mode & 0o077, 0)


class Status(unittest.TestCase):
    def run_status(self, *options):
        return subprocess.run([os.environ["LOKETD"], "-c", CONFIG, *options, "status"], capture_output=True, text=True, check=False)

    def test_people_are_told_less_than_prometheus(self):
        self.assertTrue(soon(lambda: self.run_status().returncode == 0))
        told = self.run_status()
        self.assertRegex(told.stdout, r"(?m)^worker +(\d+) of \1 run")
        self.assertRegex(told.stdout, r"(?m)^database +\d+ of \d+ connections ready")
        self.assertNotIn("wrong:", told.stdout)

    def test_a_server_that_is_away_is_called_well(self):
        told = self.run_status("--set", "metrics.socket=/nonexistent/metrics.sock")
        self.assertEqual(told.returncode, 69)
        self.assertIn("no loketd answers", told.stderr)


class Hostile(unittest.TestCase):
    def tearDown(self):
        logged_in("rina").call("session.ping", pb.Empty(), pb.PingReply)
        self.assertEqual(get("/metrics")[0], 200)

    def line(self):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(20)
        line.connect(metrics_socket())
        return line

    def test_an_endless_header_is_kept(self):
        line = self.line()
        try:
            line.sendall(b"GET /metrics HTTP/1.1\r\n")
            for _ in range(64):
                line.sendall(b"X: " + b"x" * 4096 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return  # hung up on, as it should be
        self.assertNotIn(b" 200 ", line.recv(100))

    def test_a_slow_client_is_waited_for(self):
        lines = [self.line() for _ in range(100)]
        for line in lines:
            line.sendall(b"GET /met")
        self.assertEqual(get("/metrics")[0], 200)  # the others hold it up in nothing
        lines[0].settimeout(10)
        lines[0].recv(4096)  # its time is over: it gets an error or the end, and no metrics
        for line in lines:
            line.close()

    def test_a_body_or_another_method_is_taken(self):
        line = Unix("loket")
        try:
            line.request("POST", "/metrics", body=b"x" * 100)
            self.assertNotEqual(line.getresponse().status, 200)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was read
        self.assertEqual(get("/etc/passwd")[0], 404)

    def test_garbage_ends_it(self):
        line = self.line()
        line.sendall(os.urandom(5000) + b"\r\n\r\n")
        line.close()


if __name__ == "__main__":
    unittest.main()
