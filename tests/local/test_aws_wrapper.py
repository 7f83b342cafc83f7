"""AWS's own Python driver takes a local cluster for Aurora: its real package, unmodified.

Its arguments are those of production: a host name, no pattern, no dialect.
"""

import asyncio
import threading
import time

import aiomysql
import pytest
from aws_advanced_python_wrapper.aio import AsyncAwsWrapperConnection, release_resources_async
from aws_advanced_python_wrapper.errors import (
    FailoverSuccessError,
    TransactionResolutionUnknownError,
)
from wrapper_sessions import (
    MARKS,
    WITHIN,
    ask,
    connect,
    forgetting,
    instance_of,
    until_failed_over,
)

pytestmark = MARKS


@pytest.fixture
def named(resting):
    """The cluster under names that the wrapper, which caches by name, has never seen."""
    with resting.aws_names("eu-west-1"), forgetting():
        yield resting


@pytest.fixture
def table(resting):
    with resting.audit_endpoint().connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS wrapped (id INT)")
        cursor.execute("TRUNCATE wrapped")
    yield "wrapped"
    resting.rest()
    with resting.audit_endpoint().connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE wrapped")


def test_it_detects_aurora_and_learns_the_topology(named):
    with connect(named, plugins="failover_v2") as connection:
        service = connection._plugin_service
        service.force_refresh_host_list()

        assert type(service.database_dialect).__name__ == "AuroraMysqlDialect"
        hosts = {host.host: host.role.name for host in service.all_hosts}
    assert hosts == {
        named.instance_endpoint(name).host: "WRITER" if name == named.writer else "READER"
        for name in named.instances
    }


@pytest.mark.parametrize("plugins", ["failover_v2", "failover", None], ids=["v2", "v1", "default"])
def test_it_follows_a_failover(named, table, plugins):
    options = {} if plugins is None else {"plugins": plugins}
    with connect(named, **options) as connection:
        assert instance_of(connection) == named.writer
        target = named.readers[0]
        named.fail_over(target)
        until_failed_over(connection)

        assert instance_of(connection) == target
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} VALUES (1)")
        assert ask(connection, f"SELECT COUNT(*) FROM {table}") == 1


@pytest.mark.one_server
def test_an_open_transaction_is_reported_as_undecided(named, table):
    with connect(named, plugins="failover_v2") as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} VALUES (1)")
        named.fail_over(named.readers[0])
        with pytest.raises(TransactionResolutionUnknownError):
            while True:
                ask(connection, "SELECT 1")
                time.sleep(0.01)
        assert ask(connection, f"SELECT COUNT(*) FROM {table}") == 0
        connection.rollback()


@pytest.mark.one_server
def test_read_write_splitting_goes_to_a_reader_and_back(named):
    with connect(named, plugins="read_write_splitting,failover_v2") as connection:
        assert instance_of(connection) == named.writer
        connection.read_only = True
        reader = instance_of(connection)
        connection.read_only = False

        assert reader in named.readers
        assert instance_of(connection) == named.writer


@pytest.mark.one_server
def test_read_write_splitting_survives_a_failover(named):
    with connect(named, plugins="read_write_splitting,failover_v2") as connection:
        target = named.readers[0]
        named.fail_over(target)
        until_failed_over(connection)
        assert instance_of(connection) == target
        connection.read_only = True
        assert instance_of(connection) != target
        connection.read_only = False
        assert instance_of(connection) == target


@pytest.mark.one_server
def test_a_new_connection_behind_stale_dns_still_lands_on_the_writer(named):
    target = named.readers[0]
    with connect(named, plugins="initial_connection,failover_v2") as first:
        instance_of(first)
        named.fail_over(target, profile="stuck-pool")
        while named.writer != target:
            time.sleep(0.01)
        until_failed_over(first)
        with connect(named, plugins="initial_connection,failover_v2") as second:
            assert instance_of(second) == target


async def connect_async(endpoint, **options):
    return await AsyncAwsWrapperConnection.connect(
        aiomysql.connect,
        host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password,
        db=endpoint.database, autocommit=True, connect_timeout=3,
        failover_timeout_sec=WITHIN, **options,
    )  # fmt: skip


async def ask_async(connection, query):
    cursor = connection.cursor()
    await cursor.execute(query)
    row = await cursor.fetchone()
    await cursor.close()
    return row[0]


@pytest.mark.one_server
@pytest.mark.parametrize("plugins", ["failover_v2", "failover", None], ids=["v2", "v1", "default"])
def test_its_async_half_follows_a_failover(named, plugins):
    async def run():
        options = {} if plugins is None else {"plugins": plugins}
        endpoint = named.writer_endpoint
        if plugins is None:
            # Through the cluster's name its connection tracker 3.1.0 takes the first look at the
            # topology for a change of writer and closes the very connection that it was made for.
            endpoint = named.instance_endpoint(named.writer)
        connection = await connect_async(endpoint, **options)
        try:
            assert await ask_async(connection, "SELECT @@aurora_server_id") == named.writer
            target = named.readers[0]
            named.fail_over(target)
            async with asyncio.timeout(WITHIN):
                with pytest.raises(FailoverSuccessError):
                    while True:
                        await ask_async(connection, "SELECT 1")
                        await asyncio.sleep(0.01)
            assert await ask_async(connection, "SELECT @@aurora_server_id") == target
        finally:
            await connection.close()
            await release_resources_async()

    asyncio.run(run())


@pytest.mark.one_server
def test_host_monitoring_notices_a_host_that_falls_silent(named):
    async def run():
        connection = await connect_async(
            named.writer_endpoint,
            plugins="failover_v2,host_monitoring_v2",
            failure_detection_time_ms=1000,
            failure_detection_interval_ms=500,
            failure_detection_count=2,
        )
        try:
            target = named.readers[0]
            await ask_async(connection, "SELECT 1")
            threading.Timer(0.2, named.fail_over, (target, "host-loss")).start()
            started = time.monotonic()
            async with asyncio.timeout(WITHIN):
                with pytest.raises(FailoverSuccessError):
                    await ask_async(connection, "SELECT SLEEP(60)")
            assert time.monotonic() - started < WITHIN / 2
            assert await ask_async(connection, "SELECT @@aurora_server_id") == target
        finally:
            await connection.close()
            await release_resources_async()

    asyncio.run(run())
