"""How long it took until operations were served again as well as before the failover.

Times are integer nanoseconds. What the words mean: `docs/definitions.md`.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby, islice, repeat
from operator import add, attrgetter, sub
from typing import NamedTuple, Self

from pytest_rdsfailover.analysis.gap_figures import GapFigures
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.level import SLICE, Level
from pytest_rdsfailover.analysis.observed import Observed
from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.statistics import wilson
from pytest_rdsfailover.model.clock import SECOND

_AT = attrgetter("at")
QUIET = SECOND // 4  # of operations like those of the calm, and the failover is over,
FEWEST = 5  # if there were so many of them
WORSE = 2  # times the share of bad operations of the calm is like the calm
BLOCK = 256  # operations that are looked at together
SIGMAS, FEW = 4, 2  # standard deviations, and operations, beyond which it certainly is not


class Bad(NamedTuple):
    """An operation that failed, or took longer than those of the calm.

    Attributes:
        at: when it was over.
        since: when it was due.
        served: whether it was acknowledged, only late.
        excused: whether that may be the load generator's fault, because it stood still, or its
            machine's.
    """

    at: int
    since: int
    served: bool
    excused: bool


class Calm(NamedTuple):
    """Which share of the operations of the calm was bad: as was seen, and at the most."""

    share: float
    most: float


def recovery(seen: Observed, gaps: GapFigures, *, ended: bool) -> Interval:
    """Return from the trigger until operations were as good as in the calm, for a quiet stretch.

    It is the end of the last bad operation before the first quiet stretch after the cluster had
    settled, and at most the next acknowledgement.

    Args:
        seen: the trial.
        gaps: what the gaps of the trial say, which tells how long operations take in the calm.
        ended: whether all outages had ended when observation did.
    """
    bad = [operation for series in seen.series for operation in _bad(series, seen, gaps.unusual)]
    trouble = _Trouble.of(bad, seen, gaps)
    wider = trouble.with_waits(bad, seen, gaps)
    bad += _slow(seen, wider, gaps.unusual)
    bad = [operation for operation, _ in groupby(sorted(bad))]  # slow stretches overlap
    since = bad[bisect_right(bad, seen.trigger, key=_AT) :]
    certain = [operation for operation in since if not operation.excused]
    worst = _Course(seen, since, _calm(bad, seen, wider.start), wider.settled)
    least = _Course(seen, certain, _calm(bad, seen, trouble.start), trouble.settled)
    perhaps, surely = worst.last(sure=False), least.last(sure=True)
    ended = ended and (seen.settled is not None or not seen.triggered)
    last = max(surely.at, perhaps.at)
    known = max(0, surely.at - seen.still.any.before(surely.at) - seen.trigger)
    if not (ended and surely.over and perhaps.over):
        return Interval(known, math.inf)
    after = seen.acks[bisect_right(seen.acks, last)] if last > seen.trigger else last
    return Interval(known, after - seen.trigger)


def _bad(series: Series, seen: Observed, unusual: int) -> Iterator[Bad]:
    """Yield the operations that failed, or took unusually long."""
    rows = {*series.failures, *series.latency.above(unusual)}
    columns = (series.finished, series.intended, series.acked)
    pauses = seen.still.of_writer(series.writer)
    for at, since, acked in zip(
        *(map(column.__getitem__, rows) for column in columns), strict=True
    ):
        own = pauses.within((since, at)) if pauses.spans else 0
        excused = at - since - own <= unusual if acked else bool(own)
        yield Bad(at, since, bool(acked), excused)


class _Trouble(NamedTuple):
    """Since when something was wrong with the cluster, and when it had settled."""

    start: int
    settled: int

    @classmethod
    def of(cls, bad: Sequence[Bad], seen: Observed, gaps: GapFigures) -> Self:
        """Return that of a trial; without a trigger all outages and failures are the trouble."""
        outages = [weighed.gap for weighed in gaps.outages]
        if seen.triggered:
            last = outages[-1][1] if outages else seen.trigger
            return cls(seen.trigger, max(seen.trigger, seen.settled or last))
        failed = [(operation.since, operation.at) for operation in bad if not operation.served]
        return cls._over([(seen.stop, seen.start), *outages, *failed])

    @classmethod
    def _over(cls, spans: Sequence[Gap]) -> Self:
        return cls(min(first for first, _ in spans), max(last for _, last in spans))

    def with_waits(self, bad: Sequence[Bad], seen: Observed, gaps: GapFigures) -> Self:
        """Return that with what else may have been trouble.

        Without a trigger these are the operations that waited through a gap that is no outage for
        certain, because it is hardly longer than those that come without a fault.
        """
        if seen.triggered:
            return self
        begins = [weighed.gap[0] for weighed in gaps.candidates]
        waits: list[Gap] = []
        for operation in bad if begins else ():
            place = bisect_left(begins, operation.at)
            if place and gaps.candidates[place - 1].gap[1] > operation.since:
                waits += [] if operation.excused else [(operation.since, operation.at)]
        return self._over([self, *waits])


def _slow(seen: Observed, trouble: _Trouble, unusual: int) -> Iterator[Bad]:
    """Yield the operations of stretches in which half of them took longer than in the calm.

    What else is busy on this machine may do that as well, so they only leave the end open.
    """
    level = Level.of(seen.series, (seen.start, trouble.start))
    if level is None or level.limit >= unusual:
        return
    for first, last in level.slow(seen.series, seen.acks, trouble.start):
        edges = first, last + SLICE  # it ended somewhere in the next one
        for series in seen.series:
            for row in range(*(bisect_right(series.finished, edge) for edge in edges)):
                due, at = series.intended[row], series.finished[row]
                if series.acked[row] and level.limit < at - due <= unusual:
                    yield Bad(at, due, served=True, excused=True)


def _calm(bad: Sequence[Bad], seen: Observed, until: int) -> Calm:
    """Return what there was in the calm, but for what our own pauses did."""
    first, last = bisect_left(bad, seen.start, key=_AT), bisect_right(bad, until, key=_AT)
    known = [operation for operation in bad[first:last] if not operation.excused]
    acked = bisect_right(seen.acks, until, 1) - 1
    due = acked + sum(not operation.served for operation in known)
    return Calm(len(known) / due if due else 0.0, wilson(len(known), due)[1])


@dataclass(frozen=True, slots=True)
class _End:
    """Where trouble ended, and whether a quiet stretch was seen after it."""

    at: int
    over: bool


@dataclass(frozen=True)  # without slots, so that it keeps what it has worked out
class _Course:
    """Bad operations in order, and what they are held against."""

    seen: Observed
    bad: Sequence[Bad]
    calm: Calm
    settled: int

    @cached_property
    def _moments(self) -> list[int]:
        """Return when each was over."""
        return [operation.at for operation in self.bad]

    @cached_property
    def _failed(self) -> list[int]:
        """Return when those were over that failed."""
        return [operation.at for operation in self.bad if not operation.served]

    def last(self, *, sure: bool) -> _End:
        """Return the end of the last bad operation before the first quiet stretch after settling.

        Args:
            sure: take only what certainly is no accident of the calm's share of bad operations.
        """
        end, reach = self.seen.trigger, self.settled
        early = bisect_right(self._moments, reach)
        # What was bad before the cluster had settled tells nothing but where trouble had got to.
        for _, at in islice(self._trouble(range(early)[::-1], sure=sure), 1):
            end, reach = max(end, at), max(reach, at)
        found = list(self._trouble(range(early, len(self.bad)), sure=sure))
        # A stretch is quiet only if nothing bad is under way in it either.
        coming = list(accumulate((since for since, _ in reversed(found)), min))[::-1]
        for (_, at), since in zip(found, coming, strict=True):
            if self._quiet(reach, since):
                return _End(end, over=True)
            end, reach = max(end, at), max(reach, at)
        return _End(end, over=self._quiet(reach, self.seen.stop))

    def _trouble(self, places: range, *, sure: bool) -> Iterator[Gap]:
        """Yield from when to when operations in some places were bad, more than by accident.

        They are looked at block by block: mostly the first one says all that is asked for.
        """
        for first in range(0, len(places), BLOCK):
            block = places[first : first + BLOCK]
            moments = [self._moments[place] for place in block]
            ends = [moment + QUIET for moment in moments]
            stops = map(bisect_left, repeat(self._moments), ends)
            counts = (_within(times, moments, ends) for times in (self._failed, self.seen.acks))
            for place, moment, stop, of in zip(
                block, moments, stops, map(add, *counts), strict=True
            ):
                if not self._accident(stop - place, of, sure=sure):
                    yield self.bad[place].since, moment if sure else self._moments[stop - 1]

    def _quiet(self, since: int, until: int) -> bool:
        return until - since >= QUIET and self._acked(since, until) >= FEWEST

    def _acked(self, first: int, last: int) -> int:
        acks = self.seen.acks
        return bisect_left(acks, last) - bisect_left(acks, first)

    def _accident(self, bad: int, of: int, *, sure: bool) -> bool:
        """Tell whether so many bad ones of so many operations may be as in the calm."""
        if bad <= WORSE * self.calm.share * of:
            return True
        mean = self.calm.most * of
        return sure and bad <= mean + SIGMAS * math.sqrt(mean) + FEW


def _within(times: Sequence[int], begins: Sequence[int], ends: Sequence[int]) -> Iterator[int]:
    """Return how many of some times in order lie in each of several stretches."""
    return map(sub, *(map(bisect_left, repeat(times), edges) for edges in (ends, begins)))
