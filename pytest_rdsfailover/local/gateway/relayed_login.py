"""How a client logs in to the real server through us: greeting and login, as they pass by. No I/O."""

from dataclasses import replace

from pytest_rdsfailover.local.gateway.proxy.authentication import parse_login
from pytest_rdsfailover.local.gateway.token_login import Relayed, TokenLogin
from pytest_rdsfailover.local.gateway.volume import Volume
from pytest_rdsfailover.mysql.auth import ASK_KEY, FULL, MORE, SWITCH, hide
from pytest_rdsfailover.mysql.handshake import (
    RESPONSE_HEAD,
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
    ServerFault,
    error_packet,
    frame,
    status_of,
)
from pytest_rdsfailover.mysql.query_attributes import AttributesReader
from pytest_rdsfailover.mysql.statements import SqlDialect

INSECURE = ServerFault(
    3159,
    "HY000",
    "Connections using insecure transport are prohibited while --require_secure_transport=ON.",
)


class RelayedLogin:
    """The opening of one connection between a client and the real server.

    A server behind a socket of the system takes passwords as they are, and has no key for a client
    that wants to encrypt one without TLS: such a client gets ours.

    Args:
        tls: clients are offered TLS.
        volume: whose accounts log in.

    Attributes:
        done: the server has let the client in.
        thread_id: the connection's id in the server's process list; None before the greeting.
        dialect: how the server reads SQL; None before the greeting.
        capabilities: what client and server agreed on.
        attributes: takes query attributes out of the client's commands; None if it sends none.
        status: the status flags that the session begins with.
        user: who logs in; empty before it has said so.
    """

    def __init__(self, volume: Volume, *, tls: bool) -> None:
        self.done = False
        self.thread_id: int | None = None
        self.dialect: SqlDialect | None = None
        self.capabilities = Capability(0)
        self.attributes: AttributesReader | None = None
        self.status = STATUS_AUTOCOMMIT
        self.user = ""
        self._tls = Capability.SSL if tls else Capability(0)
        self._ahead = 0  # how many packets of the login the server does not get
        self._offered = Capability(0)
        self._accounts, self._aurora = volume.accounts, volume.aurora
        self._by_token: TokenLogin | None = None
        self._server_greeting = self._scramble = b""
        self._encrypted = self._whole = self._sealed = self._insecure = False

    def encrypted(self) -> bool:
        """Note that the client's first packet asked for TLS; return whether it may have it."""
        self._ahead, self._encrypted = 1, True
        return bool(self._tls) and self.dialect is not None and not self.done

    def from_server(self, packet: Packet) -> Relayed:
        """Take the server's next packet.

        Raises:
            ProtocolError: if no server may send it.
        """
        if self.dialect is None:
            return Relayed(to_client=self._greeting(packet))
        if packet.payload[:1] == bytes((OK,)):
            self.status = status_of(packet.payload)
            self.done = True
        if self._by_token is not None:
            return self._by_token.from_server(packet)
        if packet.payload[:1] == bytes((SWITCH,)):
            self._scramble = packet.payload.partition(b"\0")[2].rstrip(b"\0")
        self._whole = packet.payload == FULL
        return Relayed(to_client=Packet(packet.sequence + self._ahead, packet.payload))

    def _greeting(self, packet: Packet) -> Packet:
        """Take the server's first packet: a greeting, or an error in its place."""
        if packet.payload[:1] == bytes((ERR,)):
            return packet
        real = parse_greeting(packet.payload)
        greeting = relayed_greeting(real)
        self._server_greeting, self._scramble = packet.payload, greeting.scramble
        self.thread_id = greeting.thread_id
        self.dialect = SqlDialect(version=greeting.number, mariadb=greeting.mariadb)
        self._offered = greeting.capabilities | real.capabilities & Capability.QUERY_ATTRIBUTES
        shown = replace(
            greeting,
            capabilities=greeting.capabilities | self._tls | Capability.QUERY_ATTRIBUTES,
            version=greeting.version if greeting.mariadb else self._version(greeting.version),
        )
        return Packet(packet.sequence, encode_greeting(shown))

    def from_client(self, packet: Packet) -> Relayed:
        """Take the client's next packet. The first names capabilities.

        Raises:
            ProtocolError: if no client may send it.
        """
        if self.dialect is None:
            raise ProtocolError("the client speaks before it was greeted")
        payload = packet.payload
        if self._aurora.tls_required and self._tls and not self._encrypted:
            return self._refused(packet)
        if not self.capabilities:
            payload = without_tls(payload) if self._ahead else payload
            wanted = client_capabilities(payload)
            payload = relayed_response(payload, self._offered)
            self.capabilities = client_capabilities(payload)
            self._read_attributes(wanted)
            self.user = payload[RESPONSE_HEAD:].partition(b"\0")[0].decode("utf-8", "replace")
            self._begin(payload)
        if self._by_token is not None:
            return self._by_token.from_client(packet)
        if self._sealed:
            self._sealed, payload = False, self._opened(payload)
        elif payload == ASK_KEY and self._whole and self._accounts.secure and not self._encrypted:
            self._ahead, self._sealed = self._ahead + 2, True
            key = bytes((MORE,)) + self._accounts.key.public()
            return Relayed(to_client=Packet(packet.sequence + 1, key))
        return Relayed(to_server=frame(payload, packet.sequence - self._ahead))

    def _read_attributes(self, wanted: Capability) -> None:
        """Read the attributes of a client that sends them, whether the server takes them or not."""
        if wanted & Capability.QUERY_ATTRIBUTES:
            passes = bool(self.capabilities & Capability.QUERY_ATTRIBUTES)
            self.attributes = AttributesReader(passes=passes)

    def _version(self, real: bytes) -> bytes:
        """Return the version that clients are greeted with."""
        return real if self._aurora.server is None else self._aurora.server.encode()

    def _refused(self, packet: Packet) -> Relayed:
        """Refuse a client without TLS, whatever it says."""
        if self._insecure:
            raise ProtocolError("the client goes on without TLS")
        self._insecure = True
        return Relayed(to_client=Packet(packet.sequence + 1, error_packet(INSECURE)))

    def _begin(self, payload: bytes) -> None:
        """Take over the login of a user of IAM."""
        login = parse_login(payload) if self._accounts.any_by_token else None
        if login is not None and self._accounts.by_token(login.user.encode()):
            self._by_token = TokenLogin(
                self._accounts, login, self._server_greeting, tls=self._encrypted
            )

    def _opened(self, sealed: bytes) -> bytes:
        """Return a password that was encrypted with our key; an empty one if it was not."""
        hidden = self._accounts.key.decrypt(sealed)
        return b"\0" if hidden is None else hide(hidden, self._scramble)
