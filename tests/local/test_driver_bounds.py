"""Every wait of a connection ends, and what ended it is told apart by code."""

import dataclasses
import errno
import select
import socket
import time
import traceback

import pytest
from relays import Relay

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.fast_writer import AWAY, FastWriter, WriterSettings
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.mysql import bounded_socket, driver
from pytest_rdsfailover.mysql.bounded_socket import BoundedSocket

pytestmark = pytest.mark.local
SHORT = Bounds(connect=0.3, read=0.3, write=0.3)
LONG = 5.0  # seconds; far beyond every bound, far below for ever


def at(server, port):
    return dataclasses.replace(server.endpoint, port=port)


def failure(action):
    begun = time.monotonic()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is tested
        action()
    assert time.monotonic() - begun < LONG
    return caught.value


def test_a_connection_commits_each_statement_by_itself(plain_server):
    with driver.connect(plain_server.endpoint) as one, one.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS t (n INT)")
        cursor.execute("INSERT INTO t VALUES (1)")
    table = f"{plain_server.endpoint.database}.t"
    assert plain_server.run(f"SELECT COUNT(*) FROM {table}") == ((1,),)
    plain_server.run(f"DROP TABLE {table}")


def test_a_port_that_accepts_and_says_nothing_ends_at_the_read_bound(plain_server):
    silent = Relay(None)
    try:
        error = failure(lambda: driver.connect(at(plain_server, silent.port), bounds=SHORT))
    finally:
        silent.close()

    assert driver.fault_of(error) == Fault(2013, "timeout")
    assert driver.outcome_of(error, sent=False) is Outcome.REFUSED


def test_a_closed_port_refuses(plain_server, closed_port):
    error = failure(lambda: driver.connect(at(plain_server, closed_port), bounds=SHORT))

    assert driver.fault_of(error) == Fault(2003, "refused")


def test_a_name_that_does_not_exist_is_an_error_of_dns(plain_server):
    where = dataclasses.replace(plain_server.endpoint, host="no-such-host.invalid")

    error = failure(lambda: driver.connect(where, bounds=SHORT))

    assert driver.fault_of(error) == Fault(2003, "dns")


def test_a_connection_to_itself_is_refused_at_once(plain_server, closed_port):
    bounds = Bounds(connect=1.0, read=60.0)

    # Binding a client to the very port it connects to is the trap, without the luck it takes.
    def connect():
        made = driver.connect(at(plain_server, closed_port), bounds=bounds, defer_connect=True)
        made.connect(driver._socket(made))

    real = socket.create_connection
    driver.socket.create_connection = lambda where, timeout, **_: real(
        where, timeout, source_address=("127.0.0.1", closed_port)
    )
    try:
        error = failure(connect)
    finally:
        driver.socket.create_connection = real

    assert driver.fault_of(error) == Fault(2003, "refused")
    with socket.socket() as server:  # the port was given back at once
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", closed_port))


def test_a_silent_server_ends_a_statement_at_the_read_bound(plain_server):
    with driver.connect(plain_server.endpoint, bounds=SHORT) as one, plain_server.frozen():
        error = failure(lambda: one.query("SELECT 1"))

    assert driver.fault_of(error) == Fault(2013, "timeout")
    assert driver.outcome_of(error, sent=True) is Outcome.UNKNOWN


def test_a_reset_during_a_statement_leaves_it_open(plain_server, relay):
    one = driver.connect(at(plain_server, relay.port))
    relay.reset()

    error = failure(lambda: one.query("SELECT 1"))
    again = failure(lambda: one.query("SELECT 1"))
    driver.close(one)

    assert driver.fault_of(error).kind == "reset"
    assert driver.fault_of(again) == Fault(0, "reset")
    assert driver.outcome_of(error, sent=True) is Outcome.UNKNOWN


def test_a_killed_session_is_a_reset_and_killing_it_twice_is_harmless(plain_server):
    victim = driver.connect(plain_server.endpoint)
    with plain_server.admin() as admin:
        driver.kill_session(admin, victim.thread_id())
        driver.kill_session(admin, victim.thread_id())

    error = failure(lambda: [victim.query("SELECT 1"), time.sleep(0.1), victim.query("SELECT 1")])
    driver.close(victim)

    assert driver.fault_of(error).kind == "reset"


def test_a_server_that_is_no_aurora_has_no_instance_id(plain_server):
    with driver.connect(plain_server.endpoint) as one:
        assert driver.instance_of(one) is None


def test_no_traceback_shows_the_password(plain_server, closed_port):
    where = at(plain_server, closed_port)

    error = failure(lambda: driver.connect(where, bounds=SHORT))

    shown = "".join(
        traceback.TracebackException.from_exception(error, capture_locals=True).format()
    )
    assert "Can't connect" in shown
    assert where.password not in shown


class Broken(socket.socket):
    """A socket of which one step fails, as of a peer that has gone at once."""

    step, made = "", []

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.made.append(self)

    def _fails(self, step):
        if step == self.step:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    def connect(self, where):
        self._fails("connect")
        super().connect(where)

    def getpeername(self):
        self._fails("getpeername")
        return super().getpeername()

    def getsockname(self):
        self._fails("getsockname")
        return super().getsockname()

    def setsockopt(self, *arguments):
        self._fails("setsockopt")
        super().setsockopt(*arguments)

    def makefile(self, *arguments, **options):
        self._fails("makefile")
        return super().makefile(*arguments, **options)


class BrokenBounded(Broken, BoundedSocket):
    """The same, after it took over a connection."""


@pytest.fixture
def broken(monkeypatch):
    """Let a step of every socket that is made fail; return what was made."""

    def plant(step):
        monkeypatch.setattr(Broken, "step", step)
        monkeypatch.setattr(Broken, "made", [])
        monkeypatch.setattr(socket, "socket", Broken)
        monkeypatch.setattr(bounded_socket, "BoundedSocket", BrokenBounded)
        return Broken.made

    return plant


@pytest.mark.parametrize(
    "step", ["connect", "getpeername", "getsockname", "setsockopt", "makefile"]
)
def test_a_connect_that_fails_anywhere_closes_what_it_opened(plain_server, broken, step):
    made = broken(step)

    error = failure(lambda: driver.connect(plain_server.endpoint, bounds=SHORT))

    assert driver.fault_of(error) == Fault(2003, "refused")
    assert {one.fileno() for one in made} == {-1}


@pytest.mark.parametrize("step", ["connect", "makefile"])
def test_so_does_one_by_a_unix_socket(plain_server, broken, step):
    made = broken(step)

    error = failure(
        lambda: driver.connect(plain_server.endpoint, bounds=SHORT, unix_socket=plain_server.socket)
    )

    assert driver.fault_of(error) == Fault(2003, "refused")
    assert [one.fileno() for one in made] == [-1]


@pytest.mark.parametrize("step", ["setsockopt", "getpeername", "getsockname", "socket"])
def test_so_does_one_of_the_fast_engine_which_goes_on(plain_server, broken, step, monkeypatch):
    made = broken(step)
    if step == "socket":
        monkeypatch.setattr(socket, "socket", lambda *_: Broken(99, 99))
    order = WriterSettings(plain_server.endpoint, b"INSERT INTO t VALUES ", ReconnectPolicy())
    line = FastWriter(order, Journal("run", 1).writers[0], Schedule(writer=0, writers=1, rate=10.0))

    line.connect()
    if line.sock is not None:
        select.select([], [line.sock], [], 5)
        line.connected()
        line.expire()  # what is not known to be connected is given up in the end

    assert line.sock is None
    assert line.state == AWAY
    assert all(one.fileno() == -1 for one in made)
