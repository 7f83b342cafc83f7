"""The proxy's part of the control socket."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from pytest_rdsfailover.local.gateway.proxy.rds_proxy import RdsProxy
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.model.errors import GatewayError, SettingError

Answer = dict[str, Any]


class ProxyControl:
    """What the test process can ask of the proxy."""

    def __init__(self, proxy: RdsProxy) -> None:
        self._proxy = proxy
        self.commands: dict[str, Callable[[Answer], Answer]] = {
            "proxy": lambda request: proxy.describe(str(request["endpoint"])),
            "proxy_configure": self._configure,
            "proxy_forget": self._forget,
            "proxy_secret": self._secret,
            "proxy_addresses": self._addresses,
        }

    def _configure(self, request: Answer) -> Answer:
        try:
            settings = ProxySettings.of(request["settings"])
        except SettingError as error:
            raise GatewayError(str(error)) from error
        self._proxy.configure(settings)
        return {"settings": asdict(settings)}

    def _forget(self, _: Answer) -> Answer:
        self._proxy.forget()
        return {}

    def _secret(self, request: Answer) -> Answer:
        self._proxy.directory.add(Secret.parse(request["secret"]))
        return {}

    def _addresses(self, request: Answer) -> Answer:
        self._proxy.directory.addresses = frozenset(map(str, request["addresses"]))
        self._proxy.certify([str(name) for name in request.get("names", ())])
        return {}
