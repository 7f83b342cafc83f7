"""Latency from the intended time, before, during and after a failover."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import sub

from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.statistics import percentile
from pytest_rdsfailover.model.clock import SECOND, to_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """How long writes took from their intended time, in seconds.

    Attributes:
        p50: half of them took no longer.
        p99: 99 % of them took no longer.
        max: none took longer.
        count: how many there were, slots that were not issued included.
    """

    p50: float
    p99: float
    max: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Percentiles of the writes intended in each part of a trial; None for a part without any.

    Attributes:
        before: up to the trigger.
        during: from the trigger until all writers were back, or the end.
        after: from then on.
    """

    before: Percentiles | None
    during: Percentiles | None
    after: Percentiles | None


def latency(all_series: Sequence[Series], *, trigger: int, back: int, stop: int) -> Latency:
    """Return the latency before, during and after a failover.

    A write that failed, and a slot that was not issued, count as served by their writer's next
    acknowledged write, or at *stop* if there is none: a writer that waits for the database does
    not make the database look better.

    Args:
        all_series: all writers.
        trigger: when the failover was triggered.
        back: when the last writer was back.
        stop: the end of observation.
    """
    parts = (-SECOND * SECOND, trigger), (trigger, back), (back, SECOND * SECOND)
    before, during, after = (_percentiles(all_series, first, last, stop) for first, last in parts)
    return Latency(before=before, during=during, after=after)


def _percentiles(
    all_series: Sequence[Series], first: int, last: int, stop: int
) -> Percentiles | None:
    """Return the percentiles of everything intended from *first* up to *last*."""
    taken: list[int] = []
    for series in all_series:
        taken += _served(series, first, last)
        taken += (series.next_success(slot, stop) - slot for slot in series.unserved(first, last))
    if not taken:
        return None
    taken.sort()
    return Percentiles(
        p50=to_seconds(percentile(taken, 0.5)),
        p99=to_seconds(percentile(taken, 0.99)),
        max=to_seconds(taken[-1]),
        count=len(taken),
    )


def _served(series: Series, first: int, last: int) -> Iterator[int]:
    """Return the latencies of the acknowledged writes intended in the interval."""
    rows = slice(bisect_left(series.intended, first), bisect_left(series.intended, last))
    taken = map(sub, series.finished[rows], series.intended[rows])
    return compress(taken, series.acked[rows]) if 0 in series.acked[rows] else taken
