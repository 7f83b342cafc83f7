"""Write forwarding: a reader takes writes of sessions that want it, and the writer carries them out."""

import mysql.connector
import pymysql
import pytest
from pymysql.constants import CLIENT, COMMAND
from waiting import until

pytestmark = pytest.mark.local

UNSUPPORTED, READ_ONLY = 1235, (1290, 1836)
UNAVAILABLE = 63976 - (1 << 16)  # PyMySQL takes the number for a signed one
LEVELS = ("EVENTUAL", "SESSION", "GLOBAL")
KEYS = "SELECT k FROM forwarded ORDER BY k"
# Nobody writes while the old writer is down, for long enough to be met.
LONG_OUTAGE = 'refused = "100ms"\npromotion = "1s"\ndns = "1s"'


@pytest.fixture
def forwarding(resting):
    with resting.writer_endpoint.connect(autocommit=True) as connection:
        connection.cursor().execute("CREATE TABLE forwarded (k INT PRIMARY KEY, v INT)")
    resting.write_forwarding()
    yield resting
    resting.rest()
    resting.faults.mend()
    with resting.audit_endpoint().connect(autocommit=True) as connection:
        connection.cursor().execute("DROP TABLE forwarded")


@pytest.fixture
def bystander(forwarding):
    """A reader that no failover of these tests restarts."""
    return forwarding.instance_endpoint(forwarding.readers[1])


@pytest.fixture
def session(bystander):
    """A session at a reader that has its writes forwarded."""
    with bystander.connect(autocommit=True) as connection:
        yield wanting(connection)


def wanting(connection, level="SESSION"):
    cursor = connection.cursor()
    cursor.execute(f"SET aurora_replica_read_consistency = '{level}'")
    return cursor


def stored(cluster):
    """Return the keys that the writer sees."""
    with cluster.audit_endpoint().connect() as connection, connection.cursor() as cursor:
        cursor.execute(KEYS)
        return [key for (key,) in cursor.fetchall()]


def error_of(cursor, sql):
    with pytest.raises(pymysql.MySQLError) as caught:
        cursor.execute(sql)
    return caught.value.args[0]


@pytest.mark.parametrize("level", LEVELS)
def test_the_writer_carries_out_what_a_reader_forwards(forwarding, bystander, level):
    with bystander.connect(autocommit=True) as connection:
        cursor = wanting(connection, level)
        cursor.execute("INSERT INTO forwarded VALUES (1, 1), (2, 2), (3, 3)")
        cursor.execute("UPDATE forwarded SET k = 4 WHERE k = 3")
        cursor.execute("DELETE FROM forwarded WHERE k = 2")
        cursor.execute("REPLACE INTO forwarded VALUES (1, 9)")
        cursor.execute("SELECT k, v FROM forwarded FOR UPDATE")
        assert cursor.fetchall() == ((1, 9), (4, 3))
        cursor.execute(
            "SELECT @@innodb_read_only, @@aurora_server_id, @@aurora_replica_read_consistency"
        )
        assert cursor.fetchone() == (1, bystander.name, level)
    assert stored(forwarding) == [1, 4]


def test_a_session_that_does_not_want_it_is_refused_as_ever(forwarding, bystander):
    with bystander.connect(autocommit=True) as connection, connection.cursor() as cursor:
        assert error_of(cursor, "INSERT INTO forwarded VALUES (1, 1)") in READ_ONLY
        wanting(connection)
        cursor.execute("INSERT INTO forwarded VALUES (1, 1)")
        wanting(connection, "")
        assert error_of(cursor, "INSERT INTO forwarded VALUES (2, 2)") in READ_ONLY
    assert stored(forwarding) == [1]


@pytest.mark.one_server
def test_nothing_is_forwarded_for_rds_proxy(forwarding):
    with forwarding.proxy_reader_endpoint.connect(autocommit=True) as connection:
        assert error_of(wanting(connection), "INSERT INTO forwarded VALUES (1, 1)") in READ_ONLY


@pytest.mark.one_server
def test_a_cluster_that_does_not_allow_it_forwards_nothing(forwarding, session):
    session.execute("BEGIN")
    session.execute("INSERT INTO forwarded VALUES (1, 1)")
    forwarding.write_forwarding(enabled=False)

    with pytest.raises(pymysql.MySQLError):
        session.execute("COMMIT")
    with forwarding.reader_endpoint.connect(autocommit=True) as connection:
        assert error_of(wanting(connection), "INSERT INTO forwarded VALUES (2, 2)") in READ_ONLY
    assert stored(forwarding) == []


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize("begin", ["BEGIN", "SET autocommit = 0"])
def test_a_transaction_is_forwarded_as_a_whole(forwarding, session, begin, end):
    session.execute(begin)
    session.execute("SELECT COUNT(*) FROM forwarded")
    session.execute("INSERT INTO forwarded VALUES (1, 1)")
    session.execute(KEYS)
    assert session.fetchall() == ((1,),)
    assert stored(forwarding) == []
    session.execute(end)
    assert stored(forwarding) == ([1] if end == "COMMIT" else [])


