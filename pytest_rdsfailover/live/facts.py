"""What RDS and FIS tell, as records: clusters, proxies, global databases, experiments; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One instance of the cluster, as RDS describes it."""

    id: str
    arn: str
    status: str
    writer: bool
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """The cluster, as RDS describes it.

    Attributes:
        id: its identifier.
        arn: its resource name, which holds the region and the account.
        engine: `aurora-mysql`, or something we do not know.
        engine_mode: `provisioned`, or `serverless` for the first generation.
        version: of the engine.
        status: `available`, or what keeps it busy.
        tags: its tags.
        members: its instances.
        host: the cluster endpoint.
        reader_host: the reader endpoint.
        port: the port of both.
        master: the master user.
        secret: ARN of the managed secret of the master user; None without one.
        abroad: the global cluster or the replication source that it depends on; empty for none.
        pending: modifications that wait to be applied.
        backup_window: as RDS words it, UTC.
        maintenance_window: the same.
    """

    id: str
    arn: str
    engine: str
    engine_mode: str
    version: str
    status: str
    tags: Mapping[str, str]
    members: tuple[Member, ...]
    host: str
    reader_host: str
    port: int
    master: str
    secret: str | None
    abroad: str
    pending: tuple[str, ...]
    backup_window: str
    maintenance_window: str

    @property
    def writers(self) -> tuple[str, ...]:
        """Return the ids of all instances that RDS calls writer: one, in a healthy cluster."""
        return tuple(member.id for member in self.members if member.writer)

    def member(self, name: str) -> Member | None:
        """Return an instance by its id; None if there is none."""
        return next((member for member in self.members if member.id == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFacts:
    """The proxy, as RDS describes it.

    Attributes:
        name: its name.
        status: `available`, or what keeps it busy.
        engine: its engine family.
        host: its endpoint.
        require_tls: it refuses clients without TLS.
        secret: the first secret that it authenticates with; None without one.
        tracked: the cluster that it follows; None if it follows none.
        available: how many of its instances are AVAILABLE.
    """

    name: str
    status: str
    engine: str
    host: str
    require_tls: bool
    secret: str | None
    tracked: str | None
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalFacts:
    """The global database that a switchover is about, as RDS describes it.

    Attributes:
        id: its identifier.
        status: `available`, or what keeps it busy, a switchover under way included.
        host: its writer endpoint, which moves between regions; empty if it has none.
        primary: ARN of the cluster that takes writes.
        secondaries: ARNs of the others.
        target: the cluster to switch over to, as its own region describes it.
    """

    id: str
    status: str
    host: str
    primary: str
    secondaries: frozenset[str]
    target: ClusterFacts


def cluster_facts(told: Mapping[str, Any], instances: list[Mapping[str, Any]]) -> ClusterFacts:
    """Return a cluster from what `DescribeDBClusters` and `DescribeDBInstances` answered.

    Raises:
        KeyError: if an answer lacks what every answer has.
    """
    described = {one["DBInstanceIdentifier"]: one for one in instances}
    return ClusterFacts(
        id=told["DBClusterIdentifier"],
        arn=told["DBClusterArn"],
        engine=told["Engine"],
        engine_mode=told.get("EngineMode", "provisioned"),
        version=told.get("EngineVersion", ""),
        status=told["Status"],
        tags={tag["Key"]: tag["Value"] for tag in told.get("TagList", ())},
        members=tuple(
            _member(member, described.get(member["DBInstanceIdentifier"], {}))
            for member in told["DBClusterMembers"]
        ),
        host=told["Endpoint"],
        reader_host=told.get("ReaderEndpoint", ""),
        port=int(told.get("Port", 3306)),
        master=told.get("MasterUsername", ""),
        secret=told.get("MasterUserSecret", {}).get("SecretArn"),
        abroad=told.get("GlobalClusterIdentifier") or told.get("ReplicationSourceIdentifier") or "",
        pending=tuple(told.get("PendingModifiedValues") or ()),
        backup_window=told.get("PreferredBackupWindow", ""),
        maintenance_window=told.get("PreferredMaintenanceWindow", ""),
    )


def _member(member: Mapping[str, Any], described: Mapping[str, Any]) -> Member:
    endpoint = described.get("Endpoint") or {}
    return Member(
        id=member["DBInstanceIdentifier"],
        arn=described.get("DBInstanceArn", ""),
        status=described.get("DBInstanceStatus", "unknown"),
        writer=bool(member["IsClusterWriter"]),
        host=endpoint.get("Address", ""),
        port=int(endpoint.get("Port", 0)),
    )


def proxy_facts(told: Mapping[str, Any], targets: list[Mapping[str, Any]]) -> ProxyFacts:
    """Return a proxy from what `DescribeDBProxies` and `DescribeDBProxyTargets` answered.

    Raises:
        KeyError: if an answer lacks what every answer has.
    """
    tracked = [one["RdsResourceId"] for one in targets if one.get("Type") == "TRACKED_CLUSTER"]
    states = [
        one.get("TargetHealth", {}).get("State")
        for one in targets
        if one.get("Type") == "RDS_INSTANCE"
    ]
    secrets = [auth["SecretArn"] for auth in told.get("Auth", ()) if auth.get("SecretArn")]
    return ProxyFacts(
        name=told["DBProxyName"],
        status=told["Status"],
        engine=told["EngineFamily"],
        host=told["Endpoint"],
        require_tls=bool(told.get("RequireTLS")),
        secret=secrets[0] if secrets else None,
        tracked=tracked[0] if len(tracked) == 1 else None,
        available=states.count("AVAILABLE"),
    )


def global_facts(told: Mapping[str, Any], target: ClusterFacts) -> GlobalFacts:
    """Return a global database from what `DescribeGlobalClusters` answered.

    Raises:
        KeyError: if an answer lacks what every answer has.
    """
    writes = {
        one["DBClusterArn"]: bool(one.get("IsWriter")) for one in told["GlobalClusterMembers"]
    }
    moving = (told.get("FailoverState") or {}).get("Status")
    return GlobalFacts(
        id=told["GlobalClusterIdentifier"],
        status=moving or told["Status"],
        host=told.get("Endpoint", ""),
        primary=next((arn for arn, writer in writes.items() if writer), ""),
        secondaries=frozenset(arn for arn, writer in writes.items() if not writer),
        target=target,
    )


def across(home: ClusterFacts, world: GlobalFacts) -> ClusterFacts:
    """Return a global database as one cluster: both clusters' instances, and the one writer.

    So a switchover shows what a failover shows: another instance is the writer, and the endpoint
    leads there.
    """
    members = tuple(
        replace(member, writer=member.writer and cluster.arn == world.primary)
        for cluster in (home, world.target)
        for member in cluster.members
    )
    states = (world.status, home.status, world.target.status)
    return replace(
        home,
        members=members,
        host=world.host or home.host,
        status=next((one for one in states if one != "available"), "available"),
        pending=home.pending + world.target.pending,
    )


def experiment_facts(template: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ARNs that an experiment template may act on, and its actions.

    A target that is chosen by tags could be anything: it stands as `*`.
    """
    arns: set[str] = set()
    for target in template.get("targets", {}).values():
        arns.update(target.get("resourceArns") or ("*",))
    actions = {action["actionId"] for action in template.get("actions", {}).values()}
    return frozenset(arns), frozenset(actions)
