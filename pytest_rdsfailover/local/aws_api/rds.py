"""RDS of the simulated region: moto's, with the local cluster in it, and calls that moto lacks."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from moto.rds.exceptions import RDSClientError
from moto.rds.models import rds_backends

from pytest_rdsfailover.local.aws_api import limits, request
from pytest_rdsfailover.local.aws_api.custom import (
    NAME,
    CustomCalls,
    EndpointRequest,
    ShownEndpoint,
)
from pytest_rdsfailover.local.aws_api.event_list import from_moto, listed
from pytest_rdsfailover.local.aws_api.global_databases import (
    GLOBALS_KEPT_IN,
    RdsOfGlobalDatabases,
)
from pytest_rdsfailover.local.aws_api.identifiers import NAMES, absent, kind_of, plain
from pytest_rdsfailover.local.aws_api.plane import RefusalError
from pytest_rdsfailover.local.aws_api.proxies import PROXY
from pytest_rdsfailover.local.aws_api.proxy_calls import LocalProxies
from pytest_rdsfailover.local.aws_api.queries import Filter, query, selected
from pytest_rdsfailover.local.aws_api.rds_deployments import RdsOfDeployments, refusals
from pytest_rdsfailover.local.aws_api.resources import (
    ClusterAbroad,
    ShownCluster,
    ShownGlobal,
    ShownInstance,
    tiers,
)
from pytest_rdsfailover.local.aws_api.shown import ABROAD, GLOBAL, now, other_region

TAGS = ("add_tags_to_resource", "list_tags_for_resource", "remove_tags_from_resource")


class LocalRds(RdsOfDeployments, RdsOfGlobalDatabases, LocalProxies):
    """RDS with the local cluster in it; all other resources are moto's own."""

    __module__ = "moto.rds.models"  # moto looks for the URLs of a service beside its backend

    custom: CustomCalls

    def show(self) -> None:
        """Show the local cluster, its instances and its proxy, under the present names."""
        if self.shown.cluster not in self.clusters:
            self._add_all()
        if "proxy" in self.shown.places:
            self.db_proxies[PROXY].endpoint = self.shown.places["proxy"][0]

    def _add_all(self) -> None:
        """Add the local cluster and what belongs to it."""
        cluster = ShownCluster(self, self.shown)
        home = [member.id for member in self.plane.members() if member.id not in self.shown.abroad]
        self.add(cluster, home)
        if self.shown.abroad:
            self._add_abroad(cluster)
        if "proxy" in self.shown.places:
            self.add_proxy(cluster.master_user_secret.secret_arn)

    def add(self, cluster: ShownCluster, instances: Sequence[str]) -> None:
        """Add a cluster with these instances."""
        self.clusters[cluster.resource_id] = cluster
        for name in instances:
            self.databases[name] = ShownInstance(self, cluster.resource_id, name)

    def _add_abroad(self, home: ShownCluster) -> None:
        """Show the rest of the global database: the cluster abroad, and what joins both."""
        regions = rds_backends[self.account_id]
        there = regions[other_region(self.region_name)]
        cluster = ClusterAbroad(there)
        there.add(cluster, self.shown.abroad)
        keeper = regions[GLOBALS_KEPT_IN]
        keeper.global_clusters[GLOBAL] = ShownGlobal(keeper, [home, cluster])

    def __deepcopy__(self, _: Any) -> "LocalRds":
        """Return itself: moto copies a cluster to show what it was, and would copy all of RDS along."""
        return self

    def failover_db_cluster(
        self, db_cluster_identifier: str, target_db_instance_identifier: str | None = None
    ) -> Any:
        """Start a failover; return the cluster as it was before.

        Raises:
            RDSClientError: if RDS would refuse it, with RDS' code and message.
        """
        cluster = self.describe_db_clusters(db_cluster_identifier)[0]
        target = target_db_instance_identifier
        if not isinstance(cluster, ShownCluster):
            self._check_target(cluster, target)
            return super().failover_db_cluster(db_cluster_identifier, target)
        with refusals():
            if not cluster.is_writer:
                raise RefusalError(
                    "InvalidDBClusterStateFault",
                    f"DB cluster {db_cluster_identifier} is a secondary cluster.",
                )
            self.plane.fail_over(target, tiers(cluster), request.wanted_script.get())
        return cluster

    def _check_target(self, cluster: Any, target: str | None) -> None:
        """Refuse targets that only moto would take: the writer, and members of other clusters."""
        members = {member.db_instance_identifier: member for member in cluster.members}
        if target is not None and target not in members:
            raise RDSClientError(
                "InvalidParameterValue", f"Cannot find target instance: {target} in the DB cluster"
            )
        if target is not None and members[target].is_cluster_writer:
            raise RDSClientError(
                "InvalidParameterValue",
                f"Target instance {target} is already the writer of the DB cluster.",
            )

    def check(self, action: str, parameters: Mapping[str, Any]) -> None:
        """Refuse a call that would change the local cluster only in appearance.

        Raises:
            RefusalError: with RDS' code.
        """
        self.show_environments()
        self.check_other(
            action, {plain(parameters[name]) for name in NAMES if parameters.get(name)}
        )
        instances = {member.id for member in self.plane.members()}
        ours = {self.plane.cluster, ABROAD, GLOBAL, PROXY, *instances}
        limits.check(action, parameters, ours, self._others(action))
        if action in TAGS:
            self.check_resource(parameters.get("ResourceName") or "")

    def check_resource(self, arn: str) -> None:
        """Refuse the ARN of a cluster or an instance that is not there, and what is no ARN.

        Raises:
            RefusalError: with RDS' code.
        """
        kind, name = kind_of(arn), plain(arn)
        if not kind:
            raise RefusalError("InvalidParameterValue", f"Invalid resource name: {arn}")
        if kind == "cluster" and name not in self.clusters:
            raise absent("DBClusterIdentifier", name)
        if kind == "db" and name not in self.databases:
            raise absent("DBInstanceIdentifier", name)

    def _others(self, action: str) -> Collection[str]:
        """Return the names that a new cluster may not have."""
        return self.clusters if "db_cluster" in action else ()

    def modify_db_cluster(self, kwargs: Any) -> Any:
        """Change a cluster; return it as it was before.

        Raises:
            RDSClientError: if there is none, or moto would lose it over an error.
        """
        self.describe_db_clusters(kwargs["db_cluster_identifier"])
        if kwargs.get("rotate_master_user_password") and not kwargs.get("apply_immediately"):
            raise RDSClientError(
                "InvalidParameterCombination",
                "You must specify apply immediately when rotating the master user password.",
            )
        found = super().modify_db_cluster(kwargs)
        forwarding = kwargs.get("enable_local_write_forwarding")
        if forwarding is not None and isinstance(found, ShownCluster):
            self.plane.gateway.forward_writes(wanted=forwarding)
        return found

    def restore_db_cluster_from_snapshot(self, from_snapshot_id: str, overrides: Any) -> Any:
        """Make a cluster of a snapshot; return it.

        Raises:
            RDSClientError: if there is no such snapshot, or it is one of the local cluster.
        """
        snapshot = self.describe_db_cluster_snapshots(None, from_snapshot_id)[0]
        if isinstance(snapshot.cluster, ShownCluster):
            raise RDSClientError(
                "InvalidRestoreFault",
                f"{from_snapshot_id} cannot be restored: it shows a local cluster, with one storage.",
            )
        return super().restore_db_cluster_from_snapshot(from_snapshot_id, overrides)

    def restart(self, name: str, *, forced: bool) -> Any:
        """Restart an instance; return it as it is from now on.

        Raises:
            RDSClientError: if RDS would refuse it, with RDS' code and message.
        """
        instance = self.describe_db_instances(name)[0]
        if forced and instance.db_cluster_identifier:
            raise RDSClientError(
                "InvalidParameterCombination",
                "ForceFailover can only be specified for a Multi-AZ DB instance.",
            )
        if isinstance(instance, ShownInstance):
            with refusals():
                self.plane.reboot(name, request.wanted_script.get())
        return instance

    def describe_events(
        self,
        source_identifier: str | None = None,
        source_type: str | None = None,
        **options: Any,
    ) -> list[Mapping[str, object]]:
        """Return the events of the local cluster and of moto's resources that the caller wants.

        Raises:
            RDSClientError: if an identifier comes without a type.
        """
        others = super().describe_events(source_identifier, source_type)
        with refusals():
            wanted = query(source_identifier, source_type, now(), **options)
        all_events = [from_moto(event) for event in others] + self.plane.story()
        prefix = f"arn:aws:rds:{self.region_name}:{self.account_id}"
        found = sorted(filter(wanted.wants, all_events), key=lambda event: event.at)
        return [listed(event, prefix) for event in found]

    def describe_db_cluster_endpoints(
        self, cluster: str | None, endpoint: str | None, filters: Sequence[Filter]
    ) -> list[Mapping[str, object]]:
        """Return the writer, the reader and the custom endpoints of a cluster, or of all clusters.

        Raises:
            RefusalError: for a filter that RDS has not.
        """
        owners = self.describe_db_clusters(cluster)
        ours = any(owner.db_cluster_identifier == self.plane.cluster for owner in owners)
        custom = [
            shown
            for shown in (self.custom.listed() if ours else ())
            if endpoint in (None, shown[NAME])
        ]
        if endpoint is not None:  # only endpoints of one's own have an identifier
            return selected(custom, filters)
        return selected(
            [
                *custom,
                *(
                    {
                        "DBClusterIdentifier": owner.db_cluster_identifier,
                        "Endpoint": host,
                        "Status": "available",
                        "EndpointType": kind,
                    }
                    for owner in owners
                    for kind, host in (
                        ("WRITER", owner.endpoint),
                        ("READER", owner.reader_endpoint),
                    )
                ),
            ],
            filters,
        )

    def change_endpoints(self, action: str, asked: EndpointRequest) -> ShownEndpoint:
        """Create, modify or delete a custom endpoint of the local cluster; return it.

        Raises:
            RDSClientError: if there is no such cluster.
            RefusalError: with RDS' code.
        """
        cluster = asked.get("DBClusterIdentifier")
        if cluster is not None and not isinstance(
            self.describe_db_clusters(cluster)[0], ShownCluster
        ):
            raise NotImplementedError(f"a custom endpoint of {cluster}")
        changed: ShownEndpoint = getattr(self.custom, action)(asked)
        return changed
