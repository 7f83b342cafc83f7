import pytest

from pytest_rdsfailover.local.gateway.proxy.aftermath import Aftermath
from pytest_rdsfailover.mysql.packets import ServerFault, eof_packet, error_packet, ok_packet
from pytest_rdsfailover.mysql.responses import Command, Response
from pytest_rdsfailover.mysql.statements import SqlDialect

ROWS = 3


def found_rows(sql: str, *, mariadb: bool) -> int:
    """Return what FOUND_ROWS() tells after a statement with three rows, of 7 before."""
    later = Aftermath(7).next(b"\x03" + sql.encode(), mariadb=mariadb)
    response = Response(Command.QUERY, deprecate_eof=True)
    response.queried, response.rows = True, ROWS
    later.note(eof_packet(2), response)
    return later.found_rows


# As MariaDB 10.11 and MySQL 9.7 tell.
@pytest.mark.parametrize("mariadb", [True, False])
@pytest.mark.parametrize(
    ("sql", "counted"),
    [
        ("SELECT 1", True), ("((SELECT 1)) UNION SELECT 2", True), ("with a as (select 1) select 1", True),
        ("/* a */ -- b\n# c\n SELECT 1", True), ("/* SELECT */ DO 1", False), ("CALL p()", True),
        ("DESCRIBE t", True), ("desc t a", True), ("EXPLAIN t", True), ("EXPLAIN SELECT 1 FROM t", False),
        ("DESCRIBE FORMAT=JSON SELECT 1", False), ("EXPLAIN (SELECT 1)", False), ("DESCRIBE `select`", True),
        ("SHOW COLUMNS FROM t", True), ("SHOW ENGINES", True), ("SHOW ENGINE INNODB STATUS", False),
        ("SHOW COUNT(*) WARNINGS", True), ("SHOW WARNINGS", False), ("SHOW ERRORS LIMIT 1", False),
        ("SHOW CREATE TABLE t", False), ("SHOW GRANTS", False), ("SHOW FULL PROCESSLIST", False),
        ("SHOW FULL TABLES", True), ("SHOW PRIVILEGES", False), ("HELP 'a'", False), ("CHECK TABLE t", False),
        ("INSERT INTO t VALUES (1) RETURNING a", False), ("DELETE FROM t RETURNING a", False),
    ],
)  # fmt: skip
def test_found_rows_counts_queries_and_what_servers_execute_as_such(sql, counted, mariadb):
    assert found_rows(sql, mariadb=mariadb) == (ROWS if counted else 7)


@pytest.mark.parametrize("sql", ["VALUES ROW(1)", "TABLE t"])
def test_only_mysql_counts_lists_of_values_and_tables(sql):
    assert [found_rows(sql, mariadb=it) for it in (True, False)] == [7, ROWS]


def ended(payload, *, before=None, sql=b"SELECT 1", here=True, mariadb=False, **facts):
    """Return what is told after a command that ended like this."""
    later = (before or Aftermath(7)).next(b"\x03" + sql, mariadb=mariadb, here=here)
    response = Response(Command.QUERY, deprecate_eof=True)
    for name, value in facts.items():
        setattr(response, name, value)
    later.note(payload, response)
    return later


def test_rows_that_were_found_elsewhere_stay_so_until_this_connection_counts_some():
    unknown = ended(ok_packet(2), sql=b"DO 1")
    assert unknown.elsewhere
    counted = ended(eof_packet(2), before=unknown, queried=True, rows=ROWS)
    assert (counted.elsewhere, counted.found_rows) == (False, ROWS)
    assert not ended(ok_packet(2), before=counted, sql=b"DO 1").elsewhere
    assert ended(ok_packet(2), before=counted, sql=b"DO 1", here=False).elsewhere


@pytest.mark.parametrize(
    ("payload", "facts", "row_count"),
    [
        (b"\x00\x05\x00", {}, 5),
        (b"\x00\xfc\x00\x01\x00", {}, 256),
        (eof_packet(2), {"queried": True}, -1),
        (b"\x00\x05\x00", {"queried": True}, -1),
        (error_packet(ServerFault(1146, "42S02", "no")), {"error": 1146}, -1),
    ],
)
def test_row_count_tells_what_was_changed_and_less_than_none_after_rows_and_errors(
    payload, facts, row_count
):
    assert ended(payload, **facts).row_count == row_count


def test_a_query_that_failed_has_found_nothing():
    fault = error_packet(ServerFault(1146, "42S02", "no"))
    assert ended(fault, failed=True, rows=ROWS).found_rows == 7


