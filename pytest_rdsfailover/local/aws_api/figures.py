"""What CloudWatch shows of a cluster and its proxy under `AWS/RDS`, from what the gateway counts. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pytest_rdsfailover.local.aws_api.proxies import PROXY, PROXY_READER, ROLES
from pytest_rdsfailover.local.gateway.proxy.stats import ProxyStats
from pytest_rdsfailover.local.gateway.views import ClusterFigures, InstanceFigures

Dimensions = Mapping[str, str]
COUNT, MILLISECONDS, PER_SECOND = "Count", "Milliseconds", "Count/Second"
GROUP = "default"
# The proxy's endpoints as the gateway, their names and the roles of their targets as AWS has them.
ENDPOINTS = {"proxy": (PROXY, ROLES["writer"]), "proxy-reader": (PROXY_READER, ROLES["reader"])}


class Point(NamedTuple):
    """One value of one metric."""

    name: str
    dimensions: Dimensions
    value: float
    unit: str = COUNT


def points(
    before: ClusterFigures, now: ClusterFigures, clusters: Mapping[str, str]
) -> Iterator[Point]:
    """Return what is to be shown of the time between two moments.

    Args:
        before: the figures of the first.
        now: those of the second.
        clusters: the identifier of the cluster of each instance; of others nothing is shown.
    """
    span = now.at - before.at
    for old, new in zip(before.instances, now.instances, strict=True):
        if new.up and new.id in clusters:
            yield from _of_instance(old, new, span, clusters[new.id], now.replica_lag)
    for name, stats in now.proxy.items():
        yield from _of_proxy(name, before.proxy[name], stats)


def _of_instance(
    old: InstanceFigures, new: InstanceFigures, span: float, cluster: str, lag: float
) -> Iterator[Point]:
    commits, role = new.commits - old.commits, "WRITER" if new.writer else "READER"
    shown: list[tuple[str, float, str]] = [("DatabaseConnections", new.connections, COUNT)]
    if new.writer:
        latency = 1e3 * (new.commit_time - old.commit_time) / commits if commits else 0.0
        shown += [
            ("CommitThroughput", commits / span, PER_SECOND),
            ("CommitLatency", latency, MILLISECONDS),
        ]
    else:
        shown.append(("AuroraReplicaLag", 1e3 * lag, MILLISECONDS))
    owner = {"DBClusterIdentifier": cluster}
    for name, value, unit in shown:
        for dimensions in ({"DBInstanceIdentifier": new.id}, owner, {**owner, "Role": role}):
            yield Point(name, dimensions, value, unit)


def _of_proxy(name: str, old: ProxyStats, new: ProxyStats) -> Iterator[Point]:
    endpoint, role = ENDPOINTS[name]
    whole = {"ProxyName": PROXY}
    yield from (
        Point("ClientConnections", dimensions, new.client_connections)
        for dimensions in (whole, {**whole, "EndpointName": endpoint})
    )
    shown = {
        "DatabaseConnections": new.database_connections,
        "DatabaseConnectionsCurrentlyBorrowed": new.borrowed,
        "DatabaseConnectionsCurrentlySessionPinned": new.pinned,
        "MaxDatabaseConnectionsAllowed": new.most_connections,
        "DatabaseConnectionRequests": _since(old.borrows, new.borrows),
        "DatabaseConnectionsSetupSucceeded": _since(old.opened, new.opened),
    }
    for metric, value in shown.items():
        for dimensions in (whole, {**whole, "TargetGroup": GROUP, "TargetRole": role}):
            yield Point(metric, dimensions, value)


def _since(old: int, new: int) -> int:
    """Return how much a count has grown, which a new test may have begun anew."""
    return new - old if new >= old else new
