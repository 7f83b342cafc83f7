"""The figures of a trial's gaps: for how long, and how many times, nobody was served."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pytest_rdsfailover.analysis import outages
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.observed import Observed
from pytest_rdsfailover.analysis.presence import FINEST, longest_unseen, there
from pytest_rdsfailover.analysis.proof import failing_moments, fresh_failures, showing
from pytest_rdsfailover.analysis.weighing import Scales, Weighed
from pytest_rdsfailover.model.spans import joined


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFigures:
    """What the gaps between acknowledgements say; nanoseconds.

    Attributes:
        natural: the largest gap that came without a fault.
        explained: the length up to which schedule and machine explain a gap.
        threshold: the length beyond which a gap is an outage.
        service: how long a write normally takes.
        slowest: how long the slowest of them take without a fault.
        candidates: the gaps longer than explained that overlap the failover, weighed; in order.
        widest: the widest one that does, whatever its length.
        outages: the candidates that are outages.
        unseen: the longest time in which the database can have been away.
        unfinished: whether it was away when observation ended, or may have been.
    """

    natural: int
    explained: int
    threshold: int
    service: int
    slowest: int
    candidates: list[Weighed]
    widest: Weighed
    outages: list[Weighed]
    unseen: int
    unfinished: bool

    @property
    def unusual(self) -> int:
        """Return the length up to which a single write's wait is nothing that happened to it."""
        factor = outages.NATURAL_FACTOR
        return max(self.threshold, factor * self.service, 2 * self.slowest)

    @property
    def downtime(self) -> Interval:
        """Return the longest outage's ends.

        It is at least as long as any of them is for certain, and at most as any can be: which of them
        it is need not be known.
        """
        lower = max((weighed.lower for weighed in self.candidates), default=0)
        return Interval(lower, math.inf if self.unfinished else self.unseen)

    @property
    def count(self) -> Interval:
        """Return how many outages there were."""
        sure, before = 0, -math.inf
        for weighed in self.proven:
            if weighed.there > before:  # somebody was served between them, from start to end
                sure, before = sure + 1, weighed.gap[1]
        return Interval(sure, len(self.candidates))

    @property
    def proven(self) -> list[Weighed]:
        """Return the outages in which the database was away for certain."""
        return [weighed for weighed in self.outages if weighed.lower > 0]

    @property
    def decisive(self) -> Weighed:
        """Return the gap by which the downtime stands or falls.

        That is the one that proves most of it, or, unless that is more than half of what may be, the
        widest one, outage or not.
        """
        surest = max(self.candidates, key=lambda weighed: weighed.lower, default=self.widest)
        return surest if 2 * surest.lower > self.unseen else self.widest

    def first_back(self, seen: Observed) -> Interval:
        """Return from the trigger until the longest outage ended; 0 if there was none."""
        least = self.downtime.lower
        rivals = [
            weighed.gap for weighed in self.candidates if weighed.gap[1] - weighed.gap[0] >= least
        ]
        if not rivals:
            return Interval(0, math.inf if self.unfinished else 0)
        first, last = min(gap[1] for gap in rivals), max(gap[1] for gap in rivals)
        sure = first - seen.still.any.before(first) - seen.trigger if least else 0
        return Interval(max(0, sure), math.inf if self.unfinished else last - seen.trigger)


def gap_figures(seen: Observed, *, database: bool, tries: Sequence[Weighed] = ()) -> GapFigures:
    """Return what the gaps of a trial say.

    Args:
        seen: the trial.
        database: whether the database is asked for, and not the application.
        tries: the gaps between the tries that alone serve operations; in order.
    """
    taken = outages.lengths(seen.acks)
    calm = seen.calm
    natural = outages.natural_gap(calm, taken[1 : max(1, len(calm))], seen.still.all, seen.rate)
    explained = max(outages.explained(seen.rate), natural)
    threshold = outages.threshold(natural, seen.rate)
    wide = outages.WideGaps.of(seen.acks, taken, explained)
    shown = [showing(series, database=database) for series in seen.series]
    scales = Scales(
        series=seen.series,
        acks=seen.acks,
        gaps=wide.gaps,
        disturbed=joined([*wide.gaps, *seen.still.any.spans]),
        shown=shown,
        failing=failing_moments(seen.series, shown),
        still=seen.still,
    )
    candidates = list(scales.weigh_all([gap for gap in wide.gaps if gap[1] > seen.trigger]))
    candidates = list(_told(candidates, tries))
    found = [
        weighed for weighed in candidates if weighed.length > threshold or weighed.lower > explained
    ]
    until = seen.trigger if seen.triggered else seen.stop
    begin, end = longest_unseen(seen.series, wide, since=seen.trigger)
    return GapFigures(
        natural=natural,
        explained=explained,
        threshold=threshold,
        service=scales.service_before(until),
        slowest=scales.slowest_before(until),
        candidates=candidates,
        widest=_widest(scales, seen, wide, candidates),
        outages=found,
        unseen=max(end - begin, 2 * FINEST),
        unfinished=_unfinished(scales, seen, candidates, explained, database=database),
    )


def _told(candidates: Sequence[Weighed], tries: Sequence[Weighed]) -> Iterator[Weighed]:
    """Yield gaps of operations with what the gaps of their tries prove."""
    begins, ends = [tried.gap[0] for tried in tries], [tried.gap[1] for tried in tries]
    for weighed in candidates:
        since, until = weighed.gap
        near = tries[bisect_right(ends, since) : bisect_left(begins, until)]
        yield weighed.told_by(near) if near else weighed


def _widest(
    scales: Scales, seen: Observed, wide: outages.WideGaps, candidates: Sequence[Weighed]
) -> Weighed:
    if candidates:
        return max(candidates, key=lambda weighed: weighed.gap[1] - weighed.gap[0])
    return scales.weigh(wide.last_widest(seen.trigger))


def _unfinished(
    scales: Scales, seen: Observed, candidates: Sequence[Weighed], explained: int, *, database: bool
) -> bool:
    """Tell whether nobody was served when observation ended, or writers had just begun to fail.

    A write that hangs while others are served, from start to end, has a reason of its own. That failures
    are an accident, only those can tell that were over before.
    """
    since, stop = seen.acks[-2:]
    if candidates and candidates[-1].gap == (since, stop):
        return True
    usual = max(explained, scales.slowest_before(since))
    begun = there(seen.series, since, seen.start) - usual
    fresh = fresh_failures(seen.series, since, begun, database=database)
    before = replace(scales, failing=failing_moments(seen.series, scales.shown, over=since))
    return fresh > 0 and not before.by_accident((since, stop), fresh)
