"""How a client of the proxy logs in: the greeting, perhaps TLS, the login, and a change of user."""

from dataclasses import replace
from typing import Protocol

from pytest_rdsfailover.local.gateway.proxy.authentication import (
    Authentication,
    Directory,
    Login,
    new_scramble,
    parse_change_user,
    parse_login,
)
from pytest_rdsfailover.local.gateway.proxy.facts import ServerFacts
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.mysql.auth import CACHING, NATIVE
from pytest_rdsfailover.mysql.handshake import (
    RELAYED,
    Capability,
    Greeting,
    encode_greeting,
    is_tls_request,
)
from pytest_rdsfailover.mysql.packets import (
    HEADER,
    STATUS_AUTOCOMMIT,
    Packet,
    ProtocolError,
    ServerFault,
    error_packet,
    frame,
    ok_packet,
)

OFFERED = RELAYED | Capability.SSL | Capability.QUERY_ATTRIBUTES
UNOFFERED = Capability.COMPRESS | Capability.ZSTD
TLS_REQUIRED = ServerFault(3159, "HY000", "This RDS Proxy requires TLS connections.")
LONGEST_LOGIN = 64 * 1024  # bytes


class Admission(Protocol):
    """What decides which clients may log in."""

    settings: ProxySettings
    facts: ServerFacts
    directory: Directory


class Opening:
    """One client's login, as a state machine.

    Attributes:
        going: the client has still to prove who it is.
        failed: it could not.
        encrypted: TLS is on.
        rest: bytes that followed a request for TLS; None unless TLS is to begin.
        login: what the client says it is; None before it has said so.
    """

    __slots__ = (
        "_admission", "_authentication", "_before", "_number", "_scramble", "_sequence",
        "encrypted", "failed", "going", "login", "rest",
    )  # fmt: skip

    def __init__(self, admission: Admission, number: int) -> None:
        self.going, self.failed, self.encrypted = True, False, False
        self.rest: bytes | None = None
        self.login: Login | None = None
        self._admission, self._number = admission, number
        self._scramble, self._sequence = new_scramble(), 0
        self._authentication: Authentication | None = None
        self._before = b""

    def greet(self) -> bytes:
        """Return the greeting, as RDS words it."""
        facts = self._admission.facts
        greeting = Greeting(
            version=facts.version, thread_id=self._number, capabilities=OFFERED,
            status=STATUS_AUTOCOMMIT, charset=facts.charset, scramble=self._scramble,
            plugin=self._method(),
        )  # fmt: skip
        return frame(encode_greeting(greeting), 0)

    def _method(self) -> bytes:
        kind, facts = self._admission.settings.client_password_auth_type, self._admission.facts
        native = facts.dialect.mariadb if kind is None else kind == "MYSQL_NATIVE_PASSWORD"
        return NATIVE if native else CACHING

    def before_tls(self, data: bytes) -> bytes:
        """Return what may be read in plain text: nothing of what follows a request for TLS.

        Raises:
            ProtocolError: if no login begins like that.
        """
        if self.login is not None or self.encrypted:
            return data
        before = self._before = self._before + data
        length = HEADER + int.from_bytes(before[:3], "little")
        if len(before) >= HEADER and length > LONGEST_LOGIN:
            raise ProtocolError("nobody logs in with that many bytes")
        if len(before) < max(HEADER, length):
            return b""
        self._before = b""
        if not is_tls_request(before[HEADER:length]):
            return before
        self._sequence, self.rest = before[3] + 1, before[length:]
        return b""

    def feed(self, packet: Packet) -> bytes:
        """Take the client's next packet; return what to send it.

        Raises:
            ProtocolError: if no client may send it.
        """
        self._sequence = packet.sequence + 1
        if self._authentication is not None:
            return self._go_on(self._authentication, self._authentication.feed(packet.payload))
        self.login = parse_login(packet.payload)
        if self.login.capabilities & UNOFFERED:
            # A client that compresses although that was not offered would wait for ever.
            raise ProtocolError("the client wants compression, which was not offered")
        if self._admission.settings.require_tls and not self.encrypted:
            return self._refuse(TLS_REQUIRED)
        authentication = self._prove(self.login)
        return self._go_on(authentication, authentication.begin())

    def change_user(self, message: bytes, sequence: int) -> bytes:
        """Begin anew with a COM_CHANGE_USER of a client that has logged in; return what to send it.

        Args:
            message: the command.
            sequence: the number of its last packet.

        Raises:
            ProtocolError: if it is broken.
        """
        assert self.login is not None  # noqa: S101 - a command comes after a login
        self.login = parse_change_user(message, self.login.capabilities)
        self.going, self._sequence = True, sequence + 1
        authentication = self._prove(self.login)
        return self._go_on(authentication, authentication.restart())

    def _prove(self, login: Login) -> Authentication:
        self._authentication = Authentication(
            self._admission.directory, login, self._scramble, self._method(), tls=self.encrypted
        )
        return self._authentication

    def _go_on(self, authentication: Authentication, payloads: list[bytes]) -> bytes:
        """Send a login's packets, up to its OK or its error."""
        sent = b"".join(map(self._next, payloads))
        if not authentication.done:
            return sent
        self._authentication, self._scramble = None, authentication.scramble
        if authentication.fault is not None:
            return sent + self._refuse(authentication.fault)
        self.going = False
        if self.login is not None:
            self.login = replace(self.login, proof=b"", method=b"")  # of no use any more
        return sent + self._next(ok_packet(STATUS_AUTOCOMMIT))

    def _refuse(self, fault: ServerFault) -> bytes:
        self.failed = True
        return self._next(error_packet(fault))

    def _next(self, payload: bytes) -> bytes:
        self._sequence += 1
        return frame(payload, self._sequence - 1)
