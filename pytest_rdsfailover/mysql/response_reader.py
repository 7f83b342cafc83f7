"""What a server sends on one connection: cut into packets, followed from response to response."""

from typing import Protocol

from pytest_rdsfailover.mysql.packets import (
    ERR,
    MAX_PAYLOAD,
    STATUS_AUTOCOMMIT,
    Packet,
    PacketReader,
    ProtocolError,
)
from pytest_rdsfailover.mysql.responses import Part, Response


class Answered(Protocol):
    """Learns that a response has ended."""

    def __call__(self, response: Response) -> None:
        """Take the response."""


class ResponseReader:
    """Reads the responses to the commands of one connection, one after the other.

    Take received bytes by `packets` or by `skip`, and `follow` each packet before the next; those
    of the login, which is no response, are only to be taken.

    Attributes:
        response: what the server still owes to a command; None if nothing.
        status: the session's latest status flags.
        deprecate_eof: client and server agreed that results end with an OK.
        asks: the client was asked to send something; to be cleared when it has sent all.
    """

    __slots__ = (
        "_answered",
        "_continues",
        "_reader",
        "asks",
        "deprecate_eof",
        "response",
        "status",
    )

    def __init__(self, answered: Answered | None = None) -> None:
        """Call *answered*, if it is given, at the end of each response."""
        self._answered = answered
        self.response: Response | None = None
        self.status = STATUS_AUTOCOMMIT
        self.deprecate_eof = self.asks = False
        self._reader = PacketReader()
        self._continues = False  # the next packet continues the one before

    @property
    def pending(self) -> int:
        """Return how many received bytes wait for the rest of their packet."""
        return self._reader.pending

    def begin(self, command: int) -> None:
        """Expect the response to a command, if it has any."""
        response = Response(command, deprecate_eof=self.deprecate_eof)
        self.response = None if response.done else response

    def end(self) -> None:
        """End the response; the next command may begin."""
        if self._answered is not None and self.response is not None:
            self._answered(self.response)
        self.response, self.asks = None, False

    def packets(self, data: bytes) -> list[Packet]:
        """Take received bytes; return the packets they complete, in order."""
        return self._reader.feed(data)

    def skip(self, data: bytes) -> tuple[bytes, list[Packet]]:
        """Take received bytes; return the packets that may be passed on unread, then those to follow.

        The former only make a result longer. They are returned as they came.
        """
        data = self._reader.joined(data)
        response = None if self._continues else self.response
        end = 0 if response is None else response.skip(data)
        return data[:end], self._reader.split(data[end:])

    def follow(self, packet: Packet) -> Part | None:
        """Note what a packet says; return what it is, None if it continues the one before.

        None as well for an error that comes unasked, as the last thing before the server hangs up.

        Raises:
            ProtocolError: if no server may say this here.
        """
        response, payload = self.response, packet.payload
        if response is None:
            if payload[:1] != bytes((ERR,)):
                raise ProtocolError("the server sent what nobody asked for")
            return None
        continues, self._continues = self._continues, len(payload) == MAX_PAYLOAD
        if continues:
            return None
        part = response.feed(payload)
        if part is Part.ASK:
            self.asks = True
        elif part is Part.END and response.status is not None:
            self.status = response.status
        return part
