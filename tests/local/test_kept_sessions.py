"""A restart that keeps its sessions: what a client finds again behind it, and what not."""

import threading
import time

import pymysql
import pytest
from waiting import until

from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.profiles.profiles import parse_profile
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy

pytestmark = pytest.mark.local

RESTART = 0.5
PROFILE = parse_profile("kept-shortly", {"cut": "keep", "onset": "20ms", "refused": f"{RESTART}s"})


@pytest.fixture(scope="module")
def kept(server_program, shared_moto):
    with LocalCluster(
        server_program,
        find_toxiproxy("builtin"),
        PROFILE,
        instances=2,
        seed=1,
        shared_moto=shared_moto,
    ) as cluster:
        ask(cluster.writer_endpoint.connect(), "CREATE TABLE t (n INT PRIMARY KEY)")
        yield cluster


@pytest.fixture
def cluster(kept):
    kept.rest()
    yield kept
    kept.rest()


@pytest.fixture
def client(cluster):
    with cluster.writer_endpoint.connect(read_timeout=30) as connection:
        yield connection


def ask(connection, *statements):
    """Return the rows of the last statement."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def restart(cluster):
    """Restart the writer's engine under its sessions, and wait for the end."""
    began = time.monotonic()
    cluster._trigger.start(PROFILE, writer=cluster.writer, target=cluster.writer, seed=1)
    cluster.rest()
    return time.monotonic() - began


def fails(connection, statement):
    """Return the number and the text of the error that a statement ends with."""
    with pytest.raises(pymysql.err.MySQLError) as caught:
        ask(connection, statement)
    return caught.value.args


def stored(cluster):
    with cluster.writer_endpoint.connect(read_timeout=30) as connection:
        return {row[0] for row in ask(connection, "SELECT n FROM t")}


def test_a_session_goes_on_with_what_it_has_set(cluster, client):
    asked = (
        "SELECT DATABASE(), @@sql_mode, @@time_zone, @@autocommit, @@collation_connection, @mine"
    )
    before = ask(
        client,
        "USE information_schema",
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SET SESSION sql_mode = 'ANSI_QUOTES', time_zone = '+03:00', autocommit = 0, @mine = 7",
        asked,
    )
    client.commit()

    took = restart(cluster)

    assert took >= RESTART
    assert before == (("information_schema", "ANSI_QUOTES", "+03:00", 0, "utf8mb4_bin", 7),)
    assert ask(client, asked) == ((*before[0][:-1], None),)


def test_a_prepared_statement_is_unknown_afterwards(cluster, client):
    assert ask(client, "PREPARE one FROM 'SELECT 1'", "EXECUTE one") == ((1,),)

    restart(cluster)

    assert fails(client, "EXECUTE one")[0] == 1243


def test_an_open_transaction_is_rolled_back_and_its_client_told_once(cluster, client):
    client.begin()
    ask(client, "INSERT INTO t VALUES (1)")

    restart(cluster)

    code, text = fails(client, "INSERT INTO t VALUES (2)")
    assert (code, "Please retry" in text) == (1105, True)
    ask(client, "INSERT INTO t VALUES (3)")
    assert stored(cluster) == {3}


def shown(cluster):
    """Return what the sessions of the application are doing."""
    with cluster.writer_endpoint.connect(read_timeout=30) as connection:
        return str(ask(connection, "SHOW FULL PROCESSLIST"))


def test_who_waits_for_a_lock_is_interrupted_before_its_holder_lets_go(cluster, client):
    ask(client, "REPLACE INTO t VALUES (10)", "BEGIN", "DELETE FROM t WHERE n = 10")
    codes = []
    with cluster.writer_endpoint.connect(read_timeout=30) as other:
        waiting = threading.Thread(
            target=lambda: codes.append(fails(other, "UPDATE t SET n = 11 WHERE n = 10")[0])
        )
        waiting.start()
        until(lambda: "UPDATE t" in shown(cluster))
        restart(cluster)
        waiting.join(5)

    assert codes == [1105]
    assert fails(client, "COMMIT")[0] == 1105
    assert {10, 11} & stored(cluster) == {10}


OWN = {
    "temporary table": "CREATE TEMPORARY TABLE mine (n INT)",
    "locked table": "LOCK TABLES t WRITE",
    "lock by name": "SELECT GET_LOCK('mine', 1)",
}


@pytest.mark.one_server
@pytest.mark.parametrize("statement", OWN.values(), ids=OWN)
def test_a_session_with_tables_or_locks_of_its_own_is_ended(cluster, client, statement):
    ask(client, statement)

    restart(cluster)

    assert fails(client, "SELECT 1")[0] in (2006, 2013)


def has_begun(failover):
    return any(milestone.name == "writer_cut" for milestone in failover.milestones())


def test_commands_and_new_clients_wait_for_the_end(cluster, client):
    before = len(cluster.failovers)
    restarting = threading.Thread(target=restart, args=(cluster,))
    restarting.start()
    until(lambda: len(cluster.failovers) > before and has_begun(cluster.failovers[-1]))
    began = time.monotonic()
    with cluster.writer_endpoint.connect(read_timeout=30) as late:
        waited = time.monotonic() - began
        assert ask(late, "SELECT 1") == ask(client, "SELECT 1") == ((1,),)
    restarting.join(10)

    assert waited > 0.3 * RESTART


def test_nothing_that_was_acknowledged_is_lost_and_nothing_aborted_is_stored(cluster):
    acknowledged, aborted, over = set(), {}, threading.Event()

    def write(first):
        with cluster.writer_endpoint.connect(read_timeout=30) as connection:
            for number in range(first, first + 100_000):
                if over.is_set():
                    return
                try:
                    ask(connection, f"INSERT INTO t VALUES ({number})")
                    acknowledged.add(number)
                except pymysql.err.MySQLError as error:
                    aborted[number] = error.args[0]

    writers = [threading.Thread(target=write, args=(n * 1_000_000,)) for n in range(1, 5)]
    for writer in writers:
        writer.start()
    until(lambda: len(acknowledged) > 40)
    before = len(acknowledged)
    restart(cluster)
    until(lambda: len(acknowledged) > before + 40)
    over.set()
    for writer in writers:
        writer.join(10)

    kept = stored(cluster)
    assert acknowledged - kept == set()
    assert aborted.keys() & kept == set()
    assert set(aborted.values()) <= {1105}
