"""How a client logs in to the real server through us: greeting and login, as they pass by. No I/O."""

from dataclasses import replace

from pytest_rdsfailover.mysql.handshake import (
    Capability,
    client_capabilities,
    encode_greeting,
    parse_greeting,
    relayed_greeting,
    relayed_response,
    without_tls,
)
from pytest_rdsfailover.mysql.packets import (
    ERR,
    OK,
    STATUS_AUTOCOMMIT,
    Packet,
    ProtocolError,
    frame,
    status_of,
)
from pytest_rdsfailover.mysql.statements import SqlDialect


class RelayedLogin:
    """The opening of one connection between a client and the real server.

    Attributes:
        done: the server has let the client in.
        thread_id: the connection's id in the server's process list; None before the greeting.
        dialect: how the server reads SQL; None before the greeting.
        capabilities: what client and server agreed on.
        status: the status flags that the session begins with.
    """

    def __init__(self, *, tls: bool) -> None:
        self.done = False
        self.thread_id: int | None = None
        self.dialect: SqlDialect | None = None
        self.capabilities = Capability(0)
        self.status = STATUS_AUTOCOMMIT
        self._tls = Capability.SSL if tls else Capability(0)
        self._ahead = 0  # how many packets of the login the server does not get
        self._offered = Capability(0)

    def encrypted(self) -> bool:
        """Note that the client's first packet asked for TLS; return whether it may have it."""
        self._ahead = 1
        return bool(self._tls) and self.dialect is not None and not self.done

    def from_server(self, packet: Packet) -> Packet:
        """Take the server's next packet; return the one that the client gets.

        Raises:
            ProtocolError: if no server may send it.
        """
        if self.dialect is None:
            return self._greeting(packet)
        if packet.payload[:1] == bytes((OK,)):
            self.status = status_of(packet.payload)
            self.done = True
        return Packet(packet.sequence + self._ahead, packet.payload)

    def _greeting(self, packet: Packet) -> Packet:
        """Take the server's first packet: a greeting, or an error in its place."""
        if packet.payload[:1] == bytes((ERR,)):
            return packet
        greeting = relayed_greeting(parse_greeting(packet.payload))
        self.thread_id = greeting.thread_id
        self.dialect = SqlDialect(version=greeting.number, mariadb=greeting.mariadb)
        self._offered = greeting.capabilities
        shown = replace(greeting, capabilities=greeting.capabilities | self._tls)
        return Packet(packet.sequence, encode_greeting(shown))

    def from_client(self, packet: Packet) -> bytes:
        """Take the client's next packet; return what the server gets. The first names capabilities.

        Raises:
            ProtocolError: if no client may send it.
        """
        if self.dialect is None:
            raise ProtocolError("the client speaks before it was greeted")
        payload = packet.payload
        if not self.capabilities:
            payload = without_tls(payload) if self._ahead else payload
            payload = relayed_response(payload, self._offered)
            self.capabilities = client_capabilities(payload)
        return frame(payload, packet.sequence - self._ahead)
