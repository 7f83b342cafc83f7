import pytest

from pytest_rdsfailover.local.gateway.proxy.pinning import effects
from pytest_rdsfailover.local.gateway.proxy.pinning.pinning import LONGEST, effect
from pytest_rdsfailover.mysql.responses import Command
from pytest_rdsfailover.mysql.statements import SqlDialect


def of(sql, **options):
    text = sql if isinstance(sql, bytes) else sql.encode()
    return effect(bytes((Command.QUERY,)) + text, SqlDialect(), **options)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT '" + "x" * 16_400 + "'", effects.TOO_LONG),
        ("SET @total = 1", effects.USER_VARIABLE),
        ("set @`odd name` := 1, sql_mode = ''", effects.USER_VARIABLE),
        ("SELECT @n := @n + 1 FROM t", effects.USER_VARIABLE),
        ("SELECT a INTO @a FROM t", effects.USER_VARIABLE),
        ("SELECT a, b INTO x, @b FROM t", None),  # x is no user variable: nothing SQL would take
        ("SELECT a, b FROM t INTO @a, @b", effects.USER_VARIABLE),
        ("CALL p(1, @out)", effects.USER_VARIABLE),
        ("LOAD DATA LOCAL INFILE 'f' INTO TABLE t (a, @b)", effects.USER_VARIABLE),
        ("SET sql_safe_updates = 1", effects.UNTRACKED),
        ("SET SESSION max_execution_time = 1", effects.UNTRACKED),
        ("SET @@session.sort_buffer_size = 100000", effects.UNTRACKED),
        ("SET sql_mode = '', foreign_key_checks = 0", effects.UNTRACKED),
        ("SET ROLE app", effects.UNTRACKED),
        ("SET LAST_INSERT_ID = 7", effects.UNTRACKED),
        ("CREATE TEMPORARY TABLE t (a INT)", effects.TEMPORARY_TABLE),
        ("create /* quickly */ temporary\ttable t (a int)", effects.TEMPORARY_TABLE),
        ("CREATE OR REPLACE TEMPORARY TABLE t (a INT)", effects.TEMPORARY_TABLE),
        ("LOCK TABLES t READ", effects.LOCK_TABLES),
        ("-- first\nLOCK TABLE t WRITE", effects.LOCK_TABLES),
        ("FLUSH TABLES WITH READ LOCK", effects.READ_LOCK),
        ("FLUSH TABLES t FOR EXPORT", effects.READ_LOCK),
        ("SELECT GET_LOCK('a', 10)", effects.NAMED_LOCK),
        ("DO get_lock ('a', 10)", effects.NAMED_LOCK),
        ("SELECT FOUND_ROWS()", effects.FOUND_ROWS),
        ("SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 1", effects.FOUND_ROWS),
        ("SELECT ROW_COUNT()", effects.ROW_COUNT),
        ("PREPARE s FROM 'SELECT 1'", effects.PREPARED),
        ("SELECT 1 /*!40101 , 2 */", effects.EXECUTABLE_COMMENT),
        ("SELECT 1 /*M! , 2 */", effects.EXECUTABLE_COMMENT),
        ("/*!40101 SET NAMES utf8 */", effects.EXECUTABLE_COMMENT),
        ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", effects.NEXT_TRANSACTION),
        ("SET @@transaction_isolation = 'READ-COMMITTED'", effects.NEXT_TRANSACTION),
        ("HANDLER t OPEN", effects.HANDLER),
        ("XA START 'a'", effects.XA),
        ("SELECT 1; SET @a = 1", effects.USER_VARIABLE),
        ("SET NAMES utf8mb4, @a = 5", effects.USER_VARIABLE),
        ("SET NAMES utf8mb4 COLLATE utf8mb4_bin, foreign_key_checks = 0", effects.UNTRACKED),
        ("SET CHARACTER SET utf8mb4, sql_safe_updates = 1", effects.UNTRACKED),
        ("SET CHARSET utf8mb4, @@sql_safe_updates = 1", effects.UNTRACKED),
        ("SET PASSWORD = 'x', @a = 1", effects.USER_VARIABLE),
        ("SET DEFAULT ROLE NONE, @a = 1", effects.USER_VARIABLE),
        ("SET DEFAULT ROLE NONE, ROLE app", effects.UNTRACKED),
        ("SET sql_mode = '', ROLE app", effects.UNTRACKED),
        ("SET time_zone = (SELECT @a := '+01:00')", effects.USER_VARIABLE),
        ("SET autocommit = GET_LOCK('a', 1)", effects.NAMED_LOCK),
        ("SET STATEMENT max_statement_time = 5 FOR SELECT GET_LOCK('a', 1)", effects.NAMED_LOCK),
        (
            "SET STATEMENT a = 5, b = 6 FOR CREATE TEMPORARY TABLE t (a INT)",
            effects.TEMPORARY_TABLE,
        ),
        ("SET STATEMENT a = SUBSTR('x' FROM 1 FOR 2) FOR LOCK TABLES t READ", effects.LOCK_TABLES),
        ("SET STATEMENT a = 5 FOR SET @a = 1", effects.USER_VARIABLE),
        ("SET STATEMENT a = 5 FOR SET STATEMENT b = 6 FOR SELECT 1 INTO @a", effects.USER_VARIABLE),
        ("SET STATEMENT a = (@a := 5) FOR SELECT 1", effects.USER_VARIABLE),
        ("EXECUTE IMMEDIATE 'SELECT 1'", effects.PREPARED),
        ("execute`s`", effects.PREPARED),
        ("EXECUTE s USING @a", effects.PREPARED),
        ("GET DIAGNOSTICS @n = NUMBER", effects.USER_VARIABLE),
        ("GET CURRENT DIAGNOSTICS@n=NUMBER", effects.USER_VARIABLE),
        ("GET DIAGNOSTICS CONDITION 1@s=MESSAGE_TEXT", effects.USER_VARIABLE),
        ("SELECT@a:=1", effects.USER_VARIABLE),
        ("SELECT 1 AND@a:=1", effects.USER_VARIABLE),
        ("SELECT @a.b$c := 1", effects.USER_VARIABLE),
        ("SELECT @`a` := 1", effects.USER_VARIABLE),
        ("SELECT 1 INTO@a", effects.USER_VARIABLE),
        ("SELECT 1 INTO @'a'", effects.USER_VARIABLE),
        ("(SELECT 1) UNION (SELECT 2) LIMIT 1 INTO @a", effects.USER_VARIABLE),
        ("WITH x AS (SELECT 1) SELECT * FROM x INTO @a", effects.USER_VARIABLE),
        ("VALUES ROW(1) INTO @a", effects.USER_VARIABLE),
        ("EXPLAIN FORMAT=JSON INTO@a SELECT 1", effects.USER_VARIABLE),
        ("SELECT `get_lock`('a', 1)", effects.NAMED_LOCK),
        ("SELECT `GET_LOCK` /* soon */ ('a', 1)", effects.NAMED_LOCK),
        ("SELECT \"get_lock\"('a', 1)", effects.NAMED_LOCK),  # ANSI_QUOTES
        ("SELECT `found_rows`()", effects.FOUND_ROWS),
        ("SELECT `row_count`()", effects.ROW_COUNT),
        ("LOCK INSTANCE FOR BACKUP", effects.BACKUP_LOCK),
        ("BACKUP LOCK t", effects.BACKUP_LOCK),
        ("backup stage start", effects.BACKUP_LOCK),
        ("CREATE TEMPORARY SEQUENCE s", effects.TEMPORARY_TABLE),
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
        "SELECT get_lock FROM t", "KILL 5", "SHOW WARNINGS", "SET CHAR SET latin1",
        "SET NAMES utf8mb4, time_zone = '+00:00'", "SET sql_mode = '', NAMES utf8mb4",
        "SET STATEMENT max_statement_time = 5 FOR SELECT 1", "SET STATEMENT a = @b FOR SELECT 1",
        "SET DEFAULT ROLE a, b TO app@localhost, 'web'@'%'", "SET PASSWORD FOR app@localhost = 'x'",
        "CREATE USER `get_lock`@localhost", "SELECT `get_lock` FROM t", "UNLOCK INSTANCE",
        "BACKUP UNLOCK", "BACKUP STAGE END", "SELECT RELEASE_LOCK('a')", "SELECT 'INTO@a', '@a:=1'",
        "IF 1 THEN SET sql_mode = ''; END IF", "SELECT@a", "DEALLOCATE PREPARE s",
        "SET sql_mode = @old",
    ],
)  # fmt: skip
def test_what_rds_proxy_tracks_or_ignores_is_not_pinned(sql):
    assert of(sql).pin is None


