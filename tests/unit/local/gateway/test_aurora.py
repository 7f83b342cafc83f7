import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.local.gateway.aurora import (
    GLOBAL_INSTANCES,
    GLOBAL_STATUS,
    TopologyRow,
    function_spans,
    topology_setting,
    topology_tables,
)
from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.plan import Planner
from pytest_rdsfailover.local.gateway.roles import PROTECT, Exchange
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.shown_variables import (
    VARIABLE_TABLES,
    shown_variables,
    shows_status,
    shows_variables,
    variable_tables,
)
from pytest_rdsfailover.local.gateway.special_texts import is_special
from pytest_rdsfailover.local.gateway.table_names import column_spans, qualified, table_spans
from pytest_rdsfailover.local.gateway.variables import Variables
from pytest_rdsfailover.mysql.packets import STATUS_AUTOCOMMIT
from pytest_rdsfailover.mysql.statements import SqlDialect, replace_spans, statements

DIALECT = SqlDialect()
MEMBERS = [
    TopologyRow(id="a-1", writer=True, age=0.0),
    TopologyRow(id="a-2", writer=False, age=1.5),
]
TABLE = b"information_schema.replica_host_status"
TABLES = {(b"information_schema", b"replica_host_status"): b"(T)"}


def rewritten(sql: bytes) -> bytes:
    (statement,) = statements(sql, DIALECT)
    return replace_spans(sql, table_spans(statement, TABLES))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (b"SELECT 1 FROM %s", b"SELECT 1 FROM (T) AS `replica_host_status`"),
        (b"SELECT 1 FROM %s WHERE 1", b"SELECT 1 FROM (T) AS `replica_host_status` WHERE 1"),
        (b"SELECT 1 FROM %s, t", b"SELECT 1 FROM (T) AS `replica_host_status`, t"),
        (b"SELECT (SELECT 1 FROM %s)", b"SELECT (SELECT 1 FROM (T) AS `replica_host_status`)"),
        (b"SELECT 1 FROM %s r", b"SELECT 1 FROM (T) r"),
        (b"SELECT 1 FROM %s AS r", b"SELECT 1 FROM (T) AS r"),
        (b"SELECT 1 FROM %s `where`", b"SELECT 1 FROM (T) `where`"),
        (b"SELECT 1 FROM (%s)", b"SELECT 1 FROM (T) AS `replica_host_status`"),
        (b"SELECT 1 FROM (%s, t)", b"SELECT 1 FROM ((T) AS `replica_host_status`, t)"),
        (b"SELECT %s.CPU", b"SELECT `replica_host_status`.CPU"),
        (
            b"SELECT Replica_Host_Status.CPU FROM %s",
            b"SELECT `replica_host_status`.CPU FROM (T) AS `replica_host_status`",
        ),
        (b"SELECT Replica_Host_Status.CPU FROM %s r", b"SELECT Replica_Host_Status.CPU FROM (T) r"),
        (b"SELECT '%s'", b"SELECT '%s'"),
        (b'SELECT "%s"', b'SELECT "%s"'),
        (b"SELECT 1 -- %s", b"SELECT 1 -- %s"),
        (b"SELECT 1 /* %s */", b"SELECT 1 /* %s */"),
        (b"SELECT x.%s", b"SELECT x.%s"),
        (b"SELECT `%s`", b"SELECT `%s`"),
    ],
)
def test_the_table_is_replaced_where_it_is_named_and_nowhere_else(sql, expected):
    mine = sql.replace(b"%s", TABLE)

    assert rewritten(mine) == expected.replace(b"%s", TABLE)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (b"SELECT 1 FROM /*! information_schema.*/replica_host_status", b"/*! (T) AS "),
        (b"SELECT 1 FROM information_schema/* x */.replica_host_status", b"FROM (T) AS "),
    ],
)
def test_comments_in_the_middle_of_the_name_stay_balanced(sql, expected):
    found = rewritten(sql)

    assert expected in found
    assert found.count(b"/*") == found.count(b"*/")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FROM Tables", "SELECT 1 FROM x.Tables"),
        ("SELECT 1 FROM a JOIN `tables` b", "SELECT 1 FROM a JOIN x.`tables` b"),
        ("SELECT tables.a FROM b, tables", "SELECT x.tables.a FROM b, x.tables"),
        ("SELECT (SELECT 1 FROM (tables))", "SELECT (SELECT 1 FROM (x.tables))"),
        ("SELECT 1 FROM y.tables, b tables", "SELECT 1 FROM y.tables, b tables"),
        ("DESC tables a", "DESC x.tables a"),
        ("SHOW COLUMNS FROM tables", "SHOW COLUMNS FROM x.tables"),
        ("SHOW COLUMNS FROM tables FROM y", "SHOW COLUMNS FROM tables FROM y"),
        ("SHOW TABLES", "SHOW TABLES FROM x"),
        ("SHOW FULL TABLES LIKE 'a'", "SHOW FULL TABLES FROM x LIKE 'a'"),
        ("SHOW TABLES FROM y", "SHOW TABLES FROM y"),
    ],
)
def test_tables_of_the_current_database_are_known_without_it(sql, expected):
    (statement,) = statements(sql.encode(), DIALECT)

    assert qualified(statement, b"x", {b"tables"}).decode() == expected


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_text_breaks_the_rewriting(before, after):
    sql = before + TABLE + after
    for statement in statements(sql, DIALECT):
        replace_spans(statement.sql, table_spans(statement, TABLES))
        qualified(statement, b"information_schema", {b"replica_host_status"})


