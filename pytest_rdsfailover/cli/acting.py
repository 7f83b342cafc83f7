"""The commands that act on a standing cluster, or say how it is."""

import argparse
import sys
import time

from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.local.standing.registry import Registry
from pytest_rdsfailover.local.standing.variables import lines, variables
from pytest_rdsfailover.model.clock import MonotonicClock, wait_until
from pytest_rdsfailover.model.errors import NotReadyError, SettingError

YES, NO = 0, 1
GONE_WITHIN = 60.0  # seconds for a cluster's end


def env(options: argparse.Namespace) -> int:
    """Print the variables that lead programs to a cluster."""
    told = variables(Registry().find(options.name), options.endpoint)
    print("\n".join(lines(told, options.format)))  # noqa: T201 - a command speaks so
    return YES


def down(options: argparse.Namespace) -> int:
    """End one cluster, or all; return once nothing of it is left."""
    registry = Registry()
    if not options.all:
        _end(registry.find(options.name))
        return YES
    for name in registry.names():
        try:
            found = registry.find(name)
        except SettingError as gone:
            print(f"rdsfailover down: {gone}", file=sys.stderr)  # noqa: T201
            continue
        _end(found)
    return YES


def _end(description: Description) -> None:
    """Tell a cluster's keeper to end, and wait until it has.

    Raises:
        NotReadyError: if it does not end.
    """
    keeper, begun = description.keeper, time.monotonic()
    keeper.tell_to_end()
    if not wait_until(lambda: not keeper.lives, timeout=GONE_WITHIN, clock=MonotonicClock()):
        raise NotReadyError(
            f"the end of {description.name!r} (process {keeper.pid})", time.monotonic() - begun
        )
    print(f"{description.name} has ended")  # noqa: T201 - a command speaks so
