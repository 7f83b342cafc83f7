"""Faults of the database: what a careless client makes of them, and a careful one."""

import contextlib
import threading
import time

import pymysql
import pytest
from waiting import until

from pytest_rdsfailover.model.errors import SettingError

pytestmark = pytest.mark.local
PATIENT = {"read_timeout": 20}


@pytest.fixture
def faults(cluster):
    yield cluster.faults
    cluster.faults.mend()


@pytest.fixture
def table(cluster):
    with cluster.writer_endpoint.connect(autocommit=True) as connection:
        connection.cursor().execute("CREATE TABLE t (k INT PRIMARY KEY)")
    yield "t"
    with cluster.audit_endpoint().connect(autocommit=True) as connection:
        connection.cursor().execute("DROP TABLE t")


def ask(endpoint, *statements, **options):
    with endpoint.connect(autocommit=True, **options) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def refused(endpoint, *statements, **options):
    with pytest.raises(pymysql.MySQLError) as caught:
        ask(endpoint, *statements, **options)
    return caught.value.args[0]


def took(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def test_a_crowded_writer_refuses_who_connects_and_serves_who_is_there(cluster, faults):
    endpoint = cluster.writer_endpoint
    with endpoint.connect() as pooled, pooled.cursor() as cursor:
        with faults.too_many_connections():
            assert refused(endpoint, "SELECT 1") == 1040
            assert refused(cluster.instance_endpoint(cluster.writer), "SELECT 1") == 1040
            cursor.execute("SELECT 1")
            assert ask(cluster.reader_endpoint, "SELECT 1") == ((1,),)
        assert ask(endpoint, "SELECT 1") == ((1,),)


def serves(endpoint):
    try:
        return bool(ask(endpoint, "SELECT 1"))
    except pymysql.MySQLError:
        return False


def test_a_writer_with_little_room_refuses_who_comes_when_it_is_full(cluster, faults):
    endpoint = cluster.writer_endpoint
    ask(cluster.proxy_endpoint, "SELECT 1")
    with faults.too_many_connections(most=2):
        with endpoint.connect(), endpoint.connect():
            assert refused(endpoint, "SELECT 1") == 1040
            assert ask(cluster.reader_endpoint, "SELECT 1") == ((1,),)
            assert ask(cluster.proxy_endpoint, "SELECT 1") == ((1,),)  # by a connection it has
        until(lambda: serves(endpoint))


def test_the_proxy_queues_who_needs_a_connection_of_a_crowded_writer(cluster, faults):
    answers = []
    with contextlib.ExitStack() as stack, faults.too_many_connections():

        def begin():
            session = stack.enter_context(cluster.proxy_endpoint.connect(read_timeout=0.3))
            session.cursor().execute("BEGIN")

        # A transaction keeps its connection: at last none is left of those that the proxy had.
        with pytest.raises(pymysql.MySQLError):
            while True:
                begin()
        queued = threading.Thread(
            target=lambda: answers.append(ask(cluster.proxy_endpoint, "SELECT 2", **PATIENT))
        )
        queued.start()
        queued.join(0.3)
        assert answers == []
    queued.join(10)
    assert answers == [((2,),)]


@pytest.mark.parametrize("name", ["writer_endpoint", "proxy_endpoint"])
@pytest.mark.usefixtures("table")
def test_a_full_volume_takes_no_row_and_gives_those_that_it_has(cluster, faults, name):
    endpoint = getattr(cluster, name)
    ask(endpoint, "INSERT INTO t VALUES (1)")

    with faults.disk_full():
        assert refused(endpoint, "INSERT INTO t VALUES (2)") == 1114
        assert refused(endpoint, "UPDATE t SET k = 3") == 1114
        assert ask(endpoint, "SELECT k FROM t") == ((1,),)
        assert ask(endpoint, "CREATE TEMPORARY TABLE own (k INT)", "SELECT @@innodb_read_only") == (
            (0,),
        )
        assert refused(cluster.reader_endpoint, "INSERT INTO t VALUES (2)") in (1290, 1836)

    ask(endpoint, "INSERT INTO t VALUES (2)")
    assert ask(endpoint, "SELECT k FROM t ORDER BY k") == ((1,), (2,))


@pytest.mark.parametrize("name", ["writer_endpoint", "proxy_endpoint"])
@pytest.mark.usefixtures("table")
def test_slow_commits_are_late_and_nothing_else_is(cluster, faults, name):
    late = 0.4
    with (
        getattr(cluster, name).connect(autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1")

        def run(sql):
            return took(lambda: cursor.execute(sql))

        with faults.slow_commits("400ms"):
            assert run("INSERT INTO t VALUES (1)") >= late
            assert min(run("SELECT k FROM t") for _ in range(3)) < late
            assert min(run("BEGIN"), run("INSERT INTO t VALUES (2)")) < late
            assert run("COMMIT") >= late
        assert min(run(f"INSERT INTO t VALUES ({number})") for number in range(3, 6)) < late


@pytest.mark.usefixtures("table")
def test_a_transaction_keeps_its_locks_while_it_commits_slowly(cluster, faults):
    endpoint = cluster.writer_endpoint
    with (
        endpoint.connect(autocommit=False, **PATIENT) as first,
        endpoint.connect(autocommit=True, **PATIENT) as second,
    ):
        first.cursor().execute("INSERT INTO t VALUES (1)")
        second.cursor().execute("SET innodb_lock_wait_timeout = 1")
        with faults.slow_commits("1500ms"):
            commits = threading.Thread(target=first.commit)
            commits.start()
            with pytest.raises(pymysql.OperationalError) as caught:
                second.cursor().execute("SELECT k FROM t WHERE k = 1 FOR UPDATE")
            commits.join()
    assert caught.value.args[0] == 1205
    assert ask(endpoint, "SELECT k FROM t") == ((1,),)


@pytest.mark.usefixtures("table")
def test_a_commit_that_waits_when_its_writer_is_cut_is_never_made(cluster, faults):
    cluster.arm()  # so that the cut comes while the commit waits
    with cluster.writer_endpoint.connect(autocommit=False, **PATIENT) as connection:
        connection.cursor().execute("INSERT INTO t VALUES (1)")
        with faults.slow_commits("5s"):
            lost = []

            def commit():
                try:
                    connection.commit()
                except pymysql.MySQLError as error:
                    lost.append(error.args[0])

            waits = threading.Thread(target=commit)
            waits.start()
            cluster.fail_over()
            waits.join(10)
            cluster.rest()
    assert lost
    assert ask(cluster.audit_endpoint(), "SELECT k FROM t") == ()


def test_a_lock_storm_makes_writers_wait_until_it_ends(cluster, faults, table):
    endpoint = cluster.writer_endpoint
    ask(endpoint, "INSERT INTO t VALUES (1)")
    with faults.lock_storm(table):
        soon = "SET innodb_lock_wait_timeout = 1"
        assert refused(endpoint, soon, "INSERT INTO t VALUES (2)", **PATIENT) == 1205
        assert ask(endpoint, "SELECT k FROM t") == ((1,),)
    ask(endpoint, "INSERT INTO t VALUES (2)")


def test_a_rotated_secret_closes_the_old_password_to_new_connections_only(cluster, faults):
    before = cluster.writer_endpoint, cluster.proxy_endpoint
    with before[0].connect() as pooled:
        with faults.secret_rotation():
            pooled.cursor().execute("SELECT 1")
            assert [refused(endpoint, "SELECT 1") for endpoint in before] == [1045, 1045]
            for endpoint in (cluster.writer_endpoint, cluster.proxy_endpoint):
                assert ask(endpoint, "SELECT 1") == ((1,),)
        for endpoint in before:
            assert ask(endpoint, "SELECT 1") == ((1,),)


def test_a_cut_between_zones_hits_its_share_of_the_clients(cluster, faults):
    def served():
        try:
            ask(cluster.writer_endpoint, "SELECT 1", read_timeout=0.5, connect_timeout=0.5)
        except pymysql.MySQLError:
            return False
        return True

    with faults.zone_cut(cluster.writer_endpoint, share=1):
        assert not served()
    with faults.zone_cut(cluster.writer_endpoint):
        first = served()
        assert any(served() != first for _ in range(20))  # by chance not: one in a million
    assert served()


@pytest.mark.usefixtures("table")
def test_faults_of_several_kinds_overlap_and_end_alone(cluster, faults):
    endpoint = cluster.writer_endpoint
    with faults.disk_full():
        with faults.slow_commits("1ms"), faults.too_many_connections():
            assert refused(endpoint, "SELECT 1") == 1040
        assert refused(endpoint, "INSERT INTO t VALUES (1)") == 1114
    ask(endpoint, "INSERT INTO t VALUES (1)")


def test_what_cannot_be_is_said_at_once(cluster, faults):
    with (
        pytest.raises(SettingError, match="no instance 'instance-9'; did you mean"),
        faults.too_many_connections("instance-9"),
    ):
        pass
    for most in (-1, "3", True):
        with pytest.raises(SettingError, match="0 or more"), faults.too_many_connections(most=most):
            pass
    with pytest.raises(SettingError, match="not a duration"), faults.slow_commits("200"):
        pass
    for share in (1.5, 0, "half"):
        with (
            pytest.raises(SettingError, match="up to 1"),
            faults.zone_cut(cluster.writer_endpoint, share),
        ):
            pass
    with (
        pytest.raises(SettingError, match=r"rds_cluster\.writer_endpoint"),
        faults.zone_cut("writer"),
    ):
        pass
    ask(cluster.writer_endpoint, "SELECT 1")


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("name", ["writer_endpoint", "proxy_endpoint"])
def test_a_slow_commit_is_made_though_its_client_has_given_up(cluster, faults, name):
    with faults.slow_commits("3s"):
        assert refused(getattr(cluster, name), "INSERT INTO t VALUES (1)", read_timeout=0.2) == 2013
        until(lambda: ask(cluster.reader_endpoint, "SELECT k FROM t") == ((1,),))