def test_a_statement_of_exactly_16_kb_is_not_pinned():
    sql = b"SELECT '" + b"x" * (LONGEST - 9) + b"'"

    assert len(sql) == 16 * 1024
    assert of(sql).pin is None
    assert of(sql + b" ").pin == effects.TOO_LONG


@pytest.mark.parametrize("command", [Command.STMT_PREPARE, Command.STMT_EXECUTE])
def test_binary_prepared_statements_pin(command):
    assert effect(bytes((command,)) + b"SELECT 1", SqlDialect()).pin == effects.PREPARED


@pytest.mark.parametrize("sql", ["SET @a = 1", "SET sql_safe_updates = 1", "SET ROLE app"])
def test_excluding_variable_sets_unpins_variables_only(sql):
    found = of(sql, exclude_sets=True)

    assert (found.pin is None) == ("ROLE" not in sql)
    assert found.leaves  # so that nobody else sees the value


@pytest.mark.parametrize(
    "sql",
    ["LOCK TABLES t READ", "SET TRANSACTION READ ONLY", "SELECT @a := 1",
     "SET @a = GET_LOCK('a', 1)", "SET @a = 1, @@transaction_isolation = 'SERIALIZABLE'",
     "SET @a = 1, ROLE app"],
)  # fmt: skip
def test_excluding_variable_sets_leaves_other_reasons_alone(sql):
    assert of(sql, exclude_sets=True).pin is not None


