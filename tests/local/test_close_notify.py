"""Clients that end TLS by a close_notify, at whatever moment: they are let go, others are served."""

import fcntl
import os
import random
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import termios
import threading
from contextlib import suppress
from pathlib import Path

import gateway_process
import pytest
from gateway_process import value
from waiting import until

from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import encode, frame

pytestmark = pytest.mark.local
ENDPOINTS = ["cluster", "reader", "instance-2", "proxy", "proxy-reader"]
PATIENCE = 20.0  # seconds that anybody waits for the gateway; it takes milliseconds
SEED, TIMES = 11, int(os.environ.get("RDS_TEST_LEAVERS", "250"))  # beside 50 before it is measured
PLAIN_CLOSE_NOTIFY = b"\x15\x03\x03\0\2\1\0"
REQUEST = frame(struct.pack("<II24x", 0xA28F | Capability.SSL, 1 << 24), 1)
QUIT = encode(b"\x01")
# 30 MB, more than all buffers between us take.
LARGE = encode(
    b"\x03WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
    b" SELECT REPEAT('x', 60000) FROM n"
)
STAGES = [
    "request", "hello", "handshake", "half a login", "login", "half a command", "command",
    "half a result", "full buffers", "quit",
]  # fmt: skip


def trusting(gateway):
    return ssl.create_default_context(cafile=gateway.ca)


def connect(gateway, endpoint, **options):
    options = {"ssl_disabled": False, "ssl": trusting(gateway), **options}
    return gateway.connect(endpoint, **options)


def sockets(gateway):
    """Return how many sockets the gateway has open."""
    found = Path(f"/proc/{gateway.process.pid}/fd").iterdir()
    with suppress(FileNotFoundError):
        return sum("socket:" in str(each.readlink()) for each in found)
    return -1


def full(raw):
    """Wait until nothing more comes: all buffers between the server and us are full."""
    seen = []

    def stays():
        waiting = fcntl.ioctl(raw.fileno(), termios.FIONREAD, bytes(4))
        seen.append(int.from_bytes(waiting, sys.byteorder))
        return len(seen) > 30 and len(set(seen[-30:])) == 1

    until(stays)


def held(raw):
    """Tell whether the gateway still has its end of a connection."""
    ours = f":{raw.getsockname()[1]:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(fields[2].endswith(ours) and fields[9] != "0" for fields in lines)


def nobody_is_at(gateway, endpoint):
    """Tell whether an endpoint has no client."""
    if "proxy" in endpoint:
        return gateway.proxy(endpoint).stats.client_connections == 0
    return all(one.sessions == 0 for one in gateway.control.describe().instances)


class Visitor:
    """A client whose TLS is in memory, so that it can end it at any stage."""

    def __init__(self, gateway, endpoint):
        self.raw = socket.create_connection(("127.0.0.1", gateway.ports[endpoint]), PATIENCE)
        self.inside, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = trusting(gateway).wrap_bio(self.inside, self.out, server_hostname="localhost")

    def leave(self, stage):
        """Go as far as a stage, then send a close_notify and read to the end."""
        self.raw.recv(4096)  # the greeting
        self.raw.sendall(REQUEST)
        if stage == "hello":
            with suppress(ssl.SSLWantReadError):
                self.tls.do_handshake()
            self.raw.sendall(self.out.read())
        if stage in ("request", "hello"):
            self.raw.sendall(PLAIN_CLOSE_NOTIFY)
        else:
            self.shake()
            if stage == "half a login":
                self.tls.write(frame(bytes(40), 2)[:20])
            with suppress(ssl.SSLWantReadError):
                self.tls.unwrap()
            self.raw.sendall(self.out.read())
        finish(self.raw)

    def shake(self):
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.raw.sendall(self.out.read())
                self.inside.write(self.raw.recv(65536))
            else:
                self.raw.sendall(self.out.read())
                return


def taken(connection):
    """Return the socket of a connection, which PyMySQL then knows no more."""
    tls, connection._sock = connection._sock, None
    connection._rfile.close()
    tls.settimeout(PATIENCE)
    return tls


def ended(tls):
    """Send a close_notify without waiting for the other side's; return the socket below."""
    tls.settimeout(0)
    with suppress(OSError):
        tls.unwrap()
    raw = socket.socket(fileno=tls.detach())
    raw.settimeout(PATIENCE)
    return raw


def finish(raw):
    """Read to the end of a connection, which must come; then close it."""
    with raw, suppress(ConnectionResetError):
        while raw.recv(1 << 20):
            pass


