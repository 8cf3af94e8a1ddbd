"""A client of Loket in Python, written from proto/README.md alone: TLS 1.3, frames, requests. Nothing of the C code.

pyOpenSSL and not Python's own ssl, because taking up a session needs what TLS exports of the connection."""
import hashlib
import ipaddress
import os
import socket
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL

import loket_pb2 as pb

ANY_VERSION = (SSL.TLS1_3_VERSION, SSL.TLS1_3_VERSION)


class Refused(Exception):
    def __init__(self, error):
        super().__init__(f"{pb.ErrorCode.Name(error.code)} {error.field}: {error.message} {error.argument}")
        self.code = pb.ErrorCode.Name(error.code)
        self.field = error.field
        self.message = error.message


def tls_context(ca, versions, alpn, certificate):
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(versions[0])
    context.set_max_proto_version(versions[1])
    context.load_verify_locations(ca)
    context.set_verify(SSL.VERIFY_PEER, lambda connection, certificate, error, depth, good: bool(good))
    if alpn:
        context.set_alpn_protos([name.encode() for name in alpn])
    if certificate:
        context.use_certificate_chain_file(certificate)
        context.use_privatekey_file(certificate)
    return context


def is_for(certificate, host):
    """Is the host among the names that the certificate is for?"""
    wanted = (f"IP Address:{ipaddress.ip_address(host)}", f"DNS:{host}") if host[0].isdigit() else (f"DNS:{host}",)
    extensions = [certificate.get_extension(i) for i in range(certificate.get_extension_count())]
    names = [str(e).split(", ") for e in extensions if e.get_short_name() == b"subjectAltName"]
    return any(name in wanted for name in sum(names, []))


class Client:
    def __init__(self, address, ca, versions=ANY_VERSION, alpn=("loket/1",), source="127.0.0.1", certificate=None):
        host, port = address.rsplit(":", 1)
        self.wire = socket.create_connection((host, int(port)), timeout=20, source_address=(source, 0))
        self.wire.setblocking(True)
        self.wait_at_most(20)
        self.socket = SSL.Connection(tls_context(ca, versions, alpn, certificate), self.wire)
        self.socket.set_connect_state()
        self.attempt(self.socket.do_handshake)
        if not is_for(self.socket.get_peer_certificate(), host):
            raise ConnectionError("the certificate is another server's")
        self.last_id = 0
        self.events = []
        self.proof_key = Ed25519PrivateKey.generate()

    @staticmethod
    def attempt(what, *arguments):
        """Whatever TLS says when a line is bad, a caller sees one kind of error."""
        try:
            return what(*arguments)
        except SSL.WantReadError as error:
            raise TimeoutError("the server does not answer") from error
        except SSL.Error as error:
            raise ConnectionError("the server closed the connection") from error

    def wait_at_most(self, seconds):
        for side in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.wire.setsockopt(socket.SOL_SOCKET, side, struct.pack("ll", seconds, 0))

    def cut(self):
        """The line falls; nothing is said to the server."""
        self.wire.shutdown(socket.SHUT_RDWR)

    def close(self):
        try:
            self.cut()
        except OSError:
            pass  # it fell already
        self.wire.close()

    def send_bytes(self, data):
        self.attempt(self.socket.sendall, data)

    def receive_exactly(self, size):
        data = b""
        while len(data) < size:
            data += self.attempt(self.socket.recv, size - len(data))
        return data

    def receive(self):
        (size,) = struct.unpack(">I", self.receive_exactly(4))
        return pb.Envelope.FromString(self.receive_exactly(size))

    def send(self, method, request, key=b""):
        self.last_id += 1
        body = pb.Envelope(id=self.last_id, method=method, body=request.SerializeToString(), key=key).SerializeToString()
        self.send_bytes(struct.pack(">I", len(body)) + body)
        return self.last_id

    def answer(self, number):
        while True:
            envelope = self.receive()
            if envelope.id == 0 and envelope.method == "event":
                self.events.append(pb.Event.FromString(envelope.body))
            elif envelope.id == number:
                return envelope

    def call(self, method, request, reply_type, key=b""):
        envelope = self.answer(self.send(method, request, key))
        if envelope.HasField("error"):
            raise Refused(envelope.error)
        return reply_type.FromString(envelope.body)

    def write(self, method, request, reply_type, key=None):
        return self.call(method, request, reply_type, key or os.urandom(16))

    def login(self, username, password, code=""):
        public = self.proof_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return self.call("auth.login", pb.AuthLoginRequest(username=username, password=password, code=code, proof_key=public),
                         pb.SessionReply)

    def proof(self, token, proof_key):
        channel = self.socket.export_keying_material(b"EXPORTER-loket-resume", 32)
        return proof_key.sign(b"loket/1 resume" + hashlib.sha256(token).digest() + channel)

    def resume(self, token, proof):
        return self.call("auth.resume", pb.AuthResumeRequest(token=token, proof=proof), pb.SessionReply)
