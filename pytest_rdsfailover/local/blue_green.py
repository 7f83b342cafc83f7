"""The blue/green deployment of a local cluster, as tests use it."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Self

from pytest_rdsfailover.local.dns.addresses import LocalAddresses
from pytest_rdsfailover.local.failovers import LocalFailover, LocalFailovers
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.script import REFUSES
from pytest_rdsfailover.local.gateway.views import PROVISIONING, DeploymentView
from pytest_rdsfailover.local.green_environment import green_environment, new_suffix
from pytest_rdsfailover.local.listeners import Listeners, Place
from pytest_rdsfailover.local.profiles.switchovers import Switchover, load_switchover
from pytest_rdsfailover.model.clock import MonotonicClock, wait_until
from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import GatewayError, NotReadyError
from pytest_rdsfailover.model.settings import USUAL_BLUE_GREEN
from pytest_rdsfailover.model.target import OLD_ENVIRONMENT
from pytest_rdsfailover.model.timeouts import check_timeout

READY_WITHIN = 10.0  # seconds


class BlueGreenDeployment:
    """A green twin of a cluster; a context manager that deletes it and leaves the cluster as it is then.

    Both sides store rows in the one real server, so green has every row of blue without delay.

    Args:
        gateway: plays both sides.
        listeners: what clients connect to.
        places: where the cluster's endpoints listen.
        addresses: how endpoints are called.
        failovers: the cluster's.
        endpoint: returns an endpoint by its name, host and port.
        usual: name or path of the switchover that is played unless another is named.

    Attributes:
        suffix: what the green names end with, such as `-green-abc123`.
    """

    def __init__(
        self,
        gateway: GatewayClient,
        listeners: Listeners,
        places: Mapping[str, Place],
        addresses: LocalAddresses,
        failovers: LocalFailovers,
        endpoint: Callable[[str, str, int], Endpoint],
        usual: str = USUAL_BLUE_GREEN,
    ) -> None:
        self.suffix = new_suffix()
        self._gateway, self._listeners, self._places = gateway, listeners, places
        self._usual = usual
        self._addresses, self._failovers, self._at = addresses, failovers, endpoint
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            places = stack.enter_context(
                green_environment(
                    self._gateway, self._listeners, self._places["cluster"], self.suffix
                )
            )
            stack.enter_context(self._addresses.beside(places))
            names = [*self._places, *places]
            self._gateway.announce_blue_green(
                {name: self._addresses.called(name) for name in names}
            )
            self._wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack:
            self._failovers.rest()

    def _wait(self) -> None:
        ready = wait_until(
            lambda: self.status != PROVISIONING, timeout=READY_WITHIN, clock=MonotonicClock()
        )
        if not ready:
            raise NotReadyError("the blue/green deployment", READY_WITHIN)

    @property
    def _view(self) -> DeploymentView:
        view = self._gateway.describe().deployment
        if view is None:
            raise GatewayError("the blue/green deployment was deleted; make another one")
        return view

    @property
    def status(self) -> str:
        """Return its status as AWS words it: `AVAILABLE`, `SWITCHOVER_IN_PROGRESS` and others."""
        return self._view.status

    @property
    def green_endpoint(self) -> Endpoint:
        """Return the cluster endpoint of the green side, which after a switchover is the cluster."""
        return self._endpoint("cluster" + self.suffix)

    @property
    def green_reader_endpoint(self) -> Endpoint:
        """Return the reader endpoint of the green side."""
        return self._endpoint("reader" + self.suffix)

    @property
    def old_endpoint(self) -> Endpoint:
        """Return the cluster endpoint of what was blue, which refuses connections before a switchover."""
        return self._endpoint("cluster" + OLD_ENVIRONMENT)

    def green_instance_endpoint(self, instance: str) -> Endpoint:
        """Return the endpoint of the green twin of an instance of the cluster."""
        return self._endpoint(instance + self.suffix)

    def _endpoint(self, name: str) -> Endpoint:
        return self._at(name, *self._addresses.called(name))

    def switch_over(
        self, profile: str | None = None, seed: int = 0, *, timeout: str = "300s"
    ) -> LocalFailover:
        """Start a switchover and return; its milestones tell how far it is.

        Args:
            profile: `blue-green`, `blue-green-fast` or the path of a TOML file; the run's by default.
            seed: decides the durations.
            timeout: how long it may take until green takes writes, from 30 s to an hour; else it is
                rolled back.

        Raises:
            SettingError: if there is no such profile, or AWS takes no such time-out.
            GatewayError: if a failover is on, or it has been switched over already.
        """
        seconds = check_timeout(parse_duration(timeout))
        return self._play(load_switchover(profile or self._usual), seed, seconds)

    def _play(self, switchover: Switchover, seed: int, timeout: float) -> LocalFailover:
        steps = switchover.steps(self._gateway.describe(), seed=seed, timeout=timeout)
        return self._failovers.play(steps, REFUSES, switchover.name)
