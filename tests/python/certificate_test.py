"""Clients that show certificates: a server of its own on the same database, with an authority and a list of what was revoked."""
import os
import shutil
import subprocess
import tempfile
import unittest

import loket_pb2 as pb
from loket_client import Client
from own_server import Server, password

CA = os.environ["LOKET_CA"]
OPENSSL_CONFIG = """[ca]
default_ca = it
[it]
database = index
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_crl_days = 30
crlnumber = crlnumber
serial = serial
new_certs_dir = .
policy = any
[any]
commonName = supplied
[client]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = clientAuth
"""


class Authority:
    """An office's authority, by openssl, in a folder of its own."""

    def __init__(self, folder, name):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        for file, text in (("index", ""), ("serial", "01\n"), ("crlnumber", "01\n"), ("openssl.cnf", OPENSSL_CONFIG)):
            with open(self.path(file), "w", encoding="utf-8") as out:
                out.write(text)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", "ca.key",
                     "-out", "ca.pem", "-subj", f"/CN={name}")
        self.list_revoked()

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def list_revoked(self):
        self.openssl("ca", "-config", "openssl.cnf", "-gencrl", "-out", "crl.pem")

    def certificate(self, name):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                     f"{name}.csr", "-subj", f"/CN={name}")
        self.openssl("ca", "-config", "openssl.cnf", "-batch", "-days", "2", "-notext", "-extensions", "client", "-in", f"{name}.csr",
                     "-out", f"{name}.crt")
        with open(self.path(f"{name}.pem"), "wb") as out:
            for part in ("crt", "key"):
                with open(self.path(f"{name}.{part}"), "rb") as file:
                    out.write(file.read())
        return self.path(f"{name}.pem")

    def revoke(self, name):
        self.openssl("ca", "-config", "openssl.cnf", "-revoke", f"{name}.crt")
        self.list_revoked()


class Certificates(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.office = Authority(self.folder, "office")

    def begun(self, wanted):
        server = Server(self.folder, {"server.client_ca": self.office.path("ca.pem"), "server.client_crl": self.office.path("crl.pem"),
                                      "server.client_certificates": wanted})
        self.addCleanup(server.stop)
        return server

    def server(self, wanted):
        server = self.begun(wanted)
        server.wait_for("worker ready")
        return server

    def reach(self, server, certificate=None):
        """In TLS 1.3 a client learns with the first answer whether its certificate was taken."""
        client = Client(server.address, CA, certificate=certificate)
        client.call("catalogue.list", pb.CatalogueListRequest(), pb.CatalogueListReply)
        return client

    def refused(self, server, certificate=None):
        with self.assertRaises(ConnectionError):
            self.reach(server, certificate)

    def test_a_machine_without_a_certificate_is_served_or_the_audit_log_does_not_know_which_it_was(self):
        server = self.server("required")
        self.refused(server)
        client = self.reach(server, self.office.certificate("counter-7"))
        client.login("wahyu", password("wahyu"))
        rows = client.call("audit.list", pb.AuditListRequest(username="wahyu"), pb.AuditListReply).rows
        self.assertIn("counter-7", next(row.detail for row in rows if row.action == "login"))
        sessions = client.call("session.list", pb.Empty(), pb.SessionListReply).sessions
        self.assertEqual([s.certificate for s in sessions if s.this_one], ["counter-7"])
        self.assertRegex(server.lines(), r"certificate=\"?counter-7")

    def test_a_revoked_certificate_or_another_authority_s_is_taken(self):
        stolen = self.office.certificate("stolen-laptop")
        good = self.office.certificate("counter-8")
        self.office.revoke("stolen-laptop")
        server = self.server("required")
        self.refused(server, stolen)
        self.refused(server, Authority(self.folder, "elsewhere").certificate("counter-8"))
        self.reach(server, good)

    def test_a_certificate_that_is_revoked_today_is_taken_until_the_server_is_restarted(self):
        stolen = self.office.certificate("stolen-laptop")
        good = self.office.certificate("counter-8")
        server = self.server("required")
        held = self.reach(server, stolen)
        self.office.revoke("stolen-laptop")
        server.reload()
        server.wait_for("worker ready", 2)
        server.wait_for("draining")
        while not self.is_closed(held):  # the old worker goes, and its connections with it
            self.assertIsNone(server.process.poll(), server.lines())
        self.refused(server, stolen)
        self.reach(server, good)

    @staticmethod
    def is_closed(client):
        try:
            client.call("catalogue.list", pb.CatalogueListRequest(), pb.CatalogueListReply)
        except ConnectionError:
            return True
        return False

    def test_a_certificate_is_demanded_where_it_is_optional(self):
        stolen = self.office.certificate("stolen-laptop")
        self.office.revoke("stolen-laptop")
        server = self.server("optional")
        self.reach(server)
        self.refused(server, stolen)  # shown and bad is worse than not shown

    def test_a_misspelt_setting_serves_everybody(self):
        server = self.begun("requird")
        server.wait_for("Write none, optional or required")
        with self.assertRaises(OSError):
            self.reach(server)


if __name__ == "__main__":
    unittest.main()
