"""The terminal goes away under `loket`, in each state that it can be in: it ends, and never stays behind to turn in circles.

A pseudo-terminal of our own and not tmux, because the ways in which a terminal goes differ: with a signal or without, and with an
input that can be seen but not be read."""
import fcntl
import os
import select
import signal
import struct
import tempfile
import termios
import time
import unittest

import loket_pb2 as pb
from wire_test import ADDRESS, CA, PASSWORDS, application, logged_in

BINARY = os.environ["LOKET_BINARY"]
PATIENCE = 10
F2, F3, F4 = b"\x1bOQ", b"\x1bOR", b"\x1bOS"

# What is typed after the log-in, and what must then be on the screen.
STATES = {
    "the queue": (b"", b"queue"),
    "a form": (F2, b"NIK"),
    "the help": (b"?", b"read the list again"),
    "the palette": (b":", b""),
    "a question": (F2 + b"\r\r\rx" + F3, b""),
    "the lock": (b"\x0b", b"locked"),
    "half an escape sequence": (b"\x1b[", b""),
    "half a character": (b"/\xc3", b""),
    "a paste that does not end": (b"/\x1b[200~abc", b""),
}


class Terminal:
    """`loket` in a new session at a pseudo-terminal."""

    def __init__(self, home, controlling=True, address=ADDRESS):
        self.master, line = os.openpty()
        fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.shown = b""
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            if controlling:
                fcntl.ioctl(line, termios.TIOCSCTTY, 0)
            become(line, home, address)
        os.close(line)

    def type(self, keys):
        os.write(self.master, keys)

    def read_some(self):
        if not select.select([self.master], [], [], 0.05)[0]:
            return
        try:
            self.shown += os.read(self.master, 65536)
        except OSError:
            pass  # it ended

    def see(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.shown:
            if time.monotonic() > end:
                raise AssertionError(f"should see {text}, sees {self.shown[-600:]}")
            self.read_some()

    def quiet(self):
        """Waits until nothing more is drawn."""
        while True:
            before = len(self.shown)
            self.read_some()
            if len(self.shown) == before:
                return

    def log_in(self):
        self.see(b"Password")
        self.type(b"rina\r" + PASSWORDS["rina"].encode() + b"\r")
        self.see(b"My queue")

    def hang_up(self):
        os.close(self.master)


def become(line, home, address):
    """In the new process: loket with the terminal as its three files."""
    for number in range(3):
        os.dup2(line, number)
    os.closerange(3, 256)
    os.execve(BINARY, [BINARY, "--lang", "en"], {"HOME": home, "TERM": "xterm", "LC_ALL": "C.UTF-8", "LOKET_SERVER": address, "LOKET_CA": CA})


def status_of(pid):
    """What waitpid says when it ended in time, else None (and it is killed)."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def is_gone(pid):
    """A process that is not our child: gone, or only not yet reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def has_answer(pid):
    """Do bytes from the server wait for the process to read them?"""
    port = f":{int(ADDRESS.rsplit(':', 1)[1]):04X}"
    own = {os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    return any(row[2].endswith(port) and f"socket:[{row[9]}]" in own and int(row[4].split(":")[1], 16) for row in rows[1:])


class HangUp(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.home = self.folder.name
        self.addCleanup(self.folder.cleanup)

    def ends(self, terminal):
        terminal.hang_up()
        self.assertEqual(status_of(terminal.pid), 0)

    def test_a_client_stays_behind_when_its_terminal_goes(self):
        for name, (keys, text) in STATES.items():
            for controlling in (True, False):
                with self.subTest(state=name, signal=controlling):
                    terminal = Terminal(self.home, controlling)
                    terminal.log_in()
                    terminal.type(keys)
                    terminal.see(text)
                    terminal.quiet()
                    self.ends(terminal)

    def test_a_client_or_its_helper_stays_behind_with_a_document_open(self):
        """Also while the program that reads the document for it still runs."""
        number = logged_in("rina").write("intake.submit", application(), pb.IntakeSubmitReply).number
        for shown in (b"TANDA TERIMA", b""):
            with self.subTest(shown=shown):
                terminal = Terminal(self.home)
                terminal.log_in()
                terminal.type(b"s")
                terminal.see(b"Number, name")
                terminal.type(number.encode() + b"\r")
                for keys, text in ((b"", number.encode()), (b"\r", b"Requirements"), (F4, b"receipt"), (b"\x1bOF\r", shown)):
                    terminal.type(keys)
                    terminal.see(text)
                group = children_of(terminal.pid)
                self.ends(terminal)
                self.assertFalse([pid for pid in group if not is_gone(pid)])

    def test_a_client_stays_behind_before_the_log_in(self):
        for address in (ADDRESS, "127.0.0.1:1"):
            for controlling in (True, False):
                with self.subTest(server=address, signal=controlling):
                    terminal = Terminal(self.home, controlling, address)
                    terminal.see(b"Password")
                    self.ends(terminal)

    def stopped_before_an_answer(self):
        """A client that is stopped while the server's answer to its log-in waits for it; None: it was too quick."""
        terminal = Terminal(self.home, False)
        terminal.see(b" live")
        terminal.type(b"rina\r" + PASSWORDS["rina"].encode() + b"\r")
        terminal.see(b"Logging in")
        os.kill(terminal.pid, signal.SIGSTOP)
        end = time.monotonic() + PATIENCE / 4
        while time.monotonic() < end:
            if has_answer(terminal.pid):
                return terminal
            time.sleep(0.01)
        os.kill(terminal.pid, signal.SIGKILL)
        os.waitpid(terminal.pid, 0)
        terminal.hang_up()
        return None

    def test_a_signal_is_forgotten_when_a_log_in_is_answered_at_the_same_moment(self):
        terminal = next(filter(None, (self.stopped_before_an_answer() for _ in range(10))), None)
        self.assertIsNotNone(terminal, "ten answers were there before the client could be stopped")
        os.kill(terminal.pid, signal.SIGTERM)
        os.kill(terminal.pid, signal.SIGCONT)
        self.assertEqual(status_of(terminal.pid), 0)
        terminal.hang_up()

    def test_a_client_turns_in_circles_when_it_may_not_read_its_terminal_any_more(self):
        """Its shell is gone and another program has the terminal: what is typed is to be seen, and reading it is an error (EIO)."""
        master, line = os.openpty()
        fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        told, tell = os.pipe()
        go_on, tell_to_go_on = os.pipe()
        leader = os.fork()
        if leader == 0:
            os.close(master)
            leader_of(line, self.home, tell, go_on)
        client = int(os.read(told, 20))
        terminal = Terminal.__new__(Terminal)
        terminal.master, terminal.shown = master, b""
        terminal.see(b"Password")
        os.write(tell_to_go_on, b"xx")
        self.assertEqual(os.read(told, 1), b"x")
        terminal.type(b"abc\r\n")
        end = time.monotonic() + PATIENCE
        while not is_gone(client) and time.monotonic() < end:
            time.sleep(0.02)
        ended = is_gone(client)
        if not ended:
            os.kill(client, signal.SIGKILL)
        os.kill(leader, signal.SIGKILL)
        os.waitpid(leader, 0)
        for number in (master, line, told, tell, go_on, tell_to_go_on):
            os.close(number)
        self.assertTrue(ended)


def leader_of(line, home, tell, go_on):
    """A session whose shell (a child of its leader) starts loket in the foreground and is gone then."""
    os.setsid()
    fcntl.ioctl(line, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    shell = os.fork()
    if shell == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(line, os.getpid())
        client = os.fork()
        if client == 0:
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            become(line, home, ADDRESS)
        os.write(tell, str(client).encode())
        os.read(go_on, 1)
        os._exit(0)
    os.waitpid(shell, 0)
    os.tcsetpgrp(line, os.getpid())
    os.write(tell, b"x")
    while True:
        signal.pause()
