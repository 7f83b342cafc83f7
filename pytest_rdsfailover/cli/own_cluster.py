"""A cluster that a command keeps for its own time, as it was typed, and how other processes find it."""

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pytest_rdsfailover.cli.cluster_options import check_endpoint, dns_port_of, proxy_of
from pytest_rdsfailover.local.gateway.proxy.settings import ProxyChanges
from pytest_rdsfailover.local.standing.cluster_file import ClusterFile
from pytest_rdsfailover.local.standing.host import ClusterHost
from pytest_rdsfailover.local.standing.registry import check_name
from pytest_rdsfailover.local.standing.variables import lines
from pytest_rdsfailover.model.errors import FileWriteError, GatewayError
from pytest_rdsfailover.model.settings import Settings

LOOK_EVERY = 0.2  # seconds between two looks where the names lead
HOSTS = "--hosts-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCluster:
    """What a command's own cluster is to be.

    Attributes:
        settings: what it is, as for the fixtures.
        name: how other commands call it.
        proxy: how its RDS Proxy is set up.
        dns_port: where a name server answers for its names; 0 for any free port, None for none.
        hosts: the file that says where its names lead; None for no such file.
        env: the file with the variables that lead programs to it; None for no such file.
    """

    settings: Settings
    name: str
    proxy: ProxyChanges
    dns_port: int | None
    hosts: ClusterFile | None
    env: ClusterFile | None

    @classmethod
    def of(cls, options: argparse.Namespace, name: str, settings: Settings) -> Self:
        """Return what was asked for; nothing is started yet.

        Raises:
            SettingError: if it makes no sense.
        """
        check_endpoint(options.endpoint, settings)
        if getattr(options, "env_file", None) is not None and settings.login is not None:
            lines({"DB_PASSWORD": settings.login.password}, options.env_format)
        return cls(
            settings=settings,
            name=check_name(name),
            proxy=proxy_of(options),
            dns_port=dns_port_of(options, settings),
            hosts=_file(options, "hosts_file"),
            env=_file(options, "env_file"),
        )

    @contextmanager
    def started(self) -> Iterator[ClusterHost]:
        """Give the cluster for the block.

        Raises:
            SettingError: if it cannot be had, or one of that name stands.
            NotReadyError: if a server does not start.
        """
        with ClusterHost(
            self.settings,
            self.name,
            proxy=self.proxy,
            dns_port=self.dns_port,
            files=[file.path for file in (self.hosts, self.env) if file is not None],
        ) as host:
            if self.hosts is None:
                yield host
                return
            with self.hosts, following(self.hosts, host):
                yield host


def _file(options: argparse.Namespace, name: str) -> ClusterFile | None:
    """Return the file that an option names; None if it names none, or the command has no such option."""
    path = getattr(options, name, None)
    return None if path is None else ClusterFile(Path(path), f"--{name.replace('_', '-')}")


@contextmanager
def following(hosts: ClusterFile, host: ClusterHost) -> Iterator[None]:
    """Keep a hosts file that says where a cluster's names lead, for the block."""
    over = threading.Event()
    zone = host.cluster.zone()
    assert zone is not None  # noqa: S101 - for the type checker: without names there is no such file

    def follow() -> None:
        try:
            while not over.wait(LOOK_EVERY):
                hosts.write(zone.hosts_file())
        except FileWriteError as error:
            print(f"rdsfailover: {HOSTS}: {error}; it is kept no more", file=sys.stderr)  # noqa: T201
        except GatewayError:
            pass  # whoever keeps the cluster sees that it has broken, and says so

    hosts.write(zone.hosts_file())
    thread = threading.Thread(target=follow, name="rds-hosts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
