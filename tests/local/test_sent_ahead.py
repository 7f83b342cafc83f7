"""A client that sends commands and reads no answer is made to wait; it costs others nothing."""

import socket
from contextlib import suppress

import gateway_process
import pytest
from gateway_process import value

from pytest_rdsfailover.mysql.packets import PacketReader, encode

pytestmark = [pytest.mark.local, pytest.mark.one_server]
PATIENCE = 20.0  # seconds that anybody waits for the gateway; it takes milliseconds
MOST = 200_000_000  # bytes that no buffers between us take
ROWS = encode(b"\x03SELECT REPEAT('x', 20000) /* " + b"." * 20_000 + b" */")
NO_SUCH_STATEMENT = encode(b"\x17\x07\0\0\0\0\1\0\0\0")


@pytest.fixture(scope="module")
def fresh(plain_server):
    """A gateway of its own, whose memory has not been stretched by others."""
    with gateway_process.gateway(plain_server) as gateway:
        yield gateway


def narrow(gateway, endpoint):
    """Return the socket of a client that has logged in, with buffers as small as can be."""
    raw = socket.socket()
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        raw.setsockopt(socket.SOL_SOCKET, option, 4096)
    raw.connect(("127.0.0.1", gateway.ports[endpoint]))
    connection = gateway.connect(endpoint, defer_connect=True)
    connection.connect(raw)
    connection._sock, connection._rfile = None, connection._rfile.close()
    return raw


def sent_until_nothing_is_taken(raw, command):
    """Send a command again and again; return how many bytes are taken until no more are."""
    block, sent = command * (1 + 65536 // len(command)), 0
    raw.settimeout(0.5)
    with suppress(TimeoutError):
        while sent < MOST:
            sent += raw.send(block[sent % len(command) :])
    return sent


def answers(raw, wanted, last):
    """Return how many answers come, up to those that are wanted; each ends by a packet of that number."""
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    raw.settimeout(PATIENCE)
    reader, got = PacketReader(), 0
    while got < wanted and (data := raw.recv(1 << 20)):
        got += sum(packet.sequence == last for packet in reader.feed(data))
    return got


@pytest.mark.parametrize(
    ("endpoint", "command", "last"),
    [("cluster", ROWS, 5), ("proxy", ROWS, 5), ("proxy", NO_SUCH_STATEMENT, 1)],
    ids=["server's answers", "through the proxy", "proxy's answers"],
)
def test_who_reads_no_answers_is_read_no_more_and_gets_all_of_them_later(
    fresh, endpoint, command, last
):
    before = fresh.memory
    with narrow(fresh, endpoint) as raw, fresh.connect(endpoint) as other:
        sent = sent_until_nothing_is_taken(raw, command)
        assert sent < MOST
        assert fresh.memory < before + 25_000  # kB
        assert value(other, "SELECT 1") == 1

        commands = sent // len(command)
        assert answers(raw, commands, last) == commands
