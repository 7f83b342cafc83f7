"""Who takes what an instance has for its client: a socket's buffer, or the proxy."""

from typing import Protocol

from pytest_rdsfailover.wire.packets import Packet, frame
from pytest_rdsfailover.wire.responses import Part, Response


class Sink(Protocol):
    """Takes what an instance has for its client, in order; may send the next command meanwhile."""

    @property
    def relays(self) -> bool:
        """Tell whether it wants rows as they came; else it takes each as a packet."""

    def take(self, packet: Packet) -> None:
        """Take a packet; what it means is for the sink to find out."""

    def take_part(self, packet: Packet, part: Part | None, response: Response) -> None:
        """Take a packet of an answer; *part* is None for one that continues the one before."""

    def relay(self, data: bytes) -> None:
        """Take whole packets, as they came, that are no end of a result."""


class Framed:
    """A client behind a socket: takes everything as bytes.

    Args:
        buffer: where to put them.
    """

    relays = True

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer

    def take(self, packet: Packet) -> None:
        """Take a packet."""
        self._buffer += frame(packet.payload, packet.sequence)

    def take_part(self, packet: Packet, part: Part | None, response: Response) -> None:  # noqa: ARG002
        """Take a packet of an answer, whatever it is."""
        self.take(packet)

    def relay(self, data: bytes) -> None:
        """Take whole packets."""
        self._buffer += data
