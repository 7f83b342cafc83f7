"""Readers that lag: what they show, when, and what else goes on."""

import time

import pymysql
import pytest
from waiting import until

from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.staleness import reads
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.mix import READ, WRITE
from pytest_rdsfailover.load.mixed import RowsWorkload
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.errors import SettingError

pytestmark = pytest.mark.local
LAG = 0.3


@pytest.fixture
def lagging(cluster):
    with cluster.writer_endpoint.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE lagged (k INT PRIMARY KEY, v INT)")
        cursor.execute("INSERT INTO lagged VALUES (0, 0)")
    cluster.reader_lag("300ms")
    yield cluster
    cluster.faults.mend()
    with cluster.audit_endpoint().connect(autocommit=True) as connection:
        connection.cursor().execute("DROP TABLE lagged")


@pytest.fixture
def writer(lagging):
    with lagging.writer_endpoint.connect(autocommit=True) as connection:
        yield connection.cursor()


@pytest.fixture
def reader(lagging):
    with lagging.reader_endpoint.connect(autocommit=True) as connection:
        yield connection.cursor()


@pytest.fixture(params=["reader_endpoint", "proxy_reader_endpoint"])
def endpoint(lagging, request):
    """Each endpoint that leads to readers only."""
    return getattr(lagging, request.param)


def keys(cursor):
    cursor.execute("SELECT k FROM lagged ORDER BY k")
    return [key for (key,) in cursor.fetchall()]


def write(cursor, key):
    """Commit a row; return when that was acknowledged."""
    cursor.execute("INSERT INTO lagged VALUES (%s, 0)", (key,))
    return time.monotonic()


def test_a_commit_is_invisible_for_the_lag_and_visible_soon_after_it(writer, endpoint):
    with endpoint.connect(autocommit=True) as connection:
        reader = connection.cursor()
        keys(reader)
        committed = write(writer, 1)
        assert keys(reader) == [0]
        until(lambda: keys(reader) == [0, 1])
        assert time.monotonic() - committed >= LAG


def test_who_reads_its_own_write_from_a_reader_does_not_find_it(writer, lagging):
    """The bug that lag is for: an application writes here and reads there, on a new connection."""
    write(writer, 1)
    with lagging.reader_endpoint.connect(autocommit=True) as connection:
        assert keys(connection.cursor()) == [0]


def test_a_text_with_an_address_lags_and_a_user_variable_is_the_sessions_own(writer, reader):
    reader.execute("SET @least = 0")
    write(writer, 1)
    reader.execute("SELECT COUNT(*) FROM lagged WHERE 'a@b;c' <> '/*'")
    assert reader.fetchone() == (1,)
    reader.execute("SELECT COUNT(*) FROM lagged WHERE k >= @least")
    assert reader.fetchone() == (2,)


def test_a_transaction_reads_one_moment_and_the_next_one_another(writer, endpoint):
    with endpoint.connect(autocommit=False) as connection:
        cursor = connection.cursor()
        keys(cursor)
        write(writer, 1)
        time.sleep(2 * LAG)
        assert keys(cursor) == [0]
        connection.commit()
        assert keys(cursor) == [0, 1]


def test_reads_by_read_committed_see_each_commit_in_its_time(writer, lagging):
    with lagging.reader_endpoint.connect(autocommit=False) as connection:
        cursor = connection.cursor()
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        write(writer, 1)
        assert keys(cursor) == [0]
        until(lambda: keys(cursor) == [0, 1])


def test_a_read_is_answered_in_the_state_of_its_session(reader):
    reader.execute("SET SESSION time_zone = '+05:00', sql_mode = 'ANSI_QUOTES'")
    reader.execute('SELECT FROM_UNIXTIME(0), COUNT(*) FROM "lagged"')
    assert str(reader.fetchone()[0]) == "1970-01-01 05:00:00"


def test_a_change_of_a_table_on_the_writer_waits_for_no_reader(writer, reader, lagging):
    writer.execute("SET SESSION lock_wait_timeout = 1")
    with lagging.reader_endpoint.connect(autocommit=False) as connection:
        in_transaction = connection.cursor()
        keys(in_transaction)
        keys(reader)
        writer.execute("ALTER TABLE lagged ADD COLUMN w INT DEFAULT 7, ALGORITHM=COPY")
        reader.execute("SELECT w FROM lagged")
        assert reader.fetchall() == ((7,),)
        assert keys(in_transaction) == [0]


def test_a_read_that_fails_says_why_and_the_next_one_works(reader):
    with pytest.raises(pymysql.MySQLError) as caught:
        reader.execute("SELECT nothing FROM lagged")
    assert caught.value.args[0] == 1054
    assert keys(reader) == [0]


def test_a_write_on_a_reader_is_refused_as_ever(reader):
    keys(reader)
    with pytest.raises(pymysql.MySQLError) as caught:
        write(reader, 1)
    assert caught.value.args[0] in (1290, 1836)
    assert keys(reader) == [0]


def test_a_temporary_table_is_the_sessions_own(reader):
    keys(reader)
    reader.execute("CREATE TEMPORARY TABLE own (k INT)")
    reader.execute("SELECT COUNT(*) FROM own")
    assert reader.fetchone() == (0,)


def test_after_a_failover_the_new_writer_shows_the_present_and_the_new_reader_lags(lagging):
    promoted, demoted = lagging.readers[0], lagging.writer
    with lagging.instance_endpoint(promoted).connect(autocommit=True) as connection:
        keys(connection.cursor())
    lagging.fail_over(target=promoted)
    lagging.rest()
    with (
        lagging.instance_endpoint(promoted).connect(autocommit=True) as new,
        lagging.instance_endpoint(demoted).connect(autocommit=True) as old,
    ):
        write(new.cursor(), 1)
        assert keys(new.cursor()) == [0, 1]
        assert keys(old.cursor()) == [0]
        until(lambda: keys(old.cursor()) == [0, 1])


def test_without_lag_nothing_is_kept_and_a_reader_shows_each_commit_at_once(
    writer, reader, lagging
):
    time.sleep(1.5 * LAG)
    with_lag = sessions(lagging)
    lagging.faults.mend()
    write(writer, 1)
    assert keys(reader) == [0, 1]
    until(lambda: sessions(lagging) <= with_lag - 3)


def sessions(cluster):
    """Return how many sessions the application has in the real server."""
    with cluster.audit_endpoint().connect() as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s",
            (cluster.writer_endpoint.user,),
        )
        return cursor.fetchone()[0]


def test_the_staleness_of_a_load_is_the_lag(lagging):
    journal, policy = Journal("lag", 2), ReconnectPolicy(bounds=Bounds(connect=1, read=5, write=5))
    writer = lagging.writer_endpoint
    workload = RowsWorkload(writer, journal.run, {WRITE: 1, READ: 1}, lagging.reader_endpoint)
    workload.create(writer)
    try:
        with ThreadLoad(workload, journal, rate=100, policy=policy):
            time.sleep(4 * LAG)
    finally:
        workload.drop(writer)
    seen = reads(journal, series_of(journal))
    assert seen.stale > 0
    assert seen.staleness.upper >= LAG


def test_the_topology_table_tells_the_lag(reader):
    reader.execute(
        "SELECT MAX(REPLICA_LAG_IN_MILLISECONDS), MIN(REPLICA_LAG_IN_MILLISECONDS)"
        " FROM information_schema.replica_host_status"
    )
    assert reader.fetchone() == (300, 0)


def test_a_lag_that_is_no_duration_is_refused(cluster):
    with pytest.raises(SettingError, match="soon"):
        cluster.reader_lag("soon")
