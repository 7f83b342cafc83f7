"""How two clocks stand to each other: by round trips to one that both can ask, as NTP does.

The reference is the database's `UTC_TIMESTAMP(6)`. It was read after a question was sent and before
its answer came, so that each round trip bounds the difference from both sides, whatever the way
there and back took. Nanoseconds throughout.
"""

import calendar
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.mysql import driver

TICK = 1000  # of the reference, which counts microseconds and leaves out the rest
ROUND_TRIPS = 20
DRIFT = 500e-6  # by which a clock may run fast or slow: NTP steers no faster
PATIENT = Bounds(connect=2.0, read=5.0, write=5.0)
Ask = Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """What to add to a clock's time to have that of another clock: an interval.

    Attributes:
        lower: its lower end.
        upper: its upper end.
    """

    lower: int
    upper: int

    @property
    def middle(self) -> int:
        """Return the figure to use."""
        return (self.lower + self.upper) // 2

    @property
    def error(self) -> int:
        """Return by how much it may be off."""
        return -((self.lower - self.upper) // 2)

    def hull(self, other: Self) -> "Offset":
        """Return what holds whenever one of two does."""
        return Offset(lower=min(self.lower, other.lower), upper=max(self.upper, other.upper))

    def aged(self, elapsed: int) -> "Offset":
        """Return what holds after a time in which nobody has compared the clocks."""
        drift = round(abs(elapsed) * DRIFT)
        return Offset(lower=self.lower - drift, upper=self.upper + drift)

    def until_now(self, align: Callable[[], "Offset"], *, since: int) -> "Offset":
        """Return what holds over a whole load: this, which held before it, and what holds now.

        Args:
            align: compares the clocks now; the database need not be back for it.
            since: when nobody compared them any more, by this machine's clock.
        """
        try:
            return self.hull(align())
        except Exception:  # noqa: BLE001 - any driver's
            return self.aged(time.monotonic_ns() - since)

    def to(self, other: Self) -> "Offset":
        """Return what leads to another clock, whose offset to the same reference is known."""
        return Offset(lower=self.lower - other.upper, upper=self.upper - other.lower)


def measured(ask: Ask, clock: Ask = time.monotonic_ns, times: int = ROUND_TRIPS) -> Offset:
    """Return the offset of a clock to the reference.

    Args:
        ask: returns the reference's time.
        clock: returns the clock's own.
        times: how often to ask.
    """
    return agreed([_round_trip(ask, clock) for _ in range(times)])


def agreed(offsets: Sequence[Offset]) -> Offset:
    """Return what all measurements allow; all that any allows, if a clock was set meanwhile."""
    lowers, uppers = [offset.lower for offset in offsets], [offset.upper for offset in offsets]
    if max(lowers) <= min(uppers):
        return Offset(lower=max(lowers), upper=min(uppers))
    return Offset(lower=min(lowers), upper=max(uppers))


def _round_trip(ask: Ask, clock: Ask) -> Offset:
    sent = clock()
    said = ask()
    answered = clock()
    return Offset(lower=said - answered, upper=said + TICK - sent)


@contextmanager
def reference(endpoint: Endpoint) -> Iterator[Ask]:
    """Give what asks a database for its time, on a connection of its own.

    Raises:
        pymysql.err.MySQLError: if there is no connection.
    """
    connection = driver.connect(endpoint, bounds=PATIENT)
    try:
        with connection.cursor() as cursor:
            yield lambda: _now(cursor)
    finally:
        driver.close(connection)


def _now(cursor: Any) -> int:
    cursor.execute("SELECT UTC_TIMESTAMP(6)")
    said: datetime = cursor.fetchone()[0]
    return calendar.timegm(said.timetuple()) * SECOND + said.microsecond * TICK


def aligned(endpoint: Endpoint) -> Offset:
    """Return the offset of this machine's monotonic clock to a database's time.

    Raises:
        pymysql.err.MySQLError: if the database cannot be asked.
    """
    with reference(endpoint) as ask:
        return measured(ask)
