"""`rdsfailover calibrate`: prints by how much this machine measures wrong."""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence

from pytest_rdsfailover.analysis.outages import MISSED_SLOTS
from pytest_rdsfailover.analysis.statistics import median
from pytest_rdsfailover.cli.calibration import (
    FREEZES,
    REPEATS,
    Calibration,
    Reading,
    calibrate,
    server,
)
from pytest_rdsfailover.cli.output import say
from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.errors import RdsFailoverError


def lines(calibration: Calibration) -> Iterator[str]:
    """Yield the table, as Markdown."""
    yield f"{calibration.about}; {calibration.writers} writers, {calibration.rate:g} writes/s"
    yield ""
    yield "| freeze | times | error median | error p95 | error max | truth within bounds |"
    yield "|---|---|---|---|---|---|"
    lengths = sorted({reading.wanted for reading in calibration.readings})
    for length in lengths:
        readings = [reading for reading in calibration.readings if reading.wanted == length]
        yield _row(format_duration(length), readings)
    if len(lengths) > 1:
        yield _row("all", calibration.readings)
    yield ""
    yield f"largest gap without a freeze: {format_duration(calibration.natural_gap)}"
    yield f"99 % of the writes were sent within {format_duration(calibration.lateness_p99)}"
    yield f"longest pause of the load generator itself: {format_duration(calibration.own_pause)}"
    if calibration.strangers is not None:
        yield f"other programs kept {calibration.strangers:.2f} CPUs busy"


def _row(name: str, readings: Sequence[Reading]) -> str:
    sizes = sorted(abs(reading.error) for reading in readings)
    middle = median(sorted(reading.error for reading in readings))
    p95 = sizes[math.ceil(0.95 * len(sizes)) - 1]
    within = sum(reading.inside for reading in readings)
    cells = (
        name,
        str(len(readings)),
        f"{middle * 1000:+.2f} ms",
        f"{p95 * 1000:.2f} ms",
        f"{sizes[-1] * 1000:.2f} ms",
        f"{within} of {len(readings)}",
    )
    return f"| {' | '.join(cells)} |"


def run(options: argparse.Namespace) -> int:
    """Measure as the arguments say, print, and return the exit status."""
    if options.repeats is None:
        options.repeats = REPEATS
    _check(options.parser, options)
    try:
        with server() as (own_server, endpoint):
            result = calibrate(
                own_server,
                endpoint,
                rate=options.rate,
                writers=options.writers,
                freezes=options.freeze or FREEZES,
                repeats=options.repeats,
            )
    except RdsFailoverError as error:
        print(f"rdsfailover calibrate: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 2
    say("\n".join(lines(result)))
    return 0


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse arguments with which nothing can be measured, before any server starts."""
    if options.rate <= 0 or options.writers < 1 or options.repeats < 1:
        parser.error("rate, writers and repeats must be above 0")
    shortest = max(MISSED_SLOTS / options.rate, 0.01)
    for freeze in options.freeze or FREEZES:
        if freeze <= shortest:
            parser.error(
                f"{options.rate:g} writes per second cannot see a freeze of"
                f" {format_duration(freeze)}: the shortest is {format_duration(shortest)}"
            )
