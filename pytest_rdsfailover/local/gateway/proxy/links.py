"""The proxy's sockets: one link a client, one a database connection."""

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Protocol

from pytest_rdsfailover.local.gateway.late_commits import LateCommits
from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.session import ProxySession
from pytest_rdsfailover.local.gateway.sockets import GatewayConnection
from pytest_rdsfailover.mysql.packets import ProtocolError
from pytest_rdsfailover.mysql.tls import TlsServer


class Owner(Protocol):
    """The endpoint that links belong to."""

    tls: ssl.SSLContext

    def joined(self, link: "ClientLink") -> None:
        """Learn of a new client."""

    def left(self, link: "ClientLink") -> None:
        """Learn that a client is gone."""

    def ended(self, link: "DatabaseLink") -> None:
        """Learn that a database connection has ended, or has failed."""

    def flush(self) -> None:
        """Send what there is to be sent."""

    def flush_soon(self) -> None:
        """Send it once all that has come is worked on."""


class ClientLink(GatewayConnection):
    """A client's connection.

    Attributes:
        session: its state machine.
        since: when it connected, in monotonic seconds.
        heard: when it last sent something.
    """

    __slots__ = ("_owner", "_tls", "heard", "session", "since")

    def __init__(self, owner: Owner, session: ProxySession) -> None:
        super().__init__()
        self.session, self._owner = session, owner
        self.since = self.heard = time.monotonic()
        self._tls: TlsServer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client."""
        super().connection_made(transport)
        self._owner.joined(self)
        self._owner.flush()

    def data_received(self, data: bytes) -> None:
        """Hand received bytes to the session; what breaks the protocol ends this session only."""
        if self.silent:
            return
        self.heard = time.monotonic()
        try:
            self._received(data)
        except ProtocolError:
            self._send_tls()
            self.abort(reset=False)
            return
        if self._tls is not None and self._tls.ended:
            self.flush()  # what the session had answered before the error
            self.peer_ended()
        self.read_ahead(enough=self.session.ahead)
        self._owner.flush_soon()

    def pause_writing(self) -> None:
        """Begin no further command of a client that cannot take more."""
        super().pause_writing()
        self.session.full = True

    def resume_writing(self) -> None:
        """Go on with its commands."""
        super().resume_writing()
        self.session.full = False
        self.session.next_command()
        self.read_ahead(enough=self.session.ahead)
        self._owner.flush_soon()

    def _received(self, data: bytes) -> None:
        session = self.session
        if self._tls is not None:
            data = self._tls.feed(data)
            self._send_tls()
            if not data:
                return
        session.from_client(data)
        opening = session.opening
        if opening.rest is not None:
            rest, opening.rest = opening.rest, None
            self._tls = session.tls = TlsServer(self._owner.tls)
            opening.encrypted = True
            if rest:
                self._received(rest)

    def peer_ended(self) -> None:
        """Free what the session has, and hang up."""
        self._owner.left(self)
        self.close()
        self._owner.flush_soon()

    def connection_lost(self, _: Exception | None) -> None:
        """Free what the session has."""
        self._owner.left(self)
        self._owner.flush()

    def close(self) -> None:
        """Hang up; a client that has ended TLS is first told that this side has, too."""
        if self._tls is not None and self._tls.ended:
            self._tls.end()
            self._send_tls()
        super().close()

    def flush(self) -> None:
        """Send what the session has for its client."""
        session = self.session
        if self.transport is None or self.silent:
            return
        self.read_ahead(enough=session.ahead)
        if session.to_client:
            data = bytes(session.to_client)
            session.to_client.clear()
            if self._tls is None:
                self.transport.write(data)
            else:
                self._encrypt(self._tls, data)
        if session.closing:
            self.close()

    def _encrypt(self, tls: TlsServer, data: bytes) -> None:
        try:
            tls.encrypt(data)
        except ProtocolError:
            self.abort(reset=False)
        self._send_tls()

    def _send_tls(self) -> None:
        if self._tls is not None and self._tls.outgoing and self.transport is not None:
            self.transport.write(bytes(self._tls.outgoing))
            self._tls.outgoing.clear()


class DatabaseLink(GatewayConnection):
    """A connection to the real server.

    Attributes:
        database: its state machine.
        heard: when the server last sent something, in monotonic seconds.
        ours: it ends because the proxy wants it to.
    """

    __slots__ = ("_commits", "_owner", "database", "heard", "ours")

    def __init__(self, owner: Owner, database: Database) -> None:
        super().__init__()
        self.database, self._owner = database, owner
        self._commits = LateCommits(database.session, self.write)
        database.session.hear = self._hear
        self.heard = time.monotonic()
        self.ours = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for the server's greeting."""
        super().connection_made(transport)
        if self.ours:
            self.abort(reset=False)

    def data_received(self, data: bytes) -> None:
        """Hand received bytes to the connection."""
        self._hear(self.database.session.from_server, data)

    def _hear(self, work: Callable[[bytes], None], data: bytes) -> None:
        if self.ours:
            return
        self.heard = time.monotonic()
        try:
            self.database.hear(work, data)
        except ProtocolError:
            self._owner.ended(self)
        else:
            if self.database.fault is not None:
                self._owner.ended(self)
        self._owner.flush_soon()

    def connection_lost(self, _: Exception | None) -> None:
        """End what depended on it."""
        if not self.ours:
            self._owner.ended(self)
            self._owner.flush()

    def flush(self) -> None:
        """Send what there is for the server."""
        self._commits.send()

    def let_go(self) -> None:
        """Take nothing more, and send what waits: the proxy wants it to end."""
        self._commits.hurry()
        self.ours = True
        self.untie()

    def leave(self) -> None:
        """Be killed, with what has not been sent so far."""
        self._commits.end()
        self.let_go()
