"""What clients of the proxy notice of a failover: little, unless they were in the middle."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pymysql
import pytest
from gateway_process import rows, value
from waiting import until

from pytest_rdsfailover.local.gateway.script import Step

pytestmark = pytest.mark.local
LOST = (2006, 2013)


@pytest.fixture
def move(proxy):
    """Fail over to the other instance; by default at once."""

    def fail_over(promote=0.01, follow=None, connect="accept", how="reset", *, wait=True):
        writer, target = proxy.roles()
        steps = [
            Step(at=0, action="hold", instance=writer, how=connect),
            Step(at=0, action="cut", instance=writer, how=how),
            Step(at=0, action="cut", instance=target, how="reset"),
            Step(at=promote, action="promote", instance=target),
            Step(at=promote, action="back", instance=writer),
            Step(at=promote, action="point", instance=target),
        ]
        if follow is not None:
            steps.append(Step(at=follow, action="follow", instance=target))
        proxy.play(*steps, wait=wait)
        return target

    yield fail_over
    until(lambda: not proxy.control.describe().playing)


def rested(proxy):
    until(lambda: not proxy.control.describe().playing)


def test_idle_clients_survive_and_find_the_new_writer(proxy, move):
    with ExitStack() as stack:
        clients = [stack.enter_context(proxy.connect("proxy")) for _ in range(20)]
        for number, client in enumerate(clients):
            rows(client, f"SET time_zone = '+{number % 12:02d}:00'")
        for _ in range(3):
            target = move()
            for number, client in enumerate(clients):
                found = rows(client, "SELECT @@aurora_server_id, @@time_zone")
                assert found == ((target, f"+{number % 12:02d}:00"),)
                rows(client, "INSERT INTO t (v) VALUES ('survived')")


def test_requests_wait_while_there_is_no_writer(proxy, move):
    with ExitStack() as stack:
        clients = [stack.enter_context(proxy.connect("proxy")) for _ in range(8)]
        for client in clients:
            value(client, "SELECT 1")
        pool = stack.enter_context(ThreadPoolExecutor(8))
        started = time.monotonic()
        target = move(promote=0.3, follow=0.6, wait=False)
        until(lambda: proxy.proxy().stats.instances == ())
        found = list(pool.map(lambda client: value(client, "SELECT @@aurora_server_id"), clients))
        assert found == [target] * 8
        assert time.monotonic() - started >= 0.6
        assert proxy.proxy().stats.longest_wait > 0.1
        rested(proxy)
        names = [mark.name for mark in proxy.control.milestones()]
        assert names.index("proxy_hold") < names.index("promoted") < names.index("proxy_follow")


def test_who_waits_longer_than_the_borrow_timeout_gets_9501(proxy, move):
    with proxy.connect("proxy") as client:
        proxy.configure_proxy(connection_borrow_timeout=0.2)
        move(promote=1.4, follow=1.5, wait=False)
        until(lambda: proxy.proxy().stats.instances == ())
        with pytest.raises(pymysql.err.OperationalError) as error:
            value(client, "SELECT 1")
        assert error.value.args[0] == 9501
        rested(proxy)
        proxy.configure_proxy()
        assert value(client, "SELECT 1") == 1


def executing(server):
    """Return what the server is doing for the statement in flight."""
    return [row for row in server.run("SHOW FULL PROCESSLIST") if "'flight'" in (row[7] or "")]


@pytest.mark.parametrize("how", ["reset", "close", "hang"])
def test_a_statement_in_flight_loses_its_connection_and_is_fenced(proxy, move, how):
    client = proxy.connect("proxy")
    caught = []

    def work():
        try:
            rows(client, "INSERT INTO t (v, n) SELECT 'flight', SLEEP(5)")
        except pymysql.err.OperationalError as error:
            caught.append(error.args[0])

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: executing(proxy.server))
    started = time.monotonic()
    move(promote=0.2, how=how)
    thread.join(10)
    assert time.monotonic() - started < 4.5  # not when the statement would have ended
    assert caught
    assert caught[0] in LOST
    assert not executing(proxy.server)


def test_an_open_transaction_is_rolled_back_and_its_client_told(proxy, move):
    client = proxy.connect("proxy")
    client.begin()
    rows(client, "INSERT INTO t (v) VALUES ('open')")
    move()
    with pytest.raises(pymysql.err.OperationalError) as error:
        client.commit()
    assert error.value.args[0] in LOST
    assert proxy.server.run("SELECT COUNT(*) FROM app.t WHERE v = 'open'") == ((0,),)


def test_a_pinned_session_ends(proxy, move):
    client = proxy.connect("proxy")
    rows(client, "SET @a = 1")
    move()
    with pytest.raises(pymysql.err.OperationalError) as error:
        value(client, "SELECT @a")
    assert error.value.args[0] in LOST
    assert proxy.proxy().stats.cut == 1
    assert proxy.proxy().stats.pinned == 0


def test_new_clients_are_accepted_in_the_window_and_wait(proxy, move):
    target = move(promote=0.4, follow=0.5, wait=False)
    until(lambda: proxy.proxy().stats.instances == ())
    with proxy.connect("proxy") as client:
        assert value(client, "SELECT @@aurora_server_id") == target


def test_or_they_get_1105_where_the_profile_says_so(proxy, move):
    move(promote=0.9, follow=1.0, connect="error", wait=False)
    until(lambda: proxy.proxy().stats.instances == ())
    with pytest.raises(pymysql.err.OperationalError) as error:
        proxy.connect("proxy")
    assert error.value.args[0] == 1105
    rested(proxy)
    proxy.connect("proxy").close()


def test_the_read_only_endpoint_stays_with_a_reader(proxy, move):
    with proxy.connect("proxy-reader") as client:
        for _ in range(2):
            target = move()
            assert value(client, "SELECT @@aurora_server_id") != target
            with pytest.raises(pymysql.err.OperationalError) as error:
                rows(client, "INSERT INTO t (v) VALUES ('never')")
            assert error.value.args[0] == 1290


def test_the_read_only_endpoint_never_turns_to_the_writer(proxy):
    with proxy.connect("proxy-reader") as client:
        proxy.configure_proxy(connection_borrow_timeout=0.2)
        _, reader = proxy.roles()
        proxy.play(
            Step(at=0, action="cut", instance=reader, how="reset"),
            Step(at=1.4, action="back", instance=reader),
            wait=False,
        )
        until(lambda: proxy.proxy("proxy-reader").stats.instances == ())
        with pytest.raises(pymysql.err.OperationalError) as error:
            value(client, "SELECT 1")
        assert error.value.args[0] == 9501
        rested(proxy)
        proxy.configure_proxy()
        assert value(client, "SELECT @@aurora_server_id") == reader


def test_a_crash_in_place_is_waited_out(proxy):
    writer = proxy.control.describe().writer
    with proxy.connect("proxy") as client:
        value(client, "SELECT 1")
        proxy.play(
            Step(at=0, action="hold", instance=writer, how="accept"),
            Step(at=0, action="cut", instance=writer, how="reset"),
            Step(at=0.3, action="back", instance=writer),
            Step(at=0.3, action="follow", instance=writer),
            wait=False,
        )
        until(lambda: proxy.proxy().stats.instances == ())
        assert value(client, "SELECT @@aurora_server_id") == writer
        rested(proxy)