def test_what_cannot_be_forwarded_is_refused_and_the_transaction_goes_on(forwarding, bystander):
    with bystander.connect(client_flag=CLIENT.MULTI_STATEMENTS) as connection:
        session = wanting(connection)
        connection.begin()
        session.execute("INSERT INTO forwarded VALUES (1, 1)")
        for sql in (
            "CREATE TABLE n (i INT)", "ALTER TABLE forwarded ADD w INT", "TRUNCATE forwarded",
            "DROP TABLE forwarded", "SAVEPOINT s", "ROLLBACK TO SAVEPOINT s", "XA START 'x'",
            "LOCK TABLES forwarded WRITE", "CALL p()", "FLUSH TABLES WITH READ LOCK",
            "LOAD DATA LOCAL INFILE 'f' INTO TABLE forwarded",
        ):  # fmt: skip
            assert error_of(session, sql) == UNSUPPORTED
        session.execute("SELECT 1; CREATE TABLE n (i INT)")
        with pytest.raises(pymysql.MySQLError) as caught:
            session.nextset()
        assert caught.value.args[0] == UNSUPPORTED
        connection.commit()
    assert stored(forwarding) == [1]


@pytest.mark.one_server
def test_temporary_tables_end_no_forwarded_transaction(forwarding, session):
    session.execute("BEGIN")
    session.execute("INSERT INTO forwarded VALUES (1, 1)")
    session.execute("CREATE TEMPORARY TABLE passing (i INT)")
    session.execute("DROP TEMPORARY TABLE passing")
    session.execute("ROLLBACK")
    assert stored(forwarding) == []


@pytest.mark.one_server
def test_a_transaction_that_may_only_read_is_not_forwarded(session):
    session.execute("START TRANSACTION READ ONLY")
    assert error_of(session, "INSERT INTO forwarded VALUES (1, 1)") in READ_ONLY


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("sql", "level"),
    [
        ("SET @@aurora_replica_read_consistency = 'global'", "GLOBAL"),
        ("SET @@session.aurora_replica_read_consistency='EVENTUAL', @a = 1", "EVENTUAL"),
        ("SET sql_mode = '', SESSION aurora_replica_read_consistency := session", "SESSION"),
        ("set local `aurora_replica_read_consistency` = eventual", "EVENTUAL"),
        ("SET @aurora_replica_read_consistency = 'GLOBAL'", ""),
        ("SELECT 'SET aurora_replica_read_consistency = 1'", ""),
    ],
)
def test_a_session_sets_its_consistency_as_any_variable(bystander, sql, level):
    with bystander.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.execute("SHOW VARIABLES LIKE 'aurora_replica%'")
        assert cursor.fetchall() == (("aurora_replica_read_consistency", level),)


@pytest.mark.one_server
def test_a_consistency_that_is_none_is_refused(bystander):
    with bystander.connect() as connection, connection.cursor() as cursor:
        for level in ("'STRONG'", "1 + 1"):
            assert error_of(cursor, f"SET aurora_replica_read_consistency = {level}") == 1231
        assert error_of(cursor, "SET GLOBAL aurora_replica_read_consistency = 'SESSION'") == 1193
        cursor.execute("SELECT @@aurora_replica_read_consistency")
        assert cursor.fetchone() == ("",)


def test_prepared_statements_are_forwarded(forwarding, bystander):
    with (
        mysql.connector.connect(
            host=bystander.host, port=bystander.port, user=bystander.user,
            password=bystander.password, database=bystander.database, use_pure=True,
            autocommit=True, collation="utf8mb4_general_ci",
        ) as connection,
        connection.cursor(prepared=True) as cursor,
    ):  # fmt: skip
        insert = "INSERT INTO forwarded VALUES (%s, 1)"
        with pytest.raises(mysql.connector.Error) as caught:
            cursor.execute(insert, (1,))
        assert caught.value.errno in READ_ONLY
        with connection.cursor() as plain:
            plain.execute("SET aurora_replica_read_consistency = 'SESSION'")
        cursor.execute(insert, (2,))
        with pytest.raises(mysql.connector.Error) as caught:
            cursor.execute("ALTER TABLE forwarded ADD w INT")
        assert caught.value.errno == UNSUPPORTED
    assert stored(forwarding) == [2]


