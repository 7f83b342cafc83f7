"""Sessions of AWS's own Python driver, and how it is made to forget what it caches for the whole process."""

import gc
import time
from contextlib import contextmanager

import mysql.connector
import pytest
from aws_advanced_python_wrapper import AwsWrapperConnection, release_resources
from aws_advanced_python_wrapper.database_dialect import DatabaseDialectManager
from aws_advanced_python_wrapper.errors import FailoverSuccessError
from aws_advanced_python_wrapper.plugin_service import PluginServiceImpl
from aws_advanced_python_wrapper.utils.rds_utils import RdsUtils

MARKS = [
    pytest.mark.local,
    # The wrapper leaves its monitors' sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
WITHIN = 20.0  # seconds in which the wrapper must be done with a failover of half a second


@contextmanager
def forgetting():
    """Let the wrapper forget afterwards what it has learnt in the block."""
    yield
    release_resources()
    PluginServiceImpl._host_availability_expiring_cache.clear()
    DatabaseDialectManager._known_endpoint_dialects.clear()
    RdsUtils.clear_cache()
    gc.collect()  # here its forgotten sockets may be complained about


def connect(cluster, endpoint=None, **options):
    endpoint = endpoint or cluster.writer_endpoint
    return AwsWrapperConnection.connect(
        mysql.connector.connect,
        host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password,
        database=endpoint.database, use_pure=True, autocommit=True,
        collation="utf8mb4_general_ci", connect_timeout=3, socket_timeout=5,
        failover_timeout_sec=WITHIN, **options,
    )  # fmt: skip


def ask(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def instance_of(connection):
    return ask(connection, "SELECT @@aurora_server_id")


def until_failed_over(connection):
    """Ask until the wrapper says that it has failed over."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        try:
            ask(connection, "SELECT 1")
        except FailoverSuccessError:
            return
        time.sleep(0.01)
    pytest.fail("the wrapper never failed over")
