"""Whatever hostile clients send to any endpoint, other clients get their own answers, and in time."""

import itertools
import random
import socket
import struct
import threading
import time
from contextlib import suppress

import gateway_process
import pymysql
import pytest
from gateway_process import rows
from waiting import until

pytestmark = [pytest.mark.local, pytest.mark.one_server]
SEED = 7
SECONDS = 3.0  # at least; on a busy machine until enough have come
LONGEST = 30.0
HOSTILE = 4
PATIENCE = 10.0  # seconds that an honest client waits for an answer; a failover lasts less than one
LOST = {0, 2003, 2006, 2013}
MULTI = 1 << 16  # several statements in a text
TEXTS = [
    b"SELECT 1", b"BEGIN", b"COMMIT", b"SET @x = 1", b"SET NAMES latin1", b"SET autocommit = 0",
    b"SET time_zone = '+12:34'", b"SET SESSION TRANSACTION READ ONLY", b"SELECT 1; SELECT 2",
    b"SELECT REPEAT('x', 70000)", b"SELECT SLEEP(0.05)", b"SELECT * FROM t", b"LOCK TABLES t WRITE",
    b"INSERT INTO t (v) VALUES ('a')", b"LOAD DATA LOCAL INFILE 'x' INTO TABLE t", b"XA START 'a'",
    b"PREPARE p FROM 'SELECT 1'", b"EXECUTE p", b"CALL leave_behind()", b"KILL CONNECTION_ID()",
    b"SELECT 'aurora_server_id', @@aurora_server_id AS `x`", b"/*!SELECT 1*/", b"'", b"SELECT \xff\xfe",
    b"", b"DO 1 /*", b"SELECT /* " + b"y" * 20_000 + b" */ 1",
]  # fmt: skip
NUMBERS = [b"", b"\1\0\0\0\0\1\0\0\0", b"\2\0\0\0", b"app\0"]


def command(chance):
    """Return the bytes of a command that is right, or wrong in its number, length or contents."""
    body = chance.choice([
        b"\x03" + chance.choice(TEXTS),
        b"\x03" + chance.choice(TEXTS),
        b"\x16" + chance.choice(TEXTS),
        bytes((chance.randrange(0x20),)) + chance.choice([*NUMBERS, chance.randbytes(30)]),
        chance.randbytes(chance.randrange(1, 60)),
    ])  # fmt: skip
    if chance.random() < 0.15:
        place = chance.randrange(len(body))
        body = body[:place] + chance.randbytes(1) + body[place + 1 :]
    length = chance.choice([0, 1, len(body) + 5, 0xFFFFFF]) if chance.random() < 0.05 else len(body)
    sequence = chance.randrange(256) if chance.random() < 0.05 else 0
    return struct.pack("<I", length)[:3] + bytes((sequence,)) + body


def swallow(raw):
    """Read what there is to read; tell whether the other side has hung up."""
    with suppress(TimeoutError):
        while raw.recv(65536):
            pass
        return True
    return False


def knock(gateway, endpoint, chance):
    """Send anything but a login."""
    with socket.create_connection(("127.0.0.1", gateway.ports[endpoint]), PATIENCE) as raw:
        raw.settimeout(0.05)
        swallow(raw)
        length = chance.choice([b"\x3c\0\0\1", b"\xff\xff\xff\1", b"\0\0\0\0", b""])
        raw.sendall(length + chance.randbytes(chance.randrange(1, 200)))
        swallow(raw)


def misbehave(gateway, endpoint, chance):
    """Log in, send commands of all kinds in pieces of all sizes, hang up at any moment."""
    files, flags = chance.random() < 0.5, chance.choice([0, MULTI])
    connection = gateway.connect(
        endpoint, read_timeout=PATIENCE, local_infile=files, client_flag=flags
    )
    try:
        pester(connection._sock, chance)
    finally:
        connection._force_close()


def pester(raw, chance):
    """Send commands by a socket that is logged in."""
    raw.settimeout(0.03)
    for _ in range(chance.randrange(1, 8)):
        data = b"".join(command(chance) for _ in range(chance.choice([1, 1, 1, 2, 5])))
        while data:
            size = chance.choice([1, 7, len(data)])
            raw.sendall(data[:size])
            data = data[size:]
        if chance.random() < 0.7 and swallow(raw):
            break
    if chance.random() < 0.3:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset


