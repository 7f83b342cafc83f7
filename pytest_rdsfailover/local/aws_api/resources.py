"""The local cluster, its instances and its global database as resources of moto's RDS."""

import base64
import hashlib
from typing import Any

from moto.rds.models import DBCluster, DBInstanceClustered, GlobalCluster

from pytest_rdsfailover.local.aws_api.shown import (
    ABROAD,
    ENGINE,
    GLOBAL,
    INSTANCE_CLASS,
    Shown,
    now,
    windows,
)


class Computed(property):
    """A property that is computed at each reading; what moto assigns to it is ignored."""

    def __set__(self, instance: Any, value: Any) -> None:
        """Ignore the value."""


class ShownCluster(DBCluster):  # type: ignore[misc]
    """The cluster with its local addresses, in the state that the gateway tells."""

    def __init__(self, backend: Any, shown: Shown) -> None:
        backup, upkeep = windows(now())
        super().__init__(
            backend, shown.cluster, ENGINE,
            engine_version=shown.version.engine, database_name=shown.database,
            master_username=shown.user, manage_master_user_password=True,
            preferred_backup_window=backup, preferred_maintenance_window=upkeep,
            enable_iam_database_authentication=True,
            global_cluster_identifier=GLOBAL if shown.abroad else None,
        )  # fmt: skip
        self.master_user_secret._status = "active"  # noqa: SLF001 - it has been there for long
        backend.secretsmanager.manage(self.master_user_secret.secret_arn, shown.user)

    @property
    def endpoint(self) -> str:
        """Return the host of the cluster endpoint."""
        return self._place("cluster")[0]

    @property
    def reader_endpoint(self) -> str:
        """Return the host of the reader endpoint."""
        return self._place("reader")[0]

    @Computed
    def port(self) -> int:
        """Return the port of the cluster endpoint."""
        return self._place("cluster")[1]

    def _place(self, endpoint: str) -> tuple[str, int]:
        """Return the host and the port by which an endpoint is reached now."""
        place: tuple[str, int] = self.backend.shown.places[endpoint]
        return place

    @Computed
    def status(self) -> str:
        """Return the state."""
        state: str = self.backend.plane.status()
        return state

    @Computed
    def local_write_forwarding_status(self) -> str:
        """Return whether readers forward writes."""
        return "enabled" if self.backend.plane.gateway.describe().forwarding else "disabled"

    @Computed
    def writer(self) -> Any:
        """Return the present writer; None if it is in another region."""
        return next((instance for instance in self._members if instance.is_cluster_writer), None)

    @Computed
    def is_writer(self) -> bool:
        """Tell whether it is the primary cluster of its global database."""
        return self.writer is not None


class ClusterAbroad(ShownCluster):
    """The other region's cluster of the global database: some of the instances.

    Its endpoints lead to its first instance, whichever instance is the writer.
    """

    def __init__(self, backend: Any) -> None:
        backup, upkeep = windows(now())
        DBCluster.__init__(
            self, backend, ABROAD, ENGINE,
            engine_version=backend.shown.version.engine, global_cluster_identifier=GLOBAL,
            preferred_backup_window=backup, preferred_maintenance_window=upkeep,
        )  # fmt: skip

    def _place(self, endpoint: str) -> tuple[str, int]:  # noqa: ARG002 - all lead to one instance
        return super()._place(self.backend.shown.abroad[0])


class ShownInstance(DBInstanceClustered):  # type: ignore[misc]
    """An instance with its local address, in the state that the gateway tells."""

    def __init__(self, backend: Any, cluster: str, name: str, *, zone_of: str = "") -> None:
        self._plane = backend.plane
        _, upkeep = windows(now())
        super().__init__(
            backend=backend, db_cluster_identifier=cluster, db_instance_identifier=name,
            db_instance_class=INSTANCE_CLASS, engine=ENGINE,
            availability_zone=backend.region_name + backend.plane.zone(zone_of or name),
            preferred_maintenance_window=upkeep,
        )  # fmt: skip
        digest = hashlib.sha256(name.encode()).digest()  # moto's instances all have the same
        self.dbi_resource_id = "db-" + base64.b32encode(digest).decode()[:26]

    @property
    def address(self) -> str:
        """Return the host of the instance's own endpoint."""
        host: str = self.backend.shown.places[self.db_instance_identifier][0]
        return host

    @Computed
    def port(self) -> int:
        """Return the port of the instance's own endpoint."""
        port: int = self.backend.shown.places[self.db_instance_identifier][1]
        return port

    @Computed
    def is_cluster_writer(self) -> bool:
        """Tell whether it takes writes."""
        writes: bool = self._plane.member(self.db_instance_identifier).writer
        return writes

    @Computed
    def status(self) -> str:
        """Return the state."""
        state: str = self._plane.member(self.db_instance_identifier).status
        return state


class ShownGlobal(GlobalCluster):  # type: ignore[misc]
    """The global database over both clusters; its endpoint leads to the writer, wherever it is."""

    def __init__(self, backend: Any, members: list[ShownCluster]) -> None:
        version = members[0].engine_version
        super().__init__(backend, GLOBAL, ENGINE, version, None, None)
        self.members = members

    @property
    def endpoint(self) -> str:
        """Return the host of the global writer endpoint."""
        return self.members[0].backend.shown.global_host or self.members[0].endpoint

    @Computed
    def status(self) -> str:
        """Return the state: a failover within one region leaves it available."""
        return "switching-over" if self.backend.plane.switching() else "available"


def tiers(cluster: ShownCluster) -> dict[str, int]:
    """Return the promotion tier of each instance of a cluster."""
    return {member.db_instance_identifier: member.promotion_tier for member in cluster.members}
