"""How quick the client feels: from its start to the log-in screen, from a key to what it changes on the screen, and how many bytes an
action costs, on the terminal and on the line. The client runs in a pseudo terminal; a relay in between counts the line's bytes.

    client.py LOKET ADDRESS CA USER PASSWORD TIMES        prints start= key= bytes= wire= (microseconds, medians)"""
import fcntl
import os
import pty
import select
import signal
import socket
import statistics
import struct
import sys
import tempfile
import termios
import threading
import time

PATIENCE = 10


class Relay:
    """Passes a connection on to the server, and counts."""

    def __init__(self, address):
        self.target = address.rsplit(":", 1)
        self.bytes = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection((self.target[0], int(self.target[1])))
            for one, other in ((client, server), (server, client)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def pump(self, one, other):
        try:
            while data := one.recv(65536):
                self.bytes += len(data)
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Terminal:
    def __init__(self, program, address, ca):
        self.began = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            with tempfile.TemporaryDirectory() as home:
                environment = {"TERM": "xterm-256color", "PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
                               "LOKET_SERVER": address, "LOKET_CA": ca}
                os.execve(program, [program, "--lang", "en"], environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, seconds):
        """What comes next, and when its first byte did; b'' when nothing comes in time."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return b""
        try:
            return os.read(self.fd, 65536)
        except OSError as error:
            raise SystemExit("client.py: the client ended") from error

    def until(self, text):
        seen, end = b"", time.monotonic() + PATIENCE
        while text not in seen:
            if time.monotonic() > end:
                raise SystemExit(f"client.py: {text!r} does not come: {seen[-400:]!r}")
            seen += self.read(0.2)
        return len(seen)

    def rest(self):
        """Until the screen has been still for a while: the number of bytes."""
        count = 0
        while data := self.read(0.15):
            count += len(data)
        return count

    def press(self, key):
        """Microseconds until the screen changes, and the bytes of the change."""
        began = time.monotonic()
        os.write(self.fd, key)
        data = self.read(PATIENCE)
        took = time.monotonic() - began
        return took * 1e6, len(data) + self.rest()

    def close(self):
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def main():
    program, address, ca, user, password, times = sys.argv[1:]
    starts, keys, sizes, pages = [], [], [], []
    relay = Relay(address)
    for _ in range(int(times)):
        terminal = Terminal(program, relay.address, ca)
        terminal.until(b"Password")
        starts.append((time.monotonic() - terminal.began) * 1e6)
        terminal.rest()
        for letter in b"benc":
            took, size = terminal.press(bytes([letter]))
            keys.append(took)
            sizes.append(size)
        terminal.close()
    terminal = Terminal(program, relay.address, ca)
    terminal.until(b"Password")
    terminal.rest()
    os.write(terminal.fd, user.encode() + b"\t" + password.encode() + b"\r")
    terminal.until(user.encode())
    terminal.rest()
    for _ in range(int(times)):
        before = relay.bytes
        os.write(terminal.fd, b"r")  # reads the list again
        terminal.rest()
        pages.append(relay.bytes - before)
    terminal.close()
    print(f"start={statistics.median(starts):.0f} key={statistics.median(keys):.0f} "
          f"bytes={statistics.median(sizes):.0f} wire={statistics.median(pages):.0f}")


main()
