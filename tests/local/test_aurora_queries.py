"""Every instance answers what topology-aware drivers ask, however it is written."""

import mysql.connector
import pytest
from pymysql.constants import CLIENT

pytestmark = pytest.mark.local

TOPOLOGY = (
    "SELECT SERVER_ID, CASE WHEN SESSION_ID = 'MASTER_SESSION_ID' THEN TRUE ELSE FALSE END,"
    " CPU, REPLICA_LAG_IN_MILLISECONDS, LAST_UPDATE_TIMESTAMP"
    " FROM information_schema.replica_host_status"
    " WHERE time_to_sec(timediff(now(), LAST_UPDATE_TIMESTAMP)) <= 300"
    " OR SESSION_ID = 'MASTER_SESSION_ID' "
)
AM_I_WRITER = (
    "SELECT SERVER_ID FROM information_schema.replica_host_status"
    " WHERE SESSION_ID = 'MASTER_SESSION_ID' AND SERVER_ID = @@aurora_server_id"
)
WRITER = "SELECT server_id FROM {} WHERE session_id = 'MASTER_SESSION_ID'"


def text_rows(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def prepared_connection(endpoint):
    return mysql.connector.connect(
        host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password,
        database=endpoint.database, use_pure=True, ssl_disabled=True, autocommit=True,
        collation="utf8mb4_general_ci",
    )  # fmt: skip


def prepared_rows(endpoint, query):
    with prepared_connection(endpoint) as connection, connection.cursor(prepared=True) as cursor:
        cursor.execute(query)
        return [tuple(map(decoded, row)) for row in cursor.fetchall()]


def decoded(value):
    return value.decode() if isinstance(value, bytes | bytearray) else value


@pytest.fixture(params=["text", "prepared"])
def rows(request):
    """Return a function that asks an endpoint in the text or in the binary protocol."""

    def ask(endpoint, query):
        if request.param == "prepared":
            return prepared_rows(endpoint, query)
        with endpoint.connect() as connection:
            return [tuple(row) for row in text_rows(connection, query)]

    return ask


def every(cluster):
    return [(name, cluster.instance_endpoint(name)) for name in cluster.instances]


def test_every_instance_shows_all_of_them_and_one_writer(resting, rows):
    for _, endpoint in every(resting):
        found = rows(endpoint, TOPOLOGY)

        assert [row[0] for row in found] == list(resting.instances)
        assert [row[0] for row in found if row[1]] == [resting.writer]
        assert all(isinstance(row[2], float) and row[4].year > 2000 for row in found)


def test_only_the_writer_finds_itself_to_be_the_writer(resting, rows):
    for name, endpoint in every(resting):
        assert rows(endpoint, AM_I_WRITER) == ([(name,)] if name == resting.writer else [])


def test_role_and_identity_are_each_instance_s_own(resting, rows):
    for name, endpoint in every(resting):
        assert rows(endpoint, "SELECT @@innodb_read_only") == [(int(name != resting.writer),)]
        assert rows(endpoint, "SELECT @@aurora_server_id, @@aurora_server_id") == [(name, name)]
    aliases = [rows(e, "SELECT CONCAT(@@hostname, ':', @@port)")[0][0] for _, e in every(resting)]
    assert len(set(aliases)) == len(aliases)
    assert all(alias.endswith(":3306") for alias in aliases)


def test_it_is_aurora_of_one_region_and_no_multi_az_cluster(resting, rows):
    endpoint = resting.writer_endpoint
    assert rows(endpoint, "SHOW VARIABLES LIKE 'aurora_version'") == [("aurora_version", "3.10.0")]
    assert rows(endpoint, "SELECT aurora_version( )") == [("3.10.0",)]
    assert rows(endpoint, "SELECT 1") == [(1,)]
    for table in ("AURORA_GLOBAL_DB_STATUS", "AURORA_GLOBAL_DB_INSTANCE_STATUS"):
        query = (
            "SELECT 1 AS tmp FROM information_schema.tables WHERE upper(table_schema) ="
            f" 'INFORMATION_SCHEMA' AND upper(table_name) = '{table}'"
        )
        assert rows(endpoint, query) == [(1,)]
        assert rows(endpoint, f"SELECT count(1) FROM information_schema.{table.lower()}") == [(0,)]
    with pytest.raises(Exception, match=r"1146|1142"):
        rows(endpoint, "SELECT id, endpoint, port FROM mysql.rds_topology")


@pytest.mark.parametrize(
    "table",
    [
        "INFORMATION_SCHEMA.Replica_Host_Status",
        "`information_schema` . `replica_host_status`",
        "information_schema/* the table */.\n\t replica_host_status -- of Aurora\n",
        "information_schema.replica_host_status AS r",
        "information_schema.replica_host_status `r`",
        "information_schema.replica_host_status r",
        "(SELECT * FROM information_schema.replica_host_status) inner_one",
        "(information_schema.replica_host_status)",
        "/*!50000 information_schema.*/replica_host_status",
        "information_schema.replica_host_status NATURAL JOIN (SELECT 1 AS one) AS ones",
    ],
)
def test_the_table_s_name_may_be_written_in_any_way(resting, rows, table):
    for _, endpoint in every(resting)[:2]:
        assert rows(endpoint, WRITER.format(table)) == [(resting.writer,)]


def test_columns_may_be_qualified_by_the_table_or_by_an_alias(resting, rows):
    table, is_b = "information_schema.replica_host_status", "b.session_id LIKE 'MASTER%'"
    endpoint = resting.reader_endpoint
    for query in (
        f"SELECT {table}.SERVER_ID FROM {table} WHERE {table}.SESSION_ID = 'MASTER_SESSION_ID'",
        f"SELECT replica_host_status.SERVER_ID FROM {table} WHERE SESSION_ID LIKE 'MASTER%'",
        f"SELECT `Replica_Host_Status`.SERVER_ID FROM {table} WHERE SESSION_ID LIKE 'MASTER%'",
        f"SELECT a.server_id FROM {table} a JOIN {table} AS b USING (server_id) WHERE {is_b}",
    ):
        assert rows(endpoint, query) == [(resting.writer,)]


def test_names_of_columns_are_those_of_the_client_s_own_text(resting):
    with resting.reader_endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT SERVER_ID, @@Aurora_Server_Id, aurora_version() AS v,"
                       " AURORA_VERSION() FROM information_schema.replica_host_status")  # fmt: skip
        assert [column[0] for column in cursor.description] == [
            "SERVER_ID", "@@Aurora_Server_Id", "v", "AURORA_VERSION()",
        ]  # fmt: skip
        table = "information_schema.replica_host_status"
        cursor.execute(f"SELECT {table}.cpu, 1 + {table}.cpu, `aurora_version`() FROM {table}")
        assert [column[0].lower() for column in cursor.description] == [
            "cpu", f"1 + {table}.cpu", "`aurora_version`()",
        ]  # fmt: skip
        cursor.execute("SHOW VARIABLES LIKE 'aurora%'")
        assert [column[0] for column in cursor.description] == ["Variable_name", "Value"]


