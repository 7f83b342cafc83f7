"""A failover as a list of steps, and what became of it when it was played."""

from dataclasses import dataclass

from pytest_rdsfailover.model.errors import GatewayError

# What a blue/green switchover consists of, beside cuts.
SWITCHING = ("initiate", "freeze", "switch", "rename", "remove", "complete", "roll_back")
REFUSES = 1290  # what both sides answer to writes during one, and the old side for ever
ACTIONS = ("cut", "promote", "back", "point", "hold", "follow", "guard", *SWITCHING)
HOWS = ("reset", "close", "hang", "keep")
HOLDS = ("accept", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that the gateway does at a given moment.

    Attributes:
        at: seconds after the script's start.
        action: `cut` ends an instance's sessions and refuses new ones, `promote` makes it the
            writer, `back` lets it accept connections again, `point` makes DNS's cluster name
            lead to it; `hold` lets the proxy queue requests, and `follow` lets it go to the
            writer again. Of a blue/green switchover: `initiate` and `complete` only tell clients of
            it, `freeze` lets both sides refuse writes, `switch` makes green the cluster, `rename`
            makes DNS's blue names lead there, `remove` takes the green names from DNS; `roll_back`
            makes both sides what they were, and `guard` ends the script where a guardrail fails.
        instance: the instance it happens to.
        how: for a cut: `reset` or `close` its connections, let them `hang` without a byte, or `keep`
            them, as a restart with zero downtime does. For a hold: `accept` the proxy's new
            clients, or answer them with an `error` (1105). For a guard: for how many seconds a write
            may have been open.
        small: for a promotion: by how many seconds each command takes longer at first, on an
            instance that was small.
        growth: after how many seconds it has grown; until then commands take longer by less and less.
    """

    at: float
    action: str
    instance: str
    how: str | None = None
    small: float = 0.0
    growth: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a step that cannot be played."""
        if self.action not in ACTIONS:
            raise GatewayError(f"no such action: {self.action!r}; there are {', '.join(ACTIONS)}")
        if self.action == "cut" and self.how not in HOWS:
            raise GatewayError(f"a cut is one of {', '.join(HOWS)}, not {self.how!r}")
        if self.action == "hold" and self.how not in HOLDS:
            raise GatewayError(f"a hold is one of {', '.join(HOLDS)}, not {self.how!r}")
        if self.small and not self.growth > 0:
            raise GatewayError("an instance that is small grows for some time")
        if self.action == "guard" and not (self.how or "").isdecimal():
            raise GatewayError(f"a guard needs a number of seconds, not {self.how!r}")
        if not 0 <= self.at < float("inf"):
            raise GatewayError(f"a step cannot happen after {self.at!r} s")


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
