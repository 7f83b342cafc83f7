"""Failovers played over real servers: nothing of the old writer commits after the promotion."""

import itertools
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import gateway_process
import pymysql
import pytest
from waiting import until

from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.model.errors import GatewayError

pytestmark = pytest.mark.local
LOST = {2006, 2013, 0}
KEPT = 0.02  # seconds; it takes about one millisecond
# For a tenth of a second InnoDB tells of transactions what it has told before, here to the gateway of
# another test, which has asked who waits for whom.
OLD = 0.15


@pytest.fixture(scope="module")
def server(emptied_server):
    return emptied_server


@pytest.fixture
def gateway(server):
    server.run(
        "USE app",
        "DROP TABLE IF EXISTS t, k",
        "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
        "CREATE TABLE k (id INT PRIMARY KEY, v INT)",
        "INSERT INTO k VALUES (1, 0)",
    )
    with gateway_process.gateway(server) as gateway:
        yield gateway


def names(gateway):
    return [milestone.name for milestone in gateway.control.milestones()]


def in_background(connection, sql):
    """Run a statement in a thread; return the future of what it raised, if anything."""

    def work():
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        except pymysql.err.Error as error:
            return error
        finally:
            connection._force_close()
        return None

    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def executing(server, text):
    """Return the statements with that text in the server's process list."""
    return [
        row for row in server.run("SHOW FULL PROCESSLIST")
        if text in (row[7] or "") and row[4] == "Query" and "PROCESSLIST" not in row[7]
    ]  # fmt: skip


def wait_for(server, text):
    """Wait until the server executes a statement with that text."""
    until(lambda: executing(server, text))


def stored(server):
    return server.run("SELECT COUNT(*) FROM app.t")[0][0], server.run("SELECT v FROM app.k")[0][0]


def promote(gateway, how="reset"):
    gateway.play(
        Step(at=0.0, action="cut", instance="instance-1", how=how),
        Step(at=0.0, action="promote", instance="instance-2"),
        Step(at=0.0, action="point", instance="instance-2"),
    )


SLOW = "INSERT INTO t (v) SELECT SLEEP(1)"


@pytest.mark.parametrize("how", ["reset", "close", "hang"])
def test_writes_that_execute_or_wait_at_the_cut_do_not_commit_after_the_promotion(
    server, gateway, how
):
    """Shown to catch: without the kill in the server both writes are stored a second later."""
    with server.connect() as holder, holder.cursor() as lock:
        lock.execute("BEGIN")
        lock.execute("UPDATE k SET v = v WHERE id = 1")
        clients = [gateway.connect(read_timeout=3) for _ in range(2)]
        futures = [
            in_background(clients[0], SLOW),
            in_background(clients[1], "UPDATE k SET v = 99 WHERE id = 1"),
        ]
        wait_for(server, "SLEEP(1)")
        wait_for(server, "v = 99")
        promote(gateway, how)
        at_promotion = stored(server)
        lock.execute("ROLLBACK")
    assert all(future.result().args[0] in LOST for future in futures)
    until(lambda: not executing(server, "SLEEP(1)") and not executing(server, "v = 99"))
    assert stored(server) == at_promotion
    assert at_promotion[1] == 0


@pytest.mark.parametrize("endpoint", ["cluster", "proxy"])
@pytest.mark.parametrize("held", ["UPDATE k SET v = v WHERE id = 1", "SELECT v FROM k FOR UPDATE"])
def test_writers_that_wait_for_a_lock_do_not_get_it_from_a_holder_that_is_cut(
    server, gateway, endpoint, held
):
    """An engine that restarts hands no lock on.

    Shown to catch: with none of it all 16 are stored, and 6 to 16 if waiters are only killed first and
    an idle holder is hung up on.
    """
    holder = gateway.connect(endpoint)
    with holder.cursor() as lock:
        lock.execute("BEGIN")
        lock.execute(held)
    waiters = [gateway.connect(endpoint) for _ in range(16)]
    futures = [in_background(one, "UPDATE k SET v = v + 1 WHERE id = 1") for one in waiters]
    until(lambda: waiting(server) == len(waiters))
    time.sleep(OLD)

    promote(gateway)

    assert all(future.result().args[0] in LOST for future in futures)
    assert stored(server)[1] == 0
    with suppress(pymysql.err.Error):
        holder._force_close()


