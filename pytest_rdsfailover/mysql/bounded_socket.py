"""A socket whose waits the kernel bounds, for hundreds of threads that share one interpreter lock.

Python bounds each wait by a `poll` before the call, and gives its interpreter lock away for both.
With 128 threads nobody gets it back without a change of threads. Here a statement that fits into
the socket's buffer is sent while the lock is kept, and only the wait for the answer gives it away.
"""

import ctypes
import os
import socket
import struct
from typing import Any

MICROSECONDS = 1_000_000
_AT_ONCE = socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0)
_send = ctypes.PyDLL(None, use_errno=True).send  # PyDLL keeps the interpreter lock, CDLL does not
_send.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
_send.restype = ctypes.c_ssize_t


class BoundedSocket(socket.socket):
    """A connected TCP socket as PyMySQL uses one: `settimeout`, `sendall`, a file to read from."""

    _bound: float | None = None

    @classmethod
    def of(cls, connected: socket.socket) -> "BoundedSocket":
        """Return a socket that takes over a connection and its time-out."""
        bound = connected.gettimeout()
        taken = cls(fileno=connected.detach())
        try:
            taken.settimeout(bound)
        except BaseException:
            taken.close()
            raise
        return taken

    def settimeout(self, value: float | None, /) -> None:
        """Bound each wait by so many seconds; None for no bound."""
        if value is not None and value <= 0:
            raise ValueError(f"a wait of {value} s")
        self._bound = value
        super().settimeout(None)
        each = 0 if value is None else max(1, int(value * MICROSECONDS))
        wait = struct.pack("@ll", *divmod(each, MICROSECONDS))
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)

    def gettimeout(self) -> float | None:
        """Return the bound, as who wraps this socket in TLS asks for it."""
        return self._bound

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send at once what fits into the socket's buffer, and the rest within the bound."""
        whole = bytes(data)
        sent = _send(self.fileno(), whole, len(whole), _AT_ONCE | flags)
        if sent == len(whole):
            return
        if sent < 0:
            number = ctypes.get_errno()
            if number not in {socket.EAGAIN, socket.EWOULDBLOCK}:
                raise OSError(number, os.strerror(number))
        self._send_rest(memoryview(whole)[max(0, sent) :], flags)

    def _send_rest(self, data: memoryview, flags: int) -> None:
        super().settimeout(self._bound)
        try:
            super().sendall(data, flags)
        finally:
            super().settimeout(None)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0, /) -> int:
        """Receive; raise TimeoutError where nothing comes within the bound."""
        try:
            return super().recv_into(buffer, nbytes, flags)
        except BlockingIOError:
            raise TimeoutError("timed out") from None