class Hostile(threading.Thread):
    """Comes again and again, to any endpoint."""

    def __init__(self, gateway, number, over):
        super().__init__(daemon=True)
        self.gateway, self.over, self.came = gateway, over, 0
        self.chance = random.Random(1000 * SEED + number)

    def run(self):
        while not self.over.is_set():
            deed = knock if self.chance.random() < 0.25 else misbehave
            with suppress(OSError, pymysql.err.Error):
                deed(self.gateway, self.chance.choice(list(self.gateway.ports)), self.chance)
            self.came += 1


class Honest(threading.Thread):
    """Has a state of its own, and compares every answer with what it must be."""

    def __init__(self, gateway, endpoint, number, over):
        super().__init__(daemon=True)
        self.gateway, self.endpoint, self.over = gateway, endpoint, over
        self.zone, self.letter = f"+{number % 12:02d}:{number:02d}", chr(ord("a") + number)
        self.wrong, self.answered = [], 0

    def run(self):
        connection = None
        while not self.over.is_set() and not self.wrong:
            try:
                connection = connection or self.connect()
                self.compare(connection)
            except pymysql.err.MySQLError as error:
                connection = None
                if error.args[0] not in LOST or "timed out" in str(error):
                    self.wrong.append(repr(error))
        if connection is not None:
            connection._force_close()

    def connect(self):
        connection = self.gateway.connect(self.endpoint, read_timeout=PATIENCE)
        rows(connection, f"SET time_zone = '{self.zone}'")
        return connection

    def compare(self, connection):
        key = f"{self.letter}{self.answered}"
        (small,) = rows(connection, "SELECT %s, @@time_zone, @@autocommit, @@sql_mode = ''", key)
        (large,) = rows(connection, "SELECT REPEAT(%s, 3000)", self.letter)
        if (small, large) != ((key, self.zone, 1, 0), (self.letter * 3000,)):
            self.wrong.append((small, large[0][:20], len(large[0])))
        self.answered += 1


def enough(honest, hostile):
    """Tell whether every honest client was answered often, and hostile ones came often."""
    return (
        all(client.answered > 20 for client in honest)
        and sum(client.came for client in hostile) > 40
    )


def visited(gateway):
    """Let hostile and honest clients come for a while, with failovers in between; return them."""
    over, numbers = threading.Event(), itertools.count()
    honest = [Honest(gateway, name, next(numbers), over) for name in [*gateway.ports] * 2]
    hostile = [Hostile(gateway, number, over) for number in range(HOSTILE)]
    # So few that each serves many: 5, of which the hostile ones may keep one each.
    gateway.configure_proxy(max_connections_percent=1, connection_borrow_timeout=PATIENCE)
    for client in (*honest, *hostile):
        client.start()
    try:
        begun = time.monotonic()
        while not any(client.wrong for client in honest):
            if time.monotonic() - begun > (SECONDS if enough(honest, hostile) else LONGEST):
                break
            time.sleep(SECONDS / 5)
            gateway.fail_over(*gateway.roles())
    finally:
        over.set()
        for client in (*honest, *hostile):
            client.join(3 * PATIENCE)
    assert not any(client.is_alive() for client in (*honest, *hostile))
    return honest, hostile


def test_honest_clients_get_their_own_answers_in_time(proxy):
    honest, hostile = visited(proxy)

    assert [client.wrong for client in honest if client.wrong] == []
    assert enough(honest, hostile)
    for endpoint in ("proxy", "proxy-reader"):
        until(lambda endpoint=endpoint: proxy.proxy(endpoint).stats.client_connections == 0)
        assert proxy.proxy(endpoint).stats.borrowed == 0
    until(lambda: all(one.sessions == 0 for one in proxy.control.describe().instances))
    assert proxy.control.describe().failures == []


FLAWS = {
    "what one begins to send is put before what others send": (
        "import pytest_rdsfailover.local.gateway.proxy.session as s\n"
        "shared = s.PacketReader()\n"
        "s.PacketReader = lambda: shared"
    ),
    "what makes no sense stops everybody": (
        "import time\n"
        "import pytest_rdsfailover.local.gateway.proxy.session as s\n"
        "real, slept = s.ProxySession._begin, []\n"
        "def begin(self, message):\n"
        "    if message[:1] > b' ' and not slept:\n"
        "        slept.append(time.sleep(3))\n"
        "    real(self, message)\n"
        "s.ProxySession._begin = begin"
    ),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_planted_flaw_is_found(proxy, monkeypatch, flaw):
    monkeypatch.setattr("test_hostile_clients.PATIENCE", 2.0)
    with gateway_process.gateway(proxy.server, plant=FLAWS[flaw]) as flawed:
        honest, _ = visited(flawed)

    assert any(client.wrong for client in honest)
