"""What all of the gateway's sockets have in common: they can be reset, slowed down and silenced."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

from pytest_rdsfailover.local.processes.ports import reserve_port

BACKLOG = 1024  # connections that may wait to be accepted
RESET = struct.pack("ii", 1, 0)
LINGER = 60.0  # seconds for which a peer that is hung up on may take nothing; servers allow as much

Factory = Callable[[], asyncio.BaseProtocol]
Dial = Callable[[Factory], Coroutine[Any, Any, tuple[asyncio.BaseTransport, Any]]]


# Received bytes come here. A connection takes its own out before another one reads.
_received = memoryview(bytearray(256 * 1024))


class GatewayConnection(asyncio.BufferedProtocol):
    """One end of a way between a client and the real server.

    Back-pressure: two connections that are tied slow each other down. While one of them cannot take
    more, the other one reads nothing. Nor does one whose peer has sent too much ahead of its turn.

    Attributes:
        transport: what it writes to; None before it is connected.
        other: the connection that it is tied to; None if to none.
        full: it cannot take more now.
        held: it is made to wait.
        ahead: its peer has sent so much ahead that no more is read.
        silent: it sends nothing more and hears nothing more, but stays connected.
    """

    __slots__ = ("ahead", "full", "held", "other", "silent", "transport")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: GatewayConnection | None = None
        self.ahead = self.full = self.held = self.silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Switch off Nagle's algorithm, which would add 40 ms to small packets."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio gives a Protocol
        self.transport = transport
        raw = transport.get_extra_info("socket")
        if raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Return where to put received bytes; asyncio would make a new place each time."""
        return _received

    def buffer_updated(self, nbytes: int) -> None:
        """Take received bytes out of the buffer."""
        self.data_received(bytes(_received[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take received bytes; the subclass implements it."""
        raise NotImplementedError

    def eof_received(self) -> None:
        """Hang up on a peer that sends nothing more; one that still listens loses what is owed."""
        self.peer_ended()

    def peer_ended(self) -> None:
        """Hang up, because the peer has said that it sends nothing more."""
        self.close()

    def tie(self, other: "GatewayConnection") -> None:
        """Pause the other connection while this one cannot take more, and the other way round."""
        if self.other is other:
            return
        self.untie()
        other.untie()
        self.other, other.other = other, self
        if self.full:
            other.hold()
        if other.full:
            self.hold()

    def untie(self) -> None:
        """Let this connection and the one that it is tied to slow each other down no more."""
        other, self.other = self.other, None
        if other is not None:
            other.other = None
            other.listen_again()
            self.listen_again()

    def pause_writing(self) -> None:
        """Let the other connection read no more: this one cannot take more."""
        self.full = True
        if self.other is not None:
            self.other.hold()

    def resume_writing(self) -> None:
        """Let the other connection read again."""
        self.full = False
        if self.other is not None:
            self.other.listen_again()

    def hold(self) -> None:
        """Read no more until told so."""
        if self.transport is not None:
            self.held = True
            self.transport.pause_reading()

    def listen_again(self) -> None:
        """Read on, after having been made to wait."""
        if self.held:
            self.held = False
            self._resume()

    def read_ahead(self, *, enough: bool) -> None:
        """Read no more of a peer that has sent enough ahead; read on when that is worked on."""
        if enough and not self.ahead and self.transport is not None:
            self.ahead = True
            self.transport.pause_reading()
        elif self.ahead and not enough:
            self.ahead = False
            self._resume()

    def _resume(self) -> None:
        if self.transport is not None and not (self.held or self.ahead or self.silent):
            self.transport.resume_reading()

    def write(self, data: bytearray) -> None:
        """Send what is there, as far as there is a connection."""
        if data and self.transport is not None:
            self.transport.write(bytes(data))
            data.clear()

    def close(self) -> None:
        """Hang up after everything has been sent, or once the peer takes nothing for `LINGER`."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()
            _see_off(self.transport)

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


def _see_off(transport: asyncio.Transport, before: int = 0) -> None:
    """Hang up at once if the peer of a closed transport has taken nothing since *before*."""
    left = transport.get_write_buffer_size()
    if left and left == before:
        transport.abort()
    elif left:
        asyncio.get_running_loop().call_later(LINGER, _see_off, transport, left)


def bound() -> socket.socket:
    """Return a socket that listens on a port of 127.0.0.1 which nobody has reserved.

    Raises:
        RdsFailoverError: if none is free.
    """
    with reserve_port() as port:
        return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
