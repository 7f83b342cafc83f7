"""A simulated Aurora MySQL cluster on this machine: the `Target` of local mode."""

import contextlib
import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from pytest_rdsfailover import driver
from pytest_rdsfailover.clock import Clock, MonotonicClock, wait_until
from pytest_rdsfailover.endpoints import Endpoint
from pytest_rdsfailover.errors import NotReadyError, RdsFailoverError, SettingError
from pytest_rdsfailover.gateway.client import GatewayClient
from pytest_rdsfailover.local.choreography import choreography
from pytest_rdsfailover.local.network import Network, ToxiproxyProgram
from pytest_rdsfailover.local.process import Supervisor
from pytest_rdsfailover.local.profiles import Profile, load_profile
from pytest_rdsfailover.local.programs import ServerProgram, ServerUrl
from pytest_rdsfailover.local.server import start_server
from pytest_rdsfailover.records import Milestone

GATEWAY_READY_WITHIN = 10.0  # seconds
READ_BACK = 20.0  # seconds beyond its plan that a failover may take
KINDS = {"cluster": "writer", "reader": "reader"}


class FailoverInProgressError(RdsFailoverError):
    """A failover was triggered while another was on its way; Aurora refuses that, too."""


class LocalFailover:
    """A failover that the gateway plays."""

    def __init__(self, gateway: GatewayClient, profile: Profile, triggered: float) -> None:
        self._gateway, self._profile = gateway, profile
        self.triggered = triggered
        self._final: Sequence[Milestone] | None = None

    @property
    def profile(self) -> str:
        """Return the profile's name."""
        return self._profile.name

    @property
    def moves_writer(self) -> bool:
        """Tell whether another instance should be the writer afterwards."""
        return self._profile.moves_writer

    def milestones(self) -> Sequence[Milestone]:
        """Return the trigger and what the gateway did since, in order of time."""
        if self._final is not None:
            return self._final
        played = self._gateway.milestones()
        found = [Milestone(name="trigger", at=self.triggered, planned=self.triggered), *played.seen]
        if played.over:
            self._final = found
        return found

    def settled(self) -> bool:
        """Tell whether the gateway has done all that the profile says."""
        self.milestones()
        return self._final is not None


class LocalCluster:
    """One real server, simulated instances, a real network; a context manager.

    Args:
        server: the server to start, or to use.
        toxiproxy: the Toxiproxy to start, or to use.
        profile: the failover profile of the run.
        instances: how many instances there are.
        port: the endpoints' common port; None for any free one.

    Raises:
        NotReadyError: if one of its servers does not start.
        SettingError: if what was asked for cannot be had.
    """

    mode = "local"

    def __init__(
        self,
        server: ServerProgram | ServerUrl,
        toxiproxy: ToxiproxyProgram,
        profile: Profile,
        *,
        instances: int = 2,
        port: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.instances = tuple(f"instance-{n + 1}" for n in range(instances))
        self.failovers: list[LocalFailover] = []
        self._clock = clock or MonotonicClock()
        self._profile = profile
        with contextlib.ExitStack() as stack:
            self._supervisor = stack.enter_context(Supervisor())
            prefix = f"rdsfailover-{secrets.token_hex(3)}-"
            self.network = stack.enter_context(Network(toxiproxy, self._supervisor, prefix))
            self._server = stack.enter_context(start_server(server, self._supervisor))
            self._gateway_process = self._spawn_gateway()
            self.network.wait(self._clock)
            ports = self._gateway_ports()
            self._gateway = stack.enter_context(GatewayClient(self._control))
            self.network.connect(ports, port=port, armed=profile.cut != "close")
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything and leave nothing behind; harmless the second time."""
        self._stack.close()
