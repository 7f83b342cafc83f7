"""Latency from the intended time, before, during and after a failover."""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.pauses import Pauses, Standstills
from pytest_rdsfailover.analysis.selection import selected
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.statistics import place_of
from pytest_rdsfailover.model.clock import SECOND, to_seconds


class Quantiles(NamedTuple):
    """Three percentiles in nanoseconds.

    Attributes:
        p50: half of them took no longer.
        p99: 99 % of them took no longer.
        max: none took longer.
    """

    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """How long writes took from their intended time, in seconds.

    The lower end of each leaves out what the load generator slept through. The upper end is
    infinite if it hangs on writers that were not served when observation ended.

    Attributes:
        p50: half of them took no longer.
        p99: 99 % of them took no longer.
        max: none took longer.
        count: how many there were, slots that were not issued included.
    """

    p50: Figure
    p99: Figure
    max: Figure
    count: int

    def doubted(self, problem: str) -> "Percentiles":
        """Return the same that prove no lower end, if there is a problem."""
        p50, p99, most = (figure.doubted(problem) for figure in (self.p50, self.p99, self.max))
        return replace(self, p50=p50, p99=p99, max=most)


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

    def doubted(self, problem: str) -> "Latency":
        """Return the same whose times during the failover prove no lower end, if there is a problem."""
        during = None if self.during is None else self.during.doubted(problem)
        return replace(self, during=during)


class Wait(NamedTuple):
    """How long a write took, in nanoseconds: at the least, as it was seen, and at the most."""

    least: int
    seen: int
    most: float


def latency(
    all_series: Sequence[Series],
    *,
    trigger: int,
    back: int,
    stop: int,
    still: Standstills,
    patience: int,
) -> Latency:
    """Return the latency before, during and after a failover.

    A write that failed, and a slot that was not issued, count as served by their writer's next
    acknowledged write, or at *stop* if there is none: a writer that waits for the database does
    not make the database look better.

    Args:
        all_series: all writers.
        trigger: when the failover was triggered.
        back: when the last writer was back.
        stop: the end of observation.
        still: when the load generator stood still itself.
        patience: who had waited no longer when observation ended is not taken for lost.
    """
    parts = (-SECOND * SECOND, trigger), (trigger, back), (back, SECOND * SECOND)
    seen = _Waits(all_series, stop, still, patience)
    before, during, after = (seen.percentiles(first, last) for first, last in parts)
    return Latency(before=before, during=during, after=after)


class _Waits(NamedTuple):
    """All writers, and what is known of their time."""

    series: Sequence[Series]
    stop: int
    still: Standstills
    patience: int

    def percentiles(self, first: int, last: int) -> Percentiles | None:
        """Return the percentiles of everything intended from *first* up to *last*."""
        usual: list[int] = []
        special: list[Wait] = []
        for series in self.series:
            pauses = self.still.of_writer(series.writer)
            slept = slept_through(series, first, last, pauses)
            usual += _served(series, first, last, set(slept))
            special += (
                _wait(series.finished[row] - series.intended[row], own)
                for row, own in slept.items()
                if series.acked[row]
            )
            for slot, back in series.unserved(first, last, self.stop):
                until = max(slot, self.stop) if back is None else back
                own = pauses.within((slot, until))
                if back is None or own:
                    lost = back is None and until - slot > self.patience
                    special.append(_wait(until - slot, own, lost=lost))
                else:
                    usual.append(until - slot)
        if not usual and not special:
            return None
        seen = _quantiles([*usual, *(wait.seen for wait in special)])
        least = _quantiles([*usual, *(wait.least for wait in special)]) if special else seen
        most = _quantiles([*usual, *(wait.most for wait in special)]) if special else seen
        p50, p99, longest = map(_figure, least, seen, most)
        return Percentiles(p50=p50, p99=p99, max=longest, count=len(usual) + len(special))


def slept_through(series: Series, first: int, last: int, pauses: Pauses) -> dict[int, int]:
    """Return the rows intended from *first* up to *last* in which the load generator slept.

    The value of each is for how long it did.
    """
    slept: defaultdict[int, int] = defaultdict(int)
    low, high = bisect_left(series.intended, first), bisect_left(series.intended, last)
    for begin, end in pauses.spans:
        stop = min(high, bisect_left(series.intended, end))
        for row in range(max(low, bisect_right(series.finished, begin)), stop):
            slept[row] += min(end, series.finished[row]) - max(begin, series.intended[row])
    return slept


def _wait(seen: int, own: int, *, lost: bool = False) -> Wait:
    return Wait(max(0, seen - own), seen, math.inf if lost else seen)


def _quantiles(taken: list[float] | list[int]) -> Quantiles:
    last = len(taken) - 1
    places = [place_of(len(taken), 0.5), place_of(len(taken), 0.99), last]
    return Quantiles(*selected(taken, places))


def _figure(least: float, seen: float, most: float) -> Figure:
    return Figure(to_seconds(least), to_seconds(most), best=to_seconds(seen))


def _served(series: Series, first: int, last: int, apart: set[int]) -> Iterable[int]:
    """Return the latencies of the acknowledged writes intended in the interval, but for some rows."""
    begin = bisect_left(series.intended, first)
    rows = slice(begin, bisect_left(series.intended, last))
    taken, acked = series.latency.values[rows], series.acked[rows]
    if not apart:
        return compress(taken, acked) if 0 in acked else taken
    kept = (was and row not in apart for row, was in enumerate(acked, begin))
    return compress(taken, kept)