@pytest.mark.parametrize(
    "text",
    [
        "information_schema.replica_host_status",
        "@@aurora_server_id",
        "aurora_version()",
        "SHOW VARIABLES",
        "it''s information_schema.replica_host_status",
    ],
)  # fmt: skip
def test_a_string_that_contains_such_a_name_is_left_alone(resting, rows, text):
    for _, endpoint in every(resting):
        assert rows(endpoint, f"SELECT '{text}' AS s") == [(text.replace("''", "'"),)]


def test_a_string_is_left_alone_beside_the_real_table(resting, rows):
    query = ("SELECT CONCAT('information_schema.replica_host_status @@read_only'), SERVER_ID"
             " FROM information_schema.replica_host_status WHERE SERVER_ID <> '@@hostname' LIMIT 1"
             )  # fmt: skip
    assert rows(resting.writer_endpoint, query) == [
        ("information_schema.replica_host_status @@read_only", "instance-1")
    ]


def test_show_variables_shows_each_instance_s_own_values(resting, rows):
    for name, endpoint in every(resting):
        role = "OFF" if name == resting.writer else "ON"
        shown = dict(rows(endpoint, "SHOW SESSION VARIABLES"))
        assert shown["aurora_server_id"] == name
        assert shown["innodb_read_only"] == shown["read_only"] == role
        assert len(shown) > 300
        assert rows(endpoint, "show /* all */ global variables like '%NODB_READ_ONLY'") == [
            ("innodb_read_only", role)
        ]
        where = "SHOW VARIABLES WHERE Variable_name IN ('aurora_server_id', 'nope') AND Value <> ''"
        assert rows(endpoint, where) == [("aurora_server_id", name)]
        assert rows(endpoint, "SHOW VARIABLES LIKE 'aurora\\_s%' -- mine") == [
            ("aurora_server_id", name)
        ]


