"""An instance as the proxy's own connections meet it: a session whose client is in this process."""

from typing import Protocol

from pytest_rdsfailover.local.gateway.router import Instance
from pytest_rdsfailover.local.gateway.session import Session
from pytest_rdsfailover.mysql.packets import Packet
from pytest_rdsfailover.mysql.responses import Part, Response


class Taker(Protocol):
    """Who takes the answers."""

    @property
    def relays(self) -> bool:
        """Tell whether what means nothing to it may pass unlooked at."""

    def take(self, packet: Packet) -> None:
        """Take a packet that the instance has for its client."""

    def take_part(self, packet: Packet, part: Part | None, response: Response) -> None:
        """Take a packet of which it is known what it is."""

    def relay(self, data: bytes) -> None:
        """Take packets that mean nothing to it."""


class Inner(Session):
    """An instance whose client is in this process: answers are handed over, not framed."""

    def __init__(self, host: Instance, taker: Taker) -> None:
        super().__init__(host)
        self._taker = taker

    def _tell(self, payload: bytes) -> None:
        """Hand over the next packet of an answer; its taker may send the next command."""
        sequence = self._seen_by_client
        self._seen_by_client = (sequence + 1) & 0xFF
        self._taker.take(Packet(sequence, payload))

    def _pass(self, data: bytes) -> None:
        """Hand over packets as they are, and what has been learnt about them."""
        server, taker = self._server, self._taker
        if taker.relays:
            rows, packets = server.skip(data)
            taker.relay(rows)
        else:
            packets = server.packets(data)
        for packet in packets:
            response = server.response
            if response is None:
                taker.take(packet)  # the server's farewell
                continue
            taker.take_part(packet, server.follow(packet), response)
            if response.done:
                self._ended()
