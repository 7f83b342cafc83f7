"""Counts an instance's commits, and how long they took. No I/O."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Commits:
    """The commits of one instance since the gateway started.

    Attributes:
        count: how many there were.
        duration: nanoseconds from the statements that committed to their answers, together.
        clock: tells the time in nanoseconds.
    """

    count: int = 0
    duration: int = 0
    clock: Callable[[], int] = time.monotonic_ns

    def add(self, since: int) -> None:
        """Count one, whose statement began at a time of the clock."""
        self.count += 1
        self.duration += self.clock() - since
