"""The gateway's sockets: one listener an endpoint, one link a client, each with its own session."""

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from pytest_rdsfailover.local.gateway.client_stream import ClientStream
from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.custom_listeners import CustomListeners
from pytest_rdsfailover.local.gateway.late_commits import LateCommits
from pytest_rdsfailover.local.gateway.router import Instance, Router, State
from pytest_rdsfailover.local.gateway.session import InstanceSession
from pytest_rdsfailover.local.gateway.sockets import BACKLOG, Dial, GatewayConnection, bound
from pytest_rdsfailover.local.gateway.witness import TrafficCounter
from pytest_rdsfailover.mysql.packets import ERR, ProtocolError, frame

# As a server says it before its greeting: without an SQL state, and as the first packet.
CROWDED = bytes((ERR,)) + (1040).to_bytes(2, "little") + b"Too many connections"
READS_WITHIN = 1.0  # seconds after which a client that was refused is hung up on


class Side(GatewayConnection):
    """One of the two connections of a link: moves bytes, and slows the other side down."""

    __slots__ = ("_feed", "_link")

    def __init__(self, link: "InstanceLink", feed: Callable[[bytes], None]) -> None:
        super().__init__()
        self._link, self._feed = link, feed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Go on with the link."""
        super().connection_made(transport)
        self._link.connected(self)

    def data_received(self, data: bytes) -> None:
        """Hand received bytes to the session."""
        self._link.received(self._feed, data)

    def peer_ended(self) -> None:
        """End both sides."""
        self._link.lost(self)

    def connection_lost(self, _: Exception | None) -> None:
        """End the other side as well."""
        self._link.lost(self)


class ClientSide(Side):
    """The client's connection of a link."""

    __slots__ = ()

    def pause_writing(self) -> None:
        """Begin no further command of a client that cannot take more."""
        super().pause_writing()
        self._link.session.full = True

    def resume_writing(self) -> None:
        """Go on with its commands."""
        super().resume_writing()
        session = self._link.session
        session.full = False
        self._link.received(session.from_client, b"")


class InstanceLink:
    """A client's connection and its way to the server."""

    def __init__(self, gateway: "Gateway", endpoint: str) -> None:
        self.instance = gateway.router.choose(endpoint)
        self.endpoint, seen = endpoint, gateway.witness.at(endpoint)
        seen.connections += 1
        self.session = InstanceSession(self.instance, tls=gateway.tls is not None, seen=seen)
        self.silent = self.ended = self._left = False
        self.since, self.refused = time.monotonic_ns(), 0  # nanoseconds; when it was last refused
        self._stream = ClientStream(self.session, gateway.tls)
        self.client = ClientSide(self, self._stream.feed)
        self._server = Side(self, self.session.from_server)
        self._commits = LateCommits(self.session, self._server.write)
        self._gateway = gateway
        self._dialing: asyncio.Task[None] | None = None

    def connected(self, side: Side) -> None:
        """Go on after one of the two connections is there."""
        if side is self._server:
            if self.ended or self.silent:
                side.abort(reset=False)
            return
        if self.instance.state is State.REFUSING:
            self.ended = True
            side.abort(reset=True)
            return
        if not self.instance.has_room():
            self.ended = True
            side.write(bytearray(frame(CROWDED, 0)))
            # The network may end its links by a reset, which overtakes what the client has not read.
            asyncio.get_running_loop().call_later(READS_WITHIN, side.close)
            return
        self._gateway.add(self)
        if self.instance.state is State.SILENT:
            self.silence()
        else:
            self._dialing = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        self.client.tie(self._server)
        try:
            await self._gateway.dial(lambda: self._server)
        except OSError:
            self.end(reset=True)

    def received(self, feed: Callable[[bytes], None], data: bytes) -> None:
        """Let the session work on received bytes; what breaks the protocol ends this session."""
        if self.silent or self.ended:
            return
        refusals = self.session.answers.refusals
        try:
            feed(data)
            if self.session.crashing and not self._gateway.crash(self.instance.id):
                self.session.refuse_crash()
            sealed = self._stream.sealed(self.session.to_client)
        except ProtocolError:
            self.client.write(self._stream.handshake)
            self.end(reset=True)
            return
        if self.session.answers.refusals != refusals:
            self.refused = time.monotonic_ns()
        self._commits.send()
        self.client.write(self._stream.handshake)
        self.client.write(sealed)
        self.client.read_ahead(enough=self.session.ahead)
        if self._stream.ended:
            self._stream.end()
            self.client.write(self._stream.handshake)
            self.lost(self.client)

    def lost(self, side: Side) -> None:
        """Hang up on both sides after one of them did."""
        if self.silent and side is self._server:
            return
        self._commits.hurry()
        self._retire()
        if not self._left:
            self._server.close()
        self.client.close()

    def end(self, *, reset: bool) -> None:
        """Hang up on both sides at once."""
        self._server.abort(reset=False)
        self.cut(reset=reset)

    def cut(self, *, reset: bool) -> None:
        """Hang up on the client at once, and leave the server's session to be killed."""
        self._commits.end()
        self._retire()
        self._leave()
        self.client.abort(reset=reset)

    def silence(self) -> None:
        """Let the client hang: it gets no byte, and no end."""
        self.silent = True
        self._commits.end()
        self.client.silence()
        self._leave()

    def _leave(self) -> None:
        """Leave the server's session to be killed.

        Hanging up would free the locks of one that is idle, for others that wait to be killed.
        """
        self.session.ended()
        self.client.untie()
        self._left = self.session.thread_id is not None
        if not self._left:
            self._server.abort(reset=False)

    def _retire(self) -> None:
        if not self.ended:
            self.ended = True
            self.session.ended()
            self._gateway.remove(self)


