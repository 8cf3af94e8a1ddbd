"""A client of Loket in Python, written from proto/README.md alone: TLS 1.3, frames, requests. Nothing of the C code."""
import os
import socket
import ssl
import struct

import loket_pb2 as pb


class Refused(Exception):
    def __init__(self, error):
        super().__init__(f"{pb.ErrorCode.Name(error.code)} {error.field}: {error.message} {error.argument}")
        self.code = pb.ErrorCode.Name(error.code)
        self.field = error.field
        self.message = error.message


class Client:
    def __init__(self, address, ca, version=ssl.TLSVersion.TLSv1_3, alpn=("loket/1",), source="127.0.0.1"):
        host, port = address.rsplit(":", 1)
        context = ssl.create_default_context(cafile=ca)
        context.minimum_version = context.maximum_version = version
        if alpn:
            context.set_alpn_protocols(list(alpn))
        self.socket = context.wrap_socket(socket.create_connection((host, int(port)), timeout=20, source_address=(source, 0)), server_hostname=host)
        self.last_id = 0
        self.events = []

    def close(self):
        self.socket.close()

    def send_bytes(self, data):
        self.socket.sendall(data)

    def receive_exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("the server closed the connection")
            data += more
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

    def login(self, username, password):
        return self.call("auth.login", pb.AuthLoginRequest(username=username, password=password), pb.SessionReply)
