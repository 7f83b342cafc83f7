"""The client's side of a connection: how it logs in and asks, without any I/O."""

import hashlib
from collections.abc import Callable

from pytest_rdsfailover.mysql.handshake import Capability, Greeting
from pytest_rdsfailover.mysql.packets import ProtocolError, encode, lenenc_string
from pytest_rdsfailover.mysql.responses import Command

NATIVE, CACHING = b"mysql_native_password", b"caching_sha2_password"
WANTED = (
    Capability.LONG_PASSWORD
    | Capability.LONG_FLAG
    | Capability.CONNECT_WITH_DB
    | Capability.PROTOCOL_41
    | Capability.TRANSACTIONS
    | Capability.SECURE_CONNECTION
    | Capability.PLUGIN_AUTH
)
NEEDED = Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION
LARGEST = 1 << 24
UTF8MB4 = 45
SWITCH, MORE = 0xFE, 0x01  # what the server may say before it says OK
CACHED, FULL = b"\x03", b"\x04"  # what caching_sha2_password then adds


def query(sql: bytes) -> bytes:
    """Return the bytes that ask a server to run a statement."""
    return encode(bytes((Command.QUERY,)) + sql)


def native_digest(password: bytes, scramble: bytes) -> bytes:
    """Return the proof of a password as `mysql_native_password` wants it; SHA-1 is its choice."""
    if not password:
        return b""
    stage = hashlib.sha1(password).digest()  # noqa: S324 - the protocol's
    mask = hashlib.sha1(scramble + hashlib.sha1(stage).digest()).digest()  # noqa: S324
    return _xor(stage, mask)


def caching_digest(password: bytes, scramble: bytes) -> bytes:
    """Return the proof of a password as `caching_sha2_password` wants it from a known user."""
    if not password:
        return b""
    stage = hashlib.sha256(password).digest()
    return _xor(stage, hashlib.sha256(hashlib.sha256(stage).digest() + scramble).digest())


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


DIGESTS: dict[bytes, Callable[[bytes, bytes], bytes]] = {
    NATIVE: native_digest,
    CACHING: caching_digest,
}


def digest(plugin: bytes, password: bytes, scramble: bytes) -> bytes:
    """Return the proof of a password.

    Raises:
        ProtocolError: for a method that is neither of the two.
    """
    if plugin not in DIGESTS:
        raise ProtocolError(f"the server wants {plugin.decode('ascii', 'replace')!r}")
    return DIGESTS[plugin](password, scramble)


def login(greeting: Greeting, user: bytes, password: bytes, database: bytes) -> bytes:
    """Return the payload that answers a server's greeting.

    Raises:
        ProtocolError: if the server is too old to be answered so.
    """
    if not greeting.capabilities & NEEDED == NEEDED:
        raise ProtocolError("the server does not speak the 4.1 protocol")
    # A method that we do not have is answered with one that we have: the server then says so.
    plugin = greeting.plugin if greeting.plugin in DIGESTS else NATIVE
    capabilities = WANTED if database else WANTED & ~Capability.CONNECT_WITH_DB
    proof = digest(plugin, password, greeting.scramble)
    return b"".join((
        int(capabilities).to_bytes(4, "little"), LARGEST.to_bytes(4, "little"),
        bytes((UTF8MB4,)), bytes(23),
        user, b"\0", lenenc_string(proof), (database + b"\0") if database else b"",
        plugin, b"\0",
    ))  # fmt: skip


def answer(payload: bytes, password: bytes) -> bytes | None:
    """Return the answer to what a server says between login and OK; None if it wants none.

    Raises:
        ProtocolError: if it wants what cannot be given without encryption.
    """
    if payload[:1] == bytes((SWITCH,)):
        plugin, _, scramble = payload[1:].partition(b"\0")
        return digest(plugin, password, scramble.rstrip(b"\0"))
    if payload == bytes((MORE,)) + CACHED:
        return None
    if payload == bytes((MORE,)) + FULL:
        raise ProtocolError("the server has not cached this account and wants its password")
    raise ProtocolError("the server says what is no part of a login")
