"""One non-blocking TCP socket on the event loop.

These are raw sockets, not asyncio's transports, for two reasons: a proxy must have closed every
socket before the request that disables it is answered; and without toxics nothing should stand
between two sockets.
"""

import asyncio
import socket
import struct
from typing import Protocol

CHUNK = 32 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ByteReader(Protocol):
    """What takes the bytes that a wire receives."""

    def feed(self, data: bytes) -> None:
        """Take received bytes, never empty."""

    def end(self) -> None:
        """Take note that no more will come; may be called more than once."""


class ByteWriter(Protocol):
    """What sends bytes into a wire."""

    def drained(self) -> None:
        """The operating system has taken everything sent so far."""

    def abandon(self) -> None:
        """The wire is closed: nothing can be sent any more."""


class Wire:
    """A connected socket with one reader and one writer, closed at once by `close`."""

    __slots__ = ("_fd", "_loop", "_reading", "_sock", "_unsent", "closed", "reader", "writer")

    reader: ByteReader
    writer: ByteWriter

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop, self._sock, self._fd = loop, sock, sock.fileno()
        self._unsent = bytearray()
        self._reading = self.closed = False

    @property
    def busy(self) -> bool:
        """Whether sent bytes still wait for the peer to make room."""
        return bool(self._unsent)

    def reset_on_close(self) -> None:
        """Make every later close of this socket an RST."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)

    def resume(self) -> None:
        """Read from now on."""
        if not (self._reading or self.closed):
            self._reading = True
            self._loop.add_reader(self._fd, self._on_readable)

    def pause(self) -> None:
        """Read no more until `resume`, so that the peer's window closes."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def send(self, data: bytes) -> None:
        """Send now what the socket takes and the rest later; nothing on a closed wire."""
        if self.closed:
            return
        if self._unsent:
            self._unsent += data
            return
        sent = self._try_send(data)
        if sent < len(data) and not self.closed:
            self._unsent += data[sent:]
            self._loop.add_writer(self._fd, self._on_writable)

    def close(self) -> None:
        """Close the socket and tell both sides; what was not sent is lost."""
        if self.closed:
            return
        self.closed = True
        self.pause()
        self._loop.remove_writer(self._fd)
        self._sock.close()
        self.writer.abandon()
        self.reader.end()

    def _try_send(self, data: bytes | bytearray) -> int:
        try:
            return self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self.close()
        return 0

    def _on_readable(self) -> None:
        try:
            data = self._sock.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""  # a reset ends the stream as a close does
        if data:
            self.reader.feed(data)
        else:
            self.pause()
            self.reader.end()

    def _on_writable(self) -> None:
        del self._unsent[: self._try_send(self._unsent)]
        if not (self._unsent or self.closed):
            self._loop.remove_writer(self._fd)
            self.writer.drained()
