"""A topology-aware driver is back as soon as the new writer is, whatever DNS says."""

import time

import mysql.connector
import pytest
from aws_advanced_python_wrapper import AwsWrapperConnection, release_resources
from aws_advanced_python_wrapper.errors import FailoverSuccessError


@pytest.fixture
def connection(rds_cluster):
    endpoint = rds_cluster.writer_endpoint
    with AwsWrapperConnection.connect(
        mysql.connector.connect,
        host=endpoint.host,
        port=endpoint.port,
        user=endpoint.user,
        password=endpoint.password,
        database=endpoint.database,
        plugins="failover_v2",
        use_pure=True,  # its C part would resolve names by itself
        autocommit=True,
        collation="utf8mb4_general_ci",  # known to MariaDB, too
        connect_timeout=3,
        socket_timeout=5,
    ) as connection:
        yield connection
    release_resources()


def instance_of(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@aurora_server_id")
        return cursor.fetchone()[0]


def keep_asking(connection):
    while True:
        instance_of(connection)
        time.sleep(0.01)


@pytest.mark.rds_aws_names("eu-west-1")
def test_the_wrapper_follows_the_writer(rds_cluster, rds_failover, connection):
    target = rds_cluster.readers[0]
    assert instance_of(connection) == rds_cluster.writer

    rds_failover(target, wait=False)
    with pytest.raises(FailoverSuccessError):
        keep_asking(connection)

    assert instance_of(connection) == target
