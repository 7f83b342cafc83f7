"""KILL with the number of a proxy's greeting reaches nobody; with CONNECTION_ID() it does."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pymysql
import pytest
from gateway_process import rows, value

pytestmark = pytest.mark.local
NO_SUCH_THREAD, INTERRUPTED = 1094, 1317
STRANGERS = 8
KILL = 0x0C  # the command, which mysql_kill() of C clients sends


def slept(connection, seconds):
    """Return what `SLEEP` gives: 0 if nobody interrupted it; 1, or the error's code, if somebody did."""
    try:
        return value(connection, f"SELECT SLEEP({seconds})")
    except pymysql.err.MySQLError as error:
        return error.args[0]


@pytest.mark.parametrize("kill", ["KILL QUERY", "KILL CONNECTION", "KILL"])
def test_the_number_of_the_greeting_is_nobodys_thread(proxy, kill):
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(STRANGERS))
        killer, *clients = [
            stack.enter_context(proxy.connect("proxy")) for _ in range(STRANGERS + 1)
        ]
        sleeping = [threads.submit(slept, client, 1.5) for client in clients]
        time.sleep(0.5)
        for number in [client.thread_id() for client in clients]:
            with pytest.raises(pymysql.err.MySQLError) as refused:
                rows(killer, f"{kill} {number}")
            assert refused.value.args[0] == NO_SUCH_THREAD
        assert [each.result() for each in sleeping] == [0] * STRANGERS


@pytest.mark.parametrize("endpoint", ["proxy", "proxy-reader", "cluster"])
def test_the_command_that_kills_is_answered_as_by_the_server(proxy, plain_server, endpoint):
    with (
        proxy.connect("proxy") as victim,
        proxy.connect(endpoint) as killer,
        plain_server.connect() as direct,
    ):
        refusals = []
        for connection in (killer, direct):
            with pytest.raises(pymysql.err.MySQLError) as refused:
                connection._execute_command(KILL, victim.thread_id().to_bytes(4, "little"))
                connection._read_ok_packet()
            refusals.append(refused.value.args[0])
        assert refusals[0] == refusals[1]
        if plain_server.flavour == "mariadb":
            assert refusals[0] == NO_SUCH_THREAD
        assert value(killer, "SELECT 1") == value(victim, "SELECT 1") == 1


def test_connection_id_is_the_thread_that_works_for_a_session(proxy):
    with proxy.connect("proxy") as mine, proxy.connect("proxy") as killer:
        rows(mine, "BEGIN")
        thread = value(mine, "SELECT CONNECTION_ID()")
        timer = threading.Timer(0.5, rows, (killer, f"KILL QUERY {thread}"))
        timer.start()
        assert slept(mine, 20) in {1, INTERRUPTED}
        timer.join()


def test_numbers_of_sessions_are_above_all_threads_and_positive_everywhere(proxy):
    with proxy.connect("proxy") as one, proxy.connect("proxy") as other:
        assert 10**9 < one.thread_id() < other.thread_id() < 2**31
