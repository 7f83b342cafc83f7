"""Statement for statement, a client of the proxy gets the answers that the direct endpoint gives."""

import os
from contextlib import ExitStack

import pytest
import sequences
from gateway_process import rows
from sequences import answer

pytestmark = pytest.mark.local

TABLES = (
    "DROP TABLE IF EXISTS child, parent, log",
    "CREATE TABLE parent (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20))",
    "CREATE TABLE child (id INT PRIMARY KEY AUTO_INCREMENT, parent BIGINT, v VARCHAR(20))",
    "CREATE TABLE log (v INT)",
    "DROP PROCEDURE IF EXISTS put",
    "CREATE PROCEDURE put() INSERT INTO parent (v) VALUES ('by a procedure')",
    "CREATE TRIGGER noted BEFORE INSERT ON log FOR EACH ROW SET @noted = NEW.v",
)


@pytest.fixture
def narrow(proxy):
    """A proxy whose clients share five connections, over tables that are new."""
    proxy.server.run("USE app", *TABLES)
    return narrowed(proxy)


def narrowed(proxy):
    """Let a proxy have five connections, of which its clients use the one used last."""
    proxy.server.run("SET GLOBAL max_connections = 500")
    proxy.configure_proxy(max_connections_percent=1)
    return proxy


OTHER = ("SELECT CAST('others' AS SIGNED), 1 UNION ALL SELECT 2, 3", "INSERT INTO t (v) VALUES ('other')",
         "SELECT CAST('others' AS SIGNED)", "DO 0")  # fmt: skip


def disturb(others):
    """Let other clients use the connections, in a way that leaves traces."""
    for other in others:
        for sql in OTHER:
            answer(other, sql)


def both(gateway, *statements, failover=()):
    """Return the answers of the direct endpoint, and of the proxy with others in between."""
    gateway.server.run("TRUNCATE app.parent", "TRUNCATE app.child", "TRUNCATE app.log")
    with sequences.connected(gateway, "cluster") as direct:
        wanted = [answer(direct, sql) for sql in statements]
    gateway.server.run("TRUNCATE app.parent", "TRUNCATE app.child", "TRUNCATE app.log")
    with ExitStack() as stack:
        others = [stack.enter_context(gateway.connect("proxy")) for _ in range(6)]
        mine = stack.enter_context(sequences.connected(gateway, "proxy"))
        got = []
        for number, sql in enumerate(statements):
            if number in failover:
                gateway.fail_over(*gateway.roles())
            got.append(answer(mine, sql))
            disturb(others)
    return wanted, got


