"""What a trial's absences and latencies say, as figures that a bound can be put on."""

import math
from collections.abc import Iterator, Mapping

from pytest_rdsfailover.analysis.absence import Absence
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.latency import Latency
from pytest_rdsfailover.model.clock import to_seconds

QUANTILES = ("p50", "p99", "max")


def expectable(absence: Absence, latency: Latency, problem: str) -> Mapping[str, Figure]:
    """Return the figures by their names in `expect`; a latency is missing if there was none.

    Args:
        absence: when nobody was served, and when single writers were not.
        latency: before, during and after the failover.
        problem: why the downtime is no figure: then none of these proves a lower end either.
    """
    ends = absence.ends
    found = {
        "outages": Figure(
            ends.outages.lower, ends.outages.upper, unit="", best=len(absence.outages)
        ),
        "writer_outage": _seconds(
            ends.writer_outage, max((b - a for a, b in absence.writers.spans), default=0)
        ),
        "availability_area": _seconds(ends.area, absence.writers.seen_area),
        "last_writer_back": _seconds(ends.last_back, ends.last_back.lower),
        **dict(_latencies(latency)),
    }
    return {name: figure.doubted(problem) for name, figure in found.items()}


def _seconds(ends: Interval, seen: int) -> Figure:
    most = to_seconds(ends.upper) if ends.ended else math.inf
    lower, value = to_seconds(ends.lower), to_seconds(seen)
    return Figure(lower, most, best=min(max(value, lower), most))


def _latencies(latency: Latency) -> Iterator[tuple[str, Figure]]:
    """Yield those of the operations intended during the failover."""
    part = latency.during
    if part is None:
        return
    for name in QUANTILES:
        least, seen, most = (getattr(each, name) for each in (part.least, part, part.most))
        yield name, Figure(least, most, best=seen)
