"""Targets of an RDS Proxy, as `DescribeDBProxyTargets` lists them: the cluster and each instance."""

from collections.abc import Mapping, Sequence

from pytest_rdsfailover.local.aws_api.looks import ShownMember

PROXY = "rdsfailover-proxy"
PROXY_READER = "rdsfailover-proxy-reader"
PORT = 3306  # moto says 5432, for MySQL as well
ROLES = {"writer": "READ_WRITE", "reader": "READ_ONLY"}


def targets(
    cluster: str, members: Sequence[ShownMember], places: Mapping[str, tuple[str, int]]
) -> list[Mapping[str, object]]:
    """Return the targets of a proxy over the local cluster.

    Args:
        cluster: identifier of the cluster.
        members: its instances as they are now.
        places: host and port of each instance.
    """
    listed: list[Mapping[str, object]] = [
        {"RdsResourceId": cluster, "Type": "TRACKED_CLUSTER", "Port": 0}
    ]
    for member in members:
        host, port = places[member.id]
        listed.append({
            "RdsResourceId": member.id, "TrackedClusterId": cluster, "Type": "RDS_INSTANCE",
            "Endpoint": host, "Port": port, "Role": role(member), "TargetHealth": health(member),
        })  # fmt: skip
    return listed


def role(member: ShownMember) -> str:
    """Return an instance's role; `UNKNOWN` for a demoted writer without a successor yet."""
    if member.writer and member.role != "writer":
        return "UNKNOWN"
    return ROLES[member.role]


def health(member: ShownMember) -> dict[str, str]:
    """Return whether the proxy could use an instance, as `TargetHealth` says it."""
    if member.status == "available":
        return {"State": "AVAILABLE"}
    return {
        "State": "UNAVAILABLE",
        "Reason": "UNREACHABLE",
        "Description": "DBProxy Target unavailable due to an internal error",
    }


def endpoints(
    shown: Mapping[str, object], arn: str, places: Mapping[str, tuple[str, int]]
) -> list[Mapping[str, object]]:
    """Return the endpoints of the local cluster's proxy as `DescribeDBProxyEndpoints` does.

    Args:
        shown: what they have in common with the proxy.
        arn: of the proxy.
        places: host and port of each endpoint of the cluster.
    """
    return [
        {
            **shown,
            "DBProxyEndpointName": name,
            "DBProxyEndpointArn": f"{arn}-{name}",
            "DBProxyName": PROXY,
            "Status": "available",
            "Endpoint": places[place][0],
            "TargetRole": target,
            "IsDefault": default,
        }
        for name, place, target, default in (
            (PROXY, "proxy", "READ_WRITE", True),
            (PROXY_READER, "proxy-reader", "READ_ONLY", False),
        )
        if place in places
    ]
