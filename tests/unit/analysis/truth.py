"""What was the case in an ordeal, figure by figure; seconds."""

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from pytest_rdsfailover.model.clock import SECOND

GRACE = 1.0  # in which a writer may be on its way back


@dataclass(frozen=True, order=True)
class Slot:
    """An operation that was due.

    Attributes:
        finished: when it was over; its slot if it was not issued.
        intended: when that was.
        started: when it was sent.
        acked: whether it was acknowledged.
        fated: whether trouble had a hand in it.
        slept: for how much of it the load generator stood still; of a slot that was not issued, whether
            it may have.
        issued: whether a writer was free.
        writer: whose it was.
    """

    finished: float
    intended: float
    started: float
    acked: bool
    fated: bool
    slept: float
    issued: bool = True
    writer: int = 0

    def served(self, within: float) -> bool:
        return self.acked and self.finished - self.intended <= within

    def may_be(self, within: float) -> bool:
        """Tell whether it might have been served but for a pause of our own."""
        if not self.slept:
            return False
        return not self.acked or self.finished - self.intended - self.slept <= within

    def bad(self, limit: float) -> bool:
        """Tell whether trouble made it fail, or take longer than a limit."""
        taken = self.finished - self.intended - self.slept
        return self.issued and self.fated and (not self.acked or taken > limit)


