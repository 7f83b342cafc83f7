"""The packets of an answer on their way to the client."""

from pytest_rdsfailover.local.gateway.roles import READ_ONLY
from pytest_rdsfailover.local.gateway.sink import Sink
from pytest_rdsfailover.mysql.packets import ERR, Packet, parse_error

REFUSED = bytes((ERR,))


class AnswerWriter:
    """Numbers what a client gets, and counts what tells it that its instance is no writer.

    Args:
        sink: takes the packets.

    Attributes:
        sequence: number of the next packet.
        refusals: how many answers told the client that this is no writer.
        refusal: the latest of these errors; 0 before there was one.
    """

    __slots__ = ("_sink", "refusal", "refusals", "sequence")

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.sequence = self.refusals = self.refusal = 0

    def tell(self, payload: bytes) -> None:
        """Send the client the next packet of its answer; it may send the next command at once."""
        sequence = self.sequence
        self.sequence = (sequence + 1) & 0xFF
        if payload[:1] == REFUSED and parse_error(payload).code in READ_ONLY:
            self.refusals, self.refusal = self.refusals + 1, parse_error(payload).code
        self._sink.take(Packet(sequence, payload))
