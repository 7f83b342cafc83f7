"""What a reader refuses and what it lets pass, decided by real servers."""

import gateway_binary
import gateway_process
import pymysql
import pytest
from plain_server import PASSWORD
from pymysql.constants import CLIENT

pytestmark = pytest.mark.local

REFUSED = [
    ["INSERT INTO t (v) VALUES (9)"],
    ["UPDATE t SET v = 9"],
    ["UPDATE t SET v = 9 WHERE id = -1"],
    ["DELETE FROM t"],
    ["REPLACE INTO t (id, v) VALUES (1, 9)"],
    ["INSERT INTO t (v) WITH c AS (SELECT 9 AS x) SELECT x FROM c"],
    ["SELECT * FROM t FOR UPDATE"],
    ["INSERT INTO m VALUES (9)"],
    ["CREATE TABLE n (id INT)"],
    ["CREATE TABLE n LIKE t"],
    ["DROP TABLE t"],
    ["TRUNCATE t"],
    ["ALTER TABLE t ADD COLUMN w INT"],
    ["RENAME TABLE t TO n"],
    ["CREATE INDEX i ON t (v)"],
    ["CREATE VIEW n AS SELECT 1"],
    ["CREATE DATABASE n"],
    ["CREATE USER n"],
    ["GRANT SELECT ON *.* TO app"],
    ["CREATE PROCEDURE n() SELECT 1"],
    ["CREATE TRIGGER n BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 1"],
    ["CALL writes()"],
    ["SELECT writing()"],
    ["PREPARE s FROM 'INSERT INTO t (v) VALUES (9)'", "EXECUTE s"],
    ["BEGIN", "INSERT INTO t (v) VALUES (9)"],
    ["START TRANSACTION READ ONLY", "INSERT INTO t (v) VALUES (9)"],
    ["SET autocommit = 0", "INSERT INTO t (v) VALUES (9)"],
    ["XA START 'x'", "INSERT INTO t (v) VALUES (9)"],
    ["LOCK TABLES t WRITE"],
    ["ANALYZE TABLE t"],
    ["analyze /* all */ no_write_to_binlog table t"],
    ["OPTIMIZE TABLE t"],
    ["REPAIR TABLE m"],
    ["START TRANSACTION READ WRITE"],
    ["START TRANSACTION WITH CONSISTENT SNAPSHOT, READ WRITE"],
    ["SET SESSION TRANSACTION READ WRITE", "INSERT INTO t (v) VALUES (9)"],
    ["SET TRANSACTION READ WRITE", "INSERT INTO t (v) VALUES (9)"],
    ["SET TRANSACTION READ WRITE", "BEGIN", "INSERT INTO t (v) VALUES (9)"],
    ["SET @@session.{ro} = 0", "INSERT INTO t (v) VALUES (9)"],
    ["SET {ro} = OFF", "INSERT INTO t (v) VALUES (9)"],
    ["SET /*!50000 SESSION */ {ro} = 0", "INSERT INTO t (v) VALUES (9)"],
    ["BEGIN", "SET SESSION TRANSACTION READ WRITE", "COMMIT", "INSERT INTO t (v) VALUES (9)"],
    ["BEGIN", "SET SESSION TRANSACTION READ WRITE", "COMMIT AND CHAIN",
     "INSERT INTO t (v) VALUES (9)"],
    ["PREPARE s FROM 'SET SESSION TRANSACTION READ WRITE'", "EXECUTE s",
     "INSERT INTO t (v) VALUES (9)"],
    ["SET GLOBAL {ro} = 0", "INSERT INTO t (v) VALUES (9)"],
    ["SET SESSION TRANSACTION READ WRITE; INSERT INTO t (v) VALUES (9)"],
    ["SET SESSION TRANSACTION READ WRITE; BEGIN; INSERT INTO t (v) VALUES (9); COMMIT"],
    ["SELECT 1; INSERT INTO t (v) VALUES (9)"],
    ["SELECT ';'; /* ; */ SELECT 2; DELETE FROM t"],
    ["START TRANSACTION READ WRITE; INSERT INTO t (v) VALUES (9); COMMIT"],
]  # fmt: skip
ONLY_MARIADB = [
    ["SET STATEMENT tx_read_only = 0 FOR INSERT INTO t (v) VALUES (9)"],
    ["SET STATEMENT max_statement_time = 9 FOR INSERT INTO t (v) VALUES (9)"],
    ["BEGIN NOT ATOMIC INSERT INTO t (v) VALUES (9); END"],
    ["BEGIN NOT ATOMIC SET SESSION TRANSACTION READ WRITE; INSERT INTO t (v) VALUES (9); END"],
    ["IF 1 THEN SET tx_read_only = 0; INSERT INTO t (v) VALUES (9); END IF"],
    ["EXECUTE IMMEDIATE 'START TRANSACTION READ WRITE'"],
    ["EXECUTE IMMEDIATE 'SET tx_read_only = 0'", "INSERT INTO t (v) VALUES (9)"],
    ["CREATE SEQUENCE n"],
    ["INSERT INTO t (v) VALUES (9) RETURNING id"],
]