@pytest.mark.parametrize(
    "sql",
    ["USE a", "SET NAMES latin1", "SET sql_mode = ''", "DROP SCHEMA a", "SELECT 1; USE b",
     "SET SESSION TRANSACTION READ ONLY", "set @@local.time_zone='+01:00'",
     "SET CHAR SET latin1", "SET @a = 1, NAMES latin1", "SET DEFAULT ROLE NONE, NAMES latin1",
     "SET STATEMENT max_statement_time = 5 FOR USE b", "SET STATEMENT a = 1 FOR SET NAMES latin1"],
)  # fmt: skip
def test_what_changes_tracked_state_is_known_to(sql):
    assert of(sql).changes


@pytest.mark.parametrize(
    "sql",
    ["SET GLOBAL time_zone = '+00:00'", "SELECT 1", "SET PASSWORD = 'x'",
     "SET STATEMENT sql_mode = '' FOR SELECT 1"],
)  # fmt: skip
def test_what_does_not_is_not_looked_into(sql):
    assert not of(sql).changes


@pytest.mark.parametrize(
    "sql",
    ["CALL p()", "SET LOCAL sql_safe_updates = 1", "SET @a = 1", "IF(1) THEN SET @a = 1; END IF",
     "LOOP SET @a = 1; END LOOP", "WHILE 1 DO SET @a = 1; END WHILE", "CASE 1 WHEN 1 THEN DO 1; END CASE",
     "FOR i IN 1..1 DO SET @a = 1; END FOR", "REPEAT SET @a = 1; UNTIL 1 END REPEAT",
     "DECLARE x INT; BEGIN SET @a = 1; END", "BEGIN NOT ATOMIC SET sql_mode = ''; END",
     "SET STATEMENT a = 1 FOR CALL p()", "SET STATEMENT a = 1 FOR BEGIN NOT ATOMIC DO 1; END"],
)  # fmt: skip
def test_what_may_be_left_behind_is_wiped(sql):
    assert of(sql).leaves


@pytest.mark.parametrize("sql", ["BEGIN", "BEGIN WORK", "SELECT IF(1, 2, 3)", "SET NAMES latin1"])
def test_what_leaves_nothing_behind_is_not(sql):
    assert not of(sql).leaves


@pytest.mark.parametrize(
    "sql",
    ["SHOW WARNINGS", "GET DIAGNOSTICS @n = NUMBER", "GET CURRENT DIAGNOSTICS @n = NUMBER",
     "SET @n = FOUND_ROWS()", "SET @a = 1, @n = @@warning_count",
     "SET autocommit = @@error_count",
     "SET STATEMENT a = 1 FOR SHOW WARNINGS"],
)  # fmt: skip
def test_what_asks_about_the_statement_before_it_is_known_to(sql):
    assert of(sql).looks_back
    assert not of(f"SELECT 1; {sql}").looks_back


