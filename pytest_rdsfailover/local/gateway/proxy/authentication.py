"""The proxy's own login: from a client's answer to the greeting to a user, or to error 1045."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from pytest_rdsfailover.local.gateway.proxy.secrets import Secret, token_fault
from pytest_rdsfailover.mysql.auth import (
    ASK_KEY,
    CACHING,
    CLEAR,
    FAST_OK,
    FULL,
    MORE,
    NATIVE,
    SCRAMBLE,
    SWITCH,
    caching_proof,
    hide,
    native_proof,
    same,
)
from pytest_rdsfailover.mysql.handshake import RESPONSE_HEAD, Capability, client_capabilities
from pytest_rdsfailover.mysql.packets import ProtocolError, ServerFault, read_string

ACCESS_DENIED, UTF8MB3 = 1045, 33


class Decrypter(Protocol):
    """What decrypts the passwords of clients without TLS."""

    def public(self) -> bytes:
        """Return the public key as PEM."""

    def decrypt(self, data: bytes) -> bytes | None:
        """Return what a client encrypted; None if that is nothing of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a client says about itself when it logs in.

    Attributes:
        user: who it says it is.
        proof: what it proves that with.
        method: how; empty if it does not say.
        database: the one to use; None for none.
        charset: number of the character set to use.
        capabilities: what it can do.
    """

    user: str
    proof: bytes
    method: bytes
    database: bytes | None
    charset: int
    capabilities: Capability


def new_scramble() -> bytes:
    """Return the random bytes of a greeting; no zero among them, which would end the text."""
    return bytes(1 + secrets.randbelow(127) for _ in range(SCRAMBLE))


def parse_login(payload: bytes) -> Login:
    """Return what a client's answer to the greeting says.

    Raises:
        ProtocolError: if it is broken.
    """
    capabilities = client_capabilities(payload)
    user, at = _text(payload, RESPONSE_HEAD)
    if capabilities & Capability.PLUGIN_AUTH_LENENC:
        proof, at = read_string(payload, at)
    elif capabilities & Capability.SECURE_CONNECTION:
        length, at = payload[at : at + 1], at + 1
        if not length or at + length[0] > len(payload):
            raise ProtocolError("the client's proof is cut off")
        proof, at = payload[at : at + length[0]], at + length[0]
    else:
        proof, at = _text(payload, at)
    database = method = b""
    if capabilities & Capability.CONNECT_WITH_DB:
        database, at = _text(payload, at)
    if capabilities & Capability.PLUGIN_AUTH:
        method, at = _text(payload, at)
    return Login(
        user=user.decode("utf-8", "replace"), proof=proof, method=method,
        database=database or None, charset=payload[8], capabilities=capabilities,
    )  # fmt: skip


def parse_change_user(payload: bytes, capabilities: Capability) -> Login:
    """Return what a COM_CHANGE_USER says.

    Raises:
        ProtocolError: if it is broken.
    """
    user, at = _text(payload, 1)
    proof, at = read_string(payload, at)
    database, at = _text(payload, at)
    charset = int.from_bytes(payload[at : at + 2], "little") or UTF8MB3
    method = b""
    if capabilities & Capability.PLUGIN_AUTH:
        method, _ = _text(payload, at + 2)
    return Login(
        user=user.decode("utf-8", "replace"), proof=proof, method=method,
        database=database or None, charset=charset, capabilities=capabilities,
    )  # fmt: skip


def _text(data: bytes, start: int) -> tuple[bytes, int]:
    """Return a text up to its zero byte; the last text of a packet may have none."""
    if start > len(data):
        raise ProtocolError("a text is missing")
    text = data[start:].partition(b"\0")[0]
    return text, start + len(text) + 1


class Directory:
    """The proxy's users, and those whose password has been seen in full.

    Attributes:
        iam_required: users must send an IAM token.
        addresses: what tokens may be for, as `host:port`; empty for anything.
    """

    def __init__(self, key: Decrypter, users: Collection[Secret] = ()) -> None:
        self.iam_required = False
        self.addresses: Collection[str] = ()
        self.key = key
        self._users = {secret.username: secret for secret in users}
        self._seen: set[str] = set()

    def add(self, secret: Secret) -> None:
        """Let a user in, or change its password."""
        self._users[secret.username] = secret
        self._seen.discard(secret.username)

    @property
    def secrets(self) -> Collection[Secret]:
        """Return the secrets of all users."""
        return self._users.values()

    def password(self, user: str) -> bytes | None:
        """Return a user's password; None if the proxy has no secret for it."""
        secret = self._users.get(user)
        return None if secret is None else secret.password.encode()

    def seen(self, user: str) -> bool:
        """Tell whether a user has logged in with its full password before, as servers cache it."""
        return user in self._seen

    def note(self, user: str) -> None:
        """Remember that a user has logged in with its full password."""
        self._seen.add(user)


