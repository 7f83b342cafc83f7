"""The gateway of a local cluster: its process, what it is told, and the connection to it."""

import json
import sys

from pytest_rdsfailover.local.gateway.client import connect
from pytest_rdsfailover.local.gateway.config import Config, encode
from pytest_rdsfailover.local.gateway.messages import Listening
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.network import Network
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.server.server import Server
from pytest_rdsfailover.model.errors import GatewayError, log_tail
from pytest_rdsfailover.model.typed import typed

PROGRAM = (sys.executable, "-m", "pytest_rdsfailover.local.gateway.main")
READY_WITHIN = 10.0  # seconds


def secret_of(server: Server) -> Secret:
    """Return the secret by which RDS Proxy knows its user."""
    account = server.application
    return Secret(username=account.user, password=account.password, dbname=account.database)


class LocalGateway:
    """A running gateway.

    Args:
        supervisor: starts the gateway, and ends it with the cluster.
        server: the real server behind it.
        network: the network in front of it.
        instances: how many instances it simulates.
        aurora: the version of Aurora MySQL that it plays.
        read_only_error: what a reader answers to a write, 1290 or 1836.
        restart: for how many seconds an instance is down after it crashed.

    Attributes:
        process: the running program, to freeze, thaw or kill.
        control: path of the socket that takes commands.
        ports: where each endpoint listens on 127.0.0.1.
        client: sends commands to the gateway.

    Raises:
        NotReadyError: if the gateway does not serve in time, or ends; with the end of its log.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        server: Server,
        network: Network,
        *,
        instances: int,
        aurora: str,
        read_only_error: int,
        restart: float,
    ) -> None:
        self.control = str(supervisor.directory / "gateway.sock")
        address, admin = server.address, server.admin
        config = Config(
            instances=instances,
            aurora=aurora,
            control=self.control,
            user=admin.user,
            password=admin.password,
            unix_socket=address.socket,
            host=address.host,
            port=address.port,
            read_only_error=read_only_error,
            restart=restart,
            toxiproxy=network.client.url,
            prefix=network.prefix,
            secrets=(secret_of(server),),
        )
        self.process = supervisor.spawn("gateway", PROGRAM, told=encode(config))
        line = self.process.wait_line(READY_WITHIN)
        self.ports = typed(Listening, json.loads(line), "what the gateway says first").ports
        self.client = connect(self.control)

    def close(self) -> None:
        """Close the connection; the process ends with its supervisor."""
        self.client.close()

    def check(self) -> None:
        """Raise DiedError if the gateway has ended, StoppedError if it is stopped.

        GatewayError if a step of a failover failed.
        """
        self.process.check_moves()
        failures = self.client.describe().failures
        if failures:
            raise GatewayError(
                f"the gateway could not play all steps of a failover: {'; '.join(failures)}"
                + log_tail(self.process.log_tail())
            )
