"""When the load generator stood still itself: what the database did meanwhile is unknown.

Such time lowers the lower end of every figure that rests on it, and raises none.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds
from pytest_rdsfailover.model.spans import common, joined

Span = tuple[int, int]
# The watchdog looks every 5 ms: a pause may have begun so long before the look that was missed.
BEAT = SECOND // 200
# After a pause the writers' threads run one after the other before the last has seen its answer.
AWAKE = SECOND // 200
UNSEEN = 2 * BEAT  # a pause as short as this may not have been noted,
NEAR = SECOND // 10  # and where one was noted so near by, there may be such a one


@dataclass(frozen=True, slots=True)
class Pauses:
    """Spans in which the load generator stood still, in order and apart; nanoseconds.

    Attributes:
        spans: from the earliest moment at which each can have begun until all writers ran again.
    """

    spans: Sequence[Span]

    @classmethod
    def of(cls, pauses: Iterable[tuple[float, float]]) -> "Pauses":
        """Return the pauses that a watchdog noted, in seconds, as wide as they can have been."""
        wide = ((to_nanoseconds(a) - BEAT, to_nanoseconds(b) + AWAKE) for a, b in pauses)
        return cls(joined(wide))

    def touching(self, span: Span) -> Sequence[Span]:
        """Return those that share time with a span."""
        if not self.spans:
            return ()
        first = bisect_left(self.spans, span[0], key=lambda each: each[1])
        return self.spans[first : bisect_right(self.spans, span[1], key=lambda each: each[0])]

    def within(self, span: Span) -> int:
        """Return for how much of a span the load generator stood still."""
        if not self.spans:
            return 0
        return sum(max(0, min(b, span[1]) - max(a, span[0])) for a, b in self.touching(span))

    def most_within(self, span: Span) -> int:
        """Return the same at most: where pauses were noted, one more may have gone unnoticed."""
        if not self.spans:
            return 0
        near = self.touching((span[0] - NEAR, span[1] + NEAR))
        return min(span[1] - span[0], self.within(span) + (UNSEEN if near else 0))

    def at_edges(self, span: Span, reach: int) -> int:
        """Return the same for pauses that come as near as *reach* to an end of the span.

        A pause in the middle hides nothing: an answer that came in it would have been seen at its
        end, and would have ended the span there.
        """
        return sum(
            max(0, min(last, span[1]) - max(first, span[0]))
            for first, last in self.touching(span)
            if first < span[0] + reach or last > span[1] - reach
        )

    def before(self, moment: int) -> int:
        """Return the length of the pause that ended at a moment or that the moment lies in."""
        return sum(moment - first for first, _ in self.touching((moment, moment)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstills:
    """When the load generator stood still: all of it, or some of its processes.

    A process that stands still sees nothing, and those that run go on observing.

    Attributes:
        all: when no process ran, so that nobody observed.
        any: when one of them did not.
        by_process: when each did not; empty if there is one.
    """

    all: Pauses
    any: Pauses
    by_process: Sequence[Pauses] = ()

    @classmethod
    def of(cls, course: Course) -> Self:
        """Return those of a trial."""
        some = Pauses.of(course.pauses)
        if not course.asleep:
            return cls(all=some, any=some)
        apart = [Pauses.of(pauses) for pauses in course.asleep]
        silent = {writer % len(apart) for writer in course.unreported}
        seen = [pauses.spans for number, pauses in enumerate(apart) if number not in silent]
        return cls(all=Pauses(common(seen)), any=some, by_process=apart)

    def of_writer(self, writer: int) -> Pauses:
        """Return when the process of a writer stood still."""
        return self.by_process[self.process_of(writer)] if self.by_process else self.all

    def apart(self, writer: int) -> Pauses:
        """Return the same of one process of several; nothing if there is one."""
        return self.of_writer(writer) if self.by_process else Pauses(())

    def process_of(self, writer: int) -> int:
        """Return which of several processes a writer is in."""
        return writer % len(self.by_process)


NEVER = Standstills(all=Pauses(()), any=Pauses(()))
