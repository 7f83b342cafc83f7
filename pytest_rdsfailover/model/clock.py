"""Time as an argument: the real monotonic clock, its units, and waiting for a condition."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from pytest_rdsfailover.model.errors import CancelledWorkError

SECOND = 1_000_000_000  # nanoseconds


def to_seconds(nanoseconds: float) -> float:
    """Return nanoseconds, as journals count them, in seconds, as everybody else does."""
    return nanoseconds / SECOND


def to_nanoseconds(seconds: float) -> int:
    """Return seconds as journals count them."""
    return round(seconds * SECOND)


class Clock(Protocol):
    """Measures time and waits. Tests pass a clock whose time passes only when somebody sleeps."""

    def now(self) -> float:
        """Return seconds on a monotonic scale."""

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass; none if the number is not positive."""


class MonotonicClock:
    """The machine's monotonic clock, which all processes on a Linux machine share."""

    def now(self) -> float:
        """Return the seconds of `time.monotonic`."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep in this thread."""
        if seconds > 0:
            time.sleep(seconds)


class StoppableClock(MonotonicClock):
    """The monotonic clock, but another thread can wake those who sleep by it: they give up then.

    Args:
        what: what is given up, for the error.
    """

    def __init__(self, what: str) -> None:
        self._what, self._stopped = what, threading.Event()

    def sleep(self, seconds: float) -> None:
        """Sleep in this thread.

        Raises:
            CancelledWorkError: if the clock was stopped.
        """
        if self._stopped.wait(max(0.0, seconds)):
            raise CancelledWorkError(self._what)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let nobody sleep within the block."""
        self._stopped.set()
        try:
            yield
        finally:
            self._stopped.clear()


def session_clock() -> float:
    """Return the seconds since the machine was started, those in which it slept included.

    Nobody can set it back. All processes of a machine share it. Where the system does not count
    sleep, it is left out.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def wait_until(
    condition: Callable[[], bool], *, timeout: float, clock: Clock, every: float = 0.01
) -> bool:
    """Ask *condition* every *every* seconds; return whether it came true within *timeout*."""
    deadline = clock.now() + timeout
    while not condition():
        if clock.now() >= deadline:
            return False
        clock.sleep(every)
    return True
