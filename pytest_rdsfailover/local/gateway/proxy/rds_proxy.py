"""The RDS Proxy of a cluster: its two endpoints, and the instances that they lead to."""

from collections import Counter
from collections.abc import Sequence

from pytest_rdsfailover.local.gateway.instance import Instance, State
from pytest_rdsfailover.local.gateway.proxy.authentication import Directory
from pytest_rdsfailover.local.gateway.proxy.endpoint import ProxyEndpoint
from pytest_rdsfailover.local.gateway.proxy.facts import ServerFacts
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.local.gateway.proxy.stats import ProxyStats
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.sockets import Dial
from pytest_rdsfailover.local.gateway.tls import Authority, PasswordKey
from pytest_rdsfailover.local.gateway.turns import AtEnd
from pytest_rdsfailover.local.gateway.witness import TrafficCounter

PROXY, PROXY_READER = "proxy", "proxy-reader"


class RdsProxy:
    """The proxy: endpoints that stay where they are while the writer moves.

    Attributes:
        endpoints: the read/write and the read-only endpoint, by name.
        directory: who may log in.
        settings: how it is set up.
    """

    def __init__(
        self,
        router: Router,
        facts: ServerFacts,
        authority: Authority,
        dial: Dial,
        at_end: AtEnd,
        *,
        secrets: Sequence[Secret],
        witness: TrafficCounter,
        secure: bool,
    ) -> None:
        self.directory = Directory(PasswordKey(), secrets)
        self.settings = ProxySettings()
        self.endpoints = {
            name: ProxyEndpoint(
                name,
                facts,
                self.directory,
                authority.context,
                dial,
                at_end,
                seen=witness.at(name),
                secure=secure,
            )
            for name in (PROXY, PROXY_READER)
        }
        self._router, self._authority = router, authority
        self._held = self._refuse = False
        self.look()

    async def listen(self) -> dict[str, int]:
        """Open the listeners; return their ports by endpoint.

        Raises:
            GatewayError: if no port is free.
        """
        for endpoint in self.endpoints.values():
            await endpoint.listen()
        return {name: endpoint.port for name, endpoint in self.endpoints.items()}

    # Whom it follows -----------------------------------------------------------------------------

    @property
    def serving(self) -> bool:
        """Tell whether requests go to a writer now."""
        return bool(self.endpoints[PROXY].pool.instances)

    def hold(self, *, refuse: bool) -> None:
        """Queue requests for the writer from now on, until `follow`.

        Args:
            refuse: refuse new clients wherever there is nobody to serve them.
        """
        self._held, self._refuse = True, refuse
        self.look()

    def follow(self) -> None:
        """Send requests to the writer again as soon as there is one."""
        self._held = self._refuse = False
        self.look()

    def hang_up(self) -> None:
        """End the connections of all clients, as when the green environment is promoted."""
        for endpoint in self.endpoints.values():
            endpoint.hang_up()

    def look(self) -> None:
        """Send each endpoint's requests to the instances that can be used now."""
        writer = self._router.instances[self._router.writer]
        usable = writer.writer and writer.state is State.UP and not self._held
        self.endpoints[PROXY].pool.follow(*[writer] if usable else ())
        self.endpoints[PROXY_READER].pool.follow(*self._readers())
        for endpoint in self.endpoints.values():
            endpoint.refusing = self._refuse and not endpoint.pool.instances
            endpoint.flush()

    def _readers(self) -> list[Instance]:
        """Return the readers that can be used now; never the writer."""
        return [
            instance
            for instance in self._router.instances.values()
            if instance.id != self._router.writer and instance.state is State.UP
        ]

    # What the choreography does ------------------------------------------------------------------

    def cut(self, instance: str, how: str) -> set[int]:
        """End an instance's connections; return the threads that may still work in the server."""
        self.look()
        threads = [endpoint.cut(instance, how) for endpoint in self.endpoints.values()]
        return set().union(*threads)

    def reset_silent(self, instance: str) -> None:
        """Reset the sessions that were left hanging; an instance is usable again."""
        del instance  # a session that hangs has lost its instance: all of them are reset
        for endpoint in self.endpoints.values():
            endpoint.reset_silent()
        self.look()

    # What the test process asks ------------------------------------------------------------------

    def configure(self, settings: ProxySettings) -> None:
        """Take other settings."""
        self.settings = settings
        for endpoint in self.endpoints.values():
            endpoint.configure(settings)
            endpoint.flush()

    def certify(self, names: Sequence[str]) -> None:
        """Be known to clients by these host names, too."""
        self._authority.certify(names)

    def forget(self) -> None:
        """Begin to count anew."""
        for endpoint in self.endpoints.values():
            endpoint.pins.clear()
            endpoint.counts.clear()
            endpoint.waits.longest = 0.0

    def stats(self, name: str) -> ProxyStats:
        """Return an endpoint's figures."""
        endpoint = self.endpoints[name]
        pool, counts = endpoint.pool, endpoint.counts
        return ProxyStats(
            client_connections=endpoint.clients,
            database_connections=len(pool.everything),
            borrowed=pool.borrowed,
            pinned=endpoint.pinned_now,
            idle=len(pool.idle),
            waiting=len(pool.waiting),
            most_connections=pool.most,
            instances=tuple(instance.id for instance in pool.instances),
            borrows=counts["borrows"],
            borrow_timeouts=counts["borrow_timeouts"],
            longest_wait=endpoint.waits.longest,
            opened=counts["opened"],
            idle_timeouts=counts["idle_timeouts"],
            aged=counts["aged"],
            cut=counts["cut"],
        )

    @property
    def busy(self) -> int:
        """Return for how many clients a server may be working on a command."""
        return sum(
            database.client is not None and database.session.busy
            for endpoint in self.endpoints.values()
            for database in endpoint.pool.everything
        )

    def connections(self) -> Counter[str]:
        """Return how many database connections lead to each instance."""
        return Counter(
            database.instance.id
            for endpoint in self.endpoints.values()
            for database in endpoint.pool.everything
        )
