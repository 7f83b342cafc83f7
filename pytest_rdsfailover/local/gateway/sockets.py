"""What all of the gateway's sockets have in common: they can be reset, slowed down and silenced."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

from pytest_rdsfailover.local.processes.ports import reserve_port

BACKLOG = 1024  # connections that may wait to be accepted
RESET = struct.pack("ii", 1, 0)

Factory = Callable[[], asyncio.BaseProtocol]
Dial = Callable[[Factory], Coroutine[Any, Any, tuple[asyncio.BaseTransport, Any]]]


# What any of them has just received; taken out before the next one reads.
_received = memoryview(bytearray(256 * 1024))


class Connection(asyncio.BufferedProtocol):
    """One end of a way between a client and the real server.

    Attributes:
        transport: what it writes to; None before it is connected.
        other: who must wait while this one cannot take more.
        full: it cannot take more now.
        held: it is made to wait.
        silent: it sends nothing more and hears nothing more, but stays connected.
    """

    __slots__ = ("full", "held", "other", "silent", "transport")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Connection | None = None
        self.full = self.held = self.silent = False

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
        """Take received bytes; of the subclass."""
        raise NotImplementedError

    def pause_writing(self) -> None:
        """Read no more from whom this one's data come."""
        self.full = True
        if self.other is not None:
            self.other.hold()

    def resume_writing(self) -> None:
        """Read again from whom this one's data come."""
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
        if self.held and self.transport is not None and not self.silent:
            self.held = False
            self.transport.resume_reading()

    def write(self, data: bytearray) -> None:
        """Send what is there, as far as there is a connection."""
        if data and self.transport is not None:
            self.transport.write(bytes(data))
            data.clear()

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


def bound() -> socket.socket:
    """Return a socket that listens on a port of 127.0.0.1 which nobody has reserved.

    Raises:
        RdsFailoverError: if none is free.
    """
    with reserve_port() as port:
        return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
