"""What was played: a script, and when each of its steps had happened."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A milestone in nanoseconds of the monotonic clock.

    Attributes:
        name: what happened.
        at: when it had.
        planned: when it should; None for what follows from something else.
        instance: to which instance.
    """

    name: str
    at: int
    planned: int | None
    instance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A script that is being played, or was.

    Attributes:
        name: what who started it calls it.
        started: the nanosecond that its offsets count from.
        target: the instance that it promotes; None if it promotes nobody.
        victim: the instance that it cuts first; None if it cuts none.
        dns_ttl: seconds for which resolvers may remember where the cluster's name leads.
        marks: its milestones so far.
    """

    name: str
    started: int
    target: str | None
    victim: str | None
    dns_ttl: float
    marks: list[Mark]
