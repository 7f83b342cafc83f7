"""Whether machine and application carry the load that was asked for, before it is disturbed."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.pauses import NEVER, Standstills
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.spans import common


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


def calm_slots(
    all_series: Iterable[Series], course: Course, still: Standstills = NEVER
) -> CalmSlots:
    """Return the slots of the calm; none without a trigger, because it has no known end then.

    What a writer does first may take longer than anything after it: programs start, pools connect.
    So its slots count from the end of its first operation on, if that leaves half of the calm or more.
    What one process of several slept through is no fault of machine or application.
    """
    if course.trigger is None or not course.rate:
        return CalmSlots(0, 0)
    start, end = to_nanoseconds(course.start), to_nanoseconds(course.trigger)
    issued = not_issued = 0
    for series in all_series:
        begin = _ready(series, start, end)
        issued += bisect_left(series.intended, end) - bisect_left(series.intended, begin)
        slept = common([still.apart(series.writer).spans, [(begin, end)]])
        not_issued += series.not_issued(begin, end)
        not_issued -= sum(series.not_issued(first, last) for first, last in slept)
    return CalmSlots(issued, not_issued)


def _ready(series: Series, start: int, end: int) -> int:
    """Return from when on a writer's slots count."""
    first = max(start, series.finished[0]) if len(series) else end
    return first if first <= (start + end) // 2 else start


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
