"""Which metrics CloudWatch shows, with which dimensions, of what the gateway counts."""

from dataclasses import replace

import pytest

from pytest_rdsfailover.local.aws_api.figures import points
from pytest_rdsfailover.local.gateway.proxy.stats import ProxyStats
from pytest_rdsfailover.local.gateway.views import ClusterFigures, InstanceFigures

STATS = ProxyStats(
    **dict.fromkeys(ProxyStats.__slots__, 0) | {"instances": (), "longest_wait": 0.0}
)
WRITER = InstanceFigures(id="a", writer=True, up=True, connections=0, commits=10, commit_time=1.0)
READER = InstanceFigures(id="b", writer=False, up=True, connections=0, commits=0, commit_time=0.0)
BEFORE = ClusterFigures(
    at=100.0,
    instances=[WRITER, READER],
    proxy={"proxy": STATS, "proxy-reader": STATS},
    replica_lag=0.018,
)
HOME = {"a": "home", "b": "home"}


def shown(now, *, clusters=HOME, before=BEFORE):
    """Return the value of each metric by its name and the values of its dimensions."""
    found = list(points(before, now, clusters))
    table = {(one.name, *one.dimensions.values()): one.value for one in found}
    return table, found


def test_an_instance_is_shown_by_itself_by_its_cluster_and_by_its_role():
    now = ClusterFigures(
        at=102.0, proxy={}, replica_lag=0.2,
        instances=[
            replace(WRITER, connections=7, commits=14, commit_time=1.5), replace(READER, connections=3),
        ],
    )  # fmt: skip
    table, found = shown(now)

    for who in (("a",), ("home", "WRITER")):
        assert table["DatabaseConnections", *who] == 7
        assert table["CommitThroughput", *who] == 2.0  # four in two seconds
        assert table["CommitLatency", *who] == 125.0  # milliseconds
        assert ("AuroraReplicaLag", *who) not in table
    for who in (("b",), ("home", "READER")):
        assert table["DatabaseConnections", *who] == 3
        assert table["AuroraReplicaLag", *who] == 200
        assert ("CommitLatency", *who) not in table
    of_cluster = [
        one.value for one in found
        if one.name == "DatabaseConnections" and one.dimensions == {"DBClusterIdentifier": "home"}
    ]  # fmt: skip
    assert of_cluster == [7, 3]
    assert {tuple(one.dimensions) for one in found} == {
        ("DBInstanceIdentifier",), ("DBClusterIdentifier",), ("DBClusterIdentifier", "Role"),
    }  # fmt: skip


def test_who_commits_nothing_waits_for_nothing():
    table, _ = shown(replace(BEFORE, at=101.0, proxy={}))

    assert (table["CommitLatency", "a"], table["CommitThroughput", "a"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("instances", "clusters"),
    [([replace(WRITER, up=False), READER], HOME), ([WRITER, READER], {"b": "home"})],
    ids=["down", "abroad"],
)
def test_an_instance_that_is_down_or_abroad_shows_nothing(instances, clusters):
    table, _ = shown(replace(BEFORE, at=101.0, instances=instances, proxy={}), clusters=clusters)

    assert {name[1] for name in table} == {"b", "home"}
    assert ("DatabaseConnections", "home", "WRITER") not in table


def test_the_proxy_is_shown_whole_and_by_endpoint_or_role():
    busy = replace(
        STATS, client_connections=9, database_connections=5, borrowed=4, pinned=2, borrows=20,
        most_connections=100, opened=6,
    )  # fmt: skip
    old = {"proxy": replace(STATS, borrows=12, opened=6), "proxy-reader": STATS}
    now = replace(BEFORE, at=101.0, proxy={"proxy": busy, "proxy-reader": STATS})
    table, _ = shown(now, before=replace(BEFORE, proxy=old))
    name = "rdsfailover-proxy"

    assert table["ClientConnections", name, name] == 9
    assert table["ClientConnections", name, f"{name}-reader"] == 0
    writers, readers = (name, "default", "READ_WRITE"), (name, "default", "READ_ONLY")
    assert table["DatabaseConnections", *writers] == 5
    assert table["DatabaseConnections", *readers] == 0
    assert table["DatabaseConnectionsCurrentlyBorrowed", *writers] == 4
    assert table["DatabaseConnectionsCurrentlySessionPinned", *writers] == 2
    assert table["MaxDatabaseConnectionsAllowed", *writers] == 100
    assert table["DatabaseConnectionRequests", *writers] == 8
    assert table["DatabaseConnectionsSetupSucceeded", *writers] == 0


def test_counts_that_a_new_test_has_begun_anew_are_no_negative_ones():
    old = {"proxy": replace(STATS, borrows=12), "proxy-reader": STATS}
    new = {"proxy": replace(STATS, borrows=3), "proxy-reader": STATS}
    table, _ = shown(replace(BEFORE, at=101.0, proxy=new), before=replace(BEFORE, proxy=old))

    name = "rdsfailover-proxy"
    assert table["DatabaseConnectionRequests", name, "default", "READ_WRITE"] == 3
