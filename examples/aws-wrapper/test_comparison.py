"""The same writes by the plain driver and by AWS's wrapper around it: how long is each without?"""

import contextlib
import threading

import mysql.connector
import pytest
from aws_advanced_python_wrapper import AwsWrapperConnection, release_resources
from aws_advanced_python_wrapper.errors import FailoverSuccessError

DRIVERS = {
    "plain": lambda **options: mysql.connector.connect(read_timeout=3, **options),
    "wrapper": lambda **options: AwsWrapperConnection.connect(
        mysql.connector.connect, plugins="failover_v2", socket_timeout=3, **options
    ),
}


class Connections:
    """One connection for each writer; it outlives a failover that the driver has handled."""

    def __init__(self, connect, endpoint):
        self._connect, self._endpoint, self._mine = connect, endpoint, threading.local()
        self.opened = []

    def mine(self):
        """Return the writer's connection: the one that it has, or a new one."""
        if getattr(self._mine, "connection", None) is None:
            self._mine.connection = self._connect(
                host=self._endpoint.host,
                port=self._endpoint.port,
                user=self._endpoint.user,
                password=self._endpoint.password,
                database=self._endpoint.database,
                use_pure=True,
                autocommit=True,
                collation="utf8mb4_general_ci",
                connect_timeout=3,
            )
            self.opened.append(self._mine.connection)
        return self._mine.connection

    def write(self, key, _):
        connection = self.mine()  # a new one, if the last write has lost it
        try:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO wrapped VALUES (%s)", (key,))
        except FailoverSuccessError:  # it leads to the new writer already
            raise
        except Exception:
            self._mine.connection = None
            close(connection)
            raise


def close(connection):
    with contextlib.suppress(Exception):  # it may be dead already
        connection.close()


@pytest.fixture
def stored(rds_cluster):
    """Return all keys that are in the table."""

    def query(sql):
        with rds_cluster.audit_endpoint().connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [key for (key,) in cursor.fetchall()]

    query("CREATE TABLE IF NOT EXISTS wrapped (reference VARCHAR(64))")
    return lambda: query("SELECT reference FROM wrapped")


@pytest.fixture
def connections(rds_cluster, driver):
    made = Connections(DRIVERS[driver], rds_cluster.writer_endpoint)
    yield made
    for connection in made.opened:
        close(connection)
    release_resources()


# Neither driver closes every socket that it gives up.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.rds_profile("stuck-pool")  # DNS lags a second and a half behind the new writer
@pytest.mark.rds_aws_names("eu-west-1")
@pytest.mark.parametrize("driver", DRIVERS)  # what the connections are made by
def test_downtime(rds_trials, rds_cluster, connections, stored):
    trials = rds_trials(
        rds_cluster.writer_endpoint,
        workload=connections.write,
        setup=connections.mine,
        stored=stored,
        writers=4,
        rate=100,
    )

    trials.expect(lost=0, duplicated=0, stuck_writers=0)
