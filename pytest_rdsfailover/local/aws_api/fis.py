"""The Fault Injection Service of the simulated region: moto's, acting on the local cluster."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.fis.exceptions import ResourceNotFoundException
from moto.fis.models import FISBackend
from moto.fis.responses import FISResponse
from moto.rds.exceptions import RDSClientError

from pytest_rdsfailover.local.aws_api import catalogue
from pytest_rdsfailover.local.aws_api.experiments import FAIL_OVER, Action, actions, unsupported
from pytest_rdsfailover.local.aws_api.identifiers import is_elsewhere, plain
from pytest_rdsfailover.local.aws_api.rds import LocalRds


def install() -> None:
    """Put the calls that moto lacks beside its own."""
    FISResponse.list_actions, FISResponse.get_action = list_actions, get_action


def list_actions(self: Any) -> str:
    """Answer `ListActions`."""
    return json.dumps({"actions": catalogue.actions(self.region, self.current_account)})


def get_action(self: Any) -> str:
    """Answer `GetAction`.

    Raises:
        ResourceNotFoundException: if a local cluster has no such action.
    """
    kind = self._get_param("id")
    action = catalogue.action(kind, self.region, self.current_account)
    if action is None:
        raise ResourceNotFoundException(f"There is no action {kind}.")
    return json.dumps({"action": action})


RESOURCES = {"aws:rds:cluster": "cluster", "aws:rds:db": "db"}


class LocalFis(FISBackend):  # type: ignore[misc]
    """moto's experiments, but with actions on databases that take place."""

    __module__ = "moto.fis.models"  # moto looks for the URLs of a service beside its backend

    rds: Callable[[str], LocalRds]

    def start_experiment(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Start an experiment and carry out its actions; the first that cannot be makes it fail."""
        earlier = set(self.experiments)
        started: dict[str, Any] = super().start_experiment(*arguments, **options)
        identifier = started["id"]
        if identifier in earlier:  # an old one: the same client token came again
            return started
        if started["experimentOptions"]["actionsMode"] == "skip-all":
            return started
        reason = unsupported(started) or self._act(started)
        if reason:
            experiment = self.experiments[identifier]
            experiment.STATUS_REASONS = {**experiment.STATUS_REASONS, "failed": reason}
            experiment.status = "failed"
        shown: dict[str, Any] = self.experiments[identifier].to_dict(tags=started["tags"])
        return shown

    def _act(self, experiment: Mapping[str, Any]) -> str:
        """Carry out the actions; return why one could not be carried out, empty if all were."""
        fail_empty = experiment["experimentOptions"]["emptyTargetResolutionMode"] == "fail"
        for action in actions(experiment, self._tagged):
            if not action.arns and fail_empty:
                return f"Target resolution returned empty set for action {action.name}"
            for arn in action.arns:
                if is_elsewhere(arn, self.region_name, self.account_id):
                    return f"Action {action.name}: {arn} is not found here"
                try:
                    self._apply(action, plain(arn))
                except RDSClientError as error:
                    return f"Action {action.name}: {error.message}"
        return ""

    def _apply(self, action: Action, name: str) -> None:
        rds = self.rds(self.region_name)
        if action.kind == FAIL_OVER:
            rds.failover_db_cluster(name)
        else:
            rds.restart(name, forced=action.forced)

    def _tagged(self, resource_type: str, tags: Mapping[str, str]) -> Sequence[str]:
        """Return the clusters or instances that carry all of the tags."""
        rds = self.rds(self.region_name)
        kind = RESOURCES.get(resource_type)
        resources = {"cluster": rds.clusters, "db": rds.databases}.get(kind or "", {})
        return [
            resource.arn for resource in resources.values()
            if tags.items() <= {tag["Key"]: tag["Value"] for tag in resource.tags}.items()
        ]  # fmt: skip
