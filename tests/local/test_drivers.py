"""Driver by endpoint by server: what works against a server works against every endpoint."""

import contextlib
import datetime as dt
import decimal
import time

import pytest
from drivers import DRIVERS, MEBI, CommandLine, code_of, offering

pytestmark = [
    pytest.mark.local,
    # Drivers of other people, whose connections are cut on purpose.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

READ_ONLY = {1290, 1836}
ROWS = 10_000  # of a local file: several buffers full
SIZE = 16 * MEBI + 1000  # bytes; more than one packet can carry


@pytest.fixture(scope="module")
def database(cluster):
    """What the tests read, made on the writer."""
    cluster.rest()
    with cluster.audit_endpoint().connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kinds (i INT, d DECIMAL(20,5), t DATETIME(6), b BLOB,"
                       " s VARCHAR(50) CHARACTER SET utf8mb4, n INT)")  # fmt: skip
        cursor.execute("INSERT INTO kinds VALUES (-7, 12345678901234.5, '2026-02-03 04:05:06.789',"
                       " x'00FF27', '\U0001f980 crab', NULL)")  # fmt: skip
        cursor.execute("CREATE TABLE files (id INT, s VARCHAR(20))")
        cursor.execute("CREATE PROCEDURE two() BEGIN SELECT 1; SELECT 2; END")
    yield cluster
    cluster.rest()
    with cluster.audit_endpoint().connect() as connection, connection.cursor() as cursor:
        for what in ("TABLE kinds", "TABLE files", "PROCEDURE two"):
            cursor.execute(f"DROP {what}")


@pytest.fixture
def endpoint(request, database):
    """The endpoint that a test names."""
    return {
        "cluster": database.writer_endpoint,
        "reader": database.reader_endpoint,
        "instance": database.instance_endpoint(database.readers[-1]),
        "proxy": database.proxy_endpoint,
        "proxy-reader": database.proxy_reader_endpoint,
    }[request.param]


@contextlib.contextmanager
def connected(driver, endpoint, **options):
    client = driver.connect(endpoint, **options)
    try:
        yield client
    finally:
        client.close()


def error_of(call):
    """Return the error number of what a call raises; None if it raises nothing."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - each driver has classes of its own
        return code_of(error)
    return None


def writes(endpoint):
    return endpoint.name in ("cluster", "proxy")


def pools(driver):
    """Tell whether it takes a new connection by itself where one has ended."""
    return isinstance(driver, CommandLine) or driver.name.startswith("SQLAlchemy")


def text(value):
    return value.decode() if isinstance(value, bytes | bytearray) else str(value)


@offering("values")
def test_values_come_back_as_they_are(driver, endpoint):
    with connected(driver, endpoint) as client:
        (row,) = client.run("SELECT * FROM kinds WHERE s LIKE %s" if driver.marker == "%s" else
                            "SELECT * FROM kinds WHERE s LIKE ?", ("%crab",))  # fmt: skip
        many = client.run("SELECT a.n * 1000 + b.n FROM (" + NUMBERS + ") a, (" + NUMBERS + ") b")

    moment = dt.datetime(2026, 2, 3, 4, 5, 6, 789000)  # noqa: DTZ001 - a DATETIME has no zone
    assert row == (
        -7, decimal.Decimal("12345678901234.50000"), moment, b"\x00\xff'", "\U0001f980 crab", None,
    )  # fmt: skip
    assert sorted(int(n) for (n,) in many) == [a * 1000 + b for a in range(64) for b in range(64)]


BITS = [f"(SELECT 0 AS n UNION ALL SELECT {1 << bit}) b{bit}" for bit in range(6)]
NUMBERS = f"SELECT {' + '.join(f'b{bit}.n' for bit in range(6))} AS n FROM {', '.join(BITS)}"


@pytest.mark.one_server  # rows as long come from both servers in test_gateway_data.py
@offering("large", others_on=["proxy"])  # the proxy reads more of an answer than an instance does
def test_results_and_parameters_over_16_mb_pass(driver, endpoint):
    value = "y" * SIZE
    with connected(driver, endpoint) as client:
        if isinstance(driver, CommandLine):
            ((result,),) = client.run(f"SELECT '{value}'")
        else:
            ((result,),) = client.run(f"SELECT {driver.marker}", (value,))
        assert text(result) == value
        assert client.run("SELECT 5") in ([(5,)], [("5",)])


@offering("multi")
def test_several_statements_and_results_pass(driver, endpoint):
    with connected(driver, endpoint, multi=True) as client:
        found = client.results("SELECT 1; SET @x = 2; SELECT @x, @@innodb_read_only; SELECT ';'")
        assert [[tuple(map(text, row)) for row in rows] for rows in found] == [
            [("1",)], [("2", str(int(not writes(endpoint))))], [(";",)],
        ]  # fmt: skip
        found = client.results("CALL two()")
        assert text(found[0][0][0]) == "1"
        assert len(found) == 2
        broken = error_of(lambda: client.results("SELECT 1; SELECT nothing; SELECT 2"))
        assert broken == 1054


@offering("infile")
def test_a_local_file_is_loaded_by_a_writer_and_refused_by_a_reader(driver, endpoint, tmp_path):
    path = tmp_path / "rows.txt"
    path.write_text("".join(f"{n}\trow {n}\n" for n in range(ROWS)))
    load = f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE files"
    with connected(driver, endpoint, infile=True) as client:
        if not writes(endpoint):
            assert error_of(lambda: client.run(load)) in READ_ONLY
            return
        client.run("TRUNCATE files")
        client.run(load)
        assert [tuple(map(text, row)) for row in client.run("SELECT COUNT(*), MAX(id) FROM files")] \
            == [(str(ROWS), str(ROWS - 1))]  # fmt: skip


@offering("prepared")
def test_prepared_statements_pass(driver, endpoint):
    with connected(driver, endpoint) as client:
        ask = f"SELECT i, s, n FROM kinds WHERE i = {driver.marker} AND s LIKE {driver.marker}"
        for _ in range(3):
            ((number, found, nothing),) = driver.prepared(client, ask, (-7, "%crab"))
            assert (number, text(found), nothing) == (-7, "\U0001f980 crab", None)
        assert driver.prepared(client, ask, (8, "%")) == []
        ((role,),) = driver.prepared(client, "SELECT @@innodb_read_only", ())
        assert role == int(not writes(endpoint))
        length = f"SELECT LENGTH({driver.marker})"
        assert driver.prepared(client, length, (b"z" * SIZE,)) == [(SIZE,)]
        insert = f"INSERT INTO files VALUES ({driver.marker}, 'prepared')"
        refused = error_of(lambda: driver.prepared(client, insert, (1,)))
        assert refused is None if writes(endpoint) else refused in READ_ONLY


@offering("cursor")
def test_a_cursor_in_the_server_fetches_row_by_row(driver, endpoint):
    with connected(driver, endpoint) as client:
        ask = f"SELECT n FROM ({NUMBERS}) numbers WHERE n < ? ORDER BY n"
        for _ in range(2):
            assert driver.prepared(client, ask, (50,), cursor=True) == [(n,) for n in range(50)]
        assert client.run("SELECT 1") == [(1,)]


@offering("charset")
def test_the_character_set_may_change(driver, endpoint):
    with connected(driver, endpoint) as client:
        if isinstance(driver, CommandLine):
            found = client.run("SET NAMES latin1; SELECT @@character_set_client")
        elif driver.name.startswith("SQLAlchemy"):
            with client.engine.connect() as connection:
                connection.exec_driver_sql("SET NAMES latin1")
                found = connection.exec_driver_sql("SELECT @@character_set_client").fetchall()
        else:
            driver.charset(client, "latin1")
            found = client.run("SELECT @@character_set_client")
            assert client.run("SELECT HEX('\xe4')") == [("E4",)]
            driver.charset(client, "utf8mb4")
            assert client.run("SELECT HEX('\xe4')") == [("C3A4",)]
        assert text(found[0][0]) == "latin1"


@offering("user")
def test_changing_the_user_keeps_the_instance_s_role(driver, endpoint):
    with connected(driver, endpoint) as client:
        client.run("SET @mine = 1")
        driver.change_user(client, endpoint)
        assert client.run("SELECT @mine") == [(None,)]
        refused = error_of(lambda: client.run("INSERT INTO files VALUES (2, 'user')"))
        assert refused is None if writes(endpoint) else refused in READ_ONLY


@offering("reset")
def test_resetting_the_connection_keeps_the_instance_s_role(driver, endpoint):
    with connected(driver, endpoint) as client:
        client.run("SET @mine = 1")
        driver.reset(client)
        assert client.run("SELECT @mine") == [(None,)]
        refused = error_of(lambda: client.run("INSERT INTO files VALUES (3, 'reset')"))
        assert refused is None if writes(endpoint) else refused in READ_ONLY


@pytest.mark.one_server
@offering("ping")
def test_a_ping_is_answered(driver, endpoint):
    with connected(driver, endpoint) as client:
        for _ in range(3):
            driver.ping(client)


@offering("kill")
def test_a_connection_can_kill_another_by_its_id(driver, endpoint):
    with connected(driver, endpoint) as killer, connected(driver, endpoint) as victim:
        # The proxy's clients share connections, but a session that is pinned has one of its own.
        victim.run("SET @mine = 1")
        (number,) = victim.run("SELECT CONNECTION_ID()")[0]
        killer.run(f"KILL {number}")
        time.sleep(0.05)
        if driver.name.startswith("SQLAlchemy"):
            assert victim.run("SELECT CONNECTION_ID()") != [(number,)]  # its pool noticed
        else:
            assert error_of(lambda: victim.run("SELECT 1")) is not None
        assert killer.run("SELECT 1") == [(1,)]


@pytest.mark.one_server
@offering("compress")
def test_a_client_that_wants_compression_gets_along_without(driver, endpoint):
    with connected(driver, endpoint, compress=True) as client:
        found = client.run("SELECT REPEAT('abc', 100000)")
        assert len(found[0][0]) == 300_000
        shown = client.run("SHOW STATUS LIKE 'Compression'")
        assert [text(row[1]) for row in shown] in (["OFF"], [])


def test_a_failover_ends_connections_but_those_through_the_proxy(database, resting):  # noqa: ARG001
    """One failover for all drivers: who was connected, and who connects after it."""
    target = resting.readers[0]
    direct, proxy = resting.writer_endpoint, resting.proxy_endpoint
    drivers = [one for one in DRIVERS if "failover" in one.topics and one.missing() is None]
    with contextlib.ExitStack() as stack:
        clients = {
            (driver, endpoint.name): stack.enter_context(connected(driver, endpoint))
            for driver in drivers
            for endpoint in (direct, proxy)
        }
        assert {server_of(client) for client in clients.values()} == {resting.writer}
        resting.fail_over(target)
        resting.rest()
        found = {(driver.name, name): after(client) for (driver, name), client in clients.items()}
    assert found == {
        (driver.name, name): target if pools(driver) or name == proxy.name else "ended"
        for driver, name in clients
    }
    for driver in drivers:
        with connected(driver, direct) as again:
            assert server_of(again) == target
            again.run("INSERT INTO files VALUES (4, 'after')")


def after(client):
    """Return which instance a client has now; `ended` if its connection did not survive."""
    ended = error_of(lambda: client.run("INSERT INTO files VALUES (5, 'after')"))
    return server_of(client) if ended is None else "ended"


def server_of(client):
    return text(client.run("SELECT @@aurora_server_id")[0][0])
