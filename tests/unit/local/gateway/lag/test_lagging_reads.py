"""Which statements a snapshot answers."""

import pytest

from pytest_rdsfailover.local.gateway.lag.reads import reads_rows
from pytest_rdsfailover.mysql.statements import SqlDialect


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT v FROM t WHERE k = 1",
        "select * from t;",
        "(SELECT v FROM t) UNION (SELECT v FROM s)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "/* who: a@b */ SELECT v FROM t WHERE mail = 'a@b; /* FOR UPDATE'",
        "SELECT version, `lock`, share, `into` FROM t",
    ],
)
def test_a_select_from_tables_is_answered_by_a_snapshot(sql):
    assert reads_rows(sql.encode(), SqlDialect())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SHOW TABLES FROM app",
        "UPDATE t SET v = 1",
        "SELECT @a FROM t",
        "SELECT @@sql_mode FROM t",
        "SELECT v INTO @v FROM t",
        "SELECT v FROM t FOR UPDATE",
        "SELECT v FROM t FOR  SHARE",
        "SELECT v FROM t LOCK IN SHARE MODE",
        "SELECT LAST_INSERT_ID() FROM t",
        "SELECT GET_LOCK('a', 1) FROM t",
        "SELECT SQL_CALC_FOUND_ROWS v FROM t",
        "SELECT * FROM information_schema.replica_host_status",
        "SELECT * FROM `mysql`.user",
        "SELECT v FROM t; DELETE FROM t",
        "SELECT v FROM t /*! FOR UPDATE */",
        "HANDLER t READ FIRST",
        "CALL p()",
        "WITH a AS (SELECT 1 AS k FROM t) DELETE FROM t",
    ],
)
def test_all_else_is_answered_by_the_session_s_own_server(sql):
    assert not reads_rows(sql.encode(), SqlDialect())
