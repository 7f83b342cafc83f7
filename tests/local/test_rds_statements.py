"""Statements and tables that only RDS and Aurora have are answered, or refused by name."""

from contextlib import ExitStack

import pymysql
import pytest
from gateway_process import rows

pytestmark = pytest.mark.local
COLUMNS = ["SERVER_ID", "SESSION_ID", "LAST_UPDATE_TIMESTAMP", "REPLICA_LAG_IN_MILLISECONDS", "CPU",
           "IS_CURRENT"]  # fmt: skip
NAMED = "table_schema = 'information_schema' AND upper(table_name) = 'REPLICA_HOST_STATUS'"


def ask(endpoint, query):
    """Return the rows of one statement on a connection of its own."""
    with endpoint.connect() as connection:
        return list(rows(connection, query))


def every(cluster):
    return [(name, cluster.instance_endpoint(name)) for name in cluster.instances]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("DESCRIBE information_schema.replica_host_status", COLUMNS),
        ("desc `information_schema`.REPLICA_HOST_STATUS", COLUMNS),
        ("EXPLAIN information_schema.replica_host_status cpu", ["CPU"]),
        ("DESC information_schema.replica_host_status 'S%'", COLUMNS[:2]),
        ("SHOW COLUMNS FROM information_schema.replica_host_status", COLUMNS),
        ("SHOW FULL FIELDS IN replica_host_status FROM information_schema LIKE 'C%'", ["CPU"]),
        ("SHOW COLUMNS FROM replica_host_status IN information_schema WHERE Field = 'CPU'", ["CPU"]),
        ("SHOW TABLES FROM information_schema LIKE 'REPLICA%'", ["REPLICA_HOST_STATUS"]),
        ("SHOW FULL TABLES IN information_schema WHERE Tables_in_information_schema = 'REPLICA_HOST_STATUS'",
         ["REPLICA_HOST_STATUS"]),
        (f"SELECT table_name FROM information_schema.tables WHERE {NAMED}", ["REPLICA_HOST_STATUS"]),
        (f"SELECT column_name FROM information_schema.columns WHERE {NAMED}", COLUMNS),
        ("SHOW TABLES FROM information_schema LIKE 'AURORA_GLOBAL%'",
         ["AURORA_GLOBAL_DB_INSTANCE_STATUS", "AURORA_GLOBAL_DB_STATUS"]),
        ("DESCRIBE information_schema.aurora_global_db_status 'AWS%'", ["AWS_REGION"]),
        ("SHOW COLUMNS FROM information_schema.aurora_global_db_instance_status LIKE 'SE%'",
         COLUMNS[:2]),
        ("SELECT count(1) FROM information_schema.aurora_global_db_status", [0]),
        ("SELECT count(1) FROM information_schema.aurora_global_db_instance_status", [0]),
    ],
)  # fmt: skip
def test_the_table_is_described_and_listed_as_if_it_were_there(resting, question, found):
    assert [row[0] for row in ask(resting.reader_endpoint, question)] == found


def test_the_other_tables_are_listed_as_ever(resting):
    endpoint = resting.reader_endpoint
    shown = [row[0] for row in ask(endpoint, "SHOW TABLES FROM information_schema")]
    assert {"TABLES", "COLUMNS", "REPLICA_HOST_STATUS"} <= set(shown)
    (described,) = ask(endpoint, "DESCRIBE information_schema.tables table_name")
    assert described[0] == "TABLE_NAME"


@pytest.mark.parametrize(
    "column",
    [
        "(SELECT MAX(server_id) FROM information_schema.replica_host_status)",
        "EXISTS (SELECT 1 FROM information_schema.replica_host_status WHERE cpu > 1)",
        "(SELECT COUNT(*) FROM information_schema.replica_host_status r) + 1",
    ],
)
def test_a_column_is_named_after_the_client_s_own_text_of_a_subquery(resting, column):
    with resting.reader_endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 AS one, {column}, {column} AS mine")
        assert [named[0] for named in cursor.description] == ["one", column, "mine"]


@pytest.mark.parametrize(
    "how", ["login", "USE information_schema", "use `Information_Schema`;", "init"]
)
def test_the_table_is_found_without_its_schema_where_that_is_the_current_one(resting, how):
    for endpoint in (resting.reader_endpoint, resting.proxy_endpoint):
        at_login = {"database": "information_schema"} if how == "login" else {}
        with endpoint.connect(**at_login) as connection:
            if how == "init":
                connection.select_db("information_schema")
            elif how != "login":
                rows(connection, how)
            asked = (
                "SELECT r.server_id FROM replica_host_status r JOIN REPLICA_HOST_STATUS USING (cpu)"
            )
            assert set(rows(connection, asked)) == {(name,) for name in resting.instances}
            assert [row[0] for row in rows(connection, "DESCRIBE replica_host_status")] == COLUMNS
            assert rows(connection, "SHOW TABLES LIKE 'REPLICA_H%'") == (("REPLICA_HOST_STATUS",),)
            connection.select_db(endpoint.database)
            with pytest.raises(pymysql.err.MySQLError, match="doesn't exist"):
                rows(connection, asked)