def test_the_setting_names_the_writers_and_how_old_each_row_is():
    setting = topology_setting(MEMBERS)

    assert b"= 'a-1'" in setting
    assert b"= '0,1500000'" in setting
    tables = topology_tables(MEMBERS)
    assert tables[b"information_schema", b"replica_host_status"].count(b"SELECT") == 2


@pytest.mark.parametrize("text", [b"Replica_Host_Status", b"AURORA_VERSION()"])
def test_aurora_s_names_are_noticed_in_any_case(text):
    assert is_special(b"SELECT " + text)
    assert not is_special(b"INSERT INTO orders VALUES (1)")


@pytest.mark.parametrize(
    "sql",
    [
        b"show variables",
        b"/* " + b"where it comes from " * 40 + b" */ SHOW /* all */ GLOBAL VARIABLES LIKE 'x'",
        b"SELECT '" + b"x" * 400 + b"'; SHOW VARIABLES",
    ],
)
def test_lists_of_variables_are_noticed_wherever_they_stand(sql):
    assert is_special(sql)
    assert not is_special(sql.replace(b"VARIABLES", b"TABLES").replace(b"variables", b"tables"))


@pytest.mark.parametrize(
    "sql",
    [b"SHOW VARIABLES", b"show global variables like 'x'", b"SHOW LOCAL VARIABLES WHERE 1"],
)
def test_lists_of_variables_are_recognised(sql):
    assert shows_variables(statements(sql, DIALECT)[0].words)


@pytest.mark.parametrize(
    "sql",
    [b"SHOW TABLES FROM variables", b"SHOW STATUS", b"SELECT VARIABLES", b"SHOW CREATE TABLE"],
)
def test_other_lists_are_not(sql):
    assert not shows_variables(statements(sql, DIALECT)[0].words)


@pytest.mark.parametrize(
    ("sql", "mariadb", "pieces"),
    [
        (b"SHOW VARIABLES LIKE 'a%'", False,
         [b"performance_schema.session_variables", b"WHERE Variable_name LIKE 'a%'\nORDER"]),
        (b"SHOW GLOBAL VARIABLES WHERE Value = 1 -- x", True,
         [b"information_schema.global_variables", b"WHERE Value = 1\nORDER"]),
        (b"/*!50000 SHOW VARIABLES LIKE 'a%' */", False, [b"WHERE Variable_name LIKE 'a%'\nORDER"]),
        (b"/*! SHOW VARIABLES */ LIKE 'a%'", True, [b"WHERE Variable_name LIKE 'a%'\nORDER"]),
        (b"/*!50000 SHOW VARIABLES */", False, [b"AS `variables`\nORDER"]),
        (b"SHOW VARIABLES", True, [b"AS `variables`\nORDER"]),
    ],
)  # fmt: skip
def test_a_list_of_variables_becomes_a_question_to_the_server(sql, mariadb, pieces):
    (statement,) = statements(sql, DIALECT)
    tables = variable_tables(VARIABLE_TABLES, {b"port": b"3306"}, {b"new": b"x"}, mariadb=mariadb)
    found = shown_variables(statement, tables, mariadb=mariadb)

    assert b"WHEN 'port' THEN '3306'" in found
    assert b"UNION ALL SELECT '%s', 'x'" % (b"NEW" if mariadb else b"new") in found
    assert all(piece in found for piece in pieces)


