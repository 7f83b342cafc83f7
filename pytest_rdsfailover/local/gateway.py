"""The gateway of a local cluster: how its process is started, and what it is told."""

import json
import sys

from pytest_rdsfailover.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.network import Network
from pytest_rdsfailover.local.process import Process, Supervisor
from pytest_rdsfailover.local.server import Server


def control_socket(supervisor: Supervisor) -> str:
    """Return the path of the socket by which a cluster's gateway is commanded."""
    return str(supervisor.directory / "gateway.sock")


def secret_of(server: Server) -> Secret:
    """Return the secret by which RDS Proxy knows its user."""
    account = server.application
    return Secret(username=account.user, password=account.password, dbname=account.database)


def spawn_gateway(
    supervisor: Supervisor,
    server: Server,
    network: Network,
    *,
    instances: int,
    read_only_error: int,
    restart: float,
) -> Process:
    """Start the gateway; what it may not tell others is in a file that only we can read.

    Args:
        supervisor: ends it with the cluster.
        server: the real server behind it.
        network: what stands before it.
        instances: how many instances it simulates.
        read_only_error: what a reader answers to a write, 1290 or 1836.
        restart: for how many seconds an instance is down after it crashed.
    """
    address, admin = server.address, server.admin
    config = supervisor.directory / "gateway.json"
    config.touch(mode=0o600)
    config.write_text(
        json.dumps(
            {
                "server": {
                    "unix_socket": address.socket,
                    "host": address.host,
                    "port": address.port,
                },
                "admin": {"user": admin.user, "password": admin.password},
                "instances": instances,
                "read_only_error": read_only_error,
                "restart": restart,
                "control": control_socket(supervisor),
                "secrets": [secret_of(server).text()],
                "toxiproxy": {"url": network.client.url, "prefix": network.prefix},
            }
        )
    )
    argv = [sys.executable, "-m", "pytest_rdsfailover.gateway.process", str(config)]
    return supervisor.spawn("gateway", argv)
