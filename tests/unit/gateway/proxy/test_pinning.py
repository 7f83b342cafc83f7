import pytest

from pytest_rdsfailover.gateway.proxy import pinning
from pytest_rdsfailover.gateway.proxy.pinning import effect
from pytest_rdsfailover.wire.responses import Command
from pytest_rdsfailover.wire.statements import Dialect


def of(sql, **options):
    text = sql if isinstance(sql, bytes) else sql.encode()
    return effect(bytes((Command.QUERY,)) + text, Dialect(), **options)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT '" + "x" * 16_400 + "'", pinning.TOO_LONG),
        ("SET @total = 1", pinning.USER_VARIABLE),
        ("set @`odd name` := 1, sql_mode = ''", pinning.USER_VARIABLE),
        ("SELECT @n := @n + 1 FROM t", pinning.USER_VARIABLE),
        ("SELECT a INTO @a FROM t", pinning.USER_VARIABLE),
        ("SELECT a, b INTO x, @b FROM t", None),  # x is no user variable: nothing SQL would take
        ("SELECT a, b FROM t INTO @a, @b", pinning.USER_VARIABLE),
        ("CALL p(1, @out)", pinning.USER_VARIABLE),
        ("LOAD DATA LOCAL INFILE 'f' INTO TABLE t (a, @b)", pinning.USER_VARIABLE),
        ("SET sql_safe_updates = 1", pinning.UNTRACKED),
        ("SET SESSION max_execution_time = 1", pinning.UNTRACKED),
        ("SET @@session.sort_buffer_size = 100000", pinning.UNTRACKED),
        ("SET sql_mode = '', foreign_key_checks = 0", pinning.UNTRACKED),
        ("SET ROLE app", pinning.UNTRACKED),
        ("SET LAST_INSERT_ID = 7", pinning.UNTRACKED),
        ("CREATE TEMPORARY TABLE t (a INT)", pinning.TEMPORARY_TABLE),
        ("create /* quickly */ temporary\ttable t (a int)", pinning.TEMPORARY_TABLE),
        ("CREATE OR REPLACE TEMPORARY TABLE t (a INT)", pinning.TEMPORARY_TABLE),
        ("LOCK TABLES t READ", pinning.LOCK_TABLES),
        ("-- first\nLOCK TABLE t WRITE", pinning.LOCK_TABLES),
        ("FLUSH TABLES WITH READ LOCK", pinning.READ_LOCK),
        ("FLUSH TABLES t FOR EXPORT", pinning.READ_LOCK),
        ("SELECT GET_LOCK('a', 10)", pinning.NAMED_LOCK),
        ("DO get_lock ('a', 10)", pinning.NAMED_LOCK),
        ("SELECT FOUND_ROWS()", pinning.FOUND_ROWS),
        ("SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 1", pinning.FOUND_ROWS),
        ("SELECT ROW_COUNT()", pinning.ROW_COUNT),
        ("PREPARE s FROM 'SELECT 1'", pinning.PREPARED),
        ("SELECT 1 /*!40101 , 2 */", pinning.EXECUTABLE_COMMENT),
        ("SELECT 1 /*M! , 2 */", pinning.EXECUTABLE_COMMENT),
        ("/*!40101 SET NAMES utf8 */", pinning.EXECUTABLE_COMMENT),
        ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", pinning.NEXT_TRANSACTION),
        ("SET @@transaction_isolation = 'READ-COMMITTED'", pinning.NEXT_TRANSACTION),
        ("HANDLER t OPEN", pinning.HANDLER),
        ("XA START 'a'", pinning.XA),
        ("SELECT 1; SET @a = 1", pinning.USER_VARIABLE),
    ],
)
def test_what_rds_proxy_pins_is_pinned(sql, reason):
    assert of(sql).pin == reason


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1", "SELECT * FROM t WHERE a = 1", "INSERT INTO t VALUES (1, 'a')",
        "UPDATE t SET a = 1", "BEGIN", "BEGIN WORK", "START TRANSACTION READ ONLY", "COMMIT",
        "SET NAMES utf8mb4", "SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET CHARACTER SET latin1",
        "SET AUTOCOMMIT = 0", "set session autocommit=1", "SET sql_mode = 'ANSI'",
        "SET @@session.sql_mode = CONCAT(@@sql_mode, ',ANSI')", "SET SESSION time_zone = '+00:00'",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET wait_timeout = 100",
        "SET SESSION transaction_isolation = 'READ-COMMITTED'", "SET tx_read_only = 1",
        "SET net_write_timeout = 1, interactive_timeout = 2", "SET LOCAL sql_safe_updates = 1",
        "SET collation_connection = utf8mb4_bin", "SET PASSWORD = 'x'", "USE other",
        "DROP DATABASE other", "CALL p()", "SELECT f(1)", "SELECT LAST_INSERT_ID()",
        "CREATE TABLE temporary_things (a INT)", "DROP TEMPORARY TABLE t", "UNLOCK TABLES",
        "SELECT 'SET @a = 1; LOCK TABLES t READ; GET_LOCK(1)'", "SELECT '/*! no */'",
        "SELECT `/*! no */`", "SELECT /*+ MAX_EXECUTION_TIME(1000) */ 1", "SELECT 1 # SET @a = 1",
        "SELECT @@session.sql_mode", "SELECT @a", "INSERT INTO t VALUES ('a@b.example', ':=')",
        "GRANT SELECT ON *.* TO 'app'@'%'", "CREATE USER app@localhost", "SELECT found_rows FROM t",
        "SELECT get_lock FROM t", "KILL 5", "SHOW WARNINGS",
    ],
)  # fmt: skip
def test_what_rds_proxy_tracks_or_ignores_is_not_pinned(sql):
    assert of(sql).pin is None