@pytest.fixture
def router():
    return Router(3)


def plans(router, name, message):
    host = router.instance(name)
    planner = Planner(host, Variables(host.id))
    return planner, planner.plan(message, STATUS_AUTOCOMMIT, multi=True)


def test_a_writer_is_told_the_topology_before_it_is_asked_for_it(router):
    _, (setting, asked) = plans(router, "instance-1", b"\x03SELECT * FROM " + TABLE)

    assert setting.hidden
    assert setting.payload[1:] == topology_setting(router.members())
    assert b"SELECT 'instance-3' AS SERVER_ID" in asked.payload


def test_a_reader_is_told_it_and_stays_read_only(router):
    _, found = plans(router, "instance-2", b"\x03SELECT * FROM " + TABLE)

    assert [one.hidden for one in found] == [True, True, False]
    assert found[1].payload[1:] == PROTECT


def test_a_prepared_statement_is_told_it_at_each_execution_until_it_is_closed(router):
    planner, found = plans(router, "instance-1", b"\x16SELECT * FROM " + TABLE)
    planner.prepared(b"\1\0\0\0", found[-1])
    execute = b"\x17\1\0\0\0\0\1\0\0\0"

    router.promote("instance-2")
    again = planner.plan(execute, STATUS_AUTOCOMMIT, multi=True)
    assert topology_setting(router.members()) in [one.payload[1:] for one in again]
    assert b"'instance-2'" in again[-2].payload
    planner.closed(b"\1\0\0\0")
    assert b"instance" not in planner.plan(execute, STATUS_AUTOCOMMIT, multi=True)[0].payload


def test_what_is_stored_keeps_its_text(router):
    sql = b"\x03CREATE VIEW v AS SELECT @@aurora_server_id FROM " + TABLE

    assert plans(router, "instance-1", sql)[1] == [Exchange(payload=sql)]


def test_an_instance_that_is_down_ages_and_one_that_is_back_does_not(router):
    router.cut("instance-2", State.REFUSING)
    ages = [member.age > 0 for member in router.members()]
    router.back("instance-2")

    assert ages == [False, True, False]
    assert [member.age for member in router.members()] == [0, 0, 0]
    assert [member.writer for member in router.members()] == [True, False, False]


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ("(SELECT 1 FROM %s)", ["(SELECT 1 FROM %s)"]),
        ("DISTINCT (SELECT 1 FROM %s) + 1, a", ["(SELECT 1 FROM %s) + 1"]),
        ("a, EXISTS (SELECT 1 FROM %s)", ["EXISTS (SELECT 1 FROM %s)"]),
        ("(SELECT 1 FROM %s) IS NULL", ["(SELECT 1 FROM %s) IS NULL"]),
        ("CASE WHEN (SELECT 1 FROM %s) THEN 1 END", ["CASE WHEN (SELECT 1 FROM %s) THEN 1 END"]),
        ("(SELECT `a` FROM %s)", ["(SELECT ``a`` FROM %s)"]),
        ("%s.cpu, %s.*, MAX(%s.cpu)", ["MAX(%s.cpu)"]),
        ("(SELECT 1 FROM %s) AS mine", []),
        ("(SELECT 1 FROM %s) mine", []),
        ("(SELECT 1 FROM %s) `mine`", []),
        ("(SELECT 1 FROM %s) 'mine'", []),
        ("1", []),
    ],
)
def test_a_column_without_a_name_gets_that_of_its_own_text(columns, names):
    table = TABLE.decode()
    sql = f"SELECT {columns.replace('%s', table)} FROM t WHERE 1"
    (statement,) = statements(sql.encode(), DIALECT)

    spans = column_spans(statement, table_spans(statement, TABLES))

    assert [new.decode() for _, _, new in spans] == [
        f" AS `{n.replace('%s', table)}`" for n in names
    ]


