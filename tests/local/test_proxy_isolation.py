"""Under load and failovers, every client reads back its own state and rows, and nobody else's."""

import random
import threading
import time

import gateway_process
import pymysql
import pytest
from gateway_process import rows

pytestmark = pytest.mark.local
CLIENTS = 24
TRANSACTIONS = 10  # each client commits so many
FAILOVERS = 6
LOST = {0, 2006, 2013}


class Client(threading.Thread):
    """One client with state of its own, which it compares before, in and after transactions."""

    def __init__(self, gateway, number):
        super().__init__(daemon=True)
        self.gateway, self.number = gateway, number
        self.leaks, self.lost, self.done = [], 0, 0
        self.chance = random.Random(number)
        self.state = (
            f"+{number % 13:02d}:{15 * (number % 4):02d}",
            ("ANSI_QUOTES", "PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES")[number % 3],
            ("latin1", "utf8mb4")[number % 2],
            1000 + number,
        )

    def connect(self):
        connection = self.gateway.connect("proxy", autocommit=True)
        zone, mode, charset, wait = self.state
        rows(connection, f"SET NAMES {charset}")
        rows(connection, f"SET time_zone = '{zone}', sql_mode = '{mode}', wait_timeout = {wait}")
        return connection

    def compare(self, connection):
        seen = rows(
            connection,
            "SELECT @@time_zone, @@sql_mode, @@character_set_client, @@wait_timeout, @left,"
            " DATABASE()",
        )[0]
        if seen != (*self.state, None, "app"):
            self.leaks.append((self.number, seen))

    def run(self):
        connection = None
        while self.done < TRANSACTIONS and not self.leaks:
            try:
                connection = connection or self.connect()
                self.transaction(connection)
                self.done += 1
            except pymysql.err.MySQLError as error:
                if error.args[0] not in LOST:
                    self.leaks.append((self.number, repr(error)))
                self.lost += 1
                connection = None

    def transaction(self, connection):
        self.compare(connection)
        key = f"{self.number}-{self.done}-{self.lost}"
        rows(connection, "BEGIN")
        rows(connection, "INSERT INTO t (v, n) VALUES (%s, %s)", key, self.number)
        own = rows(connection, "SELECT LAST_INSERT_ID()")[0][0]
        self.compare(connection)
        rows(connection, "COMMIT")
        found = rows(connection, "SELECT v, n FROM t WHERE id = %s", own)
        if found != ((key, self.number),):
            self.leaks.append((self.number, key, found))
        if rows(connection, "SELECT LAST_INSERT_ID()")[0][0] != own:
            self.leaks.append((self.number, "insert id"))
        if self.chance.random() < 0.05:
            rows(connection, "CALL leave_behind()")


def run_load(proxy, failovers):
    proxy.configure_proxy(max_connections_percent=1)  # 5 connections for 24 clients
    clients = [Client(proxy, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(failovers):
        time.sleep(0.15)
        proxy.fail_over(*proxy.roles())
    deadline = time.monotonic() + 120
    for client in clients:
        client.join(max(0.1, deadline - time.monotonic()))
    return clients


def test_hundreds_of_transactions_read_back_their_own(proxy):
    clients = run_load(proxy, FAILOVERS)

    assert [leak for client in clients for leak in client.leaks] == []
    assert [client.done for client in clients] == [TRANSACTIONS] * CLIENTS
    assert sum(client.lost for client in clients) > 0  # the failovers hit somebody
    stats = proxy.proxy().stats
    assert stats.most_connections == 5
    assert stats.borrows > 4 * TRANSACTIONS * CLIENTS
    assert proxy.proxy().pins == []


FLAWS = {
    "insert ids are not told apart": "import pytest_rdsfailover.local.gateway.proxy.forwarding as f\n"
    "from dataclasses import replace\n"
    "real = f.effect\n"
    "f.effect = lambda *a, **k: replace(real(*a, **k), insert_id=False)",
    "one variable is not carried": "real = d.setting\n"
    "d.setting = lambda wanted, current: real(\n"
    "    {name: value for name, value in wanted.items() if name != b'time_zone'}, current)",
    "connections are not reset": "d.Database.reset = lambda self, then=None: (then or self.ready)(self)",
}


@pytest.mark.one_server
@pytest.mark.parametrize("flaw", FLAWS)
def test_a_planted_leak_is_caught(proxy, flaw):
    plant = "import pytest_rdsfailover.local.gateway.proxy.database as d\n" + FLAWS[flaw]
    with gateway_process.gateway(proxy.server, plant=plant) as leaky:
        clients = run_load(leaky, 0)

    assert [leak for client in clients for leak in client.leaks]


def test_an_insert_id_that_a_client_makes_up_is_its_own(proxy):
    proxy.configure_proxy(max_connections_percent=1)
    with proxy.connect("proxy") as one, proxy.connect("proxy") as other:
        assert rows(one, "SELECT LAST_INSERT_ID(77)") == ((77,),)
        assert rows(other, "SELECT LAST_INSERT_ID()") == ((0,),)
        assert rows(one, "SELECT LAST_INSERT_ID()") == ((77,),)
        rows(one, "INSERT INTO t (v, n) VALUES ('made up', 0)")
        made = rows(one, "SELECT LAST_INSERT_ID()")[0][0]
        assert made not in (0, 77)
        rows(other, "SELECT LAST_INSERT_ID(5)")
        assert rows(one, "SELECT LAST_INSERT_ID()") == ((made,),)
        assert proxy.proxy().pins == []
