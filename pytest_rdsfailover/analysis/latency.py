"""Latency from the intended time, before, during and after a failover."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import sub

from pytest_rdsfailover.analysis.series import SECOND, Lane
from pytest_rdsfailover.analysis.statistics import percentile


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


def latency(lanes: Sequence[Lane], *, trigger: int, back: int, stop: int) -> Latency:
    """Return the latency before, during and after a failover.

    A write that failed, and a slot that was not issued, count as served by their writer's next
    acknowledged write, or at *stop* if there is none: a writer that waits for the database does
    not make the database look better.

    Args:
        lanes: all writers.
        trigger: when the failover was triggered.
        back: when the last writer was back.
        stop: the end of observation.
    """
    parts = (-SECOND * SECOND, trigger), (trigger, back), (back, SECOND * SECOND)
    before, during, after = (_percentiles(lanes, first, last, stop) for first, last in parts)
    return Latency(before=before, during=during, after=after)


def _percentiles(lanes: Sequence[Lane], first: int, last: int, stop: int) -> Percentiles | None:
    """Return the percentiles of everything intended from *first* up to *last*."""
    taken: list[int] = []
    for lane in lanes:
        taken += _served(lane, first, last)
        taken += (_next_ack(lane, slot, stop) - slot for slot in _unserved(lane, first, last))
    if not taken:
        return None
    taken.sort()
    return Percentiles(
        p50=percentile(taken, 0.5) / SECOND,
        p99=percentile(taken, 0.99) / SECOND,
        max=taken[-1] / SECOND,
        count=len(taken),
    )


def _served(lane: Lane, first: int, last: int) -> Iterator[int]:
    """Return the latencies of the acknowledged writes intended in the interval."""
    rows = slice(bisect_left(lane.intended, first), bisect_left(lane.intended, last))
    taken = map(sub, lane.finished[rows], lane.intended[rows])
    return compress(taken, lane.acked[rows]) if 0 in lane.acked[rows] else taken


def _unserved(lane: Lane, first: int, last: int) -> Iterator[int]:
    """Yield the intended times in the interval at which no write succeeded."""
    row = bisect_left(lane.intended, first)
    end = bisect_left(lane.intended, last)
    while (row := lane.acked.find(0, row, end)) >= 0:
        yield lane.intended[row]
        row += 1
    for earliest, latest, count in lane.skips:
        step = (latest - earliest) / (count - 1) if count > 1 else 0
        slots = (earliest + round(number * step) for number in range(count))
        yield from (slot for slot in slots if first <= slot < last)


def _next_ack(lane: Lane, slot: int, stop: int) -> int:
    """Return when this writer was next served after a slot; *stop* if it never was."""
    place = bisect_right(lane.acks, slot)
    return lane.acks[place] if place < len(lane.acks) else max(stop, slot)