def waiting(server):
    """Return how many statements wait for a lock of a row."""
    return sum(
        "v + 1" in (row[7] or "") and "PROCESSLIST" not in row[7]
        for row in server.run("SHOW FULL PROCESSLIST")
    )


# What a kill ends, so that the statement goes on: by the server that does so, or by both.
GOING_ON = {
    "mysql": ["INSERT INTO t (v) SELECT SLEEP(20)", "REPLACE t SET v = sleep (20)",
              "INSERT INTO t (id, v) VALUES (1, 1), (1, 1) ON DUPLICATE KEY UPDATE v = SLEEP(20)"],
    "mariadb": ["INSERT INTO t (v) SELECT GET_LOCK('held', 20)", "INSERT t VALUES (2, `get_lock`('held', 20))",
                "REPLACE INTO t (v) VALUES (1 + GET_LOCK('held', 20))"],
}  # fmt: skip
BUSY = ["INSERT INTO t (v) SELECT BENCHMARK(1000000000, SHA2('a', 512))"]


def test_writes_that_wait_in_a_function_at_the_cut_are_not_stored(server, gateway):
    """Shown to catch: if they commit by themselves, all of them are stored.

    MySQL keeps the row of a SLEEP that a kill ends, MariaDB that of a GET_LOCK, both that of a BENCHMARK.
    """
    told = 2 * (GOING_ON[server.flavour] + BUSY)
    with server.connect() as holder, holder.cursor() as lock:
        lock.execute("SELECT GET_LOCK('held', 0)")
        clients = [
            gateway.connect(name) for name in ("cluster", "proxy") for _ in told[: len(told) // 2]
        ]
        futures = [in_background(*pair) for pair in zip(clients, told, strict=True)]
        until(lambda: running(server, told) == len(told))

        promote(gateway)

        assert all(future.result().args[0] in LOST for future in futures)
    assert stored(server)[0] == 0


def running(server, told):
    """Return how many of these statements the server is executing."""
    return sum(row[7] in told for row in server.run("SHOW FULL PROCESSLIST"))


def test_a_write_that_waits_in_a_function_commits_as_others_do(server, gateway):
    with gateway.connect() as client, client.cursor() as cursor:
        assert cursor.execute("INSERT INTO t (v) VALUES (SLEEP(0)), (1)") == 2
        assert (cursor.lastrowid, client.server_status & 3) == (1, 2)
        assert stored(server)[0] == 2
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO t (v) SELECT SLEEP(0)")
        cursor.execute("ROLLBACK")
        with pytest.raises(pymysql.err.IntegrityError):
            cursor.execute("INSERT INTO t VALUES (9, SLEEP(0)), (1, 2)")
    assert stored(server)[0] == 2


def test_a_write_whose_client_left_before_the_cut_does_not_commit_after_the_promotion(
    server, gateway
):
    with server.connect() as holder, holder.cursor() as lock:
        lock.execute("BEGIN")
        lock.execute("UPDATE k SET v = v WHERE id = 1")
        client = gateway.connect()
        client._read_timeout = 0.5  # not while it connects, which may take long
        future = in_background(client, "UPDATE k SET v = 99 WHERE id = 1")
        wait_for(server, "v = 99")
        assert future.result() is not None
        promote(gateway)
        lock.execute("ROLLBACK")
    time.sleep(0.5)
    assert stored(server)[1] == 0


def test_an_idle_transaction_is_rolled_back_by_the_cut(server, gateway):
    connection = gateway.connect()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO t (v) VALUES (1)")
        promote(gateway)
        with pytest.raises(pymysql.err.OperationalError) as raised:
            cursor.execute("COMMIT")
    assert raised.value.args[0] in LOST
    connection._force_close()
    assert stored(server)[0] == 0
    with gateway.connect() as again, again.cursor() as cursor:
        cursor.execute("INSERT INTO t (v) VALUES (2)")


def test_an_instance_refuses_between_its_cut_and_its_return(gateway):
    gateway.play(Step(at=0.0, action="cut", instance="instance-1", how="reset"))
    with pytest.raises(pymysql.err.OperationalError) as raised:
        gateway.connect("instance-1")
    assert raised.value.args[0] in (2003, 2013)
    gateway.play(Step(at=0.0, action="back", instance="instance-1"))
    with gateway.connect("instance-1") as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t (v) VALUES (1)")
    assert names(gateway) == ["instance_back"]


def test_a_hanging_instance_says_nothing_until_it_is_back(gateway):
    old = gateway.connect("instance-1")
    old._read_timeout = 0.3  # not while it connects, which may take long
    gateway.play(Step(at=0.0, action="cut", instance="instance-1", how="hang"))
    with pytest.raises(pymysql.err.OperationalError, match="timed out"):
        old.query("SELECT 1")
    address = ("127.0.0.1", gateway.ports["instance-1"])
    with socket.create_connection(address, timeout=0.3) as silent:
        with pytest.raises(TimeoutError):
            silent.recv(1)
        gateway.play(Step(at=0.0, action="back", instance="instance-1"))
        silent.settimeout(10)
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b""
    gateway.connect("instance-1").close()


@pytest.mark.parametrize(("how", "text"), [("reset", "reset"), ("close", "")])
def test_a_cut_ends_connections_as_it_was_told(gateway, how, text):
    with socket.create_connection(("127.0.0.1", gateway.ports["instance-1"]), 10) as raw:
        assert raw.recv(4096)
        gateway.play(Step(at=0.0, action="cut", instance="instance-1", how=how))
        try:
            seen = raw.recv(1).decode()
        except ConnectionResetError:
            seen = "reset"
    assert seen == text


def test_established_connections_never_move(gateway):
    with gateway.connect("cluster") as old, old.cursor() as cursor:
        gateway.play(Step(at=0.0, action="point", instance="instance-2"))
        cursor.execute("SELECT @@aurora_server_id")
        assert cursor.fetchone() == ("instance-1",)
        with gateway.connect("cluster") as new, new.cursor() as other:
            other.execute("SELECT @@aurora_server_id, @@innodb_read_only")
            assert other.fetchone() == ("instance-2", 1)


def test_the_old_writer_comes_back_as_a_reader_even_before_the_promotion(gateway):
    started = gateway.play(
        Step(at=0.0, action="cut", instance="instance-1", how="reset"),
        Step(at=0.05, action="back", instance="instance-1"),
        Step(at=2.0, action="promote", instance="instance-2"),
        wait=False,
    )
    while "old_writer_back" not in names(gateway):
        time.sleep(0.01)
    with gateway.connect("instance-1") as connection, connection.cursor() as cursor:
        with pytest.raises(pymysql.err.OperationalError, match="read-only"):
            cursor.execute("INSERT INTO t (v) VALUES (1)")
        assert gateway.control.describe().writer == "instance-1"
        assert time.monotonic() - started < 2.0, "too slow a machine to tell"
    with pytest.raises(GatewayError, match="being played"):
        gateway.control.play([])
    while gateway.control.describe().playing:
        time.sleep(0.01)
    assert gateway.control.describe().writer == "instance-2"


def test_a_crashed_writer_comes_back_as_the_writer(gateway):
    gateway.play(
        Step(at=0.0, action="cut", instance="instance-1", how="close"),
        Step(at=0.05, action="back", instance="instance-1"),
    )
    with gateway.connect() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t (v) VALUES (1)")
    assert names(gateway) == ["writer_cut", "fenced", "instance_back"]


def test_a_script_that_would_leave_two_writers_is_refused(gateway):
    with pytest.raises(GatewayError, match="must be cut"):
        gateway.control.play([Step(at=0.0, action="promote", instance="instance-2")])
    with pytest.raises(GatewayError, match="no such instance"):
        gateway.control.play([Step(at=0.0, action="point", instance="instance-9")])
    with pytest.raises(GatewayError, match="1290 or 1836"):
        gateway.control.play([], 1792)


def test_fifty_failovers_lose_no_acknowledged_write_and_keep_their_times(server, gateway):
    stop, acked = threading.Event(), []

    def write(writer):
        own = itertools.count(writer * 1_000_000)
        while not stop.is_set():
            with suppress(pymysql.err.Error):
                connection = gateway.connect(connect_timeout=1, read_timeout=5)
                try:
                    with connection.cursor() as cursor:
                        while not stop.is_set():
                            key = next(own)
                            cursor.execute(f"INSERT INTO k VALUES ({key + 2}, 0)")
                            acked.append(key + 2)
                            time.sleep(0.002)
                finally:
                    connection._force_close()
            time.sleep(0.005)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    late = {}
    try:
        for number in range(50):
            pair = ("instance-1", "instance-2")
            gateway.fail_over(*(pair if number % 2 == 0 else pair[::-1]))
            seen, patience = len(acked), time.monotonic() + 20
            while len(acked) <= seen:
                assert time.monotonic() < patience, "nobody can write any more"
                time.sleep(0.002)
            for milestone in gateway.control.milestones():
                if milestone.planned is not None:
                    late.setdefault(milestone.name, []).append(milestone.at - milestone.planned)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    view = gateway.control.describe()
    assert (view.writer, view.dns, list(view.failures)) == ("instance-1", "instance-1", [])
    plays = gateway.control.plays()
    assert [play.over for play in plays[-50:]] == [True] * 50
    assert gateway.control.plays(len(plays) - 2) == plays[-2:]
    assert len(acked) >= 50
    rows = {row[0] for row in server.run("SELECT id FROM app.k")}
    assert set(acked) <= rows
    assert {"writer_cut", "promoted", "old_writer_back", "dns_flip"} <= late.keys()
    # Never early; and of fifty one was kept waiting by nobody but the gateway.
    assert {name: min(each) for name, each in late.items() if not 0 <= min(each) < KEPT} == {}


@pytest.mark.one_server
@pytest.mark.parametrize("count", [2, 3, 16])
def test_the_reader_endpoint_balances_over_readers_that_are_up(server, count):
    with gateway_process.gateway(server, instances=count) as gateway:

        def instances(connections):
            for connection in connections:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT @@aurora_server_id")
                    yield cursor.fetchone()[0]

        connections = [gateway.connect("reader") for _ in range(2 * (count - 1))]
        seen = sorted(instances(connections))
        assert seen == sorted(2 * [f"instance-{n}" for n in range(2, count + 1)])
        for connection in connections:
            connection.close()
        gateway.play(*[
            Step(at=0.0, action="cut", instance=f"instance-{n}", how="reset")
            for n in range(2, count + 1)
        ])  # fmt: skip
        with gateway.connect("reader") as alone:
            assert list(instances([alone])) == ["instance-1"]


def test_garbage_ends_only_its_own_session(gateway):
    with gateway.connect() as good, good.cursor() as cursor:
        for garbage in (b"\0\0\0\0", b"\xff" * 64, b"GET / HTTP/1.1\r\n\r\n", b"\1\0\0\1\0"):
            with socket.create_connection(("127.0.0.1", gateway.ports["cluster"]), 10) as raw:
                raw.sendall(garbage)
                with suppress(OSError):  # it may have been hung up on already
                    raw.shutdown(socket.SHUT_WR)
                with suppress(ConnectionResetError):
                    while raw.recv(4096):
                        pass
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_fault_of_the_gateway_s_own_is_told_to_who_asks(server):
    plant = "import pytest_rdsfailover.local.gateway.control as c\nc.Control._plays = lambda *_: [].nothing\n"
    with (
        gateway_process.gateway(server, plant=plant) as gateway,
        pytest.raises(GatewayError, match="the gateway failed: AttributeError"),
    ):
        gateway.control.plays()


@pytest.mark.parametrize("end", ["stdin", "SIGTERM"])
def test_the_process_ends_at_once_when_it_is_no_longer_wanted(server, end):
    with gateway_process.gateway(server) as gateway:
        connection = gateway.connect()
        gateway.process.release() if end == "stdin" else gateway.process.terminate()
        assert gateway.process.wait(5) == 0
        with pytest.raises(GatewayError):
            gateway.control.ping()
        connection._force_close()
        gateway.control.describe = lambda: type("Gone", (), {"failures": []})