class Gateway:
    """All links, by instance, and what listens for them.

    Attributes:
        router: decides which instance a new link belongs to.
        dial: opens a connection to the real server.
        tls: the server's side of TLS; None if clients are not offered any.
        ports: where each endpoint listens on 127.0.0.1.
        witness: counts what clients do.
        crash: lets an instance crash because a client wants it; false if that cannot be now.
    """

    def __init__(
        self, router: Router, dial: Dial, witness: TrafficCounter, tls: ssl.SSLContext | None = None
    ) -> None:
        self.router, self.dial, self.witness, self.tls = router, dial, witness, tls
        self.ports: dict[str, int] = {}
        self._custom = CustomListeners(self._accept)
        self.crash: Callable[[str], bool] = lambda _: False
        self._links: dict[str, set[InstanceLink]] = defaultdict(set)
        # Threads whose client went away while the server was still working for them.
        self._departed: dict[str, set[int]] = defaultdict(set)

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

    def _accept(self, endpoint: str) -> Side:
        return InstanceLink(self, endpoint).client

    def add(self, link: InstanceLink) -> None:
        """Count a new link."""
        self._links[link.instance.id].add(link)
        link.instance.sessions += 1

    def remove(self, link: InstanceLink) -> None:
        """Forget a link, but not what the server still does for it."""
        own: Instance = link.instance
        if link in self._links[own.id]:
            self._links[own.id].discard(link)
            own.sessions -= 1
        if link.session.busy and link.session.thread_id is not None:
            self._departed[own.id].add(link.session.thread_id)

    @property
    def busy(self) -> int:
        """Return on how many connections a server may be working on a command."""
        return sum(
            link.session.busy and not link.silent
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
        links = list(self._links[instance])
        threads = {link.session.thread_id for link in links if link.session.thread_id is not None}
        threads |= self._departed.pop(instance, set())
        for link in links:
            if how == "hang":
                link.silence()
            else:
                link.cut(reset=how == "reset")
        self._departed.pop(instance, None)  # forgets the threads that `cut` has added
        return threads

    def reset_silent(self, instance: str) -> None:
        """Reset the sessions that an instance had left hanging."""
        for link in [link for link in self._links[instance] if link.silent]:
            link.end(reset=True)
