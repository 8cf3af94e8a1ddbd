"""A server of a test's own, on the instance's database, with settings of its own."""
import os
import signal
import socket
import subprocess
import tempfile
import time

CONFIG = os.environ["LOKET_CONFIG"]
LOKETD = os.environ["LOKETD"]


def password(user):
    with open(os.environ["LOKET_CREDENTIALS"], encoding="utf-8") as file:
        return next(line.split()[2] for line in file if line.split()[0] == user)


class Server:
    """loketd on a port and in a run folder of its own."""

    def __init__(self, folder, settings):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        run = tempfile.mkdtemp(dir=folder)
        self.log_path = os.path.join(run, "log")
        self.log = open(self.log_path, "ab")  # to be read by a descriptor of its own: this one's place is the server's
        settings = {"server.listen": self.address, "server.run_dir": run, "server.workers": "1", "server.pid_file": "", **settings}
        sets = [word for item in settings.items() for word in ("--set", "=".join(item))]
        self.process = subprocess.Popen([LOKETD, "-c", CONFIG, *sets, "serve"], stderr=self.log, stdout=self.log)

    def lines(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_for(self, text, times=1):
        until = time.monotonic() + 30
        while self.lines().count(text) < times:
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"never said {text}: {self.lines()}")

    def children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return file.read().split()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
