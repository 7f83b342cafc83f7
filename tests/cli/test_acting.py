"""What is done to a standing cluster from the shell or by an AWS SDK, and what is said of it."""

import json
import signal
import sys
import time

import pymysql
import pytest
from commands import done, new_name, started
from waiting import until

from pytest_rdsfailover.aws.client import make_client
from pytest_rdsfailover.cli.main import main
from pytest_rdsfailover.local.aws_api.client import can_start
from pytest_rdsfailover.local.standing.registry import Registry
from pytest_rdsfailover.local.standing.visitor import VisitedCluster

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]
SLOW = 300  # milliseconds that a toxic adds


@pytest.fixture(scope="module")
def name():
    """A cluster of three that stands for all tests of this module."""
    name = new_name()
    with started("up", "--name", name, "--json", "--instances", "3", "--seed", "7") as process:
        process.line()
        yield name


@pytest.fixture
def cluster(name):
    with VisitedCluster(Registry().find(name)) as cluster:
        yield cluster
        cluster.rest()


def said(*arguments):
    """Return what a command says that has done what it was told."""
    ended = done(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.splitlines()


def test_a_failover_is_told_to_its_end_and_again_as_events(name, cluster):
    target = next(each for each in cluster.description.instances if each != cluster.writer)
    before = len(cluster.failovers)
    told = [
        json.loads(line) for line in said("failover", "--name", name, "--target", target, "--json")
    ]

    assert cluster.writer == target
    names = [each["name"] for each in told]
    assert (names[0], names[-1]) == ("trigger", "over")
    assert names.index("writer_cut") < names.index("promoted") < names.index("dns_flip")
    assert [each["after"] for each in told] == sorted(each["after"] for each in told)
    assert {each["failover"] for each in told} == {before + 1}
    again = [json.loads(line) for line in said("events", "--name", name, "--json")]
    assert [each["name"] for each in again if each["failover"] == before + 1] == names
    assert json.loads(said("status", "--name", name, "--json")[0])["writer"] == target


def test_a_milestone_is_told_when_it_happens_and_not_at_the_end(name, cluster):
    with started("events", "--name", name, "--json", "--follow") as follower:
        for _ in range(sum(2 + len(each.milestones()) - 1 for each in cluster.failovers)):
            follower.line()  # what was before
        failover = cluster.fail_over(seed=1)
        assert json.loads(follower.line())["name"] == "trigger"
        assert not failover.settled()
        follower.popen.send_signal(signal.SIGINT)
        _, said_of_it = follower.popen.communicate(timeout=20)
        assert (follower.popen.returncode, said_of_it) == (130, "")


@pytest.mark.skipif(not can_start(), reason="needs the extra aws")
def test_an_aws_sdk_fails_it_over_through_the_endpoint_url(cluster):
    rds = make_client(cluster.description.aws, "rds")
    before, writer = len(cluster.failovers), cluster.writer
    rds.failover_db_cluster(DBClusterIdentifier=cluster.description.identifier)

    until(cluster.failovers[-1].settled)
    assert len(cluster.failovers) == before + 1
    (found,) = rds.describe_db_clusters()["DBClusters"]
    writers = [m["DBInstanceIdentifier"] for m in found["DBClusterMembers"] if m["IsClusterWriter"]]
    assert writers == [cluster.writer] != [writer]


def test_a_toxic_slows_an_endpoint_until_it_is_removed(name, cluster):
    def taken():
        begun = time.monotonic()
        connect(cluster, "writer").close()
        return time.monotonic() - begun

    line = said("toxic", "--name", name, "writer", f"latency={SLOW}ms")
    assert line == [f"writer: latency_downstream latency={SLOW} jitter=0"]
    assert taken() >= SLOW / 1000
    assert said("status", "--name", name)[-2] == line[0]
    said("toxic", "--name", name, "writer", "latency=1")  # in place of the first
    assert said("toxic", "--name", name, "writer", "latency", "off") == ["writer: no toxic"]


def test_an_endpoint_that_is_down_refuses_until_it_is_up(name, cluster):
    assert said("toxic", "--name", name, "reader", "down") == ["reader: refuses connections"]
    with pytest.raises(pymysql.err.OperationalError) as refused:
        connect(cluster, "reader")
    assert refused.value.args[0] == 2003
    said("toxic", "--name", name, "reader", "up")
    connect(cluster, "reader").close()


def test_pinned_sessions_are_told_with_their_reason(name, cluster):
    endpoint = cluster.endpoint("proxy")
    assert said("pins", "--name", name) == ["no session is pinned"]
    with endpoint.connect() as connection:
        connection.cursor().execute("SET @pinned = 1")
        (line,) = said("pins", "--name", name)
    assert "user variable" in line
    assert "SET @pinned = 1" in line


def connect(cluster, called):
    return cluster.endpoint(called).connect()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["failover", "--profile", "auora"], "did you mean 'aurora'?"),
        (["failover", "--target", "instance-33"], "did you mean 'instance-3'?"),
        (["toxic", "wirter", "latency=1"], "did you mean 'writer'?"),
        (["toxic", "writer", "latnecy=1"], "did you mean 'latency'?"),
        (["env", "--endpoint", "instance-4"], "did you mean 'instance-3'?"),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest_that_is(
    name, cluster, capsys, arguments, hint
):
    before = len(cluster.failovers)

    assert main([*arguments[:1], "--name", name, *arguments[1:]]) == 2
    assert hint in capsys.readouterr().err
    assert len(cluster.failovers) == before