@pytest.mark.parametrize(
    "sql",
    ["SHOW STATUS", "show status like 'ssl_cipher'", "SHOW LOCAL STATUS WHERE Variable_name = 'Ssl_cipher'",
     "SHOW SESSION STATUS LIKE '%cipher%'"],
)  # fmt: skip
def test_status_that_tells_of_tls_is_listed_by_us(sql):
    assert shows_status(statements(sql.encode(), DIALECT)[0])


@pytest.mark.parametrize(
    "sql",
    ["SHOW GLOBAL STATUS LIKE 'Ssl_cipher'", "SHOW STATUS LIKE 'Com_select'", "SHOW TABLE STATUS", "SHOW",
     "SELECT 'SHOW STATUS'", "SHOW ENGINE INNODB STATUS", "SHOW VARIABLES LIKE 'ssl%'"],
)  # fmt: skip
def test_other_status_is_left_to_the_server(sql):
    assert not shows_status(statements(sql.encode(), DIALECT)[0])


def rows(*regions, lags=(0.018, 0.5)):
    return [
        TopologyRow(id=f"i-{number}", writer=number == 1, age=number, lag=lag, region=region)
        for number, (region, lag) in enumerate(zip(regions, lags, strict=True), 1)
    ]


@pytest.mark.parametrize(
    ("members", "setting"),
    [
        (rows("", ""), b"'i-1', @`rdsfailover ages` = '1000000,2000000', @`rdsfailover lag` = 500.000e0"),
        ([], b"'', @`rdsfailover ages` = '', @`rdsfailover lag` = 18.000e0"),
    ],
)  # fmt: skip
def test_the_setting_has_the_greatest_lag_in_milliseconds(members, setting):
    assert topology_setting(members) == b"SET @`rdsfailover writers` = " + setting


def test_each_row_has_the_age_of_its_own_place_and_a_session_of_its_own():
    table = topology_tables(rows("", ""))[b"information_schema", b"replica_host_status"]
    for number in (1, 2):
        assert (
            b"SUBSTRING_INDEX(SUBSTRING_INDEX(@`rdsfailover ages`, ',', %d), ',', -1)" % number
            in table
        )
        assert b"'5ca1ab1e-0000-4000-8000-%012d'" % number in table
    assert table.count(b"SELECT ") == 2


def test_a_global_database_has_a_row_for_each_region_and_others_none():
    here, there = rows("eu-west-1", "us-east-1", lags=(0.0, 0.0)), rows("", "")
    for name in (GLOBAL_STATUS, GLOBAL_INSTANCES):
        table = topology_tables(here)[b"information_schema", name]
        assert (table.count(b"WHERE 1 = 0"), table.count(b" UNION ALL ")) == (0, 1)
        assert [
            table.count(b"'%s' AS AWS_REGION" % one) for one in (b"eu-west-1", b"us-east-1")
        ] == [1, 1]
        none = topology_tables(there)[b"information_schema", name]
        assert b"WHERE 1 = 0" in none
    status = topology_tables(here)[b"information_schema", GLOBAL_STATUS]
    for region, member in ((b"eu-west-1", b"i-1"), (b"us-east-1", b"i-2")):
        row = next(row for row in status.split(b" UNION ALL ") if region in row)
        assert row.count(b"FIND_IN_SET('%s'" % member) == row.count(b"FIND_IN_SET(") == 2


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        (b"SELECT AURORA_VERSION()", 1), (b"SELECT a.AURORA_VERSION()", 0), (b"AURORA_VERSION()", 1),
        (b"SELECT . 1 AURORA_VERSION()", 1), (b"SELECT AURORA_VERSION(1)", 0),
        (b"SELECT AURORA_VERSION(), AURORA_VERSION ( )", 2), (b"SELECT AURORA_VERSION", 0),
    ],
)  # fmt: skip
def test_a_call_of_the_function_is_found_wherever_it_stands(sql, count):
    (statement,) = statements(sql, DIALECT)
    assert [sql[a:b].upper()[:14] for a, b in function_spans(statement)] == [
        b"AURORA_VERSION"
    ] * count
