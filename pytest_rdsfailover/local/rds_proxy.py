"""The RDS Proxy of a local cluster, as a test sees it: figures, pins, settings, secrets."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.proxy.settings import ProxyChanges, ProxySettings
from pytest_rdsfailover.local.gateway.proxy.stats import Pin, ProxyStats
from pytest_rdsfailover.model.durations import format_moment
from pytest_rdsfailover.model.records import PinDocument

READ_WRITE, READ_ONLY = "proxy", "proxy-reader"


class LocalProxy:
    """Watches and sets up the proxy of a local cluster."""

    def __init__(self, gateway: GatewayClient) -> None:
        self._gateway = gateway
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
        return self._gateway.proxy(endpoint).stats

    @property
    def pins(self) -> list[Pin]:
        """Return every session that was pinned since the test began, in order of time."""
        endpoints = (READ_WRITE, READ_ONLY)
        pins = [pin for endpoint in endpoints for pin in self._gateway.proxy(endpoint).pins]
        return sorted(pins, key=lambda pin: pin.at)

    @property
    def settings(self) -> ProxySettings:
        """Return how the proxy is set up now."""
        return self._settings

    def modify(self, **changes: Any) -> None:
        """Change some settings, as `modify_db_proxy` and `modify_db_proxy_target_group` would.

        Raises:
            SettingError: if a name is unknown or a value impossible.
        """
        self._configure(self._settings.but(changes))

    def begin(self, options: ProxyChanges) -> None:
        """Set the proxy up for a test, and count anew.

        Raises:
            SettingError: if a name is unknown or a value impossible.
        """
        self._configure(ProxySettings.of(options))
        self._gateway.forget_proxy()

    def _configure(self, settings: ProxySettings) -> None:
        self._gateway.configure_proxy(settings)
        self._settings = settings

    @property
    def secrets(self) -> Mapping[str, str]:
        """Return the SecretString of each user, as Secrets Manager keeps it, by user name."""
        return self._gateway.secrets()

    def password(self, user: str) -> str:
        """Return the password that a user has now."""
        return Secret.parse(self.secrets[user]).password

    def add_secret(self, text: str) -> None:
        """Let another user in, by a SecretString with `username` and `password`.

        The database must have that user, with that password, as well.

        Raises:
            GatewayError: if the text is no secret.
        """
        self._gateway.add_secret(text)

    def known_as(self, addresses: Sequence[str], names: Sequence[str] = ()) -> None:
        """Let the proxy accept IAM tokens for these addresses only, and certify these names.

        Args:
            addresses: each as `host:port`.
            names: host names; the addresses of local endpoints are certified in any case.
        """
        self._gateway.know_proxy_as(addresses, names)


def pin_lines(pins: Sequence[Pin], zero: float) -> list[str]:
    """Return what a timeline says about pinned sessions: a line for each reason.

    Args:
        pins: the sessions that were pinned.
        zero: the trigger, in monotonic seconds, from which times count.
    """
    lines = []
    for reason in dict.fromkeys(pin.reason for pin in pins):
        group = [pin for pin in pins if pin.reason == reason]
        statement = " ".join(group[0].statement.split())
        lines.append(
            f"pinned: {len(group)}x {reason}, first at {format_moment(group[0].at - zero)}"
            f" by session {group[0].session}: {statement}"
        )
    return lines


def pin_document(pin: Pin) -> PinDocument:
    """Return a pin in the form of the result document."""
    return {"session": pin.session, "reason": pin.reason, "statement": pin.statement}
