"""The login of a user of IAM: the client gives a token, and the server gets a password. No I/O."""

import secrets
from typing import NamedTuple

from pytest_rdsfailover.local.gateway.accounts import Accounts
from pytest_rdsfailover.local.gateway.proxy.authentication import Login, new_scramble
from pytest_rdsfailover.local.gateway.proxy.secrets import token_fault
from pytest_rdsfailover.local.gateway.tls import encrypt_for
from pytest_rdsfailover.mysql.auth import CLEAR, SWITCH, ClientIdentity, ClientLogin
from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import ERR, OK, Packet, frame

# Attributes of the client and what says that a database follows are not passed on as they are.
OWN = Capability.CONNECT_ATTRS | Capability.CONNECT_WITH_DB | Capability.SSL


class Relayed(NamedTuple):
    """What becomes of a packet of a login.

    Attributes:
        to_client: what the client gets; None for nothing.
        to_server: what the server gets.
    """

    to_client: Packet | None = None
    to_server: bytes = b""


class TokenLogin:
    """The login of one user of IAM, from the client's answer to the greeting on.

    A client without TLS, and one whose token is wrong, has the server refuse a wrong password.

    Args:
        accounts: know the password.
        login: what the client says.
        greeting: the server's.
        tls: the client is encrypted.
    """

    def __init__(self, accounts: Accounts, login: Login, greeting: bytes, *, tls: bool) -> None:
        self._accounts, self._login, self._greeting = accounts, login, greeting
        self._asks = tls and bool(login.capabilities & Capability.PLUGIN_AUTH)
        self._server: ClientLogin | None = None
        self._next = 0  # the number of the next packet for the client

    def from_client(self, packet: Packet) -> Relayed:
        """Take the client's answer to the greeting, or what it was asked for."""
        self._next = packet.sequence + 1
        if self._asks:
            self._asks = False
            if self._login.method == CLEAR:
                return self._prove(self._login.proof)
            switch = bytes((SWITCH,)) + CLEAR + b"\0" + new_scramble() + b"\0"
            return Relayed(to_client=Packet(self._next, switch))
        return self._prove(packet.payload if self._next > 2 else b"")  # noqa: PLR2004 - asked for

    def from_server(self, packet: Packet) -> Relayed:
        """Take what the server says to our proof.

        Raises:
            ProtocolError: if no server may say it.
        """
        answer = None if self._server is None else self._server.feed(packet.payload)
        if answer is not None:
            return Relayed(to_server=frame(answer, packet.sequence + 1))
        if packet.payload[:1] in (bytes((OK,)), bytes((ERR,))):
            return Relayed(to_client=Packet(self._next, packet.payload))
        return Relayed()

    def _prove(self, sent: bytes) -> Relayed:
        """Log in at the server with the right password if a token is right."""
        token = sent.removesuffix(b"\0").decode("utf-8", "replace")
        right = token_fault(token, self._login.user, ()) is None
        self._server = ClientLogin(
            ClientIdentity(
                user=self._login.user.encode(),
                password=self._accounts.password if right else secrets.token_bytes(16),
                database=self._login.database or b"",
                charset=self._login.charset,
                capabilities=self._login.capabilities & ~OWN,
                secure=self._accounts.secure,
                seal=encrypt_for,
            )
        )
        return Relayed(to_server=frame(self._server.feed(self._greeting) or b"", 1))