@pytest.fixture(scope="module")
def server(emptied_server):
    emptied_server.run(
        "USE app",
        "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT) ENGINE=InnoDB",
        "CREATE TABLE m (id INT) ENGINE=MyISAM",
        "INSERT INTO t (v) VALUES (1), (2)",
        "CREATE PROCEDURE writes() INSERT INTO t (v) VALUES (9)",
        "CREATE PROCEDURE two_results() BEGIN SELECT 1; SELECT 2; END",
        "SET GLOBAL log_bin_trust_function_creators = 1",
        "CREATE FUNCTION writing() RETURNS INT BEGIN INSERT INTO t (v) VALUES (9); RETURN 1; END",
    )
    return emptied_server


@pytest.fixture(scope="module")
def gateway(server):
    with gateway_process.gateway(server) as gateway:
        yield gateway


@pytest.fixture
def reader(gateway):
    with gateway.connect("reader", client_flag=CLIENT.MULTI_STATEMENTS) as connection:
        yield connection


@pytest.fixture
def stored(server):
    def rows():
        return server.run("SELECT * FROM app.t ORDER BY id"), server.run("SELECT * FROM app.m")

    before = rows()
    tables = server.run("SELECT table_name FROM information_schema.tables WHERE table_schema='app'")
    yield
    assert rows() == before
    after = server.run("SELECT table_name FROM information_schema.tables WHERE table_schema='app'")
    assert after == tables


def run(connection, statements, server, code=1290):
    """Run statements, of which the last must be refused with *code*, in whichever result."""
    ro = "tx_read_only" if server.flavour == "mariadb" else "transaction_read_only"
    *first, last = [one.replace("{ro}", ro) for one in statements]
    with connection.cursor() as cursor:
        for statement in first:
            try:
                cursor.execute(statement)
            except pymysql.err.OperationalError as error:
                assert error.args[0] == code  # noqa: PT017 - a statement may be refused early
                return
        with pytest.raises(pymysql.err.MySQLError) as raised:
            cursor.execute(last)
            while cursor.nextset():
                pass
        assert raised.value.args[0] == code, raised.value


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("statements", REFUSED, ids="; ".join)
def test_a_reader_refuses_every_write(reader, server, statements):
    run(reader, statements, server)


@pytest.mark.usefixtures("stored")
def test_a_reader_refuses_what_only_mariadb_can_write(reader, server):
    for statements in ONLY_MARIADB if server.flavour == "mariadb" else ():
        run(reader, statements, server)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    "statements",
    [each for each in REFUSED if not any(";" in one for one in each)],  # one at a time
    ids="; ".join,
)
def test_a_reader_refuses_every_write_in_the_binary_protocol(reader, server, statements):
    binary = gateway_binary.Binary(reader)
    ro = "tx_read_only" if server.flavour == "mariadb" else "transaction_read_only"
    *first, last = [one.replace("{ro}", ro) for one in statements]
    for statement in first:
        try:
            binary.run(statement)
        except gateway_binary.RefusedError as error:
            if error.fault.code in (1290, 1295):
                # 1295: this server cannot prepare the statement, so nobody gets so far.
                return
            raise
    with pytest.raises(gateway_binary.RefusedError) as raised:
        binary.run(last)
    assert raised.value.fault.code in (1290, 1295)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("reset", ["change user", "reset connection"])
