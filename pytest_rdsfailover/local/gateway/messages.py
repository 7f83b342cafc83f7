"""What the test process and the gateway tell each other, as records; JSON has their fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_rdsfailover.local.gateway.proxy.stats import Pin, ProxyStats
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.local.gateway.views import PlayView
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.traffic import Traffic

COMMAND = "command"  # which field of a line names what is wanted
Message = Mapping[str, object]  # a line on the control socket: the fields of one record

# Questions ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayScript:
    """Play a script.

    Attributes:
        steps: what happens when.
        read_only_error: what those that it restarts answer to writes, 1290 or 1836.
        name: what `Plays` calls it.
        dns_ttl: seconds for which resolvers may remember where the cluster's name leads.
    """

    steps: Sequence[Step]
    read_only_error: int
    name: str = ""
    dns_ttl: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskMilestones:
    """Tell the milestones of a script: its place among all, None for the latest."""

    play: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPlays:
    """Tell the scripts since the gateway started, from a place among all on."""

    first: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskTraffic:
    """Tell what came to each endpoint; count the statements with a mark from now on."""

    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskEndpoint:
    """Tell something of one endpoint."""

    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Who may log in to the proxy: SecretStrings by user."""

    texts: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSecret:
    """Let another user log in to the proxy, by a SecretString."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSettings:
    """Let the database itself fail so from now on, and in no other way.

    Attributes:
        crowded: how many clients an instance has room for, where that is limited, by its id.
        full: the volume has no room for another row.
        commit_delay: seconds by which each commit is late.
        replica_lag: how old what readers show is at least, in seconds.
    """

    crowded: Mapping[str, int] = field(default_factory=dict)
    full: bool = False
    commit_delay: float = 0.0
    replica_lag: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardWrites:
    """Let readers forward writes of sessions that want it, or none."""

    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowRegions:
    """Tell in which region of a global database each instance is, by id; empty without one."""

    regions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAs:
    """Let the proxy take IAM tokens for these addresses only, and certify these host names."""

    addresses: Sequence[str]
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateBlueGreen:
    """Have a green twin of the cluster, whose names end with this suffix."""

    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceBlueGreen:
    """Tell drivers of the blue/green deployment: the host and port of each endpoint."""

    hosts: Mapping[str, tuple[str, int]]


# Answers, and what comes unasked ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The first line that the gateway prints: where each endpoint listens on 127.0.0.1."""

    ports: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """There is no answer, and why."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It was done, and there is nothing to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """The gateway's process id."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """When a script began, in monotonic seconds."""

    started: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plays:
    """The scripts that were asked for, in order."""

    plays: Sequence[PlayView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    """What has happened in a script so far, in order of time."""

    milestones: Sequence[Milestone]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficByEndpoint:
    """What came to each endpoint so far."""

    endpoints: Mapping[str, Traffic]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyState:
    """The figures of one proxy endpoint, and the sessions that were pinned, in order of time."""

    stats: ProxyStats
    pins: Sequence[Pin]