def leave(gateway, endpoint, stage, chance):
    """Come, go as far as a stage, and end TLS there."""
    if STAGES.index(stage) < STAGES.index("login"):
        Visitor(gateway, endpoint).leave(stage)
        return
    tls = taken(connect(gateway, endpoint))
    words = {
        "half a command": LARGE[:20], "command": encode(b"\x03SELECT 1"), "half a result": LARGE,
        "full buffers": LARGE, "quit": QUIT,
    }  # fmt: skip
    tls.sendall(words.get(stage, b""))
    if stage == "half a result":
        tls.recv(chance.randrange(1, 100_000))
    finish(ended(tls))


class Other(threading.Thread):
    """Somebody who is served all the time."""

    def __init__(self, gateway, endpoint):
        super().__init__(daemon=True)
        self.gateway, self.endpoint, self.over = gateway, endpoint, threading.Event()
        self.answers, self.fault = 0, None

    def run(self):
        try:
            with self.gateway.connect(self.endpoint, read_timeout=PATIENCE) as connection:
                while not self.over.wait(0.02):
                    assert value(connection, "SELECT 1") == 1
                    self.answers += 1
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.fault = error


@pytest.mark.one_server
@pytest.mark.parametrize("quits", [False, True], ids=["unwrap", "quit, unwrap"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_client_that_ends_tls_is_let_go_and_the_next_one_served(proxy, endpoint, quits):
    connection = connect(proxy, endpoint)
    assert value(connection, "SELECT 1") == 1
    tls = taken(connection)
    if quits:
        tls.sendall(QUIT)
        with suppress(OSError):  # a server that was told to quit need not answer any more
            tls.unwrap()
    else:
        assert tls.unwrap().recv(1) == b""  # a close_notify for a close_notify, then the end
    tls.close()

    with proxy.connect(endpoint) as other:
        assert value(other, "SELECT 1") == 1
    until(lambda: nobody_is_at(proxy, endpoint))


@pytest.mark.one_server
def test_hundreds_of_clients_that_end_tls_at_any_stage_cost_nothing(proxy):
    """More of them: `RDS_TEST_LEAVERS=950 pytest -k hundreds_of_clients tests/local`."""
    chance = random.Random(SEED)
    for stage in STAGES:
        for endpoint in ENDPOINTS:
            leave(proxy, endpoint, stage, chance)
    before, opened = proxy.memory, sockets(proxy)
    others = [Other(proxy, endpoint) for endpoint in ENDPOINTS]
    for other in others:
        other.start()

    for _ in range(TIMES):
        leave(proxy, chance.choice(ENDPOINTS), chance.choice(STAGES), chance)

    for other in others:
        other.over.set()
        other.join(PATIENCE)
    assert [other.fault for other in others] == [None] * len(others)
    assert all(other.answers for other in others)
    for endpoint in ENDPOINTS:
        until(lambda endpoint=endpoint: nobody_is_at(proxy, endpoint))
    assert proxy.proxy().stats.borrowed == 0
    until(lambda: sockets(proxy) <= opened + 2)
    assert proxy.memory < before + 30_000  # kB; a loop without an end makes 10 MB a second


@pytest.mark.parametrize("how", ["close_notify", "FIN"])
@pytest.mark.parametrize("endpoint", ["cluster", "proxy"])
def test_who_reads_nothing_and_says_that_it_ends_has_nothing_any_more(proxy, endpoint, how):
    tls = taken(connect(proxy, endpoint))
    tls.sendall(LARGE)
    tls.recv(1)  # the answer is on its way
    full(tls)
    if how == "FIN":
        tls.shutdown(socket.SHUT_WR)
    raw = tls if how == "FIN" else ended(tls)

    until(lambda: nobody_is_at(proxy, endpoint))
    assert proxy.proxy().stats.borrowed == 0
    raw.close()


@pytest.mark.parametrize("endpoint", ["cluster", "proxy"])
def test_who_ends_tls_and_reads_nothing_does_not_keep_the_gateway(proxy, endpoint):
    plant = "import pytest_rdsfailover.local.gateway.sockets as s\ns.LINGER = 0.2\n"
    with gateway_process.gateway(proxy.server, plant=plant) as gateway:
        tls = taken(connect(gateway, endpoint))
        tls.sendall(LARGE)
        tls.recv(1)  # the answer is on its way
        full(tls)
        with ended(tls) as raw:
            until(lambda: not held(raw))


@pytest.mark.parametrize("endpoint", ["cluster", "proxy"])
def test_no_client_negotiates_anew(proxy, endpoint):
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED: no openssl on PATH")
    address = f"127.0.0.1:{proxy.ports[endpoint]}"
    client = subprocess.run(
        ["openssl", "s_client", "-starttls", "mysql", "-tls1_2", "-connect", address],
        input="R\n", capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert "RENEGOTIATING" in client.stdout + client.stderr
    assert "no renegotiation" in client.stderr
    with proxy.connect(endpoint) as other:
        assert value(other, "SELECT 1") == 1
