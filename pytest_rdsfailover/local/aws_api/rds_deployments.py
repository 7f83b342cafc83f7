"""RDS of the simulated region as far as blue/green deployments go: moto's, and those of the local cluster."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from moto.rds.exceptions import RDSClientError
from moto.rds.models import RDSBackend

from pytest_rdsfailover.local.aws_api.blue_green import (
    ID,
    BlueGreenCalls,
    selected_deployments,
)
from pytest_rdsfailover.local.aws_api.environments import (
    OtherCluster,
    names_of,
    other_of,
    show_other,
)
from pytest_rdsfailover.local.aws_api.identifiers import plain
from pytest_rdsfailover.local.aws_api.plane import Plane, RefusalError
from pytest_rdsfailover.local.aws_api.shown import Shown
from pytest_rdsfailover.model.timeouts import USUAL_TIMEOUT

DELETES = ("delete_db_cluster", "delete_db_instance")


class RdsOfDeployments(RDSBackend):  # type: ignore[misc]
    """RDS with the blue/green deployment of the local cluster in it."""

    blue_green: BlueGreenCalls
    plane: Plane
    shown: Shown

    def show_environments(self) -> None:
        """Show the environment that is not the cluster as it is now, if there is one."""
        if self.shown.cluster in self.clusters:
            show_other(self, self.blue_green.environments())

    def check_other(self, action: str, named: Collection[str]) -> None:
        """Refuse calls that would change that environment only in appearance.

        Args:
            action: the call, as `delete_db_cluster`.
            named: the identifiers in it.

        Raises:
            RefusalError: with RDS' code.
        """
        other = other_of(self)
        if (
            other is None
            or set(names_of(other)).isdisjoint(named)
            or action.startswith("describe_")
        ):
            return
        if action not in DELETES:
            raise RefusalError(
                "InvalidDBClusterStateFault",
                f"{other.resource_id} is the other environment of a blue/green deployment: a local one"
                " is shown, and deleted once its deployment is.",
            )
        if not self.blue_green.left(other.view):
            raise RefusalError(
                "InvalidDBClusterStateFault",
                f"{other.resource_id} is part of a blue/green deployment; delete that first.",
            )

    def delete_db_cluster(self, cluster_identifier: str, snapshot_name: str | None = None) -> Any:
        """Delete a cluster; return it.

        Raises:
            RDSClientError: if RDS would refuse it, with RDS' code and message.
        """
        deleted = super().delete_db_cluster(cluster_identifier, snapshot_name)
        if isinstance(deleted, OtherCluster):
            with refusals():
                self.blue_green.remove()
        return deleted

    def create_blue_green_deployment(self, bg_kwargs: Mapping[str, Any]) -> Any:
        """Have a green environment of the local cluster, or of one of moto's; return the deployment.

        Raises:
            RDSClientError: if RDS would refuse it, with RDS' code and message.
        """
        source, other = plain(bg_kwargs["source"]), other_of(self)
        if other is not None and source in names_of(other):
            raise RDSClientError(
                "SourceClusterNotSupportedFault",
                f"{source} is part of a blue/green deployment already.",
            )
        if source != self.plane.cluster:
            return super().create_blue_green_deployment(dict(bg_kwargs))
        with refusals():
            self._check_targets(bg_kwargs)
            name, tags = bg_kwargs["blue_green_deployment_name"], bg_kwargs.get("tags") or ()
            return self.blue_green.create(name, tags, self.shown)

    def _check_targets(self, asked: Any) -> None:
        """Refuse what green is to have and blue has not: both are one server."""
        same = {"target_engine_version": self.shown.version.engine}
        for name, value in asked.items():
            if name.startswith("target_") and value not in (None, same.get(name)):
                raise RefusalError(
                    "InvalidParameterCombination",
                    f"{name}={value!r}: both environments of a local cluster are one server; leave"
                    " it out",
                )

    def describe_blue_green_deployments(
        self, blue_green_deployment_identifier: str | None = None, **options: Any
    ) -> list[Any]:
        """Return the deployments that the caller wants.

        Raises:
            RDSClientError: if there is none of that identifier.
        """
        ours = [
            deployment
            for deployment in self.blue_green.listed(self.shown)
            if blue_green_deployment_identifier in (None, deployment[ID])
        ]
        if ours and blue_green_deployment_identifier is not None:
            return ours
        others = super().describe_blue_green_deployments(
            blue_green_deployment_identifier, options.get("filters")
        )
        return [*selected_deployments(ours, options.get("filters") or {}), *others]

    def switchover_blue_green_deployment(
        self, blue_green_deployment_identifier: str, switchover_timeout: int | None = None
    ) -> Any:
        """Start a switchover; return the deployment.

        Raises:
            RDSClientError: if RDS would refuse it, with RDS' code and message.
        """
        timeout = USUAL_TIMEOUT if switchover_timeout is None else switchover_timeout
        if not self.blue_green.has(blue_green_deployment_identifier):
            return super().switchover_blue_green_deployment(
                blue_green_deployment_identifier, timeout
            )
        with refusals():
            return self.blue_green.switch_over(timeout, self.shown)

    def delete_blue_green_deployment(
        self, blue_green_deployment_identifier: str, *, delete_target: bool = False
    ) -> Any:
        """Delete a deployment; return it.

        Raises:
            RDSClientError: if RDS would refuse it, with RDS' code and message.
        """
        if not self.blue_green.has(blue_green_deployment_identifier):
            return super().delete_blue_green_deployment(
                blue_green_deployment_identifier, delete_target
            )
        with refusals():
            return self.blue_green.delete(self.shown, target=delete_target)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a RefusalError in the block into the error that moto answers with."""
    try:
        yield
    except RefusalError as error:
        raise RDSClientError(error.code, error.message) from error
