"""Whether machine and application carry the load that was asked for, before it is disturbed."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.journal import Skip
from pytest_rdsfailover.model.clock import to_nanoseconds


@dataclass(frozen=True, slots=True)
class CalmSlots:
    """The slots of the schedule in the calm before the trigger.

    Attributes:
        issued: those for which a writer was free.
        not_issued: those for which none was.
    """

    issued: int
    not_issued: int

    @property
    def share(self) -> float:
        """Return which part of them was not issued; 0 without any."""
        slots = self.issued + self.not_issued
        return self.not_issued / slots if slots else 0.0


def calm_slots(all_series: Iterable[Series], skips: Iterable[Skip], course: Course) -> CalmSlots:
    """Return the slots of the calm; none without a trigger, because it has no known end then."""
    if course.trigger is None or not course.rate:
        return CalmSlots(0, 0)
    start, end = to_nanoseconds(course.start), to_nanoseconds(course.trigger)
    issued = sum(
        bisect_left(series.intended, end) - bisect_left(series.intended, start)
        for series in all_series
    )
    return CalmSlots(issued, sum(_within(skip, course.start, course.trigger) for skip in skips))


def _within(skip: Skip, start: float, end: float) -> int:
    """Return how many of evenly spaced slots lie from *start* to before *end*."""
    if skip.count == 1 or skip.last <= skip.first:
        return skip.count if start <= skip.first < end else 0
    step = (skip.last - skip.first) / (skip.count - 1)
    before = (
        min(max(0, math.ceil((edge - skip.first) / step)), skip.count) for edge in (start, end)
    )
    first, stop = before
    return max(0, stop - first)


def why_overloaded(slots: CalmSlots, course: Course, *, writers: Sequence[Series]) -> str:
    """Return why the load was not the one that was asked for; empty if it was."""
    if slots.share <= course.calm_not_issued:
        return ""
    return (
        f"{slots.not_issued} of {slots.issued + slots.not_issued} slots before the trigger found no free"
        f" writer ({slots.share:.0%}, of {course.calm_not_issued:.0%} allowed): this machine or the"
        f" application does not carry {course.rate:g} writes per second with {len(writers)} writers;"
        " lower the rate, or take more writers"
    )
