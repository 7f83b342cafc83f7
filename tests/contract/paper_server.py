"""A server that speaks MySQL's protocol and stores nothing: it answers as a test says."""

import re
import socket
import struct
import threading

from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.mysql.auth import NATIVE
from pytest_rdsfailover.mysql.handshake import RELAYED, Greeting, encode_greeting
from pytest_rdsfailover.mysql.packets import ServerFault, encode, error_packet, ok_packet

INSERT = re.compile(rb"INSERT INTO \w+ \(writer, sequence\) VALUES \((\d+), ?(\d+)\)")
AUTOCOMMIT, UNKNOWN_VARIABLE = 2, 1193
POLICY = ReconnectPolicy(bounds=Bounds(connect=5.0, read=5.0, write=5.0))


class PaperServer:
    """One thread for each connection.

    Attributes:
        stored: which writes it has acknowledged, in order.
        logins: how many have logged in.
        mute: whether it greets nobody.
        fault: with which code it refuses the next write; None to acknowledge it.
        cut: whether it ends the connection of the next write instead of answering.
    """

    def __init__(self):
        self.stored, self.logins, self.mute, self.fault, self.cut = [], 0, False, None, False
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self):
        return Endpoint(
            name="cluster", kind="writer", host="127.0.0.1", port=self._listener.getsockname()[1],
            user="u", password="p", database="d",
        )  # fmt: skip

    def close(self):
        for one in self._open:
            one.close()

    def cut_all(self):
        """Reset all connections that there are."""
        for one in self._open[1:]:
            with_reset = struct.pack("ii", 1, 0)
            try:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, with_reset)
                one.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has ended
                continue

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with sock, sock.makefile("rb") as stream:
            try:
                self._talk(sock, stream)
            except OSError:
                return

    def _talk(self, sock, stream):
        if self.mute:
            stream.read()
            return
        greeting = Greeting(version=b"8.0.36", thread_id=1, capabilities=RELAYED, status=AUTOCOMMIT,
                            charset=45, scramble=bytes(range(1, 21)), plugin=NATIVE)  # fmt: skip
        sock.sendall(encode(encode_greeting(greeting), 0))
        if not self._read(stream):
            return
        with self._lock:
            self.logins += 1
        sock.sendall(encode(ok_packet(AUTOCOMMIT), 2))
        while command := self._read(stream):
            answer = self._answer(command)
            if answer is None:
                return
            sock.sendall(encode(answer, 1))

    def _answer(self, command):
        if command[:1] == b"\x01":  # it hangs up
            return None
        write = INSERT.search(command)
        with self._lock:
            if write is None:
                asks = command.startswith(b"\x03SELECT @@aurora_server_id")
                return _error(UNKNOWN_VARIABLE) if asks else ok_packet(AUTOCOMMIT)
            if self.cut:
                self.cut = False
                return None
            if self.fault is not None:
                code, self.fault = self.fault, None
                return _error(code)
            self.stored.append((int(write[1]), int(write[2])))
            return ok_packet(AUTOCOMMIT)

    def _read(self, stream):
        head = stream.read(4)
        return stream.read(int.from_bytes(head[:3], "little")) if len(head) == 4 else b""


def _error(code):
    return error_packet(ServerFault(code=code, state="HY000", text="planted"))
