"""A trial's evidence in nanoseconds, ready to be judged."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.outages import MISSED_SLOTS, acknowledgements
from pytest_rdsfailover.analysis.pauses import Standstills
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.complaints import who_hangs
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was seen of a trial; times in nanoseconds of the monotonic clock.

    Attributes:
        series: what each writer did.
        start: when observation began.
        stop: when it ended.
        trigger: when the failover was triggered; the start if none was.
        triggered: whether one was.
        settled: when the cluster had settled; None if it had not.
        rate: writes per second that all writers intend together; 0 without a schedule.
        still: when the load generator stood still itself.
        acks: acknowledgements in order, with both edges of the run.
        hanging: the numbers of the writers that hang in the user's code.
    """

    series: Sequence[Series]
    start: int
    stop: int
    trigger: int
    triggered: bool
    settled: int | None
    rate: float
    still: Standstills
    acks: list[int]
    hanging: frozenset[int]

    @classmethod
    def of(cls, series: Sequence[Series], course: Course) -> "Observed":
        """Return what a course and its writers' columns say."""
        start = to_nanoseconds(course.start)
        # A fault of the project's own may be said to come later than the end of observation.
        stop = max(start, to_nanoseconds(course.stop))
        asked = None if course.trigger is None else to_nanoseconds(course.trigger)
        return cls(
            series=series,
            start=start,
            stop=stop,
            trigger=start if asked is None else min(stop, asked),
            triggered=asked is not None,
            settled=None if course.settled is None else to_nanoseconds(course.settled),
            rate=course.rate,
            still=Standstills.of(course),
            acks=acknowledgements(series, start=start, stop=stop),
            hanging=who_hangs(course.complaints),
        )

    @property
    def calm(self) -> Sequence[int]:
        """Return the acknowledgements before the trigger; all of them if there was none."""
        inner = len(self.acks) - 1
        return (
            self.acks[1 : bisect_right(self.acks, self.trigger, 1, inner)]
            if self.triggered
            else self.acks[1:inner]
        )

    @property
    def patience(self) -> int:
        """Return two slots of a writer, for which it may be silent and not stuck; 0 if unknown."""
        return MISSED_SLOTS * round(len(self.series) * SECOND / self.rate) if self.rate else 0
