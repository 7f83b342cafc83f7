"""A writer of the fast engine against every turn that a connection can take, on a wire of paper."""

import errno
import socket
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load import fast_writer
from pytest_rdsfailover.load.fast_writer import AWAY, CONNECTING, LOGIN, READY, WRITING, FastWriter
from pytest_rdsfailover.load.fast_writer import WriterSettings as Settings
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.mysql.auth import CACHING, NATIVE, native_proof
from pytest_rdsfailover.mysql.handshake import RELAYED, Greeting, encode_greeting
from pytest_rdsfailover.mysql.packets import (
    PacketReader,
    ServerFault,
    encode,
    error_packet,
    ok_packet,
)

PROXY = Endpoint(name="proxy", kind="proxy", host="h", port=1, user="u", password="p", database="d")
POLICY = ReconnectPolicy(bounds=Bounds(connect=3.0, read=7.0, write=1.0))
SCRAMBLE, OTHER_SCRAMBLE = bytes(range(1, 21)), bytes(range(2, 22))
INTENDED = 5


class Wire:
    """A connection: what it was given to send, and what it has for who receives."""

    def __init__(self):
        self.sent, self.incoming, self.takes = [], [], None
        self.begun, self.error, self.peer = errno.EINPROGRESS, 0, ("h", 1)
        self.options = []

    def __call__(self, *_):
        return self

    def connect_ex(self, _):
        return self.begun

    def send(self, data):
        self.sent.append(data)
        if isinstance(self.takes, OSError):
            raise self.takes
        return len(data) if self.takes is None else self.takes

    def recv(self, _):
        found = self.incoming.pop(0)
        if isinstance(found, OSError):
            raise found
        return found

    def getsockname(self):
        return ("h", 2)

    def getpeername(self):
        if self.peer is None:
            raise OSError(errno.ENOTCONN, "not connected")
        return self.peer

    def getsockopt(self, *_):
        return self.error

    def setsockopt(self, *option):
        self.options.append(option)

    def setblocking(self, wanted):
        pass

    def close(self):
        pass


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=SECOND, monotonic_ns=lambda: clock.now)
    monkeypatch.setattr(fast_writer, "time", clock)
    return clock


@pytest.fixture
def wire(monkeypatch):
    wire = Wire()
    monkeypatch.setattr(socket, "socket", wire)
    return wire


@pytest.fixture
def writer(clock, wire):  # noqa: ARG001 - it is to find these
    settings = Settings(PROXY, b"INSERT INTO t VALUES ", POLICY)
    return FastWriter(settings, Journal("run", 1).writers[0], Schedule(writer=0, writers=1, rate=9))


def hear(writer, wire, *packets):
    """Have a writer receive packets: payloads, numbered from the first one's number."""
    for number, payload in packets:
        wire.incoming.append(encode(payload, number))
        writer.receive()


def greeting(plugin=NATIVE):
    return encode_greeting(
        Greeting(version=b"8.0.36", thread_id=1, capabilities=RELAYED, status=2, charset=45,
                 scramble=SCRAMBLE, plugin=plugin)
    )  # fmt: skip


def ready(writer, wire):
    """Connect a writer and log it in, with a write to do."""
    writer.use(INTENDED)
    writer.connected()
    hear(writer, wire, (0, greeting()), (2, ok_packet(2)))


def noted(writer):
    return [(one.outcome, one.fault and one.fault.code) for one in writer.journal]


def _fault(code):
    return ServerFault(code=code, state="HY000", text="said")


def test_it_waits_as_long_for_a_connection_and_for_answers_as_it_was_told(writer, wire, clock):
    assert (writer.state, writer.deadline, writer.next_try) == (AWAY, 0, 0)  # nothing, as yet
    writer.use(INTENDED)
    assert (writer.state, writer.deadline) == (CONNECTING, clock.now + 3 * SECOND)
    clock.now += SECOND
    writer.connected()
    assert (writer.state, writer.deadline) == (LOGIN, clock.now + 7 * SECOND)
    hear(writer, wire, (0, greeting()))
    clock.now += SECOND
    hear(writer, wire, (2, ok_packet(2)))
    assert (writer.state, writer.deadline) == (WRITING, clock.now + 7 * SECOND)
    hear(writer, wire, (1, ok_packet(2)))
    assert (writer.state, writer.deadline, writer.working) == (READY, 0, False)
    assert noted(writer) == [(Outcome.ACKED, None)]
    assert list(writer.journal.intended) == [INTENDED]


