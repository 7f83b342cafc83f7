"""The socket of the load's connections: every wait ends, and nothing is lost of what is sent."""

import socket
import struct
import threading
import time

import pytest

from pytest_rdsfailover.mysql.bounded_socket import BoundedSocket

BOUND = 0.05  # seconds
BIG = 17 << 20  # bytes; far more than the buffers of a loopback connection


@pytest.fixture
def pair():
    """A bounded socket, and the plain one at the other end of its connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname(), timeout=BOUND)
        far, _ = listener.accept()
    with BoundedSocket.of(near) as bounded, far:
        far.settimeout(20)
        yield bounded, far


def test_it_takes_over_the_connection_and_its_bound(pair):
    bounded, far = pair
    bounded.sendall(b"ping")
    assert far.recv(9) == b"ping"
    assert bounded.gettimeout() == BOUND


def test_a_silent_peer_is_waited_for_no_longer_than_the_bound(pair):
    with pair[0].makefile("rb") as file, pytest.raises(TimeoutError, match="timed out"):
        file.read(4)


def test_another_bound_counts_from_the_next_wait_on(pair):
    bounded, far = pair
    bounded.settimeout(20)
    threading.Timer(3 * BOUND, far.sendall, [b"late"]).start()
    with bounded.makefile("rb") as file:
        assert file.read(4) == b"late"


def test_a_fraction_of_a_microsecond_is_a_bound_and_none_is_not(pair):
    bounded, far = pair
    bounded.settimeout(1e-9)
    with pytest.raises(TimeoutError):
        bounded.recv_into(bytearray(1))
    bounded.settimeout(None)
    assert bounded.gettimeout() is None
    threading.Timer(BOUND, far.sendall, [b"x"]).start()
    assert bounded.recv_into(bytearray(1)) == 1


@pytest.mark.parametrize("value", [0, -1.0])
def test_a_bound_of_no_time_is_refused(pair, value):
    with pytest.raises(ValueError, match=f"a wait of {value} s"):
        pair[0].settimeout(value)


def test_what_is_larger_than_all_buffers_arrives_whole(pair):
    bounded, far = pair
    bounded.settimeout(20)
    data, found = bytes(range(256)) * (BIG // 256), bytearray()

    def read():
        while len(found) < len(data):
            found.extend(far.recv(1 << 20))

    reader = threading.Thread(target=read)
    reader.start()
    bounded.sendall(memoryview(data))
    reader.join(20)
    assert found == data
    far.sendall(b"thanks")
    assert bounded.recv_into(bytearray(6)) == 6  # it waits again, as before


def test_a_peer_that_does_not_read_is_waited_for_no_longer_than_the_bound(pair):
    with pytest.raises(TimeoutError):
        pair[0].sendall(bytes(BIG))
    with pytest.raises(TimeoutError):
        pair[0].recv_into(bytearray(1))


def test_a_reset_connection_says_so(pair):
    bounded, far = pair
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    with pytest.raises(ConnectionError):
        for _ in range(100):
            bounded.sendall(b"x")
            time.sleep(0.001)


def test_a_closed_connection_ends_the_file(pair):
    bounded, far = pair
    far.close()
    with bounded.makefile("rb") as file:
        assert file.read(4) == b""


def test_who_fails_to_take_over_leaves_nothing_open(monkeypatch):
    def broken(_self, _value):
        raise OSError(22, "invalid argument")

    near, far = socket.socketpair()
    monkeypatch.setattr(BoundedSocket, "settimeout", broken)
    with far:
        with pytest.raises(OSError, match="invalid argument"):
            BoundedSocket.of(near)
        far.settimeout(20)
        assert far.recv(1) == b""
