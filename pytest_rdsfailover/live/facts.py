"""What RDS and FIS tell, as records: clusters, proxies, global databases, experiments; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One instance of the cluster, as RDS describes it.

    Attributes:
        id: its identifier.
        arn: its resource name.
        status: `available`, or what keeps it busy.
        writer: whether RDS calls it the writer.
        host: its own endpoint.
        port: the port of that.
        tags: its own tags; the cluster's need not be the same.
        pending: modifications of it that wait to be applied.
        maintenance_window: its own one, in RDS' words, in UTC.
    """

    id: str
    arn: str
    status: str
    writer: bool
    host: str
    port: int
    tags: Mapping[str, str] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    maintenance_window: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """The cluster, as RDS describes it.

    Attributes:
        id: its identifier.
        arn: its resource name, which holds the region and the account.
        engine: `aurora-mysql`, or something we do not know.
        engine_mode: `provisioned`, or `serverless` for the first generation.
        version: the engine's version.
        status: `available`, or what keeps it busy.
        tags: its tags.
        members: its instances.
        host: the cluster endpoint.
        reader_host: the reader endpoint.
        port: the port of both.
        master: the master user.
        secret: ARN of the managed secret of the master user; None without one.
        abroad: the global cluster, the replication source, or the replicas that it is bound to;
            empty for none.
        pending: modifications that wait to be applied.
        backup_window: in RDS' words, in UTC.
        maintenance_window: in RDS' words, in UTC.
        replicas: what replicates from it.
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
    replicas: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Return whether nothing keeps the cluster busy, nor any of its instances."""
        return {self.status, *(member.status for member in self.members)} == {"available"}

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
        require_tls: whether it refuses clients without TLS.
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


def cluster_facts(answer: Mapping[str, Any], instances: list[Mapping[str, Any]]) -> ClusterFacts:
    """Return a cluster from what `DescribeDBClusters` and `DescribeDBInstances` answered.

    Raises:
        KeyError: if an answer lacks a field that every answer has.
    """
    described = {instance["DBInstanceIdentifier"]: instance for instance in instances}
    return ClusterFacts(
        id=answer["DBClusterIdentifier"],
        arn=answer["DBClusterArn"],
        engine=answer["Engine"],
        engine_mode=answer.get("EngineMode", "provisioned"),
        version=answer.get("EngineVersion", ""),
        status=answer["Status"],
        tags=_tags(answer),
        members=tuple(
            _member(member, described.get(member["DBInstanceIdentifier"], {}))
            for member in answer["DBClusterMembers"]
        ),
        host=answer["Endpoint"],
        reader_host=answer.get("ReaderEndpoint", ""),
        port=int(answer.get("Port", 3306)),
        master=answer.get("MasterUsername", ""),
        secret=answer.get("MasterUserSecret", {}).get("SecretArn"),
        abroad=answer.get("GlobalClusterIdentifier")
        or answer.get("ReplicationSourceIdentifier")
        or ", ".join(answer.get("ReadReplicaIdentifiers") or ()),
        pending=_pending(answer),
        backup_window=answer.get("PreferredBackupWindow", ""),
        maintenance_window=answer.get("PreferredMaintenanceWindow", ""),
        replicas=tuple(answer.get("ReadReplicaIdentifiers") or ()),
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
        tags=_tags(described),
        pending=_pending(described),
        maintenance_window=described.get("PreferredMaintenanceWindow", ""),
    )


def _tags(described: Mapping[str, Any]) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in described.get("TagList", ())}


def _pending(described: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what waits to be applied; RDS also tells of it by empty values."""
    changes = described.get("PendingModifiedValues") or {}
    return tuple(name for name, value in changes.items() if value not in ({}, [], None))


def proxy_facts(answer: Mapping[str, Any], targets: list[Mapping[str, Any]]) -> ProxyFacts:
    """Return a proxy from what `DescribeDBProxies` and `DescribeDBProxyTargets` answered.

    Raises:
        KeyError: if an answer lacks a field that every answer has.
    """
    tracked = [
        target["RdsResourceId"] for target in targets if target.get("Type") == "TRACKED_CLUSTER"
    ]
    states = [
        target.get("TargetHealth", {}).get("State")
        for target in targets
        if target.get("Type") == "RDS_INSTANCE"
    ]
    secrets = [auth["SecretArn"] for auth in answer.get("Auth", ()) if auth.get("SecretArn")]
    return ProxyFacts(
        name=answer["DBProxyName"],
        status=answer["Status"],
        engine=answer["EngineFamily"],
        host=answer["Endpoint"],
        require_tls=bool(answer.get("RequireTLS")),
        secret=secrets[0] if secrets else None,
        tracked=tracked[0] if len(tracked) == 1 else None,
        available=states.count("AVAILABLE"),
    )


def global_facts(answer: Mapping[str, Any], target: ClusterFacts) -> GlobalFacts:
    """Return a global database from what `DescribeGlobalClusters` answered.

    Raises:
        KeyError: if an answer lacks a field that every answer has.
    """
    writes = {
        member["DBClusterArn"]: bool(member.get("IsWriter"))
        for member in answer["GlobalClusterMembers"]
    }
    moving = (answer.get("FailoverState") or {}).get("Status")
    return GlobalFacts(
        id=answer["GlobalClusterIdentifier"],
        status=moving or answer["Status"],
        host=answer.get("Endpoint", ""),
        primary=next((arn for arn, writer in writes.items() if writer), ""),
        secondaries=frozenset(arn for arn, writer in writes.items() if not writer),
        target=target,
    )


def across(home: ClusterFacts, world: GlobalFacts) -> ClusterFacts:
    """Return a global database as one cluster: both clusters' instances, and the one writer.

    A switchover then looks like a failover: another instance is the writer, and the endpoint leads
    there.
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
        status=next((state for state in states if state != "available"), "available"),
        pending=home.pending + world.target.pending,
    )


def experiment_facts(template: Mapping[str, Any]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the ARNs that an experiment template may act on, and each of its actions.

    A target that is chosen by tags could be any instance: its ARN is given as `*`. So is one of a
    template that acts in several accounts.
    """
    arns: set[str] = set()
    options = template.get("experimentOptions") or {}
    if options.get("accountTargeting", "single-account") != "single-account" or template.get(
        "targetAccountConfigurationsCount"
    ):
        arns.add("*")
    for target in template.get("targets", {}).values():
        arns.update(target.get("resourceArns") or ("*",))
    actions = (action["actionId"] for action in template.get("actions", {}).values())
    return frozenset(arns), tuple(sorted(actions))
