"""The line between the people and the server: everything goes through here, so that it can be cut, be slow, or swallow what is sent.

Works where the kernel gives no network emulation, and does what that can't: it cuts in the middle of a frame."""
import random
import selectors
import socket
import threading
import time

PIECE = 1400  # as on a wire: what is cut is cut between two of these


class Line(threading.Thread):
    def __init__(self, server):
        super().__init__(daemon=True)
        host, port = server.rsplit(":", 1)
        self.server = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.delay = 0.0     # seconds, for each piece, give or take half
        self.swallows = False
        self.cut_one_in = 0  # pieces
        self.random = random.Random(0)
        self.pairs = set()

    def run(self):
        while True:
            near, _ = self.listener.accept()
            threading.Thread(target=self.carry, args=(near,), daemon=True).start()

    def carry(self, near):
        try:
            far = socket.create_connection(self.server, timeout=20)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        pair = (near, far)
        self.pairs.add(pair)
        try:
            self.pump(near, far)
        except OSError:
            pass  # one of the two ends is gone
        self.pairs.discard(pair)
        near.close()
        far.close()

    def pump(self, near, far):
        with selectors.DefaultSelector() as selector:
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            while True:
                for ready, _ in selector.select():
                    while self.swallows:
                        time.sleep(0.05)
                    piece = ready.fileobj.recv(PIECE)
                    if not piece or self.falls():
                        return
                    if self.delay:
                        time.sleep(self.delay * self.random.uniform(0.5, 1.5))
                    ready.data.sendall(piece)

    def falls(self):
        return self.cut_one_in and self.random.randrange(self.cut_one_in) == 0

    def cut(self):
        for pair in list(self.pairs):
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it fell already
