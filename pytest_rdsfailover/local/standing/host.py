"""Keeps a cluster for other processes: starts it, writes it down, and sees when it has to end."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pytest_rdsfailover.aws.client import ApiPlace
from pytest_rdsfailover.local.aws_api.client import can_start
from pytest_rdsfailover.local.aws_api.door import Door
from pytest_rdsfailover.local.aws_api.script import encode_script
from pytest_rdsfailover.local.backend import LocalBackend
from pytest_rdsfailover.local.cluster import IDENTIFIER, LocalCluster
from pytest_rdsfailover.local.gateway.control_connection import SilentGatewayError
from pytest_rdsfailover.local.gateway.proxy.settings import ProxyChanges
from pytest_rdsfailover.local.listeners import Place
from pytest_rdsfailover.local.processes.identity import Identity, own_identity
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.local.standing.registry import Registry
from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.model.traffic import Traffic

if TYPE_CHECKING:  # needs the extra dns
    from pytest_rdsfailover.local.dns.responder import DnsPort

LOOK_EVERY = 0.2  # seconds
# Seconds for which the gateway may be silent, as when the machine or the process was stopped. Who works
# with the cluster is told; to end it would take their data along.
SILENT_FOR = 120.0
NO_MARK = "rdsfailover-idle"  # of no load: only the counts beside it are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends a standing cluster beside a signal.

    Attributes:
        parent: a process with which it ends; None for none.
        idle: after how many seconds without a statement (one that is under way counts), a connection
            and a failover; None for never.
    """

    parent: Identity | None = None
    idle: float | None = None


class ClusterHost:
    """A cluster that other processes know by its name; a context manager.

    Args:
        settings: what the cluster is, as for the fixtures.
        name: how users call it.
        proxy: how its RDS Proxy is set up, by the names of the marker `rds_proxy`.
        dns_port: where a name server answers for the names of a cluster that has such; 0 for any
            free port, None for no name server.
        files: paths of what is written for users while it stands.
        environ: where to find the cache directory.

    Attributes:
        cluster: the cluster.
        description: what is written down of it.

    Raises:
        SettingError: if what was asked for cannot be had, or a cluster of that name stands.
        NotReadyError: if a server does not start.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        *,
        proxy: ProxyChanges | None = None,
        dns_port: int | None = None,
        files: Sequence[Path] = (),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        registry = Registry(environ)
        with ExitStack() as stack:
            stack.enter_context(registry.claimed(name))
            port = None if dns_port is None else _dns_port(stack, dns_port or None)
            self.cluster = stack.enter_context(LocalBackend(settings)).cluster()
            self.cluster.proxy.begin(proxy or {})
            names, dns = self._named(stack, settings.aws_names, port)
            door = stack.enter_context(closing(Door(self.cluster.aws))) if can_start() else None
            place = None if door is None else door.place
            self.description = replace(
                describe(self.cluster, settings, name, place),
                names=names,
                dns=dns,
                files=tuple(map(str, files)),
                aurora=settings.aurora,
            )
            registry.write(self.description)
            self._stack = stack.pop_all()

    def _named(
        self, stack: ExitStack, region: str | None, port: "DnsPort | None"
    ) -> tuple[Mapping[str, str], Place | None]:
        """Give the endpoints names if a region is given; return these, and where they are answered."""
        if region is None:
            return {}, None
        names = stack.enter_context(self.cluster.aws_names(region))
        hosts = {name: names.host(name) for name in self.cluster.network.places}
        zone = self.cluster.zone()
        if port is None or zone is None:
            return hosts, None
        from pytest_rdsfailover.local.dns.responder import LOOPBACK, Responder

        stack.enter_context(closing(Responder(zone, port)))
        return hosts, Place(LOOPBACK, port.number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def wait(self, limits: Limits, look: Callable[[], None]) -> str:
        """Wait until something ends the cluster; return what, in words.

        Args:
            limits: what ends it.
            look: is called at every look, some times a second.

        Raises:
            RdsFailoverError: if a part of the cluster has ended, or a failover could not be played.
        """
        quiet_since = heard = time.monotonic()
        before = self._work()
        while limits.parent is None or limits.parent.lives:
            time.sleep(LOOK_EVERY)
            try:
                self.cluster.check()
                look()
                work = before if limits.idle is None else self._work()
                busy = limits.idle is not None and self.cluster.busy > 0
            except SilentGatewayError:
                if time.monotonic() - heard > SILENT_FOR:
                    raise
                continue
            heard = time.monotonic()
            if busy or work != before:
                quiet_since, before = heard, work
            if limits.idle is not None and heard - quiet_since >= limits.idle:
                return f"nothing was asked of it for {format_duration(limits.idle)}"
        return "its parent has ended"

    def _work(self) -> tuple[int, int]:
        """Return how much was asked of the cluster so far."""
        seen = Traffic.total(list(self.cluster.traffic(NO_MARK).values()))
        return seen.connections + seen.statements, len(self.cluster.failovers)


def _dns_port(stack: ExitStack, wanted: int | None) -> "DnsPort":
    """Bind a name server's port before anything is started; a stack gives it back."""
    from pytest_rdsfailover.local.dns.responder import DnsPort

    return stack.enter_context(closing(DnsPort(wanted)))


def describe(
    cluster: LocalCluster, settings: Settings, name: str, aws: ApiPlace | None
) -> Description:
    """Return what is written down of a cluster."""
    endpoint = cluster.writer_endpoint
    return Description(
        name=name,
        keeper=own_identity(),
        control=cluster.control,
        toxiproxy=cluster.network.client.url,
        prefix=cluster.network.prefix,
        places=cluster.network.places,
        user=endpoint.user,
        password=str(endpoint.password),
        database=endpoint.database,
        ca=cluster.ca,
        aws=aws,
        names={},
        dns=None,
        identifier=IDENTIFIER,
        usual=encode_script(load_profile(settings.profile), settings.seed),
        seed=settings.seed,
        parts=cluster.parts(),
        since=time.time(),
    )
