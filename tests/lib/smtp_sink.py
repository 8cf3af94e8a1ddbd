"""A mail server for tests: takes what it is given and keeps it. smtp_sink.py FOLDER: prints its port, then serves.

Each mail becomes FOLDER/N.eml. A recipient that begins with "nobody" is refused for good (550), one that begins with "later" for
now (451)."""

import os
import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def data(self):
        self.say("354 go on")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        self.server.count += 1
        name = os.path.join(self.server.folder, f"{self.server.count}.eml")
        with open(name + ".part", "wb") as file:
            file.writelines(lines)
        os.rename(name + ".part", name)
        self.say("250 kept")

    def handle(self):
        self.say("220 sink")
        for line in self.rfile:
            verb = line.decode("utf-8", "replace").strip()
            if verb.upper() == "DATA":
                self.data()
            elif verb.upper() == "QUIT":
                self.say("221 bye")
                return
            elif verb.upper().startswith("RCPT TO:<NOBODY"):
                self.say("550 no such person")
            elif verb.upper().startswith("RCPT TO:<LATER"):
                self.say("451 later")
            else:
                self.say("250 fine")


class Sink(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    count = 0


with Sink(("127.0.0.1", 0), Session) as sink:
    sink.folder = sys.argv[1]
    print(sink.server_address[1], flush=True)
    sink.serve_forever()
