"""The commands that say how a standing cluster is."""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from pytest_rdsfailover.cli.acting import YES, shown_toxics, visited
from pytest_rdsfailover.cli.output import say
from pytest_rdsfailover.local.gateway.proxy.stats import Pin, ProxyStats
from pytest_rdsfailover.local.gateway.views import InstanceView
from pytest_rdsfailover.local.rds_proxy import READ_ONLY, READ_WRITE
from pytest_rdsfailover.local.standing.toxics import StandingToxics
from pytest_rdsfailover.local.standing.visitor import VisitedCluster
from pytest_rdsfailover.model.durations import format_duration


def status(options: argparse.Namespace) -> int:
    """Print how a cluster is now."""
    with visited(options.name) as cluster:
        found = _status(cluster)
        shown = (
            json.dumps(asdict(found)) if options.json else "\n".join(_status_lines(cluster, found))
        )
    say(shown)
    return YES


def pins(options: argparse.Namespace) -> int:
    """Print which sessions RDS Proxy has pinned, and why."""
    with visited(options.name) as cluster:
        found = _pins(cluster)
    if not found and not options.json:
        say("no session is pinned")
    for pin in found:
        if options.json:
            say(json.dumps(asdict(pin)))
        else:
            where = f"{pin.endpoint} session {pin.session} ({pin.user})"
            say(f"{where}: {pin.reason}: {' '.join(pin.statement.split())}")
    return YES


def _pins(cluster: VisitedCluster) -> list[Pin]:
    endpoints = (READ_WRITE, READ_ONLY)
    found = [pin for endpoint in endpoints for pin in cluster.gateway.proxy(endpoint).pins]
    return sorted(found, key=lambda pin: pin.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """The network in front of an endpoint: whether it takes connections, and toxics by their names."""

    listens: bool
    toxics: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """All that can be said of a cluster now, without secrets; as `--json` says it."""

    name: str
    pid: int
    up_s: float
    profile: str
    writer: str
    dns: str
    failing_over: bool
    failovers: int
    failures: Sequence[str]
    instances: Sequence[InstanceView]
    proxy: Mapping[str, ProxyStats]
    toxics: Mapping[str, EndpointView]


def _status(cluster: VisitedCluster) -> StatusView:
    """Return all that can be said of a cluster."""
    view, description = cluster.gateway.describe(), cluster.description
    toxics = StandingToxics(cluster)
    return StatusView(
        name=description.name,
        pid=description.keeper.pid,
        up_s=round(time.time() - description.since, 1),
        profile=description.profile,
        writer=view.writer,
        dns=view.dns,
        failing_over=view.playing,
        failovers=len(cluster.failovers),
        failures=view.failures,
        instances=view.instances,
        proxy={name: cluster.gateway.proxy(name).stats for name in (READ_WRITE, READ_ONLY)},
        toxics={
            called: EndpointView(listens=toxics.listens(called), toxics=toxics.on(called))
            for called in description.called
        },
    )


def _status_lines(cluster: VisitedCluster, status: StatusView) -> Iterator[str]:
    description, toxics = cluster.description, StandingToxics(cluster)
    age, server = format_duration(status.up_s), description.parts["server"]
    yield (f"{status.name}: up for {age}, process {status.pid}, profile {status.profile}, {server}")
    for instance in status.instances:
        led = "  <- the cluster endpoint leads here" if instance.id == status.dns else ""
        yield (
            f"{instance.id}  {instance.role}  {instance.state}  {instance.sessions} connections"
            f"  {description.places[instance.id]}{led}"
        )
    for name, stats in status.proxy.items():
        yield (
            f"{name}  {stats.client_connections} clients over {stats.database_connections}"
            f" connections, {stats.pinned} pinned, {stats.waiting} waiting"
        )
    yield from (
        shown_toxics(toxics, called)
        for called, endpoint in status.toxics.items()
        if endpoint.toxics or not endpoint.listens
    )
    running = ", one is on its way" if status.failing_over else ""
    yield f"failovers: {status.failovers}{running}"
