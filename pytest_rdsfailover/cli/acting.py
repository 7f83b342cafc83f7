"""The commands that act on a standing cluster."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from pytest_rdsfailover.cli.clusters import clusters
from pytest_rdsfailover.cli.output import say
from pytest_rdsfailover.local.processes.identity import Identity
from pytest_rdsfailover.local.standing.happenings import Happenings
from pytest_rdsfailover.local.standing.toxics import (
    STREAMS,
    StandingToxics,
    WantedToxic,
    parse_toxic,
)
from pytest_rdsfailover.local.standing.variables import changes, lines
from pytest_rdsfailover.local.standing.visitor import VisitedCluster
from pytest_rdsfailover.model.clock import MonotonicClock, wait_until
from pytest_rdsfailover.model.errors import GatewayError, NotReadyError, SettingError

YES = 0
GONE_WITHIN = 60.0  # seconds for a cluster's end
LOOK_EVERY = 0.05  # seconds between two looks at what happens
DOWN, UP, OFF = "down", "up", "off"


@contextmanager
def visited(name: str) -> Iterator[VisitedCluster]:
    """Give the standing cluster of a name for the block.

    Raises:
        SettingError: if there is none.
    """
    with VisitedCluster(clusters().find(name)) as cluster:
        yield cluster


def env(options: argparse.Namespace) -> int:
    """Print the variables that lead programs to a cluster."""
    told = changes(clusters().find(options.name), options.endpoint, os.environ)
    say("\n".join(lines(told, options.format)))
    return YES


def failover(options: argparse.Namespace) -> int:
    """Trigger a failover; tell its milestones as they happen, until nothing of it is left to do."""
    with visited(options.name) as cluster:
        before = len(cluster.failovers)
        seed = cluster.description.seed + before if options.seed is None else options.seed
        started = cluster.fail_over(options.target, options.profile, seed)
        happenings = Happenings(cluster.gateway, skip=before)
        if options.no_wait:
            _tell(happenings, as_json=options.json)
            return YES
        _follow(cluster, happenings, started.settled, as_json=options.json)
        cluster.rest()
    return YES


def events(options: argparse.Namespace) -> int:
    """Tell what has happened so far; with `--follow` what happens from then on, too."""
    with visited(options.name) as cluster:
        happenings = Happenings(cluster.gateway)
        if options.follow:
            _follow(cluster, happenings, lambda: False, as_json=options.json)
            return YES
        if not cluster.failovers and not options.json:
            say("no failover so far")
        _tell(happenings, as_json=options.json)
    return YES


def _follow(
    cluster: VisitedCluster, happenings: Happenings, over: Callable[[], bool], *, as_json: bool
) -> None:
    """Tell what happens until something is over, the cluster ends, or nobody reads it."""
    keeper = cluster.description.keeper
    while keeper.lives:
        try:
            last = over()  # asked first, so that nothing that comes before it is missed
            read = _tell(happenings, as_json=as_json)
        except GatewayError:  # the gateway ends a moment before its keeper
            if wait_until(lambda: not keeper.lives, timeout=GONE_WITHIN, clock=MonotonicClock()):
                return
            raise
        if last or not read:
            return
        time.sleep(LOOK_EVERY)


def _tell(happenings: Happenings, *, as_json: bool) -> bool:
    """Tell what is new; return whether somebody may read more."""
    return all(
        say(json.dumps(asdict(happening)) if as_json else str(happening))
        for happening in happenings.new()
    )


def toxic(options: argparse.Namespace) -> int:
    """Put a toxic on an endpoint, take toxics away, or let the endpoint refuse connections."""
    words = options.toxic
    with visited(options.name) as cluster:
        toxics = StandingToxics(cluster)
        cluster.description.inside(options.endpoint)
        if words[-1:] == [OFF]:
            kinds = {parse_toxic([word]).kind for word in words[:-1]}
            toxics.remove(
                options.endpoint,
                {WantedToxic(kind=k, stream=s).name for k in kinds for s in STREAMS} or None,
            )
        elif words in ([DOWN], [UP]):
            toxics.let_listen(options.endpoint, enabled=words == [UP])
        elif words:
            toxics.add(options.endpoint, parse_toxic(words))
        say(shown_toxics(toxics, options.endpoint))
    return YES


def shown_toxics(toxics: StandingToxics, called: str) -> str:
    """Return a line that says what is wrong with an endpoint's network."""
    found = [
        " ".join((name, *(f"{key}={value}" for key, value in attributes.items())))
        for name, attributes in toxics.on(called).items()
    ]
    if not toxics.listens(called):
        found.insert(0, "refuses connections")
    return f"{called}: {', '.join(found) or 'no toxic'}"


def down(options: argparse.Namespace) -> int:
    """End one cluster, or all; return once nothing of it is left."""
    registry = clusters()
    if not options.all:
        end(options.name, registry.keeper(options.name))
        return YES
    for name in registry.kept():
        try:
            keeper = registry.keeper(name)
        except SettingError as gone:
            print(f"rdsfailover down: {gone}", file=sys.stderr)  # noqa: T201
            continue
        end(name, keeper)
    return YES


def end(name: str, keeper: Identity) -> None:
    """Tell a cluster's keeper to end, and wait until it has.

    Raises:
        NotReadyError: if it does not end.
    """
    begun = time.monotonic()
    keeper.tell_to_end()
    if not wait_until(lambda: not keeper.lives, timeout=GONE_WITHIN, clock=MonotonicClock()):
        raise NotReadyError(f"the end of {name!r} (process {keeper.pid})", time.monotonic() - begun)
    say(f"{name} has ended")
