"""RDS of the simulated region as far as global databases go: moto's, and that of the local cluster."""

from typing import Any

from moto.rds.exceptions import RDSClientError
from moto.rds.models import RDSBackend, rds_backends

from pytest_rdsfailover.local.aws_api import request
from pytest_rdsfailover.local.aws_api.identifiers import kind_of, plain
from pytest_rdsfailover.local.aws_api.plane import Plane, RefusalError
from pytest_rdsfailover.local.aws_api.rds_deployments import refusals
from pytest_rdsfailover.local.aws_api.resources import ShownGlobal, tiers

GLOBALS_KEPT_IN = "us-east-1"  # moto keeps all global databases there, whatever region asks


class RdsOfGlobalDatabases(RDSBackend):  # type: ignore[misc]
    """RDS with the global database of the local cluster in it, if it is one."""

    plane: Plane

    def describe_db_clusters(
        self, db_cluster_identifier: str | None = None, filters: Any = None
    ) -> Any:
        """Return clusters; one by ARN from its own region, for moto keeps global databases elsewhere.

        Raises:
            RDSClientError: if there is no such cluster.
        """
        arn = db_cluster_identifier or ""
        home = rds_backends[self.account_id][arn.split(":")[3]] if kind_of(arn) else self
        if home is not self:
            return home.describe_db_clusters(plain(arn), filters)
        return super().describe_db_clusters(db_cluster_identifier, filters)

    def switchover_global_cluster(self, name: str, target: str) -> Any:
        """Start a switchover of the global database; return it as it was before.

        Args:
            name: identifier of the global database.
            target: ARN of the cluster that becomes the primary.

        Raises:
            RDSClientError: if RDS would refuse it, with RDS' code and message.
            NotImplementedError: for a global database that a test has made, not ours.
        """
        world = self.global_clusters.get(name)
        with refusals():
            if world is None:
                raise RefusalError(
                    "GlobalClusterNotFoundFault", f"Global cluster {name} not found."
                )
            if not isinstance(world, ShownGlobal):
                raise NotImplementedError(f"a switchover of {name}")
            successor = next(
                (cluster for cluster in world.members if cluster.db_cluster_arn == target), None
            )
            if successor is None:
                raise RefusalError("DBClusterNotFoundFault", f"DBCluster {target} not found.")
            if successor.is_writer:
                raise RefusalError(
                    "InvalidDBClusterStateFault", f"DB cluster {target} is the primary already."
                )
            self.plane.fail_over(None, tiers(successor), request.wanted_script.get())
        return world

    def remove_from_global_cluster(
        self, global_cluster_identifier: str, db_cluster_identifier: str
    ) -> Any:
        """Take a cluster out of a global database; return this.

        Raises:
            RDSClientError: if there is no such global database, or the cluster is not in it.
        """
        name, cluster = global_cluster_identifier, plain(db_cluster_identifier)
        world = rds_backends[self.account_id][GLOBALS_KEPT_IN].global_clusters.get(name)
        if world is None:
            raise RDSClientError("GlobalClusterNotFoundFault", f"Global cluster {name} not found.")
        found = [member for member in world.members if member.db_cluster_identifier == cluster]
        if not found:
            raise RDSClientError("DBClusterNotFoundFault", f"DBCluster {cluster} not found.")
        world.members.remove(found[0])
        found[0].global_cluster_identifier = None
        return world