def test_a_multi_statement_asks_it_twice(resting):
    writer = WRITER.format("information_schema.replica_host_status")
    connection = resting.reader_endpoint.connect(client_flag=CLIENT.MULTI_STATEMENTS)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"{AM_I_WRITER}; SELECT ';'; {writer}")
        answers = [cursor.fetchall()]
        while cursor.nextset():
            answers.append(cursor.fetchall())
    assert answers == [(), ((";",),), ((resting.writer,),)]


def test_a_statement_prepared_before_a_failover_tells_the_truth_after_it(resting):
    old, target, bystander = resting.writer, resting.readers[0], resting.readers[1]
    query = WRITER.format("information_schema.replica_host_status") + " AND server_id <> %s"
    endpoint = resting.instance_endpoint(bystander)
    with prepared_connection(endpoint) as connection, connection.cursor(prepared=True) as cursor:
        cursor.execute(query, ("nobody",))
        assert [decoded(row[0]) for row in cursor.fetchall()] == [old]

        resting.fail_over(target)
        resting.rest()

        cursor.execute(query, ("nobody",))
        assert [decoded(row[0]) for row in cursor.fetchall()] == [target]
        cursor.execute(query, (target,))
        assert cursor.fetchall() == []


def test_the_latest_row_of_a_writer_is_right_in_a_failover_and_the_dead_fall_silent(resting):
    bystander = resting.instance_endpoint(resting.readers[1])
    old, target = resting.writer, resting.readers[0]
    query = (
        "SELECT SERVER_ID, SESSION_ID = 'MASTER_SESSION_ID',"
        " timestampdiff(MICROSECOND, LAST_UPDATE_TIMESTAMP, NOW(6)) / 1e6"
        " FROM information_schema.replica_host_status"
    )
    silent, writers = {}, []
    with bystander.connect() as connection:
        failover = resting.fail_over(target)
        while not failover.settled():
            found = text_rows(connection, query)
            masters = sorted((age, name) for name, master, age in found if master)
            writers += [name for _, name in masters[:1]]
            for name, _, age in found:
                silent[name] = max(silent.get(name, 0.0), float(age))

    assert [old, target] == list(dict.fromkeys(writers))
    # Whoever lives has just reported; by how much more the dead is late, the polls decide.
    assert silent[old] > 2 * silent[bystander.name]


@pytest.mark.one_server
@pytest.mark.parametrize(("refused", "promotion"), [("100ms", "400ms"), ("400ms", "100ms")])
def test_an_old_writer_keeps_the_master_s_row_until_it_is_back_and_no_longer(
    resting, tmp_path, refused, promotion
):
    """A monitor must not call an instance master that says that it is read-only."""
    old, target = resting.writer, resting.readers[0]
    bystander = resting.instance_endpoint(resting.readers[1])
    profile = tmp_path / "timed.toml"
    profile.write_text(f'refused = "{refused}"\npromotion = "{promotion}"\ndns = "500ms"')
    masters = (
        "SELECT SERVER_ID FROM information_schema.replica_host_status"
        " WHERE SESSION_ID = 'MASTER_SESSION_ID' ORDER BY LAST_UPDATE_TIMESTAMP"
    )
    seen = []
    with bystander.connect() as connection:
        failover = resting.fail_over(target, profile=str(profile))
        while not failover.settled():
            seen.append(tuple(row[0] for row in text_rows(connection, masters)))

    between = () if refused < promotion else (old, target)
    assert list(dict.fromkeys(seen)) == [(old,), between, (target,)]
