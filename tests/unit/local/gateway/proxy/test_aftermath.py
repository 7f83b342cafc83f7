import pytest

from pytest_rdsfailover.local.gateway.proxy.aftermath import Aftermath
from pytest_rdsfailover.mysql.packets import eof_packet
from pytest_rdsfailover.mysql.responses import Command, Response

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
