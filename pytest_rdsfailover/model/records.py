"""The words of a trial as frozen records: attempt, outcome, window, milestone.

Times are seconds on the monotonic clock (`clock.MonotonicClock`) unless a name says otherwise.
"""

import enum
from dataclasses import dataclass


class Outcome(enum.IntEnum):
    """What a writer may believe about one write."""

    ACKED = 0  # the server confirmed the commit
    REFUSED = 1  # the server said no, or was never reached: nothing was stored
    UNKNOWN = 2  # the connection died before the answer came


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an attempt failed, as the client saw it.

    Attributes:
        code: the MySQL error number, client or server side (2013, 1290 ...); 0 if there is none.
        kind: the family in one word: `refused` (nobody listens), `reset` (connection cut),
            `timeout` (silence), `read-only`, `dns`, `server` (another error of the server) or
            `client` (an exception that is no database error).
    """

    code: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One write with a key of its own.

    Attributes:
        writer: number of the writer, from 0.
        sequence: number of the write within its writer, from 0.
        intended: when the schedule wanted it sent; latency counts from here.
        started: when it was sent.
        finished: when the answer, or the error, had arrived.
        outcome: what the writer may believe about it.
        fault: why it failed; None if it was acknowledged.
        instance: the instance that the connection had reached; None if unknown.
    """

    writer: int
    sequence: int
    intended: float
    started: float
    finished: float
    outcome: Outcome
    fault: Fault | None = None
    instance: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """An interval of time, from *start* up to *stop*."""

    start: float
    stop: float

    @property
    def seconds(self) -> float:
        """Return its length."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """Something the cluster did, seen where it was done.

    Attributes:
        name: what happened: `trigger`, `writer_cut`, `fenced`, `promoted`, `dns_flip` ...
        at: when it had happened.
        planned: when the profile wanted it; None if it was not planned.
        instance: the instance it happened to, or that an endpoint now points at.
    """

    name: str
    at: float
    planned: float | None = None
    instance: str | None = None
