"""The hosts and ports of a local cluster's endpoints as tests see them, and where these lead."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from pytest_rdsfailover.local.dns.names import GLOBAL, PORT, AwsNames, Record, Resolver
from pytest_rdsfailover.local.dns.zone import Zone
from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.views import ClusterView
from pytest_rdsfailover.local.listeners import Place
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.target import OLD_ENVIRONMENT


class LocalAddresses:
    """Loopback addresses; within `as_aws`, names as AWS gives them.

    Args:
        places: where each endpoint listens.
        view: returns how the cluster is now.
        ttl: returns for how many seconds a moving name's address may be remembered.
        clock: measures these seconds.
        custom: returns the custom endpoints.
    """

    def __init__(
        self,
        places: Mapping[str, Place],
        view: Callable[[], ClusterView],
        ttl: Callable[[], float],
        clock: Clock,
        custom: Callable[[], Sequence[CustomEndpoint]] = tuple,
    ) -> None:
        self._places, self._view, self._ttl, self._clock = places, view, ttl, clock
        self._custom = custom
        self._names: AwsNames | None = None
        self._guests: dict[str, Place] = {}
        self._records: dict[str, Record] = {}

    @property
    def region(self) -> str | None:
        """Return the region that the names claim; None without names."""
        return None if self._names is None else self._names.region

    @property
    def hosts(self) -> list[str]:
        """Return the names of all endpoints; none without names."""
        if self._names is None:
            return []
        names = self._names
        more = [names.host(GLOBAL)] if names.abroad else []
        return [*map(names.host, self._places), f"*.{names.custom_domain}", *more]

    @property
    def custom_domain(self) -> str:
        """Return what the names of custom endpoints end with; empty without names."""
        return "" if self._names is None else self._names.custom_domain

    @property
    def global_host(self) -> str:
        """Return the name of the global writer endpoint; empty without names, or without one."""
        names = self._names
        return "" if names is None or not names.abroad else names.host(GLOBAL)

    def called(self, endpoint: str) -> tuple[str, int]:
        """Return the host and the port by which an endpoint is called."""
        if self._names is not None:
            return self._names.host(endpoint), PORT
        place = self._places.get(endpoint) or self._guests[endpoint]
        return place.host, place.port

    @contextmanager
    def beside(self, guests: Mapping[str, Place]) -> Iterator[None]:
        """Have further endpoints for the block, those of a blue/green deployment.

        With names, an address belongs to an environment, and a switchover changes which names lead to
        it. Without any, an address stands for the name.
        """
        self._guests = dict(guests)
        records = {} if self._names is None else self._records_of(self._names, guests)
        self._records.update(records)
        try:
            yield
        finally:
            for host in records:
                self._records.pop(host, None)
            self._guests = {}

    def _records_of(self, names: AwsNames, guests: Mapping[str, Place]) -> dict[str, Record]:
        """Return the records of a deployment's names, and of all addresses.

        Drivers go to addresses while names move, and think that Aurora's port is listened at there.
        """
        places = {place.host: place for place in (*self._places.values(), *guests.values())}
        records = {
            host: Record(partial(tuple[str, int], (host, place.port)))
            for host, place in places.items()
            if len(places) > 1
        }
        return records | {
            names.host(name): Record(partial(self._locate_guest, name)) for name in guests
        }

    def _locate_guest(self, name: str) -> tuple[str, int]:
        """Return where a name of the other environment leads now.

        Raises:
            GatewayError: if DNS does not have it now.
        """
        deployment = self._view().deployment
        if deployment is not None:
            green = name.endswith(deployment.suffix)
            if (green and not deployment.removed) or (not green and deployment.switched):
                place = self._guests[name]
                return place.host, place.port
        raise GatewayError("DNS does not have the name now")

    def host_ports(self, endpoints: Sequence[str]) -> list[str]:
        """Return every `host:port` by which these endpoints may be called now."""
        host_ports = [str(self._places[name]) for name in endpoints]
        if self._names is not None:
            host_ports += [f"{self._names.host(name)}:{PORT}" for name in endpoints]
        return host_ports

    @contextmanager
    def as_aws(self, region: str, abroad: Mapping[str, str]) -> Iterator[AwsNames]:
        """Give the endpoints names as AWS would in a region, for the block and in this process.

        Args:
            region: the region.
            abroad: the other region of each instance that is not in it.

        Raises:
            SettingError: if that is no region.
        """
        names = AwsNames.new(region, abroad)
        records = self._records = {
            names.host(name): Record(partial(self._locate, name)) for name in self._places
        }
        for moving in ("cluster", "reader"):
            record = Record(partial(self._locate, moving), self._ttl, self._clock)
            records[names.host(moving)] = record
        if abroad:
            records[names.host(GLOBAL)] = records[names.host("cluster")]
        with Resolver(names, records, self._locate_custom).installed():
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
        return Zone(self._names, hosts, self._view, self._ttl, self._custom)

    def _locate_custom(self, name: str) -> tuple[str, int] | None:
        """Return where a custom endpoint listens; None if there is none of that name."""
        places = ((custom.host, custom.port) for custom in self._custom() if custom.name == name)
        return next(places, None)

    def _locate(self, name: str) -> tuple[str, int]:
        """Return the address that an endpoint's name leads to now."""
        view = self._view() if name in ("cluster", "reader") or self._guests else None
        if view is not None and name in ("cluster", "reader"):
            name = view.dns if name == "cluster" else view.reader.removesuffix(OLD_ENVIRONMENT)
        deployment = None if view is None else view.deployment
        place = self._places[name]
        if deployment is not None and deployment.renamed:  # RDS Proxy stays where it is
            place = self._guests.get(name + deployment.suffix, place)
        return place.host, place.port