def test_a_statement_of_exactly_16_kb_is_not_pinned():
    sql = b"SELECT '" + b"x" * (pinning.LONGEST - 9) + b"'"

    assert len(sql) == 16 * 1024
    assert of(sql).pin is None
    assert of(sql + b" ").pin == pinning.TOO_LONG


@pytest.mark.parametrize("command", [Command.STMT_PREPARE, Command.STMT_EXECUTE])
def test_binary_prepared_statements_pin(command):
    assert effect(bytes((command,)) + b"SELECT 1", Dialect()).pin == pinning.PREPARED


@pytest.mark.parametrize("sql", ["SET @a = 1", "SET sql_safe_updates = 1", "SET ROLE app"])
def test_excluding_variable_sets_unpins_variables_only(sql):
    found = of(sql, exclude_sets=True)

    assert (found.pin is None) == ("ROLE" not in sql)
    assert found.leaves  # so that nobody else sees the value


def test_excluding_variable_sets_leaves_other_reasons_alone():
    for sql in ("LOCK TABLES t READ", "SET TRANSACTION READ ONLY", "SELECT @a := 1"):
        assert of(sql, exclude_sets=True).pin is not None


@pytest.mark.parametrize(
    "sql",
    ["USE a", "SET NAMES latin1", "SET sql_mode = ''", "DROP SCHEMA a", "SELECT 1; USE b",
     "SET SESSION TRANSACTION READ ONLY", "set @@local.time_zone='+01:00'"],
)  # fmt: skip
def test_what_changes_tracked_state_is_known_to(sql):
    assert of(sql).changes


@pytest.mark.parametrize(
    "sql", ["SET GLOBAL time_zone = '+00:00'", "SELECT 1", "SET PASSWORD = 'x'"]
)
def test_what_does_not_is_not_looked_into(sql):
    assert not of(sql).changes


@pytest.mark.parametrize("sql", ["CALL p()", "SET LOCAL sql_safe_updates = 1", "SET @a = 1"])
def test_what_may_be_left_behind_is_wiped(sql):
    assert of(sql).leaves


def test_a_backslash_escapes_only_where_the_server_says_so():
    sql = rb"SELECT '\' , /*!1 */ '"

    escaping, plain = Dialect(backslash=True), Dialect(backslash=False)
    message = bytes((Command.QUERY,)) + sql
    assert effect(message, escaping).pin is None
    assert effect(message, plain).pin == pinning.EXECUTABLE_COMMENT
