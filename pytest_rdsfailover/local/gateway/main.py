"""The gateway as a process: `python -m pytest_rdsfailover.local.gateway.main`.

The first line of its standard input is its configuration. It holds passwords, which are nowhere else:

    {"instances": 2,
     "server": {"unix_socket": "..."} or {"host": "...", "port": 3306},
     "admin": {"user": "...", "password": "..."},     may kill sessions and see all of them
     "control": "path of the control socket, in a directory of mode 0700",
     "read_only_error": 1290 or 1836,                 what readers answer to writes
     "restart": 5.0,                                  seconds, after ALTER SYSTEM CRASH
     "toxiproxy": {"url": "http://...", "prefix": "..."} or null}

When it listens it prints one line, {"ports": {"cluster": 12345, ...}}. It ends at the end of its
standard input, so that it cannot outlive who started it, and on SIGTERM.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pytest_rdsfailover.local.gateway.control import Control
from pytest_rdsfailover.local.gateway.crash import NAME, crash_steps
from pytest_rdsfailover.local.gateway.fence import Fence
from pytest_rdsfailover.local.gateway.network import NetworkSwitch, NoNetwork, Toxiproxy
from pytest_rdsfailover.local.gateway.player import Player
from pytest_rdsfailover.local.gateway.proxy.facts import ask
from pytest_rdsfailover.local.gateway.proxy.rds_proxy import AllSessions, RdsProxy
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.server import Gateway
from pytest_rdsfailover.local.gateway.sockets import Dial, Factory
from pytest_rdsfailover.local.gateway.tls import Authority
from pytest_rdsfailover.local.gateway.turns import Turns, event_loop
from pytest_rdsfailover.local.gateway.witness import Witness
from pytest_rdsfailover.local.processes.told import read_told
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.errors import GatewayError, RdsFailoverError
from pytest_rdsfailover.mysql import driver

ADMIN = Bounds(connect=2.0, read=5.0, write=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a gateway must know.

    Attributes:
        instances: how many instances the cluster has.
        control: path of its control socket.
        user: an administrator of the server.
        password: its password.
        unix_socket: path of the server's socket; None for a server behind TCP.
        host: the server's host.
        port: the server's port.
        read_only_error: what readers answer to writes, until a script says otherwise.
        restart: seconds for which an instance is down after a crash by SQL.
        toxiproxy: URL of Toxiproxy's API; None without one.
        prefix: what Toxiproxy's proxies are called, before the endpoint's name.
        secrets: who may log in to the proxy.
    """

    instances: int
    control: str
    user: str
    password: str = field(repr=False)
    unix_socket: str | None = None
    host: str = "127.0.0.1"
    port: int = 3306
    read_only_error: int = 1290
    restart: float = 5.0
    toxiproxy: str | None = None
    prefix: str = ""
    secrets: tuple[Secret, ...] = ()


def parse(text: str) -> Config:
    """Return the configuration that a text holds.

    Raises:
        GatewayError: if it is none.
    """
    try:
        document = json.loads(text)
        server, toxiproxy = document["server"], document.get("toxiproxy") or {}
        return Config(
            instances=int(document["instances"]),
            control=document["control"],
            user=document["admin"]["user"],
            password=document["admin"]["password"],
            unix_socket=server.get("unix_socket"),
            host=server.get("host", "127.0.0.1"),
            port=int(server.get("port", 3306)),
            read_only_error=int(document.get("read_only_error", 1290)),
            restart=float(document.get("restart", 5.0)),
            toxiproxy=toxiproxy.get("url"),
            prefix=toxiproxy.get("prefix", ""),
            secrets=tuple(Secret.parse(text) for text in document.get("secrets", ())),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Without the text, which may hold passwords.
        raise GatewayError(
            f"this is no configuration of a gateway: {type(error).__name__}"
        ) from None


def administrator(config: Config) -> Any:
    """Open a connection that may end other sessions."""
    endpoint = Endpoint(
        name="server", kind="instance", host=config.host, port=config.port,
        user=config.user, password=config.password, database="",
    )  # fmt: skip
    options = {"unix_socket": config.unix_socket} if config.unix_socket else {}
    return driver.connect(endpoint, bounds=ADMIN, **options)


def crash(player: Player, config: Config, instance: str) -> bool:
    """Let an instance crash and restart; return whether that can be now."""
    if player.playing:
        return False
    steps = crash_steps(instance, config.restart)
    player.play(steps, config.read_only_error, NAME)
    return True


def make_proxy(
    config: Config, router: Router, authority: Authority, dial: Dial, turns: Turns, witness: Witness
) -> RdsProxy:
    """Return the cluster's RDS Proxy, which is still to listen."""
    connection = administrator(config)
    try:
        facts = ask(connection)
    finally:
        connection.close()
    secure = config.unix_socket is not None
    return RdsProxy(
        router,
        facts,
        authority,
        dial,
        turns.at_end,
        secrets=config.secrets,
        witness=witness,
        secure=secure,
    )


async def serve(config: Config, turns: Turns) -> None:
    """Run a gateway for ever; say on standard output where it listens."""
    loop = asyncio.get_running_loop()

    async def dial(factory: Factory) -> tuple[asyncio.BaseTransport, Any]:
        if config.unix_socket:
            return await loop.create_unix_connection(factory, config.unix_socket)
        return await loop.create_connection(factory, config.host, config.port)

    router = Router(config.instances)
    for instance in router.instances.values():
        instance.read_only_error = config.read_only_error
    authority = Authority(Path(config.control).parent)
    witness = Witness()
    gateway = Gateway(router, dial, witness, authority.context)
    fence = Fence(lambda: administrator(config))
    network: NetworkSwitch = NoNetwork()
    if config.toxiproxy:
        network = Toxiproxy(config.toxiproxy, config.prefix, router.endpoints)
    proxy = make_proxy(config, router, authority, dial, turns, witness)
    player = Player(router, AllSessions(gateway, proxy), fence, network, proxy)
    gateway.crash = partial(crash, player, config)
    await player.ready()
    await gateway.listen()
    gateway.ports |= await proxy.listen()
    await Control(gateway, player, proxy).listen(config.control)
    print(json.dumps({"ports": gateway.ports}), flush=True)  # noqa: T201 - who started us waits for it
    await asyncio.Event().wait()


def leave(control: str) -> None:
    """End the process at once; the clients' connections end with it."""
    with suppress(OSError):
        Path(control).unlink()
    os._exit(0)


def watch(control: str) -> None:
    """End the process at the end of its standard input."""
    while os.read(0, 4096):
        pass
    leave(control)


def main() -> int:
    """Run the gateway that standard input describes; return a status for the shell."""
    try:
        config = parse(read_told())
        signal.signal(signal.SIGTERM, lambda *_: leave(config.control))
        threading.Thread(target=watch, args=(config.control,), daemon=True).start()
        turns = Turns()
        with asyncio.Runner(loop_factory=partial(event_loop, turns)) as runner:
            runner.run(serve(config, turns))
    except RdsFailoverError as error:
        print(error, file=sys.stderr)  # noqa: T201 - its log
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
