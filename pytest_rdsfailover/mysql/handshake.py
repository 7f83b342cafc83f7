"""The opening of a connection: what both sides say they can do, cut down to what we relay."""

import enum
from dataclasses import dataclass, replace

from pytest_rdsfailover.mysql.packets import ProtocolError

PROTOCOL = 10
RESPONSE_HEAD = 32  # capabilities, largest packet, character set, filler
EXTENDED_AT = 28  # where MariaDB keeps its own capabilities in the client's filler


class Capability(enum.IntFlag):
    """What a client or server can do, by its bit in the handshake."""

    LONG_PASSWORD = 1 << 0
    FOUND_ROWS = 1 << 1
    LONG_FLAG = 1 << 2
    CONNECT_WITH_DB = 1 << 3
    NO_SCHEMA = 1 << 4
    COMPRESS = 1 << 5
    ODBC = 1 << 6
    LOCAL_FILES = 1 << 7
    IGNORE_SPACE = 1 << 8
    PROTOCOL_41 = 1 << 9
    INTERACTIVE = 1 << 10
    SSL = 1 << 11
    IGNORE_SIGPIPE = 1 << 12
    TRANSACTIONS = 1 << 13
    RESERVED = 1 << 14
    SECURE_CONNECTION = 1 << 15
    MULTI_STATEMENTS = 1 << 16
    MULTI_RESULTS = 1 << 17
    PS_MULTI_RESULTS = 1 << 18
    PLUGIN_AUTH = 1 << 19
    CONNECT_ATTRS = 1 << 20
    PLUGIN_AUTH_LENENC = 1 << 21
    EXPIRED_PASSWORDS = 1 << 22
    SESSION_TRACK = 1 << 23
    DEPRECATE_EOF = 1 << 24
    OPTIONAL_RESULTSET_METADATA = 1 << 25
    ZSTD = 1 << 26
    QUERY_ATTRIBUTES = 1 << 27
    MULTI_FACTOR = 1 << 28


# This lists what we can relay, and not what we cannot: an unknown bit of a later server must not
# pass.
RELAYED = Capability(0x01FFFFFF) & ~(Capability.COMPRESS | Capability.SSL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """The server's first packet.

    Attributes:
        version: the server's version text.
        thread_id: the connection's id in the server's process list.
        capabilities: what the server can do.
        status: its status flags.
        charset: the number of its character set.
        scramble: the random bytes to hash the password with.
        plugin: the authentication method it would like.
    """

    version: bytes
    thread_id: int
    capabilities: Capability
    status: int
    charset: int
    scramble: bytes
    plugin: bytes

    @property
    def mariadb(self) -> bool:
        """Tell whether the server is a MariaDB."""
        return b"MariaDB" in self.version

    @property
    def number(self) -> int:
        """Return the version as executable comments write it: 10.11.6 is 101106."""
        digits = self.version.removeprefix(b"5.5.5-").split(b"-")[0].split(b".")
        parts = [int(part) if part.isdigit() else 0 for part in (*digits, b"0", b"0")][:3]
        return parts[0] * 10000 + parts[1] * 100 + parts[2]


def parse_greeting(payload: bytes) -> Greeting:
    """Return what a server's first packet says.

    Raises:
        ProtocolError: if it is no greeting of protocol version 10.
    """
    version, zero, rest = payload[1:].partition(b"\0")
    if payload[:1] != bytes((PROTOCOL,)) or not zero or len(rest) < 31:  # noqa: PLR2004 - fixed part
        raise ProtocolError("the server's first packet is no greeting")
    low, high = rest[13:15], rest[18:20]
    tail = rest[31:]
    second = max(13, rest[20] - 8)
    return Greeting(
        version=version,
        thread_id=int.from_bytes(rest[0:4], "little"),
        capabilities=Capability(int.from_bytes(low + high, "little")),
        charset=rest[15],
        status=int.from_bytes(rest[16:18], "little"),
        scramble=(rest[4:12] + tail[:second]).rstrip(b"\0"),
        plugin=tail[second:].rstrip(b"\0"),
    )


def relayed_greeting(greeting: Greeting) -> Greeting:
    """Return the greeting without the capabilities that we cannot relay."""
    return replace(greeting, capabilities=greeting.capabilities & RELAYED)


def encode_greeting(greeting: Greeting) -> bytes:
    """Return the payload of a greeting; MariaDB's own capabilities are left out of it."""
    bits = int(greeting.capabilities).to_bytes(4, "little")
    return b"".join((
        bytes((PROTOCOL,)), greeting.version, b"\0",
        greeting.thread_id.to_bytes(4, "little"), greeting.scramble[:8], b"\0",
        bits[:2], bytes((greeting.charset,)), greeting.status.to_bytes(2, "little"), bits[2:],
        bytes((len(greeting.scramble) + 1,)), bytes(10),
        greeting.scramble[8:], b"\0", greeting.plugin, b"\0",
    ))  # fmt: skip


def client_capabilities(payload: bytes) -> Capability:
    """Return what a client's answer to the greeting says that the client can do.

    Raises:
        ProtocolError: if it is no answer of the 4.1 protocol.
    """
    if len(payload) < RESPONSE_HEAD:
        raise ProtocolError("the client's answer to the greeting is too short")
    capabilities = Capability(int.from_bytes(payload[:4], "little"))
    if not capabilities & Capability.PROTOCOL_41:
        raise ProtocolError("the client does not speak the 4.1 protocol")
    return capabilities


def is_tls_request(payload: bytes) -> bool:
    """Tell whether a client's first packet asks for TLS, which then begins with the next byte."""
    return len(payload) == RESPONSE_HEAD and bool(client_capabilities(payload) & Capability.SSL)


def without_tls(payload: bytes) -> bytes:
    """Return a client's answer, decrypted, as one that never asked for TLS."""
    return (client_capabilities(payload) & ~Capability.SSL).to_bytes(4, "little") + payload[4:]


def relayed_response(payload: bytes, offered: Capability) -> bytes:
    """Return a client's answer without the capabilities that were not *offered* to it.

    Raises:
        ProtocolError: if the client wants TLS or compression although it was not offered: it may
            go on as if it had been, and both sides would wait for each other for ever.
    """
    capabilities = client_capabilities(payload)
    if capabilities & Capability.SSL and not offered & Capability.SSL:
        raise ProtocolError("the client wants TLS, which was not offered")
    if capabilities & ~offered & (Capability.COMPRESS | Capability.ZSTD):
        raise ProtocolError("the client wants compression, which was not offered")
    head = int(capabilities & offered).to_bytes(4, "little") + payload[4:EXTENDED_AT]
    return head + bytes(RESPONSE_HEAD - EXTENDED_AT) + payload[RESPONSE_HEAD:]
