"""The same writes by the plain driver and by AWS's wrapper around it: how long is each without?"""

import mysql.connector
import pytest
from aws_advanced_python_wrapper import AwsWrapperConnection, release_resources
from aws_advanced_python_wrapper.errors import FailoverSuccessError

DRIVERS = {
    "plain": mysql.connector.connect,
    "wrapper": lambda **options: AwsWrapperConnection.connect(
        mysql.connector.connect, plugins="failover_v2", **options
    ),
}


class Writer:
    """Writes on one connection; after an error that the driver did not handle, on a new one."""

    def __init__(self, connect, endpoint):
        self._connect, self._endpoint, self._connection = connect, endpoint, None

    def write(self, key):
        if self._connection is None:
            self._connection = self._connect(
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
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("INSERT INTO wrapped VALUES (%s)", (key,))
        except FailoverSuccessError:  # it leads to the new writer already
            raise
        except mysql.connector.Error:
            self.close()
            raise

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@pytest.fixture
def stored(rds_cluster):
    """Return all keys that are in the table."""

    def query(sql):
        with rds_cluster.audit_endpoint().connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [key for (key,) in cursor.fetchall()]

    query("CREATE TABLE IF NOT EXISTS wrapped (reference VARCHAR(64))")
    yield lambda: query("SELECT reference FROM wrapped")
    release_resources()


@pytest.mark.rds_trials(6)
@pytest.mark.rds_profile("stuck-pool")  # DNS lags a second and a half behind the new writer
@pytest.mark.rds_aws_names("eu-west-1")
@pytest.mark.parametrize("driver", DRIVERS)
def test_downtime(rds_trials, rds_cluster, stored, driver):
    trials = rds_trials(
        rds_cluster.writer_endpoint,
        workload=lambda key, writer: writer.write(key),
        setup=lambda: Writer(DRIVERS[driver], rds_cluster.writer_endpoint),
        teardown=Writer.close,
        stored=stored,
        writers=4,
        rate=100,
    )

    trials.expect(lost=0, duplicated=0, stuck_writers=0)
