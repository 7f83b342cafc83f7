"""The proxy's own login at an instance, packet by packet; the client's side of MySQL's handshake."""

from dataclasses import dataclass, field

from pytest_rdsfailover.local.gateway.tls import encrypt_for
from pytest_rdsfailover.mysql.auth import (
    ASK_KEY,
    CACHING,
    FAST_OK,
    FULL,
    MORE,
    SWITCH,
    caching_proof,
    hide,
    native_proof,
)
from pytest_rdsfailover.mysql.handshake import RESPONSE_HEAD, Capability, parse_greeting
from pytest_rdsfailover.mysql.packets import (
    ERR,
    OK,
    ProtocolError,
    ServerFault,
    lenenc_string,
    parse_error,
)

UTF8MB4 = 45
# What a client's connection has in common with the database connections that can serve it.
MATCHED = (
    Capability.FOUND_ROWS | Capability.LOCAL_FILES | Capability.IGNORE_SPACE
    | Capability.MULTI_STATEMENTS | Capability.MULTI_RESULTS | Capability.PS_MULTI_RESULTS
    | Capability.SESSION_TRACK | Capability.DEPRECATE_EOF
)  # fmt: skip
ALWAYS = (
    Capability.LONG_PASSWORD | Capability.LONG_FLAG | Capability.PROTOCOL_41
    | Capability.TRANSACTIONS | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH
    | Capability.PLUGIN_AUTH_LENENC
)  # fmt: skip
LARGEST = (1 << 30).to_bytes(4, "little")  # bytes of a message


@dataclass(frozen=True, slots=True)
class Key:
    """What a database connection must have to serve a client.

    Attributes:
        user: whom it is logged in as.
        capabilities: what both sides of it can do, of `MATCHED`.
    """

    user: str
    capabilities: Capability


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is done with each new database connection.

    Attributes:
        password: the user's; never in a repr.
        init: statements to run first.
        names: variables whose values make up the state.
        secure: the way to the server cannot be listened to, so it takes a password as it is.
    """

    password: bytes = field(repr=False)
    init: tuple[bytes, ...] = ()
    names: tuple[bytes, ...] = ()
    secure: bool = False


class ServerLogin:
    """A login that is going on.

    Attributes:
        done: the server has let us in.
        fault: why it has not; None as long as it may.
    """

    __slots__ = ("_key", "_method", "_scramble", "_setup", "done", "fault")

    def __init__(self, key: Key, setup: Setup) -> None:
        self.done = False
        self.fault: ServerFault | None = None
        self._key, self._setup = key, setup
        self._scramble, self._method = b"", b""

    def feed(self, payload: bytes) -> bytes | None:
        """Take the server's next packet; return what to answer, None if it wants no answer.

        Raises:
            ProtocolError: if no server may send it.
        """
        first = payload[0] if payload else ERR
        if first == ERR:
            self.fault = parse_error(payload)
        elif not self._scramble:
            greeting = parse_greeting(payload)
            self._scramble, self._method = greeting.scramble, greeting.plugin
            return self._response(greeting.capabilities)
        elif first == OK:
            self.done = True
        elif first == SWITCH:
            self._method, _, scramble = payload[1:].partition(b"\0")
            self._scramble = scramble.rstrip(b"\0")
            return self._proof()
        elif payload == FULL:
            return self._setup.password + b"\0" if self._setup.secure else ASK_KEY
        elif payload != FAST_OK and first == MORE:
            return self._encrypted(payload[1:])
        return None

    def _response(self, offered: Capability) -> bytes:
        capabilities = (ALWAYS | self._key.capabilities) & offered
        return b"".join((
            int(capabilities).to_bytes(4, "little"), LARGEST, bytes((UTF8MB4,)),
            bytes(RESPONSE_HEAD - 9), self._key.user.encode(), b"\0",
            lenenc_string(self._proof()), self._method, b"\0",
        ))  # fmt: skip

    def _proof(self) -> bytes:
        prove = caching_proof if self._method == CACHING else native_proof
        return prove(self._setup.password, self._scramble)

    def _encrypted(self, key: bytes) -> bytes:
        """Return the password as only the owner of a public key can read it."""
        try:
            return encrypt_for(key, hide(self._setup.password + b"\0", self._scramble))
        except ValueError as error:
            raise ProtocolError("the server's public key is broken") from error
