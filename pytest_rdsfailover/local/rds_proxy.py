"""The RDS Proxy of a local cluster, as a test sees it: figures, pins, settings, secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pytest_rdsfailover.local.gateway.client import NANO, GatewayClient
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings

READ_WRITE, READ_ONLY = "proxy", "proxy-reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStats:
    """One proxy endpoint, now and since the test began.

    Attributes:
        client_connections: clients that are connected.
        database_connections: connections to the database, those being made included.
        borrowed: of these, how many work for a client now, pinned ones included.
        pinned: of these, how many a session keeps.
        idle: how many can be lent at once.
        waiting: requests that wait for one.
        most_connections: how many database connections there may be to each instance.
        instances: the ids of those that they lead to; empty while there is none to lead to.
        borrows: how often one was asked for since the test began.
        borrow_timeouts: how often in vain (9501).
        longest_wait: seconds that a request has waited at most.
        opened: database connections made.
        idle_timeouts: clients hung up on because they were idle too long.
        aged: clients hung up on because they were connected for `max_client_age`.
        cut: clients that lost a statement, a transaction or a pinned session to a failover.
    """

    client_connections: int
    database_connections: int
    borrowed: int
    pinned: int
    idle: int
    waiting: int
    most_connections: int
    instances: tuple[str, ...]
    borrows: int
    borrow_timeouts: int
    longest_wait: float
    opened: int
    idle_timeouts: int
    aged: int
    cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A session that began to keep its database connection, until it ended.

    Attributes:
        session: the connection id that the proxy's greeting gave its client, in PyMySQL
            `connection.thread_id()`.
        user: who it is.
        reason: why, for example `user variable`.
        statement: what it sent, at most 200 bytes of it.
        at: when, in monotonic seconds.
        endpoint: `proxy` or `proxy-reader`.
    """

    session: int
    user: str
    reason: str
    statement: str
    at: float
    endpoint: str


class LocalProxy:
    """Watches and sets up the proxy of a local cluster."""

    def __init__(self, gateway: GatewayClient, secret: Secret) -> None:
        self._gateway = gateway
        self._secrets = {secret.username: secret}
        self._settings = ProxySettings()

    def __repr__(self) -> str:
        stats = self.stats()
        return (
            f"<proxy: {stats.client_connections} clients over {stats.database_connections}"
            f" connections, {stats.pinned} pinned, {stats.waiting} waiting>"
        )

    def stats(self, endpoint: str = READ_WRITE) -> ProxyStats:
        """Return the figures of an endpoint, `proxy` or `proxy-reader`.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        stats = self._gateway.ask("proxy", endpoint=endpoint)["stats"]
        return ProxyStats(**{**stats, "instances": tuple(stats["instances"])})

    @property
    def pins(self) -> list[Pin]:
        """Return every session pinned since the test began, in order of time."""
        found = [
            Pin(**{**pin, "at": pin["at"] * NANO}, endpoint=endpoint)
            for endpoint in (READ_WRITE, READ_ONLY)
            for pin in self._gateway.ask("proxy", endpoint=endpoint)["pins"]
        ]
        return sorted(found, key=lambda pin: pin.at)

    @property
    def settings(self) -> ProxySettings:
        """Return how the proxy is set up now."""
        return self._settings

    def modify(self, **changes: Any) -> None:
        """Change some settings, as `modify_db_proxy` and its target group's would.

        Raises:
            SettingError: if a name is unknown or a value impossible.
        """
        self._configure(self._settings.but(changes))

    def begin(self, options: Mapping[str, Any]) -> None:
        """Set the proxy up for a test, and count anew.

        Raises:
            SettingError: if a name is unknown or a value impossible.
        """
        self._configure(ProxySettings.of(options))
        self._gateway.ask("proxy_forget")

    def _configure(self, settings: ProxySettings) -> None:
        self._gateway.ask("proxy_configure", settings=asdict(settings))
        self._settings = settings

    @property
    def secrets(self) -> Mapping[str, str]:
        """Return the users' SecretStrings, as Secrets Manager keeps them, by user name."""
        return {name: secret.text() for name, secret in self._secrets.items()}

    def add_secret(self, text: str) -> None:
        """Let another user in, by a SecretString with `username` and `password`.

        The database must know that user, with that password, too.

        Raises:
            GatewayError: if the text is no secret.
        """
        secret = Secret.parse(text)
        self._gateway.ask("proxy_secret", secret=text)
        self._secrets[secret.username] = secret

    def known_as(self, addresses: Sequence[str], names: Sequence[str] = ()) -> None:
        """Accept IAM tokens for these addresses only, and have a certificate for these names.

        Args:
            addresses: each as `host:port`.
            names: host names; the addresses of local endpoints are certified in any case.
        """
        self._gateway.ask("proxy_addresses", addresses=list(addresses), names=list(names))


def pin_lines(pins: Sequence[Pin], zero: float) -> list[str]:
    """Return what a timeline says about pinned sessions: a line for each reason.

    Args:
        pins: who was pinned.
        zero: the trigger, in monotonic seconds, from which times count.
    """
    lines = []
    for reason in dict.fromkeys(pin.reason for pin in pins):
        group = [pin for pin in pins if pin.reason == reason]
        statement = " ".join(group[0].statement.split())
        lines.append(
            f"pinned: {len(group)}x {reason}, first at {group[0].at - zero:.2f} s by session"
            f" {group[0].session}: {statement}"
        )
    return lines


def pin_document(pin: Pin) -> dict[str, Any]:
    """Return a pin as the result document has it."""
    return {"session": pin.session, "reason": pin.reason, "statement": pin.statement}