class Authentication:
    """One login, packet by packet.

    Attributes:
        done: it is over.
        fault: why it failed; None while it goes on, and when it succeeded.
        scramble: the random bytes that proofs are about.
    """

    def __init__(
        self,
        directory: Directory,
        login: Login,
        scramble: bytes,
        offered: bytes,
        *,
        tls: bool,
    ) -> None:
        self.done = False
        self.fault: ServerFault | None = None
        self._directory, self._login, self._tls = directory, login, tls
        self.scramble, self._offered = scramble, offered
        self._step: Callable[[bytes], list[bytes]] = self._refuse

    def begin(self) -> list[bytes]:
        """Return the payloads to send next; none when it is over."""
        login = self._login
        if self._directory.iam_required:
            if not self._tls:
                return self._refuse()
            return self._switch(CLEAR, self._clear)
        if login.method == CLEAR and self._tls:
            return self._clear(login.proof)
        # The proxy knows the password, so it can check either of the two methods' proofs.
        if login.method in (b"", NATIVE, CACHING):
            return self._prove(login.method or NATIVE, login.proof)
        again = self._native if self._offered == NATIVE else self._caching
        return self._switch(self._offered, again)

    def feed(self, payload: bytes) -> list[bytes]:
        """Take the client's next packet; return the payloads to send next."""
        return self._step(payload)

    def restart(self) -> list[bytes]:
        """Begin a change of user.

        The proof should be about the scramble that was used last. Clients differ in which scramble
        they remember, so a client whose proof is wrong is asked again, with another scramble.
        """
        if self._directory.iam_required or self._proves():
            return self.begin()
        again = self._native if self._offered == NATIVE else self._caching
        return self._switch(self._offered, again)

    def _proves(self) -> bool:
        """Tell whether the client's first proof is right."""
        password, login = self._password(), self._login
        if password is None:
            return False
        if login.method == CACHING:
            proof = caching_proof(password, self.scramble)
            return self._directory.seen(login.user) and same(login.proof, proof)
        return same(login.proof, native_proof(password, self.scramble))

    def _switch(self, method: bytes, then: Callable[[bytes], list[bytes]]) -> list[bytes]:
        if not self._login.capabilities & Capability.PLUGIN_AUTH:
            return self._refuse()
        self._step, self.scramble = then, new_scramble()
        return [bytes((SWITCH,)) + method + b"\0" + self.scramble + b"\0"]

    def _prove(self, method: bytes, proof: bytes) -> list[bytes]:
        return self._native(proof) if method == NATIVE else self._caching(proof)

    def _native(self, proof: bytes) -> list[bytes]:
        password = self._password()
        expected = native_proof(password or b"", self.scramble)
        return self._decide(password is not None and same(proof, expected))

    def _caching(self, proof: bytes) -> list[bytes]:
        password = self._password()
        if not proof:  # an empty password is proved by nothing
            return self._decide(password == b"")
        known = password is not None and self._directory.seen(self._login.user)
        if known and same(proof, caching_proof(password or b"", self.scramble)):
            self._decide(right=True)
            return [FAST_OK]
        self._step = self._full
        return [FULL]

    def _full(self, payload: bytes) -> list[bytes]:
        """Take the password itself, over TLS or encrypted; or a request for the key."""
        if payload == ASK_KEY and not self._tls:
            self._step = self._encrypted
            return [bytes((MORE,)) + self._directory.key.public()]
        if not self._tls:
            return self._encrypted(payload)
        return self._whole(payload)

    def _encrypted(self, payload: bytes) -> list[bytes]:
        hidden = self._directory.key.decrypt(payload)
        return self._refuse() if hidden is None else self._whole(hide(hidden, self.scramble))

    def _whole(self, password: bytes) -> list[bytes]:
        expected = self._password()
        right = expected is not None and same(password, expected + b"\0")
        if right:
            self._directory.note(self._login.user)
        return self._decide(right)

    def _clear(self, payload: bytes) -> list[bytes]:
        """Take an IAM token, or the password if tokens are not required."""
        sent = payload.removesuffix(b"\0")
        expected = self._password()
        user = self._login.user
        token = token_fault(sent.decode("utf-8", "replace"), user, self._directory.addresses)
        right = token is None or (not self._directory.iam_required and same(sent, expected or b""))
        return self._decide(expected is not None and right)

    def _password(self) -> bytes | None:
        return self._directory.password(self._login.user)

    def _refuse(self, _: bytes = b"") -> list[bytes]:
        return self._decide(right=False)

    def _decide(self, right: bool) -> list[bytes]:  # noqa: FBT001 - what it is about
        self.done = True
        if not right:
            with_one = "YES" if self._login.proof else "NO"
            self.fault = ServerFault(
                ACCESS_DENIED,
                "28000",
                f"Access denied for user '{self._login.user}'@'127.0.0.1'"
                f" (using password: {with_one})",
            )
        return []
