"""Where an instance's answers go: into a socket's buffer, or to the proxy."""

from typing import Protocol

from pytest_rdsfailover.mysql.packets import Packet, frame
from pytest_rdsfailover.mysql.response_reader import ResponseReader


class Sink(Protocol):
    """Takes what an instance has for its client, in order; may send the next command meanwhile."""

    def take(self, packet: Packet) -> None:
        """Take a packet."""

    def pass_on(self, data: bytes, server: ResponseReader) -> None:
        """Take bytes of an answer that is for the client as it is, and follow it to its end.

        Raises:
            ProtocolError: if no server may send them.
        """


class Framed:
    """A client behind a socket: takes everything as bytes.

    Args:
        buffer: where to put them.
    """

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer

    def take(self, packet: Packet) -> None:
        """Take a packet."""
        self._buffer += frame(packet.payload, packet.sequence)

    def pass_on(self, data: bytes, server: ResponseReader) -> None:
        """Take bytes as they come, parts of packets too."""
        for packet in server.skip(data)[1]:
            response = server.response
            server.follow(packet)
            if response is not None and response.done:
                server.end()
        # Behind the end the server's last error may begin, which is taken once it is whole.
        behind = server.pending if server.response is None else 0
        self._buffer += data[: len(data) - behind]
