"""A standing cluster as another process sees it: the `Target` of that process' trials."""

import contextlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from pytest_rdsfailover.aws.client import make_client
from pytest_rdsfailover.local.aws_api.script import decode_script
from pytest_rdsfailover.local.failovers import LocalFailover, LocalFailovers
from pytest_rdsfailover.local.gateway import client as gateway
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.local.toxiproxy.client import ToxiproxyClient
from pytest_rdsfailover.local.trigger import DirectTrigger
from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import DiedError, GatewayError, SettingError, did_you_mean
from pytest_rdsfailover.model.target import Sessions, Traffic


class VisitedCluster:
    """A standing cluster, which goes on when this is closed; a context manager.

    Args:
        description: the cluster.

    Attributes:
        gateway: its gateway.
        toxiproxy: its network.

    Raises:
        GatewayError: if it does not answer.
    """

    mode: Final = "local"

    def __init__(self, description: Description, clock: Clock | None = None) -> None:
        self.description = description
        self.gateway: GatewayClient = gateway.connect(description.control)
        self.toxiproxy = ToxiproxyClient(description.toxiproxy)
        usual = decode_script(description.usual)
        self._profile = usual.profile
        self._failovers = LocalFailovers(
            self.gateway, DirectTrigger(self.gateway), usual.profile, clock or MonotonicClock()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.gateway.close()
        self.toxiproxy.close()

    @property
    def writer(self) -> str:
        """Return the id of the instance that currently takes writes."""
        return self.gateway.describe().writer

    @property
    def failovers(self) -> Sequence[LocalFailover]:
        """Return every failover so far, whoever started it."""
        return self._failovers.so_far()

    def endpoint(self, called: str) -> Endpoint:
        """Return an endpoint by the name that users write, with the password that works now.

        Raises:
            SettingError: if there is none of that name.
        """
        user = self.description.user
        password = Secret.parse(self.gateway.secrets()[user]).password
        return replace(self.description, password=password).endpoint(called)

    def audit_endpoint(self) -> Endpoint:
        """Return the endpoint of the instance that is the writer now."""
        return self.endpoint(self.writer)

    def fail_over(
        self, target: str | None = None, profile: str | None = None, seed: int = 0
    ) -> LocalFailover:
        """Start a failover and return as soon as it is triggered; see `LocalCluster.fail_over`."""
        if target is not None and target not in self.description.instances:
            ids = self.description.instances
            hint = did_you_mean(target, ids)
            raise SettingError(
                f"there is no instance {target!r}{hint} (instances: {', '.join(ids)})"
            )
        chosen = self._profile if profile is None else load_profile(profile)
        return self._failovers.start(chosen, target, seed)

    def traffic(self, mark: str) -> Mapping[str, Traffic]:
        """Return what the gateway saw at each endpoint so far."""
        return self.gateway.traffic(mark)

    def sessions(self, endpoint: str) -> Sessions:
        """Return the connections that clients have through an endpoint now."""
        return self.gateway.sessions(endpoint)

    def functions(self, *, patience: float, at_once: int) -> Any:
        """Return a client of the Lambda of this cluster's AWS API.

        Raises:
            SettingError: if it has none.
        """
        if self.description.aws is None:
            raise SettingError(
                "functions: the cluster has no AWS API; start it with the extra `lambda`: pip install"
                " 'pytest-rdsfailover[lambda]'"
            )
        place = self.description.aws
        return make_client(place, "lambda", answer_within=patience, at_once=at_once)

    def check(self) -> None:
        """Raise DiedError if the cluster is gone."""
        try:
            self.gateway.ping()
        except GatewayError as error:
            raise DiedError(f"the cluster {self.description.name!r}", str(error)) from None

    def permit(self, target: str | None) -> AbstractContextManager[None]:  # noqa: ARG002 - for real clusters
        """Let a project's own trigger act: anything may fail a local cluster over."""
        return contextlib.nullcontext()

    def prepare(self) -> None:
        """Do nothing: a local cluster may fail over at any time."""

    def arm(self) -> None:
        """Do nothing: the gateway is ready."""

    def rest(self) -> None:
        """Wait until the last failover is over.

        Raises:
            NotReadyError: if it does not end.
            DiedError: if the cluster is gone.
        """
        self.check()
        self._failovers.rest()

    def parts(self) -> Mapping[str, str]:
        """Return what the cluster is made of, in words for people."""
        return {**self.description.parts, "trigger": DirectTrigger.about}
