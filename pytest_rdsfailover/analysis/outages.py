"""Gaps between acknowledged writes: which of them the schedule explains, and which are outages.

Times are integer nanoseconds. What each rule means, with pictures: `docs/definitions.md`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import sub
from typing import Self

from pytest_rdsfailover.analysis.pauses import Pauses
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.sieve import Sieve
from pytest_rdsfailover.analysis.statistics import percentile
from pytest_rdsfailover.model.clock import SECOND

Gap = tuple[int, int]  # from an acknowledgement to the next, both as `finished`

# Below this, gaps come from the scheduler of an ordinary machine: 1,000 writes a second showed
# natural gaps of up to 7 ms without any fault.
SHORTEST_OUTAGE = SECOND // 100
NATURAL_FACTOR = 3
# Even spacing leaves 1/rate between two writes; one write that comes late makes it two.
MISSED_SLOTS = 2
HOLD = SECOND  # outages closer than this are one incident
USUAL = 0.9  # this share of all gaps is taken for what the machine usually does
RECENT = 20_000  # so many of anything are enough to know what is usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Outages so close to each other that they are one event for whoever is on call.

    Attributes:
        start: when the first of them began; seconds in a `Trial`.
        stop: when the last of them ended.
        outage: their lengths added up.
        count: how many they are.
    """

    start: float
    stop: float
    outage: float
    count: int


def acknowledgements(all_series: Sequence[Series], *, start: int, stop: int) -> list[int]:
    """Return when any writer's write was acknowledged, in order, between both edges of the run.

    The edges count as acknowledgements, so that a database that never comes back shows as one gap
    up to *stop* instead of as none at all.
    """
    # Each series is in order already, so sorting their concatenation only merges them.
    acks = sorted(chain.from_iterable(series.acks for series in all_series))
    return [start, *acks[bisect_right(acks, start) : bisect_left(acks, stop)], stop]


def lengths(acks: Sequence[int]) -> list[int]:
    """Return the time from each acknowledgement to the next."""
    return list(map(sub, islice(acks, 1, None), acks))


def longer(acks: Sequence[int], longer_than: int) -> list[Gap]:
    """Return every gap between neighbours in *acks* that exceeds *longer_than*."""
    return _longer(acks, lengths(acks), longer_than)


def _longer(acks: Sequence[int], taken: Sequence[int], longer_than: int) -> list[Gap]:
    return [(acks[place], acks[place + 1]) for place in Sieve(taken).above(longer_than)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WideGaps:
    """The gaps between acknowledgements that are longer than some length, found once.

    Attributes:
        acks: the acknowledgements in order, with both edges of the run.
        taken: the time from each to the next.
        longer_than: that length.
        gaps: these gaps, in order.
    """

    acks: Sequence[int]
    taken: Sequence[int]
    longer_than: int
    gaps: Sequence[Gap]

    @classmethod
    def of(cls, acks: Sequence[int], taken: Sequence[int], longer_than: int) -> Self:
        """Find them."""
        gaps = _longer(acks, taken, longer_than)
        return cls(acks=acks, taken=taken, longer_than=longer_than, gaps=gaps)

    def longer(self, longer_than: int) -> Sequence[Gap]:
        """Return those that are longer than another length, in order."""
        if longer_than < self.longer_than:
            return _longer(self.acks, self.taken, longer_than)
        return [gap for gap in self.gaps if gap[1] - gap[0] > longer_than]

    def widest(self, since: int) -> int:
        """Return how long the longest of all gaps is that were not over by a moment."""
        known = max((last - first for first, last in self.gaps if last > since), default=0)
        return known or max(self._felt(since))

    def last_widest(self, since: int) -> Gap:
        """Return the longest of all gaps that were not over by a moment; the last one of several."""
        felt = self._felt(since)
        place = len(self.taken) - 1 - felt[::-1].index(max(felt))
        return self.acks[place], self.acks[place + 1]

    def _felt(self, since: int) -> Sequence[int]:
        """Return how long those were; of none, the last of all."""
        over = bisect_right(self.acks, since, hi=len(self.taken))
        return self.taken[max(0, over - 1) :]


def explained(rate: float) -> int:
    """Return the length up to which the schedule alone explains a gap; the least one without it."""
    slots = round(MISSED_SLOTS * SECOND / rate) if rate > 0 else SHORTEST_OUTAGE
    return max(SHORTEST_OUTAGE, slots)


def natural_gap(calm: Sequence[int], taken: Sequence[int], pauses: Pauses, rate: float) -> int:
    """Return the largest gap that this machine and this server leave by themselves.

    What the load generator slept through is none of it, nor is a disturbance: a gap that neither
    the schedule explains nor most gaps come near. One pause in the calm must not hide an outage.

    Args:
        calm: acknowledgements in order, of a time without a fault.
        taken: the time from each of them to the next.
        pauses: when the load generator stood still.
        rate: writes per second that all writers intend together; 0 if there is no schedule.
    """
    usual = sorted(taken[:: max(1, len(taken) // RECENT)])
    if not usual:
        return 0
    most = max(explained(rate), NATURAL_FACTOR * percentile(usual, USUAL))
    longest = max(taken)
    if longest <= most:
        return longest
    # Only a gap that is too long may have become so by a pause, and there are few of these.
    slept = (
        after - before - pauses.within((before, after))
        for before, after in _longer(calm, taken, most)
    )
    return max(filter(most.__ge__, chain(taken, slept)))


def threshold(natural: int, rate: float) -> int:
    """Return the length up to which the schedule and the machine explain a gap.

    Args:
        natural: the largest gap that comes without a fault. Three times that is beyond what the
            same machine does by itself in the short time of a failover.
        rate: writes per second that all writers intend together; 0 if there is no schedule.
    """
    return max(explained(rate), NATURAL_FACTOR * natural)


def incidents(gaps: Sequence[Gap], *, hold: int = HOLD) -> list[Incident]:
    """Return outages in order with those that follow each other within *hold* merged."""
    merged: list[Incident] = []
    for start, stop in gaps:
        last = merged[-1] if merged else None
        if last is not None and start - last.stop < hold:
            merged[-1] = Incident(
                start=last.start,
                stop=stop,
                outage=last.outage + stop - start,
                count=last.count + 1,
            )
        else:
            merged.append(Incident(start=start, stop=stop, outage=stop - start, count=1))
    return merged
