"""RDS of the simulated region: moto's, with the local cluster in it, filled in where it stops."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBCluster, DBInstanceClustered, RDSBackend

from pytest_rdsfailover.local.control import events, request
from pytest_rdsfailover.local.control.plane import Plane, RefusalError
from pytest_rdsfailover.local.control.proxies import PROXY, targets
from pytest_rdsfailover.local.control.queries import epoch, query
from pytest_rdsfailover.local.control.shown import (
    ENGINE,
    ENGINE_VERSION,
    INSTANCE_CLASS,
    Shown,
    now,
    windows,
)


class LocalCluster(DBCluster):  # type: ignore[misc]
    """The cluster with its local addresses, in the state that the gateway has."""

    def __init__(self, backend: "LocalRds", shown: Shown) -> None:
        backup, upkeep = windows(now())
        super().__init__(
            backend, shown.cluster, ENGINE,
            engine_version=ENGINE_VERSION, database_name=shown.database,
            master_username=shown.user, manage_master_user_password=True,
            preferred_backup_window=backup, preferred_maintenance_window=upkeep,
            enable_iam_database_authentication=True,
        )  # fmt: skip
        self._plane = backend.plane
        credentials = {"username": shown.user, "password": shown.password}
        backend.secretsmanager.put_secret_value(
            self.master_user_secret.secret_arn, json.dumps(credentials), None, None, None
        )

    @property
    def endpoint(self) -> str:
        """Return the host of the cluster endpoint."""
        return place_of("cluster")[0]

    @property
    def reader_endpoint(self) -> str:
        """Return the host of the reader endpoint."""
        return place_of("reader")[0]

    @property
    def port(self) -> int:
        """Return the port of the cluster endpoint; moto assigns to it in vain."""
        return place_of("cluster")[1]

    @port.setter
    def port(self, value: int) -> None:
        pass

    @property
    def status(self) -> str:
        """Return the state; moto assigns to it, which changes nothing here."""
        return self._plane.status()

    @status.setter
    def status(self, value: str) -> None:
        pass

    @property
    def writer(self) -> Any:
        """Return the present writer."""
        return next((one for one in self._members if one.is_cluster_writer), None)


class LocalInstance(DBInstanceClustered):  # type: ignore[misc]
    """An instance with its local address, in the state that the gateway has."""

    def __init__(self, backend: "LocalRds", shown: Shown, name: str) -> None:
        self._plane = backend.plane
        super().__init__(
            backend=backend, db_cluster_identifier=shown.cluster, db_instance_identifier=name,
            db_instance_class=INSTANCE_CLASS, engine=ENGINE,
            availability_zone=backend.region_name + backend.plane.zone(name),
        )  # fmt: skip

    @property
    def address(self) -> str:
        """Return the host of the instance's own endpoint."""
        return place_of(self.db_instance_identifier)[0]

    @property
    def port(self) -> int:
        """Return its port; moto assigns to it in vain."""
        return place_of(self.db_instance_identifier)[1]

    @port.setter
    def port(self, value: int) -> None:
        pass

    @property
    def is_cluster_writer(self) -> bool:
        """Tell whether it takes writes; moto assigns to it, which changes nothing here."""
        return self._plane.member(self.db_instance_identifier).writer

    @is_cluster_writer.setter
    def is_cluster_writer(self, value: bool) -> None:
        pass

    @property
    def status(self) -> str:
        """Return the state."""
        return self._plane.member(self.db_instance_identifier).status

    @status.setter
    def status(self, value: str) -> None:
        pass


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
        self.clusters[cluster.resource_id] = cluster
        for member in self.plane.members():
            self.databases[member.id] = LocalInstance(self, self.shown, member.id)
        if "proxy" in self.shown.places:
            self._add_proxy(cluster.master_user_secret.secret_arn)

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
        tiers = {one.db_instance_identifier: one.promotion_tier for one in cluster.members}
        with refusals():
            self.plane.fail_over(target, tiers, request.wanted.get())
        return cluster

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
                found += targets(self.plane.cluster, self.plane.members(), self.shown.places)
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


def place_of(endpoint: str) -> tuple[str, int]:
    """Return the host and the port by which an endpoint is called now."""
    return LocalRds.shown.places[endpoint]


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
