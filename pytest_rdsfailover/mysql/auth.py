"""How MySQL proves a password without sending it, seen from both sides. No I/O."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_rdsfailover.mysql.handshake import (
    RESPONSE_HEAD,
    Capability,
    Greeting,
    parse_greeting,
)
from pytest_rdsfailover.mysql.packets import (
    ERR,
    OK,
    ProtocolError,
    ServerFault,
    lenenc_string,
    parse_error,
)

NATIVE = b"mysql_native_password"
CACHING = b"caching_sha2_password"
CLEAR = b"mysql_clear_password"

MORE, SWITCH = 0x01, 0xFE  # first bytes of what a server sends during a login
FAST_OK, FULL = b"\x01\x03", b"\x01\x04"
ASK_KEY = b"\x02"  # a client without TLS wants the server's public key
SCRAMBLE = 20  # bytes

ALWAYS = (
    Capability.LONG_PASSWORD | Capability.LONG_FLAG | Capability.PROTOCOL_41
    | Capability.TRANSACTIONS | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH
)  # fmt: skip
NOTHING_MORE = Capability(0)
NEEDED = Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION
LARGEST = 1 << 30  # bytes of a message
UTF8MB4 = 45

Seal = Callable[[bytes, bytes], bytes]  # given the server's public key and what to encrypt


def native_proof(password: bytes, scramble: bytes) -> bytes:
    """Return what a client answers to a scramble under mysql_native_password."""
    if not password:
        return b""
    first = hashlib.sha1(password).digest()  # noqa: S324 - MySQL's protocol
    second = hashlib.sha1(first).digest()  # noqa: S324
    return _xor(hashlib.sha1(scramble + second).digest(), first)  # noqa: S324


def caching_proof(password: bytes, scramble: bytes) -> bytes:
    """Return what a client answers to a scramble under caching_sha2_password."""
    if not password:
        return b""
    first = hashlib.sha256(password).digest()
    second = hashlib.sha256(first).digest()
    return _xor(first, hashlib.sha256(second + scramble).digest())


def hide(password: bytes, scramble: bytes) -> bytes:
    """Return a password as it is encrypted for a server without TLS, or back from that."""
    return bytes(byte ^ scramble[n % len(scramble)] for n, byte in enumerate(password))


def same(one: bytes, other: bytes) -> bool:
    """Tell whether two proofs are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one, other)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


PROOFS = {NATIVE: native_proof, CACHING: caching_proof}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """Who logs in, and what it can do.

    Attributes:
        user: its name.
        password: its password; never in a repr.
        database: the one to use; empty for none.
        charset: the number of the character set to use.
        capabilities: what the client can do, besides `ALWAYS`.
        secure: nobody can listen on the way to the server, so that the password may be sent in
            clear.
        seal: encrypts for the owner of a public key; None if the client cannot.
    """

    user: bytes
    password: bytes = field(repr=False)
    database: bytes = b""
    charset: int = UTF8MB4
    capabilities: Capability = NOTHING_MORE
    secure: bool = False
    seal: Seal | None = None


class ClientLogin:
    """A login at a server, packet by packet.

    Attributes:
        done: the server has let the client in.
        fault: why the server has refused the client; None as long as it has not.
    """

    __slots__ = ("_credentials", "_method", "_scramble", "done", "fault")

    def __init__(self, credentials: ClientIdentity) -> None:
        self.done = False
        self.fault: ServerFault | None = None
        self._credentials = credentials
        self._scramble, self._method = b"", b""

    def feed(self, payload: bytes) -> bytes | None:
        """Take the server's next packet; return what to answer, None if it wants no answer.

        Raises:
            ProtocolError: if no server may send it, or wants what this client cannot give.
        """
        first = payload[0] if payload else None
        if first == ERR:
            self.fault = parse_error(payload)
        elif not self._scramble:
            return self._begin(parse_greeting(payload))
        elif first == OK:
            self.done = True
        elif first == SWITCH:
            self._method, _, scramble = payload[1:].partition(b"\0")
            self._scramble = scramble.rstrip(b"\0")
            return self._proof()
        elif payload == FULL:
            return self._whole()
        elif first == MORE and payload != FAST_OK:
            return self._sealed(payload[1:])
        elif payload != FAST_OK:
            raise ProtocolError("the server says what is no part of a login")
        return None

    def _begin(self, greeting: Greeting) -> bytes:
        """Answer the server's greeting."""
        if greeting.capabilities & NEEDED != NEEDED:
            raise ProtocolError("the server does not speak the 4.1 protocol")
        mine = self._credentials
        self._scramble = greeting.scramble
        # If we do not have the server's method, we answer by one of ours: the server then asks for
        # another.
        self._method = greeting.plugin if greeting.plugin in PROOFS else NATIVE
        capabilities = (ALWAYS | mine.capabilities) & greeting.capabilities
        if mine.database:
            capabilities |= Capability.CONNECT_WITH_DB
        return b"".join((
            int(capabilities).to_bytes(4, "little"), LARGEST.to_bytes(4, "little"),
            bytes((mine.charset,)), bytes(RESPONSE_HEAD - 9),
            mine.user, b"\0", lenenc_string(self._proof()),
            mine.database + b"\0" if mine.database else b"", self._method, b"\0",
        ))  # fmt: skip

    def _proof(self) -> bytes:
        prove = PROOFS.get(self._method)
        if prove is None or not self._scramble:
            raise ProtocolError(f"the server wants {self._method.decode('ascii', 'replace')!r}")
        return prove(self._credentials.password, self._scramble)

    def _whole(self) -> bytes:
        """Give the password itself: the server has nothing in its cache to check a proof with."""
        if self._credentials.secure:
            return self._credentials.password + b"\0"
        if self._credentials.seal is None:
            raise ProtocolError("the server has not cached this account and wants its password")
        return ASK_KEY

    def _sealed(self, key: bytes) -> bytes:
        """Return the password as only the owner of a public key can read it."""
        seal = self._credentials.seal
        if seal is None:
            raise ProtocolError("the server says what is no part of a login")
        try:
            return seal(key, hide(self._credentials.password + b"\0", self._scramble))
        except ValueError as error:
            raise ProtocolError("the server's public key is broken") from error
