"""The gateway's listeners, one an endpoint, and the links of their clients."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.custom_listeners import CustomListeners
from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.instance_link import InstanceLink, Side
from pytest_rdsfailover.local.gateway.kept_links import KeptLinks
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.sockets import BACKLOG, Dial, bound
from pytest_rdsfailover.local.gateway.witness import TrafficCounter


class Gateway:
    """All links, by instance, and what listens for them.

    Attributes:
        router: decides which instance a new link belongs to.
        dial: opens a connection to the real server.
        tls: the server's side of TLS; None if clients are not offered any.
        ports: where each endpoint listens on 127.0.0.1.
        witness: counts what clients do.
        crash: lets an instance crash because a client wants it; false if that cannot be now.
        variables: what a session gets back after a restart that keeps it.
    """

    def __init__(
        self, router: Router, dial: Dial, witness: TrafficCounter, tls: ssl.SSLContext | None = None
    ) -> None:
        self.router, self.dial, self.witness, self.tls = router, dial, witness, tls
        self.ports: dict[str, int] = {}
        self.variables: tuple[bytes, ...] = ()
        self._custom = CustomListeners(self._accept)
        self._guests: dict[str, asyncio.Task[asyncio.Server]] = {}
        self.crash: Callable[[str], bool] = lambda _: False
        self._links: dict[Instance, set[InstanceLink]] = defaultdict(set)
        # Threads whose client went away while the server was still working for them.
        self._departed: dict[Instance, set[int]] = defaultdict(set)

    async def listen(self) -> None:
        """Open a listener for each endpoint.

        Raises:
            RdsFailoverError: if no port is free.
        """
        loop = asyncio.get_running_loop()
        for endpoint in self.router.endpoints:
            raw = bound()
            self.ports[endpoint] = raw.getsockname()[1]
            await loop.create_server(partial(self._accept, endpoint), sock=raw, backlog=BACKLOG)

    def set_custom(self, endpoints: Sequence[CustomEndpoint]) -> None:
        """Have these custom endpoints from now on, and no others.

        Raises:
            GatewayError: if one cannot be listened at, or names an instance that is not there.
        """
        for endpoint in endpoints:
            for name in (*endpoint.members, *endpoint.excluded):
                self.router.instance(name)
        self._custom.listen(endpoints)
        self.router.custom = {endpoint.name: endpoint for endpoint in endpoints}

    def invite(self, endpoints: Sequence[str]) -> dict[str, int]:
        """Listen for the clients of further endpoints; return the ports.

        Raises:
            RdsFailoverError: if no port is free.
        """
        ports = {}
        for endpoint in endpoints:
            raw = bound()
            ports[endpoint] = raw.getsockname()[1]
            serving = asyncio.get_running_loop().create_server(
                partial(self._accept, endpoint), sock=raw, backlog=BACKLOG
            )
            self._guests[endpoint] = asyncio.ensure_future(serving)
        return ports

    def uninvite(self, endpoints: Sequence[str]) -> None:
        """Listen for them no more; connections that exist stay."""
        for endpoint in endpoints:
            self._guests.pop(endpoint).add_done_callback(lambda task: task.result().close())

    def _accept(self, endpoint: str) -> Side:
        return InstanceLink(self, endpoint).client

    def add(self, link: InstanceLink) -> None:
        """Count a new link."""
        self._links[link.instance].add(link)
        link.instance.sessions += 1

    def remove(self, link: InstanceLink) -> None:
        """Forget a link, but not what the server still does for it."""
        own = link.instance
        if link in self._links[own]:
            self._links[own].discard(link)
            own.sessions -= 1
        if link.session.busy and link.session.thread_id is not None:
            at = self.router.instances[self.router.writer] if link.session.forwards else own
            self._departed[at].add(link.session.thread_id)

    @property
    def busy(self) -> int:
        """Return on how many connections a server may be working on a command."""
        return sum(
            (link.session.busy or link.session.away) and not link.silent
            for links in self._links.values()
            for link in links
        )

    def links(self, endpoint: str) -> list[InstanceLink]:
        """Return the connections that clients have through an endpoint now."""
        return [
            link for links in self._links.values() for link in links if link.endpoint == endpoint
        ]

    def cut(self, instance: str, how: str) -> set[int]:
        """End an instance's sessions; return the threads that may still work in the server."""
        own = self.router.instance(instance)
        return self._end(own, list(self._links[own]), how) | self._end_forwarding(own)

    def forward(self, *, wanted: bool) -> None:
        """Let readers forward writes from now on, or forward none and end what is under way."""
        for link in [] if wanted else self._forwarding():
            link.end(reset=True)
        self.router.volume.forwarding = wanted

    def _forwarding(self) -> list[InstanceLink]:
        """Return the readers' links that have something under way at the writer."""
        return [link for links in self._links.values() for link in links if link.forwarding]

    def _end_forwarding(self, instance: Instance) -> set[int]:
        """End them if this is the writer; return the threads that may still work in the server."""
        links = self._forwarding() if instance.id == self.router.writer else []
        for link in links:
            link.cut(reset=True)
        return {link.session.thread_id for link in links if link.session.thread_id is not None}

    def _end(self, instance: Instance, links: Sequence[InstanceLink], how: str) -> set[int]:
        threads = {link.session.thread_id for link in links if link.session.thread_id is not None}
        threads |= self._departed.pop(instance, set())
        for link in links:
            if how == "hang":
                link.silence()
            else:
                link.cut(reset=how == "reset")
        self._departed.pop(instance, None)  # forgets the threads that `cut` has added
        return threads

    def keep(self, instance: str) -> KeptLinks:
        """Let an instance's sessions wait; end those that a restart does not keep."""
        own = self.router.instance(instance)
        links = list(self._links[own])
        staying = [link for link in links if link.session.stays and not link.silent]
        lost = [link for link in links if link not in staying]
        threads = self._end(own, lost, "reset") | self._end_forwarding(own)
        return KeptLinks(staying, self.variables, threads)

    def go_on(self, instance: str) -> None:
        """Let the sessions go on that wait for the end of an instance's restart."""
        own = self.router.instance(instance)
        for link in [link for link in self._links[own] if not link.silent]:
            link.go_on()

    def reset_silent(self, instance: str) -> None:
        """Reset the sessions that an instance had left hanging."""
        own = self.router.instance(instance)
        for link in [link for link in self._links[own] if link.silent]:
            link.end(reset=True)
