"""When each writer intends each write: evenly spaced, decided beforehand, whatever happens."""

import math
from dataclasses import dataclass, replace
from typing import Self

from pytest_rdsfailover.model.clock import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The slots of one writer among several that share a rate; times in nanoseconds.

    Writer w of N intends its i-th write at `start + (w + i·N) / rate`, so that the writes of all
    are evenly spaced and no two writers fire together.

    Attributes:
        writer: number of the writer, from 0.
        writers: how many writers there are.
        rate: writes per second that all intend together; 0 if there is no schedule, and so no
            slot either.
        start: the first moment of the load.
    """

    writer: int
    writers: int
    rate: float
    start: int = 0

    def starting(self, start: int) -> Self:
        """Return the same slots from another start."""
        return replace(self, start=start)

    @property
    def period(self) -> float:
        """Return the time between two slots."""
        return self.writers * SECOND / self.rate

    def intended(self, slot: int) -> int:
        """Return the moment of a slot."""
        return self.start + int((self.writer + slot * self.writers) * SECOND / self.rate)

    def span(self, first: int, stop: int) -> tuple[int, int, int]:
        """Return the moments of the first and the last of some slots, and how many they are."""
        return self.intended(first), self.intended(stop - 1), stop - first

    def next_slot(self, slot: int, now: int) -> int:
        """Return the slot to use after *slot*: the next one, or the one that *now* lies in.

        Slots that are over by then are skipped and not made up for: a burst after an outage would
        measure the burst.
        """
        return max(slot + 1, math.floor((now - self.intended(0)) / self.period))

    def first_after(self, moment: int, slot: int) -> int:
        """Return the first slot, *slot* or later, that is intended at or after a moment."""
        return max(slot, math.ceil((moment - self.intended(0)) / self.period))
