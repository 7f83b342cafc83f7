"""Each long gap between acknowledgements, weighed: for how long the database was away in it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, chain, compress, repeat
from operator import itemgetter, sub
from typing import NamedTuple, Self

from pytest_rdsfailover.analysis import presence, proof
from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.pauses import Standstills
from pytest_rdsfailover.analysis.rows import Rows, places, rows_of
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.statistics import percentile
from pytest_rdsfailover.model.clock import SECOND

EDGE = SECOND // 100  # a pause as near as this to an edge of a gap may have moved it
LOOK_BACK = SECOND  # of calm is enough to know how long a write normally takes
MANY = 256  # gaps, so that what is between all of them is looked at once
MOST = 1024  # writes, and so are so many
FEWEST = 400  # writes; of fewer, nobody knows what one in a hundred takes
SLOWER = 10  # times
CHANCE = 1e-6  # the chance of so many failures in a row, below which they are no accident
_UNTIL = itemgetter(1)
FEW = 3  # failures beside a gap say nothing of how many there are


class Weighed(NamedTuple):
    """A gap, and how long the database was away in it.

    Attributes:
        gap: from one acknowledgement to the next.
        own: how much of it the load generator stood still itself, at its edges.
        there: the latest moment at which the database was there still for certain.
        lower: for how long it was away for certain.
        failed: how many writes failed in it.
        away: from when to when it was so, but for what the load generator slept through.
    """

    gap: Gap
    own: int
    there: int
    lower: int
    failed: int
    away: Gap

    @property
    def length(self) -> int:
        """Return how long nobody was served, but for what the load generator slept through."""
        return self.gap[1] - self.gap[0] - self.own

    def told_by(self, tries: Sequence[Self]) -> Self:
        """Return it with what is proven by the tries of operations that are served by tries alone."""
        proven = (_overlap(self.gap, tried.away) - tried.own for tried in tries)
        return self._replace(lower=max(self.lower, *proven, 0))


@dataclass(frozen=True, kw_only=True)  # without slots, so that it keeps what it has worked out
class Scales:
    """All that a gap is weighed against.

    Attributes:
        series: all writers.
        acks: acknowledgements in order, with both edges of the run.
        gaps: those that the schedule does not explain, in order.
        disturbed: spans, in order, in which writes did not take what they normally take.
        shown: one byte an operation of each writer: whether its failure shows an absence.
        failing: moments at which writes failed of one, in order.
        still: when the load generator stood still.
    """

    series: Sequence[Series]
    acks: Sequence[int]
    gaps: Sequence[Gap]
    disturbed: Sequence[Gap]
    shown: Sequence[bytes]
    failing: Sequence[int]
    still: Standstills
    _known: dict[Gap, list[int]] = field(default_factory=dict)

    def weigh(self, gap: Gap) -> Weighed:
        """Return for how much of a gap the database was away for certain."""
        return next(self.weigh_all([gap]))

    def weigh_all(self, gaps: Sequence[Gap]) -> Iterator[Weighed]:
        """Yield the same for one gap after the other."""
        if len(gaps) >= MANY:
            self._known.update(self._calm_times())
        return map(self._weigh, gaps, rows_of(self.series, gaps))

    def _weigh(self, gap: Gap, around: Rows) -> Weighed:
        service = max(
            self.service_before(gap[0]),
            _service_after(around, gap),
            _late_before(around, gap, self._gap_before(gap)),
        )
        rows = zip(around.series, around.first, strict=True)
        served = presence.latest_served(rows, self.acks[0])
        due = proof.Due(served, service)
        reach = EDGE + 2 * service
        awake, shown = self._awake(around, gap, reach)
        failures = proof.failures_within(awake, shown, gap, due)
        own = (self.still.all if awake.series else self.still.any).at_edges(gap, reach)
        away = gap[1], gap[1]
        if not self.by_accident(gap, len(failures)) and not proof.passed_by(around, gap, due):
            held = proof.silence(awake, gap, due)
            away = proof.between([*failures, *([held] if held else [])], gap, due)
        lower = max(0, away[1] - away[0] - own)
        return Weighed(gap, own, due.there, lower, len(failures), away)

    def _awake(self, around: Rows, gap: Gap, reach: int) -> tuple[Rows, Sequence[bytes]]:
        """Return the rows of the writers whose process ran at a gap's edges.

        Who wakes up finds all answers at once, and cannot tell when they came.
        """
        slept = [bool(pauses.at_edges(gap, reach)) for pauses in self.still.by_process]
        if not any(slept):
            return around, self.shown
        kept = [not slept[self.still.process_of(series.writer)] for series in around.series]
        return around.of_writers(kept), tuple(compress(self.shown, kept))

    def _gap_before(self, gap: Gap) -> int:
        """Return when the wide gap before a gap was over; 0 without one."""
        place = bisect_left(self.gaps, gap)
        return self.gaps[place - 1][1] if place else 0

    def service_before(self, moment: int) -> int:
        """Return how long a write normally takes, by those before a moment that nothing disturbed.

        The 99th percentile, so that a single hiccup does not blur every figure. 0 without any.
        """
        taken = self._undisturbed(moment)
        return percentile(taken, 0.99) if taken else 0

    def slowest_before(self, moment: int) -> int:
        """Return how long the slowest of these took, leaving out one that was far slower."""
        taken = self._undisturbed(moment)
        return min(taken[-1], SLOWER * percentile(taken, 0.99)) if taken else 0

    def _undisturbed(self, moment: int) -> list[int]:
        """Return how long writes took before a moment that nothing disturbed, sorted."""
        place, begun = bisect_right(self.disturbed, (moment, moment)), self.acks[0]
        since = max(begun, self.disturbed[place - 1][1]) if place else begun
        taken: list[int] = []
        if since < moment:
            taken += self._taken((max(since, moment - LOOK_BACK), moment))
        place = bisect_left(self._calm, moment, key=_UNTIL)
        while len(taken) < FEWEST and place:
            place -= 1
            taken += self._taken(self._calm[place])
        return sorted(taken)

    @cached_property
    def _calm(self) -> list[Gap]:
        """Return the times before each disturbance that nothing disturbed, but for what is long past."""
        begun = self.acks[0]  # what came before was not observed, nor were its disturbances
        ends = chain([begun], (max(begun, last) for _, last in self.disturbed))
        edges = zip(ends, self.disturbed, strict=False)
        return [
            (max(since, until - LOOK_BACK), until) for since, (until, _) in edges if since < until
        ]

    @cached_property
    def _share(self) -> int:
        """Return how many writes of each writer are enough."""
        return max(1, MOST // max(1, len(self.series)))

    def _calm_times(self) -> dict[Gap, list[int]]:
        """Return how long acknowledged writes took in each of these times."""
        found: list[list[int]] = [[] for _ in self._calm]
        for series in self.series if found else ():
            ends = list(places(series.finished, [until for _, until in self._calm], after=True))
            firsts = places(series.started, [since for since, _ in self._calm])
            rows = map(max, firsts, map(sub, ends, repeat(self._share)))
            taken = list(compress(series.taken.values, series.acked))
            acked_before = list(accumulate(series.acked, initial=0)).__getitem__
            edges = map(acked_before, rows), map(acked_before, ends)
            for known, begin, end in zip(found, *edges, strict=True):
                known.extend(taken[begin:end])
        return dict(zip(self._calm, found, strict=True))

    def _taken(self, span: Gap) -> list[int]:
        """Return how long acknowledged writes took that lie between two moments."""
        known = self._known.get(span)
        if known is None:  # the next gap will ask again
            known = self._known[span] = []
            for series in self.series:
                known += _took(series, *span, self._share)
        return known

    def by_accident(self, gap: Gap, failed: int) -> bool:
        """Tell whether so many failures in a row are what the share of failures beside a gap brings.

        Where every second write fails, some fail one after the other, and others would have been served.
        What was not observed tells nothing of that: nobody looked whether any was served then.
        """
        if not failed or not self.failing:
            return False
        length = gap[1] - gap[0]
        begun, ended = self.acks[0], self.acks[-1]
        for reach, least in ((length, FEW), (4 * length, FEW), (max(SECOND, 4 * length), 1)):
            for side in (
                (max(begun, gap[0] - reach), gap[0]),
                (gap[1], min(ended, gap[1] + reach)),
            ):
                failing = _count(self.failing, side) if side[0] < side[1] else 0
                if failing < least:
                    continue
                share = failing / (failing + _count(self.acks, side))
                if share**failed > CHANCE:
                    return True
        return False


def _took(series: Series, since: int, until: int, most: int) -> Iterable[int]:
    """Return how long the latest of a writer's acknowledged writes took that lie between."""
    end = bisect_right(series.finished, until)
    first = max(bisect_left(series.started, since), end - most)
    if first >= end:
        return ()
    taken = map(sub, series.finished[first:end], series.started[first:end])
    return compress(taken, series.acked[first:end])


