"""RDS of the simulated region: moto's, with the local cluster in it, filled in where it stops."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.exceptions import RDSClientError
from moto.rds.models import RDSBackend, rds_backends

from pytest_rdsfailover.local.aws_api import events, request
from pytest_rdsfailover.local.aws_api.plane import Plane, RefusalError
from pytest_rdsfailover.local.aws_api.proxies import PROXY, targets
from pytest_rdsfailover.local.aws_api.queries import epoch, query
from pytest_rdsfailover.local.aws_api.resources import (
    ClusterAbroad,
    LocalCluster,
    LocalGlobal,
    LocalInstance,
)
from pytest_rdsfailover.local.aws_api.shown import GLOBAL, Shown, now, other_region

GLOBALS_KEPT_IN = "us-east-1"  # by moto, whatever region asks


class LocalRds(RDSBackend):  # type: ignore[misc]
    """RDS with the local cluster in it; what others create there behaves as moto has it."""

    __module__ = "moto.rds.models"  # moto looks for the URLs of a service beside its backend

    plane: Plane
    shown: Shown

    def show(self) -> None:
        """Show the local cluster, its instances and its proxy, unless they are shown already."""
        if self.shown.cluster in self.clusters:
            return
        cluster = LocalCluster(self, self.shown)
        home = [one.id for one in self.plane.members() if one.id not in self.shown.abroad]
        self.add(cluster, home)
        if self.shown.abroad:
            self._add_abroad(cluster)
        if "proxy" in self.shown.places:
            self._add_proxy(cluster.master_user_secret.secret_arn)

    def add(self, cluster: LocalCluster, instances: Sequence[str]) -> None:
        """Have a cluster with these instances."""
        self.clusters[cluster.resource_id] = cluster
        for name in instances:
            self.databases[name] = LocalInstance(self, cluster.resource_id, name)

    def _add_abroad(self, home: LocalCluster) -> None:
        """Show the rest of the global database: the other region's cluster, and what joins both."""
        regions = rds_backends[self.account_id]
        there = regions[other_region(self.region_name)]
        cluster = ClusterAbroad(there)
        there.add(cluster, self.shown.abroad)
        keeper = regions[GLOBALS_KEPT_IN]
        keeper.global_clusters[GLOBAL] = LocalGlobal(keeper, [home, cluster])

    def _add_proxy(self, secret: str) -> None:
        subnets = ec2_backends[self.account_id][self.region_name].describe_subnets()
        auth = [{"AuthScheme": "SECRETS", "SecretArn": secret, "IAMAuth": "ALLOWED"}]
        role = f"arn:aws:iam::{self.account_id}:role/{PROXY}"
        proxy = super().create_db_proxy(
            PROXY, "MYSQL", auth, role, [one.id for one in subnets], None,
            require_tls=False, idle_client_timeout=None, debug_logging=False, tags=None,
        )  # fmt: skip
        proxy.endpoint = self.shown.places["proxy"][0]
        super().register_db_proxy_targets(PROXY, "default", [self.plane.cluster], [])

    def failover_db_cluster(
        self, db_cluster_identifier: str, target_db_instance_identifier: str | None = None
    ) -> Any:
        """Start a failover; return the cluster as it was before.

        Raises:
            RDSClientError: as RDS would refuse it.
        """
        cluster = self.describe_db_clusters(db_cluster_identifier)[0]
        target = target_db_instance_identifier
        if not isinstance(cluster, LocalCluster):
            self._check_target(cluster, target)
            return super().failover_db_cluster(db_cluster_identifier, target)
        with refusals():
            if not cluster.is_writer:
                raise RefusalError(
                    "InvalidDBClusterStateFault",
                    f"DB cluster {db_cluster_identifier} is a secondary cluster.",
                )
            self.plane.fail_over(target, tiers(cluster), request.wanted.get())
        return cluster

    def switchover_global_cluster(self, name: str, target: str) -> Any:
        """Start a switchover of the global database; return it as it was before.

        Args:
            name: identifier of the global database.
            target: ARN of the cluster that becomes the primary.

        Raises:
            RDSClientError: as RDS would refuse it.
            NotImplementedError: for a global database that somebody made here.
        """
        found = self.global_clusters.get(name)
        with refusals():
            if found is None:
                raise RefusalError(
                    "GlobalClusterNotFoundFault", f"Global cluster {name} not found."
                )
            if not isinstance(found, LocalGlobal):
                raise NotImplementedError(f"a switchover of {name}")
            chosen = next((one for one in found.members if one.db_cluster_arn == target), None)
            if chosen is None:
                raise RefusalError("DBClusterNotFoundFault", f"DBCluster {target} not found.")
            if chosen.is_writer:
                raise RefusalError(
                    "InvalidDBClusterStateFault", f"DB cluster {target} is the primary already."
                )
            self.plane.fail_over(None, tiers(chosen), request.wanted.get())
        return found

    def _check_target(self, cluster: Any, target: str | None) -> None:
        """Refuse the targets that moto would take: the writer, and members of other clusters."""
        members = {one.db_instance_identifier: one for one in cluster.members}
        if target is not None and target not in members:
            raise RDSClientError(
                "InvalidParameterValue", f"Cannot find target instance: {target} in the DB cluster"
            )
        if target is not None and members[target].is_cluster_writer:
            raise RDSClientError(
                "InvalidParameterValue",
                f"Target instance {target} is already the writer of the DB cluster.",
            )

    def restart(self, name: str, *, forced: bool) -> Any:
        """Restart an instance; return it as it was before.

        Raises:
            RDSClientError: as RDS would refuse it.
        """
        instance = self.describe_db_instances(name)[0]
        if forced and instance.db_cluster_identifier:
            raise RDSClientError(
                "InvalidParameterCombination",
                "ForceFailover can only be specified for a Multi-AZ DB instance.",
            )
        if isinstance(instance, LocalInstance):
            with refusals():
                self.plane.reboot(name, request.wanted.get())
        return instance

    def describe_events(
        self,
        source_identifier: str | None = None,
        source_type: str | None = None,
        **options: Any,
    ) -> list[dict[str, Any]]:
        """Return the events of the local cluster and of moto's resources that the caller wants.

        Raises:
            RDSClientError: if an identifier comes without a type.
        """
        others = super().describe_events(source_identifier, source_type)
        with refusals():
            wanted = query(source_identifier, source_type, now(), **options)
        found = [event(one) for one in others] + self.plane.story()
        arns = {events.CLUSTER: "cluster", events.INSTANCE: "db"}
        prefix = f"arn:aws:rds:{self.region_name}:{self.account_id}"
        return [
            {
                "SourceIdentifier": one.source,
                "SourceType": one.source_type,
                "Message": one.message,
                "EventCategories": list(one.categories),
                "Date": datetime.fromtimestamp(one.at, UTC),
                "SourceArn": f"{prefix}:{arns.get(one.source_type, one.source_type)}:{one.source}",
            }
            for one in sorted(filter(wanted.wants, found), key=lambda one: one.at)
        ]

    def describe_db_proxy_targets(self, proxy_name: str) -> Any:
        """Return a proxy's targets; of the local cluster, each instance as well.

        Raises:
            RDSClientError: if there is no such proxy.
        """
        self.describe_db_proxies(proxy_name)
        found: list[Any] = []
        for target in super().describe_db_proxy_targets(proxy_name):
            if target.rds_resource_id == self.plane.cluster:
                home = [one for one in self.plane.members() if one.id not in self.shown.abroad]
                found += targets(self.plane.cluster, home, self.shown.places)
            else:
                found.append(target)
        return found

    def describe_db_cluster_endpoints(self, cluster: str | None) -> list[dict[str, Any]]:
        """Return the writer and the reader endpoint of a cluster, or of all clusters."""
        return [
            {
                "DBClusterIdentifier": one.db_cluster_identifier,
                "Endpoint": host,
                "Status": "available",
                "EndpointType": kind,
            }
            for one in self.describe_db_clusters(cluster)
            for kind, host in (("WRITER", one.endpoint), ("READER", one.reader_endpoint))
        ]


def tiers(cluster: LocalCluster) -> dict[str, int]:
    """Return the promotion tier of each instance of a cluster."""
    return {one.db_instance_identifier: one.promotion_tier for one in cluster.members}


def event(other: Any) -> events.Event:
    """Return one of moto's events as one of ours."""
    return events.Event(
        at=epoch(other.date),
        source_type=other.source_type,
        source=other.source_identifier,
        message=other.message,
        categories=tuple(other.event_categories),
    )


@contextmanager
def refusals() -> Iterator[None]:
    """Answer a refusal as RDS does."""
    try:
        yield
    except RefusalError as error:
        raise RDSClientError(error.code, error.message) from error
