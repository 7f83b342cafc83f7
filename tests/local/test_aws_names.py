"""Endpoints under AWS's names: they lead where DNS says, for threads and for asyncio."""

import asyncio
import contextlib
import socket
import time

import aiomysql
import pytest
from region import described

from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.profiles.profiles import load_profile, parse_profile
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy

pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("local/aws_api")]

FLIP_FLOP = {
    "refused": "50ms", "promotion": "100ms",
    "dns": [["200ms", "200ms"], ["500ms", "500ms"], ["800ms", "800ms"]],
}  # fmt: skip


@pytest.fixture
def named(resting):
    with resting.aws_names("eu-west-1"):
        yield resting


def instance_at(endpoint):
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@aurora_server_id")
        return cursor.fetchone()[0]


async def instance_at_async(endpoint):
    connection = await aiomysql.connect(
        host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password,
        db=endpoint.database,
    )  # fmt: skip
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT @@aurora_server_id")
        (found,) = await cursor.fetchone()
    connection.close()
    return found


def address(cluster, instance):
    return cluster.network.places[instance].host


def test_each_name_leads_to_its_instance(named):
    assert named.writer_endpoint.host.startswith("rdsfailover.cluster-c")
    assert named.reader_endpoint.host.startswith("rdsfailover.cluster-ro-c")
    assert instance_at(named.writer_endpoint) == named.writer
    for name in named.instances:
        assert named.instance_endpoint(name).host.startswith(f"{name}.c")
        assert instance_at(named.instance_endpoint(name)) == name
        assert asyncio.run(instance_at_async(named.instance_endpoint(name))) == name
    assert {instance_at(named.reader_endpoint) for _ in range(12)} == set(named.readers)


def test_the_cluster_s_name_has_the_address_of_the_writer_itself(named):
    found = socket.gethostbyname(named.writer_endpoint.host)

    assert found == address(named, named.writer)
    assert found == socket.gethostbyname(named.instance_endpoint(named.writer).host)


def test_the_cluster_s_name_follows_a_failover(named):
    target = named.readers[0]
    named.fail_over(target)
    named.rest()

    assert socket.gethostbyname(named.writer_endpoint.host) == address(named, target)
    assert asyncio.run(instance_at_async(named.writer_endpoint)) == target


def test_names_are_gone_afterwards(resting):
    with resting.aws_names("eu-west-1"):
        host = resting.writer_endpoint.host
    assert resting.writer_endpoint.host == resting.network.places["cluster"].host
    assert "amazonaws" in host
    assert socket.getaddrinfo.__module__ == "socket"


@contextlib.contextmanager
def flipping(program, **more):
    from programs import network_for

    profile = parse_profile("test", FLIP_FLOP | more)
    with (
        LocalCluster(program, network_for(program), profile) as cluster,
        cluster.aws_names("eu-west-1"),
    ):
        yield cluster


def answers_during_a_failover(cluster):
    """Return the instances that the cluster's name led to, in order, each once per change."""
    by_address = {address(cluster, name): name for name in cluster.instances}

    def found():
        return by_address[socket.gethostbyname(cluster.writer_endpoint.host)]

    seen, over = [found()], False
    failover = cluster.fail_over()
    while not over:
        over = failover.settled()  # asked first, so that the last flip is seen, too
        now = found()
        seen += [now] if seen[-1] != now else []
        time.sleep(0.005)
    return seen


@pytest.mark.usefixtures("direct")
def test_the_record_flips_and_flops_as_the_profile_says(server_program):
    with flipping(server_program) as cluster:
        assert answers_during_a_failover(cluster) == [
            "instance-1", "instance-2", "instance-1", "instance-2",
        ]  # fmt: skip


@pytest.mark.usefixtures("direct")
def test_a_resolver_with_a_ttl_misses_a_short_flop(server_program):
    with flipping(server_program, dns_ttl="10s") as cluster:
        assert answers_during_a_failover(cluster) == ["instance-1"]


def test_an_api_that_was_first_asked_under_other_names_is_whole_at_home_afterwards(server_program):
    """Its process begins while the cluster has these names, and outlives them."""
    with LocalCluster(server_program, find_toxiproxy("builtin"), load_profile("quick")) as cluster:
        with cluster.aws_names("eu-west-1"):
            named = cluster.aws.client("rds")
            assert described(named)["DBClusterArn"].split(":")[3] == "eu-west-1"
        rds = cluster.aws.client("rds")
        arn = described(rds)["DBClusterArn"]
        assert arn.split(":")[3] == "us-east-2"
        made = rds.create_blue_green_deployment(BlueGreenDeploymentName="twin", Source=arn)
        assert made["BlueGreenDeployment"]["Source"] == arn
        with cluster.aws_names("eu-west-1"):
            cluster.aws.undo()
            assert described(rds)["DBClusterArn"] == arn  # for whoever has asked here before
