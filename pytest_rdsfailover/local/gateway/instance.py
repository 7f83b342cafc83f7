"""One instance of the cluster as the gateway knows it: its state, and what follows from it."""

import enum
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pytest_rdsfailover.local.gateway.aurora import TopologyRow
from pytest_rdsfailover.local.gateway.commits import Commits
from pytest_rdsfailover.local.gateway.volume import Volume


class State(enum.Enum):
    """What an instance does with connections."""

    UP = "up"
    REFUSING = "refusing"
    SILENT = "silent"
    WAITING = "waiting"  # lets them wait for the end of a restart that keeps the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How small an instance is, as one of Serverless v2 may be when it is promoted.

    Attributes:
        small: by how many seconds each command takes longer at first.
        growth: after how many seconds the instance has grown.
        since: when it began to, in monotonic seconds.
    """

    small: float
    growth: float
    since: float

    def slowness(self, now: float) -> float:
        """Return by how many seconds a command takes longer now: less and less until it has grown."""
        left = 1 - (now - self.since) / self.growth if self.growth else 0.0
        return max(0.0, self.small * left)


LARGE = Size(small=0.0, growth=0.0, since=0.0)


@dataclass(slots=True, kw_only=True, eq=False)
class Instance:
    """One instance of the cluster.

    Attributes:
        id: its name.
        writer: it takes writes.
        state: what it does with connections.
        sessions: how many it has.
        read_only_error: what it answers to writes as a reader, 1290 or 1836.
        down_since: when it was cut off, in monotonic seconds; None while it is up.
        was_writer: it took writes when it was cut off.
        commits: counts its commits.
        most: how many connections it has room for; None for any number.
        size: how much longer commands take on it than on one that is large enough.
        volume: where it stores rows.
        members: returns all instances of its cluster, as the topology table has them now.
        writable: tells whether an instance of its cluster takes writes now.
    """

    id: str
    writer: bool = False
    state: State = State.UP
    sessions: int = 0
    read_only_error: int = 1290
    down_since: float | None = None
    was_writer: bool = False
    commits: Commits = field(default_factory=Commits)
    most: int | None = None
    size: Size = LARGE
    volume: Volume = field(default_factory=Volume)
    members: Callable[[], Sequence[TopologyRow]] = tuple
    writable: Callable[[], bool] = bool

    def slowness(self) -> float:
        """Return by how many seconds a command takes longer than on an instance that is large enough."""
        return self.size.slowness(time.monotonic()) if self.size is not LARGE else 0.0

    def has_room(self, others: int = 0) -> bool:
        """Tell whether it takes one more connection.

        Args:
            others: how many it has beside those of its own clients.
        """
        return self.most is None or self.sessions + others < self.most
