"""A relay before a server that can misbehave."""

import contextlib
import select
import socket
import struct
import threading

from pytest_rdsfailover.local.processes.ports import reserve_port


class Relay:
    """A TCP relay to a port: passes, refuses, resets, or is silent, per mode.

    Args:
        target: the port; None to accept and never say a word.
    """

    def __init__(self, target: int | None) -> None:
        self._target, self._reserved, self._links = target, reserve_port(), []
        self.port = self._reserved.number
        self._lock, self._passing, self._over = threading.Lock(), threading.Event(), False
        self._passing.set()
        self._listener = None
        self.listen()

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Accept nobody any more; what is connected stays."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def reset(self) -> None:
        """Cut every connection with a RST."""
        with self._lock:
            links, self._links = self._links, []
        for one in links:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RD)  # wakes the pump that reads it
            one.close()

    def hang(self) -> None:
        self._passing.clear()

    def resume(self) -> None:
        self._passing.set()

    def close(self) -> None:
        self._over = True
        self.resume()
        self.refuse()
        self.reset()
        self._reserved.release()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                if self._target is None:  # accepts, and never says a word
                    self._links.append(client)
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._links += [client, server]
                threading.Thread(target=self._pump, args=(client, server), daemon=True).start()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        with contextlib.suppress(OSError, ValueError):
            while not self._over:
                ready, _, _ = select.select([client, server], [], [], 0.2)
                self._passing.wait()
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        raise OSError
                    other[one].sendall(data)
        for one in (client, server):
            one.close()