def test_another_way_of_login_is_answered_by_the_new_challenge_and_the_next_number(writer, wire):
    writer.use(INTENDED)
    writer.connected()
    hear(writer, wire, (0, greeting(CACHING)))
    hear(writer, wire, (2, b"\xfe" + NATIVE + b"\0" + OTHER_SCRAMBLE + b"\0"))

    (packet,) = PacketReader().feed(wire.sent[-1])
    assert (packet.sequence, packet.payload) == (3, native_proof(b"p", OTHER_SCRAMBLE))
    hear(writer, wire, (4, ok_packet(2)))
    assert writer.state == WRITING


@pytest.mark.parametrize("end", [b"", OSError(errno.ECONNRESET, "reset")])
def test_a_write_is_unknown_only_once_it_was_sent(writer, wire, end):
    writer.use(INTENDED)
    writer.connected()
    hear(writer, wire, (0, greeting()))
    wire.incoming.append(end)
    writer.receive()
    assert noted(writer) == [(Outcome.REFUSED, 2013)]

    ready(writer, wire)
    wire.incoming.append(end)
    writer.receive()
    assert noted(writer) == [(Outcome.REFUSED, 2013), (Outcome.UNKNOWN, 2013)]
    assert writer.state == AWAY


@pytest.mark.parametrize("takes", [3, OSError(errno.EPIPE, "gone")])
def test_a_connection_that_does_not_take_a_write_whole_is_lost(writer, wire, takes):
    ready(writer, wire)
    hear(writer, wire, (1, ok_packet(2)))
    wire.takes = takes
    writer.use(INTENDED + 1)

    assert noted(writer)[-1] == (Outcome.UNKNOWN, 2013)
    assert (writer.state, writer.sock) == (AWAY, None)


def test_what_takes_too_long_is_a_time_out_of_the_connection_or_of_the_answer(writer, wire):
    writer.use(INTENDED)
    writer.expire()
    ready(writer, wire)
    writer.expire()

    assert [one.fault for one in writer.journal] == [Fault(2003, "timeout"), Fault(2013, "timeout")]
    assert [one.outcome for one in writer.journal] == [Outcome.REFUSED, Outcome.UNKNOWN]


@pytest.mark.parametrize("code", [1062, 1536])  # the latter's first byte is 0, as that of an OK
def test_a_server_that_refuses_a_write_keeps_its_connection_and_one_that_goes_loses_it(
    writer, wire, code
):
    ready(writer, wire)
    hear(writer, wire, (1, error_packet(_fault(code))))
    assert noted(writer) == [(Outcome.REFUSED, code)]
    assert (writer.state, writer.deadline, writer.working) == (READY, 0, False)

    writer.use(INTENDED + 1)
    hear(writer, wire, (1, error_packet(_fault(1053))))
    assert (noted(writer)[-1][1], writer.state) == (1053, AWAY)


def test_a_refusal_before_any_write_is_the_fault_of_the_connection(writer, wire):
    writer.use(INTENDED)
    writer.connected()
    hear(writer, wire, (0, error_packet(_fault(1040))))

    assert noted(writer) == [(Outcome.REFUSED, 1040)]
    assert writer.problem == "said"


def test_a_connection_is_not_made_by_a_refusal_nor_to_itself(writer, wire):
    wire.begun = errno.ECONNREFUSED
    writer.use(INTENDED)
    wire.begun, wire.peer = errno.EINPROGRESS, ("h", 2)
    writer.use(INTENDED)
    writer.connected()
    assert wire.options[-1] == (socket.SOL_SOCKET, socket.SO_LINGER, fast_writer.LINGER)
    wire.peer, wire.error = None, errno.ECONNREFUSED
    writer.use(INTENDED)
    writer.connected()
    assert noted(writer) == [(Outcome.REFUSED, 2003)] * 3

    wire.error = 0
    writer.use(INTENDED)
    writer.connected()
    assert writer.state == CONNECTING  # not yet


def test_a_connection_that_had_served_is_replaced_at_once_and_any_other_later(writer, wire, clock):
    ready(writer, wire)
    wire.incoming.append(b"")
    writer.receive()
    assert writer.next_try > clock.now

    ready(writer, wire)
    hear(writer, wire, (1, ok_packet(2)))
    wire.incoming.append(b"")
    writer.receive()
    assert writer.next_try == clock.now
    assert len(writer.journal) == 2  # nothing was under way

    ready(writer, wire)  # this one serves nothing, though the one before did
    wire.incoming.append(b"")
    writer.receive()
    assert writer.next_try > clock.now


def test_packets_are_sent_without_waiting_for_more(writer, wire):
    ready(writer, wire)
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in wire.options


def test_an_answer_in_pieces_is_one_answer(writer, wire):
    ready(writer, wire)
    whole = encode(ok_packet(2), 1)
    for part in (whole[:4], whole[4:6], whole[6:]):
        assert noted(writer) == []
        wire.incoming.append(part)
        writer.receive()

    assert noted(writer) == [(Outcome.ACKED, None)]
