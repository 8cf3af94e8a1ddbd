"""Certificates of the SSH gateway: what somebody may try with one that is not theirs, not for this, or over."""
import datetime
import hashlib
import os
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import loket_pb2 as pb
from loket_client import Refused
from own_server import password
from wire_test import connect

GATEWAY = os.path.join(os.environ["LOKET_VAR"], "gateway")


def gateway():
    with open(os.path.join(GATEWAY, "key.pem"), "rb") as key, open(os.path.join(GATEWAY, "ca.pem"), "rb") as certificate:
        return load_pem_private_key(key.read(), None), x509.load_pem_x509_certificate(certificate.read())


def ticket(public, username="dani", seconds=300, ago=60, usage=ExtendedKeyUsageOID.CLIENT_AUTH, authority=False, key=None):
    issuing, issuer = gateway()
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, username)]))
               .issuer_name(issuer.subject).public_key(public).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(seconds=ago)).not_valid_after(now + datetime.timedelta(seconds=seconds))
               .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True))
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(key or issuing, None).public_bytes(Encoding.DER)


def proof(client, der, key=None):
    channel = client.socket.export_keying_material(b"EXPORTER-loket-resume", 32)
    return (key or client.proof_key).sign(b"loket/1 certificate" + hashlib.sha256(der).digest() + channel)


def log_in(client, der, signature):
    return client.call("auth.login_certificate", pb.AuthLoginCertificateRequest(certificate=der, proof=signature), pb.SessionReply)


class Tickets(unittest.TestCase):
    def setUp(self):
        self.client = connect()
        self.public = self.client.proof_key.public_key()

    def refused(self, der, signature=None, code="WRONG_LOGIN"):
        with self.assertRaises(Refused) as refused:
            log_in(self.client, der, proof(self.client, der) if signature is None else signature)
        self.assertEqual(refused.exception.code, code)
        with self.assertRaises(Refused) as refused:
            self.client.call("session.ping", pb.Empty(), pb.PingReply)
        self.assertEqual(refused.exception.code, "NOT_LOGGED_IN")

    def test_a_surveyor_s_is_refused_or_its_session_is_lost_with_its_line(self):
        der = ticket(self.public)
        session = log_in(self.client, der, proof(self.client, der))
        self.assertEqual((session.username, [row.role for row in session.roles]), ("dani", ["surveyor"]))
        self.client.close()
        other = connect()
        other.resume(session.token, other.proof(session.token, self.client.proof_key))
        other.call("session.ping", pb.Empty(), pb.PingReply)

    def test_one_that_was_seen_is_good_for_who_saw_it(self):
        der = ticket(Ed25519PrivateKey.generate().public_key())
        self.refused(der)  # signed by a key of the thief's own
        self.refused(der, b"")

    def test_a_proof_that_was_seen_is_good_in_another_connection(self):
        der, owner = ticket(self.public), connect()
        self.refused(der, proof(owner, der, self.client.proof_key))

    def test_one_that_is_over_or_lasts_for_a_year_is_taken(self):
        self.refused(ticket(self.public, seconds=-1))
        self.refused(ticket(self.public, seconds=3600))
        self.refused(ticket(self.public, ago=-3000, seconds=6000))

    def test_one_for_another_use_or_of_another_authority_is_taken(self):
        self.refused(ticket(self.public, usage=ExtendedKeyUsageOID.SERVER_AUTH))
        self.refused(ticket(self.public, usage=None))
        self.refused(ticket(self.public, authority=True))
        self.refused(ticket(self.public, key=Ed25519PrivateKey.generate()))

    def test_who_is_no_surveyor_or_nobody_comes_in_by_one(self):
        for username in ("ratna", "rina", "admin", "tidakada", "da\nni", "x" * 60):
            client = connect()
            self.client, self.public = client, client.proof_key.public_key()
            self.refused(ticket(self.public, username))

    def test_garbage_is_taken(self):
        self.refused(b"\x30\x80" + bytes(100))
        self.refused(bytes(8000))
        self.refused(b"")

    def test_the_password_of_that_surveyor_is_no_use_any_more(self):
        self.client.login("dani", password("dani"))


if __name__ == "__main__":
    unittest.main()
