"""The proxy's part of the control socket."""

from collections.abc import Callable

from pytest_rdsfailover.local.gateway.messages import (
    COMMAND,
    AddSecret,
    AskEndpoint,
    Done,
    KnownAs,
    Message,
    ProxyState,
    Secrets,
)
from pytest_rdsfailover.local.gateway.proxy.rds_proxy import RdsProxy
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.model.errors import GatewayError, SettingError
from pytest_rdsfailover.model.typed import typed


class ProxyControl:
    """What the test process can ask of the proxy."""

    def __init__(self, proxy: RdsProxy) -> None:
        self._proxy = proxy
        self.commands: dict[str, Callable[[Message], Done | ProxyState | Secrets]] = {
            "proxy": self._state,
            "proxy_configure": self._configure,
            "proxy_forget": self._forget,
            "proxy_secret": self._add_secret,
            "proxy_secrets": self._secrets,
            "proxy_known_as": self._know_as,
        }

    def _state(self, message: Message) -> ProxyState:
        name = typed(AskEndpoint, message).endpoint
        pins = tuple(self._proxy.endpoints[name].pins)  # asdict would make an empty one of theirs
        return ProxyState(stats=self._proxy.stats(name), pins=pins)

    def _configure(self, message: Message) -> Done:
        try:
            settings = ProxySettings.of(
                {name: value for name, value in message.items() if name != COMMAND}
            )
        except SettingError as error:
            raise GatewayError(str(error)) from error
        self._proxy.configure(settings)
        return Done()

    def _forget(self, _: Message) -> Done:
        self._proxy.forget()
        return Done()

    def _add_secret(self, message: Message) -> Done:
        self._proxy.directory.add(Secret.parse(typed(AddSecret, message).secret))
        return Done()

    def _secrets(self, _: Message) -> Secrets:
        return Secrets(
            texts={secret.username: secret.text() for secret in self._proxy.directory.secrets}
        )

    def _know_as(self, message: Message) -> Done:
        known = typed(KnownAs, message)
        self._proxy.directory.addresses = frozenset(known.addresses)
        self._proxy.certify(known.names)
        return Done()