@pytest.mark.one_server
def test_a_restart_of_the_writer_ends_what_was_forwarded_and_nothing_else(
    forwarding, bystander, session, tmp_path
):
    profile = tmp_path / "long.toml"
    profile.write_text(LONG_OUTAGE)
    with bystander.connect(autocommit=True) as other:
        reading = wanting(other)
        session.execute("BEGIN")
        session.execute("INSERT INTO forwarded VALUES (1, 1)")
        failover = forwarding.fail_over(forwarding.readers[0], profile=str(profile))
        until(lambda: "fenced" in {mark.name for mark in failover.milestones()})

        with pytest.raises(pymysql.MySQLError) as caught:
            session.execute("COMMIT")
        assert caught.value.args[0] in (2006, 2013)
        reading.execute(KEYS)
        assert reading.fetchall() == ()
        assert error_of(reading, "INSERT INTO forwarded VALUES (2, 2)") == UNAVAILABLE
        forwarding.rest()
        reading.execute("INSERT INTO forwarded VALUES (3, 3)")
    assert stored(forwarding) == [3]


@pytest.mark.one_server
def test_consistency_is_how_much_of_the_lag_a_session_sees(forwarding, bystander):
    forwarding.reader_lag("300ms")
    seen = {}
    with forwarding.writer_endpoint.connect(autocommit=True) as connection:
        writer = connection.cursor()
        for number, level in enumerate(LEVELS):
            with bystander.connect(autocommit=True) as session:
                cursor = wanting(session, level)
                own, others = 2 * number, 2 * number + 1
                cursor.execute(f"INSERT INTO forwarded VALUES ({own}, 0)")
                writer.execute(f"INSERT INTO forwarded VALUES ({others}, 0)")
                cursor.execute(f"SELECT k FROM forwarded WHERE k = {own}")
                seen[level] = [cursor.fetchall() != ()]
                if level == "EVENTUAL":  # what waits for the own row might see the other one, too
                    assert seen[level] == [False]
                    continue
                writer.execute(f"UPDATE forwarded SET v = 1 WHERE k = {others}")
                cursor.execute(f"SELECT k FROM forwarded WHERE k = {others} AND v = 1")
                seen[level].append(cursor.fetchall() != ())
    assert seen == {"EVENTUAL": [False], "SESSION": [True, False], "GLOBAL": [True, True]}


@pytest.mark.one_server
def test_what_a_client_has_left_behind_is_not_stored_after_the_promotion(forwarding, bystander):
    """A forwarded statement that waits for a lock must not get it from a holder that is cut."""
    waiting = (
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'UPDATE%forwarded%'"
    )
    with (
        forwarding.audit_endpoint().connect(autocommit=True) as auditor,
        forwarding.writer_endpoint.connect() as holder,
        auditor.cursor() as audit,
    ):
        audit.execute("INSERT INTO forwarded VALUES (1, 1)")
        holder.begin()
        holder.cursor().execute("SELECT * FROM forwarded FOR UPDATE")
        client = bystander.connect(autocommit=True)
        wanting(client)
        client._execute_command(COMMAND.COM_QUERY, "UPDATE forwarded SET v = 2")
        until(lambda: audit.execute(waiting) and audit.fetchone() == (1,))
        client._force_close()
        forwarding.fail_over(forwarding.readers[0])
        forwarding.rest()
    with forwarding.audit_endpoint().connect() as auditor, auditor.cursor() as audit:
        audit.execute("SELECT v FROM forwarded")
        assert audit.fetchone() == (1,)


@pytest.mark.one_server
def test_the_aws_api_allows_it_and_shows_that(forwarding):
    pytest.importorskip("moto")
    from region import CLUSTER, described

    forwarding.write_forwarding(enabled=False)
    rds = forwarding.aws.client("rds")
    try:
        assert described(rds)["LocalWriteForwardingStatus"] == "disabled"
        rds.modify_db_cluster(
            DBClusterIdentifier=CLUSTER, EnableLocalWriteForwarding=True, ApplyImmediately=True
        )
        assert described(rds)["LocalWriteForwardingStatus"] == "enabled"
        with forwarding.reader_endpoint.connect(autocommit=True) as connection:
            wanting(connection).execute("INSERT INTO forwarded VALUES (1, 1)")
    finally:
        forwarding.aws.undo()
