"""A wire keeps in order what its socket does not take, and closes once."""

import socket

import pytest

from pytest_rdsfailover.local.toxiproxy.wire import RESET_ON_CLOSE, Wire

FD = 7


class FakeSocket:
    """Takes so many bytes at a time; gives what the test puts into it."""

    def __init__(self):
        self.takes, self.taken, self.arrived = 1 << 20, b"", []
        self.options, self.closed = {}, 0

    def fileno(self):
        return FD

    def setsockopt(self, level, name, value):
        self.options[level, name] = value

    def send(self, data):
        if isinstance(self.takes, OSError):
            raise self.takes
        part = bytes(data[: self.takes])
        self.taken += part
        return len(part)

    def recv(self, _):
        arrived = self.arrived.pop(0)
        if isinstance(arrived, OSError):
            raise arrived
        return arrived

    def close(self):
        self.closed += 1


class FakeLoop:
    """Remembers who waits for the socket."""

    def __init__(self):
        self.readers, self.writers = {}, {}

    def add_reader(self, fd, call):
        assert fd not in self.readers
        self.readers[fd] = call

    def add_writer(self, fd, call):
        self.writers[fd] = call

    def remove_reader(self, fd):
        del self.readers[fd]

    def remove_writer(self, fd):
        self.writers.pop(fd, None)


class Ends:
    """Both sides of a wire."""

    def __init__(self):
        self.calls = []

    def feed(self, data):
        self.calls.append(data)

    def end(self):
        self.calls.append("end")

    def drained(self):
        self.calls.append("drained")

    def abandon(self):
        self.calls.append("abandon")


class Roomy(Wire):
    """A wire with room for the ends that a test looks at."""


@pytest.fixture
def wire():
    wire = Roomy(FakeLoop(), FakeSocket())
    wire.reader = wire.writer = wire.ends = Ends()
    return wire


def test_what_the_socket_takes_is_gone_at_once(wire):
    wire.send(b"one")

    assert (wire._sock.taken, wire.busy, wire._loop.writers) == (b"one", False, {})


def test_what_it_does_not_take_follows_in_order_and_then_the_writer_is_told(wire):
    wire._sock.takes = 2
    wire.send(b"one")
    wire._sock.takes = 3
    wire.send(b"two")  # behind what is left, though the socket would take it
    assert (wire._sock.taken, wire.busy) == (b"on", True)

    wire._loop.writers[FD]()
    assert (wire._sock.taken, wire.busy, wire.ends.calls) == (b"onetw", True, [])
    wire._loop.writers[FD]()
    assert (wire._sock.taken, wire.busy, wire.ends.calls) == (b"onetwo", False, ["drained"])
    assert wire._loop.writers == {}


def test_a_full_socket_is_no_error(wire):
    wire._sock.takes = BlockingIOError()
    wire.send(b"one")

    assert (wire.busy, wire.closed) == (True, False)
    wire._sock.takes = 3
    wire._loop.writers[FD]()
    assert (wire._sock.taken, wire.ends.calls) == (b"one", ["drained"])


def test_a_wire_that_is_closed_waits_for_its_socket_no_more(wire):
    wire._sock.takes = 0
    wire.send(b"one")
    wire.close()

    assert wire._loop.writers == {}


def test_a_broken_socket_closes_the_wire_once(wire):
    wire.resume()
    wire._sock.takes = ConnectionResetError()
    wire.send(b"one")
    wire.send(b"two")
    wire.close()

    assert (wire.closed, wire.busy, wire._sock.closed) == (True, False, 1)
    assert wire.ends.calls == ["abandon", "end"]
    assert wire._loop.readers == wire._loop.writers == {}


def test_a_socket_that_breaks_on_what_was_left_tells_nobody_that_it_was_sent(wire):
    wire._sock.takes = 1
    wire.send(b"one")
    wire._sock.takes = ConnectionResetError()
    wire._loop.writers[FD]()

    assert wire.ends.calls == ["abandon", "end"]


def test_reading_begins_once_pauses_and_goes_on(wire):
    wire.pause()
    wire.resume()
    wire.resume()
    assert FD in wire._loop.readers
    wire.pause()
    assert wire._loop.readers == {}
    wire.close()
    wire.resume()
    assert wire._loop.readers == {}


@pytest.mark.parametrize("last", [b"", ConnectionResetError()])
def test_what_arrives_is_handed_on_until_the_end(wire, last):
    wire.resume()
    wire._sock.arrived = [BlockingIOError(), b"one", last]
    for _ in range(3):
        wire._loop.readers[FD]()

    assert wire.ends.calls == [b"one", "end"]
    assert wire._loop.readers == {}
    assert not wire.closed  # the other direction may go on


def test_packets_are_not_delayed_and_a_reset_is_asked_for_by_name(wire):
    assert wire._sock.options == {(socket.IPPROTO_TCP, socket.TCP_NODELAY): 1}
    wire.reset_on_close()
    assert wire._sock.options[socket.SOL_SOCKET, socket.SO_LINGER] == RESET_ON_CLOSE