SEQUENCES = {
    "procedure": ["BEGIN", "CALL put()", "SELECT LAST_INSERT_ID()", "COMMIT", "SELECT LAST_INSERT_ID()"],
    "procedure, child": ["CALL put()", "INSERT INTO child (parent) VALUES (LAST_INSERT_ID())",
                         "SELECT parent FROM child"],
    "an id of its own": ["INSERT INTO parent (v) VALUES ('a')", "INSERT INTO parent (id) VALUES (500)",
                         "SELECT LAST_INSERT_ID()"],
    "reset": ["INSERT INTO parent (v) VALUES ('a')", "<reset>", "SELECT LAST_INSERT_ID()"],
    "reset, collation": ["SET NAMES utf8mb4 COLLATE utf8mb4_bin", "<reset>", "SET sql_mode=''",
                         "SELECT 'a' = 'A'"],
    "warnings": ["SELECT CAST('1x' AS SIGNED), CAST('2x' AS SIGNED)", "SHOW WARNINGS"],
    "some warnings": ["SELECT CAST('1x' AS SIGNED), CAST('2x' AS SIGNED)", "SHOW WARNINGS LIMIT 1, 1"],
    "counted warnings": ["SELECT CAST('1x' AS SIGNED)", "SHOW COUNT(*) WARNINGS"],
    "a count of warnings": ["SELECT CAST('1x' AS SIGNED)", "SELECT @@warning_count, @@session.error_count"],
    "an error": ["SELECT missing", "SHOW ERRORS", "SHOW WARNINGS"],
    "no warnings": ["SELECT 1 FROM parent", "SHOW WARNINGS", "SHOW ERRORS"],
    "odd warnings": ["DROP TABLE IF EXISTS `it's \\ \"new\" ä`", "SHOW WARNINGS"],
    "warnings of a transaction": ["BEGIN", "SELECT CAST('1x' AS SIGNED)", "COMMIT", "SHOW WARNINGS"],
    "warnings of a procedure": ["CALL put()", "SHOW WARNINGS", "SELECT LAST_INSERT_ID()"],
    "row count": ["INSERT INTO parent (v) VALUES ('a'), ('b'), ('c')", "SELECT ROW_COUNT()"],
    "row count of a query": ["SELECT 1 UNION SELECT 2", "SELECT ROW_COUNT() AS n, 5"],
    "row count of an error": ["SELECT missing", "SELECT ROW_COUNT() + 1, 'ROW_COUNT()'"],
    "found rows": ["SELECT 1 UNION SELECT 2 UNION SELECT 3", "SELECT FOUND_ROWS(), ROW_COUNT()",
                   "SELECT FOUND_ROWS()"],
    "found rows, kept": ["SELECT 1 UNION SELECT 2", "INSERT INTO parent (v) VALUES ('a')",
                         "SELECT FOUND_ROWS()", "SELECT LAST_INSERT_ID()"],
    "savepoint without a transaction": ["SET autocommit = 0", "SAVEPOINT s", "ROLLBACK TO s", "COMMIT",
                                        "ROLLBACK TO s", "SELECT 1 FROM parent", "COMMIT"],
    "found rows, described": ["/* of a */ -- table\nDESCRIBE parent", "SHOW WARNINGS", "SHOW GRANTS",
                              "SELECT FOUND_ROWS()"],
    "found rows, counted": ["SELECT 1 UNION SELECT 2", "SHOW COUNT(*) ERRORS", "SELECT FOUND_ROWS()"],
    "found rows, reset": ["SELECT 1 UNION SELECT 2", "<reset>", "SELECT FOUND_ROWS()"],
    "counted by an expression": ["SELECT CAST('1x' AS SIGNED)", "SELECT IF(@@warning_count > 0, 'w', 'n')",
                                 "SELECT CAST('1x' AS SIGNED)", "SELECT @@warning_count, id FROM parent"],
    "counted by a write": ["SELECT CAST('1x' AS SIGNED)", "INSERT INTO log VALUES (@@warning_count)",
                           "SELECT * FROM log"],
    "counted with an error": ["SELECT CAST('1x' AS SIGNED)", "SELECT (@@warning_count", "SHOW ERRORS"],
    "an error before several statements": ["SELECT missing", "BEGIN; INSERT INTO log VALUES (1); COMMIT",
                                           "SHOW WARNINGS"],
    "a transaction that an error ended": ["SET @mine = 1", "BEGIN", "TRUNCATE nowhere", "<ping>"],
    "warnings in another character set": ["DROP TABLE IF EXISTS `nä`", "SET NAMES latin1", "SHOW WARNINGS",
                                          "DROP TABLE IF EXISTS `nä`", "SET NAMES utf8mb4", "SHOW WARNINGS"],
}  # fmt: skip


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_others_in_between_change_no_answer(narrow, sequence):
    wanted, got = both(narrow, *SEQUENCES[sequence])

    assert got == wanted


@pytest.mark.parametrize("failover", [(), (2,)])
@pytest.mark.parametrize("between", ["SET LOCAL sort_buffer_size = 300000", "CALL put()"])
@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_unicode_ci"])
def test_a_collation_survives_a_reset_and_a_failover(narrow, between, collation, failover):
    wanted, got = both(
        narrow, f"SET NAMES utf8mb4 COLLATE {collation}", between,
        "SELECT @@collation_connection, 'ß' = 'ss'", failover=failover,
    )  # fmt: skip

    assert got[2] == wanted[2]


# A page and how many rows there are: many applications count so.
@pytest.mark.parametrize("before", [[], ["SELECT FOUND_ROWS()"], ["SELECT SQL_CALC_FOUND_ROWS 1"]])
def test_rows_beyond_a_limit_are_counted(narrow, before):
    with narrow.connect("proxy") as mine:
        answer(mine, "INSERT INTO parent (v) VALUES ('a'), ('b'), ('c')")
    with narrow.connect("proxy") as mine:
        for sql in (*before, "SELECT SQL_CALC_FOUND_ROWS v FROM parent LIMIT 1"):
            rows(mine, sql)
        assert rows(mine, "SELECT FOUND_ROWS()") == ((3,),)


