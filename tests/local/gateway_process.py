"""A real gateway process over a real server, for the gateway's tests."""

import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pymysql
from forked_gateway import ForkedGateway
from plain_server import PASSWORD, PlainServer

from pytest_rdsfailover.local.gateway.client import GatewayClient, connect
from pytest_rdsfailover.local.gateway.config import Config, encode
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.local.gateway.script import Step


class RunningGateway:
    def __init__(self, server: PlainServer, ports: dict, control: GatewayClient, process):
        self.server, self.ports, self.control, self.process = server, ports, control, process

    def connect(self, endpoint="cluster", **options):
        defaults = {
            "host": "127.0.0.1", "port": self.ports[endpoint], "user": "app",
            "password": PASSWORD, "database": "app", "autocommit": True,
            "connect_timeout": 10, "read_timeout": 30, "write_timeout": 30, "ssl_disabled": True,
        }  # fmt: skip
        return pymysql.connect(**{**defaults, **options})

    @property
    def memory(self):
        """What the process keeps in memory, in kB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    def proxy(self, endpoint="proxy"):
        return self.control.proxy(endpoint)

    def configure_proxy(self, **settings):
        self.control.configure_proxy(ProxySettings.of(settings))

    def play(self, *steps: Step, read_only_error=1290, wait=True, within=60.0):
        started = self.control.play(steps, read_only_error)
        deadline = time.monotonic() + within
        while wait and self.control.describe().playing:
            assert time.monotonic() < deadline, "the script did not end"
            time.sleep(0.005)
        return started

    def roles(self) -> tuple[str, str]:
        """Return the writer and the reader of a cluster of two."""
        writer = self.control.describe().writer
        return writer, "instance-2" if writer == "instance-1" else "instance-1"

    def fail_over(self, writer: str, target: str, **options):
        return self.play(
            Step(at=0, action="cut", instance=writer, how="reset"),
            Step(at=0, action="cut", instance=target, how="reset"),
            Step(at=0.01, action="promote", instance=target),
            Step(at=0.01, action="back", instance=writer),
            Step(at=0.02, action="point", instance=target),
            **options,
        )


@contextmanager
def gateway(
    server: PlainServer, *, instances=2, toxiproxy=None, plant="", aurora="3.10"
) -> Iterator[RunningGateway]:
    with tempfile.TemporaryDirectory(prefix="rdsgw-") as directory:
        control = str(Path(directory, "control"))
        config = Config(
            instances=instances, control=control, aurora=aurora, user="root_", password=PASSWORD,
            unix_socket=server.socket, secrets=(Secret(username="app", password=PASSWORD),),
            **toxiproxy or {},
        )  # fmt: skip
        with closing(ForkedGateway(plant)) as process:
            ports = json.loads(process.tell(encode(config)))["ports"]
            with connect(control) as client:
                running = RunningGateway(server, ports, client, process)
                running.ca = str(Path(directory, "ca.pem"))
                yield running
                failures = client.describe().failures
                assert not failures, failures


def rows(connection, sql, *arguments):
    """Return the rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return cursor.fetchall()


def value(connection, sql, *arguments):
    """Return the one value of one statement."""
    return rows(connection, sql, *arguments)[0][0]