def _service_after(around: Rows, gap: Gap) -> int:
    """Return how long writes take right after a gap, and what that explains of it.

    Where writes go on to take long, they were late on the way, and not held up.
    """
    until = gap[1] + max(gap[1] - gap[0], SECOND // 10)
    taken = [
        series.finished[row] - series.started[row]
        for series, row in zip(around.series, around.sent, strict=True)
        if row < len(series.acked) and series.started[row] < until and series.acked[row]
    ]
    return round(proof.AGAIN * percentile(sorted(taken), 0.5)) if taken else 0


def _late_before(around: Rows, gap: Gap, since: int) -> int:
    """Return how long writes took right before a gap, if that explains all of it; 0 if not.

    If those that were served between two gaps were all sent before the first of them, each took so long
    that gaps come by themselves: answers are late on the way.
    """
    near = since > gap[0] - max(gap[1] - gap[0], SECOND // 10)
    last = [
        (series.started[first - 1], series.finished[first - 1])
        for series, first in (zip(around.series, around.first, strict=True) if near else ())
        if first and series.acked[first - 1] and series.finished[first - 1] > since
    ]
    if not last or any(started >= since for started, _ in last):
        return 0
    late = round(proof.AGAIN * percentile(sorted(end - start for start, end in last), 0.5))
    return late if late >= gap[1] - gap[0] else 0


def _overlap(span: Gap, other: Gap) -> int:
    return min(span[1], other[1]) - max(span[0], other[0])


def _count(moments: Sequence[int], span: Gap) -> int:
    return bisect_right(moments, span[1]) - bisect_left(moments, span[0])
