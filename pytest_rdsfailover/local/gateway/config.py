"""What a gateway is told at its start, as a record and as a line of JSON."""

import json
from dataclasses import asdict, dataclass, field

from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.model.aurora_versions import USUAL_AURORA
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.typed import typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a gateway must know.

    Attributes:
        instances: how many instances the cluster has.
        control: path of its control socket, in a directory of mode 0700.
        aurora: the version of Aurora MySQL that it is like.
        user: an administrator of the server, who may see all sessions and end them.
        password: its password.
        unix_socket: path of the server's socket; None for a server behind TCP.
        host: the server's host.
        port: the server's port.
        read_only_error: what readers answer to writes, 1290 or 1836, until a script says otherwise.
        restart: seconds for which an instance is down after ALTER SYSTEM CRASH.
        toxiproxy: URL of Toxiproxy's API; None without one.
        prefix: what Toxiproxy's proxies are called, before the endpoint's name.
        secrets: who may log in to the proxy.
    """

    instances: int
    control: str
    user: str
    password: str = field(repr=False)
    aurora: str = USUAL_AURORA.name
    unix_socket: str | None = None
    host: str = "127.0.0.1"
    port: int = 3306
    read_only_error: int = 1290
    restart: float = 5.0
    toxiproxy: str | None = None
    prefix: str = ""
    secrets: tuple[Secret, ...] = ()


def encode(config: Config) -> str:
    """Return a configuration as one line of JSON; it holds passwords."""
    return json.dumps(asdict(config))


def decode(text: str) -> Config:
    """Return the configuration that `encode` made a text of.

    Raises:
        GatewayError: if the text is none; it is not repeated, because it may hold passwords.
    """
    try:
        return typed(Config, json.loads(text))
    except ValueError as error:
        raise GatewayError(
            f"this is no configuration of a gateway: {type(error).__name__}"
        ) from None
