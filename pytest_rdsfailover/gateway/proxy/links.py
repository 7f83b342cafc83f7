"""The proxy's sockets: one link a client, one a database connection."""

import asyncio
import socket
import ssl
import struct
import time
from typing import Protocol

from pytest_rdsfailover.gateway.proxy.database import Database
from pytest_rdsfailover.gateway.proxy.session import ProxySession
from pytest_rdsfailover.wire.packets import ProtocolError
from pytest_rdsfailover.wire.tls import TlsServer

RESET = struct.pack("ii", 1, 0)


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


class Connection(asyncio.Protocol):
    """What both kinds of links have in common: a socket that can be reset and slowed down."""

    __slots__ = ("other", "silent", "transport")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Connection | None = None  # who must wait while this one cannot take more
        self.silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Switch off Nagle's algorithm, which would add 40 ms to small packets."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio gives a Protocol
        self.transport = transport
        raw = transport.get_extra_info("socket")
        if raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def pause_writing(self) -> None:
        """Read no more from whom this one's data come."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again from whom this one's data come."""
        if self.other is not None:
            self.other.listen_again()

    def listen_again(self) -> None:
        """Read on, after having been made to wait."""
        if self.transport is not None and not self.silent:
            self.transport.resume_reading()

    def close(self) -> None:
        """Hang up after everything has been sent."""
        if self.transport is not None:
            self.transport.close()

    def abort(self, *, reset: bool) -> None:
        """Hang up at once; with a reset if that is wanted."""
        if self.transport is None:
            return
        if reset and not self.transport.is_closing():
            raw = self.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.abort()

    def silence(self) -> None:
        """Send nothing more and hear nothing more, but stay connected."""
        self.silent = True
        if self.transport is not None:
            self.transport.pause_reading()


class ClientLink(Connection):
    """A client's connection.

    Attributes:
        session: its state machine.
        heard: when it last sent something, in monotonic seconds.
        timer: ends its wait for a database connection.
    """

    __slots__ = ("_owner", "_tls", "heard", "session", "timer")

    def __init__(self, owner: Owner, session: ProxySession) -> None:
        super().__init__()
        self.session, self._owner = session, owner
        self.heard = time.monotonic()
        self.timer: asyncio.TimerHandle | None = None
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
        self._owner.flush()

    def _received(self, data: bytes) -> None:
        session = self.session
        if self._tls is not None:
            data = self._tls.feed(data)
            self._send_tls()
            if not data:
                return
        session.from_client(data)
        if session.rest is not None:
            rest, session.rest = session.rest, None
            self._tls, session.encrypted = TlsServer(self._owner.tls), True
            if rest:
                self._received(rest)

    def connection_lost(self, _: Exception | None) -> None:
        """Free what the session has."""
        self._owner.left(self)
        self._owner.flush()

    def flush(self) -> None:
        """Send what the session has for its client."""
        session = self.session
        if self.transport is None or self.silent:
            return
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


class DatabaseLink(Connection):
    """A connection to the real server.

    Attributes:
        database: its state machine.
        ours: it ends because the proxy wants it to.
    """

    __slots__ = ("_owner", "database", "ours")

    def __init__(self, owner: Owner, database: Database) -> None:
        super().__init__()
        self.database, self._owner = database, owner
        self.ours = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for the server's greeting."""
        super().connection_made(transport)
        if self.ours:
            self.abort(reset=False)

    def data_received(self, data: bytes) -> None:
        """Hand received bytes to the connection."""
        if self.ours:
            return
        try:
            self.database.from_server(data)
        except ProtocolError:
            self._owner.ended(self)
        else:
            if self.database.fault is not None:
                self._owner.ended(self)
        self._owner.flush()

    def connection_lost(self, _: Exception | None) -> None:
        """End what depended on it."""
        if not self.ours:
            self._owner.ended(self)
            self._owner.flush()

    def flush(self) -> None:
        """Send what there is for the server."""
        data = self.database.session.to_server
        if data and self.transport is not None:
            self.transport.write(bytes(data))
            data.clear()
