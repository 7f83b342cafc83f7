"""What a name server says of one cluster's names, now. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.local.dns.names import AwsNames
from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.views import ClusterView

STILL = 5  # seconds for which the address of an instance may be remembered, as in AWS
MOVING = {"cluster", "reader"}


@dataclass(frozen=True, slots=True)
class HostAlias:
    """A name is another name, for so many seconds."""

    name: str
    target: str
    ttl: int


@dataclass(frozen=True, slots=True)
class HostAddress:
    """A name has an address, for so many seconds."""

    name: str
    address: str
    ttl: int


Answer = tuple[HostAlias | HostAddress, ...]


class Zone:
    """The names of one cluster.

    Args:
        names: the names.
        hosts: the loopback address of each endpoint.
        view: returns how the cluster is now.
        ttl: returns for how many seconds a moving name's alias may be remembered.
        custom: returns the custom endpoints.
    """

    def __init__(
        self,
        names: AwsNames,
        hosts: Mapping[str, str],
        view: Callable[[], ClusterView],
        ttl: Callable[[], float],
        custom: Callable[[], Sequence[CustomEndpoint]] = tuple,
    ) -> None:
        self._names, self._hosts, self._view, self._ttl = names, hosts, view, ttl
        self._custom = custom
        self._endpoints = {names.host(endpoint): endpoint for endpoint in hosts}

    def owns(self, name: str) -> bool:
        """Tell whether a name is under this cluster's domain, whether or not it exists."""
        return self._names.owns(name)

    def resolve(self, name: str) -> Answer | None:
        """Return what a name stands for now; None if there is no such name.

        Raises:
            GatewayError: if the cluster cannot tell.
        """
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            return self._resolve_custom(name)
        if endpoint not in MOVING:
            return (HostAddress(name, self._hosts[endpoint], STILL),)
        view = self._view()
        instance = view.dns if endpoint == "cluster" else view.reader
        target = self._names.host(instance)
        # DNS has whole seconds: what is remembered for less is not remembered.
        return HostAlias(name, target, int(self._ttl())), *(self.resolve(target) or ())

    def _resolve_custom(self, name: str) -> Answer | None:
        endpoint = self._names.custom(name)
        found = [] if endpoint is None else self._custom()
        hosts = [custom.host for custom in found if custom.name == endpoint]
        return (HostAddress(name, hosts[0], STILL),) if hosts else None

    def hosts_file(self) -> list[str]:
        """Return lines of a hosts file that say where all names lead now.

        Raises:
            GatewayError: if the cluster cannot tell.
        """
        found = []
        for name in self._endpoints:
            *_, last = self.resolve(name) or ()
            if isinstance(last, HostAddress):
                found.append(f"{last.address} {name}")
        return found