@dataclass(kw_only=True)
class Truth:
    """What was the case; seconds, counted from the trigger, or from the start without one.

    Attributes:
        away: for how long nobody could be served, each time.
        spans: from when to when.
        waits: the longest time from a write's slot to its writer's next answer, at the least and at
            the most: what the load generator slept through of it nobody knows.
        spells: how long trouble kept a writer from being served, and when that was over.
        slow: when writes were over that were slow for a reason of their own.
        slots: what became of each slot.
        usual: the share of operations that fail all along.
        over: when the last trouble was over; infinite if observation ended before.
    """

    away: list[float]
    spans: list[tuple[float, float]] = field(default_factory=list)
    waits: tuple[float, float] = (0.0, 0.0)
    spells: list[tuple[float, float]] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)
    slots: list["Slot"] = field(default_factory=list)
    over: float = 0.0
    usual: float = 0.0
    _began: dict[int, float] = field(default_factory=dict)

    def suffers(self, writer: int, intended: float) -> None:
        self._began.setdefault(writer, intended)

    def served(
        self, writer: int, intended: float, finished: float, since: float, *, slept: float = 0.0
    ) -> None:
        begun = self._began.pop(writer, None)
        if finished < since:
            return
        wait = finished - (intended if begun is None else begun)
        most = wait if begun is not None else wait - slept
        self.waits = max(self.waits[0], wait - slept), max(self.waits[1], most)
        self.slow += [finished - since] if finished - intended > 0.01 else []
        if begun is not None:
            self.spells.append((finished - begun, finished - since))

    def end(self) -> None:
        if self._began:
            self.waits = math.inf, math.inf
            self.spells.append((math.inf, math.inf))

    def downtime(self) -> tuple[float, float]:
        """Return the longest time in which nobody could be served, as both ends of an interval."""
        longest = max(self.away, default=0.0)
        return longest, longest

    def outages(self, explained: float) -> tuple[int, int]:
        """Return how many there were that schedule and machine do not explain, and how many in all."""
        return sum(each > explained for each in self.away), len(self.away)

    def writer_outage(self) -> tuple[float, float]:
        return self.waits

    def last_back(self, explained: float) -> tuple[float, float]:
        """Return when the last writer was back that was away for longer than is explained, and any."""
        ends = [end for length, end in self.spells if length > explained]
        return max(ends, default=0.0), max([*self.slow, *(e for _, e in self.spells)], default=0.0)

    @property
    def lasting(self) -> bool:
        """Tell whether trouble was not over when observation ended."""
        return math.isinf(self.over)

    def share(self, span: tuple[int, int], within: float = math.inf) -> tuple[float, float]:
        """Return which share of the slots in a span of nanoseconds was served, at the least and most."""
        due = [each for each in self.slots if span[0] <= round(each.intended * 1e9) < span[1]]
        missed = [each for each in due if not each.served(within)]
        sure = len(due) - len(missed)
        perhaps = sure + sum(each.may_be(within) for each in missed)
        return 0.0 if self.lasting else sure / len(due), perhaps / len(due)

    def worst_second(self, stop: int) -> tuple[float, float]:
        """Return the worst share of any second that begins with a slot that was not served."""
        moments = _moments(self.slots)
        found = []
        for excused in (True, False):
            missed = _moments(
                each for each in self.slots if not each.acked and (excused or not each.slept)
            )
            begins = [min(each, max(0, stop - SECOND)) for each in missed]
            shares = (1 - _count(missed, begin) / _count(moments, begin) for begin in begins)
            found.append(min(shares, default=1.0))
        return 0.0 if self.lasting else found[0], found[1]

    def recovery(
        self, since: float, settled: float, limit: float, quiet: float, fewest: int
    ) -> tuple[float, float]:
        """Return when the last operation was over that trouble made bad, before a quiet stretch.

        Trouble that does not show among three times the usual failures has no least.
        """
        fated = [sorted(e for e in self.slots if e.bad(least)) for least in (limit, 0.0)]
        if self.usual:
            fated[0] = [each for each in fated[0] if self._stands_out(each.finished, quiet)]
        acks = sorted(each.finished for each in self.slots if each.acked)
        ends = []
        for bad in fated:
            end, reach = since, settled
            coming = list(accumulate((each.intended for each in reversed(bad)), min))[::-1]
            for each, calm in zip(bad, coming, strict=True):
                served = bisect_left(acks, calm) - bisect_left(acks, reach)
                if calm - reach > quiet and served >= fewest:
                    break
                end, reach = max(end, each.finished), max(reach, each.finished)
            ends.append(end - since)
        return (math.inf, math.inf) if self.lasting else (ends[0], ends[1])

    def _stands_out(self, begin: float, quiet: float) -> bool:
        around = [
            each.acked
            for each in self.slots
            if each.issued and begin <= each.finished < begin + quiet
        ]
        return around.count(False) > 3 * self.usual * len(around)

    def late_errors(self, settled: float) -> tuple[float, float]:
        """Return how many operations failed that were sent after a moment, by writers that were back."""
        after = [e for e in self.slots if e.issued and e.started > settled]
        back: dict[int, float] = {}
        for each in sorted(after, key=lambda slot: slot.started):
            if each.acked:
                back.setdefault(each.writer, each.finished)
        soon = {writer: at for writer, at in back.items() if at <= settled + GRACE}
        failed = [e for e in after if not e.acked and e.started > soon.get(e.writer, -math.inf)]
        excused = sum(bool(each.slept) for each in failed)
        return len(failed) - excused, math.inf if self.lasting else len(failed)

    def incidents(self, explained: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the largest sum of the outages of an incident, and the longest span of one."""
        found = []
        for spans in ([each for each in self.spans if each[1] - each[0] > explained], self.spans):
            groups: list[list[tuple[float, float]]] = []
            for each in spans:
                if groups and each[0] - groups[-1][-1][1] < 1.0:
                    groups[-1].append(each)
                else:
                    groups.append([each])
            sums = max((sum(b - a for a, b in group) for group in groups), default=0.0)
            found.append((sums, max((group[-1][1] - group[0][0] for group in groups), default=0.0)))
        (least, shortest), (most, longest) = found
        end = math.inf if self.lasting and self.spans else 0.0
        return (max(least, end), max(most, end)), (max(shortest, end), max(longest, end))


def _moments(slots: Iterable[Slot]) -> list[int]:
    """Return when they were due, in order; nanoseconds, because slots may be a second apart."""
    return sorted(round(each.intended * 1e9) for each in slots)


def _count(moments: list[int], begin: int) -> int:
    """Return how many lie in the second from a moment on."""
    return bisect_left(moments, begin + SECOND) - bisect_left(moments, begin)
