"""The gateway as a process: `python -m pytest_rdsfailover.local.gateway.main`.

The first line of its standard input is what `config.encode` makes of a `Config`.

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
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pytest_rdsfailover.local.gateway.all_sessions import AllSessions
from pytest_rdsfailover.local.gateway.blue_green import Deployments, TopologyTable
from pytest_rdsfailover.local.gateway.config import Config, decode
from pytest_rdsfailover.local.gateway.control import Control
from pytest_rdsfailover.local.gateway.crash import NAME, crash_steps
from pytest_rdsfailover.local.gateway.fence import Fence
from pytest_rdsfailover.local.gateway.fencing import Fencing
from pytest_rdsfailover.local.gateway.lag.replica_lag import ReplicaLag
from pytest_rdsfailover.local.gateway.messages import Listening
from pytest_rdsfailover.local.gateway.network import NetworkSwitch, NoNetwork, Toxiproxy
from pytest_rdsfailover.local.gateway.player import Player
from pytest_rdsfailover.local.gateway.proxy.facts import ServerFacts, ask, columns_of_users, like
from pytest_rdsfailover.local.gateway.proxy.rds_proxy import RdsProxy
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.server import Gateway
from pytest_rdsfailover.local.gateway.sockets import Dial, Factory
from pytest_rdsfailover.local.gateway.tls import Authority
from pytest_rdsfailover.local.gateway.turns import Turns, event_loop
from pytest_rdsfailover.local.gateway.witness import TrafficCounter
from pytest_rdsfailover.local.processes.told import read_told
from pytest_rdsfailover.model.aurora_versions import aurora_version
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.errors import RdsFailoverError
from pytest_rdsfailover.mysql import driver

ADMIN = Bounds(connect=2.0, read=5.0, write=5.0)


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


def learn(config: Config, router: Router) -> ServerFacts:
    """Ask the server what its sessions must know of it."""
    connection = administrator(config)
    try:
        router.volume.accounts.columns = columns_of_users(connection)
        return like(ask(connection), router.volume.aurora)
    finally:
        connection.close()


def make_proxy(
    config: Config,
    router: Router,
    facts: ServerFacts,
    authority: Authority,
    dial: Dial,
    turns: Turns,
    witness: TrafficCounter,
) -> RdsProxy:
    """Return the cluster's RDS Proxy, which is still to listen."""
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
    witness = TrafficCounter()
    gateway = Gateway(router, dial, witness, authority.context)
    fence = Fence(lambda: administrator(config))
    network: NetworkSwitch = NoNetwork()
    if config.toxiproxy:
        network = Toxiproxy(config.toxiproxy, config.prefix, router.endpoints)
    router.volume.aurora = aurora_version(config.aurora)
    router.volume.accounts.secure = config.unix_socket is not None
    facts = learn(config, router)
    proxy = make_proxy(config, router, facts, authority, dial, turns, witness)
    gateway.variables = facts.names
    sessions = AllSessions(gateway, proxy)
    player = Player(
        router, sessions, Fencing(fence), network, proxy, usual_error=config.read_only_error
    )
    reader = config.secrets[0].username if config.secrets else config.user
    table = TopologyTable(partial(administrator, config), reader)
    blue_green = Deployments(gateway, player, sessions, table)
    gateway.crash = partial(crash, player, config)
    await player.ready()
    await gateway.listen()
    gateway.ports |= await proxy.listen()
    lag = ReplicaLag(
        dial,
        lambda: proxy.directory.secrets,
        facts.names,
        secure=config.unix_socket is not None,
    )
    await Control(gateway, player, proxy, lag, blue_green).listen(config.control)
    print(json.dumps(asdict(Listening(ports=gateway.ports))), flush=True)  # noqa: T201 - who started us waits for it
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
        config = decode(read_told())
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
