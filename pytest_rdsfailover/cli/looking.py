"""The commands that say how a standing cluster is."""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pytest_rdsfailover.cli.acting import YES, shown_toxics, visited
from pytest_rdsfailover.cli.output import say
from pytest_rdsfailover.local.gateway.proxy.stats import Pin
from pytest_rdsfailover.local.rds_proxy import READ_ONLY, READ_WRITE
from pytest_rdsfailover.local.standing.toxics import StandingToxics
from pytest_rdsfailover.local.standing.visitor import VisitedCluster
from pytest_rdsfailover.model.durations import format_duration


def status(options: argparse.Namespace) -> int:
    """Print how a cluster is now."""
    with visited(options.name) as cluster:
        found = _status(cluster)
        shown = json.dumps(found) if options.json else "\n".join(_status_lines(cluster, found))
    say(shown)
    return YES


def pins(options: argparse.Namespace) -> int:
    """Print which sessions RDS Proxy has pinned, and why."""
    with visited(options.name) as cluster:
        found = _pins(cluster)
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


def _status(cluster: VisitedCluster) -> dict[str, Any]:
    """Return all that can be said of a cluster, as plain data without secrets."""
    view, description = cluster.gateway.describe(), cluster.description
    toxics = StandingToxics(cluster)
    return {
        "name": description.name,
        "pid": description.keeper.pid,
        "up_s": round(time.time() - description.since, 1),
        "profile": description.profile,
        "writer": view.writer,
        "dns": view.dns,
        "failing_over": view.playing,
        "failovers": len(cluster.failovers),
        "failures": list(view.failures),
        "instances": [asdict(instance) for instance in view.instances],
        "proxy": {
            name: asdict(cluster.gateway.proxy(name).stats) for name in (READ_WRITE, READ_ONLY)
        },
        "toxics": {
            called: {"listens": toxics.listens(called), "toxics": dict(toxics.on(called))}
            for called in description.called
        },
    }


def _status_lines(cluster: VisitedCluster, found: dict[str, Any]) -> Iterator[str]:
    description, toxics = cluster.description, StandingToxics(cluster)
    age, server = format_duration(found["up_s"]), description.parts["server"]
    yield f"{found['name']}: up for {age}, process {found['pid']}, profile {found['profile']}, {server}"
    for instance in found["instances"]:
        name = instance["id"]
        led = "  <- the cluster endpoint leads here" if name == found["dns"] else ""
        yield (
            f"{name}  {instance['role']}  {instance['state']}  {instance['sessions']} connections"
            f"  {description.places[name]}{led}"
        )
    for name, stats in found["proxy"].items():
        yield (
            f"{name}  {stats['client_connections']} clients over {stats['database_connections']}"
            f" connections, {stats['pinned']} pinned, {stats['waiting']} waiting"
        )
    yield from (
        shown_toxics(toxics, called)
        for called, state in found["toxics"].items()
        if state["toxics"] or not state["listens"]
    )
    running = ", one is on its way" if found["failing_over"] else ""
    yield f"failovers: {found['failovers']}{running}"
