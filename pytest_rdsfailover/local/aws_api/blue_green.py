"""Blue/green deployments of the local cluster, as RDS makes, shows, switches and deletes them."""

import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime

from pytest_rdsfailover.local.aws_api.plane import RefusalError
from pytest_rdsfailover.local.aws_api.shown import Shown, deployment_id, now
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.script import REFUSES
from pytest_rdsfailover.local.gateway.views import DeploymentView
from pytest_rdsfailover.local.profiles.switchovers import load_switchover
from pytest_rdsfailover.model.errors import GatewayError, RdsFailoverError, SettingError
from pytest_rdsfailover.model.target import OLD_ENVIRONMENT
from pytest_rdsfailover.model.timeouts import check_timeout

ID, STATE = "BlueGreenDeploymentIdentifier", "InvalidBlueGreenDeploymentStateFault"
IN_PROGRESS = "SWITCHOVER_IN_PROGRESS"
MORE_OF_DRIVERS = ("SWITCHOVER_INITIATED", "SWITCHOVER_IN_POST_PROCESSING")  # RDS shows one status
FILTERS = {
    "blue-green-deployment-identifier": ID,
    "blue-green-deployment-name": "BlueGreenDeploymentName",
    "source": "Source",
    "target": "Target",
}
NAME, LONGEST_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*"), 60
ShownDeployment = Mapping[str, object]
Tags = Sequence[Mapping[str, str]]