@pytest.mark.parametrize(
    "sql",
    ["SELECT LAST_INSERT_ID()", "SELECT `last_insert_id`()", "SELECT @@session.identity",
     "SELECT LAST_INSERT_ID() INTO @a", "SET @a = LAST_INSERT_ID()",
     "PREPARE s FROM 'SELECT LAST_INSERT_ID()'", "CREATE TEMPORARY TABLE t SELECT LAST_INSERT_ID()",
     "SET STATEMENT a = 1 FOR SELECT LAST_INSERT_ID()"],
)  # fmt: skip
def test_what_asks_for_the_last_insert_id_is_known_to(sql):
    effect = of(sql)
    assert effect.insert_id or effect.pin  # who is pinned takes it along


@pytest.mark.parametrize(
    "sql",
    ["LOAD DATA LOCAL INFILE 'f' INTO TABLE t", "load xml infile 'f' into table t",
     "ANALYZE INSERT INTO t VALUES (1)", "ANALYZE FORMAT=JSON REPLACE INTO t VALUES (1)"],
)  # fmt: skip
def test_what_makes_an_insert_id_and_does_not_tell_is_known_to(sql):
    assert of(sql).insert_id
    assert not of("ANALYZE TABLE t").insert_id  # its FOUND_ROWS() can go on being asked for


def test_a_backslash_escapes_only_where_the_server_says_so():
    sql = rb"SELECT '\' , /*!1 */ '"

    escaping, plain = SqlDialect(backslash=True), SqlDialect(backslash=False)
    message = bytes((Command.QUERY,)) + sql
    assert effect(message, escaping).pin is None
    assert effect(message, plain).pin == effects.EXECUTABLE_COMMENT


FLAGS = ("changes", "leaves", "looks_back", "insert_id", "reads", "saves")


@pytest.mark.parametrize(
    ("sql", "flags"),
    [
        ("SELECT 1", ""),
        ("BEGIN", ""),
        ("BEGIN WORK", ""),
        ("BEGIN NOT ATOMIC SELECT 1; END", "leaves insert_id reads"),
        ("CALL p()", "leaves insert_id reads"),
        ("CALL p", "leaves insert_id reads"),
        ("LOOP SELECT 1; END LOOP", "leaves insert_id reads"),
        ("USE app", "changes"),
        ("DROP DATABASE app", "changes"),
        ("DROP SCHEMA app", "changes"),
        ("DROP TABLE t", ""),
        ("SELECT @a", "reads"),
        ("SELECT 'a@b'", ""),
        ("SAVEPOINT a", "saves"),
        ("RELEASE SAVEPOINT a", ""),
        ("SHOW WARNINGS", "looks_back"),
        ("SHOW ERRORS LIMIT 1", "looks_back"),
        ("SHOW COUNT(*) WARNINGS", "looks_back"),
        ("SHOW TABLES", ""),
        ("SELECT @@warning_count", "looks_back"),
        ("SELECT @@error_count", "looks_back"),
        ("SELECT LAST_INSERT_ID()", "insert_id"),
        ("SELECT `last_insert_id`()", "insert_id"),
        ("SELECT @@identity", "insert_id"),
        ("SELECT identity FROM t", ""),
        ("INSERT INTO t VALUES (1) RETURNING id", "insert_id"),
        ("LOAD DATA INFILE 'f' INTO TABLE t", "insert_id"),
        ("ANALYZE INSERT INTO t VALUES (1)", "insert_id"),
        ("ANALYZE REPLACE INTO t VALUES (1)", "insert_id"),
        ("ANALYZE TABLE t", ""),
        ("INSERT INTO t VALUES (1)", ""),
        ("FLUSH TABLES", ""),
        ("FLUSH TABLES t, lock_of_ours", ""),
        ("SELECT * FROM t LOCK IN SHARE MODE", ""),
    ],
)
def test_what_does_not_pin_may_leave_something_all_the_same(sql, flags):
    found = of(sql)

    assert found.pin is None
    assert " ".join(flag for flag in FLAGS if getattr(found, flag)) == flags


@pytest.mark.parametrize(
    ("sql", "looks_back"),
    [("SELECT FOUND_ROWS()", True), ("SELECT ROW_COUNT()", True), ("SELECT GET_LOCK('a', 1)", False),
     ("GET DIAGNOSTICS @n = NUMBER", True), ("GET CURRENT DIAGNOSTICS @n = NUMBER", True),
     ("LOCK TABLES t READ", False)],
)  # fmt: skip
def test_what_pins_may_ask_about_the_statement_before_it(sql, looks_back):
    found = of(sql)

    assert found.pin is not None
    assert (found.leaves, found.looks_back) == (True, looks_back)
