"""Many clients over few database connections: who gets one, and what goes with whom."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pymysql
import pytest
from gateway_process import rows, value
from waiting import until

pytestmark = pytest.mark.local


def one_connection(proxy, **settings):
    """Let the proxy have one database connection only: 1 % of what the server allows is 5."""
    proxy.server.run("SET GLOBAL max_connections = 500")
    proxy.configure_proxy(max_connections_percent=1, **settings)


def stats(proxy):
    return proxy.proxy().stats


def reasons(proxy):
    return [pin.reason for pin in proxy.proxy().pins]


def test_hundreds_of_clients_share_a_handful_of_connections(proxy):
    one_connection(proxy)
    with ExitStack() as stack:
        clients = [stack.enter_context(proxy.connect("proxy")) for _ in range(300)]
        for client in clients:
            assert value(client, "SELECT 1") == 1
        assert stats(proxy).client_connections == 300
        assert stats(proxy).database_connections <= 5


def test_a_transaction_keeps_its_connection_until_it_ends(proxy):
    with proxy.connect("proxy") as client:
        ids = set()
        client.begin()
        rows(client, "INSERT INTO t (v) VALUES ('a')")
        for _ in range(3):
            ids.add(value(client, "SELECT CONNECTION_ID()"))
            assert stats(proxy).borrowed == 1
        client.rollback()
        assert len(ids) == 1
        assert stats(proxy).borrowed == 0


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", "CREATE TABLE IF NOT EXISTS gone (a INT)"])
def test_whatever_ends_a_transaction_returns_the_connection(proxy, end):
    with proxy.connect("proxy", autocommit=False) as client:
        rows(client, "INSERT INTO t (v) VALUES ('a')")
        assert stats(proxy).borrowed == 1
        rows(client, end)
        assert stats(proxy).borrowed == 0


def test_without_autocommit_the_first_statement_opens_a_transaction(proxy):
    with proxy.connect("proxy", autocommit=False) as client:
        rows(client, "SELECT * FROM t")
        assert stats(proxy).borrowed == 1
        client.commit()
        assert stats(proxy).borrowed == 0


STATE = [
    ("SET NAMES latin1", "SELECT @@character_set_client, @@collation_connection", ("latin1", "latin1_swedish_ci")),
    ("SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SELECT @@collation_connection", ("utf8mb4_bin",)),
    ("SET CHARACTER SET latin1", "SELECT @@character_set_results", ("latin1",)),
    ("SET character_set_results = NULL", "SELECT @@character_set_results IS NULL", (1,)),
    ("SET AUTOCOMMIT = 0", "SELECT @@autocommit", (0,)),
    ("SET sql_mode = 'ANSI_QUOTES'", "SELECT @@sql_mode", ("ANSI_QUOTES",)),
    ("SET sql_mode = CONCAT('PIPES_AS_', 'CONCAT')", "SELECT @@sql_mode", ("PIPES_AS_CONCAT",)),
    ("SET sql_mode = 'NO_BACKSLASH_ESCAPES'", r"SELECT '\'", ("\\",)),
    ("SET time_zone = '+05:45'", "SELECT @@time_zone", ("+05:45",)),
    ("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY", "SELECT @@transaction_isolation", ("READ-COMMITTED",)),
    ("SET wait_timeout = 1234, net_write_timeout = 77", "SELECT @@wait_timeout, @@net_write_timeout", (1234, 77)),
    ("SET interactive_timeout = 99", "SELECT @@interactive_timeout", (99,)),
    ("SET session_track_schema = 0", "SELECT @@session_track_schema", (0,)),
    ("SET auto_increment_increment = 3", "SELECT @@auto_increment_increment", (3,)),
    ("SET character_set_filesystem = latin1", "SELECT @@character_set_filesystem", ("latin1",)),
    ("SET collation_server = latin1_bin", "SELECT @@collation_server", ("latin1_bin",)),
    ("SET collation_database = latin1_bin", "SELECT @@collation_database", ("latin1_bin",)),
    ("USE other", "SELECT DATABASE()", ("other",)),
]  # fmt: skip


@pytest.mark.parametrize(("change", "question", "expected"), STATE, ids=[one[0] for one in STATE])
def test_tracked_state_follows_its_client_and_reaches_no_other(proxy, change, question, expected):
    question = question.replace("@@transaction_isolation", ISOLATION[proxy.flavour])
    one_connection(proxy)
    with ExitStack() as stack:
        mine, *others = (stack.enter_context(proxy.connect("proxy")) for _ in range(8))
        before = rows(others[0], "SELECT @@sql_mode, @@time_zone")
        plain = None if "'\\'" in question else rows(others[0], question)
        rows(mine, change)
        for _ in range(3):
            for other in others:  # they have the connection in between
                if plain is not None:
                    assert rows(other, question) == plain
                assert rows(other, "SELECT @@sql_mode, @@time_zone") == before
            assert rows(mine, question) == (expected,)
            mine.rollback()
        assert reasons(proxy) == []


ISOLATION = {"mariadb": "@@tx_isolation", "mysql": "@@transaction_isolation"}


def test_a_client_without_a_database_never_gets_anothers(proxy):
    one_connection(proxy)
    with ExitStack() as stack:
        some = [stack.enter_context(proxy.connect("proxy")) for _ in range(6)]
        none = [stack.enter_context(proxy.connect("proxy", database=None)) for _ in range(6)]
        for _ in range(3):
            for with_one, without in zip(some, none, strict=True):
                assert value(with_one, "SELECT DATABASE()") == "app"
                assert value(without, "SELECT DATABASE()") is None


PINS = [
    (["SET @a = 5"], "SELECT @a", 5, "user variable"),
    (["SET sql_safe_updates = 1"], "SELECT @@sql_safe_updates", 1, "variable that is not tracked"),
    (["CREATE TEMPORARY TABLE mine (a INT)", "INSERT INTO mine VALUES (6)"], "SELECT a FROM mine", 6, "temporary table"),
    (["SELECT GET_LOCK('here', 1)"], "SELECT IS_USED_LOCK('here') = CONNECTION_ID()", 1, "GET_LOCK"),
    (["LOCK TABLES t READ"], "SELECT COUNT(*) > -1 FROM t", 1, "LOCK TABLES"),
    (["PREPARE p FROM 'SELECT 8'"], "EXECUTE p", 8, "prepared statement"),
    (["SELECT 1 /*!40000 + 1 */"], "SELECT 1", 1, "executable comment"),
    (["SELECT LENGTH('" + "x" * 17_000 + "')"], "SELECT 1", 1, "statement over 16 KB"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "question", "expected", "reason"), PINS, ids=[p[3] for p in PINS]
)
def test_a_pinned_session_keeps_its_connection_and_what_is_in_it(
    proxy, statements, question, expected, reason
):
    with proxy.connect("proxy") as mine, proxy.connect("proxy") as other:
        for statement in statements:
            rows(mine, statement)
        value(other, "SELECT 1")
        assert value(mine, question) == expected
        assert stats(proxy).pinned == stats(proxy).borrowed == 1
        (pin,) = proxy.proxy().pins
        assert pin.reason == reason
        assert pin.session == mine.thread_id()
        assert pin.statement == statements[0][:200]
    until(lambda: stats(proxy).borrowed == 0)


def test_what_a_pinned_session_leaves_reaches_nobody(proxy):
    one_connection(proxy)
    for _ in range(3):
        with proxy.connect("proxy") as mine:
            rows(mine, "SET @a = 5, sql_safe_updates = 1")
            rows(mine, "CREATE TEMPORARY TABLE mine (a INT)")
            rows(mine, "SELECT GET_LOCK('here', 1)")
            rows(mine, "BEGIN")
            rows(mine, "INSERT INTO t (v) VALUES ('lost')")
    until(lambda: stats(proxy).borrowed == 0)
    with ExitStack() as stack:
        clients = [stack.enter_context(proxy.connect("proxy")) for _ in range(10)]
        for client in clients:
            client.begin()
            assert rows(client, "SELECT @a, @@sql_safe_updates, IS_FREE_LOCK('here')") in (
                ((None, 0, 1),), ((None, 0, None),)
            )  # fmt: skip
            with pytest.raises(pymysql.err.ProgrammingError):
                rows(client, "SELECT * FROM mine")
            client.rollback()
    assert proxy.server.run("SELECT COUNT(*) FROM app.t WHERE v = 'lost'") == ((0,),)


@pytest.mark.parametrize("statement", ["CALL leave_behind()", "SET LOCAL sql_safe_updates = 1"])
def test_what_does_not_pin_is_wiped_before_anybody_else_comes(proxy, statement):
    one_connection(proxy)
    with ExitStack() as stack:
        mine, *others = (stack.enter_context(proxy.connect("proxy")) for _ in range(7))
        before = rows(others[0], "SELECT @left, @@sql_mode, @@sql_safe_updates")
        rows(mine, statement)
        for each in (*others, mine):
            assert rows(each, "SELECT @left, @@sql_mode, @@sql_safe_updates") == before
    assert reasons(proxy) == []


EVERYWHERE = [
    "SET NAMES utf8mb4, @left = 1",
    "SET CHARACTER SET utf8mb4, sql_safe_updates = 1",
    "SET time_zone = (SELECT @left := '+01:00')",
    "SELECT@left:=1",
    "SELECT @left.over := 1",
    "SELECT 1 INTO@left",
    "GET DIAGNOSTICS @left = NUMBER",
    "SELECT `get_lock`('left', 1)",
]
ONLY = {
    "mysql": [
        "EXPLAIN FORMAT=JSON INTO@left SELECT 1",
    ],
    "mariadb": [
        "SET DEFAULT ROLE NONE, @left = 1",
        "SET STATEMENT max_statement_time = 5 FOR SELECT GET_LOCK('left', 1)",
        "SET STATEMENT max_statement_time = (@left := 5) FOR SELECT 1",
        "EXECUTE IMMEDIATE 'SET @left = 1, sql_safe_updates = 1'",
        "IF 1 THEN SET @left = 1; SET SESSION sql_mode = ''; END IF",
        "FOR i IN 1..1 DO SET @left = 1; END FOR",
        "BEGIN NOT ATOMIC SET sql_safe_updates = 1; END",
    ],
}
LEFT = """SELECT @left, @left.over, @@sql_mode, @@sql_safe_updates, @@time_zone,
          COALESCE(IS_USED_LOCK('left') = CONNECTION_ID(), 0)"""


@pytest.mark.parametrize("statement", [*EVERYWHERE, *ONLY["mysql"], *ONLY["mariadb"]])
def test_what_is_easily_overlooked_reaches_nobody_either(proxy, statement):
    if statement not in (*EVERYWHERE, *ONLY[proxy.flavour]):
        pytest.skip("no statement of this server")
    one_connection(proxy)
    with ExitStack() as stack:
        mine, *others = (stack.enter_context(proxy.connect("proxy")) for _ in range(7))
        before = rows(others[0], LEFT)
        assert before[0][:2] == (None, None)
        rows(mine, statement)
        for each in others:
            assert rows(each, LEFT) == before


BACKUP_LOCKS = {"mysql": "LOCK INSTANCE FOR BACKUP", "mariadb": "BACKUP LOCK t"}


def test_a_lock_for_a_backup_is_held_by_who_took_it_until_it_goes(proxy):
    with proxy.connect("proxy") as mine:
        rows(mine, BACKUP_LOCKS[proxy.flavour])
        assert reasons(proxy) == ["backup lock"]
    until(lambda: stats(proxy).borrowed == 0)
    with proxy.connect("proxy") as other:
        rows(other, "SET lock_wait_timeout = 5")
        rows(other, "ALTER TABLE t COMMENT = 'nobody locks it'")


def test_variable_sets_can_be_excluded_from_pinning(proxy):
    proxy.configure_proxy(session_pinning_filters=["EXCLUDE_VARIABLE_SETS"])
    with proxy.connect("proxy") as mine, proxy.connect("proxy") as other:
        rows(mine, "SET @a = 1, sql_safe_updates = 1")
        assert rows(other, "SELECT @a, @@sql_safe_updates") == ((None, 0),)
        assert reasons(proxy) == []
        rows(mine, "CREATE TEMPORARY TABLE mine (a INT)")
        assert reasons(proxy) == ["temporary table"]


def test_the_last_insert_id_is_the_clients_own(proxy):
    one_connection(proxy)
    with ExitStack() as stack:
        clients = [stack.enter_context(proxy.connect("proxy")) for _ in range(12)]
        own = []
        for client in clients:
            with client.cursor() as cursor:
                cursor.execute("INSERT INTO t (v) VALUES ('x')")
                own.append(cursor.lastrowid)
        for client, number in zip(clients, own, strict=True):
            assert value(client, "SELECT LAST_INSERT_ID()") == number


def test_warnings_are_the_clients_own_or_none(proxy):
    one_connection(proxy)
    with ExitStack() as stack:
        mine, *others = (stack.enter_context(proxy.connect("proxy")) for _ in range(6))
        rows(mine, "SELECT CAST('no number' AS SIGNED)")
        assert len(rows(mine, "SHOW WARNINGS")) == 1
        rows(mine, "SELECT CAST('no number' AS SIGNED)")
        for other in others:
            rows(other, "SELECT 1")  # MariaDB keeps older warnings over this
            assert rows(other, "SHOW WARNINGS") == ()


def test_an_init_query_is_run_on_every_database_connection(proxy):
    proxy.configure_proxy(
        init_query="SET sql_safe_updates = 1; SET time_zone = '+03:00', net_read_timeout = 55",
        max_connections_percent=2, max_idle_connections_percent=0,
    )  # fmt: skip
    with proxy.connect("proxy") as mine:
        for _ in range(3):
            found = rows(mine, "SELECT @@sql_safe_updates, @@time_zone, @@net_read_timeout")
            assert found == ((1, "+03:00", 55),)
    proxy.configure_proxy(max_idle_connections_percent=0)


def test_no_more_connections_stay_idle_than_allowed(proxy):
    proxy.server.run("SET GLOBAL max_connections = 500")
    proxy.configure_proxy(max_connections_percent=10, max_idle_connections_percent=1)
    with ExitStack() as stack:
        clients = [stack.enter_context(proxy.connect("proxy")) for _ in range(12)]
        for client in clients:
            rows(client, "BEGIN")
        assert stats(proxy).database_connections == 12
        for client in clients:
            rows(client, "COMMIT")
        found = stats(proxy)
        assert (found.database_connections, found.idle, found.borrowed) == (5, 5, 0)


def test_a_request_waits_for_a_connection_and_then_gives_up_with_9501(proxy):
    one_connection(proxy)
    most = stats(proxy).most_connections
    with ExitStack() as stack:
        late = stack.enter_context(proxy.connect("proxy"))
        holders = [stack.enter_context(proxy.connect("proxy")) for _ in range(most)]
        for holder in holders:
            holder.begin()
            rows(holder, "INSERT INTO t (v) VALUES ('held')")
        one_connection(proxy, connection_borrow_timeout=0.3)
        started = time.monotonic()
        with pytest.raises(pymysql.err.OperationalError) as error:
            value(late, "SELECT 1")
        assert error.value.args == (9501, "Timed-out waiting to acquire database connection")
        assert time.monotonic() - started >= 0.3
        assert stats(proxy).borrow_timeouts == 1
        one_connection(proxy)
        holders[0].rollback()
        assert value(late, "SELECT 2") == 2  # the same session goes on
        for holder in holders:
            holder.rollback()


def test_requests_are_served_in_the_order_in_which_they_came(proxy):
    one_connection(proxy)
    most = stats(proxy).most_connections
    with ExitStack() as stack:
        late = [stack.enter_context(proxy.connect("proxy")) for _ in range(10)]
        holders = [stack.enter_context(proxy.connect("proxy")) for _ in range(most)]
        for holder in holders:
            holder.begin()
            rows(holder, "INSERT INTO t (v) VALUES ('held')")
        pool = stack.enter_context(ThreadPoolExecutor(10))
        for number, client in enumerate(late):
            pool.submit(rows, client, "INSERT INTO t (v, n) VALUES ('order', %s)", number)
            until(lambda number=number: stats(proxy).waiting == number + 1)
        holders[0].rollback()
        pool.shutdown()
        for holder in holders:
            holder.rollback()
    order = proxy.server.run("SELECT n FROM app.t WHERE v = 'order' ORDER BY id")
    proxy.server.run("DELETE FROM app.t")
    assert [row[0] for row in order] == list(range(10))


def test_a_client_that_leaves_in_the_middle_costs_nobody_anything(proxy):
    one_connection(proxy)
    leavers = [proxy.connect("proxy") for _ in range(20)]
    for number, client in enumerate(leavers):
        if number % 2:
            client.begin()
            rows(client, "INSERT INTO t (v) VALUES ('left')") if number < 8 else None
        client._sock.sendall(b"\x0b\0\0\0\x03SELECT " + b"SLEEP(1)"[:3] if number == 19 else b"")
        client._sock.shutdown(socket.SHUT_RDWR)
        client._force_close()
    until(lambda: stats(proxy).client_connections == 0)
    until(lambda: stats(proxy).borrowed == 0)
    with proxy.connect("proxy") as client:
        assert value(client, "SELECT COUNT(*) FROM t WHERE v = 'left'") == 0


def test_commands_sent_ahead_are_answered_in_order(proxy):
    with proxy.connect("proxy") as client:
        for number in range(200):
            text = b"\x03SELECT %d" % number
            client._sock.sendall(len(text).to_bytes(3, "little") + b"\0" + text)
        for number in range(200):
            client._next_seq_id = 1
            result = pymysql.connections.MySQLResult(client)
            result.read()
            assert result.rows == ((number,),)


def test_resetting_a_connection_forgets_its_state_and_its_pin(proxy):
    with proxy.connect("proxy") as client:
        rows(client, "SET @a = 1, time_zone = '+01:00'")
        client._execute_command(0x1F, b"")
        assert client._read_packet().is_ok_packet()
        assert stats(proxy).pinned == 0
        assert rows(client, "SELECT @a, @@time_zone, DATABASE()") == ((None, "SYSTEM", "app"),)


def test_an_unknown_database_is_told_with_the_first_statement(proxy):
    with pytest.raises(pymysql.err.OperationalError) as error:
        value(proxy.connect("proxy", database="nowhere"), "SELECT 1")
    assert error.value.args[0] == 1049


def test_large_results_parameters_and_several_results_pass(proxy):
    with proxy.connect("proxy", client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS) as client:
        big = "x" * 20_000_000
        assert value(client, f"SELECT LENGTH('{big}')") == len(big)
        assert value(client, "SELECT REPEAT('y', 40000000)") == "y" * 40_000_000
    with proxy.connect("proxy", client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS) as client:
        with client.cursor() as cursor:
            cursor.execute("SELECT 1; SELECT 2; SET time_zone = '+04:00'")
            found = [cursor.fetchall()]
            while cursor.nextset():
                found.append(cursor.fetchall())
            assert [list(each) for each in found] == [[(1,)], [(2,)], []]
        assert value(client, "SELECT @@time_zone") == "+04:00"


def test_a_slow_reader_slows_the_server_down_and_nobody_else(proxy):
    slow, quick = proxy.connect("proxy"), proxy.connect("proxy")
    text = b"\x03SELECT REPEAT('z', 60000000)"
    slow._sock.sendall(len(text).to_bytes(3, "little") + b"\0" + text)
    for _ in range(50):
        assert value(quick, "SELECT 1") == 1
    slow._next_seq_id = 1
    result = pymysql.connections.MySQLResult(slow)
    result.read()
    assert len(result.rows[0][0]) == 60_000_000
    assert value(slow, "SELECT 2") == 2
    slow.close()
    quick.close()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="memory is read from /proc")
@pytest.mark.one_server
@pytest.mark.parametrize("together", [1, 2])
def test_who_reads_nothing_fills_no_memory(proxy, together):
    unread, quick = proxy.connect("proxy"), proxy.connect("proxy")
    before = proxy.memory
    text = b"\x03SELECT REPEAT('z', 40000)"
    for _ in range(1000):
        unread._sock.sendall((len(text).to_bytes(3, "little") + b"\0" + text) * together)
        assert value(quick, "SELECT 1") == 1
    assert proxy.memory - before < 20_000  # of 40 MB and more
    for _ in range(1000 * together):
        unread._next_seq_id = 1
        result = pymysql.connections.MySQLResult(unread)
        result.read()
        assert len(result.rows[0][0]) == 40_000
    unread.close()
    quick.close()


def test_local_files_are_refused_or_taken_as_the_server_does(proxy, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a\nb\n")
    with proxy.connect("proxy", local_infile=True) as client:
        rows(client, "CREATE TABLE IF NOT EXISTS loaded (v VARCHAR(10))")
        rows(client, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE loaded")
        assert value(client, "SELECT COUNT(*) FROM loaded") == 2
        rows(client, "DROP TABLE loaded")


def test_a_deadlock_ends_as_on_the_server(proxy):
    rows_of = "INSERT INTO t (id, v, n) VALUES (900001, 'd', 0), (900002, 'd', 0)"
    proxy.server.run("USE app", rows_of)
    with proxy.connect("proxy") as one, proxy.connect("proxy") as two:
        one.begin()
        two.begin()
        rows(one, "UPDATE t SET n = 1 WHERE id = 900001")
        rows(two, "UPDATE t SET n = 1 WHERE id = 900002")
        failures = []

        def cross(client, number):
            try:
                rows(client, "UPDATE t SET n = 2 WHERE id = %s", number)
            except pymysql.err.OperationalError as error:
                failures.append(error.args[0])
                client.rollback()

        thread = threading.Thread(target=cross, args=(one, 900002))
        thread.start()
        cross(two, 900001)
        thread.join(30)
        assert failures == [1213]
        with suppress(pymysql.err.Error):
            one.commit()
            two.commit()
    until(lambda: stats(proxy).borrowed == 0)
    proxy.server.run("DELETE FROM app.t WHERE v = 'd'")
