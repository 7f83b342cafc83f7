"""The hosts and ports of a local cluster's endpoints as tests see them, and where these lead."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from pytest_rdsfailover.local.dns.names import PORT, AwsNames, Record, Resolver
from pytest_rdsfailover.local.dns.zone import Zone
from pytest_rdsfailover.local.gateway.messages import ClusterView
from pytest_rdsfailover.local.network import Place
from pytest_rdsfailover.model.clock import Clock


class LocalAddresses:
    """Loopback addresses; within `as_aws`, names as AWS gives them.

    Args:
        places: where each endpoint listens.
        view: returns how the cluster is now.
        ttl: returns for how many seconds a moving name's address may be remembered.
        clock: measures these seconds.
    """

    def __init__(
        self,
        places: Mapping[str, Place],
        view: Callable[[], ClusterView],
        ttl: Callable[[], float],
        clock: Clock,
    ) -> None:
        self._places, self._view, self._ttl, self._clock = places, view, ttl, clock
        self._names: AwsNames | None = None

    @property
    def region(self) -> str | None:
        """Return the region that the names claim; None without names."""
        return None if self._names is None else self._names.region

    @property
    def hosts(self) -> list[str]:
        """Return the names of all endpoints; none without names."""
        return [] if self._names is None else list(map(self._names.host, self._places))

    def called(self, endpoint: str) -> tuple[str, int]:
        """Return the host and the port by which an endpoint is called."""
        if self._names is not None:
            return self._names.host(endpoint), PORT
        return self._places[endpoint].host, self._places[endpoint].port

    def host_ports(self, endpoints: Sequence[str]) -> list[str]:
        """Return every `host:port` by which these endpoints may be called now."""
        host_ports = [str(self._places[name]) for name in endpoints]
        if self._names is not None:
            host_ports += [f"{self._names.host(name)}:{PORT}" for name in endpoints]
        return host_ports

    @contextmanager
    def as_aws(self, region: str) -> Iterator[AwsNames]:
        """Give the endpoints names as AWS would in a region, for the block and in this process.

        Raises:
            SettingError: if that is no region.
        """
        names = AwsNames.new(region)
        records = {names.host(name): Record(partial(self._locate, name)) for name in self._places}
        for moving in ("cluster", "reader"):
            record = Record(partial(self._locate, moving), self._ttl, self._clock)
            records[names.host(moving)] = record
        with Resolver(names, records).installed():
            self._names = names
            try:
                yield names
            finally:
                self._names = None

    def zone(self) -> Zone | None:
        """Return what a name server says of the names; None without names."""
        if self._names is None:
            return None
        hosts = {name: place.host for name, place in self._places.items()}
        return Zone(self._names, hosts, self._view, self._ttl)

    def _locate(self, name: str) -> tuple[str, int]:
        """Return the address that an endpoint's name leads to now."""
        if name in ("cluster", "reader"):
            view = self._view()
            name = view.dns if name == "cluster" else view.reader
        place = self._places[name]
        return place.host, place.port