class BlueGreenCalls:
    """Acts on the deployment that the gateway has, whoever has made it.

    Args:
        gateway: a connection to it.
        arn: returns what the names of RDS' resources begin with now.
        seed: decides the durations of switchovers.
    """

    def __init__(self, gateway: GatewayClient, arn: Callable[[], str], seed: int) -> None:
        self._gateway, self._arn, self._seed = gateway, arn, seed
        self._known: dict[str, tuple[str, datetime, Tags]] = {}  # by suffix: name, when seen, tags
        self._made, self._count = ExitStack(), 0
        self._left = ""  # suffix of the deployment that is deleted, and has left an environment
        self._lock = threading.Lock()

    def environments(self) -> DeploymentView | None:
        """Return how both environments are now; None if there is only the cluster."""
        return self._gateway.describe().deployment

    def left(self, view: DeploymentView) -> bool:
        """Tell whether only an environment is left of a deployment, which was deleted."""
        return self._left == view.suffix

    def _deployment(self) -> DeploymentView | None:
        view = self.environments()
        return None if view is None or self.left(view) else view

    def _existing(self) -> DeploymentView:
        view = self._deployment()
        if view is None:
            raise RefusalError("BlueGreenDeploymentNotFoundFault", "There is no deployment.")
        return view

    def listed(self, shown: Shown) -> list[ShownDeployment]:
        """Return the deployment, if there is one."""
        view = self._deployment()
        return [] if view is None else [self._shown(view, shown)]

    def has(self, identifier: str) -> bool:
        """Tell whether a deployment is the local cluster's."""
        view = self._deployment()
        return view is not None and identifier == deployment_id(view.suffix)

    def create(self, name: str, tags: Tags, shown: Shown) -> ShownDeployment:
        """Have a green environment beside the cluster; it is provisioned at first.

        Args:
            name: of the deployment.
            tags: those of it.
            shown: the cluster.

        Raises:
            RefusalError: with RDS' code.
        """
        # Here, because most processes that answer for a region have no need of a network.
        from pytest_rdsfailover.local.green_environment import green_environment, new_suffix
        from pytest_rdsfailover.local.listeners import Listeners, Place
        from pytest_rdsfailover.local.toxiproxy.client import ToxiproxyClient

        if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
            raise RefusalError(
                "InvalidParameterValue",
                f"BlueGreenDeploymentName {name!r}: up to {LONGEST_NAME} letters, digits and single"
                " hyphens between them, a letter first",
            )
        if not shown.toxiproxy:
            raise RefusalError(
                "InvalidDBClusterStateFault",
                f"The endpoints of {shown.cluster} have names, which only a test can move; use"
                " rds_cluster.blue_green().",
            )
        listeners = Listeners(
            ToxiproxyClient(shown.toxiproxy), shown.prefix, armed=shown.usual.profile.cut != "close"
        )
        suffix = new_suffix()
        with self._lock, ExitStack() as stack:
            try:
                places = stack.enter_context(
                    green_environment(
                        self._gateway, listeners, Place(*shown.places["cluster"]), suffix
                    )
                )
                hosts = {name: (place.host, place.port) for name, place in places.items()}
                self._gateway.announce_blue_green({**shown.places, **hosts})
            except RdsFailoverError as error:
                raise RefusalError("InvalidDBClusterStateFault", str(error)) from error
            self._known[suffix] = name, now(), tags
            self._made = stack.pop_all()
        return self.listed(shown)[0]

    def switch_over(self, timeout: int, shown: Shown) -> ShownDeployment:
        """Start a switchover and return.

        Raises:
            RefusalError: with RDS' code.
        """
        try:
            check_timeout(timeout)
        except SettingError as error:
            raise RefusalError("InvalidParameterValue", f"SwitchoverTimeout: {error}") from error
        with self._lock:
            deployment, switchover = self._existing(), load_switchover(shown.blue_green)
            self._count += 1
            chance = random.Random(f"{self._seed}/{switchover.name}/{self._count}")  # noqa: S311 - durations
            view = self._gateway.describe()
            try:
                steps = switchover.steps(view, seed=chance.randrange(1 << 32), timeout=timeout)
                self._gateway.play(steps, REFUSES, name=switchover.name)
            except GatewayError as error:
                raise RefusalError(STATE, str(error)) from error
        return self._shown(deployment, shown, IN_PROGRESS)

    def delete(self, shown: Shown, *, target: bool) -> ShownDeployment:
        """Delete the deployment; its other environment is left unless green is to be deleted, too.

        Raises:
            RefusalError: with RDS' code.
        """
        with self._lock:
            view = self._existing()
            if target and view.switched:
                raise RefusalError(
                    "InvalidParameterCombination",
                    "DeleteTarget: after a switchover green is the cluster.",
                )
            if self._gateway.describe().playing:
                raise RefusalError(STATE, "The blue/green deployment is being switched over.")
            self._left = view.suffix
            if target:
                self._remove()
        return self._shown(view, shown, "DELETING")

    def remove(self) -> None:
        """Remove the environment that a deployment has left.

        Raises:
            RefusalError: with RDS' code.
        """
        with self._lock:
            self._remove()

    def _remove(self) -> None:
        try:
            self._gateway.delete_blue_green()
        except GatewayError as error:
            raise RefusalError(STATE, str(error)) from error
        self._made.close()

    def undo(self) -> None:
        """Delete what was made here.

        Raises:
            RdsFailoverError: if it cannot be deleted.
        """
        with self._lock:
            self._made.close()

    def _shown(self, view: DeploymentView, shown: Shown, status: str = "") -> ShownDeployment:
        name, created, tags = self._known.setdefault(
            view.suffix, (f"{shown.cluster}-twin", now(), ())
        )
        status = status or (IN_PROGRESS if view.status in MORE_OF_DRIVERS else view.status)
        sides = (OLD_ENVIRONMENT, "") if view.switched else ("", view.suffix)
        members = [name for name in shown.places if name.startswith("instance-")]
        pairs = [
            (self._cluster(shown, sides[0]), self._cluster(shown, sides[1])),
            *((self._instance(name, sides[0]), self._instance(name, sides[1])) for name in members),
        ]
        return {
            ID: deployment_id(view.suffix),
            "BlueGreenDeploymentName": name,
            "Source": pairs[0][0],
            "Target": pairs[0][1],
            "SwitchoverDetails": _details(pairs, status),
            "Tasks": [{"Name": "CREATING_READ_REPLICA_OF_SOURCE", "Status": "COMPLETED"}],
            "Status": status,
            "CreateTime": created,
            "TagList": list(tags),
            **({"StatusDetails": view.failure} if view.failure else {}),
        }

    def _cluster(self, shown: Shown, ending: str) -> str:
        return f"{self._arn()}:cluster:{shown.cluster}{ending}"

    def _instance(self, name: str, ending: str) -> str:
        return f"{self._arn()}:db:{name}{ending}"


def selected_deployments(
    deployments: Sequence[ShownDeployment], filters: Mapping[str, Sequence[str]]
) -> list[ShownDeployment]:
    """Return those that pass all filters of RDS, which moto has checked."""
    return [
        deployment
        for deployment in deployments
        if all(deployment[FILTERS[name]] in values for name, values in filters.items())
    ]


def _details(pairs: Sequence[tuple[str, str]], status: str) -> list[Mapping[str, str]]:
    return [
        {"SourceMember": source, "TargetMember": target, "Status": status}
        for source, target in pairs
    ]
