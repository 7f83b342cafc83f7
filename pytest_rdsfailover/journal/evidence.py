"""Everything that a trial's verdict follows from, so that it can be judged again at any time."""

from dataclasses import dataclass

from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One trial, unjudged.

    Attributes:
        journal: what every writer did; no writer is at work any more.
        course: what is known apart from that.
        stored: what was read back, its positions in a list; None if nothing was.
    """

    journal: Journal
    course: Course
    stored: Stored | None

    @property
    def zero(self) -> float:
        """Return the time from which a verdict counts: the trigger's, or the start's without one."""
        return self.course.start if self.course.trigger is None else self.course.trigger
