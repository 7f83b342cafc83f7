"""Plugins of AWS's own Python driver that need more than a topology: its real package, unmodified."""

from dataclasses import replace

import pytest
from aws_advanced_python_wrapper.custom_endpoint_plugin import CustomEndpointMonitor
from programs import network_for
from wrapper_sessions import (
    MARKS,
    ask,
    connect,
    forgetting,
    instance_of,
    until_failed_over,
)

from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.profiles.profiles import load_profile

pytest.importorskip("moto")
pytest.importorskip("flask")
pytestmark = [*MARKS, pytest.mark.one_server]

HOME, ABROAD, ABROAD_ID = "eu-west-1", "us-west-2", "instance-3"


@pytest.fixture
def named(resting):
    """The cluster under names that the wrapper, which caches by name, has never seen."""
    with resting.aws_names(HOME), forgetting():
        yield resting


def test_endpoints_split_reads_and_writes_before_and_after_a_failover(named):
    options = {
        "plugins": "srw",
        "srw_write_endpoint": named.writer_endpoint.host,
        "srw_read_endpoint": named.reader_endpoint.host,
    }
    for _ in range(2):
        with connect(named, **options) as connection:
            assert instance_of(connection) == named.writer
            connection.read_only = True
            assert instance_of(connection) in named.readers
            connection.read_only = False
            assert instance_of(connection) == named.writer
        named.fail_over(named.readers[0])
        named.rest()


@pytest.fixture
def reports(named, monkeypatch):
    """A custom endpoint that leads to one of the readers."""
    for name, value in named.aws.environment().items():
        monkeypatch.setenv(name, value)
    rds = named.aws.client("rds")
    made = rds.create_db_cluster_endpoint(
        DBClusterIdentifier="rdsfailover", DBClusterEndpointIdentifier="reports",
        EndpointType="ANY", StaticMembers=[named.readers[0]],
    )  # fmt: skip
    yield replace(named.writer_endpoint, host=made["Endpoint"])
    named.aws.undo()


def test_a_custom_endpoint_says_between_which_instances_the_driver_may_choose(named, reports):
    assert ".cluster-custom-c" in reports.host
    with connect(
        named, reports, plugins="custom_endpoint,read_write_splitting,failover_v2"
    ) as connection:
        assert instance_of(connection) == named.readers[0]
        known = CustomEndpointMonitor._custom_endpoint_info_cache.get(reports.host)
        assert known.static_members == {named.readers[0]}
        service = connection._plugin_service
        service.force_refresh_host_list()
        hosts = {host.host for host in service.hosts}
        assert hosts == {named.instance_endpoint(named.readers[0]).host}


@pytest.fixture(scope="module")
def world(server_program, shared_moto):
    """A global database: two instances at home, the third in another region."""
    with LocalCluster(
        server_program,
        network_for(server_program),
        load_profile("quick"),
        instances=3,
        abroad=1,
        shared_moto=shared_moto,
    ) as cluster:
        yield cluster


@pytest.fixture
def spanning(world):
    """It, under names of both regions, with the writer at home."""
    with world.aws_names(HOME) as names, forgetting():
        yield world, names
        world.rest()
        if world.writer == ABROAD_ID:
            switch_over(world, HOME, "rdsfailover")
            world.rest()


def fail_over_at_home(world):
    """Let the writer move within its region."""
    world.fail_over(next(name for name in world.readers if name != ABROAD_ID))


def switch_over(world, region=ABROAD, cluster="rdsfailover-abroad"):
    """Let the writer move to another region, where this is the cluster."""
    world.aws.client("rds").switchover_global_cluster(
        GlobalClusterIdentifier="rdsfailover-global",
        TargetDbClusterIdentifier=f"arn:aws:rds:{region}:123456789012:cluster:{cluster}",
    )


def globally(world, names, **options):
    """Connect by the global writer endpoint."""
    domain = names.account
    patterns = [f"{region}:?.{domain}.{region}.rds.amazonaws.com" for region in (HOME, ABROAD)]
    return connect(
        world, replace(world.writer_endpoint, host=names.host("global")), plugins="gdb_failover",
        global_cluster_instance_host_patterns=",".join(patterns), failover_home_region=HOME,
        cluster_id=domain, **options,
    )  # fmt: skip


@pytest.mark.parametrize("moves", [fail_over_at_home, switch_over], ids=["home", "abroad"])
def test_the_driver_follows_the_writer_from_region_to_region(spanning, moves):
    world, names = spanning
    with globally(world, names) as connection:
        dialect = connection._plugin_service.database_dialect
        assert type(dialect).__name__ == "GlobalAuroraMysqlDialect"
        before = instance_of(connection)
        moves(world)
        until_failed_over(connection)
        world.rest()
        assert instance_of(connection) == world.writer != before
        assert (world.writer == ABROAD_ID) == (moves is switch_over)
        assert ask(connection, "SELECT @@innodb_read_only") == 0


def test_the_tables_of_a_global_database_tell_its_regions_on_every_instance(spanning):
    world, _ = spanning
    for name in world.instances:
        with world.instance_endpoint(name).connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT aws_region, rpo_lag_in_milliseconds FROM"
                " information_schema.aurora_global_db_status ORDER BY 1"
            )
            assert cursor.fetchall() == ((HOME, 0.0), (ABROAD, 18.0))
            cursor.execute(
                "SELECT server_id, session_id = 'MASTER_SESSION_ID', aws_region FROM"
                " information_schema.aurora_global_db_instance_status ORDER BY 1"
            )
            assert cursor.fetchall() == (
                ("instance-1", world.writer == "instance-1", HOME),
                ("instance-2", world.writer == "instance-2", HOME),
                (ABROAD_ID, 0, ABROAD),
            )


def test_the_aws_api_shows_the_global_writer_endpoint(spanning):
    world, names = spanning
    (found,) = world.aws.client("rds").describe_global_clusters()["GlobalClusters"]
    assert found["Endpoint"] == names.host("global")
    assert names.host("global") == f"rdsfailover.global-{names.account}.global.rds.amazonaws.com"