def test_resetting_a_readers_session_does_not_make_it_writable(reader, reset):
    binary = gateway_binary.Binary(reader)
    if reset == "reset connection":
        binary.ask(gateway_binary.Command.RESET_CONNECTION)
    else:
        change_user(reader)
    with pytest.raises(gateway_binary.RefusedError, match="1290"):
        binary.ask(gateway_binary.Command.QUERY, b"INSERT INTO t (v) VALUES (9)")


SCRAMBLES = {
    b"mysql_native_password": pymysql._auth.scramble_native_password,
    b"caching_sha2_password": pymysql._auth.scramble_caching_sha2,
}


def change_user(connection):
    """Log in again on an open connection, as the server's plug-in wants it."""
    sock, reader = connection._sock, connection._rfile
    plugin = connection._auth_plugin_name.encode()
    secret = SCRAMBLES[plugin](PASSWORD.encode(), connection.salt[:20])
    body = b"\x11app\0" + bytes((len(secret),)) + secret + b"app\0\x2d\0" + plugin + b"\0"
    if connection.server_capabilities & CLIENT.CONNECT_ATTRS:
        body += b"\0"
    sock.sendall(len(body).to_bytes(3, "little") + b"\0" + body)
    while True:
        head = reader.read(4)
        payload = reader.read(int.from_bytes(head[:3], "little"))
        if payload[0] == 0:
            return
        if payload[0] == 0xFE:
            plugin, _, scramble = payload[1:].partition(b"\0")
            answer = SCRAMBLES[plugin](PASSWORD.encode(), scramble.rstrip(b"\0"))
            sock.sendall(len(answer).to_bytes(3, "little") + bytes((head[3] + 1,)) + answer)
        else:
            assert payload[:2] == b"\x01\x03", payload


def test_a_script_s_error_is_that_of_the_instances_it_restarts_until_the_next_script(server):
    insert = ["INSERT INTO t (v) VALUES (1)"]
    with gateway_process.gateway(server, instances=3) as own:

        def answers(instance, code):
            with own.connect(instance) as connection:
                run(connection, insert, server, code)

        answers("instance-3", 1290)
        own.fail_over("instance-1", "instance-2", read_only_error=1836)
        answers("instance-1", 1836)
        answers("instance-3", 1290)
        own.play()
        answers("instance-1", 1290)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("SELECT @@warning_count", 1),
        ("SELECT @@session.warning_count + 1", 2),
        ("SELECT @@local . `error_count`", 0),
        ("SHOW COUNT(*) WARNINGS", 1),
        ("SELECT ROW_COUNT()", -1),
    ],
)
def test_a_reader_can_be_asked_about_the_statement_before(reader, question, told):
    with reader.cursor() as cursor:
        cursor.execute("SELECT CAST('1x' AS SIGNED) FROM t LIMIT 1")
        cursor.execute(question)
        assert cursor.fetchall() == ((told,),)


def test_a_reader_reads(reader):
    with reader.cursor() as cursor:
        cursor.execute("SELECT v FROM t ORDER BY id")
        assert cursor.fetchall() == ((1,), (2,))
        cursor.execute("CALL two_results()")
        assert cursor.fetchall() == ((1,),)
        assert cursor.nextset()
        assert cursor.fetchall() == ((2,),)
        cursor.execute("SELECT 1; SELECT 'a;b'; SELECT 3;")
        results = [cursor.fetchall()]
        while cursor.nextset():
            results.append(cursor.fetchall())
        assert results == [((1,),), (("a;b",),), ((3,),)]