# None of them is a query that counts, and each leaves the connection with the rows of others.
@pytest.mark.parametrize(
    "sql", ["SET @a = 1", "INSERT INTO log VALUES (@a := 1)", "PREPARE a FROM 'SELECT 1'", "SET @a = missing"],
)  # fmt: skip
def test_rows_that_others_have_found_are_told_to_nobody_else(narrow, sql):
    with ExitStack() as stack:
        one, other = (stack.enter_context(narrow.connect("proxy")) for _ in range(2))
        answer(one, "SELECT 1 UNION SELECT 2 UNION SELECT 3")
        answer(other, "SELECT 1 UNION SELECT 2")
        answer(one, sql)
        assert rows(one, "SELECT FOUND_ROWS()") == ((3,),)


def test_rows_that_an_insert_returns_tell_the_last_insert_id(narrow):
    if narrow.flavour != "mariadb":
        pytest.skip("no statement of this server")
    returning = "INSERT INTO parent (v) VALUES ('a'), ('b') RETURNING v"
    statements = ["BEGIN", returning, "SELECT LAST_INSERT_ID()", "COMMIT", returning]

    wanted, got = both(narrow, *statements, "SELECT LAST_INSERT_ID()", "SELECT FOUND_ROWS()")

    assert got == wanted


def test_an_id_that_loaded_rows_made_is_the_clients_own(narrow, tmp_path):
    file = tmp_path / "rows"
    file.write_text("a\nb\n")
    with ExitStack() as stack:
        mine, *others = (
            stack.enter_context(narrow.connect("proxy", local_infile=True)) for _ in range(4)
        )
        answer(mine, f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE parent (v)")
        told = [rows(client, "SELECT LAST_INSERT_ID()") for client in (*others, mine)]

    assert told == [((0,),)] * 3 + [((1,),)]


def test_an_id_that_a_failed_insert_made_reaches_no_other_client(narrow):
    narrow.server.run("INSERT INTO app.parent (id) VALUES (1)")
    with ExitStack() as stack:
        mine, *others = (stack.enter_context(narrow.connect("proxy")) for _ in range(4))
        told = []
        for number, client in enumerate(others, 50):
            answer(mine, "INSERT INTO parent (id) VALUES (NULL), (1)")
            told.append(rows(client, "SELECT LAST_INSERT_ID()"))
            answer(mine, "INSERT INTO parent (id) VALUES (NULL), (1)")
            answer(client, f"INSERT INTO parent (id) VALUES ({number})")
            told.append(rows(client, "SELECT LAST_INSERT_ID()"))

    assert told == [((0,),)] * 6


@pytest.mark.parametrize(
    "question", ["SELECT @noted", "SET @a = @noted", "SELECT 1, @noted IS NULL"]
)
def test_what_a_trigger_sets_reaches_no_other_client(narrow, question):
    with ExitStack() as stack:
        mine, *others = (stack.enter_context(narrow.connect("proxy")) for _ in range(5))
        rows(mine, "INSERT INTO log VALUES (7)")
        for other in others:
            rows(other, question)
            assert rows(other, "SELECT @noted") == ((None,),)


def test_a_read_only_transaction_that_set_autocommit_ends_refuses_nobody_s_writes(narrow):
    with ExitStack() as stack:
        mine, *others = (stack.enter_context(narrow.connect("proxy")) for _ in range(5))
        for sql in ("START TRANSACTION READ ONLY", "SET autocommit = 0", "SET autocommit = 1"):
            rows(mine, sql)
        for other in others:
            rows(other, "INSERT INTO log VALUES (7)")


def test_random_sequences_of_several_clients_are_answered_as_on_the_direct_endpoint(proxy):
    """More of them: `RDS_TEST_SEQUENCES=1000 pytest -s -k random_sequences tests/local`."""
    narrowed(proxy)
    sequences.ready(proxy.server)
    count = int(os.environ.get("RDS_TEST_SEQUENCES", "10"))
    seen = [
        sequences.compare(proxy, sequences.moves(seed, mariadb=proxy.flavour == "mariadb"))
        for seed in range(count)
    ]
    statements, failovers = sum(one.statements for one in seen), sum(one.failovers for one in seen)
    print(f"{proxy.flavour}: {statements} statements in {count} sequences, {failovers} failovers")

    assert {seed: one.differences for seed, one in enumerate(seen) if one.differences} == {}
    assert failovers > 0
