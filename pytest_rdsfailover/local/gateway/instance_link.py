"""A client's connection and its way to the server, with the session between them."""

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Protocol

from pytest_rdsfailover.local.gateway.client_stream import ClientStream
from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.kept_session import KeptSession
from pytest_rdsfailover.local.gateway.late_commits import LateCommits
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.sockets import Dial, GatewayConnection
from pytest_rdsfailover.local.gateway.witness import TrafficCounter
from pytest_rdsfailover.mysql.packets import ERR, ProtocolError, frame

# As a server says it before its greeting: without an SQL state, and as the first packet.
CROWDED = bytes((ERR,)) + (1040).to_bytes(2, "little") + b"Too many connections"
READS_WITHIN = 1.0  # seconds after which a client that was refused is hung up on


class Home(Protocol):
    """What all links have in common."""

    router: Router
    dial: Dial
    tls: ssl.SSLContext | None
    witness: TrafficCounter
    crash: Callable[[str], bool]

    def add(self, link: "InstanceLink") -> None:
        """Count a new link."""

    def remove(self, link: "InstanceLink") -> None:
        """Forget a link, but not what the server still does for it."""


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

    def __init__(self, gateway: Home, endpoint: str) -> None:
        self.instance = gateway.router.choose(endpoint)
        self.endpoint, seen = endpoint, gateway.witness.at(endpoint)
        seen.connections += 1
        self.session = KeptSession(self.instance, tls=gateway.tls is not None, seen=seen)
        self.session.hear = self.received
        self.silent = self.ended = self._left = False
        self.since, self.refused = time.monotonic_ns(), 0  # nanoseconds; when it was last refused
        self._stream = ClientStream(self.session, gateway.tls)
        self.client = ClientSide(self, self._stream.feed)
        self._server = Side(self, self.session.from_server)
        self._commits = LateCommits(self.session, self._server.write)
        self._gateway = gateway
        self._dialing: asyncio.Task[None] | None = None

    @property
    def forwarding(self) -> bool:
        """Tell whether something of its session is under way at the cluster's writer."""
        return self.session.forwarding and not (self.silent or self.ended)

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
        elif self.instance.state is not State.WAITING:
            self._begin()

    def _begin(self) -> None:
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

    def hold(self) -> None:
        """Begin no further command of a client whose instance restarts under it."""
        self._commits.hurry()
        self.session.hold()

    def renew(self, names: tuple[bytes, ...]) -> None:
        """Let the session lose what the restart takes from it; it gets back these variables."""
        self.received(lambda _: self.session.renew(names), b"")

    def go_on(self) -> None:
        """Begin what has waited for the end of the restart: commands, or the whole session."""
        if self._dialing is None:
            self._begin()
        else:
            self.received(lambda _: self.session.go_on(), b"")

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
