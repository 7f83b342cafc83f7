"""The words of a trial as frozen records: attempt, outcome, window, milestone.

Times are seconds on the monotonic clock (`clock.MonotonicClock`) unless a name says otherwise.
"""

import enum
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict


class Outcome(enum.IntEnum):
    """What a writer may believe about one write.

    Attributes:
        ACKED: the server confirmed the commit.
        REFUSED: the server said no, or was never reached: nothing was stored.
        UNKNOWN: the connection died before the answer came.
    """

    ACKED = 0
    REFUSED = 1
    UNKNOWN = 2


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
class Write:
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
    """An interval of time.

    Attributes:
        start: when it begins.
        stop: when it is over.
    """

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
        instance: the instance it happened to, or that an endpoint now points at; for an event of
            AWS, the text of the event.
        uncertainty: by how many seconds *at* may be off, because another machine's clock tells it;
            0 for what this machine has seen.
    """

    name: str
    at: float
    planned: float | None = None
    instance: str | None = None
    uncertainty: float = 0.0


class PinDocument(TypedDict):
    """A session of the proxy that kept its database connection, as documents and journals say it."""

    session: int
    reason: str
    statement: str


class LoadDocument(TypedDict):
    """Under which conditions a trial was taken, beside those that its document has.

    Attributes:
        rate: writes per second that the load intended.
        writers: how many there were.
        profile: a hash of what its failover profile says, where that is known.
    """

    rate: float
    writers: int
    profile: NotRequired[str]


class Environment(TypedDict):
    """What figures depend on; travels with them.

    Attributes:
        mode: `local` or `live`.
        parts: what the cluster is made of, for people: name to what it is.
        versions: what was tested with what: name to version.
        worker: of pytest-xdist; empty without.
        load: what the trial's load intended, and what its profile says.
    """

    mode: Literal["local", "live"]
    parts: dict[str, str]
    versions: dict[str, str]
    worker: str
    load: NotRequired[LoadDocument]
