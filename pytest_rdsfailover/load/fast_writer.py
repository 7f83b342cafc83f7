"""One writer of the fast engine: its connection, as a state machine between two packets."""

import contextlib
import errno
import random
import socket
import struct
import time
from typing import NamedTuple

from pytest_rdsfailover.journal.journal import WriterJournal
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.writer import CUT, ReconnectPolicy
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.mysql import driver
from pytest_rdsfailover.mysql.auth import ClientIdentity, ClientLogin
from pytest_rdsfailover.mysql.packets import (
    ERR,
    OK,
    PacketReader,
    ProtocolError,
    encode,
    parse_error,
    read_string,
)
from pytest_rdsfailover.mysql.responses import Command, Part, Response

AWAY, CONNECTING, LOGIN, ASKING, READY, WRITING = range(6)
SHORT_OK = 7  # bytes of the shortest OK payload
CHUNK = 4096  # bytes to receive at most; Python allocates all of them at each call
RESET, LINGER = Fault(2013, "reset"), struct.pack("ii", 1, 0)
NAME = encode(bytes((Command.QUERY,)) + b"SELECT @@aurora_server_id")


class WriterSettings(NamedTuple):
    """What all writers of a load share: where to connect, what to write, how to reconnect."""

    endpoint: Endpoint
    insert: bytes  # the statement, up to its values
    policy: ReconnectPolicy


