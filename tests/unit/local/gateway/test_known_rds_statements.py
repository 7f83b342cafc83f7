"""Statements that only RDS and Aurora know, in the real server's words; and those that it knows itself."""

import pytest

from pytest_rdsfailover.local.gateway.rds_statements import TABLES, in_known_words, schema_tables
from pytest_rdsfailover.mysql.statements import SqlDialect, statements


def known(sql):
    (statement,) = statements(sql.encode(), SqlDialect())
    found = in_known_words(statement)
    return None if found is None else found.decode()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CALL mysql.rds_kill(7)", "KILL CONNECTION 7"),
        ("call mysql.rds_kill ( @id + 1 ) ", "KILL CONNECTION  @id + 1 "),
        ("CALL `mysql`.`rds_kill_query`(7)", "KILL QUERY 7"),
        ("CALL mysql.rds_kill(7, 8)", None),
        ("CALL mysql.rds_kill(7,)", None),
        ("CALL mysql.rds_kill(, 7)", None),
        ("CALL mysql.rds_kill()", None),
        ("CALL mysql.rds_other(7)", None),
        ("CALL app.rds_kill(7)", None),
        ("CALL rds_kill(7)", None),
    ],
)
def test_rds_own_procedures_kill(sql, expected):
    assert known(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1", "SHOW TABLES", "SHOW TABLES FROM app", "SHOW FULL TABLES", "SHOW COLUMNS FROM t",
        "SHOW VOLUME", "SHOW", "DESC t", "DESC app.replica_host_status", "EXPLAIN SELECT 1",
        "DESC replica_host_status", "DESC information_schema.tables", "SHOW TABLES FROM",
        "SHOW INDEX FROM information_schema.tables", "SHOW INDEX FROM t", "SHOW CREATE TABLE t",
        "SHOW CREATE VIEW information_schema.replica_host_status", "SHOW GRANTS",
        "SHOW COLUMNS FROM replica_host_status", "SHOW COLUMNS FROM app.replica_host_status",
        "SHOW COLUMNS FROM replica_host_status FROM app", "SHOW TABLE STATUS FROM information_schema",
        "SHOW COLUMNS WITH replica_host_status FROM information_schema", "UPDATE t SET a = 1",
        "SHOW PROCESSLIST OF information_schema.replica_host_status", "SHOW FULL PROCESSLIST",
    ],
)  # fmt: skip
def test_what_the_server_knows_itself_is_left_to_it(sql):
    assert known(sql) is None


@pytest.mark.parametrize("sql", ["show volume status", "SHOW VOLUME STATUS of_all"])
def test_the_volume_has_disks_and_nodes(sql):
    assert known(sql) == (
        "SELECT 'Disks' AS Variable_name, '96' AS Value UNION ALL SELECT 'Nodes', '74'"
    )


def test_a_pattern_that_is_missing_is_for_the_server_to_complain_of():
    assert known("SHOW TABLES FROM information_schema LIKE").endswith("AS listed LIKE ORDER BY 1")


STATUS = "information_schema.replica_host_status"


@pytest.mark.parametrize(
    ("sql", "condition", "full"),
    [
        (f"DESC {STATUS}", "", False),
        (f"describe {STATUS.upper()}", "", False),
        (f"EXPLAIN {STATUS}", "", False),
        (f"DESC {STATUS} cpu", " WHERE Field LIKE 'cpu'", False),
        (f"DESC {STATUS} 'c%'", " WHERE Field LIKE 'c%'", False),
        (f"SHOW COLUMNS FROM {STATUS}", "", False),
        (f"SHOW FIELDS IN {STATUS}", "", False),
        (f"SHOW EXTENDED FULL COLUMNS FROM {STATUS}", "", True),
        ("SHOW COLUMNS FROM replica_host_status FROM information_schema", "", False),
        ("SHOW COLUMNS IN `replica_host_status` IN `information_schema`", "", False),
        (f"SHOW COLUMNS FROM {STATUS} LIKE 'C%'", " WHERE Field LIKE 'C%'", False),
        ("SHOW COLUMNS FROM replica_host_status IN information_schema", "", False),
        (f"SHOW COLUMNS FROM {STATUS} ", " ", False),
        (f"SHOW FULL COLUMNS FROM {STATUS} WHERE Type = 'int'", " WHERE Type = 'int'", True),
    ],
)
def test_the_columns_of_the_topology_are_shown_as_if_it_were_a_table(sql, condition, full):
    found = known(sql)

    assert found.startswith("SELECT * FROM (SELECT 'SERVER_ID' AS Field, 'varchar(100)' AS Type, ")
    assert found.endswith(f") AS described{condition}")
    assert found.count(" UNION ALL ") == 5
    assert found.count("NULL AS Collation") == found.count("'select' AS `Privileges`") == 6 * full


@pytest.mark.parametrize("word", ["INDEX", "INDEXES", "KEYS"])
def test_the_topology_has_no_index(word):
    assert known(f"SHOW {word} FROM {STATUS} WHERE 1") == (
        f"SHOW {word} FROM information_schema.ENGINES WHERE 1"
    )


def test_the_topology_is_created_as_its_columns_say():
    found = known(f"SHOW CREATE TABLE {STATUS}")

    assert found.startswith(
        "SELECT 'REPLICA_HOST_STATUS' AS `Table`, 'CREATE TEMPORARY TABLE `REPLICA_HOST_STATUS` (\n"
        "  `SERVER_ID` varchar(100),\n  `SESSION_ID` varchar(100),\n"
    )
    assert found.endswith("  `IS_CURRENT` int\n)' AS `Create Table`")


@pytest.mark.parametrize(
    ("sql", "name", "more", "condition"),
    [
        ("SHOW TABLES FROM information_schema", "", "", ""),
        ("SHOW TABLES IN INFORMATION_SCHEMA", "", "", ""),
        ("SHOW FULL TABLES FROM information_schema", "", ", TABLE_TYPE AS Table_type", ""),
        ("SHOW TABLES FROM information_schema LIKE 'REPL%'", " (REPL%)", "",
         " WHERE `Tables_in_information_schema (REPL%)` LIKE 'REPL%'"),
        ("SHOW TABLES FROM information_schema WHERE 1 = 1", "", "", " WHERE 1 = 1"),
    ],
)  # fmt: skip
def test_the_schemas_tables_are_listed_with_those_of_the_topology(sql, name, more, condition):
    found = known(sql)

    assert found.startswith(
        f"SELECT * FROM (SELECT TABLE_NAME AS `Tables_in_information_schema{name}`{more} FROM ("
    )
    assert found.endswith(f"') AS listed{condition} ORDER BY 1")


def test_the_schemas_own_lists_have_each_column_of_the_topology_in_order():
    tables, columns = (
        schema_tables()[b"information_schema", name].decode().split(" UNION ALL ")
        for name in (b"tables", b"columns")
    )

    assert len(tables) == 1 + len(TABLES)
    assert len(columns) == 1 + sum(map(len, TABLES.values()))
    for row in (tables, columns):
        assert len({each.count(", ") for each in row}) == 1
    assert columns[1].startswith(
        "SELECT 'def', 'information_schema', 'REPLICA_HOST_STATUS', 'SERVER_ID', '1', NULL, 'YES',"
        " 'varchar', NULL"
    )
    assert "'SESSION_ID', '2', " in columns[2]
