"""The environment of a blue/green deployment that is not the cluster, as resources of moto's RDS.

It is green before a switchover and the old one after it. AWS moves names, and a resource keeps its
resource id: after a switchover the cluster has the ids that green had.
"""

import base64
import secrets
from typing import Any

from moto.rds.models import DBCluster

from pytest_rdsfailover.local.aws_api.resources import Computed, ShownCluster, ShownInstance
from pytest_rdsfailover.local.aws_api.shown import ENGINE, now, windows
from pytest_rdsfailover.local.gateway.views import DeploymentView
from pytest_rdsfailover.model.target import OLD_ENVIRONMENT


class OtherCluster(ShownCluster):
    """The cluster that is green, or was blue."""

    def __init__(self, backend: Any, view: DeploymentView) -> None:
        backup, upkeep = windows(now())
        self.view, self.ending = view, view.suffix
        shown = backend.shown
        DBCluster.__init__(
            self, backend, shown.cluster + view.suffix, ENGINE,
            engine_version=shown.version.engine, database_name=shown.database,
            master_username=shown.user, master_user_password=secrets.token_hex(),  # moto wants one
            enable_iam_database_authentication=True,
            preferred_backup_window=backup, preferred_maintenance_window=upkeep,
        )  # fmt: skip

    def _place(self, endpoint: str) -> tuple[str, int]:
        return self.view.hosts[endpoint + self.ending]

    @Computed
    def status(self) -> str:
        """Return the state."""
        return "available"


class OtherInstance(ShownInstance):
    """An instance of that cluster."""

    def __init__(self, backend: Any, cluster: OtherCluster, twin: ShownInstance) -> None:
        self.twin, self._owner = twin, cluster
        name = twin.db_instance_identifier
        super().__init__(backend, cluster.resource_id, name + cluster.ending, zone_of=name)
        self.dbi_resource_id = "db-" + base64.b32encode(secrets.token_bytes(17)).decode()[:26]

    @property
    def address(self) -> str:
        """Return the host of the instance's own endpoint."""
        host: str = self._owner.view.hosts[self.db_instance_identifier][0]
        return host

    @Computed
    def port(self) -> int:
        """Return the port of the instance's own endpoint."""
        port: int = self._owner.view.hosts[self.db_instance_identifier][1]
        return port

    @Computed
    def is_cluster_writer(self) -> bool:
        """Tell whether it is the nominal writer, which refuses writes all the same."""
        is_it: bool = self.db_instance_identifier == self._owner.view.writer
        return is_it

    @Computed
    def status(self) -> str:
        """Return the state."""
        states = {instance.id: instance.state for instance in self._owner.view.instances}
        return "available" if states.get(self.db_instance_identifier) == "up" else "rebooting"


def other_of(backend: Any) -> OtherCluster | None:
    """Return what is shown of the environment that is not the cluster."""
    clusters = backend.clusters.values()
    return next((cluster for cluster in clusters if isinstance(cluster, OtherCluster)), None)


def show_other(backend: Any, view: DeploymentView | None) -> None:
    """Show the environment that is not the cluster as it is now; none without a deployment."""
    other = other_of(backend)
    if other is not None and (view is None or view.suffix != other.view.suffix):
        _forget(backend, other)
        other = None
    if view is None or not view.hosts:
        return
    if other is None:
        other = _add(backend, view)
    other.view = view
    if view.switched and other.ending != OLD_ENVIRONMENT:
        _switch_over(backend, other)


def _add(backend: Any, view: DeploymentView) -> OtherCluster:
    """Show green, whatever has become of it since."""
    other = OtherCluster(backend, view)
    backend.clusters[other.resource_id] = other
    for twin in list(_cluster(backend).members):
        instance = OtherInstance(backend, other, twin)
        backend.databases[instance.db_instance_identifier] = instance
    return other


def _switch_over(backend: Any, other: OtherCluster) -> None:
    """Give names and resource ids to whom a switchover gives them; both sides have blue's tags then."""
    cluster, members = _cluster(backend), list(other.members)
    _forget(backend, other)
    other.ending = OLD_ENVIRONMENT
    other.db_cluster_identifier = cluster.db_cluster_identifier + OLD_ENVIRONMENT
    backend.clusters[other.resource_id] = other
    for instance in members:
        name = instance.twin.db_instance_identifier + OLD_ENVIRONMENT
        instance.db_instance_identifier = name
        instance.db_cluster_identifier = other.db_cluster_identifier
        backend.databases[name] = instance
    _exchange(cluster, other, "db_cluster_resource_id")
    for instance in members:
        _exchange(instance.twin, instance, "dbi_resource_id")


def _exchange(new: Any, old: Any, resource_id: str) -> None:
    mine, other = getattr(new, resource_id), getattr(old, resource_id)
    setattr(new, resource_id, other)
    setattr(old, resource_id, mine)
    old.tags = list(new.tags)


def _forget(backend: Any, other: OtherCluster) -> None:
    for name in names_of(other):
        backend.clusters.pop(name, None)
        backend.databases.pop(name, None)


def names_of(other: OtherCluster) -> list[str]:
    """Return the identifiers of a cluster and its instances."""
    return [other.resource_id, *(member.db_instance_identifier for member in other.members)]


def _cluster(backend: Any) -> ShownCluster:
    """Return the cluster itself."""
    cluster: ShownCluster = backend.clusters[backend.shown.cluster]
    return cluster