def test_temporary_tables_work_on_a_reader(reader):
    with reader.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE x (id INT)")
        cursor.execute("INSERT INTO x VALUES (1), (2)")
        cursor.execute("UPDATE x SET id = 3 WHERE id = 2")
        cursor.execute("SELECT SUM(id) FROM x")
        assert cursor.fetchall() == ((4,),)
        cursor.execute("DROP TEMPORARY TABLE x")


def test_temporary_tables_leave_a_transaction_open_that_still_refuses_writes(reader, server):
    with reader.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("CREATE TEMPORARY TABLE x (id INT)")
        assert reader.server_status & 1
        run(reader, ["INSERT INTO t (v) VALUES (9)"], server)
        cursor.execute("INSERT INTO x VALUES (1)")
        cursor.execute("COMMIT")
        assert not reader.server_status & 1


def test_temporary_tables_work_in_a_multi_statement_and_without_autocommit(reader, server):
    with reader.cursor() as cursor:
        cursor.execute("SET autocommit = 0; CREATE TEMPORARY TABLE x AS SELECT * FROM t; SELECT 7")
        while cursor.nextset():
            pass
        assert cursor.fetchall() == ((7,),)
        run(reader, ["INSERT INTO t (v) VALUES (9)"], server)


def test_temporary_tables_work_in_the_binary_protocol(reader):
    binary = gateway_binary.Binary(reader)
    statement = binary.prepare("CREATE TEMPORARY TABLE x (id INT)")
    binary.execute(statement)
    binary.run("INSERT INTO x VALUES (1)")
    binary.run("DROP TEMPORARY TABLE x")


@pytest.mark.parametrize(("endpoint", "role"), [("instance-1", 0), ("instance-2", 1)])
def test_each_instance_has_its_own_variables(gateway, endpoint, role):
    with gateway.connect(endpoint) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT @@aurora_server_id, @@innodb_read_only, @@GLOBAL.READ_ONLY, '@@read_only',"
            " CONCAT(@@aurora_server_id, '@@x') FROM DUAL WHERE @@aurora_server_id = %s",
            (endpoint,),
        )
        assert cursor.fetchall() == ((endpoint, role, role, "@@read_only", f"{endpoint}@@x"),)
        assert [column[0] for column in cursor.description] == [
            "@@aurora_server_id", "@@innodb_read_only", "@@GLOBAL.READ_ONLY", "@@read_only",
            "CONCAT(@@aurora_server_id, '@@x')",
        ]  # fmt: skip
        cursor.execute("SHOW GLOBAL VARIABLES LIKE 'innodb_read_only'")
        assert cursor.fetchall() == (("innodb_read_only", "ON" if role else "OFF"),)
        cursor.execute("SHOW VARIABLES LIKE 'aurora\\_server\\_id'")
        assert cursor.fetchall() == (("aurora_server_id", endpoint),)


def test_prepared_statements_see_the_variables_too(reader):
    binary = gateway_binary.Binary(reader)
    statement = binary.prepare("SELECT @@aurora_server_id, @@tx_read_only")
    answer = binary.execute(statement)
    assert gateway_binary.names(answer) == [b"@@aurora_server_id", b"@@tx_read_only"]
    assert any(b"instance-2" in payload for part, payload in answer if part.name == "ROW")


def test_what_a_statement_left_behind_can_be_asked_on_a_reader(reader):
    with reader.cursor() as cursor:
        cursor.execute("SELECT CAST('x' AS SIGNED)")
        cursor.execute("SHOW WARNINGS")
        assert len(cursor.fetchall()) == 1
        cursor.execute("SELECT SQL_CALC_FOUND_ROWS id FROM t LIMIT 1")
        cursor.execute("SELECT FOUND_ROWS()")
        assert cursor.fetchall() == ((2,),)


def test_rows_come_through_a_cursor(gateway):
    with gateway.connect("reader") as connection:
        binary = gateway_binary.Binary(connection)
        statement = binary.prepare("SELECT id FROM t ORDER BY id")
        binary.execute(statement, cursor=True)
        assert binary.has_cursor()
        assert [binary.fetch(statement, 1), binary.fetch(statement, 5)] == [1, 1]
