"""What goes through the gateway comes out the same: large, many, and odd."""

import base64
import os

import gateway_process
import pymysql
import pytest
from pymysql.constants import CLIENT, COMMAND

pytestmark = pytest.mark.local
MEBI = 1 << 20


@pytest.fixture(scope="module")
def server(emptied_server):
    emptied_server.run(
        "CREATE TABLE app.b (id INT PRIMARY KEY, v LONGBLOB)",
        "CREATE TABLE app.f (id INT PRIMARY KEY, v VARCHAR(40))",
    )
    return emptied_server


@pytest.fixture(scope="module")
def gateway(server):
    with gateway_process.gateway(server) as gateway:
        yield gateway


LARGEST = 33 * MEBI


@pytest.fixture(scope="module")
def large(gateway):
    """Store a value of which no packet can carry a half, and return it."""
    # Letters need no escapes, and PyMySQL takes a second of CPU for those of 33 MB.
    letters = base64.b64encode(os.urandom(750))
    value = letters * (LARGEST // 1000) + b"x" * (LARGEST % 1000)
    with (
        gateway.connect("cluster", max_allowed_packet=128 * MEBI) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(b"REPLACE INTO b VALUES (1, '" + value + b"')")
    return value


@pytest.mark.parametrize("size", [16 * MEBI - 60, 16 * MEBI - 1, 16 * MEBI, LARGEST])
def test_rows_longer_than_a_packet_arrive_whole(gateway, large, size):
    with gateway.connect("reader") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT LEFT(v, %s), id, @@aurora_server_id FROM b WHERE id = 1", (size,))
        back, number, instance = cursor.fetchone()
    assert len(back) == size
    assert memoryview(large)[:size] == back
    assert (number, instance) == (1, "instance-2")


def test_local_files_are_loaded_through_the_writer_and_refused_by_the_reader(gateway, tmp_path):
    path = tmp_path / "rows"
    path.write_text("".join(f"{number}\tvalue {number}\n" for number in range(200_000)))
    load = f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE f"
    with (
        gateway.connect("cluster", local_infile=True) as connection,
        connection.cursor() as cursor,
    ):
        assert cursor.execute(load) == 200_000
        cursor.execute("SELECT COUNT(*) FROM f")
        assert cursor.fetchone() == (200_000,)
    with (
        gateway.connect("reader", local_infile=True) as connection,
        connection.cursor() as cursor,
    ):
        with pytest.raises(pymysql.err.OperationalError, match="read-only"):
            cursor.execute(load)
        cursor.execute("SELECT COUNT(*), MIN(v) FROM f")
        assert cursor.fetchone() == (200_000, "value 0")


@pytest.mark.parametrize("endpoint", ["cluster", "proxy"])
def test_a_file_may_come_in_packets_as_long_as_can_be(gateway, endpoint):
    longest = 0xFFFFFF
    with gateway.connect(endpoint, local_infile=True) as connection:
        with connection.cursor() as cursor:
            cursor.execute("REPLACE INTO b VALUES (3, 'old')")
        sql = b"LOAD DATA LOCAL INFILE 'f' REPLACE INTO TABLE b (v) SET id = 3"
        connection._execute_command(COMMAND.COM_QUERY, sql)
        assert connection._read_packet().is_load_local_packet()
        connection.write_packet(b"x" * longest)
        connection.write_packet(b"")  # goes on from there
        connection.write_packet(b"")  # the end of the file
        assert connection._read_packet().is_ok_packet()
        with connection.cursor() as cursor:
            cursor.execute("SELECT LENGTH(v) FROM b WHERE id = 3")
            assert cursor.fetchone() == (longest,)


def test_many_rows_arrive_through_a_slow_client(gateway):
    with (
        gateway.connect("reader", cursorclass=pymysql.cursors.SSCursor) as connection,
        connection.cursor() as cursor,
    ):
        ten = "(" + " UNION ALL ".join(["SELECT 1 AS v"] * 10) + ")"
        tables = ", ".join(f"{ten} t{n}" for n in range(5))
        cursor.execute(f"SELECT t0.v FROM {tables}")
        assert sum(1 for _ in cursor) == 100_000


def test_errors_and_results_alternate_in_one_multi_statement(gateway):
    with (
        gateway.connect("cluster", client_flag=CLIENT.MULTI_STATEMENTS) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1; SELECT @@aurora_server_id; SELECT nothing")
        assert cursor.fetchall() == ((1,),)
        assert cursor.nextset()
        assert cursor.fetchall() == (("instance-1",),)
        with pytest.raises(pymysql.err.OperationalError, match="nothing"):
            cursor.nextset()
        cursor.execute("SELECT 4")
        assert cursor.fetchall() == ((4,),)


def test_a_wrong_password_is_the_servers_to_refuse(gateway):
    with pytest.raises(pymysql.err.OperationalError) as raised:
        gateway.connect(password="wrong")
    assert raised.value.args[0] in (1045, 2013, 2061), raised.value


def test_an_unknown_database_is_the_servers_to_refuse(gateway):
    with pytest.raises(pymysql.err.OperationalError) as raised:
        gateway.connect(database="nothing")
    assert raised.value.args[0] == 1049