@pytest.mark.parametrize(
    ("sql", "mysql", "mariadb"),
    [
        (b"SHOW WARNINGS", 2, 2),
        (b"show count(*) errors", 2, 2),
        (b"GET DIAGNOSTICS @a = NUMBER", 2, 2),
        (b"DO 1", 0, 2),
        (b"SELECT 1; SET @a = 1", 0, 2),
        (b"SELECT 1; DELETE FROM t", 0, 0),
        (b"SELECT a FROM t", 0, 0),
        (b"INSERT INTO t VALUES (1)", 0, 0),
    ],
)
def test_warnings_stay_for_who_asks_for_them_and_where_nothing_is_read(sql, mysql, mariadb):
    before = Aftermath(7)
    before.warnings, before.counted, before.charset = ((b"Note", b"1", b"x"),), 2, b"utf8mb4"

    for it, counted in ((False, mysql), (True, mariadb)):
        later = before.next(b"\x03" + sql, mariadb=it)
        assert (later.counted, len(later.warnings)) == (counted, counted // 2)
        assert later.charset == (b"utf8mb4" if counted else b"")
    assert Aftermath(7).next(b"\x03" + sql, mariadb=True).counted == 0


def test_a_result_that_warned_says_how_often():
    warned = ended(ok_packet(2), warned=True, warnings=3)
    assert (warned.warned, warned.counted) == (True, 3)
    silent = ended(ok_packet(2))
    assert (silent.warned, silent.counted) == (False, 0)


ERROR, NOTE = (b"Error", b"1146", b"No 't'"), (b"Note", b"1051", b"\xc3\xa4")


def told(sql, *, mariadb=False, warnings=(ERROR, NOTE), counted=0, here=False):
    """Return a question to a connection that knows nothing of what it is about."""
    before = Aftermath(7)
    before.warnings, before.counted, before.charset = warnings, counted, b"utf8mb4"
    before.row_count = 5
    asked = before.told(
        b"\x03" + sql.encode(), SqlDialect(mariadb=mariadb),
        lambda value, name: value + b" AS `" + name + b"`", here=here,
    )  # fmt: skip
    return asked[1:].decode()


LISTED = {
    ERROR: "SELECT 'Error' AS Level, 1146 AS Code, CONVERT(X'4e6f20277427' USING utf8mb4) AS Message",
    NOTE: "SELECT 'Note' AS Level, 1051 AS Code, CONVERT(X'c3a4' USING utf8mb4) AS Message",
}
NO_WARNINGS = "SELECT '' AS Level, 0 AS Code, '' AS Message FROM (SELECT 1) AS nothing WHERE 0"


@pytest.mark.parametrize(
    ("sql", "warnings", "rows", "behind"),
    [
        ("SHOW WARNINGS", (ERROR, NOTE), (ERROR, NOTE), ""),
        ("SHOW WARNINGS LIMIT 1", (ERROR, NOTE), (ERROR, NOTE), " LIMIT 1"),
        ("SHOW ERRORS", (ERROR, NOTE), (ERROR,), ""),
        ("SHOW ERRORS LIMIT 0, 1", (NOTE, ERROR), (ERROR,), " LIMIT 0, 1"),
        ("SHOW ERRORS", (NOTE,), (), ""),
        ("SHOW WARNINGS", (), (), ""),
    ],
)
def test_warnings_are_listed_as_the_server_that_has_them_would(sql, warnings, rows, behind):
    listed = " UNION ALL ".join(LISTED[row] for row in rows)
    expected = f"SELECT * FROM ({listed}) AS warnings{behind}" if rows else NO_WARNINGS
    assert told(sql, warnings=warnings) == expected


def test_a_warning_without_a_text_has_an_empty_one():
    row = (b"Note", b"1", None, b"of a later version")
    assert "CONVERT(X'' USING utf8mb4)" in told("SHOW WARNINGS", warnings=(row,))


@pytest.mark.parametrize(
    ("sql", "counted", "count"),
    [
        ("SHOW COUNT(*) WARNINGS", 0, "2 AS `@@session.warning_count`"),
        ("SHOW COUNT(*) WARNINGS", 70, "70 AS `@@session.warning_count`"),
        ("SHOW COUNT(*) ERRORS", 70, "1 AS `@@session.error_count`"),
    ],
)
def test_warnings_are_counted_even_if_the_server_lists_fewer(sql, counted, count):
    assert told(sql, counted=counted) == f"SELECT {count}"


@pytest.mark.parametrize(
    ("sql", "mariadb", "expected"),
    [
        ("SELECT @@warning_count", False, "SELECT 2 AS `@@warning_count`"),
        ("SELECT @@warning_count", True, "SELECT 2 AS `@@warning_count`"),
        ("SELECT @@warning_count FROM t", False, "SELECT 2 AS `@@warning_count` FROM t"),
        ("SELECT @@warning_count FROM t", True, None),  # which reads from a table: none are left
        ("SELECT ROW_COUNT(), @@error_count FROM t", True,
         "SELECT 5 AS `ROW_COUNT()`, @@error_count FROM t"),
        ("SET @a = @@warning_count", False, "SET @a = 2 AS `@@warning_count`"),
        ("SET @@warning_count = 1", False, None),
        ("SELECT @@sql_mode", False, None),
        ("SELECT ROW_COUNT(1), row_count FROM t", False, None),
        ("SELECT FOUND_ROWS ( )", False, "SELECT 7 AS `FOUND_ROWS ( )`"),
    ],
)  # fmt: skip
def test_values_of_the_statement_before_stand_where_they_are_asked_for(sql, mariadb, expected):
    assert told(sql, mariadb=mariadb) == (sql if expected is None else expected)


def test_a_connection_that_knows_all_but_the_rows_found_elsewhere_is_told_those_only():
    assert told("SELECT FOUND_ROWS(), ROW_COUNT()", here=True) == (
        "SELECT 7 AS `FOUND_ROWS()`, ROW_COUNT()"
    )
    assert told("SHOW COUNT(*) WARNINGS", here=True) == "SHOW COUNT(*) WARNINGS"


def test_what_follows_the_first_statement_is_left_as_it_is():
    assert told("SELECT ROW_COUNT(); SELECT ROW_COUNT(); DO 1") == (
        "SELECT 5 AS `ROW_COUNT()`; SELECT ROW_COUNT(); DO 1"
    )


def test_a_new_session_has_found_and_counted_nothing():
    assert (Aftermath().found_rows, Aftermath().row_count, Aftermath().elsewhere) == (0, 0, True)
    assert Aftermath().next(b"\x03DO 1", mariadb=False).elsewhere