def test_what_else_tells_of_a_table_tells_of_that_one(resting):
    with resting.writer_endpoint.connect() as connection:
        table = "information_schema.replica_host_status"
        assert rows(connection, f"SHOW INDEX FROM {table}") == ()
        ((name, made),) = rows(connection, f"SHOW CREATE TABLE {table}")
        assert name == "REPLICA_HOST_STATUS"
        assert all(f"`{column}`" in made for column in COLUMNS)
        rows(connection, f"CREATE TEMPORARY TABLE mine AS SELECT * FROM {table}")
        assert len(rows(connection, "SELECT * FROM mine")) == len(resting.instances)
        if "MariaDB" not in connection.get_server_info():
            assert len(rows(connection, f"TABLE {table} LIMIT 2")) == 2


def test_the_server_s_own_tables_of_variables_agree_with_what_is_shown(resting):
    for name, endpoint in every(resting):
        mariadb = "MariaDB" in ask(endpoint, "SELECT VERSION()")[0][0]
        schema = "information_schema" if mariadb else "performance_schema"
        for scope in ("global", "session"):
            shown = dict(ask(endpoint, f"SHOW {scope} VARIABLES LIKE '%o%'"))
            listed = ask(
                endpoint,
                "SELECT LOWER(variable_name), variable_value"
                f" FROM {schema}.{scope}_variables AS v WHERE v.variable_name LIKE '%o%'",
            )
            differ = {one for one, _ in set(listed) ^ set(shown.items())}
            assert differ <= {"pseudo_thread_id"}  # of another connection
            assert (shown["aurora_server_id"], shown["hostname"][:8]) == (name, "ip-10-0-")
        if mariadb:
            told = ask(
                endpoint,
                "SELECT LOWER(variable_name), global_value FROM information_schema.system_variables"
                " WHERE variable_name REGEXP 'read_only|hostname|^port|aurora'",
            )
            shown = dict(ask(endpoint, "SHOW GLOBAL VARIABLES"))
            assert {one: shown[one] for one, value in told if value is not None} == {
                one: value for one, value in told if value is not None
            }
            assert {"innodb_read_only", "aurora_server_id"} <= {one for one, _ in told}


def test_the_volume_is_shown_and_counters_of_aurora_are_not(resting):
    endpoint = resting.writer_endpoint
    assert ask(endpoint, "show volume status") == [("Disks", "96"), ("Nodes", "74")]
    assert ask(endpoint, "SHOW STATUS LIKE 'Aurora%'") == []


@pytest.mark.one_server
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER SYSTEM SIMULATE 50 PERCENT READ REPLICA FAILURE TO ALL FOR INTERVAL 5 SECOND",
        "alter system simulate 100 percent disk failure for interval 1 minute",
        "/* trial */ ALTER SYSTEM SIMULATE 5 PERCENT DISK CONGESTION FOR INTERVAL 1 SECOND",
    ],
)
def test_a_fault_that_is_not_simulated_is_refused_by_name(resting, statement):
    with resting.writer_endpoint.connect() as connection:
        with pytest.raises(pymysql.err.MySQLError, match="does not simulate") as caught:
            rows(connection, statement)
        assert caught.value.args[0] == 1235
        assert rows(connection, "SELECT 1") == ((1,),)


@pytest.mark.parametrize("kind", ["writer", "proxy"])
def test_sessions_and_statements_end_by_the_procedures_of_rds(resting, kind):
    endpoint = resting.proxy_endpoint if kind == "proxy" else resting.writer_endpoint
    with ExitStack() as stack:
        victim, killer = (
            stack.enter_context(resting.writer_endpoint.connect()),
            stack.enter_context(endpoint.connect()),
        )
        ((number,),) = rows(victim, "SELECT CONNECTION_ID()")
        rows(killer, f"CALL mysql.rds_kill_query({number})")
        assert rows(victim, "SELECT 1") == ((1,),)
        rows(killer, f"call `mysql`.RDS_KILL( {number} );")
        with pytest.raises(pymysql.err.MySQLError):
            for _ in range(1000):
                rows(victim, "SELECT SLEEP(0.01)")
        with pytest.raises(pymysql.err.MySQLError) as caught:
            for _ in range(1000):
                rows(killer, f"CALL mysql.rds_kill({number})")
        assert caught.value.args[0] == 1094