class FastWriter:
    """A writer and its connection. Its engine calls it at its time and when its socket is ready.

    Attributes:
        sock: the connection; None while there is none.
        state: what it waits for.
        deadline: the nanosecond at which it gives up waiting; 0 while it waits for nothing.
        next_try: the nanosecond before which it does not connect again.
        problem: why it lost its last connection, or got none.
        last_acked: the nanosecond at which its latest acknowledged write was sent.
    """

    def __init__(
        self, settings: WriterSettings, journal: WriterJournal, schedule: Schedule
    ) -> None:
        self.settings, self.journal, self.slots = settings, journal, schedule
        self.sock: socket.socket | None = None
        self.state, self.deadline, self.next_try = AWAY, 0, 0
        self.slot = self.accounted = 0
        self.problem = ""
        self.last_acked = 0
        self.working = False  # on a write; else, while it connects, on its first connection
        self.planned = False  # its engine knows when it writes next
        self.fresh = False  # its socket is not watched yet
        self._served = False  # this connection had a write acknowledged
        self._head = b"%c%b(%d," % (Command.QUERY, settings.insert, journal.writer)
        endpoint = settings.endpoint
        self._identity = ClientIdentity(
            user=endpoint.user.encode(),
            password=endpoint.password.encode(),
            database=endpoint.database.encode(),
        )
        self._login = ClientLogin(self._identity)
        self._reader, self._response = PacketReader(), Response(Command.PING, deprecate_eof=False)
        self._intended = self._started = 0
        self._read = to_nanoseconds(settings.policy.bounds.read)
        self._instance: str | None = None
        self._chance = random.Random()  # noqa: S311 - jitter, no secret

    def use(self, intended: int) -> None:
        """Do the write of a slot, connecting first if need be."""
        self._intended, self.working = intended, True
        if self.state == READY:
            self._send()
        else:
            self.connect()

    def connect(self) -> None:
        """Begin to connect; `connected`, `receive` or `expire` goes on."""
        self._started = time.monotonic_ns()
        endpoint, bounds = self.settings.endpoint, self.settings.policy.bounds
        family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
        self._reader, self._instance, self._served = PacketReader(), None, False
        self.state, self.deadline = CONNECTING, self._started + to_nanoseconds(bounds.connect)
        try:
            self.sock = sock = socket.socket(family, socket.SOCK_STREAM)
            self.fresh = True
            sock.setblocking(False)  # noqa: FBT003 - its only argument
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            begun = sock.connect_ex((endpoint.host, endpoint.port)) in (0, errno.EINPROGRESS)
        except OSError:  # as a machine without file descriptors has it
            begun = False
        if not begun:
            self._lose(Fault(2003, "refused"))

    def connected(self) -> None:
        """Go on after the TCP connection was made, or was not."""
        sock = self.sock
        if sock is None:
            return
        try:
            reached_itself = sock.getsockname() == sock.getpeername()
        except OSError:  # not connected, or not yet
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._lose(Fault(2003, "refused"))
            return
        if reached_itself:  # a port that nobody listens on
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
            self._lose(Fault(2003, "refused"))
        else:
            self.state, self._login = LOGIN, ClientLogin(self._identity)
            self.deadline = time.monotonic_ns() + self._read

    def expire(self) -> None:
        """Give up what took too long."""
        self._lose(Fault(2003 if self.state == CONNECTING else 2013, "timeout"))

    def receive(self) -> None:
        """Take bytes that the server sent, or the end of the connection."""
        if self.sock is None:
            return
        try:
            data = self.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(RESET)
        elif self.state == WRITING and self._is_ok(data):
            self._acknowledge()
        else:
            try:
                for packet in self._reader.feed(data):
                    self._take(packet.sequence, packet.payload)
            except ProtocolError as error:
                self._lose(Fault(2014, "reset"), str(error))

    def _is_ok(self, data: bytes) -> bool:
        """Tell without parsing whether the data is one whole OK packet and nothing else."""
        size = len(data) - 4
        return (
            size >= SHORT_OK
            and data[4] == OK
            and data[0] | data[1] << 8 | data[2] << 16 == size
            and not self._reader.pending
        )

    def _take(self, sequence: int, payload: bytes) -> None:
        if self.state == WRITING:
            self._answered(payload)
        elif self.state == ASKING:
            self._named(payload)
        elif payload[:1] == bytes((ERR,)):
            self._refuse(payload)
        elif self.state == LOGIN:
            self._log_in(sequence, payload)
        else:
            raise ProtocolError("the server sent what nobody asked for")

    def _log_in(self, sequence: int, payload: bytes) -> None:
        """Take the server's part of the login."""
        answer = self._login.feed(payload)
        if answer is not None:
            self._put(encode(answer, sequence + 1))
        elif self._login.done and self.settings.endpoint.moves:
            self._available()  # behind a proxy the instance can change at any time
        elif self._login.done:
            self.state, self._response = ASKING, Response(Command.QUERY, deprecate_eof=False)
            self._put(NAME)

    def _named(self, payload: bytes) -> None:
        """Take a packet of the answer that names the instance."""
        if self._response.feed(payload) is Part.ROW:
            self._instance = read_string(payload, 0)[0].decode()
        if not self._response.done:
            return
        if self._response.failed and parse_error(payload).code != driver.UNKNOWN_VARIABLE:
            self._refuse(payload)
            return
        self._available()

    def _available(self) -> None:
        self.state, self.deadline = READY, 0
        if self.working:
            self._send()

    def _send(self) -> None:
        self._started = now = time.monotonic_ns()
        self.state, self.deadline = WRITING, now + self._read
        body = b"%b%d)" % (self._head, len(self.journal))
        self._put(len(body).to_bytes(3, "little") + b"\0" + body)

    def _put(self, data: bytes) -> None:
        """Send a packet, which is so small that only a dead connection does not take it whole."""
        if self.sock is None:
            return
        try:
            whole = self.sock.send(data) == len(data)
        except OSError:
            whole = False
        if not whole:
            self._lose(RESET)

    def _acknowledge(self) -> None:
        times = (self._intended, self._started, time.monotonic_ns())
        self.journal.record(times, Outcome.ACKED, None, self._instance)
        self.last_acked, self._served = self._started, True
        self.state, self.deadline, self.working = READY, 0, False

    def _answered(self, payload: bytes) -> None:
        if payload[:1] == bytes((OK,)):
            self._acknowledge()
        elif payload[:1] == bytes((ERR,)):
            self._refuse(payload)
        else:
            raise ProtocolError("an insert has no rows")

    def _refuse(self, payload: bytes) -> None:
        """Note that the server refused; keep the connection if it is still of use."""
        error = parse_error(payload)
        fault = Fault(error.code, driver.KINDS.get(error.code, "server"))
        if self.state != WRITING:
            self._lose(fault, error.text)
            return
        undecided = error.code in driver.UNDECIDED
        leaves = self.settings.policy.on_read_only if error.code in driver.READ_ONLY else undecided
        if leaves or fault.kind == "reset":
            self._lose(fault, error.text)
        else:
            self._note(Outcome.REFUSED, fault)
            self.state, self.deadline, self.working = READY, 0, False

    def _lose(self, fault: Fault, why: str = "") -> None:
        """Note what became of the write, and give the connection up."""
        sent = self.state == WRITING
        undecided = sent and fault.code in driver.UNDECIDED
        self.problem = why or f"{fault.kind} ({fault.code})"
        if self.working:
            self._note(Outcome.UNKNOWN if undecided else Outcome.REFUSED, fault)
        self.close()
        wait = self.settings.policy.wait(self._chance)
        if self._served and fault.kind in CUT:
            wait = 0.0  # it tries at its next slot: a cut says little of the server
        self.next_try = time.monotonic_ns() + to_nanoseconds(wait)
        self.working = False

    def _note(self, outcome: Outcome, fault: Fault) -> None:
        times = (self._intended, self._started, time.monotonic_ns())
        self.journal.record(times, outcome, fault, self._instance)

    def close(self) -> None:
        """Close the connection, in whatever state it is."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.close()
        self.sock, self.state, self.deadline = None, AWAY, 0
